"""squawk, told of each file what the runner will do with it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from migrator.core import files
from migrator.core.errors import Failed, Refused

_OLDEST = "15.0"
NOT_OURS = (
    "ban-create-domain-with-constraint",  # a domain is a rule with a name; that is its point
    "prefer-bigint-over-int",  # keys that grow are bigint or uuid; credits are integers
    "prefer-robust-stmts",  # a file is applied once; IF NOT EXISTS would accept what is there
    "require-lock-timeout",  # time-outs come from the runner, not from each file
    "require-statement-timeout",
)
# A rollback file takes away what its pair made: that it drops something is no news.
_UNDOING = (
    "ban-drop-column",
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


def check(paths: Iterable[Path]) -> list[SquawkWarning]:
    """Run squawk on migration files and their rollback files.

    Raises:
        Refused: It is not installed.
        Failed: It could not be run.

    """
    program = shutil.which("squawk", path=str(Path(sys.executable).parent)) or shutil.which(
        "squawk"
    )
    if program is None:
        raise Refused("squawk is not installed.", hint="make lint installs it.")
    kinds: dict[tuple[str, ...], list[Path]] = {}
    for path in paths:
        in_transaction = ("--assume-in-transaction",) * files.read(path).transactional
        excluded = NOT_OURS + _UNDOING * path.name.endswith(files.ROLLBACK_SUFFIX)
        options = (f"--pg-version={_OLDEST}", *in_transaction, f"--exclude={','.join(excluded)}")
        kinds.setdefault(options, []).append(path)
    return [warned for options, kind in kinds.items() for warned in _run([program, *options], kind)]


def _run(command: list[str], paths: list[Path]) -> list[SquawkWarning]:
    process = subprocess.run(  # noqa: S603  the arguments are the runner's own
        [*command, "--reporter=json", *paths], capture_output=True, text=True, check=False
    )
    try:
        found = json.loads(process.stdout or "[]")
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
