"""What is done on one target, by the code of the single command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from migrator.catalogue import objects
from migrator.core import files
from migrator.core.additions import Additions
from migrator.core.errors import Refused
from migrator.core.files import FileSet, Migration
from migrator.core.history import refuse_behind, refuse_disagreement
from migrator.core.plan import Plan, find, up_to
from migrator.core.project import Project
from migrator.core.runner import Runner
from migrator.core.session import Limits, NoConnection, Session, refuse_unwritable
from migrator.fleet.plan import Asked
from migrator.fleet.pool import Contact
from migrator.fleet.survey import TargetPosition
from migrator.fleet.targets import Member


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
    def at(self, member: Member, contact: Contact) -> Iterator[Runner]:
        """Connect to a target.

        Raises:
            NoConnection: See `open_session`; or nothing says where it is.

        """
        if member.unset:
            raise NoConnection(
                f"The variable {member.unset} is not set, or empty.",
                hint="Set it where the command runs.",
            )
        additions = replace(self.additions, second=contact.second)
        runner = Runner(
            self.project, member.target, self.limits, contact.say, additions, known=self.files
        )
        try:
            yield runner
        finally:
            runner.close()

    def look(self, member: Member, _: Any, contact: Contact) -> TargetPosition:
        """See where a target stands."""
        with self.at(member, contact) as runner:
            return TargetPosition.of(runner)

    def plan(self, member: Member, asked: Asked, contact: Contact) -> TargetPosition:
        """See where a target stands, and what would be done there.

        Raises:
            Refused: Nothing can be done there; see `Runner.migrate`.

        """
        with self.at(member, contact) as runner:
            if runner.session.facts.is_standby:
                return TargetPosition.of(runner)
            refuse_unwritable(runner.session, member.target)
            planned = _planned(runner, asked)
            migrations = tuple(each.id for each in planned.migrations)
            seeds = tuple(each.id for each in planned.seeds)
            return TargetPosition.of(runner, migrations=migrations, seeds=seeds)

    def change(self, member: Member, asked: Asked, contact: Contact) -> TargetPosition:
        """Do what was planned; what was done since by somebody else is left out.

        Raises:
            Refused: More is to be done than was planned.
            Failed: See `Runner`.

        """

        def before_plan(session: Session) -> None:
            self.additions.before_plan(session)
            now = _pending(runner, asked) if asked.kind == "migrate" else _after(runner, asked)
            if more := [each.id for each in now if each.id not in asked.migrations]:
                raise Refused(
                    "Somebody has changed this database since it was planned: now also "
                    f"{', '.join(more)}.",
                    hint="Look at `fleet plan` again.",
                )

        additions = replace(self.additions, before_plan=before_plan)
        with replace(self, additions=additions).at(member, contact) as runner:
            if asked.kind == "rollback":
                done = runner.rollback(steps=None, to=asked.to, confirm=lambda _: None)
            elif asked.kind == "seed":
                done = runner.seed()
            else:
                done = runner.migrate(to=asked.to, with_seeds=asked.with_seeds, dry_run=False)
            counts = ((len(done.migrations), "migration"), (len(done.seeds), "seed"))
            parts = [f"{count} {what}{'s' * (count != 1)}" for count, what in counts if count]
            verb = "rolled back" if asked.kind == "rollback" else "applied"
            words = f"{verb} {', '.join(parts)}" if parts else "nothing to do"
            return TargetPosition.of(runner, words=words)

    def verify(self, member: Member, how: dict[str, bool], contact: Contact) -> TargetPosition:
        """Check a target against the files, and read what it holds; nothing is changed.

        Args:
            member: The target.
            how: What is checked: see `catalogue.verify.verify`.
            contact: Told what is done.

        Returns:
            Where it stands; as `found`, the digest and the text of what it holds.

        """
        from migrator.catalogue.verify import verify

        with self.at(member, contact) as runner:
            checks = verify(runner, **how)
            lines = tuple(f"{each.name}: {line}" for each in checks for line in each.findings)
            held = objects.read(runner.session.connection).schema
            return TargetPosition.of(runner, findings=lines, found=(held.digest, held.pack()))


def _planned(runner: Runner, asked: Asked) -> Plan:
    if asked.kind == "seed":
        refuse_behind(runner.state())
        files.check(each.source for each in runner.seeds)
        return Plan([], runner.seeds)
    if asked.kind != "rollback":
        return runner.migrate(to=asked.to, with_seeds=asked.with_seeds, dry_run=True)
    if _after(runner, asked):
        return runner.rollback_plan(steps=None, to=asked.to)
    refuse_disagreement(runner.state())
    return Plan([], [])


def _pending(runner: Runner, asked: Asked) -> list[Migration]:
    last = find(runner.migrations, asked.to) if asked.to is not None else None
    return up_to(runner.state().pending, runner.migrations, last)


def _after(runner: Runner, asked: Asked) -> list[Migration]:
    """Return the applied migrations that come after the one to keep."""
    if asked.to is None:
        return []
    later = runner.migrations[runner.migrations.index(find(runner.migrations, asked.to)) + 1 :]
    return [each for each in runner.state().applied if each in later]
