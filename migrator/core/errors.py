"""The errors that a user can cause, each with its exit code."""

from __future__ import annotations

import re
from typing import Any


class MigratorError(Exception):
    """Base of all errors that end a command with a message instead of a traceback.

    Args:
        message: What happened, and where.
        state: The state of the database now.
        hint: What to do next.

    """

    exit_code = 1
    label = "error"

    def __init__(self, message: str, *, state: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.state = state
        self.hint = hint

    @property
    def document(self) -> dict[str, Any]:
        """The error for machines."""
        return {**self._parts, "exit_code": self.exit_code}

    @property
    def lines(self) -> list[str]:
        """The error as text: what happened, the state, what to do next."""
        told = (f"{label}: {text}" for label, text in self._parts.items() if text)
        return [line for text in told for line in re.sub(r"\n(?=\S)", "\n  ", text).split("\n")]

    @property
    def _parts(self) -> dict[str, str]:
        return {self.label: self.message, "state": self.state, "next": self.hint}


class Failed(MigratorError):
    """The command began to change the database and failed; `state` says what remains."""

    exit_code = 1


class Refused(MigratorError):
    """The command was refused before any change."""

    exit_code = 2

    def __init__(
        self, message: str, *, state: str = "Nothing was changed.", hint: str = ""
    ) -> None:
        super().__init__(message, state=state, hint=hint)


class Paused(MigratorError):
    """Batches ended before the last one, as was asked for; the next run goes on from there."""

    exit_code = 4
    label = "paused"


class Interrupted(MigratorError):
    """SIGINT or SIGTERM ended the command; the open transaction was rolled back."""

    exit_code = 130
