"""Writes the next pair of migration files, with the header to fill in."""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from migrator.core import files
from migrator.core.errors import Refused

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_OF_YOYO = re.compile(r"(?P<day>\d{8})_(?P<place>\d{2})_[0-9A-Za-z]{5}-")
_OF_DAY = re.compile(r"\d{4}([._-])\d\d\1\d\d([._-])")
_NUMBERED = re.compile(r"(\d+)([._-])")
# What the header of a new file says until it is filled in.
TEMPLATE = {
    "purpose": "what {change} is for, in one line",
    "locks": "none | MODE on relation[, MODE on relation ...]",
    "reversible": "yes | lossy: what is lost | no: why",
}
_APPLY = "".join(f"-- {key}: {value}\n" for key, value in TEMPLATE.items())
# Two forms: one is to be left out.
_BATCH = """\
-- batch: 5000

-- By predicate: the change makes WHERE false.
UPDATE {domain} SET new_column = old_column
WHERE id IN (
    SELECT t.id FROM {domain} AS t
    WHERE t.new_column IS NULL
    LIMIT current_setting('migrator.batch_rows')::integer
)
RETURNING id;

-- By key: each row is visited once. Write `-- batch: 5000 after=0`, a value before the first key.
WITH batch AS (
    SELECT t.id FROM {domain} AS t
    WHERE t.id > current_setting('migrator.batch_after')::bigint
    ORDER BY t.id
    LIMIT current_setting('migrator.batch_rows')::integer
    FOR UPDATE
), changed AS (
    UPDATE {domain} AS t SET new_column = t.old_column FROM batch AS b WHERE t.id = b.id
)
SELECT b.id AS batch_after, count(*) OVER () AS batch_rows
FROM batch AS b ORDER BY b.id DESC LIMIT 1;
"""
_ROLLBACK = (
    "-- Undo exactly what {name}.sql does. If that is impossible, RAISE EXCEPTION and say why.\n"
)


def new(directory: Path, domain: str, change: str, *, in_batches: bool = False) -> list[Path]:
    """Write the next pair of files. It is refused until you fill it in.

    Args:
        directory: The directory of the migrations.
        domain: What the migration is about, usually a table: `tasks`.
        change: What it does: `add_deadline`.
        in_batches: Whether its statement is to run in batches.

    Returns:
        The paths of the two files.

    Raises:
        Refused: A name is not in snake_case, or nothing can follow the set's last number.

    """
    for name in (domain, change):
        if not _NAME.fullmatch(name):
            raise Refused(
                f"{name!r} is not a name in snake_case.",
                hint="For example: new tasks add_deadline",
            )
    stem = _following([each.id for each in files.discover(directory)], domain, change)
    pair = {
        directory / f"{stem}.sql": _APPLY.format(change=change.replace("_", " "))
        + _BATCH.format(domain=domain) * in_batches,
        directory / f"{stem}.rollback.sql": _ROLLBACK.format(name=stem),
    }
    for path, text in pair.items():
        files.write(path, text)
    return list(pair)


def _following(ids: Sequence[str], domain: str, change: str) -> str:
    """Return the id of the next migration: numbered as the set's last one is, and after it.

    Raises:
        Refused: There is no such number.

    """
    last = max(ids, default="0000.", key=lambda each: f"{each}.sql")
    now = datetime.now(UTC)
    if of_yoyo := _OF_YOYO.match(last):
        day = max(of_yoyo["day"], f"{now:%Y%m%d}")
        place = int(of_yoyo["place"]) + 1 if day == of_yoyo["day"] else 1
        mark = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(5))
        words = f"{domain}-{change}".replace("_", "-")
        stem = f"{day}_{place:02}_{mark}-{words}"
    elif of_day := _OF_DAY.match(last):
        stem = f"{now:%Y{of_day[1]}%m{of_day[1]}%d}{of_day[2]}{domain}{of_day[2]}{change}"
    elif numbered := _NUMBERED.match(last):
        number, between = numbered.groups()
        value = max(int(number) + 1, _of_time(number, now))
        stem = f"{value:0{len(number)}}{between}{domain}{between}{change}"
    else:
        stem = ""
    if f"{stem}.sql" <= f"{last}.sql":
        raise Refused(
            f"No number is known that comes after {last} in the order of names.",
            hint="Name the pair yourself: any name that sorts after the last one will do.",
        )
    return stem


def _of_time(number: str, now: datetime) -> int:
    """Return the moment in the form of a number that is a moment, too; 0 if it is none."""
    for form in ("%Y%m%d%H%M%S", "%Y%m%d%H%M", "%Y%m%d"):
        text = now.strftime(form)
        with suppress(ValueError):
            if len(text) == len(number) and datetime.strptime(number, form).replace(tzinfo=UTC):
                return int(text)
    seconds = {10: now.timestamp(), 13: now.timestamp() * 1000}
    return int(seconds.get(len(number), 0))
