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
from collections.abc import Iterator, Sequence
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
_PARTS = 20  # of which the last is over p95
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


class Figures(NamedTuple):
    """What was measured: rows a second, and of reader and writer how much slower p95 was."""

    bare: float
    runner: float
    slower: dict[str, float]

    @property
    def missed(self) -> list[str]:
        """What is not as it should be."""
        rate = self.runner / self.bare
        told = [f"{rate:.2f} of the bare loop's rows a second"] * (rate < _RATE)
        return told + [f"{who}: {by:.2f}" for who, by in self.slower.items() if by > _SLOWER]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; print a table; exit 1 if a figure is not as it should be."""
    parser = argparse.ArgumentParser(prog="python -m bench.batches", description=__doc__)
    parser.add_argument("--server", default="18", help="a major version, or a URL; default: 18")
    parser.add_argument("--rows", type=int, default=2_000_000, help="default: 2000000")
    given = parser.parse_args(arguments)
    with (
        server(given.server, PRODUCTION) as running,
        tempfile.TemporaryDirectory() as directory,
        running.database(_NAME),
    ):
        figures = _measure(running, Path(directory), given.rows)
    for each in figures.missed:
        print(f"MISSED: {each}")
    return 1 if figures.missed else 0


def _measure(running: Server, directory: Path, rows: int) -> Figures:
    conninfo = make_conninfo(**{**running.administrator, "dbname": _NAME})
    migrations = directory / "migrations"
    migrations.mkdir()
    _write(migrations, _TABLE, _CREATE)
    _migrate(conninfo, migrations)
    say(f"filling it with {rows:,} rows")
    with running.connect(_NAME) as connection:
        connection.execute(_FILL.format(rows=rows).encode())
        connection.execute("VACUUM (ANALYZE) tasks")
        running.settle()
        header = "-- batch: 5000 after=0 pause=0ms\n"
        _write(migrations, "0002.tasks.fill", header + _STATEMENT.format(region="one"))
        taken, size = _watched(connection, conninfo, migrations)
        runner = rows / taken
        print(f"runner     {runner:12,.0f} rows/s, batches of {size:,} rows")
        _settle(running, connection)
        bare = rows / _bare(conninfo, size)
        print(f"bare loop  {bare:12,.0f} rows/s, the same batches: runner {runner / bare:.2f}")
        _settle(running, connection)
        alone = _latencies(conninfo, rows, lambda: time.sleep(min(20.0, rows / 10_000)))
        _settle(running, connection)
        header = "-- batch: 5000 after=0\n"
        _write(migrations, "0003.tasks.fill", header + _STATEMENT.format(region="two"))
        beside = _latencies(conninfo, rows, lambda: _migrate(conninfo, migrations))
    slower = {}
    for who, before in alone.items():
        slower[who] = beside[who] / before
        then = f"{beside[who]:.2f} ms beside: {slower[who]:.2f}"
        print(f"{who}     p95 {before:.2f} ms alone, {then}")
    return Figures(bare, runner, slower)


def _settle(running: Server, connection: psycopg.Connection[Any]) -> None:
    connection.execute("VACUUM tasks")
    running.settle()


def _write(migrations: Path, name: str, text: str) -> None:
    (migrations / f"{name}.sql").write_text(text)
    (migrations / f"{name}.rollback.sql").write_text("SELECT;\n")


def _migrate(conninfo: str, migrations: Path) -> None:
    argv = [sys.executable, str(ROOT / "runner.py"), "--database", conninfo]
    argv += ["--migrations", str(migrations), "migrate", "--beside-others"]
    subprocess.run(argv, check=True, capture_output=True)  # noqa: S603  no shell


def _watched(
    connection: psycopg.Connection[Any], conninfo: str, migrations: Path
) -> tuple[float, int]:
    """Run the pending file; return how many seconds it took, and the usual size of its batches."""
    sizes = []
    started = time.monotonic()
    process = multiprocessing.Process(target=_migrate, args=(conninfo, migrations))
    process.start()
    while process.is_alive():
        process.join(0.2)
        sizes.append(only(connection, "SELECT max(batch_rows) FROM yoyo.batch_progress"))
    taken = time.monotonic() - started
    return taken, round(statistics.median([each for each in sizes if each] or [5000]))


def _bare(conninfo: str, size: int) -> float:
    """Do the same in a loop; return how many seconds it took."""
    started = time.monotonic()
    statement = _STATEMENT.format(region="bare").encode()
    with psycopg.connect(conninfo) as connection:
        after = "0"
        while True:
            connection.execute(_SETTINGS, (str(size), after))
            row = connection.execute(statement).fetchone()
            connection.commit()
            if row is None:
                return time.monotonic() - started
            after = str(row[0])


def _latencies(conninfo: str, rows: int, work: Any) -> dict[str, float]:
    """Return the p95 of a reader and of a writer while something is done, in milliseconds."""
    with _at_work(conninfo, rows) as queues:
        work()
    return {who: statistics.quantiles(queue.get(), n=_PARTS)[-1] for who, queue in queues.items()}


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
        while not ended.is_set() or len(took_ms) < _PARTS:
            parameters = {"id": random.randint(1, rows)}  # noqa: S311
            started = time.perf_counter()
            connection.execute(query.encode(), parameters)
            took_ms.append((time.perf_counter() - started) * 1000)
            time.sleep(_THINKS_S)
    queue.put(took_ms)


if __name__ == "__main__":
    sys.exit(main())
