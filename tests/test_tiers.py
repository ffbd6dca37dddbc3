"""The two tiers of the tests: each test is in one of them, and CI runs each of them once."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from tests.support.servers import ROOT, clean_environment

MAJORS = ("15", "16", "17", "18")


def _collected(marks: str | None = None) -> list[str]:
    """Return the tests that pytest would run: with those marks, or with no option at all."""
    options = [] if marks is None else ["-m", marks]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n0", "--collect-only", *options],
        capture_output=True,
        check=False,
        cwd=ROOT,
        env=clean_environment(),
        text=True,
    )
    assert done.returncode in (0, 5), done.stdout + done.stderr  # 5: there are none
    return [line for line in done.stdout.splitlines() if "::" in line]


@pytest.mark.slow
def test_each_test_is_in_one_tier_and_each_slow_one_of_one_version() -> None:
    fast, slow = _collected(), _collected("slow")
    by_version = [test for each in MAJORS for test in _collected(f"slow and pg{each}")]
    assert sorted(by_version) == sorted(slow)
    assert sorted([*fast, *slow]) == sorted(_collected(""))
    assert [test for test in fast if re.search(r"\[1[567]\b", test)] == []


def test_ci_runs_each_tier_once_and_the_fast_one_first() -> None:
    here = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert re.findall(r"^make (test.*)", here, re.MULTILINE) == ["test", "test-rest"]
    github = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    slow = "test-rest ONLY=${{ matrix.postgresql }}"
    assert re.findall(r"run: make (test.*)", github) == ["test", slow]
    assert f"postgresql: {json.dumps(MAJORS)}" in github
