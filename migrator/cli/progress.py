"""Tells how far batches are, and what happens to the targets of a fleet."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migrator.cli.answers import say
from migrator.core.errors import Refused
from migrator.fleet.pool import Event

if TYPE_CHECKING:
    from migrator.core.progress import BatchProgress

_BAR = 30  # characters
_SHORT_BAR = 12
_BAR_S, _EVENT_S = 0.1, 1.0


class BatchBar:
    """Shows on a terminal how far batches are, in its last line."""

    def __init__(self) -> None:
        self._due = 0.0

    def __call__(self, at: BatchProgress | None) -> None:
        """Draw the line anew; take it away for None."""
        now = time.monotonic()
        if at is None:
            say("\r\x1b[K", nl=False)
        elif now >= self._due:
            self._due = now + _BAR_S
            line = f"{at.id}: {at.words}"
            if at.rows_expected is not None and at.rows_done < at.rows_expected:
                bar = "#" * round(at.rows_done / at.rows_expected * _SHORT_BAR)
                line = f"{at.id} [{bar.ljust(_SHORT_BAR, '.')}] {at.words}"
            say(f"\r\x1b[K{line[: shutil.get_terminal_size().columns - 1]}\r", nl=False)


class BatchEvents:
    """Tells a program how far batches are: a line of JSON on standard error each second."""

    def __init__(self) -> None:
        self._due = 0.0

    def __call__(self, at: BatchProgress | None) -> None:
        """Tell it, if it is time."""
        now = time.monotonic()
        if at is not None and now >= self._due:
            self._due = now + _EVENT_S
            say(json.dumps({"event": "batch", "at": _now(), **at.document}, default=str))


class Progress:
    """What is told while targets are at work.

    Args:
        as_json: Whether each event is a line of JSON on standard output.
        log_directory: Where to write a file for each target; None for no files.

    """

    def __init__(self, *, as_json: bool, log_directory: Path | None) -> None:
        self._total = 0
        self._as_json = as_json
        self._logs = log_directory
        self._draws = sys.stderr.isatty()
        self._at_work: dict[str, str] = {}
        self._ended = 0
        self._drawn = 0
        self._began = time.monotonic()
        try:
            if log_directory is not None:
                log_directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Refused(
                f"{log_directory}: no directory for logs: {error.strerror}.",
                hint="Give another one with --log-dir.",
            ) from None

    def begin(self, total: int) -> None:
        """Begin to count: so many targets have work to do."""
        self._total, self._ended, self._began = total, 0, time.monotonic()

    def look(self, event: Event) -> None:
        """Tell what happens while all targets are only looked at: on a terminal, how many."""
        self._ended += event.has_ended
        self._erase()
        self._draw()

    def tell(self, event: Event) -> None:
        """Tell one event."""
        name, failure = event.member.name, event.failure
        lines = {"begin": ["began"], "say": event.text.splitlines()}.get(event.kind, [])
        if event.has_ended:
            words = getattr(event.value, "words", "done")
            lines = failure.lines if failure else [words]
            self._ended += 1
            self._at_work.pop(name, None)
        else:
            self._at_work[name] = lines[-1] if lines else ""
        self._log(name, lines)
        if self._as_json:
            click.echo(json.dumps(_document(event, lines), default=str))
        self._erase()
        if not self._draws or failure:
            say("\n".join(f"{name}: {line}" for line in lines))
        self._draw()

    def _log(self, name: str, lines: Sequence[str]) -> None:
        """Write lines into the log of a target; a full disk does not end the work on targets."""
        if self._logs is None:
            return
        try:
            with (self._logs / f"{name}.log").open("a", encoding="utf-8") as log:
                log.writelines(f"{_now()} {line}\n" for line in lines)
        except OSError as error:
            say(f"{error.filename or self._logs}: {error.strerror}: no logs are written any more")
            self._logs = None

    def end(self) -> None:
        """Take the picture away."""
        self._erase()

    def _erase(self) -> None:
        if self._drawn:
            say(f"\x1b[{self._drawn}A\x1b[J", nl=False)
            self._drawn = 0

    def _draw(self) -> None:
        if not self._draws:
            return
        width, height = shutil.get_terminal_size()
        lines = [f"{name}: {last}" for name, last in self._at_work.items()][: max(1, height - 3)]
        done = min(1.0, self._ended / max(1, self._total))
        bar = "#" * round(done * _BAR)
        lines.append(f"[{bar.ljust(_BAR, '.')}] {self._ended} of {self._total}{self._time_left()}")
        say("\n".join(line[: width - 1] for line in lines))
        self._drawn = len(lines)

    def _time_left(self) -> str:
        left = self._total - self._ended
        if not self._ended or left <= 0:
            return ""
        seconds = round((time.monotonic() - self._began) / self._ended * left)
        return f", about {timedelta(seconds=seconds)} left"


def _document(event: Event, lines: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"event": event.kind, "target": event.member.name, "at": _now()}
    if not event.has_ended:
        return found | {"text": "\n".join(lines)}
    outcome = "failed" if event.failure else "done"
    failure = event.failure.document if event.failure else None
    return found | {"outcome": outcome, "seconds": event.seconds, "failure": failure}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
