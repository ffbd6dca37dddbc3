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
from migrator.deploy.prerequisites import Requirements
from migrator.deploy.records import DeployRecord
from migrator.deploy.run import LEFT, NOTHING, Deploy, DeployResult, OpenDeploy

_UNBEGUN = {"closing", "preparing"}


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
            is_unbegun = cut_off.phase in _UNBEGUN
            if cut_off.phase == "opening" or way == "leave" or (is_unbegun and way == "undo"):
                return self._end(begun, cut_off.outcome or (NOTHING if is_unbegun else LEFT))
            if is_unbegun:
                approved = self.approval(self.runner.pending())
                approved.refuse_unless(self.options.approve or cut_off.digest)
                return self.prepare_and_apply(begun, approved)
            begun = replace(begun, backup=self._backup_of(cut_off), kept=cut_off.backup or "")
            if way == "undo" or cut_off.phase == "undoing":
                words, result = self.go_back(begun, cut_off.reason or "The deploy was cut off.")
                self.steps.say(words)
                return result
            self._refuse_other_files(begun.plan)
            return self.apply(begun, monitor.measure(self.connection, self.watched))

    def _again_found(self) -> tuple[OpenDeploy, DeployRecord]:
        """Read what was cut off, and look at the prerequisites again."""
        records.prepare(self.connection)
        cut_off = records.under_way(self.runner.session)
        if cut_off is None:
            last = records.recent(self.runner.session, 1)
            raise Refused(
                "No deploy was cut off here.",
                hint=f"The last one: {last[0].words}" if last else "There was none yet.",
            )
        self.steps.say(f"cut off: {cut_off.words}")
        name = cut_off.database or self.name
        plan = replace(cut_off.plan, database=name)
        self.name = name
        self.options = replace(self.options, asked=self._as_approved(plan))
        found, _ = self.check(resumes=True)
        return OpenDeploy(
            cut_off.id, cut_off.digest, plan, found, kept=cut_off.backup or ""
        ), cut_off

    def _as_approved(self, plan: DeployPlan) -> Requirements:
        """Return what is asked for with the terms that were approved."""
        asked = self.options.asked
        terms = plan.backup or asked.backup.terms
        kept = replace(
            asked.backup,
            kind=terms["kind"],
            reason=terms["reason"],
            leave_out=tuple(terms["left_out"]),
        )
        return replace(asked, closed=plan.kind == "closed", backup=kept)

    def _end(self, begun: OpenDeploy, outcome: str) -> DeployResult:
        """End a deploy without changing anything; where its database is closed, open it."""
        self.finish(begun, outcome, "it was cut off" if outcome == NOTHING else None)
        return DeployResult(outcome, begun.plan.kind, begun.digest, begun.kept)

    def _backup_of(self, cut_off: DeployRecord) -> Backup | None:
        """Find the dump of a deploy: where it was written, or by its name in --backup-dir."""
        if self.options.asked.backup.kind != "dump":
            return None
        path = Path(cut_off.backup or "none")
        try:
            if path.exists():
                return archive.find(str(path), path.parent)
            return archive.find(path.name, self.options.asked.backup.directory)
        except Refused:
            if cut_off.kind == "open":
                return None  # it is of no use but to be named
            raise Refused(
                f"The backup of the deploy, {cut_off.backup} on {cut_off.hostname}, is not here.",
                state="The deploy is as it was cut off; its database is closed.",
                hint="Run the command there, or copy the backup and its manifest and name their "
                "directory with --backup-dir. To open the database as it is:\n"
                f"        {process.command('deploy', '--leave')}",
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
                hint="Check out what it was begun with, then go on; or put back what it did:\n"
                f"        {process.command('deploy', '--undo')}\n"
                "      or leave the database as it is, and end it:\n"
                f"        {process.command('deploy', '--leave')}",
            )
