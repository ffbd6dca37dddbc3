"""What must be so before a deploy is begun; everything that is not is told at once."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from migrator.core import history, lock
from migrator.core.errors import Refused
from migrator.core.plan import Plan
from migrator.core.runner import Runner
from migrator.core.session import refuse_unwritable
from migrator.core.target import Target
from migrator.core.waits import sessions_in_words
from migrator.deploy import archive, databases, records
from migrator.deploy.archive import Programs
from migrator.deploy.databases import Administrator
from migrator.sql import sql

# Of the database's own size: what a restored copy needs, with the WAL that is written meanwhile.
_COPY = 1.5
_MARGIN = 1.2


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What the server says of the target and of the role: see facts.sql."""

    major: int
    database_bytes: int
    may_create_history: bool
    may_create_in_public: bool
    hidden_sessions: int
    prepared_transactions: int
    logical_replication: list[str]
    superusers_extensions: list[str]


@dataclass(frozen=True, slots=True)
class Prerequisites:
    """What was found.

    Args:
        facts: What the server says.
        tools: pg_dump and pg_restore; None where there are none.
        admin: Who makes databases beside the target; None where nobody can.
        problems: What stands in the way, each with what to do.
        no_rehearsal: Why there can be, or is to be, no rehearsal; empty where there is one.
        no_restore: Why a failed deploy could not be undone by a restore; empty where it could.

    """

    facts: ServerFacts
    tools: Programs | None
    admin: Administrator | None
    problems: list[tuple[str, str]] = field(default_factory=list)
    no_rehearsal: str = ""
    no_restore: str = ""

    @property
    def words(self) -> str:
        """What is well, in one line."""
        tools = f"pg_dump {self.tools.version}" if self.tools else "no pg_dump"
        size = f"{self.facts.database_bytes:,} bytes"
        return f"PostgreSQL {self.facts.major}, {tools}, a database of {size}"

    def refuse(self) -> None:
        """Refuse to go on if anything stands in the way.

        Raises:
            Refused: It names everything.

        """
        if not self.problems:
            return
        told = "\n  ".join(problem for problem, _ in self.problems)
        hints = dict.fromkeys(hint for _, hint in self.problems)
        raise Refused(
            f"A deploy cannot be begun:\n  {told}", hint="\n      ".join(filter(None, hints))
        )


@dataclass(frozen=True, slots=True)
class Requirements:
    """What the command line says of it.

    Args:
        directory: Where the backup is to be.
        rehearse: Whether to rehearse; None where room and rights decide.
        rehearse_on: The server for it; None for beside the target.
        admin: Who makes databases; None for the target's own role.
        longest_transaction_ms: How old others' transactions may be.

    """

    directory: Path
    rehearse: bool | None
    rehearse_on: Target | None
    admin: Target | None
    longest_transaction_ms: int


def server_facts(connection: psycopg.Connection[Any]) -> ServerFacts:
    """Ask the server."""
    row = connection.cursor(row_factory=dict_row).execute(sql("deploy/facts").encode())
    return ServerFacts(**(row.fetchone() or {}))


def check(
    runner: Runner, asked: Requirements, *, resumes: bool = False
) -> tuple[Prerequisites, Plan]:
    """Look at everything; change nothing, lock nothing.

    Args:
        runner: The target and the files.
        asked: What the command line says.
        resumes: Whether this is to go on with a deploy that was cut off.

    Returns:
        What was found, and what would be applied; an empty plan where that cannot be told.

    """
    facts = server_facts(runner.session.connection)
    plan, problems = Plan([], []), []
    try:
        refuse_unwritable(runner.session, runner.target)
    except Refused as refusal:
        problems.append((refusal.message, refusal.hint))
    if not resumes:
        problems += _unfinished(runner)
        try:
            history.refuse_disagreement(runner.state())
            plan = runner.pending()
        except Refused as refusal:
            problems.append((refusal.message, refusal.hint))
    problems += _rights(runner, facts)
    problems += _transactions(runner, asked.longest_transaction_ms)
    tools = None
    try:
        tools = archive.programs(facts.major)
    except Refused as refusal:
        problems.append((refusal.message, refusal.hint))
    if not resumes:  # else the backup is there already
        problems += _room(runner, asked.directory, facts)
    admin = databases.administrator(runner.target, runner.session.facts.database, asked.admin)
    owners = other_owners(runner)
    no_rehearsal = _no_rehearsal(runner, asked, facts, admin, owners)
    if no_rehearsal and asked.rehearse:
        problems.append((f"There can be no rehearsal: {no_rehearsal}.", _ADMIN))
    found = Prerequisites(
        facts,
        tools,
        admin,
        problems,
        "--no-rehearse" if asked.rehearse is False else no_rehearsal,
        no_restore(facts, admin, owners),
    )
    return found, plan


_ADMIN = (
    "Name a role that may create databases with --admin URL, a server for the rehearsal with "
    "--rehearse-on URL, or leave it out with --no-rehearse."
)


def _unfinished(runner: Runner) -> list[tuple[str, str]]:
    cut_off = records.under_way(runner.session)
    if cut_off is None:
        return []
    if at_work := lock.holders(runner.session):
        words = sessions_in_words(runner.session.connection, at_work)
        return [(f"A deploy is under way: {cut_off.words}; {words}", "Wait for it to end.")]
    return [(f"A deploy was cut off: {cut_off.words}", records.END_IT)]


def _rights(runner: Runner, facts: ServerFacts) -> list[tuple[str, str]]:
    told = []
    user = runner.session.connection.info.user
    if not (facts.may_create_history or records.are_kept(runner.session.connection)):
        told.append(
            (
                f"The role {user} may not create the history's schema yoyo.",
                "Deploy as the owner of the database, or grant the role CREATE on it.",
            )
        )
    if not facts.may_create_in_public:
        told.append(
            (
                f"The role {user} may create nothing in schema public.",
                "Deploy as the owner of the database, or grant the role CREATE on that schema.",
            )
        )
    rows = runner.session.connection.execute(sql("deploy/unreadable").encode()).fetchall()
    if rows:
        names = ", ".join(f"{name} ({reason})" for name, reason in rows)
        told.append(
            (
                f"The role {user} cannot back up everything: {names}.",
                "Deploy as a role that may read all rows: grant pg_read_all_data, and BYPASSRLS "
                "where a table has row-level security.",
            )
        )
    return told


def _transactions(runner: Runner, longest_ms: int) -> list[tuple[str, str]]:
    rows = runner.session.connection.execute(
        sql("deploy/long_transactions"), {"longest": longest_ms}
    ).fetchall()
    if not rows:
        return []
    words = sessions_in_words(runner.session.connection, [pid for (pid,) in rows])
    return [
        (
            f"Transactions older than {longest_ms / 1000:g} s would block the deploy: {words}.",
            "Wait for them, or end them: SELECT pg_terminate_backend(<pid>), or ROLLBACK PREPARED. "
            "--longest-transaction says how old one may be.",
        )
    ]


def _room(runner: Runner, directory: Path, facts: ServerFacts) -> list[tuple[str, str]]:
    """Compare the room with what the last backup took, or with the whole database."""
    there = directory
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        return [(f"{there} cannot be written to.", "Name another directory with --backup-dir.")]
    earlier = [
        each.manifest
        for each in archive.all_in(directory)
        if each.manifest.database == runner.session.facts.database
    ]
    needed = float(facts.database_bytes)
    if earlier:
        last = earlier[-1]
        needed = _MARGIN * last.bytes * max(1.0, facts.database_bytes / last.database_bytes)
    free = shutil.disk_usage(there).free
    if free >= needed:
        return []
    return [
        (
            f"{there} has {free:,} bytes free; a backup may need {needed:,.0f}.",
            "Make room there, or name another directory with --backup-dir.",
        )
    ]


def _no_copy(admin: Administrator | None, owners: Sequence[str]) -> str:
    """Say why no copy of the target can be made beside it."""
    if admin is None:
        return "no maintenance database of the server can be connected to"
    if not admin.may_create:
        return "the role may not create databases"
    if owners and not admin.is_superuser:
        return f"the role is no member of what owns objects here: {', '.join(owners)}"
    return ""


def _no_rehearsal(
    runner: Runner,
    asked: Requirements,
    facts: ServerFacts,
    admin: Administrator | None,
    owners: Sequence[str],
) -> str:
    if asked.rehearse_on is not None:
        return ""
    if why := _no_copy(admin, owners):
        return why
    needed = facts.database_bytes * _COPY
    free = _free_on_server(runner.session.connection, admin)
    if free is not None and free < needed:
        return f"the server's disk has {free:,} bytes free, a copy may need {needed:,.0f}"
    if free is None and not asked.rehearse:
        return "the room on the server's disk cannot be seen from here; --rehearse if there is some"
    return ""


def _free_on_server(connection: psycopg.Connection[Any], admin: Administrator | None) -> int | None:
    """Return the free bytes of the disk of the server's data, where it is this machine's."""
    host = connection.info.host
    is_here = not host or host.startswith("/") or host in {"localhost", "127.0.0.1", "::1"}
    directory = admin.data_directory if admin is not None else None
    if not is_here or directory is None:
        return None
    try:
        return shutil.disk_usage(directory).free
    except OSError:
        return None


def no_restore(
    facts: ServerFacts,
    admin: Administrator | None,
    owners: Sequence[str],
    *,
    is_swap: bool = True,
) -> str:
    """Say why a backup could not be restored; empty where it could.

    Args:
        facts: What the server says.
        admin: Who makes databases.
        owners: The owners of objects that the role is no member of.
        is_swap: Whether the restored database is to take the target's place.

    """
    if why := _no_copy(admin, owners):
        return why
    assert admin is not None  # noqa: S101  _no_copy says so
    if facts.superusers_extensions and not admin.is_superuser:
        return f"only a superuser can create {', '.join(facts.superusers_extensions)} again"
    if is_swap and not (admin.owns_database or admin.is_superuser):
        return "the role may not rename the database"
    if is_swap and facts.logical_replication:
        names = ", ".join(facts.logical_replication)
        return f"logical replication is bound to this very database: {names}"
    if is_swap and facts.prepared_transactions:
        return "it has prepared transactions"
    return ""


def other_owners(runner: Runner) -> list[str]:
    """Return the owners of objects that the target's role could not give them again."""
    rows = runner.session.connection.execute(sql("deploy/other_owners").encode()).fetchall()
    return [value for (value,) in rows]


def way_back(found: Prerequisites) -> str:
    """Say in one line how a failed deploy would be undone."""
    if found.no_restore:
        return f"the rollback files only ({found.no_restore})"
    return "the rollback files, else a restore into a new database that takes the name"
