"""How the tests are run: in two tiers, each test in one of them; and what a failure leaves."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.support.servers import NEWEST, ROOT, clean_environment

MAJORS = ("15", "16", "17", "18")
VERSIONS = {f"pg{each}" for each in MAJORS}

# Collects with the options that are given, and writes each test with its marks.
COLLECT = """
import json, sys, pytest
class Shown:
    def pytest_collection_finish(self, session):
        for item in session.items:
            marks = sorted({mark.name for mark in item.iter_markers()})
            print(json.dumps([item.nodeid, marks]))
sys.exit(pytest.main(["-n0", "--collect-only", "-q", *sys.argv[1:]], [Shown()]))
"""


def _collected(*options: str) -> dict[str, set[str]]:
    """Return the tests that pytest would run with those options, each with its marks."""
    done = subprocess.run(
        [sys.executable, "-c", COLLECT, *options],
        capture_output=True,
        check=False,
        cwd=ROOT,
        env=clean_environment(),
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('["')]
    return {test: set(marks) for test, marks in lines}


@pytest.mark.slow
def test_each_test_is_in_one_tier_and_each_slow_one_of_one_version() -> None:
    fast, every = _collected(), _collected("-m", "")
    slow = {test: marks for test, marks in every.items() if "slow" in marks}
    assert fast.keys() == every.keys() - slow.keys()
    assert {test: marks for test, marks in every.items() if len(marks & VERSIONS) != 1} == {}
    assert [test for test, marks in fast.items() if f"pg{MAJORS[-1]}" not in marks] == []


def test_ci_runs_each_tier_once_and_the_fast_one_first() -> None:
    here = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert re.findall(r"^make (test.*)", here, re.MULTILINE) == ["test", "test-rest"]
    github = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    slow = "test-rest ONLY=${{ matrix.postgresql }}"
    assert re.findall(r"run: make (test.*)", github) == ["test", slow]
    assert f"postgresql: {json.dumps(MAJORS)}" in github
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipes = re.findall(
        r"^(test\S*): .*\n\t@(?:[A-Z]+_KILLS=\S+ (?:\\\n\t  )?)*\$\(BIN\)/python -m (pytest.*)",
        makefile,
        re.MULTILINE,
    )
    assert dict(recipes) == {
        "test": "pytest",
        "test-rest": "pytest -m 'slow$(ONLY:%= and pg%)'",
        "test-all": 'pytest -m ""',
    }


# Two tests of which one fails, each with a database of its own.
OF_TWO = """
import psycopg

def test_fails(empty_database):
    with psycopg.connect(empty_database) as connection:
        connection.execute("CREATE TABLE evidence ()")
    assert connection is None

def test_passes(empty_database):
    assert empty_database
"""


@pytest.mark.slow
def test_what_a_failed_test_worked_on_can_be_opened_until_the_next_run(tmp_path: Path) -> None:
    (tmp_path / "test_two.py").write_text(OF_TWO)

    def run(*options: str) -> str:
        """Run them, with the fixtures of these tests."""
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-n0", "-p", "tests.conftest", *options],
            capture_output=True,
            check=False,
            cwd=tmp_path,
            env=clean_environment() | {"PYTHONPATH": str(ROOT)},
            text=True,
        ).stdout

    told = run("--keep-databases", "-k", f"{NEWEST}")
    (command,) = re.findall(r"^\S*psql -X -d .*$", told, re.MULTILINE)

    def evidence() -> str:
        query = "SELECT relname FROM pg_class WHERE relname = 'evidence'"
        look = [*shlex.split(command), "-Atc", query]
        return subprocess.run(look, capture_output=True, check=False, text=True).stdout

    assert evidence() == "evidence\n", told
    assert "1 passed" in run("-k", f"passes and {NEWEST}")
    assert evidence() == ""
    assert not Path(str(conninfo_to_dict(shlex.split(command)[-1])["host"])).exists()
