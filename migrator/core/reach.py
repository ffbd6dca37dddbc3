"""What a file would change, or connect to, beyond the database that it runs in.

Known by the first words of a statement; of a block or a function, by what its text calls.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from enum import IntEnum
from typing import NamedTuple

from migrator.core import sqltext
from migrator.core.files import SqlFile

# Most files have none of these words, and need not be split into statements.
_SUSPICIOUS = re.compile(
    rb"\b(program|copy|dblink|lo_export|pg_file_|subscription|tablespace|import|role|user|group|"
    rb"database|server|system|pg_terminate_backend|pg_cancel_backend|pg_\w*replication_slot)",
    re.IGNORECASE,
)
_COMMENTS = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_EVERYWHERE = re.compile(r"(CREATE|ALTER|DROP) (SUBSCRIPTION|TABLESPACE)\b|IMPORT\b")
_ON_THE_SERVER = re.compile(
    r"(CREATE|ALTER|DROP) (ROLE|USER|GROUP|DATABASE|SERVER|FOREIGN DATA)\b|ALTER SYSTEM\b"
)
_DEFINES = re.compile(r"(CREATE|COMMENT|ALTER|DROP)\b")
_CALLS = re.compile(
    r"\b(dblink\w*|lo_export|pg_file_\w+|pg_(?:terminate|cancel)_backend|pg_\w*replication_slot\w*)"
    r"\s*\(",
    re.IGNORECASE,
)
_COPIES = re.compile(r"\bCOPY\b[^;]*?(\bPROGRAM\b|\bTO\s+E?')", re.IGNORECASE)
_IN_A_BLOCK = re.compile(r"\b(CREATE|ALTER|DROP)\s+(ROLE|USER|GROUP|DATABASE)\b", re.IGNORECASE)
_IN_A_BODY = re.compile(
    r"\b(dblink\w*|CREATE\s+USER\s+MAPPING|CREATE\s+SUBSCRIPTION|ALTER\s+SYSTEM|TO\s+PROGRAM"
    r"|FROM\s+PROGRAM|(?:CREATE|ALTER|DROP)\s+(?:ROLE|USER|GROUP|DATABASE|TABLESPACE))\b",
    re.IGNORECASE,
)


_DEFINES_A_ROUTINE = re.compile(
    r"\s*CREATE\s+(?:OR\s+REPLACE\s+)?(?:FUNCTION|PROCEDURE)\s+([^\s(]+)", re.IGNORECASE
)
_CALLS_ANY = re.compile(r"CREATE\b.*\bTRIGGER\b")


class Depth(IntEnum):
    """How deep it is looked for: in statements, also in blocks, also in the bodies of functions."""

    STATEMENTS = 0
    BLOCKS = 1
    BODIES = 2


class Reach(NamedTuple):
    """A statement that reaches beyond its database: its line, and the words that say so."""

    line: int
    words: str


def reaches(body: str) -> bool:
    """Say whether the text of a routine reaches beyond the server."""
    return bool(_CALLS.search(body) or _COPIES.search(body))


def routines(source: SqlFile, known: Collection[str]) -> set[str]:
    """Return the names of the routines of a file that reach beyond the server when they are called.

    Args:
        source: The file.
        known: The names of others that do.

    """
    found = {*known}
    if not known and not _SUSPICIOUS.search(source.text):
        return found
    for each in sqltext.statements(source.text):
        text = _COMMENTS.sub(" ", source.text[each.start : each.end].decode())
        named = _DEFINES_A_ROUTINE.match(text)
        if named and (reaches(text) or _named(found, text)):
            found.add(named[1].rpartition(".")[2].strip('"'))
    return found


def _named(routines: Collection[str], text: str) -> re.Match[str] | None:
    """Find the name of a routine in a text."""
    if not routines:
        return None
    return re.search(rf"\b({'|'.join(map(re.escape, sorted(routines)))})\b", text)


def first_beyond(
    source: SqlFile, *, server: bool, depth: Depth, calls: Collection[str] = ()
) -> Reach | None:
    """Return the first statement of a file that reaches beyond its database; None if none does.

    Args:
        source: The file.
        server: Whether what changes the server alone counts: roles, databases, settings.
        depth: How deep it is looked for. What a function would do, it does when a trigger or a
            later file calls it.
        calls: The names of routines that reach beyond the server: who calls one does, too.

    """
    if not calls and not _SUSPICIOUS.search(source.text):
        return None
    for each in sqltext.statements(source.text):
        head = " ".join(each.words)
        text = _COMMENTS.sub(" ", source.text[each.start : each.end].decode())
        found = _EVERYWHERE.match(head)
        if server:
            found = found or _ON_THE_SERVER.match(head)
            if depth >= Depth.BLOCKS and each.words[0] in ("DO", "CALL"):
                found = found or _IN_A_BLOCK.search(text)
        if depth == Depth.BODIES:
            found = found or _IN_A_BODY.search(text) or _CALLS.search(text) or _COPIES.search(text)
        if not _DEFINES.match(head) or _CALLS_ANY.match(head):
            found = found or _named(calls, text)
        if not found and not _DEFINES.match(head):
            found = _CALLS.search(text)
            if not found and each.words[0] in ("COPY", "DO"):
                found = _COPIES.search(text)
        if found:
            line, _ = sqltext.line_and_column(source.text, each.start)
            return Reach(line, " ".join(found[0].split()).rstrip("('"))
    return None
