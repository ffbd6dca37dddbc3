"""The runner's own process: its signals, its streams, its arguments, its end."""

from __future__ import annotations

import gc
import os
import re
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn

INTERRUPTED = 130
_HIDDEN = "********"
_VARIABLE = "MIGRATOR_DATABASE"
_SECRET = re.compile(r"://.*:.*@|password|secret", re.DOTALL)
_WITH_VALUE = {"--database", "--migrations", "--seeds"}


def begin() -> None:
    """Do what cannot wait for the imports, which take longer than all else."""
    on_signals(lambda *_: os._exit(INTERRUPTED))
    gc.disable()  # collecting takes a twentieth of a short run
    _hide_secrets()


def end(code: int) -> NoReturn:
    """End at once: the interpreter's shutdown takes a twentieth of a short run, too."""
    with suppress(OSError):  # nobody reads any more
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def on_signals(handler: Callable[..., Any] | signal.Handlers) -> None:
    """Have SIGINT and SIGTERM handled in one way."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)


def open_streams() -> None:
    """Make standard output and error such that printing cannot fail for want of them."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started this
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
        getattr(sys, name).reconfigure(errors="backslashreplace")


def given(database: str | None) -> str | None:
    """Return the value of --database as the user gave it."""
    return os.environ.pop(_VARIABLE, database) if database == _HIDDEN else database


def _hide_secrets() -> None:
    """Start this program anew, as the same process, without a --database that holds a secret.

    Every user may read a process's arguments; its environment only its own user.
    """
    argv = list(sys.orig_argv)
    place = len(argv) - len(sys.argv) + 1
    while place < len(argv) and argv[place].startswith("--"):
        name, equals, value = argv[place].partition("=")
        if name in _WITH_VALUE and not equals:
            place += 1
            value = argv[place] if place < len(argv) else ""
        if name == "--database" and _SECRET.search(value):
            argv[place] = f"{name}={_HIDDEN}" if equals else _HIDDEN
            os.environ[_VARIABLE] = value
            with suppress(OSError):
                os.execv(sys.executable, argv)  # noqa: S606  it is this program
        place += 1
