"""Databases with the roles of sql/roles/."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql

from tests.support.databases import Connection, name_of
from tests.support.servers import ROOT, Server, clean_environment

SCRIPTS = ROOT / "sql" / "roles"


@dataclass(frozen=True)
class Site:
    """A database with the roles.

    Args:
        server: Where it is.
        database: Its conninfo, for its owner.
        prefix: How the names of its roles begin.

    """

    server: Server
    database: str
    prefix: str

    def psql(self, *scripts: str, user: str = "owner", warns: bool = False) -> str:
        """Run scripts of sql/roles/ and return what they print; on stderr nothing, or a warning."""
        done = subprocess.run(
            [
                *(self.server.bin_dir / "psql", "-X", "-q", "-A", "-t", "-v"),
                f"prefix={self.prefix}",
                *(f"--file={SCRIPTS / script}.sql" for script in scripts),
                self.server.dsn(name_of(self.database), user),
            ],
            env=clean_environment(),
            capture_output=True,
            text=True,
            check=True,
        )
        assert bool(done.stderr) == warns, done.stderr
        return done.stdout

    @contextmanager
    def session(self, role: str) -> Iterator[Connection]:
        """Yield a session of somebody who acts as a role; what it does is rolled back."""
        dsn = self.server.dsn(name_of(self.database), self.server.user)
        with psycopg.connect(dsn, prepare_threshold=None) as connection:
            act_as(connection, self.prefix + role)
            yield connection
            connection.rollback()


def act_as(connection: Connection, role: str) -> None:
    connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
