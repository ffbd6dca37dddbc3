"""Lets batches wait for what else a database has to do, and end when their time is over."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime

import psycopg

from migrator.core.errors import Paused
from migrator.core.progress import BatchProgress
from migrator.core.session import Connection, Limits
from migrator.sql import sql

_LOOK_S = 1.0
_GONE = (True, 0.0, None, 0, None, 0)  # if somebody has settled the file: it ends
_MAY_BE_QUEUED = 8  # files of WAL more than when the batches began


class Load:
    """What happens between the batches of a file.

    Args:
        connection: The session that runs them.
        load: The query for the load of the database: core/batch_load.sql with its values.
        limits: How far replicas may be behind, and when the time for batches is over.
        say: Called once with each thing that batches wait for.

    """

    def __init__(
        self, connection: Connection, load: str, limits: Limits, say: Callable[[str], None]
    ) -> None:
        self._connection, self._load, self._limits = connection, load, limits
        self._say = say
        self._queued = math.inf  # the least so far
        self._is_told = False
        self._written: deque[tuple[float, int]] = deque()  # when WAL was written up to where

    def wait(self, at: BatchProgress, pause_s: float) -> None:
        """Pause, and wait until replicas and archiver have kept up.

        Args:
            at: How far the file is.
            pause_s: How long to pause at least, in seconds.

        Raises:
            Paused: The time for batches is over, or `migrate --pause-batches` was run.

        """
        time.sleep(pause_s)
        told = ""
        while found := self._look(at):
            who, why = found
            if who != told:  # the same with other numbers is not told again
                told = who
                self._say(f"{at.id}: batches wait: {who} {why}")
            time.sleep(_LOOK_S)

    def _look(self, at: BatchProgress) -> tuple[str, str] | None:
        """Return whom the next batch must wait for, and why; None if it need not."""
        row = self._connection.execute(self._load.encode()).fetchone()
        is_to_pause, lag_s, replayed, written, is_lag_known, to_archive = row or _GONE
        until = self._limits.until
        if is_to_pause or (until is not None and datetime.now(until.tzinfo) >= until):
            why = "by `migrate --pause-batches`" if is_to_pause else f"at {until:%H:%M}"
            raise Paused(
                f"{at.id}: paused {why}: {at.words}.",
                state=f"{at.stays} The migrations after it wait for it.",
                hint="Run the same command again: it goes on from there.",
            )
        if is_lag_known is False and not self._is_told:
            self._is_told = True
            self._say(f"{at.id}: only a member of pg_monitor sees how far replicas are behind")
        self._queued = min(self._queued, to_archive)
        lag_s = max(lag_s, self._behind_s(replayed, written))
        if lag_s * 1000 > self._limits.batch_lag_ms:
            return "a replica", f"is {lag_s:.0f} s behind"
        if to_archive > self._queued + _MAY_BE_QUEUED:
            return "the archiver", f"has {to_archive} files of WAL to archive"
        return None

    def _behind_s(self, replayed: int | None, written: int) -> float:
        """Return how long ago WAL was written that a replica has not replayed, in seconds."""
        now = time.monotonic()
        self._written.append((now, written))
        while self._written and (replayed is None or self._written[0][1] <= replayed):
            self._written.popleft()
        return now - self._written[0][0] if self._written else 0.0


def is_waited_for(connection: psycopg.Connection[tuple[bool]]) -> bool:
    """Say whether other sessions wait for locks of this one."""
    row = connection.execute(sql("core/batch_waiters").encode()).fetchone()
    return row is not None and row[0]
