"""What the runner must know of Citus, the extension that distributes tables over servers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import psycopg
from psycopg.rows import class_row

from migrator.sql import sql

# A file may change a reference table and, after it, a distributed one that refers to it.
SETTINGS = "SET citus.multi_shard_modify_mode TO 'sequential';\n"


@dataclass(frozen=True, slots=True)
class Citus:
    """Facts about a Citus cluster, as one of its servers tells them: see core/citus.sql.

    Args:
        version: The version of the extension: 13.2-1.
        is_coordinator: Whether this server is the coordinator.
        coordinator: The coordinator as the servers call it, host:port; None if nobody told them.
        workers: How many active workers there are.
        distributed: How many tables are distributed by a column.
        replicated: How many tables are reference tables, of which each server has all rows.

    """

    version: str
    is_coordinator: bool
    coordinator: str | None
    workers: int
    distributed: int
    replicated: int

    @property
    def document(self) -> dict[str, Any]:
        """The facts as data."""
        return asdict(self)

    @property
    def words(self) -> str:
        """The facts as text."""
        return (
            f"{self.version}, coordinator of {self.workers} workers; "
            f"{self.distributed} distributed tables, {self.replicated} reference tables"
        )


def read(connection: psycopg.Connection[Any]) -> Citus:
    """Read the facts about the cluster of a server that has the extension."""
    asking = connection.cursor(row_factory=class_row(Citus))
    (cluster,) = asking.execute(sql("core/citus").encode()).fetchall()
    return cluster
