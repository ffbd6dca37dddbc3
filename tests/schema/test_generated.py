"""The rows that sql/generate/ makes: the same on every run, valid, and skewed as life is."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from bench import generated
from tests.support.servers import ROOT

pytestmark = pytest.mark.slow

Connection = psycopg.Connection[tuple[Any, ...]]

TABLES = ("users", "campaigns", "agents", "api_keys", "tasks", "generated_content")
CHECKS = sorted((ROOT / "sql" / "checks").glob("*.sql"))
TASKS = 10_000

# The rows of 2,000 tasks, on every version and at any time: a change of sql/generate/ changes it.
DIGEST = (
    "3722801238885446525 -19958324409984646163 9862475956168209554 17589099111856861397 "
    "-143048164578554973441 -1280983197366623727"
)


def scalar(connection: Connection, query: str) -> Any:
    (value,) = connection.execute(query.encode()).fetchone() or (None,)
    return value


def test_the_same_rows_are_made_on_every_version_and_at_any_time(migrated_database: str) -> None:
    with psycopg.connect(migrated_database, autocommit=True) as connection:
        generated.fill(connection, 2_000)
        found = [
            str(scalar(connection, f"SELECT sum(hashtextextended(t::text, 0)) FROM {table} AS t"))
            for table in TABLES
        ]
        first, again = (generated.parameters(connection, 2_000, 20) for _ in range(2))
    assert " ".join(found) == DIGEST
    assert first == again


def test_generated_rows_are_valid_and_skewed_as_life_is(migrated_database: str) -> None:
    with psycopg.connect(migrated_database, autocommit=True) as connection:
        generated.fill(connection, TASKS)
        broken = {
            path.stem: rows
            for path in CHECKS
            if (rows := connection.execute(path.read_bytes()).fetchall())
        }
        counts = {table: scalar(connection, f"SELECT count(*) FROM {table}") for table in TABLES}
        by_user = shares(connection, "user_id")
        by_model = shares(connection, "provider_model_id")
        by_state = shares(connection, "completed_at IS NULL")
    assert broken == {}
    expected = {"users": 50, "campaigns": 200, "agents": 250, "tasks": TASKS}
    assert {name: counts[name] for name in expected} == expected
    assert counts["generated_content"] > 0.5 * TASKS
    assert counts["api_keys"] > 0.005 * TASKS
    assert sum(by_user[: counts["users"] // 5]) > 0.6  # a fifth of the users owns most
    assert sum(by_model[:3]) > 0.3  # and a few models do much of the work
    assert by_model[-1] < 0.01
    assert by_state[0] > 0.9  # most are finished


def shares(connection: Connection, expression: str) -> list[float]:
    """Return the shares of tasks by an expression, the largest first."""
    counts = connection.execute(
        f"SELECT count(*) FROM tasks GROUP BY {expression} ORDER BY 1 DESC".encode()
    ).fetchall()
    return [count / TASKS for (count,) in counts]


def test_random_keys_are_in_no_order_and_belong_to_the_same_rows(migrated_database: str) -> None:
    row = "SELECT array_agg(request_payload ->> 'seed' ORDER BY id) FROM tasks"
    version = "SELECT array_agg(DISTINCT substr(id::text, 15, 1)) FROM tasks"
    with psycopg.connect(migrated_database, autocommit=True) as connection:
        generated.fill(connection, 2_000)
        ordered, sevens = scalar(connection, row), scalar(connection, version)
        connection.execute("TRUNCATE users CASCADE")
        generated.fill(connection, 2_000, random_ids=True)
        random, fours = scalar(connection, row), scalar(connection, version)
    assert (sevens, fours) == (["7"], ["4"])
    assert ordered != random
    assert sorted(ordered) == sorted(random)
