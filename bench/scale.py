"""What partitioning and retention take beside an application that writes, and how long it waits.

First sql/retention/remove.sql removes what is over, then sql/partition/ changes the form
of the tables, both beside sessions that insert tasks at a steady rate.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, Self

import psycopg

from bench import generated
from bench.databases import ROOT, say
from bench.servers import PRODUCTION, only, server
from migrator.server import binaries
from tests.support.servers import apply_everything

_NAME = "scaled"
_SESSIONS = 4
_STEPS = ("prepare", "copy", "check", "swap", "end")
_INSERT = b"""
INSERT INTO tasks (user_id, credit_cost, request_payload)
SELECT max(id) - %s, 1, '{"prompt": "a"}' FROM users
"""
_OLD = """
UPDATE tasks SET expires_at = created_at + interval '1 second'
WHERE completed_at IS NOT NULL AND result_payload IS NOT NULL;
UPDATE generated_content SET expires_at = created_at + interval '1 second'
WHERE storage_path IS NULL AND file_url IS NULL;
"""


class Waits(NamedTuple):
    """How an application fared.

    Args:
        rate: Rows that it wrote in a second.
        longest_ms: How long its longest write took, in milliseconds.
        closed_ms: The longest time in which no session could write a row, in milliseconds.

    """

    rate: float
    longest_ms: float
    closed_ms: float


class Application:
    """Sessions that together write tasks at a steady rate, a row a transaction.

    Args:
        conninfo: The database.
        rate: Rows a second.

    """

    def __init__(self, conninfo: str, rate: int) -> None:
        self._conninfo = conninfo
        self._interval = _SESSIONS / rate
        self._ended = threading.Event()
        self._written: list[tuple[float, float]] = []  # when a write began and when it ended
        self._threads = [
            threading.Thread(target=self._write, args=[number], daemon=True)
            for number in range(_SESSIONS)
        ]

    def __enter__(self) -> Self:
        """Begin."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _write(self, number: int) -> None:
        with psycopg.connect(self._conninfo, autocommit=True) as connection:
            due = time.perf_counter()
            while not self._ended.is_set():
                began = time.perf_counter()
                connection.execute(_INSERT, [number])
                self._written.append((began, time.perf_counter()))
                due = max(due + self._interval, began)
                time.sleep(max(0, due - time.perf_counter()))

    def waits(self, since: float, until: float) -> Waits:
        """Return how it fared between two moments of time.perf_counter()."""
        written = sorted(each for each in self._written if since <= each[1] <= until)
        ends = [since, *sorted(end for _, end in written), until]
        gaps = [later - earlier for earlier, later in pairwise(ends)]
        return Waits(
            len(written) / (until - since),
            1000 * max((end - began for began, end in written), default=0),
            1000 * max(gaps),
        )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--server", default="18", help="a major version, or a URL (%(default)s)")
    parser.add_argument("--tasks", type=int, default=60_000, help="how many (%(default)s)")
    parser.add_argument("--rate", type=int, default=1000, help="inserts a second (%(default)s)")
    given = parser.parse_args(arguments)
    with server(given.server, PRODUCTION) as running, running.database(_NAME):
        owner = running.conninfo(_NAME)
        apply_everything(owner)
        say(f"filling it with {given.tasks:,} tasks")
        with psycopg.connect(owner, autocommit=True) as connection:
            generated.fill(connection, given.tasks)
            connection.execute(_OLD.encode())
        with running.connect(_NAME) as connection:
            connection.execute("VACUUM ANALYZE")
            say(f"PostgreSQL {only(connection, 'SHOW server_version')}")
        running.settle()
        print(f"{'step':<26}{'seconds':>9}{'writes/s':>10}{'longest ms':>12}{'closed ms':>11}")
        with Application(owner, given.rate) as application:
            time.sleep(1)
            _step(application, owner, ROOT / "sql" / "retention" / "remove.sql")
            for name in _STEPS:
                _step(application, owner, ROOT / "sql" / "partition" / f"{name}.sql")


def _step(application: Application, conninfo: str, script: Path) -> None:
    """Run a script beside the application; print what it took."""
    argv = [str(binaries.find_program("psql")), "-X", "-q", "-A", "-t", "-f", str(script), conninfo]
    began = time.perf_counter()
    done = subprocess.run(argv, check=False, capture_output=True, text=True)  # noqa: S603
    ended = time.perf_counter()
    if done.returncode:
        sys.exit(f"{script} failed:\n{done.stderr}")
    waits = application.waits(began, ended)
    name = script.relative_to(ROOT / "sql")
    print(
        f"{name!s:<26}{ended - began:9.2f}{waits.rate:10.0f}{waits.longest_ms:12.0f}"
        f"{waits.closed_ms:11.0f}   {' '.join(done.stdout.split())}",
        flush=True,
    )


if __name__ == "__main__":
    main()
