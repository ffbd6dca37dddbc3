"""The history as SQL, one file a record: the engine sends it, `plan --sql` prints it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import psycopg

from migrator.core.files import CHECKSUM_ALGORITHM, Migration, Seed, SqlFile
from migrator.sql import sql


@dataclass(frozen=True, slots=True)
class Recorder:
    """Writes the statements that record what is done to files.

    Args:
        connection: Values are quoted as its server reads them; nothing is sent.
        username: Who does it; None for the role that will run the statements.
        hostname: On which machine, or by which program.

    """

    connection: psycopg.Connection[Any]
    username: str | None
    hostname: str

    def applied(self, migration: Migration, duration_ms: int = 0, operation: str = "apply") -> str:
        """Return what marks a migration as applied.

        Args:
            migration: The migration, as its file is now.
            duration_ms: How long it ran, in milliseconds; 0 where it was only marked.
            operation: What yoyo's log is to call it: `apply` or `mark`.

        """
        return self._of_migration(
            "record_apply",
            migration.id,
            checksum=migration.source.checksum,
            duration_ms=duration_ms,
            operation=operation,
        )

    def rolled_back(self, migration: Migration) -> str:
        """Return what takes a migration's mark away; it fails where there is none."""
        return self._of_migration("record_rollback", migration.id)

    def started(self, migration: Migration, source: SqlFile, direction: str) -> str:
        """Return what records that a file is about to run outside a transaction.

        It writes no row where that is recorded already.

        Args:
            migration: The migration.
            source: The file, of either direction.
            direction: `apply` or `rollback`.

        """
        checksum = source.checksum
        return self._of_migration(
            "record_intent", migration.id, checksum=checksum, direction=direction
        )

    def ended(self, migration_id: str) -> str:
        """Return what takes the record of its start away: it is known how the file ended."""
        return self._of_migration("record_outcome", migration_id)

    def seeded(self, seed: Seed) -> str:
        """Return what records that a seed was applied as its file is now."""
        return self._sql("record_seed", id=seed.id, checksum=seed.source.checksum)

    def _of_migration(self, name: str, migration_id: str, **values: Any) -> str:
        # As yoyo names it in its tables.
        named = hashlib.sha256(migration_id.encode()).hexdigest()
        return self._sql(name, id=migration_id, hash=named, **values)

    def _sql(self, name: str, **values: Any) -> str:
        common = {
            "username": self.username,
            "hostname": self.hostname,
            "algorithm": CHECKSUM_ALGORITHM,
        }
        cursor = psycopg.ClientCursor(self.connection)
        return cursor.mogrify(sql(f"core/{name}"), common | values)
