"""restore: a backup back into a new database, or in the place of the one that is there."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import psycopg
import pytest

from tests.support.commands import call
from tests.support.databases import rows, run, tables
from tests.support.deploys import ROLE, Site, events, paste
from tests.support.servers import Server, newest

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def deployed(here: Site) -> None:
    """Have a backup of a thousand rows in b, and a table d that came since."""
    here.made.table(4, "d")
    assert here.deploy().code == 0


def restore(here: Site, *arguments: str | Path) -> tuple[int, str]:
    answer = here.call("restore", here.last_backup.name, *here.options, *arguments)
    return answer.code, answer.err + answer.out


@newest
def test_a_backup_is_restored_into_a_new_database(here: Site) -> None:
    copy = f"{here.name}_copy"
    code, told = restore(here, "--into", copy)
    assert code == 0, told
    assert f"restored {copy} from {here.last_backup}" in told
    into = here.database.replace(f"dbname={here.name}", f"dbname={copy}")
    assert tables(into) == ["a", "b", "c"]
    assert rows(into, "SELECT count(*), sum(id) FROM b") == [(1000, 500_500)]
    assert tables(here.database) == ["a", "b", "c", "d"]
    last = call(here.made, into, "--json", "status").document["deploys"][0]
    assert (last["outcome"], last["reason"]) == ("restored", f"restored as {copy}")

    for name, words in {
        copy: f"There is a database {copy} already.",
        "": "A database needs a name.",
        "x" * 70: "is 70 bytes long; PostgreSQL cuts names to 63.",
    }.items():
        code, told = restore(here, "--into", name)
        assert code == 2
        assert words in told
    assert here.others() == [copy]


@newest
def test_a_backup_takes_the_place_of_a_database_that_is_in_use(here: Site) -> None:
    """Who reads all the time is ended once, and each new connection is to a whole database."""
    answer = here.call("restore", here.last_backup, *here.options)
    assert answer.code == 2
    assert "This must be approved, and there is no terminal to ask on." in answer.err
    run(here.database, "INSERT INTO b VALUES (7777)", "DELETE FROM a")
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
                    while not ended.wait(0.01):
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
        answer = here.call("--json", "restore", here.last_backup, "--yes", *here.options)
    finally:
        time.sleep(0.3)
        ended.set()
        thread.join()
    assert answer.code == 0, answer
    assert f"database {here.name} gets the contents that {here.name} had at 20" in answer.err
    *told, last, document = events(answer)
    steps = {each["step"]: each for each in told if each["event"] == "end"}
    assert [*steps] == ["read", "restore", "check", "swap"]
    assert steps["swap"]["ended"] >= 1
    assert (last["step"], last["outcome"]) == ("restore", "restored")
    (aside,) = here.others()
    assert (document["database"], document["aside"]) == (here.name, aside)
    assert set(seen) == {4, 3}, "the old one, then the new one, whole"
    assert seen == sorted(seen, reverse=True)
    assert longest < 5
    assert failures

    assert tables(here.database) == ["a", "b", "c"]
    assert rows(here.database, "SELECT count(*) FROM b") == [(1000,)]
    assert rows(here.server.dsn(aside, ROLE), "SELECT count(*) FROM b") == [(1001,)]
    assert here.call("migrate").code == 0
    assert here.call("verify").code == 0


PROPERTIES = """
    SELECT d.datdba::regrole, d.datacl, d.datconnlimit, d.datcollate, d.datctype,
    shobj_description(d.oid, 'pg_database'), s.setrole::regrole,
    (SELECT array_agg(each ORDER BY each) FROM unnest(s.setconfig) AS each)
    FROM pg_database d LEFT JOIN pg_db_role_setting s ON s.setdatabase = d.oid
    WHERE datname = current_database() ORDER BY s.setrole"""


def test_the_new_database_is_like_the_old_one_in_all_that_no_dump_holds(here: Site) -> None:
    """What the role may not give is told as a statement that another role can run."""
    other = f"ALTER ROLE owner IN DATABASE {here.name} SET work_mem TO '7MB'"
    with here.server.connect() as superuser:
        for statement in (
            "DO $$ BEGIN CREATE ROLE reader; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
            f"COMMENT ON DATABASE {here.name} IS 'it''s ours'",
            f"ALTER DATABASE {here.name} SET work_mem TO '7MB'",
            f"""ALTER DATABASE {here.name} SET app."user" TO 'x''y'""",
            f"""ALTER DATABASE {here.name} SET search_path TO public, "Odd ""name" """,
            f"ALTER ROLE {ROLE} IN DATABASE {here.name} SET statement_timeout TO '70s'",
            f"ALTER ROLE {ROLE} IN DATABASE {here.name} SET search_path TO ''",
            f"REVOKE ALL ON DATABASE {here.name} FROM PUBLIC",
            f"GRANT CONNECT ON DATABASE {here.name} TO reader WITH GRANT OPTION",
            f"ALTER DATABASE {here.name} CONNECTION LIMIT 17",
            other,
        ):
            superuser.execute(statement)
    run(here.database, "GRANT SELECT ON public.a TO reader")
    before = rows(here.database, PROPERTIES)
    assert len(before) == 3
    privileges = "SELECT relname, relowner, relacl FROM pg_class WHERE relname ~ '^.$' ORDER BY 1"
    of_tables = rows(here.database, privileges)
    assert here.call("backups", "make", *here.options).code == 0
    code, told = restore(here, "--yes", "--admin", here.administrator)
    assert (code, "not as it was" in told) == (0, False), told
    assert rows(here.database, PROPERTIES) == before
    assert rows(here.database, privileges) == of_tables

    code, told = restore(here, "--yes")
    assert code == 0, told
    lacks = [each for each in told.splitlines() if each.startswith("not as it was: ALTER ")]
    assert all("; -- permission denied" in each for each in lacks)
    assert any("ALTER ROLE owner IN DATABASE" in each for each in lacks)
    assert "not as it was: database: setting of role owner is missing" in told
    run(here.administrator, *(each.removeprefix("not as it was: ") for each in lacks))
    assert rows(here.database, PROPERTIES) == before


@newest
def test_neither_a_search_path_nor_a_long_name_misleads_it(here: Site) -> None:
    name = here.name + "ä" * 28  # 56 bytes and more
    run(
        here.database,
        "CREATE SCHEMA other",
        "CREATE TABLE other.b (id int, note text)",
        "INSERT INTO other.b SELECT n, 'x' FROM generate_series(1, 10) AS n",
        f"ALTER ROLE {ROLE} IN DATABASE {here.name} SET search_path TO other, public",
    )
    with here.server.connect() as superuser:
        superuser.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [here.name]
        )
        superuser.execute(f'ALTER DATABASE {here.name} RENAME TO "{name}"')
    there = here._replace(name=name, database=here.server.dsn(name, ROLE))
    there.made.table(5, "e")
    try:
        assert there.deploy(rehearse=True).code == 0
        assert {"b", "other.b"} < there.manifest()["tables"].keys()
        code, told = restore(there, "--yes")
        assert code == 0, told
        assert rows(there.database, "SELECT count(*) FROM b") == [(10,)]
    finally:
        with here.server.connect() as superuser:
            superuser.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@newest
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


SWAPS = {
    "logical replication is bound to this very database: s.": (
        "CREATE SUBSCRIPTION s CONNECTION 'dbname=x' PUBLICATION p WITH (connect = false)",
        ["ALTER SUBSCRIPTION s SET (slot_name = NONE)", "DROP SUBSCRIPTION s"],
    ),
    "only a superuser can create pg_stat_statements again.": (
        "CREATE EXTENSION pg_stat_statements",
        ["DROP EXTENSION pg_stat_statements"],
    ),
    "it has prepared transactions.": (
        "BEGIN; INSERT INTO a VALUES (1); PREPARE TRANSACTION 'left'",
        ["ROLLBACK PREPARED 'left'"],
    ),
}


@newest
def test_what_a_swap_would_break_is_refused(here: Site) -> None:
    with here.server.connect(here.name) as superuser:
        for words, (prepare, clean) in SWAPS.items():
            superuser.execute(prepare.encode())
            try:
                code, told = restore(here, "--yes")
            finally:
                for statement in clean:
                    superuser.execute(statement.encode())
            assert code == 2
            assert words in told


@newest
def test_a_database_that_was_dropped_is_made_anew(here: Site) -> None:
    with here.server.connect() as superuser:
        superuser.execute(f"DROP DATABASE {here.name} WITH (FORCE)")
    answer = here.call("restore", here.last_backup, *here.options, "--yes")
    assert answer.code == 2
    assert "error: Cannot connect to " in answer.err
    assert paste(answer, "--into").code == 0
    assert tables(here.database) == ["a", "b", "c"]


@newest
def test_a_server_without_the_roles_of_a_backup_gets_it_without_owners(
    here: Site, other_server: Server
) -> None:
    database = other_server.dsn("postgres", other_server.user)
    place: list[str | Path] = ["restore", here.last_backup, "--into", "copy"]
    answer = call(here.made, database, *place)
    assert answer.code == 1
    assert "deployer" in answer.err
    answer = call(here.made, database, *place, "--no-owner")
    assert answer.code == 0, answer.err
    assert tables(other_server.dsn("copy", other_server.user)) == ["a", "b", "c"]
