"""The runner's backend for yoyo; no other module knows yoyo.

Stock yoyo runs a file statement by statement on one connection and marks it as applied on another.
This backend uses one connection and one transaction for the whole file, yoyo's mark and log row,
and the checksum.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import generators, pq
from psycopg.errors import error_from_result
from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend
from yoyo.migrations import Migration as YoyoMigration
from yoyo.migrations import MigrationStep, default_migration_table

from migrator.core import process, sqltext
from migrator.core.files import Migration, SqlFile
from migrator.core.record import Recorder
from migrator.core.session import Session
from migrator.sql import sql

# DEFERRABLE has no effect here, but shows that the transaction is still the runner's own: it is
# gone as soon as the file ends that transaction.
_BEGIN = b"BEGIN DEFERRABLE; "
# A later commit, or Backend.flush(), writes this one to disk.
_ASYNCHRONOUS = b"SET LOCAL synchronous_commit TO off; "
_IN_TRANSACTION = {pq.TransactionStatus.INTRANS, pq.TransactionStatus.INERROR}
LARGE = 1_000_000  # bytes
_WRITES = frozenset({b"INSERT", b"UPDATE", b"DELETE", b"MERGE"})


class StatementError(psycopg.Error):
    """A statement of a text failed.

    Args:
        error: The server's error.
        completed: How many statements of the text ran before it.
        offset: The position of the error in the text, in characters; None if the server gives none.

    """

    def __init__(self, error: psycopg.Error, completed: int, offset: int | None) -> None:
        super().__init__(str(error))
        self.error = error
        self.completed = completed
        self.offset = offset


class TransactionEnded(Exception):
    """A file ended the transaction that it runs in."""


class Backend(PostgresqlPsycopgBackend):  # type: ignore[misc]  # yoyo has no types
    """yoyo's backend on the runner's own connection, with the history in schema yoyo.

    Args:
        session: The session that holds the runner's lock.

    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._message: list[str] | None = None
        self._internal_schema_updated = session.facts.has_checksums
        self._is_unflushed = False
        self.recorder = Recorder(session.connection, process.user_name(), socket.gethostname())
        super().__init__(None, default_migration_table)

    def connect(self, dburi: None) -> psycopg.Connection[Any]:  # noqa: ARG002  yoyo's signature
        """Return the connection that the runner's lock is held on."""
        return self.session.connection

    @property
    def status(self) -> pq.TransactionStatus:
        """Whether the connection is idle, in a transaction, or closed."""
        return self.session.connection.info.transaction_status

    def ensure_internal_schema_updated(self) -> None:
        """Create the missing parts of the bookkeeping schema, in one transaction."""
        if self._internal_schema_updated:
            return
        with self.transaction():
            self.run(sql("core/bookkeeping").encode(), _ASYNCHRONOUS)
        self._internal_schema_updated = self._is_unflushed = True

    def mark_one(self, migration: RawMigration, log: bool = True) -> None:
        """Record a migration as applied: yoyo's mark and log row, and the checksum of its file.

        Args:
            migration: The migration.
            log: Whether it is only marked; else it was run.

        """
        operation = "mark" if log else "apply"
        self.execute(self.recorder.applied(migration.recorded, migration.duration_ms, operation))

    def unmark_one(self, migration: RawMigration, log: bool = True) -> None:  # noqa: ARG002
        """Record a migration as rolled back."""
        self.execute(self.recorder.rolled_back(migration.recorded))

    def execute(self, sql: str, params: None = None) -> None:  # noqa: ARG002  yoyo's signature
        """Run statements, or collect them for `one_message`."""
        if self._message is None:
            self.run(sql.encode())
        else:
            self._message.append(sql)

    @contextmanager
    def one_message(self) -> Iterator[None]:
        """Send all statements of the block in one message, to save round trips."""
        self._message = []
        try:
            yield
            text = "\n".join(self._message)
        finally:
            self._message = None
        self.run(text.encode())

    def begin(self) -> None:
        """Begin a transaction."""
        self._in_transaction = True
        self.run(_BEGIN)

    def commit(self) -> None:
        """Commit, and wait until that and all commits before it are on disk."""
        self._in_transaction = False
        self.connection.execute("COMMIT")
        self._is_unflushed = False

    def rollback(self) -> None:
        """Roll back, if there is still a connection; without one the server has done it."""
        self._in_transaction = False
        if self.status in _IN_TRANSACTION:
            self.connection.execute("ROLLBACK")

    @contextmanager
    def committing(self, *, durably: bool) -> Iterator[None]:
        """Commit the file together with the statements of the block, in one message.

        Args:
            durably: Whether to wait until the commit is on disk; else a later commit or `flush`
                does.

        Raises:
            TransactionEnded: The file ended the transaction that it runs in.
            StatementError: The file could not be recorded or committed.

        """
        if self.status != pq.TransactionStatus.INTRANS:
            raise TransactionEnded
        try:
            with self.one_message():
                # A division by zero if the file has ended the runner's transaction.
                self.execute(
                    "SELECT 1 / current_setting('transaction_deferrable')::boolean::integer;"
                )
                self.restore_session()
                yield
                if not durably:
                    self.execute(_ASYNCHRONOUS.decode())
                self.execute("COMMIT;")
        except StatementError as failure:
            is_guard = not failure.completed
            if is_guard and isinstance(failure.error, psycopg.errors.DivisionByZero):
                raise TransactionEnded from failure
            raise
        self._is_unflushed = not durably

    def flush(self) -> None:
        """Wait until all commits are on disk, also if the run ended before its last file."""
        if self._is_unflushed and self.session.is_free:
            self.connection.execute("SELECT pg_logical_emit_message(TRUE, 'migrator', '')")
            self._is_unflushed = False

    def restore_session(self) -> None:
        """Undo what a file's SET changed, so that it affects neither history nor the next file."""
        self.execute("RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL;")
        self.execute(self.session.settings)

    def run(self, text: bytes, prefix: bytes = b"") -> int:
        """Send a whole text to the server unchanged, and drop its results.

        The text is one message, so the server parses all of it before it runs any statement. It
        has no parameters: `%` and `:` have no special meaning. Results are dropped as they come,
        so that memory does not grow.

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
        """Send a text; return how many rows were written and how many statements ran."""
        pgconn = self.connection.pgconn
        written = completed = 0
        failure: pq.abc.PGresult | None = None

        def communicate() -> Iterator[Any]:
            nonlocal written, completed, failure
            yield from generators.send(pgconn)
            while (result := (yield from generators.fetch(pgconn))) is not None:
                if result.status in {pq.ExecStatus.COPY_IN, pq.ExecStatus.COPY_OUT}:
                    pgconn.finish()  # the only way to end a COPY without data
                    raise psycopg.OperationalError("COPY with data of the client is not supported")
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

        A large text is sent in pieces, because libpq keeps a copy of each message.
        """
        if len(text) <= LARGE:
            return self.run(text, _BEGIN)
        self.run(_BEGIN)
        written = completed = characters = 0
        for piece in sqltext.pieces(text, LARGE):
            try:
                more_written, more_completed = self._send(piece)
            except StatementError as failure:
                offset = failure.offset if failure.offset is None else characters + failure.offset
                raise StatementError(
                    failure.error, completed + failure.completed, offset
                ) from failure
            written += more_written
            completed += more_completed
            characters += len(piece.decode())
        return written


class _WholeFile(MigrationStep):  # type: ignore[misc]
    """A step that holds the whole text of a file, not split into statements."""

    def __init__(self, source: SqlFile) -> None:
        super().__init__(0, source.text, source.text)
        self._transactional = source.transactional

    def apply(self, backend: Backend, force: bool = False) -> None:  # noqa: ARG002
        (backend.run_in_transaction if self._transactional else backend.run)(self._apply)

    rollback = apply


class RawMigration(YoyoMigration):  # type: ignore[misc]
    """yoyo's migration with a single step: the file to apply, or the rollback file.

    Args:
        migration: The migration to record.
        file: The file to run.

    """

    def __init__(self, migration: Migration, file: SqlFile) -> None:
        super().__init__(migration.id, str(file.path), str(file.path.parent))
        self.recorded = migration
        self.file = file
        self.duration_ms = 0

    def load(self) -> None:
        """Make the step; the file was read and checked before."""
        self.steps = [_WholeFile(self.file)]
        self.use_transactions = self.file.transactional

    def run(self, backend: Backend) -> None:
        """Run the step, and measure its time."""
        self.load()
        started = time.monotonic()
        self.steps[0].apply(backend)
        self.duration_ms = round((time.monotonic() - started) * 1000)
