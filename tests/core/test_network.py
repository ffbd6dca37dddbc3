"""A network that swallows packets in silence: both ends give up, and no lock stays behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from tests.conftest import INSTALLATIONS
from tests.support.commands import call
from tests.support.databases import applied, rows, run, sleeping, tables
from tests.support.servers import HBA, NEWEST, ROOT, SETTINGS, Server, clean_environment, throwaway
from tests.support.sets import MigrationSet
from tests.support.waiting import until

pytestmark = pytest.mark.slow

# The runner, with its patience of a minute cut down to two seconds.
IMPATIENT = """\
import sys
from migrator.core import runner, session
runner._RECONNECT_S = 1.0
unchanged = session.sql
def impatient(name):
    text = unchanged(name)
    for seconds in ("TO 30;", "TO 10;", "TO '60s';"):
        text = text.replace(seconds, "TO 1;" if seconds != "TO '60s';" else "TO '2s';")
    return text
session.sql = impatient
session._KEEPALIVES.update(keepalives_idle="1", keepalives_interval="1", tcp_user_timeout="2000")
session._CONNECT_TIMEOUT_S = "2"
from pathlib import Path
from migrator.cli.main import main
sys.argv[0] = "runner.py"
sys.exit(main(Path.cwd(), sys.argv[1:]))
"""


class Network:
    """A network of two, the host of the server and a place where only the runner is.

    Args:
        name: Of the place, and what the two ends of the line are called after.

    """

    def __init__(self, name: str) -> None:
        self.name = name
        number = os.getpid() % 16_000
        self.address, self.other = (f"10.255.{number // 64}.{number % 64 * 4 + n}" for n in (1, 2))

    def up(self) -> None:
        ours, theirs = f"{self.name}a", f"{self.name}b"
        ip("netns", "add", self.name)
        ip("link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", self.name)
        ip("address", "add", f"{self.address}/30", "dev", ours)
        ip("link", "set", ours, "up")
        self.inside("address", "add", f"{self.other}/30", "dev", theirs)
        self.inside("link", "set", theirs, "up")

    def swallow(self) -> None:
        """Lose every packet from now on; neither end is told."""
        self.inside("link", "set", f"{self.name}b", "down")

    def down(self) -> None:
        subprocess.run(["ip", "netns", "delete", self.name], check=False, capture_output=True)

    def inside(self, *arguments: str) -> None:
        ip("-n", self.name, *arguments)


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


@pytest.fixture
def network() -> Iterator[Network]:
    if os.geteuid() != 0 or not shutil.which("ip"):
        pytest.skip("a network of its own needs root and the program ip (iproute2)")
    made = Network(f"gl{os.getpid() % 1_000_000}")
    try:
        try:
            made.up()
        except subprocess.CalledProcessError as error:
            pytest.skip(f"no network of its own may be made here: {error.stderr.decode().strip()}")
        yield made
    finally:
        made.down()


@contextmanager
def server_on(network: Network) -> Iterator[Server]:
    """Run a server that can be reached by that network; anybody there may be its owner."""
    settings = {**SETTINGS, "listen_addresses": network.address}
    hba = f"{HBA}host all owner {network.other}/32 trust\n"
    with throwaway(INSTALLATIONS[NEWEST], settings, hba=hba) as server:
        yield server


def test_when_the_network_swallows_all_both_ends_give_up(network: Network, tmp_path: Path) -> None:
    made = MigrationSet(tmp_path)
    made.table(1, "a")
    made.add("0002.b.create", "CREATE TABLE b ();\nLOCK TABLE a;\nSELECT pg_sleep(60);\n")
    with server_on(network) as server:
        with server.connect() as connection:
            connection.execute("CREATE DATABASE far OWNER owner")
        database = server.dsn("far")
        there = make_conninfo(database, host=network.address)
        options = ["--database", there, "--migrations", str(made.migrations), "migrate"]
        argv = ["ip", "netns", "exec", network.name, sys.executable, "-c", IMPATIENT, *options]
        process = subprocess.Popen(
            argv,
            cwd=ROOT,
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        until(lambda: sleeping(database) or process.poll() is not None)
        (pid,) = sleeping(database)
        network.swallow()
        started = time.monotonic()
        until(lambda: not rows(database, f"SELECT FROM pg_stat_activity WHERE pid = {pid}"))
        assert time.monotonic() - started < 10
        run(database, "BEGIN; LOCK TABLE a NOWAIT; COMMIT")
        assert (tables(database), applied(database)) == (["a"], ["0001.a.create"])
        _, err = process.communicate(timeout=60)
        assert process.returncode == 1, err
        assert "error: The connection was lost: " in err
        assert "state: The server does not answer; the last file is either applied compl" in err
        made.table(2, "b")
        assert call(made, database, "migrate").code == 0
