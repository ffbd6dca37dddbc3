"""[tool.migrator]: each key is read; what cannot be is refused by file, key and allowed values."""

from __future__ import annotations

import re
import tomllib
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from migrator.core import settings
from migrator.core.errors import Refused
from migrator.core.settings import DeployWatch, LintRules, ServerNames, Settings, Thresholds
from tests.support import documents
from tests.support.commands import call
from tests.support.documents import REFERENCE
from tests.support.servers import ROOT, newest
from tests.support.sets import MigrationSet

REVIEW = ROOT / "docs" / "review.md"
EVERYTHING = """\
[tool.migrator]
migrations = "db/changes"
seeds = "db/rows"
sql = "db/sql"
page = "docs/tables.md"
environment = ".env"
application = "shop deployer"
lock_key = -42
row_security_by_choice = true

[tool.migrator.server]
database = "shop"
role = "shopkeeper"

[tool.migrator.lint]
ignore = ["ban-drop-column"]

[tool.migrator.deploy]
monitor = ["db/monitor/use.sql"]

[tool.migrator.review]
large_rows = 1
sizes = [5, 7]
small_rows = 3
longest_lock_timeout_ms = 4
ignore = ["scan"]
"""


def write(directory: Path, text: str) -> Path:
    path = directory / "pyproject.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_key_is_read(tmp_path: Path) -> None:
    write(tmp_path, EVERYTHING)
    found = settings.load(tmp_path)
    assert found == Settings(
        migrations="db/changes",
        seeds="db/rows",
        sql="db/sql",
        page="docs/tables.md",
        environment=".env",
        application="shop deployer",
        lock_key=-42,
        row_security_by_choice=True,
        server=ServerNames("shop", "shopkeeper"),
        lint=LintRules(("ban-drop-column",)),
        deploy=DeployWatch(("db/monitor/use.sql",)),
        review=Thresholds(1, (5, 7), 3, 4, ("scan",)),
    )
    unchanged = [name for name, value in flat(found) if (name, value) in flat(Settings())]
    assert unchanged == [], "a key that this test does not give"


def flat(section: Any, prefix: str = "") -> list[tuple[str, Any]]:
    found = []
    for each in fields(section):
        value = getattr(section, each.name)
        inner = flat(value, f"{each.name}.") if is_dataclass(value) else [(each.name, value)]
        found += [(f"{prefix}{name}", value) for name, value in inner]
    return found


@pytest.mark.parametrize(
    "text", ["", "[tool.other]\nx = 1\n", "[tool.migrator]\n", '[project]\nname = "migrator"\n']
)
def test_what_is_left_out_has_its_default(tmp_path: Path, text: str) -> None:
    assert settings.load(tmp_path) == Settings()
    write(tmp_path, text)
    assert settings.load(tmp_path) == Settings()
    assert settings.has(tmp_path) is ("[tool.migrator]" in text)


def test_the_default_names_no_project() -> None:
    assert Settings().server == ServerNames("app", "app")
    assert Settings().application == "migrator"


def test_the_lock_of_a_database_is_that_of_every_version_and_every_directory(
    tmp_path: Path,
) -> None:
    """Whoever changes a database must contend for one lock: this number can never change."""
    assert settings.load(ROOT).lock_key == settings.load(tmp_path).lock_key == 7450488102477524068


MEANINGLESS = {
    "[tool.migrator]\nmigration = 'x'": "[tool.migrator] has no key migration; its keys are "
    "migrations, seeds, sql, page, environment, application, lock_key, row_security_by_choice, "
    "server, lint, deploy, review",
    "[tool.migrator]\nmigrations = 1": "migrations in [tool.migrator] is 1; it must be a directory",
    "[tool.migrator]\nseeds = ''": "seeds in [tool.migrator] is ''; it must be a directory",
    "[tool.migrator]\nlock_key = true": "lock_key in [tool.migrator] is True; it must be a whole",
    "[tool.migrator]\nlock_key = 9223372036854775808": "it must be a whole number of 64 bits",
    "[tool.migrator]\nlock_key = 1.0": "it must be a whole number of 64 bits",
    "[tool.migrator]\napplication = ''": "it must be 1 to 63 printable ASCII characters",
    "[tool.migrator]\nserver = 'x'": "tool.migrator.server is 'x'; it must be a table",
    "[tool]\nmigrator = 3": "tool.migrator is 3; it must be a table",
    "[tool.migrator.server]\nname = 'x'": "[tool.migrator.server] has no key name; its keys are "
    "database, role",
    "[tool.migrator.server]\ndatabase = 'Shop'": "database in [tool.migrator.server] is 'Shop'; it "
    "must be a name of lower-case letters",
    "[tool.migrator.server]\nrole = 'a\"b'": "role in [tool.migrator.server] is 'a\"b'; it must be",
    "[tool.migrator.server]\nrole = 'postgres'": "role in [tool.migrator.server] is 'postgres'",
    "[tool.migrator.server]\nrole = 'pg_x'": "role in [tool.migrator.server] is 'pg_x'",
    "[tool.migrator.lint]\nignore = 'x'": "ignore in [tool.migrator.lint] is 'x'; it must be a",
    "[tool.migrator.lint]\nignore = ['a,b']": "it must be a list of names of rules",
    "[tool.migrator.deploy]\nmonitor = 'x'": "monitor in [tool.migrator.deploy] is 'x'; it must be",
    "[tool.migrator.review]\nlarge_row = 1": "[tool.migrator.review] has no key large_row",
    "[tool.migrator.review]\nlarge_rows = 0": "large_rows in [tool.migrator.review] is 0; it must "
    "be a whole number from 1",
    "[tool.migrator.review]\nlarge_rows = true": "it must be a whole number from 1",
    "[tool.migrator.review]\nsizes = [1]": "sizes in [tool.migrator.review] is [1]; it must be a "
    "list of two whole numbers from 1, the smaller one first",
    "[tool.migrator.review]\nsizes = [2, 1]": "is [2, 1]; it must be a list of two",
    "[tool.migrator.review]\nsizes = '1'": "is '1'; it must be a list of two",
    "[tool.migrator.review]\nignore = [1]": "it must be a list of names of rules",
    "[tool.migrator.review]\n= 1": "cannot be read: ",
}


@pytest.mark.parametrize("text", MEANINGLESS)
def test_a_setting_that_means_nothing_is_refused_by_name(made: MigrationSet, text: str) -> None:
    path = made.write("pyproject.toml", text)
    answer = call(made, "host=/nowhere", "--json", "status")
    assert answer.code == 2
    assert str(path) in answer.document["error"]
    assert MEANINGLESS[text] in answer.document["error"]
    assert answer.document["state"] == "Nothing was changed."


@newest
def test_the_lock_is_the_one_that_the_project_names(
    empty_database: str, made: MigrationSet
) -> None:
    at = [empty_database, "migrate", "--lock-wait", "0"]
    with psycopg.connect(empty_database) as other:
        other.execute("SELECT pg_advisory_lock(-42)")
        made.write("pyproject.toml", "[tool.migrator]\nlock_key = -42\n")
        answer = call(made, *at)
        assert answer.code == 2
        assert f"Another runner holds the lock of this database: pid {other.info.backend_pid}" in (
            answer.err
        )
        assert "SELECT pg_try_advisory_lock(-42) " in call(made, at[0], "plan", "--sql").out
        made.write("pyproject.toml", "[tool.migrator]\n")
        assert call(made, *at).code == 0


def test_where_a_server_may_not_be_another_place_is_offered(made: MigrationSet) -> None:
    answer = call(made, None, "--server-directory", "/proc/none", "status")
    assert answer.code == 1
    assert "error: The embedded server in /proc/none cannot be used: " in answer.err
    assert "next: Put that right; or name another directory with --server-directory, or a " in (
        answer.err
    )


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    write(tmp_path, "[tool.migrator]\nx = 1\nseeds = 2\n[tool.migrator.lint]\ny = 3\n")
    with pytest.raises(Refused) as told:
        settings.load(tmp_path)
    assert len(told.value.message.splitlines()) == 1 + 3


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b'[tool.migrator]\nseeds = "\xff"\n')
    with pytest.raises(Refused, match="cannot be read"):
        settings.load(tmp_path)


def test_the_reference_lists_every_key_with_its_default() -> None:
    section = documents.TEXT[REFERENCE].split("\n## Settings\n", 1)[1].split("\n## ", 1)[0]
    tables = re.findall(
        r"^\| `\[tool\.migrator\.(\w+)\]` \| (.*?) \| (.*?) \|", section, re.MULTILINE
    )
    sections = {each.name: each.default_factory for each in fields(Settings)}
    named = {name: re.findall(r"`(\w+)`", keys) for name, keys, _ in tables}
    assert named.keys() == {name for name, made in sections.items() if made is not MISSING}
    for name in ("server", "lint", "deploy"):
        assert named[name] == [each.name for each in fields(getattr(Settings(), name))]
    rows = documents.table(REFERENCE, "Settings")
    keys = {row[0][0]: row[1] for row in rows.values()}
    assert keys.keys() == sections.keys() - named.keys()
    for key in ("migrations", "application"):
        assert keys[key] == [getattr(Settings(), key)]
    assert int(keys["lock_key"][0], 16) == Settings().lock_key
    thresholds = documents.TEXT[REVIEW].split("[tool.migrator.review]\n", 1)[1].split("```")[0]
    assert Thresholds(**as_tuples(tomllib.loads(thresholds))) == Thresholds()
    assert len(tomllib.loads(thresholds)) == len(fields(Thresholds)) == 5


def as_tuples(table: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}


def test_the_project_gives_its_names_and_no_others() -> None:
    """The tool itself knows none of them."""
    given = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["migrator"]
    assert given["application"] == "gestorlead-migrator"
    assert given["server"] == {"database": "gestorlead", "role": "gestorlead"}
    known = {
        path for path in ROOT.glob("migrator/**/*") if path.suffix != ".pyc" and path.is_file()
    }
    assert len(known) > 100
    named = [path for path in known if "gestorlead" in path.read_text(encoding="utf-8").lower()]
    assert named == []
