"""Tells which other tool's layout a file has: one file with both halves, or other names."""

from __future__ import annotations

import re

# What `convert` reads.
TOOLS = (
    "alembic-sql",
    "dbmate",
    "diesel",
    "flyway",
    "golang-migrate",
    "goose",
    "sql-migrate",
    "sqlx",
    "tern",
)

# Lines that only that tool's files have; the last one is between the halves.
_MARKERS = {
    "dbmate": rb"^--\s*migrate:(?:up|down)\b",
    "goose": rb"^--\s*\+goose\s+(?:Up|Down)\b",
    "sql-migrate": rb"^--\s*\+migrate\s+(?:Up|Down)\b",
    "tern": rb"^---- create above / drop below ----",
}
_NAMES = {
    "golang-migrate": r"\d+_.*\.(up|down)\.sql",
    "flyway": r"[VURB][0-9._]*__.*\.sql",
    "diesel": r"(up|down)\.sql",
}


def tool_by_text(text: bytes) -> str | None:
    """Return the tool whose markers a text has; None if it has none."""
    for tool, marker in _MARKERS.items():
        if re.search(marker, text, re.MULTILINE | re.IGNORECASE):
            return tool
    return None


def tool_by_name(name: str) -> str | None:
    """Return the tool that names its files so; None if this one may."""
    return next((tool for tool, form in _NAMES.items() if re.fullmatch(form, name)), None)
