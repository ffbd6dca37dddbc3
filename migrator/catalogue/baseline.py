"""Marks a set as applied on a database that has its schema already, once that is shown."""

from __future__ import annotations

from collections.abc import Callable

from migrator.catalogue import objects
from migrator.core import lock
from migrator.core.apply import Applier
from migrator.core.errors import Refused
from migrator.core.files import Migration
from migrator.core.plan import find
from migrator.core.process import interruptible
from migrator.core.runner import Runner
from migrator.core.session import refuse_unwritable
from migrator.core.target import Target
from migrator.server.scratch import Scratch


def baseline(runner: Runner, name: str, start_server: Callable[[], str]) -> list[Migration]:
    """Mark every migration up to one as applied.

    Args:
        runner: The target and the files.
        name: The last migration that the database has.
        start_server: Returns the URL of a server where a scratch database can be made, in which
            those migrations are applied to see what they add up to.

    Returns:
        What was marked.

    Raises:
        Refused: The schemas differ, or the database has a history already.

    """
    refuse_unwritable(runner.session, runner.target)
    last = find(runner.migrations, name)
    wanted = runner.migrations[: runner.migrations.index(last) + 1]
    _refuse_history(runner)
    server = Target.parse(start_server(), "the embedded server")
    with interruptible(), Scratch(server, "baseline") as scratch:
        differences = _differences(runner, last, scratch.create("migrated"))
    if differences:
        raise Refused(
            f"The database is not what {last.id} and those before it make:\n  "
            + "\n  ".join(differences),
            hint="Name the migration that the database is at, or bring it there first.",
        )
    with interruptible(), lock.held(runner.session, runner.limits.lock_wait_s, runner.say):
        _refuse_history(runner)
        applier = Applier(runner.session, runner.say)
        applier.prepare()
        applier.mark(wanted)
    return wanted


def _refuse_history(runner: Runner) -> None:
    state = runner.state()
    if state.applied or state.missing or state.interrupted:
        raise Refused(
            "The database has a history already.",
            hint="`status` shows it; `migrate` continues from there.",
        )


def _differences(runner: Runner, last: Migration, place: Target) -> list[str]:
    scratch = Runner(runner.project, place, runner.limits, lambda _: None)
    scratch.migrate(to=last.id, with_seeds=False, dry_run=False)
    with scratch.session.connection as connection:
        expected = objects.read(connection)
    found = objects.read(runner.session.connection)
    told = objects.differences(expected.schema, found.schema)
    return [each.words for each in objects.required(told, found.extensions)]
