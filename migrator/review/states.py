"""Scratch databases in the state before a migration, with rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import psycopg

from migrator.catalogue import contents
from migrator.catalogue.objects import Catalogue
from migrator.core import files
from migrator.core.errors import Refused
from migrator.core.failure import error_text
from migrator.core.files import Migration, SqlFile
from migrator.core.project import Project
from migrator.core.session import Connection, open_connection, open_session
from migrator.core.target import Target
from migrator.review import measure, reach
from migrator.review.catalogue import CatalogueState
from migrator.review.measure import Failure, FileTrace
from migrator.review.selection import Selection
from migrator.rows.demands import Demands, demands
from migrator.rows.filler import Filler
from migrator.server.scratch import Scratch

_SINCE = 50  # rows that are written between a migration and its rollback


class NoState(Exception):
    """A migration cannot be applied, so there is no state after it."""

    def __init__(self, migration: Migration, failure: Failure) -> None:
        super().__init__()
        self.migration, self.failure = migration, failure


class States:
    """Makes scratch databases in the state before each migration, and runs files on them.

    Args:
        project: The migration set.
        selection: The migrations to review.
        scratch: Where the databases are created.
        real: A scratch database with the rows of production, in the state before the first of the
            migrations; None to build that state and to make rows up.

    """

    def __init__(
        self, project: Project, selection: Selection, scratch: Scratch, real: Target | None
    ) -> None:
        self.notes: list[str] = []
        self.unfilled: dict[str, str] = {}  # why tables have fewer rows than they were to have
        self._project = project
        self._selection = selection
        self._scratch = scratch
        self._guard = reach.guard(is_own=scratch.is_own)
        self._small_rows = project.settings.review.small_rows
        self._not_null: frozenset[tuple[str, str]] = frozenset()
        self._later: list[Demands] = []
        self._fill_files = sorted((project.sql / "fill").glob("*.sql")) if project.sql else []
        self._unfit = {*self._fill_files}
        self._made = 0
        self._makes_rows = real is None
        self._base = self._build(real or scratch.create("base"))
        if self._makes_rows:
            self._look_ahead()

    def _build(self, base: Target) -> Target:
        """Apply the migrations before the first one to review, and the seeds that can be loaded."""
        for migration in self._selection.before:
            if failure := self.run(base, migration.source):
                raise no_state_before(migration, failure)
        if self._selection.before and self._makes_rows:
            for seed in files.discover_seeds(self._project.seeds):
                if failure := self.run(base, seed.source):
                    why = failure.error.diag.message_primary
                    self.notes.append(f"seed {seed.id} could not be loaded yet: {why}")
        self._scratch.keep_roles()
        return base

    def _look_ahead(self) -> None:
        """Apply the files without rows, to learn what they will demand of rows."""
        ahead = self._scratch.create("ahead", copy_of=self._base)
        for migration in self._selection.remaining:
            if self.run(ahead, migration.source):
                return  # it needs rows; that it is reviewed will tell
            with open_connection(ahead) as connection:
                self._later.append(demands(connection))

    def before(self, place: int, *, is_filled: bool = True) -> Target:
        """Return a new database in the state before one of the remaining migrations.

        Args:
            place: Its place among them; those before it are applied without rows.
            is_filled: Whether all tables get few rows.

        Raises:
            NoState: One of those before it cannot be applied.
            Refused: The same, and it is not reviewed.

        """
        self._made += 1
        target = self._scratch.create(f"state{self._made}", copy_of=self._base)
        for migration in self._selection.remaining[:place]:
            if failure := self.run(target, migration.source):
                if migration.id in self._selection.reviewed:
                    raise NoState(migration, failure)
                raise no_state_before(migration, failure)
        if is_filled:
            self.fill(target)
        return target

    def drop(self, target: Target) -> None:
        """Drop a database that is not needed any more: it may be large."""
        self._scratch.drop(str(target.parameters["dbname"]))

    # Files

    def beyond(self, source: SqlFile) -> Failure | None:
        """Return why a file is not run: it reaches beyond the scratch databases."""
        return reach.first_beyond(source, is_own=self._scratch.is_own)

    def run(self, target: Target, source: SqlFile) -> Failure | None:
        """Run a file; return what failed, or None."""
        if failure := self.beyond(source):
            return failure
        while True:
            failure = measure.run(target, source, self._guard)
            if failure is None or not self._scratch.add_missing_role(str(failure.error)):
                return failure

    def watch(
        self,
        target: Target,
        observer: Connection,
        source: SqlFile,
        undoes: FileTrace | None = None,
    ) -> FileTrace:
        """Run a file, and record what it does; see `measure.watch`."""
        if failure := self.beyond(source):
            nothing = CatalogueState({}, {}, {})
            return FileTrace(nothing, Catalogue({}), Catalogue({}), failure=failure)
        while True:
            watched = measure.watch(target, observer, source, self._guard, undoes)
            failure = watched.failure
            if failure is None or not self._scratch.add_missing_role(str(failure.error)):
                return watched

    # Rows

    def avoid_null(self, columns: Collection[tuple[str, str]]) -> bool:
        """Fill columns without NULL from now on; say whether that is new.

        Args:
            columns: Pairs of table and column.

        """
        is_new = not self._not_null.issuperset(columns)
        self._not_null |= {*columns}
        return is_new

    def fill(self, target: Target, sizes: Mapping[str, int] | None = None) -> None:
        """Fill every table up to few rows, and the tables in `sizes` up to their size."""
        if not self._makes_rows:
            return
        with open_session(target).connection as connection:
            before = wanted = demands(connection)
            for later in self._later:
                wanted, before = wanted.with_later(later, before=before), later
            everything = dict.fromkeys(wanted.tables, self._small_rows)
            larger = {table: size for table, size in (sizes or {}).items() if table in everything}
            filler = Filler(connection, wanted, not_null=self._not_null)
            self.unfilled = filler.fill({**everything, **larger})
            for path in self._fill_files:
                if path.stem in {name.replace('"', "") for name in wanted.tables}:
                    self._unfit.discard(path)
                    self._correct(connection, path)

    def _correct(self, connection: Connection, path: Path) -> None:
        """Run the set's own sql/fill/TABLE.sql, for rules on rows that no constraint states."""
        try:
            connection.execute(path.read_bytes())
        except psycopg.Error as error:
            note = f"sql/fill/{path.name} failed: {error_text(error)}"
            if note not in self.notes:
                self.notes.append(note)

    def write(self, target: Target, tables: Collection[str]) -> None:
        """Write rows as an application would after a migration."""
        with open_session(target).connection as connection:
            sizes = {
                table: rows + _SINCE
                for table, rows in contents.count(connection).items()
                if table in tables
            }
            Filler(connection, demands(connection), not_null=self._not_null).fill(sizes)

    def notes_at_end(self) -> list[str]:
        """Return what a reader of the review should know about the rows."""
        unfit = [
            f"sql/fill/{path.name} was not run: no table has this name"
            for path in sorted(self._unfit)
            if self._selection.is_whole and self._makes_rows
        ]
        return [*self.notes, *unfit]


def no_state_before(migration: Migration, failure: Failure) -> Refused:
    """Return the error of a migration that is not reviewed and cannot be applied."""
    return Refused(
        f"{migration.source.path}:{failure.line}: this earlier migration cannot be applied on the "
        f"scratch server: {error_text(failure.error)}",
        hint="Give a server that has what the migration needs (--scratch URL), or the programs of "
        "one (MIGRATOR_PG_BIN=DIRECTORY).",
    )


def in_words(failure: Failure) -> str:
    """Return why a file failed, and what helps if the server lacks an extension."""
    text = error_text(failure.error)
    if "extension" in text and "is not available" in text:
        text += (
            "; give a server that has it with --scratch URL, or the programs of one with "
            "MIGRATOR_PG_BIN=DIRECTORY"
        )
    return text
