"""A page of HTML, taken apart for the tests."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "wbr"}


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
