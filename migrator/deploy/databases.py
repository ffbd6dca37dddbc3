"""Databases as a whole: made like another one, filled from a backup, and swapped by rename."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql as words

from migrator.catalogue import contents
from migrator.core.errors import Failed, Refused
from migrator.core.session import NoConnection, for_program, open_connection
from migrator.core.target import Target
from migrator.deploy import archive
from migrator.deploy.archive import Backup, Programs
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


def refuse_existing(server: Target, database: str) -> None:
    """Refuse a name that a database has already.

    Raises:
        Refused: There is one.

    """
    with open_connection(server) as connection:
        query = "SELECT FROM pg_database WHERE datname = %s"
        if connection.execute(query, (database,)).fetchone() is not None:
            raise Refused(
                f"There is a database {database} already.",
                hint="Give the name of one that is not there.",
            )


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
    if properties["table_space"] != "pg_default":  # which would need a right of its own
        values["TABLESPACE"] = words.Identifier(properties["table_space"])
    given = [words.SQL("{} = {}").format(words.SQL(key), value) for key, value in values.items()]
    head = words.SQL("CREATE DATABASE {} TEMPLATE template0 ").format(words.Identifier(name))
    connection.execute(head + words.SQL(" ").join(given))


def dress(connection: Connection, name: str, properties: Mapping[str, Any]) -> list[str]:
    """Give a database the comment, settings, grants and limit of another one.

    Once it is filled: a setting may stand in the way of that.

    Args:
        connection: To another database of the server.
        name: The database's.
        properties: What the other one is: see properties.sql.

    Returns:
        What could not be given to it, since the role may not.

    """
    left = []
    for statement in _statements(name, properties):
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
        what = words.SQL(value) if key in _LISTS else words.Literal(value)
        of = words.SQL("ALTER DATABASE {} SET {} TO {}").format(database, words.SQL(key), what)
        if each["role"] is not None:
            of = words.SQL("ALTER ROLE {} IN DATABASE {} SET {} TO {}").format(
                words.Identifier(_unquoted(each["role"])), database, words.SQL(key), what
            )
        made.append(of)
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
    backup: Backup,
    target: Target,
    tools: Programs,
    *,
    jobs: int,
    with_owners: bool,
    without: Sequence[str] = (),
    show: Callable[[str], None],
) -> None:
    """Restore a backup into an empty database, and gather its statistics.

    Args:
        backup: The backup to read.
        target: The database, by the role that restores.
        tools: pg_restore.
        jobs: How many sessions restore at once.
        with_owners: Whether objects get their owners and grants.
        without: Extensions that are left out.
        show: Told how far it is.

    Raises:
        Failed: It cannot be restored; the database holds a part of it.

    """
    database = str(target.parameters["dbname"])
    conninfo, environment = for_program(target, database)
    argv = [str(tools.restore), f"--dbname={conninfo}", f"--jobs={jobs}"]
    argv += [] if with_owners else ["--no-owner", "--no-privileges"]
    with open_connection(target) as connection:
        major = connection.info.server_version // 10000
        argv += ["--exit-on-error"] if major == tools.version else []
        chosen = backup.path.with_name(f"{backup.path.name}.{os.getpid()}.list")
        if without:
            archive.write(chosen, _chosen(tools, backup, without))
            argv.append(f"--use-list={chosen}")
        try:
            code, said = archive.run(
                [*argv, str(backup.path)],
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
                f"{backup.path} cannot be restored into {database}: {binaries.tail(said)}",
                state="The target was not changed by that.",
                hint="Correct the cause and run the command again.",
            )
        show(f"analysing {database}")
        connection.execute("ANALYZE")


def _chosen(tools: Programs, backup: Backup, without: Sequence[str]) -> str:
    left = {f"EXTENSION - {name} " for name in without}
    left |= {f"COMMENT - EXTENSION {name} " for name in without}
    listed = archive.contents_of(tools, backup.path)
    return "\n".join(line for line in listed if not any(each in f"{line} " for each in left)) + "\n"


def size(connection: Connection) -> int:
    """Return how large a database is, in bytes."""
    ((size_bytes,),) = connection.execute("SELECT pg_database_size(current_database())").fetchall()
    return int(size_bytes)


def differences(
    backup: Backup, target: Target, *, show: Callable[[str], None] = lambda _: None
) -> dict[str, str]:
    """Compare a database's rows and sequences with a backup's manifest.

    Args:
        backup: The backup to read.
        target: The database.
        show: Told how far it is.

    Returns:
        What differs, in words, by the name of the table or sequence.

    """
    wanted = backup.manifest.tables
    told = {}
    with open_connection(target) as connection:
        found: dict[str, tuple[int, int]] = {}
        for table, rows, total in contents.whole_rows(
            connection, lambda: show(f"comparing rows: {len(found)} of {len(wanted)} tables")
        ):
            found[table] = (rows, total)
        for table, (rows, total) in wanted.items():
            now = found.get(table)
            if now is None:
                told[table] = f"table {table} is missing"
            elif now[0] != rows:
                told[table] = f"table {table} has {now[0]:,} rows, the backup {rows:,}"
            elif now[1] != total:
                told[table] = f"table {table} has other values than the backup"
        for table in found.keys() - wanted.keys():
            told[table] = f"table {table} is not in the backup"
        for line in contents.moved(backup.manifest.sequences, contents.positions(connection)):
            told[line] = line
    return told


# The swap


def swap(
    admin: Administrator,
    *,
    current: str,
    new: str,
    old: str,
    own: set[int],
    look: Callable[[], None],
) -> list[str]:
    """Give a new database the name of the current one, which keeps another, in one transaction.

    RENAME closes the database first: nobody can connect until the transaction ends, however it
    ends; then it waits for those who are connected, and they are ended meanwhile. So a kill at any
    moment leaves the old names, or the new ones, and no database closed.

    Args:
        admin: Who does it, from another database.
        current: The database that is in use.
        new: The one that takes its place; nobody is connected to it.
        old: The name that the current one gets.
        own: The sessions of this program in the current database; `look` closes them.
        look: Called once, when nobody else is connected and nobody can connect: raises to give up.

    Returns:
        What was ended, a line each session.

    Raises:
        Failed: Somebody could not be ended, or it is not known whether the commit took place.

    """
    with open_connection(admin.target) as renaming, open_connection(admin.target) as ending:
        # Whoever connects while it waits for the lock waits behind it.
        renaming.execute("SET lock_timeout TO '5s'")
        renaming.execute("BEGIN")
        failure: list[BaseException] = []
        looked: list[bool] = []

        def look_once() -> None:
            if not looked:
                looked.append(True)
                look()

        def rename() -> None:
            try:
                renaming.execute(renaming_to(current, old))
            except psycopg.Error as error:
                failure.append(error)

        thread = threading.Thread(target=rename, name="rename", daemon=True)
        thread.start()
        try:
            ended = _end_sessions(
                ending, renaming, thread, database=current, own=own, look=look_once
            )
            thread.join()
            if not failure:
                look_once()  # this program's sessions were lost, else that is done
                renaming.execute(renaming_to(new, current))
                _commit(renaming, admin.target, old)
        except BaseException:
            with suppress(psycopg.Error):
                renaming.cancel_safe(timeout=2)
            thread.join(timeout=10)
            renaming.close()  # what is not committed ends with it
            raise
        if failure:
            raise Failed(
                f"{current} could not be renamed: {str(failure[0]).strip()}",
                state="Both databases have the names that they had; nobody is turned away.",
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
    *,
    database: str,
    own: set[int],
    look: Callable[[], None],
) -> list[str]:
    """End every session of a database that is closed by a rename; look once nobody is left."""
    from migrator.core.waits import sessions_in_words

    named = {"database": database, "pid": renaming.info.backend_pid}
    ended: dict[int, str] = {}
    closed_at = 0.0
    deadline = time.monotonic() + _CLOSES_S
    while thread.is_alive() and time.monotonic() < deadline:
        ((is_closed,),) = ending.execute(sql("deploy/has_database_lock"), named).fetchall()
        rows = ending.execute(sql("deploy/sessions_of"), named).fetchall() if is_closed else []
        others = {pid for (pid,) in rows} - own
        if is_closed and not others:
            look()
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


def _commit(renaming: Connection, admin: Target, old: str) -> None:
    """Commit the swap; where the answer is lost, look whether it took place."""
    try:
        renaming.execute("COMMIT")
    except psycopg.OperationalError as error:
        with suppress(NoConnection, psycopg.Error), open_connection(admin) as connection:
            row = connection.execute(
                "SELECT FROM pg_database WHERE datname = %s", (old,)
            ).fetchone()
            if row is not None:
                return
        raise Failed(
            f"The connection was lost while the databases were renamed: {str(error).strip()}",
            state=f"If there is a database {old}, the restored one is in use; else the old one is.",
            hint="Look at the list of databases, then at `status`.",
        ) from error
