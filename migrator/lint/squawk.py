"""squawk, told of each file what the runner will do with it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from migrator.core import files
from migrator.core.errors import Failed, Refused
from migrator.core.process import how_to_install

_OLDEST = "15.0"
# What the runner sees to: it sets both time-outs, and applies a file once, whole or not at all;
# IF NOT EXISTS would accept what is there.
_OF_THE_RUNNER = ("prefer-robust-stmts", "require-lock-timeout", "require-statement-timeout")
# A rollback file takes away what its pair made: that it drops something is no news.
_UNDOING = (
    "ban-drop-column",
    "ban-drop-constraint",
    "ban-drop-default",
    "ban-drop-domain",
    "ban-drop-function",
    "ban-drop-table",
    "ban-drop-not-null",
    "ban-drop-view",
    "require-concurrent-index-deletion",
)


@dataclass(frozen=True, slots=True)
class SquawkWarning:
    """What squawk says of a place in a file.

    Args:
        path: The file.
        line: From 1.
        column: From 1.
        rule: squawk's name of it.
        message: What it says.
        instead: What it says to do instead; empty where it does not.

    """

    path: Path
    line: int
    column: int
    rule: str
    message: str
    instead: str


def program() -> str | None:
    """Return where squawk is: beside this Python, else in PATH; None where it is not installed."""
    beside = shutil.which("squawk", path=str(Path(sys.executable).parent))
    return beside or shutil.which("squawk")


def check(paths: Iterable[Path], ignore: Sequence[str]) -> list[SquawkWarning]:
    """Run squawk on migration files and their rollback files.

    Args:
        paths: The files.
        ignore: The rules that the project does not want.

    Raises:
        Refused: It is not installed, or does not know a rule.
        Failed: It could not be run.

    """
    squawk = program()
    if squawk is None:
        raise Refused("squawk is not installed.", hint=how_to_install("squawk"))
    kinds: dict[tuple[str, ...], list[Path]] = {}
    for path in paths:
        in_transaction = ("--assume-in-transaction",) * files.read(path).transactional
        undoing = _UNDOING * path.name.endswith(files.ROLLBACK_SUFFIX)
        excluded = ",".join([*_OF_THE_RUNNER, *undoing, *ignore])
        options = (f"--pg-version={_OLDEST}", *in_transaction, f"--exclude={excluded}")
        kinds.setdefault(options, []).append(path)
    return [warned for options, kind in kinds.items() for warned in _run([squawk, *options], kind)]


def _run(command: list[str], paths: list[Path]) -> list[SquawkWarning]:
    process = subprocess.run(  # noqa: S603  the arguments are the runner's own
        [*command, "--reporter=json", *paths], capture_output=True, text=True, check=False
    )
    if "invalid rule name" in process.stderr:
        raise Refused(
            f"squawk has no such rule: {process.stderr.splitlines()[0]}",
            hint="Correct `ignore` in [tool.migrator.lint] of pyproject.toml.",
        )
    try:
        found = json.loads(process.stdout)
    except ValueError:
        raise Failed(
            f"squawk failed: {(process.stderr or process.stdout).strip()}",
            state="Nothing was changed.",
        ) from None
    return [
        SquawkWarning(
            Path(each["file"]),
            each["line"] + 1,
            each["column"] + 1,
            each["rule_name"],
            each["message"],
            each["help"] or "",
        )
        for each in found
    ]
