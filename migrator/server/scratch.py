"""Throwaway databases on a server that is not the target's.

A run that is killed leaves its databases behind: the next one on that server drops them. Each run
holds an advisory lock whose key is in its databases' names, so that nobody drops those in use.
"""

from __future__ import annotations

import re
import secrets
from types import TracebackType
from typing import Any, LiteralString

import psycopg
from psycopg import sql as words

from migrator.core.errors import Refused
from migrator.core.session import NoConnection, open_connection
from migrator.core.target import Target
from migrator.sql import sql

_LOCK_CLASS = 1_919_252_073  # "revi"
_LARGEST_KEY = 2**31 - 1
_MISSING_ROLE = re.compile(r'role "(.*)" does not exist')


class Scratch:
    """The scratch databases of one run; a context manager, which drops them at its end.

    Args:
        server: Any database of the server, by a role that may create databases.
        kind: What they are for, the first part of their names.
        hint: What to do where the role may not create databases.

    """

    is_own = False  # whether the whole server is thrown away afterwards

    def __init__(
        self,
        server: Target,
        kind: str = "review",
        hint: str = "Name a server by a role that has CREATEDB: --scratch URL.",
    ) -> None:
        self.server = server
        self._kind = kind
        self._hint = hint
        self._key = secrets.randbelow(_LARGEST_KEY)
        self._made: list[str] = []
        self._administrator: psycopg.Connection[Any] | None = None

    def __enter__(self) -> Scratch:
        """Connect, and drop what killed runs left.

        Raises:
            Refused: There is no connection, or the role may not create databases.

        """
        self._administrator = open_connection(self.server)
        row = self._administrator.execute(
            "SELECT rolsuper OR rolcreatedb FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        if row is None or not row[0]:
            self._administrator.close()
            raise Refused(
                f"The role may not create scratch databases on {self.server.shown}.",
                hint=self._hint,
            )
        self._lock(self._key)
        for name, key in self._leftovers():
            if key != self._key and self._lock(key):
                self.drop(name)
                self._administrator.execute("SELECT pg_advisory_unlock(%s, %s)", (_LOCK_CLASS, key))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Drop the databases of this run, unless their server is thrown away; disconnect."""
        try:
            while self._made and not self.is_own:
                self.drop(self._made.pop())
        except (psycopg.Error, NoConnection):
            if error is None:  # else what happened first is told; the next run drops what is left
                raise
        finally:
            if self._administrator is not None:
                self._administrator.close()

    def create(self, name: str, copy_of: Target | None = None) -> Target:
        """Create a database, empty or as a copy of one that nobody is connected to."""
        template = str(copy_of.parameters["dbname"]) if copy_of else "template1"
        full = self.name(name)
        # Half the work, but with two checkpoints: those of a server of our own stop nobody.
        strategy = " STRATEGY FILE_COPY" * self.is_own
        self._execute("CREATE DATABASE {} TEMPLATE {}" + strategy, full, template)
        return self.server.beside(full)

    def name(self, name: str) -> str:
        """Return the full name of a database of this run; it is dropped at the end."""
        full = f"{self._kind}_{self._key}_{name}"
        self._made.append(full)
        return full

    def keep_roles(self) -> None:
        """Have each database that is made from now on begin with the roles of this moment."""

    def add_missing_role(self, error: str) -> bool:
        """Make the role whose lack an error tells; say whether that was done."""
        del error
        return False

    def add_role(self, name: str) -> bool:
        """Make a role; say whether it was missing."""
        try:
            self._execute("CREATE ROLE {} LOGIN", name)
        except psycopg.errors.DuplicateObject:
            return False
        return True

    def drop(self, name: str) -> None:
        """Drop a database, whoever is connected.

        FORCE needs the right to end each session that is there, also one that is just leaving; a
        role that SET ROLE gave has no right over the sessions of the role that logged in. Without
        FORCE, the server waits five seconds until they have left.
        """
        try:
            self._execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
        except psycopg.errors.InsufficientPrivilege:
            self._execute("DROP DATABASE IF EXISTS {}", name)

    def ask(self, query: LiteralString) -> set[str]:
        """Return the values that a query gives, asked beside the scratch databases."""
        return {value for (value,) in self._connection.execute(query).fetchall()}

    @property
    def _connection(self) -> psycopg.Connection[Any]:
        assert self._administrator is not None  # noqa: S101  entered
        return self._administrator

    def _leftovers(self) -> list[tuple[str, int]]:
        named = {"kind": self._kind, "lock_class": _LOCK_CLASS}
        return self._connection.execute(sql("server/leftovers"), named).fetchall()

    def _lock(self, key: int) -> bool:
        row = self._connection.execute(
            "SELECT pg_try_advisory_lock(%s, %s)", (_LOCK_CLASS, key)
        ).fetchone()
        return bool(row and row[0])

    def _execute(self, statement: str, *names: str) -> None:
        self._connection.execute(words.SQL(statement).format(*map(words.Identifier, names)))


class OwnScratch(Scratch):
    """The same on a server that is thrown away afterwards, and whose roles are the run's, too."""

    is_own = True

    def __enter__(self) -> OwnScratch:
        """Connect, and keep the roles."""
        super().__enter__()
        self.keep_roles()
        return self

    def create(self, name: str, copy_of: Target | None = None) -> Target:
        """Create a database beside the roles that were kept last."""
        self._connection.execute(sql("server/restore_roles").encode())
        for each in self.ask("SELECT datname FROM pg_database") - self._databases:
            if each not in self._made:  # a file made it
                self.drop(each)
        return super().create(name, copy_of)

    def keep_roles(self) -> None:
        """Have each database that is made from now on begin with the roles of this moment."""
        self._connection.execute(sql("server/keep_roles").encode())
        self._databases = self.ask("SELECT datname FROM pg_database")

    def add_missing_role(self, error: str) -> bool:
        """Make the role whose lack an error tells; say whether that was done."""
        found = _MISSING_ROLE.search(error)
        if found is None:
            return False
        if not self.add_role(found[1]):
            return False  # the file itself drops it
        kept = "INSERT INTO kept_roles SELECT * FROM pg_authid WHERE rolname = %s"
        self._connection.execute(kept, (found[1],))
        return True
