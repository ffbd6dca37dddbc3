"""A schema is the same on every version, and whichever pg_dump reads it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import psycopg
import pytest

from migrator.catalogue.objects import Catalogue, differences, read
from migrator.core.project import Project
from migrator.core.runner import Runner
from migrator.core.session import Limits
from migrator.core.target import Target
from migrator.server import binaries
from migrator.takeover.baseline import baseline
from tests.catalogue.kinds import BEFORE, EXAMPLES, TABLESPACE
from tests.support.commands import call
from tests.support.databases import database, run
from tests.support.servers import OLDEST, Server, installations, throwaway
from tests.support.sets import MigrationSet

# What versions write differently of one schema: the names of NOT NULL constraints after a rename,
# the columns of a view's only relation, and what 15.20 keeps among the options of columns.
RENAMED = """\
CREATE TABLE a (id int PRIMARY KEY, first text NOT NULL, n int, CONSTRAINT ck_n CHECK (n > 0));
ALTER TABLE a RENAME COLUMN first TO note;
ALTER TABLE a RENAME TO b;
ALTER TABLE b ALTER COLUMN n SET (n_distinct = 5);
ALTER TABLE b ALTER COLUMN note SET STATISTICS 7;
CREATE DOMAIN positive AS int NOT NULL CHECK (VALUE > 0);
ALTER DOMAIN positive RENAME TO plus;
CREATE TABLE parent (x int NOT NULL, y int);
CREATE TABLE child (z int NOT NULL) INHERITS (parent);
ALTER TABLE child ALTER COLUMN x SET NOT NULL;
ALTER TABLE child ALTER COLUMN y SET NOT NULL;
ALTER TABLE parent RENAME TO elder;
CREATE TABLE whole (k int NOT NULL, l int) PARTITION BY LIST (k);
CREATE TABLE part PARTITION OF whole FOR VALUES IN (1);
ALTER TABLE whole RENAME COLUMN k TO key;
CREATE VIEW v1 AS SELECT id, note, 'b.id' AS lit FROM b WHERE n > 1 ORDER BY note;
CREATE VIEW v2 AS SELECT id FROM b WHERE id IN (SELECT x FROM child);
CREATE VIEW v3 AS WITH w AS (SELECT id FROM b AS c) SELECT id, w IS NULL AS is_null FROM w;
CREATE VIEW v4 AS SELECT b.id, child.z FROM b JOIN child ON b.id = child.x;
CREATE VIEW v5 AS SELECT id FROM b UNION SELECT x FROM child;
CREATE VIEW v6 AS SELECT s.g FROM generate_series(1, 2) AS s (g);
CREATE MATERIALIZED VIEW m AS SELECT note, count(*) FROM b GROUP BY note HAVING count(*) > 1;
"""


@pytest.fixture
def other_server(pg: Server, request: pytest.FixtureRequest) -> Server:
    """A server of another version."""
    majors = [each for each in installations() if each != pg.major]
    if not majors:
        pytest.skip("only one version of PostgreSQL is here")
    server: Server = request.getfixturevalue(f"server_{majors[0]}")
    return server


@pytest.fixture
def other(other_server: Server) -> Iterator[str]:
    """A database of another version."""
    with database(other_server) as name:
        yield other_server.dsn(name)


@pytest.fixture
def renamed(made: MigrationSet) -> MigrationSet:
    """A set whose files rename what has NOT NULL."""
    made.add("0004.all.rename", f"DROP TABLE a, b;\n{RENAMED}")
    (made.seeds / "01.a.sql").unlink()
    return made


def test_a_snapshot_is_that_of_every_version(
    empty_database: str, other: str, renamed: MigrationSet
) -> None:
    assert call(renamed, other, "migrate").code == 0
    assert call(renamed, other, "schema").code == 0
    text = (renamed.sql / "schema.sql").read_text()
    assert call(renamed, empty_database, "migrate").code == 0
    assert call(renamed, empty_database, "schema", "--check").out.endswith("is current\n")
    answer = call(renamed, empty_database, "verify")
    assert answer.code == 0, answer.out
    assert call(renamed, empty_database, "schema").code == 0
    child = "CREATE TABLE public.child"  # here alone the texts may differ: NOT NULL is said twice
    assert _without(child, (renamed.sql / "schema.sql").read_text()) == _without(child, text)


def _without(start: str, text: str) -> list[str]:
    return [each for each in text.split("-- Name: ") if start not in each]


def test_a_change_is_told_on_every_version(
    empty_database: str, other: str, renamed: MigrationSet
) -> None:
    assert call(renamed, other, "migrate").code == 0
    assert call(renamed, other, "schema").code == 0
    assert call(renamed, empty_database, "migrate").code == 0
    run(
        empty_database,
        "ALTER TABLE b ALTER note DROP NOT NULL, ALTER n SET DEFAULT 7, DROP CONSTRAINT ck_n",
        "ALTER TABLE b ALTER n RESET (n_distinct), ADD stray int",
        "ALTER TABLE child ALTER y DROP NOT NULL",
        "CREATE OR REPLACE VIEW v6 AS SELECT s.g FROM generate_series(1, 3) AS s (g)",
        "ALTER DOMAIN plus DROP NOT NULL",
        "DROP TABLE part, c",
    )
    assert call(renamed, empty_database, "schema", "--check").out.splitlines() == [
        "domain plus differs: expected CREATE DOMAIN public.plus AS integer NOT NULL, "
        "found CREATE DOMAIN public.plus AS integer",
        "table attach part is missing",
        "table b: column n differs: expected integer; SET (n_distinct=5), found integer DEFAULT 7",
        "table b: column note differs: expected text NOT NULL; SET STATISTICS 7, "
        "found text; SET STATISTICS 7",
        "table b: column stray is unexpected",
        "table b: constraint ck_n is missing",
        "table c is missing",
        "table child: column y is missing",
        "table part is missing",
        "view v6 differs: expected FROM generate_series(1, 2) s(g);, "
        "found FROM generate_series(1, 3) s(g);",
    ]


def test_a_snapshot_is_that_of_every_pg_dump(
    pg: Server, empty_database: str, renamed: MigrationSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert call(renamed, empty_database, "migrate").code == 0
    assert call(renamed, empty_database, "schema").code == 0
    for major, programs in installations().items():
        if major >= pg.major:
            monkeypatch.setenv(binaries.OVERRIDE, str(programs))
            answer = call(renamed, empty_database, "schema", "--check")
            assert answer.out.endswith("is current\n"), programs


def test_baseline_compares_with_a_scratch_server_of_another_version(
    empty_database: str, other_server: Server, renamed: MigrationSet
) -> None:
    run(empty_database, *(f"CREATE TABLE {letter} (id int)" for letter in "abc"))
    run(empty_database, f"DROP TABLE a, b;\n{RENAMED}")
    scratch = other_server.dsn("postgres", other_server.user)
    project = Project.at(renamed.migrations, None)
    runner = Runner(project, Target.parse(empty_database, "test"), Limits(), lambda _: None)
    with runner.session.connection:
        assert len(baseline(runner, "0004", lambda: nullcontext(scratch))) == 4


def test_every_kind_of_object_is_read_alike_on_every_version(
    pg: Server, other_server: Server
) -> None:
    here, there = (_read_examples(each.bin_dir) for each in (pg, other_server))
    assert [each.words for each in differences(here, there)] == []
    assert here.digest == there.digest


def _read_examples(bin_dir: Path) -> Catalogue:
    """Make one object of every kind on a server of its own, and read them."""
    examples = (each for each in (TABLESPACE, *EXAMPLES) if each.since == OLDEST)
    with throwaway(bin_dir) as server:
        locale = "TEMPLATE template0 LOCALE_PROVIDER libc LOCALE 'C'"
        run(server.dsn("postgres", server.user), f"CREATE DATABASE example {locale}")
        with psycopg.connect(server.dsn("example", server.user), autocommit=True) as connection:
            connection.execute("SET allow_in_place_tablespaces TO on")
            connection.execute("SET check_function_bodies TO off")
            for statement in (*BEFORE, *(each for one in examples for each in one.make)):
                connection.execute(statement.encode())
            return read(connection)
