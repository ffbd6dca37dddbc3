"""What a database's history says against what the files say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from migrator.core.errors import Refused
from migrator.core.files import CHECKSUM_ALGORITHM, Migration, Seed
from migrator.core.session import Session
from migrator.sql import sql


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One row of the history: a migration or seed as applied, or an intent that has no outcome.

    Args:
        id: The file name without `.sql`.
        checksum: Of the file as applied; None where only yoyo marked it.
        detail: The checksum's algorithm; of an intent, its direction.
        at: When it was recorded.

    """

    id: str
    checksum: str | None
    detail: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class History:
    """What a database says of its own past, each kind by id, in the order of application."""

    migrations: dict[str, HistoryEntry] = field(default_factory=dict)
    seeds: dict[str, HistoryEntry] = field(default_factory=dict)
    intents: dict[str, HistoryEntry] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class State:
    """A database's history against a set's files.

    Args:
        applied: Files that are applied, in the files' order.
        pending: Files that are not, in the order in which they would be applied.
        edited: Applied files whose text is another now.
        missing: Ids that are applied and have no file.
        out_of_order: Pending files that come before an applied one.
        interrupted: Non-transactional files that were started and have no outcome.
        pending_seeds: Seeds that were never applied, or changed since.

    """

    applied: list[Migration]
    pending: list[Migration]
    edited: list[Migration]
    missing: list[str]
    out_of_order: list[Migration]
    interrupted: list[str]
    pending_seeds: list[Seed]

    @property
    def up_to_date(self) -> bool:
        """Whether every file is applied as it is, and nothing else is."""
        return not (self.pending or self.edited or self.missing or self.interrupted)

    def ids(self) -> dict[str, list[str]]:
        """Return the ids of each group, as `status` shows them."""
        return {
            "applied": [each.id for each in self.applied],
            "pending": [each.id for each in self.pending],
            "edited": [each.id for each in self.edited],
            "missing": self.missing,
            "out_of_order": [each.id for each in self.out_of_order],
            "interrupted": self.interrupted,
            "pending_seeds": [each.id for each in self.pending_seeds],
        }

    def lines(self) -> list[str]:
        """Return the groups as text, with a verdict at the end."""
        verdict = "up to date" if self.up_to_date else "not up to date"
        verdict += " but for seeds" * (self.up_to_date and bool(self.pending_seeds))
        groups = self.ids().items()
        lines = [f"{name.replace('_', ' '):<14}{each}" for name, ids in groups for each in ids]
        return [*lines, verdict]


def read(session: Session) -> History:
    """Read the history; a database without one has an empty history.

    Raises:
        Refused: The role may not read it, or the tables are not yoyo's.

    """
    from psycopg import ProgrammingError

    history = History()
    if not session.facts.has_history:
        return history
    query = sql("core/history" if session.facts.has_checksums else "core/history_of_stock_yoyo")
    kinds = {"migration": history.migrations, "seed": history.seeds, "intent": history.intents}
    try:
        rows = session.connection.execute(query.encode()).fetchall()
    except ProgrammingError as error:
        raise Refused(
            f"The history in schema yoyo cannot be read: {str(error).strip()}",
            hint="Use the role that migrates; a schema yoyo of another origin is in the way.",
        ) from error
    for kind, *row in rows:
        recorded = HistoryEntry(*row)
        kinds[kind][recorded.id] = recorded
    return history


def compare(history: History, migrations: Sequence[Migration], seeds: Sequence[Seed]) -> State:
    """Compare a history with the files."""
    applied = [each for each in migrations if each.id in history.migrations]
    pending = [each for each in migrations if each.id not in history.migrations]
    last = max((migrations.index(each) for each in applied[-1:]), default=-1)
    ids = {each.id for each in migrations}
    return State(
        applied=applied,
        pending=pending,
        edited=[each for each in applied if _is_edited(each, history.migrations[each.id])],
        missing=[each for each in history.migrations if each not in ids],
        out_of_order=[each for each in migrations[: last + 1] if each in pending],
        interrupted=list(history.intents),
        pending_seeds=[each for each in seeds if not _is_current(each, history.seeds)],
    )


def _is_edited(migration: Migration, recorded: HistoryEntry) -> bool:
    # Without a checksum, or with one of another algorithm, nothing can be said.
    return recorded.detail == CHECKSUM_ALGORITHM and recorded.checksum != migration.source.checksum


def _is_current(seed: Seed, seeds: dict[str, HistoryEntry]) -> bool:
    recorded = seeds.get(seed.id)
    return recorded is not None and recorded.checksum == seed.source.checksum


def in_words(state: State) -> str:
    """Return where a database stands, in one sentence."""
    return (
        f"The history has {len(state.applied)} migrations applied, the last "
        f"{state.applied[-1].id if state.applied else 'none'}; pending: {len(state.pending)}"
        + (f"; interrupted: {', '.join(state.interrupted)}." if state.interrupted else ".")
    )


def refuse_disagreement(state: State, *, except_interrupted: Sequence[str] = ()) -> None:
    """Refuse to change a database whose history and files disagree.

    Args:
        state: The comparison.
        except_interrupted: Interrupted files that the command itself will bring to an end.

    Raises:
        Refused: A file that was applied is edited or missing, a file comes too late, or a
            non-transactional file has no outcome.

    """
    problems = [
        *(f"{each.source.path}: edited since it was applied" for each in state.edited),
        *(f"{each}: applied, but its file is missing" for each in state.missing),
        *(
            f"{each.source.path}: comes before files that are applied"
            for each in state.out_of_order
        ),
        *(
            f"{each}: was started outside a transaction and has no recorded outcome"
            for each in state.interrupted
            if each not in except_interrupted
        ),
    ]
    hints = [
        "Restore the applied text and write a new migration for the change." * bool(state.edited),
        "Get the missing files from the branch that applied them." * bool(state.missing),
        "Give the late file a number after the last applied one." * bool(state.out_of_order),
        "Bring the interrupted file to its end by the command that began it, migrate or rollback, "
        "or `settle` it: see docs/errors.md#files-outside-a-transaction." * bool(state.interrupted),
    ]
    if problems:
        raise Refused(
            "The history and the files disagree:\n  " + "\n  ".join(problems),
            hint=" ".join(filter(None, hints)),
        )


def refuse_behind(state: State) -> None:
    """Refuse a database that is not what the files say.

    Raises:
        Refused: It is not up to date.

    """
    refuse_disagreement(state)
    if state.pending:
        raise Refused(
            f"{len(state.pending)} migrations are pending, the first {state.pending[0].id}.",
            hint="Run migrate first.",
        )
