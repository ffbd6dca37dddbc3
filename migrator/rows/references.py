# ruff: noqa: S608 - what is put together comes from the catalogue, as SQL or quoted
"""References: the keys of other tables' rows that a row can have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import psycopg

from migrator.rows.conditions import typed
from migrator.rows.demands import Reference
from migrator.rows.draft import Draft, Group, Unfillable, connected
from migrator.rows.expressions import quoted

_LEAST_KEYS = 1000


def refer(draft: Draft) -> Draft:
    """Group a table's references, and read the keys that they can take.

    Raises:
        Unfillable: The table refers to one that has no rows.

    """
    usable: list[Reference] = []
    copies: dict[str, str] = {}
    for reference in draft.table.references:
        if not draft.choices.keys() >= set(reference.columns):
            draft = _without(draft, reference)  # one of a column that is computed
        elif reference.table in (draft.table.name, *draft.table.above):
            pairs = zip(reference.columns, reference.referenced, strict=True)
            copies |= {name: source for name, source in pairs if name != source}
        elif draft.query(f"SELECT FROM {draft.only(reference.table)} LIMIT 1"):
            usable.append(reference)
        else:
            draft = _without(draft, reference)
    # A column that another reference fills cannot be the row's own key too.
    referring = {name for each in usable for name in each.columns}
    draft = draft.without(draft.taking_null(copies.keys() & referring))
    usable = [each for each in usable if not _is_null(draft, each)]
    for references in connected(usable, lambda each: each.columns):
        draft = _grouped(draft, references)
    copies = {name: of for name, of in copies.items() if not draft.choices[name].is_null}
    own = {
        name: replace(draft.choices[name], values=draft.choices[of].values)
        for name, of in copies.items()
    }
    return replace(draft.with_choices(own), copies=copies)


def _without(draft: Draft, reference: Reference) -> Draft:
    """Return the draft with NULL for a reference that cannot be met, if that is possible."""
    nullable = draft.taking_null(reference.columns)
    if nullable and (not reference.is_full or len(nullable) == len(reference.columns)):
        return draft.without(nullable)
    if not reference.is_later:
        is_empty = draft.choices.keys() >= set(reference.columns)
        why = "which has no rows" if is_empty else "by a column that is computed"
        raise Unfillable(f"it refers to {reference.table}, {why}")
    return draft


def _grouped(draft: Draft, references: list[Reference]) -> Draft:
    """Return the draft with a group of references, but for those that cannot be met."""
    group = Group(len(draft.groups), _in_order(draft, references))
    try:
        with draft.connection.transaction():
            group = read_keys(draft, group)
    except psycopg.Error:  # a key that does not become a value of today's type
        now = tuple(each for each in group.references if not each.is_later)
        group = read_keys(draft, replace(group, references=now))
    if not group.size:
        for reference in [each for each in group.references if _is_optional(draft, each)]:
            draft = _without(draft, reference)
        rest = tuple(
            each for each in group.references if not (each.is_later or _is_null(draft, each))
        )
        group = read_keys(draft, replace(group, references=rest))
        if rest and not group.size:
            tables = ", ".join(each.table for each in rest)
            raise Unfillable(f"no rows of {tables} go together")
    if not group.size:
        return draft
    keys = {name: _some_keys(draft, group, name) for name in group.columns}
    draft = draft.without(name for name, found in keys.items() if not found)
    taken = {
        name: replace(draft.choices[name], values=found) for name, found in keys.items() if found
    }
    made = {name: f"k{group.number}.{quoted(name)}" for name in group.columns}
    return draft.with_group(group).with_choices(taken).with_made(made)


def _is_null(draft: Draft, reference: Reference) -> bool:
    return any(draft.choices[name].is_null for name in reference.columns)


def _is_optional(draft: Draft, reference: Reference) -> bool:
    return reference.is_later or bool(draft.taking_null(reference.columns))


def _in_order(draft: Draft, references: list[Reference]) -> tuple[Reference, ...]:
    """Return references so that each shares a column with those before it, the widest first."""
    rest = sorted(references, key=lambda each: (-len(each.columns), _is_optional(draft, each)))
    ordered = [rest.pop(0)]
    while rest:
        bound = {name for each in ordered for name in each.columns}
        following = next((each for each in rest if bound & set(each.columns)), rest[0])
        rest.remove(following)
        ordered.append(following)
    return (*ordered,)


def read_keys(
    draft: Draft, group: Group, apart: Sequence[str] = (), *, whole: bool = False
) -> Group:
    """Put keys that go together into a group's temporary table, numbered from 0.

    Args:
        draft: The table.
        group: Its references.
        apart: Columns whose values come once each before any comes again.
        whole: Take every combination and not only one for each key of the widest reference.

    Returns:
        The group with its columns and its size.

    """
    bound: dict[str, str] = {}
    joins = []
    for place, reference in enumerate(group.references):
        joins.append(_join(draft, place, reference, bound, whole))
        for name, referenced in zip(reference.columns, reference.referenced, strict=True):
            if name not in bound:
                bound[name] = _as_own(draft, f"r{place}.{quoted(referenced)}", name, reference)
    if not bound:
        return replace(group, columns=(), size=0)
    selected = ", ".join(f"{text} AS {quoted(name)}" for name, text in bound.items())
    order = ""
    if apart:
        columns = ", ".join(bound[name] for name in apart)
        selected += f", row_number() OVER (PARTITION BY {columns}) AS fill_turn"
        order = "ORDER BY f.fill_turn"
    names = ", ".join(f"f.{quoted(column)}" for column in bound)
    size = draft.create(
        group.keys,
        f"SELECT row_number() OVER ({order}) - 1 AS fill_n, {names}"
        f" FROM (SELECT {selected} FROM {' '.join(joins)} LIMIT {_most(draft)}) AS f",
    )
    return replace(group, columns=(*bound,), size=size)


def _most(draft: Draft) -> int:
    """Return how many keys are enough."""
    return max(draft.top * 2, _LEAST_KEYS)


def _as_own(draft: Draft, text: str, name: str, reference: Reference) -> str:
    """Return a referenced column's value as one of the column that refers."""
    return typed(f"{text}::text" if reference.is_later else text, draft.column(name))


def _join(
    draft: Draft, place: int, reference: Reference, bound: Mapping[str, str], whole: bool
) -> str:
    """Return the table of a reference, joined to those before it by the columns that they share."""
    present = " AND ".join(f"p.{quoted(each)} IS NOT NULL" for each in reference.referenced)
    columns = ", ".join(f"p.{quoted(each)}" for each in reference.referenced)
    table = f"{draft.only(reference.table)} AS p WHERE {present}"
    if not place:
        number = "row_number() OVER () - 1 AS fill_r"
        return f"(SELECT {columns}, {number} FROM {table} LIMIT {_most(draft)}) AS r0"
    pairs = list(zip(reference.columns, reference.referenced, strict=True))
    shared = [(name, referenced) for name, referenced in pairs if name in bound]
    on = [
        f"{_as_own(draft, f'r{place}.{quoted(referenced)}', name, reference)} = {bound[name]}"
        for name, referenced in shared
    ]
    fresh = set(reference.columns) - bound.keys()
    if fresh and not whole:
        within = ", ".join(f"p.{quoted(referenced)}" for _, referenced in shared)
        partition = f"PARTITION BY {within}" if shared else ""
        columns += f", row_number() OVER ({partition}) - 1 AS fill_r"
        columns += f", count(*) OVER ({partition}) AS fill_c"
        on.append(f"r{place}.fill_r = r0.fill_r % r{place}.fill_c")
    kind = "LEFT JOIN" if fresh and fresh <= draft.taking_null(fresh) else "JOIN"
    return f"{kind} (SELECT {columns} FROM {table}) AS r{place} ON {' AND '.join(on) or 'TRUE'}"


def _some_keys(draft: Draft, group: Group, name: str) -> tuple[str, ...]:
    column = quoted(name)
    found = draft.query(
        f"SELECT DISTINCT {column}::text FROM (SELECT {column} FROM pg_temp.{group.keys}"
        f" LIMIT 20) AS f WHERE {column} IS NOT NULL"
    )
    return tuple(value for (value,) in found)
