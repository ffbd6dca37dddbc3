"""Processes that work on targets, several at once: who begins when, and how each ends.

Processes and not threads: Python handles signals in a process's first thread only, libpq reads its
variables from the environment of the process, and a crash ends the work on one target alone. They
are copies of this process, with the modules and files that it has read.
"""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import Any, NoReturn

from migrator.core import process
from migrator.core.errors import Failed, Interrupted, MigratorError
from migrator.core.session import NoAnswer, NoConnection
from migrator.core.waits import Loan
from migrator.fleet.survey import TargetPosition
from migrator.fleet.targets import Member

_TICK_S = 0.2
_PATIENCE_S = 0.05  # with the answer to a question
_LOST = "Its last file is either applied completely or not at all; `fleet status` shows it."


@dataclass(frozen=True, slots=True)
class Contact:
    """How the work on a target speaks with the first process.

    Args:
        say: Told each line of progress.
        second: Lends one more connection.

    """

    say: Callable[[str], None]
    second: Loan


@dataclass(frozen=True, slots=True)
class Event:
    """What happens to a target while it is at work.

    Args:
        member: The target.
        kind: begin, say or end.
        text: What is said.
        value: Where the target stands then, and what came of the work; None if it failed.
        failure: Why it failed; None if it did not.
        seconds: How long it took, at its end.

    """

    member: Member
    kind: str
    text: str = ""
    value: TargetPosition | None = None
    failure: MigratorError | None = None
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
        server: What targets of one server have in common; empty if that is not known yet: it counts
            as a target of every server.
        connections: How many connections it has, without one that it may ask for.

    """

    member: Member
    kind: str
    argument: Any = None
    server: str = ""
    connections: int = 1


Work = Callable[[Member, Any, Contact], TargetPosition]
Explain = Callable[[Member, BaseException], MigratorError]


class Pool:
    """Some processes that work on targets.

    Args:
        work: What can be done, by kind. It runs in the processes.
        explain: Turns what ended a piece of work into an error with a message.
        jobs: How many connections there may be, and so how many targets at work.
        server_limit: How many connections one server gets; None for no limit but `jobs`. A target
            that needs more than a limit is at work alone.

    """

    def __init__(
        self, work: Mapping[str, Work], explain: Explain, *, jobs: int, server_limit: int | None
    ) -> None:
        self.is_interrupted = False
        self._work = work
        self._explain = explain
        self._jobs = jobs
        self._server_limit = server_limit or jobs
        self._alive, self._ours = os.pipe()  # the processes end when nobody holds `_ours`
        self._pids: dict[Connection, int] = {}
        self._busy: dict[Connection, tuple[Job, float]] = {}
        self._answered: set[str] = set()  # by the address
        self._second: dict[Connection, bool] = {}  # who asks for one more, and whether it has one

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
            What happens, as it happens. A target that nobody began with has no event, but for those
            with the address of a server that does not answer.

        """
        waiting, stops = list(jobs), False
        while self._busy or (waiting and not (stops or self.is_interrupted)):
            while not (stops or self.is_interrupted) and (job := self._next(waiting)) is not None:
                waiting.remove(job)
                yield self._begin(job)
            for pipe in wait([*self._busy], _TICK_S):
                assert isinstance(pipe, Connection)  # noqa: S101  they are what was given
                if (event := self._receive(pipe)) is not None:
                    stops = stops or (event.failure is not None and not goes_on)
                    yield event
                    yield from [] if stops else _passed_over(waiting, event)
            self._grant()

    def pause(self, seconds: float) -> None:
        """Wait, unless interrupted."""
        deadline = time.monotonic() + seconds
        while not self.is_interrupted and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, _TICK_S))

    def _next(self, waiting: Sequence[Job]) -> Job | None:
        """Return the first work that may begin: one at a time where nobody has answered yet."""
        used = self._used(self._second)
        unsure = {job.member.place for job, _ in self._busy.values()} - self._answered
        free = [] if used.total() >= self._jobs else waiting
        fitting = (each for each in free if self._fits(each, each.connections, used))
        return next((each for each in fitting if each.member.place not in unsure), None)

    def _used(self, more: Collection[Connection]) -> Counter[str]:
        """Return the connections to each server, of which some targets have one more."""
        used: Counter[str] = Counter()
        for pipe, (job, _) in self._busy.items():
            used[job.server] += job.connections + (pipe in more)
        return used

    def _fits(self, job: Job, needed: int, used: Counter[str]) -> bool:
        """Say whether a target may have so many connections more."""
        there = used[job.server] + used[""] if job.server else used.total()
        pairs = ((used.total(), self._jobs), (there, self._server_limit))
        return all(not has or has + needed <= limit for has, limit in pairs)

    def _grant(self) -> None:
        """Let targets have the connections that they ask for, where there is room."""
        for pipe, has_one in self._second.items():
            used = self._used([each for each, has in self._second.items() if has])
            if not has_one and self._fits(self._busy[pipe][0], 1, used):
                self._second[pipe] = True
                with suppress(OSError):  # it has just ended
                    pipe.send(None)

    def _begin(self, job: Job) -> Event:
        pipe = next((each for each in self._pids if each not in self._busy), None)
        pipe = pipe or self._start()
        try:
            pipe.send(job)
        except OSError:  # somebody has ended the process while it had nothing to do
            self._buried(pipe)
            return self._begin(job)
        self._busy[pipe] = job, time.monotonic()
        if self.is_interrupted:  # in this moment
            _kill(self._pids[pipe], signal.SIGINT)
        return Event(job.member, "begin")

    def _receive(self, pipe: Connection) -> Event | None:
        job, began = self._busy[pipe]
        try:
            kind, what, failure = pipe.recv()
        except (EOFError, OSError):
            kind, what, failure = "end", None, self._buried(pipe)
        if kind == "ask":
            self._second[pipe] = False
            return None
        if kind == "say":
            return Event(job.member, kind, text=what)
        self._second.pop(pipe, None)
        if kind == "give back":
            return None
        del self._busy[pipe]
        if not isinstance(failure, NoAnswer):
            self._answered.add(job.member.place)
        seconds = round(time.monotonic() - began, 3)
        return Event(job.member, kind, value=what, failure=failure, seconds=seconds)

    def _buried(self, pipe: Connection) -> MigratorError:
        """Return why a process has ended that was at work."""
        _, status = os.waitpid(self._pids.pop(pipe), 0)
        pipe.close()
        if self.is_interrupted:
            return Interrupted("Interrupted.", state=_LOST)
        code = os.waitstatus_to_exitcode(status)
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return Failed(f"The process that worked on it ended by {how}.", state=_LOST)

    def _interrupt(self, *_: object) -> None:
        """Pass an interruption on to what is at work; nothing new begins."""
        self.is_interrupted = True
        for pipe in self._busy:
            _kill(self._pids[pipe], signal.SIGINT)

    def _start(self) -> Connection:
        """Start a process: a copy of this one, which has no other thread."""
        ours, theirs = Pipe()
        gc.freeze()  # what is there now is shared with the copies
        # What is sent to the copy before it has its own handlers waits until it has them.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, process.SIGNALS)
        if not (pid := os.fork()):
            os.close(self._ours)
            ours.close()
            self._serve(theirs, before)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        self._pids[ours] = pid
        return ours

    def _serve(self, pipe: Connection, mask: set[int | signal.Signals]) -> NoReturn:
        """Work on one target after the other, until there is no more or the first process ends."""
        os.setpgid(0, 0)  # an interruption by the terminal reaches the first process alone
        process.on_signals(lambda *_: os._exit(process.INTERRUPTED))
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        threading.Thread(target=self._end_with_first, daemon=True).start()
        gc.enable()
        one_at_a_time = threading.Lock()  # a session's watch speaks, too

        def send(*message: Any) -> None:
            with one_at_a_time:
                pipe.send(message)

        with suppress(EOFError, OSError):
            while True:
                job: Job | None = pipe.recv()
                if job is not None:  # else the answer to what is not asked any more
                    send(*self._done(job, _contact(pipe, send)))
        os._exit(0)

    def _end_with_first(self) -> None:
        os.read(self._alive, 1)
        os._exit(process.INTERRUPTED)  # the server sees that the client is gone, and rolls back

    def _done(
        self, job: Job, contact: Contact
    ) -> tuple[str, TargetPosition | None, MigratorError | None]:
        try:
            return "end", self._work[job.kind](job.member, job.argument, contact), None
        except BaseException as ending:
            try:
                return "end", None, self._explain(job.member, ending)
            except BaseException as defect:
                words = f"{type(defect).__name__}: {defect}, which is a defect of this program."
                return "end", None, Failed(words, state=_LOST)


def _passed_over(waiting: list[Job], event: Event) -> Iterator[Event]:
    """End the work on targets whose server has just not answered for another one."""
    for job in [*waiting] if isinstance(event.failure, NoAnswer) else []:
        if job.member.place == event.member.place:
            waiting.remove(job)
            words = f"Its server did not answer for {event.member.name}, so it was not asked again."
            failure = NoConnection(words, hint="Give the command again when the server answers.")
            yield Event(job.member, "end", failure=failure)


def _contact(pipe: Connection, send: Callable[..., None]) -> Contact:
    """Return how one piece of work speaks through a pipe, from which nobody else reads then."""
    is_asked = False

    def take() -> bool:
        nonlocal is_asked
        if not is_asked:
            send("ask", None, None)
            is_asked = True
        return pipe.poll(_PATIENCE_S) and pipe.recv() is None

    def give_back() -> None:
        nonlocal is_asked
        is_asked = False
        send("give back", None, None)

    return Contact(lambda text: send("say", text, None), Loan(take, give_back))


def _kill(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
