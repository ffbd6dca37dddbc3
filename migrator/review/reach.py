"""What a file would change, or connect to, beyond its scratch database: that is not run.

A server that is thrown away afterwards may be changed, but nothing beyond it. On a server that the
user named, only the scratch databases are the review's. Most statements that reach further are
known by their first words. What a DO block or a function does to roles is known by its locks: the
file is rolled back before it could be committed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import psycopg

from migrator.core import sqltext
from migrator.core.files import SqlFile
from migrator.review.measure import Failure
from migrator.sql import sql

# Most files have none of these words, and need not be split into statements.
_SUSPICIOUS = re.compile(
    rb"\b(program|copy|dblink|lo_export|pg_file_|subscription|tablespace|import|role|user|group|"
    rb"database|server|system)",
    re.IGNORECASE,
)
_COMMENTS = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_EVERYWHERE = re.compile(r"(CREATE|ALTER|DROP) (SUBSCRIPTION|TABLESPACE)\b|IMPORT\b")
_ON_A_NAMED_SERVER = re.compile(
    r"(CREATE|ALTER|DROP) (ROLE|USER|GROUP|DATABASE|SERVER|FOREIGN DATA)\b|ALTER SYSTEM\b"
)
_DEFINES = re.compile(r"(CREATE|COMMENT|ALTER|DROP)\b")
_CALLS = re.compile(r"\b(dblink\w*|lo_export|pg_file_\w+)\s*\(", re.IGNORECASE)
_COPIES = re.compile(r"\bCOPY\b[^;]*?(\bPROGRAM\b|\bTO\s+E?')", re.IGNORECASE)
_IN_A_BLOCK = re.compile(r"\b(CREATE|ALTER|DROP)\s+(ROLE|USER|GROUP|DATABASE)\b", re.IGNORECASE)


class ReachesBeyond(psycopg.Error):
    """A statement that reaches beyond the scratch databases."""


def first_beyond(source: SqlFile, *, is_own: bool) -> Failure | None:
    """Return the first statement of a file that must not be run, as a failure; None if all may.

    Args:
        source: The file.
        is_own: Whether the server is thrown away afterwards.

    """
    if not _SUSPICIOUS.search(source.text):
        return None
    for each in sqltext.statements(source.text):
        head = " ".join(each.words)
        text = _COMMENTS.sub(" ", source.text[each.start : each.end].decode())
        found = _EVERYWHERE.match(head)
        if not is_own:
            found = found or _ON_A_NAMED_SERVER.match(head)
            if not source.transactional and each.words[0] in ("DO", "CALL"):
                found = found or _IN_A_BLOCK.search(text)
        if not found and not _DEFINES.match(head):
            found = _CALLS.search(text)
            if not found and each.words[0] in ("COPY", "DO"):
                found = _COPIES.search(text)
        if found:
            line, _ = sqltext.line_and_column(source.text, each.start)
            words = " ".join(found[0].split()).rstrip("('")
            return Failure(line, _beyond(f"{words} was not run", is_own=is_own))
    return None


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
