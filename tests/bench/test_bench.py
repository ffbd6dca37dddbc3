from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from bench import batches, deploy, estimates, picture, queries, report, scale
from bench.contenders import CONTENDERS
from tests.support.servers import ROOT, Server, clean_environment, newest

NAMES = [contender.name for contender in CONTENDERS]
ABSENT = {contender.name for contender in CONTENDERS if contender.absent()}


def speed(pg: Server, *options: str) -> str:
    """Run bench.speed on the worker's server with tiny sizes."""
    conninfo = pg.dsn(pg.maintenance_dbname, pg.user)
    tiny = ["--rounds", "1", "--tables", "3", "--rows", "20", "--server", conninfo]
    done = subprocess.run(
        [sys.executable, "-m", "bench.speed", *tiny, *options],
        capture_output=True,
        check=False,
        cwd=ROOT,
        env=clean_environment(),
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("pg", [18], indirect=True)
def test_every_contender_finds_nothing_to_do_after_it_applied_a_set(pg: Server) -> None:
    ours = ["runner", "bare", "psql -1"]  # the others only when somebody asks: they take seconds
    wanted = [name for name in NAMES if name in ours or name in ABSENT]
    options = ["--json", "--cases", "nothing", "--only", *wanted]
    result = json.loads(speed(pg, *options))["cases"]["nothing"]
    assert list(result["contenders"]) == wanted
    for name, figures in result["contenders"].items():
        if name in ABSENT:
            assert figures["without"].startswith("absent: ")
        elif name == "psql -1":
            assert figures == {"without": "keeps no history"}
        else:
            assert len(figures["runs"]) == 1, figures
            assert figures["min"] <= figures["median"] <= figures["max"]
    assert result["contenders"]["bare"]["to_bare"] == 1


@pytest.mark.slow
@pytest.mark.parametrize("pg", [18], indirect=True)
def test_the_table_names_the_contenders_and_the_durability_of_the_server(pg: Server) -> None:
    first, *lines = speed(pg, "--cases", "tables", "--only", "bare", "psql").splitlines()
    assert f"server_version {pg.major}" in first
    assert "fsync off" in first
    shown = {line[:8].rstrip(): line[8:].split() for line in lines[3:]}
    assert list(shown) == ["bare", "psql"]
    for columns in shown.values():
        assert float(columns[0]) > 0


def workload(pg: Server, output: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run bench.workload on the worker's server with a tiny size."""
    conninfo = pg.dsn(pg.maintenance_dbname, pg.user)
    tiny = ["--tasks", "400", "--small", "200", "--runs", "6", "--server", conninfo]
    return subprocess.run(
        [sys.executable, "-m", "bench.workload", *tiny, "--output", output, *options],
        capture_output=True,
        check=False,
        cwd=ROOT,
        env=clean_environment(),
        text=True,
        timeout=300,
    )


@pytest.mark.slow
@newest
@pytest.mark.long
def test_the_workload_is_measured_as_a_whole(pg: Server, tmp_path: Path) -> None:
    done = workload(pg, tmp_path)
    (path,) = tmp_path.glob("*.json")
    result = json.loads(path.read_text(encoding="utf-8"))
    failures = report.failures(result)
    assert done.returncode == (1 if failures else 0), done.stderr
    assert [each for each in failures if each not in done.stdout] == []
    # So small, an index may save nothing and be left unused; but no query is slow.
    assert [each for each in failures if "budget" in each or "slow" in each] == []

    names = {query.name for query in queries.read_all()}
    assert result["large"].keys() == result["growth_from"].keys() == result["plain"].keys() == names
    assert result["row_security"].keys() == names
    for each in result["large"].values():
        assert each["runs"] > 0
        assert 0 < each["median_ms"] <= each["p95_ms"] <= each["p99_ms"]
        assert each["buffers"] > 0
    assert len(result["indexes"]) >= 40
    written = result["writes"]
    assert written["ours"]["rates"].keys() == written["keys"]["rates"].keys()
    assert written["ours"]["hot_shares"]["queue_tasks"] > 0.9
    assert written["ours"]["hot_shares"]["complete_tasks"] == 0
    tasks = written["ours"]["sizes"]["tasks"]
    assert tasks["table"] > tasks["secondary"] > 0
    assert written["keys"]["sizes"]["tasks"]["secondary"] == 0
    with pg.connect() as connection:
        left = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'bench%'")
        assert left.fetchall() == []


def measured(path: str, value: object) -> dict[str, Any]:
    """Return a result in which all is well, but for the value at a path."""
    query = {"group": "dashboard", "budget_ms": 50, "median_ms": 1.0, "p95_ms": 2.0, "buffers": 4}
    found: dict[str, Any] = {
        "large": {"dashboard_a": dict(query)},
        "growth_from": {"dashboard_a": dict(query)},
        "row_security": {"dashboard_a": {**query, "buffers": 14}},
        "indexes": {"idx_a": {"name": "idx_a", "by": "dashboard_a", "used": True, "ratio": 2.0}},
        "views": {"statistics": ["ok"], "never_used": [], "slow": []},
        "writes": {
            "ours": {
                "rates": {"insert_tasks": 60.0, "insert_contents": 30.0},
                "hot_shares": {"all_status_updates": 0.66},
            },
            "keys": {"rates": {"insert_tasks": 100.0, "insert_contents": 100.0}},
        },
    }
    place: Any = found
    *way, last = path.split()
    for step in way:
        place = place[step]
    place[last] = value
    found["indexes"] = list(found["indexes"].values())
    return found


WELL = ("large dashboard_a p95_ms", 2.0)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("large dashboard_a p95_ms", 51.0, "over its budget of 50 ms"),
        ("row_security dashboard_a p95_ms", 51.0, "over its budget of 50 ms"),
        ("row_security dashboard_a buffers", 15, "row security costs it 11 pages, not 10"),
        ("indexes idx_a used", False, "no plan of dashboard_a uses it"),
        ("indexes idx_a ratio", 1.4, "only 1.40 times the pages"),
        ("views statistics", ["absent"], "pg_stat_statements is absent"),
        ("views never_used", ["idx_b"], "idx_b: index_usage_stats says never used"),
        ("views slow", ["PREPARE dashboard_a AS SELECT 1"], "lists one of the dashboard"),
    ],
)
def test_what_must_not_be_fails(path: str, value: object, words: str) -> None:
    assert report.failures(measured(*WELL)) == []
    (failure,) = report.failures(measured(path, value))
    assert words in failure


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("large dashboard_a p95_ms", 5.1, "0.10 of its budget"),
        ("large dashboard_a median_ms", 1.6, "grows to 1.60 times"),
        ("writes ours rates insert_tasks", 49.0, "insert_tasks: keeps 0.49"),
        ("writes ours rates insert_contents", 24.0, "insert_contents: keeps 0.24"),
        ("writes ours hot_shares all_status_updates", 0.5, "50% are HOT"),
    ],
)
def test_what_should_be_better_is_told(path: str, value: object, words: str) -> None:
    assert report.missed_goals(measured(*WELL)) == []
    (missed,) = report.missed_goals(measured(path, value))
    assert words in missed


def test_the_page_and_its_pictures_show_the_results_that_are_kept() -> None:
    result, *others = [json.loads(path.read_text(encoding="utf-8")) for path in report.kept()]
    shown = report.PAGE.read_text(encoding="utf-8")
    written = report.page(shown, result, others[0] if others else None)
    assert shown == written, "docs/performance.md is not of these queries and figures: make schema"
    for name, content in report.pictures(result).items():
        path = report.KEPT_RESULTS / name
        assert path.read_text(encoding="utf-8") == content, f"{path}: make schema"
        assert f"performance/{name}" in shown
    assert report.failures(result) == []
    assert result["tasks"] >= 2_000_000


def test_a_query_that_was_never_measured_is_shown_so_and_one_that_is_gone_is_not() -> None:
    result = json.loads(report.kept()[0].read_text(encoding="utf-8"))
    gone, *known = queries.read_all()
    new = known[0]._replace(name="worker_new", budget_ms=50, indexes=["idx_new", "pk_tasks"])
    page = report.page(report.PAGE.read_text(encoding="utf-8"), result, None, [*known, new])
    assert "| worker_new |  | not yet measured |" in page
    assert "| idx_new | not yet measured | worker_new |" in page
    assert f"| {gone.name} | 2" not in page
    assert f"| {known[0].name} | 2" in page


def test_a_picture_is_well_formed_and_marks_each_query() -> None:
    rows = [picture.Row("a<b", "dashboard", 1.0, 2.0, 50.0, 5.0, 20.0)]
    drawn = ElementTree.fromstring(picture.svg("A & B", rows))  # noqa: S314 - made here
    marks = [each.get("class") for each in drawn.iter("{http://www.w3.org/2000/svg}circle")]
    assert marks.count("ours") == 2  # one is the legend's
    assert marks.count("other") == 2
    assert "a<b" in {each.text for each in drawn.iter("{http://www.w3.org/2000/svg}text")}


@pytest.mark.slow
@newest
def test_estimates_are_compared_with_what_comes_true(
    pg: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(estimates, "_STATEMENTS", ("UPDATE items SET state = 'done'",))
    code = estimates.main(["--server", pg.dsn("postgres", pg.user), "--rows", "30000"])
    said = capsys.readouterr()
    row = [cell.strip() for cell in said.out.splitlines()[-1].strip("|").split("|")]
    assert row[0] == "`UPDATE items SET state = 'done'`"
    assert 0.9 < float(row[4]) < 1.1, "of write-ahead log, the estimate is exact"
    assert f"{code} of 1 outside their range" in said.err


@pytest.mark.slow
@newest
def test_batches_are_measured_beside_a_bare_loop_and_an_application(
    pg: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    code = batches.main(["--server", pg.dsn("postgres", pg.user), "--rows", "20000"])
    told = capsys.readouterr().out
    for what in (
        r"runner +[\d,]+ rows/s",
        r"bare loop +[\d,]+ rows/s",
        "reader +p95",
        "writer +p95",
    ):
        assert re.search(what, told), told
    assert code == ("MISSED" in told)  # so few rows take less time than the start of a process


@pytest.mark.slow
@newest
@pytest.mark.long
def test_deploys_of_a_database_that_is_worked_on_lose_nothing(
    pg: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    code = deploy.main(["--server", pg.dsn("postgres", pg.user), "--tasks", "200"])
    told = capsys.readouterr().out
    assert code == 0, told
    assert "LOST" not in told
    for step in ("applied: rehearsal", "undone: undo", "restored: restore", "restored: swap"):
        assert f"| {step} | " in told
    assert " of pg_restore and migrate |" in told
    with pg.connect() as connection:
        left = connection.execute("SELECT datname FROM pg_database WHERE datname ~ '^deploy'")
        assert left.fetchall() == []


@pytest.mark.slow
@pytest.mark.parametrize("pg", [18], indirect=True)
def test_a_fleet_is_measured_beside_a_bare_program_and_threads(pg: Server) -> None:
    tiny = ["--databases", "2", "--migrated", "1", "--rounds", "1", "--jobs", "2"]
    tiny += ["--part", "status", "--part", "migrate", "--part", "threads"]
    done = subprocess.run(
        [sys.executable, "-m", "bench.fleet", *tiny, "--server", pg.dsn("postgres", pg.user)],
        capture_output=True,
        check=False,
        cwd=ROOT,
        env=clean_environment(),
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    figures = [json.loads(line) for line in done.stdout.splitlines()]
    measured = [each["measured"] for each in figures if "measured" in each]
    assert measured == ["status", "status", "migrate", "bare", "migrate", "threads"]
    for each in figures:
        assert "measured" in each or each["promised"] == 1.2
        if each.get("measured") in {"status", "migrate"}:
            assert 0 < each["memory"] < each["memory_promised"]
            assert each["cpu_seconds"] > 0
            assert each["connections_to_a_server"] <= each["jobs"]
    names = "SELECT count(*) FROM pg_database WHERE datname LIKE 'bench_fleet_%'"
    with pg.connect() as connection:
        assert connection.execute(names).fetchall() == [(0,)]


@pytest.mark.slow
@newest
def test_partitions_and_retention_are_measured_beside_an_application(
    pg: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    scale.main(["--server", pg.dsn("postgres", pg.user), "--tasks", "200", "--rate", "100"])
    _, *lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0].partition("/")[2] for line in lines] == [
        f"{name}.sql" for name in ("remove", "prepare", "copy", "check", "swap", "end")
    ]
    for line in lines:
        _, _, writes, longest, closed, *_ = line.split()
        assert int(writes) > 0
        assert 0 < int(closed) < 2000
        assert 0 < int(longest) < 2000
