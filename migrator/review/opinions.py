"""Compares squawk's warnings with what was measured: confirmed, refuted, or beyond measuring."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence

from migrator.lint.squawk import SquawkWarning
from migrator.review import locks
from migrator.review.evidence import Step
from migrator.review.growth import scaling
from migrator.review.report import Opinion

Judge = Callable[[Step], str]


def judge(
    warnings: Sequence[SquawkWarning], steps: Sequence[Step], unseen: Collection[str]
) -> list[Opinion]:
    """Judge squawk's warnings about a file by what its statements did.

    Args:
        warnings: The warnings.
        steps: What each statement did.
        unseen: The tables without rows, of which nobody knows that production's have none either.

    """
    return [_judged(each, steps, unseen) for each in warnings]


def _judged(warned: SquawkWarning, steps: Sequence[Step], unseen: Collection[str]) -> Opinion:
    said = (warned.rule, warned.line, warned.message)
    step = next(
        (each for each in steps if each.part.line <= warned.line <= each.part.end_line), None
    )
    judges = (judge for names, judge in _JUDGES if re.fullmatch(names, warned.rule))
    judge_of = next(judges, None)
    if judge_of is None or step is None:
        return Opinion(*said, "beyond measuring")
    shown = judge_of(step)
    if shown and judge_of is _freeing:
        return Opinion(*said, "beyond measuring", shown)
    if shown:
        return Opinion(*said, "confirmed", shown)
    if judge_of is _heavy and (hollow := sorted(step.held.keys() & unseen)):
        return Opinion(*said, "beyond measuring", f"{', '.join(hollow)} had no rows to show it on")
    return Opinion(*said, "refuted", _HARMLESS[judge_of])


def _heavy(step: Step) -> str:
    """Say what a statement read or wrote under a lock that blocks writes; empty for nothing."""
    told = []
    for work in scaling(step.work):
        mode = step.held.get(work.relation, "")
        if locks.blocks_writes(mode):
            what = "rewrites" if work.rewritten else "reads"
            if work.indexes_built and not work.rewritten:
                what = "builds an index on"
            told.append(f"it {what} {work.relation} while it {locks.in_words(mode, work.relation)}")
    return "; ".join(told)


def _blocking(step: Step) -> str:
    """Say which lock of a statement blocks queries, however briefly; empty for none."""
    told = [
        locks.in_words(mode, table)
        for table, mode in step.held.items()
        if mode == locks.ACCESS_EXCLUSIVE
    ]
    return f"it {'; '.join(told)}" if told else ""


def _breaking(step: Step) -> str:
    """Say what a statement dropped or renamed that an application may use; empty for nothing."""
    gone = [each.words for each in step.changes] + [f"{each} is gone" for each in step.dropped]
    return "; ".join([*gone, *(f"{each} is emptied" for each in step.emptied)])


def _freeing(step: Step) -> str:
    """Say which tables lost a guarantee; whether anybody assumes it, nothing shows."""
    return f"{', '.join(step.freed)} loses a constraint" if step.freed else ""


_HARMLESS: dict[Judge, str] = {
    _heavy: "it reads and writes no existing rows under a lock that blocks others",
    _blocking: "it locks no existing table against reads",
    _freeing: "what the constraint guaranteed still holds",
    _breaking: "it drops and renames nothing that existed before",
}
# Which judge squawk's rules have, by their names.
_JUDGES: tuple[tuple[str, Judge], ...] = (
    (
        "adding-(field-with-default|foreign-key-constraint|(not-nullable|required)-field"
        "|serial-primary-key-field)|changing-column-type|constraint-missing-not-valid"
        "|disallowed-unique-constraint|prefer-repack|require-concurrent-(index-creation|reindex)",
        _heavy,
    ),
    ("require-concurrent-(index-deletion|partition-detach)", _blocking),
    ("ban-drop-constraint", _freeing),
    (
        "ban-drop-(column|database|domain|function|schema|sequence|table|type|view)"
        "|ban-truncate-cascade|renaming-(column|object|table)",
        _breaking,
    ),
)
