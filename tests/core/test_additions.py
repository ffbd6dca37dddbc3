"""What a capability hands in: core does it, and knows nothing of what it is for."""

from __future__ import annotations

import pytest

from migrator.core.additions import Additions, StatusSection
from migrator.core.errors import Refused
from migrator.core.project import Project
from migrator.core.runner import Runner
from migrator.core.session import Limits, Session
from migrator.core.status import standing
from migrator.core.target import Target
from tests.support.databases import rows
from tests.support.servers import newest
from tests.support.sets import MigrationSet

LIMITS = Limits(lock_timeout_ms=50, lock_wait_s=0)


def runner_of(made: MigrationSet, database: str, additions: Additions) -> Runner:
    project = Project.at(made.migrations, None)
    return Runner(project, Target.parse(database, "test"), LIMITS, lambda _: None, additions)


def migrate(runner: Runner) -> None:
    with runner.session.connection:
        runner.migrate(to=None, with_seeds=True, dry_run=False)


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
