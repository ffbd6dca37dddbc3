"""A deploy from its prerequisites to its report."""

from __future__ import annotations

import contextlib
import json
import signal
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any, NoReturn

import psycopg

from migrator.backup import archive, databases
from migrator.backup import dump as backups
from migrator.backup.archive import Backup
from migrator.backup.restore import RestoreOptions
from migrator.catalogue import objects
from migrator.core import history, lock, process
from migrator.core.errors import Failed, Interrupted, MigratorError, Paused, Refused
from migrator.core.plan import Plan
from migrator.core.runner import Runner
from migrator.core.session import NoConnection, pinned
from migrator.core.steps import Steps
from migrator.deploy import (
    approval,
    checks,
    closing,
    monitor,
    prerequisites,
    records,
    rehearsal,
    report,
    restore,
)
from migrator.deploy.approval import Approval
from migrator.deploy.plan import DeployPlan, planned
from migrator.deploy.prerequisites import DeployOptions, Prerequisites
from migrator.deploy.rehearsal import Proofs, Stage
from migrator.deploy.reversal import by_rollback_files, in_words

NOTHING, APPLIED, UNDONE, RESTORED, STOPPED, LEFT = (
    "nothing changed",
    "applied",
    "undone",
    "restored",
    "stopped",
    "left",
)
_OUTSIDE = "; outside a transaction"
_CUT_OFF = (Interrupted, KeyboardInterrupt, OSError, NoConnection, psycopg.Error)
_ANY = (MigratorError, KeyboardInterrupt, psycopg.Error, OSError)
_OR_BY = ", with --admin URL by another role if this one may not"
_ENDED = "sessions of others that were ended"
_LOST = {None, "08", "57"}  # classes of errors by which a session ends


@dataclass(frozen=True, slots=True)
class DeployResult:
    """How a deploy ended.

    Args:
        outcome: applied, nothing to do, nothing changed, undone, restored, stopped, left.
        kind: open or closed.
        digest: What was approved.
        backup: The backup's path; or which one there is instead.
        migrations: What was applied.
        seeds: The seeds that were applied.
        reports: The files that tell of it.

    """

    outcome: str
    kind: str = "open"
    digest: str = ""
    backup: str = ""
    migrations: list[str] = field(default_factory=list)
    seeds: list[str] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class OpenDeploy:
    """A deploy that is in the history.

    Args:
        number: Its number there.
        digest: What was approved.
        plan: The files and terms; what was applied, and found by verify before: see `begin`.
        found: What is known of the server and the role.
        backup: The dump; None before it is made, and where there is another backup, or none.
        kept: The backup in words.

    """

    number: int
    digest: str
    plan: DeployPlan
    found: Prerequisites
    backup: Backup | None = None
    kept: str = ""

    def result(self, outcome: str) -> DeployResult:
        """Return that it ended so."""
        return DeployResult(outcome, self.plan.kind, self.digest, self.kept)


class Deploy:
    """One run of the command.

    Args:
        runner: The target and the files.
        options: What the command line asks for.
        steps: Told what is done.

    """

    def __init__(self, runner: Runner, options: DeployOptions, steps: Steps) -> None:
        runner.pin(pinned(runner.target, runner.session.connection))
        self.runner = runner
        self.options = options
        self.steps = steps
        self.watched = monitor.queries(runner.project)
        self.name = runner.session.facts.database  # by which nobody comes in while it is closed
        self.ended = ""
        self.proofs = Proofs("not asked", "not asked")

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
            found, plan = prerequisites.check(self.runner, self.options, resumes=resumes)
            detail["problems"] = [problem for problem, _ in found.problems]
            found.refuse()
            detail["said"] = found.words
        return found, plan

    def prove(self, found: Prerequisites, plan: Plan, *, is_dry: bool) -> Prerequisites:
        """Prove what can be proved before anything is approved.

        Args:
            found: The prerequisites.
            plan: What is pending.
            is_dry: Whether nothing is to be deployed now, so that --rehearse means here and now.

        Returns:
            The prerequisites, with what was found out: whether a copy can be made.

        Raises:
            Refused: A rehearsal is asked for, and cannot be.
            Failed: A rehearsal on rows failed.

        """
        rehearse = self.options.rehearse
        reach = rehearsal.reaching_out(plan)
        if reach and rehearse:
            raise Refused(f"There can be no rehearsal: {reach}.", hint="Give --no-rehearse.")
        stage = Stage(self.runner, plan, found, self.options, self.steps)
        backup = self._fitting()
        proof = rehearsal.noted(backup, plan) if backup else None
        wanted = rehearse if is_dry else self.options.closed and rehearse is None
        if backup and proof is None and wanted and not (reach or found.no_rehearsal):
            proof = rehearsal.on_rows(stage, backup)
        why = "--no-rehearse" if rehearse is False else reach or found.no_copy
        why = why or ("" if found.tools else "there is no pg_dump")
        if proof is not None:
            self.proofs = Proofs.of(proof)
        elif why:
            self.proofs = Proofs(f"unproven: {why}", f"unproven: {why}")
        else:
            beside = replace(self.options, rehearse_on=None)
            self.proofs = rehearsal.on_schema(replace(stage, options=beside))
        if why := self.proofs.no_copy:
            found = replace(found, no_restore=found.no_restore or why)
            if self.options.rehearse_on is None:
                found = replace(found, no_rehearsal=found.no_rehearsal or why)
                if rehearse:
                    raise Refused(f"There can be no rehearsal: {why}.", hint=prerequisites.ADMIN)
        if found.no_restore:
            self.proofs = replace(self.proofs, restore=f"not possible: {found.no_restore}")
        return found

    def in_words(self, found: Prerequisites, plan: Plan, approved: Approval) -> list[str]:
        """Return what would be done, in words."""
        lines = []
        for each in plan.migrations:
            header = each.source.header
            lines.append(f"apply {each.id}: {header.get('purpose', 'it does not say what for')}")
            lines.append(
                f"      locks: {header.get('locks', 'not said')}; "
                f"reversible: {header.get('reversible', 'not said')}"
                + ("; in batches" if each.source.batch else "")
                + ("" if each.source.transactional or each.source.batch else _OUTSIDE)
            )
        lines += [f"seed  {each.id}" for each in plan.seeds]
        if hidden := found.facts.hidden_sessions:
            lines.append(
                f"sessions that this role may not look into: {hidden}; how old their transactions "
                "are is not known (grant it pg_read_all_stats)"
            )
        kind = "open: the application keeps running"
        if self.options.closed:
            kind = (
                "closed: nobody can connect from before the backup to the end; who is connected is "
                "ended"
            )
        no_rehearsal = self._no_rehearsal(found)
        return [
            *lines,
            f"kind: {kind}",
            f"backup: {self.options.backup.words}",
            f"rehearsal: {f'no: {no_rehearsal}' if no_rehearsal else 'yes'}",
            f"rollback files: {self.proofs.rollback}",
            f"restore: {self.proofs.restore}",
            f"if it fails: {self._way_back(found)}",
            f"digest: {approved.digest}",
        ]

    def _way_back(self, found: Prerequisites) -> str:
        if not self.options.undo:
            return "it is left as it is, as --on-failure leave says"
        if not self.options.closed:
            return "the rollback files; where they do not lead back, it stops and says how to go on"
        if found.no_restore:
            return (
                "the rollback files; the database stays closed if they do not lead back "
                f"({found.no_restore})"
            )
        return "the rollback files, else a restore into a new database that takes the name"

    def _no_rehearsal(self, found: Prerequisites) -> str:
        if self.options.backup.kind != "dump":
            return "it needs a dump"
        if self.options.rehearse:
            return found.no_rehearsal
        if self.options.closed:
            return "not while the database is closed, unless --rehearse is given"
        if self.proofs.rows is not None:
            return f"these files were tried {self.proofs.rows.of}"
        return found.no_rehearsal

    def _fitting(self) -> Backup | None:
        """Return the newest whole backup of this database with the same history."""
        applied = [each.id for each in self.runner.state().applied]
        for each in reversed(archive.all_in(self.options.backup.directory)):
            manifest = each.manifest
            is_ours = manifest.database == self.name and manifest.history == applied
            if is_ours and not manifest.left_out and not archive.damages(each):
                return each
        return None

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
            if plan.replaced:
                self.runner.migrate(to=None, with_seeds=True, dry_run=False)
            return DeployResult("nothing to do")
        found = self.prove(found, plan, is_dry=False)
        approved = self.approval(plan)
        lines = self.in_words(found, plan, approved)
        if self.options.approve is None:
            self.options.confirm(lines)
        else:
            for line in lines:
                self.steps.say(line)
            approved.refuse_unless(self.options.approve)
        with self.held():
            plan = self._again(approved)
            known = checks.known(self.runner)
            self.runner.prepare()
            records.prepare(self.connection)
            seeds = history.read(self.runner.session).seeds.values()
            made = replace(
                planned(plan),
                **self.options.terms,
                database=self.name,
                before=[each.id for each in self.runner.state().applied],
                seeded=[
                    {"id": each.id, "algorithm": each.detail, "checksum": each.checksum}
                    for each in seeds
                ],
                known=sorted(known),
            )
            number = records.begin(self.connection, approved.digest, made)
            begun = OpenDeploy(number, approved.digest, made, found)
            return self.prepare_and_apply(begun, approved)

    def approval(self, plan: Plan) -> Approval:
        """Return what is to be approved, or was."""
        return approval.compute(self.runner, plan, self.options.terms, self.name)

    def prepare_and_apply(self, begun: OpenDeploy, approved: Approval) -> DeployResult:
        """Close, back up and rehearse; if nothing changed meanwhile, apply."""
        try:
            away = closing.closed_name(self.name)
            if begun.plan.is_closed and self.runner.session.facts.database != away:
                with self.steps.step("close") as detail:
                    detail["ended"] = ended = self._rename(begun, away)
                    detail["said"] = f"{self.name} is called {away} meanwhile; {_ENDED}: {ended}"
            plan = self.runner.pending()
            begun = self._back_up(begun)
            why = self._no_rehearsal(begun.found) or rehearsal.reaching_out(plan)
            if begun.backup is None or why:
                self.steps.skip("rehearsal", why)
            else:
                stage = Stage(self.runner, plan, begun.found, self.options, self.steps)
                self.proofs = Proofs.of(rehearsal.on_rows(stage, begun.backup))
            self._again(approved)  # meanwhile others may have been at work
            before = monitor.measure(self.connection, self.watched)
            found = json.dumps(objects.read(self.connection).database.pack())
            records.note(self.connection, begun.number, phase="applying", before=found)
        except _ANY as error:
            raise self._nothing_changed(begun, error) from error
        return self.apply(begun, before)

    def _again(self, approved: Approval) -> Plan:
        """Plan again, and refuse to go on if that is not what was approved."""
        history.refuse_disagreement(self.runner.state())
        plan = self.runner.pending()
        self.approval(plan).refuse_unless(approved.digest)
        return plan

    def _rename(self, begun: OpenDeploy, name: str) -> int:
        """Give the database another name: one by which nobody comes in, or its own again.

        Returns:
            How many sessions of others were ended.

        """
        if begun.found.admin is None:
            raise Failed("No role is known that may rename it.")
        renames = [(self.runner.session.facts.database, name)]
        self.runner, ended = closing.renamed(self.runner, begun.found.admin, renames)
        return ended

    def finish(self, begun: OpenDeploy, outcome: str, reason: str | None = None) -> None:
        """Record how a deploy ended; open its database before, where it is closed."""
        if begun.plan.is_closed:
            records.note(
                self.connection, begun.number, phase="opening", outcome=outcome, reason=reason
            )
            self._open(begun, outcome)
        records.end(self.connection, begun.number, outcome, reason)
        self.ended = outcome
        with contextlib.suppress(OSError):
            self.settle_manifests()

    def _open(self, begun: OpenDeploy, outcome: str) -> None:
        """Give a closed database its name again."""
        closed = self.runner.session.facts.database
        if closed == self.name:
            return
        try:
            with self.steps.step("open") as detail:
                detail["ended"] = ended = self._rename(begun, self.name)
                detail["said"] = f"{self.name} has its name again; {_ENDED}: {ended}"
        except _ANY as error:
            raise Failed(
                f"The database could not be opened: {in_words(error)}",
                state=f"The deploy is done, but for that: {outcome}. The database is called "
                f"{closed}.",
                hint=process.ways((f"Open it{_OR_BY} rename it:", ["deploy", "--leave"])),
            ) from error

    def _back_up(self, begun: OpenDeploy) -> OpenDeploy:
        wanted = self.options.backup
        if wanted.kind != "dump":
            kept = wanted.words
            if wanted.kind == "made":
                kept += f"; {backups.make_restore_point(self.runner, begun.number)}"
            self.steps.skip("backup", kept)
            records.note(self.connection, begun.number, backup=kept)
            return replace(begun, kept=kept)
        made_for = {"id": begun.number, "digest": begun.digest}
        with self.steps.step("backup") as detail:
            backup = backups.make(
                self.runner, begun.found.programs, wanted, made_for,
                database=self.name, show=self.steps.show,
            )  # fmt: skip
            path, manifest = str(backup.path), backup.manifest
            records.note(self.connection, begun.number, backup=path)
            detail.update(path=path, bytes=manifest.bytes)
            detail["said"] = f"{path}, {manifest.bytes:,} bytes, read to its end"
            if manifest.left_out:
                detail["said"] += f", without the rows of {', '.join(manifest.left_out)}"
        return replace(begun, backup=backup, kept=path)

    def _nothing_changed(self, begun: OpenDeploy, error: BaseException) -> BaseException:
        """End a deploy that applied nothing; return the error that tells of it."""
        try:
            self.regain(begun)
            self.finish(begun, NOTHING, in_words(error))
        except Failed as another:
            return another
        except (MigratorError, psycopg.Error) as another:
            return self._cut_off(begun, another, in_words(error), "The database was not changed. ")
        if isinstance(error, psycopg.Error):
            was_lost = (error.sqlstate and error.sqlstate[:2]) in _LOST
            lost = "The session was ended, or the server went away: " if was_lost else ""
            return Failed(
                f"{lost}{in_words(error)}",
                state="The database was not changed; the deploy has ended.",
                hint=process.ways(("Begin anew:", ["deploy"])),
            )
        return error

    # From the first change on

    def apply(self, begun: OpenDeploy, before: monitor.Measurement) -> DeployResult:
        """Apply, verify and tell; or put back."""
        result = begun.result(APPLIED)
        try:
            with self.steps.step("apply") as detail:
                done = self.runner.migrate(to=None, with_seeds=True, dry_run=False)
                detail["migrations"] = [each.id for each in done.migrations]
                detail["seeds"] = [each.id for each in done.seeds]
                result = replace(result, migrations=detail["migrations"], seeds=detail["seeds"])
            with self.steps.step("verify") as detail:
                detail["findings"] = checks.new(self.runner, frozenset(begun.plan.known))
                if detail["findings"]:
                    told = "; ".join(detail["findings"])
                    raise Failed(f"The database does not pass verify: {told}.")
        except (Interrupted, KeyboardInterrupt, OSError, Paused) as error:
            raise self._cut_off(begun, error) from error
        except (MigratorError, psycopg.Error) as error:
            self._put_back(begun, error)
        process.on_signals(signal.SIG_IGN)  # what is left is short, and takes nothing back
        try:
            with self.steps.step("monitor") as detail:
                after = monitor.measure(self.connection, self.watched)
                detail["changes"] = changes = {
                    **monitor.changes(before, after),
                    "locks waited for": self.runner.waited_for,
                }
            self.finish(begun, APPLIED)
        except (NoConnection, psycopg.Error) as error:
            raise self._cut_off(begun, error) from error
        return self._reported(begun, result, changes=changes, before=before, after=after)

    def _cut_off(
        self, begun: OpenDeploy, error: BaseException, reason: str = "", known: str = ""
    ) -> MigratorError:
        """Return the error of a deploy that did not end: interrupted, or without its server."""
        state = error.state if isinstance(error, Interrupted) else ""
        if not state:
            with contextlib.suppress(psycopg.Error):
                state = history.in_words(self.runner.state())
        closed = " Its database is closed." if begun.plan.is_closed else ""
        state = f"{known}The deploy has not ended.{closed} {state}".strip()
        if isinstance(error, (Interrupted, KeyboardInterrupt)):
            return Interrupted("Interrupted.", state=state, hint=records.end_it())
        because = f"{reason.rstrip('.')}. Then: {in_words(error)}" if reason else in_words(error)
        return Failed(because, state=state, hint=records.end_it())

    def regain(self, begun: OpenDeploy) -> Runner:
        """Have a session that holds the lock, where the one that did was lost.

        Raises:
            Failed: Another runner came between.
            NoConnection: The server cannot be reached.

        """
        session = self.runner.session
        if not session.connection.closed and session.facts.pid in lock.holders(session):
            return self.runner
        if session.connection.closed:
            self.runner = self._reached(begun)
        lock.take(self.runner.session, self.runner.limits.lock_wait_s, self.runner.say)
        now = records.under_way(self.runner.session)
        if now is None or now.id != begun.number:
            raise Failed(
                "The session was lost, and another runner ended this deploy meanwhile.",
                state="This command does nothing more.",
                hint=process.ways(("See how it ended:", ["status"])),
            )
        return self.runner

    def _reached(self, begun: OpenDeploy) -> Runner:
        """Connect again, under whichever name the database has."""
        names = {self.runner.session.facts.database: None}
        if begun.plan.is_closed:
            names |= {self.name: None, closing.closed_name(self.name): None}
        first, *others = names
        try:
            return self.runner.at(self.runner.target.beside(first))
        except NoConnection:
            for name in others:
                with contextlib.suppress(NoConnection):
                    return self.runner.at(self.runner.target.beside(name))
            raise

    def _put_back(self, begun: OpenDeploy, error: BaseException) -> NoReturn:
        """Put back what was done, or leave it where that was asked; then raise the error."""
        reason = in_words(error)
        if self.options.undo:
            words, result = self.go_back(begun, reason)
            reports = "".join(f" Report: {each}" for each in result.reports[:1])
            hint = process.ways(("Correct the cause, then:", ["deploy"]))
            if result.outcome == STOPPED:
                hint = self._ways_on(begun)
            raise Failed(reason, state=words + reports, hint=hint) from error
        try:
            self.regain(begun)
            state = history.in_words(self.runner.state())
            self.finish(begun, LEFT, reason)
        except (NoConnection, psycopg.Error) as lost:
            raise self._cut_off(begun, lost, reason) from error
        raise Failed(
            reason,
            state=f"{state} It was left so, as --on-failure leave says. Backup: {begun.kept}.",
            hint=self._ways_on(begun),
        ) from error

    def go_back(self, begun: OpenDeploy, reason: str) -> tuple[str, DeployResult]:
        """Put back what a deploy did; record and report how.

        Returns:
            What that means, for the operator, and how it ended.

        Raises:
            Failed: A closed database could not be put back; it stays closed.

        """
        is_closed = begun.plan.is_closed
        try:
            self.regain(begun)
            records.note(self.connection, begun.number, phase="undoing", reason=reason)
            why = by_rollback_files(
                self.runner, begun.number, begun.plan,
                backup=begun.backup if is_closed else None,
                steps=self.steps, regain=lambda: self.regain(begun),
            )  # fmt: skip
            if not why:
                outcome, words = UNDONE, self._undone_words(begun)
                self.finish(begun, UNDONE, reason)
            elif is_closed:
                outcome, words = RESTORED, self._restore(begun, reason, why)
            else:
                outcome, words = STOPPED, self._stopped_words(begun, why)
                self.finish(begun, STOPPED, f"{reason} Its rollback files: {why}")
        except _CUT_OFF as cut_off:
            raise self._cut_off(begun, cut_off, reason) from cut_off
        return words, self._reported(begun, begun.result(outcome), reason=reason, words=words)

    def _undone_words(self, begun: OpenDeploy) -> str:
        words = "What it applied was rolled back: the catalogue is as before; rows:"
        if begun.plan.is_closed:
            rows = "as in the backup" if begun.backup else "not compared"
            return f"{words} {rows}. The database is open."
        proof = self.proofs.rows
        more = f"; {proof.of}, the rows were as before" if proof and not proof.rollback else ""
        ours = {each.id for each in begun.plan.migrations}
        lossy = [
            f"{each.id} says {reversible}"
            for each in self.runner.migrations
            if each.id in ours
            and (reversible := each.source.header.get("reversible", "yes")) != "yes"
        ]
        lost = f". Look at what is lost: {', '.join(lossy)}" if lossy else ""
        return f"{words} not compared, since the application kept writing{more}{lost}."

    def _stopped_words(self, begun: OpenDeploy, why: str) -> str:
        return (
            f"The deploy stopped here: its rollback files do not lead back: {why.rstrip('.')}. "
            f"{history.in_words(self.runner.state())} Backup: {begun.kept}."
        )

    def _ways_on(self, begun: OpenDeploy) -> str:
        """Return how a deploy that stopped is finished, undone, or restored beside, by hand."""
        ways = [("Forwards, once the file is corrected:", ["deploy"])]
        kept = begun.plan.before
        if any(each.id not in kept for each in self.runner.state().applied):
            back = ["--to", kept[-1]] if kept else ["--all"]
            command = ["rollback", *back, "--yes"]
            ways.append(("Back, once the rollback file is corrected:", command))
        if begun.backup is not None:
            beside = databases.shortened(self.name, "_before")
            command = ["restore", str(begun.backup.path), "--into", beside]
            ways.append(("To have the state before beside it, and copy from there:", command))
        return process.ways(*ways)

    def _restore(self, begun: OpenDeploy, reason: str, why: str) -> str:
        """Restore the backup of a closed deploy, and open what was restored."""
        admin, backup, no_restore = begun.found.admin, begun.backup, begun.found.no_restore
        try:
            if no_restore or admin is None or backup is None:
                raise Failed(f"There can be no restore: {no_restore}.")
            how = RestoreOptions(begun.found.programs, self.options.backup.jobs)
            restored = restore.over(
                backup, admin, how, self.runner, self.steps, name=self.name, reason=reason
            )
        except (Interrupted, NoConnection):
            raise
        except (MigratorError, psycopg.Error) as error:
            self.regain(begun)
            raise Failed(
                f"{reason.rstrip('.')}. Its rollback files do not lead back: {why.rstrip('.')}. "
                f"{in_words(error)}",
                state=f"The database is closed, and not as before. "
                f"{history.in_words(self.runner.state())} Backup: {begun.kept}.",
                hint=process.ways(
                    (f"Try again{_OR_BY} restore:", ["deploy", "--undo"]),
                    ("Open it as it is, and put it right by hand:", ["deploy", "--leave"]),
                ),
            ) from error
        self.runner = restored.runner or self.runner
        self.ended = RESTORED
        with contextlib.suppress(OSError):
            self.settle_manifests()
        notes = "".join(f"\n  {note}" for note in restored.notes)
        return (
            "The backup was restored, compared whole, and opened; the database as it was left is "
            f"{restored.aside}: drop it when nobody needs it any more."
            + (f" Not as before:{notes}" if notes else "")
        )

    def _reported(
        self, begun: OpenDeploy, result: DeployResult, *, words: str = "", **told: Any
    ) -> DeployResult:
        """Write what is told of the deploy beside its backup; see report.DeployReport."""
        directory = self.options.backup.directory
        base = directory / f"{archive.stamp()}.{self.name.replace('/', '_')}.{begun.number}"
        if begun.backup is not None:
            base = begun.backup.path
        paths = [str(path) for path in report.paths(base)]
        proofs = {"rollback files": self.proofs.rollback, "restore": self.proofs.restore}
        done = replace(result, reports=paths)
        try:
            backups.prepare_directory(base.parent)
            report.write(
                report.DeployReport(
                    asdict(done), self.name, self.steps.taken, proofs, words, **told
                ),
                base,
            )
        except (Failed, OSError) as error:
            why = error.strerror if isinstance(error, OSError) else error.message
            self.steps.say(f"{paths[0]} could not be written: {why}")
            return result
        return done

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the runner's lock; an interruption where nothing was begun is told as such."""
        with process.interruptible():
            lock.take(self.runner.session, self.runner.limits.lock_wait_s, self.runner.say)
            with contextlib.suppress(OSError):
                self.settle_manifests()
            try:
                yield
            except KeyboardInterrupt:
                raise Interrupted(
                    "Interrupted.",
                    state="This command applied nothing, and left no backup unfinished.",
                    hint=process.ways(("Begin anew:", ["deploy"])),
                ) from None
            finally:
                lock.release(self.runner.session)

    def settle_manifests(self) -> None:
        """Note in manifests how deploys ended, also those that were killed before they could."""
        ended = {
            (each.id, each.digest): each.outcome
            for each in records.recent(self.runner.session)
            if each.ended_at is not None
        }
        for backup in archive.all_in(self.options.backup.directory):
            outcome = ended.get((backup.manifest.deploy["id"], backup.manifest.deploy["digest"]))
            is_ours = backup.manifest.database == self.name
            if backup.manifest.ended is None and is_ours and outcome:
                backup.ended(outcome)
