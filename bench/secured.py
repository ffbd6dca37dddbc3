"""A database with row security, as sql/roles/ switches it on, and who then asks which query."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg import sql
from psycopg.conninfo import make_conninfo

from bench.queries import Connection, Query
from bench.servers import Server
from migrator.server import binaries

SCRIPTS = Path(__file__).resolve().parent.parent / "sql" / "roles"
PREFIX = "bench_"
# Asked for all users at once, by what runs and ends things.
BY_WORKERS = {"agents_scheduled_due", "campaigns_ending_soon", "campaigns_using_channel"}
FUNCTIONS = """
SELECT proname::text FROM pg_proc
WHERE pronamespace = 'public'::regnamespace AND prosecdef AND proretset
"""


@contextmanager
def secured(server: Server, database: str) -> Iterator[Connection]:
    """Switch row security on; yield an administrator's connection; switch it off, roles and all.

    Args:
        server: The server.
        database: The name of the database.

    """
    conninfo = make_conninfo(**dict(server.administrator) | {"dbname": database})
    _psql(conninfo, "roles", "owner", "grants", "row_security")
    try:
        with server.connect(database) as connection:
            connection.autocommit = False
            yield connection
    finally:
        _psql(conninfo, "take_back")


def as_asked(connection: Connection, query: Query) -> Query:
    """Act as the role that asks a query; return it as that role asks it."""
    connection.execute("RESET ROLE")
    functions = {name for (name,) in connection.execute(FUNCTIONS.encode())}
    role = "app" if "user_id" in query.params or query.name in functions else "readonly"
    if query.group in ("dashboard", "playground"):
        role = "app"
    elif query.group == "worker" or query.name in BY_WORKERS:
        role = "worker"
    words = sql.SQL("SET ROLE {}").format(sql.Identifier(PREFIX + role))
    connection.execute(words)
    connection.commit()
    return query.by_function if query.name in functions else query


def _psql(conninfo: str, *scripts: str) -> None:
    argv = [str(binaries.find_program("psql")), "-X", "-q", f"--set=prefix={PREFIX}", conninfo]
    argv += [f"--file={SCRIPTS / script}.sql" for script in scripts]
    done = subprocess.run(argv, check=False, capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        sys.exit(f"{' '.join(scripts)} failed on {conninfo}:\n{done.stderr}")
