"""What a deploy is to do, and what was so before it: kept in the history of deploys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from migrator.core import files
from migrator.core.plan import Plan


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file that is to be applied.

    Args:
        id: The file's name without `.sql`.
        checksum: Of the file.
        rollback: Of the file that undoes it; empty for a seed.

    """

    id: str
    checksum: str
    rollback: str = ""


@dataclass(frozen=True, slots=True)
class DeployPlan:
    """A deploy's plan.

    Args:
        migrations: What is to be applied, in order.
        seeds: The seeds to apply after them.
        kind: open or closed.
        database: The target's name, which a closed database does not have meanwhile.
        backup: Which backup was approved: its kind, the reason, patterns of what is left out.
        before: The ids of the migrations that were applied before.
        seeded: The marks of the seeds that were applied before, as core/record_seed.sql has them.
        known: What verify found before.

    """

    migrations: Sequence[PlannedFile]
    seeds: Sequence[PlannedFile]
    kind: str = "open"
    database: str = ""
    backup: Mapping[str, Any] = field(default_factory=dict)
    before: Sequence[str] = ()
    seeded: Sequence[Mapping[str, str | None]] = ()
    known: Sequence[str] = ()

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> DeployPlan:
        """Return a plan from its document in the history; an older release's says more."""
        known = {each.name: document[each.name] for each in fields(cls) if each.name in document}
        for name in ("migrations", "seeds"):
            known[name] = [PlannedFile(**each) for each in document[name]]
        return cls(**known)

    def files(self) -> dict[str, list[dict[str, str]]]:
        """Return the files alone, for a digest or a reader."""
        parts = {"migrations": self.migrations, "seeds": self.seeds}
        return {name: [asdict(each) for each in files] for name, files in parts.items()}

    @property
    def is_closed(self) -> bool:
        """Whether the database is closed meanwhile."""
        return self.kind == "closed"

    @property
    def words(self) -> str:
        """How many files there are, in words."""
        counts = ((len(self.migrations), "migration"), (len(self.seeds), "seed"))
        return ", ".join(f"{number} {what}{'s' * (number != 1)}" for number, what in counts)


def planned(plan: Plan) -> DeployPlan:
    """Return the files of a plan: what they are called, and what they say."""
    return DeployPlan(
        [
            PlannedFile(each.id, each.source.checksum, files.read(each.rollback_path).checksum)
            for each in plan.migrations
        ],
        [PlannedFile(each.id, each.source.checksum) for each in plan.seeds],
    )
