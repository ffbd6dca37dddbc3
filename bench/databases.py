"""The databases that the workload is measured on, each made by the project's own files."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg
from psycopg import sql

from bench import generated
from bench.queries import SQL
from bench.servers import Server

ROOT = Path(__file__).resolve().parent.parent
BEFORE_INDEXES = "0023"  # the last migration before those of the secondary indexes
VIEW = "0034.views.unfinished_tasks"  # which queries ask, with indexes and without
BYTES_A_TASK = 9_000  # of all databases together: what a run needs on its disk

# The files that decide what a database holds.
_MIGRATIONS = sorted((ROOT / "migrations").glob("*.sql"))
_TABLES = [
    *(path for path in _MIGRATIONS if path.name[: len(BEFORE_INDEXES)] <= BEFORE_INDEXES),
    ROOT / "migrations" / f"{VIEW}.sql",
    *sorted((ROOT / "seeds").glob("*.sql")),
    *generated.files(),
]
_EVERYTHING = [*_TABLES, *_MIGRATIONS]
_PLAIN = [*_TABLES, SQL / "plain_design.sql"]


def say(text: str) -> None:
    """Tell how far it is."""
    print(text, file=sys.stderr, flush=True)


class Databases:
    """The databases of a run, each made when it is first asked for, and dropped at the end.

    Args:
        server: Where.
        keep: Leave them there, and use again what an earlier run with the same files left.

    """

    def __init__(self, server: Server, *, keep: bool) -> None:
        self._server = server
        self._keep = keep
        self._made_here: list[str] = []

    def __enter__(self) -> Databases:
        """Make nothing yet."""
        return self

    def __exit__(self, *error: object) -> None:
        """Drop the databases, unless they are kept."""
        while self._made_here and not self._keep:
            self._server.drop(self._made_here.pop())

    def keys(self, tasks: int, *, random_ids: bool = False) -> str:
        """Return a filled database with keys and references, and no other index."""

        def make(name: str) -> None:
            with self._server.connect(name) as connection:
                connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
            conninfo = self._server.conninfo(name)
            _runner(conninfo, "migrate")
            _runner(conninfo, "rollback", "--to", BEFORE_INDEXES, "--yes")
            with psycopg.connect(conninfo, autocommit=True) as connection:
                connection.execute((ROOT / "migrations" / f"{VIEW}.sql").read_bytes())
                generated.fill(connection, tasks, random_ids=random_ids)

        name = f"bench_{'random' if random_ids else 'keys'}_{tasks}"
        return self._find_or_make(name, _TABLES, make)

    def ours(self, tasks: int) -> str:
        """Return a filled database with all migrations."""

        def make(name: str) -> None:
            conninfo = self._server.conninfo(name)
            with psycopg.connect(conninfo, autocommit=True) as connection:
                connection.execute((ROOT / "migrations" / f"{VIEW}.rollback.sql").read_bytes())
            _runner(conninfo, "migrate")

        return self._find_or_make(f"bench_ours_{tasks}", _EVERYTHING, make, self.keys(tasks))

    def plain(self, tasks: int) -> str:
        """Return a filled database of the plain design, with keys in no order."""

        def make(name: str) -> None:
            with psycopg.connect(self._server.conninfo(name), autocommit=True) as connection:
                connection.execute((SQL / "plain_design.sql").read_bytes())

        random = self.keys(tasks, random_ids=True)
        return self._find_or_make(f"bench_plain_{tasks}", _PLAIN, make, random)

    def spoil(self, name: str) -> None:
        """Say that a database is about to change: no later run may use it."""
        self._set_label(name, None)

    def _find_or_make(
        self,
        name: str,
        files: Sequence[Path],
        make: Callable[[str], None],
        copy_of: str | None = None,
    ) -> str:
        label = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
        if self._label(name) == label:
            return name
        self._server.drop(name)
        self._made_here.append(name)
        started = time.perf_counter()
        self._server.create(name, copy_of)
        make(name)
        with self._server.connect(name) as connection:
            connection.execute("VACUUM (ANALYZE)")
        self._server.settle()
        self._set_label(name, label)
        say(f"made {name} in {time.perf_counter() - started:.0f} s")
        return name

    def _label(self, name: str) -> str | None:
        """Return a digest of the files that made a database; None if that is not known."""
        with self._server.connect() as connection:
            text = (SQL / "label.sql").read_bytes()
            row = connection.execute(text, {"name": name}).fetchone()
        return row and row[0]

    def _set_label(self, name: str, label: str | None) -> None:
        words = sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), label)
        with self._server.connect() as connection:
            connection.execute(words)


def _runner(conninfo: str, *arguments: str) -> None:
    """Run runner.py on a database: as a process, since it takes signals for itself."""
    argv = [sys.executable, str(ROOT / "runner.py"), "--database", conninfo, *arguments]
    done = subprocess.run(argv, check=False, capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        sys.exit(f"{' '.join(arguments)} failed on {conninfo}:\n{done.stderr}")
