"""Row security, switched on by sql/roles/: a tenant sees and changes no row of another."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from bench import generated, measure, queries
from bench.queries import Query
from tests.support import poolers
from tests.support.commands import call
from tests.support.constraint_rows import (
    AN_ID,
    ANA,
    CAMPAIGN_OF_RUI,
    RUI,
    TASK_OF_ANA,
    TASK_OF_RUI,
    insert,
    insert_world,
)
from tests.support.databases import Connection, database, name_of, rows, run, superuser
from tests.support.sites import Site

TABLES = ("users", "campaigns", "agents", "tasks", "api_keys", "generated_content")
TASKS = 1_000
LAST_ID = "ffffffff-ffff-ffff-ffff-ffffffffffff"


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


@pytest.fixture
def both(secured: Site) -> Site:
    """Ana and Rui have a row in each table."""
    with psycopg.connect(superuser(secured.server, secured.database)) as connection:
        insert_world(connection)
        add_rows(connection)
    return secured


def add_rows(connection: Connection) -> None:
    for user, task in ((ANA, TASK_OF_ANA), (RUI, TASK_OF_RUI)):
        for table in ("agents", "api_keys", "generated_content"):
            also = {"task_id": task} if table == "generated_content" else {}
            insert(connection, table, {"user_id": user, **also})


def refused(connection: Connection, statement: str) -> psycopg.Error:
    """Return the error of a statement that must fail."""
    with pytest.raises(psycopg.Error) as error, connection.transaction():
        connection.execute(statement.encode())
    return error.value


def test_a_tenant_changes_no_row_of_another_and_gives_none_away(both: Site) -> None:
    with session_of(both, ANA) as connection:
        for table in TABLES:
            owner = "id" if table == "users" else "user_id"
            for statement in (
                f"SELECT FROM {table} WHERE {owner} = {RUI}",
                f"SELECT FROM {table} WHERE {owner} = {RUI} FOR UPDATE",
                f"UPDATE {table} SET updated_at = now() WHERE {owner} = {RUI}",
                f"DELETE FROM {table} WHERE {owner} = {RUI}",
            ):
                assert connection.execute(statement.encode()).rowcount == 0, statement
            assert connection.execute(f"SELECT FROM {table}".encode()).rowcount > 0
        for table in ("campaigns", "agents", "tasks", "generated_content"):
            given_away = refused(connection, f"UPDATE {table} SET user_id = {RUI}")
            assert "violates row-level security policy" in str(given_away)
        for table in TABLES[1:]:
            with pytest.raises(psycopg.Error, match="row-level security"), connection.transaction():
                insert(connection, table, {"user_id": RUI})


def test_no_temporary_relation_stands_in_for_the_catalogue(both: Site) -> None:
    asked = "SELECT playground_search_text(%s, 'secret', 'infinity', %s, 20)"
    with psycopg.connect(superuser(both.server, both.database)) as connection:
        connection.execute("UPDATE generated_content SET content_text = 'a secret'")
    with session_of(both, ANA) as connection:
        connection.execute("CREATE TEMPORARY TABLE pg_class (oid oid, relrowsecurity boolean)")
        connection.execute("GRANT SELECT ON pg_temp.pg_class TO PUBLIC")
        assert connection.execute(asked, [ANA, LAST_ID]).rowcount == 1
        assert connection.execute(asked, [RUI, LAST_ID]).rowcount == 0


def test_a_reference_tells_nothing_of_the_rows_of_others(both: Site) -> None:
    tasks = "INSERT INTO tasks (user_id, credit_cost, request_payload, campaign_id)"
    contents = "INSERT INTO generated_content (user_id, content_type, content_text, task_id)"
    with session_of(both, ANA) as connection:
        errors = [
            str(refused(connection, f"{tasks} VALUES ({ANA}, 1, '{{\"a\": 1}}', '{campaign}')"))
            for campaign in (CAMPAIGN_OF_RUI, AN_ID)
        ]
        assert errors[0].replace(CAMPAIGN_OF_RUI, AN_ID) == errors[1]
        # What docs/roles.md says of keys: one that is taken, in whatever table, is refused as such.
        taken = refused(connection, f"{contents} VALUES ({ANA}, 'text', 'x', '{TASK_OF_RUI}')")
        assert isinstance(taken, psycopg.errors.UniqueViolation)
        taken = refused(connection, "UPDATE users SET email = 'rui@example.com'")
        assert isinstance(taken, psycopg.errors.UniqueViolation)


def acting(site: Site) -> str:
    """Return the conninfo of a login that acts as the role owner, and else is a mere member."""
    owner = f"{site.prefix}owner"
    run(superuser(site.server, site.database), f'GRANT "{owner}" TO owner')
    return make_conninfo(site.database, options="-c role=" + owner.replace(" ", "\\ "))


def test_who_logs_in_as_the_owner_is_bound_and_who_acts_as_the_owner_is_not(both: Site) -> None:
    as_owner = acting(both)
    with psycopg.connect(both.database) as connection:
        assert connection.execute("TABLE tasks").fetchall() == []
        be(connection, ANA)
        assert connection.execute("SELECT DISTINCT user_id FROM tasks").fetchall() == [(ANA,)]
    assert len(rows(as_owner, "SELECT FROM users")) == 2
    dump = [str(both.server.bin_dir / "pg_dump"), "--data-only", "--table=users", "--dbname"]
    done = subprocess.run([*dump, as_owner], capture_output=True, text=True, check=True)
    assert "rui@example.com" in done.stdout


@pytest.mark.slow
def test_verify_knows_both_states_and_names_what_is_half_made(secured: Site) -> None:
    as_owner = acting(secured)
    assert call(None, as_owner, "schema", "--check").code == 0
    assert call(None, as_owner, "verify").code == 0
    bound = call(None, secured.database, "verify")
    assert bound.code == 1
    assert 'policy for table "users". Row security binds this role' in bound.out
    run(superuser(secured.server, secured.database), "DROP POLICY worker ON agents")
    assert "    agents worker policy is missing\n" in call(None, as_owner, "verify").out
    secured.psql("row_security_off", user=secured.server.user)
    assert call(None, as_owner, "verify").code == 0


def test_functions_work_where_the_owner_may_not_pass_over_row_security(site: Site) -> None:
    with psycopg.connect(superuser(site.server, site.database)) as connection:
        insert_world(connection)
        add_rows(connection)
    site.psql("row_security", warns=True)
    with site.session("app") as connection:
        search = f"SELECT FROM playground_search_text({{}}, 'x', 'infinity', '{LAST_ID}', 9)"
        login = "SELECT id FROM dashboard_login_by_email('Rui@example.com')"
        assert connection.execute(login.encode()).fetchall() == [(RUI,)]
        (new,) = connection.execute("SELECT sign_up('Eva@example.com')").fetchone() or (0,)
        be(connection, new)
        email = "SELECT email, is_admin, credit_balance FROM users"
        assert connection.execute(email.encode()).fetchall() == [("eva@example.com", False, 0)]
        be(connection, ANA)
        assert connection.execute(search.format(ANA).encode()).rowcount == 1
        assert connection.execute(search.format(RUI).encode()).rowcount == 0
    with psycopg.connect(site.database) as connection:  # an application that logs in as the owner
        assert connection.execute("TABLE users").fetchall() == []


def test_workers_and_reports_see_all_rows(both: Site) -> None:
    for role in ("worker", "readonly"):
        with both.session(role) as connection:
            for table in TABLES:
                assert connection.execute(f"SELECT id FROM {table}".encode()).rowcount > 1
    with both.session("worker") as connection:
        assert connection.execute("UPDATE users SET credit_balance = 1").rowcount == 2


SESSIONS, TRANSACTIONS = 16, 30


@pytest.mark.slow
@pytest.mark.skipif(poolers.program() is None, reason="no PgBouncer here: install pgbouncer")
def test_sessions_with_changing_users_share_a_connection_without_a_leak(both: Site) -> None:
    app = f"{both.prefix}app"
    with both.server.connect() as connection:
        connection.execute(f'CREATE ROLE backend LOGIN IN ROLE "{app}"'.encode())
    try:
        with (
            poolers.pooler(both.server, "transaction", ("backend",)) as pooler,
            ThreadPoolExecutor(SESSIONS) as pool,
        ):
            through = make_conninfo(pooler.through(both.database), user="backend")
            told = list(pool.map(lambda number: asked_by(through, number), range(SESSIONS)))
    finally:
        with both.server.connect() as connection:
            connection.execute("DROP ROLE backend")
    assert [each for each in told if each] == []


def asked_by(database: str, number: int) -> list[str]:
    """Return what a session saw that it should not: its user changes, and every third has none."""
    seen = []
    with psycopg.connect(database, prepare_threshold=None) as connection:
        for turn in range(number, number + TRANSACTIONS):
            user = (ANA, RUI, None)[turn % 3]
            try:
                with connection.transaction():
                    if user:
                        be(connection, user)
                    query = "SELECT DISTINCT user_id FROM tasks"
                    found = [each for (each,) in connection.execute(query.encode())]
                    if found != [user] * bool(user):
                        seen.append(f"{user}: {found}")
                    if turn % 5 == 0:
                        raise psycopg.Rollback
            except psycopg.Error as error:
                seen.append(str(error))
    return seen
