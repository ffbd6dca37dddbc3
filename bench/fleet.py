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
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from itertools import cycle
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from bench.databases import ROOT
from bench.servers import PRODUCTION, Server, only, server
from tests.support.servers import apply_everything

_STATUS_S, _TO_BARE, _MEMORY = 3.0, 1.2, 200_000_000
_SAMPLE_S = 0.1
_TEMPLATE = "bench_fleet_template"
_COUNT = "SELECT count(*) FROM pg_stat_activity WHERE datname LIKE 'bench_fleet_%'"


class Run(NamedTuple):
    """What a run took: time, CPU time with the servers', memory, connections to a server."""

    seconds: float
    cpu_seconds: float
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
    memory = connections = 0
    before = _cpu_seconds(servers)
    with ExitStack() as stack:
        said = stack.enter_context(tempfile.TemporaryFile())  # a pipe that nobody reads fills up
        started = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603
            argv, stdout=subprocess.DEVNULL, stderr=said, start_new_session=True, cwd=ROOT
        )
        asking = [stack.enter_context(each.connect()) for each in servers]
        while process.poll() is None:
            memory = max(memory, sum(_proportional(process.pid)))
            for connection in asking:  # twice: one that has been closed is there for a moment more
                counts = [only(connection, _COUNT) for _ in range(2)]
                connections = max(connections, min(counts))
            with suppress(subprocess.TimeoutExpired):
                process.wait(_SAMPLE_S)
        seconds = time.perf_counter() - started
        if process.returncode:
            said.seek(0)
            sys.exit(f"{' '.join(argv)} failed:\n{said.read().decode()}")
    return Run(seconds, _cpu_seconds(servers) - before, memory, connections)


def _cpu_seconds(servers: Sequence[Server]) -> float:
    """Return the CPU time of our processes that have ended, and of servers on this machine."""
    ours = os.times()
    total = ours.children_user + ours.children_system
    for each in servers:
        with each.connect() as connection, suppress(OSError, psycopg.Error):
            pid = only(connection, "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)")
            times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]
            total += sum(map(int, times)) / os.sysconf("SC_CLK_TCK")
    return total


def _proportional(session: int) -> Iterator[int]:
    """Yield the bytes of each process of a session; what several share is divided among them."""
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError):
            if os.getsid(int(path.name)) == session:
                lines = (path / "smaps_rollup").read_text().splitlines()
                yield sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def write_targets(path: Path, places: Sequence[Place]) -> None:
    """Write the file with the targets."""
    path.write_text(
        "".join(
            f'[[target]]\nname = "{place.name}"\nstage = 0\nurl = {json.dumps(place.conninfo)}\n'
            for place in places
        )
    )


class Bench:
    """What is measured, on some servers.

    Args:
        servers: The servers.
        directory: Where files may be written.
        given: The options.

    """

    def __init__(
        self, servers: Sequence[Server], directory: Path, given: argparse.Namespace
    ) -> None:
        self.made: list[Place] = []
        self._servers = servers
        self._directory = directory
        self._given = given
        self._is_own = not given.server

    def parts(self) -> dict[str, Callable[[], Iterator[dict[str, Any]]]]:
        """Return what can be measured; each part yields its figures."""
        return {
            "status": self.status,
            "migrate": lambda: self.migrate("bare"),
            "threads": lambda: self.migrate("threads"),
        }

    def status(self) -> Iterator[dict[str, Any]]:
        """Measure `fleet status` of databases that have all files."""
        templates = [Place(each, _TEMPLATE) for each in self._servers]
        for place in templates:
            place.server.create(place.name)
            self.made.append(place)
            apply_everything(place.conninfo)
        places = self._fresh(self._given.databases, _TEMPLATE)
        for _ in range(self._given.rounds + 1):
            yield self._line("status", places, promised=_STATUS_S)

    def migrate(self, other: str) -> Iterator[dict[str, Any]]:
        """Measure `fleet migrate` of empty databases in turns with another program."""
        taken: dict[str, list[float]] = {"migrate": [], other: []}
        for _ in range(self._given.rounds):
            for name, seconds in taken.items():
                line = self._line(name, self._fresh(self._given.migrated, "template1"))
                seconds.append(line["seconds"])
                yield line
        ours, theirs = map(statistics.median, taken.values())
        yield {f"migrate_to_{other}": round(ours / theirs, 2), "promised": _TO_BARE}

    def _fresh(self, count: int, copy_of: str) -> list[Place]:
        """Make databases. None is dropped before the end: each drop waits for a checkpoint."""
        self._keep_on_disk("off")
        names = (f"bench_fleet_{len(self.made) + number}" for number in range(count))
        places = [Place(*each) for each in zip(cycle(self._servers), names, strict=False)]
        self.made += places
        for place in places:
            place.server.create(place.name, copy_of)
        self._keep_on_disk("on")
        return places

    def _keep_on_disk(self, value: str) -> None:
        """Let servers of our own wait for the disk, or not, while databases are made."""
        for each in self._servers:
            each.settle()
            if self._is_own:
                with each.connect() as connection:
                    connection.execute(f"ALTER SYSTEM SET fsync TO {value}")
                    connection.execute("SELECT pg_reload_conf()")
        os.sync()

    def _line(self, name: str, places: Sequence[Place], **more: Any) -> dict[str, Any]:
        """Measure a command of the fleet, or another program's work on the same databases."""
        targets, conninfos = self._directory / "fleet.toml", self._directory / "conninfos"
        write_targets(targets, places)
        conninfos.write_text("\n".join(each.conninfo for each in places))
        jobs = str(self._given.jobs)
        argv = [str(ROOT / "runner.py"), "fleet", name, *["--yes"] * (name == "migrate")]
        argv += ["--targets", str(targets), "--jobs", jobs]
        if name in {"bare", "threads"}:
            argv = ["-m", "bench.fleet_work", name, jobs, str(conninfos)]
        run = measure([sys.executable, *argv], self._servers)
        seconds = {"seconds": round(run.seconds, 2), "cpu_seconds": round(run.cpu_seconds, 2)}
        figures = {**seconds, **more, "databases": len(places)}
        memory = {"memory": run.memory, "memory_promised": _MEMORY}
        connections = {"jobs": self._given.jobs, "connections_to_a_server": run.connections}
        return {"measured": name, **figures, **memory, **connections}


def main(arguments: Sequence[str]) -> None:
    """Measure, and print the figures beside what was promised."""
    parser = argparse.ArgumentParser(description=__doc__)
    parts = ["status", "migrate", "threads"]
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
        bench = Bench(servers, directory, given)
        if given.server:  # else they go with their servers
            stack.callback(lambda: [each.server.drop(each.name) for each in bench.made])
        for part in given.part or parts[:2]:
            for line in bench.parts()[part]():
                print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
