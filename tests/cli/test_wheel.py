"""What `pip install .` gives: the command `migrator`, on its own, on somebody else's files."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from email.parser import HeaderParser
from importlib.metadata import distribution
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.requirements import Requirement
from psycopg.conninfo import conninfo_to_dict

from migrator.server.embedded import EmbeddedServer
from tests.support.commands import Answer
from tests.support.databases import applied, rows, tables
from tests.support.servers import ROOT, Server, newest, open_place

# What another team does not have: this repository's Makefile, front door and lock files.
OURS = re.compile(
    r"runner\.py|\bmake (?:migrate|lint|schema|test|bench|\.venv)|requirements\S*\.txt"
)


CHECKED = ["history", "invalid indexes", "schema"]


class Installed(NamedTuple):
    """An environment that has the wheel and what it requires, and nothing else."""

    bin: Path
    site: Path

    def run(self, cwd: Path, *arguments: str | Path, env: dict[str, str] | None = None) -> Answer:
        """Run the command; whatever it says, it names nothing of this repository."""
        done = subprocess.run(
            [self.bin / "migrator", *arguments],
            capture_output=True,
            check=False,
            cwd=cwd,
            env={"PATH": "/usr/bin:/bin", "HOME": str(cwd), "LC_ALL": "C.UTF-8"} | (env or {}),
            text=True,
            timeout=120,
        )
        answer = Answer(done.returncode, done.stdout, done.stderr)
        assert OURS.findall(answer.out + answer.err) == []
        assert "Traceback" not in answer.err
        return answer


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("wheel")
    options: list[str | Path] = [
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "-w",
        place,
    ]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, ROOT], check=True)
    (built,) = place.iterdir()
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    place = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
    python = place / "bin" / "python"
    paths = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        check=True,
        text=True,
    )
    site = Path(paths.stdout.strip())
    here = Path(sysconfig.get_path("purelib"))
    for name in {each for required in required_by(wheel) for each in parts_of(required)}:
        (site / name).symlink_to(here / name)
    pip: list[str | Path] = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-index", wheel], check=True)
    return Installed(place / "bin", site)


def required_by(wheel: Path) -> set[str]:
    """Return the names of all that the wheel requires at run time, and of what those require."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        metadata = HeaderParser().parsestr(archive.read(name).decode())
    found: set[str] = set()
    waiting = [(Requirement(each), "") for each in metadata.get_all("Requires-Dist") or []]
    while waiting:
        required, extra = waiting.pop()
        if required.marker and not required.marker.evaluate({"extra": extra}):
            continue
        if required.name not in found:
            found.add(required.name)
        for each in {"", *required.extras}:
            lines = distribution(required.name).requires or []
            more = [(Requirement(line), each) for line in lines]
            waiting += [one for one in more if one[0].name not in found]
    return found


def parts_of(name: str) -> Iterator[str]:
    """Yield what a distribution has in site-packages."""
    for path in distribution(name).files or []:
        if path.parts[0] not in {"..", "__pycache__"}:
            yield path.parts[0]


class Theirs(NamedTuple):
    """Somebody else's project: two tables, a seed, a check; no header in any file."""

    root: Path
    migrations: Path


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that every user can reach: root's server keeps its data in it."""
    with open_place() as place:
        yield place


@pytest.fixture
def theirs(place: Path) -> Theirs:
    return a_shop(place, "changes")


def a_shop(place: Path, name: str) -> Theirs:
    """Make the project, with its migrations in a directory of that name."""
    root = place / "shop"
    made = root / name
    for directory in (made, root / "seeds", root / "sql" / "checks", root / "src" / "deep"):
        directory.mkdir(parents=True)
    (made / "1.items.sql").write_text("CREATE TABLE items (id bigint PRIMARY KEY);\n")
    (made / "1.items.rollback.sql").write_text("DROP TABLE items;\n")
    (made / "2.price.sql").write_text("ALTER TABLE items ADD COLUMN price numeric;\n")
    (made / "2.price.rollback.sql").write_text("ALTER TABLE items DROP COLUMN price;\n")
    (root / "seeds" / "items.sql").write_text(
        "INSERT INTO items VALUES (1) ON CONFLICT DO NOTHING;\n"
    )
    (root / "sql" / "checks" / "priced.sql").write_text("SELECT id FROM items WHERE price < 0\n")
    return Theirs(root, made)


def project(theirs: Theirs) -> None:
    """Make it a project that says where its parts are, what it is called, and how it is judged."""
    (theirs.root / "seeds").rename(theirs.root / "rows")
    (theirs.root / "pyproject.toml").write_text(
        f"""\
[project]
name = "shop"

[tool.migrator]
migrations = "{theirs.migrations.name}"
seeds = "rows"
application = "shop"

[tool.migrator.review]
sizes = [20, 40]
small_rows = 10
"""
    )


@pytest.mark.slow
def test_the_wheel_has_the_tool_alone_with_all_that_it_reads(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {each for each in archive.namelist() if ".dist-info/" not in each}
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "migrator"],
        capture_output=True,
        check=True,
        cwd=ROOT,
        text=True,
    )
    there = {each for each in tracked.stdout.split("\0") if each and (ROOT / each).exists()}
    assert packed == there
    assert {Path(each).suffix for each in packed} == {".py", ".sql", ".css", ".js", ".j2", ".toml"}


def test_its_queries_can_be_read_in_the_archive_itself(wheel: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", "from migrator.sql import sql; print(sql('core/facts'), end='')"],
        capture_output=True,
        check=True,
        env={"PYTHONPATH": str(wheel)},
        cwd=wheel.parent,
        text=True,
    )
    assert told.stdout == (ROOT / "migrator" / "sql" / "core" / "facts.sql").read_text("utf-8")


@pytest.mark.slow
def test_what_runs_is_what_was_installed(installed: Installed, tmp_path: Path) -> None:
    told = subprocess.run(
        [installed.bin / "python", "-c", "import migrator, sys; print(migrator.__file__)"],
        capture_output=True,
        check=True,
        cwd=tmp_path,
        env={},
        text=True,
    )
    assert Path(told.stdout.strip()) == installed.site / "migrator" / "__init__.py"
    assert not (installed.site / "migrator").is_symlink()
    absent = {"pytest", "jinja2", "squawk", "sqlfluff", "hatchling"}
    assert absent & {each.name for each in installed.site.iterdir()} == set()
    answer = installed.run(tmp_path, "--help")
    assert answer.out.startswith("Usage: migrator [OPTIONS] COMMAND")
    done = subprocess.run(
        [installed.bin / "python", "-m", "migrator", "migrate", "--help"],
        capture_output=True,
        check=True,
        cwd=tmp_path,
        text=True,
    )
    assert done.stdout.startswith("Usage: python -m migrator migrate [OPTIONS]")


@pytest.mark.slow
@newest
@pytest.mark.parametrize(
    ("name", "has_project"),
    [("Datenbank 2.0", False), pytest.param("changes", True, marks=pytest.mark.slow)],
    ids=["without a pyproject.toml", "with a pyproject.toml"],
)
def test_it_does_on_another_set_what_it_does_here(
    pg: Server,
    empty_database: str,
    installed: Installed,
    place: Path,
    name: str,
    *,
    has_project: bool,
) -> None:
    theirs = a_shop(place, name)
    if has_project:
        project(theirs)
    cwd = theirs.root / "src" / "deep" if has_project else theirs.root.parent
    named = [] if has_project else ["--migrations", str(theirs.migrations.relative_to(cwd))]
    at = {"DATABASE_URL": empty_database}

    def run(*arguments: str | Path) -> Answer:
        return installed.run(cwd, *named, *arguments, env=at)

    answer = run("migrate")
    assert (answer.code, answer.out.splitlines()) == (
        0,
        ["applied 1.items", "applied 2.price", "applied items"],
    )
    assert rows(empty_database, "SELECT id FROM items") == [(1,)]
    assert run("status", "--exit-code").code == 0
    answer = run("schema")
    assert answer.out == f"wrote {theirs.root / 'sql' / 'schema.sql'}\n"
    answer = run("verify")
    assert (answer.code, answer.out.splitlines()) == (
        0,
        [f"{each}: ok" for each in (*CHECKED, "sql/checks/priced.sql", "seeds")],
    )
    scratch = pg.dsn("postgres", pg.user)
    answer = run("--json", "review", "2", "--scratch", scratch)
    assert answer.code in {0, 1}, answer.err
    (reviewed,) = answer.document["migrations"]
    assert reviewed["proof"]["verdict"] == "lossy"
    assert {each["relation"] for each in reviewed["locks"]} == {"items"}
    assert reviewed["not_measured"] == []
    assert any("squawk is not installed" in note for note in answer.document["notes"])
    assert answer.document["sizes"] == ([20, 40] if has_project else [20000, 80000])
    assert run("rollback", "--all").code == 2
    answer = run("rollback", "--all", "--yes")
    assert (answer.code, answer.out.splitlines()) == (
        0,
        ["rolled back 2.price", "rolled back 1.items"],
    )
    assert (tables(empty_database), applied(empty_database)) == ([], [])
    assert [*place.rglob(".postgres")] == []


@pytest.mark.slow
def test_the_embedded_server_is_the_projects_with_names_of_its_own(
    installed: Installed, theirs: Theirs
) -> None:
    it = EmbeddedServer(theirs.root / ".postgres")
    named = ["--migrations", str(theirs.migrations)]
    try:
        answer = installed.run(theirs.root.parent, *named, "migrate")
        assert answer.code == 0, answer.err
        assert f"target: {it.url()} (from the embedded server)\n" in answer.err
        assert conninfo_to_dict(it.url())["user"] == "app"
        assert rows(it.url(), "SELECT id, current_database()::text FROM items") == [(1, "app")]
        # The project gives other names: beside the old ones, on the server as it runs.
        project(theirs)
        with (theirs.root / "pyproject.toml").open("a") as file:
            file.write('[tool.migrator.server]\ndatabase = "shop"\nrole = "shopkeeper"\n')
        answer = installed.run(theirs.root, "migrate")
        assert answer.code == 0, answer.err
        assert "target: postgresql://shopkeeper@/shop?" in answer.err
        assert rows(it.url(), "SELECT id FROM items") == [(1,)]
        assert installed.run(theirs.root, "server", "stop").out == "stopped\n"
        answer = installed.run(theirs.root / "src", "status")
        assert (answer.code, answer.out.splitlines()[-1]) == (0, "up to date")
    finally:
        it.stop()


@newest
@pytest.mark.slow
def test_sessions_have_the_projects_name(
    empty_database: str, installed: Installed, theirs: Theirs
) -> None:
    asked = "DO $$ BEGIN RAISE EXCEPTION 'called %', current_setting('application_name'); END $$;\n"
    (theirs.migrations / "2.price.sql").write_text(asked)
    named = ["--database", empty_database, "--migrations", str(theirs.migrations)]
    assert ": called migrator; " in installed.run(theirs.root, *named, "migrate").err
    project(theirs)
    assert ": called shop; " in installed.run(theirs.root, *named, "migrate").err


@pytest.mark.slow
def test_what_is_missing_is_told_with_a_command_that_brings_it(
    installed: Installed, theirs: Theirs, tmp_path: Path
) -> None:
    """A linter, a page's template, a package that somebody took away."""
    install = f"next: Install it: {installed.bin / 'python'} -m pip install"
    named = ["--migrations", str(theirs.migrations)]
    answer = installed.run(theirs.root, *named, "lint")
    assert (answer.code, answer.err) == (
        2,
        f"error: squawk is not installed.\nstate: Nothing was changed.\n{install} squawk-cli\n",
    )
    answer = installed.run(theirs.root, *named, "review", "1", "--out", tmp_path / "out")
    assert (answer.code, answer.err) == (
        2,
        "error: The Python package jinja2 is not installed.\nstate: Nothing was changed.\n"
        f"{install} jinja2\n",
    )
    for package, missing in (("click", "click"), ("psycopg", "'psycopg[binary]'")):
        link = installed.site / package
        target = link.readlink()
        link.unlink()
        try:
            answer = installed.run(theirs.root, "--database", "host=/nowhere", *named, "status")
        finally:
            link.symlink_to(target)
        assert answer.code == 2
        assert f"error: The Python package {package} is not installed.\n" in answer.err
        assert answer.err.endswith(f"{install} {missing}\n")


@pytest.mark.slow
def test_no_message_names_what_only_this_repository_has() -> None:
    told = {
        f"{path.name}: {node.value}"
        for path in ROOT.glob("migrator/**/*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and OURS.search(node.value)
    }
    assert told == set()
