"""The sets of files that are measured."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent


class FileSet(NamedTuple):
    """A set of files to apply.

    Args:
        migrations: Names without `.sql`, each with its text and what undoes it.
        seeds: Names without `.sql`, each with its text; they come after the migrations.
        question: A query that shows whether the files were applied.
        answer: What it then returns; None where it is not known beforehand.

    """

    migrations: dict[str, tuple[str, str]]
    seeds: dict[str, str]
    question: str
    answer: int | None

    def write(self, directory: Path) -> None:
        """Write the set as this project keeps it: pairs in migrations/, seeds beside."""
        (directory / "migrations").mkdir(parents=True)
        (directory / "seeds").mkdir()
        for name, (apply, undo) in self.migrations.items():
            (directory / "migrations" / f"{name}.sql").write_text(apply, encoding="utf-8")
            (directory / "migrations" / f"{name}.rollback.sql").write_text(undo, encoding="utf-8")
        for name, text in self.seeds.items():
            (directory / "seeds" / f"{name}.sql").write_text(text, encoding="utf-8")

    def in_one_row(self) -> dict[str, tuple[str, str]]:
        """Return migrations, then seeds as migrations: for what knows no seeds."""
        seeds = {f"9{name}": (text, "SELECT 1;\n") for name, text in self.seeds.items()}
        return self.migrations | seeds


_COUNT_TABLES = (
    "SELECT count(*) FROM pg_catalog.pg_class WHERE relkind = 'r' AND relname LIKE 'item\\_%'"
)


def project() -> FileSet:
    """Return this project's own migrations and seeds."""
    migrations = {}
    for path in sorted((ROOT / "migrations").glob("*.sql")):
        if not path.name.endswith(".rollback.sql"):
            undo = path.with_suffix(".rollback.sql").read_text(encoding="utf-8")
            migrations[path.stem] = (path.read_text(encoding="utf-8"), undo)
    seeds = {
        path.stem: path.read_text(encoding="utf-8")
        for path in sorted((ROOT / "seeds").glob("*.sql"))
    }
    return FileSet(migrations, seeds, "SELECT 1", None)


def tables(number: int) -> FileSet:
    """Return files that each create one table."""
    migrations = {}
    for i in range(1, number + 1):
        apply = (
            f"-- purpose: table {i} of {number}\n"
            "-- locks: none\n"
            "-- reversible: yes\n"
            f"CREATE TABLE item_{i} (\n"
            "    id bigint GENERATED ALWAYS AS IDENTITY,\n"
            "    name text NOT NULL,\n"
            "    created_at timestamptz NOT NULL DEFAULT now(),\n"
            f"    CONSTRAINT pk_item_{i} PRIMARY KEY (id),\n"
            f"    CONSTRAINT ck_item_{i}_name_length CHECK (length(name) <= 200)\n"
            ");\n"
        )
        migrations[f"{i:04}.item_{i}.create"] = (apply, f"DROP TABLE item_{i};\n")
    return FileSet(migrations, {}, _COUNT_TABLES, number)


def one_insert(rows: int) -> FileSet:
    """Return a seed of one INSERT with many rows."""
    return _seed("INSERT INTO item VALUES\n" + ",\n".join(map(_row, range(rows))) + ";\n", rows)


def many_inserts(rows: int) -> FileSet:
    """Return a seed of many INSERTs with one row each."""
    lines = [f"INSERT INTO item VALUES {_row(i)};\n" for i in range(rows)]  # noqa: S608 - no input
    return _seed("".join(lines), rows)


def large_migration(statements: int) -> FileSet:
    """Return a migration of INSERTs of 600 bytes each, after the one that creates the table."""
    padding = "x" * 500
    lines = [
        f"INSERT INTO item VALUES ({i:06}, 'Item {i:06}', '{padding}', 0.99, TRUE); -- {i:029}\n"  # noqa: S608
        for i in range(statements)
    ]
    files = _seed("", statements)
    files.seeds.clear()
    files.migrations["0002.item.fill"] = ("".join(lines), "DELETE FROM item;\n")
    return files


def _row(i: int) -> str:
    return f"({i}, 'Item {i}', 'It''s the \"{i}th\"; 100 % real', {i % 1000}.99, {i % 2 == 0})"


def _seed(text: str, rows: int) -> FileSet:
    create = (
        "CREATE TABLE item (\n"
        "    id integer CONSTRAINT pk_item PRIMARY KEY,\n"
        "    name text NOT NULL,\n"
        "    description text NOT NULL,\n"
        "    price numeric(10, 2) NOT NULL,\n"
        "    is_active boolean NOT NULL\n"
        ");\n"
    )
    migrations = {"0001.item.create": (create, "DROP TABLE item;\n")}
    return FileSet(migrations, {"01.item": text}, "SELECT count(*) FROM item", rows)


class Case(NamedTuple):
    """What is measured: a set of files, to be applied to an empty database or once more."""

    title: str
    files: Callable[[], FileSet]
    again: bool = False


def all_cases(number: int, rows: int) -> dict[str, Case]:
    """Return every case by its name."""
    return {
        "project": Case("this project's migrations and seeds", project),
        "tables": Case(f"{number} files of one table each", lambda: tables(number)),
        "values": Case(f"a seed of one INSERT with {rows} rows", lambda: one_insert(rows)),
        "inserts": Case(f"a seed of {rows} INSERTs", lambda: many_inserts(rows)),
        "large": Case(
            f"a migration of {rows * 6 // 5} INSERTs, {rows * 6 // 5 * 600 / 1e6:.0f} MB",
            lambda: large_migration(rows * 6 // 5),
        ),
        "nothing": Case(
            f"nothing to do: {number} files, all applied", lambda: tables(number), True
        ),
    }
