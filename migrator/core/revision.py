"""What changed in a directory since a git revision."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from migrator.core.errors import Refused


@dataclass(frozen=True, slots=True)
class Since:
    """The files of a directory and those below it, then and now; each a path from the directory.

    Args:
        then: The files that the revision has.
        changed: Those of them that are now different or gone.

    """

    then: frozenset[str]
    changed: frozenset[str]

    def is_new(self, name: str) -> bool:
        """Say whether the revision does not have a file that is there now."""
        return name not in self.then

    def differs(self, name: str) -> bool:
        """Say whether a file that is there now is new or was changed."""
        return name in self.changed or self.is_new(name)


def since(directory: Path, revision: str) -> Since:
    """Return what changed in a directory, commits and uncommitted files alike.

    Raises:
        Refused: git does not know the revision, or the directory is in no repository.

    """
    commit = git(directory, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    commit = commit.strip()
    then = git(directory, "ls-tree", "-r", "-z", "--name-only", commit, "./")
    changed = git(directory, "diff", "-z", "--name-only", "--relative", commit, "--", ".")
    return Since(_names(then), _names(changed))


def git(directory: Path, *arguments: str) -> str:
    """Run git in a directory; return what it printed.

    Raises:
        Refused: git is not installed, or failed.

    """
    try:
        done = subprocess.run(  # noqa: S603  no shell
            ["git", *arguments],  # noqa: S607  the user's git
            cwd=directory,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise Refused(
            "git is not installed, which tells what changed.",
            hint="Install git, or leave --against REF out.",
        ) from None
    if done.returncode:
        raise Refused(
            f"git cannot tell what is new: {done.stderr.strip()}",
            hint="Give a revision that `git log` shows. In CI, fetch the whole history.",
        )
    return done.stdout


def _names(listed: str) -> frozenset[str]:
    return frozenset(each for each in listed.split("\0") if each)
