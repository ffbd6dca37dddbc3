"""adopt: the history of another tool becomes this tool's, and nothing runs again."""

from __future__ import annotations

import os
import signal
from functools import partial

import psycopg
import pytest
from yoyo import get_backend, internalmigrations, read_migrations

from tests.support.commands import call
from tests.support.databases import active, rows, run, superuser
from tests.support.predecessors import LAYOUTS, stock_url
from tests.support.servers import Server, newest
from tests.support.sets import THREE, MigrationSet
from tests.support.waiting import until
from tests.takeover.conftest import Takeover

pytestmark = newest

# What each tool writes when it has applied the first two of three.
_FLYWAY = (
    "INSERT INTO flyway_schema_history VALUES (%s, %s, 'x', '%s', 'x', 1, 'x', now(), 1, TRUE);"
)
TWO_APPLIED = {
    "Atlas": "INSERT INTO atlas_schema_revisions.atlas_schema_revisions VALUES "
    "('.cloud', '', 2, 0, 0, now(), 1, NULL, ''), ('0001', 'a', 2, 3, 3, now(), 1, NULL, 'x'), "
    "('0002', 'b', 2, 1, 1, now(), 1, NULL, 'x');",
    "dbmate": "INSERT INTO schema_migrations VALUES ('0001'), ('0002');",
    "diesel": "INSERT INTO __diesel_schema_migrations VALUES ('0002'), ('0001');",
    "Ecto": "INSERT INTO schema_migrations VALUES (1, now()), (2, now());",
    # A baseline of the first; a repeatable one; the third applied and undone.
    "Flyway": _FLYWAY % (1, "'1'", "BASELINE")
    + _FLYWAY % (2, "'2'", "SQL")
    + _FLYWAY % (3, "NULL", "SQL")
    + _FLYWAY % (4, "'3'", "SQL")
    + _FLYWAY % (5, "'3'", "UNDO_SQL"),
    "golang-migrate": "INSERT INTO schema_migrations VALUES (2, FALSE);",
    # The third was rolled back in the way of old versions, which write a row for that.
    "goose": "INSERT INTO goose_db_version (version_id, is_applied) "
    "VALUES (1, TRUE), (2, TRUE), (3, TRUE), (3, FALSE);",
    "graphile-migrate": "INSERT INTO graphile_migrate.migrations VALUES "
    "('x', NULL, '0001.sql'), ('y', 'x', '0002-b.sql');",
    "node-pg-migrate": "INSERT INTO pgmigrations (name, run_on) "
    "VALUES ('0001_a', now()), ('0002_b', now());",
    "Prisma": "INSERT INTO _prisma_migrations VALUES ('1', '', now(), '0001_a', '', NULL), "
    "('2', '', NULL, '0002_b', 'it failed', now()), ('3', '', now(), '0002_b', '', NULL);",
    "Rails": "INSERT INTO schema_migrations VALUES ('0001'), ('0002');",
    "refinery": "INSERT INTO refinery_schema_history VALUES (1, 'a'), (2, 'b');",
    "sql-migrate": "INSERT INTO gorp_migrations VALUES ('0001-a.sql'), ('0002-b.sql');",
    "sqlx": "INSERT INTO _sqlx_migrations VALUES "
    "(1, 'a', now(), TRUE, '', 1), (2, 'b', now(), TRUE, '', 1);",
    "tern": "INSERT INTO schema_version VALUES (2);",
}
# Those whose histories do not name files.
NAMELESS = {
    "Alembic": "INSERT INTO alembic_version VALUES ('ae1027a6acf');",
    "Django": "INSERT INTO django_migrations VALUES (1, 'a', '0001_initial', now());",
    "Liquibase": "INSERT INTO databasechangelog VALUES ('1', 'me', 'a.xml', now(), 1, 'EXECUTED');",
    "Sqitch": "INSERT INTO sqitch.projects VALUES ('p'); INSERT INTO sqitch.changes "
    "VALUES ('x', 'x', 'a', 'p', '', now(), now(), 'me');",
}


@pytest.fixture
def of_yoyo(pg: Server, made: MigrationSet, empty_database: str) -> Takeover:
    """A database on which stock yoyo applied two of the three, with its history in public."""
    with get_backend(stock_url(empty_database, "public")) as backend:
        backend.apply_migrations(read_migrations(str(made.migrations))[:2])
    return Takeover(pg, made, empty_database)


@pytest.mark.parametrize("tool", TWO_APPLIED)
def test_a_history_that_names_files_decides_what_is_applied(here: Takeover, tool: str) -> None:
    run(here.database, LAYOUTS[tool], TWO_APPLIED[tool])
    before = here.tables()
    assert here.adopt() == THREE[:2]
    assert {*before} <= {*here.tables()}
    log = rows(here.database, "SELECT operation, migration_id FROM yoyo._yoyo_log ORDER BY 2")
    assert log == [("mark", each) for each in THREE[:2]]
    assert call(here.made, here.database, "migrate").out.splitlines()[0] == f"applied {THREE[2]}"
    assert call(here.made, here.database, "status", "--exit-code").code == 0


@pytest.mark.parametrize("tool", NAMELESS)
def test_a_history_that_names_no_files_needs_an_id(here: Takeover, tool: str) -> None:
    run(here.database, LAYOUTS[tool], NAMELESS[tool])
    assert "name the last migration that the database has: adopt ID" in here.refused(here.adopt)
    assert here.adopt("0002") == THREE[:2]


class TestStockYoyo:
    def test_its_tables_become_the_history_with_what_they_say(self, of_yoyo: Takeover) -> None:
        log = rows(of_yoyo.database, "SELECT * FROM _yoyo_log ORDER BY 1")
        assert of_yoyo.adopt() == THREE[:2]
        assert rows(of_yoyo.database, "SELECT * FROM yoyo._yoyo_log ORDER BY 1") == log
        assert [each for each in of_yoyo.tables() if each[0] == "public"] == [
            ("public", "a"),
            ("public", "b"),
        ]
        assert call(of_yoyo.made, of_yoyo.database, "migrate").code == 0
        with get_backend(stock_url(of_yoyo.database)) as backend:
            assert not internalmigrations.needs_upgrading(backend)
            assert [*backend.to_apply(read_migrations(str(of_yoyo.made.migrations)))] == []
        of_yoyo.made.add(THREE[0], "CREATE TABLE a (id bigint);\n")
        assert (
            call(of_yoyo.made, of_yoyo.database, "--json", "status").document["edited"] == THREE[:1]
        )

    def test_in_any_schema_and_in_ours(self, of_yoyo: Takeover) -> None:
        tables = ["_yoyo_migration", "_yoyo_log", "_yoyo_version", "yoyo_lock"]
        run(
            of_yoyo.database,
            'CREATE SCHEMA "Its own"',
            *(f'ALTER TABLE {each} SET SCHEMA "Its own"' for each in tables),
        )
        assert of_yoyo.adopt(beside_others=True) == THREE[:2]
        run(
            of_yoyo.database,
            "DROP TABLE yoyo.migration_text, yoyo.migration_checksum, yoyo.seed_checksum",
            "DROP TABLE yoyo.batch_progress, yoyo.intent",
        )
        assert of_yoyo.adopt(beside_others=True) == THREE[:2]
        assert rows(of_yoyo.database, "SELECT count(*) FROM yoyo.migration_checksum") == [(2,)]
        assert rows(of_yoyo.database, "SELECT count(*) FROM yoyo.migration_text") == [(2,)]

    def test_its_lock_and_old_tables_are_refused(self, of_yoyo: Takeover) -> None:
        run(of_yoyo.database, "INSERT INTO yoyo_lock VALUES (1, now(), 4711)")
        assert "Stock yoyo holds its lock, process 4711." in of_yoyo.refused(of_yoyo.adopt)
        run(of_yoyo.database, "DELETE FROM yoyo_lock", "UPDATE _yoyo_version SET version = 3")
        assert "are of yoyo's version 3, not 2" in of_yoyo.refused(of_yoyo.adopt)
        run(
            of_yoyo.database,
            "ALTER TABLE _yoyo_migration RENAME migration_id TO id",
            "ALTER TABLE _yoyo_migration RENAME applied_at_utc TO ctime",
        )
        assert "is of yoyo before 6.0" in of_yoyo.refused(of_yoyo.adopt)

    def test_a_role_that_does_not_own_its_tables_is_refused(
        self, pg: Server, of_yoyo: Takeover
    ) -> None:
        run(superuser(pg, of_yoyo.database), "ALTER TABLE _yoyo_log OWNER TO postgres")
        assert "must be owner of table _yoyo_log" in of_yoyo.refused(of_yoyo.adopt)

    # The runner is killed before it reads, between its moves, and at the last of them.
    @pytest.mark.parametrize("table", ["_yoyo_migration", "_yoyo_log", "yoyo_lock"])
    def test_a_kill_leaves_all_or_nothing(self, of_yoyo: Takeover, table: str) -> None:
        before = of_yoyo.tables()
        with psycopg.connect(of_yoyo.database) as gate:
            gate.execute(f"LOCK TABLE {table} IN ROW EXCLUSIVE MODE")
            process = of_yoyo.launch_adopt()
            until(lambda: active(of_yoyo.database, "%TABLE%"))
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        until(lambda: not active(of_yoyo.database, "%TABLE%"))
        assert of_yoyo.tables() == before
        assert of_yoyo.adopt() == THREE[:2]


class TestRefusals:
    def test_a_schema_that_differs(self, here: Takeover) -> None:
        run(here.database, LAYOUTS["goose"], TWO_APPLIED["goose"], "ALTER TABLE b ADD more int")
        assert "table b: column more is unexpected" in here.refused(here.adopt)
        run(here.database, "ALTER TABLE b DROP more", "CREATE TABLE theirs ()")
        assert "table theirs is unexpected" in here.refused(here.adopt)
        assert here.adopt(beside_others=True) == THREE[:2]

    def test_an_id_that_the_history_contradicts(self, here: Takeover) -> None:
        run(here.database, LAYOUTS["dbmate"], TWO_APPLIED["dbmate"])
        told = here.refused(here.adopt, "0003")
        assert f"says that the last one is {THREE[1]}, not {THREE[2]}" in told

    @pytest.mark.parametrize(
        ("tool", "failed"),
        [
            ("golang-migrate", "INSERT INTO schema_migrations VALUES (2, TRUE)"),
            ("sqlx", "INSERT INTO _sqlx_migrations VALUES (2, 'b', now(), FALSE, '', 1)"),
        ],
    )
    def test_a_run_that_failed(self, here: Takeover, tool: str, failed: str) -> None:
        run(here.database, LAYOUTS[tool], failed)
        told = here.refused(here.adopt)
        assert f"{tool} (public." in told
        assert "was begun and not ended: 2" in told
        assert f"Finish or repair it with {tool} first" in told

    def test_gaps_and_entries_without_a_file(self, here: Takeover) -> None:
        run(here.database, LAYOUTS["dbmate"], "INSERT INTO schema_migrations VALUES ('0002')")
        assert f"not applied, but later ones are: {THREE[0]}" in here.refused(here.adopt, "0002")
        run(here.database, "INSERT INTO schema_migrations VALUES ('0001'), ('20240101')")
        assert "among the files: 20240101" in here.refused(here.adopt)

    def test_a_role_that_may_not_read_it(self, pg: Server, here: Takeover) -> None:
        run(superuser(pg, here.database), LAYOUTS["tern"])
        assert "cannot be read: permission denied for table schema_version" in here.refused(
            here.adopt
        )

    def test_no_history_two_histories_or_our_own(self, here: Takeover) -> None:
        assert "`baseline ID`" in here.refused(here.adopt)
        run(here.database, LAYOUTS["goose"], LAYOUTS["dbmate"], TWO_APPLIED["dbmate"])
        told = here.refused(here.adopt)
        assert "several histories: goose (public.goose_db_version), dbmate (" in told
        assert here.adopt(tool="DbMate") == THREE[:2]
        assert "has a history already" in here.refused(here.adopt)

    @pytest.mark.slow
    def test_a_history_that_changes_meanwhile(self, here: Takeover) -> None:
        run(here.database, LAYOUTS["dbmate"], TWO_APPLIED["dbmate"])
        with psycopg.connect(here.database) as other:
            other.execute("INSERT INTO schema_migrations VALUES ('0003')")
            told = here.refused(partial(here.adopt, lock_timeout_ms=100))
            assert "Another session uses the tables of the history" in told
            process = here.launch_adopt()
            until(lambda: active(here.database, "%LOCK%"))
            other.commit()
        assert "Refused: The history of dbmate" in process.communicate()[1]
        assert ("yoyo", "_yoyo_migration") not in here.tables()
