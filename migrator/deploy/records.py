"""The history of deploys: one row each, in the database itself, so that it is put back with it."""

from __future__ import annotations

import json
import socket
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql as words
from psycopg.rows import dict_row

from migrator.catalogue.objects import Catalogue
from migrator.core import process
from migrator.core.additions import Additions, StatusSection
from migrator.core.errors import Refused
from migrator.core.session import Session
from migrator.deploy.plan import DeployPlan
from migrator.sql import sql

Connection = psycopg.Connection[Any]
SHOWN = 10
STOP = (
    ("Put back what it did:", ["deploy", "--undo"]),
    ("Leave the database as it is, and end it:", ["deploy", "--leave"]),
)


@dataclass(frozen=True, slots=True)
class DeployRecord:
    """One deploy.

    Args:
        id: Its number in this database.
        started_at: When it was begun.
        ended_at: When it ended; None while it is under way, or was cut off.
        username: The user of the machine that it runs on.
        hostname: That machine, where the backup is.
        role_name: The role that it works as.
        digest: What was approved.
        backup: The backup's path; None before that is whole and read.
        phase: preparing, applying, undoing, opening, ended.
        outcome: applied, nothing changed, undone, restored, stopped, left; None while that is open.
        reason: Why it did not end as applied.
        plan: What was approved, and what was so before.

    """

    id: int
    started_at: datetime
    ended_at: datetime | None
    username: str
    hostname: str
    role_name: str
    digest: str
    backup: str | None
    phase: str
    outcome: str | None
    reason: str | None
    plan: DeployPlan

    def document(self) -> dict[str, Any]:
        """Return it for `status --json`."""
        return {
            "id": self.id,
            "kind": self.plan.kind,
            "started_at": self.started_at.isoformat(),
            "ended_at": self.ended_at.isoformat() if self.ended_at else None,
            "by": f"{self.username}@{self.hostname}",
            "role": self.role_name,
            "digest": self.digest,
            "backup": self.backup,
            "phase": self.phase,
            "outcome": self.outcome,
            "reason": self.reason,
        }

    @property
    def words(self) -> str:
        """The deploy in one line."""
        ended = self.outcome if self.ended_at else f"not ended, {self.phase}"
        began = f"{self.started_at:%Y-%m-%d %H:%M:%S%z} by {self.username}@{self.hostname}"
        kept = f"digest: {self.digest}; backup: {self.backup or 'none yet'}"
        return f"{began}: {self.plan.kind}, {self.plan.words}: {ended}; {kept}"


def end_it() -> str:
    """Return how a deploy that was cut off is ended: three commands, as they can be pasted."""
    return process.ways(("End it first. Go on with it:", ["deploy", "--resume"]), *STOP)


def additions() -> Additions:
    """Return what the history of deploys adds to other commands."""
    return Additions(before_plan=refuse_under_way, status=section)


def section(session: Session) -> StatusSection:
    """Return what `status` tells of deploys."""
    known = recent(session)
    return StatusSection(
        "deploys",
        [each.document() for each in known],
        [f"{'deploy':<14}{each.words}" for each in known[::-1]],
        "a deploy has not ended" if any(each.ended_at is None for each in known) else "",
        "".join(f"{each.outcome or 'not ended'} {each.started_at:%Y-%m-%d}" for each in known[:1]),
    )


def are_kept(connection: Connection) -> bool:
    """Say whether a database keeps a history of deploys."""
    ((are_kept,),) = connection.execute("SELECT to_regclass('yoyo.deploy') IS NOT NULL").fetchall()
    return bool(are_kept)


def prepare(connection: Connection) -> None:
    """Create the history of deploys where it is missing, or of an older release."""
    columns = connection.execute(
        "SELECT FROM pg_attribute AS a"
        " WHERE a.attrelid = to_regclass('yoyo.deploy') AND a.attname = 'before'"
    )
    if not columns.rowcount:
        with connection.transaction():
            connection.execute(sql("deploy/bookkeeping").encode())


def recent(session: Session, last: int = SHOWN) -> list[DeployRecord]:
    """Return the last deploys, newest first."""
    if not are_kept(session.connection):
        return []
    cursor = session.connection.cursor(row_factory=dict_row)
    rows = cursor.execute(sql("deploy/records").encode(), {"last": last}).fetchall()
    return [DeployRecord(**{**row, "plan": DeployPlan.from_document(row["plan"])}) for row in rows]


def under_way(session: Session) -> DeployRecord | None:
    """Return the deploy that has not ended, if there is one."""
    return next((each for each in recent(session, 1) if each.ended_at is None), None)


def refuse_under_way(session: Session) -> None:
    """Refuse to change a database in the middle of a deploy.

    Raises:
        Refused: A deploy has not ended.

    """
    if (cut_off := under_way(session)) is not None:
        raise Refused(f"A deploy was cut off: {cut_off.words}", hint=end_it())


def begin(connection: Connection, digest: str, plan: DeployPlan) -> int:
    """Record that a deploy begins; return its number."""
    ((number,),) = connection.execute(
        "INSERT INTO yoyo.deploy (username, hostname, digest, plan)"
        " VALUES (%s, %s, %s, %s) RETURNING deploy_id",
        (process.user_name(), socket.gethostname(), digest, json.dumps(asdict(plan))),
    ).fetchall()
    return int(number)


def note(connection: Connection, deploy: int, **values: str | None) -> None:
    """Record of a deploy what is under way from now on, before it begins: of each column its value.

    A reason that is None leaves the one that there is.
    """
    if values.get("reason", "") is None:
        del values["reason"]
    columns = words.SQL(", ").join(
        words.SQL("{} = {}").format(words.Identifier(name), words.Placeholder(name))
        for name in values
    )
    query = words.SQL("UPDATE yoyo.deploy SET {} WHERE deploy_id = %(deploy)s").format(columns)
    connection.execute(query, {**values, "deploy": deploy})


def catalogue_before(connection: Connection, deploy: int) -> Catalogue | None:
    """Return what the catalogue said right before the first change."""
    query = "SELECT before FROM yoyo.deploy WHERE deploy_id = %s"
    ((packed,),) = connection.execute(query, (deploy,)).fetchall()
    return None if packed is None else Catalogue.unpack(packed)


def end_in_copy(connection: Connection, backup: str, reason: str) -> None:
    """Record, in a database that was restored, that the deploy its backup was made for ended so."""
    if are_kept(connection):
        connection.execute(
            "UPDATE yoyo.deploy SET phase = 'ended', outcome = 'restored', backup = %s,"
            " before = NULL, reason = %s, ended_at = clock_timestamp() WHERE ended_at IS NULL",
            (backup, reason),
        )


def end(connection: Connection, deploy: int, outcome: str, reason: str | None) -> None:
    """Record how a deploy ended."""
    connection.execute(
        "UPDATE yoyo.deploy SET phase = 'ended', outcome = %s, ended_at = clock_timestamp(),"
        " before = NULL, reason = coalesce(%s, reason) WHERE deploy_id = %s",
        (outcome, reason, deploy),
    )
