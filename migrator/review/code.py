"""What a block or a call runs: its own text and that of each routine it calls, directly or not.

The made-up rows decide which branches of such code are taken. A text for EXECUTE may be put
together while the code runs, so nothing tells what it would do in a branch that was not taken. Each
EXECUTE is marked before the code runs: the mark sends a message when it is passed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import psycopg

from migrator.catalogue.objects import Address, Object
from migrator.core import sqltext

RUNS_CODE = {"DO", "SELECT", "CALL", "WITH"}
REACHED = "migrator: reached "  # a message that begins so is a mark
_ROUTINES = {"function", "procedure"}
_BODY = re.compile(r"(\$\w*\$)(.*)\1", re.DOTALL)
_NESTED = re.compile(rb"(\$\w*\$).*?\1", re.DOTALL)
_EXECUTE = re.compile(rb"(?:;|>>|\b(?:THEN|ELSE|LOOP|BEGIN))\s*(EXECUTE\b[^;]*)", re.IGNORECASE)
# What a text to execute may begin with and write no row, and lock no table against writes.
_HARMLESS = re.compile(
    r"EXECUTE\s+\(?\s*(?:format\s*\(\s*)?E?(?:'|\$\w*\$)\s*(?:ANALYZE|COMMENT|GRANT|NOTIFY|SELECT|SET|"
    r"CREATE\s+(?:EXTENSION|FUNCTION|OR|ROLE|SCHEMA|SEQUENCE|TABLE|TYPE|USER|VIEW))\b",
    re.IGNORECASE,
)
# A text that is not put together says itself what it writes.
_PLAIN = re.compile(r"EXECUTE\s+E?'(?:[^']|'')*'\s*(?:(?:INTO|USING)\b.*)?", re.DOTALL | re.I)
_WORDS = re.compile(r"--[^\n]*|/\*.*?\*/|\bRAISE\b[^;]*;", re.DOTALL)
_LOCK_TIMEOUT = re.compile(r"^ SET lock_timeout TO '(\d+\s?[a-z]*)'$", re.MULTILINE)


class Code:
    """The code that a statement runs.

    Args:
        text: The statement.
        objects: What the database holds before it.

    """

    def __init__(self, text: str, objects: Mapping[Address, Object]) -> None:
        self.text = text
        self.routines: dict[Address, str] = {}  # the definitions of those that it calls
        left = {address: each for address, each in objects.items() if each.kind in _ROUTINES}
        texts = [text]
        for each in map(without_words, texts):  # which become more
            for address, routine in [*left.items()]:
                name = routine.name.partition("(")[0].rpartition(".")[2]
                if re.search(rf"(?<!\w){re.escape(name)}\s*\(", each):
                    del left[address]
                    self.routines[address] = routine.properties["definition"]
                    texts.append(self.routines[address])

    @property
    def texts(self) -> list[str]:
        """All of it."""
        return [self.text, *self.routines.values()]

    @property
    def lock_timeouts(self) -> list[str]:
        """The lock_timeout that each of its routines sets for itself, as SHOW writes it."""
        return [each for text in self.routines.values() for each in _LOCK_TIMEOUT.findall(text)]

    @contextmanager
    def marked(self, connection: psycopg.Connection[Any]) -> Iterator[str]:
        """Mark its routines as long as it runs, and return its own text with marks."""
        own = {text: _marked(text, place) for place, text in enumerate(self.texts)}
        changed = []
        for each in self.routines.values():
            if own[each] != each:  # one that is another role's stays, and counts as not reached
                with suppress(psycopg.Error), connection.transaction():
                    connection.execute(own[each].encode())
                    changed.append(each)
        try:
            yield own[self.text]
        finally:
            for each in changed:
                with suppress(psycopg.errors.InFailedSqlTransaction):
                    connection.execute(each.encode())

    def not_reached(self, said: Collection[str]) -> list[str]:
        """Return what EXECUTE would have run, and did not, where its text does not tell.

        Args:
            said: The messages that the session got.

        """
        return [
            found
            for place, text in enumerate(self.texts)
            for number, (_, found) in enumerate(_executes(text))
            if f"{REACHED}{place}.{number}" not in said
            and not (_HARMLESS.match(found) or _PLAIN.fullmatch(found.strip()))
        ]


def without_words(code: str) -> str:
    """Return code without its comments and what it says by RAISE, which name things in vain."""
    return _WORDS.sub(" ", code)


def _executes(text: str) -> list[tuple[int, str]]:
    """Return where each EXECUTE is in a text, and the whole statement."""
    body = _BODY.search(text)
    if body is None or "EXECUTE" not in text.upper():
        return []
    plain = body[2].encode()
    blank = _NESTED.sub(lambda each: b" " * len(each[0]), sqltext.blanked(plain))
    start = len(text[: body.start(2)].encode())
    return [
        (start + each.start(1), plain[each.start(1) : each.end(1)].decode())
        for each in _EXECUTE.finditer(blank)
    ]


def _marked(text: str, place: int) -> str:
    source = text.encode()
    for number, (at, _) in reversed([*enumerate(_executes(text))]):
        mark = f"RAISE DEBUG '{REACHED}{place}.{number}'; "
        source = source[:at] + mark.encode() + source[at:]
    return source.decode()
