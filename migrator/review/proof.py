"""The rollback proof: apply, roll back, apply on filled tables, and compare.

Twice. First with the rows that were there before: what they miss afterwards, applying and rolling
back destroyed. Then with rows written after the migration was applied: what they miss once it was
rolled back and applied again, its rollback loses.
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
    """Return a database's schema, object by object."""
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
    """Prove the way back of a migration that has just been applied; it is applied in the end.

    Args:
        target: A scratch database with rows.
        apply: The file that was applied.
        rollback: The file that undoes it.
        before: The schema and the rows as they were before it was applied.
        write: Writes rows that were not there yet, as an application would by now.
        sample_rows: How many rows the tables have.

    Returns:
        What was proved; the schema as the migration leaves it; and, of each statement, what it
        took when it was applied again, with nobody watching.

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
    differs = _differences(schema_before, schema(target), "after the way back")
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
        return incomplete(again.failure, apply, "it cannot be applied again")
    differs += _differences(applied, schema(target), "applied again")
    write()
    written = _contents(target)
    if failure := measure.run(target, rollback):
        return incomplete(failure, rollback, "the way back fails on rows written since")
    if failure := measure.run(target, apply):
        return incomplete(failure, apply, "it cannot be applied again once rows were written")
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
    """Return the indexes that PostgreSQL would not use."""
    with open_connection(target) as connection:
        return leftovers.invalid_indexes(connection)


def _where(source: SqlFile, failure: Failure) -> str:
    return f"{source.path.name}:{failure.line}: {error_text(failure.error)}"


def _differences(expected: Schema, found: Schema, when: str) -> list[str]:
    """Compare two schemas; the order of columns, which a way back cannot restore, is no difference.

    A column that comes back comes back last.
    """
    ordered = {name: _in_order(name, body) for name, body in expected.items()}
    same = {name: _in_order(name, body) for name, body in found.items()}
    return [f"{when}: {each}" for each in snapshot.differences(ordered, same, [])]


def _in_order(name: str, body: str) -> str:
    """Return a table's definition with its lines in one order."""
    if "; Type: TABLE;" not in name:
        return body
    return "\n".join(sorted(line.rstrip(",") for line in body.splitlines()))
