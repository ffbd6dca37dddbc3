"""A deploy in short, one of each kind, for every run of the tests; the other files say the rest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.databases import applied, rows, run, tables
from tests.support.deploys import FAILS, NO_WAY_BACK, Site, site
from tests.support.servers import Server
from tests.support.sets import THREE


@pytest.fixture
def here(pg: Server, tmp_path: Path) -> Iterator[Site]:
    """A site that was deployed to, and has a migration to come."""
    with site(pg, tmp_path) as found:
        assert found.deploy().code == 0
        found.made.table(4, "d")
        yield found


def test_rehearsed_and_applied(here: Site) -> None:
    assert here.deploy(rehearse=True).code == 0
    assert applied(here.database) == [*THREE, "0004.d.create"]
    assert (here.deploys[0]["outcome"], here.others()) == ("applied", [])


def test_undone_by_the_pairs(here: Site) -> None:
    here.made.add("0005.b.fail", FAILS)
    assert here.deploy().code == 1
    assert tables(here.database) == ["a", "b", "c"]
    assert here.deploys[0]["outcome"] == "undone"


def test_restored_from_the_backup_and_by_hand_into_another_database(here: Site) -> None:
    run(here.database, "INSERT INTO b VALUES (1), (2)")
    here.made.add("0005.b.empty", "DELETE FROM b;", NO_WAY_BACK)
    here.made.add("0006.b.fail", FAILS)
    assert here.deploy().code == 1
    assert here.deploys[0]["outcome"] == "restored"
    assert rows(here.database, "SELECT count(*) FROM b") == [(2,)]

    copy = f"{here.name}_copy"
    assert here.call("backups", "verify", *here.options).code == 0
    assert here.call("restore", here.last_backup, "--into", copy, *here.options).code == 0
    assert rows(here.server.dsn(copy, "deployer"), "SELECT count(*) FROM b") == [(2,)]
