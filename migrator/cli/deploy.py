"""The commands `deploy`, `restore` and `backups`: from the options to the answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from migrator.backup import archive, programs, retention
from migrator.backup import dump as making
from migrator.backup.databases import administrator
from migrator.backup.dump import BackupOptions
from migrator.backup.restore import RestoreOptions
from migrator.cli.command import Command
from migrator.core import lock, process
from migrator.core.errors import Failed, MigratorError, Refused
from migrator.core.plan import Plan
from migrator.core.runner import Runner
from migrator.core.session import NoConnection
from migrator.core.steps import Steps
from migrator.deploy import closing, records, rehearsal, restore
from migrator.deploy.plan import planned
from migrator.deploy.prerequisites import (
    DeployOptions,
    no_restore,
    other_owners,
    server_facts,
    why_no_copy,
)
from migrator.deploy.resume import InterruptedDeploy
from migrator.deploy.run import Deploy

Confirm = Callable[[list[str], str], None]
_APPROVE = "Look at it with --dry-run, then give --approve DIGEST; or --yes."
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
    end: str | None,
    dry_run: bool,
    review: Path | None,
    **how: Any,
) -> Answer:
    """Make a deploy, show what it would be, or end one that was cut off.

    Args:
        command: What the options before the command's name say.
        steps: Told what is done.
        confirm: Asked with the plan.
        end: resume, undo or leave, for a deploy that was cut off.
        dry_run: Whether only to show.
        review: A report of `review`, as JSON.
        **how: The other options, by their names in cli/options; those that are left are of Limits.

    """
    take = how.pop
    kind, reason = take("backup"), take("reason") or ""
    if end is None and kind != "dump" and not reason:
        raise Refused(
            f"--backup {kind} needs a reason, which is kept in the history.",
            hint="Give --reason TEXT: which backup there is, or why there is none.",
        )
    backup = BackupOptions(
        kind=kind,
        reason=reason,
        directory=take("backup_dir").resolve(),  # its path is kept in the history
        format=take("backup_format"),
        jobs=take("jobs"),
        compress=take("compress") or "",
        leave_out=tuple(take("exclude_table_data")),
        lock_wait_ms=how["online_wait_ms"],
    )
    options = DeployOptions(
        backup=backup,
        closed=take("closed"),
        rehearse=take("rehearse"),
        rehearse_on=command.other_target(take("rehearse_on"), "--rehearse-on"),
        admin=command.other_target(take("admin"), "--admin"),
        longest_transaction_ms=take("longest_ms"),
        approve=take("approve"),
        confirm=lambda lines: confirm(lines, _APPROVE),
        undo=take("on_failure") == "undo",
    )
    made = InterruptedDeploy(_found(command, how, is_cut_off=end is not None), options, steps)
    if dry_run:
        return _shown(made, review or command.root / _REVIEW)
    try:
        result = made.begin() if end is None else made.end(end)
    except MigratorError as error:
        outcome = "refused" if isinstance(error, Refused) else "failed"
        steps.end("deploy", outcome, ended=made.ended, error=error.message, state=error.state)
        raise
    steps.end("deploy", result.outcome, digest=result.digest, backup=result.backup)
    lines = ["nothing to do"]
    if result.outcome != "nothing to do":
        lines = [f"applied {each}" for each in (*result.migrations, *result.seeds)]
        lines += [f"deploy: {result.outcome}", *(f"wrote {path}" for path in result.reports)]
    return Answer(asdict(result), lines)


def _found(command: Command, limits: dict[str, Any], *, is_cut_off: bool) -> Runner:
    """Connect to the target; to end a deploy, under the name that it has while it is closed."""
    if not is_cut_off:
        return command.named_runner(**limits)
    try:
        runner = command.named_runner(**limits)
    except NoConnection as error:
        if (away := command.closed_target(error)) is None:
            raise
        return command.runner_at(away, **limits)
    if records.under_way(runner.session) is None:  # is another database there by that name?
        name = closing.closed_name(runner.session.facts.database)
        with suppress(NoConnection):
            other = command.runner_at(runner.target.beside(name), **limits)
            if records.under_way(other.session) is not None:
                return other
    return runner


def _shown(made: Deploy, review: Path) -> Answer:
    """Show what a deploy would be: the plan, its SQL, the review's verdict, proofs, the digest."""
    from migrator.core.script import script

    found, plan = made.check()
    with process.interruptible():
        found = made.prove(found, plan, is_dry=True)
    approved = made.approval(plan)
    lines = made.in_words(found, plan, approved)
    verdicts = _verdicts(plan, review)
    text = script(made.runner.session, plan, made.runner.migrations, rollback=False)
    document = {
        "digest": approved.digest,
        **made.options.terms,
        "plan": planned(plan).files(),
        "sql": text,
        "review": verdicts,
        "rehearsal": found.no_rehearsal or "yes",
        "rollback": made.proofs.rollback,
        "restore": made.proofs.restore,
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
    no_owner: bool,
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
        no_owner: Whether owners and grants are left out.

    """
    found = archive.find(backup, backup_dir)
    with steps.step("read") as detail:
        if damaged := archive.damages(found, lambda done: steps.show(f"{done:,} bytes read")):
            raise Refused(
                f"{found.path} is damaged: {'; '.join(damaged)}.",
                hint=f"See which are whole:\n        {process.command('backups', 'verify')}",
            )
        detail["bytes"] = found.manifest.bytes
    runner = _reached(command, found, into)
    manager = command.other_target(admin, "--admin")
    current = runner.session.facts.database
    facts = server_facts(runner.session.connection)
    server = administrator(runner.target, current, manager)
    owners = other_owners(runner) if into is None else []
    why = no_restore(facts, server, why_no_copy(runner, server, owners), is_swap=into is None)
    if why or server is None:
        raise Refused(
            f"{found.path} cannot be restored here: {why}.",
            hint="Name a role that may create and rename databases: --admin URL.",
        )
    tools = programs.programs(max(facts.major, found.manifest.program))
    how = RestoreOptions(tools, jobs, has_owners=not no_owner)
    if into is not None:
        with process.interruptible():
            restored = restore.into_new(found, server, how, into, steps)
    else:
        manifest = found.manifest
        confirm(
            [
                f"database {current} gets the contents that {manifest.database} had at "
                f"{manifest.made_at}: {len(manifest.history)} migrations, the last "
                f"{manifest.migration or 'none'}",
                "what is there now, with all that was written since, is set aside under another "
                "name; whoever is connected is ended",
            ],
            "Give --yes if that is meant.",
        )
        with process.interruptible():
            lock.take(runner.session, runner.limits.lock_wait_s, runner.say)
            restored = restore.over(
                found, server, how, runner, steps,
                name=current, reason=f"{found.path.name} was restored",
            )  # fmt: skip
    with suppress(OSError):
        if into is None and found.manifest.ended is None:
            found.ended("restored")
    lines = [f"restored {restored.database} from {found.path}"]
    lines += [f"the database before it is {restored.aside}"] * bool(restored.aside)
    lines += [f"not as it was: {note}" for note in restored.notes]
    if found.manifest.left_out:
        lines.append(f"without the rows of {', '.join(found.manifest.left_out)}")
    steps.end("restore", "restored", database=restored.database, aside=restored.aside)
    document = {
        "backup": str(found.path),
        "database": restored.database,
        "aside": restored.aside,
        "notes": restored.notes,
    }
    return Answer(document, lines)


def _reached(command: Command, found: archive.Backup, into: str | None) -> Runner:
    """Connect to the target; where it is gone, to its server, or say how a backup makes it anew."""
    try:
        return command.named_runner()
    except NoConnection as error:
        if into is None:
            again = process.command("restore", str(found.path), "--into", found.manifest.database)
            raise NoConnection(
                error.message, hint=f"If the database is gone, make it anew:\n        {again}"
            ) from None
        for name in ("postgres", "template1"):
            with suppress(NoConnection):
                return command.runner_at(command.target(must_be_named=True).beside(name))
        raise


def backups(
    command: Command,
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
    """List, make, verify or prune backups.

    Args:
        command: What the options before the command's name say.
        steps: Told how far it is.
        action: list, make, verify or prune.
        names: Those to verify; none for all.
        backup_dir: Where they are.
        keep: How many of each database prune keeps.
        days: How old, in days, a backup may be for prune to keep it.
        dry_run: Whether prune only says what it would remove.

    """
    show = steps.show
    if action == "verify":
        return _verified(names, backup_dir, show)
    if action == "make":
        return _made(command, steps, backup_dir)
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
    return _listed(backup_dir)


def _listed(directory: Path) -> Answer:
    unfinished = [str(path) for path in archive.unfinished_in(directory)]
    unreadable = {str(path): why for path, why in archive.unreadable_in(directory).items()}
    listed = [
        {
            "path": str(each.path),
            "database": each.manifest.database,
            "made_at": each.manifest.made_at,
            "migration": each.manifest.migration,
            "bytes": each.manifest.bytes,
            "deploy": each.manifest.ended or "not ended",
        }
        for each in archive.all_in(directory)
    ]
    none = unreadable | dict.fromkeys(unfinished, "it was never finished")
    lines = ["  ".join(str(value or "-") for value in each.values()) for each in listed]
    lines += [f"{path}  no backup: {why}" for path, why in none.items()]
    document = {"backups": listed, "unreadable": unreadable, "unfinished": unfinished}
    return Answer(document, lines or ["no backups"], indent=2)


def _verified(names: Sequence[str], directory: Path, show: Callable[[str], None]) -> Answer:
    found = [archive.find(name, directory) for name in names] or archive.all_in(directory)
    results: dict[str, list[str]] = {}
    with process.interruptible():
        for each in found:
            problems = archive.damages(each, lambda done: show(f"{done:,} bytes read"))
            if not problems:
                try:
                    tools = programs.programs(each.manifest.program)
                    programs.read_whole(tools, each.path)
                except Failed as error:
                    problems = [error.message]
            results[str(each.path)] = problems
    if not names:
        results |= {str(path): [why] for path, why in archive.unreadable_in(directory).items()}
    proofs = {str(each.path): _proved(each) for each in found}
    lines = [f"{path}: {'; '.join(told) or proofs[path]}" for path, told in results.items()]
    code = 1 if any(results.values()) else 0
    document = {"backups": results, "proved": proofs}
    return Answer(document, lines or ["no backups"], code, indent=2)


def _proved(backup: archive.Backup) -> str:
    """Say what is proved of a backup that can be read to its end."""
    proof = rehearsal.noted(backup)
    if proof is None:
        return "readable to its end; not proved to be restorable"
    return f"readable to its end; restore: {proof.restore_words}"


def _made(command: Command, steps: Steps, directory: Path) -> Answer:
    """Back up the target, for no deploy."""
    runner = command.named_runner()
    major = runner.session.connection.info.server_version // 10000
    wanted = BackupOptions("dump", "", directory.resolve(), "custom", 1, "", (), 600_000)
    with process.interruptible():
        made = making.make(
            runner,
            programs.programs(major),
            wanted,
            {"id": 0, "digest": ""},
            database=runner.session.facts.database,
            show=steps.show,
        ).ended("made by hand")
    return Answer({"backup": str(made.path)}, [str(made.path)], indent=2)
