"""Writes the next pair of migration files, with the header to fill in."""

from __future__ import annotations

import re
from pathlib import Path

from migrator.core import files
from migrator.core.errors import Refused

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
# What the header of a new file says until it is filled in.
TEMPLATE = {
    "purpose": "what {change} is for, in one line",
    "locks": "none | MODE on relation[, MODE on relation ...]",
    "reversible": "yes | lossy: what is lost | no: why",
}
_APPLY = "".join(f"-- {key}: {value}\n" for key, value in TEMPLATE.items())
_ROLLBACK = (
    "-- Undo exactly what {name}.sql does. If that is impossible, RAISE EXCEPTION and say why.\n"
)


def new(directory: Path, domain: str, change: str) -> list[Path]:
    """Write the next pair of files. Without statements, it is refused until you fill it in.

    Args:
        directory: The directory of the migrations.
        domain: What the migration is about, usually a table: `tasks`.
        change: What it does: `add_deadline`.

    Returns:
        The paths of the two files.

    Raises:
        Refused: A name is not in snake_case.

    """
    for name in (domain, change):
        if not _NAME.fullmatch(name):
            raise Refused(
                f"{name!r} is not a name in snake_case.",
                hint="For example: new tasks add_deadline",
            )
    numbers = [each.id.partition(".")[0] for each in files.discover(directory)]
    last = max((number for number in numbers if number.isdecimal()), key=int, default="0000")
    stem = f"{int(last) + 1:0{len(last)}}.{domain}.{change}"
    pair = {
        directory / f"{stem}.sql": _APPLY.format(change=change.replace("_", " ")),
        directory / f"{stem}.rollback.sql": _ROLLBACK.format(name=stem),
    }
    for path, text in pair.items():
        files.write(path, text)
    return list(pair)
