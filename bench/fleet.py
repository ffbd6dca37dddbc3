"""Measures `fleet` on many databases on two servers, beside a bare program and beside threads.

Usage: python -m bench.fleet [--databases N] [--migrated N] [--jobs N] [--rounds N] [--server W]...
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from itertools import cycle, islice
from pathlib import Path
from typing import Any, NamedTuple

from bench.databases import ROOT, say
from bench.servers import PRODUCTION, Server, server

_STATUS_S, _TO_BARE, _MEMORY = 3.0, 1.2, 200_000_000
_SAMPLE_S = 0.1
_COUNT = "SELECT count(*) FROM pg_stat_activity WHERE datname LIKE 'bench_fleet_%'"


class Run(NamedTuple):
    """What a run of a program took: time, memory of all its processes, connections to a server."""

    seconds: float
    memory: int
    connections: int


class Place(NamedTuple):
    """A database."""

    server: Server
    name: str

    @property
    def conninfo(self) -> str:
        """How to connect to it."""
        return self.server.conninfo(self.name)


def measure(argv: Sequence[str], servers: Sequence[Server]) -> Run:
    """Run a program to its end, and look at it meanwhile."""
    started = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603
        argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True, cwd=ROOT
    )
    memory = connections = 0
    with ExitStack() as stack:
        asking = [stack.enter_context(each.connect()) for each in servers]
        while process.poll() is None:
            memory = max(memory, sum(_proportional(process.pid)))
            for connection in asking:
                ((count,),) = connection.execute(_COUNT).fetchall()
                connections = max(connections, count)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_SAMPLE_S)
    seconds = time.perf_counter() - started
    assert process.stderr is not None  # noqa: S101  it is a pipe
    if process.returncode:
        sys.exit(f"{' '.join(argv)} failed:\n{process.stderr.read().decode()}")
    return Run(seconds, memory, connections)


def _proportional(session: int) -> Iterator[int]:
    """Yield the bytes of each process of a session; what several share is divided among them."""
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError):
            if os.getsid(int(path.name)) == session:
                lines = (path / "smaps_rollup").read_text().splitlines()
                yield sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def fresh(places: Sequence[Place]) -> None:
    """Make the databases anew, empty."""
    for place in places:
        place.server.drop(place.name)
        place.server.create(place.name)
    for each in {id(place.server): place.server for place in places}.values():
        each.settle()


def write_targets(path: Path, places: Sequence[Place]) -> None:
    """Write the file with the targets."""
    path.write_text(
        "".join(
            f'[[target]]\nname = "{place.name}"\nstage = 0\nurl = {json.dumps(place.conninfo)}\n'
            for place in places
        )
    )


def main(arguments: Sequence[str]) -> None:
    """Measure, and print the figures as JSON beside what was promised."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--databases", type=int, default=200)
    parser.add_argument("--migrated", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--server", action="append", help="a URL or a version; default: 18 and 15")
    given = parser.parse_args(arguments)
    settings = {**PRODUCTION, "max_connections": "100"}
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        wanted = given.server or ["18", "15"]
        servers = [stack.enter_context(server(each, settings)) for each in wanted]
        names = (f"bench_fleet_{number}" for number in range(given.databases))
        places = [Place(*each) for each in zip(cycle(servers), names, strict=False)]
        stack.callback(lambda: [each.server.drop(each.name) for each in places])
        print(json.dumps(measured(given, places, servers, place), indent=2))


def measured(
    given: argparse.Namespace, places: Sequence[Place], servers: Sequence[Server], place: Path
) -> dict[str, Any]:
    """Return the figures.

    Args:
        given: The options.
        places: The databases.
        servers: Their servers.
        place: A directory for files.

    """
    some = list(islice(places, given.migrated))
    targets, conninfos = place / "fleet.toml", place / "conninfos"
    write_targets(targets, some)
    conninfos.write_text("\n".join(each.conninfo for each in some))
    runner = [sys.executable, str(ROOT / "runner.py"), "fleet"]
    options = ["--targets", str(targets), "--jobs", str(given.jobs)]
    other = [sys.executable, "-m", "bench.fleet_work"]
    contenders = {
        "fleet": [*runner, "migrate", "--yes", *options],
        "bare": [*other, "bare", str(given.jobs), str(conninfos)],
        "threads": [*other, "threads", str(given.jobs), str(conninfos)],
    }
    runs: dict[str, list[Run]] = {name: [] for name in contenders}
    for number in range(given.rounds):
        for name, argv in contenders.items():
            fresh(some)
            runs[name].append(measure(argv, servers))
            say(f"round {number + 1}: {name}: {runs[name][-1].seconds:.1f} s")
    fresh(places[given.migrated :])
    write_targets(targets, places)
    status = [measure([*runner, "status", *options], servers) for _ in range(given.rounds)]
    median = {name: statistics.median(run.seconds for run in of) for name, of in runs.items()}
    every = [*status, *runs["fleet"]]
    return {
        "databases": len(places),
        "migrated": len(some),
        "jobs": given.jobs,
        "status_seconds": [round(run.seconds, 2) for run in status],
        "status_promised": _STATUS_S,
        "migrate_seconds": {n: [round(run.seconds, 1) for run in of] for n, of in runs.items()},
        "to_bare": round(median["fleet"] / median["bare"], 2),
        "to_bare_promised": _TO_BARE,
        "threads_to_bare": round(median["threads"] / median["bare"], 2),
        "memory": max(run.memory for run in every),
        "memory_promised": _MEMORY,
        "connections_to_a_server": max(run.connections for run in every),
    }


if __name__ == "__main__":
    main(sys.argv[1:])
