"""`pytest --keep-databases`: what the tests that failed worked on stays, to be looked at.

The report of a failed test says how to open each of its databases. A server that holds one goes on
after the tests. The next run of pytest in this checkout, with the option or without it, ends those
servers and removes their data.
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from migrator.server import binaries
from migrator.server.cluster import Cluster


class Keeper:
    """What one process of a test run keeps, if anything."""

    def __init__(self) -> None:
        self.is_on = False
        self._notes = Path()  # one for each server that a run left: the directory of its cluster
        self._has_failed = False  # the test that is running
        self._in_use: list[str] = []  # what it works on
        self._homes: set[str] = set()  # of servers that are kept

    def configure(self, root: Path, *, is_on: bool) -> None:
        """Take the settings of a run.

        Args:
            root: The directory that pytest works for.
            is_on: Whether to keep anything.

        """
        self.is_on = is_on
        self._notes = root / ".pytest_cache" / "kept"

    def take_away(self) -> None:
        """End the servers that an earlier run left, and remove what they hold."""
        for note in self._notes.glob("*"):
            home = Path(note.read_text(encoding="utf-8"))
            if home.exists():
                Cluster(home).end()
                shutil.rmtree(home)
            note.unlink()

    def begin(self) -> None:
        """Begin with the next test."""
        self._has_failed, self._in_use = False, []

    def fail(self) -> str:
        """Keep what the test works on, if at all; return the commands that open it, a line each."""
        self._has_failed = True
        if not self.is_on:
            return ""
        psql = binaries.find_program("psql") or "psql"
        return "\n".join(f"{psql} -X -d {shlex.quote(each)}" for each in self._in_use)

    def keeps(self, home: str) -> bool:
        """Return whether anything is kept on a server, by the directory of its cluster."""
        return home in self._homes

    @contextmanager
    def using(self, home: str, conninfo: str, remove: Callable[[], object]) -> Iterator[None]:
        """Use a database; remove it at the end, unless it is to be kept.

        Args:
            home: The directory of its server's cluster.
            conninfo: How to open it.
            remove: Removes it.

        """
        self._in_use.append(conninfo)
        try:
            yield
        except Exception:
            self._has_failed = True
            raise
        finally:
            if self.is_on and self._has_failed:
                self._homes.add(home)
            else:
                self._in_use = [each for each in self._in_use if each != conninfo]
                remove()

    @contextmanager
    def serving(self, home: str, conninfo: str, end: Callable[[], object]) -> Iterator[None]:
        """Use a server; end it, unless something on it is kept, or it served a test that failed.

        Args:
            home: The directory of its cluster.
            conninfo: How to open it.
            end: Ends it.

        """
        try:
            yield
        except Exception:
            self._in_use.append(conninfo)
            self._homes |= {home} if self.is_on else set()
            raise
        finally:
            if self.keeps(home):
                self._notes.mkdir(parents=True, exist_ok=True)
                (self._notes / Path(home).name).write_text(home, encoding="utf-8")
            else:
                end()


keeper = Keeper()
