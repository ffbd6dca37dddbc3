"""pg_dump and pg_restore: where they are, how they are run, what they say of a dump."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from migrator.core.errors import Failed, Refused
from migrator.server import binaries

_POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class Programs:
    """pg_dump and pg_restore: where they are, and their major version."""

    dump: Path
    restore: Path
    version: int


def programs(major: int) -> Programs:
    """Find pg_dump and pg_restore, at least as new as a server.

    Raises:
        Refused: There are none.

    """
    found = {name: binaries.find_client(name, major) for name in ("pg_dump", "pg_restore")}
    dump, restore = found["pg_dump"], found["pg_restore"]
    if dump is None or restore is None:
        missing = " and ".join(name for name, place in found.items() if place is None)
        raise Refused(
            f"{missing} of PostgreSQL {major} or newer is needed, and there is none.",
            hint="Install PostgreSQL's client programs of the server's version.",
        )
    return Programs(dump[0], restore[0], dump[1])


def run(
    argv: list[str],
    environment: Mapping[str, str],
    *,
    keep: tuple[int, ...] = (),
    meanwhile: Callable[[], None] = lambda: None,
) -> tuple[int, str]:
    """Run a program to its end; it ends with this process's work, if that is interrupted.

    Args:
        argv: The program and its arguments.
        environment: Its environment.
        keep: File descriptors that it inherits.
        meanwhile: Called several times a second.

    Returns:
        Its exit status, and what it said on standard error.

    """
    with started(argv, environment, keep=keep) as (process, said):
        while True:
            meanwhile()
            with suppress(subprocess.TimeoutExpired):
                return process.wait(_POLL_S), said()


@contextmanager
def started(
    argv: list[str], environment: Mapping[str, str], *, keep: tuple[int, ...] = ()
) -> Iterator[tuple[subprocess.Popen[bytes], Callable[[], str]]]:
    """Start a program; end it, if it runs yet, when the block is left."""
    with tempfile.TemporaryFile() as errors:

        def said() -> str:
            errors.seek(0)
            return errors.read().decode("utf-8", "replace")

        process = subprocess.Popen(  # noqa: S603  no shell; the arguments are the runner's own
            argv,
            env={**environment, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            pass_fds=keep,
            umask=0o077,
        )
        try:
            yield process, said
        finally:
            if process.poll() is None:
                process.terminate()
                with suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=5)
                process.kill()
                process.wait()


def read_whole(tools: Programs, path: Path, tell: Callable[[], None] = lambda: None) -> None:
    """Have pg_restore read a dump to its end; `pg_restore --list` accepts truncated ones.

    Raises:
        Failed: It cannot be read.

    """
    argv = [str(tools.restore), "--file=/dev/null", str(path)]
    code, said = run(argv, os.environ, meanwhile=tell)
    if code:
        raise Failed(
            f"{path} cannot be read to its end: {binaries.tail(said)}",
            state="It is no backup. The database was not changed.",
            hint="See to the disk, then run the command again.",
        )


def contents_of(tools: Programs, path: Path) -> list[str]:
    """Return the lines of a dump's table of contents.

    Raises:
        Failed: It cannot be read.

    """
    done = subprocess.run(  # noqa: S603  no shell; the arguments are the runner's own
        [tools.restore, "--list", path], check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise Failed(
            f"{path} cannot be read: {binaries.tail(done.stderr)}",
            state="The database was not changed by that.",
            hint="`backups verify` says which backups can be read.",
        )
    return [line for line in done.stdout.splitlines() if line and not line.startswith(";")]
