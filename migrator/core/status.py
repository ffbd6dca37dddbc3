"""The answer of `status`: the history compared with the files, and what capabilities add."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from migrator.core import files
from migrator.core.runner import Runner


@dataclass(frozen=True, slots=True)
class Standing:
    """The answer of `status`.

    Args:
        up_to_date: Whether exactly the files are applied, and no capability has a problem.
        document: The answer as a JSON document.
        lines: The answer as text, with the verdict at the end.

    """

    up_to_date: bool
    document: dict[str, Any]
    lines: list[str]


def standing(runner: Runner) -> Standing:
    """Compare the target of a runner with the files.

    Raises:
        Refused: The history cannot be read.

    """
    state = runner.state()
    up_to_date = state.up_to_date
    project = runner.project
    passed_over = [str(each) for each in files.not_read(project.migrations, project.apart)]
    document: dict[str, Any] = {**state.ids(), "not_read": passed_over}
    *lines, verdict = state.lines()
    lines += [f"{'not read':<14}{each}" for each in passed_over]
    if (section := runner.additions.status(runner.session)) is not None:
        document[section.name] = list(section.entries)
        lines += section.lines
        if section.problem:
            up_to_date, verdict = False, f"not up to date: {section.problem}"
    return Standing(up_to_date, {"up_to_date": up_to_date, **document}, [*lines, verdict])
