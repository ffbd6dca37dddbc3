"""The floor: the least that a script in Python must do to apply files once. No check, no lock.

Usage: bare.py CONNINFO DIRECTORY...
"""

import sys
from pathlib import Path

import psycopg


def main(conninfo: str, directories: list[str]) -> None:
    """Send each file that is not in the history, in a transaction with one row of history."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS bare_history (name text PRIMARY KEY)")
        applied = {row[0] for row in connection.execute("SELECT name FROM bare_history")}
        for directory in directories:
            for path in sorted(Path(directory).glob("*.sql")):
                if path.name in applied or path.name.endswith(".rollback.sql"):
                    continue
                with connection.transaction():
                    connection.execute(path.read_bytes())
                    connection.execute("INSERT INTO bare_history VALUES (%s)", [path.name])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
