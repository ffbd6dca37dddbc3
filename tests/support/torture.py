"""Kills the runner, its session, the line between them or the whole server; sees what is lost.

    python -m tests.support.torture N [--pg MAJOR] [--seed INT]

After each kill, before anything else is done, the database must be what its history says. Then the
same command is given again, and must end as if nothing had happened. What that is, is known without
the runner: the files were applied by themselves, and the database was looked at after each.

Two sets are used. The small one is stopped at each boundary of its statements, by gates, and of
the runner's messages, by a proxy. The project's own is stopped at moments taken by chance.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import os
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from psycopg.conninfo import make_conninfo

from migrator.catalogue import objects
from migrator.core import settings
from migrator.server import binaries
from migrator.server import embedded as server
from migrator.server.cluster import PATIENCE, SUPERUSER, Cluster, wait_until
from tests.support import leaks, servers
from tests.support.commands import Answer, start
from tests.support.databases import Connection
from tests.support.servers import (
    MIGRATIONS,
    NEWEST,
    ROOT,
    free_port,
    installations,
)
from tests.support.sets import MigrationSet

KINDS = ["runner", "session", "server", "line"]
COMMANDS = {"migrate": ["migrate"], "rollback": ["rollback", "--all", "--yes"], "seed": ["seed"]}
APPLICATION = "migrator"
RUNNERS = f"application_name IN ('{APPLICATION}', '{settings.load(ROOT).application}')"
PATIENT = ["--lock-timeout", "1min"]  # with gates that are shut
GATES = 7466  # the class of the gates' advisory locks
GONE_S = 1.0  # how long a killed runner's session may live
LIVES_ON = f"{GONE_S} s later the runner's session was alive"
TOO_EARLY_S = 0.2  # for a runner to know what a session does that it has lost
ENDS_S = 30.0  # how long a runner may take that has lost its session
COMPARED_ROWS = (ROOT / "tests" / "support" / "compared_rows.sql").read_bytes()


# A server that can be crashed


class Machine:
    """A server of our own, which can be crashed and started again.

    Args:
        base: Its directory.
        bin_dir: The server's programs.
        options: More of initdb's.

    """

    def __init__(self, base: Path, bin_dir: Path, options: Sequence[str] = ()) -> None:
        self.cluster = Cluster(base)
        if user := self.cluster.user():
            os.chown(base, user.uid, user.gid)
        self.bin_dir = binaries.usable(bin_dir, server.SHARED, user)
        # As in production, a commit that was waited for survives a crash of the server.
        settings = {**servers.SETTINGS, "synchronous_commit": "on"}
        self.cluster.create(
            self.bin_dir,
            settings=settings,
            hba=servers.HBA,
            sql=servers.ROLES,
            options=["--no-sync", *options],
        )
        self.port = free_port()
        self.socket = f"{base}/.s.PGSQL.{self.port}"
        self.pid = 0
        self._numbers = itertools.count(1)
        self._admin: Connection | None = None

    def start(self) -> None:
        """Start the server, and wait until it accepts connections."""
        postmaster = self.cluster.launch(
            self.bin_dir,
            socket_directory=self.cluster.home,
            port=self.port,
            preexec=servers.die_with_parent(),
        )
        self.pid = postmaster.pid

    def crash(self) -> None:
        """End the server at once, without a checkpoint: the next start recovers."""
        os.kill(self.pid, signal.SIGQUIT)
        os.waitpid(self.pid, 0)

    def dsn(self, database: str, user: str = "owner") -> str:
        """Return the conninfo of a database by the server's socket."""
        host = str(self.cluster.home)
        return make_conninfo(host=host, port=self.port, dbname=database, user=user)

    def connect(self, database: str) -> Connection:
        """Return the superuser's connection, in autocommit mode."""
        return psycopg.connect(self.dsn(database, SUPERUSER), autocommit=True, options="-c jit=off")

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Run a statement outside the databases that are worked on; return its rows, if any."""
        with leaks.kept():
            if self._admin is None or self._admin.broken:
                self._admin = self.connect("postgres")
            try:
                cursor = self._admin.execute(query.encode())
            except psycopg.OperationalError:  # it was from before a crash
                self._admin = self.connect("postgres")
                cursor = self._admin.execute(query.encode())
        return cursor.fetchall() if cursor.description else []

    def sessions(self, database: str) -> list[int]:
        """Return the pids of the runners' sessions in a database."""
        query = f"SELECT pid FROM pg_stat_activity WHERE datname = '{database}'"
        return [pid for (pid,) in self.ask(f"{query} AND {RUNNERS}")]

    def waits(self, database: str) -> bool:
        """Tell whether a runner's session in a database waits for a lock."""
        query = f"SELECT pid FROM pg_stat_activity WHERE datname = '{database}'"
        return bool(self.ask(f"{query} AND {RUNNERS} AND wait_event_type = 'Lock'"))

    def terminate(self, database: str) -> list[int]:
        """End the runners' sessions in a database; return their pids once they are gone."""
        pids = self.sessions(database)
        for pid in pids:
            self.ask(f"SELECT pg_terminate_backend({pid})")
        wait_until(lambda: not set(pids) & set(self.sessions(database)))
        return pids

    def create(self, template: str) -> str:
        """Create a database of the plain role's; return its name."""
        name = f"torture_{next(self._numbers)}"
        # Of the two ways the one that leaves little to recover.
        self.ask(f"CREATE DATABASE {name} OWNER owner TEMPLATE {template} STRATEGY file_copy")
        return name

    def drop(self, name: str) -> None:
        """Drop a database, whoever is connected."""
        self.ask(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def machine(bin_dir: Path) -> Iterator[Machine]:
    """Run a server that can be crashed; it goes with this process, always."""
    base = Path(tempfile.mkdtemp(prefix="gestorlead-torture-", dir=servers.fast_place()))
    try:
        made = Machine(base, bin_dir)
        made.start()
        try:
            yield made
        finally:
            made.crash()
    finally:
        shutil.rmtree(base, ignore_errors=True)


# Runners that can be killed

Run = subprocess.Popen[str]


def has_ended(run: Run) -> bool:
    """Tell whether a runner has ended."""
    return run.poll() is not None


def answer_of(run: Run, patience: float = PATIENCE) -> Answer:
    """Return what a runner answered.

    Raises:
        subprocess.TimeoutExpired: It does not end.

    """
    out, err = run.communicate(timeout=patience)
    return Answer(run.returncode, out, err)


# A line between them that can be held and cut


class Proxy:
    """Passes messages between runners and a server, and stops the first session at one of them.

    Args:
        path: The server's socket.
        stop: The number of the client's message to stop at; the first is the start of the session.
        answered: Whether to stop once the server has answered that message, before the runner sees
            the answer; else before the message is passed on.

    """

    def __init__(self, path: str, stop: int | None = None, answered: bool = False) -> None:
        self.path = path
        self.stop = stop
        self.answered = answered
        self.messages = 0  # of the first session
        self.reached = threading.Event()
        self._go_on = threading.Event()
        self._cut = False
        self._is_first = True
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    def through(self, conninfo: str) -> str:
        """Return the conninfo of a database through this proxy."""
        host, port = self._listener.getsockname()
        plain = {"gssencmode": "disable", "sslmode": "disable"}
        return make_conninfo(conninfo, host=host, port=port, **plain)

    def go_on(self, *, cut: bool) -> None:
        """Pass on what is held, or cut that line."""
        self._cut = cut
        self._go_on.set()

    def cut(self) -> bool:
        """Cut the lines that are open, and tell whether there was one."""
        was_open, self._open = self._open, []
        for each in was_open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        return bool(was_open)

    def close(self) -> None:
        """Accept no more."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.go_on(cut=True)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                is_first, self._is_first = self._is_first, False
                upstream = socket.socket(socket.AF_UNIX)
                try:
                    upstream.connect(self.path)
                except OSError:  # it is down
                    client.close()
                    continue
                self._open += [client, upstream]
                for ends in ((client, upstream, False), (upstream, client, True)):
                    arguments = (*ends, is_first)
                    threading.Thread(target=self._pass_on, args=arguments, daemon=True).start()

    def _pass_on(
        self, source: socket.socket, target: socket.socket, answers: bool, is_first: bool
    ) -> None:
        with suppress(OSError):
            for number, (message, is_whole) in enumerate(_messages(source, answers)):
                stops = is_first and is_whole and answers == self.answered
                if stops and number == self.stop:
                    self.reached.set()
                    self._go_on.wait()
                    if self._cut:
                        break
                # Of its end, the session's last message, nobody waits for an answer.
                self.messages += is_first and not answers and message[:1] != b"X"
                target.sendall(message)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


def _messages(source: socket.socket, answers: bool) -> Iterator[tuple[bytes, bool]]:
    """Yield what is sent, up to each end of a message or of its answer, and whether it is whole."""
    ends = b"Z" if answers else b"QS"  # ready for a query; a query, an end of several parts
    typed = answers  # a client's first message has no type
    buffer, done = b"", 0  # how much of the buffer is whole parts
    while data := source.recv(100_000):
        buffer += data
        while len(buffer) >= done + typed + 4:
            (length,) = struct.unpack_from("!i", buffer, done + typed)
            if len(buffer) < done + typed + length:
                break
            is_end = not typed or buffer[done] in ends
            done += typed + length
            typed = True
            if is_end:
                yield buffer[:done], True
                buffer, done = buffer[done:], 0
    if buffer:
        yield buffer, False


# The small set


class Gates:
    """Weaves gates between statements: each waits while another session holds its lock."""

    def __init__(self) -> None:
        self.numbers: dict[str, list[int]] = {command: [] for command in COMMANDS}
        self._numbers = itertools.count(AT_COMMIT + 1)

    def between(self, statements: Sequence[str], *commands: str) -> str:
        """Return a file's text; its two ends are boundaries of messages too."""
        text = ""
        for statement in statements:
            if text:
                number = next(self._numbers)
                text += f"SELECT pg_advisory_xact_lock_shared({GATES}, {number});\n"
                for command in commands:
                    self.numbers[command].append(number)
            text += f"{statement};\n"
        return text


AT_COMMIT = 0  # the gate that a COMMIT comes to
COMMIT_WAITS = f"""\
CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared({GATES}, {AT_COMMIT});
    RETURN NULL;
END
$$"""
FILES: dict[str, tuple[list[str], list[str]]] = {
    "0001.account.create": (
        [
            "CREATE TABLE account (id integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,"
            " name text NOT NULL UNIQUE, opened_at timestamptz NOT NULL DEFAULT now())",
            "INSERT INTO account (name) SELECT 'account ' || n FROM generate_series(1, 20) AS n",
            "COMMENT ON TABLE account IS 'Who has money.'",
        ],
        ["DROP TABLE account"],
    ),
    "0002.entry.create": (
        [
            "CREATE TABLE entry (account_id integer NOT NULL REFERENCES account,"
            " number integer NOT NULL, amount integer NOT NULL)",
            "CREATE INDEX entry_amount ON entry (amount)",
            COMMIT_WAITS,
            "CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON entry DEFERRABLE INITIALLY"
            " DEFERRED FOR EACH ROW EXECUTE FUNCTION at_commit()",
            "INSERT INTO entry SELECT id, n, 10 * n FROM account, generate_series(1, 5) AS n",
        ],
        ["DROP TABLE entry", "DROP FUNCTION at_commit"],
    ),
    "0003.account.balance": (
        [
            "ALTER TABLE account ADD balance bigint",
            "UPDATE account SET balance = (SELECT sum(amount) FROM entry WHERE account_id = id)",
            "ALTER TABLE account ALTER balance SET DEFAULT 0, ALTER balance SET NOT NULL",
            "CREATE VIEW rich AS SELECT name FROM account WHERE balance > 100",
        ],
        ["DROP VIEW rich", "ALTER TABLE account DROP balance"],
    ),
}
ONLINE = {  # file: (index, statement, statement that undoes it)
    "0004.entry.number": (
        "table entry: index entry_number",
        "CREATE UNIQUE INDEX CONCURRENTLY entry_number ON entry (account_id, number)",
        "DROP INDEX CONCURRENTLY entry_number",
    ),
    "0005.entry.no_amount": (
        "table entry: index entry_amount",
        "DROP INDEX CONCURRENTLY entry_amount",
        "CREATE INDEX CONCURRENTLY entry_amount ON entry (amount)",
    ),
}
SEEDS = {
    "01.account": [
        "MERGE INTO account AS t USING (VALUES ('bank'), ('cash'), ('shop')) AS s (name)"
        " ON t.name = s.name WHEN NOT MATCHED THEN INSERT (name) VALUES (s.name)",
        "UPDATE account SET balance = 1 WHERE name = 'bank' AND balance IS DISTINCT FROM 1",
    ],
    "02.entry": [
        "MERGE INTO entry AS t USING (SELECT id, 1, 1 FROM account WHERE name = 'bank')"
        " AS s (account_id, number, amount)"
        " ON (t.account_id, t.number) = (s.account_id, s.number)"
        " WHEN NOT MATCHED THEN INSERT VALUES (s.account_id, s.number, s.amount)",
    ],
}
APPLIED_BEFORE = ["migrate", "--to", "0003"]  # before a session can hold up an online statement


def small_set(root: Path) -> tuple[MigrationSet, Gates]:
    """Write the small set, with gates between all its statements and one in a COMMIT."""
    made, gates = MigrationSet(root), Gates()
    gates.numbers["migrate"].append(AT_COMMIT)
    for name, (apply, back) in FILES.items():
        made.add(name, gates.between(apply, "migrate"), gates.between(back, "rollback"))
    for name, (_, *pair) in ONLINE.items():
        made.add(name, *(f"-- transactional: false\n{each};\n" for each in pair))
    for name, statements in SEEDS.items():
        made.seed(name, gates.between(statements, "migrate", "seed"))
    return made, gates


# What a database is, and what it should be

Things = dict[str, str]  # each object, and the rows of each table: what it is


def things(connection: Connection) -> Things:
    """Return all that is in a database, without its history; not what the database itself is."""
    found = objects.read(connection).database.objects
    queries = [query for (query,) in connection.execute(COMPARED_ROWS).fetchall()]
    counted = connection.execute(" UNION ALL ".join(queries).encode()).fetchall() if queries else []
    inside = {title: each.text for title, each in found.items() if each.kind != "database"}
    return inside | dict(counted)


def difference(expected: Things, found: Things) -> str:
    """Say in a line what is missing, what is too much and what is otherwise."""
    names = {
        "missing": expected.keys() - found.keys(),
        "too much": found.keys() - expected.keys(),
        "otherwise": {key for key in expected.keys() & found.keys() if expected[key] != found[key]},
    }
    told = []
    for what, keys in names.items():
        named = sorted(keys)
        more = f" and {len(named) - 5} more" if len(named) > 5 else ""
        told += [f"{what}: {', '.join(named[:5])}{more}"] if named else []
    return "; ".join(told)


@dataclass
class History:
    """What a database's bookkeeping says; all empty where there is none."""

    tables: int = 0
    marks: list[str] = field(default_factory=list)
    checksums: dict[str, str] = field(default_factory=dict)
    seeds: dict[str, str] = field(default_factory=dict)
    intents: list[tuple[str, str]] = field(default_factory=list)
    log: list[tuple[str, str]] = field(default_factory=list)
    locks: int = 0


BOOKKEEPING_TABLES = 9


def read_history(connection: Connection) -> History:
    """Read the bookkeeping, all of it, past the runner."""

    def rows(query: str) -> list[Any]:
        return connection.execute(query.encode()).fetchall()

    ((tables,),) = rows("SELECT count(*) FROM pg_tables WHERE schemaname = 'yoyo'")
    if tables != BOOKKEEPING_TABLES:
        return History(tables)
    marked = "yoyo._yoyo_migration JOIN yoyo.migration_checksum USING (migration_hash)"
    return History(
        tables,
        [name for (name,) in rows("SELECT migration_id FROM yoyo._yoyo_migration ORDER BY 1")],
        dict(rows(f"SELECT migration_id, checksum FROM {marked}")),
        dict(rows("SELECT seed_id, checksum FROM yoyo.seed_checksum")),
        rows("SELECT migration_id, direction FROM yoyo.intent"),
        rows("SELECT operation, migration_id FROM yoyo._yoyo_log ORDER BY created_at_utc, id"),
        len(rows("SELECT FROM yoyo.yoyo_lock")),
    )


def checksum(path: Path) -> str:
    """Return a file's checksum, as docs/errors.md has a user make it."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Arena:
    """A set on a server: what each of its files makes, known without the runner.

    Args:
        host: The server.
        name: The set's, for messages.
        migrations: Its directory; the seeds' is beside it.
        gates: Between its statements, if any.

    """

    def __init__(
        self, host: Machine, name: str, migrations: Path, gates: Gates | None = None
    ) -> None:
        self.host = host
        self.name = name
        self.migrations = migrations
        self.gates = gates or Gates()
        files = sorted(migrations.glob("*.sql"))
        self.files = [each for each in files if not each.name.endswith(".rollback.sql")]
        self.seed_files = sorted((migrations.parent / "seeds").glob("*.sql"))
        self.ids = [each.stem for each in self.files]
        self.seeds = [each.stem for each in self.seed_files]
        self.up: list[Things] = []  # after so many migrations
        self.seeded: list[Things] = []  # after all of them and so many seeds
        self.down: list[Things] = []  # after a rollback that has left so many
        self._look_at_each_file()
        self.durations: dict[tuple[str, bool], float] = {}
        self.templates = {"migrate": "template1"}
        for command, prelude in (
            ("seed", ["migrate", "--no-seed"]),
            ("rollback", ["migrate"]),
        ):
            self.templates[command] = self._prepared(command, prelude)

    def _look_at_each_file(self) -> None:
        """Apply each file without the runner, then each seed, and take it all back."""
        name = self.host.create("template1")
        with (
            closing(psycopg.connect(self.host.dsn(name), autocommit=True)) as owner,
            closing(self.host.connect(name)) as observer,
        ):
            steps = [(self.up, self.files), (self.seeded, self.seed_files)]
            undo = [each.with_suffix(".rollback.sql") for each in reversed(self.files)]
            for seen, files in (*steps, (self.down, undo)):
                seen.append(things(observer))
                for file in files:
                    owner.execute(file.read_bytes())
                    seen.append(things(observer))
            self.down.reverse()
        self.host.drop(name)

    def _prepared(self, command: str, prelude: list[str]) -> str:
        """Return a database that a command can start from; the runner made it, undisturbed."""
        name = self.host.create("template1")
        answer = answer_of(self.run(name, *prelude))
        assert answer.code == 0, answer.err
        with closing(self.host.connect(name)) as connection:
            found = "; ".join(self.disagreements(connection, command))
        assert not found, found
        return name

    def duration(self, command: str, launch: bool) -> float:
        """Return how long a command takes that nobody disturbs."""
        if (command, launch) not in self.durations:
            name = self.host.create(self.templates[command])
            started = time.monotonic()
            assert answer_of(self.run(name, *COMMANDS[command], launch=launch)).code == 0
            self.durations[command, launch] = time.monotonic() - started
            self.host.drop(name)
        return self.durations[command, launch]

    @cached_property
    def messages(self) -> dict[str, int]:
        """How many messages each command sends."""
        counts = {}
        for command, arguments in COMMANDS.items():
            name = self.host.create(self.templates[command])
            with closing(Proxy(self.host.socket)) as proxy:
                database = proxy.through(self.host.dsn(name))
                assert answer_of(self.run(database, *arguments)).code == 0
                counts[command] = proxy.messages
            self.host.drop(name)
        return counts

    def run(self, database: str, *arguments: str, launch: bool = False) -> Run:
        """Start a runner on a database, named or by its conninfo."""
        conninfo = database if "=" in database else self.host.dsn(database)
        named = ["--database", conninfo, "--migrations", str(self.migrations)]
        return start(*named, *arguments, interpreter=launch)

    def disagreements(self, connection: Connection, command: str) -> list[str]:
        """Compare a database's history with itself and with all that is in the database.

        Args:
            connection: To the database.
            command: What was being done, from the state that its template has.

        """
        history = read_history(connection)
        known, seeded = len(history.marks), len(history.seeds)
        told = []

        def must(holds: bool, what: str) -> None:
            if not holds:
                told.append(what)

        must(history.tables in {0, BOOKKEEPING_TABLES}, "a part of the bookkeeping is missing")
        must(history.marks == self.ids[:known], f"marks that do not follow: {history.marks}")
        must(
            history.checksums == {each.stem: checksum(each) for each in self.files[:known]},
            "checksums that are not those of the marked files",
        )
        must(
            history.seeds == {each.stem: checksum(each) for each in self.seed_files[:seeded]},
            f"seeds that do not follow: {sorted(history.seeds)}",
        )
        applied = [("apply", each) for each in self.ids]
        undone = [("rollback", each) for each in self.ids[: known - 1 if known else None : -1]]
        log = applied + undone if command == "rollback" else applied[:known]
        must(history.log == log, f"a log that is not that of the marks: {history.log}")
        must(history.locks == 0, "a row in yoyo_lock")
        if command == "rollback":
            is_whole = known == len(self.ids)
            must(seeded == (len(self.seeds) if is_whole else 0), f"{seeded} seeds are marked")
            expected = self.down[known] if not is_whole else self.seeded[-1]
        else:
            must(not seeded or known == len(self.ids), "seeds are marked before migrations")
            expected = self.seeded[seeded] if known == len(self.ids) else self.up[known]
        found = things(connection)
        if history.intents:
            direction, at = ("rollback", known - 1) if command == "rollback" else ("apply", known)
            name = self.ids[at] if 0 <= at < len(self.ids) else ""
            ours = history.intents == [(name, direction)] and name in ONLINE
            must(ours, f"intents of what was not started: {history.intents}")
            if ours:  # absent, INVALID or valid
                index = ONLINE[name][0]
                expected = {key: each for key, each in expected.items() if key != index}
                found = {key: each for key, each in found.items() if key != index}
        if found != expected:
            told.append(
                f"{known} migrations and {seeded} seeds are marked; {difference(expected, found)}"
            )
        return told

    def is_complete(self, connection: Connection, command: str) -> bool:
        """Tell whether the history is what the command makes of it."""
        history = read_history(connection)
        ends = ([], []) if command == "rollback" else (self.ids, self.seeds)
        return (history.marks, sorted(history.seeds), history.intents) == (*ends, [])


# Kills


class Gate(NamedTuple):
    """Where the session waits between two statements of a file.

    Args:
        number: The gate's.
        held: Whether the gate stays shut until a killed runner's session is gone.

    """

    number: int
    held: bool = False


class Online(NamedTuple):
    """Where an online statement waits for another session.

    Args:
        blocker: What the other session has done in its transaction.
        prelude: What the runner has done before, undisturbed.

    """

    blocker: str
    prelude: list[str]


class Boundary(NamedTuple):
    """Where the runner has sent, or is about to send, a message; see `Proxy`."""

    message: int
    answered: bool


class Moment(NamedTuple):
    """A part of an undisturbed run's duration.

    Args:
        part: From 0 to 1.
        launch: Whether the runner is `python runner.py` itself.

    """

    part: float
    launch: bool


Place = Gate | Online | Boundary | Moment


class Case(NamedTuple):
    """One kill."""

    command: str
    place: Place
    kind: str


@dataclass
class Verdict:
    """What came of a kill.

    Args:
        case: The kill.
        lost: Where history and tables disagreed, or what was committed was not there.
        diverged: Why the rerun did not end as an undisturbed run does.
        misbehaved: What the runner told untruly, or did otherwise than it must.

    """

    case: Case
    lost: list[str] = field(default_factory=list)
    diverged: list[str] = field(default_factory=list)
    misbehaved: list[str] = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        """All that was wrong."""
        return list(dict.fromkeys([*self.lost, *self.diverged, *self.misbehaved]))


def places(arena: Arena) -> Iterator[tuple[str, Place]]:
    """Yield every place where the small set can be stopped."""
    for command in COMMANDS:
        for number in arena.gates.numbers[command]:
            yield command, Gate(number, held=number % 8 == 0)
        for message in range(arena.messages[command]):
            for answered in (False, True):
                yield command, Boundary(message, answered)
    for blocker in ("LOCK TABLE entry IN ROW EXCLUSIVE MODE", "SELECT 1"):
        yield "migrate", Online(blocker, APPLIED_BEFORE)
        yield "rollback", Online(blocker, [])
    blocker = "LOCK TABLE entry IN ROW EXCLUSIVE MODE"
    yield "migrate", Online(blocker, ["migrate", "--to", "0004"])
    yield "rollback", Online(blocker, ["rollback", "--steps", "1", "--yes"])


def torture(arena: Arena, case: Case) -> Verdict | None:
    """Kill, look, give the command again and look again; None if there was nothing left to kill."""
    name = arena.host.create(arena.templates[case.command])
    try:
        if isinstance(case.place, Online) and case.place.prelude:
            answer = answer_of(arena.run(name, *case.place.prelude))
            assert answer.code == 0, answer.err
        with closing(arena.host.connect(name)) as connection:
            before = read_history(connection)
        verdict = Verdict(case)
        told = _kill(arena, name, verdict)
        if told is None:
            return None
        with closing(arena.host.connect(name)) as connection:
            _judge(arena, connection, verdict, told, before)
            verdict.lost.extend(arena.disagreements(connection, case.command))
            _run_again(arena, name, verdict)
            after = arena.disagreements(connection, case.command)
            verdict.lost.extend(after)
            verdict.diverged.extend(after)
            if not arena.is_complete(connection, case.command):
                verdict.diverged.append("the rerun left something undone")
        return verdict
    finally:
        arena.host.drop(name)


def _kill(arena: Arena, name: str, verdict: Verdict) -> Answer | None:
    """Start a runner, kill at the place, wait for the end of it and its session."""
    host, (_, place, kind) = arena.host, verdict.case
    with ExitStack() as stack:
        proxy = Proxy(host.socket, *(place if isinstance(place, Boundary) else ()))
        stack.enter_context(closing(proxy))
        run, release = _run_until(arena, name, verdict.case, proxy, stack)
        killed = not has_ended(run)
        match kind:
            case "runner":
                run.kill()
            case "session":
                killed = bool(host.terminate(name))
            case "server":
                host.crash()
            case "line" if not isinstance(place, Boundary):
                killed = proxy.cut()
        if isinstance(place, Gate) and kind in {"runner", "line"}:
            if not place.held:  # what a runner says before its lost session goes on is likely wrong
                wait_until(partial(has_ended, run), TOO_EARLY_S)
            elif not wait_until(lambda: not host.sessions(name), GONE_S):
                verdict.misbehaved.append(LIVES_ON)
        with suppress(psycopg.OperationalError):
            release()
        if kind == "server":
            host.start()
        return _end(arena, name, verdict, run) if killed else None


def _run_until(
    arena: Arena, name: str, case: Case, proxy: Proxy, stack: ExitStack
) -> tuple[Run, Callable[[], object]]:
    """Start a runner and wait until it is at the place; return what lets it go on, too."""
    host, (command, place, kind) = arena.host, case
    arguments, database = COMMANDS[command], host.dsn(name)
    if isinstance(place, Boundary) or kind == "line":
        database = proxy.through(database)
    match place:
        case Moment(part, launch):
            duration = arena.duration(command, launch)
            run = arena.run(database, *arguments, launch=launch)
            time.sleep(part * duration)
            return run, bool
        case Boundary(_, answered):
            run = arena.run(database, *arguments)
            wait_until(lambda: proxy.reached.is_set() or has_ended(run))
            # The runner's message reaches a dead session, or the answer never reaches it.
            return run, partial(proxy.go_on, cut=answered or kind in {"runner", "line"})
        case Gate() | Online():
            blocker = stack.enter_context(closing(psycopg.connect(host.dsn(name))))
            _block(blocker, place)
            run = arena.run(database, *arguments, *PATIENT)
            wait_until(lambda: host.waits(name) or has_ended(run))
            assert not has_ended(run), f"{place} was not come to: {answer_of(run).err}"
            return run, blocker.close


def _block(blocker: Connection, place: Gate | Online) -> None:
    if isinstance(place, Gate):
        blocker.execute(f"SELECT pg_advisory_lock({GATES}, {place.number})")
    else:
        blocker.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        blocker.execute(place.blocker.encode())
        blocker.execute("SELECT 1")  # a snapshot


def _end(arena: Arena, name: str, verdict: Verdict, run: Run) -> Answer:
    try:
        answer = answer_of(run, ENDS_S)
    except subprocess.TimeoutExpired:
        verdict.misbehaved.append(f"the runner had not ended after {ENDS_S} s")
        run.kill()
        answer = answer_of(run)
    if not wait_until(lambda: not arena.host.sessions(name), GONE_S):
        verdict.misbehaved.append(LIVES_ON)
        wait_until(lambda: not arena.host.sessions(name))
    return answer


STATE = re.compile(
    r"^state: The history has (\d+) migrations? applied, the last (\S+); pending: (\d+)"
    r"(?:; interrupted: (.+))?\.$",
    re.MULTILINE,
)
DONE = re.compile(r"^(?:applied|rolled back|seeded) (\d\S+)", re.MULTILINE)


def _judge(
    arena: Arena, connection: Connection, verdict: Verdict, answer: Answer, before: History
) -> None:
    """Compare what the runner said with what is so."""
    command, _, kind = verdict.case
    history = read_history(connection)
    say = verdict.misbehaved.append
    if "Traceback" in answer.err:
        say(f"a traceback: {answer.err}")
    done = DONE.findall(answer.err)
    if kind != "server":  # a crash takes the commits that were not waited for
        there = {*history.marks, *history.seeds}
        wrong = [each for each in done if (each in there) == (command == "rollback")]
        verdict.lost.extend(f"{each} was told to be done, and is not" for each in wrong)
    if kind == "runner":
        return
    complete = arena.is_complete(connection, command)
    if answer.code == 0 and not complete:
        verdict.lost.append("the runner ended with 0, and not all is there")
    if answer.code == 2 and history.log != before.log:
        say(f"exit code 2 after work: {answer.err}")
    if answer.code not in {0, 1, 2}:
        say(f"exit code {answer.code}: {answer.err}")
    if answer.code and not all(f"\n{label}: " in answer.err for label in ("error", "state")):
        say(f"an error without its state: {answer.err}")
    for known, last, pending, interrupted in STATE.findall(answer.err):
        marks, intents = history.marks, [each for each, _ in history.intents]
        told = (int(known), last, int(pending), interrupted)
        true = (
            len(marks),
            marks[-1] if marks else "none",
            len(arena.ids) - len(marks),
            ", ".join(intents),
        )
        if told != true:
            say(f"told {told} where {true} is so")
    if "The server cannot be asked" in answer.err:
        say("the runner did not find the server again")


def _run_again(arena: Arena, name: str, verdict: Verdict) -> None:
    """See that the command, given again, does the rest."""
    command, say = verdict.case.command, verdict.diverged.append
    try:
        answer = answer_of(arena.run(name, *COMMANDS[command]))
    except subprocess.TimeoutExpired:
        say("the rerun did not end")
        return
    if answer.code:
        say(f"the rerun ended with {answer.code}: {answer.err}")
    if not wait_until(lambda: not arena.host.sessions(name), GONE_S):
        say(LIVES_ON)


# Many kills


@contextmanager
def world(bin_dir: Path) -> Iterator[tuple[Arena, Arena]]:
    """Yield the small set and the project's own, on a server of a version."""
    with (
        machine(bin_dir) as host,
        tempfile.TemporaryDirectory() as directory,
    ):
        made, gates = small_set(Path(directory, "set"))
        yield (
            Arena(host, "small", made.migrations, gates),
            Arena(host, "real", MIGRATIONS),
        )


def moments(chance: random.Random) -> Iterator[Case]:
    """Yield kills by chance without end."""
    for kind in itertools.cycle(KINDS):
        command = chance.choices(list(COMMANDS), [6, 3, 1])[0]
        yield Case(command, Moment(chance.random(), launch=chance.random() < 0.1), kind)


def cases(small: Arena, real: Arena, chance: random.Random) -> Iterator[tuple[Arena, Case]]:
    """Yield kills without end: of the small set, at every place in turn, and of the real one."""
    known = [Case(*place, kind) for place in places(small) for kind in KINDS]
    by_chance = moments(chance)
    while True:
        chance.shuffle(known)
        for case in known:
            yield small, case
            yield real, next(by_chance)


def main(arguments: Sequence[str] | None = None) -> int:
    """Kill N times and say in one line what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.torture", description=__doc__)
    parser.add_argument("kills", type=int, metavar="N")
    parser.add_argument("--pg", type=int, default=NEWEST, choices=sorted(installations()))
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10_000)
    given = parser.parse_args(arguments)
    chance = random.Random(given.seed)  # noqa: S311  chance is no secret
    kinds: Counter[str] = Counter()
    found: Counter[str] = Counter()
    with world(installations()[given.pg]) as (small, real):
        for arena, case in cases(small, real, chance):
            if kinds.total() >= given.kills:
                break
            verdict = torture(arena, case)
            if verdict is None:
                continue
            kinds[case.kind] += 1
            found["converged"] += not verdict.diverged
            found["lost"] += bool(verdict.lost)
            found["misbehaved"] += bool(verdict.misbehaved)
            for problem in verdict.problems:
                print(f"{arena.name} set, {case}: {problem}", file=sys.stderr)
            if sys.stderr.isatty():
                print(f"\r{kinds.total()} of {given.kills} ", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print("\r", end="", file=sys.stderr)
    each = ", ".join(f"{kinds[kind]} {kind}" for kind in KINDS)
    more = f", {found['misbehaved']} misbehaved" if found["misbehaved"] else ""
    print(
        f"{given.kills} kills ({each}) on PostgreSQL {given.pg}, seed {given.seed}: "
        f"{found['converged']} converged, {found['lost']} lost{more}"
    )
    good = found["converged"] == given.kills and not (found["lost"] or found["misbehaved"])
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
