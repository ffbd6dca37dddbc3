"""Whose seeds, snapshot and settings a set of migrations gets, from wherever it is looked at."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from migrator.cli.main import main
from migrator.core import settings
from migrator.core.errors import Refused
from migrator.core.project import Project
from tests.support.commands import call
from tests.support.databases import applied, rows
from tests.support.servers import MIGRATIONS, ROOT, newest
from tests.support.sets import THREE, MigrationSet

SEEDED = [(1,), (2,)]


def a_set(directory: Path, name: str = "migrations") -> Path:
    """Make a set with everything beside it; return the directory of its migrations."""
    for each in (name, "seeds", "sql"):
        (directory / each).mkdir(parents=True)
    for suffix in (".sql", ".rollback.sql"):
        (directory / name / f"0001.a.create{suffix}").touch()
    return directory / name


def parts(migrations: Path) -> tuple[Path | None, Path | None]:
    found = Project.at(migrations)
    return found.seeds, found.sql


# Beside it


@pytest.mark.parametrize("name", ["migrations", "changes", "db", "v1.0", "mit Leerzeichen"])
def test_they_are_beside_a_directory_of_any_name(tmp_path: Path, name: str) -> None:
    migrations = a_set(tmp_path, name)
    assert parts(migrations) == (tmp_path / "seeds", tmp_path / "sql")


def test_a_set_without_seeds_or_sql_has_none_and_a_place_for_a_snapshot(tmp_path: Path) -> None:
    (tmp_path / "changes").mkdir()
    assert parts(tmp_path / "changes") == (None, tmp_path / "sql")


def test_named_seeds_are_taken_whatever_is_beside_it(tmp_path: Path) -> None:
    migrations = a_set(tmp_path)
    (tmp_path / "others").mkdir()
    assert Project.at(migrations, tmp_path / "others").seeds == tmp_path / "others"
    assert Project.at(migrations, tmp_path / "others").sql == tmp_path / "sql"


@pytest.mark.parametrize("name", ["seeds", "sql"])
def test_a_set_in_a_directory_of_that_name_is_not_its_own_part(tmp_path: Path, name: str) -> None:
    migrations = tmp_path / name
    migrations.mkdir()
    assert getattr(Project.at(migrations), name) is None


@pytest.mark.parametrize("named", [".", "./", "../migrations", "../migrations/../migrations"])
def test_a_relative_name_means_the_same_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    monkeypatch.chdir(a_set(tmp_path))
    found = Project.at(Path(named))
    assert found.migrations == tmp_path / "migrations"
    assert (found.root, found.seeds, found.sql) == (tmp_path, tmp_path / "seeds", tmp_path / "sql")


# Through links


def test_a_linked_directory_has_what_is_beside_the_link(tmp_path: Path) -> None:
    a_set(tmp_path / "mine", "there")
    (tmp_path / "elsewhere").mkdir()
    shutil.rmtree(tmp_path / "mine" / "there")
    (tmp_path / "mine" / "there").symlink_to(tmp_path / "elsewhere")
    assert parts(tmp_path / "mine" / "there") == (tmp_path / "mine/seeds", tmp_path / "mine/sql")


@pytest.mark.parametrize("name", ["migrations", "changes"])
def test_a_linked_directory_has_what_is_where_it_leads(tmp_path: Path, name: str) -> None:
    migrations = a_set(tmp_path / "elsewhere", name)
    (tmp_path / "mine").mkdir()
    link = tmp_path / "mine" / "link"
    link.symlink_to(migrations)
    assert parts(link) == (tmp_path / "elsewhere" / "seeds", tmp_path / "elsewhere" / "sql")
    (tmp_path / "mine" / "seeds").mkdir()  # each part by itself: the nearer one
    assert parts(link) == (tmp_path / "mine" / "seeds", tmp_path / "elsewhere" / "sql")


def test_a_link_to_a_set_has_what_that_sets_project_names(tmp_path: Path) -> None:
    theirs = a_set(tmp_path / "theirs" / "db")
    (tmp_path / "theirs" / "rows").mkdir()
    (tmp_path / "theirs" / "pyproject.toml").write_text(
        "[tool.migrator]\nmigrations = 'db/migrations'\nseeds = 'rows'\n"
    )
    link = tmp_path / "mine" / "migrations"
    link.parent.mkdir()
    link.symlink_to(theirs)
    assert parts(link) == (tmp_path / "theirs" / "rows", tmp_path / "theirs" / "db" / "sql")
    assert Project.at(link).root == tmp_path / "theirs"
    (link.parent / "pyproject.toml").write_text("[tool.migrator]\napplication = 'mine'\n")
    mine = Project.at(link)  # settings are not mixed: the nearer project's
    assert (mine.root, mine.settings.application) == (tmp_path / "mine", "mine")
    assert mine.seeds == tmp_path / "theirs" / "rows"


def test_a_project_below_a_link_is_found_by_it(tmp_path: Path) -> None:
    migrations = a_set(tmp_path / "real")
    (tmp_path / "real" / "pyproject.toml").write_text("[tool.migrator]\n")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    found = Project.at(tmp_path / "link" / "migrations")
    assert (found.root, found.seeds) == (tmp_path / "link", tmp_path / "link" / "seeds")
    assert Project.at(migrations).root == tmp_path / "real"


def test_links_in_a_circle_are_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    answer = call(None, "host=/nowhere", "--migrations", tmp_path / "a", "status")
    assert answer.code == 2
    assert "Too many levels of symbolic links.\nstate: Nothing was changed." in answer.err


@newest
@pytest.mark.parametrize("linked", ["migrations", "changes"])
def test_a_linked_set_is_seeded_and_checked(
    empty_database: str, made: MigrationSet, tmp_path_factory: pytest.TempPathFactory, linked: str
) -> None:
    """Without its seeds it would be up to date, and without its checks sound."""
    (made.sql / "checks").mkdir(parents=True)
    (made.sql / "checks" / "never.sql").write_text("SELECT 'found'")
    link = tmp_path_factory.mktemp("elsewhere") / linked
    link.symlink_to(made.migrations)
    at = ["--migrations", str(link)]
    assert call(None, empty_database, *at, "migrate", "--no-seed").code == 0
    answer = call(None, empty_database, *at, "--json", "status")
    assert answer.document["pending_seeds"] == ["01.a"]
    assert f"files: {link}, seeds: {made.seeds}, sql: {made.sql}\n" in answer.err
    assert call(None, empty_database, *at, "migrate").code == 0
    assert rows(empty_database, "SELECT id FROM a ORDER BY id") == SEEDED
    answer = call(None, empty_database, *at, "verify")
    assert "sql/checks/never.sql: FAILED\n    found\n" in answer.out
    assert applied(empty_database) == THREE


# Whose they are


def test_another_set_gets_nothing_of_the_projects_own(tmp_path: Path) -> None:
    own = a_set(tmp_path)
    other = tmp_path / "experiments"
    other.mkdir()
    assert parts(other) == (None, None)
    assert parts(own) == (tmp_path / "seeds", tmp_path / "sql")
    (tmp_path / "pyproject.toml").write_text("[tool.migrator]\nseeds = 'seeds'\n")
    assert parts(other) == (None, None)
    assert Project.at(other).page is None


def test_another_set_gets_nothing_that_the_project_names_as_its_own(tmp_path: Path) -> None:
    own = a_set(tmp_path / "db", "changes")
    other = tmp_path / "db" / "old"
    other.mkdir()
    assert parts(other) == (tmp_path / "db" / "seeds", tmp_path / "db" / "sql")
    (tmp_path / "pyproject.toml").write_text("[tool.migrator]\nmigrations = 'db/changes'\n")
    assert parts(other) == (None, None)
    assert parts(own) == (tmp_path / "db" / "seeds", tmp_path / "db" / "sql")


def test_another_set_in_a_project_has_what_is_beside_it_and_the_projects_settings(
    tmp_path: Path,
) -> None:
    a_set(tmp_path)
    (tmp_path / "pyproject.toml").write_text(
        "[tool.migrator]\nseeds = 'seeds'\napplication = 'shop'\n"
    )
    found = Project.at(a_set(tmp_path / "billing"))
    assert (found.root, found.settings.application) == (tmp_path, "shop")
    assert (found.seeds, found.sql) == (
        tmp_path / "billing" / "seeds",
        tmp_path / "billing" / "sql",
    )


def test_nobody_gets_anything_of_the_tools_own_checkout(tmp_path: Path) -> None:
    found = Project.at(a_set(tmp_path / "project"))
    for each in (found.root, found.migrations, found.seeds, found.sql, found.page):
        assert each is not None
        assert not each.is_relative_to(ROOT)
    assert found.settings.application == "migrator"
    ours = Project.at(MIGRATIONS)
    assert (ours.root, ours.seeds, ours.sql) == (ROOT, ROOT / "seeds", ROOT / "sql")
    assert ours.settings.application == "gestorlead-migrator"


# A project's directory


def test_a_projects_directory_is_no_set(tmp_path: Path) -> None:
    a_set(tmp_path)
    answer = call(None, "host=/nowhere", "--migrations", tmp_path, "status")
    assert answer.code == 2
    inner = tmp_path / "migrations"
    assert f"error: {tmp_path} has no migrations, but {inner} may have.\n" in answer.err
    assert f"next: Give --migrations {inner}.\n" in answer.err


def test_files_may_be_in_the_projects_own_directory(tmp_path: Path) -> None:
    a_set(tmp_path, "unused")
    (tmp_path / "0001.a.create.sql").touch()
    (tmp_path / "pyproject.toml").write_text("[tool.migrator]\nmigrations = '.'\n")
    for found in (Project.at(tmp_path), Project.own(tmp_path, settings.load(tmp_path))):
        assert (found.root, found.migrations) == (tmp_path, tmp_path)
        assert (found.seeds, found.sql) == (tmp_path / "seeds", tmp_path / "sql")


@pytest.mark.parametrize("key", ["migrations", "seeds"])
def test_a_directory_that_the_project_names_must_be_there(tmp_path: Path, key: str) -> None:
    a_set(tmp_path)
    (tmp_path / "pyproject.toml").write_text(f"[tool.migrator]\n{key} = 'nowhere'\n")
    with pytest.raises(Refused, match=r"There is no directory .*/nowhere"):
        Project.own(tmp_path, settings.load(tmp_path))


# Which project is meant


def status(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = main(None, [*arguments, "new", "domain", "change"])
    told = capsys.readouterr()
    return code, told.out + told.err


def test_the_nearest_project_from_here_upwards_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    a_set(tmp_path / "shop", "changes")
    (tmp_path / "shop" / "pyproject.toml").write_text("[tool.migrator]\nmigrations = 'changes'\n")
    below = tmp_path / "shop" / "a" / "b"
    below.mkdir(parents=True)
    (below.parent / "pyproject.toml").write_text("[project]\nname = 'migrator-of-another'\n")
    monkeypatch.chdir(below)
    code, told = status(capsys)
    assert (code, told.splitlines()[0]) == (
        0,
        str(tmp_path / "shop" / "changes" / "0002.domain.change.sql"),
    )


def test_without_a_project_the_migrations_here_are_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code, told = status(capsys)
    assert code == 2
    assert f"error: There is no directory {tmp_path / 'migrations'}." in told
    a_set(tmp_path)
    code, told = status(capsys)
    assert (code, told.splitlines()[0]) == (
        0,
        str(tmp_path / "migrations" / "0002.domain.change.sql"),
    )
