"""From the options before a command's name to the set, the target and the work."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migrator.cli import options
from migrator.core import process, project, settings
from migrator.core.errors import Failed, Interrupted, MigratorError, Refused
from migrator.core.project import Project
from migrator.core.settings import Settings

if TYPE_CHECKING:
    from migrator.core.additions import Additions
    from migrator.core.progress import Tell
    from migrator.core.runner import Runner
    from migrator.core.session import NoConnection
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
        root: The project's directory.
        settings: What the project says of itself.
        database: The value of --database.
        migrations: The value of --migrations.
        seeds: The value of --seeds.
        server_directory: The value of --server-directory.
        as_json: Whether the answer is to be a JSON document.
        say: Told what is done.
        named_by: The option whose value `database` is.
        given: The target, if it is known already.

    """

    root: Path
    settings: Settings
    database: str | None
    migrations: Path | None
    seeds: Path | None
    server_directory: Path | None
    as_json: bool
    say: Callable[[str], None]
    named_by: str = "--database"
    given: Target | None = None

    @classmethod
    def begin(cls, root: Path | None, *, migrations: Path | None, **named: Any) -> Command:
        """Find the project: that of --migrations, else the one that the program belongs to.

        Args:
            root: The directory of the latter; None for the nearest one from here upwards that has
                `[tool.migrator]`, else for this one.
            migrations: The value of --migrations.
            **named: The values of the other options.

        Raises:
            Refused: The project's settings cannot be read.

        """
        if migrations is not None:
            root = project.root_of(migrations)
        root = root or project.root_above(Path.cwd()) or Path.cwd()
        made = cls(root, settings.load(root), migrations=migrations, **named)
        made._read_environment()
        return made

    def _read_environment(self) -> None:
        """Add the variables of the project's file to the environment, and say which they are."""
        if self.settings.environment is None:
            return
        from migrator.core import dotenv

        path = self.root / self.settings.environment
        found = dotenv.read(path, os.environ, is_named=self.database is not None)
        if late := [name for name in options.variables_before_command() if name in found]:
            raise Refused(
                f"{path}: {', '.join(late)} cannot be set there: it is needed before that is read.",
                hint="Set it in the environment, or give the option.",
            )
        if found:
            os.environ.update(found)
            self.say(f"environment: {', '.join(found)} from {path}")

    @property
    def project(self) -> Project:
        """The migration set."""
        if self.migrations is not None:
            return Project.at(self.migrations, self.seeds)
        return Project.own(self.root, self.settings, self.seeds)

    @property
    def server(self) -> EmbeddedServer:
        """The embedded server, started or not."""
        from migrator.server import embedded

        directory = self.server_directory or self.root / embedded.DIRECTORY
        return embedded.EmbeddedServer(directory.absolute(), self.settings.server, say=self.say)

    def target(self, *, must_be_named: bool = False) -> Target:
        """Find the target and say which it is; the embedded server is started.

        Raises:
            Refused: None was named, and one must be.

        """
        from migrator.core import target

        database = process.option_value(self.database)
        found = self.given
        found = found or target.resolve(database, os.environ, options.origin(self.named_by))
        if found is None and must_be_named:
            raise Refused(
                "Which database is meant? A deploy or a restore never takes one by itself.",
                hint="Name it: --database URL, DATABASE_URL, or libpq's variables.",
            )
        if found is None:
            found = target.Target.parse(self.server.start(), _EMBEDDED)
        self.say(f"target: {found.shown} (from {found.origin})")
        return found.called(self.settings.application)

    def to_be_reset(self) -> str:
        """Return in words which database `server reset` drops: never another's than the project's.

        Raises:
            Refused: Another database is named, so that it may be the one that is meant.

        """
        from migrator.core import target

        own = target.Target.parse(self.server.url(), _EMBEDDED)
        database = process.option_value(self.database)
        named = target.resolve(database, os.environ, options.origin(self.named_by))
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

    def other_target(self, value: str | None, option: str) -> Target | None:
        """Return what an option names besides the target; None where it is not given."""
        from migrator.core.target import resolve_other

        conninfo = process.option_value(value, option)
        found = resolve_other(conninfo, options.origin(option), os.environ)
        return found and found.called(self.settings.application)

    def on(self, database: str, option: str) -> Command:
        """Return the same on another database, which another option named."""
        return replace(self, database=database, named_by=option)

    def named_runner(self, **limits: Any) -> Runner:
        """Connect to a target that the user named, and read the files."""
        return self.runner_at(self.target(must_be_named=True), **limits)

    def runner_at(self, target: Target, **limits: Any) -> Runner:
        """Connect to this target, and read the files."""
        return self._connected(self.project, target, **limits)

    def closed_target(self, error: NoConnection) -> Target | None:
        """Return the target's database as a deploy has closed it, where one has."""
        from migrator.deploy import closing

        found = closing.find(self.target(must_be_named=True), error)
        return found and found[1]

    def runner(self, **limits: Any) -> Runner:
        """Connect to the target and read the files."""
        from migrator.deploy.records import additions

        adds = replace(additions(), progress=self._progress())
        return self._connected(self.project, self.target(), adds, **limits)

    def _connected(
        self, found: Project, target: Target, *additions: Additions, **limits: Any
    ) -> Runner:
        """Connect to a target, until the command ends.

        Raises:
            NoConnection: The server cannot be reached, or rejects the role.

        """
        from migrator.core.runner import Runner
        from migrator.core.session import Limits, NoConnection
        from migrator.deploy import closing

        self._say_which(found)
        try:
            made = Runner(found, target, Limits(**limits), self.say, *additions)
        except NoConnection as error:  # perhaps its database was dropped
            if target.origin != _EMBEDDED or not self.server.create_missing():
                raise closing.hint(target, error) from None
            made = Runner(found, target, Limits(**limits), self.say, *additions)
        click.get_current_context().call_on_close(made.close)
        return made

    def _progress(self) -> Tell | None:
        """Return what shows the progress of batches; None where lines are enough."""
        if not (self.as_json or sys.stderr.isatty()):
            return None
        from migrator.cli.progress import BatchBar, BatchEvents

        return BatchEvents() if self.as_json else BatchBar()

    def _say_which(self, found: Project) -> None:
        """Say which files are meant, where they are not simply the project's own."""
        if self.migrations or self.seeds or found.migrations.is_symlink():
            self.say(f"files: {found.words}")


def in_words(ending: BaseException, install: str) -> MigratorError:
    """Return what ended a command as an error with a message; a defect of ours is raised again.

    Args:
        ending: What ended it.
        install: What to do where a package is not installed; empty for what pip would.

    """
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
                hint=install or process.how_to_install(ending.name),
            )
        case OSError():
            return Failed(f"{ending.filename or ''}: {ending.strerror}")
    psycopg = sys.modules.get("psycopg")  # imported late: without it, there was no connection
    if psycopg is not None and isinstance(ending, psycopg.Error):
        return Failed(str(ending).strip(), **_UNDONE)
    raise ending
