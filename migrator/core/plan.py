"""What a command would do, in order, and which migration a user means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from migrator.core.errors import Refused
from migrator.core.files import Migration, Seed, SqlFile


@dataclass(frozen=True, slots=True)
class Plan:
    """What a command would do, in order."""

    migrations: list[Migration]
    seeds: list[Seed]

    @property
    def sources(self) -> list[SqlFile]:
        """The files that would be applied, in order."""
        return [each.source for each in self.migrations] + [each.source for each in self.seeds]


def find(migrations: Sequence[Migration], name: str) -> Migration:
    """Return the migration with an id, or with a number where the number names one.

    Raises:
        Refused: There is none.

    """
    for migration in migrations:
        if is_called(migration.id, name):
            return migration
    raise Refused(
        f"There is no migration {name} in the files.",
        hint="`status` lists them.",
    )


def is_called(migration_id: str, name: str) -> bool:
    """Say whether a user means a migration by a name: its id, its number or its file."""
    return name.removesuffix(".sql") in {migration_id, migration_id.partition(".")[0]}


def up_to(
    pending: list[Migration], migrations: list[Migration], last: Migration | None
) -> list[Migration]:
    """Return the pending migrations up to a last one; all of them without one."""
    if last is None:
        return pending
    wanted = {each.id for each in migrations[: migrations.index(last) + 1]}
    return [each for each in pending if each.id in wanted]
