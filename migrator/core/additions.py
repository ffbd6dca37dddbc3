"""What a capability adds to the runner's work, as one value: core itself knows no capability."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from migrator.core.progress import Tell
from migrator.core.session import Session
from migrator.core.waits import Loan


@dataclass(frozen=True, slots=True)
class StatusSection:
    """What a capability adds to the answer of `status`.

    Args:
        name: The key of its entries in the JSON document.
        entries: Its entries for the JSON document.
        lines: The same as text.
        problem: Why the database is not up to date; empty if there is no problem.
        last: The newest entry in a few words; empty if there is none.

    """

    name: str
    entries: Sequence[dict[str, Any]]
    lines: Sequence[str]
    problem: str = ""
    last: str = ""


def _nothing(_: Session) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Additions:
    """What is done in addition to applying files. Each part does nothing unless it is given.

    Args:
        before_plan: Called under the lock, before a command that changes the database plans its
            work; raises to refuse.
        status: Returns what to add to the answer of `status`.
        progress: Called with the progress of batches; None to say it now and then.
        second: Who lends the session that sees for whom the first one waits; None for nobody.

    """

    before_plan: Callable[[Session], None] = _nothing
    status: Callable[[Session], StatusSection | None] = _nothing
    progress: Tell | None = None
    second: Loan | None = None
