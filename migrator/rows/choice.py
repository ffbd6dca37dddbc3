# ruff: noqa: S608 - what is put together comes from the catalogue, as SQL or quoted
"""Which values a table's columns can have: what the server says of those that are tried.

Asked for all tables together, since a question costs less than a way to the server and back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from migrator.rows import patterns, values
from migrator.rows.conditions import ask, condition, row, typed
from migrator.rows.demands import Column, Connection, Rule, TableDemands
from migrator.rows.expressions import listed, literal, mentioned, quoted
from migrator.rows.patterns import Pattern

_ENOUGH = 40  # values of a column
_ENOUGH_TEXTS = 16
_FIRST = (1, 2, 3, 4, 5, 9, 10, 11, 27, 99, 100, 999, 99_999)
Place = tuple[str, str]  # a table and one of its columns
_CUT = ("varchar", "bpchar", "name")  # types to which a cast makes a value that is too long fit


@dataclass(slots=True)
class Choice:
    """What a column's values can be.

    Args:
        column: The column.
        values: Valid ones as text, the likeliest first.
        takes_null: Whether NULL is valid.
        varied: SQL of `n.i` for values that need not be distinct.
        distinct: SQL of `n.i` for values that must be, with the greatest number it is good for.
        keeps_later: Whether the values keep the rules to come, too.

    """

    column: Column
    values: list[str] = field(default_factory=list)
    takes_null: bool = False
    varied: Pattern | None = None
    distinct: list[tuple[Pattern, int]] = field(default_factory=list)
    keeps_later: bool = True


class Chooser:
    """Chooses the values of the columns of several tables.

    Args:
        connection: To the database that is filled.
        tables: Prepared ones, with how far to count in each.
        not_null: Columns that are to have no NULL, as pairs of table and column.

    """

    def __init__(
        self,
        connection: Connection,
        tables: Mapping[str, tuple[TableDemands, int]],
        not_null: Iterable[Place],
    ) -> None:
        self.connection = connection
        self.tables = {name: table for name, (table, _) in tables.items()}
        self.tops = {name: top for name, (_, top) in tables.items()}
        self.not_null = frozenset(not_null)
        self._keeps_later = True

    def choose(self) -> dict[str, tuple[TableDemands, dict[str, Choice]]]:
        """Return each table with the later rules that can be evaluated, and its columns' values."""
        self._drop_unknown_rules()
        places = {
            (table.name, column.name): Choice(column)
            for table in self.tables.values()
            for column in table.columns.values()
            if not column.generated
        }
        self._find_values(places)
        self._drop_values_that_become_the_same(places)
        self._find_patterns(places)
        return {
            name: (
                table,
                {
                    column: places[name, column]
                    for column in table.columns
                    if (name, column) in places
                },
            )
            for name, table in self.tables.items()
        }

    def _drop_unknown_rules(self) -> None:
        """Pass over later rules that need what is not there yet, a function for instance."""
        later = [
            (table, rule) for table in self.tables.values() for rule in table.rules if rule.is_later
        ]
        questions = []
        for table, rule in later:
            nulls = ", ".join(
                f"NULL::{column.type.plain} AS {quoted(name)}"
                for name, column in table.columns.items()
                if name in rule.columns
            )
            source = row(table, f"SELECT {nulls}", rule.columns)
            questions.append(f"SELECT ({condition([rule])})::text FROM {source}")
        for (table, rule), answer in zip(later, ask(self.connection, questions), strict=True):
            if answer is None:
                now = self.tables[table.name]
                rules = tuple(each for each in now.rules if each is not rule)
                self.tables[table.name] = replace(now, rules=rules)

    # Values

    def _find_values(self, places: Mapping[Place, Choice]) -> None:
        tried = {
            place: values.candidates(choice.column, *self._texts(*place))
            for place, choice in places.items()
        }
        wanted = list(
            dict.fromkeys(
                (value, places[place].column.type.name, places[place].column.type.base)
                for place, found in tried.items()
                for value in found
            )
        )
        answers = ask(self.connection, [_fits(*each) for each in wanted])
        fits = {each[:2] for each, answer in zip(wanted, answers, strict=True) if answer == "true"}
        valid = {
            place: [each for each in found if (each, places[place].column.type.name) in fits]
            for place, found in tried.items()
        }
        for place, marks in self._marks(places, valid).items():
            choice = places[place]
            choice.takes_null = marks.pop() != "0" and self._may_be_null(place[0], choice.column)
            best = max(marks, default="0")
            choice.keeps_later = best != "1"
            # A rule to come that no value keeps is not kept; one of today must be.
            kept = zip(valid[place], marks, strict=True)
            is_text = choice.column.type.base in values.TEXTUAL
            choice.values = [each for each, mark in kept if mark == best != "0"]
            del choice.values[_ENOUGH_TEXTS if is_text else _ENOUGH :]

    def _drop_values_that_become_the_same(self, places: Mapping[Place, Choice]) -> None:
        """Keep one value of those that a type to come does not tell apart: 1 and true."""
        changing = [
            (choice, value, column)
            for choice in places.values()
            if (column := choice.column).later is not None
            for value in choice.values
        ]
        answers = ask(
            self.connection,
            [
                f"SELECT ({_as_later(typed(literal(value), column), column)})::text"
                for _, value, column in changing
            ],
        )
        seen: set[tuple[int, str]] = set()
        for (choice, value, _), answer in zip(changing, answers, strict=True):
            if answer is not None and (id(choice), answer) in seen:
                choice.values.remove(value)
            seen.add((id(choice), answer or ""))

    def _may_be_null(self, table: str, column: Column) -> bool:
        return not column.not_null and (table, column.name) not in self.not_null

    def _marks(
        self, places: Mapping[Place, Choice], valid: Mapping[Place, list[str]]
    ) -> dict[Place, list[str]]:
        """Return for each value, and NULL at the end: 0 invalid, 1 valid now, 2 later too."""
        found = {}
        asked = []
        for place in places:
            if any(self._rules(*place)):
                asked.append(place)
            else:
                found[place] = ["2"] * (len(valid[place]) + 1)
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
            found[place] = [next(answers) or "0" for _ in range(len(valid[place]) + 1)]
        return found

    def _mark(self, place: Place, choice: Choice, tried: Sequence[str | None]) -> str:
        now, later = self._rules(*place)
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

    def _rules(self, table: str, column: str) -> tuple[list[Rule], list[Rule]]:
        """Return the rules of a column alone: today's, and those to come."""
        rules = [rule for rule in self.tables[table].rules if rule.columns == {column}]
        later = [rule for rule in rules if rule.is_later and self._keeps_later]
        return [rule for rule in rules if not rule.is_later], later

    def _texts(self, table: str, name: str) -> tuple[list[str], list[str]]:
        """Return what mentions a column, and the bodies of functions in it."""
        demands = self.tables[table]
        column = demands.columns[name]
        rules = [rule for rule in demands.rules if name in rule.columns]
        keys = [key for key in demands.keys if name in key.columns]
        domain = [*column.type.rules, *(column.later.rules if column.later else [])]
        near = [rule.text for rule in rules] + [text for text, _ in domain]
        near += [text for key in keys for text in (*key.expressions, key.predicate or "")]
        near += [column.default] if column.default else []
        return near, [rule.hints for rule in rules if rule.hints] + [b for _, b in domain if b]

    # Patterns

    def _find_patterns(self, places: Mapping[Place, Choice]) -> None:
        distinct, varied = {}, {}
        for place, choice in places.items():
            table = self.tables[place[0]]
            texts = self._texts(*place)
            if any(place[1] in key.columns for key in table.keys):
                distinct[place] = patterns.patterns(choice.column, *texts)
            elif not any(
                place[1] in rule.columns and len(rule.columns) > 1 for rule in table.rules
            ):
                varied[place] = patterns.variations(choice.column, *texts)
        for place, (pattern, _) in self._first_good(places, varied, is_distinct=False):
            places[place].varied = pattern
        # Rules to come are not kept where rules of today cannot be kept with them.
        for self._keeps_later in (True, False):
            for place, found in self._first_good(places, distinct, is_distinct=True):
                places[place].distinct = [found]
            distinct = {place: e for place, e in distinct.items() if not places[place].distinct}
            self._find_reaches(places, distinct)
            distinct = {
                place: made
                for place, made in distinct.items()
                if not (places[place].distinct or places[place].keeps_later)
            }

    def _first_good(
        self,
        places: Mapping[Place, Choice],
        patterns: Mapping[Place, list[Pattern]],
        *,
        is_distinct: bool,
    ) -> Iterator[tuple[Place, tuple[Pattern, int]]]:
        """Return for each column the first pattern that is good as far as its table counts."""
        # Most often the first one is.
        rest = {place: list(made) for place, made in patterns.items() if made}
        for most in (1, len(_FIRST), values.MOST):
            asked = [(place, each) for place, made in rest.items() for each in made[:most]]
            tops = [self._top(place, is_distinct) for place, _ in asked]
            questions = [
                self._score(place, places[place].column, pattern, top)
                for (place, pattern), top in zip(asked, tops, strict=True)
            ]
            answers = ask(self.connection, questions)
            for (place, pattern), answer, top in zip(asked, answers, tops, strict=True):
                if place in rest and answer is not None:
                    all_points, now, later, apart = answer.split()
                    enough = pattern.limit is None or pattern.limit >= top or not is_distinct
                    good = all_points == now == later and (all_points == apart or not is_distinct)
                    if good and enough:
                        yield place, (pattern, top)
                        del rest[place]
            rest = {place: made[most:] for place, made in rest.items() if made[most:]}

    def _top(self, place: Place, is_distinct: bool) -> int:
        return self.tops[place[0]] if is_distinct else values.VARIETY

    def _score(self, place: Place, column: Column, pattern: Pattern, top: int) -> str:
        now, later = self._rules(*place)
        points = sorted({*(each for each in _FIRST if each <= top), max(top // 2, 1), top})
        points = [*points, *([] if top == self.tops[place[0]] else [0])]
        series = f"unnest(ARRAY{points}::bigint[])"
        source = self._pattern_row(place[0], column, pattern, series)
        apart = self._what_is_apart(place, column)
        return (
            f"SELECT count(*) || ' ' || count(*) FILTER (WHERE fill_f AND {condition(now)}) || ' '"
            f" || count(*) FILTER (WHERE {condition(later)}) || ' ' || count(DISTINCT {apart})"
            f" FROM {source}"
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
        return f"({_as_later(name, column) if self._keeps_later else name})::text"

    def _pattern_row(self, table: str, column: Column, pattern: Pattern, series: str) -> str:
        cast = typed(pattern.text, column)
        fits = "TRUE"
        if column.type.base in _CUT:
            fits = f"rtrim({cast}::text) = rtrim(({pattern.text})::text)"
        select = f"SELECT {fits} AS fill_f, {cast} AS {quoted(column.name)} FROM {series} AS n (i)"
        return row(self.tables[table], select, [column.name])

    def _find_reaches(
        self,
        places: Mapping[Place, Choice],
        lacking: Mapping[Place, list[Pattern]],
    ) -> None:
        """Ask how far patterns are good where none is good as far as its table counts."""
        asked = [(place, pattern) for place, made in lacking.items() for pattern in made]
        questions, mosts = [], []
        for place, pattern in asked:
            now, later = self._rules(*place)
            series = "(SELECT $1::bigint AS i)"
            source = self._pattern_row(place[0], places[place].column, pattern, series)
            questions += [f"SELECT fill_f AND {condition([*now, *later])} FROM {source}"]
            mosts.append(min(self.tops[place[0]], pattern.limit or self.tops[place[0]]))
        rows = self.connection.execute(
            "SELECT pg_temp.fill_reach(q.question, q.most) FROM unnest(%s::text[], %s::bigint[])"
            " WITH ORDINALITY AS q (question, most, place) ORDER BY q.place",
            [questions, mosts],
        )
        for (place, pattern), (reach,) in zip(asked, rows, strict=True):
            if reach:
                places[place].distinct.append((pattern, reach))
        for place in lacking:
            places[place].distinct.sort(key=lambda found: -found[1])


def _as_later(text: str, column: Column) -> str:
    """Return a value as one of the type that its column will have."""
    if column.later is None or column.later.kind == "e":  # which may not be there yet
        return text
    return f"{text}::text::{column.later.plain}"


def _fits(value: str, name: str, base: str) -> str:
    # As text, since not every type can be compared.
    same = f"rtrim(v::text) = rtrim({literal(value)})" if base in _CUT else "v::text IS NOT NULL"
    return f"SELECT ({same})::text FROM (SELECT CAST({literal(value)} AS {name}) AS v) AS fill_r"
