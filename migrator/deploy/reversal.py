"""The way back of a deploy: by its rollback files; where they do not get there, by its backup."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import psycopg

from migrator.catalogue import objects
from migrator.core import history
from migrator.core.errors import Failed, Interrupted, MigratorError, Refused
from migrator.core.runner import Runner
from migrator.core.session import NoConnection
from migrator.deploy import databases, restore, writes
from migrator.deploy.archive import Backup, Programs
from migrator.deploy.plan import DeployPlan
from migrator.deploy.prerequisites import Prerequisites
from migrator.deploy.restore import Guard, Place
from migrator.deploy.steps import Steps
from migrator.sql import sql

UNDONE, RESTORED = "undone", "restored"
_GO_ON = (
    "`deploy --undo --discard-writes` restores all the same, and sets the database with those rows "
    "aside; `deploy --leave` leaves it as it is, to be put right by hand."
)


def storage(connection: psycopg.Connection[Any]) -> dict[str, list[Any]]:
    """Return of each table, by oid, what is another once it was rewritten, or a column replaced."""
    rows = connection.execute(sql("deploy/storage").encode()).fetchall()
    return {oid: [filenode, columns] for oid, filenode, columns in rows}


@dataclass(frozen=True, slots=True)
class ReversalResult:
    """How a deploy was put back.

    Args:
        outcome: undone or restored.
        words: What that means, for the operator.

    """

    outcome: str
    words: str


@dataclass(slots=True)
class Reversal:
    """The way back of one deploy.

    Args:
        runner: The target and the files.
        backup: The backup of the deploy.
        plan: What was done, and what was so before.
        guard: Keeps what others wrote.
        found: What is known of the server and the role.
        tools: pg_dump and pg_restore.
        jobs: How many sessions restore at once.
        steps: Told what is done.
        regain: Opens a session that holds the lock, where that was lost.

    """

    runner: Runner
    backup: Backup
    plan: DeployPlan
    guard: Guard
    found: Prerequisites
    tools: Programs
    jobs: int
    steps: Steps
    regain: Callable[[], None]

    def go(self, reason: str) -> ReversalResult:
        """Put back what the deploy did.

        Args:
            reason: Why the deploy is put back, for the history.

        Raises:
            Failed: It cannot be put back without losing what others wrote, or not at all; the
                message says where that leaves the database.
            NoConnection: The server cannot be reached.
            Interrupted: It was cut off; `deploy --resume` goes on.

        """
        if rows := self._rows_in_new_tables(reason):
            return self._by_backup(f"they would drop rows that others wrote: {rows}", reason)
        with self.steps.step("undo") as detail:
            why = self._by_rollback_files()
            detail["outcome"] = "failed" if why else "done"
            detail["said"] = why or "the database equals the state before"
        if not why:
            self._mark_seeds()
            return ReversalResult(
                UNDONE, "What it applied was rolled back: the database is as before."
            )
        return self._by_backup(why, reason)

    def _rows_in_new_tables(self, reason: str) -> str:
        """Refuse to drop, with a table of this deploy's, rows that others wrote to it.

        Returns:
            The rows, where the user said that they may be lost: a restore sets them aside.

        """
        written = self.guard.rows_in_new_tables(self.runner.session.connection)
        if written.tables:
            try:
                self.guard.refuse(written)
            except Refused as refusal:
                raise Failed(
                    f"{reason.rstrip('.')}. It is not put back: rows were written to tables that "
                    f"were not there at the backup, outside its transactions: {written.words}.",
                    state=self._state(),
                    hint=_GO_ON,
                ) from refusal
        return written.words

    def _by_rollback_files(self) -> str:
        """Roll back by pairs; return why that does not lead to the state before, else nothing."""
        runner = self.runner
        try:
            if runner.state().interrupted and not runner.clear():
                return "a file that runs outside a transaction was cut off"
            ours = [each for each in runner.state().applied if each.id not in self.plan.before]
            if ours:
                runner.rollback(steps=len(ours), to=None, confirm=lambda _: None)
        except (Interrupted, NoConnection):
            raise
        except MigratorError as error:
            self.regain()
            return error.message
        return "; ".join(self.differences())

    def differences(self) -> list[str]:
        """Compare the database with its state before the deploy, which the backup holds."""
        runner = self.runner
        connection = runner.session.connection
        applied = [each.id for each in runner.state().applied] + list(runner.state().missing)
        told = []
        if sorted(applied) != sorted(self.plan.before):
            told.append("the history is not the one before")
        found = objects.read(connection).database
        told += [each.words for each in objects.differences(self.backup.manifest.objects, found)]
        if told:
            return told
        differ = databases.differences(self.backup, runner.target, show=self.steps.show)
        theirs = self.guard.since(connection)
        both = frozenset() if theirs.unknown else differ.keys() & theirs.tables.keys()
        untouched = self._untouched() if both else frozenset()
        for table in both:  # rows that others wrote to a table are no trace of the deploy
            if table in untouched:
                del differ[table]
            else:
                differ[table] += (
                    "; others wrote to it while the deploy changed it, so it cannot be told whose "
                    "that is"
                )
        return list(differ.values())

    def _untouched(self) -> frozenset[str]:
        """Return the tables that are the same ones, not rewritten, with no row of this deploy's."""
        connection = self.runner.session.connection
        before, now = self.plan.storage, storage(connection)
        own = self.guard.own(connection)
        return frozenset(
            name
            for oid, (name, _) in writes.read(connection).tables.items()
            if now.get(str(oid)) == before.get(str(oid)) and not (oid in own and own[oid].is_kept)
        )

    def _mark_seeds(self) -> None:
        """Mark the seeds as before: their rows are, and the rollback took the marks away."""
        for mark in self.plan.seeded:
            self.runner.session.connection.execute(sql("core/record_seed"), asdict(mark))

    def _by_backup(self, why: str, reason: str) -> ReversalResult:
        runner = self.runner
        failed = f"{reason.rstrip('.')}. Its rollback files do not lead back: {why.rstrip('.')}."
        if self.found.no_restore or self.found.admin is None:
            raise Failed(
                f"{failed} There can be no restore: {self.found.no_restore}.",
                state=self._state(),
                hint=f"The backup {self.backup.path} is whole: `restore` puts it into place by a "
                "role that may. `deploy --leave` ends the deploy as it is.",
            )
        place = Place(self.found.admin, self.tools, self.jobs)
        try:
            restored = restore.over(
                self.backup,
                place,
                runner.target,
                self.steps,
                guard=self.guard,
                session=runner.session,
                reason=reason,
            )
        except (Interrupted, NoConnection):
            raise
        except (MigratorError, psycopg.Error) as error:
            self.regain()
            message = error.message if isinstance(error, MigratorError) else str(error).strip()
            hint = _GO_ON if isinstance(error, Refused) else "Then run `deploy --resume`."
            raise Failed(f"{failed} {message}", state=self._state(), hint=hint) from error
        return ReversalResult(
            RESTORED,
            f"The backup was restored, checked, and swapped in; the database as it was left is "
            f"{restored.aside}: drop it when it is of no use any more.",
        )

    def _state(self) -> str:
        return f"{history.in_words(self.runner.state())} The backup is {self.backup.path}."
