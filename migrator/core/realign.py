"""Finds what must be rolled back so that a database agrees with the files again.

After a change of branch or an edit, the files that were applied may be gone. So migrations are
rolled back by the texts that the history has kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from migrator.core import files, history
from migrator.core.errors import Failed, Refused
from migrator.core.files import Migration, Seed
from migrator.core.history import KeptTexts, State
from migrator.core.plan import Plan
from migrator.core.session import Session

_KEPT = Path("yoyo.migration_text")  # where the texts are, for messages

_CORRECT = (
    "Correct the text, which is kept in the database, and run `realign` again: "
    "UPDATE yoyo.migration_text SET rollback_text = '...' "
    "WHERE migration_hash = encode(sha256('{name}'), 'hex')"
)


def plan(session: Session, migrations: Sequence[Migration], seeds: Sequence[Seed]) -> Plan:
    """Return what to roll back, the newest first; nothing if history and files agree.

    That is everything from the first migration on, in the order of application, that is edited or
    missing in the files, or that a pending file comes before.

    Args:
        session: A session on the database.
        migrations: The migrations in the files.
        seeds: The seeds in the files.

    Raises:
        Refused: A file is interrupted, a text was not kept or cannot be run, or a migration is not
            reversible.

    """
    read = history.folded(history.read(session), migrations)
    state = history.compare(read, migrations, seeds)
    history.refuse_interrupted(state)
    wrong = {*state.missing, *(each.id for each in [*state.edited, *_overtaken(state, migrations)])}
    order = list(read.migrations)
    first = next((at for at, name in enumerate(order) if name in wrong), len(order))
    undone = order[first:][::-1]
    kept = history.texts(session, undone)
    unchanged = {each.id: each for each in state.applied if each not in state.edited}
    restored = [_restored(name, kept[name], unchanged.get(name)) for name in undone]
    _refuse_irreversible(restored)
    rollbacks = {each.id: _rollback(each, kept[each.id]) for each in restored}
    files.check(rollbacks.values())
    return Plan(restored, [], rollbacks, read.replaced)


def explained(failure: Failed, migration: Migration) -> Failed:
    """Return the failure of a rollback, with what is applied now, and what can be corrected.

    Args:
        failure: What the same text would have led to in a file that applies.
        migration: What was to be rolled back.

    """
    from migrator.core.failure import AGAIN, ROLLED_BACK

    if failure.state != ROLLED_BACK:
        return failure
    state = f"{migration.id} and all before it are still applied; what came after was rolled back."
    if migration.rollback_path.parent != _KEPT or failure.hint != AGAIN:
        return Failed(failure.message, state=state, hint=failure.hint)
    name = migration.id.replace("'", "''")
    return Failed(failure.message, state=state, hint=_CORRECT.format(name=name))


def _overtaken(state: State, migrations: Sequence[Migration]) -> list[Migration]:
    """Return the applied migrations that a pending one comes before."""
    if not state.out_of_order:
        return []
    later = migrations[migrations.index(state.out_of_order[0]) :]
    return [each for each in later if each in state.applied]


def _restored(name: str, kept: KeptTexts, unchanged: Migration | None) -> Migration:
    """Return a migration as it was applied."""
    if unchanged is not None and (kept.rollback is None or kept.applied is None):
        return unchanged
    if kept.rollback is None:
        raise Refused(
            f"{name}: its rollback text was not kept when it was applied.",
            hint="Get its files from the branch that applied it, and run `rollback`.",
        )
    source = files.parse(_KEPT / f"{name}.sql", (kept.applied or "").encode())
    return Migration(name, source, _KEPT / f"{name}.rollback.sql")


def _rollback(migration: Migration, kept: KeptTexts) -> files.SqlFile:
    if kept.rollback is None:
        return files.read(migration.rollback_path)
    return files.parse(_KEPT / f"{migration.id}.rollback.sql", kept.rollback.encode())


def _refuse_irreversible(migrations: Sequence[Migration]) -> None:
    found = [
        f"{each.id}: {reversible}"
        for each in migrations
        if (reversible := each.source.header.get("reversible", "")).startswith("no")
    ]
    if found:
        raise Refused(
            "These cannot be rolled back:\n  " + "\n  ".join(found),
            hint="Restore a backup, or put the files back as they were applied.",
        )
