"""What `-- batch:` says in a file's header, and what the text of such a file must be like.

This module knows no database. Settings tell the statement how many rows it may take, and where:
`migrator.batch_rows`, and `migrator.batch_after` if it walks along a key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from migrator.core import sqltext
from migrator.core.sqltext import Statement

ROWS, AFTER = "migrator.batch_rows", "migrator.batch_after"
LARGEST = 10  # times the rows of the header
FORM = "ROWS [pause=50ms] [target=200ms] [after=KEY]"
_OPTION = re.compile(r"(pause|target)=(\d+)(ms|s)|(after)=(\S*)")
_STARTS = ("DELETE", "INSERT", "MERGE", "SELECT", "UPDATE", "WITH")
_TAKES_ROWS = re.compile(rb"current_setting\s*\(\s*'migrator\.batch_rows'\s*\)", re.IGNORECASE)
_TAKES_TWICE = re.compile(
    rb"[<>]=[\s(]*(?:(?:coalesce|nullif|cast)\s*\([\s(]*)*current_setting\s*\(\s*"
    rb"'migrator\.batch_after'",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Batch:
    """How a file is run in batches.

    Args:
        rows: How many rows the first batch may take.
        pause_ms: The pause after each batch.
        target_ms: How long a batch should take: its rows are made more or fewer.
        after: The key after which the first batch begins; None if the file does not say.

    """

    rows: int
    pause_ms: int = 50
    target_ms: int = 200
    after: str | None = None


def parse(value: str) -> Batch | None:
    """Return what the header says; None if that is not of the form `FORM`."""
    first, *rest = value.split() or [""]
    if not re.fullmatch(r"[1-9]\d{0,6}", first):
        return None
    named: dict[str, int | str] = {}
    for each in rest:
        if (match := _OPTION.fullmatch(each)) is None:
            return None
        if match[4]:
            named["after"] = match[5]
        else:
            named[f"{match[1]}_ms"] = int(match[2]) * (1000 if match[3] == "s" else 1)
    if len(named) < len(rest) or named.get("target_ms") == 0:
        return None
    return Batch(int(first), **named)  # type: ignore[arg-type]  # the names tell the types


def is_by_key(text: bytes, statement: Statement) -> bool:
    """Say whether a statement walks along a key; else it finds its rows by what they lack."""
    return f"'{AFTER}'".encode() in text[statement.start : statement.end]


def problems(batch: Batch, text: bytes, statement: Statement) -> Iterator[str]:
    """Yield why a statement cannot be run in batches, as far as its text tells.

    Args:
        batch: What the header of its file says.
        text: The text of the file.
        statement: The statement.

    """
    if not statement.words or statement.words[0] not in _STARTS:
        yield f"it cannot be run in batches: begin with one of {', '.join(_STARTS)}"
        return
    code = sqltext.code(text, statement).upper()
    whole = text[statement.start : statement.end]
    if not _TAKES_ROWS.search(whole):
        yield f"a batch without a limit: write LIMIT current_setting('{ROWS}')::integer"
    if re.search(rb"\bOFFSET\b", code):
        yield "OFFSET passes over rows that are left: leave it out"
    if re.search(rb"\bSKIP\s+LOCKED\b", code):
        yield "SKIP LOCKED leaves out rows that others hold: a batch waits for them, and is retried"
    if is_by_key(text, statement):
        yield from _key_problems(code, whole)
    else:
        if batch.after is not None:
            yield f"after={batch.after} is for a statement with current_setting('{AFTER}')"
        if not re.search(rb"\bWHERE\b", code):
            yield "a batch without WHERE finds the same rows again and again"
        if not re.search(rb"\bRETURNING\b", code):
            yield "it must return the key of each row that it changed: end it with RETURNING"


def _key_problems(code: bytes, whole: bytes) -> Iterator[str]:
    for name in ("batch_after", "batch_rows"):
        if not re.search(rb"\b" + name.upper().encode() + rb"\b", code):
            yield f"it must return its last key and its rows: it has no column {name}"
    if not re.search(rb"\bORDER\s+BY\b", code):
        yield "a batch by key without ORDER BY leaves rows out"
    if _TAKES_TWICE.search(whole):
        yield f"the last row of each batch is visited twice: compare by > or < with '{AFTER}'"
