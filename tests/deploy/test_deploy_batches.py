"""A deploy of a file in batches: rehearsed, applied, paused, resumed, and put back."""

from __future__ import annotations

import pytest

from tests.support.commands import finish, launch
from tests.support.databases import applied, rows
from tests.support.deploys import FAILS, Site
from tests.support.servers import newest
from tests.support.waiting import until

pytestmark = [pytest.mark.slow, newest]

NAME = "0004.b.raise"
# b has the rows 1 to 1000.
TEXT = """\
-- reversible: yes
-- batch: 50 {options}
UPDATE b SET id = id + 1000 WHERE id IN (
    SELECT id FROM b WHERE id <= 1000 ORDER BY id
    LIMIT current_setting('migrator.batch_rows')::integer
) RETURNING id;
"""
BACK = TEXT.replace("id + 1000", "id - 1000").replace("id <= 1000", "id > 1000")


def low(here: Site) -> int:
    """Return how many rows are not raised."""
    ((count,),) = rows(here.database, "SELECT count(*) FROM b WHERE id <= 1000")
    return int(count)


def test_it_is_rehearsed_and_applied(here: Site) -> None:
    here.made.add(NAME, TEXT.format(options="pause=0ms"), BACK.format(options="pause=0ms"))
    planned = here.call("deploy", "--dry-run", "--rehearse", *here.options)
    assert "reversible: yes; in batches" in planned.out
    assert here.deploy(rehearse=True).code == 0
    assert low(here) == 0
    assert applied(here.database)[-1] == NAME


def test_a_failure_after_it_tells_what_its_rollback_takes_and_runs_it(here: Site) -> None:
    here.made.add(NAME, TEXT.format(options="pause=0ms"), BACK.format(options="pause=0ms"))
    here.made.add("0005.b.fails", FAILS)
    answer = here.deploy()
    assert answer.code == 1
    assert f"undo: {NAME}: its batches took " in answer.err
    assert "its rollback runs in batches, too" in answer.err
    assert low(here) == 1000
    assert here.deploys[0]["outcome"] == "undone"


def test_a_failure_in_it_stops_an_open_deploy_and_says_what_is_done(here: Site) -> None:
    wrong = TEXT.replace("id + 1000", "id + 1000 + 0 / (id - 120)")
    here.made.add(NAME, wrong.format(options="pause=0ms target=1ms"), BACK.format(options=""))
    answer = here.deploy()
    assert answer.code == 1
    assert "are done, and stay." in answer.err
    assert f"`settle {NAME} --as applied`" in answer.err
    assert 0 < low(here) < 1000
    assert here.call("settle", NAME, "--as", "applied").code == 0
    assert here.call("rollback", "--steps", "1", "--yes").code == 0
    assert low(here) == 1000


def test_a_pause_leaves_a_deploy_to_be_resumed(here: Site) -> None:
    here.made.add(NAME, TEXT.format(options="pause=1s"), BACK.format(options=""))
    how = ("deploy", "--yes", "--no-rehearse", *here.options)
    process = launch(here.made, here.database, *how)
    until(lambda: low(here) < 900, 30)
    assert f"paused {NAME}" in here.call("migrate", "--pause-batches").out
    answer = finish(process)
    assert answer.code == 1
    assert "The deploy has not ended." in answer.err
    assert 0 < low(here) < 1000
    assert here.call("deploy", "--resume", "--yes", *here.options).code == 0
    assert low(here) == 0
    assert here.deploys[0]["outcome"] == "applied"
