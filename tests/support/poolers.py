"""A real PgBouncer in front of a server of the tests."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from psycopg.conninfo import make_conninfo

from migrator.server import binaries
from migrator.server.cluster import Cluster
from tests.support.servers import Server, free_port
from tests.support.waiting import until

PACKAGE = "pgbouncer"  # as Debian calls it
# One connection to the server for all clients: what one leaves on it, the next one finds.
CONFIGURATION = """\
[databases]
* = host={server.host} port={server.port} pool_size=1

[pgbouncer]
pool_mode = {mode}
unix_socket_dir = {home}
listen_addr =
listen_port = {port}
auth_type = trust
auth_file = {home}/users
logfile = {home}/log
query_wait_timeout = 10
"""


class Pooler(NamedTuple):
    """A running PgBouncer, whose clients come by its socket."""

    home: Path
    port: int

    def through(self, database: str) -> str:
        """Return the conninfo of a database through this pooler."""
        return make_conninfo(database, host=str(self.home), port=self.port)


def program() -> str | None:
    """Return where PgBouncer is, if it is installed; Debian keeps it where root alone looks."""
    return shutil.which(PACKAGE, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@contextmanager
def pooler(
    server: Server, mode: str, users: tuple[str, ...] = ("owner", "postgres")
) -> Iterator[Pooler]:
    """Run PgBouncer in one of its modes, as the user whom the server runs as."""
    found = program()
    assert found, f"{PACKAGE} is not installed"
    user = Cluster(Path(server.host)).user()
    home = Path(tempfile.mkdtemp(prefix="gestorlead-test-"))
    try:
        (home / "users").write_text("".join(f'"{name}" ""\n' for name in users))
        running = Pooler(home, free_port())
        values = {"server": server, "mode": mode, "home": home, "port": running.port}
        (home / "configuration").write_text(CONFIGURATION.format(**values))
        if user:
            for path in (home, *home.iterdir()):
                os.chown(path, user.uid, user.gid)
        process = subprocess.Popen(
            [found, "-q", home / "configuration"], **binaries.surroundings(user)
        )
        try:
            until(lambda: _listens(home / f".s.PGSQL.{running.port}") or process.poll())
            yield running
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()
    finally:
        shutil.rmtree(home)


def _listens(path: Path) -> bool:
    with suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
        probe.connect(str(path))
        return True
    return False
