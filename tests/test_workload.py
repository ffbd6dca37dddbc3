"""The application's queries: each is there, well formed, and answered by the index it is for."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from psycopg import sql

Connection = psycopg.Connection[tuple[Any, ...]]

WORKLOAD = Path(__file__).resolve().parent.parent / "sql" / "workload"

HEADER = re.compile(
    r"-- group: (?P<group>\w+)\n"
    r"-- budget_ms: (?P<budget>\d+)\n"
    r"-- index: (?P<indexes>none|\w+(, \w+)*)\n"
    r"-- params: (?P<params>none|\w+ \w+(, \w+ \w+)*)\n"
    r"(--\n(-- .+\n)+)?"
    r"(?P<text>[^-][^;]*;\n)"
)

# How many queries a group of SCHEMA.md's table has, and its budget in milliseconds.
GROUPS = {
    "dashboard": (11, 50),
    "playground": (10, 100),
    "agents": (9, 200),
    "campaigns": (5, 200),
    "worker": (7, 50),
    "admin": (5, 200),
    "analytics": (7, 1000),
    "reporting": (4, 5000),
}


class Query(NamedTuple):
    """A query of the workload: what its header says, and its SQL."""

    name: str
    group: str
    budget_ms: int
    indexes: tuple[str, ...]
    params: dict[str, str]
    text: str

    @classmethod
    def read(cls, path: Path) -> Query:
        """Read a file; what is not well formed fails."""
        found = HEADER.fullmatch(path.read_text(encoding="ascii"))
        assert found, f"{path.name}: header or statement is not well formed"
        listed = {key: [] if found[key] == "none" else found[key].split(", ")
                  for key in ("indexes", "params")}
        params = [tuple(param.split()) for param in listed["params"]]
        assert len(dict(params)) == len(params), f"{path.name}: a parameter twice"
        return cls(
            path.stem,
            found["group"],
            int(found["budget"]),
            tuple(listed["indexes"]),
            dict(params),
            found["text"],
        )

    def prepare(self, connection: Connection) -> None:
        """PREPARE the statement under the name `query`, its parameters typed."""
        types = f" ({', '.join(self.params.values())})" if self.params else ""
        connection.execute("DEALLOCATE ALL")
        connection.execute(f"PREPARE query{types} AS {self.text}".encode())

    def execute(self, values: dict[str, str]) -> sql.Composed:
        """Return the EXECUTE of the prepared statement."""
        arguments = sql.SQL(", ").join(sql.Literal(values[name]) for name in self.params)
        return sql.SQL("EXECUTE query") + (sql.SQL(" ({})").format(arguments) if self.params else
                                           sql.SQL(""))


PATHS = sorted(WORKLOAD.glob("*.sql"))
QUERIES = [Query.read(path) for path in PATHS]
EOF
