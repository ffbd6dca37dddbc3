"""Moving a tenant to another database: whole on one side at any moment, nobody else disturbed."""

from __future__ import annotations

import os
import random
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from migrator.catalogue import objects
from tests.support.commands import call
from tests.support.databases import Connection, active, name_of, rows, run
from tests.support.servers import (
    NEWEST,
    OLDEST,
    ROOT,
    Server,
    installations,
    throwaway,
)
from tests.support.shards import (
    EMPTY_TEMPLATE,
    SETTINGS_OF_SHARDS,
    TABLES,
    TEMPLATE,
    Pair,
    Shard,
    make_shard,
    make_templates,
)
from tests.support.waiting import until

KILLS = int(os.environ.get("TENANT_KILLS", "6"))
COPIES = int(os.environ.get("TENANT_COPIES", "0"))  # 400 of each task make 100,000
INSTALLATIONS = installations()
CLOSED, ELSEWHERE = "TM001", "TM002"


@pytest.fixture(scope="module")
def servers() -> Iterator[Callable[[str], Server]]:
    """Servers by name, `18` or `18b`, made when first asked for."""
    with ExitStack() as stack:
        running: dict[str, Server] = {}

        def server(name: str) -> Server:
            if name not in running:
                major = int(name[:2])
                if major not in INSTALLATIONS:
                    pytest.skip(f"no PostgreSQL {major} here")
                made = throwaway(INSTALLATIONS[major], SETTINGS_OF_SHARDS)
                running[name] = stack.enter_context(made)
                make_templates(running[name])
            return running[name]

        yield server


def pair_on(servers: Callable[[str], Server], source: str, target: str) -> Pair:
    return Pair(
        make_shard(servers(source), TEMPLATE, 0), make_shard(servers(target), EMPTY_TEMPLATE, 1)
    )


@pytest.fixture
def pair(servers: Callable[[str], Server]) -> Pair:
    """A filled database, and one without users on the same server."""
    return pair_on(servers, f"{NEWEST}", f"{NEWEST}")


def largest_tenant(shard: Shard) -> int:
    """Return who has rows in every table, and most of them."""
    query = """
        SELECT u.id FROM users AS u
        WHERE
            EXISTS (SELECT FROM agents AS a WHERE a.user_id = u.id)
            AND EXISTS (SELECT FROM tasks AS t WHERE t.user_id = u.id AND campaign_id IS NOT NULL)
        ORDER BY (SELECT count(*) FROM generated_content AS c WHERE c.user_id = u.id) DESC
        LIMIT 1
    """
    ((tenant,),) = rows(shard.url, query)
    return int(tenant)


def grow(shard: Shard, tenant: int) -> None:
    """Give a tenant copies of his tasks, and of their contents."""
    run(
        shard.application,
        f"""
        CREATE TEMPORARY TABLE copies AS
        SELECT new_id() AS id, t AS task, c AS content
        FROM tasks AS t LEFT JOIN generated_content AS c ON t.id = c.task_id
        CROSS JOIN generate_series(1, {COPIES})
        WHERE t.user_id = {tenant};
        INSERT INTO tasks SELECT r.* FROM copies AS c
        CROSS JOIN jsonb_populate_record(c.task, jsonb_build_object('id', c.id)) AS r;
        INSERT INTO generated_content SELECT r.* FROM copies AS c
        CROSS JOIN jsonb_populate_record(
            c.content, jsonb_build_object('id', new_id(), 'task_id', c.id)
        ) AS r
        WHERE (c.content).id IS NOT NULL
        """,
        "ANALYZE",
    )


class Writer(threading.Thread):
    """An application that writes for one tenant, wherever the databases say that he lives.

    It knows of each write whether it was committed, or may have been: a server went away.
    """

    def __init__(self, tenant: int, *shards: Shard) -> None:
        super().__init__()
        self.tenant = tenant
        self.shards = shards
        self.at = 0
        self.done: set[int] = set()
        self.perhaps: set[int] = set()
        self.rejected: set[str] = set()
        self.is_ended = threading.Event()
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            self.write()
        except BaseException as error:
            self.failure = error

    def write(self) -> None:
        number = 0
        while not self.is_ended.is_set():
            with suppress(psycopg.OperationalError), self.connection() as connection:
                while not self.is_ended.wait(0.002):
                    number += 1
                    self.perhaps.add(number)
                    try:
                        self.write_one(connection, number)
                        connection.commit()
                    except psycopg.Error as error:
                        if error.sqlstate not in {CLOSED, ELSEWHERE}:
                            raise
                        self.perhaps.discard(number)
                        self.rejected.add(error.sqlstate)
                        self.at = (self.at + (error.sqlstate == ELSEWHERE)) % len(self.shards)
                        break
                    self.done.add(number)

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        connection = psycopg.connect(self.shards[self.at].application)
        with closing(connection):
            connection.execute("SET synchronous_commit TO on")
            connection.commit()
            yield connection

    def write_one(self, connection: Connection, number: int) -> None:
        user = {"user": self.tenant, "number": number}
        connection.execute(
            "UPDATE users SET credit_balance = credit_balance + 1 WHERE id = %(user)s", user
        )
        connection.execute(
            "UPDATE tasks SET retry_count = (retry_count + 1) %% 5 WHERE user_id = %(user)s"
            " AND created_at > now() - interval '1 minute'"
            " AND request_payload ->> 'number' = (%(number)s - 3)::text",
            user,
        )
        connection.execute(
            "INSERT INTO tasks (user_id, credit_cost, request_payload) VALUES"
            " (%(user)s, 0, jsonb_build_object('number', %(number)s::integer))",
            user,
        )

    def ended(self) -> None:
        """End it; it has had no error."""
        self.is_ended.set()
        self.join(20)
        assert not self.is_alive()
        if self.failure:
            raise self.failure

    def assert_whole(self, home: Shard, balance: int) -> None:
        """Check that every write is in a database, once; the balance is the one before."""
        query = f"""
            SELECT (request_payload ->> 'number')::integer FROM tasks
            WHERE user_id = {self.tenant} AND request_payload ? 'number'
        """
        found = [number for (number,) in rows(home.url, query)]
        assert len(set(found)) == len(found)
        assert self.done <= set(found) <= self.perhaps
        assert balance_of(home, self.tenant) == balance + len(found)


def balance_of(shard: Shard, tenant: int) -> int:
    ((balance,),) = rows(shard.url, f"SELECT credit_balance FROM users WHERE id = {tenant}")
    return int(balance)


@contextmanager
def at_work(*writers: Writer) -> Iterator[None]:
    for writer in writers:
        writer.start()
    try:
        yield
    finally:
        for writer in writers:
            writer.ended()


# The preparation


def test_preparing_is_undone_without_a_trace(pg: Server, migrated_database: str) -> None:
    shard = Shard(pg, name_of(migrated_database))
    with psycopg.connect(shard.url) as connection:
        before = objects.read(connection)
    for script in ("prepare", "prepare", "unprepare"):
        assert shard.psql(script).returncode == 0
    with psycopg.connect(shard.url) as connection:
        assert objects.differences(before, objects.read(connection)) == []


# A move


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "target"),
    [
        pytest.param(f"{NEWEST}", f"{NEWEST}b", id="newest"),
        pytest.param(f"{OLDEST}", f"{OLDEST}", id="oldest, one server"),
        pytest.param(f"{OLDEST}", f"{NEWEST}", id="oldest to newest"),
    ],
)
def test_a_tenant_moves_under_load(
    servers: Callable[[str], Server], source: str, target: str
) -> None:
    pair = pair_on(servers, source, target)
    tenant = largest_tenant(pair.source)
    grow(pair.source, tenant)
    (((other,),), ((stranger,),)) = (
        rows(pair.source.url, f"SELECT min(id) FROM users WHERE id <> {tenant}"),
        rows(pair.target.url, "INSERT INTO users (email) VALUES ('a@example.com') RETURNING id"),
    )
    untouched = f"NOT IN ({tenant}, {other})"
    others = pair.source.account(untouched)
    balances = [balance_of(pair.source, each) for each in (tenant, other)]
    moving, staying, resident = (
        Writer(tenant, pair.source, pair.target),
        Writer(other, pair.source),
        Writer(stranger, pair.target),
    )
    with at_work(moving, staying, resident):
        until(lambda: len(moving.done) > 10)
        done = pair.run("move", tenant, "batch=100")
        assert done.returncode == 0, done.stderr
        assert "who was closed for writes for" in done.stdout
        written = len(moving.done)
        until(lambda: len(moving.done) > written + 10)
    assert ELSEWHERE in moving.rejected
    assert not staying.rejected | resident.rejected
    moving.assert_whole(pair.target, balances[0])
    staying.assert_whole(pair.source, balances[1])
    resident.assert_whole(pair.target, 0)
    assert {count for count, _ in pair.source.account(f"= {tenant}")} == {0}
    assert pair.source.account(untouched) == others
    assert {count for count, _ in pair.target.account(f"NOT IN ({tenant}, {stranger})")} == {0}
    assert pair.source.leftovers() == pair.target.leftovers() == []
    for shard in (pair.source, pair.target):
        assert shard.psql("unprepare").returncode == 0
        assert call(None, shard.application, "verify").code == 0


@pytest.mark.slow
def test_whatever_is_killed_the_tenant_is_whole_on_one_side(
    servers: Callable[[str], Server],
) -> None:
    """A move is killed at one of its steps; then it goes on, or it is cancelled; and so on."""
    seed = random.randrange(10**6)  # noqa: S311
    print(f"seed {seed}")
    chance = random.Random(seed)  # noqa: S311
    pair = pair_on(servers, f"{NEWEST}", f"{NEWEST}b")
    first, second = pair.source, pair.target
    tenant = largest_tenant(first)
    ((other,),) = rows(first.url, f"SELECT min(id) FROM users WHERE id <> {tenant}")
    others = first.account(f"NOT IN ({tenant}, {other})")
    balances = [balance_of(first, each) for each in (tenant, other)]
    moving, staying = Writer(tenant, first, second), Writer(other, first)
    with at_work(moving, staying):
        for number in range(KILLS):
            written = len(moving.done)
            until(lambda: len(moving.done) > written + 3)  # noqa: B023
            kind = KINDS[number % len(KINDS)]
            interrupt(
                pair, tenant, "move", kind, chance.uniform(0, 0.15), lines=chance.randrange(5)
            )
            if chance.random() < 0.5:
                interrupt(pair, tenant, "cancel", chance.choice(KINDS), chance.uniform(0, 0.4))
                if pair.run("cancel", tenant).returncode == 0:
                    assert_gone(pair.target, tenant)
                    continue
                assert pair.target.state(tenant) == "arrived"
            assert pair.run("move", tenant).returncode == 0
            assert_gone(pair.source, tenant)
            pair = pair.back
    moving.assert_whole(pair.source, balances[0])
    staying.assert_whole(first, balances[1])
    assert not staying.rejected
    assert first.account(f"NOT IN ({tenant}, {other})") == others
    assert first.leftovers() == second.leftovers() == []


KINDS = ("driver", "source session", "target session", "source server", "target server")


def interrupt(
    pair: Pair, tenant: int, command: str, kind: str, seconds: float, *, lines: int = 0
) -> None:
    """Begin a command, and kill something a moment after it has printed some lines."""
    print(f"{command}: {kind} killed {seconds:.3f} s after {lines} lines")
    process = pair.start(command, tenant)
    assert process.stdout
    for _ in range(lines):
        process.stdout.readline()
    time.sleep(seconds)
    if kind == "driver":
        process.kill()
    elif kind.endswith("session"):
        shard = pair.source if kind == "source session" else pair.target
        name = f"tenant {tenant}: {command}"
        run(
            shard.url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE application_name = '{name}' AND datname = current_database()",
        )
    else:
        (pair.source if kind == "source server" else pair.target).crash()
    out, err = process.communicate(timeout=60)
    print(f"{out}{err}exit code {process.returncode}")


def assert_gone(shard: Shard, tenant: int) -> None:
    """Check that a database has no row of the tenant."""
    assert {count for count, _ in shard.account(f"= {tenant}")} == {0}
    assert shard.leftovers() == []


@pytest.mark.slow
def test_the_commands_of_the_page_move_a_tenant(pair: Pair, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "scale-out.md").read_text(encoding="utf-8")
    block = re.search(r"^```\n(psql [^`]*sql/tenant/[^`]*)^```", page, re.MULTILINE)
    assert block
    services = tmp_path / "services"
    services.write_text(
        "".join(
            f"[{name}]\nhost={shard.server.host}\nport={shard.server.port}\n"
            f"dbname={shard.name}\nuser={shard.server.user}\n"
            for name, shard in (("eu-1", pair.source), ("us-1", pair.target))
        )
    )
    before = pair.source.account("= 10")
    done = subprocess.run(
        ["sh", "-eu", "-c", block[1]],
        capture_output=True,
        check=True,
        cwd=ROOT,
        env=pair.environment | {"PGSERVICEFILE": str(services)},
        text=True,
    )
    assert re.search(r" left +\| rejected \|.*\n.*\n.*\n.*\n.* arrived +\| accepted", done.stdout)
    assert pair.target.account("= 10") == before


# What is refused


@pytest.mark.slow
def test_what_would_go_wrong_is_told_before_anything_is_changed(pair: Pair) -> None:
    tenant = largest_tenant(pair.source)
    ((email, _),) = rows(pair.source.url, f"SELECT email, google_id FROM users WHERE id = {tenant}")
    run(pair.source.url, f"UPDATE users SET google_id = 'g' WHERE id = {tenant}")
    run(pair.source.url, "ALTER TABLE agents REPLICA IDENTITY DEFAULT")
    run(
        pair.target.url,
        f"INSERT INTO users (id, email) VALUES ({tenant}, 'a@example.com')",
        f"INSERT INTO users (id, email) VALUES (1000000, '{email}')",
        "INSERT INTO users (id, email, google_id) VALUES (1000001, 'b@example.com', 'g')",
        "ALTER TABLE users ALTER id RESTART WITH 1",
        "UPDATE task_types SET default_credit_cost = 77 WHERE type_name = 'translation'",
        "ALTER TABLE campaigns ADD note text",
        "ALTER TABLE tasks ENABLE ALWAYS TRIGGER tr_tasks_row_times",
        "ALTER TABLE api_keys FORCE ROW LEVEL SECURITY",
    )
    done = pair.run("move", tenant)
    assert done.returncode == 3
    assert "Nothing was changed: see what is in the way above." in done.stderr
    lines = {line.strip().partition(" the row ")[0] for line in done.stdout.splitlines()[2:]}
    assert lines - {""} == {
        "row security of table api_keys of the target binds its owner, too:"
        " ALTER ROLE owner BYPASSRLS",
        "table campaigns does not have the same columns in both databases",
        "table task_types: source has",
        "table task_types: target has",
        "the Google account of the tenant is that of user 1000001 of the target",
        "the e-mail address of the tenant is that of user 1000000 of the target",
        f"the last user of the target has the id 0: a later one would get {tenant}."
        " Run sql/tenant/ids.sql on it",
        "the replica identity of table agents of the source does not contain user_id",
        f"the target has a user {tenant}, too: a@example.com",
        "tr_tasks_row_times of the target fires for rows that a subscription writes",
    }
    assert pair.source.leftovers() == pair.target.leftovers() == []
    assert pair.source.state(tenant) == pair.target.state(tenant) == ""
    assert "the source has no user 987" in pair.run("check", 987).stdout


@pytest.mark.slow
def test_a_closed_tenant_is_told_so_and_nobody_else(pair: Pair) -> None:
    shard = pair.source
    tenant = largest_tenant(shard)
    keys = {table: "id" if table == "users" else "user_id" for table in TABLES}
    run(
        shard.url,
        "INSERT INTO tenants.moves (user_id, state, peer, peer_name)"
        f" VALUES ({tenant}, 'leaving', '', 'us-1')",
    )
    states = {
        "leaving": None,
        "closed": CLOSED,
        "left": ELSEWHERE,
        "reserved": ELSEWHERE,
        "arriving": ELSEWHERE,
        "cancelled": ELSEWHERE,
        "arrived": None,
    }
    for state, expected in states.items():
        run(shard.url, f"UPDATE tenants.moves SET state = '{state}'")
        for url in (shard.application, shard.url):
            for table, key in keys.items():
                for change in (f"UPDATE {table} SET updated_at = now()", f"DELETE FROM {table}"):
                    own = f"{change} WHERE {key} = {tenant}"
                    assert sqlstate(url, own) == expected, (state, own)
                others = f"UPDATE {table} SET updated_at = now() WHERE {key} <> {tenant}"
                assert sqlstate(url, others) is None
        task = "INSERT INTO tasks (user_id, credit_cost, request_payload) VALUES"
        assert sqlstate(shard.application, f"{task} ({tenant}, 1, '{{\"a\": 1}}')") == expected
        taken = f"UPDATE agents SET user_id = {tenant} WHERE user_id <> {tenant}"
        assert sqlstate(shard.application, taken) == expected


def sqlstate(url: str, statement: str) -> str | None:
    """Return the error of a statement, which is rolled back; None if there is none."""
    with psycopg.connect(url) as connection:
        try:
            connection.execute(statement.encode())
        except psycopg.Error as error:
            return error.sqlstate
        finally:
            connection.rollback()
    return None


@pytest.mark.slow
def test_transactions_that_write_are_waited_for_and_old_ones_see_the_end(pair: Pair) -> None:
    source = pair.source
    tenant = largest_tenant(source)
    renamed = f"UPDATE users SET full_name = 'A' WHERE id = {tenant}".encode()
    with psycopg.connect(source.application) as reading:
        # Older than the move, and without a lock that could stop it.
        reading.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        reading.execute("SELECT count(*) FROM tasks")
        move = pair.start("move", tenant)
        until(lambda: active(source.url, "CALL tenants.wait_for_older%"))
        time.sleep(0.5)
        assert source.state(tenant) == "leaving"
        reading.execute(renamed)
        reading.commit()
        out, err = move.communicate(timeout=60)
        assert move.returncode == 0, out + err
        assert "waiting for transactions in" in err
        assert rows(pair.target.url, f"SELECT full_name FROM users WHERE id = {tenant}") == [("A",)]

        # In the move: one that does not end stops it, and one that begins too early fails.
        pair = pair.back
        for command in ("publish", "subscribe", "wait"):
            assert pair.run(command, tenant).returncode == 0
        with psycopg.connect(pair.source.application) as writing:
            writing.execute(renamed)
            done = pair.run("switch", tenant)
            assert done.returncode == 3
            assert f"writes for tenant {tenant} does not end: pid" in done.stderr
            assert pair.source.state(tenant) == "leaving"
        with psycopg.connect(pair.source.application) as late:
            late.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            late.execute("SELECT count(*) FROM tasks")
            assert pair.run("switch", tenant).returncode == 0
            with pytest.raises(psycopg.errors.SerializationFailure):
                late.execute(renamed)


@pytest.mark.slow
def test_copies_that_differ_or_are_late_open_the_source_again(pair: Pair) -> None:
    tenant = largest_tenant(pair.source)
    before = pair.source.account("IS NOT NULL")
    for command in ("check", "publish", "subscribe", "wait"):
        assert pair.run(command, tenant).returncode == 0
    for damage, told in (
        ("UPDATE agents SET execution_count = execution_count, name = 'x'", " agents |"),
        ("DELETE FROM campaigns", " fk_tasks_campaign_id |"),
    ):
        run(pair.target.url, f"SET session_replication_role TO replica; {damage}")
        done = pair.run("switch", tenant)
        assert done.returncode == 3
        assert told in done.stdout
        assert "The tenant was not moved: see above. The source is open again." in done.stderr
        assert pair.source.state(tenant) == "leaving"
    own = "(SELECT oid FROM pg_database WHERE datname = current_database())"
    ((name,),) = rows(pair.target.url, f"SELECT subname FROM pg_subscription WHERE subdbid = {own}")
    run(pair.target.url, f"ALTER SUBSCRIPTION {name} DISABLE")
    done = pair.run("switch", tenant, "patience=1s")
    assert "the target is behind after 00:00:01" in done.stderr
    assert pair.source.state(tenant) == "leaving"
    assert pair.run("cancel", tenant).returncode == 0
    assert pair.source.account("IS NOT NULL") == before
    assert {count for count, _ in pair.target.account("IS NOT NULL")} == {0}
    assert pair.source.leftovers() == pair.target.leftovers() == []
    assert pair.source.state(tenant) == pair.target.state(tenant) == ""


@pytest.mark.slow
def test_a_subscription_that_fails_is_told_and_can_be_cancelled(pair: Pair) -> None:
    tenant = largest_tenant(pair.source)
    before = pair.source.account("IS NOT NULL")
    assert pair.run("check", tenant).returncode == 0
    assert pair.run("publish", tenant).returncode == 0
    ((email,),) = rows(pair.source.url, f"SELECT email FROM users WHERE id = {tenant}")
    run(pair.target.url, f"INSERT INTO users (email) VALUES ('{email}')")
    done = pair.run("move", tenant)
    assert done.returncode == 3
    assert "fails again and again" in done.stderr
    assert pair.run("finish", tenant).returncode == 3
    assert pair.run("cancel", tenant).returncode == 0
    assert pair.source.account("IS NOT NULL") == before
    assert [count for count, _ in pair.target.account("IS NOT NULL")] == [1, 0, 0, 0, 0, 0]
    assert pair.source.leftovers() == pair.target.leftovers() == []


@pytest.mark.slow
def test_two_moves_of_one_tenant_do_it_once(pair: Pair) -> None:
    tenant = largest_tenant(pair.source)
    before = pair.source.account(f"= {tenant}")
    processes = [pair.start("move", tenant) for _ in range(2)]
    ends = [(*process.communicate(timeout=60), process.returncode) for process in processes]
    print(ends)
    assert pair.run("move", tenant).returncode == 0
    assert pair.target.account(f"= {tenant}") == before
    assert {count for count, _ in pair.source.account(f"= {tenant}")} == {0}
    assert pair.source.leftovers() == pair.target.leftovers() == []
    elsewhere = Pair(pair.target, pair.target).run("where", tenant)
    assert elsewhere.stdout.count("accepted") == 2
    assert pair.run("cancel", tenant).returncode == 3


def move_sh(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Call the program with arguments that it refuses, or whose servers are not there."""
    argv = ["sh", "-eu", str(ROOT / "sql" / "tenant" / "move.sh"), *arguments]
    return subprocess.run(argv, capture_output=True, check=False, text=True)


def test_a_password_in_a_command_is_refused() -> None:
    for source in ("postgresql://a:b@example.com/c", "host=a password=b"):
        done = move_sh("where", "1", source, "service=a")
        assert done.returncode == 2
        assert "~/.pgpass" in done.stderr


def test_urls_without_a_password_and_other_commands_are_not_taken_for_one() -> None:
    url = "postgresql://a@127.0.0.1:1/c"
    assert "Connection refused" in move_sh("where", "1", url, url).stderr
    jump = move_sh("jump", "1", url, url)
    assert jump.returncode == 2
    assert "There is no command 'jump'" in jump.stderr
    usage = move_sh()
    assert usage.returncode == 2
    assert usage.stderr.startswith("usage: move.sh COMMAND TENANT SOURCE TARGET")
    assert usage.stderr.endswith("reaches the source.\n")


def test_each_database_gets_ids_of_its_own(pg: Server, migrated_database: str) -> None:
    shard = Shard(pg, name_of(migrated_database))
    sign_up = "INSERT INTO users (email) VALUES ('{}@example.com') RETURNING id"
    assert rows(shard.url, sign_up.format("a")) == [(1,)]
    for number, expected in ((0, 2), (7, 7 * 10**12 + 1), (7, 7 * 10**12 + 2)):
        assert shard.psql("ids", "-v", f"shard={number}").returncode == 0
        assert rows(shard.url, sign_up.format(f"b{expected}")) == [(expected,)]
    for number in (3, -1, 9000):
        assert shard.psql("ids", "-v", f"shard={number}").returncode == 3
    run(shard.url, "INSERT INTO users (id, email) VALUES (8000000000001, 'c@example.com')")
    assert call(None, migrated_database, "verify").code == 0
