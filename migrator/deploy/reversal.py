"""The way back of a deploy: its rollback files; of a closed one, the backup where these fail."""

from __future__ import annotations

from collections.abc import Callable

import psycopg

from migrator.backup import restore
from migrator.backup.archive import Backup
from migrator.catalogue import objects
from migrator.core import files, progress
from migrator.core.errors import Interrupted, MigratorError
from migrator.core.files import Migration
from migrator.core.runner import Runner
from migrator.core.session import NoConnection
from migrator.core.steps import Steps
from migrator.deploy import records
from migrator.deploy.plan import DeployPlan
from migrator.sql import sql

_SHOWN = 20


def by_rollback_files(
    runner: Runner,
    number: int,
    plan: DeployPlan,
    *,
    backup: Backup | None,
    steps: Steps,
    regain: Callable[[], Runner],
) -> str:
    """Roll back what a deploy applied, and compare the database with its state before.

    Args:
        runner: The target and the files.
        number: The deploy's number.
        plan: What was so before: `before`, the migrations that were applied; `seeded`.
        backup: The dump of a closed deploy, whose rows are compared; None for an open one.
        steps: Told what is done.
        regain: Returns a runner that holds the lock, where that was lost.

    Returns:
        Why the database is not as before; empty where it is.

    Raises:
        Interrupted: It was cut off.
        NoConnection: The server cannot be reached.

    """
    with steps.step("undo") as detail:
        why = _rolled_back(runner, plan, steps.say)
        runner = regain()
        if not why:
            for seed in plan.seeded:  # a rollback takes these marks away
                runner.session.connection.execute(sql("core/record_seed"), seed)
            told = _differences(runner, number, plan)
            if backup is not None:
                told += restore.differences(backup, runner.target, show=steps.show)
            why = "; ".join(told[:_SHOWN]) + f"; {len(told) - _SHOWN} more" * (len(told) > _SHOWN)
        rows = "rows: as in the backup" if backup else "rows: not compared"
        detail["outcome"] = "failed" if why else "done"
        detail["said"] = why or f"the catalogue is as before; {rows}"
    return why


def _rolled_back(runner: Runner, plan: DeployPlan, say: Callable[[str], None]) -> str:
    """Roll back by pairs; return why that cannot be done, else nothing."""
    try:
        for at in progress.read(runner.session):
            settle = f"after `settle {at.id} --as applied`, `rollback` undoes them"
            return f"{at.id} has not ended: {at.stays} {settle}"
        if runner.state().interrupted and not runner.clear():
            return "a file that runs outside a transaction was cut off, and cannot be judged"
        ours = [each for each in runner.state().applied if each.id not in plan.before]
        if ours:
            for each in ours:
                if each.source.batch is not None:
                    say(_cost(runner, each))
            runner.rollback(steps=len(ours), to=None, confirm=lambda _: None)
    except (Interrupted, NoConnection):
        raise
    except MigratorError as error:
        return error.message
    return ""


def _cost(runner: Runner, migration: Migration) -> str:
    """Return what it takes to roll back a file that ran in batches."""
    query = "SELECT duration_ms FROM yoyo.migration_checksum WHERE checksum = %s"
    row = runner.session.connection.execute(query, (migration.source.checksum,)).fetchone()
    took = f"its batches took {(row[0] if row else 0) / 1000:,.1f} s"
    rollback = files.read(migration.rollback_path)
    then = "runs in batches, too" if rollback.batch else "is one transaction"
    return f"undo: {migration.id}: {took}; its rollback {then}"


def _differences(runner: Runner, number: int, plan: DeployPlan) -> list[str]:
    """Compare history and catalogue with those right before the first change."""
    state = runner.state()
    applied = [each.id for each in state.applied] + list(state.missing)
    told = ["the history is not the one before"] * (sorted(applied) != sorted(plan.before))
    connection = runner.session.connection
    before = records.catalogue_before(connection, number)
    if before is None:
        return [*told, "what the catalogue said before is not known"]
    return told + [
        each.words for each in objects.differences(before, objects.read(connection).database)
    ]


def in_words(error: BaseException) -> str:
    """Return what went wrong, in words."""
    if isinstance(error, MigratorError):
        return error.message
    if isinstance(error, OSError):
        return f"{error.filename or ''}: {error.strerror}"
    if isinstance(error, psycopg.Error):
        return " ".join(str(error).split())
    return str(error).strip() or "Interrupted."
