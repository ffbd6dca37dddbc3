"""The command line as a contract: targets, options, exit codes, messages; never a traceback."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import click
import pytest
from psycopg.conninfo import conninfo_to_dict

import migrator
from migrator.cli.main import cli
from migrator.cli.options import Duration
from migrator.core import files
from tests.support import databases
from tests.support.commands import Answer, call, execute
from tests.support.databases import applied, rows, tables
from tests.support.servers import PASSWORD, ROOT, Server, clean_environment, newest
from tests.support.sets import THREE, MigrationSet

COMMANDS = [
    "migrate",
    "rollback",
    "status",
    "plan",
    "seed",
    "verify",
    "schema",
    "baseline",
    "adopt",
    "new",
]


# The target


class Place:
    """Where an empty database is, in every way of saying it."""

    def __init__(self, pg: Server, database: str) -> None:
        self.pg = pg
        self.database = str(conninfo_to_dict(database)["dbname"])
        socket = f"host={quote(pg.host, safe='')}&port={pg.port}"
        self.url = f"postgresql://owner@/{self.database}?{socket}"
        self.variables = {
            "PGHOST": pg.host,
            "PGPORT": str(pg.port),
            "PGUSER": "owner",
            "PGDATABASE": self.database,
        }
        self.shown = f"postgresql://owner@/{self.database}?host={pg.host}&port={pg.port}"
        self.password_url = pg.password_url(self.database)
        self.shown_by_tcp = f"postgresql://tester@127.0.0.1:{pg.port}/{self.database}"


@pytest.fixture
def place(pg: Server, empty_database: str) -> Place:
    return Place(pg, empty_database)


def target_line(answer: Answer) -> str:
    assert answer.code == 0, answer.err
    return answer.err.splitlines()[0]


@newest
class TestTargets:
    @pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
    def test_a_url(self, place: Place, made: MigrationSet, scheme: str) -> None:
        url = place.url.replace("postgresql", scheme, 1)
        answer = call(made, url, "status")
        assert target_line(answer) == f"target: {place.shown} (from --database)"

    def test_a_url_with_a_password(self, place: Place, made: MigrationSet) -> None:
        answer = call(made, place.password_url, "status")
        assert target_line(answer) == f"target: {place.shown_by_tcp} (from --database)"

    def test_keys_and_values(self, place: Place, made: MigrationSet) -> None:
        words = f"host='{place.pg.host}' port={place.pg.port} user=owner dbname={place.database}"
        assert (
            target_line(call(made, words, "status")) == f"target: {place.shown} (from --database)"
        )

    def test_database_url(
        self, place: Place, made: MigrationSet, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PGHOST", "/nowhere")
        monkeypatch.setenv("DATABASE_URL", place.url)
        assert (
            target_line(call(made, None, "status")) == f"target: {place.shown} (from DATABASE_URL)"
        )
        monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@nowhere/nothing")
        answer = call(made, place.url, "status")
        assert target_line(answer) == f"target: {place.shown} (from --database)"

    def test_libpqs_variables(
        self, place: Place, made: MigrationSet, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, value in place.variables.items():
            monkeypatch.setenv(name, value)
        expected = f"target: {place.shown} (from PGHOST and PGPORT and PGDATABASE)"
        assert target_line(call(made, None, "status")) == expected

    def test_a_service(
        self, place: Place, made: MigrationSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        service = tmp_path / "services"
        service.write_text(
            f"[it]\nhost={place.pg.host}\nport={place.pg.port}\nuser=owner\ndbname={place.database}\n"
        )
        monkeypatch.setenv("PGSERVICEFILE", str(service))
        for database in ("service=it", "postgresql:///?service=it", "dbname='' service=it"):
            assert " service=it (from --database)" in target_line(call(made, database, "migrate"))
        monkeypatch.setenv("PGSERVICE", "it")
        assert " service=it (from PGSERVICE)" in target_line(call(made, None, "status"))
        assert tables(place.url) == ["a", "b", "c"]

    @pytest.mark.parametrize("command", ["migrate", "status", "rollback", "deploy", "schema"])
    def test_an_empty_url_is_a_lost_secret(
        self, place: Place, made: MigrationSet, monkeypatch: pytest.MonkeyPatch, command: str
    ) -> None:
        for name, value in place.variables.items():  # which are another database than was meant
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("DATABASE_URL", "")
        answer = call(made, None, command, *["--all", "--yes"] * (command == "rollback"))
        assert answer.code == 2
        assert answer.err == (
            "error: DATABASE_URL is set but empty: it names no database.\n"
            "state: Nothing was changed.\n"
            "next: Give DATABASE_URL its value, or run `unset DATABASE_URL`.\n"
        )
        assert tables(place.url) == []
        assert call(made, place.url, "status").code == 0  # it has nothing to decide

    @pytest.mark.parametrize("name", ["PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGSERVICE"])
    def test_an_empty_variable_of_libpqs_is_one_too_where_it_would_have_decided(
        self, place: Place, made: MigrationSet, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        def refused(answer: Answer) -> bool:
            message = f"error: {name} is set but empty: it names no database.\n"
            return answer.code == 2 and answer.err.startswith(message)

        monkeypatch.setenv(name, "")
        assert refused(call(made, None, "migrate"))  # and not on the embedded server
        for other, value in place.variables.items():
            if other != name:
                monkeypatch.setenv(other, value)
        assert refused(call(made, None, "migrate"))  # and not on what the others name
        whole = f"host={place.pg.host} port={place.pg.port} user=owner dbname={place.database}"
        for origin in ("--database", "DATABASE_URL"):
            monkeypatch.setenv("DATABASE_URL", whole)
            answer = call(made, whole if origin == "--database" else None, "status")
            assert refused(answer) if name == "PGSERVICE" else answer.code == 0

    def test_a_url_without_a_port_leaves_it_to_its_variable(
        self, place: Place, made: MigrationSet, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        url = f"postgresql://owner@/{place.database}?host={quote(place.pg.host, safe='')}"
        monkeypatch.setenv("PGPORT", "")
        answer = call(made, url, "status")
        assert answer.code == 2
        assert "error: PGPORT is set but empty" in answer.err
        monkeypatch.setenv("PGPORT", str(place.pg.port))
        assert call(made, url, "status").code == 0

    def test_a_process_of_its_own_in_another_directory(
        self, place: Place, made: MigrationSet
    ) -> None:
        ran = execute(
            "--migrations",
            "migrations",
            "migrate",
            cwd=made.migrations.parent,
            environment={"DATABASE_URL": place.url},
        )
        assert ran.code == 0
        assert ran.err.splitlines()[0] == f"target: {place.shown} (from DATABASE_URL)"
        assert ran.out.splitlines() == [f"applied {each}" for each in (*THREE, "01.a")]
        status: list[str | Path] = [
            "--database",
            place.url,
            "--migrations",
            made.migrations,
            "status",
            "--exit-code",
        ]
        ran = execute(*status)
        assert (ran.code, ran.out.splitlines()[-1]) == (0, "up to date")
        made.table(4, "d")
        ran = execute(*status)
        assert (ran.code, ran.out.splitlines()[-1]) == (3, "not up to date")


BAD_TARGETS = {
    "": "--database is empty: it names no database.",
    "   ": "--database is empty: it names no database.",
    "name": "--database is neither",
    "unknown=1": "--database is neither",
    "host='": "--database is neither",
    "mysql://owner@/name": "--database is neither",
    "postgresql://owner:%zz@/name": "--database is neither",
    "postgresql://owner@[::1/name": "--database is neither",
    "host=\udcff": "--database is neither",
    "host=/nowhere dbname=x": "Cannot connect to postgresql://",
    "host=127.0.0.1 port=1 dbname=x": "Cannot connect to postgresql://127.0.0.1:1/x: ",
    "host=127.0.0.1 port=x dbname=x": "--database has a URL in the place of a name, or a port",
    "host=127.0.0.1 port=1,2 dbname=x": "Cannot connect to",
    "host=127.0.0.1 sslmode=nonsense": "Cannot connect to",
    "host=127.0.0.1 connect_timeout=x": "Cannot connect to",
    "service=nowhere": "Cannot connect to",
}


def test_the_version_is_that_of_the_package() -> None:
    assert call(None, None, "--version").out == f"migrator {migrator.__version__}\n"


@pytest.mark.parametrize("database", BAD_TARGETS)
def test_a_target_that_is_none_is_refused(made: MigrationSet, database: str) -> None:
    answer = call(made, database, "--json", "migrate")
    assert answer.code == 2
    assert BAD_TARGETS[database] in answer.err
    assert answer.document["error"].startswith(BAD_TARGETS[database])
    assert answer.document["state"] == "Nothing was changed."
    assert answer.document["next"]
    assert answer.document["exit_code"] == 2


@newest
def test_a_database_that_is_not_there_or_not_unicode_is_refused(
    pg: Server, made: MigrationSet
) -> None:
    answer = call(made, pg.dsn("nowhere"), "migrate")
    assert answer.code == 2
    assert 'database "nowhere" does not exist' in answer.err
    options = "ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C'"
    with databases.database(pg, template="template0", options=options) as name:
        answer = call(made, pg.dsn(name), "migrate")
    assert answer.code == 2
    assert "has the encoding SQL_ASCII, not UTF8." in answer.err


@newest
def test_a_password_is_never_shown(place: Place, made: MigrationSet) -> None:
    url = place.password_url
    wrong = url.replace("tester:", "tester:nOt", 1)
    bad = made.add("0004.d.create", "SELECT 1 / 0;")
    words = f"host=127.0.0.1 port=1 password='{PASSWORD}'"
    answers = [
        call(made, url, "--json", "migrate"),
        call(made, url, "status"),
        call(made, url, "plan", "--sql"),
        call(made, url, "verify"),
        call(made, url, "schema", "--check"),
        call(made, url, "rollback", "--all"),
        call(made, wrong, "--json", "status"),
        call(made, words, "--json", "status"),
        call(made, url.replace(str(place.pg.port), "1"), "status"),
        call(made, url.replace("127.0.0.1", "[::1", 1), "--json", "status"),
        call(made, url + "?sslmode=nonsense", "status"),
        call(made, url + "?nonsense=1", "status"),
        call(made, url, "nonsense"),
        call(made, url, "migrate", "--nonsense"),
    ]
    assert f"{bad}:1:1: division by zero" in answers[0].err
    assert "password authentication failed" in answers[6].err
    for answer in answers:
        for secret in (PASSWORD, quote(PASSWORD, safe=""), "nOt", "p@ss", "p%40ss"):
            assert secret not in answer.out + answer.err


# Usage


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing command."),
        (["nonsense"], "No such command 'nonsense'."),
        (["--nonsense", "status"], "No such option"),
        (["status", "--nonsense"], "No such option"),
        (["status", "more"], "unexpected extra argument"),
        (["baseline"], "Missing argument 'ID'."),
        (["new", "tasks"], "Missing argument 'CHANGE'."),
        (["server"], "Missing argument"),
        (["server", "nonsense"], "'nonsense' is not one of"),
        (["server", "status", "more"], "takes no further argument"),
        (["migrate", "--to"], "Option '--to' requires an argument."),
        (["rollback"], "Give one of --steps N, --to ID and --all."),
        (["deploy", "--undo", "--leave"], "Give one of --resume, --undo and --leave."),
        (["rollback", "--steps", "0"], "0 is not in the range"),
        *(
            (["migrate", "--lock-timeout", value], "is not a length of time such as")
            for value in ("x", "", "5 parsecs", "1d", "inf", "nan", "s")
        ),
        (["migrate", "--lock-wait", "-1s"], "is not between 0 and 24 days"),
        (["migrate", "--statement-timeout", "1e9h"], "is not between 0 and 24 days"),
        (["migrate", "--lock-attempts", "0"], "0 is not in the range"),
    ],
)
def test_bad_usage_is_told_and_exits_2(arguments: list[str], message: str) -> None:
    answer = call(None, "host=/nowhere", *arguments)
    assert answer.code == 2
    assert answer.err.startswith(("Usage: runner.py ", "Error: "))
    assert message in answer.err
    assert answer.out == ""
    answer = call(None, "host=/nowhere", "--json", *arguments)
    assert answer.code == answer.document["exit_code"] == 2
    assert message in answer.document["error"]


def test_a_length_of_time() -> None:
    lengths = {
        "0": 0,
        "2": 2_000,
        "2s": 2_000,
        "500ms": 500,
        "1.5s": 1_500,
        "5min": 300_000,
        "1h": 3_600_000,
        "0.1ms": 1,  # 0 would be for ever
    }
    assert {each: Duration().convert(each, None, None) for each in lengths} == lengths


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("", ["--database", "--migrations", "--seeds", "--json", *COMMANDS, "server"]),
        ("migrate", ["--to ID", "--dry-run", "--no-seed", "--lock-timeout", "--statement-timeout"]),
        ("rollback", ["--steps N", "--to ID", "--all", "--yes", "--lock-wait"]),
        ("status", ["--exit-code"]),
        ("plan", ["--rollback", "--to ID", "--sql"]),
        ("seed", ["--lock-timeout"]),
        ("verify", []),
        ("baseline", ["ID", "--beside-others"]),
        ("adopt", ["[ID]", "--from TOOL", "--beside-others"]),
        ("new", ["DOMAIN CHANGE"]),
        ("schema", ["--check"]),
        ("server", ["start|stop|reset|status|psql|url", "--yes"]),
    ],
)
def test_help_lists_what_the_contract_promises(command: str, options: list[str]) -> None:
    answer = call(None, None, *command.split(), "--help")
    assert answer.code == 0
    assert answer.out.startswith(f"Usage: runner.py {command}".rstrip())
    assert [each for each in options if each not in answer.out] == []


def test_help_describes_every_command_and_option_and_cuts_no_summary() -> None:
    listing = call(None, None, "--help").out
    assert len(cli.commands) >= 17
    for name, command in cli.commands.items():
        (line,) = (each for each in listing.splitlines() if each.split()[:1] == [name])
        assert re.search(r"[^.]\.$", line), line
        options = [each for each in command.params if isinstance(each, click.Option)]
        undescribed = [each.opts for each in options if not each.help]
        assert undescribed == [], name


# Files that cannot be, for every command


@pytest.mark.parametrize("command", COMMANDS)
def test_bad_files_are_refused_by_every_command_in_words(made: MigrationSet, command: str) -> None:
    made.write("migrations/0004.caf\u00e9.sql", b"SELECT '\xff\0';")
    arguments = {"baseline": ["0001"], "new": ["a", "b"], "rollback": ["--all"]}.get(command, [])
    answer = call(made, "host=/nowhere", "--json", command, *arguments)
    assert answer.code == 2
    error = answer.document["error"]
    path = made.migrations / "0004.caf\u00e9.sql"
    assert error.splitlines() == [
        "3 problems in the files:",
        f"  {path}: its rollback file 0004.caf\u00e9.rollback.sql is missing; "
        "if no rollback is possible, let it RAISE EXCEPTION",
        f"  {path}:1: a NUL byte (byte 9), which PostgreSQL cannot store in text",
        f"  {path}:1: not UTF-8 (byte 8): save the file as UTF-8",
    ]
    assert f"error: {error}" in answer.err
    assert len(list(made.migrations.iterdir())) == 2 * len(THREE) + 1


@pytest.mark.parametrize("option", ["--migrations", "--seeds"])
def test_a_directory_that_is_not_there_is_refused(tmp_path: Path, option: str) -> None:
    file = tmp_path / "file"
    file.touch()
    for directory in (tmp_path / "nowhere", file):
        answer = call(None, "host=/nowhere", option, directory, "status")
        assert answer.code == 2
        assert f"error: There is no directory {directory}." in answer.err


@newest
def test_what_the_operating_system_refuses_is_told(empty_database: str, made: MigrationSet) -> None:
    call(made, empty_database, "migrate")
    made.write("sql", "in the way")
    answer = call(made, empty_database, "schema")
    assert answer.code == 1
    assert answer.err.splitlines()[2] == f"error: {made.sql}: File exists"


# new


def test_new_writes_the_next_pair(made: MigrationSet) -> None:
    answer = call(made, None, "--json", "new", "tasks", "add_deadline")
    assert answer.code == 0
    pair = [
        made.migrations / f"0004.tasks.add_deadline{suffix}" for suffix in (".sql", ".rollback.sql")
    ]
    assert answer.document == {"files": [str(path) for path in pair]}
    header = pair[0].read_text().splitlines()
    assert [line.split(":")[0] for line in header] == ["-- purpose", "-- locks", "-- reversible"]
    answer = call(made, None, "new", "tasks", "drop_deadline")
    assert answer.out.splitlines()[0].endswith("/0005.tasks.drop_deadline.sql")


@newest
def test_what_new_writes_is_refused_until_it_is_filled(
    empty_database: str, made: MigrationSet
) -> None:
    call(made, None, "new", "tasks", "add_deadline")
    answer = call(made, empty_database, "migrate")
    assert answer.code == 2
    assert "0004.tasks.add_deadline.sql: the file has no statement" in answer.err
    assert "0004.tasks.add_deadline.rollback.sql: the file has no statement" in answer.err


def test_new_starts_at_one_and_keeps_the_width(tmp_path: Path) -> None:
    empty = MigrationSet(tmp_path / "empty")
    assert "/0001.a.b.sql" in call(empty, None, "new", "a", "b").out
    wide = MigrationSet(tmp_path / "wide")
    wide.add("000099.a.b", "SELECT 1;")
    assert "/000100.a.b.sql" in call(wide, None, "new", "a", "b").out


@pytest.mark.parametrize(
    ("last", "following"),
    [
        ("0007_old_one", r"0008_a_b_c"),
        ("20200201120000_old", r"20[0-9]{12}_a_b_c"),
        ("29990201120000.old", r"29990201120001\.a\.b_c"),
        ("202002011200-old", r"20[0-9]{10}-a-b_c"),
        ("20200201.old", r"20[0-9]{6}\.a\.b_c"),
        ("2020_02_01_old", r"20\d\d_\d\d_\d\d_a_b_c"),
        ("1580558400_old", r"1[6-9]\d{8}_a_b_c"),
        ("20200201_02_xYz12-old", r"20\d{6}_01_[0-9A-Za-z]{5}-a-b-c"),
        ("29990201_02_xYz12-old", r"29990201_03_[0-9A-Za-z]{5}-a-b-c"),
    ],
)
def test_new_numbers_as_the_set_does(tmp_path: Path, last: str, following: str) -> None:
    others = MigrationSet(tmp_path / "others")
    others.add(last, "SELECT 1;")
    path, _ = call(others, None, "--json", "new", "a", "b_c").document["files"]
    assert re.fullmatch(following, Path(path).stem)
    assert files.discover(others.migrations)[-1].id == Path(path).stem


@pytest.mark.parametrize("last", ["initial", "9.1.2", "2999_02_01_old"])
def test_new_writes_no_file_that_would_not_come_last(tmp_path: Path, last: str) -> None:
    others = MigrationSet(tmp_path / "others")
    others.add(last, "SELECT 1;")
    answer = call(others, None, "new", "a", "b_c")
    assert answer.code == 2
    assert f"No number is known that comes after {last}" in answer.err


@newest
def test_an_id_may_be_given_by_its_beginning(empty_database: str, tmp_path: Path) -> None:
    others = MigrationSet(tmp_path / "others")
    ids = ["20200201_01_xYz12-a", "20200201_02_aBc34-b", "20200202_01_dEf56-c"]
    for name in ids:
        others.add(name, "SELECT 1;")
    migrate = ["--json", "migrate", "--to"]
    assert call(others, empty_database, *migrate, "20200201_01").document["applied"] == ids[:1]
    answer = call(others, empty_database, *migrate, "20200201")
    assert answer.code == 2
    assert f"is the beginning of several ids: {ids[0]}, {ids[1]}." in answer.err
    assert call(others, empty_database, *migrate, "20200202").document["applied"] == ids[1:]


@pytest.mark.parametrize(
    "name", ["Tasks", "two words", "", "a-b", "1a", "a__b", "../x", "a.b", "caf\u00e9"]
)
def test_new_takes_names_in_snake_case(made: MigrationSet, name: str) -> None:
    before = sorted(made.migrations.iterdir())
    for arguments in ((name, "change"), ("domain", name)):
        answer = call(made, None, "new", *arguments)
        assert answer.code == 2
        assert f"error: {name!r} is not a name in snake_case." in answer.err
    assert sorted(made.migrations.iterdir()) == before


# The process


@newest
def test_a_reader_that_goes_away_is_no_traceback(empty_database: str, made: MigrationSet) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    options = ["--database", empty_database, "--migrations", str(made.migrations)]
    ran = subprocess.run(
        [sys.executable, str(ROOT / "runner.py"), *options, "plan", "--sql"],
        check=False,
        env=clean_environment(),
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writer)
    assert ran.returncode == 1
    assert [line.split(":")[0] for line in ran.stderr.splitlines()] == ["target", "files"]


@newest
def test_closed_streams_are_no_obstacle(empty_database: str, made: MigrationSet) -> None:
    options = ["--database", empty_database, "--migrations", str(made.migrations), "migrate"]
    command = [sys.executable, str(ROOT / "runner.py"), *options]
    closing = ["sh", "-c", 'exec "$@" >&- 2>&-', "sh"]
    ran = subprocess.run([*closing, *command], check=False, env=clean_environment())
    assert ran.returncode == 0
    assert applied(empty_database) == THREE


@newest
def test_a_name_that_the_terminal_cannot_show(empty_database: str, tmp_path: Path) -> None:
    made = MigrationSet(tmp_path)
    made.add("0001.\u20ac.create", "SELECT 1;")
    options: list[str | Path] = ["--database", empty_database, "--migrations", made.migrations]
    ran = execute(*options, "migrate", environment={"PYTHONIOENCODING": "latin-1"})
    assert (ran.code, ran.out) == (0, "applied 0001.\\u20ac.create\n")
    assert applied(empty_database) == ["0001.\u20ac.create"]


@newest
def test_a_user_without_a_name(place: Place, made: MigrationSet) -> None:
    nameless = ["unshare", "--user", "--map-user=54321"]
    options = ["--database", place.password_url, "--migrations", str(made.migrations)]
    arguments = [sys.executable, str(ROOT / "runner.py"), *options, "migrate"]
    try:
        subprocess.run([*nameless, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no user namespaces here")
    ran = subprocess.run(
        [*nameless, *arguments],
        capture_output=True,
        check=False,
        env={
            name: value
            for name, value in clean_environment().items()
            if name not in {"LOGNAME", "USER", "LNAME", "USERNAME"}
        },
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    log = "SELECT DISTINCT username FROM yoyo._yoyo_log"
    assert rows(place.password_url, log) == [("54321",)]


@pytest.mark.parametrize("package", ["click", "psycopg"])
def test_a_package_that_is_missing_is_named(package: str) -> None:
    program = (
        "import runpy, sys\n"
        f"sys.modules['{package}'] = None\n"
        "runpy.run_path('runner.py', run_name='__main__')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "--database", "host=/nowhere", "status"],
        capture_output=True,
        check=False,
        cwd=ROOT,
        env=clean_environment(),
        text=True,
    )
    assert done.returncode == 2
    assert f"error: The Python package {package} is not installed." in done.stderr
    assert "Traceback" not in done.stderr


@newest
def test_a_secret_that_pg_dump_would_show_is_not_given_to_it(
    migrated_database: str,
) -> None:
    answer = call(None, f"{migrated_database} sslpassword=hunter2", "schema", "--check")
    assert answer.code == 2
    assert "error: Other users could read sslpassword among the arguments of pg_dump." in answer.err
    assert "hunter2" not in answer.err


@pytest.mark.parametrize("module", ["migrator.core.status", "migrator.core.runner"])
def test_what_asks_only_does_not_load_yoyo(module: str) -> None:
    """It takes a fifth of the time that such a command has."""
    told = f"import sys, {module}; print([each for each in sys.modules if 'yoyo' in each])"
    argv = [sys.executable, "-c", told]
    done = subprocess.run(argv, capture_output=True, check=True, cwd=ROOT, text=True)
    assert done.stdout == "[]\n"
