# ruff: noqa: S608 - what is put together comes from the catalogue, as SQL or quoted
"""Documents and arrays, of which triggers may demand what no constraint says.

An UPDATE by a migration fires the triggers that did not fire when the rows were made. What they
demand cannot be read from their code. But rows that are there have it; and where a trigger speaks
of a column and of another table, the column is likely to hold keys of that table.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import pairwise

from migrator.rows.conditions import ask, condition, row, typed
from migrator.rows.demands import Column, TableDemands
from migrator.rows.draft import Draft
from migrator.rows.expressions import listed, mentioned, quoted
from migrator.rows.values import TEXTUAL

_MOST = 50
_JSON = ("json", "jsonb")


def take_documents(draft: Draft) -> Draft:
    """Take the documents that are there, or such as triggers seem to demand."""
    draft = draft.copy()
    for name, choice in draft.choices.items():
        column = choice.column
        if column.type.base in _JSON or column.type.kind == "a":
            found = _there(draft, name) or _of_keys(draft, column)
            if found:
                draft.values[name] = found
                choice.varied = None
    return draft


def _there(draft: Draft, name: str) -> list[str]:
    if draft.start == 1:
        return []
    column = quoted(name)
    rows = draft.query(
        f"SELECT DISTINCT {column}::text FROM (SELECT {column} FROM ONLY {draft.table.name}"
        f" LIMIT 200) AS f WHERE {column} IS NOT NULL LIMIT {_MOST}"
    )
    return [value for (value,) in rows]


def _of_keys(draft: Draft, column: Column) -> list[str]:
    """Return documents of the keys of a table that a trigger names together with the column."""
    for body in draft.table.triggers:
        if not mentioned(body, [column.name]):
            continue
        for table in sorted(spoken_of(draft.table, draft.others)):
            key = _natural_key(draft.others[table])
            if key is not None:
                rows = draft.query(
                    f"SELECT {quoted(key)}::text FROM {draft.only(table)} ORDER BY 1 LIMIT {_MOST}"
                )
                if found := _valid(draft, column, [value for (value,) in rows]):
                    return found
    return []


def spoken_of(table: TableDemands, others: Iterable[str]) -> set[str]:
    """Return the other tables that the code of a table's triggers mentions."""
    names = [name for name in others if name != table.name]
    return {name for body in table.triggers for name in mentioned(body.replace("'", " "), names)}


def _natural_key(table: TableDemands) -> str | None:
    """Return the column by which a document would name a row, if there is one."""
    single = [next(iter(key.columns)) for key in table.keys if len(key.columns) == 1]
    return min(single, key=lambda n: table.columns[n].type.base not in TEXTUAL, default=None)


def _valid(draft: Draft, column: Column, keys: list[str]) -> list[str]:
    """Return documents of one key and of two that the column's own rules accept."""
    rules = [rule for rule in draft.table.rules if rule.columns == {column.name}]
    sets = [[key] for key in keys] + [list(two) for two in pairwise(keys)]
    made = [_document(each, column) for each in sets]
    questions = []
    for document in made:
        select = f"SELECT {typed(f'({listed([document])})[1]', column)} AS {quoted(column.name)}"
        source = row(draft.table, select, [column.name])
        questions.append(f"SELECT ({condition(rules)})::text FROM {source}")
    answers = ask(draft.connection, questions)
    return [each for each, answer in zip(made, answers, strict=True) if answer == "true"]


def _document(keys: list[str], column: Column) -> str:
    text = json.dumps(keys)
    return text if column.type.base in _JSON else f"{{{text[1:-1]}}}"
