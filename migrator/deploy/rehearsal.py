"""The rehearsal: a copy migrated and rolled back where nobody works, which proves the files."""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import psycopg

from migrator.catalogue import contents, objects
from migrator.core import files
from migrator.core.errors import Failed, Interrupted, MigratorError, Refused
from migrator.core.plan import Plan
from migrator.core.runner import Runner
from migrator.core.session import for_program, open_connection
from migrator.core.target import Target
from migrator.deploy import approval, archive, checks, databases, programs
from migrator.deploy.archive import Backup
from migrator.deploy.prerequisites import Prerequisites
from migrator.deploy.programs import Programs
from migrator.deploy.steps import Steps
from migrator.server import binaries
from migrator.server.scratch import Scratch

KIND = "deploy_rehearsal"
_UNCHANGED = "The target was not changed; the backup is whole."
_HINT = "Name a server by a role that has CREATEDB: --rehearse-on URL; or --no-rehearse."
_TOLD = 5
_DUMP_NAMED = re.compile(r"^\S+ cannot be restored into \S+: ")
_ACTING = {"event trigger", "subscription", "user mapping"}
_OF_COPIES = {"template", "connection limit"}
# What acts beyond the database that it is run in: a copy for trying would reach the world by it.
_COMMENT = re.compile(rb"--[^\n]*|/\*.*?\*/", re.DOTALL)
_REACHES_OUT = re.compile(
    rb"\b(dblink\w*|CREATE\s+USER\s+MAPPING|CREATE\s+SUBSCRIPTION|ALTER\s+SYSTEM|TO\s+PROGRAM"
    rb"|FROM\s+PROGRAM|(?:CREATE|ALTER|DROP)\s+(?:ROLE|USER|GROUP|DATABASE|TABLESPACE))\b",
    re.IGNORECASE,
)


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


def noted(backup: Backup) -> Rehearsed | None:
    """Return what was proved on a backup; None where nothing was, or it cannot be read."""
    path = backup.path.with_name(backup.path.name + archive.PROOF)
    try:
        return Rehearsed(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


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
    def without(self) -> list[str]:
        """The extensions that this role cannot create: nothing can depend on them there."""
        is_able = self.found.admin is not None and self.found.admin.is_superuser
        return [] if is_able and not self.elsewhere else self.found.facts.superusers_extensions

    def migrating(self, name: str) -> Target:
        """Return a copy by the role that migrates, as in production the target's own."""
        owner = self.elsewhere or self.runner.target
        return owner.beside(name)


def reaching_out(plan: Plan) -> str:
    """Say which files act beyond the database they are run in; empty where none does."""
    told = []
    for each in plan.migrations:
        for source in (each.source, files.read(each.rollback_path)):
            if match := _REACHES_OUT.search(_COMMENT.sub(b" ", source.text)):
                told.append(f"{source.path.name} ({b' '.join(match[1].split()).decode()})")
    return f"a copy would reach beyond itself by {', '.join(told)}" if told else ""


def on_rows(stage: Stage, backup: Backup) -> Rehearsed:
    """Restore a backup into a scratch database, check it, try the files there both ways; drop it.

    The result is noted beside the backup.

    Raises:
        Failed: The backup cannot be restored, a file cannot be applied, or the outcome is wrong.

    """
    with _step(stage) as (scratch, detail):

        def made(name: str) -> tuple[Target, list[str]]:
            with open_connection(stage.server) as connection:
                if stage.elsewhere:  # its roles, tablespaces and locales may be others
                    connection.execute(databases.plain(name))
                else:
                    databases.create(connection, name, backup.manifest.properties)
            copy = stage.server.beside(name)
            left = databases.fill(
                backup.path, copy, stage.tools,
                jobs=stage.jobs, options=_options(stage), is_copy=True,
                without=stage.without, show=stage.steps.show,
            )  # fmt: skip
            refuse_different(backup, copy, stage.steps.show)
            return copy, left

        started = time.monotonic()
        copy, left = made(scratch.name("copy"))
        took = time.monotonic() - started
        missed = not_restored(stage.server, backup, copy, is_copy=True, without=left)
        known = Rehearsed(
            approval.files_digest(stage.plan), backup.manifest.when, backup.path.name, "",
            [] if stage.elsewhere else missed, left, round(took, 3), 0.0, 0.0,
        )  # fmt: skip
        proof = _tried(stage, str(copy.parameters["dbname"]), known, left)
        if proof.rollback:  # what they left would be in the way
            copy, _ = made(scratch.name("again"))
        _forward(stage, str(copy.parameters["dbname"]), left, seeds=True)
        proof.note(backup)
        detail.update(asdict(proof))
        detail["said"] = (
            f"restored and checked in {took:.1f} s; rollback files: {proof.rollback_words}"
        )
    _refuse_untrue(stage.plan, proof)
    return proof


def on_schema(stage: Stage) -> Rehearsed | str:
    """Copy the target's schema into a scratch database and try the files there both ways.

    Returns:
        What was proved; or why nothing was.

    """
    if why := reaching_out(stage.plan):
        return why
    try:
        with _step(stage, "schema") as (scratch, detail), _schema(stage) as dumps:
            name = scratch.name("schema")
            with open_connection(stage.server) as connection:
                properties = databases.properties(stage.runner.session.connection)
                databases.create(connection, name, properties)
            copy = stage.server.beside(name)
            started = time.monotonic()
            left: list[str] = []
            for dump in dumps:
                left += databases.fill(
                    dump, copy, stage.tools, jobs=stage.jobs,
                    is_copy=True, without=stage.without, show=stage.steps.show,
                )  # fmt: skip
            with open_connection(stage.server) as connection:
                missed = databases.dress(connection, name, properties, is_copy=True)
            took = round(time.monotonic() - started, 3)
            with open_connection(copy) as connection:
                found = objects.read(connection).database
            wanted = objects.read(stage.runner.session.connection).database
            told = _differences(wanted, found, left, is_copy=True)
            told = [*missed, *told][:_TOLD]
            known = Rehearsed(
                approval.files_digest(stage.plan), "", "", "", told, left, took, 0.0, 0.0
            )
            proof = _tried(stage, name, known, left)
            detail["said"] = f"rollback files: {proof.rollback_words}"
    except (Refused, Failed) as error:
        why = _DUMP_NAMED.sub("the schema cannot be restored: ", error.message)
        return " ".join(why.split())
    except psycopg.Error as error:
        return " ".join(str(error).split())
    return proof


def not_restored(
    server: Target, backup: Backup, copy: Target, *, is_copy: bool, without: list[str]
) -> list[str]:
    """Give a restored database what no dump holds; return what it lacks all the same.

    Args:
        server: Another database of its server, by the role that restores.
        backup: What was restored.
        copy: The restored database.
        is_copy: Whether it is for trying.
        without: What was left out on purpose.

    """
    name = str(copy.parameters["dbname"])
    with open_connection(server) as connection:
        missed = databases.dress(connection, name, backup.manifest.properties, is_copy=is_copy)
    with open_connection(copy) as connection:
        found = objects.read(connection).database
    return [*missed, *_differences(backup.manifest.catalogue, found, without, is_copy=is_copy)]


def refuse_different(backup: Backup, target: Target, show: Callable[[str], None]) -> None:
    """Compare a restored database's rows with the manifest.

    Raises:
        Failed: They are not what the manifest says.

    """
    if found := databases.differences(backup, target, show=show):
        raise Failed(
            f"{backup.path}: what was restored is not what was backed up:\n  " + "\n  ".join(found),
            state="The target was not changed by that.",
            hint="Do not rely on this backup: take another one.",
        )


@contextmanager
def _step(stage: Stage, what: str = "") -> Iterator[tuple[Scratch, dict[str, object]]]:
    name = f"{what} rehearsal".strip()
    with stage.steps.step(name) as detail, Scratch(stage.server, KIND, _HINT) as scratch:
        yield scratch, detail


def _options(stage: Stage) -> list[str]:
    return ["--no-owner", "--no-privileges"] if stage.elsewhere else []


@contextmanager
def _schema(stage: Stage) -> Iterator[list[Path]]:
    """Dump the target's schema, and the rows of its history."""
    runner = stage.runner
    conninfo, environment = for_program(runner.target, runner.session.facts.database)
    kinds = [["--schema-only", "--exclude-schema=yoyo"]]
    kinds += [["--schema=yoyo"]] * runner.session.facts.has_history
    with tempfile.TemporaryDirectory(prefix="schema.") as place:
        dumps = []
        for number, kind in enumerate(kinds):
            dumps.append(Path(place, f"{number}.dump"))
            argv = [str(stage.tools.dump), *kind, "--format=custom", "--lock-wait-timeout=2000"]
            argv += [f"--file={dumps[-1]}", f"--dbname={conninfo}"]
            code, said = programs.run(argv, environment)
            if code:
                raise Failed(f"The schema cannot be dumped: {binaries.tail(said, 2)}")
        yield dumps


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


def _differences(
    expected: objects.Catalogue, found: objects.Catalogue, without: list[str], *, is_copy: bool
) -> list[str]:
    """Compare a copy with what it is one of, but for what was left out on purpose."""
    extensions = {f"extension {each.removeprefix('EXTENSION - ')}" for each in without}
    return [
        each.words
        for each in objects.differences(expected, found)
        if not (without and each.subject.kind in _ACTING)
        and each.subject.title not in extensions
        and not (is_copy and each.subject.kind == "database" and each.aspect in _OF_COPIES)
    ]


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
