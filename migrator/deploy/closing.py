"""A closed database: renamed away, so that nobody comes in by its name; found by that name."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import psycopg

from migrator.backup import databases, renaming
from migrator.backup.databases import Administrator
from migrator.core import lock
from migrator.core.runner import Runner
from migrator.core.session import NoAnswer, NoConnection, open_connection
from migrator.core.target import Target
from migrator.deploy import records
from migrator.sql import sql

_SUFFIX = "_closed_by_deploy"
_LONGEST_NAME = 63


class ClosedDatabase(NoConnection):
    """A closed deploy has the database."""

    why = "closed by a deploy"


def closed_name(database: str) -> str:
    """Return the name that a database has while it is closed: its own, and what says so."""
    name = database + _SUFFIX
    if len(name.encode()) <= _LONGEST_NAME:
        return name
    digest = hashlib.sha256(database.encode()).hexdigest()[:8]
    return databases.shortened(database, f"_{digest}{_SUFFIX}")


def renamed(
    runner: Runner, admin: Administrator, renames: Sequence[tuple[str, str]]
) -> tuple[Runner, int]:
    """Give the runner's database another name; whoever else is in it is ended.

    Args:
        runner: By a session in the first database; it is closed.
        admin: Who may rename it.
        renames: Of each database its name and its new one.

    Returns:
        A runner in the database that has the last of the new names, which holds the lock; and how
        many sessions were ended.

    Raises:
        Failed: See renaming.rename. The runner's session may be closed then.

    """
    ended = renaming.rename(admin, renames, runner.session.connection)
    again = runner.at(runner.target.beside(renames[-1][1]))
    lock.take(again.session, again.limits.lock_wait_s, again.say)
    return again, ended


def staying(runner: Runner, admin: Administrator) -> list[tuple[int, str]]:
    """Return the sessions of the target that the role may not end: of each its pid, and words."""
    with open_connection(admin.target) as connection:
        named = {"database": runner.session.facts.database}
        return connection.execute(sql("deploy/staying"), named).fetchall()


def hint(target: Target, error: NoConnection) -> NoConnection:
    """Say of a database that cannot be connected to that a closed deploy has it, if one has.

    Args:
        target: What could not be connected to.
        error: What came of that.

    """
    found = find(target, error)
    if found is None:
        return error
    try:
        with open_connection(found[1]) as connection:
            row = connection.execute(sql("deploy/under_way").encode()).fetchone()
    except NoConnection:  # it was opened this moment
        return error
    except psycopg.errors.InsufficientPrivilege:
        row = ("this role may not read its history",)
    return ClosedDatabase(
        f'Cannot connect to {target.shown}: a deploy has closed the database "{found[0]}": '
        f"{row[0] if row else 'it is not in the history'}.",
        state=f"Its database is called {found[1].parameters['dbname']} meanwhile.",
        hint=f"Wait, if it is at work. {records.end_it()}",
    )


def find(target: Target, error: NoConnection) -> tuple[str, Target] | None:
    """Return the name of a target that is closed, and its closed database; None if it is not."""
    if isinstance(error, NoAnswer):
        return None  # asking again would take as long again
    names = re.findall(r'"([^"]+)"', error.message)
    known = target.parameters.get("dbname") or target.variables.get("PGDATABASE")
    for name in dict.fromkeys([*([known] if known else []), *reversed(names)]):
        closed = target.beside(closed_name(name))
        try:
            with open_connection(closed) as connection:
                if records.are_kept(connection):
                    return name, closed
        except NoConnection:
            continue
    return None
