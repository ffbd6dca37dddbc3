"""No password on the way out: in no answer, no message, no argument of a process, no file."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from migrator.core import process
from tests.conftest import INSTALLATIONS
from tests.support.databases import name_of
from tests.support.secrets import WRONG, Way, files_below, shown, watched, ways
from tests.support.servers import PASSWORD, Server, newest
from tests.support.sets import MigrationSet, three_tables

pytestmark = pytest.mark.slow

SMALL = """\
[tool.migrator.lint]
ignore = ["prefer-bigint-over-int"]
[tool.migrator.review]
sizes = [20, 40]
small_rows = 10
"""

WAYS = ["--database URL", "--database=words", "DATABASE_URL", "PGPASSWORD", "PGSERVICEFILE"]
WAYS += ["PGPASSFILE", "MIGRATOR_DATABASE"]


@pytest.fixture
def made(tmp_path: Path) -> MigrationSet:
    made = three_tables(tmp_path / "set")
    made.write("sql/schema.sql", "")
    return made


@newest
@pytest.mark.parametrize("name", WAYS)
def test_a_password_is_shown_nowhere(
    pg: Server, empty_database: str, made: MigrationSet, tmp_path: Path, name: str
) -> None:
    way = ways(pg, name_of(empty_database), tmp_path, PASSWORD)[name]
    (tmp_path / "wrong").mkdir()
    wrong = ways(pg, name_of(empty_database), tmp_path / "wrong", WRONG)[name]
    log = Path(pg.host, "server.log")
    before = log.stat().st_size
    runs = [
        watched(way, made, "migrate"),
        watched(way, made, "schema"),  # which runs pg_dump
        watched(wrong, made, "status"),
    ]
    if name == WAYS[0]:  # further commands know nothing more of the way
        runs.append(watched(way, made, "--json", "verify"))
        runs.append(watched(way, made, "plan", "--sql", "--rollback"))
    assert [answer.code for answer, _ in runs] == [0, 0, 2, 0, 0][: len(runs)], runs
    arguments = [each for _, seen in runs for each in seen]
    assert any("pg_dump" in each for each in arguments), "the watcher sees what it is to see"
    assert any("runner.py" in each for each in arguments)
    texts = [text for answer, _ in runs for text in (answer.out, answer.err)]
    logged = log.read_bytes()[before:].decode(errors="replace")
    written = [*files_below(made.migrations.parent), logged]
    assert shown([*texts, *arguments, *written]) == []
    assert "postgresql://" in runs[0][0].err.splitlines()[0]
    assert "password authentication failed" in runs[2][0].err


@newest
def test_a_review_shows_no_password(
    pg: Server, empty_database: str, made: MigrationSet, request: pytest.FixtureRequest
) -> None:
    """One is an option's, the other a variable's."""
    other: Server = request.getfixturevalue(f"server_{min(INSTALLATIONS)}")
    with other.connect() as connection:
        connection.execute("ALTER ROLE tester CREATEDB")
    made.write("pyproject.toml", SMALL)
    target, scratch = pg.password_url(name_of(empty_database)), other.password_url("postgres")
    out = made.migrations.parent / "out"
    way = Way([], {"MIGRATOR_REVIEW_SCRATCH": scratch})
    answer, seen = watched(way, made, "review", "--out", str(out), "--against", target)
    assert answer.code == 0, answer.err
    assert any("runner.py" in each for each in seen)
    assert len([*out.iterdir()]) > 1
    assert shown([answer.out, answer.err, *seen, *files_below(made.migrations.parent)]) == []


@newest
def test_a_deploy_and_a_restore_show_no_password(
    pg: Server, empty_database: str, made: MigrationSet, tmp_path: Path
) -> None:
    """The target's, the administrator's and the rehearsal server's; when it fails, too."""
    with pg.connect() as connection:
        connection.execute("ALTER ROLE tester CREATEDB")
    made.add("0004.bad.x", "SELECT 1 / 0;")
    backups = tmp_path / "backups"
    url = pg.password_url(name_of(empty_database))
    admin = pg.password_url("postgres")
    place = ["--backup-dir", str(backups), f"--admin={admin}"]
    way = Way(["--database", url], {})
    try:
        first, seen = watched(way, made, "deploy", "--yes", "--rehearse-on", admin, *place)
        by_variables = Way([], {"MIGRATOR_DATABASE": url, "MIGRATOR_DEPLOY_ADMIN": admin})
        second, more = watched(by_variables, made, "deploy", "--yes", "--no-rehearse", *place[:2])
        name = next(backups.glob("*.dump")).name
        copy = f"{name_of(empty_database)}_copy"
        third, most = watched(way, made, "restore", name, "--into", copy, *place)
    finally:
        with pg.connect() as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name_of(empty_database)}_copy")
            connection.execute("ALTER ROLE tester NOCREATEDB")
    assert (first.code, second.code, third.code) == (1, 1, 0), third.err
    said = [text for each in (first, second, third) for text in (each.out, each.err)]
    lines = [*seen, *more, *most]
    assert any("pg_dump" in each for each in lines)
    assert any("pg_restore" in each for each in lines)
    assert shown([*said, *lines, *files_below(backups), *map(str, backups.iterdir())]) == []


@pytest.mark.parametrize(
    ("arguments", "hides"),
    [
        (["--database", "postgresql://u:pw@h/d", "status"], "--database"),
        (["--json", "--database=host=h password=pw", "status"], "--database"),
        (["--migrations", "--database", "--database", "host=h sslpassword=pw"], "--database"),
        (["--database", "postgresql://u@h/d", "status"], ""),
        (["--database", "host=h user=u", "status"], ""),
        (["server", "psql", "--database", "postgresql://u:pw@h/d"], ""),
        (["--database"], ""),
        (["--json", "review", "--scratch", "postgresql://u:pw@h/d", "0001"], "--scratch"),
        (["review", "--against=postgresql://u:pw@h/d"], "--against"),
        (["review", "--against", "origin/main"], ""),
        (["deploy", "--admin", "postgresql://u:pw@h/d", "--yes"], "--admin"),
        (["deploy", "--rehearse-on=postgresql://u:pw@h/d"], "--rehearse-on"),
    ],
)
def test_what_is_hidden_is_handed_on(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], hides: str
) -> None:
    started: list[list[str]] = []

    def execv(program: str, argv: list[str]) -> None:
        assert program == sys.executable
        started.append(argv)
        raise OSError

    monkeypatch.setattr(os, "execv", execv)
    monkeypatch.setattr(sys, "orig_argv", ["python", "-X", "dev", "runner.py", *arguments])
    monkeypatch.setattr(sys, "argv", ["runner.py", *arguments])
    monkeypatch.delenv(process._variable(hides), raising=False)
    process._hide_secrets()
    assert bool(started) == bool(hides)
    for argv in started:
        assert argv[:4] == ["python", "-X", "dev", "runner.py"]
        assert "pw" not in " ".join(argv)
        assert len(argv) == 4 + len(arguments)
        given = process.option_value(process._HIDDEN, hides)
        assert given is not None
        assert given in " ".join(arguments)
        assert "pw" in given
        assert process._variable(hides) not in os.environ
