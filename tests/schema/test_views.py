"""The views: who may work through one, what two count, and without pg_stat_statements."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from tests.support import servers
from tests.support.databases import Connection
from tests.support.servers import MIGRATIONS, Server, throwaway

# On a machine that is busy, other statements may be slow too.
SLOW = "SELECT query, calls, role_name FROM slow_queries_analysis WHERE query LIKE '%pg_sleep%'"


def one(connection: Connection, query: str) -> Any:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0] if len(row) == 1 else row


def rows(connection: Connection, query: str) -> list[Any]:
    return connection.execute(query.encode()).fetchall()


def status(connection: Connection) -> str:
    return str(one(connection, "SELECT statement_statistics_status()"))


@pytest.fixture
def owner(migrated_database: str) -> Iterator[Connection]:
    """The plain owner of a database of the test's own, in autocommit mode."""
    with psycopg.connect(migrated_database, autocommit=True) as connection:
        yield connection


@contextmanager
def superuser(pg: Server, owner: Connection) -> Iterator[Connection]:
    with pg.connect(owner.info.dbname) as connection:
        yield connection


@pytest.fixture
def measured(pg: Server, owner: Connection) -> Connection:
    """The plain owner, of a database that has pg_stat_statements."""
    with superuser(pg, owner) as connection:
        connection.execute("CREATE EXTENSION pg_stat_statements")
    return owner


# unfinished_tasks


def test_a_task_is_locked_changed_and_ended_through_the_view(
    owner: Connection, migrated_database: str
) -> None:
    owner.execute("INSERT INTO users (id, email) VALUES (1, 'a@example.com')")
    owner.execute("""
        INSERT INTO tasks (user_id, status, priority, credit_cost, request_payload)
        SELECT 1, 'queued', p, 1, '{"a": 1}'
        FROM unnest(ARRAY['low', 'urgent', 'medium', 'high']) AS p
    """)
    claim = b"""
        SELECT priority FROM unfinished_tasks WHERE status = 'queued'
        ORDER BY priority_order, due_at, id LIMIT 2 FOR UPDATE SKIP LOCKED
    """
    with psycopg.connect(migrated_database) as first, psycopg.connect(migrated_database) as second:
        assert first.execute(claim).fetchall() == [("urgent",), ("high",)]
        assert second.execute(claim).fetchall() == [("medium",), ("low",)]
    owner.execute("UPDATE unfinished_tasks SET status = 'retrying' WHERE priority = 'low'")
    owner.execute(
        "UPDATE unfinished_tasks SET status = 'cancelled', completed_at = now()"
        " WHERE priority_order < 4"
    )
    assert rows(owner, "SELECT priority, status FROM unfinished_tasks") == [("low", "retrying")]
    assert one(owner, "SELECT count(*) FROM tasks") == 4


def test_the_view_shows_and_changes_what_its_reader_may(pg: Server, owner: Connection) -> None:
    owner.execute("GRANT SELECT, UPDATE ON unfinished_tasks TO PUBLIC")
    with superuser(pg, owner) as connection, connection.transaction(force_rollback=True):
        connection.execute("CREATE ROLE outsider")
        connection.execute("SET LOCAL ROLE outsider")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT id FROM unfinished_tasks")


# index_usage_stats


def test_usage_has_one_row_for_each_user_index(owner: Connection) -> None:
    owner.execute("CREATE SCHEMA elsewhere")
    owner.execute("CREATE TABLE elsewhere.t (id integer PRIMARY KEY)")
    found = rows(owner, "SELECT schemaname, tablename, indexname FROM index_usage_stats")
    there = """
        SELECT n.nspname, t.relname, x.relname
        FROM pg_index AS i
        INNER JOIN pg_class AS t ON i.indrelid = t.oid
        INNER JOIN pg_class AS x ON i.indexrelid = x.oid
        INNER JOIN pg_namespace AS n ON t.relnamespace = n.oid
        WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
    """
    assert sorted(found) == sorted(rows(owner, there))
    assert ("elsewhere", "t", "t_pkey") in found
    assert ("public", "users", "idx_users_newest") in found


def test_usage_levels(owner: Connection) -> None:
    scans = {"a0": 0, "a1": 1, "a9": 9, "a10": 10, "a99": 99, "a100": 100}
    owner.execute(
        f"CREATE TABLE t AS SELECT {', '.join(f'n AS {name}' for name in scans)} "
        "FROM generate_series(1, 3) AS n".encode()
    )
    for name, number in scans.items():
        owner.execute(f"CREATE INDEX i_{name} ON t ({name})".encode())
        with owner.transaction():
            owner.execute("SET LOCAL enable_seqscan = off")
            owner.execute("SET LOCAL enable_bitmapscan = off")
            owner.execute(
                "DO $$ BEGIN "
                f"FOR i IN 1..{number} LOOP PERFORM FROM t WHERE {name} = 2; END LOOP; "
                "END $$".encode()
            )
    owner.execute("SELECT pg_stat_force_next_flush()")
    query = """
        SELECT substring(indexname, 3), scans, usage_level, tuples_read, tuples_fetched
        FROM index_usage_stats WHERE tablename = 't'
    """
    levels = ["never", "rarely", "rarely", "moderately", "moderately", "frequently"]
    assert sorted(rows(owner, query)) == sorted(
        (name, number, f"{level} used", number, number)
        for (name, number), level in zip(scans.items(), levels, strict=True)
    )


def test_usage_tells_what_an_index_is(owner: Connection) -> None:
    for statement in (
        "CREATE TABLE t (id integer PRIMARY KEY, a integer, b integer, c integer)",
        "CREATE UNIQUE INDEX alone ON t (a)",
        "CREATE UNIQUE INDEX referenced ON t (b)",
        "CREATE TABLE u (b integer REFERENCES t (b))",
        "CREATE INDEX plain ON t (c)",
        "INSERT INTO t SELECT n, n, n, 1 FROM generate_series(1, 5000) AS n",
    ):
        owner.execute(statement.encode())
    with pytest.raises(psycopg.errors.UniqueViolation):
        owner.execute("CREATE UNIQUE INDEX CONCURRENTLY half ON t (c)")
    query = """
        SELECT indexname, is_unique, is_valid, backs_constraint
        FROM index_usage_stats WHERE tablename = 't'
    """
    assert set(rows(owner, query)) == {
        ("t_pkey", True, True, True),
        ("alone", True, True, False),
        ("referenced", True, True, True),
        ("plain", False, True, False),
        ("half", True, False, False),
    }
    size = "SELECT size_bytes, pg_relation_size('plain') FROM index_usage_stats"
    shown, real = one(owner, f"{size} WHERE indexname = 'plain'")
    assert shown == real > 8192


# slow_queries_analysis


def test_slow_queries_without_the_extension(owner: Connection) -> None:
    assert status(owner) == "absent"
    assert rows(owner, "TABLE slow_queries_analysis") == []


@pytest.mark.slow
def test_slow_queries_where_nothing_is_preloaded(
    pg: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(servers.SETTINGS, "shared_preload_libraries", "")
    (view,) = MIGRATIONS.glob("*.slow_queries_analysis.sql")
    with throwaway(pg.bin_dir) as server, server.connect() as connection:
        connection.execute(view.read_bytes())
        connection.execute("CREATE EXTENSION pg_stat_statements")
        assert status(connection) == "not preloaded"
        assert rows(connection, "TABLE slow_queries_analysis") == []


def test_slow_queries_serve_as_soon_as_the_extension_is_there(
    pg: Server, owner: Connection
) -> None:
    assert rows(owner, SLOW) == []
    with superuser(pg, owner) as connection:
        connection.execute("CREATE EXTENSION pg_stat_statements")
    assert status(owner) == "ok"
    owner.execute("SELECT pg_sleep(0.11)")
    assert rows(owner, SLOW) == [("SELECT pg_sleep($1)", 1, "owner")]


def test_slow_queries_come_slowest_first_and_fast_ones_not_at_all(measured: Connection) -> None:
    slept = [
        ("subscription_tiers", 0.11),
        ("ai_providers", 0.19),
        ("task_types", 0.15),
        # Once slow enough and once not: what counts is the average.
        ("campaign_types", 0.11),
        ("campaign_types", 0.0),
    ]
    for table, seconds in slept:
        measured.execute(f"SELECT pg_sleep({seconds}) FROM {table} LIMIT 1".encode())
    assert [query.split()[3] for query, _, _ in rows(measured, SLOW)] == [
        "ai_providers",
        "task_types",
        "subscription_tiers",
    ]


def test_slow_queries_tell_times_rows_and_hits(measured: Connection) -> None:
    for seconds in ("0.11", "0.21"):
        measured.execute(f"SELECT pg_sleep({seconds}) FROM generate_series(1, 1)".encode())
    measured.execute("SELECT oid, pg_sleep(0.03) FROM pg_class ORDER BY oid LIMIT 5")
    query = """
        SELECT calls, total_time, mean_time, stddev_time, max_time, rows, hit_percent, query_id
        FROM slow_queries_analysis WHERE query LIKE
    """
    calls, total, mean, deviation, longest, count, hits, number = one(
        measured, f"{query} '%generate_series%'"
    )
    assert (calls, count, hits) == (2, 2, None)
    assert mean == pytest.approx(total / 2)
    assert 110 < mean < longest < total
    assert longest >= 210
    assert deviation == pytest.approx((2 * longest - total) / 2, rel=0.01)
    assert isinstance(number, int)
    *_, count, hits, _ = one(measured, f"{query} '%pg_class%'")
    assert count == 5
    assert 0 < hits <= 100


def test_slow_queries_are_of_this_database_and_others_texts_are_hidden(
    pg: Server, measured: Connection
) -> None:
    with pg.connect() as elsewhere:
        elsewhere.execute("SELECT pg_sleep(0.11) AS elsewhere")
    with superuser(pg, measured) as connection:
        connection.execute("SELECT pg_sleep(0.11) AS here")
        assert rows(connection, SLOW) == [("SELECT pg_sleep($1) AS here", 1, "postgres")]
    assert rows(measured, SLOW) == []
    hidden = "SELECT query, query_id FROM slow_queries_analysis WHERE role_name = 'postgres'"
    assert set(rows(measured, hidden)) == {("<insufficient privilege>", None)}


@pytest.mark.parametrize("version", ["1.4", "1.7", "1.9"])
def test_slow_queries_follow_the_extension_through_its_life(
    pg: Server, owner: Connection, version: str
) -> None:
    """Any version of it, in any schema; and the view is in the way of no change to it."""
    with superuser(pg, owner) as connection:
        connection.execute('CREATE SCHEMA "Odd ""Schema"')
        connection.execute(
            'CREATE EXTENSION pg_stat_statements SCHEMA "Odd ""Schema" '
            f"VERSION '{version}'".encode()
        )
        assert status(owner) == "not permitted"
        assert rows(owner, "TABLE slow_queries_analysis") == []

        connection.execute('GRANT USAGE ON SCHEMA "Odd ""Schema" TO owner')
        owner.execute("SELECT pg_sleep(0.11)")
        slow = [("SELECT pg_sleep($1)", 1, "owner")]
        for change in (
            "SELECT",
            "ALTER EXTENSION pg_stat_statements UPDATE",
            "ALTER EXTENSION pg_stat_statements SET SCHEMA public",
        ):
            connection.execute(change.encode())
            assert status(owner) == "ok"
            assert rows(owner, SLOW) == slow

        connection.execute("DROP EXTENSION pg_stat_statements")
        assert status(owner) == "absent"
        assert rows(owner, "TABLE slow_queries_analysis") == []
