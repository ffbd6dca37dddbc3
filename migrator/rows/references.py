# ruff: noqa: S608 - what is put together comes from the catalogue, as SQL or quoted
"""References: the keys of other tables' rows that a row can have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

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
    draft = draft.copy()
    usable = []
    for reference in draft.table.references:
        if not draft.choices.keys() >= set(reference.columns):
            _do_without(draft, reference)  # one of a column that is computed
        elif reference.table in (draft.table.name, *draft.table.above):
            pairs = zip(reference.columns, reference.referenced, strict=True)
            draft.copies |= {name: source for name, source in pairs if name != source}
        elif draft.query(f"SELECT FROM {draft.only(reference.table)} LIMIT 1"):
            usable.append(reference)
        else:
            _do_without(draft, reference)
    # A column that another reference fills cannot be the row's own key too.
    referring = {name for each in usable for name in each.columns}
    draft.only_null |= draft.copies.keys() & referring & draft.takes_null
    draft.copies = {
        name: source for name, source in draft.copies.items() if name not in draft.only_null
    }
    usable = [each for each in usable if not draft.only_null & set(each.columns)]
    for number, references in enumerate(connected(usable, lambda each: each.columns)):
        group = _group(draft, number, references)
        if group.size:
            draft.groups.append(group)
    for name, source in draft.copies.items():
        draft.values[name] = draft.values.get(source, [])
    for group in draft.groups:
        for name in group.columns:
            draft.made[name] = f"k{group.number}.{quoted(name)}"
            draft.values[name] = _some_keys(draft, group, name)
    return draft


def _do_without(draft: Draft, reference: Reference) -> None:
    nullable = draft.takes_null & set(reference.columns)
    if nullable and (not reference.is_full or len(nullable) == len(reference.columns)):
        draft.only_null |= nullable
    elif not reference.is_later:
        is_empty = draft.choices.keys() >= set(reference.columns)
        why = "which has no rows" if is_empty else "by a column that is computed"
        raise Unfillable(f"it refers to {reference.table}, {why}")


def _group(draft: Draft, number: int, references: list[Reference]) -> Group:
    """Return the group of some references, without those that cannot be met and need not be."""
    group = Group(number, _in_order(draft, references))
    try:
        with draft.connection.transaction():
            read_keys(draft, group)
    except psycopg.Error:  # a key that does not become a value of today's type
        group.references = [each for each in group.references if not each.is_later]
        read_keys(draft, group)
    if group.size:
        return group
    for reference in [each for each in group.references if _is_optional(draft, each)]:
        _do_without(draft, reference)
    group.references = [
        each
        for each in group.references
        if not each.is_later and not draft.only_null & set(each.columns)
    ]
    read_keys(draft, group)
    if group.references and not group.size:
        tables = ", ".join(each.table for each in group.references)
        raise Unfillable(f"no rows of {tables} go together")
    return group


def _is_optional(draft: Draft, reference: Reference) -> bool:
    return reference.is_later or bool(draft.takes_null & set(reference.columns))


def _in_order(draft: Draft, references: list[Reference]) -> list[Reference]:
    """Return references so that each shares a column with those before it, the widest first."""
    rest = sorted(references, key=lambda each: (-len(each.columns), _is_optional(draft, each)))
    ordered = [rest.pop(0)]
    while rest:
        bound = {name for each in ordered for name in each.columns}
        following = next((each for each in rest if bound & set(each.columns)), rest[0])
        rest.remove(following)
        ordered.append(following)
    return ordered


def read_keys(
    draft: Draft, group: Group, apart: Iterable[str] = (), *, whole: bool = False
) -> None:
    """Put keys that go together into the group's temporary table, numbered from 0.

    Args:
        draft: The table.
        group: Its columns and size are set.
        apart: Columns whose values come once each before any comes again.
        whole: Take every combination and not only one for each key of the widest reference.

    """
    bound: dict[str, str] = {}
    joins = []
    for place, reference in enumerate(group.references):
        joins.append(_join(draft, place, reference, bound, whole))
        for name, referenced in zip(reference.columns, reference.referenced, strict=True):
            if name not in bound:
                bound[name] = _as_own(draft, f"r{place}.{quoted(referenced)}", name, reference)
    group.columns = list(bound)
    if not bound:
        group.size = 0
        return
    selected = ", ".join(f"{text} AS {quoted(name)}" for name, text in bound.items())
    order = ""
    if apart:
        columns = ", ".join(bound[name] for name in apart)
        selected += f", row_number() OVER (PARTITION BY {columns}) AS fill_turn"
        order = "ORDER BY f.fill_turn"
    names = ", ".join(f"f.{quoted(column)}" for column in bound)
    group.size = draft.create(
        group.keys,
        f"SELECT row_number() OVER ({order}) - 1 AS fill_n, {names}"
        f" FROM (SELECT {selected} FROM {' '.join(joins)} LIMIT {_most(draft)}) AS f",
    )


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
    kind = "LEFT JOIN" if fresh and fresh <= draft.takes_null else "JOIN"
    return f"{kind} (SELECT {columns} FROM {table}) AS r{place} ON {' AND '.join(on) or 'TRUE'}"


def _some_keys(draft: Draft, group: Group, name: str) -> list[str]:
    column = quoted(name)
    found = draft.query(
        f"SELECT DISTINCT {column}::text FROM (SELECT {column} FROM pg_temp.{group.keys}"
        f" LIMIT 20) AS f WHERE {column} IS NOT NULL"
    )
    if not found:
        draft.only_null.add(name)
    return [value for (value,) in found]
