"""Turns traces of statements into facts: what each did to which relation, which locks it holds."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from migrator.catalogue.objects import COLUMN_ORDER, Object
from migrator.core.files import SqlFile
from migrator.review import catalogue, changes, growth, locks, targets
from migrator.review.batched import BatchRun
from migrator.review.catalogue import CatalogueState, Relation
from migrator.review.changes import Change
from migrator.review.code import RUNS_CODE
from migrator.review.gate import Locks
from migrator.review.growth import Done, Extents, Growth, Rows
from migrator.review.measure import FileTrace, Part, Trace
from migrator.review.report import RelationWork, Sample

_FIRST_OID = 16384  # of what is not the server's own
_LOCKED_FOR_ROWS = "rpmf"
_ROUTINES = {"aggregate", "function", "procedure"}
_AS_REPLICA = re.compile(r"\bsession_replication_role\b.*\breplica\b", re.IGNORECASE)
_PASSWORD = re.compile(r"ALTER\s+(?:ROLE|USER|GROUP)\b.*\bPASSWORD\b", re.IGNORECASE | re.DOTALL)
_UNTOLD = {COLUMN_ORDER: "", "enforced": "", "enabled": ""}
_UNCHECKED = (" NOT VALID", " NOT ENFORCED")
_NO_CODE = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)  # comments and texts


@dataclass(frozen=True, slots=True)
class Hold:
    """A lock on a relation that existed before the file, and how long it is held.

    Args:
        relation: The relation, as it was before the file.
        table: For an index, its table; else the relation itself.
        mode: The lock mode.
        first: The place in the file, from 0, of the statement that takes it.
        last: The place of the last statement that runs under it.
        is_brief: Whether a statement outside a transaction held it for a moment only, before or
            after its work.

    """

    relation: Relation
    table: Relation
    mode: str
    first: int
    last: int
    is_brief: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """The facts about one statement.

    Args:
        part: The statement.
        held: The strongest lock under which it worked on each table, by the table's name. A lock
            on an index counts as one on its table if it blocks queries on that table.
        work: What it did to each table.
        validated: The constraints that were checked against rows.
        dropped: The objects that a CASCADE dropped.
        subjects: The tables of which it changed, made or dropped something but by a CASCADE; None
            if it changed no object, or runs code: then it is about all that it locks.
        changes: What a running application may miss after the file, and has since this statement.
        freed: The tables and domains that lost a constraint which nothing else implies.
        emptied: The tables that lost all rows at once.
        spared: The tables that it may write more of than it did, as in `growth.Done`.
        said: The messages of PostgreSQL.
        lock_timeout_ms: The lock_timeout after the statement; 0 means no limit.

    """

    part: Part
    held: dict[str, str]
    work: tuple[RelationWork, ...]
    validated: tuple[str, ...]
    dropped: tuple[str, ...]
    subjects: frozenset[str] | None
    changes: tuple[Change, ...]
    freed: tuple[str, ...]
    emptied: tuple[str, ...]
    spared: tuple[str, ...]
    said: tuple[str, ...]
    lock_timeout_ms: int


@dataclass(frozen=True, slots=True)
class FileFacts:
    """The facts about one file.

    Args:
        source: The file.
        present: How many rows each table had before it.
        watched: The traces of its statements.
        steps: The facts about each statement.
        holds: From which statement to which each lock is held.
        extents: How many rows each table had after it.
        samples: For each statement, its time and WAL at each size.
        batches: What its batches did at each size; empty if it has none.

    """

    source: SqlFile
    present: Rows
    watched: FileTrace
    steps: Sequence[Step]
    holds: Sequence[Hold]
    extents: Extents
    samples: Sequence[Sequence[Sample]] = ()
    batches: Sequence[BatchRun] = ()

    @property
    def growing(self) -> set[str]:
        """The tables with whose rows its work grows."""
        if self.watched.batches:
            return {*self.watched.batches[0].present}
        works = [work for step in self.steps for work in growth.scaling(step.work)]
        return {name for work in works for name in work.grows_with if name}

    def at(self, more: FileFacts, small: Rows, large: Rows) -> FileFacts:
        """Return the facts with those of another run, on larger tables.

        Args:
            more: The facts about that run.
            small: How many rows each table had before the migration in the first run.
            large: How many it had in the other.

        """
        pairs = [*zip(self.steps, more.steps, strict=True)]
        if more.batches:  # so many rows that the planner takes the plan of production
            steps = [replace(had, work=now.work) for had, now in pairs]
        else:
            steps = [
                replace(had, work=growth.fitted(had.work, now.work, small, large))
                for had, now in pairs
            ]
        before = self.samples or [()] * len(more.samples)
        samples = [(*some, *others) for some, others in zip(before, more.samples, strict=True)]
        return replace(self, steps=steps, samples=samples, batches=(*self.batches, *more.batches))


def facts(
    source: SqlFile,
    watched: FileTrace,
    present: Rows,
    grown: Mapping[str, Growth],
    undoes: FileFacts | None = None,
) -> FileFacts:
    """Return the facts about a file.

    What existed before a migration is what others wait for, also in its rollback.

    Args:
        source: The file.
        watched: The traces of its statements.
        present: How many rows each table had.
        grown: How many rows tables have in production that earlier files have made.
        undoes: If it is a rollback file, the facts about the file that it undoes; else None.

    """
    known = undoes.extents if undoes else None
    before = growth.extents(watched.before, present, known, grown=grown)
    seen = replace(watched, before=undoes.watched.before) if undoes else watched
    done, after = growth.works(seen, before)
    held = holds(seen, transactional=source.transactional)
    told = _in_batches(source, steps(seen, done, told=not undoes))
    return FileFacts(source, present, seen, told, held, after, batches=watched.batches)


def _in_batches(source: SqlFile, steps: list[Step]) -> list[Step]:
    """Return the facts with as many rows as a batch of the file has in production."""
    if source.batch is None:
        return steps
    rows = {"": float(source.batch.rows)}
    return [
        replace(
            step,
            work=tuple(
                replace(
                    each,
                    grows_with=rows,
                    writes_with=rows if each.written else {},
                    batch=source.batch.rows if each.written else 0,
                )
                for each in step.work
            ),
        )
        for step in steps
    ]


def holds(watched: FileTrace, *, transactional: bool) -> list[Hold]:
    """Return the locks of a file, in the order in which they are taken.

    A weaker lock is left out while a stronger one is held on the same relation. So are locks on
    relations that the file creates: nobody waits for those.

    Args:
        watched: The traces of its statements.
        transactional: Whether the file runs in one transaction, which keeps its locks to the end.

    """
    found: dict[int, dict[tuple[str, int], Hold]] = {}
    since: dict[tuple[int, str], int] = {}
    relations = watched.before.relations
    for place, seen in enumerate(watched.seen):
        taken = {(oid, mode) for oid in seen.locks.keys() & relations for mode in seen.locks[oid]}
        since = {key: first for key, first in since.items() if transactional and key in taken}
        for oid, mode in taken:
            first = since.setdefault((oid, mode), place)
            relation, is_brief = relations[oid], mode in seen.brief.get(oid, ())
            table = relations.get(relation.table, relation)
            hold = Hold(relation, table, mode, first, place, is_brief)
            found.setdefault(oid, {})[mode, first] = hold
    return sorted(
        (
            each
            for of_one in found.values()
            for each in of_one.values()
            if not any(_hides(more, each) for more in of_one.values())
        ),
        key=lambda each: (each.first, each.relation.name, each.mode),
    )


def _hides(more: Hold, less: Hold) -> bool:
    return (
        locks.strength(more.mode) > locks.strength(less.mode)
        and more.first <= less.first
        and more.last >= less.last
        and more.is_brief <= less.is_brief
    )


def steps(watched: FileTrace, done: Sequence[Done], *, told: bool = True) -> list[Step]:
    """Return the facts about each statement of a file.

    Args:
        watched: The traces of its statements.
        done: What each of them did to rows.
        told: Whether to tell what an application misses.

    """
    found = []
    missed = _changes(watched) if told else [[] for _ in done]
    had: Locks = {}
    for seen, rows, since in zip(watched.seen, done, missed, strict=True):
        dropped = _dropped(seen)
        by_hand = _by_hand(seen, had) if told else ()
        had = seen.locks
        found.append(
            Step(
                seen.part,
                _held(seen, watched.before),
                rows.work,
                _validated(seen, watched.before, rows.work),
                tuple(dropped),
                _subjects(seen, watched.before, dropped),
                tuple(
                    each
                    for each in (*since, *by_hand)
                    if not each.title or each.title not in dropped
                ),
                tuple(_freed(seen, watched.after)),
                rows.emptied,
                rows.spared,
                tuple(dict.fromkeys(seen.said)),
                seen.lock_timeout_ms,
            )
        )
    return found


def _changes(watched: FileTrace) -> list[list[Change]]:
    """Return what an application misses at the end of the file, by the statement that began it."""
    states = [changes.find(watched.before, each.after) for each in watched.seen]
    began: list[list[Change]] = [[] for _ in states]
    for missed in states[-1] if states else ():
        last = len(states) - 1
        while last and any(missed.goes_on(each) for each in states[last - 1]):
            last -= 1
        began[last].append(missed)
    return began


def _by_hand(seen: Trace, had: Locks) -> Iterator[Change]:
    """Yield what a statement does that no command of PostgreSQL checks any more."""
    if seen.part.is_setting and _AS_REPLICA.search(seen.part.text):
        told = "no trigger fires from here on, and no reference is checked: orphans can be left"
        yield Change("corruption", told)
    if seen.part.words[0] == "ALTER" and _PASSWORD.match(seen.part.text):
        yield Change(
            "access", "a role gets another password: sessions with the old one are refused"
        )
    if seen.part.words[0] in targets.WRITES | {"INSERT"}:
        own = {oid: modes for oid, modes in seen.locks.items() if oid < _FIRST_OID}
        if any(locks.ROW_EXCLUSIVE in modes - had.get(oid, set()) for oid, modes in own.items()):
            told = "writes a catalogue of PostgreSQL, and no command checks what it says then"
            yield Change("corruption", told)


def _validated(
    seen: Trace, before: CatalogueState, work: Sequence[RelationWork]
) -> tuple[str, ...]:
    """Return the constraints that a statement validated by reading their table."""
    read = {each.relation for each in work if each.read}
    told = []
    for address, each in seen.after.objects.items():
        table = before.relations.get(catalogue.relation_oid(each))
        if table and table.name in read:
            new = _known(each) - _known(seen.before.objects.get(address))
            told += [f"{rule} on {table.name}" for rule in new]
    return tuple(told)


def _known(each: Object | None) -> set[str]:
    """Return what all rows are known to satisfy: a constraint, or NOT NULL of a column."""
    if each is None:
        return set()
    if each.kind == "table constraint":
        definition = each.properties["definition"]
        is_checked = definition.startswith(("CHECK", "FOREIGN KEY"))
        return {each.name} if is_checked and not definition.endswith(_UNCHECKED) else set()
    is_filled = each.kind == "table column" and "NOT NULL" in each.properties
    return {f"NOT NULL of {each.name}"} if is_filled else set()


def _freed(seen: Trace, last: CatalogueState) -> Iterator[str]:
    objects = last.objects.values()
    left = {(each.whole, each.properties.get("definition")) for each in objects}
    for each in objects:
        if "NOT NULL" in each.properties:
            left.add((each.whole, f"CHECK (({each.name} IS NOT NULL))"))
    for each in catalogue.vanished(seen.before, seen.after):
        guarantee = (each.whole, each.properties.get("definition"))
        if each.kind.endswith(" constraint") and guarantee not in left:
            yield each.whole
    for address, each in seen.after.objects.items():
        was = seen.before.objects.get(address)
        is_off = each.properties.get("definition", "").endswith(" NOT ENFORCED")
        if is_off and was and not was.properties["definition"].endswith(" NOT ENFORCED"):
            yield each.whole


def _dropped(seen: Trace) -> list[str]:
    """Return what a CASCADE dropped: what is gone and what the statement does not name."""
    if not any("drop cascades to" in each for each in seen.said):
        return []
    code = _NO_CODE.sub(" ", seen.part.text)
    named = {each.strip('"') for each in re.findall(r'"[^"]+"|[\w$]+', code)}
    named |= {each.lower() for each in named}
    vanished = catalogue.vanished(seen.before, seen.after)
    return [each.title for each in vanished if _own_name(each) not in named]


def _subjects(
    seen: Trace, before: CatalogueState, dropped: Collection[str]
) -> frozenset[str] | None:
    old, new = seen.before.objects, seen.after.objects
    if seen.part.words[0] in RUNS_CODE or old is new:
        return None
    changed = [
        pair
        for each in old.keys() | new.keys()
        if _differ(*(pair := (old.get(each), new.get(each))))
    ]
    states = (before, seen.before, seen.after)
    roots = {(oid, each.root) for state in states for oid, each in state.relations.items()}
    partitions = {oid for oid, root in roots if oid != root}
    oids = {
        oid
        for each in (each for pair in changed for each in pair if each)
        if not {each.title, each.whole} & {*dropped}
        and (oid := catalogue.relation_oid(each))
        and ("inherited" not in each.properties or oid in partitions)
    }
    oids |= {root for oid, root in roots if oid in oids}
    names = {before.relations[oid].name for oid in oids & before.relations.keys()}
    return frozenset(names) if changed else None


def _differ(old: Object | None, new: Object | None) -> bool:
    """Say whether an object changed by more than the order of its columns: those are told."""
    if old is None or new is None:
        return old is not new
    had, has = ({**each.properties, **_UNTOLD} for each in (old, new))
    return old.name != new.name or (old.text != new.text and had != has)


def _own_name(each: Object) -> str:
    """Return an object's name alone, without its schema, its arguments and quotes."""
    name = each.name.partition("(")[0] if each.kind in _ROUTINES else each.name
    return name.rpartition(".")[2].strip('"')


def _held(seen: Trace, before: CatalogueState) -> dict[str, str]:
    held: dict[str, str] = {}
    for oid, modes in seen.locks.items():
        relation = before.relations.get(oid)
        mode = locks.strongest(modes - seen.brief.get(oid, frozenset()))
        if relation is None or not mode:
            continue
        table = before.relations.get(relation.table, relation)
        if table.kind not in _LOCKED_FOR_ROWS:
            continue
        if table.kind == "m" and mode != locks.ACCESS_EXCLUSIVE:  # only REFRESH writes it
            continue
        if relation.is_index and (
            mode != locks.ACCESS_EXCLUSIVE or oid not in seen.after.relations
        ):
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
