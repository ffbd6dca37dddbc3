"""Applies and records a file in one transaction; tries again if it gets no lock."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import psycopg
from psycopg import pq

from migrator.core.engine import Backend, LockReleased, StatementError, TransactionEnded
from migrator.core.failure import ended_transaction, error_text, failed, released_lock
from migrator.core.files import SqlFile
from migrator.core.waits import Watch

_RETRIED = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)
_LONGEST_BACKOFF_S = 5.0


class TransactionApplier:
    """Applies files that run in a transaction.

    Args:
        backend: The engine, on the session that holds the lock.
        say: Called with each retry.
        attempts: Attempts per file.
        watch: Finds out for whom a statement waits.

    """

    def __init__(
        self,
        backend: Backend,
        say: Callable[[str], None],
        attempts: int,
        watch: Watch,
    ) -> None:
        self._backend = backend
        self._say = say
        self._attempts = attempts
        self._watch = watch

    def apply(self, file: SqlFile, run: Callable[[], None]) -> None:
        """Run a file and record it.

        Args:
            file: The file, for messages.
            run: Runs the file, records it and commits, in one transaction.

        Raises:
            Failed: It could not be applied; nothing of it is left unless the message says so.

        """
        for attempt in range(1, self._attempts + 1):
            try:
                with self._watch.over(file.path.name):
                    run()
            except TransactionEnded as ended:
                raise ended_transaction(file) from ended
            except LockReleased as released:
                self._backend.rollback()
                raise released_lock(file) from released
            except StatementError as failure:
                self._refuse_ended(file, failure)
                self._backend.rollback()
                if self._backend.session.connection.closed:
                    raise failure.error from failure
                if attempt == self._attempts or not isinstance(failure.error, _RETRIED):
                    raise failed(file, failure, blockers=self._watch.seen) from failure
                self._pause(file, failure, attempt)
            except BaseException:
                self._backend.rollback()
                raise
            else:
                return

    def try_out(self, file: SqlFile) -> int:
        """Run a file and roll it back; return how many rows it would write.

        Raises:
            Failed: The file cannot be applied.

        """
        try:
            return self._backend.run_in_transaction(file.text)
        except StatementError as failure:
            raise failed(file, failure) from failure
        finally:
            self._backend.rollback()

    def _refuse_ended(self, file: SqlFile, failure: StatementError) -> None:
        """Tell a failure after the file had ended its transaction; a commit ends it, too."""
        is_idle = self._backend.status == pq.TransactionStatus.IDLE
        if is_idle and failure.completed and not failure.at_end:
            raise ended_transaction(file) from failure

    def _pause(self, file: SqlFile, failure: StatementError, attempt: int) -> None:
        pause_s = min(_LONGEST_BACKOFF_S, 0.25 * 2**attempt) * random.uniform(0.5, 1)  # noqa: S311
        why = error_text(failure.error, self._watch.seen)
        self._say(
            f"{file.path.name}: {why}; attempt {attempt} of {self._attempts}, "
            f"next in {pause_s:.1f} s"
        )
        time.sleep(pause_s)
