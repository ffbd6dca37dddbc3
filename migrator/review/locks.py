"""Lock modes: their order, their names, and what they stop, in plain words."""

from __future__ import annotations

from collections.abc import Iterable

# https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES, weakest first.
_MODES = {
    "AccessShareLock": "ACCESS SHARE",
    "RowShareLock": "ROW SHARE",
    "RowExclusiveLock": "ROW EXCLUSIVE",
    "ShareUpdateExclusiveLock": "SHARE UPDATE EXCLUSIVE",
    "ShareLock": "SHARE",
    "ShareRowExclusiveLock": "SHARE ROW EXCLUSIVE",
    "ExclusiveLock": "EXCLUSIVE",
    "AccessExclusiveLock": "ACCESS EXCLUSIVE",
}
MODES = tuple(_MODES.values())
ROW_SHARE, SHARE_UPDATE_EXCLUSIVE, SHARE = MODES[1], MODES[3], MODES[4]
SHARE_ROW_EXCLUSIVE, ACCESS_EXCLUSIVE = MODES[5], MODES[7]
_WORDS = (
    "stops nobody but who wants {table} for itself",
    "blocks no reads and no writes of {table}",
    "blocks no reads of {table}, and writes of the same rows only",
    "blocks no reads and no writes of {table}, only other changes of its schema and VACUUM",
    "blocks writes of {table}, no reads",
    "blocks writes of {table}, no reads",
    "blocks writes of {table} and SELECT ... FOR UPDATE, no other reads",
    "blocks reads and writes of {table}",
)


def mode_name(pg_locks_mode: str) -> str:
    """Return a mode of pg_locks by the name that LOCK TABLE has for it."""
    return _MODES.get(pg_locks_mode, pg_locks_mode)


def strength(mode: str) -> int:
    """Return a mode's place, weakest first; -1 for what is no mode."""
    return MODES.index(mode) if mode in MODES else -1


def strongest(modes: Iterable[str]) -> str:
    """Return the strongest of some modes; empty where there is none."""
    return max(modes, key=strength, default="")


def blocks_writes(mode: str) -> bool:
    """Say whether nobody may write the table meanwhile."""
    return strength(mode) >= strength(SHARE)


def in_words(mode: str, table: str, *, index: str = "") -> str:
    """Say what a lock stops.

    Args:
        mode: The mode.
        table: The table concerned.
        index: The index of it that is locked, if it is not the table itself.

    """
    if not index:
        return _WORDS[strength(mode)].format(table=table)
    if mode == ACCESS_EXCLUSIVE:  # the planner opens every index of a table that it plans for
        return f"blocks reads and writes of {table}, as every query on it looks at its indexes"
    return f"blocks no reads and no writes of {table}"
