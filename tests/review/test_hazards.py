"""The review on every case of the hazard corpus: all that it says is true."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import INSTALLATIONS
from tests.support import hazards
from tests.support.hazards import Case
from tests.support.servers import Server

CASES = hazards.cases()


def _marks(case: Case, major: int) -> list[pytest.MarkDecorator]:
    marks = [pytest.mark.slow] if case.is_slow else []
    return [*marks, pytest.mark.xfail(reason=known)] if (known := case.known(major)) else marks


def _reviewed() -> list[Any]:
    return [
        pytest.param(
            major,
            case,
            id=f"{major}-{case.slug}",
            marks=_marks(case, major),
        )
        for major in INSTALLATIONS
        for case in CASES
        if major in case.versions([*INSTALLATIONS])
    ]


@pytest.mark.parametrize(("pg", "case"), _reviewed(), indirect=["pg"])
def test_the_review_says_what_is_true(case: Case, pg: Server, tmp_path: Path) -> None:
    assert hazards.answer(hazards.review(case.files, pg, tmp_path)) == case.truth(pg.major)


def test_the_page_is_what_the_cases_say() -> None:
    written = hazards.PAGE.read_text(encoding="utf-8")
    assert written == hazards.page(), "python -m tests.support.hazards"
