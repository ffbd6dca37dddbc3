"""What a review found, as data: what every format shows, and what the gate decides by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Literal

PASS, FINDING, NOT_MEASURED = "pass", "finding", "not measured"
EXIT_CODES = {PASS: 0, FINDING: 1, NOT_MEASURED: 2}
# What was extrapolated from two sizes came true within these factors: see make bench-review.
LOW, HIGH = 0.4, 2.5


@dataclass(frozen=True, slots=True)
class Range:
    """A figure for the rows in production: milliseconds or bytes."""

    low: float
    estimate: float
    high: float

    @classmethod
    def around(cls, estimate: float) -> Range:
        """Return the honest range around an extrapolation."""
        return cls(estimate * LOW, estimate, estimate * HIGH)


@dataclass(frozen=True, slots=True)
class Sample:
    """What one size of the scratch database gave for a statement.

    Args:
        rows: How many rows each table was filled with, at most.
        ms: How long the statement took, with nobody watching.
        wal_bytes: How much write-ahead log was written meanwhile.

    """

    rows: int
    ms: float
    wal_bytes: int


@dataclass(frozen=True, slots=True)
class RelationWork:
    """What one statement did to one relation that existed before.

    Args:
        relation: Its name.
        present: How many rows it had.
        read: How many rows were read.
        written: How many rows were inserted, updated or deleted.
        rewritten: Whether its storage was replaced.
        indexes_built: The indexes that were built on it.

    """

    relation: str
    present: int
    read: int = 0
    written: int = 0
    rewritten: bool = False
    indexes_built: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lock:
    """The lock on one relation that existed before: the strongest, from the statement that took it.

    Args:
        relation: Its name; of an index, the index's.
        kind: table, partitioned table, index, view, materialized view, sequence, foreign table.
        table: The table that an index is on; else the relation itself.
        mode: As PostgreSQL's manual writes it: ACCESS EXCLUSIVE.
        words: What it stops, in plain words.
        line: Of the statement that took it.
        until: What ends it: COMMIT, or the statement's end.
        held_ms: How long, for the rows in production; None where that is not known.
        rows: In production; None where that is not known.
        large: Whether the table counts as large.
        promised: The mode that the header names for it; empty where it names none.

    """

    relation: str
    kind: str
    table: str
    mode: str
    words: str
    line: int
    until: str
    held_ms: Range | None
    rows: int | None
    large: bool
    promised: str


@dataclass(frozen=True, slots=True)
class StatementReview:
    """One statement and what it was measured to do.

    Args:
        line: Where it begins, from 1.
        end_line: Where it ends.
        text: Its SQL.
        locks: Relation and mode of each lock that was new or stronger than those held.
        work: What it did to each relation that existed before.
        validated: The constraints that were checked against the rows there.
        dropped: What vanished that it does not name: the blast radius of a CASCADE.
        gone: What existed before, was not dropped by a CASCADE, and is gone or has another name.
        said: What PostgreSQL itself said: debug messages and notices.
        samples: Time and WAL at each size.
        duration_ms: For the rows in production; None where those are not known, or it grows.
        wal_bytes: The same.
        ms_per_million: For each million rows, where those in production are not known.

    """

    line: int
    end_line: int
    text: str
    locks: tuple[tuple[str, str], ...] = ()
    work: tuple[RelationWork, ...] = ()
    validated: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    samples: tuple[Sample, ...] = ()
    duration_ms: Range | None = None
    wal_bytes: Range | None = None
    ms_per_million: Range | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """What applying, rolling back and applying again showed.

    Args:
        verdict: Whether the way back loses rows; "not measured" says that `error` prevented it.
        lost: What the way back loses, a line each.
        destroyed: Of that, what was there before the migration was applied.
        differences: How the schema after the way back differs from the one before.
        invalid_indexes: Those that were left.
        error: What the rollback file raised.

    """

    verdict: Literal["lossless", "lossy", "irreversible", "not measured"]
    lost: tuple[str, ...] = ()
    destroyed: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()
    invalid_indexes: tuple[str, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class Opinion:
    """A finding of squawk's, beside what was measured.

    Args:
        rule: squawk's name of it.
        line: The line of the file, from 1.
        message: What squawk says.
        verdict: confirmed, refuted, or beyond measuring.
        because: What was measured.

    """

    rule: str
    line: int
    message: str
    verdict: Literal["confirmed", "refuted", "beyond measuring"]
    because: str = ""


@dataclass(frozen=True, slots=True)
class Allowance:
    """A finding that the file allows: why, and until when."""

    reason: str
    until: date
    line: int


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a team should not let pass unseen.

    Args:
        rule: Its name: that of a page in docs/rules/, or squawk's where squawk alone found it.
        message: What was measured.
        instead: What to do instead.
        line: Where in the file.
        relation: The relation concerned; empty where it is none.
        file: The file's name, where it is not the migration's own but its rollback's.
        allowed: Why and until when the file allows it; None where it does not.

    """

    rule: str
    message: str
    instead: str
    line: int = 1
    relation: str = ""
    file: str = ""
    allowed: Allowance | None = None


@dataclass(frozen=True, slots=True)
class MigrationReview:
    """One migration's review.

    Args:
        id: Its id.
        path: Its file, as the reader would name it.
        purpose: What its header says it is for.
        transactional: Whether it runs in one transaction.
        text: The file.
        rollback_text: The file that undoes it.
        claims: What the header says of `locks` and `reversible`.
        locks: On relations that existed before, the strongest first.
        statements: In order.
        proof: Of its way back.
        opinions: squawk's.
        findings: The worst first.
        not_measured: Why it could not be measured, or not wholly.
        notes: What else a reader should know.
        duration_ms: Of the whole file; None where that depends on rows that are not known.

    """

    id: str
    path: str
    purpose: str
    transactional: bool
    text: str
    rollback_text: str
    claims: dict[str, str]
    locks: tuple[Lock, ...] = ()
    statements: tuple[StatementReview, ...] = ()
    proof: Proof = field(default_factory=lambda: Proof("not measured"))
    opinions: tuple[Opinion, ...] = ()
    findings: tuple[Finding, ...] = ()
    not_measured: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    duration_ms: Range | None = None

    @property
    def verdict(self) -> str:
        """pass, finding or not measured: what was not measured is never green."""
        if self.not_measured:
            return NOT_MEASURED
        return FINDING if any(each.allowed is None for each in self.findings) else PASS


@dataclass(frozen=True, slots=True)
class Report:
    """A whole review.

    Args:
        server: PostgreSQL's version.
        sizes: How many rows the tables were filled with for the two measurements of time.
        rows_from: The file that says how many rows production has; empty where none was given.
        made_on: The day of the review: allowances expire by it.
        migrations: In the order in which they are applied.
        seconds: How long the review took.
        notes: What holds for all migrations.

    """

    server: str
    sizes: tuple[int, ...]
    rows_from: str
    made_on: date
    migrations: tuple[MigrationReview, ...]
    seconds: float
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """Return the worst of the migrations' verdicts."""
        found = {each.verdict for each in self.migrations}
        return next((each for each in (NOT_MEASURED, FINDING) if each in found), PASS)

    @property
    def exit_code(self) -> int:
        """0 pass, 1 finding, 2 not measured."""
        return EXIT_CODES[self.verdict]

    def document(self) -> dict[str, Any]:
        """Return the report as a JSON document."""
        plain = asdict(self)
        plain["made_on"] = self.made_on.isoformat()
        for migration, shown in zip(self.migrations, plain["migrations"], strict=True):
            shown["verdict"] = migration.verdict
            for finding in shown["findings"]:
                if finding["allowed"] is not None:
                    finding["allowed"]["until"] = finding["allowed"]["until"].isoformat()
        return {"verdict": self.verdict, **plain}


def count(number: int, noun: str) -> str:
    """Return a number and a noun: 1 row, 2 rows, 0 indexes."""
    plural = noun + ("es" if noun.endswith(("x", "s")) else "s")
    return f"{number:,} {noun if number == 1 else plural}"


def duration(milliseconds: float) -> str:
    """Return a length of time with two digits and a fitting unit."""
    return _scaled(
        milliseconds, (("ms", 1_000), ("s", 120), ("min", 120), ("h", 0)), (1_000, 60, 60)
    )


def size(of: float) -> str:
    """Return a number of bytes with a fitting unit."""
    kilo = 1024.0
    units = tuple((unit, kilo) for unit in ("B", "kB", "MB", "GB"))
    return _scaled(of, (*units, ("TB", 0)), (kilo,) * 4)


def _scaled(value: float, units: Sequence[tuple[str, float]], steps: Sequence[float]) -> str:
    """Write a value in the first unit whose limit it is below; 0 is no limit."""
    place = 0
    while units[place][1] and value >= units[place][1]:
        value /= steps[place]
        place += 1
    two_digits = 10
    shown = f"{value:.0f}" if value >= two_digits or value == int(value) else f"{value:.2g}"
    return f"{shown} {units[place][0]}"


def in_words(found: Range | None, show: Any = duration) -> str:
    """Return a range: 1.2 s (0.5 s to 3 s)."""
    if found is None:
        return "not known"
    return f"{show(found.estimate)} ({show(found.low)} to {show(found.high)})"


def unallowed(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings that no allowance covers."""
    return [each for each in findings if each.allowed is None]
