"""The review's page as text: whole and safe."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from migrator.review import gantt, html
from migrator.review.report import (
    FileReview,
    Finding,
    Lock,
    MigrationReview,
    Range,
    StatementReview,
    duration,
    in_words,
    size,
)
from migrator.review.rules import rule
from tests.support.pages import Page
from tests.support.reports import HOSTILE, TURNED, file_of, sample

SIZE_LIMIT = 1_600_000  # bytes, with the files to write instead
STYLE = (Path(html.__file__).parent / "page.css").read_text("utf-8")


def plain(text: str) -> str:
    """Return a text as the page shows it: one blank for many, no backticks."""
    return " ".join(text.replace("`", "").replace(TURNED, "U+202E").split())


def said_of_file(file: FileReview) -> Iterator[str]:
    """Yield each text of a file's review."""
    yield from (file.path, file.checksum, *file.text.splitlines())
    yield in_words(file.duration_ms) if file.duration_ms else "unknown"
    for lock in file.locks:
        yield from (lock.relation, lock.kind, lock.mode, lock.words, lock.until, lock.promised)
        yield "unknown: assumed to be large" if lock.rows is None else f"{lock.rows:,}"
    for each in file.statements:
        yield from (*each.validated, *each.dropped, *each.gone, *each.said)
        yield from (f"{mode} on {relation}" for relation, mode in each.locks)
        yield from (in_words(each.duration_ms),) if each.duration_ms else ()
        yield from (in_words(each.ms_per_million),) if each.ms_per_million else ()
        yield from (in_words(each.wal_bytes, size),) if each.wal_bytes else ()
        for taken in each.samples:
            yield from (f"{taken.rows:,}", duration(taken.ms), size(taken.wal_bytes))
        for work in each.work:
            yield f"{work.read:,} read, {work.written:,} written, of {work.present:,}"
            yield from (work.relation, *work.indexes_built)
    for opinion in file.opinions:
        yield from (opinion.rule, opinion.message, opinion.verdict, opinion.because)


def everything_said(migration: MigrationReview) -> Iterator[str]:
    """Yield each text of a migration's review."""
    yield from (migration.id, migration.purpose, *migration.claims.values())
    yield from (*migration.not_measured, *migration.notes)
    for file in (migration, migration.rollback):
        yield from said_of_file(file)
    for finding in migration.findings:
        yield from (finding.rule, finding.message, finding.instead, finding.file)
        if finding.allowed:
            yield from (finding.allowed.reason, finding.allowed.until.isoformat())
        yield from (rule(finding.rule).finds, rule(finding.rule).question, finding.header)
    for pair in migration.instead:
        yield from (f"{pair.id}.rollback.sql", pair.forward, pair.rollback)
    proof = migration.proof
    yield from (proof.verdict, proof.error, *proof.lost, *proof.destroyed, *proof.differences)
    yield from proof.invalid_indexes


def test_is_well_formed(page: Page) -> None:
    assert page.errors == []


@pytest.mark.parametrize("migration", sample().migrations, ids=lambda each: each.id.split(".")[0])
def test_shows_everything(page: Page, migration: MigrationReview) -> None:
    shown = plain(page.within("text"))
    said = [plain(each) for each in everything_said(migration)]
    assert [each for each in said if each not in shown] == []


def test_says_what_the_review_is_of(page: Page) -> None:
    shown = plain(page.within("text"))
    for each in (
        "PostgreSQL 18.1",
        "rows.production.tsv",
        "2026-03-14",
        "38 s",
        "10,000 and 200,000",
        sample().commit,
    ):
        assert each in shown
    assert f"D{sample().headline[1:]}" in shown
    assert "10 migrations: 5 safe to apply, 3 with findings, 2 not (fully) measured." in shown


def test_says_that_nothing_is_new() -> None:
    shown = Page(html.render(replace(sample(), migrations=(), rows_from=""))).within("text")
    assert "No migration is new or pending." in shown
    assert "unknown: every table is assumed to be large" in shown


def test_a_file_without_header_or_statement_is_shown() -> None:
    bare = MigrationReview(
        id="0001.bare",
        **file_of("0001.bare.sql", ""),
        purpose="",
        claims={},
        rollback=FileReview(**file_of("0001.bare.rollback.sql", "")),
        not_measured=("empty",),
    )
    found = Page(html.render(replace(sample(), migrations=(bare,))))
    assert found.errors == []
    assert "The header says: nothing." in found.within("text")


def test_asks_nobody_for_anything(page: Page) -> None:
    assert {each[0] for each in page.values("href")} == {"#"}
    assert not {name for _, attrs in page.elements for name in attrs} & {
        *("src", "srcset", "style", "action", "data", "poster", "ping", "background"),
    }
    assert not [name for _, attrs in page.elements for name in attrs if name.startswith("on")]
    assert not page.every("link") + page.every("base")
    assert re.findall(r"url\((?!#)|@import|@font-face", page.within("style")) == []
    assert re.findall(r"fetch|XMLHttp|import\b|WebSocket|https?:", page.within("script")) == []


def test_policy_lets_in_its_own_style_and_script_only(page: Page) -> None:
    (policy,) = (each["content"] for each in page.every("meta") if "http-equiv" in each)
    allowed = dict(each.strip().split(" ", 1) for each in policy.split(";"))
    for kind in ("style", "script"):
        digest = b64encode(hashlib.sha256(page.within(kind).encode()).digest()).decode()
        assert allowed.pop(f"{kind}-src") == f"'sha256-{digest}'"
        assert len(page.every(kind)) == 1
    assert allowed == dict.fromkeys(("default-src", "base-uri", "form-action"), "'none'")


def test_hostile_text_stays_text(page: Page) -> None:
    assert page.within("text").count(HOSTILE) >= 3
    assert page.every("img") == []
    assert TURNED not in page.within("text")


def test_hidden_characters_are_shown_by_number() -> None:
    first = sample().migrations[0]
    noisy = replace(
        first, purpose="a\u200bb", text="SELECT '\u2066\x1b';\n\tSELECT 1;\n", statements=()
    )
    shown = Page(html.render(replace(sample(), migrations=(noisy,)))).within("text")
    assert "aU+200Bb" in shown
    assert "'U+2066U+001B';" in shown
    assert "\tSELECT 1;" in shown


def test_headings_come_in_order(page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert [(above, below) for above, below in pairwise(levels) if below > above + 1] == []


def test_ids_are_unique_and_links_lead_somewhere(page: Page) -> None:
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    links = {each[1:] for each in page.values("href")}
    named = {name for each in page.values("aria-labelledby") for name in each.split()}
    assert (links | named) - {*ids} == set()


def test_odd_names_and_lines_lead_somewhere() -> None:
    findings = (Finding("scan", "x", "y", 999), Finding("scan", "x", "y", 0, file="r.sql"))
    odd = replace(sample().migrations[0], id='1 "odd" <name>', findings=findings)
    found = Page(html.render(replace(sample(), migrations=(odd,))))
    test_ids_are_unique_and_links_lead_somewhere(found)
    assert {"#m1-L7", "#m1-R1", "#1--odd---name-"} <= {*found.values("href")}
    assert "scan (2)" in found.within("text")
    assert plain(found.within("text")).count("Instead: see above.") == 1


def test_pictures_have_a_title_and_tables_have_headers(page: Page) -> None:
    assert len(page.every("title")) == len(page.every("svg")) + 1  # the page's own
    assert all(each["role"] == "img" for each in page.every("svg"))
    assert all(each["scope"] in {"row", "col"} for each in page.every("th"))
    # Rows that are shown as cards keep their roles, whatever a browser makes of the style.
    cards = [each for each in page.every("table") if each.get("class") == "cards"]
    cells = [each for each in page.every("td") if "data-label" in each]
    assert {each["role"] for each in cards} == {"table"}
    assert {each["role"] for each in cells} == {"cell"}
    assert len([each for each in page.every("tr") if each.get("role") == "row"]) > len(cards)


def test_sql_is_highlighted(source: str) -> None:
    for each in (
        '<span class="k">CREATE</span>',
        '<span class="c">-- locks: none</span>',
        '<span class="m">5000</span>',
        '<span class="b">timestamptz</span>',
    ):
        assert each in source


def test_every_class_of_the_page_has_a_style(page: Page) -> None:
    used = {name for each in page.values("class") for name in each.split()}
    assert {name for name in used if not re.search(rf"\.{name}\b", STYLE)} == set()
    styled = {*re.findall(r"\.([a-z][\w-]*)", re.sub(r"/\*.*?\*/|url\(.*?\)", "", STYLE))}
    assert styled - used == set()


def test_a_bar_is_as_long_as_its_lock_is_held() -> None:
    statements = [StatementReview(n, n, "", duration_ms=Range.around(1_000)) for n in (1, 2, 3)]
    held = (("a", 1, "COMMIT", 3_000), ("b", 1, "line 2", 2_000), ("c", 2, "a moment later", 0))
    file = FileReview(
        **file_of("a.sql", "a;\nb;\nc;\n"),
        statements=tuple(statements),
        locks=tuple(
            Lock(name, "table", name, "SHARE", "", line, until, Range.around(ms), 5, True, "")
            for name, line, until, ms in held
        ),
    )
    chart = gantt.chart(file)
    assert chart
    whole, two, moment = chart.bars
    second, third = (each.x for each in chart.ticks[1:])
    assert (whole.x, whole.x + whole.width) == (0, 100)
    assert two.x + two.width == pytest.approx(third)
    assert moment.x == second
    assert moment.width < (third - second) / 2


def test_nothing_moves() -> None:
    assert re.findall(r"transition|animation|smooth", STYLE) == []


def test_32_migrations_are_a_small_page(long_source: str) -> None:
    assert len(long_source.encode()) < SIZE_LIMIT


def luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_can_be_told_apart(theme: str) -> None:
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#\w{6});", block)) for block in STYLE.split("@media", 2)[:2]
    )
    assert light.keys() == dark.keys()
    colours = light if theme == "light" else dark
    tones = ("good", "warn", "bad")
    code = ("keyword", "string", "comment", "number", "type", "ink", "muted", "link")
    pairs = [
        *((text, paper) for text in (*code, *tones) for paper in ("paper", "surface")),
        *((text, "warn-paper") for text in code),
        *((text, f"{tone}-paper") for tone in tones for text in (tone, "ink")),
    ]
    found = {pair: contrast(*(colours[each] for each in pair)) for pair in pairs}
    assert {pair: ratio for pair, ratio in found.items() if ratio < 4.5} == {}
