"""What a file in batches takes: beside a bare loop, and of those who read and write meanwhile."""

from __future__ import annotations

import argparse
import multiprocessing
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from psycopg.conninfo import make_conninfo

from bench.databases import ROOT, say
from bench.servers import PRODUCTION, Server, only, server

_NAME, _TABLE = "batched", "0001.tasks.create"
_RATE, _SLOWER = 0.9, 1.2  # what is aimed at
_THINKS_S = 0.005
_TURNS = 2  # of each
_ROUND = 4  # turns, after which neither has always been the first
_FIRST = 5000  # rows of the first batch
_TWENTIETHS = 20  # of which the last is over p95
_CREATE = """\
CREATE TABLE tasks (
    id bigint PRIMARY KEY, status text, region text, payload text, seen int NOT NULL DEFAULT 0
);
"""
_FILL = """
INSERT INTO tasks (id, status, payload)
SELECT n, 'pending', repeat(md5(n::text), 5) FROM generate_series(1, {rows}) AS n
"""
_STATEMENT = """\
WITH batch AS (
    SELECT t.id FROM tasks AS t WHERE t.id > current_setting('migrator.batch_after')::bigint
    ORDER BY t.id LIMIT current_setting('migrator.batch_rows')::integer FOR UPDATE
), changed AS (
    UPDATE tasks AS t SET region = '{region}' FROM batch AS b WHERE t.id = b.id
)
SELECT b.id AS batch_after, count(*) OVER () AS batch_rows
FROM batch AS b ORDER BY b.id DESC LIMIT 1;
"""
_SETTINGS = """\
SELECT set_config('migrator.batch_rows', %s, TRUE), set_config('migrator.batch_after', %s, TRUE)
"""
_WORK = {
    "reader": "SELECT status, payload FROM tasks WHERE id BETWEEN %(id)s AND %(id)s + 20",
    "writer": "UPDATE tasks SET seen = seen + 1 WHERE id = %(id)s",
}


class Place(NamedTuple):
    """Where it is measured."""

    running: Server
    connection: psycopg.Connection[Any]
    migrations: Path
    rows: int

    @property
    def conninfo(self) -> str:
        """The database."""
        return make_conninfo(**{**self.running.administrator, "dbname": _NAME})

    def settle(self) -> None:
        """Clean up after earlier work, so that no run pays for another's.

        The table keeps its length: a pass that makes it longer writes less than one that fills
        free pages, whose images a checkpoint makes it write, too.
        """
        self.connection.execute("VACUUM (TRUNCATE FALSE) tasks")
        self.running.settle()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; print a table; exit 1 if a figure is not as it should be."""
    parser = argparse.ArgumentParser(prog="python -m bench.batches", description=__doc__)
    parser.add_argument("--server", default="18", help="a major version, or a URL; default: 18")
    parser.add_argument("--rows", type=int, default=2_000_000, help="default: 2000000")
    parser.add_argument("--part", action="append", choices=("rate", "beside"), help="default: both")
    given = parser.parse_args(arguments)
    with (
        server(given.server, PRODUCTION) as running,
        tempfile.TemporaryDirectory() as directory,
        running.database(_NAME),
        running.connect(_NAME) as connection,
    ):
        here = Place(running, connection, Path(directory, "migrations"), given.rows)
        _fill(here)
        missed = [each for part in given.part or _PARTS for each in _PARTS[part](here)]
    for each in missed:
        print(f"MISSED: {each}")
    return 1 if missed else 0


def _fill(here: Place) -> None:
    here.migrations.mkdir()
    _write(here.migrations, _TABLE, _CREATE)
    _migrate(here.conninfo, here.migrations)
    say(f"filling it with {here.rows:,} rows")
    here.connection.execute(_FILL.format(rows=here.rows).encode())
    here.connection.execute("ANALYZE tasks")
    here.settle()


def _rate(here: Place) -> list[str]:
    """Measure the rows a second, in turns with a bare loop; return what is not as it should be."""
    _bare(here.conninfo, _FIRST, "none")  # it makes the table longer, which later passes do not
    here.settle()
    taken = {"runner": 0.0, "bare loop": 0.0}
    size = _FIRST
    for turn in range(1, 2 * _TURNS + 1):
        if turn % _ROUND in (1, 0):  # runner, bare loop, bare loop, runner
            header = f"-- batch: {_FIRST} after=0 pause=0ms\n"
            name = f"{turn + 1:04}.tasks.fill"
            _write(here.migrations, name, header + _STATEMENT.format(region=f"run {turn}"))
            took, size = _watched(here)
            taken["runner"] += took
        else:
            taken["bare loop"] += _bare(here.conninfo, size, f"not {turn}")
        here.settle()
    rates = {who: here.rows * _TURNS / seconds for who, seconds in taken.items()}
    share = rates["runner"] / rates["bare loop"]
    for who, rate in rates.items():
        print(f"{who:10} {rate:12,.0f} rows/s", flush=True)
    print(f"runner to bare loop {share:.2f}, as many batches, of {size:,} rows", flush=True)
    return [f"{share:.2f} of the bare loop's rows a second"] * (share < _RATE)


def _beside(here: Place) -> list[str]:
    """Measure who reads and writes, alone and beside it; return what is not as it should be."""
    missed = []
    alone = _latencies(here, lambda: time.sleep(min(20.0, here.rows / 10_000)))
    header = f"-- batch: {_FIRST} after=0\n"
    _write(here.migrations, "0099.tasks.fill", header + _STATEMENT.format(region="two"))
    beside = _latencies(here, lambda: _migrate(here.conninfo, here.migrations))
    for who, before in alone.items():
        slower = beside[who] / before
        then = f"{beside[who]:.2f} ms beside: {slower:.2f}"
        print(f"{who}     p95 {before:.2f} ms alone, {then}", flush=True)
        missed += [f"{who}: {slower:.2f}"] * (slower > _SLOWER)
    return missed


_PARTS: dict[str, Callable[[Place], list[str]]] = {"rate": _rate, "beside": _beside}


def _write(migrations: Path, name: str, text: str) -> None:
    (migrations / f"{name}.sql").write_text(text)
    (migrations / f"{name}.rollback.sql").write_text("SELECT;\n")


def _migrate(conninfo: str, migrations: Path) -> None:
    argv = [sys.executable, str(ROOT / "runner.py"), "--database", conninfo]
    argv += ["--migrations", str(migrations), "migrate", "--beside-others"]
    subprocess.run(argv, check=True, capture_output=True)  # noqa: S603  no shell


def _watched(here: Place) -> tuple[float, int]:
    """Run the pending file; return how many seconds it took, and the mean size of its batches."""
    batches = 1
    started = time.monotonic()
    process = multiprocessing.Process(target=_migrate, args=(here.conninfo, here.migrations))
    process.start()
    while process.is_alive():
        process.join(0.2)
        seen = only(here.connection, "SELECT max(batches) FROM yoyo.batch_progress")
        batches = max(batches, seen or 0)
    return time.monotonic() - started, round(here.rows / batches)


def _bare(conninfo: str, size: int, region: str) -> float:
    """Do the same in a loop; return how many seconds it took."""
    started = time.monotonic()
    statement = _STATEMENT.format(region=region).encode()
    with psycopg.connect(conninfo) as connection:
        after = "0"
        while True:
            connection.execute(_SETTINGS, (str(size), after))
            row = connection.execute(statement).fetchone()
            connection.commit()
            if row is None:
                return time.monotonic() - started
            after = str(row[0])


def _latencies(here: Place, work: Callable[[], None]) -> dict[str, float]:
    """Return the p95 of a reader and of a writer while something is done, in milliseconds."""
    with _at_work(here.conninfo, here.rows) as queues:
        work()
    return {
        who: statistics.quantiles(queue.get(), n=_TWENTIETHS)[-1] for who, queue in queues.items()
    }


@contextmanager
def _at_work(conninfo: str, rows: int) -> Iterator[dict[str, Any]]:
    ended = multiprocessing.Event()
    queues: dict[str, Any] = {who: multiprocessing.Queue() for who in _WORK}
    each = [
        multiprocessing.Process(target=_work, args=(conninfo, rows, _WORK[who], ended, queue))
        for who, queue in queues.items()
    ]
    for process in each:
        process.start()
    try:
        yield queues
    finally:
        ended.set()


def _work(conninfo: str, rows: int, query: str, ended: Event, queue: Any) -> None:
    took_ms: list[float] = []
    with psycopg.connect(conninfo, autocommit=True) as connection:
        while not ended.is_set() or len(took_ms) < _TWENTIETHS:
            parameters = {"id": random.randint(1, rows)}  # noqa: S311
            started = time.perf_counter()
            connection.execute(query.encode(), parameters)
            took_ms.append((time.perf_counter() - started) * 1000)
            time.sleep(_THINKS_S)
    queue.put(took_ms)


if __name__ == "__main__":
    sys.exit(main())
