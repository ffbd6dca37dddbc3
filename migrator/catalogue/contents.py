"""The rows of a database as checksums: what two of them differ in is what was lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import psycopg

from migrator.sql import sql

_TABLES_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one table.

    Args:
        count: How many.
        whole: A sum over the rows, in whatever order they are stored.
        columns: A sum over the values of each column.

    """

    count: int
    whole: int
    columns: dict[str, int]


class Position(NamedTuple):
    """Where a sequence stands.

    Args:
        value: The last value that it gave; None where it gave none yet.
        step: What it adds each time.
        cycles: Whether it begins anew at its end.

    """

    value: int | None
    step: int
    cycles: bool


class Leaf(NamedTuple):
    """A table that holds rows of its own.

    Args:
        title: Its name, with its schema unless that is public.
        root: The table whose rows those are: the root of its partitions, else itself.
        name: Its name, with its schema, as SQL has it.
        listed: Its schema and name, as the list of a dump has them.
        columns: The columns of the root, without those that follow from others.
        with_default: Those of them that have a default, or are identities.

    """

    title: str
    root: str
    name: str
    listed: str
    columns: list[str]
    with_default: list[str]


@dataclass(frozen=True, slots=True)
class Contents:
    """All rows, and where the sequences stand."""

    tables: dict[str, Rows]
    sequences: dict[str, Position]


def read(connection: psycopg.Connection[Any]) -> Contents:
    """Read every table of a database."""
    tables = {}
    for table, _, full_name, _, names, _ in leaves(connection):
        sums = [f"sum(hashtextextended(coalesce(t.{name}::text, '\\'), 0))" for name in names]
        query = f"SELECT {', '.join(['count(*)', _whole(names), *sums])} FROM ONLY {full_name} AS t"  # noqa: S608
        (rows, all_values, *values), *_ = connection.execute(query.encode()).fetchall()
        tables[table] = Rows(rows, all_values, dict(zip(names, values, strict=True)))
    return Contents(tables, positions(connection))


def leaves(connection: psycopg.Connection[Any]) -> list[Leaf]:
    """Return the tables that hold rows, without the history's and those that extensions fill."""
    rows = connection.execute(sql("catalogue/leaves").encode()).fetchall()
    return [Leaf(*row) for row in rows]


def whole_rows(
    connection: psycopg.Connection[Any],
    tell: Callable[[int, int], None] = lambda _done, _all: None,
    snapshot: str | None = None,
) -> dict[str, tuple[int, int]]:
    """Read every table but the history's; return how many rows each has, and the sum over them.

    The rows of a partition are its root's: a restore may put them into another one. Read in
    several transactions, for each keeps a lock on what it read, and on the indexes of that.

    Args:
        connection: Of the tool's own, whose settings give a value one text; in no transaction.
        tell: Told how many tables were read, of how many.
        snapshot: The moment, as pg_export_snapshot() named it; None for now.

    """
    tables = leaves(connection)
    found: dict[str, tuple[int, int]] = {each.root: (0, 0) for each in tables}
    for start in range(0, len(tables), _TABLES_AT_ONCE):
        tell(start, len(tables))
        with connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            if snapshot is not None:
                connection.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'".encode())
            for each in tables[start : start + _TABLES_AT_ONCE]:
                sums = f"count(*), coalesce({_whole(each.columns)}, 0)"
                query = f"SELECT {sums} FROM ONLY {each.name} AS t"  # noqa: S608
                ((rows, total),) = connection.execute(query.encode()).fetchall()
                found[each.root] = (found[each.root][0] + rows, found[each.root][1] + int(total))
    return found


def _whole(columns: list[str]) -> str:
    """Return the expression that sums a table's rows, in whatever order they are stored."""
    return f"sum(hashtextextended(row({', '.join(f't.{name}' for name in columns)})::text, 0))"


def positions(connection: psycopg.Connection[Any]) -> dict[str, Position]:
    """Return where each sequence stands."""
    rows = connection.execute(sql("catalogue/sequences").encode()).fetchall()
    return {name: Position(*row) for name, *row in rows}


def count(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """Return how many rows each table has."""
    return {each.title: rows_of(connection, each.name) for each in leaves(connection)}


def rows_of(connection: psycopg.Connection[Any], table: str) -> int:
    """Return how many rows a table has; its name is quoted as the catalogue does."""
    query = f"SELECT count(*) FROM ONLY {table}"  # noqa: S608  a name from the catalogue
    ((rows,),) = connection.execute(query.encode()).fetchall()
    return int(rows)


def lost(before: Mapping[str, Rows], after: Mapping[str, Rows]) -> list[str]:
    """Return what rows, or values of theirs, are there before and not after, a line each."""
    told = []
    for table, rows in before.items():
        now = after.get(table)
        if not rows.count:
            continue
        if now is None or not now.count:
            told.append(f"every row of {table}")
        elif now.count != rows.count:
            told.append(f"{abs(rows.count - now.count)} of {rows.count} rows of {table}")
        else:
            values = [
                name for name, total in rows.columns.items() if now.columns.get(name) != total
            ]
            told += [f"the values of {table}.{name}" for name in values]
            if not values and [*now.columns] == [*rows.columns] and now.whole != rows.whole:
                told.append(f"which values of {table} belong to one row")
    return told


def moved(before: Mapping[str, Position], after: Mapping[str, Position]) -> list[str]:
    """Return the sequences that stand further back than before: they give a number twice.

    One that goes round may stand anywhere.
    """
    return [
        f"sequence {name} stands at {_value(after[name])}, and stood at {was.value}"
        for name, was in before.items()
        if was.value is not None and not was.cycles and name in after
        if _is_behind(after[name].value, was.value, was.step)
    ]


def _is_behind(value: int | None, was: int, step: int) -> bool:
    return value is None or (value < was if step > 0 else value > was)


def _value(position: Position) -> str:
    return "its start" if position.value is None else str(position.value)
