"""Opens connections: by their target alone, with all settings pinned that could change a result.

There are two kinds. `open_connection` is for the tool's own statements: no setting of a role or a
database changes what they read, or ends them. `open_session` is for files: they run as in psql,
except for the few settings in core/settings.sql.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import psycopg
from psycopg import pq
from psycopg.conninfo import make_conninfo
from psycopg.rows import class_row

from migrator.core import citus
from migrator.core.citus import Citus
from migrator.core.errors import Refused
from migrator.core.settings import LOCK_KEY
from migrator.core.target import SECRETS, Target, environment_with, is_of_libpq
from migrator.sql import sql

Connection = psycopg.Connection[tuple[Any, ...]]

_CONNECT_TIMEOUT_S = "10"
# As in settings.sql: if the network drops all packets, the connection ends within a minute.
_KEEPALIVES = {
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
# As in settings.sql: the session of a program that has ended stops waiting for a lock.
_OPTIONS_OF_PROGRAMS = "-c client_connection_check_interval=500ms"
_CANCEL_TIMEOUT_S = 2.0
_PING_INTERVAL_S = 0.25
_MINIMUM_VERSION = 150000
_HAS_TRANSACTION_TIMEOUT = 170000
_ENVIRONMENT = threading.Lock()
_URL = re.compile(r"\w+://[^\s\"]*")


class NoConnection(Refused):
    """It is impossible to connect to the target."""

    why = "cannot be reached"  # in a table


class NoAnswer(NoConnection):
    """No server answered in time."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a command may wait and work, and on what.

    Args:
        lock_timeout_ms: How long a statement waits for a lock; 0 means no limit.
        lock_attempts: Attempts per file.
        statement_timeout_ms: How long a statement may run; 0 means no limit.
        online_wait_ms: How long a statement outside a transaction waits for locks and for older
            transactions.
        lock_wait_s: How long to wait for another runner, in seconds.
        connect_wait_s: How long to wait for a server that starts, in seconds.
        beside_others: Whether a database without a history may have tables, because they are
            another application's.
        batch_lag_ms: How far a replica may be behind while batches run.
        until: When no further batch begins; None for no such time.

    """

    lock_timeout_ms: int = 2_000
    lock_attempts: int = 5
    statement_timeout_ms: int = 0
    online_wait_ms: int = 600_000
    lock_wait_s: float = 60.0
    connect_wait_s: float = 0.0
    beside_others: bool = False
    batch_lag_ms: int = 10_000
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts about the server and the history: see core/facts.sql.

    Args:
        server_version: The version as PostgreSQL numbers it: 180006.
        encoding: The encoding of the database.
        search_path: The search_path of the role and the database.
        database: The name of the database.
        pid: The process id of the session on the server.
        is_standby: Whether the server is in recovery.
        is_replica_role: Whether session_replication_role is replica.
        is_read_only: Whether transactions are read-only by default.
        has_citus: Whether the database has the extension Citus.
        has_history: Whether schema yoyo has the tables of yoyo.
        has_checksums: Whether it also has the runner's own tables.
        has_texts: Whether it also has the texts of the files, which older releases did not keep.
        has_batches: Whether it also has the progress of batches, of which these did not know.
        may_write_history: Whether the role may write these tables.

    """

    server_version: int
    encoding: str
    search_path: str
    database: str
    pid: int
    is_standby: bool
    is_replica_role: bool
    is_read_only: bool
    has_citus: bool
    has_history: bool
    has_checksums: bool
    has_texts: bool
    has_batches: bool
    may_write_history: bool


@dataclass(frozen=True, slots=True)
class Session:
    """A connection for files, and the facts about its server.

    Args:
        connection: A connection in autocommit mode; the runner begins and ends transactions.
        settings: The statements that make the session's settings.
        lock_key: The key of the advisory lock that lets one runner at a time change the database.
        facts: The facts about the server and the history.
        citus: The facts about the Citus cluster; None for a server without that extension.

    """

    connection: Connection
    settings: str
    lock_key: int
    facts: Facts
    citus: Citus | None = None

    @property
    def renewal(self) -> str:
        """The statements after which a file finds the session as a new one, with its settings."""
        return sql("core/new_session") + self.settings

    @property
    def is_free(self) -> bool:
        """Whether the connection is open and idle, without a transaction."""
        return self.connection.info.transaction_status == 0  # IDLE


def open_connection(target: Target) -> Connection:
    """Connect for the tool's own statements.

    Raises:
        NoConnection: The server cannot be reached, or rejects the role.
        Refused: The target is a connection pooler.

    """
    connection = _connect(target)
    with _closed_on_error(connection, target):
        pid = connection.info.backend_pid
        ((found, _),) = connection.execute(sql("core/own_settings"), {"pid": pid}).fetchall()
        if found != pid:
            raise _pooled(target)
    return connection


def open_session(
    target: Target,
    limits: Limits = Limits(),
    lock_key: int = LOCK_KEY,
) -> Session:
    """Connect for files, and read the facts about the server.

    Args:
        target: The target.
        limits: How long statements may wait and run.
        lock_key: The key of the advisory lock that lets one runner at a time change the database.

    Raises:
        NoConnection: The server cannot be reached, or rejects the role.
        Refused: The target is a connection pooler or too old, its encoding is not UTF8, or it is a
            worker of a Citus cluster.

    """
    connection = _connect(target, prepare_threshold=None)  # a file may deallocate what is
    with _closed_on_error(connection, target):
        asking = connection.cursor(row_factory=class_row(Facts))
        (facts,) = asking.execute(sql("core/facts").encode()).fetchall()
        _refuse_unfit(connection, target, facts)
        cluster = citus.read(connection) if facts.has_citus else None
        _refuse_worker(target, cluster)
        settings = _settings(connection, facts, limits)
        connection.execute(settings.encode())
    return Session(connection, settings, lock_key, facts, cluster)


def wait_until_ready(target: Target, wait_s: float, say: Callable[[str], None]) -> None:
    """Wait until a server accepts connections, or the time is over; what is wrong then is not told.

    Args:
        target: A database of the server; neither it nor the role need exist.
        wait_s: How long to wait, in seconds; 0 to try nothing.
        say: Called once if it must wait.

    """
    if not wait_s:
        return
    conninfo = make_conninfo("", **_parameters(target)).encode()
    deadline = time.monotonic() + wait_s
    is_told = False
    while time.monotonic() < deadline:
        with _only_its_variables(target):
            answer = pq.PGconn.ping(conninfo)
        if answer not in {pq.Ping.REJECT, pq.Ping.NO_RESPONSE}:
            return
        if not is_told:
            say(f"waiting for {target.shown} to accept connections")
            is_told = True
        time.sleep(_PING_INTERVAL_S)


def abandon(session: Session) -> None:
    """Close a connection that is busy; its statement is cancelled."""
    if not session.is_free and not session.connection.closed:
        with suppress(psycopg.Error):
            session.connection.cancel_safe(timeout=_CANCEL_TIMEOUT_S)
        session.connection.close()


def for_program(target: Target, database: str) -> tuple[str, dict[str, str]]:
    """Return how a program such as pg_dump connects, so that other users can read no secret.

    Args:
        target: The server and the role.
        database: The name of the database.

    Returns:
        A connection string without secrets, and an environment that has them.

    Raises:
        Refused: There is a secret that no environment variable can hold.

    """
    parameters = {**target.parameters, "dbname": database, "client_encoding": "UTF8"}
    environment = environment_with(target.variables)
    if "options" in parameters:
        parameters["options"] = f"{_OPTIONS_OF_PROGRAMS} {parameters['options']}"
    else:  # of a service's options, libpq takes none beside a parameter
        options = environment.get("PGOPTIONS", "")
        environment["PGOPTIONS"] = f"{_OPTIONS_OF_PROGRAMS} {options}".strip()
    if "password" in parameters:
        environment["PGPASSWORD"] = parameters.pop("password")
    if shown := SECRETS & parameters.keys():
        raise Refused(
            f"Other users could read {', '.join(sorted(shown))} among the arguments of pg_dump.",
            hint="Put it into a service file, and name the service with PGSERVICE.",
        )
    return make_conninfo("", **parameters), environment


def pinned(target: Target, connection: Connection) -> Target:
    """Return a target that names exactly the server of a connection.

    Args:
        target: The target of the connection; its name may stand for several servers.
        connection: The connection.

    """
    info = connection.info
    here = {"host": info.host, "port": str(info.port), "target_session_attrs": "any"}
    if not info.host.startswith("/"):
        here["hostaddr"] = info.hostaddr
    return replace(target, parameters={**target.parameters, **here})


def refuse_unwritable(session: Session, target: Target) -> None:
    """Refuse a target where nothing can be written or recorded, before any work.

    Raises:
        Refused: The target is a standby or read-only, its triggers are switched off, or the role
            may not write the history.

    """
    facts = session.facts
    if facts.is_standby:
        raise Refused(
            f"{target.shown} is a standby: nothing can be written there.",
            hint="Use the primary server as the target.",
        )
    if facts.is_read_only:
        raise Refused(
            f"{target.shown} is read-only: nothing can be written there.",
            hint="Set default_transaction_read_only to off for the role, the database or the URL.",
        )
    if facts.is_replica_role:
        raise Refused(
            f"{target.shown} has session_replication_role = replica, which switches triggers and "
            "references off.",
            hint="Remove that setting from the role, the database or the URL.",
        )
    if not facts.may_write_history:
        raise Refused(
            f"The role {session.connection.info.user} may not write the history in schema yoyo.",
            hint="Use the role that owns that schema.",
        )


def _connect(target: Target, **how: Any) -> Connection:
    try:
        with _only_its_variables(target):
            return psycopg.connect(**_parameters(target), **how, autocommit=True)
    except psycopg.Error as error:
        said = _URL.sub("<URL>", str(error).strip())  # that a service file has for a host
        is_silent = isinstance(error, psycopg.errors.ConnectionTimeout)
        raise (NoAnswer if is_silent else NoConnection)(
            f"Cannot connect to {target.shown}: {said}",
            hint="Check host, port, database, role and password, and whether the server runs. "
            "Behind PgBouncer, connect to PostgreSQL itself.",
        ) from None


def _parameters(target: Target) -> dict[str, Any]:
    return {
        "connect_timeout": target.variables.get("PGCONNECT_TIMEOUT", _CONNECT_TIMEOUT_S),
        "fallback_application_name": "migrator",
        **_KEEPALIVES,
        **target.parameters,
        "client_encoding": "UTF8",
    }


@contextmanager
def _only_its_variables(target: Target) -> Iterator[None]:
    """Show libpq only the environment variables that belong to the target."""
    with _ENVIRONMENT:
        aside = {name: os.environ.pop(name) for name in [*os.environ] if is_of_libpq(name)}
        os.environ.update(target.variables)
        try:
            yield
        finally:
            for name in target.variables:
                os.environ.pop(name, None)
            os.environ.update(aside)


@contextmanager
def _closed_on_error(connection: Connection, target: Target) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        connection.close()
        if not isinstance(error, psycopg.Error):
            raise
        raise Refused(
            f"Cannot work on {target.shown}: {str(error).strip()}",
            hint="Check the settings and privileges of the role and the database.",
        ) from None


def _settings(connection: Connection, facts: Facts, limits: Limits) -> str:
    values = {
        "lock_timeout": f"{limits.lock_timeout_ms}ms",
        "statement_timeout": f"{limits.statement_timeout_ms}ms",
    }
    settings = psycopg.ClientCursor(connection).mogrify(sql("core/settings"), values)
    if facts.server_version >= _HAS_TRANSACTION_TIMEOUT:
        settings += "SET transaction_timeout TO 0;\n"
    if facts.search_path == '"$user", public':
        # With "$user", tables would be created in a schema that has the name of the role.
        settings += "SET search_path TO public;\n"
    return settings + citus.SETTINGS * facts.has_citus


def _refuse_unfit(connection: Connection, target: Target, facts: Facts) -> None:
    """Refuse an unfit target before the first SET, which a pooler would keep."""
    if connection.info.backend_pid != facts.pid:
        raise _pooled(target)
    if facts.server_version < _MINIMUM_VERSION:
        raise Refused(
            f"{target.shown} is PostgreSQL {facts.server_version // 10000}; the oldest supported "
            "version is 15.",
            hint="Upgrade the server.",
        )
    if facts.encoding != "UTF8":
        raise Refused(
            f"{target.shown} has the encoding {facts.encoding}, not UTF8.",
            hint="Create the database with ENCODING 'UTF8'.",
        )


def _refuse_worker(target: Target, cluster: Citus | None) -> None:
    """Refuse a server that has only a share of the rows, and no history."""
    if cluster is not None and not cluster.is_coordinator:
        where = f": {cluster.coordinator}" if cluster.coordinator else ""
        raise Refused(
            f"{target.shown} is a worker of a Citus cluster; migrations run on its coordinator.",
            hint=f"Use the coordinator as the target{where}.",
        )


def _pooled(target: Target) -> Refused:
    return Refused(
        f"{target.shown} is behind a connection pooler, so the runner's lock and settings would "
        "reach other sessions.",
        hint="Connect to PostgreSQL itself instead of the pooler.",
    )
