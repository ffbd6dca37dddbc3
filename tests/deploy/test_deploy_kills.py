"""Deploys killed at any moment: old state or new, nobody locked out, and an end that is known.

DEPLOY_KILLS is how many kills by chance each kind and version gets, DEPLOY_KILLS_SEED which ones.
Without it each kind gets three, on the newest version; `make test-all` sets 60:

    DEPLOY_KILLS=400 DEPLOY_KILLS_SEED=7 .venv/bin/pytest tests/deploy/test_deploy_kills.py
"""

from __future__ import annotations

import gc
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing as closing_of
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest

from migrator.core.settings import LOCK_KEY
from migrator.deploy import closing
from tests.conftest import INSTALLATIONS
from tests.support.commands import Answer, finish, launch, said
from tests.support.databases import applied, database, rows, run
from tests.support.deploys import FAILS, NO_WAY_BACK, ROLE, Site, paste, site
from tests.support.servers import NEWEST, Server
from tests.support.sets import THREE, MigrationSet, three_tables
from tests.support.torture import APPLICATION, Machine, Things, difference, machine, things
from tests.support.waiting import until

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("DEPLOY_KILLS", "3"))
SEED = int(os.environ.get("DEPLOY_KILLS_SEED", "1"))
PARTS = range(1 if KILLS < 10 else 2)  # among which the workers share the kills
on_each_version = pytest.mark.parametrize(
    "pg",
    INSTALLATIONS if "DEPLOY_KILLS" in os.environ else [NEWEST],
    indirect=True,
    scope="session",
)
GONE_S = 5.0  # how long the sessions of a killed deploy may live
ONLINE = "-- transactional: false\n"
# For half a minute, or for no time once the database's name is in that comment: see `wake`.
SLEEPS = """SELECT pg_sleep(
    CASE WHEN current_database() LIKE shobj_description(oid, 'pg_database') || '%' THEN 0
    ELSE 30 END
) FROM pg_database WHERE datname = 'template1';
"""
A_MOMENT = "SELECT pg_sleep(0.05);\n"  # so that a kill by chance meets each file
PENDING = {  # file: (what applies it, what undoes it)
    "0004.d.create": (
        f"CREATE TABLE d (id int); INSERT INTO d SELECT generate_series(1, 50);\n{A_MOMENT}",
        f"DROP TABLE d;\n{A_MOMENT}",
    ),
    "0005.b.index": (
        f"{ONLINE}CREATE INDEX CONCURRENTLY b_id ON b (id);\n",
        f"{ONLINE}DROP INDEX CONCURRENTLY b_id;\n",
    ),
    "0006.b.double": (
        "ALTER TABLE b ADD COLUMN doubled int; UPDATE b SET doubled = 2 * id;\n"
        f"UPDATE c SET id = id + 1000;\n{A_MOMENT}",
        f"UPDATE c SET id = id - 1000; ALTER TABLE b DROP COLUMN doubled;\n{A_MOMENT}",
    ),
    "0007.e.create": (f"CREATE TABLE e (id int);\n{A_MOMENT}", "DROP TABLE e;\n"),
}
SEEDS = {
    "02.e": "MERGE INTO e USING (VALUES (1), (2), (3)) AS v (id) ON e.id = v.id"
    " WHEN NOT MATCHED THEN INSERT VALUES (v.id);\n"
}
# What an application writes to meanwhile; it is not compared, but by the rows that it committed.
WRITTEN = "CREATE TABLE written (id int GENERATED ALWAYS AS IDENTITY, note int)"
INDEX = "table b: index b_id"  # absent, INVALID or valid where its file was cut off
RESUME, UNDO, LEAVE = "--resume", "--undo", "--leave"
NUMBERS = count(1)
SESSIONS = f"SELECT FROM pg_stat_activity WHERE application_name = '{APPLICATION}'"
SCRATCH = "SELECT datname FROM pg_database WHERE datname ~ '^deploy_(rehearsal|restoring)_'"


@pytest.fixture(scope="session", params=[NEWEST])
def pg(request: pytest.FixtureRequest) -> Server:
    """The newest server, but for kills by chance."""
    server: Server = request.getfixturevalue(f"server_{request.param}")
    return server


# What a deploy is killed on


class Known(NamedTuple):
    """What a history says, read past the runner."""

    marks: list[str]
    seeds: list[str]
    intents: list[str]


@dataclass
class Ground:
    """A database before a deploy, to be copied, and what each file of the deploy makes of it.

    Args:
        server: Its server.
        template: Its name.
        made: The set, with files that are pending there.
        after: What is there once so many of them are applied.
        seeded: What is there in the end; None where that is never reached.
        is_closed: Whether the deploys are closed ones.
        seconds: How long a deploy takes that nobody disturbs.
        last_part: How much of that comes after what a kill waits for.

    """

    server: Server
    template: str
    made: MigrationSet
    after: list[Things] = field(default_factory=list)
    seeded: Things | None = None
    is_closed: bool = False
    seconds: float = 0.0
    last_part: float = 0.0

    @property
    def files(self) -> list[Path]:
        """The files that apply what is pending."""
        return [self.made.migrations / f"{each}.sql" for each in self.ids]

    @property
    def ids(self) -> list[str]:
        """What is pending."""
        names = [path.name.removesuffix(".sql") for path in self.made.migrations.glob("*.sql")]
        return sorted(each for each in names if not each.endswith(".rollback"))[len(THREE) :]

    @contextmanager
    def copied(self, root: Path) -> Iterator[Site]:
        """Make a database that is as it was before the deploy; drop it with what came of it."""
        name = f"killed{next(NUMBERS)}"
        backups = root / f"{name}.backups"
        found = Site(self.server, name, self.server.dsn(name, ROLE), self.made, backups)
        copy = {"owner": ROLE, "template": self.template}
        with database(self.server, name, **copy, also=found.others):
            yield found


def where(here: Site) -> Site:
    """Return the site by the name that its database has now: its own, or that of a closed one."""
    names = [here.name, closing.closed_name(here.name)]
    query = f"SELECT datname FROM pg_database WHERE datname IN ('{names[0]}', '{names[1]}')"
    ((name,),) = rows(here.administrator, query)
    return here._replace(name=name, database=here.server.dsn(name, ROLE))


def things_of(here: Site) -> Things:
    with closing_of(here.server.connect(here.name)) as observer:
        return {key: what for key, what in things(observer).items() if "written" not in key}


def known(here: Site) -> Known:
    def names(column: str, table: str) -> list[str]:
        return [name for (name,) in rows(here.database, f"SELECT {column} FROM {table} ORDER BY 1")]

    return Known(
        names("migration_id", "yoyo._yoyo_migration"),
        names("seed_id", "yoyo.seed_checksum"),
        names("migration_id", "yoyo.intent"),
    )


class Application:
    """Writes 50 rows a second, each committed, on whatever has the database's name by then."""

    def __init__(self, database: str) -> None:
        self.database = database
        self.committed: set[int] = set()
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True)

    def __enter__(self) -> Application:
        self._thread.start()
        until(lambda: self.committed)
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()

    def _write(self) -> None:
        insert = "INSERT INTO written (note) VALUES (%s) RETURNING id"
        while not self._ends.wait(0.02):
            with suppress(psycopg.Error), psycopg.connect(self.database, autocommit=True) as own:
                while not self._ends.wait(0.02):
                    note = len(self.committed)
                    ((number,),) = own.execute(insert, [note]).fetchall()
                    self.committed.add(number)

    def assert_lost_nothing(self) -> None:
        """See that every row that was committed is there."""
        committed = set(self.committed)  # it goes on writing
        there = {number for (number,) in rows(self.database, "SELECT id FROM written")}
        assert committed <= there, "a row that was committed is lost"


@contextmanager
def ground(
    server: Server, template: str, root: Path, more: dict[str, tuple[str, str]], *, is_closed: bool
) -> Iterator[Ground]:
    """Copy a prepared site, and learn what each of the pending files makes of it."""
    with site(server, root, template) as before:
        run(before.database, "INSERT INTO c SELECT generate_series(1, 100)")
        run(before.database, WRITTEN)
        for name, pair in {**PENDING, **more}.items():
            before.made.add(name, *pair)
        for name, text in SEEDS.items():
            before.made.seed(name, text)
        made = Ground(server, before.name, before.made, is_closed=is_closed)
        gc.collect()  # a session that nobody has any more
        with made.copied(root) as copy, psycopg.connect(copy.database, autocommit=True) as session:
            made.after.append(things_of(copy))
            for file in made.files:
                with suppress(psycopg.DataError):  # the one that fails
                    session.execute(file.read_bytes())
                    made.after.append(things_of(copy))
            if not more:
                for text in SEEDS.values():
                    session.execute(text.encode())
                made.seeded = things_of(copy)
        yield made


def deploying(here: Site, *arguments: str) -> subprocess.Popen[str]:
    return launch(here.made, here.database, "deploy", "--yes", *arguments, *here.options)


def kind_of(made: Ground) -> list[str]:
    return ["--closed"] * made.is_closed + ["--no-rehearse"]


def measure(made: Ground, root: Path, words: str) -> Answer:
    """Learn how long a deploy takes that nobody disturbs, and its part after some words."""
    with made.copied(root) as here:
        started = time.monotonic()
        process = deploying(here, *kind_of(made))
        said(process, words)
        reached = time.monotonic()
        answer = finish(process)
        ended = time.monotonic()
    made.seconds, made.last_part = ended - started, ended - reached
    return answer


# What holds after every kill


def kill(process: subprocess.Popen[str], *, children: bool) -> bool:
    """Kill a deploy, with pg_dump and pg_restore or without; tell whether it was there yet."""
    was_there = process.poll() is None
    if was_there and children:
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.communicate()
    return was_there


def gone(here: Site) -> bool:
    gc.collect()  # the sessions of commands that were run in this process, and have ended
    return not rows(here.administrator, SESSIONS)


def scratch(here: Site) -> list[str]:
    return [name for (name,) in rows(here.administrator, SCRATCH)]


def asides(here: Site) -> list[str]:
    return [each for each in here.others() if "_before_" in each]


def assert_backups_are_whole(here: Site) -> None:
    """See that what counts as a backup is one, and that nothing else does."""
    listed = here.call("--json", "backups", "list", *here.options).document["backups"]
    paths = [Path(each["path"]) for each in listed]
    assert [each for each in paths if each.name.endswith(".part")] == []
    assert all(each.with_name(f"{each.name}.manifest.json").exists() for each in paths)


def assert_as_its_history_says(made: Ground, here: Site) -> Known:
    history, found = known(here), things_of(here)
    done = len(history.marks) - len(THREE)
    assert history.marks == [*THREE, *made.ids][: len(history.marks)]
    assert 0 <= done < len(made.after), history
    expected = made.after[done]
    if "02.e" in history.seeds:
        assert done == len(made.ids), history
        assert made.seeded is not None
        expected = made.seeded
    if history.intents:
        assert history.intents == ["0005.b.index"]
        expected, found = (
            {k: v for k, v in each.items() if k != INDEX} for each in (expected, found)
        )
    assert found == expected, (history, difference(expected, found))
    return history


def assert_before(made: Ground, here: Site) -> None:
    """See that the database is as it was before the deploy.

    That a rollback has the seeds applied anew is its own, and of no table.
    """
    found, history = things_of(here), known(here)
    assert (history.marks, history.intents) == (THREE, []), history
    assert found == made.after[0], difference(made.after[0], found)


def assert_after(made: Ground, here: Site) -> None:
    found, history = things_of(here), known(here)
    assert history == Known([*THREE, *made.ids], ["01.a", "02.e"], [])
    assert made.seeded is not None
    assert found == made.seeded, difference(made.seeded, found)


def cut_off(made: Ground, here: Site) -> tuple[str, Answer | None]:
    """Check what holds after a kill; return the phase that is under way, and who says how to go on.

    A closed database has its name, or the other; whoever comes by its name is told so.
    """
    until(partial(gone, here), GONE_S)
    now = where(here)
    assert_backups_are_whole(here)
    assert_as_its_history_says(made, now)
    query = "SELECT phase, ended_at FROM yoyo.deploy ORDER BY deploy_id DESC LIMIT 1"
    ((phase, ended_at),) = rows(now.database, query)
    if ended_at is not None:
        assert now == here, "it has ended, and nobody can come in"
        return "", None
    if phase in {"closing", "preparing"}:
        assert_before(made, now)
    answer = here.deploy(*kind_of(made)[:-1])
    assert answer.code == 2, answer
    words = "A deploy was cut off: " if now == here else f'has closed the database "{here.name}"'
    assert words in answer.err, answer.err
    return str(phase), answer


def ended(here: Site) -> str:
    """Check that the last deploy has ended, and its database is open; return how."""
    assert where(here) == here
    last = here.deploys[0]
    assert (last["phase"], last["ended_at"] is None) == ("ended", False), last
    until(partial(gone, here), 1)
    return str(last["outcome"])


# 1. Killed at any moment


@pytest.fixture(scope="session", params=[False, True], ids=["open", "closed"])
def applying(
    pg: Server, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ground]:
    """What a deploy is killed on that would do all it was to do."""
    template = request.getfixturevalue(f"prepared_{pg.major}")
    root = tmp_path_factory.mktemp("applying")
    with ground(pg, template, root, {}, is_closed=request.param) as made:
        answer = measure(made, root, "backup: done")
        assert answer.code == 0, answer
        yield made


@on_each_version
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.long
def test_a_deploy_killed_at_any_moment_goes_on_or_back_or_is_left(
    applying: Ground, tmp_path: Path, part: int
) -> None:
    chance = random.Random(f"{SEED}.{part}")  # noqa: S311  chance is no secret
    for number in range(part, KILLS * 2 // 3, len(PARTS)):
        way = (RESUME, UNDO, LEAVE)[number // len(PARTS) % 3]
        with applying.copied(tmp_path) as here, Application(here.database) as application:
            process = deploying(here, *kind_of(applying))
            if chance.random() < 0.5:
                said(process, "digest: ")
                time.sleep(chance.uniform(0, applying.seconds - applying.last_part))
            else:  # the shorter part is the one that changes something
                said(process, "backup: done")
                time.sleep(chance.uniform(0, applying.last_part))
            kill(process, children=chance.random() < 0.5)
            phase, answer = cut_off(applying, here)
            print(f"kill {number}: {phase or 'not under way'}, {way}")  # where a test fails
            if answer is not None:
                assert_ends(applying, here, way, phase, answer)
            elif len(here.deploys) == 1:  # it was killed before it was in the history
                assert_before(applying, here)
            elif here.deploys[0]["outcome"] == "applied":
                assert_after(applying, here)
            application.assert_lost_nothing()


def assert_ends(made: Ground, here: Site, way: str, phase: str, told: Answer) -> None:
    """End a deploy by the command that was told, and see that it ended so."""
    now = where(here)
    killed, history = things_of(now), known(now)
    until(partial(gone, here), 1)
    answer = paste(told, way)
    assert answer.code == 0, answer
    outcome = ended(here)
    if phase == "opening" or way == RESUME:
        assert outcome == "applied"
        assert_after(made, here)
    elif phase in {"closing", "preparing"}:
        assert outcome == "nothing changed"
        assert_before(made, here)
    elif way == UNDO:
        assert outcome in {"undone", "restored"}
        assert_before(made, here)
    else:
        assert outcome == "left"
        assert (things_of(here), known(here)) == (killed, history)
    assert len(asides(here)) == (outcome == "restored")


WAYS = {
    "by its pairs": ({"0008.bad": (FAILS, "SELECT 1;")}, False),
    "by its backup": (
        {
            "0006.b.double": (PENDING["0006.b.double"][0], NO_WAY_BACK),
            "0008.bad": (FAILS, "SELECT 1;"),
        },
        True,
    ),
}


@pytest.fixture(scope="session", params=WAYS)
def failing(
    pg: Server, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ground]:
    """What a deploy is killed on that fails, and goes back: an open one, and a closed one."""
    template = request.getfixturevalue(f"prepared_{pg.major}")
    root = tmp_path_factory.mktemp("failing")
    more, is_closed = WAYS[request.param]
    with ground(pg, template, root, more, is_closed=is_closed) as made:
        answer = measure(made, root, "apply: failed")
        assert answer.code == 1, answer
        yield made


@on_each_version
@pytest.mark.long
def test_a_deploy_killed_on_its_way_back_goes_on_back(failing: Ground, tmp_path: Path) -> None:
    chance = random.Random(f"{SEED}.back")  # noqa: S311
    for number in range(KILLS // 3):
        with failing.copied(tmp_path) as here, Application(here.database) as application:
            process = deploying(here, *kind_of(failing))
            if failing.is_closed and number % 2:  # in the swap
                said(process, "check: done")
                time.sleep(chance.uniform(0, 0.5))
            else:
                said(process, "apply: failed")
                time.sleep(chance.uniform(0, failing.last_part))
            kill(process, children=chance.random() < 0.5)
            phase, answer = cut_off(failing, here)
            intents = known(where(here)).intents
            until(partial(gone, here), 1)
            if answer is not None:
                again = paste(answer, RESUME)
                # Killed before it was noted that it goes back, it fails again.
                assert again.code == (phase == "applying"), again
            outcome = ended(here)
            print(f"kill {number}: {phase or 'not under way'}, {intents}, {outcome}")
            assert_before(failing, here)
            assert outcome == ("restored" if failing.is_closed else "undone")
            application.assert_lost_nothing()
            assert len(asides(here)) == (outcome == "restored")


# 2. Who is in the database, and who comes


def contents(here: Site) -> tuple[Things, list[str]]:
    return things_of(here), applied(here.database)


@contextmanager
def stays(here: Site) -> Iterator[None]:
    """Keep a session in the database that its owner may not end."""
    with closing_of(here.server.connect(here.name)):
        yield


def test_who_cannot_be_ended_is_named_before_anything_is_done(here: Site) -> None:
    here.made.table(4, "d")
    with stays(here):
        answer = here.deploy("--closed")
        assert answer.code == 2
        assert "Sessions that this role may not end are in the database: pid " in answer.err
        assert "--admin URL" in answer.err
        assert "SELECT pg_terminate_backend(" in answer.err
        assert (len(here.deploys), here.others()) == (1, [])
        answer = here.deploy("--closed", "--admin", here.administrator)
    assert answer.code == 0, answer
    assert (ended(here), asides(here)) == ("applied", [])


def test_nobody_comes_in_while_a_deploy_is_closed(here: Site) -> None:
    """Its owner and superusers included; who was there is ended, and all come back."""
    here.made.add("0004.slow", "SELECT pg_sleep(1.5); INSERT INTO b VALUES (-1);")
    seen: set[str] = set()
    written: list[int] = []
    ends = threading.Event()

    def come(database: str, number: int) -> None:
        while not ends.is_set():
            with suppress(psycopg.Error), psycopg.connect(database, autocommit=True) as own:
                while not ends.wait(0.01):
                    number += 1
                    own.execute("INSERT INTO c VALUES (%s)", [number])
                    written.append(number)
                    seen.add(own.info.dbname)

    callers = [here.database, here.server.dsn(here.name, here.server.user)]
    threads = [threading.Thread(target=come, args=(c, at * 10**6)) for at, c in enumerate(callers)]
    for each in threads:
        each.start()
    try:
        until(lambda: len(written) > 20)
        process = deploying(here, "--closed", "--no-rehearse", "--admin", here.administrator)
        said(process, "close: done")
        before = len(written)
        answer = here.call("status")
        said(process, "apply: done")
        assert len(written) == before, "somebody wrote while it was closed"
        assert answer.code == 2, answer
        assert f'a deploy has closed the database "{here.name}"' in answer.err, answer.err
        assert finish(process).code == 0
        until(lambda: len(written) > before + 20)
    finally:
        ends.set()
        for each in threads:
            each.join()
    assert ended(here) == "applied"
    there = {number for (number,) in rows(here.database, "SELECT id FROM c")}
    assert there >= set(written), "a row that was committed is lost"
    assert seen == {here.name}


def test_an_interrupted_closed_deploy_says_how_it_is_opened(here: Site) -> None:
    here.made.add("0004.slow", SLEEPS)
    process = deploying(here, "--closed", "--no-rehearse")
    until(lambda: here.name not in names(here))
    said(process, "backup: done")
    asleep = "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    until(lambda: rows(here.administrator, asleep))
    process.send_signal(signal.SIGINT)
    answer = finish(process)
    assert answer.code == 130, answer
    assert "Its database is closed." in answer.err, answer.err
    assert paste(answer, UNDO).code == 0
    assert ended(here) == "undone"


def names(here: Site) -> list[str]:
    query = f"SELECT datname FROM pg_database WHERE datname ~ '^{here.name}'"
    return [name for (name,) in rows(here.administrator, query)]


# 4. The server crashes


class Host(NamedTuple):
    """A server that can be crashed, and a site on it."""

    machine: Machine
    here: Site


@pytest.fixture(scope="session")
def crashing() -> Iterator[Machine]:
    """A server of the test's own, which it may crash, and starts again."""
    with machine(INSTALLATIONS[NEWEST]) as made:
        made.ask(f"CREATE ROLE {ROLE} LOGIN CREATEDB")
        yield made


@pytest.fixture
def host(crashing: Machine, tmp_path: Path) -> Iterator[Host]:
    """A site on a server that can be crashed, with rows that an application wrote."""
    name = f"crashed{next(NUMBERS)}"
    crashing.ask(f"CREATE DATABASE {name} OWNER {ROLE}")
    home = str(crashing.cluster.home)
    server = Server(NEWEST, crashing.bin_dir, crashing.pid, home, crashing.port)
    database = server.dsn(name, ROLE)
    here = Site(server, name, database, three_tables(tmp_path), tmp_path / "backups")
    assert here.deploy().code == 0
    run(here.database, "INSERT INTO b SELECT generate_series(1, 1000)")
    yield Host(crashing, here)
    for each in (name, *here.others()):
        crashing.ask(f'DROP DATABASE IF EXISTS "{each}" WITH (FORCE)')


def sleeps(here: Site) -> bool:
    query = "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = '{}'"
    return bool(rows(here.administrator, query.format(here.name)))


def crashed(
    host: Host, condition: Callable[[], object], *arguments: str, down: bool = True
) -> Answer:
    """Deploy, crash the server when a condition holds, and start it again.

    Args:
        host: The site.
        condition: It.
        arguments: Of the deploy.
        down: Whether the server stays down until the deploy has given up.

    """
    process = deploying(host.here, *arguments)
    try:
        until(condition)
    except BaseException:
        process.kill()
        raise
    # What was committed is of the disk now; a file's commit alone is not waited for.
    run(host.here.administrator, "COMMENT ON DATABASE postgres IS 'committed'")
    host.machine.crash()
    try:
        if not down:
            host.machine.start()
        answer = finish(process)
    finally:
        if down:
            host.machine.start()
    assert answer.code == 1, answer.err
    assert "Traceback" not in answer.err
    assert "applied\n" not in answer.out
    for untrue in ("Nothing was changed", "catalogue is as before", "and opened;"):
        assert not down or untrue not in answer.err, answer.err
    return answer


def test_the_server_crashes_during_the_backup(host: Host) -> None:
    here = host.here
    before = contents(here)
    here.made.table(4, "d")
    dumping = "SELECT FROM pg_stat_activity WHERE application_name = 'pg_dump'"
    with closing_of(host.here.server.connect(here.name)) as other:
        other.execute("BEGIN; LOCK TABLE c")
        answer = crashed(host, lambda: rows(here.administrator, dumping), "--no-rehearse")
    assert "backup: failed" in answer.err, answer.err
    assert "The database was not changed" in answer.err, answer.err
    assert here.call("--json", "backups", "list", *here.options).document["unfinished"] == []
    assert_backups_are_whole(here)
    assert contents(here) == before
    assert here.deploys[0]["phase"] == "preparing"
    answer = here.call("deploy", UNDO, *here.options)
    assert answer.code == 0, answer
    assert (ended(here), contents(here)) == ("nothing changed", before)
    assert here.deploy().code == 0
    assert applied(here.database) == [*THREE, "0004.d.create"]


def slow_to_apply(made: MigrationSet) -> None:
    made.table(4, "d")
    made.add("0005.slow", f"UPDATE b SET id = -id; {SLEEPS}", "UPDATE b SET id = -id;")


def test_the_server_crashes_while_files_are_applied_and_it_goes_on(host: Host) -> None:
    here = host.here
    slow_to_apply(here.made)
    answer = crashed(host, partial(sleeps, here), "--no-rehearse")
    assert "--resume" in answer.err, answer.err
    assert applied(here.database) == [*THREE, "0004.d.create"]
    assert here.deploys[0]["ended_at"] is None
    assert here.deploy().code == 2
    wake(here)
    answer = here.call("deploy", RESUME, *here.options)
    assert answer.code == 0, answer
    assert ended(here) == "applied"
    assert applied(here.database) == [*THREE, "0004.d.create", "0005.slow"]
    assert rows(here.database, "SELECT min(id), max(id) FROM b") == [(-1000, -1)]


def wake(here: Site) -> None:
    """Have what sleeps until now go on at once, in the sessions that are to come."""
    run(here.administrator, f"COMMENT ON DATABASE template1 IS '{here.name}'")


def test_the_server_crashes_on_the_way_back(host: Host) -> None:
    here = host.here
    before = contents(here)
    here.made.add("0004.slow", "UPDATE b SET id = -id;", f"UPDATE b SET id = -id; {SLEEPS}")
    here.made.add("0005.bad", FAILS)
    answer = crashed(host, partial(sleeps, here), "--no-rehearse")
    assert "division by zero" in answer.err, answer.err
    assert "--resume" in answer.err, answer.err
    assert "The deploy has not ended." in answer.err, answer.err
    assert here.deploys[0]["phase"] == "undoing"
    assert applied(here.database) == [*THREE, "0004.slow"]
    wake(here)
    answer = here.call("deploy", RESUME, *here.options)
    if answer.code:
        assert here.call("deploy", UNDO, *here.options).code == 0
    assert contents(here) == before
    assert ended(here) in {"undone", "restored"}


# 5. Its sessions are ended


def terminate(here: Site) -> None:
    query = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        f" WHERE application_name = '{APPLICATION}' AND datname = '{here.name}'"
    )
    run(here.administrator, query)


def test_its_sessions_are_terminated_while_files_are_applied(here: Site) -> None:
    before = contents(here)
    here.made.table(4, "d")
    here.made.add("0005.slow", f"UPDATE b SET id = -id; {SLEEPS}", "UPDATE b SET id = -id;")
    process = deploying(here, "--no-rehearse")
    until(partial(sleeps, here))
    terminate(here)
    answer = finish(process)
    assert answer.code == 1, answer
    assert "state: What it applied was rolled back: the catalogue is as before; " in answer.err, (
        answer.err
    )
    assert contents(here) == before
    assert ended(here) == "undone"


def holds_the_lock(here: Site) -> bool:
    query = (
        "SELECT FROM pg_locks JOIN pg_database d ON database = d.oid WHERE locktype = 'advisory'"
        f" AND datname = '{here.name}' AND classid::bigint = {LOCK_KEY >> 32}"
        f" AND objid::bigint = {LOCK_KEY & 0xFFFFFFFF} AND granted"
    )
    return bool(rows(here.administrator, query))


def test_after_its_sessions_are_terminated_no_other_runner_comes_between(here: Site) -> None:
    before = contents(here)
    here.made.add("0004.b.delete", "DELETE FROM b WHERE id > 900;", NO_WAY_BACK)
    here.made.add("0005.slow", SLEEPS)
    process = deploying(here, "--closed", "--no-rehearse")
    until(lambda: sleeps(where(here)))
    terminate(where(here))
    said(process, "undo: ")
    held = holds_the_lock(where(here))  # while it restores
    other = here.call("deploy", LEAVE, "--lock-wait", "0s", *here.options)
    answer = finish(process)
    assert other.code == 2, ("another runner came between", other)
    assert held
    assert answer.code == 1, answer
    assert contents(here) == before
    assert ended(here) == "restored"


# 6. Two at once


def test_of_two_deploys_at_once_one_goes(here: Site) -> None:
    here.made.table(4, "d")
    here.made.add("0005.e.create", "CREATE TABLE e (id int); INSERT INTO e VALUES (1);")
    processes = [deploying(here, "--no-rehearse") for _ in range(2)]
    answers = [finish(each) for each in processes]
    went = [each for each in answers if "deploy: applied" in each.out]
    assert len(went) == 1, answers
    (other,) = [each for each in answers if each is not went[0]]
    assert went[0].code == 0
    assert other.code == 2 or (other.code, other.out) == (0, "nothing to do\n"), other
    log = "SELECT migration_id FROM yoyo._yoyo_log WHERE operation = 'apply' ORDER BY 1"
    assert [name for (name,) in rows(here.database, log)] == [
        *THREE,
        "0004.d.create",
        "0005.e.create",
    ]
    assert rows(here.database, "SELECT id FROM e") == [(1,)]
    assert [each["outcome"] for each in here.deploys] == ["applied", "applied"]
    assert here.deploy().out == "nothing to do\n"


def test_a_deploy_is_not_taken_for_one_that_was_cut_off(here: Site) -> None:
    here.made.add("0004.slow", "SELECT pg_sleep(2);")
    process = deploying(here, "--no-rehearse")
    until(partial(sleeps, here))
    answer = here.deploy()
    assert answer.code == 2
    assert "A deploy is under way: " in answer.err, answer.err
    for way in (RESUME, UNDO, LEAVE):
        answer = here.call("deploy", way, "--lock-wait", "0s", *here.options)
        assert answer.code == 2, answer
        assert "Another runner holds the lock of this database" in answer.err, answer.err
    assert finish(process).code == 0


# 7. An application that writes all the time


def test_a_rehearsal_is_not_misled_by_an_application_that_writes_all_the_time(here: Site) -> None:
    run(here.database, WRITTEN)
    here.made.table(4, "d")
    with Application(here.database) as application:
        answer = finish(deploying(here, "--rehearse"))
    assert answer.code == 0, answer
    assert "rollback files: proved on the rows of 20" in answer.err
    application.assert_lost_nothing()
