# ruff: noqa: S608 - what is put together comes from the catalogue, as SQL or quoted
"""Samples: rows of values that go together, found by the server.

Values are drawn by chance for columns that checks tie together, and kept where the checks are. That
finds as different rows as there are; going through all combinations finds a rare one.
"""

from __future__ import annotations

import psycopg

from migrator.rows import values
from migrator.rows.conditions import condition, row, typed
from migrator.rows.demands import Rule
from migrator.rows.draft import Draft, Unfillable, connected
from migrator.rows.expressions import chance, listed, literal, quoted

TABLE = "fill_samples"

_MOST = 2000
_FOUND = 300  # combinations that are enough
# How many are drawn, and how many must be found of them so that no more are drawn.
_DRAWS = ((1_000, _FOUND), (10_000, 50), (200_000, 1))
_PATIENCE = "5s"
_PRIMES = (1, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59)
_FIRST_PRIME = 7919


def find_samples(draft: Draft) -> int:
    """Put samples into a temporary table, numbered from 0; return how many.

    Raises:
        Unfillable: No values are known for a column, or none that its checks accept.

    """
    sizes: list[int] = []
    places: dict[str, int] = {}
    for part in connected(draft.tying, lambda rule: rule.columns):
        names = [name for name in draft.choices if any(name in rule.columns for rule in part)]
        places |= dict.fromkeys(names, len(sizes))
        sizes.append(_find_part(draft, len(sizes), names, part))
    columns = ["n.i AS fill_i"]
    for seed, name in enumerate(draft.choices, 1):
        if name in places:
            columns.append(f"p{places[name]}.{quoted(name)}")
        elif draft.is_free(name) or draft.choices[name].takes_null:
            columns.append(f"{_alone(draft, name, seed)} AS {quoted(name)}")
    joins = "".join(
        f" JOIN pg_temp.fill_part_{number} AS p{number}"
        f" ON p{number}.fill_n = n.i * {_PRIMES[number % len(_PRIMES)]} % {size}"
        for number, size in enumerate(sizes)
    )
    series = f"generate_series(1::bigint, {max(min(draft.wanted, _MOST), 1)}) AS n (i)"
    # A pattern was tried with some numbers only.
    varied = {name for name, choice in draft.choices.items() if choice.varied is not None}
    rules = [rule for rule in draft.table.rules if rule.columns <= varied and not rule.is_later]
    source = row(draft.table, f"SELECT {', '.join(columns)} FROM {series}{joins}", varied)
    found = draft.create(
        TABLE,
        f"SELECT row_number() OVER () - 1 AS fill_n, fill_r.* FROM {source}"
        f" WHERE {condition(rules)}",
    )
    if not found:
        raise Unfillable("no values were found that its checks accept")
    return found


def _alone(draft: Draft, name: str, seed: int) -> str:
    """Return SQL for a column whose value does not depend on others'."""
    column, choice = draft.column(name), draft.choices[name]
    varied = choice.varied
    if varied is not None and draft.is_free(name):
        # In another order for each column, or all would have the same number.
        number = f"(n.i * {_FIRST_PRIME + 2 * seed} % {values.VARIETY})"
        text = typed(varied.text.replace("n.i", number), column)
    elif choice.values:
        text = _drawn(draft, name, seed)
    elif choice.takes_null:
        return f"NULL::{column.type.plain}"
    elif column.default is not None:
        text = typed(column.default, column)
    else:
        raise Unfillable(f"no value is known for {name}, of type {column.type.name}")
    return _or_null(draft, name, text, seed)


def _drawn(draft: Draft, name: str, seed: int) -> str:
    known = draft.choices[name].values
    index = f"({chance('n.i', seed)} % {len(known)})::integer"
    return typed(f"({listed(known)})[1 + {index}]", draft.column(name))


def _or_null(draft: Draft, name: str, text: str, seed: int) -> str:
    """Return SQL that is NULL in a quarter of the rows, if a column may be."""
    if not draft.choices[name].takes_null:
        return text
    return f"CASE WHEN {chance('n.i', seed + 1000)} & 3 <> 0 THEN {text} END"


# Columns that are tied together


def _find_part(draft: Draft, number: int, names: list[str], rules: list[Rule]) -> int:
    """Find values for columns that rules tie together; return how many combinations."""
    for name in names:
        if not draft.choices[name].values and not draft.choices[name].takes_null:
            kind = draft.column(name).type.name
            raise Unfillable(f"no value is known for {name}, of type {kind}")
    # Rules to come are not kept where rules of today cannot be kept with them.
    for kept in (rules, [rule for rule in rules if not rule.is_later]):
        found = _draw(draft, number, names, kept) or _search(draft, number, names, kept)
        if found:
            return found
    raise Unfillable(f"no values were found for {', '.join(names)} that its checks accept")


def _draw(draft: Draft, number: int, names: list[str], rules: list[Rule]) -> int:
    """Draw values by chance, more of them while few go together; return how many do."""
    columns = []
    for seed, name in enumerate(names, 17 * number):
        text = f"NULL::{draft.column(name).type.plain}"
        if draft.choices[name].values:
            text = _or_null(draft, name, _drawn(draft, name, seed), seed)
        columns.append(f"{text} AS {quoted(name)}")
    wanted = condition(rules)
    found = 0
    for draws, enough in _DRAWS:
        series = f"generate_series(1::bigint, {draws}) AS n (i)"
        source = row(draft.table, f"SELECT {', '.join(columns)} FROM {series}", names)
        now = _keep(draft, number, names, f"{source} WHERE {wanted}", found)
        if now is None and draws == _DRAWS[0][0]:
            wanted = _one_by_one(draft, names, rules)
            now = _keep(draft, number, names, f"{source} WHERE {wanted}", found)
        found = max(now or 0, found)
        if now is None or found >= enough:
            break
    return found


def _search(draft: Draft, number: int, names: list[str], rules: list[Rule]) -> int:
    """Go through all combinations, where chance finds none; return how many go together."""
    sets = []
    for place, name in enumerate(names):
        choice = draft.choices[name]
        able: list[str | None] = [*choice.values, *([None] if choice.takes_null else [])]
        turned = [*able[place % len(able) :], *able[: place % len(able)]]
        sets.append(
            f"(SELECT {typed('fill_v', draft.column(name))} AS {quoted(name)}"
            f" FROM unnest({listed(turned)}) AS fill_u (fill_v)) AS c{place}"
        )
    source = row(draft.table, f"SELECT * FROM {' CROSS JOIN '.join(sets)}", names)
    if "fill_r.*" not in source:  # the planner may then try a condition before all are joined
        source = source.replace(" OFFSET 0)", ")")
    return _keep(draft, number, names, f"{source} WHERE {condition(rules)}", 0) or 0


def _keep(draft: Draft, number: int, names: list[str], source: str, least: int) -> int | None:
    """Put combinations into a temporary table if they are more than are there.

    Returns:
        How many; None if they cannot be found, or not in time.

    """
    columns = ", ".join(map(quoted, names))
    made = least
    try:
        with draft.connection.transaction():
            draft.connection.execute(f"SET LOCAL statement_timeout TO '{_PATIENCE}'")
            made = draft.create(
                f"fill_part_{number}",
                f"SELECT row_number() OVER () - 1 AS fill_n, {columns} FROM {source}"
                f" LIMIT {_FOUND}",
            )
            # A savepoint that is released leaves its settings to the transaction.
            draft.connection.execute("SET LOCAL statement_timeout TO 0")
            if made <= least:
                raise psycopg.Rollback
    except psycopg.Error:
        return None
    return max(made, least)


def _one_by_one(draft: Draft, names: list[str], rules: list[Rule]) -> str:
    """Return a condition that is false, and no error, where the rules cannot be evaluated."""
    mark = "\0"
    columns = ", ".join(
        f"CAST({mark} AS {draft.column(name).type.plain}) AS {quoted(name)}" for name in names
    )
    source = row(draft.table, f"SELECT {columns}", names)
    question = f"SELECT ({condition(rules)})::text FROM {source}"
    form = literal(question.replace("%", "%%").replace(mark, "%L"))
    texts = ", ".join(f"{quoted(name)}::text" for name in names)
    return f"pg_temp.fill_answer(format({form}, {texts})) = 'true'"
