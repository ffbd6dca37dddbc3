"""Reads a database's history and compares it with the files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from migrator.core.errors import Refused
from migrator.core.files import CHECKSUM_ALGORITHM, Migration, Seed
from migrator.core.replaced import Replaced
from migrator.core.session import Session
from migrator.sql import sql


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One row of the history: an applied migration or seed, or an intent without an outcome.

    Args:
        id: The file name without `.sql`.
        checksum: The checksum of the file as it was applied; None if only stock yoyo marked it.
        detail: The algorithm of the checksum; for an intent, `apply` or `rollback`.
        at: When it was recorded.

    """

    id: str
    checksum: str | None
    detail: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class History:
    """What a database says of its own past, each kind by id, in the order of application.

    Args:
        migrations: Applied migrations.
        seeds: Applied seeds.
        intents: Files that were started and have no outcome.
        replaced: The ids of the applied migrations in whose place a squashed pair counts as
            applied, by its id; the database does not have its mark yet.
        halfway: The same of squashed pairs that do not, because only a part was applied, or
            something else.

    """

    migrations: dict[str, HistoryEntry] = field(default_factory=dict)
    seeds: dict[str, HistoryEntry] = field(default_factory=dict)
    intents: dict[str, HistoryEntry] = field(default_factory=dict)
    replaced: Mapping[str, Sequence[str]] = field(default_factory=dict)
    halfway: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KeptTexts:
    """The files of a migration as they were when it was applied; None for one that is not kept."""

    applied: str | None = None
    rollback: str | None = None


@dataclass(frozen=True, slots=True)
class State:
    """The history of a database compared with the files of a set.

    Args:
        applied: Applied migrations, in the order of the files.
        pending: Migrations that are not applied, in the order in which they would be.
        edited: Applied migrations whose file has changed.
        missing: Ids of applied migrations that have no file.
        out_of_order: Pending migrations that come before an applied one.
        interrupted: Ids of files outside a transaction that were started and have no outcome.
        pending_seeds: Seeds that were never applied, or changed since then.
        replaced: The same as in the history.
        halfway: Pending migrations that replace others, of which the database has some, but not
            all; with the ids of these, which are also missing.

    """

    applied: list[Migration]
    pending: list[Migration]
    edited: list[Migration]
    missing: list[str]
    out_of_order: list[Migration]
    interrupted: list[str]
    pending_seeds: list[Seed]
    replaced: Mapping[str, Sequence[str]] = field(default_factory=dict)
    halfway: Sequence[tuple[Migration, Sequence[str]]] = ()

    @property
    def up_to_date(self) -> bool:
        """Whether exactly the migrations in the files are applied; seeds do not count.

        Where there is neither a file nor a history, the wrong directory may be meant.
        """
        others = self.pending or self.edited or self.missing or self.interrupted
        return bool(self.applied) and not others

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
        verdict += " except for seeds" * (self.up_to_date and bool(self.pending_seeds))
        groups = self.ids().items()
        lines = [f"{name.replace('_', ' '):<14}{each}" for name, ids in groups for each in ids]
        return [*lines, verdict]


def read(session: Session) -> History:
    """Read the history; it is empty if the database has none.

    Raises:
        Refused: The role may not read it, or its tables are not those of yoyo.

    """
    from psycopg.errors import LockNotAvailable, ProgrammingError

    history = History()
    if not session.facts.has_history:
        return history
    query = sql("core/history" if session.facts.has_checksums else "core/history_of_stock_yoyo")
    kinds = {"migration": history.migrations, "seed": history.seeds, "intent": history.intents}
    try:
        rows = session.connection.execute(query.encode()).fetchall()
    except (LockNotAvailable, ProgrammingError) as error:
        hint = "Use the role that migrates. If another program made schema yoyo, rename it."
        if isinstance(error, LockNotAvailable):
            hint = "Another session has locked it: wait for its end, or end it; pg_locks shows it."
        raise Refused(
            f"The history in schema yoyo cannot be read: {error.diag.message_primary}", hint=hint
        ) from error
    checksums = {row[1]: row[3:5] for row in rows if row[0] == "checksum"}
    facts = [row for row in rows if row[0] != "checksum"]
    facts.sort(key=lambda row: (row[5] is None, row[5], row[2]))  # stock yoyo's may lack the time
    for kind, hashed, name, *of_its_own, at in facts:
        checksum, detail = checksums.get(hashed, of_its_own)
        kinds[kind][name] = HistoryEntry(name, checksum, detail, at)
    return history


def texts(session: Session, ids: Sequence[str]) -> dict[str, KeptTexts]:
    """Return the kept texts of migrations; of one from an older release, there are none."""
    if not session.facts.has_texts:
        return {each: KeptTexts() for each in ids}
    rows = session.connection.execute(sql("core/texts"), {"ids": list(ids)})
    found = {name: KeptTexts(applied, rollback) for name, applied, rollback in rows}
    return {each: found.get(each, KeptTexts()) for each in ids}


def folded(history: History, migrations: Sequence[Migration]) -> History:
    """Return a history in which a squashed pair stands in the place of all that it replaces.

    Its entry has the time of the last of them. Where only a part of them was applied, or another
    text, they are left as they are.
    """
    applied, replaced, halfway = history.migrations, dict(history.replaced), {}
    ids = {each.id for each in migrations}
    for each in migrations:
        ranged = each.source.replaces
        if ranged is None or each.id in applied:
            continue
        old = {name: entry for name, entry in applied.items() if _is_old(name, ranged, ids)}
        if ranged.are({name: _comparable(entry) for name, entry in old.items()}):
            last = [*old][-1]
            entry = HistoryEntry(
                each.id, each.source.checksum, CHECKSUM_ALGORITHM, applied[last].at
            )
            applied = {
                (each.id if name == last else name): entry if name == last else other
                for name, other in applied.items()
                if name == last or name not in old
            }
            replaced[each.id] = [*old]
        elif old:
            halfway[each.id] = [*old]
    return replace(history, migrations=applied, replaced=replaced, halfway=halfway)


def _is_old(name: str, ranged: Replaced, ids: set[str]) -> bool:
    return name not in ids and ranged.covers(name)


def _comparable(entry: HistoryEntry) -> str | None:
    return entry.checksum if entry.detail == CHECKSUM_ALGORITHM else None


def compare(history: History, migrations: Sequence[Migration], seeds: Sequence[Seed]) -> State:
    """Compare the history of a database with the files."""
    history = folded(history, migrations)
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
        replaced=history.replaced,
        halfway=[(each, old) for each in pending if (old := history.halfway.get(each.id))],
    )


def _is_edited(migration: Migration, recorded: HistoryEntry) -> bool:
    # Without a checksum, or with one of another algorithm, nobody can tell.
    return _comparable(recorded) not in {None, migration.source.checksum}


def _is_current(seed: Seed, seeds: dict[str, HistoryEntry]) -> bool:
    recorded = seeds.get(seed.id)
    return recorded is not None and recorded.checksum == seed.source.checksum


def in_words(state: State) -> str:
    """Return the state of a database in one sentence."""
    return (
        f"The history has {len(state.applied)} migrations applied, the last "
        f"{state.applied[-1].id if state.applied else 'none'}; pending: {len(state.pending)}"
        + (f"; interrupted: {', '.join(state.interrupted)}." if state.interrupted else ".")
    )


def refuse_disagreement(state: State, *, except_interrupted: Sequence[str] = ()) -> None:
    """Refuse to change a database whose history and files disagree.

    Args:
        state: The comparison of the two.
        except_interrupted: Ids of interrupted files that the command itself will finish.

    Raises:
        Refused: An applied file is edited or missing, a pending file comes before an applied one or
            replaces a part of what is applied, or an interrupted file has no outcome.

    """
    missing = [each for each in state.missing if not any(each in old for _, old in state.halfway)]
    problems = [
        *(_halfway(each, old) for each, old in state.halfway),
        *(f"{each.source.path}: was edited after it was applied" for each in state.edited),
        *(f"{each}: applied, but its file is missing" for each in missing),
        *(
            f"{each.source.path}: comes before migrations that are already applied"
            for each in state.out_of_order
            if not any(each is squashed for squashed, _ in state.halfway)
        ),
        *(
            f"{each}: was started outside a transaction and has no recorded outcome"
            for each in state.interrupted
            if each not in except_interrupted
        ),
    ]
    hints = [
        "Check out the release that has the replaced files, run `migrate` there, and come back."
        * bool(state.halfway),
        "Restore the applied text and write a new migration for the change." * bool(state.edited),
        "Get the missing files from the branch that applied them." * bool(missing),
        "Give the late file a number after the last applied one." * bool(state.out_of_order),
        "In a database of your own, `realign` rolls back what disagrees."
        * bool(state.edited or state.missing or state.out_of_order),
        "Run the interrupted command again, `migrate` or `rollback`, or `settle` the file: see "
        "docs/errors.md#files-outside-a-transaction." * bool(state.interrupted),
    ]
    if problems:
        raise Refused(
            "The history and the files disagree:\n  " + "\n  ".join(problems),
            hint=" ".join(filter(None, hints)),
        )


def _halfway(squashed: Migration, old: Sequence[str]) -> str:
    """Return what is wrong where a database has a part of what a file replaces."""
    ranged = squashed.source.replaces
    count = ranged.count if ranged else 0
    has = f"{len(old)} of them, the last {old[-1]}"
    if len(old) >= count:
        has = "others in their place, or other texts of them"
    return f"{squashed.source.path}: replaces {count} migrations, and the database has {has}"


def refuse_interrupted(state: State) -> None:
    """Refuse a database with files that were started outside a transaction and have no outcome.

    Raises:
        Refused: There is one.

    """
    if state.interrupted:
        raise Refused(
            f"{', '.join(state.interrupted)}: started outside a transaction, without an outcome.",
            hint="Run the interrupted command again, or `settle` the file: see "
            "docs/errors.md#files-outside-a-transaction.",
        )


def refuse_behind(state: State) -> None:
    """Refuse a database that is not up to date.

    Raises:
        Refused: Migrations are pending, or the history and the files disagree.

    """
    refuse_disagreement(state)
    if state.pending:
        raise Refused(
            f"{len(state.pending)} migrations are pending, the first {state.pending[0].id}.",
            hint="Run `migrate` first.",
        )
