"""What a review found, as data: the source of every format and of the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import PurePath
from typing import Any, Literal

from migrator.review import locks

PASS, FINDING, NOT_MEASURED = "pass", "finding", "not measured"
EXIT_CODES = {PASS: 0, FINDING: 1, NOT_MEASURED: 2}
# Each verdict in the words of a report for people; JSON and SARIF keep the short ones.
WORDS = {PASS: "safe to apply", FINDING: "do not apply yet", NOT_MEASURED: "not measured"}
# Extrapolations from two sizes were right within these factors: see make bench-review.
LOW, HIGH = 0.4, 2.5
_FOREVER = 1e9  # milliseconds


@dataclass(frozen=True, slots=True)
class Range:
    """An estimate for production and its bounds, in milliseconds or bytes.

    Args:
        low: The lower bound.
        estimate: The estimate.
        high: The upper bound.
        is_least: Whether more comes to it that is unknown.

    """

    low: float
    estimate: float
    high: float
    is_least: bool = False

    @classmethod
    def around(cls, estimate: float, *, is_least: bool = False) -> Range:
        """Return the range within which such an extrapolation is right."""
        return cls(estimate * LOW, estimate, estimate * HIGH, is_least)


@dataclass(frozen=True, slots=True)
class Sample:
    """A statement measured at one size of the scratch database.

    Args:
        rows: How many rows each table had, at most.
        ms: How long the statement took, in milliseconds.
        wal_bytes: How much write-ahead log it wrote, in bytes.

    """

    rows: int
    ms: float
    wal_bytes: int


@dataclass(frozen=True, slots=True)
class RelationWork:
    """What one statement did to the rows of one relation.

    Args:
        relation: The name of the relation.
        present: How many rows it had on the scratch database.
        read: How many rows were read.
        written: How many rows were inserted, updated or deleted.
        rewritten: Whether its storage was replaced.
        indexes_built: The names of the indexes that were built on it.
        grows_with: How many rows the work touches in production: so many for each row that a
            relation had before the file, by its name; under the empty name, so many besides.
        writes_with: The same of the rows that it writes.
        batch: How many rows were written in each transaction, if the statement commits batches.

    """

    relation: str
    present: int
    read: int = 0
    written: int = 0
    rewritten: bool = False
    indexes_built: tuple[str, ...] = ()
    grows_with: Mapping[str, float] = field(default_factory=dict)
    writes_with: Mapping[str, float] = field(default_factory=dict)
    batch: int = 0


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock on a relation that existed before the migration.

    Args:
        relation: The name of the locked relation.
        kind: table, partitioned table, index, view, materialized view, sequence, foreign table.
        table: For an index, the name of its table; else the same as `relation`.
        mode: The lock mode as PostgreSQL's manual writes it: ACCESS EXCLUSIVE.
        words: What the lock blocks, in plain words.
        line: The line of the statement that took it.
        until: When it ends: COMMIT, or the end of the statement.
        held_ms: How long it is held in production, in milliseconds; None if unknown.
        rows: The number of rows of the table in production; None if unknown.
        large: Whether the table counts as large.
        promised: The mode that the header names for it; empty if it names none.

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

    @property
    def harm(self) -> float:
        """How long others are blocked, in milliseconds; the more, the stronger the mode is."""
        held = self.held_ms
        is_known = held is not None and not held.is_least
        return locks.weight(self.mode) * (held.estimate if held and is_known else _FOREVER)


@dataclass(frozen=True, slots=True)
class InBatches:
    """How a statement runs in batches, in production.

    Args:
        rows: How many rows the first batch may take.
        number: How many batches there are; None if the number of rows is unknown.
        ms: How long one takes, in milliseconds.
        pause_ms: The pause after each.
        plan: The plan of the last one, which finds nothing, line by line.

    """

    rows: int
    number: int | None
    ms: Range
    pause_ms: int
    plan: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StatementReview:
    """One statement and what was measured about it.

    Args:
        line: The line where it begins, from 1.
        end_line: The line where it ends.
        text: Its SQL.
        locks: Relation and mode of each lock that was new or stronger than those held before.
        work: What it did to each relation that existed before.
        validated: The constraints that were checked against existing rows.
        dropped: The objects that a CASCADE dropped without being named.
        gone: Other objects from before that are gone or renamed.
        said: The debug messages and notices of PostgreSQL.
        samples: Time and WAL at each size.
        duration_ms: The time in production, in milliseconds; None if it depends on an unknown
            number of rows.
        wal_bytes: The WAL written in production, in bytes; None likewise.
        ms_per_million: Milliseconds per million rows, if the number of rows is unknown.
        batches: How it runs in batches, with their pauses in its time; None if it does not.

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
    batches: InBatches | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """What applying, rolling back and applying again showed.

    Args:
        verdict: Whether the rollback loses rows; "not measured" if `error` prevented the proof.
        lost: What the rollback loses, one entry each.
        destroyed: The part of it that existed before the migration was applied.
        differences: How the schema after the rollback differs from the one before.
        invalid_indexes: The INVALID indexes that were left.
        error: The error of the rollback file; empty if it ran.

    """

    verdict: Literal["lossless", "lossy", "irreversible", "not measured"]
    lost: tuple[str, ...] = ()
    destroyed: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()
    invalid_indexes: tuple[str, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class Opinion:
    """A warning of squawk, and whether the measurement confirms it.

    Args:
        rule: squawk's name of the rule.
        line: The line of the file, from 1.
        message: squawk's message.
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
    """A line of the file that allows a finding: why, until which day, and its number."""

    reason: str
    until: date
    line: int


@dataclass(frozen=True, slots=True)
class NewPair:
    """A migration that a team can write instead of one under review, or of a part of it.

    Args:
        id: The name of its file without `.sql`.
        forward: The text of its file.
        rollback: The text of its rollback file.
        is_later: Whether it belongs to the next release of the application.

    """

    id: str
    forward: str
    rollback: str
    is_later: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a team should decide about before it applies the migration.

    Args:
        rule: The rule's name: that of a page in docs/rules/, or squawk's own.
        message: What was measured.
        instead: What to do instead.
        line: The line of the file, from 1.
        relation: The relation concerned; empty if there is none.
        file: The name of the rollback file, if the finding is about that; else empty.
        allowed: The line of the file that allows it; None if none does.
        files: The migrations to write instead of the statement; empty if there is no safe way.
        header: The line for the file's header that helps where no other statement does.

    """

    rule: str
    message: str
    instead: str
    line: int = 1
    relation: str = ""
    file: str = ""
    allowed: Allowance | None = None
    files: tuple[NewPair, ...] = ()
    header: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReview:
    """A file, and what was measured of it.

    Args:
        path: Its path, relative to the working directory if possible.
        checksum: The checksum that the history keeps of it.
        transactional: Whether it runs in one transaction.
        text: Its text.
        locks: The locks on relations that existed before the migration, the most harmful first.
        statements: Its statements, in order.
        opinions: squawk's warnings.
        duration_ms: How long it takes in production, in milliseconds; None if unknown.

    """

    path: str
    checksum: str
    transactional: bool
    text: str
    locks: tuple[Lock, ...] = ()
    statements: tuple[StatementReview, ...] = ()
    opinions: tuple[Opinion, ...] = ()
    duration_ms: Range | None = None

    @property
    def name(self) -> str:
        """The name of the file."""
        return PurePath(self.path).name


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationReview(FileReview):
    """The review of one migration: of its file, and of its rollback file.

    Args:
        id: Its id.
        purpose: The purpose in its header.
        claims: The keys and values of its header, without the purpose.
        rollback: Its rollback file.
        proof: What applying and rolling back showed.
        findings: The findings, the worst first.
        not_measured: Why something could not be measured; empty if everything was.
        notes: What else a reader should know.
        instead: The migrations to write instead of it; empty if there are none.

    """

    id: str
    purpose: str
    claims: dict[str, str]
    rollback: FileReview
    proof: Proof = field(default_factory=lambda: Proof("not measured"))
    findings: tuple[Finding, ...] = ()
    not_measured: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    instead: tuple[NewPair, ...] = ()

    def file(self, finding: Finding) -> FileReview:
        """Return the file that a finding is about."""
        return self.rollback if finding.file else self

    @property
    def verdict(self) -> str:
        """pass, finding or not measured; what was not measured never passes."""
        if self.not_measured:
            return NOT_MEASURED
        return FINDING if any(each.allowed is None for each in self.findings) else PASS

    @property
    def rank(self) -> tuple[int, float, str]:
        """The key by which migrations are sorted, the most harmful first."""
        verdicts = [NOT_MEASURED, FINDING, PASS]
        harm = max((each.harm for each in self.locks), default=0.0)
        return verdicts.index(self.verdict), -harm, self.id


@dataclass(frozen=True, slots=True)
class Replacement:
    """A migration, and the ids of those that a proposal puts in its place.

    Args:
        id: Its id.
        by: The ids of the others.
        why: Why there are none; or how the order of columns differs in the end, if it does.

    """

    id: str
    by: tuple[str, ...]
    why: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Files that were written instead of those under review.

    Args:
        directory: Where they are.
        replacements: What became of each migration.
        report: Their review, which they pass; None if there are none.

    """

    directory: str
    replacements: tuple[Replacement, ...]
    report: Report | None


@dataclass(frozen=True, slots=True)
class Report:
    """A whole review.

    Args:
        server: The version of PostgreSQL.
        sizes: How many rows the tables had for the two measurements of time; empty if they had
            those of a backup.
        rows_from: The file with the number of rows in production; empty if none was given.
        made_on: The day of the review, by which allowances end.
        migrations: The migrations, in the order in which they are applied.
        commit: The commit of the files; empty if it is unknown.
        seconds: How long the review took, in seconds.
        notes: Notes on the review as a whole.
        proposal: The files that were written instead; None if that was not asked for.

    """

    server: str
    sizes: tuple[int, ...]
    rows_from: str
    made_on: date
    migrations: tuple[MigrationReview, ...]
    seconds: float
    notes: tuple[str, ...] = ()
    commit: str = ""
    proposal: Proposal | None = None

    @property
    def verdict(self) -> str:
        """The worst of the migrations' verdicts."""
        found = {each.verdict for each in self.migrations}
        return next((each for each in (NOT_MEASURED, FINDING) if each in found), PASS)

    @property
    def headline(self) -> str:
        """Whether to apply the migrations, and why: do not apply yet: 2 findings."""
        if not self.migrations:
            return "nothing to review"
        findings = [finding for each in self.migrations for finding in each.findings]
        gate = len(unallowed(findings))
        unmeasured = sum(each.verdict == NOT_MEASURED for each in self.migrations)
        lossy = sum(each.proof.verdict == "lossy" for each in self.migrations)
        reasons = (
            (unmeasured, f"{count(unmeasured, 'migration')} not measured"),
            (gate, count(gate, "finding")),
            (len(findings) - gate, f"{count(len(findings) - gate, 'finding')} allowed"),
            (lossy, f"{count(lossy, 'rollback')} {'loses' if lossy == 1 else 'lose'} rows"),
        )
        told = ", ".join(words for number, words in reasons if number)
        return WORDS[PASS if self.verdict == PASS else FINDING] + f": {told}" * bool(told)

    @property
    def exit_code(self) -> int:
        """0 for pass, 1 for a finding, 2 for not measured."""
        return EXIT_CODES[self.verdict]

    def document(self) -> dict[str, Any]:
        """Return the report as a JSON document."""
        plain = asdict(self)
        plain["made_on"] = self.made_on.isoformat()
        if self.proposal:
            report = self.proposal.report
            plain["proposal"]["report"] = report and report.document()
        for migration, shown in zip(self.migrations, plain["migrations"], strict=True):
            shown["verdict"] = migration.verdict
            for finding in shown["findings"]:
                if finding["allowed"] is not None:
                    finding["allowed"]["until"] = finding["allowed"]["until"].isoformat()
        return {"verdict": self.verdict, **plain}


def count(number: int, noun: str) -> str:
    """Return a number and its noun: 1 row, 2 rows, 0 indexes."""
    plural = noun + ("es" if noun.endswith(("x", "s")) else "s")
    return f"{number:,} {noun if number == 1 else plural}"


def duration(milliseconds: float) -> str:
    """Return a time in milliseconds with two digits and the unit that fits."""
    return _scaled(
        milliseconds, (("ms", 1_000), ("s", 120), ("min", 120), ("h", 0)), (1_000, 60, 60)
    )


def size(of: float) -> str:
    """Return a number of bytes with the unit that fits."""
    kilo = 1024.0
    units = tuple((unit, kilo) for unit in ("B", "kB", "MB", "GB"))
    return _scaled(of, (*units, ("TB", 0)), (kilo,) * 4)


def _scaled(value: float, units: Sequence[tuple[str, float]], steps: Sequence[float]) -> str:
    """Write a value in the first unit whose limit exceeds it; a limit of 0 means none."""
    place = 0
    while units[place][1] and value >= units[place][1]:
        value /= steps[place]
        place += 1
    two_digits = 10
    shown = f"{value:.0f}" if value >= two_digits or value == int(value) else f"{value:.2g}"
    return f"{shown} {units[place][0]}"


def in_words(found: Range | None, show: Any = duration) -> str:
    """Return a range: 1.2 s (0.5 s to 3 s), or: at least 1.2 s."""
    if found is None:
        return "unknown"
    if found.is_least:
        return f"at least {show(found.estimate)}"
    if not found.estimate:
        return "a moment"
    return f"{show(found.estimate)} ({show(found.low)} to {show(found.high)})"


def folded(held: Sequence[Lock]) -> list[list[Lock]]:
    """Return the locks of a table in groups: those on its indexes that are alike are one."""
    groups: dict[object, list[Lock]] = {}
    for each in held:
        name = each.relation if each.relation == each.table else ""
        key = (name, each.table, each.mode, each.line, each.until, each.held_ms)
        groups.setdefault(key, []).append(each)
    return [*groups.values()]


def unallowed(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings that the file does not allow."""
    return [each for each in findings if each.allowed is None]
