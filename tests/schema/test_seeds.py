"""The reference data: its values, and what a second run, an edit and an operator's row come to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest

from tests.support.constraint_rows import insert
from tests.support.databases import Connection
from tests.support.servers import ROOT

SEEDS = sorted((ROOT / "seeds").glob("*.sql"))
TABLES = [path.name.split(".")[1] for path in SEEDS]

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

# What a row's value can be changed to: another row's, or whatever its type and its rules allow.
CHANGES = [
    "(SELECT o.{column} FROM {table} AS o WHERE o.{column} IS DISTINCT FROM t.{column} LIMIT 1)",
    "{column} || '!'",
    "{column} || '/v0'",
    "{column} + 1",
    "NULL",
]


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


def test_a_file_is_one_statement_on_its_table() -> None:
    for number, (path, table) in enumerate(zip(SEEDS, TABLES, strict=True), 1):
        text = path.read_text(encoding="ascii")
        assert path.name == f"{number:02}.{table}.sql"
        assert text.count(";\n") == 1, path
        assert f"\nINSERT INTO {table} (" in text, path


# The design's rows; later ones stand beside them


def test_subscription_tiers(migrated: Connection) -> None:
    query = "SELECT tier_name, monthly_credits, max_agents, monthly_price_cents"
    assert set(rows(migrated, f"{query} FROM subscription_tiers")) >= TIERS


def test_ai_providers(migrated: Connection) -> None:
    query = (
        r"SELECT provider_name, display_name, substring(api_base_url, '^https://([a-z.]+)(/|$)')"
    )
    assert set(rows(migrated, f"{query} FROM ai_providers WHERE is_active")) >= PROVIDERS


def test_task_types(migrated: Connection) -> None:
    query = "SELECT type_name, category, default_credit_cost::text FROM task_types"
    assert set(rows(migrated, query)) >= words(TASK_TYPES)


def test_provider_models(migrated: Connection) -> None:
    query = (
        "SELECT provider, model_name, cost_per_credit::text FROM provider_models WHERE is_active"
    )
    assert set(rows(migrated, query)) >= {
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
    assert [name for name, _ in found if name in AGENT_TYPES] == list(AGENT_TYPES)
    assert len({order for _, order in found}) == len(found)


def test_agent_types(migrated: Connection) -> None:
    query = "SELECT c.category_name, t.type_name FROM agent_types AS t, agent_categories AS c"
    assert set(rows(migrated, f"{query} WHERE c.id = t.category_id")) >= {
        (category, *name) for category, names in AGENT_TYPES.items() for name in words(names)
    }


def test_campaign_types(migrated: Connection) -> None:
    query = "SELECT type_name, estimated_duration_days::text FROM campaign_types"
    assert set(rows(migrated, query)) >= words(CAMPAIGN_TYPES)


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
    assert len(set(descriptions)) == len(descriptions)
    assert all(each.isascii() and len(each) > 20 and each[-1] == "." for each in descriptions)


def test_a_second_run_writes_nothing(apart: Connection) -> None:
    numbers = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'"
    before = rows(apart, numbers)
    assert {table: seed(apart, table) for table in TABLES} == dict.fromkeys(TABLES, 0)
    # Whatever writes, a row's lock and a sequence's next number included, gets a number itself.
    assert rows(apart, "SELECT pg_current_xact_id_if_assigned()") == [None]
    assert rows(apart, numbers) == before


# What a seed keeps, and what it leaves alone


def kept(table: str) -> list[str]:
    """Return the columns that a table's seed puts right."""
    (path,) = (path for path, name in zip(SEEDS, TABLES, strict=True) if name == table)
    (update,) = re.findall(r"\n    SET\n(.*?);\n", path.read_text(encoding="ascii"), re.DOTALL)
    return re.findall(r"^        (\w+) = excluded\.\1,?$", update, re.MULTILINE)


@pytest.mark.parametrize("table", TABLES)
def test_a_seed_keeps_all_that_it_inserts_but_its_key_and_what_operators_turn_off(
    migrated: Connection, table: str
) -> None:
    (path,) = (path for path, name in zip(SEEDS, TABLES, strict=True) if name == table)
    (inserted,) = re.findall(r"INSERT INTO \w+ \(([^)]*)\)", path.read_text(encoding="ascii"))
    key = rows(
        migrated,
        f"""
        SELECT a.attname
        FROM pg_constraint AS c, pg_attribute AS a
        WHERE
            c.contype = 'u' AND c.conrelid = '{table}'::regclass
            AND a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
            AND a.attname NOT LIKE '%_id'
        """,
    )
    assert sorted({*inserted.strip().split(", ")} - {*key, "is_active"}) == sorted(kept(table))


@pytest.mark.parametrize(
    ("table", "column"), [(each, name) for each in TABLES for name in kept(each)]
)
def test_an_edited_value_is_repaired(migrated: Connection, table: str, column: str) -> None:
    before = content(migrated, table)
    for change in CHANGES:
        expression = change.format(table=table, column=column)
        with suppress(psycopg.Error), migrated.transaction():
            migrated.execute(f"UPDATE {table} AS t SET {column} = {expression}".encode())
            if edited := sum(row not in before for row in content(migrated, table)):
                break
    else:
        pytest.fail(f"how can {table}.{column} be changed? Say it in CHANGES of {__file__}")
    assert seed(migrated, table) == edited
    assert content(migrated, table) == before


@pytest.mark.parametrize("table", ["ai_providers", "provider_models", "agent_categories"])
def test_what_an_operator_turned_off_stays_off(migrated: Connection, table: str) -> None:
    migrated.execute(f"UPDATE {table} SET is_active = FALSE".encode())
    assert seed(migrated, table) == 0
    assert rows(migrated, f"SELECT DISTINCT is_active FROM {table}") == [False]


@pytest.mark.parametrize("table", TABLES)
def test_an_operators_own_row_stays(world: Connection, table: str) -> None:
    insert(world, table, {})
    own = rows(world, f"SELECT t::text FROM {table} AS t")
    assert seed(world, table) == 0
    assert rows(world, f"SELECT t::text FROM {table} AS t") == own


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
    counts = {table: len(found) for table, found in before.items()}
    assert {table: seed(migrated, table) for table in TABLES} == counts
    assert {table: content(migrated, table) for table in TABLES} == before


def test_a_type_without_its_category_is_an_error(migrated: Connection) -> None:
    migrated.execute("DELETE FROM agent_types")
    migrated.execute("DELETE FROM agent_categories WHERE category_name = 'research'")
    with pytest.raises(psycopg.errors.NotNullViolation, match="category_id"):
        seed(migrated, "agent_types")
