"""The rehearsal: a copy migrated and rolled back where nobody works, which proves the files."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace

import psycopg

from migrator.backup import archive, databases
from migrator.backup import dump as making
from migrator.backup import restore as backups
from migrator.backup.archive import Backup
from migrator.backup.restore import RestoreOptions
from migrator.catalogue import contents, objects
from migrator.catalogue.objects import Catalogue
from migrator.core import files, process, reach
from migrator.core.errors import Failed, Interrupted, Refused
from migrator.core.plan import Plan
from migrator.core.reach import Depth
from migrator.core.runner import Runner
from migrator.core.session import open_connection
from migrator.core.steps import Steps
from migrator.core.target import Target
from migrator.deploy import approval, checks
from migrator.deploy.prerequisites import DeployOptions, Prerequisites
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
    rows: str = ""
    backup: str = ""
    rollback: str = ""
    restore: Sequence[str] = ()
    left_out: Sequence[str] = ()
    restore_seconds: float = 0.0
    apply_seconds: float = 0.0
    rollback_seconds: float = 0.0

    @property
    def of(self) -> str:
        """What it was proved on, in words."""
        if self.rows:
            return f"on the rows of {self.rows} (backup {self.backup})"
        return "on the schema alone, without rows"

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
        no_copy: Why no copy can be made; empty where one was made, or it was not tried.

    """

    rollback: str
    restore: str
    rows: Rehearsed | None = None
    no_copy: str = ""

    @classmethod
    def of(cls, proof: Rehearsed) -> Proofs:
        """Return what a rehearsal proved, in words."""
        return cls(proof.rollback_words, proof.restore_words, proof if proof.rows else None)


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a rehearsal takes place: beside the target, or on the server that was asked for.

    Args:
        runner: The target and the files.
        plan: What is pending there.
        found: What is known of the target's server and of the role.
        options: What the command line asks for.
        steps: Told what is done.

    """

    runner: Runner
    plan: Plan
    found: Prerequisites
    options: DeployOptions
    steps: Steps

    @property
    def server(self) -> Target:
        """Where the copy is made."""
        if self.options.rehearse_on is not None:
            return self.options.rehearse_on
        assert self.found.admin is not None  # noqa: S101  else there is no rehearsal
        return self.found.admin.target

    @property
    def how(self) -> RestoreOptions:
        """How the copy is made: without the extensions that this role cannot create there."""
        away = self.options.rehearse_on is not None
        is_able = self.found.admin is not None and self.found.admin.is_superuser and not away
        without = [] if is_able else self.found.facts.superusers_extensions
        jobs = self.options.backup.jobs
        return RestoreOptions(
            self.found.programs, jobs, has_owners=not away, is_copy=True, without=without
        )

    def scratch(self) -> Scratch:
        """Return the databases that the rehearsal makes, which are dropped at its end."""
        return Scratch(self.server, KIND, _HINT)

    def migrating(self, name: str) -> Target:
        """Return a copy by the role that migrates, as in production the target's own."""
        return (self.options.rehearse_on or self.runner.target).beside(name)


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
    with stage.steps.step("rehearsal") as detail, stage.scratch() as scratch:
        copy, started = scratch.name("copy"), time.monotonic()
        left = backups.restore(backup, stage.server, copy, stage.how, stage.steps.show)
        took = round(time.monotonic() - started, 3)
        called = backup.manifest.database
        missed = backups.dress(backup, stage.server, copy, stage.how, called=called, left=left)
        known = Rehearsed(
            approval.files_digest(stage.plan),
            rows=backup.manifest.when,
            backup=backup.path.name,
            restore=missed if stage.how.has_owners else [],
            left_out=left,
            restore_seconds=took,
        )
        proof = _tried(stage, copy, known)
        if proof.rollback:  # what they left would be in the way
            copy = scratch.name("again")
            backups.restore(backup, stage.server, copy, stage.how, stage.steps.show)
        _forward(stage, copy, left, seeds=True)
        proof.note(backup)
        detail.update(asdict(proof))
        detail["said"] = (
            f"restored and checked in {took:.1f} s; rollback files: {proof.rollback_words}"
        )
    claims = [each.source.header.get("reversible") == "yes" for each in stage.plan.migrations]
    if proof.rollback and all(claims):
        raise Failed(
            "The rehearsal failed: every file says reversible: yes, and the rollback files do "
            f"not lead back: {proof.rollback}",
            state=_UNCHANGED,
            hint=process.ways(("Correct the rollback files, or their headers; then:", ["deploy"])),
        )
    return proof


def on_schema(stage: Stage) -> Proofs:
    """Copy the target's schema into a scratch database and try the files there both ways.

    Returns:
        What was proved; or why nothing was.

    """
    restore = ""  # what is known of it, once there is a copy
    try:
        with (
            stage.steps.step("schema rehearsal") as detail,
            stage.scratch() as scratch,
            making.schema(stage.runner, stage.found.programs) as dumps,
        ):
            name, left, started = scratch.name("schema"), list[str](), time.monotonic()
            properties = databases.properties(stage.runner.session.connection)
            called = stage.runner.session.facts.database
            has_public = properties["has_public"]
            copy = databases.create(stage.server, name, properties, has_public=has_public)
            with open_connection(stage.server) as connection:
                for dump in dumps:
                    left += backups.fill(dump, copy, stage.how, stage.steps.show)
                missed = databases.dress(connection, name, properties, called=called, is_copy=True)
            took = round(time.monotonic() - started, 3)
            wanted = objects.read(stage.runner.session.connection).database
            missed += backups.lacking(wanted, copy, stage.how, left)
            known = Rehearsed(
                approval.files_digest(stage.plan),
                restore=missed[:_TOLD],
                left_out=left,
                restore_seconds=took,
            )
            restore = known.restore_words
            proof = _tried(stage, name, known)
            detail["said"] = f"rollback files: {proof.rollback_words}"
    except (Refused, Failed) as error:
        why = " ".join(_DUMP_NAMED.sub("the schema cannot be restored: ", error.message).split())
    except psycopg.Error as error:
        why = " ".join(str(error).split())
    else:
        return Proofs.of(proof)
    return Proofs(f"unproven: {why}", restore, no_copy="" if restore else why)


def _tried(stage: Stage, copy: str, known: Rehearsed) -> Rehearsed:
    """Apply the files to a copy, roll them back, and compare it with before."""
    target = stage.migrating(copy)

    def seen() -> tuple[Catalogue, dict[str, tuple[int, int]]]:
        with open_connection(target) as connection:
            rows = contents.whole_rows(connection) if known.rows else {}
            return objects.read(connection).database, rows

    before, sums = seen()
    started = time.monotonic()
    _forward(stage, copy, known.left_out, seeds=False)
    applied = time.monotonic()
    why = _rolled_back(stage, target)
    ended = time.monotonic()
    if not why:
        after, now = seen()
        told = [each.words for each in objects.differences(before, after)]
        told += [f"table {name} has other rows" for name in sums if now.get(name) != sums[name]]
        why = "; ".join(told)
    if not why and not known.rows:
        _forward(stage, copy, known.left_out, seeds=False)
    times = round(applied - started, 3), round(ended - applied, 3)
    return replace(known, rollback=why, apply_seconds=times[0], rollback_seconds=times[1])


def _forward(stage: Stage, copy: str, left: Sequence[str], *, seeds: bool) -> None:
    """Apply the files to a copy; with the seeds, see that it passes verify, too."""
    found: list[str] = []
    with _runner(stage, stage.migrating(copy)) as rehearsed:
        try:
            known = checks.known(rehearsed) if seeds else frozenset()
            rehearsed.migrate(to=None, with_seeds=seeds, dry_run=False)
            found = checks.new(rehearsed, known) if seeds else []
        except (Refused, Failed) as error:
            cut = f" The copy was made without {', '.join(left)}." if left else ""
            raise Failed(
                f"The rehearsal failed: {error.message}{cut}", state=_UNCHANGED, hint=error.hint
            ) from error
    if found:
        raise Failed(
            "The rehearsal failed: the migrated copy does not pass verify:\n  "
            + "\n  ".join(found),
            state=_UNCHANGED,
            hint=process.ways(("Correct the files, then:", ["deploy"])),
        )


def _rolled_back(stage: Stage, target: Target) -> str:
    """Roll back what is pending in production; return why that cannot be done, else nothing."""
    if not stage.plan.migrations:
        return ""
    with _runner(stage, target) as rehearsed:
        try:
            rehearsed.rollback(steps=len(stage.plan.migrations), to=None, confirm=lambda _: None)
        except (Refused, Failed) as error:
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
    except Interrupted:  # what it says is of the copy
        raise KeyboardInterrupt from None
    finally:
        made.close()
