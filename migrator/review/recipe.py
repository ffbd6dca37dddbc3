# ruff: noqa: S608 - what is put together comes from the catalogue, as SQL or quoted
"""How the rows of one table are made: each column's value as SQL of the row's number.

What need not be distinct is taken from samples: rows of values which the server found to go together.
Keys of other tables and what must be distinct are put into a sample's row where it has no NULL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import TypeVar

import psycopg

from migrator.review import values
from migrator.review.choice import Choice, ask, condition, row, typed
from migrator.review.demands import (
    Column,
    Connection,
    Key,
    Reference,
    Rule,
    TableDemands,
    mentioned,
    quoted,
)
from migrator.review.values import literal

T = TypeVar("T")

_SAMPLES = 2000
_FOUND = 300  # combinations that are enough for columns that are tied together
_TRIES = (1_000, 20_000, 300_000)  # combinations that are drawn
_PATIENCE = "5s"  # for a search
_PRIMES = (1, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59)
_DAY = 86_400_000_000


class Impossible(Exception):
    """A table cannot be filled; the message says why."""


@dataclass(slots=True)
class Group:
    """References that share columns, so that their keys must be taken together.

    Args:
        number: Its place in the table.
        references: The first has the most columns.
        columns: Those that refer.
        size: How many keys there are.
        index: Which key a row takes, as SQL of `n.i`, from 0.
        apart: Columns that have another value in each row.

    """

    number: int
    references: list[Reference]
    columns: list[str] = field(default_factory=list)
    size: int = 0
    index: str = ""
    apart: frozenset[str] = frozenset()


class Recipe:
    """Makes the rows of one table; within a transaction, at whose end its tables are dropped.

    Args:
        connection: In a transaction.
        table: What the table demands; prepared.
        choices: The values of its columns.
        start: The first number that has no row yet.
        wanted: How many rows are to be made.
        partitioned: The tables that hold no rows themselves.

    """

    def __init__(
        self,
        connection: Connection,
        table: TableDemands,
        choices: Mapping[str, Choice],
        *,
        start: int,
        wanted: int,
        partitioned: Iterable[str],
    ) -> None:
        self.connection = connection
        self.table = table
        self.choices = choices
        self.start = start
        self.wanted = wanted
        self.top = start + wanted - 1
        self.partitioned = frozenset(partitioned)
        self.end = 2 * start + 100 * wanted + 10_000_000
        self.capped_by = ""
        self.shift = ""
        self.is_strict = False
        self.skips_conflicts = start > 1
        self.failures = 0
        self.samples = 0
        self.groups: list[Group] = []
        self.values = {name: list(choice.values) for name, choice in choices.items()}
        self.takes_null = {name for name, choice in choices.items() if choice.takes_null}
        self.only_null: set[str] = set()
        self.made: dict[str, str] = {}  # what is not taken from the samples
        self.distinct: set[str] = set()  # of that, what is another value in each row
        self.copies: dict[str, str] = {}  # references of a row to itself
        self._part_of: dict[str, int] = {}

    def prepare(self) -> None:
        """Decide where each column's values come from, and find samples.

        Raises:
            Impossible: The table cannot be filled.

        """
        self._take_existing_documents()
        self._refer()
        for key in sorted(self.table.keys, key=lambda each: (len(each.columns), each.name)):
            self._make_distinct(key)
        self._finish_groups()
        self._find_samples()
        self._move_times()

    # What other tables have

    def _take_existing_documents(self) -> None:
        """Let documents and arrays be those that are there: triggers may know more of them."""
        if self.start == 1:
            return
        for name, choice in self.choices.items():
            if choice.column.type.base in ("json", "jsonb") or choice.column.type.kind == "a":
                column = quoted(name)
                found = self.connection.execute(
                    f"SELECT DISTINCT {column}::text FROM (SELECT {column}"
                    f" FROM ONLY {self.table.name} LIMIT 200) AS f WHERE {column} IS NOT NULL".encode()
                ).fetchall()
                if found:
                    self.values[name] = [value for (value,) in found][:50]
                    choice.varied = None

    def _refer(self) -> None:
        """Group the references, and read the keys that they can take."""
        usable = []
        own = (self.table.name, self.table.root)
        for reference in self.table.references:
            if reference.table in own:
                self._refer_to_itself(reference)
            elif self._has_rows(reference.table):
                usable.append(reference)
            else:
                self._do_without(reference)
        usable = [each for each in usable if not self.only_null & set(each.columns)]
        # A column that another reference fills cannot be the row's own key too.
        referring = {name for each in usable for name in each.columns}
        self.only_null |= self.copies.keys() & referring & self.takes_null
        usable = [each for each in usable if not self.only_null & set(each.columns)]
        self.copies = {n: source for n, source in self.copies.items() if n not in self.only_null}
        for number, references in enumerate(_connected(usable, lambda each: each.columns)):
            group = Group(number, self._in_order(references))
            self._read_keys(group)
            if not group.size:
                self._read_required_keys(group)
            self.groups.append(group)
        self.groups = [group for group in self.groups if group.size]
        for name, source in self.copies.items():
            self.values[name] = self.values.get(source, [])
        for group in self.groups:
            for name in group.columns:
                self.made[name] = f"k{group.number}.{quoted(name)}"
                self.values[name] = self._some_keys(group, name)

    def _refer_to_itself(self, reference: Reference) -> None:
        for name, source in zip(reference.columns, reference.referenced, strict=True):
            if name != source:
                self.copies[name] = source

    def _has_rows(self, table: str) -> bool:
        found = self.connection.execute(f"SELECT EXISTS (SELECT FROM {self._only(table)})".encode())
        return bool((found.fetchone() or (False,))[0])

    def _only(self, table: str) -> str:
        """Return a table without those that inherit from it: a reference does not see theirs."""
        return table if table in self.partitioned else f"ONLY {table}"

    def _do_without(self, reference: Reference) -> None:
        nullable = self.takes_null & set(reference.columns)
        if nullable:
            self.only_null |= nullable
        elif not reference.is_later:
            raise Impossible(f"it refers to {reference.table}, which has no rows")

    def _in_order(self, references: list[Reference]) -> list[Reference]:
        """Return references so that each shares a column with those before it, the widest first."""
        rest = sorted(references, key=lambda each: (-len(each.columns), self._is_optional(each)))
        ordered = [rest.pop(0)]
        while rest:
            bound = {name for each in ordered for name in each.columns}
            following = next((each for each in rest if bound & set(each.columns)), rest[0])
            rest.remove(following)
            ordered.append(following)
        return ordered

    def _is_optional(self, reference: Reference) -> bool:
        return reference.is_later or bool(self.takes_null & set(reference.columns))

    def _read_required_keys(self, group: Group) -> None:
        """Read keys again without the references that rows can do without."""
        for reference in [each for each in group.references if self._is_optional(each)]:
            group.references.remove(reference)
            self._do_without(reference)
        group.references = [
            each for each in group.references if not self.only_null & set(each.columns)
        ]
        if group.references:
            self._read_keys(group)
            if not group.size:
                tables = ", ".join(each.table for each in group.references)
                raise Impossible(f"no rows of {tables} go together")

    def _read_keys(self, group: Group, apart: Iterable[str] = (), *, whole: bool = False) -> None:
        """Put keys that go together into a temporary table, numbered from 0.

        Args:
            group: Its references; its columns and size are set.
            apart: Columns whose values come once each before any comes again.
            whole: Take every combination and not only one for each key of the widest reference.

        """
        bound: dict[str, str] = {}
        joins = []
        for place, reference in enumerate(group.references):
            pairs = list(zip(reference.columns, reference.referenced, strict=True))
            shared = [pair for pair in pairs if pair[0] in bound]
            joins.append(self._join(place, reference, shared, bound, whole))
            for name, referenced in pairs:
                if name not in bound:
                    bound[name] = self._as_own(f"r{place}.{quoted(referenced)}", name, reference)
        group.columns = list(bound)
        selected = ", ".join(f"{text} AS {quoted(name)}" for name, text in bound.items())
        order = ""
        if apart:
            columns = ", ".join(bound[name] for name in apart)
            selected += f", row_number() OVER (PARTITION BY {columns}) AS fill_turn"
            order = "ORDER BY f.fill_turn"
        name = f"pg_temp.fill_keys_{group.number}"
        names = ", ".join(f"f.{quoted(column)}" for column in bound)
        self.connection.execute(f"DROP TABLE IF EXISTS {name}".encode())
        made = self.connection.execute(
            f"CREATE TEMPORARY TABLE fill_keys_{group.number} ON COMMIT DROP AS"
            f" SELECT row_number() OVER ({order}) - 1 AS fill_n, {names}"
            f" FROM (SELECT {selected} FROM {' '.join(joins)} LIMIT {self._key_limit()}) AS f".encode()
        )
        group.size = made.rowcount

    def _key_limit(self) -> int:
        return max(self.top * 2, 1000)

    def _as_own(self, text: str, name: str, reference: Reference) -> str:
        """Return a referenced column's value as one of the column that refers."""
        if reference.is_later:
            text = f"{text}::text"
        return typed(text, self.table.columns[name])

    def _join(
        self,
        place: int,
        reference: Reference,
        shared: list[tuple[str, str]],
        bound: Mapping[str, str],
        whole: bool,
    ) -> str:
        present = " AND ".join(f"p.{quoted(each)} IS NOT NULL" for each in reference.referenced)
        columns = ", ".join(f"p.{quoted(each)}" for each in reference.referenced)
        within = ", ".join(f"p.{quoted(referenced)}" for _, referenced in shared)
        partition = f"PARTITION BY {within}" if shared else ""
        source = (
            f"(SELECT {columns}, row_number() OVER ({partition}) - 1 AS fill_r,"
            f" count(*) OVER ({partition}) AS fill_c"
            f" FROM {self._only(reference.table)} AS p WHERE {present}"
            f" {'LIMIT ' + str(self._key_limit()) if not place else ''}) AS r{place}"
        )
        if not place:
            return source
        on = [
            f"{self._as_own(f'r{place}.{quoted(referenced)}', name, reference)} = {bound[name]}"
            for name, referenced in shared
        ]
        fresh = set(reference.columns) - bound.keys()
        if fresh and not whole:
            on.append(f"r{place}.fill_r = r0.fill_r % r{place}.fill_c")
        kind = "LEFT JOIN" if fresh and fresh <= self.takes_null else "JOIN"
        return f"{kind} {source} ON {' AND '.join(on) or 'TRUE'}"

    def _some_keys(self, group: Group, name: str) -> list[str]:
        column = quoted(name)
        found = self.connection.execute(
            f"SELECT DISTINCT {column}::text FROM (SELECT {column}"
            f" FROM pg_temp.fill_keys_{group.number} LIMIT 20) AS f WHERE {column} IS NOT NULL".encode()
        ).fetchall()
        if not found:
            self.only_null.add(name)
        return [value for (value,) in found]

    # What must be distinct

    def _make_distinct(self, key: Key) -> None:
        """See to it that no two rows have the same key, or the rows are few."""
        columns = [each for each in sorted(key.columns) if each not in self.only_null]
        if key.is_strict or (key.is_later and key.predicate is None and not self._is_bare(key)):
            self.takes_null -= key.columns
        bare = {name for name in columns if self._bare_place(key, name) is not None}
        if not columns or any(self._is_distinct(name) for name in (bare or columns)):
            return
        if any(group.apart and group.apart <= set(columns) for group in self.groups):
            return
        for name in self._best_patterns(columns if not key.operators else sorted(bare)):
            pattern, reach = self.choices[name].distinct[0]
            if reach >= self.top:
                self.made[name] = typed(self._counted(name, pattern.text), self._column(name))
                self.distinct.add(name)
                return
        for group in self._groups_in(columns):
            apart = [name for name in group.columns if name in columns]
            if self._apart(group, apart) >= self.top or self._combine(group, apart):
                group.index = "n.i - 1"
                group.apart = frozenset(apart)
                return
        if key.operators and not bare.issuperset(columns):
            self._step(key, columns)
        else:
            self._count_through(key, columns)

    def _is_bare(self, key: Key) -> bool:
        return all("(" not in expression for expression in key.expressions)

    def _bare_place(self, key: Key, name: str) -> int | None:
        """Return where a key has a column as it is."""
        plain = {name, quoted(name)}
        return next((n for n, each in enumerate(key.expressions) if each in plain), None)

    def _is_distinct(self, name: str) -> bool:
        """Tell whether a column's value is another one in every row."""
        return self.copies.get(name, name) in self.distinct

    def _group_of(self, name: str) -> Group | None:
        return next((group for group in self.groups if name in group.columns), None)

    def _groups_in(self, columns: Iterable[str]) -> list[Group]:
        """Return the groups that a key touches and no other key has taken, the largest first."""
        wanted = set(columns)
        found = [each for each in self.groups if wanted & set(each.columns) and not each.index]
        return sorted(found, key=lambda group: -group.size)

    def _best_patterns(self, columns: Iterable[str]) -> list[str]:
        """Return the columns that can have a value for each row, those that are free first."""
        free = [
            name
            for name in columns
            if name not in self.made.keys() | self.copies.keys()
            and name in self.choices
            and self.choices[name].distinct
        ]

        def rank(name: str) -> tuple[bool, bool, str]:
            tied = any(name in each.columns and len(each.columns) > 1 for each in self.table.rules)
            return (tied, self._column(name).type.base in values.TIMES, name)

        return sorted(free, key=rank)

    def _column(self, name: str) -> Column:
        return self.table.columns[name]

    def _counted(self, name: str, text: str) -> str:
        """Return a pattern; plain numbers begin after those that are there."""
        if text != "n.i" or self.start == 1:
            return text
        source = f"SELECT max({quoted(name)}) FROM ONLY {self.table.name}"
        if self._column(name).type.base not in ("int2", "int4", "int8"):
            return text
        (greatest,) = self.connection.execute(source.encode()).fetchone() or (None,)
        return f"{max(int(greatest or 0), self.start - 1) - self.start + 1} + n.i"

    def _apart(self, group: Group, apart: list[str], *, read: bool = True) -> int:
        """Return how many different values some columns of a group have; number them first."""
        if read:
            self._read_keys(group, apart)
        columns = ", ".join(map(quoted, apart))
        found = self.connection.execute(
            f"SELECT count(DISTINCT ({columns})) FROM pg_temp.fill_keys_{group.number}".encode()
        )
        return int((found.fetchone() or (0,))[0])

    def _combine(self, group: Group, apart: list[str]) -> bool:
        """Take all combinations of a group's keys, if they are needed and enough."""
        if len(group.references) == 1 or len(apart) == 1:
            return False
        self._read_keys(group, apart, whole=True)
        return self._apart(group, apart, read=False) >= self.top

    def _step(self, key: Key, columns: Iterable[str]) -> None:
        """Let the bounds of what must not overlap follow each other."""
        ordered = [
            name
            for expression in key.expressions
            for name in sorted(columns, key=expression.find)
            if name in mentioned(expression, columns) and expression not in (name, quoted(name))
        ]
        for place, name in enumerate(ordered):
            column = self._column(name)
            if name in self.made or not self.choices[name].distinct:
                continue
            step = f"(n.i * 4 + {place})"
            text = self.choices[name].distinct[0][0].text
            self.made[name] = typed(text.replace("n.i", step), column)

    def _count_through(self, key: Key, columns: list[str]) -> None:
        """Count through all combinations of a key's columns, of which there are few of each."""
        digits: list[tuple[int, Group | str]] = []
        for group in self._groups_in(columns):
            digits.append((self._apart(group, [n for n in group.columns if n in columns]), group))
        for name in columns:
            if name not in self.made.keys() | self.copies.keys() and self.values.get(name):
                reach = max((reach for _, reach in self.choices[name].distinct), default=0)
                digits.append((max(reach, len(self.values[name])), name))
        if len(digits) < len(self._sources(columns)) or not digits:
            return  # another key has decided already; rows that are there twice are left out
        step = 1
        for radix, source in sorted(digits, key=lambda digit: -digit[0]):
            index = f"((n.i - 1) / {step} % {radix})"
            if isinstance(source, Group):
                source.index = index
            else:
                self._take_digit(source, radix, index)
            step *= radix
            if step > self.top:
                return
        if (key.predicate is None or key.is_later) and not self.takes_null & set(columns):
            self._cap(step, key.name)

    def _sources(self, columns: Iterable[str]) -> set[str]:
        """Return columns, or their groups."""
        groups = {name: self._group_of(name) for name in columns}
        return {name if group is None else f"{group.number}" for name, group in groups.items()}

    def _take_digit(self, name: str, radix: int, index: str) -> None:
        column = self._column(name)
        if radix > len(self.values[name]):
            pattern = self.choices[name].distinct[0][0].text
            self.made[name] = typed(pattern.replace("n.i", f"(1 + {index})"), column)
        else:
            listed = ", ".join(map(literal, self.values[name]))
            self.made[name] = typed(f"(ARRAY[{listed}]::text[])[1 + {index}]", column)

    def _cap(self, rows: int, key: str) -> None:
        if rows < self.end:
            self.end, self.capped_by = rows, key

    def _finish_groups(self) -> None:
        free = sorted((each for each in self.groups if not each.index), key=lambda g: -g.size)
        for group in self.groups:
            if group is (free[0] if free else None):
                # Rows of one owner stand together, few owners have many: indexes grow at their ends.
                unit = max(self.wanted * self.wanted // group.size, 1)
                number = f"(n.i - {self.start})"
                group.index = f"({number} * {number} / {unit} % {group.size})"
            elif not group.index:
                group.index = f"({_hash('n.i', group.number + 100)} % {group.size})"
            elif group.index == "n.i - 1" and group.size < self.top * 2:
                group.index = f"((n.i - 1) % {group.size})"

    # Samples

    def _find_samples(self) -> None:
        """Put rows of values that go together into a temporary table, numbered from 0."""
        parts = [
            part
            for part in _connected(self._tying(), lambda rule: sorted(rule.columns))
            if len({name for rule in part for name in rule.columns}) > 1
        ]
        sizes = [self._find_part(number, part) for number, part in enumerate(parts)]
        self.samples = max(min(self.wanted, _SAMPLES), 1)
        seeds = count(1)
        columns = []
        for name in self.choices:
            seed = next(seeds)
            if name in self._part_of:
                columns.append(f"p{self._part_of[name]}.{quoted(name)}")
            elif name in self.only_null:
                columns.append(f"NULL::{self._column(name).type.plain} AS {quoted(name)}")
            elif name not in self.made.keys() | self.copies.keys() or name in self.takes_null:
                columns.append(f"{self._alone(name, seed)} AS {quoted(name)}")
        joins = "".join(
            f" JOIN pg_temp.fill_part_{number} AS p{number}"
            f" ON p{number}.fill_n = n.i * {_PRIMES[number % len(_PRIMES)]} % {size}"
            for number, size in enumerate(sizes)
        )
        varied = {name for name in self.choices if self.choices[name].varied is not None}
        sure = [rule for rule in self.table.rules if rule.columns <= varied and not rule.is_later]
        select = (
            f"SELECT {', '.join(['n.i AS fill_i', *columns])}"
            f" FROM generate_series(1::bigint, {self.samples}) AS n (i){joins}"
        )
        made = self.connection.execute(
            "CREATE TEMPORARY TABLE fill_samples ON COMMIT DROP AS"
            " SELECT row_number() OVER () - 1 AS fill_n, fill_r.*"
            f" FROM {row(self.table, select, varied)} WHERE {condition(sure)}".encode()
        )
        self.samples = made.rowcount
        if not self.samples:
            raise Impossible("no values were found that its checks accept")

    def _tying(self) -> list[Rule]:
        """Return the rules that tie columns together."""
        return [rule for rule in self.table.rules if len(rule.columns) > 1]

    def _alone(self, name: str, seed: int) -> str:
        """Return SQL for a column whose value does not depend on others'."""
        column = self._column(name)
        varied = self.choices[name].varied
        if varied is not None and name not in self.made:
            # Another order in each column, or all would be the same number.
            turned = f"(n.i * {7919 + 2 * seed} % {values.VARIETY})"
            text = typed(varied.text.replace("n.i", turned), column)
        elif self.values[name]:
            text = self._drawn(name, "n.i", seed)
        elif name in self.takes_null:
            return f"NULL::{column.type.plain}"
        elif column.default is not None:
            text = typed(column.default, column)
        else:
            raise Impossible(f"no value is known for {column.name}, of type {column.type.name}")
        return self._or_null(name, text, "n.i", seed)

    def _drawn(self, name: str, number: str, seed: int) -> str:
        listed = ", ".join(map(literal, self.values[name]))
        index = f"{_hash(number, seed)} % {len(self.values[name])}"
        return typed(f"(ARRAY[{listed}]::text[])[1 + ({index})::integer]", self._column(name))

    def _or_null(self, name: str, text: str, number: str, seed: int) -> str:
        if name not in self.takes_null:
            return text
        return f"CASE WHEN {_hash(number, seed + 1000)} & 3 <> 0 THEN {text} END"

    def _find_part(self, number: int, rules: list[Rule]) -> int:
        """Find values for columns that rules tie together; return how many combinations."""
        names = [name for name in self.choices if any(name in rule.columns for rule in rules)]
        lacking = [n for n in names if not self.values[n] and n not in self.takes_null]
        if set(lacking) - self.only_null:
            kinds = ", ".join(f"{each}, of type {self._column(each).type.name}" for each in lacking)
            raise Impossible(f"no value is known for {kinds}")
        for held in (rules, [rule for rule in rules if not rule.is_later]):
            for draws in _TRIES:
                found = self._draw(number, names, held, draws)
                if found >= _FOUND or (found and draws == _TRIES[-1]):
                    for name in names:
                        self._part_of[name] = number
                    return found
            if found := self._search(number, names, held):
                for name in names:
                    self._part_of[name] = number
                return found
        raise Impossible(f"no values were found for {', '.join(names)} that its checks accept")

    def _draw(self, number: int, names: list[str], rules: list[Rule], draws: int) -> int:
        columns = []
        for seed, name in enumerate(names, 17 * number):
            if name in self.only_null or not self.values[name]:
                text = f"NULL::{self._column(name).type.plain}"
            else:
                text = self._or_null(name, self._drawn(name, "n.i", seed), "n.i", seed)
            columns.append(f"{text} AS {quoted(name)}")
        select = f"SELECT {', '.join(columns)} FROM generate_series(1::bigint, {draws}) AS n (i)"
        source = row(self.table, select, names)
        found = self._keep(number, names, source, condition(rules))
        if found is None:
            found = self._keep(number, names, source, self._one_by_one(names, rules))
        return found or 0

    def _search(self, number: int, names: list[str], rules: list[Rule]) -> int:
        """Go through all combinations in order, where those that are drawn by chance are none."""
        sets = []
        for place, name in enumerate(names):
            listed = (
                [literal(each) for each in self.values[name]] if name not in self.only_null else []
            )
            listed += ["NULL"] if name in self.takes_null | self.only_null else []
            listed = listed[place % len(listed) :] + listed[: place % len(listed)]
            text = typed("fill_v", self._column(name))
            sets.append(
                f"(SELECT {text} AS {quoted(name)} FROM unnest(ARRAY[{', '.join(listed)}]::text[])"
                f" AS fill_u (fill_v)) AS c{place}"
            )
        select = f"SELECT * FROM {' CROSS JOIN '.join(sets)} WHERE {condition(rules)}"
        return self._keep(number, names, f"({select}) AS fill_r", "TRUE") or 0

    def _keep(self, number: int, names: list[str], source: str, condition: str) -> int | None:
        """Put what meets a condition into a temporary table; return how many rows, None if it fails."""
        columns = ", ".join(map(quoted, names))
        try:
            with self.connection.transaction():
                self.connection.execute(f"SET LOCAL statement_timeout TO '{_PATIENCE}'")
                self.connection.execute(f"DROP TABLE IF EXISTS pg_temp.fill_part_{number}".encode())
                made = self.connection.execute(
                    f"CREATE TEMPORARY TABLE fill_part_{number} ON COMMIT DROP AS"
                    f" SELECT row_number() OVER () - 1 AS fill_n, {columns}"
                    f" FROM {source} WHERE {condition} LIMIT {_FOUND}".encode()
                )
                # A savepoint that is released leaves its settings to the transaction.
                self.connection.execute("SET LOCAL statement_timeout TO 0")
                return made.rowcount
        except psycopg.Error:
            return None

    def _one_by_one(self, names: list[str], rules: list[Rule]) -> str:
        """Return a condition that is false where the rules cannot be evaluated."""
        values = ", ".join(
            f"CAST(%L AS {self._column(name).type.plain}) AS {quoted(name)}".replace("%L", "\0")
            for name in names
        )
        source = row(self.table, f"SELECT {values}", names)
        question = f"SELECT ({condition(rules)})::text FROM {source}"
        form = literal(question.replace("%", "%%").replace("\0", "%L"))
        texts = ", ".join(f"{quoted(name)}::text" for name in names)
        return f"pg_temp.fill_answer(format({form}, {texts})) = 'true'"

    # Rows

    def _move_times(self) -> None:
        """Move the times of each row by as much as keeps all rules, so that they are not few."""
        times = {
            name
            for name in self.choices
            if name not in self.made.keys() | self.copies.keys()
            and self._column(name).type.base in values.TIMES
        }
        if not times:
            return
        rules = [rule for rule in self.table.rules if rule.columns & times]
        still = self._accepted(rules) if rules else 0
        for span in (300 * _DAY, 20 * _DAY, _DAY // 24, _DAY // 86_400, -_DAY // 24):
            step = max(abs(span) // max(self.wanted, 1), 1)
            away = f"(n.i - {self.top + 1})" if span > 0 else f"(n.i - {self.start})"
            self.shift = f"{away} * interval '{step} microseconds'"
            if not rules or self._accepted(rules) >= still:
                return
        self.shift = ""

    def _accepted(self, rules: Iterable[Rule]) -> int:
        """Return how many of some rows, from the first to the last, keep rules."""
        stride = max(self.wanted // 200, 1)
        series = f"generate_series({self.start}::bigint, {self.top}, {stride}) AS n (i)"
        source = row(self.table, self._select(series), self.choices)
        answer = ask(
            self.connection,
            [f"SELECT count(*)::text FROM {source} WHERE {condition(rules)}"],
        )[0]
        return int(answer or -1)

    def insert(self, low: int, high: int, most: int) -> str:
        """Return the statement that makes the rows of some numbers.

        Args:
            low: The first number.
            high: The last.
            most: How many rows are wanted of them.

        """
        names = ", ".join(map(quoted, self.choices))
        series = f"generate_series({low}::bigint, {high}) AS n (i)"
        rules = self._uncertain_rules()
        source = f"({self._select(series)}) AS fill_r"
        if rules:
            source = (
                f"{row(self.table, self._select(series), self.choices)} WHERE {condition(rules)}"
            )
        conflict = " ON CONFLICT DO NOTHING" if self.skips_conflicts else ""
        target = (
            f"{self.table.name} ({names}) OVERRIDING SYSTEM VALUE" if names else self.table.name
        )
        return f"INSERT INTO {target} SELECT {names} FROM {source} LIMIT {most}{conflict}"

    def be_careful(self, error: psycopg.Error) -> bool:
        """Tell whether to try again after an error, with another way to make rows."""
        self.failures += 1
        if isinstance(error, psycopg.errors.UniqueViolation | psycopg.errors.ExclusionViolation):
            was, self.skips_conflicts = self.skips_conflicts, True
            return not was
        was, self.is_strict = self.is_strict, True
        self.shift = ""
        return not was

    def _uncertain_rules(self) -> list[Rule]:
        """Return the rules that the samples alone do not see to."""
        if self.is_strict:
            return [rule for rule in self.table.rules if not rule.is_later]
        referring = {name for group in self.groups for name in group.columns}
        made = self.made.keys() | self.copies.keys()
        return [
            rule
            for rule in self.table.rules
            if rule.columns & referring or (len(rule.columns) > 1 and rule.columns & made)
        ]

    def _select(self, series: str) -> str:
        columns = ", ".join(f"{self._value(name)} AS {quoted(name)}" for name in self.choices)
        joins = "".join(
            f" LEFT JOIN pg_temp.fill_keys_{group.number} AS k{group.number}"
            f" ON k{group.number}.fill_n = {group.index}"
            for group in self.groups
        )
        return (
            f"SELECT {columns} FROM {series}"
            f" JOIN pg_temp.fill_samples AS s ON s.fill_n = {_hash('n.i', 0)} % {self.samples}{joins}"
        )

    def _value(self, name: str) -> str:
        sample = f"s.{quoted(name)}"
        if name in self.only_null:
            return sample
        made = self._value(self.copies[name]) if name in self.copies else self.made.get(name)
        if made is None:
            is_time = self._column(name).type.base in values.TIMES
            return f"{sample} + {self.shift}" if self.shift and is_time else sample
        return (
            f"CASE WHEN {sample} IS NOT NULL THEN {made} END" if name in self.takes_null else made
        )


def _hash(number: str, seed: int) -> str:
    """Return SQL for a number from 0 that looks like chance, and is the same every time."""
    return f"(hashint8extended({number}, {seed}) & 1073741823)"


def _connected(items: Iterable[T], columns: Callable[[T], Iterable[str]]) -> list[list[T]]:
    """Return items in groups of which no two have a column in common."""
    groups: list[tuple[set[str], list[T]]] = []
    for item in items:
        names = set(columns(item))
        joined = [group for group in groups if group[0] & names]
        groups = [group for group in groups if not group[0] & names]
        everything = [each for group in joined for each in group[1]]
        groups.append((names.union(*(group[0] for group in joined)), [*everything, item]))
    return [group for _, group in groups]
