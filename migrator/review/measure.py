"""Runs a file statement by statement on a scratch database, and records what each one does.

Two sessions: the subject runs the file, the observer reads the subject's locks. In a transaction
every lock stays until COMMIT, so a reading after each statement is complete. A statement outside a
transaction may take and release its locks within microseconds, so gates pause it (see `gate`).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import psycopg

from migrator.catalogue import objects
from migrator.catalogue.objects import Address, Catalogue, Object
from migrator.core import sqltext
from migrator.core.files import SqlFile
from migrator.core.session import Connection, open_session
from migrator.core.target import Target
from migrator.review import catalogue, gate, locks, targets
from migrator.review.batched import Batches, BatchRun, wal_position
from migrator.review.catalogue import CatalogueState
from migrator.review.code import REACHED, RUNS_CODE, Code
from migrator.review.report import Sample
from migrator.review.targets import Writes

_MANY = 500  # statements; looking at each one takes some milliseconds
# PostgreSQL counts the rows of parallel workers later, and not for this session.
_SETTINGS = """\
SET max_parallel_workers_per_gather TO 0;
SET max_parallel_maintenance_workers TO 0;"""
# A foreign table leads to another server.
_NO_FOREIGN_ROWS = """\
SELECT set_config('restrict_nonsystem_relation_kind', 'foreign-table', FALSE)
WHERE current_setting('restrict_nonsystem_relation_kind', TRUE) IS NOT NULL"""
_TELLING = re.compile(
    r"rewriting table|verifying table|building index|existing constraints on|"
    r"validating foreign key|rehashing catalog|will create implicit|drop cascades to|" + REACHED
)
# These commands change no object that was there, or none that an application would miss.
_CHANGES_NOTHING = {"COMMENT", "INSERT", "UPDATE", "DELETE", "MERGE", "SET"}
# CREATE of one of these changes what others may do, under whatever lock.
_INTERFERES = {"EVENT", "POLICY", "PUBLICATION", "REPLACE", "RULE"}
_VERIFYING = re.compile(r'(?:verifying|rewriting) table "(.*)"')


Guard = Callable[[psycopg.Connection[Any]], None]


def _nothing(_: object) -> None:
    """Keep nothing from being committed."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A statement, or a COMMIT, that failed.

    Args:
        line: The line where it begins, from 1.
        error: The server's error.

    """

    line: int
    error: psycopg.Error


@dataclass(frozen=True, slots=True)
class Part:
    """A statement of a file.

    Args:
        line: The line where it begins, from 1.
        end_line: The line where it ends.
        text: Its SQL.
        words: Its first words, in upper case, as `sqltext` returns them.

    """

    line: int
    end_line: int
    text: str
    words: tuple[str, ...]

    @property
    def text_bytes(self) -> bytes:
        """Its SQL as it is sent."""
        return self.text.encode()

    @property
    def is_setting(self) -> bool:
        """Whether it is SET: no query may stand before SET TRANSACTION, not even the review's."""
        return self.words[:1] == ("SET",) and self.words[1:2] != ("CONSTRAINTS",)


@dataclass(frozen=True, slots=True)
class Trace:
    """What was recorded about one statement.

    Args:
        part: The statement.
        locks: The modes of the locks held on each relation after it, by oid.
        brief: Of these, what a statement outside a transaction held for a moment, before or after
            its work.
        before: The catalogue before it.
        after: The catalogue after it.
        said: The messages of PostgreSQL.
        lock_timeout_ms: The lock_timeout after the statement; 0 means no limit.
        transactions: In how many transactions it ran: more than one if it commits batches.
        writes: What the planner tells of the rows that it writes; None if it is no such statement.
        code: The code that it ran; None if it runs none.
        not_reached: What EXECUTE in that code would have run, in branches that were not taken.

    """

    part: Part
    locks: gate.Locks
    brief: gate.Locks
    before: CatalogueState
    after: CatalogueState
    said: tuple[str, ...]
    lock_timeout_ms: int
    transactions: int = 1
    writes: Writes | None = None
    code: Code | None = None
    not_reached: tuple[str, ...] = ()

    @property
    def verified(self) -> set[str]:
        """The tables, without their schema, that PostgreSQL says it read completely."""
        return {match[1] for each in self.said if (match := _VERIFYING.search(each))}


@dataclass(slots=True)
class FileTrace:
    """What was recorded about a file, up to its first failure.

    Args:
        before: The catalogue before it.
        held_before: What the database held before it.
        held_after: What it held after it; the same, if nothing was read yet.
        seen: The traces of its statements; of one that is run in batches, that of the first.
        failure: The statement that failed; None if none did.
        batches: What its batches did, if it has any.

    """

    before: CatalogueState
    held_before: Catalogue
    held_after: Catalogue
    seen: list[Trace] = field(default_factory=list)
    failure: Failure | None = None
    batches: list[BatchRun] = field(default_factory=list)

    @property
    def after(self) -> CatalogueState:
        """The catalogue after the last statement."""
        return self.seen[-1].after if self.seen else self.before


def parts(source: SqlFile) -> Iterator[Part]:
    """Yield a file's statements; if they are very many, runs of the same command as one part."""
    statements = list(sqltext.statements(source.text))
    runs = [[each] for each in statements]
    if len(statements) > _MANY:
        alike = groupby(statements, key=lambda each: each.words[:1])
        runs = [list(run) for _, run in alike]
    line, position = 1, 0
    for run in runs:
        start, end = run[0].start, run[-1].end
        line += source.text.count(b"\n", position, start)
        end_line = line + source.text.count(b"\n", start, end)
        yield Part(line, end_line, source.text[start:end].decode(), run[0].words)
        line, position = end_line, end


def run(target: Target, source: SqlFile, guard: Guard = _nothing) -> Failure | None:
    """Run a file as the runner does, without recording; return what failed, or None.

    Args:
        target: A scratch database.
        source: The file.
        guard: Called before COMMIT; it raises a psycopg.Error if the file must not be committed.

    """
    with _subject(target) as connection:
        return _run(
            connection, source, lambda part: connection.execute(part.text_bytes), guard=guard
        )


def watch(
    target: Target,
    observer: Connection,
    source: SqlFile,
    guard: Guard = _nothing,
    undoes: FileTrace | None = None,
) -> FileTrace:
    """Run a file and record what each statement does.

    Args:
        target: A scratch database with rows.
        observer: A connection to it, on which nothing else is done.
        source: The file. It is committed unless one of its statements fails.
        guard: As of `run`.
        undoes: What was recorded about the migration just before, if the file is its rollback;
            then it is not read after each statement what the database holds.

    """
    with _subject(target) as connection:
        watcher = _Watcher(target, connection, observer, source, undoes)
        watched = watcher.trace
        run, after = watcher.run, watcher.record
        watched.failure = _run(connection, source, run, after, guard=guard, batches=watched.batches)
        watched.held_after = watcher.held()
        return watched


class _Watcher:
    """Runs the statements of a file, and records what each of them does; see `watch`."""

    def __init__(
        self,
        target: Target,
        connection: psycopg.Connection[Any],
        observer: Connection,
        source: SqlFile,
        undoes: FileTrace | None,
    ) -> None:
        self._connection = connection
        self._observer = observer
        self._reads_objects = undoes is None
        self._is_one = _is_one_transaction(source)
        self._reader = connection if self._is_one else observer
        self._said: list[str] = []
        connection.add_notice_handler(lambda notice: self._said.extend(_told(notice)))
        held = undoes.held_after if undoes else objects.read(observer)
        if not self._is_one:  # what the observer itself has read before is not the file's
            observer.execute("SELECT pg_stat_force_next_flush()")
        before = self._state(held.by_address)
        self.trace = FileTrace(before, held, held)
        self._held: Catalogue | None = None  # after the last statement, if known
        self._gates = gate.Gates(target, connection, observer, before)
        self._transactions = 1
        self._code: Code | None = None

    def _state(
        self, known: Mapping[Address, Object], start: CatalogueState | None = None
    ) -> CatalogueState:
        return catalogue.read(self._reader, committed=not self._is_one, known=known, start=start)

    def _objects(self) -> Mapping[Address, Object]:
        """Return what the database holds, with the functions that the file itself has made."""
        has_made = any(each.part.words[0] == "CREATE" for each in self.trace.seen)
        return objects.read(self._reader).by_address if has_made else self.trace.after.objects

    def held(self) -> Catalogue:
        """Return what the database holds after the file."""
        if self._held and not self.trace.failure:
            return self._held
        return objects.read(self._observer)

    def run(self, part: Part) -> psycopg.Cursor[Any] | None:
        """Run a statement, paused at its locks if it is outside a transaction."""
        self._connection.execute("SET client_min_messages TO debug1")
        runs_code = part.words[0] in RUNS_CODE
        self._code = Code(part.text, self._objects()) if runs_code else None
        marked = self._code.marked(self._connection) if self._code else nullcontext(part.text)
        with marked as text:
            self._said.clear()
            if self._is_one:
                return self._connection.execute(text.encode())
            before = _transaction(self._connection)
            try:
                self._gates.run(text.encode())
                self._transactions = _transaction(self._connection) - before - 1
            except psycopg.Error:
                self.record(part)  # what it did before its failure remains
                raise
            return None

    def record(self, part: Part) -> None:
        """Record what a statement did."""
        held, watched, code = self._gates.locks, self.trace, self._code
        if self._is_one:
            pid = self._connection.info.backend_pid
            held = gate.by_relation(gate.held(self._observer, pid)[0])
        else:
            self._connection.execute("SELECT pg_stat_force_next_flush()")
        had = watched.seen[-1].locks if watched.seen and self._is_one else {}
        now = watched.after
        if not part.is_setting:
            has_lost = bool(watched.before.objects.keys() - now.objects.keys())
            may_change = has_lost or _may_change(part, had, held)
            is_read = self._reads_objects and may_change
            self._held = objects.read(self._reader) if is_read else None
            known = self._held.by_address if self._held else now.objects
            now = self._state(known, watched.before)
        ((shown,),) = self._connection.execute("SHOW lock_timeout").fetchall()
        timeouts = [*map(_milliseconds, [shown, *(code.lock_timeouts if code else ())])]
        is_write = part.words[0] in targets.WRITES
        trace = Trace(
            part,
            held,
            self._gates.brief,
            watched.after,
            now,
            (*(each for each in self._said if not each.startswith(REACHED)),),
            min(timeouts) and max(timeouts),  # 0 is the longest
            self._transactions,
            targets.writes(self._connection, part.text_bytes) if is_write else None,
            code,
            (*code.not_reached(self._said),) if code else (),
        )
        watched.seen.append(trace)
        self._said.clear()


def clock(target: Target, source: SqlFile, rows: int) -> tuple[list[Sample], FileTrace]:
    """Run a file undisturbed, and measure each statement's time and WAL.

    Args:
        target: A scratch database with rows.
        source: The file. It is committed unless one of its statements fails.
        rows: How many rows its tables were filled with.

    Returns:
        The samples; and the traces of the statements, without their locks.

    """
    samples: list[Sample] = []
    with _subject(target) as connection:
        committed = not _is_one_transaction(source)
        transactions = 1

        def look() -> CatalogueState:
            if committed:
                connection.execute("SELECT pg_stat_force_next_flush()")
            return catalogue.read(connection, committed=committed, known={})

        def execute(part: Part) -> psycopg.Cursor[Any]:
            nonlocal transactions
            before = 0 if part.is_setting else wal_position(connection)
            number = _transaction(connection) if committed else 0
            started = time.perf_counter()
            cursor = connection.execute(part.text_bytes)
            ms = (time.perf_counter() - started) * 1000
            transactions = _transaction(connection) - number - 1 if committed else 1
            wal_bytes = 0 if part.is_setting else wal_position(connection) - before
            samples.append(Sample(rows, ms, wal_bytes))
            return cursor

        def after(part: Part) -> None:
            now = watched.after if part.is_setting else look()
            watched.seen.append(Trace(part, {}, {}, watched.after, now, (), 0, transactions))

        watched = FileTrace(look(), Catalogue({}), Catalogue({}))
        watched.failure = _run(connection, source, execute, after, batches=watched.batches)
    return samples, watched


def _is_one_transaction(source: SqlFile) -> bool:
    """Say whether a file runs in a transaction, or each batch: locks stay until COMMIT."""
    return source.transactional or source.batch is not None


def _subject(target: Target) -> psycopg.Connection[Any]:
    connection = open_session(target).connection
    connection.prepare_threshold = None
    connection.execute(_SETTINGS.encode())
    connection.execute(_NO_FOREIGN_ROWS)
    with suppress(psycopg.errors.InsufficientPrivilege):
        connection.execute("SET lc_messages TO 'C'")  # its messages are matched by their words
    return connection


def _run(
    connection: psycopg.Connection[Any],
    source: SqlFile,
    execute: Callable[[Part], psycopg.Cursor[Any] | None],
    after: Callable[[Part], None] = lambda _: None,
    *,
    guard: Guard = _nothing,
    batches: list[BatchRun] | None = None,
) -> Failure | None:
    line = 1
    try:
        if source.transactional:
            connection.execute("BEGIN")
        for part in parts(source):
            line = part.line
            of_file = Batches(connection, source) if source.batch else None
            if of_file:
                of_file.begin()
            cursor = execute(part)
            after(part)
            if of_file and cursor:
                made = of_file.finish(cursor, lambda: guard(connection))
                if batches is not None:
                    batches.append(made)
        if source.transactional:
            guard(connection)
            connection.execute("COMMIT")
    except psycopg.Error as error:
        if not connection.closed:
            connection.execute("ROLLBACK")
        return Failure(line, error)
    return None


def _milliseconds(shown: str) -> int:
    """Return a time as SHOW writes it, such as 2s."""
    units = {"ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
    number, unit = re.fullmatch(r"(\d+) ?([a-z]*)", shown).groups()  # type: ignore[union-attr]
    return int(number) * units.get(unit, 1)


def _transaction(connection: psycopg.Connection[Any]) -> int:
    """Return the number of a session's transaction: each of its transactions gets the next one."""
    ((number,),) = connection.execute(
        "SELECT split_part(virtualtransaction, '/', 2)::bigint FROM pg_locks "
        "WHERE pid = pg_backend_pid() LIMIT 1"
    ).fetchall()
    return int(number)


def _told(notice: psycopg.errors.Diagnostic) -> list[str]:
    text = notice.message_primary or ""
    if notice.severity_nonlocalized == "DEBUG" and not _TELLING.search(text):
        return []
    return [text, *(notice.message_detail or "").splitlines()]


def _may_change(
    part: Part, had: Mapping[int, frozenset[str]], held: Mapping[int, frozenset[str]]
) -> bool:
    """Say whether a statement may have changed objects that were there before it."""
    if part.words[0] == "CREATE" and not _INTERFERES & {*part.words[1:4]}:
        new = (mode for oid, modes in held.items() for mode in modes - had.get(oid, frozenset()))
        return any(locks.blocks_writes(mode) for mode in new)
    return part.words[0] not in _CHANGES_NOTHING
