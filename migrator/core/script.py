"""The plan as one script that psql runs by hand, with the history that the runner would write."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import psycopg

from migrator.core import files, sqltext
from migrator.core.files import CHECKSUM_ALGORITHM, Migration, Seed, SqlFile
from migrator.core.target import Session
from migrator.sql import sql

_PREAMBLE = """\
-- Written by `plan --sql` for database {database}. Run it with: psql -X -f FILE
\\set ON_ERROR_STOP on
{settings}
SELECT pg_try_advisory_lock({key}) AS locked \\gset runner_
\\if :runner_locked
\\else
    DO $$ BEGIN RAISE 'Another runner is at work: nothing was done.'; END $$;
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
        session: A session on the target; it is only asked to quote values.
        migrations: In the order in which they are to run.
        seeds: To apply after them.
        rollback: Whether the migrations are to be rolled back.

    """
    parts = [
        _PREAMBLE.format(
            database=session.database,
            settings=session.settings,
            key=session.lock_key,
            bookkeeping=sql("core/bookkeeping"),
        )
    ]
    for migration in migrations:
        source = files.read(migration.rollback_path) if rollback else migration.source
        record = "core/record_rollback" if rollback else "core/record_apply"
        values = {
            "id": migration.id,
            "hash": hashlib.sha256(migration.id.encode()).hexdigest(),  # as yoyo names it
            "algorithm": CHECKSUM_ALGORITHM,
            "checksum": migration.source.checksum,
        }
        parts.extend(_one(source, session.settings, _quoted(session, record, values)))
    for seed in seeds:
        values = {"id": seed.id, "algorithm": CHECKSUM_ALGORITHM, "checksum": seed.source.checksum}
        parts.extend(
            _one(seed.source, session.settings, _quoted(session, "core/record_seed", values))
        )
    return "\n".join(parts)


def _quoted(session: Session, name: str, values: dict[str, str]) -> str:
    return psycopg.ClientCursor(session.connection).mogrify(sql(name), values)


def _one(source: SqlFile, settings: str, record: str) -> Iterator[str]:
    *_, final = sqltext.statements(source.text)
    before, after = source.text[: final.end], source.text[final.end :].removeprefix(b";")
    text = f"{before.decode()};{after.decode()}"
    yield f"-- {'-' * 8} {source.path.name}"
    # What the file may have SET is undone, as the runner does.
    yield f"BEGIN;\n{text}" if source.transactional else f"{text}\nBEGIN;"
    yield "RESET SESSION AUTHORIZATION;\nRESET ROLE;\nRESET ALL;"
    yield f"{settings}{record}COMMIT;\n"
