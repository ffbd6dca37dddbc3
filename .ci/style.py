"""Checks the style of SQL with sqlfluff, which reads a file again only after it changed.

usage: python .ci/style.py DIRECTORY...

What passed is remembered in .sqlfluff_cache, by the file's name and text, sqlfluff's version and
its settings. Exit code 0: all files pass; 1: findings; 2: sqlfluff did not read all that it should.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sqlfluff.core import FluffConfig, Linter

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
    """Return what sqlfluff finds in each file; None, and say so, if it did not read them all."""
    by_size = sorted(names, key=lambda name: Path(name).stat().st_size, reverse=True)
    try:
        with ProcessPoolExecutor(os.cpu_count()) as processes:
            found = processes.map(lint_file, by_size, chunksize=4)
            return dict(zip(by_size, found, strict=True))
    except Exception as error:  # any of them means that not all was read
        say(f"sqlfluff ended with {type(error).__name__}, and not all was read: {error}")
        return None


def lint_file(name: str) -> list[str]:
    """Return the line, column, rule and text of each finding in a file."""
    text = Path(name).read_text(encoding="utf-8")
    linted = linter(Path(name).parent).lint_string(text, fname=name)
    return [described(each.to_dict()) for each in linted.get_violations()]


@cache
def linter(directory: Path) -> Linter:
    """Return what lints the files of a directory: to read its settings takes as long as a file."""
    return Linter(config=FluffConfig.from_path(str(directory)))


def described(violation: Mapping[str, Any]) -> str:
    """Return the line, column, rule and text of a finding."""
    place = f"{violation['start_line_no']}:{violation['start_line_pos']}"
    return f"{place}: {violation['name'] or violation['code']}: {violation['description']}"


def say(message: str) -> None:
    """Tell the user, on standard error."""
    print(message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
