"""What happens to a fleet in the middle of its work: kills, crashes, locks, others, secrets.

FLEET_KILLS is how many kills by chance there are, FLEET_KILLS_SEED which ones:

    FLEET_KILLS=400 FLEET_KILLS_SEED=7 .venv/bin/pytest -m "" -k killed tests/fleet/test_faults.py
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from tests.conftest import INSTALLATIONS
from tests.support.commands import command_lines, finish, launch, said, start
from tests.support.databases import locked, rows, run, sleeping, superuser, tables
from tests.support.fleets import Fleet, Place, fleet
from tests.support.secrets import WRONG, Way, files_below, shown, watched
from tests.support.servers import PASSWORD, ROOT, Server, clean_environment, newest
from tests.support.standbys import following
from tests.support.torture import machine
from tests.support.waiting import until

pytestmark = [pytest.mark.slow, newest]

KILLS = int(os.environ.get("FLEET_KILLS", "2"))
SEED = int(os.environ.get("FLEET_KILLS_SEED", "1"))
MADE = {"a": "0001.a.create", "b": "0002.b.create", "c": "0003.c.create", "d": "0004.d.create"}


@pytest.fixture
def three(pg: Server, tmp_path: Path) -> Iterator[Fleet]:
    with fleet(tmp_path, [pg], [0, 0, 0]) as made:
        yield made


@pytest.fixture
def thirty(pg: Server, server_15: Server, tmp_path: Path) -> Iterator[Fleet]:
    with fleet(tmp_path, [pg, server_15], [0] * 30) as made:
        made.made.table(4, "d")
        yield made


def sessions(made: Fleet) -> int:
    """Return how many sessions are in databases of a fleet, on all of its servers."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname LIKE 'fleet_%'"
    servers = {each.server for each in made.places}
    return sum(rows(each.dsn("postgres", each.user), query)[0][0] for each in servers)


def assert_whole(made: Fleet) -> None:
    """See that each target has exactly what its history says."""
    for place in made.places:
        found = tables(place.dsn)
        assert [MADE[each] for each in found] == place.applied, place.name


@pytest.mark.long
def test_a_fleet_killed_at_any_moment_leaves_every_target_whole_and_goes_on(
    thirty: Fleet,
) -> None:
    chance = random.Random(SEED)  # noqa: S311  chance is no secret
    assert thirty.run("migrate", "--to", "0001", "--yes", "--no-seed").code == 0
    commands = [["migrate", "--yes"], ["rollback", "--to", "0001", "--yes"]]
    seconds = 1.0
    for number in range(KILLS):
        command = commands[number % 2]
        process = start(*thirty.arguments(*command), is_leader=True)
        said(process, ": began")
        time.sleep(chance.uniform(0, seconds))
        process.kill()
        process.communicate(timeout=20)
        until(lambda: not sessions(thirty), 10)
        assert_whole(thirty)
        began = time.monotonic()
        answer = thirty.run(*command)
        seconds = max(seconds, time.monotonic() - began)
        assert answer.code == 0, answer.err
        expected = 1 if number % 2 else 4
        assert {*thirty.applied.values()} == {expected}
        assert_whole(thirty)


def test_a_process_that_is_killed_fails_its_target_alone(three: Fleet) -> None:
    three.made.add("0004.d.create", "CREATE TABLE d (); SELECT pg_sleep(2)")
    process = start(*three.arguments("migrate", "--yes", "--keep-going", "--jobs", "1"))
    until(lambda: sleeping(three.places[0].dsn))
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGKILL)
    answer = finish(process)
    assert answer.code == 1
    assert "error: The process that worked on it ended by signal 9." in answer.out
    assert [len(each.applied) for each in three.places] == [3, 4, 4]
    assert three.run("migrate", "--yes").code == 0
    assert_whole(three)


def test_a_server_that_goes_away_and_comes_back(pg: Server, tmp_path: Path) -> None:
    with fleet(tmp_path, [pg], [0, 0]) as made, machine(INSTALLATIONS[pg.major]) as other:
        there = Server(pg.major, other.bin_dir, other.pid, str(other.cluster.home), other.port)
        for name in ("x", "y"):
            other.ask(f"CREATE DATABASE {name} OWNER owner")
        places = [Place(name, 1, there, name) for name in ("x", "y")]
        made.write([*made.places, *places])
        made.made.add("0004.d.create", "CREATE TABLE d (); SELECT pg_sleep(0.5)")
        process = start(*made.arguments("migrate", "--yes", "--keep-going"))
        until(lambda: sleeping(places[0].dsn))
        other.crash()
        try:
            answer = finish(process)
            assert (answer.code, answer.out.splitlines()[-1]) == (1, "failed: x, y")
            assert [len(each.applied) for each in made.places] == [4, 4]
            answer = made.run("status")
            assert answer.code == 0
            assert answer.out.splitlines()[-1] == "2 at 0004, 2 cannot be reached"
        finally:
            other.start()
        assert made.run("migrate", "--yes").code == 0
        assert [tables(each.dsn) for each in places] == [["a", "b", "c", "d"]] * 2


def test_a_server_that_never_answers_is_asked_once_and_holds_up_nobody(three: Fleet) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=50) as silent:
        url = f"postgresql://x@127.0.0.1:{silent.getsockname()[1]}/{{}}?connect_timeout=2"
        others = (
            f'[[target]]\nname = "s{n}"\nstage = 0\nurl = "{url.format(n)}"\n' for n in range(20)
        )
        three.write([place._replace(stage=1) for place in three.places], "".join(others))
        began = time.monotonic()
        process = start(
            *three.arguments("--json", "migrate", "--yes", "--keep-going", "--jobs", "2")
        )
        answer = finish(process)
        assert time.monotonic() - began < 9, "20 times 2 s, with 2 at once, would be 20 s, twice"
    assert (answer.code, three.applied) == (1, {"t0": 3, "t1": 3, "t2": 3})
    events = [json.loads(line) for line in answer.out.splitlines()]
    failures = [each["failure"]["error"] for each in events[:-1] if each.get("failure")]
    assert len(failures) == 20
    assert "connection timeout expired" in failures[0]
    assert {*failures[1:]} == {"Its server did not answer for s0, so it was not asked again."}


def test_targets_of_one_server_under_two_names_keep_to_its_limit(three: Fleet, pg: Server) -> None:
    assert three.run("migrate", "--yes").code == 0
    first, second, third = three.places
    three.write([first, second._replace(server=pg._replace(host=f"{pg.host}/.")), third])
    with ExitStack() as stack:
        for place in three.places:
            connection = stack.enter_context(psycopg.connect(place.dsn))
            connection.execute("LOCK yoyo._yoyo_migration")
        process = start(*three.arguments("status", "--jobs", "8", "--server-limit", "2"))
        query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        until(lambda: rows(first.dsn, query)[0][0] >= 2)
        time.sleep(0.5)
        assert rows(first.dsn, query) == [(2,)], "the third one waits for its turn"
        out = finish(process).out
    assert "t0, t1, t2:\n  error: The history in schema yoyo cannot be read: canceling" in out
    assert "  next: Another session has locked it: " in out


def test_a_target_that_hangs_in_a_lock_names_who_holds_it(three: Fleet) -> None:
    assert three.run("migrate", "--yes").code == 0
    three.made.add("0004.a.alter", "ALTER TABLE a ADD note text")
    options = ["--lock-timeout", "300ms", "--lock-attempts", "2", "--keep-going", "--yes"]
    with locked(three.places[1].dsn, "a") as blocker:
        answer = three.run("migrate", *options)
        assert answer.code == 1
        assert f"it waited for pid {blocker.info.backend_pid}, user owner" in answer.out
    assert three.applied == {"t0": 4, "t1": 3, "t2": 4}
    assert three.run("migrate", "--yes").code == 0


def test_somebody_who_migrates_at_the_same_time_is_waited_for(three: Fleet) -> None:
    three.made.add("0004.d.create", "CREATE TABLE d (); SELECT pg_sleep(1)")
    alone = launch(three.made, three.places[1].dsn, "migrate")
    until(lambda: sleeping(three.places[1].dsn))
    answer = three.run("migrate", "--yes")
    assert finish(alone).code == answer.code == 0
    assert "t1: waiting for another runner: pid" in answer.err
    assert "t1      0      0004     nothing to do" in answer.out
    assert {*three.applied.values()} == {4}


def test_two_fleets_at_once_do_the_work_once(three: Fleet) -> None:
    three.made.add("0004.d.create", "CREATE TABLE d (); SELECT pg_sleep(0.3)")
    both = [start(*three.arguments("migrate", "--yes")) for _ in range(2)]
    assert [finish(each).code for each in both] == [0, 0]
    for place in three.places:
        log = "SELECT count(*), count(DISTINCT migration_id) FROM yoyo._yoyo_log"
        assert rows(place.dsn, log) == [(4, 4)]


def test_a_wrong_password_fails_its_target_alone_and_none_is_shown(
    three: Fleet, tmp_path: Path
) -> None:
    right, wrong, other = three.places
    port = right.server.port
    entries = [
        f'[[target]]\nname = "{place.name}"\nstage = 0\n{way}\n'
        for place, way in (
            (right, f'url = "postgresql://tester@127.0.0.1:{port}/{right.dbname}"'),
            (wrong, 'url_env = "THEIRS"'),
            (other, 'service = "it"'),
        )
    ]
    three.file.write_text("".join(entries))
    passfile, service = tmp_path / "pgpass", tmp_path / "service.conf"
    passfile.write_text(f"*:*:*:tester:{PASSWORD.replace(':', chr(92) + ':')}\n")
    passfile.chmod(0o600)
    service.write_text(f"[it]\nhost=127.0.0.1\nport={port}\nuser=tester\ndbname={other.dbname}\n")
    environment = {
        "PGPASSFILE": str(passfile),
        "PGSERVICEFILE": str(service),
        "THEIRS": f"postgresql://tester:{quote(WRONG)}@127.0.0.1:{port}/{wrong.dbname}",
    }
    logs = tmp_path / "logs"
    command = ["migrate", "--yes", "--keep-going", "--log-dir", str(logs)]
    three.made.add("0004.d.create", "SELECT pg_sleep(0.3)")
    way = Way(["--json"], environment)
    answer, seen = watched(way, three.made, *map(str, three.arguments(*command)[2:]))
    assert answer.code == 1
    assert "password authentication failed" in answer.out
    assert [len(tables(each.dsn)) for each in (right, wrong, other)] == [3, 0, 3]
    assert len(list(logs.iterdir())) == 3
    assert any("migrate" in each for each in seen)
    assert shown([answer.out, answer.err, *seen, *files_below(logs)]) == []


def test_a_control_url_with_its_password_is_in_no_process_list(three: Fleet, pg: Server) -> None:
    url = pg.password_url(three.places[0].dbname)
    query = "SELECT 'it' AS name, 0 AS stage, 'postgresql://x@127.0.0.1:1/x' AS url, pg_sleep(1)"
    command = ["fleet", "status", "--control", url, "--targets-from", query]
    process = subprocess.Popen(
        [sys.executable, ROOT / "runner.py", "--migrations", three.made.migrations, *command],
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    until(lambda: sleeping(superuser(pg, three.places[0].dsn)))
    lines = command_lines(process.pid)
    answer = finish(process)
    assert lines
    assert shown([*lines, answer.out, answer.err]) == []
    assert "1 cannot be reached" in answer.out


def test_a_standby_is_no_target(three: Fleet, pg: Server) -> None:
    first, second, _ = three.places
    with following(pg) as standby:
        three.write([first, Place("copy", 0, standby, second.dbname), second])
        answer = three.run("status")
        assert "copy    0      none     not a primary" in answer.out.splitlines()
        answer = three.run("migrate", "--yes", "--keep-going")
    assert (answer.code, {*three.applied.values()}) == (2, {0})
    assert "  copy: not a primary" in answer.err.splitlines()


def test_a_read_only_target_refuses_all_before_any_change(three: Fleet) -> None:
    setting = f"ALTER DATABASE {three.places[0].dbname} SET default_transaction_read_only TO on"
    run(three.places[0].dsn, setting)
    answer = three.run("migrate", "--yes")
    assert answer.code == 2
    assert "is read-only: nothing can be written there." in answer.err
    assert {*three.applied.values()} == {0}
