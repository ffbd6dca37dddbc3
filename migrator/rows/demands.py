"""What the catalogue demands of rows, now and once pending migrations have been applied.

A row that is made up must be valid today; and a migration must not fail on it because of a rule
that the same migration brings.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

import psycopg

from migrator.rows.expressions import listed, mentioned, quoted
from migrator.sql import sql

Table = str
T = TypeVar("T")
Connection = psycopg.Connection[Any]

_PARTS = ("tables", "columns", "rules", "keys", "references", "types")


@dataclass(frozen=True, slots=True)
class Type:
    """A type, with what it is made of.

    Args:
        name: As SQL writes it, with its modifier.
        plain: The same without domains.
        base: The catalogue's name of that, without a modifier: `text`, `int4`.
        kind: One letter: b(ase), a(rray), e(num), c(omposite), r(ange), m(ultirange).
        labels: An enum's.
        parts: An array's elements, a range's bounds, a multirange's ranges, a composite's parts.
        rules: What its domains demand of VALUE, each with the bodies of the functions it calls.
        is_not_null: Whether a domain forbids NULL.

    """

    name: str
    plain: str
    base: str
    kind: str
    labels: tuple[str, ...] = ()
    parts: tuple[Type, ...] = ()
    rules: tuple[tuple[str, str], ...] = ()
    is_not_null: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column, and what its values must be.

    Args:
        name: Its name.
        type: Its type now.
        not_null: Whether NULL is forbidden.
        default: The expression that is used where no value is given.
        generated: The expression that it is computed by, if it is.
        later: The type that it will have, if that is another.

    """

    name: str
    type: Type
    not_null: bool = False
    default: str | None = None
    generated: str | None = None
    later: Type | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition that rows must not make false.

    Args:
        text: The condition.
        columns: Those that it mentions.
        hints: More text in which to look for values.
        casts: Other types by column, which the condition is written for.
        given: SQL by column for those that come with a pending migration: what rows of today get.
        is_later: Whether it comes with a pending migration.

    """

    text: str
    columns: frozenset[str]
    hints: str = ""
    casts: tuple[tuple[str, str], ...] = ()
    given: tuple[tuple[str, str], ...] = ()
    is_later: bool = False


@dataclass(frozen=True, slots=True)
class Key:
    """What must be distinct: a unique index or an exclusion constraint.

    Args:
        name: The index.
        columns: Those that it involves, by expressions and predicate too.
        expressions: What must be distinct, as SQL.
        predicate: Of which rows alone, as SQL.
        is_strict: Whether two NULLs are the same.
        operators: An exclusion constraint's, in the order of the expressions.
        is_deferrable: Whether it may be checked at the end of a transaction.
        is_later: Whether it comes with a pending migration.

    """

    name: str
    columns: frozenset[str]
    expressions: tuple[str, ...]
    predicate: str | None = None
    is_strict: bool = False
    operators: tuple[str, ...] = ()
    is_deferrable: bool = False
    is_later: bool = False


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key.

    Args:
        columns: The referring ones.
        table: The table that is referred to.
        referenced: Its columns, in the same order.
        is_full: Whether all of the columns are NULL or none.
        is_later: Whether it comes with a pending migration.

    """

    columns: tuple[str, ...]
    table: Table
    referenced: tuple[str, ...]
    is_full: bool = False
    is_later: bool = False


@dataclass(frozen=True, slots=True)
class TableDemands:
    """What one table demands of its rows.

    Args:
        name: The table.
        columns: By name, in order.
        rules: CHECKs, and the partition's bound.
        keys: What must be distinct.
        references: Foreign keys.
        above: The partitioned tables that it is a part of, the nearest first.
        leaves: The partitions that hold a partitioned table's rows; empty for an ordinary table.
        is_partitioned: Whether it holds no rows itself.

    """

    name: Table
    columns: Mapping[str, Column]
    rules: tuple[Rule, ...] = ()
    keys: tuple[Key, ...] = ()
    references: tuple[Reference, ...] = ()
    above: tuple[Table, ...] = ()
    leaves: tuple[Table, ...] = ()
    is_partitioned: bool = False


@dataclass(frozen=True, slots=True)
class Demands:
    """What all tables demand.

    Args:
        tables: By name; partitioned ones among them, with their leaves.

    """

    tables: Mapping[Table, TableDemands] = field(default_factory=dict)

    def with_later(self, later: Demands, *, before: Demands | None = None) -> Demands:
        """Return these demands and what comes with pending migrations, where both can be met.

        A NOT NULL that comes is left out, so that a backfill has work. For the same reason a later
        CHECK of one column is not asked of its NULLs; one of several columns is asked as it is. If
        it comes with one of its columns, the rows that are there must keep it as they then are.

        Args:
            later: Read where the pending migrations have been applied.
            before: Read before the last of them was applied; None for these demands.

        """
        tables = {}
        for name, now in self.tables.items():
            then = later.tables.get(name)
            filled = (before or self).tables.get(name, now).columns.keys()
            tables[name] = _with_later(now, then, self.tables, filled) if then else now
        return Demands(tables)


def demands(connection: Connection) -> Demands:
    """Read everything that the catalogue demands of rows.

    Args:
        connection: In autocommit mode.

    """
    with connection.transaction():
        connection.execute("SET LOCAL search_path TO public")
        found = {
            name: connection.cursor(row_factory=_values)
            .execute(sql(f"rows/{name}").encode())
            .fetchall()
            for name in _PARTS
        }
    types = _Types(found["types"], found["rules"])
    tables = []
    for row in found["tables"]:
        mine = {
            name: [each for each in found[name] if each["relation"] == row["relation"]]
            for name in _PARTS[1:-1]
        }
        tables.append(_table(row, mine, types))
    leaves = defaultdict(list)
    for table in tables:
        for above in table.above if not table.is_partitioned else ():
            leaves[above].append(table.name)
    return Demands({each.name: replace(each, leaves=tuple(leaves[each.name])) for each in tables})


def _values(cursor: psycopg.Cursor[Any]) -> Callable[[Sequence[Any]], dict[str, Any]]:
    """Return a row by the names of its columns, with arrays as tuples."""
    names = [each.name for each in cursor.description or ()]

    def row(values: Sequence[Any]) -> dict[str, Any]:
        plain = (tuple(each) if isinstance(each, list) else each for each in values)
        return dict(zip(names, plain, strict=True))

    return row


class _Types:
    """Types by oid, put together when they are asked for: a catalogue has many more than are used.

    Args:
        rows: What rows/types.sql gives.
        rules: What rows/rules.sql gives.

    """

    def __init__(self, rows: list[dict[str, Any]], rules: list[dict[str, Any]]) -> None:
        self.rows = {row["type"]: row for row in rows}
        self.rules: dict[int, list[tuple[str, str]]] = defaultdict(list)
        for rule in rules:
            self.rules[rule["type"]].append((rule["text"], rule["hints"]))

    def get(self, oid: int, name: str | None = None) -> Type:
        """Return a type; its name with a modifier if one is given."""
        row = self.rows.get(oid)
        if row is None:  # made of a pseudo-type
            return Type(name or "text", name or "text", "text", "b")
        name = name or row["name"]
        if row["kind"] == "d":
            under = self.get(row["parts"][0], row["plain"])
            rules = (*under.rules, *self.rules[oid])
            is_not_null = under.is_not_null or row["is_not_null"]
            return replace(under, name=name, rules=rules, is_not_null=is_not_null)
        parts = tuple(self.get(part) for part in row["parts"] or ())
        return Type(name, name, row["base"], row["kind"], row["labels"], parts)


def _table(
    row: dict[str, Any], parts: Mapping[str, list[dict[str, Any]]], types: _Types
) -> TableDemands:
    columns = {each["name"]: _column(each, types) for each in parts["columns"]}
    rules = [
        _made(Rule, {**each, "columns": frozenset(each["columns"])}) for each in parts["rules"]
    ]
    if row["bound"]:
        rules.append(Rule(row["bound"], mentioned(row["bound"], columns)))
    keys = (_made(Key, {**each, "columns": frozenset(each["columns"])}) for each in parts["keys"])
    references = (_made(Reference, each) for each in parts["references"])
    more = {"rules": tuple(rules), "keys": tuple(keys), "references": tuple(references)}
    return _made(TableDemands, {**row, "columns": columns, **more})


def _made(kind: type[T], row: Mapping[str, Any]) -> T:
    """Return an object of a class from those columns of a row that it knows."""
    known = {each.name for each in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in row.items() if name in known})


def _column(row: dict[str, Any], types: _Types) -> Column:
    kind = types.get(row["type"], row["type_name"])
    not_null = row["not_null"] or kind.is_not_null
    return _made(Column, {**row, "type": kind, "not_null": not_null})


def _with_later(
    now: TableDemands,
    then: TableDemands,
    tables: Mapping[Table, TableDemands],
    filled: Collection[str],
) -> TableDemands:
    columns = dict(now.columns)
    rules: list[Rule] = []
    casts = {}
    for name, column in now.columns.items():
        later = then.columns.get(name)
        if later is None or column.generated or later.generated or later.type == column.type:
            continue
        columns[name] = replace(column, later=later.type)
        if later.type.plain != column.type.plain:
            casts[name] = later.type.plain
        rules += _rules_of_type(name, column.type, later.type)
    known = {rule.text for rule in now.rules}
    for rule in then.rules:
        old, new = rule.columns & now.columns.keys(), rule.columns - now.columns.keys()
        is_fit = not any(each in filled or then.columns[each].generated for each in new)
        if old and is_fit and rule.text not in known:
            retyped = tuple((name, casts[name]) for name in sorted(old & casts.keys()))
            given = tuple((name, _at_first(then.columns[name])) for name in sorted(new))
            rules.append(replace(rule, columns=old, casts=retyped, given=given, is_later=True))
    there = {(key.expressions, key.predicate) for key in now.keys}
    keys = [
        replace(key, is_later=True)
        for key in then.keys
        if key.columns <= now.columns.keys() and (key.expressions, key.predicate) not in there
    ]
    told = {(each.columns, each.table, each.referenced) for each in now.references}
    references = [
        replace(each, is_later=True)
        for each in then.references
        if each.table in tables
        and (each.columns, each.table, each.referenced) not in told
        and set(each.columns) <= now.columns.keys()
        and set(each.referenced) <= tables[each.table].columns.keys()
    ]
    return replace(
        now,
        columns=columns,
        rules=(*now.rules, *rules),
        keys=(*now.keys, *keys),
        references=(*now.references, *references),
    )


def _at_first(column: Column) -> str:
    """Return what a new column holds in rows that are there."""
    return f"({column.default or 'NULL'})::{column.type.plain}"


def _rules_of_type(name: str, now: Type, later: Type) -> Iterable[Rule]:
    """Return what a type to come demands. It may not be there yet, so its parts are asked."""
    column = quoted(name)
    if later.kind == "e":
        yield _rule(name, f"{column}::text = ANY ({listed(later.labels)})")
    elif later.plain != now.plain:
        # A cast of a long text to varchar(n) cuts it; the assignment that converts a column fails.
        cast = f"{column}::text::{later.plain}"
        same = later.base in ("varchar", "bpchar")
        text = (
            f"rtrim({cast}::text) = rtrim({column}::text)" if same else f"{cast}::text IS NOT NULL"
        )
        yield _rule(name, f"{column} IS NULL OR {text}")
    for text, bodies in later.rules:
        if (text, bodies) not in now.rules:
            condition = re.sub(r"\bVALUE\b", lambda _: column, text)
            yield replace(_rule(name, condition), hints=bodies, casts=((name, later.plain),))


def _rule(name: str, text: str) -> Rule:
    return Rule(text, frozenset({name}), is_later=True)
