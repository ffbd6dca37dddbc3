"""What came out of bench.workload: as text, and as docs/performance.md with its pictures.

Usage: python -m bench.report [RESULT.json ...]   the newest version first; by default those kept
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import picture
from bench.queries import TRAP, WORDINGS, Query, read_all

# What a p95 should be of its budget; and how much a median may grow with the size.
GOAL = 0.1
GOALS = {"reporting": 0.5}
FLAT = ("dashboard", "playground", "agents", "worker")
GROWTH = 1.5
# How many times the pages must be touched without an index.
WORTH = 1.5
# What must be left of the rate of inserts, and how many status updates must be HOT.
KEPT = {"insert_tasks": 0.5, "insert_contents": 0.25}
HOT = 0.6

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE = DOCS / "performance.md"
KEPT_RESULTS = DOCS / "performance"

Result = Mapping[str, Any]
Rows = list[list[str]]

# How many pages more row security may cost a query of these groups.
MORE_PAGES = 10
SECURED = ("dashboard", "playground", "agents", "campaigns")

NOT_YET = "not yet measured"


def goal(group: str) -> float:
    """Return what part of its budget a group's p95 should be."""
    return GOALS.get(group, GOAL)


def failures(result: Result) -> list[str]:
    """Return what must not be: each makes the benchmark fail."""
    timed = [
        each
        for part in ("large", "wordings", "row_security")
        for each in result.get(part, {}).items()
    ]
    found = [
        f"{name}: its p95 of {each['p95_ms']:.1f} ms is over its budget of {each['budget_ms']} ms"
        for name, each in timed
        if each["p95_ms"] > each["budget_ms"] and TRAP not in name
    ]
    found += [
        f"{name}: row security costs it {more:.0f} pages, not {MORE_PAGES}"
        for name, more in _more_pages(result).items()
        if more > MORE_PAGES and result["large"][name]["group"] in SECURED
    ]
    for index in result.get("indexes", []):
        if not index["used"]:
            found.append(f"{index['name']}: no plan of {index['by']} uses it")
        elif index["ratio"] < WORTH:
            found.append(
                f"{index['name']}: without it {index['by']} touches only {index['ratio']:.2f} times"
                f" the pages, not {WORTH}"
            )
    views = result.get("views", {})
    found += [
        f"pg_stat_statements is {status}: slow_queries_analysis can show nothing"
        for status in views.get("statistics", [])
        if status != "ok"
    ]
    found += [f"{name}: index_usage_stats says never used" for name in views.get("never_used", [])]
    found += [
        f"slow_queries_analysis lists one of the dashboard: {text.splitlines()[0]}"
        for text in views.get("slow", [])
        if "dashboard_" in text
    ]
    return found


def missed_goals(result: Result) -> list[str]:
    """Return what should be better, and does not make the benchmark fail."""
    found = [
        f"{name}: its p95 is {each['p95_ms'] / each['budget_ms']:.2f} of its budget,"
        f" not {goal(each['group'])}"
        for name, each in result.get("large", {}).items()
        if each["p95_ms"] > goal(each["group"]) * each["budget_ms"]
    ]
    for name, growth in _growth(result).items():
        if result["large"][name]["group"] in FLAT and growth >= GROWTH:
            found.append(f"{name}: its median grows to {growth:.2f} times, not {GROWTH}")
    if written := result.get("writes"):
        for operation, least in KEPT.items():
            kept = written["ours"]["rates"][operation] / written["keys"]["rates"][operation]
            if kept < least:
                found.append(f"{operation}: keeps {kept:.2f} of its rate, not {least}")
        hot = written["ours"]["hot_shares"]["all_status_updates"]
        if hot < HOT:
            found.append(f"status updates: {hot:.0%} are HOT, not {HOT:.0%}")
    return found


def _growth(result: Result) -> dict[str, float]:
    """Return how many times its median on the small size each query takes on the large one."""
    return {
        name: result["large"][name]["median_ms"] / small["median_ms"]
        for name, small in result.get("growth_from", {}).items()
    }


def _more_pages(result: Result) -> dict[str, float]:
    """Return how many pages more each query touches under row security."""
    return {
        name: each["buffers"] - result["large"][name]["buffers"]
        for name, each in result.get("row_security", {}).items()
        if name in result.get("large", {})
    }


def text(result: Result) -> str:
    """Return everything as text."""
    facts = {**result["facts"], "tasks": f"{result['tasks']:,}", "loaded in": f"{_load(result)}"}
    lines = [f"{name:<22}{value}" for name, value in facts.items()]
    tables = (queries, wordings, row_security, indexes, writes, sizes)
    for rows in (table(result) for table in tables):
        lines += _aligned(rows)
    if "views" in result:
        unused = ", ".join(result["views"]["never_used_keys"]) or "none"
        lines += ["", f"keys that nothing but their constraints used: {unused}"]
    for title, found in (("failed", failures(result)), ("goals missed", missed_goals(result))):
        lines += ["", f"{title}:", *(f"  {each}" for each in found)] if found else []
    return "\n".join(lines)


def _load(result: Result) -> str:
    return f"{result['load_s']:.0f} s"


def queries(result: Result, older: Result | None = None, known: Sequence[Query] = ()) -> Rows:
    """Return the table of the queries, its heading first.

    Args:
        result: The figures.
        older: Those of an older version, to be shown beside.
        known: The queries that there are by now; by default, those that were measured.

    """
    if "large" not in result:
        return []
    head = ["query", "runs", "median ms", "p95 ms", "p99 ms", "budget ms", "p95 / budget"]
    rows = [[*head, "growth", "rows", "pages"]]
    beside = {"plain p95": result.get("plain", {}), "p95 on 15": (older or {}).get("large", {})}
    shown = {title: found for title, found in beside.items() if found}
    rows[0] += [*shown, "indexes"]
    growth = _growth(result)
    names = {query.name for query in known} or result["large"].keys()
    for name, each in result["large"].items():
        if name not in names:
            continue
        row = [
            name,
            str(each["runs"]),
            *(f"{each[key]:.2f}" for key in ("median_ms", "p95_ms", "p99_ms")),
            str(each["budget_ms"]),
            f"{each['p95_ms'] / each['budget_ms']:.3f}",
            f"{growth[name]:.2f}" if name in growth else "",
            *(f"{each[key]:.0f}" for key in ("rows", "buffers")),
            *(f"{found[name]['p95_ms']:.2f}" if name in found else "" for found in shown.values()),
            " ".join(each["indexes"]),
        ]
        rows.append(row)
    for query in known:
        if query.name not in result["large"]:
            row = [query.name, "", NOT_YET, "", "", str(query.budget_ms), *[""] * 4]
            rows.append([*row, *("" for _ in shown), " ".join(query.indexes)])
    return [rows[0], *sorted(rows[1:])]


def wordings(result: Result, known: Sequence[Query] = ()) -> Rows:
    """Return the table of the wordings, its heading first: slow ones beside those that are meant.

    Args:
        result: The figures.
        known: The wordings that there are by now, whose statements are shown; by default, the names
            of those that were measured.

    """
    found = result.get("wordings", {})
    if not found:
        return []
    shown = {each.name: f"`{' '.join(each.text.split()).rstrip(';')}`" for each in known}
    rows = [["asked as", "median ms", "p95 ms", "budget ms", "pages", "within"]]
    for name in sorted(shown or found):
        if name not in found:
            rows.append([shown[name], NOT_YET, *[""] * 4])
            continue
        each = found[name]
        within = "yes" if each["p95_ms"] <= each["budget_ms"] else "NO"
        times = [f"{each[key]:.2f}" for key in ("median_ms", "p95_ms")]
        pages = f"{each['buffers']:.0f}"
        rows.append([shown.get(name, name), *times, str(each["budget_ms"]), pages, within])
    return rows


def row_security(result: Result) -> Rows:
    """Return the table of what row security costs the queries, its heading first."""
    more = _more_pages(result)
    if not more:
        return []
    head = ["query", "median ms", "secured", "p95 ms", "secured", "budget ms", "pages", "secured"]
    rows = [head]
    for name in sorted(more):
        pair = (result["large"][name], result["row_security"][name])
        times = [f"{each[key]:.2f}" for key in ("median_ms", "p95_ms") for each in pair]
        pages = [f"{each['buffers']:.0f}" for each in pair]
        rows.append([name, *times, str(pair[0]["budget_ms"]), *pages])
    return rows


def indexes(result: Result, known: Sequence[Query] = ()) -> Rows:
    """Return the table of what each index is worth, its heading first.

    Args:
        result: The figures.
        known: The queries that there are by now: an index that one names may be new.

    """
    if "indexes" not in result:
        return []
    measured = {each["name"] for each in result["indexes"]}
    new = {
        index: query.name
        for query in known
        for index in query.indexes
        if index.startswith("idx_") and index not in measured
    }
    return [
        ["index", "MB", "most needed by", "pages", "without it", "ratio"],
        *(
            [
                each["name"],
                f"{each['bytes'] / 1e6:.1f}",
                each["by"],
                f"{each['buffers']:.0f}",
                f"{each['without']:.0f}",
                f"{each['ratio']:.1f}",
            ]
            for each in result["indexes"]
        ),
        *([index, NOT_YET, query, "", "", ""] for index, query in new.items()),
    ]


def writes(result: Result) -> Rows:
    """Return the table of what the indexes cost those who write, its heading first."""
    if "writes" not in result:
        return []
    ours, keys = (result["writes"][name] for name in ("ours", "keys"))
    rows = [["rows a second", "all indexes", "keys alone", "kept", "HOT"]]
    for operation, rate in ours["rates"].items():
        alone, hot = keys["rates"][operation], ours["hot_shares"].get(operation)
        shown = "" if hot is None else f"{hot:.0%}"
        words = operation.replace("_", " ")
        rows.append([words, f"{rate:.0f}", f"{alone:.0f}", f"{rate / alone:.2f}", shown])
    return [
        *rows,
        ["all status updates", "", "", "", f"{ours['hot_shares']['all_status_updates']:.0%}"],
    ]


def sizes(result: Result) -> Rows:
    """Return the table of what is on disk, its heading first."""
    if "writes" not in result:
        return []
    return [
        ["MB", "table", "keys", "secondary indexes"],
        *(
            [table, *(f"{found[key] / 1e6:.0f}" for key in ("table", "keys", "secondary"))]
            for table, found in result["writes"]["ours"]["sizes"].items()
        ),
    ]


def machine(result: Result) -> Rows:
    """Return the table of what decides the figures, its heading first."""
    return [
        ["what", "value"],
        *([name.replace("_", " "), value] for name, value in result["facts"].items()),
        ["tasks", f"{result['tasks']:,}; growth is from {result['small']:,}"],
        ["all databases made in", _load(result)],
    ]


def _aligned(rows: Rows) -> list[str]:
    """Return rows as lines with an empty one before them, numbers to the right."""
    if not rows:
        return []
    columns = list(zip(*rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    numbers = _numbers(rows)
    return [
        "",
        *(
            "  ".join(
                cell.rjust(width) if number else cell.ljust(width)
                for cell, width, number in zip(row, widths, numbers, strict=True)
            ).rstrip()
            for row in rows
        ),
    ]


def _numbers(rows: Rows) -> list[bool]:
    """Return which columns hold numbers."""
    return [
        all(cell in ("", NOT_YET) or re.fullmatch(r"[\d.,]+%?", cell) for cell in column)
        for column in zip(*rows[1:], strict=True)
    ]


def _markdown(rows: Rows) -> str:
    marks = ["--:" if number else "---" for number in _numbers(rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in [rows[0], marks, *rows[1:]])


def page(
    template: str, result: Result, older: Result | None, known: Sequence[Query] | None = None
) -> str:
    """Return the page with its tables filled in: each stands between two comments that name it.

    Args:
        template: The page as it is.
        result: The figures.
        older: Those of an older version, if any.
        known: The queries that there are by now; by default, those of sql/workload/.

    """
    known = read_all() if known is None else known
    sections: dict[str, Rows] = {
        "machine": machine(result),
        "queries": queries(result, older, known),
        "wordings": wordings(result, read_all(WORDINGS)),
        "row_security": row_security(result),
        "indexes": indexes(result, known),
        "writes": writes(result),
        "sizes": sizes(result),
    }
    for name, rows in sections.items():
        table = f"{_markdown(rows)}\n" if rows else ""
        begin, end = f"<!-- table: {name} -->\n", "<!-- end -->"
        before, _, rest = template.partition(begin)
        template = before + begin + table + end + rest.partition(end)[2]
    return template


def pictures(result: Result) -> dict[str, str]:
    """Return the pictures by their files' names."""
    found = {}
    if "large" in result:
        rows = picture.rows(result, goal, beside_plain=False)
        title = f"Each query against its budget, {result['tasks']:,} tasks"
        found["queries.svg"] = picture.svg(title, rows)
    if "large" in result and "plain" in result:
        rows = picture.rows(result, goal, beside_plain=True)
        title = f"Beside the plain design, {result['tasks']:,} tasks"
        found["plain.svg"] = picture.svg(title, rows)
    return found


def kept() -> list[Path]:
    """Return the results that the page shows, the newest version first."""
    return sorted(KEPT_RESULTS.glob("workload-*.json"), reverse=True)


def publish(results: Sequence[Path]) -> Iterator[Path]:
    """Write the page, its pictures and the results that they show; return what that changed."""
    texts = [path.read_text(encoding="utf-8") for path in results]
    result, *rest = map(json.loads, texts)
    written = {PAGE: page(PAGE.read_text(encoding="utf-8"), result, rest[0] if rest else None)}
    for path, content in zip(results, texts, strict=True):
        written[KEPT_RESULTS / path.name] = content
    for name, content in pictures(result).items():
        written[KEPT_RESULTS / name] = content
    KEPT_RESULTS.mkdir(exist_ok=True)
    for path, content in written.items():
        if not path.exists() or path.read_text(encoding="utf-8") != content:
            path.write_text(content, encoding="utf-8")
            yield path


if __name__ == "__main__":
    for each in publish([Path(argument) for argument in sys.argv[1:]] or kept()):
        print(f"wrote {each}")
