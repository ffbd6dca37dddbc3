"""A deploy from its prerequisites to its report."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, NoReturn

import psycopg

from migrator.core import history, lock, process
from migrator.core.additions import Additions
from migrator.core.errors import Failed, Interrupted, MigratorError
from migrator.core.plan import Plan
from migrator.core.runner import Runner
from migrator.core.session import NoConnection
from migrator.deploy import (
    approval,
    archive,
    checks,
    monitor,
    prerequisites,
    records,
    rehearsal,
    report,
)
from migrator.deploy import backup as backups
from migrator.deploy.approval import Approval
from migrator.deploy.archive import Backup, Programs
from migrator.deploy.backup import BackupOptions
from migrator.deploy.plan import DeployPlan, planned, seed_mark
from migrator.deploy.prerequisites import Prerequisites, Requirements
from migrator.deploy.report import DeployResult
from migrator.deploy.restore import Guard
from migrator.deploy.reversal import UNDONE, Reversal, ReversalResult, storage
from migrator.deploy.steps import Event, Steps
from migrator.sql import sql

NOTHING = "nothing changed"
_GO_ON = (
    "`deploy --resume` goes on, `deploy --undo` puts back what was done, `deploy --leave` leaves "
    "the database as it is."
)


@dataclass(frozen=True, slots=True)
class DeployOptions:
    """How a deploy is to be made.

    Args:
        asked: What the prerequisites are.
        wanted: How the backup is to be made.
        approve: The digest that was approved; None to ask.
        confirm: Asked with the plan in words; raises to refuse.
        undo: Whether a deploy that fails is put back.
        discard: Whether a restore may lose what others wrote since the backup.

    """

    asked: Requirements
    wanted: BackupOptions
    approve: str | None
    confirm: Callable[[list[str]], None]
    undo: bool
    discard: bool


@dataclass(frozen=True, slots=True)
class OpenDeploy:
    """A deploy that is in the history.

    Args:
        number: Its number there.
        digest: What was approved.
        plan: The files, and what was so before.
        found: What is known of the server and the role.

    """

    number: int
    digest: str
    plan: DeployPlan
    found: Prerequisites

    @property
    def tools(self) -> Programs:
        """pg_dump and pg_restore."""
        assert self.found.tools is not None  # noqa: S101  without them, the prerequisites refused
        return self.found.tools


@dataclass(frozen=True, slots=True)
class StartingPoint:
    """What is known right before the first change.

    Args:
        guard: Keeps account of what is written.
        before: What the server says of the database.

    """

    guard: Guard
    before: monitor.Measurement


class Deploy:
    """One run of the command.

    Args:
        runner: The target and the files.
        options: What the command line asks for.
        steps: Told what is done.

    """

    def __init__(self, runner: Runner, options: DeployOptions, steps: Steps) -> None:
        self.runner = runner
        self.options = options
        self.steps = steps
        self.watched = monitor.queries(runner.project)
        self.ended = ""

    @property
    def connection(self) -> psycopg.Connection[Any]:
        """The session that does the work, and holds the lock."""
        return self.runner.session.connection

    # What is shown, and nothing done

    def check(self, *, resumes: bool = False) -> tuple[Prerequisites, Plan]:
        """Look at the prerequisites; nothing is changed.

        Raises:
            Refused: Something stands in the way; everything that does is named.

        """
        with self.steps.step("prerequisites") as detail:
            found, plan = prerequisites.check(self.runner, self.options.asked, resumes=resumes)
            detail["problems"] = [problem for problem, _ in found.problems]
            found.refuse()
            detail["said"] = found.words
        return found, plan

    def planned(self, found: Prerequisites, plan: Plan, approved: Approval) -> list[str]:
        """Return what would be done, in words."""
        lines = []
        for each in plan.migrations:
            header = each.source.header
            lines.append(f"apply {each.id}: {header.get('purpose', 'it does not say what for')}")
            lines.append(
                f"      locks: {header.get('locks', 'not said')}; "
                f"reversible: {header.get('reversible', 'not said')}"
                + ("" if each.source.transactional else "; outside a transaction")
            )
        lines += [f"seed  {each.id}" for each in plan.seeds]
        if hidden := found.facts.hidden_sessions:
            lines.append(
                f"sessions that this role may not look into: {hidden}; how old their transactions "
                "are is not known (grant it pg_read_all_stats)"
            )
        return [
            *lines,
            f"backup into {self.options.wanted.directory}/",
            f"rehearsal: {f'no: {found.no_rehearsal}' if found.no_rehearsal else 'yes'}",
            f"if it fails, the way back: {prerequisites.way_back(found)}",
            f"digest: {approved.digest}",
        ]

    # A new deploy

    def begin(self) -> DeployResult:
        """Make a deploy.

        Raises:
            Refused: Nothing was changed.
            Failed: It failed; the message says whether it was put back.
            Interrupted: It was cut off; the message says how to go on.

        """
        found, plan = self.check()
        if not (plan.migrations or plan.seeds):
            return DeployResult("nothing to do")
        approved = approval.compute(self.runner, plan)
        self._approve(found, plan, approved)
        with self.held():
            plan = self._again(approved)
            known = checks.known(self.runner)
            self.runner.prepare()
            records.prepare(self.connection)
            marked = history.read(self.runner.session).seeds.values()
            whole = replace(
                planned(plan),
                before=[each.id for each in self.runner.state().applied],
                storage=storage(self.connection),
                seeded=[seed_mark(each) for each in marked],
                known=sorted(known),
            )
            number = records.begin(self.connection, approved.digest, whole)
            begun = OpenDeploy(number, approved.digest, whole, found)
            return self.prepare_and_apply(begun, approved)

    def prepare_and_apply(self, begun: OpenDeploy, approved: Approval) -> DeployResult:
        """Back up and rehearse; if nothing changed meanwhile, apply."""
        try:
            backup = self._back_up(begun)
            rehearsed = self._rehearse(begun, backup)
            self._again(approved)  # meanwhile others may have been at work
            ready = self.make_ready(begun, backup)
        except (MigratorError, KeyboardInterrupt, psycopg.Error, OSError) as error:
            self._nothing_changed(begun, error)
            raise
        return self.apply(begun, backup, ready, rehearsed)

    def _approve(self, found: Prerequisites, plan: Plan, approved: Approval) -> None:
        """Show the plan and ask, or compare it with what was approved before."""
        lines = self.planned(found, plan, approved)
        if self.options.approve is None:
            self.options.confirm(lines)
            return
        for line in lines:
            self.steps.say(line)
        approved.refuse_unless(self.options.approve)

    def _again(self, approved: Approval) -> Plan:
        """Plan again, and refuse to go on if that is not what was approved."""
        history.refuse_disagreement(self.runner.state())
        plan = self.runner.pending()
        approval.compute(self.runner, plan).refuse_unless(approved.digest)
        return plan

    def _back_up(self, begun: OpenDeploy) -> Backup:
        made_for = {"id": begun.number, "digest": begun.digest}
        with self.steps.step("backup") as detail:
            backup = backups.make(
                self.runner, begun.tools, self.options.wanted, made_for, self.steps.show
            )
            records.backed_up(self.connection, begun.number, str(backup.path))
            detail.update(path=str(backup.path), bytes=backup.manifest.bytes)
            detail["said"] = f"{backup.path}, {backup.manifest.bytes:,} bytes, read to its end"
        return backup

    def _rehearse(self, begun: OpenDeploy, backup: Backup) -> Event | None:
        if begun.found.no_rehearsal:
            self.steps.skip("rehearsal", begun.found.no_rehearsal)
            return None
        place = rehearsal.Stage(
            begun.found, begun.tools, self.options.asked.rehearse_on, self.options.wanted.jobs
        )
        return rehearsal.rehearse(self.runner, backup, place, self.steps)

    def _nothing_changed(self, begun: OpenDeploy, error: BaseException) -> None:
        """End a deploy that applied nothing; where the server is gone, `--resume` ends it."""
        with contextlib.suppress(psycopg.Error):
            records.end(self.connection, begun.number, NOTHING, _reason(error))
            self.ended = NOTHING
            with contextlib.suppress(OSError):
                self.settle_manifests()

    def make_ready(self, begun: OpenDeploy, backup: Backup) -> StartingPoint:
        """Look at the database, and keep account from now on; the last before the first change."""
        guard = self.guard(begun, backup)
        before = monitor.measure(self.connection, self.watched)
        records.enter(self.connection, begun.number, "applying")
        return StartingPoint(guard, before)

    # From the first change on

    def apply(
        self,
        begun: OpenDeploy,
        backup: Backup,
        ready: StartingPoint,
        rehearsed: Event | None = None,
    ) -> DeployResult:
        """Apply, verify and tell; or put back."""
        runner = self.runner
        try:
            with self.steps.step("apply") as detail:
                done = runner.migrate(to=None, with_seeds=True, dry_run=False)
                applied = [each.id for each in done.migrations]
                seeded = [each.id for each in done.seeds]
                detail.update(migrations=applied, seeds=seeded, waited_for=runner.waited_for)
            with self.steps.step("verify") as detail:
                detail["findings"] = checks.new(runner, frozenset(begun.plan.known))
                _refuse_findings(detail["findings"])
        except (Interrupted, KeyboardInterrupt, OSError) as error:
            raise self._cut_off(error) from error
        except (MigratorError, psycopg.Error) as error:
            self._put_back(begun, backup, ready.guard, error)
        process.on_signals(signal.SIG_IGN)  # what is left is short, and takes nothing back
        with self.steps.step("monitor") as detail:
            after = monitor.measure(self.connection, self.watched)
            changes = monitor.changes(ready.before, after)
            detail.update(asdict(changes), waited_for=runner.waited_for)
        records.end(self.connection, begun.number, "applied")
        backup = self._ended(backup, "applied")
        return self._reported(
            DeployResult("applied", begun.digest, str(backup.path), applied, seeded),
            backup,
            rehearsed=rehearsed,
            changes=changes,
            moments=(ready.before, after),
        )

    def guard(self, begun: OpenDeploy, backup: Backup) -> Guard:
        """Keep account of what is written from now on, by this deploy and by others."""
        guard = Guard(backup.manifest.before, begun.number, discard=self.options.discard)
        cursor = psycopg.ClientCursor(self.connection)
        kept, lost = (
            cursor.mogrify(
                sql("deploy/record_writes"), {"deploy": begun.number, "rolled_back": rolled_back}
            )
            for rolled_back in (False, True)
        )
        self.runner.add(
            Additions(
                before_file=lambda session: guard.note(session.connection),
                with_file=kept,
                without_file=lost,
            )
        )
        return guard

    def _cut_off(self, error: BaseException, reason: str = "") -> MigratorError:
        """Return the error of a deploy that did not end: interrupted, or without its server."""
        state = error.state if isinstance(error, Interrupted) else ""
        if not state:
            with contextlib.suppress(psycopg.Error):
                state = history.in_words(self.runner.state())
        state = f"The deploy has not ended. {state}".strip()
        if isinstance(error, (Interrupted, KeyboardInterrupt)):
            return Interrupted("Interrupted.", state=state, hint=_GO_ON)
        because = f"{reason.rstrip('.')}. Then: {_reason(error)}" if reason else _reason(error)
        return Failed(because, state=state, hint=_GO_ON)

    def regain(self, begun: OpenDeploy) -> None:
        """Have a session that holds the lock, where the one that did was lost.

        Raises:
            Failed: Another runner came between.
            NoConnection: The server cannot be reached.

        """
        session = self.runner.session
        if not session.connection.closed and session.facts.pid in lock.holders(session):
            return
        if session.connection.closed:
            self.runner.reconnect()
        lock.take(self.runner.session, self.runner.limits.lock_wait_s, self.runner.say)
        now = records.under_way(self.runner.session)
        if now is None or now.id != begun.number:
            raise Failed(
                "The session was lost, and another runner ended this deploy meanwhile.",
                state="This command does nothing more.",
                hint="`status` shows how it ended.",
            )

    def _put_back(
        self, begun: OpenDeploy, backup: Backup, guard: Guard, error: BaseException
    ) -> NoReturn:
        """Put back what was done, or leave it where that was asked; then raise the error."""
        reason = _reason(error)
        try:
            self.regain(begun)
            if not self.options.undo:
                records.end(self.connection, begun.number, "left", reason)
                state = history.in_words(self.runner.state())
        except (NoConnection, psycopg.Error) as lost:
            raise self._cut_off(lost, reason) from error
        if not self.options.undo:
            self._ended(backup, "left")
            raise Failed(
                reason,
                state=f"{state} It was left so, as --on-failure leave says. The backup is "
                f"{backup.path}.",
                hint="Correct the cause and deploy again, or `rollback`.",
            ) from error
        back, result = self.go_back(begun, backup, guard, reason)
        report_there = f" Report: {result.reports[0]}" if result.reports else ""
        raise Failed(
            reason, state=back.words, hint=f"Correct the cause and deploy again.{report_there}"
        ) from error

    def go_back(
        self, begun: OpenDeploy, backup: Backup, guard: Guard, reason: str
    ) -> tuple[ReversalResult, DeployResult]:
        """Put back what a deploy did; record and report how."""
        try:
            records.enter(self.connection, begun.number, "undoing", reason)
            way = Reversal(
                self.runner,
                backup,
                begun.plan,
                guard,
                begun.found,
                begun.tools,
                self.options.wanted.jobs,
                self.steps,
                lambda: self.regain(begun),
            )
            back = way.go(reason)
            if back.outcome == UNDONE:
                records.end(self.connection, begun.number, UNDONE, reason)
        except (Interrupted, KeyboardInterrupt, OSError, NoConnection, psycopg.Error) as cut_off:
            raise self._cut_off(cut_off, reason) from cut_off
        backup = self._ended(backup, back.outcome)
        result = DeployResult(back.outcome, begun.digest, str(backup.path))
        return back, self._reported(result, backup, reason=reason)

    def _ended(self, backup: Backup, outcome: str) -> Backup:
        """Note in the manifest how the deploy ended; the next deploy does, if this cannot."""
        self.ended = outcome
        try:
            return backup.ended(outcome)
        except OSError as error:
            self.steps.say(f"{backup.manifest_path} could not be written: {error.strerror}")
            return backup

    def _reported(self, result: DeployResult, backup: Backup, **told: Any) -> DeployResult:
        """Write what is told of the deploy beside its backup; see report.DeployReport."""
        reported = replace(result, reports=[str(path) for path in report.paths(backup.path)])
        written = report.DeployReport(reported, backup.manifest, self.steps.taken, **told)
        try:
            report.write(written, backup.path)
        except OSError as error:
            self.steps.say(f"{reported.reports[0]} could not be written: {error.strerror}")
            return result
        return reported

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the runner's lock; an interruption where nothing was begun is told as such."""
        with (
            process.interruptible(),
            lock.held(self.runner.session, self.runner.limits.lock_wait_s, self.runner.say),
        ):
            self.settle_manifests()
            try:
                yield
            except KeyboardInterrupt:
                raise Interrupted(
                    "Interrupted.",
                    state="This command applied nothing, and left no backup unfinished.",
                    hint="Run the command again; `deploy --resume`, if it says that one was cut "
                    "off.",
                ) from None

    def settle_manifests(self) -> None:
        """Note in manifests how deploys ended that were killed before they could do so."""
        ended = {
            (each.id, each.digest): each.outcome for each in records.recent(self.runner.session)
        }
        for backup in archive.all_in(self.options.wanted.directory):
            outcome = ended.get((backup.manifest.deploy["id"], backup.manifest.deploy["digest"]))
            is_ours = backup.manifest.database == self.runner.session.facts.database
            if backup.manifest.ended is None and is_ours and outcome:
                backup.ended(outcome)


def _refuse_findings(findings: list[str]) -> None:
    if findings:
        raise Failed("The database does not pass verify: " + "; ".join(findings) + ".")


def _reason(error: BaseException) -> str:
    if isinstance(error, MigratorError):
        return error.message
    if isinstance(error, OSError):
        return f"{error.filename or ''}: {error.strerror}"
    return str(error).strip() or "Interrupted."
