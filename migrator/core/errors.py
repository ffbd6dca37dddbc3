"""The errors that a user can cause, each with the exit code that the command line promises."""

from __future__ import annotations


class MigratorError(Exception):
    """Base of every error that ends a command with a message instead of a traceback.

    Args:
        message: What happened and where, in one sentence.
        state: What state the database is in now.
        hint: What to do next.

    """

    exit_code = 1

    def __init__(self, message: str, *, state: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.state = state
        self.hint = hint


class Failed(MigratorError):
    """The work was begun and could not be finished; nothing is left half done."""

    exit_code = 1


class Refused(MigratorError):
    """The command was refused before it changed anything."""

    exit_code = 2

    def __init__(
        self, message: str, *, state: str = "Nothing was changed.", hint: str = ""
    ) -> None:
        super().__init__(message, state=state, hint=hint)


class Interrupted(MigratorError):
    """SIGINT or SIGTERM ended the command; the transaction under way was rolled back."""

    exit_code = 130
