"""No room left on the server's disk: nothing is half done, and what stands is told truly."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.core import runner
from tests.support.commands import call
from tests.support.databases import applied, rows, run, tables
from tests.support.disks import MB, NO_ROOM, Disk, server
from tests.support.sets import MigrationSet

pytestmark = pytest.mark.slow

FILL = "INSERT INTO {} SELECT n, repeat('x', 1000) FROM generate_series(1, 30000) AS n;"
MAKE_ROOM = "next: Free space on the server's disk, and run the command again."


@pytest.fixture
def made(tmp_path: Path) -> MigrationSet:
    made = MigrationSet(tmp_path)
    made.table(1, "a")
    made.add(
        "0002.b.create",
        f"CREATE TABLE b (id int, note text);\n{FILL.format('b')}\n",
        "DROP TABLE b;",
    )
    return made


def test_what_does_not_fit_is_rolled_back_and_applied_when_there_is_room(
    disk: Disk, elsewhere: Path, made: MigrationSet
) -> None:
    with server(disk, elsewhere, wal_on_disk=False) as host:
        database = host.dsn(host.create("template1"))
        with disk.with_little_room(8 * MB):
            before = disk.free
            answer = call(made, database, "migrate")
            assert answer.code == 1
            assert "0002.b.create.sql:2:1: could not extend file" in answer.err
            assert NO_ROOM in answer.err
            assert "state: The file was rolled back; the files before it stay" in answer.err
            assert MAKE_ROOM in answer.err
            assert (tables(database), applied(database)) == (["a"], ["0001.a.create"])
            assert before - disk.free < 2 * MB
        assert call(made, database, "migrate").code == 0

        made.seed("01.b", FILL.format("b"))
        with disk.with_little_room(8 * MB):
            answer = call(made, database, "migrate")
            assert answer.code == 1
            assert "01.b.sql:1:1: " in answer.err
            assert NO_ROOM in answer.err
            assert rows(database, "SELECT count(*) FROM yoyo.seed_checksum") == [(0,)]
        assert rows(database, "SELECT count(*) FROM b") == [(30_000,)]
        assert call(made, database, "migrate").code == 0
        assert rows(database, "SELECT count(*) FROM b") == [(60_000,)]


def test_an_index_that_does_not_fit_is_built_when_there_is_room(
    disk: Disk, elsewhere: Path, made: MigrationSet
) -> None:
    valid = "SELECT indisvalid FROM pg_index WHERE indrelid = 'b'::regclass"
    with server(disk, elsewhere, wal_on_disk=False) as host:
        database = host.dsn(host.create("template1"))
        assert call(made, database, "migrate").code == 0
        run(database, "UPDATE b SET note = md5(id::text) || md5(note) || repeat(md5(id::text), 9)")
        online = "-- transactional: false\n"
        made.add("0003.b.index", f"{online}CREATE INDEX CONCURRENTLY i ON b (note, id);")
        with disk.with_little_room(2 * MB):
            for _ in range(2):
                answer = call(made, database, "migrate")
                assert answer.code == 1
                assert NO_ROOM in answer.err
                assert "state: It left an INVALID index. It is recorded as started." in answer.err
                assert MAKE_ROOM in answer.err
                assert rows(database, valid) == [(False,)]
        assert call(made, database, "migrate").code == 0
        assert rows(database, valid) == [(True,)]


def test_a_server_that_has_no_room_for_its_wal_goes_down_and_loses_nothing(
    disk: Disk, elsewhere: Path, made: MigrationSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "_RECONNECT_S", 1.0)  # it is not coming back
    with server(disk, elsewhere, wal_on_disk=True) as host:
        database = host.dsn(host.create("template1"))
        run(host.dsn("postgres", "postgres"), "CHECKPOINT")
        with disk.with_little_room(2 * MB):
            answer = call(made, database, "migrate")
            assert answer.code == 1
            assert "error: The connection was lost: " in answer.err
            assert (
                "state: The server does not answer; the last file is either applied" in answer.err
            )
            answer = call(made, database, "status")
            assert answer.code == 2
            assert "Cannot connect to" in answer.err
        host.start()
        assert (tables(database), applied(database)) == (["a"], ["0001.a.create"])
        assert call(made, database, "migrate").code == 0
        assert rows(database, "SELECT count(*) FROM b") == [(30_000,)]
