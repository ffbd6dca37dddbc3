"""What an object does no more, or does otherwise, for an application that uses it: by its kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from migrator.catalogue.objects import Object

_OFF = {"no", "on a replica"}
_FIRES = re.compile(r"\b(?:INSERT|UPDATE|DELETE|TRUNCATE)\b")
_ACTION = re.compile(r" (ON (?:DELETE|UPDATE) (?:CASCADE|RESTRICT|SET NULL|SET DEFAULT))")
_NUMBERS = re.compile(r" by (-?\d+), (-?\d+) to (-?\d+),")
_SETTING = re.compile(r"^ SET (\S+) TO (.*)$", re.MULTILINE)


def losses(old: Object, new: Object) -> Iterator[str]:
    """Yield what an object does no more, or otherwise than before, in words.

    Args:
        old: The object before.
        new: What an application calls the same after.

    """
    if find := _BY_KIND.get(old.kind):
        yield from find(old, new)


def _of_sequence(old: Object, new: Object) -> Iterator[str]:
    """Yield why a sequence runs out sooner, or gives a number twice."""
    was, now = (_NUMBERS.search(each.properties.get("numbers", "")) for each in (old, new))
    if was is None or now is None:
        return
    (step, low, high), (by, least, most) = (tuple(map(int, each.groups())) for each in (was, now))
    if (step > 0) != (by > 0):
        yield f"{old.title} counts the other way now: its numbers come a second time"
    elif most < high if by > 0 else least > low:
        yield f"{old.title} ends at {most if by > 0 else least:,} now"
    if "cycle" in new.properties and "cycle" not in old.properties:
        yield f"{old.title} begins anew at its end: its numbers come a second time"


def _of_type(old: Object, new: Object) -> Iterator[str]:
    had, has = old.properties, new.properties
    labels = has.get("labels", "").split(", ")
    lost = [each for each in had.get("labels", "").split(", ") if each not in labels]
    if any(lost):
        yield f"{old.title} has no value {', '.join(lost)} any more"
    if "NOT NULL" in has and "NOT NULL" not in had:
        yield f"{old.title} accepts no NULL any more"
    if "default" in had and "default" not in has:
        yield f"columns of {old.title} have no default any more"
    if any(had.get(each) != has.get(each) for each in ("kind", "base type", "definition")):
        yield f"{old.title} is another type now"


def _of_trigger(old: Object, new: Object) -> Iterator[str]:
    had, has = old.properties, new.properties
    if has.get("enabled") in _OFF and had.get("enabled") not in _OFF:
        yield f"{old.title} is disabled, and what it did does not happen"
    fired, fires = (
        {*_FIRES.findall(each["definition"].partition(" ON ")[0])} for each in (had, has)
    )
    if lost := ", ".join(sorted(fired - fires)):
        yield f"{old.title} acts on no {lost} any more"


def _of_constraint(old: Object, new: Object) -> Iterator[str]:
    before, after = (_ACTION.findall(each.properties["definition"]) for each in (old, new))
    if before != after:
        said, says = (" ".join(each) or "no action" for each in (before, after))
        yield f"{old.title} says {says} now, and said {said}"


def is_same_reference(one: Object, other: Object) -> bool:
    """Say whether two constraints are references of the same columns, whatever they do."""
    told = (
        _ACTION.sub("", each.properties["definition"]).removesuffix(" NOT VALID")
        for each in (one, other)
    )
    return len({*told}) == 1


def _of_materialized_view(old: Object, new: Object) -> Iterator[str]:
    if "populated" in new.properties and "populated" not in old.properties:
        yield f"{old.title} cannot be read until it is refreshed"


def _of_view(old: Object, new: Object) -> Iterator[str]:
    options = new.properties.get("options", "").split(", ")
    if any("check" in each and each not in old.text for each in options):
        yield f"{old.title} rejects new rows that it does not show"


def _of_table(old: Object, new: Object) -> Iterator[str]:
    had, has = ({*each.properties.get("inherits", "").split(", ")} - {""} for each in (old, new))
    if "persistence" in new.properties and "persistence" not in old.properties:
        yield f"{old.name} is empty after a crash from now on"
    for parent in sorted(had - has):
        yield f"the rows of {old.name} are not among those of {_plain(parent)} now"
    for parent in sorted(has - had) if "partition" not in new.properties else ():
        yield f"the rows of {old.name} are among those of {_plain(parent)} now"


def _plain(name: str) -> str:
    return name.removeprefix("public.")


def _of_routine(old: Object, new: Object) -> Iterator[str]:
    before, after = (_settings(each) for each in (old, new))
    others = sorted(each for each in {*before, *after} if before.get(each) != after.get(each))
    if told := ", ".join(f"{each} = {after.get(each, 'that of its caller')}" for each in others):
        yield f"{old.title} runs with other settings: {told}"
    if new.address != old.address and signature(old) != signature(new):
        yield f"{old.title} is another one now: {signature(new)}"


def _settings(routine: Object) -> dict[str, str]:
    """Return the settings that a routine has for itself, and whether NULL makes it return NULL."""
    head = routine.properties["definition"].partition("\nAS ")[0]
    return {**dict(_SETTING.findall(head)), **({"STRICT": "yes"} if " STRICT" in head else {})}


def signature(routine: Object) -> str:
    """Return the name of a routine, its arguments, and what it returns, on one line."""
    head = routine.properties["definition"].partition("\n LANGUAGE ")[0]
    return " ".join(_plain(head.partition(" REPLACE ")[2].partition(" ")[2]).split())


def takes_calls(new: Object, old: Object) -> bool:
    """Say whether a routine takes all calls of another one: its other arguments have defaults."""
    had, has = (signature(each).partition(") RETURNS ") for each in (old, new))
    more = has[0].removeprefix(had[0])
    number = has[0].count(" DEFAULT ") - had[0].count(" DEFAULT ")
    is_longer = has[0].startswith(had[0]) and (more.startswith(", ") or had[0].endswith("("))
    return is_longer and has[2] == had[2] and number > more.removeprefix(", ").count(", ")


_BY_KIND: dict[str, Callable[[Object, Object], Iterator[str]]] = {
    "function": _of_routine,
    "materialized view": _of_materialized_view,
    "procedure": _of_routine,
    "rule": _of_trigger,
    "sequence": _of_sequence,
    "table": _of_table,
    "table constraint": _of_constraint,
    "trigger": _of_trigger,
    "type": _of_type,
    "view": _of_view,
}
