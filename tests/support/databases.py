"""Databases of the tests' own, and what is in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from tests.support.keeping import keeper
from tests.support.servers import Server

Connection = psycopg.Connection[tuple[Any, ...]]

NUMBERS = count(1)


@contextmanager
def database(
    server: Server,
    name: str = "",
    *,
    owner: str = "owner",
    template: str = "template1",
    options: str = "",
    also: Callable[[], list[str]] = list,
) -> Iterator[str]:
    """Create a database; drop it at the end, whoever is connected, unless it is to be kept.

    Args:
        server: Where.
        name: Any name; by default one that no other has.
        owner: The role that it belongs to.
        template: What it is a copy of.
        options: More words of CREATE DATABASE.
        also: Names of databases that were made of it meanwhile, to be dropped with it.

    Yields:
        Its name.

    """
    name = name or f"test_{next(NUMBERS)}"
    names = [sql.Identifier(each) for each in (name, owner, template)]
    create = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY FILE_COPY {}")
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
    with server.connect() as connection:

        def remove() -> None:
            for each in (name, *also()):
                connection.execute(drop.format(sql.Identifier(each)))

        connection.execute(create.format(*names, sql.SQL(options)))
        with keeper.using(server.host, server.dsn(name, server.user), remove):
            yield name


def superuser(server: Server, database: str) -> str:
    """Return the conninfo by which a test looks at a database, whatever is set for its owner."""
    return server.dsn(name_of(database), server.user)


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
