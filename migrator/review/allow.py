"""What a file allows: `-- review:allow RULE [on=RELATION] until=YYYY-MM-DD because "REASON"`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date

from migrator.review.report import Allowance, Finding

RULE = "allowance"
_LINE = re.compile(r"^[ \t]*--[ \t]*review:allow\b(.*)$", re.MULTILINE)
_PARTS = re.compile(
    r"\s*(?P<rule>[\w-]+)(?:\s+on=(?P<on>(?:\"[^\"]*\"|[^\s\"])+))?(?:\s+until=(?P<until>\S+))?"
    r'(?:\s+because\s+"(?P<reason>.*)")?\s*'
)
_RELATION = re.compile(r'(?:"[^"]*"|[^",])+')
_FORM = '-- review:allow RULE on=RELATION until=2027-01-31 because "REASON"'


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    rule: str
    relations: tuple[str, ...]
    allowance: Allowance


def apply(
    text: str,
    findings: Iterable[Finding],
    today: date,
    *,
    is_whole: bool = True,
    new: Collection[str] = (),
) -> list[Finding]:
    """Mark the findings that a file allows.

    Args:
        text: The text of the file.
        findings: What the rules found in it.
        today: The day of the review; an allowance is valid up to its own day.
        is_whole: Whether the whole file was measured. If not, no allowance is called unused.
        new: Tables that earlier files of the same review made. An allowance on one of them is for
            a review of this file alone, where the table has rows.

    Returns:
        The findings, the allowed ones marked; then a finding for each allowance that is unused,
        not understood, has ended, or lacks a reason or a date.

    """
    lines, wrong = _read(text, today)
    used: set[int] = set()
    marked = []
    for finding in findings:
        for line in lines:
            if line.rule == finding.rule and (
                not line.relations or finding.relation in line.relations
            ):
                used.add(line.number)
                finding = replace(finding, allowed=line.allowance)  # noqa: PLW2901
        marked.append(finding)
    unused = [
        _wrong(line.number, f"allows {line.rule}, but this rule found nothing", "Remove the line.")
        for line in lines
        if is_whole and line.number not in used and not _is_on(line, new)
    ]
    return [*marked, *wrong, *unused]


def _is_on(line: _Line, tables: Collection[str]) -> bool:
    return any(each in tables for each in line.relations) if line.relations else bool(tables)


def _read(text: str, today: date) -> tuple[list[_Line], list[Finding]]:
    lines, wrong = [], []
    for match in _LINE.finditer(text):
        number = text.count("\n", 0, match.start()) + 1
        parts = _PARTS.fullmatch(match[1])
        if parts is None:
            wrong.append(_wrong(number, "is not understood", f"Write {_FORM}."))
            continue
        until = _day(parts["until"] or "")
        if until is None:
            wrong.append(_wrong(number, "has no date", f"Write {_FORM}."))
        elif not (parts["reason"] or "").strip():
            wrong.append(_wrong(number, "has no reason", f"Write {_FORM}."))
        elif until < today:
            wrong.append(
                _wrong(
                    number,
                    f"ended on {until}",
                    "Decide again: correct the migration, or write a later date.",
                )
            )
        else:
            relations = tuple(_RELATION.findall(parts["on"] or ""))
            allowance = Allowance(parts["reason"].strip(), until, number)
            lines.append(_Line(number, parts["rule"], relations, allowance))
    return lines, wrong


def _wrong(line: int, what: str, instead: str) -> Finding:
    return Finding(RULE, f"the review:allow in line {line} {what}", instead, line)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
