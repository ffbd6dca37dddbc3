"""A backup back into a database: a new one, checked, which may then take the target's name."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from migrator.backup import archive, databases
from migrator.backup import restore as backups
from migrator.backup.archive import Backup
from migrator.backup.databases import Administrator
from migrator.backup.restore import RestoreOptions
from migrator.core.runner import Runner
from migrator.core.session import open_connection
from migrator.core.steps import Steps
from migrator.deploy import closing, records
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
    aside: str = ""
    notes: list[str] = field(default_factory=list)
    runner: Runner | None = None


def into_new(
    backup: Backup, admin: Administrator, how: RestoreOptions, name: str, steps: Steps
) -> RestoreResult:
    """Restore into a new database, which gets its name when it is whole and checked.

    Raises:
        Refused: There is a database of that name, or none can have it.
        Failed: It could not be restored; nothing is left of it.

    """
    databases.refuse_name(admin.target, name)
    with Scratch(admin.target, KIND, _HINT) as scratch:
        made, notes = _made(backup, how, scratch, steps, called=name, reason=f"restored as {name}")
        with open_connection(admin.target) as connection:
            connection.execute(databases.renaming_to(made, name))
    return RestoreResult(name, notes=notes)


def over(
    backup: Backup,
    admin: Administrator,
    how: RestoreOptions,
    runner: Runner,
    steps: Steps,
    *,
    name: str,
    reason: str,
) -> RestoreResult:
    """Restore into a new database, and have that take the target's name.

    Args:
        backup: What is restored.
        admin: Who makes and renames databases.
        how: How it is restored.
        runner: The current database; its session holds the lock, and is closed.
        steps: Told what is done.
        name: The target's name, which a closed database does not have meanwhile.
        reason: Why, for the history of deploys.

    Raises:
        Failed: It could not be done; the current database is as it was.

    """
    aside = _aside(admin, name)
    with Scratch(admin.target, KIND, _HINT) as scratch:
        made, notes = _made(backup, how, scratch, steps, called=name, reason=reason)
        with steps.step("swap") as detail:
            renames = [(runner.session.facts.database, aside), (made, name)]
            again, ended = closing.renamed(runner, admin, renames)
            detail.update(aside=aside, ended=ended)
            detail["said"] = (
                f"{name} is the restored database; the one before it is {aside}; sessions of "
                f"others that were ended: {ended}"
            )
    return RestoreResult(name, aside, notes, again)


def _aside(admin: Administrator, name: str) -> str:
    """Return a free name to set a database aside: that of this second, or of a later one."""
    while True:
        aside = databases.shortened(name, f"_before_{archive.stamp()}")
        if not databases.exists(admin.target, aside):
            return aside
        time.sleep(0.1)


def _made(
    backup: Backup, how: RestoreOptions, scratch: Scratch, steps: Steps, *, called: str, reason: str
) -> tuple[str, list[str]]:
    """Make a database and check it; return its name for now, and what it lacks."""
    name = scratch.name("new")
    with steps.step("restore") as detail:
        backups.restore(backup, scratch.server, name, how, steps.show)
        detail["backup"] = str(backup.path)
    with steps.step("check") as detail:
        with open_connection(scratch.server.beside(name)) as connection:
            records.end_in_copy(connection, str(backup.path), reason)
        notes = backups.dress(backup, scratch.server, name, how, called=called)
        detail["notes"] = notes
        detail["said"] = (
            f"the rows of {len(backup.manifest.tables)} tables are as the manifest says; "
            f"differences in all else: {len(notes)}"
        )
    return name, notes
