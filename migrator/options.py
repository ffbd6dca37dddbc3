"""Options that several commands share, or that are many; and the question before data goes."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import click

from migrator.errors import Refused
from migrator.files import Migration

DIRECTORY = click.Path(path_type=Path)

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


def limits(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options of migrate.Limits to a command."""
    options = [
        click.option(
            "--lock-timeout",
            "lock_timeout_ms",
            type=Duration(),
            default="2s",
            show_default=True,
            help="How long a file waits for a lock before it gives way and is tried again.",
        ),
        click.option(
            "--lock-attempts",
            type=click.IntRange(1),
            default=5,
            show_default=True,
            help="How often a file is tried that gets no lock in time.",
        ),
        click.option(
            "--statement-timeout",
            "statement_timeout_ms",
            type=Duration(),
            default="0",
            help="How long a statement may run. Default: for ever.",
        ),
        click.option(
            "--online-wait",
            "online_wait_ms",
            type=Duration(),
            default="10min",
            show_default=True,
            help="How long a statement outside a transaction waits for older transactions.",
        ),
        click.option(
            "--lock-wait",
            "lock_wait_s",
            type=Duration(),
            default="60s",
            show_default=True,
            help="How long to wait for another runner.",
        ),
    ]

    @wraps(function)
    def with_seconds(*arguments: Any, lock_wait_s: int, **rest: Any) -> None:
        function(*arguments, lock_wait_s=lock_wait_s / 1000, **rest)

    for option in reversed(options):
        with_seconds = option(with_seconds)
    return with_seconds


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
            help="The rows in production, as `rows` writes them. Default: every table is large.",
        ),
        click.option(
            "--scratch",
            metavar="URL",
            help="The server where scratch databases are made. Default: the embedded one.",
        ),
        click.option(
            "--format",
            "formats",
            type=click.Choice(["md", "json", "sarif", "html"]),
            multiple=True,
            help="Default: md; with --out, all.",
        ),
        click.option("--out", type=DIRECTORY, metavar="DIR", help="Write files there."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


def confirmation(
    say: Callable[[str], None], *, given: bool
) -> Callable[[Sequence[Migration]], None]:
    """Return what asks, on a terminal, before a rollback destroys data.

    Args:
        say: Tells what would be rolled back.
        given: Whether the answer is yes already.

    """

    def confirm(migrations: Sequence[Migration]) -> None:
        text = [f"  {each.id}" for each in migrations]
        say("\n".join(["to be rolled back, with the data that is in them:", *text]))
        if not given and not sys.stdin.isatty():
            raise Refused(
                "A rollback may destroy data, and there is no terminal to ask on.",
                hint="Give --yes if that is meant.",
            )
        if not given and not click.confirm("Go on?", err=True):
            raise Refused("Not confirmed.")

    return confirm
