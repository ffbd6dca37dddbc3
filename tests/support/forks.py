"""The program in processes of its own that begin as copies of one that has imported it.

An interpreter that starts and imports the program costs 0.3 s of CPU, a copy of such a process a
tenth of that. All else is as with `python runner.py`: a pid, arguments, environment, directory,
streams, session and exit code of its own. What a copy cannot show, tests start the interpreter for:
its start, its own variables, and what others see of a process's arguments.
"""

from __future__ import annotations

import gc
import marshal
import os
import pkgutil
import runpy
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parent.parent.parent
_STREAMS = ("p2cread", "c2pwrite", "errwrite")  # as subprocess.Popen calls what a process gets


class Fork(subprocess.Popen[str]):
    """A Python script that runs in a copy; to be used as any process that was started.

    Args:
        argv: The interpreter's path, the script's, and the arguments.
        **options: Those of subprocess.Popen for streams, directory, environment and session.

    """

    # These three are where subprocess.Popen asks the operating system.

    def _execute_child(self, argv: Any, *rest: Any) -> None:
        code = subprocess.Popen._execute_child.__code__  # type: ignore[attr-defined]
        given = dict(zip(code.co_varnames[2:], rest, strict=False))
        streams = [
            number if given[each] < 0 else given[each] for number, each in enumerate(_STREAMS)
        ]
        environment = os.environ if given["env"] is None else given["env"]
        request = {
            "argv": [os.fspath(each) for each in argv],
            "directory": os.fspath(given["cwd"] or Path.cwd()),
            "environment": dict(environment),
            "is_leader": given["start_new_session"],
        }
        try:
            self._line = socket.socket(socket.AF_UNIX)
            self._line.connect(server())
            socket.send_fds(self._line, [marshal.dumps(request)], streams)
            self._line.shutdown(socket.SHUT_WR)
            self.pid = self._number()
            self._child_created = True
        finally:
            pipes = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")
            self._close_pipe_fds(*(given[each] for each in pipes))  # type: ignore[attr-defined]

    def _try_wait(self, flags: int) -> tuple[int, int]:
        if flags & os.WNOHANG and not select.select([self._line], [], [], 0)[0]:
            return 0, 0
        return self.pid, self._number()

    def _internal_poll(self, *_: Any, **__: Any) -> int | None:
        if self.returncode is None and (ended := self._try_wait(os.WNOHANG))[0]:
            self._handle_exitstatus(ended[1])  # type: ignore[attr-defined]
        return self.returncode

    def _number(self) -> int:
        answer = self._line.recv(4)
        assert answer, "the process that is copied has ended"
        return int.from_bytes(answer)


def is_possible(environment: Mapping[str, str]) -> bool:
    """Return whether a copy can have these variables: those of the interpreter itself are ours."""
    return _of_interpreter(environment) == _of_interpreter(os.environ)


def _of_interpreter(environment: Mapping[str, str]) -> dict[str, str]:
    names = ("PYTHON", "LC_", "LANG", "LD_")
    return {name: value for name, value in environment.items() if name.startswith(names)}


def replace_python(directory: Path) -> None:
    """Put a program `python` there, which runs `runner.py` in a copy, and all else as ever."""
    program = directory / "python"
    program.write_text(_PYTHON.format(python=sys.executable, socket=server()), encoding="utf-8")
    program.chmod(0o755)


_PYTHON = """\
#!{python} -IS
import os, sys

if sys.argv[1:2] != ["runner.py"]:
    os.execv("{python}", ["{python}", *sys.argv[1:]])
import _socket, array, marshal

request = {{
    "argv": ["python", *sys.argv[1:]],
    "directory": os.getcwd(),
    "environment": dict(os.environ),
    "is_leader": False,
}}
streams = array.array("i", [0, 1, 2])
line = _socket.socket(_socket.AF_UNIX)
line.connect("{socket}")
line.sendmsg(
    [marshal.dumps(request)], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)]
)
line.shutdown(_socket.SHUT_WR)
line.recv(4)
status = os.waitstatus_to_exitcode(int.from_bytes(line.recv(4)))
os._exit(status if status >= 0 else 128 - status)
"""


@cache
def server() -> str:
    """Start the process that is copied, which ends with this one; return the path of its socket."""
    process = subprocess.Popen(
        [sys.executable, "-c", "from tests.support import forks; forks.serve()"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")


def serve() -> None:
    """Be the process that is copied, until standard input ends."""
    import migrator

    for module in pkgutil.walk_packages(migrator.__path__, "migrator."):
        import_module(module.name)
    sys.path[0] = str(ROOT)  # as for a script
    gc.collect()
    gc.freeze()
    directory = tempfile.mkdtemp(prefix="gestorlead-forks-")
    try:
        path = f"{directory}/socket"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen()
            print(path, flush=True)
            _answer(listener)
    finally:
        shutil.rmtree(directory)


def _answer(listener: socket.socket) -> None:
    """Start what is asked for, and tell how it ends."""
    lines: dict[int, socket.socket] = {}  # to those who started the copies that run
    woken, wakes = os.pipe()
    for end in (woken, wakes):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wakes)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sources: list[Any] = [0, listener, woken]
    while True:
        ready = select.select(sources, [], [])[0]
        if 0 in ready:
            return
        if woken in ready:
            os.read(woken, 1000)
            _tell(lines)
        if listener in ready:
            line = listener.accept()[0]
            pid = _copy(line)
            lines[pid] = line
            line.sendall(pid.to_bytes(4))


def _tell(lines: dict[int, socket.socket]) -> None:
    """Tell the status of each copy that has ended to the one who started it."""
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            with lines.pop(ended[0]) as line, suppress(OSError):
                line.sendall(ended[1].to_bytes(4))


def _copy(line: socket.socket) -> int:
    """Start a copy as it was asked for; return its pid."""
    text, streams, *_ = socket.recv_fds(line, 1 << 16, 3)
    while more := line.recv(1 << 16):
        text += more
    if not (pid := os.fork()):
        _run(marshal.loads(text), streams)  # noqa: S302  from ourselves
    for each in streams:
        os.close(each)
    return pid


def _run(request: dict[str, Any], streams: list[int]) -> NoReturn:
    """Be what an interpreter is that has just been started."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if request["is_leader"]:
        os.setsid()
    for number, each in enumerate(streams):
        os.dup2(each, number)
    os.closerange(3, 1 << 12)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", buffering=1 if os.isatty(1) else -1, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    os.chdir(request["directory"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    sys.orig_argv = request["argv"]
    sys.argv = sys.orig_argv[1:]
    sys.path[0] = str(Path(sys.argv[0]).resolve().parent)
    code: Any = 1
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
        code = 0
    except SystemExit as end:
        code = end.code or 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        os._exit(code)
