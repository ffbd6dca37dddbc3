"""How many rows the relations of production have: a file, so that no review needs production."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg

from migrator.core.errors import Refused
from migrator.sql import sql

_HEADER = "# relation\trows"
_LINE = re.compile(r'\s*((?:"(?:[^"]|"")+"|[^\s,;"])+)[\s,;]+(\S+)\s*')


def read(path: Path) -> dict[str, int]:
    """Read a file of one relation and its number of rows a line.

    Tabs, blanks or commas between them; lines that begin with # are passed over, and so is the
    header of a CSV file: what psql writes for `SELECT relname, reltuples` will do.

    Raises:
        Refused: It cannot be read, or a line of it says nothing.

    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise Refused(f"{path}: cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise Refused(f"{path}: is not UTF-8.") from error
    counts: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        rows = _number(match[2]) if match else None
        if match is None or rows is None:
            if not counts and number == 1:  # a header
                continue
            raise Refused(
                f"{path}:{number}: is not a relation and its number of rows: {line.strip()}",
                hint="`rows` writes such a file from a database.",
            )
        if rows >= 0:  # -1 is PostgreSQL's "not known"
            counts[match[1].removeprefix("public.")] = rows
    return counts


def write(counts: Mapping[str, int]) -> list[str]:
    """Return the lines of such a file."""
    return [_HEADER, *(f"{relation}\t{rows}" for relation, rows in counts.items())]


def estimate(connection: psycopg.Connection[Any]) -> tuple[dict[str, int], list[str]]:
    """Ask a database; nothing is read but its catalogue.

    Returns:
        The rows of each relation; and the relations that were never analysed.

    """
    found = connection.execute(sql("rows/counts").encode()).fetchall()
    known = {name: rows for name, rows, is_unknown in found if not is_unknown}
    return known, [name for name, _, is_unknown in found if is_unknown]


def _number(text: str) -> int | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return round(value) if math.isfinite(value) else None
