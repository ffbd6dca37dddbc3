"""Applies, rolls back and records files, each in its own transaction or outside one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import psycopg

from migrator.core import syntax
from migrator.core.batches import BatchApplier
from migrator.core.engine import Backend, RawMigration, StatementError
from migrator.core.errors import Refused
from migrator.core.failure import error_text, notice_text
from migrator.core.files import Migration, Seed, SqlFile, read
from migrator.core.leftovers import Outcome
from migrator.core.online import OnlineApplier
from migrator.core.progress import Tell, untold
from migrator.core.session import Limits, Session
from migrator.core.transactions import TransactionApplier
from migrator.core.waits import UNWATCHED, Watch
from migrator.sql import sql


@contextmanager
def _refusing() -> Iterator[None]:
    """Turn what stands in the way of the history into a refusal."""
    try:
        yield
    except psycopg.Error as error:
        cause = error.error if isinstance(error, StatementError) else error
        if isinstance(cause, psycopg.errors.InsufficientPrivilege):
            raise Refused(
                f"Schema yoyo, the history, cannot be created or used: {error_text(cause)}.",
                hint="Use the role that owns the database, or grant your role CREATE on it.",
            ) from error
        if isinstance(cause, psycopg.errors.LockNotAvailable):
            raise Refused(
                f"Another session uses the tables of the history: {error_text(cause)}.",
                hint="Run the command again when that session has ended its transaction.",
            ) from error
        raise


class Applier:
    """Applies, rolls back and marks migrations, and applies seeds, on one session.

    Args:
        session: The session that holds the lock.
        say: Called with each retry, wait, and message of the server.
        limits: How often a file is tried, and how long a statement may wait.
        watch: Finds out for whom a statement waits.
        tell: Called with the progress after each batch of a file.

    """

    def __init__(
        self,
        session: Session,
        say: Callable[[str], None],
        *,
        limits: Limits = Limits(),  # noqa: B008  it is frozen
        watch: Watch = UNWATCHED,
        tell: Tell = untold,
    ) -> None:
        self._backend = Backend(session)
        self._transactions = TransactionApplier(self._backend, say, limits.lock_attempts, watch)
        self._batches = partial(
            BatchApplier, backend=self._backend, say=say, limits=limits, watch=watch, tell=tell
        )
        self._online = OnlineApplier(self._backend, say, limits.online_wait_ms, watch)
        self._say = say
        session.connection.add_notice_handler(self._notice)

    def _notice(self, notice: psycopg.errors.Diagnostic) -> None:
        self._say(notice_text(notice))

    def prepare(self) -> None:
        """Create the bookkeeping schema if it is missing.

        Raises:
            Refused: The role lacks the privilege.

        """
        with _refusing():
            self._backend.ensure_internal_schema_updated()

    def check_syntax(self, migrations: Sequence[SqlFile], seeds: Sequence[SqlFile]) -> None:
        """Have the server parse files before any of them is run; see `syntax.check`."""
        syntax.check(self._backend, migrations, seeds)

    def apply(self, migration: Migration, rollback: SqlFile, *, last: bool) -> int:
        """Apply one migration and record it.

        Args:
            migration: The migration to apply.
            rollback: Its rollback file, to be kept in the history.
            last: Whether to wait until the commit is on disk. The commit of a later file also
                writes those of the earlier ones to disk.

        Returns:
            How long the file ran, in milliseconds.

        Raises:
            Refused: It was interrupted before, and nothing shows whether it took effect.
            Failed: It could not be applied; nothing of it is left unless the message says so.

        """
        raw = RawMigration(migration, migration.source)
        recorder = self._backend.recorder
        if raw.file.transactional:
            self._in_transaction(raw, recorder.applied(migration, rollback), last=last)
        else:
            self._outside(
                raw, "apply", lambda: recorder.applied(migration, rollback, raw.duration_ms)
            )
        return raw.duration_ms

    def roll_back(self, migration: Migration, rollback: SqlFile, *, last: bool) -> None:
        """Roll one migration back and remove its mark; the errors are those of `apply`.

        Args:
            migration: The migration to roll back.
            rollback: The file to run.
            last: The same as for `apply`.

        """
        raw = RawMigration(migration, rollback)
        record = self._backend.recorder.rolled_back(migration)
        if raw.file.transactional:
            self._in_transaction(raw, record, last=last)
        else:
            self._outside(raw, "rollback", lambda: record)

    def _outside(self, raw: RawMigration, direction: str, record: Callable[[], str]) -> None:
        """Run a file that does not run in one transaction."""
        if raw.file.batch is not None:
            self._batches(raw).apply(direction, record)
        else:
            self._online.apply(raw, direction, record)

    def _in_transaction(self, raw: RawMigration, record: str, *, last: bool) -> None:
        self._transactions.apply(raw.file, lambda: raw.run(self._backend, record, durably=last))

    def mark(self, migrations: Iterable[Migration]) -> None:
        """Record migrations as applied, in one transaction, without running them."""
        with self._backend.transaction():
            for migration in migrations:
                self._backend.mark_one(RawMigration(migration, migration.source))

    def replace(self, migration: Migration, ids: Sequence[str]) -> None:
        """Record a squashed pair in the place of the migrations that it replaces."""
        self._backend.execute(f"BEGIN; {self._backend.recorder.replaced(migration, ids)} COMMIT;")

    def adopt(
        self,
        migrations: Iterable[Migration],
        confirm: Callable[[], None],
        *,
        move: str,
        marked: Collection[str] | None,
    ) -> None:
        """Record what another tool applied, in one transaction.

        Args:
            migrations: What it applied.
            confirm: Called in the transaction before any change; raises to refuse.
            move: The statements that make the tool's tables the runner's; empty for none.
            marked: The ids that its tables mark, which are the runner's from now on; None if they
                are not. What is squashed and not marked itself is left to the next `migrate`.

        Raises:
            Refused: The role lacks a privilege, or another session uses the tool's tables.

        """
        recorder = self._backend.recorder
        with _refusing(), self._backend.transaction():
            confirm()
            with self._backend.one_message():
                self._backend.execute(move + sql("core/bookkeeping"))
                for each in migrations:
                    if marked is None or each.id in marked:
                        mark = recorder.marked(each) if marked is None else ""
                        kept = recorder.kept(each, read(each.rollback_path))
                        self._backend.execute(mark + kept)

    def refuse_contradiction(
        self, migration: Migration, direction: str, *, took_effect: bool
    ) -> None:
        """Refuse an outcome of an interrupted file that the catalogue contradicts.

        Args:
            migration: The interrupted migration.
            direction: What was interrupted: `apply` or `rollback`.
            took_effect: The outcome that the user wants to record.

        Raises:
            Refused: The catalogue shows the opposite.

        """
        source = migration.source if direction == "apply" else read(migration.rollback_path)
        if not source.transactional:  # else the file was edited after it was interrupted
            self._online.refuse_contradiction(source, direction, took_effect=took_effect)

    def settle(self, name: str, migration: Migration | None, direction: str) -> None:
        """Record the outcome of an interrupted file, without running it.

        Args:
            name: The id of the migration.
            migration: The migration if the file took effect; None if it did not.
            direction: What was interrupted: `apply` or `rollback`.

        """
        recorder = self._backend.recorder
        with self._backend.transaction(), self._backend.one_message():
            if migration is not None and direction == "apply":
                rollback = read(migration.rollback_path)
                self._backend.execute(recorder.applied(migration, rollback))
            elif migration is not None:
                self._backend.execute(recorder.rolled_back(migration))
            self._backend.execute(recorder.ended(name))

    def clear(self, migration: Migration) -> bool:
        """Drop what an interrupted file left, or record it if it took effect.

        Args:
            migration: A migration that was started outside a transaction and has no outcome.

        Returns:
            Whether the file is now either applied or pending.

        """
        found = self._online.leftovers(migration.source)
        if found.outcome in {Outcome.UNKNOWN, Outcome.HALF_DROPPED}:
            return False
        self._online.repair(migration.source, found)
        took_effect = found.outcome in {Outcome.DONE, Outcome.HALF_DETACHED}
        self.settle(migration.id, migration if took_effect else None, "apply")
        return True

    def seed(self, seed: Seed, *, last: bool) -> int:
        """Apply one seed and record its checksum.

        Args:
            seed: The seed to apply.
            last: The same as for `apply`.

        Returns:
            How many rows it wrote.

        Raises:
            Failed: It could not be applied; nothing of it is left.

        """
        written = 0

        record = self._backend.recorder.seeded(seed)

        def run() -> None:
            nonlocal written
            written = self._backend.run_and_commit(seed.source.text, record, durably=last)

        self._transactions.apply(seed.source, run)
        return written

    def rows_a_seed_would_write(self, seed: Seed) -> int:
        """Run a seed and roll it back; return how many rows it would write, 0 if up to date.

        Raises:
            Failed: The seed cannot be applied.

        """
        return self._transactions.try_out(seed.source)

    def flush(self, *, locally: bool) -> None:
        """Wait until all commits are on disk, also if the run ended before its last file.

        Args:
            locally: Do not wait for a synchronous standby.

        """
        self._backend.flush(locally=locally)
