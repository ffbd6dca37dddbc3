"""A report as SARIF 2.1.0: findings as alerts at their lines, for GitHub and others.

GitHub ignores `suppressions`. So an allowed finding also has the level `note`, which fails no check
there.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from migrator.review.report import NOT_MEASURED, Finding, MigrationReview, Report
from migrator.review.rules import RULES, rule

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
# A key of our own: GitHub warns about each value of its own key that it computes differently.
_FINGERPRINT = "migrationReview/v1"
_UNMEASURED = "not-measured"


def render(report: Report) -> str:
    """Return a report as a SARIF log of one run."""
    results = []
    seen: Counter[str] = Counter()
    for migration in report.migrations:
        for finding in [*migration.findings, *_unmeasured(migration)]:
            result, identity = _result(migration, finding), _identity(migration, finding)
            seen[identity] += 1
            result["partialFingerprints"] = {_FINGERPRINT: f"{identity}:{seen[identity]}"}
            results.append(result)
    names = sorted({each["ruleId"] for each in results})
    for each in results:
        each["ruleIndex"] = names.index(each["ruleId"])
    driver = {
        "name": "migration review",
        "rules": [_rule(each) for each in names],
    }
    invocation = {
        "executionSuccessful": report.verdict != NOT_MEASURED,
        "exitCode": report.exit_code,
        "exitCodeDescription": report.verdict,
    }
    run = {
        "tool": {"driver": driver},
        "invocations": [invocation],
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _unmeasured(migration: MigrationReview) -> Iterable[Finding]:
    """Yield what could not be measured as findings, so that nobody takes it for a pass."""
    for reason in migration.not_measured:
        yield Finding(_UNMEASURED, reason, "")


def _result(migration: MigrationReview, finding: Finding) -> dict[str, Any]:
    text = _sentence(finding.message)
    if finding.instead:
        text += f" Instead: {_sentence(finding.instead)}"
    if finding.header:
        text += f" {_sentence(f'Or write in the header: {finding.header}')}"
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "level": "note" if finding.allowed else "error",
        "message": {"text": text},
        "locations": [_location(migration, finding.line, finding.file)],
    }
    if allowed := finding.allowed:
        suppression = {
            "kind": "inSource",
            "status": "accepted",
            "justification": f"{allowed.reason} (until {allowed.until})",
            "location": _location(migration, allowed.line),
        }
        result["suppressions"] = [suppression]
    return result


def _location(migration: MigrationReview, line: int, file: str = "") -> dict[str, Any]:
    """Return a location: the whole statement if one begins in that line."""
    of = migration.rollback if file else migration
    begun = [each.end_line for each in of.statements if each.line == line]
    lines = of.text.split("\n")
    end_line = max([line, *begun])
    region = {
        "startLine": line,
        "startColumn": 1,
        "endLine": end_line,
        "endColumn": len("".join(lines[end_line - 1 : end_line])) + 1,
    }
    named = PurePath(of.path)
    uri = named.as_uri() if named.is_absolute() else quote(named.as_posix())
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}


def _identity(migration: MigrationReview, finding: Finding) -> str:
    """Return an identity that does not change when lines are added elsewhere in the file."""
    lines = migration.file(finding).text.split("\n")
    line = " ".join("".join(lines[finding.line - 1 : finding.line]).split())
    told = "\0".join((finding.rule, finding.file or migration.path, finding.relation, line))
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _rule(name: str) -> dict[str, Any]:
    found: dict[str, Any] = {"id": name, "defaultConfiguration": {"level": "error"}}
    said = rule(name)
    if name in RULES:
        what = f"{said.finds} Found by running the migration on a scratch database."
        advice = (said.instead, said.question, f"See docs/rules/{name}.md.")
        more = " ".join(filter(None, advice))
    elif name == _UNMEASURED:
        what = "A part of the review could not be done; what was not measured never passes."
        more = "The message says why."
    else:
        what = said.finds
        found["helpUri"] = f"https://squawkhq.com/docs/{quote(name)}"
        more = f"See {found['helpUri']}."
    words = name.replace("-", " ").capitalize()
    return found | {
        "shortDescription": {"text": f"{words}."},
        "fullDescription": {"text": what},
        "help": {"text": more},
    }


def _sentence(text: str) -> str:
    """Return a text as a sentence without links."""
    line = " ".join(text.split()).replace("](", r"\](")
    return line[:1].upper() + line[1:] + ("" if line.endswith((".", "!", "?")) else ".")
