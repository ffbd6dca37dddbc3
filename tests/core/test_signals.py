"""SIGINT and SIGTERM at any moment: exit 130, nothing left on the server, history equals tables.

What a signal does inside a statement is shown in test_engine.py.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from psycopg import generators
from psycopg.pq.abc import PGconn

from migrator.core import engine
from migrator.core.session import Session
from tests.support.commands import Answer, call, command_lines, finish, launch, said
from tests.support.databases import applied, locked, name_of, rows, run, tables
from tests.support.servers import Server, newest
from tests.support.sets import THREE, MigrationSet
from tests.support.waiting import until

pytestmark = newest
BOTH = [signal.SIGINT, signal.SIGTERM]
SESSIONS = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
    " AND application_name = 'migrator'"
)


def handles_signals(process: subprocess.Popen[str]) -> bool:
    """Tell whether our first lines have run; until then SIGTERM is Python's, which just dies."""
    caught = 0
    with suppress(FileNotFoundError, ProcessLookupError):
        status = Path(f"/proc/{process.pid}/status").read_text()
        caught = int(status.split("SigCgt:")[1].split()[0], 16)
    return all(caught >> (number - 1) & 1 for number in BOTH) or process.poll() is not None


def is_clean(answer: Answer, database: str) -> None:
    assert "Traceback" not in answer.err, answer.err
    assert "Exception ignored" not in answer.err, answer.err
    until(lambda: not rows(database, SESSIONS), 1)


def interrupted(process: subprocess.Popen[str], database: str, number: signal.Signals) -> Answer:
    """Send a signal to a process that has work under way; check what holds of every end."""
    process.send_signal(number)
    answer = finish(process)
    assert answer.code == 130, answer.err
    assert "error: Interrupted.\nstate: The history has " in answer.err
    is_clean(answer, database)
    return answer


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_at_any_moment(empty_database: str, tmp_path: Path, seed: int) -> None:
    made = MigrationSet(tmp_path)
    names = [f"t{number:02}" for number in range(1, 31)]
    for name in names:
        made.add(f"00{name[1:]}.{name}.create", f"CREATE TABLE {name} ();", f"DROP TABLE {name};")
    chance = random.Random(seed)  # noqa: S311  chance is no secret
    codes = set()
    for command in (["migrate"], ["rollback", "--all", "--yes"], ["migrate"], ["status"]) * 2:
        process = launch(made, empty_database, *command)
        until(lambda: handles_signals(process))  # noqa: B023  it is waited for here
        time.sleep(chance.uniform(0, 0.4))
        for _ in range(chance.choice([1, 1, 2])):
            process.send_signal(chance.choice(BOTH))
        answer = finish(process)
        codes.add(answer.code)
        is_clean(answer, empty_database)
        marked = [each.split(".")[1] for each in applied_or_none(empty_database)]
        assert marked == tables(empty_database)
    assert codes <= {0, 130}
    assert 130 in codes
    assert call(made, empty_database, "migrate").code == 0
    assert tables(empty_database) == names


def applied_or_none(database: str) -> list[str]:
    there = rows(database, "SELECT to_regclass('yoyo._yoyo_migration') IS NOT NULL")
    return sorted(applied(database)) if there == [(True,)] else []


@pytest.mark.parametrize("number", BOTH)
def test_before_anything_is_under_way(
    empty_database: str, made: MigrationSet, number: signal.Signals
) -> None:
    process = launch(made, empty_database, "--json", "migrate")
    until(lambda: handles_signals(process))
    process.send_signal(number)
    answer = finish(process)
    assert answer.code == 130
    is_clean(answer, empty_database)
    assert json.loads(answer.out) == {
        "error": "Interrupted.",
        "state": "Nothing had begun.",
        "next": "`status` shows what is applied.",
        "exit_code": 130,
    }


@pytest.mark.slow
@pytest.mark.parametrize("number", BOTH)
@pytest.mark.parametrize("attempts", ["1", "9"])
def test_while_it_waits_for_a_table_or_between_two_attempts(
    empty_database: str, made: MigrationSet, number: signal.Signals, attempts: str
) -> None:
    assert finish(launch(made, empty_database, "migrate")).code == 0
    made.add("0004.d.create", "CREATE TABLE d (); ALTER TABLE a ADD note text;")
    waits = ["--lock-timeout", "1min" if attempts == "1" else "50ms", "--lock-attempts", attempts]
    with locked(empty_database, "a"):
        process = launch(made, empty_database, "migrate", *waits)
        if attempts == "1":
            until(lambda: rows(empty_database, "SELECT FROM pg_locks WHERE NOT granted"))
        else:
            said(process, "next in")
        interrupted(process, empty_database, number)
    assert tables(empty_database) == ["a", "b", "c"]
    assert call(made, empty_database, "migrate").code == 0


@pytest.mark.parametrize("number", BOTH)
def test_in_the_middle_of_a_commit(
    empty_database: str, made: MigrationSet, number: signal.Signals
) -> None:
    made.add(
        "0002.b.create",
        "CREATE TABLE b (id int);"
        " CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END $$;"
        " CREATE CONSTRAINT TRIGGER late AFTER INSERT ON b DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION late(); INSERT INTO b VALUES (1);",
    )
    with psycopg.connect(empty_database) as other:
        other.execute("SELECT pg_advisory_lock(1)")
        process = launch(made, empty_database, "migrate", "--lock-timeout", "1min")
        until(lambda: rows(empty_database, "SELECT FROM pg_locks WHERE NOT granted"))
        answer = interrupted(process, empty_database, number)
    assert f"has 1 migrations applied, the last {THREE[0]}; pending: 2." in answer.err
    assert (tables(empty_database), applied(empty_database)) == (["a"], THREE[:1])
    assert call(made, empty_database, "migrate").code == 0


@contextmanager
def absent_standby(pg: Server, database: str) -> Iterator[None]:
    """Have commits in a database wait for a standby that is not there."""
    by = pg.dsn("postgres", pg.user)
    reset = "ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()"
    run(by, f"ALTER DATABASE {name_of(database)} SET synchronous_commit TO on")
    try:
        run(by, "ALTER SYSTEM SET synchronous_standby_names TO 'nobody'", reset[1])
        yield
    finally:
        run(by, *reset)


@pytest.mark.slow
@pytest.mark.parametrize("number", BOTH)
def test_one_signal_ends_the_wait_for_a_synchronous_standby(
    pg: Server, empty_database: str, made: MigrationSet, number: signal.Signals
) -> None:
    with absent_standby(pg, empty_database):
        process = launch(made, empty_database, "migrate", "--no-seed")
        said(process, "running for 1 s, committed, waiting for a synchronous standby")
        answer = interrupted(process, empty_database, number)
    assert "has 3 migrations applied, the last 0003.c.create; pending: 0." in answer.err
    assert "The transaction has already committed locally" in answer.err
    assert applied(empty_database) == THREE


@pytest.mark.parametrize("message", range(1, 8))
def test_between_sending_a_message_and_waiting_for_its_answer(
    empty_database: str, made: MigrationSet, monkeypatch: pytest.MonkeyPatch, message: int
) -> None:
    sent: list[object] = []

    def send(pgconn: PGconn) -> Iterator[Any]:
        yield from generators.send(pgconn)
        sent.append(pgconn)
        if len(sent) == message:
            raise KeyboardInterrupt  # where Python may run a signal's handler

    with monkeypatch.context() as patched:
        patched.setattr(engine, "generators", SimpleNamespace(send=send, fetch=generators.fetch))
        answer = call(made, empty_database, "migrate")
    assert len(sent) == message
    assert answer.code == 130, answer.err
    assert "error: Interrupted.\nstate: The history has " in answer.err
    marked = applied_or_none(empty_database)
    assert [each.split(".")[1] for each in marked] == tables(empty_database)
    assert f"has {len(marked)} migrations applied" in answer.err
    assert call(made, empty_database, "migrate", "--lock-wait", "1s").code == 0


def test_as_the_session_is_terminated_too(
    empty_database: str, made: MigrationSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def file_end(session: Session, record: str) -> str:  # noqa: ARG001
        run(empty_database, f"SELECT pg_terminate_backend({session.facts.pid})")
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(engine, "file_end", file_end)
        answer = call(made, empty_database, "migrate")
    assert answer.code == 130, answer.err
    assert "error: Interrupted.\nstate: The history has 0 migrations applied" in answer.err
    assert tables(empty_database) == []
    assert call(made, empty_database, "migrate").code == 0


def test_pg_dump_ends_with_the_command_that_began_it(
    empty_database: str, made: MigrationSet
) -> None:
    assert call(made, empty_database, "migrate").code == 0
    made.write("sql/schema.sql", "")
    dumping = "SELECT pid FROM pg_stat_activity WHERE application_name = 'pg_dump'"
    with psycopg.connect(empty_database) as other:
        other.execute("LOCK TABLE a")  # which pg_dump then waits for
        process = launch(made, empty_database, "schema", "--check")
        until(lambda: rows(empty_database, dumping) or process.poll() is not None)
        process.terminate()
        answer = finish(process)
        assert answer.code == 130, answer.err
        until(lambda: not command_lines(process.pid), 1)
        until(lambda: not rows(empty_database, dumping), 2)  # although the lock is still held
