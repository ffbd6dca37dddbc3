"""The rules: what a team should not let pass unseen, each with what to do instead.

A rule looks at facts, never at milliseconds: which lock, how much of which table, how many rows
that table has in production. Each has a page in docs/rules/ under its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from migrator.core.settings import Thresholds
from migrator.review import locks
from migrator.review.evidence import SHARE_OF_A_BATCH, Step, scaling, share
from migrator.review.report import Finding, Lock, Opinion, Proof, RelationWork, count

INSTEAD = {
    "rewrite": "Add a new column, fill it in batches, and let the application switch to it; VACUUM "
    "FULL and CLUSTER: pg_repack, or not at all.",
    "scan": "Add the constraint NOT VALID, and validate it in a file of its own. Before SET NOT "
    "NULL or ATTACH PARTITION, add and validate a CHECK that says the same.",
    "index-build": "Build the index CONCURRENTLY, alone in a file with `-- transactional: false`; "
    "a constraint then takes it over: ADD CONSTRAINT ... USING INDEX.",
    "large-write": "Write in batches outside the migration, each committed; let the migration "
    "only check that none is left.",
    "work-after-lock": "Split the file: the statement that takes the lock goes alone, or last.",
    "second-table": "Name the lock in the header, so that everybody knows; add a reference in a "
    "file of its own, NOT VALID first.",
    "several-tables": "Split the file, so that each transaction locks one of the tables.",
    "cascade": "Take the CASCADE out, and drop by name what is really meant to go.",
    "lock-timeout": "Leave lock_timeout to the runner, which tries again: --lock-timeout.",
    "invalid-index": "Drop the index CONCURRENTLY and build it anew; find out what it failed of.",
    "rollback-loss": "Say so: `-- reversible: lossy: what is lost`. Better: first only stop using "
    "it, and drop it in a later release.",
    "rollback-fails": "Correct the rollback file; where there is no way back, let it RAISE "
    "EXCEPTION, and say `-- reversible: no: why`.",
    "rollback-differs": "Let the rollback file undo what the migration did, no less and no more.",
    "breaking-change": "Expand and contract: add the new, let the application switch, and take "
    "the old away in a later release.",
    "fails-on-rows": "Add the column with a default, or nullable and filled in batches.",
    "locks-header": "Correct the header: `-- locks: MODE on relation, ...`.",
}
RULES = (*INSTEAD, "allowance")
_NAME = r'(?:"(?:[^"]|"")+"|[^\s,."]+)'
_CLAIM = re.compile(rf"([A-Z][A-Z ]+?) on ((?:{_NAME}\.)?{_NAME})\s*(?:,\s*|$)")


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of one migration.

    Args:
        steps: What its statements did.
        locks: The strongest lock on each relation.
        roots: For each table, the one that it is a partition of; else itself.
        transactional: Whether it runs in one transaction.
        claims: What its header says.
        proof: Of its way back.
        rollback_name: The rollback file's name.
        required: Columns that a running application's INSERT would miss.
        counts: The rows in production by relation; None where they are not known.
        settings: The thresholds.

    """

    steps: Sequence[Step]
    locks: Sequence[Lock]
    roots: Mapping[str, str]
    transactional: bool
    claims: Mapping[str, str]
    proof: Proof
    rollback_name: str
    required: Sequence[str]
    counts: Mapping[str, int] | None
    settings: Thresholds

    def rows(self, table: str) -> int | None:
        """Return how many rows a table has in production; None where that is not known."""
        return None if self.counts is None else self.counts.get(table)

    def is_large(self, table: str, part: float = 1.0) -> bool:
        """Say whether so large a part of a table counts as large."""
        rows = self.rows(table)
        if rows is None:
            return part >= SHARE_OF_A_BATCH
        return rows * part >= self.settings.large_rows

    def shown(self, table: str) -> str:
        """Return a table with its rows in production."""
        rows = self.rows(table)
        return f"{table} ({'rows not known' if rows is None else count(rows, 'row')})"


def find(evidence: Evidence, opinions: Sequence[Opinion]) -> list[Finding]:
    """Apply every rule; the findings in the order of INSTEAD, then squawk's own."""
    found: list[Finding] = []
    for step in evidence.steps:
        found += _of_work(evidence, step)
        found += _of_what_is_gone(evidence, step)
    found += _after_a_lock(evidence)
    found += _second_tables(evidence)
    found += _lock_timeouts(evidence)
    found += _of_the_way_back(evidence)
    found += _of_the_header(evidence)
    for column in evidence.required:
        message = f"{column} must be given by every INSERT from now on: a running application fails"
        found.append(_finding("breaking-change", message, relation=column.rpartition(".")[0]))
    for opinion in opinions:
        if opinion.verdict == "beyond measuring":
            found.append(Finding(opinion.rule, opinion.message, "See squawk's page.", opinion.line))
    order = {rule: place for place, rule in enumerate(RULES)}
    kept = [each for each in found if each.rule not in evidence.settings.ignore]
    return sorted(kept, key=lambda each: (order.get(each.rule, len(order)), each.line))


def _finding(
    rule: str, message: str, line: int = 1, *, relation: str = "", file: str = ""
) -> Finding:
    return Finding(rule, message, INSTEAD[rule], line, relation, file)


def _of_work(evidence: Evidence, step: Step) -> Iterator[Finding]:
    for work in step.work:
        table = work.relation
        if not evidence.is_large(table, share(work)):
            continue
        mode = step.held.get(table, "")
        under = f"under {mode}, which {locks.in_words(mode, table)}" if mode else ""
        line = step.part.line
        if work.rewritten:
            yield _finding(
                "rewrite", f"rewrites {evidence.shown(table)} {under}", line, relation=table
            )
        elif work.indexes_built and locks.blocks_writes(mode):
            names = ", ".join(work.indexes_built)
            message = f"builds {names} on {evidence.shown(table)} {under}"
            yield _finding("index-build", message, line, relation=table)
        elif _writes_much(evidence, work):
            message = (
                f"writes {work.written:,} of {count(work.present, 'row')} of "
                f"{evidence.shown(table)} at once: they stay locked until COMMIT"
            )
            yield _finding("large-write", message, line, relation=table)
        elif _is_scanned(step, work, mode):
            message = f"reads all of {evidence.shown(table)} {under}"
            yield _finding("scan", message, line, relation=table)


def _writes_much(evidence: Evidence, work: RelationWork) -> bool:
    part = work.written / work.present if work.present else 0.0
    return work.written > 0 and evidence.is_large(work.relation, min(part, 1.0))


def _is_scanned(step: Step, work: RelationWork, mode: str) -> bool:
    """Say whether a statement reads a table under a lock that it took, or to validate."""
    validates = any(each.endswith(f" on {work.relation}") for each in step.validated)
    is_query = step.part.words[0] in {"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH"}
    return locks.blocks_writes(mode) and work.read > 0 and (validates or not is_query)


def _of_what_is_gone(evidence: Evidence, step: Step) -> Iterator[Finding]:
    line = step.part.line
    if step.dropped:
        message = f"the CASCADE also drops {', '.join(step.dropped)}"
        yield _finding("cascade", message, line)
    for table in step.emptied:
        is_named = re.search(rf"\b{re.escape(table)}\b", step.part.text)
        if is_named or "CASCADE" not in step.part.text.upper():
            if evidence.claims.get("reversible", "yes").startswith("yes"):
                message = f"every row of {table} is gone"
                yield _finding("rollback-loss", message, line, relation=table)
        else:
            message = f"the CASCADE also empties {table}"
            yield _finding("cascade", message, line, relation=table)
    for each in step.gone:
        yield _finding("breaking-change", each.words, line, relation=each.relation)


def _after_a_lock(evidence: Evidence) -> Iterator[Finding]:
    """More work once a table is locked against everybody: they wait for that, too."""
    if not evidence.transactional:
        return
    since: dict[str, int] = {}
    told: set[str] = set()
    for step in evidence.steps:
        work = [
            each for each in scaling(step.work) if evidence.is_large(each.relation, share(each))
        ]
        for table, line in since.items():
            others = [each for each in work if each.relation != table or _is_query(step)]
            if others and table not in told:
                told.add(table)
                what = ", ".join(evidence.shown(each.relation) for each in others)
                message = (
                    f"{table} is locked against reads and writes since line {line}, "
                    f"while this works on {what}"
                )
                yield _finding("work-after-lock", message, step.part.line, relation=table)
        for table, mode in step.held.items():
            if mode == locks.ACCESS_EXCLUSIVE and evidence.is_large(table):
                since.setdefault(table, step.part.line)


def _is_query(step: Step) -> bool:
    return step.part.words[0] not in {"ALTER", "CREATE", "DROP", "TRUNCATE"}


def _second_tables(evidence: Evidence) -> Iterator[Finding]:
    if not evidence.transactional:
        return
    first: dict[str, int] = {}
    promised = claimed(evidence.claims)
    for step in evidence.steps:
        blocked = {
            evidence.roots.get(table, table): mode
            for table, mode in step.held.items()
            if locks.blocks_writes(mode) and evidence.is_large(table)
        }
        new = {table: mode for table, mode in blocked.items() if table not in first}
        for table, mode in new.items():
            first[table] = step.part.line
            named = locks.strength(promised.get(table, "")) >= locks.strength(mode)
            if not named and not _is_subject(table, step, evidence.roots):
                message = (
                    f"also locks {evidence.shown(table)}: {mode} "
                    f"{locks.in_words(mode, table)}, until COMMIT"
                )
                yield _finding("second-table", message, step.part.line, relation=table)
    if len(first) > 1:
        tables = ", ".join(f"{table} (line {line})" for table, line in first.items())
        message = (
            f"{len(first)} tables are locked against writes until COMMIT: {tables}; each wait for "
            "the next one prolongs the others' locks, and an application that locks them in "
            "another order deadlocks"
        )
        yield _finding("several-tables", message, max(first.values()))


def _is_subject(table: str, step: Step, roots: Mapping[str, str]) -> bool:
    """Say whether a statement is about a table: it names it before it refers to others."""
    if step.part.words[0] in {"DO", "SELECT", "CALL", "WITH"}:
        return True
    text = re.split(r"\bREFERENCES\b", step.part.text, maxsplit=1, flags=re.IGNORECASE)[0]
    if re.match(r"\s*CREATE\s+(\w+\s+)?TABLE\b", text, re.IGNORECASE):
        parent = re.search(r"\b(?:PARTITION\s+OF|INHERITS\s*\()\s*(\S+)", text, re.IGNORECASE)
        text = parent[1] if parent else ""
    names = [each for each, root in roots.items() if root == table]
    last = [re.escape(each.rpartition(".")[2]) for each in (table, *names)]
    return bool(re.search(rf"(?<![\w$])(?:{'|'.join(last)})(?![\w$])", text, re.IGNORECASE))


def _lock_timeouts(evidence: Evidence) -> Iterator[Finding]:
    longest = evidence.settings.longest_lock_timeout_ms
    if not evidence.transactional:
        return
    for step in evidence.steps:
        timeout = step.lock_timeout_ms
        if timeout == 0 or timeout > longest:
            what = "none" if timeout == 0 else f"{timeout:,} ms"
            message = f"sets lock_timeout to {what}: while it waits, everybody waits behind it"
            yield _finding("lock-timeout", message, step.part.line)
            return


def _of_the_way_back(evidence: Evidence) -> Iterator[Finding]:
    proof, file = evidence.proof, evidence.rollback_name
    claim = evidence.claims.get("reversible", "")
    says_no, says_lossy = claim.startswith("no"), claim.startswith("lossy")
    for index in proof.invalid_indexes:
        yield _finding("invalid-index", f"an INVALID index is left: {index}")
    if proof.error and not (proof.verdict == "irreversible" and says_no):
        yield _finding("rollback-fails", f"the rollback fails: {proof.error}", file=file)
    for difference in proof.differences:
        yield _finding("rollback-differs", difference, file=file)
    if says_no or says_lossy:
        return
    if claim and proof.lost:
        lost = ", ".join(proof.lost)
        yield _finding("rollback-loss", f"the rollback loses {lost}, and the header says {claim!r}")
    elif proof.destroyed:
        lost = ", ".join(proof.destroyed)
        yield _finding("rollback-loss", f"the rollback does not bring back {lost}")


def _of_the_header(evidence: Evidence) -> Iterator[Finding]:
    said = evidence.claims.get("locks")
    if said is None:
        return
    for lock in evidence.locks:
        if locks.strength(lock.mode) <= locks.strength(locks.ROW_SHARE):
            continue  # it stops nobody's reads or writes, and every reference takes it
        if lock.promised:
            if locks.strength(lock.mode) > locks.strength(lock.promised):
                message = (
                    f"the lock on {lock.relation} is {lock.mode}, and the header says "
                    f"{lock.promised}"
                )
                yield _finding("locks-header", message, lock.line, relation=lock.relation)
        else:
            message = f"{lock.mode} on {lock.relation} is not in the header"
            yield _finding("locks-header", message, lock.line, relation=lock.relation)
    if said != "none" and not claimed(evidence.claims):
        yield _finding("locks-header", f"`-- locks: {said}` is not understood")


def claimed(claims: Mapping[str, str]) -> dict[str, str]:
    """Return the mode that a header names for each relation."""
    found = _CLAIM.findall(claims.get("locks", ""))
    return {relation.removeprefix("public."): mode for mode, relation in found}


def promised(claims: Mapping[str, str], relation: str, table: str, *, is_index: bool) -> str:
    """Return the mode that a header names for a relation, or for the table of an index."""
    said = claimed(claims)
    return said.get(relation) or (said.get(table, "") if is_index else "")
