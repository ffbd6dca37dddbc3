"""What is done on one target, by the code of the single command."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from migrator.catalogue import objects
from migrator.catalogue.verify import verify
from migrator.core.additions import Additions
from migrator.core.errors import Refused
from migrator.core.files import FileSet, Migration
from migrator.core.history import refuse_disagreement
from migrator.core.plan import Plan, find, up_to
from migrator.core.project import Project
from migrator.core.runner import Runner
from migrator.core.session import Limits, Session, refuse_unwritable
from migrator.fleet.drift import Checked
from migrator.fleet.plan import Asked, TargetPlan, TargetStep
from migrator.fleet.pool import Say
from migrator.fleet.survey import TargetPosition
from migrator.fleet.targets import Member


@dataclass(frozen=True, slots=True)
class TargetDone:
    """What was done on a target.

    Args:
        position: Where it stands now.
        words: What was done, in words.

    """

    position: TargetPosition
    words: str

    @classmethod
    def of(cls, runner: Runner, what: str, plan: Plan) -> TargetDone:
        """Return what a runner did.

        Args:
            runner: The target.
            what: applied, rolled back.
            plan: The files.

        """
        counts = ((len(plan.migrations), "migration"), (len(plan.seeds), "seed"))
        parts = [f"{count} {kind}{'s' * (count != 1)}" for count, kind in counts if count]
        words = f"{what} {', '.join(parts)}" if parts else "nothing to do"
        return cls(TargetPosition.of(runner), words)


@dataclass(frozen=True, slots=True)
class Common:
    """What the work on all targets has in common.

    Args:
        project: The migration set.
        files: Its files, which are read once for all targets.
        limits: How long to wait, and on what.
        additions: What a capability does in addition.

    """

    project: Project
    files: FileSet
    limits: Limits
    additions: Additions

    @contextmanager
    def at(self, member: Member, say: Say) -> Iterator[Runner]:
        """Connect to a target."""
        runner = Runner(
            self.project, member.target, self.limits, say, self.additions, known=self.files
        )
        try:
            yield runner
        finally:
            runner.session.connection.close()

    def look(self, member: Member, _: Any, say: Say) -> TargetPosition:
        """See where a target stands."""
        with self.at(member, say) as runner:
            return TargetPosition.of(runner)

    def plan(self, member: Member, asked: Asked, say: Say) -> TargetPlan:
        """See where a target stands, and what would be done there.

        Raises:
            Refused: Nothing can be done there; see `Runner.migrate`.

        """
        with self.at(member, say) as runner:
            position = TargetPosition.of(runner)
            if position.is_standby:
                return TargetPlan(position)
            refuse_unwritable(runner.session, member.target)
            planned = self._planned(runner, asked)
            return TargetPlan(
                position,
                tuple(each.id for each in planned.migrations),
                tuple(each.id for each in planned.seeds),
            )

    def _planned(self, runner: Runner, asked: Asked) -> Plan:
        if not asked.is_rollback:
            return runner.migrate(to=asked.to, with_seeds=asked.with_seeds, dry_run=True)
        if not _after(runner, asked):
            refuse_disagreement(runner.state())
            return Plan([], [])
        return runner.rollback_plan(steps=None, to=asked.to)

    def migrate(self, member: Member, step: TargetStep, say: Say) -> TargetDone:
        """Apply what was planned; what was applied since by somebody else is left out.

        Raises:
            Refused: More is pending than was planned.
            Failed: See `Runner.migrate`.

        """
        asked = step.asked

        def check(runner: Runner) -> None:
            last = find(runner.migrations, asked.to) if asked.to is not None else None
            pending = up_to(runner.state().pending, runner.migrations, last)
            _refuse_more([each.id for each in pending], step.plan.migrations)

        with self._checked(member, say, check) as runner:
            done = runner.migrate(to=asked.to, with_seeds=asked.with_seeds, dry_run=False)
            return TargetDone.of(runner, "applied", done)

    def rollback(self, member: Member, step: TargetStep, say: Say) -> TargetDone:
        """Roll back what was planned.

        Raises:
            Refused: More is applied than was planned.
            Failed: See `Runner.rollback`.

        """

        def check(runner: Runner) -> None:
            _refuse_more([each.id for each in _after(runner, step.asked)], step.plan.migrations)

        with self._checked(member, say, check) as runner:
            done = runner.rollback(steps=None, to=step.asked.to, confirm=lambda _: None)
            return TargetDone.of(runner, "rolled back", done)

    def seed(self, member: Member, _: Any, say: Say) -> TargetDone:
        """Apply all seeds."""
        with self.at(member, say) as runner:
            return TargetDone.of(runner, "applied", runner.seed())

    def verify(self, member: Member, how: dict[str, bool], say: Say) -> Checked:
        """Check a target against the files, and read what it holds; nothing is changed.

        Args:
            member: The target.
            how: What is checked: see `catalogue.verify.verify`.
            say: Told what is done.

        """
        with self.at(member, say) as runner:
            checks = verify(runner, **how)
            found = objects.read(runner.session.connection).schema
            return Checked(
                TargetPosition.of(runner),
                tuple(f"{each.name}: {line}" for each in checks for line in each.findings),
                found.digest,
                found.pack(),
            )

    @contextmanager
    def _checked(
        self, member: Member, say: Say, check: Callable[[Runner], None]
    ) -> Iterator[Runner]:
        """Connect to a target; what is planned there is checked once the lock is held."""

        def before_plan(session: Session) -> None:
            self.additions.before_plan(session)
            check(runner)

        with replace(self, additions=replace(self.additions, before_plan=before_plan)).at(
            member, say
        ) as runner:
            yield runner


def _after(runner: Runner, asked: Asked) -> list[Migration]:
    """Return the applied migrations that come after the one to keep."""
    kept = find(runner.migrations, str(asked.to))
    later = runner.migrations[runner.migrations.index(kept) + 1 :]
    return [each for each in runner.state().applied if each in later]


def _refuse_more(found: Sequence[str], planned: Sequence[str]) -> None:
    if more := [each for each in found if each not in planned]:
        raise Refused(
            f"Somebody has changed this database since it was planned: now also {', '.join(more)}.",
            hint="Look at `fleet plan` again.",
        )
