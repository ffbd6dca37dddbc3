"""Where a database stands: its history against the files, and its deploys."""

from __future__ import annotations

from typing import Any

from migrator.deploy import record
from migrator.migrate import Work


def of(work: Work) -> tuple[dict[str, Any], list[str]]:
    """Return it as a document and as lines of text, the verdict at the end."""
    state = work.state()
    deploys = record.recent(work.session)
    document = {
        "up_to_date": state.up_to_date,
        **state.ids(),
        "deploys": [each.document() for each in deploys],
    }
    *lines, verdict = state.lines()
    return document, [*lines, *(f"{'deploy':<14}{each.words}" for each in deploys[::-1]), verdict]
