"""The catalogue: tables, columns, references and the rest as SCHEMA.md has them; sql/checks/."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.support.servers import ROOT, Server

Connection = psycopg.Connection[tuple[Any, ...]]

CHECKS = sorted((ROOT / "sql" / "checks").glob("*.sql"))

# name type [= default], `?` where NULL is allowed; created_at and updated_at are in every table.
COLUMNS = {
    "subscription_tiers": """
        id integer identity, tier_name text, monthly_credits integer?, max_agents integer?,
        monthly_price_cents integer""",
    "ai_providers": """
        id integer identity, provider_name text, display_name text, api_base_url valid_url,
        is_active boolean = true""",
    "task_types": """
        id integer identity, type_name text, description text, category text,
        default_credit_cost integer = 1""",
    "provider_models": """
        id integer identity, provider text, model_name text, task_types jsonb,
        cost_per_credit integer?, is_active boolean = true""",
    "agent_categories": """
        id integer identity, category_name text, description text, sort_order integer = 0,
        is_active boolean = true""",
    "agent_types": """
        id integer identity, type_name text, category_id integer, description text,
        default_config jsonb?""",
    "campaign_types": """
        id integer identity, type_name text, description text, default_channels jsonb,
        estimated_duration_days integer?""",
    "users": """
        id bigint identity, email valid_email, google_id text?, password_hash text?,
        full_name text?, avatar_url valid_url?, credit_balance integer = 0,
        subscription_tier_id integer?, is_active boolean = true, is_admin boolean = false,
        preferences jsonb?, last_login_at timestamptz?, email_verified_at timestamptz?""",
    "campaigns": """
        id valid_uuid = new_id(), user_id bigint, campaign_type_id integer?, name text,
        description text?, status text = 'draft', channels jsonb, target_audience jsonb?,
        objectives jsonb, budget_credits integer?, spent_credits integer = 0,
        content_templates jsonb?, scheduling jsonb?, automation_rules jsonb?, metrics jsonb?,
        a_b_testing jsonb?, start_date timestamptz?, end_date timestamptz?,
        launched_at timestamptz?, completed_at timestamptz?""",
    "agents": """
        id valid_uuid = new_id(), user_id bigint, category_id integer?, type_id integer?,
        name text, description text?, agent_type text, status text = 'draft',
        is_public boolean = false, tags jsonb?, configuration jsonb, workflow_definition jsonb,
        triggers jsonb?, variables jsonb?, permissions jsonb?, version semantic_version = '1.0.0',
        execution_count integer = 0, success_rate numeric(5,4)?, avg_execution_time_ms integer?,
        last_executed_at timestamptz?, published_at timestamptz?""",
    "tasks": """
        id valid_uuid = new_id(), user_id bigint, task_type_id integer?,
        provider_model_id integer?, campaign_id valid_uuid?, status text = 'pending',
        priority text = 'medium', credit_cost integer, estimated_cost integer?,
        request_payload jsonb, result_payload jsonb?, error_message text?, error_code text?,
        execution_time_ms integer?, retry_count integer = 0, scheduled_at timestamptz?,
        started_at timestamptz?, completed_at timestamptz?, expires_at timestamptz?""",
    "api_keys": """
        id valid_uuid = new_id(), user_id bigint, provider_id integer, key_name text,
        encrypted_key text, key_hash sha256_hash, permissions jsonb?, usage_limits jsonb?,
        usage_stats jsonb?, is_active boolean = true, is_default boolean = false,
        expires_at timestamptz?, last_used_at timestamptz?, last_validated_at timestamptz?,
        validation_status text?, error_count integer = 0""",
    "generated_content": """
        id valid_uuid = new_id(), task_id valid_uuid, user_id bigint, content_type text,
        mime_type text?, file_size_bytes bigint?, file_url valid_url?, thumbnail_url valid_url?,
        original_filename text?, storage_path text?, storage_provider text?, content_text text?,
        content_metadata jsonb?, processing_metadata jsonb?, quality_score numeric(4,2)?,
        is_favorite boolean = false, is_public boolean = false, download_count integer = 0,
        tags jsonb?, expires_at timestamptz?""",
}
TIMES = ["created_at timestamptz = now()", "updated_at timestamptz = now()"]

DOMAINS = {
    "valid_email": "text",
    "valid_url": "text",
    "valid_uuid": "uuid",
    "semantic_version": "text",
    "sha256_hash": "text",
}

VIEWS = {
    "index_usage_stats": """
        schemaname name, tablename name, indexname name, scans bigint, tuples_read bigint,
        tuples_fetched bigint, is_unique boolean, is_valid boolean, backs_constraint boolean,
        size_bytes bigint, usage_level text""",
    "slow_queries_analysis": """
        query text, calls bigint, total_time double precision, mean_time double precision,
        stddev_time double precision, max_time double precision, rows bigint,
        hit_percent numeric, role_name name, query_id bigint""",
}

REFERENCES = """
    campaigns (user_id) REFERENCES users(id) ON DELETE CASCADE
    agents (user_id) REFERENCES users(id) ON DELETE CASCADE
    tasks (user_id) REFERENCES users(id) ON DELETE CASCADE
    api_keys (user_id) REFERENCES users(id) ON DELETE CASCADE
    generated_content (user_id) REFERENCES users(id) ON DELETE CASCADE
    generated_content (user_id, task_id) REFERENCES tasks(user_id, id) ON DELETE CASCADE
    tasks (user_id, campaign_id) REFERENCES campaigns(user_id, id) ON DELETE SET NULL (campaign_id)
    agents (category_id, type_id) REFERENCES agent_types(category_id, id) ON DELETE RESTRICT
    agents (category_id) REFERENCES agent_categories(id) ON DELETE RESTRICT
    agent_types (category_id) REFERENCES agent_categories(id) ON DELETE RESTRICT
    api_keys (provider_id) REFERENCES ai_providers(id) ON DELETE RESTRICT
    campaigns (campaign_type_id) REFERENCES campaign_types(id) ON DELETE RESTRICT
    provider_models (provider) REFERENCES ai_providers(provider_name) ON UPDATE CASCADE
      ON DELETE RESTRICT
    tasks (provider_model_id) REFERENCES provider_models(id) ON DELETE RESTRICT
    tasks (task_type_id) REFERENCES task_types(id) ON DELETE RESTRICT
    users (subscription_tier_id) REFERENCES subscription_tiers(id) ON DELETE RESTRICT
"""


# What is unique besides the primary keys, all of them `id`; the last three back references.
UNIQUE = {
    "subscription_tiers (tier_name)",
    "ai_providers (provider_name)",
    "task_types (type_name)",
    "provider_models (provider, model_name)",
    "agent_categories (category_name)",
    "agent_types (type_name)",
    "campaign_types (type_name)",
    "users (email)",
    "users (google_id)",
    "api_keys (user_id, provider_id) WHERE is_default",
    "api_keys (user_id, provider_id, key_name)",
    "api_keys (user_id, key_hash)",
    "generated_content (task_id)",
    "agent_types (category_id, id)",
    "campaigns (user_id, id)",
    "tasks (user_id, id)",
}

FUNCTIONS = {
    "new_id() uuid VOLATILE",
    "row_times() trigger VOLATILE",
    "not_blank(text) boolean IMMUTABLE",
    "no_control_characters(text) boolean IMMUTABLE",
    "is_slug(text) boolean IMMUTABLE",
    "is_array_of_strings(jsonb) boolean IMMUTABLE",
    "has_distinct_elements(jsonb) boolean IMMUTABLE",
    "is_host(text) boolean IMMUTABLE",
    "is_ipv4(text) boolean IMMUTABLE",
    "is_ipv6(text) boolean IMMUTABLE",
    "provider_models_list_existing() trigger VOLATILE",
    "task_types_stay_listed() trigger VOLATILE",
    "task_types_stay_with_models() trigger VOLATILE",
    "statement_statistics() record VOLATILE",
    "statement_statistics_status() text VOLATILE",
}

TRIGGERS = {
    *(
        f"tr_{table}_row_times BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW row_times()"
        for table in COLUMNS
    ),
    "tr_provider_models_list_existing AFTER INSERT OR UPDATE OF task_types ON provider_models "
    "FOR EACH ROW provider_models_list_existing()",
    "tr_task_types_stay_listed AFTER DELETE OR UPDATE OF type_name ON task_types "
    "FOR EACH ROW task_types_stay_listed()",
    "tr_task_types_stay_with_models AFTER TRUNCATE ON task_types "
    "FOR EACH STATEMENT task_types_stay_with_models()",
}

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
        ("GRANT SELECT ON users TO PUBLIC", "users"),
        ("GRANT SELECT (email), UPDATE (email) ON users TO PUBLIC", "users.email"),
        ("GRANT USAGE ON SEQUENCE users_id_seq TO PUBLIC", "users_id_seq"),
        ("GRANT CREATE ON SCHEMA public TO PUBLIC", "schema public"),
    ],
    "identity_behind": [
        ("ALTER TABLE task_types ALTER id RESTART WITH 1", "task_types"),
        ("UPDATE agent_types SET id = 1000000 WHERE type_name = 'translator'", "agent_types"),
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
    "security_definer_without_search_path": [
        ("ALTER FUNCTION new_id() SECURITY DEFINER SET work_mem = '8MB'", "new_id()")
    ],
    "sequence_nearly_exhausted": [
        ("ALTER TABLE subscription_tiers ALTER id SET MAXVALUE 5", "subscription_tiers_id_seq")
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
}

# What looks like a breach of a rule and is none.
HARMLESS = {
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
    "reference_without_index": [
        "DROP INDEX idx_users_subscription_tier_id; CREATE INDEX a ON users (subscription_tier_id) "
        "WHERE subscription_tier_id IS NOT NULL",
        "CREATE TABLE a (user_id bigint, id uuid, "
        "FOREIGN KEY (user_id, id) REFERENCES tasks (user_id, id), PRIMARY KEY (id, user_id))",
    ],
    "granted_to_public": ["GRANT SELECT ON users TO tester"],
    "table_without_autovacuum": [
        "ALTER TABLE tasks SET (autovacuum_enabled = on, autovacuum_vacuum_scale_factor = 0.01)"
    ],
    "trigger_disabled": ["ALTER TABLE users ENABLE ALWAYS TRIGGER tr_users_row_times"],
}


def one_column(connection: Connection, query: str) -> list[Any]:
    return [row[0] for row in connection.execute(query.encode())]


def split(text: str) -> list[str]:
    return [" ".join(item.split()) for item in re.split(r",\s", text)]


@pytest.fixture
def saboteur(pg: Server, migrated: Connection) -> Iterator[Connection]:
    """A superuser in the migrated database; what it does is rolled back."""
    conninfo = make_conninfo(migrated.info.dsn, user=pg.user)
    with psycopg.connect(conninfo, prepare_threshold=None) as connection:
        yield connection
        connection.rollback()


def run(check: Path, connection: Connection) -> list[tuple[Any, ...]]:
    return connection.execute(check.read_bytes()).fetchall()


# What there is


def relations(connection: Connection, kind: str) -> dict[str, list[str]]:
    """Return the columns of each table or view, written as above."""
    query = """
        SELECT
            r.relname,
            a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
            || CASE WHEN a.attnotnull OR r.relkind = 'v' THEN '' ELSE '?' END
            || CASE a.attidentity WHEN '' THEN '' WHEN 'd' THEN ' identity' ELSE ' always' END
            || CASE a.attgenerated WHEN '' THEN '' ELSE ' generated' END
            || coalesce(' = ' || pg_get_expr(d.adbin, d.adrelid), '')
        FROM pg_class AS r
        LEFT JOIN pg_attribute AS a
            ON r.oid = a.attrelid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef AS d ON a.attrelid = d.adrelid AND a.attnum = d.adnum
        LEFT JOIN pg_depend AS e
            ON e.classid = 'pg_class'::regclass AND r.oid = e.objid AND e.deptype = 'e'
        WHERE r.relnamespace = 'public'::regnamespace AND r.relkind = %s AND e.objid IS NULL
        ORDER BY r.relname, a.attnum
    """
    found: dict[str, list[str]] = {}
    for name, column in connection.execute(query, [kind]):
        short = column.replace("timestamp with time zone", "timestamptz").replace("'::text", "'")
        found.setdefault(name, []).append(short)
    return found


def test_tables_and_their_columns(migrated: Connection) -> None:
    expected = {table: sorted(split(columns) + TIMES) for table, columns in COLUMNS.items()}
    found = {table: sorted(columns) for table, columns in relations(migrated, "r").items()}
    assert found == expected


def test_views_and_their_columns(migrated: Connection) -> None:
    assert relations(migrated, "v") == {view: split(columns) for view, columns in VIEWS.items()}


@pytest.mark.parametrize("kind", ["p", "m", "f"])
def test_there_is_no_other_kind_of_relation(migrated: Connection, kind: str) -> None:
    assert relations(migrated, kind) == {}


def test_sequences_are_those_of_identity_columns(migrated: Connection) -> None:
    expected = {f"{table}_id_seq" for table, columns in COLUMNS.items() if " identity," in columns}
    assert set(relations(migrated, "S")) == expected


def test_domains(migrated: Connection) -> None:
    query = """
        SELECT t.typname, format_type(t.typbasetype, t.typtypmod) FROM pg_type AS t
        WHERE t.typnamespace = 'public'::regnamespace AND t.typtype = 'd'
    """
    assert dict(migrated.execute(query).fetchall()) == DOMAINS
    query = "SELECT typname FROM pg_type WHERE typnotnull AND typtype = 'd'"
    assert not set(one_column(migrated, query)) & set(DOMAINS), "a domain accepts NULL"


def test_references(migrated: Connection) -> None:
    query = """
        SELECT c.conrelid::regclass || replace(pg_get_constraintdef(c.oid), 'FOREIGN KEY', '')
        FROM pg_constraint AS c
        WHERE c.connamespace = 'public'::regnamespace AND c.contype = 'f'
    """
    expected = [" ".join(line.split()) for line in re.split(r"\n    (?=\w)", REFERENCES.strip())]
    assert sorted(one_column(migrated, query)) == sorted(expected)


def test_unique_rules(migrated: Connection) -> None:
    query = """
        SELECT i.indrelid::regclass || ' '
            || (regexp_match(pg_get_indexdef(i.indexrelid), 'USING btree (.*)$'))[1]
        FROM pg_index AS i
        INNER JOIN pg_class AS r ON i.indexrelid = r.oid
        WHERE r.relnamespace = 'public'::regnamespace AND i.indisunique AND {primary}
    """
    assert set(one_column(migrated, query.format(primary="NOT i.indisprimary"))) == UNIQUE
    primary = one_column(migrated, query.format(primary="i.indisprimary"))
    assert set(primary) == {f"{table} (id)" for table in COLUMNS}


def test_checks_are_many_and_each_table_has_the_rule_of_its_times(migrated: Connection) -> None:
    query = """
        SELECT conname FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND contype = 'c' AND conrelid <> 0
    """
    found = set(one_column(migrated, query))
    assert len(found) >= 85
    assert {f"ck_{table}_updated_not_before_created" for table in COLUMNS} <= found


def test_functions(migrated: Connection) -> None:
    query = """
        SELECT p.oid::regprocedure || ' ' || p.prorettype::regtype || ' '
            || CASE p.provolatile WHEN 'i' THEN 'IMMUTABLE' ELSE 'VOLATILE' END
        FROM pg_proc AS p
        LEFT JOIN pg_depend AS e
            ON e.classid = 'pg_proc'::regclass AND p.oid = e.objid AND e.deptype = 'e'
        WHERE p.pronamespace = 'public'::regnamespace AND e.objid IS NULL
    """
    assert set(one_column(migrated, query)) == FUNCTIONS


def test_triggers(migrated: Connection) -> None:
    query = """
        SELECT replace(replace(replace(
            pg_get_triggerdef(t.oid, TRUE), 'CREATE TRIGGER ', ''), 'EXECUTE FUNCTION ', ''),
            'public.', '')
        FROM pg_trigger AS t
        INNER JOIN pg_class AS r ON t.tgrelid = r.oid
        WHERE r.relnamespace = 'public'::regnamespace AND NOT t.tgisinternal
    """
    assert set(one_column(migrated, query)) == TRIGGERS


def test_enough_secondary_indexes_and_each_says_what_it_serves(migrated: Connection) -> None:
    query = """
        SELECT obj_description(i.indexrelid, 'pg_class')
        FROM pg_index AS i
        INNER JOIN pg_class AS r ON i.indexrelid = r.oid
        WHERE
            r.relnamespace = 'public'::regnamespace
            AND i.indexrelid NOT IN (SELECT conindid FROM pg_constraint)
    """
    comments = one_column(migrated, query)
    assert len(comments) >= 45
    assert [comment for comment in comments if "erves " not in comment] == []


# The rules of sql/checks/


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
    tables = one_column(saboteur, query)
    saboteur.execute("INSERT INTO users (email) VALUES ('a@example.com')")
    for table in tables:
        saboteur.execute(f"ALTER TABLE {table} ALTER id RESTART".encode())
    (check,) = (path for path in CHECKS if path.stem == "identity_behind")
    assert sorted(row[0] for row in run(check, saboteur)) == sorted(tables)
