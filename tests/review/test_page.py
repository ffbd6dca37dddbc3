"""The review's page: whole, safe and readable, as text and in a real browser.

The browser is driven in its own protocol over a pipe, so that a test can set the width of a
telephone, dark colours or paper, switch scripts off, press real keys and ask what a screen reader
would be told.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import select
import shutil
import subprocess
import sys
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest

from migrator.core import sqltext
from migrator.review import html
from migrator.review.report import Finding, MigrationReview, Report, duration, in_words, size
from tests.support.reports import HOSTILE, TURNED, sample
from tests.support.servers import MIGRATIONS

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
PROGRAM = next((found for each in PROGRAMS if (found := shutil.which(each))), None)
# The browser reads commands from file descriptor 3 and answers on 4.
LAUNCH = """\
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.dup2(int(sys.argv[2]), 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)


class Browser:
    """A headless browser with one tab.

    Args:
        program: Its program.
        profile: An empty directory.

    """

    def __init__(self, program: str, profile: Path) -> None:
        commands, self._commands = os.pipe()
        self._answers, answers = os.pipe()
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-c", LAUNCH, str(commands), str(answers)),
                *(program, *FLAGS, f"--user-data-dir={profile}"),
            ],
            pass_fds=(commands, answers),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(commands)
        os.close(answers)
        self._ids = count(1)
        self._buffer = b""
        self._session: dict[str, str] = {}
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = {"sessionId": attached["sessionId"]}
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.call(f"{domain}.enable")

    def close(self) -> None:
        self._session = {}
        try:
            self.call("Browser.close")
            self._process.wait(10)
        finally:
            self._process.kill()
            os.close(self._commands)
            os.close(self._answers)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._ids)
        command = {"id": number, "method": method, "params": params, **self._session}
        os.write(self._commands, json.dumps(command).encode() + b"\0")
        while (message := self._read()).get("id") != number:
            self.events.append(message)
        assert "error" not in message, message
        result: dict[str, Any] = message["result"]
        return result

    def wait_for(self, method: str) -> None:
        while not any(each.get("method") == method for each in self.events):
            self.events.append(self._read())

    def open(self, page: Path) -> None:
        self.events.clear()
        self.call("Page.navigate", url=page.as_uri())
        self.wait_for("Page.loadEventFired")

    def run(self, script: str) -> Any:
        """Return the JSON value of an expression in the page."""
        answer = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def look(self, width: int = 1200, media: str = "", **features: str) -> None:
        """Set the screen: its width, print or screen, and what the reader prefers."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=False,
        )
        self.call(
            "Emulation.setEmulatedMedia",
            media=media,
            features=[
                {"name": name.replace("_", "-"), "value": value} for name, value in features.items()
            ],
        )

    def seconds_worked(self) -> float:
        found = self.call("Performance.getMetrics")["metrics"]
        return float(next(each["value"] for each in found if each["name"] == "TaskDuration"))

    def press(self, key: str) -> None:
        code = {"Tab": 9, "Enter": 13}.get(key, ord(key[0].upper()))
        text = {"Tab": "", "Enter": "\r"}.get(key, key)
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                windowsVirtualKeyCode=code,
                text=text if kind == "keyDown" else "",
            )

    def _read(self) -> dict[str, Any]:
        ends = time.monotonic() + 20
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._answers], [], [], max(0, ends - time.monotonic()))
            assert ready, "the browser does not answer"
            self._buffer += os.read(self._answers, 1 << 20)
        message, _, self._buffer = self._buffer.partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        return answer


VOID = {"meta", "wbr"}
SIZE_LIMIT = 1_500_000
STYLE = (Path(html.__file__).parent / "page.css").read_text("utf-8")


class Page(HTMLParser):
    """A page's elements and text, by a parser that repairs nothing.

    Args:
        source: The page.

    """

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.errors: list[str] = []
        self._open: list[str] = []
        self._texts: list[str] = []
        self._in: dict[str, list[str]] = {}
        self.feed(source)
        self.close()
        self.errors += [f"<{tag}> is not closed" for tag in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.errors.append(f"</{tag}> in line {self.getpos()[0]} closes something else")

    def handle_data(self, data: str) -> None:
        kind = self._open[-1] if self._open and self._open[-1] in {"style", "script"} else "text"
        self._in.setdefault(kind, []).append(data)

    def within(self, kind: str) -> str:
        """Return all text, or that of the style or the script."""
        return "".join(self._in.get(kind, []))

    def every(self, tag: str) -> list[dict[str, str]]:
        return [attrs for each, attrs in self.elements if each == tag]

    def values(self, name: str) -> list[str]:
        return [attrs[name] for _, attrs in self.elements if name in attrs]


def plain(text: str) -> str:
    """Return a text as the page shows it: one blank for many, no backticks."""
    return " ".join(text.replace("`", "").replace(TURNED, "U+202E").split())


def everything_said(migration: MigrationReview) -> Iterator[str]:
    """Yield each text of a migration's review."""
    yield from (migration.id, migration.purpose, migration.path, *migration.claims.values())
    yield from (*migration.not_measured, *migration.notes)
    yield from (*migration.text.splitlines(), *migration.rollback_text.splitlines())
    for lock in migration.locks:
        yield from (lock.relation, lock.kind, lock.mode, lock.words, lock.until, lock.promised)
        yield "unknown: assumed to be large" if lock.rows is None else f"{lock.rows:,}"
    for each in migration.statements:
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
    for finding in migration.findings:
        yield from (finding.rule, finding.message, finding.instead, finding.file)
        if finding.allowed:
            yield from (finding.allowed.reason, finding.allowed.until.isoformat())
    for opinion in migration.opinions:
        yield from (opinion.rule, opinion.message, opinion.verdict, opinion.because)
    proof = migration.proof
    yield from (proof.verdict, proof.error, *proof.lost, *proof.destroyed, *proof.differences)
    yield from proof.invalid_indexes


@pytest.fixture(scope="module")
def source() -> str:
    return html.render(sample())


@pytest.fixture(scope="module")
def page(source: str) -> Page:
    return Page(source)


def whole_chain() -> Report:
    """Return a review of 32 files of the project, whose statements do much, but for comments."""
    like = sample().migrations[2]
    busy, quiet = like.statements[0], sample().migrations[0].statements[1]
    migrations = []
    files = sorted(set(MIGRATIONS.glob("*.sql")) - set(MIGRATIONS.glob("*.rollback.sql")))
    for path in files[:32]:
        text = path.read_bytes()
        statements = []
        for each in sqltext.statements(text):
            first, last = (sqltext.line_and_column(text, at)[0] for at in (each.start, each.end))
            does = quiet if each.words[0] == "COMMENT" else busy
            statements.append(replace(does, line=first, end_line=last))
        migrations.append(
            replace(
                like,
                id=path.stem,
                text=text.decode(),
                rollback_text=path.with_suffix(".rollback.sql").read_text("utf-8"),
                statements=tuple(statements),
            )
        )
    return replace(sample(), migrations=tuple(migrations))


@pytest.fixture(scope="module")
def long_source() -> str:
    return html.render(whole_chain())


# As text


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
        "0001.bare", "0001.bare.sql", "", True, "", "", {}, not_measured=("empty",)
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


# In a browser


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if PROGRAM is None:
        pytest.skip(f"no browser here: none of {', '.join(PROGRAMS)} is in PATH")
    started = Browser(PROGRAM, tmp_path_factory.mktemp("profile"))
    yield started
    started.close()


@pytest.fixture(scope="module")
def file(source: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("page") / "review.html"
    place.write_text(source, "utf-8")
    return place


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("short") / "review.html"
    report = sample()
    place.write_text(html.render(replace(report, migrations=report.migrations[2:4])), "utf-8")
    return place


def open_details(browser: Browser) -> None:
    browser.run("document.querySelectorAll('details').forEach((each) => { each.open = true; })")


@pytest.mark.slow
def test_browser_repairs_nothing_and_finds_no_fault(
    browser: Browser, file: Path, page: Page
) -> None:
    browser.look()
    browser.open(file)
    assert browser.run("document.querySelectorAll('*').length") == len(page.elements)
    assert browser.run("document.compatMode") == "CSS1Compat"
    asked = [
        each["params"]["request"]["url"]
        for each in browser.events
        if each["method"] == "Network.requestWillBeSent"
    ]
    assert asked == [file.as_uri()]
    faults = {"Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled"}
    assert [each for each in browser.events if each["method"] in faults] == []


@pytest.mark.slow
def test_browser_runs_and_loads_nothing_else(browser: Browser, file: Path) -> None:
    browser.look()
    browser.open(file)
    add = "document.body.appendChild(Object.assign(document.createElement('{}'), {{{}}})).id"
    browser.run(add.format("script", "textContent: 'window.hostile = 3'"))
    assert browser.run("window.hostile === undefined")
    picture = add.format("img", "src: 'https://example.invalid/'")
    refused = browser.run(
        "new Promise((done) => { document.addEventListener('securitypolicyviolation',"
        f"(event) => done(event.effectiveDirective)); {picture} }})"
    )
    assert refused == "img-src"


# What reaches beyond the screen, or is cut off; only time lines may cut off long names.
BEYOND = """
    [...document.querySelectorAll('body *:not(.skip, thead, thead *, svg *)')].filter((each) => {
        const box = each.getBoundingClientRect();
        return box.right > innerWidth + 0.5 || box.left < 0
            || each.scrollWidth > each.clientWidth + 1 && !(each instanceof SVGElement)
            && getComputedStyle(each).overflowX !== 'visible';
    }).map((each) => each.outerHTML.slice(0, 200))
"""
# Lock modes with more lines than words.
BROKEN = """
    [...document.querySelectorAll('.swatch')].map((each) => each.innerText).filter((text, at) =>
        document.querySelectorAll('.swatch')[at].getClientRects().length > text.split(' ').length)
"""
# Texts of a time line that lie on each other.
COVERED = """
    [...document.querySelectorAll('figure svg')].flatMap((svg) => {
        const boxes = [...svg.querySelectorAll('text')]
            .map((each) => each.getBoundingClientRect()).filter((box) => box.width);
        return boxes.filter((one) => boxes.some((other) => one !== other
            && one.left < other.right && other.left < one.right
            && one.top + 2 < other.bottom && other.top + 2 < one.bottom));
    }).length
"""


@pytest.mark.slow
def test_fits_every_screen(browser: Browser, file: Path) -> None:
    browser.look()
    browser.open(file)
    open_details(browser)
    for width in (320, 640, 641, 960, 961, 1025, 2000):
        browser.look(width)
        assert browser.run("innerWidth") == width
        assert browser.run("document.documentElement.scrollWidth") <= width
        assert browser.run(BEYOND) == [], width
        assert browser.run(COVERED) == 0, width
        assert browser.run(BROKEN) == [], width
        assert (
            browser.run("document.querySelector('figure text').getBoundingClientRect().height") > 10
        )


# Each text against what is painted below it: in a picture, the halo around its letters.
FAINT = """(() => {
    const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const luminance = (colour) => channels(colour).slice(0, 3).map((each) => each / 255)
        .map((each) => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
        .reduce((sum, each, at) => sum + each * [0.2126, 0.7152, 0.0722][at], 0);
    const below = (element) => {
        for (let each = element; each; each = each.parentElement) {
            const style = getComputedStyle(each);
            if (each.closest('svg') && style.stroke !== 'none') return style.stroke;
            const parts = channels(style.backgroundColor);
            if (parts.length < 4 || parts[3] > 0) return style.backgroundColor;
        }
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const faint = [];
    let number = 0;
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        if (!walker.currentNode.data.trim() || element.closest('script, title, desc')) continue;
        number += 1;
        const style = getComputedStyle(element);
        const text = element.closest('svg') ? style.fill : style.color;
        const [one, other] = [text, below(element)].map(luminance).sort((a, b) => a - b);
        const ratio = (other + 0.05) / (one + 0.05);
        if (ratio < 4.5) faint.push([walker.currentNode.data.trim(), text, below(element), ratio]);
    }
    return [number, faint];
})()"""


@pytest.mark.slow
def test_every_text_stands_out(browser: Browser, file: Path) -> None:
    browser.look()
    browser.open(file)
    open_details(browser)
    for scheme, paper in (("light", "rgb(255, 255, 255)"), ("dark", "rgb(20, 23, 27)")):
        browser.look(prefers_color_scheme=scheme)
        assert browser.run("getComputedStyle(document.body).backgroundColor") == paper
        number, faint = browser.run(FAINT)
        assert number > 1_000
        assert faint == [], scheme


@pytest.mark.slow
def test_keyboard_reaches_everything_in_order_and_shows_where_it_is(
    browser: Browser, short: Path
) -> None:
    browser.look()
    browser.open(short)
    number = browser.run("""
        const stops = [...document.querySelectorAll('a:not([tabindex]), button, summary')]
            .filter((each) => each.checkVisibility());
        window.went = [];
        addEventListener('keydown', () => {
            const on = document.activeElement;
            const box = on.getBoundingClientRect();
            const { outlineStyle, outlineWidth } = getComputedStyle(on);
            window.went.push([stops.indexOf(on), outlineStyle !== 'none' && box.width > 0
                && parseFloat(outlineWidth) >= 2 && box.left >= 0 && box.bottom > 0
                && box.top < innerHeight]);
        });
        stops.length
    """)
    assert number > 50
    for _ in range(number + 1):
        browser.press("Tab")
    assert browser.run("window.went.slice(1)") == [[place, True] for place in range(number)]


@pytest.mark.slow
def test_skip_link_leads_to_the_contents(browser: Browser, file: Path) -> None:
    browser.look()
    browser.open(file)
    browser.press("Tab")
    browser.press("Enter")
    assert browser.run("[location.hash, document.activeElement.id]") == ["#contents", "contents"]
    browser.press("Tab")
    assert browser.run("document.activeElement.hash") == f"#{sample().migrations[0].id}"


@pytest.mark.slow
def test_each_migration_leads_to_its_neighbours(browser: Browser, file: Path) -> None:
    ids = [f"#{each.id}" for each in sample().migrations]
    browser.look()
    browser.open(file)
    links = browser.run(
        "[...document.querySelectorAll('article nav')].map((each) =>"
        "[...each.querySelectorAll('a')].map((link) => [link.textContent, link.hash]))"
    )
    assert links[0] == [["Contents", "#contents"], ["Next", ids[1]]]
    assert links[1] == [["Contents", "#contents"], ["Previous", ids[0]], ["Next", ids[2]]]
    assert links[-1] == [["Contents", "#contents"], ["Previous", ids[-2]]]


@pytest.mark.slow
def test_keys_go_from_migration_to_migration_unless_switched_off(
    browser: Browser, file: Path
) -> None:
    ids = [each.id for each in sample().migrations]
    browser.look()
    browser.open(file)
    assert "Keys j and k" in browser.run("document.getElementById('tools').innerText")
    went = []
    for key in "kjjjkk":
        browser.press(key)
        went.append(browser.run("document.activeElement.id"))
    assert went == ["", ids[0], ids[1], ids[2], ids[1], ids[0]]
    assert 0 <= browser.run("document.activeElement.getBoundingClientRect().top") < 100
    browser.run("document.querySelector('[aria-pressed]').click()")
    browser.press("j")
    assert browser.run("document.activeElement.id") == ids[0]


@pytest.mark.slow
def test_a_button_opens_and_closes_all_details(browser: Browser, file: Path) -> None:
    browser.look()
    browser.open(file)
    number = browser.run("document.querySelectorAll('details').length")
    for wanted in (number, 0):
        browser.run("document.querySelector('#tools button').click()")
        assert browser.run("document.querySelectorAll('details[open]').length") == wanted


@pytest.mark.slow
def test_details_open_by_key_and_by_link(browser: Browser, file: Path) -> None:
    browser.look()
    browser.open(file)
    browser.run("document.querySelector('summary').focus()")
    browser.press("Enter")
    assert browser.run("document.querySelector('details').open")
    assert not browser.run("document.getElementById('m1-R1').checkVisibility()")
    browser.run("location.hash = 'm1-R1'")
    assert browser.run("document.getElementById('m1-R1').checkVisibility()")
    # And in a browser that does not do so by itself.
    browser.run("document.getElementById('m1-R1').closest('details').open = false")
    browser.run("dispatchEvent(new Event('hashchange'))")
    assert browser.run("document.getElementById('m1-R1').checkVisibility()")


@pytest.mark.slow
def test_without_script_all_is_there_but_the_tools(browser: Browser, file: Path) -> None:
    browser.look()
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(file)
        assert browser.run("document.getElementById('tools').checkVisibility()") is False
        browser.run("document.querySelector('summary').focus()")
        browser.press("Enter")
        assert browser.run("document.querySelector('details').open")
        hidden = browser.run(
            "[...document.querySelectorAll('main *:not(details *, #tools, #tools *, svg *, wbr)')]"
            ".filter((each) => !each.checkVisibility()).map((each) => each.outerHTML)"
        )
        assert hidden == []
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)


@pytest.mark.slow
def test_paper_shows_everything_and_no_navigation(browser: Browser, short: Path) -> None:
    browser.look(700, "print", prefers_color_scheme="dark")
    browser.open(short)
    folded = "document.querySelectorAll('details:not([open])').length"
    was = browser.run(folded)
    assert was > 3
    empty = browser.run(
        "[...document.querySelectorAll('details > *')]"
        ".filter((each) => !each.checkVisibility()).length"
    )
    assert empty == 0
    shown = browser.run(
        "[...document.querySelectorAll('#tools, article nav')]"
        ".filter((each) => each.checkVisibility()).length"
    )
    assert shown == 0
    assert browser.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert browser.run("document.documentElement.scrollWidth") <= 700
    for event, left in (("beforeprint", 0), ("afterprint", was)):
        browser.run(f"dispatchEvent(new Event('{event}'))")
        assert browser.run(folded) == left
    paper = b64decode(browser.call("Page.printToPDF")["data"])
    assert paper.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) >= 3


@pytest.mark.slow
def test_a_screen_reader_is_told_the_structure(browser: Browser, file: Path) -> None:
    browser.look(320)  # where rows are cards
    browser.open(file)
    nodes = [
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in browser.call("Accessibility.getFullAXTree")["nodes"]
        if not node["ignored"]
    ]
    roles = [role for role, _ in nodes]
    for landmark in ("banner", "main", "contentinfo"):
        assert roles.count(landmark) == 1
    assert ("navigation", "Migrations, in order") in nodes
    assert roles.count("article") == len(sample().migrations)
    locked = [each for each in sample().migrations if each.locks]
    assert roles.count("table") >= 1 + len(locked)
    assert roles.count("rowheader") >= sum(len(each.locks) for each in locked)
    assert ("columnheader", "Strongest lock") in nodes
    assert ("columnheader", "Rows in production") in nodes
    pictures = [name for role, name in nodes if role == "image"]
    assert len([name for name in pictures if name.startswith("Time line of the locks of")]) == 8
    nameless = {"link", "button", "image", "heading", "table", "article", "navigation", "region"}
    assert [role for role, name in nodes if role in nameless and not name] == []


@pytest.mark.slow
def test_a_long_review_opens_fast(browser: Browser, long_source: str, tmp_path: Path) -> None:
    place = tmp_path / "long.html"
    place.write_text(long_source, "utf-8")
    browser.look()
    browser.call("Performance.enable", timeDomain="threadTicks")  # work, however busy the machine
    before = browser.seconds_worked()
    browser.open(place)
    assert browser.seconds_worked() - before < 4
