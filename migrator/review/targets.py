"""Asks the planner which rows a statement writes, and where it seeks them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg

from migrator.core import sqltext

WRITES = {"UPDATE", "DELETE", "MERGE", "WITH"}
_KEYS = "SELECT indnkeyatts FROM pg_index WHERE indisunique AND indexrelid = %s::regclass"


@dataclass(frozen=True, slots=True)
class Writes:
    """What the planner tells of a statement that writes rows.

    Args:
        searched: The tables that it searches for rows to write, but by no key.
        table: The one that an UPDATE or DELETE changes row by row; empty if it reads that table for
            more than the row itself, or is no such statement.
        alias: What the statement calls that table.

    """

    searched: frozenset[str] = frozenset()
    table: str = ""
    alias: str = ""


def writes(connection: psycopg.Connection[Any], statement: bytes) -> Writes:
    """Ask of a statement that writes rows.

    Args:
        connection: The session that ran it.
        statement: Its text. Of more than one, nothing is told.

    """
    if len([*sqltext.statements(statement)]) != 1:
        return Writes()
    with connection.transaction(force_rollback=True):
        for way in ("seqscan", "hashjoin", "mergejoin"):
            connection.execute(f"SET LOCAL enable_{way} TO off".encode())
        plan = connection.execute(b"EXPLAIN (FORMAT JSON, VERBOSE) " + statement).fetchall()
        top = plan[0][0][0]["Plan"]
        sought = frozenset(_searched(connection, top))
        if top["Node Type"] != "ModifyTable" or top["Operation"] not in {"Update", "Delete"}:
            return Writes(sought)
        read = Counter(_read(top))
        is_plain = not any(read[_name(each)] > 1 for each in top.get("Target Tables", [top]))
        return Writes(sought, _name(top), top["Alias"]) if is_plain else Writes(sought)


def _read(node: dict[str, Any]) -> Iterator[str]:
    for each in node.get("Plans", []):
        if "Relation Name" in each:
            yield _name(each)
        yield from _read(each)


def _name(node: dict[str, Any]) -> str:
    return f"{node['Schema']}.{node['Relation Name']}"


def _searched(connection: psycopg.Connection[Any], node: dict[str, Any]) -> Iterator[str]:
    below = [each for each in node.get("Plans", []) if each["Parent Relationship"] != "InitPlan"]
    is_write = node["Node Type"] == "ModifyTable" and node["Operation"] != "Insert"
    if is_write and not (len(below) == 1 and _is_by_key(connection, below[0])):
        for table in node.get("Target Tables", [node]):
            yield _name(table).removeprefix("public.")
    for each in node.get("Plans", []):  # also of what WITH names
        yield from _searched(connection, each)


def _is_by_key(connection: psycopg.Connection[Any], node: dict[str, Any], schema: str = "") -> bool:
    """Say whether a node finds few rows at most: by all columns of a unique index, or a list."""
    if "Join Type" in node:
        sides = node["Plans"]
        return any(map(_is_list, sides)) and any(_is_by_key(connection, each) for each in sides)
    if "Index Name" not in node:
        below = node.get("Plans", [])[:1]
        return any(_is_by_key(connection, each, node.get("Schema", schema)) for each in below)
    index = psycopg.sql.Identifier(node.get("Schema", schema), node["Index Name"]).as_string()
    keys = connection.execute(_KEYS, (index,)).fetchall()
    conditions = node.get("Index Cond", "")
    is_bounded = "ANY" not in conditions or " = ANY ('{" in conditions
    return bool(keys) and conditions.count(" = ") >= keys[0][0] and is_bounded


def _is_list(node: dict[str, Any]) -> bool:
    """Say whether a node gives the rows of a list that the statement holds."""
    return node["Node Type"] == "Values Scan" or any(map(_is_list, node.get("Plans", [])[:1]))
