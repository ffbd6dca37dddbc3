"""The command `review`: which migrations, on which server, and in which formats."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from migrator.backup import restore
from migrator.backup.programs import programs
from migrator.cli.command import Command
from migrator.cli.options import BACKUPS
from migrator.core import files
from migrator.core.errors import Failed, Refused
from migrator.core.process import interruptible, option_value
from migrator.core.runner import Runner
from migrator.core.session import Limits, Session, open_connection
from migrator.core.target import Target
from migrator.review import markdown, sarif, selection
from migrator.review import propose as proposals
from migrator.review.propose import Ends
from migrator.review.report import WORDS, Report
from migrator.review.run import Review
from migrator.review.selection import Selection
from migrator.rows import counts
from migrator.server.scratch import OwnScratch, Scratch

_FACTS = "SELECT pg_postmaster_start_time(), current_setting('port')"


def review(
    command: Command,
    ids: Sequence[str],
    *,
    against: str | None,
    rows: Path | None,
    source: str | None,
    scratch: str | None,
    propose: Path | None = None,
) -> Report:
    """Review migrations.

    Args:
        command: What the options before the command's name say.
        ids: The migrations to review; empty for those that are pending or new.
        against: Review what is new since this git revision, or pending on this database; None for
            what is pending on the target.
        rows: A file with the number of rows of each relation in production.
        source: A backup, or any archive of pg_dump, whose rows take the place of made-up ones. It
            decides what is pending, unless `ids` or `against` say what is reviewed.
        scratch: The server for the scratch databases; None for one that is thrown away.
        propose: Where to write files to apply instead; None not to.

    Raises:
        Refused: The review cannot begin.

    """
    if ids and against is not None:
        raise Refused("IDs and --against exclude each other.", hint="Give either IDs or --against.")
    against, scratch = option_value(against, "--against"), option_value(scratch, "--scratch")
    if propose is not None:
        proposals.check(propose)
    project = command.project
    known = counts.read(rows) if rows is not None else None
    with interruptible():
        dump = _dump(option_value(source, "--from"))
        chosen, session = None, None
        if ids or against is not None or dump is None:
            chosen, session = _choose(command, ids, against)
        with _scratch(command, scratch) as databases:
            notes: tuple[str, ...] = ()
            if session is not None:
                with session.connection:
                    notes += _compared(session, databases)
            real = None
            if dump is not None:
                real, told = _restored(command, dump, databases)
                notes += told
                chosen = _on(command, real, dump, chosen)
                with open_connection(real) as connection:
                    known = known or counts.estimate(connection)[0]
            assert chosen is not None  # noqa: S101  a backup decides where nothing else does
            chosen = replace(chosen, notes=chosen.notes + notes)

            def measure(selected: Selection, where: Scratch) -> tuple[Report, Ends]:
                work = Review(project, selected, where, counts=known, say=command.say, real=real)
                return work.run(str(rows or dump or ""), date.today()), work.ends

            def again(selected: Selection) -> tuple[Report, Ends]:
                with type(databases)(databases.server) as others:
                    return measure(selected, others)

            report, ends = measure(chosen, databases)
            if propose is None:
                return report
            command.say(f"writing proposals to {propose}, and reviewing them")
            migrations = files.discover(project.migrations, project.apart)
            known_ids = {each.id for each in chosen.migrations}
            later = [each for each in migrations if each.id not in known_ids]
            return proposals.propose(report, ends, chosen, later, directory=propose, again=again)


def _dump(named: str | None) -> Path | None:
    """Return where a backup is: a path, or a name in the directory of backups."""
    if named is None:
        return None
    places = [Path(named), Path(BACKUPS, named)]
    for each in places:
        if each.exists():
            return each
    raise Refused(
        f"There is no backup {named}.", hint="Give a path, or a name that `backups list` shows."
    )


def _restored(command: Command, dump: Path, databases: Scratch) -> tuple[Target, tuple[str, ...]]:
    """Return a scratch database with the rows of a backup, and notes on what was left out."""
    command.say(f"restoring {dump}")
    with open_connection(databases.server) as connection:
        major = connection.info.server_version // 10000
    try:
        real, left = restore.copied(dump, databases, programs(major))
    except Failed as error:
        raise Refused(
            f"{dump} cannot be used: {error.message}",
            hint="It must be an archive of pg_dump (--format=custom or directory). If the server "
            "lacks an extension, give one that has it (--scratch URL), or the programs of one "
            "(MIGRATOR_PG_BIN=DIRECTORY).",
        ) from error
    left = [*([] if databases.is_own else ["owners and privileges"]), *left]
    return real, tuple(f"{dump} was restored without {each}" for each in left)


def _on(command: Command, real: Target, dump: Path, chosen: Selection | None) -> Selection:
    """Return the migrations to review on a backup: without those that it has.

    Args:
        command: As of `review`.
        real: The restored backup.
        dump: Where the backup is.
        chosen: The migrations to review; None for those that are pending there.

    Raises:
        Refused: The backup does not say what is pending, or has a migration already.

    """
    runner = Runner(command.project, real, Limits(beside_others=True), command.say)
    with runner.session.connection:
        has_history = runner.session.facts.has_history
        planned = runner.migrate(to=None, with_seeds=False, dry_run=True)
        applied = runner.state().applied if has_history else chosen.before if chosen else []
    if chosen is None and not has_history:
        raise Refused(
            f"{dump} has no history of migrations, so it does not tell what is pending.",
            hint="Name the migrations that come next: review --from BACKUP ID ...",
        )
    chosen = chosen or selection.pending(applied, planned.migrations)
    known = {each.id for each in applied}
    if had := sorted(known & chosen.reviewed):
        raise Refused(
            f"{dump} has {had[0]} already, so it cannot be reviewed on it.",
            hint="Give an older backup, or leave out --from.",
        )
    rest = [each for each in chosen.migrations if each.id not in known]
    return replace(chosen, migrations=rest)


def reviewed(
    command: Command, *, ids: Sequence[str], formats: Sequence[str], out: Path | None, **how: Any
) -> tuple[dict[str, Any], list[str], int]:
    """Review migrations; return the answer as a document and as text, and the exit code.

    Args:
        command: As of `review`.
        ids: As of `review`.
        formats: As of `told`.
        out: As of `told`.
        **how: What else `review` takes.

    """
    if "html" in formats or (out is not None and not formats):
        import migrator.review.html  # noqa: F401  what it needs may be missing: not told at the end
    report = review(command, ids, **how)
    return report.document(), rendered(report, formats, out), report.exit_code


def rendered(report: Report, wanted: Sequence[str], out: Path | None) -> list[str]:
    """Return a report as text, or write it to files and return a summary.

    Args:
        report: The review.
        wanted: The formats; empty for md, or with `out` for all formats.
        out: The directory to write to; None to return the text.

    """
    if out is None:
        return [_FORMATS[each](report) for each in wanted or ("md",)]
    out.mkdir(parents=True, exist_ok=True)
    texts = {f"review.{each}": _FORMATS[each](report) for each in wanted or _FORMATS}
    if not wanted:
        texts["comment.md"] = markdown.comment(report)
    for name, text in texts.items():
        files.write(out / name, text)
    return [*_summary(report), *(f"wrote {out / name}" for name in texts)]


def _choose(
    command: Command, ids: Sequence[str], against: str | None
) -> tuple[Selection, Session | None]:
    """Return the migrations to review, and a session on the database that decided that, if any."""
    if ids:
        return selection.by_id(command.project, ids), None
    if against is not None and "://" not in against and "=" not in against:
        return selection.since(command.project, against), None
    runner = (command if against is None else command.on(against, "--against")).runner(
        beside_others=True  # nothing is applied there
    )
    planned = runner.migrate(to=None, with_seeds=False, dry_run=True)
    return selection.pending(runner.state().applied, planned.migrations), runner.session


@contextmanager
def _scratch(command: Command, named: str | None) -> Iterator[Scratch]:
    """Begin with the named server, else with one that is thrown away."""
    with ExitStack() as stack:
        place = command.other_target(named, "--scratch")
        is_own = place is None
        if place is None:
            command.say("starting a server for this review")
            url = stack.enter_context(command.server.throwaway())
            place = Target.parse(url, "a server for this review")
        command.say(f"scratch databases: {place.shown}")
        yield stack.enter_context(OwnScratch(place) if is_own else Scratch(place))


def _compared(session: Session, databases: Scratch) -> tuple[str, ...]:
    """Refuse a scratch server that is the target's own; return notes if the versions differ."""
    with open_connection(databases.server) as connection:
        theirs = connection.execute(_FACTS).fetchone()
        version = connection.info.server_version // 10000
    if theirs == session.connection.execute(_FACTS).fetchone():
        raise Refused(
            "The scratch server is the target's own server; a review would slow it down.",
            hint="Give another server with --scratch, or leave --scratch out: a server is "
            "started for the review.",
        )
    on_target = session.connection.info.server_version // 10000
    if on_target == version:
        return ()
    return (f"measured on PostgreSQL {version}; the target is PostgreSQL {on_target}",)


def _summary(report: Report) -> list[str]:
    lines = []
    for each in report.migrations:
        lines.append(f"{each.id}: {WORDS[each.verdict]}")
        lines += [f"    {why}" for why in each.not_measured]
        lines += [
            f"    {found.file or each.path}:{found.line}: {found.rule}: {found.message}"
            + (" (allowed)" if found.allowed else "")
            for found in each.findings
        ]
    if report.proposal:
        lines += markdown.proposed(report.proposal)
    return [*(lines or ["nothing to review"])]


def _html(report: Report) -> str:
    from migrator.review.html import render

    return render(report)


_FORMATS: dict[str, Callable[[Report], str]] = {
    "md": markdown.render,
    "json": lambda report: json.dumps(report.document(), indent=2) + "\n",
    "sarif": sarif.render,
    "html": _html,
}
