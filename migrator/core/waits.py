"""Finds out for which sessions a session waits, while it waits: afterwards nobody can tell."""

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
_FIRST_REPORT_S, _SECOND_REPORT_S, _REPORT_INTERVAL_S = 1.0, 10.0, 60.0
_PREPARED = "a prepared transaction (see pg_prepared_xacts)"


def sessions_in_words(connection: psycopg.Connection[Any], pids: Sequence[int]) -> str:
    """Describe sessions: user, client, start, state and query; an empty text if all have ended."""
    rows = connection.execute(sql("core/sessions"), {"pids": list(pids)}).fetchall()
    told = [
        f"pid {pid}, user {user}, from {client}, since {since}, {state}, query: {query}"
        for pid, user, client, since, state, query in rows
    ]
    return "; ".join([*told, *[_PREPARED] * (0 in pids)])


@dataclass(frozen=True, slots=True)
class Blockers:
    """The sessions for which a statement waited.

    Args:
        pids: Their process ids; 0 stands for a prepared transaction.
        words: Their description; empty if none was seen.

    """

    pids: frozenset[int] = frozenset()
    words: str = ""


@dataclass(frozen=True, slots=True)
class Loan:
    """Leave to have a second session, where the number of sessions is limited.

    Args:
        take: Says whether it may be opened now; asked again until it may.
        give_back: Called when it is closed.

    """

    take: Callable[[], bool]
    give_back: Callable[[], None]


class Watch:
    """Watches for whom a session waits; this base class sees nobody."""

    def __init__(self) -> None:
        self.seen = Blockers()
        self.told: list[str] = []

    @contextmanager
    def over(
        self,
        name: str,  # noqa: ARG002
        *,
        tells: bool = False,  # noqa: ARG002
        lock_timeout_ms: int | None = None,  # noqa: ARG002
    ) -> Iterator[None]:
        """Watch a file that runs; afterwards `seen` holds the sessions for which it last waited.

        Args:
            name: The name of the file, for messages.
            tells: Report them at once and at each change, because the wait may be long.
            lock_timeout_ms: How long it waits for a lock, if not as long as the session.

        """
        yield


UNWATCHED = Watch()


def _interval_s(lock_timeout_ms: int) -> float:
    """Return how often to look, so that a wait of that time is looked at several times."""
    quarter_s = lock_timeout_ms / 4000 or _LONGEST_INTERVAL_S
    return max(_SHORTEST_INTERVAL_S, min(quarter_s, _LONGEST_INTERVAL_S))


class SessionWatch(Watch):
    """Watches, from a second session, for whom the migrating session waits.

    It also says what has run for a second, for ten seconds, and then each minute. The second
    session is opened only if a statement takes long enough. If it cannot be opened, for example
    because there are too many connections, nobody is seen and the work continues.

    Args:
        target: The database.
        session: The session to watch.
        lock_timeout_ms: How long the session waits for a lock; it is looked at several times in
            that time.
        say: Called with the sessions for which a long wait is.
        loan: Who lends the second session, for one look each; None to keep one.

    """

    def __init__(
        self,
        target: Target,
        session: Session,
        lock_timeout_ms: int,
        say: Callable[[str], None],
        loan: Loan | None = None,
    ) -> None:
        super().__init__()
        self._target = target
        self._pid = session.facts.pid
        self._own_interval_s = self._interval_s = _interval_s(lock_timeout_ms)
        self._say = say
        self._loan = loan
        self._ended = threading.Event()
        self._since: float | None = None
        self._name = ""
        self._tells = False
        self._next_report_s = 0.0
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def __enter__(self) -> SessionWatch:
        """Start the thread that looks at the session."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop looking, and close the session that looked."""
        self._ended.set()
        self._thread.join(timeout=1)  # not longer: its connection may be dead

    @contextmanager
    def over(
        self, name: str, *, tells: bool = False, lock_timeout_ms: int | None = None
    ) -> Iterator[None]:
        """Watch over a file that runs; see `Watch.over`."""
        self.seen, self._name, self._tells = Blockers(), name, tells
        own_s = self._own_interval_s
        self._interval_s = own_s if lock_timeout_ms is None else _interval_s(lock_timeout_ms)
        self._next_report_s, self._since = _FIRST_REPORT_S, time.monotonic()
        try:
            yield
        finally:
            self._since = None

    def _run(self) -> None:
        connection = None
        with suppress(psycopg.Error, Refused, OSError):  # OSError: nobody reads what is told
            while not self._ended.wait(self._pause_s()):
                since = self._since
                if since is None or time.monotonic() - since < self._interval_s:
                    continue
                if self._loan is not None and not self._loan.take():
                    continue
                connection = connection or open_connection(self._target)
                self._look(connection)
                if time.monotonic() - since >= self._next_report_s:
                    self._report(connection, since)
                if self._loan is not None:
                    connection.close()
                    connection = None
                    self._loan.give_back()
        if connection is not None:
            connection.close()

    def _pause_s(self) -> float:
        """Return how long to wait until the next look, or until the next report is due."""
        if (since := self._since) is None:
            return self._interval_s
        due_s = since + self._next_report_s - time.monotonic()
        return min(self._interval_s, max(due_s, _SHORTEST_INTERVAL_S))

    def _look(self, connection: psycopg.Connection[Any]) -> None:
        rows = connection.execute(sql("core/blockers"), {"pid": self._pid}).fetchall()
        pids = frozenset(pid for (pid,) in rows)
        words = sessions_in_words(connection, sorted(pids)) if pids else ""
        if not words or self._since is None:  # the wait is already over
            return
        if pids != self.seen.pids:
            self.told.append(words)
            if self._tells:
                self._say(f"waiting for {words}")
        self.seen = Blockers(pids, words)

    def _report(self, connection: psycopg.Connection[Any], since: float) -> None:
        """Say how long a file has been running, and what it waits for now."""
        seconds = time.monotonic() - since
        last = self._next_report_s
        self._next_report_s = (
            _SECOND_REPORT_S if last == _FIRST_REPORT_S else (seconds + _REPORT_INTERVAL_S)
        )
        row = connection.execute(sql("core/activity"), {"pid": self._pid}).fetchone()
        what = ""
        if row is not None and row[1] is not None:
            what = f", waiting for {row[1]} on {row[2]}, held by {self.seen.words or 'nobody now'}"
        elif row is not None and row[0] == "SyncRep":
            what = ", committed, waiting for a synchronous standby"
        if self._since == since:  # else it has ended meanwhile
            self._say(f"{self._name}: running for {seconds:.0f} s{what}")
