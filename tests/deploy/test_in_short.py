"""A deploy in short, one of each kind and end; the fast tests have one of each kind."""

from __future__ import annotations

import pytest

from tests.support.databases import applied, rows, tables
from tests.support.deploys import FAILS, NO_WAY_BACK, Site, paste
from tests.support.sets import THREE


@pytest.fixture(autouse=True)
def pending(here: Site) -> None:
    """Have a migration to come."""
    here.made.table(4, "d")


def test_open_rehearsed_and_applied(here: Site) -> None:
    answer = here.deploy(rehearse=True)
    assert answer.code == 0
    assert "rollback files: proved on the schema alone, without rows: apply " in answer.err
    assert "restore: schema proved, rows not tried" in answer.err
    assert " s; rollback files: proved on the rows of 20" in answer.err
    assert applied(here.database) == [*THREE, "0004.d.create"]
    assert (here.deploys[0]["outcome"], here.others()) == ("applied", [])


def test_open_undone_by_the_pairs(here: Site) -> None:
    here.made.add("0005.b.less", "-- reversible: lossy: rows of b\nDELETE FROM b;", "SELECT 1;")
    here.made.add("0006.b.fail", FAILS)
    answer = here.deploy("--no-rehearse")
    assert answer.code == 1
    assert "rolled back: the catalogue is as before; rows: not compared, since" in answer.err
    assert "Look at what is lost: 0005.b.less says lossy: rows of b." in answer.err
    assert tables(here.database) == ["a", "b", "c"]
    assert here.deploys[0]["outcome"] == "undone"


@pytest.mark.slow
def test_open_stopped_where_the_pairs_do_not_lead_back(here: Site) -> None:
    here.made.add("0005.b.empty", "DELETE FROM b;", NO_WAY_BACK)
    here.made.add("0006.b.fail", FAILS)
    answer = here.deploy()
    assert answer.code == 1
    assert here.deploys[0]["outcome"] == "stopped"
    assert (tables(here.database), here.others()) == (["a", "b", "c", "d"], [])

    assert paste(answer, "--into").code == 0
    assert here.others() == [f"{here.name}_before"]
    before = here.server.dsn(f"{here.name}_before", "deployer")
    assert rows(before, "SELECT count(*) FROM b") == [(1000,)]
    assert here.call("backups", "verify", *here.options).code == 0
    here.made.add("0005.b.empty", "DELETE FROM b;", "SELECT 1;")
    assert paste(answer, "rollback --to").code == 0
    assert tables(here.database) == ["a", "b", "c"]


def test_closed_and_applied(here: Site) -> None:
    answer = here.deploy("--closed")
    assert answer.code == 0
    assert (here.deploys[0]["outcome"], here.deploys[0]["kind"]) == ("applied", "closed")
    assert (tables(here.database), here.others()) == (["a", "b", "c", "d"], [])


@pytest.mark.slow
def test_closed_and_restored(here: Site) -> None:
    here.made.add("0005.b.empty", "DELETE FROM b;", NO_WAY_BACK)
    here.made.add("0006.b.fail", FAILS)
    answer = here.deploy("--closed")
    assert answer.code == 1
    assert "state: The backup was restored, compared whole, and opened; " in answer.err
    assert here.deploys[0]["outcome"] == "restored"
    assert rows(here.database, "SELECT count(*) FROM b") == [(1000,)]
    assert tables(here.database) == ["a", "b", "c"]
