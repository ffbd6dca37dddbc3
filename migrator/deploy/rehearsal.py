"""The rehearsal: a copy migrated and rolled back where nobody works, which proves the files."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace

import psycopg

from migrator.backup import archive, databases
from migrator.backup import dump as making
from migrator.backup import restore as backups
from migrator.backup.archive import Backup
from migrator.backup.programs import Programs
from migrator.backup.restore import RestoreOptions
from migrator.catalogue import contents, objects
from migrator.core import files, reach
from migrator.core.errors import Failed, Interrupted, MigratorError, Refused
from migrator.core.plan import Plan
from migrator.core.reach import Depth
from migrator.core.runner import Runner
from migrator.core.session import open_connection
from migrator.core.steps import Steps
from migrator.core.target import Target
from migrator.deploy import approval, checks
from migrator.deploy.prerequisites import Prerequisites
from migrator.server.scratch import Scratch

KIND = "deploy_rehearsal"
_UNCHANGED = "The target was not changed; the backup is whole."
_HINT = "Name a server by a role that has CREATEDB: --rehearse-on URL; or --no-rehearse."
_TOLD = 5
_DUMP_NAMED = re.compile(r"^\S+ cannot be restored into \S+: ")


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What a rehearsal proved.

    Args:
        files: The sum over the files that were tried.
        rows: Of which moment the rows were; empty where it was the schema alone.
        backup: Whose rows; empty where it was the schema alone.
        rollback: Why the rollback files do not lead back; empty where they do.
        restore: What could not be restored, a line each; None where nothing was restored for real.
        left_out: What the copy was made without.
        restore_seconds: How long the restore took.
        apply_seconds: How long the files took.
        rollback_seconds: How long the rollback files took.

    """

    files: str
    rows: str
    backup: str
    rollback: str
    restore: list[str]
    left_out: list[str]
    restore_seconds: float
    apply_seconds: float
    rollback_seconds: float

    @property
    def of(self) -> str:
        """What it was proved on, in words."""
        return (
            f"on the rows of {self.rows} (backup {self.backup})"
            if self.rows
            else ("on the schema alone, without rows")
        )

    @property
    def rollback_words(self) -> str:
        """What is known of the rollback files."""
        times = f"apply {self.apply_seconds:.1f} s, rollback {self.rollback_seconds:.1f} s"
        if self.rollback:
            return f"do not lead back, {self.of}: {self.rollback}"
        return f"proved {self.of}: {times}"

    @property
    def restore_words(self) -> str:
        """What is known of a restore."""
        kind = "proved" if self.rows else "schema proved"
        if self.restore:
            return f"{kind}, but not all came back: {'; '.join(self.restore)}"
        return f"{kind} {self.of}" if self.rows else f"{kind}, rows not tried"

    def note(self, backup: Backup) -> None:
        """Write it beside a backup."""
        path = backup.path.with_name(backup.path.name + archive.PROOF)
        archive.write(path, json.dumps(asdict(self), indent=1) + "\n")


def noted(backup: Backup, plan: Plan | None = None) -> Rehearsed | None:
    """Return what was proved on a backup, of these files; None where nothing was."""
    path = backup.path.with_name(backup.path.name + archive.PROOF)
    try:
        proof = Rehearsed(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return proof if plan is None or proof.files == approval.files_digest(plan) else None


@dataclass(frozen=True, slots=True)
class Proofs:
    """What is proved before a deploy is approved, and what is not.

    Args:
        rollback: Of the rollback files, in words.
        restore: Of a restore.
        rows: What was proved on rows; None where nothing was.

    """

    rollback: str
    restore: str
    rows: Rehearsed | None = None

    @classmethod
    def of(cls, proof: Rehearsed) -> Proofs:
        """Return what a rehearsal proved, in words."""
        return cls(proof.rollback_words, proof.restore_words, proof if proof.rows else None)


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a rehearsal takes place.

    Args:
        runner: The target and the files.
        plan: What is pending there.
        found: What is known of the target's server and of the role.
        tools: pg_dump and pg_restore.
        elsewhere: The server for it; None for beside the target.
        jobs: How many sessions restore at once.
        steps: Told what is done.

    """

    runner: Runner
    plan: Plan
    found: Prerequisites
    tools: Programs
    elsewhere: Target | None
    jobs: int
    steps: Steps

    @property
    def server(self) -> Target:
        """Where the copy is made."""
        if self.elsewhere is not None:
            return self.elsewhere
        assert self.found.admin is not None  # noqa: S101  else there is no rehearsal
        return self.found.admin.target

    @property
    def how(self) -> RestoreOptions:
        """How the copy is made: without the extensions that this role cannot create there."""
        is_able = self.found.admin is not None and self.found.admin.is_superuser
        without = [] if is_able and not self.elsewhere else self.found.facts.superusers_extensions
        return RestoreOptions(
            self.tools, self.jobs, has_owners=not self.elsewhere, is_copy=True, without=without
        )

    def migrating(self, name: str) -> Target:
        """Return a copy by the role that migrates, as in production the target's own."""
        owner = self.elsewhere or self.runner.target
        return owner.beside(name)


def reaching_out(plan: Plan) -> str:
    """Say which files act beyond the database they are run in; empty where none does."""
    told = []
    for each in plan.migrations:
        for source in (each.source, files.read(each.rollback_path)):
            if found := reach.first_beyond(source, server=True, depth=Depth.BODIES):
                told.append(f"{source.path.name}:{found.line} ({found.words})")
    return f"a copy would reach beyond itself by {', '.join(told)}" if told else ""


def on_rows(stage: Stage, backup: Backup) -> Rehearsed:
    """Restore a backup into a scratch database, check it, try the files there both ways; drop it.

    The result is noted beside the backup.

    Raises:
        Failed: The backup cannot be restored, a file cannot be applied, or the outcome is wrong.

    """
    with _step(stage) as (scratch, detail):

        def made(name: str) -> list[str]:
            return backups.restore(backup, stage.server, name, stage.how, stage.steps.show)

        started = time.monotonic()
        copy = scratch.name("copy")
        left = made(copy)
        took = time.monotonic() - started
        missed = backups.dress(backup, stage.server, copy, stage.how, left)
        known = Rehearsed(
            approval.files_digest(stage.plan), backup.manifest.when, backup.path.name, "",
            [] if stage.elsewhere else missed, left, round(took, 3), 0.0, 0.0,
        )  # fmt: skip
        proof = _tried(stage, copy, known, left)
        if proof.rollback:  # what they left would be in the way
            copy = scratch.name("again")
            made(copy)
        _forward(stage, copy, left, seeds=True)
        proof.note(backup)
        detail.update(asdict(proof))
        detail["said"] = (
            f"restored and checked in {took:.1f} s; rollback files: {proof.rollback_words}"
        )
    _refuse_untrue(stage.plan, proof)
    return proof


def on_schema(stage: Stage) -> Proofs:
    """Copy the target's schema into a scratch database and try the files there both ways.

    Returns:
        What was proved; or why nothing was.

    """
    try:
        with (
            _step(stage, "schema") as (scratch, detail),
            making.schema(stage.runner, stage.tools) as dumps,
        ):
            name = scratch.name("schema")
            with open_connection(stage.server) as connection:
                properties = databases.properties(stage.runner.session.connection)
                databases.create(connection, name, properties)
            copy = stage.server.beside(name)
            started = time.monotonic()
            left: list[str] = []
            for dump in dumps:
                left += backups.fill(dump, copy, stage.how, stage.steps.show)
            with open_connection(stage.server) as connection:
                missed = databases.dress(connection, name, properties, is_copy=True)
            took = round(time.monotonic() - started, 3)
            wanted = objects.read(stage.runner.session.connection).database
            told = [*missed, *backups.lacking(wanted, copy, stage.how, left)][:_TOLD]
            known = Rehearsed(
                approval.files_digest(stage.plan), "", "", "", told, left, took, 0.0, 0.0
            )
            proof = _tried(stage, name, known, left)
            detail["said"] = f"rollback files: {proof.rollback_words}"
    except (Refused, Failed) as error:
        why = " ".join(_DUMP_NAMED.sub("the schema cannot be restored: ", error.message).split())
    except psycopg.Error as error:
        why = " ".join(str(error).split())
    else:
        return Proofs.of(proof)
    return Proofs(f"unproven: {why}", f"unproven: {why}")


@contextmanager
def _step(stage: Stage, what: str = "") -> Iterator[tuple[Scratch, dict[str, object]]]:
    name = f"{what} rehearsal".strip()
    with stage.steps.step(name) as detail, Scratch(stage.server, KIND, _HINT) as scratch:
        yield scratch, detail


def _tried(stage: Stage, copy: str, known: Rehearsed, left: list[str]) -> Rehearsed:
    """Apply the files to a copy, roll them back, and compare it with before."""
    target = stage.migrating(copy)
    rows = bool(known.rows)
    with open_connection(target) as connection:
        before = objects.read(connection).database
        sums = contents.whole_rows(connection) if rows else {}
    started = time.monotonic()
    _forward(stage, copy, left, seeds=False)
    applied = time.monotonic()
    why = _rolled_back(stage, target)
    ended = time.monotonic()
    if not why:
        with open_connection(target) as connection:
            told = [
                each.words
                for each in objects.differences(before, objects.read(connection).database)
            ]
            now = contents.whole_rows(connection) if rows else {}
        told += [f"table {name} has other rows" for name in sums if now.get(name) != sums[name]]
        why = "; ".join(told)
    if not why and not rows:
        _forward(stage, copy, left, seeds=False)
    times = round(applied - started, 3), round(ended - applied, 3)
    return replace(known, rollback=why, apply_seconds=times[0], rollback_seconds=times[1])


def _forward(stage: Stage, copy: str, left: list[str], *, seeds: bool) -> None:
    """Apply the files to a copy; with the seeds, see that it passes verify, too."""
    found: list[str] = []
    with _runner(stage, stage.migrating(copy)) as rehearsed:
        try:
            known = checks.known(rehearsed) if seeds else frozenset()
            rehearsed.migrate(to=None, with_seeds=seeds, dry_run=False)
            found = checks.new(rehearsed, known) if seeds else []
        except Interrupted:  # what it says is of the copy
            raise KeyboardInterrupt from None
        except MigratorError as error:
            cut = f" The copy was made without {', '.join(left)}." if left else ""
            told = f"{error.message}{cut}"
            raise Failed(
                f"The rehearsal failed: {told}", state=_UNCHANGED, hint=error.hint
            ) from error
    if found:
        raise Failed(
            "The rehearsal failed: the migrated copy does not pass verify:\n  "
            + "\n  ".join(found),
            state=_UNCHANGED,
            hint="Correct the files, then deploy again.",
        )


def _rolled_back(stage: Stage, target: Target) -> str:
    """Roll back what is pending in production; return why that cannot be done, else nothing."""
    if not stage.plan.migrations:
        return ""
    with _runner(stage, target) as rehearsed:
        try:
            rehearsed.rollback(steps=len(stage.plan.migrations), to=None, confirm=lambda _: None)
        except Interrupted:
            raise KeyboardInterrupt from None
        except MigratorError as error:
            return error.message
    return ""


@contextmanager
def _runner(stage: Stage, target: Target) -> Iterator[Runner]:
    runner = stage.runner
    made = Runner(
        runner.project, target, runner.limits, lambda line: stage.steps.show(f"rehearsal: {line}")
    )
    try:
        yield made
    finally:
        made.session.connection.close()


def _refuse_untrue(plan: Plan, proof: Rehearsed) -> None:
    """Refuse rollback files that say they lead back, and do not."""
    claims = [each.source.header.get("reversible") == "yes" for each in plan.migrations]
    if proof.rollback and all(claims):
        raise Failed(
            "The rehearsal failed: every file says reversible: yes, and the rollback files do "
            f"not lead back: {proof.rollback}",
            state=_UNCHANGED,
            hint="Correct the rollback files, or their headers; then deploy again.",
        )
