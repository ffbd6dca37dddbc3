"""No room left on the server's disk during a deploy: production is as it was, or as is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.backup import archive
from tests.support.commands import call, finish, launch, said
from tests.support.databases import applied, rows, tables
from tests.support.deploys import FAILS, NO_WAY_BACK, paste, site
from tests.support.disks import MB, NO_ROOM, Disk, server
from tests.support.servers import Server, newest
from tests.support.sets import MigrationSet
from tests.support.torture import Machine

pytestmark = pytest.mark.slow

FILL = "CREATE TABLE b (id int, note text); INSERT INTO b SELECT n, repeat(md5(n::text), 30) FROM"
ROWS = 30_000  # a third of the disk


def deployed(made: MigrationSet, host: Machine, backups: Path) -> str:
    """Deploy a table that is large for the disk; return the database."""
    host.ask("ALTER ROLE owner CREATEDB")
    database = host.dsn(host.create("template1"))
    made.remove("0002.b.create")
    made.remove("0003.c.create")
    made.add("0002.b.create", f"{FILL} generate_series(1, {ROWS}) AS n;", "DROP TABLE b;")
    arguments = ["deploy", "--yes", "--no-rehearse", "--backup-dir", str(backups)]
    answer = call(made, database, *arguments)
    assert answer.code == 0, answer.err
    return database


def others(host: Machine) -> list[str]:
    found = host.ask("SELECT datname FROM pg_database WHERE datname ~ '^deploy_'")
    return [name for (name,) in found]


def test_a_copy_that_does_not_fit_is_no_rehearsal_and_no_harm(
    disk: Disk, elsewhere: Path, made: MigrationSet, tmp_path: Path
) -> None:
    place = ["--backup-dir", str(tmp_path)]
    with server(disk, elsewhere, wal_on_disk=False) as host:
        database = deployed(made, host, tmp_path)
        made.table(4, "d")
        with disk.with_little_room(20 * MB):
            admin = ["--admin", host.dsn("postgres", "postgres")]
            answer = call(made, database, "deploy", "--yes", "--rehearse", *admin, *place)
            assert answer.code == 2
            assert "There can be no rehearsal: the server's disk has 2" in answer.err

            # A role that may not know where the data are is believed.
            before = disk.free
            answer = call(made, database, "deploy", "--yes", "--rehearse", *place)
            assert answer.code == 1, answer.err
            assert NO_ROOM in answer.err
            assert "state: The target was not changed by that." in answer.err
            assert others(host) == []
            assert before - disk.free < 4 * MB
        assert applied(database) == ["0001.a.create", "0002.b.create"]
        assert call(made, database, "deploy", "--yes", "--no-rehearse", *place).code == 0


def test_a_restore_that_does_not_fit_is_gone_on_with_when_there_is_room(
    disk: Disk, elsewhere: Path, made: MigrationSet, tmp_path: Path
) -> None:
    place = ["--backup-dir", str(tmp_path)]
    with server(disk, elsewhere, wal_on_disk=False) as host:
        database = deployed(made, host, tmp_path)
        made.add("0004.b.delete", "DELETE FROM b WHERE id > 100;", NO_WAY_BACK)
        made.add("0005.bad.x", FAILS)
        with disk.with_little_room(20 * MB):
            answer = call(made, database, "deploy", "--closed", "--yes", *place)
            assert answer.code == 1
            assert NO_ROOM in answer.err
            assert "0005.bad.x.sql:1:1: division by zero. Its rollback files do not" in answer.err
            assert "state: The database is closed, and not as before." in answer.err
            assert others(host) == []
        answer = paste(answer, "--undo")
        assert answer.code == 0, answer.err
        assert rows(database, "SELECT count(*) FROM b") == [(ROWS,)]
        assert tables(database) == ["a", "b"]


@newest
def test_a_deploy_is_undone_though_nothing_more_fits_beside_its_backup(
    pg: Server, disk: Disk, tmp_path: Path
) -> None:
    with site(pg, tmp_path) as found:
        here = found._replace(backups=disk.root / "backups")
        assert here.deploy().code == 0
        here.made.table(4, "d")
        here.made.add("0005.wait", "SELECT pg_sleep(30);")
        process = launch(
            here.made, here.database, "deploy", "--yes", "--no-rehearse", *here.options
        )
        said(process, "applied 0004.d.create")
        process.kill()
        finish(process)
        with disk.with_little_room(0):
            answer = here.call("deploy", "--undo", *here.options)
            assert answer.code == 0, answer.err
            assert "could not be written: No space left on device" in answer.err
            assert tables(here.database) == ["a", "b", "c"]
            assert here.deploys[0]["outcome"] == "undone"
        assert here.manifest()["ended"] is None
        here.made.remove("0005.wait")
        assert here.deploy().code == 0
        assert {each.manifest.ended for each in archive.all_in(here.backups)} == {
            "applied",
            "undone",
        }
