"""What takes a database over, run in this process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest

from migrator.core.errors import Refused
from migrator.core.project import Project
from migrator.core.runner import Runner
from migrator.core.session import Limits
from migrator.core.target import Target
from migrator.takeover.adopt import Adopted, adopt
from migrator.takeover.baseline import baseline
from tests.support.databases import applied, rows, run
from tests.support.servers import ROOT, Server
from tests.support.sets import MigrationSet

# adopt in a process of its own: its set, its database and the scratch databases' server.
_ADOPT = """
import sys
from contextlib import nullcontext
from pathlib import Path
from migrator.core.project import Project
from migrator.core.runner import Runner
from migrator.core.session import Limits
from migrator.core.target import Target
from migrator.takeover.adopt import adopt
project = Project.at(Path(sys.argv[1]), None)
work = Runner(project, Target.parse(sys.argv[2], "test"), Limits(lock_timeout_ms=0), print)
adopt(work, None, None, lambda: nullcontext(sys.argv[3]))
"""


class Takeover:
    """Takes a database over, with scratch databases on its own server.

    The command line would start the embedded server for them.
    """

    def __init__(self, pg: Server, made: MigrationSet, database: str) -> None:
        self.pg, self.made, self.database = pg, made, database

    def work(self, run: Callable[..., Any], *arguments: Any, **limits: Any) -> Any:
        """Run one of the package's functions on the database."""
        work = Runner(
            Project.at(self.made.migrations, None),
            Target.parse(self.database, "test"),
            Limits(**{"lock_wait_s": 0, **limits}),
            lambda _: None,
        )
        with work.session.connection:
            return run(work, *arguments, lambda: nullcontext(self.pg.dsn("postgres", self.pg.user)))

    def baseline(self, name: str, **limits: Any) -> list[str]:
        """Run baseline; return what was marked."""
        return [each.id for each in self.work(baseline, name, **limits)]

    def adopt(self, name: str | None = None, tool: str | None = None, **limits: Any) -> list[str]:
        """Run adopt; return what was marked."""
        done: Adopted = self.work(adopt, name, tool, **limits)
        return [each.id for each in done.migrations]

    def launch_adopt(self) -> subprocess.Popen[str]:
        """Start adopt in a process of its own, which waits for locks without limit."""
        server = self.pg.dsn("postgres", self.pg.user)
        return subprocess.Popen(
            [sys.executable, "-c", _ADOPT, self.made.migrations, self.database, server],
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )

    def refused(self, run: Callable[..., Any], *arguments: Any) -> str:
        """Return message and hint of a refusal that left nothing behind."""
        before = self.tables()
        with pytest.raises(Refused) as raised:
            run(*arguments)
        assert self.tables() == before
        assert self.scratch_databases() == []
        return f"{raised.value.message}\n{raised.value.hint}"

    def tables(self) -> list[tuple[Any, ...]]:
        """Return every table of the database, and what is marked."""
        found = rows(
            self.database,
            "SELECT schemaname, tablename FROM pg_tables"
            " WHERE schemaname !~ '^(pg_|inf)' ORDER BY 1, 2",
        )
        is_ours = ("yoyo", "_yoyo_migration") in found
        return [*found, *((each,) for each in (applied(self.database) if is_ours else ()))]

    def scratch_databases(self) -> list[tuple[Any, ...]]:
        """Return what was left on the server."""
        query = "SELECT datname FROM pg_database WHERE datname LIKE 'baseline%'"
        return rows(self.pg.dsn("postgres", self.pg.user), query)


@pytest.fixture
def here(pg: Server, made: MigrationSet, empty_database: str) -> Takeover:
    """A database that has two of the three tables."""
    run(empty_database, "CREATE TABLE a (id int)", "CREATE TABLE b (id int)")
    return Takeover(pg, made, empty_database)
