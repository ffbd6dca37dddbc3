"""The roles of sql/roles/: each does its work, nothing else is allowed, and all of it can go."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from bench import generated, measure, queries
from tests.support.commands import call
from tests.support.constraint_rows import ROWS
from tests.support.databases import Connection, name_of, rows, run
from tests.support.servers import ROOT
from tests.support.sites import Site, act_as

PAGE = ROOT / "docs" / "roles.md"
CHECKS = sorted((ROOT / "sql" / "checks").glob("*.sql"))

EVERYBODY = ("app", "worker", "readonly")

# Who asks the queries of a group, and of those that are asked by others.
ASKS = {
    "dashboard": {"app"},
    "playground": {"app"},
    "agents": {"app"},
    "campaigns": {"app"},
    "worker": {"worker"},
    "admin": {"app", "readonly"},
    "analytics": {"app", "readonly"},
    "reporting": {"readonly"},
    "agents_scheduled_due": {"worker"},
}


def test_the_page_shows_what_each_role_may_do(site: Site) -> None:
    told = site.psql("report").splitlines()
    shown = [line for line in PAGE.read_text().splitlines() if line.startswith("|")]
    assert shown == told, "docs/roles.md is not of sql/roles/grants.sql: make roles"


def test_no_check_finds_anything_where_the_roles_are(site: Site) -> None:
    with psycopg.connect(site.database) as connection:
        found = {path.stem: connection.execute(path.read_bytes()).fetchall() for path in CHECKS}
    assert {name: each for name, each in found.items() if each} == {}


@pytest.mark.slow
def test_each_query_runs_under_the_role_that_asks_it(site: Site) -> None:
    tasks = 1_000
    with psycopg.connect(site.database, autocommit=True) as connection:
        generated.fill(connection, tasks)
        draws = generated.parameters(connection, tasks, 2)
    known = queries.read_all()
    for role in EVERYBODY:
        with site.session(role) as connection:
            for query in known:
                if role in ASKS.get(query.name, ASKS[query.group]):
                    query.prepare(connection)
                    for draw in measure.asked(query, draws):
                        connection.execute(query.execute(draw))


def write(connection: Connection, table: str, **changes: Any) -> Any:
    """Insert a table's valid row as a client does that leaves its times to the server."""
    row = {k: v for k, v in (ROWS[table] | changes).items() if not k.endswith("ed_at")}
    names, values = sql.SQL(", ").join(map(sql.Identifier, row)), list(row.values())
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING id").format(
        sql.Identifier(table), names, sql.SQL(", ").join(sql.Placeholder() * len(row))
    )
    return (connection.execute(statement, values).fetchone() or [None])[0]


def test_a_task_lives_its_life_between_app_and_worker(site: Site) -> None:
    provider = "(SELECT id FROM ai_providers LIMIT 1)"
    with site.session("app") as connection:
        user = write(connection, "users", avatar_url="https://[::1]/a.png", full_name="Ana")
        connection.execute("UPDATE users SET last_login_at = now(), email_verified_at = now()")
        campaign = write(connection, "campaigns", user_id=user)
        write(connection, "agents", user_id=user)
        task = write(connection, "tasks", user_id=user, campaign_id=campaign, status="queued")
        (provider_id,) = connection.execute(f"SELECT {provider}".encode()).fetchone() or ()
        key = write(connection, "api_keys", user_id=user, provider_id=provider_id)
        connection.execute("UPDATE api_keys SET is_default = true WHERE id = %s", [key])
        act_as(connection, site.prefix + "worker")
        (claimed,) = connection.execute(
            "UPDATE tasks SET status = 'processing', started_at = now() WHERE id = ("
            "SELECT id FROM tasks WHERE status = 'queued' FOR UPDATE SKIP LOCKED) RETURNING id"
        )
        assert claimed == (task,)
        connection.execute("UPDATE api_keys SET last_used_at = now(), error_count = 0")
        write(connection, "generated_content", user_id=user, task_id=task)
        connection.execute("UPDATE users SET credit_balance = credit_balance + 100")
        connection.execute("UPDATE campaigns SET spent_credits = spent_credits + 1")
        connection.execute("UPDATE tasks SET status = 'completed', completed_at = now()")
        act_as(connection, site.prefix + "app")
        connection.execute("DELETE FROM campaigns")
        assert connection.execute("SELECT campaign_id FROM tasks").fetchall() == [(None,)]
        connection.execute("DELETE FROM users WHERE id = %s", [user])
        left = "SELECT count(*) FROM tasks, api_keys, generated_content"
        assert connection.execute(left.encode()).fetchall() == [(0,)]


REFUSED = [
    *(
        (role, statement, named)
        for role in EVERYBODY
        for statement, named in [
            ("UPDATE users SET is_admin = TRUE", "users"),
            ("INSERT INTO users (email, is_admin) VALUES ('a@example.com', TRUE)", "users"),
            ("INSERT INTO users (email, credit_balance) VALUES ('a@example.com', 1)", "users"),
            ("UPDATE api_keys SET user_id = 1", "api_keys"),
            ("UPDATE task_types SET default_credit_cost = 0", "task_types"),
            ("DELETE FROM subscription_tiers", "subscription_tiers"),
            ("TRUNCATE tasks", "tasks"),
            ("DROP TABLE tasks", "tasks"),
            ("ALTER TABLE users DISABLE TRIGGER ALL", "users"),
            ("CREATE TRIGGER a BEFORE INSERT ON tasks EXECUTE FUNCTION row_times()", "tasks"),
            ("CREATE TEMP TABLE a (email valid_email)", "valid_email"),
            ("CREATE TABLE a (b integer)", "public"),
            ("ALTER FUNCTION row_times() OWNER TO CURRENT_USER", "row_times"),
            ("TABLE yoyo._yoyo_migration", "yoyo"),
        ]
    ),
    ("app", "UPDATE users SET credit_balance = 1000", "users"),
    ("app", "SELECT statement_statistics()", "statement_statistics"),
    ("worker", "SELECT password_hash FROM users", "users"),
    ("worker", "UPDATE users SET password_hash = NULL", "users"),
    ("worker", "UPDATE api_keys SET encrypted_key = 'v1:x'", "api_keys"),
    ("worker", "DELETE FROM tasks", "tasks"),
    ("readonly", "SELECT password_hash FROM users", "users"),
    ("readonly", "SELECT encrypted_key FROM api_keys", "api_keys"),
    ("readonly", "SELECT key_hash FROM api_keys", "api_keys"),
    ("readonly", "TABLE api_keys", "api_keys"),
    ("readonly", "DELETE FROM generated_content", "generated_content"),
    ("readonly", "SELECT id FROM tasks FOR UPDATE", "tasks"),
]


def test_everything_else_is_refused_by_name(site: Site) -> None:
    for role, statement, named in REFUSED:
        with site.session(role) as connection:
            with pytest.raises(psycopg.errors.InsufficientPrivilege) as refused:
                connection.execute(statement.encode())
            assert named in str(refused.value), (role, statement)


def test_nobody_logs_in_as_a_role_and_each_is_told_by_its_comment(site: Site) -> None:
    query = f"""
        SELECT rolname, rolcanlogin OR rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls,
            shobj_description(oid, 'pg_authid')
        FROM pg_roles WHERE rolname ~ '^{site.prefix}' ORDER BY rolname
    """
    found = rows(site.database, query)
    assert [name for name, *_ in found] == [
        f"{site.prefix}{each}" for each in ("app", "owner", "readonly", "worker")
    ]
    for name, is_mighty, comment in found:
        assert not is_mighty
        assert comment.startswith(f"GestorLead Studio, {name.removeprefix(site.prefix)}:")


def test_verify_names_a_table_and_a_column_that_were_forgotten(site: Site) -> None:
    run(
        site.database,
        "CREATE TABLE invoices (id integer)",
        "ALTER TABLE users ADD COLUMN phone text",
    )
    answer = call(None, site.database, "verify")
    assert answer.code == 1
    _, _, told = answer.out.partition("sql/checks/privilege_forgotten.sql: FAILED\n")
    assert told.splitlines()[:2] == ["    column phone of table users", "    table invoices"]
    with site.session("app") as connection:
        connection.execute("SELECT phone FROM users")


def test_a_privilege_that_was_given_by_hand_goes_when_the_script_runs_again(site: Site) -> None:
    before = site.psql("report")
    app = sql.Identifier(f"{site.prefix}app").as_string(None)
    run(site.database, f"GRANT UPDATE ON users TO {app}", f"GRANT TRUNCATE ON tasks TO {app}")
    assert site.psql("report") != before
    site.psql("grants")
    assert site.psql("report") == before


@pytest.mark.slow
def test_who_acts_as_the_owner_migrates_and_rolls_back(site: Site) -> None:
    owner = sql.Identifier(f"{site.prefix}owner").as_string(None)
    run(site.database, f"GRANT {owner} TO owner")
    site.psql("owner", "grants")
    owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname IN ('public', 'yoyo')"
    assert rows(site.database, owners) == [(f"{site.prefix}owner",)]
    run(site.database, f"ALTER ROLE owner IN DATABASE {name_of(site.database)} SET role = {owner}")
    assert call(None, site.database, "rollback", "--steps", "2", "--yes").code == 0
    assert call(None, site.database, "migrate").code == 0
    site.psql("grants")
    assert call(None, site.database, "verify").code == 0
    assert rows(site.database, owners) == [(f"{site.prefix}owner",)]


STATE = """
    WITH held (name, owner_id, acl) AS (
        SELECT oid::regclass::text, relowner, coalesce(relacl, acldefault(
            CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner
        )) FROM pg_class WHERE relnamespace IN ('public'::regnamespace, 'yoyo'::regnamespace)
        UNION ALL
        SELECT attrelid::regclass || '.' || attname, 0, attacl FROM pg_attribute
        UNION ALL
        SELECT oid::regprocedure::text, proowner, coalesce(proacl, acldefault('f', proowner))
        FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        UNION ALL
        SELECT typname, typowner, coalesce(typacl, acldefault('T', typowner))
        FROM pg_type WHERE typnamespace = 'public'::regnamespace
        UNION ALL
        SELECT nspname, nspowner, coalesce(nspacl, acldefault('n', nspowner)) FROM pg_namespace
        UNION ALL
        SELECT datname, datdba, coalesce(datacl, acldefault('d', datdba)) FROM pg_database
    )

    SELECT h.name, h.owner_id, x.grantor, x.grantee, x.privilege_type
    FROM held AS h LEFT JOIN LATERAL aclexplode(h.acl) AS x ON TRUE
    UNION ALL
    SELECT rolname, 0, 0, 0, '' FROM pg_roles
    UNION ALL
    SELECT relname, 0, 0, 0, 'row security' FROM pg_class
    WHERE relrowsecurity OR relforcerowsecurity
    UNION ALL
    SELECT polname, polrelid, 0, 0, 'policy' FROM pg_policy
    UNION ALL
    SELECT 'member', roleid, member, grantor, '' FROM pg_auth_members
    ORDER BY 1, 2, 3, 4, 5
"""


@pytest.mark.parametrize(
    "scripts",
    [("grants",), ("owner", "grants", "row_security"), ("grants", "row_security", "owner")],
    ids="-".join,
)
def test_taken_back_they_leave_no_trace(bare: Site, scripts: tuple[str, ...]) -> None:
    before = rows(bare.database, STATE)
    bare.psql("roles")
    owner = sql.Identifier(f"{bare.prefix}owner").as_string(None)
    run(bare.database, f"GRANT {owner} TO owner")
    bare.psql(*scripts, warns="row_security" in scripts)
    assert rows(bare.database, STATE) != before
    bare.psql("take_back")
    assert rows(bare.database, STATE) == before


def test_a_dba_makes_the_roles_and_a_plain_owner_the_grants(bare: Site) -> None:
    with bare.server.connect() as superuser:
        superuser.execute("ALTER ROLE owner NOCREATEROLE")
    bare.psql("roles", user=bare.server.user)
    bare.psql("grants")
    with bare.session("readonly") as connection:
        connection.execute("SELECT count(*) FROM tasks")


def test_who_logs_in_is_a_member(site: Site) -> None:
    app = sql.Identifier(f"{site.prefix}app").as_string(None)
    with site.server.connect() as superuser:
        superuser.execute(f"CREATE ROLE backend LOGIN IN ROLE {app}".encode())
    try:
        dsn = site.server.dsn(name_of(site.database), "backend")
        with psycopg.connect(dsn) as connection:
            connection.execute(
                "INSERT INTO users (email, preferences) VALUES (%s, %s)",
                ["ana@example.com", Jsonb({"theme": "dark"})],
            )
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("UPDATE users SET is_admin = TRUE")
    finally:
        with site.server.connect() as superuser:
            superuser.execute("DROP ROLE backend")
