"""Databases of generated rows: what sql/generate/ makes, in every size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.queries import Connection

DIRECTORY = Path(__file__).resolve().parent.parent / "sql" / "generate"


def files() -> list[Path]:
    """Return the files that make the rows, in order."""
    return sorted(DIRECTORY.glob("[0-9].*.sql"))


def fill(connection: Connection, tasks: int, *, random_ids: bool = False) -> None:
    """Fill a migrated, seeded and otherwise empty database.

    Args:
        connection: In autocommit mode.
        tasks: How many; the other tables grow in proportion.
        random_ids: Make keys that are in no order (UUID version 4) instead of time-ordered ones.

    """
    _set(connection, tasks=tasks, random_ids="on" if random_ids else "off")
    for path in files():
        connection.execute(path.read_bytes())
    connection.execute("DISCARD TEMP")


def parameters(connection: Connection, tasks: int, runs: int) -> list[dict[str, Any]]:
    """Return values of the queries' parameters by name, a row for each run.

    Args:
        connection: To a database that `fill` has filled; in autocommit mode.
        tasks: Its size, as `fill` was given it.
        runs: How many rows.

    """
    _set(connection, tasks=tasks, runs=runs)
    for name in ("0.draws.sql", "parameters.sql"):
        connection.execute((DIRECTORY / name).read_bytes())
    # As JSON, since Python has no infinite time.
    rows = connection.execute("SELECT to_jsonb(p) FROM parameters AS p ORDER BY p.run").fetchall()
    connection.execute("DISCARD TEMP")
    return [row for (row,) in rows]


def _set(connection: Connection, **settings: object) -> None:
    for name, value in settings.items():
        connection.execute("SELECT set_config(%s, %s, FALSE)", [f"generate.{name}", str(value)])
