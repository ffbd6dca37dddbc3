"""Beside others: an application that holds locks, other runners, a lock that is never let go."""

from __future__ import annotations

import re
import threading
import time

import psycopg
import pytest

from migrator.core.settings import LOCK_KEY
from tests.support.commands import call, finish, launch, said
from tests.support.databases import applied, locked, name_of, rows, run, tables
from tests.support.servers import Server, newest
from tests.support.sets import THREE, MigrationSet
from tests.support.waiting import until

pytestmark = pytest.mark.slow

# Locks and time-outs


@pytest.fixture
def altered(empty_database: str, made: MigrationSet) -> MigrationSet:
    """A set whose next file needs a lock on table a."""
    assert call(made, empty_database, "migrate").code == 0
    made.add("0004.a.alter", "CREATE TABLE d ();\nALTER TABLE a ADD note text;")
    return made


@newest
class TestLocks:
    def test_what_takes_long_says_so_and_what_it_waits_for(
        self, empty_database: str, altered: MigrationSet
    ) -> None:
        altered.add("0005.a.pause", "SELECT pg_sleep(1.2)")
        with locked(empty_database, "a") as blocker:
            process = launch(altered, empty_database, "migrate", "--lock-timeout", "1min")
            line = said(process, "0004.a.alter.sql: running for 1 s")
            waiting = ", waiting for AccessExclusiveLock on a, held by pid"
            assert f"{waiting} {blocker.info.backend_pid}, user owner" in line
            blocker.rollback()
        answer = finish(process)
        assert answer.code == 0
        assert "\n0005.a.pause.sql: running for 1 s\n" in answer.err

    def test_a_lock_time_out_is_tried_again(
        self, empty_database: str, altered: MigrationSet
    ) -> None:
        with locked(empty_database, "a") as blocker:
            release = threading.Timer(0.7, blocker.rollback)
            release.start()
            waited = f"it waited for pid {blocker.info.backend_pid}, user owner, from local socket"
            answer = call(altered, empty_database, "migrate", "--lock-timeout", "400ms")
            release.join()
        assert answer.code == 0
        assert f"canceling statement due to lock timeout; {waited}" in answer.err
        assert "attempt 1 of 5, next in" in answer.err
        assert tables(empty_database) == ["a", "b", "c", "d"]

    def test_after_the_last_attempt_it_fails_and_says_who_to_look_for(
        self, empty_database: str, altered: MigrationSet
    ) -> None:
        options = ["--lock-timeout", "400ms", "--lock-attempts", "2"]
        with locked(empty_database, "a") as blocker:
            waited = f"it waited for pid {blocker.info.backend_pid}, user owner, from local socket"
            answer = call(altered, empty_database, "migrate", *options)
        assert answer.code == 1
        assert answer.err.count("attempt 1 of 2") == 1
        assert "0004.a.alter.sql:2:" in answer.err
        error = next(line for line in answer.err.splitlines() if line.startswith("error: "))
        assert waited in error
        assert "idle in transaction, in a transaction since 20" in error
        assert "query: LOCK TABLE a IN ACCESS SHARE MODE" in error
        assert "next: Wait for the session that holds the lock, or end it" in answer.err
        assert tables(empty_database) == ["a", "b", "c"]
        assert applied(empty_database) == THREE

    def test_readers_wait_no_longer_than_the_time_out(
        self, empty_database: str, altered: MigrationSet
    ) -> None:
        with locked(empty_database, "a"):
            process = launch(altered, empty_database, "migrate", "--lock-timeout", "200ms")
            until(lambda: rows(empty_database, "SELECT FROM pg_locks WHERE NOT granted"))
            started = time.monotonic()
            rows(empty_database, "SELECT * FROM a")  # queues behind the ALTER TABLE
            assert time.monotonic() - started < 1
        assert finish(process).code == 0

    def test_a_prepared_transaction_is_named_too(
        self, empty_database: str, altered: MigrationSet
    ) -> None:
        run(empty_database, "BEGIN; LOCK TABLE a; PREPARE TRANSACTION 'forgotten'")
        options = ["--lock-timeout", "400ms", "--lock-attempts", "1"]
        try:
            answer = call(altered, empty_database, "migrate", *options)
        finally:
            run(empty_database, "ROLLBACK PREPARED 'forgotten'")
        assert answer.code == 1
        assert "it waited for a prepared transaction (see pg_prepared_xacts)" in answer.err
        assert "ROLLBACK PREPARED" in answer.err

    def test_an_applications_readers_are_never_stalled_longer_than_the_time_out(
        self, empty_database: str, altered: MigrationSet
    ) -> None:
        stalls: list[float] = []
        ended = threading.Event()

        def read() -> None:
            with psycopg.connect(empty_database, autocommit=True) as connection:
                while not ended.is_set():
                    started = time.monotonic()
                    connection.execute("SELECT count(*) FROM a")
                    stalls.append(time.monotonic() - started)

        reader = threading.Thread(target=read)
        with locked(empty_database, "a"):
            reader.start()
            options = ["--lock-timeout", "300ms", "--lock-attempts", "3"]
            answer = finish(launch(altered, empty_database, "migrate", *options))
        ended.set()
        reader.join()
        assert answer.code == 1
        pauses = re.findall(r"attempt \d of 3, next in (\d\.\d) s", answer.err)
        first, second = map(float, pauses)
        assert 0.2 <= first <= 0.5 <= second <= 1  # by chance, within bounds that double
        assert 0.2 < max(stalls) < 0.3 + 0.3  # it was stalled, by one attempt at most
        assert sum(stall > 0.1 for stall in stalls) >= 3


# Two runners


@newest
class TestRunners:
    def test_the_others_wait_then_find_nothing_to_do(
        self, empty_database: str, made: MigrationSet
    ) -> None:
        made.add("0002.b.create", "CREATE TABLE b (id int); SELECT pg_sleep(0.7);")
        processes = [launch(made, empty_database, "migrate") for _ in range(3)]
        answers = [finish(process) for process in processes]
        assert [answer.code for answer in answers] == [0, 0, 0]
        assert sorted(answer.out for answer in answers)[1:] == ["nothing to do\n"] * 2
        assert sum("waiting for another runner: pid " in answer.err for answer in answers) == 2
        assert applied(empty_database) == THREE
        assert rows(empty_database, "SELECT count(*) FROM yoyo._yoyo_log") == [(3,)]

    def test_of_sixteen_on_an_empty_database_one_applies(
        self, empty_database: str, made: MigrationSet
    ) -> None:
        processes = [launch(made, empty_database, "migrate") for _ in range(16)]
        answers = [finish(process) for process in processes]
        assert [answer.code for answer in answers] == [0] * 16, [each.err for each in answers]
        assert sorted(answer.out for answer in answers)[1:] == ["nothing to do\n"] * 15
        assert applied(empty_database) == THREE
        assert rows(empty_database, "SELECT count(*) FROM yoyo._yoyo_log") == [(3,)]
        assert rows(empty_database, "SELECT count(*) FROM a") == [(2,)]

    def test_past_its_patience_it_names_the_holder(
        self, empty_database: str, made: MigrationSet
    ) -> None:
        with psycopg.connect(empty_database, autocommit=True) as other:
            other.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])
            answer = call(made, empty_database, "migrate", "--lock-wait", "200ms")
            assert answer.code == 2
            holder = f"pid {other.info.backend_pid}, user owner, from local socket, since "
            assert f"error: Another runner holds the lock of this database: {holder}" in answer.err
            assert ", idle, query: SELECT pg_advisory_lock" in answer.err
        assert tables(empty_database) == []

    def test_a_holder_that_may_not_be_seen_is_named_as_far_as_it_may(
        self, pg: Server, empty_database: str, made: MigrationSet
    ) -> None:
        with pg.connect(name_of(empty_database)) as other:
            other.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])
            answer = call(made, empty_database, "migrate", "--lock-wait", "0")
            assert answer.code == 2
            hidden = "(not visible to this role)"
            holder = f"pid {other.info.backend_pid}, user postgres, from {hidden}, since {hidden}"
            assert holder in answer.err

    def test_a_deadlock_is_tried_again(
        self, pg: Server, empty_database: str, made: MigrationSet
    ) -> None:
        call(made, empty_database, "migrate")
        made.add("0004.a.alter", "ALTER TABLE a ADD x int; ALTER TABLE b ADD x int;")
        database = pg.dsn(name_of(empty_database), pg.user)
        with psycopg.connect(database) as other:
            other.execute("SET deadlock_timeout TO '1min'")  # so the runner is the one to notice
            other.execute("LOCK TABLE b")
            process = launch(made, empty_database, "migrate", "--lock-timeout", "1min")
            until(lambda: rows(empty_database, "SELECT FROM pg_locks WHERE NOT granted"))
            other.execute("LOCK TABLE a")
        answer = finish(process)
        assert answer.code == 0
        assert "deadlock detected" in answer.err
        assert "attempt 1 of 5" in answer.err

    def test_a_runner_on_another_database_is_no_matter(
        self, pg: Server, empty_database: str, made: MigrationSet
    ) -> None:
        with psycopg.connect(pg.dsn("postgres"), autocommit=True) as other:
            other.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])
            assert call(made, empty_database, "migrate", "--lock-wait", "0").code == 0

    def test_an_index_can_be_built_while_another_runner_waits(
        self, empty_database: str, made: MigrationSet
    ) -> None:
        # A waiter that blocked in the server would hold a snapshot that this build waits for.
        made.add("0004.a.index", "-- transactional: false\nCREATE INDEX CONCURRENTLY i ON a (id);")
        made.add("0003.c.create", "CREATE TABLE c (id int); SELECT pg_sleep(0.7);")
        answers = [finish(each) for each in [launch(made, empty_database, "migrate") for _ in "12"]]
        assert [answer.code for answer in answers] == [0, 0]
