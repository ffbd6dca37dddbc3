"""Goes on with a deploy that was cut off, puts back what it did, or ends it as it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from migrator.backup import archive
from migrator.backup.archive import Backup
from migrator.core import history, process
from migrator.core.errors import Refused
from migrator.core.plan import Plan
from migrator.deploy import monitor, records
from migrator.deploy.plan import DeployPlan, planned
from migrator.deploy.records import DeployRecord
from migrator.deploy.run import LEFT, NOTHING, Deploy, DeployResult, OpenDeploy

_BEGUN = {"applying", "undoing", "opening"}


class InterruptedDeploy(Deploy):
    """One run of the command on a deploy that has not ended."""

    def end(self, way: str) -> DeployResult:
        """End a deploy that was cut off.

        Args:
            way: resume, in the direction that it had; undo, what it did; leave the database as it
                is, but open.

        """
        with self.held():
            begun, cut_off = self._again_found()
            is_begun = cut_off.phase in _BEGUN
            if cut_off.phase == "opening" or way == "leave" or (way == "undo" and not is_begun):
                outcome = cut_off.outcome or (LEFT if is_begun else NOTHING)
                self.finish(begun, outcome, "it was cut off" if outcome == NOTHING else None)
                return begun.result(outcome)
            if not is_begun:
                approved = self.approval(self.runner.pending())
                approved.refuse_unless(self.options.approve or cut_off.digest)
                return self.prepare_and_apply(begun, approved)
            begun = replace(begun, backup=self._backup_of(cut_off, way))
            if way == "undo" or cut_off.phase == "undoing":
                words, result = self.go_back(begun, cut_off.reason or "The deploy was cut off.")
                self.steps.say(words)
                return result
            self._refuse_other_files(begun.plan)
            return self.apply(begun, monitor.measure(self.connection, self.watched))

    def _again_found(self) -> tuple[OpenDeploy, DeployRecord]:
        """Read what was cut off and was approved, and look at the prerequisites again."""
        records.prepare(self.connection)
        cut_off = records.under_way(self.runner.session)
        if cut_off is None:
            last = records.recent(self.runner.session, 1)
            raise Refused(
                "No deploy was cut off here.",
                hint=f"The last one: {last[0].words}" if last else "There was none yet.",
            )
        self.steps.say(f"cut off: {cut_off.words}")
        plan = cut_off.plan
        self.name = plan.database or self.name
        backup = self.options.backup
        if terms := plan.backup:
            left_out = tuple(terms["left_out"])
            backup = replace(backup, kind=terms["kind"], reason=terms["reason"], leave_out=left_out)
        self.options = replace(self.options, closed=plan.is_closed, backup=backup)
        found, _ = self.check(resumes=True)
        kept = cut_off.backup or ""
        return OpenDeploy(cut_off.id, cut_off.digest, plan, found, kept=kept), cut_off

    def _backup_of(self, cut_off: DeployRecord, way: str) -> Backup | None:
        """Find the dump of a deploy: where it was written, or by its name in --backup-dir."""
        if self.options.backup.kind != "dump":
            return None
        path = Path(cut_off.backup or "none")
        try:
            directory = path.parent if path.exists() else self.options.backup.directory
            return archive.find(path.name, directory)
        except Refused:
            if not cut_off.plan.is_closed:
                return None  # it is of no use but to be named
            raise Refused(
                f"The backup of the deploy, {cut_off.backup} on {cut_off.hostname}, is not here.",
                state="The deploy is as it was cut off; its database is closed.",
                hint=process.ways(
                    (
                        "Run this there; or copy the backup and its manifest into "
                        f"{self.options.backup.directory} before:",
                        ["deploy", f"--{way}"],
                    ),
                    ("To open the database as it is:", ["deploy", "--leave"]),
                ),
            ) from None

    def _refuse_other_files(self, plan: DeployPlan) -> None:
        """Refuse to go on with other files than those that were approved.

        Raises:
            Refused: A file was edited, is gone, or came since.

        """
        state = self.runner.state()
        history.refuse_disagreement(state, except_interrupted=state.interrupted)
        now = planned(Plan(self.runner.migrations, self.runner.seeds))
        problems = [
            f"{wanted.id}: edited, or gone, since it was approved"
            for approved, there in ((plan.migrations, now.migrations), (plan.seeds, now.seeds))
            for wanted in approved
            if wanted not in there
        ]
        known = {each.id for each in plan.migrations} | {*plan.before}
        problems += [f"{each.id}: came since" for each in state.pending if each.id not in known]
        if problems:
            raise Refused(
                "The files are not those of the deploy that was cut off:\n  "
                + "\n  ".join(problems),
                state="The deploy is as it was cut off.",
                hint=process.ways(
                    ("Check out what it was begun with, and go on:", ["deploy", "--resume"]),
                    *records.STOP,
                ),
            )
