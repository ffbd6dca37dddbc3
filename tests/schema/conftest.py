"""What several tests of the schema start from."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from tests.support.constraint_rows import insert_world
from tests.support.databases import Connection, rows
from tests.support.servers import Server
from tests.support.sites import Site

PREFIXES = (f"Site {number} " for number in count(1))


@pytest.fixture
def world(migrated: Connection) -> Connection:
    """A migrated database with the rows that the cases of the constraints refer to."""
    insert_world(migrated)
    return migrated


@pytest.fixture
def creator(pg: Server) -> Iterator[str]:
    """The plain role that owns the databases, which may create roles meanwhile."""
    with pg.connect() as superuser:
        superuser.execute("ALTER ROLE owner CREATEROLE")
        yield "owner"
        superuser.execute("ALTER ROLE owner NOCREATEROLE")


@pytest.fixture
def bare(pg: Server, migrated_database: str, creator: str) -> Iterator[Site]:
    """A migrated database whose roles are not there yet; they go with it."""
    del creator
    site = Site(pg, migrated_database, next(PREFIXES))
    yield site
    if rows(migrated_database, f"SELECT FROM pg_roles WHERE rolname ~ '^{site.prefix}'"):
        site.psql("take_back", user=pg.user)


@pytest.fixture
def site(bare: Site) -> Site:
    """A migrated database with the roles, for which its scripts ran twice."""
    bare.psql("roles", "grants", "roles", "grants")
    return bare
