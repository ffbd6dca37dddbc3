"""The commands that change a database: migrate, rollback, seed."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg

from migrator.core import files, history, lock, process
from migrator.core.additions import Additions
from migrator.core.errors import Failed, Interrupted, Refused
from migrator.core.files import Migration
from migrator.core.history import State
from migrator.core.plan import Plan, find, is_called, up_to
from migrator.core.project import Project
from migrator.core.session import Limits, Session, abandon, open_session, refuse_unwritable
from migrator.core.target import Target
from migrator.core.waits import SessionWatch

if TYPE_CHECKING:
    from migrator.core.apply import Applier

Say = Callable[[str], None]


_GO_ON = "Run the command again; it goes on from there, or says what stands in its way."
_UNKNOWN = "The server cannot be asked; what was being done is there whole or not at all."
_AT_WORK = "The lost session, pid {pid}, is still at work: what it does may yet be committed."
_RECONNECT_S = 10.0
_RETRY_S = 0.1


class Runner:
    """One command's work on one target.

    Args:
        project: The migration set.
        target: The database.
        limits: How long to wait.
        say: Told what is done as it is done.
        additions: What a capability does beside.

    """

    def __init__(
        self,
        project: Project,
        target: Target,
        limits: Limits,
        say: Say,
        additions: Additions = Additions(),  # noqa: B008  it is frozen
    ) -> None:
        self.project = project
        self.migrations = files.discover(project.migrations)
        self.seeds = files.discover_seeds(project.seeds)
        self.target = target
        self.limits = limits
        self.say = say
        self.done: list[str] = []
        self.additions = additions
        self.waited_for: list[str] = []
        self.session = self._open()

    def at(self, target: Target) -> Runner:
        """Return a runner for another target, by a new session."""
        return Runner(self.project, target, self.limits, self.say, self.additions)

    def pin(self, target: Target) -> None:
        """Connect anew, where that is needed, by this name of the same target."""
        self.target = target

    def reconnect(self) -> None:
        """Open a new session, in the place of one that was lost."""
        self.session = self._open()

    def _open(self) -> Session:
        return open_session(self.target, self.limits, self.project.settings.lock_key)

    def state(self) -> State:
        """Compare the history, as it is now, with the files."""
        return history.compare(history.read(self.session), self.migrations, self.seeds)

    def migrate(self, *, to: str | None, with_seeds: bool, dry_run: bool) -> Plan:
        """Apply what is pending, then the seeds that changed.

        Args:
            to: The last migration to apply; None for all.
            with_seeds: Whether to apply seeds; they wait until no migration is pending.
            dry_run: Only say what would be done.

        Returns:
            What was done, or would be.

        Raises:
            Refused: Nothing was changed.
            Failed: What was applied before stays.

        """
        last = find(self.migrations, to) if to is not None else None

        def plan() -> Plan:
            state = self.state()
            history.refuse_disagreement(state, except_interrupted=_restartable(state))
            wanted = up_to(state.pending, self.migrations, last)
            ready = with_seeds and len(wanted) == len(state.pending)
            return Plan(wanted, state.pending_seeds if ready else [])

        planned = plan()
        rollbacks = [files.read(each.rollback_path) for each in planned.migrations]
        files.check([*planned.sources, *rollbacks])
        if dry_run:
            return planned
        refuse_unwritable(self.session, self.target)
        if not (planned.migrations or planned.seeds):
            return planned
        return self._changing(plan, self._apply)

    def pending(self, to: str | None = None) -> Plan:
        """Return what `migrate` would do."""
        return self.migrate(to=to, with_seeds=True, dry_run=True)

    def seed(self) -> Plan:
        """Apply every seed: what is in place already is not written again.

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
        """Undo the newest migrations first.

        Args:
            steps: How many; None with `to` None for all.
            to: The migration that is kept as the last one applied.
            confirm: Asked with what would be undone, where that destroys data; raises to refuse.

        """
        planned = self.rollback_plan(steps=steps, to=to)
        refuse_unwritable(self.session, self.target)
        if not planned.migrations:
            return planned

        def plan() -> Plan:
            now = self.rollback_plan(steps=steps, to=to)
            if any(each not in planned.migrations for each in now.migrations):
                raise Refused(
                    "Another runner changed the history meanwhile: what would be rolled back is "
                    "no longer what was shown.",
                    state="This command changed nothing.",
                    hint="Run the command again.",
                )
            return now

        if any(each.source.header.get("reversible") != "yes" for each in planned.migrations):
            confirm(planned.migrations)
        return self._changing(plan, self._roll_back)

    def settle(self, name: str, *, applied: bool) -> str:
        """Record how an interrupted file ended, where the runner itself cannot tell.

        Args:
            name: Its id or number.
            applied: Whether the database is as the migration leaves it; else as it was before.

        Returns:
            Its id.

        Raises:
            Refused: It is not interrupted, or the catalogue shows something else.

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
        """Take away what files left that were interrupted as they were applied.

        Returns:
            Whether each of them is applied or pending now, with nothing half done. One that was
            interrupted as it was rolled back is brought to its end by `rollback`.

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
            hint="`status` shows what is.",
        )

    def rollback_plan(self, *, steps: int | None, to: str | None) -> Plan:
        """Return what a rollback would undo, newest first.

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
                if each.id in state.interrupted and not files.read(each.rollback_path).transactional
            ],
        )
        if kept is not None:
            if kept not in planned:
                raise Refused(
                    f"{kept.id} is not applied, so it cannot be kept.",
                    hint="`status` lists what is applied.",
                )
            planned = planned[: planned.index(kept)]
        elif steps is not None:
            planned = planned[:steps]
        files.check(files.read(each.rollback_path) for each in planned)
        return Plan(planned, [])

    def _changing(
        self,
        plan: Callable[[], Plan],
        work: Callable[[Applier, Plan], None],
        *,
        at_any_time: bool = False,
    ) -> Plan:
        """Do work under the lock, by the plan as it stands once the lock is held."""
        from migrator.core.apply import Applier

        with (
            self._telling_the_truth(),
            lock.held(self.session, self.limits.lock_wait_s, self.say),
            SessionWatch(self.target, self.session, self.limits.lock_timeout_ms, self.say) as watch,
        ):
            applier = Applier(
                self.session,
                self.say,
                limits=self.limits,
                watch=watch,
            )
            if not at_any_time:
                self.additions.before_plan(self.session)
            self._prepare(applier)
            planned = plan()  # another runner may have been at work meanwhile
            try:
                work(applier, planned)
            finally:
                self.waited_for += watch.told
                applier.flush()
        return planned

    def prepare(self) -> None:
        """Create what is missing of the bookkeeping schema; the lock must be held."""
        from migrator.core.apply import Applier

        self._prepare(Applier(self.session, self.say))

    def _prepare(self, applier: Applier) -> None:
        applier.prepare()
        facts = replace(self.session.facts, has_history=True, has_checksums=True)
        self.session = replace(self.session, facts=facts)

    def _apply(self, applier: Applier, plan: Plan) -> None:
        applier.check_syntax(
            [each.source for each in plan.migrations], [each.source for each in plan.seeds]
        )
        left = len(plan.migrations) + len(plan.seeds)
        for migration in plan.migrations:
            left -= 1
            duration_ms = applier.apply(migration, last=not left)
            self._did(f"applied {migration.id} ({duration_ms} ms)")
        for seed in plan.seeds:
            left -= 1
            rows = applier.seed(seed, last=not left)
            self._did(f"seeded {seed.id} ({rows} rows written)")

    def _roll_back(self, applier: Applier, plan: Plan) -> None:
        for migration in plan.migrations:
            applier.roll_back(migration, last=migration is plan.migrations[-1])
            self._did(f"rolled back {migration.id}")

    def _did(self, what: str) -> None:
        self.done.append(what)
        self.say(what)

    @contextlib.contextmanager
    def _telling_the_truth(self) -> Iterator[None]:
        """Turn an interruption or a lost connection into what the history says afterwards."""
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
        """Read the history again, on a new connection if need be, and say what stands.

        A session whose connection was lost may be at its COMMIT yet: its end is waited for.
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
    """Say whether an error is an interruption, or came of tidying up after one."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


def _restartable(state: State) -> list[str]:
    """Return the interrupted files that are still to be applied: they are run to their end.

    One that was edited, and would run in a transaction now, is not.
    """
    interrupted = [each for each in state.pending if each.id in state.interrupted]
    return [each.id for each in interrupted if not each.source.transactional]
