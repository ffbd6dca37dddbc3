"""verify, schema and baseline: whether a database is what the files say."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from migrator.server import binaries
from tests.support.commands import call
from tests.support.databases import rows, run
from tests.support.servers import newest
from tests.support.sets import THREE, MigrationSet


@pytest.fixture
def database(empty_database: str, made: MigrationSet) -> str:
    """A database with the three tables, whose set has a snapshot and a rule."""
    assert call(made, empty_database, "migrate").code == 0
    assert call(made, empty_database, "schema").code == 0
    made.write("sql/checks/no_nines.sql", "SELECT 'nine', id FROM a WHERE id = 9;\n")
    return empty_database


def findings(made: MigrationSet, database: str) -> dict[str, list[str]]:
    """Return what verify finds by check, having seen that exit code and text say the same."""
    answer = call(made, database, "--json", "verify")
    found = {
        each["name"]: each["findings"] for each in answer.document["checks"] if each["findings"]
    }
    assert answer.document["passed"] == (not found)
    assert answer.code == (1 if found else 0)
    text = call(made, database, "verify").out.splitlines()
    assert [line for line in text if line.endswith(": FAILED")] == [
        f"{name}: FAILED" for name in found
    ]
    assert all(f"    {line}".splitlines()[0] in text for lines in found.values() for line in lines)
    return found


@newest
class TestVerify:
    def test_passes_where_all_is_well(self, database: str, made: MigrationSet) -> None:
        answer = call(made, database, "verify")
        assert answer.code == 0
        assert answer.out.splitlines() == [
            "history: ok",
            "invalid indexes: ok",
            "schema: ok",
            "sql/checks/no_nines.sql: ok",
            "seeds: ok",
        ]

    def test_an_empty_database(self, empty_database: str, made: MigrationSet) -> None:
        answer = call(made, empty_database, "verify")
        assert answer.code == 1
        assert answer.out.splitlines() == [
            "history: FAILED",
            *(f"    pending: {name}" for name in THREE),
            "invalid indexes: ok",
            "schema: skipped: the set has no snapshot sql/schema.sql",
            "seeds: skipped: migrations are pending",
        ]
        assert rows(empty_database, "SELECT to_regnamespace('yoyo')") == [(None,)]

    def test_history(self, database: str, made: MigrationSet) -> None:
        made.add("0001.a.create", "CREATE TABLE a (id bigint);")
        made.remove("0002.b.create")
        run(database, "INSERT INTO yoyo.intent VALUES ('x', '0003.c.create', 'rollback', 'x')")
        assert findings(made, database) == {
            "history": [
                "was edited after it was applied: 0001.a.create",
                "applied, but its file is missing: 0002.b.create",
                "started and not ended: 0003.c.create",
            ]
        }

    def test_invalid_indexes(self, database: str, made: MigrationSet) -> None:
        run(database, "INSERT INTO b VALUES (1), (1)")
        with pytest.raises(psycopg.errors.UniqueViolation):
            run(database, "CREATE UNIQUE INDEX CONCURRENTLY i ON b (id)")
        assert findings(made, database)["invalid indexes"] == ["public.i on b"]

    def test_schema(self, database: str, made: MigrationSet) -> None:
        run(
            database,
            "CREATE VIEW stray AS SELECT 1",
            "ALTER TABLE b ALTER id TYPE bigint",
            "DROP TABLE c",
        )
        (found,) = findings(made, database).values()
        assert found == [
            "table b: column id differs: expected integer, found bigint",
            "table c is missing",
            "view stray is unexpected",
        ]

    def test_rules(self, database: str, made: MigrationSet) -> None:
        run(database, "INSERT INTO a VALUES (9)")
        made.write("sql/checks/writes.sql", "INSERT INTO a VALUES (8) RETURNING id;\n")
        made.write("sql/checks/wrong.sql", "SELECT nothing FROM nowhere;\n")
        made.write("sql/checks/percent.sql", "SELECT '50%' WHERE FALSE;\n")
        found = findings(made, database)
        assert found["sql/checks/no_nines.sql"] == ["nine 9"]
        assert "read-only transaction" in found["sql/checks/writes.sql"][0]
        assert 'relation "nowhere" does not exist' in found["sql/checks/wrong.sql"][0]
        assert len(found) == 3
        assert rows(database, "SELECT count(*) FROM a") == [(3,)]

    def test_seeds(self, database: str, made: MigrationSet) -> None:
        made.seed("02.b", "INSERT INTO b SELECT 1 / 0;")
        made.seed("03.c", "INSERT INTO c VALUES (1); COMMIT;")
        run(database, "DELETE FROM a")
        found = findings(made, database)
        assert found["seeds"][0] == "01.a: 2 rows are missing or have other values"
        assert "02.b.sql:1:1: division by zero" in found["seeds"][1]
        assert "03.c.sql:1:27: COMMIT is not allowed" in found["seeds"][2]
        assert rows(database, "SELECT count(*) FROM a") == [(0,)]
        assert rows(database, "SELECT count(*) FROM c") == [(0,)]

    def test_what_a_seed_sets_reaches_no_other_check(
        self, database: str, made: MigrationSet
    ) -> None:
        made.seed("01.a", "SET search_path TO pg_catalog;")
        made.seed("02.b", "SELECT count(*) FROM b;")
        assert findings(made, database) == {}

    def test_a_database_that_cannot_be_written(self, database: str, made: MigrationSet) -> None:
        name = str(psycopg.conninfo.conninfo_to_dict(database)["dbname"])
        run(database, f"ALTER DATABASE {name} SET default_transaction_read_only TO on")
        answer = call(made, database, "verify")
        assert answer.code == 0
        assert answer.out.endswith("seeds: skipped: the target is read-only\n")


@newest
class TestSchema:
    def test_writes_what_check_then_accepts(self, empty_database: str, made: MigrationSet) -> None:
        call(made, empty_database, "migrate")
        path = made.sql / "schema.sql"
        answer = call(made, empty_database, "--json", "schema")
        assert (answer.code, answer.document) == (0, {"files": [str(path)]})
        text = path.read_text()
        assert [line for line in text.splitlines() if line.startswith("CREATE ")] == [
            f"CREATE TABLE public.{name} (" for name in "abc"
        ]
        assert call(made, empty_database, "schema").code == 0
        assert path.read_text() == text
        answer = call(made, empty_database, "schema", "--check")
        assert (answer.code, answer.out) == (0, f"{path} is current\n")

    def test_check_tells_differences_and_writes_nothing(
        self, database: str, made: MigrationSet
    ) -> None:
        before = (made.sql / "schema.sql").read_text()
        run(database, "DROP TABLE c")
        answer = call(made, database, "schema", "--check")
        assert (answer.code, answer.out) == (1, "table c is missing\n")
        answer = call(made, database, "--json", "schema", "--check")
        assert (answer.code, answer.document) == (1, {"differences": ["table c is missing"]})
        assert (made.sql / "schema.sql").read_text() == before

    def test_a_database_that_is_not_up_to_date_is_refused(
        self, database: str, made: MigrationSet
    ) -> None:
        made.table(4, "d")
        answer = call(made, database, "schema")
        assert answer.code == 2
        assert "1 migrations are pending" in answer.err

    def test_check_needs_a_snapshot(self, empty_database: str, made: MigrationSet) -> None:
        answer = call(made, empty_database, "schema", "--check")
        assert answer.code == 2
        assert f"error: There is no {made.sql / 'schema.sql'}." in answer.err

    def test_the_snapshot_beside_another_set_is_not_taken(
        self, empty_database: str, made: MigrationSet
    ) -> None:
        other = made.migrations.parent / "changes"
        other.mkdir()
        for arguments in (["schema"], ["schema", "--check"]):
            answer = call(None, empty_database, "--migrations", other, *arguments)
            assert answer.code == 2
            assert "error: This migration set has no snapshot." in answer.err

    def test_an_older_pg_dump_is_refused_in_words(
        self, database: str, made: MigrationSet, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        older = Path("/usr/lib/postgresql/15/bin")
        if not (older / "pg_dump").exists():
            pytest.skip("no PostgreSQL 15 here")
        monkeypatch.setenv(binaries.OVERRIDE, str(older))
        answer = call(made, database, "schema")
        assert answer.code == 1
        assert "server version mismatch" in answer.err
        assert "next: A pg_dump older than the server cannot read it" in answer.err
