"""What a running application loses between two moments of a database, found in the catalogue alone.

Objects are compared by what an application calls them, not by their addresses: what is dropped and
created again in one file is not missed. What is not known to be harmless is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from migrator.catalogue.objects import Object
from migrator.review import access
from migrator.review.catalogue import CatalogueState, full_name, relation_of
from migrator.review.column_types import widens
from migrator.review.kinds import is_same_reference, losses, takes_calls

_RELATIONS = ("table", "view", "materialized view", "foreign table", "sequence")
_HOLDS_ROWS = {"table", "foreign table"}
_ROUTINES = {"function", "procedure"}
_COLUMNS = {"table column", "foreign table column"}
# No SQL of an application names these; what hurts if one of them goes has a function here.
_UNNAMED = {
    "default acl",
    "domain constraint",
    "event trigger",
    "function of access method",
    "index",
    "operator of access method",
    "parameter ACL",
    "policy",
    "role",
    "rule",
    "statistics object",
    "table constraint",
    "trigger",
}
# Every property of these is told if it changes, but for the harmless ones.
_WHOLLY_TOLD = {
    "aggregate",
    "cast",
    "collation",
    "conversion",
    "database",
    "event trigger",
    "foreign-data wrapper",
    "foreign table",
    "language",
    "operator",
    "publication",
    "publication relation",
    "server",
    "setting of role",
    "subscription",
    "text search configuration",
    "text search dictionary",
    "transform",
    "user mapping",
}
_HARMLESS = {"comment", "order of columns", "owner", "privileges", "tablespace"}
_VALUES = {"default", "identity", "generated", "generated and stored"}
_KEY_OF_INDEX = re.compile(
    r" USING \w+ \((.*?)\)(?: INCLUDE \(.*?\))?(?: NULLS NOT DISTINCT)?(?= |$)"
)
_UNIQUE = ("UNIQUE", "PRIMARY KEY", "EXCLUDE")
_NEXT_VALUE = re.compile(r"nextval\('(.+)'::regclass\)")
_LARGEST = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}


@dataclass(frozen=True, slots=True)
class Change:
    """Something that a running application may miss.

    Args:
        rule: The rule that finds it.
        words: What happened, for a message.
        relation: The relation that it is about, by its old name; empty if there is none.
        title: The title of an object that is gone or renamed; empty for another change.

    """

    rule: str
    words: str
    relation: str = ""
    title: str = ""

    def goes_on(self, earlier: Change) -> bool:
        """Say whether it began as another change: its object, or the whole of it, was gone."""
        wholes = {self.title, self.title.partition(": ")[0]} - {""}
        return self == earlier or earlier.title in wholes


class _Moment:
    """The objects of a database, by what an application calls them."""

    def __init__(self, state: CatalogueState) -> None:
        self.state = state
        self.objects = {_called(each): each for each in state.objects.values()}
        self._parts: dict[str, list[Object]] = {}
        for each in state.objects.values():
            self._parts.setdefault(each.whole, []).append(each)

    def parts(self, whole: Object, kind: str) -> dict[str, Object]:
        """Return the parts of a kind that an object has, by their names."""
        parts = self._parts.get(whole.title, ())
        return {each.name: each for each in parts if each.kind == kind}


def find(before: CatalogueState, after: CatalogueState) -> list[Change]:
    """Return what an application that runs since before may miss after."""
    is_same = before.unidentified == after.unidentified and before.roles == after.roles
    if before.objects is after.objects and is_same:
        return []
    then, now = _Moment(before), _Moment(after)
    told: list[Change] = []
    for name, old in then.objects.items():
        new = now.objects.get(name)
        if new is None:
            told += _of_missing(old, then, now)
        elif new.text != old.text or new.address != old.address:
            told += _of_other(old, new, then, now)
        if new is not None and old.kind == "view":
            told += _of_writes(old, new, then, now)
        if new is not None and old.kind == "table":
            policies = (then.parts(old, "policy"), now.parts(new, "policy"))
            words = access.of_row_security(old, new, *policies)
            told += [Change("access", each, old.name) for each in words]
    for name, new in now.objects.items():
        if name not in then.objects:
            told += _of_new(new, then)
    told += [*_of_roles(before.roles, after.roles), *_of_silent(before, after)]
    return [each for each in dict.fromkeys(told) if not _is_told_of_root(each, told, before)]


def _is_told_of_root(change: Change, told: Sequence[Change], state: CatalogueState) -> bool:
    """Say whether a change of a partition is its partitioned table's."""
    names = {each.oid: each.name for each in state.relations.values()}
    roots = {each.name: names.get(each.root, each.name) for each in state.relations.values()}
    root = roots.get(change.relation, change.relation)
    words = change.words.replace(change.relation, root)
    return root != change.relation and Change(change.rule, words, root, "") in told


def _called(each: Object) -> str:
    """Return what an application calls an object: a view may stand for a table of its name."""
    if each.kind in _RELATIONS:
        return f"relation {each.name}"
    if each.kind.endswith(" column"):
        return f"column {full_name(each)}"
    return (
        f"routine {each.name}"
        if each.kind in {"function", "procedure", "aggregate"}
        else each.title
    )


def _whole_called(each: Object) -> str:
    """Return what an application calls the whole that an object is a part of."""
    kind = next((kind for kind in _RELATIONS if each.whole.startswith(f"{kind} ")), "")
    return f"relation {each.whole.removeprefix(f'{kind} ')}" if kind else each.whole


def _of_missing(old: Object, then: _Moment, now: _Moment) -> Iterator[Change]:
    """Yield what is missed of an object that nothing is called by any more."""
    relation = relation_of(old, then.state)
    whole = now.objects.get(_whole_called(old)) if old.whole and old.kind != "sequence" else old
    if whole is None:
        return  # it went with its whole
    renamed = now.state.objects.get(old.address)
    definition = old.properties.get("definition", "")
    if old.kind == "index" and not renamed and (key := _arbiter(old)):
        others = {_arbiter(each) for each in now.objects.values() if each.whole == old.whole}
        if not others & {key, (key[0], "")}:
            what = " WHERE ".join(each for each in key if each)
            words = f"ON CONFLICT ({what}) finds no unique index of {relation} any more"
            yield Change("breaking-change", words, relation)
    elif old.kind in {"rule", "trigger"}:
        is_swapped = whole.address != old.whole_address  # which is told with what stays behind
        if renamed or (" INSTEAD " not in definition and (old.kind == "rule" or is_swapped)):
            return
        yield Change(
            "breaking-change", f"{old.title} is gone, and what it did", relation, old.title
        )
    elif not renamed and definition.startswith("FOREIGN KEY"):
        rules = now.parts(whole, "table constraint").values()
        none = replace(old, text="definition: ")
        new = next((each for each in rules if is_same_reference(old, each)), none)
        yield from (Change("breaking-change", each, relation) for each in losses(old, new))
    elif _is_arbiter(old) and renamed and renamed.whole_address == whole.address:
        words = f"ON CONFLICT ON CONSTRAINT {old.name} fails: it is now named {renamed.name}"
        yield Change("breaking-change", words, relation, old.title)
    elif old.kind in _ROUTINES and any(
        each.kind == old.kind and takes_calls(each, old) for each in now.objects.values()
    ):
        return
    elif old.kind not in _UNNAMED and "for triggers" not in old.properties:
        what = f"now named {renamed.name}" if renamed else "gone"
        yield Change("breaking-change", f"{old.title} is {what}", relation, old.title)


def _of_other(old: Object, new: Object, then: _Moment, now: _Moment) -> Iterator[Change]:
    """Yield what is missed where an application's name for an object means something else."""
    relation = relation_of(old, then.state)
    lost = access.of_privileges(old, new, now.state.roles)
    for words in (*lost, *access.of_rights(old, new)):
        yield Change("access", words, relation)
    accepted = now.state.accepted.get(new.address[1], ())
    stands_in = {"INSERT", "UPDATE", "DELETE"}.issubset(accepted)
    if old.kind in _HOLDS_ROWS and new.address != old.address and not stands_in:
        yield Change("table-swap", _swapped(old, new, then, now), relation, old.title)
    is_in_same_table = new.whole_address == old.whole_address
    if old.kind in _COLUMNS and new.address != old.address and is_in_same_table:
        words = f"{old.title} is another column now, without the values of the old one"
        yield Change("breaking-change", words, relation, old.title)
    if _is_checked(old) and not _is_checked(new):
        words = f"{old.title} is not checked any more: wrong rows get in, and nothing says so"
        yield Change("corruption", words, relation)
    told = [*losses(old, new)]
    if old.kind.endswith(" column"):
        told += _of_column(old, new, then, now)
    if old.kind in _WHOLLY_TOLD and old.kind == new.kind:
        had, has = old.properties, new.properties
        told += [
            f"{old.title} has another {aspect}: {has.get(aspect, 'none')}"
            for aspect in sorted({*had, *has} - _HARMLESS)
            if had.get(aspect) != has.get(aspect)
        ]
    yield from (Change("breaking-change", each, relation) for each in told)


def _of_writes(old: Object, new: Object, then: _Moment, now: _Moment) -> Iterator[Change]:
    """Yield what an application cannot write through a view any more."""
    had, has = (
        moment.state.accepted.get(each.address[1], ()) for moment, each in ((then, old), (now, new))
    )
    lost = [each for each in had if each not in has and new.kind == "view"]
    whole = [each for each in lost if " of " not in each]
    if told := ", ".join(whole or lost):
        yield Change("breaking-change", f"{old.title} accepts no {told} any more", old.name)


def _is_checked(each: Object) -> bool:
    """Say whether a constraint is enforced, and no trigger that checks it is disabled."""
    if each.kind != "table constraint":
        return False
    is_off = "no" in each.properties.get("enforced", "").split(", ")
    return not (is_off or each.properties["definition"].endswith(" NOT ENFORCED"))


def _is_arbiter(constraint: Object) -> bool:
    """Say whether ON CONFLICT may name a constraint."""
    is_unique = constraint.properties.get("definition", "").startswith(_UNIQUE)
    return constraint.kind == "table constraint" and is_unique


def _arbiter(index: Object) -> tuple[str, str] | None:
    """Return the columns and the WHERE by which ON CONFLICT finds a unique index; else None."""
    definition = index.properties.get("definition", "")
    match = _KEY_OF_INDEX.search(definition)
    if index.kind != "index" or not match or not definition.startswith("CREATE UNIQUE"):
        return None
    return ", ".join(sorted(match[1].split(", "))), definition.partition(" WHERE ")[2]


def _swapped(old: Object, new: Object, then: _Moment, now: _Moment) -> str:
    """Say that a table's name means another relation, and what stays with the old one."""
    kept = now.state.objects.get(old.address)
    where = f"the old one is {kept.name} now" if kept else "the old one is gone"
    stays = [
        name.title
        for kind in ("trigger", "rule", "policy")
        for name in then.parts(old, kind).values()
        if name.name not in now.parts(new, kind)
    ]
    has = {each.text for each in now.parts(new, "table constraint").values()}
    own = then.parts(old, "table constraint").values()
    stays += [each.title for each in own if "FOREIGN KEY" in each.text and each.text not in has]
    for address, each in now.state.objects.items():
        was = then.state.objects.get(address)
        others = was and was.whole_address != old.address and "definition" in was.properties
        means = rf"[ .]{re.escape(kept.name)}\b" if kept else ""
        if kept and was and others and was.text != each.text and re.search(means, each.text):
            stays.append(was.title)
    left = f"; with the old one stay {', '.join(stays)}" if stays else ""
    return (
        f"{old.name} means another {new.kind} now, and {where}: what others write to the old one "
        f"after it was copied is missing{left}"
    )


def _of_column(old: Object, new: Object, then: _Moment, now: _Moment) -> Iterator[str]:
    """Yield what an application's statements that read or write a column may fail on."""
    had, has, name = old.properties, new.properties, full_name(old)
    before, after = (each["type"].removeprefix("public.") for each in (had, has))
    was = then.objects.get(f"type {before}")
    renamed = now.state.objects.get(was.address) if was else None
    base = was.properties.get("base type", before) if was else before
    if after not in {before, renamed.name if renamed else before} and not widens(base, after):
        yield f"the type of {name} is {after} now, and was {before}"
    if old.kind not in _COLUMNS or new.kind not in _COLUMNS:
        return
    if after != before and (sequence := _sequence_of(new, now)):
        largest = int(sequence.properties["numbers"].partition(" to ")[2].partition(",")[0])
        if largest < _LARGEST.get(after, 0):
            yield f"sequence {sequence.name} of {name} still ends at {largest:,}"
    if not _is_enforced(old, then):
        if _must_be_given(has) and not _must_be_given(had):
            yield _must_give(name)
        elif "NOT NULL" in has and "NOT NULL" not in had:
            yield f"{name} accepts no NULL any more"
    is_generated = "generated" in new.text and "generated" not in old.text
    if is_generated or has.get("identity") == "always" != had.get("identity"):
        yield f"an INSERT that gives a value for {name} fails"


def _must_give(column: str) -> str:
    return f"every INSERT must now give a value for {column}; a running application fails"


def _must_be_given(column: Mapping[str, str]) -> bool:
    return "NOT NULL" in column and not _VALUES & column.keys()


def _is_enforced(column: Object, then: _Moment) -> bool:
    """Say whether a CHECK rejected NULLs in a column before."""
    wanted = f"({column.name} IS NOT NULL)"
    checks = (each for each in then.objects.values() if each.whole == column.whole)
    return any(
        "CHECK (" in each.text and wanted in each.text and " OR " not in each.text
        for each in checks
    )


def _sequence_of(column: Object, now: _Moment) -> Object | None:
    """Return the sequence that a column takes its default from."""
    match = _NEXT_VALUE.search(column.properties.get("default", ""))
    return now.objects.get(f"relation {match[1].removeprefix('public.')}") if match else None


def _of_new(new: Object, then: _Moment) -> Iterator[Change]:
    """Yield what a new object takes from an application, as a part of an old relation or alone."""
    whole = then.objects.get(_whole_called(new))
    if new.kind == "event trigger":
        yield Change("breaking-change", f"{new.title} runs in every session from now on")
    elif whole and new.kind in _COLUMNS and _must_be_given(new.properties):
        yield Change("breaking-change", _must_give(full_name(new)), whole.name)
    elif whole and new.kind == "rule" and " INSTEAD " in new.text:
        words = f"{new.title} does something else instead of what an application asks"
        yield Change("breaking-change", words, whole.name)


def _of_silent(before: CatalogueState, after: CatalogueState) -> Iterator[Change]:
    """Yield what goes wrong in silence, or for UPDATE and DELETE alone."""
    for kept in after.kept:
        old, new = (state.relations.get(kept.address[1]) for state in (before, after))
        if kept.address in before.objects or (old and new and old.filenode == new.filenode):
            table = before.relations.get(kept.relation)
            yield Change("corruption", kept.words, table.name if table else "")
    for oid, publications in after.unidentified.items():
        if oid in before.relations and oid not in before.unidentified:
            name = before.relations[oid].name
            words = f"every UPDATE and DELETE of {name} fails: {publications} publishes them"
            yield Change("breaking-change", f"{words}, and it has no replica identity", name)


def _of_roles(
    before: Mapping[str, Sequence[str]], after: Mapping[str, Sequence[str]]
) -> Iterator[Change]:
    """Yield what the statements of a role may do no more, or do otherwise."""
    for role, rights in before.items():
        if role not in after:
            yield Change("breaking-change", f"role {role} is gone", "", f"role {role}")
            continue
        lost = [
            each for each in rights if each not in after[role] and not each.startswith("at most=")
        ]
        if lost:
            yield Change("access", f"role {role} loses {', '.join(lost)}")
        if settings := [each for each in after[role] if "=" in each and each not in rights]:
            yield Change(
                "breaking-change", f"role {role} has other settings: {', '.join(settings)}"
            )
