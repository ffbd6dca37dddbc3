"""What must be so before a deploy is begun; everything that is not is told at once."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import dict_row

from migrator.backup import archive, databases, programs
from migrator.backup.databases import Administrator
from migrator.backup.dump import BackupOptions
from migrator.backup.programs import Programs
from migrator.core import history, lock
from migrator.core.errors import Refused
from migrator.core.plan import Plan
from migrator.core.runner import Runner
from migrator.core.session import NoConnection, open_connection, refuse_unwritable
from migrator.core.target import Target
from migrator.core.waits import sessions_in_words
from migrator.deploy import closing, records
from migrator.sql import sql

# Of the database's own size: what a restored copy needs, with the WAL that is written meanwhile.
_COPY = 1.5
_LOCKS_PART = 0.7  # of the lock table that pg_dump may fill
_SESSIONS = 5  # the runner, its watch, pg_dump, the snapshot's holder, who sums the rows
_MARGIN = 1.2


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What the server says of the target and of the role, named as in SQL: see facts.sql."""

    major: int
    role: str
    database: str
    database_bytes: int
    may_create_history: bool
    may_create_in_public: bool
    hidden_sessions: int
    prepared_transactions: int
    logical_replication: list[str]
    superusers_extensions: list[str]
    superusers_objects: list[str]
    tables: int
    lock_room: int
    connections_left: int


class Problem(NamedTuple):
    """What stands in the way, and what to do."""

    words: str
    hint: str


@dataclass(frozen=True, slots=True)
class Prerequisites:
    """What was found.

    Args:
        facts: What the server says.
        tools: pg_dump and pg_restore; None where there are none.
        admin: Who makes databases beside the target; None where nobody can.
        problems: What stands in the way.
        no_rehearsal: Why there can be, or is to be, no rehearsal; empty where there is one.
        no_restore: Why a backup could not be restored here; empty where nothing speaks against it.
        no_copy: Why there can be no copy of the target beside it; empty where there can.

    """

    facts: ServerFacts
    tools: Programs | None
    admin: Administrator | None
    problems: list[Problem]
    no_rehearsal: str
    no_restore: str
    no_copy: str

    @property
    def programs(self) -> Programs:
        """The programs; where there are none, nothing asks for them."""
        assert self.tools is not None  # noqa: S101
        return self.tools

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
        if self.problems:
            told = "\n  ".join(each.words for each in self.problems)
            hints = dict.fromkeys(each.hint for each in self.problems)
            raise Refused(
                f"A deploy cannot be begun:\n  {told}", hint="\n      ".join(filter(None, hints))
            )


@dataclass(frozen=True, slots=True)
class DeployOptions:
    """How a deploy is to be made, as the command line says.

    Args:
        backup: Which backup is to be made.
        closed: Whether the database is closed meanwhile.
        rehearse: Whether to rehearse; None where room and rights decide.
        rehearse_on: The server for it; None for beside the target.
        admin: Who makes databases; None for the target's own role.
        longest_transaction_ms: How old others' transactions may be.
        approve: The digest that was approved; None to ask.
        confirm: Asked with the plan in words; raises to refuse.
        undo: Whether a deploy that fails is put back.

    """

    backup: BackupOptions
    closed: bool
    rehearse: bool | None
    rehearse_on: Target | None
    admin: Target | None
    longest_transaction_ms: int
    approve: str | None
    confirm: Callable[[list[str]], None]
    undo: bool

    @property
    def terms(self) -> dict[str, Any]:
        """How it is made, apart from the files: approved with them."""
        return {"kind": "closed" if self.closed else "open", "backup": self.backup.terms}


def server_facts(connection: psycopg.Connection[Any]) -> ServerFacts:
    """Ask the server."""
    row = connection.cursor(row_factory=dict_row).execute(sql("deploy/facts").encode())
    return ServerFacts(**(row.fetchone() or {}))


def check(
    runner: Runner, asked: DeployOptions, *, resumes: bool = False
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
    admin = databases.administrator(runner.target, runner.session.facts.database, asked.admin)
    no_copy = why_no_copy(runner, admin, other_owners(runner))
    plan, tools = Plan([], []), None
    problems: list[Problem] = []
    with _told(problems):
        refuse_unwritable(runner.session, runner.target)
    if not resumes:
        with _told(problems):
            history.refuse_disagreement(runner.state())
            plan = runner.pending()
    with _told(problems if asked.backup.kind == "dump" else []):
        tools = programs.programs(facts.major)
    no_rehearsal = _no_rehearsal(runner, asked, facts, admin, no_copy)
    if no_rehearsal and asked.rehearse:
        problems.append(Problem(f"There can be no rehearsal: {no_rehearsal}.", ADMIN))
    problems += _of_target(runner, asked, facts)
    if not resumes:  # else the backup may be there, and the database be closed
        problems += _unfinished(runner)
        if asked.backup.kind == "dump":
            problems += _of_dump(runner, asked.backup.directory, facts)
        if asked.closed:
            problems += _of_closing(runner, facts, admin)
    found = Prerequisites(
        facts,
        tools,
        admin,
        problems,
        "--no-rehearse" if asked.rehearse is False else no_rehearsal,
        asked.backup.no_restore or no_restore(facts, admin, no_copy, is_swap=asked.closed),
        no_copy,
    )
    return found, plan


@contextmanager
def _told(problems: list[Problem]) -> Iterator[None]:
    """Add a refusal to the problems instead of raising it."""
    try:
        yield
    except Refused as refusal:
        problems.append(Problem(refusal.message, refusal.hint))


ADMIN = (
    "Name a role that may create databases with --admin URL, a server for the rehearsal with "
    "--rehearse-on URL, or leave it out with --no-rehearse."
)


def _unfinished(runner: Runner) -> Iterator[Problem]:
    cut_off = records.under_way(runner.session)
    if cut_off is not None and (at_work := lock.holders(runner.session)):
        words = sessions_in_words(runner.session.connection, at_work)
        yield Problem(f"A deploy is under way: {cut_off.words}; {words}", "Wait for it to end.")
    elif cut_off is not None:
        yield Problem(f"A deploy was cut off: {cut_off.words}", records.end_it())


def _of_target(runner: Runner, asked: DeployOptions, facts: ServerFacts) -> Iterator[Problem]:
    """Look at rights, transactions and sessions, which every deploy needs."""
    connection = runner.session.connection
    user, database = facts.role, facts.database
    if not (facts.may_create_history or records.are_kept(connection)):
        yield Problem(
            f"The role {user} may not create the history's schema yoyo.",
            f"Deploy as the owner of the database, or: GRANT CREATE ON DATABASE {database} TO "
            f"{user};",
        )
    if not facts.may_create_in_public:
        yield Problem(
            f"The role {user} may create nothing in schema public.",
            "Deploy as the owner of the database, or: GRANT USAGE, CREATE ON SCHEMA public TO "
            f"{user};",
        )
    longest = asked.longest_transaction_ms
    old = connection.execute(sql("deploy/long_transactions"), {"longest": longest}).fetchall()
    if old:
        words = sessions_in_words(connection, [pid for (pid,) in old])
        yield Problem(
            f"Transactions older than {longest / 1000:g} s would block the deploy: {words}.",
            "Wait for them, or give a longer --longest-transaction, or end them: "
            + " ".join(
                f"SELECT pg_terminate_backend({pid});"
                if pid
                else "ROLLBACK PREPARED, of what is listed in pg_prepared_xacts."
                for (pid,) in old
            ),
        )
    if (needed := _SESSIONS + asked.backup.jobs) > facts.connections_left:
        yield Problem(
            f"A deploy may need {needed} sessions at once; the CONNECTION LIMIT of the role or the "
            f"database, or max_connections, leaves {facts.connections_left}.",
            f"Raise the limit: ALTER ROLE {user} CONNECTION LIMIT -1; ALTER DATABASE {database} "
            "CONNECTION LIMIT -1; or end sessions.",
        )


def _of_dump(runner: Runner, directory: Path, facts: ServerFacts) -> Iterator[Problem]:
    """Look at what pg_dump needs: the right to read all, room for its locks and for its file."""
    connection = runner.session.connection
    if unreadable := connection.execute(sql("deploy/unreadable").encode()).fetchall():
        names = ", ".join(f"{name} ({reason})" for name, reason in unreadable)
        yield Problem(
            f"The role {facts.role} cannot back up everything: {names}.",
            f"Let it read all: GRANT pg_read_all_data TO {facts.role}; where row security binds "
            f"it, as FORCE binds the owner: ALTER ROLE {facts.role} BYPASSRLS, by a superuser; of "
            f"large objects: GRANT SELECT ON LARGE OBJECT ... TO {facts.role};",
        )
    cluster = runner.session.citus
    if cluster is not None and cluster.distributed:
        yield Problem(
            "A dump of a Citus coordinator has the rows, but not the distribution.",
            "Back up all servers by other means: --backup made --reason TEXT.",
        )
    yield from _locks(facts)
    there = directory
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        yield Problem(f"{there} cannot be written to.", "Name another directory with --backup-dir.")
    elif (free := shutil.disk_usage(there).free) < (needed := _room(runner, directory, facts)):
        yield Problem(
            f"{there} has {free:,} bytes free; a backup may need {needed:,.0f}.",
            "Make room there, or name another directory with --backup-dir.",
        )


def _locks(facts: ServerFacts) -> Iterator[Problem]:
    """Compare the locks that pg_dump takes with the room that all sessions share."""
    if facts.tables > facts.lock_room * _LOCKS_PART:
        yield Problem(
            f"pg_dump would lock {facts.tables:,} tables; all sessions together have room for "
            f"{facts.lock_room:,} locks, and would run out of it.",
            "Raise max_locks_per_transaction, which needs a restart; or back up by other means: "
            "--backup made --reason TEXT.",
        )


def _room(runner: Runner, directory: Path, facts: ServerFacts) -> float:
    """Return how many bytes a backup may need: by the last one, or as many as the database has."""
    for each in reversed(archive.all_in(directory)):
        if each.manifest.database == runner.session.facts.database:
            growth = max(1.0, facts.database_bytes / each.manifest.database_bytes)
            return _MARGIN * each.manifest.bytes * growth
    return float(facts.database_bytes)


def _of_closing(
    runner: Runner, facts: ServerFacts, admin: Administrator | None
) -> Iterator[Problem]:
    """Say what stands in the way of closing the database."""
    if admin is None or not (admin.is_superuser or (admin.may_create and admin.owns_database)):
        yield Problem(
            "A closed deploy renames the database, which needs its owner with CREATEDB.",
            "Name a role that may: --admin URL.",
        )
        return
    if staying := closing.staying(runner, admin):
        words = "; ".join(each for _, each in staying)
        yield Problem(
            f"Sessions that this role may not end are in the database: {words}.",
            "Name a role that may: --admin URL, of a superuser or, if they are no superuser's, a "
            "member of pg_signal_backend; or have them ended: "
            + " ".join(f"SELECT pg_terminate_backend({pid});" for pid, _ in staying),
        )
    if facts.prepared_transactions:
        yield Problem(
            f"{facts.prepared_transactions} prepared transactions keep the database open.",
            "COMMIT PREPARED or ROLLBACK PREPARED them: pg_prepared_xacts lists them.",
        )
    if facts.logical_replication:
        names = ", ".join(facts.logical_replication)
        yield Problem(
            f"Logical replication is bound to this very database: {names}.",
            "Deploy without --closed; or drop the slots and subscriptions, and make them anew.",
        )
    name = closing.closed_name(runner.session.facts.database)
    if why := _shut_out(runner.target, name):
        yield Problem(
            f"A closed database gets another name: {why}.",
            f"Add such a line to pg_hba.conf, with the address and method of the role's other "
            f"lines, then SELECT pg_reload_conf(); host {name} {facts.role} samenet scram-sha-256",
        )
    if databases.exists(admin.target, name):
        yield Problem(
            f"There is a database {name} already.",
            f"Look into it, then: ALTER DATABASE {name} RENAME TO {name}_old;",
        )


def why_no_copy(runner: Runner, admin: Administrator | None, owners: Sequence[str]) -> str:
    """Say why no copy of the target can be made beside it; empty where one can.

    Args:
        runner: The target.
        admin: Who makes databases.
        owners: The owners of objects that the role is no member of.

    """
    if admin is None:
        return "no maintenance database of the server can be connected to"
    if not admin.may_create:
        return "the role may not create databases"
    if owners and not admin.is_superuser:
        return f"the role may not act as the owner of objects here: {', '.join(owners)}"
    roles = (admin.target, runner.target)
    return next(filter(None, (_shut_out(each, "deploy_rehearsal_1_copy") for each in roles)), "")


def _shut_out(target: Target, name: str) -> str:
    """Say that pg_hba.conf keeps a role out of a database, which need not exist."""
    try:
        open_connection(target.beside(name)).close()
    except NoConnection as error:
        if "pg_hba.conf" in error.message:  # in every language
            return f"pg_hba.conf lets the role into no database of another name, such as {name}"
    return ""


def _no_rehearsal(
    runner: Runner,
    asked: DeployOptions,
    facts: ServerFacts,
    admin: Administrator | None,
    no_copy: str,
) -> str:
    if asked.rehearse_on is not None or no_copy:
        return "" if asked.rehearse_on else no_copy
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
    facts: ServerFacts, admin: Administrator | None, no_copy: str, *, is_swap: bool
) -> str:
    """Say why a backup could not be restored; empty where it could.

    Args:
        facts: What the server says.
        admin: Who makes databases.
        no_copy: Why no copy of the target can be made beside it.
        is_swap: Whether the restored database is to take the target's place.

    """
    if no_copy or admin is None:
        return no_copy
    if (only := facts.superusers_extensions + facts.superusers_objects) and not admin.is_superuser:
        return f"only a superuser can create {', '.join(only)} again"
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
