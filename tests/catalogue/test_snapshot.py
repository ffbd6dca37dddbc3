"""sql/schema.sql says what the migrations make, and notices whatever is taken away."""

from __future__ import annotations

import subprocess
from pathlib import Path

import psycopg
import pytest

from migrator.catalogue import snapshot
from migrator.core.session import open_session
from migrator.core.target import Target
from migrator.server import binaries
from tests.support.servers import ROOT, clean_environment

SNAPSHOT = ROOT / "sql" / "schema.sql"

# One of each kind of object that a saboteur may take; each must be missed by name.
SABOTAGE = {
    "ALTER TABLE tasks DROP CONSTRAINT ck_tasks_status": (
        "table tasks: constraint ck_tasks_status is missing"
    ),
    "ALTER TABLE tasks ALTER COLUMN status DROP DEFAULT": (
        "table tasks: column status differs: expected "
    ),
    "ALTER TABLE campaigns ALTER COLUMN name DROP NOT NULL": "table campaigns: column name differs",
    "ALTER TABLE agents DROP CONSTRAINT fk_agents_type_id": (
        "table agents: constraint fk_agents_type_id is missing"
    ),
    "ALTER TABLE users DROP CONSTRAINT uq_users_email": (
        "table users: constraint uq_users_email is missing"
    ),
    "ALTER TABLE users ADD COLUMN stray integer": "table users: column stray is unexpected",
    "DROP INDEX idx_tasks_queue": "table tasks: index idx_tasks_queue is missing",
    "DROP TRIGGER tr_users_row_times ON users": (
        "table users: trigger tr_users_row_times is missing"
    ),
    "ALTER TABLE api_keys DISABLE TRIGGER tr_api_keys_row_times": (
        "table api_keys: trigger tr_api_keys_row_times differs"
    ),
    "ALTER DOMAIN valid_email DROP CONSTRAINT ck_valid_email_form": (
        "domain valid_email: constraint ck_valid_email_form is missing"
    ),
    "COMMENT ON COLUMN users.email IS NULL": "table users: column email differs in its comment",
    "COMMENT ON TABLE agents IS 'something else'": "table agents differs in its comment: expected ",
    "DROP VIEW index_usage_stats": "view index_usage_stats is missing",
    "ALTER FUNCTION new_id() STABLE": "function new_id() differs",
    "CREATE TABLE stray (id integer)": "table stray is unexpected",
}


def found_in(conninfo: str) -> list[str]:
    target = Target.parse(conninfo, "test")
    session = open_session(target)
    with session.connection:
        told = snapshot.compare(snapshot.load(SNAPSHOT), target, session)
        return [each.words for each in told]


def dump_of(conninfo: str) -> str:
    target = Target.parse(conninfo, "test")
    session = open_session(target)
    with session.connection:
        return snapshot.render(snapshot.dump(target, session))


def test_is_what_the_migrations_make_to_the_letter(migrated_database: str) -> None:
    assert dump_of(migrated_database) == SNAPSHOT.read_text(encoding="utf-8")


def test_misses_what_is_taken_away_by_name(migrated_database: str) -> None:
    with psycopg.connect(migrated_database, autocommit=True) as connection:
        for statement in SABOTAGE:
            connection.execute(statement)
    told = "\n".join(found_in(migrated_database))
    assert [name for name in SABOTAGE.values() if name not in told] == []


NAMES = {
    "constraint": "SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace"
    " AND contype <> 'n' AND (conrelid <> 0 OR contypid <> 0)",
    "index": "SELECT indexname FROM pg_indexes WHERE schemaname = 'public'",
    "trigger": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
    "comment": "SELECT description FROM pg_description AS d JOIN pg_class AS c ON c.oid = d.objoid"
    " WHERE d.classoid = 'pg_class'::regclass AND c.relnamespace = 'public'::regnamespace"
    " AND NOT EXISTS (SELECT FROM pg_depend AS e WHERE e.objid = c.oid AND e.deptype = 'e')",
}


@pytest.mark.parametrize("kind", NAMES)
def test_names_everything_that_the_catalogue_has(
    kind: str, migrated: psycopg.Connection[tuple[str]]
) -> None:
    text = SNAPSHOT.read_text(encoding="utf-8")
    names = [row[0] for row in migrated.execute(NAMES[kind])]
    assert names
    assert [name for name in names if name.replace("'", "''") not in text] == []


def test_forgives_only_what_requires_an_absent_extension(migrated_database: str) -> None:
    with psycopg.connect(migrated_database, autocommit=True) as connection:
        connection.execute("DROP EXTENSION pg_trgm CASCADE")
        assert found_in(migrated_database) == []
        connection.execute("CREATE EXTENSION pg_trgm")
    missed = found_in(migrated_database)
    assert missed
    assert all("trigram" in line for line in missed)


def test_can_be_run_by_psql_and_makes_the_same_schema(empty_database: str, tmp_path: Path) -> None:
    psql = binaries.find_program("psql")
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION pg_trgm SCHEMA public")
    subprocess.run(
        [str(psql), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", empty_database, "-f", SNAPSHOT],
        check=True,
        env=clean_environment(),
        cwd=tmp_path,
    )
    assert found_in(empty_database) == []
