"""sql/retention/remove.sql: what may be forgotten goes, and nothing else."""

from __future__ import annotations

import subprocess

import psycopg
import pytest

from tests.support.constraint_rows import ANA, insert_world
from tests.support.databases import rows, run
from tests.support.servers import ROOT, Server, clean_environment

SCRIPT = ROOT / "sql" / "retention" / "remove.sql"
# Tasks by name: how long ago they were made, whether and when they expire and have ended; and their
# content: its body, and whether its time is over.
TASKS = """
WITH given (name, age, expires, ended, body, content_expires) AS (
    VALUES
    ('over', interval '9 days', interval '1 day', TRUE, NULL, NULL::interval),
    ('over, with its content', '9 days', '1 day', TRUE, 'text', '1 day'),
    ('over, and its content stays', '9 days', '1 day', TRUE, 'text', NULL),
    ('over, and its file is there', '9 days', '1 day', TRUE, 'file', '1 day'),
    ('not over', '9 days', '99 days', TRUE, 'text', '1 day'),
    ('not ended', '9 days', '1 day', FALSE, NULL, NULL),
    ('old', '9 days', NULL, TRUE, NULL, NULL),
    ('old, not over', '9 days', '99 days', TRUE, NULL, NULL),
    ('old, not ended', '9 days', NULL, FALSE, NULL, NULL),
    ('new', '1 day', NULL, TRUE, NULL, NULL)
),

made AS (
    INSERT INTO tasks (
        user_id, status, credit_cost, request_payload, result_payload, created_at, expires_at,
        started_at, completed_at
    )
    SELECT
        %(user)s, CASE WHEN ended THEN 'completed' ELSE 'processing' END, 1,
        jsonb_build_object('name', name), '[]', now() - age, now() - age + expires, now(),
        CASE WHEN ended THEN now() END
    FROM given
    RETURNING id, user_id, request_payload ->> 'name' AS name
)

INSERT INTO generated_content (
    task_id, user_id, content_type, content_text, storage_provider, storage_path, created_at,
    expires_at
)
SELECT
    id, user_id, CASE body WHEN 'text' THEN 'text' ELSE 'image' END,
    CASE body WHEN 'text' THEN 'a' END,
    CASE body WHEN 'file' THEN 's3' END, CASE body WHEN 'file' THEN 'a.png' END, now() - age,
    now() - age + content_expires
FROM made
INNER JOIN given USING (name)
WHERE body IS NOT NULL
"""
STAYS = {
    "over, and its content stays",
    "over, and its file is there",
    "not over",
    "not ended",
    "old, not over",
    "old, not ended",
    "new",
}


@pytest.fixture
def database(migrated_database: str) -> str:
    """A database whose tasks are of each kind."""
    with psycopg.connect(migrated_database) as connection:
        insert_world(connection)
        connection.execute("DELETE FROM tasks")
        connection.execute(TASKS.encode(), {"user": ANA})
    return migrated_database


def remove(pg: Server, database: str, *options: str) -> tuple[str, str]:
    """Run the script; return what it removed, and what it says of what it could not do."""
    argv = [str(pg.bin_dir / "psql"), "-X", "-q", "-A", "-t", f"--file={SCRIPT}"]
    done = subprocess.run(
        [*argv, *(f"--set={each}" for each in options), database],
        capture_output=True,
        check=False,
        env=clean_environment(),
        text=True,
        timeout=20,
    )
    assert (done.returncode == 0) == (done.stderr == "")
    return done.stdout.strip(), done.stderr


def names(database: str) -> set[str]:
    return {name for (name,) in rows(database, "SELECT request_payload ->> 'name' FROM tasks")}


def contents(database: str) -> list[str]:
    query = """
        SELECT t.request_payload ->> 'name' FROM generated_content AS c
        INNER JOIN tasks AS t ON t.id = c.task_id ORDER BY 1
    """
    return [name for (name,) in rows(database, query)]


def test_what_may_be_forgotten_goes_and_nothing_else(pg: Server, database: str) -> None:
    assert remove(pg, database, "batch=1") == ("2|2", "")
    assert names(database) == {*STAYS, "old"}
    assert contents(database) == ["over, and its content stays", "over, and its file is there"]
    assert remove(pg, database, "older_than=5 days") == ("0|1", "")
    assert names(database) == STAYS
    assert remove(pg, database, "older_than=5 days") == ("0|0", "")


def test_what_somebody_works_on_stays_until_the_next_run(pg: Server, database: str) -> None:
    with psycopg.connect(database) as working:
        working.execute(
            "UPDATE tasks SET priority = 'low' WHERE request_payload ->> 'name' = 'over'"
        )
        assert remove(pg, database) == ("2|1", "")
    assert remove(pg, database) == ("0|1", "")


def test_who_does_not_see_all_rows_removes_none(pg: Server, database: str) -> None:
    before = names(database)
    run(
        database,
        "ALTER TABLE generated_content ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
    )
    removed, told = remove(pg, database)
    assert removed == ""
    assert 'would be affected by row-level security policy for table "generated_content"' in told
    assert names(database) == before
