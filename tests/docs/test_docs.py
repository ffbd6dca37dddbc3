"""The documentation: its commands run, its links lead somewhere, its messages are the runner's."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest
from click.testing import CliRunner
from psycopg.conninfo import conninfo_to_dict

from migrator.catalogue import diagram
from migrator.cli import main as command_line
from migrator.server import binaries
from tests.support import documents, forks
from tests.support.commands import execute
from tests.support.databases import Connection, database
from tests.support.documents import README, REFERENCE, SCHEMA, TEXT, Block
from tests.support.predecessors import LAYOUTS
from tests.support.reports import sample
from tests.support.servers import NEWEST, ROOT, Server, clean_environment, fast_place

STORIES = documents.stories()
ALL_CODE = [code for page in TEXT for code in documents.code(page)]
RUN = [line for story in STORIES for block in story for line in documents.lines_of(block)]
COPIED = (
    "Makefile",
    "docs",
    "examples",
    "migrations",
    "pyproject.toml",
    "requirements*.txt",
    "runner.py",
    "seeds",
    "sql",
)


MAKE = """\
#!/bin/sh -eu
test -e .copy-with-tests || exec "{make}" --dry-run "$@"
case "$1" in
schema) exec "{make}" schema ;;
test)
    exec python -m pytest -n0 tests/schema tests/catalogue/test_snapshot.py tests/bench \
        --ignore tests/schema/test_views.py --ignore tests/schema/test_row_security.py \
        -k "not (rule_alone or rule_notices or is_accepted or semver or taken_back) or archived"
    ;;
esac
"""


class Place(NamedTuple):
    """Where a story is told: a copy of the project, and a database."""

    server: Server
    root: Path
    dbname: str
    environment: dict[str, str]

    def run(self, *argv: str, text: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            argv,
            capture_output=True,
            check=False,
            cwd=self.root,
            env=self.environment,
            input=text,
            text=True,
            timeout=300,
        )

    def sh(self, command: str) -> subprocess.CompletedProcess[str]:
        return self.run("bash", "-euo", "pipefail", "-c", command)

    def psql(self, text: str, *, superuser: bool) -> subprocess.CompletedProcess[str]:
        dsn = self.server.dsn(self.dbname, self.server.user)
        database = dsn if superuser else self.environment["DATABASE_URL"]
        return self.run("psql", "-X", "-v", "ON_ERROR_STOP=1", "-d", database, text=text)

    def prepare_by_sql(self, text: str) -> None:
        done = self.psql(text, superuser=True)
        assert done.returncode == 0, done.stderr


def _edited(place: Place, migration: str) -> None:
    with (place.root / "migrations" / f"{migration}.sql").open("a", encoding="utf-8") as file:
        file.write("-- a remark\n")


def _missing(place: Place, migration: str) -> None:
    for suffix in (".sql", ".rollback.sql"):
        (place.root / "migrations" / f"{migration}{suffix}").unlink()


def _started(place: Place, migration: str) -> None:
    place.prepare_by_sql(
        "INSERT INTO yoyo.intent (migration_hash, migration_id, direction, checksum) "
        f"VALUES (encode(sha256('{migration}'), 'hex'), '{migration}', 'apply', 'checksum')"
    )


def _unmanaged(place: Place, _: str) -> None:
    place.prepare_by_sql("DROP SCHEMA yoyo CASCADE")


def _others(place: Place, _: str) -> None:
    place.prepare_by_sql("CREATE TABLE theirs ()")


def _of(place: Place, tool: str) -> None:
    assert tool == "goose"
    place.prepare_by_sql(
        LAYOUTS["goose"] + "ALTER TABLE goose_db_version OWNER TO tester; "
        "INSERT INTO goose_db_version (version_id, is_applied) SELECT"
        " split_part(migration_id, '.', 1)::int, TRUE FROM yoyo._yoyo_migration;"
        "DROP SCHEMA yoyo CASCADE"
    )


def _theirs(place: Place, _: str) -> None:
    for name, statement in {
        "00001_accounts": "CREATE TABLE accounts (id int)",
        "00002_index": "CREATE INDEX ix ON accounts (id)",
    }.items():
        path = place.root / "theirs" / f"{name}.sql"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"-- +goose Up\n{statement};\n", encoding="utf-8")


def _without(place: Place, extension: str) -> None:
    place.prepare_by_sql(f"DROP EXTENSION {extension} CASCADE")


def _with_tests(place: Place, _: str) -> None:
    for name in ("tests", "bench"):
        shutil.copytree(ROOT / name, place.root / name)  # and what was compiled
    shutil.copyfile(ROOT / "pyproject.toml", place.root / "pyproject.toml")
    (place.root / ".copy-with-tests").touch()  # see MAKE


def _createdb(place: Place, _: str) -> None:
    place.prepare_by_sql("ALTER ROLE tester CREATEDB")  # until no_traces


def _createrole(place: Place, _: str) -> None:
    place.prepare_by_sql("ALTER ROLE tester CREATEROLE")  # until no_traces


def _fleet(place: Place, _: str) -> None:
    """Make the databases that the page's services name."""
    lines = []
    for name in ("canary", "eu-1", "us-1", "us-2"):
        place.prepare_by_sql(f'CREATE DATABASE "{name}" OWNER tester')
        parameters = conninfo_to_dict(place.server.password_url(name))
        lines += [f"[{name}]", *(f"{key}={value}" for key, value in parameters.items())]
    path = place.root / "services.conf"
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    place.environment["PGSERVICEFILE"] = str(path)


def _committed(here: Place, _: str) -> None:
    """Commit the files to a repository of the story's own."""
    here.sh("git init -q && git add migrations")
    here.sh("git -c user.name=a -c user.email=a@example.com commit -q -m files")


PREPARATIONS: dict[str, Callable[[Place, str], None]] = {
    "committed": _committed,
    "createdb": _createdb,
    "createrole": _createrole,
    "edited": _edited,
    "fleet": _fleet,
    "missing": _missing,
    "of": _of,
    "others": _others,
    "theirs": _theirs,
    "started": _started,
    "unmanaged": _unmanaged,
    "with": _with_tests,
    "without": _without,
}


@pytest.fixture(scope="session")
def newest_server(request: pytest.FixtureRequest) -> Server:
    server: Server = request.getfixturevalue(f"server_{NEWEST}")
    return server


@contextmanager
def no_traces(server: Server) -> Iterator[None]:
    """Take back what a story leaves on the server: databases and roles, and a role's rights."""
    query = """
        SELECT format('DROP DATABASE %I WITH (FORCE)', datname) FROM pg_database
        UNION ALL
        SELECT format('DROP ROLE %I', rolname) FROM pg_roles
    """
    with server.connect() as connection:
        before = connection.execute(query).fetchall()
        try:
            yield
        finally:
            connection.execute("ALTER ROLE tester NOCREATEDB NOCREATEROLE")
            for each in connection.execute(query).fetchall():
                if each not in before:
                    connection.execute(str(each[0]).encode())


@pytest.fixture(scope="session")
def current_template(newest_server: Server) -> Iterator[str]:
    """A database that the runner has migrated, history and all."""
    with database(newest_server) as name:
        assert execute("--database", newest_server.password_url(name), "migrate").code == 0
        yield name


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a `make` that only says what it would run: tests do not run themselves.

    But in a copy that has the tests, it does what is generated, and tests what depends on that,
    of the rules only the new one. Its `python` needs not import the program each time.
    """
    directory = tmp_path_factory.mktemp("shim")
    make = directory / "make"
    make.write_text(MAKE.format(make=shutil.which("make")))
    make.chmod(0o755)
    forks.replace_python(directory)
    return directory


Opens = Callable[[list[str]], Any]


@pytest.fixture(scope="session")
def place(newest_server: Server, current_template: str, shim: Path) -> Opens:
    """Open the place that a setting describes."""

    @contextmanager
    def opened(setting: list[str]) -> Iterator[Place]:
        kind, _, migration = setting[0].partition(" ")
        assert kind in {"empty", "current", "at"}, f"no such setting: {setting[0]!r}"
        # Below no private directory: a server that root starts there must reach it.
        root = Path(tempfile.mkdtemp(prefix="gestorlead-docs-", dir=fast_place()))
        root.chmod(0o755)
        _copy_project(root)
        programs = [shim, Path(sys.executable).parent, binaries.find_directory()]
        path = os.pathsep.join([*map(str, programs), os.environ["PATH"]])
        try:
            template = current_template if kind == "current" else "template1"
            with no_traces(newest_server), database(newest_server, template=template) as name:
                environment = clean_environment() | {
                    "PATH": path,
                    "DATABASE_URL": newest_server.password_url(name),
                    "ADMIN_URL": newest_server.dsn("postgres", newest_server.user),
                }
                here = Place(newest_server, root, name, environment)
                if kind == "at":
                    done = here.sh(f"python runner.py migrate --to {migration} --no-seed")
                    assert done.returncode == 0, done.stderr
                for part in setting[1:]:
                    preparation, _, argument = part.partition(" ")
                    if preparation in PREPARATIONS:
                        PREPARATIONS[preparation](here, argument)
                yield here
        finally:
            if (root / ".postgres").exists():
                here.sh("python runner.py server stop")
            shutil.rmtree(root)

    return opened


def _copy_project(root: Path) -> None:
    for pattern in COPIED:
        for path in ROOT.glob(pattern):
            if path.is_dir():
                shutil.copytree(path, root / path.name, copy_function=shutil.copyfile)
            else:
                shutil.copy2(path, root / path.name)  # make looks at the lock files' times
    (root / "migrator").symlink_to(ROOT / "migrator")  # no command writes there
    (root / ".venv").symlink_to(sys.prefix)


@pytest.mark.slow
@pytest.mark.parametrize(
    "story",
    [
        pytest.param(
            story,
            id=f"{story[0].page.name}:{story[0].line}",
            marks=[pytest.mark.long] * ("with tests" in story[0].setting),
        )
        for story in STORIES
    ],
)
def test_every_command_does_what_the_text_says(story: list[Block], place: Opens) -> None:
    with place(story[0].setting) as here:
        for block in story:
            _tell(block, here)


def _write(block: Block, root: Path) -> None:
    kind, _, where = block.setting[0].partition(" ")
    pattern, _, line = where.partition(" after ")
    path = max(root.glob(pattern), default=root / pattern)
    if kind == "file":
        path.write_text(block.text, encoding="utf-8")
        return
    before = path.read_text(encoding="utf-8").splitlines(keepends=True)
    place = [each.strip() for each in before].index(line) + 1 if line else len(before)
    text = "".join([*before[:place], block.text, *before[place:]])
    path.write_text(text, encoding="utf-8")


def _tell(block: Block, here: Place) -> None:
    if block.setting[0].partition(" ")[0] in documents.WRITTEN:
        _write(block, here.root)
    elif block.language == "sql":
        done = here.psql(block.text, superuser="superuser" in block.setting)
        assert (done.returncode != 0) == ("raises" in block.setting), done.stderr
    elif block.language == "sh":
        done = here.sh(block.text)
        assert done.returncode == 0, done.stdout + done.stderr
    else:
        for command, output in documents.console(block.text):
            done = here.sh(command)
            assert done.returncode == 0, done.stdout + done.stderr
            assert output.fullmatch(done.stdout), f"{command}\n{done.stdout}"


def commands() -> dict[str, click.Command]:
    return dict(command_line.cli.commands)


def parameters(command: click.Command) -> list[click.Parameter]:
    """Return the options of a command, and of a group those of its commands."""
    inner = command.commands.values() if isinstance(command, click.Group) else []
    return [*command.params, *(each for one in inner for each in one.params)]


def options(command: click.Command) -> set[str]:
    given = command.params if command is command_line.cli else parameters(command)
    names = {name for each in given for name in (*each.opts, *each.secondary_opts)}
    return {name for name in names if name.startswith("--")}


def test_every_command_and_option_is_in_the_reference_and_no_other_anywhere() -> None:
    rows = documents.table(REFERENCE, "Commands")
    assert {span.split()[0] for row in rows.values() for span in row[0]} == commands().keys()
    known = options(command_line.cli).union(*map(options, commands().values()))
    of_other_programs = {"--no-config-file", "--keep-databases"}  # yoyo's, pytest's
    of_other_programs |= {"--extra", "--generate-hashes", "--no-header"}  # uv's
    of_other_programs |= {"--python-version", "--universal"}
    in_reference = {name for code in documents.code(REFERENCE) for name in _options_in(code)}
    assert in_reference == known
    assert {name for code in ALL_CODE for name in _options_in(code)} - known == of_other_programs
    assert {name for code in ALL_CODE for name in _commands_in(code)} <= commands().keys()


def test_every_command_is_run_by_an_example() -> None:
    shown = {name for line in RUN for name in _commands_in(line)}
    assert commands().keys() - shown == set()


def _options_in(code: str) -> list[str]:
    return re.findall(r"(?<![^\s(\[|])--[a-z][a-z-]+", code)


def _commands_in(code: str) -> list[str]:
    return re.findall(r"runner\.py (?:--json |--\w+ \S+ )*([a-z]+)", code)


def test_the_defaults_are_those_of_the_command_line() -> None:
    section = TEXT[REFERENCE].split("say how long to wait")[1].split("## ")[0]
    said = dict(re.findall(r"^\| `(--[a-z-]+)` \| (\w+) \|", section, re.MULTILINE))
    waits = {each.opts[0]: each for each in commands()["migrate"].params if each.opts[0] in said}
    assert said == {
        name: "none" if each.default == "0" else str(each.default) for name, each in waits.items()
    }
    assert said.keys() == options(commands()["seed"])  # which has no others


@pytest.mark.parametrize("name", ["deploy", "restore", "backups", "fleet"])
def test_the_options_of_a_command_are_in_its_table_with_their_defaults(name: str) -> None:
    waits = options(commands()["seed"])
    rows = documents.table(REFERENCE, f"Options of {name}")
    said = {span.split()[0] for row in rows.values() for span in row[0]}
    of_deploy = options(commands()["deploy"]) if name == "fleet" else set()  # are in its table
    known = options(commands()[name]) - waits
    assert known - of_deploy <= said <= known
    assert name != "deploy" or waits <= options(commands()[name])
    for row in rows.values():
        words = row[0][0].split()[0]
        option = next(each for each in parameters(commands()[name]) if words in each.opts)
        is_value = isinstance(option.default, str | int) and not isinstance(option.default, bool)
        assert row[1] == ([str(option.default)] if is_value else []), option.name


def test_every_make_target_that_is_named_exists_and_runs_what_other_tests_run(shim: Path) -> None:
    named = {name for code in ALL_CODE for name in re.findall(r"^make ([a-z-]+)", code)}
    assert named
    run = {name for line in RUN for name in _commands_in(line)}
    for target in named:
        done = subprocess.run(
            [shim / "make", target], capture_output=True, check=True, cwd=ROOT, text=True
        )
        assert set(_commands_in(done.stdout)) <= run


OF_BATCHES = {
    *("batch_progress", "direction", "is_running", "rows_done", "rows_expected"),
    *("rows_per_second", "seconds_left"),
}


@pytest.mark.slow
def test_json_documents_have_the_keys_that_the_reference_names(place: Opens) -> None:
    runs = {
        "migrate": ["migrate", "migrate --dry-run"],
        "migrate --pause-batches": ["migrate --pause-batches"],
        "seed": ["seed", "migrate --dry-run"],
        "plan": ["plan", "plan --rollback", "plan --sql"],
        "verify": ["verify"],
        "schema": ["schema", "schema --check"],
        "rollback": ["rollback --steps 1 --yes"],
        "deploy": ["deploy --dry-run BACKUPS", "deploy --yes BACKUPS"],
        "restore": ["restore BACKUP --into docs_restored BACKUPS"],
        "backups list": ["backups list BACKUPS"],
        "backups verify": ["backups verify BACKUPS"],
        "backups make": ["backups make BACKUPS"],
        "backups prune": ["backups prune BACKUPS", "backups prune --dry-run BACKUPS"],
        "status": ["status", "status --diff"],
        "realign": ["realign --yes"],
        "new": ["new tasks something"],
        "lint": ["lint"],
        "server stop": ["server stop"],
        "server url": ["server url"],
        "server status": ["server status"],
    }
    found: dict[str, set[str]] = {}
    with place(["current", "createdb"]) as here:
        for name, lines in runs.items():
            found[name] = set()
            for line in lines:
                arguments = ["--database", here.environment["DATABASE_URL"], "--json"]
                arguments += _in_place(line, here.root / "backups").split()
                done = CliRunner().invoke(command_line.cli, arguments, obj=here.root)
                told = done.stdout.splitlines()
                text = told[-1] if name in {"deploy", "restore"} else done.stdout
                document = json.loads(text)
                found[name].update(_keys(document))
                if name == "status":
                    of_status = document.keys()
    said = {}
    for first_cell, (names, keys) in documents.table(REFERENCE, "JSON").items():
        for name in names or [first_cell]:
            said[name] = {key for key in keys if not key.startswith("--")}
    assert said.pop("baseline") == {"marked"}  # starts a server: see its example
    assert said.pop("convert") == {"out", "converted", "problems"}  # see its example
    assert said.pop("adopt") == {"adopted", "from", "tables", "moved"}  # the same
    assert said.pop("settle") == {"settled", "as", "applied", "pending"}  # see test_online.py
    assert said.pop("server start") == said["server url"]
    assert said.pop("server reset") == {"reset", "url"}  # see test_reset.py
    assert said.pop("review") == sample().document().keys()  # see test_review_command.py
    assert said.pop("rows") == {"rows"}  # the keys below it are relations
    said = {name: keys for name, keys in said.items() if "fleet" not in name}  # see tests/fleet
    said["status"] -= {"other_history", "citus"}  # see test_predecessors.py, core/test_citus.py
    said["status"] -= {"batches", *OF_BATCHES}  # see test_batches.py
    assert said.pop("batches that pause") == {"paused", "state", "next", "exit_code"}  # the same
    assert said.pop("an error") == {"error", "state", "next", "exit_code"}  # see the example
    assert found == said
    states = {span for row in documents.table(REFERENCE, "States").values() for span in row[0]}
    assert states | {"up_to_date", "deploys", "not_read", "diffs"} == of_status


def _in_place(line: str, backups: Path) -> str:
    line = line.replace("BACKUPS", f"--backup-dir {backups}")
    return line.replace("BACKUP", "".join(map(str, backups.glob("*.dump"))))


def _keys(document: object) -> Iterator[str]:
    if isinstance(document, dict):
        yield from (key for key in document if not re.match(r"/|\d{4}\.", key))  # paths, ids
        document = list(document.values())
    if isinstance(document, list):
        for each in document:
            yield from _keys(each)


@pytest.mark.slow
def test_the_tables_of_the_history_are_all_explained(place: Opens) -> None:
    said = {span for row in documents.table(REFERENCE, "The history").values() for span in row[0]}
    with place(["at 0035"]) as here:
        done = here.sh("python runner.py deploy --yes --no-rehearse --backup-dir backups")
        assert done.returncode == 0, done.stderr
        done = here.psql(
            "SELECT '|' || relname FROM pg_class"
            " WHERE relnamespace = 'yoyo'::regnamespace AND relkind = 'r'",
            superuser=True,
        )
    assert set(re.findall(r"\|(\w+)", done.stdout)) == said


def test_every_error_is_explained() -> None:
    documented = documents.documented_messages()
    unexplained = {
        message: place
        for message, place in documents.raised_messages().items()
        if message not in documented
    }
    assert unexplained == {}


def test_every_message_that_is_explained_is_one_of_the_sources() -> None:
    assert documents.invented_messages() == []


def test_every_test_that_a_page_names_exists() -> None:
    paths = ROOT.glob("tests/**/test_*.py")
    tests = {path.name: path.read_text(encoding="utf-8") for path in paths}
    defined = {each for text in tests.values() for each in re.findall(r"def (test_\w+)", text)}
    named = {each for each in ALL_CODE if re.fullmatch(r"test_\w+(\.py)?", each)}
    assert len(named) > 20
    assert named - defined - tests.keys() == set()


def test_every_link_leads_somewhere() -> None:
    broken = []
    sources = {path: path.read_text(encoding="utf-8") for path in documents.SOURCES}
    for page, text in TEXT.items():
        for link in re.findall(r"\]\(([^)\s]+)\)", text):
            name, _, anchor = link.partition("#")
            target = (page.parent / name).resolve() if name else page
            if link.startswith("https://"):
                continue
            if not target.exists() or (anchor and anchor not in documents.anchors(target)):
                broken.append(f"{page.name}: {link}")
    for path, text in sources.items():
        for name in re.findall(r"docs/[\w-]+\.md", text):
            if not (ROOT / name).exists():
                broken.append(f"{path.name}: {name}")
    assert broken == []
    pages = {f"({page.relative_to(ROOT)})" for page in TEXT if page != README}
    assert {each for each in pages if each not in TEXT[README]} == set(), "the README lists all"


def test_the_picture_is_that_of_the_catalogue(migrated: Connection) -> None:
    assert TEXT[SCHEMA] == diagram.render(migrated)


def test_the_picture_is_one_that_mermaid_reads() -> None:
    line = re.compile(
        r"erDiagram|    \w+ \{|    \}"
        r"|        [a-z]\w* [a-z]\w*( (PK|FK|UK)(, (PK|FK|UK))*)?"
        r"|    \w+ (\|\||\|o)(--|\.\.)(o\{|o\|) \w+ : \"\w+(, \w+)*\""
    )
    lines = [each for picture in _pictures() for each in picture.splitlines()]
    assert [each for each in lines if not line.fullmatch(each)] == []


def _pictures() -> list[str]:
    return [block.text for block in documents.blocks() if block.language == "mermaid"]


def test_the_readme_shows_the_first_picture_of_the_schema() -> None:
    shown, in_schema, *_ = _pictures()
    assert shown == in_schema, "copy it from docs/schema.md"


def test_the_picture_shows_what_a_change_of_the_catalogue_changes(migrated: Connection) -> None:
    migrated.execute("ALTER TABLE tasks ALTER COLUMN user_id DROP NOT NULL")
    migrated.execute("ALTER TABLE generated_content DROP CONSTRAINT uq_generated_content_task_id")
    migrated.execute('CREATE TABLE "odd name" ("1st" double precision, "a b" text[])')
    migrated.execute("COMMENT ON TABLE users IS 'a <b> | c'")
    page = diagram.render(migrated)
    assert '    users |o--o{ tasks : "user_id"' in page
    assert '    tasks |o--o{ generated_content : "user_id, task_id"' not in page
    assert '    tasks ||--o{ generated_content : "user_id, task_id"' in page
    assert "    odd_name {\n        double_precision _1st\n        text__ a_b\n    }" in page
    assert "- **users**: a \\<b\\> | c" in page
