"""The runner on a Citus coordinator, by sets of files that distribute their tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.citus import Database
from tests.support.commands import call, psql
from tests.support.databases import rows
from tests.support.sets import MigrationSet

pytestmark = pytest.mark.slow

# Citus refuses some of these in one message, and others after a parallel statement.
LATER = """\
CREATE FUNCTION is_short(value text) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN length(value) < 9;
ALTER TABLE item ADD COLUMN note text;
ALTER TABLE item ADD CONSTRAINT ck_note CHECK (is_short(note)) NOT VALID;
ALTER TABLE item VALIDATE CONSTRAINT ck_note;
ALTER TABLE item ADD COLUMN parent int;
ALTER TABLE item ADD CONSTRAINT fk_parent FOREIGN KEY (tenant, parent) REFERENCES item (tenant, id);
ALTER TABLE item ALTER COLUMN name SET NOT NULL;
ALTER TABLE item ALTER COLUMN name SET DEFAULT 'none';
ALTER TABLE kind RENAME COLUMN name TO title;
UPDATE kind SET title = 'c' WHERE id = 1;
UPDATE item SET note = 'short', parent = id;
CREATE VIEW items AS SELECT i.name, k.title FROM item AS i INNER JOIN kind AS k ON i.kind = k.id;
"""
UNDO = """\
DROP VIEW items;
ALTER TABLE kind RENAME COLUMN title TO name;
ALTER TABLE item ALTER COLUMN name DROP DEFAULT;
ALTER TABLE item ALTER COLUMN name DROP NOT NULL;
ALTER TABLE item DROP CONSTRAINT fk_parent;
ALTER TABLE item DROP COLUMN parent;
ALTER TABLE item DROP COLUMN note;
DROP FUNCTION is_short(text);
"""
INDEX = "-- transactional: false\nCREATE INDEX CONCURRENTLY idx_item_kind ON item (kind);\n"
DROP_INDEX = "-- transactional: false\nDROP INDEX CONCURRENTLY IF EXISTS idx_item_kind;\n"
SHARDS = """\
SELECT result FROM run_command_on_shards('item', $$
    SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute
    WHERE attrelid = '%s'::regclass AND attnum > 0 AND NOT attisdropped
$$) GROUP BY result
"""


@pytest.fixture
def shop(tmp_path: Path) -> MigrationSet:
    """A set that makes a reference table and a distributed one, and then changes both."""
    made = MigrationSet(tmp_path)
    made.add(
        "0001.shop.create",
        "CREATE TABLE kind (id int PRIMARY KEY, name text);\n"
        "CREATE TABLE item (tenant int, id int, kind int REFERENCES kind, name text,"
        " PRIMARY KEY (tenant, id));\n"
        "SELECT create_reference_table('kind');\n"
        "SELECT create_distributed_table('item', 'tenant');\n"
        "INSERT INTO kind VALUES (1, 'a'), (2, 'b');\n"
        "INSERT INTO item SELECT n, n, 1 + n % 2, 'x' FROM generate_series(1, 100) AS n;\n",
        "DROP TABLE item;\nDROP TABLE kind;\n",
    )
    made.add("0002.shop.change", LATER, UNDO)
    made.add("0003.item.index", INDEX, DROP_INDEX)
    made.seed("01.a", "INSERT INTO kind VALUES (3, 'seed') ON CONFLICT DO NOTHING;\n")
    return made


def test_files_with_many_changes_of_distributed_tables_are_applied_and_rolled_back(
    citus_database: Database, shop: MigrationSet
) -> None:
    assert call(shop, citus_database.url, "migrate").code == 0
    assert rows(citus_database.url, SHARDS) == [("tenant id kind name note parent",)]
    assert rows(citus_database.url, "SELECT title, count(*) FROM items GROUP BY 1 ORDER BY 1") == [
        ("b", 50),
        ("c", 50),
    ]
    assert call(shop, citus_database.url, "verify").code == 0
    assert call(shop, citus_database.url, "rollback", "--steps", "2", "--yes").code == 0
    assert rows(citus_database.url, SHARDS) == [("tenant id kind name",)]
    assert call(shop, citus_database.url, "migrate").code == 0


def test_a_file_that_fails_on_a_worker_is_rolled_back_on_all(
    citus_database: Database, shop: MigrationSet
) -> None:
    shop.add(
        "0004.item.check",
        "ALTER TABLE item ADD COLUMN more int;\nALTER TABLE item ADD CHECK (tenant < 50);\n",
    )
    answer = call(shop, citus_database.url, "migrate")
    assert answer.code == 1
    assert "0004.item.check.sql:2:1: " in answer.err
    assert rows(citus_database.url, SHARDS) == [("tenant id kind name note parent",)]


def test_the_script_of_a_plan_runs_on_a_coordinator(
    citus_database: Database, shop: MigrationSet
) -> None:
    script = call(shop, citus_database.url, "plan", "--sql").out
    done = psql(citus_database.cluster.coordinator, citus_database.url, script)
    assert done.returncode == 0, done.stderr
    assert call(shop, citus_database.url, "status", "--exit-code").code == 0


def test_status_says_what_cluster_it_stands_on(
    citus_database: Database, shop: MigrationSet
) -> None:
    assert call(shop, citus_database.url, "migrate").code == 0
    answer = call(shop, citus_database.url, "status")
    assert "coordinator of 2 workers; 1 distributed tables, 1 reference tables" in answer.out
    document = call(shop, citus_database.url, "--json", "status").document
    assert document["citus"]["workers"] == len(citus_database.cluster.workers)


@pytest.mark.parametrize("command", [["migrate"], ["status"], ["plan"], ["verify"]])
def test_a_worker_is_refused_with_the_name_of_the_coordinator(
    citus_database: Database, shop: MigrationSet, command: list[str]
) -> None:
    worker = citus_database.cluster.workers[0]
    answer = call(shop, worker.dsn(citus_database.name), *command)
    assert answer.code == 2
    assert "is a worker of a Citus cluster" in answer.err
    assert f"127.0.0.1:{citus_database.cluster.coordinator.port}" in answer.err
