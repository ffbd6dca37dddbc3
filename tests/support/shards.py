"""Databases of a fleet, between which tenants move by sql/tenant/."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from itertools import count

import psycopg

from bench import generated
from tests.support.databases import rows, run
from tests.support.servers import ROOT, SETTINGS, Server, apply_everything, clean_environment
from tests.support.waiting import until

SCRIPTS = ROOT / "sql" / "tenant"
SETTINGS_OF_SHARDS = SETTINGS | {
    "wal_level": "logical",
    "wal_retrieve_retry_interval": "200ms",  # how long a subscription waits after an error
    "restart_after_crash": "on",
}
TABLES = ("users", "campaigns", "agents", "api_keys", "tasks", "generated_content")
TEMPLATE, EMPTY_TEMPLATE = "filled", "migrated"
TASKS = 500
NUMBERS = count(1)


@dataclass(frozen=True)
class Shard:
    """A database of the fleet.

    Args:
        server: Its server.
        name: Its name.

    """

    server: Server
    name: str

    @property
    def url(self) -> str:
        """The conninfo of a superuser, by which tenants are moved."""
        return self.server.dsn(self.name, self.server.user)

    @property
    def application(self) -> str:
        """The conninfo of the plain role that owns the tables."""
        return self.server.dsn(self.name)

    def psql(self, script: str, *more: str) -> subprocess.CompletedProcess[str]:
        """Run a script of sql/tenant/ that is for one database."""
        psql = self.server.bin_dir / "psql"
        done = subprocess.run(
            [psql, "-X", *more, "-f", SCRIPTS / f"{script}.sql", self.url],
            capture_output=True,
            check=False,
            env=clean_environment(),
            text=True,
        )
        print(f"$ {script}.sql\n{done.stdout}{done.stderr}exit code {done.returncode}")
        return done

    def state(self, tenant: int) -> str:
        """Return how far a tenant's move is here; "" where there is none."""
        found = rows(self.url, f"SELECT state FROM tenants.moves WHERE user_id = {tenant}")
        return str(found[0][0]) if found else ""

    def account(self, condition: str) -> list[tuple[object, ...]]:
        """Return the rows of some tenants in numbers and checksums, read past the scripts.

        Args:
            condition: Which tenants, such as `= 42`.

        """
        return [
            rows(
                self.url,
                "SELECT count(*), md5(string_agg(md5(t::text), '' ORDER BY t.id))"
                f" FROM {table} AS t WHERE {'id' if table == 'users' else 'user_id'} {condition}",
            )[0]
            for table in TABLES
        ]

    def leftovers(self) -> list[str]:
        """Return the publications, subscriptions and slots that are there."""
        query = """
            SELECT 'publication ' || pubname FROM pg_publication
            UNION ALL
            SELECT 'subscription ' || s.subname FROM pg_subscription AS s
            INNER JOIN pg_database AS d ON s.subdbid = d.oid
            WHERE d.datname = current_database()
            UNION ALL
            SELECT 'slot ' || slot_name FROM pg_replication_slots
            WHERE database = current_database()
        """
        return sorted(name for (name,) in rows(self.url, query))

    def crash(self) -> None:
        """Kill a process of the server, which then ends all sessions and recovers."""
        query = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'"
        ((pid,),) = rows(self.url, query)
        os.kill(pid, 9)
        until(lambda: _answers(self.url, pid))


def _answers(url: str, pid: int) -> bool:
    """Return whether a server is there again after the loss of a process."""
    with suppress(psycopg.OperationalError):
        query = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'"
        return rows(url, query) != [(pid,)]
    return False


def make_templates(server: Server) -> None:
    """Make what the shards of a server are copies of: without users, and with rows."""
    for name, source in ((EMPTY_TEMPLATE, "template1"), (TEMPLATE, EMPTY_TEMPLATE)):
        run(
            server.dsn("postgres", server.user),
            f"CREATE DATABASE {name} OWNER owner TEMPLATE {source}",
        )
        if source == "template1":
            apply_everything(server.dsn(name))
    with psycopg.connect(server.dsn(TEMPLATE), autocommit=True) as connection:
        generated.fill(connection, TASKS)


def make_shard(server: Server, template: str, number: int) -> Shard:
    """Make a database that is prepared for moves, with ids of its own; it goes with its server."""
    shard = Shard(server, f"shard_{next(NUMBERS)}")
    run(
        server.dsn("postgres", server.user),
        f"CREATE DATABASE {shard.name} OWNER owner TEMPLATE {template}",
    )
    for done in (shard.psql("prepare"), shard.psql("ids", "-v", f"shard={number}")):
        assert done.returncode == 0, done.stderr
    return shard


@dataclass(frozen=True)
class Pair:
    """A source and a target of moves.

    Args:
        source: Where the tenants live.
        target: Where they shall live.

    """

    source: Shard
    target: Shard

    @property
    def back(self) -> Pair:
        """The other direction."""
        return Pair(self.target, self.source)

    @property
    def environment(self) -> dict[str, str]:
        """What the commands run in."""
        path = os.pathsep.join([str(self.target.server.bin_dir), os.environ["PATH"]])
        return clean_environment() | {"PATH": path}

    def start(self, command: str, tenant: int, *more: str) -> subprocess.Popen[str]:
        """Start a command of sql/tenant/move.sh."""
        return subprocess.Popen(
            [SCRIPTS / "move.sh", command, str(tenant), self.source.url, self.target.url, *more],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, command: str, tenant: int, *more: str) -> subprocess.CompletedProcess[str]:
        """Run a command of sql/tenant/move.sh to its end."""
        process = self.start(command, tenant, *more)
        out, err = process.communicate(timeout=300)
        print(f"$ move.sh {command} {tenant}\n{out}{err}exit code {process.returncode}")
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)
