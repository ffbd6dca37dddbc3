"""What the schema refuses: each constraint by name, with a row that it alone refuses."""

from __future__ import annotations

import contextlib
import threading
import time
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address
from typing import Any
from uuid import RFC_4122

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.json import Jsonb

from tests.support.constraint_rows import (
    ANA,
    CAMPAIGN_OF_ANA,
    DOMAINS,
    NULL_REFUSED_ELSEWHERE,
    OTHER_TASK_OF_ANA,
    ROWS,
    RUI,
    TABLES,
    TASK_OF_ANA,
    WHITE_SPACE,
    Case,
    Row,
    insert,
)
from tests.support.databases import Connection
from tests.support.servers import MIGRATIONS, Server

Cursor = psycopg.Cursor[tuple[Any, ...]]

RULES = [(table, name) for table, rules in TABLES.items() for name in rules]
DOMAIN_RULES = [(domain, name) for domain, rules in DOMAINS.items() for name in rules]

ERRORS: dict[str, type[psycopg.Error]] = {
    "ck": errors.CheckViolation,
    "fk": errors.ForeignKeyViolation,
    "pk": errors.UniqueViolation,
    "uq": errors.UniqueViolation,
}
# RESTRICT raises the first from 18 on, the second before.
RESTRICTED = (errors.RestrictViolation, errors.ForeignKeyViolation)

TIMES = ("created_at", "updated_at")


def update(connection: Connection, table: str, row: Row, assignments: str) -> Cursor:
    """Change one row."""
    return connection.execute(
        f"UPDATE {table} SET {assignments} WHERE id = %s RETURNING *".encode(), [row["id"]]
    )


def stored(cursor: Cursor) -> Row:
    """Return a row as it is stored after a statement."""
    names = [column.name for column in cursor.description or ()]
    return dict(zip(names, cursor.fetchone() or (), strict=True))


def value(connection: Connection, query: str) -> Any:
    """Return the one value that a query answers."""
    (answer,) = connection.execute(query.encode()).fetchone() or (None,)
    return answer


def drop(connection: Connection, table: str, name: str) -> None:
    """Drop a constraint, with the references that need it, or a unique index, or a trigger."""
    statement = "ALTER TABLE {table} DROP CONSTRAINT {name} CASCADE"
    if name.startswith("tr_"):
        statement = "DROP TRIGGER {name} ON {table}"
    elif not value(connection, f"SELECT count(*) FROM pg_constraint WHERE conname = '{name}'"):
        statement = "DROP INDEX {name} CASCADE"
    connection.execute(statement.format(table=table, name=name).encode())


@contextmanager
def undone(connection: Connection) -> Iterator[None]:
    """Roll back what is done inside."""
    with connection.transaction(force_rollback=True):
        yield


def refusal(connection: Connection, action: Callable[[], object]) -> psycopg.Error:
    """Return the error that an action ends in."""
    with pytest.raises(psycopg.Error) as caught, undone(connection):
        action()
    return caught.value


# Each rule by name


@pytest.mark.parametrize(("table", "name"), RULES)
def test_rule_alone_refuses_rows_and_accepts_the_nearest(
    world: Connection, table: str, name: str
) -> None:
    case: Case = TABLES[table][name]
    assert case.refused
    assert case.accepted
    for other in case.without:
        drop(world, table, other)
    if case.first is not None:
        insert(world, table, case.first)

    for row in case.accepted:
        with undone(world):
            insert(world, table, row)
    for row in case.refused:
        error = refusal(world, lambda row=row: insert(world, table, row))  # type: ignore[misc]
        found = (type(error), error.diag.table_name, error.diag.constraint_name)
        assert found == (ERRORS[name[:2]], table, name), f"{str(row)[:200]}: {error}"

    drop(world, table, name)
    for row in case.refused:
        with undone(world):
            insert(world, table, row)


@pytest.mark.parametrize(("domain", "name"), DOMAIN_RULES)
def test_domain_rule_alone_refuses_values_and_accepts_the_nearest(
    migrated: Connection, domain: str, name: str
) -> None:
    cast = f"SELECT %s::text::{domain}".replace("text::valid_uuid", "uuid::valid_uuid").encode()
    values = DOMAINS[domain][name]
    assert values.refused
    assert values.accepted

    assert migrated.execute(cast, [None]).fetchone() == (None,)
    for text in values.accepted:
        with undone(migrated):
            migrated.execute(cast, [text])
    for text in values.refused:
        error = refusal(migrated, lambda text=text: migrated.execute(cast, [text]))  # type: ignore[misc]
        found = (type(error), error.diag.datatype_name, error.diag.constraint_name)
        assert found == (errors.CheckViolation, domain, name), f"{text[:200]}: {error}"

    migrated.execute(f"ALTER DOMAIN {domain} DROP CONSTRAINT {name}".encode())
    for text in values.refused:
        with undone(migrated):
            migrated.execute(cast, [text])


def test_every_rule_of_the_catalogue_has_its_rows(migrated: Connection) -> None:
    of_domains = migrated.execute(
        "SELECT contypid::regtype::text, conname FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace AND contypid <> 0 AND contype <> 'n'"
    ).fetchall()
    of_tables = migrated.execute(
        """
        SELECT conrelid::regclass::text, conname
        FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND conrelid <> 0 AND contype <> 'n'
        UNION
        SELECT i.indrelid::regclass::text, i.indexrelid::regclass::text
        FROM pg_index AS i
        INNER JOIN pg_class AS r ON i.indrelid = r.oid
        WHERE r.relnamespace = 'public'::regnamespace AND i.indisunique
        """
    ).fetchall()
    wanted = [FOR_TABLE.format(*rule) for rule in of_tables if rule not in RULES]
    wanted += [FOR_DOMAIN.format(*rule) for rule in of_domains if rule not in DOMAIN_RULES]
    assert not wanted, "".join([WANTED, *wanted])
    gone = {*RULES, *DOMAIN_RULES} - {*of_tables, *of_domains}
    assert not gone, f"take them out of tests/support/constraint_rows.py: {gone}"


WANTED = """
Add to tests/support/constraint_rows.py the rows that a constraint alone refuses, and the nearest
that it accepts, each as what it changes in the valid row ROWS[table]:
"""
FOR_TABLE = """
TABLES["{0}"]["{1}"] = Case(refused=[{{"column": "value"}}], accepted=[{{"column": "value"}}])
"""
FOR_DOMAIN = """
DOMAINS["{0}"]["{1}"] = Values(refused=["value"], accepted=["value"])
"""


def test_rows_that_are_missing_are_asked_for_by_file_and_line(migrated: Connection) -> None:
    migrated.execute("ALTER TABLE users ADD CONSTRAINT ck_users_new CHECK (id > 0)")
    migrated.execute("ALTER DOMAIN valid_url ADD CONSTRAINT ck_valid_url_new CHECK (value > '')")
    with pytest.raises(AssertionError) as asked:
        test_every_rule_of_the_catalogue_has_its_rows(migrated)
    words = str(asked.value)
    assert "Add to tests/support/constraint_rows.py" in words
    assert 'TABLES["users"]["ck_users_new"] = Case(refused=[{"column": "value"}]' in words
    assert 'DOMAINS["valid_url"]["ck_valid_url_new"] = Values(refused=["value"]' in words


def test_there_are_enough_named_checks(migrated: Connection) -> None:
    checks = value(migrated, "SELECT count(*) FROM pg_constraint WHERE conname ~ '^ck_'")
    assert checks > 100 + sum(map(len, DOMAINS.values()))


@pytest.mark.parametrize("table", TABLES)
def test_null_is_refused_but_where_it_has_a_meaning(world: Connection, table: str) -> None:
    columns = world.execute(
        """
        SELECT attname, attnotnull, attidentity <> '' OR attname = 'id'
        FROM pg_attribute
        WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
        """,
        [table],
    ).fetchall()
    other_body = {"content_type": "data", "file_url": "https://a", "storage_provider": "s3"}
    for column, is_required, in_key in columns:
        row = {column: None} | (other_body if column == "content_text" else {})
        if not is_required:
            with undone(world):
                insert(world, table, row)
            continue
        error = refusal(world, lambda row=row: insert(world, table, row))  # type: ignore[misc]
        assert isinstance(error, errors.NotNullViolation), (column, error)
        assert (error.diag.table_name, error.diag.column_name) == (table, column)
        if not in_key and (table, column) not in NULL_REFUSED_ELSEWHERE:
            with undone(world):
                world.execute(f"ALTER TABLE {table} ALTER {column} DROP NOT NULL".encode())
                insert(world, table, row)


# Values that no list exhausts


@pytest.fixture
def caster(migrated: Connection) -> Connection:
    """A migrated database with a function that casts, and says how long a refusal takes."""
    migrated.execute(
        """
        CREATE FUNCTION pg_temp.refused_after(domain regtype, candidate text) RETURNS interval
        LANGUAGE plpgsql AS $$
        DECLARE
            start timestamptz := clock_timestamp();
        BEGIN
            EXECUTE format('SELECT $1::%s', domain) USING candidate;
            RETURN NULL;
        EXCEPTION WHEN check_violation THEN
            RETURN clock_timestamp() - start;
        END
        $$
        """
    )
    return migrated


def accepted(caster: Connection, domain: str, candidate: str) -> bool:
    """Return whether a domain accepts a value."""
    query = "SELECT pg_temp.refused_after(%s::regtype, %s)"
    return caster.execute(query, [domain, candidate]).fetchone() == (None,)


def examples(number: int) -> settings:
    """Return how many examples to try; a connection serves them all."""
    return settings(
        max_examples=number,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )


def is_semantic_version(text: str) -> bool:
    """Say what semver.org says, without its regular expression."""

    def number(part: str) -> bool:
        return part.isascii() and part.isdigit() and (part == "0" or part[0] != "0")

    def identifier(part: str) -> bool:
        return part != "" and part.isascii() and part.replace("-", "a").isalnum()

    rest, plus, build = text.partition("+")
    core, hyphen, release = rest.partition("-")
    return (
        len(text) <= 255
        and core.count(".") == 2
        and all(map(number, core.split(".")))
        and (not plus or all(map(identifier, build.split("."))))
        and (
            not hyphen
            or all(
                identifier(part) and (not part.isdigit() or number(part))
                for part in release.split(".")
            )
        )
    )


@examples(100)
@given(
    st.one_of(
        st.text("0123ab.-+", max_size=12),
        st.tuples(
            st.from_regex(r"[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{1,2}", fullmatch=True),
            st.text("01a.-+\n ", max_size=8),
        ).map("".join),
    )
)
def test_semantic_version_is_what_semver_says(caster: Connection, text: str) -> None:
    assert accepted(caster, "semantic_version", text) == is_semantic_version(text)


LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
ATOM = st.text("abz019!#$%&'*+/=?^_`{|}~-", min_size=1, max_size=12)
EMAIL = st.builds(
    lambda local, labels, last: f"{'.'.join(local)}@{'.'.join([*labels, last])}",
    st.lists(ATOM, min_size=1, max_size=3),
    st.lists(LABEL, min_size=1, max_size=3),
    st.text("abcxyz", min_size=2, max_size=10),
)


@examples(100)
@given(EMAIL, st.data())
def test_email_of_atoms_and_labels_is_accepted_and_with_any_other_character_refused(
    caster: Connection, email: str, data: st.DataObject
) -> None:
    assert accepted(caster, "valid_email", email)
    place = data.draw(st.integers(0, len(email)))
    other = data.draw(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
    if other not in "abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+/=?^_`{|}~-.":
        assert not accepted(caster, "valid_email", email[:place] + other + email[place:])


HOST = st.one_of(
    st.builds(
        lambda labels, last: ".".join([*labels, last]),
        st.lists(LABEL, max_size=3),
        st.from_regex(r"[a-z]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True),
    ),
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(lambda address: f"[{address}]"),
    st.ip_addresses(v=6).map(lambda address: f"[{address.exploded}]"),
)
TAIL = st.text(
    st.characters(min_codepoint=33, exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp"]), max_size=9
).map(lambda text: text.replace("\\", ""))
URLS = st.tuples(
    st.sampled_from(["http://", "https://", "HTTPS://"]),
    HOST,
    st.one_of(st.just(""), st.integers(1, 65535).map(lambda port: f":{port}")),
    st.one_of(st.just(""), st.tuples(st.sampled_from("/?#"), TAIL).map("".join)),
)


@examples(100)
@given(URLS, st.data())
def test_url_of_its_parts_is_accepted_and_refused_with_what_is_never_in_one(
    caster: Connection, parts: tuple[str, str, str, str], data: st.DataObject
) -> None:
    url = "".join(parts)
    assert accepted(caster, "valid_url", url)
    place = data.draw(st.integers(0, len(url)))
    other = data.draw(st.sampled_from([*WHITE_SPACE, "\\", "\x01", "\x1f", "\x7f", "\x80", "\x9f"]))
    assert not accepted(caster, "valid_url", url[:place] + other + url[place:])
    scheme, *rest = parts
    assert not accepted(caster, "valid_url", f"{scheme}user@{''.join(rest)}")


@examples(100)
@given(
    st.lists(
        st.sampled_from(["", "", "0", "1", "a", "ffff", "FFFF", "12345", "g", "1.2.3.4", "1.2.3"]),
        min_size=2,
        max_size=10,
    ).map(":".join)
)
def test_ipv6_host_is_what_the_standard_library_takes_for_one(
    caster: Connection, address: str
) -> None:
    try:
        expected = bool(IPv6Address(address))
    except ValueError:
        expected = False
    assert accepted(caster, "valid_url", f"http://[{address}]/") == expected


def test_every_character_is_white_space_or_a_control_or_neither(migrated: Connection) -> None:
    # Beyond the first plane there are none of either.
    blank, control = migrated.execute(
        """
        SELECT
            string_agg(chr(i), '' ORDER BY i) FILTER (WHERE NOT not_blank(chr(i))),
            string_agg(chr(i), '' ORDER BY i) FILTER (WHERE NOT no_control_characters(chr(i)))
        FROM generate_series(1, 65535) AS i
        WHERE i NOT BETWEEN 55296 AND 57343
        """
    ).fetchone() or ("", "")
    assert blank == "".join(sorted(WHITE_SPACE))
    assert control == "".join(
        chr(code) for code in range(1, 65536) if unicodedata.category(chr(code)) == "Cc"
    )


def test_blank_text_of_any_length_is_blank(migrated: Connection) -> None:
    for blanks in (99, 100, 101, 1_000_000):
        assert value(migrated, f"SELECT not_blank(repeat(chr(8195), {blanks}))") is False
        assert value(migrated, f"SELECT not_blank(repeat(chr(8195), {blanks}) || '.')") is True


# Each makes a matcher that goes back over what it read do so at every step.
HOSTILE = [
    "a" * 10_000,
    "a." * 5_000,
    "a-" * 5_000,
    "a_" * 5_000,
    "-" * 10_000,
    "@" * 10_000,
    "$" * 10_000,
    " " * 10_000,
    "../" * 3_333,
    "a@" + "a." * 4_999,
    "http://" + "a." * 4_990,
    "http://[" + ":" * 9_990,
    "http://a/" + "?" * 9_990,
    "1.0.0-" + "0a." * 3_330,
    "$2b$" + "a$" * 4_990,
    # As long as the rule lets them be, and wrong at the end.
    "a@" + "a-" * 125 + "!",
    "a." * 32 + "@",
    "http://" + "a-" * 1_020,
    "http://[" + "f:" * 1_015 + "]",
    "http://a:" + "9" * 2_030,
    "1.0.0-" + "0a." * 82 + "!",
    "1.0.0+" + "-" * 248 + "!",
    "$2b$" + "a$" * 125,
    "a_" * 25,
    " " * 4_095 + "s",
]


@pytest.mark.parametrize("domain", ["valid_email", "valid_url", "semantic_version", "sha256_hash"])
def test_hostile_value_is_refused_by_a_domain_within_a_millisecond(
    caster: Connection, domain: str
) -> None:
    query = "SELECT pg_temp.refused_after(%s::regtype, %s) FROM generate_series(1, 15)"
    for hostile in HOSTILE:
        # The best of some: the machine may have other things to do.
        takes = caster.execute(query, [domain, hostile]).fetchall()
        times = [interval for (interval,) in takes if interval is not None]
        assert len(times) == len(takes), f"accepted: {hostile[:20]}"
        assert min(times) < timedelta(milliseconds=1), hostile[:20]


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("task_types", "type_name"),
        ("users", "password_hash"),
        ("users", "full_name"),
        ("tasks", "error_code"),
        ("api_keys", "encrypted_key"),
        ("generated_content", "mime_type"),
        ("generated_content", "original_filename"),
        ("generated_content", "storage_path"),
    ],
)
def test_hostile_value_costs_a_row_little_more_than_its_length(
    world: Connection, table: str, column: str
) -> None:
    also = {"storage_provider": "s3"} if column == "storage_path" else {}
    for hostile in HOSTILE:
        times = []
        for _ in range(3):
            start = time.perf_counter()
            with contextlib.suppress(errors.CheckViolation), undone(world):
                insert(world, table, {column: hostile} | also)
            times.append(time.perf_counter() - start)
        # A few milliseconds are the way there and back; a matcher that goes back takes seconds.
        assert min(times) < 0.05, hostile[:20]


# Identifiers


def test_new_id_is_a_uuid_of_version_7_by_the_servers_clock(migrated: Connection) -> None:
    before = value(migrated, "SELECT clock_timestamp()")
    ids = [
        value(migrated, "SELECT id FROM (SELECT new_id() AS id, pg_sleep(0.0001)) AS i")
        for _ in range(50)
    ]
    after = value(migrated, "SELECT clock_timestamp()")

    assert {(an_id.version, an_id.variant) for an_id in ids} == {(7, RFC_4122)}
    assert ids == sorted(set(ids))
    times = [datetime.fromtimestamp((an_id.int >> 80) / 1000, UTC) for an_id in ids]
    assert before - timedelta(milliseconds=1) <= times[0] <= times[-1] <= after
    # 12 bits for a millisecond's fraction, then 62 at random.
    fractions = {an_id.int >> 64 & 0xFFF for an_id in ids}
    assert len(fractions) > 25
    assert len({an_id.int & (1 << 62) - 1 for an_id in ids}) == len(ids)


@pytest.mark.parametrize("table", ["campaigns", "agents", "tasks", "api_keys", "generated_content"])
def test_row_without_an_id_gets_a_new_one(world: Connection, table: str) -> None:
    assert stored(insert(world, table, {}))["id"].version == 7


# References


# The references that keep the row that is referred to: the names, and the columns on both sides.
KEEPING = """
    SELECT
        c.conname, c.conrelid::regclass::text, c.confrelid::regclass::text,
        array(
            SELECT a.attname FROM unnest(c.conkey) WITH ORDINALITY AS k (n, i)
            INNER JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND k.n = a.attnum ORDER BY i
        ),
        array(
            SELECT a.attname FROM unnest(c.confkey) WITH ORDINALITY AS k (n, i)
            INNER JOIN pg_attribute AS a ON a.attrelid = c.confrelid AND k.n = a.attnum ORDER BY i
        )
    FROM pg_constraint AS c
    WHERE c.contype = 'f' AND c.confdeltype = 'r' AND c.connamespace = 'public'::regnamespace
"""


def test_row_in_use_is_kept_by_each_reference_that_restricts(world: Connection) -> None:
    references = world.execute(KEEPING).fetchall()
    assert len(references) >= 9
    for name, table, lookup, columns, referred in references:
        with undone(world):
            assert_kept(world, name, table, lookup, dict(zip(columns, referred, strict=True)))


def assert_kept(
    world: Connection, name: str, table: str, lookup: str, columns: Mapping[str, str]
) -> None:
    kept = stored(insert(world, lookup, {}))
    row = stored(insert(world, table, {each: kept[other] for each, other in columns.items()}))
    delete = f"DELETE FROM {lookup} WHERE id = {kept['id']}".encode()
    error = refusal(world, lambda: world.execute(delete))
    assert isinstance(error, RESTRICTED), f"{name}: {error}"
    assert error.diag.constraint_name == name

    if "id" in columns.values():
        error = refusal(world, lambda: update(world, lookup, kept, "id = 9999"))
        assert isinstance(error, errors.ForeignKeyViolation), f"{name}: {error}"
        assert error.diag.constraint_name == name

    world.execute(f"DELETE FROM {table} WHERE id = %s".encode(), [row["id"]])
    assert world.execute(delete).rowcount == 1


def test_renaming_a_provider_renames_it_in_its_models(world: Connection) -> None:
    world.execute("UPDATE ai_providers SET provider_name = 'renamed' WHERE id = 9001")
    assert world.execute("SELECT provider FROM provider_models WHERE id = 9001").fetchone() == (
        "renamed",
    )


def test_deleting_a_user_deletes_all_that_is_theirs(world: Connection) -> None:
    insert(world, "tasks", {"campaign_id": CAMPAIGN_OF_ANA})
    insert(world, "agents", {})
    insert(world, "api_keys", {})
    insert(world, "generated_content", {})
    insert(world, "agents", {"user_id": RUI})

    world.execute("DELETE FROM users WHERE id = %s", [ANA])
    for table, left in {
        "campaigns": 1,
        "tasks": 1,
        "agents": 1,
        "api_keys": 0,
        "generated_content": 0,
    }.items():
        assert world.execute(
            f"SELECT count(*), coalesce(sum(user_id), 0) FROM {table}".encode()
        ).fetchone() == (left, left * RUI), table


def test_deleting_a_campaign_leaves_its_tasks_with_their_user(world: Connection) -> None:
    task = stored(insert(world, "tasks", {"campaign_id": CAMPAIGN_OF_ANA}))
    world.execute("DELETE FROM campaigns WHERE id = %s", [CAMPAIGN_OF_ANA])
    assert world.execute(
        "SELECT user_id, campaign_id FROM tasks WHERE id = %s", [task["id"]]
    ).fetchone() == (ANA, None)


def test_deleting_a_task_deletes_its_content(world: Connection) -> None:
    insert(world, "generated_content", {})
    kept = stored(insert(world, "generated_content", {"task_id": OTHER_TASK_OF_ANA}))
    world.execute("DELETE FROM tasks WHERE id = %s", [TASK_OF_ANA])
    assert world.execute("SELECT id FROM generated_content").fetchall() == [(kept["id"],)]


def test_task_changes_hands_neither_with_its_content_nor_with_its_campaign(
    world: Connection,
) -> None:
    insert(world, "generated_content", {})
    filed = stored(insert(world, "tasks", {"campaign_id": CAMPAIGN_OF_ANA}))
    for task, name in {
        TASK_OF_ANA: "fk_generated_content_task_id",
        filed["id"]: "fk_tasks_campaign_id",
    }.items():
        error = refusal(
            world,
            lambda task=task: world.execute(  # type: ignore[misc]
                "UPDATE tasks SET user_id = %s WHERE id = %s", [RUI, task]
            ),
        )
        assert error.diag.constraint_name == name


# Times


@pytest.mark.parametrize("table", TABLES)
def test_update_sets_updated_at_whatever_the_client_says(world: Connection, table: str) -> None:
    row = stored(insert(world, table, {}))
    for assignment in ("id = id", "updated_at = '2020-01-01'", "updated_at = 'infinity'"):
        before = value(world, "SELECT clock_timestamp()")
        changed = stored(update(world, table, row, assignment))
        after = value(world, "SELECT clock_timestamp()")
        assert before <= changed.pop("updated_at") <= after
        assert changed == {name: value for name, value in row.items() if name != "updated_at"}


@pytest.mark.parametrize("table", TABLES)
def test_clock_that_runs_ahead_is_set_back_and_one_behind_is_believed(
    world: Connection, table: str
) -> None:
    now = value(world, "SELECT now()")
    for ahead in (now + timedelta(hours=1), "infinity", now + timedelta(microseconds=1)):
        with undone(world):
            row = stored(insert(world, table, dict.fromkeys(TIMES, ahead)))
            assert (row["created_at"], row["updated_at"]) == (now, now)
            row = stored(update(world, table, row, "created_at = '2100-01-01'"))
            assert row["created_at"] == now
    with undone(world):
        behind = now - timedelta(hours=1)
        row = stored(insert(world, table, dict.fromkeys(TIMES, behind)))
        assert (row["created_at"], row["updated_at"]) == (behind, behind)
        row = stored(update(world, table, row, "created_at = created_at - interval '1 day'"))
        assert row["created_at"] == behind - timedelta(days=1)


@pytest.mark.parametrize("table", TABLES)
def test_without_times_a_row_has_the_transactions(world: Connection, table: str) -> None:
    row = {name: value for name, value in ROWS[table].items() if name not in TIMES}
    values = ", ".join(["%s"] * len(row))
    inserted = world.execute(
        f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values}) RETURNING *".encode(),
        list(row.values()),
    )
    times = stored(inserted)
    assert times["created_at"] == times["updated_at"] == value(world, "SELECT now()")


def test_row_by_a_clock_ahead_takes_times_by_the_servers(world: Connection) -> None:
    # An application that sends its own time does so after its transaction has begun.
    now = value(world, "SELECT now()")
    for ahead in (timedelta(microseconds=1), timedelta(milliseconds=5), timedelta(days=1)):
        with undone(world):
            user = stored(insert(world, "users", dict.fromkeys(TIMES, now + ahead)))
            changed = stored(
                update(world, "users", user, "last_login_at = now(), email_verified_at = now()")
            )
            assert changed["created_at"] <= changed["last_login_at"] <= changed["updated_at"]


def test_old_transaction_leaves_a_newer_rows_time_alone(migrated_database: str) -> None:
    with psycopg.connect(migrated_database) as old, psycopg.connect(migrated_database) as new:
        old.execute("SELECT now()")
        created = stored(insert(new, "users", dict.fromkeys(TIMES, datetime.max)))
        new.commit()
        changed = stored(update(old, "users", created, "full_name = 'Ana'"))
        assert changed["created_at"] == created["created_at"]
        assert changed["updated_at"] > created["updated_at"]


def test_clock_that_went_back_lowers_what_is_ahead_of_it(world: Connection) -> None:
    user = stored(insert(world, "users", {}))
    world.execute("ALTER TABLE users DISABLE TRIGGER tr_users_row_times")
    update(world, "users", user, "created_at = '2100-01-01', updated_at = '2100-01-01'")
    world.execute("ALTER TABLE users ENABLE TRIGGER tr_users_row_times")

    changed = stored(update(world, "users", user, "full_name = 'Ana'"))
    assert changed["created_at"] == changed["updated_at"]
    assert changed["created_at"] < value(world, "SELECT clock_timestamp()")


# Task types and the models that list them

EXIST = ("provider_models", "tr_provider_models_list_existing")
LISTED = ("task_types", "tr_task_types_stay_listed")
TRUNCATED = ("task_types", "tr_task_types_stay_with_models")


def assert_refused_by(error: psycopg.Error, trigger: tuple[str, str]) -> None:
    assert isinstance(error, errors.ForeignKeyViolation), error
    assert error.diag.schema_name == "public"
    assert (error.diag.table_name, error.diag.constraint_name) == trigger


def lists(*names: str) -> Row:
    """Return what a model that lists these types has of its own."""
    return {"task_types": Jsonb(list(names))}


def test_model_lists_task_types_that_exist(world: Connection) -> None:
    for names in (("no_type",), ("first_type", "no_type"), ("First_type",), ("",)):
        error = refusal(
            world,
            lambda names=names: insert(world, "provider_models", lists(*names)),  # type: ignore[misc]
        )
        assert_refused_by(error, EXIST)
        assert error.diag.column_name == "task_types"
    row = stored(insert(world, "provider_models", lists("first_type", "second_type")))
    error = refusal(
        world,
        lambda: update(world, "provider_models", row, """task_types = '["first_type", "x"]'"""),
    )
    assert_refused_by(error, EXIST)
    assert '"x"' in str(error)
    update(world, "provider_models", row, """task_types = '["second_type", "first_type"]'""")
    update(world, "provider_models", row, "is_active = false")


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM task_types WHERE type_name = 'first_type'",
        "DELETE FROM task_types",
        "UPDATE task_types SET type_name = 'renamed' WHERE type_name = 'first_type'",
        "UPDATE task_types SET type_name = type_name || '_2'",
    ],
)
def test_listed_task_type_is_neither_deleted_nor_renamed(world: Connection, statement: str) -> None:
    error = refusal(world, lambda: world.execute(statement.encode()))
    assert_refused_by(error, LISTED)
    assert error.diag.message_hint


def test_task_type_that_no_model_lists_may_go_or_change(world: Connection) -> None:
    world.execute("UPDATE task_types SET type_name = 'renamed' WHERE type_name = 'second_type'")
    world.execute("UPDATE task_types SET description = 'y' WHERE type_name = 'first_type'")
    world.execute("UPDATE task_types SET type_name = type_name")
    world.execute("DELETE FROM task_types WHERE type_name = 'renamed'")


def test_one_statement_may_change_both_sides(world: Connection) -> None:
    world.execute(
        """
        WITH model AS (
            UPDATE provider_models SET task_types = '["renamed"]' WHERE id = 9001
        )
        UPDATE task_types SET type_name = 'renamed' WHERE type_name = 'first_type'
        """
    )
    world.execute(
        """
        WITH model AS (DELETE FROM provider_models WHERE id = 9001)
        DELETE FROM task_types WHERE type_name = 'renamed'
        """
    )


def test_task_types_are_truncated_with_the_models_or_not_at_all(world: Connection) -> None:
    error = refusal(world, lambda: world.execute("TRUNCATE task_types CASCADE"))
    assert_refused_by(error, TRUNCATED)
    world.execute("TRUNCATE task_types, provider_models CASCADE")


def test_outsider_cannot_hang_a_rule_that_runs_as_its_owner_on_a_table_of_his_own(
    migrated_database: str, pg: Server
) -> None:
    dbname = str(conninfo_to_dict(migrated_database)["dbname"])
    with pg.connect() as superuser:
        superuser.execute("CREATE ROLE outsider LOGIN")
    try:
        with psycopg.connect(pg.dsn(dbname, "outsider")) as outsider:
            outsider.execute("CREATE TEMP TABLE models (task_types jsonb)")
            for function in ("provider_models_list_existing", "task_types_stay_listed"):
                hang = f"CREATE TRIGGER a AFTER INSERT ON models EXECUTE FUNCTION {function}()"
                error = refusal(outsider, lambda hang=hang: outsider.execute(hang.encode()))  # type: ignore[misc]
                assert isinstance(error, errors.InsufficientPrivilege), error
            mine = "CREATE TEMP TABLE a (email valid_email)"
            error = refusal(outsider, lambda: outsider.execute(mine.encode()))
            assert isinstance(error, errors.InsufficientPrivilege), error
    finally:
        with pg.connect() as superuser:
            superuser.execute("DROP ROLE outsider")


LISTING = (
    b"INSERT INTO provider_models (provider, model_name, task_types) "
    b"VALUES ('openai', gen_random_uuid(), '[\"%s\"]')"
)


def test_rule_on_task_types_holds_for_a_role_that_sees_one_table(
    migrated_database: str, pg: Server
) -> None:
    dbname = conninfo_to_dict(migrated_database)["dbname"]
    with psycopg.connect(pg.dsn(str(dbname), pg.user)) as superuser, undone(superuser):
        superuser.execute("CREATE ROLE of_models; CREATE ROLE of_types")
        superuser.execute("GRANT INSERT ON provider_models TO of_models")
        # What the rules of values are, they who write execute; of the triggers, nobody.
        rules = "not_blank(text), is_array_of_strings(jsonb), has_distinct_elements(jsonb)"
        superuser.execute(f"GRANT EXECUTE ON FUNCTION {rules} TO of_models".encode())
        superuser.execute("GRANT SELECT, DELETE ON task_types TO of_types")
        superuser.execute("SET LOCAL ROLE of_models")
        superuser.execute(LISTING % b"translation")
        error = refusal(superuser, lambda: superuser.execute(LISTING % b"no_type"))
        assert_refused_by(error, EXIST)
        superuser.execute("SET LOCAL ROLE of_types")
        error = refusal(
            superuser,
            lambda: superuser.execute("DELETE FROM task_types WHERE type_name = 'translation'"),
        )
        assert_refused_by(error, LISTED)


def test_rule_on_task_types_is_not_laid_over_rows_that_break_it(world: Connection) -> None:
    (path,) = MIGRATIONS.glob("0014.*exist.sql")
    world.execute(path.with_suffix(".rollback.sql").read_bytes())
    with undone(world):
        world.execute(path.read_bytes())
    insert(world, "provider_models", lists("first_type", "no_type"))
    error = refusal(world, lambda: world.execute(path.read_bytes()))
    assert isinstance(error, errors.ForeignKeyViolation), error
    assert '"no_type"' in str(error)


LIST = (
    "INSERT INTO provider_models (provider, model_name, task_types) "
    "VALUES ('openai', 'new', '[\"contested\"]')"
)
RELIST = (
    "UPDATE provider_models SET task_types = task_types || '[\"contested\"]' "
    "WHERE model_name = 'gpt-4o'"
)
DELETE = "DELETE FROM task_types WHERE type_name = 'contested'"
RENAME = "UPDATE task_types SET type_name = 'renamed' WHERE type_name = 'contested'"
RACES = [
    (first, second)
    for one in (LIST, RELIST)
    for other in (DELETE, RENAME)
    for first, second in ((one, other), (other, one))
]


@pytest.mark.parametrize(
    "level",
    [
        psycopg.IsolationLevel.READ_COMMITTED,
        psycopg.IsolationLevel.REPEATABLE_READ,
        psycopg.IsolationLevel.SERIALIZABLE,
    ],
    ids=lambda level: level.name.lower(),
)
def test_two_sessions_cannot_list_and_delete_a_task_type(
    migrated_database: str, level: psycopg.IsolationLevel
) -> None:
    with (
        psycopg.connect(migrated_database) as one,
        psycopg.connect(migrated_database) as two,
        psycopg.connect(migrated_database, autocommit=True) as watcher,
    ):
        one.isolation_level = two.isolation_level = level
        watcher.execute(
            "INSERT INTO task_types (type_name, description, category) "
            "VALUES ('contested', 'x', 'content')"
        )
        for first, second in RACES:
            for waits in (True, False):
                refused = race(one, two, watcher, first, second, waits=waits)
                expected = (
                    errors.ForeignKeyViolation
                    if level is psycopg.IsolationLevel.READ_COMMITTED
                    else (errors.SerializationFailure, errors.ForeignKeyViolation)
                )
                assert isinstance(refused, expected), (first, second, waits, refused)
                assert not dangling(watcher), (first, second, waits)
                watcher.execute("DELETE FROM provider_models WHERE model_name = 'new'")
                watcher.execute("UPDATE provider_models SET task_types = task_types - 'contested'")
                watcher.execute(
                    "DELETE FROM task_types WHERE type_name IN ('contested', 'renamed')"
                )
                watcher.execute(
                    "INSERT INTO task_types (type_name, description, category) "
                    "VALUES ('contested', 'x', 'content')"
                )


def race(
    one: Connection, two: Connection, watcher: Connection, first: str, second: str, *, waits: bool
) -> psycopg.Error | None:
    """Run two statements in two transactions that overlap; return the second's error.

    The second has its snapshot before the first commits. It runs while the first is open, and so
    waits for it, or right after its commit.
    """
    two.execute("SELECT count(*) FROM provider_models")
    one.execute(first.encode())
    caught: list[psycopg.Error] = []

    def run() -> None:
        try:
            two.execute(second.encode())
            two.commit()
        except psycopg.Error as error:
            two.rollback()
            caught.append(error)

    thread = threading.Thread(target=run)
    if waits:
        thread.start()
        deadline = time.monotonic() + 10
        blockers = f"SELECT pg_blocking_pids({two.info.backend_pid})"
        while one.info.backend_pid not in value(watcher, blockers):
            assert time.monotonic() < deadline
            assert thread.is_alive(), "the second did not wait for the first"
    one.commit()
    if not waits:
        thread.start()
    thread.join(10)
    assert not thread.is_alive()
    return caught[0] if caught else None


def dangling(connection: Connection) -> list[tuple[Any, ...]]:
    """Return the task types that models list and that are not there."""
    return connection.execute(
        """
        SELECT e.listed
        FROM provider_models AS m
        CROSS JOIN LATERAL jsonb_array_elements_text(m.task_types) AS e (listed)
        WHERE e.listed NOT IN (SELECT t.type_name FROM task_types AS t)
        """
    ).fetchall()
