"""Writes gestorlead/models.py from the catalogue of a migrated database.

Usage: python examples/sqlalchemy/generate.py CONNINFO

It reads through SQLAlchemy's inspector, so that the models say what SQLAlchemy itself finds.
"""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from sqlalchemy import Inspector, create_engine, inspect, types
from sqlalchemy.dialects.postgresql import DOMAIN

MODELS = Path(__file__).resolve().parent / "gestorlead" / "models.py"
HEADER = '''\
"""The tables as SQLAlchemy sees them, a class each. Written by `make schema`: do not edit.

They describe what migrations/ makes: never call `metadata.create_all()`. Deleting is left to the
database, and checks are not repeated here.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import (
    BigInteger, Boolean, FetchedValue, ForeignKeyConstraint, Identity, Index, Integer, MetaData,
    Numeric, PrimaryKeyConstraint, Text, UniqueConstraint, text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP, UUID
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from .domains import Domain

'''
BASES = '''

class Base(DeclarativeBase):
    """The tables. What the server gives a row, a write reads back."""

    __mapper_args__ = {"eager_defaults": True}  # noqa: RUF012 - SQLAlchemy's own form


class ViewBase(DeclarativeBase):
    """The views, in a metadata of their own: Alembic takes what is in one for tables."""

    metadata = MetaData()
    __mapper_args__ = {"eager_defaults": True}  # noqa: RUF012
'''

# The types, each as a model writes it and as Python has it.
TYPES = [
    (types.Boolean, "Boolean()", "bool"),
    (types.BigInteger, "BigInteger()", "int"),
    (types.Integer, "Integer()", "int"),
    (types.Numeric, "Numeric({0.precision}, {0.scale})", "Decimal"),
    (types.DateTime, "TIMESTAMP(timezone=True)", "datetime"),
    (types.JSON, "JSONB(none_as_null=True)", "Any"),
    (types.UUID, "UUID()", "uuid.UUID"),
    (types.Text, "Text()", "str"),
]
# What a check says of a column, and the type in Python that comes of it.
DOCUMENTS = {
    r"jsonb_typeof\(({})\) = 'object'": "dict[str, Any]",
    r"jsonb_typeof\(({})\) = 'array'": "list[Any]",
    r"jsonb_typeof\(({})\) = ANY .*'object'.*'array'": "dict[str, Any] | list[Any]",
    r"is_array_of_strings\(({})\)": "list[str]",
}

Row = Mapping[str, Any]


class Table(NamedTuple):
    """A table as the inspector describes it: see its methods of the same names."""

    name: str
    comment: str
    columns: Sequence[Row]
    key: Row
    uniques: Sequence[Row]
    references: Sequence[Row]
    indexes: Sequence[Row]
    checks: Sequence[Row]

    @property
    def model(self) -> str:
        """Return the name of its class: the table's, in the singular."""
        return _model(self.name)


class Link(NamedTuple):
    """A reference as the two relationships that it makes.

    Args:
        table: The one that refers.
        reference: What the inspector says of it.
        writes: The columns that the relationship writes: not those that another one has.
        name: Of the relationship on the side that refers.

    """

    table: Table
    reference: Row
    writes: list[str]
    name: str

    @property
    def other(self) -> str:
        """Return the class that is referred to."""
        return _model(self.reference["referred_table"])

    @property
    def is_owned(self) -> bool:
        """Whether the other side knows of it: what stays when it is in use, lookups, does not."""
        return bool(self.reference["options"]["ondelete"] != "RESTRICT")

    def arguments(self, back: str) -> str:
        """Return what both sides say."""
        said = [f'back_populates="{back}"'] if self.is_owned else []
        columns = self.reference["constrained_columns"]
        if len(columns) > 1:
            terms = []
            for here, there in zip(columns, self.reference["referred_columns"], strict=True):
                mine = f"{self.table.model}.{here}"
                mine = f"foreign({mine})" if here in self.writes else mine
                terms.append(f"{mine} == {self.other}.{there}")
            said.append(f"primaryjoin={_words('and_(' + ', '.join(terms) + ')')}")
        return ", ".join(said)

    def here(self) -> str:
        """Return the relationship of the side that refers."""
        needed = {column["name"]: not column["nullable"] for column in self.table.columns}
        optional = "" if all(needed[name] for name in self.writes) else " | None"
        return (
            f"    {self.name}: Mapped[{self.other}{optional}]"
            f" = relationship({self.arguments(self.table.name)})\n"
        )

    def there(self) -> str:
        """Return the relationship of the other side, which leaves deleting to the database."""
        unique = [
            each["column_names"]
            for each in (*self.table.uniques, *self.table.indexes)
            if each.get("unique", True) and not each["dialect_options"].get("postgresql_where")
        ]
        many = "{} | None" if self.writes in unique else "list[{}]"
        return (
            f"    {self.table.name}: Mapped[{many.format(self.table.model)}]"
            f' = relationship({self.arguments(self.name)}, passive_deletes="all")\n'
        )


def main(conninfo: str) -> None:
    """Write the models of a database, given as a URL or in libpq's own form."""
    MODELS.write_text(models(conninfo), encoding="utf-8")
    print(f"wrote {MODELS}")


def models(conninfo: str) -> str:
    """Return the text of the models of a database."""
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(conninfo))
    try:
        text = "".join(_module(inspect(engine)))
    finally:
        engine.dispose()
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(MODELS), "-"]
    return subprocess.run(  # noqa: S603 - its own text
        command, input=text, capture_output=True, check=True, text=True
    ).stdout


def _module(inspector: Inspector) -> Iterator[str]:
    tables = [
        _table(inspector, name)
        for name, _ in inspector.get_sorted_table_and_fkc_names()
        if name is not None
    ]
    if not tables:
        sys.exit("this database has no tables: python runner.py migrate")
    yield HEADER
    domains = {
        str(column["type"].name): column["type"]
        for table in tables
        for column in table.columns
        if isinstance(column["type"], DOMAIN)
    }
    for name, domain in sorted(domains.items()):
        yield f'{name.upper()} = Domain("{name}", {_types(domain.data_type)[0]})\n'
    yield BASES
    links = [link for table in tables for link in _links(table)]
    for table in tables:
        yield from _class(table, links)
    for view in sorted(inspector.get_view_names()):
        names = {column["name"] for column in inspector.get_columns(view)}
        keyed = [table for table in tables if names >= {*table.key["constrained_columns"]}]
        if keyed:
            shares = [sum(column["name"] in names for column in table.columns) for table in keyed]
            yield from _view(inspector, view, keyed[shares.index(max(shares))])


def _table(inspector: Inspector, name: str) -> Table:
    return Table(
        name,
        inspector.get_table_comment(name)["text"] or "",
        inspector.get_columns(name),
        inspector.get_pk_constraint(name),
        sorted(inspector.get_unique_constraints(name), key=lambda each: str(each["name"])),
        sorted(inspector.get_foreign_keys(name), key=lambda each: str(each["name"])),
        sorted(inspector.get_indexes(name), key=lambda each: str(each["name"])),
        inspector.get_check_constraints(name),
    )


def _links(table: Table) -> Iterator[Link]:
    """Yield the references of a table. A column that a shorter one has is written by that alone."""
    names = {column["name"] for column in table.columns}
    for reference in table.references:
        columns = reference["constrained_columns"]
        shorter = {
            column
            for other in table.references
            if len(other["constrained_columns"]) < len(columns)
            for column in other["constrained_columns"]
        }
        writes = [column for column in columns if column not in shorter]
        name = writes[0].removesuffix("_id")
        if name in names:
            name = _singular(reference["referred_table"])
        yield Link(table, reference, writes, name)


def _class(table: Table, links: Sequence[Link]) -> Iterator[str]:
    yield f"\n\nclass {table.model}(Base):\n{_docstring(table.comment)}\n"
    yield f'    __tablename__ = "{table.name}"\n    __table_args__ = (\n'
    for each in _arguments(table):
        yield f"        {each},\n"
    yield f'        {{"comment": {_words(table.comment)}}},\n    )\n\n'
    for column in table.columns:
        yield _column(column, table)
    found = [link.here() for link in links if link.table is table]
    found += [link.there() for link in links if link.is_owned and link.other == table.model]
    yield "".join(["\n", *found] if found else [])


def _view(inspector: Inspector, name: str, table: Table) -> Iterator[str]:
    """Yield the class of a view that shows the rows of a table, and maybe more columns."""
    known = {column["name"]: column for column in table.columns}
    comment = inspector.get_table_comment(name)["text"] or ""
    yield f"\n\nclass {_model(name)}(ViewBase):\n{_docstring(comment)}\n"
    yield f'    __tablename__ = "{name}"\n\n'
    for column in inspector.get_columns(name):
        plain = {**(known.get(column["name"]) or column), "comment": None}
        more = ", primary_key=True" if column["name"] in table.key["constrained_columns"] else ""
        yield _column(plain, table, more)


def _arguments(table: Table) -> Iterator[str]:
    """Yield a table's constraints and indexes."""
    key = ", ".join(f'"{name}"' for name in table.key["constrained_columns"])
    yield f'PrimaryKeyConstraint({key}, name="{table.key["name"]}")'
    for unique in table.uniques:
        columns = ", ".join(f'"{name}"' for name in unique["column_names"])
        yield f'UniqueConstraint({columns}, name="{unique["name"]}")'
    for reference in table.references:
        there = [f"{reference['referred_table']}.{name}" for name in reference["referred_columns"]]
        options = "".join(
            f', {option}="{value}"' for option, value in sorted(reference["options"].items())
        )
        columns = f"{reference['constrained_columns']!r}, {there!r}"
        yield f'ForeignKeyConstraint({columns}, name="{reference["name"]}"{options})'
    for index in table.indexes:
        if "duplicates_constraint" not in index:
            yield _index(index)


def _index(index: Row) -> str:
    sorting = index.get("column_sorting", {})
    parts = [f'"{index["name"]}"']
    for name, expression in zip(
        index["column_names"], index.get("expressions", index["column_names"]), strict=True
    ):
        if name and name not in sorting:
            parts.append(f'"{name}"')
        else:
            modifiers = " ".join(sorting.get(name, ())).replace("_", " ").upper()
            parts.append(f"text({_verbatim(f'{expression} {modifiers}'.strip())})")
    parts += ["unique=True"] if index["unique"] else []
    for option, value in sorted(index["dialect_options"].items()):
        if value:
            shown = f"text({_verbatim(value)})" if option == "postgresql_where" else repr(value)
            parts.append(f"{option}={shown}")
    return f"Index({', '.join(parts)})"


def _column(column: Row, table: Table, more: str = "") -> str:
    name = column["name"]
    rendered, python = _types(column["type"])
    python = _said_by_checks(name, table) or python
    parts = [rendered]
    if column.get("identity"):
        parts.append("Identity()")
    if column["default"]:
        parts.append(f"server_default=text({_words(column['default'])})")
    if name == "updated_at":
        parts.append("server_onupdate=FetchedValue()")
    if column["comment"]:
        parts.append(f"comment={_words(column['comment'])}")
    optional = " | None" if column["nullable"] else ""
    return f"    {name}: Mapped[{python}{optional}] = mapped_column({', '.join(parts)}{more})\n"


def _types(kind: types.TypeEngine[Any]) -> tuple[str, str]:
    """Return a type as a model writes it, and as Python has it."""
    if isinstance(kind, DOMAIN):
        return str(kind.name).upper(), _types(kind.data_type)[1]
    for known, rendered, python in TYPES:
        if isinstance(kind, known):
            return rendered.format(kind), python
    raise ValueError(f"no model can have the type {kind!r} yet: add it to TYPES")


def _said_by_checks(column: str, table: Table) -> str | None:
    """Return the type in Python that a column's checks tell of: a closed list, or a document."""
    for check in table.checks:
        rule = check["sqltext"]
        if found := re.fullmatch(rf"{column} = ANY \(ARRAY\[(.*)\]\)", rule):
            values = re.findall(r"'(\w+)'::text", found[1])
            return "Literal[" + ", ".join(f'"{value}"' for value in values) + "]"
        for pattern, python in DOCUMENTS.items():
            if re.search(pattern.format(column), rule):
                return python
    return None


def _singular(name: str) -> str:
    return name.removesuffix("ies") + "y" if name.endswith("ies") else name.removesuffix("s")


def _model(name: str) -> str:
    return "".join(word.capitalize() for word in _singular(name).split("_"))


def _verbatim(expression: str) -> str:
    """Return an expression as literals with each of its spaces: Alembic compares them."""
    pieces = re.findall(r".{1,75}(?:\s|$)|\S+\s?", expression)
    return " ".join(map(_quoted, pieces))


def _words(text: str) -> str:
    """Return a text as a literal of Python, of several lines if it is long."""
    literals = _verbatim(text)
    return f"({literals})" if literals != _quoted(text) else literals


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _docstring(comment: str) -> str:
    lines = textwrap.wrap(comment or "No comment.", 93)
    end = '"""' if len(lines) == 1 else '\n    """'
    return '    """' + "\n    ".join(lines) + end + "\n"


if __name__ == "__main__":
    main(sys.argv[1])
