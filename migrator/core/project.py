"""A project: where its migrations are, what belongs to them, and what it says of itself.

What belongs to a set of migrations, its seeds, its snapshot and its checks, stands beside it in
`seeds/` and `sql/`, whatever its own directory is called; a project's pyproject.toml may name other
places. Where that is depends on the migrations' directory alone, never on where the tool is.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from migrator.core import settings
from migrator.core.errors import Refused
from migrator.core.settings import Settings


@dataclass(frozen=True, slots=True)
class Project:
    """Where a migration set keeps its parts, and the settings of the project that it is in.

    Args:
        root: The project's directory.
        migrations: The directory of migration files.
        seeds: The directory of seed files; None where the set has none.
        sql: The directory of the snapshot and the checks, there or not; None where the one beside
            the migrations is another set's.
        page: The file of the schema's picture, there or not; None as of `sql`.
        settings: What the project says of itself.

    """

    root: Path
    migrations: Path
    seeds: Path | None
    sql: Path | None
    page: Path | None
    settings: Settings

    @classmethod
    def own(cls, root: Path, known: Settings, seeds: Path | None = None) -> Project:
        """Find the set that a project names as its own; see `at`.

        Args:
            root: The project's directory.
            known: Its settings.
            seeds: As of `at`.

        """
        return cls._around(_Surroundings(root / known.migrations, root, known), seeds)

    @classmethod
    def at(cls, migrations: Path, seeds: Path | None = None) -> Project:
        """Find a set's parts.

        They are beside its directory; if that is a link, what is not there is looked for where it
        leads. What belongs to the project's own set is no other set's.

        Args:
            migrations: The set's directory.
            seeds: The directory of its seeds, if it is another than the one beside it.

        Raises:
            Refused: A directory that was named is not there, or is a project's instead of a set's;
                a pyproject.toml cannot be read.

        """
        root = root_of(migrations)
        return cls._around(_Surroundings(_absolute(migrations), root, settings.load(root)), seeds)

    @classmethod
    def _around(cls, near: _Surroundings, seeds: Path | None) -> Project:
        known = near.settings
        for directory in (near.migrations, seeds, near.named(known.seeds)):
            if directory is not None and not directory.is_dir():
                raise Refused(
                    f"There is no directory {directory}.",
                    hint="Give an existing one with --migrations or --seeds, or in "
                    f"[tool.migrator] of {settings.FILE}.",
                )
        near.refuse_project()
        sql, page = near.part(known.sql, "sql"), near.part(known.page, "docs/schema.md")
        seeds = seeds or _there(near.part(known.seeds, "seeds"))
        target = _real(near.migrations)
        if target != near.migrations:
            behind = cls.at(target)
            seeds = seeds or behind.seeds
            if not _there(sql) and _there(behind.sql):
                sql, page = behind.sql, behind.page
        return cls(near.root, near.migrations, seeds, sql, page, known)

    @property
    def words(self) -> str:
        """The set and its parts in one line."""
        return (
            f"{self.migrations}, seeds: {self.seeds or 'none'}, sql: {_there(self.sql) or 'none'}"
        )


def root_of(migrations: Path) -> Path:
    """Return the directory of the project that a directory of migrations is in.

    It is the nearest one with `[tool.migrator]`, from the directory as it was named upwards, else
    from where links lead; else the one that the migrations are in.

    Args:
        migrations: The directory; it need not be there.

    """
    place = _absolute(migrations)
    return root_above(place) or root_above(_real(place)) or place.parent


def root_above(directory: Path) -> Path | None:
    """Return the nearest directory, this one or one above it, that has `[tool.migrator]`.

    Raises:
        Refused: A pyproject.toml on the way cannot be read.

    """
    return next((each for each in (directory, *directory.parents) if settings.has(each)), None)


class _Surroundings:
    """What is around a directory of migrations.

    Args:
        migrations: The directory, by its absolute path.
        root: That of the project.
        known: The project's settings.

    """

    def __init__(self, migrations: Path, root: Path, known: Settings) -> None:
        self.migrations = migrations
        self.root = root
        self.settings = known
        self._own = root / known.migrations
        self._is_own = _is_same(migrations, self._own)

    def named(self, name: str | None) -> Path | None:
        """Return the place that the project names for a part of the set; None where it does not."""
        return self.root / name if self._is_own and name is not None else None

    def part(self, name: str | None, default: str) -> Path | None:
        """Return where a part of the set is, or would be; None where that is another set's.

        Args:
            name: What the project names for its own set.
            default: Where it is beside the migrations.

        """
        if named := self.named(name):
            return named
        found = self._beside(self.migrations) / default
        owned = self.root / name if name is not None else self._beside(self._own) / default
        is_theirs = not self._is_own and self._own.is_dir() and _is_same(found, owned)
        return None if is_theirs or _is_same(found, self.migrations) else found

    def refuse_project(self) -> None:
        """Refuse the directory of a project, where that of its migrations is meant."""
        inner = self.migrations / self.settings.migrations
        is_meant = not self._is_own and inner.is_dir() and not _is_same(inner, self.migrations)
        if is_meant and not any(self.migrations.glob("*.sql")):
            raise Refused(
                f"{self.migrations} has no migrations, but {inner} may have.",
                hint=f"Give --migrations {inner}.",
            )

    def _beside(self, migrations: Path) -> Path:
        return self.root if _is_same(migrations, self.root) else migrations.parent


def _absolute(path: Path) -> Path:
    """Return a path from the root of the file system, by the links that it was named by."""
    return _real(path) if ".." in path.parts else path.absolute()


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))  # Path.resolve raises where links lead in a circle


def _is_same(one: Path, other: Path) -> bool:
    return _real(one) == _real(other)


def _there(directory: Path | None) -> Path | None:
    return directory if directory is not None and directory.is_dir() else None
