"""docs/architecture.md: its packages, what they may import, and the modules that it names."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.support import documents
from tests.support.documents import ARCHITECTURE, TEXT
from tests.support.servers import ROOT

TOOL = ROOT / "migrator"
PACKAGES = {path.parent.name for path in TOOL.glob("*/__init__.py")} - {"sql"}


def allowed() -> dict[str, set[str]]:
    """Return, for each package in the page's table, the packages that it may import."""
    rows = documents.table(ARCHITECTURE, "The packages")
    found = {row[0][0]: {*row[2]} for row in rows.values()}
    assert "every package" in TEXT[ARCHITECTURE]
    return found | {"cli": PACKAGES - {"cli"}}


def imported(package: str) -> set[str]:
    """Return the packages of the tool that a package imports, at any place of its modules."""
    names = set()
    for path in (TOOL / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, path
                names.add(node.module or "")
                names.update(f"{node.module}.{each.name}" for each in node.names)
            elif isinstance(node, ast.Import):
                names.update(each.name for each in node.names)
    return {name.split(".")[1] for name in names if name.startswith("migrator.")} & PACKAGES


def test_packages_import_what_the_page_says_and_nothing_else() -> None:
    may_import = allowed()
    assert may_import.keys() == PACKAGES
    assert {each: imported(each) - {each} for each in PACKAGES - {"cli"}} == {
        each: may_import[each] for each in PACKAGES - {"cli"}
    }
    assert may_import["core"] == set()


def test_every_module_and_directory_that_the_page_names_is_there() -> None:
    missing = []
    for span in documents.code(ARCHITECTURE):
        if re.fullmatch(r"[a-z]+/[a-z]+", span) and span.split("/")[0] in PACKAGES:
            found = (TOOL / f"{span}.py").exists()
        elif re.fullmatch(r"[a-z.]+(/[a-z_.]+)*/?", span) and "/" in span:
            found = Path(ROOT / span).exists()
        else:
            continue
        if not found:
            missing.append(span)
    assert missing == []
