# ruff: noqa: S608 - what is put together comes from the catalogue, as SQL or quoted
"""What must be distinct: which columns have another value in each row."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from migrator.rows import patterns
from migrator.rows.conditions import typed
from migrator.rows.demands import Key
from migrator.rows.draft import Draft, Group
from migrator.rows.expressions import chance, listed, mentioned, quoted
from migrator.rows.references import read_keys

_EACH = "n.i - 1"  # the index of a group that gives each row another key


def make_distinct(draft: Draft) -> Draft:
    """See to it that no two rows have the same key; where that cannot be, the rows are few."""
    for key in sorted(draft.table.keys, key=lambda each: (len(each.columns), each.name)):
        draft = _kept(draft, key)
    free = max((each for each in draft.groups if not each.index), key=_size, default=None)
    for group in draft.groups:
        index = group.index
        if group is free:
            # Rows of one owner stand together, few owners have many: indexes grow at their ends.
            unit = max(draft.wanted * draft.wanted // group.size, 1)
            number = f"(n.i - {draft.start})"
            index = f"({number} * {number} / {unit} % {group.size})"
        elif not index:
            index = f"({chance('n.i', group.number + 100)} % {group.size})"
        elif index == _EACH:
            index = f"(({_EACH}) % {group.size})"
        draft = draft.with_group(replace(group, index=index))
    return draft


def _size(group: Group) -> int:
    return group.size


def _kept(draft: Draft, key: Key) -> Draft:
    given = sorted(key.columns & draft.choices.keys())
    columns = [name for name in given if not draft.choices[name].is_null]
    plain = {name for name in columns if {name, quoted(name)} & set(key.expressions)}
    if key.is_strict or (key.is_later and len(plain) < len(key.expressions)):
        never = {name: replace(draft.choices[name], takes_null=False) for name in columns}
        draft = draft.with_choices(never)
    if not columns or _is_kept(draft, columns, plain or set(columns)):
        return draft
    if found := _with_pattern(draft, sorted(plain) if key.operators else columns):
        return found
    for group in _open_groups(draft, columns):
        apart = [name for name in group.columns if name in columns]
        each = _apart(draft, group, apart)
        if each is None and len(group.references) > 1 and len(apart) > 1:
            each = _apart(draft, group, apart, whole=True)  # all combinations of its keys
        if each is not None:
            return draft.with_group(each)
    if key.operators and not plain.issuperset(columns):
        return _stepped(draft, key, columns)
    return _counted_through(draft, key, columns)


def _is_kept(draft: Draft, columns: Iterable[str], plain: Iterable[str]) -> bool:
    """Tell whether a column of a key has another value in each row already."""
    if any(draft.copies.get(name, name) in draft.distinct for name in plain):
        return True
    return any(group.apart and group.apart <= set(columns) for group in draft.groups)


def _with_pattern(draft: Draft, columns: Iterable[str]) -> Draft | None:
    """Give one of some columns a value of its own in each row, best one that is tied to none."""

    def rank(name: str) -> tuple[bool, bool, str]:
        is_tied = any(name in rule.columns for rule in draft.tying)
        return is_tied, draft.column(name).type.base in patterns.TIMES, name

    for name in sorted(filter(draft.is_free, columns), key=rank):
        choice = draft.choices[name]
        if choice.distinct and choice.reach >= draft.top:
            text = _after_those_there(draft, name, choice.distinct.text)
            return draft.with_made({name: typed(text, draft.column(name))}, is_distinct=True)
    return None


def _after_those_there(draft: Draft, name: str, text: str) -> str:
    """Return a pattern; plain numbers begin after the greatest that is there."""
    if text != "n.i" or draft.start == 1 or draft.column(name).type.base not in patterns.WHOLE:
        return text
    ((greatest,),) = draft.query(f"SELECT max({quoted(name)}) FROM ONLY {draft.table.name}")
    return f"{max(int(greatest or 0) - draft.start + 1, 0)} + n.i"


def _open_groups(draft: Draft, columns: Iterable[str]) -> list[Group]:
    """Return the groups that a key touches and no other key has taken, the largest first."""
    wanted = set(columns)
    found = [each for each in draft.groups if wanted & set(each.columns) and not each.index]
    return sorted(found, key=_size, reverse=True)


def _apart(draft: Draft, group: Group, apart: list[str], *, whole: bool = False) -> Group | None:
    """Return a group that gives each row another key, if it has as many in some columns."""
    group, number = _told_apart(draft, group, apart, whole=whole)
    enough = number >= draft.top
    return replace(group, index=_EACH, apart=frozenset(apart)) if enough else None


def _told_apart(
    draft: Draft, group: Group, apart: list[str], *, whole: bool = False
) -> tuple[Group, int]:
    """Count what a group's keys have in some columns; let each of that come first once."""
    group = read_keys(draft, group, apart, whole=whole)
    columns = ", ".join(map(quoted, apart))
    ((number,),) = draft.query(f"SELECT count(DISTINCT ({columns})) FROM pg_temp.{group.keys}")
    return group, int(number)


def _stepped(draft: Draft, key: Key, columns: list[str]) -> Draft:
    """Let the bounds of what must not overlap follow each other."""
    bounds = [
        name
        for expression in key.expressions
        for name in sorted(mentioned(expression, columns), key=expression.find)
        if expression not in (name, quoted(name))
    ]
    made = {}
    for place, name in enumerate(bounds):
        distinct = draft.choices[name].distinct
        if draft.is_free(name) and distinct:
            text = distinct.text.replace("n.i", f"(n.i * 4 + {place})")
            made[name] = typed(text, draft.column(name))
    return draft.with_made(made)


def _counted_through(draft: Draft, key: Key, columns: Collection[str]) -> Draft:
    """Count through all combinations of a key's columns, of which there are few of each."""
    digits: list[tuple[int, Group | str]] = []
    for each in _open_groups(draft, columns):
        group, number = _told_apart(draft, each, [n for n in each.columns if n in columns])
        draft = draft.with_group(group)
        digits.append((number, group))
    for name in columns:
        if draft.is_free(name) and draft.choices[name].values:
            choice = draft.choices[name]
            digits.append((max(choice.reach, len(choice.values)), name))
    grouped = {name for group in draft.groups for name in group.columns}
    sources = {
        *(group.number for group in draft.groups if set(group.columns) & set(columns)),
        *(name for name in columns if name not in grouped),
    }
    if len(digits) < len(sources):
        return draft  # another key has decided on one; rows that are there twice are left out
    step = 1
    for radix, source in sorted(digits, key=lambda digit: -digit[0]):
        index = f"((n.i - 1) / {step} % {radix})"
        if isinstance(source, Group):
            draft = draft.with_group(replace(source, index=index))
        else:
            draft = draft.with_made({source: _digit(draft, source, radix, index)})
        step *= radix
        if step > draft.top:
            return draft
    nullable = min(draft.taking_null(columns), default=None)
    if nullable is not None:
        text = f"CASE WHEN n.i <= {step} THEN {draft.made[nullable]} END"
        return draft.with_made({nullable: text})
    if (key.predicate is None or key.is_later) and step < draft.end:
        return replace(draft, end=step, capped_by=key.name)
    return draft


def _digit(draft: Draft, name: str, radix: int, index: str) -> str:
    """Return SQL for the value of a column whose number is an index."""
    choice = draft.choices[name]
    text = f"({listed(choice.values)})[1 + {index}]"
    if choice.distinct and radix > len(choice.values):
        text = choice.distinct.text.replace("n.i", f"(1 + {index})")
    return typed(text, draft.column(name))
