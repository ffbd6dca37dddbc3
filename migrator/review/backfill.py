"""Changes of many rows as batches along a key, each row visited once.

No SQL is parsed. The planner tells which table an UPDATE or DELETE changes, what the statement
calls it, and that it reads each row for itself alone. The statement stays as it was written, with
one more condition. Where that is not sure to be the same change, there is no way here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import psycopg

from migrator.catalogue.objects import Object
from migrator.core import sqltext
from migrator.review import locks
from migrator.review.catalogue import relation_oid
from migrator.review.moves import Changed, Move, differences, not_null

ROWS = 5_000
# The type in which keys are compared, and a value before the first one: a UUID may be all zeros, so
# that its keys are walked downwards.
_FIRST = {
    "smallint": ("bigint", "-32769"),
    "integer": ("bigint", "-2147483649"),
    "bigint": ("bigint", "-9223372036854775808"),
    "uuid": ("uuid", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
}
_UNIQUE = re.compile(r'^CREATE UNIQUE INDEX .* USING btree \(((?:"(?:[^"]|"")+"|\w+))\)$')
_ATTRIBUTES = {"type", "collation", "default", "NOT NULL"}
_WORDS = re.compile(r"\W+")
_OWN_NAMES = {"batch", "changed"}
_STRANGE = re.compile(r"\$|\\|/\*.*/\*|\bWHERE\s+CURRENT\b", re.DOTALL | re.IGNORECASE)
_TOKEN = re.compile(rb"[()]|[\w\x80-\xff]+")
_WALK = """\
WITH batch AS (
    SELECT k.{column} FROM {table} AS k
    WHERE k.{column} {after} current_setting('migrator.batch_after')::{type}
    ORDER BY k.{column}{order}
    LIMIT current_setting('migrator.batch_rows')::integer
    FOR NO KEY UPDATE
), changed AS (
    {change}
)
SELECT b.{column} AS batch_after, count(*) OVER () AS batch_rows
FROM batch AS b ORDER BY b.{column}{last} LIMIT 1"""


@dataclass(frozen=True, slots=True)
class Walk:
    """How to walk along the unique key of a table.

    Args:
        table: The table.
        column: The only column of the key.
        type: The type of that column.

    """

    table: str
    column: str
    type: str

    @classmethod
    def along(cls, facts: Changed, table: str) -> Walk | None:
        """Return how to walk along a key of a table; None if no key is of a type in _FIRST."""
        parts = [
            each
            for each in facts.seen.before.objects.values()
            if (found := facts.relations.get(relation_oid(each))) and found.name == table
        ]
        columns = {each.name: each for each in parts if each.kind == "table column"}
        keys = sorted((each for each in parts if _key(each) in columns), key=_rank)
        for each in keys:
            has = columns[_key(each)].properties
            if has.get("type") in _FIRST and "NOT NULL" in has:
                return cls(table, _key(each), has["type"])
        return None

    @property
    def header(self) -> str:
        """What `-- batch:` says."""
        return f"{ROWS} after={_FIRST[self.type][1]}"

    @property
    def condition(self) -> str:
        """The condition that a column is the key of a row of the batch; without the column."""
        return f"IN (SELECT b.{self.column} FROM batch AS b)"  # noqa: S608  quoted by the catalogue

    def statement(self, change: str) -> str:
        """Return the statement of a batch.

        Args:
            change: The statement that changes its rows.

        """
        is_down = self.type == "uuid"
        return _WALK.format(
            column=self.column,
            table=self.table,
            after="<" if is_down else ">",
            type=_FIRST[self.type][0],
            order=" DESC" * is_down,
            change=change.replace("\n", "\n    "),
            last="" if is_down else " DESC",
        )


def _key(index: Object) -> str:
    """Return the only column of a unique index; empty if it is no such index."""
    found = _UNIQUE.match(index.properties.get("definition", "")) if index.kind == "index" else None
    return found[1] if found else ""


def _rank(index: Object) -> tuple[bool, str]:
    return "constraint" not in index.properties, index.name


def changed(facts: Changed) -> Move | None:
    """Return the batches of an UPDATE or DELETE; None if they may not do the same."""
    writes = facts.seen.writes
    if writes is None or not writes.table:
        return None
    plain = writes.table.removeprefix("public.")
    named = (each.name for each in facts.relations.values())
    table = next((each for each in named if each.replace('"', "") == plain), "")
    walk = Walk.along(facts, table)
    change = _limited(facts.step.part.text, walk, writes.alias) if walk else None
    if walk is None or change is None:
        return None
    own = locks.ROW_EXCLUSIVE
    held = [
        each
        for each, mode in facts.step.held.items()
        if locks.strength(mode) >= locks.strength(own)
    ]
    forward = (walk.statement(change),)
    return Move("batch", "", forward, (), dict.fromkeys(held, own), batch=walk.header)


def column(facts: Changed) -> list[Move] | None:
    """Return the moves that add a column whose default differs from row to row; else None."""
    ((old, new), *others) = [*differences(facts.seen)] or [(None, None)]
    has = new.properties if new and not old and new.kind == "table column" else {}
    table = facts.table(new) if new and has else ""
    rewritten = {each.relation for each in facts.step.work if each.rewritten}
    walk = Walk.along(facts, table)
    if others or new is None or walk is None or table not in rewritten:
        return None
    if "default" not in has or has.keys() - _ATTRIBUTES:
        return None  # without one, the CHECK of a domain rewrites the table
    name, collation = new.name, f" COLLATE {has['collation']}" if "collation" in has else ""
    alter, own = f"ALTER TABLE {table}", f"{name} of {table}"
    add = f"{alter} ADD COLUMN {name} {has['type']}{collation}"
    default = f"{alter} ALTER COLUMN {name} SET DEFAULT {has['default']}"
    rows = f"{table}.{walk.column} {walk.condition}\nAND {table}.{name} IS NULL"
    change = f"UPDATE {table} SET {name} = DEFAULT\nWHERE {rows}"  # noqa: S608  quoted names
    fill = walk.statement(change)
    locked = facts.family(table, locks.ACCESS_EXCLUSIVE)
    lost = f"the values of {table}.{name}"
    made = Move(
        "column",
        f"column {own}; old rows have none yet",
        (add, default),
        (f"{alter} DROP COLUMN {name}",),
        locked,
        lost=lost,
        about=_WORDS.sub("_", name).strip("_"),
    )
    filled = replace(
        made,
        name="fill",
        purpose=f"{own} for the rows from before it was added",
        forward=(fill,),
        rollback=("SELECT 1",),
        locks=facts.family(table, locks.ROW_EXCLUSIVE),
        lost=f"which rows of {table} had no {name}",
        batch=walk.header,
    )
    enforced = not_null(facts, table, name) if "NOT NULL" in has else []
    return [made, filled, *(replace(each, about=made.about) for each in enforced)]


def _limited(text: str, walk: Walk, alias: str) -> str | None:
    """Return a statement that changes only rows of the batch; None if its text is not plain."""
    source = text.encode()
    words = [*_outer_words(source)]
    places = {word: (start, end) for word, start, end in words}
    count = sum(word == "WHERE" for word, *_ in words)
    used = {each.lower() for each in re.findall(r"\w+", text)}
    start, end = places.get("WHERE", (len(source), len(source)))
    before, own = source[:start].decode(), source[end:].decode().strip()
    column = re.escape(walk.column.strip('"'))
    changes_key = rf"(?:\b{column}\b\"?|\))\s*="  # or columns in parentheses
    named = {alias.lower(), walk.table.rpartition(".")[2].strip('"').lower()}
    is_of_view = any({*re.findall(r"\w+", each)} - used for each in named)
    is_odd = _STRANGE.search(text) or "RETURNING" in places or used & _OWN_NAMES or is_of_view
    if is_odd or count > 1 or re.search(changes_key, before, re.IGNORECASE):
        return None
    is_plain = re.fullmatch(r"[a-z_][a-z0-9_]*", alias) and f'"{alias}"' not in text
    name = alias if is_plain else psycopg.sql.Identifier(alias).as_string()
    condition = f"{name}.{walk.column} {walk.condition}"
    if not count:
        return f"{text}\nWHERE {condition}"
    closing = "\n)" if "--" in own else ")"
    return f"{before}WHERE {condition}\nAND ({own}{closing}"


def _outer_words(text: bytes) -> Iterator[tuple[str, int, int]]:
    """Yield the words outside of parentheses, quotes and comments, and where they are."""
    depth = 0
    for match in _TOKEN.finditer(sqltext.blanked(text)):
        depth += {b"(": 1, b")": -1}.get(match[0], 0)
        if not depth:
            yield match[0].decode().upper(), match.start(), match.end()
