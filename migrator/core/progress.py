"""How far the files are that run in batches, as every session can read it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg.rows import class_row

from migrator.core import lock
from migrator.core.session import Connection, Session
from migrator.sql import sql


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """How far a file is: a row of core/batch_progress.sql.

    Args:
        id: The migration.
        direction: `apply` or `rollback`.
        checksum: The checksum of the file that was started.
        rows_done: How many rows its batches have taken.
        rows_expected: How many they will have taken in the end, by the planner's statistics.
        batches: How many batches were committed.
        batch_rows: How many rows the next one may take.
        batch_after: The key after which it begins.
        worked_ms: How long the batches ran, in milliseconds.
        deleted_before: How many rows had been deleted from its tables before, by their statistics.
        started_at: When the file was started.
        updated_at: When the last batch ended.
        run_pid: The session that runs the batches, or did last.
        rows_per_second: The rate of that session, with its pauses; None before its first batch.

    """

    id: str
    direction: str
    checksum: str
    rows_done: int
    rows_expected: int | None
    batches: int
    batch_rows: int
    batch_after: str | None
    worked_ms: int
    deleted_before: int
    started_at: datetime
    updated_at: datetime
    run_pid: int
    rows_per_second: float | None

    @property
    def seconds_left(self) -> int | None:
        """How long the rest will take at that rate; None if nobody can tell."""
        left = (self.rows_expected or 0) - self.rows_done
        return round(left / self.rows_per_second) if left > 0 and self.rows_per_second else None

    @property
    def words(self) -> str:
        """The progress in one line."""
        parts = [f"{self.rows_done:,} rows in {self.batches:,} batches"]
        if self.rows_expected is not None and self.rows_expected > self.rows_done:
            parts = [f"{self.rows_done:,} of about {self.rows_expected:,} rows"]
        if self.rows_per_second:
            parts.append(f"{self.rows_per_second:,.0f} rows/s")
        if self.seconds_left is not None:
            parts.append(f"about {timedelta(seconds=self.seconds_left)} left")
        return ", ".join(parts)

    @property
    def stays(self) -> str:
        """What a command says of the batches that were committed."""
        return f"{self.rows_done:,} rows in {self.batches:,} batches are done, and stay."

    @property
    def document(self) -> dict[str, Any]:
        """The progress for JSON."""
        return asdict(self) | {"seconds_left": self.seconds_left}


def read(session: Session) -> list[BatchProgress]:
    """Return how far each file is that was started and has not ended."""
    return read_all(session.connection) if session.facts.has_batches else []


def at_work(session: Session) -> list[BatchProgress]:
    """Return how far each file is whose batches run now."""
    holders = lock.holders(session)
    return [each for each in read(session) if each.run_pid in holders]


def read_all(connection: Connection) -> list[BatchProgress]:
    """Return the same where the bookkeeping is known to be complete."""
    asking = connection.cursor(row_factory=class_row(BatchProgress))
    return asking.execute(sql("core/batch_progress").encode()).fetchall()


Tell = Callable[[BatchProgress | None], None]  # None: nothing is under way any more


def untold(_: BatchProgress | None) -> None:
    """Tell nobody."""


class Told:
    """Says how far batches are: after a second, after ten, and then each minute.

    Args:
        say: Called with each line.

    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._pauses_s = [1.0, 9.0]
        self._due = 0.0

    def __call__(self, at: BatchProgress | None) -> None:
        """Say it, if it is time."""
        now = time.monotonic()
        if at is not None and now >= self._due:
            if self._due:
                self._say(f"{at.id}: {at.words}")
            self._due = now + (self._pauses_s.pop(0) if self._pauses_s else 60.0)
