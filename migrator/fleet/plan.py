"""What would be done where: refused as a whole, or approved by one digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from migrator.core.errors import Refused
from migrator.core.files import FileSet
from migrator.core.plan import find
from migrator.fleet.survey import Standpoint, Survey, TargetPosition, number_of
from migrator.fleet.table import alike, grouped
from migrator.fleet.targets import Member

_LENGTH = 16  # hexadecimal digits of each part: 64 bits
_PARTS = ("the files, or what is to be done with them", "the targets")
_AGAIN = "Look at `fleet plan` again, and approve what it shows."


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be done.

    Args:
        to: The last migration to apply, or to keep; None for all.
        with_seeds: Whether seeds follow.
        is_rollback: Whether it is a rollback.

    """

    to: str | None = None
    with_seeds: bool = True
    is_rollback: bool = False

    @property
    def words(self) -> str:
        """What would be done with a migration."""
        return "would roll back" if self.is_rollback else "would apply"


@dataclass(frozen=True, slots=True)
class TargetPlan:
    """What would be done on one target.

    Args:
        position: Where it stands; None if that is not known.
        migrations: The ids of the migrations, in order.
        seeds: The ids of the seeds that follow.

    """

    position: TargetPosition | None
    migrations: Sequence[str] = ()
    seeds: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class TargetStep:
    """What is done on one target: it was planned and approved."""

    asked: Asked
    plan: TargetPlan


@dataclass(frozen=True, slots=True)
class FleetPlan:
    """What would be done on all targets.

    Args:
        asked: What is to be done.
        files: The files of the set.
        survey: Where the targets stand.
        plans: What would be done on each target that could be planned, by name.

    """

    asked: Asked
    files: FileSet
    survey: Survey
    plans: Mapping[str, TargetPlan] = field(default_factory=dict)

    def members(self) -> list[Member]:
        """Return the targets where something is to be done, or may be: in the order of stages."""
        found = [
            each.member
            for each in self.survey.standpoints
            if each.failure or self._of(each).migrations or self._of(each).seeds
        ]
        return sorted(found, key=lambda each: each.stage, reverse=self.asked.is_rollback)

    def step(self, member: Member) -> TargetStep:
        """Return what is to be done on a target; on one that could not be reached, nothing more."""
        plan = self.plans.get(member.name)
        if plan is None:  # it may be reached when its turn comes
            plan = TargetPlan(None, [each.id for each in self._in_reach])
        return TargetStep(self.asked, plan)

    def _of(self, standpoint: Standpoint) -> TargetPlan:
        return self.plans.get(standpoint.member.name, TargetPlan(None))

    @property
    def _in_reach(self) -> list[Any]:
        """The migrations that the command is about, on any target."""
        migrations = self.files.migrations
        if self.asked.to is None:
            return list(migrations)
        at = migrations.index(find(migrations, self.asked.to)) + 1
        return migrations[at:] if self.asked.is_rollback else migrations[:at]

    def refuse(self, *, except_unreachable: bool) -> None:
        """Refuse to begin anywhere if something is wrong with one target.

        Args:
            except_unreachable: Whether targets that cannot be reached are left for later.

        Raises:
            Refused: Something is; the message names each target and what is wrong.

        """
        wrong: list[tuple[str, str]] = []
        has_hint: set[str] = set()
        for each in self.survey.standpoints:
            if each.failure and not (each.unreachable and except_unreachable):
                wrong.append((each.failure.message, each.member.name))
                has_hint.add(each.failure.hint)
            elif each.twin or (each.position and each.position.is_standby):
                wrong.append((each.wrong, each.member.name))
        if not wrong:
            return
        lines = [f"{', '.join(names)}: {message}" for message, names in grouped(wrong).items()]
        lost = all(each.unreachable for each in self.survey.standpoints if each.wrong)
        raise Refused(
            f"{len(wrong)} of {len(self.survey.standpoints)} targets cannot be worked on:\n  "
            + "\n  ".join(lines),
            state="Nothing was changed anywhere.",
            hint="See to them; or work on the others with --keep-going."
            if lost
            else " ".join(sorted(filter(None, has_hint))) or "Correct the targets.",
        )

    @property
    def floor(self) -> str:
        """The number of the version that the target furthest back is on."""
        if self.asked.is_rollback:
            return number_of(find(self.files.migrations, str(self.asked.to)).id)
        known = [self.plans[name].position for name in self.plans]
        order = ["none", *(number_of(each.id) for each in self.files.migrations)]
        return min((each.version for each in known if each), key=order.index, default="none")

    @property
    def digest(self) -> str:
        """What is approved: the files, the targets, and the version furthest back.

        It stays the same while targets move on, so that a command can be given again.
        """
        return self._digest(self.floor)

    def _digest(self, floor: str) -> str:
        files = [
            [each.id, each.source.checksum, self.files.rollbacks[each.id].checksum]
            for each in self._in_reach
        ]
        seeds = [[each.id, each.source.checksum] for each in self.files.seeds]
        what = [self.asked.is_rollback, files, seeds if self.asked.with_seeds else []]
        positions = {each.member.name: each.position for each in self.survey.standpoints}
        where = [[name, at and [at.system, at.oid]] for name, at in sorted(positions.items())]
        return f"{_sum(what)}-{_sum(where)}-{floor}"

    def refuse_unless(self, approved: str) -> None:
        """Refuse to go on unless this is what was approved.

        Raises:
            Refused: Something else was.

        """
        *parts, floor = approved.strip().split("-", len(_PARTS))
        numbers = ["none", *(number_of(each.id) for each in self.files.migrations)]
        if len(parts) != len(_PARTS) or floor not in numbers:
            raise Refused(f"{approved} is no digest of a plan.", hint=_AGAIN)
        now = self._digest(floor).split("-", len(_PARTS))
        changed = [words for words, a, b in zip(_PARTS, parts, now, strict=False) if a != b]
        if not self.asked.is_rollback and numbers.index(self.floor) < numbers.index(floor):
            changed.append(f"a target is at {self.floor}, before {floor}")
        if changed:
            raise Refused(
                f"This is not what was approved: {'; '.join(changed)}. Now it is {self.digest}.",
                state="Nothing was changed anywhere.",
                hint=_AGAIN,
            )

    def lines(self) -> list[str]:
        """Return the plan as text: where the targets stand, what would be done, the digest."""
        rows = [
            (
                each.member.name,
                str(each.member.stage),
                each.version,
                _range(self._of(each).migrations),
                each.wrong if each.failure else "",
            )
            for each in self.survey.standpoints
        ]
        counts: dict[str, int] = {}
        for plan in self.plans.values():
            for name in (*plan.migrations, *plan.seeds):
                counts[name] = counts.get(name, 0) + 1
        listed = [
            f"{self.asked.words} {name} on {count} target{'s' * (count != 1)}"
            for name, count in sorted(counts.items(), reverse=self.asked.is_rollback)
        ]
        columns = ("TARGET", "STAGE", "VERSION", self.asked.words.upper(), "STATE")
        listed = listed or ["nothing to do"]
        return [*alike(columns, rows), *listed, f"digest: {self.digest}"]

    @property
    def document(self) -> dict[str, Any]:
        """The plan for machines."""
        return {
            "digest": self.digest,
            "to": self.asked.to,
            "targets": [
                {
                    "target": each.member.name,
                    "stage": each.member.stage,
                    "version": each.version,
                    "migrations": list(self._of(each).migrations),
                    "seeds": list(self._of(each).seeds),
                    "failure": each.failure.document if each.failure else None,
                }
                for each in self.survey.standpoints
            ],
        }


def _range(ids: Sequence[str]) -> str:
    if not ids:
        return ""
    first, last = number_of(ids[0]), number_of(ids[-1])
    return first if first == last else f"{first} to {last}"


def _sum(what: Any) -> str:
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:_LENGTH]
