"""What several tests of the schema start from."""

from __future__ import annotations

import pytest

from tests.support.constraint_rows import insert_world
from tests.support.databases import Connection


@pytest.fixture
def world(migrated: Connection) -> Connection:
    """A migrated database with the rows that the cases of the constraints refer to."""
    insert_world(migrated)
    return migrated
