"""A plugin of pytest: no test leaves a connection open, whose session the next one would meet.

What a fixture of a wider scope than a test opens is its own matter.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager, nullcontext
from traceback import StackSummary, walk_stack
from typing import Any

import psycopg
import pytest

_opened: list[tuple[psycopg.BaseConnection[Any], StackSummary]] = []
_begin = psycopg.BaseConnection.__init__


def _note(connection: psycopg.BaseConnection[Any], pgconn: psycopg.pq.abc.PGconn) -> None:
    _begin(connection, pgconn)
    stack = StackSummary.extract(walk_stack(None), limit=12, lookup_lines=False)
    _opened.append((connection, stack))


psycopg.BaseConnection.__init__ = _note  # type: ignore[assignment, method-assign]


@contextmanager
def kept() -> Iterator[None]:
    """Let what is opened meanwhile stay open."""
    before = [*_opened]
    yield
    _opened[:] = before


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
    """Set a fixture up."""
    with nullcontext() if fixturedef.scope == "function" else kept():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Generator[None]:
    """Close what a test left open, and fail it."""
    yield
    left = [(connection, stack) for connection, stack in _opened if not connection.closed]
    _opened.clear()
    for connection, _ in left:
        connection.pgconn.finish()
    places = ["".join(reversed(stack.format())) for _, stack in left]
    assert not left, "\n".join(["connections were left open, which were opened here:", *places])
