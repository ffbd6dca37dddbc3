"""What queries take on a filled database: time, pages, indexes; and what each index saves them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from psycopg import sql

from bench.queries import SQL, Connection, Query

Draws = Sequence[Mapping[str, Any]]

WARM_UP = 10  # runs before those that count
LEAST = 5  # runs that count, however long they last


class Plan(NamedTuple):
    """What one execution did.

    Args:
        buffers: Pages of tables and indexes that it touched.
        rows: Rows that it returned.
        indexes: Those that it used.

    """

    buffers: int
    rows: int
    indexes: frozenset[str]


def asked(query: Query, draws: Draws) -> list[Mapping[str, Any]]:
    """Return the draws that have a value for each parameter of a query."""
    return [draw for draw in draws if all(draw[name] is not None for name in query.params)]


def latencies(connection: Connection, query: Query, draws: Draws, seconds: float) -> list[float]:
    """Execute a query for each draw, and fetch its answer.

    Half of the runs let the server choose between a plan for all values and one for these, as it
    does for prepared statements; the other half are planned anew each time.

    Args:
        connection: Not in autocommit mode; what the query writes is rolled back.
        query: What to execute.
        draws: The runs' parameters; those that lack one of its values are left out.
        seconds: How long each half may last, its warm-up included.

    Returns:
        Milliseconds, of each run.

    """
    found: list[float] = []
    wanted = asked(query, draws)
    half = (len(wanted) + 1) // 2
    for mode, share in (("auto", wanted[:half]), ("force_custom_plan", wanted[half:])):
        connection.execute(f"SET plan_cache_mode = {mode}".encode())
        query.prepare(connection)
        connection.commit()
        stop = time.perf_counter() + seconds
        for draw in share[:WARM_UP]:
            _timed(connection, query.execute(draw), draw)
            if time.perf_counter() > stop:
                break
        for number, draw in enumerate(share, 1):
            found.append(_timed(connection, query.execute(draw), draw))
            if time.perf_counter() > stop and number >= LEAST:
                break
        connection.execute(f"DEALLOCATE {query.name}".encode())
    connection.execute("RESET plan_cache_mode")
    connection.commit()
    return found


def _timed(connection: Connection, execute: sql.Composed, draw: Mapping[str, Any]) -> float:
    """Return how many milliseconds a statement takes, its answer fetched; roll it back."""
    text = execute.as_string(connection).encode()
    _be(connection, draw)  # begins the transaction
    started = time.perf_counter()
    connection.execute(text).fetchall()
    took = time.perf_counter() - started
    connection.rollback()
    return took * 1000


def _be(connection: Connection, draw: Mapping[str, Any]) -> None:
    """Name the transaction's user, as the application does; without row security, in vain."""
    connection.execute("SELECT set_config('app.user_id', %s, TRUE)", [str(draw["user_id"])])


def plans(connection: Connection, query: Query, draws: Draws, seconds: float = 10) -> list[Plan]:
    """Execute a query for each draw under EXPLAIN, within the open transaction; keep nothing."""
    query.prepare(connection)
    stop = time.perf_counter() + seconds
    found = []
    for draw in asked(query, draws):
        with connection.transaction(force_rollback=True):
            _be(connection, draw)
            found.append(_explain(connection, query.execute(draw)))
        if time.perf_counter() > stop:
            break
    connection.execute(f"DEALLOCATE {query.name}".encode())
    return found


def _explain(connection: Connection, execute: sql.Composed) -> Plan:
    answer = connection.execute(
        sql.SQL("EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) ") + execute
    )
    ((plans,),) = answer.fetchall()
    plan = plans[0]["Plan"]
    return Plan(
        buffers=plan["Shared Hit Blocks"] + plan["Shared Read Blocks"],
        rows=int(plan["Actual Rows"]),
        indexes=frozenset(node["Index Name"] for node in _nodes(plan) if "Index Name" in node),
    )


def _nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from _nodes(child)


class Index(NamedTuple):
    """A secondary index: one that backs no constraint.

    Args:
        name: Its name.
        table: Its table's.
        bytes: Its size.
        queries: Those that its comment says it serves.
        references: The references that its comment says it serves.

    """

    name: str
    table: str
    bytes: int
    queries: list[str]
    references: list[str]


def secondary_indexes(connection: Connection) -> list[Index]:
    """Return the secondary indexes in the order of their names."""
    rows = connection.execute((SQL / "secondary_indexes.sql").read_bytes()).fetchall()
    return [
        Index(
            name,
            table,
            size,
            re.findall(r"\b(?!fk_|idx_)[a-z]+_\w+", serves),
            re.findall(r"\bfk_\w+", serves),
        )
        for name, table, size, comment in rows
        for serves in re.findall(r"\AServes [^.:;(]*", comment) or [""]
    ]


class Worth(NamedTuple):
    """What an index saves.

    Args:
        name: The index's name.
        by: The query, or the reference, that it saves most.
        used: Whether that query's plan uses it.
        buffers: Pages that it touches with the index, on average.
        without: Pages that it touches without.

    """

    name: str
    by: str
    used: bool
    buffers: float
    without: float

    @property
    def ratio(self) -> float:
        """How many times the pages are touched without it."""
        return self.without / max(self.buffers, 1)


def worth(
    connection: Connection, index: Index, queries: Mapping[str, Query], draws: Draws
) -> Worth:
    """Measure what touches how many pages with an index and, in a transaction, without it.

    Args:
        connection: Not in autocommit mode; nothing is kept.
        index: Which.
        queries: All, by name.
        draws: The parameters to compare with.

    """
    found = [_worth_to_query(connection, index, queries[name], draws) for name in index.queries]
    if not found:
        found = [_worth_to_reference(connection, index, name) for name in index.references]
    return max(found, key=lambda each: each.ratio)


def _worth_to_query(connection: Connection, index: Index, query: Query, draws: Draws) -> Worth:
    there = plans(connection, query, draws)
    with _without(connection, index):
        gone = plans(connection, query, draws[: len(there)])
    pairs = list(zip(there, gone, strict=False))
    return Worth(
        index.name,
        query.name,
        any(index.name in plan.indexes for plan in there),
        sum(plan.buffers for plan, _ in pairs) / len(pairs),
        sum(plan.buffers for _, plan in pairs) / len(pairs),
    )


def _worth_to_reference(connection: Connection, index: Index, reference: str) -> Worth:
    there = _pages_of_a_delete(connection, index, reference)
    with _without(connection, index):
        gone = _pages_of_a_delete(connection, index, reference)
    return Worth(index.name, reference, True, there, gone)


def _pages_of_a_delete(connection: Connection, index: Index, reference: str) -> int:
    """Return the pages of the referencing table and its indexes that a delete's check touches."""
    count = (SQL / "pages_of_table.sql").read_bytes()
    table = {"table": index.table}
    with connection.transaction(force_rollback=True):
        connection.execute((SQL / f"{reference}.insert.sql").read_bytes())
        (before,) = connection.execute(count, table).fetchone() or (0,)
        connection.execute((SQL / f"{reference}.delete.sql").read_bytes())
        (after,) = connection.execute(count, table).fetchone() or (0,)
    return int(after - before)


@contextmanager
def _without(connection: Connection, index: Index) -> Iterator[None]:
    with connection.transaction(force_rollback=True):
        connection.execute(f"DROP INDEX {index.name}".encode())
        yield
