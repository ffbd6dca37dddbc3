"""The tool's own SQL, one query a file, in a folder for each part of the package."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any


@cache
def sql(name: str) -> str:
    """Return one of the tool's queries.

    The package's loader reads it, out of an archive, too. importlib.resources does the same, and
    takes a hundredth of a short command's time to be imported.

    Args:
        name: Its folder and file name without `.sql`: `core/history`.

    """
    loader: Any = __spec__.loader
    text: bytes = loader.get_data(str(Path(__file__).parent / f"{name}.sql"))
    return text.decode()
