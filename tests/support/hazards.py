"""The hazard corpus: tests/review/hazards/*.sql, small migrations and what is true of each.

A case is one file: a header that says what PostgreSQL does, then the files of a migration set.

    -- case: what it is, in one line
    -- finds: rewrite on tasks, work-after-lock on tasks    all findings, or: nothing
    -- finds: scan on tasks in the rollback                 those in the rollback file
    -- locks: ACCESS EXCLUSIVE on tasks                     the strongest on each relation, or: none
    -- proof: lossless                                      lossy, irreversible, not measured
    -- squawk: adding-field-with-default confirmed          squawk's warnings, or: silent
    -- 15 locks: SHARE on tasks                             for a version that differs
    -- since: 18                                            the first version that can run it
    -- known: why the review is wrong about it              the test is expected to fail
    -- when: fast                                           in the fast tier, and on each version
    -- when: all                                            another case shows nearly the same
    -- file: 0001.before.sql
    ...

A review takes a second of processor time, so unless REVIEW_CASES=all is in the environment, a case
that says nearly the same as another is left out, and on older versions only those are reviewed that
are fast or say something of that version.

A key that is given twice continues its list. `0001.before` is the state before; every other
migration is reviewed. A missing rollback file does nothing. ACCESS SHARE is left out.

`python -m tests.support.hazards` writes docs/hazards.md from them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import NamedTuple

from migrator.core import files, settings
from migrator.core.project import Project
from migrator.core.settings import Thresholds
from migrator.core.target import Target
from migrator.review import locks, selection
from migrator.review.report import Report
from migrator.review.run import Review
from migrator.server.scratch import OwnScratch
from tests.support.servers import NEWEST, ROOT, Server

PAGE = ROOT / "docs" / "hazards.md"
DIRECTORY = ROOT / "tests" / "review" / "hazards"
NOT_MEASURED = "not-measured"  # what a finding would be called that something was not measured
# Every table counts as large, as production's rows are not known: so few rows do, at one size.
SETTINGS = replace(settings.load(ROOT), review=Thresholds(small_rows=200, sizes=(400,)))
# So many rows that the planner of a batch prefers an index.
FOR_BATCHES = replace(SETTINGS, review=Thresholds(small_rows=200, sizes=(2_000,)))
EVERY, FAST = "all", "fast"
STOPS_NOBODY = "ACCESS SHARE"
CONFIRMED, REFUTED, BEYOND = "confirmed", "refuted", "beyond measuring"
# What squawk does not read: the rollback file, and what our headers say.
UNREAD = {"rollback-loss", "rollback-fails", "rollback-differs", "locks-header", "allowance"}
IN_THE_ROLLBACK = " in the rollback"
_FILE = re.compile(r"^-- file: (\S+)\n", re.MULTILINE)
_LINE = re.compile(r"-- (?:(\d+) )?([a-z]+): (.*)")
_KEYS = {"case", "finds", "locks", "proof", "squawk", "since", "known", "when"}
_NONE = {"finds": "nothing", "locks": "none", "squawk": "silent"}
_PROOFS = ("lossless", "lossy", "irreversible", "not measured")


class Truth(NamedTuple):
    """What is true of a case, or what the review says of it."""

    finds: tuple[str, ...]
    locks: tuple[str, ...]
    proof: str
    squawk: tuple[str, ...]


class Case(NamedTuple):
    """A case: its header, and the text of its files by name."""

    slug: str
    header: Mapping[str, str]
    files: Mapping[str, str]

    @property
    def what(self) -> str:
        return self.header["case"]

    def versions(self, installed: Sequence[int]) -> set[int]:
        """Return on which versions of those that are here it is reviewed."""
        able = {each for each in installed if each >= int(self.header.get("since", "0"))}
        if reviews_every():
            return able
        when = self.header.get("when")
        own = {each for each in able if any(key.startswith(f"{each} ") for key in self.header)}
        return set() if when == EVERY else able if when == FAST else (able & {max(installed)}) | own

    @property
    def is_slow(self) -> bool:
        """Whether it is left to the slow tier."""
        return self.header.get("when") != FAST

    def known(self, major: int) -> str | None:
        return self._said("known", major)

    def truth(self, major: int = NEWEST) -> Truth:
        return Truth(
            self._list("finds", major),
            self._list("locks", major),
            self._said("proof", major) or "",
            self._list("squawk", major),
        )

    def _said(self, key: str, major: int) -> str | None:
        return self.header.get(f"{major} {key}", self.header.get(key))

    def _list(self, key: str, major: int) -> tuple[str, ...]:
        said = self._said(key, major) or ""
        return () if said == _NONE[key] else tuple(sorted(said.split(", ")))


def split(text: str) -> tuple[str, dict[str, str]]:
    """Return what is before the first `-- file:` line, and the files after each."""
    before, *rest = _FILE.split(text)
    return before, dict(zip(rest[::2], rest[1::2], strict=True))


def read(path: Path) -> Case:
    """Read a case."""
    before, contents = split(path.read_text(encoding="utf-8"))
    header: dict[str, str] = {}
    for line in before.splitlines():
        match = _LINE.fullmatch(line)
        assert match, f"{path.name}: {line}"
        assert match[2] in _KEYS, f"{path.name}: {line}"
        key = f"{match[1]} {match[2]}" if match[1] else match[2]
        header[key] = f"{header[key]}, {match[3]}" if key in header else match[3]
    missing = {"case", "finds", "locks", "proof", "squawk"} - header.keys()
    assert not missing, f"{path.name}: {missing}"
    assert header["proof"] in _PROOFS, f"{path.name}: {header['proof']}"
    return Case(path.stem, header, contents)


def cases() -> list[Case]:
    """Return all cases, by name."""
    return [read(path) for path in sorted(DIRECTORY.glob("*.sql"))]


def reviews_every() -> bool:
    """Say whether every case is reviewed, on every version."""
    return os.environ.get("REVIEW_CASES") == EVERY


def review(contents: Mapping[str, str], server: Server, root: Path) -> Report:
    """Review a migration set in this process: everything but the state before.

    Args:
        contents: The text of its files by name; those outside `migrations` have their directory.
        server: Where scratch databases are made.
        root: An empty directory.

    """
    directory = root / "migrations"
    for name, text in contents.items():
        path = root / name if "/" in name else directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, text)
    for path in directory.glob("*.sql"):
        rollback = path.with_suffix(files.ROLLBACK_SUFFIX)
        if not path.name.endswith(files.ROLLBACK_SUFFIX) and not rollback.exists():
            files.write(rollback, "SELECT 1;\n")
    is_batch = any("\n-- batch:" in text for text in contents.values())
    how = FOR_BATCHES if is_batch else SETTINGS
    project = replace(Project.at(directory), settings=how)
    ids = [each.id for each in files.discover(directory) if not each.id.endswith(".before")]
    place = Target.parse(server.dsn("postgres", server.user), "test")
    with as_before(server), OwnScratch(place) as scratch:
        work = Review(
            project,
            selection.by_id(project, ids),
            scratch,
            counts=None,
            say=lambda _: None,
        )
        return work.run("", date.today())


@contextmanager
def as_before(server: Server) -> Iterator[None]:
    """Drop the databases and the roles that a review has made, whose server would be gone."""
    queries = {
        "DATABASE": "SELECT quote_ident(datname) FROM pg_database",
        "ROLE": "SELECT quote_ident(rolname) FROM pg_roles",
    }
    with server.connect() as connection:
        before = {kind: connection.execute(query).fetchall() for kind, query in queries.items()}
        yield
        for kind, query in queries.items():
            for (name,) in {*connection.execute(query).fetchall()} - {*before[kind]}:
                connection.execute(f"DROP {kind} {name}".encode())


def answer(report: Report) -> Truth:
    """Return what a report says, in the words of a case's header."""
    finds, strongest, squawk = set(), dict[str, str](), set()
    for migration in report.migrations:
        for each in migration.findings:
            if each.allowed is None:
                told = f"{each.rule} on {each.relation}" if each.relation else each.rule
                is_back = each.file and each.rule not in UNREAD
                finds.add(told + IN_THE_ROLLBACK if is_back else told)
        if migration.not_measured:
            finds.add(NOT_MEASURED)
        for lock in migration.locks:
            if lock.mode != STOPS_NOBODY:
                modes = [strongest.get(lock.relation, ""), lock.mode]
                strongest[lock.relation] = locks.strongest(modes)
        squawk |= {f"{each.rule} {each.verdict}" for each in migration.opinions}
    proofs = [each.proof.verdict for each in report.migrations]
    return Truth(
        tuple(sorted(finds)),
        tuple(sorted(f"{mode} on {relation}" for relation, mode in strongest.items())),
        max(proofs, key=_PROOFS.index),
        tuple(sorted(squawk)),
    )


class Verdict(NamedTuple):
    """How squawk alone does on a case."""

    has_hazard: bool
    is_seen: bool
    is_false_alarm: bool
    says_more: bool

    def __str__(self) -> str:
        silent = not (self.is_seen or self.is_false_alarm or self.says_more)
        told = {
            "agrees": self.is_seen or (silent and not self.has_hazard),
            "misses": self.has_hazard and not self.is_seen,
            "false alarm": self.is_false_alarm,
            "gives advice beyond measuring": self.says_more,
        }
        return ", ".join(words for words, holds in told.items() if holds)


def _is_unread(found: str) -> bool:
    return found.split(maxsplit=1)[0] in UNREAD or found.endswith(IN_THE_ROLLBACK)


def own(truth: Truth) -> list[str]:
    """Return the findings that are not squawk's."""
    return [each for each in truth.finds if f"{each} {BEYOND}" not in truth.squawk]


def verdict(truth: Truth) -> Verdict:
    """Say how squawk alone does on a case."""
    kinds = {each.split(" ", maxsplit=1)[1] for each in truth.squawk}
    return Verdict(bool(own(truth)), *(each in kinds for each in (CONFIRMED, REFUTED, BEYOND)))


def page() -> str:
    """Return docs/hazards.md."""
    known = cases()
    rows = [
        f"| [{each.what}](../tests/review/hazards/{each.slug}.sql) "
        f"| {_shown(each.truth().finds) or 'nothing'} "
        f"| {_shown(each.truth().squawk) or 'silent'} | {verdict(each.truth())} |"
        for each in known
    ]
    said = _PAGE.format(counts=_counts([each.truth() for each in known]), rows="\n".join(rows))
    unsaid = [
        f"- [{each.what}](../tests/review/hazards/{each.slug}.sql). Why: {why}."
        for each in known
        if (why := each.known(NEWEST))
    ]
    return said + ("\n".join([_OPEN, *unsaid]) + "\n" if unsaid else "")


def _shown(said: Sequence[str]) -> str:
    """Show rules as code; what they are on, and what was measured, as text."""
    parts = [each.split(" ", maxsplit=1) for each in said]
    return "<br>".join(" ".join([f"`{rule}`", *more]) for rule, *more in parts)


def _counts(truths: Sequence[Truth]) -> str:
    hazards = [each for each in truths if own(each)]
    missed = [each for each in hazards if not verdict(each).is_seen]
    unread = [each for each in missed if all(map(_is_unread, own(each)))]
    safe = [each for each in truths if not own(each)]
    wolf = [each for each in safe if verdict(each).is_false_alarm]
    more = [each for each in safe if verdict(each).says_more]
    return f"""\
| {len(truths)} cases | |
|---|---|
| with a hazard | {len(hazards)} |
| of these, squawk alone warns about | {len(hazards) - len(missed)} |
| and misses | {len(missed)} |
| of which in files that it does not read: rollbacks and headers | {len(unread)} |
| without a hazard | {len(safe)} |
| of these, squawk alone gives a false alarm for | {len(wolf)} |
| and advice beyond measuring for | {len(more)} |"""


_PAGE = """\
# Hazards

The test cases of `review`: small migrations, each with what PostgreSQL really does. A test reviews
them on PostgreSQL 18, some on 15, too, and compares every finding, every lock and the result of the
rollback. Cases that are nearly the same as another one are left out. If you set `REVIEW_CASES=all`,
it reviews every case on every version. The cases are in `tests/review/hazards/`;
`python -m tests.support.hazards` writes this page from them.

They are good for three things:

- **before you write a migration**: find the case that is like yours, and read what it does;
- **to judge a linter or a tool like this one**: the header of a case is the truth, in words that a
  program can read, and no tool's opinion;
- **when the review is wrong**: add a case with what PostgreSQL does. The test fails until the
  review says the same.

squawk reads only the text of a file, so it must guess what a statement does. The review runs the
statement and then judges each of squawk's warnings:

- **confirmed**: the statement does what squawk warns about;
- **refuted**: it does not, on this database;
- **beyond measuring**: advice on design or on what clients may assume. The review passes it on.

The last column says how squawk alone does. It **agrees** if it warns about a case with a hazard, or
is silent about a case without one. Otherwise it **misses** a hazard, or gives a **false alarm**.
The rules of squawk that this project switches off are left out.

{counts}

The number of rows is unknown here, so every table is assumed to be large. For the meaning of a
finding, and what to do instead, see [reviewing a migration](review.md).

| case | the review finds | squawk alone says | squawk |
|---|---|---|---|
{rows}
"""
_OPEN = """
## Known gaps

The review is wrong about these cases:
"""


if __name__ == "__main__":
    files.write(PAGE, page())
