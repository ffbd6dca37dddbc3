"""A Citus cluster of a coordinator and workers, for the tests of what runs on one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

import psycopg
import pytest

from tests.support.databases import NUMBERS, database
from tests.support.servers import HBA, NEWEST, ROLES, SETTINGS, Server, installations, throwaway

SETTINGS_OF_CITUS = SETTINGS | {
    "shared_preload_libraries": "citus,pg_stat_statements",
    "max_connections": "200",
    "max_prepared_transactions": "200",  # Citus commits in two phases
    "max_worker_processes": "40",  # a maintenance worker for each database
    "citus.node_conninfo": "sslmode=prefer",
}
# The servers connect to each other.
HBA_OF_CITUS = HBA + "host all all 127.0.0.1/32 trust\n"
VARIABLE = "TEST_CITUS"
WORKERS = 2


class Cluster(NamedTuple):
    """The servers of a Citus cluster."""

    coordinator: Server
    workers: tuple[Server, ...]

    @property
    def nodes(self) -> tuple[Server, ...]:
        """All servers, the coordinator first."""
        return (self.coordinator, *self.workers)


class Database(NamedTuple):
    """A database of a cluster, with the extension on each of its servers."""

    cluster: Cluster
    name: str

    @property
    def url(self) -> str:
        """The conninfo of the plain role that owns it, on the coordinator."""
        return self.cluster.coordinator.dsn(self.name)


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Use the cluster that TEST_CITUS names, or run one of a server here that has the extension.

    TEST_CITUS is the conninfo of a superuser on a coordinator, in a database that has the workers.
    A test is skipped where there is neither.
    """
    if conninfo := os.environ.get(VARIABLE):
        yield _named(conninfo)
        return
    found = [each for each in installations().values() if any(each.parent.glob("lib/**/citus.so"))]
    if not found:
        pytest.skip(f"no PostgreSQL here has Citus: install its package, or set {VARIABLE}")
    with ExitStack() as stack:
        coordinator, *workers = [
            stack.enter_context(throwaway(found[0], SETTINGS_OF_CITUS, hba=HBA_OF_CITUS))
            for _ in range(1 + WORKERS)
        ]
        yield Cluster(coordinator, tuple(workers))


@contextmanager
def database_of(cluster: Cluster) -> Iterator[Database]:
    """Create a database on all servers of a cluster."""
    name = f"citus_{next(NUMBERS)}"
    with ExitStack() as stack:
        for node in cluster.nodes:
            stack.enter_context(database(node, name))
            with node.connect(name) as connection:
                connection.execute("CREATE EXTENSION citus")
        with cluster.coordinator.connect(name) as connection:
            for group, node in enumerate(cluster.nodes):
                connection.execute(
                    "SELECT citus_add_node(%s, %s, %s)", [_address(node), node.port, group]
                )
        yield Database(cluster, name)


def _address(node: Server) -> str:
    """Return where the other servers find one."""
    return "127.0.0.1" if node.host.startswith("/") else node.host


def _named(conninfo: str) -> Cluster:
    """Return the cluster of a coordinator; its servers get the plain role that owns databases."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        query = "SELECT nodename, nodeport FROM pg_dist_node ORDER BY groupid"
        places = connection.execute(query).fetchall()
        major = connection.info.server_version // 10_000
        user = connection.info.user
        if not connection.execute("SELECT FROM pg_roles WHERE rolname = 'owner'").fetchall():
            connection.execute(ROLES.encode())  # Citus creates them on the workers, too
    bin_dir = installations()[NEWEST]
    servers = [Server(major, bin_dir, 0, host, port, user) for host, port in places]
    return Cluster(servers[0], tuple(servers[1:]))
