"""Throwaway servers for the tests: each worker's own, real, of every version that is at hand."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from migrator.core.project import Project
from migrator.core.runner import Runner
from migrator.core.session import Limits
from migrator.core.target import Target
from migrator.server import binaries
from migrator.server import embedded as server
from migrator.server.cluster import SUPERUSER, Cluster
from tests.support.keeping import keeper

ROOT = Path(__file__).resolve().parent.parent.parent
MIGRATIONS = ROOT / "migrations"

OLDEST, NEWEST = 15, 18
# For tests of what does not depend on the server's version.
newest = pytest.mark.parametrize("pg", [NEWEST], indirect=True)

PASSWORD = "p@ss/w%rd: 1"  # noqa: S105 - of a role that lives for one test run; awkward in a URL

# What a crash would lose is thrown away anyway.
SETTINGS = {
    "shared_preload_libraries": "pg_stat_statements",
    "listen_addresses": "127.0.0.1",
    "unix_socket_permissions": "0700",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "60",
    "max_prepared_transactions": "4",
    "max_wal_size": "128MB",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "jit": "off",  # which the queries of the tests never repay
}
HBA = """\
local all all trust
host all tester 127.0.0.1/32 scram-sha-256
"""
ROLES = f"""\
CREATE ROLE owner LOGIN;
CREATE ROLE tester LOGIN PASSWORD '{PASSWORD}' IN ROLE owner;
"""


class Server(NamedTuple):
    """A running server: `owner` is a plain role, `postgres` the superuser, both by socket.

    The attributes from `user` on are what pytest-postgresql asks of a server fixture.
    """

    major: int
    bin_dir: Path
    pid: int
    host: str
    port: int
    user: str = SUPERUSER
    password: str | None = None
    options: str = ""
    maintenance_dbname: str = "postgres"
    template_dbname: str | None = None

    def dsn(self, dbname: str, user: str = "owner") -> str:
        """Return the conninfo of a database by the server's socket."""
        return make_conninfo(host=self.host, port=self.port, dbname=dbname, user=user)

    def password_url(self, dbname: str) -> str:
        """Return a URL by TCP with a password; its role `tester` may do what `owner` may."""
        return f"postgresql://tester:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}/{dbname}"

    def connect(self, dbname: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """Return the superuser's connection, in autocommit mode."""
        return psycopg.connect(self.dsn(dbname, self.user), autocommit=True)


def installations() -> dict[int, Path]:
    """Return the server programs of each major version that is here, newest first."""
    places = [binaries.find_directory()]
    places += [
        Path(place) for place in os.environ.get("TEST_PG_BINS", "").split(os.pathsep) if place
    ]
    places += Path("/usr/lib/postgresql").glob("*/bin")
    found: dict[int, Path] = {}
    for place in places:
        if (place / "initdb").exists():
            major = int(binaries.version(place).split(".")[0])
            if OLDEST <= major <= NEWEST:
                found.setdefault(major, place)
    return dict(sorted(found.items(), reverse=True))


@contextmanager
def throwaway(
    bin_dir: Path,
    settings: Mapping[str, str] = SETTINGS,
    place: str | None = None,
    hba: str = HBA,
) -> Iterator[Server]:
    """Run a new server, in memory if no place is named; it goes with this process, always.

    With --keep-databases, what failed inside is kept, and outlives this process.
    """
    base = Path(tempfile.mkdtemp(prefix="gestorlead-test-", dir=place or fast_place()))
    cluster = Cluster(base)
    user = cluster.user()
    try:
        if user:
            os.chown(base, user.uid, user.gid)
        bin_dir = binaries.usable(bin_dir, server.SHARED, user)
        cluster.create(bin_dir, settings=settings, hba=hba, sql=ROLES, options=["--no-sync"])
        postmaster = cluster.launch(
            bin_dir,
            socket_directory=base,
            port=free_port(),
            preexec=None if keeper.is_on else die_with_parent(),
        )
        running = Server(
            major=int(binaries.version(bin_dir).split(".")[0]),
            bin_dir=bin_dir,
            pid=postmaster.pid,
            host=str(base),
            port=postmaster.port,
        )

        def end() -> None:
            os.kill(postmaster.pid, signal.SIGQUIT)
            os.waitpid(postmaster.pid, 0)

        with keeper.serving(running.host, running.dsn("postgres", SUPERUSER), end):
            yield running
    finally:
        if not keeper.keeps(str(base)):
            shutil.rmtree(base, ignore_errors=True)


def fast_place() -> str:
    """Return where to keep a cluster: in memory, where a clone costs 20 ms, if there is room."""
    memory = Path("/dev/shm")  # noqa: S108 - what is made there is a private directory
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 2 * 1024**3
    return str(memory) if roomy else "/tmp"  # noqa: S108 - short, for the socket's path


@contextmanager
def open_place() -> Iterator[Path]:
    """Make a directory that every user can reach: root's server keeps its data in it."""
    place = Path(tempfile.mkdtemp(prefix="gestorlead-place-", dir=fast_place()))
    place.chmod(0o755)
    try:
        yield place
    finally:
        shutil.rmtree(place)


def free_port() -> int:
    """Return a TCP port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def apply_everything(conninfo: str, to: str | None = None) -> None:
    """Migrate and seed a database; or migrate it up to a migration, without seeds."""
    work = Runner(
        Project.at(MIGRATIONS, None), Target.parse(conninfo, "test"), Limits(), lambda _: None
    )
    with work.session.connection:
        work.migrate(to=to, with_seeds=to is None, dry_run=False)


# Variables of whoever runs the tests, of a make that runs them among them.
NOT_THEIRS = {"DATABASE_URL", "MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS"}


def clean_environment() -> dict[str, str]:
    """Return this process's environment without what names a database or gives an option."""
    return {
        name: value
        for name, value in os.environ.items()
        if name == binaries.OVERRIDE
        or not (name.startswith(("PG", "MIGRATOR_")) or name in NOT_THEIRS)
    }


def die_with_parent() -> Callable[[], object] | None:
    """Return what a server's process does first, so that it ends with the one that started it."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(1, signal.SIGQUIT)  # PR_SET_PDEATHSIG
