"""sql/partition/: tasks and generated_content in partitions, while the application writes."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from bench import generated, measure, queries
from migrator.catalogue import objects
from tests.schema.test_citus import beyond_one_tenant
from tests.support.commands import call
from tests.support.databases import Connection, rows, run, superuser
from tests.support.servers import MIGRATIONS, ROOT, Server, clean_environment, newest
from tests.support.sets import MigrationSet
from tests.support.sites import Site
from tests.support.waiting import until

pytestmark = pytest.mark.slow

SCRIPTS = ROOT / "sql" / "partition"
PAUSE_S = 0.005  # of each session between its rounds, so that the steps get on
TASKS = 500
STEPS = ("prepare", "copy", "check", "swap", "end")


class Place:
    """A database, and the role that owns its tables.

    Args:
        server: Where it is.
        database: Its conninfo.
        role: The role to act as; None is the one that connects.

    """

    def __init__(self, server: Server, database: str, role: str | None = None) -> None:
        self.server = server
        self.database = database
        self._options = {"PGOPTIONS": f"-c role={role.replace(' ', chr(92) + ' ')}"} if role else {}

    def start(self, script: str, *options: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [
                *(self.server.bin_dir / "psql", "-X", "-q"),
                *(f"--set={each}" for each in options),
                f"--file={SCRIPTS / script}.sql",
                self.database,
            ],
            env=clean_environment() | self._options,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def psql(self, script: str, *options: str) -> str:
        """Run a script, and return what it says of what it could not do."""
        with self.start(script, *options) as process:
            out, err = process.communicate(timeout=60)
        print(f"{script}.sql\n{out}{err}")
        assert (process.returncode == 0) == (err == "")
        return err


@pytest.fixture
def place(pg: Server, migrated_database: str) -> Place:
    """A database of a few hundred tasks."""
    with psycopg.connect(migrated_database, autocommit=True) as connection:
        generated.fill(connection, TASKS)
    return Place(pg, migrated_database)


def catalogue(place: Place) -> objects.Catalogue:
    with psycopg.connect(place.database) as connection:
        return objects.read(connection)


def form(place: Place) -> str:
    ((kind,),) = rows(place.database, "SELECT relkind FROM pg_class WHERE oid = 'tasks'::regclass")
    return str(kind)


class Application:
    """Sessions that write as the application does, under row security, until told to end.

    Each keeps what was committed: the last state of each of its tasks, None if it is deleted.

    Args:
        site: The database.
        users: For each session, whose rows it writes.

    """

    def __init__(self, site: Site, users: list[int]) -> None:
        self._site = site
        self._ended = threading.Event()
        self.expected: dict[str, str | None] = {}
        self.errors: list[Exception] = []
        self._threads = [threading.Thread(target=self._write, args=[each]) for each in users]

    @contextmanager
    def writing(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._ended.set()
            for thread in self._threads:
                thread.join()

    def _write(self, user: int) -> None:
        try:
            with self._site.session("app") as connection:
                own = [
                    str(id_)
                    for (id_,) in self._as(connection, user, "SELECT id FROM tasks LIMIT 60", [])
                ]
                for number in range(10**6):
                    if self._ended.wait(PAUSE_S):
                        return
                    self._once(connection, user, own, number)
        except Exception as error:
            self.errors.append(error)

    def _as(
        self, connection: Connection, user: int, query: str, values: list[Any]
    ) -> list[tuple[Any, ...]]:
        connection.execute("SELECT set_config('app.user_id', %s, TRUE)", [str(user)])
        cursor = connection.execute(query.encode(), values)
        found = cursor.fetchall() if cursor.description else []
        connection.commit()
        return found

    def _once(self, connection: Connection, user: int, own: list[str], number: int) -> None:
        """Add a task with its content; change one; delete one; end a campaign."""
        ((new,),) = self._as(connection, user, ADD, [user, Jsonb({"n": number}), str(number)])
        self.expected[str(new)] = "pending"
        if own and number % 2:
            changed = own[number % len(own)]
            self._as(connection, user, CHANGE, [f"x_{number}", user, changed])
            self.expected[changed] = f"x_{number}"
        if own and number % 7 == 6:
            gone = own.pop(number % len(own))
            self._as(
                connection, user, "DELETE FROM tasks WHERE user_id = %s AND id = %s", [user, gone]
            )
            self.expected[gone] = None
        if number % 11 == 10:
            self._as(connection, user, END_CAMPAIGN, [user])


ADD = """
    WITH task AS (
        INSERT INTO tasks (user_id, credit_cost, request_payload, error_code)
        VALUES (%s, 1, %s, 'pending')
        RETURNING id, user_id
    )
    INSERT INTO generated_content (task_id, user_id, content_type, content_text)
    SELECT id, user_id, 'text', 'n ' || %s FROM task
    RETURNING task_id
"""
CHANGE = "UPDATE tasks SET error_code = %s WHERE user_id = %s AND id = %s"
END_CAMPAIGN = """
    DELETE FROM campaigns WHERE id IN (
        SELECT campaign_id FROM tasks WHERE user_id = %s AND campaign_id IS NOT NULL LIMIT 1
    )
"""


def swapped(place: Place) -> str:
    """Swap; a lock that is not to be had leaves all as it was, and is tried for again."""
    for _ in range(10):
        told = place.psql("swap")
        if "lock timeout" not in told and "deadlock" not in told:
            break
    return told


def privileges(place: Place) -> list[tuple[Any, ...]]:
    query = """
        SELECT c.relname, a.* FROM pg_class AS c, aclexplode(c.relacl) AS a
        WHERE c.relnamespace = 'public'::regnamespace ORDER BY c.relname, a
    """
    return rows(place.database, query)


def test_the_tables_change_their_form_while_the_application_writes(
    place: Place, bare: Site
) -> None:
    assert place.database == bare.database
    bare.psql("roles", "owner", "grants", "row_security", user=bare.server.user)
    owner = Place(place.server, superuser(place.server, place.database), f"{bare.prefix}owner")
    users = "SELECT user_id FROM tasks GROUP BY user_id ORDER BY count(*) DESC LIMIT 4"
    *busy, leaving = [user for (user,) in rows(owner.database, users)]
    before = privileges(owner)
    application = Application(bare, busy)
    with application.writing():
        assert owner.psql("prepare") == ""
        assert owner.psql("copy", "batch=50") == ""
        run(owner.database, f"DELETE FROM users WHERE id = {leaving}")
        assert owner.psql("check") == ""
        for _ in range(3):  # there, back, and there again
            assert swapped(owner) == ""
            time.sleep(0.2)
    assert application.errors == []
    assert form(owner) == "p"

    # No write is lost, none is there twice, and the old tables have them, too.
    for schema in ("public", "partitioning"):
        codes = rows(owner.database, f"SELECT id::text, error_code FROM {schema}.tasks")
        assert len(codes) == len(dict(codes))
        assert {id_: dict(codes).get(id_) for id_ in application.expected} == application.expected
    assert len(application.expected) > 20
    assert owner.psql("check") == ""
    application = Application(bare, busy)
    with application.writing():
        time.sleep(0.1)
        assert owner.psql("end") == ""
        time.sleep(0.1)
    assert application.errors == []
    assert call(None, owner.database, "verify").code == 0
    assert privileges(owner) == before

    # A user sees no other's rows, and nobody asks a partition.
    with bare.session("app") as connection:
        connection.execute("SELECT set_config('app.user_id', %s, TRUE)", [str(busy[0])])
        for relation in ("tasks", "unfinished_tasks", "generated_content"):
            seen = connection.execute(f"SELECT DISTINCT user_id FROM {relation}".encode())
            assert seen.fetchall() == [(busy[0],)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT FROM partitions.tasks_00")


LATER = """\
ALTER TABLE tasks ADD COLUMN note text;
ALTER TABLE tasks ADD CONSTRAINT ck_tasks_note CHECK (not_blank(note)) NOT VALID;
ALTER TABLE tasks VALIDATE CONSTRAINT ck_tasks_note;
CREATE INDEX idx_tasks_note ON tasks (user_id, note);
"""


def test_what_comes_after_is_as_before(place: Place, tmp_path: Path) -> None:
    with psycopg.connect(place.database, autocommit=True) as connection:
        draws = generated.parameters(connection, TASKS, 20)
    assert [place.psql(each) for each in STEPS] == [""] * len(STEPS)
    assert call(None, place.database, "verify").code == 0

    # A query of one tenant reads one partition of a table.
    with psycopg.connect(place.database) as connection:
        beyond = set()
        for query in queries.read_all():
            query.prepare(connection)
            draw, *_ = measure.asked(query, draws)
            execute = query.execute(draw).as_string(connection)
            plan = connection.execute(f"EXPLAIN (FORMAT JSON) {execute}".encode()).fetchone()
            if len(set(re.findall(r"_(\d\d)\"", json.dumps(plan)))) > 1:
                beyond.add(query.name)
    assert beyond <= {*beyond_one_tenant()}
    assert "worker_claim_tasks" in beyond

    # A later migration, its rollback, and drift.
    made = MigrationSet(tmp_path)
    shutil.copytree(MIGRATIONS, made.migrations, dirs_exist_ok=True)
    made.add("0099.tasks.later", LATER, "ALTER TABLE tasks DROP COLUMN note;\n")
    assert call(made, place.database, "migrate", "--no-seed").code == 0
    assert call(made, place.database, "rollback", "--steps", "1", "--yes").code == 0
    assert call(None, place.database, "verify").code == 0
    run(place.database, "ALTER TABLE tasks DROP CONSTRAINT ck_tasks_priority")
    drifted = call(None, place.database, "verify")
    assert drifted.code == 1
    assert "table tasks: constraint ck_tasks_priority is missing" in drifted.out
    assert "pk_tasks" not in drifted.out


@newest
@pytest.mark.parametrize("steps", [STEPS[:2], (*STEPS[:4], "swap")], ids=["copied", "swapped"])
def test_a_step_that_was_cut_off_is_gone_on_with_and_all_is_undone_without_a_trace(
    place: Place, steps: tuple[str, ...]
) -> None:
    before = catalogue(place)
    rows_before = rows(place.database, "SELECT t::text FROM tasks AS t ORDER BY t.id")
    for number, script in enumerate((*steps, "end")):
        for delay in (0.02, 0.05, 0.1):
            with place.start(script, "batch=20", "pause=0.01") as process:
                time.sleep(delay + number / 100)
                process.kill()
            until(lambda: not sessions(place))
            if script in ("swap", "end") and process.returncode == 0:
                break
        else:
            assert place.psql(script, "batch=20") == ""
    assert form(place) == "r"
    assert objects.differences(before, catalogue(place)) == []
    assert rows(place.database, "SELECT t::text FROM tasks AS t ORDER BY t.id") == rows_before


def sessions(place: Place) -> list[tuple[Any, ...]]:
    query = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> %s"
    return rows(place.database, query.replace("%s", "pg_backend_pid()"))


@newest
def test_what_would_be_left_behind_is_refused(pg: Server, migrated_database: str) -> None:
    run(
        migrated_database,
        "CREATE TABLE a (user_id bigint, b uuid,"
        " CONSTRAINT c FOREIGN KEY (user_id, b) REFERENCES tasks (user_id, id))",
        "CREATE FUNCTION d() RETURNS bigint RETURN (SELECT count(*) FROM tasks)",
        "CREATE PUBLICATION e FOR TABLE tasks",
        "CREATE TABLE f () INHERITS (generated_content)",
        "ALTER TABLE tasks REPLICA IDENTITY FULL",
    )
    refused = Place(pg, migrated_database).psql("prepare")
    assert "Nothing was changed: " in refused
    for told in (
        "constraint c on table public.a rests on table public.tasks",
        "function public.d() rests on table public.tasks",
        "public.tasks is published by e",
        "public.generated_content is no plain table",
        "public.tasks has a replica identity of its own",
    ):
        assert told in refused
    assert rows(migrated_database, "SELECT to_regnamespace('partitions')") == [(None,)]


@newest
def test_tables_change_places_only_if_they_are_the_same(place: Place) -> None:
    for each in ("copy", "check", "swap"):
        assert "Run sql/partition/prepare.sql first." in place.psql(each)
    assert [place.psql(each) for each in STEPS[:2]] == ["", ""]
    assert "Run check.sql first." in place.psql("swap")

    # What the follower lacks, has otherwise, or has too much, is found, and mended.
    run(
        place.database,
        "DELETE FROM partitioning.generated_content WHERE id IN"
        " (SELECT id FROM generated_content LIMIT 3)",
        "UPDATE partitioning.tasks SET error_code = 'x' WHERE priority = 'low'",
        "INSERT INTO partitioning.tasks (user_id, credit_cost, request_payload)"
        " SELECT user_id, 1, request_payload FROM tasks LIMIT 5",
    )
    assert "Run copy.sql, then check.sql again." in place.psql("check")
    assert "Run check.sql first." in place.psql("swap")
    assert [place.psql(each) for each in ("copy", "check")] == ["", ""]

    # What was changed since.
    run(place.database, "CREATE POLICY a ON tasks USING (TRUE)")
    assert "the tables differ in what is listed above" in place.psql("swap")
    assert [place.psql(each) for each in ("prepare", "swap", "swap")] == ["", "", ""]
    run(place.database, "DROP POLICY a ON tasks", "CREATE INDEX a ON tasks (error_code)")
    assert "the tables differ in what is listed above" in place.psql("swap")
    assert form(place) == "r"
    with pytest.raises(psycopg.errors.RaiseException, match="cannot be truncated now"):
        run(place.database, "TRUNCATE tasks CASCADE")
