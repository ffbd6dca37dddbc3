"""Reads the catalogue at one moment, and compares two readings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import psycopg

from migrator.sql import sql

KINDS = {
    "r": "table",
    "p": "partitioned table",
    "m": "materialized view",
    "v": "view",
    "S": "sequence",
    "f": "foreign table",
    "i": "index",
    "I": "partitioned index",
}
# Parts of a table: dropping the table drops them.
_PARTS = {
    "default value",
    "index",
    "policy",
    "rule",
    "statistics object",
    "table constraint",
    "trigger",
}
_HOLDS_ROWS = {"table", "table column"}
# Kinds that an application names in its SQL: it fails if one of them is gone.
_NAMED_BY_APPLICATIONS = {
    "foreign table column",
    "function",
    "materialized view",
    "materialized view column",
    "procedure",
    "schema",
    "sequence",
    "table",
    "table column",
    "type",
    "view",
    "view column",
}


@dataclass(frozen=True, slots=True)
class Relation:
    """One relation: its storage, and what the transaction has done to its rows so far.

    Args:
        oid: Its oid, which a rename does not change.
        name: Its name, with its schema unless that is public.
        kind: A key of KINDS.
        table: For an index, the oid of its table; else its own oid.
        root: For a partition, the oid of the topmost partitioned table; else the same as `table`.
        filenode: The number of its storage file; it changes when the relation is rewritten.
        is_valid: False for an index that no query uses.
        read: How many rows scans have returned so far.
        written: How many rows have been inserted, updated or deleted so far.

    """

    oid: int
    name: str
    kind: str
    table: int
    root: int
    filenode: int
    is_valid: bool
    read: int
    written: int

    @property
    def is_index(self) -> bool:
        """Whether it is an index, also of a partitioned table."""
        return self.kind in "iI"


@dataclass(frozen=True, slots=True)
class Constraint:
    """A constraint of a table, and whether all rows are known to satisfy it."""

    name: str
    table: int
    is_validated: bool


@dataclass(frozen=True, slots=True)
class CatalogueObject:
    """Anything that can be dropped or renamed.

    Args:
        type: PostgreSQL's word for it: table column, view, function.
        name: PostgreSQL's identity of it.
        table: The oid of the table that it is part of; 0 if it is part of none.

    """

    type: str
    name: str
    table: int

    @property
    def shown(self) -> str:
        """Its type and name, for a message."""
        return f"{self.type} {self.name}"


@dataclass(frozen=True, slots=True)
class CatalogueState:
    """The catalogue at one moment."""

    relations: dict[int, Relation]
    constraints: dict[int, Constraint]
    things: dict[str, CatalogueObject] = field(default_factory=dict)


def read(
    connection: psycopg.Connection[Any], *, committed: bool = False, with_things: bool = True
) -> CatalogueState:
    """Read the catalogue as a session sees it.

    Args:
        connection: The session.
        committed: Count the rows that all sessions have read and written, instead of the rows of
            this session's transaction.
        with_things: Whether to read all objects that could be dropped, too.

    """
    query = sql("review/relations")
    if committed:
        query = query.replace("pg_stat_get_xact_", "pg_stat_get_")
    relations = {row[0]: Relation(*row) for row in _ask(connection, query)}
    constraints = {
        oid: Constraint(*row) for oid, *row in _ask(connection, sql("review/constraints"))
    }
    things = {}
    if with_things:
        things = {
            key: CatalogueObject(*row) for key, *row in _ask(connection, sql("review/objects"))
        }
    return CatalogueState(relations, constraints, things)


def _ask(connection: psycopg.Connection[Any], query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode()).fetchall()


def vanished(before: CatalogueState, after: CatalogueState) -> list[CatalogueObject]:
    """Return the objects that are gone, without the parts of tables that are gone."""
    return [
        thing
        for key, thing in before.things.items()
        if key not in after.things
        and not (_is_part(thing) and thing.table not in after.relations)
        and thing.type != "index"  # it goes with its constraint, or is named itself
    ]


@dataclass(frozen=True, slots=True)
class BrokenReference:
    """An object that an application may name and that is gone or renamed.

    Args:
        name: Its old name.
        words: What happened to it, for a message.
        relation: The relation that it is, or is part of; empty if there is none.
        is_replaceable: Whether a new object of that name does as well, because it held no rows.
        is_part: Whether it was dropped together with that relation.

    """

    name: str
    words: str
    relation: str
    is_replaceable: bool
    is_part: bool


def broken(before: CatalogueState, after: CatalogueState) -> list[BrokenReference]:
    """Return the objects that an application may name and that are gone or renamed."""
    told = []
    for key, thing in before.things.items():
        if thing.type not in _NAMED_BY_APPLICATIONS:
            continue
        now = after.things.get(key)
        relation = before.relations[thing.table].name if thing.table in before.relations else ""
        if now is None:
            words = f"{thing.shown} is gone"
        elif _own_name(now) != _own_name(thing):
            words = f"{thing.shown} is now named {_own_name(now)}"
        else:
            continue
        is_replaceable = now is not None or thing.type not in _HOLDS_ROWS
        is_part = _is_part(thing) and thing.table not in after.relations
        told.append(BrokenReference(thing.name, words, relation, is_replaceable, is_part))
    return told


def _is_part(thing: CatalogueObject) -> bool:
    return bool(thing.table) and (thing.type in _PARTS or thing.type.endswith("column"))


def _own_name(thing: CatalogueObject) -> str:
    """Return a column's name without its table's, so that a renamed table is reported once."""
    return thing.name.rpartition(".")[2] if thing.type.endswith("column") else thing.name
