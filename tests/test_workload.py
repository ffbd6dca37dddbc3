"""The application's queries: each is there, well formed, and answered by the index it is for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from psycopg import sql

Connection = psycopg.Connection[tuple[Any, ...]]

ROOT = Path(__file__).parent.parent
WORKLOAD = ROOT / "sql" / "workload"
PATHS = sorted(WORKLOAD.glob("*.sql"))
TRIGRAMS = ROOT / "migrations" / "0030.search.trigram_indexes.sql"

HEADER = re.compile(
    r"-- group: (?P<group>\w+)\n"
    r"-- budget_ms: (?P<budget>\d+)\n"
    r"-- index: (?P<indexes>none|\w+(, \w+)*)\n"
    r"-- params: (?P<params>none|\w+ \w+(, \w+ \w+)*)\n"
    r"(--\n(-- .+\n)+)?"
    r"(?P<text>[^-;][^;]*;\n)"
)

# How many queries SCHEMA.md's table asks of a group, and the group's budget in milliseconds.
GROUPS = {
    "dashboard": (11, 50),
    "playground": (10, 100),
    "agents": (9, 200),
    "campaigns": (5, 200),
    "worker": (7, 50),
    "admin": (5, 200),
    "analytics": (7, 1000),
    "reporting": (4, 5000),
}

# Most users own nothing yet; the first owns the most, a hundredth; most tasks are finished.
DATA = """
INSERT INTO users (
    id, email, google_id, full_name, credit_balance, subscription_tier_id, is_active,
    last_login_at, email_verified_at, created_at
)
SELECT
    g, format('user%s@example.com', g), format('google-%s', g), md5(g::text), g % 97,
    (SELECT min(id) + g % 4 FROM subscription_tiers), g % 10 > 0,
    now() - (1500 - g) * interval '1 hour', now(), now() - (1501 - g) * interval '1 hour'
FROM generate_series(1, 1500) AS g;

CREATE TEMPORARY TABLE drawn AS
SELECT
    g,
    CASE g % 150 WHEN 0 THEN 1 ELSE 1 + (hashint4(g) & 255) END AS user_id,
    (hashint4(g + 10000) & 1023) AS a,
    (hashint4(g + 20000) & 1023) AS b,
    now() - (6001 - g) * interval '45 minutes' AS since
FROM generate_series(1, 6000) AS g;

INSERT INTO campaigns (
    user_id, campaign_type_id, name, status, channels, objectives, start_date, end_date,
    launched_at, completed_at, created_at
)
SELECT
    user_id, (SELECT min(id) + b % 15 FROM campaign_types), 'campaign', status,
    jsonb_build_array('channel' || b % 20), '{"goal": 1}',
    CASE WHEN status <> 'draft' THEN since END,
    CASE WHEN status <> 'draft' THEN now() + a * interval '2 hours' END,
    CASE WHEN status IN ('active', 'completed') THEN since END,
    CASE WHEN status = 'completed' THEN now() - b * interval '1 hour' END,
    since
FROM (
    SELECT *, (ARRAY['draft', 'scheduled', 'active', 'completed', 'completed'])[1 + a % 5] AS status
    FROM drawn
    WHERE g <= 900
) AS drawn;

INSERT INTO agents (
    user_id, category_id, type_id, name, agent_type, status, is_public, tags, configuration,
    workflow_definition, execution_count, success_rate, last_executed_at, published_at, created_at
)
SELECT
    d.user_id, t.category_id, t.id, md5(d.g::text),
    (ARRAY['workflow', 'scheduled', 'trigger_based', 'api_endpoint'])[1 + d.a % 4],
    d.status, d.status = 'published', jsonb_build_array('tag' || d.b % 40),
    jsonb_build_object('a', repeat('a', 1000)),
    '{"nodes": [1], "edges": []}', d.a, CASE WHEN d.a > 0 THEN d.b / 1023.0 END,
    CASE WHEN d.a > 0 THEN now() END, CASE WHEN d.status = 'published' THEN now() END, d.since
FROM (
    SELECT *, (ARRAY['active', 'published', 'draft'])[1 + a % 3] AS status
    FROM drawn
    WHERE g <= 2000
) AS d
INNER JOIN (
    SELECT *, row_number() OVER (ORDER BY id) AS n
    FROM agent_types
) AS t ON 1 + d.b % 33 = t.n;

INSERT INTO api_keys (
    user_id, provider_id, key_name, encrypted_key, key_hash, is_active, is_default, expires_at,
    last_validated_at, created_at
)
SELECT
    1 + g % 150, (SELECT min(id) + g / 150 FROM ai_providers), 'key ' || g, 'encrypted ' || g,
    encode(sha256(g::text::bytea), 'hex'), g % 7 > 0, g % 7 > 0,
    now() + a * interval '1 day', now() - b * interval '1 minute', since
FROM drawn
WHERE g < 1000;

INSERT INTO tasks (
    id, user_id, task_type_id, provider_model_id, campaign_id, status, priority, credit_cost,
    request_payload, result_payload, error_message, error_code, execution_time_ms, scheduled_at,
    started_at, completed_at, expires_at, created_at
)
SELECT
    format('00000000-0000-7000-9000-%s', lpad(d.g::text, 12, '0'))::uuid, d.user_id,
    (SELECT min(id) + d.a % 23 FROM task_types), (SELECT min(id) + d.b % 22 FROM provider_models),
    CASE WHEN d.g % 2 = 0 THEN c.id END, d.status,
    (ARRAY['low', 'medium', 'high', 'urgent'])[1 + d.b % 4], d.a % 10, '{"a": 1}',
    CASE WHEN d.status = 'completed' THEN jsonb '{"a": 1}' END,
    CASE WHEN d.status = 'failed' THEN 'it failed' END,
    CASE WHEN d.status = 'failed' THEN 'code_' || d.a % 5 END,
    CASE WHEN d.status = 'completed' THEN d.a END,
    CASE WHEN d.b % 10 = 0 THEN d.since END,
    CASE WHEN d.status IN ('completed', 'failed', 'processing') THEN d.since END,
    CASE WHEN d.status IN ('completed', 'failed') THEN d.since END,
    d.since + (1 + d.a) * interval '1 day', d.since
FROM (
    SELECT
        *,
        CASE
            WHEN g > 5900 THEN (ARRAY['pending', 'queued', 'processing'])[1 + a % 3]
            WHEN a % 12 = 0 THEN 'failed'
            ELSE 'completed'
        END AS status
    FROM drawn
) AS d
LEFT JOIN (
    SELECT DISTINCT ON (user_id) user_id, id
    FROM campaigns
    ORDER BY user_id, id
) AS c ON d.user_id = c.user_id;

INSERT INTO generated_content (
    task_id, user_id, content_type, file_size_bytes, storage_path, storage_provider, content_text,
    quality_score, is_favorite, is_public, download_count, tags, expires_at, created_at
)
SELECT
    t.id, t.user_id, CASE WHEN d.a % 3 > 0 THEN 'text' ELSE 'image' END, d.b + 1,
    'contents/' || d.g, 's3', 'Campanhas de e-mail da loja' || d.b,
    CASE WHEN d.b % 3 = 0 THEN d.a % 10 END, d.b % 20 = 0, d.b % 10 = 0, d.a,
    CASE WHEN d.a % 2 = 0 THEN jsonb_build_array('tag' || d.b % 50) END,
    CASE WHEN d.b % 10 = 0 THEN d.since + (1 + d.b) * interval '1 day' END, d.since
FROM tasks AS t
INNER JOIN drawn AS d ON right(t.id::text, 12)::bigint = d.g
WHERE t.status = 'completed' AND d.g % 2 = 0;
"""

# A value of each parameter's name; with them every query finds something in DATA.
VALUES = {
    "before": "'infinity'",
    "before_id": "'ffffffff-ffff-ffff-ffff-ffffffffffff'",
    "before_user_id": "9223372036854775807",
    "campaign_id": "(SELECT max(campaign_id::text) FROM tasks WHERE user_id = 1)",
    "category_id": "(SELECT min(id) FROM agent_categories)",
    "channel": "'channel7'",
    "content_type": "'image'",
    "credits": "3",
    "email": "'User17@example.com'",
    "expires_before": "now() + interval '7 days'",
    "google_id": "'google-17'",
    "key_hash": "(SELECT max(key_hash::text) FROM api_keys WHERE user_id = 1)",
    "last_login_before": "now() - interval '60 days'",
    "now": "now()",
    "page": "5",
    "pattern": "'%' || substr(md5('17'), 9, 8) || '%'",
    "period_end": "now()",
    "period_start": "now() - interval '10 days'",
    "provider_id": "(SELECT max(provider_id) FROM api_keys WHERE user_id = 1 AND is_default)",
    "provider_model_id": "(SELECT min(id) FROM provider_models)",
    "started_before": "now() - interval '30 minutes'",
    "status": "'active'",
    "tag": "(SELECT max(tags ->> 0) FROM generated_content WHERE user_id = 1 AND is_public)",
    "task_id": "(SELECT max(id::text) FROM tasks WHERE user_id = 1)",
    "task_type_id": "(SELECT min(id) FROM task_types)",
    "type_id": "(SELECT min(id) FROM agent_types)",
    "type_name": "'copywriting'",
    "user_id": "1",
    "words": "(SELECT max(content_text) FROM generated_content WHERE user_id = 1)",
}


class Query(NamedTuple):
    """A query of the workload: what its header says, and its SQL."""

    name: str
    group: str
    budget_ms: int
    indexes: list[str]
    params: dict[str, str]
    text: str

    def prepare(self, connection: Connection) -> None:
        types = f"({', '.join(self.params.values())})" if self.params else ""
        connection.execute("DEALLOCATE ALL")
        connection.execute(f"PREPARE query {types} AS {self.text}".encode())

    def execute(self, values: dict[str, str]) -> sql.Composed:
        if not self.params:
            return sql.Composed([sql.SQL("EXECUTE query")])
        return sql.SQL("EXECUTE query ({})").format(
            sql.SQL(", ").join(sql.Literal(values[name]) for name in self.params)
        )


def read(path: Path) -> Query:
    found = HEADER.fullmatch(path.read_text(encoding="ascii"))
    assert found, f"{path.name}: its header or its statement is not well formed"
    listed = [found["params"].split(", "), found["indexes"].split(", ")]
    params, indexes = ([item for item in items if item != "none"] for items in listed)
    return Query(
        name=path.stem,
        group=found["group"],
        budget_ms=int(found["budget"]),
        indexes=indexes,
        params=dict(param.split() for param in params),
        text=found["text"],
    )


@pytest.fixture(scope="module")
def queries() -> list[Query]:
    return [read(path) for path in PATHS]


@pytest.fixture(params=PATHS, ids=lambda path: path.stem)
def query(request: pytest.FixtureRequest) -> Query:
    return read(request.param)


@pytest.fixture
def filled(migrated_database: str) -> Iterator[Connection]:
    with psycopg.connect(migrated_database, autocommit=True, prepare_threshold=None) as connection:
        connection.execute(DATA)
        connection.execute("VACUUM (ANALYZE)")
        yield connection


def absent(connection: Connection) -> set[str]:
    """Return the indexes that need pg_trgm, where the server does not have it."""
    if connection.execute("SELECT FROM pg_extension WHERE extname = 'pg_trgm'").fetchall():
        return set()
    return set(re.findall(r"CREATE INDEX (\w+)", TRIGRAMS.read_text(encoding="ascii")))


def plan_nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from plan_nodes(child)


def test_header_says_what_the_statement_is(query: Query) -> None:
    assert query.name.startswith(f"{query.group}_")
    assert query.budget_ms == GROUPS[query.group][1]
    numbers = {int(number) for number in re.findall(r"\$(\d+)", query.text)}
    assert numbers == set(range(1, len(query.params) + 1))


def test_every_query_of_the_application_is_there(queries: list[Query]) -> None:
    counts = {group: number for group, (number, _) in GROUPS.items()}
    assert Counter(query.group for query in queries) == counts


def test_every_secondary_index_says_what_it_serves(
    migrated: Connection, queries: list[Query]
) -> None:
    secondary: dict[str, str] = dict(
        migrated.execute("""
            SELECT x.relname, coalesce(obj_description(x.oid, 'pg_class'), '')
            FROM pg_index AS i
            INNER JOIN pg_class AS x ON i.indexrelid = x.oid
            WHERE
                x.relnamespace = 'public'::regnamespace
                AND NOT EXISTS (SELECT FROM pg_constraint AS c WHERE c.conindid = x.oid)
        """).fetchall()
    )
    served = {
        index: {query.name for query in queries if index in query.indexes} for index in secondary
    }
    names = {query.name for query in queries}
    said = {
        index: names.intersection(re.findall(r"\w+", comment))
        for index, comment in secondary.items()
    }
    references = {index for index, comment in secondary.items() if " fk_" in comment}

    assert said == served
    assert {index for index, by in served.items() if not by} <= references
    assert len([*secondary, *absent(migrated)]) >= 45


def test_every_index_that_a_query_names_is_there(
    migrated: Connection, queries: list[Query]
) -> None:
    named = {index for query in queries for index in query.indexes} - absent(migrated)
    found = migrated.execute(
        "SELECT relname FROM pg_class WHERE relname = ANY (%s) AND relkind = 'i'", [list(named)]
    )
    assert {name for (name,) in found} == named


def test_every_reference_that_an_index_names_is_there(migrated: Connection) -> None:
    ghosts = migrated.execute("""
        SELECT i.indexrelid::regclass::text, named.reference
        FROM pg_index AS i
        CROSS JOIN LATERAL regexp_matches(
            obj_description(i.indexrelid, 'pg_class'), '\\mfk_\\w+', 'g'
        ) AS found (words)
        CROSS JOIN LATERAL unnest(found.words) AS named (reference)
        WHERE NOT EXISTS (
            SELECT
            FROM pg_constraint AS c
            WHERE
                c.conrelid = i.indrelid
                AND c.conname = named.reference
                AND (i.indkey::smallint[])[0:cardinality(c.conkey) - 1] @> c.conkey
        )
    """).fetchall()
    assert ghosts == []


def test_every_query_uses_its_index_and_finds_something(
    filled: Connection, queries: list[Query]
) -> None:
    selected = ", ".join(f"({value})::text AS {name}" for name, value in VALUES.items())
    values = dict(zip(VALUES, filled.execute(f"SELECT {selected}").fetchone() or (), strict=True))
    # A few thousand rows fit in a few pages, which are as cheap to read from end to end.
    filled.execute("SET enable_seqscan = off")
    filled.execute("SET random_page_cost = 1.1")

    unused, empty = {}, []
    for query in queries:
        query.prepare(filled)
        execute = query.execute(values)
        (plans,) = filled.execute(sql.SQL("EXPLAIN (FORMAT JSON) ") + execute).fetchone() or ()
        used = {node.get("Index Name") for node in plan_nodes(plans[0]["Plan"])}
        if not used.issuperset(set(query.indexes) - absent(filled)):
            unused[query.name] = used
        if not filled.execute(execute).fetchall():
            empty.append(query.name)
    assert unused == {}
    assert empty == []


def run(connection: Connection, query: Query, **values: str) -> list[tuple[Any, ...]]:
    query.prepare(connection)
    return connection.execute(query.execute(values)).fetchall()


def add_users(connection: Connection) -> None:
    connection.execute(
        "INSERT INTO users (id, email) VALUES (1, 'one@example.com'), (2, 'two@example.com')"
    )


def test_workers_claim_the_most_urgent_then_whoever_waits_longest(migrated_database: str) -> None:
    claim = read(WORKLOAD / "worker_claim_tasks.sql")
    with (
        psycopg.connect(migrated_database, autocommit=True, prepare_threshold=None) as setup,
        psycopg.connect(migrated_database, prepare_threshold=None) as one,
        psycopg.connect(migrated_database, prepare_threshold=None) as two,
    ):
        add_users(setup)
        setup.execute("""
            INSERT INTO tasks (
                user_id, credit_cost, request_payload, status, priority, scheduled_at, started_at,
                completed_at, created_at
            )
            SELECT
                1, 1, jsonb_build_object('name', name), status, priority, now() - scheduled,
                CASE WHEN status = 'processing' THEN now() END,
                CASE WHEN status = 'completed' THEN now() END, now() - age
            FROM (
                VALUES
                ('low', 'low', 'queued', interval '9 days', NULL::interval),
                ('medium, due 3 days ago', 'medium', 'queued', '8 days', '3 days'),
                ('medium, made 4 days ago', 'medium', 'queued', '4 days', NULL),
                ('medium, made 2 days ago', 'medium', 'queued', '2 days', NULL),
                ('high', 'high', 'queued', '1 day', NULL),
                ('urgent', 'urgent', 'queued', '1 minute', NULL),
                ('claimed', 'urgent', 'processing', '1 day', NULL),
                ('done', 'urgent', 'completed', '1 day', NULL),
                ('not due', 'urgent', 'pending', '1 day', '-1 day')
            ) AS given (name, priority, status, age, scheduled)
        """)
        claimed = []
        for worker in (one, two, two, one, two, one, one):
            for *_, payload in run(worker, claim, page="1"):
                claimed.append(payload["name"])
    assert claimed == [
        "urgent",
        "high",
        "medium, made 4 days ago",
        "medium, due 3 days ago",
        "medium, made 2 days ago",
        "low",
    ]


def test_only_the_end_of_a_task_touches_the_indexes(migrated: Connection) -> None:
    def hot(statement: str) -> bool:
        counts = "SELECT pg_stat_get_xact_tuples_hot_updated('tasks'::regclass)"
        (before,) = migrated.execute(counts).fetchone() or ()
        migrated.execute(statement)
        (after,) = migrated.execute(counts).fetchone() or ()
        return bool(after == before + 1)

    add_users(migrated)
    migrated.execute(
        """INSERT INTO tasks (user_id, credit_cost, request_payload) VALUES (1, 1, '{"a": 1}')"""
    )
    read(WORKLOAD / "worker_claim_tasks.sql").prepare(migrated)
    assert hot("UPDATE tasks SET status = 'queued'")
    assert hot("EXECUTE query (1)")
    assert hot("UPDATE tasks SET status = 'retrying', retry_count = retry_count + 1")
    assert hot("UPDATE tasks SET status = 'processing', started_at = clock_timestamp()")
    assert not hot("UPDATE tasks SET status = 'completed', completed_at = clock_timestamp()")


def add_text(connection: Connection, user_id: int, text: str) -> None:
    connection.execute(
        """
        WITH task AS (
            INSERT INTO tasks (user_id, credit_cost, request_payload)
            VALUES (%s, 1, '{"a": 1}')
            RETURNING id, user_id
        )

        INSERT INTO generated_content (task_id, user_id, content_type, content_text)
        SELECT id, user_id, 'text', %s
        FROM task
        """,
        [user_id, text],
    )


def test_search_finds_a_user_s_own_texts_in_portuguese(migrated: Connection) -> None:
    search = read(WORKLOAD / "playground_search_text.sql")
    add_users(migrated)
    add_text(migrated, 1, "As campanhas de e-mail/SMS para São Paulo: contato@loja.com.br")
    add_text(migrated, 1, "x " * 50_000 + "longe")
    add_text(migrated, 2, "USER1, user1: ofertas")
    migrated.execute("SET LOCAL enable_seqscan = off")

    def found(words: str, user_id: int = 1) -> int:
        return len(run(migrated, search, user_id=str(user_id), words=words, page="9"))

    finds = ("campanha", "Campanhas paulo", "e-mail", '"são paulo"', "sms", "contato@loja.com.br")
    assert [words for words in finds if found(words) != 1] == []
    assert [
        words for words in ("oferta", "longe", "user1", '"paulo campanha"') if found(words)
    ] == []
    assert [found("oferta", user_id=2), found("campanha", user_id=2)] == [1, 0]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("1@a" * 50_000, id="addresses"),
        pytest.param("a-" * 100_000, id="hyphens"),
        pytest.param("e_" * 100_000, id="underscores"),
        pytest.param("/." * 100_000, id="paths"),
        pytest.param("a" * 1_000_000, id="one long word"),
        pytest.param(" ".join(map(chr, range(0x20000, 0x2A6D0))), id="many words of four bytes"),
    ],
)
def test_no_text_is_too_much_for_the_search(migrated: Connection, text: str) -> None:
    add_users(migrated)
    migrated.execute("SET LOCAL statement_timeout = '5s'")
    add_text(migrated, 1, text)
    stored = migrated.execute("SELECT content_text = %s FROM generated_content", [text])
    assert stored.fetchall() == [(True,)]
