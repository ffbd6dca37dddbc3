# ruff: noqa: S608 - what is put together comes from the catalogue, as SQL or quoted
"""Which values a table's columns can have: what the server says of those that are tried.

Asked for all tables together, since a question costs less than a way to the server and back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from migrator.rows import patterns, values
from migrator.rows.conditions import ask, condition, row, typed
from migrator.rows.demands import Column, Connection, Rule, TableDemands, Type
from migrator.rows.expressions import listed, mentioned, quoted
from migrator.rows.patterns import Pattern

_ENOUGH = 40  # values of a column
_ENOUGH_TEXTS = 16
_FIRST = (1, 2, 3, 4, 5, 9, 10, 11, 27, 99, 100, 999, 99_999)
# How far patterns are tried that are not good for all rows of a table.
_REACHES = (32_767, 10_000, 1_000, 366, 100, 50, 31, 24, 12, 10, 7, 5)
_CUT = ("varchar", "bpchar", "name")  # types to which a cast makes a value that is too long fit


@dataclass(frozen=True, slots=True)
class Choice:
    """What a column's values can be.

    Args:
        column: The column.
        values: Valid ones as text, the likeliest first.
        takes_null: Whether NULL is valid.
        is_null: Whether all rows have NULL.
        varied: SQL of `n.i` for values that need not be distinct.
        distinct: SQL of `n.i` for values that must be.
        reach: The greatest number that `distinct` is known to be good for.

    """

    column: Column
    values: tuple[str, ...] = ()
    takes_null: bool = False
    is_null: bool = False
    varied: Pattern | None = None
    distinct: Pattern | None = None
    reach: int = 0

    @property
    def nothing(self) -> Choice:
        """The same column with NULL in all rows."""
        return Choice(self.column, takes_null=True, is_null=True)


Place = tuple[str, str]  # a table and one of its columns
Choices = Mapping[Place, Choice]


def choose(
    connection: Connection,
    tables: Mapping[str, tuple[TableDemands, int]],
    not_null: Collection[Place],
) -> dict[str, tuple[TableDemands, dict[str, Choice]]]:
    """Choose the values of the columns of several tables.

    Args:
        connection: To the database that is filled.
        tables: Prepared ones, with how far to count in each.
        not_null: Columns that are to have no NULL.

    Returns:
        Each table with the later rules that can be evaluated, and its columns' values.

    """
    known = _without_unknown_rules(connection, [table for table, _ in tables.values()])
    asking = _Asking(connection, known, {name: top for name, (_, top) in tables.items()})
    begun = {
        (table.name, column.name): Choice(
            column, takes_null=not (column.not_null or (table.name, column.name) in not_null)
        )
        for table in known.values()
        for column in table.columns.values()
        if not column.generated
    }
    known, valued = asking.with_values(begun)
    chosen = replace(asking, tables=known).with_patterns(valued)
    return {
        name: (table, {at[1]: choice for at, choice in chosen.items() if at[0] == name})
        for name, table in known.items()
    }


def _without_later(table: TableDemands, name: str) -> TableDemands:
    """Return a table without what is to come for one of its columns alone."""
    rules = (rule for rule in table.rules if not (rule.is_later and rule.columns == {name}))
    column = replace(table.columns[name], later=None)
    return replace(table, rules=tuple(rules), columns={**table.columns, name: column})


def _without_unknown_rules(
    connection: Connection, tables: Sequence[TableDemands]
) -> dict[str, TableDemands]:
    """Pass over later rules that need what is not there yet, a function for instance."""
    later = [(table, rule) for table in tables for rule in table.rules if rule.is_later]
    questions = []
    for table, rule in later:
        nulls = ", ".join(
            f"NULL::{column.type.plain} AS {quoted(name)}"
            for name, column in table.columns.items()
            if name in rule.columns
        )
        source = row(table, f"SELECT {nulls}", rule.columns)
        questions.append(f"SELECT ({condition([rule])})::text FROM {source}")
    answers = zip(later, ask(connection, questions), strict=True)
    unknown = {(table.name, rule) for (table, rule), answer in answers if answer is None}
    return {
        table.name: replace(
            table, rules=tuple(rule for rule in table.rules if (table.name, rule) not in unknown)
        )
        for table in tables
    }


@dataclass(frozen=True, slots=True)
class _Asking:
    """Asks the server about values of columns.

    Args:
        connection: To the database that is filled.
        tables: The tables, by name.
        tops: How far to count in each.

    """

    connection: Connection
    tables: Mapping[str, TableDemands]
    tops: Mapping[str, int]

    # Values

    def with_values(self, places: Choices) -> tuple[dict[str, TableDemands], dict[Place, Choice]]:
        """Find valid values; what is to come for a column is left out if no value keeps it."""
        tried = {
            place: values.candidates(choice.column, *self._texts(place))
            for place, choice in places.items()
        }
        wanted = dict.fromkeys(
            (text, places[place].column.type) for place, found in tried.items() for text in found
        )
        answers = ask(self.connection, [_as_value(*each) for each in wanted])
        value_of = dict(zip(wanted, answers, strict=True))
        valid = {
            place: [
                *dict.fromkeys(
                    v
                    for text in found
                    if (v := value_of[text, places[place].column.type]) is not None
                )
            ]
            for place, found in tried.items()
        }
        found, tables = {}, dict(self.tables)
        for place, (*marks, of_null) in self._marks(places, valid).items():
            best = max(marks, default="0")
            is_text = places[place].column.type.base in patterns.TEXTUAL
            kept = zip(valid[place], marks, strict=True)
            known = [value for value, mark in kept if mark == best != "0"]
            found[place] = replace(
                places[place],
                values=(*known[: _ENOUGH_TEXTS if is_text else _ENOUGH],),
                takes_null=places[place].takes_null and of_null != "0",
            )
            if best == "1":
                table, name = place
                tables[table] = _without_later(tables[table], name)
                column = tables[table].columns[name]
                found[place] = replace(found[place], column=column)
        return tables, found

    def _marks(self, places: Choices, valid: Mapping[Place, list[str]]) -> dict[Place, list[str]]:
        """Return for each value, and NULL at the end: 0 invalid, 1 valid now, 2 later too."""
        found = {place: ["2"] * (len(valid[place]) + 1) for place in places}
        asked = [place for place in places if any(self._rules(place))]
        questions = [self._mark(place, places[place], [*valid[place], None]) for place in asked]
        again = []
        for place, answer in zip(asked, ask(self.connection, questions), strict=True):
            if answer is None:
                again.append(place)
            else:
                found[place] = list(answer)
        questions = [
            self._mark(place, places[place], [value])
            for place in again
            for value in [*valid[place], None]
        ]
        answers = iter(ask(self.connection, questions))
        for place in again:
            found[place] = [next(answers) or "0" for _ in found[place]]
        return found

    def _mark(self, place: Place, choice: Choice, tried: Sequence[str | None]) -> str:
        now, later = self._rules(place)
        column = choice.column
        cast = f"fill_v::{column.type.name}"
        if None in tried:  # which a domain may forbid, though another value is asked for
            cast = f"CASE WHEN fill_v IS NOT NULL THEN {cast} END"
        select = (
            f"SELECT fill_n, {cast} AS {quoted(column.name)}"
            f" FROM unnest({listed(tried)}) WITH ORDINALITY AS fill_u (fill_v, fill_n)"
        )
        mark = (
            f"CASE WHEN NOT ({condition(now)}) THEN '0'"
            f" WHEN {quoted(column.name)} IS NULL OR ({condition(later)}) THEN '2' ELSE '1' END"
        )
        source = row(self.tables[place[0]], select, [column.name])
        return f"SELECT string_agg({mark}, '' ORDER BY fill_n) FROM {source}"

    def _rules(self, place: Place) -> tuple[list[Rule], list[Rule]]:
        """Return the rules of a column alone: today's, and those to come."""
        rules = [rule for rule in self.tables[place[0]].rules if rule.columns == {place[1]}]
        return [each for each in rules if not each.is_later], [e for e in rules if e.is_later]

    def _texts(self, place: Place) -> tuple[list[str], list[str]]:
        """Return what mentions a column, and the bodies of functions in it."""
        table, name = self.tables[place[0]], place[1]
        column = table.columns[name]
        rules = [rule for rule in table.rules if name in rule.columns]
        keys = [key for key in table.keys if name in key.columns]
        domain = [*column.type.rules, *(column.later.rules if column.later else [])]
        near = [rule.text for rule in rules] + [text for text, _ in domain]
        near += [text for key in keys for text in (*key.expressions, key.predicate or "")]
        near += [column.default] if column.default else []
        return near, [rule.hints for rule in rules if rule.hints] + [b for _, b in domain if b]

    # Patterns

    def with_patterns(self, places: Choices) -> dict[Place, Choice]:
        """Find patterns for what must be distinct, and for what need not but may vary."""
        found = dict(places)
        distinct, varied = {}, {}
        for place, choice in places.items():
            table, name = self.tables[place[0]], place[1]
            if any(name in key.columns for key in table.keys):
                distinct[place] = patterns.patterns(choice.column, *self._texts(place))
            elif not any(name in rule.columns and len(rule.columns) > 1 for rule in table.rules):
                varied[place] = patterns.variations(choice.column, *self._texts(place))
        for place, pattern, _ in self._first_good(places, varied, None, is_distinct=False):
            found[place] = replace(found[place], varied=pattern)
        for most in (None, *_REACHES):
            for place, pattern, top in self._first_good(places, distinct, most, is_distinct=True):
                found[place] = replace(found[place], distinct=pattern, reach=top)
            distinct = {at: each for at, each in distinct.items() if not found[at].distinct}
        return found

    def _first_good(
        self,
        places: Choices,
        wanted: Mapping[Place, list[Pattern]],
        most: int | None,
        *,
        is_distinct: bool,
    ) -> Iterator[tuple[Place, Pattern, int]]:
        """Return for each column the first pattern that is good, and up to which number.

        Args:
            places: The columns.
            wanted: Their patterns.
            most: How far to count at most; None for as far as the table counts.
            is_distinct: Whether the values must be distinct.

        """
        # Most often the first one is.
        rest = {place: list(made) for place, made in wanted.items() if made}
        for many in (1, len(_FIRST), values.MOST):
            asked = [(place, each) for place, made in rest.items() for each in made[:many]]
            tops = [self._top(place, each, most, is_distinct) for place, each in asked]
            questions = [
                self._score(place, places[place].column, pattern, top)
                for (place, pattern), top in zip(asked, tops, strict=True)
            ]
            answers = ask(self.connection, questions)
            for (place, pattern), answer, top in zip(asked, answers, tops, strict=True):
                if place in rest and answer is not None:
                    all_points, now, later, apart = answer.split()
                    good = all_points == now == later and (all_points == apart or not is_distinct)
                    if good and (most or top >= self.tops[place[0]] or not is_distinct):
                        yield place, pattern, top
                        del rest[place]
            rest = {place: made[many:] for place, made in rest.items() if made[many:]}

    def _top(self, place: Place, pattern: Pattern, most: int | None, is_distinct: bool) -> int:
        if not is_distinct:
            return values.VARIETY
        top = self.tops[place[0]]
        return min(top, most or top, pattern.limit or top)

    def _score(self, place: Place, column: Column, pattern: Pattern, top: int) -> str:
        now, later = self._rules(place)
        points = sorted({*(each for each in _FIRST if each <= top), max(top // 2, 1), top})
        points = [*points, *([0] if top == values.VARIETY else [])]
        series = f"unnest(ARRAY{points}::bigint[])"
        source = self._pattern_row(place[0], column, pattern, series)
        apart = self._what_is_apart(place, column)
        return (
            f"SELECT count(*) || ' ' || count(*) FILTER (WHERE fill_f AND {condition(now)}) || ' '"
            f" || count(*) FILTER (WHERE {condition(later)}) || ' '"
            f" || count(DISTINCT {apart}) FROM {source}"
        )

    def _what_is_apart(self, place: Place, column: Column) -> str:
        """Return what must be distinct of a column: an index may be on an expression of it."""
        table = self.tables[place[0]]
        for key in sorted(table.keys, key=lambda each: len(each.columns)):
            for expression in key.expressions:
                names = mentioned(expression, table.columns)
                if place[1] in key.columns and names == {column.name} and "(" in expression:
                    return f"({expression})::text"
        name = quoted(column.name)
        return f"({_as_later(name, column)})::text"

    def _pattern_row(self, table: str, column: Column, pattern: Pattern, series: str) -> str:
        cast = typed(pattern.text, column)
        fits = "TRUE"
        if column.type.base in _CUT:
            fits = f"rtrim({cast}::text) = rtrim(({pattern.text})::text)"
        select = f"SELECT {fits} AS fill_f, {cast} AS {quoted(column.name)} FROM {series} AS n (i)"
        return row(self.tables[table], select, [column.name])


def _as_later(text: str, column: Column) -> str:
    """Return a value as one of the type that its column will have."""
    if column.later is None or column.later.kind == "e":  # which may not be there yet
        return text
    return f"{text}::text::{column.later.plain}"


def _as_value(text: str, kind: Type) -> str:
    """Return the question for a value of a type as text; NULL where a cast would cut it."""
    again = f"CAST(v::text AS {kind.name})::text IS NOT NULL"  # it is made from its text later
    uncut = f"rtrim(v::text) = rtrim(({text})::text)" if kind.base in _CUT else again
    value = f"(SELECT CAST({text} AS {kind.name}) AS v) AS fill_r"
    return f"SELECT CASE WHEN {uncut} THEN v::text END FROM {value}"
