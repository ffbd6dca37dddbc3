"""Reads the catalogue at one moment, and compares two readings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from migrator.catalogue import objects as reading
from migrator.catalogue.objects import Address, Object
from migrator.sql import sql

_PG_CLASS = 1259  # the oid of that catalogue, on every server

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
_PARTS = {"index", "policy", "rule", "statistics object", "table constraint", "trigger"}
_HOLDS_ROWS = {"table", "table column"}
# Kinds that an application names in its SQL: it fails if one of them is gone.
_NAMED_BY_APPLICATIONS = {
    "extension",
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
        inserted: How many rows have been inserted so far.
        updated: How many rows have been updated so far.
        deleted: How many rows have been deleted so far.

    """

    oid: int
    name: str
    kind: str
    table: int
    root: int
    filenode: int
    is_valid: bool
    read: int = 0
    inserted: int = 0
    updated: int = 0
    deleted: int = 0

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
class CatalogueState:
    """The catalogue at one moment.

    Args:
        relations: The relations, by oid.
        constraints: The constraints of tables, by oid.
        objects: All that can be dropped or renamed, by its address.

    """

    relations: dict[int, Relation]
    constraints: dict[int, Constraint]
    objects: dict[Address, Object]


def read(
    connection: psycopg.Connection[Any],
    *,
    committed: bool = False,
    known: Mapping[Address, Object] | None = None,
) -> CatalogueState:
    """Read the catalogue as a session sees it.

    Args:
        connection: The session.
        committed: Count the rows that all sessions have read and written, instead of the rows of
            this session's transaction.
        known: What can be dropped or renamed, if that is known; None to read it.

    """
    query = sql("review/relations")
    if committed:
        query = query.replace("pg_stat_get_xact_", "pg_stat_get_")
    relations = {row[0]: Relation(*row) for row in _ask(connection, query)}
    constraints = {
        oid: Constraint(*row) for oid, *row in _ask(connection, sql("review/constraints"))
    }
    objects = reading.read(connection).by_address if known is None else dict(known)
    return CatalogueState(relations, constraints, objects)


def _ask(connection: psycopg.Connection[Any], query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode()).fetchall()


def vanished(before: CatalogueState, after: CatalogueState) -> list[Object]:
    """Return the objects that are gone, without the parts of tables that are gone."""
    gone = []
    for address, each in before.objects.items():
        now = after.objects.get(address)
        if now is None:
            is_alone = not _is_part(each) or _relation(each) in after.relations
            if is_alone and each.kind != "index":  # it goes with its constraint, or is named itself
                gone.append(each)
        elif "default" in each.properties and "default" not in now.properties:
            gone.append(replace(each, kind="default of column"))
    return gone


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
    for address, each in before.objects.items():
        if each.kind not in _NAMED_BY_APPLICATIONS or "for triggers" in each.properties:
            continue
        now = after.objects.get(address)
        if now is not None and now.name == each.name:
            continue
        oid = _relation(each)
        told.append(
            BrokenReference(
                full_name(each),
                f"{each.title} is {f'now named {now.name}' if now else 'gone'}",
                relation=before.relations[oid].name if oid in before.relations else "",
                is_replaceable=now is not None or each.kind not in _HOLDS_ROWS,
                is_part=_is_part(each) and oid not in after.relations,
            )
        )
    return told


def full_name(each: Object) -> str:
    """Return an object's name as SQL has it; of a column, with the name of its table."""
    if not each.kind.endswith(" column"):
        return each.name
    return f"{each.whole.removeprefix(each.kind.removesuffix('column'))}.{each.name}"


def _is_part(each: Object) -> bool:
    return each.kind in _PARTS or each.kind.endswith(" column")


def _relation(each: Object) -> int:
    """Return the oid of the relation that an object is, or is part of; 0 if there is none."""
    address = each.whole_address if _is_part(each) else each.address
    return address[1] if address[0] == _PG_CLASS else 0
