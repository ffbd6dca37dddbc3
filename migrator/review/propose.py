"""Writes the files that a review advises, reviews them at once, and keeps those that pass.

A proposal replaces one migration by numbered pairs. It is kept if nothing is found in any of them,
and if they end with the same schema. The original files are only read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from migrator.catalogue import objects
from migrator.catalogue.objects import COLUMN_ORDER, Catalogue
from migrator.core import files
from migrator.core.errors import Refused
from migrator.core.files import Migration
from migrator.review import allow
from migrator.review.report import (
    PASS,
    Finding,
    MigrationReview,
    NewPair,
    Proposal,
    Replacement,
    Report,
    unallowed,
)
from migrator.review.selection import Selection

Ends = Mapping[str, Catalogue]  # what a database holds after each migration, by its id
Again = Callable[[Selection], tuple[Report, Ends]]
NEXT_RELEASE = "next-release"  # the folder of what waits for it
_NUMBER = re.compile(r"\d+(?=\.|_(?!\d))")
_DEPENDS = re.compile(r"^(\s*--\s*depends\s*:)(.*)\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Planned:
    """A pair of the new set, and the migration that it stands for.

    Args:
        pair: The pair.
        of: The migration.
        is_as_before: Whether it is that migration, under its own name.
        advised: The pair as the review of the migration advised it.

    """

    pair: NewPair
    of: Migration
    is_as_before: bool
    advised: NewPair


def check(directory: Path) -> None:
    """Refuse a directory that holds something: a proposal overwrites nothing."""
    if directory.exists() and any(directory.iterdir()):
        raise Refused(
            f"{directory} is not empty, and a proposal overwrites nothing.",
            hint="Give --propose a directory that does not exist yet.",
        )


def propose(
    before: Report,
    ends: Ends,
    chosen: Selection,
    later: Sequence[Migration],
    *,
    directory: Path,
    again: Again,
) -> Report:
    """Write and review proposals; return the report with what became of them.

    Args:
        before: The review of the migrations as they are.
        ends: What it found each of them to end with.
        chosen: The migrations that were reviewed.
        later: The migrations after them, which get other numbers.
        directory: Where the files are written: a new or an empty directory.
        again: Reviews migrations like those before.

    """
    why = {each.id: _why_none(each) for each in before.migrations if not each.instead}
    wanted = {each.id: each for each in before.migrations if each.instead}
    while True:
        planned = [*_plan(wanted, chosen.remaining, later)] if wanted else []
        made = _write(directory, planned)
        if not wanted:
            break
        pairs = [*zip(made, planned, strict=True)]
        new = [m for m, each in pairs if each.of not in later]
        reviewed = frozenset(m.id for m, each in pairs if each.of.id in chosen.reviewed)
        report, after = again(replace(chosen, migrations=[*chosen.before, *new], reviewed=reviewed))
        if fewer := _without_unused(wanted, planned, report):
            wanted = fewer
            continue
        failed = _failed(wanted, planned, report, ends, after)
        if not failed:
            by = [(each.of.id, each.pair.id) for each in planned if each.of.id in wanted]
            told = objects.differences([*ends.values()][-1], [*after.values()][-1])
            order = "; ".join(each.words for each in told)  # nothing else may differ
            why |= {each.of.id: order for each in planned if each.pair.is_later}
            made_of = tuple(_replacement(each, by, why) for each in before.migrations)
            return replace(before, proposal=Proposal(str(directory), made_of, report))
        why |= failed
        wanted = {id_: each for id_, each in wanted.items() if id_ not in failed}
    left = tuple(Replacement(each.id, (), why[each.id]) for each in before.migrations)
    return replace(before, proposal=Proposal(str(directory), left, None))


def _replacement(
    migration: MigrationReview, by: Sequence[tuple[str, str]], why: Mapping[str, str]
) -> Replacement:
    mine = tuple(new for old, new in by if old == migration.id)
    return Replacement(migration.id, mine, why.get(migration.id, ""))


def _why_none(migration: MigrationReview) -> str:
    if migration.not_measured:
        return f"it was not measured: {migration.not_measured[0]}"
    found = unallowed(migration.findings)
    if not found:
        return "nothing is found in it"
    return f"there is no safe way in SQL alone: {'; '.join(_decision(each) for each in found)}"


def _plan(
    wanted: Mapping[str, MigrationReview],
    remaining: Sequence[Migration],
    later: Sequence[Migration],
) -> Iterator[_Planned]:
    """Yield the pairs of the new set, with consecutive numbers where numbers move.

    Those of the next release come last.
    """
    new: dict[str, str] = {}
    last: list[_Planned] = []
    shift, id_ = 0, ""
    for migration in (*remaining, *later):
        text = migration.source.text.decode()
        rollback = files.read(migration.rollback_path).text.decode()
        review = wanted.get(migration.id)
        pairs = review.instead if review else (NewPair(migration.id, text, rollback),)
        now = [each for each in pairs if not each.is_later]
        last += [
            _Planned(each, migration, is_as_before=False, advised=each)
            for each in pairs
            if each.is_later
        ]
        new[migration.id] = ""
        for each in now:
            new[migration.id] = id_ = _renumbered(each.id, shift)
            pair = replace(each, id=id_, forward=_DEPENDS.sub(_renamed(new), each.forward))
            yield _Planned(pair, migration, is_as_before=not (review or shift), advised=each)
        shift += len(now) - 1
        id_ = id_ or _renumbered(migration.id, -1)
    for place, planned in enumerate(last, 1):
        shift = _number(id_) - _number(planned.pair.id) + place
        pair = replace(planned.pair, id=_renumbered(planned.pair.id, shift))
        yield replace(planned, pair=pair)


def _number(id_: str) -> int:
    match = _NUMBER.match(id_)
    return int(match[0]) if match else 0


def _renumbered(id_: str, shift: int) -> str:
    match = _NUMBER.match(id_)
    if match is None:
        return id_
    return str(int(match[0]) + shift).zfill(len(match[0])) + id_[match.end() :]


def _renamed(new: Mapping[str, str]) -> Callable[[re.Match[str]], str]:
    """Return what writes a line of dependencies with the new names."""

    def line(found: re.Match[str]) -> str:
        names = " ".join(filter(None, (new.get(each, each) for each in found[2].split())))
        return f"{found[1]} {names}\n" if names else ""

    return line


def _write(directory: Path, planned: Sequence[_Planned]) -> list[Migration]:
    """Write the files of a set, and nothing else; return its migrations."""
    for path in directory.rglob("*.sql"):  # of the attempt before
        path.unlink()
    made = []
    for each in planned:
        if each.is_as_before:
            made.append(each.of)
            continue
        place = directory / NEXT_RELEASE if each.pair.is_later else directory
        place.mkdir(parents=True, exist_ok=True)
        path = place / f"{each.pair.id}.sql"
        rollback = place / f"{each.pair.id}{files.ROLLBACK_SUFFIX}"
        files.write(path, each.pair.forward)
        files.write(rollback, each.pair.rollback)
        made.append(Migration(each.pair.id, files.read(path), rollback))
    return made


def _without_unused(
    wanted: Mapping[str, MigrationReview], planned: Sequence[_Planned], report: Report
) -> dict[str, MigrationReview]:
    """Return the proposals without the lines that allow what is not found; empty if all are."""
    reviews = {each.id: each for each in report.migrations}
    shorter: dict[str, NewPair] = {}
    for each in planned:
        found = unallowed(reviews[each.pair.id].findings) if each.of.id in wanted else []
        if not found or {one.rule for one in found} != {allow.RULE}:
            continue
        text = each.pair.forward.splitlines(keepends=True)
        unused = {text[one.line - 1] for one in found}
        kept = (
            line for line in each.advised.forward.splitlines(keepends=True) if line not in unused
        )
        shorter[each.advised.id] = replace(each.advised, forward="".join(kept))
    if not shorter:
        return {}
    return {
        id_: replace(review, instead=tuple(shorter.get(each.id, each) for each in review.instead))
        for id_, review in wanted.items()
    }


def _failed(
    wanted: Mapping[str, MigrationReview],
    planned: Sequence[_Planned],
    report: Report,
    ends: Ends,
    after: Ends,
) -> dict[str, str]:
    """Return the migrations whose proposals do not pass, and why."""
    found = {}
    reviews = {each.id: each for each in report.migrations}
    split = {each.of.id for each in planned if each.pair.is_later}
    for old in wanted:
        mine = [each.pair.id for each in planned if each.of.id == old]
        bad = [reviews[each] for each in mine if reviews[each].verdict != PASS]
        if bad:
            first = bad[0]
            told = [*first.not_measured, *map(_decision, unallowed(first.findings))]
            found[old] = f"its proposal does not pass: {first.id}: {'; '.join(told)}"
        elif not split and (differs := _differ(ends[old], after[mine[-1]])):
            found[old] = differs
    if split and not found:  # what is between the releases has no like before
        differs = _differ([*ends.values()][-1], [*after.values()][-1])
        found |= dict.fromkeys(split, differs) if differs else {}
    return found


def _differ(expected: Catalogue, found: Catalogue) -> str:
    """Return why a proposal is none: with what other schema it ends; empty for the same."""
    told = objects.differences(expected, found, without={COLUMN_ORDER})
    return f"its proposal ends with another schema: {told[0].words}" if told else ""


def _decision(finding: Finding) -> str:
    line = f" (a line that allows it: `{finding.header}`)" if finding.header else ""
    return f"{finding.rule}: {finding.message}{line}"
