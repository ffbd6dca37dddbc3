"""Values that a column may be tried with.

Nothing here needs to be right. The server is asked which of them are valid, so more kinds of values
only make it likelier that one is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain, islice, product

from migrator.rows import shapes
from migrator.rows.demands import Column, Type

VARIETY = 1_000_003  # numbers that are used for values that need not be distinct; a prime
MOST = 160  # values that are tried for a column
LONGEST = 5000  # characters

TEXTUAL = frozenset({"text", "varchar", "bpchar", "citext", "name"})
WHOLE = frozenset({"int2", "int4", "int8"})
FRACTIONAL = frozenset({"numeric", "float4", "float8", "money"})
TIMES = frozenset({"timestamptz", "timestamp"})
DOCUMENTS = frozenset({"json", "jsonb"})

_STRING = re.compile(r"'((?:[^']|'')*)'")
_NUMBER = re.compile(r"(?<![\w.$])-?\d+(?:\.\d+)?(?![\w.])")
_MODIFIER = re.compile(r"\((\d+)\)")
_NAME = re.compile(r"[A-Za-z_]\w*")
_JSON_KINDS = frozenset({"object", "array", "string", "number", "boolean", "null"})
_FEW = 12  # values of a part of a type

_SHA256 = "0123456789abcdef" * 4
_UUIDS = ("0192d5e8-7b1a-7c3d-8e4f-5a6b7c8d9e0f", "3f2b8c1e-9d4a-4b6f-8c2d-1e5a7b9c0d3f")
_TEXTS = (
    "alpha", "Ordinary words in a row", "Other words, which are not the same", "value_1",
    "ana@example.com", "https://example.com/a", "1.0.0", _SHA256, _SHA256[:32], _SHA256[:40],
    *_UUIDS, "1", "0", "12345678901", "a", "A", "pt-BR", "pt_BR", "pt", "BR", "BRA", "BRL", "{}",
    "[]", '{"a": 1}', '["a"]', "0 9 * * *", "2026-01-05", "2026-01-05T12:00:00Z", "12:00",
    "10.0.0.1", "10.0.0.0/8", "::1", "true", "+5511987654321", "(11) 98765-4321", "01310-100",
    "529.982.247-25", "#1a2b3c", "/a/b", "a/b", "text/plain", "a.txt", "example.com",
    "America/Sao_Paulo", "UTC", "PT1H", "1.5", "-1", "alpha-1", "ALPHA_1", "Alpha", "alphaBeta",
    "01ARZ3NDEKTSV4RRFFQ69G5FAV", "YWxwaGE=", "a:b", "08:00:2b:01:02:03",
    "$2b$12$abcdefghijklmnopqrstu.ABCDEFGHIJKLMNOPQRSTUVWXYZ01234",
    "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo", "",
)  # fmt: skip
_INTEGERS = (0, 1, 2, 3, 5, 7, 10, 12, 25, 50, 100, 365, 500, 1000, 2000, 2026, 10000, -1)
_NUMBERS = (*map(str, _INTEGERS), "0.5", "1.5", "0.01", "9.99", "99.9", "0.25")
_DAYS = (-400, -90, -30, -7, -2, -1, 0, 1, 2, 7, 30, 90, 400)
_JSON = (
    "{}", "[]", '{"a": 1}', '["a"]', '[{"a": 1}]', '{"a": "b"}', '{"a": {"b": [1]}}', "1", '"a"',
    "true", "null", '["a", "b"]', "[1, 2]",
)  # fmt: skip
# What a document may have under a key.
_LEAVES: tuple[object, ...] = ("a", 1, [1], {"a": 1}, True, ["a"], [], {}, [{"a": 1}], 0.5)
_MOST_LEAVES = {1: 10, 2: 10, 3: 5, 4: 4}

_STOCK: dict[str, tuple[str, ...]] = {
    "bool": ("true", "false"),
    "bytea": (r"\x", r"\x61", r"\x0123456789abcdef", rf"\x{_SHA256}"),
    "uuid": _UUIDS,
    "interval": ("1 day", "1 hour", "1 minute", "30 days", "0", "1 second", "1 year", "-1 day"),
    "json": _JSON,
    "jsonb": _JSON,
    "inet": ("10.0.0.1", "192.168.1.0/24", "2001:db8::1"),
    "cidr": ("10.0.0.0/8", "192.168.1.0/24", "10.0.0.1/32", "2001:db8::/32"),
    "macaddr": ("08:00:2b:01:02:03",),
    "macaddr8": ("08:00:2b:01:02:03:04:05",),
    "money": ("0", "1", "10.50", "1000"),
    "xml": ("<a/>", "<a>b</a>", "a"),
    "tsvector": ("alpha beta", ""),
    "tsquery": ("alpha & beta", "alpha"),
    "point": ("(0,0)", "(1,2)"),
    "line": ("{1,2,3}",),
    "lseg": ("[(0,0),(1,1)]",),
    "box": ("(1,1),(0,0)",),
    "path": ("[(0,0),(1,1)]", "((0,0),(1,1),(1,0))"),
    "polygon": ("((0,0),(1,1),(1,0))",),
    "circle": ("<(0,0),1>",),
    "hstore": ("a=>1", ""),
    "ltree": ("a.b", "a"),
    "pg_lsn": ("0/0", "16/B374D848"),
    "jsonpath": ("$.a",),
    "oid": ("1", "0"),
    "xid8": ("1",),
    "regclass": ("pg_class", "pg_type"),
    "regtype": ("integer",),
    "regproc": ("now",),
    "char": ("a", "b", "1"),
    "txid_snapshot": ("1:1:",),
    "pg_snapshot": ("1:1:",),
    "xid": ("1",),
    "cid": ("1",),
    "tid": ("(0,1)",),
}


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


def lengths(text: str) -> list[int]:
    """Return the numbers in SQL that may be a length."""
    return [int(each) for each in numbers(text) if each.isdigit() and 0 < int(each) <= LONGEST]


def modifier(kind: Type) -> list[int]:
    """Return the length in a type's name, if it has one."""
    match = _MODIFIER.search(kind.plain)
    return [int(match[1])] if match else []


def names_of_keys(text: str) -> list[str]:
    """Return the strings in SQL that may be keys of a document."""
    return [each for each in strings(text) if _NAME.fullmatch(each) and each not in _JSON_KINDS]


def candidates(column: Column, texts: Iterable[str], hints: Iterable[str]) -> list[str]:
    """Return values as text to try a column with, the likeliest first.

    Args:
        column: The column.
        texts: What mentions it: conditions and expressions.
        hints: Bodies of the functions in them.

    """
    near, far = " ".join(texts), " ".join(hints)
    types = [column.type, *([column.later] if column.later else [])]
    found = [each for kind in types for each in _told(kind, near)]
    found += [each for kind in types for each in _stock(kind) if _is_past(column, each)]
    found += [each for kind in types for each in _told(kind, far)]
    if any(kind.base in TEXTUAL for kind in types):
        found += _of_length(lengths(f"{near} {far}"))
    return list(islice(dict.fromkeys(found), MOST))


def _is_past(column: Column, value: str) -> bool:
    """Tell whether a time may be one that the server's clock has shown, if it must be one."""
    is_by_clock = re.search(r"now\(\)|CURRENT_|clock_timestamp\(", column.default or "")
    return not is_by_clock or value <= f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"


def _told(kind: Type, text: str) -> list[str]:
    """Return values that a text gives reason to try."""
    told = strings(text)
    if kind.base in TEXTUAL:
        return [*told, *(each for one in told for each in shapes.examples(one)), *numbers(text)]
    if kind.base in WHOLE | FRACTIONAL:
        return [each for one in numbers(text) for each in _around(one, kind.base in WHOLE)]
    if kind.base in DOCUMENTS:
        return [*told, *_documents(told, names_of_keys(text)[: len(_MOST_LEAVES)])]
    if kind.kind == "a":
        return [*told, *([_array(told[:2])] if told else []), *(_array([each]) for each in told)]
    return [*told, *(moved for one in told for moved in _days_around(one))]


def _stock(kind: Type) -> list[str]:
    """Return values of a type that are tried for any column."""
    if kind.kind in _COMPOSED:
        return _COMPOSED[kind.kind](kind)
    if kind.base in TEXTUAL:
        return [*_TEXTS, *_of_length(modifier(kind))]
    if kind.base in WHOLE:
        return [str(each) for each in _INTEGERS]
    if kind.base in FRACTIONAL:
        return list(_NUMBERS)
    if kind.base in ("bit", "varbit"):
        width = (modifier(kind) or [1])[0]
        return ["0" * width, "1" * width, "01" * (width // 2) + "0" * (width % 2)]
    return list(_STOCK.get(kind.base) or _moments(kind.base) or (*_TEXTS, *_NUMBERS, *_JSON))


def _part(kind: Type) -> list[str]:
    """Return values of a type that another is made of."""
    return [*_told(kind, " ".join(chain.from_iterable(kind.rules))), *_stock(kind)][:_FEW]


def _arrays(kind: Type) -> list[str]:
    inner = _part(kind.parts[0]) if kind.parts else []
    return ["{}", *(_array([each]) for each in inner), _array(inner[:2])]


def _composites(kind: Type) -> list[str]:
    inner = [_part(part) or [""] for part in kind.parts]
    rows = ([part[place % len(part)] for part in inner] for place in range(_FEW))
    return ["({})".format(",".join(map(_in_quotes, values))) for values in rows]


def _ranges(kind: Type) -> list[str]:
    ends = _part(kind.parts[0])
    return ["empty", *(f'["{low}","{high}")' for low, high in product(ends, ends) if low != high)]


def _multiranges(kind: Type) -> list[str]:
    return ["{}", *(f"{{{each}}}" for each in _ranges(kind.parts[0])[1:])]


_COMPOSED: dict[str, Callable[[Type], list[str]]] = {
    "a": _arrays,
    "c": _composites,
    "e": lambda kind: list(kind.labels),
    "m": _multiranges,
    "r": _ranges,
}


def _moments(base: str) -> list[str]:
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    forms = {
        "timestamptz": "%Y-%m-%d %H:%M:%S+00",
        "timestamp": "%Y-%m-%d %H:%M:%S",
        "date": "%Y-%m-%d",
    }
    if base in forms:
        return [f"{now + timedelta(days=days):{forms[base]}}" for days in _DAYS]
    times = ["09:00", "12:30", "18:00", "00:00", "23:59:59"]
    return {"time": times, "timetz": [f"{each}+00" for each in times]}.get(base, [])


def _of_length(wanted: Iterable[int]) -> Iterator[str]:
    """Return strings that are as long as a condition may demand."""
    for length in wanted:
        for unit in ("x", "X", "1"):
            yield unit * length
            yield unit * (length + 1)


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
    """Return JSON with the keys that a condition speaks of."""
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
    return f"{{{','.join(map(_in_quotes, values))}}}"


def _in_quotes(value: str) -> str:
    return '"{}"'.format(value.replace("\\", "\\\\").replace('"', '\\"'))
