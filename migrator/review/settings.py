"""The thresholds of the gate, from [tool.migrator.review] in the set's pyproject.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from migrator.core.errors import Refused


@dataclass(frozen=True, slots=True)
class Settings:
    """What the gate decides by.

    Args:
        large_rows: A table, or a part of it, with so many rows or more counts as large.
        sizes: How many rows tables get for the two measurements of time.
        small_rows: How many they get where only facts are measured.
        longest_lock_timeout_ms: A file may set its lock_timeout up to this.
        ignore: Rules, ours or squawk's, that find nothing here.

    """

    large_rows: int = 10_000
    sizes: tuple[int, ...] = (20_000, 80_000)
    small_rows: int = 1_000
    longest_lock_timeout_ms: int = 10_000
    ignore: tuple[str, ...] = ()


def load(path: Path) -> Settings:
    """Read the settings; the defaults where there is no such file or section.

    Raises:
        Refused: A name or a value that there is not.

    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refused(f"{path}: cannot be read: {error}") from error
    given: dict[str, Any] = document.get("tool", {}).get("migrator", {}).get("review", {})
    known = {each.name: each.default for each in fields(Settings)}
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in known or not _fits(value, known[name]):
            raise Refused(
                f"{path}: [tool.migrator.review] has {name} = {value!r}, which means nothing.",
                hint="docs/review.md lists what can be set.",
            )
        values[name] = tuple(value) if isinstance(value, list) else value
    return Settings(**values)


def _fits(value: Any, default: Any) -> bool:
    """Say whether a value is of its default's kind: a positive number, two of them, or names."""
    if isinstance(default, int):
        return _is_count(value)
    if default and isinstance(value, list):
        return len(value) == len(default) and all(map(_is_count, value)) and value[0] < value[-1]
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
