"""From the options before a command's name to the set, the target and the work."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migrator.errors import Refused
from migrator.files import Project

if TYPE_CHECKING:
    from migrator.migrate import Work
    from migrator.server import EmbeddedServer
    from migrator.target import Target

_EMBEDDED = "the embedded server"


@dataclass(frozen=True, slots=True)
class Command:
    """What the options before the command's name say.

    Args:
        root: The project.
        database: The value of --database.
        migrations: The value of --migrations.
        seeds: The value of --seeds.
        as_json: Whether the answer is to be a JSON document.
        say: Told what is done.

    """

    root: Path
    database: str | None
    migrations: Path | None
    seeds: Path | None
    as_json: bool
    say: Callable[[str], None]

    @property
    def project(self) -> Project:
        """The migration set."""
        return Project.at(self.migrations or self.root / "migrations", self.seeds)

    @property
    def server(self) -> EmbeddedServer:
        """The embedded server, started or not."""
        from migrator.server import EmbeddedServer

        return EmbeddedServer(self.root)

    def target(self) -> Target:
        """Find the target and say which it is; the embedded server is started."""
        from migrator import target

        found = target.resolve(self.database, os.environ)
        if found is None:
            found = target.named(self.server.start(), _EMBEDDED)
        self.say(f"target: {found.shown} (from {found.origin})")
        return found

    def work(self, **limits: Any) -> Work:
        """Connect to the target and read the files."""
        from migrator.migrate import Limits, Work

        project, target = self.project, self.target()
        try:
            return Work(project, target, Limits(**limits), self.say)
        except Refused:
            if target.origin != _EMBEDDED or not self.server.create_database():
                raise
            return Work(project, target, Limits(**limits), self.say)
