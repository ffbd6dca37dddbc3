"""Makes a backup: pg_dump, and a manifest by which what is restored from it can be checked."""

from __future__ import annotations

import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from migrator.backup import archive, databases, programs, restore
from migrator.backup.archive import MANIFEST, PART, SUFFIXES, Backup, Manifest
from migrator.backup.programs import Programs
from migrator.catalogue import contents, objects
from migrator.catalogue.contents import Position
from migrator.core.errors import Failed
from migrator.core.runner import Runner
from migrator.core.session import for_program, open_connection
from migrator.server import binaries

_UNCHANGED = "The database was not changed, and no older backup was touched."


@dataclass(frozen=True, slots=True)
class BackupOptions:
    """How a backup is to be made.

    Args:
        kind: dump; made, by other means; none.
        reason: Which other means, or why none.
        directory: The directory that the backup is written to.
        format: custom, one file; or directory, which can be written by several at once.
        jobs: How many sessions pg_dump uses; more than one only for a directory.
        compress: As pg_dump's --compress; empty for its default.
        leave_out: Patterns of tables whose rows are left out.
        lock_wait_ms: How long pg_dump waits for others' ACCESS EXCLUSIVE locks.

    """

    kind: str
    reason: str
    directory: Path
    format: str
    jobs: int
    compress: str
    leave_out: tuple[str, ...]
    lock_wait_ms: int

    @property
    def terms(self) -> dict[str, Any]:
        """What is approved of it, and kept in the history."""
        return {"kind": self.kind, "reason": self.reason, "left_out": list(self.leave_out)}

    @property
    def words(self) -> str:
        """The backup in one line."""
        if self.kind != "dump":
            return f"{self.kind}: {self.reason}"
        without = f", without the rows of {', '.join(self.leave_out)}" if self.leave_out else ""
        return f"a dump into {self.directory}/{without}"

    @property
    def no_restore(self) -> str:
        """Why a database cannot be restored from it; empty where it can."""
        if self.kind != "dump":
            return f"the backup is {self.words}"
        if self.leave_out:
            return f"the backup leaves out the rows of {', '.join(self.leave_out)}"
        return ""


def make(
    runner: Runner,
    tools: Programs,
    wanted: BackupOptions,
    deploy: dict[str, Any],
    *,
    database: str,
    show: Callable[[str], None],
) -> Backup:
    """Dump a database to a file, read that to its end, and write its manifest.

    What the manifest says of the tables is of the dump's own snapshot.

    Args:
        runner: The target.
        tools: pg_dump and pg_restore.
        wanted: Its directory, format and number of sessions.
        deploy: What the backup is made for.
        database: The target's name, which a closed one does not have meanwhile.
        show: Told how far it is.

    Raises:
        Failed: It could not be made; nothing is left of it.

    """
    started = time.monotonic()
    made_at = datetime.now(UTC)
    state = runner.state()
    prepare_directory(wanted.directory)
    last = state.applied[-1].id if state.applied else ""
    final = _free_name(wanted, database, last, made_at)
    part = final.with_name(final.name + PART)
    try:
        with archive.claimed(part) as claim:
            tables, sequences = _dump(runner, tools, wanted, (part, claim), show)
            for each in {part, *archive.files_of(part)}:
                archive.sync(each)
            size = archive.size(part)
            programs.read_whole(tools, part, lambda: show(f"reading {size:,} bytes to their end"))
            listed = programs.contents_of(tools, part)
            left_out = _left_out(runner.session.connection, listed)
            sums = archive.sums(part, lambda done: show(f"checksum: {done:,} of {size:,} bytes"))
            backup = Backup(
                final,
                Manifest(
                    name=final.name,
                    format=wanted.format,
                    database=database,
                    made_at=made_at.isoformat(timespec="milliseconds"),
                    seconds=round(time.monotonic() - started, 3),
                    migration=last,
                    history=[each.id for each in state.applied],
                    server=runner.session.connection.info.server_version // 10000,
                    program=tools.version,
                    database_bytes=restore.size(runner.session.connection),
                    files=sums,
                    entries=len(listed),
                    tables={k: [*v] for k, v in tables.items() if k not in left_out},
                    left_out=left_out,
                    sequences={k: [*v] for k, v in sequences.items()},
                    properties=databases.properties(runner.session.connection),
                    objects=objects.read(runner.session.connection).database.pack(),
                    deploy=deploy,
                ),
            )
            backup.write()
            part.rename(final)
            archive.sync(wanted.directory)
    except BaseException as error:
        if not final.exists():
            with suppress(OSError):
                archive.remove(part)
        if isinstance(error, OSError):
            raise _no_room(wanted.directory, error) from error
        raise
    return backup


@contextmanager
def schema(runner: Runner, tools: Programs) -> Iterator[list[Path]]:
    """Dump a database's schema, and the rows of its history, for as long as the block runs.

    Raises:
        Failed: It could not be made.

    """
    conninfo, environment = for_program(runner.target, runner.session.facts.database)
    kinds = [["--schema-only", "--exclude-schema=yoyo"]]
    kinds += [["--schema=yoyo"]] * runner.session.facts.has_history
    with tempfile.TemporaryDirectory(prefix="schema.") as place:
        dumps = []
        for number, kind in enumerate(kinds):
            dumps.append(Path(place, f"{number}.dump"))
            argv = [str(tools.dump), *kind, "--format=custom", "--lock-wait-timeout=2000"]
            argv += [f"--file={dumps[-1]}", f"--dbname={conninfo}"]
            code, said = programs.run(argv, environment)
            if code:
                raise Failed(f"The schema cannot be dumped: {binaries.tail(said, 2)}")
        yield dumps


def prepare_directory(directory: Path) -> None:
    """Make the directory, for this user alone.

    Raises:
        Failed: It cannot be made.

    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _no_room(directory, error) from error


def _no_room(directory: Path, error: OSError) -> Failed:
    return Failed(
        f"The backup could not be written to {directory}: {error.strerror}.",
        state=_UNCHANGED,
        hint="Make room there, or name another directory with --backup-dir.",
    )


def _free_name(wanted: BackupOptions, database: str, last: str, made_at: datetime) -> Path:
    """Return a name by time, database and migration that is not taken."""
    number = re.match(r"\w+", last)
    plain = re.sub(r"[^\w-]", "_", database, flags=re.ASCII)
    base = f"{made_at:%Y%m%dT%H%M%SZ}.{plain}.{number[0] if number else '0000'}"
    suffix = SUFFIXES[wanted.format]
    for attempt in range(1000):
        path = wanted.directory / f"{base}{f'-{attempt}' if attempt else ''}{suffix}"
        taken = any(path.with_name(path.name + each).exists() for each in ("", PART, MANIFEST))
        if not taken:
            return path
    raise Failed(f"{wanted.directory} has a thousand backups of this second.")


def _dump(
    runner: Runner,
    tools: Programs,
    wanted: BackupOptions,
    dump: tuple[Path, int],
    show: Callable[[str], None],
) -> tuple[dict[str, tuple[int, int]], dict[str, Position]]:
    """Run pg_dump into a file that is claimed; meanwhile sum the rows of its snapshot.

    Sequences obey no snapshot, so they are read before it: in the dump they are at least there.
    """
    part, claim = dump
    conninfo, environment = for_program(runner.target, runner.session.facts.database)
    with open_connection(runner.target) as holder, open_connection(runner.target) as reader:
        sequences = contents.positions(reader)
        reader.execute(f"SET lock_timeout TO {wanted.lock_wait_ms}")
        holder.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        ((snapshot,),) = holder.execute("SELECT pg_export_snapshot()").fetchall()
        argv = [
            str(tools.dump),
            f"--format={wanted.format}",
            f"--file={part}",
            f"--snapshot={snapshot}",
            f"--lock-wait-timeout={wanted.lock_wait_ms}",
            f"--jobs={wanted.jobs if wanted.format == 'directory' else 1}",
            f"--dbname={conninfo}",
            *([f"--compress={wanted.compress}"] if wanted.compress else []),
            *(f"--exclude-table-data={each}" for each in wanted.leave_out),
        ]
        with programs.started(argv, environment, keep=(claim,)) as (process, said):

            def stop_reading() -> None:
                if process.wait():  # what it reads may be locked, and is of no use any more
                    with suppress(psycopg.Error):
                        reader.cancel_safe(timeout=2)

            threading.Thread(target=stop_reading, name="dump", daemon=True).start()

            def tell(_done: int = 0, _all: int = 0) -> None:
                if process.poll():
                    raise _failed(said())
                show(f"{archive.size(part):,} bytes written")

            try:
                summed = contents.whole_rows(reader, tell, snapshot)
            except psycopg.Error as error:
                if process.poll():
                    raise _failed(said()) from error
                raise _failed(str(error).strip()) from error
            while process.poll() is None:
                tell()
                time.sleep(0.1)
            if process.returncode:
                raise _failed(said())
    return summed, {name: at for name, at in sequences.items() if not name.startswith("yoyo.")}


def _left_out(connection: psycopg.Connection[Any], listed: list[str]) -> list[str]:
    """Return the tables whose rows, or some of them, are not in a dump."""
    roots = {f"{each.listed} ": each.root for each in contents.leaves(connection)}
    for line in listed:
        _, is_rows, rest = line.partition(" TABLE DATA ")
        ends = [place + 1 for place, letter in enumerate(rest) if letter == " " and is_rows]
        for end in ends:  # names may hold blanks, and an owner's follows
            roots.pop(rest[:end], None)
    return sorted(set(roots.values()))


def make_restore_point(runner: Runner, number: int) -> str:
    """Name this moment in the WAL, for whoever restores from an archive.

    Returns:
        The name of the restore point, or why there is none; in words.

    """
    name = f"deploy_{number}_{archive.stamp()}"
    try:
        runner.session.connection.execute("SELECT pg_create_restore_point(%s)", (name,))
    except psycopg.errors.DatabaseError as error:
        return f"no restore point was made: {error.diag.message_primary}"
    return f"restore point {name}"


def _failed(said: str) -> Failed:
    return Failed(
        f"The backup could not be made: {binaries.tail(said)}",
        state=_UNCHANGED,
        hint="Correct the cause and run the command again. No room: name another directory with "
        "--backup-dir.",
    )
