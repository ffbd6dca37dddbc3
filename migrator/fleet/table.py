"""Tables as text, in which rows that are alike are one."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)
_ALIKE = 4  # so many rows that are alike but for the name are shown as one


def alike(header: Sequence[str], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Return a table whose rows begin with a name; many that are alike otherwise are one row.

    Args:
        header: The names of the columns.
        rows: The rows.

    """
    rows = list(rows)
    names = grouped((row[1:], row[0]) for row in rows)
    told: list[tuple[str, ...]] = []
    for name, *rest in rows:
        cells = tuple(rest)
        others = len(names[cells]) - 1
        if others < _ALIKE - 1:
            told.append((name, *cells))
        elif name == names[cells][0]:
            told.append((f"{name} and {others} others", *cells))
    return table(header, told)


def grouped(pairs: Iterable[tuple[Key, str]]) -> dict[Key, list[str]]:
    """Return the names that go with each of some values."""
    found: dict[Key, list[str]] = {}
    for value, name in pairs:
        found.setdefault(value, []).append(name)
    return found


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table; a column without a value is left out."""
    columns = [
        (name, *cells) for name, *cells in zip(header, *rows, strict=True) if any(cells) or not rows
    ]
    wide = [[cell.ljust(max(map(len, column))) for cell in column] for column in columns]
    return ["  ".join(line).rstrip() for line in zip(*wide, strict=True)]
