"""Turns traces of statements into facts: what each did to which relation, which locks it holds."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from migrator.catalogue.objects import Object
from migrator.review import catalogue, locks
from migrator.review.catalogue import BrokenReference, CatalogueState, Relation
from migrator.review.measure import FileTrace, Part, Trace
from migrator.review.report import RelationWork

_HOLDS_ROWS = "rm"
_LOCKED_FOR_ROWS = "rpmf"
_READS_WHOLE = {"VACUUM", "CLUSTER", "REINDEX", "REFRESH"}
_RUNS_CODE = {"DO", "SELECT", "CALL", "WITH"}
_ROUTINES = {"aggregate", "function", "procedure"}
# A statement that touches a smaller share of a table's rows than this is a batch.
SHARE_OF_A_BATCH = 0.1


@dataclass(frozen=True, slots=True)
class Step:
    """The facts about one statement.

    Args:
        part: The statement.
        taken: Each lock that is new or stronger than before, by the relation's oid.
        held: The lock held on each table after the statement, by the table's name. A lock on an
            index counts as one on its table if it blocks queries on that table.
        work: What it did to each table that existed before the file.
        validated: The constraints that were checked against rows.
        dropped: The objects that a CASCADE dropped.
        gone: Objects that an application may name, that are gone, and that the file does not
            create again.
        emptied: The tables that lost all rows at once.
        said: The messages of PostgreSQL.
        lock_timeout_ms: The lock_timeout after the statement; 0 means no limit.

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
    """Return the facts about each statement of a file.

    Args:
        watched: The traces of its statements.
        present: How many rows each table had.
        transactional: Whether the file runs in one transaction, which keeps its locks to the end.

    """
    found = []
    names = {catalogue.full_name(each) for each in watched.held_after.objects.values()}
    had: dict[int, str] = {}
    for seen in watched.seen:
        # Nobody waits for a lock on a relation that the file itself created.
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
                    if _is_missed(each, names)
                    and each.words.removesuffix(" is gone") not in dropped
                ),
                emptied,
                tuple(dict.fromkeys(seen.said)),
                seen.lock_timeout_ms,
            )
        )
    return found


def _is_missed(thing: BrokenReference, names: Collection[str]) -> bool:
    """Say whether an application misses an object; not if it went with its table or is back."""
    if thing.is_part and thing.relation not in names:
        return False
    return thing.name not in names or not (thing.is_replaceable or thing.is_part)


def with_work(found: Sequence[Step], watched: FileTrace, present: Mapping[str, int]) -> list[Step]:
    """Return the facts with the work of a second run on larger tables.

    A statement that touches a thousand rows touches all rows of a small table, but few of a large
    one.
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
    """Say whether a maintenance command works on a table: whether it locks it for that."""
    mode = seen.locks.get(table.oid, "")
    return locks.strength(mode) >= locks.strength(locks.SHARE_UPDATE_EXCLUSIVE)


def _truncates(seen: Trace, read: int) -> bool:
    """Say whether new storage is empty: no row was read to fill it."""
    if seen.part.words[0] == "TRUNCATE":
        return True
    rewrote = any("rewriting table" in each for each in seen.said)
    return seen.part.words[0] in _RUNS_CODE and read <= 0 and not rewrote


def _validated(
    seen: Trace, before: CatalogueState, work: Sequence[RelationWork]
) -> tuple[str, ...]:
    """Return the constraints that a statement validated by reading their table."""
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
    """Return what a CASCADE dropped: objects that are gone and that the statement does not name."""
    text = seen.part.text
    if not re.search(r"\bcascade\b", text, re.IGNORECASE):
        return []
    named = {each.strip('"') for each in re.findall(r'"[^"]+"|[\w$]+', text)}
    named |= {each.lower() for each in named}
    vanished = catalogue.vanished(seen.before, seen.after)
    return [each.title for each in vanished if _own_name(each) not in named]


def _own_name(each: Object) -> str:
    """Return an object's name alone, without its schema, its arguments and quotes."""
    name = each.name.partition("(")[0] if each.kind in _ROUTINES else each.name
    return name.rpartition(".")[2].strip('"')


def _held(mine: Mapping[int, str], before: CatalogueState, after: CatalogueState) -> dict[str, str]:
    held: dict[str, str] = {}
    for oid, mode in mine.items():
        relation = before.relations[oid]
        table = before.relations.get(relation.table, relation)
        if table.kind not in _LOCKED_FOR_ROWS:
            continue
        if table.kind == "m" and mode != locks.ACCESS_EXCLUSIVE:  # only REFRESH writes it
            continue
        if relation.is_index and (mode != locks.ACCESS_EXCLUSIVE or oid not in after.relations):
            continue
        held[table.name] = locks.strongest([held.get(table.name, ""), mode])
    return held


def roots(before: CatalogueState) -> dict[str, str]:
    """Return the topmost parent of each partition; for each other table, the table itself."""
    return {
        each.name: before.relations[each.root].name
        for each in before.relations.values()
        if each.root in before.relations
    }


def share(work: RelationWork) -> float:
    """Return which share of a table's rows a statement read or wrote: 0.0 to 1.0."""
    if work.rewritten or work.indexes_built or not work.present:
        return 1.0
    return min(1.0, max(work.read, work.written) / work.present)


def scaling(done: Sequence[RelationWork]) -> list[RelationWork]:
    """Return the work that takes longer the more rows there are."""
    return [each for each in done if share(each) >= SHARE_OF_A_BATCH]
