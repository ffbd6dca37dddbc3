"""The rules of sql/checks/: each holds, notices what breaks it, and raises no false alarm."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.support.databases import Connection
from tests.support.servers import ROOT, Server

CHECKS = sorted((ROOT / "sql" / "checks").glob("*.sql"))

# A role that may do everything, as if a script of sql/roles/ had made it.
WITH_ROLE = """
    CREATE ROLE test_app;
    COMMENT ON ROLE test_app IS 'GestorLead Studio, app: tests';
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO test_app;
    GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO test_app;
"""

# For each file of sql/checks/: what breaks its rule, and what its first column then says.
SABOTAGE: dict[str, list[tuple[str, str]]] = {
    "check_by_changing_function": [
        ("ALTER FUNCTION is_slug(text) STABLE", "ck_task_types_type_name_slug"),
        ("ALTER FUNCTION is_host(text) VOLATILE", "ck_valid_url_host"),
    ],
    "column_of_serial": [("ALTER TABLE users ADD number serial", "users")],
    "column_without_check": [
        ("ALTER TABLE users ADD nickname text", "users"),
        ("ALTER TABLE campaigns ADD notes jsonb", "campaigns"),
        ("ALTER TABLE tasks DROP CONSTRAINT ck_tasks_priority", "tasks"),
    ],
    "constraint_not_validated": [
        ("ALTER TABLE users ADD CONSTRAINT ck_users_a CHECK (id > 0) NOT VALID", "ck_users_a"),
        ("ALTER DOMAIN valid_email ADD CONSTRAINT a CHECK (value <> '') NOT VALID", "a"),
        (
            "ALTER TABLE users ADD CONSTRAINT fk_users_a FOREIGN KEY (id) REFERENCES users (id) "
            "ON DELETE RESTRICT NOT VALID",
            "fk_users_a",
        ),
    ],
    "granted_to_public": [
        ("GRANT SELECT ON users TO PUBLIC", "table users"),
        ("GRANT SELECT ON slow_queries_analysis TO PUBLIC", "view slow_queries_analysis"),
        ("GRANT SELECT (email), UPDATE (email) ON users TO PUBLIC", "column email of table users"),
        ("GRANT USAGE ON SEQUENCE users_id_seq TO PUBLIC", "sequence users_id_seq"),
        ("GRANT EXECUTE ON FUNCTION new_id() TO PUBLIC", "function new_id()"),
        ("CREATE FUNCTION a() RETURNS integer LANGUAGE sql RETURN 1", "function a()"),
        ("CREATE DOMAIN a AS integer", "type a"),
        ("GRANT CREATE ON SCHEMA public TO PUBLIC", "schema public"),
    ],
    "identity_behind": [
        ("ALTER TABLE task_types ALTER id RESTART WITH 1", "task_types"),
        ("UPDATE agent_types SET id = 1000000 WHERE type_name = 'translator'", "agent_types"),
        ("INSERT INTO users (id, email) VALUES (1000, 'a@example.com')", "users"),
    ],
    "index_descends_on_domain": [
        ("CREATE INDEX a ON agents (user_id, success_rate DESC NULLS LAST, id DESC)", "a")
    ],
    "index_not_valid": [
        (
            f"UPDATE pg_index SET {column} = FALSE WHERE indexrelid = 'idx_users_newest'::regclass",
            "idx_users_newest",
        )
        for column in ("indisvalid", "indisready", "indislive")
    ],
    "index_redundant": [
        ("CREATE INDEX a ON users (created_at DESC)", "a"),
        ("CREATE INDEX a ON users (created_at)", "a"),
        ("CREATE INDEX a ON users (created_at, id)", "a"),
        ("CREATE INDEX a ON users (email)", "a"),
        ("CREATE UNIQUE INDEX a ON users (email)", "a"),
        (
            "CREATE INDEX a ON tasks (retry_count) INCLUDE (credit_cost); "
            "CREATE INDEX b ON tasks (retry_count, priority) INCLUDE (credit_cost)",
            "a",
        ),
        ("CREATE INDEX a ON campaigns (end_date) WHERE status = 'active'", "a"),
        (
            "CREATE INDEX a ON campaigns USING gin (metrics); "
            "CREATE INDEX b ON campaigns USING gin (metrics)",
            "a",
        ),
        (
            "CREATE INDEX a ON users (lower(email)); CREATE INDEX b ON users (lower(email), id)",
            "a",
        ),
    ],
    "model_task_type_unknown": [
        (
            "ALTER TABLE provider_models DISABLE TRIGGER USER; UPDATE provider_models "
            """SET task_types = '["dancing"]' WHERE provider = 'replicate'""",
            "replicate",
        )
    ],
    "name_against_convention": [
        ("ALTER TABLE users RENAME CONSTRAINT pk_users TO users_pkey", "users_pkey"),
        ("ALTER TABLE users RENAME CONSTRAINT uq_users_email TO uq_users_mail", "uq_users_mail"),
        ("ALTER TABLE users ADD CHECK (id > 0)", "users_id_check"),
        (
            "ALTER TABLE users RENAME CONSTRAINT fk_users_subscription_tier_id TO fk_users_tier",
            "fk_users_tier",
        ),
        (
            "ALTER TABLE tasks RENAME CONSTRAINT fk_tasks_campaign_id TO fk_tasks_user",
            "fk_tasks_user",
        ),
        ("ALTER DOMAIN valid_email ADD CHECK (value <> '')", "valid_email_check"),
        ("ALTER INDEX idx_users_newest RENAME TO users_newest", "users_newest"),
        ("CREATE UNIQUE INDEX idx_users_a ON users (full_name)", "idx_users_a"),
        ("ALTER TRIGGER tr_users_row_times ON users RENAME TO row_times", "row_times"),
    ],
    "object_without_comment": [
        (f"COMMENT ON {kind} {name} IS NULL", described)
        for kind, name, described in [
            ("TABLE", "users", "table users"),
            ("COLUMN", "users.email", "column email of table users"),
            ("VIEW", "index_usage_stats", "view index_usage_stats"),
            ("COLUMN", "index_usage_stats.scans", "column scans of view index_usage_stats"),
            ("DOMAIN", "valid_email", "type valid_email"),
            ("FUNCTION", "new_id()", "function new_id()"),
            ("INDEX", "idx_users_newest", "index idx_users_newest"),
            ("INDEX", "uq_api_keys_default", "index uq_api_keys_default"),
            ("TRIGGER", "tr_users_row_times ON users", "trigger tr_users_row_times on table users"),
        ]
    ],
    "owner_differs": [
        ("ALTER TABLE generated_content OWNER TO postgres", "table generated_content"),
        ("ALTER FUNCTION new_id() OWNER TO postgres", "function new_id()"),
        ("ALTER DOMAIN valid_url OWNER TO postgres", "type valid_url"),
    ],
    "privilege_forgotten": [
        (WITH_ROLE + change, forgotten)
        for change, forgotten in [
            ("CREATE TABLE a (b integer)", "table a"),
            (
                "REVOKE SELECT ON users FROM test_app; GRANT SELECT (id) ON users TO test_app",
                "column email of table users",
            ),
            ("REVOKE EXECUTE ON FUNCTION new_id() FROM test_app", "function new_id()"),
            ("REVOKE EXECUTE ON FUNCTION is_ipv4(text) FROM test_app", "function is_ipv4(text)"),
        ]
    ],
    "reference_across_tenants": [
        ("CREATE TABLE a (user_id bigint, task_id uuid REFERENCES tasks (id))", "a"),
        (
            "ALTER TABLE tasks ADD CONSTRAINT a "
            "FOREIGN KEY (campaign_id) REFERENCES campaigns (id)",
            "tasks",
        ),
    ],
    "reference_of_other_type": [
        ("CREATE TABLE a (user_id integer REFERENCES users (id))", "a"),
        ("CREATE TABLE a (user_id bigint, b bigint REFERENCES agent_types (id))", "a"),
    ],
    "reference_without_index": [
        ("DROP INDEX idx_api_keys_provider_id", "api_keys"),
        (
            "DROP INDEX idx_api_keys_provider_id; CREATE INDEX ON api_keys (key_name, provider_id)",
            "api_keys",
        ),
        (
            "DROP INDEX idx_api_keys_provider_id; "
            "CREATE INDEX ON api_keys (provider_id) WHERE expires_at IS NOT NULL",
            "api_keys",
        ),
        (
            "DROP INDEX idx_api_keys_provider_id; CREATE INDEX ON api_keys (key_name) "
            "INCLUDE (provider_id)",
            "api_keys",
        ),
        (
            "UPDATE pg_index SET indisvalid = FALSE "
            "WHERE indexrelid = 'idx_api_keys_provider_id'::regclass",
            "api_keys",
        ),
        (
            "CREATE TABLE a (b integer REFERENCES task_types (id)); "
            "CREATE INDEX ON a USING brin (b)",
            "a",
        ),
    ],
    "reference_without_on_delete": [
        ("CREATE TABLE a (user_id bigint REFERENCES users (id) ON UPDATE CASCADE)", "a")
    ],
    "row_security_half_made": [
        ("ALTER TABLE users ENABLE ROW LEVEL SECURITY", "users"),
        ("ALTER TABLE tasks FORCE ROW LEVEL SECURITY", "tasks"),
        ("CREATE POLICY own_rows ON agents USING (TRUE)", "agents"),
        ("CREATE POLICY own_rows ON agents USING (TRUE)", "tasks"),
    ],
    "security_definer_granted": [
        (
            f"GRANT EXECUTE ON FUNCTION task_types_stay_listed() TO {role}",
            "task_types_stay_listed()",
        )
        for role in ("PUBLIC", "tester")
    ],
    "security_definer_without_search_path": [
        (f"ALTER FUNCTION new_id() SECURITY DEFINER SET {setting}", "new_id()")
        for setting in (
            "work_mem = '8MB'",
            "search_path = ''",
            "search_path = pg_temp, pg_catalog",
            "search_path = pg_catalog, my_pg_temp",
        )
    ],
    "sequence_nearly_exhausted": [
        (
            "ALTER TABLE subscription_tiers ALTER id SET MAXVALUE 5 RESTART WITH 4;"
            " SELECT nextval('subscription_tiers_id_seq')",
            "subscription_tiers_id_seq",
        )
    ],
    "table_unlogged": [("ALTER TABLE generated_content SET UNLOGGED", "generated_content")],
    "table_without_autovacuum": [
        (f"ALTER TABLE tasks SET (autovacuum_enabled = {value})", "tasks")
        for value in ("off", "false", "0")
    ],
    "table_without_primary_key": [
        ("ALTER TABLE agents DROP CONSTRAINT pk_agents", "agents"),
    ],
    "table_without_row_times": [
        (statement, "users")
        for statement in (
            "ALTER TABLE users ALTER updated_at DROP NOT NULL",
            "ALTER TABLE users ALTER created_at DROP DEFAULT",
            "ALTER TABLE users ALTER created_at TYPE timestamp",
            "DROP TRIGGER tr_users_row_times ON users",
            "CREATE OR REPLACE TRIGGER tr_users_row_times BEFORE UPDATE ON users "
            "FOR EACH ROW EXECUTE FUNCTION row_times()",
            "CREATE OR REPLACE TRIGGER tr_users_row_times BEFORE INSERT OR UPDATE OF email "
            "ON users FOR EACH ROW EXECUTE FUNCTION row_times()",
            "CREATE OR REPLACE TRIGGER tr_users_row_times BEFORE INSERT OR UPDATE "
            "ON users FOR EACH ROW WHEN (new.is_active) EXECUTE FUNCTION row_times()",
        )
    ],
    "time_may_be_infinite": [
        ("ALTER TABLE users ADD seen_at timestamptz", "users"),
        ("ALTER TABLE users ADD born_on date CHECK (born_on < '2030-01-01')", "users"),
        ("ALTER TABLE tasks DROP CONSTRAINT ck_tasks_times_finite", "tasks"),
    ],
    "trigger_disabled": [
        ("ALTER TABLE users DISABLE TRIGGER tr_users_row_times", "users"),
        ("ALTER TABLE users ENABLE REPLICA TRIGGER tr_users_row_times", "users"),
        ("ALTER TABLE tasks DISABLE TRIGGER ALL", "tasks"),
    ],
    "type_discouraged": [
        *(
            (f"ALTER TABLE users ADD a {of_type}", "users.a")
            for of_type in (
                "json",
                "timestamp",
                "time with time zone",
                "varchar(10)",
                "varchar[]",
                "char(3)",
                "money",
            )
        ),
        ("CREATE TYPE mood AS ENUM ('good'); ALTER TABLE users ADD a mood", "users.a"),
        ("CREATE DOMAIN a AS varchar(10)", "a"),
    ],
    "view_not_security_invoker": [
        ("CREATE VIEW a AS SELECT 1 AS b", "a"),
        ("ALTER VIEW unfinished_tasks SET (security_invoker = off)", "unfinished_tasks"),
    ],
}

# What looks like a breach of a rule and is none.
HARMLESS = {
    "index_descends_on_domain": [
        "CREATE INDEX a ON tasks (created_at DESC, id) INCLUDE (campaign_id)",
    ],
    "index_redundant": [
        "CREATE INDEX a ON users (created_at DESC) WHERE is_admin",
        "CREATE INDEX a ON users (created_at DESC, id)",
        "CREATE INDEX a ON users (created_at DESC NULLS LAST)",
        "CREATE INDEX a ON users (created_at DESC) INCLUDE (email)",
        "CREATE INDEX a ON users (email text_pattern_ops)",
        'CREATE INDEX a ON users (email COLLATE "POSIX")',
        "CREATE INDEX a ON users USING hash (email)",
        "CREATE UNIQUE INDEX a ON tasks (user_id)",
        "CREATE INDEX a ON campaigns USING gin (metrics); "
        "CREATE INDEX b ON campaigns USING gin (metrics, objectives)",
    ],
    "privilege_forgotten": [
        WITH_ROLE + "ALTER TABLE users ADD phone text",
        "CREATE TABLE a (b integer)",
    ],
    "reference_without_index": [
        "DROP INDEX idx_users_subscription_tier_id; CREATE INDEX a ON users (subscription_tier_id) "
        "WHERE subscription_tier_id IS NOT NULL",
        "CREATE TABLE a (user_id bigint, id uuid, "
        "FOREIGN KEY (user_id, id) REFERENCES tasks (user_id, id), PRIMARY KEY (id, user_id))",
    ],
    "granted_to_public": [
        "GRANT SELECT ON users TO tester; GRANT EXECUTE ON FUNCTION new_id() TO tester",
    ],
    "security_definer_granted": [
        "GRANT EXECUTE ON FUNCTION row_times() TO tester",
        "CREATE FUNCTION a() RETURNS integer LANGUAGE sql SECURITY DEFINER RETURN 1",
    ],
    "table_without_autovacuum": [
        "ALTER TABLE tasks SET (autovacuum_enabled = on, autovacuum_vacuum_scale_factor = 0.01)"
    ],
    "time_may_be_infinite": [
        "ALTER TABLE users ADD seen_at timestamptz, ADD CHECK (isfinite(seen_at) AND id > 0)",
    ],
    "row_security_half_made": [
        "CREATE TABLE a (b integer); ALTER TABLE a ENABLE ROW LEVEL SECURITY",
    ],
    "trigger_disabled": ["ALTER TABLE users ENABLE ALWAYS TRIGGER tr_users_row_times"],
}


@pytest.fixture
def saboteur(pg: Server, migrated: Connection) -> Iterator[Connection]:
    """A superuser in the migrated database; what it does is rolled back."""
    conninfo = make_conninfo(migrated.info.dsn, user=pg.user)
    with psycopg.connect(conninfo, prepare_threshold=None) as connection:
        yield connection
        connection.rollback()


def run(check: Path, connection: Connection) -> list[tuple[Any, ...]]:
    return connection.execute(check.read_bytes()).fetchall()


@pytest.mark.parametrize("check", CHECKS, ids=lambda path: path.stem)
def test_rule_holds(migrated: Connection, check: Path) -> None:
    migrated.execute("SET TRANSACTION READ ONLY")
    assert run(check, migrated) == []


def test_every_rule_has_its_sabotage() -> None:
    assert [check.stem for check in CHECKS] == sorted(SABOTAGE)


@pytest.mark.parametrize(
    ("check", "sabotage", "offender"),
    [
        pytest.param(check, sabotage, offender, id=f"{check.stem}-{number}")
        for check in CHECKS
        for number, (sabotage, offender) in enumerate(SABOTAGE.get(check.stem, []))
    ],
)
def test_rule_notices(saboteur: Connection, check: Path, sabotage: str, offender: str) -> None:
    saboteur.execute(sabotage.encode())
    assert offender in [row[0] for row in run(check, saboteur)]


@pytest.mark.parametrize(
    ("check", "change"),
    [
        pytest.param(check, change, id=f"{check.stem}-{number}")
        for check in CHECKS
        for number, change in enumerate(HARMLESS.get(check.stem, []))
    ],
)
def test_rule_raises_no_false_alarm(saboteur: Connection, check: Path, change: str) -> None:
    saboteur.execute(change.encode())
    assert run(check, saboteur) == []


@pytest.mark.parametrize(
    "change",
    [
        "CREATE EXTENSION pg_stat_statements SCHEMA public",
        "CREATE SCHEMA a; CREATE UNLOGGED TABLE a.t (a varchar); CREATE INDEX ON a.t (a)",
    ],
    ids=["extension", "schema"],
)
def test_rules_leave_alone_what_is_not_ours(saboteur: Connection, change: str) -> None:
    saboteur.execute(change.encode())
    assert {check.stem: found for check in CHECKS if (found := run(check, saboteur))} == {}


def test_rule_of_identity_columns_knows_them_all(saboteur: Connection) -> None:
    """That rule names its tables; a new one must be added."""
    query = """
        SELECT a.attrelid::regclass::text FROM pg_attribute AS a
        INNER JOIN pg_class AS r ON a.attrelid = r.oid
        WHERE r.relnamespace = 'public'::regnamespace AND a.attidentity <> ''
    """
    tables = [table for (table,) in saboteur.execute(query)]
    saboteur.execute("INSERT INTO users (email) VALUES ('a@example.com')")
    for table in tables:
        saboteur.execute(f"ALTER TABLE {table} ALTER id RESTART".encode())
    (check,) = (path for path in CHECKS if path.stem == "identity_behind")
    assert sorted(row[0] for row in run(check, saboteur)) == sorted(tables)
