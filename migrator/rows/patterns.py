"""Patterns: SQL of a row's number that gives each row another value of a type."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import chain, islice
from typing import NamedTuple

from migrator.rows import shapes
from migrator.rows.demands import Column, Type
from migrator.rows.expressions import listed, literal, numbers, strings

TEXTUAL = frozenset({"text", "varchar", "bpchar", "citext", "name"})
WHOLE = frozenset({"int2", "int4", "int8"})
FRACTIONAL = frozenset({"numeric", "float4", "float8", "money"})
TIMES = frozenset({"timestamptz", "timestamp"})
DOCUMENTS = frozenset({"json", "jsonb"})

_LONGEST = 5000  # characters that a text may be asked to have
_MODIFIER = re.compile(r"\((\d+)\)")
_NAME = re.compile(r"[A-Za-z_]\w*")
_JSON_KINDS = frozenset({"object", "array", "string", "number", "boolean", "null"})
_PRECISION = re.compile(r"^numeric\((\d+),(\d+)\)")
_MOST_LENGTHS = 6
_MOST_STEMS = 12
_LONGEST_STEM = 64


class Pattern(NamedTuple):
    """A value for each row.

    Args:
        text: SQL of `n.i`, which counts from 1.
        limit: The greatest number that it gives a value of its own for, if there is one.

    """

    text: str
    limit: int | None = None


_LETTERS = "translate(n.i::text, '0123456789', 'abcdefghij')"
_SHA256 = "encode(sha256(int8send(n.i)), 'hex')"
_MD5 = "md5(n.i::text)"
# Versions of UUID: of a time that goes on with the rows, as real ones do, and of chance.
_V7 = (
    "(lpad(to_hex(1735689600000 + n.i), 12, '0') || '7' || substr(md5(n.i::text), 1, 3) || '8'"
    " || substr(md5(n.i::text), 4, 15))"
)
_V4 = (
    "(substr(md5(n.i::text), 1, 12) || '4' || substr(md5(n.i::text), 14, 3) || 'a'"
    " || substr(md5(n.i::text), 18, 15))"
)
_WORDS = (
    "amber", "bay", "cedar", "delta", "ember", "fjord", "grove", "haven", "isle", "jade", "knoll",
    "lake", "mesa", "north", "opal",
)  # fmt: skip
_PHRASE = " || ' ' || ".join(
    f"({listed(_WORDS)})[1 + n.i / {len(_WORDS) ** place} % {len(_WORDS)}]" for place in range(3)
)
_TEXTS = (
    "'value_' || n.i", "'u' || n.i || '@example.com'", "'https://example.com/' || n.i", _SHA256,
    "'1.' || n.i || '.0'", f"{_V7}::uuid::text", f"{_V4}::uuid::text", _MD5, "n.i::text",
    "'v' || n.i", "'V' || n.i", _LETTERS, f"upper({_LETTERS})", "'Value ' || n.i",
    "'value-' || n.i", "'+5511' || lpad(n.i::text, 9, '9')", "'/value/' || n.i", "'value/' || n.i",
    "'#' || lpad(to_hex(n.i), 6, '0')", "jsonb_build_object('a', n.i)::text",
    "'example' || n.i || '.com'", "host('10.0.0.0'::inet + n.i)",
    "(date '2020-01-01' + n.i::integer)::text", "encode(decode(md5(n.i::text), 'hex'), 'base64')",
    "'$2b$12$' || substr(md5(n.i::text) || md5('a' || n.i), 1, 53)",
)  # fmt: skip
_STEPS = ("1 second", "1 hour", "1 day", "1 millisecond", "1 microsecond", "1 month")
# A type that is not here gets its values from sql/fill.
_OTHERS = {
    "bytea": ("decode(md5(n.i::text), 'hex')", "sha256(int8send(n.i))"),
    "inet": ("'10.0.0.0'::inet + n.i",),
    "cidr": ("set_masklen('10.0.0.0'::inet + n.i, 32)::cidr",),
    "macaddr": ("'08002b' || lpad(to_hex(n.i), greatest(6, length(to_hex(n.i))), '0')",),
    "macaddr8": ("'08002b0102' || lpad(to_hex(n.i), greatest(6, length(to_hex(n.i))), '0')",),
    "varbit": ("n.i::bit(64)::varbit",),
    "hstore": ("'key=>' || n.i",),
    "tsvector": ("'value' || n.i",),
    "tsquery": ("'value' || n.i",),
    "ltree": ("'value' || n.i",),
    "oid": ("n.i::text",),
    "pg_lsn": ("'0/0'::pg_lsn + n.i",),
    "point": ("point(n.i, n.i)",),
    "interval": ("n.i * interval '1 second'", "n.i * interval '1 day'"),
    "time": ("time '00:00' + n.i * interval '1 second'",),
    "timetz": ("(time '00:00' + n.i * interval '1 second')::timetz",),
    "xml": ("'<a>' || n.i || '</a>'",),
}
_SECONDS_A_DAY = 86_399
_LIMITS = {"time": _SECONDS_A_DAY, "timetz": _SECONDS_A_DAY}


def patterns(column: Column, texts: Iterable[str], hints: Iterable[str]) -> list[Pattern]:
    """Return SQL that gives every row a value of its own, the best first.

    Args:
        column: The column.
        texts: What mentions it: conditions and expressions.
        hints: Bodies of the functions in them.

    """
    text = " ".join(chain(texts, hints))
    types = [column.type, *([column.later] if column.later else [])]
    # Where the type changes, a value of the narrower one is a value of both.
    kinds = sorted(types, key=lambda kind: kind.base in TEXTUAL)
    default = column.default or ""
    made = [each for kind in kinds for each in of_type(kind, text, default)]
    if "(" in default and not re.search(r"\b(nextval|now)\(", default):
        made.append(Pattern(default))
    return list(dict.fromkeys(made))


def variations(column: Column, texts: Iterable[str], hints: Iterable[str]) -> list[Pattern]:
    """Return SQL that makes the values of a column vary which need not be distinct."""
    kind = column.later or column.type
    base = kind.base
    if base in TEXTUAL and column.type.base in TEXTUAL:
        ordinary = [Pattern(f"initcap({_PHRASE}) || ' ' || n.i"), Pattern(_PHRASE)]
        return [*ordinary, *patterns(column, texts, hints)]
    if base in WHOLE:
        return [Pattern(f"n.i % {most}") for most in (1000, 100, 10)]
    if base in FRACTIONAL:
        # With every decimal that the column can hold: a change of its scale loses some.
        scales = ("% 100000 * 0.010001", "% 1000 * 0.010001", "% 1000 * 0.001001")
        few = [f"n.i {scale}" for scale in scales]
        return [Pattern(f"({each})::numeric") for each in (*_of_precision(kind), *few)]
    if base == "date":
        return [Pattern("now()::date - (n.i % 700)::integer")]
    if base in ("uuid", "bytea", "inet", "macaddr", "interval") or kind.kind == "r":
        return patterns(column, texts, hints)
    return []


def _of_precision(kind: Type) -> list[str]:
    """Return numbers that take all digits of numeric(precision, scale): less loses some."""
    match = _PRECISION.search(kind.plain)
    digits = int(match[1]) - int(match[2]) if match else 0
    return [f"n.i % 10 * 1e{digits - 1} + n.i % 1000 * 0.010001"] if digits > 1 else []


def of_type(kind: Type, text: str = "", default: str = "") -> list[Pattern]:
    """Return the patterns of a type.

    Args:
        kind: The type.
        text: Conditions and the like, which may name strings and numbers to begin with.
        default: The default of the column.

    """
    if kind.kind in _COMPOSED:
        return _COMPOSED[kind.kind](kind, text)
    if kind.base in TEXTUAL:
        return _texts(kind, text)
    if kind.base in DOCUMENTS:
        return _documents(text)
    if kind.base == "bit":
        width = (modifier(kind) or [1])[0]
        return [Pattern(f"n.i::bit({width})", 2 ** min(width, 62) - 1)]
    return [Pattern(each, _LIMITS.get(kind.base)) for each in _plain(kind.base, text, default)]


def _plain(base: str, text: str, default: str) -> Iterable[str]:
    if base in WHOLE:
        sums = [f"{each}{step} + n.i" for each in numbers(text) for step in (" - 1", "")]
        return ("n.i", *sums, "-n.i")
    if base in FRACTIONAL:
        bases = ("0", *numbers(text))
        scaled = [f"{each} + n.i{scale}" for each in bases for scale in ("", " * 0.01")]
        return [f"({each})::numeric" for each in (*scaled, "n.i * 0.0001", "n.i * 0.000001")]
    if base == "uuid":
        return (_V4, _V7) if re.search("v4|gen_random", default) else (_V7, _V4)
    if base == "date":
        return [f"{each}::date + n.i::integer" for each in _starts(text)]
    if base in TIMES:
        starts = [f"{each}::{base}" for each in (*_starts(text), "now()")]
        return [f"{each} + n.i * interval '{step}'" for each in starts for step in _STEPS]
    return _OTHERS.get(base, ())


def _starts(text: str) -> list[str]:
    dates = (each for each in strings(text) if re.match(r"\d{4}-\d\d-\d\d", each))
    return [literal(each) for each in ("2020-01-01", *dates)]


def _ranges(kind: Type, text: str) -> list[Pattern]:
    """Return ranges of which no two meet."""
    part = kind.parts[0]
    made = []
    for inner in of_type(part, text):
        ends = (inner.text.replace("n.i", f"({each})") for each in ("n.i * 4", "n.i * 4 + 2"))
        bounds = ", ".join(f"CAST({end} AS {part.name})" for end in ends)
        made.append(Pattern(f"{kind.name}({bounds})"))
    return made


def _arrays(kind: Type, text: str) -> list[Pattern]:
    return [
        Pattern(f"ARRAY[CAST({each.text} AS {part.name})]", each.limit)
        for part in kind.parts
        for each in of_type(part, text)
    ]


def _composites(kind: Type, text: str) -> list[Pattern]:
    inner = [of_type(part, text) for part in kind.parts]
    if not all(inner):
        return []
    pairs = zip(inner, kind.parts, strict=True)
    return [Pattern(f"ROW({', '.join(f'CAST({each[0].text} AS {p.name})' for each, p in pairs)})")]


_COMPOSED: dict[str, Callable[[Type, str], list[Pattern]]] = {
    "a": _arrays,
    "c": _composites,
    "e": lambda *_: [],
    "m": lambda kind, text: [
        Pattern(f"{kind.name}({each.text})") for each in _ranges(kind.parts[0], text)
    ],
    "r": _ranges,
}


def _documents(text: str) -> list[Pattern]:
    pairs = [f"{literal(each)}, 'value_' || n.i" for each in ("key", *keys_of_documents(text))]
    objects = [*pairs, *([", ".join(pairs[1:])] if pairs[1:] else [])]
    arrays = [Pattern("jsonb_build_array('value_' || n.i)")]
    return [*(Pattern(f"jsonb_build_object({each})") for each in objects), *arrays]


def keys_of_documents(text: str) -> list[str]:
    """Return the strings in SQL that may be keys of a document."""
    return [each for each in strings(text) if _NAME.fullmatch(each) and each not in _JSON_KINDS]


def _texts(kind: Type, text: str) -> list[Pattern]:
    told = strings(text)
    made = [Pattern(each) for each in _TEXTS]
    for shape in chain.from_iterable(shapes.shapes(each) for each in told):
        made.append(Pattern(shapes.pattern(shape), shapes.size(shape) - 1))
    for length in islice(dict.fromkeys([*modifier(kind), *lengths(text)]), _MOST_LENGTHS):
        digits = f"lpad(n.i::text, greatest({length}, length(n.i::text)), '0')"
        letters = f"lpad({_LETTERS}, greatest({length}, length(n.i::text)), 'k')"
        made += [Pattern(each) for each in (digits, letters, f"upper({letters})")]
        dense = shapes.shape_of_length(length)
        made.append(Pattern(shapes.pattern(dense), shapes.size(dense) - 1))
    stems = (literal(each) for each in told if 0 < len(each) <= _LONGEST_STEM)
    for stem in islice(stems, _MOST_STEMS):
        made += [Pattern(f"{stem} || n.i"), Pattern(f"n.i || {stem}")]
    return made


def lengths(text: str) -> list[int]:
    """Return the numbers in SQL that may be a length."""
    return [int(each) for each in numbers(text) if each.isdigit() and 0 < int(each) <= _LONGEST]


def modifier(kind: Type) -> list[int]:
    """Return the length in a type's name, if it has one."""
    match = _MODIFIER.search(kind.plain)
    return [int(match[1])] if match else []
