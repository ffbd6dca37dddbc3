"""The application's queries, as sql/workload/ keeps them: one a file, with a header."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

Connection = psycopg.Connection[tuple[Any, ...]]

SQL = Path(__file__).with_name("sql")  # of the benchmark itself
DIRECTORY = Path(__file__).resolve().parent.parent / "sql" / "workload"
WORDINGS = SQL / "wordings"  # the same questions as people ask them; see README.md
TRAP = "_trap"  # in the name of a wording that no index serves
_FILE = re.compile(
    r"-- group: (?P<group>\w+)\n"
    r"-- budget_ms: (?P<budget>\d+)\n"
    r"-- index: (?P<indexes>none|\w+(, \w+)*)\n"
    r"-- params: (?P<params>none|\w+ \w+(, \w+ \w+)*)\n"
    r"(--\n(-- .+\n)+)?"
    r"(?P<text>[^-;][^;]*;\n)"
)


class Query(NamedTuple):
    """A query of the application.

    Args:
        name: The file's, without its suffix.
        group: Which part of the application asks.
        budget_ms: How long its 95th percentile may take, in milliseconds.
        indexes: Those that it is for.
        params: The types of its parameters by their names, in order.
        text: The statement.

    """

    name: str
    group: str
    budget_ms: int
    indexes: list[str]
    params: dict[str, str]
    text: str

    @property
    def asks(self) -> str:
        """Return the name of the query that a wording asks in other words."""
        return re.sub(rf"({TRAP})?(_\d)?$", "", self.name)

    @property
    def is_trap(self) -> bool:
        """Whether it is a wording that no index serves."""
        return TRAP in self.name

    @property
    def by_function(self) -> Query:
        """The same, asked by the function that has its name, of which row security hides no row."""
        values = ", ".join(f"${number}" for number in range(1, len(self.params) + 1))
        return self._replace(text=f"SELECT * FROM {self.name}({values});\n")  # noqa: S608

    def prepare(self, connection: Connection) -> None:
        """Prepare it under its name."""
        types = f" ({', '.join(self.params.values())})" if self.params else ""
        connection.execute(f"PREPARE {self.name}{types} AS {self.text}".encode())

    def execute(self, values: Mapping[str, Any]) -> sql.Composed:
        """Return what executes it once it is prepared; of the values, by name, it takes its own."""
        arguments = sql.SQL(", ").join(sql.Literal(values[name]) for name in self.params)
        name = sql.Identifier(self.name)
        if not self.params:
            return sql.SQL("EXECUTE {}").format(name)
        return sql.SQL("EXECUTE {} ({})").format(name, arguments)


def read(path: Path) -> Query:
    """Read a file.

    Raises:
        ValueError: Its header or its statement is not well formed.

    """
    found = _FILE.fullmatch(path.read_text(encoding="ascii"))
    if not found:
        raise ValueError(f"{path}: its header or its statement is not well formed")
    listed = [found["params"].split(", "), found["indexes"].split(", ")]
    params, indexes = ([item for item in items if item != "none"] for items in listed)
    return Query(
        name=path.stem,
        group=found["group"],
        budget_ms=int(found["budget"]),
        indexes=indexes,
        params=dict(param.split() for param in params),
        text=found["text"],
    )


def read_all(directory: Path = DIRECTORY) -> list[Query]:
    """Read every file of a directory, in the order of the names."""
    return [read(path) for path in sorted(directory.glob("*.sql"))]
