"""The statements that write the history: the engine runs them, `plan --sql` prints them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from migrator.core import batch, sqltext
from migrator.core.batch import Batch
from migrator.core.files import CHECKSUM_ALGORITHM, Migration, Seed, SqlFile, read
from migrator.core.session import Session
from migrator.sql import sql

_LONGEST_KEPT = 1_000_000  # bytes


def _kept(source: SqlFile) -> str | None:
    """Return the text of a file as the history keeps it; None if it is too long."""
    return source.text.decode() if len(source.text) <= _LONGEST_KEPT else None


def file_end(session: Session, record: str) -> str:
    """Return the statements that follow a file's own in its transaction, but for the COMMIT.

    They check that transaction and lock are still the runner's, and deferred constraints under the
    file's own settings. Then they make the session as a new one, and record the file.

    Args:
        session: The session that runs the file.
        record: The statements that record it.

    """
    check = sql("core/file_end") % {"key": session.lock_key}
    return f"{check}SET CONSTRAINTS ALL IMMEDIATE;\n{session.renewal}{record}"


@dataclass(frozen=True, slots=True)
class Recorder:
    """Makes the statements that record what was done.

    Args:
        cursor: A cursor whose server decides how values are quoted; nothing is sent.
        username: The name of the user; None for the role that will run the statements.
        hostname: The name of the machine or of the program.

    """

    cursor: psycopg.ClientCursor[Any]
    username: str | None
    hostname: str

    def applied(
        self,
        migration: Migration,
        rollback: SqlFile | None = None,
        duration_ms: int | None = None,
        operation: str = "apply",
    ) -> str:
        """Return the statements that record a migration as applied.

        Args:
            migration: The migration.
            rollback: Its rollback file, if the texts of both are to be kept.
            duration_ms: How long it ran, in milliseconds; 0 if it was only marked; None if it ran
                in the transaction that records it.
            operation: The operation in yoyo's log: `apply` or `mark`.

        """
        return self.marked(migration, operation) + self.kept(migration, rollback, duration_ms)

    def marked(self, migration: Migration, operation: str = "mark") -> str:
        """Return the statements that write yoyo's log and mark of a migration; see `applied`."""
        return self._of_migration("record_apply", migration.id, operation=operation)

    def replaced(self, migration: Migration, ids: Sequence[str]) -> str:
        """Return the statements that mark a squashed pair in the place of what it replaces.

        They fail if those are not marked.

        Args:
            migration: The squashed pair.
            ids: The ids of the migrations that it replaces.

        """
        return self._of_migration(
            "record_replaced", migration.id, replaced=list(ids), count=len(ids)
        ) + self.kept(migration, read(migration.rollback_path))

    def kept(
        self, migration: Migration, rollback: SqlFile | None = None, duration_ms: int | None = 0
    ) -> str:
        """Return the statements that record what the files of a marked migration say."""
        checksum = migration.source.checksum
        record = self._of_migration(
            "record_checksum", migration.id, checksum=checksum, duration_ms=duration_ms
        )
        if rollback is None:
            return record
        texts = {"applied_text": _kept(migration.source), "rollback_text": _kept(rollback)}
        return record + self._of_migration("record_text", migration.id, **texts)

    def rolled_back(self, migration: Migration) -> str:
        """Return the statements that record a rollback; they fail if there is no mark."""
        return self._of_migration("record_rollback", migration.id)

    def started(self, migration: Migration, source: SqlFile, direction: str) -> str:
        """Return the statement that records the start of a file outside a transaction.

        It writes no row if the start is recorded already.

        Args:
            migration: The migration.
            source: The file that will run.
            direction: `apply` or `rollback`.

        """
        checksum = source.checksum
        return self._of_migration(
            "record_intent", migration.id, checksum=checksum, direction=direction
        )

    def ended(self, migration_id: str) -> str:
        """Return the statement that deletes the record of a start, once the outcome is known."""
        return self._of_migration("record_outcome", migration_id)

    def batches_started(self, migration_id: str, **values: Any) -> str:
        """Return the statement that records that this session runs batches."""
        return self._of_migration("record_batches", migration_id, **values)

    def batches_in_psql(self, migration: Migration, source: SqlFile, direction: str) -> str:
        """Return the statements that run a file in batches, without a runner.

        Args:
            migration: The migration.
            source: The file to run.
            direction: `apply` or `rollback`.

        """
        (statement,) = sqltext.statements(source.text)
        how = source.batch or Batch(1)
        begin = self.started(migration, source, direction) + self.batches_started(
            migration.id, expected=None, batch_rows=how.rows, batch_after=how.after, deleted=0
        )
        return f"BEGIN;\n{begin}COMMIT;\n" + self._of_migration(
            "batch_script",
            migration.id,
            checksum=source.checksum,
            statement=source.text[statement.start : statement.end].decode(),
            by_key=batch.is_by_key(source.text, statement),
            target_ms=how.target_ms,
            pause_ms=how.pause_ms,
            largest=batch.LARGEST * how.rows,
        )

    def batch_settings(self, **values: Any) -> str:
        """Return the statements with which the transaction of a batch begins."""
        return self._sql("batch_settings", **values)

    def batch_taken(self, migration_id: str, **values: Any) -> str:
        """Return the statement that records a batch, in its transaction."""
        return self._of_migration("record_batch", migration_id, **values)

    def batch_load(self, migration_id: str) -> str:
        """Return the query for what the next batch must wait for."""
        return self._of_migration("batch_load", migration_id)

    def seeded(self, seed: Seed) -> str:
        """Return the statement that records the checksum of an applied seed."""
        return self._sql("record_seed", id=seed.id, checksum=seed.source.checksum)

    def _of_migration(self, name: str, migration_id: str, **values: Any) -> str:
        # The key of a migration in yoyo's tables.
        named = hashlib.sha256(migration_id.encode()).hexdigest()
        return self._sql(name, id=migration_id, hash=named, **values)

    def _sql(self, name: str, **values: Any) -> str:
        common = {
            "username": self.username,
            "hostname": self.hostname,
            "algorithm": CHECKSUM_ALGORITHM,
        }
        return self.cursor.mogrify(sql(f"core/{name}"), common | values)
