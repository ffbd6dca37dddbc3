"""Pauses a statement that runs outside a transaction, so that all its locks can be recorded.

VACUUM, CREATE INDEX CONCURRENTLY and the like hold their locks too briefly for polling. So two
other sessions hold a lock on each table that the statement may mean: SHARE UPDATE EXCLUSIVE pauses
it when it asks for its own lock; ROW EXCLUSIVE pauses it when it waits for older transactions. Each
of these gates is opened as soon as the locks have been recorded there.
"""

from __future__ import annotations

import re
import threading
import time
from contextlib import ExitStack, suppress
from typing import Any

import psycopg
from psycopg import sql as words

from migrator.core.session import open_connection
from migrator.core.target import Target
from migrator.review import locks
from migrator.review.catalogue import CatalogueState, Relation
from migrator.sql import sql

_MOST_TABLES = 20  # two sessions each
_POLL_S = 0.001


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
        self.locks: dict[int, str] = {}

    def run(self, statement: bytes) -> None:
        """Run a statement, and record the strongest lock it held or asked for, by oid, in `locks`.

        Args:
            statement: The statement.

        Raises:
            psycopg.Error: The statement failed.

        """
        self.locks = {}
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
                for mode in (locks.SHARE_UPDATE_EXCLUSIVE, "ROW EXCLUSIVE")
            ]
            thread = threading.Thread(target=work, name="subject", daemon=True)
            thread.start()
            while thread.is_alive():
                self._look(gates)
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

    def _look(self, gates: list[psycopg.Connection[Any]]) -> None:
        """Record the locks; if the statement waits at a gate, open that gate."""
        pid = self._subject.info.backend_pid
        waits = False
        rows = self._observer.execute(sql("review/locks").encode(), {"pid": pid}).fetchall()
        for relation, mode, granted in rows:
            waits = waits or not granted
            if relation is not None:
                self.locks[relation] = locks.strongest(
                    [self.locks.get(relation, ""), locks.mode_name(mode)]
                )
        if waits:
            row = self._observer.execute("SELECT pg_blocking_pids(%s)", (pid,)).fetchone()
            blocking = set(row[0] if row else ())
            for session in gates:
                if not session.closed and session.info.backend_pid in blocking:
                    with suppress(psycopg.Error):
                        session.execute("COMMIT")
                    session.close()
                    return
