"""Which backups may go: never the last good one, never one whose deploy has not ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from migrator.backup import archive
from migrator.backup.archive import Backup


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one backup, or of one dump that was never finished.

    Args:
        path: The dump.
        kept: Why it is kept; empty where it may go.

    """

    path: Path
    kept: str


def decide(
    directory: Path, *, keep: int, younger: timedelta, is_good: Callable[[Backup], bool]
) -> list[Decision]:
    """Decide about everything in a directory, database by database.

    Args:
        directory: Of backups.
        keep: How many of each database are kept, the newest ones.
        younger: How old a backup may be to be kept.
        is_good: Asked of a database's backups, newest first, until one is good.

    Returns:
        The oldest first; unfinished dumps at the end.

    """
    decisions = []
    for backups in _by_database(archive.all_in(directory)):
        good = next((each for each in reversed(backups) if is_good(each)), None)
        for place, backup in enumerate(reversed(backups)):
            decisions.append(Decision(backup.path, _why(backup, place, good, keep, younger)))
    decisions.sort(key=lambda each: each.path.name)
    return decisions + [Decision(path, "") for path in archive.unfinished_in(directory)]


def remove(decisions: Iterable[Decision]) -> list[Path]:
    """Remove what may go; return it."""
    gone = [each.path for each in decisions if not each.kept]
    for path in gone:
        archive.remove(path)
    return gone


def _by_database(backups: Iterable[Backup]) -> list[list[Backup]]:
    found: dict[str, list[Backup]] = {}
    for each in backups:
        found.setdefault(each.manifest.database, []).append(each)
    return list(found.values())


def _why(backup: Backup, place: int, good: Backup | None, keep: int, younger: timedelta) -> str:
    if backup.manifest.ended is None:
        return "its deploy has not ended"
    if good is not None and backup.path == good.path:
        return "the last good one"
    if place < keep:
        return f"one of the last {keep}"
    if datetime.now(UTC) - backup.manifest.taken < younger:
        return f"younger than {younger.days} days"
    if good is None:
        return "no backup of this database is good"
    return ""
