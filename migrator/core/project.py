"""A project: its directories and its settings.

The seeds, the snapshot and the checks of a migration set are beside it, in `seeds/` and `sql/`,
whatever its own directory is called. pyproject.toml may name other places. All of this depends only
on the directory of the migrations, never on the place of the tool.
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
    """The directories of a migration set, and the settings of its project.

    Args:
        root: The project's directory.
        migrations: The directory of the migrations.
        seeds: The directory of the seeds; None if the set has none.
        sql: The directory of the snapshot and the checks, which may be missing; None if the one
            beside the migrations belongs to another set.
        page: The file with the schema's diagrams, which may be missing; None as for `sql`.
        settings: The project's settings.

    """

    root: Path
    migrations: Path
    seeds: Path | None
    sql: Path | None
    page: Path | None
    settings: Settings

    @classmethod
    def own(cls, root: Path, known: Settings, seeds: Path | None = None) -> Project:
        """Find the parts of the project's own set; see `at`.

        Args:
            root: The project's directory.
            known: The project's settings.
            seeds: The same as for `at`.

        """
        return cls._around(_Surroundings(root / known.migrations, root, known), seeds)

    @classmethod
    def at(cls, migrations: Path, seeds: Path | None = None) -> Project:
        """Find the parts of a set.

        They are beside the directory of the migrations. If that is a link, missing parts are
        looked for beside its target. Parts of the project's own set are not used for another set.

        Args:
            migrations: The directory of the migrations.
            seeds: The directory of the seeds, if it is not the one beside the migrations.

        Raises:
            Refused: A named directory does not exist, or is a project instead of a set; or a
                pyproject.toml cannot be read.

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
                    hint="Give an existing directory with --migrations or --seeds, or in "
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
    def apart(self) -> list[Path]:
        """The directories of the set whose SQL is no migration; they may be in that of these."""
        return [each for each in (self.seeds, self.sql) if each is not None]

    @property
    def directories(self) -> list[Path]:
        """The directories of the set whose files are run."""
        return [each for each in (self.migrations, self.seeds) if each is not None]

    @property
    def words(self) -> str:
        """The set and its parts in one line, for a message."""
        return (
            f"{self.migrations}, seeds: {self.seeds or 'none'}, sql: {_there(self.sql) or 'none'}"
        )


def root_of(migrations: Path) -> Path:
    """Return the directory of the project to which a directory of migrations belongs.

    That is the nearest directory with `[tool.migrator]`, from the given path upwards, else from
    the target of its links upwards, else the parent of the migrations.

    Args:
        migrations: The directory of the migrations; it need not exist.

    """
    place = _absolute(migrations)
    return root_above(place) or root_above(_real(place)) or place.parent


def root_above(directory: Path) -> Path | None:
    """Return the nearest directory with `[tool.migrator]`, from this one upwards; None if none.

    Raises:
        Refused: A pyproject.toml on the way cannot be read.

    """
    return next((each for each in (directory, *directory.parents) if settings.has(each)), None)


class _Surroundings:
    """The directories around the migrations.

    Args:
        migrations: The absolute path of the migrations' directory.
        root: The project's directory.
        known: The project's settings.

    """

    def __init__(self, migrations: Path, root: Path, known: Settings) -> None:
        self.migrations = migrations
        self.root = root
        self.settings = known
        self._own = root / known.migrations
        self._is_own = _is_same(migrations, self._own)

    def named(self, name: str | None) -> Path | None:
        """Return the place that the project's settings name for a part; None if they name none."""
        return self.root / name if self._is_own and name is not None else None

    def part(self, name: str | None, default: str) -> Path | None:
        """Return the place of a part of the set; None if it belongs to another set.

        Args:
            name: The place that the project's settings name for its own set.
            default: The place beside the migrations.

        """
        if named := self.named(name):
            return named
        found = self._beside(self.migrations) / default
        owned = self.root / name if name is not None else self._beside(self._own) / default
        is_theirs = not self._is_own and self._own.is_dir() and _is_same(found, owned)
        return None if is_theirs or _is_same(found, self.migrations) else found

    def refuse_project(self) -> None:
        """Refuse the directory of a project instead of that of its migrations."""
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
    """Return an absolute path; links in it are kept unless it has `..`."""
    return _real(path) if ".." in path.parts else path.absolute()


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))  # Path.resolve raises where links lead in a circle


def _is_same(one: Path, other: Path) -> bool:
    return _real(one) == _real(other)


def _there(directory: Path | None) -> Path | None:
    return directory if directory is not None and directory.is_dir() else None
