"""Lock modes: their order, their names, and what they block, in plain words."""

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
ROW_SHARE, ROW_EXCLUSIVE, SHARE_UPDATE_EXCLUSIVE, SHARE = MODES[1:5]
SHARE_ROW_EXCLUSIVE, ACCESS_EXCLUSIVE = MODES[5], MODES[7]
_WORDS = (
    "blocks only ACCESS EXCLUSIVE locks on {table}",
    "blocks neither reads nor writes of {table}",
    "blocks only writes to the same rows of {table}",
    "blocks only schema changes and VACUUM of {table}",
    "blocks writes to {table}, but no reads",
    "blocks writes to {table}, but no reads",
    "blocks writes to {table} and SELECT ... FOR UPDATE, but no other reads",
    "blocks reads and writes of {table}",
)


def mode_name(pg_locks_mode: str) -> str:
    """Return the name that LOCK TABLE has for a mode of pg_locks."""
    return _MODES.get(pg_locks_mode, pg_locks_mode)


def strength(mode: str) -> int:
    """Return a mode's rank, 0 for the weakest; -1 if there is no such mode."""
    return MODES.index(mode) if mode in MODES else -1


def strongest(modes: Iterable[str]) -> str:
    """Return the strongest of some modes; an empty text if there is none."""
    return max(modes, key=strength, default="")


def blocks_writes(mode: str) -> bool:
    """Say whether a mode blocks writes to the table."""
    return strength(mode) >= strength(SHARE)


def weight(mode: str) -> float:
    """Return how much a mode hurts while it is held: reads count as much as writes."""
    if mode == ACCESS_EXCLUSIVE:
        return 1.0
    return 0.5 if blocks_writes(mode) else 1e-12 * (1 + strength(mode))


def in_words(mode: str, table: str, *, index: str = "", kind: str = "r") -> str:
    """Say in words what a lock blocks.

    Args:
        mode: The lock mode.
        table: The locked table, or the table of the locked index.
        index: The locked index; empty if the table itself is locked.
        kind: The kind of the locked relation, as in pg_class.

    """
    if kind == "S" and blocks_writes(mode):
        more = " and reads" if mode == ACCESS_EXCLUSIVE else ""
        return f"blocks nextval(){more} of {table}, and so INSERTs that need a number from it"
    if not index:
        return _WORDS[strength(mode)].format(table=table)
    if mode == ACCESS_EXCLUSIVE:  # the planner opens every index of each table in a query
        return f"blocks reads and writes of {table}: every query on it opens its indexes"
    return f"blocks neither reads nor writes of {table}"
