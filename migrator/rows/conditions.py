# ruff: noqa: S608 - what is put together comes from the catalogue, as SQL or quoted
"""What a table demands as SQL that can be asked of rows which are not in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from migrator.rows.demands import Column, Connection, Rule, TableDemands
from migrator.rows.expressions import mentioned, quoted


def prepared(table: TableDemands) -> TableDemands:
    """Return a table whose rules and keys name the columns that generated ones come from."""
    sources = {
        name: mentioned(column.generated, table.columns)
        for name, column in table.columns.items()
        if column.generated
    }

    def own(columns: Iterable[str]) -> frozenset[str]:
        return frozenset().union(*(sources.get(name, {name}) for name in columns))

    return replace(
        table,
        rules=tuple(replace(rule, columns=own(rule.columns)) for rule in table.rules),
        keys=tuple(replace(key, columns=own(key.columns)) for key in table.keys),
    )


def typed(expression: str, column: Column) -> str:
    """Return an expression as a value of a column's type."""
    return f"CAST({expression} AS {column.type.name})"


def row(table: TableDemands, select: str, columns: Iterable[str]) -> str:
    """Return a FROM item: what a SELECT of some columns gives, and those generated from them."""
    there = set(columns)
    computed = [
        f"({column.generated}) AS {quoted(name)}"
        for name, column in table.columns.items()
        if column.generated and mentioned(column.generated, table.columns) <= there
    ]
    if computed:
        select = f"SELECT fill_r.*, {', '.join(computed)} FROM ({select} OFFSET 0) AS fill_r"
    # Without OFFSET the planner would compute a value once for each place that uses it.
    return f"({select} OFFSET 0) AS fill_r"


def condition(rules: Iterable[Rule]) -> str:
    """Return that no rule is false, as SQL."""
    return " AND ".join(map(_condition, rules)) or "TRUE"


def _condition(rule: Rule) -> str:
    if not rule.casts and not rule.given:
        return f"({rule.text}) IS NOT FALSE"
    values = {name: quoted(name) for name in sorted(rule.columns)}
    values |= {name: f"{quoted(name)}::text::{later}" for name, later in rule.casts}
    columns = ", ".join(
        f"{text} AS {quoted(name)}" for name, text in (*values.items(), *rule.given)
    )
    return f"(SELECT ({rule.text}) IS NOT FALSE FROM (SELECT {columns}) AS fill_later)"


def ask(connection: Connection, questions: Sequence[str]) -> list[str | None]:
    """Return the server's answer to each question, None for one that cannot be evaluated."""
    if not questions:
        return []
    rows = connection.execute(
        "SELECT pg_temp.fill_answer(q.question) FROM unnest(%s::text[]) WITH ORDINALITY"
        " AS q (question, place) ORDER BY q.place",
        [list(questions)],
    )
    return [answer for (answer,) in rows]
