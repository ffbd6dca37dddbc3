"""New targets, deploys of all targets, and the rows that they have."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.commands import call, execute
from tests.support.databases import applied, database, run, tables
from tests.support.deploys import ROLE, site
from tests.support.fleets import Fleet, Place, fleet
from tests.support.servers import Server, newest

pytestmark = [pytest.mark.slow, newest]


@pytest.fixture
def two(pg: Server, tmp_path: Path) -> Iterator[Fleet]:
    with fleet(tmp_path, [pg], [0, 1]) as made:
        yield made


def test_a_new_target_gets_the_version_of_its_stage_and_is_added(
    two: Fleet, pg: Server, empty_database: str
) -> None:
    assert two.run("migrate", "--yes", "--to", "0002", "--only", "t1").code == 0
    assert two.run("migrate", "--yes", "--only", "t0").code == 0
    fresh = Place("fresh", 1, pg, empty_database.split("dbname=")[1].split(maxsplit=1)[0])
    answer = two.run("new", "fresh", "--url", fresh.url, "--stage", "1")
    assert answer.code == 0, answer.err
    assert fresh.applied == ["0001.a.create", "0002.b.create"]
    assert answer.out.splitlines()[-1] == f"added fresh to {two.file}"
    status = two.run("status").out.splitlines()
    assert status[-1] == "1 at 0003, 2 at 0002"
    nowhere = fresh.url.replace("/test_", "/no_")
    for arguments, words in (
        (["fresh", "--url", fresh.url, "--stage", "1"], "There is a target fresh already."),
        (["more", "--url", fresh.url, "--stage", "1"], "more is not a new database: it is at 0002"),
        (["more", "--url", nowhere, "--stage", "1"], "Cannot connect to"),
        (["a b", "--url", fresh.url, "--stage", "1"], "its name must have letters"),
    ):
        refused = two.run("new", *arguments)
        assert (refused.code, words in refused.err) == (2, True), refused.err
    with database(pg) as other:
        there = Place("more", 5, pg, other)
        refused = two.run("new", "more", "--url", there.url, "--stage", "5")
        assert (refused.code, tables(there.dsn)) == (2, [])
        assert "No target of stage 5 is on a version" in refused.err
    assert two.run("status").out.splitlines() == status


def test_rows_are_the_most_that_any_target_has(two: Fleet) -> None:
    assert two.run("migrate", "--yes").code == 0
    for place, number in zip(two.places, (10, 20), strict=True):
        run(place.dsn, f"INSERT INTO b SELECT generate_series(1, {number})", "ANALYZE")
    answer = two.run("rows")
    assert answer.code == 0, answer.err
    assert "b\t20" in answer.out.splitlines()


def test_a_deploy_backs_up_each_target_and_reports_on_all(pg: Server, tmp_path: Path) -> None:
    backups = tmp_path / "backups"
    with ExitStack() as stack:
        sites = [stack.enter_context(site(pg, tmp_path / name)) for name in ("x", "y")]
        places = [Place(f"t{n}", n, pg, each.name) for n, each in enumerate(sites)]
        made = Fleet(places, sites[0].made, tmp_path / "fleet.toml")
        made.write()
        made.file.write_text(made.file.read_text().replace("owner@", f"{ROLE}@"))
        options = ["--yes", "--no-rehearse", "--backup-dir", str(backups)]
        answer = made.run("deploy", *options)
        assert answer.code == 0, answer.err
        for name in ("t0", "t1"):
            assert len(list((backups / name).glob("*.manifest.json"))) == 1
        (path,) = backups.glob("fleet-*.report.json")
        assert answer.out.splitlines()[-1] == f"wrote {path}"
        report = json.loads(path.read_text())
        assert [each["result"] for each in report["targets"]] == ["applied", "applied"]
        assert "applied 20" in made.run("status").out
        made.made.add("0004.d.create", "SELECT 1 / 0", "SELECT 1")
        answer = made.run("deploy", *options)
        assert answer.code == 1
        assert "t0: backup: done in" in answer.err
        assert "division by zero" in answer.out
        assert "t1      1      0003     applied" not in answer.out
        assert [len(applied(each.database)) for each in sites] == [3, 3]


def test_a_message_of_a_deploy_names_commands_for_the_target_alone(
    pg: Server, tmp_path: Path
) -> None:
    with site(pg, tmp_path) as here:
        made = Fleet([Place("t0", 0, pg, here.name)], here.made, tmp_path / "fleet.toml")
        made.write()
        made.file.write_text(made.file.read_text().replace("owner@", f"{ROLE}@"))
        assert here.deploy("--closed").code == 0
        run(
            here.database,
            "UPDATE yoyo.deploy SET ended_at = NULL, outcome = NULL, phase = 'applying'",
        )
        here.made.table(4, "d")
        answer = made.run("deploy", "--yes", "--no-rehearse", "--backup-dir", here.backups)
        assert answer.code == 1, answer.out
        assert (
            shlex.join(["deploy", "--leave", "--backup-dir", str(here.backups / "t0")])
            in answer.out
        )
        closed = f"{here.name}_closed_by_deploy"  # as a closed deploy leaves it that was cut off
        end = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname"
        rename = f"ALTER DATABASE {here.name} RENAME TO {closed}"
        run(here.administrator, f"{end} = '{here.name}'", rename)
        answer = made.run("status")
        assert "t0      0      closed by a deploy" in answer.out.splitlines()
        revoke = "REVOKE SELECT ON yoyo.deploy FROM "
        there = here.database.replace(here.name, closed)
        run(there, f"{revoke}{ROLE}")
        assert "closed by a deploy" in made.run("status").out, "also to whom its history is not"
        run(there, f"{revoke}{ROLE}".replace("REVOKE", "GRANT").replace("FROM", "TO"))
        assert f'a deploy has closed the database "{here.name}": begun 20' in answer.out
        line = next(each for each in answer.out.splitlines() if "--leave" in each)
        arguments = shlex.split(line.strip())
        assert execute(*arguments[arguments.index("--migrations") :]).code == 0
        assert call(here.made, here.database, "migrate").code == 0
