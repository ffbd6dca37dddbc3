"""Goes on with a deploy that was cut off, puts back what it did, or ends it as it is."""

from __future__ import annotations

import contextlib
from pathlib import Path

from migrator.core import history
from migrator.core.errors import Refused
from migrator.core.plan import Plan
from migrator.deploy import approval, archive, records
from migrator.deploy.archive import Backup
from migrator.deploy.plan import DeployPlan, planned
from migrator.deploy.records import DeployRecord
from migrator.deploy.report import DeployResult
from migrator.deploy.run import NOTHING, Deploy, OpenDeploy


class InterruptedDeploy(Deploy):
    """One run of the command on a deploy that has not ended."""

    def resume(self) -> DeployResult:
        """Go on with a deploy that was cut off, in the direction that it had."""
        with self.held():
            cut_off = self._cut_off_before()
            if cut_off.phase == "preparing":
                self._end_unbegun(cut_off)
                found, plan = self.check()
                if not (plan.migrations or plan.seeds):
                    return DeployResult("nothing to do")
                approved = approval.compute(self.runner, plan)
                approved.refuse_unless(self.options.approve or cut_off.digest)
                number = records.begin(self.connection, approved.digest, cut_off.plan)
                begun = OpenDeploy(number, approved.digest, cut_off.plan, found)
                return self.prepare_and_apply(begun, approved)
            begun, backup = self._again_found(cut_off)
            if cut_off.phase == "undoing":
                return self._undo(cut_off, begun, backup)
            self._refuse_other_files(begun.plan)
            return self.apply(begun, backup, self.make_ready(begun, backup))

    def undo(self) -> DeployResult:
        """Put back what a deploy did that was cut off."""
        with self.held():
            cut_off = self._cut_off_before()
            if cut_off.phase == "preparing":
                return self._end_unbegun(cut_off)
            return self._undo(cut_off, *self._again_found(cut_off))

    def leave(self) -> DeployResult:
        """End a deploy that was cut off, and leave the database as it is."""
        with self.held():
            cut_off = self._cut_off_before()
            if cut_off.phase == "preparing":
                return self._end_unbegun(cut_off)
            return self._end(cut_off, "left")

    def _cut_off_before(self) -> DeployRecord:
        cut_off = records.under_way(self.runner.session)
        if cut_off is None:
            last = records.recent(self.runner.session, 1)
            raise Refused(
                "No deploy was cut off here.",
                hint=f"The last one: {last[0].words}" if last else "There was none yet.",
            )
        self.steps.say(f"cut off: {cut_off.words}")
        return cut_off

    def _end(self, cut_off: DeployRecord, outcome: str, reason: str | None = None) -> DeployResult:
        """End a deploy without changing anything."""
        records.end(self.connection, cut_off.id, outcome, reason)
        with contextlib.suppress(OSError):
            self.settle_manifests()
        return DeployResult(outcome, cut_off.digest, cut_off.backup or "")

    def _end_unbegun(self, cut_off: DeployRecord) -> DeployResult:
        return self._end(cut_off, NOTHING, "it was cut off")

    def _backup_of(self, cut_off: DeployRecord) -> Backup:
        """Find the backup of a deploy: where it was written, or by its name in --backup-dir."""
        path = Path(cut_off.backup or "none")
        try:
            if path.exists():
                return archive.find(str(path), path.parent)
            return archive.find(path.name, self.options.wanted.directory)
        except Refused:
            raise Refused(
                f"The backup of the deploy, {cut_off.backup} on {cut_off.hostname}, is not here.",
                state="The deploy is as it was cut off.",
                hint="Run the command there, or copy the backup and its manifest and name their "
                "directory with --backup-dir; or `deploy --leave`.",
            ) from None

    def _again_found(self, cut_off: DeployRecord) -> tuple[OpenDeploy, Backup]:
        """Look at the prerequisites again, and find the backup."""
        found, _ = self.check(resumes=True)
        begun = OpenDeploy(cut_off.id, cut_off.digest, cut_off.plan, found)
        return begun, self._backup_of(cut_off)

    def _undo(self, cut_off: DeployRecord, begun: OpenDeploy, backup: Backup) -> DeployResult:
        reason = cut_off.reason or "The deploy was cut off."
        back, result = self.go_back(begun, backup, self.guard(begun, backup), reason)
        self.steps.say(back.words)
        return result

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
            for wanted in (*plan.migrations, *plan.seeds)
            if wanted not in (*now.migrations, *now.seeds)
        ]
        approved = {each.id for each in plan.migrations} | set(plan.before)
        problems += [f"{each.id}: came since" for each in state.pending if each.id not in approved]
        if problems:
            raise Refused(
                "The files are not those of the deploy that was cut off:\n  "
                + "\n  ".join(problems),
                state="The deploy is as it was cut off.",
                hint="Check out what it was begun with; or `deploy --undo`, or `deploy --leave`.",
            )
