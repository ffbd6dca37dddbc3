"""Where a database stands: its history against the files, and what capabilities know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from migrator.core.runner import Runner


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a database stands.

    Args:
        up_to_date: Whether every file is applied as it is, and nothing speaks against that.
        document: The ids of each group, and what capabilities know, for machines.
        lines: The same, for people, with the verdict at the end.

    """

    up_to_date: bool
    document: dict[str, Any]
    lines: list[str]


def standing(runner: Runner) -> Standing:
    """Compare a runner's target with its files.

    Raises:
        Refused: The history cannot be read.

    """
    state = runner.state()
    up_to_date = state.up_to_date
    document: dict[str, Any] = {**state.ids()}
    *lines, verdict = state.lines()
    if (section := runner.additions.status(runner.session)) is not None:
        document[section.name] = list(section.entries)
        lines += section.lines
        if section.problem:
            up_to_date, verdict = False, f"not up to date: {section.problem}"
    return Standing(up_to_date, {"up_to_date": up_to_date, **document}, [*lines, verdict])
