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
from migrator.core.files import Migration, SqlFile, read
from migrator.core.record import Recorder, file_end
from migrator.core.session import Session
from migrator.sql import sql

# DEFERRABLE has no effect here, but shows that the transaction is still the runner's own: it is
# gone as soon as the file ends that transaction.
BEGIN = b"BEGIN DEFERRABLE; "
# A later commit, or Backend.flush(), writes this one to disk.
_ASYNCHRONOUS = b"SET LOCAL synchronous_commit TO off; "
_QUIETLY = b"SET LOCAL client_min_messages TO warning; "  # not: exists already, skipping
_IN_TRANSACTION = {pq.TransactionStatus.INTRANS, pq.TransactionStatus.INERROR}
LARGE = 1_000_000  # bytes
_WRITES = (b"INSERT", b"UPDATE", b"DELETE", b"MERGE")
_COPYING = frozenset({pq.ExecStatus.COPY_IN, pq.ExecStatus.COPY_OUT})
_FAILED, _ROWS = pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.TUPLES_OK


class StatementError(psycopg.Error):
    """A statement of a text failed.

    Args:
        error: The server's error.
        completed: How many statements of the text ran before it.
        offset: The position of the error in the text, in characters; None if the server gives none.
        at_end: Whether all of a file ran, and what ends its transaction failed.

    """

    def __init__(
        self, error: psycopg.Error, completed: int, offset: int | None, *, at_end: bool = False
    ) -> None:
        super().__init__(str(error))
        self.error = error
        self.completed = completed
        self.offset = offset
        self.at_end = at_end


class TransactionEnded(Exception):
    """A file ended the transaction that it runs in."""


class LockReleased(Exception):
    """A file released the runner's lock."""


# What the error of core/file_end.sql tells.
_BROKEN = {
    "migrator.transaction_ended": TransactionEnded,
    "migrator.lock_released": LockReleased,
}
_FILE_END = b"migrator_file_end"  # the column by which the end of a file is known


class Backend(PostgresqlPsycopgBackend):  # type: ignore[misc]  # yoyo has no types
    """yoyo's backend on the runner's own connection, with the history in schema yoyo.

    Args:
        session: The session that holds the runner's lock.

    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._message: list[str] | None = None
        facts = session.facts
        self._internal_schema_updated = (
            facts.has_checksums and facts.has_texts and facts.has_batches
        )
        self._is_unflushed = False
        # Citus sends some commands on as the text of their whole message: each has one of its own.
        self._longest_message = LARGE if session.citus is None else 1
        self.recorder = Recorder(
            psycopg.ClientCursor(session.connection), process.user_name(), socket.gethostname()
        )
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
            self.run(sql("core/bookkeeping").encode(), _ASYNCHRONOUS + _QUIETLY)
        self._internal_schema_updated = self._is_unflushed = True

    def mark_one(self, migration: RawMigration, log: bool = True) -> None:
        """Record a migration as applied: yoyo's mark and log row, and the checksum of its file.

        Args:
            migration: The migration.
            log: Whether it is only marked; else it was run.

        """
        operation = "mark" if log else "apply"
        rollback = read(migration.recorded.rollback_path)
        self.execute(
            self.recorder.applied(migration.recorded, rollback, migration.duration_ms, operation)
        )

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
        self.run(BEGIN)

    def commit(self) -> None:
        """Commit, and wait until that and all commits before it are on disk."""
        self._in_transaction = False
        self.connection.execute("COMMIT")
        self._is_unflushed = False

    def rollback(self) -> None:
        """Roll back, if there is still a connection; without one the server has done it."""
        self._in_transaction = False
        if self.status in _IN_TRANSACTION:
            self.run(f"ROLLBACK; {self.session.renewal}".encode())

    def flush(self, *, locally: bool = False) -> None:
        """Wait until all commits are on disk, also if the run ended before its last file.

        Args:
            locally: Do not wait for a synchronous standby.

        """
        if self._is_unflushed and self.session.is_free:
            how = b"SET LOCAL synchronous_commit TO local; " * locally
            self.run(how + b"SELECT pg_logical_emit_message(TRUE, 'migrator', '')")
            self._is_unflushed = False

    def renew_session(self) -> None:
        """Undo what a file did to the session, so that it does not affect the next file."""
        self.run(self.session.renewal.encode())

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

    def _send(self, text: bytes, prefix: bytes = b"", ending: bytes = b"") -> tuple[int, int]:
        """Send a text; return how many rows were written and how many statements ran.

        Neither number counts what `ending` does.
        """
        pgconn = self.connection.pgconn
        written = completed = 0
        at_end = False
        failure: pq.abc.PGresult | None = None

        def communicate() -> Iterator[Any]:
            nonlocal written, completed, at_end, failure
            yield from generators.send(pgconn)
            while True:
                # What has come already is taken at once: a file may have many thousand results.
                waits = pgconn.is_busy()
                result = (yield from generators.fetch(pgconn)) if waits else pgconn.get_result()
                if result is None:
                    return
                status = result.status
                if status in _COPYING:
                    pgconn.finish()  # the only way to end a COPY without data
                    raise psycopg.OperationalError("COPY with data of the client is not supported")
                if status == _FAILED:
                    failure = failure or result
                elif failure is None and not at_end:
                    if status == _ROWS and result.nfields == 1 and result.fname(0) == _FILE_END:
                        at_end = True
                        continue
                    completed += 1
                    if (result.command_status or b"").startswith(_WRITES):
                        written += result.command_tuples or 0

        pgconn.send_query(b"".join((prefix, text, ending)) if prefix or ending else text)
        self.connection.wait(communicate())
        if failure is not None:
            error = error_from_result(failure, encoding="utf-8")
            for name, broken in _BROKEN.items():
                if ending and f'"{name}"' in str(error):
                    raise broken
            position = error.diag.statement_position
            offset = int(position) - 1 - len(prefix) if position is not None else None
            completed = max(0, completed - prefix.count(b";"))
            raise StatementError(error, completed, offset, at_end=at_end)
        return written, completed

    def run_in_transaction(self, text: bytes) -> int:
        """Begin a transaction and run a text in it; see `run`."""
        return self._run_file(text, b"")

    def run_and_commit(self, text: bytes, record: str, *, durably: bool) -> int:
        """Run the text of a file, record it, and commit, in one transaction and one message.

        Args:
            text: The text; empty for a file that has run outside a transaction.
            record: The statements that record it.
            durably: Whether to wait until the commit is on disk; else a later commit or `flush`
                does.

        Returns:
            How many rows the file wrote.

        Raises:
            TransactionEnded: The file ended the transaction that it runs in.
            LockReleased: The file released the runner's lock.
            StatementError: A statement of the file failed, or it could not be recorded or
                committed.

        """
        how = "" if durably else _ASYNCHRONOUS.decode()
        ending = f"{file_end(self.session, how + record)}COMMIT;".encode()
        was_unflushed, self._is_unflushed = self._is_unflushed, True
        try:
            written = self._run_file(text, ending)
        except StatementError:
            self._is_unflushed = was_unflushed
            raise
        self._is_unflushed = not durably
        return written

    def end_file(self, record: str) -> None:
        """Commit the transaction in which a file has run, with what records it.

        Raises:
            TransactionEnded: The file ended the transaction that it ran in.
            LockReleased: The file released the runner's lock.
            StatementError: It could not be recorded or committed.

        """
        self._send(b"", b"", f"{file_end(self.session, record)}COMMIT;".encode())

    def _run_file(self, text: bytes, ending: bytes) -> int:
        """Run a file in a transaction that `ending` ends.

        A large text is sent in pieces, because libpq keeps a copy of each message. On Citus, each
        statement is sent alone.
        """
        if len(text) <= self._longest_message:
            return self._send(sqltext.closed(text) if ending else text, BEGIN, ending)[0]
        self.run(BEGIN)
        written = completed = characters = 0
        for piece in sqltext.pieces(text, self._longest_message):
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
        if ending:
            self._send(b"", b"", ending)
        return written


class _WholeFile(MigrationStep):  # type: ignore[misc]
    """A step that holds the whole text of a file, not split into statements."""

    def __init__(self, source: SqlFile, record: str, *, durably: bool) -> None:
        super().__init__(0, source.text, source.text)
        self._transactional = source.transactional
        self._record = record
        self._durably = durably

    def apply(self, backend: Backend, force: bool = False) -> None:  # noqa: ARG002
        if self._transactional:
            backend.run_and_commit(self._apply, self._record, durably=self._durably)
        else:
            backend.run(self._apply)

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
        self.use_transactions = file.transactional

    def run(self, backend: Backend, record: str = "", *, durably: bool = True) -> None:
        """Run the file, and measure its time.

        Args:
            backend: The backend to run it on.
            record: The statements that record it, if it runs in a transaction.
            durably: Whether to wait until its commit is on disk.

        """
        self.steps = [_WholeFile(self.file, record, durably=durably)]
        started = time.monotonic()
        self.steps[0].apply(backend)
        self.ran(round((time.monotonic() - started) * 1000))

    def ran(self, duration_ms: int) -> None:
        """Keep how long the file ran, in milliseconds."""
        self.duration_ms = duration_ms
