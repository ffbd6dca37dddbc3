"""The schema as a picture: a page with Mermaid diagrams of what the catalogue holds."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from migrator.catalogue import snapshot
from migrator.core import files, history
from migrator.core.runner import Runner
from migrator.core.session import Session
from migrator.sql import sql

_FIRST_LINE = "<!-- Written by `schema` from a migrated database, never by hand. -->"
_PAGE = """\
{first_line}

# The schema

In full, with every constraint, index and function: [{snapshot}]({link}).

## How the tables refer to each other

A solid line: the row goes when the row that it refers to goes (`ON DELETE CASCADE`). A line is
labelled with the referring columns.

```mermaid
{overview}
```

## Tables

{tables}

## Columns

PK is part of the primary key, FK of a reference, UK unique by itself.

```mermaid
{columns}
```

## Views

{views}
"""


class _Relation(NamedTuple):
    """A table or view, as diagram.sql describes it."""

    name: str
    is_view: bool
    comment: str
    columns: list[dict[str, Any]]
    references: list[dict[str, Any]]


def schema(runner: Runner, *, check: bool) -> tuple[dict[str, Any], list[str], bool]:
    """Write the snapshot and the picture from a target that is up to date, or compare them.

    Returns:
        The answer as a document and as lines, and whether anything differs.

    """
    path, page = snapshot.path(runner.project.sql), runner.project.page
    link = os.path.relpath(path, page.parent) if page is not None else ""
    row_security = not runner.project.settings.row_security_by_choice
    if check:
        told = snapshot.compare(
            snapshot.load(path), runner.target, runner.session, row_security=row_security
        )
        found = [each.words for each in told]
        found += differences(page, link, runner.session)
        return {"differences": found}, found or [f"{path} is current"], bool(found)
    history.refuse_behind(runner.state())
    snapshot.write(path, runner.target, runner.session, row_security=row_security)
    written = [path, *write(page, link, runner.session)]
    return {"files": written}, [f"wrote {each}" for each in written], False


def render(connection: psycopg.Connection[Any], link: str = "../sql/schema.sql") -> str:
    """Return the page for the schema public of a database.

    Args:
        connection: To the database.
        link: The snapshot, as seen from the page.

    """
    rows = connection.execute(sql("catalogue/diagram").encode())
    relations = [_Relation(*row) for row in rows]
    tables = [each for each in relations if not each.is_view]
    lines = [line for table in tables for line in _references(table)]
    return _PAGE.format(
        first_line=_FIRST_LINE,
        snapshot=link.removeprefix("../"),
        link=link,
        overview="\n".join(["erDiagram", *lines]),
        tables=_described(tables),
        columns="\n".join(["erDiagram", *(_entity(table) for table in tables), *lines]),
        views=_described([each for each in relations if each.is_view]),
    )


def write(page: Path | None, link: str, session: Session) -> list[Path]:
    """Write the page, where the set keeps docs.

    Args:
        page: Its file; None where the set has none.
        link: The snapshot, as seen from the page.
        session: A session on a migrated database.

    Returns:
        What was written: nothing where a page of that name is somebody else's.

    """
    if page is None or not page.parent.is_dir() or (page.exists() and not _is_ours(page)):
        return []
    files.write(page, render(session.connection, link))
    return [page]


def differences(page: Path | None, link: str, session: Session) -> list[str]:
    """Return a line if the page that is there is not what `write` would write."""
    if page is None or not _is_ours(page):
        return []
    is_current = page.read_text(encoding="utf-8") == render(session.connection, link)
    return [] if is_current else [f"different: {page}"]


def _is_ours(page: Path) -> bool:
    return page.exists() and page.read_text(encoding="utf-8").startswith(_FIRST_LINE)


def _references(table: _Relation) -> list[str]:
    """Return a line for each reference; its ends say how many rows there can be."""
    nullable = {each["column_name"] for each in table.columns if not each["is_not_null"]}
    lines = []
    for each in table.references:
        parent_end = "||" if nullable.isdisjoint(each["column_names"]) else "|o"
        line = "--" if each["is_owned"] else ".."
        child_end = "o|" if each["is_one_to_one"] else "o{"
        ends = f"{_word(each['referenced'])} {parent_end}{line}{child_end} {_word(table.name)}"
        lines.append(f'    {ends} : "{", ".join(each["column_names"])}"')
    return lines


def _entity(table: _Relation) -> str:
    marks = {"PK": "is_primary", "FK": "is_reference", "UK": "is_unique"}
    lines = [f"    {_word(table.name)} {{"]
    for column in table.columns:
        type_name = column["type_name"].replace("timestamp with time zone", "timestamptz")
        keys = ", ".join(mark for mark, fact in marks.items() if column[fact])
        lines.append(f"        {_word(type_name)} {_word(column['column_name'])} {keys}".rstrip())
    return "\n".join([*lines, "    }"])


def _word(name: str) -> str:
    """Return a name as Mermaid can read it; those of snake_case stay as they are."""
    return re.sub(r"^(?=\d)|\W", "_", name)


def _described(relations: list[_Relation]) -> str:
    return "\n".join(f"- **{each.name}**: {_text(each.comment)}" for each in relations)


def _text(comment: str) -> str:
    """Return a comment as one line that Markdown shows as it is."""
    return re.sub(r"([\\`*<>\[\]])", r"\\\1", " ".join(comment.split()))
