"""Runs the statement of a file in batches, each in a transaction of its own with its progress.

The last batch finds no row, in REPEATABLE READ: there, PostgreSQL does not pass over what another
session changes meanwhile, as READ COMMITTED may. Its transaction records the file.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import psycopg
from psycopg import sql as composing

from migrator.core import batch, progress, sqltext
from migrator.core.engine import (
    BEGIN,
    Backend,
    LockReleased,
    RawMigration,
    StatementError,
    TransactionEnded,
)
from migrator.core.errors import Failed, Refused
from migrator.core.failure import ended_transaction, error_text, failed, released_lock
from migrator.core.load import Load, is_waited_for
from migrator.core.progress import BatchProgress, Tell
from migrator.core.session import Limits
from migrator.core.waits import Watch
from migrator.sql import sql

_T = TypeVar("_T")
_ON_ROWS = (psycopg.errors.DeadlockDetected, psycopg.errors.LockNotAvailable)
_RETRIED = (*_ON_ROWS, psycopg.errors.SerializationFailure)
_LOCK_TIMEOUT_MS = 1_000  # while a batch waits, others wait for the rows that it has locked
_LONGEST_BACKOFF_S = 5.0
_ALL = 2**31 - 1
_COLUMNS = ("batch_after", "batch_rows")  # of a statement that walks along a key
_MOST_SLOWER, _MOST_FASTER, _WELL_ENOUGH = 0.25, 2.0, 0.2
_TOO_SLOW = 0.5  # with more rows than before: the planner may have begun to read the whole table
_TRIED_AGAIN = 100  # batches later, and each time after twice as many
_KEYS = 500_000  # that are compared: of older ones only the number
_STATISTICS_S = 1.5  # sessions tell what they deleted after a second
_AGAIN = "Correct the cause and run the same command again: it goes on from there."
_SETTLE = (
    "Correct the file, `settle {id} --as pending`, and run it on the rows that are left: see "
    "docs/writing-migrations.md#changes-in-batches."
)


@dataclass(frozen=True, slots=True)
class _Forecast:
    """What the planner says of a statement.

    Args:
        rows: About how many rows are left to take.
        updated: The tables that it updates: schema and name.
        writes: The kinds of its writes: Update, Delete, Insert, Merge.

    """

    rows: int
    updated: tuple[composing.Identifier, ...]
    writes: frozenset[str]

    @classmethod
    def of(cls, plan: dict[str, Any]) -> _Forecast:
        """Read a plan, as EXPLAIN gives it."""
        writes = [each for each in nodes(plan) if each["Node Type"] == "ModifyTable"]
        inputs = [each["Plans"][-1]["Plan Rows"] for each in writes if each.get("Plans")]
        return cls(
            max(inputs, default=plan["Plan Rows"]),
            tuple(
                composing.Identifier(each["Schema"], each["Relation Name"])
                for each in writes
                if each["Operation"] == "Update"
            ),
            frozenset(each["Operation"] for each in writes),
        )


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the nodes of a plan, as EXPLAIN gives it, each before those below it."""
    yield plan
    for each in plan.get("Plans", ()):
        yield from nodes(each)


@dataclass(frozen=True, slots=True)
class Taken:
    """What a batch has taken.

    Args:
        rows: How many rows.
        keys: Their keys, or the last one if it walks along a key; none if it found nothing.
        after: Where the next batch begins, if it walks along a key and has found something.

    """

    rows: int = 0
    keys: Sequence[bytes] = ()
    after: str | None = None

    @classmethod
    def of(cls, cursor: psycopg.Cursor[Any], *, is_by_key: bool) -> Taken:
        """Read what the statement of a batch returned.

        Raises:
            ValueError: It does not tell what it took: what it must do.

        """
        result = cursor.pgresult
        columns = [each.name for each in cursor.description or ()]
        if result is None or not columns:
            raise ValueError("must return the key of each row that it changed")
        if not is_by_key:
            keys = [result.get_value(row, 0) or b"" for row in range(result.ntuples)]
            return cls(len(keys), keys)
        if not {*_COLUMNS} <= {*columns} or result.ntuples > 1:
            raise ValueError(f"must return at most one row, with {' and '.join(_COLUMNS)}")
        if not result.ntuples:
            return cls()
        key, rows = (result.get_value(0, columns.index(each)) for each in _COLUMNS)
        return cls() if key is None else cls(int(rows or 0), [key], key.decode())


class BatchApplier:
    """Runs the batches of one file.

    Args:
        migration: The migration, with the file to run.
        backend: The engine, on the session that holds the lock.
        say: Called with each retry and each wait.
        limits: How long to wait, and when to end.
        watch: Finds out for whom a statement waits.
        tell: Called with the progress after each batch, and in the end with None.

    """

    def __init__(
        self,
        migration: RawMigration,
        *,
        backend: Backend,
        say: Callable[[str], None],
        limits: Limits,
        watch: Watch,
        tell: Tell,
    ) -> None:
        assert migration.file.batch is not None  # noqa: S101  the caller has asked
        self._backend, self._connection = backend, backend.session.connection
        self._aloud, self._limits, self._watch, self._tell = say, limits, watch, tell
        self._migration, self._file, self._batch = migration, migration.file, migration.file.batch
        (statement,) = sqltext.statements(self._file.text)
        self._is_by_key = batch.is_by_key(self._file.text, statement)
        self._lock_timeout_ms = min(limits.lock_timeout_ms or _LOCK_TIMEOUT_MS, _LOCK_TIMEOUT_MS)
        self._size = self._batch.rows
        self._largest = batch.LARGEST * self._batch.rows
        self._good = 0  # the rows of the last batch that was quick enough
        self._next_try, self._patience = 0, _TRIED_AGAIN  # in batches
        self._pause_s = 0.0
        self._is_last = False  # whether the next batch is to find nothing
        self._is_recorded = False
        self._updated: tuple[composing.Identifier, ...] = ()
        self._allowed = 0.0  # how many rows may be updated before they are counted
        self._keys: set[int] = set()  # hashes of the keys of the last batches
        self._kept: deque[set[int]] = deque()

    def apply(self, direction: str, record: Callable[[], str]) -> None:
        """Run the batches from where they ended, and record the file.

        Args:
            direction: `apply` or `rollback`.
            record: Returns the statements that record the file, once its last batch has run.

        Raises:
            Refused: The file was edited after its first batch, or could run for ever.
            Failed: A batch failed; those before it stay, and the next run goes on from there.
            Paused: The time for batches is over, or somebody asked for a pause.

        """
        self._at = self._begin(direction)
        query = self._backend.recorder.batch_load(self._at.id)
        load = Load(self._connection, query, self._limits, self._say)
        began, rows_before = time.monotonic(), self._at.rows_done
        try:
            while not self._is_recorded:
                load.wait(self._at, self._pause_s)
                self._patiently(partial(self._take, record))
                rate = (self._at.rows_done - rows_before) / (time.monotonic() - began)
                self._at = replace(self._at, rows_per_second=rate)
                self._tell(self._at)
        finally:
            self._tell(None)

    def _say(self, line: str) -> None:
        self._tell(None)
        self._aloud(line)

    def _begin(self, direction: str) -> BatchProgress:
        """Find where to go on, and record that this session does."""
        if self._backend.session.citus is not None:
            raise Refused(
                f"{self._file.path}: batches are not run on a Citus cluster.",
                hint="Let the application change the rows.",
            )
        name, recorder = self._migration.id, self._backend.recorder
        found = self._found()
        if found and found.checksum != self._file.checksum:
            if found.batches:
                raise Refused(
                    f"{self._file.path}: was edited after its first batch.",
                    state=f"{found.stays} Nothing was changed now.",
                    hint="Restore the text and run the command again. Or, if the new text is right "
                    f"for the rows that are left, `settle {name} --as pending` and run it.",
                )
            self._backend.execute(recorder.ended(name))
            found = None
        if found:
            self._size = found.batch_rows
            self._say(f"{name}: goes on after {found.words}")
        after = found.batch_after if found else self._batch.after
        forecast = self._patiently(partial(self._forecast, after or ""))
        self._refuse_endless(forecast)
        self._updated = forecast.updated
        estimated, deleted = self._tables()
        self._allowed = estimated / 2
        start = recorder.started(self._migration.recorded, self._file, direction)
        start += recorder.batches_started(
            name, expected=forecast.rows, batch_rows=self._size, batch_after=after, deleted=deleted
        )
        self._backend.run(f"BEGIN; {start} COMMIT;".encode())
        return self._found() or self._lost()

    def _found(self) -> BatchProgress | None:
        every = progress.read_all(self._connection)
        return next((each for each in every if each.id == self._migration.id), None)

    def _lost(self) -> BatchProgress:
        raise Failed(
            f"{self._file.path}: another session has removed its progress from schema yoyo.",
            hint="`status` shows what is applied.",
        )

    def _forecast(self, after: str) -> _Forecast:
        prefix = f"{self._prefix('read committed', _ALL, after)}EXPLAIN (VERBOSE, FORMAT JSON) "
        ((plan,),) = self._execute(prefix).fetchall()
        self._backend.rollback()
        return _Forecast.of(plan[0]["Plan"])

    def _refuse_endless(self, forecast: _Forecast) -> None:
        """Refuse what cannot be seen to have an end."""
        if not self._is_by_key and not forecast.writes & {"Update", "Delete"}:
            raise Refused(
                f"{self._file.path}: what only adds rows finds the same rows again.",
                hint="Walk along a key: see docs/writing-migrations.md#changes-in-batches.",
            )

    def _prefix(self, isolation: str, rows: int, after: str) -> str:
        return BEGIN.decode() + self._backend.recorder.batch_settings(
            isolation=isolation,
            rows=str(rows),
            after=after,
            lock_timeout=f"{self._lock_timeout_ms}ms",
        )

    def _execute(self, prefix: str) -> psycopg.Cursor[Any]:
        """Run the statement after others, in one message; return its own result."""
        try:
            cursor = self._connection.execute(prefix.encode() + self._file.text)
        except psycopg.Error as error:
            if error.sqlstate is None:  # the connection was lost
                raise
            place = error.diag.statement_position
            offset = int(place) - 1 - len(prefix) if place is not None else None
            raise StatementError(error, 0, offset) from error
        while cursor.nextset():
            pass
        return cursor

    def _take(self, record: Callable[[], str]) -> None:
        """Run one batch, and commit it with its progress."""
        if not self._is_by_key and self._at.rows_done + self._size > self._allowed:
            self._allowed = self._countable()
        began = time.monotonic()
        isolation = "repeatable read" if self._is_last else "read committed"
        cursor = self._execute(self._prefix(isolation, self._size, self._at.batch_after or ""))
        try:
            taken = Taken.of(cursor, is_by_key=self._is_by_key)
        except ValueError as error:
            raise self._without_progress(str(error)) from None
        took_ms = round((time.monotonic() - began) * 1000)
        worked_ms = self._at.worked_ms + took_ms
        if not taken.keys and self._is_last:
            self._migration.ran(min(worked_ms, _ALL))
            self._backend.end_file(record() + self._backend.recorder.ended(self._at.id))
            self._is_recorded = True
            return
        self._pause_s, is_full = 0.0, taken.rows >= self._size
        if taken.keys:
            self._refuse_repetition(taken)
            self._resize(took_ms, is_waited_for=is_waited_for(self._connection))
            self._backend.end_file(
                self._backend.recorder.batch_taken(
                    self._at.id,
                    rows=taken.rows,
                    batch_rows=self._size,
                    batch_after=taken.after,
                    worked_ms=took_ms,
                )
            )
            self._remember(taken.keys)
            self._at = replace(
                self._at,
                rows_done=self._at.rows_done + taken.rows,
                batches=self._at.batches + 1,
                batch_after=taken.after,
                worked_ms=worked_ms,
            )
        else:
            self._backend.rollback()
        self._is_last = not is_full

    def _resize(self, took_ms: int, *, is_waited_for: bool) -> None:
        """Make the next batch larger or smaller, by the time that this one took."""
        factor = self._batch.target_ms / max(took_ms, 1)
        factor = min(max(factor, _MOST_SLOWER), _MOST_FASTER)
        self._pause_s = self._batch.pause_ms / 1000
        if is_waited_for:
            factor = min(factor, 0.5)
            self._pause_s = max(self._pause_s, took_ms / 1000)
        elif factor < _TOO_SLOW and 0 < self._good < self._size:
            self._size = self._largest = self._good
            self._next_try = self._at.batches + self._patience
            self._patience *= 2
            return
        elif factor > 1 - _WELL_ENOUGH:
            self._good = self._size
        if self._at.batches >= self._next_try:
            self._largest = batch.LARGEST * self._batch.rows
        if abs(factor - 1) > _WELL_ENOUGH:
            self._size = min(max(1, round(self._size * factor)), self._largest)

    def _refuse_repetition(self, taken: Taken) -> None:
        """Refuse a batch that finds again what was found before."""
        done = self._at.rows_done + taken.rows
        for key in taken.keys:
            if hash(key) in self._keys:
                raise self._without_progress(f"found the key {key.decode()!r} again")
        if not self._is_by_key and done > self._allowed:
            self._allowed = self._countable()
            if done > self._allowed:
                time.sleep(_STATISTICS_S)
                self._allowed = self._countable()
            if done > self._allowed:
                raise self._without_progress(
                    f"has taken {done:,} rows, and its tables have {self._allowed:,.0f}"
                )

    def _remember(self, keys: Sequence[bytes]) -> None:
        """Keep the keys of a committed batch; rows that were deleted are not found again."""
        if self._is_by_key or self._updated:
            self._kept.append({*map(hash, keys)})
            self._keys |= self._kept[-1]
            while len(self._keys) > _KEYS:
                self._keys -= self._kept.popleft()

    def _without_progress(self, why: str) -> Failed:
        return Failed(
            f"{self._file.path}: {why}.",
            state=f"The last batch was rolled back. {self._at.stays}",
            hint=_SETTLE.format(id=self._at.id),
        )

    def _countable(self) -> float:
        """Return how many rows UPDATEs can have taken if none took any twice."""
        if not self._updated:
            return float("inf")
        counts = [composing.SQL("(SELECT count(*) FROM {})").format(each) for each in self._updated]
        query = composing.SQL("SELECT {}").format(composing.SQL(" + ").join(counts))
        try:
            ((count,),) = self._connection.execute(query).fetchall()
        except psycopg.errors.LockNotAvailable as error:
            raise StatementError(error, 0, None) from error
        _, deleted = self._tables()
        before = self._at.deleted_before
        return float(count + (deleted - before if deleted >= before else deleted + count))

    def _tables(self) -> tuple[int, int]:
        """Return about how many rows the updated tables have, and how many were ever deleted."""
        names = [each.as_string(self._connection) for each in self._updated]
        self._connection.execute("SELECT pg_stat_clear_snapshot()")
        rows = self._connection.execute(sql("core/batch_tables"), {"tables": names})
        ((estimated, deleted),) = rows.fetchall()
        return estimated, deleted

    def _patiently(self, run: Callable[[], _T]) -> _T:
        """Run a transaction, and again if others hold what it needs, with fewer rows."""
        began = time.monotonic()
        attempt = 0
        while True:
            attempt += 1
            try:
                name, timeout_ms = self._file.path.name, self._lock_timeout_ms
                with self._watch.over(name, lock_timeout_ms=timeout_ms):
                    return run()
            except TransactionEnded as ended:
                raise ended_transaction(self._file) from ended
            except LockReleased as released:
                self._backend.rollback()
                raise released_lock(self._file, self._at.stays) from released
            except StatementError as failure:
                self._backend.rollback()
                if self._connection.closed:
                    raise failure.error from failure
                has_time = (time.monotonic() - began) * 1000 < self._limits.online_wait_ms
                if not isinstance(failure.error, _RETRIED) or not has_time:
                    raise self._failed(failure) from failure
                self._is_last = False
                if isinstance(failure.error, _ON_ROWS):
                    self._size = max(1, self._size // 2)
                    self._back_off(failure, attempt)
            except BaseException:
                self._backend.rollback()
                raise

    def _back_off(self, failure: StatementError, attempt: int) -> None:
        pause_s = min(_LONGEST_BACKOFF_S, 0.25 * 2**attempt) * random.uniform(0.5, 1)  # noqa: S311
        why = error_text(failure.error, self._watch.seen)
        self._say(f"{self._file.path.name}: {why}; the batch is tried again in {pause_s:.1f} s")
        time.sleep(pause_s)

    def _failed(self, failure: StatementError) -> Failed:
        """Return the error of a batch; forget the start of a file that has changed nothing."""
        at = self._found()
        if at is None or not at.batches:
            self._backend.execute(self._backend.recorder.ended(self._migration.id))
            return failed(self._file, failure, blockers=self._watch.seen)
        return failed(self._file, failure, blockers=self._watch.seen, state=at.stays, hint=_AGAIN)
