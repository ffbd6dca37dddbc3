"""Passwords that must be seen nowhere: the ways to give one, and where to look for it."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from psycopg.conninfo import conninfo_to_dict

from tests.support.commands import Answer, command_lines
from tests.support.servers import PASSWORD, ROOT, Server, clean_environment
from tests.support.sets import MigrationSet

WRONG = "nOt-the-0ne"
SECRETS = [PASSWORD, quote(PASSWORD, safe=""), PASSWORD.split("/")[0], WRONG]


class Way(NamedTuple):
    """A way to name a target with its password: arguments and environment."""

    arguments: list[str]
    environment: dict[str, str]


def ways(pg: Server, name: str, directory: Path, password: str) -> dict[str, Way]:
    """Return all ways to give a password, by name; their files are written to a directory."""
    url = f"postgresql://tester:{quote(password, safe='')}@127.0.0.1:{pg.port}/{name}"
    words = f"host=127.0.0.1 port={pg.port} dbname={name} user=tester password='{password}'"
    place = {"PGHOST": "127.0.0.1", "PGPORT": str(pg.port), "PGUSER": "tester", "PGDATABASE": name}
    service, passfile = directory / "service.conf", directory / "pgpass"
    lines = [f"{key}={value}" for key, value in conninfo_to_dict(words).items()]
    service.write_text("\n".join(["[it]", *lines, ""]))
    passfile.write_text(f"*:*:*:tester:{password.replace(':', chr(92) + ':')}\n")
    passfile.chmod(0o600)
    return {
        "--database URL": Way(["--database", url], {}),
        "--database=words": Way([f"--database={words}"], {}),
        "DATABASE_URL": Way([], {"DATABASE_URL": url}),
        "MIGRATOR_DATABASE": Way([], {"MIGRATOR_DATABASE": url}),
        "PGPASSWORD": Way([], {**place, "PGPASSWORD": password}),
        "PGSERVICEFILE": Way([], {"PGSERVICEFILE": str(service), "PGSERVICE": "it"}),
        "PGPASSFILE": Way([], {**place, "PGPASSFILE": str(passfile)}),
    }


def watched(way: Way, made: MigrationSet, *command: str) -> tuple[Answer, list[str]]:
    """Run a command; return its answer, and all arguments seen once it has named its target."""
    argv = [*way.arguments, "--migrations", str(made.migrations), *command]
    running = subprocess.Popen(
        [sys.executable, ROOT / "runner.py", *argv],
        cwd=made.migrations.parent,
        env=clean_environment() | way.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert running.stderr is not None
    first = running.stderr.readline()
    seen: set[str] = set()

    def look() -> None:
        while running.poll() is None:
            seen.update(command_lines(running.pid))

    watcher = threading.Thread(target=look)
    watcher.start()
    out, err = running.communicate(timeout=30)
    watcher.join()
    return Answer(running.returncode, out, first + err), sorted(seen)


def files_below(directory: Path) -> Iterator[str]:
    """Yield the text of each file below a directory."""
    for path in directory.rglob("*"):
        if path.is_file():
            yield path.read_text(errors="replace")


def shown(texts: list[str]) -> list[str]:
    """Return those texts that show a password."""
    return [text for text in texts if any(secret in text for secret in SECRETS)]
