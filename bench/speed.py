"""How long the runner takes beside others, as whole processes: see README.md in this directory."""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from bench.cases import Case, FileSet, all_cases
from bench.contenders import CONTENDERS, Commands, Contender, Database
from bench.servers import PRODUCTION, Server, only, server
from tests.support.servers import clean_environment

FLOORS = ("bare", "psql")
MEASURED = Path(__file__).with_name("measured.py")
FACTS = ("server_version", "fsync", "synchronous_commit", "full_page_writes", "autovacuum")
SLOW_S = 15.0  # what takes longer is run once, not in every round


class FailedRun(Exception):
    """A contender failed, took too long, or did not do the work."""


class Took(NamedTuple):
    """What processes took together: seconds, and bytes of memory at most."""

    seconds: float
    peak: int


def run(commands: Commands, timeout: float) -> Took:
    """Run processes one after the other."""
    environment = clean_environment()
    seconds, peak = 0.0, 0
    for argv in commands:
        try:
            done = subprocess.run(  # noqa: S603 - no shell, no user's input
                [sys.executable, "-I", MEASURED, *argv],
                check=True,
                capture_output=True,
                env=environment,
                timeout=timeout,
            )
        except subprocess.TimeoutExpired:
            raise FailedRun(f"took over {timeout:.0f} s") from None
        measured = json.loads(done.stdout)
        if measured["code"]:
            said = done.stderr.decode(errors="replace").strip().splitlines() or ["said nothing"]
            raise FailedRun(f"exit {measured['code']}: {said[-1][:120]}")
        seconds += measured["seconds"]
        peak = max(peak, measured["peak"])
    return Took(seconds, peak)


def verify(server: Server, database: Database, files: FileSet) -> None:
    """Refuse a figure of a run that left work undone."""
    with server.connect(database.name) as connection:
        found = only(connection, files.question)
    if files.answer is not None and found != files.answer:
        raise FailedRun(f"did not do the work: {found} of {files.answer}")


class Measurement:
    """One case: every contender's runs, in turns.

    Args:
        server: Where.
        case: What.
        directory: For the files.
        contenders: Whom to measure.
        timeout: How long a process may take, in seconds.

    """

    def __init__(
        self,
        server: Server,
        case: Case,
        directory: Path,
        contenders: Sequence[Contender],
        timeout: float,
    ) -> None:
        self.title = case.title
        self.runs: dict[str, list[Took]] = {}
        self.without: dict[str, str] = {}
        self._server = server
        self._again = case.again
        self._files = case.files()
        self._directory = directory
        self._timeout = timeout
        self._kept: dict[str, Database] = {}
        self._numbers = count(1)
        self._files.write(directory)
        self._names = [contender.name for contender in contenders]
        self._contenders = []
        for contender in contenders:
            if reason := contender.absent():
                self.without[contender.name] = f"absent: {reason}"
            else:
                contender.prepare(self._files, directory)
                self._contenders.append(contender)

    def measure(self, rounds: int) -> None:
        """Run each once to warm up, then all in turns, as often as there are rounds."""
        with ExitStack() as databases:
            for number in range(rounds + 1):
                for contender in list(self._contenders):
                    self._turn(contender, databases, warm_up=not number)

    def _turn(self, contender: Contender, databases: ExitStack, *, warm_up: bool) -> None:
        try:
            if self._again:
                took = self._run_again(contender, databases)
            else:
                with self._server.database(self._name()) as name:
                    took = self._run(contender, Database(self._server.owner, name))
        except FailedRun as error:
            self.without[contender.name] = str(error)
            self._contenders.remove(contender)
            return
        slow = took.seconds > SLOW_S
        if slow:
            self._contenders.remove(contender)
        if slow or not warm_up:
            self.runs.setdefault(contender.name, []).append(took)

    def _name(self) -> str:
        return f"bench_speed_{os.getpid()}_{next(self._numbers)}"

    def _run(self, contender: Contender, database: Database) -> Took:
        """Apply the files to an empty database."""
        commands = contender.commands(self._directory, database)
        self._server.settle()
        took = run(commands, self._timeout)
        verify(self._server, database, self._files)
        return took

    def _run_again(self, contender: Contender, databases: ExitStack) -> Took:
        """Apply the files to a database where they are applied; the first time, see to that."""
        database = self._kept.get(contender.name)
        if database is None:
            name = databases.enter_context(self._server.database(self._name()))
            database = Database(self._server.owner, name)
            self._run(contender, database)
            self._kept[contender.name] = database
        commands = contender.commands_again(self._directory, database)
        if commands is None:
            raise FailedRun("keeps no history")
        self._server.settle()
        return run(commands, self._timeout)

    def result(self) -> dict[str, Any]:
        """Return the figures: seconds, the medians' ratios to both floors, bytes of memory."""
        seconds = {name: [run.seconds for run in runs] for name, runs in self.runs.items()}
        medians = {name: statistics.median(runs) for name, runs in seconds.items()}
        figures: dict[str, Any] = {}
        for name in self._names:
            if name in self.without:
                figures[name] = {"without": self.without[name]}
                continue
            figures[name] = {
                "median": medians[name],
                "min": min(seconds[name]),
                "max": max(seconds[name]),
                **{
                    f"to_{floor}": medians[name] / medians[floor] if floor in medians else None
                    for floor in FLOORS
                },
                "peak": max(run.peak for run in self.runs[name]),
                "runs": seconds[name],
            }
        return {"title": self.title, "contenders": figures}


def table(result: Mapping[str, Any]) -> str:
    """Return a case's figures as text."""
    head = [
        f"{each:>9}" for each in ("median s", "min", "max", "/ bare", "/ psql", "peak MB", "runs")
    ]
    lines = ["", result["title"], f"{'':<8}{''.join(head)}"]
    for name, figures in result["contenders"].items():
        if "without" in figures:
            lines.append(f"{name:<8}  {figures['without']}")
            continue
        seconds = "".join(f"{figures[each]:9.3f}" for each in ("median", "min", "max"))
        ratios = [figures[f"to_{floor}"] for floor in FLOORS]
        shown = "".join(f"{'':>9}" if each is None else f"{each:9.2f}" for each in ratios)
        peak = f"{figures['peak'] / 1e6:9.0f}"
        lines.append(f"{name:<8}{seconds}{shown}{peak}{len(figures['runs']):9}")
    return "\n".join(lines)


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    names = list(all_cases(0, 0))
    parser = argparse.ArgumentParser(prog="python -m bench.speed", description=__doc__)
    parser.add_argument(
        "--rounds", type=int, default=5, help="runs of each that count (%(default)s)"
    )
    parser.add_argument(
        "--cases", nargs="+", choices=names, default=names, metavar="CASE", help=", ".join(names)
    )
    everybody = [contender.name for contender in CONTENDERS]
    parser.add_argument(
        "--only",
        nargs="+",
        choices=everybody,
        default=everybody,
        metavar="CONTENDER",
        help=", ".join(everybody),
    )
    parser.add_argument(
        "--server",
        default="18",
        metavar="15|18|URL",
        help="a version to run a server of, or a URL whose role may create databases (%(default)s)",
    )
    parser.add_argument(
        "--no-fsync", action="store_true", help="run the server without waiting for its disk"
    )
    parser.add_argument("--tables", type=int, default=500, help="files of one table (%(default)s)")
    parser.add_argument("--rows", type=int, default=50_000, help="rows of a seed (%(default)s)")
    parser.add_argument(
        "--timeout", type=float, default=120, help="seconds a process may take (%(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> None:
    """Measure, and print what came out."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends the server, removes the files
    options = arguments(given)
    cases = all_cases(options.tables, options.rows)
    contenders = [each for each in CONTENDERS if each.name in options.only]
    settings = PRODUCTION | ({"fsync": "off"} if options.no_fsync else {})
    with server(options.server, settings) as running:
        facts = running.facts(FACTS) | {"python": platform.python_version()}
        results: dict[str, Any] = {}
        if not options.json:
            print(", ".join(f"{name} {value}" for name, value in facts.items()))
        for name in options.cases:
            with tempfile.TemporaryDirectory(prefix="bench-speed-") as directory:
                measurement = Measurement(
                    running, cases[name], Path(directory), contenders, options.timeout
                )
                measurement.measure(options.rounds)
            results[name] = measurement.result()
            if not options.json:
                print(table(results[name]), flush=True)
    if options.json:
        print(json.dumps({"facts": facts, "cases": results}, indent=2))


if __name__ == "__main__":
    main()
