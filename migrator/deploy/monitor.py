"""What the server says of the database before and after a deploy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg

from migrator.sql import sql

_INDEX_USE = (
    "SELECT schemaname || '.' || indexname, scans FROM public.index_usage_stats"
    " WHERE schemaname <> 'yoyo'"
)
_SLOW = "SELECT query, calls, mean_time FROM public.slow_queries_analysis"


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was seen at one moment.

    Args:
        tables: Of each table its size in bytes.
        indexes: Of each index its size in bytes.
        invalid: Indexes that PostgreSQL does not use.
        index_scans: From index_usage_stats, how often each index was used; None without that view.
        slow_queries: From slow_queries_analysis, of each query its calls and mean time in
            milliseconds; None without that view.
        missed: What could not be read, a line each.

    """

    tables: dict[str, int]
    indexes: dict[str, int]
    invalid: list[str]
    index_scans: dict[str, int] | None
    slow_queries: dict[str, list[float]] | None
    missed: list[str]


def measure(connection: psycopg.Connection[Any]) -> Measurement:
    """Look at a database; what cannot be read is left out, and told."""
    missed: list[str] = []

    def ask(query: str) -> list[tuple[Any, ...]] | None:
        try:
            return connection.execute(query.encode()).fetchall()
        except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):
            return None  # the set has no such view
        except psycopg.Error as error:
            missed.append(str(error).strip())
            return None

    sizes = ask(sql("deploy/sizes")) or []
    scans = ask(_INDEX_USE)
    slow = ask(_SLOW)
    return Measurement(
        tables={name: size for name, is_index, size, _ in sizes if not is_index},
        indexes={name: size for name, is_index, size, _ in sizes if is_index},
        invalid=[name for name, _, _, is_valid in sizes if not is_valid],
        index_scans=None if scans is None else dict(scans),
        slow_queries=None
        if slow is None
        else {query: [calls, round(mean, 3)] for query, calls, mean in slow},
        missed=missed,
    )


@dataclass(frozen=True, slots=True)
class Changes:
    """How two moments differ; a line each."""

    sizes: list[str]
    invalid: list[str]
    index_use: list[str]
    slow_queries: list[str]
    missed: list[str]


def changes(before: Measurement, after: Measurement) -> Changes:
    """Compare two moments."""
    sizes = []
    for kind, old, new in (
        ("table", before.tables, after.tables),
        ("index", before.indexes, after.indexes),
    ):
        for name in sorted(old.keys() | new.keys()):
            if old.get(name) != new.get(name):
                sizes.append(f"{kind} {name}: {_bytes(old.get(name))} -> {_bytes(new.get(name))}")
    used = after.index_scans or {}
    gone = sorted((before.index_scans or {}).keys() - used.keys())
    return Changes(
        sizes=sizes,
        invalid=after.invalid,
        index_use=[
            *(f"{name}: gone, after {(before.index_scans or {})[name]:,} scans" for name in gone),
            *(
                f"{name}: {scans - (before.index_scans or {}).get(name, 0):,} scans meanwhile"
                for name, scans in sorted(used.items())
                if scans != (before.index_scans or {}).get(name, 0)
            ),
        ],
        slow_queries=[
            f"{calls:,.0f} calls, {mean:.1f} ms on average"
            f"{_before(before, query)}: {' '.join(query.split())[:200]}"
            for query, (calls, mean) in (after.slow_queries or {}).items()
        ],
        missed=[*before.missed, *after.missed],
    )


def _before(before: Measurement, query: str) -> str:
    known = (before.slow_queries or {}).get(query)
    return f" (before: {known[0]:,.0f} calls, {known[1]:.1f} ms)" if known else " (new)"


def _bytes(size: int | None) -> str:
    return "absent" if size is None else f"{size:,} bytes"
