"""The plan as one script for psql, with the history rows that the runner would write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrator.core import files, sqltext
from migrator.core.files import Migration, Seed, SqlFile
from migrator.core.record import Recorder
from migrator.core.session import Session
from migrator.sql import sql

_PREAMBLE = """\
-- Written by `plan --sql` for database {database}. Run it with: psql -X -f FILE
\\set ON_ERROR_STOP on
{settings}
SELECT pg_try_advisory_lock({key}) AS locked \\gset runner_
\\if :runner_locked
\\else
    DO $$ BEGIN RAISE 'Another runner holds the lock: nothing was done.'; END $$;
\\endif
BEGIN;
SET LOCAL client_min_messages TO warning;
{bookkeeping}
COMMIT;
"""


def script(
    session: Session, migrations: Sequence[Migration], seeds: Sequence[Seed], *, rollback: bool
) -> str:
    """Return a script that applies, or rolls back, migrations and applies seeds.

    Args:
        session: A session on the target, used only to quote values.
        migrations: The migrations, in the order in which they will run.
        seeds: The seeds to apply after them.
        rollback: Whether to roll the migrations back.

    """
    parts = [
        _PREAMBLE.format(
            database=session.facts.database,
            settings=session.settings,
            key=session.lock_key,
            bookkeeping=sql("core/bookkeeping"),
        )
    ]
    recorder = Recorder(session.connection, None, "psql")
    for migration in migrations:
        source = files.read(migration.rollback_path) if rollback else migration.source
        record = recorder.rolled_back(migration) if rollback else recorder.applied(migration)
        if not source.transactional:
            record += recorder.ended(migration.id)
        parts.extend(_one(source, session.settings, record))
    for seed in seeds:
        parts.extend(_one(seed.source, session.settings, recorder.seeded(seed)))
    return "\n".join(parts)


def _one(source: SqlFile, settings: str, record: str) -> Iterator[str]:
    text = sqltext.closed(source.text).decode()
    yield f"-- {'-' * 8} {source.path.name}"
    # Undo what the file may have SET, as the runner does.
    yield f"BEGIN;\n{text}" if source.transactional else f"{text}\nBEGIN;"
    yield "RESET SESSION AUTHORIZATION;\nRESET ROLE;\nRESET ALL;"
    yield f"{settings}{record}COMMIT;\n"
