"""Another type for a column without a rewrite: a new column takes the place of the old one.

The expression behind USING is the only part of a statement's text that is read. All else is told by
PostgreSQL's catalogue: what belongs to the column is made for the new one, under another name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from migrator.catalogue.objects import Object
from migrator.core import sqltext
from migrator.review import locks
from migrator.review.expand import (
    UNUSED,
    Twin,
    another_name,
    called,
    comment_on,
    renamed_index,
)
from migrator.review.moves import (
    ONLY_BACK,
    Changed,
    Move,
    add_column,
    add_constraint,
    build_index,
    differences,
    not_null,
    plain,
    replaced,
)

# What a conversion from or to these types gives depends on settings of the session.
_OF_SESSION = re.compile(r"\b(?:date|time|timestamp|interval|money|reg[a-z]+)\b")
_TEXT = re.compile(r"'(?:[^']|'')*'|[\w\"]+")
_OLD = {"type", "collation", "default", "NOT NULL", "comment"}
# What squawk warns about, by what a statement has.
_DROPS = {
    "ban-drop-constraint": "DROP CONSTRAINT",
    "ban-drop-default": "DROP DEFAULT",
    "ban-drop-not-null": "DROP NOT NULL",
}
_FITS = "every process of the application works with the old type and with the new one"
_MADE = "what goes from the old column, the new one has"
_KEY = re.compile(r"PRIMARY KEY|UNIQUE")
Change = tuple[str, str]  # a statement, and what undoes it; either may be empty


def retyped(facts: Changed, undoing: Sequence[str]) -> list[Move] | None:
    """Return the moves that give a column another type; None if there are none.

    Args:
        facts: What is known about the statement.
        undoing: The statements of the rollback file that undo it.

    """
    pairs = [*replaced([*differences(facts.seen)])]
    columns = [(old, new) for old, new in pairs if old and new and old.kind == "table column"]
    parts = [(old, new) for old, new in pairs if old and new and old.kind != "table column"]
    if len(columns) != 1 or len(parts) + 1 != len(pairs) or len(undoing) != 1:
        return None
    ((old, new),) = columns
    value, back = _using(facts.step.part.text), _using(undoing[0])
    types = old.properties["type"], new.properties["type"]
    depends = any(map(_OF_SESSION.search, types)) and "AT TIME ZONE" not in f"{value}".upper()
    if types[0] == types[1] or value is None or back is None or depends:
        return None
    later = replace(new, name=another_name(new.name, "new"))
    twin = Twin.of(facts, old, later, "one_way", value or old.name)
    if twin is None or (old.properties.keys() | new.properties.keys()) - _OLD:
        return None
    made, swapped = _parts(twin, parts)
    if made is None:
        return None
    value_back = f"({back or old.name})::{types[0]}"
    return called(old, [*twin.moves, *made, *_swap(twin, new, swapped, value_back)])


def _swap(twin: Twin, new: Object, parts: Sequence[tuple[Change, Change]], back: str) -> list[Move]:
    """Return the moves from the check that the new column has no NULL to the end of the old one.

    Args:
        twin: The new column.
        new: What it is in the end.
        parts: How each part of the old column goes, and how the one of the new takes its name.
        back: The value of the old column, by the new one.

    """
    table, old, name = twin.table, twin.old, another_name(new.name, "old")
    column = f"ALTER TABLE {table} ALTER COLUMN {old.name}"
    rename = f"ALTER TABLE {table} RENAME COLUMN {{}} TO {{}}"
    checked = not_null(twin.facts, table, twin.new.name) if "NOT NULL" in new.properties else []
    changes: list[Change] = [(each.forward[0], each.rollback[0]) for each in checked[2:]]
    changes += [
        (twin.end[0], ""),
        (twin.end[1], "\n".join(f"{each};" for each in twin.trigger_made)[:-1]),
    ]
    changes += [going for going, _ in parts]
    had = old.properties
    if "default" in had:
        changes.append((f"{column} DROP DEFAULT", f"{column} SET DEFAULT {had['default']}"))
    if "NOT NULL" in had:
        changes.append((f"{column} DROP NOT NULL", f"{column} SET NOT NULL"))
    changes.append((rename.format(old.name, name), rename.format(name, old.name)))
    changes.append((rename.format(twin.new.name, old.name), rename.format(old.name, twin.new.name)))
    if "default" in new.properties:
        default = f"{column} SET DEFAULT {new.properties['default']}"
        changes.append((default, f"{column} DROP DEFAULT"))
    changes += [coming for _, coming in parts]
    changes.append((_comment(f"COLUMN {table}.{old.name}", new), twin.comment(old.name)))
    differ = f"{name}::text IS DISTINCT FROM ({back})::text"  # some types cannot be compared
    changes.append(("", f"UPDATE {table} SET {name} = {back}\nWHERE {differ}"))  # noqa: S608
    changes.append(("", f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
    held = twin.facts.family(table, locks.ACCESS_EXCLUSIVE)
    forward = tuple(each for each, _ in changes if each)
    rollback = tuple(each for _, each in reversed(changes) if each)
    is_large = twin.facts.is_large(table)
    swap = Move(
        "swap",
        f"second release: {old.name} of {table} is {new.properties['type']} from here on",
        forward,
        rollback,
        held,
        allowed=(
            ("breaking-change", table, _FITS),
            *((rule, "", _MADE) for rule, text in _DROPS.items() if text in " ".join(forward)),
            *((rule, table, ONLY_BACK) for rule in _read_back(rollback) if is_large),
        ),
        lost=f"the values of {table}.{name}, which the rollback makes again from {old.name}",
        is_later=True,
    )
    drop = Move(
        "drop_old",
        f"second release: {name} of {table} has done its work; the rollback of the swap fills it",
        (f"ALTER TABLE {table} DROP COLUMN {name}",),
        (
            add_column(table, name, had, "default", "NOT NULL"),
            *([_comment(f"COLUMN {table}.{name}", old)] if "comment" in had else []),
        ),
        held,
        allowed=(("breaking-change", table, UNUSED),),
        lost=f"the values of {table}.{name}, which those of {old.name} give",
        is_later=True,
    )
    return [*checked[:2], swap, drop]


def _read_back(rollback: Sequence[str]) -> Iterator[str]:
    """Yield what a review finds in the rollback of a swap."""
    text = " ".join(rollback)
    yield "large-write"
    yield "work-after-lock"
    if re.search(r"SET NOT NULL|CHECK|FOREIGN KEY", text):
        yield "scan"
    if re.search(r"CREATE (UNIQUE )?INDEX|ADD CONSTRAINT \S+ (UNIQUE|PRIMARY)", text):
        yield "index-build"


def _parts(
    twin: Twin, parts: Sequence[tuple[Object, Object]]
) -> tuple[list[Move] | None, list[tuple[Change, Change]]]:
    """Return the moves that make the parts of a column for its twin, and how they take its place.

    Args:
        twin: The column that takes the place of another.
        parts: The indexes and constraints of that one, before and after.

    """
    made: list[Move] = []
    swapped: list[tuple[Change, Change]] = []
    alter = f"ALTER TABLE {twin.table}"
    for old, new in parts:
        had, has = (plain(each.properties.get("definition", "")) for each in (old, new))
        own, rule = new.name.rpartition(".")[2], _with(has, twin)
        name = another_name(own, "new")
        if new.kind == "index" and "constraint" in new.properties:
            continue  # made with its constraint
        if new.kind == "index":
            made.append(build_index(*renamed_index(new, rule)))
            going = (f"DROP INDEX {old.name}", had)
            rename = "ALTER INDEX {} RENAME TO {}"
            coming = (rename.format(name, own), rename.format(own, name))
        elif new.kind == "table constraint" and (key := _KEY.match(has)):
            index = next(each for _, each in parts if each.properties.get("constraint") == new.name)
            definition = plain(index.properties["definition"])
            made.append(build_index(*renamed_index(index, _with(definition, twin))))
            going = (f"{alter} DROP CONSTRAINT {own}", f"{alter} ADD CONSTRAINT {own} {had}")
            coming = (
                f"{alter} ADD CONSTRAINT {own} {key[0]} USING INDEX {name}",
                f"{alter} DROP CONSTRAINT {own};\n{renamed_index(index, definition)[1]}",
            )
        elif new.kind == "table constraint":
            other = replace(new, name=name, text=f"definition: {rule}")
            found = called(other, add_constraint(twin.facts, other))
            if not found:
                return None, []
            made += found
            going = (f"{alter} DROP CONSTRAINT {own}", f"{alter} ADD CONSTRAINT {own} {had}")
            rename = f"{alter} RENAME CONSTRAINT {{}} TO {{}}"
            coming = (rename.format(name, own), rename.format(own, name))
        else:
            return None, []
        is_index = new.kind == "index"
        what = f"INDEX {own}" if is_index else f"CONSTRAINT {own} ON {twin.table}"
        if "comment" in old.properties:
            going = (going[0], f"{going[1]};\n{_comment(what, old)}")
        swapped.append((going, coming))
        if "comment" in new.properties:
            comment = _comment(what, new), comment_on(what, None)
            swapped.append((("", ""), comment))
    return made, swapped


def _comment(what: str, each: Object) -> str:
    return comment_on(what, each.properties.get("comment"))


def _with(definition: str, twin: Twin) -> str:
    """Return a definition for the new column instead of the old one; texts stay as they are."""
    own, referenced, rest = definition.partition(" REFERENCES ")
    name = twin.new.name
    return (
        _TEXT.sub(lambda each: name if each[0] == twin.old.name else each[0], own)
        + referenced
        + rest
    )


def _using(text: str) -> str | None:
    """Return the expression of the only clause that changes a type; empty if it has none."""
    source = text.encode()
    code = sqltext.blanked(source)
    typed = [
        place for place in _clauses(code) if re.search(rb"\bTYPE\b", code[place], re.IGNORECASE)
    ]
    if len(typed) != 1 or b"$" in code:
        return None
    clause = code[typed[0]]
    found = re.search(rb"\bUSING\b", clause, re.IGNORECASE)
    return source[typed[0]][found.end() :].decode().strip() if found else ""


def _clauses(code: bytes) -> Iterator[slice]:
    """Yield where the parts of a text are that commas divide, outside of parentheses."""
    depth, start = 0, 0
    for place, each in enumerate(code):
        depth += (each in b"([") - (each in b")]")
        if each == ord(",") and not depth:
            yield slice(start, place)
            start = place + 1
    yield slice(start, len(code))
