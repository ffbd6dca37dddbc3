"""Processes that work on targets, several at once: who begins when, and how each ends.

Processes and not threads: Python handles signals in a process's first thread only, libpq reads its
variables from the environment of the process, and a crash ends the work on one target alone. They
are copies of this process, with the modules and files that it has read.
"""

from __future__ import annotations

import gc
import os
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import Any, NoReturn

from migrator.core import process
from migrator.core.errors import MigratorError
from migrator.core.session import NoConnection
from migrator.fleet.targets import Member

_TICK_S = 0.2
_LOST = "Its last file is either applied completely or not at all; `fleet status` shows it."
Say = Callable[[str], None]
Work = Callable[[Member, Any, Say], Any]
Explain = Callable[[BaseException], MigratorError]


@dataclass(frozen=True, slots=True)
class TargetFailure:
    """Why the work on a target failed: the parts of the error of the single command.

    Args:
        exit_code: 1 failed, 2 refused, 130 interrupted.
        message: What happened.
        state: The state of the database.
        hint: What to do next.
        is_unreachable: Whether there was no connection at all.

    """

    exit_code: int
    message: str
    state: str = ""
    hint: str = ""
    is_unreachable: bool = False

    @property
    def lines(self) -> list[str]:
        """The error as text."""
        told = {"error": self.message, "state": self.state, "next": self.hint}
        lines = (f"{label}: {text}" for label, text in told.items() if text)
        return [re.sub(r"\n(?=\S)", "\n  ", line) for line in lines]

    @property
    def document(self) -> dict[str, Any]:
        """The error as the document of the single command."""
        told = {"error": self.message, "state": self.state, "next": self.hint}
        return {**told, "exit_code": self.exit_code}


@dataclass(frozen=True, slots=True)
class Event:
    """What happens to a target while it is at work.

    Args:
        member: The target.
        kind: begin, say or end.
        text: What is said.
        value: What the work gave, at its end.
        failure: Why it failed; None if it did not.
        seconds: How long it took, at its end.

    """

    member: Member
    kind: str
    text: str = ""
    value: Any = None
    failure: TargetFailure | None = None
    seconds: float = 0.0

    @property
    def has_ended(self) -> bool:
        """Whether the work is over."""
        return self.kind == "end"


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work.

    Args:
        member: The target.
        kind: Which work.
        argument: What it is given; it must be possible to pickle it.
        server: What targets of one server have in common.
        connections: How many connections it may need at most.

    """

    member: Member
    kind: str
    argument: Any = None
    server: str = ""
    connections: int = 1


class Pool:
    """Some processes that work on targets.

    Args:
        work: What can be done, by kind. It runs in the processes.
        explain: Turns what ended a piece of work into an error with a message.
        jobs: How many targets are at work at once.
        server_limit: How many connections one server gets; None for no limit. A target whose work
            may need more than that is at work alone on its server.

    """

    def __init__(
        self, work: Mapping[str, Work], explain: Explain, *, jobs: int, server_limit: int | None
    ) -> None:
        self.is_interrupted = False
        self._work = work
        self._explain = explain
        self._jobs = jobs
        self._server_limit = server_limit
        self._alive, self._ours = os.pipe()  # the processes end when nobody holds `_ours`
        self._pids: dict[Connection, int] = {}
        self._busy: dict[Connection, tuple[Job, float]] = {}

    def __enter__(self) -> Pool:
        """Take over the signals: an interruption is passed on to what is at work."""
        process.on_signals(self._interrupt)
        return self

    def __exit__(self, *_: object) -> None:
        """End the processes."""
        process.on_signals(signal.SIG_IGN)
        for pipe, pid in self._pids.items():
            pipe.close()  # an idle one ends by itself
            if pipe in self._busy:
                _kill(pid, signal.SIGINT)
        os.close(self._ours)
        for pid in self._pids.values():
            os.waitpid(pid, 0)
        os.close(self._alive)

    def run(self, jobs: Sequence[Job], *, goes_on: bool) -> Iterator[Event]:
        """Work on targets; what is under way ends in any case.

        Args:
            jobs: The work, in the order in which it should begin.
            goes_on: Whether to begin with others after one failed.

        Yields:
            What happens, as it happens. A target that nobody began with has no event.

        """
        waiting, stops = list(jobs), False
        while self._busy or (waiting and not stops):
            stops = stops or self.is_interrupted
            while not stops and (job := self._next(waiting)) is not None:
                waiting.remove(job)
                yield self._begin(job)
            for pipe in wait([*self._busy], _TICK_S):
                assert isinstance(pipe, Connection)  # noqa: S101  they are what was given
                event = self._receive(pipe)
                stops = stops or (event.failure is not None and not goes_on)
                yield event

    def pause(self, seconds: float) -> None:
        """Wait, unless interrupted."""
        deadline = time.monotonic() + seconds
        while not self.is_interrupted and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, _TICK_S))

    def _next(self, waiting: Sequence[Job]) -> Job | None:
        """Return the first piece of work that may begin now."""
        if len(self._busy) >= self._jobs:
            return None
        used: Counter[str] = Counter()
        for job, _ in self._busy.values():
            used[job.server] += job.connections
        for job in waiting:
            needed = used[job.server] + job.connections
            if self._server_limit is None or not used[job.server] or needed <= self._server_limit:
                return job
        return None

    def _begin(self, job: Job) -> Event:
        pipe = next((each for each in self._pids if each not in self._busy), None)
        pipe = pipe or self._start()
        pipe.send(job)
        self._busy[pipe] = job, time.monotonic()
        return Event(job.member, "begin")

    def _receive(self, pipe: Connection) -> Event:
        job, began = self._busy[pipe]
        try:
            kind, what, failure = pipe.recv()
        except (EOFError, OSError):
            failure = self._buried(pipe)
            kind, what = "end", None
        if kind == "say":
            return Event(job.member, kind, text=what)
        del self._busy[pipe]
        seconds = round(time.monotonic() - began, 3)
        return Event(job.member, kind, value=what, failure=failure, seconds=seconds)

    def _buried(self, pipe: Connection) -> TargetFailure:
        """Return why a process has ended that was at work."""
        _, status = os.waitpid(self._pids.pop(pipe), 0)
        pipe.close()
        if self.is_interrupted:
            return TargetFailure(process.INTERRUPTED, "Interrupted.", _LOST)
        code = os.waitstatus_to_exitcode(status)
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return TargetFailure(1, f"The process that worked on it ended by {how}.", _LOST)

    def _interrupt(self, *_: object) -> None:
        """Pass an interruption on to what is at work; nothing new begins."""
        self.is_interrupted = True
        for pipe in self._busy:
            _kill(self._pids[pipe], signal.SIGINT)

    def _start(self) -> Connection:
        """Start a process: a copy of this one, which has no other thread."""
        ours, theirs = Pipe()
        gc.freeze()  # what is there now is shared with the copies
        if not (pid := os.fork()):
            os.close(self._ours)
            ours.close()
            self._serve(theirs)
        theirs.close()
        self._pids[ours] = pid
        return ours

    def _serve(self, pipe: Connection) -> NoReturn:
        """Work on one target after the other, until there is no more or the first process ends."""
        os.setpgid(0, 0)  # an interruption by the terminal reaches the first process alone
        process.on_signals(lambda *_: os._exit(process.INTERRUPTED))
        threading.Thread(target=self._end_with_first, daemon=True).start()
        gc.enable()
        one_at_a_time = threading.Lock()  # a session's watch speaks, too

        def send(*message: Any) -> None:
            with one_at_a_time:
                pipe.send(message)

        with suppress(EOFError, OSError):
            while True:
                job: Job = pipe.recv()
                send(*self._done(job, lambda text: send("say", text, None)))
        os._exit(0)

    def _end_with_first(self) -> None:
        os.read(self._alive, 1)
        os._exit(process.INTERRUPTED)  # the server sees that the client is gone, and rolls back

    def _done(self, job: Job, say: Say) -> tuple[str, Any, TargetFailure | None]:
        try:
            return "end", self._work[job.kind](job.member, job.argument, say), None
        except BaseException as ending:
            try:
                error = self._explain(ending)
            except BaseException as defect:
                words = f"{type(defect).__name__}: {defect}, which is a defect of this program."
                return "end", None, TargetFailure(1, words, _LOST)
            parts = (error.exit_code, error.message, error.state, error.hint)
            return "end", None, TargetFailure(*parts, isinstance(error, NoConnection))


def _kill(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
