"""Pauses a statement that runs outside a transaction, so that all its locks can be recorded.

VACUUM, CREATE INDEX CONCURRENTLY and the like hold their locks too briefly for polling. So two
other sessions hold a lock on each table that the statement may mean: SHARE UPDATE EXCLUSIVE pauses
it when it asks for its own lock; ROW EXCLUSIVE pauses it when it waits for older transactions. One
more session has an old snapshot, for which a statement waits that has built an index concurrently.
Each of these gates is opened as soon as the locks have been recorded there.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from typing import Any

import psycopg
from psycopg import sql as words

from migrator.core.session import open_connection
from migrator.core.target import Target
from migrator.review import locks
from migrator.review.catalogue import CatalogueState, Relation
from migrator.sql import sql

Locks = Mapping[int, frozenset[str]]  # modes by the relation's oid

_MOST_TABLES = 20  # two sessions each
_OF_COMMANDS = (locks.SHARE_UPDATE_EXCLUSIVE, locks.ROW_EXCLUSIVE)
_OF_CODE = (locks.SHARE,)  # which writes rows; a lock that is one statement's, between two COMMITs
_CODE = re.compile(rb"\s*(?:CALL|DO)\b", re.IGNORECASE)
_POLL_S = 0.001


def held(observer: psycopg.Connection[Any], pid: int) -> tuple[set[tuple[int, str]], bool, bool]:
    """Return the locks that a session has or waits for.

    Args:
        observer: Another session.
        pid: The session's process.

    Returns:
        Relation and mode of each lock; whether it waits; and whether for older transactions.

    """
    rows = observer.execute(sql("review/locks").encode(), {"pid": pid}).fetchall()
    waiting = [relation for relation, _, granted in rows if not granted]
    taken = {(oid, locks.mode_name(mode)) for oid, mode, _ in rows if oid is not None}
    return taken, bool(waiting), None in waiting


def by_relation(taken: Iterable[tuple[int, str]]) -> Locks:
    """Return the modes of the locks on each relation."""
    modes: dict[int, frozenset[str]] = {}
    for oid, mode in taken:
        modes[oid] = modes.get(oid, frozenset()) | {mode}
    return modes


class Gates:
    """Gates for the statements of one session.

    Args:
        target: The database.
        subject: The session that runs the statements.
        observer: Another session, which reads the locks.
        before: The catalogue before the statements.

    """

    def __init__(
        self,
        target: Target,
        subject: psycopg.Connection[Any],
        observer: psycopg.Connection[Any],
        before: CatalogueState,
    ) -> None:
        self._target = target
        self._subject = subject
        self._observer = observer
        self._before = before
        self._taken: set[tuple[int, str]] = set()
        self._working: set[tuple[int, str]] = set()

    @property
    def locks(self) -> Locks:
        """The locks that the last statement held or asked for."""
        return by_relation(self._taken)

    @property
    def brief(self) -> Locks:
        """Those of them that it held for a moment only, before or after its work."""
        return by_relation(self._taken - self._working if self._working else ())

    def run(self, statement: bytes) -> None:
        """Run a statement, and record its locks.

        Args:
            statement: The statement.

        Raises:
            psycopg.Error: The statement failed.

        """
        self._taken, self._working = set(), set()
        failures: list[psycopg.Error] = []

        def work() -> None:
            try:
                self._subject.execute(statement)
            except psycopg.Error as error:
                failures.append(error)

        with ExitStack() as stack:
            gates = [
                stack.enter_context(self._closed(relation, mode))
                for relation in self._meant(statement.decode())
                for mode in (_OF_CODE if _CODE.match(statement) else _OF_COMMANDS)
            ]
            gates.append(stack.enter_context(self._old_snapshot()))
            thread = threading.Thread(target=work, name="subject", daemon=True)
            thread.start()
            while thread.is_alive():
                self._look(gates, stack)
                time.sleep(_POLL_S)
            thread.join()
        if failures:
            raise failures[0]

    def _meant(self, statement: str) -> list[Relation]:
        """Return the tables that a statement names, or whose index; all if it names none."""
        mentioned = {each.lower().strip('"') for each in re.findall(r'"[^"]+"|[\w$]+', statement)}
        relations = self._before.relations
        tables = [each for each in relations.values() if each.kind == "r"]
        named = {
            each.table
            for each in relations.values()
            if each.name.rpartition(".")[2].strip('"').lower() in mentioned
        }
        roots = {relations[each].root for each in named if each in relations}
        meant = [each for each in tables if each.oid in named or each.root in roots]
        return (meant or tables)[:_MOST_TABLES]

    def _closed(self, relation: Relation, mode: str) -> psycopg.Connection[Any]:
        session = open_connection(self._target)
        session.execute("BEGIN")
        schema, _, name = relation.name.rpartition(".")
        table = words.Identifier(*(each.strip('"') for each in (schema or "public", name)))
        session.execute(words.SQL("LOCK TABLE {} IN " + mode + " MODE").format(table))
        return session

    def _old_snapshot(self) -> psycopg.Connection[Any]:
        session = open_connection(self._target)
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        session.execute("SELECT")
        return session

    def _look(self, gates: list[psycopg.Connection[Any]], stack: ExitStack) -> None:
        """Record the locks; if the statement waits at a gate, open that gate."""
        pid = self._subject.info.backend_pid
        taken, waits, for_older = held(self._observer, pid)
        self._taken |= taken
        if for_older:
            self._working |= taken
        if waits:
            row = self._observer.execute("SELECT pg_blocking_pids(%s)", (pid,)).fetchone()
            blocking = set(row[0] if row else ())
            for session in gates:
                if not session.closed and session.info.backend_pid in blocking:
                    if session is gates[-1]:  # it may build more than one index
                        gates.append(stack.enter_context(self._old_snapshot()))
                    with suppress(psycopg.Error):
                        session.execute("COMMIT")
                    session.close()
                    return
