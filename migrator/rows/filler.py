# ruff: noqa: S608 - what is put together comes from the catalogue, as SQL or quoted
"""Fills any schema's tables with valid rows, so that what migrations do to them can be measured."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

import psycopg

from migrator.rows.choice import Choice, choose
from migrator.rows.conditions import prepared
from migrator.rows.demands import Connection, Demands, Table, TableDemands
from migrator.rows.draft import Draft, Unfillable
from migrator.rows.expressions import quoted
from migrator.rows.recipe import Recipe
from migrator.sql import sql

_PROBE = 100  # rows that are made first, to see how many of those that are tried are accepted
_MOST_AT_ONCE = 2_000_000
_MOST_ACCEPTED = 0.9  # a share that is as good as all
_LEAST_SHARE = 0.001
_FUTILE = 100_000  # rows that may be tried in vain
_FAILURES = 40
_ROUNDS = 3
_SETTINGS = """\
SET LOCAL search_path TO public; SET LOCAL synchronous_commit TO off; SET LOCAL jit TO off;
SET LOCAL enable_mergejoin TO off; SET LOCAL enable_nestloop TO off;
SET LOCAL statement_timeout TO 0; SET LOCAL work_mem TO '128MB'"""
# As a replica, no trigger and no rule fires that is not made for it.
_MAY_REPLICATE = "SELECT has_parameter_privilege('session_replication_role', 'SET')"
_DROP_FUNCTIONS = "DROP FUNCTION pg_temp.fill_answer(text)"


class Filler:
    """Fills tables with valid rows.

    Args:
        connection: In autocommit mode; its role owns the tables, or is a superuser.
        demands: What rows must keep.
        not_null: Columns that get no NULL though they could, as pairs of table and column; rows
            that are there get a value in place of it.

    """

    def __init__(
        self,
        connection: Connection,
        demands: Demands,
        *,
        not_null: Collection[tuple[str, str]] = (),
    ) -> None:
        self.connection = connection
        self.demands = demands
        self.not_null = not_null
        self._forced = connection.execute(sql("rows/forced").encode()).fetchall()
        self.grown: set[Table] = set()  # those that got rows
        self._is_replica = connection.execute(_MAY_REPLICATE).fetchall() == [(True,)]

    def fill(self, sizes: Mapping[Table, int]) -> dict[Table, str]:
        """Bring tables up to a number of rows.

        Rows that are there stay, but for a NULL that must not be. Triggers do not fire, and are
        afterwards as they were.

        Args:
            sizes: How many rows each table is to have; a partitioned one's are shared out.

        Returns:
            Why tables have fewer rows than they were to have.

        """
        reasons: dict[Table, str] = {}
        wanted = self._spread(sizes, reasons)
        with self._settings():
            self.connection.execute(sql("rows/functions").encode())
        try:
            self._fill(wanted, reasons)
            for name in wanted:
                if columns := [column for table, column in self.not_null if table == name]:
                    with suppress(psycopg.Error, Unfillable), self._settings():
                        self._complete(name, columns)
        finally:
            with suppress(psycopg.Error), self._settings():
                self.connection.execute(_DROP_FUNCTIONS)
        with self._settings():
            self._finish(reasons)
        return reasons

    def _spread(self, sizes: Mapping[Table, int], reasons: dict[Table, str]) -> dict[Table, int]:
        """Return how many rows each table that holds rows is to have."""
        wanted: dict[Table, int] = {}
        for name, size in sizes.items():
            table = self.demands.tables.get(name)
            if table is None:
                reasons[name] = "it is no table that can be filled"
                continue
            if table.is_partitioned and not table.leaves:
                reasons[name] = "it has no partitions"
            leaves = table.leaves if table.is_partitioned else [name]
            for leaf in leaves:
                wanted[leaf] = max(wanted.get(leaf, 0), -(-size // len(leaves)))
        return wanted

    def _fill(self, wanted: Mapping[Table, int], reasons: dict[Table, str]) -> None:
        """Fill the tables that have too few rows."""
        with self._settings():
            counts = {name: self._count(name, most) for name, most in wanted.items()}
        lacking = {name: size for name, size in wanted.items() if counts[name] < size}
        tables = {
            name: (prepared(self.demands.tables[name]), size) for name, size in lacking.items()
        }
        try:
            with self._settings():
                chosen = choose(self.connection, tables, self.not_null)
        except psycopg.Error as error:
            reasons |= dict.fromkeys(lacking, _first_line(error))
            return
        for name in self._in_order(lacking):
            try:
                with self._settings():
                    recipe = self._recipe(chosen[name], counts[name], lacking[name])
                    with self._quiet(name):
                        reason = self._insert(recipe)
                    self._advance_sequences(name)
            except (psycopg.Error, Unfillable) as error:
                reason = _first_line(error)
            if reason:
                reasons[name] = reason
            self.grown.add(name)

    @contextmanager
    def _settings(self) -> Iterator[None]:
        """Begin a transaction; its settings end with it, and row security binds nobody in it."""
        with self.connection.transaction():
            self.connection.execute(_SETTINGS)
            if self._is_replica:
                self.connection.execute("SET LOCAL session_replication_role TO replica")
            for (table,) in self._forced:
                self.connection.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY".encode())
            yield
            for (table,) in self._forced:
                self.connection.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY".encode())

    def _count(self, name: Table, most: int | None, where: str = "TRUE") -> int:
        """Return how many rows of a table there are, up to a number."""
        some = f"SELECT FROM ONLY {name} WHERE {where} LIMIT {'ALL' if most is None else most}"
        row = self.connection.execute(f"SELECT count(*) FROM ({some}) AS f".encode()).fetchone()
        return int((row or (0,))[0])

    def _in_order(self, lacking: Mapping[Table, int]) -> list[Table]:
        """Return tables after those that they refer to; in a circle, what need not comes first."""
        needs, likes = {}, {}
        for name in lacking:
            needs[name], likes[name] = self._referred(self.demands.tables[name], lacking)
        ordered: list[Table] = []
        rest = dict.fromkeys(lacking)
        while rest:
            free = (name for name in rest if not (needs[name] | likes[name]) & rest.keys())
            able = (name for name in rest if not needs[name] & rest.keys())
            following = next(free, None) or next(able, None) or next(iter(rest))
            ordered.append(following)
            del rest[following]
        return ordered

    def _referred(
        self, table: TableDemands, among: Collection[Table]
    ) -> tuple[set[Table], set[Table]]:
        """Return the tables that a table's rows must refer to, and those that they may."""
        needs: set[Table] = set()
        likes: set[Table] = set()
        for reference in table.references:
            parent = self.demands.tables.get(reference.table)
            parents = {reference.table, *(parent.leaves if parent else ())} & set(among)
            if reference.table in (table.name, *table.above):
                continue
            columns = [table.columns[name] for name in reference.columns]
            is_needed = not reference.is_later and all(column.not_null for column in columns)
            (needs if is_needed else likes).update(parents)
        return needs, likes

    # Rows

    def _recipe(
        self, chosen: tuple[TableDemands, Mapping[str, Choice]], there: int, size: int
    ) -> Recipe:
        table, choices = chosen
        start, wanted = there + 1, size - there
        end = 2 * start + 100 * wanted + 10_000_000
        others = self.demands.tables
        return Recipe.of(Draft(self.connection, table, choices, start, wanted, others, end))

    def _insert(self, recipe: Recipe) -> str:
        """Make a table's rows; return why they are fewer than wanted, if they are."""
        draft = recipe.draft
        missing, low, size = draft.wanted, draft.start, min(_PROBE, draft.wanted)
        tried = in_vain = failures = 0
        failure = ""
        patience = max(_FUTILE, 2 * draft.top)
        while missing and in_vain < patience and low <= draft.end:
            high = min(low + size - 1, draft.end)
            try:
                with self.connection.transaction():
                    statement = recipe.insert(low, high, missing)
                    made = self.connection.execute(statement.encode()).rowcount
            except psycopg.Error as error:
                failures += 1
                if careful := recipe.more_careful(error):
                    recipe = careful
                    continue
                failure = _first_line(error)
                made = 0
                if size > 1 and failures < _FAILURES:
                    size = -(-size // 4)
                    continue
            tried += high - low + 1
            in_vain = 0 if made else in_vain + high - low + 1
            missing -= made
            low = high + 1
            size = self._size(missing, (draft.wanted - missing) / tried)
            if in_vain:
                size = min(max(size, in_vain * 4), _MOST_AT_ONCE)
        if not missing:
            return ""
        why = failure or draft.capped_by
        rows = draft.wanted - missing + draft.start - 1
        return f"only {rows} rows are possible{': ' + why if why else ''}"

    def _complete(self, name: Table, columns: Sequence[str]) -> None:
        """Give rows that have NULL in some columns what new rows would have there."""
        lacks = " OR ".join(f"{quoted(each)} IS NULL" for each in columns)
        for _ in range(_ROUNDS):  # in each, some values may not go with a row's others
            lacking = self._count(name, None, lacks)
            if not lacking:
                return
            there = self._count(name, None) - lacking
            table = prepared(self.demands.tables[name]), there + lacking
            chosen = choose(self.connection, {name: table}, self.not_null)
            recipe = self._recipe(chosen[name], there, there + lacking)
            with self._quiet(name):
                self.connection.execute(recipe.complete(columns, lacks, lacking).encode())

    def _size(self, missing: int, share: float) -> int:
        """Return how many rows to try next, so that hardly ever more are accepted than wanted."""
        if share > _MOST_ACCEPTED:
            return missing
        return min(int(missing / max(share, _LEAST_SHARE)) + 10, _MOST_AT_ONCE)

    @contextmanager
    def _quiet(self, name: Table) -> Iterator[None]:
        """Keep triggers and rules away; the same transaction puts them back."""
        statements = self.connection.execute(
            sql("rows/quiet").encode(), {"table": name, "is_replica": self._is_replica}
        ).fetchall()
        for aside, _ in statements:
            self.connection.execute(aside.encode())
        yield
        self.connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for _, back in statements:
            self.connection.execute(back.encode())

    def _advance_sequences(self, name: Table) -> None:
        """Let sequences go on after the greatest number."""
        for column, sequence in self.connection.execute(
            sql("rows/sequences").encode(), {"table": name}
        ).fetchall():
            # What a sequence cannot be set to was no number of its own.
            with suppress(psycopg.Error), self.connection.transaction():
                self.connection.execute(
                    f"SELECT setval('{sequence}', m.greatest) FROM {sequence} AS q,"
                    f" (SELECT max({quoted(column)}) AS greatest FROM {name}) AS m"
                    " WHERE m.greatest > q.last_value OR NOT q.is_called".encode()
                )

    def _finish(self, reasons: dict[Table, str]) -> None:
        """Refresh what is made of the rows, and count them for the planner."""
        if not self.grown:
            return
        views = self.connection.execute(sql("rows/views").encode()).fetchall()
        for (view,) in views:
            try:
                with self.connection.transaction():
                    self.connection.execute(f"REFRESH MATERIALIZED VIEW {view}".encode())
            except psycopg.Error as error:
                reasons[view] = _first_line(error)
        above = {name: self.demands.tables[name].above for name in sorted(self.grown)}
        names = dict.fromkeys(parents[-1] if parents else name for name, parents in above.items())
        costly = self.connection.execute(sql("rows/statistics").encode()).fetchall()
        # Statistics of both columns are left out where neither list has both.
        lists = [
            f"{table} ({', '.join(map(quoted, columns))})"
            for table, one, others in costly
            if table in names
            for columns in ([one], others)
        ]
        plain = names.keys() - {table for table, _, _ in costly}
        views_there = [view for (view,) in views]
        self.connection.execute(f"ANALYZE {', '.join([*plain, *lists, *views_there])}".encode())


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0]
