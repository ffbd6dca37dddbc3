"""The rows that sql/generate/ makes: the same on every run, valid, and skewed as life is."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from bench import generated
from tests.conftest import INSTALLATIONS
from tests.support.databases import Connection, database
from tests.support.servers import NEWEST, ROOT, Server, newest

pytestmark = pytest.mark.slow


TABLES = ("users", "campaigns", "agents", "api_keys", "tasks", "generated_content")
CHECKS = sorted((ROOT / "sql" / "checks").glob("*.sql"))
TASKS = 5_000


def scalar(connection: Connection, query: str) -> Any:
    (value,) = connection.execute(query.encode()).fetchone() or (None,)
    return value


def digest(connection: Connection) -> list[str]:
    """Return what the rows of each table come to."""
    query = "SELECT sum(hashtextextended(t::text, 0))::text FROM {} AS t"
    return [scalar(connection, query.format(table)) for table in TABLES]


def test_the_same_rows_are_made_on_every_version_and_at_any_time(
    request: pytest.FixtureRequest,
) -> None:
    found = []
    for major in INSTALLATIONS:
        server: Server = request.getfixturevalue(f"server_{major}")
        template = request.getfixturevalue(f"template_{major}").template_dbname
        with (
            database(server, template=template) as name,
            psycopg.connect(server.dsn(name), autocommit=True) as connection,
        ):
            for _ in range(2 if major == NEWEST else 1):
                connection.execute("TRUNCATE users CASCADE")
                generated.fill(connection, 1_000)
                found.append((digest(connection), generated.parameters(connection, 1_000, 20)))
    assert [each for each in found if each != found[0]] == []


@newest
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
    expected = {
        "users": TASKS // 200,
        "campaigns": TASKS // 50,
        "agents": TASKS // 40,
        "tasks": TASKS,
    }
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


@newest
def test_random_keys_are_in_no_order_and_belong_to_the_same_rows(migrated_database: str) -> None:
    row = "SELECT array_agg(request_payload ->> 'seed' ORDER BY id) FROM tasks"
    version = "SELECT array_agg(DISTINCT substr(id::text, 15, 1)) FROM tasks"
    with psycopg.connect(migrated_database, autocommit=True) as connection:
        generated.fill(connection, 1_000)
        ordered, sevens = scalar(connection, row), scalar(connection, version)
        connection.execute("TRUNCATE users CASCADE")
        generated.fill(connection, 1_000, random_ids=True)
        random, fours = scalar(connection, row), scalar(connection, version)
    assert (sevens, fours) == (["7"], ["4"])
    assert ordered != random
    assert sorted(ordered) == sorted(random)
