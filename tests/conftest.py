"""Fixtures: real servers, and databases on them that are migrated or empty.

A test is in one of two tiers. `make test`, or `pytest` alone, runs the fast one: on the newest
PostgreSQL that is here. `make test-rest`, or `pytest -m slow`, runs the slow one, which is the
rest: tests that are marked `slow`, and every test on an older version. `pytest -m ""` runs all.
A test also has the mark of its version (`pytest -m pg15`): the newest if it does not depend on one.
"""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.rows import tuple_row
from pytest_postgresql.factories import postgresql_noproc

from migrator.server.binaries import version
from tests.support import citus, leaks
from tests.support.databases import Connection, database
from tests.support.disks import Disk, small
from tests.support.keeping import keeper
from tests.support.servers import (
    NEWEST,
    OLDEST,
    Server,
    apply_everything,
    clean_environment,
    installations,
    throwaway,
)
from tests.support.sets import MigrationSet, three_tables

# Where bytecode is not kept, each process compiles all tests anew, and each run of the program it.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# No test works on a database that whoever runs the tests has named.
for _name in os.environ.keys() - clean_environment().keys():
    del os.environ[_name]

INSTALLATIONS = installations()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add our option."""
    parser.addoption(
        "--keep-databases",
        action="store_true",
        help="keep the databases of the tests that fail, and say how to open them; the next run "
        "takes them away",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marks of the versions; `slow` stands in pyproject.toml."""
    for major in range(OLDEST, NEWEST + 1):
        config.addinivalue_line("markers", f"pg{major}: what runs on PostgreSQL {major}")
    config.pluginmanager.register(leaks)
    keeper.configure(config.rootpath, is_on=config.getoption("--keep-databases"))
    if not hasattr(config, "workerinput") and not config.getoption("--collect-only"):
        keeper.take_away()  # once a run


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark a test with its version, and as slow on an older one, before any is selected."""
    call = getattr(item, "callspec", None)
    major = call.params.get("pg", NEWEST) if call else NEWEST
    item.add_marker(f"pg{major}")
    if major != NEWEST:
        item.add_marker("slow")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage among modules and tests, now or later: they stay to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the tests that take longest, one for each worker in turn: none is the last."""
    long = [each for each in items if each.get_closest_marker("long")]
    rest = [each for each in items if not each.get_closest_marker("long")]
    workers = int(getattr(config, "workerinput", {}).get("workercount", 1))
    left, ordered = len(items), list[pytest.Item]()
    for number in range(workers):  # which pytest-xdist gives as many tests as these
        share, own = left // (workers - number), long[number::workers]
        more = max(share - len(own), 0)
        ordered += own + rest[:more]
        left, rest = left - share, rest[more:]
    items[:] = ordered + rest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which releases of PostgreSQL the tests ran on: a minor one can change the result."""
    ran = [each for end in ("passed", "failed") for each in terminalreporter.getreports(end)]
    releases = [
        version(bin_dir)
        for major, bin_dir in INSTALLATIONS.items()
        if any(f"pg{major}" in each.keywords for each in ran)
    ]
    terminalreporter.write_line(f"on PostgreSQL {' and '.join(releases) or 'no release'}")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Begin with a test."""
    keeper.begin()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say in the report of a test that failed what a program said, and what is kept."""
    report = yield
    if report.failed and call.excinfo:
        error = call.excinfo.value
        if isinstance(error, subprocess.CalledProcessError):
            texts = [str(each) for each in (error.stdout, error.stderr) if each]
            report.sections.append(("What the program said", "\n".join(texts)))
        if call.when != "teardown" and (commands := keeper.fail()):
            report.sections.append(("Kept databases", commands))
    return report


def _majors() -> list[int]:
    """Return each version that is here or must be tested, newest first."""
    return sorted({18, 15, *INSTALLATIONS}, reverse=True)


def _versions() -> list[Any]:
    """Return a parameter for each version: those that must be tested are there, or skip aloud."""
    reason = "no PostgreSQL {} here: install it in /usr/lib/postgresql, or set TEST_PG_BINS"
    return [
        pytest.param(
            major,
            id=str(major),
            marks=[] if major in INSTALLATIONS else pytest.mark.skip(reason.format(major)),
        )
        for major in _majors()
    ]


def _server_fixture(bin_dir: Path) -> Callable[[], Iterator[Server]]:
    @pytest.fixture(scope="session")
    def server() -> Iterator[Server]:
        with throwaway(bin_dir) as running:
            yield running

    return server


def _load_template(host: str, port: int, dbname: str, user: str, **_: object) -> None:
    """Give a new template to the plain role, which then migrates and seeds it."""
    with psycopg.connect(host=host, port=port, user=user, dbname=dbname) as connection:
        connection.execute(f'ALTER DATABASE "{dbname}" OWNER TO owner')
    apply_everything(make_conninfo(host=host, port=port, user="owner", dbname=dbname))


class Shared:
    """A migrated database that many tests of a worker read, by one connection.

    Args:
        conninfo: The database.

    """

    def __init__(self, conninfo: str) -> None:
        self.conninfo = conninfo
        self.last: Connection | None = None

    def connection(self) -> Connection:
        """Return the connection, a new one if a test has closed it."""
        if self.last is None or self.last.closed:
            with leaks.kept():
                self.last = psycopg.connect(self.conninfo, prepare_threshold=None)
        return self.last


def _shared_fixture(major: int) -> Callable[[pytest.FixtureRequest], Iterator[Shared]]:
    @pytest.fixture(scope="session")
    def shared(request: pytest.FixtureRequest) -> Iterator[Shared]:
        server: Server = request.getfixturevalue(f"server_{major}")
        template = request.getfixturevalue(f"template_{major}").template_dbname
        with database(server, template=template) as name:
            yield (shared := Shared(server.dsn(name)))
            shared.connection().close()

    return shared


# For each version a server, a template and a shared database, made when a test first asks for one
# and kept to the end. If `pg` itself held the server, each change of version would throw it away.
for _major, _bin_dir in INSTALLATIONS.items():
    globals()[f"server_{_major}"] = _server_fixture(_bin_dir)
    globals()[f"template_{_major}"] = postgresql_noproc(
        dbname=f"migrated_{_major}", depends_on=f"server_{_major}", load=[_load_template]
    )
    globals()[f"shared_{_major}"] = _shared_fixture(_major)


@pytest.fixture(scope="session", params=_versions())
def pg(request: pytest.FixtureRequest) -> Server:
    """A running server of each version; each worker has its own."""
    server: Server = request.getfixturevalue(f"server_{request.param}")
    return server


@pytest.fixture
def empty_database(pg: Server) -> Iterator[str]:
    """The conninfo of an empty database; its role `owner` owns it and is nothing special."""
    with database(pg) as name:
        yield pg.dsn(name)


@pytest.fixture
def migrated_database(pg: Server, request: pytest.FixtureRequest) -> Iterator[str]:
    """The conninfo of a migrated and seeded database that the test may do anything with."""
    template = request.getfixturevalue(f"template_{pg.major}")
    with database(pg, template=template.template_dbname) as name:
        yield pg.dsn(name)


@pytest.fixture
def migrated(pg: Server, request: pytest.FixtureRequest) -> Iterator[Connection]:
    """A connection to a migrated and seeded database, in a transaction that is rolled back.

    Tests share the database: one that commits into it fails here.
    """
    if keeper.is_on:
        with psycopg.connect(request.getfixturevalue("migrated_database")) as own:
            own.prepare_threshold = None
            yield own  # what it did is committed at the end
        return
    shared: Shared = request.getfixturevalue(f"shared_{pg.major}")
    connection = shared.connection()
    (transaction,) = connection.execute("SELECT pg_current_xact_id()::text").fetchone() or ("",)
    yield connection
    connection = shared.connection()
    connection.rollback()
    connection.row_factory = tuple_row
    status = connection.execute("SELECT pg_xact_status(%s::xid8)", [transaction]).fetchone()
    connection.rollback()
    assert status != ("committed",), "a test committed into the database that others share"


@pytest.fixture(scope="session")
def citus_cluster() -> Iterator[citus.Cluster]:
    """A Citus cluster; where there is none to be had, the test is skipped aloud."""
    with citus.cluster() as cluster:
        yield cluster


@pytest.fixture
def citus_database(citus_cluster: citus.Cluster) -> Iterator[citus.Database]:
    """An empty database of the cluster."""
    with citus.database_of(citus_cluster) as made:
        yield made


@pytest.fixture
def made(tmp_path: Path) -> MigrationSet:
    """A set of three tables, a, b and c, and a seed of two rows for a."""
    return three_tables(tmp_path)


@pytest.fixture
def disk() -> Iterator[Disk]:
    """A small file system that the test may fill up."""
    with small() as mounted:
        yield mounted


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """A directory on another file system than `disk`, which a server's user may enter."""
    directory = Path(tempfile.mkdtemp(prefix="gestorlead-disk-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)
