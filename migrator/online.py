"""What a statement that can be in no transaction left behind, read from the catalogue."""

from __future__ import annotations

import enum
import re
from typing import Any

import psycopg

from migrator.target import sql

_NAME = r'((?:"(?:[^"]|"")+"|[\w$]+)(?:\.(?:"(?:[^"]|"")+"|[\w$]+))?)'
_CREATE_INDEX = re.compile(
    rf"CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+(?:IF\s+NOT\s+EXISTS\s+)?{_NAME}\s+ON\s+"
    rf"(?:ONLY\s+)?{_NAME}",
    re.IGNORECASE,
)
_DROP_INDEX = re.compile(
    rf"DROP\s+INDEX\s+CONCURRENTLY\s+(?:IF\s+EXISTS\s+)?{_NAME}\s*(?:CASCADE|RESTRICT)?\s*$",
    re.IGNORECASE,
)
_REPEATABLE = re.compile(r"VACUUM\b|REINDEX\b", re.IGNORECASE)


class Outcome(enum.Enum):
    """What the catalogue shows of a statement that was started."""

    NOTHING_DONE = "nothing of it is there, so it is run again"
    INVALID_INDEX = "it left an INVALID index, which is dropped and built anew"
    DONE = "it took effect, so it is only recorded"
    UNKNOWN = "nothing shows whether it took effect"


def outcome(connection: psycopg.Connection[Any], statement: str) -> Outcome:
    """Say what a statement that was started has done.

    Args:
        connection: To the database that it was started in.
        statement: The statement's text, without comments around it.

    """
    if match := _CREATE_INDEX.match(statement):
        row = connection.execute(sql("index_validity"), _names(match)).fetchone()
        if row is None:
            return Outcome.NOTHING_DONE
        return Outcome.DONE if row[0] else Outcome.INVALID_INDEX
    if match := _DROP_INDEX.match(statement):
        row = connection.execute("SELECT to_regclass(%s)", (match[1],)).fetchone()
        return Outcome.DONE if row is None or row[0] is None else Outcome.NOTHING_DONE
    return Outcome.NOTHING_DONE if _REPEATABLE.match(statement) else Outcome.UNKNOWN


def drop_statement(connection: psycopg.Connection[Any], statement: str) -> str:
    """Return the statement that drops the INVALID index of a failed CREATE INDEX CONCURRENTLY."""
    match = _CREATE_INDEX.match(statement)
    row = match and connection.execute(sql("index_validity"), _names(match)).fetchone()
    if not row:
        raise ValueError(f"there is no index of {statement!r}")
    return f"DROP INDEX CONCURRENTLY {row[1]}"


def _names(match: re.Match[str]) -> dict[str, str]:
    return {"index": match[1], "table": match[2]}
