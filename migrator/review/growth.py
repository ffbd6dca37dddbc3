"""Turns traces of statements into work on rows, and says with which tables' rows it grows.

How many rows production has is known by table, as it was before the file. So work on rows that the
file itself inserts is told in rows of the table that they were read from.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from migrator.core import sqltext
from migrator.review import locks
from migrator.review.catalogue import CatalogueState, Relation
from migrator.review.code import RUNS_CODE, without_words
from migrator.review.gate import Locks
from migrator.review.measure import FileTrace, Trace
from migrator.review.report import RelationWork

_HOLDS_ROWS = "rm"
_READS_WHOLE = {"VACUUM", "CLUSTER", "REINDEX", "REFRESH"}
_NAME = r"(?:[\w$]+|\"[^\"]+\")(?:\.(?:[\w$]+|\"[^\"]+\"))?"
_WRITES = re.compile(
    r"\b(?:UPDATE|DELETE\s+FROM|MERGE\s+INTO|TRUNCATE(?:\s+TABLE)?|DROP\s+TABLE(?:\s+IF\s+EXISTS)?)"
    rf"\s+(?:ONLY\s+)?({_NAME})",
    re.IGNORECASE,
)
# What code reads decides which branches it takes. The schema is production's, the rows are not.
_ALTERS = re.compile(
    rf"\b(?:ALTER|LOCK)\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?({_NAME})", re.IGNORECASE
)
_READS = re.compile(rf"\b(?:FROM|JOIN|USING|UPDATE)\s+(?:ONLY\s+)?({_NAME})", re.IGNORECASE)
_READS_ANY = re.compile(
    r"\bEXECUTE\b[^;]*\bINTO\b|\bIN\s+EXECUTE\b|\bEXCEPTION\s+WHEN\b.*\bEXECUTE\b",
    re.IGNORECASE | re.DOTALL,
)
# A statement that touches a smaller share of a table's rows than this is a batch.
SHARE_OF_A_BATCH = 0.1
_ROUGH = 10
_GROWING = ("grows_with", "writes_with")
_FEW = 1_000  # so many rows of its own a file may insert into its own tables; nobody notices

Growth = Mapping[str, float]
_NONE: Mapping[str, Growth] = {}
Rows = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Extent:
    """How many rows a table has.

    Args:
        rows: On the scratch database.
        growth: In production: how many for each row that a relation had before the file, by its
            name; under the empty name, how many besides.

    """

    rows: int = 0
    growth: Growth = field(default_factory=dict)


Extents = Mapping[int, Extent]  # by the table's oid


@dataclass(frozen=True, slots=True)
class Done:
    """What a statement did to rows.

    Args:
        work: Its work on each table.
        emptied: The tables that lost all rows at once.
        spared: The tables that it looked through for rows to write, and found none; an empty name
            if what it executes in a branch that was not taken is not known.

    """

    work: tuple[RelationWork, ...]
    emptied: tuple[str, ...]
    spared: tuple[str, ...]


def extents(
    state: CatalogueState,
    present: Rows,
    known: Extents | None = None,
    *,
    grown: Mapping[str, Growth] = _NONE,
) -> Extents:
    """Return how many rows each table has.

    Args:
        state: The catalogue.
        present: How many rows each table has on the scratch database, by its name.
        known: What another file, after which this one runs, did to tables.
        grown: How many rows tables have in production that earlier files have made.

    """
    return {
        oid: Extent(
            present.get(each.name, 0),
            known[oid].growth if known and oid in known else grown.get(each.name, {each.name: 1.0}),
        )
        for oid, each in state.relations.items()
    }


def made(watched: FileTrace, after: Extents, known: Mapping[str, Growth]) -> Mapping[str, Growth]:
    """Return how many rows the tables have in production that files have made or renamed.

    Args:
        watched: The traces of the last file.
        after: How many rows each table had after it.
        known: What was known before it.

    """
    old, new = watched.before.relations, watched.after.relations
    return {
        each.name: after.get(oid, Extent()).growth
        for oid, each in new.items()
        if oid not in old or old[oid].name in known or old[oid].name != each.name
    }


def counts(grown: Mapping[str, Growth], known: Rows | None) -> Rows:
    """Return of tables that files have made how many rows they have, where that is known."""
    found = {
        name: rows(RelationWork(name, 0, grows_with=each), known) for name, each in grown.items()
    }
    return {name: round(each) for name, each in found.items() if each is not None}


def works(watched: FileTrace, before: Extents) -> tuple[list[Done], Extents]:
    """Return what each statement of a file did to rows, and how many rows there are after it.

    Args:
        watched: The traces of the statements.
        before: How many rows each table had.

    """
    found, now = [], dict(before)
    had: Locks = {}
    for seen in watched.seen:
        touches = [*_touches(seen, watched.before, now)]
        source = max(filter(_is_source, touches), key=lambda each: each.read, default=None)
        work: list[RelationWork] = []
        for each in touches:
            oid = each.relation.oid
            new: Growth = {"": float(each.inserted)} if each.inserted else {}
            if source and each.inserted:
                new = _times(source.had.growth, each.inserted / source.had.rows)
            kept = each.had.rows + each.inserted - each.deleted
            growth = _plus(_times(each.had.growth, each.share), new)
            now[oid] = Extent() if each.is_emptied else Extent(kept, _plus(each.had.growth, new))
            is_many = any(name or part > _FEW for name, part in growth.items())
            if not each.is_emptied and (oid in watched.before.relations or is_many):
                work.append(each.told(growth))
        emptied = [each.relation.name for each in touches if each.is_emptied]
        spared = _spared(seen, had, watched.before, touches)
        found.append(Done((*work,), (*emptied,), (*spared,)))
        had = seen.locks
    return found, now


def fitted(
    found: Sequence[RelationWork], more: Sequence[RelationWork], small: Rows, large: Rows
) -> tuple[RelationWork, ...]:
    """Return the work of a statement as two runs tell it, of which one had larger tables.

    A statement that touches a thousand rows touches all rows of a small table, but few of a large
    one.

    Args:
        found: The work on small tables.
        more: The work on larger ones.
        small: How many rows each table had in the first run, by name.
        large: How many it had in the second.

    """
    again = {each.relation: each for each in more}
    return tuple(_fitted(each, again.get(each.relation, each), small, large) for each in found)


def _fitted(less: RelationWork, more: RelationWork, small: Rows, large: Rows) -> RelationWork:
    names = [name for name in less.grows_with if large.get(name, 0) > small.get(name, 0)]
    if not names or len(names) > 1 or not more.grows_with:
        return more if names else less
    (name,) = names

    def fit(at_first: Growth, at_last: Growth) -> Growth:
        first, last = (
            sum(part * rows.get(of, 1) for of, part in growth.items() if of in (name, ""))
            for growth, rows in ((at_first, small), (at_last, large))
        )
        part = max(0.0, (last - first) / (large[name] - small.get(name, 0)))
        return {**at_last, name: part, "": max(0.0, last - part * large[name])}

    # Few rows make smaller batches; more of them make more batches, or larger ones.
    larger = more.present / max(less.present, 1)
    is_batch = larger > _ROUGH or more.batch < less.batch * larger**0.5
    batch = more.batch if is_batch else 0
    grows, writes = (fit(getattr(less, of), getattr(more, of)) for of in _GROWING)
    return replace(more, grows_with=grows, writes_with=writes, batch=batch)


def rows(work: RelationWork, counts: Rows | None) -> float | None:
    """Return how many rows a work touches in production; None if that is unknown."""
    total = 0.0
    for name, part in work.grows_with.items():
        known = 1 if not name else (counts or {}).get(name)
        if known is None and part >= SHARE_OF_A_BATCH:
            return None
        total += part * (known or 0)
    return total


def scaling(done: Sequence[RelationWork]) -> list[RelationWork]:
    """Return the work that takes longer the more rows there are."""
    return [
        each
        for each in done
        if any(name and part >= SHARE_OF_A_BATCH for name, part in each.grows_with.items())
    ]


@dataclass(frozen=True, slots=True)
class _Touch:
    """What a statement did to one table; `relation` is the table as it was before the file."""

    relation: Relation
    had: Extent
    read: int
    written: int
    inserted: int
    deleted: int
    rewritten: bool
    built: tuple[str, ...]
    is_emptied: bool
    transactions: int

    @property
    def share(self) -> float:
        """Which share of the rows from before was read or written: 0.0 to 1.0."""
        touched = max(self.read, self.written - self.inserted)
        if self.rewritten or self.built or (touched and not self.had.rows):
            return 1.0
        return min(1.0, touched / self.had.rows) if touched else 0.0

    def told(self, growth: Growth) -> RelationWork:
        return RelationWork(
            self.relation.name,
            self.had.rows,
            self.read,
            self.written,
            self.rewritten,
            self.built,
            growth,
            _times(growth, self.written / max(min(self.read, self.had.rows), self.written, 1)),
            self.written // self.transactions if self.transactions > 1 else 0,
        )


def _is_source(touch: _Touch) -> bool:
    return touch.read > 0 and touch.had.rows > 0 and touch.share >= SHARE_OF_A_BATCH


def _touches(seen: Trace, before: CatalogueState, now: Extents) -> Iterator[_Touch]:
    files = {each.filenode for each in seen.before.relations.values()}
    indexes: dict[int, list[Relation]] = {}
    for each in seen.after.relations.values():
        if each.is_index:
            indexes.setdefault(each.table, []).append(each)
    for oid, last in seen.after.relations.items():
        if last.kind not in _HOLDS_ROWS:
            continue
        old = seen.before.relations.get(oid)
        first = old or replace(last, read=0, inserted=0, updated=0, deleted=0)
        had = now.get(oid, Extent())
        mine = indexes.get(oid, [])
        read = last.read - first.read + sum(_read_more(each, seen.before) for each in mine)
        inserted, deleted = last.inserted - first.inserted, last.deleted - first.deleted
        if old and old.kind == "m":  # REFRESH fills it anew
            inserted = deleted = 0
        written = inserted + deleted + (last.updated - first.updated if last.kind == "r" else 0)
        rewritten = first.filenode != last.filenode
        if last.name.rpartition(".")[2].strip('"') in seen.verified or (
            seen.part.words[0] in _READS_WHOLE and _is_at_work_on(last, seen)
        ):
            read = max(read, had.rows)
        # A change of type may give an index a new oid and leave it its file.
        built = tuple(each.name for each in mine if each.filenode not in files | {0})
        touch = _Touch(
            relation=before.relations.get(oid, last),
            had=had,
            read=max(0, read),
            written=max(0, written),
            inserted=max(0, inserted),
            deleted=max(0, deleted),
            rewritten=rewritten,
            built=built,
            is_emptied=rewritten and _truncates(seen, read),
            transactions=seen.transactions,
        )
        if touch.read or touch.written or rewritten or built:
            yield touch


def _spared(
    seen: Trace, had: Locks, before: CatalogueState, touches: Sequence[_Touch]
) -> Iterator[str]:
    """Yield the tables that a statement searched for rows to write, and where it found none."""
    written = {each.relation.root for each in touches if each.written}
    scans = Counter[int]()
    for each in seen.after.relations.values():
        was = seen.before.relations.get(each.oid)
        scans[each.table] += each.scans - (was.scans if was else 0)
    yield from _not_reached(seen, before)
    for oid, modes in seen.locks.items():
        table = before.relations.get(oid)
        if table is None or table.kind != "r" or scans[oid] <= 0 or table.root in written:
            continue
        if seen.writes is None:  # code that may have written, or what PREPARE has locked
            known = had.get(oid, frozenset()) if seen.part.words[0] != "EXECUTE" else frozenset()
            is_target = locks.ROW_EXCLUSIVE in modes - known
        else:
            is_target = table.name.replace('"', "") in seen.writes.searched
        if is_target:
            yield table.name


def _not_reached(seen: Trace, before: CatalogueState) -> Iterator[str]:
    """Yield the tables that code would write, or drop, in a branch that these rows did not take.

    An empty name is that of any table: what would have been executed there is not known.
    """
    if seen.code is None:
        return
    plain = sqltext.blanked(" ".join(seen.code.texts).encode()).decode()
    read = {match[1].removeprefix("public.") for match in _READS.finditer(plain)}
    reads_rows = any(each.name in read for each in before.relations.values())
    if seen.not_reached and (reads_rows or _READS_ANY.search(plain)):
        yield ""
    texts = " ".join(map(without_words, seen.code.texts))
    forms = [_WRITES, _ALTERS] if reads_rows else [_WRITES]
    found = (match[1] for form in forms for match in form.finditer(texts))
    named = {each.removeprefix("public.") for each in found}
    for oid, table in before.relations.items():
        mode = locks.strongest(seen.locks.get(oid, ()))
        is_written = locks.strength(mode) >= locks.strength(locks.ROW_EXCLUSIVE)
        if table.name in named and table.kind in "rp" and not is_written:
            yield table.name


def _read_more(index: Relation, before: CatalogueState) -> int:
    was = before.relations.get(index.oid)
    return index.read - (was.read if was else 0)


def _is_at_work_on(table: Relation, seen: Trace) -> bool:
    """Say whether a maintenance command works on a table: whether it locks it for that."""
    mode = locks.strongest(seen.locks.get(table.oid, ()))
    return locks.strength(mode) >= locks.strength(locks.SHARE_UPDATE_EXCLUSIVE)


def _truncates(seen: Trace, read: int) -> bool:
    """Say whether new storage is empty: no row was read to fill it."""
    if seen.part.words[0] == "TRUNCATE":
        return True
    rewrote = any("rewriting table" in each for each in seen.said)
    return seen.part.words[0] in RUNS_CODE and read <= 0 and not rewrote


def _times(growth: Growth, factor: float) -> Growth:
    return {name: part * factor for name, part in growth.items() if part * factor}


def _plus(one: Growth, other: Growth) -> Growth:
    return {name: one.get(name, 0.0) + other.get(name, 0.0) for name in {**one, **other}}
