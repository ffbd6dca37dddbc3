"""Every fault of a file, end to end: refused with its place, and nothing at all is changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.commands import call
from tests.support.databases import applied, rows, tables
from tests.support.sets import THREE, MigrationSet

LATE = "0004.late.change"
GOOD = "CREATE TABLE late ();"
ONLINE = "-- transactional: false\n"

# What is in the database, by the transaction that put it there.
EVERYTHING = """\
SELECT 'relation', relname::text, xmin::text FROM pg_class WHERE oid >= 16384
UNION ALL SELECT 'mark', migration_id, xmin::text FROM yoyo._yoyo_migration
UNION ALL SELECT 'log', migration_id, xmin::text FROM yoyo._yoyo_log ORDER BY 1, 2"""


def text(apply: str | bytes, rollback: str | bytes = "SELECT 1;") -> Callable[[MigrationSet], Any]:
    """Return what adds a migration of such a text."""
    return lambda made: made.add(LATE, apply, rollback)


def without_rollback(made: MigrationSet) -> None:
    made.add(LATE, GOOD)
    (made.migrations / f"{LATE}.rollback.sql").unlink()


def twice(made: MigrationSet) -> None:
    made.add(LATE, GOOD)
    made.add("0004.other.change", GOOD)


def edited(made: MigrationSet) -> None:
    made.add(LATE, GOOD)
    made.add(THREE[1], "CREATE TABLE b (id bigint);", "DROP TABLE b;")


def deleted(made: MigrationSet) -> None:
    made.add(LATE, GOOD)
    made.remove(THREE[1])


FAULTS: dict[str, tuple[Callable[[MigrationSet], Any], str]] = {
    "applied file edited": (edited, "was edited after it was applied"),
    "applied file deleted": (deleted, "applied, but its file is missing"),
    "a number arriving late": (
        lambda made: made.add("0000.late", GOOD),
        "comes before migrations that",
    ),
    "rollback pair missing": (without_rollback, "its rollback file 0004.late.change.rollback.sql"),
    "rollback pair empty": (text(GOOD, ""), "the file has no statement"),
    "rollback pair a comment": (text(GOOD, "-- later\n"), "the file has no statement"),
    "duplicate number": (twice, "has the same number as"),
    "unknown depends": (text(f"-- depends: none\n{GOOD}"), "depends on none, which does not exist"),
    "cyclic depends": (text(f"-- depends: {LATE}\n{GOOD}"), "depend on each other in a circle"),
    "empty file": (text(""), "the file has no statement; if it is to do nothing, write SELECT;"),
    "syntax error in the last statement": (
        text(f"{GOOD}\nCREATE TABEL x ();"),
        ":2:8: syntax error",
    ),
    "COMMIT": (text(f"{GOOD}\nCOMMIT;"), ":2:1: COMMIT is not allowed"),
    "ROLLBACK": (text(f"{GOOD}\nROLLBACK;"), ":2:1: ROLLBACK is not allowed"),
    "BEGIN": (text(f"BEGIN;\n{GOOD}"), ":1:1: BEGIN is not allowed"),
    "two statements outside a transaction": (
        text(f"{ONLINE}VACUUM a;\nVACUUM b;"),
        ":3:1: a second statement in a file with -- transactional: false",
    ),
    "unmarked": (
        text("CREATE INDEX CONCURRENTLY i ON a (id);"),
        ":1:1: cannot run in a transaction",
    ),
    "misspelt directive": (text(f"-- Transactional: false\n{GOOD}"), ":1: yoyo ignores this"),
    "directive too late": (text(f"/* */\n-- transactional: false\n{GOOD}"), ":2: yoyo ignores"),
    "not UTF-8": (text(b"SELECT 1;\n-- caf\xe9\n"), ":2: not UTF-8 (byte 16)"),
    "NUL": (text(b"SELECT 1;\n\0"), ":2: a NUL byte (byte 10)"),
    "both halves of dbmate": (
        text("-- migrate:up\nCREATE TABLE late ();\n-- migrate:down\nDROP TABLE late;"),
        ":1: a file with both halves, as dbmate writes it",
    ),
    "both halves of tern": (
        text("CREATE TABLE late ();\n---- create above / drop below ----\nDROP TABLE late;"),
        ":2: a file with both halves, as tern writes it",
    ),
    "PL/pgSQL": (text(f"{GOOD}\nPERFORM f();"), ":2:1: a statement of PL/pgSQL, not of SQL"),
    "PL/pgSQL's INTO": (
        text(f"{GOOD}\nINSERT INTO a VALUES (9) RETURNING id\n-- its variable\nINTO found;"),
        ':4:1: syntax error at or near "INTO"',
    ),
    "all locks released": (
        text(f"{GOOD}\nSELECT pg_advisory_unlock_all();"),
        ":2:1: it would release the runner's lock",
    ),
    "all locks released in DO": (
        text("DO $$ BEGIN PERFORM pg_advisory_unlock_all(); END $$"),
        ":1:1: it would release the runner's lock",
    ),
    "strings with escapes": (
        text("SET standard_conforming_strings = off;\nINSERT INTO b VALUES ('a\\nb');"),
        ":1:1: the rest of the file would be read otherwise",
    ),
    "another encoding": (
        text("SET client_encoding = 'UTF8';\nset session client_encoding to latin1;"),
        ":2:1: the rest of the file would be read otherwise",
    ),
    "another encoding by NAMES": (
        text(f"{GOOD}\nSET NAMES 'WIN1252';"),
        ":2:1: the rest of the file would be read otherwise",
    ),
    "DISCARD ALL": (text(f"{ONLINE}DISCARD ALL"), ":2:1: it would release the runner's lock"),
    "psql's command": (text(f"{GOOD}\n\\dt\n"), ":2:1: a psql command"),
    "COPY FROM stdin": (text("COPY a FROM stdin;\n1\n\\.\n"), ":1:1: COPY with data of the client"),
    "an open quote": (text("SELECT 'x;\n"), ":1:8: a quote ' that is never closed"),
    "Python": (lambda made: made.write("migrations/0004.late.py", "x = 1\n"), "no Python"),
    "seed not UTF-8": (lambda made: made.write("seeds/02.x.sql", b"\xff"), ":1: not UTF-8"),
    "seed with COMMIT": (
        lambda made: made.seed("02.x", "SELECT 1; COMMIT;"),
        "COMMIT is not allowed",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_a_file_is_refused_before_any_change(
    empty_database: str, made: MigrationSet, fault: str
) -> None:
    assert call(made, empty_database, "migrate").code == 0
    before = rows(empty_database, EVERYTHING)
    spoil, message = FAULTS[fault]
    spoil(made)
    made.table(5, "after")
    answer = call(made, empty_database, "migrate")
    assert answer.code == 2, answer.err
    assert message in answer.err
    assert "state: Nothing was changed." in answer.err
    assert "\nnext: " in answer.err
    assert "Traceback" not in answer.err
    assert rows(empty_database, EVERYTHING) == before


# What only the run shows


@pytest.mark.parametrize(
    ("apply", "message"),
    [
        (f"{GOOD}\nSELECT 1 / 0;", ":2:1: division by zero"),
        (f"{GOOD}\nSELECT missing;", ':2:8: column "missing" does not exist'),
        (f"{GOOD}\nDO $$ BEGIN RAISE 'no: %', 7; END $$;", ":2:1: no: 7"),
        (f"{GOOD}\nINSERT INTO a VALUES ('x');", ":2:23: invalid input syntax"),
        (f"{GOOD}\nCREATE ROLE r;", ":2:1: permission denied to create role"),
        (f"{GOOD}\nDO $$ BEGIN COMMIT; END $$;", ":2:1: invalid transaction termination"),
    ],
)
def test_what_fails_is_rolled_back_whole(
    empty_database: str, made: MigrationSet, apply: str, message: str
) -> None:
    path = made.add(LATE, apply)
    answer = call(made, empty_database, "migrate")
    assert answer.code == 1
    assert f"error: {path}{message}" in answer.err
    assert "state: The file was rolled back; the files before it stay applied." in answer.err
    assert ("alone into a file with -- transactional: false" in answer.err) == ("COMMIT" in apply)
    assert tables(empty_database) == ["a", "b", "c"]
    assert applied(empty_database) == THREE
