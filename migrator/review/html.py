"""A report as one HTML page, for a DBA who decides: on any screen or on paper.

The page loads nothing. Its policy allows only its own style and its own script, by their hashes, so
that SQL that escaped the escaping could still not act.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from pygments.lexers.sql import PostgresLexer
from pygments.token import Comment, Keyword, Name, Number, String

from migrator.review import gantt, locks, rules
from migrator.review.report import (
    FINDING,
    HIGH,
    LOW,
    PASS,
    WORDS,
    FileReview,
    Finding,
    Lock,
    MigrationReview,
    Report,
    StatementReview,
    count,
    duration,
    folded,
    size,
    unallowed,
)

_HERE = Path(__file__).parent
_LONG_MS = 1_000
_LEXER = PostgresLexer(stripnl=False, ensurenl=False)
_CLASSES = ((Comment, "c"), (String, "s"), (Number, "m"), (Keyword, "k"), (Name.Builtin, "b"))
# A verdict is shown by a sign, a word and a frame; the colour only repeats it.
_SIGNS = {
    WORDS[PASS]: ("✓", "good"),
    WORDS[FINDING]: ("✗", "bad"),
    "not measured": ("?", "warn"),
    "allowed": ("✓", "good"),
    "lossless": ("✓", "good"),
    "lossy": ("!", "warn"),
    "irreversible": ("✗", "bad"),
    "confirmed": ("✗", "bad"),
    "refuted": ("✓", "good"),
    "beyond measuring": ("?", "warn"),
}


class Mark(NamedTuple):
    """A finding as the page shows it.

    Args:
        anchor: The anchor of the finding.
        line: The anchor of its line.
        advice: The anchor of the first finding with the same advice.
        finding: The finding.

    """

    anchor: str
    line: str
    advice: str
    finding: Finding


class Line(NamedTuple):
    """A line of SQL as HTML, with its number, its anchor and its findings."""

    number: int
    anchor: str
    html: Markup
    marks: list[Mark]


class Segment(NamedTuple):
    """Lines of a file and the statements on them; no statement for the lines between."""

    lines: list[Line]
    statements: list[StatementReview]


@dataclass(frozen=True, slots=True)
class View:
    """A file of a migration as the page shows it.

    Args:
        key: The beginning of its anchors.
        file: The review of the file.
        marks: The findings in it.

    """

    key: str
    file: FileReview
    marks: Sequence[Mark]

    def at(self, line: int) -> str:
        """Return the anchor of a line, or of the nearest line if there is none."""
        return _anchor(self.key, self.file, line)

    @property
    def lines(self) -> list[Line]:
        """Its lines."""
        return [
            Line(number, anchor, html, [each for each in self.marks if each.line == anchor])
            for number, html in enumerate(_highlighted(self.file.text), 1)
            for anchor in [f"{self.key}{number}"]
        ]

    @property
    def segments(self) -> Iterator[Segment]:
        """Its lines, divided where statements begin and end."""
        lines = self.lines
        done = 0
        for first, last, statements in _extents(self.file.statements):
            if lines[done : first - 1]:
                yield Segment(lines[done : first - 1], [])
            yield Segment(lines[first - 1 : last], statements)
            done = last
        if lines[done:]:
            yield Segment(lines[done:], [])

    @property
    def chart(self) -> gantt.Chart | None:
        """The time line of its locks; None if it has none."""
        return gantt.chart(self.file)


@dataclass(frozen=True, slots=True)
class Article:
    """A migration as the page shows it.

    Args:
        number: Its place in the order in which migrations are applied, from 1.
        migration: The review of the migration.

    """

    number: int
    migration: MigrationReview

    @property
    def key(self) -> str:
        """The beginning of its anchors."""
        return f"m{self.number}"

    @property
    def anchor(self) -> str:
        """The anchor of its heading: its id, without characters that an anchor cannot have."""
        return re.sub(r"[^\w.-]", "-", self.migration.id)

    @property
    def worst(self) -> Lock | None:
        """The worst of its locks that stop others for a second or more; None if none does."""
        worst = next(iter(self.migration.locks), None)
        is_long = worst and locks.blocks_writes(worst.mode) and worst.held_ms
        return worst if is_long and is_long.estimate >= _LONG_MS else None

    @property
    def marks(self) -> list[Mark]:
        """Its findings, in the order of the report."""
        advice: dict[str, str] = {}
        marks = []
        for number, each in enumerate(self.migration.findings, 1):
            anchor = f"{self.key}-F{number}"
            line = _anchor(self._lines(bool(each.file)), self.migration.file(each), each.line)
            marks.append(Mark(anchor, line, advice.setdefault(each.instead, anchor), each))
        return marks

    @property
    def views(self) -> tuple[View, View]:
        """Its file, and its rollback file."""
        files = (False, self.migration), (True, self.migration.rollback)
        one, other = (
            View(
                self._lines(is_rollback),
                file,
                [each for each in self.marks if bool(each.finding.file) == is_rollback],
            )
            for is_rollback, file in files
        )
        return one, other

    def _lines(self, is_rollback: bool) -> str:
        return f"{self.key}-{'R' if is_rollback else 'L'}"


def _anchor(key: str, file: FileReview, line: int) -> str:
    last = file.text.removesuffix("\n").count("\n") + 1
    return f"{key}{min(max(line, 1), last)}"


def render(report: Report) -> str:
    """Return a whole report as one HTML page."""
    style, script = ((_HERE / name).read_text("utf-8") for name in ("page.css", "page.js"))
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        finalize=_visible,
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {"count": count, "name": _name, "prose": _prose}
    environment.filters |= {"folded": folded, "rule": rules.rule}
    articles = [Article(place, each) for place, each in enumerate(report.migrations, 1)]
    names = {finding.rule: "" for each in report.migrations for finding in each.findings}
    return environment.get_template("page.html.j2").render(
        report=report,
        worst=[(each, _reasons(each)) for each in sorted(articles, key=_rank) if _reasons(each)],
        rules=names,
        articles=articles,
        signs=_SIGNS,
        words=WORDS,
        strength=gantt.strength,
        duration=duration,
        size=size,
        reach=(LOW, HIGH),
        style=Markup(style),  # noqa: S704 - the project's own file
        script=Markup(script),  # noqa: S704 - the project's own file
        policy=(
            f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
            "base-uri 'none'; form-action 'none'"
        ),
    )


def _rank(article: Article) -> tuple[int, float, str]:
    return article.migration.rank


def _reasons(article: Article) -> list[str]:
    """Return why a migration should not be applied yet, the worst first."""
    migration = article.migration
    return [*migration.not_measured, *(each.message for each in unallowed(migration.findings))]


def _digest(text: str) -> str:
    return "sha256-" + b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _extents(statements: Sequence[StatementReview]) -> list[tuple[int, int, list[StatementReview]]]:
    """Return first line, last line and statements; statements that share a line are one entry."""
    extents: list[tuple[int, int, list[StatementReview]]] = []
    for each in statements:
        if extents and each.line <= extents[-1][1]:
            first, last, others = extents[-1]
            extents[-1] = (first, max(last, each.end_line), [*others, each])
        else:
            extents.append((each.line, each.end_line, [each]))
    return extents


def _highlighted(text: str) -> list[Markup]:
    """Return the lines of some SQL, with spans around the words that have a colour.

    Pygments' own formatter puts every space and every comma into a span: four times the text.
    """
    lines: list[list[str]] = [[]]
    for token, value in _LEXER.get_tokens(text.removesuffix("\n")):
        name = next((each for kind, each in _CLASSES if token in kind), "")
        for place, part in enumerate(value.split("\n")):
            if place:
                lines.append([])
            if part:
                html = _marked(part)
                lines[-1].append(f'<span class="{name}">{html}</span>' if name else html)
    return [Markup("".join(line)) for line in lines]  # noqa: S704 - every part is escaped


def _marked(text: str) -> Markup:
    """Escape a text; show characters that are invisible or turn the text around by their number."""
    if text.isprintable():
        return escape(text)
    return Markup().join(
        each
        if each.isprintable() or each == "\t"
        else Markup('<b class="unseen">{}</b>').format(_number(each))
        for each in text
    )


def _visible(value: Any) -> Any:
    """Show invisible characters by their number, in every text of the page."""
    if not isinstance(value, str) or isinstance(value, Markup) or value.isprintable():
        return value
    seen = "\n\t"
    return "".join(each if each.isprintable() or each in seen else _number(each) for each in value)


def _number(character: str) -> str:
    return f"U+{ord(character):04X}"


def _name(name: str) -> Markup:
    """Return a name that may be broken after a dot or an underscore in a narrow column."""
    return Markup(re.sub("([._])", r"\1<wbr>", str(escape(_visible(name)))))  # noqa: S704


def _prose(text: str) -> Markup:
    """Return a sentence with the parts in backticks as code."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(_visible(text)))))  # noqa: S704
