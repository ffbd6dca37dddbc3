"""squash: one pair in the place of many files, which a database that has them counts as having."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import psycopg
import pytest
from yoyo import get_backend, read_migrations

from migrator.catalogue import contents, objects
from migrator.core.errors import Refused
from migrator.core.project import Project
from migrator.takeover.squash import squash
from tests.conftest import INSTALLATIONS
from tests.support.commands import call, execute, finish, launch, psql
from tests.support.databases import active, applied, database, rows, run
from tests.support.predecessors import stock_url
from tests.support.servers import NEWEST, ROOT, Server, clean_environment, newest, throwaway
from tests.support.sets import THREE, MigrationSet, three_tables
from tests.support.waiting import until
from tests.takeover.conftest import Takeover

SQUASHED = "0003.schema.squashed"
HISTORY = "SELECT migration_id, applied_at_utc FROM yoyo._yoyo_migration ORDER BY 2"


@pytest.fixture(scope="module")
def scratch_server() -> Iterator[str]:
    """A server whose roles the tests may change."""
    with throwaway(INSTALLATIONS[NEWEST]) as server:
        yield server.dsn("postgres", server.user)


@pytest.fixture(scope="module")
def pair(scratch_server: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The pair that replaces the three tables of a set: its files by name."""
    made = three_tables(tmp_path_factory.mktemp("three"))
    squashed(made, scratch_server, "0003")
    return {each.name: each.read_text() for each in made.migrations.iterdir()}


def replace(made: MigrationSet, pair: dict[str, str]) -> None:
    """Commit a set, and put the pair in the place of its three tables."""
    commit(made)
    for each in THREE:
        made.remove(each)
    for name, text in pair.items():
        made.write(f"migrations/{name}", text)


def git(made: MigrationSet, *arguments: str) -> None:
    """Run git in the directory of a set."""
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run(
        ["git", *identity, *arguments],
        cwd=made.migrations.parent,
        check=True,
        capture_output=True,
        env=clean_environment(),
    )


def commit(made: MigrationSet) -> None:
    """Commit the files of a set."""
    git(made, "init", "--quiet")
    git(made, "add", "--all")
    git(made, "commit", "--quiet", "--allow-empty", "--message", "files")


def squashed(
    made: MigrationSet, scratch_server: str, name: str, out: Path | None = None
) -> list[str]:
    """Commit the files and squash them; return the notes."""
    if out is None:
        commit(made)
    project = Project.at(made.migrations, None)
    return squash(project, name, lambda: nullcontext(scratch_server), print, out).notes


def refused(made: MigrationSet, scratch_server: str, name: str) -> str:
    """Return why a squash is refused, and that it changed no file."""
    commit(made)
    before = names(made)
    project = Project.at(made.migrations, None)
    with pytest.raises(Refused) as raised:
        squash(project, name, lambda: nullcontext(scratch_server), print)
    assert names(made) == before
    return f"{raised.value.message}\n{raised.value.hint}"


def names(made: MigrationSet) -> list[str]:
    """Return the names of the files that apply."""
    paths = made.migrations.glob("*.sql")
    return sorted(each.stem for each in paths if not each.stem.endswith(".rollback"))


@contextmanager
def holding(name: str) -> Iterator[tuple[objects.Catalogue, dict[str, contents.Rows]]]:
    """Read what a database holds, but for its history."""
    with psycopg.connect(name, autocommit=True) as connection:
        tables = contents.read(connection).tables
        yield (
            objects.read(connection),
            {title: each for title, each in tables.items() if not title.startswith("yoyo")},
        )


def assert_same(one: str, other: str) -> None:
    """Check that two databases hold the same."""
    with holding(one) as (expected, expected_rows), holding(other) as (found, found_rows):
        told = objects.differences(expected.database, found.database)
        assert [each.words for each in told] == []
        assert found_rows == expected_rows


VARIOUS = {
    "0001.roles.reader": (
        "DO $$ BEGIN CREATE ROLE squash_reader; EXCEPTION WHEN duplicate_object THEN NULL;"
        " END $$;\nCREATE EXTENSION IF NOT EXISTS pg_trgm;\n"
        "REVOKE USAGE ON SCHEMA public FROM PUBLIC;\nGRANT pg_monitor TO squash_reader;\n",
        "GRANT USAGE ON SCHEMA public TO PUBLIC;\nDROP EXTENSION pg_trgm;\n",
    ),
    "0002.kinds.create": (
        "CREATE TYPE size AS ENUM ('small');\n"
        "CREATE TABLE kinds (\n"
        "    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, size size,\n"
        "    twice text GENERATED ALWAYS AS (name || name) STORED\n);\n"
        "INSERT INTO kinds (name) VALUES ('it''s\none'), ('back\\slash'), (E'\\t');\n",
        "DROP TABLE kinds;\nDROP TYPE size;\n",
    ),
    "0003.items.create": (
        "-- depends: 0002.kinds.create\n"
        "CREATE TABLE items (id serial PRIMARY KEY, kind int REFERENCES kinds, note text);\n"
        "INSERT INTO items (kind) SELECT id FROM kinds;\n"
        "GRANT SELECT ON items TO squash_reader;\n"
        "ALTER TABLE items ADD CONSTRAINT c CHECK (note <> '') NOT VALID;\n"
        "CREATE MATERIALIZED VIEW counts AS SELECT count(*) AS number FROM items;\n"
        "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$\nUPDATE items\nSET note = 'x'\n"
        ";\n$$;\n"
        "CREATE FUNCTION g() RETURNS void LANGUAGE plpgsql AS $$\nBEGIN\n"
        "SET work_mem = '1MB';\nEND\n$$;\n",
        "DROP FUNCTION g();\nDROP FUNCTION f();\nDROP MATERIALIZED VIEW counts;\n"
        "DROP TABLE items;\n",
    ),
    "0004.kinds.more": (
        "-- transactional: false\nALTER TYPE size ADD VALUE 'large'",
        "SELECT;",
    ),
    "0005.items.index": (
        "-- transactional: false\nCREATE INDEX CONCURRENTLY items_kind ON items (kind)",
        "-- transactional: false\nDROP INDEX CONCURRENTLY items_kind",
    ),
    "0006.parts.create": (
        "CREATE SCHEMA apart;\n"
        "CREATE TABLE apart.parts (id int NOT NULL, at date) PARTITION BY RANGE (id);\n"
        "CREATE TABLE apart.first PARTITION OF apart.parts FOR VALUES FROM (1) TO (10);\n"
        "INSERT INTO apart.parts VALUES (1, '2020-02-29'), (2, NULL);\n"
        "CREATE INDEX parts_at ON apart.parts (at);\n"
        "CREATE RULE quiet AS ON DELETE TO apart.parts DO INSTEAD NOTHING;\n"
        "ALTER DEFAULT PRIVILEGES IN SCHEMA apart GRANT SELECT ON TABLES TO squash_reader;\n",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA apart REVOKE SELECT ON TABLES FROM squash_reader;\n"
        "DROP TABLE apart.parts;\nDROP SCHEMA apart;\n",
    ),
}
LATER = "-- depends: 0003.items.create\nALTER TABLE items ADD later int;\n"


@pytest.fixture
def various(tmp_path: Path) -> MigrationSet:
    """A set with rows, roles, files outside a transaction and a seed."""
    made = MigrationSet(tmp_path / "various")
    for name, pair in VARIOUS.items():
        made.add(name, *pair)
    made.add("0007.items.later", LATER, "ALTER TABLE items DROP later;\n")
    made.seed("01.items", "INSERT INTO items (id) SELECT 9 WHERE NOT EXISTS (TABLE kept);\n")
    made.add("0008.kept.create", "CREATE TABLE kept AS SELECT 1;\n", "DROP TABLE kept;\n")
    return made


class TestThePair:
    def test_makes_the_same_in_a_new_database_and_is_recorded_in_an_old_one(
        self, pg: Server, various: MigrationSet, scratch_server: str
    ) -> None:
        with database(pg, owner=pg.user) as one, database(pg, owner=pg.user) as other:
            old, new = pg.dsn(one, pg.user), pg.dsn(other, pg.user)
            assert call(various, old, "migrate").code == 0
            dates = rows(old, HISTORY)
            notes = squashed(various, scratch_server, "0006")
            assert notes == []
            assert names(various) == [
                "0006.schema.squashed",
                "0007.items.later",
                "0008.kept.create",
            ]
            status = call(various, old, "--json", "status", "--exit-code")
            assert status.code == 0
            assert status.document["applied"] == names(various)
            assert call(various, old, "migrate").out == (
                "recorded 0006.schema.squashed in the place of 6\n"
            )
            assert rows(old, HISTORY) == [("0006.schema.squashed", dates[5][1]), *dates[6:]]
            assert call(various, old, "verify").code == 0
            assert call(various, new, "migrate").code == 0
            assert_same(old, new)
            rolled_back = call(various, new, "rollback", "--all", "--yes")
            assert rolled_back.code == 0
            with holding(new) as (found, _):
                left = {each.kind for each in found.database.objects.values()}
            assert left == {"database", "extension", "schema"}  # PL/pgSQL, public

    def test_reads_as_one_file(self, made: MigrationSet, pair: dict[str, str]) -> None:
        text = pair[f"{SQUASHED}.sql"]
        head, _, body = text.partition("\n\n")
        assert "-- purpose: everything up to 0003.c.create, as one pair\n" in head
        assert "-- locks: none\n-- reversible: lossy: every row\n" in head
        assert "-- replaces: 0001.a.create .. 0003.c.create (3 files, sha256 " in head
        assert body.splitlines()[:5] == [
            "SET LOCAL check_function_bodies TO FALSE;",
            "SET LOCAL search_path TO '';",
            "",
            "CREATE TABLE public.a (",
            "    id integer",
        ]
        assert pair[f"{SQUASHED}.rollback.sql"].splitlines()[-3:] == [
            "DROP TABLE public.c;",
            "DROP TABLE public.b;",
            "DROP TABLE public.a;",
        ]
        replace(made, pair)
        assert call(made, None, "lint").out == "no findings\n"

    @newest
    @pytest.mark.slow
    def test_values_of_the_clock_are_left_to_their_defaults(
        self, made: MigrationSet, scratch_server: str, empty_database: str
    ) -> None:
        made.add(
            "0003.c.create",
            "CREATE TABLE c (name text, at timestamptz DEFAULT clock_timestamp());\n"
            "INSERT INTO c VALUES ('a'), ('b');\n",
            "DROP TABLE c;",
        )
        (note,) = squashed(made, scratch_server, "0003")
        assert note.startswith("c.at: its default gives the value")
        assert call(made, empty_database, "migrate").code == 0
        assert rows(empty_database, "SELECT name FROM c WHERE at > now() - interval '1 min'") == [
            ("a",),
            ("b",),
        ]

    @newest
    @pytest.mark.slow
    def test_is_made_of_a_pair_and_later_files_again(
        self, made: MigrationSet, scratch_server: str, empty_database: str
    ) -> None:
        with_all = three_tables(made.migrations.parent / "all")
        for each in (made, with_all):
            each.table(4, "d")
        assert call(with_all, empty_database, "migrate").code == 0
        squashed(made, scratch_server, "0003")
        squashed(made, scratch_server, "0004")
        assert names(made) == ["0004.schema.squashed"]
        answer = call(made, empty_database, "migrate")
        assert answer.code == 2
        assert "Check out the release that has the replaced files" in answer.err


class TestARefusal:
    @pytest.mark.slow
    def test_of_files_that_git_does_not_have(
        self, made: MigrationSet, scratch_server: str, tmp_path: Path
    ) -> None:
        commit(made)
        made.write("migrations/0002.b.create.sql", "CREATE TABLE b (id bigint);\n")
        project = Project.at(made.migrations, None)
        with pytest.raises(Refused, match=r"git does not have them: 0002\.b\.create\.sql\."):
            squash(project, "0003", lambda: nullcontext(scratch_server), print)
        out = tmp_path / "out"
        squashed(made, scratch_server, "0003", out)
        assert sorted(os.listdir(out)) == [f"{SQUASHED}.rollback.sql", f"{SQUASHED}.sql"]
        assert names(made) == THREE

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("ALTER SYSTEM SET work_mem = '5MB';", "ALTER SYSTEM SET WORK_MEM reaches beyond"),
            (
                "CREATE TABLE c (n float); INSERT INTO c VALUES (random());",
                "c.n: gets other values each time, and has no default that gives one",
            ),
            (
                "CREATE TABLE c (); INSERT INTO c"
                " SELECT FROM generate_series(1, (random() * 20000)::integer);",
                "c: has another number of rows each time",
            ),
            ("SELECT lo_create(0);", "large object"),
        ],
    )
    def test_of_what_no_pair_can_carry(
        self, made: MigrationSet, scratch_server: str, text: str, why: str
    ) -> None:
        made.add("0003.c.create", f"-- transactional: {str('SYSTEM' not in text).lower()}\n{text}")
        message = refused(made, scratch_server, "0003")
        assert why in message
        assert "Squash up to an earlier migration" in message

    def test_of_a_single_file_or_one_that_is_not_there(
        self, made: MigrationSet, scratch_server: str
    ) -> None:
        assert "there is nothing to squash" in refused(made, scratch_server, "0001")
        assert "There is no migration 0009" in refused(made, scratch_server, "0009")

    @newest
    def test_of_a_file_among_those_that_are_replaced(
        self, made: MigrationSet, pair: dict[str, str], empty_database: str
    ) -> None:
        replace(made, pair)
        made.table(2, "late")
        answer = call(made, empty_database, "migrate")
        assert answer.code == 2
        assert f"0002.late.create.sql: is among the files that {SQUASHED} replaces" in answer.err


@newest
class TestADatabaseWithAPart:
    @pytest.fixture
    def part(self, made: MigrationSet, pair: dict[str, str], empty_database: str) -> str:
        assert call(made, empty_database, "migrate", "--to", "0002").code == 0
        replace(made, pair)
        return empty_database

    def test_is_told_what_to_do(self, part: str, made: MigrationSet) -> None:
        before = rows(part, HISTORY)
        for arguments in (["migrate"], ["rollback", "--all", "--yes"], ["plan"], ["seed"]):
            answer = call(made, part, *arguments)
            assert answer.code == 2
            assert (
                f"{SQUASHED}.sql: replaces 3 migrations, and the database has 2 of them, the last "
                "0002.b.create\n"
            ) in answer.err
            assert "Check out the release that has the replaced files" in answer.err
        assert rows(part, HISTORY) == before
        status = call(made, part, "--json", "status", "--exit-code")
        assert status.code == 3
        assert status.document["missing"] == THREE[:2]
        git(made, "stash", "--include-untracked")  # back to the release with the old files
        assert call(made, part, "migrate").code == 0
        git(made, "stash", "pop")
        assert call(made, part, "migrate").code == 0
        assert applied(part) == [SQUASHED]

    def test_realigns(self, part: str, made: MigrationSet) -> None:
        answer = call(made, part, "--json", "realign", "--yes")
        assert answer.document == {"rolled_back": THREE[1::-1], "would_apply": [SQUASHED]}
        assert call(made, part, "migrate").code == 0
        assert call(made, part, "status", "--exit-code").code == 0

    @pytest.mark.slow
    def test_or_with_another_text_of_one_is_refused(
        self, made: MigrationSet, scratch_server: str, empty_database: str
    ) -> None:
        assert call(made, empty_database, "migrate").code == 0
        made.write("migrations/0002.b.create.sql", "CREATE TABLE b (id bigint);\n")
        squashed(made, scratch_server, "0003")
        answer = call(made, empty_database, "migrate")
        assert answer.code == 2
        assert "has others in their place, or other texts of them" in answer.err


@newest
class TestEveryCommand:
    @pytest.fixture
    def whole(self, made: MigrationSet, pair: dict[str, str], empty_database: str) -> str:
        """A database that has all that was replaced, and one more."""
        made.table(4, "d")
        assert call(made, empty_database, "migrate").code == 0
        replace(made, pair)
        return empty_database

    def test_plans_to_record_it(self, whole: str, made: MigrationSet) -> None:
        answer = call(made, whole, "--json", "plan")
        assert answer.document == {"would_apply": [], "seeds": [], "recorded": [SQUASHED]}
        assert call(made, whole, "migrate", "--dry-run").out == (
            f"would record {SQUASHED} in the place of 3\n"
        )
        assert applied(whole) == [*THREE, "0004.d.create"]

    def test_script_of_the_plan_records_it(
        self, whole: str, made: MigrationSet, pg: Server
    ) -> None:
        script = call(made, whole, "plan", "--sql")
        assert script.code == 0
        assert psql(pg, whole, script.out).returncode == 0
        assert applied(whole) == [SQUASHED, "0004.d.create"]
        assert call(made, whole, "migrate").out == "nothing to do\n"

    @pytest.mark.slow
    def test_deploys_it(self, whole: str, made: MigrationSet, tmp_path: Path) -> None:
        answer = call(made, whole, "deploy", "--yes", "--backup-dir", tmp_path)
        assert answer.code == 0
        assert f"recorded {SQUASHED} in the place of 3 migrations" in answer.err
        assert applied(whole) == [SQUASHED, "0004.d.create"]
        assert call(made, whole, "status", "--exit-code").code == 0

    def test_rolls_it_back(self, whole: str, made: MigrationSet) -> None:
        answer = call(made, whole, "--json", "rollback", "--all", "--yes")
        assert answer.document["rolled_back"] == ["0004.d.create", SQUASHED]
        assert applied(whole) == []

    def test_realigns_what_comes_after_it(self, whole: str, made: MigrationSet) -> None:
        made.remove("0004.d.create")
        answer = call(made, whole, "--json", "realign", "--yes")
        assert answer.document == {"rolled_back": ["0004.d.create"], "would_apply": []}
        assert applied(whole) == [SQUASHED]

    def test_goes_back_to_the_old_files_by_the_kept_text(
        self, whole: str, made: MigrationSet
    ) -> None:
        assert call(made, whole, "migrate").code == 0
        git(made, "stash", "--include-untracked")
        assert call(made, whole, "migrate").code == 2
        answer = call(made, whole, "--json", "realign", "--yes")
        assert answer.document["rolled_back"] == ["0004.d.create", SQUASHED]
        assert call(made, whole, "migrate").code == 0
        assert applied(whole) == [*THREE, "0004.d.create"]

    def test_marks_it_by_baseline(self, whole: str, made: MigrationSet, pg: Server) -> None:
        run(whole, "DROP SCHEMA yoyo CASCADE")
        assert Takeover(pg, made, whole).baseline("0003", beside_others=True) == [SQUASHED]

    def test_adopts_what_stock_yoyo_applied(
        self, made: MigrationSet, pair: dict[str, str], empty_database: str, pg: Server
    ) -> None:
        with get_backend(stock_url(empty_database, "public")) as backend:
            backend.apply_migrations(read_migrations(str(made.migrations)))
        replace(made, pair)
        assert Takeover(pg, made, empty_database).adopt() == [SQUASHED]
        assert call(made, empty_database, "migrate").code == 0
        assert applied(empty_database) == [SQUASHED]
        assert call(made, empty_database, "status", "--exit-code").code == 0


@newest
@pytest.mark.parametrize("left", range(5))
def test_a_squash_that_was_killed_is_finished(
    made: MigrationSet, pair: dict[str, str], scratch_server: str, empty_database: str, left: int
) -> None:
    replace(made, pair)
    old = [f"migrations/{name}{end}.sql" for name in THREE for end in (".rollback", "")]
    git(made, "checkout", "HEAD", "--", *old[left:])
    if not left:  # the rollback file alone was written
        (made.migrations / f"{SQUASHED}.sql").unlink()
    assert call(made, empty_database, "migrate").code == 2
    project = Project.at(made.migrations, None)
    squash(project, "0003", lambda: nullcontext(scratch_server), print)
    assert {each.name: each.read_text() for each in made.migrations.iterdir()} == pair


@newest
@pytest.mark.slow
def test_killed_in_any_step_it_is_done_by_the_next_one(tmp_path: Path, empty_database: str) -> None:
    made = MigrationSet(tmp_path / "set")
    for directory in ("migrations", "seeds", "sql"):
        shutil.copytree(ROOT / directory, made.migrations.parent / directory, dirs_exist_ok=True)
    shutil.copy(ROOT / "pyproject.toml", made.migrations.parent)
    assert call(made, empty_database, "migrate").code == 0
    commit(made)
    server = str(tmp_path / "server")
    count = len(names(made))
    number = names(made)[-1].partition(".")[0]
    place = ["--server-directory", server, "squash", number]
    for step in ("starting a server", f"applying {count} migrations", "applying the pair"):
        process = launch(made, None, *place)
        assert process.stderr
        assert any(step in line for line in process.stderr)
        os.killpg(process.pid, signal.SIGKILL)
        finish(process)
    answer = execute("--migrations", made.migrations, *place)
    assert answer.code == 0 or len(names(made)) == 1
    assert names(made) == [f"{number}.schema.squashed"]
    assert list(Path(server).glob("throwaway-*")) == []
    assert call(made, empty_database, "migrate").code == 0
    assert applied(empty_database) == names(made)
    assert call(made, empty_database, "verify").code == 0
    with psycopg.connect(empty_database) as connection:
        assert connection.execute("SELECT count(*) FROM yoyo._yoyo_log").fetchone() == (count + 1,)


@newest
def test_a_runner_that_is_killed_while_it_records_leaves_all_or_nothing(
    made: MigrationSet, pair: dict[str, str], empty_database: str
) -> None:
    assert call(made, empty_database, "migrate").code == 0
    replace(made, pair)
    with psycopg.connect(empty_database) as other:
        other.execute("LOCK yoyo.migration_text")
        process = launch(made, empty_database, "migrate")
        until(lambda: active(empty_database, "%max(m.applied_at_utc)%"))
        process.kill()
        finish(process)
        assert applied(empty_database) == THREE
    assert call(made, empty_database, "migrate").code == 0
    assert applied(empty_database) == [SQUASHED]
