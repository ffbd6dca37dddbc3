"""The answer of `status`: the history compared with the files, and what capabilities add."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from migrator.core import files, history, predecessors, progress
from migrator.core.files import Migration
from migrator.core.history import KeptTexts
from migrator.core.runner import Runner


@dataclass(frozen=True, slots=True)
class Standing:
    """The answer of `status`.

    Args:
        up_to_date: Whether exactly the files are applied, and no capability has a problem.
        document: The answer as a JSON document.
        lines: The answer as text, with the verdict at the end.

    """

    up_to_date: bool
    document: dict[str, Any]
    lines: list[str]


def standing(runner: Runner, *, with_diff: bool = False) -> Standing:
    """Compare the target of a runner with the files.

    Args:
        runner: The target and the files.
        with_diff: Whether to show what was changed in edited files.

    Raises:
        Refused: The history cannot be read.

    """
    state = runner.state()
    up_to_date = state.up_to_date
    project = runner.project
    unread = [path for each in project.directories for path in files.not_read(each, project.apart)]
    passed_over = list(map(str, unread))
    document: dict[str, Any] = {**state.ids(), "not_read": passed_over}
    *lines, verdict = state.lines()
    lines += [f"{'not read':<14}{each}" for each in passed_over]
    if batched := progress.read(runner.session):
        running = [each.id for each in progress.at_work(runner.session)]
        document["batches"] = [
            {**each.document, "is_running": each.id in running} for each in batched
        ]
        stopped = {f"{'interrupted':<14}{each}" for each in running}
        lines = [each for each in lines if each not in stopped]
        lines += [
            f"{'batches':<14}{each.id}: {each.words}; "
            + (f"running, pid {each.run_pid}" if each.id in running else "stopped")
            for each in batched
        ]
    has_history = runner.session.facts.has_history
    if not has_history and (found := predecessors.find(runner.session).histories):
        document["other_history"] = [each.words for each in found]
        lines += [f"{'other history':<14}{each}" for each in document["other_history"]]
    if (cluster := runner.session.citus) is not None:
        document["citus"] = cluster.document
        lines.append(f"{'citus':<14}{cluster.words}")
    if with_diff:
        kept = history.texts(runner.session, [each.id for each in state.edited])
        diffs = {each.id: _diff(each, kept[each.id]) for each in state.edited}
        document["diffs"] = {name: "\n".join(diff) for name, diff in diffs.items()}
        lines += [line for diff in diffs.values() for line in diff]
    if (section := runner.additions.status(runner.session)) is not None:
        document[section.name] = list(section.entries)
        lines += section.lines
        if section.problem:
            up_to_date, verdict = False, f"not up to date: {section.problem}"
    return Standing(up_to_date, {"up_to_date": up_to_date, **document}, [*lines, verdict])


def _diff(migration: Migration, kept: KeptTexts) -> list[str]:
    """Return what was changed in the files of a migration after it was applied."""
    import difflib

    rollback = files.read(migration.rollback_path)
    lines = []
    for then, now in ((kept.applied, migration.source), (kept.rollback, rollback)):
        if then is None:
            lines.append(f"{now.path}: its text was not kept when it was applied")
            continue
        text = now.text.decode()
        names = (f"{now.path} (applied)", str(now.path))
        lines += difflib.unified_diff(then.splitlines(), text.splitlines(), *names, lineterm="")
    return lines
