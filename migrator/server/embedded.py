"""The embedded server: the only module that starts PostgreSQL.

Everything is in one directory, a project's `.postgres/` unless another is named: the cluster (see
`cluster`); `run/` with its socket; `lock`, with which start and stop take turns. Two things may
have to be elsewhere:

- the cluster, where root works in a directory closed to the user that PostgreSQL must then run
  as: it is in /var/lib/migrator-postgres/, and the link `.postgres/home` points there;
- the socket, where its path would be too long or have a comma: it is in /tmp/migrator-...

Nobody else can use the server: it listens on no network, its directories and its socket are
closed to other users, and `peer` authentication admits only whoever created it.
"""

from __future__ import annotations

import os
import signal
import stat
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from migrator.core.errors import Failed, Refused
from migrator.core.process import interruptible
from migrator.core.settings import ServerNames
from migrator.core.target import environment_with
from migrator.server import binaries
from migrator.server.binaries import User, make_directory
from migrator.server.cluster import (
    PATIENCE,
    SUPERUSER,
    Cluster,
    Postmaster,
    account,
    locked,
    open_private,
    read,
    wait_until,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

DIRECTORY = ".postgres"
PORT = 5432
SHARED = Path("/var/lib/migrator-postgres")
_NAMES = ServerNames()
SOCKET_PATH_LIMIT = 103  # bytes, on macOS; Linux has 107

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_preload_libraries": "pg_stat_statements",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# What a crash would lose is thrown away anyway.
_FAST = {**SETTINGS, "fsync": "off", "synchronous_commit": "off", "autovacuum": "off"}
_THROWAWAY = "throwaway-"  # how the names of throwaway servers' directories begin
_CLAIM = "claim"  # in them: who uses the server holds a lock on this file

# It goes into template1: a database made here later has what the first one has.
_EXTENSION = "CREATE EXTENSION pg_stat_statements;"
_ROLE = 'CREATE ROLE "{0.role}" LOGIN CREATEDB; GRANT pg_read_all_stats TO "{0.role}";'
_DATABASE = 'CREATE DATABASE "{0.database}" OWNER "{0.role}";'


class Status(NamedTuple):
    """What is known of the embedded server."""

    running: bool
    pid: int | None
    version: str
    data: str
    socket: str
    port: int
    url: str
    log: str


class EmbeddedServer:
    """The PostgreSQL server of one project.

    Args:
        directory: Where it keeps everything.
        names: The application's database and role.
        shared: Where root keeps what cannot be kept there.
        say: Told that the server is created, which takes a second or more.
        settings: Parameters for postgresql.conf.

    """

    def __init__(
        self,
        directory: Path,
        names: ServerNames = _NAMES,
        shared: Path = SHARED,
        say: Callable[[str], None] = lambda _: None,
        settings: Mapping[str, str] = SETTINGS,
    ) -> None:
        parent = os.path.realpath(directory.parent)  # a link in the directory's place is refused
        self.directory = Path(parent, directory.name)
        self.names = names
        self.shared = shared
        self._say = say
        self._settings = settings
        self._bin_dir: Path | None = None

    def start(self) -> str:
        """Create and start what is missing; return the application database's URL."""
        with self._failures():
            found = self._find() or self._start()
            if not self._is_admitted():
                self._introduce(found)
            return self._url(found)

    def stop(self) -> bool:
        """Stop the server; return whether there was one."""
        with self._failures():
            if not self._exists():
                return False
            with self._turn():
                lived = self.cluster.end()
                with suppress(OSError):  # none there, or one that a killed server left a socket in
                    Path(self._place().socket_directory).rmdir()
                return lived

    def status(self) -> Status:
        """Return what is known of the server."""
        with self._failures():
            found = self._find()
            place = found or self._place()
            return Status(
                running=found is not None,
                pid=found and found.pid,
                version=binaries.version(binaries.find_directory()),
                data=str(self.cluster.data),
                socket=place.socket_directory,
                port=place.port,
                url=self._url(place),
                log=str(self.cluster.log),
            )

    def url(self) -> str:
        """Return the application database's URL, whether the server runs or not."""
        with self._failures():
            return self._url(self._find() or self._place())

    def administrator(self) -> str:
        """Start the server; return the superuser's URL, to a database of no application."""
        with self._failures():
            return _url(self._find() or self._start(), SUPERUSER, "postgres")

    @contextmanager
    def throwaway(self) -> Iterator[str]:
        """Run another server, beside this one; remove it afterwards.

        A killed process leaves its own behind: the next one removes it.

        Yields:
            The superuser's URL, to a database of no application.

        """
        import tempfile

        with self._failures():
            self._prepare()
            programs = self.bin_dir
            with self._turn():
                for left in self.directory.glob(f"{_THROWAWAY}*"):
                    self._throw_away(left)
                directory = Path(tempfile.mkdtemp(dir=self.directory, prefix=_THROWAWAY))
                claim = open_private(directory / _CLAIM)
                locked(claim)
            other = EmbeddedServer(directory, self.names, self.shared, settings=_FAST)
            other._bin_dir = programs
        try:
            yield other.administrator()
        finally:
            os.close(claim)
            with self._failures():
                self._throw_away(directory)

    def _throw_away(self, directory: Path) -> None:
        """End a throwaway server that nobody claims, and remove it."""
        import shutil

        claim = open_private(directory / _CLAIM)
        try:
            if locked(claim):
                left = EmbeddedServer(directory, self.names, self.shared)
                left.cluster.end(at_once=True)
                with suppress(OSError):
                    Path(left._place().socket_directory).rmdir()
                for place in (left.cluster.home, directory):
                    shutil.rmtree(place, ignore_errors=True)
        finally:
            os.close(claim)

    def act(self, action: str, arguments: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
        """Do what the command `server` is asked for.

        Args:
            action: start, stop, reset, status, url; or psql, from which nothing returns.
            arguments: For psql.

        Returns:
            The answer as a document, and as text.

        """
        if action == "psql":
            self.start()
            argv = [*self.psql_argv(), *arguments]
            os.execve(argv[0], argv, environment_with({}))  # noqa: S606  psql takes the terminal over
        if action == "stop":
            stopped = self.stop()
            return {"stopped": stopped}, ["stopped" if stopped else "it was not running"]
        if action == "reset":
            url, name = self.reset(), self.names.database
            return {"reset": name, "url": url}, [f"database {name} was made anew"]
        if action == "status":
            facts = self.status()._asdict()
            return facts, [f"{name:<9}{value}" for name, value in facts.items()]
        url = self.start() if action == "start" else self.url()
        return {"url": url}, [url]

    def psql_argv(self) -> list[str]:
        """Return the command that runs psql in the application database."""
        return [str(self.bin_dir / "psql"), self.url()]

    def create_missing(self) -> bool:
        """Create the application's database after somebody dropped it; tell whether it was gone."""
        self.start()
        with self._failures(), self._turn():
            return self._create_missing(self._find() or self._place())

    def reset(self) -> str:
        """Drop the application's database, whoever is connected, and create it; return its URL."""
        drop = f'DROP DATABASE IF EXISTS "{self.names.database}" WITH (FORCE)'
        administrator = self.administrator()
        binaries.run([self.bin_dir / "psql", "-X", "-q", "-c", drop, "-d", administrator])
        self.create_missing()
        return self.url()

    @property
    def bin_dir(self) -> Path:
        """The server's programs, where its user can run them."""
        if self._bin_dir is None:
            with self._failures():
                user = self.cluster.user()
                copies = self.shared if user else self.directory
                self._bin_dir = binaries.usable(binaries.find_directory(), copies, user)
        return self._bin_dir

    @property
    def cluster(self) -> Cluster:
        """The cluster, in its home."""
        try:
            return Cluster(Path(os.readlink(self.directory / "home")))
        except OSError:
            return Cluster(self.directory)

    # Looking: all that a command does while the server runs

    def _find(self) -> Postmaster | None:
        return self.cluster.find() if self._exists() else None

    def _exists(self) -> bool:
        """Tell whether there is a home that is ours; refuse another user's `.postgres/`."""
        try:
            found = self.directory.lstat()
        except FileNotFoundError:
            return False
        if not stat.S_ISDIR(found.st_mode):
            raise Refused(f"{self.directory} is not a directory.", hint="Remove it.")
        if found.st_uid != os.geteuid():
            raise Refused(
                f"{self.directory} belongs to another user, whose id is {found.st_uid}.",
                hint="Work as that user, or name a database with --database or DATABASE_URL.",
            )
        self._refuse_others_files()
        home = self.cluster.home
        return home == self.directory or read(home / "checkout") == str(self.directory)

    def _refuse_others_files(self) -> None:
        """Refuse a directory that is used for something else: its modes would be changed."""
        names = os.listdir(self.directory)  # once: another command may be at its first start
        if "lock" in names:
            return
        ours = ("bin-", "partial-", _THROWAWAY, _CLAIM)
        strange = [name for name in names if name != ".gitignore" and not name.startswith(ours)]
        if strange:
            raise Refused(
                f"{self.directory} is used for something else: it has {min(strange)} in it.",
                hint="Name a directory that is empty or does not exist with --server-directory.",
            )

    def _place(self) -> Postmaster:
        """Return where the server will be."""
        directory = self.cluster.home / "run"
        path = os.fsencode(directory / f".s.PGSQL.{PORT}")
        if len(path) > SOCKET_PATH_LIMIT or b"," in path:  # to clients, a comma separates hosts
            import hashlib

            name = hashlib.sha256(os.fsencode(directory)).hexdigest()[:16]
            directory = Path("/tmp", f"migrator-{name}")  # noqa: S108 - checked when it is made
        return Postmaster(0, str(directory), PORT)

    # Changing: one process at a time

    def _start(self) -> Postmaster:
        self._prepare()
        bin_dir = self.bin_dir
        with self._turn() as lock:
            self._settle()
            cluster = self.cluster
            cluster.wait_while_starting()
            if found := cluster.find():  # another command was first
                return found
            cluster.end()  # a server that cannot be reached, or what a killed one left
            if cluster.data.exists():
                self._check_version()
            else:
                release = binaries.version(bin_dir)
                self._say(f"target: a new PostgreSQL {release} server in {self.directory}")
                self._create(lock)
                self._admit([self.names.role])
            self._admit([SUPERUSER, *[self.names.role] * self._is_admitted()])
            directory = Path(self._place().socket_directory)
            self._make_socket_directory(directory)
            return cluster.launch(bin_dir, socket_directory=directory, port=PORT)

    def _prepare(self) -> None:
        """Make the directory."""
        if "\n" in str(self.directory):
            raise Refused(f"PostgreSQL cannot work where a name has a line end: {self.directory}")
        make_directory(self.directory, 0o700)
        self._exists()  # it is ours, or refused
        with os.fdopen(open_private(self.directory / ".gitignore", os.O_TRUNC), "w") as file:
            file.write("*\n")

    @contextmanager
    def _turn(self) -> Iterator[int]:
        """Hold the lock that start and stop take turns with."""
        lock = open_private(self.directory / "lock")
        try:
            if not wait_until(lambda: locked(lock)):
                raise Refused(
                    "Another command has been starting or stopping the embedded server for "
                    f"{PATIENCE:.0f} s.",
                    hint="Wait for it or end it, then run this command again.",
                )
            yield lock
        finally:
            os.close(lock)

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """Say what the operating system refused."""
        try:
            with interruptible():  # initdb must not go on by itself
                yield
        except OSError as error:
            raise Failed(
                f"The embedded server in {self.directory} cannot be used: {error}",
                state="No database was changed.",
                hint="Put that right; or name another directory with --server-directory, or a "
                "database with --database or DATABASE_URL.",
            ) from error

    def _settle(self) -> None:
        """Decide where home is: elsewhere if the server's user cannot reach `.postgres/`."""
        user, home, link = self.cluster.user(), self.cluster.home, self.directory / "home"
        self.directory.chmod(0o711 if user else 0o700)  # the server's user passes through it
        if home != self.directory and not self._exists():
            before = read(home / "checkout")
            if before and not Path(before, "home").is_symlink():  # the checkout was moved
                self._claim(home)
            else:  # it was copied, and the original keeps the cluster; or the cluster is gone
                link.unlink()
        if user and not self.cluster.data.exists() and not _reaches(user, self.directory):
            import tempfile

            make_directory(self.shared, 0o755)
            self._end_orphans()
            home = Path(tempfile.mkdtemp(dir=self.shared, prefix="home-"))
            home.chmod(0o711)
            self._claim(home)
            link.symlink_to(home)

    def _claim(self, home: Path) -> None:
        with os.fdopen(open_private(home / "checkout", os.O_TRUNC), "wb") as file:
            file.write(os.fsencode(self.directory))

    def _end_orphans(self) -> None:
        """Stop servers whose checkouts are gone; nothing else would. Their data are left."""
        for home in self.shared.glob("home-*"):
            link = Path(read(home / "checkout"), "home")
            if not (link.is_symlink() and link.readlink() == home):
                Cluster(home).end()

    def _introduce(self, place: Postmaster) -> None:
        """Create a role and a database that are new to this server, and let the role connect.

        It is let in last: a role that may connect is there, even if this process is killed.
        """
        with self._turn():
            self._create_missing(place)
            self._admit([self.names.role])
        os.kill(place.pid, signal.SIGHUP)  # a moment later it has read pg_ident.conf again
        if not wait_until(lambda: self._lets_in(place)):
            raise Failed(
                f"The embedded server in {self.directory} does not let the role "
                f"{self.names.role} in, which is new to it.",
                state="No database was changed.",
                hint="Stop it with `server stop`, and run the command again.",
            )

    def _create_missing(self, place: Postmaster) -> bool:
        """Create the application's role and database if need be; tell whether the latter was."""
        names, connection = self.names, _url(place, SUPERUSER, "postgres")

        def ask(statement: str) -> list[str]:
            options = ["-X", "-q", "-A", "-t", "-c", statement, "-d", connection]
            return binaries.run([self.bin_dir / "psql", *options]).splitlines()

        if names.role not in ask("SELECT rolname FROM pg_roles"):
            ask(_ROLE.format(names))
        if names.database in ask("SELECT datname FROM pg_database"):
            return False
        ask(_DATABASE.format(names))
        return True

    def _lets_in(self, place: Postmaster) -> bool:
        try:
            options = ["-X", "-q", "-c", "", "-d", self._url(place)]
            binaries.run([self.bin_dir / "psql", *options])
        except Failed:
            return False
        return True

    def _is_admitted(self) -> bool:
        """Tell whether the application's role may connect: it may have had another name."""
        words = (line.split() for line in read(self._ident).splitlines())
        return any(each[-1:] == [self.names.role] for each in words)

    def _create(self, lock: int) -> None:
        """Create the cluster with its roles and databases.

        Its programs inherit the lock: if this process is killed, the next waits for their end.
        """
        self.cluster.create(
            self.bin_dir,
            settings=self._settings,
            hba="local all all peer map=embedded\n",
            sql="\n".join([_EXTENSION, _ROLE, _DATABASE]).format(self.names) + "\n",
            keep=(lock,),
        )

    def _admit(self, roles: Iterable[str]) -> None:
        """Let this user and the server's connect; another may have created the cluster."""
        user = self.cluster.user()
        names = {account(os.geteuid())} | ({user.name} if user else set())
        lines = [f'embedded "{name}" {role}\n' for name in names for role in roles]
        known = read(self._ident)
        if missing := [line for line in lines if line not in known]:
            binaries.run(["tee", "-a", self._ident], user=user, text="".join(missing))

    @property
    def _ident(self) -> Path:
        return self.cluster.data / "pg_ident.conf"

    def _url(self, place: Postmaster) -> str:
        return _url(place, self.names.role, self.names.database)

    def _check_version(self) -> None:
        data = self.cluster.data
        made_by, have = read(data / "PG_VERSION").strip(), binaries.version(self.bin_dir)
        if made_by != have.split(".", 1)[0]:
            raise Refused(
                f"{data} was made by PostgreSQL {made_by}; {have} cannot read it.",
                hint=f"Set {binaries.OVERRIDE} to the bin directory of a PostgreSQL {made_by} to "
                f"use or dump it, or remove {self.directory} to start anew.",
            )

    def _make_socket_directory(self, directory: Path) -> None:
        """Make it, closed to others; what a killed server left in it would stop the next one."""
        user = self.cluster.user()
        make_directory(directory, 0o700, user)
        found, uid = directory.lstat(), user.uid if user else os.geteuid()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid or found.st_mode & 0o077:
            raise Refused(
                f"{directory}, where the socket belongs, is not private to user id {uid}.",
                hint="Remove it.",
            )
        for left in directory.glob(f".s.PGSQL.{PORT}*"):
            left.unlink()


def _url(place: Postmaster, role: str, database: str) -> str:
    host = quote(os.fsencode(place.socket_directory), safe="/")
    return f"postgresql://{role}@/{database}?host={host}&port={place.port}"


def _reaches(user: User, directory: Path) -> bool:
    try:
        binaries.run(["/bin/sh", "-c", 'cd "$0"', directory], user=user)
    except Failed:
        return False
    return True
