"""What is decided so far about the rows of one table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from migrator.rows.choice import Choice
from migrator.rows.demands import Column, Connection, Reference, Rule, TableDemands

T = TypeVar("T")


class Unfillable(Exception):
    """A table cannot be filled; the message says why."""


@dataclass(slots=True)
class Group:
    """References that share columns, so that their keys must be taken together.

    Args:
        number: Its place in the table.
        references: The widest first.
        columns: Those that refer.
        size: How many keys there are, numbered from 0 in the temporary table `keys`.
        index: Which key a row takes, as SQL of `n.i`.
        apart: Columns that have another value in each row.

    """

    number: int
    references: list[Reference]
    columns: list[str] = field(default_factory=list)
    size: int = 0
    index: str = ""
    apart: frozenset[str] = frozenset()

    @property
    def keys(self) -> str:
        """The temporary table of its keys."""
        return f"fill_keys_{self.number}"


@dataclass(slots=True)
class Draft:
    """How the rows of one table are made, as far as that is decided.

    A step takes a draft and returns another one, with what it decides: documents, then references,
    then what must be distinct, then samples. None changes a draft that it was given.

    A column's value comes from a sample unless it is one of `made`, `copies` or `only_null`.

    Args:
        connection: In a transaction, at whose end the temporary tables are dropped.
        table: What the table demands; prepared.
        choices: The values of its columns.
        start: The number of the first row that is made.
        wanted: How many rows are to be made.
        others: What all tables demand, by name.
        values: Values by column, as text.
        takes_null: Columns that are NULL in some rows.
        end: The number of the last row that is possible.
        only_null: Columns that are NULL in all rows.
        made: SQL of `n.i` and of groups' keys by column.
        distinct: Columns of `made` that have another value in each row.
        copies: Columns that have another column's value: the row refers to itself.
        groups: References to other tables.
        capped_by: What makes it the last.

    """

    connection: Connection
    table: TableDemands
    choices: Mapping[str, Choice]
    start: int
    wanted: int
    others: Mapping[str, TableDemands]
    values: dict[str, list[str]]
    takes_null: set[str]
    end: int
    only_null: set[str] = field(default_factory=set)
    made: dict[str, str] = field(default_factory=dict)
    distinct: set[str] = field(default_factory=set)
    copies: dict[str, str] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)
    capped_by: str = ""

    @classmethod
    def begin(
        cls,
        connection: Connection,
        table: TableDemands,
        choices: Mapping[str, Choice],
        *,
        start: int,
        wanted: int,
        others: Mapping[str, TableDemands],
    ) -> Draft:
        """Begin with what is known of each column by itself; arguments are those of the class."""
        return cls(
            connection,
            table,
            choices,
            start,
            wanted,
            others,
            values={name: list(choice.values) for name, choice in choices.items()},
            takes_null={name for name, choice in choices.items() if choice.takes_null},
            end=2 * start + 100 * wanted + 10_000_000,
        )

    def copy(self) -> Draft:
        """Return a draft that can be changed without this one changing."""
        return replace(
            self,
            choices={name: copy(choice) for name, choice in self.choices.items()},
            values=dict(self.values),
            takes_null=set(self.takes_null),
            only_null=set(self.only_null),
            made=dict(self.made),
            distinct=set(self.distinct),
            copies=dict(self.copies),
            groups=[copy(group) for group in self.groups],
        )

    @property
    def top(self) -> int:
        """The number of the last row, if each number gives one."""
        return self.start + self.wanted - 1

    def column(self, name: str) -> Column:
        """Return what the table demands of a column."""
        return self.table.columns[name]

    def is_free(self, name: str) -> bool:
        """Tell whether it is still open where a column's value comes from."""
        return (
            name in self.choices
            and name not in self.made
            and name not in self.copies
            and name not in self.only_null
        )

    def null_together(self, name: str) -> set[str]:
        """Return a column and those that are NULL if it is."""
        full = (set(each.columns) for each in self.table.references if each.is_full)
        return {name}.union(*(columns for columns in full if name in columns))

    def tying(self) -> list[Rule]:
        """Return the rules that tie columns together."""
        return [rule for rule in self.table.rules if len(rule.columns) > 1]

    def only(self, table: str) -> str:
        """Return a table without those that inherit from it: a reference does not see theirs."""
        return table if self.others[table].is_partitioned else f"ONLY {table}"

    def query(self, query: str) -> list[tuple[Any, ...]]:
        """Return what a query gives."""
        return self.connection.execute(query.encode()).fetchall()

    def create(self, name: str, query: str) -> int:
        """Make a temporary table of what a query gives; return how many rows."""
        self.connection.execute(f"DROP TABLE IF EXISTS pg_temp.{name}".encode())
        made = self.connection.execute(
            f"CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS {query}".encode()
        )
        return made.rowcount


def connected(items: Iterable[T], columns: Callable[[T], Iterable[str]]) -> list[list[T]]:
    """Return items in groups; items of two groups have no column in common."""
    groups: list[tuple[set[str], list[T]]] = []
    for item in items:
        names = set(columns(item))
        joined = [group for group in groups if group[0] & names]
        groups = [group for group in groups if not group[0] & names]
        everything = [each for group in joined for each in group[1]]
        groups.append((names.union(*(group[0] for group in joined)), [*everything, item]))
    return [group for _, group in groups]
