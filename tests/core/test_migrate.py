"""migrate: on databases that are empty, behind, current, ahead, edited and foreign."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.commands import call
from tests.support.databases import applied, rows, run, tables
from tests.support.servers import newest
from tests.support.sets import THREE, MigrationSet
from tests.support.turns import counted

pytestmark = newest


def seeded(database: str) -> list[int]:
    return [number for (number,) in rows(database, "SELECT id FROM a ORDER BY id")]


# Empty, behind, current


def test_an_empty_database_gets_every_migration_then_the_seeds(
    empty_database: str, made: MigrationSet
) -> None:
    answer = call(made, empty_database, "migrate")
    assert answer.code == 0
    assert answer.out.splitlines() == [*(f"applied {name}" for name in THREE), "applied 01.a"]
    target, files, *told = answer.err.splitlines()
    assert target.startswith("target: postgresql://owner@")
    assert files == f"files: {made.migrations}, seeds: {made.seeds}, sql: none"
    assert [line.partition(" (")[0] for line in told] == [
        *(f"applied {name}" for name in THREE),
        "seeded 01.a",
    ]
    assert "(2 rows written)" in told[-1]
    assert tables(empty_database) == ["a", "b", "c"]
    assert applied(empty_database) == THREE
    assert seeded(empty_database) == [1, 2]


def test_a_current_database_is_left_as_it_is(empty_database: str, made: MigrationSet) -> None:
    call(made, empty_database, "migrate")
    log = "SELECT * FROM yoyo._yoyo_log ORDER BY created_at_utc"
    before = rows(empty_database, log)
    answer = call(made, empty_database, "migrate")
    assert (answer.code, answer.out) == (0, "nothing to do\n")
    assert len(answer.err.splitlines()) == 2
    assert rows(empty_database, log) == before


def test_a_database_that_is_behind_gets_what_is_new(
    empty_database: str, made: MigrationSet
) -> None:
    call(made, empty_database, "migrate")
    made.table(4, "d")
    answer = call(made, empty_database, "--json", "migrate")
    assert answer.code == 0
    assert answer.document == {"applied": ["0004.d.create"], "seeds": []}
    assert tables(empty_database) == ["a", "b", "c", "d"]


def test_each_file_takes_one_round_trip(empty_database: str, tmp_path: Path) -> None:
    made = MigrationSet(tmp_path)
    taken = []
    for number in range(1, 31):
        made.table(number, f"t{number}")
        if number in {10, 20, 30}:
            with counted(empty_database) as link:
                assert call(made, link.database, "migrate").code == 0
                taken.append(link.round_trips)
    with counted(empty_database) as link:
        assert call(made, link.database, "rollback", "--steps", "20", "--yes").code == 0
    assert max(*taken, link.round_trips - 10) <= 10 + 15


def test_the_order_follows_dependencies(empty_database: str, tmp_path: Path) -> None:
    made = MigrationSet(tmp_path)
    made.add("0001.a.refer", "-- depends: 0002.b.create\nCREATE TABLE a (b int REFERENCES b);")
    made.add("0002.b.create", "CREATE TABLE b (id int PRIMARY KEY);")
    answer = call(made, empty_database, "migrate")
    assert answer.out.splitlines() == ["applied 0002.b.create", "applied 0001.a.refer"]
    assert call(made, empty_database, "status", "--exit-code").code == 0


@pytest.mark.parametrize("name", ["0002.b.create", "0002.b.create.sql", "0002"])
def test_to_names_the_last_migration_and_seeds_wait_for_the_rest(
    empty_database: str, made: MigrationSet, name: str
) -> None:
    answer = call(made, empty_database, "migrate", "--to", name)
    assert answer.code == 0
    assert answer.out.splitlines() == [f"applied {each}" for each in THREE[:2]]
    assert seeded(empty_database) == []
    assert call(made, empty_database, "migrate", "--to", "0001").out == "nothing to do\n"
    call(made, empty_database, "migrate", "--to", "0003")
    assert seeded(empty_database) == [1, 2]


def test_to_an_unknown_migration_is_refused(empty_database: str, made: MigrationSet) -> None:
    answer = call(made, empty_database, "migrate", "--to", "0009")
    assert answer.code == 2
    assert "error: There is no migration 0009 in the files." in answer.err
    assert tables(empty_database) == []


def test_seeds_can_be_left_alone(empty_database: str, made: MigrationSet) -> None:
    assert call(made, empty_database, "migrate", "--no-seed").code == 0
    assert seeded(empty_database) == []
    answer = call(made, empty_database, "migrate")
    assert answer.out == "applied 01.a\n"
    assert seeded(empty_database) == [1, 2]


def test_only_a_changed_seed_is_applied_again(empty_database: str, made: MigrationSet) -> None:
    call(made, empty_database, "migrate")
    made.seed("02.b", "INSERT INTO b VALUES (7);")
    assert call(made, empty_database, "migrate").out == "applied 02.b\n"
    made.seed("02.b", "DELETE FROM b; INSERT INTO b VALUES (8), (9);")
    answer = call(made, empty_database, "migrate")
    assert answer.out == "applied 02.b\n"
    assert "seeded 02.b (3 rows written)" in answer.err
    assert rows(empty_database, "SELECT id FROM b ORDER BY id") == [(8,), (9,)]


def test_dry_run_says_what_would_be_done_and_does_nothing(
    empty_database: str, made: MigrationSet
) -> None:
    answer = call(made, empty_database, "--json", "migrate", "--dry-run")
    assert answer.code == 0
    assert answer.document == {"would_apply": THREE, "seeds": ["01.a"]}
    assert rows(empty_database, "SELECT to_regnamespace('yoyo')") == [(None,)]
    answer = call(made, empty_database, "migrate", "--dry-run", "--to", "0002")
    assert answer.out.splitlines() == [f"would apply {name}" for name in THREE[:2]]
    assert tables(empty_database) == []


# Ahead, edited, foreign: refused before anything is changed


def refused(made: MigrationSet, database: str, *arguments: str) -> str:
    """Return the message of a refusal that changed nothing."""
    before = tables(database), applied(database)
    answer = call(made, database, "migrate", *arguments)
    assert answer.code == 2
    assert "state: Nothing was changed." in answer.err
    assert (tables(database), applied(database)) == before
    return answer.err


def test_an_edited_file_is_refused(empty_database: str, made: MigrationSet) -> None:
    call(made, empty_database, "migrate")
    path = made.table(2, "b")
    path.write_text("CREATE TABLE b (id bigint);\n")
    made.table(4, "d")
    message = refused(made, empty_database)
    assert f"{path}: was edited after it was applied" in message
    assert "next: Restore the applied text" in message


def test_the_texts_of_the_files_are_kept(empty_database: str, made: MigrationSet) -> None:
    awkward = "SELECT 'it''s \\\\ 100 % \u20ac', $$ %(x)s $$;\n"
    made.add("0004.d.text", awkward, "-- transactional: false\nVACUUM a;\n")
    made.add("0005.d.online", "-- transactional: false\nVACUUM a;\n", awkward)
    made.add("0006.d.large", "SELECT 1;\n" + "-- x\n" * 200_000, "SELECT 2;\n")
    assert call(made, empty_database, "migrate", "--to", "0002").code == 0
    run(empty_database, "DROP TABLE yoyo.migration_text")  # as an older release has left it
    answer = call(made, empty_database, "migrate")
    assert answer.code == 0
    assert "skipping" not in answer.err
    kept = rows(
        empty_database,
        "SELECT migration_id, applied_text, rollback_text FROM yoyo.migration_text"
        " NATURAL JOIN yoyo._yoyo_migration ORDER BY 1",
    )
    assert kept == [
        ("0003.c.create", "CREATE TABLE c (id int);\n", "DROP TABLE c;\n"),
        ("0004.d.text", awkward, "-- transactional: false\nVACUUM a;\n"),
        ("0005.d.online", "-- transactional: false\nVACUUM a;\n", awkward),
        ("0006.d.large", None, "SELECT 2;\n"),
    ]
    assert call(made, empty_database, "rollback", "--all", "--yes").code == 0
    assert rows(empty_database, "TABLE yoyo.migration_text") == []


@pytest.mark.parametrize("habit", ["bom", "crlf"])
def test_an_editors_habit_is_no_edit(empty_database: str, made: MigrationSet, habit: str) -> None:
    call(made, empty_database, "migrate")
    path = made.migrations / "0002.b.create.sql"
    text = path.read_bytes()
    path.write_bytes(b"\xef\xbb\xbf" + text if habit == "bom" else text.replace(b"\n", b"\r\n"))
    assert call(made, empty_database, "migrate").out == "nothing to do\n"
    assert call(made, empty_database, "status", "--exit-code").code == 0


def test_bom_and_crlf_are_applied_as_the_text_without_them(
    empty_database: str, tmp_path: Path
) -> None:
    made = MigrationSet(tmp_path)
    text = "\ufeff-- x\r\nCREATE TABLE a (note text DEFAULT 'one\r\ntwo');\r\n"
    made.add("0001.a.create", text)
    assert call(made, empty_database, "migrate").code == 0
    run(empty_database, "INSERT INTO a DEFAULT VALUES")
    assert rows(empty_database, "SELECT note FROM a") == [("one\ntwo",)]


def test_a_file_that_is_gone_is_refused(empty_database: str, made: MigrationSet) -> None:
    call(made, empty_database, "migrate")
    made.remove("0002.b.create")
    made.table(4, "d")
    message = refused(made, empty_database)
    assert "0002.b.create: applied, but its file is missing" in message


def test_a_database_that_is_ahead_is_refused(empty_database: str, made: MigrationSet) -> None:
    call(made, empty_database, "migrate")
    made.remove("0003.c.create")
    assert "0003.c.create: applied, but its file is missing" in refused(made, empty_database)


def test_a_number_that_comes_late_is_refused(empty_database: str, made: MigrationSet) -> None:
    made.remove("0002.b.create")
    call(made, empty_database, "migrate")
    path = made.table(2, "b")
    message = refused(made, empty_database)
    assert f"{path}: comes before migrations that are already applied" in message
    assert "next: Give the late file a number after the last applied one." in message


def test_all_disagreements_are_told_at_once(empty_database: str, made: MigrationSet) -> None:
    call(made, empty_database, "migrate")
    made.add("0001.a.create", "SELECT 1;")
    made.remove("0002.b.create")
    made.table(2, "late")
    message = refused(made, empty_database)
    assert message.count("\n  ") == 3


def test_a_bad_file_is_refused_before_the_database_is_touched(
    empty_database: str, made: MigrationSet
) -> None:
    made.add("0004.d.create", "CREATE TABLE d ();\nCOMMIT;\n")
    for arguments in (["migrate"], ["migrate", "--dry-run"], ["plan"], ["plan", "--sql"]):
        answer = call(made, empty_database, *arguments)
        assert answer.code == 2
        assert "0004.d.create.sql:2:1: COMMIT is not allowed" in answer.err
        assert answer.out == ""
    assert rows(empty_database, "SELECT to_regnamespace('yoyo')") == [(None,)]


def test_a_foreign_database_keeps_what_it_has(empty_database: str, made: MigrationSet) -> None:
    run(empty_database, "CREATE TABLE b (theirs text)", "INSERT INTO b VALUES ('kept')")
    answer = call(made, empty_database, "migrate", "--beside-others")
    assert answer.code == 1
    assert 'sql:1:1: relation "b" already exists' in answer.err
    assert "state: The file was rolled back; the files before it stay" in answer.err
    assert applied(empty_database) == THREE[:1]
    assert rows(empty_database, "SELECT * FROM b") == [("kept",)]


@pytest.mark.parametrize(
    "foreign",
    [
        "CREATE TABLE yoyo._yoyo_migration (id int)",
        "CREATE TABLE yoyo.migration_checksum (id int); CREATE TABLE yoyo._yoyo_migration (id int)",
    ],
)
def test_a_foreign_schema_in_the_historys_place_is_refused(
    empty_database: str, made: MigrationSet, foreign: str
) -> None:
    run(empty_database, "CREATE SCHEMA yoyo", foreign)
    for command in ("migrate", "status", "plan", "seed", "verify"):
        answer = call(made, empty_database, command)
        assert answer.code == 2
        assert "error: The history in schema yoyo cannot be read: " in answer.err
    assert tables(empty_database) == []


# Files that fail


def test_a_file_that_fails_is_rolled_back_whole_and_those_before_it_stay(
    empty_database: str, made: MigrationSet
) -> None:
    path = made.add("0003.c.create", "CREATE TABLE c (id int);\nINSERT INTO c SELECT 1 / 0;\n")
    answer = call(made, empty_database, "--json", "migrate")
    assert answer.code == 1
    assert answer.document == {
        "error": f"{path}:2:1: division by zero",
        "state": "The file was rolled back; the files before it stay applied.",
        "next": "Correct the cause and run the command again.",
        "exit_code": 1,
    }
    assert tables(empty_database) == ["a", "b"]
    assert applied(empty_database) == THREE[:2]
    made.table(3, "c")
    assert call(made, empty_database, "migrate").out.splitlines() == [
        "applied 0003.c.create",
        "applied 01.a",
    ]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("SELECT 1;\nSELECT '\u20ac\u00e9', missing FROM a;\n", ":2:14: "),
        ("/* \u20ac */ SELECT 1;\n\n  ALTER TABLE missing ADD x int;\n", ":3:3: "),
        (
            "SELECT 1; -- x\nDO $$\nBEGIN\n    RAISE 'no; %', 1;\nEND\n$$;\n",
            ":2:1: no; 1; context: ",
        ),
        ("\ufeffSELECT 1;\r\nSELECT missing;\r\n", ":2:8: "),
    ],
)
def test_an_error_is_told_with_its_place(
    empty_database: str, made: MigrationSet, text: str, place: str
) -> None:
    path = made.add("0002.b.create", text)
    answer = call(made, empty_database, "migrate")
    assert answer.code == 1
    assert f"error: {path}{place}" in answer.err
    assert applied(empty_database) == THREE[:1]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (
            "CREATE TABLE d (id int);\nCREATE TABEL e (id int);\n",
            ':2:8: syntax error at or near "TABEL"',
        ),
        ("-- \u20ac\nSELECT 1,;\n", ':2:10: syntax error at or near ";"'),
        (
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT; SELECT 1,; END;",
            ":1:63: syntax error",
        ),
    ],
)
def test_a_syntax_error_in_the_last_file_is_refused_before_the_first_is_applied(
    empty_database: str, made: MigrationSet, text: str, place: str
) -> None:
    path = made.add("0004.d.create", text)
    answer = call(made, empty_database, "migrate")
    assert answer.code == 2
    assert f"error: {path}{place}" in answer.err
    assert "state: Nothing was changed." in answer.err
    assert tables(empty_database) == []
    assert applied(empty_database) == []


def test_a_syntax_error_in_a_seed_is_refused_before_the_first_file_is_applied(
    empty_database: str, made: MigrationSet
) -> None:
    path = made.seed("02.b", "INSERT INTO b VALUE (1);\n")
    answer = call(made, empty_database, "migrate")
    assert answer.code == 2
    assert f"error: {path}:1:15: syntax error" in answer.err
    assert tables(empty_database) == []


def test_a_seed_that_fails_leaves_the_migrations_and_the_seeds_before_it(
    empty_database: str, made: MigrationSet
) -> None:
    made.seed("02.b", "INSERT INTO b VALUES (1);\nINSERT INTO b VALUES ('x');\n")
    answer = call(made, empty_database, "migrate")
    assert answer.code == 1
    assert "02.b.sql:2:23: invalid input syntax" in answer.err
    assert applied(empty_database) == THREE
    assert seeded(empty_database) == [1, 2]
    assert rows(empty_database, "SELECT * FROM b") == []
    assert call(made, empty_database, "status").out.endswith(
        "pending seeds 02.b\nup to date except for seeds\n"
    )


def test_text_is_sent_as_it_is(empty_database: str, tmp_path: Path) -> None:
    made = MigrationSet(tmp_path)
    values = ["50%", "%s %(x)s", ":name ::1", "{0}", "a''b", "\u20ac \U0001f600", "\\d $1 $$"]
    inserts = "".join(f"INSERT INTO a VALUES ('{value}');\n" for value in values)
    made.add("0001.a.create", f"CREATE TABLE a (v text);\n{inserts}")
    assert call(made, empty_database, "migrate").code == 0
    found = {value for (value,) in rows(empty_database, "SELECT v FROM a")}
    assert found == {value.replace("''", "'") for value in values}


def test_a_type_made_in_a_file_can_be_used_in_it(empty_database: str, tmp_path: Path) -> None:
    made = MigrationSet(tmp_path)
    made.add(
        "0001.t.create",
        "CREATE TYPE t AS ENUM ('a'); ALTER TYPE t ADD VALUE 'b';\n"
        "CREATE TABLE x (t t DEFAULT 'b');",
    )
    assert call(made, empty_database, "migrate").code == 0


def test_what_a_file_selects_is_dropped_and_what_it_raises_is_shown(
    empty_database: str, tmp_path: Path
) -> None:
    made = MigrationSet(tmp_path)
    made.add(
        "0001.a.create",
        "SELECT 'selected';\nDO $$ BEGIN RAISE WARNING 'look here'; RAISE NOTICE E'seen\\nerror: no"
        "\\r\\x1b[1Aapplied' USING DETAIL = 'why', HINT = 'do'; END $$;",
    )
    answer = call(made, empty_database, "migrate")
    assert answer.out == "applied 0001.a.create\n"
    assert "\n| WARNING: look here\n" in answer.err
    told = ["NOTICE: seen", "error: no", "\\x1b[1Aapplied", "DETAIL: why", "HINT: do"]
    assert "".join(f"| {line}\n" for line in told) in answer.err
    assert "selected" not in answer.err


def test_an_error_of_the_server_keeps_to_its_own_line(empty_database: str, tmp_path: Path) -> None:
    made = MigrationSet(tmp_path)
    made.add("0001.a.create", "DO $$ BEGIN RAISE E'no\\nstate: fine\\x1b[2K'; END $$;")
    answer = call(made, empty_database, "migrate")
    labels = [line for line in answer.err.splitlines() if line.startswith("state: ")]
    assert labels == ["state: The file was rolled back; the files before it stay applied."]
    assert "\x1b" not in answer.err


def test_a_set_without_files_has_nothing_to_do(empty_database: str, tmp_path: Path) -> None:
    answer = call(MigrationSet(tmp_path), empty_database, "migrate")
    assert (answer.code, answer.out) == (0, "nothing to do\n")


def test_hundreds_of_files_of_another_origin(empty_database: str, tmp_path: Path) -> None:
    made = MigrationSet(tmp_path)
    for number in range(100):
        made.add(
            f"2024{number:010}_t{number}", f"CREATE TABLE t{number} ()", f"DROP TABLE t{number}"
        )
    assert call(made, empty_database, "migrate").code == 0
    assert len(tables(empty_database)) == 100
    assert call(made, empty_database, "rollback", "--all", "--yes").code == 0
    assert tables(empty_database) == []


def test_a_migration_from_which_a_policy_would_hide_rows_fails_and_changes_nothing(
    empty_database: str, tmp_path: Path
) -> None:
    made = MigrationSet(tmp_path)
    secured = "ALTER TABLE a ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;"
    made.add("0001.a.create", f"CREATE TABLE a (id int); INSERT INTO a VALUES (1); {secured}")
    made.add("0002.a.add", "UPDATE a SET id = id + 1;")
    answer = call(made, empty_database, "migrate")
    assert answer.code == 1
    assert "0002.a.add.sql:1:1: query would be affected by row-level security" in answer.err
    assert "ALTER ROLE <owner of the table> BYPASSRLS" in answer.err.split("next:")[1]
    assert applied(empty_database) == ["0001.a.create"]
