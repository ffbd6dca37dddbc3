"""The servers that measurements run on: their own, or one that is given."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.support.servers import SETTINGS, installations, throwaway

# PostgreSQL's own defaults, where the tests' servers have other values.
PRODUCTION = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "autovacuum": "on",
    "max_wal_size": "1GB",
    "shared_buffers": "128MB",
    "jit": "on",
}


class Server(NamedTuple):
    """Where databases are made, by an administrator, and whose they are: libpq's parameters."""

    administrator: Mapping[str, str]
    owner: Mapping[str, str]

    def connect(self, dbname: str | None = None) -> psycopg.Connection[Any]:
        """Return the administrator's connection, in autocommit mode."""
        parameters = dict(self.administrator) | ({"dbname": dbname} if dbname else {})
        return psycopg.connect(make_conninfo(**parameters), autocommit=True)

    def conninfo(self, dbname: str) -> str:
        """Return the owner's way to a database."""
        return make_conninfo(**(dict(self.owner) | {"dbname": dbname}))

    def create(self, name: str, copy_of: str | None = None) -> None:
        """Create a database of the owner's, empty or as a copy."""
        identifiers = map(sql.Identifier, (name, self.owner["user"], copy_of or "template1"))
        strategy = sql.SQL("file_copy" if copy_of else "wal_log")
        words = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY {}")
        with self.connect() as connection:
            connection.execute(words.format(*identifiers, strategy))

    def drop(self, name: str) -> None:
        """Drop a database if it is there, whoever is connected."""
        words = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        with self.connect() as connection:
            connection.execute(words.format(sql.Identifier(name)))

    @contextmanager
    def database(self, name: str) -> Iterator[str]:
        """Create an empty database; drop it at the end."""
        self.create(name)
        try:
            yield name
        finally:
            self.drop(name)

    def settle(self) -> None:
        """Write to disk what earlier work left to write, so that no run pays for another's."""
        with self.connect() as connection:
            connection.execute("CHECKPOINT")

    def facts(self, names: Sequence[str]) -> dict[str, str]:
        """Return the settings that decide the figures."""
        with self.connect() as connection:
            return {name: only(connection, f"SHOW {name}") for name in names}


def only(connection: psycopg.Connection[Any], query: str) -> Any:
    """Return the first value of a query's answer."""
    row = connection.execute(query.encode()).fetchone()
    return row and row[0]


@contextmanager
def server(wanted: str, settings: Mapping[str, str]) -> Iterator[Server]:
    """Use the server of a URL as it is, or run one of a major version until the end.

    Args:
        wanted: A URL, whose role may create databases, or a version.
        settings: Of the server that is run, beside those of the tests' servers.

    """
    if not wanted.isdigit():
        given = {key: str(value) for key, value in conninfo_to_dict(wanted).items() if value}
        with psycopg.connect(wanted) as connection:
            given["user"] = connection.info.user
        yield Server(given, given)
        return
    found = installations()
    if int(wanted) not in found:
        sys.exit(f"no PostgreSQL {wanted} here, only {', '.join(map(str, found)) or 'none'}")
    with throwaway(found[int(wanted)], {**SETTINGS, **settings}, tempfile.gettempdir()) as running:
        place = {"host": running.host, "port": str(running.port)}
        administrator = place | {"user": running.user, "dbname": running.maintenance_dbname}
        yield Server(administrator, place | {"user": "owner"})
