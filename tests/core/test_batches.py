"""Files in batches: nothing is left out, nothing is done twice, whatever ends a run of them."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from migrator.core.errors import Paused
from migrator.core.project import Project
from migrator.core.runner import Runner
from migrator.core.session import Limits
from migrator.core.target import Target
from tests.support.commands import call, finish, launch, psql, said
from tests.support.databases import applied, rows, run
from tests.support.servers import SETTINGS, Server, newest, throwaway
from tests.support.sets import MigrationSet
from tests.support.standbys import following
from tests.support.waiting import until

# How many runs are killed: some in CI, 200 once by who changes how batches are run.
KILLS = int(os.environ.get("BATCH_KILLS", "6"))
# Both count in `times` how often each row was changed.
BY_PREDICATE = """\
-- batch: {options}
UPDATE a SET times = times + 1, region = 'eu' WHERE id IN (
    SELECT id FROM a WHERE region IS NULL
    ORDER BY id LIMIT current_setting('migrator.batch_rows')::integer
) RETURNING id;
"""
BY_KEY = """\
-- batch: {options} after=0
WITH batch AS (
    SELECT id FROM a WHERE id > current_setting('migrator.batch_after')::bigint
    ORDER BY id LIMIT current_setting('migrator.batch_rows')::integer FOR UPDATE
), changed AS (
    UPDATE a SET times = times + 1, region = 'eu' FROM batch WHERE a.id = batch.id
)
SELECT id AS batch_after, count(*) OVER () AS batch_rows FROM batch ORDER BY id DESC LIMIT 1;
"""
FORMS = {"by predicate": BY_PREDICATE, "by key": BY_KEY}
BACK = BY_PREDICATE.replace("'eu'", "NULL").replace("IS NULL", "IS NOT NULL")
SLOW = "1 pause=30ms"  # of ten rows at most: time enough to end a run
ROWS = 1_000
NAME = "0004.a.region"
FILL = (
    "ALTER TABLE a ADD PRIMARY KEY (id), ADD region text, ADD times int NOT NULL DEFAULT 0",
    f"INSERT INTO a (id) SELECT generate_series(3, {ROWS})",  # 1 and 2 are of the seed
)


@pytest.fixture
def filled(database: str) -> str:
    """Table a with rows whose changes are counted."""
    run(database, *FILL)
    return database


def changed(database: str) -> list[tuple[int, int]]:
    """Return how often rows were changed, and how many were so often."""
    return rows(database, "SELECT times, count(*) FROM a GROUP BY 1 ORDER BY 1")


def done(database: str) -> int:
    """Return how many rows the batches have taken that are under way."""
    return sum(each for (each,) in rows(database, "SELECT rows_done FROM yoyo.batch_progress"))


def assert_done(database: str) -> None:
    assert changed(database) == [(1, ROWS)]
    assert applied(database)[-1] == NAME
    assert rows(database, "SELECT FROM yoyo.intent") == []
    assert done(database) == 0


def assert_consistent(database: str) -> int:
    """Check that what is recorded is what was changed; return how many rows are."""
    ((taken, most),) = rows(database, "SELECT sum(times), max(times) FROM a")
    assert done(database) == taken
    assert most <= 1
    return int(taken)


@contextmanager
def rows_locked(database: str, condition: str) -> Iterator[None]:
    """Hold the locks of rows, as a transaction of the application does."""
    with psycopg.connect(database) as connection:
        connection.execute(f"SELECT FROM a WHERE {condition} FOR UPDATE")
        yield
        connection.rollback()


@pytest.mark.parametrize("form", FORMS)
def test_each_row_is_changed_once_and_the_file_is_applied(
    filled: str, made: MigrationSet, form: str
) -> None:
    made.add(NAME, FORMS[form].format(options="70 pause=0ms"), BACK.format(options="99"))
    answer = call(made, filled, "migrate")
    assert answer.code == 0
    assert "| " not in answer.err  # libpq warns of what is not in a result
    assert_done(filled)
    assert call(made, filled, "rollback", "--steps", "1", "--yes").code == 0
    assert changed(filled) == [(2, ROWS)]
    assert rows(filled, "SELECT FROM a WHERE region IS NOT NULL") == []
    assert NAME not in applied(filled)
    assert rows(filled, "SELECT FROM yoyo.intent") == []


@newest
@pytest.mark.slow
@pytest.mark.parametrize("by", ["runner", "script"])
def test_a_size_that_was_much_slower_than_a_smaller_one_is_not_tried_at_once_again(
    pg: Server, filled: str, made: MigrationSet, by: str
) -> None:
    """From some size on, the planner may read the whole table for each batch."""
    size = "current_setting('migrator.batch_rows')::integer"
    sleep = f"(SELECT pg_sleep(CASE WHEN {size} > 40 THEN 1 ELSE 0.05 END)) IS NOT NULL"
    text = BY_PREDICATE.format(options="20 pause=0ms").replace("times + 1", size)
    made.add(NAME, text.replace(") RETURNING", f") AND {sleep} RETURNING"))
    if by == "runner":
        assert call(made, filled, "migrate").code == 0
    else:
        assert psql(pg, filled, call(made, filled, "plan", "--sql").out).returncode == 0
    sizes = dict(rows(filled, "SELECT times, count(*) FROM a GROUP BY 1"))
    assert (sum(sizes.values()), sizes[20], sizes[80]) == (ROWS, 20, 80)


@newest
@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_a_run_that_is_killed_anywhere_goes_on_where_its_last_commit_was(
    filled: str, made: MigrationSet, form: str
) -> None:
    made.add(NAME, FORMS[form].format(options="20 pause=1ms target=1ms"))
    chance = random.Random(KILLS)  # noqa: S311
    marked = f"FROM yoyo._yoyo_migration WHERE migration_id = '{NAME}'"
    sessions = "SELECT pid FROM pg_locks WHERE locktype = 'advisory'"
    for _ in range(-(-KILLS // 2)):
        if rows(filled, f"SELECT {marked}"):  # it has ended: from the start
            assert_done(filled)
            run(filled, "UPDATE a SET times = 0, region = NULL", f"DELETE {marked}")
        before = done(filled)
        process = launch(made, filled, "migrate")
        if chance.random() < 0.8:
            until(lambda: done(filled) > before or process.poll() is not None)  # noqa: B023
        time.sleep(chance.uniform(0, 0.2))
        if chance.random() < 0.3:  # the server ends its session
            run(filled, f"SELECT pg_terminate_backend(pid) FROM ({sessions}) AS s GROUP BY pid")
        else:
            process.kill()
        process.communicate()
        until(lambda: rows(filled, sessions) == [])
        if not rows(filled, f"SELECT {marked}"):
            assert_consistent(filled)
    assert call(made, filled, "migrate").code == 0
    assert_done(filled)


@newest
@pytest.mark.slow
def test_a_signal_ends_it_with_its_progress_and_status_tells(
    filled: str, made: MigrationSet
) -> None:
    made.add(NAME, BY_KEY.format(options=SLOW))
    made.table(5, "d")
    process = launch(made, filled, "migrate")
    until(lambda: done(filled) > 100)
    status = call(made, filled, "--json", "status").document
    (batches,) = status["batches"]
    assert (batches["id"], batches["is_running"], batches["direction"]) == (NAME, True, "apply")
    assert batches["rows_done"] > 100
    assert batches["rows_per_second"] > 0
    assert call(made, filled, "migrate", "--lock-wait", "0").code == 2
    process.send_signal(signal.SIGINT)
    assert finish(process).code == 130
    taken = assert_consistent(filled)
    assert 100 < taken < ROWS
    told = call(made, filled, "status").out
    assert f"batches       {NAME}: {taken}" in told
    assert "stopped" in told
    assert "d" not in {name for (name,) in rows(filled, "SELECT relname FROM pg_class")}
    again = call(made, filled, "migrate")
    assert again.code == 0
    assert f"{NAME}: goes on after {taken}" in again.err
    assert applied(filled)[-1] == "0005.d.create"
    assert changed(filled) == [(1, ROWS)]


@newest
@pytest.mark.slow
def test_another_session_pauses_it(filled: str, made: MigrationSet) -> None:
    made.add(NAME, BY_PREDICATE.format(options=SLOW))
    made.table(5, "d")
    assert "no batches are running" in call(made, filled, "migrate", "--pause-batches").out
    process = launch(made, filled, "--json", "migrate")
    until(lambda: done(filled) > 100)
    (paused,) = call(made, filled, "--json", "migrate", "--pause-batches").document["paused"]
    answer = finish(process)
    assert (answer.code, answer.document["exit_code"]) == (4, 4)
    assert "--pause-batches" in answer.document["paused"]
    assert '"event": "batch"' in answer.err
    assert paused["rows_done"] == assert_consistent(filled)
    assert call(made, filled, "migrate").code == 0
    assert changed(filled) == [(1, ROWS)]
    assert applied(filled)[-1] == "0005.d.create"


@newest
def test_no_batch_begins_after_the_time_that_is_given(filled: str, made: MigrationSet) -> None:
    made.add(NAME, BY_PREDICATE.format(options=SLOW))
    said: list[str] = []
    soon = datetime.now(UTC) + timedelta(seconds=0.3)
    project, target = Project.at(made.migrations, made.seeds), Target.parse(filled, "a test")
    runner = Runner(project, target, Limits(until=soon), said.append)
    with runner.session.connection, pytest.raises(Paused) as paused:
        runner.migrate(to=None, with_seeds=False, dry_run=False)
    assert f"paused at {soon:%H:%M}" in paused.value.message
    assert 0 < assert_consistent(filled) < ROWS
    made.add(NAME, BY_PREDICATE.format(options="1000 pause=0ms"))
    assert call(made, filled, "settle", NAME, "--as", "pending").code == 0
    minute_ago = datetime.now() - timedelta(minutes=1)  # which is tomorrow
    assert call(made, filled, "migrate", "--until", f"{minute_ago:%H:%M}").code == 0
    assert_done(filled)


def test_an_edited_file_is_refused_until_it_is_settled(filled: str, made: MigrationSet) -> None:
    text = BY_PREDICATE.format(options="10 pause=0ms")
    wrong = "CASE WHEN id < 100 THEN 'eu' ELSE (1 / (id - id))::text END"
    made.add(NAME, text.replace("'eu'", wrong))
    failed = call(made, filled, "migrate")
    assert failed.code == 1
    assert "division by zero" in failed.err
    assert "are done, and stay" in failed.err
    taken = assert_consistent(filled)
    made.add(NAME, text)
    edited = call(made, filled, "migrate")
    assert edited.code == 2
    assert "was edited after its first batch" in edited.err
    assert call(made, filled, "settle", NAME, "--as", "pending").code == 0
    assert call(made, filled, "migrate").code == 0
    assert taken < ROWS
    assert_done(filled)


def test_a_file_that_fails_in_its_first_batch_may_be_edited(
    filled: str, made: MigrationSet
) -> None:
    text = BY_PREDICATE.format(options="10 pause=0ms")
    made.add(NAME, text.replace("'eu'", "(1 / (id - 1))::text"))
    assert call(made, filled, "migrate").code == 1
    assert rows(filled, "SELECT FROM yoyo.intent") == []
    made.add(NAME, text)
    assert call(made, filled, "migrate").code == 0
    assert_done(filled)


@pytest.mark.slow
def test_rows_that_others_hold_are_waited_for_with_smaller_batches(
    filled: str, made: MigrationSet
) -> None:
    made.add(NAME, BY_KEY.format(options="2000 pause=0ms"))
    with rows_locked(filled, "id = 900"):
        process = launch(made, filled, "migrate")
        assert "it waited for pid" in said(process, "is tried again")
        until(lambda: done(filled) >= 500, 30)
        assert rows(filled, "SELECT FROM a WHERE id >= 900 AND times > 0") == []
    answer = finish(process)
    assert answer.code == 0
    assert_done(filled)


@pytest.mark.slow
def test_it_gives_up_after_the_wait_that_is_given_and_keeps_what_is_done(
    filled: str, made: MigrationSet
) -> None:
    made.add(NAME, BY_KEY.format(options="10 pause=0ms"))
    with rows_locked(filled, "id = 500"):
        answer = call(made, filled, "migrate", "--online-wait", "1s")
    assert answer.code == 1
    assert "canceling statement due to lock timeout" in answer.err
    assert assert_consistent(filled) < 500
    assert call(made, filled, "migrate").code == 0
    assert_done(filled)


def test_a_row_that_is_changed_meanwhile_is_not_left_out(filled: str, made: MigrationSet) -> None:
    """All rows of the first batch are gone when it gets their locks: it takes none."""
    made.add(NAME, BY_PREDICATE.format(options="10 pause=0ms target=100s"))
    with psycopg.connect(filled) as connection:
        connection.execute("DELETE FROM a WHERE id <= 10")
        process = launch(made, filled, "migrate")
        until(lambda: rows(filled, "SELECT FROM pg_locks WHERE NOT granted") != [])
    assert finish(process).code == 0
    assert changed(filled) == [(1, ROWS - 10)]


ENDLESS = {
    "a predicate that stays true": (
        BY_PREDICATE.replace("region IS NULL", "id > 0"),
        "found the key '",
    ),
    "other keys of the same rows": (
        BY_PREDICATE.replace("region IS NULL", "id > 0").replace(
            "RETURNING id", "RETURNING id + times * 10000"
        ),
        " rows, and its tables have 1,000",
    ),
    "a key that stays": (
        BY_KEY.replace("SELECT id AS batch_after", "SELECT 7 AS batch_after"),
        "found the key '7' again",
    ),
    "several keys": (
        BY_KEY.replace(" LIMIT 1;", ";"),
        "must return at most one row, with batch_after and batch_rows",
    ),
    "an insert": (
        "-- batch: {options}\nINSERT INTO b SELECT id FROM a WHERE id > 0 "
        "LIMIT current_setting('migrator.batch_rows')::int RETURNING id;\n",
        "what only adds rows finds the same rows again",
    ),
}


@pytest.mark.parametrize("case", ENDLESS)
def test_a_batch_without_progress_is_an_error_and_no_loop(
    filled: str, made: MigrationSet, case: str
) -> None:
    text, message = ENDLESS[case]
    made.add(NAME, text.format(options="300 pause=0ms target=100s"))
    answer = call(made, filled, "migrate")
    assert answer.code in {1, 2}
    assert message in answer.err
    if case != "other keys of the same rows":
        assert max(times for times, _ in changed(filled)) <= 1
    assert NAME not in applied(filled)


@pytest.mark.slow
def test_a_batch_that_fails_at_its_commit_is_tried_again(filled: str, made: MigrationSet) -> None:
    """Its deferred reference waits for a row that another session deletes, and does not."""
    run(
        filled,
        "CREATE TABLE regions (name text PRIMARY KEY)",
        "INSERT INTO regions VALUES ('eu')",
        "ALTER TABLE a ADD CONSTRAINT known FOREIGN KEY (region) REFERENCES regions"
        " DEFERRABLE INITIALLY DEFERRED",
    )
    made.add(NAME, BY_PREDICATE.format(options="300 pause=0ms"))
    with psycopg.connect(filled) as connection:
        connection.execute("DELETE FROM regions")
        process = launch(made, filled, "migrate")
        said(process, "is tried again")
        connection.rollback()
    assert finish(process).code == 0
    assert_done(filled)


@newest
@pytest.mark.parametrize(
    ("form", "change", "message"),
    [
        (BY_PREDICATE, ("-- batch: 9", "-- batch: none"), "`-- batch: none` must be"),
        (
            BY_PREDICATE,
            ("-- batch: 9", "-- batch: 9\n-- transactional: false"),
            "leave out the latter",
        ),
        (
            BY_PREDICATE,
            ("current_setting('migrator.batch_rows')::integer", "9"),
            "a batch without a limit",
        ),
        (BY_PREDICATE, ("LIMIT", "OFFSET 1 LIMIT"), "OFFSET passes over rows"),
        (
            BY_PREDICATE,
            ("integer\n", "integer FOR UPDATE SKIP LOCKED\n"),
            "SKIP LOCKED leaves out rows",
        ),
        (BY_PREDICATE, ("WHERE", "-- WHERE\n AND"), "a batch without WHERE"),
        (BY_PREDICATE, ("id;", "id; SELECT 1;"), "a second statement"),
        (BY_PREDICATE, ("UPDATE", "CREATE TABLE x AS"), "it cannot be run in batches"),
        (BY_PREDICATE, ("RETURNING id", ""), "must return the key of each row"),
        (BY_PREDICATE, ("9", "9 after=0"), "after=0 is for a statement with"),
        (BY_KEY, ("id AS batch_after", "id"), "it has no column batch_after"),
        (BY_KEY, ("id > current", "id >= current"), "is visited twice"),
        (BY_KEY, ("ORDER BY", "-- ORDER BY\n"), "without ORDER BY leaves rows out"),
    ],
)
def test_a_file_that_cannot_be_run_in_batches_is_refused_as_text(
    database: str, made: MigrationSet, form: str, change: tuple[str, str], message: str
) -> None:
    made.add(NAME, form.format(options="9").replace(*change))
    answer = call(made, database, "migrate")
    assert answer.code == 2
    assert message in answer.err


@newest
def test_a_template_has_both_forms_and_is_refused_until_one_is_left_out(
    database: str, made: MigrationSet
) -> None:
    path, _ = call(made, None, "--json", "new", "a", "region", "--batch").document["files"]
    assert "a second statement in a file with -- batch:" in call(made, database, "migrate").err
    run(
        database,
        "ALTER TABLE a ADD PRIMARY KEY (id), ADD new_column int, ADD old_column int DEFAULT 5",
    )
    text = Path(path).read_text("utf-8")
    head, predicate, key = text.replace("5000\n", "5000 after=0\n", 1).split("-- By ")
    made.write(f"migrations/{path.rpartition('/')[2]}", f"{head}-- By {key}")
    assert predicate
    made.write(f"migrations/{path.rpartition('/')[2][:-4]}.rollback.sql", "SELECT;\n")
    assert call(made, database, "migrate").code == 0
    assert rows(database, "SELECT DISTINCT new_column FROM a") == [(5,)]


@pytest.mark.parametrize("form", FORMS)
def test_the_script_for_psql_does_the_same(
    pg: Server, filled: str, made: MigrationSet, form: str
) -> None:
    made.add(NAME, FORMS[form].format(options="70 pause=0ms"), BACK.format(options="99"))
    history = "SELECT migration_id, operation FROM yoyo._yoyo_log ORDER BY created_at_utc"
    script = call(made, filled, "plan", "--sql").out
    ran = psql(pg, filled, script)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert_done(filled)
    assert rows(filled, history)[-1] == (NAME, "apply")
    back = call(made, filled, "plan", "--sql", "--rollback", "--to", "0003").out
    ran = psql(pg, filled, back)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert changed(filled) == [(2, ROWS)]
    assert rows(filled, history)[-1] == (NAME, "rollback")
    assert rows(filled, "SELECT FROM yoyo.intent") == []


@newest
@pytest.mark.slow
def test_a_script_goes_on_where_a_run_ended_and_the_other_way_round(
    pg: Server, filled: str, made: MigrationSet
) -> None:
    made.add(NAME, BY_KEY.format(options=SLOW))
    process = launch(made, filled, "migrate")
    until(lambda: done(filled) > 100)
    process.kill()
    process.communicate()
    taken = assert_consistent(filled)
    script = call(made, filled, "plan", "--sql").out
    run(filled, "ALTER TABLE a ADD CONSTRAINT no CHECK (id <> 900 OR region IS NULL)")
    assert "violates check constraint" in psql(pg, filled, script).stderr
    assert taken < assert_consistent(filled) < ROWS
    run(filled, "ALTER TABLE a DROP CONSTRAINT no")
    assert call(made, filled, "migrate").code == 0
    assert_done(filled)


@newest
def test_a_script_ends_where_a_batch_finds_its_rows_again(
    pg: Server, filled: str, made: MigrationSet
) -> None:
    endless = BY_PREDICATE.replace("region IS NULL", "id > 0").format(options="300")
    made.add(NAME, endless)
    ended = psql(pg, filled, call(made, filled, "plan", "--sql").out)
    assert "found the key" in ended.stderr
    assert max(times for times, _ in changed(filled)) == 1
    assert NAME not in applied(filled)


@newest
@pytest.mark.slow
def test_batches_wait_for_replicas_and_for_the_archiver(pg: Server, made: MigrationSet) -> None:
    archived = {"archive_mode": "on", "archive_command": "false", "wal_level": "replica"}
    with throwaway(pg.bin_dir, SETTINGS | archived) as primary, following(primary) as standby:
        database = primary.dsn("postgres", primary.user)
        assert call(made, database, "migrate").code == 0
        run(database, *FILL)
        made.add(NAME, BY_KEY.format(options="1 pause=20ms target=50ms"))
        process = launch(made, database, "migrate", "--batch-lag", "1s")
        until(lambda: done(database) > 0)
        run(database, *["SELECT pg_logical_emit_message(FALSE, '', ''), pg_switch_wal()"] * 12)
        said(process, "batches wait: the archiver has")
        run(database, "ALTER SYSTEM SET archive_command TO 'true'", "SELECT pg_reload_conf()")
        before = done(database)
        until(lambda: done(database) > before)
        run(standby.dsn("postgres", standby.user), "SELECT pg_wal_replay_pause()")
        said(process, "batches wait: a replica is")
        run(standby.dsn("postgres", standby.user), "SELECT pg_wal_replay_resume()")
        answer = finish(process)
        assert answer.code == 0
        assert_done(database)
