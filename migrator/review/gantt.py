"""The time line of a migration's locks, as figures: a lane for each table, a bar for each lock.

Positions are percent of the width, so that the picture is as wide as the page and its letters keep
their size on a phone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby

from migrator.review import locks
from migrator.review.report import FileReview, Lock, StatementReview, count, duration, in_words

_WIDTH = 100.0
_LEAST, _LEAST_OF_ALL = 3.6, 36.0  # a short statement's width; of all of them together
_APART, _APART_ON_PHONE = 3.5, 10.0  # between two line numbers
_ROOM_FOR_DURATION = 16.0
_LONGEST_NAME = 34
_LABEL, _BAR, _GAP = 18, 14, 10  # heights
_STRENGTHS = ((locks.ACCESS_EXCLUSIVE, 4), (locks.SHARE, 3), (locks.SHARE_UPDATE_EXCLUSIVE, 2))


@dataclass(frozen=True, slots=True)
class Bar:
    """The locks of one mode that one statement took on a table, or on several of its indexes."""

    name: str
    kind: str
    mode: str
    strength: int
    line: int
    until: str
    held: str
    x: float
    width: float
    y: int


@dataclass(frozen=True, slots=True)
class Lane:
    """The row of the chart that shows one table's locks."""

    table: str
    bars: tuple[Bar, ...]
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Tick:
    """The beginning of a statement on the time line.

    Args:
        x: Its position, in percent of the width.
        line: The number of its line; None if there is no room for it.
        on_phone: Whether there is room for the number on a phone.
        middle: The position of its duration, in percent of the width.
        duration: How long it takes; empty if there is no room.

    """

    x: float
    line: int | None
    on_phone: bool
    middle: float
    duration: str


@dataclass(frozen=True, slots=True)
class Chart:
    """The locks of a migration over time.

    Args:
        lanes: The lanes, from top to bottom.
        ticks: The beginnings of statements, from left to right.
        height: The height of all lanes, in pixels.
        end: What happens at the right edge.
        scale: What the width of a statement means.

    """

    lanes: tuple[Lane, ...]
    ticks: tuple[Tick, ...]
    height: int
    end: str
    scale: str

    @property
    def bars(self) -> list[Bar]:
        """The bars of all lanes."""
        return [bar for lane in self.lanes for bar in lane.bars]


def strength(mode: str) -> int:
    """Return what a mode blocks: 4 also reads, 3 writes, 2 schema changes, 1 less."""
    held = locks.strength(mode)
    return next((each for least, each in _STRENGTHS if held >= locks.strength(least)), 1)


def chart(file: FileReview) -> Chart | None:
    """Return a file's time line; None if it locks nothing that existed before."""
    statements = file.statements
    if not statements or not file.locks:
        return None
    times, scale = _times(statements)
    edges = _edges(times or [1.0] * len(statements))
    lanes: list[Lane] = []
    grows = any(each.ms_per_million for each in statements)
    unknown = "grows with the rows" if grows else "duration unknown"
    by_table: dict[str, list[Lock]] = {}
    for lock in file.locks:
        by_table.setdefault(lock.table, []).append(lock)
    y = 0
    for table, held in by_table.items():
        bars = tuple(_bars(held, statements, edges, y, unknown))
        height = len(bars) * (_LABEL + _BAR + _GAP)
        lanes.append(Lane(table, bars, y, height))
        y += height
    end = "COMMIT" if file.transactional else "the end of the file"
    return Chart(tuple(lanes), tuple(_ticks(statements, times, edges)), y, end, scale)


def _times(statements: Sequence[StatementReview]) -> tuple[list[float], str]:
    """Return each statement's milliseconds, none if they are unknown, and what they mean."""
    known = [each.duration_ms.estimate for each in statements if each.duration_ms]
    if len(known) == len(statements):
        return known, "Widths show the expected time in production"
    samples = [max(each.samples, key=lambda of: of.rows) for each in statements if each.samples]
    if len(samples) == len(statements):
        rows = count(samples[0].rows, "row")
        return [each.ms for each in samples], f"Widths show the time measured with {rows}"
    return [], "All widths are equal, because the times are unknown"


def _edges(times: Sequence[float]) -> list[float]:
    """Return the positions where statements begin, and where the last one ends, in percent.

    The widths are in proportion to the times, but wide enough to be seen.
    """
    least = min(_LEAST, _LEAST_OF_ALL / len(times))
    left = _WIDTH - least * len(times)
    total = sum(times) or 1.0
    return list(accumulate((least + left * each / total for each in times), initial=0.0))


def _bars(
    held: Sequence[Lock],
    statements: Sequence[StatementReview],
    edges: Sequence[float],
    y: int,
    unknown: str,
) -> Iterator[Bar]:
    """Yield the bars of a table, then those of its indexes; equal ones share a bar."""

    def alike(lock: Lock) -> tuple[bool, str, str, int, str]:
        return (lock.relation != lock.table, lock.kind, lock.mode, lock.line, lock.until)

    for _, group in groupby(sorted(held, key=alike), alike):
        first, *others = group
        place = next((at for at, each in enumerate(statements) if each.line >= first.line), 0)
        end = _end(first, place, statements, edges)
        yield Bar(
            _short(first.relation) if not others else count(1 + len(others), first.kind),
            f"of {_short(first.table)}" if first.relation != first.table else "",
            first.mode,
            strength(first.mode),
            first.line,
            first.until,
            in_words(first.held_ms) if first.held_ms else unknown,
            edges[place],
            end - edges[place],
            y + _LABEL,
        )
        y += _LABEL + _BAR + _GAP


def _end(
    lock: Lock, place: int, statements: Sequence[StatementReview], edges: Sequence[float]
) -> float:
    """Return where the bar of a lock ends that a statement takes."""
    if lock.until == "COMMIT":
        return _WIDTH
    if lock.held_ms and not lock.held_ms.estimate:  # for a moment
        return edges[place] + _LEAST_OF_ALL / len(statements) / 4
    ends = (at for at, each in enumerate(statements) if lock.until == f"line {each.end_line}")
    return edges[next(ends, place) + 1]


def _ticks(
    statements: Sequence[StatementReview], times: Sequence[float], edges: Sequence[float]
) -> Iterator[Tick]:
    shown, on_phone = (_labelled(edges, apart) for apart in (_APART, _APART_ON_PHONE))
    for place, statement in enumerate(statements):
        x, width = edges[place], edges[place + 1] - edges[place]
        wide = bool(times) and width >= _ROOM_FOR_DURATION
        yield Tick(
            x,
            statement.line if place in shown else None,
            place in on_phone,
            x + width / 2,
            duration(times[place]) if wide else "",
        )


def _labelled(edges: Sequence[float], apart: float) -> set[int]:
    """Return the statements whose labels have room; long statements come first."""
    shown: set[int] = set()
    for place in sorted(range(len(edges) - 1), key=lambda at: edges[at] - edges[at + 1]):
        if all(abs(edges[place] - edges[other]) >= apart for other in shown):
            shown.add(place)
    return shown


def _short(name: str) -> str:
    half = _LONGEST_NAME // 2
    return name if len(name) <= _LONGEST_NAME else f"{name[:half]}…{name[-half:]}"
