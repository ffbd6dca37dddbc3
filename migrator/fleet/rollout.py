"""Does planned work stage by stage, several targets at once, and tells how each target ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from migrator.core import process
from migrator.core.errors import Failed, Paused
from migrator.core.session import NoConnection
from migrator.fleet.pool import Event, Job, Pool
from migrator.fleet.survey import Standpoint, Survey, target_table
from migrator.fleet.targets import Member

CONNECTIONS = {"deploy": 4, "verify": 2}  # pg_dump and pg_restore have theirs


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
class RolloutResult:
    """How it all ended.

    Args:
        targets: Each target, in the order of stages.
        exit_code: 0 all, 1 some failed, 4 batches of some are paused, 130 interrupted.
        paused_after: The stage after which it ended as asked; None if it did not.

    """

    targets: list[Standpoint]
    exit_code: int
    paused_after: int | None = None

    @property
    def failed(self) -> list[str]:
        """The names of the targets that failed."""
        return [each.member.name for each in self.targets if _has_failed(each)]

    @property
    def document(self) -> dict[str, Any]:
        """The answer for machines."""
        return {
            "failed": self.failed,
            "paused_after": self.paused_after,
            "targets": [each.document(result=each.result) for each in self.targets],
            "exit_code": self.exit_code,
        }

    def lines(self) -> list[str]:
        """Return the answer as text."""
        lines = target_table(self.targets, {"RESULT": lambda it: it.result})
        if self.paused_after is not None:
            lines.append(f"paused after stage {self.paused_after}; the same command goes on")
        if self.exit_code == process.INTERRUPTED:
            lines.append("interrupted; the same command goes on")
        if self.failed:
            lines.append(f"failed: {', '.join(self.failed)}")
        return lines


class Rollout:
    """One run of a command that changes targets.

    Args:
        pool: The processes.
        pace: How it goes on.
        survey: Where all targets stand.
        tell: Told what happens.

    """

    def __init__(
        self, pool: Pool, pace: Pace, survey: Survey, tell: Callable[[Event], None]
    ) -> None:
        self._pool = pool
        self._pace = pace
        self._tell = tell
        self._now = {each.member.name: each for each in survey.standpoints}
        self._has_begun = False

    def run(
        self, kind: str, members: Sequence[Member], argument: Callable[[Member], Any]
    ) -> RolloutResult:
        """Work on targets, stage by stage in their order.

        Args:
            kind: Which work.
            members: The targets where something is to be done.
            argument: What the work on a target is given.

        """
        for name, each in self._now.items():
            result = "not begun" if each.member in members else "nothing to do"
            result += f", {each.wrong}" * (not each.position)
            self._now[name] = replace(each, result=result, failure=None)
        paused_after, pause = None, self._pace.pause_after
        stages = [list(each) for _, each in groupby(members, lambda member: member.stage)]
        for stage, after in zip(stages, [*stages[1:], None], strict=False):
            if not self._may_begin(stage):
                break
            self._has_begun = True
            for event in self._at_work(kind, stage, argument, goes_on=self._pace.keep_going):
                self._end(event)
            if after and pause is not None and stage[0].stage <= pause < after[0].stage:
                paused_after = None if self._stops else pause
                break
        self._look_again()
        results = [*self._now.values()]
        code = max((each.failure.exit_code for each in results if each.failure), default=0)
        code = 1 if any(map(_has_failed, results)) else code
        code = process.INTERRUPTED if self._pool.is_interrupted else code
        return RolloutResult(results, code, paused_after)

    @property
    def _stops(self) -> bool:
        """Whether nothing new may begin."""
        has_failed = any(each.failure for each in self._now.values())
        return self._pool.is_interrupted or (has_failed and not self._pace.keep_going)

    def _may_begin(self, stage: Sequence[Member]) -> bool:
        """Say whether a stage may begin: the one before it is verified, if that is asked for."""
        done = [each for each in self._now.values() if each.member.stage < stage[0].stage]
        before = [each.member for each in done if not each.failure]
        if self._stops or self._pace.soak_s is None or not before:
            return not self._stops
        if self._has_begun:
            self._pool.pause(self._pace.soak_s)
        last = max(each.stage for each in before)
        of_last = [each for each in before if each.stage == last and not self._stops]
        for event in self._at_work("verify", of_last, lambda _: {"may_be_behind": True}):
            failure = event.failure
            if event.value and event.value.findings:
                failure = Failed("verify found:\n  " + "\n  ".join(event.value.findings))
            if failure:
                self._end(replace(event, failure=failure), "verify failed")
        return not self._stops

    def _at_work(
        self,
        kind: str,
        members: Sequence[Member],
        argument: Callable[[Member], Any] = lambda _: None,
        *,
        goes_on: bool = True,
    ) -> Iterator[Event]:
        """Have targets worked on; yield how each ended."""
        jobs = [
            Job(each, kind, argument(each), self._now[each.name].server, CONNECTIONS.get(kind, 1))
            for each in members
        ]
        for event in self._pool.run(jobs, goes_on=goes_on):
            self._tell(event)
            if event.has_ended:
                yield event

    def _end(self, event: Event, words: str = "failed") -> None:
        """Keep how the work on a target ended."""
        if event.failure and event.failure.exit_code == process.INTERRUPTED:
            words = "interrupted"
        elif isinstance(event.failure, Paused):
            words = "paused"
        elif isinstance(event.failure, NoConnection):
            words = event.failure.why
        elif event.value and not event.failure:
            words = event.value.words
        now = replace(self._now[event.member.name], position=event.value, failure=event.failure)
        self._now[event.member.name] = replace(now, result=words)

    def _look_again(self) -> None:
        """See on which version the targets are that failed."""
        jobs = [Job(each.member, "look") for each in self._now.values() if _may_have_moved(each)]
        for event in self._pool.run([] if self._pool.is_interrupted else jobs, goes_on=True):
            if event.has_ended:
                name = event.member.name
                self._now[name] = replace(self._now[name], position=event.value)


def _may_have_moved(standpoint: Standpoint) -> bool:
    return bool(standpoint.failure) and not standpoint.is_unreachable


def _has_failed(standpoint: Standpoint) -> bool:
    return bool(standpoint.failure) and not isinstance(standpoint.failure, Paused)
