"""The queries against their budgets, the indexes against their cost: see README.md here."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any

import psycopg

from bench import generated, measure, queries, report, writes
from bench.databases import BYTES_A_TASK, Databases, say
from bench.queries import SQL, Connection, Query
from bench.secured import as_asked, secured
from bench.servers import PRODUCTION, Server, only, server

RESULTS = Path(__file__).with_name("results")
PARTS = (
    "queries",
    "wordings",
    "row_security",
    "indexes",
    "plain",
    "writes",
)  # in this order: writing changes what is there
PLANS = 20  # executions whose plan is looked at
ENOUGH_S = 120.0  # how long half of a query's runs may last
PLAIN_S = 5.0  # the same on the plain design, some of whose queries read whole tables
ROUNDS = 3

GIB = 1024**3
MEMORY = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
# As an operator would set it up: a quarter of the memory for PostgreSQL's own buffers, and an SSD.
SETTINGS = PRODUCTION | {
    "shared_buffers": f"{min(MEMORY // 4, 6 * GIB) // 1024**2}MB",
    "effective_cache_size": f"{MEMORY // 2 // 1024**2}MB",
    "maintenance_work_mem": "1GB",
    "random_page_cost": "1.1",
    "work_mem": "32MB",
    "max_wal_size": "8GB",
}
FACTS = ("server_version", *SETTINGS, "jit")


class Workload:
    """One run of the benchmark.

    Args:
        server: Where the databases are.
        databases: Makes them.
        options: The command line's.

    """

    def __init__(self, server: Server, databases: Databases, options: argparse.Namespace) -> None:
        self._server = server
        self._databases = databases
        self._options = options
        self._names: dict[str, str] = {}
        self._known = {query.name: query for query in queries.read_all()}
        self._wanted = [
            query for name, query in self._known.items() if not options.only or name in options.only
        ]

    def run(self) -> dict[str, Any]:
        """Make the databases, measure the parts that are wanted, and return what was found."""
        options = self._options
        started = time.perf_counter()
        self._make_databases()
        result: dict[str, Any] = {
            "facts": _machine() | self._server.facts(FACTS),
            "tasks": options.tasks,
            "small": options.small,
            "load_s": time.perf_counter() - started,
        }
        for part in PARTS:
            if part in options.parts:
                say(f"measuring: {part}")
                result |= getattr(self, f"_{part}")()
        if {"queries", "indexes", "writes"} <= set(options.parts):  # all that uses an index
            result["views"] = self._views()
        return result

    def _make_databases(self) -> None:
        """Make what is needed, two at a time: a core each."""
        options, make = self._options, self._databases
        pool = ThreadPoolExecutor(2)
        try:
            jobs = {"ours": pool.submit(make.ours, options.tasks)}
            if "plain" in options.parts:
                jobs["plain"] = pool.submit(make.plain, options.tasks)
            if "queries" in options.parts:
                jobs["small"] = pool.submit(make.ours, options.small)
            self._names = {name: job.result() for name, job in jobs.items()}
        finally:  # an interruption does not wait for what is being made
            pool.shutdown(wait=False, cancel_futures=True)
        self._names["keys"] = make.keys(options.tasks)  # ours is a copy of it

    def _queries(self) -> dict[str, Any]:
        return {
            "large": self._measured("ours", self._options.tasks, self._wanted, ENOUGH_S),
            "growth_from": self._measured("small", self._options.small, self._wanted, ENOUGH_S),
        }

    def _wordings(self) -> dict[str, Any]:
        """Return what some questions take when people ask them in their own words."""
        only = [query.name for query in self._wanted]
        asked = [each for each in queries.read_all(queries.WORDINGS) if each.asks in only]
        return {"wordings": self._measured("ours", self._options.tasks, asked, PLAIN_S)}

    def _row_security(self) -> dict[str, Any]:
        """Return what the queries take under row security, each asked by the role that asks it."""
        with secured(self._server, self._names["ours"]) as connection:
            found = self._measured(
                "ours", self._options.tasks, self._wanted, ENOUGH_S, secured_by=connection
            )
        return {"row_security": found}

    def _plain(self) -> dict[str, Any]:
        in_its_words = {query.name: query for query in queries.read_all(SQL / "plain")}
        asked = [in_its_words.get(query.name, query) for query in self._wanted]
        return {"plain": self._measured("plain", self._options.tasks, asked, PLAIN_S)}

    def _measured(
        self,
        database: str,
        tasks: int,
        wanted: Sequence[Query],
        seconds: float,
        *,
        secured_by: Connection | None = None,
    ) -> dict[str, dict[str, Any]]:
        """Return what each query takes on a database of a size.

        Args:
            database: The database.
            tasks: Its size.
            wanted: The queries.
            seconds: How long half of a query's runs may last.
            secured_by: An administrator's connection to it, if it has row security.

        """
        draws = self._draws(database, tasks)
        self._warm(database)
        found = {}
        with nullcontext(secured_by) if secured_by else self._connect(database) as connection:
            for query in wanted:
                asked = as_asked(connection, query) if secured_by else query
                few = measure.asked(query, draws)[:PLANS]
                measure.plans(connection, asked, few[:1])  # reads the catalogue
                plans = measure.plans(connection, asked, few)
                connection.rollback()
                times = measure.latencies(connection, asked, draws, seconds)
                percentiles = statistics.quantiles(times, n=100, method="inclusive")
                found[query.name] = {
                    "group": query.group,
                    "budget_ms": query.budget_ms,
                    "runs": len(times),
                    "median_ms": statistics.median(times),
                    "p95_ms": percentiles[94],
                    "p99_ms": percentiles[98],
                    "rows": statistics.mean(plan.rows for plan in plans),
                    "buffers": statistics.mean(plan.buffers for plan in plans),
                    "indexes": sorted(set().union(*(plan.indexes for plan in plans))),
                }
        return found

    def _connect(self, database: str, **how: Any) -> Connection:
        return psycopg.connect(self._server.conninfo(self._names[database]), **how)

    def _warm(self, database: str) -> None:
        """Read tables and indexes into the server's buffers: budgets are for a warm database."""
        with self._server.connect(self._names[database]) as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS pg_prewarm")
            connection.execute((SQL / "warm.sql").read_bytes())

    def _draws(self, database: str, tasks: int) -> list[dict[str, Any]]:
        """Return the parameters of the runs on a database of a size."""
        with self._server.connect(self._names[database]) as connection:  # who sees every row
            return generated.parameters(connection, tasks, self._options.runs)

    def _indexes(self) -> dict[str, Any]:
        """Return what each secondary index is worth."""
        draws = self._draws("ours", self._options.tasks)[:60]
        found = []
        with self._connect("ours") as connection:
            for index in measure.secondary_indexes(connection):
                worth = measure.worth(connection, index, self._known, draws)
                connection.rollback()
                more = {"ratio": worth.ratio, "table": index.table, "bytes": index.bytes}
                found.append(worth._asdict() | more)
        return {"indexes": found}

    def _writes(self) -> dict[str, Any]:
        """Return what writing takes with all indexes and with keys alone, measured in turns."""
        rows = min(2000, self._options.tasks // 100)
        claim = self._known["worker_claim_tasks"]
        with ExitStack() as stack:
            writers = {}
            for name in ("ours", "keys"):
                self._databases.spoil(self._names[name])
                connection = stack.enter_context(self._connect(name, autocommit=True))
                writers[name] = writes.Writer(connection, claim, rows, rows * 2, ROUNDS)
            for _ in range(ROUNDS):
                for writer in writers.values():
                    writer.round()
            return {"writes": {name: writer.result() for name, writer in writers.items()}}

    def _views(self) -> dict[str, list[str]]:
        """Return what the two monitoring views show after all this."""
        with self._connect("ours", autocommit=True) as connection:
            unused = connection.execute((SQL / "never_used.sql").read_bytes()).fetchall()
            slow = connection.execute("SELECT query FROM slow_queries_analysis").fetchall()
            status = only(connection, "SELECT statement_statistics_status()")
        return {
            "statistics": [status],
            "never_used": [name for name, of_constraint in unused if not of_constraint],
            "never_used_keys": [name for name, of_constraint in unused if of_constraint],
            "slow": sorted({text for (text,) in slow}),
        }


def _machine() -> dict[str, str]:
    cpus = Path("/proc/cpuinfo")
    models = cpus.read_text(encoding="utf-8").split("model name\t: ")[1:] if cpus.exists() else []
    model = models[0].splitlines()[0] if models else platform.machine()
    return {
        "machine": f"{os.cpu_count()} cores, {MEMORY / GIB:.0f} GiB of memory, {model}",
        "system": f"{platform.system()} {platform.machine()}",
    }


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.workload", description=__doc__)
    parser.add_argument(
        "--server",
        default="18",
        metavar="15|18|URL",
        help="a version to run a server of, or a URL of a superuser (%(default)s)",
    )
    parser.add_argument("--tasks", type=int, default=2_000_000, help="the size (%(default)s)")
    parser.add_argument(
        "--small", type=int, default=200_000, help="the size to compare with (%(default)s)"
    )
    parser.add_argument("--runs", type=int, default=200, help="of each query (%(default)s)")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="default: all")
    parser.add_argument("--only", nargs="+", metavar="QUERY", help="only these queries")
    parser.add_argument(
        "--keep",
        action="store_true",
        help="leave the databases on the server of a URL, and use again what is there",
    )
    parser.add_argument(
        "--output", type=Path, default=RESULTS, help="directory for JSON and pictures"
    )
    options = parser.parse_args(given)
    if unknown := set(options.only or ()) - {query.name for query in queries.read_all()}:
        parser.error(f"no such query: {', '.join(sorted(unknown))}")
    return options


def _refuse_small_disk(options: argparse.Namespace) -> None:
    wanted = BYTES_A_TASK * options.tasks
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if options.server.isdigit() and free < wanted:
        sys.exit(
            f"{tempfile.gettempdir()} has {free / GIB:.0f} GiB free, and {wanted / GIB:.0f} are"
            " needed: name another place as TMPDIR, or fewer --tasks"
        )


def main(given: Sequence[str] | None = None) -> int:
    """Measure; print, and write, what came out.

    Returns:
        1 if a query is over its budget, an index is not worth its place, or a view shows one that
        is never used or a slow query of the dashboard; else 0.

    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends the server, removes the files
    options = arguments(given)
    _refuse_small_disk(options)
    with (
        server(options.server, SETTINGS) as running,
        Databases(running, keep=options.keep) as databases,
    ):
        result = Workload(running, databases, options).run()
    options.output.mkdir(parents=True, exist_ok=True)
    major = result["facts"]["server_version"].partition(".")[0]
    written = {f"workload-{major}.json": json.dumps(result, indent=1) + "\n"}
    for name, content in (written | report.pictures(result)).items():
        (options.output / name).write_text(content, encoding="utf-8")
    print(report.text(result))
    return 1 if report.failures(result) else 0


if __name__ == "__main__":
    sys.exit(main())
