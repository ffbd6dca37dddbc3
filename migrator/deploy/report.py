"""The report of a deploy, beside its backup: in Markdown for people, in JSON for machines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from migrator.backup import archive
from migrator.core.steps import Event
from migrator.deploy.monitor import Measurement


@dataclass(frozen=True, slots=True)
class DeployReport:
    """What is told of a deploy.

    Args:
        result: Its outcome, kind, digest, backup, migrations, seeds.
        database: The target's name.
        steps: What was done, in order.
        proofs: What was proved of the rollback files and of a restore, and what was not.
        words: How it was put back; empty where it was applied.
        reason: Why it was not applied; empty where it was.
        changes: What the monitoring saw; empty where the deploy was put back.
        before: The monitoring before.
        after: And after it.

    """

    result: dict[str, Any]
    database: str
    steps: Sequence[Event]
    proofs: Mapping[str, str]
    words: str = ""
    reason: str = ""
    changes: Mapping[str, list[str]] = field(default_factory=dict)
    before: Measurement | None = None
    after: Measurement | None = None


def paths(backup: Path) -> list[Path]:
    """Return where the report of a backup's deploy is."""
    return [backup.with_name(backup.name + suffix) for suffix in archive.REPORTS]


def write(report: DeployReport, backup: Path) -> None:
    """Write both."""
    in_words, as_data = paths(backup)
    archive.write(in_words, "\n".join(_markdown(report)) + "\n")
    document = {**report.result, **asdict(report)}
    del document["result"]
    archive.write(as_data, json.dumps(document, indent=1, default=str) + "\n")


def _markdown(report: DeployReport) -> Iterator[str]:
    result = report.result
    yield f"# Deploy of {report.database}: {result['outcome']}\n"
    if report.reason:
        yield f"Why it was not applied: {report.reason}\n\n{report.words}\n"
    for what in ("kind", "digest", "backup"):
        yield f"- {what}: `{result[what]}`"
    for what, words in report.proofs.items():
        yield f"- {what}: {words}"
    for what in ("migrations", "seeds"):
        yield f"- {what}: {', '.join(result[what]) or 'none'}"
    yield "\n| step | began | seconds | outcome |\n|---|---|---|---|"
    for step in report.steps:
        said = f": {step['said']}" if step.get("said") else ""
        cells = (step["step"], step["at"], f"{step['seconds']:.1f}", f"{step['outcome']}{said}")
        yield "| " + " | ".join(each.replace("|", "\\|") for each in cells) + " |"
    for title, lines in report.changes.items():
        yield f"\n## {title[0].upper()}{title[1:]}\n"
        yield from ([f"- {line}" for line in lines] or ["none"])
