"""Strings that a regular expression accepts: which characters may stand at each of their places."""

from __future__ import annotations

import re
import string
from functools import cache
from itertools import islice, product
from math import prod
from typing import Any

from migrator.rows.expressions import literal

Shape = tuple[str, ...]

_PRINTABLE = string.ascii_letters + string.digits + "_-./:@ !#$%&'()*+,;<=>?[\\]^`{|}~\""
_CLASSES = {
    "alpha": "a-zA-Z", "digit": "0-9", "alnum": "a-zA-Z0-9", "lower": "a-z", "upper": "A-Z",
    "xdigit": "0-9a-fA-F", "word": r"\w", "space": r"\s", "punct": "!-/:-@", "blank": " ",
    "print": " -~", "graph": "!-~",
}  # fmt: skip
_CATEGORIES = {
    "DIGIT": string.digits, "NOT_DIGIT": string.ascii_letters,
    "WORD": string.ascii_letters + string.digits + "_", "NOT_WORD": "-. ",
    "SPACE": " ", "NOT_SPACE": string.ascii_letters + string.digits,
}  # fmt: skip
_MOST = 12  # shapes of one expression
_LONGEST = 300
_ENOUGH = 10**9
_OFTEN = 8


@cache
def shapes(regex: str) -> tuple[Shape, ...]:
    """Return shapes that a regular expression accepts, if it is one that can be read at all."""
    text = re.sub(r"\[:(\w+):\]", lambda match: _CLASSES.get(match[1], ""), regex)
    text = re.sub(r"^\*\*\*[:=]|\\[yYmM]", "", text)
    if not re.search(r"[\[\](){}*+?^$\\|]", text):
        return ()
    try:
        # Python's parser reads most of what PostgreSQL's does; what it cannot is given up.
        parsed = re._parser.parse(text)  # type: ignore[attr-defined]
        found = [shape for often in (1, _OFTEN) for shape in _sequence(parsed, often)]
    except (re.error, ValueError, OverflowError, RecursionError, LookupError):
        return ()
    return tuple(
        dict.fromkeys(shape for shape in found if all(shape) and 0 < len(shape) <= _LONGEST)
    )


def examples(regex: str) -> list[str]:
    """Return some strings that a regular expression accepts."""
    return [
        "".join(places[(step * (7 + place)) % len(places)] for place, places in enumerate(shape))
        for shape in shapes(regex)
        for step in (0, 1)
    ]


def shape_of_length(length: int) -> Shape:
    """Return a shape of capitals and digits."""
    return (string.ascii_uppercase + string.digits,) * length


def size(shape: Shape) -> int:
    """Return how many strings have a shape, if not very many."""
    return min(prod(map(len, shape)), _ENOUGH)


def pattern(shape: Shape) -> str:
    """Return SQL of `n.i` that gives a string of a shape for each number below its size."""
    parts: list[str] = []
    step = 1
    fixed = ""
    for places in reversed(shape):
        if len(places) == 1 or step >= _ENOUGH:
            fixed = places[0] + fixed
            continue
        parts += [literal(fixed)] if fixed else []
        fixed = ""
        turn = f"n.i / {step}" if step > 1 else "n.i"
        parts.append(f"substr({literal(places)}, 1 + ({turn} % {len(places)})::integer, 1)")
        step *= len(places)
    parts += [literal(fixed)] if fixed else []
    return " || ".join(reversed(parts))


def _sequence(items: Any, often: int) -> list[Shape]:
    """Return the shapes of parsed parts that follow each other."""
    parts = [_part(str(name), argument, often) for name, argument in items]
    return [sum(each, ()) for each in islice(product(*parts), _MOST)]


def _part(name: str, argument: Any, often: int) -> list[Shape]:
    found: list[Shape] = [()]
    match name:
        case "LITERAL":
            found = [(chr(argument),)]
        case "NOT_LITERAL":
            found = [(_PRINTABLE.replace(chr(argument), ""),)]
        case "ANY":
            found = [(string.ascii_letters,)]
        case "IN":
            found = [(_set(argument),)]
        case "BRANCH":
            found = [shape for branch in argument[1] for shape in _sequence(branch, often)]
        case "SUBPATTERN":
            found = _sequence(argument[3], often)
        case "MAX_REPEAT" | "MIN_REPEAT":
            found = _repeated(argument, often)
        case "AT" | "ASSERT" | "ASSERT_NOT":
            pass
        case _:
            raise LookupError(name)
    return found


def _repeated(argument: Any, often: int) -> list[Shape]:
    least, most, items = argument
    inner = _sequence(items, often)
    wanted = often if all(len(shape) == 1 for shape in inner) else min(often, 2) - 1
    times = min(max(least, wanted), int(most), _LONGEST)
    if least == 0 and often == 1:
        times = 0
    return [shape * times for shape in inner] if times else [()]


def _set(items: Any) -> str:
    found = ""
    is_negated = False
    for name, argument in items:
        match str(name):
            case "NEGATE":
                is_negated = True
            case "LITERAL":
                found += chr(argument)
            case "RANGE":
                low, high = argument
                found += "".join(chr(code) for code in range(low, min(high, low + 255) + 1))
            case "CATEGORY":
                found += _CATEGORIES[str(argument).removeprefix("CATEGORY_")]
    if is_negated:
        return "".join(each for each in _PRINTABLE if each not in found)
    return "".join(dict.fromkeys(found))
