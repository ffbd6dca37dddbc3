"""What others wrote to a database since a moment: by the server's own counters, less our own.

The counters are PostgreSQL's cumulative statistics, which every session hands in at its end at the
latest. They count what was rolled back, too: they may name rows that nobody lost, and hide none.
Not counted: TRUNCATE, and what changes the schema alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import psycopg

from migrator.sql import sql

Connection = psycopg.Connection[Any]
Counts = tuple[int, int, int]
_NONE: Counts = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class Counters:
    """The server's counters at one moment.

    Args:
        birth: Since when they count.
        tables: Of each table, by oid, its name and how many rows were inserted, updated, deleted.

    """

    birth: str
    tables: dict[int, tuple[str, Counts]]

    def document(self) -> dict[str, Any]:
        """Return them for a manifest."""
        tables = [[oid, name, *counts] for oid, (name, counts) in self.tables.items()]
        return {"birth": self.birth, "tables": tables}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Counters:
        """Return them from a manifest."""
        tables = {oid: (name, (i, u, d)) for oid, name, i, u, d in document["tables"]}
        return cls(document["birth"], tables)


@dataclass(frozen=True, slots=True)
class OthersWrites:
    """What others wrote.

    Args:
        tables: By name, how many rows they inserted, updated and deleted.
        unknown: Why it cannot be told; empty where it can.

    """

    tables: dict[str, Counts]
    unknown: str = ""

    def __bool__(self) -> bool:
        """Whether others may have written anything."""
        return bool(self.tables or self.unknown)

    @property
    def words(self) -> str:
        """The numbers, table by table."""
        told = [
            f"{name}: {inserted} inserted, {updated} updated, {deleted} deleted"
            for name, (inserted, updated, deleted) in self.tables.items()
        ]
        return "; ".join([*told, self.unknown] if self.unknown else told)


def hand_in(connection: Connection) -> None:
    """Have the server count what this session wrote; in no transaction."""
    connection.execute("SELECT pg_stat_force_next_flush()")


def read(connection: Connection) -> Counters:
    """Read the counters; this session's own are handed in before.

    Args:
        connection: In no transaction.

    """
    hand_in(connection)
    ((birth,),) = connection.execute(sql("deploy/counters_birth").encode()).fetchall()
    rows = connection.execute(sql("deploy/counters").encode()).fetchall()
    return Counters(birth, {oid: (name, (i, u, d)) for oid, name, i, u, d in rows})


class OwnWrites(NamedTuple):
    """What deploys wrote to a table themselves.

    Args:
        counts: Rows inserted, updated and deleted, those rolled back among them.
        is_kept: Whether any of it was committed.
        more: How many rows more the table has for what was committed.

    """

    counts: Counts
    is_kept: bool
    more: int


def own(connection: Connection, since: int) -> dict[int, OwnWrites]:
    """Return what deploys wrote themselves, by table, since the one of a number."""
    rows = connection.execute(sql("deploy/own_writes"), {"deploy": since}).fetchall()
    return {oid: OwnWrites((i, u, d), is_kept, more) for oid, i, u, d, is_kept, more in rows}


def by_others(
    before: Counters, now: Counters, own: Mapping[int, OwnWrites], seen: Mapping[int, Counts]
) -> OthersWrites:
    """Return what others wrote between two moments.

    Args:
        before: The counters then.
        now: The counters now.
        own: What this program wrote meanwhile.
        seen: Of tables that are gone now, the counters as last read before that.

    """
    if before.birth != now.birth:
        return OthersWrites(
            {}, unknown="the server counts anew since (a crash, a reset, a database made anew)"
        )
    tables, unknown = {}, []
    for oid in before.tables.keys() | now.tables.keys():
        name, then = before.tables.get(oid, ("", _NONE))
        if oid in now.tables:
            name, at_last = now.tables[oid]
        elif oid in seen:
            at_last = seen[oid]
        else:
            unknown.append(f"{name} is gone, and with it the count of what was written to it")
            continue
        mine = own[oid].counts if oid in own else _NONE
        theirs = tuple(max(0, a - b - c) for a, b, c in zip(at_last, then, mine, strict=True))
        if any(theirs):
            tables[name] = (theirs[0], theirs[1], theirs[2])
    return OthersWrites(dict(sorted(tables.items())), "; ".join(sorted(unknown)))
