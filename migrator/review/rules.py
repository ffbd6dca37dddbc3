"""What each rule finds, in words, and what only a person can decide about it."""

from __future__ import annotations

FINDS = {
    "rewrite": "A large table is rewritten, which blocks reads and writes.",
    "scan": "A large table is read under a lock that blocks writes.",
    "index-build": "An index on a large table is built under a lock that blocks writes.",
    "large-write": "One statement writes a large part of a large table.",
    "batch": "A batch reads a whole table, blocks writes, or never ends.",
    "work-after-lock": "Work that grows with the rows is done while others are blocked.",
    "second-table": "The header does not name a lock on a table that the statement is not about.",
    "several-tables": "One transaction blocks writes on several tables.",
    "cascade": "A CASCADE drops or empties something that the file does not name.",
    "lock-timeout": "The file sets its own `lock_timeout`, to no limit or to a long time.",
    "invalid-index": "An INVALID index is left.",
    "rollback-loss": "The rollback loses rows, and the header does not say so.",
    "rollback-fails": "The rollback fails, and the header does not say so.",
    "rollback-differs": "The rollback does not restore the schema.",
    "breaking-change": "Something that a running application uses is dropped or restricted.",
    "access": "A role may do less than before, or sees more rows.",
    "table-swap": "The name of a table means another one.",
    "corruption": "Rows, an index or a sequence are wrong from now on, and nothing says so.",
    "fails-on-rows": "The migration fails if the table has rows.",
    "locks-header": "The header names fewer or weaker locks than were measured.",
    "allowance": "A `review:allow` line is unused, has ended, or lacks a reason or a date.",
}
_OF_SQUAWK = "Found by squawk in the text; no measurement can confirm or refute it."
_QUESTIONS = {
    "several-tables": "Does the application lock these tables in another order?",
    "second-table": "Does the application write to that table while the migration waits?",
    "cascade": "Is everything that goes meant to go?",
    "rollback-loss": "May these rows be lost?",
    "breaking-change": "Does any version of the application that is still running use it?",
    "access": "Does any role still need what it loses?",
    "table-swap": "Are all rows in the new table, and all that belongs to it?",
    "corruption": "Is all that is stored still right, and all that follows?",
}


def finds(rule: str) -> str:
    """Return what a rule finds: one of FINDS, or one of squawk's."""
    return FINDS.get(rule, _OF_SQUAWK)


def question(rule: str) -> str:
    """Return what a person must decide about a finding; empty if the measurement tells all."""
    return _QUESTIONS.get(rule, "" if rule in FINDS else "Is the advice right for this change?")
