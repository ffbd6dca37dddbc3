"""Databases as a whole: who may make them, how one is made like another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql as words
from psycopg.rows import dict_row

from migrator.core.errors import Refused
from migrator.core.session import NoConnection, open_connection
from migrator.core.target import Target
from migrator.sql import sql

Connection = psycopg.Connection[Any]
_LONGEST_NAME = 63  # bytes
_MAINTENANCE = ("postgres", "template1")
_PLAIN = ("CREATE DATABASE ", " TEMPLATE template0 ENCODING 'UTF8'")
_SAME_SERVER = "SELECT pg_postmaster_start_time(), current_setting('port')"


@dataclass(frozen=True, slots=True)
class Administrator:
    """What a role may do with databases, on the target's server.

    Args:
        target: A database that is neither the target nor made or renamed here.
        is_superuser: Whether it may do all.
        may_create: Whether it may make databases.
        owns_database: Whether it may rename the target.
        data_directory: Where the server keeps its data; None where the role may not know.

    """

    target: Target
    is_superuser: bool
    may_create: bool
    owns_database: bool
    data_directory: str | None


def administrator(target: Target, database: str, given: Target | None) -> Administrator | None:
    """Find a maintenance database on the target's server, and what may be done from there.

    Args:
        target: The target.
        database: Its database's name.
        given: The role and database to use, where the user named some.

    Returns:
        None where there is no connection.

    Raises:
        Refused: What the user named cannot be connected to, or is another server.

    """
    with open_connection(target) as connection:
        server = connection.execute(_SAME_SERVER).fetchone()
    candidates = [target.beside(each) for each in _MAINTENANCE if each != database]
    if given is not None:
        candidates = [given]
    for candidate in candidates:
        try:
            with open_connection(candidate) as connection:
                query = sql("backup/administrator")
                row = connection.execute(query, {"database": database}).fetchone()
                if connection.execute(_SAME_SERVER).fetchone() != server:
                    raise Refused(
                        "--admin names another server than the target's.",
                        hint="Name a database of the same server, such as postgres.",
                    )
        except NoConnection:
            if given is not None:
                raise
            continue
        if row is not None:
            return Administrator(candidate, *row)
    return None


def refuse_name(server: Target, database: str) -> None:
    """Refuse a name that no new database can have.

    Raises:
        Refused: It is empty or too long, or a database has it already.

    """
    why = ""
    if not database:
        why = "A database needs a name."
    elif len(database.encode()) > _LONGEST_NAME:
        why = f"{database} is {len(database.encode())} bytes long; PostgreSQL cuts names to 63."
    elif exists(server, database):
        why = f"There is a database {database} already."
    if why:
        raise Refused(why, hint="Give --into a name of up to 63 bytes that no database has.")


def exists(server: Target, database: str) -> bool:
    """Say whether a server has a database of this name."""
    with open_connection(server) as connection:
        query = "SELECT FROM pg_database WHERE datname = %s"
        return connection.execute(query, (database,)).fetchone() is not None


def shortened(database: str, suffix: str) -> str:
    """Return a name made of a database's and a suffix, not longer than PostgreSQL allows."""
    room = _LONGEST_NAME - len(suffix.encode())
    return database.encode()[:room].decode("utf-8", "ignore") + suffix


def create(
    server: Target, name: str, like: Mapping[str, Any] | None, *, has_public: bool = True
) -> Target:
    """Create an empty database, and return it.

    Args:
        server: Another database of the server, by the role that creates.
        name: The new one's.
        like: The properties of the database that it is made like; None for the server's defaults.
        has_public: Whether it has schema public.

    """
    with open_connection(server) as connection:
        connection.execute(_statement(like["creation"] if like else _PLAIN, name))
    made = server.beside(name)
    if not has_public:
        with open_connection(made) as connection:
            connection.execute("DROP SCHEMA public")
    return made


def properties(connection: Connection) -> dict[str, Any]:
    """Return the statements that make a database like this one; see properties.sql."""
    cursor = connection.cursor(row_factory=dict_row)
    return dict(cursor.execute(sql("backup/properties").encode()).fetchone() or {})


def dress(
    connection: Connection,
    name: str,
    properties: Mapping[str, Any],
    *,
    called: str,
    is_copy: bool = False,
) -> list[str]:
    """Give a database the comment, settings, grants and limit of another one.

    Once it is filled: a setting may stand in the way of that.

    Args:
        connection: To another database of the server.
        name: The database's.
        properties: What the other one is: see properties.sql.
        called: The name that it is to have, or that the other one has.
        is_copy: Whether it is for trying, and dropped soon: it is no template, and has no limit.

    Returns:
        The statements that this role may not run, as they can be pasted, and why not.

    """
    left = []
    for each in [*properties["dress"], *([] if is_copy else properties["limits"])]:
        try:
            connection.execute(_statement(each, name))
        except (psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedObject) as error:
            statement = _statement(each, called).as_string(connection)
            left.append(f"{statement}; -- {error.diag.message_primary}")
    return left


def _statement(parts: Sequence[str], name: str) -> words.Composed:
    """Return a statement of properties.sql about a database of this name."""
    head, tail = parts
    return words.SQL(head) + words.Identifier(name) + words.SQL(tail)


def renaming_to(name: str, to: str) -> words.Composed:
    """Return the statement that gives a database another name."""
    return words.SQL("ALTER DATABASE {} RENAME TO {}").format(
        words.Identifier(name), words.Identifier(to)
    )
