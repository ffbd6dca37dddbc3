# ruff: noqa: S608 - what is put together comes from the catalogue, as SQL or quoted
"""How the rows of one table are made: each column's value as SQL of the row's number.

What need not be distinct comes from samples. Other tables' keys and what must be distinct take the
place of a sample's value where that is not NULL.
"""

from __future__ import annotations

from collections.abc import Iterable

import psycopg

from migrator.rows import samples, values
from migrator.rows.conditions import ask, condition, row
from migrator.rows.demands import Rule
from migrator.rows.distinct import make_distinct
from migrator.rows.documents import take_documents
from migrator.rows.draft import Draft
from migrator.rows.expressions import chance, quoted
from migrator.rows.references import refer

_DAY = 86_400_000_000  # in microseconds
# Over which time the rows are spread: the past first, a future where a rule forbids that.
_SPANS = (300 * _DAY, 20 * _DAY, _DAY // 24, _DAY // 86_400, -_DAY // 24)
_LOOKED_AT = 200  # rows


class Recipe:
    """Makes the rows of one table.

    Args:
        draft: What is known of the table; nothing is decided yet.

    Raises:
        Unfillable: The table cannot be filled.

    """

    def __init__(self, draft: Draft) -> None:
        self.draft = make_distinct(refer(take_documents(draft)))
        self.failures = 0
        # ON CONFLICT fails where a key is deferrable.
        self._may_skip = not any(key.is_deferrable for key in draft.table.keys)
        self._skips_conflicts = draft.start > 1 and self._may_skip
        self._is_strict = False
        self._shift = ""
        self._samples = samples.find_samples(self.draft)
        self._move_times()

    def insert(self, low: int, high: int, most: int) -> str:
        """Return the statement that makes the rows of some numbers.

        Args:
            low: The first number.
            high: The last.
            most: How many rows are wanted of them.

        """
        table = self.draft.table
        names = ", ".join(map(quoted, self.draft.choices))
        select = self._select(f"generate_series({low}::bigint, {high}) AS n (i)")
        rules = self._uncertain_rules()
        source = f"({select}) AS fill_r"
        if rules:
            source = f"{row(table, select, self.draft.choices)} WHERE {condition(rules)}"
        into = f"{table.name} ({names}) OVERRIDING SYSTEM VALUE" if names else table.name
        conflict = " ON CONFLICT DO NOTHING" if self._skips_conflicts else ""
        return f"INSERT INTO {into} SELECT {names} FROM {source} LIMIT {most}{conflict}"

    def be_careful(self, error: psycopg.Error) -> bool:
        """Tell whether to try again after an error, with another way to make rows."""
        self.failures += 1
        if isinstance(error, psycopg.errors.UniqueViolation | psycopg.errors.ExclusionViolation):
            was, self._skips_conflicts = self._skips_conflicts, self._may_skip
            return was != self._skips_conflicts
        was, self._is_strict = self._is_strict, True
        self._shift = ""
        return not was

    def _uncertain_rules(self) -> list[Rule]:
        """Return the rules that the samples alone do not see to."""
        draft = self.draft
        if self._is_strict:
            return [rule for rule in draft.table.rules if not rule.is_later]
        referring = {name for group in draft.groups for name in group.columns}
        made = draft.made.keys() | draft.copies.keys()
        return [
            rule
            for rule in draft.table.rules
            if rule.columns & referring or (len(rule.columns) > 1 and rule.columns & made)
        ]

    def _select(self, series: str) -> str:
        columns = ", ".join(f"{self._value(name)} AS {quoted(name)}" for name in self.draft.choices)
        joins = "".join(
            f" LEFT JOIN pg_temp.{group.keys} AS k{group.number}"
            f" ON k{group.number}.fill_n = {group.index}"
            for group in self.draft.groups
        )
        sample = f"{chance('n.i', 0)} % {self._samples}"
        return (
            f"SELECT {columns} FROM {series}"
            f" JOIN pg_temp.{samples.TABLE} AS s ON s.fill_n = {sample}{joins}"
        )

    def _value(self, name: str) -> str:
        draft = self.draft
        sample = f"s.{quoted(name)}"
        if name in draft.only_null:
            return sample
        if draft.is_free(name):
            is_time = draft.column(name).type.base in values.TIMES
            return f"{sample} + {self._shift}" if self._shift and is_time else sample
        made = self._value(draft.copies[name]) if name in draft.copies else draft.made[name]
        together = draft.null_together(name) & draft.takes_null
        present = " AND ".join(f"s.{quoted(each)} IS NOT NULL" for each in sorted(together))
        return f"CASE WHEN {present} THEN {made} END" if present else made

    def _move_times(self) -> None:
        """Move the times of each row by as much as all rules allow, so that they are not few."""
        draft = self.draft
        times = {
            name
            for name in draft.choices
            if draft.is_free(name) and draft.column(name).type.base in values.TIMES
        }
        rules = [rule for rule in draft.table.rules if rule.columns & times]
        still = self._accepted(rules) if rules else 0
        for span in _SPANS if times else ():
            step = max(abs(span) // max(draft.wanted, 1), 1)
            away = f"(n.i - {draft.top + 1})" if span > 0 else f"(n.i - {draft.start})"
            self._shift = f"{away} * interval '{step} microseconds'"
            if not rules or self._accepted(rules) >= still:
                return
        self._shift = ""

    def _accepted(self, rules: Iterable[Rule]) -> int:
        """Return how many of some rows, from the first to the last, keep rules."""
        draft = self.draft
        stride = max(draft.wanted // _LOOKED_AT, 1)
        series = f"generate_series({draft.start}::bigint, {draft.top}, {stride}) AS n (i)"
        source = row(draft.table, self._select(series), draft.choices)
        question = f"SELECT count(*)::text FROM {source} WHERE {condition(rules)}"
        return int(ask(draft.connection, [question])[0] or -1)
