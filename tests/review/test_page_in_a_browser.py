"""The review's page in a real browser: readable at every width, by key, by ear and on paper.

The browser is driven in its own protocol over a pipe, so that a test can set the width of a
telephone, dark colours or paper, switch scripts off, press real keys and ask what a screen reader
would be told.
"""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from migrator.review import html
from tests.support.pages import Page
from tests.support.reports import sample

pytestmark = pytest.mark.slow

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


def test_skip_link_leads_to_the_contents(browser: Browser, file: Path) -> None:
    browser.look()
    browser.open(file)
    browser.press("Tab")
    browser.press("Enter")
    assert browser.run("[location.hash, document.activeElement.id]") == ["#contents", "contents"]
    browser.press("Tab")
    most_harmful = min(sample().migrations, key=lambda each: each.rank)
    assert browser.run("document.activeElement.hash") == f"#{most_harmful.id}"


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


def test_a_button_opens_and_closes_all_details(browser: Browser, file: Path) -> None:
    browser.look()
    browser.open(file)
    number = browser.run("document.querySelectorAll('details').length")
    for wanted in (number, 0):
        browser.run("document.querySelector('#tools button').click()")
        assert browser.run("document.querySelectorAll('details[open]').length") == wanted


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
    assert ("navigation", "Migrations, the most harmful first") in nodes
    assert roles.count("article") == len(sample().migrations)
    locked = [each for each in sample().migrations if each.locks]
    assert roles.count("table") >= 1 + len(locked)
    assert roles.count("rowheader") >= sum(len(each.locks) for each in locked)
    assert ("columnheader", "Worst lock") in nodes
    assert ("columnheader", "Rows in production") in nodes
    pictures = [name for role, name in nodes if role == "image"]
    assert len([name for name in pictures if name.startswith("Time line of the locks of")]) == 9
    nameless = {"link", "button", "image", "heading", "table", "article", "navigation", "region"}
    assert [role for role, name in nodes if role in nameless and not name] == []


def test_a_long_review_opens_fast(browser: Browser, long_source: str, tmp_path: Path) -> None:
    place = tmp_path / "long.html"
    place.write_text(long_source, "utf-8")
    browser.look()
    browser.call("Performance.enable", timeDomain="threadTicks")  # work, however busy the machine
    before = browser.seconds_worked()
    browser.open(place)
    assert browser.seconds_worked() - before < 4
