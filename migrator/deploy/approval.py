"""What is approved: the files and their order, the target's history, its schema, as one digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from migrator.catalogue import objects
from migrator.core import history, process
from migrator.core.errors import Refused
from migrator.core.plan import Plan
from migrator.core.runner import Runner
from migrator.deploy.plan import planned

_LENGTH = 16  # hexadecimal digits of each part: 64 bits
_PARTS = {
    "files": "the files that would be applied, their order, or how: closed, or which backup",
    "history": "the target or its history",
    "schema": "the target's schema",
}


@dataclass(frozen=True, slots=True)
class Approval:
    """A digest in three parts, so that a refusal can say which of them changed."""

    files: str
    history: str
    schema: str

    @property
    def digest(self) -> str:
        """The parts as one word."""
        return f"{self.files}-{self.history}-{self.schema}"

    def refuse_unless(self, approved: str) -> None:
        """Refuse to go on unless this is what was approved.

        Raises:
            Refused: Something changed since.

        """
        if approved == self.digest:
            return
        parts = approved.strip().split("-")
        changed = [
            words
            for (part, words), given in zip(_PARTS.items(), parts, strict=False)
            if getattr(self, part) != given
        ]
        if len(parts) != len(_PARTS):
            changed = ["it is no digest of a plan"]
        raise Refused(
            f"This is not what was approved: {'; '.join(changed)}. Now it is {self.digest}.",
            hint=process.ways(("Look at it again, and approve that:", ["deploy", "--dry-run"])),
        )


def compute(runner: Runner, plan: Plan, terms: Mapping[str, Any], database: str) -> Approval:
    """Return the digest of what would be done to a target as it is now.

    Args:
        runner: The target and the files.
        plan: What would be applied.
        terms: How: open or closed, with which backup.
        database: The target's name, which a closed one does not have meanwhile.

    Raises:
        Refused: What a view reads is locked by another session.

    """
    read = history.folded(history.read(runner.session), runner.migrations)
    recorded = [*read.migrations.values(), *read.seeds.values(), *read.intents.values()]
    server = runner.session.connection.execute(
        "SELECT s.system_identifier FROM pg_control_system() AS s"
    ).fetchone()
    marks = [[each.id, each.checksum, each.detail] for each in recorded]
    return Approval(
        files=_sum([planned(plan).files(), terms]),
        history=_sum([database, [server, *marks]]),
        schema=objects.read(runner.session.connection).database.digest[:_LENGTH],
    )


def files_digest(plan: Plan) -> str:
    """Return a sum over the files of a plan alone."""
    return _sum(planned(plan).files())


def _sum(what: Any) -> str:
    text = json.dumps(what, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]
