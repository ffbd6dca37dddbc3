"""What a deploy takes on a large database that is worked on, and whether anything is lost.

Three deploys: an open one that succeeds, and one that fails and is undone by its pair, both with an
application writing; and a closed one that fails with no way back and is restored.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import psycopg
from psycopg.conninfo import make_conninfo

from bench import generated
from bench.databases import BEFORE_INDEXES, ROOT, say
from bench.servers import PRODUCTION, Server, only, server
from migrator.backup import programs

_NAME = "deployed"
_PROBE_S = 0.02
_PAUSE_S = 0.002  # between two rows that the application writes
_NO_WAY_BACK = "DO $$ BEGIN RAISE EXCEPTION 'there is no way back'; END $$;"
_FILES = {
    "applied": [
        ("ALTER TABLE tasks ADD COLUMN first int;", "ALTER TABLE tasks DROP COLUMN first;"),
    ],
    "undone": [
        ("ALTER TABLE tasks ADD COLUMN second int;", "ALTER TABLE tasks DROP COLUMN second;"),
        ("SELECT 1 / 0;", "SELECT 1;"),
    ],
    "restored": [
        ("DELETE FROM generated_content;", _NO_WAY_BACK),
        ("SELECT 1 / 0;", "SELECT 1;"),
    ],
}


class _Meanwhile:
    """Does something again and again, in a thread, until the block is left.

    Args:
        conninfo: The database.

    """

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        raise NotImplementedError


class Application(_Meanwhile):
    """Writes rows one by one, each committed, and counts them."""

    written = 0
    longest_s = 0.0

    def _run(self) -> None:
        with psycopg.connect(self._conninfo, autocommit=True) as connection:
            while not self._ended.wait(_PAUSE_S):
                started = time.monotonic()
                connection.execute("INSERT INTO written VALUES (%s)", [self.written])
                self.longest_s = max(self.longest_s, time.monotonic() - started)
                self.written += 1


class Prober(_Meanwhile):
    """Connects again and again; knows how long nobody could."""

    closed_s = 0.0

    def _run(self) -> None:
        last = time.monotonic()
        while not self._ended.wait(_PROBE_S):
            with suppress(psycopg.OperationalError):
                psycopg.connect(self._conninfo).close()
                now = time.monotonic()
                self.closed_s = max(self.closed_s, now - last)
                last = now


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; print a table for each server, row by row; exit 1 if anything was lost."""
    parser = argparse.ArgumentParser(prog="python -m bench.deploy", description=__doc__)
    parser.add_argument(
        "--server", nargs="+", default=["18"], help="major versions, or URLs; default: 18"
    )
    parser.add_argument("--tasks", type=int, default=350_000, help="default: 350000")
    given = parser.parse_args(arguments)
    lost: list[str] = []
    for each in given.server:
        with (
            server(each, PRODUCTION) as running,
            tempfile.TemporaryDirectory() as directory,
            _made(running, given.tasks) as conninfo,
        ):
            lost += _measure(running, conninfo, Path(directory))
    for what in lost:
        print(f"LOST: {what}")
    return 1 if lost else 0


@contextmanager
def _made(running: Server, tasks: int) -> Iterator[str]:
    """Make the database of the project's own set, with rows; drop it and what came of it."""
    conninfo = make_conninfo(**{**running.administrator, "dbname": _NAME})
    with running.database(_NAME), running.connect() as connection:
        _runner(conninfo, ROOT / "migrations", "migrate")
        say(f"filling it with {tasks:,} tasks")
        _runner(conninfo, ROOT / "migrations", "rollback", "--to", BEFORE_INDEXES, "--yes")
        with running.connect(_NAME) as filling:
            generated.fill(filling, tasks)
        _runner(conninfo, ROOT / "migrations", "migrate")
        with running.connect(_NAME) as filling:
            filling.execute("CREATE TABLE written (id int)")
            filling.execute("VACUUM (ANALYZE)")
        try:
            yield conninfo
        finally:
            query = "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
            for (name,) in connection.execute(query, [f"{_NAME}_"]).fetchall():
                running.drop(name)


def _measure(running: Server, conninfo: str, directory: Path) -> list[str]:
    with running.connect(_NAME) as connection:
        size = only(connection, "SELECT pg_database_size(current_database())")
        version = connection.info.server_version
    _print(
        f"\nPostgreSQL {version // 10000}.{version % 10000}, a database of {size / 1e9:.2f} GB\n"
    )
    _print("| what | seconds | against |\n|---|---|---|")
    migrations = _set_of(directory)
    floor = _floors(running, conninfo, programs.programs(version // 10000), migrations)
    lost: list[str] = []
    for outcome in _FILES:
        with Prober(conninfo) as prober:
            if outcome == "restored":
                before = _sum(running)
                code = _deploy(conninfo, migrations, outcome, floor)
                told = ""
                if _sum(running) != before:
                    lost.append("the restored database is not the one before")
            else:
                with Application(conninfo) as application:
                    code = _deploy(conninfo, migrations, outcome, floor)
                told = f"an application's longest write {application.longest_s:.2f} s"
                with running.connect(_NAME) as connection:
                    found = only(connection, "SELECT count(*) FROM written")
                    connection.execute("TRUNCATE written")
                if found < application.written:
                    lost.append(f"{application.written - found} rows of the application")
        if (code == 0) != (outcome == "applied"):
            lost.append(f"the deploy that was to be {outcome} ended with {code}")
        _row(f"{outcome}: nobody could connect for", prober.closed_s, told)
    return lost


def _print(text: str) -> None:
    print(text, flush=True)


def _row(what: str, seconds: float, against: str = "") -> None:
    _print(f"| {what} | {seconds:.1f} | {against} |")


def _set_of(directory: Path) -> Path:
    """Copy the project's own set, for the files that are deployed beside it."""
    migrations = directory / "set" / "migrations"
    shutil.copytree(ROOT / "migrations", migrations)
    shutil.copytree(ROOT / "seeds", directory / "set" / "seeds")
    return migrations


def _floors(
    running: Server, conninfo: str, tools: programs.Programs, migrations: Path
) -> dict[str, float]:
    """Time the programs that do most of the work by themselves, as a script would run them."""
    dump = migrations.parent / "floor.dump"
    times = {}
    times["pg_dump"] = _timed(
        lambda: _program(tools.dump, "--format=custom", f"--file={dump}", f"--dbname={conninfo}")
    )
    _row("`pg_dump` by itself", times["pg_dump"])
    written = _write(migrations, "applied")
    with running.database(f"{_NAME}_floor") as name:
        into = make_conninfo(**{**running.administrator, "dbname": name})
        times["pg_restore"] = _timed(
            lambda: _program(tools.restore, "--jobs=2", f"--dbname={into}", str(dump))
        )
        _row("`pg_restore --jobs=2` by itself", times["pg_restore"])
        migrate = _timed(lambda: _runner(into, migrations, "migrate").check_returncode())
        times["pg_restore and migrate"] = times["pg_restore"] + migrate
        _row("`pg_restore` and `migrate`", times["pg_restore and migrate"])
    for path in (dump, *written):
        path.unlink()
    return times


_FLOORS = {"backup": "pg_dump", "rehearsal": "pg_restore and migrate", "restore": "pg_restore"}


def _ratio(step: dict[str, Any], floor: dict[str, float]) -> str:
    """Compare a step with the programs that do most of its work."""
    name = _FLOORS.get(step["step"])
    return f"{step['seconds'] / floor[name]:.2f} of {name}" if name else ""


def _write(migrations: Path, outcome: str) -> list[Path]:
    """Write the files of one deploy beside the project's own."""
    written = []
    for number, (apply, rollback) in enumerate(_FILES[outcome]):
        base = f"9{[*_FILES].index(outcome)}{number:02}.tasks.measured"
        header = "-- purpose: measured\n-- locks: none\n-- reversible: yes\n"
        for suffix, text in ((".sql", header + apply), (".rollback.sql", rollback)):
            written.append(migrations / (base + suffix))
            written[-1].write_text(f"{text}\n")
    return written


def _deploy(conninfo: str, migrations: Path, outcome: str, floor: dict[str, float]) -> int:
    """Deploy a few more files than the project has; take them away where that fails.

    Args:
        conninfo: The database.
        migrations: The set.
        outcome: A key of `_FILES`; how the deploy is to end.
        floor: What `_floors` measured.

    Returns:
        The deploy's exit code. Each step is printed when it ends.

    """
    written = _write(migrations, outcome)
    argv = [
        *_argv(conninfo, migrations, "deploy", "--yes"),
        "--rehearse" if outcome == "applied" else "--no-rehearse",
        f"--backup-dir={migrations.parent / 'backups'}",
        *(["--closed"] if outcome == "restored" else []),
    ]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as running:  # noqa: S603  the arguments are this program's own
        assert running.stdout is not None  # noqa: S101  it is a pipe
        for line in running.stdout:
            step = json.loads(line)
            if step.get("event") == "end" and "seconds" in step and step["outcome"] != "skipped":
                _row(f"{outcome}: {step['step']}", step["seconds"], _ratio(step, floor))
    if running.returncode:
        for path in written:
            path.unlink()
    return running.returncode


def _sum(running: Server) -> Any:
    with running.connect(_NAME) as connection:
        return only(
            connection,
            "SELECT (count(*), sum(hashtextextended(t::text, 0)))::text"
            " FROM generated_content AS t",
        )


def _timed(work: Callable[[], None]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


def _program(*argv: str | Path) -> None:
    subprocess.run(argv, check=True, capture_output=True)  # noqa: S603  the arguments are this program's own


def _argv(conninfo: str, migrations: Path, *arguments: str) -> list[str]:
    runner = [sys.executable, str(ROOT / "runner.py"), "--database", conninfo]
    return [*runner, "--migrations", str(migrations), "--json", *arguments]


def _runner(conninfo: str, migrations: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  the arguments are this program's own
        _argv(conninfo, migrations, *arguments), check=False, capture_output=True, text=True
    )


if __name__ == "__main__":
    sys.exit(main())
