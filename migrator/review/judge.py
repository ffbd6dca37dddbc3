"""Turns the measurements of a migration into its part of the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from migrator.core.files import Migration, SqlFile
from migrator.core.settings import Settings
from migrator.lint import squawk
from migrator.review import allow, evidence, findings, locks, opinions, report
from migrator.review.catalogue import KINDS, Relation
from migrator.review.evidence import Step
from migrator.review.findings import Evidence
from migrator.review.measure import FileTrace
from migrator.review.report import (
    Finding,
    Lock,
    Proof,
    Range,
    RelationWork,
    Sample,
    StatementReview,
)

Counts = Mapping[str, int] | None
_MILLION = 1_000_000
_LONGEST_TEXT = 200_000


@dataclass(slots=True)
class Measurements:
    """What was measured about one migration.

    Args:
        migration: The migration.
        rollback: Its rollback file.
        present: How many rows each table had.
        watched: The traces of its statements; None if it was not run.
        steps: The facts about each statement.
        proof: What applying and rolling back showed.
        required: New columns that every INSERT must give.
        samples: For each statement, its time and WAL at each size.
        not_measured: Why something could not be measured; empty if everything was.
        found: Findings that the run itself made, not a rule.

    """

    migration: Migration
    rollback: SqlFile
    present: Mapping[str, int] = field(default_factory=dict)
    watched: FileTrace | None = None
    steps: list[Step] = field(default_factory=list)
    proof: Proof = field(default_factory=lambda: Proof("not measured"))
    required: list[str] = field(default_factory=list)
    samples: list[list[Sample]] = field(default_factory=list)
    not_measured: list[str] = field(default_factory=list)
    found: list[Finding] = field(default_factory=list)


def judge(
    facts: Measurements, counts: Counts, settings: Settings, today: date
) -> report.MigrationReview:
    """Return a migration's part of the report.

    Args:
        facts: What was measured.
        counts: The number of rows in production by relation; None if unknown.
        settings: The project's settings.
        today: The day of the review, by which allowances end.

    """
    source = facts.migration.source
    statements = _statements(facts, counts)
    known = Evidence(
        steps=facts.steps,
        locks=(),
        roots=evidence.roots(facts.watched.before) if facts.watched else {},
        transactional=source.transactional,
        claims=source.header,
        proof=facts.proof,
        rollback_name=facts.rollback.path.name,
        required=facts.required,
        counts=counts,
        settings=settings.review,
    )
    known = replace(known, locks=_locks(facts, statements, known))
    is_there = squawk.program() is not None
    warnings = squawk.check([source.path], settings.lint.ignore) if is_there else []
    opinion = opinions.judge(warnings, facts.steps)
    found = [*facts.found, *(findings.find(known, opinion) if facts.watched else [])]
    text = source.text.decode()
    notes = _notes(facts, known)
    if len(text) > _LONGEST_TEXT:
        notes.append("the file is too long to be shown in full")
    claims = {name: said for name, said in source.header.items() if name != "purpose"}
    return report.MigrationReview(
        id=facts.migration.id,
        path=_shown(source.path),
        purpose=source.header.get("purpose", ""),
        transactional=source.transactional,
        text=_cut(text),
        rollback_text=_cut(facts.rollback.text.decode()),
        claims=claims,
        locks=tuple(known.locks),
        statements=tuple(statements),
        proof=facts.proof,
        opinions=tuple(opinion),
        findings=tuple(allow.apply(text, found, today, is_whole=not facts.not_measured)),
        not_measured=tuple(facts.not_measured),
        notes=tuple(notes),
        duration_ms=_total([each.duration_ms for each in statements]),
    )


def _statements(facts: Measurements, counts: Counts) -> list[StatementReview]:
    padded = [*facts.samples, *([()] * len(facts.steps))]
    names = (
        {each.oid: each.name for each in facts.watched.before.relations.values()}
        if facts.watched
        else {}
    )
    shown = []
    for step, samples in zip(facts.steps, padded, strict=False):
        growing = evidence.scaling(step.work)
        time, grows = _extrapolated(growing, [(each.rows, each.ms) for each in samples], counts)
        wal, _ = _extrapolated(growing, [(each.rows, each.wal_bytes) for each in samples], counts)
        shown.append(
            StatementReview(
                line=step.part.line,
                end_line=step.part.end_line,
                text=_cut(step.part.text),
                locks=tuple((names[oid], mode) for oid, mode in step.taken.items()),
                work=step.work,
                validated=step.validated,
                dropped=step.dropped,
                gone=(
                    *(each.words for each in step.gone),
                    *(f"every row of {each} is deleted" for each in step.emptied),
                ),
                said=step.said,
                samples=tuple(samples),
                duration_ms=None if grows else time,
                wal_bytes=None if grows else wal,
                ms_per_million=time if grows else None,
            )
        )
    return shown


def _extrapolated(
    growing: Sequence[RelationWork], points: Sequence[tuple[int, float]], counts: Counts
) -> tuple[Range | None, bool]:
    """Extrapolate figures at two sizes to the number of rows in production.

    Args:
        growing: The work that grows with the rows.
        points: The number of rows and the figure, for each size.
        counts: The number of rows in production by relation; None if unknown.

    Returns:
        The figure, or None if nothing was measured; and whether it is per million rows, because
        the number of rows in production is unknown.

    """
    if not points:
        return None, False
    (first_rows, first), (last_rows, last) = points[0], points[-1]
    slope = (last - first) / (last_rows - first_rows) if last_rows > first_rows else 0.0
    if slope <= 0:  # noise hides the growth: assume that all of the figure is growth
        slope = last / last_rows
    start = max(0.0, first - slope * first_rows)
    if not growing:
        return Range.around(max(figure for _, figure in points)), False
    rows = [None if counts is None else counts.get(each.relation) for each in growing]
    known = [each for each in rows if each is not None]
    if len(known) < len(rows):
        return Range.around(slope * _MILLION), True
    # Both sizes had as many rows in each of the tables.
    return Range.around(start + slope * sum(known) / len(known)), False


def _locks(
    facts: Measurements, statements: Sequence[StatementReview], known: Evidence
) -> list[Lock]:
    """Return the strongest lock on each relation, the strongest first."""
    if facts.watched is None:
        return []
    relations = facts.watched.before.relations
    source = facts.migration.source
    taken: dict[int, list[tuple[int, str]]] = {}
    for place, step in enumerate(facts.steps):
        for oid, mode in step.taken.items():
            taken.setdefault(oid, []).append((place, mode))
    found = []
    for oid, modes in taken.items():
        relation = relations[oid]
        table = relations.get(relation.table, relation).name
        place, mode = max(modes, key=lambda each: locks.strength(each[1]))
        if relation.is_index and _says_no_more(relation, mode, taken, facts):
            continue
        until = statements[place:] if source.transactional else statements[place : place + 1]
        found.append(
            Lock(
                relation=relation.name,
                kind=KINDS[relation.kind],
                table=table,
                mode=mode,
                words=locks.in_words(mode, table, index=relation.name if relation.is_index else ""),
                line=facts.steps[place].part.line,
                until="COMMIT" if source.transactional else "the end of the statement",
                held_ms=_total([each.duration_ms for each in until]),
                rows=known.rows(table),
                large=known.is_large(table),
                promised=findings.promised(
                    source.header, relation.name, table, is_index=relation.is_index
                ),
            )
        )
    return sorted(found, key=lambda each: (-locks.strength(each.mode), each.relation))


def _says_no_more(
    index: Relation, mode: str, taken: Mapping[int, list[tuple[int, str]]], facts: Measurements
) -> bool:
    """Say whether the lock on an index blocks no more than the lock on its table.

    Nobody waits for an index that is dropped: no new plan uses it.
    """
    after = facts.watched.after.relations if facts.watched else {}
    if mode != locks.ACCESS_EXCLUSIVE or index.oid not in after:
        return True
    return any(mode == locks.ACCESS_EXCLUSIVE for _, mode in taken.get(index.table, []))


def _notes(facts: Measurements, known: Evidence) -> list[str]:
    """Return notes where the header says more than was measured."""
    told = []
    locked = {each.relation for each in known.locks}
    for relation, mode in findings.claimed(known.claims).items():
        if relation not in locked and facts.watched and not facts.not_measured:
            told.append(f"the header names {mode} on {relation}, but no lock on it was measured")
    for lock in known.locks:
        if locks.strength(lock.promised) > locks.strength(lock.mode):
            told.append(
                f"the header names {lock.promised} on {lock.relation}, but the lock is {lock.mode}"
            )
    claim = known.claims.get("reversible", "")
    if claim and not claim.startswith("yes") and facts.proof.verdict == "lossless":
        told.append(f"the header says {claim!r}, but the rollback lost nothing")
    return told


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "\n..."


def _total(parts: Sequence[Range | None]) -> Range | None:
    known = [each for each in parts if each is not None]
    if len(known) < len(parts):
        return None
    return Range.around(sum(each.estimate for each in known))


def _shown(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
