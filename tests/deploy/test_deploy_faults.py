"""What was found to go wrong with deploys: settings, rights, copies, backups, hints."""

from __future__ import annotations

import fcntl
import json
import os
import threading
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from migrator.backup import archive
from migrator.catalogue import contents
from migrator.catalogue.contents import Position, moved
from migrator.core.session import open_connection
from migrator.core.target import Target
from migrator.deploy import closing, prerequisites
from migrator.server.scratch import Scratch
from tests.conftest import INSTALLATIONS
from tests.support.commands import finish, launch
from tests.support.databases import applied, database, rows, run, tables
from tests.support.deploys import (
    FAILS,
    HEMMED_IN,
    NO_WAY_BACK,
    ROLE,
    Site,
    events,
    paste,
    site,
)
from tests.support.servers import NEWEST, SETTINGS, Server, throwaway
from tests.support.sets import three_tables
from tests.support.standbys import followed, following
from tests.support.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session", params=[NEWEST])
def pg(request: pytest.FixtureRequest) -> Server:
    """The newest server; what depends on the version asks for the other, too."""
    server: Server = request.getfixturevalue(f"server_{request.param}")
    return server


@pytest.fixture
def here(here: Site) -> Site:
    """Have a migration to come."""
    here.made.table(4, "d")
    return here


def plan(here: Site, *arguments: str) -> str:
    answer = here.call("deploy", "--dry-run", *here.options, *arguments)
    assert answer.code == 0, answer
    return answer.out


def needs_a_restore(here: Site) -> None:
    here.made.add("0005.b.empty", "DELETE FROM b;", NO_WAY_BACK)
    here.made.add("0006.b.fail", FAILS)


# Settings and limits of the role


def test_neither_settings_of_the_role_nor_partitions_stop_a_restore(here: Site) -> None:
    """An enum's values have other hashes after a restore: the rows are in other partitions.

    The functions of a range type belong to the server's first superuser, whoever made the type.
    """
    settings = {"idle_session_timeout": "150ms", "statement_timeout": "250ms"}
    settings |= {"datestyle": "German", "idle_in_transaction_session_timeout": "150ms"}
    settings |= {"transaction_timeout": "250ms"} if here.server.major >= 17 else {}
    run(
        here.database,
        "CREATE TYPE mood AS ENUM ('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h')",
        "CREATE TABLE p (m mood, n int) PARTITION BY HASH (m)",
        "CREATE TYPE span AS RANGE (subtype = mood)",
        *(
            f"CREATE TABLE p{n} PARTITION OF p FOR VALUES WITH (MODULUS 4, REMAINDER {n})"
            for n in range(4)
        ),
        "INSERT INTO p SELECT m, n FROM unnest(enum_range(NULL::mood)) m, generate_series(1, 9) n",
    )
    needs_a_restore(here)
    with here.server.connect() as superuser:
        try:
            for name, value in settings.items():
                superuser.execute(f"ALTER ROLE {ROLE} SET {name} TO '{value}'")
            answer = here.deploy("--closed")
        finally:
            superuser.execute(f"ALTER ROLE {ROLE} RESET ALL")
    assert answer.code == 1
    assert "state: The backup was restored, compared whole, and opened; " in answer.err, answer.err
    assert rows(here.database, "SELECT count(*) FROM b") == [(1000,)]
    assert rows(here.database, "SELECT count(*) FROM p") == [(72,)]


def test_a_database_without_schema_public_comes_back_without_it(here: Site) -> None:
    here.made.add("0004.d.create", "CREATE TABLE app.d (id int);", "DROP TABLE app.d;")
    here.made.add("0005.b.empty", "DELETE FROM app.b;", NO_WAY_BACK)
    here.made.add("0006.b.fail", FAILS)
    moved_there = (f"ALTER TABLE {each} SET SCHEMA app" for each in "abc")
    run(here.database, "CREATE SCHEMA app", *moved_there, "DROP SCHEMA public")
    answer = here.deploy("--closed")
    assert answer.code == 1
    assert "state: The backup was restored, compared whole, and opened; " in answer.err, answer.err
    assert "Not as before" not in answer.err
    schemas = "SELECT nspname FROM pg_namespace WHERE nspname IN ('app', 'public')"
    assert rows(here.database, schemas) == [("app",)]
    assert rows(here.database, "SELECT count(*) FROM app.b") == [(1000,)]


def test_too_few_connections_are_refused_before_anything_is_done(here: Site) -> None:
    with here.server.connect() as superuser:
        try:
            superuser.execute(f"ALTER DATABASE {here.name} CONNECTION LIMIT 3")
            answer = here.deploy()
        finally:
            superuser.execute(f"ALTER DATABASE {here.name} CONNECTION LIMIT -1")
    assert answer.code == 2
    assert "A deploy may need 7 sessions at once; the CONNECTION LIMIT" in answer.err
    assert f"ALTER DATABASE {here.name} CONNECTION LIMIT -1;" in answer.err
    assert len(here.deploys) == 1


def test_pg_dump_too_is_of_the_role_that_the_options_set(
    here: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So is what drops a copy; a session of who logged in may be there, which is just leaving."""
    with here.server.connect() as superuser:
        superuser.execute(f"GRANT {ROLE} TO owner")
        try:
            options = f"-c role={ROLE}"
            with monkeypatch.context() as patched:
                patched.setenv("PGOPTIONS", options)
                there = here._replace(database=here.server.dsn(here.name, "owner"))
                answer = there.deploy(rehearse=True)
            server = Target.parse(f"{here.server.dsn('postgres')} options='{options}'", "test")
            with Scratch(server, "deploy_rehearsal") as scratch:
                copy = scratch.create("copy")
                leaving = open_connection(copy)
                threading.Timer(0.3, leaving.close).start()
        finally:
            superuser.execute(f"REVOKE {ROLE} FROM owner")
    assert answer.code == 0, answer
    query = "SELECT tableowner FROM pg_tables WHERE tablename = 'd'"
    assert rows(here.database, query) == [(ROLE,)]
    assert here.others() == []


def test_of_several_hosts_everything_goes_to_the_one_that_answered(
    pg: Server, tmp_path: Path
) -> None:
    """Of a standby and its primary, whose commits wait for the standby."""
    with throwaway(pg.bin_dir) as primary, following(primary) as standby:
        run(
            primary.dsn("postgres", primary.user),
            "ALTER SYSTEM SET synchronous_standby_names TO '*'",
            "ALTER SYSTEM SET synchronous_commit TO remote_apply",
            "SELECT pg_reload_conf()",
        )
        with site(primary, tmp_path) as found:
            both = make_conninfo(
                found.database,
                host=f"{standby.host},{primary.host}",
                port=f"{standby.port},{primary.port}",
            )
            here = found._replace(database=make_conninfo(both, target_session_attrs="read-write"))
            answer = here.deploy(rehearse=True)
            assert answer.code == 0, answer
            run(here.database, "INSERT INTO b VALUES (1), (2)")
            answer = found._replace(database=both).deploy()
            assert answer.code == 2
            assert "is a standby: nothing can be written there." in answer.err
            needs_a_restore(here)
            answer = here.deploy("--closed")
            assert answer.code == 1
            assert "state: The backup was restored, compared whole" in answer.err, answer.err
            followed(primary, standby, here.database)
            there = standby.dsn(here.name, standby.user)
            assert rows(there, "SELECT count(*) FROM b") == [(2,)]


def test_a_role_that_may_enter_no_other_database_is_told_so_before_anything(
    other_server: Server, tmp_path: Path
) -> None:
    """pg_hba.conf lets it into its own database and into postgres alone."""
    with other_server.connect() as superuser:
        superuser.execute(f"DROP ROLE IF EXISTS {HEMMED_IN}")
        superuser.execute(f"CREATE ROLE {HEMMED_IN} LOGIN CREATEDB")
    with database(other_server, HEMMED_IN, owner=HEMMED_IN) as name:
        conninfo = other_server.dsn(name, HEMMED_IN)
        here = Site(other_server, name, conninfo, three_tables(tmp_path), tmp_path / "backups")
        words = "pg_hba.conf lets the role into no database of another name, such as deploy_"
        answer = here.deploy(rehearse=True)
        assert answer.code == 2
        assert f"There can be no rehearsal: {words}" in answer.err
        answer = here.deploy("--closed")
        assert answer.code == 2
        assert "A closed database gets another name: pg_hba.conf lets the role into" in answer.err
        assert f"host {name}_closed_by_deploy {HEMMED_IN} " in answer.err
        answer = here.deploy()
        assert answer.code == 0, answer
        assert f"restore: not possible: {words}" in answer.err
        assert here.others() == []


# What a backup and a restore are worth


NOT_BY_THIS_ROLE = {
    "CREATE PUBLICATION p FOR ALL TABLES": (
        "DROP PUBLICATION p",
        "not possible: only a superuser can create publication p again",
    ),
    "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()": (
        "DROP EVENT TRIGGER e",
        "not possible: only a superuser can create event trigger e again",
    ),
    "ALTER DEFAULT PRIVILEGES FOR ROLE owner GRANT SELECT ON TABLES TO deployer": (
        "ALTER DEFAULT PRIVILEGES FOR ROLE owner REVOKE SELECT ON TABLES FROM deployer",
        "not possible: the schema cannot be restored: pg_restore: error: could not execute query: "
        "ERROR: permission denied to change default privileges",
    ),
    "GRANT SELECT ON b TO owner WITH GRANT OPTION; SET ROLE owner; GRANT SELECT ON b TO tester; "
    "RESET ROLE": (
        "REVOKE ALL ON b FROM owner CASCADE",
        "not possible: the schema cannot be restored: pg_restore: error: could not execute query: "
        "ERROR: permission denied to set session authorization",
    ),
    "ALTER SCHEMA public OWNER TO owner; GRANT ALL ON SCHEMA public TO deployer": (
        "ALTER SCHEMA public OWNER TO deployer",
        "not possible: the schema cannot be restored: pg_restore: error: could not execute query: "
        'ERROR: must be able to SET ROLE "owner"',
    ),
    "CREATE ROLE shelf; GRANT shelf TO deployer WITH SET FALSE; CREATE TABLE theirs (); "
    "ALTER TABLE theirs OWNER TO shelf": (
        "DROP OWNED BY shelf; DROP ROLE shelf",
        "not possible: the role may not act as the owner of objects here: shelf",
    ),
    "SELECT lo_create(4711); GRANT SELECT ON LARGE OBJECT 4711 TO deployer": (
        "SELECT lo_unlink(4711)",
        "not possible: the role may not act as the owner of objects here: postgres",
    ),
    "REVOKE EXECUTE ON FUNCTION pg_sleep FROM PUBLIC": (
        "GRANT EXECUTE ON FUNCTION pg_sleep TO PUBLIC",
        "schema proved, but not all came back: privileges on function pg_catalog.pg_sleep(double "
        "precision) is missing",
    ),
    "CREATE EXTENSION pg_trgm VERSION '1.4'; ALTER DATABASE {} SET log_duration TO off": (
        "DROP EXTENSION pg_trgm; ALTER DATABASE {} RESET ALL",
        "schema proved, but not all came back: ALTER DATABASE \"{}\" SET log_duration TO 'off'; -- "
        'permission denied to set parameter "log_duration"; database differs',
    ),
}


def test_what_this_role_cannot_make_again_is_told_before_the_approval(here: Site) -> None:
    with here.server.connect(here.name) as superuser:
        superuser.execute(
            "CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'"
        )
        superuser.execute(f"ALTER FUNCTION f() OWNER TO {ROLE}")
        for statement, (undo, words) in NOT_BY_THIS_ROLE.items():
            superuser.execute(statement.format(here.name).encode())
            try:  # what the prerequisites know is known without a copy
                told = plan(here, *["--no-rehearse"] * ("schema" not in words))
                answer = here.deploy(rehearse=True) if "session authorization" in words else None
            finally:
                superuser.execute(undo.format(here.name).encode())
            assert f"-- restore: {words.format(here.name)}" in told, told
            if "pg_trgm" in statement:
                assert "extension pg_trgm differs in its version" in told
            if answer is not None:
                assert answer.code == 2, answer
                assert "There can be no rehearsal: the schema cannot be restored" in answer.err
    assert "-- restore: schema proved, rows not tried" in plan(here)


@pytest.mark.parametrize("pg", INSTALLATIONS, indirect=True)
def test_rules_of_a_database_with_icu_come_back(pg: Server, tmp_path: Path) -> None:
    with pg.connect() as superuser:
        try:
            superuser.execute("BEGIN; CREATE COLLATION c (provider = icu, locale = 'sv'); ROLLBACK")
        except psycopg.errors.FeatureNotSupported:
            pytest.skip("this PostgreSQL is built without ICU")
    rules = "ICU_RULES '&V << w <<< W'" if pg.major >= 16 else ""
    options = f"ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'sv' {rules} LOCALE 'C'"
    with site(pg, tmp_path, "template0", options) as here:
        answer = here.deploy(rehearse=True)
        assert answer.code == 0, answer
        of = "SELECT to_jsonb(d) - '{{oid,datname,datfrozenxid,datminmxid}}'::text[]"
        of += " FROM pg_database d WHERE datname = current_database()"
        before = rows(here.database, of.format())
        needs_a_restore(here)
        assert "restored, compared whole" in here.deploy("--closed").err
        assert rows(here.database, of.format()) == before


def test_many_partitions_do_not_exhaust_the_lock_table(
    pg: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each read keeps a lock on a table and on its indexes: several transactions read them."""
    few = {"max_connections": "24", "max_locks_per_transaction": "14", "max_worker_processes": "0"}
    few |= {"max_wal_senders": "0", "autovacuum_worker_slots": "1"}
    parts = "FOR VALUES WITH (MODULUS 220, REMAINDER ' || n || ')'"
    with throwaway(pg.bin_dir, {**SETTINGS, **few}) as server, site(server, tmp_path) as here:
        assert here.deploy().code == 0
        run(
            here.database,
            "CREATE TABLE p (id int, x int, y int, z int) PARTITION BY HASH (id)",
            *(f"CREATE INDEX ON p ({column})" for column in ("id", "x", "y", "z")),
        )
        for start in range(0, 220, 10):
            run(
                here.database,
                f"DO $$ BEGIN FOR n IN {start} .. {start + 9} LOOP EXECUTE "
                f"'CREATE TABLE p' || n || ' PARTITION OF p {parts}; END LOOP; END $$",
            )
        here.made.table(4, "d")
        with monkeypatch.context() as patched:
            patched.setattr(contents, "_TABLES_AT_ONCE", 1000)
            answer = here.deploy()
        assert "out of shared memory" in answer.err, "the server is too large for this test"
        answer = here.deploy()
        assert answer.code == 0, answer


def test_rollback_files_are_tried_on_the_schema_before_the_approval(here: Site) -> None:
    here.made.add("0004.d.create", "CREATE TABLE d (id int); CREATE TABLE e ();", "DROP TABLE d;")
    told = plan(here)
    assert "-- rollback files: do not lead back, on the schema alone, without rows: table e" in told
    here.made.add("0004.d.create", "CREATE TABLE d (); SELECT 1 / (SELECT count(*) FROM b);")
    told = plan(here)
    assert "-- rollback files: unproven: The rehearsal failed: " in told
    assert "-- restore: schema proved, rows not tried" in told
    assert here.others() == []


def test_a_rehearsal_of_the_night_before_is_known_to_the_plan(here: Site) -> None:
    assert here.call("backups", "make", *here.options).code == 0
    assert "rows: not" not in plan(here)
    answer = here.call("deploy", "--dry-run", "--rehearse", *here.options)
    assert "-- rollback files: proved on the rows of 20" in answer.out
    path = here.last_backup.with_name(f"{here.last_backup.name}.proof.json")
    document = json.loads(path.read_text())
    assert (document["rollback"], document["restore"]) == ("", [])
    assert document["apply_seconds"] > 0
    told = plan(here, "--no-rehearse")
    assert f"(backup {here.last_backup.name})" in told
    assert "-- restore: proved on the rows of 20" in told
    assert "restore: proved on the rows of 20" in here.call("backups", "verify", *here.options).out
    here.made.table(5, "e")
    assert "-- rollback files: unproven: --no-rehearse" in plan(here, "--no-rehearse"), "new files"


def test_rollback_files_that_only_claim_to_lead_back_are_refused(here: Site) -> None:
    head = "-- purpose: x\n-- locks: none\n-- reversible: yes\n"
    here.made.add("0004.d.create", f"{head}UPDATE b SET id = 0 WHERE id = 1;", f"{head}SELECT 1;")
    answer = here.deploy(rehearse=True)
    assert answer.code == 1
    assert "the rollback files do not lead back: table b has other rows" in answer.err
    assert (here.deploys[0]["outcome"], here.others()) == ("nothing changed", [])
    assert rows(here.database, "SELECT min(id) FROM b") == [(1,)]


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


def test_a_backup_by_other_means_is_kept_everywhere_and_restored_by_nobody(here: Site) -> None:
    answer = here.deploy("--backup", "made")
    assert answer.code == 2
    assert "--backup made needs a reason" in answer.err
    digest = events(here.call("--json", "deploy", "--dry-run", *here.options))[-1]["digest"]
    made = ["--backup", "made", "--reason", "pgbackrest 20250101F"]
    answer = here.call("deploy", "--approve", digest, *made, *here.options)
    assert answer.code == 2, "another backup is another plan"
    answer = here.deploy(*made)
    assert answer.code == 0
    assert "restore: not possible: the backup is made: pgbackrest 20250101F" in answer.err
    assert here.deploys[0]["backup"].startswith("made: pgbackrest 20250101F; ")
    reports = [*here.backups.iterdir()]
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
    assert rows(here.database, "SELECT count(*) FROM b WHERE id = 7") == [(1,)]


BEYOND = [
    "CREATE ROLE r_of_a_test",
    "ALTER DATABASE postgres SET work_mem TO '9MB'",
    "DO $$ BEGIN PERFORM dblink('', ''); END $$",
    "COPY b TO PROGRAM 'true'",
    "DO $$ BEGIN CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p; END $$",
    "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS"
    " $$ BEGIN PERFORM dblink_exec('', ''); END $$",
    "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS"
    " $$ BEGIN COPY b TO PROGRAM 'true'; END $$",
]


def test_files_that_act_beyond_their_database_are_not_rehearsed(here: Site) -> None:
    for text in BEYOND:
        here.made.add("0005.far", f"-- a comment may say: ALTER ROLE\n{text};", "SELECT 1;")
        told = plan(here)
        words = "unproven: a copy would reach beyond itself by 0005.far.sql:2 ("
        assert f"-- rollback files: {words}" in told, text
    answer = here.deploy(rehearse=True)
    assert answer.code == 2
    assert "There can be no rehearsal: a copy would reach beyond itself by" in answer.err


# "As before" is the whole catalogue


LOST = {  # what applies it: (what does not undo it, what is told)
    "CREATE OR REPLACE VIEW v AS SELECT 2 AS x;": (
        "DROP VIEW v; CREATE VIEW v AS SELECT 1 AS x;",
        "view v differs in its privileges",
    ),
    "COMMENT ON TABLE b IS 'new';": ("COMMENT ON TABLE b IS NULL;", "in its comment"),
    "DO $$ BEGIN EXECUTE 'ALTER DATA' || 'BASE ' || quote_ident(current_database())"
    " || ' SET work_mem TO ''9MB'''; END $$;": ("", "work_mem=9MB"),
    "ALTER DEFAULT PRIVILEGES GRANT SELECT ON SEQUENCES TO owner;": ("", "default acl"),
}


def test_what_the_rollback_files_lose_is_told(here: Site) -> None:
    run(
        here.database,
        "CREATE VIEW v AS SELECT 1 AS x",
        "GRANT SELECT ON v TO owner",
        "COMMENT ON TABLE b IS 'old'",
    )
    lose = " ".join(rollback for rollback, _ in LOST.values())
    here.made.add("0005.lose", " ".join(LOST), lose)
    here.made.add("0006.b.fail", FAILS)
    answer = here.deploy()
    assert answer.code == 1
    assert "state: The deploy stopped here: its rollback files do not lead back: " in answer.err
    for _, words in LOST.values():
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
    with archive.claimed(part) as claim:
        assert fcntl.fcntl(claim, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDWR
        part.mkdir() if is_directory else part.touch()
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
