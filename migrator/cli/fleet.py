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
from migrator.cli.answers import answer, say
from migrator.cli.command import Command, in_words
from migrator.core import process

if TYPE_CHECKING:
    from migrator.cli.progress import Progress
    from migrator.fleet.drift import Drift
    from migrator.fleet.plan import Asked, FleetPlan
    from migrator.fleet.pool import Event, Pool
    from migrator.fleet.rollout import Pace, RolloutResult
    from migrator.fleet.survey import Survey
    from migrator.fleet.targets import Member
    from migrator.fleet.work import Common

EXIT_NOT_UP_TO_DATE = 3
_APPROVE = "Look at it with `fleet plan`, then give --approve DIGEST; or --yes."


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
        log_dir: The value of --log-dir.

    """

    targets: Path | None
    targets_from: str | None
    control: str | None
    only: Sequence[str]
    jobs: int
    server_limit: int | None
    log_dir: Path | None

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
        _shared(
            "--log-dir",
            type=options.DIRECTORY,
            metavar="DIR",
            help="Write what happens to each target into a file of its own.",
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


_PACE = [
    click.option("--keep-going", is_flag=True, help="Begin with other targets after one failed."),
    click.option("--yes", is_flag=True, help="Do not ask."),
    click.option("--approve", metavar="DIGEST", help="Go on if the plan has this digest."),
]
_paced = partial(options.with_options, _PACE)
_TO = click.option("--to", metavar="ID", help="The last migration to apply, or to keep.")


@fleet.command()
@click.option("--exit-code", is_flag=True, help="End with exit code 3 if not all are up to date.")
@_targets
@click.pass_obj
def status(command: Command, /, wanted: Wanted, exit_code: bool) -> int:
    """Show which target is on which version."""
    with _at_work(command, wanted) as work:
        found = work.survey()
    code = EXIT_NOT_UP_TO_DATE if exit_code and not found.up_to_date else 0
    return answer(command, found.document, found.lines(), code)


@fleet.command()
@_TO
@click.option("--no-seed", is_flag=True, help="Do not apply seeds.")
@click.option("--rollback", "is_rollback", is_flag=True, help="Show what `rollback` would do.")
@click.option("--keep-going", is_flag=True, help="Leave targets out that cannot be reached.")
@options.beside_others
@_targets
@click.pass_obj
def plan(
    command: Command, /, wanted: Wanted, keep_going: bool, beside_others: bool, **asked: Any
) -> int:
    """Show what would run where, and the digest to approve."""
    with _at_work(command, wanted, beside_others=beside_others) as work:
        planned = work.plan(_asked(**asked), keep_going=keep_going)
    return answer(command, planned.document, planned.lines())


@fleet.command()
@_TO
@click.option("--no-seed", is_flag=True, help="Do not apply seeds.")
@click.option(
    "--pause-after",
    type=click.IntRange(0),
    metavar="STAGE",
    help="End after this stage. The same command goes on.",
)
@click.option(
    "--soak",
    "soak_ms",
    type=options.Duration(),
    help="How long to wait after a stage, before it is verified and the next begins.",
)
@_paced
@options.beside_others
@options.limits
@_targets
@click.pass_obj
def migrate(
    command: Command,
    /,
    *,
    wanted: Wanted,
    to: str | None,
    no_seed: bool,
    pause_after: int | None,
    soak_ms: int | None,
    **how: Any,
) -> int:
    """Apply pending migrations and changed seeds, stage by stage."""
    pace = {"pause_after": pause_after, "soak_s": None if soak_ms is None else soak_ms / 1000}
    return _rolled_out(command, wanted, "migrate", _asked(to, no_seed), pace, **how)


@fleet.command()
@click.option("--to", metavar="ID", required=True, help="Roll back what came after ID.")
@_paced
@options.limits
@_targets
@click.pass_obj
def rollback(command: Command, /, wanted: Wanted, to: str, **how: Any) -> int:
    """Roll back what came after a migration, the last stage first."""
    return _rolled_out(command, wanted, "rollback", _asked(to, is_rollback=True), {}, **how)


@fleet.command()
@click.option("--keep-going", is_flag=True, help="Begin with other targets after one failed.")
@options.limits
@_targets
@click.pass_obj
def seed(command: Command, /, wanted: Wanted, keep_going: bool, **limits: Any) -> int:
    """Apply all seeds everywhere. Rows that are already right are not written again."""
    from migrator.fleet.rollout import Pace

    with _at_work(command, wanted, with_events=True, **limits) as work:
        how = Pace(keep_going)
        result = work.rollout("seed", how, work.survey(), work.members, lambda _: None)
    return answer(command, result.document, result.lines(), result.exit_code, indent=0)


@fleet.command()
@_targets
@click.pass_obj
def verify(command: Command, /, wanted: Wanted) -> int:
    """Check every target, and tell in what targets of one version differ."""
    with _at_work(command, wanted) as work:
        found = work.verify()
    return answer(command, found.document, found.lines(), 0 if found.passed else 1)


@dataclass(frozen=True, slots=True)
class FleetWork:
    """The targets of a command, and the processes that work on them.

    Args:
        members: The targets.
        common: What the work on all of them has in common.
        pool: The processes.
        progress: Told what happens.

    """

    members: list[Member]
    common: Common
    pool: Pool
    progress: Progress

    def survey(self) -> Survey:
        """Look at all targets."""
        from migrator.fleet.survey import Standpoint, Survey

        ended = self._on_all("look", None)
        return Survey.of([Standpoint(each.member, each.value, each.failure) for each in ended])

    def plan(self, asked: Asked, *, keep_going: bool) -> FleetPlan:
        """Plan the work on all targets.

        Raises:
            Refused: Something is wrong with one of them.

        """
        from migrator.fleet.plan import FleetPlan
        from migrator.fleet.survey import Standpoint, Survey

        ended = self._on_all("plan", asked)
        survey = Survey.of(
            [
                Standpoint(each.member, each.value.position if each.value else None, each.failure)
                for each in ended
            ]
        )
        plans = {each.member.name: each.value for each in ended if each.value}
        found = FleetPlan(asked, self.common.files, survey, plans)
        found.refuse(except_unreachable=keep_going)
        return found

    def verify(self) -> Drift:
        """Check all targets, and one of them against the snapshot for those that are equal."""
        from migrator.fleet import drift

        ended = {each.member.name: each for each in self._on_all("verify", False)}
        checked = {name: each.value for name, each in ended.items() if each.value}
        groups = drift.groups(checked)
        samples = [
            each.sample for each in groups if not checked[each.sample].position.ids["pending"]
        ]
        sample = [ended[name].member for name in samples[:1]]
        for event in self._on_all("verify", True, sample):
            ended[event.member.name] = event
        failures = {name: each.failure for name, each in ended.items() if each.failure}
        findings = {name: each.value.findings for name, each in ended.items() if each.value}
        return drift.Drift(groups, findings, failures, "".join(samples[:1]))

    def _on_all(
        self, kind: str, argument: Any, members: Sequence[Member] | None = None
    ) -> list[Event]:
        """Do something on all targets at once that changes nothing, in any order."""
        from migrator.fleet.pool import Job

        chosen = self.members if members is None else members
        jobs = [Job(each, kind, argument, each.place) for each in chosen]
        ended = []
        for event in self.pool.run(jobs, goes_on=True):
            self.progress.look(event)
            ended += [event] * event.has_ended
        if self.pool.is_interrupted:
            raise KeyboardInterrupt
        return sorted(ended, key=lambda each: (each.member.stage, each.member.name))

    def rollout(
        self,
        kind: str,
        pace: Pace,
        survey: Survey,
        members: Sequence[Member],
        argument: Callable[[Member], Any],
    ) -> RolloutResult:
        """Change targets stage by stage; see `Rollout`."""
        from migrator.fleet.rollout import Rollout

        self.progress.begin(len(members))
        return Rollout(self.pool, pace, survey, self.progress.tell).run(kind, members, argument)


@contextmanager
def _at_work(
    command: Command, wanted: Wanted, *, with_events: bool = False, **limits: Any
) -> Iterator[FleetWork]:
    """Read the targets and the files, and have processes that work on the targets."""
    from migrator.cli.progress import Progress
    from migrator.core.files import FileSet
    from migrator.core.session import Limits
    from migrator.deploy.records import additions
    from migrator.fleet.pool import Pool
    from migrator.fleet.work import Common

    members = wanted.members(command)
    project = command.project
    files = FileSet.read(project.migrations, project.apart, project.seeds)
    common = Common(project, files, Limits(**limits), additions())
    names = ("look", "plan", "migrate", "rollback", "seed", "verify")
    work = {name: getattr(common, name) for name in names}
    explain = partial(in_words, install="")
    progress = Progress(as_json=command.as_json and with_events, log_directory=wanted.log_dir)
    with Pool(work, explain, jobs=wanted.jobs, server_limit=wanted.server_limit) as pool:
        try:
            yield FleetWork(members, common, pool, progress)
        finally:
            progress.end()


def _asked(to: str | None, no_seed: bool = False, is_rollback: bool = False) -> Asked:
    from migrator.fleet.plan import Asked

    if is_rollback and to is None:
        raise click.UsageError("--rollback needs --to ID.")
    return Asked(to, not no_seed, is_rollback)


def _rolled_out(
    command: Command,
    wanted: Wanted,
    kind: str,
    asked: Asked,
    pace: dict[str, Any],
    *,
    keep_going: bool,
    yes: bool,
    approve: str | None,
    **limits: Any,
) -> int:
    """Plan, have it approved, and do it stage by stage."""
    from migrator.fleet.rollout import Pace

    with _at_work(command, wanted, with_events=True, **limits) as work:
        planned = work.plan(asked, keep_going=keep_going)
        members = planned.members()
        if approve is not None:
            planned.refuse_unless(approve)
        elif members:
            with process.interruptible():
                options.approval(say, is_approved=yes)(planned.lines(), _APPROVE)
        how = Pace(keep_going, **pace)
        result = work.rollout(kind, how, planned.survey, members, planned.step)
    return answer(command, result.document, result.lines(), result.exit_code, indent=0)
