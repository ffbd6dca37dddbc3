"""Tells which other tool's layout a file has: one file with both halves, or other names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

# What `convert` reads.
TOOLS = (
    "alembic-sql",
    "dbmate",
    "diesel",
    "flyway",
    "golang-migrate",
    "goose",
    "node-pg-migrate",
    "plain",
    "prisma",
    "sql-migrate",
    "sqlx",
    "tern",
)
# The lines, in any case, that begin the halves of a file that applies and rolls back.
MARKS = {
    "dbmate": r"--\s*migrate:(up|down)\b",
    "goose": r"--\s*\+goose\s+(up|down)\b",
    "sql-migrate": r"--\s*\+migrate\s+(up|down)\b",
    "node-pg-migrate": r"\s*--\s*(up|down) migration\b",
}
MIDDLE_OF_TERN = b"---- create above / drop below ----"
_MARKS = {tool: re.compile(mark, re.IGNORECASE) for tool, mark in MARKS.items()}
_NAMES = (
    ("golang-migrate", re.compile(r"\d+_.*\.(up|down)\.sql")),
    ("flyway", re.compile(r"[VURB][0-9._]*__.*\.sql")),
    ("diesel", re.compile(r"(up|down)\.sql")),
)
_NAMES_BELOW = (*_NAMES, ("prisma", re.compile(r"migration\.sql")))


def marks(header: Sequence[str], text: bytes) -> Iterator[tuple[int, str]]:
    """Yield the line and the tool of each mark of a file that applies and rolls back.

    Args:
        header: The leading comments of the file.
        text: The whole text.

    """
    for number, line in enumerate(header, 1):
        yield from ((number, tool) for tool, mark in _MARKS.items() if mark.match(line))
    middle = text.find(MIDDLE_OF_TERN)
    if middle >= 0:
        yield text.count(b"\n", 0, middle) + 1, "tern"


def tool_by_name(name: str, *, is_below: bool = False) -> str | None:
    """Return the tool that gives its files such names; None if this one may have it.

    Args:
        name: The name of the file.
        is_below: Whether it is in a subdirectory of the set.

    """
    forms = _NAMES_BELOW if is_below else _NAMES
    return next((tool for tool, form in forms if form.fullmatch(name)), None)
