"""docs/architecture.md: its table of packages is the rule that is tested; what it names exists."""

from __future__ import annotations

import re

from tests.support import documents
from tests.support.documents import ARCHITECTURE
from tests.support.servers import ROOT
from tests.test_house import PACKAGE, ROOMS


def test_the_packages_and_their_imports_are_those_of_the_rule() -> None:
    rows = documents.table(ARCHITECTURE, "The packages").values()
    page = {row[0][0]: {*row[2]} for row in rows}
    rule = {name: used for name, used in ROOMS.items() if name != "sql"}
    assert page == rule | {"cli": set()}  # in words: every package


def test_every_module_and_directory_that_the_page_names_exists() -> None:
    missing = []
    for span in documents.code(ARCHITECTURE):
        if re.fullmatch(r"[a-z]+/[a-z]+", span) and span.split("/")[0] in {*ROOMS, "cli"}:
            exists = (PACKAGE / f"{span}.py").exists()
        elif re.fullmatch(r"[a-z.]+(/[a-z_.]+)*/?", span) and "/" in span:
            exists = (ROOT / span).exists()
        else:
            continue
        if not exists:
            missing.append(span)
    assert missing == []
