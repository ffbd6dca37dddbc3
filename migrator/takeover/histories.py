"""Reads the histories of other tools: which of their migrations a database has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

from migrator.core.errors import Refused
from migrator.core.predecessors import Predecessor

_YOYO_VERSION = 2  # of its tables, since yoyo 6.0

# Each returns what an Entry has. The histories that are not here do not name files.
_QUERIES = {
    "Alembic": "SELECT version_num, TRUE, TRUE FROM {}",
    "Atlas": "SELECT version, applied = total, FALSE FROM {} WHERE version NOT LIKE '.%'",
    "dbmate": "SELECT version, TRUE, FALSE FROM {}",
    "diesel": "SELECT version, TRUE, FALSE FROM {}",
    "Ecto": "SELECT version::text, TRUE, FALSE FROM {}",
    "Flyway": "SELECT version, success, type LIKE '%BASELINE' FROM ("
    " SELECT DISTINCT ON (version) * FROM {} ORDER BY version, installed_rank DESC"
    ") AS latest WHERE version IS NOT NULL AND type NOT LIKE 'UNDO%' AND type <> 'DELETE'",
    "golang-migrate": "SELECT version::text, NOT dirty, TRUE FROM {}",
    "goose": "SELECT version_id::text, TRUE, FALSE FROM ("
    " SELECT DISTINCT ON (version_id) * FROM {} ORDER BY version_id, id DESC"
    ") AS latest WHERE is_applied AND version_id > 0",
    "graphile-migrate": "SELECT filename, TRUE, FALSE FROM {}",
    "node-pg-migrate": "SELECT name, TRUE, FALSE FROM {}",
    "Prisma": "SELECT migration_name, finished_at IS NOT NULL, FALSE FROM {}"
    " WHERE rolled_back_at IS NULL",
    "Rails": "SELECT version, TRUE, FALSE FROM {}",
    "refinery": "SELECT version::text, TRUE, FALSE FROM {}",
    "sql-migrate": "SELECT id, TRUE, FALSE FROM {}",
    "sqlx": "SELECT version::text, success, FALSE FROM {}",
    "tern": "SELECT version::text, TRUE, TRUE FROM {} WHERE version > 0",
    "yoyo": "SELECT migration_id, TRUE, FALSE FROM {}",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A migration in another tool's history.

    Args:
        name: What the tool calls it: a version or a file name.
        is_whole: Whether it was applied to its end.
        covers: Whether it stands for all before it, too.

    """

    name: str
    is_whole: bool
    covers: bool


def read(connection: psycopg.Connection[Any], history: Predecessor) -> list[Entry] | None:
    """Return the entries of another tool's history by name; None if it does not name files.

    Raises:
        Refused: The role may not read it.

    """
    query = _QUERIES.get(history.tool.name)
    if query is None:
        return None
    try:
        rows = connection.execute(SQL(query).format(_table(history))).fetchall()
    except psycopg.errors.InsufficientPrivilege as error:
        raise Refused(
            f"{history.words}: cannot be read: {error.diag.message_primary}.",
            hint="Use the role that migrates.",
        ) from error
    return sorted((Entry(*row) for row in rows), key=lambda each: each.name)


def lock(connection: psycopg.Connection[Any], history: Predecessor) -> None:
    """Keep the other tool from writing its history until the transaction ends."""
    connection.execute(SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(_table(history)))


def refuse_busy_yoyo(connection: psycopg.Connection[Any], history: Predecessor) -> None:
    """Refuse stock yoyo's history while yoyo is at work, or if its tables are of another version.

    Raises:
        Refused: It is one of these.

    """
    version = SQL("SELECT max(version) FROM {}").format(_table(history, "_yoyo_version"))
    ((found,),) = connection.execute(version)
    if found != _YOYO_VERSION:
        raise Refused(
            f"{history.words}: its tables are of yoyo's version {found}, not {_YOYO_VERSION}.",
            hint="Run `yoyo list` of yoyo 9 once: it brings its tables up to date.",
        )
    place = _table(history, "yoyo_lock")
    (table,) = connection.execute("SELECT to_regclass(%s)", [place.as_string(connection)])
    if table == (None,):
        return
    if holders := connection.execute(SQL("SELECT pid FROM {}").format(place)).fetchall():
        raise Refused(
            f"Stock yoyo holds its lock, process {holders[0][0]}.",
            hint="Wait until it ends. If it was killed: `yoyo break-lock`.",
        )


def _table(history: Predecessor, name: str = "") -> Identifier:
    return Identifier(history.schema, name or history.tool.table)
