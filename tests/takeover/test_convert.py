"""convert: the files of other tools become pairs that do the same, or say why they cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.core import layouts as known
from migrator.takeover.layouts import READERS
from tests.support.commands import Answer, call
from tests.support.databases import rows, run, tables
from tests.support.predecessors import LAYOUTS
from tests.support.servers import Server, newest
from tests.support.sets import MigrationSet
from tests.takeover.conftest import Takeover

# Three migrations in the layout of each tool: a table, an index that needs no transaction, and rows
# that nothing takes away, or a table that has to be dropped with its function.
TABLE, INDEX, FUNCTION = (
    "CREATE TABLE parts (id int);",
    "CREATE INDEX CONCURRENTLY ix_parts ON parts (id);",
    "CREATE FUNCTION two() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n    RETURN 2;\nEND;\n$$;",
)
NO_TABLE, NO_INDEX, NO_FUNCTION = (
    "DROP TABLE parts;",
    "DROP INDEX CONCURRENTLY ix_parts;",
    "DROP FUNCTION two();",
)
LAID_OUT: dict[str, dict[str, str]] = {
    "dbmate": {
        "20240101000000_parts.sql": f"-- migrate:up\n{TABLE}\n\n-- migrate:down\n{NO_TABLE}\n",
        "20240102000000_index.sql": f"-- migrate:up transaction:false\n{INDEX}\n"
        f"-- migrate:down transaction:false\n{NO_INDEX}\n",
        "20240103000000_two.sql": f"-- Why.\n-- migrate:up\n{FUNCTION}\n"
        f"-- migrate:down\n{NO_FUNCTION}",
        "schema.sql": "CREATE TABLE nonsense ();",
    },
    "goose": {
        "00001_parts.sql": f"-- +goose Up\n{TABLE}\n-- +goose Down\n{NO_TABLE}\n",
        "00002_index.sql": f"-- +goose NO TRANSACTION\n-- +goose Up\n{INDEX}\n"
        f"-- +goose Down\n{NO_INDEX}\n",
        "00003_two.sql": f"-- +goose up\n-- +goose StatementBegin\n{FUNCTION}\n"
        f"-- +goose StatementEnd\n\n-- +goose down\n{NO_FUNCTION}\n",
    },
    "sql-migrate": {
        "1-parts.sql": f"-- +migrate Up\n{TABLE}\n-- +migrate Down\n{NO_TABLE}\n",
        "2-index.sql": f"-- +migrate Up notransaction\n{INDEX}\n"
        f"-- +migrate Down notransaction\n{NO_INDEX}\n",
        "10-two.sql": f"-- +migrate Up\n-- +migrate StatementBegin\n{FUNCTION}\n"
        f"-- +migrate StatementEnd\n-- +migrate Down\n{NO_FUNCTION}\n",
    },
    "tern": {
        "001_parts.sql": f"{TABLE}\n---- create above / drop below ----\n{NO_TABLE}\n",
        "002_index.sql": f"---- tern: disable-tx ----\n{INDEX}\n"
        f"---- create above / drop below ----\n---- tern: disable-tx ----\n{NO_INDEX}\n",
        "003_two.sql": f"{FUNCTION}\n---- create above / drop below ----\n{NO_FUNCTION}\n",
    },
    "node-pg-migrate": {
        "1704067200000_parts.sql": f"-- Up Migration\n{TABLE}\n-- Down Migration\n{NO_TABLE}\n",
        "1704067200001_index.sql": f"-- Up Migration\n{INDEX.replace(' CONCURRENTLY', '')}\n"
        f"-- Down Migration\n{NO_INDEX.replace(' CONCURRENTLY', '')}\n",
        "1704067200002_two.sql": f"-- Up Migration\n{FUNCTION}\n-- Down Migration\n{NO_FUNCTION}\n",
    },
    "plain": {
        "1-parts.sql": TABLE,
        "1-parts.down.sql": NO_TABLE,
        "2-index.sql": INDEX,
        "2-index.down.sql": NO_INDEX,
        "10-two.sql": FUNCTION,
        "10-two.down.sql": NO_FUNCTION,
    },
    "prisma": {
        "20240101000000_parts/migration.sql": f"-- CreateTable\n{TABLE}",
        "20240101000000_parts/down.sql": NO_TABLE,
        "20240102000000_index/migration.sql": INDEX,
        "20240102000000_index/down.sql": NO_INDEX,
        "20240103000000_two/migration.sql": FUNCTION,
        "20240103000000_two/down.sql": NO_FUNCTION,
        "migration_lock.toml": 'provider = "postgresql"',
    },
    "golang-migrate": {
        "000001_parts.up.sql": f"BEGIN;\n{TABLE}\nCOMMIT;\n",
        "000001_parts.down.sql": f"begin;\n{NO_TABLE}\ncommit;\n",
        "000002_index.up.sql": INDEX,
        "000002_index.down.sql": NO_INDEX,
        "000003_two.up.sql": f"\ufeff{FUNCTION}\r\n",
        "000003_two.down.sql": NO_FUNCTION,
        "README.md": "",
    },
    "sqlx": {
        "20240101000000_parts.up.sql": TABLE,
        "20240101000000_parts.down.sql": NO_TABLE,
        "20240102000000_index.up.sql": f"-- no-transaction\n{INDEX}",
        "20240102000000_index.down.sql": f"-- no-transaction\n{NO_INDEX}",
        "20240103000000_two.up.sql": FUNCTION,
        "20240103000000_two.down.sql": NO_FUNCTION,
    },
    "diesel": {
        "2024-01-01-000000_parts/up.sql": TABLE,
        "2024-01-01-000000_parts/down.sql": NO_TABLE,
        "2024-01-02-000000_index/up.sql": INDEX,
        "2024-01-02-000000_index/down.sql": NO_INDEX,
        "2024-01-02-000000_index/metadata.toml": "run_in_transaction = false\n",
        "2024-01-03-000000_two/up.sql": FUNCTION,
        "2024-01-03-000000_two/down.sql": NO_FUNCTION,
    },
    "flyway": {
        "V1__parts.sql": TABLE,
        "U1__parts.sql": NO_TABLE,
        "later/V1.2__index.sql": INDEX,
        "later/U1.2__index.sql": NO_INDEX,
        "V1_10__two.sql": FUNCTION,
        "U1_10__two.sql": NO_FUNCTION,
    },
    "alembic-sql": {
        "up.sql": f"""BEGIN;

CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

-- Running upgrade  -> d1f2cadcc428

{TABLE}

INSERT INTO alembic_version (version_num) VALUES ('d1f2cadcc428') RETURNING version_num;

-- Running upgrade d1f2cadcc428 -> 235fe5634f2a

COMMIT;

{INDEX}

BEGIN;

UPDATE alembic_version SET version_num='235fe5634f2a' WHERE version_num = 'd1f2cadcc428';

-- Running upgrade 235fe5634f2a -> 047d48151a15

{FUNCTION}

UPDATE alembic_version SET version_num='047d48151a15' WHERE version_num = '235fe5634f2a';

COMMIT;
""",
        "down.sql": f"""BEGIN;

-- Running downgrade 047d48151a15 -> 235fe5634f2a

{NO_FUNCTION}

UPDATE alembic_version SET version_num='235fe5634f2a' WHERE version_num = '047d48151a15';

-- Running downgrade 235fe5634f2a -> d1f2cadcc428

DROP INDEX ix_parts;

-- Running downgrade d1f2cadcc428 ->

{NO_TABLE}

DELETE FROM alembic_version WHERE alembic_version.version_num = 'd1f2cadcc428';

DROP TABLE alembic_version;

COMMIT;
""",
    },
}
IDS = {
    "dbmate": ["20240101000000.parts", "20240102000000.index", "20240103000000.two"],
    "sqlx": ["20240101000000.parts", "20240102000000.index", "20240103000000.two"],
    "diesel": ["20240101000000.parts", "20240102000000.index", "20240103000000.two"],
    "goose": ["00001.parts", "00002.index", "00003.two"],
    "plain": ["0001.parts", "0002.index", "0010.two"],
    "prisma": ["20240101000000.parts", "20240102000000.index", "20240103000000.two"],
    "golang-migrate": ["000001.parts", "000002.index", "000003.two"],
    "node-pg-migrate": ["1704067200000.parts", "1704067200001.index", "1704067200002.two"],
    "sql-migrate": ["0001.parts", "0002.index", "0010.two"],
    "tern": ["001.parts", "002.index", "003.two"],
    "flyway": ["0001.1.parts", "0002.1_2.index", "0003.1_10.two"],
    "alembic-sql": ["0001.d1f2cadcc428", "0002.235fe5634f2a", "0003.047d48151a15"],
}
# What those tools' histories say when the first two are applied.
HISTORIES = {
    "flyway": "INSERT INTO flyway_schema_history SELECT n, v, '', 'SQL', '', 1, '', now(), 1, TRUE "
    "FROM (VALUES (1, '1'), (2, '1.2')) AS v (n, v);",
    "alembic-sql": "INSERT INTO alembic_version VALUES ('235fe5634f2a');",
    "goose": "INSERT INTO goose_db_version (version_id, is_applied) VALUES (1, TRUE), (2, TRUE);",
}
CALLED = {"flyway": "Flyway", "alembic-sql": "Alembic"}


class Converter:
    """Converts files that a test writes.

    Args:
        root: Where to write them, and the pairs.

    """

    def __init__(self, root: Path) -> None:
        self.source = root / "theirs"
        self.out = root / "set" / "migrations"
        self.source.mkdir()

    def __call__(self, tool: str, written: dict[str, str]) -> Answer:
        for name, text in written.items():
            path = self.source / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(text.encode())
        return call(None, None, "convert", "--from", tool, self.source, self.out)

    @property
    def made(self) -> MigrationSet:
        """The set that it laid out."""
        made = MigrationSet.__new__(MigrationSet)
        made.migrations, made.seeds, made.sql = self.out, self.out / "../s", self.out / "../sql"
        return made

    @property
    def pairs(self) -> dict[str, str]:
        """The text of each file by its name."""
        return {path.name: path.read_text() for path in sorted(self.out.iterdir())}


@pytest.fixture
def convert(tmp_path: Path) -> Converter:
    return Converter(tmp_path)


def test_every_layout_is_tested_and_offered() -> None:
    assert LAID_OUT.keys() == IDS.keys() == READERS.keys() == {*known.TOOLS}


@newest
@pytest.mark.parametrize("tool", LAID_OUT)
def test_pairs_do_what_the_original_does(
    empty_database: str, convert: Converter, tool: str
) -> None:
    answer = convert(tool, LAID_OUT[tool])
    assert (answer.code, answer.out) == (0, f"wrote 3 pairs to {convert.out}\n")
    assert sorted(convert.pairs) == sorted(
        f"{each}{suffix}" for each in IDS[tool] for suffix in (".sql", ".rollback.sql")
    )
    answer = call(convert.made, empty_database, "migrate")
    assert answer.out.splitlines() == [f"applied {each}" for each in IDS[tool]]
    assert rows(
        empty_database, "SELECT two(), indisvalid FROM pg_index WHERE indrelid = 'parts'::regclass"
    ) == [(2, True)]
    assert call(convert.made, empty_database, "rollback", "--all", "--yes").code == 0
    assert tables(empty_database) == []
    assert rows(empty_database, "SELECT FROM pg_proc WHERE proname = 'two'") == []


@newest
@pytest.mark.parametrize("tool", HISTORIES)
def test_what_the_tool_applied_is_found_in_the_pairs(
    pg: Server, empty_database: str, convert: Converter, tool: str
) -> None:
    convert(tool, LAID_OUT[tool])
    run(empty_database, TABLE, INDEX, LAYOUTS[CALLED.get(tool, tool)], HISTORIES[tool])
    assert Takeover(pg, convert.made, empty_database).adopt() == IDS[tool][:2]


class TestOneFileForEachStatementOutsideATransaction:
    @newest
    def test_a_file_of_several_is_divided_with_its_rollback(
        self, pg: Server, empty_database: str, convert: Converter
    ) -> None:
        more = "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_more ON parts (id, id);"
        answer = convert(
            "goose",
            {
                **LAID_OUT["goose"],
                "00002_index.sql": "-- +goose NO TRANSACTION\n-- +goose Up\n"
                "ALTER TABLE parts ADD n int;\nCREATE TABLE more ();\n"
                f"{INDEX}\n-- The other.\n{more}\n-- +goose Down\n{NO_INDEX}\n"
                "DROP INDEX public.ix_more;\nDROP TABLE more;\nALTER TABLE parts DROP n;\n",
            },
        )
        assert answer.code == 0
        ids = [
            "0001.00001.parts",
            *(f"000{number + 1}.00002.index.{number}" for number in (1, 2, 3)),
            "0005.00003.two",
        ]
        assert answer.out == f"wrote 5 pairs to {convert.out}\n"
        assert (
            sorted({name.removesuffix(".sql").removesuffix(".rollback") for name in convert.pairs})
            == ids
        )
        assert convert.pairs[f"{ids[3]}.sql"] == f"-- transactional: false\n-- The other.\n{more}\n"
        assert call(convert.made, empty_database, "migrate").code == 0
        run(
            empty_database,
            "DROP SCHEMA yoyo CASCADE",
            LAYOUTS["goose"],
            HISTORIES["goose"],
            NO_FUNCTION,
        )
        assert Takeover(pg, convert.made, empty_database).adopt() == ids[:4]
        assert call(convert.made, empty_database, "rollback", "--all", "--yes").code == 0
        assert tables(empty_database) == ["goose_db_version"]

    @newest
    def test_one_whose_rollback_cannot_be_divided_is_named(
        self, empty_database: str, convert: Converter
    ) -> None:
        answer = convert(
            "golang-migrate",
            {
                "1_x.up.sql": f"{TABLE}\n{INDEX}\nALTER TABLE parts ADD n int;",
                "1_x.down.sql": "DROP TABLE parts;",
            },
        )
        assert answer.code == 1
        assert f"{convert.source}/1_x.up.sql: has several statements that stand alone" in answer.out
        answer = call(convert.made, empty_database, "migrate")
        assert answer.code == 2
        assert "0001.1.x.1.sql:1:1: a psql command or a stray backslash" in answer.err

    @newest
    def test_a_value_that_is_added_to_a_type_can_be_used_in_the_next_one(
        self, empty_database: str, convert: Converter
    ) -> None:
        convert(
            "dbmate",
            {
                "1.sql": "-- migrate:up transaction:false\nCREATE TYPE mood AS ENUM ('sad');\n"
                "ALTER TYPE mood ADD VALUE 'ok';\nCREATE TABLE m (m mood DEFAULT 'ok');\n"
                "INSERT INTO m DEFAULT VALUES;\n-- migrate:down\n"
            },
        )
        assert call(convert.made, empty_database, "migrate").code == 0
        assert rows(empty_database, "SELECT m::text FROM m") == [("ok",)]

    @newest
    def test_one_that_is_not_used_divides_nothing(
        self, empty_database: str, convert: Converter
    ) -> None:
        value = "ALTER TYPE mood\n  ADD VALUE IF NOT EXISTS 'ok' AFTER 'sad';"
        up = f"CREATE TYPE mood AS ENUM ('sad');\n{value}\nCREATE TABLE m (m mood);\n"
        down = "DROP TABLE m;\nDROP TYPE mood;\n"
        convert("golang-migrate", {"1_x.up.sql": up, "1_x.down.sql": down})
        assert convert.pairs == {"1.x.sql": up, "1.x.rollback.sql": down}
        assert call(convert.made, empty_database, "migrate").code == 0

    @newest
    def test_a_block_that_commits_stands_alone(
        self, empty_database: str, convert: Converter
    ) -> None:
        commits = "DO $$ BEGIN\n  INSERT INTO parts VALUES (1);\n  commit;\nEND $$;"
        mentions = "DO $$ BEGIN\n  -- COMMIT;\n  RAISE NOTICE 'COMMIT;';\nEND $$;"
        convert("plain", {"1.sql": f"{TABLE}\n{commits}\n{mentions}\n"})
        assert [*convert.pairs.values()][1::2] == [
            f"{TABLE}\n",
            f"-- transactional: false\n{commits}\n",
            f"{mentions}\n",
        ]
        assert call(convert.made, empty_database, "migrate").code == 0


@newest
def test_directories_of_prisma_run_in_the_order_of_their_names(
    pg: Server, empty_database: str, convert: Converter
) -> None:
    answer = convert(
        "prisma",
        {
            "20240101120000_parts/migration.sql": TABLE,
            "20240101_index/migration.sql": INDEX,
            "20240103000000_two/migration.sql": FUNCTION,
        },
    )
    assert answer.code == 0
    assert call(convert.made, empty_database, "migrate").out.splitlines() == [
        "applied 0001.20240101120000.parts",
        "applied 0002.20240101.index",
        "applied 0003.20240103000000.two",
    ]
    run(empty_database, "DROP SCHEMA yoyo CASCADE", NO_FUNCTION, LAYOUTS["Prisma"])
    names = ["20240101120000_parts", "20240101_index"]
    applied = "INSERT INTO _prisma_migrations VALUES ('{0}', '', now(), '{0}')"
    run(empty_database, *(applied.format(name) for name in names))
    assert Takeover(pg, convert.made, empty_database).adopt() == [
        "0001.20240101120000.parts",
        "0002.20240101.index",
    ]


class TestWhatCannotBeConverted:
    @pytest.mark.parametrize(
        ("tool", "written", "problem"),
        [
            ("goose", {"00002_x.go": "package x"}, "00002_x.go: is a program"),
            (
                "goose",
                {"00002_x.sql": "-- +goose ENVSUB ON\n-- +goose Up\nSELECT '${A}';"},
                "00002_x.sql: has variables of the environment in it",
            ),
            (
                "goose",
                {"00002_x.sql": "SELECT 1;"},
                "00002_x.sql: has no line that begins the half",
            ),
            ("tern", {"004_x.sql": "SELECT {{ .n }};"}, "004_x.sql: is a template"),
            ("flyway", {"V2__x.sql": "SELECT ${n};"}, "V2__x.sql: has placeholders"),
            ("flyway", {"R__x.sql": "SELECT 1;"}, "R__x.sql: is repeatable: make it a seed"),
            ("flyway", {"V2__x.java": "class"}, "V2__x.java: is a program"),
            ("flyway", {"afterMigrate.sql": "SELECT 1;"}, "afterMigrate.sql: is no versioned migr"),
            (
                "golang-migrate",
                {"9_x.down.sql": "SELECT 1;"},
                "9_x.down.sql: there is no file to app",
            ),
            ("sqlx", {"9_x.sql": "\\copy a FROM b"}, "x.sql:1:1: a psql command or a stray backsl"),
            (
                "plain",
                {"11_x.sql": "\\restrict x\nSELECT;"},
                "are for psql: take them out",
            ),
            ("sqlx", {"9_x.sql": "SELECT 1; ROLLBACK;"}, "ROLLBACK is not allowed"),
        ],
    )
    def test_is_named_and_the_rest_is_laid_out(
        self, convert: Converter, tool: str, written: dict[str, str], problem: str
    ) -> None:
        answer = convert(tool, LAID_OUT[tool] | written)
        assert answer.code == 1
        assert "cannot be converted:\n" in answer.out
        assert problem in answer.out
        assert answer.out.count("    ") == 1
        assert any("two" in name for name in convert.pairs)

    @newest
    def test_a_migration_with_nothing_to_undo_it_raises_and_an_empty_one_does_nothing(
        self, empty_database: str, convert: Converter
    ) -> None:
        convert("sqlx", {"1_it's.sql": TABLE, "2_empty.up.sql": "-- later\n"})
        assert call(convert.made, empty_database, "migrate").code == 0
        answer = call(convert.made, empty_database, "rollback", "--all", "--yes")
        assert answer.code == 1
        assert "1_it's has nothing to undo it" in answer.err
        assert tables(empty_database) == ["parts"]

    def test_a_set_that_is_there_is_not_written_over(self, convert: Converter) -> None:
        convert("tern", LAID_OUT["tern"])
        before = convert.pairs
        answer = convert("tern", {})
        assert (answer.code, convert.pairs) == (2, before)
        assert "exists, and is not empty" in answer.err

    def test_another_layout_is_refused(self, convert: Converter) -> None:
        answer = convert("diesel", LAID_OUT["goose"])
        assert answer.code == 2
        assert "has no migrations in the layout of diesel" in answer.err
        assert not convert.out.exists()


@newest
@pytest.mark.parametrize("tool", ["dbmate", "goose", "node-pg-migrate", "sql-migrate", "tern"])
def test_a_file_with_both_halves_is_refused_by_name(
    empty_database: str, made: MigrationSet, tool: str
) -> None:
    for name, text in LAID_OUT[tool].items():
        made.write(f"migrations/{name}", text)
    answer = call(made, empty_database, "migrate")
    assert answer.code == 2
    assert (
        f"a file with both halves, as {tool} writes it; `convert --from {tool} DIR OUT`"
        in answer.err
    )
    if tool != "tern":  # beside a rollback file, it would run both halves
        for name in LAID_OUT[tool]:
            made.write(f"migrations/{name.removesuffix('.sql')}.rollback.sql", "SELECT;")
        assert "a file with both halves" in call(made, empty_database, "migrate").err


@pytest.mark.parametrize("tool", ["golang-migrate", "flyway", "prisma", "diesel", "goose"])
def test_the_layout_of_another_tool_is_told_once(tmp_path: Path, tool: str) -> None:
    made = MigrationSet(tmp_path)
    for name, text in LAID_OUT[tool].items():
        if not name.startswith("later/"):
            made.write(f"migrations/{name}", text)
    answer = call(made, "host=/nowhere", "plan")
    told = [line for line in answer.err.splitlines() if f"`convert --from {tool} DIR OUT`" in line]
    assert len(told) == 1
    assert told[0].endswith(" more like this)")


def test_a_set_without_any_rollback_file_is_told_once(tmp_path: Path) -> None:
    made = MigrationSet(tmp_path)
    made.write("migrations/0001-a.sql", TABLE)
    made.write("migrations/0002-b.sql", "SELECT 1;")
    told = call(made, "host=/nowhere", "plan").err
    assert told.count("0001-a.rollback.sql is missing") == 1
    assert "as `convert --from plain DIR OUT` does for a whole set (1 more like this)" in told
    assert "0002-b" not in told
