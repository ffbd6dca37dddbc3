"""The design: what the first 33 migrations make is what SCHEMA.md asks for, name by name.

Later migrations change it as they say; sql/schema.sql shows what all of them make.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.support.databases import Connection, database
from tests.support.servers import Server, apply_everything

LAST = "0036"  # of its migrations

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
    "unfinished_tasks": """
        id valid_uuid, user_id bigint, task_type_id integer, provider_model_id integer,
        campaign_id valid_uuid, status text, priority text, credit_cost integer,
        estimated_cost integer, request_payload jsonb, result_payload jsonb, error_message text,
        error_code text, execution_time_ms integer, retry_count integer,
        scheduled_at timestamptz, started_at timestamptz, completed_at timestamptz,
        expires_at timestamptz, created_at timestamptz, updated_at timestamptz,
        priority_order integer, due_at timestamptz""",
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
    "admin_public_gallery(timestamp with time zone,uuid,integer) record STABLE",
    "agents_by_tag(text,numeric,uuid,integer) record STABLE",
    "agents_marketplace_by_category(integer,numeric,uuid,integer) record STABLE",
    "agents_marketplace_by_type(integer,numeric,uuid,integer) record STABLE",
    "agents_marketplace_most_executed(integer,uuid,integer) record STABLE",
    "agents_marketplace_newest(timestamp with time zone,uuid,integer) record STABLE",
    "agents_search_by_name(text,text,uuid,integer) record STABLE",
    "dashboard_login_by_email(text) record STABLE",
    "dashboard_login_by_google_id(text) record STABLE",
    "playground_search_text(bigint,text,timestamp with time zone,uuid,integer) record STABLE",
    "sign_up(text,text,text,text,text,jsonb) bigint VOLATILE",
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


@pytest.fixture(scope="module")
def designed(pg: Server) -> Iterator[Connection]:
    """A database with the migrations of the design, to be read."""
    with database(pg) as name:
        apply_everything(pg.dsn(name), to=LAST)
        with psycopg.connect(pg.dsn(name), autocommit=True) as connection:
            yield connection


def one_column(connection: Connection, query: str) -> list[Any]:
    return [row[0] for row in connection.execute(query.encode())]


def split(text: str) -> list[str]:
    return [" ".join(item.split()) for item in re.split(r",\s", text)]


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


def test_tables_and_their_columns(designed: Connection) -> None:
    expected = {table: sorted(split(columns) + TIMES) for table, columns in COLUMNS.items()}
    found = {table: sorted(columns) for table, columns in relations(designed, "r").items()}
    assert found == expected


def test_views_and_their_columns(designed: Connection) -> None:
    assert relations(designed, "v") == {view: split(columns) for view, columns in VIEWS.items()}


@pytest.mark.parametrize("kind", ["p", "m", "f"])
def test_there_is_no_other_kind_of_relation(designed: Connection, kind: str) -> None:
    assert relations(designed, kind) == {}


def test_sequences_are_those_of_identity_columns(designed: Connection) -> None:
    expected = {f"{table}_id_seq" for table, columns in COLUMNS.items() if " identity," in columns}
    assert set(relations(designed, "S")) == expected


def test_domains(designed: Connection) -> None:
    query = """
        SELECT t.typname, format_type(t.typbasetype, t.typtypmod) FROM pg_type AS t
        WHERE t.typnamespace = 'public'::regnamespace AND t.typtype = 'd'
    """
    assert dict(designed.execute(query).fetchall()) == DOMAINS
    query = "SELECT typname FROM pg_type WHERE typnotnull AND typtype = 'd'"
    assert not set(one_column(designed, query)) & set(DOMAINS), "a domain accepts NULL"


def test_references(designed: Connection) -> None:
    query = """
        SELECT c.conrelid::regclass || replace(pg_get_constraintdef(c.oid), 'FOREIGN KEY', '')
        FROM pg_constraint AS c
        WHERE c.connamespace = 'public'::regnamespace AND c.contype = 'f'
    """
    expected = [" ".join(line.split()) for line in re.split(r"\n    (?=\w)", REFERENCES.strip())]
    assert sorted(one_column(designed, query)) == sorted(expected)


def test_unique_rules(designed: Connection) -> None:
    query = """
        SELECT i.indrelid::regclass || ' '
            || (regexp_match(pg_get_indexdef(i.indexrelid), 'USING btree (.*)$'))[1]
        FROM pg_index AS i
        INNER JOIN pg_class AS r ON i.indexrelid = r.oid
        WHERE r.relnamespace = 'public'::regnamespace AND i.indisunique AND {primary}
    """
    assert set(one_column(designed, query.format(primary="NOT i.indisprimary"))) == UNIQUE
    primary = one_column(designed, query.format(primary="i.indisprimary"))
    assert set(primary) == {f"{table} (id)" for table in COLUMNS}


def test_checks_are_many_and_each_table_has_the_rule_of_its_times(designed: Connection) -> None:
    query = """
        SELECT conname FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND contype = 'c' AND conrelid <> 0
    """
    found = set(one_column(designed, query))
    assert len(found) >= 85
    assert {f"ck_{table}_updated_not_before_created" for table in COLUMNS} <= found


def test_functions(designed: Connection) -> None:
    query = """
        SELECT p.oid::regprocedure || ' ' || p.prorettype::regtype || ' '
            || CASE p.provolatile WHEN 'i' THEN 'IMMUTABLE' WHEN 's' THEN 'STABLE'
                ELSE 'VOLATILE' END
        FROM pg_proc AS p
        LEFT JOIN pg_depend AS e
            ON e.classid = 'pg_proc'::regclass AND p.oid = e.objid AND e.deptype = 'e'
        WHERE p.pronamespace = 'public'::regnamespace AND e.objid IS NULL
    """
    assert set(one_column(designed, query)) == FUNCTIONS


def test_triggers(designed: Connection) -> None:
    query = """
        SELECT replace(replace(replace(
            pg_get_triggerdef(t.oid, TRUE), 'CREATE TRIGGER ', ''), 'EXECUTE FUNCTION ', ''),
            'public.', '')
        FROM pg_trigger AS t
        INNER JOIN pg_class AS r ON t.tgrelid = r.oid
        WHERE r.relnamespace = 'public'::regnamespace AND NOT t.tgisinternal
    """
    assert set(one_column(designed, query)) == TRIGGERS


def test_secondary_indexes_are_many(designed: Connection) -> None:
    query = """
        SELECT count(*)
        FROM pg_index AS i
        INNER JOIN pg_class AS r ON i.indexrelid = r.oid
        WHERE
            r.relnamespace = 'public'::regnamespace
            AND i.indexrelid NOT IN (SELECT conindid FROM pg_constraint)
    """
    assert one_column(designed, query) >= [45]
