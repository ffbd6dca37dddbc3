"""Counts how often a program waits for its server: the round trips that a slow link makes long."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg.conninfo import conninfo_to_dict, make_conninfo


class Link:
    """A way to a database that counts.

    Args:
        database: The conninfo of the database, by its server's socket.

    """

    def __init__(self, database: str) -> None:
        parts = conninfo_to_dict(database)
        self._server = f"{parts['host']}/.s.PGSQL.{parts['port']}"
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.database = make_conninfo(
            database, host="127.0.0.1", port=self._listener.getsockname()[1], sslmode="disable"
        )
        self.round_trips = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server:
            server.connect(self._server)
            last = server
            while True:
                for source in select.select([client, server], [], [])[0]:
                    data = source.recv(1 << 20)
                    if not data:
                        return
                    self.round_trips += source is client and last is server
                    last = source
                    (server if source is client else client).sendall(data)


@contextmanager
def counted(database: str) -> Iterator[Link]:
    """Open a way to a database that counts round trips."""
    link = Link(database)
    try:
        yield link
    finally:
        link.close()
