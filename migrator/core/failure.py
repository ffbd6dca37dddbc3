"""Words for the failure of a statement: what happened, where, the state, and what to do next."""

from __future__ import annotations

import psycopg

from migrator.core import sqltext
from migrator.core.engine import StatementError
from migrator.core.errors import Failed
from migrator.core.files import SqlFile
from migrator.core.waits import Blockers

ROLLED_BACK = "The file was rolled back; the files before it stay applied."
_NOBODY = Blockers()
AGAIN = "Correct the cause and run the command again."
PAST_ROW_SECURITY = (
    "Row security binds this role, and would hide rows from the statement. Work as a role that it "
    "does not bind: a superuser's ALTER ROLE <owner of the table> BYPASSRLS, then "
    "PGOPTIONS='-c role=<owner of the table>' before the command."
)


def ended_transaction(source: SqlFile) -> Failed:
    """Return the error of a file that ended the transaction that it runs in."""
    return Failed(
        f"{source.path}: the file ended the runner's transaction.",
        state="Its statements up to there may be committed, but it is not recorded as applied.",
        hint="Undo these statements by hand, remove the COMMIT, and run the command again.",
    )


def released_lock(source: SqlFile, state: str = ROLLED_BACK) -> Failed:
    """Return the error of a file that released the lock that lets one runner at a time work."""
    return Failed(
        f"{source.path}: the file released the runner's lock, so that another runner could start.",
        state=state,
        hint="Remove pg_advisory_unlock_all() or DISCARD ALL from it, or from a function that it "
        "calls; then run the command again.",
    )


def failed(
    source: SqlFile,
    failure: StatementError,
    *,
    blockers: Blockers = _NOBODY,
    state: str = ROLLED_BACK,
    hint: str = "",
) -> Failed:
    """Return the error for a failed statement of a file.

    Args:
        source: The file.
        failure: The failed statement.
        blockers: The sessions for which it waited.
        state: The state of the database now.
        hint: What to do next, unless the kind of the error decides that.

    """
    where = f"{source.path}: cannot be recorded and committed"
    where = where if failure.at_end else place(source, failure)
    words = f"{where}: {error_text(failure.error, blockers)}"
    return Failed(words, state=state, hint=_way_out(failure.error, hint or AGAIN))


def place(source: SqlFile, failure: StatementError, before: int = 0) -> str:
    """Return path:line:column of a failure, as the server says, or of its statement.

    Args:
        source: The file.
        failure: The failed statement.
        before: How many characters of the file precede the text that was sent.

    """
    if failure.offset is not None:
        offset = len(source.text.decode()[: before + failure.offset].encode())
    else:
        starts = [statement.start for statement in sqltext.statements(source.text)]
        offset = starts[failure.completed] if failure.completed < len(starts) else 0
    line, column = sqltext.line_and_column(source.text, offset)
    return f"{source.path}:{line}:{column}"


def error_text(error: psycopg.Error, blockers: Blockers = _NOBODY) -> str:
    """Return the server's error as text; after a lock timeout, also who held the lock."""
    diagnosis = error.diag
    parts = [diagnosis.message_primary or str(error)]
    for name in ("detail", "hint", "context"):
        value = getattr(diagnosis, f"message_{name}" if name != "context" else "context")
        if value:
            parts.append(f"{name}: {value}")
    parts = ["\n  ".join(_lines(each)) for each in parts]
    if blockers.words and isinstance(error, psycopg.errors.LockNotAvailable):
        parts.append(f"it waited for {blockers.words}")
    return "; ".join(parts)


def is_of_row_security(error: psycopg.Error) -> bool:
    """Say whether a statement failed because a policy would hide rows from it."""
    return error.diag.source_function == "check_enable_rls"


def notice_text(notice: psycopg.errors.Diagnostic) -> str:
    """Return a message of the server, marked on each line: none can look like one of the tool."""
    parts = {
        str(notice.severity_nonlocalized): notice.message_primary,
        "DETAIL": notice.message_detail,
        "HINT": notice.message_hint,
    }
    told = [f"{name}: {text}" for name, text in parts.items() if text]
    return "\n".join(f"| {line}" for each in told for line in _lines(each))


def _lines(text: str) -> list[str]:
    """Return the lines of a text, without characters that would move a terminal's cursor."""
    return [
        "".join(each if each.isprintable() or each == "\t" else ascii(each)[1:-1] for each in line)
        for line in text.splitlines()
    ]


def _way_out(error: psycopg.Error, otherwise: str) -> str:
    match error:
        case psycopg.errors.InsufficientPrivilege() if is_of_row_security(error):
            return PAST_ROW_SECURITY
        case psycopg.errors.ActiveSqlTransaction():
            return "Put the statement alone into a file with -- transactional: false."
        case psycopg.errors.InvalidTransactionTermination():
            return (
                "Take COMMIT and ROLLBACK out; or put the DO or CALL alone into a file with "
                "-- transactional: false."
            )
        case psycopg.errors.DiskFull():
            return "Free space on the server's disk, and run the command again."
        case psycopg.errors.LockNotAvailable():
            return (
                "Wait for the session that holds the lock, or end it (pg_terminate_backend, "
                "ROLLBACK PREPARED); then run the command again."
            )
    return otherwise
