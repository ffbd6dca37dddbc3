"""The pages of the rules: what each calls bad is found, and what it calls good is not.

A page has one block after `<!-- test: bad -->` and one after `<!-- test: good -->`. Each is a
migration set in the form of the hazard corpus: `-- file: NAME` lines, the state before first.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from migrator.review.report import PASS, unallowed
from tests.support import hazards
from tests.support.servers import ROOT, Server, newest

PAGES = sorted((ROOT / "docs" / "rules").glob("*.md"))
SECTIONS = ["Bad", "Good"]
_BLOCK = re.compile(r"^<!-- test: (bad|good) -->\n```sql\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=[each.stem for each in PAGES])
def test_a_page_has_one_bad_block_and_one_good(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# {page.stem}\n")
    assert re.findall(r"^## (\w+)$", text, re.MULTILINE) == SECTIONS
    assert [kind for kind, _ in _BLOCK.findall(text)] == [each.lower() for each in SECTIONS]
    assert text.count("```") == 2 * len(SECTIONS)
    assert [
        link for link in re.findall(r"\]\(([^)]+)\)", text) if not (page.parent / link).exists()
    ] == []


@pytest.mark.slow
@newest
@pytest.mark.parametrize("page", PAGES, ids=[each.stem for each in PAGES])
def test_the_bad_is_found(page: Path, pg: Server, tmp_path: Path) -> None:
    report = hazards.review(_files(page, "bad"), pg, tmp_path)
    found = {each.split(" ")[0] for each in hazards.answer(report).finds}
    assert page.stem in found


@pytest.mark.slow
@newest
@pytest.mark.parametrize("page", PAGES, ids=[each.stem for each in PAGES])
def test_in_the_good_nothing_is_found(page: Path, pg: Server, tmp_path: Path) -> None:
    report = hazards.review(_files(page, "good"), pg, tmp_path)
    assert [each for migration in report.migrations for each in unallowed(migration.findings)] == []
    assert report.verdict == PASS


def _files(page: Path, kind: str) -> dict[str, str]:
    blocks = dict(_BLOCK.findall(page.read_text(encoding="utf-8")))
    before, files = hazards.split(blocks[kind])
    assert not before
    return files
