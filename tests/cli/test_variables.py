"""Every option by its environment variable: MIGRATOR_<COMMAND>_<OPTION>; secrets stay unseen."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click
import pytest

from migrator.cli.fleet import fleet
from migrator.cli.main import cli
from tests.support.commands import Answer, call, execute
from tests.support.databases import applied, name_of, superuser, tables
from tests.support.servers import Server, newest
from tests.support.sets import THREE, MigrationSet

FLEET = {f"fleet {name}": each for name, each in fleet.commands.items()}
COMMANDS: dict[str, click.Command] = {"": cli, **cli.commands, **FLEET}
OPTIONS = [
    (name, option)
    for name, command in COMMANDS.items()
    for option in command.params
    if isinstance(option, click.Option) and not option.is_eager  # --version needs none
]
OF_EVERY_FLEET = {"targets", "targets_from", "control", "jobs", "server_limit", "log_dir"}
VALUES = {"duration": "7s", "integer range": "3", "integer": "3", "text": "x", "path": "x"}
REQUIRED = {
    "settle": ["0001", "--as", "applied"],
    "baseline": ["0001"],
    "new": ["x", "y"],
    "convert": ["--from", "goose", "x", "y"],
    "restore": ["x"],
    "squash": ["0001"],
    "fleet rollback": ["--to", "0001"],
    "fleet new": ["x", "--url", "x", "--stage", "1"],
    "server": ["start"],
}


def variable(command: str, option: click.Option) -> str:
    """Return the name of the variable, as the reference says."""
    long = max(option.opts, key=len)
    command = "fleet" if command in FLEET and option.name in OF_EVERY_FLEET else command
    name = f"MIGRATOR_{command}_{long[2:]}".replace("__", "_")
    return name.replace("-", "_").replace(" ", "_").upper()


def value_of(option: click.Option) -> str:
    if isinstance(option.type, click.Choice):
        return str(option.type.choices[-1])
    return "06:00" if option.type.name == "time" else VALUES[option.type.name]


def parsed(command: str, arguments: list[str]) -> dict[str, Any]:
    found = COMMANDS[command] if command else click.Command("group", params=cli.params)
    return found.make_context("x", [*arguments]).params


def test_every_option_has_a_variable_and_no_two_have_one() -> None:
    names = [variable(*each) for each in OPTIONS]
    shared = [name for (command, _), name in zip(OPTIONS, names, strict=True) if command in FLEET]
    assert len(names) - len(shared) == len({*names} - {*shared})
    assert len(names) > 50
    assert [option.envvar for _, option in OPTIONS] == names


@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_a_variable_is_the_same_as_the_option(
    monkeypatch: pytest.MonkeyPatch, command: str, option: click.Option
) -> None:
    rest = list(REQUIRED.get(command, ()))
    if option.opts[0] in rest:
        at = rest.index(option.opts[0])
        del rest[at : at + 2]
    given = [option.opts[0]] if option.is_flag else [option.opts[0], value_of(option)]
    by_option = parsed(command, [*rest, *given])
    monkeypatch.setenv(variable(command, option), "1" if option.is_flag else value_of(option))
    assert parsed(command, rest) == by_option
    monkeypatch.delenv(variable(command, option))
    assert option.required or parsed(command, rest) != by_option


def test_a_switch_is_left_alone_by_0(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MIGRATOR_MIGRATE_DRY_RUN", "MIGRATOR_DEPLOY_RESUME", "MIGRATOR_DEPLOY_REHEARSE"):
        monkeypatch.setenv(name, "0")
    assert parsed("migrate", [])["dry_run"] is False
    assert parsed("deploy", [])["resume"] is False
    assert parsed("deploy", [])["rehearse"] is False


@newest
def test_a_command_by_variables_alone(
    pg: Server, empty_database: str, made: MigrationSet, tmp_path: Path
) -> None:
    others = tmp_path / "others"
    others.mkdir()
    variables = {
        "MIGRATOR_DATABASE": pg.password_url(name_of(empty_database)),
        "MIGRATOR_MIGRATIONS": str(made.migrations),
        "MIGRATOR_SEEDS": str(others),
        "MIGRATOR_JSON": "1",
        "MIGRATOR_MIGRATE_TO": "0002",
        "MIGRATOR_ROLLBACK_YES": "1",
    }
    answer = execute("migrate", environment=variables)
    assert (answer.code, answer.document) == (0, {"applied": THREE[:2], "seeds": []})
    target, files = answer.err.splitlines()[:2]
    assert target.endswith("(from MIGRATOR_DATABASE)")
    assert files == f"files: {made.migrations}, seeds: {others}, sql: none"
    assert applied(variables["MIGRATOR_DATABASE"]) == THREE[:2]
    answer = execute("--migrations", tmp_path / "nowhere", "status", environment=variables)
    assert answer.code == answer.document["exit_code"] == 2  # what is given on the line counts more
    assert execute("rollback", "--all", environment=variables).code == 0
    assert tables(empty_database) == []


def test_an_error_is_a_document_by_variable_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIGRATOR_JSON", "true")
    answer = call(None, "host=/nowhere", "migrate", "--nonsense")
    assert answer.code == answer.document["exit_code"] == 2


@pytest.mark.parametrize(
    "name", ["MIGRATOR_DATABASE", "MIGRATOR_MIGRATIONS", "MIGRATOR_MIGRATE_LOCK_WAIT"]
)
def test_an_empty_variable_is_refused_by_name(
    made: MigrationSet, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "")
    monkeypatch.setenv("MIGRATOR_STATUS_EXIT_CODE", "")  # of another command: nobody asks for it
    answer = call(made, "host=/nowhere", "migrate")
    assert answer.code == 2
    assert f"error: {name} is set but empty: it gives --" in answer.err
    assert f"\nnext: Give it a value, or run `unset {name}`.\n" in answer.err


def test_a_value_that_cannot_be_is_told_by_its_variable(
    made: MigrationSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIGRATOR_MIGRATE_LOCK_TIMEOUT", "soon")
    answer = call(made, "host=/nowhere", "migrate")
    assert answer.code == 2
    assert "'soon' is not a length of time" in answer.err
    monkeypatch.setenv("MIGRATOR_DATABASE", "nonsense")
    answer = call(made, None, "status")
    assert answer.code == 2
    assert "error: MIGRATOR_DATABASE is neither a postgresql:// URL" in answer.err


# The project's file of variables


DOTENV = """\
# of another program, too
SECRET_KEY='$ ` \\ #'
export DATABASE_URL='{database}'  # the target
MIGRATOR_MIGRATE_TO="0002"

EMPTY=
"""


@newest
def test_a_file_of_variables_is_read_only_where_the_settings_name_it(
    pg: Server, empty_database: str, made: MigrationSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = pg.password_url(name_of(empty_database))
    path = made.write(".env", DOTENV.format(database=url))
    made.write("pyproject.toml", "[tool.migrator]\n")
    monkeypatch.setenv("MIGRATOR_SERVER_DIRECTORY", "/proc/none")  # else the embedded server
    assert call(made, None, "migrate").code == 1
    made.write("pyproject.toml", '[tool.migrator]\nenvironment = ".env"\n')
    answer = read(made, "migrate")
    assert answer.code == 0, answer.err
    assert f"environment: DATABASE_URL, MIGRATOR_MIGRATE_TO from {path}\n" in answer.err
    assert applied(superuser(pg, empty_database)) == THREE[:2]
    monkeypatch.setenv("MIGRATOR_MIGRATE_TO", "0001")
    monkeypatch.setenv("PGHOST", "/nowhere")
    answer = read(made, "migrate")
    assert "Cannot connect to postgresql:///?host=/nowhere" in answer.err
    assert "environment:" not in answer.err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# x\nPGPASSWORD=a b", ":2: not a line NAME=value."),
        ("PGPASSWORD=${OTHER}", ":1: not a line NAME=value."),
        ("PGPASSWORD='a", ":1: not a line NAME=value."),
        ("pool", ":1: not a line NAME=value."),
        ("MIGRATOR_JSON=1", "MIGRATOR_JSON cannot be set there"),
        ("MIGRATOR_MIGRATE_TO=", "MIGRATOR_MIGRATE_TO is set but empty"),
        ("DATABASE_URL=", "DATABASE_URL is set but empty"),
        (b"PGHOST=\xff", "cannot be read: it is not UTF-8."),
    ],
)
def test_a_file_of_variables_that_means_nothing_is_refused_unseen(
    made: MigrationSet, text: str | bytes, message: str
) -> None:
    made.write(".env", text)
    made.write("pyproject.toml", '[tool.migrator]\nenvironment = ".env"\n')
    answer = read(made, "migrate")
    assert answer.code == 2
    assert message in answer.err
    assert "a b" not in answer.err
    assert "OTHER" not in answer.err


def read(made: MigrationSet, *arguments: str) -> Answer:
    """Run a command as `call` does; what it adds to the environment is taken away again."""
    before = dict(os.environ)
    try:
        return call(made, None, *arguments)
    finally:
        os.environ.clear()
        os.environ.update(before)
