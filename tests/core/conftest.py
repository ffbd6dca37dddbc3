"""What several tests of the core start from."""

from __future__ import annotations

import pytest

from tests.support.commands import call
from tests.support.sets import MigrationSet


@pytest.fixture
def database(empty_database: str, made: MigrationSet) -> str:
    """A database with the three tables."""
    assert call(made, empty_database, "migrate").code == 0
    return empty_database
