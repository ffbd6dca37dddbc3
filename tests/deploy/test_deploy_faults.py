"""What was found to go wrong with deploys: settings, rights, copies, backups, hints."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from migrator.backup import archive
from migrator.catalogue.contents import Position, moved
from migrator.core.session import open_connection, pinned
from migrator.core.target import Target
from migrator.deploy import closing, prerequisites
from tests.support.commands import finish, launch
from tests.support.databases import applied, rows, run, tables
from tests.support.deploys import FAILS, NO_WAY_BACK, ROLE, Site, events, paste, site
from tests.support.servers import Server, newest
from tests.support.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture
def here(pg: Server, tmp_path: Path) -> Iterator[Site]:
    """A site that was deployed to, and has a migration to come."""
    with site(pg, tmp_path) as found:
        assert found.deploy().code == 0
        run(found.database, "INSERT INTO b VALUES (1), (2)")
        found.made.table(4, "d")
        yield found


def plan(here: Site, *arguments: str) -> str:
    answer = here.call("deploy", "--dry-run", *here.options, *arguments)
    assert answer.code == 0, answer
    return answer.out


def needs_a_restore(here: Site) -> None:
    here.made.add("0005.b.empty", "DELETE FROM b;", NO_WAY_BACK)
    here.made.add("0006.b.fail", FAILS)


# Settings and limits of the role


def test_settings_of_the_role_end_and_bend_nothing(here: Site) -> None:
    settings = {"idle_session_timeout": "150ms", "statement_timeout": "250ms"}
    settings |= {"datestyle": "German", "idle_in_transaction_session_timeout": "150ms"}
    settings |= {"transaction_timeout": "250ms"} if here.server.major >= 17 else {}
    needs_a_restore(here)
    with here.server.connect() as superuser:
        try:
            for name, value in settings.items():
                superuser.execute(f"ALTER ROLE {ROLE} SET {name} TO '{value}'")
            answer = here.deploy("--closed")
        finally:
            superuser.execute(f"ALTER ROLE {ROLE} RESET ALL")
    assert answer.code == 1
    assert "state: The backup was restored, compared whole, and opened; " in answer.err
    assert rows(here.database, "SELECT count(*) FROM b") == [(2,)]


@newest
def test_too_few_connections_are_refused_before_anything_is_done(here: Site) -> None:
    with here.server.connect() as superuser:
        try:
            superuser.execute(f"ALTER DATABASE {here.name} CONNECTION LIMIT 3")
            answer = here.deploy()
        finally:
            superuser.execute(f"ALTER DATABASE {here.name} CONNECTION LIMIT -1")
    assert answer.code == 2
    assert "A deploy may need 7 sessions at once; the CONNECTION LIMIT" in answer.err
    assert len(here.deploys) == 1


@newest
def test_pg_dump_too_is_of_the_role_that_the_options_set(
    here: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    with here.server.connect(here.name) as superuser:
        superuser.execute(f"GRANT {ROLE} TO owner")
    monkeypatch.setenv("PGOPTIONS", f"-c role={ROLE}")
    there = here._replace(database=here.server.dsn(here.name, "owner"))
    answer = there.deploy(rehearse=True)
    assert answer.code == 0, answer
    query = "SELECT tableowner FROM pg_tables WHERE tablename = 'd'"
    assert rows(here.database, query) == [(ROLE,)]


@newest
def test_of_several_hosts_everything_goes_to_the_one_that_answered(here: Site) -> None:
    several = here.database.replace(
        f"host={here.server.host}", f"host=/not/there,{here.server.host}"
    )
    target = Target.parse(several, "test")
    with open_connection(target) as connection:
        assert pinned(target, connection).parameters["host"] == here.server.host
    answer = here._replace(database=several).deploy(rehearse=True)
    assert answer.code == 0, answer


# What a backup and a restore are worth


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("CREATE PUBLICATION p FOR ALL TABLES", "only a superuser can create publication p again"),
        (
            "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()",
            "only a superuser can create event trigger e again",
        ),
    ],
)
def test_what_only_a_superuser_can_restore_is_told_before_the_approval(
    here: Site, statement: str, words: str
) -> None:
    with here.server.connect(here.name) as superuser:
        superuser.execute(
            "CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'"
        )
        superuser.execute(f"ALTER FUNCTION f() OWNER TO {ROLE}")
        superuser.execute(statement.encode())
    assert f"-- restore: not possible: {words}" in plan(here)


def test_a_grant_that_this_role_cannot_make_again_is_told_before_the_approval(here: Site) -> None:
    with here.server.connect(here.name) as superuser:
        superuser.execute(
            f"ALTER DEFAULT PRIVILEGES FOR ROLE owner GRANT SELECT ON TABLES TO {ROLE}"
        )
    told = next(line for line in plan(here).splitlines() if line.startswith("-- restore: "))
    assert "owner" in told, told
    assert not told.startswith("-- restore: schema proved, rows"), told


def test_an_owner_that_the_role_cannot_name_again_is_told_before_the_approval(here: Site) -> None:
    """A member that may not SET ROLE cannot give anything to it; until 16 every member could."""
    if here.server.major < 16:
        pytest.skip("every member may SET ROLE")
    with here.server.connect(here.name) as superuser:
        superuser.execute(f"CREATE ROLE shelf; GRANT shelf TO {ROLE} WITH SET FALSE")
        superuser.execute("CREATE TABLE theirs (); ALTER TABLE theirs OWNER TO shelf")
        try:
            told = plan(here)
        finally:
            superuser.execute("DROP OWNED BY shelf; DROP ROLE shelf")
    words = "the role may not act as the owner of objects here: shelf"
    assert f"-- restore: not possible: {words}" in told, told


def test_rollback_files_are_tried_on_the_schema_before_the_approval(here: Site) -> None:
    assert "-- rollback files: proved on the schema alone, without rows: " in plan(here)
    here.made.add("0004.d.create", "CREATE TABLE d (id int); CREATE TABLE e ();", "DROP TABLE d;")
    assert "-- rollback files: do not lead back, on the schema alone, without rows: table e is" in (
        plan(here)
    )
    assert here.others() == []


def test_a_rehearsal_of_the_night_before_is_known_to_the_plan(here: Site) -> None:
    assert here.call("backups", "make", *here.options).code == 0
    assert "rows: not" not in plan(here)
    answer = here.call("deploy", "--dry-run", "--rehearse", *here.options)
    assert "-- rollback files: proved on the rows of 20" in answer.out
    told = plan(here)
    assert f"(backup {here.last_backup.name})" in told
    assert "-- restore: proved on the rows of 20" in told
    assert "restore: proved on the rows of 20" in here.call("backups", "verify", *here.options).out
    here.made.table(5, "e")
    assert "-- rollback files: proved on the schema alone" in plan(here), "the files are others"


def test_rollback_files_that_only_claim_to_lead_back_are_refused(here: Site) -> None:
    head = "-- purpose: x\n-- locks: none\n-- reversible: yes\n"
    here.made.add("0004.d.create", f"{head}UPDATE b SET id = 0 WHERE id = 1;", f"{head}SELECT 1;")
    answer = here.deploy(rehearse=True)
    assert answer.code == 1
    assert "the rollback files do not lead back: table b has other rows" in answer.err
    assert (here.deploys[0]["outcome"], here.others()) == ("nothing changed", [])
    assert rows(here.database, "SELECT min(id) FROM b") == [(1,)]


def test_rows_of_partitions_belong_to_their_root(here: Site) -> None:
    """An enum's values have other hashes after a restore: the rows are in other partitions."""
    run(
        here.database,
        "CREATE TYPE mood AS ENUM ('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h')",
        "CREATE TABLE p (m mood, n int) PARTITION BY HASH (m)",
        *(
            f"CREATE TABLE p{n} PARTITION OF p FOR VALUES WITH (MODULUS 4, REMAINDER {n})"
            for n in range(4)
        ),
        "INSERT INTO p SELECT m, n FROM unnest(enum_range(NULL::mood)) m, generate_series(1, 9) n",
    )
    needs_a_restore(here)
    answer = here.deploy("--closed")
    assert "state: The backup was restored, compared whole" in answer.err, answer.err
    assert rows(here.database, "SELECT count(*) FROM p") == [(72,)]


def test_a_sequence_may_stand_further_and_not_further_back() -> None:
    up, down = Position(5, 1, cycles=False), Position(-5, -1, cycles=False)
    assert moved({"s": up}, {"s": up._replace(value=9)}) == []
    assert moved({"s": up}, {"s": up._replace(value=4)}) == [
        "sequence s stands at 4, and stood at 5"
    ]
    assert moved({"s": down}, {"s": down._replace(value=-9)}) == []
    assert moved({"s": down}, {"s": down._replace(value=-4)})
    assert moved({"s": up._replace(cycles=True)}, {"s": up._replace(value=1)}) == []
    assert moved({"s": up}, {"s": up._replace(value=None)})


@newest
def test_more_tables_than_there_is_room_for_locks_are_refused(here: Site) -> None:
    with psycopg.connect(here.database) as connection:
        facts = prerequisites.server_facts(connection)
    assert facts.lock_room > 1000
    assert [*prerequisites._locks(facts)] == []
    ((told, hint),) = prerequisites._locks(replace(facts, tables=facts.lock_room))
    assert "would run out of it" in told
    assert "--backup made" in hint


def test_large_objects_of_others_are_told_before_the_dump(here: Site) -> None:
    with here.server.connect(here.name) as superuser:
        superuser.execute("SELECT lo_create(4711)")
    answer = here.deploy()
    assert answer.code == 2
    assert "large object 4711 (not its owner, no SELECT)" in answer.err


@newest
def test_a_backup_by_other_means_is_kept_everywhere_and_restored_by_nobody(here: Site) -> None:
    answer = here.deploy("--backup", "made")
    assert answer.code == 2
    assert "--backup made needs a reason" in answer.err
    digest = events(here.call("--json", "deploy", "--dry-run", *here.options))[-1]["digest"]
    made = ["--backup", "made", "--reason", "pgbackrest 20250101F"]
    answer = here.call("deploy", "--approve", digest, *made, *here.options)
    assert answer.code == 2, "another backup is another plan"
    before = {*here.backups.iterdir()}
    answer = here.deploy(*made)
    assert answer.code == 0
    assert "restore: not possible: the backup is made: pgbackrest 20250101F" in answer.err
    assert here.deploys[0]["backup"].startswith("made: pgbackrest 20250101F; ")
    reports = {*here.backups.iterdir()} - before
    assert {each.suffix for each in reports} == {".md", ".json"}
    assert all("pgbackrest 20250101F" in each.read_text() for each in reports)

    here.made.add("0005.b.empty", "DELETE FROM b;", NO_WAY_BACK)
    here.made.add("0006.b.fail", FAILS)
    answer = here.deploy("--closed", "--backup", "none", "--reason", "as a test")
    assert answer.code == 1
    assert "There can be no restore: the backup is none: as a test" in answer.err
    assert "state: The database is closed, and not as before." in answer.err
    with pytest.raises(psycopg.OperationalError):
        rows(here.database, "SELECT 1")
    assert paste(answer, "--leave").code == 0
    assert (here.deploys[0]["outcome"], rows(here.database, "TABLE b")) == ("left", [])


def test_rows_that_are_left_out_are_named_and_prove_nothing(here: Site) -> None:
    run(here.database, 'CREATE TABLE "with blank" (id int)', 'INSERT INTO "with blank" VALUES (1)')
    left = ["--exclude-table-data", "b", "--exclude-table-data", '"with blank"']
    answer = here.deploy("--compress", "1", *left)
    assert answer.code == 0, answer
    assert 'restore: not possible: the backup leaves out the rows of b, "with blank"' in answer.err
    assert here.manifest()["left_out"] == ['"with blank"', "b"]
    needs_a_restore(here)
    answer = here.deploy("--closed", *left)
    assert "There can be no restore: the backup leaves out the rows of b" in answer.err, answer.err
    assert paste(answer, "--leave").code == 0


# A copy does not reach the world


@newest
def test_a_rehearsal_writes_nothing_to_another_server(here: Site) -> None:
    with here.server.connect(here.name) as superuser:
        try:
            superuser.execute("CREATE EXTENSION postgres_fdw")
        except psycopg.Error:
            pytest.skip("this PostgreSQL has no postgres_fdw")
        superuser.execute(
            "CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS"
            f" (host '{here.server.host}', port '{here.server.port}', dbname '{here.name}')"
        )
        superuser.execute(f"CREATE USER MAPPING FOR {ROLE} SERVER s OPTIONS (user '{ROLE}')")
        superuser.execute("CREATE FOREIGN TABLE far (id int) SERVER s OPTIONS (table_name 'b')")
        superuser.execute(f"ALTER FOREIGN TABLE far OWNER TO {ROLE}")
    here.made.add("0005.far", "INSERT INTO far VALUES (7);", "SELECT 1;")
    answer = here.deploy("--admin", here.administrator, rehearse=True)
    assert answer.code == 1, answer
    assert "user mapping" in answer.err
    assert rows(here.database, "SELECT count(*) FROM b WHERE id = 7") == [(0,)]


@newest
@pytest.mark.parametrize(
    "text",
    [
        "CREATE ROLE r_of_a_test",
        "ALTER DATABASE postgres SET work_mem TO '9MB'",
        "DO $$ BEGIN PERFORM dblink('', ''); END $$",
        "COPY b TO PROGRAM 'true'",
        "DO $$ BEGIN CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p; END $$",
        "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM dblink_exec('', ''); END $$",
        "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS"
        " $$ BEGIN COPY b TO PROGRAM 'true'; END $$",
    ],
)
def test_files_that_act_beyond_their_database_are_not_rehearsed(here: Site, text: str) -> None:
    here.made.add("0005.far", f"-- a comment may say: ALTER ROLE\n{text};", "SELECT 1;")
    assert "-- rollback files: unproven: a copy would reach beyond itself by 0005.far.sql:2 (" in (
        plan(here)
    )
    answer = here.deploy(rehearse=True)
    assert answer.code == 2
    assert "There can be no rehearsal: a copy would reach beyond itself by" in answer.err


# "As before" is the whole catalogue


LOST = {
    "privileges of a view that was made anew": (
        "CREATE OR REPLACE VIEW v AS SELECT 2 AS x;",
        "DROP VIEW v; CREATE VIEW v AS SELECT 1 AS x;",
        "view v differs in its privileges",
    ),
    "a comment": ("COMMENT ON TABLE b IS 'new';", "COMMENT ON TABLE b IS NULL;", "in its comment"),
    "a setting of the database": (
        "DO $$ BEGIN EXECUTE format('ALTER DATA''||''BASE', 1); EXCEPTION WHEN OTHERS THEN END $$;"
        " DO $$ BEGIN EXECUTE 'ALTER DATA' || 'BASE ' || quote_ident(current_database())"
        " || ' SET work_mem TO ''9MB'''; END $$;",
        "SELECT 1;",
        "work_mem=9MB",
    ),
    "default privileges": (
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO owner;",
        "SELECT 1;",
        "default acl",
    ),
}


@pytest.mark.parametrize("what", LOST)
def test_what_the_rollback_files_lose_is_told(here: Site, what: str) -> None:
    apply, rollback, words = LOST[what]
    run(
        here.database,
        "CREATE VIEW v AS SELECT 1 AS x",
        "GRANT SELECT ON v TO owner",
        "COMMENT ON TABLE b IS 'old'",
    )
    here.made.add("0005.lose", apply, rollback)
    here.made.add("0006.b.fail", FAILS)
    answer = here.deploy()
    assert answer.code == 1
    assert "state: The deploy stopped here: its rollback files do not lead back: " in answer.err
    assert words in answer.err, answer.err
    assert here.deploys[0]["outcome"] == "stopped"


# Kept, cut off, closed


def test_the_history_of_an_older_release_is_gone_on_with(here: Site) -> None:
    run(
        here.database,
        "ALTER TABLE yoyo.deploy DROP COLUMN before",
        "ALTER TABLE yoyo.deploy DROP CONSTRAINT ck_deploy_phase",
        "ALTER TABLE yoyo.deploy ADD CONSTRAINT ck_deploy_phase CHECK (phase <> 'opening')",
        "CREATE TABLE yoyo.deploy_write (deploy_id int REFERENCES yoyo.deploy)",
    )
    assert here.deploys[0]["kind"] == "open"
    assert here.deploy("--closed").code == 0
    assert rows(here.database, "SELECT to_regclass('yoyo.deploy_write')") == [(None,)]
    assert [each["outcome"] for each in here.deploys] == ["applied", "applied"]


def test_a_session_that_is_ended_during_the_backup_gets_a_message(here: Site) -> None:
    with psycopg.connect(here.database) as other:
        other.execute("LOCK TABLE c IN ACCESS EXCLUSIVE MODE")
        process = launch(
            here.made, here.database, "deploy", "--yes", "--no-rehearse", *here.options
        )
        dumping = "FROM pg_stat_activity WHERE application_name = 'pg_dump'"
        until(lambda: rows(here.administrator, f"SELECT {dumping}"))
        run(here.administrator, f"SELECT pg_terminate_backend(pid) {dumping}")
        answer = finish(process)
    assert answer.code == 1
    assert "error: The backup could not be made: " in answer.err
    assert "state: The database was not changed" in answer.err
    assert (here.deploys[0]["outcome"], applied(here.database)[-1]) == (
        "nothing changed",
        "0003.c.create",
    )


@pytest.mark.parametrize("is_directory", [False, True])
def test_a_dump_is_claimed_by_a_lock_that_nfs_gives_too(tmp_path: Path, is_directory: bool) -> None:
    part = tmp_path / f"x.{'dir' if is_directory else 'dump'}.part"
    with archive.claimed(part, is_directory=is_directory) as claim:
        assert fcntl.fcntl(claim, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDWR
        assert archive.unfinished_in(tmp_path) == []
    assert archive.unfinished_in(tmp_path) == [part]


def test_the_name_of_a_closed_database_is_its_own_and_not_too_long() -> None:
    long = "ä" * 31
    assert closing.closed_name("shop") == "shop_closed_by_deploy"
    assert len(closing.closed_name(long).encode()) <= 63
    assert closing.closed_name(long) != closing.closed_name(f"{long}x")


def test_whoever_opens_by_another_database_of_that_name_is_told(here: Site) -> None:
    needs_a_restore(here)
    answer = here.deploy("--closed", "--backup", "none", "--reason", "as a test")
    assert answer.code == 1
    with here.server.connect() as superuser:
        superuser.execute(f"CREATE DATABASE {here.name} OWNER {ROLE}")
        told = paste(answer, "--leave")
        assert told.code == 1
        assert f'database "{here.name}" already exists' in told.err
        assert "The deploy is done, but for that: left." in told.err
        superuser.execute(f"DROP DATABASE {here.name}")
    assert paste(told, "--leave").code == 0
    assert tables(here.database) == ["a", "b", "c", "d"]


def test_a_rehearsal_is_noted_beside_its_backup(here: Site) -> None:
    assert here.deploy(rehearse=True).code == 0
    path = here.last_backup.with_name(f"{here.last_backup.name}.proof.json")
    document = json.loads(path.read_text())
    assert (document["rollback"], document["restore"]) == ("", [])
    assert document["apply_seconds"] > 0
