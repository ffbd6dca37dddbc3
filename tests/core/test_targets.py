"""Targets that are not what they seem: each is recognised before any work, and told in words."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import pytest
from psycopg.conninfo import make_conninfo

from migrator.server.embedded import EmbeddedServer
from tests.support import commands, poolers
from tests.support.commands import Answer, call
from tests.support.databases import applied, database, name_of, rows, run, superuser, tables
from tests.support.servers import (
    MIGRATIONS,
    PASSWORD,
    Server,
    free_port,
    newest,
    open_place,
)
from tests.support.sets import THREE, MigrationSet, three_tables
from tests.support.standbys import followed, following

MIGRATE = ["migrate"]
CHANGING = [MIGRATE, ["rollback", "--all", "--yes"], ["seed"], ["baseline", "0003"], ["adopt"]]
LOOKING = [["status"], ["plan"], ["plan", "--sql"], ["verify"], ["migrate", "--dry-run"]]


@pytest.fixture
def made(tmp_path: Path) -> MigrationSet:
    return three_tables(tmp_path / "set")


@pytest.fixture(autouse=True)
def embedded(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Keep the server that `baseline` would start away from the project's own."""
    with open_place() as root:
        monkeypatch.setattr(commands, "ROOT", root)
        yield root / ".postgres"
        if (root / ".postgres").exists():
            EmbeddedServer(root / ".postgres").stop()


def assert_refused(answer: Answer, message: str, hint: str) -> None:
    """Check that a run changed nothing and says why, and what to do."""
    assert answer.code == 2, answer.err
    assert "Traceback" not in answer.err
    error, state = (answer.err.index(f"\n{label}: ") for label in ("error", "state"))
    assert message in answer.err[error:state]
    assert f"\nstate: Nothing was changed.\nnext: {hint}" in answer.err


def schemas(database: str) -> list[str]:
    query = "SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema$)'"
    return sorted(name for (name,) in rows(database, query))


# Poolers

needs_pgbouncer = pytest.mark.skipif(
    poolers.program() is None,
    reason=f"no PgBouncer here: install the package {poolers.PACKAGE}",
)


@needs_pgbouncer
@pytest.mark.parametrize("mode", ["session", "transaction", "statement"])
def test_a_pooler_is_refused_and_nothing_is_left_on_its_session(
    pg: Server, empty_database: str, made: MigrationSet, embedded: Path, mode: str
) -> None:
    # The application's name is PgBouncer's to pass on, and stays until a client gives another.
    settings = "SELECT pg_backend_pid(), array_agg((name, setting)::text) FROM pg_settings"
    settings += " WHERE name <> 'application_name'"
    with poolers.pooler(pg, mode) as pooler:
        through = pooler.through(empty_database)
        before = rows(through, settings)
        for command in (*CHANGING, *LOOKING):
            assert_refused(
                call(made, through, *command),
                "is behind a connection pooler, so the runner's lock and settings would reach "
                "other sessions.",
                "Connect to PostgreSQL itself instead of the pooler.",
            )
        assert rows(through, settings) == before
        assert rows(empty_database, "SELECT FROM pg_locks WHERE locktype = 'advisory'") == []
    assert schemas(empty_database) == ["public"]
    assert not embedded.exists()


@newest
@needs_pgbouncer
def test_a_pooler_that_refuses_a_startup_parameter_is_told_in_words(
    pg: Server, empty_database: str, made: MigrationSet
) -> None:
    with poolers.pooler(pg, "transaction") as pooler:
        through = make_conninfo(pooler.through(empty_database), options="-c work_mem=1MB")
        assert_refused(
            call(made, through, "migrate"),
            "unsupported startup parameter: options",
            "Check host, port, database, role and password, and whether the server runs. Behind "
            "PgBouncer, connect to PostgreSQL itself.",
        )


# Standbys


@pytest.fixture(scope="module")
def standby(pg: Server) -> Iterator[Server]:
    """A server that follows another by streaming replication."""
    with following(pg) as server:
        yield server


class TestStandby:
    @pytest.mark.parametrize("is_current", [True, False], ids=["current", "pending"])
    def test_a_change_is_refused(  # noqa: PLR0917  fixtures
        self,
        pg: Server,
        empty_database: str,
        standby: Server,
        made: MigrationSet,
        embedded: Path,
        is_current: bool,
    ) -> None:
        if is_current:
            assert call(made, empty_database, "migrate").code == 0
        there = followed(pg, standby, empty_database)
        for command in CHANGING if is_current else [MIGRATE, CHANGING[-1]]:
            answer = call(made, there, *command)
            assert_refused(
                answer,
                "is a standby: nothing can be written there.",
                "Use the primary server as the target.",
            )
        assert not embedded.exists()

    def test_what_only_looks_goes_on(
        self, pg: Server, migrated_database: str, standby: Server
    ) -> None:
        there = followed(pg, standby, migrated_database)
        answers = [call(None, there, "--migrations", MIGRATIONS, *command) for command in LOOKING]
        assert [answer.code for answer in answers] == [0] * len(LOOKING)
        status, plan, _, verify, dry_run = (answer.out for answer in answers)
        assert status.endswith("\nup to date\n")
        assert plan == dry_run == "nothing to do\n"
        *checked, skipped = verify.splitlines()
        assert {line.rpartition(": ")[2] for line in checked} == {"ok"}
        assert skipped == "seeds: skipped: the target is read-only"

    def test_what_is_pending_there_is_told(
        self, pg: Server, empty_database: str, standby: Server, made: MigrationSet
    ) -> None:
        there = followed(pg, standby, empty_database)
        assert call(made, there, "--json", "status").document["pending"] == THREE
        assert call(made, there, "--json", "plan").document["would_apply"] == THREE
        assert call(made, there, "verify").code == 1


# Read-only

READ_ONLY = {
    "database": "ALTER DATABASE {database} SET default_transaction_read_only TO on",
    "role": "ALTER ROLE owner IN DATABASE {database} SET default_transaction_read_only TO on",
    "url": "",
}


@newest
@pytest.mark.parametrize("by", READ_ONLY)
def test_a_read_only_target_is_refused_for_changes_alone(
    pg: Server, empty_database: str, made: MigrationSet, embedded: Path, by: str
) -> None:
    assert call(made, empty_database, "migrate").code == 0
    target = empty_database
    if READ_ONLY[by]:
        run(superuser(pg, target), READ_ONLY[by].format(database=name_of(target)))
    else:
        target = make_conninfo(target, options="-c default_transaction_read_only=on")
    for command in CHANGING:
        answer = call(made, target, *command)
        message = "is read-only: nothing can be written there."
        assert_refused(
            answer,
            message,
            "Set default_transaction_read_only to off for the role, the database or the URL.",
        )
    assert not embedded.exists()
    assert [call(made, target, *command).code for command in LOOKING] == [0] * len(LOOKING)
    made.table(4, "d")
    assert call(made, target, "migrate").code == 2
    assert applied(superuser(pg, target)) == THREE


# Roles without rights


@newest
class TestRights:
    def test_a_role_that_may_create_nothing(
        self, pg: Server, empty_database: str, made: MigrationSet
    ) -> None:
        run(
            superuser(pg, empty_database),
            f"ALTER DATABASE {name_of(empty_database)} OWNER TO postgres",
        )
        answer = call(made, empty_database, "migrate")
        message = (
            "Schema yoyo, the history, cannot be created or used: permission denied for database"
        )
        assert_refused(
            answer, message, "Use the role that owns the database, or grant your role CREATE"
        )
        assert call(made, empty_database, "status").code == 0
        assert schemas(empty_database) == ["public"]

    def test_a_role_that_may_read_everything_and_write_nothing(
        self, pg: Server, empty_database: str, made: MigrationSet, embedded: Path
    ) -> None:
        assert call(made, empty_database, "migrate").code == 0
        reader = f"reader_{os.getpid()}"
        with dropped_role(pg, reader, "LOGIN IN ROLE pg_read_all_data"):
            database = pg.dsn(name_of(empty_database), reader)
            for command in CHANGING:
                assert_refused(
                    call(made, database, *command),
                    f"The role {reader} may not write the history in schema yoyo",
                    "Use the role that owns that schema.",
                )
            assert not embedded.exists()
            assert [call(made, database, *command).code for command in LOOKING] == [0] * len(
                LOOKING
            )
            made.table(4, "d")
            assert call(made, database, "migrate").code == 2
        assert applied(empty_database) == THREE

    def test_the_owner_of_the_database_but_not_of_its_history(
        self, pg: Server, empty_database: str, made: MigrationSet
    ) -> None:
        assert call(made, superuser(pg, empty_database), "migrate").code == 0
        for command in CHANGING:
            answer = call(made, empty_database, *command)
            assert answer.code == 2, answer.err
            assert "next: Use the role that " in answer.err
        assert tables(empty_database) == ["a", "b", "c"]

    def test_the_owner_of_the_history_but_not_of_the_tables(
        self, pg: Server, empty_database: str, made: MigrationSet
    ) -> None:
        assert call(made, empty_database, "migrate").code == 0
        run(superuser(pg, empty_database), "ALTER TABLE b OWNER TO postgres")
        made.add("0004.b.alter", "CREATE TABLE d ();\nALTER TABLE b ADD note text;\n")
        answer = call(made, empty_database, "migrate")
        assert answer.code == 1
        assert "0004.b.alter.sql:2:1: must be owner of table b" in answer.err
        assert "state: The file was rolled back; the files before it stay applied." in answer.err
        assert tables(empty_database) == ["a", "b", "c"]
        assert applied(empty_database) == THREE


@contextmanager
def dropped_role(pg: Server, name: str, options: str) -> Iterator[None]:
    """Have a role for as long as a test needs it."""
    run(pg.dsn("postgres", pg.user), f"CREATE ROLE {name} {options}")
    try:
        yield
    finally:
        run(pg.dsn("postgres", pg.user), f"DROP ROLE {name}")


@newest
def test_a_target_that_turns_one_away_is_told_without_the_password(
    pg: Server, empty_database: str, made: MigrationSet
) -> None:
    name = name_of(empty_database)
    run(superuser(pg, empty_database), f"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC, owner")
    run(superuser(pg, empty_database), f"ALTER DATABASE {name} OWNER TO postgres")
    right = pg.password_url("postgres")
    wrong = right.replace("tester:", "tester:s3cr3t")
    telling = right.replace(f":{quote(PASSWORD, safe='')}@", ":user@")
    assert telling != right
    turned_away = {
        empty_database: f'permission denied for database "{name}"',
        wrong: 'password authentication failed for user "tester"',
        telling: 'password authentication failed for user "tester"',  # which is "user", untold
        right.replace("/postgres", "/nowhere"): 'database "nowhere" does not exist',
        pg.dsn(name, "nobody"): 'role "nobody" does not exist',
        f"postgresql://owner:s3cr3t@127.0.0.1:{free_port()}/{name}": "Connection refused",
        f"postgresql://owner:s3cr3t@nowhere.invalid/{name}": "nowhere.invalid",
    }
    for target, reason in turned_away.items():
        for command in ("migrate", "status"):
            answer = call(made, target, command)
            assert_refused(
                answer, "Cannot connect to postgresql://", "Check host, port, database, role"
            )
            assert reason in answer.err
            assert "s3cr3t" not in answer.err
            assert PASSWORD not in answer.err


AROUND, DOUBTFUL = "quotes or white space around the URL", "has an @ or / in the user, the"
UNREADABLE: list[tuple[dict[str, str], str]] = [
    ({"DATABASE_URL": "postgresql://app:Zq/9x@db.example/shop"}, DOUBTFUL),
    ({"DATABASE_URL": "postgresql://app:Zq9x@Zq9x@db.example/shop"}, DOUBTFUL),
    ({"DATABASE_URL": "postgres+psycopg://app:Zq9x/@db.example"}, DOUBTFUL),
    ({"DATABASE_URL": "postgresql://app:Zq9x"}, "a port that is no number"),
    ({"DATABASE_URL": "postgresql://app:Zq9x@db.example/shop\n"}, AROUND),
    ({"DATABASE_URL": "'postgresql://app:Zq9x@db.example/shop'"}, AROUND),
    ({"DATABASE_URL": "dbname=postgresql://app:Zq9x@db.example/shop"}, "in the place of a name"),
    ({"PGDATABASE": "postgresql://app:Zq9x@db.example/shop"}, "PGDATABASE has a URL in the place"),
    ({"PGHOST": "postgresql://app:Zq9x@db.example/shop"}, "PGHOST has a URL in the place"),
    ({"DATABASE_URL": "postgresql://app:Zq9x@h/d?pool=5&schema=x"}, "not know: pool, schema."),
    ({"DATABASE_URL": "postgresql://h/d?user=app&password=x&Zq9x&pool=x"}, "is neither"),
]


def test_a_url_in_the_place_of_a_services_host_is_not_shown(
    made: MigrationSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = tmp_path / "services"
    services.write_text("[shop]\nhost=postgresql://app:s3cr3t@db.invalid/shop\n")
    monkeypatch.setenv("PGSERVICE", "shop")
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    answer = call(made, None, "status")
    assert_refused(answer, 'host name "<URL>"', "Check host, port, database, role")
    assert "s3cr3t" not in answer.err


@pytest.mark.parametrize(("environment", "message"), UNREADABLE)
def test_a_target_that_reads_otherwise_than_it_is_meant_is_refused_and_not_shown(
    made: MigrationSet,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    message: str,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    answer = call(made, None, "status")
    assert answer.code == 2
    assert answer.err.startswith("error: ")
    assert message in answer.err.splitlines()[0]
    assert "Zq" not in answer.err
    assert "9x" not in answer.err


# What listens there is no PostgreSQL

NO_SSL, ACCEPTED, ASK_PASSWORD = b"N", b"R\0\0\0\x08\0\0\0\0", b"R\0\0\0\x08\0\0\0\x03"
ANSWERS: dict[str, list[bytes] | None] = {
    "says nothing": [],
    "closes": None,
    "speaks HTTP": [b"HTTP/1.1 400 Bad Request\r\n\r\n"],
    "speaks SSH": [b"SSH-2.0-OpenSSH_9.2\r\n"],
    "sends an error without words": [NO_SSL, b"E\0\0\0\x05\0"],
    "accepts and falls silent": [NO_SSL, ACCEPTED],
    "accepts and sends garbage": [NO_SSL, ACCEPTED, bytes(range(256)) * 10],
    "asks for the password and closes": [NO_SSL, ASK_PASSWORD, b""],
}


@contextmanager
def listener(answers: list[bytes] | None) -> Iterator[int]:
    """Listen on a port; give an answer for each message, then say nothing more, or close."""
    clients: list[socket.socket] = []

    def serve() -> None:
        with suppress(OSError):
            while True:
                client, _ = listening.accept()
                clients.append(client)
                for each in answers or []:
                    client.recv(10_000)
                    client.sendall(each)
                if answers is None or answers[-1:] == [b""]:
                    client.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, daemon=True).start()
        yield int(listening.getsockname()[1])
        for each in clients:
            each.close()


def assert_no_postgresql(made: MigrationSet, port: int) -> None:
    target = f"postgresql://owner:s3cr3t@127.0.0.1:{port}/d?connect_timeout=2"
    started = time.monotonic()
    answer = call(made, target, "migrate")
    assert time.monotonic() - started < 4
    assert_refused(
        answer, f"Cannot connect to postgresql://owner@127.0.0.1:{port}/d: ", "Check host"
    )
    assert "s3cr3t" not in answer.err


# They end after the two seconds, as the first one does, which stays among the fast tests.
SLOW = ("speaks SSH", "accepts and falls silent", "accepts and sends garbage")


@pytest.mark.parametrize(
    "what",
    [pytest.param(each, marks=pytest.mark.slow if each in SLOW else ()) for each in ANSWERS],
)
def test_what_is_no_postgresql_is_refused_in_time(made: MigrationSet, what: str) -> None:
    with listener(ANSWERS[what]) as port:
        assert_no_postgresql(made, port)


@pytest.mark.slow
@pytest.mark.skipif(
    sys.platform != "linux", reason="Linux alone drops what a full queue cannot take"
)
def test_a_host_that_does_not_answer_is_refused_in_time(made: MigrationSet) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        with socket.create_connection(address):
            assert_no_postgresql(made, int(address[1]))


# Settings and names that change what statements mean

# Backslashes, a cascade of the history's, an index outside a transaction, a seed.
STRINGS = r"""
CREATE TABLE d (t text DEFAULT 'é\');
INSERT INTO d VALUES ('a\\b'), (DEFAULT);
"""

FOR_ROLE = "ALTER ROLE owner IN DATABASE {database} SET "
SETTINGS = {
    "strings": "standard_conforming_strings TO off",
    "search path": "search_path TO elsewhere, public",
    "no search path": "search_path TO ''",
    "messages": "client_min_messages TO debug1",
    "logging": "log_statement TO 'all'",
    "isolation": "default_transaction_isolation TO serializable",
    "deferrable": "default_transaction_deferrable TO on",
    "triggers": "session_replication_role TO replica",
    "dates": "datestyle TO 'German, DMY'",
    "intervals": "intervalstyle TO sql_standard",
    "time zone": "timezone TO 'Asia/Kathmandu'",
    "quoting": "quote_all_identifiers TO on",
    "security": "row_security TO off",
    "encoding": "client_encoding TO latin1",
    "lock": "lock_timeout TO '1ms'",
    "idle": "idle_session_timeout TO '50ms'",
    "idle in a transaction": "idle_in_transaction_session_timeout TO '1ms'",
    "statement": "statement_timeout TO '200ms'",
}
HOPELESS = {"triggers", "no search path"}


@pytest.fixture
def full(made: MigrationSet) -> MigrationSet:
    """The three tables, backslashes, an index outside a transaction, and the seed."""
    made.add("0004.d.create", STRINGS, "DROP TABLE d;\n")
    index = "-- transactional: false\nCREATE INDEX CONCURRENTLY i ON a (id);\n"
    made.add("0005.a.index", index, "-- transactional: false\nDROP INDEX CONCURRENTLY i;\n")
    return made


FULL = [*THREE, "0004.d.create", "0005.a.index"]
THERE = """\
SELECT relname FROM pg_class
WHERE relkind IN ('r', 'i') AND relname IN ('a', 'b', 'c', 'd', 'i') ORDER BY relname
"""


def applied_or_nothing(watcher: str) -> list[str]:
    return applied(watcher) if "yoyo" in schemas(watcher) else []


def assert_history_is_true(watcher: str) -> list[str]:
    """Check that what is marked, and nothing else, is there; return it."""
    there = "".join(name for (name,) in rows(watcher, THERE))
    if "yoyo" not in schemas(watcher):
        assert there == ""
        return []
    marked = applied(watcher)
    assert there == "abcdi"[: len(marked)]
    assert marked == FULL[: len(marked)]
    assert rows(watcher, "SELECT count(*) FROM yoyo.migration_checksum") == [(len(marked),)]
    if "d" in there:
        assert rows(watcher, "SELECT t FROM d") == [(r"a\\b",), ("é\\",)]
    return marked


def assert_all_or_refused(full: MigrationSet, target: str, watcher: str) -> None:
    """Migrate, look, roll back and migrate again; check that it is done, or was refused."""
    answer = call(full, target, "migrate")
    marked = assert_history_is_true(watcher)
    if answer.code:
        assert "Traceback" not in answer.err
        assert "\nerror: " in answer.err
        assert "\nnext: " in answer.err
        assert marked == [] or answer.code == 1
        return
    assert marked == FULL
    assert call(full, target, "--json", "status").document["up_to_date"]
    assert call(full, target, "migrate").out == "nothing to do\n"
    assert call(full, target, "verify").code == 0
    assert call(full, target, "rollback", "--all", "--yes").code == 0
    assert assert_history_is_true(watcher) == []
    assert call(full, target, "migrate").code == 0
    assert assert_history_is_true(watcher) == FULL


@pytest.mark.slow
@pytest.mark.parametrize("setting", SETTINGS)
def test_whatever_is_set_for_the_role_it_is_done_or_refused(
    pg: Server, empty_database: str, full: MigrationSet, setting: str
) -> None:
    watcher = superuser(pg, empty_database)
    run(empty_database, "CREATE SCHEMA elsewhere")
    run(watcher, (FOR_ROLE + SETTINGS[setting]).format(database=name_of(empty_database)))
    if setting == "search path":
        run(watcher, f"ALTER DATABASE {name_of(empty_database)} SET search_path TO elsewhere")
    assert_all_or_refused(full, empty_database, watcher)
    assert applied_or_nothing(watcher) == ([] if setting in HOPELESS else FULL)


LIMITS = ["idle_session_timeout", "idle_in_transaction_session_timeout", "transaction_timeout"]


@pytest.mark.parametrize("limit", LIMITS)
def test_no_limit_of_the_roles_ends_the_session(
    pg: Server, empty_database: str, made: MigrationSet, limit: str
) -> None:
    known = rows(empty_database, f"SELECT FROM pg_settings WHERE name = '{limit}'")
    if not known:  # only transaction_timeout came later
        assert (limit, pg.major) == ("transaction_timeout", 15)
        return
    run(
        superuser(pg, empty_database),
        f"{FOR_ROLE.format(database=name_of(empty_database))} {limit} TO '1min'",
    )
    for number in (4, 5):  # the second after what put the settings back
        made.add(
            f"000{number}.e.create", f"CREATE TABLE e{number} AS SELECT current_setting('{limit}')"
        )
    assert call(made, empty_database, "migrate").code == 0
    assert rows(empty_database, "TABLE e4 UNION ALL TABLE e5") == [("0",), ("0",)]


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
@newest
def test_a_database_that_is_not_unicode_is_refused(
    pg: Server, made: MigrationSet, encoding: str
) -> None:
    options = f"ENCODING '{encoding}' LOCALE_PROVIDER libc LOCALE 'C'"
    with database(pg, template="template0", options=options) as name:
        target = pg.dsn(name)
        for command in (MIGRATE, ["status"]):
            assert_refused(
                call(made, target, *command),
                f"has the encoding {encoding}, not UTF8.",
                "Create the database with ENCODING 'UTF8'.",
            )


@pytest.mark.parametrize(
    ("role", "name"),
    [
        ('Ro"le é%s', "we\"ird; 'DB' é%s {x}"),
        ("yoyo", "yoyo"),  # its own schema comes first in the default search_path
        ("elsewhere", "elsewhere"),
    ],
)
def test_names_that_need_quoting_or_mean_something_else(
    pg: Server, full: MigrationSet, role: str, name: str
) -> None:
    quoted = '"' + role.replace('"', '""') + '"'
    with dropped_role(pg, quoted, "LOGIN"), database(pg, name, owner=role):
        target, watcher = pg.dsn(name, role), pg.dsn(name, pg.user)
        if role == name:
            run(watcher, f"CREATE SCHEMA {role} AUTHORIZATION {role}")
        assert_all_or_refused(full, target, watcher)
