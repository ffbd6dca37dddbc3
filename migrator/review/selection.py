"""Selects the migrations to review: by id, pending on a database, or new since a git revision."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import dropwhile
from pathlib import Path

from migrator.core import files
from migrator.core.errors import Refused
from migrator.core.files import Migration
from migrator.core.plan import find
from migrator.core.project import Project


@dataclass(frozen=True, slots=True)
class Selection:
    """The migrations to review, and those before and between them.

    Args:
        migrations: All migrations up to the last one to review, in order.
        reviewed: The ids of those to review.
        notes: What a reader of the review should know.
        is_whole: Whether no migration comes after the last one to review.

    """

    migrations: list[Migration]
    reviewed: frozenset[str]
    notes: tuple[str, ...] = ()
    is_whole: bool = True

    @property
    def before(self) -> list[Migration]:
        """The migrations before the first one to review."""
        return self.migrations[: len(self.migrations) - len(self.remaining)]

    @property
    def remaining(self) -> list[Migration]:
        """The first migration to review, and all after it."""
        return [*dropwhile(lambda each: each.id not in self.reviewed, self.migrations)]


def by_id(project: Project, ids: Sequence[str]) -> Selection:
    """Select by ids or numbers.

    Raises:
        Refused: There is no such migration, or the files cannot be read.

    """
    migrations = files.discover(project.migrations, project.apart)
    return _select(migrations, [find(migrations, each).id for each in ids])


def pending(applied: Sequence[Migration], waiting: Sequence[Migration]) -> Selection:
    """Select the pending migrations of a database."""
    return _select([*applied, *waiting], [each.id for each in waiting])


def since(project: Project, revision: str) -> Selection:
    """Select the files that are new, or were changed, since a git revision.

    Raises:
        Refused: git does not know the revision, or the files are in no repository.

    """
    migrations = files.discover(project.migrations, project.apart)
    commit = _git(
        project.migrations, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}"
    ).strip()
    then = _names(_git(project.migrations, "ls-tree", "-z", "--name-only", commit, "./"))
    changed = _names(
        _git(project.migrations, "diff", "-z", "--name-only", "--relative", commit, "--", ".")
    )
    new = [each.id for each in migrations if f"{each.id}.sql" not in then]
    edited = [
        each.id
        for each in migrations
        if each.id not in new and {f"{each.id}.sql", each.rollback_path.name} & changed
    ]
    notes = tuple(
        f"{each} was changed since {revision}: `migrate` refuses a database that already has it"
        for each in edited
        if f"{each}.sql" in changed
    )
    return _select(migrations, [*new, *edited], notes)


def commit(directory: Path) -> str:
    """Return the commit of a directory's files, and whether they differ; empty outside of git."""
    try:
        head = _git(directory, "rev-parse", "HEAD").strip()
        changed = _git(directory, "status", "--porcelain", "--", ".")
    except Refused:
        return ""
    return f"{head}, with changes that are not committed" if changed else head


def _select(
    migrations: Sequence[Migration], reviewed: Sequence[str], notes: tuple[str, ...] = ()
) -> Selection:
    files.check(
        source
        for each in migrations
        if each.id in reviewed
        for source in (each.source, files.read(each.rollback_path))
    )
    last = max((n for n, each in enumerate(migrations, 1) if each.id in reviewed), default=0)
    is_whole = last == len(migrations)
    return Selection([*migrations[:last]], frozenset(reviewed), notes, is_whole)


def _names(listed: str) -> set[str]:
    return {Path(each).name for each in listed.split("\0") if each}


def _git(directory: Path, *arguments: str) -> str:
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
            "--against REF needs git, which is not installed.",
            hint="Install git, name the migrations, or give a database: --against URL.",
        ) from None
    if done.returncode:
        raise Refused(
            f"git cannot tell what is new: {done.stderr.strip()}",
            hint="Give a revision that `git log` shows. In CI, fetch the whole history.",
        )
    return done.stdout
