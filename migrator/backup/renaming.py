"""Gives databases other names, while others are connected to them."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import suppress

import psycopg

from migrator.backup import databases
from migrator.backup.databases import Administrator, Connection
from migrator.core import process
from migrator.core.errors import Failed
from migrator.core.session import NoConnection, open_connection
from migrator.core.target import Target
from migrator.sql import sql

_CLOSES_S = 30.0
_LEAVES_S = 0.2
_POLL_S = 0.02


def rename(admin: Administrator, renames: Sequence[tuple[str, str]], own: Connection) -> int:
    """Give databases other names, in one transaction; whoever is in the first one is ended.

    RENAME closes the database first: nobody can connect until the transaction ends, however it
    ends; then it waits for those who are connected, and they are ended meanwhile. So a kill at any
    moment leaves the old names, or the new ones.

    Args:
        admin: Who does it, from another database.
        renames: Of each database its name and its new one; nobody is in any but the first.
        own: This program's session in the first one; closed once nobody else is there and nobody
            can connect.

    Returns:
        How many sessions were ended.

    Raises:
        Failed: Somebody could not be ended, a name is taken, or it is not known whether the commit
            took place.

    """
    (current, to), *others = renames
    with open_connection(admin.target) as renaming, open_connection(admin.target) as ending:
        # Whoever connects while it waits for the lock waits behind it.
        renaming.execute("SET lock_timeout TO '5s'")
        renaming.execute("BEGIN")
        failure: list[psycopg.Error] = []

        def work() -> None:
            try:
                renaming.execute(databases.renaming_to(current, to))
            except psycopg.Error as error:
                failure.append(error)

        thread = threading.Thread(target=work, name="rename", daemon=True)
        thread.start()
        try:
            ended = _end_sessions(ending, renaming, thread, current, own)
            thread.join()
            if not failure:
                own.close()
                for name, new in others:
                    renaming.execute(databases.renaming_to(name, new))
                _commit(renaming, admin.target, current, to)
        except BaseException as error:
            with suppress(psycopg.Error):
                renaming.cancel_safe(timeout=2)
            thread.join(timeout=10)
            renaming.close()  # what is not committed ends with it
            if not isinstance(error, psycopg.Error):
                raise
            failure.append(error)
        if failure:
            raise Failed(
                f"{current} could not be renamed: {str(failure[0]).strip()}",
                state="Every database has the name that it had.",
                hint="End what is connected, or have a role that may end it: --admin URL. Then run "
                "the command again.",
            ) from failure[0]
        return ended


def _end_sessions(
    ending: Connection,
    renaming: Connection,
    thread: threading.Thread,
    database: str,
    own: Connection,
) -> int:
    """End every session of a database that is closed by a rename; then this program's own."""
    named = {"database": database, "pid": renaming.info.backend_pid}
    ended: set[int] = set()
    own_pid = 0 if own.closed else own.info.backend_pid
    closed_at = 0.0
    deadline = time.monotonic() + _CLOSES_S
    while thread.is_alive() and time.monotonic() < deadline:
        ((is_closed,),) = ending.execute(sql("backup/has_database_lock"), named).fetchall()
        rows = ending.execute(sql("backup/sessions_of"), named).fetchall() if is_closed else []
        others = {pid for (pid,) in rows} - {own_pid}
        if is_closed and not others:
            own.close()
            thread.join(max(0.0, deadline - time.monotonic()))
            break
        closed_at = closed_at or (time.monotonic() if is_closed else 0.0)
        leaving = time.monotonic() - closed_at < _LEAVES_S  # this program's own, just closed
        for pid in set() if leaving else others:
            ended.add(pid)
            with suppress(psycopg.errors.InsufficientPrivilege):
                ending.execute("SELECT pg_terminate_backend(%s)", (pid,))
        time.sleep(_POLL_S)
    return len(ended)


def _commit(renaming: Connection, admin: Target, current: str, to: str) -> None:
    """Commit the renames; where the answer is lost, look whether that took place."""
    try:
        renaming.execute("COMMIT")
    except psycopg.OperationalError as error:
        with suppress(NoConnection):
            if databases.exists(admin, to):
                return
        raise Failed(
            f"The connection was lost while databases were renamed: {str(error).strip()}",
            state=f"The database is called {current}, or {to} if that is there.",
            hint=process.ways(("See which it is:", ["status"])),
        ) from error
