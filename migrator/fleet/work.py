"""What is done on one target, by the code of the single command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from migrator.core.additions import Additions
from migrator.core.files import FileSet
from migrator.core.project import Project
from migrator.core.runner import Runner
from migrator.core.session import Limits
from migrator.fleet.pool import Say
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
