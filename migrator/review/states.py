"""Scratch databases in the state before a migration, with rows."""

from __future__ import annotations

import re
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
from migrator.core.reach import routines
from migrator.core.session import Connection, open_connection, open_session
from migrator.core.target import Target
from migrator.review import measure, reach
from migrator.review.catalogue import CatalogueState
from migrator.review.measure import Failure, FileTrace
from migrator.review.selection import Selection
from migrator.rows.demands import Demands, TableDemands, demands
from migrator.rows.filler import Filler
from migrator.server.scratch import Scratch

_WORD = re.compile(r"[\w$]+")
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
        self._needed: dict[str, set[tuple[str, str]]] = {}  # without NULL, by the migration's id
        self._emptied: dict[str, set[str]] = {}  # tables without rows, by the migration's id
        self._later: list[Demands] = []
        paths = sorted((project.sql / "fill").glob("*.sql")) if project.sql else []
        self._fill_files = {path.stem: path for path in paths}  # by the name of the table
        self._corrected: dict[tuple[str, str], TableDemands] = {}  # as of when its file ran
        self._ran: set[Path] = set()
        self._reaching = reach.routines_of(real) if real else set[str]()
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
            self.fill(target, self._selection.remaining[place])
        return target

    def drop(self, target: Target) -> None:
        """Drop a database that is not needed any more: it may be large."""
        self._scratch.drop(str(target.parameters["dbname"]))

    # Files

    def beyond(self, source: SqlFile) -> Failure | None:
        """Return why a file is not run: it reaches beyond the scratch databases."""
        self._reaching = routines(source, self._reaching)
        return reach.first_beyond(source, self._reaching, is_own=self._scratch.is_own)

    def run(self, target: Target, source: SqlFile) -> Failure | None:
        """Run a file; return what failed, or None."""
        if failure := self.beyond(source):
            return failure
        while True:
            failure = measure.run(target, source, self._guard)
            if failure is None or not self._scratch.add_missing_role(str(failure.error)):
                return failure

    def apply(self, target: Target, migration: Migration) -> bool:
        """Run a migration that is not measured; say whether it could be applied."""
        while failure := self.run(target, migration.source):
            if not self.mend(target, migration, failure):
                return False
        return True

    def watch(
        self,
        target: Target,
        observer: Connection,
        source: SqlFile,
        undoes: FileTrace | None = None,
    ) -> FileTrace:
        """Run a file, and record what it does; see `measure.watch`."""
        if failure := self.beyond(source):
            nothing = CatalogueState({}, {})
            return FileTrace(nothing, Catalogue({}), Catalogue({}), failure=failure)
        while True:
            watched = measure.watch(target, observer, source, self._guard, undoes)
            failure = watched.failure
            if failure is None or not self._scratch.add_missing_role(str(failure.error)):
                return watched

    # Rows

    def mend(
        self,
        target: Target,
        migration: Migration,
        failure: Failure | None,
        empty: Collection[str] = (),
    ) -> bool:
        """Take away NULLs, or rows, on which a migration may have failed; say if there were any.

        Args:
            target: The database, in the state before the migration.
            migration: The migration.
            failure: What failed; None if nothing did.
            empty: The tables that have no rows in production.

        """
        if failure is None or not self._makes_rows or not migration.source.transactional:
            return False
        known = self._needed.setdefault(migration.id, set())
        found = self._at_fault(target, failure.error, migration.source, known) - known
        known |= found
        place, emptied = (
            failure.error.diag.table_name,
            self._emptied.setdefault(migration.id, set()),
        )
        hollow = {each for each in empty if _plain(each) == place} - emptied
        emptied |= hollow
        if found or hollow:
            self.fill(target, migration)
        return bool(found or hollow)

    def _at_fault(
        self, target: Target, error: psycopg.Error, source: SqlFile, known: set[tuple[str, str]]
    ) -> set[tuple[str, str]]:
        """Return the columns, as pairs with their table, of whose NULLs an error may tell."""
        with open_session(target).connection as connection:
            tables = demands(connection).tables
        nullable = {
            (name, column)
            for name, table in tables.items()
            for column in table.columns
            if not table.columns[column].not_null
        }
        place, column = error.diag.table_name, error.diag.column_name
        there = {each for each in nullable if _plain(each[0]) == place}
        match error:
            case psycopg.errors.NotNullViolation():
                return {
                    (name, column or "")
                    for name, table in tables.items()
                    if _plain(name) == place and column in table.columns
                }
            case psycopg.errors.CheckViolation():
                return there
            case psycopg.errors.RaiseException() | psycopg.errors.AssertFailure():
                given = {each for each in nullable if any(_is_given(each, e) for e in self._later)}
                words = {*_WORD.findall(source.text.decode())}
                named = {each for each in nullable if each[1].strip('"') in words}
                return given if given - known else named
        return set()

    def fill(
        self, target: Target, following: Migration, sizes: Mapping[str, int] | None = None
    ) -> None:
        """Fill every table up to few rows, and the tables in `sizes` up to their size.

        Args:
            target: The database.
            following: The migration that is applied next.
            sizes: The number of rows of tables that get more.

        """
        if not self._makes_rows:
            return
        with open_session(target).connection as connection:
            wanted = self._wanted(connection)
            larger = {name: size for name, size in (sizes or {}).items() if name in wanted.tables}
            asked = {**dict.fromkeys(wanted.tables, self._small_rows), **larger}
            filler = Filler(connection, wanted, not_null=self._needed.get(following.id, set()))
            self.unfilled = filler.fill(asked)
            corrected = set()
            for name, table in wanted.tables.items():
                at = name, str(target.parameters["dbname"])
                is_other = self._corrected.get(at) != table
                if is_other or filler.grown & {name, *table.leaves}:
                    self._corrected[at] = table
                    corrected |= self._correct(connection, name, asked[name])
            if (
                corrected & self.unfilled.keys()
            ):  # their rows are there now, and others refer to them
                self.unfilled = filler.fill(asked)
            for name in self._emptied.get(following.id, ()):
                connection.execute(f"TRUNCATE {name} CASCADE".encode())

    def _wanted(self, connection: Connection) -> Demands:
        """Return what rows must satisfy, now and after the pending migrations."""
        before = wanted = demands(connection)
        for later in self._later:
            wanted, before = wanted.with_later(later, before=before), later
        return wanted

    def _correct(self, connection: Connection, table: str, rows: int) -> set[str]:
        """Run the set's own sql/fill/TABLE.sql, if there is one; return the table if it ran."""
        path = self._fill_files.get(table.replace('"', ""))
        if path is None:
            return set()
        self._ran.add(path)
        try:
            connection.execute("SELECT set_config('fill.rows', %s, FALSE)", (str(rows),))
            connection.execute(path.read_bytes())
        except psycopg.Error as error:
            note = f"sql/fill/{path.name} failed: {error_text(error)}"
            if note not in self.notes:
                self.notes.append(note)
            return set()
        return {table}

    def write(self, target: Target, after: Migration, tables: Collection[str]) -> None:
        """Write rows as an application would after a migration, into tables that have some."""
        written = {*tables} - self._emptied.get(after.id, set())
        with open_session(target).connection as connection:
            sizes = {
                table: rows + _SINCE
                for table, rows in contents.count(connection).items()
                if table in written
            }
            Filler(connection, self._wanted(connection)).fill(sizes)
            for table, size in sizes.items():
                self._correct(connection, table, size)

    def notes_at_end(self) -> list[str]:
        """Return what a reader of the review should know about the rows."""
        unfit = [
            f"sql/fill/{path.name} was not run: no table has this name"
            for path in self._fill_files.values()
            if path not in self._ran and self._selection.is_whole and self._makes_rows
        ]
        return [*self.notes, *unfit]


def _is_given(column: tuple[str, str], later: Demands) -> bool:
    """Say whether a pending migration forbids NULL in a column."""
    table = later.tables.get(column[0])
    if table is None or column[1] not in table.columns:
        return False
    rules = [rule.text for rule in table.rules if rule.columns == {column[1]}]
    return table.columns[column[1]].not_null or any("IS NOT NULL" in each for each in rules)


def _plain(table: str) -> str:
    """Return a table's name as errors tell it."""
    return table.rpartition(".")[2].strip('"')


def fill_file(table: str) -> str:
    """Return the file of a set that makes or corrects the rows of a table."""
    return "sql/fill/{}.sql".format(table.replace('"', ""))


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
