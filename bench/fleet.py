"""Measures `fleet` on many databases on two servers, beside a bare program and beside threads.

It prints each figure as a line of JSON as soon as it is known, and ends within four minutes.

Usage: python -m bench.fleet [--part status | migrate | threads]... [--databases N] [--migrated N]
    [--jobs N] [--rounds N] [--server URL_OR_VERSION]...
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
from itertools import cycle
from pathlib import Path
from typing import Any, NamedTuple

from bench.databases import ROOT
from bench.servers import PRODUCTION, Server, only, server
from tests.support.servers import apply_everything

_STATUS_S, _TO_BARE, _MEMORY = 3.0, 1.2, 200_000_000
_SAMPLE_S = 0.1
_OTHERS = {"migrate": ["bare"], "threads": ["threads"]}
_TEMPLATE = "bench_fleet_template"
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
            for connection in asking:  # twice: one that has been closed is there for a moment more
                counts = [only(connection, _COUNT) for _ in range(2)]
                connections = max(connections, min(counts))
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


def fresh(places: Sequence[Place], copy_of: str | None = None) -> None:
    """Make the databases anew: empty, or copies of another one."""
    for place in places:
        place.server.drop(place.name)
        place.server.create(place.name, copy_of)
    for each in servers_of(places):
        each.settle()


def servers_of(places: Sequence[Place]) -> list[Server]:
    """Return the servers of some databases."""
    return [*{id(place.server): place.server for place in places}.values()]


def write_targets(path: Path, places: Sequence[Place]) -> None:
    """Write the file with the targets."""
    path.write_text(
        "".join(
            f'[[target]]\nname = "{place.name}"\nstage = 0\nurl = {json.dumps(place.conninfo)}\n'
            for place in places
        )
    )


class Fleets(NamedTuple):
    """What is measured: the databases, the file that names them, and how many at once."""

    places: Sequence[Place]
    directory: Path
    jobs: int
    rounds: int

    def runs(self, command: str, *arguments: str) -> Run:
        """Measure a command of the fleet, or another program's work on the same databases."""
        targets, conninfos = self.directory / "fleet.toml", self.directory / "conninfos"
        write_targets(targets, self.places)
        conninfos.write_text("\n".join(each.conninfo for each in self.places))
        argv = [str(ROOT / "runner.py"), "fleet", command, *arguments]
        argv += ["--targets", str(targets), "--jobs", str(self.jobs)]
        if command in {"bare", "threads"}:
            argv = ["-m", "bench.fleet_work", command, str(self.jobs), str(conninfos)]
        return measure([sys.executable, *argv], servers_of(self.places))

    def status(self) -> Iterator[dict[str, Any]]:
        """Measure `fleet status` of databases that have all files."""
        for each in servers_of(self.places):
            each.create(_TEMPLATE)
            apply_everything(each.conninfo(_TEMPLATE))
        fresh(self.places, _TEMPLATE)
        for _ in range(self.rounds + 1):
            yield self._line("status", self.runs("status"), promised=_STATUS_S)

    def migrate(self, others: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Measure `fleet migrate` of empty databases in turns with other programs."""
        taken: dict[str, list[float]] = {}
        for _ in range(self.rounds):
            for name in ("migrate", *others):
                fresh(self.places)
                run = self.runs(name, *["--yes"] * (name == "migrate"))
                taken.setdefault(name, []).append(run.seconds)
                yield self._line(name, run)
        median = {name: statistics.median(seconds) for name, seconds in taken.items()}
        for other in others:
            to_other = round(median["migrate"] / median[other], 2)
            yield {f"migrate_to_{other}": to_other, "promised": _TO_BARE}

    def _line(self, what: str, run: Run, **more: Any) -> dict[str, Any]:
        figures = {"seconds": round(run.seconds, 2), **more, "databases": len(self.places)}
        memory = {"memory": run.memory, "memory_promised": _MEMORY}
        connections = {"jobs": self.jobs, "connections_to_a_server": run.connections}
        return {"measured": what, **figures, **memory, **connections}


def main(arguments: Sequence[str]) -> None:
    """Measure, and print the figures beside what was promised."""
    parser = argparse.ArgumentParser(description=__doc__)
    parts = ["status", *_OTHERS]
    parser.add_argument("--part", action="append", choices=parts, help="default: the first two")
    parser.add_argument("--databases", type=int, default=200, help="of status")
    parser.add_argument("--migrated", type=int, default=100, help="of the other parts")
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--server", action="append", help="a URL or a version; default: 18 and 15")
    given = parser.parse_args(arguments)
    settings = {**PRODUCTION, "max_connections": "100"}
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        wanted = given.server or ["18", "15"]
        servers = [stack.enter_context(server(each, settings)) for each in wanted]
        names = (f"bench_fleet_{number}" for number in range(max(given.databases, given.migrated)))
        places = [Place(*each) for each in zip(cycle(servers), names, strict=False)]
        stack.callback(lambda: [each.server.drop(each.name) for each in places])
        stack.callback(lambda: [each.drop(_TEMPLATE) for each in servers])
        for part in given.part or parts[:2]:
            some = places[: given.databases if part == "status" else given.migrated]
            fleets = Fleets(some, directory, given.jobs, given.rounds)
            lines = fleets.status() if part == "status" else fleets.migrate(_OTHERS[part])
            for line in lines:
                print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
