"""yoyo, as the runner uses it: the only module that knows yoyo.

Stock yoyo runs a file statement by statement on one connection and marks it on another. Here one
connection and one transaction hold the whole file, yoyo's mark and log row, and the checksum.
"""

from __future__ import annotations

import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import generators, pq
from psycopg.errors import error_from_result
from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend
from yoyo.migrations import Migration as YoyoMigration
from yoyo.migrations import MigrationStep, default_migration_table
from yoyo.utils import change_param_style

from migrator.core import process, sqltext
from migrator.core.files import Migration, SqlFile
from migrator.core.target import Session
from migrator.sql import sql

# DEFERRABLE means nothing here, and is gone when anything but the runner ends the transaction.
_BEGIN = b"BEGIN DEFERRABLE; "
# A later commit, or Applier.flush(), takes this one to the disk.
_ASYNCHRONOUS = b"SET LOCAL synchronous_commit TO off; "
_IN_TRANSACTION = {pq.TransactionStatus.INTRANS, pq.TransactionStatus.INERROR}
LARGE = 1_000_000  # bytes
_WRITES = frozenset({b"INSERT", b"UPDATE", b"DELETE", b"MERGE"})


class StatementError(psycopg.Error):
    """A statement of a text failed.

    Args:
        error: What the server said.
        completed: How many statements of the text had been run before.
        offset: Where in the text it failed, in characters; None where the server does not say.

    """

    def __init__(self, error: psycopg.Error, completed: int, offset: int | None) -> None:
        super().__init__(str(error))
        self.error = error
        self.completed = completed
        self.offset = offset


class Backend(PostgresqlPsycopgBackend):  # type: ignore[misc]  # yoyo has no types
    """yoyo's backend on the runner's own connection, with its tables in a schema of their own."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._batch: list[str] | None = None
        self._internal_schema_updated = session.has_deploys  # the newest of the tables
        self._queries: dict[str, str] = {}  # yoyo's statements with psycopg's parameters
        self._quoting = psycopg.ClientCursor(session.connection)
        super().__init__(None, default_migration_table)
        self._logged_as = {"username": process.user_name(), "hostname": socket.gethostname()}

    def connect(self, dburi: None) -> psycopg.Connection[Any]:  # noqa: ARG002  yoyo's signature
        """Return the connection that the runner's lock is held on."""
        return self._session.connection

    def quote_identifier(self, s: str) -> str:
        """Quote a name; qualify yoyo's tables, so that search_path cannot matter."""
        quoted: str = super().quote_identifier(s)
        tables = {self.migration_table, self.log_table, self.lock_table, self.version_table}
        return f"yoyo.{quoted}" if s in tables else quoted

    def get_log_data(
        self, migration: YoyoMigration | None = None, operation: str = "apply"
    ) -> dict[str, Any]:
        """Return a row for yoyo's log; the user and host are looked up once, not for each file."""
        return {
            "id": str(uuid.uuid1()),
            "migration_id": migration.id if migration else None,
            "migration_hash": migration.hash if migration else None,
            "created_at_utc": datetime.now(UTC).replace(tzinfo=None),
            "operation": operation,
            **self._logged_as,
        }

    def ensure_internal_schema_updated(self) -> bool:
        """Create what is missing of the bookkeeping schema, in one transaction; say if any was."""
        if self._internal_schema_updated:
            return False
        with self.transaction():
            self.run(sql("core/bookkeeping").encode(), _ASYNCHRONOUS)
        self._internal_schema_updated = True
        return True

    def execute(self, sql: str, params: Any = None) -> psycopg.Cursor[Any] | None:
        """Run one of yoyo's statements, or keep it for the message that `one_message` sends."""
        if self._batch is None:
            return super().execute(sql, params)  # type: ignore[no-any-return]
        if params:
            query = self._queries.get(sql)
            if query is None:
                query = self._queries[sql] = change_param_style("pyformat", sql, params)[0]
            sql = self._quoting.mogrify(query, params)
        self._batch.append(sql)
        return None

    @contextmanager
    def one_message(self) -> Iterator[None]:
        """Send what the block executes as one message: one round trip for a file's bookkeeping."""
        self._batch = []
        try:
            yield
            text = ";\n".join(self._batch)
        finally:
            self._batch = None
        self.run(text.encode())

    def begin(self) -> None:
        """Begin a transaction."""
        self._in_transaction = True
        self.run(_BEGIN)

    def commit(self) -> None:
        """Commit."""
        self._in_transaction = False
        self.connection.execute("COMMIT")

    def rollback(self) -> None:
        """Roll back, where there still is a connection; without one the server has done it."""
        self._in_transaction = False
        if self.connection.info.transaction_status in _IN_TRANSACTION:
            self.connection.execute("ROLLBACK")

    def restore_session(self) -> None:
        """Put back what a file's SET changed, so that it reaches neither history nor next file."""
        self.execute("RESET SESSION AUTHORIZATION")
        self.execute("RESET ROLE")
        self.execute("RESET ALL")
        self.execute(self._session.settings)

    def guard_transaction(self) -> None:
        """Fail, by a division by zero, unless the transaction is still the one that was begun."""
        self.execute("SELECT 1 / current_setting('transaction_deferrable')::boolean::integer")

    def run(self, text: bytes, prefix: bytes = b"") -> int:
        """Send a whole text to the server as it is, and drop what it returns.

        One message: the server parses all of it before it runs any of it. No parameters: `%` and
        `:` mean nothing. Results are dropped as they come: memory does not grow with them.

        Args:
            text: One or more statements.
            prefix: Statements to run before them, in the same message.

        Returns:
            How many rows were written.

        Raises:
            StatementError: A statement failed.
            psycopg.OperationalError: The connection was lost.

        """
        return self._send(text, prefix)[0]

    def _send(self, text: bytes, prefix: bytes = b"") -> tuple[int, int]:
        """Do what `run` says; return how many rows were written, how many statements run."""
        pgconn = self.connection.pgconn
        written = completed = 0
        failure: pq.abc.PGresult | None = None

        def communicate() -> Iterator[Any]:
            nonlocal written, completed, failure
            yield from generators.send(pgconn)
            while (result := (yield from generators.fetch(pgconn))) is not None:
                if result.status in {pq.ExecStatus.COPY_IN, pq.ExecStatus.COPY_OUT}:
                    pgconn.finish()  # the only way out of a COPY that nobody feeds
                    raise psycopg.OperationalError("COPY with the client's data is not supported")
                if result.status == pq.ExecStatus.FATAL_ERROR:
                    failure = failure or result
                elif failure is None:
                    completed += 1
                    if (result.command_status or b"-").split()[0] in _WRITES:
                        written += result.command_tuples or 0

        pgconn.send_query(prefix + text if prefix else text)
        self.connection.wait(communicate())
        if failure is not None:
            error = error_from_result(failure, encoding="utf-8")
            position = error.diag.statement_position
            offset = int(position) - 1 - len(prefix) if position is not None else None
            raise StatementError(error, max(0, completed - prefix.count(b";")), offset)
        return written, completed

    def run_in_transaction(self, text: bytes) -> int:
        """Begin a transaction and run a text in it; see `run`.

        A large text goes piece by piece: libpq keeps a copy of what it sends.
        """
        if len(text) <= LARGE:
            return self.run(text, _BEGIN)
        self.run(_BEGIN)
        written = completed = characters = 0
        for piece in sqltext.pieces(text, LARGE):
            try:
                more_written, more_completed = self._send(piece)
            except StatementError as failure:
                failure.completed += completed
                if failure.offset is not None:
                    failure.offset += characters
                raise
            written += more_written
            completed += more_completed
            characters += len(piece.decode())
        return written


class _WholeFile(MigrationStep):  # type: ignore[misc]
    """A step that is a file's whole text: no splitting, no pairing of statements by position."""

    def __init__(self, source: SqlFile) -> None:
        super().__init__(0, source.text, source.text)
        self._transactional = source.transactional

    def apply(self, backend: Backend, force: bool = False) -> None:  # noqa: ARG002
        (backend.run_in_transaction if self._transactional else backend.run)(self._apply)

    rollback = apply


class RawMigration(YoyoMigration):  # type: ignore[misc]
    """yoyo's migration, with one step: the file of the direction that is wanted."""

    def __init__(self, migration: Migration, source: SqlFile) -> None:
        super().__init__(migration.id, str(source.path), str(source.path.parent))
        self._source = source

    def load(self) -> None:
        """Read nothing more: the file was read and checked before."""
        self.steps = [_WholeFile(self._source)]
        self.use_transactions = self._source.transactional
