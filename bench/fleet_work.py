"""What `fleet migrate` is measured against, as programs: bare processes, and the runner in threads.

Usage: fleet_work.py (bare | threads) JOBS FILE, where FILE has a connection string a line.
"""

from __future__ import annotations

import sys
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from bench import bare
from bench.databases import ROOT

DIRECTORIES = [str(ROOT / "migrations"), str(ROOT / "seeds")]


def in_processes(conninfo: str) -> None:
    """Apply the files without any check; see bare.py."""
    bare.main(conninfo, DIRECTORIES)


def in_threads(jobs: int, conninfos: list[str]) -> None:
    """Do what `fleet migrate` does on each database, in threads of one process."""
    from migrator.core import process
    from migrator.core.additions import Additions
    from migrator.core.files import FileSet
    from migrator.core.project import Project
    from migrator.core.runner import Runner
    from migrator.core.session import Limits
    from migrator.core.target import Target

    project = Project.at(ROOT / "migrations", None)
    known = FileSet.read(project.migrations, project.apart, project.seeds)
    process.interruptible = nullcontext  # type: ignore[assignment]  # no signals in threads

    def migrate(conninfo: str) -> None:
        target = Target.parse(conninfo, "bench")
        runner = Runner(project, target, Limits(), lambda _: None, Additions(), known=known)
        runner.migrate(to=None, with_seeds=True, dry_run=False)
        runner.session.connection.close()

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(migrate, conninfos))


def main(kind: str, jobs: int, conninfos: list[str]) -> None:
    """Apply the project's files to databases, several at once."""
    if kind == "threads":
        in_threads(jobs, conninfos)
        return
    processes: partial[Executor] = partial(ProcessPoolExecutor, mp_context=get_context("fork"))
    with processes(jobs) as pool:
        list(pool.map(in_processes, conninfos))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]).read_text().splitlines())
