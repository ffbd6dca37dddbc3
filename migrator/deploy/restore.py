"""A backup back into a database: a new one, checked against the manifest, then swapped in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psycopg

from migrator.catalogue import contents
from migrator.core.errors import Failed, Refused
from migrator.core.session import Session, open_connection
from migrator.core.target import Target
from migrator.deploy import archive, databases, records, writes
from migrator.deploy.archive import Backup, Programs
from migrator.deploy.databases import Administrator
from migrator.deploy.steps import Steps
from migrator.deploy.writes import Counters, OthersWrites
from migrator.server.scratch import Scratch

KIND = "deploy_restoring"
DISCARD = (
    "To lose those rows, say so: --discard-writes. They stay in the database that is set aside."
)


@dataclass(frozen=True, slots=True)
class RestoreResult:
    """How a restore ended.

    Args:
        database: The database that holds the backup now.
        aside: The name that the one before it has now; empty where there was none.
        notes: What could not be given to the new database, or was ended, a line each.

    """

    database: str
    aside: str
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Place:
    """Where and by whom something is restored.

    Args:
        admin: Who makes and renames databases.
        tools: pg_restore.
        jobs: How many sessions restore at once.

    """

    admin: Administrator
    tools: Programs
    jobs: int


def into_new(backup: Backup, place: Place, name: str, steps: Steps) -> RestoreResult:
    """Restore into a new database, which gets its name when it is whole and checked.

    Raises:
        Refused: There is a database of that name.
        Failed: It could not be restored; nothing is left of it.

    """
    server = place.admin.target
    databases.refuse_existing(server, name)
    with Scratch(server, KIND, _HINT) as scratch:
        made, notes = _filled(backup, place, scratch, steps, f"restored as {name}")
        with open_connection(server) as connection:
            connection.execute(databases.renaming_to(str(made.parameters["dbname"]), name))
    return RestoreResult(name, "", notes)


def over(
    backup: Backup,
    place: Place,
    target: Target,
    steps: Steps,
    *,
    guard: Guard,
    session: Session,
    reason: str,
) -> RestoreResult:
    """Restore into a new database, and have that take the current one's name.

    Args:
        backup: What is restored.
        place: Where and by whom.
        target: The current database.
        steps: Told what is done.
        guard: Whether others wrote since the backup, and whether that may be lost.
        session: This program's own, which holds the runner's lock and wrote what the deploy wrote;
            it is closed.
        reason: Why, for the history of deploys.

    Raises:
        Refused: Others wrote since the backup.
        Failed: It could not be done; the current database is as it was.

    """
    current = session.facts.database
    writes.hand_in(session.connection)  # what it is known to have written must be counted, too
    guard.check(target)
    aside = databases.shortened(current, f"_before_{archive.stamp()}")
    with Scratch(place.admin.target, KIND, _HINT) as scratch:
        made, notes = _filled(backup, place, scratch, steps, reason)
        with steps.step("swap") as detail:
            last = open_connection(target)

            def look() -> None:
                try:
                    guard.refuse(guard.since(last))
                finally:
                    session.connection.close()
                    last.close()

            try:
                ended = databases.swap(
                    place.admin,
                    current=current,
                    new=str(made.parameters["dbname"]),
                    old=aside,
                    own={last.info.backend_pid, session.facts.pid},
                    look=look,
                )
            finally:
                last.close()
            detail.update(aside=aside, ended=len(ended))
            detail["said"] = (
                f"{current} is the restored database; the one before it is {aside}; "
                f"{len(ended)} sessions were ended"
            )
    return RestoreResult(current, aside, notes)


_HINT = "Name a role that may create databases: --admin URL."


def _filled(
    backup: Backup,
    place: Place,
    scratch: Scratch,
    steps: Steps,
    reason: str,
) -> tuple[Target, list[str]]:
    """Make a database, fill it and check it."""
    with steps.step("restore") as detail:
        name = scratch.name("new")
        with open_connection(place.admin.target) as connection:
            databases.create(connection, name, backup.manifest.properties)
        made = place.admin.target.beside(name)
        databases.fill(
            backup, made, place.tools, jobs=place.jobs, with_owners=True, show=steps.show
        )
        detail["backup"] = str(backup.path)
    with steps.step("check") as detail:
        refuse_different(backup, made, steps.show)
        detail["said"] = f"{len(backup.manifest.tables)} tables are as the manifest says"
    with open_connection(made) as connection:
        records.end_in_copy(connection, str(backup.path), reason)
    with open_connection(place.admin.target) as connection:
        notes = databases.dress(connection, name, backup.manifest.properties)
    return made, notes


def refuse_different(backup: Backup, target: Target, show: Callable[[str], None]) -> None:
    """Compare a restored database with the manifest.

    Raises:
        Failed: It is not what the manifest says.

    """
    if found := databases.differences(backup, target, show=show):
        raise Failed(
            f"{backup.path}: what was restored is not what was backed up:\n  "
            + "\n  ".join(found.values()),
            state="The target was not changed by that.",
            hint="Do not rely on this backup: take another one.",
        )


class Guard:
    """Keeps a restore from losing what others wrote since the backup.

    Args:
        before: The server's counters when the backup was begun.
        deploy: The number of the deploy that it was made for: what was written for that one, and
            for later ones, is not others' work.
        discard: Whether the user said that others' rows may be lost.

    """

    def __init__(self, before: Counters, deploy: int, *, discard: bool) -> None:
        self._before = before
        self._deploy = deploy
        self._discard = discard
        self._seen: dict[int, writes.Counts] = {}

    def note(self, connection: psycopg.Connection[Any]) -> None:
        """Keep the counters of tables that may be dropped by what comes next."""
        now = writes.read(connection)
        self._seen.update({oid: counts for oid, (_, counts) in now.tables.items()})

    def own(self, connection: psycopg.Connection[Any]) -> dict[int, writes.OwnWrites]:
        """Return what this deploy, and later ones, wrote, by table."""
        return writes.own(connection, self._deploy)

    def since(self, connection: psycopg.Connection[Any]) -> OthersWrites:
        """Return what others wrote since the backup."""
        if not _counts(connection):
            return OthersWrites({}, unknown="track_counts is off, so nothing is counted")
        now = writes.read(connection)
        return writes.by_others(self._before, now, self.own(connection), self._seen)

    def rows_in_new_tables(self, connection: psycopg.Connection[Any]) -> OthersWrites:
        """Return what others wrote to tables that were not there at the backup.

        What was rolled back, of a file that was cut off say, is counted by the server, and lost to
        nobody: a table that holds as many rows as this deploy committed there holds no others.
        """
        written, own = self.since(connection), self.own(connection)
        rows: dict[str, writes.Counts] = {}
        for oid, (name, _) in writes.read(connection).tables.items():
            if oid in self._before.tables:
                continue
            theirs = written.tables.get(name, (0, 0, 0))
            more = contents.rows_of(connection, name) - (own[oid].more if oid in own else 0)
            if written.unknown and more:
                rows[name] = (max(0, more), 0, max(0, -more))
            elif any(theirs) and (more or any(theirs[1:])):
                rows[name] = theirs
        return OthersWrites(rows)

    def check(self, target: Target) -> None:
        """Refuse to lose what others wrote, from what can be seen with everybody at work."""
        with open_connection(target) as connection:
            self.refuse(self.since(connection))

    def refuse(self, written: OthersWrites) -> None:
        """Refuse to lose this, unless the user said that it may be lost.

        Raises:
            Refused: Others wrote something, or that cannot be told.

        """
        if written and not self._discard:
            raise Refused(
                "Since the backup, rows were written that are not accounted for as this deploy's "
                f"own: {written.words}.",
                state="The database is as it was before the restore was tried.",
                hint=DISCARD,
            )


def _counts(connection: psycopg.Connection[Any]) -> bool:
    row = connection.execute("SELECT current_setting('track_counts')::boolean").fetchone()
    return bool(row and row[0])
