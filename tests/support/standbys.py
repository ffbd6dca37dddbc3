"""A server that follows another by streaming replication."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from migrator.server import binaries
from migrator.server.cluster import Cluster
from tests.support.databases import name_of, rows, run
from tests.support.servers import Server, die_with_parent, fast_place, free_port
from tests.support.waiting import until


@contextmanager
def _replication_allowed(server: Server) -> Iterator[None]:
    """Let the superuser take a server's WAL, which the tests' servers allow nobody."""
    hba = Path(server.host, "data", "pg_hba.conf")
    before = hba.read_text()
    reload = "SELECT pg_reload_conf()"
    hba.write_text(f"{before}local replication {server.user} trust\n")
    run(server.dsn("postgres", server.user), reload)

    def is_allowed() -> bool:
        with suppress(psycopg.OperationalError):
            psycopg.connect(server.dsn("postgres", server.user), replication="true").close()
            return True
        return False

    until(is_allowed)
    try:
        yield
    finally:
        hba.write_text(before)
        run(server.dsn("postgres", server.user), reload)


@contextmanager
def following(server: Server) -> Iterator[Server]:
    """Run a standby of a server."""
    home = Path(tempfile.mkdtemp(prefix="gestorlead-test-", dir=fast_place()))
    cluster = Cluster(home)
    user = cluster.user()
    if user:
        os.chown(home, user.uid, user.gid)
    source = ["--dbname", server.dsn("postgres", server.user), "--checkpoint=fast", "--no-sync"]
    argv: list[str | Path] = [server.bin_dir / "pg_basebackup", *source]
    argv += ["--write-recovery-conf", "-D", cluster.data]
    try:
        with _replication_allowed(server):
            binaries.run(argv, user=user)
            postmaster = cluster.launch(
                server.bin_dir, socket_directory=home, port=free_port(), preexec=die_with_parent()
            )
            try:
                yield server._replace(pid=postmaster.pid, host=str(home), port=postmaster.port)
            finally:
                os.kill(postmaster.pid, signal.SIGQUIT)
                os.waitpid(postmaster.pid, 0)
    finally:
        shutil.rmtree(home)


def followed(server: Server, standby: Server, database: str) -> str:
    """Return the conninfo of a database on the standby, once all that was done to it is there."""
    flush = "SET synchronous_commit TO on; SELECT pg_logical_emit_message(TRUE, '', '')"
    run(server.dsn("postgres", server.user), flush)
    ((position,),) = rows(server.dsn("postgres", server.user), "SELECT pg_current_wal_flush_lsn()")
    replayed = f"SELECT pg_last_wal_replay_lsn() >= '{position}'"
    until(lambda: rows(standby.dsn("postgres", standby.user), replayed) == [(True,)])
    return standby.dsn(name_of(database))
