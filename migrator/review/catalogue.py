"""Reads the catalogue at one moment, and compares two readings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg

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
        read: How many rows scans have returned so far.
        scans: How many scans there were so far.
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
    read: int = 0
    scans: int = 0
    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    @property
    def is_index(self) -> bool:
        """Whether it is an index, also of a partitioned table."""
        return self.kind in "iI"


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that keeps what a function returned before it was replaced.

    Args:
        address: Its catalogue, and its oid there.
        relation: The oid of its relation; 0 if it is of a domain.
        words: What it is and what it keeps, for a message.

    """

    address: Address
    relation: int
    words: str


@dataclass(frozen=True, slots=True)
class CatalogueState:
    """The catalogue at one moment.

    Args:
        relations: The relations, by oid.
        objects: All that a database holds, by its address.
        kept: What keeps the results of functions that have been replaced since the start.
        accepted: What each view accepts of INSERT, UPDATE (also of which column) and DELETE.
        unidentified: The publications of tables without a replica identity, by the tables' oids.
        roles: What each role may do by itself, and as a member of others.

    """

    relations: dict[int, Relation]
    objects: dict[Address, Object]
    kept: tuple[Kept, ...] = ()
    accepted: Mapping[int, list[str]] = field(default_factory=dict)
    unidentified: Mapping[int, str] = field(default_factory=dict)
    roles: Mapping[str, list[str]] = field(default_factory=dict)


def read(
    connection: psycopg.Connection[Any],
    *,
    committed: bool = False,
    known: Mapping[Address, Object],
    start: CatalogueState | None = None,
) -> CatalogueState:
    """Read the catalogue as a session sees it.

    Args:
        connection: The session.
        committed: Count the rows that all sessions have read and written, instead of the rows of
            this session's transaction.
        known: What the database holds.
        start: The state since which replaced functions are looked for; None not to look.

    """
    query = sql("review/relations")
    if committed:
        query = query.replace("pg_stat_get_xact_", "pg_stat_get_")
    relations = {row[0]: Relation(*row) for row in _ask(connection, query)}
    objects = dict(known)
    is_published = any(each.kind == "publication" for each in objects.values())
    published = dict(_ask(connection, sql("review/published"))) if is_published else {}
    roles = dict(_ask(connection, sql("review/roles")))
    has_views = any(each.kind == "v" for each in relations.values())
    accepted = dict(_ask(connection, sql("review/accepted"))) if has_views else {}
    kept = _kept(connection, start.objects, objects) if start else ()
    return CatalogueState(relations, objects, kept, accepted, published, roles)


def _kept(
    connection: psycopg.Connection[Any],
    before: Mapping[Address, Object],
    after: Mapping[Address, Object],
) -> tuple[Kept, ...]:
    replaced = [
        address[1]
        for address, each in after.items()
        if each.kind == "function"
        and address in before
        and before[address].text != each.text
        and _computes(before[address]) != _computes(each)
    ]
    if not replaced:
        return ()
    rows = connection.execute(sql("review/resting").encode(), {"functions": replaced}).fetchall()
    return tuple(Kept((class_, id_, 0), relation, words) for class_, id_, relation, words in rows)


def _computes(function: Object) -> list[str]:
    """Return of a function's definition what decides what it returns: no costs, no marks."""
    head, *body = re.split(r"\n(?=\S)", function.properties["definition"], maxsplit=1)
    settings = [line for line in head.splitlines() if line.startswith(" SET ")]
    return [*body, *settings, *(each for each in (" STRICT", " IMMUTABLE") if each in head)]


def behind(connection: psycopg.Connection[Any]) -> list[tuple[int, str, str]]:
    """Return the sequences whose next number their column has already, with words and its table."""
    return [
        (sequence, words, relation)
        for sequence, words, relation, query in _ask(connection, sql("review/behind"))
        if _ask(connection, query) == [(True,)]
    ]


def bounds(connection: psycopg.Connection[Any]) -> dict[str, str]:
    """Return the condition that the rows of each partition satisfy, by its name."""
    return dict(_ask(connection, sql("review/bounds")))


def _ask(connection: psycopg.Connection[Any], query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode()).fetchall()


def vanished(before: CatalogueState, after: CatalogueState) -> list[Object]:
    """Return the objects that are gone, without the parts of tables that are gone."""
    gone = []
    constraints = {each.title for each in after.objects.values() if each.kind == "table constraint"}
    for address, each in before.objects.items():
        now = after.objects.get(address)
        if now is None:
            is_alone = not _is_part(each) or relation_oid(each) in after.relations
            constraint = f"{each.whole}: constraint {each.properties.get('constraint')}"
            goes_with_it = "constraint" in each.properties and constraint not in constraints
            if is_alone and not goes_with_it:
                gone.append(each)
        elif "default" in each.properties and "default" not in now.properties:
            gone.append(replace(each, kind="default of column"))
    return gone


def full_name(each: Object) -> str:
    """Return an object's name as SQL has it; of a column, with the name of its table."""
    if not each.kind.endswith(" column"):
        return each.name
    return f"{each.whole.removeprefix('composite ').removeprefix(each.kind[:-6])}.{each.name}"


def relation_of(each: Object, state: CatalogueState) -> str:
    """Return the name of the relation that an object is, or is part of; empty if there is none."""
    found = state.relations.get(relation_oid(each))
    return found.name if found else ""


def wholes(state: CatalogueState) -> dict[int, str]:
    """Return by oid what each relation is a part of: the table of an index or an identity."""
    found = {}
    for oid, each in state.relations.items():
        known = state.objects.get((_PG_CLASS, oid, 0))
        table = known.whole_address[1] if known and each.kind == "S" else each.table
        found[oid] = state.relations.get(table, each).name
    return found


def _is_part(each: Object) -> bool:
    return each.kind in _PARTS or each.kind.endswith(" column")


def relation_oid(each: Object) -> int:
    """Return the oid of the relation that an object is, or is part of; 0 if there is none."""
    address = each.whole_address if _is_part(each) else each.address
    return address[1] if address[0] == _PG_CLASS else 0
