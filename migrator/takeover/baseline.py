"""Marks a set as applied on a database that has its schema already, once that is shown."""

from __future__ import annotations

from migrator.core import lock, predecessors
from migrator.core.apply import Applier
from migrator.core.errors import Refused
from migrator.core.files import Migration
from migrator.core.plan import find
from migrator.core.process import interruptible
from migrator.core.runner import Runner
from migrator.core.session import refuse_unwritable
from migrator.takeover.comparison import Throwaway, refuse_difference


def baseline(runner: Runner, name: str, throwaway: Throwaway) -> list[Migration]:
    """Mark every migration up to one as applied.

    Args:
        runner: The target and the files.
        name: The last migration that the database has.
        throwaway: Runs a server that is thrown away afterwards, and gives its URL; those
            migrations are applied there to see what they add up to.

    Returns:
        What was marked.

    Raises:
        Refused: The schemas differ, or the database has a history already.

    """
    refuse_unwritable(runner.session, runner.target)
    last = find(runner.migrations, name)
    wanted = runner.migrations[: runner.migrations.index(last) + 1]
    refuse_history(runner)
    if not runner.limits.beside_others:
        predecessors.refuse_histories(predecessors.find(runner.session))
    refuse_difference(runner, last, throwaway, lambda _: False)
    with interruptible(), lock.held(runner.session, runner.limits.lock_wait_s, runner.say):
        refuse_history(runner)
        applier = Applier(runner.session, runner.say)
        applier.prepare()
        applier.mark(wanted)
    return wanted


def refuse_history(runner: Runner) -> None:
    """Refuse a database that has a history of this tool.

    Raises:
        Refused: It has one.

    """
    state = runner.state()
    if state.applied or state.missing or state.interrupted:
        raise Refused(
            "The database has a history already.",
            hint="`status` shows it; `migrate` continues from there.",
        )
