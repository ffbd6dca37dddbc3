"""Small migration sets, and the command line run on them, in this process or in one of its own."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from migrator.cli.main import main
from tests.support.servers import NEWEST, ROOT, clean_environment

# For what does not depend on the server's version.
newest = pytest.mark.parametrize("pg", [NEWEST], indirect=True)


class MigrationSet:
    """A directory `migrations` with `seeds` and `sql` beside it, filled by the test.

    Args:
        root: Where to make it.

    """

    def __init__(self, root: Path) -> None:
        self.migrations = root / "migrations"
        self.seeds = root / "seeds"
        self.sql = root / "sql"
        self.migrations.mkdir(parents=True)

    def add(self, name: str, apply: str | bytes, rollback: str | bytes = "SELECT 1;\n") -> Path:
        """Write a pair; return the file that applies it."""
        self.write(f"migrations/{name}.rollback.sql", rollback)
        return self.write(f"migrations/{name}.sql", apply)

    def table(self, number: int, name: str) -> Path:
        """Write a pair that creates an empty table."""
        return self.add(
            f"{number:04}.{name}.create",
            f"CREATE TABLE {name} (id int);\n",
            f"DROP TABLE {name};\n",
        )

    def seed(self, name: str, text: str) -> Path:
        """Write a seed."""
        return self.write(f"seeds/{name}.sql", text)

    def write(self, name: str, text: str | bytes) -> Path:
        """Write any file of the set, byte by byte."""
        path = self.migrations.parent / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def remove(self, name: str) -> None:
        """Remove a pair."""
        (self.migrations / f"{name}.sql").unlink()
        (self.migrations / f"{name}.rollback.sql").unlink()


def three_tables(root: Path) -> MigrationSet:
    """Return a set of three tables, a, b and c, and a seed of two rows for a."""
    made = MigrationSet(root)
    for number, name in enumerate("abc", 1):
        made.table(number, name)
    made.seed("01.a", MERGE_TWO_ROWS)
    return made


THREE = ["0001.a.create", "0002.b.create", "0003.c.create"]
MERGE_TWO_ROWS = """\
MERGE INTO a USING (VALUES (1), (2)) AS v (id) ON a.id = v.id
WHEN NOT MATCHED THEN INSERT VALUES (v.id);
"""


class Answer(NamedTuple):
    """What a run of the command line gave."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on standard output."""
        document: dict[str, Any] = json.loads(self.out)
        return document


def call(made: MigrationSet | None, database: str | None, *arguments: str | Path) -> Answer:
    """Run the command line in this process: the same as `runner`, and 0.3 s faster."""
    argv = sys.argv
    handlers = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    sys.argv = ["runner.py", *_arguments(made, database, arguments)]
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = main(ROOT, sys.argv[1:])
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        sys.argv = argv
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return Answer(code, _text(out), _text(err))


def launch(
    made: MigrationSet, database: str | None, *arguments: str | Path
) -> subprocess.Popen[str]:
    """Start the command line in a process of its own, to be waited for, interrupted or killed."""
    return subprocess.Popen(
        [sys.executable, ROOT / "runner.py", *_arguments(made, database, arguments)],
        cwd=ROOT,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str]) -> Answer:
    """Wait for a process that `launch` started."""
    out, err = process.communicate(timeout=30)
    return Answer(process.returncode, out, err)


def said(process: subprocess.Popen[str], words: str) -> str:
    """Wait until a process says something on standard error; return that line."""
    assert process.stderr is not None
    patience = threading.Timer(15, process.kill)
    patience.start()
    try:
        while words not in (line := process.stderr.readline()):
            assert line, f"it did not say: {words}"
        return line
    finally:
        patience.cancel()


def rows(database: str, query: str) -> list[tuple[Any, ...]]:
    """Return what a query gives, on a connection of its own."""
    with psycopg.connect(database, autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


def run(database: str, *statements: str) -> None:
    """Run statements, each by itself and committed."""
    with psycopg.connect(database, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def tables(database: str) -> list[str]:
    """Return the names of the tables in schema public."""
    query = (
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    return sorted(name for (name,) in rows(database, query))


def applied(database: str) -> list[str]:
    """Return yoyo's marks, in the order in which they were made."""
    query = "SELECT migration_id FROM yoyo._yoyo_migration ORDER BY applied_at_utc, migration_id"
    return [name for (name,) in rows(database, query)]


def name_of(database: str) -> str:
    """Return the name of a conninfo's database."""
    return str(conninfo_to_dict(database)["dbname"])


def sleeping(database: str) -> list[int]:
    """Return the pids of sessions that are inside pg_sleep()."""
    return _sessions(database, "wait_event = 'PgSleep'")


def active(database: str, query: str) -> list[int]:
    """Return the pids of sessions whose query is like that."""
    return _sessions(database, f"query LIKE '{query}'")


def _sessions(database: str, condition: str) -> list[int]:
    find = f"FROM pg_stat_activity WHERE datname = current_database() AND {condition}"
    # Not this question: asked a moment ago, its session may be there yet.
    return [pid for (pid,) in rows(database, f"SELECT pid {find} AND query NOT LIKE 'SELECT pid%'")]


@contextmanager
def locked(database: str, table: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """Hold a lock on a table, as a long transaction does."""
    with psycopg.connect(database) as connection:
        connection.execute(f"LOCK TABLE {table} IN ACCESS SHARE MODE")
        yield connection


def command_lines(session: int) -> list[str]:
    """Return the arguments of a session's processes, as any user of the machine may read them."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if os.getsid(int(path.parent.name)) == session:
                found.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return [each for each in found if each]  # one that has ended, and nobody waited for, has none


def until(condition: Callable[[], object], seconds: float = 15) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{condition} did not come to hold"
        time.sleep(0.02)


def _arguments(
    made: MigrationSet | None, database: str | None, arguments: tuple[str | Path, ...]
) -> list[str]:
    named = ["--database", database] if database is not None else []
    directory = ["--migrations", made.migrations] if made is not None else []
    return [str(each) for each in (*named, *directory, *arguments)]


def _text(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()
