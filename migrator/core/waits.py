"""Whom a session waits for: looked up while it waits, for afterwards nobody can tell."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import psycopg

from migrator.core.errors import Refused
from migrator.core.session import Session, open_connection
from migrator.core.target import Target
from migrator.sql import sql

_SHORTEST_INTERVAL_S, _LONGEST_INTERVAL_S = 0.01, 0.5
_PREPARED = "a prepared transaction, which is listed in pg_prepared_xacts"


def sessions_in_words(connection: psycopg.Connection[Any], pids: Sequence[int]) -> str:
    """Return who sessions are, since when they are there and what they do; empty if none lives."""
    rows = connection.execute(sql("core/sessions"), {"pids": list(pids)}).fetchall()
    told = [
        f"pid {pid}, user {user}, from {client}, since {since}, {state}, query: {query}"
        for pid, user, client, since, state, query in rows
    ]
    return "; ".join([*told, *[_PREPARED] * (0 in pids)])


@dataclass(frozen=True, slots=True)
class Blockers:
    """Whom a statement was seen to wait for.

    Args:
        pids: Their processes; 0 is a prepared transaction.
        words: Who they are; empty where nobody was seen.

    """

    pids: frozenset[int] = frozenset()
    words: str = ""


class Watch:
    """What is seen of a session's waits; here nothing, for nobody looks."""

    def __init__(self) -> None:
        self.seen = Blockers()
        self.told: list[str] = []

    @contextmanager
    def over(self, *, tells: bool = False) -> Iterator[None]:  # noqa: ARG002
        """Watch over a statement; `seen` holds whom it waited for last.

        Args:
            tells: Say at once, and at each change, whom it waits for: the wait may be long.

        """
        yield


UNWATCHED = Watch()


class SessionWatch(Watch):
    """Looks, from a session of its own, whether the migrating session waits, and for whom.

    That session is opened once something has taken longer than a look at it would. Where it cannot
    be (no connection left, say), nobody is seen and all goes on.

    Args:
        target: Where to connect.
        session: The session to look at.
        lock_timeout_ms: How long it waits for a lock; it is looked at several times in that time.
        say: Told whom a long wait is for.

    """

    def __init__(
        self, target: Target, session: Session, lock_timeout_ms: int, say: Callable[[str], None]
    ) -> None:
        super().__init__()
        self._target = target
        self._pid = session.facts.pid
        quarter_s = lock_timeout_ms / 4000 or _LONGEST_INTERVAL_S
        self._interval_s = max(_SHORTEST_INTERVAL_S, min(quarter_s, _LONGEST_INTERVAL_S))
        self._say = say
        self._ended = threading.Event()
        self._since: float | None = None
        self._tells = False
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def __enter__(self) -> SessionWatch:
        """Start the thread that looks at the session."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop looking, and close the session that looked."""
        self._ended.set()
        self._thread.join(timeout=1)  # no longer: it may be at a connection that nobody answers

    @contextmanager
    def over(self, *, tells: bool = False) -> Iterator[None]:
        """Watch over a statement; see `Watch.over`."""
        self.seen, self._tells, self._since = Blockers(), tells, time.monotonic()
        try:
            yield
        finally:
            self._since = None

    def _run(self) -> None:
        connection = None
        with suppress(psycopg.Error, Refused, OSError):  # OSError: nobody reads what is told
            while not self._ended.wait(self._interval_s):
                since = self._since
                if since is not None and time.monotonic() - since >= self._interval_s:
                    connection = connection or open_connection(self._target)
                    self._look(connection)
        if connection is not None:
            connection.close()

    def _look(self, connection: psycopg.Connection[Any]) -> None:
        rows = connection.execute(sql("core/blockers"), {"pid": self._pid}).fetchall()
        pids = frozenset(pid for (pid,) in rows)
        words = sessions_in_words(connection, sorted(pids)) if pids else ""
        if not words or self._since is None:  # what was waited for is over meanwhile
            return
        if pids != self.seen.pids:
            self.told.append(words)
            if self._tells:
                self._say(f"waiting for {words}")
        self.seen = Blockers(pids, words)
