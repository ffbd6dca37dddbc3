"""The commands `deploy`, `restore` and `backups`: from the options to the answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from migrator.cli.command import Command
from migrator.core import lock, process
from migrator.core.errors import Failed, MigratorError, Refused
from migrator.core.plan import Plan
from migrator.core.runner import Runner
from migrator.deploy import approval, archive, restore, retention
from migrator.deploy.backup import BackupOptions
from migrator.deploy.databases import administrator
from migrator.deploy.plan import planned
from migrator.deploy.prerequisites import Requirements, no_restore, other_owners, server_facts
from migrator.deploy.report import DeployResult
from migrator.deploy.restore import Guard, Place
from migrator.deploy.resume import InterruptedDeploy
from migrator.deploy.run import Deploy, DeployOptions
from migrator.deploy.steps import Steps

Confirm = Callable[[list[str], str], None]
_APPROVE = "Look at it with `deploy --dry-run`, then give --approve DIGEST; or --yes."
_REVIEW = Path("review", "review.json")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command answers.

    Args:
        document: For machines.
        lines: For people.
        code: The exit code.
        indent: Of the document; 0 has it in one line, as the events before it.

    """

    document: dict[str, Any]
    lines: list[str]
    code: int = 0
    indent: int = 0


def deploy(
    command: Command,
    steps: Steps,
    confirm: Confirm,
    *,
    backup_dir: Path,
    backup_format: str,
    jobs: int,
    rehearse: bool | None,
    rehearse_on: str | None,
    admin: str | None,
    longest_ms: int,
    review: Path | None,
    approve: str | None,
    on_failure: str,
    discard_writes: bool,
    dry_run: bool,
    end: str | None,
    **limits: Any,
) -> Answer:
    """Make a deploy, show what it would be, or end one that was cut off.

    Args:
        command: What the options before the command's name say.
        steps: Told what is done.
        confirm: Asked with the plan.
        backup_dir: Where backups are.
        backup_format: custom or directory.
        jobs: How many sessions dump and restore at once.
        rehearse: Whether to rehearse; None where room and rights decide.
        rehearse_on: The server for it.
        admin: The role that makes databases.
        longest_ms: How old others' transactions may be, in milliseconds.
        review: A report of `review`, as JSON.
        approve: The digest that was approved.
        on_failure: undo or leave.
        discard_writes: Whether a restore may lose what others wrote since the backup.
        dry_run: Whether only to show.
        end: resume, undo or leave, for a deploy that was cut off.
        **limits: How long to wait, as of Limits.

    """
    backup_dir = backup_dir.resolve()  # its path is kept in the history
    asked = Requirements(
        backup_dir,
        rehearse,
        command.other_target(rehearse_on, "--rehearse-on"),
        command.other_target(admin, "--admin"),
        longest_ms,
    )
    wanted = BackupOptions(backup_dir, backup_format, jobs, limits["online_wait_ms"])
    options = DeployOptions(
        asked,
        wanted,
        approve,
        lambda lines: confirm(lines, _APPROVE),
        on_failure == "undo",
        discard_writes,
    )
    runner = command.named_runner(**limits)
    made = Deploy(runner, options, steps)
    act = made.begin
    if dry_run:
        return _shown(runner, made, review or command.root / _REVIEW)
    if end is not None:
        made = cut_off = InterruptedDeploy(runner, options, steps)
        act = {"resume": cut_off.resume, "undo": cut_off.undo, "leave": cut_off.leave}[end]
    try:
        result = act()
    except MigratorError as error:
        outcome = "refused" if isinstance(error, Refused) else "failed"
        steps.end("deploy", outcome, ended=made.ended, error=error.message, state=error.state)
        raise
    steps.end("deploy", result.outcome, digest=result.digest, backup=result.backup)
    return Answer(asdict(result), _in_words(result))


def _in_words(result: DeployResult) -> list[str]:
    if result.outcome == "nothing to do":
        return ["nothing to do"]
    done = [f"applied {each}" for each in (*result.migrations, *result.seeds)]
    return [*done, f"deploy: {result.outcome}", *(f"wrote {path}" for path in result.reports)]


def _shown(runner: Runner, made: Deploy, review: Path) -> Answer:
    """Show what a deploy would be: the plan, its SQL, the review's verdict, the digest."""
    from migrator.core.script import script

    found, plan = made.check()
    approved = approval.compute(runner, plan)
    lines = made.planned(found, plan, approved)
    verdicts = _verdicts(plan, review)
    text = script(runner.session, plan.migrations, plan.seeds, rollback=False)
    document = {
        "digest": approved.digest,
        "plan": planned(plan).files(),
        "sql": text,
        "review": verdicts,
        "rehearsal": found.no_rehearsal or "yes",
        "restore": found.no_restore or "yes",
    }
    told = [f"review of {name}: {verdict}" for name, verdict in verdicts.items()]
    return Answer(document, [text, *(f"-- {line}" for line in (*told, *lines))])


def _verdicts(plan: Plan, path: Path) -> dict[str, str]:
    """Return what a report of `review` says of the very files that would be applied."""
    known: dict[str, Any] = {}
    with suppress(OSError, ValueError, KeyError, TypeError):
        document = json.loads(path.read_text(encoding="utf-8"))
        known = {each["id"]: each for each in document["migrations"]}
    verdicts = {}
    for each in plan.migrations:
        found = known.get(each.id)
        if found is None:
            verdicts[each.id] = "none"
        elif found["text"] != each.source.text.decode():
            verdicts[each.id] = "of another text of this file"
        else:
            verdicts[each.id] = found["verdict"]
    return verdicts


def put_back(
    command: Command,
    steps: Steps,
    confirm: Confirm,
    *,
    backup: str,
    into: str | None,
    backup_dir: Path,
    admin: str | None,
    jobs: int,
    discard_writes: bool,
) -> Answer:
    """Restore a backup: into a new database, or in the place of the target.

    Args:
        command: What the options before the command's name say.
        steps: Told what is done.
        confirm: Asked before the target is replaced.
        backup: A path, or a name in `backup_dir`.
        into: The new database; None for the target's place.
        backup_dir: Where backups are.
        admin: The role that makes databases.
        jobs: How many sessions restore at once.
        discard_writes: Whether what others wrote since the backup may be lost.

    """
    found = archive.find(backup, backup_dir)
    with steps.step("read") as detail:
        if damaged := archive.damages(found, lambda done: steps.show(f"{done:,} bytes read")):
            raise Refused(
                f"{found.path} is damaged: {'; '.join(damaged)}.",
                hint="`backups verify` says which backups are whole.",
            )
        detail["bytes"] = found.manifest.bytes
    runner = command.named_runner()
    facts = server_facts(runner.session.connection)
    manager = administrator(
        runner.target, runner.session.facts.database, command.other_target(admin, "--admin")
    )
    why = no_restore(facts, manager, other_owners(runner), is_swap=into is None)
    if why or manager is None:
        raise Refused(
            f"{found.path} cannot be restored here: {why}.",
            hint="Name a role that may create and rename databases: --admin URL.",
        )
    tools = archive.programs(max(facts.major, found.manifest.program))
    place = Place(manager, tools, jobs)
    current = runner.session.facts.database
    if into is not None:
        with process.interruptible():
            restored = restore.into_new(found, place, into, steps)
    else:
        manifest = found.manifest
        confirm(
            [
                f"database {current} gets the contents that {manifest.database} had at "
                f"{manifest.made_at}: {len(manifest.history)} migrations, the last "
                f"{manifest.migration or 'none'}",
                "what is there now is set aside under another name; whoever is connected is ended",
            ],
            "Give --yes if that is meant.",
        )
        guard = Guard(manifest.before, manifest.deploy["id"], discard=discard_writes)
        with (
            process.interruptible(),
            lock.held(runner.session, runner.limits.lock_wait_s, runner.say),
        ):
            restored = restore.over(
                found,
                place,
                runner.target,
                steps,
                guard=guard,
                session=runner.session,
                reason=f"{found.path.name} was restored",
            )
    with suppress(OSError):
        if into is None and found.manifest.ended is None:
            found.ended("restored")
    lines = [f"restored {restored.database} from {found.path}"]
    lines += [f"the database before it is {restored.aside}"] * bool(restored.aside)
    lines += [f"left out: {note}" for note in restored.notes]
    steps.end("restore", "restored", database=restored.database, aside=restored.aside)
    return Answer({"backup": str(found.path), **asdict(restored)}, lines)


def backups(
    _command: Command,
    steps: Steps,
    _confirm: Confirm,
    *,
    action: str,
    names: Sequence[str],
    backup_dir: Path,
    keep: int,
    days: int,
    dry_run: bool,
) -> Answer:
    """List, verify or prune backups.

    Args:
        steps: Told how far it is.
        action: list, verify or prune.
        names: Those to verify; none for all.
        backup_dir: Where they are.
        keep: How many of each database prune keeps.
        days: How old, in days, a backup may be for prune to keep it.
        dry_run: Whether prune only says what it would remove.

    """
    show = steps.show
    if action == "verify":
        return _verified(names, backup_dir, show)
    if action == "prune":
        decisions = retention.decide(
            backup_dir,
            keep=keep,
            younger=timedelta(days=days),
            is_good=lambda each: not archive.damages(each, lambda done: show(f"{done:,} bytes")),
        )
        gone = [each for each in decisions if not each.kept]
        if not dry_run:
            retention.remove(gone)
        done = "would remove" if dry_run else "removed"
        return Answer(
            {
                done.replace(" ", "_"): [str(each.path) for each in gone],
                "kept": {str(each.path): each.kept for each in decisions if each.kept},
            },
            [f"{each.path}: {each.kept or done}" for each in decisions] or ["no backups"],
            indent=2,
        )
    found = archive.all_in(backup_dir)
    unfinished = archive.unfinished_in(backup_dir)
    unreadable = archive.unreadable_in(backup_dir)
    listed = [
        {
            "path": str(each.path),
            "database": each.manifest.database,
            "made_at": each.manifest.made_at,
            "migration": each.manifest.migration,
            "bytes": each.manifest.bytes,
            "deploy": each.manifest.ended or "not ended",
        }
        for each in found
    ]
    lines = ["  ".join(str(value or "-") for value in each.values()) for each in listed]
    lines += [f"{path}  no backup: {why}" for path, why in unreadable.items()]
    lines += [f"{path}  no backup: it was never finished" for path in unfinished]
    document = {
        "backups": listed,
        "unreadable": {str(path): why for path, why in unreadable.items()},
        "unfinished": [str(path) for path in unfinished],
    }
    return Answer(document, lines or ["no backups"], indent=2)


def _verified(names: Sequence[str], directory: Path, show: Callable[[str], None]) -> Answer:
    found = [archive.find(name, directory) for name in names] or archive.all_in(directory)
    results: dict[str, list[str]] = {}
    with process.interruptible():
        for each in found:
            problems = archive.damages(each, lambda done: show(f"{done:,} bytes read"))
            if not problems:
                try:
                    tools = archive.programs(each.manifest.program)
                    archive.read_whole(tools, each.path)
                except Failed as error:
                    problems = [error.message]
            results[str(each.path)] = problems
    if not names:
        results |= {str(path): [why] for path, why in archive.unreadable_in(directory).items()}
    lines = [f"{path}: {'; '.join(found) or 'whole'}" for path, found in results.items()]
    code = 1 if any(results.values()) else 0
    return Answer({"backups": results}, lines or ["no backups"], code, indent=2)
