"""The lexer on all SQL of the repository: as psql reads it, and the same on every Python.

`re` before Python 3.11.5 matches some patterns wrongly, and Debian 12's Python is 3.11.2.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from migrator.core import sqltext
from tests.support.hostile import HOSTILE
from tests.support.servers import ROOT, Server, newest

FILES = [
    path
    for place in ("migrations", "seeds", "sql", "migrator", "bench", "tests")
    for path in sorted((ROOT / place).rglob("*.sql"))
    # But for scripts of psql, with its variables and commands.
    if path.parent.name not in {"roles", "citus", "partition", "retention", "tenant"}
]


def lines(text: bytes) -> list[int]:
    """Return the line on which each statement of a text ends."""
    return [sqltext.line_and_column(text, each.end)[0] for each in sqltext.statements(text)]


@newest
def test_every_file_has_the_statements_that_psql_sends_of_it(pg: Server, tmp_path: Path) -> None:
    failed = tmp_path / "failed.sql"  # what fails in a transaction is read and counted, never run
    failed.write_text("ROLLBACK; BEGIN; SELECT 1 / 0;\n")
    options = [each for path in FILES for each in ("-f", failed, "-f", path)]
    psql = subprocess.run(
        [pg.bin_dir / "psql", "-Xq", "-d", pg.dsn("postgres"), *options],
        capture_output=True,
        check=True,
        text=True,
    )
    sent: dict[str, list[int]] = {str(path): [] for path in FILES}
    error = re.compile(r"psql:(.*):(\d+): ERROR:  (?:current transaction is ab|syntax error)")
    for match in map(error.match, psql.stderr.splitlines()):
        if match:
            sent[match[1]].append(int(match[2]))
    assert sum(map(len, sent.values())) > 1_500
    for path in FILES:
        found, expected = lines(path.read_bytes()), sent[str(path)]
        assert len(found) == len(expected), path
        if sqltext.is_closed(path.read_bytes()):  # psql has no line for the end of any other
            assert found == expected, path


def old_pythons() -> list[str]:
    """Return the Pythons that are here and have the fault."""
    asked = "import sys; print(sys.version_info < (3, 11, 5))"
    places = {shutil.which("python3.11"), "/usr/bin/python3.11", "/usr/local/bin/python3.11"}
    return [
        place
        for place in sorted(place for place in places if place and Path(place).exists())
        if subprocess.run([place, "-c", asked], capture_output=True, text=True, check=False).stdout
        == "True\n"
    ]


def random_texts(number: int) -> list[str]:
    """Return texts of what matters to a lexer, in any order."""
    parts = ["INSERT INTO t VALUES (", ";", "'", "''", "'a;'", "E'", "\\'", " e'\\\\' ", "E'\\n'\n"]
    parts += ['"', '"x"', "$$", " $a$ ", "a$b", "--", "-- ;\n", "/*", "*/", "-", "/", "(", ")"]
    parts += [" ", "\n", "\r", "CREATE TABLE t (", "COMMENT ON TABLE t IS ", "\u00e9", "x" * 50]
    source = random.Random(3112)  # noqa: S311 - any will do, the same each time
    return ["".join(source.choices(parts, k=source.randrange(40))) for _ in range(number)]


READ = """
import json, sys
sys.path.insert(0, sys.argv[1])
from migrator.core import sqltext

def read(text, **options):
    found = []
    try:
        for each in sqltext.statements(text, **options):
            found.append([each.start, each.end, *each.words])
    except sqltext.SqlTextError as error:
        found.append([error.offset, str(error)])
    return found

texts = [text.encode() for text in json.load(sys.stdin)]
answer = [[read(text), read(text, pass_over_harmless=True)] for text in texts]
json.dump(answer, sys.stdout)
"""


@pytest.mark.slow
@pytest.mark.skipif(
    not old_pythons(), reason="no Python 3.11.0 to 3.11.4 here: Debian 12 has one, python3.11"
)
def test_an_old_python_finds_the_same_statements() -> None:
    texts = [path.read_bytes().decode("utf-8", "replace") for path in FILES]
    hostile = [text[:5_000] for text in HOSTILE.values()]
    given = json.dumps([*texts, *hostile, *random_texts(1_000)])

    def read(python: str) -> list[list[object]]:
        process = subprocess.run(
            [python, "-I", "-c", READ, ROOT],
            capture_output=True,
            check=True,
            input=given,
            text=True,
            timeout=60,
        )
        answer: list[list[object]] = json.loads(process.stdout)
        return answer

    expected = read(sys.executable)
    assert any(len(each[0]) > 1 for each in expected)  # type: ignore[arg-type]
    for python in old_pythons():
        assert read(python) == expected


def test_no_pattern_repeats_a_group_possessively() -> None:
    """That is what an old `re` gets wrong, and atomic groups; of single characters it is right."""
    wrong = re.compile(r"\)(?:[*+?]|\{\d*,?\d*\})\+(?!,)|\(\?>")
    sources = [*(ROOT / "migrator").rglob("*.py"), ROOT / "runner.py"]
    assert len(sources) > 80
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in sources
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if wrong.search(line)
    ]
    assert not found
