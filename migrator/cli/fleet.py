"""The commands `fleet ...`: the work of the single commands on many databases."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial, wraps
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from migrator.cli import options
from migrator.cli.answers import answer, say
from migrator.cli.command import Command, in_words
from migrator.core import files, process
from migrator.core.errors import Refused

if TYPE_CHECKING:
    from migrator.cli.progress import Progress
    from migrator.fleet.drift import Drift
    from migrator.fleet.plan import Asked, FleetPlan
    from migrator.fleet.pool import Event, Pool, Say
    from migrator.fleet.rollout import Pace, RolloutResult
    from migrator.fleet.survey import Survey
    from migrator.fleet.targets import Member
    from migrator.fleet.work import Common

EXIT_NOT_UP_TO_DATE = 3
_CONNECTIONS = {"deploy": 4}  # it dumps and restores with two more
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

    def file(self, command: Command) -> Path:
        """Return the file with the targets."""
        from migrator.fleet import targets

        return self.targets or command.root / targets.FILE

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
            found = targets.from_file(self.file(command), named)
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
# What a deploy of several targets leaves as it is by default.
_ONE_DEPLOY: dict[str, Any] = {
    **{"jobs": 2, "rehearse_on": None, "admin": None, "review": None},
    **{"approve": None, "dry_run": False, "end": None},
}
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
def migrate(command: Command, /, wanted: Wanted, to: str | None, no_seed: bool, **how: Any) -> int:
    """Apply pending migrations and changed seeds, stage by stage."""
    return _answer(command, _roll_out(command, wanted, "migrate", _asked(to, no_seed), **how))


@fleet.command()
@click.option("--to", metavar="ID", required=True, help="Roll back what came after ID.")
@_paced
@options.limits
@_targets
@click.pass_obj
def rollback(command: Command, /, wanted: Wanted, to: str, **how: Any) -> int:
    """Roll back what came after a migration, the last stage first."""
    asked = _asked(to, is_rollback=True)
    return _answer(command, _roll_out(command, wanted, "rollback", asked, **how))


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
    return _answer(command, result)


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

        ended = self.on_all("look")
        return Survey.of([Standpoint(each.member, each.value, each.failure) for each in ended])

    def plan(self, asked: Asked, *, keep_going: bool) -> FleetPlan:
        """Plan the work on all targets.

        Raises:
            Refused: Something is wrong with one of them.

        """
        from migrator.fleet.plan import FleetPlan
        from migrator.fleet.survey import Standpoint, Survey

        ended = self.on_all("plan", asked)
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

        ended = {each.member.name: each for each in self.on_all("verify", {"with_schema": False})}
        checked = {name: each.value for name, each in ended.items() if each.value}
        groups = drift.groups(checked)
        samples = [
            each.sample for each in groups if not checked[each.sample].position.ids["pending"]
        ]
        sample = [ended[name].member for name in samples[:1]]
        for event in self.on_all("verify", {}, sample):
            ended[event.member.name] = event
        failures = {name: each.failure for name, each in ended.items() if each.failure}
        findings = {name: each.value.findings for name, each in ended.items() if each.value}
        return drift.Drift(groups, findings, failures, "".join(samples[:1]))

    def on_all(
        self, kind: str, argument: Any = None, members: Sequence[Member] | None = None
    ) -> list[Event]:
        """Do something on all targets at once that changes nothing, in any order."""
        from migrator.fleet.pool import Job

        chosen = self.members if members is None else members
        most = 2 if kind == "verify" else 1  # pg_dump has one of its own
        jobs = [Job(each, kind, argument, each.place, most) for each in chosen]
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
        made = Rollout(self.pool, pace, survey, self.progress.tell, _CONNECTIONS.get(kind, 2))
        return made.run(kind, members, argument)


@contextmanager
def _at_work(
    command: Command,
    wanted: Wanted,
    *,
    with_events: bool = False,
    more: Mapping[str, Callable[..., Any]] = MappingProxyType({}),
    **limits: Any,
) -> Iterator[FleetWork]:
    """Read the targets and the files, and have processes that work on the targets.

    Args:
        command: The options before the command.
        wanted: Which targets are meant.
        with_events: Whether each event is told with --json.
        more: What can be done besides what the fleet can do by itself, by kind.
        **limits: How long to wait, as of Limits.

    """
    from migrator.cli.progress import Progress
    from migrator.core.session import Limits
    from migrator.deploy.records import additions
    from migrator.fleet.pool import Pool
    from migrator.fleet.work import Common

    members = wanted.members(command)
    project = command.project
    known = files.FileSet.read(project.migrations, project.apart, project.seeds)
    common = Common(project, known, Limits(**limits), additions())
    names = ("look", "plan", "migrate", "rollback", "seed", "verify")
    work = {name: getattr(common, name) for name in names}
    work |= {name: partial(function, common) for name, function in more.items()}
    explain = partial(in_words, install="")
    progress = Progress(as_json=command.as_json and with_events, log_directory=wanted.log_dir)
    with Pool(work, explain, jobs=wanted.jobs, server_limit=wanted.server_limit) as pool:
        try:
            yield FleetWork(members, common, pool, progress)
        finally:
            progress.end()


@fleet.command()
@_targets
@click.pass_obj
def rows(command: Command, /, wanted: Wanted) -> int:
    """Print the largest number of rows of each relation on any target, for review --rows."""
    from migrator.rows import counts

    def count(common: Common, member: Member, _: Any, tell: Say) -> dict[str, int]:
        with common.at(member, tell) as runner:
            return counts.estimate(runner.session.connection)[0]

    with _at_work(command, wanted, more={"rows": count}) as work:
        ended = work.on_all("rows")
    most: dict[str, int] = {}
    for each in ended:
        for relation, number in (each.value or {}).items():
            most[relation] = max(number, most.get(relation, 0))
    failures = {each.member.name: each.failure for each in ended if each.failure}
    for name, failure in failures.items():
        say(f"{name}: left out: {failure.message}")
    document = {"rows": most, "failures": {name: it.document for name, it in failures.items()}}
    return answer(command, document, counts.write(most), 1 if failures else 0)


@fleet.command()
@_paced
@options.each_deploy
@_targets
@click.pass_obj
def deploy(command: Command, /, wanted: Wanted, **how: Any) -> int:
    """Deploy to every target, stage by stage: with a backup, checks and an undo for each."""
    from migrator.cli.deploy import deploy as deploy_one
    from migrator.core.steps import Steps
    from migrator.fleet.work import TargetDone

    pace = {name: how.pop(name) for name in ("keep_going", "yes", "approve")}
    directory: Path = how.pop("backup_dir")
    given = sys.argv[: sys.argv.index("fleet")]

    def on_target(common: Common, member: Member, _: Any, tell: Say) -> TargetDone:
        own = directory / member.name
        _as_if_alone(given, member, own)
        alone = replace(command, given=member.target, as_json=False, say=tell)
        done = deploy_one(
            alone,
            Steps(tell),
            lambda lines, _: tell("\n".join(lines)),
            backup_dir=own,
            **_ONE_DEPLOY,
            **how,
        )
        return TargetDone(common.look(member, None, tell), done.document["outcome"])

    pace |= {"more": {"deploy": on_target}, "beside_others": how["beside_others"]}
    result = _roll_out(command, wanted, "deploy", _asked(None), **pace)
    path = directory / f"fleet-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.report.json"
    directory.mkdir(parents=True, exist_ok=True)
    files.write(path, json.dumps(result.document, indent=2))
    lines = [*result.lines(), f"wrote {path}"]
    document = result.document | {"report": str(path)}
    return answer(command, document, lines, result.exit_code, indent=0)


def _as_if_alone(given: Sequence[str], member: Member, backup_dir: Path) -> None:
    """Let the commands that messages name be those for this target alone, in its own process."""
    from psycopg.conninfo import make_conninfo

    from migrator.core.target import SECRETS

    hidden = {*SECRETS, "fallback_application_name"}
    shown = {key: value for key, value in member.target.parameters.items() if key not in hidden}
    named = ["--database", make_conninfo("", **shown)]
    sys.argv[:] = [*given, *named, "deploy", "--backup-dir", str(backup_dir)]


@fleet.command()
@click.argument("name")
@click.option("--url", required=True, metavar="URL", help="The database, without a password.")
@click.option("--stage", type=click.IntRange(0), required=True, help="The stage of the target.")
@options.limits
@_targets
@click.pass_obj
def new(command: Command, /, name: str, url: str, stage: int, wanted: Wanted, **limits: Any) -> int:
    """Migrate an empty database to the version of its stage, and add it to the targets."""
    from migrator.fleet import targets
    from migrator.fleet.plan import Asked
    from migrator.fleet.rollout import Pace

    conninfo = process.option_value(url, "--url") or ""
    entry = {"name": name, "stage": stage, "url": conninfo}
    (member,) = targets.read([entry], "--url", command.settings.application)
    with _at_work(command, wanted, with_events=True, **limits) as work:
        if name in {each.name for each in work.members}:
            raise Refused(f"There is a target {name} already.", hint="Give another name.")
        survey = replace(work, members=[*work.members, member]).survey()
        asked = Asked(survey.version_for(member))
        planned = replace(work, members=[member]).plan(asked, keep_going=False)
        members = planned.members()
        result = work.rollout("migrate", Pace(), planned.survey, members, planned.step)
    lines = result.lines()
    if wanted.targets_from is not None:
        lines.append(f"add {name} where --targets-from finds it")
    elif not result.exit_code:
        targets.add(wanted.file(command), name, stage, conninfo)
        lines.append(f"added {name} to {wanted.file(command)}")
    return answer(command, result.document, lines, result.exit_code, indent=0)


def _asked(to: str | None, no_seed: bool = False, is_rollback: bool = False) -> Asked:
    from migrator.fleet.plan import Asked

    if is_rollback and to is None:
        raise click.UsageError("--rollback needs --to ID.")
    return Asked(to, not no_seed, is_rollback)


def _roll_out(
    command: Command,
    wanted: Wanted,
    kind: str,
    asked: Asked,
    *,
    keep_going: bool,
    yes: bool,
    approve: str | None,
    more: Mapping[str, Callable[..., Any]] = MappingProxyType({}),
    pause_after: int | None = None,
    soak_ms: int | None = None,
    **limits: Any,
) -> RolloutResult:
    """Plan, have it approved, and do it stage by stage."""
    from migrator.fleet.rollout import Pace

    with _at_work(command, wanted, with_events=True, more=more, **limits) as work:
        planned = work.plan(asked, keep_going=keep_going)
        members = planned.members()
        if approve is not None:
            planned.refuse_unless(approve)
        elif members:
            with process.interruptible():
                options.approval(say, is_approved=yes)(planned.lines(), _APPROVE)
        pace = Pace(keep_going, pause_after, None if soak_ms is None else soak_ms / 1000)
        return work.rollout(kind, pace, planned.survey, members, planned.step)


def _answer(command: Command, result: RolloutResult) -> int:
    return answer(command, result.document, result.lines(), result.exit_code, indent=0)
