"""Values that a column may be tried with, as SQL.

Nothing here needs to be right. The server is asked which of them are valid, so more kinds of values
only make it likelier that one is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import chain, islice, product

from migrator.rows import shapes
from migrator.rows.demands import Column, Type
from migrator.rows.expressions import literal, numbers, strings
from migrator.rows.patterns import (
    DOCUMENTS,
    FRACTIONAL,
    TEXTUAL,
    TIMES,
    WHOLE,
    keys_of_documents,
    lengths,
    modifier,
    of_type,
)

VARIETY = 1_000_003  # numbers that are used for values that need not be distinct; a prime
MOST = 160  # values that are tried for a column

# What no pattern makes, and conditions often ask for.
_TEXTS = (
    "alpha", "Ordinary words in a row", "Other words, which are not the same", "1", "0", "a", "A",
    "pt-BR", "pt_BR", "pt", "BR", "BRA", "BRL", "{}", "[]", '["a"]', "0 9 * * *", "12:00",
    "2026-01-05T12:00:00Z", "10.0.0.0/8", "true", "(11) 98765-4321", "01310-100", "529.982.247-25",
    "text/plain", "a.txt", "America/Sao_Paulo", "UTC", "PT1H", "1.5", "-1", "alphaBeta",
    "01ARZ3NDEKTSV4RRFFQ69G5FAV", "a:b",
    "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo", "",
)  # fmt: skip
_INTEGERS = (0, 1, 2, 3, 5, 7, 10, 12, 25, 50, 100, 365, 500, 1000, 2000, 2026, 10000, -1)
_NUMBERS = (*map(str, _INTEGERS), "0.5", "1.5", "0.01", "9.99", "99.9", "0.25")
_DAYS = (-400, -90, -30, -7, -2, -1, 0, 1, 2, 7, 30, 90, 400)
_JSON = (
    "{}", "[]", '{"a": 1}', '["a"]', '[{"a": 1}]', '{"a": "b"}', '{"a": {"b": [1]}}', "1", '"a"',
    "true", "null", '["a", "b"]', "[1, 2]",
)  # fmt: skip
_STOCK: dict[str, tuple[str, ...]] = {
    "bool": ("true", "false"),
    **dict.fromkeys(WHOLE, (*map(str, _INTEGERS),)),
    **dict.fromkeys(FRACTIONAL, _NUMBERS),
    **dict.fromkeys(DOCUMENTS, _JSON),
}
_FEW = 12  # values of an array's elements
# What a document may have under a key.
_LEAVES: tuple[object, ...] = ("a", 1, [1], {"a": 1}, True, ["a"], [], {}, [{"a": 1}], 0.5)
_MOST_LEAVES = {1: 10, 2: 10, 3: 5, 4: 4}


def candidates(column: Column, texts: Iterable[str], hints: Iterable[str]) -> list[str]:
    """Return values to try a column with, as SQL, the likeliest first.

    Args:
        column: The column.
        texts: What mentions it: conditions and expressions.
        hints: Bodies of the functions in them.

    """
    near, far = " ".join(texts), " ".join(hints)
    types = [column.type, *([column.later] if column.later else [])]
    # A column that is filled by the server's clock has no time that is still to come.
    is_by_clock = re.search(r"now\(\)|CURRENT_|clock_timestamp\(", column.default or "")
    days = [each for each in _DAYS if each <= 0 or not is_by_clock]
    found = [literal(each) for kind in types for each in _told(kind, near)]
    found += [each for kind in types for each in _stock(kind, days)]
    found += [literal(each) for kind in types for each in _told(kind, far)]
    if any(kind.base in TEXTUAL for kind in types):
        found += _of_length(lengths(f"{near} {far}"))
    return list(islice(dict.fromkeys(found), MOST))


def _told(kind: Type, text: str) -> list[str]:
    """Return values that a text gives reason to try."""
    told = strings(text)
    if kind.base in TEXTUAL:
        return [*told, *(each for one in told for each in shapes.examples(one)), *numbers(text)]
    if kind.base in WHOLE | FRACTIONAL:
        return [each for one in numbers(text) for each in _around(one, kind.base in WHOLE)]
    if kind.base in DOCUMENTS:
        return [*told, *_documents(told, keys_of_documents(text)[: len(_MOST_LEAVES)])]
    if kind.kind == "a":
        return [*told, *([_array(told[:2])] if told else []), *(_array([each]) for each in told)]
    return [*told, *(moved for one in told for moved in _days_around(one))]


def _stock(kind: Type, days: Iterable[int]) -> list[str]:
    """Return values of a type that are tried for any column."""
    if kind.kind == "e":
        return [literal(each) for each in kind.labels]
    if kind.kind == "a":
        return ["'{}'", *chain.from_iterable(_arrays(part, days) for part in kind.parts)]
    if kind.base in TIMES | {"date"}:
        hour = "date_trunc('hour', now(), 'UTC')"
        return [f"({hour} + interval '{each} days')::{kind.base}" for each in days]
    if kind.base in TEXTUAL:
        return [*map(literal, _TEXTS), *_first(kind, 1), *_of_length(modifier(kind))]
    of_base = _STOCK.get(kind.base)
    made = _first(kind, 3) if of_base is None else []
    return made or [*map(literal, (*_TEXTS, *_NUMBERS) if of_base is None else of_base)]


def _first(kind: Type, most: int) -> list[str]:
    """Return the first values of each pattern of a type."""
    numbered = product([f"{each}::bigint" for each in range(1, most + 1)], of_type(kind))
    return [each.text.replace("n.i", number) for number, each in numbered]


def _arrays(part: Type, days: Iterable[int]) -> list[str]:
    if part.kind == "e":  # which may not be there yet
        return [literal(_array([each])) for each in part.labels]
    return [f"ARRAY[CAST({each} AS {part.plain})]" for each in _stock(part, days)[:_FEW]]


def _of_length(wanted: Iterable[int]) -> Iterator[str]:
    """Yield texts that are as long as a condition may demand."""
    for length, unit in product(wanted, ("x", "X", "1")):
        yield f"repeat('{unit}', {length})"
        yield f"repeat('{unit}', {length + 1})"


def _around(number: str, is_whole: bool) -> list[str]:
    value = float(number)
    if is_whole:
        return [str(round(value) + step) for step in (0, 1, -1)]
    return [number, *(f"{value + step:.6g}" for step in (1, -1, 0.5, -0.5, 0.01, -0.01))]


def _days_around(text: str) -> Iterator[str]:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return
    for step in (timedelta(days=1), timedelta(days=-1), timedelta(seconds=1)):
        yield str(moment + step) if ":" in text else f"{moment + step:%Y-%m-%d}"


def _documents(told: list[str], keys: list[str]) -> Iterator[str]:
    """Yield JSON with the keys that a condition speaks of."""
    if not keys:
        return
    for leaves in product(_LEAVES[: _MOST_LEAVES[len(keys)]], repeat=len(keys)):
        yield json.dumps(dict(zip(keys, leaves, strict=True)))
    for leaf in _LEAVES:
        nested = leaf
        for key in reversed(keys):
            nested = {key: nested}
        yield json.dumps(nested)
        yield json.dumps([dict.fromkeys(keys, leaf)])
    for value in told:
        yield json.dumps(dict.fromkeys(keys, value))
        yield json.dumps([value])


def _array(values: list[str]) -> str:
    quoted = (each.replace("\\", "\\\\").replace('"', '\\"') for each in values)
    return "{{{}}}".format(",".join(f'"{each}"' for each in quoted))
