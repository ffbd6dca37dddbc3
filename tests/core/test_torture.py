"""Nothing is lost: the runner killed everywhere, and its rerun; and the harness, which can fail."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, nullcontext
from itertools import cycle, repeat

import pytest

import tests.support.torture
from tests.conftest import INSTALLATIONS
from tests.support.commands import Answer
from tests.support.servers import ROOT, clean_environment
from tests.support.torture import (
    AT_COMMIT,
    COMMANDS,
    KINDS,
    Arena,
    Boundary,
    Case,
    Gate,
    Moment,
    Online,
    Place,
    Verdict,
    answer_of,
    places,
    torture,
    world,
)

pytestmark = pytest.mark.slow

Arenas = tuple[Arena, Arena]


@pytest.fixture(scope="session")
def arenas(request: pytest.FixtureRequest) -> Iterator[Arenas]:
    """The small set and the project's own, on a server of the test's own, which it may crash."""
    with world(INSTALLATIONS[request.param]) as made:
        yield made


def on(*majors: int) -> pytest.MarkDecorator:
    """Run on these versions; one that is not here skips aloud."""
    return pytest.mark.parametrize(
        "arenas",
        [
            pytest.param(
                major,
                id=str(major),
                marks=[] if major in INSTALLATIONS else pytest.mark.skip(f"no PostgreSQL {major}"),
            )
            for major in majors
        ],
        indirect=True,
    )


def assert_converged(arena: Arena, case: Case) -> bool:
    """Kill and check what came of it; tell whether there was anything to kill."""
    verdict = torture(arena, case)
    assert verdict is None or not verdict.problems, (arena.name, case, verdict.problems)
    return verdict is not None


def stops(arena: Arena, command: str, *kinds: type) -> list[Place]:
    """Return the places of some kinds where a command can be stopped."""
    return [place for name, place in places(arena) if name == command and isinstance(place, kinds)]


@on(18)
@pytest.mark.parametrize("command", COMMANDS)
def test_killed_between_any_two_statements(arenas: Arenas, command: str) -> None:
    small, _ = arenas
    for place, kind in zip(stops(small, command, Gate, Online), cycle(KINDS), strict=False):
        assert assert_converged(small, Case(command, place, kind))


@on(18)
@pytest.mark.parametrize(
    ("command", "half"),
    [("migrate", 0), ("migrate", 1), ("rollback", 0), ("rollback", 1), ("seed", None)],
)
def test_killed_between_any_two_messages(arenas: Arenas, command: str, half: int | None) -> None:
    small, _ = arenas
    count = small.messages[command]
    assert count > 10
    for message in range(count) if half is None else range(half, count, 2):
        # Each kind comes with the answer that the runner got, and with one that was lost.
        place = Boundary(message, answered=bool(message // len(KINDS) % 2))
        assert assert_converged(small, Case(command, place, KINDS[message % len(KINDS)]))


@on(18)
def test_killed_in_the_middle_of_a_commit(arenas: Arenas) -> None:
    small, _ = arenas
    for kind in KINDS:
        assert assert_converged(small, Case("migrate", Gate(AT_COMMIT), kind))


@on(18)
@pytest.mark.parametrize("command", COMMANDS)
def test_the_real_set_killed_at_any_moment(arenas: Arenas, command: str) -> None:
    _, real = arenas
    chance = random.Random(command)  # noqa: S311  chance is no secret
    for kind in KINDS:
        while not assert_converged(
            real, Case(command, Moment(chance.random(), launch=False), kind)
        ):
            pass


@on(18)
def test_the_program_itself_killed_at_any_moment(arenas: Arenas) -> None:
    _, real = arenas
    chance = random.Random(5)  # noqa: S311
    killed = 0
    for _ in range(20):  # how long a run takes depends on what else the machine does
        moment = Moment(chance.uniform(0.2, 1), launch=True)
        killed += bool(assert_converged(real, Case("migrate", moment, "runner")))
        if killed == 2:
            return
    raise AssertionError("no two of 20 kills fell into a run")


@on(15)
def test_on_the_oldest_version(arenas: Arenas) -> None:
    small, real = arenas
    for (command, place), kind in zip(list(places(small))[::16], cycle(KINDS), strict=False):
        assert_converged(small, Case(command, place, kind))
    chance = random.Random(6)  # noqa: S311
    for kind in KINDS:
        assert_converged(real, Case("migrate", Moment(chance.random(), launch=False), kind))


@on(18)
def test_a_copied_runner_answers_as_the_program_does(arenas: Arenas) -> None:
    small, _ = arenas
    name = small.host.create(small.templates["rollback"])
    for arguments in (["status"], ["migrate"], ["rollback", "--all"], ["migrate", "--to", "none"]):
        copied, program = (
            answer_of(small.run(name, *arguments, launch=launch)) for launch in (False, True)
        )
        assert copied == program
    small.host.drop(name)


def test_the_command_says_in_one_line_what_came_of_it() -> None:
    argv = [sys.executable, "-m", "tests.support.torture", "4", "--seed", "3"]
    run = subprocess.run(
        argv, capture_output=True, check=False, cwd=ROOT, env=clean_environment(), text=True
    )
    assert run.stderr == ""
    each = r"\d runner, \d session, \d server, \d line"
    line = rf"4 kills \({each}\) on PostgreSQL 18, seed 3: 4 converged, 0 lost\n"
    assert re.fullmatch(line, run.stdout), run.stdout
    assert run.returncode == 0


# The harness can fail

INVALID = "UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = 'entry_number'::regclass"
UNMARK = "DELETE FROM yoyo._yoyo_migration WHERE migration_id LIKE '0005.%'"
INTENT = (
    "INSERT INTO yoyo.intent (migration_hash, migration_id, direction, checksum)"
    " VALUES ('', '0002.entry.create', 'apply', '')"
)
DAMAGE = {
    "DROP TABLE entry": "missing: rows of entry, table entry",
    "DROP INDEX entry_number": "missing: table entry: index entry_number",
    INVALID: "otherwise: table entry: index entry_number",
    "CREATE INDEX entry_amount ON entry (amount)": "too much: table entry: index entry_amount",
    "CREATE TABLE more ()": "too much: table more",
    "DROP VIEW rich": "missing: view rich",
    "COMMENT ON TABLE account IS ''": "otherwise: table account",
    "ALTER TABLE entry DISABLE TRIGGER at_commit": "otherwise: table entry: trigger at_commit",
    "ALTER TABLE account ALTER balance DROP NOT NULL": "otherwise: table account: column balance",
    "ALTER TABLE account ALTER balance SET DEFAULT 1": "otherwise: table account: column balance",
    "DELETE FROM entry WHERE account_id = 7 AND number = 3": "otherwise: rows of entry",
    "UPDATE account SET balance = 7 WHERE id = 7": "otherwise: rows of account",
    "UPDATE entry SET account_id = 8, number = 9 WHERE account_id = 7 AND number = 3": "rows",
    UNMARK: "4 migrations and 2 seeds are marked; missing: table entry: index entry_amount",
    UNMARK.replace("0005", "0002"): "marks that do not follow",
    "DELETE FROM yoyo.migration_checksum WHERE duration_ms >= 0": "checksums that are not those",
    "DELETE FROM yoyo.seed_checksum WHERE seed_id = '01.account'": "seeds that do not follow",
    "DELETE FROM yoyo.seed_checksum WHERE seed_id = '02.entry'": "otherwise: rows of entry",
    "DELETE FROM yoyo._yoyo_log WHERE migration_id LIKE '0003.%'": "a log that is not that of",
    "INSERT INTO yoyo.yoyo_lock (pid) VALUES (1)": "a row in yoyo_lock",
    INTENT: "intents of what was not started: [('0002.entry.create', 'apply')]",
    "DROP TABLE yoyo.yoyo_lock": "a part of the bookkeeping is missing",
}


@on(18)
def test_what_is_damaged_is_seen(arenas: Arenas) -> None:
    small, _ = arenas
    name = small.host.create(small.templates["rollback"])
    with closing(small.host.connect(name)) as connection:
        assert small.disagreements(connection, "migrate") == []
        for damage, expected in DAMAGE.items():
            with connection.transaction(force_rollback=True):
                connection.execute(damage.encode())
                found = "\n".join(small.disagreements(connection, "migrate"))
                assert expected in found, (damage, found)
    small.host.drop(name)


@on(18)
@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("DROP VIEW rich", "0 converged, 1 lost"),  # which is made once, and nothing notices
        (UNMARK, "0 converged, 1 lost"),  # so the rerun applies once more, and fails
        ("UPDATE account SET balance = 1 WHERE name = 'bank'", "1 converged, 0 lost"),
    ],
)
def test_what_a_kill_damages_is_counted_as_lost(
    arenas: Arenas,
    damage: str,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    small, _ = arenas
    kill = tests.support.torture._kill

    def kill_and_damage(arena: Arena, name: str, verdict: Verdict) -> Answer | None:
        answer = kill(arena, name, verdict)
        with closing(arena.host.connect(name)) as connection:
            connection.execute(damage.encode())
        return answer

    last = Case("seed", Boundary(small.messages["seed"] - 1, answered=True), "runner")
    monkeypatch.setattr(tests.support.torture, "world", lambda _: nullcontext(arenas))
    monkeypatch.setattr(tests.support.torture, "cases", lambda *_: repeat((small, last)))
    monkeypatch.setattr(tests.support.torture, "_kill", kill_and_damage)
    code = tests.support.torture.main(["1", "--seed", "2"])
    out, err = capsys.readouterr()
    each = "1 runner, 0 session, 0 server, 0 line"
    assert out == f"1 kills ({each}) on PostgreSQL 18, seed 2: {told}\n", err
    assert (code, bool(err)) == ((0, False) if "0 lost" in told else (1, True))
