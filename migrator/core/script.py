"""The plan as one script for psql, with the history rows that the runner would write."""

from __future__ import annotations

import re
from collections.abc import Sequence

import psycopg

from migrator.core import sqltext
from migrator.core.files import Migration, SqlFile
from migrator.core.plan import Plan, find
from migrator.core.record import Recorder, file_end
from migrator.core.session import Session
from migrator.sql import sql

_PREAMBLE = """\
-- Written by `plan --sql` for database {database}. Run it with: psql -X -f FILE
\\set ON_ERROR_STOP on
{settings}
SELECT pg_try_advisory_lock({key}) AND pg_try_advisory_lock({key}) AS locked \\gset runner_
\\if :runner_locked
\\else
    DO $$ BEGIN RAISE 'Another runner holds the lock: nothing was done.'; END $$;
\\endif
BEGIN;
SET LOCAL client_min_messages TO warning;
{bookkeeping}
COMMIT;
"""


def script(session: Session, plan: Plan, known: Sequence[Migration], *, rollback: bool) -> str:
    """Return a script that applies, or rolls back, migrations and applies seeds.

    Args:
        session: A session on the target, used only to quote values.
        plan: What is to run, in that order.
        known: The migrations of the set.
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
    recorder = Recorder(psycopg.ClientCursor(session.connection), None, "psql")
    for name, ids in plan.replaced.items():
        record = recorder.replaced(find(known, name), ids)
        parts.append(f"-- {'-' * 8} {name}, in the place of others\nBEGIN;\n{record}COMMIT;\n")
    for migration in plan.migrations:
        back = plan.rollbacks[migration.id]
        source = back if rollback else migration.source
        record = recorder.rolled_back(migration) if rollback else recorder.applied(migration, back)
        if not source.transactional:
            record += recorder.ended(migration.id)
        text = _text(source)
        if source.batch is not None:
            text = recorder.batches_in_psql(migration, source, "rollback" if rollback else "apply")
        parts.append(_one(session, source, text, record))
    for seed in plan.seeds:
        parts.append(_one(session, seed.source, _text(seed.source), recorder.seeded(seed)))
    return "\n".join(parts)


def _text(source: SqlFile) -> str:
    return sqltext.closed(sqltext.for_psql(source.text)).decode()


def _one(session: Session, source: SqlFile, text: str, record: str) -> str:
    """Return the statements of a file and those that the runner sends after them."""
    begin = "BEGIN DEFERRABLE;\n"
    run = f"{begin}{text}" if source.transactional else f"{text}{_plain(session.renewal)}{begin}"
    end = _plain(file_end(session, ""))
    # psql prints no row where it keeps its values in variables.
    end = end.replace(";\n", " \\gset runner_\n", 1) + record
    return f"-- {'-' * 8} {source.path.name}\n{run}{end}COMMIT;\n"


def _plain(statements: str) -> str:
    """Return the tool's own statements without their comments."""
    return re.sub(r"^--.*\n", "", statements, flags=re.MULTILINE)
