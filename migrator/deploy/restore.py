"""A backup back into a database: a new one, checked, which may then take the target's name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from migrator.core.runner import Runner
from migrator.core.session import open_connection
from migrator.core.target import Target
from migrator.deploy import archive, closing, databases, records
from migrator.deploy.archive import Backup
from migrator.deploy.databases import Administrator
from migrator.deploy.programs import Programs
from migrator.deploy.rehearsal import not_restored, refuse_different
from migrator.deploy.steps import Steps
from migrator.server.scratch import Scratch

KIND = "deploy_restoring"
_HINT = "Name a role that may create databases: --admin URL."


@dataclass(frozen=True, slots=True)
class RestoreResult:
    """How a restore ended.

    Args:
        database: The database that holds the backup now.
        aside: The name that the one before it has now; empty where there was none.
        notes: In what it is not as it was, a line each.
        runner: A runner in the restored database, where that took the target's place.

    """

    database: str
    aside: str
    notes: list[str] = field(default_factory=list)
    runner: Runner | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where, by whom and how something is restored.

    Args:
        admin: Who makes and renames databases.
        tools: pg_restore.
        jobs: How many sessions restore at once.
        options: More of pg_restore's options: --no-owner.

    """

    admin: Administrator
    tools: Programs
    jobs: int
    options: Sequence[str] = ()


def into_new(backup: Backup, place: Place, name: str, steps: Steps) -> RestoreResult:
    """Restore into a new database, which gets its name when it is whole and checked.

    Raises:
        Refused: There is a database of that name, or none can have it.
        Failed: It could not be restored; nothing is left of it.

    """
    server = place.admin.target
    databases.refuse_name(server, name)
    with Scratch(server, KIND, _HINT) as scratch:
        made, notes = _filled(backup, place, scratch, steps, f"restored as {name}")
        with open_connection(server) as connection:
            connection.execute(databases.renaming_to(str(made.parameters["dbname"]), name))
    return RestoreResult(name, "", notes)


def over(
    backup: Backup, place: Place, runner: Runner, steps: Steps, *, name: str, reason: str
) -> RestoreResult:
    """Restore into a new database, and have that take the target's name.

    Args:
        backup: What is restored.
        place: Where and by whom.
        runner: The current database; its session holds the lock, and is closed.
        steps: Told what is done.
        name: The target's name, which a closed database does not have meanwhile.
        reason: Why, for the history of deploys.

    Raises:
        Failed: It could not be done; the current database is as it was.

    """
    current = runner.session.facts.database
    aside = databases.shortened(name, f"_before_{archive.stamp()}")
    with Scratch(place.admin.target, KIND, _HINT) as scratch:
        made, notes = _filled(backup, place, scratch, steps, reason)
        with steps.step("swap") as detail:
            renames = [(current, aside), (str(made.parameters["dbname"]), name)]
            again = closing.renamed(runner, place.admin, renames)
            detail.update(aside=aside)
            detail["said"] = f"{name} is the restored database; the one before it is {aside}"
    return RestoreResult(name, aside, notes, again)


def _filled(
    backup: Backup, place: Place, scratch: Scratch, steps: Steps, reason: str
) -> tuple[Target, list[str]]:
    """Make a database, fill it and check it."""
    name, server = scratch.name("new"), place.admin.target
    made = server.beside(name)
    with steps.step("restore") as detail:
        with open_connection(server) as connection:
            if place.options:  # without owners, it is not like the one before, either
                connection.execute(databases.plain(name))
            else:
                databases.create(connection, name, backup.manifest.properties)
        databases.fill(
            backup.path, made, place.tools,
            jobs=place.jobs, options=place.options, show=steps.show,
        )  # fmt: skip
        detail["backup"] = str(backup.path)
    with steps.step("check") as detail:
        refuse_different(backup, made, steps.show)
        with open_connection(made) as connection:
            records.end_in_copy(connection, str(backup.path), reason)
        notes = not_restored(server, backup, made, is_copy=False, without=[])
        detail["notes"] = notes
        detail["said"] = (
            f"the rows of {len(backup.manifest.tables)} tables are as the manifest says; "
            f"differences in all else: {len(notes)}"
        )
    return made, notes
