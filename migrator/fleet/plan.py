"""What would be done where: refused as a whole, or approved by one digest."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from migrator.core.errors import Refused
from migrator.core.files import FileSet, Migration
from migrator.core.plan import find
from migrator.fleet.survey import Survey, failures, number_of, target_table
from migrator.fleet.targets import Member

_LENGTH = 16  # hexadecimal digits of each part: 64 bits
_PARTS = ("the files, or what is to be done with them", "the targets")
_AGAIN = "Look at `fleet plan` again, and approve what it shows."


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be done.

    Args:
        kind: migrate, rollback or seed; a deploy is planned as migrate.
        to: The last migration to apply, or to keep; None for all.
        with_seeds: Whether seeds follow.
        migrations: Of one target, the ids of those that were planned there.

    """

    kind: str = "migrate"
    to: str | None = None
    with_seeds: bool = True
    migrations: Sequence[str] = ()

    @property
    def is_rollback(self) -> bool:
        """Whether migrations are undone."""
        return self.kind == "rollback"

    @property
    def words(self) -> str:
        """What would be done with a migration."""
        return "would roll back" if self.is_rollback else "would apply"


@dataclass(frozen=True, slots=True)
class FleetPlan:
    """What would be done on all targets.

    Args:
        asked: What is to be done.
        files: The files of the set.
        survey: Where the targets stand, with what would be done there.

    """

    asked: Asked
    files: FileSet
    survey: Survey

    def members(self) -> list[Member]:
        """Return the targets where something is to be done, or may be: in the order of stages."""
        found = [
            each.member
            for each in self.survey.standpoints
            if not (at := each.position) or at.migrations or at.seeds
        ]
        return sorted(found, key=lambda each: each.stage, reverse=self.asked.is_rollback)

    def step(self, member: Member) -> Asked:
        """Return what is to be done on a target; on one that could not be reached, nothing more."""
        (at,) = (each.position for each in self.survey.standpoints if each.member is member)
        in_reach = [each.id for each in self._in_reach]  # it may be reached when its turn comes
        return replace(self.asked, migrations=at.migrations if at else in_reach)

    @property
    def _in_reach(self) -> list[Migration]:
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
        wrong = [each for each in self.survey.standpoints if each.failure or each.is_unfit]
        is_reach_alone = all(each.is_unreachable for each in wrong)
        if not wrong or (except_unreachable and is_reach_alone):
            return
        unfit = [f"{each.member.name}: {each.wrong}" for each in wrong if not each.failure]
        others = " ".join(f"--except {each.member.name}" for each in wrong)
        raise Refused(
            f"{len(wrong)} of {len(self.survey.standpoints)} targets cannot be worked on:\n  "
            + "\n  ".join([*failures(wrong), *unfit]),
            state="Nothing was changed anywhere.",
            hint="See to them; or work on the others with --keep-going."
            if is_reach_alone
            else f"Correct these targets. Or add this, to work on the others:\n      {others}",
        )

    @property
    def floor(self) -> str:
        """The number of the version that the target furthest back is on."""
        if self.asked.is_rollback:
            return number_of(find(self.files.migrations, str(self.asked.to)).id)
        known = [each.version for each in self.survey.standpoints if each.position]
        return min(known, key=self._numbers.index, default="none")

    @property
    def _numbers(self) -> list[str]:
        return ["none", *(number_of(each.id) for each in self.files.migrations)]

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
        numbers = self._numbers
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
        known = [each.position for each in self.survey.standpoints if each.position]
        counts = Counter(name for at in known for name in (*at.migrations, *at.seeds))
        listed = [
            f"{self.asked.words} {name} on {count} target{'s' * (count != 1)}"
            for name, count in sorted(counts.items(), reverse=self.asked.is_rollback)
        ]
        columns = {
            self.asked.words.upper(): lambda it: _range(getattr(it.position, "migrations", ())),
            "STATE": lambda it: it.wrong if it.failure else "",
        }
        table = target_table(self.survey.standpoints, columns)
        return [*table, *(listed or ["nothing to do"]), f"digest: {self.digest}"]

    @property
    def document(self) -> dict[str, Any]:
        """The plan for machines."""
        targets = [
            each.document(
                migrations=[*at.migrations] if (at := each.position) else [],
                seeds=[*at.seeds] if at else [],
            )
            for each in self.survey.standpoints
        ]
        return {"digest": self.digest, "to": self.asked.to, "targets": targets}


def _range(ids: Sequence[str]) -> str:
    ends = dict.fromkeys(number_of(each) for each in (*ids[:1], *ids[-1:]))
    return " to ".join(ends)


def _sum(what: Any) -> str:
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:_LENGTH]
