"""Small migration sets, made by the tests."""

from __future__ import annotations

from pathlib import Path


class MigrationSet:
    """A directory `migrations` with `seeds` and `sql` beside it, filled by the test.

    Args:
        root: Where to make it.

    """

    def __init__(self, root: Path) -> None:
        self.migrations = root / "migrations"
        self.seeds = root / "seeds"
        self.sql = root / "sql"
        self.migrations.mkdir(parents=True)

    def add(self, name: str, apply: str | bytes, rollback: str | bytes = "SELECT 1;\n") -> Path:
        """Write a pair; return the file that applies it."""
        self.write(f"migrations/{name}.rollback.sql", rollback)
        return self.write(f"migrations/{name}.sql", apply)

    def table(self, number: int, name: str) -> Path:
        """Write a pair that creates an empty table."""
        return self.add(
            f"{number:04}.{name}.create",
            f"CREATE TABLE {name} (id int);\n",
            f"DROP TABLE {name};\n",
        )

    def seed(self, name: str, text: str) -> Path:
        """Write a seed."""
        return self.write(f"seeds/{name}.sql", text)

    def write(self, name: str, text: str | bytes) -> Path:
        """Write any file of the set, byte by byte."""
        path = self.migrations.parent / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def remove(self, name: str) -> None:
        """Remove a pair."""
        (self.migrations / f"{name}.sql").unlink()
        (self.migrations / f"{name}.rollback.sql").unlink()


def three_tables(root: Path) -> MigrationSet:
    """Return a set of three tables, a, b and c, and a seed of two rows for a."""
    made = MigrationSet(root)
    for number, name in enumerate("abc", 1):
        made.table(number, name)
    made.seed("01.a", MERGE_TWO_ROWS)
    return made


THREE = ["0001.a.create", "0002.b.create", "0003.c.create"]
MERGE_TWO_ROWS = """\
MERGE INTO a USING (VALUES (1), (2)) AS v (id) ON a.id = v.id
WHEN NOT MATCHED THEN INSERT VALUES (v.id);
"""
