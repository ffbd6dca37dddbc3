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
from migrator.core.errors import MigratorError, Refused

if TYPE_CHECKING:
    from migrator.cli.progress import Progress
    from migrator.fleet.drift import Drift
    from migrator.fleet.plan import Asked, FleetPlan
    from migrator.fleet.pool import Contact, Pool, Work
    from migrator.fleet.rollout import Pace, RolloutResult
    from migrator.fleet.survey import Standpoint, Survey, TargetPosition
    from migrator.fleet.targets import Member
    from migrator.fleet.work import Common

EXIT_NOT_UP_TO_DATE = 3
_APPROVE = "Look at it with `fleet plan`, then give --approve DIGEST; or --yes."
_KINDS = {"look": "look", "plan": "plan", "verify": "verify"}
_KINDS |= dict.fromkeys(("migrate", "rollback", "seed"), "change")
# What a deploy of several targets leaves as it is by default.
_ONE_DEPLOY: dict[str, Any] = {
    **{"jobs": 2, "rehearse_on": None, "admin": None, "review": None},
    **{"approve": None, "dry_run": False, "end": None},
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which targets are meant, and how many of them at once: the options of the same names."""

    targets: Path | None
    targets_from: str | None
    control: str | None
    only: Sequence[str]
    without: Sequence[str]
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
        return targets.select(found, self.only, self.without)


_FILE: dict[str, Any] = {"type": options.DIRECTORY}
_COUNT: dict[str, Any] = {"type": click.IntRange(1), "metavar": "N"}
# One variable each for all commands.
_WANTED: dict[str, dict[str, Any]] = {
    "--targets": {**_FILE, "metavar": "FILE", "help": "Default: the project's fleet.toml."},
    "--targets-from": {
        "metavar": "TEXT",
        "help": "A query on --control, or a program that prints a JSON object a line.",
    },
    "--control": {"metavar": "URL", "help": "The database that --targets-from asks."},
    "--jobs": {
        **_COUNT,
        "default": 4,
        "show_default": True,
        "help": "Connections at once, and so targets at work.",
    },
    "--server-limit": {**_COUNT, "help": "Connections to one server. Default: as --jobs."},
    "--log-dir": {
        **_FILE,
        "metavar": "DIR",
        "help": "Write what happens to each target into a file of its own.",
    },
}
_WHICH: dict[str, Any] = {"metavar": "WHICH", "multiple": True}
_SELECTION = [
    click.option("--only", **_WHICH, help="NAME, stage=N or label=value; may be given again."),
    click.option("--except", "without", **_WHICH, help="The same, of targets to leave out."),
]
_TO = click.option("--to", metavar="ID", help="The last migration to apply, or to keep.")
_NO_SEED = click.option("--no-seed", is_flag=True, help="Do not apply seeds.")
_KEEP_GOING = click.option(
    "--keep-going",
    is_flag=True,
    help="Begin with other targets after one failed or cannot be reached.",
)
_paced = partial(
    options.with_options,
    [
        _KEEP_GOING,
        click.option("--yes", is_flag=True, help="Do not ask."),
        click.option("--approve", metavar="DIGEST", help="Go on if the plan has this digest."),
    ],
)


def _targets(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say which targets are meant; the command gets them as `wanted`."""

    @wraps(function)
    def with_wanted(*arguments: Any, **given: Any) -> Any:
        wanted = Wanted(**{name: given.pop(name) for name in Wanted.__dataclass_fields__})
        return function(*arguments, wanted=wanted, **given)

    variable = f"{options.PREFIX}_FLEET{{}}".format
    shared = [
        click.option(name, envvar=variable(name[1:].replace("-", "_").upper()), **how)
        for name, how in _WANTED.items()
    ]
    return options.with_options([*shared, *_SELECTION], with_wanted)


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
    with _at_work(command, wanted) as work:
        found = work.survey()
    code = EXIT_NOT_UP_TO_DATE if exit_code and not found.up_to_date else 0
    return answer(command, found.document, found.lines(), code)


@fleet.command()
@_TO
@_NO_SEED
@click.option("--rollback", "is_rollback", is_flag=True, help="Show what `rollback` would do.")
@_KEEP_GOING
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
@_NO_SEED
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
@options.until
@options.beside_others
@options.limits
@_targets
@click.pass_obj
def migrate(command: Command, /, wanted: Wanted, to: str | None, no_seed: bool, **how: Any) -> int:
    """Apply pending migrations and changed seeds, stage by stage."""
    return _answer(command, _roll_out(command, wanted, _asked(to, no_seed), **how))


@fleet.command()
@click.option("--to", metavar="ID", required=True, help="Roll back what came after ID.")
@_paced
@options.limits
@_targets
@click.pass_obj
def rollback(command: Command, /, wanted: Wanted, to: str, **how: Any) -> int:
    """Roll back what came after a migration, the last stage first."""
    return _answer(command, _roll_out(command, wanted, _asked(to, is_rollback=True), **how))


@fleet.command()
@_KEEP_GOING
@options.limits
@_targets
@click.pass_obj
def seed(command: Command, /, wanted: Wanted, **how: Any) -> int:
    """Apply all seeds everywhere. Rows that are already right are not written again."""
    from migrator.fleet.plan import Asked

    return _answer(command, _roll_out(command, wanted, Asked("seed"), yes=True, **how))


@fleet.command()
@_targets
@click.pass_obj
def verify(command: Command, /, wanted: Wanted) -> int:
    """Check every target, and tell in what targets of one version differ."""
    import migrator.catalogue.verify  # noqa: F401  as in _at_work

    with _at_work(command, wanted) as work:
        found = work.verify()
    return answer(command, found.document, found.lines(), 0 if found.passed else 1)


@fleet.command()
@_targets
@click.pass_obj
def rows(command: Command, /, wanted: Wanted) -> int:
    """Print the largest number of rows of each relation on any target, for review --rows."""
    from migrator.fleet.survey import TargetPosition, failures
    from migrator.rows import counts

    def count(common: Common, member: Member, _: Any, contact: Contact) -> TargetPosition:
        with common.at(member, contact) as runner:
            found, _ = counts.estimate(runner.session.connection)
            return TargetPosition.of(runner, found=found)

    with _at_work(command, wanted, more={"rows": count}) as work:
        counted = work.on_all("rows")
    most: dict[str, int] = {}
    for relation, number in (
        pair for each in counted if each.position for pair in each.position.found.items()
    ):
        most[relation] = max(number, most.get(relation, 0))
    left_out = {each.member.name: each.failure for each in counted if each.failure}
    if left_out:
        say("\n".join(["left out:", *failures(counted)]))
    document = {"rows": most, "failures": {name: it.document for name, it in left_out.items()}}
    return answer(command, document, counts.write(most), 1 if left_out else 0)


@fleet.command()
@_paced
@options.each_deploy
@_targets
@click.pass_obj
def deploy(command: Command, /, wanted: Wanted, **how: Any) -> int:
    """Deploy to every target, stage by stage: with a backup, checks and an undo for each."""
    from migrator.cli.deploy import deploy as deploy_one
    from migrator.core.steps import Steps

    pace = {name: how.pop(name) for name in ("keep_going", "yes", "approve")}
    directory: Path = how.pop("backup_dir")

    def on_target(common: Common, member: Member, _: Any, contact: Contact) -> TargetPosition:
        own = directory / member.name
        sys.argv.extend(["--backup-dir", str(own)])
        alone = replace(command, given=member.target, as_json=False, say=contact.say)
        done = deploy_one(
            alone,
            Steps(contact.say),
            lambda lines, _: contact.say("\n".join(lines)),
            backup_dir=own,
            **_ONE_DEPLOY,
            **how,
        )
        return replace(common.look(member, None, contact), words=done.document["outcome"])

    pace |= {"more": {"deploy": on_target}, "beside_others": how["beside_others"]}
    result = _roll_out(command, wanted, _asked(None), "deploy", **pace)
    path = directory / f"fleet-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.report.json"
    directory.mkdir(parents=True, exist_ok=True)
    files.write(path, json.dumps(result.document, indent=2))
    return _answer(command, result, [f"wrote {path}"], report=str(path))


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
        asked = Asked(to=survey.version_for(member))
        planned = replace(work, members=[member]).plan(asked, keep_going=False)
        members = planned.members()
        result = work.rollout("migrate", Pace(), planned.survey, members, planned.step)
    last = []
    if wanted.targets_from is not None:
        last = [f"add {name} where --targets-from finds it"]
    elif not result.exit_code:
        targets.add(wanted.file(command), name, stage, conninfo)
        last = [f"added {name} to {wanted.file(command)}"]
    return _answer(command, result, last)


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
        from migrator.fleet.survey import Survey

        return Survey.of(self.on_all("look"))

    def plan(self, asked: Asked, *, keep_going: bool) -> FleetPlan:
        """Plan the work on all targets.

        Raises:
            Refused: Something is wrong with one of them.

        """
        from migrator.fleet.plan import FleetPlan
        from migrator.fleet.survey import Survey

        found = FleetPlan(asked, self.common.files, Survey.of(self.on_all("plan", asked)))
        found.refuse(except_unreachable=keep_going)
        return found

    def verify(self) -> Drift:
        """Check all targets, and one of them against the snapshot for those that are equal."""
        from migrator.fleet import drift

        how = {"with_schema": False, "may_be_behind": True}  # `status` tells who is
        checked = {each.member.name: each for each in self.on_all("verify", how)}
        groups = drift.groups([*checked.values()])
        samples = [checked[each.sample] for each in groups]
        current = [each for each in samples if each.position and not each.position.ids["pending"]]
        for each in self.on_all("verify", {}, [each.member for each in current[:1]]):
            checked[each.member.name] = each
        compared = "".join(each.member.name for each in current[:1])
        return drift.Drift(groups, [*checked.values()], compared)

    def on_all(
        self, kind: str, argument: Any = None, members: Sequence[Member] | None = None
    ) -> list[Standpoint]:
        """Do something on all targets at once that changes nothing; return what came of it."""
        from migrator.fleet.pool import Job
        from migrator.fleet.survey import Standpoint

        chosen = self.members if members is None else members
        needed = 2 if kind == "verify" and members is not None else 1  # pg_dump, of the sample
        self.progress.begin(len(chosen))
        found = []
        for event in self.pool.run(
            [Job(each, kind, argument, connections=needed) for each in chosen], goes_on=True
        ):
            self.progress.look(event)
            if event.has_ended:
                found.append(Standpoint(event.member, event.value, event.failure))
        if self.pool.is_interrupted:
            raise KeyboardInterrupt
        return sorted(found, key=lambda each: (each.member.stage, each.member.name))

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
        made = Rollout(self.pool, pace, survey, self.progress.tell)
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

    if with_events:  # the processes are copies of this one, with what it has imported
        import migrator.core.apply  # noqa: F401
    members = wanted.members(command)
    project = command.project
    known = files.FileSet.read(project.migrations, project.apart, project.seeds)
    common = Common(project, known, Limits(**limits), additions())
    work = {kind: getattr(common, name) for kind, name in _KINDS.items()}
    work |= {kind: partial(function, common) for kind, function in more.items()}
    alone = {kind: _alone(kind, function) for kind, function in work.items()}
    progress = Progress(as_json=command.as_json and with_events, log_directory=wanted.log_dir)
    with Pool(alone, _explained, jobs=wanted.jobs, server_limit=wanted.server_limit) as pool:
        try:
            yield FleetWork(members, common, pool, progress)
        finally:
            progress.end()


def _alone(kind: str, function: Work) -> Work:
    """Let the commands that messages name be those for a target alone, in its own process."""
    given = sys.argv[: sys.argv.index("fleet")]

    def work(member: Member, argument: Any, contact: Contact) -> TargetPosition:
        from psycopg.conninfo import make_conninfo

        from migrator.core.target import SECRETS

        known = member.target.parameters
        hidden = {*SECRETS, "fallback_application_name"}
        shown = {key: value for key, value in known.items() if key not in hidden}
        sys.argv[:] = [*given, "--database", make_conninfo("", **shown), kind]
        return function(member, argument, contact)

    return work


def _explained(member: Member, ending: BaseException) -> MigratorError:
    """Return what ended the work on a target as an error with a message; see `in_words`."""
    from migrator.core.session import NoConnection
    from migrator.deploy import closing

    if isinstance(ending, NoConnection):
        return closing.hint(member.target, ending)
    return in_words(ending, install="")


def _asked(to: str | None, no_seed: bool = False, is_rollback: bool = False) -> Asked:
    from migrator.fleet.plan import Asked

    if is_rollback and to is None:
        raise click.UsageError("--rollback needs --to ID.")
    return Asked("rollback" if is_rollback else "migrate", to, not no_seed)


def _roll_out(
    command: Command,
    wanted: Wanted,
    asked: Asked,
    kind: str = "",
    *,
    keep_going: bool,
    yes: bool,
    approve: str | None = None,
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
        return work.rollout(kind or asked.kind, pace, planned.survey, members, planned.step)


def _answer(command: Command, result: RolloutResult, last: Sequence[str] = (), **more: Any) -> int:
    lines = [*result.lines(), *last]
    return answer(command, result.document | more, lines, result.exit_code, indent=0)
