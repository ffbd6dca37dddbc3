"""Where a database stands: its history against the files, and its deploys."""

from __future__ import annotations

from typing import Any

from migrator.core import deploys
from migrator.core.runner import Runner


def describe(runner: Runner) -> tuple[dict[str, Any], list[str]]:
    """Return it as a document and as lines of text, the verdict at the end."""
    state = runner.state()
    known = deploys.recent(runner.session)
    has_ended = all(each.ended_at is not None for each in known)
    document = {
        "up_to_date": state.up_to_date and has_ended,
        **state.ids(),
        "deploys": [each.document() for each in known],
    }
    *lines, verdict = state.lines()
    lines += [f"{'deploy':<14}{each.words}" for each in known[::-1]]
    return document, [*lines, verdict if has_ended else "not up to date: a deploy has not ended"]
