"""From what was seen to facts by relation: what each statement did, and which locks it left."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from migrator.review import catalogue, locks
from migrator.review.catalogue import BrokenReference, CatalogueState, Relation
from migrator.review.measure import FileTrace, Part, Trace
from migrator.review.report import RelationWork

_HOLDS_ROWS = "rm"
_LOCKED_FOR_ROWS = "rpmf"
_READS_WHOLE = {"VACUUM", "CLUSTER", "REINDEX", "REFRESH"}
_RUNS_CODE = {"DO", "SELECT", "CALL", "WITH"}
# Less than this share of a table's rows is a batch.
SHARE_OF_A_BATCH = 0.1


@dataclass(frozen=True, slots=True)
class Step:
    """One statement: the facts.

    Args:
        part: The statement.
        taken: Each lock that is new, or stronger than before, by the relation's oid.
        held: What is held on each table once the statement has run, by the table's name; the lock
            on an index counts as one on its table where it stops queries on that.
        work: What it did to each table that existed before the file.
        validated: Constraints that were checked against rows.
        dropped: What a CASCADE took along.
        gone: What an application may name that is gone, and that the file does not make anew.
        emptied: Tables that lost all rows at once.
        said: What PostgreSQL said.
        lock_timeout_ms: As it stands after the statement.

    """

    part: Part
    taken: dict[int, str]
    held: dict[str, str]
    work: tuple[RelationWork, ...]
    validated: tuple[str, ...]
    dropped: tuple[str, ...]
    gone: tuple[BrokenReference, ...]
    emptied: tuple[str, ...]
    said: tuple[str, ...]
    lock_timeout_ms: int


def steps(watched: FileTrace, present: Mapping[str, int], *, transactional: bool) -> list[Step]:
    """Return the facts of a file's statements.

    Args:
        watched: What was seen.
        present: How many rows each table had.
        transactional: Whether locks stay until the end of the file.

    """
    found = []
    had: dict[int, str] = {}
    for seen in watched.seen:
        # A lock on what the file itself made stops nobody.
        mine = {oid: mode for oid, mode in seen.locks.items() if oid in watched.before.relations}
        taken = {
            oid: mode
            for oid, mode in mine.items()
            if locks.strength(mode) > locks.strength(had.get(oid, ""))
        }
        had = mine if transactional else {}
        gone = catalogue.broken(seen.before, seen.after)
        dropped = _dropped(seen)
        work, emptied = _work(seen, watched.before, present)
        found.append(
            Step(
                seen.part,
                taken,
                _held(mine, watched.before, seen.after),
                work,
                _validated(seen, watched.before, work),
                tuple(dropped),
                tuple(
                    each
                    for each in gone
                    if _is_missed(each, watched.names)
                    and each.words.removesuffix(" is gone") not in dropped
                ),
                emptied,
                tuple(dict.fromkeys(seen.said)),
                seen.lock_timeout_ms,
            )
        )
    return found


def _is_missed(thing: BrokenReference, names: Collection[str]) -> bool:
    """Say whether an application misses a thing: not what went with its table, or is there anew."""
    if thing.is_part and thing.relation not in names:
        return False
    return thing.name not in names or not (thing.is_replaceable or thing.is_part)


def with_work(found: Sequence[Step], watched: FileTrace, present: Mapping[str, int]) -> list[Step]:
    """Return facts with what the same statements did on more rows, where there were more.

    A statement that touches a thousand rows touches all of a small table, and not of a large one.
    """
    steps = []
    for step, seen in zip(found, watched.seen, strict=True):
        more = {each.relation: each for each in _work(seen, watched.before, present)[0]}
        work = tuple(
            more.get(each.relation, each) if present.get(each.relation, 0) > each.present else each
            for each in step.work
        )
        steps.append(replace(step, work=work))
    return steps


def _work(
    seen: Trace, before: CatalogueState, present: Mapping[str, int]
) -> tuple[tuple[RelationWork, ...], tuple[str, ...]]:
    done, emptied = [], []
    for old in before.relations.values():
        first, last = seen.before.relations.get(old.oid), seen.after.relations.get(old.oid)
        if old.kind not in _HOLDS_ROWS or first is None or last is None:
            continue
        indexes = [each for each in seen.after.relations.values() if each.is_index]
        mine = [each for each in indexes if each.table == old.oid]
        read = last.read - first.read + sum(_read_more(each, seen.before) for each in mine)
        written = 0 if old.kind == "m" else last.written - first.written
        rewritten = first.filenode != last.filenode
        rows = present.get(old.name, 0)
        if old.name.rpartition(".")[2].strip('"') in seen.verified:
            read = max(read, rows)
        if seen.part.words[0] in _READS_WHOLE and _is_at_work_on(old, seen):
            read = max(read, rows)
        if rewritten and _truncates(seen, read):
            emptied.append(old.name)
            continue
        built = tuple(each.name for each in mine if _is_built(each, seen.before))
        if read > 0 or written > 0 or rewritten or built:
            done.append(
                RelationWork(old.name, rows, max(0, read), max(0, written), rewritten, built)
            )
    return tuple(done), tuple(emptied)


def _read_more(index: Relation, before: CatalogueState) -> int:
    was = before.relations.get(index.oid)
    return index.read - (was.read if was else 0)


def _is_built(index: Relation, before: CatalogueState) -> bool:
    was = before.relations.get(index.oid)
    return index.filenode != 0 and (was is None or was.filenode != index.filenode)


def _is_at_work_on(table: Relation, seen: Trace) -> bool:
    """Say whether a maintenance command locked a table, and not only looked at it."""
    mode = seen.locks.get(table.oid, "")
    return locks.strength(mode) >= locks.strength(locks.SHARE_UPDATE_EXCLUSIVE)


def _truncates(seen: Trace, read: int) -> bool:
    """Say whether storage was replaced by empty storage: nothing was read to fill it."""
    if seen.part.words[0] == "TRUNCATE":
        return True
    rewrote = any("rewriting table" in each for each in seen.said)
    return seen.part.words[0] in _RUNS_CODE and read <= 0 and not rewrote


def _validated(
    seen: Trace, before: CatalogueState, work: Sequence[RelationWork]
) -> tuple[str, ...]:
    """Return the constraints that became valid in a statement that read their table."""
    read = {each.relation for each in work if each.read}
    told = []
    for oid, constraint in seen.after.constraints.items():
        was = seen.before.constraints.get(oid)
        table = before.relations.get(constraint.table)
        became_valid = constraint.is_validated and (was is None or not was.is_validated)
        if table and became_valid and table.name in read:
            told.append(f"{constraint.name} on {table.name}")
    return tuple(told)


def _dropped(seen: Trace) -> list[str]:
    """Return what vanished that the statement does not name, if a CASCADE may have taken it."""
    text = seen.part.text
    if not re.search(r"\bcascade\b", text, re.IGNORECASE):
        return []
    named = {each.strip('"') for each in re.findall(r'"[^"]+"|[\w$]+', text)}
    named |= {each.lower() for each in named}
    vanished = [
        thing
        for thing in catalogue.vanished(seen.before, seen.after)
        if not _is_named(thing.name, thing.type, named)
    ]
    return [thing.shown for thing in vanished]


def _is_named(name: str, kind: str, named: set[str]) -> bool:
    """Say whether a statement names a thing itself, and not only the table that it is on."""
    own = name.split(" on ", maxsplit=1)[0] if " on " in name else name.rpartition(".")[2]
    if kind in {"function", "procedure", "aggregate"}:
        own = name.partition("(")[0].rpartition(".")[2]
    return own.strip('"') in named


def _held(mine: Mapping[int, str], before: CatalogueState, after: CatalogueState) -> dict[str, str]:
    held: dict[str, str] = {}
    for oid, mode in mine.items():
        relation = before.relations[oid]
        table = before.relations.get(relation.table, relation)
        if table.kind not in _LOCKED_FOR_ROWS:
            continue
        if table.kind == "m" and mode != locks.ACCESS_EXCLUSIVE:  # nobody but REFRESH writes it
            continue
        if relation.is_index and (mode != locks.ACCESS_EXCLUSIVE or oid not in after.relations):
            continue
        held[table.name] = locks.strongest([held.get(table.name, ""), mode])
    return held


def roots(before: CatalogueState) -> dict[str, str]:
    """Return, for each table, the table that it is a partition of; else itself."""
    return {
        each.name: before.relations[each.root].name
        for each in before.relations.values()
        if each.root in before.relations
    }


def share(work: RelationWork) -> float:
    """Return which share of a table's rows a statement read or wrote, up to all of them."""
    if work.rewritten or work.indexes_built or not work.present:
        return 1.0
    return min(1.0, max(work.read, work.written) / work.present)


def scaling(done: Sequence[RelationWork]) -> list[RelationWork]:
    """Return the work that grows with the rows."""
    return [each for each in done if share(each) >= SHARE_OF_A_BATCH]
