"""`review --from BACKUP`: the rows are those of a backup, on a server that reaches nothing."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import Answer, call
from tests.support.databases import rows, run
from tests.support.servers import Server, newest
from tests.support.sets import MigrationSet

EVERYWHERE = [
    "CREATE TABLE heard (tag text)",
    "CREATE FUNCTION hear() RETURNS event_trigger LANGUAGE plpgsql AS"
    " $$ BEGIN INSERT INTO heard VALUES (tg_tag); END $$",
    "CREATE EVENT TRIGGER hears ON ddl_command_end EXECUTE FUNCTION hear()",
    "CREATE SUBSCRIPTION far CONNECTION 'host=192.0.2.1' PUBLICATION p WITH (connect = false)",
    "CREATE ROLE backup_reader",
    "GRANT SELECT ON jobs TO backup_reader",
    "ALTER TABLE jobs OWNER TO backup_reader",
]


@pytest.fixture
def jobs(tmp_path: Path) -> MigrationSet:
    """A set whose second file changes one value, and whose third needs one that none may lack."""
    made = MigrationSet(tmp_path)
    made.add(
        "0001.jobs.create",
        "CREATE TABLE jobs (id int PRIMARY KEY, state text, rank int);\n",
        "DROP TABLE jobs;\n",
    )
    made.add("0002.jobs.spelling", "UPDATE jobs SET state = 'over' WHERE state = 'ovre';\n")
    made.add(
        "0003.jobs.rank",
        "ALTER TABLE jobs ALTER COLUMN rank SET NOT NULL;\n",
        "ALTER TABLE jobs ALTER COLUMN rank DROP NOT NULL;\n",
    )
    return made


@pytest.fixture
def backed_up(jobs: MigrationSet, empty_database: str) -> str:
    """A database with the first file, and 500 jobs, of which 7 are misspelt."""
    assert call(jobs, empty_database, "migrate", "--to", "0001").code == 0
    run(
        empty_database,
        "INSERT INTO jobs SELECT i, CASE WHEN i <= 7 THEN 'ovre' ELSE 'new' END, i"
        " FROM generate_series(1, 500) AS i",
    )
    return empty_database


def dump(pg: Server, database: str, path: Path, *options: str) -> Path:
    argv = [str(pg.bin_dir / "pg_dump"), f"--file={path}", "--dbname", database, *options]
    subprocess.run(argv, check=True)
    return path


def review(made: MigrationSet, pg: Server, source: Path, *arguments: str) -> Answer:
    scratch = ["--scratch", pg.dsn("postgres", pg.user)]
    return call(made, None, "--json", "review", "--from", source, *arguments, *scratch)


def of(answer: Answer) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer.document["migrations"]
    return found


@pytest.mark.slow
@newest
def test_the_rows_are_those_of_the_backup_and_it_says_what_is_pending(
    pg: Server, jobs: MigrationSet, backed_up: str, tmp_path: Path
) -> None:
    archive = dump(pg, backed_up, tmp_path / "jobs.dump", "--format=custom")
    answer = review(jobs, pg, archive)
    spelling, rank = of(answer)
    assert [each["id"] for each in (spelling, rank)] == ["0002.jobs.spelling", "0003.jobs.rank"]
    (work,) = spelling["statements"][0]["work"]
    assert (work["present"], work["written"]) == (500, 7)
    assert rank["locks"][0]["rows"] == 500
    assert (answer.document["sizes"], answer.document["rows_from"]) == ([], str(archive))
    run(backed_up, "UPDATE jobs SET rank = NULL WHERE id = 500")
    directory = dump(pg, backed_up, tmp_path / "jobs.dir", "--format=directory")
    (rank,) = of(review(jobs, pg, directory, "0003"))
    assert 'column "rank" of relation "jobs" contains null values' in rank["not_measured"][0]


@pytest.mark.slow
@newest
def test_what_is_no_backup_for_this_review_is_refused(
    pg: Server, jobs: MigrationSet, backed_up: str, tmp_path: Path
) -> None:
    whole = dump(pg, backed_up, tmp_path / "whole.dump", "--format=custom")
    tables = dump(pg, backed_up, tmp_path / "tables.dump", "--format=custom", "--schema=public")
    text = dump(pg, backed_up, tmp_path / "text.sql")
    for source, arguments, why in (
        (whole, ["0001"], "whole.dump has 0001.jobs.create already"),
        (tables, [], "tables.dump has no history of migrations"),
        (text, [], "text.sql cannot be used"),
        (tmp_path / "none.dump", [], "There is no backup"),
    ):
        refused = review(jobs, pg, source, *arguments)
        assert (refused.code, why in refused.err) == (2, True), refused.err
    (spelling,) = of(review(jobs, pg, tables, "0002"))
    assert spelling["statements"][0]["work"][0]["written"] == 7
    left = "SELECT datname FROM pg_database WHERE datname LIKE 'review%'"
    assert rows(pg.dsn("postgres", pg.user), left) == []


@pytest.mark.slow
@newest
def test_a_restored_backup_has_its_roles_and_reaches_nothing(
    pg: Server, jobs: MigrationSet, backed_up: str, tmp_path: Path
) -> None:
    as_superuser = f"{backed_up} user={pg.user}"
    run(as_superuser, *EVERYWHERE)
    try:
        archive = dump(pg, as_superuser, tmp_path / "jobs.dump", "--format=custom")
    finally:
        run(as_superuser, "ALTER SUBSCRIPTION far SET (slot_name = NONE)", "DROP SUBSCRIPTION far")
        run(as_superuser, "DROP OWNED BY backup_reader", "DROP ROLE backup_reader")
    jobs.add(
        "0002.jobs.spelling",
        "DO $$ BEGIN ASSERT NOT EXISTS (SELECT FROM pg_event_trigger);"
        " ASSERT NOT EXISTS (SELECT FROM pg_subscription);"
        " ASSERT has_table_privilege('backup_reader', 'jobs', 'SELECT'); END $$;\n",
    )
    answer = call(jobs, None, "--json", "review", "0002", "--from", archive)
    assert of(answer)[0]["not_measured"] == []
    assert f"{archive} was restored without SUBSCRIPTION - far" in answer.document["notes"]


@pytest.mark.slow
@newest
def test_proposals_are_reviewed_on_the_rows_of_the_backup_too(
    pg: Server, jobs: MigrationSet, backed_up: str, tmp_path: Path
) -> None:
    jobs.write("pyproject.toml", "[tool.migrator.review]\nlarge_rows = 100\n")
    lossy = "-- reversible: lossy: how the states were written\n"
    jobs.add("0004.jobs.states", f"{lossy}UPDATE jobs SET state = upper(state);\n", "SELECT 1;\n")
    archive = dump(pg, backed_up, tmp_path / "jobs.dump", "--format=custom")
    target = tmp_path / "proposed"
    answer = review(jobs, pg, archive, "--propose", str(target))
    proposal = answer.document["proposal"]
    assert [len(each["by"]) for each in proposal["replacements"]] == [0, 4, 1]
    told = {each["id"]: each for each in proposal["report"]["migrations"]}
    new = [told[id_] for each in proposal["replacements"] for id_ in each["by"]]
    assert {each["verdict"] for each in new} == {"pass"}
    (statement,) = new[-1]["statements"]
    assert statement["batches"]["rows"] == 5_000
    assert statement["duration_ms"]["estimate"] > 0
    (work,) = statement["work"]
    assert 500 <= work["present"] < 1_000, "a proof adds 50 rows to those of the backup"
