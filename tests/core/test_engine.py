"""The engine under strain: history and tables are one, whatever happens to files and processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from yoyo import get_backend, internalmigrations, read_migrations

from migrator.core import lock, sqltext
from migrator.core.project import Project
from migrator.core.runner import Runner
from migrator.core.session import Limits
from migrator.core.settings import LOCK_KEY
from migrator.core.target import Target
from tests.support.commands import call, finish, launch, psql, said
from tests.support.databases import applied, database, locked, name_of, rows, run, sleeping, tables
from tests.support.predecessors import stock_url
from tests.support.servers import ROOT, Server, newest
from tests.support.sets import THREE, MigrationSet
from tests.support.torture import Proxy
from tests.support.waiting import until

SLEEP = "SELECT pg_sleep(30);\n"
PAUSE = "SELECT pg_sleep(0.01);\n"


@pytest.fixture
def slow(made: MigrationSet) -> MigrationSet:
    """The three tables, of which the second is created and then takes its time."""
    made.add("0002.b.create", f"CREATE TABLE b (id int);\n{SLEEP}", "DROP TABLE b;")
    return made


# The history is yoyo's


def test_stock_yoyo_agrees_with_status(empty_database: str, made: MigrationSet) -> None:
    call(made, empty_database, "migrate")
    call(made, empty_database, "rollback", "--steps", "1", "--yes")
    yoyo = Path(sys.executable).with_name("yoyo")
    options = ["--batch", "--no-config-file", "--database", stock_url(empty_database)]
    listed = subprocess.run(
        [yoyo, "list", *options, made.migrations], capture_output=True, check=True, text=True
    ).stdout.splitlines()
    told = [line.split()[:2] for line in listed if line.split()[1:2] and "." in line.split()[1]]
    assert told == [["A", THREE[0]], ["A", THREE[1]], ["U", THREE[2]]]
    document = call(made, empty_database, "--json", "status").document
    assert (document["applied"], document["pending"]) == (THREE[:2], THREE[2:])

    with get_backend(stock_url(empty_database)) as backend:
        assert not internalmigrations.needs_upgrading(backend)
        migrations = read_migrations(str(made.migrations))
        assert [each.id for each in backend.to_rollback(migrations)] == THREE[:2][::-1]
        assert [each.id for each in backend.to_apply(migrations)] == THREE[2:]


@newest
def test_what_stock_yoyo_marks_and_unmarks_is_seen(empty_database: str, made: MigrationSet) -> None:
    run(empty_database, "CREATE SCHEMA yoyo")
    with get_backend(stock_url(empty_database)) as backend:
        backend.mark_migrations(read_migrations(str(made.migrations))[:2])
    assert call(made, empty_database, "--json", "status").document["applied"] == THREE[:2]
    run(empty_database, "CREATE TABLE a (id int)", "CREATE TABLE b (id int)")
    assert call(made, empty_database, "migrate").out.splitlines()[0] == f"applied {THREE[2]}"
    with get_backend(stock_url(empty_database)) as backend:
        backend.unmark_migrations(read_migrations(str(made.migrations))[2:])
    assert rows(empty_database, "SELECT count(*) FROM yoyo.migration_checksum") == [(0,)]
    assert call(made, empty_database, "--json", "status").document["pending"] == THREE[2:]


@newest
def test_a_changed_search_path_changes_nothing(empty_database: str, made: MigrationSet) -> None:
    call(made, empty_database, "migrate")
    run(
        empty_database,
        "CREATE SCHEMA owner",  # as the role: first in the default search_path
        f"ALTER DATABASE {name_of(empty_database)} SET search_path TO elsewhere",
    )
    assert call(made, empty_database, "migrate").out == "nothing to do\n"


# What a file may do to its session and its transaction


@newest
@pytest.mark.parametrize("role", ["ROLE", "SESSION AUTHORIZATION"])
def test_what_a_file_sets_reaches_neither_the_history_nor_the_next_file(
    pg: Server, empty_database: str, tmp_path: Path, role: str
) -> None:
    made = MigrationSet(tmp_path)
    made.add(
        "0001.settings.change",
        "CREATE SCHEMA s; SET search_path TO s; SET lock_timeout TO '1h';"
        " SELECT set_config('client_encoding', 'latin1', FALSE);"
        " SET statement_timeout TO '1h'; SET default_transaction_read_only TO on;"
        f" SET {role} owner;",
    )
    made.add(
        "0002.settings.keep",
        "-- \u20ac\nCREATE TABLE public.kept AS SELECT current_setting('search_path') AS path,"
        " current_user AS role, session_user AS session, current_setting('lock_timeout') AS lock,"
        " current_setting('statement_timeout') AS statement, '\u20ac' AS euro;",
    )
    # The history is the superuser's: as owner, the file could not be recorded.
    database = pg.dsn(name_of(empty_database), pg.user)
    answer = call(made, database, "migrate", "--lock-timeout", "7s", "--statement-timeout", "8s")
    assert answer.code == 0
    expected = [("public", "postgres", "postgres", "7s", "8s", "\u20ac")]
    assert rows(database, "SELECT * FROM kept") == expected


LEAVES = """\
CREATE TEMP TABLE a (x int); CREATE FUNCTION pg_temp.f() RETURNS int RETURN 1;
CREATE SEQUENCE s; SELECT nextval('s'); PREPARE p AS SELECT 1; LISTEN l;
DECLARE c CURSOR WITH HOLD FOR SELECT 1; SET my.word TO 'x'; SELECT pg_advisory_lock(5);
SET ROLE owner
"""
FINDS = """\
DO $$ BEGIN PERFORM currval('public.s'); RAISE 'a value of a sequence';
EXCEPTION WHEN object_not_in_prerequisite_state THEN NULL; END $$;
INSERT INTO a (id) SELECT 0 FROM pg_prepared_statements UNION ALL SELECT 1 FROM pg_cursors
UNION ALL SELECT 2 FROM pg_listening_channels()
UNION ALL SELECT 3 WHERE current_setting('my.word', TRUE) = 'x'
UNION ALL SELECT 4 FROM pg_class WHERE relnamespace = pg_my_temp_schema()
UNION ALL SELECT 5 FROM pg_proc WHERE pronamespace = pg_my_temp_schema()
UNION ALL SELECT 6 FROM pg_locks
WHERE pid = pg_backend_pid() AND locktype = 'advisory' AND objid = 5;
"""


@newest
@pytest.mark.parametrize("by", ["runner", "script"])
def test_what_a_file_leaves_in_its_session_is_gone_before_the_next(
    pg: Server, empty_database: str, made: MigrationSet, by: str
) -> None:
    made.add("0004.a.leave", LEAVES)
    made.add("0005.a.find", FINDS)
    made.add("0006.a.leave", "-- transactional: false\nPREPARE p AS SELECT 1")
    made.add("0007.a.find", FINDS)
    made.seed("01.a", FINDS)
    if by == "runner":
        assert call(made, empty_database, "migrate").code == 0
    else:
        ran = psql(pg, empty_database, call(made, empty_database, "plan", "--sql").out)
        assert (ran.returncode, ran.stderr) == (0, "")
    assert rows(empty_database, "TABLE a") == []
    assert call(made, empty_database, "status", "--exit-code").code == 0


@newest
def test_a_second_attempt_finds_nothing_of_the_first(
    empty_database: str, made: MigrationSet
) -> None:
    call(made, empty_database, "migrate")
    made.add("0004.a.alter", "PREPARE p AS SELECT 1; ALTER TABLE a ADD note text;")
    with locked(empty_database, "a"):
        waits = ["--lock-timeout", "50ms", "--lock-attempts", "2"]
        answer = call(made, empty_database, "migrate", *waits)
    assert answer.code == 1
    assert "0004.a.alter.sql:1:24: canceling statement due to lock timeout" in answer.err


@newest
@pytest.mark.parametrize("text", ["SELECT f();", "-- transactional: false\nCALL p()"])
def test_a_file_that_releases_the_lock_is_noticed(
    pg: Server, empty_database: str, made: MigrationSet, text: str
) -> None:
    made.add(
        "0004.f.create",
        "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'SELECT pg_advisory_unlock_all()';"
        "CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT pg_advisory_unlock_all()';",
    )
    path = made.add("0005.f.call", text)
    script = call(made, empty_database, "plan", "--sql").out
    answer = call(made, empty_database, "migrate")
    assert answer.code == 1
    assert f"{path}: the file released the runner's lock" in answer.err
    assert applied(empty_database) == [*THREE, "0004.f.create"]
    state = "It took effect. It is recorded as started." if "CALL" in text else "rolled back"
    assert state in answer.err
    assert call(made, empty_database, "rollback", "--all", "--yes").code == 2 * ("CALL" in text)
    with database(pg) as other:
        ran = psql(pg, pg.dsn(other), script)
        assert ran.returncode == 3
        assert "migrator.lock_released" in ran.stderr
        assert applied(pg.dsn(other)) == [*THREE, "0004.f.create"]


@newest
def test_whoever_holds_the_lock_around_a_run_holds_it_afterwards(
    empty_database: str, made: MigrationSet
) -> None:
    target = Target.parse(empty_database, "test")
    runner = Runner(Project.at(made.migrations), target, Limits(), print)
    lock.take(runner.session, 0, print)
    with runner.session.connection:
        runner.migrate(to=None, with_seeds=True, dry_run=False)
        assert lock.holders(runner.session) == [runner.session.facts.pid]
        lock.release(runner.session)
        assert lock.holders(runner.session) == []


@newest
@pytest.mark.parametrize(
    "text", ["RESET ALL;", "SAVEPOINT s; ROLLBACK TO s;", "SET TRANSACTION READ WRITE;"]
)
def test_what_leaves_the_transaction_alone_is_let_through(
    empty_database: str, made: MigrationSet, text: str
) -> None:
    made.add("0004.d.create", f"{text} CREATE TABLE d ();")
    assert call(made, empty_database, "migrate").code == 0
    assert applied(empty_database) == [*THREE, "0004.d.create"]


@newest
def test_a_file_that_forbids_writing_is_rolled_back(
    empty_database: str, made: MigrationSet
) -> None:
    path = made.add("0002.b.create", "CREATE TABLE b (); SET TRANSACTION READ ONLY;")
    answer = call(made, empty_database, "migrate")
    assert answer.code == 1
    assert f"{path}: cannot be recorded and committed: cannot execute INSERT" in answer.err
    assert tables(empty_database) == ["a"]


@newest
def test_a_division_by_zero_at_commit_is_told_as_what_it_is(
    empty_database: str, made: MigrationSet
) -> None:
    made.add(
        "0002.b.create",
        "CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM 1 / 0; RETURN NULL; END $$;"
        " CREATE CONSTRAINT TRIGGER late AFTER INSERT ON a DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION late(); INSERT INTO a VALUES (1);",
    )
    answer = call(made, empty_database, "migrate")
    assert answer.code == 1
    assert "cannot be recorded and committed: division by zero" in answer.err
    assert applied(empty_database) == THREE[:1]


@newest
def test_a_check_at_commit_rolls_the_file_back(empty_database: str, made: MigrationSet) -> None:
    path = made.add(
        "0002.b.create",
        "CREATE TABLE b (id int UNIQUE DEFERRABLE INITIALLY DEFERRED);"
        " INSERT INTO b VALUES (1), (1);",
    )
    answer = call(made, empty_database, "migrate")
    assert answer.code == 1
    assert f"{path}: cannot be recorded and committed: duplicate key value" in answer.err
    assert tables(empty_database) == ["a"]
    assert applied(empty_database) == THREE[:1]


@newest
@pytest.mark.parametrize("then", ["", "BEGIN; CREATE TABLE more ();", "SELECT 1 / 0;"])
def test_a_commit_that_the_lexer_missed_is_noticed(
    empty_database: str, made: MigrationSet, monkeypatch: pytest.MonkeyPatch, then: str
) -> None:
    monkeypatch.setattr(sqltext, "ends_transaction", lambda _: False)
    name = name_of(empty_database)
    run(empty_database, f"ALTER DATABASE {name} SET default_transaction_deferrable TO on")
    path = made.add("0002.b.create", f"CREATE TABLE b ();\nCOMMIT; {then}\n")
    answer = call(made, empty_database, "migrate")
    assert answer.code == 1
    assert f"{path}: the file ended the runner's transaction" in answer.err
    assert (
        "state: Its statements up to there may be committed, but it is not recorded" in answer.err
    )
    assert tables(empty_database) == ["a", "b"]
    assert applied(empty_database) == THREE[:1]


@newest
def test_a_good_run_leaves_no_error_in_the_servers_log(
    pg: Server, empty_database: str, made: MigrationSet
) -> None:
    made.add("0004.f.create", "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END;")
    made.add("0005.a.index", "-- transactional: false\nCREATE INDEX CONCURRENTLY i ON a (id);")
    log = Path(pg.host, "server.log")
    before = log.stat().st_size
    for arguments in (
        ["migrate"],
        ["status"],
        ["migrate"],
        ["seed"],
        ["rollback", "--all", "--yes"],
    ):
        assert call(made, empty_database, *arguments).code == 0
    written = log.read_bytes()[before:].decode()
    assert "ERROR" not in written
    assert "WARNING" not in written


@pytest.mark.slow
@newest
@pytest.mark.parametrize("is_first", [True, False])
def test_a_large_file_takes_less_than_three_times_its_size_in_memory(
    empty_database: str, made: MigrationSet, is_first: bool
) -> None:
    # One character outside the BMP: Python would take four bytes for each of the text's.
    row = f"INSERT INTO b VALUES (length('\U0001f600{'x' * 10_000}'));\n"
    large = made.add("0002.b.create", f"CREATE TABLE b (id int);\n{row * 3_600}", "DROP TABLE b;")
    if is_first:
        made.remove(THREE[0])
        made.seed("01.a", "SELECT 1;")
    options = ["--database", empty_database, "--migrations", str(made.migrations)]
    runner = [str(ROOT / "bench" / "measured.py"), sys.executable, str(ROOT / "runner.py")]
    argv = [sys.executable, *runner, *options, "migrate"]
    done = subprocess.run(argv, capture_output=True, check=True, text=True)
    measured = json.loads(done.stdout)
    assert measured["code"] == 0, done.stderr
    assert rows(empty_database, "SELECT count(*) FROM b") == [(3_600,)]
    assert measured["peak"] < 3 * large.stat().st_size


@pytest.mark.slow
@newest
def test_a_fault_deep_in_a_large_file_is_found_before_anything_is_applied(
    empty_database: str, made: MigrationSet
) -> None:
    filling = "SELECT '\u20ac';\n" * 130_000
    path = made.add("0003.c.create", f"{filling}CREATE TABEL c ();\n{filling}")
    answer = call(made, empty_database, "migrate")
    assert answer.code == 2
    assert f'{path}:130001:8: syntax error at or near "TABEL"' in answer.err
    assert tables(empty_database) == []


@newest
def test_a_statement_time_out(empty_database: str, slow: MigrationSet) -> None:
    answer = call(slow, empty_database, "migrate", "--statement-timeout", "100ms")
    assert answer.code == 1
    assert "0002.b.create.sql:2:1: canceling statement due to statement timeout" in answer.err
    assert tables(empty_database) == ["a"]
    assert applied(empty_database) == THREE[:1]


# Interruptions


def interrupted_at(database: str, process: subprocess.Popen[str]) -> int:
    """Wait until the slow file is running; return the pid of its session."""
    until(lambda: sleeping(database) or process.poll() is not None)
    (pid,) = sleeping(database)
    assert tables(database) == ["a"]
    return pid


def assert_gone(database: str, pid: int) -> None:
    """Check that a session ends within a second."""
    until(lambda: not rows(database, f"SELECT FROM pg_stat_activity WHERE pid = {pid}"), 1)
    assert tables(database) == ["a"]
    assert applied(database) == THREE[:1]


@newest
class TestInterruptions:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_signal_rolls_the_file_back(
        self, empty_database: str, slow: MigrationSet, number: signal.Signals
    ) -> None:
        process = launch(slow, empty_database, "--json", "migrate")
        pid = interrupted_at(empty_database, process)
        process.send_signal(number)
        answer = finish(process)
        assert_gone(empty_database, pid)
        assert answer.code == 130
        assert answer.document == {
            "error": "Interrupted.",
            "state": "The history has 1 migrations applied, the last 0001.a.create; pending: 2.",
            "next": "Run the command again: it continues from there, or says what blocks it.",
            "exit_code": 130,
        }

    def test_a_killed_runner_leaves_nothing_behind(
        self, empty_database: str, slow: MigrationSet
    ) -> None:
        process = launch(slow, empty_database, "migrate")
        pid = interrupted_at(empty_database, process)
        process.kill()
        finish(process)
        assert_gone(empty_database, pid)
        slow.table(2, "b")
        assert call(slow, empty_database, "migrate").code == 0
        assert applied(empty_database) == THREE

    def test_a_terminated_session_is_told_truly(
        self, empty_database: str, slow: MigrationSet
    ) -> None:
        process = launch(slow, empty_database, "migrate")
        pid = interrupted_at(empty_database, process)
        run(empty_database, f"SELECT pg_terminate_backend({pid})")
        answer = finish(process)
        assert_gone(empty_database, pid)
        assert answer.code == 1
        assert "error: The connection was lost: " in answer.err
        state = "The history has 1 migrations applied, the last 0001.a.create; pending: 2."
        assert f"state: {state}" in answer.err

    def test_a_signal_while_waiting_for_another_runner(
        self, empty_database: str, made: MigrationSet
    ) -> None:
        with psycopg.connect(empty_database, autocommit=True) as other:
            other.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])
            process = launch(made, empty_database, "migrate")
            said(process, "waiting for another runner")
            process.terminate()
            assert finish(process).code == 130
        assert tables(empty_database) == []


@newest
def test_a_file_takes_one_round_trip(pg: Server, empty_database: str, tmp_path: Path) -> None:
    sent = []
    for files in (1, 11):
        made = MigrationSet(tmp_path / str(files))
        for number in range(1, files + 1):
            made.table(number, f"t{number}")
        run(empty_database, "DROP SCHEMA IF EXISTS yoyo CASCADE", "DROP TABLE IF EXISTS t1")
        line = Proxy(f"{pg.host}/.s.PGSQL.{pg.port}")
        answer = call(made, line.through(empty_database), "migrate")
        line.close()
        assert answer.code == 0, answer.err
        sent.append(line.messages)
    assert sent[1] - sent[0] == 10
    assert sent[0] < 15


# Durability


@contextmanager
def without_wal_writer(pg: Server) -> Iterator[None]:
    """Stop the process that would write asynchronous commits to disk before the runner does.

    Not while it writes: others would wait for it.
    """
    query = "SELECT pid, wait_event FROM pg_stat_activity WHERE backend_type = 'walwriter'"

    def stopped() -> bool:
        ((pid, _),) = rows(pg.dsn("postgres", pg.user), query)
        os.kill(pid, signal.SIGSTOP)
        ((_, event),) = rows(pg.dsn("postgres", pg.user), query)
        if event != "WalWriterMain":
            os.kill(pid, signal.SIGCONT)
        return bool(event == "WalWriterMain")

    until(stopped)
    try:
        yield
    finally:
        os.kill(rows(pg.dsn("postgres", pg.user), query)[0][0], signal.SIGCONT)


@newest
@pytest.mark.parametrize("failing", [False, True])
def test_only_the_last_commit_is_waited_for_and_at_the_end_all_are_on_disk(
    pg: Server, empty_database: str, made: MigrationSet, failing: bool
) -> None:
    call(made, empty_database, "migrate")
    run(
        empty_database,
        f"ALTER DATABASE {name_of(empty_database)} SET synchronous_commit TO on",
        "CREATE TABLE commits (setting text, position pg_lsn)",
        """CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO public.commits
            VALUES (current_setting('synchronous_commit'), pg_current_wal_insert_lsn());
            RETURN NULL;
        END
        $$""",
        "CREATE CONSTRAINT TRIGGER note AFTER INSERT ON yoyo.migration_checksum"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note()",
    )
    for number, name in enumerate("defg", 4):
        made.table(number, name)
    if failing:
        made.add("0007.g.create", "SELECT 1 / 0;")
    with without_wal_writer(pg):
        assert call(made, empty_database, "migrate").code == (1 if failing else 0)
        late = "SELECT FROM commits WHERE position >= pg_current_wal_flush_lsn()"
        assert rows(empty_database, late) == []
    settings = rows(empty_database, "SELECT setting FROM commits ORDER BY position")
    assert settings == [("off",)] * 3 + [("on",)] * (not failing)
