"""Expand and contract: what a running application would miss, as files for two releases.

The files of the first release only add or allow something. Those of the second take away. Between
the two, every process of the application must have become one that does without.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from migrator.catalogue.objects import Object
from migrator.review import locks
from migrator.review.backfill import Walk
from migrator.review.moves import (
    ONLY_BACK,
    Changed,
    Move,
    add_column,
    build_index,
    differences,
    fresh,
    not_null,
    plain,
)
from migrator.rows.expressions import literal
from migrator.sql import sql

_VALUES = {"default", "identity", "generated", "generated and stored"}
_OF_TWIN = {"type", "collation", "default", "NOT NULL", "comment", "identity"}
UNUSED = "every process of the application is of the release that does without it"
_RIGHTS = {"r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE"}
_LONGEST = 58
_WORDS = re.compile(r"\W+")
_NAME_OF_INDEX = re.compile(r' INDEX ("(?:[^"]|"")+"|\S+) ON ')


@dataclass(frozen=True, slots=True)
class Twin:
    """A new column that a trigger keeps in step with the one whose place it takes.

    Args:
        facts: What is known about the statement.
        table: The table.
        old: The column whose place it takes.
        new: The new one: its name, and what it is to be.
        trigger: The function of the trigger: a file of sql/review.
        value: What its value is, for the rows from before it was added.
        walk: How to walk along the rows.

    """

    facts: Changed
    table: str
    old: Object
    new: Object
    trigger: str
    value: str
    walk: Walk

    @property
    def function(self) -> str:
        """The name of the trigger's function."""
        schema, dot, _ = self.table.rpartition(".")
        return schema + dot + fresh(self.table, self.new.name.strip('"'), "in_step")

    @property
    def make(self) -> tuple[str, ...]:
        """The statements that add it, with its trigger."""
        add = add_column(self.table, self.new.name, self.new.properties, "default", "NOT NULL")
        return add, self.comment(self.new.name), *self.trigger_made

    def comment(self, name: str) -> str:
        """Return the statement that says what it is for, while it has a name."""
        return comment_on(f"COLUMN {self.table}.{name}", f"Takes the place of {self.old.name}.")

    @property
    def trigger_made(self) -> tuple[str, ...]:
        """The statements that make its trigger."""
        schema = self.table.rpartition(".")[0] or "public"
        names = {"function": self.function, "schema": schema, "value": self.value}
        names |= {"alias": self.table.rpartition(".")[2]}
        names |= {"table": self.table, "new": self.new.name, "old": self.old.name}
        what = f"{self.new.name} of {self.table} in step with {self.old.name}"
        return (
            sql(f"review/{self.trigger}").strip() % names,
            comment_on(f"FUNCTION {self.function}()", f"Keeps {what}."),
            f"CREATE TRIGGER {self._trigger} BEFORE INSERT OR UPDATE ON {self.table}\n"
            f"FOR EACH ROW EXECUTE FUNCTION {self.function}()",
            f"COMMENT ON TRIGGER {self._trigger} ON {self.table} IS\n"
            + literal(f"Keeps {what}. By its name, it fires after others."),
        )

    @property
    def end(self) -> tuple[str, ...]:
        """The statements that end the trigger."""
        drop = f"DROP TRIGGER {self._trigger} ON {self.table}"
        return drop, f"DROP FUNCTION {self.function}()"

    @property
    def drop(self) -> str:
        """The statement that drops it."""
        return f"ALTER TABLE {self.table} DROP COLUMN {self.new.name}"

    @property
    def fill(self) -> str:
        """The statement of a batch that fills it."""
        change = (
            f"UPDATE {self.table} SET {self.new.name} = {self.value}\n"  # noqa: S608  quoted names
            f"WHERE {self.table}.{self.walk.column} {self.walk.condition}\n"
            f"AND {self.table}.{self.new.name} IS NULL"
        )
        return self.walk.statement(change)

    @property
    def moves(self) -> list[Move]:
        """The moves that add and fill it."""
        table, name = self.table, self.new.name
        held = self.facts.family(table, locks.ACCESS_EXCLUSIVE)
        purpose = f"column {name} of {table}, which a trigger keeps in step with {self.old.name}"
        lost = f"the values of {table}.{name}, which are those of {self.old.name}"
        made = Move("column", purpose, self.make, (*self.end, self.drop), held, lost=lost)
        filled = replace(
            made,
            name="fill",
            purpose=f"{name} of {table} for the rows from before it was added",
            forward=(self.fill,),
            rollback=("SELECT 1",),
            locks=self.facts.family(table, locks.ROW_EXCLUSIVE),
            lost=f"which rows of {table} had no {name}",
            batch=self.walk.header,
        )
        return [made, filled]

    @property
    def _trigger(self) -> str:
        return f"zz_{self.function.rpartition('.')[2]}"

    @classmethod
    def of(cls, facts: Changed, old: Object, new: Object, trigger: str, value: str) -> Twin | None:
        """Return a column that takes the place of another; None if it cannot be kept in step."""
        table = facts.table(old)
        walk = Walk.along(facts, table)
        if walk is None or len(facts.family(table, "")) > 1 or old.properties.keys() - _OF_TWIN:
            return None
        return cls(facts, table, old, new, trigger, value, walk)


def released(facts: Changed, kept: Move, undoing: Sequence[str]) -> list[Move] | None:
    """Return the moves of two releases for a statement; None if there are none.

    Args:
        facts: What is known about the statement.
        kept: The statement as it is.
        undoing: The statements of the rollback file that undo it.

    """
    words = facts.step.part.words
    if words[:1] == ("DROP",):
        return [_dropped(kept, kept.forward, undoing)]
    is_plain = words[:2] == ("ALTER", "TABLE") and not facts.step.dropped
    return _of_table(facts, kept) if is_plain else None


def _of_table(facts: Changed, kept: Move) -> list[Move] | None:
    if renamed := [*_renamed(facts)]:
        old, new = renamed[0]
        make = _renamed_table if old.kind == "table" else _renamed_column
        return called(new, make(facts, old, new)) if len(renamed) == 1 else None
    changes = [*differences(facts.seen)]
    columns = [(old, new) for old, new in changes if _is_column(old) or _is_column(new)]
    if len(columns) != 1:
        return None
    old_column, new_column = columns[0]
    if new_column is None and old_column:
        gone = [old for old, new in changes if old and not new]
        return called(old_column, _dropped_column(facts, kept, old_column, gone))
    if old_column is None and new_column and len(changes) == 1:
        return called(new_column, _required(facts, new_column))
    return None


def called(each: Object, moves: list[Move] | None) -> list[Move] | None:
    """Return moves that are called after an object."""
    name = _WORDS.sub("_", each.name.rpartition(".")[2]).strip("_")
    return moves and [replace(move, about=move.about or name) for move in moves]


def _is_column(each: Object | None) -> bool:
    return each is not None and each.kind == "table column"


def comment_on(what: str, text: str | None) -> str:
    """Return the statement that sets a comment, or takes it away."""
    return f"COMMENT ON {what} IS {literal(text) if text else 'NULL'}"


# A column that every row must have


def _required(facts: Changed, new: Object) -> list[Move] | None:
    """Return the moves for a column without a default, whose values nobody but a person knows."""
    table, has = facts.table(new), new.properties
    if "NOT NULL" not in has or has.keys() & _VALUES:
        return None
    add = add_column(table, new.name, has, "NOT NULL")
    made = Move(
        "column",
        f"column {new.name} of {table}, which the application begins to write",
        (add,),
        (f"ALTER TABLE {table} DROP COLUMN {new.name}",),
        facts.family(table, locks.ACCESS_EXCLUSIVE),
        lost=f"the values of {table}.{new.name}",
    )
    decide = (
        f"-- DECIDE FIRST which {new.name} the rows of {table} get that have none, and write it\n"
        "-- in a file in batches before this one (new --batch). While a row has none, this fails."
    )
    message = f"rows of {table} have no {new.name}"
    checked = Move(
        "decided",
        f"second release: every row of {table} has its {new.name}",
        (f"{decide}\n{_none_left(table, f't.{new.name} IS NULL', message)}",),
        ("SELECT 1",),
    )
    enforced = [checked, *not_null(facts, table, new.name)]
    return [made, *(replace(each, is_later=True) for each in enforced)]


def _none_left(table: str, condition: str, message: str) -> str:
    """Return the statement that fails while a condition holds for a row."""
    told = literal(message).replace("%", "%%")  # which RAISE reads as a place
    names = {"table": table, "condition": condition, "message": told}
    return sql("review/none_left").strip() % names


# What goes


def _dropped(
    kept: Move, forward: Sequence[str], rollback: Sequence[str], *more: tuple[str, str, str]
) -> Move:
    """Return the move of the second release that drops something."""
    return replace(
        kept,
        name="drop",
        purpose="second release: what no process of the application uses any more is dropped",
        forward=(*forward,),
        rollback=(*rollback,),
        allowed=(("breaking-change", "", UNUSED), *more),
        is_later=True,
    )


def _dropped_column(
    facts: Changed, kept: Move, old: Object, gone: Sequence[Object]
) -> list[Move] | None:
    """Return the moves that let an application do without a column, and drop it afterwards."""
    table, has = facts.table(old), old.properties
    alter = f"ALTER TABLE {table}"
    back, read = [add_column(table, old.name, has)], []
    for each in gone:
        definition = plain(each.properties.get("definition", ""))
        if each.kind == "index" and "constraint" not in each.properties:
            back.append(definition)
            read.append("index-build")
        elif each.kind == "table constraint":
            back.append(f"{alter} ADD CONSTRAINT {each.name} {definition}")
            read.append("scan")
        elif each.kind not in {"index", "table column"}:
            return None
    if comment := has.get("comment"):
        back.append(comment_on(f"COLUMN {table}.{old.name}", comment))
    if has.keys() - _OF_TWIN or "identity" in has:
        return None
    column = f"{alter} ALTER COLUMN {old.name}"
    needs = "NOT NULL" in has and "default" not in has
    if needs:
        back[0] = add_column(table, old.name, has, "NOT NULL")
    allowed = [(rule, table, ONLY_BACK) for rule in dict.fromkeys(read) if facts.is_large(table)]
    dropped = replace(
        _dropped(kept, kept.forward, back, *allowed),
        purpose=f"second release: without {old.name} of {table}, which nobody reads or writes",
        lost=f"the values of {table}.{old.name}",
    )
    if not needs:
        return [dropped]
    fails = f"it fails while a row has no {old.name}: give it one first"
    reads = f"every process of the application reads rows that have no {old.name}"
    read_back = [("scan", table, ONLY_BACK)] if facts.is_large(table) else []
    relaxed = Move(
        "nullable",
        f"the application may stop writing {old.name} of {table}",
        (f"{column} DROP NOT NULL",),
        (f"{column} SET NOT NULL",),
        facts.family(table, locks.ACCESS_EXCLUSIVE),
        allowed=(("ban-drop-not-null", "", reads), ("rollback-fails", "", fails), *read_back),
    )
    return [relaxed, dropped]


# What gets another name


def _renamed(facts: Changed) -> Iterator[tuple[Object, Object]]:
    """Yield the tables and columns that a statement renames, but for those that inherit it."""
    after = facts.seen.after.objects
    for address, old in facts.seen.before.objects.items():
        new = after.get(address)
        is_own = new and new.name != old.name and new.properties.get("inherited") != "yes"
        if new and is_own and old.kind in {"table", "table column"}:
            yield old, new


def _renamed_column(facts: Changed, old: Object, new: Object) -> list[Move] | None:
    """Return the moves that have a column under both names for a release.

    In the end, the one that was there first gets the new name: it has all that belongs to it.
    """
    twin = Twin.of(facts, old, new, "both_ways", old.name)
    if twin is None:
        return None
    table = twin.table
    unfilled = f"t.{new.name} IS NULL AND t.{old.name} IS NOT NULL"
    indexes = [
        build_index(*renamed_index(now, plain(now.properties["definition"])))
        for was, now in differences(facts.seen)
        if was and now and now.kind == "index"
    ]
    checked = Move(
        "filled",
        f"second release: {new.name} of {table} is filled; a rollback to here fills it again",
        (_none_left(table, unfilled, f"rows of {table} have no {new.name} yet"),),
        (twin.fill,),
        {},
        back_batch=twin.walk.header,
        is_later=True,
    )
    why = f"-- Both hold the same. {old.name} has what belongs to the column, so it stays.\n"
    rename = f"ALTER TABLE {table} RENAME COLUMN {{}} TO {{}}"
    built = [definition for each in indexes for definition in each.forward]
    contracted = Move(
        "contract",
        f"second release: {new.name} of {table} is the only name; nobody uses {old.name} any more",
        (*twin.end, why + twin.drop, rename.format(old.name, new.name)),
        (
            rename.format(new.name, old.name),
            *twin.make,
            *(each.replace(" CONCURRENTLY", "", 1) for each in built),
        ),
        facts.family(table, locks.ACCESS_EXCLUSIVE),
        allowed=(
            ("breaking-change", table, UNUSED),
            *([("index-build", table, ONLY_BACK)] if built and facts.is_large(table) else []),
        ),
        lost=f"the values of {table}.{new.name} until the rollback of the file before this one",
        is_later=True,
    )
    return [*twin.moves, *indexes, checked, contracted]


def renamed_index(index: Object, definition: str) -> tuple[str, str]:
    """Return a name for an index like another one, and its definition under that name."""
    schema, dot, name = index.name.rpartition(".")
    new = another_name(name, "new")
    return schema + dot + new, _NAME_OF_INDEX.sub(f" INDEX {new} ON ", definition, count=1)


def another_name(name: str, suffix: str) -> str:
    """Return a name like another one, with a suffix, as SQL has it."""
    if name.startswith('"'):
        return f'{name[:_LONGEST].removesuffix(chr(34))}_{suffix}"'
    return f"{name[:_LONGEST]}_{suffix}"


def _renamed_table(facts: Changed, old: Object, new: Object) -> list[Move] | None:
    """Return the moves that have a table under both names for a release, one of them as a view."""
    is_moved = old.name.rpartition(".")[0] != new.name.rpartition(".")[0]
    if is_moved:
        return None
    columns = ", ".join(
        f"t.{each.name}"
        for each in facts.seen.before.objects.values()
        if each.kind == "table column" and each.whole == old.title
    )
    view = (
        f"CREATE VIEW {new.name} WITH (security_invoker = TRUE) AS\n"
        f"SELECT {columns} FROM {old.name} AS t"
    )
    told = comment_on(f"VIEW {new.name}", f"Table {old.name} under the name that it is to have.")
    made = (view, told, *_grants(old, new.name))
    drop = f"DROP VIEW {new.name}"
    name = new.name.rpartition(".")[2]
    back = f"ALTER TABLE {new.name} RENAME TO {old.name.rpartition('.')[2]}"
    expanded = Move("view", f"view {new.name}, the later name of table {old.name}", made, (drop,))
    contracted = Move(
        "contract",
        f"second release: {new.name} is the table itself; nobody uses {old.name} any more",
        (drop, f"ALTER TABLE {old.name} RENAME TO {name}"),
        (back, *made),
        facts.family(old.name, locks.ACCESS_EXCLUSIVE) | {new.name: locks.ACCESS_EXCLUSIVE},
        allowed=(("breaking-change", old.name, UNUSED),),
        is_later=True,
    )
    return [expanded, contracted]


def _grants(table: Object, view: str) -> Iterator[str]:
    """Yield the statements that give a view the privileges that others have on a table."""
    for each in filter(None, table.properties.get("privileges", "").split(", ")):
        grantee, _, letters = each.rpartition("/")[0].rpartition("=")
        rights = [_RIGHTS[letter] for letter in letters if letter in _RIGHTS]
        rights = [*_RIGHTS.values()] if letters.startswith("all") else rights
        if rights and grantee != table.properties.get("owner"):
            yield f"GRANT {', '.join(rights)} ON {view} TO {grantee or 'PUBLIC'}"
