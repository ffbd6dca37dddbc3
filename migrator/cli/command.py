"""From the options before a command's name to the set, the target and the work."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migrator.core.errors import Failed, Interrupted, MigratorError, Refused
from migrator.core.files import Project

if TYPE_CHECKING:
    from migrator.core.runner import Runner
    from migrator.core.target import Target
    from migrator.server.embedded import EmbeddedServer

_EMBEDDED = "the embedded server"
_UNDONE = {
    "state": "What was under way was rolled back.",
    "hint": "`status` shows what is applied.",
}


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
        from migrator.server.embedded import EmbeddedServer

        return EmbeddedServer(self.root, say=self.say)

    def target(self, *, must_be_named: bool = False) -> Target:
        """Find the target and say which it is; the embedded server is started.

        Raises:
            Refused: None was named, and one must be.

        """
        from migrator.core import process, target

        found = target.resolve(process.option_value(self.database), os.environ)
        if found is None and must_be_named:
            raise Refused(
                "Which database is meant? A deploy or a restore never takes one by itself.",
                hint="Name it: --database URL, DATABASE_URL, or libpq's variables.",
            )
        if found is None:
            found = target.Target.parse(self.server.start(), _EMBEDDED)
        self.say(f"target: {found.shown} (from {found.origin})")
        return found

    def to_be_reset(self) -> str:
        """Return in words which database `server reset` drops: never another's than the project's.

        Raises:
            Refused: Another database is named, so that it may be the one that is meant.

        """
        from migrator.core import process, target

        own = target.Target.parse(self.server.url(), _EMBEDDED)
        named = target.resolve(process.option_value(self.database), os.environ)
        if named is not None and named.parameters != own.parameters:
            without = (
                f"leave {named.origin} out"
                if named.origin.startswith("-")
                else f"`unset {named.origin.replace(' and ', ' ')}`"
            )
            raise Refused(
                f"{named.shown} (from {named.origin}) is not the embedded server's database, which "
                "alone can be reset.",
                hint=f"If the embedded server's is meant, {without}.",
            )
        return own.shown

    def on(self, database: str) -> Command:
        """Return the same on another database."""
        return replace(self, database=database)

    def named_runner(self, **limits: Any) -> Runner:
        """Connect to a target that the user named, and read the files."""
        from migrator.core.runner import Limits, Runner

        project = self.project
        return Runner(project, self.target(must_be_named=True), Limits(**limits), self.say)

    def runner(self, **limits: Any) -> Runner:
        """Connect to the target and read the files."""
        from migrator.core.runner import Limits, Runner
        from migrator.core.target import NoConnection

        project, target = self.project, self.target()
        try:
            return Runner(project, target, Limits(**limits), self.say)
        except NoConnection:  # perhaps its database was dropped
            if target.origin != _EMBEDDED or not self.server.create_database():
                raise
            return Runner(project, target, Limits(**limits), self.say)


def in_words(ending: BaseException) -> MigratorError:
    """Return what ended a command as an error with a message; a defect of ours is raised again."""
    match ending:
        case MigratorError():
            return ending
        case click.ClickException():
            message = ending.format_message()
            return Refused(message, hint="See --help.")
        case KeyboardInterrupt() | click.Abort():
            return Interrupted("Interrupted.", **_UNDONE)
        case ModuleNotFoundError():
            return Refused(
                f"The Python package {ending.name} is not installed.",
                hint="Run make migrate, which installs what is needed in .venv/, and then "
                ".venv/bin/python runner.py.",
            )
        case OSError():
            return Failed(f"{ending.filename or ''}: {ending.strerror}")
    psycopg = sys.modules.get("psycopg")  # imported late: without it, there was no connection
    if psycopg is not None and isinstance(ending, psycopg.Error):
        return Failed(str(ending).strip(), **_UNDONE)
    raise ending
