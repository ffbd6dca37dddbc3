"""What a capability hands in: core does it, and knows nothing of what it is for."""

from __future__ import annotations

import psycopg
import pytest

from migrator.core.additions import Additions, StatusSection
from migrator.core.errors import Failed, Refused
from migrator.core.project import Project
from migrator.core.runner import Runner
from migrator.core.session import Limits, Session
from migrator.core.status import standing
from migrator.core.target import Target
from tests.support.databases import applied, rows, run, tables
from tests.support.servers import newest
from tests.support.sets import THREE, MigrationSet

LIMITS = Limits(lock_timeout_ms=50, lock_wait_s=0)


def runner_of(made: MigrationSet, database: str, additions: Additions) -> Runner:
    project = Project.at(made.migrations, None)
    return Runner(project, Target.parse(database, "test"), LIMITS, lambda _: None, additions)


def migrate(runner: Runner) -> None:
    with runner.session.connection:
        runner.migrate(to=None, with_seeds=True, dry_run=False)


@pytest.fixture
def account(empty_database: str) -> str:
    """A database with a table of its own for what a capability notes."""
    run(empty_database, "CREATE TABLE account (note text)")
    return empty_database


NOTE = "INSERT INTO account VALUES ('{}');"
ADDED = Additions(with_file=NOTE.format("kept"), without_file=NOTE.format("undone"))
NOTES = "SELECT note, count(*) FROM account GROUP BY note ORDER BY note"


@newest
def test_what_refuses_before_the_plan_keeps_everything_as_it_is(
    empty_database: str, made: MigrationSet
) -> None:
    def refuse(session: Session) -> None:
        assert session.facts.database
        raise Refused("Not now.")

    with pytest.raises(Refused, match="Not now"):
        migrate(runner_of(made, empty_database, Additions(before_plan=refuse)))
    assert rows(empty_database, "SELECT to_regnamespace('yoyo')") == [(None,)]


@newest
def test_what_is_added_to_a_file_is_kept_with_it(account: str, made: MigrationSet) -> None:
    made.add(
        "0004.a.index",
        "-- transactional: false\nCREATE INDEX CONCURRENTLY i ON a (id);\n",
        "-- transactional: false\nDROP INDEX CONCURRENTLY i;\n",
    )
    migrate(runner_of(made, account, ADDED))
    assert rows(account, NOTES) == [("kept", 5)], "four migrations and a seed"
    with (other := runner_of(made, account, ADDED)).session.connection:
        other.rollback(steps=None, to=None, confirm=lambda _: None)
    assert rows(account, NOTES) == [("kept", 9)]


@newest
def test_what_is_added_to_a_file_that_fails_is_kept_without_it(
    account: str, made: MigrationSet
) -> None:
    made.add("0002.b.create", "CREATE TABLE b (id int); SELECT 1 / 0;", "DROP TABLE b;")
    with pytest.raises(Failed, match="division by zero"):
        migrate(runner_of(made, account, ADDED))
    assert rows(account, NOTES) == [("kept", 1), ("undone", 1)]
    assert tables(account) == ["a", "account"]


@newest
def test_before_each_attempt_at_a_file_it_is_called_outside_a_transaction(
    empty_database: str, made: MigrationSet
) -> None:
    attempts: list[list[str]] = []
    run(empty_database, "CREATE TABLE b (id int)")
    made.add("0002.b.alter", "ALTER TABLE b ADD note text;", "ALTER TABLE b DROP note;")
    made.remove("0002.b.create")
    with psycopg.connect(empty_database) as holder:
        holder.execute("SELECT FROM b")

        def note(session: Session) -> None:
            assert session.is_free
            attempts.append(applied(empty_database))
            if len(attempts) == 3:
                holder.rollback()

        migrate(runner_of(made, empty_database, Additions(before_file=note)))
    ids = [THREE[0], "0002.b.alter", THREE[2]]
    assert applied(empty_database) == ids
    assert attempts[:3] == [
        [],
        ids[:1],
        ids[:1],
    ], "the second file was tried again"
    assert attempts[-1] == ids


@newest
@pytest.mark.parametrize("problem", ["", "the moon is full"])
def test_what_is_told_in_status(empty_database: str, made: MigrationSet, problem: str) -> None:
    section = StatusSection("moons", [{"phase": 3}], ["moon          full"], problem)
    runner = runner_of(made, empty_database, Additions(status=lambda _: section))
    migrate(runner)
    with (again := runner_of(made, empty_database, runner.additions)).session.connection:
        found = standing(again)
    assert found.document["moons"] == [{"phase": 3}]
    assert found.up_to_date is not bool(problem)
    *_, told, verdict = found.lines
    assert told == "moon          full"
    assert verdict == (f"not up to date: {problem}" if problem else "up to date")
