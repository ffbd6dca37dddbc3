"""In which state each file is reviewed, and what a review does not do to the server."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.core import files
from migrator.core.reach import routines
from migrator.review import reach
from tests.support.commands import Answer, call
from tests.support.databases import rows, run
from tests.support.servers import Server, newest
from tests.support.sets import MigrationSet

TYPE = "ALTER TABLE jobs ALTER COLUMN id TYPE"
SMALL = "[tool.migrator.review]\nsizes = [200, 400]\nsmall_rows = 100\n"


@pytest.fixture
def jobs(tmp_path: Path) -> MigrationSet:
    """A table, and the files to come."""
    made = MigrationSet(tmp_path)
    made.write("pyproject.toml", SMALL)
    made.add(
        "0001.jobs.create",
        "CREATE TABLE jobs (id int PRIMARY KEY, paused boolean NOT NULL, rank int);\n"
        'CREATE TABLE "Wf" (id int PRIMARY KEY, step text);\n',
        'DROP TABLE jobs, "Wf";\n',
    )
    return made


def review(made: MigrationSet, pg: Server, *ids: str) -> Answer:
    return call(made, None, "--json", "review", *ids, "--scratch", pg.dsn("postgres", pg.user))


def proofs(answer: Answer) -> dict[str, str]:
    return {each["id"][:4]: each["proof"]["verdict"] for each in answer.document["migrations"]}


@newest
def test_a_check_over_an_old_and_a_new_column_is_measured(pg: Server, jobs: MigrationSet) -> None:
    jobs.add(
        "0002.jobs.ttl",
        "ALTER TABLE jobs ADD COLUMN ttl int,"
        " ADD CHECK (paused AND ttl IS NOT NULL OR NOT paused AND ttl IS NULL);\n",
    )
    (migration,) = review(jobs, pg, "0002").document["migrations"]
    assert migration["not_measured"] == []
    assert migration["statements"][0]["work"][0]["read"] >= 100


@pytest.mark.slow
@newest
def test_what_failed_before_is_not_blamed_on_the_next_file(pg: Server, jobs: MigrationSet) -> None:
    jobs.add("0002.jobs.never", "ALTER TABLE jobs ADD COLUMN a int, ADD CHECK (a > 0 IS TRUE);\n")
    jobs.add("0003.jobs.more", "ALTER TABLE jobs ADD b int;\n", "ALTER TABLE jobs DROP b;\n")
    jobs.add("0004.jobs.once", "ALTER TABLE jobs ADD COLUMN c int;\n", "SELECT 1;\n")
    jobs.add("0005.jobs.last", "ALTER TABLE jobs DROP c;\n", "ALTER TABLE jobs ADD c int;\n")
    answer = review(jobs, pg, "0002", "0003", "0004", "0005")
    verdicts = proofs(answer)
    assert verdicts == {
        "0002": "not measured",
        "0003": "lossy",
        "0004": "not measured",
        "0005": "lossy",
    }
    first, *others = answer.document["migrations"]
    assert "is violated by some row" in first["not_measured"][0]
    assert [each["not_measured"] for each in others] == [[], [], []]


@pytest.mark.slow
@newest
def test_a_file_that_is_not_reviewed_may_fail_on_the_rows(pg: Server, jobs: MigrationSet) -> None:
    jobs.add("0002.jobs.note", "ALTER TABLE jobs ADD a text;\n", "ALTER TABLE jobs DROP a;\n")
    jobs.add("0003.jobs.rank", "ALTER TABLE jobs ALTER rank SET NOT NULL, ADD CHECK (rank < 0);\n")
    jobs.add("0004.jobs.wider", f"{TYPE} bigint;\n", f"{TYPE} int;\n")
    answer = review(jobs, pg, "0002", "0004")
    assert proofs(answer) == {"0002": "lossy", "0004": "lossless"}
    assert [each["not_measured"] for each in answer.document["migrations"]] == [[], []]
    assert len(answer.document["migrations"][1]["statements"][0]["samples"]) == 2
    jobs.add("0003.jobs.rank", "SELECT 1 / 0;\n")
    refused = review(jobs, pg, "0002", "0004")
    assert refused.code == 2
    assert "0003.jobs.rank.sql:1: this earlier migration cannot be applied" in refused.err


@pytest.mark.slow
@newest
def test_a_file_that_checks_a_backfill_by_hand_is_measured_on_filled_rows(
    pg: Server, jobs: MigrationSet
) -> None:
    drop = "ALTER TABLE jobs DROP CONSTRAINT given;\n"
    jobs.add(
        "0002.jobs.owner", "ALTER TABLE jobs ADD owner text;\n", "ALTER TABLE jobs DROP owner;\n"
    )
    jobs.add(
        "0003.jobs.filled",
        "DO $$ BEGIN IF EXISTS (SELECT FROM jobs WHERE owner IS NULL) THEN"
        " RAISE EXCEPTION 'fill it first'; END IF; END $$;\n",
    )
    given = "ALTER TABLE jobs ADD CONSTRAINT given CHECK (owner IS NOT NULL) NOT VALID;\n"
    jobs.add("0004.jobs.given", given, drop)
    jobs.add("0005.jobs.valid", "ALTER TABLE jobs VALIDATE CONSTRAINT given;\n")
    migrations = review(jobs, pg, "0002", "0003", "0004", "0005").document["migrations"]
    assert [each["not_measured"] for each in migrations] == [[], [], [], []]
    assert migrations[3]["statements"][0]["work"][0]["read"] >= 100
    assert len(migrations[3]["statements"][0]["samples"]) == 2


@pytest.mark.slow
@newest
def test_a_file_of_fill_runs_on_its_table_and_one_that_fits_none_is_told(
    pg: Server, jobs: MigrationSet
) -> None:
    jobs.add("0002.wf.step", "ALTER TABLE \"Wf\" ADD CHECK (step IS NOT DISTINCT FROM 'done');\n")
    jobs.add("0003.wf.none", "ALTER TABLE jobs ADD COLUMN b int;\n")
    (jobs.sql / "fill").mkdir(parents=True)
    jobs.write("sql/fill/Wf.sql", "UPDATE \"Wf\" SET step = 'done';\n")
    jobs.write("sql/fill/wf.sql", "UPDATE \"Wf\" SET step = 'other';\n")
    answer = review(jobs, pg, "0002", "0003")
    assert answer.document["migrations"][0]["not_measured"] == []
    assert answer.document["notes"] == ["sql/fill/wf.sql was not run: no table has this name"]
    assert review(jobs, pg, "0002").document["notes"] == [], "its table may come with a later file"


@pytest.mark.slow
@newest
def test_rows_of_a_rare_type_come_from_a_file_of_the_set(pg: Server, jobs: MigrationSet) -> None:
    jobs.add(
        "0002.roads.create",
        "CREATE TABLE roads (id int PRIMARY KEY, way path NOT NULL);\n"
        "CREATE TABLE tolls (id int PRIMARY KEY, road int NOT NULL REFERENCES roads);\n",
    )
    jobs.add("0003.tolls.road", "ALTER TABLE tolls ALTER road TYPE bigint;\n")
    jobs.add("0004.roads.way", "ALTER TABLE roads ALTER way TYPE text;\n")
    (why, *_) = review(jobs, pg, "0004").document["migrations"][0]["not_measured"]
    assert why == (
        "roads could not be filled: no value is known for way, of type path; write its rows in "
        "sql/fill/roads.sql"
    )
    (jobs.sql / "fill").mkdir(parents=True)
    jobs.write(
        "sql/fill/roads.sql",
        "INSERT INTO roads SELECT i, '((0,0),(1,1))'\n"
        "FROM generate_series((SELECT count(*) + 1 FROM roads),"
        " current_setting('fill.rows')::int) AS i;\n",
    )
    for migration in review(jobs, pg, "0003", "0004").document["migrations"]:
        assert migration["not_measured"] == []
        first, last = migration["statements"][0]["samples"]
        assert (first["rows"], last["rows"]) == (200, 400)
        assert migration["statements"][0]["work"][0]["present"] == 400


def test_a_server_that_lacks_an_extension_is_told_with_what_helps(
    pg: Server, jobs: MigrationSet
) -> None:
    jobs.add("0002.jobs.lacks", "CREATE EXTENSION no_such_extension;\n")
    jobs.add("0003.jobs.more", "SELECT 1;\n")
    (why,) = review(jobs, pg, "0002").document["migrations"][0]["not_measured"]
    for said in (why, review(jobs, pg, "0003").err):
        assert 'extension "no_such_extension" is not available' in said
        assert "--scratch URL" in said
        assert "MIGRATOR_PG_BIN=DIRECTORY" in said


# What reaches beyond the scratch databases


@newest
def test_roles_are_not_changed_on_a_server_that_was_named(pg: Server, jobs: MigrationSet) -> None:
    role = "DO $$ BEGIN EXECUTE 'CREATE ROLE ' || 'review_reader'; END $$;\n"
    jobs.add("0002.role.by_a_block", role)
    answer = review(jobs, pg, "0002")
    assert answer.code == 2
    (why,) = answer.document["migrations"][0]["not_measured"]
    assert "the file changes roles or databases of the server" in why
    jobs.add("0002.role.by_a_block", "ALTER ROLE owner NOLOGIN;\n")
    (why,) = review(jobs, pg, "0002").document["migrations"][0]["not_measured"]
    assert why.startswith("0002.role.by_a_block.sql:1: ALTER ROLE was not run: it reaches beyond")
    found = "SELECT rolname, rolcanlogin FROM pg_roles WHERE rolname IN ('owner', 'review_reader')"
    assert rows(pg.dsn("postgres", pg.user), found) == [("owner", True)]


@pytest.mark.slow
@newest
def test_the_reviews_own_server_has_the_roles_that_the_files_name(
    pg: Server, jobs: MigrationSet, empty_database: str
) -> None:
    run(pg.dsn("postgres", pg.user), "CREATE ROLE review_target LOGIN")
    jobs.add("0002.role.used", "GRANT SELECT ON jobs TO review_target, review_new;\n")
    jobs.add(
        "0003.role.changed",
        "ALTER ROLE review_target NOLOGIN;\nCREATE ROLE review_other;\n"
        "GRANT SELECT ON jobs TO review_other;\nUPDATE jobs SET rank = 1;\n",
        "REVOKE SELECT ON jobs FROM review_other;\nDROP ROLE review_other;\n",
    )
    try:
        answer = call(jobs, empty_database, "--json", "review")
    finally:
        logs_in = "SELECT rolcanlogin FROM pg_roles WHERE rolname LIKE 'review\\_%'"
        found = rows(pg.dsn("postgres", pg.user), logs_in)
        run(pg.dsn("postgres", pg.user), "DROP ROLE review_target")
    assert found == [(True,)]
    assert proofs(answer) == {"0001": "lossy", "0002": "lossless", "0003": "lossy"}
    assert [each["not_measured"] for each in answer.document["migrations"]] == [[], [], []]
    assert [*jobs.migrations.parent.glob(".postgres/throwaway-*")] == []


BEYOND = {
    "COPY jobs TO PROGRAM 'curl example.com'": True,
    "COPY jobs FROM PROGRAM 'curl example.com'": True,
    "COPY jobs TO '/tmp/jobs'": True,
    "DO $$ BEGIN COPY jobs TO /* a */ PROGRAM 'true'; END $$": True,
    "SELECT dblink_exec('dbname=app', 'DROP TABLE jobs')": True,
    "INSERT INTO jobs SELECT * FROM public.dblink('other', 'SELECT 1') AS t (id int)": True,
    "CREATE SUBSCRIPTION s CONNECTION 'host=example.com' PUBLICATION p": True,
    "IMPORT FOREIGN SCHEMA public FROM SERVER other INTO public": True,
    "CREATE TABLESPACE fast LOCATION '/mnt/fast'": True,
    "CREATE ROLE reader": False,
    "DROP USER MAPPING FOR app SERVER other": False,
    "CREATE SERVER other FOREIGN DATA WRAPPER postgres_fdw": False,
    "ALTER SYSTEM SET work_mem TO '1GB'": False,
    "ALTER DATABASE app SET work_mem TO '1GB'": False,
    "COPY jobs FROM STDIN": None,
    "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT dblink_exec('a', 'b') $$": None,
    "CREATE FUNCTION app.f() RETURNS text LANGUAGE sql AS $$ SELECT dblink_exec('a', 'b') $$; "
    "CREATE FUNCTION g() RETURNS text LANGUAGE sql AS $$ SELECT app.f() $$; SELECT g()": True,
    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN COPY jobs TO PROGRAM 'true'; "
    "RETURN NEW; END $$; CREATE TRIGGER t AFTER INSERT ON jobs EXECUTE FUNCTION f()": True,
    "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT dblink_exec('a', 'b') $$; "
    "COMMENT ON FUNCTION f() IS 'text'": None,
    "COMMENT ON COLUMN jobs.rank IS 'CREATE ROLE, COPY jobs TO PROGRAM, dblink_exec()'": None,
    "INSERT INTO jobs VALUES (1, TRUE, 2) -- CREATE ROLE reader; dblink('a')": None,
}


@pytest.mark.parametrize("statement", BEYOND)
def test_a_statement_that_reaches_beyond_is_known_by_what_it_is(
    tmp_path: Path, statement: str
) -> None:
    path = tmp_path / "0001.a.sql"
    path.write_text(f"SELECT 1;\n{statement};\n")
    source = files.read(path)
    calls = routines(source, ())
    own, named = (reach.first_beyond(source, calls, is_own=each) for each in (True, False))
    is_everywhere = BEYOND[statement]
    assert (own is not None) == (is_everywhere is True)
    assert (named and named.line) == (None if is_everywhere is None else 2)
