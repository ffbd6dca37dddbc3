"""Lets the server parse all files before any of them runs."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Sequence

import psycopg

from migrator.core import sqltext
from migrator.core.engine import LARGE, Backend, StatementError
from migrator.core.errors import Refused
from migrator.core.failure import error_text, place
from migrator.core.files import SqlFile

# PL/pgSQL takes it for its variable FOUND, where it is a syntax error in SQL or a new table.
_BETWEEN = rb"(?:\s|--[^\n]*\n|/\*.*?\*/)+"
_INTO_FOUND = re.compile(
    rb"\bINTO" + _BETWEEN + rb"(?:STRICT" + _BETWEEN + rb')?(?:FOUND\b|"found")',
    re.IGNORECASE | re.DOTALL,
)
# In an aborted transaction, the server parses a message and refuses its first statement.
_PARSE_ONLY = b"SELECT 1; "


def check(backend: Backend, migrations: Sequence[SqlFile], seeds: Sequence[SqlFile]) -> None:
    """Let the server parse files before any of them runs.

    A large file is not parsed in advance if it is the first one or a seed: if it fails, the files
    before it are still complete. In another large file, a single statement of many megabytes is not
    parsed in advance, because it would need its memory twice.

    Args:
        backend: The engine.
        migrations: The files that will run, in order.
        seeds: The files that will run after them.

    Raises:
        Refused: The server cannot parse a file; the message has the place.

    """
    small = [each for each in (*migrations, *seeds) if len(each.text) <= LARGE]
    doubtful = [each for each in small if _is_doubtful(each.text)]
    if not _parses(backend, [each.text for each in small if each not in doubtful]):
        doubtful = small
    for source in doubtful:
        _refuse_unparsed(backend, source, source.text)
    for source in migrations[1:]:
        if len(source.text) > LARGE:
            _check_large(backend, source)


def _check_large(backend: Backend, source: SqlFile) -> None:
    start = 0
    for piece in sqltext.pieces(source.text, LARGE):
        is_small = len(piece) <= 2 * LARGE
        if is_small and (_is_doubtful(piece) or not _parses(backend, [piece])):
            _refuse_unparsed(backend, source, piece, before=source.text[:start])
        start += len(piece)


def _is_doubtful(text: bytes) -> bool:
    """Say whether PL/pgSQL may parse a text in which SQL finds an error."""
    return b"found" in text.lower() and _INTO_FOUND.search(text) is not None


def _parses(backend: Backend, texts: Iterable[bytes]) -> bool:
    """Say whether PL/pgSQL can parse the texts; a block is parsed before it runs.

    If all is well, nothing fails and the server logs no error. PL/pgSQL knows less than SQL: a
    text that it cannot parse may still be right.
    """
    try:
        backend.run(b";\n".join(map(_returning_block, texts)))
    except StatementError:
        return False
    return True


def _refuse_unparsed(backend: Backend, source: SqlFile, text: bytes, before: bytes = b"") -> None:
    """Let the SQL parser decide whether a text of a file is wrong; the server logs an error."""
    with contextlib.suppress(StatementError):
        backend.run(b"BEGIN; ROLLBACK TO none")  # leaves an aborted transaction
    try:
        backend.run(text, _PARSE_ONLY)
    except StatementError as failure:
        if not isinstance(failure.error, psycopg.errors.InFailedSqlTransaction):
            at = place(source, failure, before=len(before.decode()))
            raise Refused(
                f"{at}: {error_text(failure.error)}",
                hint="Correct the file and run the command again.",
            ) from failure
    finally:
        backend.connection.execute("ROLLBACK")


def _returning_block(text: bytes) -> bytes:
    """Wrap statements in a PL/pgSQL block that returns before the first of them."""
    tag = b"$parse$"
    while tag in text:
        tag = tag[:-1] + b"_$"
    return b"".join((b"DO ", tag, b"BEGIN RETURN;\n", sqltext.closed(text), b"END", tag))
