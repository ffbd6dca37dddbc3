"""One PostgreSQL cluster and the processes of its server: what `server` is built from.

A cluster's home is a directory with

    data/        the data directory; it has this name only once it is complete
    alive        each process of the server holds a lock on this file for as long as it lives
    server.log   what the server said since it was started; server.log.1 what it said before
"""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import signal
import socket
import struct
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from migrator.core.errors import Failed, Refused
from migrator.server import binaries
from migrator.server.binaries import User, make_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

SUPERUSER = "postgres"
PATIENCE = 60.0  # seconds, for a start, a recovery after a crash, a shutdown, another command
_STATUS_LINE = 7  # of postmaster.pid: the last that the server writes


class Postmaster(NamedTuple):
    """A server that accepts connections."""

    pid: int
    socket_directory: str
    port: int


class Cluster:
    """A cluster, which exists or not, and its server, which runs or not.

    Args:
        home: Its directory.

    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.data = home / "data"
        self.log = home / "server.log"

    def find(self) -> Postmaster | None:
        """Return the server if it accepts connections.

        PostgreSQL's pid file says where it should be; that it is there, only a connection proves.
        """
        lines = self._pid_file()
        if len(lines) <= _STATUS_LINE or lines[_STATUS_LINE].strip() != "ready":
            return None
        pid, data, port, directory = int(lines[0]), lines[1], int(lines[3]), lines[4]
        try:
            # The file may be a copy; a cleaner of /tmp may have made room for another's directory.
            owner = Path(directory).stat().st_uid
            if data != str(self.data) or owner != self.data.stat().st_uid:
                return None
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(f"{directory}/.s.PGSQL.{port}")
                if hasattr(socket, "SO_PEERCRED"):
                    # Seen from another container, the server's pid is not what it wrote.
                    peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
                    pid = struct.unpack("3i", peer)[0]
        except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
            return None
        return Postmaster(pid, directory, port)

    def user(self) -> User | None:
        """Return who the server runs as: None is this process's user, which root cannot be.

        For root it is the owner of the data; of data yet to come, postgres, else nobody.
        """
        if os.geteuid() != 0:
            return None
        names = ["postgres", "nobody"]
        if self.data.exists():
            names = [account(self.data.stat().st_uid)]
        for name in names:
            with suppress(KeyError):
                entry = pwd.getpwnam(name)
                if entry.pw_uid == 0:
                    raise Refused(
                        f"{self.data} belongs to root, and PostgreSQL does not run as root.",
                        hint=f"Give it to another user: chown -R postgres '{self.data}'",
                    )
                return User(name, entry.pw_uid, entry.pw_gid)
        raise Refused(
            "PostgreSQL does not run as root, and there is no user postgres or nobody.",
            hint="Create a user named postgres, work as another user, or name a database.",
        )

    def create(
        self,
        bin_dir: Path,
        *,
        settings: Mapping[str, str],
        hba: str,
        sql: str,
        options: Iterable[str] = (),
        keep: tuple[int, ...] = (),
    ) -> None:
        """Create the cluster, all of it or nothing.

        The server's user writes everything, the configuration too: root, writing where another
        user may write, could be led astray by a symbolic link.

        Args:
            bin_dir: The server's programs.
            settings: Parameters for postgresql.conf.
            hba: The contents of pg_hba.conf.
            sql: Statements, one on each line, for the superuser in template1.
            options: More options for initdb.
            keep: File descriptors that the programs inherit.

        """
        user, new = self.user(), self.home / "data.new"
        shutil.rmtree(new, ignore_errors=True)  # of a creation that was killed
        make_directory(new, 0o700, user)

        def run(*argv: str | Path, text: str = "") -> None:
            binaries.run(argv, user=user, text=text, keep=keep)

        authentication = ("--auth-local=peer", "--auth-host=reject")
        named = (f"--username={SUPERUSER}", f"--pgdata={new}", "--encoding=UTF8")
        try:
            run(bin_dir / "initdb", *named, *authentication, *_locale(bin_dir), *options)
            conf = "".join(f"{name} = '{value}'\n" for name, value in settings.items())
            run("tee", "-a", new / "postgresql.conf", text=conf)
            run("tee", new / "pg_hba.conf", text=hba)
            single = ("--single", "-D", new, "-c", "exit_on_error=on", "template1")
            run(bin_dir / "postgres", *single, text=sql)
            new.rename(self.data)
        finally:
            shutil.rmtree(new, ignore_errors=True)

    def launch(
        self,
        bin_dir: Path,
        *,
        socket_directory: Path,
        port: int,
        preexec: Callable[[], object] | None = None,
    ) -> Postmaster:
        """Start the server and wait until it accepts connections.

        It has a session of its own (no Ctrl-C reaches it) and none of our files but its log and
        the lock that shows it alive (a pipe that it held would hang `migrate | tee`).
        """
        self._forget_stale_pid()
        with suppress(FileNotFoundError):
            self.log.replace(self.log.with_name("server.log.1"))
        directories = '"' + str(socket_directory).replace('"', '""') + '"'
        argv = [str(bin_dir / "postgres"), "-D", str(self.data), "-p", str(port)]
        log, alive = open_private(self.log, os.O_APPEND), open_private(self.home / "alive")
        try:
            fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
            server = subprocess.Popen(  # noqa: S603 - no shell, no user's input
                [*argv, "-c", f"unix_socket_directories={directories}"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=(alive,),
                preexec_fn=preexec,  # noqa: PLW1509 - the tests', which have one thread
                **binaries.surroundings(self.user()),
            )
        finally:
            os.close(log)
            os.close(alive)
        if not wait_until(lambda: server.poll() is not None or self.find() is not None):
            raise self._not_ready()
        server.returncode = 0  # it outlives us: Popen need not warn that nobody waited for it
        found = self.find()
        if found is None:
            raise Failed(
                f"PostgreSQL did not start: {binaries.tail(read(self.log))}",
                state=f"What {self.data} holds is unchanged.",
                hint=f"The whole log is {self.log}.",
            )
        return found

    def wait_while_starting(self) -> None:
        """Wait for a server that is starting, or recovering from a crash, to be ready or to end."""

        def starting() -> bool:
            return self._pid_file()[_STATUS_LINE:][:1] == ["starting"] and self.lives()

        if not wait_until(lambda: not starting()):
            raise self._not_ready()

    def lives(self) -> bool:
        """Tell whether any process of the server lives, in whatever state."""
        try:
            alive = open_private(self.home / "alive")
        except FileNotFoundError:
            return False
        try:
            return not locked(alive) or self.find() is not None
        finally:
            os.close(alive)

    def end(self, *, at_once: bool = False) -> bool:
        """End every process of the server, those of a killed one too; tell if there was any.

        Args:
            at_once: Whether what is not on the disk yet may be lost.

        """
        if not self.lives():
            return False
        found, holders = self.find(), self._holders()
        pid = found.pid if found else self._recorded_pid()
        if pid and (found or pid in holders):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGQUIT if at_once else signal.SIGINT)  # a fast shutdown
            if wait_until(lambda: not self.lives()):
                return True
        for holder in self._holders():
            with suppress(ProcessLookupError):
                os.kill(holder, signal.SIGQUIT)  # at once; the next start recovers
        if not wait_until(lambda: not self.lives(), patience=5):
            raise Failed(
                f"Processes of an earlier server still use {self.data}, and could not be ended.",
                state="No database was changed.",
                hint="Find them with ps (they may be in another container), and end them.",
            )
        return True

    def _not_ready(self) -> Failed:
        return Failed(
            f"PostgreSQL is not ready after {PATIENCE:.0f} s.",
            state="It is still starting; after a crash that may take long.",
            hint=f"See {self.log}, and run the command again.",
        )

    def _pid_file(self) -> list[str]:
        return read(self.data / "postmaster.pid").split("\n")

    def _recorded_pid(self) -> int | None:
        first = self._pid_file()[0]
        return int(first) if first.isdigit() else None

    def _holders(self) -> set[int]:
        """Return the processes that have `alive` open; without /proc, the one in the pid file."""
        if not Path("/proc/self/fd").exists():
            recorded = self._recorded_pid()
            return {recorded} if recorded else set()
        alive = (self.home / "alive").stat()
        pids = set()
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it has ended meanwhile
                for descriptor in os.listdir(process / "fd"):
                    with suppress(OSError):
                        if os.path.samestat((process / "fd" / descriptor).stat(), alive):
                            pids.add(int(process.name))
        return pids - {os.getpid()}

    def _forget_stale_pid(self) -> None:
        """Remove a pid file whose pid is another program's by now: PostgreSQL would not start.

        Where there is no /proc to tell by, PostgreSQL's own message says what to do.
        """
        pid = self._recorded_pid()
        if pid is None or not Path("/proc/self").exists():
            return
        used = False
        with suppress(OSError):  # no such process, or another user's
            used = Path(f"/proc/{pid}/cwd").samefile(self.data)
        if used:
            raise Failed(
                f"Process {pid}, which this project did not start, uses {self.data}.",
                state="No database was changed.",
                hint=f"If it is a server, stop it: pg_ctl stop -D '{self.data}'.",
            )
        (self.data / "postmaster.pid").unlink()


def _locale(bin_dir: Path) -> tuple[str, ...]:
    if int(binaries.version(bin_dir).split(".")[0]) >= 17:  # noqa: PLR2004 - has its own locales
        return ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    return ("--locale=C.UTF-8" if os.uname().sysname == "Linux" else "--locale=C",)


def account(uid: int) -> str:
    """Return a user id's name; PostgreSQL needs one."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        raise Refused(
            f"User id {uid} has no name on this machine; PostgreSQL does not run without one.",
            hint="Give it an entry in /etc/passwd, or name a database.",
        ) from None


def read(path: Path) -> str:
    """Return a file's text, empty if there is no such file."""
    try:
        return os.fsdecode(path.read_bytes())
    except FileNotFoundError:
        return ""


def open_private(path: Path, flags: int = 0) -> int:
    """Open a file for writing that is this user's alone; return its descriptor."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | flags, 0o600)


def locked(descriptor: int) -> bool:
    """Take the lock on an open file, unless another process holds it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def wait_until(condition: Callable[[], bool], patience: float = PATIENCE) -> bool:
    """Wait for a condition, and tell whether it came true in time."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
