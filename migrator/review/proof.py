"""The rollback proof: applies, rolls back and applies again on filled tables, and compares.

It does so twice. First with the rows from before the migration: what is missing after the rollback
was destroyed. Then with rows written after the migration: what is missing after a rollback and
another apply is lost by the rollback.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import psycopg

from migrator.catalogue import contents, snapshot
from migrator.catalogue.contents import Contents
from migrator.core import leftovers
from migrator.core.failure import error_text
from migrator.core.files import SqlFile
from migrator.core.session import open_connection, open_session
from migrator.core.target import Target
from migrator.review import measure
from migrator.review.measure import Failure
from migrator.review.report import Proof, Sample

Schema = dict[str, str]


def schema(target: Target) -> Schema:
    """Return a database's schema: the definition of each object by its name."""
    session = open_session(target)
    with session.connection:
        return snapshot.dump(target, session)


def prove(
    target: Target,
    apply: SqlFile,
    rollback: SqlFile,
    before: tuple[Schema, Contents],
    *,
    write: Callable[[], None],
    sample_rows: int,
) -> tuple[Proof, Schema, list[Sample]]:
    """Test the rollback of a migration that has just been applied; leave it applied.

    Args:
        target: A scratch database with rows.
        apply: The file that was applied.
        rollback: Its rollback file.
        before: The schema and the rows from before it was applied.
        write: Writes new rows, as an application would after the migration.
        sample_rows: How many rows the tables have.

    Returns:
        The proof; the schema after the migration; and a sample for each statement, from the
        second time that the file was applied.

    """
    schema_before, rows_before = before
    applied = schema(target)
    left = list(invalid_indexes(target))
    if failure := measure.run(target, rollback):
        raised = isinstance(failure.error, psycopg.errors.RaiseException)
        verdict: Literal["irreversible", "not measured"] = (
            "irreversible" if raised else "not measured"
        )
        return (
            Proof(verdict, error=_where(rollback, failure), invalid_indexes=(*left,)),
            applied,
            [],
        )
    back = _contents(target)
    destroyed = contents.lost(rows_before.tables, back.tables)
    differs = _differences(schema_before, schema(target), "after the rollback")
    differs += contents.moved(rows_before.sequences, back.sequences)
    left += invalid_indexes(target)

    def incomplete(
        failure: Failure, source: SqlFile, what: str
    ) -> tuple[Proof, Schema, list[Sample]]:
        error = f"{what}: {_where(source, failure)}"
        return (
            Proof("not measured", (*destroyed,), (*destroyed,), (*differs,), (*left,), error),
            applied,
            [],
        )

    clocked, again = measure.clock(target, apply, sample_rows)
    if again.failure:
        return incomplete(again.failure, apply, "the migration cannot be applied again")
    differs += _differences(applied, schema(target), "after applying it again")
    write()
    written = _contents(target)
    if failure := measure.run(target, rollback):
        return incomplete(failure, rollback, "it fails on rows written after the migration")
    if failure := measure.run(target, apply):
        return incomplete(failure, apply, "the migration cannot be applied again on newer rows")
    lost = destroyed + [
        each
        for each in contents.lost(written.tables, _contents(target).tables)
        if each not in destroyed
    ]
    return (
        Proof("lossy" if lost else "lossless", (*lost,), (*destroyed,), (*differs,), (*left,)),
        applied,
        clocked,
    )


def _contents(target: Target) -> Contents:
    with open_connection(target) as connection:
        return contents.read(connection)


def invalid_indexes(target: Target) -> list[str]:
    """Return the INVALID indexes of a database."""
    with open_connection(target) as connection:
        return leftovers.invalid_indexes(connection)


def _where(source: SqlFile, failure: Failure) -> str:
    return f"{source.path.name}:{failure.line}: {error_text(failure.error)}"


def _differences(expected: Schema, found: Schema, when: str) -> list[str]:
    """Compare two schemas, but not the order of columns, which a rollback cannot restore.

    A restored column is the last one of its table.
    """
    ordered = {name: _in_order(name, body) for name, body in expected.items()}
    same = {name: _in_order(name, body) for name, body in found.items()}
    return [f"{when}: {each}" for each in snapshot.differences(ordered, same, [])]


def _in_order(name: str, body: str) -> str:
    """Return a table's definition with its lines sorted; another definition as it is."""
    if "; Type: TABLE;" not in name:
        return body
    return "\n".join(sorted(line.rstrip(",") for line in body.splitlines()))
