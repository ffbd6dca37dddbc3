"""The commands that change a database: migrate, rollback, seed, settle."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg

from migrator.core import files, history, lock, predecessors, process, progress, realign
from migrator.core.additions import Additions
from migrator.core.errors import Failed, Interrupted, Refused
from migrator.core.files import FileSet, Migration, SqlFile
from migrator.core.history import State
from migrator.core.plan import Plan, find, is_called, up_to
from migrator.core.progress import BatchProgress, Told
from migrator.core.project import Project
from migrator.core.session import (
    Limits,
    Session,
    abandon,
    open_session,
    refuse_unwritable,
    wait_until_ready,
)
from migrator.core.target import Target
from migrator.core.waits import SessionWatch

if TYPE_CHECKING:
    from migrator.core.apply import Applier

Say = Callable[[str], None]


_GO_ON = "Run the command again: it continues from there, or says what blocks it."
_UNKNOWN = "The server does not answer; the last file is either applied completely or not at all."
_AT_WORK = "The lost session, pid {pid}, is still running: its work may still be committed."
_RECONNECT_S = 10.0
_RETRY_S = 0.1


class Runner:
    """The work of one command on one target.

    Args:
        project: The migration set.
        target: The database.
        limits: How long to wait.
        say: Called with each line of progress.
        additions: What a capability does in addition.
        known: The files, if they were read before; None to read them.

    """

    def __init__(
        self,
        project: Project,
        target: Target,
        limits: Limits,
        say: Say,
        additions: Additions = Additions(),  # noqa: B008  it is frozen
        *,
        known: FileSet | None = None,
    ) -> None:
        self.project = project
        self.migrations = (
            known.migrations if known else files.discover(project.migrations, project.apart)
        )
        self.seeds = known.seeds if known else files.discover_seeds(project.seeds)
        if not self.migrations:
            say(f"{project.migrations} has no migrations")
        self._rollbacks = known.rollbacks if known else {}
        self.target = target
        self.limits = limits
        self.say = say
        self.done: list[str] = []
        self.additions = additions
        self.waited_for: list[str] = []
        self._sessions = contextlib.ExitStack()
        wait_until_ready(target, limits.connect_wait_s, say)
        self.session = self._open()

    def close(self) -> None:
        """Close its sessions, and those of the runners that `at` has returned."""
        self._sessions.close()

    def at(self, target: Target) -> Runner:
        """Return a runner for another target, with a new session."""
        made = Runner(self.project, target, self.limits, self.say, self.additions)
        self._sessions.callback(made.close)
        return made

    def pin(self, target: Target) -> None:
        """Use this name of the same target for later connections."""
        self.target = target

    def reconnect(self) -> None:
        """Open a new session in place of a lost one."""
        self.session = self._open()

    def _open(self) -> Session:
        session = open_session(self.target, self.limits, self.project.settings.lock_key)
        self._sessions.callback(session.connection.close)
        return session

    def state(self) -> State:
        """Read the history and compare it with the files."""
        return history.compare(history.read(self.session), self.migrations, self.seeds)

    def migrate(self, *, to: str | None, with_seeds: bool, dry_run: bool) -> Plan:
        """Apply pending migrations, then changed seeds.

        Args:
            to: The last migration to apply; None for all.
            with_seeds: Whether to apply seeds, once no migration is pending.
            dry_run: Only return the plan.

        Returns:
            What was applied, or would be.

        Raises:
            Refused: Nothing was changed.
            Failed: A file failed; those before it stay applied.

        """
        last = find(self.migrations, to) if to is not None else None
        rollbacks: dict[str, SqlFile] = {}

        def plan() -> Plan:
            state = self.state()
            history.refuse_disagreement(state, except_interrupted=_restartable(state))
            wanted = up_to(state.pending, self.migrations, last)
            if wanted and not self.limits.beside_others:
                predecessors.refuse(self.session)
            for each in wanted:
                if each.id not in rollbacks:
                    rollbacks[each.id] = self._rollback_of(each)
            ready = with_seeds and len(wanted) == len(state.pending)
            return Plan(wanted, state.pending_seeds if ready else [], rollbacks, state.replaced)

        planned = plan()
        files.check([*planned.sources, *rollbacks.values()])
        if dry_run:
            return planned
        refuse_unwritable(self.session, self.target)
        if planned.is_empty:
            return planned
        return self._changing(plan, self._apply)

    def pause_batches(self) -> list[BatchProgress]:
        """Let the session that runs batches end after its next one, and wait until it has.

        Returns:
            How far its files are; empty if no session runs batches.

        """
        connection = self.session.connection
        running = progress.at_work(self.session)
        for at in running:
            connection.execute("UPDATE yoyo.batch_progress SET is_to_pause = TRUE")
            self.say(f"{at.id}: waiting for its batch to end")
        deadline = time.monotonic() + self.limits.lock_wait_s
        while still := progress.at_work(self.session):
            if time.monotonic() > deadline:
                raise Refused(
                    f"{still[0].id}: its batch has not ended: pid {still[0].run_pid}.",
                    state="It ends after that batch.",
                    hint="`status` shows whether it has.",
                )
            time.sleep(_RETRY_S)
        ended = {each.id for each in running}
        return [each for each in progress.read(self.session) if each.id in ended]

    def pending(self, to: str | None = None) -> Plan:
        """Return what `migrate` would do."""
        return self.migrate(to=to, with_seeds=True, dry_run=True)

    def seed(self) -> Plan:
        """Apply all seeds; rows that are already right are not written again.

        Raises:
            Refused: Migrations are pending.

        """

        def plan() -> Plan:
            history.refuse_behind(self.state())
            return Plan([], self.seeds)

        files.check(plan().sources)
        refuse_unwritable(self.session, self.target)
        return self._changing(plan, self._apply)

    def rollback(
        self,
        *,
        steps: int | None,
        to: str | None,
        confirm: Callable[[Sequence[Migration]], None],
    ) -> Plan:
        """Roll back migrations, the newest first.

        Args:
            steps: How many to roll back; None, with `to` None, for all.
            to: The migration that stays applied as the last one.
            confirm: Called with the migrations before data is destroyed; raises to refuse.

        Returns:
            What was rolled back.

        Raises:
            Refused: Nothing was changed.
            Failed: A file failed; those before it are rolled back.

        """
        return self._rolling_back(lambda: self.rollback_plan(steps=steps, to=to), confirm)

    def realign(self, confirm: Callable[[Sequence[Migration]], None]) -> Plan:
        """Roll back what disagrees with the files, and all that came after it, by the kept texts.

        Args:
            confirm: Called with the migrations before data is destroyed; raises to refuse.

        Returns:
            What was rolled back.

        Raises:
            Refused: Nothing was changed.
            Failed: A file failed; those before it are rolled back.

        """
        return self._rolling_back(
            lambda: realign.plan(self.session, self.migrations, self.seeds), confirm
        )

    def _rolling_back(
        self, make_plan: Callable[[], Plan], confirm: Callable[[Sequence[Migration]], None]
    ) -> Plan:
        planned = make_plan()
        refuse_unwritable(self.session, self.target)
        if not planned.migrations:
            return planned

        def plan() -> Plan:
            now = make_plan()
            if any(each not in planned.migrations for each in now.migrations):
                raise Refused(
                    "Another runner has changed the history, so the list that was shown is no "
                    "longer correct.",
                    state="This command changed nothing.",
                    hint="Run the command again, and check the new list.",
                )
            return now

        if any(each.source.header.get("reversible") != "yes" for each in planned.migrations):
            confirm(planned.migrations)
        return self._changing(plan, self._roll_back)

    def settle(self, name: str, *, applied: bool) -> str:
        """Record the outcome of an interrupted file, if the runner itself cannot find it out.

        Args:
            name: The id or number of the migration.
            applied: Whether the database is in the state after the migration; else before it.

        Returns:
            The id of the migration.

        Raises:
            Refused: It is not interrupted, or the catalogue shows the opposite.

        """
        refuse_unwritable(self.session, self.target)
        self._interrupted(name)  # before anything is created

        def work(applier: Applier, _: Plan) -> None:
            intent = self._interrupted(name)
            took_effect = applied == (intent.detail == "apply")
            migration = next((each for each in self.migrations if each.id == intent.id), None)
            if migration is None and took_effect:
                raise Refused(
                    f"{intent.id}: its file is missing, so it cannot be recorded.",
                    hint="Get the file from the branch that applied it.",
                )
            if migration is not None:
                applier.refuse_contradiction(migration, str(intent.detail), took_effect=took_effect)
            applier.settle(intent.id, migration if took_effect else None, str(intent.detail))
            self.done.append(intent.id)

        self._changing(lambda: Plan([], []), work, at_any_time=True)
        return self.done[-1]

    def clear(self) -> bool:
        """Drop what files left that were interrupted while they were applied.

        Returns:
            Whether each of them is now either applied or pending. Files that were interrupted
            while they were rolled back are left to `rollback`.

        """

        def work(applier: Applier, _: Plan) -> None:
            state = self.state()
            for migration in state.pending:
                if migration.id in state.interrupted and not migration.source.transactional:
                    applier.clear(migration)

        self._changing(lambda: Plan([], []), work)
        state = self.state()
        return not any(each.id in state.interrupted for each in state.pending)

    def _interrupted(self, name: str) -> history.HistoryEntry:
        for intent in history.read(self.session).intents.values():
            if is_called(intent.id, name):
                return intent
        raise Refused(
            f"{name} was not interrupted, so there is nothing to settle.",
            hint="`status` lists what is interrupted.",
        )

    def rollback_plan(self, *, steps: int | None, to: str | None) -> Plan:
        """Return what `rollback` would roll back, the newest first.

        Raises:
            Refused: The history and the files disagree, the migration to keep is not applied, or a
                file cannot be run.

        """
        kept = find(self.migrations, to) if to is not None else None
        state = self.state()
        planned = state.applied[::-1]
        history.refuse_disagreement(
            state,
            except_interrupted=[
                each.id
                for each in state.applied
                if each.id in state.interrupted and not self._rollback_of(each).transactional
            ],
        )
        if kept is not None:
            if kept not in planned:
                raise Refused(
                    f"{kept.id} is not applied, so it cannot stay applied.",
                    hint="`status` lists what is applied.",
                )
            planned = planned[: planned.index(kept)]
        elif steps is not None:
            planned = planned[:steps]
        rollbacks = {each.id: self._rollback_of(each) for each in planned}
        files.check(rollbacks.values())
        return Plan(planned, [], rollbacks, state.replaced)

    def _rollback_of(self, migration: Migration) -> SqlFile:
        return self._rollbacks.get(migration.id) or files.read(migration.rollback_path)

    def _changing(
        self,
        plan: Callable[[], Plan],
        work: Callable[[Applier, Plan], None],
        *,
        at_any_time: bool = False,
    ) -> Plan:
        """Do work under the lock, with a plan that is made once the lock is held."""
        from migrator.core.apply import Applier

        with (
            self._telling_the_truth(),
            lock.held(self.session, self.limits.lock_wait_s, self.say),
            SessionWatch(
                self.target,
                self.session,
                self.limits.lock_timeout_ms,
                self.say,
                self.additions.second,
            ) as watch,
        ):
            applier = Applier(
                self.session,
                self.say,
                limits=self.limits,
                watch=watch,
                tell=self.additions.progress or Told(self.say),
            )
            if not at_any_time:
                self.additions.before_plan(self.session)
            self._prepare(applier)
            planned = plan()  # another runner may have changed something before the lock was held
            try:
                work(applier, planned)
            except BaseException as error:
                # A commit that waits for a standby was interrupted: no other is to wait for it.
                applier.flush(locally=_was_interrupted(error))
                raise
            finally:
                self.waited_for += watch.told
            applier.flush(locally=False)
        return planned

    def prepare(self) -> None:
        """Create the missing parts of the bookkeeping schema; the lock must be held."""
        from migrator.core.apply import Applier

        self._prepare(Applier(self.session, self.say))

    def _prepare(self, applier: Applier) -> None:
        applier.prepare()
        facts = replace(
            self.session.facts,
            has_history=True,
            has_checksums=True,
            has_texts=True,
            has_batches=True,
        )
        self.session = replace(self.session, facts=facts)

    def _apply(self, applier: Applier, plan: Plan) -> None:
        applier.check_syntax(
            [each.source for each in plan.migrations], [each.source for each in plan.seeds]
        )
        self._replace(applier, plan)
        left = len(plan.migrations) + len(plan.seeds)
        for migration in plan.migrations:
            left -= 1
            duration_ms = applier.apply(migration, plan.rollbacks[migration.id], last=not left)
            self._did(f"applied {migration.id} ({duration_ms} ms)")
        for seed in plan.seeds:
            left -= 1
            rows = applier.seed(seed, last=not left)
            self._did(f"seeded {seed.id} ({rows} rows written)")

    def _replace(self, applier: Applier, plan: Plan) -> None:
        """Mark squashed pairs in the place of what they replace."""
        for name, ids in plan.replaced.items():
            applier.replace(find(self.migrations, name), ids)
            self._did(f"recorded {name} in the place of {len(ids)} migrations")

    def _roll_back(self, applier: Applier, plan: Plan) -> None:
        self._replace(applier, plan)
        for migration in plan.migrations:
            is_last = migration is plan.migrations[-1]
            try:
                applier.roll_back(migration, plan.rollbacks[migration.id], last=is_last)
            except Failed as failure:
                raise realign.explained(failure, migration) from failure
            self._did(f"rolled back {migration.id}")

    def _did(self, what: str) -> None:
        self.done.append(what)
        self.say(what)

    @contextlib.contextmanager
    def _telling_the_truth(self) -> Iterator[None]:
        """Turn an interruption or a lost connection into an error with the real state."""
        try:
            with process.interruptible():
                yield
        except (KeyboardInterrupt, psycopg.Error) as error:
            if _was_interrupted(error):
                abandon(self.session)
                state = self._state_in_words()
                raise Interrupted("Interrupted.", state=state, hint=_GO_ON) from None
            message = "The connection was lost" if self.session.connection.closed else "Failed"
            raise Failed(
                f"{message}: {str(error).strip()}", state=self._state_in_words(), hint=_GO_ON
            ) from error

    def _state_in_words(self) -> str:
        """Read the history again, on a new connection if necessary, and return the state.

        A session whose connection was lost may still commit, so this waits for its end.
        """
        deadline = time.monotonic() + _RECONNECT_S
        lost = self.session.facts.pid
        while True:
            try:
                if self.session.connection.closed:
                    self.reconnect()
                is_at_work = self.session.facts.pid != lost and lost in lock.holders(self.session)
                state = self.state()
            except (Refused, psycopg.Error):
                abandon(self.session)
                if time.monotonic() > deadline:
                    return _UNKNOWN
            else:
                if not is_at_work:
                    return history.in_words(state)
                if time.monotonic() > deadline:
                    return f"{history.in_words(state)} {_AT_WORK.format(pid=lost)}"
            time.sleep(_RETRY_S)


def _was_interrupted(error: BaseException | None) -> bool:
    """Say whether an error is an interruption, or a consequence of one."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


def _restartable(state: State) -> list[str]:
    """Return the interrupted pending files that `migrate` can finish.

    A file that was edited and now runs in a transaction is not among them.
    """
    interrupted = [each for each in state.pending if each.id in state.interrupted]
    return [each.id for each in interrupted if not each.source.transactional]
