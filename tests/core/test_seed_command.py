"""seed: applies every seed, and writes only what is not in place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.commands import call
from tests.support.databases import rows, run
from tests.support.servers import newest
from tests.support.sets import MERGE_TWO_ROWS, MigrationSet, three_tables

pytestmark = newest
SEED = """\
MERGE INTO b USING (VALUES (1, 'one'), (2, 'two')) AS v (id, name) ON b.id = v.id
WHEN MATCHED AND b.name IS DISTINCT FROM v.name THEN UPDATE SET name = v.name
WHEN NOT MATCHED THEN INSERT VALUES (v.id, v.name);
"""


@pytest.fixture
def made(tmp_path: Path) -> MigrationSet:
    made = three_tables(tmp_path)
    made.add("0002.b.create", "CREATE TABLE b (id int, name text);", "DROP TABLE b;")
    made.seed("02.b", SEED)
    return made


@pytest.fixture
def database(empty_database: str, made: MigrationSet) -> str:
    assert call(made, empty_database, "migrate", "--no-seed").code == 0
    return empty_database


def contents(database: str) -> list[tuple[object, ...]]:
    """Return the rows of b with the transactions that wrote them."""
    return rows(database, "SELECT xmin::text, ctid::text, id, name FROM b ORDER BY id")


def test_applies_every_seed_in_order(database: str, made: MigrationSet) -> None:
    answer = call(made, database, "seed")
    assert (answer.code, answer.out) == (0, "applied 01.a\napplied 02.b\n")
    assert answer.err.splitlines()[2:] == [
        "seeded 01.a (2 rows written)",
        "seeded 02.b (2 rows written)",
    ]
    assert [row[2:] for row in contents(database)] == [(1, "one"), (2, "two")]
    assert call(made, database, "status").out.splitlines()[-1] == "up to date"
    assert call(made, database, "migrate").out == "nothing to do\n"


def test_what_is_in_place_is_not_written_again(database: str, made: MigrationSet) -> None:
    call(made, database, "seed")
    before = contents(database)
    answer = call(made, database, "--json", "seed")
    assert answer.document == {"applied": [], "seeds": ["01.a", "02.b"]}
    assert "seeded 02.b (0 rows written)" in answer.err
    assert contents(database) == before


def test_an_edited_value_is_put_right_and_an_operators_row_stays(
    database: str, made: MigrationSet
) -> None:
    call(made, database, "seed")
    run(database, "UPDATE b SET name = 'uno' WHERE id = 1", "INSERT INTO b VALUES (9, 'mine')")
    assert "seeded 02.b (1 rows written)" in call(made, database, "seed").err
    assert [row[2:] for row in contents(database)] == [(1, "one"), (2, "two"), (9, "mine")]


def test_a_database_that_is_behind_is_refused(database: str, made: MigrationSet) -> None:
    made.table(4, "d")
    answer = call(made, database, "seed")
    assert answer.code == 2
    assert "error: 1 migrations are pending, the first 0004.d.create." in answer.err
    assert "next: Run `migrate` first." in answer.err
    assert contents(database) == []


def test_an_edited_migration_is_refused(database: str, made: MigrationSet) -> None:
    made.add("0003.c.create", "SELECT 1;")
    answer = call(made, database, "seed")
    assert answer.code == 2
    assert "was edited after it was applied" in answer.err


def test_one_that_fails_is_rolled_back_and_those_before_it_stay(
    database: str, made: MigrationSet
) -> None:
    made.seed("02.b", "INSERT INTO b VALUES (1, 'one');\nINSERT INTO b SELECT 1 / 0;\n")
    answer = call(made, database, "seed")
    assert answer.code == 1
    assert "02.b.sql:2:1: division by zero" in answer.err
    assert contents(database) == []
    assert rows(database, "SELECT seed_id FROM yoyo.seed_checksum") == [("01.a",)]


def test_what_a_seed_sets_does_not_reach_the_next(database: str, made: MigrationSet) -> None:
    made.seed("01.a", "CREATE SCHEMA s; CREATE TABLE s.b (id int); SET search_path TO s;")
    assert call(made, database, "seed").code == 0
    assert len(contents(database)) == 2


def test_a_set_without_seeds_has_nothing_to_do(empty_database: str, tmp_path: Path) -> None:
    made = MigrationSet(tmp_path / "other")
    made.table(1, "a")
    call(made, empty_database, "migrate")
    answer = call(made, empty_database, "seed")
    assert (answer.code, answer.out) == (0, "nothing to do\n")


def test_seeds_can_be_kept_elsewhere(database: str, made: MigrationSet, tmp_path: Path) -> None:
    elsewhere = MigrationSet(tmp_path / "other")
    elsewhere.seed("07.a", MERGE_TWO_ROWS)
    answer = call(made, database, "--seeds", elsewhere.seeds, "seed")
    assert (answer.code, answer.out) == (0, "applied 07.a\n")
    answer = call(made, database, "--seeds", elsewhere.seeds / "none", "seed")
    assert answer.code == 2
    assert f"error: There is no directory {elsewhere.seeds / 'none'}." in answer.err


def test_a_set_in_a_directory_of_another_name_has_its_seeds(
    empty_database: str, made: MigrationSet
) -> None:
    renamed = made.migrations.rename(made.migrations.parent / "changes")
    answer = call(None, empty_database, "--migrations", renamed, "migrate")
    assert answer.code == 0
    assert answer.out.endswith("applied 01.a\napplied 02.b\n")
