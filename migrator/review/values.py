"""Values that a column may be tried with: some as text, some as SQL of a row's number.

Nothing here needs to be right. The server is asked which of them are valid, so more kinds of values
only make it likelier that one is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain, islice, product
from typing import NamedTuple

from migrator.review import shapes
from migrator.review.demands import Column, Type

VARIETY = 1_000_003  # numbers that are used for values that need not be distinct; a prime
MOST = 160  # values that are tried for a column

_STRING = re.compile(r"'((?:[^']|'')*)'")
_NUMBER = re.compile(r"(?<![\w.$])-?\d+(?:\.\d+)?(?![\w.])")
_NAME = re.compile(r"[A-Za-z_]\w*")
_JSON_KINDS = frozenset({"object", "array", "string", "number", "boolean", "null"})
_LONGEST = 5000
_SHA256 = "0123456789abcdef" * 4
_UUID = "0192d5e8-7b1a-7c3d-8e4f-5a6b7c8d9e0f"

TEXTS = (
    "alpha", "Ordinary words in a row", "Other words, which are not the same", "value_1", "ana@example.com", "https://example.com/a", "1.0.0", _SHA256, _SHA256[:32],
    _SHA256[:40], "3f2b8c1e-9d4a-4b6f-8c2d-1e5a7b9c0d3f", _UUID, "1", "0", "12345678901", "a", "A",
    "pt-BR", "pt_BR", "pt", "BR", "BRA", "BRL", "{}", "[]", '{"a": 1}', '["a"]', "0 9 * * *",
    "2026-01-05", "2026-01-05T12:00:00Z", "12:00", "10.0.0.1", "10.0.0.0/8", "::1", "true",
    "+5511987654321", "(11) 98765-4321", "01310-100", "529.982.247-25", "#1a2b3c", "/a/b", "a/b",
    "text/plain", "a.txt", "example.com", "America/Sao_Paulo", "UTC", "PT1H", "1.5", "-1", "alpha-1",
    "ALPHA_1", "Alpha", "alphaBeta", "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "$2b$12$" + "abcdefghijklmnopqrstu." + "ABCDEFGHIJKLMNOPQRSTUVWXYZ01234", "YWxwaGE=", "a:b",
    "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo", "08:00:2b:01:02:03", "",
)  # fmt: skip
_INTEGERS = (0, 1, 2, 3, 5, 7, 10, 12, 25, 50, 100, 365, 500, 1000, 2000, 2026, 10000, -1)
_NUMBERS = (*map(str, _INTEGERS), "0.5", "1.5", "0.01", "9.99", "99.9", "0.25")
_DAYS = (-400, -90, -30, -7, -2, -1, 0, 1, 2, 7, 30, 90, 400)
_JSON = (
    "{}", "[]", '{"a": 1}', '["a"]', '[{"a": 1}]', '{"a": "b"}', '{"a": {"b": [1]}}', "1", '"a"',
    "true", "null", '["a", "b"]', "[1, 2]",
)  # fmt: skip
_LEAVES: tuple[object, ...] = ("a", 1, [1], {"a": 1}, True, ["a"], [], {}, [{"a": 1}], 0.5)

_STOCK: dict[str, tuple[str, ...]] = {
    "bool": ("true", "false"),
    "bytea": (r"\x", r"\x61", r"\x0123456789abcdef", rf"\x{_SHA256}"),
    "uuid": (_UUID, "3f2b8c1e-9d4a-4b6f-8c2d-1e5a7b9c0d3f"),
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
    "regclass": ("pg_class",),
    "regtype": ("integer",),
    "regproc": ("now",),
    "char": ("a", "b", "1"),
    "txid_snapshot": ("1:1:",),
    "pg_snapshot": ("1:1:",),
    "xid": ("1",),
    "cid": ("1",),
    "tid": ("(0,1)",),
}
TEXTUAL = frozenset({"text", "varchar", "bpchar", "citext", "name"})
_WHOLE = frozenset({"int2", "int4", "int8"})
_FRACTIONAL = frozenset({"numeric", "float4", "float8", "money"})
TIMES = frozenset({"timestamptz", "timestamp"})
_BIT = re.compile(r"\((\d+)\)")


class Pattern(NamedTuple):
    """A value for each row.

    Args:
        text: SQL of `n.i`, which counts from 1.
        limit: The greatest number that it gives a value of its own for, if there is one.

    """

    text: str
    limit: int | None = None


def literal(value: str) -> str:
    """Return a string as SQL."""
    quoted = value.replace("'", "''")
    return "E'{}'".format(quoted.replace("\\", "\\\\")) if "\\" in value else f"'{quoted}'"


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
    found += [each for kind in types for each in stock(kind)]
    found += [each for kind in types for each in _told(kind, far)]
    if any(kind.base in TEXTUAL for kind in types):
        found += _of_length(f"{near} {far}")
    return list(islice(dict.fromkeys(found), MOST))


def _told(kind: Type, text: str) -> list[str]:
    """Return values that a text gives reason to try."""
    told = strings(text)
    if kind.base in TEXTUAL:
        return [*told, *(each for one in told for each in shapes.examples(one)), *numbers(text)]
    if kind.base in _WHOLE | _FRACTIONAL:
        return [each for one in numbers(text) for each in _around(one, kind.base in _WHOLE)]
    if kind.base in ("json", "jsonb"):
        return [*told, *_documents(told)]
    if kind.kind == "a":
        return [*told, *([_array(told[:2])] if told else []), *(_array([each]) for each in told)]
    return [*told, *(moved for one in told for moved in _days_around(one))]


def stock(kind: Type) -> list[str]:
    """Return values of a type that are tried for any column."""
    if kind.kind == "e":
        return list(kind.labels)
    if kind.kind == "a":
        inner = [*(_told(kind.parts[0], _rules(kind.parts[0]))), *stock(kind.parts[0])][:12]
        return ["{}", *(_array([each]) for each in inner), _array(inner[:2])]
    if kind.kind == "c":
        inner = [[*_told(part, _rules(part)), *stock(part)][:9] for part in kind.parts]
        return [_composite(row) for row in islice(zip(*map(_padded, inner), strict=True), 9)]
    if kind.kind == "r":
        ends = sorted(stock(kind.parts[0])[:8])
        return [
            "empty", *(f'["{low}","{high}")' for low, high in product(ends, ends) if low != high)
        ][:24]  # fmt: skip
    if kind.kind == "m":
        return ["{}", *("{%s}" % each for each in stock(kind.parts[0])[1:])]
    if kind.base in TEXTUAL:
        return [*TEXTS, *_of_length(f"{_modifier(kind)}")]
    if kind.base in _WHOLE:
        return [str(each) for each in _INTEGERS]
    if kind.base in _FRACTIONAL:
        return list(_NUMBERS)
    if kind.base in ("bit", "varbit"):
        width = (_modifier(kind) or [1])[0]
        return ["0" * width, "1" * width, "01" * (width // 2) + "0" * (width % 2)]
    return list(_STOCK.get(kind.base) or _moments(kind.base) or (*TEXTS, *_NUMBERS, *_JSON))


def _moments(base: str) -> list[str]:
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    moments = [now + timedelta(days=days) for days in _DAYS]
    match base:
        case "timestamptz":
            return [f"{each:%Y-%m-%d %H:%M:%S}+00" for each in moments]
        case "timestamp":
            return [f"{each:%Y-%m-%d %H:%M:%S}" for each in moments]
        case "date":
            return [f"{each:%Y-%m-%d}" for each in moments]
        case "time":
            return ["09:00", "12:30", "18:00", "00:00", "23:59:59"]
        case "timetz":
            return ["09:00+00", "18:00-03"]
    return []


def _rules(kind: Type) -> str:
    return " ".join(chain.from_iterable(kind.rules))


def _padded(values: list[str]) -> list[str]:
    return [values[place % len(values)] for place in range(9)] if values else [""] * 9


def _modifier(kind: Type) -> list[int]:
    match = _BIT.search(kind.plain)
    return [int(match[1])] if match else []


def _of_length(text: str) -> Iterator[str]:
    """Return strings as long as the numbers in a text say."""
    for length in (int(each) for each in numbers(text) if each.isdigit()):
        for unit in ("x", "X", "1") if length <= _LONGEST else ():
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
        yield str(moment + step) if len(text) > len("2026-01-05") else f"{moment + step:%Y-%m-%d}"


def _documents(told: list[str]) -> Iterator[str]:
    """Return JSON with the keys that a condition speaks of."""
    keys = [each for each in told if _NAME.fullmatch(each) and each not in _JSON_KINDS][:4]
    if not keys:
        return
    most = {1: len(_LEAVES), 2: len(_LEAVES), 3: 5, 4: 4}[len(keys)]
    for leaves in product(_LEAVES[:most], repeat=len(keys)):
        yield json.dumps(dict(zip(keys, leaves, strict=True)))
    for leaf in _LEAVES:
        nested = leaf
        for key in reversed(keys):
            nested = {key: nested}
        yield json.dumps(nested)
        yield json.dumps([{key: leaf for key in keys}])
    for value in told:
        yield json.dumps({key: value for key in keys})
        yield json.dumps([value])


def _array(values: list[str]) -> str:
    return "{%s}" % ",".join(_in_quotes(value) for value in values)


def _composite(values: Iterable[str]) -> str:
    return "({})".format(",".join(_in_quotes(value) for value in values))


def _in_quotes(value: str) -> str:
    return '"{}"'.format(value.replace("\\", "\\\\").replace('"', '\\"'))


_LETTERS = "translate(n.i::text, '0123456789', 'abcdefghij')"
_HEX = "encode(sha256(int8send(n.i)), 'hex')"
_V7 = (
    "(lpad(to_hex(1735689600000 + n.i), 12, '0') || '7' || substr(md5(n.i::text), 1, 3) || '8'"
    " || substr(md5(n.i::text), 4, 15))"
)
_V4 = (
    "(substr(md5(n.i::text), 1, 12) || '4' || substr(md5(n.i::text), 14, 3) || 'a'"
    " || substr(md5(n.i::text), 18, 15))"
)
_WORDS = (
    "amber bay cedar delta ember fjord grove haven isle jade knoll lake mesa north opal".split()
)
_PHRASE = "(ARRAY['{}'])[1 + n.i / {} % {}]"
ORDINARY = " || ' ' || ".join(
    _PHRASE.format("', '".join(_WORDS), step, len(_WORDS)) for step in (1, 15, 225)
)


def patterns(column: Column, texts: Iterable[str], hints: Iterable[str]) -> list[Pattern]:
    """Return SQL that gives every row a value of its own, the best first.

    Args:
        column: The column.
        texts: What mentions it: conditions and expressions.
        hints: Bodies of the functions in them.

    """
    text = " ".join(chain(texts, hints))
    types = [column.type, *([column.later] if column.later else [])]
    # Where the type changes, a value is at home in both only if it is in the narrower one.
    kinds = sorted(types, key=lambda kind: kind.base in TEXTUAL)
    made = [each for kind in kinds for each in _patterns(kind, text, column.default or "")]
    return list(dict.fromkeys(made))


def _patterns(kind: Type, text: str, default: str) -> list[Pattern]:  # noqa: PLR0911
    if kind.base in TEXTUAL:
        return _text_patterns(kind, text)
    if kind.base in _WHOLE:
        bases = [f"{each} + n.i" for each in numbers(text)]
        return [Pattern("n.i"), *map(Pattern, bases), Pattern("-n.i")]
    if kind.base in _FRACTIONAL:
        bases = [
            f"{each} + n.i{scale}" for each in ("0", *numbers(text)) for scale in ("", "*0.01")
        ]
        return [
            Pattern(f"({each})::numeric") for each in [*bases, "n.i * 0.0001", "0.000001 * n.i"]
        ]
    if kind.base == "uuid":
        forms = [_V4, _V7] if re.search("v4|gen_random", default) else [_V7, _V4]
        return [Pattern(form) for form in forms]
    if kind.base in TIMES | {"date", "time", "timetz", "interval"}:
        return [Pattern(each) for each in _time_patterns(kind.base, strings(text))]
    if kind.kind == "r":
        inner = _patterns(kind.parts[0], text, "")
        return [Pattern(_range(kind, each.text)) for each in inner]
    if kind.kind == "m":
        return [Pattern(f"{kind.name}({each.text})") for each in _patterns(kind.parts[0], text, "")]
    if kind.kind == "a":
        inner = _patterns(kind.parts[0], text, "")
        name = kind.parts[0].name
        return [Pattern(f"ARRAY[({each.text})::{name}]", each.limit) for each in inner]
    if kind.base in ("json", "jsonb"):
        keys = [each for each in strings(text) if _NAME.fullmatch(each) and each not in _JSON_KINDS]
        pairs = [f"{literal(each)}, 'value_' || n.i" for each in ["key", *keys]]
        every = ", ".join(pairs[1:])
        made = [f"jsonb_build_object({each})" for each in [*pairs, every] if each]
        return [Pattern(each) for each in [*made, "jsonb_build_array('value_' || n.i)"]]
    return _other_patterns(kind)


def _other_patterns(kind: Type) -> list[Pattern]:
    match kind.base:
        case "bytea":
            return [Pattern("decode(md5(n.i::text), 'hex')"), Pattern("sha256(int8send(n.i))")]
        case "inet":
            return [Pattern("'10.0.0.0'::inet + n.i")]
        case "cidr":
            return [Pattern("set_masklen('10.0.0.0'::inet + n.i, 32)::cidr")]
        case "macaddr":
            return [Pattern("'08002b' || lpad(to_hex(n.i), 6, '0')", 16**6 - 1)]
        case "macaddr8":
            return [Pattern("'08002b0102' || lpad(to_hex(n.i), 6, '0')", 16**6 - 1)]
        case "bit":
            width = (_modifier(kind) or [1])[0]
            return [Pattern(f"n.i::bigint::bit({width})", 2 ** min(width, 62) - 1)]
        case "varbit":
            return [Pattern("n.i::integer::bit(32)::varbit")]
        case "hstore":
            return [Pattern("'key=>' || n.i")]
        case "tsvector" | "tsquery" | "ltree":
            return [Pattern("'value' || n.i")]
        case "oid" | "xid8":
            return [Pattern("n.i::text")]
        case "pg_lsn":
            return [Pattern("'0/0'::pg_lsn + n.i")]
        case "point":
            return [Pattern("point(n.i, n.i)")]
        case "box":
            return [Pattern("box(point(2 * n.i, 0), point(2 * n.i + 1, 1))")]
        case "circle":
            return [Pattern("circle(point(4 * n.i, 0), 1)")]
    if kind.kind == "c":
        inner = [_patterns(part, "", "") for part in kind.parts]
        if all(inner):
            row = ", ".join(f"({each[0].text})::{p.name}" for each, p in zip(inner, kind.parts))
            return [Pattern(f"ROW({row})")]
    return []


def _range(kind: Type, inner: str) -> str:
    """Return a range for each row, of which no two meet."""
    if kind.parts[0].base in TIMES | {"date"}:
        return f"{kind.name}({inner}, {inner.replace('n.i', '(n.i + 1)')})"
    low, high = (inner.replace("n.i", f"({each})") for each in ("n.i * 4", "n.i * 4 + 2"))
    name = kind.parts[0].name
    return f"{kind.name}(({low})::{name}, ({high})::{name})"


def _time_patterns(base: str, told: list[str]) -> list[str]:
    if base in ("time", "timetz"):
        return [f"(time '00:00' + n.i * interval '1 second')::{base}"] + [
            f"(time '00:00' + n.i * interval '1 microsecond')::{base}"
        ]
    if base == "interval":
        return ["n.i * interval '1 second'", "n.i * interval '1 day'"]
    starts = ["2020-01-01", *(each for each in told if re.match(r"\d{4}-\d\d-\d\d", each))]
    if base == "date":
        return [f"({literal(each)}::date + n.i::integer)" for each in starts]
    steps = ("1 second", "1 hour", "1 day", "1 millisecond", "1 microsecond", "1 month")
    return [
        f"({literal(start)}::{base} + n.i * interval '{step}')"
        for start in starts
        for step in steps
    ] + [
        f"(now()::{base} + n.i * interval '1 second')",
        f"(now()::{base} - n.i * interval '1 second')",
    ]


def _text_patterns(kind: Type, text: str) -> list[Pattern]:
    told = strings(text)
    forms = [
        "'value_' || n.i", "'u' || n.i || '@example.com'", "'https://example.com/' || n.i", _HEX,
        "'1.' || n.i || '.0'", f"{_V7}::uuid::text", f"{_V4}::uuid::text", "md5(n.i::text)",
        "n.i::text", "'v' || n.i", "'V' || n.i", _LETTERS, f"upper({_LETTERS})",
        "'Value ' || n.i", "'value-' || n.i", "'+5511' || lpad(n.i::text, 9, '9')",
        "'/value/' || n.i", "'value/' || n.i", "'#' || lpad(to_hex(n.i), 6, '0')",
        "jsonb_build_object('a', n.i)::text", "'example' || n.i || '.com'",
        "('10.0.0.0'::inet + n.i)::text", "(date '2020-01-01' + n.i::integer)::text",
        "'$2b$12$' || substr(md5(n.i::text) || md5('a' || n.i), 1, 53)",
        "encode(decode(md5(n.i::text), 'hex'), 'base64')",
    ]  # fmt: skip
    made = [Pattern(each) for each in forms]
    for shape in chain.from_iterable(shapes.shapes(each) for each in told):
        made.append(Pattern(shapes.pattern(shape), shapes.size(shape) - 1))
    lengths = dict.fromkeys([*_modifier(kind), *(int(n) for n in numbers(text) if n.isdigit())])
    for length in islice((each for each in lengths if 0 < each <= _LONGEST), 6):
        digits = f"lpad(n.i::text, greatest({length}, length(n.i::text)), '0')"
        letters = f"lpad({_LETTERS}, greatest({length}, length(n.i::text)), 'k')"
        made += [Pattern(each) for each in (digits, letters, f"upper({letters})")]
        short = shapes.shape_of_length(length)
        made.append(Pattern(shapes.pattern(short), shapes.size(short) - 1))
    for each in islice((one for one in told if 0 < len(one) <= len(_SHA256)), 12):
        made += [Pattern(f"{literal(each)} || n.i"), Pattern(f"n.i || {literal(each)}")]
    return made


def variations(column: Column, texts: Iterable[str], hints: Iterable[str]) -> list[Pattern]:
    """Return SQL that makes the values of a column vary which need not be distinct."""
    kind = column.later or column.type
    base = kind.base
    if base in TEXTUAL and column.type.base in TEXTUAL:
        phrase = f"{ORDINARY} || ' ' || n.i"
        return [Pattern(f"initcap({phrase})"), Pattern(ORDINARY), *patterns(column, texts, hints)]
    if base in _WHOLE:
        return [Pattern(f"n.i % {most}") for most in (1000, 100, 10)]
    if base in _FRACTIONAL:
        scales = ("% 100000 * 0.01", "% 1000 * 0.01", "% 1000 * 0.001")
        return [Pattern(f"(n.i {scale})::numeric") for scale in scales]
    if base == "date":
        return [Pattern("(now()::date - (n.i * 7 % 700)::integer)")]
    if base in ("uuid", "bytea", "inet", "macaddr", "interval") or kind.kind == "r":
        return patterns(column, texts, hints)
    return []
