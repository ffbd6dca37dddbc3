"""The application's queries: each is there, well formed, and answered by the index it is for."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from bench import generated, measure, queries
from bench.queries import Query
from tests.support.databases import Connection
from tests.support.servers import ROOT, newest

PATHS = sorted(queries.DIRECTORY.glob("*.sql"))
WORDINGS = queries.read_all(queries.WORDINGS)
PARAMETERS = ROOT / "sql" / "generate" / "parameters.sql"
TRIGRAMS = ROOT / "migrations" / "0030.search.trigram_indexes.sql"

# How many queries SCHEMA.md's table asks of a group at least, and its budget in milliseconds.
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

LAST_ID = "ffffffff-ffff-ffff-ffff-ffffffffffff"
TASKS = 14_000  # enough for plans to matter, made in seconds
FEW = 8  # of the draws, which suffice for most queries


@pytest.fixture(scope="module")
def known() -> list[Query]:
    return queries.read_all()


@pytest.fixture(params=PATHS, ids=lambda path: path.stem)
def query(request: pytest.FixtureRequest) -> Query:
    return queries.read(request.param)


def read(name: str) -> Query:
    return queries.read(queries.DIRECTORY / name)


def absent(connection: Connection) -> set[str]:
    """Return the indexes that need pg_trgm, where the server does not have it."""
    if connection.execute("SELECT FROM pg_extension WHERE extname = 'pg_trgm'").fetchall():
        return set()
    return set(re.findall(r"CREATE INDEX (\w+)", TRIGRAMS.read_text(encoding="ascii")))


def test_header_says_what_the_statement_is(query: Query) -> None:
    assert query.name.startswith(f"{query.group}_")
    assert query.budget_ms == GROUPS[query.group][1], f"the budget of {query.group}"
    numbers = {int(number) for number in re.findall(r"\$(\d+)", query.text)}
    assert numbers == set(range(1, len(query.params) + 1)), f"{query.name}: its line `-- params:`"
    drawn = PARAMETERS.read_text(encoding="ascii")
    unknown = [name for name in query.params if not re.search(rf"\b{name}\b", drawn)]
    assert not unknown, f"{PARAMETERS} draws no {unknown} for {query.name}"


def test_every_query_of_the_application_is_there(known: list[Query]) -> None:
    counts = Counter(query.group for query in known)
    assert [group for group, (least, _) in GROUPS.items() if counts[group] < least] == []


def test_every_secondary_index_says_what_it_serves(
    migrated: Connection, known: list[Query]
) -> None:
    names = {query.name for query in known}
    wanted = []
    for index in measure.secondary_indexes(migrated):
        asking = {query.name for query in known if index.name in query.indexes}
        for name in sorted({*index.queries} - names):
            wanted.append(f"sql/workload/{name}.sql: there is none, and {index.name} serves it")
        for name in sorted({*index.queries} & names - asking):
            wanted.append(f"sql/workload/{name}.sql: its line `-- index:` must name {index.name}")
        for name in sorted(asking - {*index.queries}):
            wanted.append(f"the comment on {index.name} must say `Serves {name}`")
        if not index.queries and not index.references:
            wanted.append(
                f"{index.name} serves nothing: add the query that needs it to sql/workload/, as"
                f" GROUP_NAME.sql with a line `-- index: {index.name}`, and name it in its comment:"
                f" COMMENT ON INDEX {index.name} IS 'Serves GROUP_NAME: ...'"
            )
    assert not wanted, "\n".join(["what indexes and queries say of one another:", *wanted])


def test_what_an_index_lacks_is_asked_for_by_file_and_line(
    migrated: Connection, known: list[Query]
) -> None:
    migrated.execute("CREATE INDEX idx_users_a ON users (is_admin)")
    migrated.execute("CREATE INDEX idx_users_b ON users (is_admin)")
    migrated.execute("COMMENT ON INDEX idx_users_b IS 'Serves the query admin_newest_users.'")
    migrated.execute("CREATE INDEX idx_users_c ON users (is_admin)")
    migrated.execute("COMMENT ON INDEX idx_users_c IS 'Serves the query admin_b.'")
    with pytest.raises(AssertionError) as asked:
        test_every_secondary_index_says_what_it_serves(migrated, known)
    words = str(asked.value)
    assert "idx_users_a serves nothing: add the query that needs it to sql/workload/" in words
    assert "COMMENT ON INDEX idx_users_a IS 'Serves" in words
    assert (
        "sql/workload/admin_newest_users.sql: its line `-- index:` must name idx_users_b" in words
    )
    assert "sql/workload/admin_b.sql: there is none, and idx_users_c serves it" in words


def test_a_default_key_is_found_by_the_index_that_keeps_it_single(
    migrated: Connection, known: list[Query]
) -> None:
    # It backs no constraint: a partial unique index is none to the catalogue.
    name = "uq_api_keys_default"
    query = "SELECT obj_description(%s::regclass, 'pg_class')"
    (comment,) = migrated.execute(query, [name]).fetchone() or ("",)
    (served,) = [query for query in known if name in query.indexes]
    assert served.name in comment


def test_every_index_that_a_query_names_is_there(migrated: Connection, known: list[Query]) -> None:
    named = {index for query in known for index in query.indexes} - absent(migrated)
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


@pytest.mark.long
def test_every_query_uses_its_indexes_and_finds_something(
    migrated_database: str, known: list[Query]
) -> None:
    with psycopg.connect(migrated_database, autocommit=True) as connection:
        generated.fill(connection, TASKS)
        connection.execute("VACUUM (ANALYZE)")
        draws = generated.parameters(connection, TASKS, 40)
        missing = absent(connection)
        unmade = never_made(connection)
    wanted = []
    with psycopg.connect(migrated_database) as connection:
        # A few thousand rows fit in a few pages, which are as cheap to read from end to end.
        connection.execute("SET enable_seqscan = off")
        connection.execute("SET random_page_cost = 1.1")
        for query in known:
            plans: list[measure.Plan] = []
            for some in (draws[:FEW], draws[FEW:]):
                plans += measure.plans(connection, query, some)
                used = set().union(*(plan.indexes for plan in plans))
                unused = set(query.indexes) - missing - used
                is_found = any(plan.rows for plan in plans) or unmade & words(query)
                if is_found and not unused:
                    break
            if unused:
                wanted.append(f"{query.name} does not use {unused}, but {used}")
            if not is_found:
                wanted.append(f"{query.name} finds nothing in what sql/generate/ makes")
        for query in WORDINGS:
            plans = measure.plans(connection, query, draws[:FEW])
            used = set().union(*(plan.indexes for plan in plans))
            if query.indexes and not used & set(query.indexes):
                wanted.append(f"the wording {query.name} uses none of its indexes, but {used}")
    assert not wanted, "\n".join(["sql/workload/:", *wanted])


def test_each_wording_asks_a_query_and_has_its_budget(known: list[Query]) -> None:
    budgets = {query.name: query.budget_ms for query in known}
    assert {each.name: each.budget_ms for each in WORDINGS} == {
        each.name: budgets[each.asks] for each in WORDINGS
    }
    workers = {query.name for query in known if query.group == "worker"}
    assert workers <= {each.asks for each in WORDINGS if not each.is_trap}
    assert [each.name for each in WORDINGS if each.is_trap and each.indexes] == []


def never_made(connection: Connection) -> set[str]:
    """Return the columns of which sql/generate/ makes no value, once all was analyzed."""
    found = connection.execute(
        "SELECT attname FROM pg_stats WHERE schemaname = 'public' AND null_frac = 1"
    )
    return {name for (name,) in found}


def words(query: Query) -> set[str]:
    return set(re.findall(r"\w+", query.text))


def cursor_of(query: Query) -> dict[str, str]:
    """Return the columns that the next page begins after, by the parameters that take them."""
    names = [name for name in query.params if re.fullmatch(r"(before|after)(_\w+)?", name)]
    order = query.text.rpartition("ORDER BY")[2]
    return dict(zip(names, re.findall(r"\b\w+\.(\w+)", order), strict=False))


@pytest.mark.slow
@newest
@pytest.mark.long
def test_pages_add_up_to_the_whole(migrated_database: str, known: list[Query]) -> None:
    with psycopg.connect(migrated_database, autocommit=True) as connection:
        generated.fill(connection, 10_000)
        connection.execute("ANALYZE")
        draws = generated.parameters(connection, 10_000, 40)
        unmade = never_made(connection)
    paged = [query for query in known if "page_size" in query.params and cursor_of(query)]
    assert len(paged) > 15
    turned = set()
    with psycopg.connect(migrated_database) as connection:
        for query in paged:
            query.prepare(connection)
            cursor = connection.cursor(row_factory=dict_row)
            # Even runs ask for first pages.
            for draw in measure.asked(query, draws[1::2]):
                wide = {**draw, "pattern": "%a%", "page_size": 1000}
                whole = cursor.execute(query.execute(wide)).fetchall()
                found: list[dict[str, Any]] = []
                values = {**wide, "page_size": 1}
                while page := cursor.execute(query.execute(values)).fetchall():
                    found += page
                    assert len(found) <= len(whole), query.name
                    values |= next_page(query, page[-1])
                assert found == whole, query.name
                if len(found) > values["page_size"]:
                    turned.add(query.name)
    assert turned == {query.name for query in paged if not unmade & words(query)}


def next_page(query: Query, last: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters that ask for the page after a row."""
    values = {}
    for name, column in cursor_of(query).items():
        # A key is shown under a name of its own where the answer joins tables.
        own = name.partition("_")[2]
        value = last[own if own in last else column]
        values[name] = -1 if value is None and "coalesce" in query.text else value
    return values


def run(connection: Connection, query: Query, **values: object) -> list[tuple[Any, ...]]:
    connection.execute("DEALLOCATE ALL")
    query.prepare(connection)
    return connection.execute(query.execute(values)).fetchall()


def add_users(connection: Connection) -> None:
    connection.execute(
        "INSERT INTO users (id, email) VALUES (1, 'one@example.com'), (2, 'two@example.com')"
    )


@pytest.mark.slow
def test_workers_claim_the_most_urgent_then_whoever_waits_longest(migrated_database: str) -> None:
    claim = read("worker_claim_tasks.sql")
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
            for *_, payload in run(worker, claim, page_size="1"):
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
    read("worker_claim_tasks.sql").prepare(migrated)
    assert hot("UPDATE tasks SET status = 'queued'")
    assert hot("EXECUTE worker_claim_tasks (1)")
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
    search = read("playground_search_text.sql")
    add_users(migrated)
    add_text(migrated, 1, "As campanhas de e-mail/SMS para São Paulo: contato@loja.com.br")
    add_text(migrated, 1, "x " * 50_000 + "longe")
    add_text(migrated, 2, "USER1, user1: ofertas")
    migrated.execute("SET LOCAL enable_seqscan = off")

    def found(words: str, user_id: int = 1) -> int:
        values = {"user_id": user_id, "words": words, "before": "infinity", "before_id": LAST_ID}
        return len(run(migrated, search, **values, page_size=9))

    finds = ("campanha", "Campanhas paulo", "e-mail", '"são paulo"', "sms", "contato@loja.com.br")
    assert [words for words in finds if found(words) != 1] == []
    assert [
        words for words in ("oferta", "longe", "user1", '"paulo campanha"') if found(words)
    ] == []
    assert [found("oferta", user_id=2), found("campanha", user_id=2)] == [1, 0]


@pytest.mark.slow
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
