"""Has the server parse files before any of them is run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence

import psycopg

from migrator.core import sqltext
from migrator.core.engine import LARGE, Backend, StatementError
from migrator.core.errors import Refused
from migrator.core.failure import error_text, place
from migrator.core.files import SqlFile

# An aborted transaction parses a message and then refuses its first statement: nothing can run.
_PARSE_ONLY = b"SELECT 1; "


def check(backend: Backend, migrations: Sequence[SqlFile], seeds: Sequence[SqlFile]) -> None:
    """Have the server parse files before any of them is run.

    A large file is not parsed twice when it is the first, or when it is a seed: what came
    before is complete without it. Of another large file, a single statement of many megabytes
    is not parsed ahead: it would take as much memory again.

    Args:
        backend: To the server.
        migrations: What will be run, in order.
        seeds: What will be run after them.

    Raises:
        Refused: A file that the server cannot parse, with its place.

    """
    small = [each for each in (*migrations, *seeds) if len(each.text) <= LARGE]
    if not _parses(backend, [each.text for each in small]):
        for source in small:
            _refuse_unparsed(backend, source, source.text)
    for source in migrations[1:]:
        if len(source.text) > LARGE:
            _check_large(backend, source)


def _check_large(backend: Backend, source: SqlFile) -> None:
    start = 0
    for piece in sqltext.pieces(source.text, LARGE):
        if len(piece) <= 2 * LARGE and not _parses(backend, [piece]):
            _refuse_unparsed(backend, source, piece, before=source.text[:start])
        start += len(piece)


def _parses(backend: Backend, texts: Iterable[bytes]) -> bool:
    """Parse statements inside PL/pgSQL blocks, which do it before they run their first.

    Nothing fails where all is well, so the server logs no error. PL/pgSQL knows less than SQL:
    what it does not parse may be right all the same.
    """
    try:
        backend.run(b";\n".join(map(_returning_block, texts)))
    except StatementError:
        return False
    return True


def _refuse_unparsed(backend: Backend, source: SqlFile, text: bytes, before: bytes = b"") -> None:
    """Have SQL's own parser say whether a text of a file is wrong; the server logs an error."""
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
    closed = text.rstrip().endswith(b";") or sqltext.is_closed(text)
    end = b"\n" if closed else b"\n;"
    return b"".join((b"DO ", tag, b"BEGIN RETURN;\n", text, end, b"END", tag))
