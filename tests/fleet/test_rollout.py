"""`fleet migrate` and `fleet rollback`: stages, approval, what stops it, and what goes on."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.commands import call, execute, finish, said, start
from tests.support.databases import rows, run, sleeping, tables
from tests.support.fleets import Fleet, Place, fleet, keys, keys_in_reference
from tests.support.servers import Server, newest
from tests.support.waiting import until

pytestmark = [pytest.mark.slow, newest]

NOTHING = {"t0": 0, "t1": 0, "t2": 0}
ALL = {"t0": 3, "t1": 3, "t2": 3}


@pytest.fixture
def three(pg: Server, tmp_path: Path) -> Iterator[Fleet]:
    """Three empty databases in three stages."""
    with fleet(tmp_path, [pg], [0, 1, 2]) as made:
        yield made


def began(text: str) -> list[str]:
    return [line.partition(":")[0] for line in text.splitlines() if line.endswith(": began")]


def digest(made: Fleet, *arguments: str) -> str:
    answer = made.run("--json", "plan", *arguments)
    assert answer.code == 0, answer.err
    return str(answer.document["digest"])


def test_stage_by_stage_all_targets_are_migrated(three: Fleet) -> None:
    three.write(three.places[::-1])
    answer = three.run("migrate", "--yes")
    assert answer.code == 0, answer.err
    assert began(answer.err) == ["t0", "t1", "t2"]
    assert "t1: applied 0002.b.create (" in answer.err
    assert answer.out.splitlines() == [
        "TARGET  STAGE  VERSION  RESULT",
        "t0      0      0003     applied 3 migrations, 1 seed",
        "t1      1      0003     applied 3 migrations, 1 seed",
        "t2      2      0003     applied 3 migrations, 1 seed",
    ]
    assert three.applied == ALL
    again = three.run("migrate", "--yes")
    assert (again.code, began(again.err)) == (0, [])
    assert three.run("status", "--exit-code").code == 0


def test_the_first_failure_stops_it_and_the_next_run_goes_on(three: Fleet) -> None:
    assert three.run("migrate", "--to", "0001", "--yes").code == 0
    run(three.places[1].dsn, "CREATE TABLE b ()")
    alone = call(three.made, three.places[1].dsn, "migrate")
    answer = three.run("migrate", "--yes", "--jobs", "1")
    assert answer.code == 1
    told = [line for line in alone.err.splitlines() if line.startswith(("error: ", "state: "))]
    assert len(told) == 2
    assert all(f"  {line}" in answer.out for line in told), "it is the message of migrate"
    assert [line.split(maxsplit=3) for line in answer.out.splitlines()[1:4]] == [
        ["t0", "0", "0003", "applied 2 migrations, 1 seed"],
        ["t1", "1", "0001", "failed"],
        ["t2", "2", "0001", "not begun"],
    ]
    assert answer.out.splitlines()[-1] == "failed: t1"
    answer = three.run("migrate", "--yes", "--keep-going")
    assert (answer.code, three.applied) == (1, {"t0": 3, "t1": 1, "t2": 3})
    run(three.places[1].dsn, "DROP TABLE b")
    assert three.run("migrate", "--yes").code == 0
    assert three.applied == ALL


def test_it_pauses_after_a_stage_and_the_same_command_goes_on(three: Fleet) -> None:
    approved = digest(three)
    command = ["migrate", "--approve", approved, "--pause-after", "0"]
    answer = three.run(*command)
    assert answer.code == 0, answer.err
    assert answer.out.splitlines()[-1] == "paused after stage 0; the same command goes on"
    assert three.applied == {**NOTHING, "t0": 3}
    assert three.run(*command).code == 0
    assert three.applied == ALL


def test_a_stage_is_verified_before_the_next_begins(three: Fleet) -> None:
    three.made.write("sql/checks/no_rows_in_b.sql", "SELECT 'a row in b' FROM b")
    three.made.add("0004.b.row", "INSERT INTO b VALUES (1)")
    started = time.monotonic()
    answer = three.run("migrate", "--yes", "--soak", "500ms")
    assert time.monotonic() - started > 0.5
    assert answer.code == 1
    assert three.applied == {**NOTHING, "t0": 4}
    assert "verify found:\n    sql/checks/no_rows_in_b.sql: a row in b" in answer.out
    assert "t0      0      0004     verify failed" in answer.out


def test_a_process_that_was_killed_between_two_stages_is_replaced(three: Fleet) -> None:
    process = start(*three.arguments("migrate", "--yes", "--soak", "1s", "--jobs", "1"))
    said(process, "t0: applied 3 migrations")
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGKILL)
    assert (finish(process).code, three.applied) == (0, ALL)


def test_a_stage_that_is_to_be_behind_passes(three: Fleet) -> None:
    answer = three.run("migrate", "--yes", "--soak", "0", "--to", "0002")
    assert (answer.code, three.applied) == (0, {"t0": 2, "t1": 2, "t2": 2}), answer.out


def test_on_a_terminal_the_targets_at_work_stand_below_each_other(three: Fleet) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal:
        process = start(*three.arguments("migrate", "--yes"), stderr=terminal)
    shown = b""
    with suppress(OSError):  # the other end is closed
        while more := os.read(ours, 10_000):
            shown += more
    os.close(ours)
    assert finish(process).code == 0
    assert b"t1: applied 0003.c.create (" in shown
    assert b"[####################..........] 2 of 3, about 0:00:0" in shown
    assert shown.rstrip().endswith(b"\x1b[J"), "it is taken away at the end"


def test_what_was_approved_is_what_runs(three: Fleet) -> None:
    approved = digest(three)
    first = three.made.migrations / "0001.a.create.sql"
    text = first.read_text()
    first.write_text(text + "-- more\n")
    answer = three.run("migrate", "--approve", approved)
    assert (answer.code, three.run("migrate", "--approve", "nonsense").code) == (2, 2)
    assert "not what was approved: the files, or what is to be done with them. " in answer.err
    first.write_text(text)
    three.write(three.places[:2])
    answer = three.run("migrate", "--approve", approved)
    assert (answer.code, "approved: the targets. " in answer.err) == (2, True)
    three.write()
    assert three.applied == NOTHING
    assert three.run("migrate", "--to", "0001", "--yes").code == 0
    approved = digest(three)
    assert call(three.made, three.places[2].dsn, "rollback", "--all", "--yes").code == 0
    answer = three.run("migrate", "--approve", approved)
    assert (answer.code, "a target is at none, before 0001" in answer.err) == (2, True)
    assert call(three.made, three.places[2].dsn, "migrate").code == 0  # further on is fine
    assert three.run("migrate", "--approve", approved).code == 0
    assert three.applied == ALL


def test_without_approval_and_terminal_nothing_begins(three: Fleet) -> None:
    answer = three.run("migrate")
    assert answer.code == 2
    assert "would apply 0001.a.create on 3 targets" in answer.err
    assert three.applied == NOTHING


def test_what_is_wrong_with_one_target_refuses_all_before_any_change(three: Fleet) -> None:
    assert three.run("migrate", "--only", "t2", "--to", "0001", "--yes").code == 0
    run(three.places[2].dsn, "UPDATE yoyo.migration_checksum SET checksum = '0'")
    twin = Place("twin", 1, three.places[0].server, three.places[0].dbname)
    three.write([*three.places, twin])
    for command in (["plan"], ["migrate", "--yes", "--keep-going"]):
        answer = three.run(*command)
        assert answer.code == 2
        assert "2 of 4 targets cannot be worked on" in answer.err
        assert "  t2:\n    error: The history and the files disagree:" in answer.err
        assert "  twin: same database as t0" in answer.err
    assert three.applied == {**NOTHING, "t2": 1}


def test_bad_files_refuse_all_before_any_change(three: Fleet) -> None:
    three.made.add("0004.d.create", "CREATE TABLE d ();\nCOMMIT;")
    answer = three.run("migrate", "--yes")
    assert answer.code == 2
    assert "  t0, t1, t2:\n    error: A problem in the files:" in answer.err
    assert "COMMIT is not allowed" in answer.err
    assert three.applied == NOTHING


def test_a_target_out_of_reach_refuses_all_or_is_left_out(three: Fleet) -> None:
    lost = Place("lost", 1, three.places[0].server, "no_such")
    three.write([*three.places, lost])
    answer = three.run("migrate", "--yes")
    assert (answer.code, three.applied) == (2, NOTHING)
    assert "  lost:\n    error: Cannot connect to" in answer.err
    assert "--keep-going" in answer.err.split("next: ")[-1]
    answer = three.run("migrate", "--yes", "--keep-going")
    assert (answer.code, three.applied) == (1, ALL)
    assert answer.out.splitlines()[-1] == "failed: lost"


def test_more_than_was_planned_is_never_applied(three: Fleet) -> None:
    assert three.run("migrate", "--to", "0003", "--yes").code == 0
    three.made.add("0004.d.create", "CREATE TABLE d (); SELECT pg_sleep(2)")
    first, second, _ = three.places
    process = start(*three.arguments("migrate", "--yes"))
    until(lambda: sleeping(first.dsn))
    run(second.dsn, "DELETE FROM yoyo._yoyo_migration WHERE migration_id LIKE '0003%'")
    answer = finish(process)
    assert answer.code == 1
    assert "since it was planned: now also 0003.c.create." in answer.out
    assert [len(each.applied) for each in three.places] == [4, 2, 3]


IN_BATCHES = """\
-- batch: 5 target=1ms pause=30ms
UPDATE b SET times = times + 1 WHERE id IN (
    SELECT id FROM b WHERE times = 0
    ORDER BY id LIMIT current_setting('migrator.batch_rows')::integer
) RETURNING id;
"""


def test_batches_that_failed_or_were_paused_are_shown_and_gone_on_with(three: Fleet) -> None:
    assert three.run("migrate", "--yes").code == 0
    filled = ["ALTER TABLE b ADD times int NOT NULL DEFAULT 0, ADD PRIMARY KEY (id)"]
    filled += ["INSERT INTO b SELECT generate_series(1, 60)", "ANALYZE b"]
    for place in three.places:
        run(place.dsn, *filled)
    _, second, third = three.places
    run(second.dsn, "ALTER TABLE b ADD CONSTRAINT stop CHECK (id < 20 OR times = 0)")
    three.made.add("0004.b.times", IN_BATCHES, "SELECT")
    answer = three.run("migrate", "--yes")
    assert (answer.code, answer.out.splitlines()[-1]) == (1, "failed: t1")
    row = three.run("status").out.splitlines()[2]
    assert re.fullmatch(r"t1      1      0003     0004.b.times: \d+ of about .*, stopped", row)
    run(second.dsn, "ALTER TABLE b DROP CONSTRAINT stop")
    process = start(*three.arguments("migrate", "--yes"))
    until(lambda: rows(third.dsn, "SELECT to_regclass('yoyo.batch_progress')") != [(None,)])
    until(lambda: rows(third.dsn, "SELECT FROM yoyo.batch_progress WHERE batches > 0"))
    assert "0004.b.times: " in three.run("status", "--only", "t2").out
    assert call(three.made, third.dsn, "migrate", "--pause-batches").code == 0
    answer = finish(process)
    assert (answer.code, "  paused: 0004.b.times" in answer.out) == (4, True), answer.out
    assert "t2      2      0003     paused" in answer.out.splitlines()
    assert three.run("migrate", "--yes").code == 0
    for place in three.places:
        assert rows(place.dsn, "SELECT times, count(*) FROM b GROUP BY times") == [(1, 60)]


def test_an_interruption_leaves_nothing_half_done(three: Fleet) -> None:
    three.made.add("0004.d.create", "CREATE TABLE d (); SELECT pg_sleep(20)")
    (first, *_) = three.places
    process = start(*three.arguments("migrate", "--yes"))
    until(lambda: sleeping(first.dsn))
    process.send_signal(signal.SIGINT)
    answer = finish(process)
    assert answer.code == 130
    assert "t0      0               interrupted" in answer.out
    assert "  state: The history has 3 migrations applied" in answer.out
    assert "t1      1      none     not begun" in answer.out
    assert tables(first.dsn) == ["a", "b", "c"]
    assert three.applied == {**NOTHING, "t0": 3}
    assert sleeping(first.dsn) == []


def test_events_name_their_target_and_each_target_has_a_log(three: Fleet, tmp_path: Path) -> None:
    run(three.places[2].dsn, "CREATE SCHEMA yoyo", "CREATE TABLE b ()")
    assert call(three.made, three.places[2].dsn, "migrate", "--beside-others").code == 1
    logs = tmp_path / "logs" / "of today"
    answer = three.run("--json", "migrate", "--yes", "--log-dir", logs)
    assert answer.code == 1
    *events, document = map(json.loads, answer.out.splitlines())
    kinds = [each["event"] for each in events if each["target"] == "t0"]
    assert (kinds[0], {*kinds[1:-1]}, kinds[-1]) == ("begin", {"say"}, "end")
    (ended,) = (each for each in events if (each["target"], each["event"]) == ("t2", "end"))
    assert (ended["outcome"], ended["failure"]["exit_code"]) == ("failed", 1)
    assert {*keys(document)} == (
        keys_in_reference("fleet migrate") - {"report", "deploy"} | {"error", "state", "next"}
    )
    assert document["failed"] == ["t2"]
    assert sorted(path.name for path in logs.iterdir()) == ["t0.log", "t1.log", "t2.log"]
    assert "applied 0003.c.create" in (logs / "t1.log").read_text()
    assert "error: " in (logs / "t2.log").read_text()


def test_logs_that_cannot_be_written_do_not_end_the_work(three: Fleet, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    (logs / "t0.log").mkdir(parents=True)
    answer = three.run("migrate", "--yes", "--log-dir", logs)
    assert (answer.code, "no logs are written any more" in answer.err) == (0, True)
    assert three.applied == ALL
    (tmp_path / "file").write_text("")
    answer = three.run("status", "--log-dir", tmp_path / "file")
    assert (answer.code, "no directory for logs: " in answer.err) == (2, True)


def test_a_rollback_undoes_the_last_stage_first_and_only_where_it_was_applied(
    three: Fleet,
) -> None:
    assert three.run("migrate", "--yes").code == 0
    three.made.add("0004.d.create", "CREATE TABLE d ()", "DROP TABLE d")
    assert three.run("migrate", "--yes", "--only", "stage=0", "--only", "stage=1").code == 0
    approved = digest(three, "--rollback", "--to", "0003")
    answer = three.run("rollback", "--to", "0003", "--approve", approved)
    assert answer.code == 0, answer.err
    assert began(answer.err) == ["t1", "t0"]
    assert "t0      0      0003     rolled back 1 migration" in answer.out
    assert "t2      2      0003     nothing to do" in answer.out
    assert [tables(each.dsn) for each in three.places] == [["a", "b", "c"]] * 3
    assert three.run("rollback", "--to", "0001").code == 2  # nobody approved it
    assert three.applied == ALL


def test_seeds_are_applied_everywhere_or_nowhere(three: Fleet) -> None:
    assert three.run("migrate", "--yes", "--no-seed").code == 0
    assert call(three.made, three.places[2].dsn, "rollback", "--steps", "1", "--yes").code == 0
    answer = three.run("seed")
    assert answer.code == 2
    assert "  t2:\n    error: 1 migrations are pending, the first 0003.c.create." in answer.err
    assert answer.err.endswith(":\n      --except t2\n")
    assert rows(three.places[0].dsn, "SELECT FROM a") == []
    assert three.run("seed", "--except", "t2").code == 0
    assert call(three.made, three.places[2].dsn, "migrate", "--no-seed").code == 0
    answer = three.run("seed")
    assert answer.code == 0
    assert "t0      0      0003     applied 1 seed" in answer.out
    for place in three.places:
        assert rows(place.dsn, "SELECT count(*) FROM a") == [(2,)]


@pytest.fixture
def eight(pg: Server, tmp_path: Path) -> Iterator[Fleet]:
    with fleet(tmp_path, [pg], [0] * 8) as made:
        yield made


@pytest.mark.parametrize(
    ("options", "most"), [([], 4), (["--jobs", "8", "--server-limit", "2"], 2)]
)
def test_no_more_targets_are_at_work_than_asked(
    eight: Fleet, pg: Server, options: list[str], most: int
) -> None:
    eight.made.add("0004.d.create", "SELECT pg_sleep(0.7)")  # so long that it is looked at
    process = start(*eight.arguments("migrate", "--yes", *options))
    query = "SELECT pid, wait_event = 'PgSleep' FROM pg_stat_activity WHERE datname LIKE 'fleet_%'"
    at_work, before, there = 0, set[int](), 0
    while process.poll() is None:
        found = dict(rows(pg.dsn("postgres", pg.user), query))
        at_work = max(at_work, sum(map(bool, found.values())))
        there = max(there, len(before & found.keys()))  # one that ends is there for a moment more
        before = {*found}
    assert finish(process).code == 0
    assert at_work == most >= there


def test_verify_groups_what_is_equal_and_tells_what_differs(three: Fleet) -> None:
    assert three.run("migrate", "--yes").code == 0
    assert call(three.made, three.places[0].dsn, "schema").code == 0
    answer = three.run("verify")
    assert answer.code == 0, answer.out
    assert answer.out == "as the files at 0003, by t0: t0, t1, t2\n"
    three.made.add("0004.d.create", "CREATE TABLE d ()")
    assert three.run("verify").out == "alike at 0003, not compared with the files: t0, t1, t2\n"
    (three.made.migrations / "0004.d.create.sql").unlink()
    (three.made.migrations / "0004.d.create.rollback.sql").unlink()
    run(three.places[2].dsn, "ALTER TABLE a ADD note text", "DROP TABLE c", "DELETE FROM a")
    answer = three.run("verify")
    assert answer.code == 1
    assert answer.out.splitlines() == [
        "as the files at 0003, by t0: t0, t1",
        "differs from t0 at 0003: t2",
        "    table a: column note is unexpected",
        "    table c is missing",
        "t2: FAILED",
        "    seeds: 01.a: 2 rows are missing or have other values",
    ]
    document = three.run("--json", "verify").document
    assert document["groups"][1]["differences"][0] == "table a: column note is unexpected"


def test_servers_of_two_versions_are_one_fleet(
    pg: Server, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    oldest: Server = request.getfixturevalue("server_15")
    with fleet(tmp_path, [pg, oldest], [0, 1]) as made:
        options = ["--targets", str(made.file)]
        assert execute("fleet", "migrate", "--yes", *options).code == 0
        answer = execute("fleet", "verify", *options)
        assert answer.code == 0, answer.out
        assert answer.out.endswith(", by t0: t0, t1\n")
