"""realign: a database follows the files again, by the texts that were applied."""

from __future__ import annotations

import pytest

from tests.support.commands import call
from tests.support.databases import applied, run, tables
from tests.support.servers import newest
from tests.support.sets import THREE, MigrationSet

pytestmark = newest


def realigned(made: MigrationSet, database: str) -> tuple[list[str], list[str]]:
    """Realign; return what was rolled back and what migrate will apply, and have it do so."""
    answer = call(made, database, "--json", "realign", "--yes")
    assert answer.code == 0, answer.err
    pending = answer.document["would_apply"]
    assert call(made, database, "--json", "status").document["pending"] == pending
    migrated = call(made, database, "--json", "migrate")
    assert migrated.document["applied"] == pending
    assert call(made, database, "status", "--exit-code").code == 0
    assert call(made, database, "realign").out == "nothing to do\n"
    return answer.document["rolled_back"], pending


def test_after_a_change_of_branch(database: str, made: MigrationSet) -> None:
    made.table(4, "theirs")
    made.add(
        "0005.theirs.index",
        "-- transactional: false\nCREATE INDEX CONCURRENTLY i ON theirs (id)",
        "-- transactional: false\nDROP INDEX CONCURRENTLY i",
    )
    assert call(made, database, "migrate").code == 0
    made.remove("0004.theirs.create")
    made.remove("0005.theirs.index")
    made.table(4, "ours")
    refusal = call(made, database, "migrate").err
    assert "In a database of your own, `realign` rolls back what disagrees." in refusal
    gone = ["0005.theirs.index", "0004.theirs.create"]
    assert realigned(made, database) == (gone, ["0004.ours.create"])
    assert tables(database) == ["a", "b", "c", "ours"]


def test_after_an_edit_of_both_files(database: str, made: MigrationSet) -> None:
    made.add("0002.b.create", "CREATE TABLE bb (id int);", "DROP TABLE bb;")
    made.write("migrations/0003.c.create.rollback.sql", "DROP TABLE cc;\n")
    assert realigned(made, database) == (THREE[:0:-1], THREE[1:])
    assert tables(database) == ["a", "bb", "c"]


def test_after_a_file_that_came_late(database: str, made: MigrationSet) -> None:
    made.add("0001.b.early", "CREATE TABLE early ();", "DROP TABLE early;")
    made.remove("0001.a.create")
    made.add("0000.a.create", "CREATE TABLE a (id int);", "DROP TABLE a;")
    late = ["0000.a.create", "0001.b.early", *THREE[1:]]
    assert realigned(made, database) == (THREE[::-1], late)


def test_data_are_destroyed_only_if_confirmed(database: str, made: MigrationSet) -> None:
    made.add("0003.c.create", "CREATE TABLE c (id bigint);", "DROP TABLE c;")
    answer = call(made, database, "realign")
    assert answer.code == 2
    assert "their data may be lost:\n  0003.c.create\n" in answer.err
    assert "add --yes" in answer.err
    assert applied(database) == THREE
    made.add("0003.c.create", "CREATE TABLE c (id int);\n", "DROP TABLE c;\n")
    made.add("0004.d.create", "-- reversible: yes\nCREATE TABLE d ()", "DROP TABLE d")
    assert call(made, database, "migrate").code == 0
    made.remove("0004.d.create")
    assert call(made, database, "realign").code == 0
    assert tables(database) == ["a", "b", "c"]


def test_what_cannot_be_rolled_back_is_refused(database: str, made: MigrationSet) -> None:
    made.add("0004.d.create", "-- reversible: no: it is gone\nCREATE TABLE d ();")
    made.table(5, "e")
    assert call(made, database, "migrate").code == 0
    made.remove("0004.d.create")
    answer = call(made, database, "realign", "--yes")
    assert answer.code == 2
    assert "These cannot be rolled back:\n  0004.d.create: no: it is gone" in answer.err
    assert tables(database) == ["a", "b", "c", "d", "e"]


def test_a_text_that_was_not_kept_is_needed_only_if_the_file_is_gone(
    database: str, made: MigrationSet
) -> None:
    run(database, "DELETE FROM yoyo.migration_text")
    made.table(4, "d")
    assert call(made, database, "migrate").code == 0
    made.add("0002.b.create", "CREATE TABLE b (id bigint);", "DROP TABLE b;")
    answer = call(made, database, "realign", "--yes")
    assert answer.code == 2
    assert "0002.b.create: its rollback text was not kept when it was applied." in answer.err
    assert applied(database) == [*THREE, "0004.d.create"]
    made.table(2, "b")
    made.add("0003.d.early", "SELECT 1;")
    made.remove("0003.c.create")
    made.add("0003.d.early", "SELECT 1;")
    answer = call(made, database, "realign", "--yes")
    assert "0003.c.create: its rollback text was not kept" in answer.err
    made.table(3, "c")
    made.remove("0003.d.early")
    made.add("0000.d.early", "SELECT 1;")
    assert realigned(made, database)[0] == ["0004.d.create", *THREE[::-1]]


@pytest.mark.parametrize("text", ["DROP TABLE missing;", "-- x\nDROP TABLE missing;"])
def test_a_kept_text_that_fails_can_be_corrected_as_the_message_says(
    database: str, made: MigrationSet, text: str
) -> None:
    made.add("0004.it's.create", "CREATE TABLE d ();", text)
    made.table(5, "e")
    assert call(made, database, "migrate").code == 0
    made.add("0004.it's.create", "CREATE TABLE d (id int);", "DROP TABLE d;")
    answer = call(made, database, "realign", "--yes")
    assert answer.code == 1
    place = f"yoyo.migration_text/0004.it's.create.rollback.sql:{text.count(chr(10)) + 1}:1"
    assert f'error: {place}: table "missing" does not exist' in answer.err
    assert (
        "state: 0004.it's.create and all before it are still applied; "
        "what came after was rolled back." in answer.err
    )
    assert tables(database) == ["a", "b", "c", "d"]
    correction = answer.err.partition("`realign` again: ")[2].strip()
    run(database, correction.replace("'...'", "'DROP TABLE d;'"))
    assert realigned(made, database) == (
        ["0004.it's.create"],
        ["0004.it's.create", "0005.e.create"],
    )
