"""The way to many machines: no migration closes it, as any PostgreSQL can tell."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest

from bench import generated, measure, queries
from bench.queries import Query
from migrator.catalogue import objects
from tests.support.citus import Database
from tests.support.commands import call
from tests.support.databases import Connection, rows, run
from tests.support.servers import MIGRATIONS, ROOT, clean_environment
from tests.support.sets import MigrationSet

CITUS = ROOT / "sql" / "citus"
KEYS = (CITUS / "keys.sql").read_text(encoding="ascii")
KEYS_BACK = (CITUS / "keys_back.sql").read_text(encoding="ascii")
CHECKS = sorted((ROOT / "sql" / "checks" / "citus").glob("*.sql"))
PAGE = ROOT / "docs" / "scale-out.md"

# For each rule of sql/checks/citus/: what breaks it, and what the second column then says.
SABOTAGE: dict[str, list[tuple[str, str]]] = {
    "policy_with_subquery": [
        ("CREATE POLICY a ON tasks USING (user_id IN (SELECT id FROM users))", "a"),
        ("CREATE POLICY a ON users WITH CHECK (EXISTS (SELECT FROM tasks))", "a"),
    ],
    "reference_beyond_tenant": [
        (
            "CREATE TABLE a (user_id bigint, other bigint, task_id uuid, CONSTRAINT b"
            " FOREIGN KEY (other, task_id) REFERENCES tasks (user_id, id))",
            "b",
        ),
        (
            "CREATE TABLE a (other bigint, task_id uuid, CONSTRAINT b"
            " FOREIGN KEY (other, task_id) REFERENCES tasks (user_id, id))",
            "b",
        ),
        (
            "CREATE TABLE a (user_id bigint, task_id uuid, CONSTRAINT b FOREIGN KEY"
            " (user_id, task_id) REFERENCES tasks (user_id, id) ON DELETE SET NULL (task_id))",
            "b",
        ),
    ],
    "tenant_column_differs": [
        ("CREATE TABLE a (user_id bigint)", "user_id"),
        ("CREATE TABLE a (user_id integer NOT NULL)", "user_id"),
        ("ALTER TABLE tasks ADD number integer GENERATED ALWAYS AS IDENTITY", "number"),
    ],
    "trigger_beyond_row": [
        ("CREATE TRIGGER a BEFORE UPDATE ON users EXECUTE FUNCTION row_times()", "a"),
        (
            "CREATE FUNCTION a() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN PERFORM FROM public.campaigns; RETURN new; END';"
            "CREATE TRIGGER a BEFORE INSERT ON tasks FOR EACH ROW EXECUTE FUNCTION a()",
            "a",
        ),
    ],
    "unique_without_tenant": [
        ("CREATE UNIQUE INDEX a ON tasks (error_code)", "a"),
        ("CREATE UNIQUE INDEX a ON tasks (id) INCLUDE (user_id)", "a"),
        ("ALTER TABLE agents ADD CONSTRAINT a EXCLUDE (name WITH =)", "a"),
    ],
}


@pytest.fixture
def keyed(migrated: Connection) -> Connection:
    """The migrated database as sql/citus/keys.sql changes it, which is rolled back."""
    migrated.execute(KEYS.encode())
    return migrated


def found(check: Path, connection: Connection) -> list[tuple[Any, ...]]:
    return connection.execute(check.read_bytes()).fetchall()


@pytest.mark.parametrize("check", CHECKS, ids=lambda path: path.stem)
def test_nothing_in_the_schema_would_be_refused(keyed: Connection, check: Path) -> None:
    assert found(check, keyed) == []


@pytest.mark.parametrize(
    ("check", "sabotage", "offender"),
    [
        pytest.param(check, sabotage, offender, id=f"{check.stem}-{number}")
        for check in CHECKS
        for number, (sabotage, offender) in enumerate(SABOTAGE[check.stem])
    ],
)
def test_what_would_be_refused_is_noticed(
    keyed: Connection, check: Path, sabotage: str, offender: str
) -> None:
    keyed.execute(sabotage.encode())
    assert offender in [row[1] for row in found(check, keyed)]


def tables(connection: Connection) -> dict[str, bool]:
    """Return each table of the schema, and whether its rows belong to tenants."""
    query = """
        SELECT relname, EXISTS (
            SELECT FROM pg_attribute WHERE attrelid = pg_class.oid AND attname = 'user_id'
        ) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
    """
    return dict(connection.execute(query.encode()).fetchall())


def test_every_table_is_distributed_or_on_all_servers(migrated: Connection) -> None:
    script = (CITUS / "distribute.sql").read_text(encoding="ascii")
    told = dict.fromkeys(re.findall(r"create_reference_table\('(\w+)'", script), False)
    told |= dict.fromkeys(re.findall(r"create_distributed_table\('(\w+)', 'user_id'", script), True)
    assert told == tables(migrated), "sql/citus/distribute.sql names each table"


def test_the_script_runs_every_check() -> None:
    script = (CITUS / "distribute.sql").read_text(encoding="ascii")
    assert sorted(re.findall(r"checks/citus/(\w+)\.sql", script)) == [each.stem for each in CHECKS]
    assert sorted(SABOTAGE) == [each.stem for each in CHECKS]


def test_the_keys_of_citus_are_undone_without_a_trace(migrated: Connection) -> None:
    before = objects.read(migrated)
    migrated.execute(KEYS.encode())
    assert objects.differences(before, objects.read(migrated))
    migrated.execute(KEYS_BACK.encode())
    assert objects.differences(before, objects.read(migrated)) == []


def test_verify_knows_what_is_otherwise_on_citus(migrated_database: str) -> None:
    run(migrated_database, KEYS)
    document = call(None, migrated_database, "--json", "verify").document
    findings = [
        f"{check['name']}: {each}" for check in document["checks"] for each in check["findings"]
    ]
    lines = (CITUS / "verify.txt").read_text(encoding="ascii").splitlines()
    assert findings == [each for each in lines if not each.startswith("#")], (
        "sql/citus/verify.txt says what verify finds after sql/citus/keys.sql"
    )


# PostgreSQL's own partitions show what Citus accepts, and which queries it sends to one server.

REFERENCES = """
    SELECT format('ALTER TABLE copies.%%s ADD %%s', conrelid::regclass, pg_get_constraintdef(oid))
    FROM pg_constraint
    WHERE contype = 'f' AND conrelid::regclass::text = any(%(tables)s)
"""
VIEWS = """
    SELECT DISTINCT
        format('CREATE VIEW copies.%%s AS %%s', v.view_name, pg_get_viewdef(v.view_name::regclass))
    FROM information_schema.view_table_usage AS v
    WHERE v.table_name = any(%(tables)s) AND v.view_schema = 'public'
"""


def tenants(connection: Connection) -> list[str]:
    return sorted(name for name, is_tenants in tables(connection).items() if is_tenants)


def test_partitions_by_tenant_accept_all_keys_and_references(keyed: Connection) -> None:
    names = tenants(keyed)
    references = keyed.execute(REFERENCES.encode(), {"tables": names}).fetchall()
    assert references
    keyed.execute("CREATE SCHEMA copies")
    for name in names:
        like = f"copies.{name} (LIKE public.{name} INCLUDING ALL)"
        keyed.execute(f"CREATE TABLE {like} PARTITION BY HASH (user_id)".encode())
    keyed.execute("SET search_path TO copies, public")
    for (statement,) in references:
        keyed.execute(statement.encode())


@pytest.fixture
def partitioned(migrated_database: str) -> Iterator[Connection]:
    """A filled database whose tenants' tables have copies in 32 partitions, found before them."""
    with psycopg.connect(migrated_database, autocommit=True) as connection:
        generated.fill(connection, TASKS)
        names = tenants(connection)
        views = connection.execute(VIEWS.encode(), {"tables": names}).fetchall()
        connection.execute("CREATE SCHEMA copies")
        for name in names:
            connection.execute(COPY.replace("name", name).encode())
        connection.execute("SET search_path TO copies, public")
        for (statement,) in views:
            connection.execute(statement.encode())
        yield connection


TASKS = 500
COPY = """
    CREATE TABLE copies.name (LIKE public.name) PARTITION BY HASH (user_id);
    DO $$ BEGIN
        FOR number IN 0 .. 31 LOOP
            EXECUTE format(
                'CREATE TABLE copies.name_%1$s PARTITION OF copies.name '
                'FOR VALUES WITH (MODULUS 32, REMAINDER %1$s)',
                number
            );
        END LOOP;
    END $$;
    INSERT INTO copies.name SELECT * FROM public.name;
"""


def partitions(connection: Connection, query: Query, draw: Any) -> set[str]:
    """Return which partitions a query reads, by their numbers."""
    execute = query.execute(draw).as_string(connection)
    answer = connection.execute(f"EXPLAIN (FORMAT JSON) {execute}".encode()).fetchone()
    return set(re.findall(r'"Relation Name": "\w+_(\d+)"', json.dumps(answer)))


def beyond_one_tenant() -> list[str]:
    """Return the queries that the page lists as of several tenants."""
    page = PAGE.read_text(encoding="utf-8")
    return sorted(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))


def test_each_query_is_of_one_tenant_or_listed(partitioned: Connection) -> None:
    draws = generated.parameters(partitioned, TASKS, 20)
    partitioned.execute("SET search_path TO copies, public")
    beyond = []
    for query in queries.read_all():
        query.prepare(partitioned)
        draw, *_ = measure.asked(query, draws)
        if len(partitions(partitioned, query, draw)) > 1:
            beyond.append(query.name)
    assert beyond == beyond_one_tenant(), f"{PAGE} lists what reads several tenants; it may shrink"


# On a real cluster, where a server offers Citus.


class Filled(NamedTuple):
    """A filled database on a coordinator, and parameters of the queries."""

    database: Database
    draws: list[dict[str, Any]]

    @property
    def url(self) -> str:
        return self.database.url


@pytest.fixture
def filled(citus_database: Database) -> Filled:
    """A migrated database with rows that no table distributes yet."""
    assert call(None, citus_database.url, "migrate").code == 0
    with psycopg.connect(citus_database.url, autocommit=True) as connection:
        generated.fill(connection, TASKS)
        draws = generated.parameters(connection, TASKS, 20)
    return Filled(citus_database, draws)


def run_script(name: str, filled: Filled, database: str = "") -> subprocess.CompletedProcess[str]:
    psql = filled.database.cluster.coordinator.bin_dir / "psql"
    return subprocess.run(
        [psql, "-X", "-f", CITUS / f"{name}.sql", database or filled.url],
        capture_output=True,
        check=False,
        env=clean_environment(),
        text=True,
    )


def catalogue(filled: Filled) -> objects.Catalogue:
    with psycopg.connect(filled.url) as connection:
        return objects.read(connection)


def servers_asked(connection: Connection, query: Query, draw: Any) -> str:
    """Return whether a query reads one server or several, or is refused."""
    for answer, level in (("one", "error"), ("several", "off")):
        with suppress(psycopg.errors.Error), connection.transaction(force_rollback=True):
            connection.execute("DEALLOCATE ALL")
            connection.execute(f"SET LOCAL citus.multi_task_query_log_level TO {level}".encode())
            query.prepare(connection)
            connection.execute(query.execute(draw))
            return answer
    return "none"


@pytest.mark.slow
def test_the_schema_is_distributed_and_brought_back(filled: Filled, tmp_path: Path) -> None:
    before = catalogue(filled)
    done = run_script("distribute", filled)
    assert done.returncode == 0, done.stderr
    assert call(None, filled.url, "verify").code == 0

    # A query reads the servers that the partitions of the plain server told of.
    asked: dict[str, list[str]] = {"one": [], "several": [], "none": []}
    with psycopg.connect(filled.url, autocommit=True) as connection:
        for query in queries.read_all():
            draw, *_ = measure.asked(query, filled.draws)
            asked[servers_asked(connection, query, draw)].append(query.name)
    assert sorted(asked["several"] + asked["none"]) == beyond_one_tenant()
    assert asked["none"] == ["reporting_signups", "worker_claim_tasks"]

    # A later migration, and its rollback.
    made = MigrationSet(tmp_path)
    shutil.copytree(MIGRATIONS, made.migrations, dirs_exist_ok=True)
    made.add("0099.tasks.later", LATER, LATER_BACK)
    assert call(made, filled.url, "migrate", "--no-seed").code == 0
    run(filled.url, "UPDATE tasks SET note = 'x' WHERE user_id = 1")
    assert call(made, filled.url, "rollback", "--steps", "1", "--yes").code == 0
    assert call(None, filled.url, "verify").code == 0

    # A deploy of it needs a backup of all servers.
    refused = call(None, filled.url, "deploy", "--dry-run", "--backup-dir", tmp_path)
    assert refused.code == 2
    assert "A dump of a Citus coordinator has the rows" in refused.err
    assert call(made, filled.url, *DEPLOY, "--backup-dir", tmp_path).code == 0
    assert call(made, filled.url, "rollback", "--steps", "1", "--yes").code == 0

    # Drift is found among what is otherwise here.
    run(filled.url, "ALTER TABLE tasks DROP CONSTRAINT ck_tasks_priority")
    drifted = call(None, filled.url, "verify")
    assert drifted.code == 1
    assert "table tasks: constraint ck_tasks_priority is missing" in drifted.out
    assert "pk_tasks" not in drifted.out
    run(filled.url, PRIORITY)
    assert call(None, filled.url, "verify").code == 0

    done = run_script("undistribute", filled)
    assert done.returncode == 0, done.stderr
    assert call(None, filled.url, "verify").code == 0
    assert objects.differences(before, catalogue(filled)) == []


LATER = """\
ALTER TABLE tasks ADD COLUMN note text;
ALTER TABLE tasks ADD CONSTRAINT ck_tasks_note CHECK (not_blank(note)) NOT VALID;
ALTER TABLE tasks VALIDATE CONSTRAINT ck_tasks_note;
CREATE INDEX idx_tasks_note ON tasks (user_id, note);
ALTER TABLE users ADD COLUMN nick text;
ALTER TABLE users ADD CONSTRAINT uq_users_nick UNIQUE (nick);
"""
DEPLOY = ["deploy", "--backup", "made", "--reason", "a snapshot of each server", "--yes"]
LATER_BACK = """\
ALTER TABLE users DROP COLUMN nick;
ALTER TABLE tasks DROP COLUMN note;
"""
PRIORITY = """\
ALTER TABLE tasks ADD CONSTRAINT ck_tasks_priority
CHECK (priority IN ('low', 'medium', 'high', 'urgent'))
"""
CLAIM = re.search(r"^WITH next_tasks.*?;\n", PAGE.read_text(encoding="utf-8"), re.M | re.S)


@pytest.mark.slow
def test_many_workers_claim_each_task_once(filled: Filled) -> None:
    assert run_script("distribute", filled).returncode == 0
    queued = "SELECT user_id, id::text FROM unfinished_tasks WHERE status = 'queued'"
    wanted = rows(filled.url, queued)
    users = sorted({user for user, _ in wanted})
    assert CLAIM
    claim = CLAIM[0].replace("$1", "%(user)s").replace("$2", "2").replace("$3", "%(now)s").encode()

    def work(_: int) -> list[str]:
        claimed = []
        with psycopg.connect(filled.url, autocommit=True) as connection:
            connection.execute("SET citus.multi_task_query_log_level TO error")
            for user in users:
                values = {"user": user, "now": datetime.now(UTC)}
                while found := connection.execute(claim, values).fetchall():
                    claimed += [str(id_) for id_, _ in found]
        return claimed

    with ThreadPoolExecutor(6) as workers:
        claimed = [id_ for each in workers.map(work, range(6)) for id_ in each]
    assert sorted(claimed) == sorted(id_ for _, id_ in wanted)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("CREATE UNIQUE INDEX a ON tasks (error_code)", "tasks"),
        ("CREATE TRIGGER a BEFORE UPDATE ON users EXECUTE FUNCTION row_times()", "users"),
    ],
)
def test_what_citus_would_refuse_leaves_all_as_it_was(
    citus_database: Database, change: str, told: str
) -> None:
    assert call(None, citus_database.url, "migrate").code == 0
    run(citus_database.url, change)
    database = Filled(citus_database, [])
    before = catalogue(database)
    done = run_script("distribute", database)
    assert done.returncode == 3
    assert "Citus would refuse what is listed above: nothing was changed." in done.stderr
    assert re.search(rf"{told} +\| a\n", done.stdout)
    assert objects.differences(before, catalogue(database)) == []


@pytest.mark.slow
def test_a_worker_is_refused_before_any_change(citus_database: Database) -> None:
    worker = citus_database.cluster.workers[0].dsn(citus_database.name)
    done = run_script("distribute", Filled(citus_database, []), worker)
    assert done.returncode == 3
    assert "This server is a worker." in done.stderr
