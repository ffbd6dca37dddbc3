"""A report as Markdown: for a terminal, a file, or a comment on a pull request.

Its texts come from files that anybody may have written. None of them may act as markup, control a
terminal, or mention somebody with an @.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence

from migrator.core import files
from migrator.review.report import (
    PASS,
    WORDS,
    FileReview,
    Finding,
    Lock,
    MigrationReview,
    NewPair,
    Opinion,
    Proof,
    Proposal,
    RelationWork,
    Report,
    StatementReview,
    count,
    duration,
    folded,
    in_words,
    size,
    unallowed,
)
from migrator.review.rules import rule

MARKER = "<!-- migrator review -->"
_OVERVIEW = ("verdict", "migration", "worst lock", "held for", "findings", "rollback")
_LONGEST_CODE, _LONGEST_LIST = 100, 20
_NOTICED_MS = 100  # a statement without effect on rows is listed if it takes that long
_MARKUP = re.compile(r"[\\`*\[\]<~$]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)")
_QUOTED = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_BLOCK = re.compile(r"^(?=[#+=>-])|^\d+(?=[.)](\s|$))")
_CALL = re.compile(r"(@|#|\bGH-)(?=\w)", re.IGNORECASE)
_ROLLBACK = {
    "lossless": "lossless: it restores schema and rows, and the file can be applied again",
    "lossy": "lossy",
    "irreversible": "not possible",
    "not measured": "not measured",
}


def render(report: Report) -> str:
    """Return a whole report as Markdown."""
    parts = [*_head(report), *_table(_OVERVIEW, _rows(report.migrations))]
    for migration in report.migrations:
        parts += [*_verdict(migration), *_measured(migration)]
    if report.proposal:
        parts += _proposal(report.proposal)
    return "\n\n".join([*parts, *_notes(report.notes)]) + "\n"


def comment(report: Report, limit: int = 65_000) -> str:
    """Return a report as a comment for GitHub; its first line identifies it.

    Args:
        report: The review.
        limit: How many characters the comment may have. If it is too long, migrations are left out
            from the end, and then lines of the table.

    """
    total = len(report.migrations)
    title, *intro = _head(report)
    rows = _rows(report.migrations)
    told = ["\n\n".join([*_verdict(each), *_folded(each)]) for each in report.migrations]
    # How many migrations are described, and how many are in the table: fewer and fewer.
    sizes = [(each, total) for each in range(total, 0, -1)]
    sizes += [(0, each) for each in range(total, -1, -1)]

    def text(place: int) -> str:
        shown, listed = sizes[place]
        parts = [f"{MARKER}\n{title}", *intro, *_table(_OVERVIEW, rows[:listed]), *told[:shown]]
        if shown < total:
            left_out = count(total - shown, "migration")
            parts.append(f"GitHub limits the length: {left_out} left out. `review.md` has all.")
        else:
            parts += _notes(report.notes)
        return "\n\n".join(parts) + "\n"

    place = bisect_left(range(len(sizes)), True, key=lambda place: len(text(place)) <= limit)
    return text(min(place, len(sizes) - 1))


def _proposal(proposal: Proposal) -> list[str]:
    """Return what was proposed, and how its review went."""
    told = [f"# Proposal in {_code(proposal.directory)}", *_listed("", proposed(proposal))]
    after = proposal.report
    if after is None:
        return told
    told += _table(_OVERVIEW, _rows(after.migrations))
    return told + [
        part for each in after.migrations for part in (*_verdict(each), *_measured(each))
    ]


def proposed(proposal: Proposal) -> list[str]:
    """Return for each migration what was written instead, or why nothing was."""
    return [
        f"{_code(each.id)}: replaced by {', '.join(map(_code, each.by))}"
        + f"; {_sentence(each.why)}" * bool(each.why)
        if each.by
        else f"{_code(each.id)}: left as it is: {_sentence(each.why)}"
        for each in proposal.replacements
    ]


def _head(report: Report) -> list[str]:
    title = f"# Migration review: {report.headline}"
    commit = f" The files are those of commit {_code(report.commit)}." * bool(report.commit)
    if not report.migrations:
        return [title, "No migration is new or pending."]
    unknown = "unknown, so every table is assumed to be large"
    rows = f"from {_code(report.rows_from)}" if report.rows_from else unknown
    sizes = " and ".join(f"{each:,}" for each in report.sizes)
    sizes = f"{sizes} rows per table" if sizes else "the rows of a backup"
    return [
        title,
        f"Measured on {report.made_on} in {duration(report.seconds * 1000)} on PostgreSQL "
        f"{_text(report.server)}, with {sizes}. Rows in production: {rows}.{commit}",
    ]


def _findings_in_words(migrations: Iterable[MigrationReview]) -> str:
    """Return how many findings there are, and how many of them are allowed."""
    findings = [finding for each in migrations for finding in each.findings]
    gate = len(unallowed(findings))
    told = [count(gate, "finding")] * (gate > 0 or not findings)
    return ", ".join(told + [f"{len(findings) - gate} allowed"] * (gate < len(findings)))


def _rows(migrations: Sequence[MigrationReview]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for each in sorted(migrations, key=lambda each: each.rank):
        lock = next(iter(each.locks), None)
        word = WORDS[each.verdict]
        verdict = word if each.verdict == PASS else f"**{word}**"
        strongest = f"{_text(lock.words)} ({_text(lock.mode)})" if lock else "none"
        held = _held(lock, each) if lock else ""
        found = _findings_in_words([each])
        rows.append((verdict, _code(each.id), strongest, held, found, each.proof.verdict))
    return rows


def _verdict(migration: MigrationReview) -> list[str]:
    """Return what a reader decides by: the verdict, the purpose, the findings, the rollback."""
    return [
        f"## {_code(migration.id)}: {WORDS[migration.verdict]}",
        f"Purpose: {_sentence(migration.purpose or 'not said')} {_how(migration).capitalize()}.",
        *_listed("Not measured:", map(_sentence, migration.not_measured)),
        *_listed("Findings:", map(_finding, unallowed(migration.findings))),
        *_allowed(migration),
        f"Rollback: {_rollback(migration.proof)}",
    ]


def _instead(pairs: Sequence[NewPair]) -> list[str]:
    """Return the files to write instead of a migration."""
    if not pairs:
        return []
    text = "".join(
        f"-- file: {each.id}{suffix}\n{text}"
        for each in pairs
        for suffix, text in ((".sql", each.forward), (files.ROLLBACK_SUFFIX, each.rollback))
    )
    fence = "`" * (max([2, *map(len, re.findall("`+", text))]) + 1)
    shown = "\n".join(_visible(line) for line in text.splitlines())
    return ["Write instead:", f"{fence}sql\n{shown}\n{fence}"]


def _how(file: FileReview) -> str:
    how = "in one transaction" if file.transactional else "outside a transaction"
    how = "in batches" if any(each.batches for each in file.statements) else how
    return how + f", {in_words(file.duration_ms)} in total" * bool(file.duration_ms)


def _allowed(migration: MigrationReview) -> list[str]:
    """Return the allowed findings, grouped by the line that allows them."""
    told = []
    for reason in dict.fromkeys(each.allowed for each in migration.findings if each.allowed):
        title = f"Allowed until {reason.until} by line {reason.line}: {_sentence(reason.reason)}"
        found = [each for each in migration.findings if each.allowed == reason]
        told += _listed(title, map(_finding, found))
    return told


def _measured(migration: MigrationReview) -> list[str]:
    """Return the measurements behind the verdict."""
    back = migration.rollback
    return [
        *_instead(migration.instead),
        *_of_file(migration, is_whole=not migration.not_measured),
        *_notes(migration.notes),
        *([f"The rollback file, {_how(back)}:", *_of_file(back)] if back.statements else []),
        f"Checksums: {_code(migration.checksum)}, rollback {_code(back.checksum)}.",
    ]


def _of_file(file: FileReview, *, is_whole: bool = True) -> list[str]:
    told = [each for each in map(_statement, file.statements) if each]
    quiet = len(file.statements) - len(told)
    harmless = f"{count(quiet, 'statement')} without effect on existing rows."
    locked = _locks(file)
    if is_whole and not locked:
        locked = ["It locks no existing table."]
    return [
        *locked,
        *_listed("Statements:", told),
        *[harmless] * (quiet > 0),
        *_listed("squawk's warnings:", map(_opinion, file.opinions)),
    ]


def _locks(file: FileReview) -> list[str]:
    """Return a table of the locks; those on indexes of a table that are alike share a line."""
    rows = []
    for lock, *others in folded(file.locks):
        names = ", ".join(_relation(each) for each in (lock, *others))
        rows.append(
            (
                names,
                "unknown" if lock.rows is None else f"{lock.rows:,}" + ", large" * lock.large,
                _text(lock.mode),
                _text(lock.words),
                str(lock.line),
                _text(lock.until),
                _held(lock, file),
            )
        )
    head = ("relation", "rows", "lock", "effect", "from line", "until", "held for")
    return _table(head, rows)


def _relation(lock: Lock) -> str:
    kind = "" if lock.kind == "table" else f" ({_text(lock.kind)})"
    return _code(lock.relation) + kind


def _held(lock: Lock, file: FileReview) -> str:
    if lock.held_ms:
        return in_words(lock.held_ms)
    grows = any(each.ms_per_million for each in file.statements)
    return "grows with the rows" if grows else "unknown"


def _statement(statement: StatementReview) -> str:
    """Return what a statement does; an empty text if it is not worth a line."""
    does = [part for work in statement.work for part in _work(work)]
    does += [f"checks {each} against every row" for each in _few(statement.validated)]
    does += [f"drops {each} by CASCADE" for each in _few(statement.dropped)]
    does += _few(statement.gone)
    takes = statement.duration_ms
    if not (does or statement.ms_per_million or (takes and takes.estimate >= _NOTICED_MS)):
        return ""
    if batches := statement.batches:
        many = "" if batches.number is None else f" {batches.number:,}"
        does.append(
            f"runs in{many} batches of {batches.rows:,} rows, each {in_words(batches.ms)}, with "
            f"pauses of {duration(batches.pause_ms)}"
        )
    if statement.ms_per_million:
        does.append(f"takes {in_words(statement.ms_per_million)} per million rows")
    elif takes:
        does.append(f"takes {in_words(takes)}")
    if statement.wal_bytes:
        does.append(f"writes {in_words(statement.wal_bytes, size)} of WAL")
    first, *more = statement.text.strip().splitlines() or [""]
    plan = _plan(statement.batches.plan) if statement.batches else ""
    return f"Line {statement.line}, {_code(first + ' ...' * bool(more))}: {'; '.join(does)}{plan}"


def _plan(lines: Sequence[str]) -> str:
    scans = [line.strip().removeprefix("->").strip() for line in lines if " on " in line]
    return f". Its plan: {', '.join(map(_code, scans))}"


def _work(work: RelationWork) -> list[str]:
    table = _code(work.relation)
    built = work.indexes_built
    does = []
    if work.rewritten:
        does = [f"rewrites {table}" + f" and rebuilds {count(len(built), 'index')}" * bool(built)]
    elif built:
        does = [f"builds {', '.join(_few(built))} on {table}"]
    for verb, touched in (("reads", work.read), ("writes", work.written)):
        times = round(touched / work.present) if work.present else 0
        if touched and touched < work.present:
            does.append(f"{verb} {touched:,} of {work.present:,} rows of {table}")
        elif touched:
            does.append(f"{verb} every row of {table}" + f", {times} times" * (times > 1))
    return does


def _finding(finding: Finding) -> str:
    file = f" of {_code(finding.file)}" if finding.file else ""
    on = f", {_code(finding.relation)}" if finding.relation else ""
    told = f"**{_code(finding.rule)}**, line {finding.line}{file}{on}: {_sentence(finding.message)}"
    if finding.allowed:
        return told
    asked = rule(finding.rule).question
    told += f" Instead: {_sentence(finding.instead)}"
    if finding.header:
        told += f" Or write in the header: {_fenced(_line(finding.header))}."
    return told + f" To decide: {_text(asked)}" * bool(asked)


def _rollback(proof: Proof) -> str:
    told = [f"{_ROLLBACK[proof.verdict]}{f': {_text(proof.error)}' if proof.error else ''}."]
    old = " (older than the migration)"
    lost = [each + old * (each in proof.destroyed) for each in proof.lost]
    for what, items in (
        ("It loses", lost),
        ("Differences", proof.differences),
        ("INVALID indexes left", proof.invalid_indexes),
    ):
        if items:
            told.append(f"{what}: {'; '.join(_few(items))}.")
    return " ".join(told)


def _opinion(opinion: Opinion) -> str:
    why = _sentence(opinion.because or opinion.message)
    return f"{opinion.verdict}: {_code(opinion.rule)}, line {opinion.line}: {why}"


def _notes(notes: Sequence[str]) -> list[str]:
    return _listed("Notes:", map(_sentence, notes))


def _few(items: Sequence[str]) -> list[str]:
    """Return the first texts of a long list, and how many more there are."""
    more = len(items) - _LONGEST_LIST
    return [*map(_text, items[:_LONGEST_LIST]), *[f"{more} more"] * (more > 0)]


def _listed(title: str, items: Iterable[str]) -> list[str]:
    """Return a title and a list; nothing if the list is empty."""
    lines = [f"- {each}" for each in items]
    return [*[title] * bool(title), "\n".join(lines)] if lines else []


def _folded(migration: MigrationReview) -> list[str]:
    title = "Files to write instead, and measurements" if migration.instead else "Measurements"
    return [f"<details><summary>{title}</summary>", *_measured(migration), "</details>"]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table; nothing if it has no row."""
    lines = [head, ["---"] * len(head), *rows]
    shown = ("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines)
    return ["\n".join(shown)] if rows else []


def _sentence(text: str) -> str:
    """Return a text as a sentence."""
    line = _line(text)
    return _text(line if line.endswith((".", "!", "?")) else f"{line}.")


def _text(text: str) -> str:
    """Return a text as one line that Markdown shows literally, at any place.

    A part in single backquotes is shown as code, which is harmless, too.
    """
    first, *parts = _QUOTED.split(_line(text))
    shown = [_BLOCK.sub(r"\g<0>\\", _plain(first))]
    for place, part in enumerate(parts):
        shown.append(_plain(part) if place % 2 else _fenced(part))
    return "".join(shown)


def _plain(part: str) -> str:
    return _CALL.sub("\\1\u200b", _MARKUP.sub(r"\\\g<0>", part))


def _code(text: str) -> str:
    """Return a text as code on one line; a long one is cut."""
    line = _line(text) or " "
    if len(line) > _LONGEST_CODE:
        line = line[: _LONGEST_CODE - 4] + " ..."
    return _fenced(line)


def _fenced(line: str) -> str:
    fence = "`" * (max(map(len, re.findall("`+", line)), default=0) + 1)
    space = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{space}{line}{space}{fence}"


def _line(text: str) -> str:
    """Return a text as one line, without characters that control a terminal or the direction."""
    return _visible(" ".join(text.split()))


def _visible(line: str) -> str:
    return "".join(each if each.isprintable() else "\ufffd" for each in line)
