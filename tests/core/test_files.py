"""Migration files: what is refused and where, and that the rest is read as yoyo reads it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from yoyo import read_migrations
from yoyo.migrations import read_sql_migration, topological_sort
from yoyo.topologicalsort import CycleError

from migrator.core import files
from migrator.core.errors import Refused
from tests.support.sets import THREE, MigrationSet

EXAMPLES = settings(deadline=None, derandomize=True, database=None)


def check(made: MigrationSet) -> list[str]:
    """Read and check a set as migrate does; return the ids in order."""
    migrations = files.discover(made.migrations)
    seeds = files.discover_seeds(made.seeds if made.seeds.is_dir() else None)
    files.check([each.source for each in migrations] + [each.source for each in seeds])
    files.check(files.read(each.rollback_path) for each in migrations)
    return [each.id for each in migrations]


def refusal(made: MigrationSet) -> str:
    """Return why a set is refused, with paths from the set's root."""
    with pytest.raises(Refused) as raised:
        check(made)
    assert raised.value.exit_code == 2
    assert raised.value.state == "Nothing was changed."
    assert raised.value.hint
    return raised.value.message.replace(f"{made.migrations.parent}{os.sep}", "")


# What is wrong with a file's text


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("", "", "the file has no statement"),
        (" \n\t\n", "", "the file has no statement"),
        ("-- nothing /* yet */\n/* ; */ ;;\n", "", "the file has no statement"),
        (b"SELECT 1;\n-- caf\xe9\n", ":2", "not UTF-8 (byte 16)"),
        (b"\xff\xfeS\0E\0", ":1", "not UTF-8 (byte 0)"),
        (b"SELECT 1;\nSELECT '\0';\n", ":2", "a NUL byte (byte 18)"),
        ("SELECT 1;\n  \\i other.sql\n", ":2:3", "a psql command"),
        ("\\set x 1\n", ":1:1", "a psql command"),
        ("COPY a FROM STDIN;\n1\n\\.\n", ":1:1", "write INSERT"),
        ("SELECT 1;\ncopy a (id) from stdin with csv;\n", ":2:1", "write INSERT"),
        ("COPY (SELECT 1) TO STDOUT;\n", ":1:1", "write INSERT"),
        ("SELECT 1;\n\n  COMMIT;\n", ":3:3", "COMMIT is not allowed"),
        ("BEGIN;\nSELECT 1;\n", ":1:1", "BEGIN is not allowed"),
        ("SELECT 1; ROLLBACK AND CHAIN;", ":1:11", "ROLLBACK AND is not allowed"),
        ("START TRANSACTION;", ":1:1", "START TRANSACTION is not allowed"),
        ("SELECT 1; /* at\nlast */ end;", ":2:9", "END is not allowed"),
        ("SELECT 1;\nVACUUM a;\n", ":2:1", "put it alone into a file with -- transactional: false"),
        ("CREATE INDEX CONCURRENTLY i ON a (id);", ":1:1", "put it alone into a file"),
        ("-- transactional: false\nVACUUM a; VACUUM b;", ":2:11", "a second statement"),
        ("-- transactional: false\nVACUUM a;\nSELECT 1;", ":3:1", "a second statement"),
        ("-- transactional: false\nBEGIN;", ":2:1", "BEGIN is not allowed"),
        ("SELECT 'a\n;\n", ":1:8", "never closed"),
        ("SELECT 1;\n/* a /* b */\n", ":2:1", "never closed"),
        ("DO $body$ BEGIN END; $$;", ":1:4", "never closed"),
    ],
)
def test_a_text_that_cannot_be_run_is_refused_with_its_place(
    made: MigrationSet, text: str | bytes, place: str, message: str
) -> None:
    made.add("0004.d.change", text)
    refused = refusal(made)
    assert f"migrations/0004.d.change.sql{place}: " in refused
    assert message in refused


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("", "", "the file has no statement"),
        ("-- there is no way back\n", "", "the file has no statement"),
        ("DROP TABLE d;\nCOMMIT;\n", ":2:1", "COMMIT is not allowed"),
        ("DROP INDEX CONCURRENTLY d;\n", ":1:1", "put it alone into a file"),
        (
            "-- transactional: no\nDROP TABLE d;\n",
            "",
            "transactional must be true or false, not 'no'",
        ),
        (b"DROP TABLE caf\xe9;\n", ":1", "not UTF-8"),
    ],
)
def test_a_rollback_file_is_checked_before_its_pair_is_applied(
    made: MigrationSet, text: str | bytes, place: str, message: str
) -> None:
    made.add("0004.d.create", "CREATE TABLE d ();\n", text)
    refused = refusal(made)
    assert f"migrations/0004.d.create.rollback.sql{place}: " in refused
    assert message in refused


def test_a_seed_is_checked(made: MigrationSet) -> None:
    made.seed("02.b", "COMMIT;\n")
    assert "seeds/02.b.sql:1:1: COMMIT is not allowed" in refusal(made)
    made.seed("02.b", "-- transactional: false\nVACUUM b;\n")
    assert "seeds/02.b.sql: a seed must run in a transaction" in refusal(made)


def test_all_problems_of_all_files_are_told_at_once(made: MigrationSet) -> None:
    made.add("0004.d.create", "COMMIT;\nVACUUM;\n")
    made.add("0005.e.create", "")
    refused = refusal(made)
    assert refused.startswith("3 problems in the files:\n")
    assert [line.partition(": ")[0] for line in refused.splitlines()[1:]] == [
        "  migrations/0004.d.create.sql:1:1",
        "  migrations/0004.d.create.sql:2:1",
        "  migrations/0005.e.create.sql",
    ]


def test_of_many_problems_in_one_file_the_first_are_told(made: MigrationSet) -> None:
    made.add("0004.d.create", "COMMIT;\n" * 1000)
    refused = refusal(made)
    assert "0004.d.create.sql:1:1" in refused
    assert "the rest of the file was not checked" in refused
    assert len(refused.splitlines()) < 30


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 'COMMIT; \\i x', $$ COMMIT; \\copy $$, \"\\d\" FROM a; -- COMMIT;\n/* BEGIN; */",
        "SAVEPOINT s; ROLLBACK TO s; RELEASE s;",
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END;",
        "DO $$ BEGIN PERFORM 1; END $$",
        "-- transactional: false\nCREATE INDEX CONCURRENTLY i ON a (id)\n;\n-- done;\n",
        "-- transactional: TRUE\nSELECT E'it\\'s; COMMIT; '\n'\\'; COMMIT; ';",
    ],
)
def test_what_only_looks_wrong_is_accepted(made: MigrationSet, text: str) -> None:
    made.add("0004.d.change", text)
    assert check(made)[-1] == "0004.d.change"


# Directives


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("-- Transactional: false\nVACUUM a;", ":1", "yoyo ignores this directive"),
        ("-- TRANSACTIONAL: false\nVACUUM a;", ":1", "yoyo ignores this directive"),
        ("-- Depends: 0001.a.create\nSELECT 1;", ":1", "yoyo ignores this directive"),
        ("/* x */\n-- transactional: false\nVACUUM a;", ":2", "move it into the leading"),
        ("/* transactional: false */ VACUUM a;", ":1", "move it into the leading"),
        ("/*\n * depends: 0001.a.create\n */\nSELECT 1;", ":2", "move it into the leading"),
        (";\r-- depends: 0001.a.create\rSELECT 1;", ":2", "move it into the leading"),
        ("-- transactional: no\nVACUUM a;", "", "transactional must be true or false, not 'no'"),
        ("-- transactional:\nVACUUM a;", "", "transactional must be true or false, not ''"),
        ("-- transactional: false -- x\nVACUUM a;", "", "transactional must be true or false, not"),
        (
            "-- transactional: false\n-- transactional: false\nVACUUM a;",
            ":2",
            "transactional is given twice",
        ),
    ],
)
def test_a_directive_that_yoyo_would_pass_over_is_refused(
    made: MigrationSet, text: str, place: str, message: str
) -> None:
    made.add("0004.d.change", text)
    refused = refusal(made)
    assert f"migrations/0004.d.change.sql{place}: " in refused
    assert message in refused


def test_the_header_is_read(tmp_path: Path) -> None:
    path = MigrationSet(tmp_path).add(
        "0001.a.create",
        "-- purpose: to say: something\n--locks:none\n\n-- other: no\n  -- reversible:  yes \n"
        "-- transactional: False\n-- depends: x y\n-- depends: z\nVACUUM;\n-- locks: late\n",
    )
    source = files.read(path)
    assert source.header == {
        "purpose": "to say: something",
        "locks": "none",
        "reversible": "yes",
    }
    assert not source.transactional
    assert source.depends == {"x", "y", "z"}
    assert not source.problems


header_lines = st.sampled_from(
    (
        *("-- transactional: false", "--transactional:TRUE", "  --  transactional : False "),
        *(
            "-- depends: a",
            "-- depends:b  c",
            "--depends :",
            "-- depends: a;b",
            "\t-- depends: d\t",
        ),
        *("-- Depends: e", "-- x depends: f", "--- depends: g", "-- transactional: maybe"),
        *("", "   ", "-- a comment; with more", "-- depends", "/* depends: h */", "/* x", "*/"),
        *("SELECT 1;", "\ufeff", "\u00a0", "-- \u00e9 depends: i", ";", "'", "/* */ -- depends: j"),
    )
)
line_ends = st.sampled_from(("\n", "\r\n", "\r"))


@settings(EXAMPLES, max_examples=150)
@given(st.lists(header_lines, max_size=6), line_ends)
def test_a_file_that_is_not_refused_says_to_yoyo_what_it_says_here(
    lines: list[str], line_end: str
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "0001.a.sql")
        text = line_end.join([*lines, "SELECT 1;\n"])
        path.write_text(
            text.removeprefix("\ufeff"), encoding="utf-8", newline=""
        )  # yoyo knows no BOM
        source = files.read(path)
        try:
            files.check([source])
        except Refused:
            return
        directives, _, _ = read_sql_migration(str(path))
        transactional = directives.get("transactional", "true").strip().lower()
        assert source.transactional == {"true": True, "false": False}[transactional]
        assert source.depends == set(directives.get("depends", "").split())


# Names, pairs, numbers


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("0004.d.create.sql", "its rollback file 0004.d.create.rollback.sql is missing"),
        ("0004.d.create.rollback.sql", "there is no migration for this rollback file"),
        ("0003.c.create.py", "only raw SQL migrations can be run"),
        ("0004.d.create.py", "only raw SQL migrations can be run"),
        ("post-apply.sql", "only raw SQL migrations can be run"),
        ("0004.d.create.SQL", "its name must end in .sql, in lower case"),
        ("0004.d/up.sql", "has a name as diesel gives them; `convert --from diesel DIR OUT`"),
        ("old/more/0004.d.create.sql", "looks like a migration, but files in subdirectories"),
        ("more/0004.d.create.sql", "looks like a migration, but files in subdirectories"),
        ("0004.d\n.sql", "printable characters"),
        (f"0004.{'d' * 242}.sql", "printable characters"),
    ],
)
def test_a_file_that_is_no_part_of_a_pair_is_refused(
    made: MigrationSet, name: str, message: str
) -> None:
    made.write(f"migrations/{name}", "SELECT 1;\n")
    refused = refusal(made)
    assert name.encode("unicode_escape").decode() in refused
    assert message in refused


def test_what_is_no_migration_is_left_alone(made: MigrationSet) -> None:
    for name in ("README.md", "0004.d.create.sql~", ".0004.d.create.sql.swp", "0005.d/README.md"):
        made.write(f"migrations/{name}", "?")
    (made.migrations / ".#0003.c.create.sql").symlink_to("somebody@edits-this")
    assert check(made) == ["0001.a.create", "0002.b.create", "0003.c.create"]


@pytest.mark.parametrize("directory", ["migrations", "seeds"])
def test_what_looks_like_a_file_and_is_none_is_refused(made: MigrationSet, directory: str) -> None:
    root = made.migrations.parent / directory
    (root / "0005.link.sql").symlink_to("nowhere")
    (root / "0006.directory.sql").mkdir()
    os.mkfifo(root / "0007.pipe.sql")
    (root / "0008.upper.Sql").touch()
    refused = refusal(made)
    assert "0005.link.sql: a link that leads nowhere" in refused
    assert "0006.directory.sql: not a file" in refused
    assert "0007.pipe.sql: not a file" in refused
    assert "0008.upper.Sql: its name must end in .sql" in refused


def test_a_set_may_have_its_other_sql_in_its_own_directory(made: MigrationSet) -> None:
    inner = made.migrations / "seeds"
    made.seeds.rename(inner)
    made.write("migrations/notes/later.sql", "?")
    assert [each.id for each in files.discover(made.migrations, [inner])] == THREE
    assert files.not_read(made.migrations, [inner]) == [made.migrations / "notes/later.sql"]


def test_a_name_that_is_not_utf_8_is_refused(made: MigrationSet) -> None:
    for suffix in (b".sql", b".rollback.sql"):
        name = os.fsencode(made.migrations) + b"/0004.\xff" + suffix
        Path(os.fsdecode(name)).write_text("SELECT 1;\n")
    assert "0004.\\udcff.sql'" in refusal(made)


def test_a_seed_name_that_is_not_utf_8_is_refused(made: MigrationSet) -> None:
    Path(os.fsdecode(os.fsencode(made.seeds) + b"/02.\xff.sql")).write_text("SELECT 1;\n")
    assert "02.\\udcff.sql'" in refusal(made)


def test_two_files_with_one_number_are_refused(made: MigrationSet) -> None:
    made.table(3, "other")
    assert "0003.other.create.sql: has the same number as 0003.c.create" in refusal(made)


def test_numbers_that_sort_otherwise_than_they_count_are_refused(tmp_path: Path) -> None:
    made = MigrationSet(tmp_path)
    made.add("9.a.create", "SELECT 1;")
    made.add("10.b.create", "SELECT 1;")
    made.add("0010_c", "SELECT 1;")
    made.add("2026_02_01_d", "SELECT 1;")
    made.add("2026_02_02_e", "SELECT 1;")
    assert "10.b.create.sql: has the same number as 0010_c" in refusal(made)
    made.remove("0010_c")
    assert "9.a.create.sql: sorts after number 10: pad the numbers with zeros" in refusal(made)


def test_a_file_that_cannot_be_read_is_refused(made: MigrationSet) -> None:
    path = made.add("0004.d.create", "SELECT 1;")
    path.unlink()
    path.mkdir()
    with pytest.raises(Refused, match="cannot be read: Is a directory"):
        files.read(path)


# Order


def test_unknown_dependency_is_refused(made: MigrationSet) -> None:
    made.add("0004.d.create", "-- depends: 0001.a.create 0009.z.create\nSELECT 1;")
    assert "0004.d.create.sql: depends on 0009.z.create, which does not exist" in refusal(made)


@pytest.mark.parametrize("back", ["0005.e.create", "0004.d.create"])
def test_circular_dependencies_are_refused(made: MigrationSet, back: str) -> None:
    made.add("0004.d.create", f"-- depends: {back}\nSELECT 1;")
    made.add("0005.e.create", "-- depends: 0004.d.create\nSELECT 1;")
    refused = refusal(made)
    assert "depend on each other in a circle" in refused
    assert "0004.d.create" in refused
    assert back in refused


names = ("0001.a", "0002.b", "0003.c", "0004.d", "a.b", "b", "b-c", "z")


@settings(EXAMPLES, max_examples=80)
@given(st.dictionaries(st.sampled_from(names), st.sets(st.sampled_from(names), max_size=2)))
def test_the_order_is_that_of_yoyo(graph: dict[str, set[str]]) -> None:
    with tempfile.TemporaryDirectory() as root:
        made = MigrationSet(Path(root))
        for name, others in graph.items():
            known = sorted(others & graph.keys())
            made.add(name, f"-- depends: {' '.join(known)}\nSELECT 1;\n")
        stock = read_migrations(str(made.migrations))
        try:
            expected = [each.id for each in topological_sort(stock)]
        except CycleError:
            assert "in a circle" in refusal(made)
        else:
            assert check(made) == expected


# The checksum


@pytest.mark.parametrize(
    "text",
    [
        b"SELECT 1;\n-- \xc3\xa9\n",
        b"\xef\xbb\xbfSELECT 1;\n-- \xc3\xa9\n",
        b"SELECT 1;\r\n-- \xc3\xa9\r\n",
        b"\xef\xbb\xbfSELECT 1;\r\n-- \xc3\xa9\r\n",
    ],
)
def test_an_editors_habit_is_no_edit(tmp_path: Path, text: bytes) -> None:
    source = files.read(MigrationSet(tmp_path).add("0001.a", text))
    assert source.text == b"SELECT 1;\n-- \xc3\xa9\n"
    assert not source.problems
    # The checksums of applied files are in databases: this value may only change with a new
    # version in CHECKSUM_ALGORITHM.
    expected = "50b1c32a801701c7063f1d5a27c63f8c8cc20f6246b413a37ef77848bd767997"
    assert (files.CHECKSUM_ALGORITHM, source.checksum) == ("sha256/1", expected)


def test_any_other_change_is_an_edit(tmp_path: Path) -> None:
    made = MigrationSet(tmp_path)
    texts = (
        "SELECT 1;\n",
        "SELECT 1;",
        "SELECT 1; \n",
        "select 1;\n",
        "SELECT 1;\n\n",
        "SELECT 2;\n",
    )
    checksums = {files.read(made.add(f"{n:04}.a", text)).checksum for n, text in enumerate(texts)}
    assert len(checksums) == len(texts)


# Anything at all


@settings(EXAMPLES, max_examples=120)
@given(
    st.lists(
        st.tuples(
            st.one_of(
                st.binary(min_size=1, max_size=8),
                st.text(min_size=1, max_size=6).map(lambda text: text.encode(errors="replace")),
                st.sampled_from((b"0001.a", b"1.b", b"0001", b"..", b"\xd9\xa1.c")),
            ).filter(lambda name: not {0, 47} & set(name)),
            st.sampled_from((b".sql", b".rollback.sql", b".SQL", b"", b".py")),
            st.one_of(
                st.binary(max_size=60),
                st.text("-/*depnstracio: \n\r;'\"$\\E1", max_size=60).map(str.encode),
                st.lists(header_lines).map(lambda lines: "\n".join(lines).encode()),
            ),
        ),
        max_size=5,
    )
)
def test_nothing_that_may_be_in_a_directory_is_worse_than_a_refusal(
    content: list[tuple[bytes, bytes, bytes]],
) -> None:
    with tempfile.TemporaryDirectory() as root:
        made = MigrationSet(Path(root))
        for name, suffix, data in content:
            for each in {suffix, b".rollback.sql" if suffix == b".sql" else suffix}:
                path = Path(os.fsdecode(os.fsencode(made.migrations) + b"/" + name + each))
                if path.name not in {".", ".."}:
                    path.write_bytes(data)
        message = ""
        try:
            check(made)
        except Refused as refused:
            message = refused.message
        assert message.replace("\n", "").isprintable()
