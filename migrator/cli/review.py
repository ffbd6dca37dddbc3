"""The command `review`: which migrations, on which server, and in which formats."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from migrator.cli.command import Command
from migrator.core import files
from migrator.core.errors import Refused
from migrator.core.process import interruptible, option_value
from migrator.core.session import Session, open_connection
from migrator.core.target import Target
from migrator.review import markdown, sarif, selection
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
    scratch: str | None,
) -> Report:
    """Review migrations.

    Args:
        command: What the options before the command's name say.
        ids: The migrations to review; empty for those that are pending or new.
        against: Review what is new since this git revision, or pending on this database; None for
            what is pending on the target.
        rows: A file with the number of rows of each relation in production.
        scratch: The server for the scratch databases; None for one that is thrown away.

    Raises:
        Refused: The review cannot begin.

    """
    if ids and against is not None:
        raise Refused("IDs and --against exclude each other.", hint="Give either IDs or --against.")
    against, scratch = option_value(against, "--against"), option_value(scratch, "--scratch")
    project = command.project
    known = counts.read(rows) if rows is not None else None
    with interruptible():
        chosen, session = _choose(command, ids, against)
        with _scratch(command, scratch) as databases:
            notes = chosen.notes
            if session is not None:
                with session.connection:
                    notes += _compared(session, databases)
            chosen = replace(chosen, notes=notes)
            runner = Review(project, chosen, databases, counts=known, say=command.say)
            return runner.run(str(rows or ""), date.today())


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
