"""Deploys: what stands in their way, what is approved, what is done, what comes of a failure."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from migrator.backup import programs
from migrator.core.errors import Refused
from tests.support.commands import call, finish, launch, said
from tests.support.databases import applied, locked, rows, run, tables
from tests.support.deploys import FAILS, NO_WAY_BACK, Site, events
from tests.support.servers import MIGRATIONS, NEWEST, ROOT, Server, clean_environment
from tests.support.sets import THREE, MigrationSet
from tests.support.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session", params=[NEWEST])
def pg(request: pytest.FixtureRequest) -> Server:
    """The newest server: that a deploy works on each, smoke tests, kills and restores show."""
    server: Server = request.getfixturevalue(f"server_{request.param}")
    return server


NO_ID = "00000000-0000-4000-8000-000000000000"
ONLINE = "-- transactional: false\n"


# What stands in the way


def test_a_deploy_takes_no_database_that_was_not_named(made: MigrationSet) -> None:
    for command in (["deploy", "--yes"], ["deploy", "--dry-run"]):
        answer = call(made, None, *command)
        assert answer.code == 2
        assert "error: Which database is meant?" in answer.err


def test_everything_that_stands_in_the_way_is_told_at_once(here: Site) -> None:
    here.made.table(4, "d")
    here.made.write("migrations/0001.a.create.sql", "CREATE TABLE a (id int, more int);\n")
    with here.server.connect(here.name) as superuser:
        superuser.execute("CREATE TABLE secret (id int)")
        superuser.execute("CREATE TABLE tenants (id int)")
        superuser.execute("ALTER TABLE tenants ENABLE ROW LEVEL SECURITY")
        superuser.execute("GRANT SELECT ON tenants TO deployer")
        superuser.execute("CREATE TABLE bound (id int)")
        superuser.execute("ALTER TABLE bound OWNER TO deployer")
        superuser.execute("ALTER TABLE bound ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        superuser.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC, pg_database_owner")
    (here.backups.parent / "file").touch()
    with locked(here.database, "b"):
        answer = here.call(
            "deploy", "--dry-run", "--longest-transaction", "0",
            "--backup-dir", here.backups.parent / "file" / "backups",
        )  # fmt: skip
    assert answer.code == 2
    assert answer.err.count("error:") == 1
    assert "0001.a.create.sql: was edited after it was applied" in answer.err
    unreadable = "bound (row security), secret (no SELECT), tenants (row security)"
    assert f"cannot back up everything: {unreadable}." in answer.err
    assert "may create nothing in schema public." in answer.err
    assert "Transactions older than 0 s would block the deploy: pid " in answer.err
    assert "LOCK TABLE b" in answer.err
    assert "file cannot be written to." in answer.err
    for hint in (
        "pg_read_all_data",
        "BYPASSRLS",
        "pg_terminate_backend",
        "--backup-dir",
        "Restore the applied",
    ):
        assert hint in answer.err.split("next:")[1]


def test_a_prepared_transaction_stands_in_the_way(here: Site) -> None:
    here.made.table(4, "d")
    with psycopg.connect(here.database) as connection:
        connection.execute("INSERT INTO b VALUES (1)")
        connection.execute("PREPARE TRANSACTION 'left'")
    answer = here.deploy("--longest-transaction", "0")
    run(here.database, "ROLLBACK PREPARED 'left'")
    assert answer.code == 2
    assert "a prepared transaction (see pg_prepared_xacts)" in answer.err
    assert "ROLLBACK PREPARED" in answer.err


def test_sessions_that_the_role_may_not_look_into_are_counted(here: Site) -> None:
    dry = ["deploy", "--dry-run", "--no-rehearse", *here.options]
    here.made.table(4, "d")
    assert "may not look into" not in here.call(*dry).out
    with here.server.connect(here.name) as superuser:
        superuser.execute("BEGIN; SELECT 1")
        answer = here.call(*dry)
    assert answer.code == 0
    assert "-- sessions that this role may not look into: 1; how old" in answer.out


def test_a_pg_dump_older_than_the_server_is_none() -> None:
    with pytest.raises(Refused) as refusal:
        programs.programs(99)
    assert "pg_dump and pg_restore of PostgreSQL 99 or newer is needed" in refusal.value.message


def test_the_programs_are_those_of_the_servers_version_where_they_are_there(here: Site) -> None:
    assert programs.programs(here.server.major).version == here.server.major


def test_a_role_that_may_create_no_database_deploys_without_a_rehearsal(
    pg: Server, empty_database: str, made: MigrationSet, tmp_path: Path
) -> None:
    place = ["--backup-dir", str(tmp_path / "backups")]
    answer = call(made, empty_database, "deploy", "--yes", "--rehearse", *place)
    assert answer.code == 2
    assert "There can be no rehearsal: the role may not create databases." in answer.err
    assert "--admin URL" in answer.err

    answer = call(made, empty_database, "deploy", "--yes", *place)
    assert answer.code == 0
    assert "rehearsal: skipped: the role may not create databases" in answer.err
    assert "restore: not possible: the role may not create databases" in answer.err

    made.table(4, "d")
    admin = pg.dsn("postgres", pg.user)
    answer = call(made, empty_database, "deploy", "--yes", "--admin", admin, *place)
    assert answer.code == 0
    assert "rehearsal: done" in answer.err  # a superuser sees that there is room


def test_an_administrator_of_another_server_is_refused_and_a_rehearsal_there_is_done(
    here: Site, other_server: Server
) -> None:
    here.made.table(4, "d")
    there = other_server.dsn("postgres", other_server.user)
    answer = here.deploy("--admin", there)
    assert answer.code == 2
    assert "--admin names another server than the target's." in answer.err
    answer = here.call("deploy", "--yes", "--rehearse-on", there, *here.options)
    assert answer.code == 0
    assert "rehearsal: done" in answer.err
    with other_server.connect() as connection:
        found = connection.execute("SELECT datname FROM pg_database WHERE datname ~ 'deploy_'")
        assert found.fetchall() == []


# What is shown, and what is approved


def test_a_dry_run_shows_all_changes_nothing_and_waits_for_nobody(
    fresh: Site, tmp_path: Path
) -> None:
    """What it shows is the SQL, what a review said of these very files, proofs and the digest."""
    review = tmp_path / "review.json"
    told = [
        {"id": THREE[0], "text": "CREATE TABLE a (id int);\n", "verdict": "pass"},
        {"id": THREE[1], "text": "CREATE TABLE b ();\n", "verdict": "pass"},
    ]
    review.write_text(json.dumps({"migrations": told}), encoding="utf-8")
    with psycopg.connect(fresh.database) as other:
        other.execute("CREATE TABLE theirs (id int)")
        other.commit()
        other.execute("LOCK TABLE theirs IN ACCESS EXCLUSIVE MODE")
        deploy = ["deploy", "--dry-run", "--beside-others", "--review", review, *fresh.options]
        answer = fresh.call("--json", *deploy)
    assert answer.code == 0
    *_, document = events(answer)
    assert [each["id"] for each in document["plan"]["migrations"]] == THREE
    assert [each["id"] for each in document["plan"]["seeds"]] == ["01.a"]
    assert "CREATE TABLE a (id int);" in document["sql"]
    assert "INSERT INTO yoyo._yoyo_migration" in document["sql"]
    assert document["review"] == {
        THREE[0]: "pass",
        THREE[1]: "of another text of this file",
        THREE[2]: "none",
    }
    assert re.fullmatch("[0-9a-f]{16}(-[0-9a-f]{16}){2}", document["digest"])
    assert rows(fresh.database, "SELECT to_regnamespace('yoyo')::text") == [(None,)]
    assert not fresh.backups.exists()
    text = fresh.call(*deploy, "--no-rehearse").out
    assert f"-- digest: {document['digest']}" in text
    assert document["sql"].splitlines()[5] in text


def digest_of(site: Site) -> str:
    dry = ["deploy", "--dry-run", "--no-rehearse", "--beside-others", *site.options]
    return str(events(site.call("--json", *dry))[-1]["digest"])


def test_what_was_approved_is_done_and_what_changed_since_is_refused(fresh: Site) -> None:
    approved = digest_of(fresh)

    def refused(words: str, digest: str = approved) -> None:
        answer = fresh.call("deploy", "--no-rehearse", "--approve", digest, *fresh.options)
        assert answer.code == 2
        assert f"error: This is not what was approved: {words}" in answer.err
        assert "state: Nothing was changed." in answer.err
        assert not fresh.backups.exists()

    files = "the files that would be applied, their order, or how"
    for name, text in {
        "migrations/0003.c.create.sql": "CREATE TABLE c (id bigint);\n",
        "migrations/0003.c.create.rollback.sql": "DROP TABLE c CASCADE;\n",
    }.items():
        before = (fresh.made.migrations.parent / name).read_bytes()
        fresh.made.write(name, text)
        refused(files)
        fresh.made.write(name, before)
    fresh.made.table(4, "d")
    refused(files)
    fresh.made.remove("0004.d.create")
    refused("it is no digest of a plan.", "yes")
    run(fresh.database, "CREATE VIEW theirs AS SELECT 1 AS one")
    refused("the target's schema.")
    run(fresh.database, "DROP VIEW theirs")
    assert tables(fresh.database) == []

    answer = fresh.call("deploy", "--no-rehearse", "--approve", approved, *fresh.options)
    assert answer.code == 0, answer
    assert applied(fresh.database) == THREE
    assert fresh.deploys[0]["digest"] == approved
    answer = fresh.call("deploy", "--no-rehearse", "--approve", approved, *fresh.options)
    assert answer.out == "nothing to do\n"
    fresh.made.table(4, "d")
    answer = fresh.call("deploy", "--no-rehearse", "--approve", approved, *fresh.options)
    assert "or which backup; the target or its history; the target's schema." in answer.err


def test_the_digest_sees_a_change_of_the_schema_and_of_nothing_else(here: Site) -> None:
    run(here.database, "CREATE VIEW v AS SELECT 1 AS id", "CREATE INDEX ON b (id)")
    here.made.table(4, "d")
    before = digest_of(here)
    run(
        here.database,
        "INSERT INTO b SELECT generate_series(1, 1000)",
        "VACUUM FULL ANALYZE b",
        "REINDEX TABLE b",
        "CREATE TEMPORARY TABLE passing (id int)",
    )
    assert digest_of(here) == before
    for change in ("GRANT SELECT ON b TO PUBLIC", "CREATE OR REPLACE VIEW v AS SELECT 2 AS id"):
        run(here.database, change)
        now = digest_of(here)
        assert now.split("-")[:2] == before.split("-")[:2]
        assert now.split("-")[2] != before.split("-")[2]
        before = now


def test_without_a_terminal_and_without_a_yes_nothing_is_done(fresh: Site) -> None:
    answer = fresh.call("deploy", *fresh.options)
    assert answer.code == 2
    assert "error: This must be approved, and there is no terminal to ask on." in answer.err
    assert "--approve DIGEST" in answer.err
    assert not fresh.backups.exists()


@pytest.mark.parametrize(("reply", "code"), [("y", 0), ("n", 2)])
def test_on_a_terminal_the_plan_is_shown_and_asked_about(here: Site, reply: str, code: int) -> None:
    here.made.table(4, "d")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [
            sys.executable,
            ROOT / "runner.py",
            "--database",
            here.database,
            "--migrations",
            here.made.migrations,
            "deploy",
            "--no-rehearse",
            *here.options,
        ],
        env=clean_environment(),
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while b"Go on? [y/N]" not in shown:
        shown += os.read(ours, 1000)
    assert b"apply 0004.d.create" in shown
    assert b"digest: " in shown
    os.write(ours, reply.encode() + b"\n")
    seen = b""
    try:
        while more := os.read(ours, 1000):
            seen += more
    except OSError:  # it has ended, and nobody holds the other side
        pass
    assert process.wait(timeout=30) == code
    assert process.stdout is not None
    process.stdout.close()
    os.close(ours)
    assert (b"bytes written" in seen) == (reply == "y")  # how far it is
    assert ("d" in tables(here.database)) == (reply == "y")


# What is done


def test_a_deploy_tells_its_steps_to_machines(here: Site) -> None:
    here.made.table(4, "d")
    here.made.seed("02.d", "INSERT INTO d SELECT 1 WHERE NOT EXISTS (SELECT FROM d);")
    answer = here.call("--json", "deploy", "--yes", "--rehearse", *here.options)
    assert answer.code == 0
    *told, last, document = events(answer)
    assert [each["step"] for each in told if each["event"] == "begin"] == [
        "prerequisites", "schema rehearsal", "backup", "rehearsal", "apply", "verify", "monitor",
    ]  # fmt: skip
    ended = [each for each in told if each["event"] == "end"]
    assert {each["outcome"] for each in ended} == {"done"}
    assert all(each["seconds"] >= 0 and each["at"].startswith("20") for each in ended)
    assert (last["step"], last["outcome"]) == ("deploy", "applied")
    assert (document["migrations"], document["seeds"]) == (["0004.d.create"], ["02.d"])
    assert document["backup"] == str(here.last_backup)

    here.made.add("0005.bad.x", FAILS)
    answer = here.call("--json", "deploy", "--yes", "--no-rehearse", *here.options)
    assert answer.code == 1
    *told, last, error = events(answer)
    outcomes = {each["step"]: each["outcome"] for each in told if each["event"] == "end"}
    assert (outcomes["apply"], outcomes["undo"]) == ("failed", "done")
    assert (last["step"], last["outcome"]) == ("deploy", "failed")
    assert "division by zero" in error["error"]
    assert error["exit_code"] == 1


def test_a_deploy_is_rehearsed_on_its_own_backup(here: Site) -> None:
    here.made.add("0004.b.check", "ALTER TABLE b ADD CHECK (id < 1000);\n")
    answer = here.deploy(rehearse=True)
    assert answer.code == 1
    assert "error: The rehearsal failed: " in answer.err
    assert "0004.b.check.sql:1:1" in answer.err
    assert "state: The target was not changed; the backup is whole." in answer.err
    assert applied(here.database) == THREE
    assert (here.deploys[0]["outcome"], here.others()) == ("nothing changed", [])


def test_what_others_changed_during_the_rehearsal_is_refused(here: Site) -> None:
    here.made.add("0004.d.create", "SELECT pg_sleep(1); CREATE TABLE d (id int);\n")
    process = launch(here.made, here.database, "deploy", "--yes", "--rehearse", *here.options)
    until(lambda: any(each.endswith("_copy") for each in here.others()))
    run(here.database, "CREATE TABLE theirs (id int)")
    answer = finish(process)
    assert answer.code == 2
    assert "This is not what was approved: the target's schema." in answer.err
    assert "d" not in tables(here.database)
    assert here.deploys[0]["outcome"] == "nothing changed"


def test_the_report_beside_the_backup_says_what_changed_and_what_was_waited_for(
    here: Site,
) -> None:
    """Sizes, and what the project's queries give: new, gone, other values; what fails is told."""
    made = here.made
    made.write(
        "pyproject.toml",
        "[tool.migrator.deploy]\n"
        'monitor = ["sql/rows.sql", "sql/writes.sql", "sql/wrong.sql", "sql/same.sql"]\n',
    )
    numbers = "SELECT id, id * 1000 + (SELECT count(*) FROM b) AS n, 1.5 AS x FROM a"
    made.write("sql/rows.sql", f"{numbers} WHERE id IN (2, 3, 4)")
    made.write("sql/same.sql", "SELECT 'x', 1")
    made.write("sql/writes.sql", "DELETE FROM a RETURNING id")
    made.write("sql/wrong.sql", "SELECT nonsense")
    run(here.database, "INSERT INTO a VALUES (3)")
    made.add(
        "0004.b.more",
        "CREATE INDEX idx_b_id ON b (id); INSERT INTO b VALUES (-1);"
        " UPDATE a SET id = 4 WHERE id = 3;",
    )
    with psycopg.connect(here.database) as other:
        other.execute("DELETE FROM b WHERE id = 0")
        process = launch(
            made, here.database, "deploy", "--yes", "--no-rehearse",
            "--lock-timeout", "20s", *here.options,
        )  # fmt: skip
        said(process, "rehearsal: skipped")
        waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'relation' AND query ~ 'INDEX'"
        until(lambda: rows(here.database, waiting))
        until(lambda: rows(here.database, "SELECT pg_sleep(1)"))  # it is looked at meanwhile
    assert finish(process).code == 0
    base = here.last_backup
    text = base.with_name(f"{base.name}.report.md").read_text(encoding="utf-8")
    assert f"# Deploy of {here.name}: applied" in text
    assert re.search(r"- index idx_b_id: new, bytes \d\d,\d{3}, valid True", text)
    assert "\n## Rows\n\n- 2: n " in text
    assert "\n## Same\n\nnone\n" in text
    document = json.loads(base.with_name(f"{base.name}.report.json").read_text(encoding="utf-8"))
    assert document["migrations"] == ["0004.b.more"]
    assert "index idx_b_id" not in document["before"]["answers"]["sizes"]
    assert document["after"]["answers"]["sizes"]["index idx_b_id"]["bytes"] > 0
    assert [each["step"] for each in document["steps"]][-1] == "monitor"
    changes = document["changes"]
    assert changes["rows"] == [
        "2: n 3,000 -> 3,001",
        "3: gone, after n 4,000, x 1.5",
        "4: new, n 5,001, x 1.5",
    ]
    assert changes["same"] == []
    missed = changes["not seen"]
    assert [each.split(": ")[:2] for each in missed] == [
        ["before", "writes"], ["before", "wrong"], ["after", "writes"], ["after", "wrong"],
    ]  # fmt: skip
    assert "cannot execute DELETE in a read-only transaction" in missed[0]
    assert "DELETE FROM b WHERE id = 0" in changes["locks waited for"][0]


def test_the_monitoring_asks_this_projects_queries(fresh: Site) -> None:
    place = ["--yes", "--no-rehearse", *fresh.options]
    assert call(None, fresh.database, "deploy", *place).code == 0
    assert call(None, fresh.database, "rollback", "--to", "0028", "--yes").code == 0
    assert call(None, fresh.database, "migrate", "--to", "0035", "--no-seed").code == 0
    with psycopg.connect(fresh.database, autocommit=True) as connection:
        connection.execute("SET enable_seqscan = off")
        for _ in range(3):
            connection.execute(f"SELECT FROM tasks WHERE id = '{NO_ID}'")
    assert call(None, fresh.database, "deploy", *place).code == 0
    base = fresh.last_backup
    path = base.with_name(f"{base.name}.report.json")
    document = json.loads(path.read_text(encoding="utf-8"))
    before, after = document["before"]["answers"], document["after"]["answers"]
    assert before["index_use"]["public.pk_tasks"]["scans"] >= 3
    assert "slow_queries" not in before  # its view came with this deploy
    assert after["slow_queries"] == {}
    (missed,) = document["changes"]["not seen"]
    assert missed.startswith("before: slow_queries: relation")
    assert len(list(MIGRATIONS.glob("*.sql"))) // 2 == len(applied(fresh.database))


def test_a_query_of_the_monitoring_that_is_not_there_is_refused(here: Site) -> None:
    path = here.made.write("pyproject.toml", "[tool.migrator.deploy]\nmonitor = ['x.sql']\n")
    here.made.add("0004.b.more", "INSERT INTO b VALUES (-1);")
    answer = here.deploy()
    assert answer.code == 2
    assert f"error: {path.parent / 'x.sql'}: cannot be read: No such file" in answer.err
    assert f"next: [tool.migrator.deploy] in {path} names it in `monitor`" in answer.err


def test_status_shows_the_deploys_and_nothing_to_do_makes_none(here: Site) -> None:
    here.made.table(4, "d")
    assert here.deploy().code == 0
    deploy, _ = here.deploys
    assert deploy["outcome"] == "applied"
    assert deploy["ended_at"] > deploy["started_at"]
    assert "@" in deploy["by"]
    assert deploy["backup"] == str(here.last_backup)
    line = next(each for each in here.call("status").out.splitlines() if deploy["digest"] in each)
    assert f"1 migration, 0 seeds: applied; digest: {deploy['digest']}; backup: /" in line
    answer = here.deploy()
    assert (answer.code, answer.out) == (0, "nothing to do\n")
    assert len([*here.backups.glob("*.manifest.json")]) == 1
    assert len(here.deploys) == 2


# What comes of a failure


def state_of(here: Site) -> dict[str, object]:
    """Return all that a way back is to bring back."""
    found: dict[str, object] = {"tables": tables(here.database), "applied": applied(here.database)}
    for table in tables(here.database):
        found[table] = sorted(rows(here.database, f"SELECT t::text FROM {table} AS t"))
    indexes = (
        "SELECT indexrelid::regclass::text, indisvalid FROM pg_index WHERE indexrelid >= 16384"
    )
    schema = "indrelid NOT IN (SELECT oid FROM pg_class WHERE relnamespace = 'yoyo'::regnamespace)"
    toast = "indrelid NOT IN (SELECT oid FROM pg_class WHERE relkind = 't')"
    found["indexes"] = sorted(rows(here.database, f"{indexes} AND {schema} AND {toast}"))
    return found


UNDONE = {
    "rows written, and rolled back by its pair": [
        ("b.more", "INSERT INTO b VALUES (2000);", "DELETE FROM b WHERE id = 2000;"),
        ("bad", f"UPDATE b SET id = id + 1; {FAILS}", ""),
    ],
    "an index that cannot be unique": [
        ("c.twice", "INSERT INTO c VALUES (7), (7);", "DELETE FROM c;"),
        (
            "b.index",
            f"{ONLINE}CREATE UNIQUE INDEX CONCURRENTLY i ON c (id);",
            f"{ONLINE}DROP INDEX CONCURRENTLY i;",
        ),
    ],
    "a file outside a transaction that fails whole": [
        ("b.vacuum", f"{ONLINE}VACUUM nothing_of_that_name;", ""),
    ],
    "the last of all": [
        ("d.create", "CREATE TABLE d (id int);", "DROP TABLE d;"),
        (
            "d.index",
            f"{ONLINE}CREATE INDEX CONCURRENTLY i ON d (id);",
            f"{ONLINE}DROP INDEX CONCURRENTLY i;",
        ),
        ("bad", "DO $$ BEGIN PERFORM 1; RAISE 'no'; END $$;", ""),
    ],
    "at its COMMIT": [
        (
            "d.create",
            "CREATE TABLE d (id int UNIQUE DEFERRABLE INITIALLY DEFERRED);"
            " INSERT INTO d VALUES (1), (1);",
            "DROP TABLE d;",
        ),
    ],
}  # fmt: skip
RESTORED = {
    "an irreversible one before": [
        ("b.delete", "DELETE FROM b WHERE id > 500;", NO_WAY_BACK),
        ("bad", FAILS, ""),
    ],
    "a table that is gone with its rows": [
        ("b.drop", "DROP TABLE b;", "CREATE TABLE b (id int);"),
        ("bad", FAILS, ""),
    ],
    "a pair that forgets something": [
        ("d.create", "CREATE TABLE d (id int); CREATE TABLE e (id int);", "DROP TABLE d;"),
        ("bad", FAILS, ""),
    ],
    "a procedure that commits on its way": [
        ("b.call", f"{ONLINE}DO $$ BEGIN DELETE FROM b WHERE id < 100; COMMIT; RAISE 'no'; END $$;",
         ""),
    ],
}  # fmt: skip


@contextmanager
def pending(here: Site, files: list[tuple[str, str, str]]) -> Iterator[None]:
    names = [f"{number:04}.{name}" for number, (name, _, _) in enumerate(files, 4)]
    for name, (_, apply, rollback) in zip(names, files, strict=True):
        here.made.add(name, apply, rollback or "SELECT 1;")
    yield
    for name in names:
        here.made.remove(name)


def test_what_fails_is_undone_by_its_pairs(here: Site) -> None:
    before = state_of(here)
    for case, files in UNDONE.items():
        with pending(here, files):
            answer = here.deploy()
            document = here.call("--json", "status").document
        assert answer.code == 1, (case, answer.err)
        assert "state: What it applied was rolled back: the catalogue is as before; " in answer.err
        assert state_of(here) == before, case
        assert (here.deploys[0]["outcome"], here.others()) == ("undone", [])
        assert here.manifest()["ended"] == "undone"
        assert (document["pending_seeds"], len(document["pending"])) == ([], len(files)), case


def test_what_no_pair_undoes_is_restored_into_a_new_database(here: Site) -> None:
    before = state_of(here)
    for number, (case, files) in enumerate(RESTORED.items(), 1):
        with pending(here, files):
            answer = here.deploy("--closed")
        assert answer.code == 1, (case, answer.err)
        assert "state: The backup was restored, compared whole, and opened; " in answer.err, case
        assert state_of(here) == before, case
        *_, aside = asides = here.others()
        assert len(asides) == number
        assert re.fullmatch(rf"{here.name}_before_\d{{8}}T\d{{6}}Z", aside)
        assert aside in answer.err
        deploy = here.deploys[0]
        assert (deploy["outcome"], deploy["backup"]) == ("restored", str(here.last_backup))
        assert here.manifest()["ended"] == "restored"


def test_what_verify_finds_is_put_back_unless_it_was_found_before(here: Site) -> None:
    here.made.write("sql/.keep", "")
    (here.made.sql / "checks").mkdir()
    check = "SELECT 'b has rows' AS finding FROM b LIMIT 1\n"
    here.made.write("sql/checks/known.sql", check)
    here.made.table(4, "d")
    assert here.deploy().code == 0
    before = state_of(here)
    here.made.write("sql/checks/rows.sql", "SELECT 'e has a row' AS finding FROM d LIMIT 1\n")
    here.made.add("0005.d.fill", "INSERT INTO d VALUES (1);", "DELETE FROM d;")
    answer = here.deploy()
    assert answer.code == 1
    assert "error: The database does not pass verify: " in answer.err
    assert "sql/checks/rows.sql: e has a row." in answer.err
    assert "b has rows" not in answer.err
    assert state_of(here) == before
    assert here.deploys[0]["outcome"] == "undone"


def test_a_failure_is_left_as_it_is_where_that_was_asked(here: Site) -> None:
    here.made.table(4, "d")
    here.made.add("0005.bad.x", FAILS)
    answer = here.deploy("--on-failure", "leave")
    assert answer.code == 1
    assert "It was left so, as --on-failure leave says." in answer.err
    assert "d" in tables(here.database)
    assert here.deploys[0]["outcome"] == "left"
    here.made.add("0005.bad.x", "CREATE TABLE e (id int);", "DROP TABLE e;")
    assert here.deploy().code == 0


# What others wrote meanwhile


SLEEPS = "SELECT pg_sleep(1); "


def failing(here: Site, *statements: str) -> tuple[int, str]:
    """Deploy, and run statements as another session while the last file, which fails, is run."""
    process = launch(here.made, here.database, "deploy", "--yes", "--no-rehearse", *here.options)
    query = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query NOT LIKE '%ity%'"
    until(lambda: rows(here.database, query))
    run(here.database, *statements)
    answer = finish(process)
    return answer.code, answer.err


def test_rows_that_others_wrote_are_kept_where_the_pairs_lead_back(here: Site) -> None:
    """Beside a backfill that fails on a busy table: it left no trace, and hides nothing."""
    here.made.table(4, "d")
    here.made.add("0005.b.fill", f"UPDATE b SET id = id WHERE id < 500; {SLEEPS}{FAILS}")
    code, err = failing(here, "INSERT INTO b VALUES (7777)", "DELETE FROM b WHERE id = 600")
    assert code == 1
    assert "state: What it applied was rolled back: the catalogue is as before; " in err
    assert rows(here.database, "SELECT count(*) FROM b WHERE id IN (600, 7777)") == [(1,)]
    assert here.others() == []


# A deploy that has not ended


@pytest.fixture
def cut_off(here: Site) -> Site:
    """A deploy that is in the history and did nothing."""
    here.made.table(4, "d")
    run(
        here.database,
        "INSERT INTO yoyo.deploy (username, hostname, digest, plan)"
        """ VALUES ('u', 'h', 'x', '{"migrations": [], "seeds": [], "before": []}')""",
    )
    return here


def test_nothing_else_changes_a_database_in_the_middle_of_a_deploy(cut_off: Site) -> None:
    for command in (["migrate"], ["seed"], ["rollback", "--steps", "1", "--yes"]):
        if command == ["seed"]:
            cut_off.made.remove("0004.d.create")
        answer = cut_off.call(*command)
        assert answer.code == 2, command
        assert "error: A deploy was cut off: " in answer.err
        assert all(each in answer.err for each in ("--resume", "--undo", "--leave"))
        cut_off.made.table(4, "d") if command == ["seed"] else None
    assert tables(cut_off.database) == ["a", "b", "c"]
    cut_off.made.remove("0004.d.create")
    answer = cut_off.call("status", "--exit-code")
    assert answer.code == 3
    assert answer.out.endswith("not up to date: a deploy has not ended\n")
    assert "not ended, preparing" in answer.out
    answer = cut_off.call("deploy", "--leave", *cut_off.options)
    assert (answer.code, answer.out) == (0, "deploy: nothing changed\n")
    assert cut_off.call("status", "--exit-code").code == 0


def test_only_one_deploy_can_be_under_way(cut_off: Site) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation):
        run(
            cut_off.database,
            "INSERT INTO yoyo.deploy (username, hostname, digest, plan)"
            " VALUES ('u', 'h', 'x', '{}')",
        )
    assert cut_off.call("deploy", "--leave", *cut_off.options).code == 0
    for way in ("--resume", "--undo", "--leave"):
        answer = cut_off.call("deploy", way, *cut_off.options)
        assert answer.code == 2
        assert "error: No deploy was cut off here." in answer.err
        assert "The last one: 20" in answer.err


def killed_in_its_second_file(here: Site, *arguments: str) -> None:
    """Kill a deploy that has made table d, and waits."""
    here.made.table(4, "d")
    here.made.add("0005.wait", SLEEPS, "SELECT 1;")
    process = launch(
        here.made, here.database, "deploy", "--yes", "--no-rehearse", *arguments, *here.options
    )
    said(process, "applied 0004.d.create")
    process.kill()
    finish(process)


def test_other_files_than_those_that_were_approved_are_not_gone_on_with(here: Site) -> None:
    killed_in_its_second_file(here)
    here.made.write("migrations/0005.wait.sql", "SELECT 2;\n")
    here.made.table(6, "e")
    answer = here.call("deploy", "--resume", *here.options)
    assert answer.code == 2
    assert "0005.wait: edited, or gone, since it was approved" in answer.err
    assert "0006.e.create: came since" in answer.err
    answer = here.call("deploy", "--undo", *here.options)
    assert answer.code == 0, answer.err
    assert tables(here.database) == ["a", "b", "c"]


def test_the_backup_of_a_deploy_that_was_cut_off_is_looked_for(here: Site) -> None:
    killed_in_its_second_file(here, "--closed")
    elsewhere = here.backups.with_name("elsewhere")
    here.backups.rename(elsewhere)
    answer = here.call("deploy", "--undo", *here.options)
    assert answer.code == 2
    assert re.search(r"The backup of the deploy, /\S+ on \S+, is not here\.", answer.err)
    assert "--leave" in answer.err
    answer = here.call("deploy", "--undo", "--backup-dir", elsewhere)
    assert answer.code == 0, answer.err
    assert tables(here.database) == ["a", "b", "c"]


def test_the_next_deploy_puts_right_what_a_killed_one_left(here: Site) -> None:
    """Scratch databases of a run that is over are dropped, and its manifest learns how it ended."""
    here.made.table(5, "e")
    assert here.deploy().code == 0
    manifest = here.last_backup.with_name(f"{here.last_backup.name}.manifest.json")
    manifest.write_text(manifest.read_text().replace('"ended": "applied"', '"ended": null'))
    names = ["deploy_rehearsal_7_copy", "deploy_rehearsal_8_copy"]
    here.made.table(6, "f")
    with here.server.connect() as superuser, here.server.connect(here.name) as other:
        for name in names:
            superuser.execute(f"CREATE DATABASE {name} OWNER deployer")
        other.execute("SELECT pg_advisory_lock(1919252073, 7)")  # of another database
        try:
            assert here.call("deploy", "--dry-run", *here.options).code == 0
            assert here.others() == names[:1]
            assert here.deploy().code == 0
            assert json.loads(manifest.read_text())["ended"] == "applied"
        finally:
            for name in names:
                superuser.execute(f"DROP DATABASE IF EXISTS {name}")
