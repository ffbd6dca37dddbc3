"""Prints answers on standard output and messages on standard error."""

from __future__ import annotations

import json
import signal
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from migrator.core import process

if TYPE_CHECKING:
    from migrator.cli.command import Command

say = partial(click.echo, err=True)


def answer(
    command: Command, document: dict[str, Any], text: Sequence[str], code: int = 0, indent: int = 2
) -> int:
    """Print a command's answer, as a JSON document or as lines of text; return its exit code."""
    process.on_signals(signal.SIG_IGN)  # the work is done: an interrupt changes nothing any more
    in_json = partial(json.dumps, document, indent=indent or None, default=str)
    click.echo(in_json() if command.as_json else "\n".join(text))
    return code
