"""How true the review's estimates are: carried on from two sizes, against what came true."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from bench.servers import PRODUCTION, server
from migrator.core import files
from migrator.core.project import Project
from migrator.core.session import open_connection
from migrator.core.target import Target
from migrator.review import measure, report, selection
from migrator.review.report import Range
from migrator.review.run import Review
from migrator.rows.demands import demands
from migrator.rows.filler import Filler
from migrator.server.scratch import Scratch

_MUCH_WAL = 100_000  # bytes
_BEFORE = """\
CREATE TABLE owners (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE items (id bigint PRIMARY KEY, owner_id bigint NOT NULL, amount int NOT NULL,
state text, title text NOT NULL, tags jsonb NOT NULL, made_at timestamptz NOT NULL);"""
_STATEMENTS = (
    "CREATE INDEX i_made_at ON items (made_at)",
    "CREATE INDEX i_title ON items (owner_id, title)",
    "CREATE INDEX i_tags ON items USING gin (tags)",
    "ALTER TABLE items ADD CONSTRAINT c_amount CHECK (amount > -1000000000)",
    "ALTER TABLE items ADD CONSTRAINT f_owner FOREIGN KEY (owner_id) REFERENCES owners (id)",
    "ALTER TABLE items ALTER COLUMN made_at SET NOT NULL, ADD CONSTRAINT c CHECK (id > -1)",
    "ALTER TABLE items ALTER COLUMN amount TYPE bigint",
    "ALTER TABLE items ADD COLUMN token uuid DEFAULT gen_random_uuid()",
    "UPDATE items SET state = 'done'",
    "DELETE FROM items WHERE amount % 2 = 0",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; print a table of what was estimated and what came true; exit 1 outside the range."""
    parser = argparse.ArgumentParser(prog="python -m bench.estimates", description=__doc__)
    parser.add_argument("--server", default="18", help="a major version, or a URL; default: 18")
    parser.add_argument("--rows", type=int, default=1_000_000, help="default: 1000000")
    given = parser.parse_args(arguments)
    with (
        server(given.server, PRODUCTION) as running,
        tempfile.TemporaryDirectory() as directory,
    ):
        place = Target.parse(
            " ".join(f"{name}={value}" for name, value in running.administrator.items()), "bench"
        )
        return _compare(place, Path(directory) / "migrations", given.rows)


def _compare(place: Target, migrations: Path, rows: int) -> int:
    migrations.mkdir()
    for number, text in enumerate((_BEFORE, *_STATEMENTS), 1):
        name = f"{number:04}.items.change"
        (migrations / f"{name}.sql").write_text(f"{text};\n")
        (migrations / f"{name}.rollback.sql").write_text("SELECT 1;\n")
    project = Project.at(migrations, None)
    everything = files.discover(migrations)
    outside = 0
    print("| statement | estimated | came true | time | WAL |\n|---|---|---|---|---|")
    for migration in everything[1:]:
        with Scratch(place) as scratch:
            chosen = selection.by_id(project, [migration.id])
            chosen = selection.Selection([everything[0], migration], chosen.reviewed)
            review = Review(
                project,
                chosen,
                scratch,
                counts={"items": rows, "owners": rows},
                say=lambda _: None,
            )
            (reviewed,) = review.run("", date.today()).migrations
            (statement,) = reviewed.statements
            (sample,) = _real(scratch, everything[0].source, migration.source, rows)
        if statement.duration_ms is None or statement.wal_bytes is None:
            sys.exit(f"{migration.source.path}: {reviewed.not_measured}")
        time = sample.ms / statement.duration_ms.estimate
        tells = sample.wal_bytes > _MUCH_WAL
        wal = f"{sample.wal_bytes / statement.wal_bytes.estimate:.2f}" if tells else "next to none"
        outside += not _holds(statement.duration_ms, sample.ms)
        print(
            f"| `{statement.text}` | {report.in_words(statement.duration_ms)} "
            f"| {report.duration(sample.ms)} | {time:.2f} | {wal} |",
            flush=True,
        )
    print(f"\n{outside} of {len(_STATEMENTS)} outside their range", file=sys.stderr)
    return 1 if outside else 0


def _real(
    scratch: Scratch, before: files.SqlFile, change: files.SqlFile, rows: int
) -> list[report.Sample]:
    target = scratch.create("real")
    measure.run(target, before)
    with open_connection(target) as connection:
        now = demands(connection)
        connection.execute("BEGIN")
        connection.execute(change.text)
        later = demands(connection)  # the rows must bear it
        connection.execute("ROLLBACK")
        filler = Filler(connection, now.with_later(later))
        if unfilled := filler.fill({"owners": rows, "items": rows}):
            sys.exit(str(unfilled))
    return measure.clock(target, change, rows)[0]


def _holds(expected: Range, found: float) -> bool:
    return expected.low <= found <= expected.high


if __name__ == "__main__":
    sys.exit(main())
