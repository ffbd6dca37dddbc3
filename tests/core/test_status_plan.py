"""status and plan: what they say of every kind of database, and the script that psql runs."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from migrator.core.settings import LOCK_KEY
from tests.support import databases
from tests.support.commands import call, psql
from tests.support.databases import Connection, applied, rows, run, tables
from tests.support.servers import Server, clean_environment, newest
from tests.support.sets import MERGE_TWO_ROWS, THREE, MigrationSet

NOTHING: dict[str, Any] = {
    "up_to_date": True,
    "applied": [],
    "pending": [],
    "edited": [],
    "missing": [],
    "out_of_order": [],
    "interrupted": [],
    "pending_seeds": [],
    "not_read": [],
    "deploys": [],
}


def status(made: MigrationSet, database: str) -> dict[str, Any]:
    """Return status's document, having seen that exit codes and text say the same."""
    answer = call(made, database, "--json", "status")
    assert answer.code == 0
    document = answer.document
    code = call(made, database, "status", "--exit-code").code
    assert code == (0 if document["up_to_date"] else 3)
    text = call(made, database, "status").out.splitlines()
    verdict = "up to date" if document["up_to_date"] else "not up to date"
    unseeded = document["up_to_date"] and document["pending_seeds"]
    assert text[-1] == (f"{verdict} except for seeds" if unseeded else verdict)
    told = {(line[:14].strip().replace(" ", "_"), line[14:]) for line in text[:-1]}
    groups = {name: ids for name, ids in document.items() if name != "up_to_date"}
    assert told == {(name, each) for name, ids in groups.items() for each in ids}
    return document


@newest
class TestStatus:
    def test_empty(self, empty_database: str, made: MigrationSet) -> None:
        expected = {"up_to_date": False, "pending": THREE, "pending_seeds": ["01.a"]}
        assert status(made, empty_database) == NOTHING | expected
        assert rows(empty_database, "SELECT to_regnamespace('yoyo')") == [(None,)]

    def test_no_files_and_no_history_is_not_up_to_date(
        self, empty_database: str, tmp_path: Path
    ) -> None:
        made = MigrationSet(tmp_path / "none")
        assert status(made, empty_database) == NOTHING | {"up_to_date": False}
        answer = call(made, empty_database, "migrate")
        assert f"{made.migrations} has no migrations" in answer.err.splitlines()

    def test_current(self, database: str, made: MigrationSet) -> None:
        assert status(made, database) == NOTHING | {"applied": THREE}

    def test_behind(self, database: str, made: MigrationSet) -> None:
        made.table(4, "d")
        expected = {"up_to_date": False, "applied": THREE, "pending": ["0004.d.create"]}
        assert status(made, database) == NOTHING | expected

    def test_ahead(self, database: str, made: MigrationSet) -> None:
        made.remove("0003.c.create")
        expected = {"up_to_date": False, "applied": THREE[:2], "missing": THREE[2:]}
        assert status(made, database) == NOTHING | expected

    def test_edited(self, database: str, made: MigrationSet) -> None:
        made.add("0002.b.create", "CREATE TABLE b (id bigint);")
        expected = {"up_to_date": False, "applied": THREE, "edited": ["0002.b.create"]}
        assert status(made, database) == NOTHING | expected

    def test_edited_shows_the_difference(self, database: str, made: MigrationSet) -> None:
        path = made.add("0002.b.create", "CREATE TABLE b (id bigint);\n", "DROP TABLE b;\n")
        made.add("0003.c.create", "CREATE TABLE c (id int); -- now\n", "DROP TABLE c CASCADE;\n")
        diffs = call(made, database, "--json", "status", "--diff").document["diffs"]
        assert list(diffs) == THREE[1:]
        changed = "@@ -1 +1 @@\n-CREATE TABLE b (id int);\n+CREATE TABLE b (id bigint);"
        assert diffs[THREE[1]] == f"--- {path} (applied)\n+++ {path}\n{changed}"
        assert diffs[THREE[2]].endswith("-DROP TABLE c;\n+DROP TABLE c CASCADE;")
        shown = call(made, database, "status", "--diff").out
        assert "\n".join(diffs.values()) in shown
        run(database, "DROP TABLE yoyo.migration_text")  # as an older release has left it
        shown = call(made, database, "status", "--diff").out
        assert f"{path}: its text was not kept when it was applied" in shown

    def test_passed_over(self, database: str, made: MigrationSet) -> None:
        names = ["migrations/0004.d.create.sql~", "migrations/0004.d.ddl"]
        names += ["migrations/notes/too/later.sql", "seeds/more/02.b.sql"]
        paths = [str(made.write(name, "?")) for name in names]
        (made.migrations / "0005.e.sql").symlink_to("nowhere")
        found = call(made, None, "lint").out
        (made.migrations / "0005.e.sql").unlink()
        expected = {"applied": THREE, "not_read": paths}
        assert status(made, database) == NOTHING | expected
        for path in paths:
            assert f"{path}: is in a subdirectory, or does not end in .sql, so it is" in found
        assert "0005.e.sql: a link that leads nowhere" in found

    def test_out_of_order(self, empty_database: str, made: MigrationSet) -> None:
        made.remove("0002.b.create")
        call(made, empty_database, "migrate")
        made.table(2, "b")
        late = ["0002.b.create"]
        expected = {
            "up_to_date": False,
            "applied": [THREE[0], THREE[2]],
            "pending": late,
            "out_of_order": late,
        }
        assert status(made, empty_database) == NOTHING | expected

    def test_interrupted(self, database: str, made: MigrationSet) -> None:
        made.add("0004.a.index", "-- transactional: false\nCREATE INDEX CONCURRENTLY i ON a (id);")
        run(
            database,
            "INSERT INTO yoyo.intent (migration_hash, migration_id, direction, checksum)"
            " VALUES ('x', '0004.a.index', 'apply', 'x')",
        )
        expected = {
            "up_to_date": False,
            "applied": THREE,
            "pending": ["0004.a.index"],
            "interrupted": ["0004.a.index"],
        }
        assert status(made, database) == NOTHING | expected

    def test_a_changed_seed(self, database: str, made: MigrationSet) -> None:
        made.seed("01.a", MERGE_TWO_ROWS + "-- changed\n")
        made.seed("02.b", "SELECT 1;")
        document = status(made, database)
        assert document["pending_seeds"] == ["01.a", "02.b"]

    def test_the_history_of_deploys_is_the_deploys_own(
        self, database: str, made: MigrationSet
    ) -> None:
        assert rows(database, "SELECT relname FROM pg_class WHERE relname ~ '^deploy'") == []
        assert status(made, database)["deploys"] == []

    def test_a_history_that_stock_yoyo_wrote(self, database: str, made: MigrationSet) -> None:
        ours = ("migration_checksum", "seed_checksum", "batch_progress", "intent")
        for table in ours:
            run(database, f"DROP TABLE yoyo.{table}")
        expected = {"applied": THREE, "pending_seeds": ["01.a"]}
        assert status(made, database) == NOTHING | expected
        made.table(4, "d")
        assert call(made, database, "migrate").code == 0
        assert status(made, database) == NOTHING | {"applied": [*THREE, "0004.d.create"]}


@newest
class TestPlan:
    def test_forward(self, empty_database: str, made: MigrationSet) -> None:
        answer = call(made, empty_database, "plan")
        assert answer.code == 0
        expected = [*(f"would apply {name}" for name in THREE), "would apply 01.a"]
        assert answer.out.splitlines() == expected
        document = call(made, empty_database, "--json", "plan", "--to", "0002").document
        assert document == {"would_apply": THREE[:2], "seeds": []}
        assert rows(empty_database, "SELECT to_regnamespace('yoyo')") == [(None,)]

    def test_back(self, database: str, made: MigrationSet) -> None:
        answer = call(made, database, "plan", "--rollback")
        assert answer.out.splitlines() == [f"would roll back {name}" for name in THREE[::-1]]
        document = call(made, database, "--json", "plan", "--rollback", "--to", "0002").document
        assert document == {"would_roll_back": ["0003.c.create"], "seeds": []}
        assert applied(database) == THREE

    def test_nothing_to_do(self, database: str, made: MigrationSet) -> None:
        assert call(made, database, "plan").out == "nothing to do\n"
        call(made, database, "rollback", "--all", "--yes")
        assert call(made, database, "plan", "--rollback").out == "nothing to do\n"

    def test_a_disagreement_is_refused(self, database: str, made: MigrationSet) -> None:
        made.add("0002.b.create", "CREATE TABLE b (id bigint);")
        for arguments in (["plan"], ["plan", "--sql"], ["plan", "--rollback", "--sql"]):
            answer = call(made, database, *arguments)
            assert answer.code == 2
            assert "was edited after it was applied" in answer.err
            assert answer.out == ""


# The script. Everything in it that psql could take otherwise than the server, and settings that
# must not reach the next file.

AWKWARD = {
    "0001.a.create": (
        "-- purpose: a comment; with 'quotes\n"
        "CREATE SCHEMA other; SET search_path TO other; SET standard_conforming_strings TO on;\n"
        "SET lock_timeout TO '1h'; CREATE TABLE hidden (id int) -- last;",
        "DROP TABLE other.hidden; DROP SCHEMA other;",
    ),
    "0002.a.create": (
        "CREATE TABLE a (id int, note text DEFAULT ':x :''x'' \\d $1 50%\u20ac');\r\n"
        "INSERT INTO a (id) SELECT cardinality((ARRAY[1, 2, 3])[1:2]); -- last; comment",
        "DROP TABLE a /* all; of it */",
    ),
    "0003.a.index": (
        "-- transactional: false\nCREATE INDEX CONCURRENTLY i ON a (id) -- last",
        "-- transactional: false\nDROP INDEX CONCURRENTLY IF EXISTS i -- done",
    ),
    "0004.f.create": (
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END;\n"
        "DO $do$ BEGIN PERFORM 'a;b'; END $do$;\n",
        "DROP FUNCTION f();",
    ),
    "0005.a.slices": (  # psql has variables of these names
        'CREATE TABLE s AS SELECT (ARRAY[1, 2, 3])["USER":PORT] AS x,\n'
        '(ARRAY[4, 5])[1:"USER"] AS y,\n'
        "':PORT' || $$:PORT$$ /* :PORT */ AS words -- :PORT\n"
        'FROM (VALUES (2, 3)) AS v ("USER", PORT);',
        "DROP TABLE s;",
    ),
    "0006.e.strings": (  # psql reads each line of such a string anew
        "CREATE TABLE e AS SELECT E'a' -- goes on\n\n  '\\'; DROP TABLE s; --'\n'\\\\' AS x;",
        "DROP TABLE e;",
    ),
    "0007.read.only": (
        "-- transactional: false\nSET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
        "SELECT;",
    ),
}


@pytest.fixture
def awkward(tmp_path: Path) -> MigrationSet:
    made = MigrationSet(tmp_path / "awkward")
    for name, (apply, rollback) in AWKWARD.items():
        made.add(name, apply, rollback)
    made.seed("01.a", MERGE_TWO_ROWS.rstrip().removesuffix(";"))
    return made


def everything(pg: Server, database: str) -> tuple[str, list[tuple[Any, ...]]]:
    """Return a database's schema, and its history but for times and names."""
    dump = subprocess.run(
        [pg.bin_dir / "pg_dump", "--schema-only", "-d", database],
        capture_output=True,
        check=True,
        env=clean_environment(),
        text=True,
    ).stdout
    history = """
        SELECT m.migration_hash, m.migration_id, c.algorithm, c.checksum, NULL
        FROM yoyo._yoyo_migration AS m LEFT JOIN yoyo.migration_checksum AS c USING (migration_hash)
        UNION ALL SELECT seed_id, NULL, algorithm, checksum, NULL FROM yoyo.seed_checksum
        UNION ALL SELECT migration_hash, migration_id, NULL, NULL, operation FROM yoyo._yoyo_log
        UNION ALL SELECT migration_hash, applied_text, rollback_text, NULL, 'text'
        FROM yoyo.migration_text
        ORDER BY 1, 2, 3, 5
    """
    dump = "\n".join(line for line in dump.splitlines() if "restrict " not in line)
    return dump, rows(database, history)


def test_the_script_does_what_the_runner_does(
    pg: Server, empty_database: str, awkward: MigrationSet, other_database: str
) -> None:
    script = call(awkward, empty_database, "plan", "--sql").out
    ran = psql(pg, empty_database, script)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert call(awkward, other_database, "migrate").code == 0
    assert everything(pg, empty_database) == everything(pg, other_database)
    for table in ("a", "s"):
        assert rows(empty_database, f"TABLE {table}") == rows(other_database, f"TABLE {table}")
    assert call(awkward, empty_database, "status", "--exit-code").code == 0
    assert call(awkward, empty_database, "migrate").out == "nothing to do\n"


def test_the_script_back_does_what_the_runner_does(
    pg: Server, empty_database: str, awkward: MigrationSet, other_database: str
) -> None:
    for database in (empty_database, other_database):
        assert call(awkward, database, "migrate").code == 0
    document = call(awkward, empty_database, "--json", "plan", "--rollback", "--sql").document
    ran = psql(pg, empty_database, document["sql"])
    assert (ran.returncode, ran.stderr) == (0, "")
    assert call(awkward, other_database, "rollback", "--all", "--yes").code == 0
    assert everything(pg, empty_database) == everything(pg, other_database)
    assert tables(empty_database) == []
    assert call(awkward, empty_database, "migrate").code == 0


@pytest.fixture
def other_database(pg: Server) -> Iterator[str]:
    with databases.database(pg) as name:
        yield pg.dsn(name)


@newest
class TestScript:
    def test_stops_at_an_error_and_keeps_what_was_whole(
        self, pg: Server, empty_database: str, made: MigrationSet
    ) -> None:
        made.add("0003.c.create", "CREATE TABLE c (id int); SELECT 1 / 0;")
        ran = psql(pg, empty_database, call(made, empty_database, "plan", "--sql").out)
        assert ran.returncode == 3
        assert "division by zero" in ran.stderr
        assert tables(empty_database) == ["a", "b"]
        assert applied(empty_database) == THREE[:2]

    @pytest.mark.parametrize("direction", [[], ["--rollback"]])
    def test_run_twice_changes_nothing_the_second_time(
        self, pg: Server, database: str, made: MigrationSet, direction: list[str]
    ) -> None:
        made.add("0004.d.fill", "INSERT INTO c VALUES (4);", "DELETE FROM c WHERE id = 4;")
        if direction:
            call(made, database, "migrate")
        script = call(made, database, "plan", *direction, "--sql").out
        assert psql(pg, database, script).returncode == 0
        before = everything(pg, database), tables(database)
        assert psql(pg, database, script).returncode == 3
        assert (everything(pg, database), tables(database)) == before

    def test_gives_way_to_a_runner(self, pg: Server, database: str, made: MigrationSet) -> None:
        made.table(4, "d")
        script = call(made, database, "plan", "--sql").out
        with held(database):
            ran = psql(pg, database, script)
        assert ran.returncode == 3
        assert "Another runner holds the lock: nothing was done." in ran.stderr
        assert applied(database) == THREE

    def test_names_no_password(self, pg: Server, database: str, made: MigrationSet) -> None:
        name = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
        answer = call(made, pg.password_url(str(name)), "plan", "--rollback", "--sql")
        assert answer.code == 0
        assert "p@ss" not in answer.out + answer.err
        assert "p%40ss" not in answer.out + answer.err


def held(database: str) -> Connection:
    """Hold the runner's lock for as long as the connection is open."""
    connection = psycopg.connect(database, autocommit=True)
    connection.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])
    return connection
