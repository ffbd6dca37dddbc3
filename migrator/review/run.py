"""Runs a whole review: builds scratch databases, measures each migration, finds problems.

Three passes. The first applies the files without rows, to learn what they will demand of rows. The
second runs each file on a few rows, records what it does, and tests its rollback. The third runs
the files whose work grows with the rows at two sizes, undisturbed, for their time and WAL.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import psycopg

from migrator.catalogue import contents
from migrator.catalogue.contents import Contents
from migrator.core import files, leftovers
from migrator.core.errors import Refused
from migrator.core.failure import error_text
from migrator.core.files import Migration, SqlFile
from migrator.core.project import Project
from migrator.core.session import Connection, open_connection, open_session
from migrator.core.target import Target
from migrator.lint import squawk
from migrator.review import evidence, findings, growth, locks, measure, proof
from migrator.review.judge import Measurements, judge
from migrator.review.measure import Failure
from migrator.review.report import Finding, Proof, Report
from migrator.review.selection import Selection
from migrator.rows.demands import Demands, demands
from migrator.rows.filler import Filler
from migrator.server.scratch import Scratch
from migrator.sql import sql

Say = Callable[[str], None]

_MOST_ATTEMPTS = 6
_NOT_NULL = (psycopg.errors.NotNullViolation, psycopg.errors.CheckViolation)
_NO_SQUAWK = "squawk is not installed (pip install squawk-cli), so its warnings are missing"
_SINCE = 50  # rows that are written between a migration and its rollback


class _RowsDoNotFit(Exception):
    """A migration failed on NULLs that rows must not have by then."""

    def __init__(self, columns: Collection[tuple[str, str]]) -> None:
        super().__init__()
        self.columns = columns


class Review:
    """Measures and judges migrations on scratch databases.

    Args:
        project: The migration set.
        selection: The migrations to review.
        scratch: Where scratch databases are created.
        counts: The number of rows in production by relation; None if unknown.
        say: Called with each line of progress.

    """

    def __init__(
        self,
        project: Project,
        selection: Selection,
        scratch: Scratch,
        *,
        counts: Mapping[str, int] | None,
        say: Say,
    ) -> None:
        self._project = project
        self._selection = selection
        self._scratch = scratch
        self._settings = project.settings.review
        self._counts = counts
        self._say = say
        self._later: list[Demands] = []
        self._not_null: set[tuple[str, str]] = set()
        self._unfilled: dict[str, str] = {}
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
            base = self._build()
            self._pilot(base)
            facts = self._facts(base)
            self._clock(base, facts)
        return Report(
            server=version.partition(" ")[0],
            sizes=self._settings.sizes,
            rows_from=rows_from,
            made_on=today,
            migrations=tuple(
                judge(each, self._counts, self._project.settings, today) for each in facts
            ),
            seconds=round(time.monotonic() - started, 1),
            notes=tuple(self._notes),
        )

    @property
    def _remaining(self) -> list[Migration]:
        """The first migration to review, and all after it."""
        everything = self._selection.migrations
        first = next((n for n, m in enumerate(everything) if self._is_reviewed(m)), len(everything))
        return everything[first:]

    def _is_reviewed(self, migration: Migration) -> bool:
        return migration.id in self._selection.reviewed

    def _build(self) -> Target:
        """Apply the migrations before the first one to review, and the seeds that can be loaded."""
        base = self._scratch.create("base")
        remaining = self._remaining
        before = self._selection.migrations[: len(self._selection.migrations) - len(remaining)]
        for migration in before:
            if failure := measure.run(base, migration.source):
                raise _no_state_before(migration, failure)
        if before:
            for seed in files.discover_seeds(self._project.seeds):
                if failure := measure.run(base, seed.source):
                    why = failure.error.diag.message_primary
                    self._notes.append(f"seed {seed.id} could not be loaded yet: {why}")
        return base

    def _pilot(self, base: Target) -> None:
        """Apply the files without rows, to learn what they will demand of rows."""
        pilot = self._scratch.create("pilot", copy_of=base)
        for migration in self._remaining:
            if measure.run(pilot, migration.source):
                return  # it needs rows; the second pass will tell
            with open_connection(pilot) as connection:
                self._later.append(demands(connection))

    def _facts(self, base: Target) -> list[Measurements]:
        for _ in range(_MOST_ATTEMPTS):
            few = self._scratch.create(f"few{len(self._not_null)}", copy_of=base)
            try:
                return self._facts_on(few)
            except _RowsDoNotFit as unfit:
                self._not_null |= {*unfit.columns}
        return self._facts_on(self._scratch.create("few", copy_of=base), is_last=True)

    def _facts_on(self, target: Target, *, is_last: bool = False) -> list[Measurements]:
        with open_connection(target) as observer:
            observer.prepare_threshold = None  # what it looks at changes from one look to the next
            return self._facts_seen_by(observer, target, is_last=is_last)

    def _facts_seen_by(
        self, observer: Connection, target: Target, *, is_last: bool
    ) -> list[Measurements]:
        self._fill(target)
        found: list[Measurements] = []
        for migration in self._remaining:
            if not self._is_reviewed(migration):
                if failure := measure.run(target, migration.source):
                    raise _no_state_before(migration, failure)
                self._fill(target)
                continue
            facts = Measurements(migration, files.read(migration.rollback_path))
            found.append(facts)
            if any(each.not_measured for each in found[:-1]):
                facts.not_measured.append("an earlier migration could not be measured")
                continue
            self._say(f"reviewing {migration.id}")
            self._measure(target, observer, facts, is_last=is_last)
            self._fill(target)
        return found

    def _measure(
        self, target: Target, observer: Connection, facts: Measurements, *, is_last: bool
    ) -> None:
        """Run a migration on few rows, record what it does, and test its rollback."""
        source = facts.migration.source
        before, given = contents.read(observer), _columns(observer)
        facts.present = {name: rows.count for name, rows in before.tables.items()}
        watched = facts.watched = measure.watch(target, observer, source)
        done, facts.extents = growth.works(watched, growth.extents(watched.before, facts.present))
        facts.steps = evidence.steps(watched, done)
        facts.holds = evidence.holds(watched, transactional=source.transactional)
        if watched.failure:
            self._failed(facts, watched.failure, before, is_last=is_last)
            left = tuple(leftovers.invalid_indexes(observer))
            facts.proof = Proof("not measured", invalid_indexes=left)
            return
        facts.required = _must_be_given(given, _columns(observer))
        facts.proof, samples = proof.prove(
            target,
            observer,
            source,
            facts.rollback,
            rows_before=before,
            watched=watched,
            write=lambda: self._write(target, facts),
            sample_rows=self._settings.small_rows,
        )
        if samples:
            facts.samples = [[sample] for sample in samples]
        touched = {each.relation for step in facts.steps for each in step.work}
        facts.not_measured += [
            f"{table} could not be filled: {self._unfilled[table]}"
            for table in sorted(touched | self._locked(facts))
            if table in self._unfilled and not facts.present.get(table)
        ]

    def _failed(
        self, facts: Measurements, failure: Failure, before: Contents, *, is_last: bool
    ) -> None:
        """Note why a migration failed, or ask for rows without the NULLs on which it failed.

        Raises:
            _RowsDoNotFit: Try again, with rows that have no NULL in these columns.

        """
        diagnosis = failure.error.diag
        table, column = diagnosis.table_name or "", diagnosis.column_name
        words = _in_words(facts.migration.source, failure)
        if isinstance(failure.error, _NOT_NULL) and table in before.tables:
            known = before.tables[table].columns
            if column and column not in known:
                message = f"fails if {table} has rows: {error_text(failure.error)}"
                instead = findings.INSTEAD["fails-on-rows"]
                facts.found.append(Finding("fails-on-rows", message, instead, failure.line, table))
                facts.not_measured.append(words)
                return
            columns = {(table, column)} if column else {(table, each) for each in known}
            if not columns <= self._not_null and not is_last:
                raise _RowsDoNotFit(columns)
        facts.not_measured.append(words)

    def _locked(self, facts: Measurements) -> set[str]:
        return {table for step in facts.steps for table in step.held}

    def _clock_one(self, target: Target, facts: Measurements, size: int) -> None:
        source = facts.migration.source
        with open_connection(target) as connection:
            present = contents.count(connection)
        samples, watched = measure.clock(target, source, size)
        if watched.failure:
            why = _in_words(source, watched.failure)
            facts.not_measured.append(f"at {size:,} rows: {why}")
            return
        before = facts.samples or [[] for _ in samples]
        facts.samples = [[*some, sample] for some, sample in zip(before, samples, strict=True)]
        done, _ = growth.works(watched, growth.extents(watched.before, present))
        facts.steps = [
            replace(step, work=growth.fitted(step.work, more.work, facts.present, present))
            for step, more in zip(facts.steps, done, strict=True)
        ]

    def _fill(self, target: Target, sizes: Mapping[str, int] | None = None) -> None:
        """Fill every table up to few rows, and the tables in `sizes` up to their size."""
        with open_session(target).connection as connection:
            wanted = demands(connection)
            for later in self._later:
                wanted = wanted.with_later(later)
            everything = {each.name: self._settings.small_rows for each in wanted.tables.values()}
            filler = Filler(connection, wanted, not_null=self._not_null)
            larger = {table: size for table, size in (sizes or {}).items() if table in everything}
            self._unfilled = filler.fill({**everything, **larger})
            self._correct(connection, wanted)

    def _correct(self, connection: psycopg.Connection[Any], wanted: Demands) -> None:
        """Run the set's own sql/fill/TABLE.sql, for rules on rows that no constraint states."""
        directory = self._project.sql / "fill" if self._project.sql else None
        for path in sorted(directory.glob("*.sql")) if directory else ():
            if path.stem in wanted.tables:
                try:
                    connection.execute(path.read_bytes())
                except psycopg.Error as error:
                    note = f"sql/fill/{path.name} failed: {error_text(error)}"
                    if note not in self._notes:
                        self._notes.append(note)

    def _write(self, target: Target, facts: Measurements) -> None:
        """Write rows as an application would after the migration."""
        watched = facts.watched
        assert watched is not None  # noqa: S101  it was applied
        old = {each.name for each in watched.before.relations.values()}
        strong = locks.strength(locks.SHARE_UPDATE_EXCLUSIVE)
        touched = {
            table
            for step in facts.steps
            for table, mode in step.held.items()
            if locks.strength(mode) >= strong
        }
        new = {each.name for each in watched.after.relations.values()} - old
        with open_session(target).connection as connection:
            wanted = demands(connection)
            sizes = {
                table: rows + _SINCE
                for table, rows in contents.count(connection).items()
                if table in touched | new
            }
            Filler(connection, wanted, not_null=self._not_null).fill(sizes)

    def _clock(self, base: Target, found: list[Measurements]) -> None:
        """Run the migrations whose work grows with the rows, at both sizes."""
        by_id = {each.migration.id: each for each in found}
        growing = {
            each.migration.id: {
                name
                for step in each.steps
                for work in growth.scaling(step.work)
                for name in work.grows_with
                if name
            }
            for each in found
            if not each.not_measured
        }
        last = max(
            (n for n, each in enumerate(self._remaining, 1) if growing.get(each.id)), default=0
        )
        if not last:
            return
        for each in found:
            if growing.get(each.migration.id):
                each.samples = []
        for size in self._settings.sizes:
            self._say(f"timing at {size:,} rows")
            target = self._scratch.create(f"rows{size}", copy_of=base)
            sizes: dict[str, int] = {}
            for migration in self._remaining[:last]:
                tables = growing.get(migration.id)
                if not tables:
                    measure.run(target, migration.source)
                    continue
                sizes |= dict.fromkeys(tables, size)
                self._fill(target, sizes)
                self._clock_one(target, by_id[migration.id], size)
                if by_id[migration.id].not_measured:
                    return
            self._scratch.drop(str(target.parameters["dbname"]))


def _columns(connection: psycopg.Connection[Any]) -> list[tuple[int, int, str, bool]]:
    return connection.execute(sql("review/given").encode()).fetchall()


def _must_be_given(
    before: Sequence[tuple[int, int, str, bool]], after: Sequence[tuple[int, int, str, bool]]
) -> list[str]:
    """Return the new columns of existing tables that every INSERT must give."""
    known = {(table, number) for table, number, *_ in before}
    tables = {table for table, *_ in before}
    return [
        name
        for table, number, name, must_be_given in after
        if must_be_given and table in tables and (table, number) not in known
    ]


def _no_state_before(migration: Migration, failure: Failure) -> Refused:
    return Refused(
        f"{migration.source.path}:{failure.line}: this earlier migration cannot be applied on the "
        f"scratch server: {error_text(failure.error)}",
        hint="Install on the scratch server what the migration needs, or review it, too.",
    )


def _in_words(source: SqlFile, failure: Failure) -> str:
    return f"{source.path.name}:{failure.line}: {error_text(failure.error)}"
