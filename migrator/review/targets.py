"""Asks the planner where a statement seeks the rows that it writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg

from migrator.core import sqltext

WRITES = {"UPDATE", "DELETE", "MERGE", "WITH"}
_KEYS = "SELECT indnkeyatts FROM pg_index WHERE indisunique AND indexrelid = %s::regclass"


def searched(connection: psycopg.Connection[Any], statement: bytes) -> frozenset[str]:
    """Return the tables that a statement searches for rows to write, but by no key.

    Args:
        connection: The session that ran it.
        statement: One that writes rows. Of more than one, nothing is told.

    """
    if len([*sqltext.statements(statement)]) != 1:
        return frozenset()
    with connection.transaction(force_rollback=True):
        connection.execute("SET LOCAL enable_seqscan TO off")
        plan = connection.execute(b"EXPLAIN (FORMAT JSON, VERBOSE) " + statement).fetchall()
        return frozenset(_searched(connection, plan[0][0][0]["Plan"]))


def _searched(connection: psycopg.Connection[Any], node: dict[str, Any]) -> Iterator[str]:
    below = node.get("Plans", [])
    is_write = node["Node Type"] == "ModifyTable" and node["Operation"] != "Insert"
    if is_write and not (len(below) == 1 and _is_by_key(connection, below[0])):
        for table in node.get("Target Tables", [node]):
            yield f"{table['Schema']}.{table['Relation Name']}".removeprefix("public.")
    for each in below:
        yield from _searched(connection, each)


def _is_by_key(connection: psycopg.Connection[Any], node: dict[str, Any]) -> bool:
    """Say whether a node finds one row at most: by all columns of a unique index."""
    if "Index Name" not in node:
        return False
    index = psycopg.sql.Identifier(node["Schema"], node["Index Name"]).as_string()
    keys = connection.execute(_KEYS, (index,)).fetchall()
    conditions = node.get("Index Cond", "")
    return bool(keys) and conditions.count(" = ") >= keys[0][0] and "ANY" not in conditions
