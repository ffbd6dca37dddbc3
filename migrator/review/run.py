"""Runs a whole review: builds scratch databases, measures each migration, finds problems.

Three passes. The first applies the files without rows, to learn what they will demand of rows. The
second runs each file on a few rows, records what it does, and tests its rollback. The third runs
the files whose work grows with the rows at two sizes, undisturbed, for their time and WAL. Where a
file cannot be applied on the rows, the next one begins in a new database, where it was applied
without any.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date

import psycopg

from migrator.catalogue import contents
from migrator.catalogue.contents import Contents
from migrator.catalogue.objects import Catalogue
from migrator.core import files, leftovers
from migrator.core.files import SqlFile
from migrator.core.project import Project
from migrator.core.session import open_connection
from migrator.core.target import Target
from migrator.lint import squawk
from migrator.review import (
    advice,
    catalogue,
    evidence,
    findings,
    growth,
    locks,
    measure,
    proof,
    selection,
    states,
)
from migrator.review.batched import NoProgress
from migrator.review.evidence import FileFacts, Step
from migrator.review.judge import Measurements, judge
from migrator.review.measure import Failure
from migrator.review.report import Finding, Proof, Report, Sample
from migrator.review.rules import RULES
from migrator.review.selection import Selection
from migrator.review.states import NoState, States
from migrator.server.scratch import Scratch

Say = Callable[[str], None]

_NO_SQUAWK = "squawk is not installed (pip install squawk-cli), so its warnings are missing"


class Review:
    """Measures and judges migrations on scratch databases.

    Args:
        project: The migration set.
        selection: The migrations to review.
        scratch: Where scratch databases are created.
        counts: The number of rows in production by relation; None if unknown.
        say: Called with each line of progress.
        real: A scratch database with the rows of production, in the state before the first of the
            migrations; None to build that state and to make rows up.

    """

    def __init__(
        self,
        project: Project,
        selection: Selection,
        scratch: Scratch,
        *,
        counts: Mapping[str, int] | None,
        say: Say,
        real: Target | None = None,
    ) -> None:
        self._project = project
        self._selection = selection
        self._scratch = scratch
        self._settings = project.settings.review
        self._counts = counts
        self._say = say
        self._real = real
        self._grown: Mapping[str, growth.Growth] = {}
        self.ends: dict[str, Catalogue] = {}  # what a database holds after each migration
        self._notes: list[str] = [*selection.notes]
        if squawk.program() is None:
            self._notes.append(_NO_SQUAWK)
            say(_NO_SQUAWK)

    def run(self, rows_from: str, today: date) -> Report:
        """Measure, judge, and return the report.

        Args:
            rows_from: The file that the counts are from; empty if there is none.
            today: The day of the review, by which allowances end.

        Raises:
            Refused: An earlier migration cannot be applied on the scratch server.

        """
        started = time.monotonic()
        with open_connection(self._scratch.server) as connection:
            version = connection.info.parameter_status("server_version") or ""
        facts: list[Measurements] = []
        if self._selection.reviewed:
            made = States(self._project, self._selection, self._scratch, self._real)
            facts = self._facts(made)
            if self._real is None:
                self._clock(made, facts)
            self._notes += made.notes_at_end()
        return Report(
            server=version.partition(" ")[0],
            sizes=self._settings.sizes if self._real is None else (),
            rows_from=rows_from,
            made_on=today,
            migrations=tuple(
                judge(each, self._counts, self._project.settings, today) for each in facts
            ),
            seconds=round(time.monotonic() - started, 1),
            notes=tuple(self._notes),
            commit=selection.commit(self._project.migrations),
        )

    def _facts(self, made: States) -> list[Measurements]:
        """Measure each migration, in one database as long as each of them can be applied there."""
        found: list[Measurements] = []
        target: Target | None = None
        for place, migration in enumerate(self._selection.remaining):
            is_reviewed = migration.id in self._selection.reviewed
            if is_reviewed:
                found.append(Measurements(migration, files.read(migration.rollback_path)))
            try:
                if target is None:
                    target = made.before(place)
                else:
                    made.fill(target, migration)
            except NoState as none:
                if is_reviewed:
                    found[-1].not_measured.append(_cannot_be_applied(none))
                continue
            if is_reviewed:
                self._say(f"reviewing {migration.id}")
                stands = self._measure(made, target, found[-1])
            else:
                stands = made.apply(target, migration)
            target = target if stands else None
        return found

    def _measure(self, made: States, target: Target, facts: Measurements) -> bool:
        """Run a migration on few rows, record what it does, and test its rollback.

        Returns:
            Whether the database is in the state after the migration.

        """
        source = facts.migration.source
        if failure := made.beyond(source):
            facts.not_measured.append(_where(source, failure))
            return False
        with open_connection(target) as observer:
            observer.prepare_threshold = None  # what it looks at changes from one look to the next
            facts.grown = self._grown
            rows = {**growth.counts(facts.grown, self._counts), **(self._counts or {})}
            empty = {table for table, number in rows.items() if not number}
            while True:
                before, behind = contents.read(observer), catalogue.behind(observer)
                watched = made.watch(target, observer, source)
                if not made.mend(target, facts.migration, watched.failure, empty):
                    break
            present = {name: rows.count for name, rows in before.tables.items()}
            file = facts.file = evidence.facts(source, watched, present, facts.grown)
            if self._real is not None:  # rows that were not found are not there
                file = replace(file, steps=[replace(each, spared=()) for each in file.steps])
            self._grown = growth.made(watched, file.extents, facts.grown)
            if watched.failure:
                if table := _note_failure(facts, watched.failure, before):
                    self._watch_without(table, made, target, facts, watched.failure)
                left = tuple(leftovers.invalid_indexes(observer))
                facts.proof = Proof("not measured", invalid_indexes=left)
                return False
            self.ends[facts.migration.id] = watched.held_after
            facts.major = observer.info.server_version // 10000
            facts.bounds = catalogue.bounds(observer)
            facts.found += findings.of_sequences(
                file.steps, file.holds, behind, catalogue.behind(observer)
            )
            shown = proof.prove(
                made,
                target,
                observer,
                facts.migration,
                rows_before=before,
                watched=watched,
                written_to=_touched(file),
                sample_rows=self._settings.small_rows,
            )
        facts.proof = shown.proof
        facts.file = self._sampled(file, shown.samples)
        if shown.back:
            back = evidence.facts(facts.rollback, shown.back, shown.present, facts.grown, file)
            facts.back = self._sampled(back, shown.back_samples)
        touched = {each.relation for step in file.steps for each in step.work}
        facts.not_measured += [
            f"{table} could not be filled: {made.unfilled[table]}; write its rows in "
            f"{states.fill_file(table)}"
            for table in sorted(touched | {table for step in file.steps for table in step.held})
            if table in made.unfilled and not present.get(table)
        ]
        return shown.stands

    def _watch_without(
        self, table: str, made: States, target: Target, facts: Measurements, failure: Failure
    ) -> None:
        """Run a migration that fails on the rows of a table without them, to know what it makes."""
        source = facts.migration.source
        if not made.mend(target, facts.migration, failure, {table}):
            return
        with open_connection(target) as observer:
            observer.prepare_threshold = None
            watched = made.watch(target, observer, source)
            if not watched.failure:
                present = contents.count(observer)
                facts.without_rows = evidence.facts(source, watched, present, facts.grown)
                facts.major = observer.info.server_version // 10000
                self.ends[facts.migration.id] = watched.held_after

    def _sampled(self, facts: FileFacts, samples: Sequence[Sample]) -> FileFacts:
        """Return the facts with the time and WAL of each statement."""
        if self._real is not None:  # as many rows as in production
            samples = [
                replace(sample, rows=_rows_worked_on(step, facts.present))
                for step, sample in zip(facts.steps, samples, strict=False)
            ]
        return replace(facts, samples=[[each] for each in samples])

    def _clock(self, made: States, found: Sequence[Measurements]) -> None:
        """Run the migrations whose work grows with the rows, at both sizes."""
        growing = {
            each.migration.id: each for each in found if not each.not_measured and _growing(each)
        }
        for each in growing.values():
            each.file = each.file and _at_rest(each.file)
            if each.back and each.back.growing:
                each.back = _at_rest(each.back)
        for size in self._settings.sizes if growing else ():
            self._say(f"timing at {size:,} rows")
            self._clock_at(made, growing, size)

    def _clock_at(self, made: States, growing: Mapping[str, Measurements], size: int) -> None:
        remaining = self._selection.remaining
        last = max(n for n, each in enumerate(remaining, 1) if each.id in growing)
        target: Target | None = None
        sizes: dict[str, int] = {}
        for place, migration in enumerate(remaining[:last]):
            try:
                target = target or made.before(place, is_filled=False)
            except NoState:
                continue  # its own measurement says so
            facts = growing.get(migration.id)
            if facts is None:
                stands = made.apply(target, migration)
            else:
                sizes |= dict.fromkeys(_growing(facts), size)
                made.fill(target, migration, sizes)
                stands = self._clock_one(made, target, facts, size)
            if not stands:
                made.drop(target)
                target = None
        if target is not None:
            made.drop(target)

    def _clock_one(self, made: States, target: Target, facts: Measurements, size: int) -> bool:
        """Measure time and WAL of a migration; say whether it could be applied."""
        file, back = facts.file, facts.back
        assert file is not None  # noqa: S101  it was measured
        timed = _timed(target, facts, file, size)
        if timed is None:
            return False
        facts.file = file.at(timed, file.present, timed.present)
        if back is None or not back.growing:
            return True
        undone = _timed(target, facts, back, size, timed)
        if undone is None:
            return False
        facts.back = back.at(undone, file.present, timed.present)
        return made.run(target, file.source) is None


def _timed(
    target: Target, of: Measurements, file: FileFacts, size: int, undoes: FileFacts | None = None
) -> FileFacts | None:
    """Return the facts about a file, as it runs undisturbed on a database; None if it fails."""
    with open_connection(target) as connection:
        present = contents.count(connection)
    samples, watched = measure.clock(target, file.source, size)
    if watched.failure:
        of.not_measured.append(f"at {size:,} rows: {_where(file.source, watched.failure)}")
        return None
    facts = evidence.facts(file.source, watched, present, of.grown, undoes)
    return replace(facts, samples=[[each] for each in samples])


def _note_failure(facts: Measurements, failure: Failure, before: Contents) -> str:
    """Note why a migration failed; return the table whose rows have no value for a new column."""
    facts.not_measured.append(_where(facts.migration.source, failure))
    if isinstance(failure.error, NoProgress):
        facts.found.append(findings.of_endless_batches(str(failure.error), failure.line, ""))
    table, column = failure.error.diag.table_name, failure.error.diag.column_name
    is_null = isinstance(failure.error, psycopg.errors.NotNullViolation)
    if is_null and table in before.tables and column not in before.tables[table].columns:
        message = f"fails if {table} has rows: {states.in_words(failure)}"
        instead = RULES["fails-on-rows"].instead
        if statement := advice.without_not_null(facts.migration.source, failure.line):
            instead = f"Write `{statement}`, fill it in batches, and then add NOT NULL."
        facts.found.append(Finding("fails-on-rows", message, instead, failure.line, table))
        return table
    return ""


def _rows_worked_on(step: Step, present: Mapping[str, int]) -> int:
    """Return how many rows the tables have with which a statement's work grows, on average."""
    names = {name for work in growth.scaling(step.work) for name in work.grows_with if name}
    return max(sum(present.get(name, 0) for name in names) // max(len(names), 1), 1)


def _growing(facts: Measurements) -> set[str]:
    """Return the tables with whose rows the work of a migration grows, or that of its rollback."""
    return {name for each in (facts.file, facts.back) if each for name in each.growing}


def _at_rest(facts: FileFacts) -> FileFacts:
    """Return the facts without their times, which are measured again."""
    return replace(facts, samples=(), batches=())


def _touched(facts: FileFacts) -> set[str]:
    """Return the tables that a migration made or locked: those that an application would write.

    It does not write a table that has lost its name to another one.
    """
    before, after = facts.watched.before.relations, facts.watched.after.relations
    old = {each.name for each in before.values()}
    names = {each.name for each in after.values()}
    aside = {
        each.name for oid, each in after.items() if oid in before and before[oid].name in names
    }
    strong = locks.strength(locks.SHARE_UPDATE_EXCLUSIVE)
    locked = {
        table
        for step in facts.steps
        for table, mode in step.held.items()
        if locks.strength(mode) >= strong
    }
    return locked | (names - old - aside)


def _cannot_be_applied(none: NoState) -> str:
    where = _where(none.migration.source, none.failure)
    return f"an earlier migration cannot be applied, not even without rows: {where}"


def _where(source: SqlFile, failure: Failure) -> str:
    return f"{source.path.name}:{failure.line}: {states.in_words(failure)}"
