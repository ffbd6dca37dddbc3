"""The entries of a schema's text as objects, tables by column and constraint, to be compared."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from migrator.catalogue.objects import BETWEEN, COLUMN_ORDER, NOWHERE, Catalogue, Object

_NAME = r'(?:"(?:[^"]|"")+"|[\w$]+)'
_HEADER = re.compile(r"(?P<name>.*); Type: (?P<kind>.*); Schema: (?P<schema>.*)")
_RELATIONS = ("TABLE", "FOREIGN TABLE", "VIEW", "MATERIALIZED VIEW")
_PARTS = {
    "CHECK CONSTRAINT": "constraint",
    "CONSTRAINT": "constraint",
    "DEFAULT": "default",
    "FK CONSTRAINT": "constraint",
    "POLICY": "policy",
    "RULE": "rule",
    "TRIGGER": "trigger",
}
_TOKEN = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|[(),]""")
_ELEMENT = re.compile(rf"(CONSTRAINT )?({_NAME})\s+(.*)", re.DOTALL)
_OF_COLUMN = re.compile(rf"^ALTER .*?TABLE .* ALTER COLUMN ({_NAME}) (.*);\n?", re.MULTILINE)
_CONSTRAINT = re.compile(rf".* ADD CONSTRAINT {_NAME} (.*);", re.DOTALL)
_INDEX = re.compile(rf"CREATE .*?INDEX .*? ON (?:ONLY )?((?:{_NAME}\.)?{_NAME}) ")
_DOMAIN_CONSTRAINT = re.compile(rf"\n\tCONSTRAINT ({_NAME}) ")
_INHERITS = re.compile(r"^INHERITS \((.*)\)", re.MULTILINE)
_COMMENT = re.compile(r"COMMENT ON .*? IS '(.*)';", re.DOTALL)


def objects(entries: Mapping[str, str]) -> Catalogue:
    """Return what a schema's text defines.

    Args:
        entries: The text of each entry by its name, as `snapshot.parse` returns them.

    """
    return _Reader(entries).read()


class _Reader:
    """Reads the entries of one text.

    Args:
        entries: The entries.

    """

    def __init__(self, entries: Mapping[str, str]) -> None:
        self._entries = entries
        self._found: dict[str, Object] = {}
        self._commented: dict[str, str] = {}  # what a comment calls an object, and its title
        self._relations: dict[str, str] = {}  # the names of tables and views, and their titles

    def read(self) -> Catalogue:
        """Return the objects; comments are properties of theirs."""
        named = [(_named(name), body) for name, body in self._entries.items()]
        for (kind, name), _ in named:
            if kind in _RELATIONS:
                self._relations[name] = f"{kind.lower()} {name}"
        for (kind, name), body in named:
            if kind in ("TABLE", "FOREIGN TABLE") and " OF " not in body.partition("(")[0]:
                self._table(kind, name, body)
            elif kind == "DOMAIN":
                self._domain(name, body)
            elif kind != "COMMENT":
                self._any(kind, name, body)
        for (kind, name), body in named:
            if kind == "COMMENT":
                self._comment(name, body)
        return Catalogue(self._found)

    def _any(self, kind: str, name: str, body: str) -> None:
        """Add an object that is told as a whole, or a part that is an entry of its own."""
        if kind in _PARTS:
            tables = (each for each in self._relations if name.startswith(f"{each} "))
            table = max(tables, key=len, default="")
            own = name.removeprefix(f"{table} ")
            added = _CONSTRAINT.fullmatch(body) if _PARTS[kind] == "constraint" else None
            self._add(_PARTS[kind], own, added[1] if added else body, table=table)
        elif kind == "INDEX" and (created := _INDEX.match(body)):
            table = created[1].replace('"', "").removeprefix("public.")
            # ONLY says that the table is partitioned, as its own definition does.
            self._add("index", name, body.replace(" ON ONLY ", " ON ", 1), table=table)
        else:
            self._add(kind.lower(), name, body)

    def _table(self, kind: str, name: str, body: str) -> None:
        """Add a table, its columns and its constraints."""
        elements, rest = _elements(body)
        altered: dict[str, str] = {}
        for column, change in _OF_COLUMN.findall(rest):
            altered[column] = altered.get(column, "") + f"; {change}"
        columns = []
        for element in elements:
            if element.startswith("NOT NULL "):  # of an inherited column
                altered[element.removeprefix("NOT NULL ")] = "; SET NOT NULL"
            elif parts := _ELEMENT.match(element):
                is_constraint, own, definition = parts.groups()
                if not is_constraint:
                    columns.append(own)
                    definition += altered.pop(own, "")
                self._add("constraint" if is_constraint else "column", own, definition, table=name)
        for column, changes in altered.items():
            if not self._is_inherited(column, changes, rest):
                self._add("column", column, changes.removeprefix("; "), table=name)
        order = f"{COLUMN_ORDER}: {', '.join(columns)}"
        self._add(kind.lower(), name, _OF_COLUMN.sub("", rest).strip(), order)

    def _is_inherited(self, column: str, changes: str, rest: str) -> bool:
        """Say whether a parent's column is NOT NULL, too: 18 alone writes it of the child again."""
        parents = _INHERITS.search(rest)
        if parents is None or changes != "; SET NOT NULL":
            return False
        names = parents[1].replace("public.", "").replace('"', "").split(", ")
        columns = [self._found.get(f"table {each}: column {column}") for each in names]
        return any(each and each.text.endswith("NOT NULL") for each in columns)

    def _domain(self, name: str, body: str) -> None:
        """Add a domain and its constraints."""
        head, *rest = _DOMAIN_CONSTRAINT.split(body.removesuffix(";"))
        self._add("domain", name, head)
        for own, definition in zip(rest[::2], rest[1::2], strict=True):
            self._add("constraint", own, definition, whole=f"domain {name}")

    def _comment(self, name: str, body: str) -> None:
        """Make a comment a property of what it is on, or an object where that is none."""
        text = _COMMENT.fullmatch(body)
        title = self._commented.get(name.upper())
        if text and title:
            subject = self._found[title]
            comment = f"comment: {text[1].replace(chr(39) * 2, chr(39))}"
            self._found[title] = replace(subject, text=f"{subject.text}{BETWEEN}{comment}")
        else:
            self._add("comment on", name, body)

    def _add(
        self, kind: str, name: str, definition: str, *more: str, table: str = "", whole: str = ""
    ) -> None:
        whole = whole or self._relations.get(table, "")
        text = BETWEEN.join([f"definition: {definition}", *more])
        added = Object(kind, name, whole, NOWHERE, NOWHERE, text)
        self._found[added.title] = added
        place = whole.removeprefix("table ").upper()
        called = {
            "column": f"COLUMN {place}.{name}",
            "index": f"INDEX {name}",
        }.get(kind, f"{kind} {name} ON {place}" if whole else f"{kind} {name}")
        self._commented[called.upper()] = added.title


def _named(header: str) -> tuple[str, str]:
    """Return what an entry is, and its name, with its schema unless that is public."""
    parts = _HEADER.fullmatch(header)
    if parts is None:
        return "", header
    is_public = parts["schema"] in ("public", "-") or parts["kind"] == "COMMENT"
    return parts["kind"], parts["name"] if is_public else f"{parts['schema']}.{parts['name']}"


def _elements(body: str) -> tuple[list[str], str]:
    """Return what stands in a statement's first parentheses, by its commas; and all the rest."""
    depth, begin, start = 0, 0, 0
    found: list[str] = []
    for token in _TOKEN.finditer(body):
        if token[0] == "(":
            depth += 1
            if depth == 1:
                start = begin = token.end()
        elif token[0] == ")":
            depth -= 1
        if start and ((depth == 1 and token[0] == ",") or depth == 0):
            found.append(body[begin : token.start()].strip())
            begin = token.end()
        if start and depth == 0:
            break
    return [each for each in found if each], body[:start] + body[begin - 1 :]
