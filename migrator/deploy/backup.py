"""Makes a backup: pg_dump, and a manifest by which what is restored from it can be checked."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from migrator.catalogue import contents, objects
from migrator.catalogue.objects import Catalogue
from migrator.core.errors import Failed
from migrator.core.runner import Runner
from migrator.core.session import for_program, open_connection
from migrator.deploy import archive, databases, writes
from migrator.deploy.archive import MANIFEST, PART, SUFFIXES, Backup, Manifest, Programs
from migrator.server import binaries
from migrator.sql import sql

_UNCHANGED = "The database was not changed, and no older backup was touched."


@dataclass(frozen=True, slots=True)
class BackupOptions:
    """How a backup is to be made.

    Args:
        directory: The directory that the backup is written to.
        format: custom, one file; or directory, which can be written by several at once.
        jobs: How many sessions pg_dump uses; more than one only for a directory.
        lock_wait_ms: How long pg_dump waits for others' ACCESS EXCLUSIVE locks.

    """

    directory: Path
    format: str
    jobs: int
    lock_wait_ms: int


@dataclass(frozen=True, slots=True)
class _Held:
    """What a dump's snapshot holds: see Manifest."""

    tables: dict[str, list[int]]
    sequences: dict[str, int | None]
    catalogue: Catalogue


def make(
    runner: Runner,
    tools: Programs,
    wanted: BackupOptions,
    deploy: dict[str, Any],
    show: Callable[[str], None],
) -> Backup:
    """Dump a database to a file, read that to its end, and write its manifest.

    What the manifest says of the tables is of the dump's own snapshot.

    Args:
        runner: The target.
        tools: pg_dump and pg_restore.
        wanted: Its directory, format and number of sessions.
        deploy: What the backup is made for.
        show: Told how far it is.

    Raises:
        Failed: It could not be made; nothing is left of it.

    """
    started = time.monotonic()
    made_at = datetime.now(UTC)
    before = writes.read(runner.session.connection)
    state = runner.state()
    prepare_directory(wanted.directory)
    last = state.applied[-1].id if state.applied else ""
    final = _free_name(wanted, runner.session.facts.database, last, made_at)
    part = final.with_name(final.name + PART)
    try:
        with archive.claimed(part, is_directory=wanted.format == "directory") as claim:
            held = _dump(runner, tools, wanted, (part, claim), show)
            for each in archive.files_of(part):
                each.chmod(0o600)
                archive.sync(each)
            archive.sync(part)
            size = archive.size(part)
            archive.read_whole(tools, part, lambda: show(f"reading {size:,} bytes to their end"))
            sums = archive.sums(part, lambda done: show(f"checksum: {done:,} of {size:,} bytes"))
            backup = Backup(
                final,
                Manifest(
                    name=final.name,
                    format=wanted.format,
                    database=runner.session.facts.database,
                    made_at=made_at.isoformat(timespec="milliseconds"),
                    seconds=round(time.monotonic() - started, 3),
                    migration=last,
                    history=[each.id for each in state.applied],
                    server=runner.session.connection.info.server_version // 10000,
                    program=tools.version,
                    database_bytes=databases.size(runner.session.connection),
                    files=sums,
                    entries=len(archive.contents_of(tools, part)),
                    tables=held.tables,
                    sequences=held.sequences,
                    catalogue=held.catalogue.pack(),
                    properties=_properties(runner.session.connection),
                    counters=before.document(),
                    deploy=deploy,
                ),
            )
            backup.write()
            part.rename(final)
            archive.sync(wanted.directory)
    except BaseException as error:
        if not final.exists():
            for path in (part, part.with_name(f".{part.name}")):
                with suppress(OSError):
                    archive.remove(path)
        if isinstance(error, OSError):
            raise Failed(
                f"The backup could not be written to {wanted.directory}: {error.strerror}.",
                state=_UNCHANGED,
                hint="Make room there, or name another directory with --backup-dir.",
            ) from error
        raise
    return backup


def prepare_directory(directory: Path) -> None:
    """Make the directory, for this user alone.

    Raises:
        Failed: It cannot be made.

    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Failed(
            f"The backup could not be written to {directory}: {error.strerror}.",
            state=_UNCHANGED,
            hint="Make room there, or name another directory with --backup-dir.",
        ) from error


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
) -> _Held:
    """Run pg_dump into a file that is claimed; meanwhile read what its snapshot holds."""
    part, claim = dump
    conninfo, environment = for_program(runner.target, runner.session.facts.database)
    with open_connection(runner.target) as reader:
        reader.execute(f"SET lock_timeout TO {wanted.lock_wait_ms}")
        reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        ((snapshot,),) = reader.execute("SELECT pg_export_snapshot()").fetchall()
        argv = [
            str(tools.dump),
            f"--format={wanted.format}",
            f"--file={part}",
            f"--snapshot={snapshot}",
            f"--lock-wait-timeout={wanted.lock_wait_ms}",
            f"--jobs={wanted.jobs if wanted.format == 'directory' else 1}",
            f"--dbname={conninfo}",
        ]
        with archive.started(argv, environment, keep=(claim,)) as (process, said):

            def tell() -> None:
                if process.poll():
                    raise _failed(said())
                show(f"{archive.size(part):,} bytes written")

            try:
                catalogue = objects.read(reader).database
                summed = {
                    name: [rows, total] for name, rows, total in contents.whole_rows(reader, tell)
                }
                sequences = _without_history(contents.positions(reader))
            except psycopg.Error as error:
                if process.poll():
                    raise _failed(said()) from error
                raise _failed(str(error).strip()) from error
            while process.poll() is None:
                tell()
                time.sleep(0.1)
            if process.returncode:
                raise _failed(said())
    return _Held(summed, sequences, catalogue)


def _without_history(sequences: dict[str, int | None]) -> dict[str, int | None]:
    return {name: at for name, at in sequences.items() if not name.startswith("yoyo.")}


def _failed(said: str) -> Failed:
    return Failed(
        f"The backup could not be made: {binaries.tail(said)}",
        state=_UNCHANGED,
        hint="Correct the cause and run the command again. No room: name another directory with "
        "--backup-dir.",
    )


def _properties(connection: psycopg.Connection[Any]) -> dict[str, Any]:
    cursor = connection.cursor(row_factory=dict_row)
    return dict(cursor.execute(sql("deploy/properties").encode()).fetchone() or {})
