"""A statement's failure in words: what happened and where, what stands, what to do next."""

from __future__ import annotations

import psycopg

from migrator.core import sqltext
from migrator.core.engine import StatementError
from migrator.core.errors import Failed
from migrator.core.files import SqlFile
from migrator.core.waits import Blockers

ROLLED_BACK = "The file was rolled back; the files before it stay as they are."
_NOBODY = Blockers()
_AGAIN = "Correct the cause and run the command again."


def ended_transaction(source: SqlFile) -> Failed:
    """Return the error of a file that ended the transaction that it runs in."""
    return Failed(
        f"{source.path}: the file ended the runner's transaction.",
        state="What it did up to there may be committed, and it is not recorded as applied.",
        hint="Undo that part by hand, take the COMMIT out of the file, and run again.",
    )


def failed(
    source: SqlFile,
    failure: StatementError,
    *,
    blockers: Blockers = _NOBODY,
    state: str = ROLLED_BACK,
    hint: str = "",
) -> Failed:
    """Return the error of a file's statement.

    Args:
        source: The file.
        failure: What the server said.
        blockers: Whom the statement waited for.
        state: What stands now.
        hint: What to do, where neither the server's error tells nor the usual will do.

    """
    words = f"{place(source, failure)}: {error_text(failure.error, blockers)}"
    return Failed(words, state=state, hint=_way_out(failure.error, hint or _AGAIN))


def failed_at_commit(source: SqlFile, failure: StatementError, blockers: Blockers) -> Failed:
    """Return the error of a file that ran, and could not be recorded or committed."""
    return Failed(
        f"{source.path}: cannot be recorded and committed: {error_text(failure.error, blockers)}",
        state=ROLLED_BACK,
        hint=_way_out(failure.error, _AGAIN),
    )


def place(source: SqlFile, failure: StatementError, before: int = 0) -> str:
    """Return path:line:column of a failure: where the server says, else its statement's start.

    Args:
        source: The file.
        failure: What the server said.
        before: How many characters of the file are before the text that was sent.

    """
    if failure.offset is not None:
        offset = len(source.text.decode()[: before + failure.offset].encode())
    else:
        starts = [statement.start for statement in sqltext.statements(source.text)]
        offset = starts[failure.completed] if failure.completed < len(starts) else 0
    line, column = sqltext.line_and_column(source.text, offset)
    return f"{source.path}:{line}:{column}"


def error_text(error: psycopg.Error, blockers: Blockers = _NOBODY) -> str:
    """Return what the server said, and whom the statement waited for if that was in vain."""
    diagnosis = error.diag
    parts = [diagnosis.message_primary or str(error)]
    for name in ("detail", "hint", "context"):
        value = getattr(diagnosis, f"message_{name}" if name != "context" else "context")
        if value:
            parts.append(f"{name}: {value}")
    if blockers.words and isinstance(error, psycopg.errors.LockNotAvailable):
        parts.append(f"it waited for {blockers.words}")
    return "; ".join(parts)


def _way_out(error: psycopg.Error, otherwise: str) -> str:
    match error:
        case psycopg.errors.ActiveSqlTransaction():
            return "Put the statement alone in a file that says -- transactional: false."
        case psycopg.errors.DiskFull():
            return "Make room on the server's disk, and run the command again."
        case psycopg.errors.LockNotAvailable():
            return (
                "Wait until whoever holds the lock is done, or end it (pg_terminate_backend, "
                "ROLLBACK PREPARED), and run the command again."
            )
    return otherwise
