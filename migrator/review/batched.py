"""Runs all batches of a file on a scratch database, and measures them.

They take a fiftieth of the rows of the largest table at most, so that small tables make many
batches, too. The last one is run once more: what it reads to find nothing, each batch reads.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg

from migrator.core import batch, sqltext
from migrator.core.batches import Taken, nodes
from migrator.core.files import SqlFile
from migrator.review import catalogue
from migrator.review.catalogue import CatalogueState

_OF_ALL = 50
_SET = """\
SELECT set_config('migrator.batch_rows', %s, TRUE), set_config('migrator.batch_after', %s, TRUE)"""
_ROWS = """\
SELECT c.oid, c.reltuples::bigint FROM pg_class AS c
WHERE c.oid = any(%s::text[]::regclass[]::oid[])"""


class NoProgress(psycopg.Error):
    """Batches that would never end."""


@dataclass(frozen=True, slots=True)
class BatchRun:
    """What all batches of a file did in one database.

    Args:
        rows: How many rows one of them could take.
        taken: How many rows they took together.
        present: How many rows each table of the statement had, by its name.
        read: How many of them the last batch read, which found nothing.
        plan: The plan of the last batch, line by line.
        ms: How long all batches took, in milliseconds.
        last_ms: How long the last one took.
        wal_bytes: How much write-ahead log all of them wrote.

    """

    rows: int
    taken: int
    present: Mapping[str, int] = field(default_factory=dict)
    read: Mapping[str, int] = field(default_factory=dict)
    plan: tuple[str, ...] = ()
    ms: float = 0.0
    last_ms: float = 0.0
    wal_bytes: int = 0

    @property
    def table(self) -> str:
        """The table with whose rows their number grows; empty if they read none."""
        return max(self.present, key=lambda each: self.present[each], default="")

    def reads_all_of(self, share: float) -> list[str]:
        """Return the tables of which each batch reads at least a share of the rows."""
        return [
            table
            for table, rows in self.read.items()
            if rows >= share * max(self.present.get(table, 0), 1)
        ]


class Batches:
    """The batches of a file, one after the other.

    Args:
        connection: The session that runs them.
        source: The file.

    """

    def __init__(self, connection: psycopg.Connection[Any], source: SqlFile) -> None:
        assert source.batch is not None  # noqa: S101  the caller has asked
        (statement,) = sqltext.statements(source.text)
        self._connection = connection
        self._text = source.text[statement.start : statement.end]
        self._is_by_key = batch.is_by_key(source.text, statement)
        self._after = source.batch.after or ""
        self._keys: set[bytes] = set()
        self._taken, self._ms = 0, 0.0
        self._rows = source.batch.rows
        with connection.transaction(force_rollback=True):
            connection.execute(_SET, (str(self._rows), self._after))
            plan = connection.execute(b"EXPLAIN (VERBOSE, FORMAT JSON) " + self._text).fetchall()
            planned = [*nodes(plan[0][0][0]["Plan"])]
            self._present = self._counted(planned)
        self._is_update = any(each.get("Operation") == "Update" for each in planned)
        self._most = max(self._present.values(), default=0)
        self._rows = max(1, min(self._rows, self._most // _OF_ALL))
        self._wal = wal_position(self._connection)

    def begin(self) -> None:
        """Begin the transaction of the next batch."""
        self._started = time.perf_counter()
        self._connection.execute("BEGIN")
        self._connection.execute(_SET, (str(self._rows), self._after))

    def _note(self, cursor: psycopg.Cursor[Any]) -> bool:
        """Note what a batch returned; say whether it found rows."""
        try:
            taken = Taken.of(cursor, is_by_key=self._is_by_key)
        except ValueError as error:
            raise NoProgress(f"a batch {error}") from None
        if taken.after is not None:
            self._after = taken.after
        is_once = self._is_by_key or self._is_update
        again = self._keys.intersection(taken.keys) if is_once else None
        self._keys.update(taken.keys)
        self._taken += taken.rows
        self._ms += (time.perf_counter() - self._started) * 1000
        if again:
            raise NoProgress(f"a batch finds the key {again.pop().decode()} again: it never ends")
        if self._taken > 2 * sum(self._present.values()) + self._rows:
            found = f"{self._taken:,} rows, and the tables have {self._most:,}"
            raise NoProgress(f"batches have taken {found}: they never end")
        return bool(taken.keys)

    def finish(self, cursor: psycopg.Cursor[Any], check: Callable[[], None]) -> BatchRun:
        """Commit the first batch, run the others to their end, and the last one once more.

        Args:
            cursor: What the first one returned.
            check: Called before each COMMIT.

        Raises:
            NoProgress: A batch found what was found before, or does not tell what it found.

        """
        while True:
            is_found = self._note(cursor)
            check()
            self._connection.execute("COMMIT")
            if not is_found:
                break
            self.begin()
            cursor = self._connection.execute(self._text)
        wal_bytes = wal_position(self._connection) - self._wal
        self.begin()
        before = catalogue.read(self._connection, known={})
        started = time.perf_counter()
        self._connection.execute(self._text)
        last_ms = (time.perf_counter() - started) * 1000
        after = catalogue.read(self._connection, known={})
        plan = self._connection.execute(b"EXPLAIN (COSTS OFF) " + self._text).fetchall()
        self._connection.execute("ROLLBACK")
        present = Counter[str]()
        for oid, rows in self._present.items():
            if oid in after.relations:
                present[_root(after, oid)] += rows
        return BatchRun(
            self._rows,
            self._taken,
            present,
            _read(before, after),
            tuple(line for (line,) in plan),
            self._ms,
            last_ms,
            wal_bytes,
        )

    def _counted(self, planned: list[dict[str, Any]]) -> dict[int, int]:
        """Return by oid how many rows the tables of a plan have, by their statistics."""
        names = {
            psycopg.sql.Identifier(each["Schema"], each["Relation Name"]).as_string()
            for each in planned
            if "Relation Name" in each and "Schema" in each
        }
        rows = self._connection.execute(_ROWS, ([*names],)).fetchall()
        if any(number < 0 for _, number in rows):  # a restored table has no statistics yet
            self._connection.execute(f"ANALYZE {', '.join(sorted(names))}".encode())
            rows = self._connection.execute(_ROWS, ([*names],)).fetchall()
        return {oid: max(0, number) for oid, number in rows}


def wal_position(connection: psycopg.Connection[Any]) -> int:
    """Return how much write-ahead log a server has written, in bytes."""
    query = "SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint"
    ((position,),) = connection.execute(query).fetchall()
    return int(position)


def _root(state: CatalogueState, oid: int) -> str:
    found = state.relations[oid]
    return state.relations.get(found.root, found).name


def _read(before: CatalogueState, after: CatalogueState) -> dict[str, int]:
    """Return how many rows were read of each table, with its partitions and by its indexes."""
    found = Counter[str]()
    for oid, each in after.relations.items():
        had = before.relations.get(oid)
        if had and each.read > had.read:
            found[_root(after, each.table)] += each.read - had.read
    return dict(found)
