"""Applies files, each with its history in one transaction, or between intent and outcome."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import psycopg
from psycopg import pq

from migrator.core import leftovers, sqltext, syntax
from migrator.core.engine import Backend, RawMigration, StatementError
from migrator.core.errors import Failed, Refused
from migrator.core.failure import ended_transaction, error_text, failed, failed_at_commit
from migrator.core.files import CHECKSUM_ALGORITHM, Migration, Seed, SqlFile, read
from migrator.core.target import Session
from migrator.core.waits import Blockers, Watch, sessions_in_words
from migrator.sql import sql

_RETRIED = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)
_LONGEST_BACKOFF_S = 5.0
_POLL_S = 0.2
_STAYS = (
    "It ran outside a transaction: what it did before it failed, if anything, stays. "
    "It is not recorded as done."
)
_STARTED = "It is recorded as started."
_SETTLE = (
    "Look at the database, and say what is so: `settle {id} --as applied` or `settle {id} --as "
    "pending`."
)
_IDLE = pq.TransactionStatus.IDLE
_FORGET_INTENT = "DELETE FROM yoyo.intent WHERE migration_id = :id"


class Applier:
    """Applies, rolls back and marks migrations, and applies seeds, on one session.

    Args:
        session: The session that holds the lock.
        say: Told of retries.
        lock_attempts: How often a file is tried that does not get a lock in time.
        online_wait_ms: How long a statement outside a transaction may wait for locks and for older
            transactions, in milliseconds.
        watch: Looks whom a statement waits for.
        ledger: Two statements that keep account of what each file wrote, by the server's counters
            of this session: one for the transaction that records the file, one for after its
            rollback. None for no account.

    """

    def __init__(
        self,
        session: Session,
        say: Callable[[str], None],
        *,
        lock_attempts: int = 5,
        online_wait_ms: int = 600_000,
        watch: Watch | None = None,
        ledger: tuple[str, str] | None = None,
    ) -> None:
        self._session = session
        self._connection = session.connection
        self._backend = Backend(session)
        self._say = say
        self._lock_attempts = lock_attempts
        self._online_wait_ms = online_wait_ms
        self._watch = watch
        self._ledger = ledger
        self._unflushed = False
        session.connection.add_notice_handler(self._notice)

    def _notice(self, notice: psycopg.errors.Diagnostic) -> None:
        self._say(f"{notice.severity_nonlocalized}: {notice.message_primary}")

    def prepare(self) -> None:
        """Create the bookkeeping schema where it is missing.

        Raises:
            Refused: The role may not.

        """
        try:
            self._unflushed = self._backend.ensure_internal_schema_updated()
        except psycopg.Error as error:
            cause = error.error if isinstance(error, StatementError) else error
            if not isinstance(cause, psycopg.errors.InsufficientPrivilege):
                raise
            raise Refused(
                f"The history's schema yoyo cannot be created or used: {error_text(cause)}.",
                hint="Migrate as the owner of the database, or grant the role CREATE on it.",
            ) from error

    def check_syntax(self, migrations: Sequence[SqlFile], seeds: Sequence[SqlFile]) -> None:
        """Have the server parse files before any of them is run; see `syntax.check`."""
        syntax.check(self._backend, migrations, seeds)

    def apply(self, migration: Migration, *, last: bool) -> int:
        """Apply one migration and record it.

        Args:
            migration: What to apply.
            last: Whether its commit is to reach the disk before this returns; the commit of a later
                file carries those of the earlier ones.

        Returns:
            How long the file ran, in milliseconds.

        Raises:
            Failed: It could not be applied; nothing of it is left, or the message says what is.

        """
        source = migration.source
        yoyo_migration = RawMigration(migration, source)

        def record(duration_ms: int) -> None:
            self._record_apply(yoyo_migration, migration, duration_ms)

        return self._work(yoyo_migration, source, "apply", record, last=last)

    def roll_back(self, migration: Migration, *, last: bool) -> int:
        """Roll one migration back and take its mark away.

        Arguments, result and errors are those of `apply`.
        """
        source = read(migration.rollback_path)
        yoyo_migration = RawMigration(migration, source)

        def record(_: int) -> None:
            self._record_rollback(yoyo_migration)

        return self._work(yoyo_migration, source, "rollback", record, last=last)

    def mark(self, migrations: Iterable[Migration]) -> None:
        """Record migrations as applied, in one transaction, without running them."""
        with self._backend.transaction():
            for migration in migrations:
                with self._backend.one_message():
                    self._record_apply(RawMigration(migration, migration.source), migration, 0)

    def refuse_contradiction(
        self, migration: Migration, direction: str, *, took_effect: bool
    ) -> None:
        """Refuse to record of an interrupted file what the catalogue shows to be otherwise.

        Raises:
            Refused: It does.

        """
        source = migration.source if direction == "apply" else read(migration.rollback_path)
        if source.transactional:  # it was edited since
            return
        outcome = self._find_out(source, _only_statement(source)).outcome
        agreeing = leftovers.Outcome.DONE if took_effect else leftovers.Outcome.NOTHING_DONE
        if outcome not in {agreeing, leftovers.Outcome.UNKNOWN, leftovers.Outcome.MAY_BE_REPEATED}:
            command = "migrate" if direction == "apply" else "rollback"
            raise Refused(
                f"{source.path}: the database shows otherwise: {outcome.what}.",
                hint=f"Run {command} again: {outcome.then}.",
            )

    def settle(self, name: str, migration: Migration | None, direction: str) -> None:
        """Record how an interrupted file ended, without running it.

        Args:
            name: Its id.
            migration: It, where it took effect; None where it did not.
            direction: What was interrupted: `apply` or `rollback`.

        """
        with self._backend.transaction(), self._backend.one_message():
            if migration is not None:
                yoyo_migration = RawMigration(migration, migration.source)
                if direction == "apply":
                    self._record_apply(yoyo_migration, migration, 0)
                else:
                    self._record_rollback(yoyo_migration)
            self._backend.execute(_FORGET_INTENT, {"id": name})

    def clear(self, migration: Migration) -> bool:
        """Take away what an interrupted file left, or find that it took effect and record that.

        Args:
            migration: It was started outside a transaction, and has no outcome.

        Returns:
            Whether the file is now applied or pending, with nothing half done.

        """
        statement = _only_statement(migration.source)
        found = self._find_out(migration.source, statement)
        if found.outcome in {leftovers.Outcome.UNKNOWN, leftovers.Outcome.HALF_DROPPED}:
            return False
        for repair in found.repairs:
            self._online(partial(self._backend.run, repair.encode()))
        took_effect = found.outcome in {leftovers.Outcome.DONE, leftovers.Outcome.HALF_DETACHED}
        self.settle(migration.id, migration if took_effect else None, "apply")
        return True

    def seed(self, seed: Seed, *, last: bool) -> int:
        """Apply one seed and record its checksum.

        Returns:
            How many rows it wrote.

        Raises:
            Failed: It could not be applied; nothing of it is left.

        """
        source = seed.source

        def work() -> int:
            return self._backend.run_in_transaction(source.text)

        def record(_: int) -> None:
            values = {"id": seed.id, "algorithm": CHECKSUM_ALGORITHM, "checksum": source.checksum}
            cursor = psycopg.ClientCursor(self._connection)
            self._backend.execute(cursor.mogrify(sql("core/record_seed"), values).rstrip("\n;"))

        return self._in_transaction(source, work, record, last=last)

    def rows_a_seed_would_write(self, seed: Seed) -> int:
        """Run a seed and undo it; return how many rows it would write: 0 where all is in place.

        Raises:
            Failed: It cannot be applied.

        """
        self._open_account()
        try:
            return self._backend.run_in_transaction(seed.source.text)
        except StatementError as failure:
            raise failed(seed.source, failure) from failure
        finally:
            self._roll_back_and_account()

    def flush(self) -> None:
        """Wait until what was committed is on disk; after a run that ended before its last file."""
        if self._unflushed and self._session.is_free:
            self._connection.execute("SELECT pg_logical_emit_message(TRUE, 'migrator', '')")
            self._unflushed = False

    def _record_apply(
        self, yoyo_migration: RawMigration, migration: Migration, duration_ms: int
    ) -> None:
        self._backend.log_migration(yoyo_migration, "apply")
        self._backend.mark_one(yoyo_migration, log=False)
        self._backend.execute(
            "INSERT INTO yoyo.migration_checksum VALUES (:hash, :algorithm, :checksum, :ms)",
            {
                "hash": yoyo_migration.hash,
                "algorithm": CHECKSUM_ALGORITHM,
                "checksum": migration.source.checksum,
                "ms": duration_ms,
            },
        )

    def _record_rollback(self, yoyo_migration: RawMigration) -> None:
        self._backend.log_migration(yoyo_migration, "rollback")
        self._backend.unmark_one(yoyo_migration, log=False)
        # The rows that seeds wrote may be gone: the next migrate applies them all.
        self._backend.execute("DELETE FROM yoyo.seed_checksum")

    def _work(
        self,
        yoyo_migration: RawMigration,
        source: SqlFile,
        direction: str,
        record: Callable[[int], None],
        *,
        last: bool,
    ) -> int:
        yoyo_migration.load()
        (step,) = yoyo_migration.steps

        def work() -> int:
            started = time.monotonic()
            getattr(step, direction)(self._backend)
            return round((time.monotonic() - started) * 1000)

        if yoyo_migration.use_transactions:
            return self._in_transaction(source, work, record, last=last)
        return self._outside_transaction(yoyo_migration, source, direction, work, record)

    def _in_transaction(
        self,
        source: SqlFile,
        work: Callable[[], int],
        record: Callable[[int], None],
        *,
        last: bool,
    ) -> int:
        """Do work and record it in one transaction, again where a lock was not to be had."""
        for attempt in range(1, self._lock_attempts + 1):
            self._open_account()
            try:
                with self._watched():
                    result = work()
                    self._finish(source, result, record, last=last)
            except StatementError as failure:
                if failure.completed and self._connection.info.transaction_status == _IDLE:
                    raise ended_transaction(source) from failure
                self._roll_back_and_account()
                if self._connection.closed:
                    raise failure.error from failure
                if attempt == self._lock_attempts or not isinstance(failure.error, _RETRIED):
                    raise failed(source, failure, blockers=self._blockers) from failure
                pause = min(_LONGEST_BACKOFF_S, 0.25 * 2**attempt) * random.uniform(0.5, 1)  # noqa: S311
                why = error_text(failure.error, self._blockers)
                self._say(
                    f"{source.path.name}: {why}; attempt {attempt} of {self._lock_attempts}, "
                    f"again in {pause:.1f} s"
                )
                time.sleep(pause)
            except BaseException:
                self._backend.rollback()
                raise
            else:
                self._unflushed = not last
                return result
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _finish(
        self, source: SqlFile, result: int, record: Callable[[int], None], *, last: bool
    ) -> None:
        """Write the history and commit, in one message."""
        if self._connection.info.transaction_status != pq.TransactionStatus.INTRANS:
            raise ended_transaction(source)
        try:
            with self._backend.one_message():
                self._backend.guard_transaction()
                self._backend.restore_session()
                record(result)
                self._account()
                if not last:
                    self._backend.execute("SET LOCAL synchronous_commit TO off")
                self._backend.execute("COMMIT")
        except StatementError as failure:
            if self._connection.closed:
                raise
            if not failure.completed and isinstance(failure.error, psycopg.errors.DivisionByZero):
                # It was the guard, the message's first statement.
                raise ended_transaction(source) from failure
            raise failed_at_commit(source, failure, self._blockers) from failure

    def _outside_transaction(
        self,
        yoyo_migration: RawMigration,
        source: SqlFile,
        direction: str,
        work: Callable[[], int],
        record: Callable[[int], None],
    ) -> int:
        """Run one statement that can be in no transaction, between an intent and its outcome."""
        statement = _only_statement(source)
        found = leftovers.Leftovers(leftovers.Outcome.NOTHING_DONE)
        self._open_account()
        if self._record_intent(yoyo_migration, source, direction):
            found = self._find_out(source, statement)
            told = ", so ".join(filter(None, (found.outcome.what, found.outcome.then)))
            self._say(f"{yoyo_migration.id}: was interrupted before: {told}")
        if found.outcome is leftovers.Outcome.UNKNOWN:
            raise Refused(
                f"{source.path}: was started before, and nothing shows whether it took effect.",
                state=f"{_STARTED} Nothing was changed now.",
                hint=_SETTLE.format(id=yoyo_migration.id),
            )
        duration_ms = 0
        try:
            for repair in found.repairs:
                self._online(partial(self._backend.run, repair.encode()))
            if found.is_to_run:
                duration_ms = self._online(work)
        except StatementError as failure:
            if self._connection.closed:
                raise failure.error from failure
            self._account_for_a_half()
            raise self._half_done(yoyo_migration.id, source, statement, failure) from failure
        if (
            leftovers.inspect(self._connection, statement).outcome
            is leftovers.Outcome.INVALID_INDEX
        ):
            raise Failed(
                f"{source.path}: an INVALID index of that name was there, and is there still.",
                state=_STARTED,
                hint="Run the same command again: that is dropped, and built anew.",
            )
        with self._backend.transaction(), self._backend.one_message():
            record(duration_ms)
            self._account()
            self._backend.execute(_FORGET_INTENT, {"id": yoyo_migration.id})
        self._unflushed = False
        return duration_ms

    def _open_account(self) -> None:
        """Hand what the session wrote so far to the server's counters: the account begins at 0."""
        if self._ledger:
            self._connection.execute("SELECT pg_stat_force_next_flush()")

    def _account(self) -> None:
        if self._ledger:
            self._backend.execute(self._ledger[0])

    def _account_for_a_half(self) -> None:
        """Account for what a statement committed before it failed, if that is not handed in yet."""
        if self._ledger:
            with contextlib.suppress(StatementError):
                self._backend.run(self._ledger[0].encode())

    def _roll_back_and_account(self) -> None:
        """Roll back; what was written counts all the same, for the server's counters have it."""
        if self._ledger and not self._connection.closed:
            with contextlib.suppress(StatementError):  # no account: it is taken for others' work
                self._backend.run(b"ROLLBACK; " + self._ledger[1].encode())
        self._backend.rollback()

    def _half_done(
        self, name: str, source: SqlFile, statement: str, failure: StatementError
    ) -> Failed:
        """Return a statement's error; keep its start recorded if a half of it may be there."""
        left = leftovers.inspect(self._connection, statement)
        if left.is_half:
            return failed(
                source,
                failure,
                state=f"{left.outcome.what[0].upper()}{left.outcome.what[1:]}. {_STARTED}",
                hint=f"Correct the cause and run the same command again: {left.outcome.then}.",
                blockers=self._blockers,
            )
        if left.outcome is leftovers.Outcome.UNKNOWN and not leftovers.fails_whole(statement):
            return failed(
                source,
                failure,
                state=f"What it committed before it failed stays. {_STARTED}",
                hint=_SETTLE.format(id=name),
                blockers=self._blockers,
            )
        self._backend.execute(_FORGET_INTENT, {"id": name})
        return failed(source, failure, state=_STAYS, blockers=self._blockers)

    def _find_out(self, source: SqlFile, statement: str) -> leftovers.Leftovers:
        """Look what a statement did that was started, once nobody else builds on its table.

        An operator may be building that index by hand: INVALID is then no leftover. Polled: a
        session that waits in the server holds up, or deadlocks with, what it waits for.
        """
        deadline = time.monotonic() + self._online_wait_ms / 1000
        told = False
        while builders := leftovers.builders(self._connection, statement):
            words = sessions_in_words(self._connection, builders)
            if time.monotonic() >= deadline:
                raise Refused(
                    f"{source.path}: another session is at work on its table: {words}",
                    state=f"{_STARTED} Nothing was changed now.",
                    hint="Wait for it to end, and run the same command again.",
                )
            if not told:
                self._say(f"waiting for {words}")
                told = True
            time.sleep(_POLL_S)
        return leftovers.inspect(self._connection, statement)

    def _record_intent(self, yoyo_migration: RawMigration, source: SqlFile, direction: str) -> bool:
        """Record that a file is about to run; return whether that was recorded before."""
        cursor = self._backend.execute(
            "INSERT INTO yoyo.intent (migration_hash, migration_id, direction, checksum)"
            " VALUES (:hash, :id, :direction, :checksum) ON CONFLICT DO NOTHING",
            {
                "hash": yoyo_migration.hash,
                "id": yoyo_migration.id,
                "direction": direction,
                "checksum": source.checksum,
            },
        )
        return cursor is not None and cursor.rowcount == 0

    def _online(self, work: Callable[[], int]) -> int:
        """Run work with the patience that a wait for older transactions needs."""
        self._connection.execute(f"SET lock_timeout TO {self._online_wait_ms}")
        try:
            with self._watched(tells=True):
                return work()
        finally:
            if self._session.is_free:
                self._backend.restore_session()

    def _watched(self, *, tells: bool = False) -> contextlib.AbstractContextManager[None]:
        return self._watch.over(tells=tells) if self._watch else contextlib.nullcontext()

    @property
    def _blockers(self) -> Blockers:
        return self._watch.seen if self._watch else Blockers()


def _only_statement(source: SqlFile) -> str:
    (statement,) = sqltext.statements(source.text)
    return source.text[statement.start : statement.end].decode()
