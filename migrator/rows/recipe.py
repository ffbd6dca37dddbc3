# ruff: noqa: S608 - what is put together comes from the catalogue, as SQL or quoted
"""How the rows of one table are made: each column's value as SQL of the row's number.

What need not be distinct comes from samples. Other tables' keys and what must be distinct take the
place of a sample's value where that is not NULL.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import psycopg

from migrator.rows import patterns, samples
from migrator.rows.conditions import ask, condition, row
from migrator.rows.demands import Rule
from migrator.rows.distinct import make_distinct
from migrator.rows.draft import Draft
from migrator.rows.expressions import chance, quoted
from migrator.rows.references import refer

_DAY = 86_400_000_000  # in microseconds
# Over which time the rows are spread: the past first, a future where a rule forbids that.
_SPANS = (300 * _DAY, 20 * _DAY, _DAY // 24, _DAY // 86_400, -_DAY // 24)
_LOOKED_AT = 200  # rows


@dataclass(frozen=True, slots=True)
class Recipe:
    """Makes the rows of one table.

    Args:
        draft: What is decided about the table.
        samples: How many samples there are.
        skips_conflicts: Whether rows that are there twice are left out.
        is_strict: Whether each row is checked by all rules of today.
        shift: By how much the times of a row are moved, as SQL of `n.i`; empty for not at all.

    """

    draft: Draft
    samples: int
    skips_conflicts: bool
    is_strict: bool = False
    shift: str = ""

    @classmethod
    def of(cls, begun: Draft) -> Recipe:
        """Return how rows are made.

        Args:
            begun: What is known of the table; nothing is decided yet.

        Raises:
            Unfillable: The table cannot be filled.

        """
        draft = make_distinct(refer(begun))
        plain = cls(draft, samples.find_samples(draft), draft.start > 1 and _may_skip(draft))
        return plain._with_moved_times()

    def insert(self, low: int, high: int, most: int) -> str:
        """Return the statement that makes the rows of some numbers.

        Args:
            low: The first number.
            high: The last.
            most: How many rows are wanted of them.

        """
        table, names = self.draft.table, ", ".join(map(quoted, self.draft.choices))
        into = f"{table.name} ({names}) OVERRIDING SYSTEM VALUE" if names else table.name
        conflict = " ON CONFLICT DO NOTHING" if self.skips_conflicts else ""
        source = self._source(low, high)
        return f"INSERT INTO {into} SELECT {names} FROM {source} LIMIT {most}{conflict}"

    def complete(self, columns: Iterable[str], lacks: str, lacking: int) -> str:
        """Return the statement that gives rows values where they have NULL.

        Args:
            columns: Which values they get.
            lacks: Which rows, as a condition.
            lacking: How many that are.

        """
        table, low = self.draft.table.name, self.draft.start
        values = ", ".join(f"{n} = coalesce(fill_t.{n}, fill_m.{n})" for n in map(quoted, columns))
        made = (
            f"SELECT *, row_number() OVER () AS fill_k FROM {self._source(low, low + lacking - 1)}"
        )
        there = (
            f"SELECT ctid AS fill_c, row_number() OVER () AS fill_k FROM ONLY {table} WHERE {lacks}"
        )
        return (
            f"UPDATE ONLY {table} AS fill_t SET {values} FROM ({made}) AS fill_m"
            f" JOIN ({there}) AS fill_l USING (fill_k) WHERE fill_t.ctid = fill_l.fill_c"
        )

    def _source(self, low: int, high: int) -> str:
        """Return a FROM item with the rows of some numbers that all rules accept."""
        select = self._select(f"generate_series({low}::bigint, {high}) AS n (i)")
        if rules := self._uncertain_rules():
            return f"{row(self.draft.table, select, self.draft.choices)} WHERE {condition(rules)}"
        return f"({select}) AS fill_r"

    def more_careful(self, error: psycopg.Error) -> Recipe | None:
        """Return another way to make rows after an error; None if there is none."""
        careful = replace(self, is_strict=True, shift="")
        if isinstance(error, psycopg.errors.UniqueViolation | psycopg.errors.ExclusionViolation):
            careful = replace(self, skips_conflicts=_may_skip(self.draft))
        return careful if careful != self else None

    def _uncertain_rules(self) -> list[Rule]:
        """Return the rules that the samples alone do not see to."""
        draft = self.draft
        if self.is_strict:
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
        sample = f"{chance('n.i', 0)} % {self.samples}"
        return (
            f"SELECT {columns} FROM {series}"
            f" JOIN pg_temp.{samples.TABLE} AS s ON s.fill_n = {sample}{joins}"
        )

    def _value(self, name: str) -> str:
        draft = self.draft
        sample = f"s.{quoted(name)}"
        if draft.is_free(name):
            is_time = draft.column(name).type.base in patterns.TIMES
            return f"{sample} + {self.shift}" if self.shift and is_time else sample
        if draft.choices[name].is_null:
            return sample
        made = self._value(draft.copies[name]) if name in draft.copies else draft.made[name]
        together = draft.taking_null(draft.null_together(name))
        present = " AND ".join(f"s.{quoted(each)} IS NOT NULL" for each in sorted(together))
        return f"CASE WHEN {present} THEN {made} END" if present else made

    def _with_moved_times(self) -> Recipe:
        """Move the times of each row by as much as all rules allow, so that they are not few."""
        draft = self.draft
        times = {
            name
            for name in draft.choices
            if draft.is_free(name) and draft.column(name).type.base in patterns.TIMES
        }
        rules = [rule for rule in draft.table.rules if rule.columns & times]
        still = self._accepted(rules) if rules else 0
        for span in _SPANS if times else ():
            step = max(abs(span) // max(draft.wanted, 1), 1)
            away = f"(n.i - {draft.top + 1})" if span > 0 else f"(n.i - {draft.start})"
            moved = replace(self, shift=f"{away} * interval '{step} microseconds'")
            if not rules or moved._accepted(rules) >= still:
                return moved
        return self

    def _accepted(self, rules: Iterable[Rule]) -> int:
        """Return how many of some rows, from the first to the last, keep rules."""
        draft = self.draft
        stride = max(draft.wanted // _LOOKED_AT, 1)
        series = f"generate_series({draft.start}::bigint, {draft.top}, {stride}) AS n (i)"
        source = row(draft.table, self._select(series), draft.choices)
        question = f"SELECT count(*)::text FROM {source} WHERE {condition(rules)}"
        return int(ask(draft.connection, [question])[0] or -1)


def _may_skip(draft: Draft) -> bool:
    """Say whether ON CONFLICT is possible: not where a key is deferrable."""
    return not any(key.is_deferrable for key in draft.table.keys)
