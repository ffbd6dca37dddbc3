"""The tool's own SQL, one query a file, in a folder for each part of the package."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def sql(name: str) -> str:
    """Return one of the tool's queries.

    Args:
        name: Its folder and file name without `.sql`: `core/history`.

    """
    return (files(__name__) / f"{name}.sql").read_text(encoding="utf-8")
