"""rollback: the newest first, as far as asked, and never more than was shown."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from migrator.core.settings import LOCK_KEY
from tests.support.commands import call, finish, launch
from tests.support.databases import applied, rows, run, tables
from tests.support.servers import ROOT, clean_environment, newest
from tests.support.sets import THREE, MigrationSet
from tests.support.waiting import until

pytestmark = newest
REVERSIBLE = "-- reversible: yes\n"


@pytest.mark.parametrize(
    ("arguments", "left"),
    [
        (["--steps", "1"], 2),
        (["--steps", "2"], 1),
        (["--steps", "99"], 0),
        (["--to", "0001.a.create"], 1),
        (["--to", "0002"], 2),
        (["--to", "0003"], 3),
        (["--all"], 0),
    ],
)
def test_undoes_the_newest_first_as_far_as_asked(
    database: str, made: MigrationSet, arguments: list[str], left: int
) -> None:
    answer = call(made, database, "--json", "rollback", *arguments, "--yes")
    assert answer.code == 0
    assert answer.document == {"rolled_back": THREE[left:][::-1], "seeds": []}
    assert applied(database) == THREE[:left]
    assert tables(database) == ["a", "b", "c"][:left]


def test_what_depends_is_undone_first(empty_database: str, tmp_path: Path) -> None:
    made = MigrationSet(tmp_path / "other")
    made.add("1.a", "-- depends: 2.b\nCREATE TABLE a (b int REFERENCES b);", "DROP TABLE a;")
    made.add("2.b", "CREATE TABLE b (id int PRIMARY KEY);", "DROP TABLE b;")
    call(made, empty_database, "migrate")
    answer = call(made, empty_database, "rollback", "--all", "--yes")
    assert answer.out.splitlines() == ["rolled back 1.a", "rolled back 2.b"]


def test_the_log_keeps_both_directions(database: str, made: MigrationSet) -> None:
    call(made, database, "rollback", "--steps", "1", "--yes")
    call(made, database, "migrate")
    log = "SELECT operation FROM yoyo._yoyo_log WHERE migration_id = '0003.c.create'"
    assert rows(database, f"{log} ORDER BY created_at_utc") == [
        ("apply",),
        ("rollback",),
        ("apply",),
    ]


def test_migrate_gives_the_seeds_again(database: str, made: MigrationSet) -> None:
    call(made, database, "rollback", "--all", "--yes")
    answer = call(made, database, "migrate")
    assert answer.out.splitlines()[-1] == "applied 01.a"
    assert rows(database, "SELECT id FROM a ORDER BY id") == [(1,), (2,)]


def test_nothing_applied_is_nothing_to_do(empty_database: str, made: MigrationSet) -> None:
    answer = call(made, empty_database, "rollback", "--all")
    assert (answer.code, answer.out) == (0, "nothing to do\n")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--all", "--steps", "1"],
        ["--to", "0001", "--steps", "1"],
        ["--steps", "-1"],
    ],
)
def test_one_of_three_ways_to_say_how_far(
    database: str, made: MigrationSet, arguments: list[str]
) -> None:
    answer = call(made, database, "rollback", *arguments, "--yes")
    assert answer.code == 2
    assert answer.err.startswith("Usage: ")
    assert applied(database) == THREE


def test_to_must_be_applied(database: str, made: MigrationSet) -> None:
    made.table(4, "d")
    answer = call(made, database, "rollback", "--to", "0004", "--yes")
    assert answer.code == 2
    assert "0004.d.create is not applied, so it cannot stay applied" in answer.err
    assert "There is no migration 0009" in call(made, database, "rollback", "--to", "0009").err
    assert applied(database) == THREE


# Asking


def test_without_a_terminal_it_does_not_guess(database: str, made: MigrationSet) -> None:
    answer = call(made, database, "rollback", "--steps", "2")
    assert answer.code == 2
    assert answer.err.splitlines()[2:5] == [
        "These will be rolled back, and their data may be lost:",
        "  0003.c.create",
        "  0002.b.create",
    ]
    assert "next: If you want that, add --yes." in answer.err
    assert applied(database) == THREE


def test_what_loses_nothing_is_not_asked_about(database: str, made: MigrationSet) -> None:
    made.add("0004.d.index", f"{REVERSIBLE}CREATE INDEX d ON a (id);", "DROP INDEX d;")
    call(made, database, "migrate")
    answer = call(made, database, "rollback", "--steps", "1")
    assert (answer.code, answer.out) == (0, "rolled back 0004.d.index\n")
    call(made, database, "migrate")
    assert call(made, database, "rollback", "--steps", "2").code == 2  # one of two loses data


@pytest.mark.parametrize(
    ("typed", "code", "message"),
    [
        (b"y\n", 0, "rolled back 0003.c.create"),
        (b"n\n", 2, "error: Not confirmed."),
        (b"\x04", 130, "error: Interrupted."),
    ],
)
def test_on_a_terminal_it_asks(
    database: str, made: MigrationSet, typed: bytes, code: int, message: str
) -> None:
    keyboard, terminal = pty.openpty()
    arguments = ["--database", database, "--migrations", str(made.migrations)]
    process = subprocess.Popen(
        [sys.executable, ROOT / "runner.py", *arguments, "rollback", "--steps", "1"],
        env=clean_environment(),
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    os.close(terminal)
    assert process.stdout is not None
    shown = b""
    while b"Go on?" not in shown:
        shown += os.read(process.stdout.fileno(), 1000)
    os.write(keyboard, typed)
    rest, _ = process.communicate(timeout=30)
    os.close(keyboard)
    assert process.returncode == code
    assert message in rest.decode()
    assert applied(database) == (THREE[:2] if code == 0 else THREE)


def test_never_more_than_was_shown(database: str, made: MigrationSet) -> None:
    with psycopg.connect(database, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])
        process = launch(made, database, "rollback", "--steps", "1", "--yes")
        until(lambda: waits_for_the_lock(database))
        # What another runner would have done meanwhile.
        run(database, "DROP TABLE c")
        run(database, "DELETE FROM yoyo._yoyo_migration WHERE migration_id = '0003.c.create'")
    answer = finish(process)
    assert answer.code == 2
    assert "Another runner has changed the history" in answer.err
    assert applied(database) == THREE[:2]


def waits_for_the_lock(database: str) -> bool:
    query = "SELECT FROM pg_stat_activity WHERE query LIKE 'SELECT pg_try_advisory_lock(%'"
    return bool(rows(database, f"{query} AND pid <> pg_backend_pid()"))


# What is refused, what fails


def test_disagreements_are_refused(database: str, made: MigrationSet) -> None:
    text = (made.migrations / "0001.a.create.sql").read_text()
    made.add("0001.a.create", "SELECT 1;", "DROP TABLE a;")
    answer = call(made, database, "rollback", "--steps", "1", "--yes")
    assert answer.code == 2
    assert "was edited after it was applied" in answer.err
    made.add("0001.a.create", text, "DROP TABLE a;")
    made.remove("0002.b.create")
    answer = call(made, database, "rollback", "--steps", "1", "--yes")
    assert answer.code == 2
    assert "0002.b.create: applied, but its file is missing" in answer.err
    assert applied(database) == THREE


def test_what_is_pending_does_not_matter(database: str, made: MigrationSet) -> None:
    made.table(4, "d")
    answer = call(made, database, "rollback", "--steps", "1", "--yes")
    assert answer.out == "rolled back 0003.c.create\n"


def test_files_are_checked_before_the_first_is_run(database: str, made: MigrationSet) -> None:
    made.write("migrations/0001.a.create.rollback.sql", "-- lost\n")
    for arguments in (["rollback", "--all", "--yes"], ["plan", "--rollback"]):
        answer = call(made, database, *arguments)
        assert answer.code == 2
        assert "0001.a.create.rollback.sql: the file has no statement" in answer.err
    assert tables(database) == ["a", "b", "c"]


def test_what_cannot_be_undone_says_so_and_stays(database: str, made: MigrationSet) -> None:
    path = made.write(
        "migrations/0002.b.create.rollback.sql",
        "DROP TABLE b;\nDO $$ BEGIN RAISE EXCEPTION 'the old numbers are lost'; END $$;\n",
    )
    answer = call(made, database, "rollback", "--all", "--yes")
    assert answer.code == 1
    assert f"{path}:2:1: the old numbers are lost" in answer.err
    assert applied(database) == THREE[:2]
    assert tables(database) == ["a", "b"]


def test_drift_makes_it_fail_loudly(database: str, made: MigrationSet) -> None:
    run(database, "CREATE VIEW v AS SELECT id FROM b")
    answer = call(made, database, "rollback", "--all", "--yes")
    assert answer.code == 1
    assert "cannot drop table b because other objects depend on it" in answer.err
    assert "detail: view v depends on table b" in answer.err
    assert f"state: {THREE[1]} and all before it are still applied" in answer.err
    assert applied(database) == THREE[:2]


def test_a_rollback_that_is_not_transactional(database: str, made: MigrationSet) -> None:
    made.add(
        "0004.a.index",
        f"{REVERSIBLE}-- transactional: false\nCREATE INDEX CONCURRENTLY i ON a (id);",
        "-- transactional: false\nDROP INDEX CONCURRENTLY IF EXISTS i;",
    )
    call(made, database, "migrate")
    assert call(made, database, "rollback", "--steps", "1").code == 0
    assert rows(database, "SELECT to_regclass('i')") == [(None,)]
    assert rows(database, "SELECT * FROM yoyo.intent") == []
    assert applied(database) == THREE
