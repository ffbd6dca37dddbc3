"""The lock that lets only one runner at a time change a database."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from migrator.core.errors import Refused
from migrator.core.session import Session
from migrator.core.waits import sessions_in_words
from migrator.sql import sql

_POLL_S = 0.1


@contextmanager
def held(session: Session, wait_s: float, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock while the block runs, on the session that does the work; see `take`.

    If the session holds it already, it stays as it is, also afterwards.
    """
    if session.facts.pid in holders(session):
        yield
        return
    take(session, wait_s, say)
    try:
        yield
    finally:
        release(session)


def take(session: Session, wait_s: float, say: Callable[[str], None]) -> None:
    """Take the lock, which ends with the session; twice, see core/file_end.sql.

    It polls instead of waiting in the server. A session that waits there for an advisory lock holds
    a snapshot that CREATE INDEX CONCURRENTLY waits for, so the two would deadlock.

    Args:
        session: The session that will do the work.
        wait_s: How long to wait for another runner, in seconds.
        say: Called once if it must wait.

    Raises:
        Refused: Another runner held the lock all that time.

    """
    deadline = time.monotonic() + wait_s
    waiting = False
    while not _try(session):
        if time.monotonic() >= deadline:
            raise Refused(
                f"Another runner holds the lock of this database: {_holder(session)}.",
                hint="Wait for it to end, or give a longer --lock-wait.",
            )
        if not waiting:
            say(f"waiting for another runner: {_holder(session)}")
            waiting = True
        time.sleep(_POLL_S * random.uniform(0.5, 1.5))  # noqa: S311  jitter is no secret


def release(session: Session) -> None:
    """Release the lock; if the connection is busy or lost, the lock ends with the session."""
    if session.is_free:
        session.connection.execute(
            "SELECT pg_advisory_unlock(%(key)s), pg_advisory_unlock(%(key)s)",
            {"key": session.lock_key},
        )


def _try(session: Session) -> bool:
    row = session.connection.execute(
        "SELECT pg_try_advisory_lock(%(key)s) AND pg_try_advisory_lock(%(key)s)",
        {"key": session.lock_key},
    ).fetchone()
    return bool(row and row[0])


def holders(session: Session) -> list[int]:
    """Return the pid of the session that holds the lock, in a list; an empty list if none does."""
    rows = session.connection.execute(sql("core/lock_holder"), {"key": session.lock_key})
    return [pid for (pid,) in rows]


def _holder(session: Session) -> str:
    return sessions_in_words(session.connection, holders(session)) or "it has just released it"
