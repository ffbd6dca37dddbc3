"""Runs the statement of a file outside a transaction: records intent, runs, records outcome."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from migrator.core import leftovers, sqltext
from migrator.core.engine import Backend, LockReleased, RawMigration, StatementError
from migrator.core.errors import Failed, Refused
from migrator.core.failure import failed, released_lock
from migrator.core.files import SqlFile
from migrator.core.leftovers import Leftovers, Outcome
from migrator.core.waits import Watch, sessions_in_words

_POLL_S = 0.2
_STAYS = (
    "It ran outside a transaction: anything that it did before it failed remains. "
    "It is not recorded as done."
)
_STARTED = "It is recorded as started."
_SETTLE = (
    "Check in the database whether it took effect. If so, run `settle {id} --as applied`, else "
    "`settle {id} --as pending`."
)


class OnlineApplier:
    """Runs statements that cannot run in a transaction.

    Args:
        backend: The engine, on the session that holds the lock.
        say: Called with what a statement waits for, and with what an interrupted one left.
        wait_ms: How long a statement may wait for locks and for older transactions.
        watch: Finds out for whom a statement waits.

    """

    def __init__(
        self,
        backend: Backend,
        say: Callable[[str], None],
        wait_ms: int,
        watch: Watch,
    ) -> None:
        self._backend = backend
        self._connection = backend.session.connection
        self._say = say
        self._wait_ms = wait_ms
        self._watch = watch

    def apply(self, migration: RawMigration, direction: str, record: Callable[[], str]) -> None:
        """Run the statement of a file, or finish an interrupted one, and record it.

        Args:
            migration: The migration, with the file to run.
            direction: `apply` or `rollback`.
            record: Returns the statements that record it, once it has run.

        Raises:
            Refused: It was interrupted before, and nothing shows whether it took effect.
            Failed: It failed; the message says what it left.

        """
        file, statement = migration.file, only_statement(migration.file)
        found = Leftovers(Outcome.NOTHING_DONE)
        if not self._record_intent(migration, direction):
            found = self.leftovers(file)
            told = ", so ".join(filter(None, (found.outcome.what, found.outcome.then)))
            self._say(f"{migration.id}: was interrupted before: {told}")
        if found.outcome is Outcome.UNKNOWN:
            raise Refused(
                f"{file.path}: was started before, and nothing shows whether it took effect.",
                state=f"{_STARTED} Nothing was changed now.",
                hint=_SETTLE.format(id=migration.id),
            )
        try:
            self.repair(file, found)
            if found.is_to_run:
                self._patiently(file, partial(migration.run, self._backend))
        except StatementError as failure:
            if self._connection.closed:
                raise failure.error from failure
            raise self._half_done(migration, statement, failure) from failure
        left = leftovers.inspect(self._connection, statement)
        if left.outcome is Outcome.INVALID_INDEX:
            raise Failed(
                f"{file.path}: an INVALID index with that name existed before and still exists.",
                state=_STARTED,
                hint="Run the same command again: it drops the index and builds it again.",
            )
        ended = self._backend.recorder.ended(migration.id)
        try:
            self._backend.run_and_commit(b"", record() + ended, durably=True)
        except LockReleased as released:
            self._backend.rollback()
            raise released_lock(file, f"It took effect. {_STARTED}") from released

    def leftovers(self, file: SqlFile) -> Leftovers:
        """Find out what a started statement did, once nobody else builds on its table.

        While an operator builds that index by hand, it is INVALID but not a leftover. The method
        polls, because a session that waits in the server would block that build or deadlock.

        Args:
            file: The file of the statement.

        Raises:
            Refused: Another session was building on the table all that time.

        """
        statement = only_statement(file)
        deadline = time.monotonic() + self._wait_ms / 1000
        told = False
        while builders := leftovers.builders(self._connection, statement):
            words = sessions_in_words(self._connection, builders)
            if time.monotonic() >= deadline:
                raise Refused(
                    f"{file.path}: another session is building on its table: {words}",
                    state=f"{_STARTED} Nothing was changed now.",
                    hint="Wait for it to end, and run the same command again.",
                )
            if not told:
                self._say(f"waiting for {words}")
                told = True
            time.sleep(_POLL_S)
        return leftovers.inspect(self._connection, statement)

    def repair(self, file: SqlFile, found: Leftovers) -> None:
        """Repair what the interrupted statement of a file left."""
        for statement in found.repairs:
            self._patiently(file, partial(self._backend.run, statement.encode()))

    def refuse_contradiction(self, file: SqlFile, direction: str, *, took_effect: bool) -> None:
        """Refuse an outcome of an interrupted file that the catalogue contradicts.

        Args:
            file: The interrupted file.
            direction: What was interrupted: `apply` or `rollback`.
            took_effect: The outcome that the user wants to record.

        Raises:
            Refused: The catalogue shows the opposite.

        """
        outcome = self.leftovers(file).outcome
        agreeing = Outcome.DONE if took_effect else Outcome.NOTHING_DONE
        if outcome not in {agreeing, Outcome.UNKNOWN, Outcome.MAY_BE_REPEATED}:
            command = "migrate" if direction == "apply" else "rollback"
            raise Refused(
                f"{file.path}: the database shows something else: {outcome.what}.",
                hint=f"Run {command} again: {outcome.then}.",
            )

    def _record_intent(self, migration: RawMigration, direction: str) -> bool:
        """Record that a file is about to run; return False if that was recorded before."""
        intent = self._backend.recorder.started(migration.recorded, migration.file, direction)
        return self._backend.run(intent.encode()) > 0

    def _half_done(
        self, migration: RawMigration, statement: str, failure: StatementError
    ) -> Failed:
        """Return the error of a statement; keep its start recorded if a part may remain."""
        left = leftovers.inspect(self._connection, statement)
        state, hint = _STAYS, ""
        if left.is_half:
            state = f"{left.outcome.what[0].upper()}{left.outcome.what[1:]}. {_STARTED}"
            hint = f"Correct the cause and run the same command again: {left.outcome.then}."
        elif left.outcome is Outcome.UNKNOWN and not leftovers.fails_whole(statement):
            state = f"Anything that it committed before it failed remains. {_STARTED}"
            hint = _SETTLE.format(id=migration.id)
        else:
            self._backend.execute(self._backend.recorder.ended(migration.id))
        return failed(migration.file, failure, state=state, hint=hint, blockers=self._watch.seen)

    def _patiently(self, file: SqlFile, run: Callable[[], object]) -> None:
        """Run a statement with the long lock timeout that a wait for older transactions needs."""
        self._connection.execute(f"SET lock_timeout TO {self._wait_ms}")
        try:
            with self._watch.over(file.path.name, tells=True):
                run()
        finally:
            if self._backend.session.is_free:
                self._backend.renew_session()


def only_statement(file: SqlFile) -> str:
    """Return the only statement of a file, without the comments around it."""
    (statement,) = sqltext.statements(file.text)
    return file.text[statement.start : statement.end].decode()
