"""Databases as a whole: made like another one, filled from a backup, and swapped by rename."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql as words
from psycopg.rows import dict_row

from migrator.catalogue import contents
from migrator.catalogue.contents import Position
from migrator.core.errors import Failed, Refused
from migrator.core.session import NoConnection, for_program, open_connection
from migrator.core.target import Target
from migrator.core.waits import sessions_in_words
from migrator.deploy import archive, programs
from migrator.deploy.archive import Backup
from migrator.deploy.programs import Programs
from migrator.server import binaries
from migrator.sql import sql

Connection = psycopg.Connection[Any]
_LONGEST_NAME = 63  # bytes
_MAINTENANCE = ("postgres", "template1")
# Their values are lists of names, which ALTER DATABASE SET wants as they are kept.
_LISTS = {
    "local_preload_libraries",
    "search_path",
    "session_preload_libraries",
    "shared_preload_libraries",
    "temp_tablespaces",
    "unix_socket_directories",
}
_PROVIDERS = {"c": "libc", "i": "icu", "b": "builtin"}
_LOCALES = {"i": "ICU_LOCALE", "b": "BUILTIN_LOCALE"}
_OF_NEWER_CLIENTS = 'unrecognized configuration parameter "transaction_timeout"'
_SAME_SERVER = "SELECT pg_postmaster_start_time(), current_setting('port')"
_CLOSES_S = 30.0
_LEAVES_S = 0.2
_LIST_ITEM = re.compile(r'"((?:[^"]|"")*)"|([^,\s"]+)')
# What acts by itself, or leads to another server: a copy for trying is made without it.
_ACTS = re.compile(
    r"^\d+; \d+ \d+ (?:"
    r"EVENT TRIGGER|USER MAPPING|SUBSCRIPTION(?: TABLE)?|EXTENSION - dblink "
    r"|(?:COMMENT|SECURITY LABEL|ACL) - (?:EVENT TRIGGER|SUBSCRIPTION|EXTENSION dblink )"
    r")(.*)"
)
_POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class Administrator:
    """What a role may do with databases, on the target's server.

    Args:
        target: A database that is neither the target nor made or renamed here.
        is_superuser: Whether it may do all.
        may_create: Whether it may make databases.
        owns_database: Whether it may rename the target.
        data_directory: Where the server keeps its data; None where the role may not know.

    """

    target: Target
    is_superuser: bool
    may_create: bool
    owns_database: bool
    data_directory: str | None


def administrator(target: Target, database: str, given: Target | None) -> Administrator | None:
    """Find a maintenance database on the target's server, and what may be done from there.

    Args:
        target: The target.
        database: Its database's name.
        given: The role and database to use, where the user named some.

    Returns:
        None where there is no connection.

    Raises:
        Refused: What the user named cannot be connected to, or is another server.

    """
    with open_connection(target) as connection:
        server = connection.execute(_SAME_SERVER).fetchone()
    candidates = [target.beside(each) for each in _MAINTENANCE if each != database]
    if given is not None:
        candidates = [given]
    for candidate in candidates:
        try:
            with open_connection(candidate) as connection:
                query = sql("deploy/administrator")
                row = connection.execute(query, {"database": database}).fetchone()
                if connection.execute(_SAME_SERVER).fetchone() != server:
                    raise Refused(
                        "--admin names another server than the target's.",
                        hint="Name a database of the same server, such as postgres.",
                    )
        except NoConnection:
            if given is not None:
                raise
            continue
        if row is not None:
            return Administrator(candidate, *row)
    return None


def refuse_name(server: Target, database: str) -> None:
    """Refuse a name that no new database can have.

    Raises:
        Refused: It is empty or too long, or a database has it already.

    """
    why = ""
    if not database:
        why = "A database needs a name."
    elif len(database.encode()) > _LONGEST_NAME:
        why = f"{database} is {len(database.encode())} bytes long; PostgreSQL cuts names to 63."
    elif exists(server, database):
        why = f"There is a database {database} already."
    if why:
        raise Refused(why, hint="Give --into a name of up to 63 bytes that no database has.")


def exists(server: Target, database: str) -> bool:
    """Say whether a server has a database of this name."""
    with open_connection(server) as connection:
        query = "SELECT FROM pg_database WHERE datname = %s"
        return connection.execute(query, (database,)).fetchone() is not None


def shortened(database: str, suffix: str) -> str:
    """Return a name made of a database's and a suffix, not longer than PostgreSQL allows."""
    room = _LONGEST_NAME - len(suffix.encode())
    return database.encode()[:room].decode("utf-8", "ignore") + suffix


def plain(name: str) -> words.Composed:
    """Return the statement that makes an empty database, as the server makes them."""
    statement = words.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'")
    return statement.format(words.Identifier(name))


def create(connection: Connection, name: str, properties: Mapping[str, Any]) -> None:
    """Create an empty database as another one was created.

    Args:
        connection: To another database of the server.
        name: The new one's.
        properties: What the other one is: see properties.sql.

    """
    provider = properties["locale_provider"]
    values = {
        "OWNER": words.Identifier(_unquoted(properties["owner_name"])),
        "ENCODING": words.Literal(properties["encoding"]),
        "LOCALE_PROVIDER": words.SQL(_PROVIDERS[provider]),
        "LC_COLLATE": words.Literal(properties["lc_collate"]),
        "LC_CTYPE": words.Literal(properties["lc_ctype"]),
    }
    if properties["locale"] is not None:
        values[_LOCALES[provider]] = words.Literal(properties["locale"])
    if properties["rules"]:
        values["ICU_RULES"] = words.Literal(properties["rules"])
    if properties["table_space"] != "pg_default":  # which would need a right of its own
        values["TABLESPACE"] = words.Identifier(properties["table_space"])
    given = [words.SQL("{} = {}").format(words.SQL(key), value) for key, value in values.items()]
    head = words.SQL("CREATE DATABASE {} TEMPLATE template0 ").format(words.Identifier(name))
    connection.execute(head + words.SQL(" ").join(given))


def properties(connection: Connection) -> dict[str, Any]:
    """Return what a database is apart from its contents: see properties.sql."""
    cursor = connection.cursor(row_factory=dict_row)
    return dict(cursor.execute(sql("deploy/properties").encode()).fetchone() or {})


def dress(
    connection: Connection, name: str, properties: Mapping[str, Any], *, is_copy: bool = False
) -> list[str]:
    """Give a database the comment, settings, grants and limit of another one.

    Once it is filled: a setting may stand in the way of that.

    Args:
        connection: To another database of the server.
        name: The database's.
        properties: What the other one is: see properties.sql.
        is_copy: Whether it is for trying, and dropped soon: it is no template, and has no limit.

    Returns:
        What could not be given to it, since the role may not.

    """
    left = []
    usual = {"connection_limit": -1, "is_template": False} if is_copy else {}
    for statement in _statements(name, {**properties, **usual}):
        try:
            connection.execute(statement)
        except (psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedObject) as error:
            left.append(f"{statement.as_string(connection)}: {error.diag.message_primary}")
    return left


def _statements(name: str, properties: Mapping[str, Any]) -> list[words.Composed]:
    database = words.Identifier(name)
    limit = words.SQL(str(properties["connection_limit"]))
    made = [words.SQL("ALTER DATABASE {} CONNECTION LIMIT {}").format(database, limit)]
    if properties["description"]:
        text = words.Literal(properties["description"])
        made.append(words.SQL("COMMENT ON DATABASE {} IS {}").format(database, text))
    for each in properties["settings"]:
        key, _, value = each["setting"].partition("=")
        what: words.Composable = words.Literal(value)
        if key in _LISTS:
            items = [(a.replace('""', '"') or b) for a, b in _LIST_ITEM.findall(value)]
            what = words.SQL(", ").join(map(words.Literal, items))
        setting = words.Identifier(key)
        of = words.SQL("ALTER DATABASE {} SET {} TO {}").format(database, setting, what)
        if each["role"] is not None:
            of = words.SQL("ALTER ROLE {} IN DATABASE {} SET {} TO {}").format(
                words.Identifier(_unquoted(each["role"])), database, setting, what
            )
        made.append(of)
    if properties["is_template"]:
        made.append(words.SQL("ALTER DATABASE {} IS_TEMPLATE true").format(database))
    if properties["grants"] is not None:
        made.append(words.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
        for each in properties["grants"]:
            grantee: words.Composable = words.SQL("PUBLIC")
            if each["grantee"] is not None:
                grantee = words.Identifier(_unquoted(each["grantee"]))
            made.append(
                words.SQL("GRANT {} ON DATABASE {} TO {}{}").format(
                    words.SQL(each["privilege"]),
                    database,
                    grantee,
                    words.SQL(" WITH GRANT OPTION" if each["grantable"] else ""),
                )
            )
    return made


def _unquoted(name: str) -> str:
    """Return a role's name as it is; regrole quotes it where it must be."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def fill(
    dump: Path,
    target: Target,
    tools: Programs,
    *,
    jobs: int,
    options: Sequence[str] = (),
    is_copy: bool = False,
    without: Sequence[str] = (),
    show: Callable[[str], None],
) -> list[str]:
    """Restore a dump into an empty database, and gather its statistics.

    Args:
        dump: What pg_dump wrote.
        target: The database, by the role that restores.
        tools: pg_restore.
        jobs: How many sessions restore at once.
        options: More of pg_restore's options: --no-owner.
        is_copy: Whether it is for trying: what acts by itself is left out, and so is what leads to
            other servers.
        without: Extensions that are left out.
        show: Told how far it is.

    Returns:
        What was left out.

    Raises:
        Failed: It cannot be restored; the database holds a part of it.

    """
    database = str(target.parameters["dbname"])
    conninfo, environment = for_program(target, database)
    argv = [str(tools.restore), f"--dbname={conninfo}", f"--jobs={jobs}", *options]
    left: list[str] = []
    with open_connection(target) as connection:
        major = connection.info.server_version // 10000
        argv += ["--exit-on-error"] if major == tools.version else []
        chosen = dump.with_name(f"{dump.name}.{os.getpid()}.list")
        if is_copy or without:
            kept, left = _chosen(programs.contents_of(tools, dump), without, is_copy=is_copy)
            archive.write(chosen, "\n".join(kept) + "\n")
            argv.append(f"--use-list={chosen}")
        try:
            code, said = programs.run(
                [*argv, str(dump)],
                environment,
                meanwhile=lambda: show(f"restoring into {database}: {size(connection):,} bytes"),
            )
        finally:
            chosen.unlink(missing_ok=True)
        errors = [
            line
            for line in said.splitlines()
            if line.startswith("pg_restore: error:") and _OF_NEWER_CLIENTS not in line
        ]
        if (code and tools.version == major) or errors:
            raise Failed(
                f"{dump} cannot be restored into {database}: {binaries.tail(said)}",
                state="The target was not changed by that.",
                hint="Correct the cause and run the command again.",
            )
        show(f"analysing {database}")
        connection.execute("ANALYZE")
    return left


def _chosen(
    listed: Sequence[str], without: Sequence[str], *, is_copy: bool
) -> tuple[list[str], list[str]]:
    """Return the lines of a dump's table of contents that are restored, and what is left out."""
    names = [f"{kind}EXTENSION {name} " for name in without for kind in ("- ", "COMMENT - ")]
    names += [f" EXTENSION - {name} " for name in without]
    kept, left = [], []
    for line in listed:
        acts = is_copy and _ACTS.match(f"{line} ") is not None
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


# Names


def rename(
    admin: Administrator,
    renames: Sequence[tuple[str, str]],
    *,
    own: set[int],
    leave: Callable[[], None],
) -> list[str]:
    """Give databases other names, in one transaction; whoever is in the first one is ended.

    RENAME closes the database first: nobody can connect until the transaction ends, however it
    ends; then it waits for those who are connected, and they are ended meanwhile. So a kill at any
    moment leaves the old names, or the new ones.

    Args:
        admin: Who does it, from another database.
        renames: Of each database its name and its new one; nobody is in any but the first.
        own: The sessions of this program in the first one.
        leave: Closes those; called once nobody else is there and nobody can connect.

    Returns:
        Who was ended, a line each session.

    Raises:
        Failed: Somebody could not be ended, a name is taken, or it is not known whether the commit
            took place.

    """
    (current, to), *others = renames
    with open_connection(admin.target) as renaming, open_connection(admin.target) as ending:
        # Whoever connects while it waits for the lock waits behind it.
        renaming.execute("SET lock_timeout TO '5s'")
        renaming.execute("BEGIN")
        failure: list[psycopg.Error] = []

        def work() -> None:
            try:
                renaming.execute(renaming_to(current, to))
            except psycopg.Error as error:
                failure.append(error)

        thread = threading.Thread(target=work, name="rename", daemon=True)
        thread.start()
        try:
            ended = _end_sessions(ending, renaming, thread, current, own=own, leave=leave)
            thread.join()
            if not failure:
                leave()
                for name, new in others:
                    renaming.execute(renaming_to(name, new))
                _commit(renaming, admin.target, current, to)
        except BaseException as error:
            with suppress(psycopg.Error):
                renaming.cancel_safe(timeout=2)
            thread.join(timeout=10)
            renaming.close()  # what is not committed ends with it
            if not isinstance(error, psycopg.Error):
                raise
            failure.append(error)
        if failure:
            raise Failed(
                f"{current} could not be renamed: {str(failure[0]).strip()}",
                state="Every database has the name that it had.",
                hint="End what is connected, or have a role that may end it: --admin URL. Then run "
                "the command again.",
            ) from failure[0]
        return ended


def renaming_to(name: str, to: str) -> words.Composed:
    """Return the statement that gives a database another name."""
    return words.SQL("ALTER DATABASE {} RENAME TO {}").format(
        words.Identifier(name), words.Identifier(to)
    )


def _end_sessions(
    ending: Connection,
    renaming: Connection,
    thread: threading.Thread,
    database: str,
    *,
    own: set[int],
    leave: Callable[[], None],
) -> list[str]:
    """End every session of a database that is closed by a rename; then this program's own."""
    named = {"database": database, "pid": renaming.info.backend_pid}
    ended: dict[int, str] = {}
    closed_at = 0.0
    deadline = time.monotonic() + _CLOSES_S
    while thread.is_alive() and time.monotonic() < deadline:
        ((is_closed,),) = ending.execute(sql("deploy/has_database_lock"), named).fetchall()
        rows = ending.execute(sql("deploy/sessions_of"), named).fetchall() if is_closed else []
        others = {pid for (pid,) in rows} - own
        if is_closed and not others:
            leave()
            thread.join(max(0.0, deadline - time.monotonic()))
            break
        closed_at = closed_at or (time.monotonic() if is_closed else 0.0)
        leaving = time.monotonic() - closed_at < _LEAVES_S  # this program's own, just closed
        for pid in set() if leaving else others:
            ended.setdefault(pid, sessions_in_words(ending, [pid]))
            with suppress(psycopg.errors.InsufficientPrivilege):
                ending.execute("SELECT pg_terminate_backend(%s)", (pid,))
        time.sleep(_POLL_S)
    return list(filter(None, ended.values()))


def _commit(renaming: Connection, admin: Target, current: str, to: str) -> None:
    """Commit the renames; where the answer is lost, look whether that took place."""
    try:
        renaming.execute("COMMIT")
    except psycopg.OperationalError as error:
        with suppress(NoConnection):
            if exists(admin, to):
                return
        raise Failed(
            f"The connection was lost while databases were renamed: {str(error).strip()}",
            state=f"The database is called {current}, or {to} if that is there.",
            hint="`deploy --resume` finds it under either name.",
        ) from error
