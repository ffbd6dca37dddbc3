"""restore: a backup back into a new database, or in the place of the one that is there."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.support.commands import call
from tests.support.databases import rows, run, tables
from tests.support.deploys import ROLE, Site, events, paste, site
from tests.support.servers import Server, newest, throwaway

pytestmark = pytest.mark.slow


@pytest.fixture
def here(pg: Server, tmp_path: Path) -> Iterator[Site]:
    """A site with a thousand rows in b, a backup of them, and a table d that came since."""
    with site(pg, tmp_path) as found:
        assert found.deploy().code == 0
        run(found.database, "INSERT INTO b SELECT generate_series(1, 1000)")
        found.made.table(4, "d")
        assert found.deploy().code == 0
        yield found


def restore(here: Site, *arguments: str | Path) -> tuple[int, str]:
    answer = here.call("restore", here.last_backup.name, *here.options, *arguments)
    return answer.code, answer.err + answer.out


def test_a_backup_is_restored_into_a_new_database(here: Site) -> None:
    copy = f"{here.name}_copy"
    code, told = restore(here, "--into", copy)
    assert code == 0, told
    assert f"restored {copy} from {here.last_backup}" in told
    into = here.database.replace(f"dbname={here.name}", f"dbname={copy}")
    assert tables(into) == ["a", "b", "c"]
    assert rows(into, "SELECT count(*), sum(id) FROM b") == [(1000, 500_500)]
    assert tables(here.database) == ["a", "b", "c", "d"]
    last, first = call(here.made, into, "--json", "status").document["deploys"]
    assert (first["outcome"], last["outcome"]) == ("applied", "restored")
    assert last["reason"] == f"restored as {copy}"

    code, told = restore(here, "--into", copy)
    assert code == 2
    assert f"There is a database {copy} already." in told
    assert here.others() == [copy]


def test_a_backup_takes_the_place_of_the_database(here: Site) -> None:
    answer = here.call("restore", here.last_backup, *here.options)
    assert answer.code == 2
    assert "This must be approved, and there is no terminal to ask on." in answer.err
    code, told = restore(here, "--yes")
    assert code == 0, told
    assert f"database {here.name} gets the contents that {here.name} had at 20" in told
    assert tables(here.database) == ["a", "b", "c"]
    (aside,) = here.others()
    assert f"the database before it is {aside}" in told
    kept = here.database.replace(f"dbname={here.name}", f"dbname={aside}")
    assert tables(kept) == ["a", "b", "c", "d"]
    assert here.call("migrate").code == 0
    assert here.call("verify").code == 0


def test_a_restore_tells_machines(here: Site) -> None:
    answer = here.call("--json", "restore", here.last_backup, "--yes", *here.options)
    *told, last, document = events(answer)
    assert [each["step"] for each in told if each["event"] == "end"] == [
        "read", "restore", "check", "swap",
    ]  # fmt: skip
    assert (last["step"], last["outcome"]) == ("restore", "restored")
    assert document["database"] == here.name
    assert [document["aside"]] == here.others()


def test_the_new_database_is_like_the_old_one_in_all_that_no_dump_holds(here: Site) -> None:
    with here.server.connect() as superuser:
        for statement in (
            "DO $$ BEGIN CREATE ROLE reader; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
            f"COMMENT ON DATABASE {here.name} IS 'it''s ours'",
            f"ALTER DATABASE {here.name} SET work_mem TO '7MB'",
            f"""ALTER DATABASE {here.name} SET search_path TO public, "Odd ""name" """,
            f"ALTER ROLE {ROLE} IN DATABASE {here.name} SET statement_timeout TO '70s'",
            f"REVOKE ALL ON DATABASE {here.name} FROM PUBLIC",
            f"GRANT CONNECT ON DATABASE {here.name} TO reader WITH GRANT OPTION",
            f"ALTER DATABASE {here.name} CONNECTION LIMIT 17",
        ):
            superuser.execute(statement)
    run(here.database, "GRANT SELECT ON a TO reader")
    here.made.table(5, "e")
    assert here.deploy().code == 0
    properties = """
        SELECT d.datdba::regrole, d.datacl, d.datconnlimit, d.datcollate, d.datctype,
        shobj_description(d.oid, 'pg_database'), s.setrole::regrole, s.setconfig
        FROM pg_database d LEFT JOIN pg_db_role_setting s ON s.setdatabase = d.oid
        WHERE datname = current_database() ORDER BY s.setrole"""
    before = rows(here.database, properties)
    assert len(before) == 2
    privileges = "SELECT relname, relowner, relacl FROM pg_class WHERE relname ~ '^.$' ORDER BY 1"
    of_tables = rows(here.database, privileges)
    code, told = restore(here, "--yes", "--admin", here.administrator)
    assert code == 0, told
    assert rows(here.database, properties) == before
    assert rows(here.database, privileges) == [each for each in of_tables if each[0] != "e"]
    assert "e" not in tables(here.database)


def test_a_search_path_of_the_role_misleads_nobody(here: Site) -> None:
    run(
        here.database,
        "CREATE SCHEMA other",
        "CREATE TABLE other.b (id int, note text)",
        "INSERT INTO other.b SELECT n, 'x' FROM generate_series(1, 10) AS n",
        f"ALTER ROLE {ROLE} IN DATABASE {here.name} SET search_path TO other, public",
    )
    here.made.table(5, "e")
    assert here.deploy(rehearse=True).code == 0
    assert {"b", "other.b"} < here.manifest()["tables"].keys()
    code, told = restore(here, "--yes")
    assert code == 0, told
    assert rows(here.database, "SELECT count(*) FROM b") == [(10,)]


def test_a_role_that_may_create_no_database_cannot_restore(
    pg: Server, empty_database: str, here: Site
) -> None:
    answer = call(here.made, empty_database, "restore", here.last_backup, "--yes")
    assert answer.code == 2
    assert "cannot be restored here: the role may not create databases." in answer.err
    assert "--admin URL" in answer.err
    name = f"{here.name}_other"
    admin = ["--admin", pg.dsn("postgres", pg.user)]
    answer = call(here.made, empty_database, "restore", here.last_backup, "--into", name, *admin)
    assert answer.code == 0


@newest
@pytest.mark.parametrize(
    ("prepare", "clean", "words"),
    [
        (
            "CREATE SUBSCRIPTION s CONNECTION 'dbname=x' PUBLICATION p WITH (connect = false)",
            ["ALTER SUBSCRIPTION s SET (slot_name = NONE)", "DROP SUBSCRIPTION s"],
            "logical replication is bound to this very database: s.",
        ),
        (
            "CREATE EXTENSION pg_stat_statements",
            [],
            "only a superuser can create pg_stat_statements again.",
        ),
        (
            "BEGIN; INSERT INTO a VALUES (1); PREPARE TRANSACTION 'left'",
            ["ROLLBACK PREPARED 'left'"],
            "it has prepared transactions.",
        ),
    ],
)
def test_what_a_swap_would_break_is_refused(
    here: Site, prepare: str, clean: list[str], words: str
) -> None:
    with here.server.connect(here.name) as superuser:
        superuser.execute(prepare.encode())
        try:
            code, told = restore(here, "--yes")
        finally:
            for statement in clean:
                superuser.execute(statement.encode())
    assert code == 2
    assert words in told


def test_an_application_is_ended_once_and_finds_the_restored_database(here: Site) -> None:
    """It reads all the time; each new connection is to a whole database, the old or the new."""
    seen: list[int] = []
    failures: list[str] = []
    ended = threading.Event()
    longest = 0.0

    def work() -> None:
        nonlocal longest
        last = time.monotonic()
        while not ended.is_set():
            try:
                with psycopg.connect(here.database, autocommit=True) as connection:
                    for _ in range(20):
                        (tables_there,) = connection.execute(
                            "SELECT count(*) FROM pg_class WHERE relname IN ('a', 'b', 'c', 'd')"
                        ).fetchone() or (0,)
                        seen.append(tables_there)
                        longest = max(longest, time.monotonic() - last)
                        last = time.monotonic()
            except psycopg.OperationalError as error:
                failures.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        code, told = restore(here, "--yes")
    finally:
        time.sleep(0.3)
        ended.set()
        thread.join()
    assert code == 0, told
    assert set(seen) == {4, 3}, "the old one, then the new one, whole"
    assert seen == sorted(seen, reverse=True)
    assert longest < 5
    assert failures


def test_the_names_are_not_longer_than_postgresql_allows(here: Site) -> None:
    name = here.name + "ä" * 28  # 56 bytes and more
    with here.server.connect() as superuser:
        superuser.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [here.name]
        )
        superuser.execute(f'ALTER DATABASE {here.name} RENAME TO "{name}"')
    there = here._replace(name=name, database=here.server.dsn(name, ROLE))
    there.made.table(5, "e")
    try:
        assert there.deploy().code == 0
        code, told = restore(there, "--yes")
        assert code == 0, told
    finally:
        with here.server.connect() as superuser:
            superuser.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def test_what_was_written_since_stays_in_the_database_that_is_set_aside(here: Site) -> None:
    run(here.database, "INSERT INTO b VALUES (7777)", "DELETE FROM a")
    code, told = restore(here, "--yes")
    assert code == 0, told
    assert rows(here.database, "SELECT count(*) FROM b") == [(1000,)]
    (aside,) = here.others()
    assert rows(here.server.dsn(aside, ROLE), "SELECT count(*) FROM b") == [(1001,)]


@newest
def test_what_the_role_may_not_give_is_told(here: Site) -> None:
    with here.server.connect() as superuser:
        superuser.execute(f"ALTER ROLE owner IN DATABASE {here.name} SET work_mem TO '7MB'")
        superuser.execute(f"ALTER DATABASE {here.name} IS_TEMPLATE true")
    here.made.table(5, "e")
    try:
        assert here.deploy().code == 0
        code, told = restore(here, "--yes")
    finally:
        with here.server.connect() as superuser:
            superuser.execute(f"ALTER DATABASE {here.name} IS_TEMPLATE false")
            for name in here.others():
                superuser.execute(f'ALTER DATABASE "{name}" IS_TEMPLATE false')
    assert code == 0, told
    assert "not as it was: ALTER ROLE owner IN DATABASE" in told
    assert "permission denied" in told
    assert "not as it was: database: setting of role owner is missing" in told


def test_settings_whose_values_are_awkward_come_back(here: Site) -> None:
    with here.server.connect() as superuser:
        superuser.execute(f"""ALTER DATABASE {here.name} SET app."user" TO 'x''y'""")
        superuser.execute(f"ALTER DATABASE {here.name} SET search_path TO ''")
    query = "SELECT unnest(setconfig) FROM pg_db_role_setting WHERE setdatabase = d.oid ORDER BY 1"
    query = f"SELECT array({query}) FROM pg_database AS d WHERE datname = current_database()"
    before = rows(here.database, query)
    assert here.call("backups", "make", *here.options).code == 0
    code, told = restore(here, "--yes", "--admin", here.administrator)
    assert code == 0, told
    assert "not as it was" not in told
    assert rows(here.database, query) == before


@newest
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "A database needs a name."),
        ("x" * 70, "is 70 bytes long; PostgreSQL cuts names to 63."),
    ],
)
def test_a_name_that_no_database_can_have_is_refused(here: Site, name: str, words: str) -> None:
    code, told = restore(here, "--into", name)
    assert code == 2
    assert words in told


def test_a_database_that_was_dropped_is_made_anew(here: Site) -> None:
    with here.server.connect() as superuser:
        superuser.execute(f"DROP DATABASE {here.name} WITH (FORCE)")
    answer = here.call("restore", here.last_backup, *here.options, "--yes")
    assert answer.code == 2
    assert "error: Cannot connect to " in answer.err
    assert paste(answer, "--into").code == 0
    assert tables(here.database) == ["a", "b", "c"]


@newest
def test_a_server_without_the_roles_of_a_backup_gets_it_without_owners(here: Site) -> None:
    with throwaway(here.server.bin_dir) as other:
        database = other.dsn("postgres", other.user)
        place: list[str | Path] = ["restore", here.last_backup, "--into", "copy"]
        answer = call(here.made, database, *place)
        assert answer.code == 1
        assert "deployer" in answer.err
        answer = call(here.made, database, *place, "--no-owner")
        assert answer.code == 0, answer.err
        assert tables(other.dsn("copy", other.user)) == ["a", "b", "c"]
