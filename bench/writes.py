"""What indexes cost those who write: rows per second, sizes, and how many updates are HOT."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from typing import Any

from bench.queries import SQL, Connection, Query

TABLES = {
    "count_downloads": "generated_content",
    "run_agents": "agents",
    "spend_campaigns": "campaigns",
    "use_keys": "api_keys",
}
STATUS_UPDATES = ("queue_tasks", "claim_tasks", "start_tasks", "complete_tasks")
CLAIMS, CLAIMED = 10, 20  # in a round; tasks, by each


class Writer:
    """Writes into one database, which is changed: rows one at a time, and many at once.

    One at a time, each row is a statement and a transaction of its own, as the application sends
    them; without waiting for the disk, which would hide what the server has to do.

    Args:
        connection: In autocommit mode.
        claim: The worker's query.
        one_by_one: Rows of a round that are written one at a time.
        at_once: Rows of a round that are written by one statement.
        rounds: How many rounds there will be.

    """

    def __init__(
        self, connection: Connection, claim: Query, one_by_one: int, at_once: int, rounds: int
    ) -> None:
        self._connection = connection
        self._claim = claim
        self._one_by_one = one_by_one
        self._at_once = at_once
        self._next = 1
        self._sizes = sizes(connection)
        self._rates: dict[str, list[float]] = {}
        self._hot: dict[str, list[int]] = {}
        connection.execute("SET synchronous_commit = off")
        rows = str((one_by_one + at_once) * rounds)
        connection.execute("SELECT set_config('bench.rows', %s, FALSE)", [rows])
        for name in ("new_tasks", "new_contents", "numbered"):
            connection.execute((SQL / f"{name}.sql").read_bytes())
        for path in sorted(SQL.glob("write_*.sql")):
            name = path.stem.removeprefix("write_")
            text = path.read_text(encoding="ascii")
            connection.execute(f"PREPARE {name} (integer, integer) AS {text}".encode())
        claim.prepare(connection)

    def round(self) -> None:
        """Let new tasks and contents live through their life once, and keep the rates."""
        first, middle = self._next, self._next + self._one_by_one
        self._next = middle + self._at_once
        for name in ("insert_tasks", "insert_contents"):
            self._measure(f"{name}_at_once", name, range(middle, self._next), self._at_once)
            self._measure(name, name, range(first, middle), 1)
        for name in (*STATUS_UPDATES, *TABLES):
            table = TABLES.get(name, "tasks")
            before = self._updates(table)
            if name == "claim_tasks":
                self._claim_tasks()
            else:
                self._measure(name, name, range(first, middle), 1)
            after = self._updates(table)
            done = self._hot.setdefault(name, [0, 0])
            for place in (0, 1):
                done[place] += after[place] - before[place]

    def _claim_tasks(self) -> None:
        started = time.perf_counter()
        claimed = 0
        for _ in range(CLAIMS):
            answer = self._connection.execute(self._claim.execute({"page_size": CLAIMED}))
            claimed += len(answer.fetchall())
        self._keep("claim_tasks", claimed, started)

    def _measure(self, name: str, statement: str, numbers: range, step: int) -> None:
        started = time.perf_counter()
        for number in range(numbers.start, numbers.stop, step):
            self._connection.execute(
                f"EXECUTE {statement} ({number}, {number + step - 1})".encode()
            )
        self._keep(name, len(numbers), started)

    def _keep(self, name: str, rows: int, started: float) -> None:
        self._rates.setdefault(name, []).append(rows / (time.perf_counter() - started))

    def _updates(self, table: str) -> tuple[int, int]:
        """Return how many rows of a table were updated so far, and how many of these by HOT."""
        self._connection.execute("SELECT pg_stat_force_next_flush()")
        row = self._connection.execute(
            "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = %s", [table]
        ).fetchone()
        return row or (0, 0)

    def result(self) -> dict[str, Any]:
        """Return what was found.

        Returns:
            Rows per second of each operation, the median of the rounds; which part of each
            operation's updates was HOT, and of all status updates; the sizes before it all.

        """
        return {
            "rates": {name: statistics.median(rates) for name, rates in self._rates.items()},
            "hot_shares": self._hot_shares(),
            "sizes": self._sizes,
        }

    def _hot_shares(self) -> dict[str, float]:
        counts = dict(self._hot)
        status = [self._hot[name] for name in STATUS_UPDATES]
        counts["all_status_updates"] = [sum(column) for column in zip(*status, strict=True)]
        return {name: hot / max(updated, 1) for name, (updated, hot) in counts.items()}


def sizes(connection: Connection) -> dict[str, Mapping[str, int]]:
    """Return the bytes of each table of some size, with its keys and its other indexes."""
    rows = connection.execute((SQL / "sizes.sql").read_bytes()).fetchall()
    return {
        table: {"table": heap, "keys": keys, "secondary": secondary}
        for table, heap, keys, secondary in rows
    }
