"""For every constraint of the schema: rows that it alone refuses, and the nearest that it accepts.

A row is written as what it changes in its table's valid row, ROWS[table]. That row refers to WORLD.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from tests.support.databases import Connection

Cursor = psycopg.Cursor[tuple[Any, ...]]
Row = dict[str, Any]


class Case(NamedTuple):
    """What one constraint refuses and accepts.

    `first` is a row that is there already; `without` names what would refuse the same rows too, and
    is dropped first: a constraint or a trigger.
    """

    refused: Sequence[Row]
    accepted: Sequence[Row]
    first: Row | None = None
    without: tuple[str, ...] = ()


class Values(NamedTuple):
    """What one constraint of a domain refuses and accepts."""

    refused: Sequence[str]
    accepted: Sequence[str]


# The characters with the Unicode property White_Space; the second part is no control characters.
WHITE_SPACE = (
    "\t\n\v\f\r\u0085"
    "\u0020\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029"
    "\u202f\u205f\u3000"
)
BLANKS = WHITE_SPACE[6:]

TOO_EARLY = "2026-01-05 11:54:59.999999+00"
EARLIEST = "2026-01-05 11:55:00+00"
BEFORE = "2026-01-05 11:59:59.999999+00"
NOON = "2026-01-05 12:00:00+00"
AFTER = "2026-01-05 12:00:00.000001+00"
LATER = "2026-01-05 13:00:00+00"

ANA, RUI, NOBODY = 9001, 9002, 9009
CAMPAIGN_OF_ANA = "01900000-0000-7000-8000-0000000000a1"
CAMPAIGN_OF_RUI = "01900000-0000-7000-8000-0000000000a2"
TASK_OF_ANA = "01900000-0000-7000-8000-0000000000b1"
OTHER_TASK_OF_ANA = "01900000-0000-7000-8000-0000000000b2"
TASK_OF_RUI = "01900000-0000-7000-8000-0000000000b3"
AN_ID = "01900000-0000-7000-8000-0000000000c1"
ANOTHER_ID = "01900000-0000-7000-8000-0000000000c2"
URL = "https://cdn.example.com/a.png"
HASH, OTHER_HASH = "0123456789abcdef" * 4, "f" * 64

# A valid row of each table: what it must have, and its times, so that others can be near them.
ROWS: dict[str, Row] = {
    "subscription_tiers": {"tier_name": "test", "monthly_price_cents": 0},
    "ai_providers": {
        "provider_name": "test",
        "display_name": "Test",
        "api_base_url": "https://api.example.com",
    },
    "task_types": {"type_name": "test", "description": "x", "category": "content"},
    "provider_models": {
        "provider": "first_provider",
        "model_name": "test",
        "task_types": Jsonb(["first_type"]),
    },
    "agent_categories": {"category_name": "test", "description": "x"},
    "agent_types": {"type_name": "test", "category_id": 9001, "description": "x"},
    "campaign_types": {
        "type_name": "test",
        "description": "x",
        "default_channels": Jsonb(["email"]),
    },
    "users": {"email": "test@example.com"},
    "campaigns": {
        "user_id": ANA,
        "name": "Test",
        "channels": Jsonb(["email"]),
        "objectives": Jsonb({"leads": 100}),
    },
    "agents": {
        "user_id": ANA,
        "name": "Test",
        "agent_type": "workflow",
        "configuration": Jsonb({"model": "gpt-4o"}),
        "workflow_definition": Jsonb({"nodes": [{"id": 1}], "edges": []}),
    },
    "tasks": {"user_id": ANA, "credit_cost": 1, "request_payload": Jsonb({"prompt": "x"})},
    "api_keys": {
        "user_id": ANA,
        "provider_id": 9001,
        "key_name": "Test",
        "encrypted_key": "v1:9sQ2",
        "key_hash": HASH,
    },
    "generated_content": {
        "task_id": TASK_OF_ANA,
        "user_id": ANA,
        "content_type": "text",
        "content_text": "x",
    },
}
for _row in ROWS.values():
    _row |= {"created_at": NOON, "updated_at": NOON}

# What those rows, and the cases below, refer to.
WORLD: list[tuple[str, Row]] = [
    ("subscription_tiers", {"id": 9001, "tier_name": "first_tier"}),
    ("ai_providers", {"id": 9001, "provider_name": "first_provider"}),
    ("ai_providers", {"id": 9002, "provider_name": "second_provider"}),
    ("task_types", {"id": 9001, "type_name": "first_type"}),
    ("task_types", {"id": 9002, "type_name": "second_type"}),
    ("provider_models", {"id": 9001, "model_name": "first_model"}),
    ("agent_categories", {"id": 9001, "category_name": "first_category"}),
    ("agent_categories", {"id": 9002, "category_name": "second_category"}),
    ("agent_types", {"id": 9001, "type_name": "first_type"}),
    ("agent_types", {"id": 9002, "type_name": "second_type", "category_id": 9002}),
    ("campaign_types", {"id": 9001, "type_name": "first_type"}),
    ("users", {"id": ANA, "email": "ana@example.com"}),
    ("users", {"id": RUI, "email": "rui@example.com"}),
    ("campaigns", {"id": CAMPAIGN_OF_ANA}),
    ("campaigns", {"id": CAMPAIGN_OF_RUI, "user_id": RUI}),
    ("tasks", {"id": TASK_OF_ANA}),
    ("tasks", {"id": OTHER_TASK_OF_ANA}),
    ("tasks", {"id": TASK_OF_RUI, "user_id": RUI}),
]


def insert(connection: Connection, table: str, changes: Row) -> Cursor:
    """Insert a table's valid row with these changes."""
    row = ROWS[table] | changes
    values = ", ".join(["%s"] * len(row))
    return connection.execute(
        f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values}) RETURNING *".encode(),
        list(row.values()),
    )


def insert_world(connection: Connection) -> None:
    """Insert what the valid rows refer to, in one statement's time: hundreds of tests need it."""
    connection.execute(_WORLD_STATEMENTS)


_WORLD_STATEMENTS = b";".join(
    sql.SQL("INSERT INTO {} ({}) VALUES ({})")
    .format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join(map(sql.Literal, row.values())),
    )
    .as_bytes(None)
    for table, row in ((table, ROWS[table] | changes) for table, changes in WORLD)
)


def each(column: str, values: Sequence[Any], also: Row | None = None) -> list[Row]:
    """Return a row for each value of a column."""
    return [{column: value} | (also or {}) for value in values]


def slug(column: str) -> Case:
    """A snake_case name of 1 to 50 characters."""
    return Case(
        each(
            column,
            [
                "",
                "a" * 51,
                "_a",
                "a_",
                "a__b",
                "1a",
                "_",
                "A",
                "aB",
                "a-b",
                "a b",
                " a",
                "a\n",
                "\u00e7",
                "a" * 10_000,
            ],
        ),
        each(column, ["a" * 50, "a", "a_b", "a1_2b"]),
    )


def not_blank(column: str, also: Row | None = None, blanks: str = WHITE_SPACE) -> Case:
    """Something is left after trimming; a zero-width space is no white space."""
    return Case(
        each(column, ["", *blanks, blanks, blanks * 4], also),
        each(column, ["0", "\u200b", f"{BLANKS}x", f"x{BLANKS}", f"{BLANKS * 4}x"], also),
    )


def length(column: str, most: int, also: Row | None = None) -> Case:
    """At most so many characters, however many bytes they take."""
    return Case(
        each(column, ["x" * (most + 1), "\u00e9" * (most + 1), "x" * 10_000], also),
        each(column, ["x" * most, "\u00e9" * most, "\U0001f600" * most], also),
    )


def not_negative(column: str, also: Row | None = None) -> Case:
    """0 or more."""
    return Case(each(column, [-1], also), each(column, [0, 1], also))


def one_of(column: str, values: str, needs: dict[str, Row] | None = None) -> Case:
    """A closed list; some values need others beside them."""
    names = values.split()
    return Case(
        each(column, ["", "other", *(name.upper() for name in names), f" {names[0]}"]),
        [{column: name} | (needs or {}).get(name, {}) for name in names],
    )


NOT_OBJECTS = list(map(Jsonb, ([], [{}], "{}", 0, True, None)))
NOT_ARRAYS = list(map(Jsonb, ({}, {"a": []}, "[]", 0, True, None)))


def an_object(column: str) -> Case:
    """A JSON object, empty or not."""
    return Case(
        each(column, NOT_OBJECTS),
        each(column, [Jsonb({}), Jsonb({"a": None}), None]),
    )


def filled_object(column: str) -> Case:
    """A JSON object with something in it."""
    return Case(each(column, [*NOT_OBJECTS, Jsonb({})]), each(column, [Jsonb({"a": None})]))


NOT_STRINGS = list(map(Jsonb, ([1], ["a", None], [["a"]], ["a", ["b"]], [{}], [True])))


def strings(column: str) -> Case:
    """A JSON array of strings, empty or not."""
    return Case(
        each(column, NOT_ARRAYS + NOT_STRINGS),
        each(column, [Jsonb([]), Jsonb(["a"]), Jsonb(["a", "a", ""]), None]),
    )


def filled_strings(column: str, some: str = "email") -> Case:
    """A JSON array of strings with something in it."""
    return Case(
        each(column, [*NOT_ARRAYS, *NOT_STRINGS, Jsonb([])]),
        each(column, [Jsonb([some]), Jsonb([some, "second_type"])]),
    )


def not_before(later: str, earlier: str) -> Case:
    """One time is not before another."""
    rest = {earlier: NOON}
    return Case(each(later, [BEFORE], rest), each(later, [NOON, AFTER, None], rest))


def event(column: str, also: Row | None = None) -> Case:
    """A time of a client's clock is at most five minutes before created_at."""
    return Case(each(column, [TOO_EARLY], also), each(column, [EARLIEST, AFTER, None], also))


def finite(*columns: str, also: Row | None = None) -> Case:
    """No time is infinite; created_at and updated_at are lowered to the server's clock."""
    rest = also or {}
    return Case(
        [
            {"created_at": "-infinity"},
            {"created_at": "-infinity", "updated_at": "-infinity"},
            *({column: "infinity"} | rest for column in columns),
        ],
        [
            {"created_at": "infinity", "updated_at": "infinity"},
            *({column: "294276-12-31"} | rest for column in columns),
        ],
    )


def after_created(column: str) -> Case:
    """One time is after created_at, and not at the same instant."""
    return Case(each(column, [BEFORE, NOON]), each(column, [AFTER, None]))


def updated() -> Case:
    """updated_at is not before created_at."""
    return Case(each("updated_at", [BEFORE]), each("updated_at", [NOON, AFTER]))


def primary_key(an_id: Any, another_id: Any, also: Row | None = None) -> Case:
    """A second row has another id."""
    return Case(
        [{"id": an_id} | (also or {})], [{"id": another_id} | (also or {})], first={"id": an_id}
    )


def lookup(table: str, key: str, **rules: Case) -> dict[str, Case]:
    """Return the rules of a lookup table: those of its keys and times, and those given."""
    return {
        f"pk_{table}": primary_key(9101, 9102, {key: "another"}),
        f"uq_{table}_{key}": Case([{}], [{key: "another"}], first={}),
        f"ck_{table}_{key}_slug": slug(key),
        f"ck_{table}_updated_not_before_created": updated(),
        f"ck_{table}_times_finite": finite(),
    } | {f"ck_{table}_{rule}": case for rule, case in rules.items()}


def checks(table: str, **rules: Case) -> dict[str, Case]:
    """Return the rules of a table by their whole names."""
    return {f"ck_{table}_{rule}": case for rule, case in rules.items()}


EXECUTED = {"execution_count": 1, "success_rate": 1}
PUBLISHED = {"status": "published", "published_at": NOON}
IN_STORAGE = {"storage_provider": "minio"}

CRYPTS = [
    "$2b$12$" + "a" * 53,
    "$2y$10$" + "./A9" * 13 + "z",
    "$1$saltsalt$" + "a" * 22,
    "$5$rounds=5000$saltsalt$" + "a" * 43,
    "$6$saltsalt$" + "a" * 86,
    "$y$j9T$salt/salt$" + "a" * 43,
    "$7$CU..../....salt$" + "a" * 43,
    "$apr1$saltsalt$" + "a" * 22,
    "$P$B" + "a" * 30,
    "$3$$" + "8846f7eaee8fb117ad06bdd830b7586c",
    "$md5,rounds=904$saltsalt$$" + "a" * 22,
    "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$" + "a" * 43,
    "$scrypt$ln=16,r=8,p=1$c2FsdA$" + "a" * 43,
    "$pbkdf2-sha256$29000$c2FsdA$" + "a" * 43,
]
NOT_CRYPTS = [
    "correct horse battery staple",
    "Pa$$w0rd-Pa$$w0rd-Pa$$w0rd",
    "$ecret-password-of-mine",
    "$2b$12$ with a space in it",
    "$2b$12$" + "a" * 53 + "\n",
    " $2b$12$" + "a" * 53,
    "$2b$12$senha-secreta-\u00e7\u00e3o",
    "$argon2id$v=19$m=65536,t=3,p=4$",
    "$$$$$$$$$$$$$$$$$$$$",
    "{SSHA}aaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "pbkdf2_sha256$29000$salt$aaaaaaaaa",
    "5f4dcc3b5aa765d61d8327deb882cf99",
]

CLEAR_KEYS = [
    "sk-abc",
    "sk-proj-abc",
    "sk-ant-api03-abc",
    "sk-or-v1-abc",
    "sk_abc",
    "sess-abc",
    "AIzaSyAbc",
    "ya29.abc",
    "hf_abc",
    "api_org_abc",
    "r8_abc",
    "xi-abc",
    "xai-abc",
    "gsk_abc",
    "csk-abc",
    "pplx-abc",
    "nvapi-abc",
    "tgp_v1_abc",
    "tvly-abc",
    "pcsk_abc",
    "lsv2_pt_abc",
    "AKIAABC",
    "ABSKabc",
    "ghp_abc",
    "github_pat_abc",
    "glpat-abc",
    "Bearer abc",
    "-----BEGIN PRIVATE KEY-----",
]
DISGUISED_KEYS = [
    *(f"{white}sk-abc" for white in WHITE_SPACE),
    f"{WHITE_SPACE * 3}sk-ant-abc",
    "\ufeffsk-abc",
    "\u200b\u2060sk-abc",
    "\u00adsk-abc",
    "'sk-abc'",
    '"sk-abc"',
    "`sk-abc`",
    "\x01sk-abc",
    "SK-ABC",
    "aizaSyAbc",
    "bearer sk-abc",
]
CIPHERTEXTS = [
    "gAAAAABlZ0sk-hf_r8_xi-AIza",
    "v1:sk-abc",
    "vault:v1:8SDd3WHDOjf7mq69CyCqYjBXAiQQAVZRkFM13ok481zoCmHnSeDX9vyf7w==",
    "sk",
    "skabc",
    "AIz+a",
    "xi",
    "r8/abc",
    "AQICAHh",
    "\\x736b2d",
]

GRAPHS: list[Any] = [
    {"nodes": [{}], "edges": []},
    {"nodes": [1, 2], "edges": [[1, 2]], "layout": "auto"},
]
NOT_GRAPHS: list[Any] = [
    [],
    [{"nodes": [{}], "edges": []}],
    {},
    None,
    "nodes edges",
    {"nodes": [{}]},
    {"edges": []},
    {"nodes": [], "edges": []},
    {"nodes": {}, "edges": []},
    {"nodes": None, "edges": []},
    {"nodes": "x", "edges": []},
    {"nodes": [{}], "edges": {}},
    {"nodes": [{}], "edges": None},
    {"nodes": [{}], "edges": 0},
    {"Nodes": [{}], "edges": []},
]

TABLES: dict[str, dict[str, Case]] = {
    "subscription_tiers": lookup(
        "subscription_tiers",
        "tier_name",
        monthly_credits_not_negative=not_negative("monthly_credits"),
        max_agents_not_negative=not_negative("max_agents"),
        monthly_price_cents_not_negative=not_negative("monthly_price_cents"),
    ),
    "ai_providers": lookup(
        "ai_providers",
        "provider_name",
        display_name_not_blank=not_blank("display_name"),
        display_name_length=length("display_name", 100),
        api_base_url_https=Case(
            each("api_base_url", ["http://api.example.com", "HTTP://https:443/https://"]),
            each("api_base_url", ["https://api.example.com", "HTTPS://api.example.com/v1"]),
        ),
    ),
    "task_types": lookup(
        "task_types",
        "type_name",
        description_not_blank=not_blank("description"),
        description_length=length("description", 500),
        category=one_of(
            "category", "content marketing development visual design audio video analytics"
        ),
        default_credit_cost_not_negative=not_negative("default_credit_cost"),
    ),
    "provider_models": {
        "pk_provider_models": primary_key(9101, 9102, {"model_name": "another"}),
        "uq_provider_models_provider_model_name": Case(
            [{}], [{"model_name": "another"}, {"provider": "second_provider"}], first={}
        ),
        "fk_provider_models_provider": Case(
            each("provider", ["no_provider", "First_provider", ""]),
            each("provider", ["first_provider", "second_provider"]),
        ),
    }
    | checks(
        "provider_models",
        model_name_not_blank=not_blank("model_name"),
        model_name_length=length("model_name", 100),
        task_types_names=filled_strings("task_types", "first_type")._replace(
            without=("tr_provider_models_list_existing",)
        ),
        task_types_distinct=Case(
            each("task_types", [Jsonb(["first_type", "second_type", "first_type"])]),
            each("task_types", [Jsonb(["first_type", "second_type"])]),
        ),
        cost_per_credit_not_negative=not_negative("cost_per_credit"),
        updated_not_before_created=updated(),
        times_finite=finite(),
    ),
    "agent_categories": lookup(
        "agent_categories",
        "category_name",
        description_not_blank=not_blank("description"),
        description_length=length("description", 500),
        sort_order_not_negative=not_negative("sort_order"),
    ),
    "agent_types": lookup(
        "agent_types",
        "type_name",
        description_not_blank=not_blank("description"),
        description_length=length("description", 500),
        default_config_object=an_object("default_config"),
    )
    | {
        "pk_agent_types": primary_key(9101, 9102, {"type_name": "another", "category_id": 9002}),
        "uq_agent_types_category_id_id": Case(
            [{"id": 9101, "type_name": "another"}],
            [
                {"id": 9102, "type_name": "another"},
                {"id": 9101, "type_name": "another", "category_id": 9002},
            ],
            first={"id": 9101},
            without=("pk_agent_types",),
        ),
        "fk_agent_types_category_id": Case(
            each("category_id", [9009]), each("category_id", [9001, 9002])
        ),
    },
    "campaign_types": lookup(
        "campaign_types",
        "type_name",
        description_not_blank=not_blank("description"),
        description_length=length("description", 500),
        default_channels_names=filled_strings("default_channels"),
        estimated_duration_days_range=Case(
            each("estimated_duration_days", [-1, 0, 731]),
            each("estimated_duration_days", [1, 730, None]),
        ),
    ),
    "users": {
        "pk_users": primary_key(9101, 9102, {"email": "another@example.com"}),
        "uq_users_email": Case([{}], [{"email": "another@example.com"}], first={}),
        "uq_users_google_id": Case(
            each("google_id", ["1"], {"email": "another@example.com"}),
            each("google_id", ["2", "1 ", None], {"email": "another@example.com"}),
            first={"google_id": "1"},
        ),
        "fk_users_subscription_tier_id": Case(
            each("subscription_tier_id", [9009]), each("subscription_tier_id", [9001, None])
        ),
    }
    | checks(
        "users",
        google_id_not_blank=not_blank("google_id"),
        google_id_length=length("google_id", 255),
        password_hash_length=Case(
            each(
                "password_hash",
                ["$1$" + "a" * 16, "$1$" + "a" * 253, "$1$" + "a" * 9_997, "$" * 9_999],
            ),
            each("password_hash", ["$1$" + "a" * 17, "$1$" + "a" * 252]),
        ),
        password_hash_form=Case(
            each("password_hash", NOT_CRYPTS), each("password_hash", [*CRYPTS, None])
        ),
        full_name_not_blank=not_blank("full_name"),
        full_name_length=length("full_name", 255),
        credit_balance_not_negative=not_negative("credit_balance"),
        preferences_object=an_object("preferences"),
        last_login_not_before_created=event("last_login_at"),
        email_verified_not_before_created=event("email_verified_at"),
        updated_not_before_created=updated(),
        times_finite=finite("last_login_at", "email_verified_at"),
    ),
    "campaigns": {
        "pk_campaigns": primary_key(AN_ID, ANOTHER_ID, {"user_id": RUI}),
        "uq_campaigns_user_id_id": Case(
            [{"id": AN_ID}],
            [{"id": ANOTHER_ID}, {"id": AN_ID, "user_id": RUI}],
            first={"id": AN_ID},
            without=("pk_campaigns",),
        ),
        "fk_campaigns_user_id": Case(each("user_id", [NOBODY]), each("user_id", [ANA, RUI])),
        "fk_campaigns_campaign_type_id": Case(
            each("campaign_type_id", [9009]), each("campaign_type_id", [9001, None])
        ),
    }
    | checks(
        "campaigns",
        name_not_blank=not_blank("name"),
        name_length=length("name", 255),
        description_length=length("description", 2000),
        status=one_of(
            "status",
            "draft scheduled active paused completed cancelled archived",
            {
                "scheduled": {"start_date": NOON},
                "active": {"launched_at": NOON},
                "completed": {"completed_at": NOON},
            },
        ),
        channels_names=filled_strings("channels"),
        target_audience_object=an_object("target_audience"),
        objectives_object=filled_object("objectives"),
        budget_credits_positive=Case(
            each("budget_credits", [0]), each("budget_credits", [1, None])
        ),
        spent_credits_not_negative=not_negative("spent_credits"),
        spent_credits_within_budget=Case(
            [{"budget_credits": 10, "spent_credits": 11}],
            [
                {"budget_credits": 10, "spent_credits": 10},
                {"budget_credits": None, "spent_credits": 11},
            ],
        ),
        content_templates_object=an_object("content_templates"),
        scheduling_object=an_object("scheduling"),
        automation_rules_object=an_object("automation_rules"),
        metrics_object=an_object("metrics"),
        a_b_testing_object=an_object("a_b_testing"),
        end_not_before_start=not_before("end_date", "start_date"),
        launched_not_before_created=event("launched_at"),
        completed_not_before_launched=Case(
            each("completed_at", [NOON, AFTER], {"launched_at": LATER}),
            [
                {"completed_at": LATER, "launched_at": LATER},
                {"completed_at": NOON, "launched_at": None},
                {"completed_at": None, "launched_at": LATER},
            ],
        ),
        completed_not_before_created=event("completed_at"),
        scheduled_needs_start_date=Case(
            [{"status": "scheduled"}],
            [
                {"status": "scheduled", "start_date": NOON},
                {"status": "draft"},
                {"start_date": NOON},
            ],
        ),
        active_needs_launched_at=Case(
            [{"status": "active"}, {"status": "active", "start_date": NOON}],
            [
                {"status": "active", "launched_at": NOON},
                {"status": "paused"},
                {"launched_at": NOON},
            ],
        ),
        completed_needs_completed_at=Case(
            [{"status": "completed"}, {"status": "completed", "launched_at": NOON}],
            [
                {"status": "completed", "completed_at": NOON},
                {"status": "archived"},
                {"completed_at": NOON},
            ],
        ),
        updated_not_before_created=updated(),
        times_finite=finite("start_date", "end_date", "launched_at", "completed_at"),
    ),
    "agents": {
        "pk_agents": primary_key(AN_ID, ANOTHER_ID),
        "fk_agents_user_id": Case(each("user_id", [NOBODY]), each("user_id", [ANA, RUI])),
        "fk_agents_category_id": Case(
            each("category_id", [9009]), each("category_id", [9001, 9002, None])
        ),
        "fk_agents_type_id": Case(
            [{"category_id": 9001, "type_id": 9002}, {"category_id": 9001, "type_id": 9009}],
            [
                {"category_id": 9001, "type_id": 9001},
                {"category_id": 9002, "type_id": 9002},
                {"category_id": 9002, "type_id": None},
            ],
        ),
    }
    | checks(
        "agents",
        type_needs_category=Case(
            [{"category_id": None, "type_id": 9001}, {"category_id": None, "type_id": 9009}],
            [
                {"category_id": 9001, "type_id": 9001},
                {"category_id": 9001, "type_id": None},
                {"category_id": None, "type_id": None},
            ],
        ),
        name_not_blank=not_blank("name"),
        name_length=length("name", 255),
        description_length=length("description", 2000),
        agent_type=one_of("agent_type", "workflow scheduled trigger_based api_endpoint"),
        status=one_of(
            "status",
            "draft active inactive archived published",
            {"published": {"published_at": NOON}},
        ),
        public_is_published=Case(
            [
                *each("status", ["draft", "active", "archived"], {"is_public": True}),
                {"is_public": True, "status": "inactive", "published_at": NOON},
            ],
            [PUBLISHED | {"is_public": True}, PUBLISHED, {"is_public": False}],
        ),
        published_needs_published_at=Case(
            [{"status": "published"}], [PUBLISHED, {"status": "archived"}, {"published_at": NOON}]
        ),
        tags_strings=strings("tags"),
        configuration_object=filled_object("configuration"),
        workflow_definition_graph=Case(
            [{"workflow_definition": Jsonb(value)} for value in NOT_GRAPHS],
            [{"workflow_definition": Jsonb(value)} for value in GRAPHS],
        ),
        triggers_array=Case(
            each("triggers", NOT_ARRAYS),
            each("triggers", [Jsonb([]), Jsonb([{"event": "x"}, 1, None]), None]),
        ),
        variables_object=an_object("variables"),
        permissions_object=an_object("permissions"),
        execution_count_not_negative=Case(
            each("execution_count", [-1]), [{"execution_count": 0}, EXECUTED]
        ),
        success_rate_range=Case(
            each("success_rate", ["-0.0001", "1.0001", "9.9999", "NaN"], {"execution_count": 1}),
            each("success_rate", ["0", "0.0001", "1.0000"], {"execution_count": 1}),
        ),
        success_rate_if_executed=Case(
            [
                {"execution_count": 0, "success_rate": 0},
                {"execution_count": 1, "success_rate": None},
            ],
            [
                {"execution_count": 0, "success_rate": None},
                {"execution_count": 1, "success_rate": 0},
            ],
        ),
        avg_execution_time_ms_not_negative=not_negative("avg_execution_time_ms"),
        last_executed_needs_execution=Case(
            [{"last_executed_at": NOON}], [EXECUTED | {"last_executed_at": NOON}, EXECUTED]
        ),
        last_executed_not_before_created=event("last_executed_at", EXECUTED),
        published_not_before_created=event("published_at"),
        updated_not_before_created=updated(),
        times_finite=finite("last_executed_at", "published_at", also=EXECUTED),
    ),
    "tasks": {
        "pk_tasks": primary_key(AN_ID, ANOTHER_ID, {"user_id": RUI}),
        "uq_tasks_user_id_id": Case(
            [{"id": AN_ID}],
            [{"id": ANOTHER_ID}, {"id": AN_ID, "user_id": RUI}],
            first={"id": AN_ID},
            without=("pk_tasks",),
        ),
        "fk_tasks_user_id": Case(each("user_id", [NOBODY]), each("user_id", [ANA, RUI])),
        "fk_tasks_task_type_id": Case(
            each("task_type_id", [9009]), each("task_type_id", [9001, None])
        ),
        "fk_tasks_provider_model_id": Case(
            each("provider_model_id", [9009]), each("provider_model_id", [9001, None])
        ),
        "fk_tasks_campaign_id": Case(
            each("campaign_id", [CAMPAIGN_OF_RUI, AN_ID]),
            [
                {"campaign_id": CAMPAIGN_OF_ANA},
                {"campaign_id": CAMPAIGN_OF_RUI, "user_id": RUI},
                {"campaign_id": None},
            ],
        ),
    }
    | checks(
        "tasks",
        status=one_of(
            "status",
            "pending queued processing retrying completed failed cancelled expired",
            {
                "processing": {"started_at": NOON},
                "completed": {"completed_at": NOON},
                "failed": {"error_message": "x"},
            },
        ),
        priority=one_of("priority", "low medium high urgent"),
        credit_cost_not_negative=not_negative("credit_cost"),
        estimated_cost_not_negative=not_negative("estimated_cost"),
        request_payload_object=filled_object("request_payload"),
        result_payload_document=Case(
            each("result_payload", [Jsonb(value) for value in ("x", 0, True, None)]),
            each("result_payload", [Jsonb({}), Jsonb([]), Jsonb([1]), Jsonb({"a": 1}), None]),
        ),
        error_message_not_blank=not_blank("error_message"),
        error_code_form=Case(
            each("error_code", ["", "_", "_a", "a_", "a__b", "A", "a-b", "a b", "a\n", "\u00e9"]),
            each("error_code", ["a", "429", "rate_limit_429", "a" * 50, None]),
        ),
        error_code_length=Case(
            each("error_code", ["a" * 51, "a_" * 25 + "a", "a_" * 5_000]),
            each("error_code", ["a" * 50, "a_" * 24 + "aa"]),
        ),
        execution_time_ms_not_negative=not_negative("execution_time_ms"),
        retry_count_range=Case(each("retry_count", [-1, 6]), each("retry_count", [0, 5])),
        scheduled_not_before_created=event("scheduled_at"),
        started_not_before_created=event("started_at"),
        completed_not_before_started=Case(
            each("completed_at", [NOON, AFTER], {"started_at": LATER}),
            [
                {"completed_at": LATER, "started_at": LATER},
                {"completed_at": NOON, "started_at": None},
                {"completed_at": None, "started_at": LATER},
            ],
        ),
        completed_not_before_created=event("completed_at"),
        expires_after_created=after_created("expires_at"),
        processing_needs_started_at=Case(
            [{"status": "processing"}],
            [{"status": "processing", "started_at": NOON}, {"status": "retrying"}],
        ),
        completed_needs_completed_at=Case(
            [{"status": "completed"}, {"status": "completed", "started_at": NOON}],
            [
                {"status": "completed", "completed_at": NOON},
                {"status": "cancelled"},
                {"completed_at": NOON},
            ],
        ),
        failed_needs_error_message=Case(
            [{"status": "failed"}, {"status": "failed", "error_code": "x"}],
            [
                {"status": "failed", "error_message": "x"},
                {"status": "retrying"},
                {"error_message": "x"},
            ],
        ),
        updated_not_before_created=updated(),
        times_finite=finite("scheduled_at", "started_at", "completed_at", "expires_at"),
    ),
    "api_keys": {
        "pk_api_keys": primary_key(
            AN_ID, ANOTHER_ID, {"key_name": "Another", "key_hash": OTHER_HASH}
        ),
        "uq_api_keys_user_id_provider_id_key_name": Case(
            [{"key_hash": OTHER_HASH}],
            [
                {"key_hash": OTHER_HASH, "key_name": "test"},
                {"key_hash": OTHER_HASH, "provider_id": 9002},
                {"key_hash": OTHER_HASH, "user_id": RUI},
            ],
            first={},
        ),
        "uq_api_keys_user_id_key_hash": Case(
            [{"key_name": "Another"}, {"key_name": "Another", "provider_id": 9002}],
            [
                {"key_name": "Another", "key_hash": OTHER_HASH},
                {"user_id": RUI},
            ],
            first={},
        ),
        "uq_api_keys_default": Case(
            [{"key_name": "Another", "key_hash": OTHER_HASH, "is_default": True}],
            [
                {"key_name": "Another", "key_hash": OTHER_HASH, "is_default": False},
                {"key_hash": OTHER_HASH, "is_default": True, "provider_id": 9002},
                {"is_default": True, "user_id": RUI},
            ],
            first={"is_default": True},
        ),
        "fk_api_keys_user_id": Case(each("user_id", [NOBODY]), each("user_id", [ANA, RUI])),
        "fk_api_keys_provider_id": Case(
            each("provider_id", [9009]), each("provider_id", [9001, 9002])
        ),
    }
    | checks(
        "api_keys",
        key_name_not_blank=not_blank("key_name"),
        key_name_length=length("key_name", 100),
        encrypted_key_not_blank=not_blank("encrypted_key"),
        encrypted_key_length=length("encrypted_key", 4096),
        encrypted_key_not_clear=Case(
            each("encrypted_key", CLEAR_KEYS + DISGUISED_KEYS),
            each("encrypted_key", CIPHERTEXTS),
        ),
        permissions_object=an_object("permissions"),
        usage_limits_object=an_object("usage_limits"),
        usage_stats_object=an_object("usage_stats"),
        default_is_active=Case(
            [{"is_default": True, "is_active": False}],
            [{"is_default": True, "is_active": True}, {"is_default": False, "is_active": False}],
        ),
        expires_after_created=after_created("expires_at"),
        last_used_not_before_created=event("last_used_at"),
        last_validated_not_before_created=event("last_validated_at"),
        validation_status=one_of("validation_status", "valid invalid expired rate_limited unknown"),
        error_count_not_negative=not_negative("error_count"),
        updated_not_before_created=updated(),
        times_finite=finite("expires_at", "last_used_at", "last_validated_at"),
    ),
    "generated_content": {
        "pk_generated_content": primary_key(AN_ID, ANOTHER_ID, {"task_id": OTHER_TASK_OF_ANA}),
        "uq_generated_content_task_id": Case([{}], [{"task_id": OTHER_TASK_OF_ANA}], first={}),
        "fk_generated_content_user_id": Case(
            each("user_id", [NOBODY]),
            each("user_id", [ANA, RUI]),
            without=("fk_generated_content_task_id",),
        ),
        "fk_generated_content_task_id": Case(
            [{"user_id": RUI}, {"task_id": TASK_OF_RUI}, {"task_id": AN_ID}],
            [{"task_id": OTHER_TASK_OF_ANA}, {"task_id": TASK_OF_RUI, "user_id": RUI}],
        ),
    }
    | checks(
        "generated_content",
        content_type=one_of("content_type", "text image audio video document data"),
        mime_type_form=Case(
            each(
                "mime_type",
                [
                    "",
                    "text",
                    "text/",
                    "/plain",
                    "text/plain; charset=utf-8",
                    "text/plain;q=1",
                    "Text/plain",
                    "text/PLAIN",
                    "text/pl ain",
                    "text/plain\n",
                    " text/plain",
                    "*/*",
                    "text/*",
                    "text//plain",
                    "text/plain/x",
                    "text/pl\u00e9",
                    "-x/y",
                    "a/" + "b" * 254,
                    "a/" * 5_000,
                ],
            ),
            each(
                "mime_type",
                [
                    "text/plain",
                    "image/svg+xml",
                    "application/vnd.ms-excel",
                    "audio/x-wav",
                    "application/ld+json",
                    "a/" + "b" * 253,
                    None,
                ],
            ),
        ),
        file_size_bytes_positive=Case(
            each("file_size_bytes", [-1, 0]), each("file_size_bytes", [1, 2**63 - 1, None])
        ),
        original_filename_not_blank=not_blank("original_filename", blanks=BLANKS),
        original_filename_length=length("original_filename", 255),
        original_filename_characters=Case(
            each(
                "original_filename",
                [
                    "a/b",
                    "a\\b",
                    "/",
                    "\\",
                    "../a",
                    "C:\\a",
                    "a\n",
                    "\ta",
                    "a\x01b",
                    "a\x7fb",
                    "a\u0085b",
                    "a\u009fb",
                    "a\x1fb",
                ],
            ),
            each(
                "original_filename",
                ["a.png", "...", ".env", "a b", "cora\u00e7\u00e3o.png", "a\u00a0b", "a:b", "~"],
            ),
        ),
        original_filename_not_dots=Case(
            each("original_filename", [".", ".."]),
            each("original_filename", ["...", "..a", ".a", "a.", "a..", None]),
        ),
        storage_path_not_blank=not_blank("storage_path", IN_STORAGE, BLANKS),
        storage_path_length=length("storage_path", 1024, IN_STORAGE),
        storage_path_characters=Case(
            each(
                "storage_path",
                [
                    "a\\b",
                    "\\a",
                    "..\\a",
                    "\\\\host\\a",
                    "a\nb",
                    "a\x01",
                    "a\x7f",
                    "a\u0080",
                    "a\u009f",
                ],
                IN_STORAGE,
            ),
            each("storage_path", ["a/b", "a b", "a\u00a0b", "\u00e7/\U0001f600"], IN_STORAGE),
        ),
        storage_path_relative=Case(
            each("storage_path", ["/", "/a", "//a", "C:", "c:a", "Z:/a"], IN_STORAGE),
            each("storage_path", ["a/", "a//b", "./a", "CC:/a", "a/C:/b", "1:/a"], IN_STORAGE),
        ),
        storage_path_within=Case(
            each("storage_path", ["..", "../a", "a/..", "a/../b", "a/./../b", "./.."], IN_STORAGE),
            each("storage_path", ["...", "a/...", "..a/b", "a../b", "a/.b", "a/..b/c"], IN_STORAGE),
        ),
        storage_provider=one_of("storage_provider", "minio s3 gcs azure_blob local"),
        file_needs_storage_provider=Case(
            [{"file_url": URL}, {"storage_path": "a"}, {"file_url": URL, "storage_path": "a"}],
            [
                {"file_url": URL} | IN_STORAGE,
                {"storage_path": "a"} | IN_STORAGE,
                IN_STORAGE,
                {"thumbnail_url": URL},
            ],
        ),
        has_body=Case(
            [
                *each("content_text", [None, "", BLANKS], {"content_type": "image"}),
                {"content_type": "image", "content_text": None, "thumbnail_url": URL},
                {"content_type": "image", "content_text": None} | IN_STORAGE,
            ],
            [
                {"content_type": "image", "content_text": "x"},
                {"content_type": "image", "content_text": None, "file_url": URL} | IN_STORAGE,
                {"content_type": "image", "content_text": None, "storage_path": "a"} | IN_STORAGE,
            ],
        ),
        text_needs_content_text=Case(
            each("content_text", [None, "", WHITE_SPACE], {"file_url": URL} | IN_STORAGE),
            [
                {"content_text": f"{WHITE_SPACE}x"},
                {"content_text": " " * 1_000_000 + "x"},
                {"content_type": "data", "content_text": None, "file_url": URL} | IN_STORAGE,
            ],
        ),
        content_metadata_object=an_object("content_metadata"),
        processing_metadata_object=an_object("processing_metadata"),
        quality_score_range=Case(
            each("quality_score", ["-0.01", "10.01", "99.99", "NaN"]),
            each("quality_score", ["0", "0.01", "10.00", None]),
        ),
        download_count_not_negative=not_negative("download_count"),
        tags_strings=strings("tags"),
        expires_after_created=after_created("expires_at"),
        updated_not_before_created=updated(),
        times_finite=finite("expires_at"),
    ),
}

# What refuses a NULL even without NOT NULL: a check that does not let one pass, and an index of
# texts by their owners.
NULL_REFUSED_ELSEWHERE = {("agents", "workflow_definition"), ("generated_content", "user_id")}

DOMAINS: dict[str, dict[str, Values]] = {
    "valid_email": {
        "ck_valid_email_length": Values(
            ["a@" + "b." * 124 + "bcdef", "a@" + "b." * 5_000 + "bc"],
            ["a@" + "b." * 124 + "bcde"],
        ),
        "ck_valid_email_local_part_length": Values(
            ["a" * 65 + "@example.com", "a." * 32 + "a@example.com"],
            ["a" * 64 + "@example.com", "a." * 31 + "aa@example.com"],
        ),
        "ck_valid_email_form": Values(
            [
                "",
                "a",
                "@example.com",
                "a@",
                "a@localhost",
                "a@example.c",
                "a@example.c0m",
                "a@example.xn--",
                "a@example.xn--a-",
                "a@example.xn-a",
                "a@example.ab--p1ai",
                "a@example.xn--" + "b" * 60,
                "a@example.123",
                "a@.example.com",
                "a@example..com",
                "a@example.com.",
                "a@-example.com",
                "a@example-.com",
                "a@exa_mple.com",
                "a@" + "b" * 64 + ".com",
                "a@[127.0.0.1]",
                ".a@example.com",
                "a.@example.com",
                "a..b@example.com",
                "a b@example.com",
                '"a"@example.com',
                "a@b@example.com",
                "A@example.com",
                "a@Example.com",
                "jos\u00e9@example.com",
                "a@ex\u00e4mple.com",
                "Ana <ana@example.com>",
                "a@example.com,b@example.com",
                " a@example.com",
                "a@example.com ",
                "a@example.com\n",
                "a@example.com\u00a0",
            ],
            [
                "a@b.co",
                "!#$%&'*+/=?^_`{|}~-@example.com",
                "first.last+tag@mail.example.com",
                "0@0.com",
                "a@xn--80ak6aa92e.xn--p1ai",
                "a@example.xn--vermgensberatung-pwb",
                "a@example.xn--" + "b" * 59,
                "a@" + "b" * 63 + ".com",
                "a@x--y.com",
                "a@xn--bcher-kva.example",
                "a@example." + "c" * 63,
            ],
        ),
    },
    "valid_url": {
        "ck_valid_url_length": Values(
            ["http://a/" + "b" * 2_040, "http://a/" + "b" * 10_000],
            ["http://a/" + "b" * 2_039, "http://a/" + "\u00e9" * 2_039],
        ),
        "ck_valid_url_form": Values(
            [
                "",
                "example.com",
                "//example.com",
                "/path",
                "http:example.com",
                "http:/example.com",
                "http://",
                "http:///path",
                "http://?q",
                "ftp://example.com",
                "javascript://example.com/%0aalert(1)",
                "httpss://example.com",
                " http://example.com",
                "http://example.com ",
                "http://example.com\n",
                "http://exa mple.com",
                "http://example.com/a b",
                "http://example.com/\t",
                "http://example.com/\x01",
                "http://example.com/\x7f",
                "http://example.com/\u0085",
                "http://example.com/\u00a0",
                "http://example.com/\u2028",
                "http://example.com/\u3000",
                "http://example.com/a\\b",
                "http://example.com?\\",
                "http://example.com#\\",
                "http://example.com\\@evil.com",
                "http:\\\\example.com",
                "http://user@example.com",
                "http://user:password@example.com",
                "http://@example.com",
                "http://example.com:80@evil.com",
                "http://exa_mple.com",
                "http://ex\u00e4mple.com",
                "http://[::1",
                "http://::1/",
                "http://[::1]x/",
                "http://[v1.a]/",
                "http://[fe80::1%25eth0]/",
            ],
            [
                "http://a",
                "https://a",
                "HTTP://EXAMPLE.COM",
                "http://example.com",
                "http://example.com/",
                "http://example.com?q=1",
                "http://example.com#f",
                "http://example.com/a@b:c",
                "http://example.com/%20?a=/?b&c=[]#d#e",
                "https://example.com/cora\u00e7\u00e3o?\u00e9#\U0001f600",
            ],
        ),
        "ck_valid_url_host": Values(
            [
                "http://.",
                "http://-",
                "http://a..b",
                "http://.a",
                "http://-a",
                "http://a-",
                "http://a-.b",
                "http://a.-b",
                "http://" + "a" * 64,
                "http://" + "a." * 127 + "a",
                "http://256.1.1.1",
                "http://1.2.3",
                "http://1.2.3.4.5",
                "http://1.2.3.4.",
                "http://01.2.3.4",
                "http://2130706433",
                "http://0x7f000001",
                "http://127.0.0.0x1",
                "http://a.1",
                "http://[:]",
                "http://[:::]",
                "http://[1]",
                "http://[1:2:3:4:5:6:7]",
                "http://[1:2:3:4:5:6:7:8:9]",
                "http://[1::2::3]",
                "http://[1:2:3:4::5:6:7:8]",
                "http://[::12345]",
                "http://[::256.1.1.1]",
                "http://[1.2.3.4]",
                "http://[::1.2.3.4:1]",
            ],
            [
                "http://localhost",
                "http://a-b.c--d.e",
                "http://example.com.",
                "http://1and1.com",
                "http://1.2.3.4.example",
                "http://" + "a" * 63,
                "http://" + "a." * 126 + "a",
                "http://0.0.0.0",
                "http://255.255.255.255",
                "http://[::]",
                "http://[::1]:80",
                "http://[1:2:3:4:5:6:7:8]",
                "http://[1:2:3:4:5:6:7::]",
                "http://[::2:3:4:5:6:7:8]",
                "http://[1:2:3::5:6:7:8]",
                "http://[FFFF:abcd::]",
                "http://[::ffff:1.2.3.4]",
                "http://[1:2:3:4:5:6:1.2.3.4]",
            ],
        ),
        "ck_valid_url_port": Values(
            [
                "http://a:0",
                "http://a:080",
                "http://a:65536",
                "http://a:70000/",
                "http://a:100000",
                "http://[::1]:65536",
                "http://1.2.3.4:" + "9" * 2_000,
            ],
            ["http://a:1", "http://a:9999/", "http://a:65535?q", "http://[::1]:65535#f"],
        ),
    },
    "valid_uuid": {
        "ck_valid_uuid_not_nil": Values(
            ["00000000-0000-0000-0000-000000000000"],
            [
                "00000000-0000-0000-0000-000000000001",
                "ffffffff-ffff-ffff-ffff-ffffffffffff",
                "c232ab00-9414-11ec-b3c8-9f6bdeced846",
            ],
        ),
    },
    "semantic_version": {
        "ck_semantic_version_length": Values(
            ["1.0.0-" + "a" * 250, "1.0." + "9" * 252, "1.0.0-" + "a" * 10_000],
            ["1.0.0-" + "a" * 249, "1.0." + "9" * 251],
        ),
        "ck_semantic_version_form": Values(
            [
                "",
                "1",
                "1.0",
                "1.0.0.0",
                "v1.0.0",
                "01.0.0",
                "1.00.0",
                "1.0.01",
                "1.0.-1",
                "1..0",
                "a.b.c",
                "1.0.0-",
                "1.0.0+",
                "1.0.0-+b",
                "1.0.0-01",
                "1.0.0-a..b",
                "1.0.0-a.",
                "1.0.0-a.00",
                "1.0.0+a+b",
                "1.0.0+a..b",
                "1.0.0-a_b",
                "1.0.0 ",
                " 1.0.0",
                "1.0.0\n",
                "1.0.0-\u00e9",
                "\u0661.0.0",
            ],
            [
                "0.0.0",
                "1.0.0",
                "10.20.30",
                "1.0.0-0",
                "1.0.0-alpha.1",
                "1.0.0-0a.x-y.--",
                "1.0.0-01a",
                "1.0.0+001",
                "1.0.0+-.0",
                "1.0.0-rc.1+build.5",
            ],
        ),
    },
    "sha256_hash": {
        "ck_sha256_hash_form": Values(
            [
                "",
                "a" * 63,
                "a" * 65,
                "A" * 64,
                "g" * 64,
                "a" * 63 + "\n",
                " " + "a" * 63,
                "a" * 10_000,
            ],
            ["0123456789abcdef" * 4, "f" * 64],
        ),
    },
}
