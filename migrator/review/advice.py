"""What to write instead of a migration: pairs of files, as text; else the line that allows it.

The moves of each statement come from what PostgreSQL tells of it. Statements without a finding stay
as they are; the statements of the rollback file go with those that they undo.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from migrator.core.files import SqlFile
from migrator.review import backfill, expand, locks, measure, retype
from migrator.review.evidence import FileFacts, Step
from migrator.review.findings import Evidence
from migrator.review.measure import Part
from migrator.review.moves import Changed, Move, moves, new_column
from migrator.review.report import Finding, NewPair, Proof, count
from migrator.review.rules import RULES, rule

_ANY_CASE = re.IGNORECASE | re.DOTALL
_NOT_NULL = re.compile(r"\s+NOT\s+NULL\b", re.IGNORECASE)
_WORD = re.compile(r'"[^"]+"|[\w$]+')
_NUMBER = re.compile(r"\d+(?=\.|_(?!\d))")
_FEW = 4  # files that are named one by one
_ALLOWED_FOR = timedelta(days=365)
# Findings that the moves of their statement avoid, and those that a division of the file avoids.
_OF_A_STATEMENT = {"rewrite", "scan", "index-build", "large-write", "cascade"}
_OF_RELEASES = {"breaking-change", "fails-on-rows"}  # what two releases avoid
_OF_THE_FILE = {"work-after-lock", "several-tables"}
_OF_THE_TEXT = {"locks-header", "lock-timeout", "allowance"}
_DOMAIN = (
    "NOT VALID checks new values alone and reads nothing; VALIDATE blocks writes to each table "
    "with the domain while it reads it."
)
# What helps a statement that rewrites a table, by its text.
_REWRITES = (
    (r"(VACUUM|CLUSTER)\b", "Use pg_repack."),
    (r"REFRESH\b", "REFRESH MATERIALIZED VIEW CONCURRENTLY, which needs a unique index."),
    (r".*\bTYPE\b", "Add a new column, fill it in batches, and switch the application to it."),
    (r"", "Run it in a maintenance window."),
)


@dataclass(frozen=True, slots=True)
class _Group:
    """Moves that share a file, and the places of their statements."""

    moves: tuple[Move, ...]
    places: frozenset[int]


def give(
    file: FileFacts,
    known: Evidence,
    rollback: Sequence[Part],
    found: Sequence[Finding],
    today: date,
    *,
    back: FileFacts | None,
    major: int,
    bounds: Mapping[str, str],
    unheard: Collection[str] | None,
) -> tuple[list[Finding], tuple[NewPair, ...]]:
    """Return the findings with what to do instead, and the files to write instead of the migration.

    Args:
        file: What was measured of the migration's file.
        known: What the rules know about it.
        rollback: The statements of its rollback file.
        found: The findings in both.
        today: The day of the review, from which allowances last a year.
        back: What was measured of the rollback file; None if it failed.
        major: The version of PostgreSQL.
        bounds: The condition of each partition after the file, by name.
        unheard: The rules of squawk that the project switches off; None if squawk is not there.

    """
    wrong = [each for each in found if each.allowed is None]
    undoing = _undoing(file.steps, rollback)
    about = major, bounds, known.is_large

    def way(place: int, step: Step) -> list[Move] | None:
        facts = Changed(file.watched.seen[place], step, *about)
        if not _has(step, wrong, _OF_A_STATEMENT):
            kept = replace(_kept(file, known, step), lost=", ".join(known.proof.lost))
            return expand.released(facts, kept, undoing[place]) if kept.transactional else None
        has_settings = any(each.part.is_setting for each in file.steps)
        if step.part.words[0] not in {"UPDATE", "DELETE"}:
            retyped = None if has_settings else retype.retyped(facts, undoing[place])
            return backfill.column(facts) or retyped or moves(facts)
        batches = None if has_settings else backfill.changed(facts)
        return [_undone_by(batches, undoing[place], back, about)] if batches else None

    def heard(move: Move) -> Move:
        """Return a move without what allows a warning that squawk does not give."""
        silent = {each for each, *_ in move.allowed} - {*RULES} if unheard is None else {*unheard}
        return replace(move, allowed=tuple(each for each in move.allowed if each[0] not in silent))

    ways = {
        place: [*map(heard, moved)]
        for place, step in enumerate(file.steps)
        if _has(step, wrong, _OF_A_STATEMENT | _OF_RELEASES) and (moved := way(place, step))
    }
    groups = _groups(file, known, ways, undoing, wrong)
    rules = {each.rule for each in wrong}
    is_better = not file.source.batch and (
        ways or rules & _OF_THE_TEXT or (len(groups) > 1 and rules & _OF_THE_FILE)
    )
    pairs = _pairs(file, known.proof, groups, found, today) if is_better else []
    told = []
    for each in found:
        step = _step(file.steps, each)
        is_avoided = step in ways and each.rule in RULES  # squawk's advice is on something else
        places = {step} if is_avoided else set[int | None]()
        if each.rule in _OF_THE_FILE and len(groups) > 1:
            places = {*range(len(file.steps))}
        files = [pair for pair, group in zip(pairs, groups, strict=False) if group.places & places]
        line = "" if files or each.allowed else _header(each, known, today)
        words = _words(each, file, step, files)
        told.append(replace(each, instead=words, files=tuple(files), header=line))
    return told, tuple(pairs)


def _undone_by(
    move: Move, undoing: Sequence[str], back: FileFacts | None, about: tuple[Any, ...]
) -> Move:
    """Return batches with what undoes them, which is one UPDATE in batches itself, if it can be."""
    for seen, step in zip(back.watched.seen, back.steps, strict=True) if back else ():
        if [step.part.text] == undoing and any(each.written for each in step.work):
            undo = backfill.changed(Changed(seen, step, *about))
            if undo is not None:
                return replace(move, rollback=undo.forward, back_batch=undo.batch)
    return replace(move, rollback=(*undoing,))


def without_not_null(source: SqlFile, line: int) -> str:
    """Return the statement in a line without its NOT NULL; empty if it has not just one."""
    text = next(each.text for each in measure.parts(source) if each.line == line)
    short, number = _NOT_NULL.subn("", text)
    return " ".join(short.split()) if number == 1 else ""


def _words(finding: Finding, file: FileFacts, step: int | None, files: Sequence[NewPair]) -> str:
    """Return in a sentence what to do instead."""
    if files:
        names = [f"`{each.id}`" for each in files]
        told = f"{names[0]} to {names[-1]}" if len(files) > _FEW else ", ".join(names)
        return f"Write {count(len(files), 'file')}: {told}."
    if finding.rule == "rewrite" and step is not None:
        if column := new_column(file.watched.seen[step]):
            return f"Begin with {column}. Fill old rows in batches, then add what checks them."
        text = file.steps[step].part.text
        return next(words for form, words in _REWRITES if re.match(form, text, _ANY_CASE))
    words = file.steps[step].part.words[:2] if step is not None else ()
    return _DOMAIN if finding.rule == "scan" and words == ("ALTER", "DOMAIN") else finding.instead


def _step(steps: Sequence[Step], finding: Finding) -> int | None:
    """Return the place of the statement that a finding is about; None if it is in the rollback."""
    if finding.file:
        return None
    extents = ((each.part.line, each.part.end_line) for each in steps)
    return next((n for n, (a, b) in enumerate(extents) if a <= finding.line <= b), None)


def _has(step: Step, wrong: Sequence[Finding], rules: Set[str]) -> bool:
    """Say whether a statement has a finding of some rules, or its rollback has."""
    extent = range(step.part.line, step.part.end_line + 1)
    return not step.part.is_setting and any(
        each.rule in rules and (each.file or each.line in extent) for each in wrong
    )


def _undoing(steps: Sequence[Step], rollback: Sequence[Part]) -> list[list[str]]:
    """Return for each statement those of the rollback file that are about the same names."""
    words = [{*_WORD.findall(step.part.text.lower())} for step in steps]
    weight = Counter(word for each in words for word in each)
    found: list[list[str]] = [[] for _ in steps]
    for part in rollback:
        mine = {*_WORD.findall(part.text.lower())}
        scores = [sum(1 / weight[word] for word in mine & each) for each in words]
        if scores:  # a file of comments has no statement
            best = max(range(len(scores)), key=lambda place: (scores[place], place))
            found[best].append(part.text)
    return found


def _groups(
    file: FileFacts,
    known: Evidence,
    ways: Mapping[int, list[Move]],
    undoing: Sequence[list[str]],
    wrong: Sequence[Finding],
) -> list[_Group]:
    """Return the moves of all statements, file by file."""
    too_long = {each.line for each in wrong if each.rule == "lock-timeout"}
    is_divided = any(each.rule in _OF_THE_FILE for each in wrong)
    groups: list[_Group] = []
    settings: tuple[str, ...] = ()
    is_open = False
    renamed: set[str] = set()  # what has its final name in the next release only
    for place, step in enumerate(file.steps):
        text = _text(file, step)
        if step.part.is_setting and len(file.steps) > 1:
            settings += (text,) if step.part.line not in too_long else ()
            continue
        kept = _kept(file, known, step)
        way = ways.get(place) or [kept]
        if way[-1].name in {"contract", "drop_old"}:
            renamed.add(way[-1].about)
        elif renamed & {*_WORD.findall(text.lower())}:
            way = [replace(each, is_later=True) for each in way]
        if way[0].name:
            comments = text.removesuffix(step.part.text)
            first, *more = way[0].forward
            way = [replace(way[0], forward=(comments + first, *more)), *way[1:]]
        for move in way:
            mine = frozenset({place})
            if move.name:
                groups.append(_Group((move,), mine))
                is_open = False
                continue
            forward = (text,) if move.forward == (step.part.text,) else move.forward
            held = {**move.locks, **kept.locks}
            each = replace(move, forward=(*settings, *forward), rollback=(*undoing[place],))
            each = replace(each, locks=held)
            if is_open and _fit(groups[-1].moves, each, step, known, is_divided=is_divided):
                last = groups.pop()
                each = replace(each, forward=forward)
                groups.append(_Group((*last.moves, each), last.places | mine))
            else:
                groups.append(_Group((each,), mine))
            is_open = True
    return sorted(groups, key=lambda each: each.moves[0].is_later)


def _text(file: FileFacts, step: Step) -> str:
    """Return a statement with the comments in front of it."""
    lines = file.source.text.decode().splitlines()[: step.part.line - 1]
    told: list[str] = []
    while lines and lines[-1].lstrip().startswith("--") and "review:allow" not in lines[-1]:
        told.insert(0, lines.pop())
    is_header = not any(line.strip() and not line.lstrip().startswith("--") for line in lines)
    return step.part.text if is_header else "\n".join([*told, step.part.text])


def _kept(file: FileFacts, known: Evidence, step: Step) -> Move:
    """Return a statement as it is, with its locks."""
    about = {each.relation for each in step.work} | (step.subjects or {*step.held})
    found = {table: mode for table, mode in step.held.items() if table in about}
    if step.part.words[0] == "COMMENT":
        named = {*_WORD.findall(step.part.text)} & found.keys()
        found = dict.fromkeys(named, locks.SHARE_UPDATE_EXCLUSIVE)
    for lock in known.locks:
        if lock.line == step.part.line:
            found[lock.relation] = locks.strongest([lock.mode, found.get(lock.relation, "")])
    back = not step.part.is_setting
    return Move("", "", (step.part.text,), (), found, file.source.transactional, back)


def _fit(
    group: Sequence[Move], move: Move, step: Step, known: Evidence, *, is_divided: bool
) -> bool:
    """Say whether a statement can be in the transaction of others: it locks no other table."""
    if not (move.transactional and group[-1].transactional) or move.is_later != group[-1].is_later:
        return False
    if not is_divided:
        return True
    mine, others = (
        {
            known.roots.get(table, table)
            for each in part
            for table, mode in each.locks.items()
            if locks.blocks_writes(mode)
        }
        for part in ([move], group)
    )
    works = any(known.is_much(each) for each in step.work)
    return not others or (mine <= others and not works)


def _pairs(
    file: FileFacts, proof: Proof, groups: Sequence[_Group], found: Sequence[Finding], today: date
) -> list[NewPair]:
    name = file.source.path.name.removesuffix(".sql")
    match = _NUMBER.match(name)
    header = file.source.header
    kept = [each for each in found if each.allowed]
    pairs = []
    for place, group in enumerate(groups):
        is_kept = not group.moves[0].name
        called = _called(name, group.moves[0], is_first=not place)
        same = sum(
            called == _called(name, each.moves[0], is_first=False) for each in groups[:place]
        )
        id_ = called + str(same + 1) * bool(same)
        if match:
            number = str(int(match[0]) + place).zfill(len(match[0]))
            id_ = number + id_[match.end() :]
        allowed = [each for move in group.moves for each in move.allowed]
        needed = " ".join(sorted(file.source.depends))
        lines = [f"-- depends: {needed}"] if needed and not place else []
        lines += [_allow(*each, today + _ALLOWED_FOR) for each in dict.fromkeys(allowed)]
        if is_kept:
            lines += dict.fromkeys(_again(each) for each in kept if _is_of(each, group, file))
        purpose = group.moves[0].purpose or header.get("purpose", name)
        said = _reversible(header, proof, group.moves[0])
        pairs.append(_pair(id_, purpose, group.moves, lines, said))
    return pairs


def _called(name: str, move: Move, *, is_first: bool) -> str:
    """Return the name of a move's files, after what it makes: 0002.tasks.ck_tasks_validate."""
    if move.about:
        domain, dot, change = name.rpartition(".")
        return f"{domain}.{move.about}_{move.name}" if dot else f"{change}_{move.about}_{move.name}"
    suffix = move.name or ("" if is_first else "rest")
    return f"{name}_{suffix}" if suffix else name


def _is_of(finding: Finding, group: _Group, file: FileFacts) -> bool:
    return finding.rule != "allowance" and _step(file.steps, finding) in {*group.places, None}


def _reversible(header: Mapping[str, str], proof: Proof, move: Move) -> str:
    if move.name and (move.lost or not move.batch):
        return f"lossy: {move.lost}" if move.lost else "yes"
    said = header.get("reversible", "yes")
    lost = proof.lost if said.startswith("yes") else ()
    return f"lossy: {', '.join(lost)}" if lost else said


def _pair(
    id_: str, purpose: str, parts: Sequence[Move], lines: Sequence[str], reversible: str
) -> NewPair:
    held: dict[str, str] = {}
    for part in parts:
        for relation, mode in part.locks.items():
            held[relation] = locks.strongest([held.get(relation, ""), mode])
    outside = ["-- transactional: false"]
    told = [
        f"-- purpose: {purpose}",
        f"-- locks: {_locks(held)}",
        f"-- reversible: {reversible}",
        *outside * (not all(each.transactional for each in parts)),
        *(f"-- batch: {each.batch}" for each in parts if each.batch),
        *lines,
    ]
    forward = [f"{each};" for part in parts for each in part.forward]
    back = [f"{each};" for part in reversed(parts) for each in part.rollback] or ["SELECT 1;"]
    header = outside * (not all(each.back_transactional for each in parts))
    header += [f"-- batch: {each.back_batch}" for each in parts if each.back_batch]
    texts = "\n".join([*told, *forward, ""]), "\n".join([*header, *back, ""])
    return NewPair(id_, *texts, parts[0].is_later)


def _locks(held: Mapping[str, str]) -> str:
    told = (
        f"{mode} on {relation}"
        for relation, mode in sorted(held.items())
        if locks.strength(mode) > locks.strength(locks.ROW_SHARE)
    )
    return ", ".join(told) or "none"


def _allow(rule: str, relation: str, why: str, until: date) -> str:
    on = f" on={relation}" if relation else ""
    return f'-- review:allow {rule}{on} until={until} because "{why}"'


def _again(finding: Finding) -> str:
    """Return the line that allows a finding already."""
    assert finding.allowed is not None  # noqa: S101  those alone are asked for
    allowed = finding.allowed
    return _allow(finding.rule, finding.relation, allowed.reason, allowed.until)


def _header(finding: Finding, known: Evidence, today: date) -> str:
    """Return the line of a header that helps a finding."""
    if finding.rule == "locks-header":
        held: dict[str, str] = {}
        for lock in known.locks:
            is_told = lock.kind != "sequence" or lock.mode != locks.ROW_EXCLUSIVE
            if is_told:
                held[lock.relation] = locks.strongest([held.get(lock.relation, ""), lock.mode])
        return f"-- locks: {_locks(held)}"
    if finding.rule == "rollback-loss" and known.proof.lost:
        return f"-- reversible: lossy: {', '.join(known.proof.lost)}"
    if finding.rule == "allowance":
        return ""
    why = rule(finding.rule).allowed
    return _allow(finding.rule, finding.relation, why, today + _ALLOWED_FOR)
