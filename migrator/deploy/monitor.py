"""What the server says of the database before and after a deploy.

The sizes and the INVALID indexes of any database, and what the project's own queries give: each
is a file that the project names, whose rows begin with a name, and whose other columns are values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg

from migrator.core import settings
from migrator.core.errors import Refused
from migrator.core.project import Project
from migrator.sql import sql

_LONGEST_LABEL = 200
Values = dict[str, Any]  # of each column its value


@dataclass(frozen=True, slots=True)
class WatchQuery:
    """One of the project's queries: the name of its file without `.sql`, and its text."""

    name: str
    text: bytes


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was seen at one moment.

    Args:
        tables: Of each table its size in bytes.
        indexes: Of each index its size in bytes.
        invalid: Indexes that PostgreSQL does not use.
        watched: Of each of the project's queries the values of each name; None where it failed.
        missed: What could not be read, a line each.

    """

    tables: dict[str, int]
    indexes: dict[str, int]
    invalid: list[str]
    watched: dict[str, dict[str, Values] | None]
    missed: list[str]


def queries(project: Project) -> list[WatchQuery]:
    """Read the project's queries.

    Raises:
        Refused: One of the files is not there.

    """
    found = []
    for name in project.settings.deploy.monitor:
        path = project.root / name
        try:
            found.append(WatchQuery(path.stem, path.read_bytes()))
        except OSError as error:
            raise Refused(
                f"{path}: cannot be read: {error.strerror}.",
                hint=f"[tool.migrator.deploy] in {project.root / settings.FILE} names it in "
                "`monitor`: correct that.",
            ) from error
    return found


def measure(connection: psycopg.Connection[Any], watched: Sequence[WatchQuery]) -> Measurement:
    """Look at a database; what cannot be read is left out, and told.

    Args:
        connection: In autocommit mode.
        watched: The project's queries.

    """
    missed: list[str] = []

    def ask(name: str, query: bytes) -> psycopg.Cursor[Any] | None:
        try:
            with connection.transaction(force_rollback=True):
                connection.execute("SET TRANSACTION READ ONLY")
                return connection.execute(query)
        except psycopg.Error as error:
            missed.append(f"{name}: {str(error).strip().splitlines()[0]}")
            return None

    asked = ask("sizes", sql("deploy/sizes").encode())
    sizes = asked.fetchall() if asked else []
    answers = {each.name: ask(each.name, each.text) for each in watched}
    return Measurement(
        tables={name: size for name, is_index, size, _ in sizes if not is_index},
        indexes={name: size for name, is_index, size, _ in sizes if is_index},
        invalid=[name for name, _, _, is_valid in sizes if not is_valid],
        watched={
            name: _by_name(answer) if answer is not None else None
            for name, answer in answers.items()
        },
        missed=missed,
    )


def _by_name(answer: psycopg.Cursor[Any]) -> dict[str, Values]:
    columns = [each.name for each in answer.description or ()]
    return {str(name): dict(zip(columns[1:], values, strict=True)) for name, *values in answer}


@dataclass(frozen=True, slots=True)
class Changes:
    """How two moments differ, a line each; of the project's queries, those of each."""

    sizes: list[str]
    invalid: list[str]
    watched: dict[str, list[str]]
    missed: list[str]


def changes(before: Measurement, after: Measurement) -> Changes:
    """Compare two moments."""
    sizes = []
    for kind, old, new in (
        ("table", before.tables, after.tables),
        ("index", before.indexes, after.indexes),
    ):
        for name in sorted(old.keys() | new.keys()):
            if old.get(name) != new.get(name):
                sizes.append(f"{kind} {name}: {_bytes(old.get(name))} -> {_bytes(new.get(name))}")
    return Changes(
        sizes=sizes,
        invalid=after.invalid,
        watched={
            name: [*_differences(before.watched[name] or {}, found)]
            for name, found in after.watched.items()
            if found is not None
        },
        missed=[
            *(f"before: {each}" for each in before.missed),
            *(f"after: {each}" for each in after.missed),
        ],
    )


def _differences(before: dict[str, Values], after: dict[str, Values]) -> Iterator[str]:
    """Yield a line for each name whose values are others than before, or that is new or gone."""
    for name in sorted(before.keys() | after.keys()):
        label = " ".join(name.split())[:_LONGEST_LABEL]
        old, new = before.get(name), after.get(name)
        if new is None:
            yield f"{label}: gone, after {_shown(old or {})}"
        elif old is None:
            yield f"{label}: new, {_shown(new)}"
        elif old != new:
            changed = [key for key in new if new[key] != old.get(key)]
            told = (f"{key} {_value(old.get(key))} -> {_value(new[key])}" for key in changed)
            yield f"{label}: {', '.join(told)}"


def _shown(values: Values) -> str:
    return ", ".join(f"{key} {_value(value)}" for key, value in values.items())


def _value(value: Any) -> str:
    if isinstance(value, float | Decimal):
        return f"{value:,.1f}"
    return f"{value:,}" if type(value) is int else str(value)


def _bytes(size: int | None) -> str:
    return "absent" if size is None else f"{size:,} bytes"
