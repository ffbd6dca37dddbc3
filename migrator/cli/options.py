"""Options that several commands share, or that are many; and the question before data is lost."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from migrator.core.errors import Refused
from migrator.core.files import Migration

_Command = TypeVar("_Command", bound=Callable[..., Any])
DIRECTORY = click.Path(path_type=Path)
PREFIX = "MIGRATOR"

_LONGEST_MS = 2**31 - 1  # of PostgreSQL's settings


class Duration(click.ParamType[int]):
    """A length of time as PostgreSQL writes it: 500ms, 2s, 5min; a bare number is in seconds."""

    name = "duration"
    units_ms = {"ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000}  # noqa: RUF012

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return milliseconds."""
        if isinstance(value, int):
            return value
        number = str(value).rstrip("minsh")
        unit = str(value)[len(number) :] or "s"
        try:
            length_ms = math.ceil(float(number) * self.units_ms[unit])
        except (ValueError, KeyError, OverflowError):
            self.fail(f"{value!r} is not a length of time such as 500ms, 2s or 5min", param, ctx)
        if not 0 <= length_ms <= _LONGEST_MS:
            self.fail(f"{value!r} is not between 0 and 24 days", param, ctx)
        return length_ms


class Clock(click.ParamType[datetime]):
    """A time of day, here: the next moment when it is so late."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Return the moment."""
        if isinstance(value, datetime):
            return value
        try:
            at = datetime.strptime(str(value), "%H:%M")
        except ValueError:
            self.fail(f"{value!r} is not a time of day such as 06:00", param, ctx)
        now = datetime.now().astimezone()
        today = now.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
        return today if today > now else today + timedelta(days=1)


def with_options(options: Sequence[Callable[[Any], Any]], function: _Command) -> _Command:
    """Add options to a command, in the order in which its help lists them."""
    for option in reversed(options):
        function = option(function)
    return function


def target(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options before a command's name."""
    options = [
        click.option("--database", metavar="URL", help="The target: a URL or key=value string."),
        click.option("--migrations", type=DIRECTORY, metavar="DIR", help="Default: migrations/."),
        click.option("--seeds", type=DIRECTORY, metavar="DIR", help="Default: seeds/ beside it."),
        click.option(
            "--server-directory",
            type=DIRECTORY,
            metavar="DIR",
            help="Data of the embedded server. Default: .postgres/.",
        ),
        click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON."),
    ]
    return with_options(options, function)


def name_variables(command: click.Command, *words: str) -> None:
    """Give every option of every command its environment variable, MIGRATOR_<COMMAND>_<OPTION>."""
    for option in command.params:
        if isinstance(option, click.Option) and not option.is_eager and option.envvar is None:
            name = max(option.opts, key=len).lstrip("-")
            option.envvar = "_".join([PREFIX, *words, name]).replace("-", "_").upper()
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            name_variables(each, *words, name)


def variables_before_command() -> list[str]:
    """Return the variables of the options before a command's name."""
    context = click.get_current_context().find_root()
    return [str(each.envvar) for each in context.command.params if each.envvar is not None]


def refuse_empty(context: click.Context) -> None:
    """Refuse an empty environment variable: a lost secret must not mean the default.

    Raises:
        Refused: There is one.

    """
    group, command = context.command, context.invoked_subcommand
    assert isinstance(group, click.Group)  # noqa: S101  its callback calls this
    commands = [group, *(each for name, each in group.commands.items() if name == command)]
    for option in (each for one in commands for each in one.params):
        if isinstance(option.envvar, str) and os.environ.get(option.envvar) == "":
            raise Refused(
                f"{option.envvar} is set but empty: it gives {option.opts[0]} no value.",
                hint=f"Give it a value, or run `unset {option.envvar}`.",
            )


def origin(name: str) -> str:
    """Return where an option's value comes from: the option, or its environment variable.

    Args:
        name: The option, as in `--database`.

    """
    context = click.get_current_context(silent=True)
    while context is not None:
        for option in context.command.params:
            source = context.get_parameter_source(option.name or "")
            if name in option.opts and source is ParameterSource.ENVIRONMENT:
                return str(option.envvar)
        context = context.parent
    return name


def limits(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of Limits to a command."""
    options = [
        click.option(
            "--lock-timeout",
            "lock_timeout_ms",
            type=Duration(),
            default="2s",
            show_default=True,
            help="How long a statement waits for a lock before its file is tried again.",
        ),
        click.option(
            "--lock-attempts",
            type=click.IntRange(1),
            default=5,
            show_default=True,
            help="Attempts per file.",
        ),
        click.option(
            "--statement-timeout",
            "statement_timeout_ms",
            type=Duration(),
            default="0",
            help="How long a statement may run. Default: no limit.",
        ),
        click.option(
            "--online-wait",
            "online_wait_ms",
            type=Duration(),
            default="10min",
            show_default=True,
            help="How long a statement outside a transaction waits for other transactions.",
        ),
        click.option(
            "--lock-wait",
            "lock_wait_s",
            type=Duration(),
            default="60s",
            show_default=True,
            help="How long to wait for another runner.",
        ),
        click.option(
            "--batch-lag",
            "batch_lag_ms",
            type=Duration(),
            default="10s",
            show_default=True,
            help="Batches wait while a replica is further behind.",
        ),
    ]

    @wraps(function)
    def with_seconds(*arguments: Any, lock_wait_s: int, **rest: Any) -> Any:
        return function(*arguments, lock_wait_s=lock_wait_s / 1000, **rest)

    return with_options(options, with_seconds)


beside_others = click.option(
    "--beside-others",
    is_flag=True,
    help="The tables that a database without a history has are another application's.",
)


until = click.option(
    "--until",
    type=Clock(),
    metavar="HH:MM",
    help="Begin no batch after that time; end with exit code 4.",
)


def migrate(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options of migrate."""
    options = [
        click.option("--to", metavar="ID", help="The last migration to apply."),
        click.option("--dry-run", is_flag=True, help="Only show what would be applied."),
        click.option("--no-seed", is_flag=True, help="Do not apply seeds."),
        click.option(
            "--wait",
            "wait_ms",
            type=Duration(),
            default="0",
            help="How long to wait for a server that starts. Default: not at all.",
        ),
        until,
        click.option(
            "--pause-batches",
            is_flag=True,
            help="Let the run that is at work end after its next batch; apply nothing.",
        ),
        beside_others,
    ]

    @wraps(function)
    def with_seconds(*arguments: Any, wait_ms: int, **rest: Any) -> None:
        function(*arguments, connect_wait_s=wait_ms / 1000, **rest)

    return limits(with_options(options, with_seconds))


def rollback(say: Callable[[str], None]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator that adds the options of rollback; the command gets them as `how`.

    Args:
        say: Called with the list of what would be rolled back.

    """

    def add(function: Callable[..., None]) -> Callable[..., None]:
        @limits
        @click.option("--steps", type=click.IntRange(1), metavar="N", help="Roll back the last N.")
        @click.option("--to", metavar="ID", help="Roll back what came after ID. ID stays applied.")
        @click.option("--all", "everything", is_flag=True, help="Roll back everything.")
        @click.option("--yes", is_flag=True, help="Do not ask before data is destroyed.")
        @wraps(function)
        def checked(
            *arguments: Any,
            steps: int | None,
            to: str | None,
            everything: bool,
            yes: bool,
            **rest: Any,
        ) -> None:
            if (steps is not None) + (to is not None) + everything != 1:
                raise click.UsageError("Give one of --steps N, --to ID and --all.")
            how = {"steps": steps, "to": to, "confirm": confirmation(say, is_approved=yes)}
            function(*arguments, how=how, **rest)

        return checked

    return add


def review(function: Callable[..., int]) -> Callable[..., int]:
    """Add the options of review."""
    options = [
        click.option(
            "--against",
            metavar="REF|URL",
            help="Review what is new since a git revision, or pending on a database.",
        ),
        click.option(
            "--rows",
            type=DIRECTORY,
            metavar="FILE",
            help="Numbers of rows in production, from `rows`. Default: every table is large.",
        ),
        click.option(
            "--from",
            "source",
            metavar="BACKUP",
            help="Use the rows of this backup, or of any pg_dump archive. Default: made-up rows.",
        ),
        click.option(
            "--scratch",
            metavar="URL",
            help="The server for scratch databases. Default: one that is started for the review.",
        ),
        click.option(
            "--format",
            "formats",
            type=click.Choice(["md", "json", "sarif", "html"]),
            multiple=True,
            help="Default: md; with --out, all formats.",
        ),
        click.option("--out", type=DIRECTORY, metavar="DIR", help="Write the report to DIR."),
        click.option(
            "--propose",
            type=DIRECTORY,
            metavar="DIR",
            help="Write files that pass instead of those that do not, and review them.",
        ),
    ]
    return with_options(options, function)


BACKUPS = "backups"
_BACKUP_DIR = click.option(
    "--backup-dir",
    type=DIRECTORY,
    default=BACKUPS,
    show_default=True,
    metavar="DIR",
    help="The directory of the backups.",
)
_RESTORING = (
    click.option(
        "--admin",
        metavar="URL",
        help="A role that can create and rename databases there. Default: the target's role.",
    ),
    click.option(
        "--jobs",
        type=click.IntRange(1),
        default=2,
        show_default=True,
        metavar="N",
        help="Sessions that restore at once, and that dump to a directory.",
    ),
    click.option("--yes", is_flag=True, help="Do not ask."),
)


_EACH_DEPLOY = (
    click.option(
        "--closed",
        is_flag=True,
        help="A maintenance window: nobody but the deploy can connect. Default: open.",
    ),
    click.option(
        "--backup",
        type=click.Choice(["dump", "made", "none"]),
        default="dump",
        show_default=True,
        help="A dump; a backup that is made by other means; no backup.",
    ),
    click.option(
        "--reason",
        metavar="TEXT",
        help="Which backup is made by other means, or why there is none.",
    ),
    _BACKUP_DIR,
    click.option(
        "--backup-format",
        type=click.Choice(["custom", "directory"]),
        default="custom",
        show_default=True,
        help="custom: one file. directory: written by several sessions.",
    ),
    click.option(
        "--compress", metavar="LEVEL", help="As pg_dump's --compress. Default: pg_dump's own."
    ),
    click.option(
        "--exclude-table-data",
        metavar="PATTERN",
        multiple=True,
        help="Leave the rows of such tables out of the dump, as pg_dump does.",
    ),
    click.option(
        "--rehearse/--no-rehearse",
        default=None,
        help="Migrate a restored copy first. Default: if space and privileges allow.",
    ),
    click.option(
        "--longest-transaction",
        "longest_ms",
        type=Duration(),
        default="1min",
        show_default=True,
        help="The oldest transaction of another session that is allowed.",
    ),
    click.option(
        "--on-failure",
        type=click.Choice(["undo", "leave"]),
        default="undo",
        show_default=True,
        help="What to do with migrations already applied.",
    ),
    beside_others,
)


def each_deploy(function: Callable[..., int]) -> Callable[..., int]:
    """Add the options of a deploy that may be those of several at once."""
    return limits(with_options(_EACH_DEPLOY, function))


def deploy(function: Callable[..., int]) -> Callable[..., int]:
    """Add the options of deploy."""
    options = [
        click.option("--dry-run", is_flag=True, help="Show the plan; change nothing."),
        click.option("--approve", metavar="DIGEST", help="Deploy if the plan has this digest."),
        *_EACH_DEPLOY,
        click.option("--rehearse-on", metavar="URL", help="The server to rehearse on."),
        click.option(
            "--review",
            type=DIRECTORY,
            metavar="FILE",
            help="The report that --dry-run shows. Default: review/review.json.",
        ),
        click.option("--resume", is_flag=True, help="Continue an interrupted deploy."),
        click.option("--undo", is_flag=True, help="Undo an interrupted deploy."),
        click.option("--leave", is_flag=True, help="End an interrupted deploy as it is."),
        *_RESTORING,
    ]

    @wraps(function)
    def with_end(*arguments: Any, resume: bool, undo: bool, leave: bool, **rest: Any) -> int:
        given = {"resume": resume, "undo": undo, "leave": leave}
        ends = [name for name, is_given in given.items() if is_given]
        if len(ends) > 1:
            raise click.UsageError("Give one of --resume, --undo and --leave.")
        return function(*arguments, end=next(iter(ends), None), **rest)

    return limits(with_options(options, with_end))


def restore(function: Callable[..., int]) -> Callable[..., int]:
    """Add the options of restore."""
    into = click.option(
        "--into", metavar="NAME", help="Restore into a new database. Default: replace the target."
    )
    no_owner = click.option(
        "--no-owner", is_flag=True, help="Leave owners and grants out: roles may be missing."
    )
    return with_options([into, no_owner, _BACKUP_DIR, *_RESTORING], function)


def backups(function: Callable[..., int]) -> Callable[..., int]:
    """Add the options of backups."""
    options = [
        _BACKUP_DIR,
        click.option(
            "--keep",
            type=click.IntRange(1),
            default=10,
            show_default=True,
            metavar="N",
            help="Backups of each database that prune keeps.",
        ),
        click.option(
            "--days",
            type=click.IntRange(0),
            default=7,
            show_default=True,
            metavar="N",
            help="prune keeps younger backups.",
        ),
        click.option("--dry-run", is_flag=True, help="Only show what prune would remove."),
    ]
    return with_options(options, function)


def approval(
    say: Callable[[str], None], *, is_approved: bool
) -> Callable[[Sequence[str], str], None]:
    """Return a function that shows a plan and asks on the terminal whether to continue.

    Args:
        say: Called with the plan.
        is_approved: Whether --yes answered already.

    """

    def confirm(lines: Sequence[str], hint: str) -> None:
        say("\n".join(lines))
        if not is_approved:
            _ask(Refused("This must be approved, and there is no terminal to ask on.", hint=hint))

    return confirm


def confirmation(
    say: Callable[[str], None], *, is_approved: bool
) -> Callable[[Sequence[Migration]], None]:
    """Return a function that asks on the terminal before a rollback destroys data.

    Args:
        say: Called with the list of what would be rolled back.
        is_approved: Whether --yes answered already.

    """

    def confirm(migrations: Sequence[Migration]) -> None:
        text = [f"  {each.id}" for each in migrations]
        say("\n".join(["These will be rolled back, and their data may be lost:", *text]))
        if not is_approved:
            _ask(
                Refused(
                    "A rollback may destroy data, but there is no terminal to ask on.",
                    hint="If you want that, add --yes.",
                )
            )

    return confirm


def _ask(without_terminal: Refused) -> None:
    """Ask on the terminal whether to continue; refuse if the answer is no or there is none."""
    if not sys.stdin.isatty():
        raise without_terminal
    if not click.confirm("Go on?", err=True):
        raise Refused("Not confirmed.")
