"""What a review does not run, since it would change something beyond its scratch databases.

A server that is thrown away afterwards may be changed, but nothing beyond it. On a server that the
user named, only the scratch databases are the review's. What a block does to roles is known by its
locks: the file is rolled back before it could be committed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import psycopg

from migrator.core import reach
from migrator.core.files import SqlFile
from migrator.core.reach import Depth
from migrator.core.session import open_connection
from migrator.core.target import Target
from migrator.review.measure import Failure
from migrator.sql import sql

_BODIES = "SELECT proname, prosrc FROM pg_proc WHERE prolang NOT IN (12, 13)"  # C, internal


class ReachesBeyond(psycopg.Error):
    """A statement that reaches beyond the scratch databases."""


def first_beyond(source: SqlFile, calls: Collection[str], *, is_own: bool) -> Failure | None:
    """Return the first statement of a file that must not be run, as a failure; None if all may.

    Args:
        source: The file.
        calls: The names of routines that reach beyond the server.
        is_own: Whether the server is thrown away afterwards.

    """
    depth = Depth.STATEMENTS if source.transactional else Depth.BLOCKS
    found = reach.first_beyond(source, server=not is_own, depth=depth, calls=calls)
    if found is None:
        return None
    return Failure(found.line, _beyond(f"{found.words} was not run", is_own=is_own))


def routines_of(database: Target) -> set[str]:
    """Return the names of the routines of a database that reach beyond the server."""
    with open_connection(database) as connection:
        found = connection.execute(_BODIES).fetchall()
    return {name for name, body in found if reach.reaches(body)}


def guard(*, is_own: bool) -> Callable[[psycopg.Connection[Any]], None]:
    """Return what is called before a file is committed; it raises `ReachesBeyond` if need be."""

    def check(connection: psycopg.Connection[Any]) -> None:
        changed = [] if is_own else connection.execute(sql("review/shared").encode()).fetchall()
        if changed:
            names = ", ".join(name for (name,) in changed)
            what = (
                f"the file changes roles or databases of the server ({names}) and was rolled back"
            )
            raise _beyond(what, is_own=is_own)

    return check


def _beyond(what: str, *, is_own: bool) -> ReachesBeyond:
    how = "it reaches beyond the server"
    if not is_own:
        how = "it reaches beyond the scratch database; without --scratch, it is run"
    return ReachesBeyond(f"{what}: {how}")
