"""The report of a deploy, beside its backup: in Markdown for people, in JSON for machines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from migrator.backup import archive
from migrator.core.steps import Event
from migrator.deploy.monitor import Changes, Measurement


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
        changes: What the monitoring saw; None where the deploy was put back.
        moments: The monitoring's two moments.

    """

    result: dict[str, Any]
    database: str
    steps: Sequence[Event]
    proofs: Mapping[str, str]
    words: str = ""
    reason: str = ""
    changes: Changes | None = None
    moments: Sequence[Measurement] = ()


def paths(backup: Path) -> list[Path]:
    """Return where the report of a backup's deploy is."""
    return [backup.with_name(backup.name + suffix) for suffix in archive.REPORTS]


def write(report: DeployReport, backup: Path) -> None:
    """Write both."""
    in_words, as_data = paths(backup)
    archive.write(in_words, "\n".join(_markdown(report)) + "\n")
    archive.write(as_data, json.dumps(_document(report), indent=1, default=str) + "\n")


def _document(report: DeployReport) -> dict[str, Any]:
    return {
        **report.result,
        "reason": report.reason,
        "database": report.database,
        "proofs": dict(report.proofs),
        "steps": list(report.steps),
        "changes": asdict(report.changes) if report.changes else None,
        "before": asdict(report.moments[0]) if report.moments else None,
        "after": asdict(report.moments[1]) if report.moments else None,
    }


def _markdown(report: DeployReport) -> Iterator[str]:
    yield f"# Deploy of {report.database}: {report.result['outcome']}"
    yield ""
    if report.reason:
        yield f"Why it was not applied: {report.reason}"
        yield ""
        yield report.words
        yield ""
    yield f"- kind: {report.result['kind']}"
    yield f"- digest: `{report.result['digest']}`"
    yield f"- backup: `{report.result['backup']}`"
    for what, words in report.proofs.items():
        yield f"- {what}: {words}"
    for kind in ("migrations", "seeds"):
        yield f"- {kind}: {', '.join(report.result[kind]) or 'none'}"
    yield ""
    yield "| step | began | seconds | outcome |"
    yield "|---|---|---|---|"
    for step in report.steps:
        said = f": {step['said']}" if step.get("said") else ""
        cells = (step["step"], step["at"], f"{step['seconds']:.1f}", f"{step['outcome']}{said}")
        yield "| " + " | ".join(each.replace("|", "\\|") for each in cells) + " |"
    if report.changes is not None:
        yield from _changes(report.changes, report.steps)


def _changes(changes: Changes, steps: Sequence[Event]) -> Iterator[str]:
    waited = [each for step in steps if step["step"] == "apply" for each in step["waited_for"]]
    sections = {
        "Sizes that changed": changes.sizes,
        "Invalid indexes": changes.invalid,
        "Locks waited for": waited,
        **changes.watched,
        "Not seen": changes.missed,
    }
    for title, lines in sections.items():
        yield ""
        yield f"## {title}"
        yield ""
        yield from ([f"- {line}" for line in lines] or ["none"])
