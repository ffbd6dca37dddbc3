"""A database made from a backup, and compared with it."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from migrator.backup import databases, programs
from migrator.backup.archive import Backup
from migrator.backup.databases import Connection
from migrator.backup.programs import Programs
from migrator.catalogue import contents, objects
from migrator.catalogue.contents import Position
from migrator.core.errors import Failed
from migrator.core.session import for_program, open_connection
from migrator.core.target import Target
from migrator.server import binaries
from migrator.server.scratch import Scratch

_OF_NEWER_CLIENTS = 'unrecognized configuration parameter "transaction_timeout"'
_OF_ITSELF = "pg_restore: error: a worker process died unexpectedly"
# What acts by itself, or leads to another server: a copy for trying is made without it.
_ACTS = re.compile(
    r"^\d+; \d+ \d+ (?:"
    r"EVENT TRIGGER|USER MAPPING|SUBSCRIPTION(?: TABLE)?|EXTENSION - dblink "
    r"|(?:COMMENT|SECURITY LABEL|ACL) - (?:EVENT TRIGGER|SUBSCRIPTION|EXTENSION dblink )"
    r")(.*)"
)
_PUBLIC_THERE = 'schema "public" already exists'  # pg_dump --schema=public creates it
_ACTING = {"event trigger", "subscription", "user mapping"}
_OF_COPIES = {"template", "connection limit"}


@dataclass(frozen=True, slots=True)
class RestoreOptions:
    """How a backup is restored.

    Args:
        tools: pg_restore.
        jobs: How many sessions restore at once.
        has_owners: Whether owners and privileges are restored, and the database made like its
            original; else the server may be another one.
        is_copy: Whether it is for trying: what acts by itself is left out, and so is what leads to
            other servers.
        without: Extensions that are left out.
        has_rows: Whether rows are restored, too.

    """

    tools: Programs
    jobs: int = 1
    has_owners: bool = True
    is_copy: bool = False
    without: Sequence[str] = ()
    has_rows: bool = True

    @property
    def options(self) -> list[str]:
        """What pg_restore is told of it."""
        without = [] if self.has_owners else ["--no-owner", "--no-privileges"]
        return [*without, *([] if self.has_rows else ["--schema-only"])]


def restore(
    backup: Backup,
    server: Target,
    name: str,
    how: RestoreOptions,
    show: Callable[[str], None] = lambda _: None,
) -> list[str]:
    """Make a database from a backup, and compare its rows with the manifest.

    Args:
        backup: What is restored.
        server: Another database of the server, by the role that restores.
        name: The new database's.
        how: With which programs, and what is left out.
        show: Told how far it is.

    Returns:
        What was left out.

    Raises:
        Failed: It cannot be restored, or its rows are not what the manifest says.

    """
    properties = backup.manifest.properties
    made = databases.create(
        server,
        name,
        properties if how.has_owners else None,
        has_public=properties.get("has_public", True),
    )
    left = fill(backup.path, made, how, show)
    if found := differences(backup, made, show=show):
        raise Failed(
            f"{backup.path}: what was restored is not what was backed up:\n  " + "\n  ".join(found),
            state="The target was not changed by that.",
            hint="Do not rely on this backup: take another one.",
        )
    return left


def copied(
    dump: Path, scratch: Scratch, tools: Programs, show: Callable[[str], None] = lambda _: None
) -> tuple[Target, list[str]]:
    """Make a scratch database of a dump, with which the world cannot be reached.

    Args:
        dump: Any that pg_restore reads: a backup, or another one.
        scratch: Where it is made. Roles that the dump names are made there, if the server is
            thrown away; else it is restored without owners and privileges.
        tools: pg_restore.
        show: Told how far it is.

    Returns:
        The database; and what was left out.

    Raises:
        Failed: It cannot be restored.

    """
    how = RestoreOptions(tools, has_owners=scratch.is_own, is_copy=True, has_rows=False)

    has_public = True

    def made(name: str, how: RestoreOptions) -> tuple[Target, list[str]]:
        wanted = scratch.name(name)
        target = databases.create(scratch.server, wanted, None, has_public=has_public)
        return target, fill(dump, target, how, show)

    for attempt in count():  # without rows, until nothing is missing
        try:
            made(f"schema{attempt}", how)
            break
        except Failed as error:
            if _PUBLIC_THERE in error.message and has_public:
                has_public = False
            elif not scratch.add_missing_role(error.message):
                raise
    return made("base", replace(how, has_rows=True))


def dress(
    backup: Backup,
    server: Target,
    name: str,
    how: RestoreOptions,
    *,
    called: str,
    left: Sequence[str] = (),
) -> list[str]:
    """Give a restored database what no dump holds; return what it lacks all the same.

    Args:
        backup: What was restored.
        server: Another database of the server, by the role that restores.
        name: The restored database.
        how: How it was restored.
        called: The name that it is to have.
        left: What was left out on purpose.

    """
    properties = backup.manifest.properties
    with open_connection(server) as connection:
        missed = databases.dress(connection, name, properties, called=called, is_copy=how.is_copy)
    return missed + lacking(backup.manifest.catalogue, server.beside(name), how, left)


def lacking(
    expected: objects.Catalogue, copy: Target, how: RestoreOptions, left: Sequence[str]
) -> list[str]:
    """Compare a restored catalogue with what it is one of, but for what was left out on purpose."""
    extensions = {f"extension {each.removeprefix('EXTENSION - ')}" for each in left}
    with open_connection(copy) as connection:
        found = objects.read(connection).database
    return [
        each.words
        for each in objects.differences(expected, found)
        if not (left and each.subject.kind in _ACTING)
        and each.subject.title not in extensions
        and not (how.is_copy and each.subject.kind == "database" and each.aspect in _OF_COPIES)
    ]


def fill(
    dump: Path, target: Target, how: RestoreOptions, show: Callable[[str], None] = lambda _: None
) -> list[str]:
    """Restore a dump into an empty database, and gather its statistics.

    Args:
        dump: What pg_dump wrote.
        target: The database, by the role that restores.
        how: With which programs, and what is left out.
        show: Told how far it is.

    Returns:
        What was left out.

    Raises:
        Failed: It cannot be restored; the database holds a part of it.

    """
    database = str(target.parameters["dbname"])
    conninfo, environment = for_program(target, database)
    argv = [str(how.tools.restore), f"--dbname={conninfo}", f"--jobs={how.jobs}", *how.options]
    left: list[str] = []
    with open_connection(target) as connection:
        major = connection.info.server_version // 10000
        argv += ["--exit-on-error"] if major == how.tools.version else []
        with tempfile.NamedTemporaryFile("w", encoding="utf-8") as chosen:
            if how.is_copy or how.without:
                kept, left = _chosen(programs.contents_of(how.tools, dump), how)
                chosen.write("\n".join(kept) + "\n")
                chosen.flush()
                argv.append(f"--use-list={chosen.name}")
            code, said = programs.run(
                [*argv, str(dump)],
                environment,
                meanwhile=lambda: show(f"restoring into {database}: {size(connection):,} bytes"),
            )
        errors = [
            line
            for line in said.splitlines()
            if line.startswith("pg_restore: error:") and _OF_NEWER_CLIENTS not in line
        ]
        said = "\n".join(line for line in said.splitlines() if line and _OF_ITSELF not in line)
        if (code and how.tools.version == major) or errors:
            raise Failed(
                f"{dump} cannot be restored into {database}: {binaries.tail(said)}",
                state="The target was not changed by that.",
                hint="Have a role restore it that may make all of it again, such as a superuser: "
                "--admin URL.",
            )
        show(f"analysing {database}")
        connection.execute("ANALYZE")
    return left


def _chosen(listed: Sequence[str], how: RestoreOptions) -> tuple[list[str], list[str]]:
    """Return the lines of a dump's table of contents that are restored, and what is left out."""
    names = [f"{kind}EXTENSION {name} " for name in how.without for kind in ("- ", "COMMENT - ")]
    names += [f" EXTENSION - {name} " for name in how.without]
    kept, left = [], []
    for line in listed:
        acts = how.is_copy and _ACTS.match(f"{line} ") is not None
        if acts or any(each in f"{line} " for each in names):
            left += [" ".join(line.split()[3:-1])] * ("COMMENT" not in line)
        else:
            kept.append(line)
    return kept, left


def size(connection: Connection) -> int:
    """Return how large a database is, in bytes."""
    ((size_bytes,),) = connection.execute("SELECT pg_database_size(current_database())").fetchall()
    return int(size_bytes)


def differences(
    backup: Backup, target: Target, *, show: Callable[[str], None] = lambda _: None
) -> list[str]:
    """Compare a database's rows and sequences with a backup's manifest; return what differs."""
    wanted = backup.manifest.tables
    with open_connection(target) as connection:
        found = contents.whole_rows(
            connection, lambda done, of: show(f"comparing rows: {done} of {of} tables")
        )
        now = contents.positions(connection)
    told = []
    for table, (rows, total) in wanted.items():
        if table not in found:
            told.append(f"table {table} is missing")
        elif found[table][0] != rows:
            told.append(f"table {table} has {found[table][0]:,} rows, the backup {rows:,}")
        elif found[table][1] != total:
            told.append(f"table {table} has other values than the backup")
    known = wanted.keys() | set(backup.manifest.left_out)
    told += [f"table {table} is not in the backup" for table in found.keys() - known]
    before = {name: Position(*each) for name, each in backup.manifest.sequences.items()}
    return told + contents.moved(before, now)
