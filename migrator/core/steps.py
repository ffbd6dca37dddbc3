"""The steps of a deploy: each is told as it begins and ends, and kept for the report."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from migrator.core.errors import Refused

Event = dict[str, Any]


class Steps:
    """Tells what is done, for people and for machines.

    Args:
        say: Told each line for people.
        echo: Told each event, as one line of JSON; None for no machine.
        overwrite: Told how far a long step is, to stand in the terminal's last line; None for no
            terminal.

    """

    def __init__(
        self,
        say: Callable[[str], None],
        echo: Callable[[str], object] | None = None,
        overwrite: Callable[[str], object] | None = None,
    ) -> None:
        self.say = say
        self.taken: list[Event] = []
        self._echo = echo
        self._overwrite = overwrite

    def show(self, progress: str) -> None:
        """Tell how far a long step is, often."""
        if self._overwrite is not None:
            self._overwrite(f"\r\x1b[K{progress}\r")

    def _tell(self, event: Event) -> None:
        if self._echo is not None:
            self._echo(json.dumps(event, default=str))

    @contextmanager
    def step(self, name: str) -> Iterator[Event]:
        """Take a step; what the block puts into the dictionary is told at its end."""
        self._tell({"event": "begin", "step": name, "at": _now()})
        at, started = _now(), time.monotonic()
        detail: Event = {}
        outcome = "failed"
        try:
            yield detail
            outcome = "done"
        except Refused:
            outcome = "refused"
            raise
        except KeyboardInterrupt:
            outcome = "interrupted"
            raise
        finally:
            seconds = round(time.monotonic() - started, 3)
            ended = {"step": name, "at": at, "seconds": seconds, "outcome": outcome, **detail}
            self.taken.append(ended)
            self._tell({"event": "end", **ended})
            said = detail.get("said", "")
            self.show("")
            self.say(
                f"{name}: {ended['outcome']} in {seconds:.1f} s" + (f": {said}" if said else "")
            )

    def skip(self, name: str, why: str) -> None:
        """Tell that a step is left out, and why."""
        ended = {"step": name, "at": _now(), "seconds": 0.0, "outcome": "skipped", "said": why}
        self.taken.append(ended)
        self._tell({"event": "end", **ended})
        self.say(f"{name}: skipped: {why}")

    def end(self, command: str, outcome: str, **detail: Any) -> None:
        """Tell how a whole command ended; the last event."""
        self._tell({"event": "end", "step": command, "at": _now(), "outcome": outcome, **detail})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
