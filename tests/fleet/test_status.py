"""`fleet status`: which target is where, and what is wrong with one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import call
from tests.support.databases import run
from tests.support.fleets import Fleet, Place, fleet, keys, keys_in_reference
from tests.support.servers import Server, newest

STATES = ["applied", "pending", "edited", "missing", "out_of_order", "interrupted", "pending_seeds"]


@pytest.fixture
def five(pg: Server, tmp_path: Path) -> Iterator[Fleet]:
    with fleet(tmp_path, [pg], [0, 1, 1, 1, 1]) as made:
        yield made


@newest
def test_targets_are_shown_where_they_are_and_those_that_are_alike_as_one(five: Fleet) -> None:
    for place in five.places[1:]:
        assert call(five.made, place.dsn, "migrate", "--to", "0002").code == 0
    assert call(five.made, five.places[0].dsn, "migrate").code == 0
    answer = five.run("status", "--exit-code")
    assert answer.out.splitlines() == [
        "TARGET           STAGE  VERSION  STATE",
        "t0               0      0003     up to date",
        "t1 and 3 others  1      0002     1 pending",
        "1 at 0003, 4 at 0002",
    ]
    assert answer.code == 3
    only = five.run("status", "--exit-code", "--only", "stage=0")
    assert (only.code, only.out.splitlines()[-1]) == (0, "1 at 0003")
    document = five.run("--json", "status").document
    assert {*keys(document)} == keys_in_reference("fleet status") | {*STATES}
    assert document["up_to_date"] is False
    assert document["targets"][1]["pending"] == ["0003.c.create"]


@newest
def test_what_is_wrong_with_a_target_is_its_row_and_not_the_end(five: Fleet) -> None:
    for place in five.places:
        assert call(five.made, place.dsn, "migrate").code == 0
    edited, foreign, cut_off, same, gone = five.places
    run(edited.dsn, "UPDATE yoyo.migration_checksum SET checksum = '0'"
        " WHERE migration_hash = (SELECT migration_hash FROM yoyo._yoyo_migration"
        " WHERE migration_id LIKE '0002%')")  # fmt: skip
    run(foreign.dsn, "UPDATE yoyo._yoyo_migration SET migration_id = '0003.x'"
        " WHERE migration_id LIKE '0003%'")  # fmt: skip
    run(cut_off.dsn, "INSERT INTO yoyo.intent (migration_hash, migration_id, direction, checksum)"
        " VALUES ('x', '0009.x', 'apply', '0')")  # fmt: skip
    twin = Place("twin", 1, same.server, same.dbname)
    lost = Place("t4", 1, gone.server, "no_such")
    elsewhere = '[[target]]\nname = "t5"\nstage = 2\nurl_env = "NOT_HERE"\n'
    five.write([edited, foreign, cut_off, same, twin, lost], elsewhere)
    answer = five.run("status")
    assert answer.code == 0
    rows = {line.split()[0]: line.split(maxsplit=3)[3] for line in answer.out.splitlines()[1:6]}
    assert (
        rows
        == {
            "t0": "edited: 0002.b.create",
            "t1": "not in the files: 0003.x",
            "t2": "interrupted: 0009.x",
            "t3": "up to date",
            "twin": "same database as t3",
        }
        or answer.out
    )
    assert "t4:\n  error: Cannot connect to" in answer.out
    assert "t5:\n  error: The variable NOT_HERE is not set, or empty." in answer.out
    assert answer.out.splitlines()[-1] == "4 at 0003, 1 at 0002, 2 cannot be reached"
    documents = {each["target"]: each for each in five.run("--json", "status").document["targets"]}
    assert documents["t4"]["reachable"] is False
    assert documents["twin"]["up_to_date"] is False
