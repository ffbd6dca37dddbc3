"""What was in a database before stops a first migrate: other tools' histories, any tables."""

from __future__ import annotations

import pytest
from yoyo import get_backend, read_migrations

from tests.support.commands import call
from tests.support.databases import applied, rows, run, superuser
from tests.support.predecessors import LAYOUTS, stock_url
from tests.support.servers import Server, newest
from tests.support.sets import THREE, MigrationSet

pytestmark = newest


def refused(made: MigrationSet, database: str, command: str = "migrate") -> str:
    """Return the message of a refusal that left nothing behind."""
    answer = call(made, database, command)
    assert answer.code == 2
    assert rows(database, "SELECT to_regnamespace('yoyo')") == [(None,)]
    return answer.err


@pytest.mark.parametrize("tool", LAYOUTS)
def test_another_tools_history_is_named_and_nothing_runs(
    empty_database: str, made: MigrationSet, tool: str
) -> None:
    run(empty_database, LAYOUTS[tool], "CREATE TABLE acc (cents int)")
    for command in ("migrate", "plan"):
        error = refused(made, empty_database, command)
        assert f"error: The database was migrated by another tool: {tool} (" in error
        assert "next: `adopt` takes its history over." in error
    (told,) = call(made, empty_database, "--json", "status").document["other_history"]
    assert told.startswith(f"{tool} (")
    assert f"other history {told}\n" in call(made, empty_database, "status").out


def test_stock_yoyos_history_in_public_is_not_passed_over(
    empty_database: str, made: MigrationSet
) -> None:
    made.add("0001.a.create", "UPDATE acc SET cents = cents * 100;")
    run(empty_database, "CREATE TABLE acc (cents int)", "INSERT INTO acc VALUES (1)")
    with get_backend(stock_url(empty_database, schema="public")) as backend:
        backend.apply_migrations(read_migrations(str(made.migrations)))
    error = refused(made, empty_database)
    assert "another tool: yoyo (public._yoyo_migration)" in error
    assert rows(empty_database, "SELECT cents FROM acc") == [(100,)]


def test_any_table_in_a_database_without_a_history_stops_a_first_migrate(
    empty_database: str, made: MigrationSet
) -> None:
    run(
        empty_database,
        "CREATE SCHEMA elsewhere",
        "CREATE TABLE elsewhere.parts (id int) PARTITION BY LIST (id)",
        "CREATE TABLE elsewhere.part PARTITION OF elsewhere.parts DEFAULT",
    )
    error = refused(made, empty_database)
    assert (
        "has tables but no history, so these files may have run before: elsewhere.parts." in error
    )
    assert "next: If they have, `baseline ID` marks them as applied, up to ID." in error
    assert "add --beside-others" in error


def test_a_schema_yoyo_that_is_another_programs_is_not_taken_over(
    empty_database: str, made: MigrationSet
) -> None:
    run(empty_database, "CREATE SCHEMA yoyo", "CREATE TABLE yoyo.users (id int)")
    answer = call(made, empty_database, "migrate")
    assert answer.code == 2
    assert "these files may have run before: yoyo.users." in answer.err


def test_of_many_tables_some_are_named(empty_database: str, made: MigrationSet) -> None:
    run(empty_database, *(f"CREATE TABLE t{number} ()" for number in range(7)))
    assert "t3, t4 and 2 more." in refused(made, empty_database)


def test_a_database_with_extensions_views_and_functions_only_is_empty(
    pg: Server, empty_database: str, made: MigrationSet
) -> None:
    run(
        superuser(pg, empty_database),
        "CREATE EXTENSION pg_trgm",
        "CREATE TABLE of_the_extension ()",
        "ALTER EXTENSION pg_trgm ADD TABLE of_the_extension",
        "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE VIEW ones AS SELECT one()",
    )
    assert call(made, empty_database, "migrate").code == 0


@pytest.mark.parametrize("other", ["CREATE TABLE theirs ();", LAYOUTS["Flyway"]])
def test_whoever_knows_that_the_tables_are_anothers_says_so_once(
    empty_database: str, made: MigrationSet, other: str
) -> None:
    run(empty_database, other)
    answer = call(made, empty_database, "migrate", "--to", "0001", "--beside-others")
    assert answer.code == 0
    assert call(made, empty_database, "migrate").code == 0
    assert applied(empty_database) == THREE
    call(made, empty_database, "rollback", "--all", "--yes")
    assert call(made, empty_database, "migrate").code == 0
