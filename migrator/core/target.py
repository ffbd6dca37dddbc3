"""The database that a command works on: which it is, the connection, what is known of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from migrator.core.errors import Refused
from migrator.core.settings import LOCK_KEY
from migrator.sql import sql

if TYPE_CHECKING:
    import psycopg

# libpq's variables that make a target, and the parameters that leave them nothing to decide.
_TARGET_VARIABLES = {
    "PGHOST": {"host", "hostaddr", "service"},
    "PGHOSTADDR": {"host", "hostaddr", "service"},
    "PGPORT": {"port", "service"},
    "PGDATABASE": {"dbname", "service"},
    "PGSERVICE": {"service"},  # to libpq, an empty one is a service without a name
}
SECRETS = frozenset({"password", "sslpassword", "oauth_client_secret"})
_CONNECT_TIMEOUT_S = "10"
# As in settings.sql: a server that the network swallowed is given up within a minute.
_KEEPALIVES = {
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
_CANCEL_TIMEOUT_S = 2.0
_MINIMUM_VERSION = 150000
_HAS_TRANSACTION_TIMEOUT = 170000


class NoConnection(Refused):
    """The target cannot be connected to."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect.

    Args:
        parameters: libpq's connection parameters, the password among them.
        origin: What named the target: an option, a variable, the embedded server.
        shown: The target in words, without its secrets.

    """

    parameters: Mapping[str, str]
    origin: str
    shown: str

    @classmethod
    def parse(cls, conninfo: str, origin: str) -> Target:
        """Return the target that a URL or `key=value` string names.

        Raises:
            Refused: It cannot be read.

        """
        from psycopg import ProgrammingError
        from psycopg.conninfo import conninfo_to_dict

        if not conninfo.strip():
            raise _empty(origin)
        for scheme in ("postgresql", "postgres"):  # yoyo's own name for psycopg 3
            conninfo = conninfo.replace(f"{scheme}+psycopg://", f"{scheme}://", 1)
        try:
            parameters = conninfo_to_dict(conninfo)
        except (ProgrammingError, UnicodeError):
            # libpq's message may quote the password, so it is not shown.
            raise Refused(
                f"{origin} is neither a postgresql:// URL nor a key=value connection string.",
                hint="For example postgresql://user@host:5432/name or 'host=/run/postgresql "
                "dbname=name'; percent-encode special characters of a password in a URL.",
            ) from None
        # An empty database name would override the service's or the variable's.
        return _target({key: str(value) for key, value in parameters.items() if value}, origin)

    def called(self, application: str) -> Target:
        """Return the same for sessions of that application_name, where none is set elsewhere."""
        return replace(
            self, parameters={"fallback_application_name": application, **self.parameters}
        )

    def beside(self, database: str) -> Target:
        """Return another database of the same server, for the same role."""
        parameters = {**self.parameters, "dbname": database}
        return Target(parameters, self.origin, f"{self.shown} (database {database})")


@dataclass(frozen=True, slots=True)
class Session:
    """An open connection and what the server said of itself when it was set up.

    Args:
        connection: In autocommit mode; the runner begins and ends transactions itself.
        pid: The server's process.
        settings: The statements that put the session's settings back after a file changed them.
        lock_key: The advisory lock that lets one runner at a time change the database.
        has_history: Whether the database has yoyo's tables in schema yoyo.
        has_checksums: Whether it has the runner's own tables beside them.
        has_deploys: Whether it has those of deploys, too.
        may_write_history: Whether the role may write the tables that are there.
        is_standby: Whether the server is in recovery.
        is_read_only: Whether transactions are read-only by default.
        is_replica_role: Whether session_replication_role is replica.
        database: The database's name.

    """

    connection: psycopg.Connection[tuple[Any, ...]]
    pid: int
    settings: str
    lock_key: int
    has_history: bool
    has_checksums: bool
    has_deploys: bool
    may_write_history: bool
    is_standby: bool
    is_read_only: bool
    is_replica_role: bool
    database: str

    @property
    def is_free(self) -> bool:
        """Whether the connection is open, with no statement or transaction under way."""
        return self.connection.info.transaction_status == 0  # IDLE


def abandon(session: Session) -> None:
    """Close a connection on which something is under way; the server ends that."""
    from psycopg import Error

    if not session.is_free and not session.connection.closed:
        with suppress(Error):
            session.connection.cancel_safe(timeout=_CANCEL_TIMEOUT_S)
        session.connection.close()


def resolve(
    database: str | None, environment: Mapping[str, str], origin: str = "--database"
) -> Target | None:
    """Find the target that the user named; None means the embedded server.

    Args:
        database: The value of --database, a URL or `key=value` string.
        environment: DATABASE_URL and libpq's own variables are read from it.
        origin: What gave that value: the option, or its environment variable.

    Raises:
        Refused: The URL or string cannot be read, or what would have named the target is empty.

    """
    found: Target | None
    if database is not None:
        found = Target.parse(database, origin)
    elif "DATABASE_URL" in environment:
        found = Target.parse(environment["DATABASE_URL"], "DATABASE_URL")
    else:
        given = [name for name in _TARGET_VARIABLES if environment.get(name)]
        found = _target({}, " and ".join(given)) if given else None
    _refuse_empty(environment, found.parameters if found else {})
    return found


def _refuse_empty(environment: Mapping[str, str], parameters: Mapping[str, str]) -> None:
    """Refuse an empty variable that would have decided: a lost secret is no other target."""
    for name, deciding in _TARGET_VARIABLES.items():
        if environment.get(name) == "" and not deciding & parameters.keys():
            raise _empty(name)


def _empty(origin: str) -> Refused:
    if origin.startswith("-"):
        return Refused(
            f"{origin} is empty: it names no database.",
            hint=f"Give {origin} its value, or leave it out.",
        )
    return Refused(
        f"{origin} is set and empty: it names no database.",
        hint=f"Give {origin} its value, or `unset {origin}` if it is not meant.",
    )


def _target(parameters: Mapping[str, str], origin: str) -> Target:
    def value(key: str, variable: str) -> str:
        return parameters.get(key) or os.environ.get(variable, "")

    user = value("user", "PGUSER")
    host = value("host", "PGHOST") or parameters.get("hostaddr", "")
    port = value("port", "PGPORT")
    service = value("service", "PGSERVICE")
    database = value("dbname", "PGDATABASE")
    at = f"postgresql://{user + '@' if user else ''}"
    if host.startswith("/"):
        shown = f"{at}/{database}?host={host}" + (f"&port={port}" if port else "")
    else:
        shown = f"{at}{host}{':' + port if port else ''}/{database}"
    shown += f" service={service}" if service else ""
    return Target(parameters, origin, shown)


def open_connection(target: Target) -> psycopg.Connection[tuple[Any, ...]]:
    """Connect, and do nothing more.

    Raises:
        NoConnection: The server cannot be reached, or turned the role away.

    """
    import psycopg

    parameters = {
        "connect_timeout": os.environ.get("PGCONNECT_TIMEOUT", _CONNECT_TIMEOUT_S),
        "fallback_application_name": "migrator",
        "client_encoding": "UTF8",
        **_KEEPALIVES,
        **target.parameters,
    }
    try:
        return psycopg.connect(**parameters, autocommit=True)  # type: ignore[arg-type]
    except psycopg.Error as error:
        raise NoConnection(
            f"Cannot connect to {target.shown}: {_without_secrets(str(error), target)}",
            hint="Check the target, the server and the role's rights; behind PgBouncer, connect to "
            "PostgreSQL itself.",
        ) from None


def for_program(target: Target, database: str) -> tuple[str, dict[str, str]]:
    """Return how one of PostgreSQL's programs connects: where other users can read no secret.

    Args:
        target: The server, and the role.
        database: The database's name.

    Returns:
        A connection string without secrets, and an environment with them.

    Raises:
        Refused: A secret that no environment variable can hold.

    """
    from psycopg.conninfo import make_conninfo

    parameters = dict(target.parameters)
    # As in settings.sql: the session of a program that is gone does not wait on for a lock.
    options = "-c client_connection_check_interval=500ms"
    environment = {**os.environ, "PGOPTIONS": options, "PGCLIENTENCODING": "UTF8"}
    if "password" in parameters:
        environment["PGPASSWORD"] = parameters.pop("password")
    if shown := SECRETS & parameters.keys():
        raise Refused(
            f"pg_dump would show other users {', '.join(sorted(shown))}, as an argument.",
            hint="Put it into a service file, and name that with PGSERVICE.",
        )
    parameters["dbname"] = database
    return make_conninfo("", **parameters), environment


def connect(
    target: Target,
    *,
    lock_timeout_ms: int = 0,
    statement_timeout_ms: int = 0,
    lock_key: int = LOCK_KEY,
) -> Session:
    """Connect, learn what decides whether a command may go on, and set the session up.

    Args:
        target: Where to connect.
        lock_timeout_ms: How long a statement waits for a lock, in milliseconds; 0 is for ever.
        statement_timeout_ms: How long a statement may run, in milliseconds; 0 is for ever.
        lock_key: The advisory lock that lets one runner at a time change the database.

    Raises:
        Refused: No connection, a connection pooler, a server too old, an encoding but UTF8.

    """
    import psycopg
    from psycopg.rows import dict_row

    connection = open_connection(target)
    try:
        asking = connection.cursor(row_factory=dict_row)
        facts = asking.execute(sql("core/facts").encode()).fetchone()
        assert facts is not None  # noqa: S101  a SELECT without FROM has one row
        _refuse_unfit(connection, target, facts)
        values = {
            "lock_timeout": f"{lock_timeout_ms}ms",
            "statement_timeout": f"{statement_timeout_ms}ms",
        }
        settings = psycopg.ClientCursor(connection).mogrify(sql("core/settings"), values)
        if facts["server_version"] >= _HAS_TRANSACTION_TIMEOUT:
            settings += "SET transaction_timeout TO 0;\n"
        if facts["search_path"] == '"$user", public':
            # Its "$user" would let a schema that is named as the role catch the tables.
            settings += "SET search_path TO public;\n"
        connection.execute(settings.encode())
    except BaseException as error:
        connection.close()
        if not isinstance(error, psycopg.Error):
            raise
        raise Refused(
            f"Cannot work on {target.shown}: {_without_secrets(str(error), target)}",
            hint="Check the target and the role's rights.",
        ) from None
    return Session(
        connection=connection,
        pid=facts["backend_pid"],
        settings=settings,
        lock_key=lock_key,
        has_history=facts["has_history"],
        has_checksums=facts["has_checksums"],
        has_deploys=facts["has_deploys"],
        may_write_history=facts["may_write_history"],
        is_standby=facts["is_standby"],
        is_read_only=facts["is_read_only"],
        is_replica_role=facts["is_replica_role"],
        database=facts["database_name"],
    )


def _refuse_unfit(
    connection: psycopg.Connection[Any], target: Target, facts: Mapping[str, Any]
) -> None:
    """Refuse what cannot be worked on, before anything is SET: a pooler would keep that."""
    if connection.info.backend_pid != facts["backend_pid"]:
        raise Refused(
            f"{target.shown} is behind a connection pooler, where the runner's lock and settings "
            "would reach other sessions.",
            hint="Connect to PostgreSQL itself, past the pooler.",
        )
    if facts["server_version"] < _MINIMUM_VERSION:
        raise Refused(
            f"{target.shown} is PostgreSQL {facts['server_version'] // 10000}; 15 is the oldest "
            "that can be migrated.",
        )
    if facts["encoding"] != "UTF8":
        raise Refused(
            f"{target.shown} has the encoding {facts['encoding']}; UTF8 is needed.",
            hint="Create the database with ENCODING 'UTF8'.",
        )


def refuse_unwritable(session: Session, target: Target) -> None:
    """Refuse a target where nothing can be written, or not recorded, before any work.

    Raises:
        Refused: A standby, a read-only session, one without triggers, a history of others'.

    """
    if session.is_standby:
        raise Refused(
            f"{target.shown} is a standby: nothing can be written there.",
            hint="Name the primary.",
        )
    if session.is_read_only:
        raise Refused(
            f"{target.shown} is read-only: nothing can be written there.",
            hint="Set default_transaction_read_only off.",
        )
    if session.is_replica_role:
        raise Refused(
            f"{target.shown} has session_replication_role replica: no trigger and no reference "
            "works there.",
            hint="Take that setting from the role, the database or the URL.",
        )
    if not session.may_write_history:
        raise Refused(
            f"The role {session.connection.info.user} may not write the history in schema yoyo, so "
            "nothing that it did could be recorded.",
            hint="Use the role that migrates, which owns that schema.",
        )


def _without_secrets(message: str, target: Target) -> str:
    for key in SECRETS & target.parameters.keys():
        message = message.replace(target.parameters[key], "********")
    return message.strip()
