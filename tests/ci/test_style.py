"""sqlfluff reads what changed since it passed, and nothing that was not read passes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.servers import ROOT

GOOD, BAD = "SELECT a FROM b;\n", "select a FROM b;\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copy(ROOT / ".sqlfluff", tmp_path)
    (tmp_path / ".sqlfluffignore").write_text("# Bad on purpose.\nsql/bad/\n")
    (tmp_path / "sql" / "bad").mkdir(parents=True)
    (tmp_path / "sql" / "bad" / "bad.sql").write_text(BAD)
    for name in ("one", "two"):
        (tmp_path / "sql" / f"{name}.sql").write_text(GOOD)
    return tmp_path


def style(project: Path) -> tuple[int, str, str]:
    process = subprocess.run(
        [sys.executable, ROOT / ".ci" / "style.py", "sql"],
        capture_output=True,
        check=False,
        cwd=project,
        text=True,
    )
    return process.returncode, process.stdout, process.stderr


def told(number: int) -> str:
    return (
        f"sqlfluff: {number} of 2 files to read, the others passed as they are; "
        "1 left out: sql/bad/\n"
    )


@pytest.mark.slow
def test_a_file_is_read_again_until_it_passes_and_when_it_changes(project: Path) -> None:
    one = project / "sql" / "one.sql"
    one.write_text(BAD)
    finding = "sql/one.sql:1:1: capitalisation.keywords: Keywords must be upper case.\n"
    assert style(project) == (1, finding, told(2))
    assert style(project) == (1, finding, told(1))
    one.write_text(GOOD)
    assert style(project) == (0, "", told(1))
    assert style(project) == (0, "", told(0))
    one.write_text("SELECT FROM WHERE (;\n")
    code, out, _ = style(project)
    assert (code, "PRS" in out) == (1, True)
    one.write_text(GOOD)
    with (project / ".sqlfluff").open("a") as settings:
        settings.write("# other settings\n")
    assert style(project) == (0, "", told(2))


@pytest.mark.slow
def test_what_sqlfluff_did_not_read_has_not_passed(project: Path) -> None:
    (project / ".sqlfluff").write_text("[sqlfluff]\ndialect = nonsense\n")
    for _ in range(2):
        code, out, err = style(project)
        assert (code, out) == (2, "")
        assert err.startswith(told(2))
        assert "sqlfluff ended with" in err
        assert "Unknown dialect" in err
