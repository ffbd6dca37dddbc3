"""What is decided so far about the rows of one table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from migrator.rows.choice import Choice
from migrator.rows.demands import Column, Connection, Reference, Rule, TableDemands

T = TypeVar("T")


class Unfillable(Exception):
    """A table cannot be filled; the message says why."""


@dataclass(frozen=True, slots=True)
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
    references: tuple[Reference, ...]
    columns: tuple[str, ...] = ()
    size: int = 0
    index: str = ""
    apart: frozenset[str] = frozenset()

    @property
    def keys(self) -> str:
        """The temporary table of its keys."""
        return f"fill_keys_{self.number}"


@dataclass(frozen=True, slots=True)
class Draft:
    """How the rows of one table are made, as far as that is decided.

    Each step takes a draft and returns the next one: references, then what must be distinct, then
    samples. A column's value comes from a sample unless it is one of `made` or `copies`.

    Args:
        connection: In a transaction, at whose end the temporary tables are dropped.
        table: What the table demands; prepared.
        choices: The values of its columns.
        start: The number of the first row that is made.
        wanted: How many rows are to be made.
        others: What all tables demand, by name.
        end: The number of the last row that is possible.
        capped_by: What makes it the last.
        made: SQL of `n.i` and of groups' keys by column.
        distinct: Columns of `made` that have another value in each row.
        copies: Columns that have another column's value: the row refers to itself.
        groups: References to other tables.

    """

    connection: Connection
    table: TableDemands
    choices: Mapping[str, Choice]
    start: int
    wanted: int
    others: Mapping[str, TableDemands]
    end: int
    capped_by: str = ""
    made: Mapping[str, str] = field(default_factory=dict)
    distinct: frozenset[str] = frozenset()
    copies: Mapping[str, str] = field(default_factory=dict)
    groups: tuple[Group, ...] = ()

    @property
    def top(self) -> int:
        """The number of the last row, if each number gives one."""
        return self.start + self.wanted - 1

    @property
    def tying(self) -> list[Rule]:
        """The rules that tie columns together."""
        return [rule for rule in self.table.rules if len(rule.columns) > 1]

    def column(self, name: str) -> Column:
        """Return what the table demands of a column."""
        return self.table.columns[name]

    def is_free(self, name: str) -> bool:
        """Tell whether it is still open where a column's value comes from."""
        return not (
            name not in self.choices
            or name in self.made
            or name in self.copies
            or self.choices[name].is_null
        )

    def taking_null(self, names: Iterable[str]) -> set[str]:
        """Return those of some columns that are NULL in some rows."""
        return {name for name in names if name in self.choices and self.choices[name].takes_null}

    def null_together(self, name: str) -> set[str]:
        """Return a column and those that are NULL if it is."""
        full = (set(each.columns) for each in self.table.references if each.is_full)
        return {name}.union(*(columns for columns in full if name in columns))

    def with_choices(self, changed: Mapping[str, Choice]) -> Draft:
        """Return the draft with other values for some columns."""
        return replace(self, choices={**self.choices, **changed})

    def without(self, names: Iterable[str]) -> Draft:
        """Return the draft with nothing but NULL in some columns."""
        return self.with_choices({name: self.choices[name].nothing for name in names})

    def with_made(self, made: Mapping[str, str], *, is_distinct: bool = False) -> Draft:
        """Return the draft with SQL for the values of some columns."""
        distinct = self.distinct | made.keys() if is_distinct else self.distinct
        return replace(self, made={**self.made, **made}, distinct=distinct)

    def with_group(self, group: Group) -> Draft:
        """Return the draft with another group in the place of its number, or at the end."""
        groups = [*self.groups[: group.number], group, *self.groups[group.number + 1 :]]
        return replace(self, groups=tuple(groups))

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
