"""The reference data: its values, and what a second run, an edit and an operator's row come to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.support.servers import ROOT

Connection = psycopg.Connection[tuple[Any, ...]]

SEEDS = sorted((ROOT / "seeds").glob("*.sql"))
TABLES = [path.name.split(".")[1] for path in SEEDS]

COUNTS = {
    "subscription_tiers": 4,
    "ai_providers": 8,
    "task_types": 23,
    "provider_models": 22,
    "agent_categories": 10,
    "agent_types": 33,
    "campaign_types": 15,
}

TIERS = {
    ("free", 100, 2, 0),
    ("pro", 1000, 10, 2900),
    ("enterprise", 5000, 50, 9900),
    ("unlimited", None, None, 29900),
}

PROVIDERS = {
    ("openai", "OpenAI", "api.openai.com"),
    ("anthropic", "Anthropic", "api.anthropic.com"),
    ("google", "Google Gemini", "generativelanguage.googleapis.com"),
    ("mistral", "Mistral AI", "api.mistral.ai"),
    ("huggingface", "Hugging Face", "router.huggingface.co"),
    ("replicate", "Replicate", "api.replicate.com"),
    ("stability", "Stability AI", "api.stability.ai"),
    ("elevenlabs", "ElevenLabs", "api.elevenlabs.io"),
}

# Each as SCHEMA.md has it: name, category, credits.
TASK_TYPES = """
    text_generation content 1, copywriting marketing 2,
    blog_writing content 3, social_media marketing 1, email_writing marketing 2, translation
    content 1, summarization content 1, code_generation development 2, image_generation visual 5,
    image_editing visual 3, logo_design design 8, product_images marketing 6, social_graphics
    marketing 4, voice_synthesis audio 4, music_generation audio 10, podcast_editing audio 6,
    video_generation video 15, video_editing video 10, animation video 20, data_analysis
    analytics 5, sentiment_analysis analytics 2, keyword_research marketing 3, competitor_analysis
    analytics 8
"""

# Name and credits a call.
MODELS = {
    "openai": "gpt-4o 5, gpt-4o-mini 1, gpt-3.5-turbo 1, dall-e-3 8, dall-e-2 4, tts-1 3, "
    "whisper-1 2",
    "anthropic": "claude-3-5-sonnet-20241022 6, claude-3-5-haiku-20241022 2, "
    "claude-3-opus-20240229 10",
    "google": "gemini-pro 3, gemini-pro-vision 4, gemini-flash 1",
    "mistral": "mistral-large-latest 4, mistral-medium-latest 2, mistral-small-latest 1",
    "stability": "stable-diffusion-xl 6, stable-diffusion-3 8",
    "elevenlabs": "eleven-multilingual-v2 4, eleven-turbo-v2 2",
    "replicate": "music-gen 12, runway-ml 20",
}

# The categories in their order.
AGENT_TYPES = {
    "marketing": "campaign_manager, content_scheduler, email_marketer, ad_optimizer",
    "content": "blog_writer, copywriter, social_writer, translator",
    "design": "graphic_designer, logo_creator, image_editor",
    "analytics": "data_analyst, seo_analyzer, social_monitor",
    "development": "code_generator, api_builder, test_creator",
    "social_media": "social_manager, influencer_finder, hashtag_optimizer",
    "customer_service": "support_bot, feedback_analyzer, ticket_router",
    "research": "market_researcher, trend_analyzer, competitor_tracker",
    "productivity": "task_manager, meeting_assistant, document_summarizer",
    "e_commerce": "product_describer, price_optimizer, inventory_manager, review_responder",
}

# Name and days.
CAMPAIGN_TYPES = """
    brand_awareness 30, lead_generation 45, product_launch 60,
    customer_retention 90, sales_promotion 14, content_marketing 90, event_promotion 30,
    social_media 30, email_nurturing 60, influencer_marketing 45, seo_content 120,
    holiday_seasonal 21, crisis_management 7, customer_feedback 30, rebranding 90
"""

# For each column that a seed keeps, an expression that changes it in every row.
EDITS = {
    "subscription_tiers": {
        "monthly_credits": "CASE WHEN monthly_credits IS NULL THEN 1 END",
        "max_agents": "coalesce(max_agents, 0) + 1",
        "monthly_price_cents": "monthly_price_cents + 1",
    },
    "ai_providers": {
        "display_name": "display_name || '!'",
        "api_base_url": "api_base_url || '/v0'",
    },
    "task_types": {
        "description": "description || '!'",
        "category": "CASE category WHEN 'video' THEN 'audio' ELSE 'video' END",
        "default_credit_cost": "default_credit_cost + 1",
    },
    "provider_models": {
        "task_types": """'["translation"]'""",
        "cost_per_credit": "NULL",
    },
    "agent_categories": {
        "description": "description || '!'",
        "sort_order": "sort_order + 1",
    },
    "agent_types": {
        "category_id": "(SELECT max(c.id) FROM agent_categories AS c WHERE c.id <> category_id)",
        "description": "description || '!'",
        "default_config": """CASE WHEN default_config IS NULL THEN '{"a": 1}'::jsonb END""",
    },
    "campaign_types": {
        "description": "description || '!'",
        "default_channels": """default_channels || '"fax"'""",
        "estimated_duration_days": "NULL",
    },
}
OPERATORS = {"is_active"}

# A row that an operator added.
OWN_ROWS = {
    "subscription_tiers": "(tier_name, monthly_price_cents) VALUES ('own', 1)",
    "ai_providers": "(provider_name, display_name, api_base_url) VALUES ('own', 'Own', 'https://own')",
    "task_types": "(type_name, description, category) VALUES ('own', 'Own.', 'audio')",
    "provider_models": "(provider, model_name, task_types) "
    """VALUES ('openai', 'own', '["translation"]')""",
    "agent_categories": "(category_name, description) VALUES ('own', 'Own.')",
    "agent_types": "(type_name, category_id, description) "
    "SELECT 'own', min(id), 'Own.' FROM agent_categories",
    "campaign_types": "(type_name, description, default_channels) "
    """VALUES ('own', 'Own.', '["email"]')""",
}


@pytest.fixture
def apart(migrated: Connection) -> Iterator[Connection]:
    """Another connection to the same database, whose transaction has written nothing yet."""
    with psycopg.connect(migrated.info.dsn) as connection:
        yield connection
        connection.rollback()


def seed(connection: Connection, table: str) -> int:
    """Run a table's seed; return how many rows it wrote."""
    (path,) = (path for path, name in zip(SEEDS, TABLES, strict=True) if name == table)
    return connection.execute(path.read_bytes()).rowcount


def rows(connection: Connection, query: str) -> list[Any]:
    found = connection.execute(query.encode()).fetchall()
    return [row[0] if len(row) == 1 else row for row in found]


def content(connection: Connection, table: str) -> list[dict[str, Any]]:
    """Return a table's rows without row numbers and times: references by natural key."""
    found: list[dict[str, Any]] = rows(
        connection,
        f"""
        SELECT to_jsonb(t) - '{{id, category_id, created_at, updated_at}}'::text[]
            || jsonb_build_object('of', (
                SELECT c.category_name FROM agent_categories AS c
                WHERE to_jsonb(t) ->> 'category_id' = c.id::text
            ))
        FROM {table} AS t ORDER BY 1
        """,
    )
    return found


def words(text: str) -> set[tuple[str, ...]]:
    """Split a list by commas, and each of its items by spaces."""
    return {tuple(item.split()) for item in text.split(",")}


def test_a_file_is_one_statement_on_its_table_in_reference_order() -> None:
    assert [path.name for path in SEEDS] == [
        f"{number:02}.{table}.sql" for number, table in enumerate(COUNTS, 1)
    ]
    for path, table in zip(SEEDS, TABLES, strict=True):
        text = path.read_text(encoding="ascii")
        assert text.count(";\n") == 1
        assert f"\nMERGE INTO {table} AS t\n" in text


def test_counts(migrated: Connection) -> None:
    assert {table: rows(migrated, f"SELECT count(*) FROM {table}")[0] for table in TABLES} == COUNTS


def test_subscription_tiers(migrated: Connection) -> None:
    query = "SELECT tier_name, monthly_credits, max_agents, monthly_price_cents"
    assert set(rows(migrated, f"{query} FROM subscription_tiers")) == TIERS


def test_ai_providers(migrated: Connection) -> None:
    query = (
        r"SELECT provider_name, display_name, substring(api_base_url, '^https://([a-z.]+)(/|$)')"
    )
    assert set(rows(migrated, f"{query} FROM ai_providers WHERE is_active")) == PROVIDERS


def test_task_types(migrated: Connection) -> None:
    query = "SELECT type_name, category, default_credit_cost::text FROM task_types"
    assert set(rows(migrated, query)) == words(TASK_TYPES)


def test_provider_models(migrated: Connection) -> None:
    query = (
        "SELECT provider, model_name, cost_per_credit::text FROM provider_models WHERE is_active"
    )
    assert set(rows(migrated, query)) == {
        (provider, *model) for provider, models in MODELS.items() for model in words(models)
    }


def test_every_task_type_is_served_and_only_by_models_that_can(migrated: Connection) -> None:
    query = """
        SELECT e.type_name, array_agg(m.model_name ORDER BY m.model_name)
        FROM provider_models AS m, jsonb_array_elements_text(m.task_types) AS e (type_name)
        GROUP BY e.type_name
    """
    served: dict[str, list[str]] = dict(rows(migrated, query))
    assert set(served) == set(rows(migrated, "SELECT type_name FROM task_types"))
    assert served["podcast_editing"] == ["whisper-1"]
    for video in ("video_generation", "video_editing", "animation"):
        assert served[video] == ["runway-ml"]
    assert served["music_generation"] == ["music-gen"]
    assert served["voice_synthesis"] == ["eleven-multilingual-v2", "eleven-turbo-v2", "tts-1"]
    for image in ("image_generation", "image_editing", "logo_design", "social_graphics"):
        assert all(name.startswith(("dall-e", "stable-diffusion")) for name in served[image])


def test_agent_categories_in_order(migrated: Connection) -> None:
    query = "SELECT category_name, sort_order FROM agent_categories WHERE is_active"
    found = rows(migrated, f"{query} ORDER BY sort_order")
    assert [name for name, _ in found] == list(AGENT_TYPES)
    assert len({order for _, order in found}) == len(AGENT_TYPES)


def test_agent_types(migrated: Connection) -> None:
    query = "SELECT c.category_name, t.type_name FROM agent_types AS t, agent_categories AS c"
    assert set(rows(migrated, f"{query} WHERE c.id = t.category_id")) == {
        (category, *name) for category, names in AGENT_TYPES.items() for name in words(names)
    }


def test_campaign_types(migrated: Connection) -> None:
    query = "SELECT type_name, estimated_duration_days::text FROM campaign_types"
    assert set(rows(migrated, query)) == words(CAMPAIGN_TYPES)


def test_campaigns_of_a_type_find_channels_that_suit_it(migrated: Connection) -> None:
    channels = dict(rows(migrated, "SELECT type_name, default_channels FROM campaign_types"))
    assert channels["email_nurturing"] == ["email"]
    assert {"instagram", "facebook", "tiktok"} <= set(channels["social_media"])
    assert "blog" in channels["content_marketing"]
    assert all(len(set(each)) == len(each) for each in channels.values())


@pytest.mark.parametrize(
    "table", ["task_types", "agent_categories", "agent_types", "campaign_types"]
)
def test_descriptions_are_sentences_of_their_own(migrated: Connection, table: str) -> None:
    descriptions = rows(migrated, f"SELECT description FROM {table}")
    assert len(set(descriptions)) == COUNTS[table]
    assert all(each.isascii() and len(each) > 20 and each[-1] == "." for each in descriptions)


def test_a_second_run_writes_nothing(apart: Connection) -> None:
    numbers = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'"
    before = rows(apart, numbers)
    assert [seed(apart, table) for table in TABLES] == [0] * 7
    # Whatever writes, a row's lock and a sequence's next number included, gets a number itself.
    assert rows(apart, "SELECT pg_current_xact_id_if_assigned()") == [None]
    assert rows(apart, numbers) == before


@pytest.mark.parametrize("table", TABLES)
def test_the_edits_here_are_of_all_that_a_seed_keeps(migrated: Connection, table: str) -> None:
    natural_keys = """
        SELECT a.attname
        FROM pg_constraint AS c, pg_attribute AS a
        WHERE
            c.contype = 'u' AND c.conrelid = %s::regclass
            AND a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
    """
    keys = {row[0] for row in migrated.execute(natural_keys, [table])}
    columns = {
        column.name for column in migrated.execute(f"TABLE {table}".encode()).description or []
    }
    kept = columns - {"id", "created_at", "updated_at"} - OPERATORS
    assert set(EDITS[table]) == kept - keys | kept & {"category_id"}


@pytest.mark.parametrize(
    ("table", "column"), [(table, column) for table in TABLES for column in EDITS[table]]
)
def test_an_edited_value_is_repaired(migrated: Connection, table: str, column: str) -> None:
    before = content(migrated, table)
    migrated.execute(f"UPDATE {table} SET {column} = {EDITS[table][column]}".encode())
    edited = sum(row not in before for row in content(migrated, table))
    assert edited > 0
    assert seed(migrated, table) == edited
    assert content(migrated, table) == before


@pytest.mark.parametrize("table", ["ai_providers", "provider_models", "agent_categories"])
def test_what_an_operator_turned_off_stays_off(migrated: Connection, table: str) -> None:
    migrated.execute(f"UPDATE {table} SET is_active = FALSE".encode())
    assert seed(migrated, table) == 0
    assert rows(migrated, f"SELECT DISTINCT is_active FROM {table}") == [False]


@pytest.mark.parametrize("table", TABLES)
def test_an_operators_own_row_stays(migrated: Connection, table: str) -> None:
    migrated.execute(f"INSERT INTO {table} {OWN_ROWS[table]}".encode())
    own = rows(migrated, f"SELECT t::text FROM {table} AS t")
    assert seed(migrated, table) == 0
    assert rows(migrated, f"SELECT t::text FROM {table} AS t") == own
    assert len(own) == COUNTS[table] + 1


@pytest.mark.parametrize("table", ["provider_models", "agent_types", "campaign_types"])
def test_a_missing_row_comes_back(migrated: Connection, table: str) -> None:
    before = content(migrated, table)
    migrated.execute(f"DELETE FROM {table} WHERE id IN (SELECT id FROM {table} LIMIT 2)".encode())
    assert seed(migrated, table) == 2
    assert content(migrated, table) == before


def test_no_row_number_is_in_the_seeds(migrated: Connection) -> None:
    """The same values come of numbers that are other ones, and in another order."""
    before = {table: content(migrated, table) for table in TABLES}
    for table in reversed(TABLES):
        migrated.execute(f"DELETE FROM {table}".encode())
        migrated.execute(
            f"ALTER TABLE {table} ALTER COLUMN id SET INCREMENT BY -7 RESTART WITH 7000".encode()
        )
    assert {table: seed(migrated, table) for table in TABLES} == COUNTS
    assert {table: content(migrated, table) for table in TABLES} == before


def test_a_type_without_its_category_is_an_error(migrated: Connection) -> None:
    migrated.execute("DELETE FROM agent_types")
    migrated.execute("DELETE FROM agent_categories WHERE category_name = 'research'")
    with pytest.raises(psycopg.errors.NotNullViolation, match="category_id"):
        seed(migrated, "agent_types")
