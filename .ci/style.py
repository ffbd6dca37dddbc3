"""Checks the style of SQL with sqlfluff, which reads a file again only after it changed.

usage: python .ci/style.py DIRECTORY...

What passed is remembered in .sqlfluff_cache, by the file's name and text, sqlfluff's version and
its settings. Exit code 0: all files pass; 1: findings; 2: sqlfluff did not read all that it should.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

CACHE = Path(".sqlfluff_cache")
SETTINGS, LEFT_OUT = Path(".sqlfluff"), Path(".sqlfluffignore")


def main(directories: Sequence[str]) -> int:
    """Check every SQL file of some directories; return the exit code.

    Args:
        directories: Names relative to the project, which is the working directory.

    """
    left_out = [line for line in LEFT_OUT.read_text().splitlines() if line and line[0] != "#"]
    found = sorted(path for each in directories for path in Path(each).rglob("*.sql"))
    files = [path for path in found if not path.as_posix().startswith(tuple(left_out))]
    keys = {str(path): key(path) for path in files}
    passed: set[str] = set()
    with suppress(FileNotFoundError):
        passed.update(CACHE.read_text().split())
    new = [name for name, its_key in keys.items() if its_key not in passed]
    say(
        f"sqlfluff: {len(new)} of {len(files)} files to read, the others passed as they are; "
        f"{len(found) - len(files)} left out: {', '.join(left_out)}"
    )
    findings = lint(new) if new else {}
    if findings is None:
        return 2
    for name, lines in findings.items():
        for line in lines:
            print(f"{name}:{line}")
        if lines:
            del keys[name]
    CACHE.write_text("".join(f"{each}\n" for each in keys.values()))
    return 1 if any(findings.values()) else 0


def key(path: Path) -> str:
    """Return what a file is remembered by."""
    parts = (version("sqlfluff").encode(), SETTINGS.read_bytes(), bytes(path), path.read_bytes())
    return sha256(b"\0".join(parts)).hexdigest()


def lint(names: Sequence[str]) -> dict[str, list[str]] | None:
    """Return what sqlfluff finds in each file; None, and say so, if it did not read them all.

    A process for each processor, of its own: those that sqlfluff starts itself may wait for each
    other for ever at their end.
    """
    by_size = sorted(names, key=lambda name: Path(name).stat().st_size)
    shares = [by_size[first :: os.cpu_count() or 1] for first in range(os.cpu_count() or 1)]
    with ThreadPoolExecutor(len(shares)) as threads:
        found = list(threads.map(lint_share, filter(None, shares)))
    if any(each is None for each in found):
        return None
    return {name: lines for each in found if each is not None for name, lines in each.items()}


def lint_share(names: Sequence[str]) -> dict[str, list[str]] | None:
    """Do what `lint` does, for files that one process reads."""
    options = ["--format", "json", "--nocolor", "--processes", "1"]
    process = subprocess.run(  # noqa: S603  on files of this project
        [sys.executable, "-m", "sqlfluff", "lint", *options, *names],
        capture_output=True,
        check=False,
        text=True,
    )
    findings: dict[str, list[str]] = {}
    with suppress(ValueError):
        findings = {
            each["filepath"]: list(described(each["violations"]))
            for each in json.loads(process.stdout)
        }
    is_whole = findings.keys() == set(names)
    if process.returncode != (1 if any(findings.values()) else 0) or not is_whole:
        say(f"{process.stderr}sqlfluff ended with {process.returncode}, and not all was read")
        return None
    return findings


def described(violations: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield the line, column, rule and text of each finding."""
    for each in violations:
        place = f"{each['start_line_no']}:{each['start_line_pos']}"
        yield f"{place}: {each['name'] or each['code']}: {each['description']}"


def say(message: str) -> None:
    """Tell the user, on standard error."""
    print(message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
