"""The safe way for a statement: what it changes, in moves that block nobody for long.

No SQL is parsed. What a statement changes is what PostgreSQL's catalogue tells after it and did not
tell before: a constraint with its definition, an index, a column. A statement that changes anything
else has no safe way here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from migrator.catalogue.objects import COLUMN_ORDER, NOWHERE, Object
from migrator.review import locks
from migrator.review.catalogue import CatalogueState, Relation, relation_oid
from migrator.review.evidence import Step
from migrator.review.measure import Trace

Allowed = tuple[str, str, str]  # a rule, a relation or nothing, and why it is allowed
_PLACE = re.compile(r"\b(REFERENCES|ON|ON ONLY) public\.")
_TABLE_OF_INDEX = re.compile(r" ON (?:ONLY )?(\S+) USING ")
_REFERENCED = re.compile(r" REFERENCES ((?:\"(?:[^\"]|\"\")+\"|[^\s(\".])+(?:\.[^\s(]+)?)")
_DEFERRED = re.compile(r" (?:NOT )?DEFERRABLE.*$")
_CASCADE = re.compile(r"\s+CASCADE\s*$", re.IGNORECASE)
_NOT_VALID = " NOT VALID"
_PARTITIONS_TAKE_NOT_VALID = 18  # the first version that adds such a reference to them
ONLY_BACK = "only the rollback reads or builds it, in an incident"
_LONGEST_NAME = 40
_WORDS = re.compile(r"\W+")
# An attribute of a column that ADD COLUMN writes behind its type, and how.
_OF_COLUMN = {
    "type": "{}",
    "collation": "COLLATE {}",
    "default": "DEFAULT {}",
    "NOT NULL": "NOT NULL",
}


@dataclass(frozen=True, slots=True)
class Move:
    """One step of the safe way, with what undoes it.

    Args:
        name: What its files are called after; empty for a statement as it is.
        purpose: What it is for, in one line.
        forward: Its statements.
        rollback: The statements that undo it.
        locks: The locks that it takes, by relation.
        transactional: Whether it runs in a transaction.
        back_transactional: Whether its rollback does.
        allowed: What a review finds in it that cannot be avoided.
        lost: What its rollback loses; empty if that is nothing.
        about: The name of what it makes or changes; empty if it has none.
        batch: What `-- batch:` says of its statement; empty if it is not run in batches.
        back_batch: The same of its rollback.
        is_later: Whether it belongs to the next release: a running application would miss it.

    """

    name: str
    purpose: str
    forward: tuple[str, ...]
    rollback: tuple[str, ...]
    locks: Mapping[str, str] = field(default_factory=dict)
    transactional: bool = True
    back_transactional: bool = True
    allowed: tuple[Allowed, ...] = ()
    lost: str = ""
    about: str = ""
    batch: str = ""
    back_batch: str = ""
    is_later: bool = False


@dataclass(frozen=True, slots=True)
class Changed:
    """What is known about a statement.

    Args:
        seen: Its traces.
        step: What it did.
        major: The version of PostgreSQL.
        bounds: The condition of each partition after the file, by name.
        is_large: Says whether a table counts as large.

    """

    seen: Trace
    step: Step
    major: int
    bounds: Mapping[str, str]
    is_large: Callable[[str], bool]

    @property
    def relations(self) -> dict[int, Relation]:
        """The relations before and after it."""
        return {**self.seen.before.relations, **self.seen.after.relations}

    def table(self, part: Object) -> str:
        """Return the name of the table that an object is a part of."""
        return self.relations[relation_oid(part)].name

    def family(self, table: str, mode: str) -> dict[str, str]:
        """Return a lock on a table and on all that inherit from it."""
        found, new = {table}, {table}
        state = self.seen.after.objects
        tables = {
            each.name: {*each.properties["inherits"].replace("public.", "").split(", ")}
            for each in state.values()
            if each.kind == "table" and "inherits" in each.properties
        }
        while new := {name for name, parents in tables.items() if parents & new} - found:
            found |= new
        return dict.fromkeys(sorted(found), mode)

    def leaves(self, table: str) -> list[str]:
        """Return the partitions of a partitioned table that hold rows; none of another table."""
        kinds = {each.name: each.kind for each in self.relations.values()}
        family = self.family(table, "") if kinds.get(table) == "p" else {}
        return [each for each in family if kinds.get(each) == "r"]


def moves(facts: Changed) -> list[Move] | None:
    """Return the safe way for a statement; None if there is none."""
    words = facts.step.part.words
    if words[:1] == ("REINDEX",) and "CONCURRENTLY" not in words:
        return _reindex(facts)
    if facts.step.dropped or any("truncate cascades" in each for each in facts.step.said):
        return _without_cascade(facts)
    if (attached := _bounds(facts)) is not None:
        return attached
    found: list[tuple[int, list[Move]]] = []
    for old, new in replaced([*differences(facts.seen)]):
        rank, part = _part(facts, old, new)
        if part is None:
            return None
        found.append((rank, part))
    ordered = sorted(found, key=lambda each: each[0])
    return [move for _, part in ordered for move in part] or None


def differences(seen: Trace) -> Iterator[tuple[Object | None, Object | None]]:
    """Yield what a statement changed in the catalogue: each object before and after it."""
    old, new = seen.before.objects, seen.after.objects
    known = {address[1] for address in old}
    for address in old.keys() | new.keys():
        was, now = old.get(address), new.get(address)
        if now and not was:
            oid = relation_oid(now)
            if oid in seen.before.relations and oid not in known:
                continue  # an earlier statement made the relation
        if was is None or now is None or _properties(was) != _properties(now):
            yield was, now


def replaced(
    changes: Sequence[tuple[Object | None, Object | None]],
) -> Iterator[tuple[Object | None, Object | None]]:
    """Yield what went and came under the same name as one change."""
    gone = {old.title: old for old, new in changes if old and not new}
    come = {new.title for old, new in changes if new and not old}
    for old, new in changes:
        if old and not new and old.title in come:
            continue
        yield (gone.get(new.title) if new and not old else old), new


def _properties(each: Object) -> dict[str, str]:
    return {name: said for name, said in each.properties.items() if name != COLUMN_ORDER}


def _part(facts: Changed, old: Object | None, new: Object | None) -> tuple[int, list[Move] | None]:
    """Return the moves for one change in the catalogue, and their rank among a statement's."""
    kind = (old or new or _NOTHING).kind
    change = "add" if old is None else "drop" if new is None else "change"
    known = _PARTS.get((change, kind))
    if known is None:
        return 0, None
    rank, make = known
    found = make(facts, *(each for each in (old, new) if each))
    about = _WORDS.sub("_", (new or old or _NOTHING).name.rpartition(".")[2]).strip("_")
    return rank, found and [replace(each, about=each.about or about) for each in found]


# Columns


def _add_column(facts: Changed, new: Object) -> list[Move] | None:
    table, has = facts.table(new), new.properties
    if has.get("inherited") == "yes":
        return []
    is_rewritten = any(each.relation == table and each.rewritten for each in facts.step.work)
    if is_rewritten or has.keys() - _OF_COLUMN.keys() - {"inherited"}:
        return None
    add = add_column(table, new.name, has)
    drop = f"ALTER TABLE {table} DROP COLUMN {new.name}"
    locked = facts.family(table, locks.ACCESS_EXCLUSIVE)
    lost = f"the values of {table}.{new.name}"
    purpose = f"column {new.name} of {table}"
    return [Move("column", purpose, (add,), (drop,), locked, lost=lost)]


def add_column(table: str, name: str, has: Mapping[str, str], *without: str) -> str:
    """Return the statement that adds a column.

    Args:
        table: The table.
        name: The name of the column.
        has: Its properties.
        without: Which of them it does not get.

    """
    given = {each: form for each, form in _OF_COLUMN.items() if each in has.keys() - {*without}}
    told = [form.format(has[each]) for each, form in given.items()]
    return f"ALTER TABLE {table} ADD COLUMN {name} {' '.join(told)}"


def new_column(seen: Trace) -> str:
    """Return the statements that add a statement's column so that no row is rewritten."""
    for old, new in differences(seen):
        if old is None and new and new.kind == "table column" and "default" in new.properties:
            has, table = new.properties, new.whole.removeprefix("table ")
            add = f"ALTER TABLE {table} ADD COLUMN {new.name} {has['type']}"
            return (
                f"`{add}; ALTER TABLE {table} ALTER COLUMN {new.name} SET DEFAULT {has['default']}`"
            )
    return ""


def _change_column(facts: Changed, old: Object, new: Object) -> list[Move] | None:
    had, has = old.properties, new.properties
    if {**had, "NOT NULL": ""} != {**has, "NOT NULL": ""} or has.get("NOT NULL") != "yes":
        return None
    if has.get("inherited") == "yes":
        return []
    return not_null(facts, facts.table(new), new.name)


def not_null(facts: Changed, table: str, column: str) -> list[Move]:
    """Return the moves that forbid NULL in a column."""
    name = f"ck_{fresh(table, column, 'filled')}"
    first, second = _check(facts, table, name, f"CHECK ({column} IS NOT NULL)")
    locked = facts.family(table, locks.ACCESS_EXCLUSIVE)
    change = f"ALTER TABLE {table} ALTER COLUMN {column}"
    forward, back = (f"{change} SET NOT NULL",), (f"{change} DROP NOT NULL",)
    purpose = f"{column} of {table} is NOT NULL; the check spares reading the rows"
    purposes = f"from now on, an application that writes NULL to {column} of {table} fails"
    drop = _drop_check(facts, table, name, f"CHECK ({column} IS NOT NULL)")
    enforced = Move("not_null", purpose, forward, back, locked)
    return [replace(first, purpose=purposes), second, enforced, drop]


def fresh(table: str, what: str, suffix: str) -> str:
    """Return a name for an object of a table that nothing has yet, most likely."""
    words = _WORDS.sub("_", f"{table}_{what}".lower()).strip("_")
    return f"{words[:_LONGEST_NAME]}_{suffix}"


# Constraints


def add_constraint(facts: Changed, new: Object) -> list[Move] | None:
    """Return the moves that add a constraint of a table; None if there are none."""
    if new.properties.get("inherited") == "yes":
        return []
    table, rule = facts.table(new), plain(new.properties["definition"])
    if rule.startswith("CHECK"):
        return _check(facts, table, new.name, rule)
    if rule.startswith("FOREIGN KEY"):
        return _reference(facts, table, new.name, rule)
    return _key(facts, new, table, rule)


def _check(facts: Changed, table: str, name: str, rule: str) -> list[Move]:
    locked = facts.family(table, locks.ACCESS_EXCLUSIVE)
    added = _add_not_valid(table, name, rule, locked)
    return [added] if rule.endswith(_NOT_VALID) else [added, _validate(facts, table, name, rule)]


def _add_not_valid(table: str, name: str, rule: str, locked: Mapping[str, str]) -> Move:
    rule = rule.removesuffix(_NOT_VALID) + _NOT_VALID
    add = f"ALTER TABLE {table} ADD CONSTRAINT {name} {rule}"
    drop = f"ALTER TABLE {table} DROP CONSTRAINT {name}"
    return Move("not_valid", f"{name} of {table}, for new rows", (add,), (drop,), locked)


def _validate(facts: Changed, table: str, name: str, rule: str) -> Move:
    forward = f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}"
    drop = f"ALTER TABLE {table} DROP CONSTRAINT {name}"
    add = f"ALTER TABLE {table} ADD CONSTRAINT {name} {rule.removesuffix(_NOT_VALID)}{_NOT_VALID}"
    locked = facts.family(table, locks.SHARE_UPDATE_EXCLUSIVE)
    return Move("validate", f"{name} of {table}, for all rows", (forward,), (drop, add), locked)


def _validate_known(facts: Changed, old: Object, new: Object) -> list[Move] | None:
    had, rule = old.properties["definition"], new.properties["definition"]
    if new.properties.get("inherited") == "yes":
        return []
    if old.address != new.address:
        return _replace_check(facts, old, new)
    if had != rule + _NOT_VALID:
        return None
    return [_validate(facts, facts.table(new), new.name, plain(rule))]


def _replace_check(facts: Changed, old: Object, new: Object) -> list[Move] | None:
    table, name = facts.table(new), new.name
    had, rule = (plain(each.properties["definition"]) for each in (old, new))
    if not (had.startswith("CHECK") and rule.startswith("CHECK")):
        return None
    first, *more = _check(facts, table, name, rule)
    drop = f"ALTER TABLE {table} DROP CONSTRAINT {name}"
    add = f"ALTER TABLE {table} ADD CONSTRAINT {name} {had}"
    read = (
        [] if had.endswith(_NOT_VALID) else [each for each in first.locks if facts.is_large(each)]
    )
    allowed = tuple(("scan", each, ONLY_BACK) for each in read)
    forward, back = (drop, *first.forward), (drop, add)
    return [replace(first, forward=forward, rollback=back, allowed=allowed), *more]


def _drop_check(facts: Changed, table: str, name: str, rule: str) -> Move:
    drop = f"ALTER TABLE {table} DROP CONSTRAINT {name}"
    add = f"ALTER TABLE {table} ADD CONSTRAINT {name} {rule}"
    locked = facts.family(table, locks.ACCESS_EXCLUSIVE)
    purpose = f"{name} has done its work"
    allowed = tuple(("scan", each, ONLY_BACK) for each in locked if facts.is_large(each))
    return Move("drop_check", purpose, (drop,), (add,), locked, allowed=allowed)


def _reference(facts: Changed, table: str, name: str, rule: str) -> list[Move]:
    found = _REFERENCED.search(rule)
    other = found[1] if found else table
    leaves = facts.leaves(table) if facts.major < _PARTITIONS_TAKE_NOT_VALID else []
    moves = [each for leaf in leaves for each in _one_reference(facts, leaf, other, name, rule)]
    if not leaves or rule.endswith(_NOT_VALID):
        return _one_reference(facts, table, other, name, rule)
    add = f"ALTER TABLE {{}} ADD CONSTRAINT {name} {rule}"
    drop = f"ALTER TABLE {table} DROP CONSTRAINT {name}"
    purpose = f"{name} of {table}, which takes over those of its partitions"
    locked, allowed = _of_both(facts, table, other)
    read = tuple(("scan", each, ONLY_BACK) for each in (*leaves, other) if facts.is_large(each))
    back = (drop, *(add.format(each) for each in leaves))
    whole = Move("whole", purpose, (add.format(table),), back, locked, allowed=(*allowed, *read))
    return [*moves, whole]


def _one_reference(facts: Changed, table: str, other: str, name: str, rule: str) -> list[Move]:
    locked, allowed = _of_both(facts, table, other)
    added = replace(_add_not_valid(table, name, rule, locked), allowed=allowed)
    return [added] if rule.endswith(_NOT_VALID) else [added, _validate(facts, table, name, rule)]


def _of_both(facts: Changed, table: str, other: str) -> tuple[dict[str, str], tuple[Allowed, ...]]:
    """Return the locks that a reference takes, and what a review says of them."""
    locked = facts.family(table, locks.SHARE_ROW_EXCLUSIVE)
    locked |= facts.family(other, locks.SHARE_ROW_EXCLUSIVE)
    both = "a reference locks both of its tables, for a moment"
    is_found = other != table and facts.is_large(table) and facts.is_large(other)
    return locked, (("several-tables", "", both),) if is_found else ()


def _key(facts: Changed, new: Object, table: str, rule: str) -> list[Move] | None:
    """Return the moves for a unique constraint or a primary key."""
    objects = facts.seen.after.objects.values()
    index = next(
        (
            each
            for each in objects
            if each.kind == "index"
            and each.whole == new.whole
            and each.properties.get("constraint") == new.name
        ),
        None,
    )
    kind = next((each for each in ("PRIMARY KEY", "UNIQUE") if rule.startswith(each)), "")
    if index is None or not kind or "WITHOUT OVERLAPS" in rule or facts.leaves(table):
        return None
    deferred = found[0] if (found := _DEFERRED.search(rule)) else ""
    if index.address in facts.seen.before.objects:
        return None  # it is made from an index that was there
    made = plain(index.properties["definition"])
    own = index.name.rpartition(".")[2]
    add = f"ALTER TABLE {table} ADD CONSTRAINT {new.name} {kind} USING INDEX {own}{deferred}"
    drop = f"ALTER TABLE {table} DROP CONSTRAINT {new.name}"
    allowed = (("index-build", table, ONLY_BACK),) if facts.is_large(table) else ()
    locked = facts.family(table, locks.ACCESS_EXCLUSIVE)
    purpose = f"{new.name} of {table}, from the index"
    using = Move("constraint", purpose, (add,), (drop, made), locked, allowed=allowed)
    return [build_index(index.name, made), using]


def _drop_constraint(facts: Changed, old: Object) -> list[Move] | None:
    rule = plain(old.properties["definition"])
    if old.properties.get("inherited") == "yes":
        return []
    if not rule.startswith(("CHECK", "FOREIGN KEY")) or facts.leaves(facts.table(old)):
        return None
    added = add_constraint(facts, old) or []
    allowed = tuple(dict.fromkeys(one for each in added for one in each.allowed))
    locked = {name: locks.ACCESS_EXCLUSIVE for each in added for name in each.locks}
    return [replace(_undone(each), locks=locked, allowed=allowed) for each in reversed(added)]


def _undone(move: Move) -> Move:
    name = {"validate": "not_valid", "not_valid": "drop", "index": "drop"}.get(move.name, "drop")
    return replace(
        move,
        name=name,
        purpose=f"without {move.purpose}",
        forward=move.rollback,
        rollback=move.forward,
        locks=dict.fromkeys(move.locks, locks.ACCESS_EXCLUSIVE),
        transactional=move.back_transactional,
        back_transactional=move.transactional,
    )


# Indexes


def build_index(name: str, made: str) -> Move:
    """Return the move that builds an index, from its definition."""
    found = _TABLE_OF_INDEX.search(made)
    table = found[1] if found else ""
    forward = re.sub(r" INDEX ", " INDEX CONCURRENTLY ", made, count=1)
    back = f"DROP INDEX CONCURRENTLY {name}"
    locked = {table: locks.SHARE_UPDATE_EXCLUSIVE}
    purpose = f"index {name} of {table}"
    about = _WORDS.sub("_", name.rpartition(".")[2]).strip("_")
    return Move("index", purpose, (forward,), (back,), locked, False, False, about=about)


def _add_index(facts: Changed, new: Object) -> list[Move] | None:
    has = new.properties
    if "constraint" in has or "partition of" in has:
        return []  # told with the constraint, or with the index of the whole table
    made = plain(has["definition"])
    if facts.relations[new.address[1]].kind != "I":
        return [build_index(new.name, made)]
    table = facts.table(new)
    locked = {table: locks.SHARE}
    drop = f"DROP INDEX {new.name}"
    purpose = f"index {new.name} of {table}, INVALID until those of its partitions are attached"
    found = [Move("index", purpose, (made,), (drop,), locked)]
    attached = []
    for part in facts.seen.after.objects.values():
        if part.kind == "index" and part.properties.get("partition of") in _names(new.name):
            if facts.relations[part.address[1]].kind == "I":
                return None  # a partition with partitions
            found.append(build_index(part.name, plain(part.properties["definition"])))
            attached.append((part, f"ALTER INDEX {new.name} ATTACH PARTITION {part.name}"))
    # What is attached cannot be detached: the rollback makes all of them anew.
    back = (drop, *(plain(part.properties["definition"]) for part, _ in attached), made)
    names = [facts.table(part) for part, _ in attached]
    allowed = tuple(("index-build", each, ONLY_BACK) for each in names if facts.is_large(each))
    purpose = f"index {new.name} of {table} is valid"
    forward = tuple(each for _, each in attached)
    locked = dict.fromkeys([table, *names], locks.ACCESS_EXCLUSIVE)
    return [*found, Move("attach", purpose, forward, back, locked, allowed=allowed)]


def _drop_index(facts: Changed, old: Object) -> list[Move] | None:
    if "constraint" in old.properties:
        return []
    if facts.relations[old.address[1]].kind == "I" or "partition of" in old.properties:
        return None
    return [_undone(build_index(old.name, plain(old.properties["definition"])))]


def _reindex(facts: Changed) -> list[Move]:
    """Return REINDEX with CONCURRENTLY: in front of the name, behind what is reindexed."""
    forward = re.sub(
        r"\b(INDEX|TABLE|SCHEMA|DATABASE)(?=\s)",
        r"\1 CONCURRENTLY",
        facts.step.part.text,
        count=1,
        flags=re.IGNORECASE,
    )
    locked = {each.relation: locks.SHARE_UPDATE_EXCLUSIVE for each in facts.step.work}
    return [Move("reindex", "indexes built anew", (forward,), ("SELECT 1",), locked, False)]


# Partitions


def _bounds(facts: Changed) -> list[Move] | None:
    """Return the moves around a statement that checks or indexes a partition with rows."""
    words = facts.step.part.words
    if "PARTITION" not in words or not {"ATTACH", "CREATE"} & {*words}:
        return None
    checked = [
        each.relation
        for each in facts.step.work
        if each.relation in facts.bounds and each.read and not each.indexes_built
    ]
    if any("satisfies_hash_partition" in facts.bounds[each] for each in checked):
        return None
    new = [
        each.name
        for oid, each in facts.seen.after.relations.items()
        if each.name in facts.bounds and _root(facts.seen.before, oid) != each.root
    ]
    before, after = [], []
    for table in checked:
        name, rule = f"ck_{fresh(table, '', 'bounds')}", f"CHECK ({facts.bounds[table]})"
        if table not in new and len(new) == 1:  # the default partition, which loses these rows
            rule = f"CHECK ((NOT ({facts.bounds[new[0]]})))"
        before += _check(facts, table, name, rule)
        after.append(_drop_check(facts, table, name, rule))
    for work in facts.step.work:
        for index in work.indexes_built:
            found = next(each for each in facts.seen.after.objects.values() if each.name == index)
            if "constraint" in found.properties:
                return None
            before.append(build_index(index, plain(found.properties["definition"])))
    held = dict(facts.step.held)
    blocked = [table for table, mode in held.items() if locks.blocks_writes(mode)]
    both = "the default partition is locked with the new one, for a moment"
    is_found = sum(map(facts.is_large, blocked)) > 1
    allowed = (("several-tables", "", both),) if is_found else ()
    kept = Move("", "", (facts.step.part.text,), (), held, allowed=allowed)
    return [*before, kept, *after] if before else None


def _root(state: CatalogueState, oid: int) -> int:
    return state.relations[oid].root if oid in state.relations else 0


# CASCADE


def _without_cascade(facts: Changed) -> list[Move] | None:
    """Return a statement that names what its CASCADE dropped or emptied."""
    text = facts.step.part.text
    if facts.step.emptied:
        tables = ", ".join(facts.step.emptied)
        options = re.search(r"\b(RESTART|CONTINUE)\s+IDENTITY\b", text, re.IGNORECASE)
        forward = [f"TRUNCATE {tables}{f' {options[0]}' if options else ''}"]
    else:
        gone = {each.title: each for each in facts.seen.before.objects.values()}
        named = [gone[each] for each in facts.step.dropped if each in gone]
        named.sort(key=lambda each: -each.address[1])  # what rests on another was made after it
        forward = [drop for each in named for drop in _drop(facts, each)]
        forward.append(_CASCADE.sub("", text))
    return [Move("", "", tuple(forward), (), dict(facts.step.held))]


def _drop(facts: Changed, each: Object) -> Iterator[str]:
    kind = each.kind
    if kind.endswith("column") and each.address in facts.seen.after.objects:
        yield f"ALTER TABLE {facts.table(each)} ALTER COLUMN {each.name} DROP DEFAULT"
    elif kind.endswith("column"):
        yield f"ALTER TABLE {facts.table(each)} DROP COLUMN {each.name}"
    elif kind == "table constraint":
        yield f"ALTER TABLE {facts.table(each)} DROP CONSTRAINT {each.name}"
    elif kind in {"trigger", "policy", "rule"}:
        yield f"DROP {kind.upper()} {each.name} ON {facts.table(each)}"
    elif "constraint" not in each.properties:
        yield f"DROP {kind.upper()} {each.name}"


def _names(name: str) -> set[str]:
    return {name, f"public.{name}"}


def plain(definition: str) -> str:
    """Return a definition without the schema that is everybody's."""
    return _PLACE.sub(r"\1 ", definition)


_NOTHING = Object("", "", "", NOWHERE, NOWHERE, "")
_PARTS: dict[tuple[str, str], tuple[int, Callable[..., list[Move] | None]]] = {
    ("add", "table column"): (0, _add_column),
    ("change", "table column"): (1, _change_column),
    ("add", "index"): (2, _add_index),
    ("drop", "index"): (2, _drop_index),
    ("add", "table constraint"): (3, add_constraint),
    ("change", "table constraint"): (3, _validate_known),
    ("drop", "table constraint"): (3, _drop_constraint),
}
