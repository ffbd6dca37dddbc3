"""The rules: what a team should decide about before it applies a migration, and what to do instead.

A rule decides by facts: which lock, how much of which table, how many rows that table has in
production. It never decides by milliseconds. Each rule has a page in docs/rules/ under its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from migrator.core.settings import Thresholds
from migrator.review import growth, locks
from migrator.review.batched import BatchRun
from migrator.review.evidence import FileFacts, Hold, Step
from migrator.review.report import Finding, Lock, Opinion, Proof, RelationWork, count
from migrator.review.rules import RULES

_SMALL_BATCH = 10_000  # below it, a batch is small, however few rows make a table large
_ENDLESS = "Let the change make its own condition false, or walk along a unique key."
_NAME = r'(?:"(?:[^"]|"")+"|[^\s,."]+)'
_CLAIM = re.compile(rf"([A-Z][A-Z ]+?) on ((?:{_NAME}\.)?{_NAME})\s*(?:,\s*|$)")


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that the rules know about one migration.

    Args:
        file: The facts about the file; None if it was not run.
        locks: Its locks as the report tells them.
        roots: For each partition, its topmost parent; for each other table, itself.
        claims: The keys and values of its header.
        proof: What applying and rolling back showed.
        rollback_name: The name of the rollback file.
        counts: The number of rows in production by relation; None if unknown.
        settings: The thresholds.

    """

    file: FileFacts | None
    locks: Sequence[Lock]
    roots: Mapping[str, str]
    claims: Mapping[str, str]
    proof: Proof
    rollback_name: str
    counts: Mapping[str, int] | None
    settings: Thresholds

    @property
    def steps(self) -> Sequence[Step]:
        """What each statement did."""
        return self.file.steps if self.file else ()

    @property
    def holds(self) -> Sequence[Hold]:
        """From which statement to which each lock is held."""
        return self.file.holds if self.file else ()

    @property
    def transactional(self) -> bool:
        """Whether the file runs in one transaction."""
        return self.file is not None and self.file.source.transactional

    def rows(self, table: str) -> int | None:
        """Return how many rows a table has in production; None if that is unknown."""
        return None if self.counts is None else self.counts.get(table)

    def is_large(self, table: str) -> bool:
        """Say whether a table counts as large."""
        rows = self.rows(table)
        return rows is None or rows >= self.settings.large_rows

    def is_much(self, work: RelationWork) -> bool:
        """Say whether so many rows are touched that it takes time."""
        rows = growth.rows(work, self.counts)
        return rows is None or rows >= self.settings.large_rows

    def told(self, work: RelationWork) -> str:
        """Return a table's name and how many of its rows are touched in production."""
        rows = growth.rows(work, self.counts)
        many = "unknown number of rows" if rows is None else count(round(rows), "row")
        return f"{work.relation} ({many})"

    def shown(self, table: str) -> str:
        """Return a table's name and its number of rows in production."""
        rows = self.rows(table)
        return f"{table} ({'unknown number of rows' if rows is None else count(rows, 'row')})"


def find(evidence: Evidence, opinions: Sequence[Opinion]) -> list[Finding]:
    """Apply every rule; return the findings in the order of RULES, then those of squawk."""
    found = _of_statements(evidence)
    for step in evidence.steps:
        found += _of_what_is_gone(evidence, step)
    found += _after_a_lock(evidence)
    found += _second_tables(evidence)
    found += _lock_timeouts(evidence)
    found += _of_the_rollback(evidence)
    found += _of_the_header(evidence)
    for opinion in opinions:
        if opinion.verdict == "beyond measuring":
            instead = f"See https://squawkhq.com/docs/{opinion.rule}."
            found.append(Finding(opinion.rule, opinion.message, instead, opinion.line))
    return _in_order(evidence, found)


def find_in_rollback(evidence: Evidence) -> list[Finding]:
    """Apply the rules on work under locks to a rollback file: an incident is no better moment.

    Which tables it locks follows from what it undoes: nobody could split it. Nor is advice on
    design of use where it restores what was there.
    """
    found = _of_statements(evidence)
    found += _after_a_lock(evidence)
    found += _lock_timeouts(evidence)
    told = [replace(each, file=evidence.rollback_name) for each in found]
    return _in_order(evidence, told)


def _in_order(evidence: Evidence, found: Sequence[Finding]) -> list[Finding]:
    order = {rule: place for place, rule in enumerate(RULES)}
    kept = [each for each in found if each.rule not in evidence.settings.ignore]
    return sorted(kept, key=lambda each: (order.get(each.rule, len(order)), each.line))


def _finding(
    rule: str, message: str, line: int = 1, *, relation: str = "", file: str = ""
) -> Finding:
    return Finding(rule, message, RULES[rule].instead, line, relation, file)


def _of_statements(evidence: Evidence) -> list[Finding]:
    """Apply the rules on the work of each statement."""
    found: list[Finding] = []
    for step in evidence.steps:
        found += _of_work(evidence, step)
        if evidence.file and evidence.file.batches:
            found += _of_batches(evidence, step, evidence.file.batches[-1])
        else:
            found += _of_unknown_writes(evidence, step)
    return found


def _of_batches(evidence: Evidence, step: Step, run: BatchRun) -> Iterator[Finding]:
    """Find what is no small batch: what it reads grows with the table, or it blocks others."""
    line = step.part.line
    for table in filter(evidence.is_large, run.reads_all_of(growth.SHARE_OF_A_BATCH)):
        message = (
            f"each batch reads all of {evidence.shown(table)}: the time of all batches grows with "
            "the square of its rows"
        )
        yield _finding("batch", message, line, relation=table)
    for table, mode in step.held.items():
        if locks.blocks_writes(mode) and evidence.is_large(table):
            message = f"each batch takes {mode}, which {locks.in_words(mode, table)}"
            yield _finding("batch", message, line, relation=table)
    if not run.taken:
        message = (
            "its condition holds for none of the made-up rows: whether the batches end, and how "
            "long they take, is unknown"
        )
        yield _finding("batch", message, line, relation=run.table)


def of_endless_batches(message: str, line: int, file: str) -> Finding:
    """Return the finding of batches that find the same rows again."""
    return replace(_finding("batch", message, line, file=file), instead=_ENDLESS)


def _of_work(evidence: Evidence, step: Step) -> Iterator[Finding]:
    for work in step.work:
        table = work.relation
        if table not in evidence.roots or not evidence.is_much(work):
            continue  # nobody waits for a table that the file itself creates
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
                f"{evidence.shown(table)} in one statement; they stay locked until COMMIT"
            )
            yield _finding("large-write", message, line, relation=table)
        elif _is_scanned(step, work, mode):
            message = f"reads all of {evidence.shown(table)} {under}"
            yield _finding("scan", message, line, relation=table)


def _of_unknown_writes(evidence: Evidence, step: Step) -> Iterator[Finding]:
    for table in step.spared:
        if not table and any(map(evidence.is_large, evidence.roots)):
            message = (
                "may lock or write any table: none of the made-up rows leads to one EXECUTE, and "
                "the text that it runs is put together"
            )
            yield _finding("large-write", message, step.part.line)
        elif table and evidence.is_large(table):
            message = (
                f"writes an unknown part of {evidence.shown(table)}: "
                "none of the made-up rows meets its condition"
            )
            yield _finding("large-write", message, step.part.line, relation=table)


def _writes_much(evidence: Evidence, work: RelationWork) -> bool:
    if work.batch:
        return work.batch >= max(evidence.settings.large_rows, _SMALL_BATCH)
    return work.written > 0 and evidence.is_much(replace(work, grows_with=work.writes_with))


def _is_scanned(step: Step, work: RelationWork, mode: str) -> bool:
    """Say whether a statement reads a table under a lock that blocks writes."""
    validates = any(each.endswith(f" on {work.relation}") for each in step.validated)
    is_query = step.part.words[0] in {"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH"}
    return locks.blocks_writes(mode) and work.read > 0 and (validates or not is_query)


def _of_what_is_gone(evidence: Evidence, step: Step) -> Iterator[Finding]:
    line = step.part.line
    if step.dropped:
        message = f"the CASCADE also drops {', '.join(step.dropped)}"
        yield _finding("cascade", message, line)
    for table in step.emptied:
        name = table.rpartition(".")[2].strip('"')
        if f'truncate cascades to table "{name}"' in step.said:
            message = f"the CASCADE also empties {table}"
            yield _finding("cascade", message, line, relation=table)
        elif evidence.claims.get("reversible", "yes").startswith("yes"):
            message = f"deletes every row of {table}; a rollback does not restore them"
            yield _finding("rollback-loss", message, line, relation=table)
    for each in step.changes:
        is_restriction = each.rule == "breaking-change" and not each.title
        if is_restriction and evidence.rows(each.relation) == 0:
            continue  # nobody writes to a table that has no row
        yield _finding(each.rule, each.words, line, relation=each.relation)


def of_sequences(
    steps: Sequence[Step],
    holds: Sequence[Hold],
    before: Sequence[tuple[int, str, str]],
    after: Sequence[tuple[int, str, str]],
) -> list[Finding]:
    """Find sequences that a file left behind the columns that they fill.

    Args:
        steps: What each of its statements did.
        holds: Its locks.
        before: The sequences that were behind before it, as `catalogue.behind` returns them.
        after: Those that are behind after it.

    """
    known = {sequence for sequence, *_ in before}
    lines = {each.relation.oid: steps[each.first].part.line for each in holds}
    last = steps[-1].part.line if steps else 1
    return [
        _finding("corruption", words, lines.get(sequence, last), relation=relation)
        for sequence, words, relation in after
        if sequence not in known
    ]


def _after_a_lock(evidence: Evidence) -> Iterator[Finding]:
    """Find work that a file does while it blocks others from something else."""
    told: set[tuple[str, str]] = set()
    for hold in evidence.holds:
        table = hold.table
        if not _blocks(hold):
            continue
        for place in range(hold.first, hold.last + 1):
            step = evidence.steps[place]
            others = _works_under(evidence, hold, step, is_first=place == hold.first)
            effect = locks.in_words(hold.mode, table.name, kind=table.kind)
            if others and (table.name, effect) not in told:
                told.add((table.name, effect))
                what = ", ".join(evidence.told(each) for each in others)
                since = f"since line {evidence.steps[hold.first].part.line}"
                message = f"works on {what} under {hold.mode}, {since}, which {effect}"
                yield _finding("work-after-lock", message, step.part.line, relation=table.name)


def _blocks(hold: Hold) -> bool:
    """Say whether others wait for a relation: for a table, a view, or a sequence's next value."""
    if hold.is_brief or not locks.blocks_writes(hold.mode):
        return False
    return hold.mode == locks.ACCESS_EXCLUSIVE or hold.relation.kind in "rpfvS"


def _works_under(
    evidence: Evidence, hold: Hold, step: Step, *, is_first: bool
) -> list[RelationWork]:
    """Return the large work of a statement under a lock, but for that which other rules find."""
    work = [each for each in step.work if evidence.is_much(each)]
    mine = [each for each in work if each.relation == hold.table.name]
    mode = step.held.get(hold.table.name, "")
    if any(
        each.rewritten
        or each.indexes_built
        or (_is_scanned(step, each, mode) and not _writes_much(evidence, each))
        for each in mine
    ):
        return []  # other rules find the work on what it locks: a rewrite, a scan, an index build
    if is_first:
        return [each for each in work if not locks.blocks_writes(step.held.get(each.relation, ""))]
    return work


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
            if not named and step.subjects is not None and table not in step.subjects:
                message = (
                    f"also locks {evidence.shown(table)} until COMMIT: {mode} "
                    f"{locks.in_words(mode, table)}"
                )
                yield _finding("second-table", message, step.part.line, relation=table)
    if len(first) > 1:
        tables = ", ".join(f"{table} (line {line})" for table, line in first.items())
        message = (
            f"blocks writes to {len(first)} tables until COMMIT: {tables}; while it waits for one "
            "lock, the other tables stay blocked, and an application that locks them in another "
            "order deadlocks"
        )
        yield _finding("several-tables", message, max(first.values()))


def _lock_timeouts(evidence: Evidence) -> Iterator[Finding]:
    longest = evidence.settings.longest_lock_timeout_ms
    if not evidence.transactional:
        return
    for step in evidence.steps:
        timeout = step.lock_timeout_ms
        if timeout == 0 or timeout > longest:
            what = "0 (no limit)" if timeout == 0 else f"{timeout:,} ms"
            message = (
                f"sets lock_timeout to {what}: while it waits for a lock, all later queries on "
                "that table wait behind it"
            )
            yield _finding("lock-timeout", message, step.part.line)
            return


def _of_the_rollback(evidence: Evidence) -> Iterator[Finding]:
    proof, file = evidence.proof, evidence.rollback_name
    claim = evidence.claims.get("reversible", "")
    says_no, says_lossy = claim.startswith("no"), claim.startswith("lossy")
    for index in proof.invalid_indexes:
        drop = f"DROP INDEX CONCURRENTLY {index.rpartition(' on ')[0]}"
        found = _finding("invalid-index", f"leaves an INVALID index: {index}")
        yield replace(
            found, instead=f"`{drop}`; find out why its build failed, and build it again."
        )
    if proof.error and not (proof.verdict == "irreversible" and says_no):
        yield _finding("rollback-fails", f"the rollback fails: {proof.error}", file=file)
    for difference in proof.differences:
        yield _finding("rollback-differs", difference, file=file)
    if says_no or says_lossy:
        return
    if claim and proof.lost:
        lost = ", ".join(proof.lost)
        message = f"the rollback loses {lost}, but the header says {claim!r}"
        yield _finding("rollback-loss", message)
    elif proof.destroyed:
        lost = ", ".join(proof.destroyed)
        yield _finding("rollback-loss", f"the rollback does not restore {lost}")


def _of_the_header(evidence: Evidence) -> Iterator[Finding]:
    said = evidence.claims.get("locks")
    if said is None:
        return
    for lock in strongest(evidence.locks):
        if locks.strength(lock.mode) <= locks.strength(locks.ROW_SHARE):
            continue  # it blocks neither reads nor writes, and every reference takes it
        if lock.kind == "sequence" and lock.mode == locks.ROW_EXCLUSIVE:
            continue  # every nextval takes it
        if lock.promised:
            if locks.strength(lock.mode) > locks.strength(lock.promised):
                message = (
                    f"the lock on {lock.relation} is {lock.mode}, but the header says "
                    f"{lock.promised}"
                )
                yield _finding("locks-header", message, lock.line, relation=lock.relation)
        else:
            message = f"the header does not name {lock.mode} on {lock.relation}"
            yield _finding("locks-header", message, lock.line, relation=lock.relation)
    if said != "none" and not claimed(evidence.claims):
        yield _finding("locks-header", f"the header's `-- locks: {said}` is not understood")


def strongest(held: Sequence[Lock]) -> list[Lock]:
    """Return the strongest lock on each relation."""
    found: dict[str, Lock] = {}
    for each in held:
        if locks.strength(each.mode) > locks.strength(
            getattr(found.get(each.relation), "mode", "")
        ):
            found[each.relation] = each
    return [*found.values()]


def claimed(claims: Mapping[str, str]) -> dict[str, str]:
    """Return the lock mode that a header names for each relation."""
    found = _CLAIM.findall(claims.get("locks", ""))
    return {relation.removeprefix("public."): mode for mode, relation in found}


def promised(claims: Mapping[str, str], relation: str, whole: str) -> str:
    """Return the lock mode that a header names for a relation, or for what that is a part of."""
    said = claimed(claims)
    return said.get(relation) or said.get(whole, "")
