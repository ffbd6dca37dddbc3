"""Does planned work stage by stage, several targets at once, and tells how each target ended."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from textwrap import indent
from typing import Any

from migrator.core import process
from migrator.fleet.pool import Event, Job, Pool, TargetFailure
from migrator.fleet.survey import Standpoint, Survey
from migrator.fleet.table import alike
from migrator.fleet.targets import Member

CONNECTIONS = 2  # of a target at work: the second one finds out for whom the first one waits
COLUMNS = ("TARGET", "STAGE", "VERSION", "RESULT")


@dataclass(frozen=True, slots=True)
class Pace:
    """How work goes on from target to target.

    Args:
        keep_going: Whether to begin with others after one failed.
        pause_after: The stage after which to end; None for none.
        soak_s: How long to wait after a stage before it is verified; None to do neither.

    """

    keep_going: bool = False
    pause_after: int | None = None
    soak_s: float | None = None


@dataclass(frozen=True, slots=True)
class TargetResult:
    """How the work on one target ended.

    Args:
        member: The target.
        version: The version that it is on; empty if that is not known.
        words: What was done.
        failure: Why it failed; None if it did not.
        value: What the work gave.

    """

    member: Member
    version: str
    words: str
    failure: TargetFailure | None = None
    value: Any = None

    @property
    def document(self) -> dict[str, Any]:
        """The result for machines."""
        return {
            "target": self.member.name,
            "stage": self.member.stage,
            "version": self.version,
            "result": self.words,
            "failure": self.failure.document if self.failure else None,
        }


@dataclass(frozen=True, slots=True)
class RolloutResult:
    """How it all ended.

    Args:
        targets: Each target, in the order of stages.
        exit_code: 0 all, 1 some failed, 130 interrupted.
        paused_after: The stage after which it ended as asked; None if it did not.

    """

    targets: list[TargetResult]
    exit_code: int
    paused_after: int | None = None

    @property
    def failed(self) -> list[str]:
        """The names of the targets that failed."""
        return [each.member.name for each in self.targets if each.failure]

    @property
    def document(self) -> dict[str, Any]:
        """The answer for machines."""
        return {
            "failed": self.failed,
            "paused_after": self.paused_after,
            "targets": [each.document for each in self.targets],
            "exit_code": self.exit_code,
        }

    def lines(self) -> list[str]:
        """Return the answer as text."""
        rows = [
            (each.member.name, str(each.member.stage), each.version, each.words)
            for each in self.targets
        ]
        told = alike(COLUMNS, rows)
        for each in self.targets:
            if each.failure:
                told += [f"{each.member.name}:", indent("\n".join(each.failure.lines), "  ")]
        if self.paused_after is not None:
            told.append(f"paused after stage {self.paused_after}; the same command goes on")
        if self.exit_code == process.INTERRUPTED:
            told.append("interrupted; the same command goes on")
        if self.failed:
            told.append(f"failed: {', '.join(self.failed)}")
        return told


class Rollout:
    """One run of a command that changes targets.

    Args:
        pool: The processes.
        pace: How it goes on.
        survey: Where all targets stand.
        tell: Told what happens.
        connections: How many connections a target may need at most.

    """

    def __init__(
        self,
        pool: Pool,
        pace: Pace,
        survey: Survey,
        tell: Callable[[Event], None],
        connections: int = CONNECTIONS,
    ) -> None:
        self._connections = connections
        self._pool = pool
        self._pace = pace
        self._tell = tell
        self._standpoints = {each.member.name: each for each in survey.standpoints}
        self._results: dict[str, TargetResult] = {}

    def run(
        self, kind: str, members: Sequence[Member], argument: Callable[[Member], Any]
    ) -> RolloutResult:
        """Work on targets, stage by stage in their order.

        Args:
            kind: Which work.
            members: The targets where something is to be done.
            argument: What the work on a target is given.

        """
        paused_after = None
        stages = [list(each) for _, each in groupby(members, lambda member: member.stage)]
        for number, stage in enumerate(stages):
            if not self._may_begin(stage):
                break
            self._work(kind, stage, argument)
            after = stages[number + 1][0].stage if number + 1 < len(stages) else None
            if self._pauses(stage[0].stage, after):
                paused_after = self._pace.pause_after
                break
        self._look_again()
        waiting = {each.name for each in members}
        results = [self._result(each, waiting) for each in self._standpoints.values()]
        code = 1 if any(each.failure for each in results) else 0
        code = process.INTERRUPTED if self._pool.is_interrupted else code
        return RolloutResult(results, code, paused_after)

    @property
    def _stops(self) -> bool:
        """Whether nothing new may begin."""
        has_failed = any(each.failure for each in self._results.values())
        return self._pool.is_interrupted or (has_failed and not self._pace.keep_going)

    def _pauses(self, stage: int, after: int | None) -> bool:
        """Say whether it is to pause between two stages; None: there is no other."""
        pause = self._pace.pause_after
        if self._stops or pause is None or after is None:
            return False
        return stage <= pause < after

    def _may_begin(self, stage: Sequence[Member]) -> bool:
        """Say whether a stage may begin: the one before it is verified, if that is asked for."""
        before = [
            each.member
            for each in self._standpoints.values()
            if each.member.stage < stage[0].stage and not each.failure
        ]
        if self._stops or self._pace.soak_s is None or not before:
            return not self._stops
        if self._results:
            self._pool.pause(self._pace.soak_s)
        last = max(each.stage for each in before)
        of_last = [each for each in before if each.stage == last]
        jobs = self._jobs("verify", of_last, lambda _: {"may_be_behind": True})
        for event in self._pool.run(jobs if not self._stops else [], goes_on=True):
            self._tell(event)
            if event.has_ended and (failure := event.failure or event.value.failure):
                self._end(event.member, "verify failed", failure)
        return not self._stops

    def _work(self, kind: str, stage: Sequence[Member], argument: Callable[[Member], Any]) -> None:
        jobs = self._jobs(kind, stage, argument)
        for event in self._pool.run(jobs, goes_on=self._pace.keep_going):
            self._tell(event)
            if event.failure:
                is_cut_off = event.failure.exit_code == process.INTERRUPTED
                self._end(event.member, "interrupted" if is_cut_off else "failed", event.failure)
            elif event.has_ended:
                self._results[event.member.name] = TargetResult(
                    event.member, event.value.position.version, event.value.words, value=event.value
                )

    def _end(self, member: Member, words: str, failure: TargetFailure) -> None:
        self._results[member.name] = TargetResult(member, "", words, failure)

    def _jobs(
        self,
        kind: str,
        members: Sequence[Member],
        argument: Callable[[Member], Any] = lambda _: None,
    ) -> list[Job]:
        return [
            Job(each, kind, argument(each), self._standpoints[each.name].server, self._connections)
            for each in members
        ]

    def _look_again(self) -> None:
        """See on which version the targets are that failed."""
        failed = [each.member for each in self._results.values() if each.failure]
        if self._pool.is_interrupted:
            return
        for event in self._pool.run(self._jobs("look", failed), goes_on=True):
            if event.has_ended:
                version = "" if event.failure else event.value.version
                result = self._results[event.member.name]
                self._results[event.member.name] = replace(result, version=version)

    def _result(self, standpoint: Standpoint, waiting: Collection[str]) -> TargetResult:
        member = standpoint.member
        if member.name in self._results:
            return self._results[member.name]
        words = "not begun" if member.name in waiting else "nothing to do"
        return TargetResult(member, standpoint.version, words)
