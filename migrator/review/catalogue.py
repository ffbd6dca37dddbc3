"""What the catalogue holds at one moment, and how two moments differ."""

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
# What is part of a table, and goes with it.
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
# What an application names: it fails where one of these is gone.
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
    """One relation: where it is stored, and what the transaction did to its rows so far.

    Args:
        oid: Its oid, which a rename keeps.
        name: Its name; qualified where it is not in public.
        kind: One of KINDS' keys.
        table: Of an index, the oid of its table; else its own.
        root: Of a partition, the oid of the topmost partitioned table; else as `table`.
        filenode: Its storage: another one means that it was rewritten.
        is_valid: False for an index that PostgreSQL would not use.
        read: Rows that scans returned so far.
        written: Rows that were inserted, updated or deleted so far.

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
        """Whether it is an index."""
        return self.kind in "iI"


@dataclass(frozen=True, slots=True)
class Constraint:
    """A constraint of a table that rows may or may not be known to satisfy."""

    name: str
    table: int
    is_validated: bool


@dataclass(frozen=True, slots=True)
class CatalogueObject:
    """Anything that can be dropped or renamed.

    Args:
        type: As PostgreSQL calls it: table column, view, function.
        name: As PostgreSQL identifies it.
        table: The oid of the table that it is part of; 0 where it is part of none.

    """

    type: str
    name: str
    table: int

    @property
    def shown(self) -> str:
        """Type and name."""
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
        committed: Count the rows that all sessions have read and written, instead of those of this
            one's transaction.
        with_things: Whether to read everything that could be dropped, too.

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
    """Return what is gone, without what went because the table is gone that it was part of."""
    return [
        thing
        for key, thing in before.things.items()
        if key not in after.things
        and not (_is_part(thing) and thing.table not in after.relations)
        and thing.type != "index"  # it goes with its constraint, or is named itself
    ]


@dataclass(frozen=True, slots=True)
class BrokenReference:
    """What an application may name, and does not find.

    Args:
        name: What it was named.
        words: What became of it.
        relation: The relation that it is, or is part of, if it is of any.
        is_replaceable: Whether a new one of that name does as well: it held no rows.
        is_part: Whether it went with that relation.

    """

    name: str
    words: str
    relation: str
    is_replaceable: bool
    is_part: bool


def broken(before: CatalogueState, after: CatalogueState) -> list[BrokenReference]:
    """Return what an application may name that is gone, or has another name."""
    told = []
    for key, thing in before.things.items():
        if thing.type not in _NAMED_BY_APPLICATIONS:
            continue
        now = after.things.get(key)
        relation = before.relations[thing.table].name if thing.table in before.relations else ""
        if now is None:
            words = f"{thing.shown} is gone"
        elif _own_name(now) != _own_name(thing):
            words = f"{thing.shown} is named {_own_name(now)} now"
        else:
            continue
        is_replaceable = now is not None or thing.type not in _HOLDS_ROWS
        is_part = _is_part(thing) and thing.table not in after.relations
        told.append(BrokenReference(thing.name, words, relation, is_replaceable, is_part))
    return told


def _is_part(thing: CatalogueObject) -> bool:
    return bool(thing.table) and (thing.type in _PARTS or thing.type.endswith("column"))


def _own_name(thing: CatalogueObject) -> str:
    """Return a column's name without its table's: a renamed table is told once."""
    return thing.name.rpartition(".")[2] if thing.type.endswith("column") else thing.name
