"""Connections: what is set elsewhere bends none, and no variable reaches one that it is not for."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from migrator.core.errors import Refused
from migrator.core.session import for_program, open_connection, open_session
from migrator.core.target import Target, resolve, resolve_other
from tests.support import poolers
from tests.support.commands import call, finish, launch, said
from tests.support.databases import applied, name_of, rows, run, superuser
from tests.support.servers import Server, newest
from tests.support.sets import THREE, MigrationSet

# Each of them changes how one of the values below is written, or which is read.
BENDING = {
    "datestyle": "German, DMY",
    "intervalstyle": "sql_standard",
    "timezone": "Asia/Kathmandu",
    "bytea_output": "escape",
    "extra_float_digits": "0",
    "lc_monetary": "POSIX",
    "xmlbinary": "hex",
    "quote_all_identifiers": "on",
    "standard_conforming_strings": "off",
    "search_path": "elsewhere",
    "client_encoding": "latin1",
}
VALUES = r"""
SELECT
    timestamptz '2026-02-01 12:00+00', date '2026-02-01', interval '1 day 2 hours',
    '\x61ff'::bytea, 0.1::float8 + 0.2::float8, format('%I', 'tasks'), 'a\b', length('é'),
    current_setting('xmlbinary'), current_setting('lc_monetary'),
    pg_get_viewdef('public.seen'::regclass),
    'public.seen'::regclass
"""
LIMITS = {
    "idle_session_timeout": "50ms",
    "idle_in_transaction_session_timeout": "50ms",
    "statement_timeout": "50ms",
    "transaction_timeout": "50ms",
}


def as_text(connection: psycopg.Connection[Any]) -> list[bytes | None]:
    """Return values as the server writes them."""
    result = connection.pgconn.exec_(VALUES.encode())
    assert result.ntuples == 1, result.error_message
    return [result.get_value(0, column) for column in range(result.nfields)]


def set_for_role(pg: Server, database: str, name: str, value: str) -> None:
    """Set something for the role, as its own ALTER ROLE would."""
    by = pg.dsn(name_of(database), pg.user)
    run(by, f"ALTER ROLE owner IN DATABASE {name_of(database)} SET {name} TO '{value}'")


@pytest.fixture
def bent(empty_database: str) -> str:
    """A database with a view, and a schema that might come first."""
    run(
        empty_database,
        "CREATE TABLE public.tasks (id int)",
        "CREATE VIEW public.seen AS SELECT id FROM public.tasks",
        "CREATE SCHEMA elsewhere",
    )
    return empty_database


def test_nothing_that_is_set_for_a_role_changes_what_the_tool_reads(pg: Server, bent: str) -> None:
    with open_connection(Target.parse(bent, "test")) as connection:
        expected = as_text(connection)
    assert expected[0] == b"2026-02-01 12:00:00+00"
    with psycopg.connect(bent) as connection:
        plainly = as_text(connection)
    for name, value in BENDING.items():
        set_for_role(pg, bent, name, value)
    with psycopg.connect(bent) as connection:
        same = [a for a, b in zip(as_text(connection), plainly, strict=True) if a == b]
    assert same == []
    with open_connection(Target.parse(bent, "test")) as connection:
        assert as_text(connection) == expected


@pytest.mark.parametrize("limit", LIMITS)
def test_no_limit_of_the_roles_ends_a_connection_of_the_tools(
    pg: Server, bent: str, limit: str
) -> None:
    if not rows(bent, f"SELECT FROM pg_settings WHERE name = '{limit}'"):
        assert (limit, pg.major) == ("transaction_timeout", 15)  # which came later
        return
    set_for_role(pg, bent, limit, LIMITS[limit])
    with open_connection(Target.parse(bent, "test")) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT pg_sleep(0.1)")
        time.sleep(0.1)
        connection.execute("COMMIT")
        time.sleep(0.1)
        assert connection.execute("SELECT 1").fetchone() == (1,)


@newest
def test_rows_that_a_policy_hides_are_an_error_and_not_just_missing(bent: str) -> None:
    run(
        bent,
        "INSERT INTO tasks VALUES (1)",
        "ALTER TABLE tasks ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE tasks FORCE ROW LEVEL SECURITY",
    )
    assert rows(bent, "SELECT count(*) FROM tasks") == [(0,)]
    with (
        open_connection(Target.parse(bent, "test")) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"),
    ):
        connection.execute("SELECT count(*) FROM tasks")


@newest
def test_what_a_file_sees_is_the_roles_own(pg: Server, bent: str) -> None:
    for name in ("intervalstyle", "timezone", "bytea_output", "search_path"):
        set_for_role(pg, bent, name, BENDING[name])
    with open_session(Target.parse(bent, "test")).connection as connection:
        for name in ("intervalstyle", "timezone", "bytea_output", "search_path"):
            assert connection.execute(f"SHOW {name}").fetchone() == (BENDING[name],)


@newest
def test_triggers_work_on_the_tools_own_connections(pg: Server, bent: str) -> None:
    set_for_role(pg, bent, "session_replication_role", "replica")
    with pytest.raises(Refused, match=r"Cannot work on .*session_replication_role"):
        open_connection(Target.parse(bent, "test"))
    run(superuser(pg, bent), "GRANT SET ON PARAMETER session_replication_role TO owner")
    try:
        with open_connection(Target.parse(bent, "test")) as connection:
            assert connection.execute("SHOW session_replication_role").fetchone() == ("origin",)
    finally:
        run(superuser(pg, bent), "REVOKE SET ON PARAMETER session_replication_role FROM owner")


@newest
@pytest.mark.skipif(poolers.program() is None, reason="no PgBouncer here: install pgbouncer")
def test_a_pooler_is_refused_before_anything_is_set_on_its_session(pg: Server, bent: str) -> None:
    settings = "SELECT array_agg((name, setting)::text) FROM pg_settings"
    settings += " WHERE name <> 'application_name'"
    with poolers.pooler(pg, "session") as pooler:
        through = pooler.through(bent)
        before = rows(through, settings)
        with pytest.raises(Refused, match="behind a connection pooler"):
            open_connection(Target.parse(through, "test"))
        assert rows(through, settings) == before


# Variables

ELSEWHERE = {
    "PGHOSTADDR": "192.0.2.1",
    "PGUSER": "nobody",
    "PGDATABASE": "nowhere",
    "PGPORT": "1",
    "PGTZ": "Asia/Kathmandu",
    "PGOPTIONS": "-c work_mem=1MB -c search_path=elsewhere",
    "PGCLIENTENCODING": "latin1",
}


@newest
def test_a_connection_is_made_of_its_target_alone(
    bent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, named = Target.parse(bent, "test"), resolve(bent, ELSEWHERE)
    assert named is not None
    for name, value in ELSEWHERE.items():
        monkeypatch.setenv(name, value)
    show = "SELECT current_setting('work_mem'), current_setting('timezone')"
    with open_session(plain).connection as connection:
        own = connection.execute(show).fetchone()
        assert connection.execute("SELECT current_user").fetchone() == ("owner",)
    with open_session(named).connection as connection:
        assert connection.execute(show).fetchone() == ("1MB", "Asia/Kathmandu")
    assert own != ("1MB", "Asia/Kathmandu")
    assert {name: os.environ[name] for name in ELSEWHERE} == ELSEWHERE


def test_a_host_that_is_named_keeps_its_own_address() -> None:
    variables = {"PGHOSTADDR": "192.0.2.1", "PGPASSWORD": "s3cret", "HOME": "/"}
    found = resolve("postgresql://me@db.example/x", variables)
    assert found is not None
    assert found.variables == {"PGPASSWORD": "s3cret"}
    found = resolve("dbname=x", variables)
    assert found is not None
    assert found.shown == "postgresql://192.0.2.1/x"


def test_the_targets_variables_do_not_reach_another_server() -> None:
    variables = {
        "PGPASSWORD": "s3cret",
        "PGHOST": "prod",
        "PGOPTIONS": "-c role=x",
        "PGSSLMODE": "verify-full",
        "PGPASSFILE": "/passwords",
    }
    other = resolve_other("postgresql://me@elsewhere/x", "--scratch", variables)
    assert other is not None
    assert other.variables == {"PGSSLMODE": "verify-full", "PGPASSFILE": "/passwords"}
    same = resolve_other("user=admin dbname=postgres", "--admin", variables)
    assert same is not None
    assert same.variables == variables


@newest
def test_a_server_that_starts_is_waited_for(
    pg: Server, empty_database: str, made: MigrationSet, tmp_path: Path
) -> None:
    socket_file = f".s.PGSQL.{pg.port}"
    target = make_conninfo(empty_database, host=str(tmp_path))
    answer = call(made, target, "migrate", "--wait", "300ms")
    assert answer.code == 2
    assert "\nwaiting for postgresql://owner@/" in answer.err
    assert "\nerror: Cannot connect to postgresql://" in answer.err
    process = launch(made, target, "migrate", "--wait", "1min")
    said(process, "to accept connections")
    (tmp_path / socket_file).symlink_to(Path(pg.host, socket_file))  # now it listens
    assert finish(process).code == 0
    assert applied(empty_database) == THREE
    started = time.monotonic()
    answer = call(made, pg.dsn("nowhere"), "migrate", "--wait", "1min")  # it has started
    assert 'database "nowhere" does not exist' in answer.err
    assert time.monotonic() - started < 5


# Programs


@contextmanager
def visitor(pg: Server) -> Iterator[str]:
    """A role that has nothing of its own, and may be the owner."""
    name = f"visitor_{os.getpid()}"
    run(pg.dsn("postgres", pg.user), f"CREATE ROLE {name} LOGIN NOINHERIT IN ROLE owner")
    try:
        yield name
    finally:
        run(pg.dsn("postgres", pg.user), f"DROP ROLE {name}")


@newest
@pytest.mark.parametrize("by", ["URL", "variable"])
def test_programs_work_as_the_role_that_the_targets_options_name(
    pg: Server,
    empty_database: str,
    made: MigrationSet,
    monkeypatch: pytest.MonkeyPatch,
    by: str,
) -> None:
    (made.migrations.parent / "sql").mkdir()
    assert call(made, empty_database, "migrate").code == 0
    with visitor(pg) as name:
        target = pg.dsn(name_of(empty_database), name)
        if by == "URL":
            target = make_conninfo(target, options="-c role=owner")
        assert by == "URL" or call(made, target, "schema").code != 0
        with monkeypatch.context() as patched:
            if by == "variable":
                patched.setenv("PGOPTIONS", "-c role=owner")
            answer = call(made, target, "schema")
        assert answer.code == 0, answer.err
    assert "CREATE TABLE public.c" in (made.migrations.parent / "sql/schema.sql").read_text()


def test_a_program_that_is_killed_leaves_no_session_at_work() -> None:
    alone = "-c client_connection_check_interval=500ms"
    expected = {
        "postgresql://h/x": (None, alone),
        "postgresql://h/x?options=-c%20role%3Da": (f"{alone} -c role=a", None),
    }
    for url, (parameter, variable) in expected.items():
        conninfo, environment = for_program(Target.parse(url, "test"), "x")
        assert conninfo_to_dict(conninfo).get("options") == parameter
        assert environment.get("PGOPTIONS") == variable
