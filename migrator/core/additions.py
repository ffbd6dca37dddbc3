"""What a capability adds to what the runner does: handed in as one value, for core knows none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from migrator.core.session import Session


@dataclass(frozen=True, slots=True)
class StatusSection:
    """What a capability tells in `status`.

    Args:
        name: The key of its entries in the document.
        entries: What it knows, for machines.
        lines: The same, for people.
        problem: Why the database is not up to date; empty where nothing speaks against it.

    """

    name: str
    entries: Sequence[dict[str, Any]]
    lines: Sequence[str]
    problem: str = ""


def _nothing(_: Session) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Additions:
    """What is done beside applying files; each part does nothing unless it is given.

    Args:
        before_plan: Called under the lock, before a command that changes the database plans what
            it does; raises to refuse.
        before_file: Called in no transaction, before each attempt at a file.
        with_file: SQL that runs where what a file wrote is kept: in the transaction that records
            it, or by itself once a statement outside a transaction failed half-way.
        without_file: SQL that runs after what a file wrote was rolled back.
        status: Returns what to tell in `status`.

    """

    before_plan: Callable[[Session], None] = _nothing
    before_file: Callable[[Session], None] = _nothing
    with_file: str = ""
    without_file: str = ""
    status: Callable[[Session], StatusSection | None] = _nothing
