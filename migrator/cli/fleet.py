"""The commands `fleet ...`: the work of the single commands on many databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migrator.cli import options
from migrator.cli.answers import answer
from migrator.cli.command import Command, in_words

if TYPE_CHECKING:
    from migrator.fleet.pool import Pool
    from migrator.fleet.survey import Survey
    from migrator.fleet.targets import Member
    from migrator.fleet.work import Common

EXIT_NOT_UP_TO_DATE = 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which targets are meant, and how many of them at once.

    Args:
        targets: The value of --targets.
        targets_from: The value of --targets-from.
        control: The value of --control.
        only: The values of --only.
        jobs: The value of --jobs.
        server_limit: The value of --server-limit; None for no limit.

    """

    targets: Path | None
    targets_from: str | None
    control: str | None
    only: Sequence[str]
    jobs: int
    server_limit: int | None

    def members(self, command: Command) -> list[Member]:
        """Read and select the targets.

        Raises:
            Refused: They cannot be read, or one of them is wrong.

        """
        from migrator.fleet import targets

        control = command.other_target(self.control, "--control")
        named = command.settings.application
        if self.targets_from is None:
            if control is not None:
                raise click.UsageError("--control is for the query of --targets-from.")
            found = targets.from_file(self.targets or command.root / targets.FILE, named)
        elif self.targets is not None:
            raise click.UsageError("Give one of --targets and --targets-from.")
        elif control is not None:
            found = targets.from_query(control, self.targets_from, named)
        else:
            found = targets.from_program(self.targets_from, named)
        return targets.select(found, self.only)


def _shared(*names: str, **how: Any) -> Callable[[Any], Any]:
    """Return an option that has one variable for all commands of the fleet."""
    name = names[0].lstrip("-").replace("-", "_").upper()
    return click.option(*names, envvar=f"{options.PREFIX}_FLEET_{name}", **how)


def _targets(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say which targets are meant; the command gets them as `wanted`."""
    shared = [
        _shared(
            "--targets",
            type=options.DIRECTORY,
            metavar="FILE",
            help="The file with the targets. Default: fleet.toml in the project's directory.",
        ),
        _shared(
            "--targets-from",
            metavar="TEXT",
            help="A query on --control, or a program that prints a JSON object a line.",
        ),
        _shared("--control", metavar="URL", help="The database that --targets-from asks."),
        click.option(
            "--only",
            metavar="WHICH",
            multiple=True,
            help="NAME, stage=N or label=value; may be given several times.",
        ),
        _shared(
            "--jobs",
            type=click.IntRange(1),
            default=4,
            show_default=True,
            metavar="N",
            help="Targets at work at once.",
        ),
        _shared(
            "--server-limit",
            type=click.IntRange(1),
            metavar="N",
            help="Connections to one server. Default: no limit but --jobs.",
        ),
    ]

    @wraps(function)
    def with_wanted(*arguments: Any, **given: Any) -> Any:
        names = Wanted.__dataclass_fields__
        wanted = Wanted(**{name: given.pop(name) for name in names})
        return function(*arguments, wanted=wanted, **given)

    return options.with_options(shared, with_wanted)


@click.group()
@click.pass_context
def fleet(context: click.Context) -> None:
    """Work on many databases: see docs/fleet.md."""
    options.refuse_empty(context)


@fleet.command()
@click.option("--exit-code", is_flag=True, help="End with exit code 3 if not all are up to date.")
@_targets
@click.pass_obj
def status(command: Command, /, wanted: Wanted, exit_code: bool) -> int:
    """Show which target is on which version."""
    with _at_work(command, wanted) as (members, _, pool):
        found = _survey(pool, members)
    code = EXIT_NOT_UP_TO_DATE if exit_code and not found.up_to_date else 0
    return answer(command, found.document, found.lines(), code)


@contextmanager
def _at_work(
    command: Command, wanted: Wanted, **limits: Any
) -> Iterator[tuple[list[Member], Common, Pool]]:
    """Read the targets and the files, and have processes that work on the targets."""
    from migrator.core.files import FileSet
    from migrator.core.session import Limits
    from migrator.deploy.records import additions
    from migrator.fleet.pool import Pool
    from migrator.fleet.work import Common

    members = wanted.members(command)
    project = command.project
    files = FileSet.read(project.migrations, project.apart, project.seeds)
    common = Common(project, files, Limits(**limits), additions())
    work = {"look": common.look}
    explain = partial(in_words, install="")
    with Pool(work, explain, jobs=wanted.jobs, server_limit=wanted.server_limit) as pool:
        yield members, common, pool


def _survey(pool: Pool, members: Sequence[Member]) -> Survey:
    """Look at all targets."""
    from migrator.fleet.pool import Job
    from migrator.fleet.survey import Standpoint, Survey

    jobs = [Job(each, "look", server=each.place) for each in members]
    events = pool.run(jobs, goes_on=True)
    found = [Standpoint(each.member, each.value, each.failure) for each in events if each.has_ended]
    if pool.is_interrupted:
        raise KeyboardInterrupt
    return Survey.of(found)
