"""Finds in the catalogue what an interrupted statement left that cannot run in a transaction."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Any

import psycopg

from migrator.sql import sql

_GAP_PART = r"\s++|--[^\n\r]*+[\n\r]|/\*[^*]*+(?:\*(?!/)[^*]*+)*\*/"
_GAP = rf"(?:{_GAP_PART}){{1,1000}}"
_NAME = r'((?:"(?:[^"]|"")+"|[\w$]+)(?:\.(?:"(?:[^"]|"")+"|[\w$]+))?)'


def _pattern(text: str) -> re.Pattern[str]:
    """Compile a pattern in which a space matches white space and comments."""
    return re.compile(text.replace(" ", _GAP).replace("NAME", _NAME), re.IGNORECASE)


_CREATE_INDEX = _pattern(
    "CREATE (?:UNIQUE )?INDEX CONCURRENTLY (?:IF NOT EXISTS )?NAME ON (?:ONLY )?NAME"
)
_DROP_INDEX = _pattern("DROP INDEX CONCURRENTLY (?:IF EXISTS )?NAME")
_REINDEX = _pattern(
    rf"REINDEX(?:{_GAP_PART}|\([^)]*+\)){{1,1000}}(INDEX|TABLE|SCHEMA|DATABASE)"
    r"(?: CONCURRENTLY)?(?: NAME)?"
)
_DETACH = _pattern("ALTER TABLE (?:IF EXISTS )?(?:ONLY )?NAME DETACH PARTITION NAME CONCURRENTLY")
_REPEATABLE = re.compile(r"(VACUUM|ANALYZE|CLUSTER|REINDEX)\b", re.IGNORECASE)
_MAY_COMMIT = re.compile(r"(CALL|DO)\b", re.IGNORECASE)


class Outcome(enum.Enum):
    """What the catalogue shows about a started statement, and what is done about it."""

    NOTHING_DONE = "it had no effect", "it runs again"
    MAY_BE_REPEATED = "it can safely run twice", "it runs again"
    INVALID_INDEX = "it left an INVALID index", "that index is dropped and built again"
    LEFT_INDEXES = "it left INVALID indexes", "they are dropped and it runs again"
    HALF_DROPPED = "it left the index INVALID", "it runs again"
    HALF_DETACHED = "it left the partition half detached", "the detachment is finished"
    DONE = "it took effect", "it is only recorded"
    UNKNOWN = "nothing shows whether it took effect", ""

    def __init__(self, what: str, then: str) -> None:
        self.what = what
        self.then = then


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What a statement left, and how to repair it.

    Args:
        outcome: What the catalogue shows.
        repairs: Statements to run first, each outside a transaction.

    """

    outcome: Outcome
    repairs: tuple[str, ...] = ()

    @property
    def is_to_run(self) -> bool:
        """Whether the statement itself must still run."""
        return self.outcome not in {Outcome.DONE, Outcome.HALF_DETACHED, Outcome.UNKNOWN}

    @property
    def is_half(self) -> bool:
        """Whether only a part of the statement took effect."""
        return bool(self.repairs) or self.outcome is Outcome.HALF_DROPPED


def inspect(connection: psycopg.Connection[Any], statement: str) -> Leftovers:
    """Find out what a started statement has done.

    Args:
        connection: A connection to the database in which it was started.
        statement: The text of the statement, without comments around it.

    """
    if match := _CREATE_INDEX.match(statement):
        names = {"index": match[1], "table": match[2]}
        row = connection.execute(sql("core/index_validity"), names).fetchone()
        if row is not None and not row[0]:
            return Leftovers(Outcome.INVALID_INDEX, (f"DROP INDEX CONCURRENTLY {row[1]}",))
        return Leftovers(Outcome.NOTHING_DONE if row is None else Outcome.DONE)
    if match := _DROP_INDEX.match(statement):
        return Leftovers(_dropped(connection, match[1]))
    if match := _DETACH.match(statement):
        return _detached(connection, match[1], match[2])
    if (match := _REINDEX.match(statement)) and "CONCURRENTLY" in statement.upper():
        names = {"kind": match[1], "name": match[2]}
        rows = connection.execute(sql("core/reindex_leftovers"), names).fetchall()
        drops = tuple(f"DROP INDEX CONCURRENTLY IF EXISTS {name}" for (name,) in rows)
        return Leftovers(Outcome.LEFT_INDEXES if drops else Outcome.MAY_BE_REPEATED, drops)
    return Leftovers(Outcome.MAY_BE_REPEATED if _REPEATABLE.match(statement) else Outcome.UNKNOWN)


def builders(connection: psycopg.Connection[Any], statement: str) -> list[int]:
    """Return the sessions that are building on the table of a CREATE INDEX CONCURRENTLY."""
    match = _CREATE_INDEX.match(statement)
    if match is None:
        return []
    rows = connection.execute(sql("core/table_builders"), {"table": match[2]})
    return [pid for (pid,) in rows]


def invalid_indexes(connection: psycopg.Connection[Any]) -> list[str]:
    """Return the INVALID indexes of the database, each with its table."""
    rows = connection.execute(sql("core/invalid_indexes").encode()).fetchall()
    return [f"{index} on {table}" for index, table in rows]


def fails_whole(statement: str) -> bool:
    """Say whether a statement that the server reports as failed has left nothing.

    For statements that `inspect` does not know: true unless it may commit while it runs.
    """
    return _MAY_COMMIT.match(statement) is None


def _dropped(connection: psycopg.Connection[Any], index: str) -> Outcome:
    row = connection.execute(
        "SELECT i.indisvalid FROM pg_index AS i WHERE i.indexrelid = to_regclass(%s)", (index,)
    ).fetchone()
    if row is None:
        return Outcome.DONE
    return Outcome.NOTHING_DONE if row[0] else Outcome.HALF_DROPPED


def _detached(connection: psycopg.Connection[Any], parent: str, partition: str) -> Leftovers:
    names = {"parent": parent, "partition": partition}
    row = connection.execute(sql("core/partition_state"), names).fetchone()
    if row is None:
        return Leftovers(Outcome.DONE)
    finish = f"ALTER TABLE {parent} DETACH PARTITION {partition} FINALIZE"
    return (
        Leftovers(Outcome.HALF_DETACHED, (finish,)) if row[0] else Leftovers(Outcome.NOTHING_DONE)
    )
