"""Parts of SQL, written and found: names, strings, numbers, and numbers that look like chance."""

from __future__ import annotations

import re
from collections.abc import Iterable

_STRING = re.compile(r"'((?:[^']|'')*)'")
_NUMBER = re.compile(r"(?<![\w.$])-?\d+(?:\.\d+)?(?![\w.])")
_WORD = re.compile(r'"(?:[^"]|"")+"|\w+')


def quoted(name: str) -> str:
    """Return a name as SQL, always in quotes."""
    return '"{}"'.format(name.replace('"', '""'))


def literal(value: str) -> str:
    """Return a string as SQL."""
    doubled = value.replace("'", "''")
    return "E'{}'".format(doubled.replace("\\", "\\\\")) if "\\" in value else f"'{doubled}'"


def listed(values: Iterable[str | None]) -> str:
    """Return strings as an array of text in SQL."""
    texts = ("NULL" if value is None else literal(value) for value in values)
    return f"ARRAY[{', '.join(texts)}]::text[]"


def chance(number: str, seed: int) -> str:
    """Return SQL for a number from 0 that looks like chance, and is the same every time."""
    return f"(hashint8extended({number}, {seed}) & 1073741823)"


def mentioned(text: str, names: Iterable[str]) -> frozenset[str]:
    """Return which names SQL mentions; what is in its strings does not count."""
    words = set(_WORD.findall(_STRING.sub("''", text)))
    return frozenset(name for name in names if name in words or quoted(name) in words)


def strings(text: str) -> list[str]:
    """Return the string literals in SQL, and the elements of those that are arrays."""
    found = []
    for match in _STRING.finditer(text):
        value = match[1].replace("''", "'")
        found.append(value)
        if value.startswith("{") and value.endswith("}"):
            found += [part.strip().strip('"') for part in value[1:-1].split(",")]
    return list(dict.fromkeys(found))


def numbers(text: str) -> list[str]:
    """Return the numbers in SQL, in quotes or not."""
    return list(dict.fromkeys(_NUMBER.findall(text)))
