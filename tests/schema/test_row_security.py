"""Row security, switched on by sql/roles/: a tenant sees and changes no row of another."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from bench import generated, measure, queries
from bench.queries import Query
from tests.support.constraint_rows import insert_world
from tests.support.databases import Connection, database, name_of, rows, run, superuser
from tests.support.sites import Site

TABLES = ("users", "campaigns", "agents", "tasks", "api_keys", "generated_content")
TASKS = 1_000


@pytest.fixture
def secured(bare: Site) -> Site:
    """A database with the roles, whose owner nobody logs in as, and row security."""
    bare.psql("roles", "owner", "grants", "row_security", "row_security", user=bare.server.user)
    return bare


def be(connection: Connection, user: int | str) -> None:
    """Name the transaction's user, as the application does."""
    connection.execute("SELECT set_config('app.user_id', %s, TRUE)", [str(user)])


@contextmanager
def session_of(site: Site, user: int | str) -> Iterator[Connection]:
    with site.session("app") as connection:
        be(connection, user)
        yield connection


def secured_functions(site: Site) -> set[str]:
    """Return the functions that the application calls because it does not see all rows."""
    query = """
        SELECT proname::text FROM pg_proc
        WHERE
            pronamespace = 'public'::regnamespace
            AND prosecdef
            AND prorettype <> 'trigger'::regtype
    """
    return {name for (name,) in rows(site.database, query)}


def test_each_function_asks_what_the_query_of_its_name_asks(secured: Site) -> None:
    known = {query.name: query for query in queries.read_all()}
    query = "SELECT proname::text, prosrc FROM pg_proc WHERE prosecdef AND proretset"
    bodies = dict(rows(secured.database, query))
    assert bodies.keys() == secured_functions(secured) - {"sign_up"}
    for name, body in bodies.items():
        _, _, asks = body.partition("RETURN QUERY\n")
        asks = re.sub(r"\bpublic\.", "", asks.removesuffix("END\n"))
        assert asks.split() == known[name].text.split(), name


def test_a_session_without_a_user_has_no_row_and_no_error(secured: Site) -> None:
    with psycopg.connect(superuser(secured.server, secured.database)) as connection:
        insert_world(connection)
    with secured.session("app") as connection:
        for _ in range(2):
            for table in TABLES:
                assert connection.execute(f"TABLE {table}".encode()).fetchall() == []
                assert connection.execute(f"DELETE FROM {table}".encode()).rowcount == 0
            be(connection, "")  # what is left where a transaction set it that has ended


# Asked of everybody's rows: log-in, and what users show to all others.
OF_ALL = ("dashboard_login_", "agents_marketplace_", "agents_search_", "agents_by_tag", "admin_pub")


@pytest.mark.slow
def test_a_tenant_gets_the_same_answers_as_one_who_is_alone(secured: Site) -> None:
    functions = secured_functions(secured)
    server, everybody = secured.server, superuser(secured.server, secured.database)
    with psycopg.connect(everybody, autocommit=True) as connection:
        generated.fill(connection, TASKS)
        connection.execute("ANALYZE")
        draws = generated.parameters(connection, TASKS, 10)
    asking = Counter(draw["user_id"] for draw in draws)
    tenants = [user for user, _ in asking.most_common(2)]
    found: set[str] = set()
    kept_back: set[str] = set()
    for tenant in tenants:
        with database(server, template=name_of(secured.database)) as copy:
            run(server.dsn(copy, server.user), f"DELETE FROM users WHERE id <> {tenant}")
            with (
                psycopg.connect(server.dsn(copy, server.user)) as alone,
                psycopg.connect(everybody) as among_others,
                session_of(secured, tenant) as session,
            ):
                for query in queries.read_all():
                    query.prepare(alone)
                    query.prepare(among_others)
                    (query.by_function if query.name in functions else query).prepare(session)
                    is_of_all = query.name.startswith(OF_ALL)
                    for draw in measure.asked(query, draws):
                        whole = answer(among_others, query, draw)
                        told = answer(session, query, draw)
                        expected = whole if is_of_all else answer(alone, query, draw)
                        assert told == expected, (query.name, tenant, draw)
                        found |= {query.name} if told else set()
                        kept_back |= {query.name} if told != whole else set()
    assert {
        "agents_marketplace_newest",
        "admin_public_gallery",
        "dashboard_login_by_email",
    } <= found
    assert {"dashboard_recent_tasks", "playground_search_text", "reporting_top_users"} <= found
    assert {"dashboard_recent_tasks", "playground_search_text", "reporting_top_users"} <= kept_back
    assert {"worker_claim_tasks", "admin_newest_users", "analytics_model_latency"} <= kept_back


def answer(connection: Connection, query: Query, draw: Mapping[str, Any]) -> list[str]:
    with connection.transaction(force_rollback=True):
        return sorted(map(repr, connection.execute(query.execute(draw)).fetchall()))
