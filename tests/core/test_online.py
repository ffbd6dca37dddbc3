"""Files outside a transaction: what was cut off is found, and brought to its end or told."""

from __future__ import annotations

import threading
import time

import psycopg
import pytest

from migrator.core import leftovers
from tests.support.commands import call, finish, launch, said
from tests.support.databases import active, applied, locked, rows, run
from tests.support.servers import newest
from tests.support.sets import THREE, MigrationSet
from tests.support.waiting import until

# Statements that can be in no transaction

INDEX = "-- transactional: false\nCREATE UNIQUE INDEX CONCURRENTLY {name} ON a (id);\n"
DROP_INDEX = "-- transactional: false\nDROP INDEX CONCURRENTLY IF EXISTS i;\n"


@pytest.fixture
def indexed(empty_database: str, made: MigrationSet) -> MigrationSet:
    """The three tables, applied, and an index that is pending."""
    assert call(made, empty_database, "migrate").code == 0
    made.add("0004.a.index", INDEX.format(name="i"), DROP_INDEX)
    return made


def validity(database: str) -> list[tuple[str, bool]]:
    query = "SELECT indexrelid::regclass::text, indisvalid FROM pg_index"
    return rows(database, f"{query} WHERE indrelid = 'a'::regclass ORDER BY 1")


def start(database: str, name: str, direction: str) -> None:
    """Leave behind what a killed runner leaves that had begun with a file."""
    run(
        database,
        "INSERT INTO yoyo.intent (migration_hash, migration_id, direction, checksum) VALUES"
        f" (encode(sha256('{name}'), 'hex'), '{name}', '{direction}', 'x')",
    )


def intents(database: str) -> list[tuple[str, str]]:
    return rows(database, "SELECT migration_id, direction FROM yoyo.intent")


@newest
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE"
        + " --x\n/**/" * 450
        + "INDEX"
        + " --x\n/**/" * 450
        + "CONCURRENTLY"
        + "/**/" * 900,
        "CREATE INDEX CONCURRENTLY " + '""' * 60_000,
        "CREATE /*" + "*" * 120_000,
        "DROP INDEX CONCURRENTLY IF" + "--\n" * 40_000,
        "REINDEX" + "(a) " * 40_000 + "x",
        "ALTER TABLE" + " " * 120_000,
    ],
)
def test_hostile_statements_take_linear_time(empty_database: str, statement: str) -> None:
    started = time.process_time()
    with psycopg.connect(empty_database) as connection:
        assert not leftovers.inspect(connection, statement).repairs
    assert time.process_time() - started < 1  # what is not linear takes minutes


@pytest.mark.parametrize("name", ['"i"', "IF NOT EXISTS i", "-- its name: j\n i /* * on **/"])
def test_an_index_that_fails_is_dropped_and_built_anew(
    empty_database: str, indexed: MigrationSet, name: str
) -> None:
    indexed.add("0004.a.index", INDEX.format(name=name), DROP_INDEX)
    run(empty_database, "INSERT INTO a VALUES (1)")  # twice now: not unique
    answer = call(indexed, empty_database, "migrate")
    assert answer.code == 1
    assert 'could not create unique index "i"' in answer.err
    assert "state: It left an INVALID index. It is recorded as started." in answer.err
    assert validity(empty_database) == [("i", False)]
    assert intents(empty_database) == [("0004.a.index", "apply")]
    assert applied(empty_database) == THREE
    status = call(indexed, empty_database, "--json", "status", "--exit-code")
    assert (status.code, status.document["interrupted"]) == (3, ["0004.a.index"])
    assert call(indexed, empty_database, "seed").code == 2

    run(empty_database, "DELETE FROM a")
    answer = call(indexed, empty_database, "migrate")
    assert answer.code == 0
    assert "0004.a.index: was interrupted before: it left an INVALID index" in answer.err
    assert validity(empty_database) == [("i", True)]
    assert intents(empty_database) == []
    assert applied(empty_database)[-1] == "0004.a.index"


@newest
class TestOutsideATransaction:
    def test_a_killed_build_is_taken_up_again(
        self, empty_database: str, indexed: MigrationSet
    ) -> None:
        with locked(empty_database, "a") as blocker:  # the build waits for this transaction
            blocker.execute("INSERT INTO a VALUES (3)")
            process = launch(indexed, empty_database, "migrate")
            until(lambda: validity(empty_database))
            process.kill()
            finish(process)
            until(lambda: not active(empty_database, "%CONCURRENTLY%"), 1)
        assert validity(empty_database) == [("i", False)]
        assert intents(empty_database) == [("0004.a.index", "apply")]
        assert call(indexed, empty_database, "migrate").code == 0
        assert validity(empty_database) == [("i", True)]
        assert intents(empty_database) == []

    def test_an_interrupted_build_says_what_stands(
        self, empty_database: str, indexed: MigrationSet
    ) -> None:
        with locked(empty_database, "a") as blocker:
            blocker.execute("INSERT INTO a VALUES (3)")
            process = launch(indexed, empty_database, "migrate")
            until(lambda: validity(empty_database))
            process.terminate()
            answer = finish(process)
        assert answer.code == 130
        assert "pending: 1; interrupted: 0004.a.index." in answer.err
        assert call(indexed, empty_database, "migrate").code == 0
        assert validity(empty_database) == [("i", True)]

    def test_it_waits_longer_for_older_transactions_than_for_locks(
        self, empty_database: str, indexed: MigrationSet
    ) -> None:
        options = ["--lock-timeout", "50ms"]
        with locked(empty_database, "a") as blocker:
            blocker.execute("INSERT INTO a VALUES (3)")
            release = threading.Timer(0.3, blocker.rollback)
            release.start()
            assert call(indexed, empty_database, "migrate", *options).code == 0
            release.join()
        call(indexed, empty_database, "rollback", "--steps", "1", "--yes")
        with locked(empty_database, "a") as blocker:
            blocker.execute("INSERT INTO a VALUES (3)")
            answer = call(indexed, empty_database, "migrate", *options, "--online-wait", "100ms")
            assert answer.code == 1
            assert "canceling statement due to lock timeout" in answer.err

    def test_what_had_taken_effect_is_only_recorded(
        self, empty_database: str, indexed: MigrationSet
    ) -> None:
        start(empty_database, "0004.a.index", "apply")
        run(empty_database, "CREATE UNIQUE INDEX i ON a (id)")
        built = rows(empty_database, "SELECT 'i'::regclass::oid")
        answer = call(indexed, empty_database, "migrate")
        assert answer.code == 0
        assert "was interrupted before: it took effect, so it is only recorded" in answer.err
        assert rows(empty_database, "SELECT 'i'::regclass::oid") == built
        assert intents(empty_database) == []

    @pytest.mark.parametrize("is_there", [True, False])
    def test_an_interrupted_rollback_is_taken_up_again(
        self, empty_database: str, indexed: MigrationSet, is_there: bool
    ) -> None:
        call(indexed, empty_database, "migrate")
        start(empty_database, "0004.a.index", "rollback")
        if not is_there:
            run(empty_database, "DROP INDEX i")
        answer = call(indexed, empty_database, "migrate")
        assert answer.code == 2
        assert "was started outside a transaction and has no recorded outcome" in answer.err
        assert call(indexed, empty_database, "rollback", "--steps", "1", "--yes").code == 0
        assert validity(empty_database) == []
        assert intents(empty_database) == []
        assert applied(empty_database) == THREE

    def test_what_nothing_shows_is_not_guessed(
        self, empty_database: str, indexed: MigrationSet
    ) -> None:
        indexed.add("0004.a.index", "-- transactional: false\nINSERT INTO a VALUES (3);\n")
        start(empty_database, "0004.a.index", "apply")
        answer = call(indexed, empty_database, "migrate")
        assert answer.code == 2
        assert "was started before, and nothing shows whether it took effect" in answer.err
        assert (
            "`settle 0004.a.index --as applied`, else `settle 0004.a.index --as pending`"
            in answer.err
        )
        assert intents(empty_database) == [("0004.a.index", "apply")]
        run(empty_database, "DELETE FROM yoyo.intent")
        assert call(indexed, empty_database, "migrate").code == 0
        assert rows(empty_database, "SELECT count(*) FROM a") == [(3,)]

    def test_an_index_of_that_name_on_another_table_is_not_touched(
        self, empty_database: str, indexed: MigrationSet
    ) -> None:
        run(empty_database, "INSERT INTO b VALUES (1), (1)")
        with pytest.raises(psycopg.errors.UniqueViolation):
            run(empty_database, "CREATE UNIQUE INDEX CONCURRENTLY i ON b (id)")
        start(empty_database, "0004.a.index", "apply")
        answer = call(indexed, empty_database, "migrate")
        assert answer.code == 1
        assert 'relation "i" already exists' in answer.err
        there = "SELECT indrelid::regclass::text FROM pg_index WHERE indexrelid = 'i'::regclass"
        assert rows(empty_database, there) == [("b",)]

    def test_a_failure_that_leaves_nothing_is_no_interruption(
        self, empty_database: str, indexed: MigrationSet
    ) -> None:
        path = indexed.add("0004.a.index", "-- transactional: false\nVACUUM nowhere;\n")
        answer = call(indexed, empty_database, "migrate")
        assert answer.code == 1
        assert f'{path}:2:1: relation "nowhere" does not exist' in answer.err
        assert (
            "state: It ran outside a transaction: anything that it did before it failed"
            in answer.err
        )
        assert intents(empty_database) == []

    def test_an_index_without_a_name_is_refused(
        self, empty_database: str, indexed: MigrationSet
    ) -> None:
        text = "-- transactional: false\nCREATE INDEX /* x */ CONCURRENTLY ON a (id);\n"
        path = indexed.add("0004.a.index", text)
        answer = call(indexed, empty_database, "migrate")
        assert answer.code == 2
        assert f"{path}:2:1: an index without a name: name it" in answer.err
        assert validity(empty_database) == []

    def test_a_long_wait_says_at_once_whom_it_is_for(
        self, empty_database: str, indexed: MigrationSet
    ) -> None:
        with locked(empty_database, "a") as blocker:
            blocker.execute("INSERT INTO a VALUES (3)")
            process = launch(indexed, empty_database, "migrate")
            line = said(process, "waiting for pid")
            pid = blocker.info.backend_pid
            assert line.startswith(f"waiting for pid {pid}, user owner, from local socket, since ")
            assert "in a transaction since 20" in line
            assert "query: INSERT INTO a VALUES (3)" in line
        assert finish(process).code == 0
        assert validity(empty_database) == [("i", True)]

    def test_the_error_of_a_wait_that_took_too_long_names_the_blocker(
        self, empty_database: str, indexed: MigrationSet
    ) -> None:
        with locked(empty_database, "a") as blocker:
            blocker.execute("INSERT INTO a VALUES (3)")
            answer = call(indexed, empty_database, "migrate", "--online-wait", "1500ms")
        assert answer.code == 1
        assert "; it waited for pid " in answer.err
        assert "state: It left an INVALID index. It is recorded as started." in answer.err
        assert call(indexed, empty_database, "migrate").code == 0

    def test_an_index_that_somebody_is_building_by_hand_is_not_dropped(
        self, empty_database: str, indexed: MigrationSet
    ) -> None:
        start(empty_database, "0004.a.index", "apply")
        with locked(empty_database, "a") as blocker:
            blocker.execute("INSERT INTO a VALUES (3)")
            statement = "CREATE UNIQUE INDEX CONCURRENTLY i ON a (id)"
            operator = threading.Thread(target=run, args=(empty_database, statement))
            operator.start()
            until(lambda: validity(empty_database) == [("i", False)])
            built = rows(empty_database, "SELECT 'i'::regclass::oid")
            answer = call(indexed, empty_database, "migrate", "--online-wait", "0")
            assert answer.code == 2
            assert "another session is building on its table: pid " in answer.err
            process = launch(indexed, empty_database, "migrate")
            said(process, "waiting for pid")
        answer = finish(process)
        operator.join()
        assert answer.code == 0
        assert "was interrupted before: it took effect, so it is only recorded" in answer.err
        assert rows(empty_database, "SELECT 'i'::regclass::oid") == built
        assert validity(empty_database) == [("i", True)]

    def test_a_drop_that_was_cut_off_is_brought_to_its_end(
        self, empty_database: str, indexed: MigrationSet
    ) -> None:
        call(indexed, empty_database, "migrate")
        options = ["rollback", "--steps", "1", "--yes"]
        with locked(empty_database, "a") as reader:
            reader.execute("SELECT FROM a")
            answer = call(indexed, empty_database, *options, "--online-wait", "500ms")
        assert answer.code == 1
        assert "state: It left the index INVALID. It is recorded as started." in answer.err
        assert validity(empty_database) == [("i", False)]
        assert applied(empty_database)[-1] == "0004.a.index"
        answer = call(indexed, empty_database, "migrate")
        assert answer.code == 2
        assert "was started outside a transaction and has no recorded outcome" in answer.err
        answer = call(indexed, empty_database, *options)
        assert answer.code == 0
        assert "it left the index INVALID, so it runs again" in answer.err
        assert validity(empty_database) == []
        assert intents(empty_database) == []

    @pytest.mark.slow
    @pytest.mark.parametrize("how", ["TABLE CONCURRENTLY a", "INDEX CONCURRENTLY public.j"])
    def test_what_a_reindex_left_is_dropped_and_it_is_run_again(
        self, empty_database: str, indexed: MigrationSet, how: str
    ) -> None:
        run(empty_database, "CREATE INDEX j ON a (id)")
        indexed.add("0004.a.index", f"-- transactional: false\nREINDEX {how};\n")
        with locked(empty_database, "a") as blocker:
            blocker.execute("INSERT INTO a VALUES (3)")
            process = launch(indexed, empty_database, "migrate")
            until(lambda: ("j_ccnew", False) in validity(empty_database))
            process.kill()
            finish(process)
            until(lambda: not active(empty_database, "%REINDEX%"), 1)
        answer = call(indexed, empty_database, "migrate")
        assert answer.code == 0
        assert "it left INVALID indexes, so they are dropped and it runs again" in answer.err
        assert validity(empty_database) == [("j", True)]
        assert intents(empty_database) == []

    def test_a_partition_that_is_half_detached_is_brought_to_its_end(
        self, empty_database: str, indexed: MigrationSet
    ) -> None:
        run(
            empty_database,
            "CREATE TABLE p (id int) PARTITION BY LIST (id)",
            "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)",
        )
        text = "-- transactional: false\nALTER TABLE p DETACH PARTITION p1 CONCURRENTLY;\n"
        indexed.add("0004.a.index", text)
        pending = "SELECT inhdetachpending FROM pg_inherits WHERE inhrelid = 'p1'::regclass"
        with psycopg.connect(empty_database) as blocker:
            blocker.execute("SELECT FROM p")
            process = launch(indexed, empty_database, "migrate")
            until(lambda: rows(empty_database, pending) == [(True,)])
            process.kill()
            finish(process)
            until(lambda: not active(empty_database, "%ALTER TABLE%"), 1)
        answer = call(indexed, empty_database, "migrate")
        assert answer.code == 0
        assert "it left the partition half detached, so the detachment is finished" in answer.err
        assert rows(empty_database, pending) == []
        assert applied(empty_database)[-1] == "0004.a.index"

    def test_what_may_have_committed_a_part_stays_recorded_as_started(
        self, empty_database: str, indexed: MigrationSet
    ) -> None:
        run(
            empty_database,
            "CREATE PROCEDURE fill() LANGUAGE plpgsql AS"
            " $$ BEGIN INSERT INTO a VALUES (3); COMMIT; PERFORM 1 / 0; END $$",
        )
        indexed.add("0004.a.fill", "-- transactional: false\nCALL fill();\n")
        indexed.remove("0004.a.index")
        answer = call(indexed, empty_database, "migrate")
        assert answer.code == 1
        assert (
            "state: Anything that it committed before it failed remains. It is recorded as"
            in answer.err
        )
        assert (
            "`settle 0004.a.fill --as applied`, else `settle 0004.a.fill --as pending`"
            in answer.err
        )
        assert intents(empty_database) == [("0004.a.fill", "apply")]
        assert call(indexed, empty_database, "migrate").code == 2
        assert rows(empty_database, "SELECT count(*) FROM a WHERE id = 3") == [(1,)]


# What nothing shows, a person says


FILL = "-- transactional: false\nINSERT INTO a VALUES (3);\n"
EMPTY = "-- transactional: false\nDELETE FROM a WHERE id = 3;\n"


@newest
class TestSettle:
    @pytest.mark.parametrize("end", ["applied", "pending"])
    @pytest.mark.parametrize("direction", ["apply", "rollback"])
    def test_the_history_says_what_was_found(
        self, empty_database: str, indexed: MigrationSet, direction: str, end: str
    ) -> None:
        indexed.add("0004.a.index", FILL, EMPTY)
        if direction == "rollback":
            assert call(indexed, empty_database, "migrate").code == 0
        start(empty_database, "0004.a.index", direction)
        answer = call(indexed, empty_database, "--json", "settle", "0004", "--as", end)
        assert answer.code == 0
        assert answer.document == {"settled": "0004.a.index", "as": end}
        assert intents(empty_database) == []
        assert applied(empty_database) == [*THREE, *["0004.a.index"] * (end == "applied")]
        count = "SELECT count(*) FROM yoyo.migration_checksum"
        assert rows(empty_database, count) == [(4 if end == "applied" else 3,)]
        log = "SELECT operation FROM yoyo._yoyo_log ORDER BY created_at_utc DESC LIMIT 1"
        changed = (direction == "apply") == (end == "applied")
        expected = direction if changed else "apply"
        assert rows(empty_database, log) == [(expected,)]
        assert call(indexed, empty_database, "migrate").code == 0

    def test_on_an_empty_database_a_refusal_leaves_it_empty(
        self, empty_database: str, made: MigrationSet
    ) -> None:
        assert call(made, empty_database, "settle", "0001", "--as", "applied").code == 2
        there = "SELECT FROM pg_namespace WHERE nspname = 'yoyo'"
        assert rows(empty_database, there) == []

    def test_what_was_not_interrupted_is_refused(
        self, empty_database: str, indexed: MigrationSet
    ) -> None:
        answer = call(indexed, empty_database, "settle", "0004", "--as", "applied")
        assert answer.code == 2
        assert "error: 0004 was not interrupted, so there is nothing to settle." in answer.err
        assert applied(empty_database) == THREE

    def test_what_the_catalogue_shows_is_not_said_to_be_otherwise(
        self, empty_database: str, indexed: MigrationSet
    ) -> None:
        start(empty_database, "0004.a.index", "apply")
        answer = call(indexed, empty_database, "settle", "0004", "--as", "applied")
        assert answer.code == 2
        assert "the database shows something else: it had no effect." in answer.err
        assert "next: Run migrate again: it runs again." in answer.err
        run(empty_database, "CREATE UNIQUE INDEX i ON a (id)")
        assert call(indexed, empty_database, "settle", "0004", "--as", "pending").code == 2
        assert intents(empty_database) == [("0004.a.index", "apply")]
        assert (
            call(indexed, empty_database, "settle", "0004.a.index.sql", "--as", "applied").code == 0
        )

    def test_without_its_file_it_can_only_be_said_not_to_have_taken_effect(
        self, empty_database: str, indexed: MigrationSet
    ) -> None:
        indexed.remove("0004.a.index")
        start(empty_database, "0004.a.index", "apply")
        answer = call(indexed, empty_database, "settle", "0004.a.index", "--as", "applied")
        assert answer.code == 2
        assert "0004.a.index: its file is missing, so it cannot be recorded." in answer.err
        assert call(indexed, empty_database, "settle", "0004.a.index", "--as", "pending").code == 0
        assert call(indexed, empty_database, "status", "--exit-code").code == 0

    def test_a_file_that_runs_in_a_transaction_now_is_not_run_before_it_is_settled(
        self, empty_database: str, indexed: MigrationSet
    ) -> None:
        indexed.add("0004.a.index", "CREATE INDEX i ON a (id);\nSELECT 1;\n", "DROP INDEX i;\n")
        start(empty_database, "0004.a.index", "apply")
        answer = call(indexed, empty_database, "migrate")
        assert answer.code == 2
        assert "0004.a.index: was started outside a transaction and has no recorded" in answer.err
        assert "`settle` the file" in answer.err
        assert call(indexed, empty_database, "settle", "0004", "--as", "pending").code == 0
        assert call(indexed, empty_database, "migrate").code == 0
        start(empty_database, "0004.a.index", "rollback")
        back = ["rollback", "--steps", "1", "--yes"]
        assert call(indexed, empty_database, *back).code == 2
        assert call(indexed, empty_database, "settle", "0004", "--as", "applied").code == 0
        assert call(indexed, empty_database, *back).code == 0
        assert intents(empty_database) == []
