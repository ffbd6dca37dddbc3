"""The rows of a database as checksums: what two of them differ in is what was lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg

from migrator.sql import sql


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


@dataclass(frozen=True, slots=True)
class Contents:
    """All rows, and where the sequences stand."""

    tables: dict[str, Rows]
    sequences: dict[str, int | None]


def read(connection: psycopg.Connection[Any]) -> Contents:
    """Read every table of a database."""
    tables = {}
    for table, names in _columns(connection).items():
        sums = [f"sum(hashtextextended(coalesce(t.{name}::text, '\\'), 0))" for name in names]
        query = f"SELECT {', '.join(['count(*)', _whole(names), *sums])} FROM ONLY {table} AS t"  # noqa: S608
        (rows, all_values, *values), *_ = connection.execute(query.encode()).fetchall()
        tables[table] = Rows(rows, all_values, dict(zip(names, values, strict=True)))
    return Contents(tables, positions(connection))


def whole_rows(
    connection: psycopg.Connection[Any], tell: Callable[[], None] = lambda: None
) -> Iterator[tuple[str, int, int]]:
    """Read every table but the history's; yield its name, how many rows, and the sum over them.

    Args:
        connection: Of the tool's own, whose settings give a value one text; in a transaction, if
            the tables are to be read as of one moment.
        tell: Called before each table is read.

    """
    for table, names in _columns(connection).items():
        if table.startswith("yoyo."):
            continue
        tell()
        query = f"SELECT count(*), coalesce({_whole(names)}, 0) FROM ONLY {table} AS t"  # noqa: S608
        ((rows, total),) = connection.execute(query.encode()).fetchall()
        yield table, rows, int(total)


def _whole(columns: list[str]) -> str:
    """Return the expression that sums a table's rows, in whatever order they are stored."""
    return f"sum(hashtextextended(row({', '.join(f't.{name}' for name in columns)})::text, 0))"


def positions(connection: psycopg.Connection[Any]) -> dict[str, int | None]:
    """Return where each sequence stands."""
    return dict(connection.execute(sql("catalogue/sequences").encode()).fetchall())


def _columns(connection: psycopg.Connection[Any]) -> dict[str, list[str]]:
    columns: dict[str, list[str]] = {}
    for table, column in connection.execute(sql("catalogue/columns").encode()).fetchall():
        columns.setdefault(table, []).extend([column] if column else [])
    return columns


def count(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """Return how many rows each table has."""
    return {table: rows_of(connection, table) for table in _columns(connection)}


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


def moved(before: Mapping[str, int | None], after: Mapping[str, int | None]) -> list[str]:
    """Return the sequences that stand further back than before: they give a number twice."""
    return [
        f"sequence {name} stands at {after[name] or 'its start'}, and stood at {value}"
        for name, value in before.items()
        if value is not None and name in after and (after[name] or 0) < value
    ]
