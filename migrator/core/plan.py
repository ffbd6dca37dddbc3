"""A plan: what a command will do, in order. Also finds the migration that a user names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from migrator.core.errors import Refused
from migrator.core.files import Migration, Seed, SqlFile


@dataclass(frozen=True, slots=True)
class Plan:
    """What a command will do: migrations in order, then seeds.

    Args:
        migrations: The migrations to apply or to roll back.
        seeds: The seeds to apply after them.
        rollbacks: The rollback file of each of the migrations, by id.
        replaced: What is recorded first: squashed pairs that the database has without their mark,
            with the ids of the migrations that they replace.

    """

    migrations: list[Migration]
    seeds: list[Seed]
    rollbacks: Mapping[str, SqlFile] = field(default_factory=dict)
    replaced: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.migrations or self.seeds or self.replaced)

    @property
    def sources(self) -> list[SqlFile]:
        """The files that would be applied, in order."""
        return [each.source for each in self.migrations] + [each.source for each in self.seeds]


def find(migrations: Sequence[Migration], name: str) -> Migration:
    """Return the migration with this id, or the only one whose id begins so.

    Raises:
        Refused: There is no such migration, or there are several.

    """
    called = [each for each in migrations if is_called(each.id, name)]
    if exact := [each for each in called if each.id == name.removesuffix(".sql")]:
        called = exact
    if len(called) == 1:
        return called[0]
    if called:
        raise Refused(
            f"{name} is the beginning of several ids: {', '.join(each.id for each in called)}.",
            hint="Give more of the one that you mean.",
        )
    instead = [each.id for each in migrations if (r := each.source.replaces) and r.covers(name)]
    raise Refused(
        f"There is no migration {name} in the files.",
        hint=f"{instead[0]} replaces it." if instead else "`status` lists them.",
    )


def is_called(migration_id: str, name: str) -> bool:
    """Say whether a name is that of a migration: its id, or the beginning of it, such as a number.

    Args:
        migration_id: The id.
        name: What the user calls it; `.sql` at its end does not count.

    """
    stem = name.removesuffix(".sql")
    rest = migration_id.removeprefix(stem)
    return rest == "" or (rest != migration_id and rest[0] in "._-")


def up_to(
    pending: list[Migration], migrations: list[Migration], last: Migration | None
) -> list[Migration]:
    """Return the pending migrations up to the last one to apply; all if there is no last one."""
    if last is None:
        return pending
    wanted = {each.id for each in migrations[: migrations.index(last) + 1]}
    return [each for each in pending if each.id in wanted]
