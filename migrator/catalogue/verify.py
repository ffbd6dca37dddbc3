"""Whether a database is what the files say: history, schema, rules over the catalogue, seeds."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg

from migrator.catalogue import snapshot
from migrator.core import failure, files, leftovers
from migrator.core.apply import Applier
from migrator.core.engine import StatementError
from migrator.core.errors import MigratorError
from migrator.core.files import Migration
from migrator.core.runner import Runner

# In the directory sql: what is otherwise where tables are distributed, or partitioned, by choice.
CITUS = "citus/verify.txt"
PARTITIONED = "partition/verify.txt"
_OURS = {"column", "constraint"}  # of a table of the set; a table or an index may be anybody's


@dataclass(frozen=True, slots=True)
class Check:
    """What one check of verify found.

    Args:
        name: What was checked.
        findings: What is wrong, a line each; empty where all is well.
        foreign: Those of them that may be another application's.
        skipped: Why the check was not made; empty where it was.

    """

    name: str
    findings: list[str]
    foreign: frozenset[str] = frozenset()
    skipped: str = ""

    @property
    def document(self) -> dict[str, Any]:
        """The result as data."""
        return {"name": self.name, "findings": self.findings, "skipped": self.skipped}

    def in_form(self, form: str, expected: Collection[str]) -> Check:
        """Return the check of a schema that has another form by choice.

        Args:
            form: The file that says what is otherwise there.
            expected: What the check of each name should find, as `name: finding`; `*` is any text.

        """
        known: set[str] = set()
        missed = []
        for each in expected:
            name, _, words = each.partition(": ")
            if name != self.name or self.skipped:
                continue
            pattern = re.compile(".*".join(map(re.escape, words.split("*"))))
            matches = [finding for finding in self.findings if pattern.fullmatch(finding)]
            known.update(matches)
            missed += [] if matches else [f"is not as {form} says: {words}"]
        found = [finding for finding in self.findings if finding not in known]
        return replace(self, findings=found + missed)

    def lines(self) -> list[str]:
        """Return the result as text."""
        verdict = f"skipped: {self.skipped}" if self.skipped else "ok"
        first = f"{self.name}: {'FAILED' if self.findings else verdict}"
        return [first, *(f"    {finding}" for finding in self.findings)]


def verify(runner: Runner, *, with_schema: bool = True, may_be_behind: bool = False) -> list[Check]:
    """Make every check that the set and the target allow; nothing is changed.

    Args:
        runner: The target and the files.
        with_schema: Whether to compare the schema with the snapshot, which takes a pg_dump.
        may_be_behind: Whether migrations may be pending; the snapshot is of none that are.

    Raises:
        Refused: The target cannot be read.

    """
    behind = runner.state().pending if may_be_behind else []
    checks = [_history(runner, except_for=behind), _invalid_indexes(runner)]
    checks += [_schema(runner)] if with_schema and not behind else []
    directory = runner.project.sql / "checks" if runner.project.sql is not None else None
    if directory is not None and directory.is_dir():
        checks += [_rule(runner, path) for path in sorted(directory.glob("*.sql"))]
    checks.append(_seeds(runner))
    if runner.project.sql is None or not (form := _form(runner)):
        return checks
    path = runner.project.sql / form
    expected = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return [each.in_form(form, expected) for each in checks]


def checked(runner: Runner) -> tuple[dict[str, Any], list[str], int]:
    """Make every check; return them as a document and as text, and the exit code."""
    checks = verify(runner)
    passed = not any(check.findings for check in checks)
    document = {"passed": passed, "checks": [check.document for check in checks]}
    return document, [line for check in checks for line in check.lines()], 0 if passed else 1


def _form(runner: Runner) -> str:
    """Return which file says what is otherwise in the database; empty where nothing is."""
    cluster = runner.session.citus
    if cluster is not None and cluster.distributed:
        return CITUS
    query = "SELECT FROM pg_class WHERE relkind = 'p' AND relnamespace = to_regnamespace('public')"
    return PARTITIONED if runner.session.connection.execute(query).fetchall() else ""


def _history(runner: Runner, *, except_for: Sequence[Migration]) -> Check:
    state = runner.state()
    return Check(
        "history",
        [
            *(f"pending: {each.id}" for each in state.pending if each not in except_for),
            *(f"was edited after it was applied: {each.id}" for each in state.edited),
            *(f"applied, but its file is missing: {each}" for each in state.missing),
            *(f"started and not ended: {each}" for each in state.interrupted),
        ],
    )


def _invalid_indexes(runner: Runner) -> Check:
    return Check("invalid indexes", leftovers.invalid_indexes(runner.session.connection))


def _schema(runner: Runner) -> Check:
    """Compare with the snapshot; what is unexpected may be another application's, and is told."""
    if runner.project.sql is None or not (runner.project.sql / "schema.sql").is_file():
        return Check("schema", [], skipped="the set has no snapshot sql/schema.sql")
    path = runner.project.sql / "schema.sql"
    told = snapshot.compare(
        snapshot.load(path),
        runner.target,
        runner.session,
        row_security=not runner.project.settings.row_security_by_choice,
    )
    foreign = (each for each in told if each.is_unexpected and each.subject.kind not in _OURS)
    return Check("schema", [each.words for each in told], frozenset(each.words for each in foreign))


def _rule(runner: Runner, path: Path) -> Check:
    name = f"sql/checks/{path.name}"
    connection = runner.session.connection
    try:
        with connection.transaction(force_rollback=True):
            connection.execute("SET TRANSACTION READ ONLY")
            rows = connection.execute(path.read_bytes()).fetchall()
    except psycopg.Error as error:
        words = str(error).strip()
        if failure.is_of_row_security(error):
            words = f"{error.diag.message_primary}. {failure.PAST_ROW_SECURITY}"
        return Check(name, [f"cannot be run: {words}"])
    return Check(name, [" ".join(str(value) for value in row) for row in rows])


def _seeds(runner: Runner) -> Check:
    """Run each seed and undo it: in a database that is as it should be, none writes a row."""
    if runner.session.facts.is_standby or runner.session.facts.is_read_only:
        return Check("seeds", [], skipped="the target is read-only")
    if runner.state().pending:
        return Check("seeds", [], skipped="migrations are pending")
    applier = Applier(runner.session, runner.say)
    findings: list[str] = []
    for seed in runner.seeds:
        try:
            files.check([seed.source])  # a COMMIT would keep what is written
            rows = applier.rows_a_seed_would_write(seed)
        except MigratorError as error:
            cause = error.__cause__
            if isinstance(cause, StatementError) and isinstance(
                cause.error, psycopg.errors.InsufficientPrivilege
            ):
                return Check("seeds", findings, skipped=f"only their owner can: {error.message}")
            findings.append(error.message)
        else:
            findings += [f"{seed.id}: {rows} rows are missing or have other values"] * bool(rows)
    return Check("seeds", findings)
