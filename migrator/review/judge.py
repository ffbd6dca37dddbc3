"""Turns the measurements of a migration into its part of the report."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from pathlib import Path

from migrator.core.batch import Batch
from migrator.core.files import Migration, SqlFile
from migrator.core.settings import Settings
from migrator.lint import squawk
from migrator.lint.squawk import SquawkWarning
from migrator.review import (
    advice,
    allow,
    catalogue,
    evidence,
    findings,
    growth,
    locks,
    measure,
    opinions,
)
from migrator.review.batched import BatchRun
from migrator.review.catalogue import KINDS
from migrator.review.evidence import FileFacts, Hold
from migrator.review.findings import Evidence
from migrator.review.growth import Growth
from migrator.review.report import (
    FileReview,
    Finding,
    InBatches,
    Lock,
    MigrationReview,
    NewPair,
    Proof,
    Range,
    RelationWork,
    StatementReview,
)

Counts = Mapping[str, int] | None
_MILLION = 1_000_000
_LONGEST_TEXT = 200_000
_COLUMN = r'(?:"(?:[^"]|"")+"|\w+)'
_UNIQUE = re.compile(
    rf"^CREATE UNIQUE INDEX .* USING btree \(({_COLUMN}(?:, {_COLUMN})*)\)(?: INCLUDE \(.*?\))?"
    r"( NULLS NOT DISTINCT)?(?: WHERE (.*))?$"
)


@dataclass(slots=True)
class Measurements:
    """What was measured about one migration.

    Args:
        migration: The migration.
        rollback: Its rollback file.
        file: The facts about its file; None if that was not run.
        back: The facts about its rollback file; None if that was not run, or failed.
        grown: How many rows tables have in production that earlier files have made.
        proof: What applying and rolling back showed.
        not_measured: Why something could not be measured; empty if everything was.
        found: Findings that the run itself made, not a rule.
        major: The version of PostgreSQL that it was measured on.
        bounds: The condition of each partition after the file, by name.
        without_rows: The facts about its file on an empty table, if it fails on rows.

    """

    migration: Migration
    rollback: SqlFile
    file: FileFacts | None = None
    back: FileFacts | None = None
    grown: Mapping[str, Growth] = field(default_factory=dict)
    proof: Proof = field(default_factory=lambda: Proof("not measured"))
    not_measured: list[str] = field(default_factory=list)
    found: list[Finding] = field(default_factory=list)
    major: int = 0
    bounds: Mapping[str, str] = field(default_factory=dict)
    without_rows: FileFacts | None = None


def judge(facts: Measurements, counts: Counts, settings: Settings, today: date) -> MigrationReview:
    """Return a migration's part of the report.

    Args:
        facts: What was measured.
        counts: The number of rows in production by relation; None if unknown.
        settings: The project's settings.
        today: The day of the review, by which allowances end.

    """
    source = facts.migration.source
    known = Evidence(
        file=facts.file,
        locks=(),
        roots=evidence.roots(facts.file.watched.before) if facts.file else {},
        claims=source.header,
        proof=facts.proof,
        rollback_name=facts.rollback.path.name,
        counts={**growth.counts(facts.grown, counts), **(counts or {})},
        settings=settings.review,
    )
    is_there = squawk.program() is not None
    paths = [source.path, facts.rollback.path]
    warned = squawk.check(paths, settings.lint.ignore) if is_there else []
    file, known = _file(source, known, warned)
    back, undoing = _file(facts.rollback, replace(known, file=facts.back, claims={}), warned)
    found = [*facts.found]
    if facts.file:
        found += findings.find(known, file.opinions)
    if facts.back:
        found += findings.find_in_rollback(undoing)
    notes = _notes(facts, known)
    if len(source.text) > _LONGEST_TEXT:
        notes.append("the file is too long to be shown in full")
    text, is_whole = source.text.decode(), not facts.not_measured
    found = allow.apply(text, found, today, is_whole=is_whole, new=facts.grown)
    instead: tuple[NewPair, ...] = ()
    if instead_of := facts.file if is_whole else facts.without_rows:
        parts = [*measure.parts(facts.rollback)]
        about = (instead_of, known, parts, found, today)
        found, instead = advice.give(
            *about,
            back=facts.back,
            major=facts.major,
            bounds=facts.bounds,
            unheard=settings.lint.ignore if is_there else None,
        )
    return MigrationReview(
        **{each.name: getattr(file, each.name) for each in fields(file)},
        id=facts.migration.id,
        purpose=source.header.get("purpose", ""),
        claims={name: said for name, said in source.header.items() if name != "purpose"},
        rollback=back,
        proof=facts.proof,
        findings=tuple(found),
        not_measured=tuple(facts.not_measured),
        notes=tuple(notes),
        instead=instead,
    )


def _file(
    source: SqlFile, known: Evidence, warned: Sequence[SquawkWarning]
) -> tuple[FileReview, Evidence]:
    """Return the review of a file, and the evidence with its locks."""
    statements = _statements(known.file, known.counts) if known.file else []
    held = _locks(known.file, statements, known) if known.file else []
    mine = [each for each in warned if each.path == source.path]
    file = FileReview(
        path=_shown(source.path),
        checksum=source.checksum,
        transactional=source.transactional,
        text=_cut(source.text.decode()),
        locks=tuple(held),
        statements=tuple(statements),
        opinions=tuple(opinions.judge(mine, known.steps, _unseen(known))),
        duration_ms=_total([each.duration_ms for each in statements]),
    )
    return file, replace(known, locks=held)


def _unseen(known: Evidence) -> set[str]:
    """Return the tables that had no rows when they were measured, and may have in production."""
    present = known.file.present if known.file else {}
    return {table for table in known.roots if not present.get(table, 1) and known.rows(table) != 0}


def _statements(facts: FileFacts, counts: Counts) -> list[StatementReview]:
    padded = [*facts.samples, *([()] * len(facts.steps))]
    shown = []
    for place, (step, samples) in enumerate(zip(facts.steps, padded, strict=False)):
        growing, batches = growth.scaling(step.work), None
        time, grows = _extrapolated(growing, [(each.rows, each.ms) for each in samples], counts)
        wal, _ = _extrapolated(growing, [(each.rows, each.wal_bytes) for each in samples], counts)
        if facts.batches and facts.source.batch:
            time, wal, batches = _in_batches(facts.source.batch, facts.batches[-1], counts)
            grows = batches.number is None
        shown.append(
            StatementReview(
                line=step.part.line,
                end_line=step.part.end_line,
                text=_cut(step.part.text),
                locks=tuple(
                    (each.relation.name, each.mode) for each in facts.holds if each.first == place
                ),
                work=step.work,
                validated=step.validated,
                dropped=step.dropped,
                gone=(
                    *(each.words for each in step.changes),
                    *(f"every row of {each} is deleted" for each in step.emptied),
                ),
                said=step.said,
                samples=tuple(samples),
                duration_ms=None if grows else time,
                wal_bytes=None if grows else wal,
                ms_per_million=time if grows else None,
                batches=batches,
            )
        )
    return shown


def _in_batches(how: Batch, run: BatchRun, counts: Counts) -> tuple[Range, Range, InBatches]:
    """Return the time of all batches in production, their WAL, and how they run.

    If the number of rows is unknown, time and WAL are those of a million.

    Args:
        how: What the header of the file says.
        run: What the batches did on a scratch database.
        counts: The number of rows in production by relation; None if unknown.

    """
    known = (counts or {}).get(run.table)
    rows, present = _MILLION if known is None else known, max(run.present.get(run.table, 0), 1)
    taken = rows * run.taken / present
    number = math.ceil(taken / how.rows) + 1  # the last one finds nothing
    # A batch that reads the whole table reads the more, the more rows there are.
    idle_ms = run.last_ms * (rows / present if run.reads_all_of(growth.SHARE_OF_A_BATCH) else 1)
    one_ms = idle_ms + run.ms / max(run.taken, 1) * min(how.rows, taken)
    whole_ms = idle_ms * number + run.ms / max(run.taken, 1) * taken + how.pause_ms * number
    shown = InBatches(
        how.rows, None if known is None else number, Range.around(one_ms), how.pause_ms, run.plan
    )
    wal = Range.around(run.wal_bytes / max(run.taken, 1) * taken)
    return Range.around(whole_ms), wal, shown


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
    names = {name for each in growing for name in each.grows_with if name}
    rows = [None if counts is None else counts.get(each) for each in names]
    known = [each for each in rows if each is not None]
    if len(known) < len(rows):
        return Range.around(slope * _MILLION), True
    # Both sizes had as many rows in each of the tables.
    return Range.around(start + slope * sum(known) / len(known)), False


def _locks(facts: FileFacts, statements: Sequence[StatementReview], known: Evidence) -> list[Lock]:
    """Return the strongest lock on each relation and others that block writes, by their harm."""
    strongest: dict[tuple[int, bool], str] = {}
    for hold in facts.holds:
        key = hold.relation.oid, hold.is_brief
        strongest[key] = locks.strongest([strongest.get(key, ""), hold.mode])
    wholes = catalogue.wholes(facts.watched.before)
    found = []
    for hold in facts.holds:
        relation, table, mode = hold.relation, hold.table.name, hold.mode
        if relation.is_index and _says_no_more(hold, facts):
            continue
        if mode != strongest[relation.oid, hold.is_brief] and not locks.blocks_writes(mode):
            continue
        index = relation.name if relation.is_index else ""
        is_whole = hold.last == len(facts.steps) - 1
        until = "COMMIT" if facts.source.transactional else "the end of the statement"
        until = "COMMIT of each batch" if facts.source.batch else until
        until = "a moment later" if hold.is_brief else until
        under = [
            each.batches.ms if each.batches else each.duration_ms
            for each in statements[hold.first : hold.last + 1]
        ]
        found.append(
            Lock(
                relation=relation.name,
                kind=KINDS[relation.kind],
                table=table,
                mode=mode,
                words=locks.in_words(mode, table, index=index, kind=relation.kind),
                line=facts.steps[hold.first].part.line,
                until=until if is_whole else f"line {facts.steps[hold.last].part.end_line}",
                held_ms=Range.around(0.0) if hold.is_brief else _total(under),
                rows=known.rows(table),
                large=known.is_large(table),
                promised=findings.promised(known.claims, relation.name, wholes[relation.oid]),
            )
        )
    return sorted(found, key=lambda each: (-each.harm, each.table, each.relation))


def _says_no_more(hold: Hold, facts: FileFacts) -> bool:
    """Say whether the lock on an index blocks no more than the lock on its table.

    Nobody waits for an index that is dropped: no new plan uses it.
    """
    after = facts.watched.after.relations
    if hold.mode != locks.ACCESS_EXCLUSIVE or hold.relation.oid not in after:
        return True
    return any(
        each.relation.oid == hold.table.oid and each.mode == locks.ACCESS_EXCLUSIVE
        for each in facts.holds
    )


def _notes(facts: Measurements, known: Evidence) -> list[str]:
    """Return notes where the header says more than was measured."""
    told = []
    locked = {each.relation for each in known.locks}
    for relation, mode in findings.claimed(known.claims).items():
        if relation not in locked and facts.file and not facts.not_measured:
            told.append(f"the header names {mode} on {relation}, but no lock on it was measured")
    claims = findings.claimed(known.claims)
    for lock in findings.strongest(known.locks):
        said = claims.get(lock.relation, "")
        if locks.strength(said) > locks.strength(lock.mode):
            told.append(f"the header names {said} on {lock.relation}, but the lock is {lock.mode}")
    if facts.file:
        told += _to_be_unique(facts.file, known)
    claim = known.claims.get("reversible", "")
    if claim and not claim.startswith("yes") and facts.proof.verdict == "lossless":
        told.append(f"the header says {claim!r}, but the rollback lost nothing")
    return told


def _to_be_unique(file: FileFacts, known: Evidence) -> Iterator[str]:
    """Yield for each new unique index what production's rows must be: the made-up ones are."""
    before = file.watched.before
    for address, each in file.watched.held_after.by_address.items():
        table = before.relations.get(each.whole_address[1])
        made = each.properties.get("definition", "")
        found = _UNIQUE.search(made) if each.kind == "index" else None
        if address in before.objects or not found or not table or known.rows(table.name) == 0:
            continue
        key, null, where = found.groups()
        told = [] if null else [f"({key}) IS NOT NULL"]
        told += [where] if where else []
        condition = f" WHERE {' AND '.join(told)}" if told else ""
        query = f"SELECT {key} FROM {table.name}{condition} GROUP BY {key} HAVING count(*) > 1"  # noqa: S608
        yield f"{each.name} cannot be built unless this finds no row in production: `{query}`"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "\n..."


def _total(parts: Sequence[Range | None]) -> Range | None:
    known = [each for each in parts if each is not None]
    is_least = len(known) < len(parts) or any(each.is_least for each in known)
    total = sum(each.estimate for each in known)
    return Range.around(total, is_least=is_least) if total or not is_least else None


def _shown(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
