"""What the server says of the database before and after a deploy, and how the two differ.

Sizes, and what the project's own queries give. The first column of each row is a name, the others
are values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
class Measurement:
    """What was seen at one moment.

    Args:
        answers: Of each query that could be asked, of each name its values.
        missed: What could not be read, a line each.

    """

    answers: dict[str, dict[str, Values]]
    missed: list[str]


def queries(project: Project) -> dict[str, bytes]:
    """Return what is asked: the sizes, and the project's own queries by their files' names.

    Raises:
        Refused: One of the files is not there.

    """
    found = {"sizes": sql("deploy/sizes").encode()}
    for name in project.settings.deploy.monitor:
        path = project.root / name
        try:
            found[path.stem] = path.read_bytes()
        except OSError as error:
            raise Refused(
                f"{path}: cannot be read: {error.strerror}.",
                hint=f"[tool.migrator.deploy] in {project.root / settings.FILE} names it in "
                "`monitor`: correct that.",
            ) from error
    return found


def measure(connection: psycopg.Connection[Any], asked: Mapping[str, bytes]) -> Measurement:
    """Ask a database, read-only; what cannot be read is left out, and told."""
    seen = Measurement({}, [])
    for name, query in asked.items():
        try:
            with connection.transaction(force_rollback=True):
                connection.execute("SET TRANSACTION READ ONLY")
                rows = connection.execute(query)
        except psycopg.Error as error:
            seen.missed.append(f"{name}: {str(error).strip().splitlines()[0]}")
            continue
        columns = [each.name for each in rows.description or ()][1:]
        seen.answers[name] = {
            str(key): dict(zip(columns, values, strict=True)) for key, *values in rows
        }
    return seen


def changes(before: Measurement, after: Measurement) -> dict[str, list[str]]:
    """Return of each query how its answers differ, and what was not seen, a line each."""
    told = {
        name: [*_differences(before.answers.get(name, {}), now)]
        for name, now in after.answers.items()
    }
    missed = [f"{at}: {why}" for at, seen in (("before", before), ("after", after))
              for why in seen.missed]  # fmt: skip
    return {**told, "not seen": missed}


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
