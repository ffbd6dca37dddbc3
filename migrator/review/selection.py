"""Selects the migrations to review: by id, pending on a database, or new since a git revision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import dropwhile
from pathlib import Path

from migrator.core import files, revision
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


def since(project: Project, name: str) -> Selection:
    """Select the files that are new, or were changed, since a git revision.

    Raises:
        Refused: git does not know the revision, or the files are in no repository.

    """
    migrations = files.discover(project.migrations, project.apart)
    known = revision.since(project.migrations, name)
    new = [each.id for each in migrations if known.is_new(f"{each.id}.sql")]
    edited = [
        each.id
        for each in migrations
        if each.id not in new and {f"{each.id}.sql", each.rollback_path.name} & known.changed
    ]
    notes = tuple(
        f"{each} was changed since {name}: `migrate` refuses a database that already has it"
        for each in edited
        if f"{each}.sql" in known.changed
    )
    return _select(migrations, [*new, *edited], notes)


def commit(directory: Path) -> str:
    """Return the commit of a directory's files, and whether they differ; empty outside of git."""
    try:
        head = revision.git(directory, "rev-parse", "HEAD").strip()
        changed = revision.git(directory, "status", "--porcelain", "--", ".")
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
