"""The rollback proof: applies, rolls back and applies again on filled tables, and compares.

It does so twice. First with the rows from before the migration: what is missing after the rollback
was destroyed. Then with rows written after the migration: what is missing after a rollback and
another apply is lost by the rollback.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

import psycopg

from migrator.catalogue import contents, objects
from migrator.catalogue.contents import Contents
from migrator.catalogue.objects import Catalogue
from migrator.core import files, leftovers
from migrator.core.failure import error_text
from migrator.core.files import Migration, SqlFile
from migrator.core.session import Connection
from migrator.core.target import Target
from migrator.review import measure
from migrator.review.measure import Failure, FileTrace
from migrator.review.report import Proof, Sample
from migrator.review.states import States


@dataclass(frozen=True, slots=True)
class Shown:
    """What the test of a rollback showed.

    Args:
        proof: The proof.
        samples: A sample for each statement, from the second time that the file was applied.
        back: The traces of the rollback file's statements; None if it failed.
        present: How many rows each table had before that.
        back_samples: A sample for each of its statements, from the second rollback.
        stands: Whether the database is in the state after the migration.

    """

    proof: Proof
    samples: list[Sample] = field(default_factory=list)
    back: FileTrace | None = None
    present: Mapping[str, int] = field(default_factory=dict)
    back_samples: list[Sample] = field(default_factory=list)
    stands: bool = False


def prove(
    made: States,
    target: Target,
    observer: Connection,
    migration: Migration,
    *,
    rows_before: Contents,
    watched: FileTrace,
    written_to: Collection[str],
    sample_rows: int,
) -> Shown:
    """Test the rollback of a migration that has just been applied; leave it applied, if possible.

    Args:
        made: What runs files on scratch databases.
        target: A scratch database with rows.
        observer: A connection to it, on which nothing else is done.
        migration: The migration that was applied.
        rows_before: The rows from before it was applied.
        watched: What was recorded when it was.
        written_to: The tables to which an application would write rows after the migration.
        sample_rows: How many rows the tables have.

    """
    apply, rollback = migration.source, files.read(migration.rollback_path)
    left = leftovers.invalid_indexes(observer)
    applied = contents.read(observer)
    present = {table: rows.count for table, rows in applied.tables.items()}
    undone = made.watch(target, observer, rollback, watched)
    if failure := undone.failure:
        raised = isinstance(failure.error, psycopg.errors.RaiseException)
        verdict: Literal["irreversible", "not measured"] = (
            "irreversible" if raised else "not measured"
        )
        error = _where(rollback, failure)
        told = Proof(verdict, error=error, invalid_indexes=(*left,))
        return Shown(told, stands=rollback.transactional)
    back = contents.read(observer)
    destroyed = contents.lost(rows_before.tables, back.tables)
    differs = _differences(watched.held_before, undone.held_after, "after the rollback")
    differs += contents.moved(rows_before.sequences, back.sequences)
    left += leftovers.invalid_indexes(observer)

    def incomplete(failure: Failure, source: SqlFile, what: str) -> Shown:
        error = f"{what}: {_where(source, failure)}"
        lost = (*destroyed,)
        told = Proof("not measured", lost, lost, (*differs,), (*left,), error)
        return Shown(told, back=undone, present=present)

    clocked, again = measure.clock(target, apply, sample_rows)
    if again.failure:
        return incomplete(again.failure, apply, "the migration cannot be applied again")
    differs += _differences(watched.held_after, objects.read(observer), "after applying it again")
    # A row that the file itself inserts has another time and number each time.
    old = {
        f"the values of {table}.{name}"
        for table, rows in rows_before.tables.items()
        for name in rows.columns
    }
    differ_anyway = old.intersection(contents.lost(applied.tables, contents.read(observer).tables))
    made.write(target, migration, written_to)
    written = contents.read(observer)
    undoing, again = measure.clock(target, rollback, sample_rows)
    if failure := again.failure:
        return incomplete(failure, rollback, "it fails on rows written after the migration")
    if failure := made.run(target, apply):
        return incomplete(failure, apply, "the migration cannot be applied again on newer rows")
    lost = destroyed + [
        each
        for each in contents.lost(written.tables, contents.read(observer).tables)
        if each not in {*destroyed, *differ_anyway}
    ]
    proven = Proof("lossy" if lost else "lossless", (*lost,), (*destroyed,), (*differs,), (*left,))
    return Shown(proven, clocked, undone, present, undoing, stands=True)


def _where(source: SqlFile, failure: Failure) -> str:
    return f"{source.path.name}:{failure.line}: {error_text(failure.error)}"


def _differences(expected: Catalogue, found: Catalogue, when: str) -> list[str]:
    """Compare two catalogues, but for the order of columns: one that comes back comes back last."""
    told = objects.differences(expected, found, without={objects.COLUMN_ORDER})
    return [f"{when}: {each.words}" for each in told]
