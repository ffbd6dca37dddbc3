# ruff: noqa: S608 - what is put together comes from the catalogue, as SQL or quoted
"""What must be distinct: which columns have another value in each row."""

from __future__ import annotations

from collections.abc import Iterable

from migrator.rows import values
from migrator.rows.conditions import typed
from migrator.rows.demands import Key
from migrator.rows.draft import Draft, Group
from migrator.rows.expressions import chance, listed, mentioned, quoted
from migrator.rows.references import read_keys

_EACH = "n.i - 1"  # the index of a group that gives each row another key


def make_distinct(draft: Draft) -> Draft:
    """See to it that no two rows have the same key; where that cannot be, the rows are few."""
    draft = draft.copy()
    for key in sorted(draft.table.keys, key=lambda each: (len(each.columns), each.name)):
        _keep(draft, key)
    free = max((each for each in draft.groups if not each.index), key=_size, default=None)
    for group in draft.groups:
        if group is free:
            # Rows of one owner stand together, few owners have many: indexes grow at their ends.
            unit = max(draft.wanted * draft.wanted // group.size, 1)
            number = f"(n.i - {draft.start})"
            group.index = f"({number} * {number} / {unit} % {group.size})"
        elif not group.index:
            group.index = f"({chance('n.i', group.number + 100)} % {group.size})"
        elif group.index == _EACH:
            group.index = f"(({_EACH}) % {group.size})"
    return draft


def _size(group: Group) -> int:
    return group.size


def _keep(draft: Draft, key: Key) -> None:
    columns = [name for name in sorted(key.columns) if name not in draft.only_null]
    plain = {name for name in columns if {name, quoted(name)} & set(key.expressions)}
    if key.is_strict or (key.is_later and len(plain) < len(key.expressions)):
        draft.takes_null -= key.columns
    if not columns or _is_kept(draft, columns, plain or set(columns)):
        return
    if _take_pattern(draft, sorted(plain) if key.operators else columns):
        return
    for group in _open_groups(draft, columns):
        apart = [name for name in group.columns if name in columns]
        if _count_apart(draft, group, apart) >= draft.top or _combine(draft, group, apart):
            group.index = _EACH
            group.apart = frozenset(apart)
            return
    if key.operators and not plain.issuperset(columns):
        _step(draft, key, columns)
    else:
        _count_through(draft, key, columns)


def _is_kept(draft: Draft, columns: Iterable[str], plain: Iterable[str]) -> bool:
    """Tell whether a column of a key has another value in each row already."""
    if any(draft.copies.get(name, name) in draft.distinct for name in plain):
        return True
    return any(group.apart and group.apart <= set(columns) for group in draft.groups)


def _take_pattern(draft: Draft, columns: Iterable[str]) -> bool:
    """Give one of some columns a value of its own in each row, best one that is tied to none."""

    def rank(name: str) -> tuple[bool, bool, str]:
        is_tied = any(name in rule.columns for rule in draft.tying())
        return is_tied, draft.column(name).type.base in values.TIMES, name

    able = [n for n in columns if draft.is_free(n) and draft.choices[n].distinct]
    for name in sorted(able, key=rank):
        pattern, reach = draft.choices[name].distinct[0]
        if reach >= draft.top:
            text = _after_those_there(draft, name, pattern.text)
            draft.made[name] = typed(text, draft.column(name))
            draft.distinct.add(name)
            return True
    return False


def _after_those_there(draft: Draft, name: str, text: str) -> str:
    """Return a pattern; plain numbers begin after the greatest that is there."""
    if text != "n.i" or draft.start == 1 or draft.column(name).type.base not in values.WHOLE:
        return text
    ((greatest,),) = draft.query(f"SELECT max({quoted(name)}) FROM ONLY {draft.table.name}")
    return f"{max(int(greatest or 0) - draft.start + 1, 0)} + n.i"


def _open_groups(draft: Draft, columns: Iterable[str]) -> list[Group]:
    """Return the groups that a key touches and no other key has taken, the largest first."""
    wanted = set(columns)
    found = [each for each in draft.groups if wanted & set(each.columns) and not each.index]
    return sorted(found, key=_size, reverse=True)


def _count_apart(draft: Draft, group: Group, apart: list[str], *, whole: bool = False) -> int:
    """Count what a group's keys have in some columns; let each of that come first once."""
    read_keys(draft, group, apart, whole=whole)
    columns = ", ".join(map(quoted, apart))
    ((number,),) = draft.query(f"SELECT count(DISTINCT ({columns})) FROM pg_temp.{group.keys}")
    return int(number)


def _combine(draft: Draft, group: Group, apart: list[str]) -> bool:
    """Take all combinations of a group's keys, if they are needed and enough."""
    is_possible = len(group.references) > 1 and len(apart) > 1
    return is_possible and _count_apart(draft, group, apart, whole=True) >= draft.top


def _step(draft: Draft, key: Key, columns: list[str]) -> None:
    """Let the bounds of what must not overlap follow each other."""
    bounds = [
        name
        for expression in key.expressions
        for name in sorted(mentioned(expression, columns), key=expression.find)
        if expression not in (name, quoted(name))
    ]
    for place, name in enumerate(bounds):
        if draft.is_free(name) and draft.choices[name].distinct:
            text = draft.choices[name].distinct[0][0].text.replace("n.i", f"(n.i * 4 + {place})")
            draft.made[name] = typed(text, draft.column(name))


def _count_through(draft: Draft, key: Key, columns: list[str]) -> None:
    """Count through all combinations of a key's columns, of which there are few of each."""
    digits: list[tuple[int, Group | str]] = []
    for group in _open_groups(draft, columns):
        apart = [name for name in group.columns if name in columns]
        digits.append((_count_apart(draft, group, apart), group))
    for name in columns:
        if draft.is_free(name) and draft.values[name]:
            reach = max((reach for _, reach in draft.choices[name].distinct), default=0)
            digits.append((max(reach, len(draft.values[name])), name))
    grouped = {name for group in draft.groups for name in group.columns}
    sources = {
        *(group.number for group in draft.groups if set(group.columns) & set(columns)),
        *(name for name in columns if name not in grouped),
    }
    if len(digits) < len(sources):
        return  # another key has decided on one; rows that are there twice are left out
    step = 1
    for radix, source in sorted(digits, key=lambda digit: -digit[0]):
        index = f"((n.i - 1) / {step} % {radix})"
        if isinstance(source, Group):
            source.index = index
        else:
            _take_digit(draft, source, radix, index)
        step *= radix
        if step > draft.top:
            return
    nullable = next((name for name in columns if name in draft.takes_null), None)
    if nullable is not None:
        draft.made[nullable] = f"CASE WHEN n.i <= {step} THEN {draft.made[nullable]} END"
    elif (key.predicate is None or key.is_later) and step < draft.end:
        draft.end, draft.capped_by = step, key.name


def _take_digit(draft: Draft, name: str, radix: int, index: str) -> None:
    if radix > len(draft.values[name]):
        text = draft.choices[name].distinct[0][0].text.replace("n.i", f"(1 + {index})")
    else:
        text = f"({listed(draft.values[name])})[1 + {index}]"
    draft.made[name] = typed(text, draft.column(name))
