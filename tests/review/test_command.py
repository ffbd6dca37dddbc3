"""The command `review`: what is reviewed, where, what is left behind, what it answers."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from migrator.core import files
from migrator.core.errors import Refused
from migrator.core.project import Project
from migrator.core.session import open_connection
from migrator.core.target import Target
from migrator.review import allow, gate, locks, measure, selection
from migrator.review.catalogue import read
from migrator.review.report import Finding, InBatches, Proposal, Range, Replacement
from migrator.review.rules import RULES
from migrator.rows import counts
from migrator.server.scratch import Scratch
from tests.conftest import INSTALLATIONS
from tests.support import documents
from tests.support.commands import Answer, call, finish, launch
from tests.support.databases import rows, run, tables
from tests.support.reports import sample
from tests.support.servers import ROOT, Server, clean_environment, newest
from tests.support.sets import MigrationSet
from tests.support.waiting import until

SMALL = """\
[tool.migrator.lint]
ignore = ["prefer-bigint-over-int"]
[tool.migrator.review]
sizes = [200, 400]
small_rows = 100
"""


@pytest.fixture
def queue(tmp_path: Path) -> MigrationSet:
    """A table, and on top of it: an index, a rewrite, a column that goes; a purpose for each."""
    made = MigrationSet(tmp_path)
    made.write("pyproject.toml", SMALL)
    made.add(
        "0001.jobs.create",
        "CREATE TABLE jobs (id int PRIMARY KEY, state text, done_at timestamptz);\n",
        "DROP TABLE jobs;\n",
    )
    made.add(
        "0002.jobs.index",
        "-- locks: SHARE UPDATE EXCLUSIVE on jobs\n-- reversible: yes\n-- transactional: false\n"
        "CREATE INDEX CONCURRENTLY jobs_state ON jobs (state);\n",
        "-- transactional: false\nDROP INDEX CONCURRENTLY jobs_state;\n",
    )
    made.add(
        "0003.jobs.wider",
        "-- locks: ACCESS EXCLUSIVE on jobs\n-- reversible: yes\n"
        "ALTER TABLE jobs ALTER COLUMN id TYPE bigint;\n",
        "ALTER TABLE jobs ALTER COLUMN id TYPE int;\n",
    )
    made.add(
        "0004.jobs.no_state",
        "ALTER TABLE jobs DROP COLUMN done_at;\n",
        "ALTER TABLE jobs ADD COLUMN done_at timestamptz;\n",
    )
    return made


def scratch(pg: Server) -> list[str]:
    return ["--scratch", pg.dsn("postgres", pg.user)]


def databases(pg: Server) -> list[str]:
    query = "SELECT datname FROM pg_database WHERE datname LIKE 'review%'"
    return [name for (name,) in rows(pg.dsn("postgres", pg.user), query)]


def found(answer: Answer) -> dict[str, list[str]]:
    return {
        each["id"]: [finding["rule"] for finding in each["findings"]]
        for each in answer.document["migrations"]
    }


@pytest.mark.slow
def test_each_version_is_measured_and_the_gate_follows(pg: Server, queue: MigrationSet) -> None:
    passed = call(queue, None, "--json", "review", "0002", *scratch(pg))
    assert passed.code == 0, passed.out
    assert passed.document["server"].startswith(str(pg.major))
    (migration,) = passed.document["migrations"]
    (lock,) = migration["locks"]
    assert lock["relation"] == "jobs"
    assert lock["mode"] == "SHARE UPDATE EXCLUSIVE" == lock["promised"]
    assert migration["proof"]["verdict"] == "lossless"
    (statement,) = migration["statements"]
    assert [each["rows"] for each in statement["samples"]] == [200, 400]
    failed = call(queue, None, "--json", "review", "3", "0003.jobs.wider", "0004", *scratch(pg))
    assert failed.code == 2, "3 is neither an id nor a number as it is written"
    failed = call(queue, None, "--json", "review", "0003", "0004", *scratch(pg))
    assert failed.code == 1
    assert found(failed) == {
        "0003.jobs.wider": ["rewrite", "rewrite"],  # the file and its rollback
        "0004.jobs.no_state": ["rollback-loss", "breaking-change"],
    }
    rewrite, drop = failed.document["migrations"]
    assert rewrite["statements"][0]["work"][0]["rewritten"]
    assert rewrite["statements"][0]["ms_per_million"]["estimate"] > 0
    assert drop["proof"]["destroyed"] == ["the values of jobs.done_at"]
    assert databases(pg) == []


@pytest.mark.slow
@newest
def test_rows_of_production_decide_what_is_large(
    pg: Server, queue: MigrationSet, tmp_path: Path
) -> None:
    file = tmp_path / "rows.tsv"
    for lines, code in (("jobs\t9999\n", 0), ("jobs,10000\n", 1), ("others 5\n", 1)):
        file.write_text(lines)
        answer = call(queue, None, "--json", "review", "0003", "--rows", str(file), *scratch(pg))
        assert answer.code == code, (lines, answer.out)
    file.write_text("public.jobs\t5e6\n")
    answer = call(queue, None, "--json", "review", "0003", "--rows", str(file), *scratch(pg))
    (migration,) = answer.document["migrations"]
    assert migration["locks"][0]["rows"] == 5_000_000
    held = migration["locks"][0]["held_ms"]
    assert 0 < held["low"] < held["estimate"] < held["high"]
    assert migration["statements"][0]["wal_bytes"]["estimate"] > 5_000_000 * 20


@newest
def test_a_table_without_rows_in_production_has_none_in_the_review(
    pg: Server, queue: MigrationSet, tmp_path: Path
) -> None:
    queue.add(
        "0005.jobs.owner",
        "ALTER TABLE jobs ADD COLUMN owner text NOT NULL;\n",
        "ALTER TABLE jobs DROP COLUMN owner;\n",
    )
    file = tmp_path / "rows.tsv"
    for lines, rules in (
        ("jobs 0\n", []),
        ("jobs 5\n", ["fails-on-rows", "adding-required-field"]),
    ):
        file.write_text(lines)
        answer = call(queue, None, "--json", "review", "0005", "--rows", str(file), *scratch(pg))
        assert found(answer)["0005.jobs.owner"] == rules


@pytest.mark.slow
@newest
def test_a_table_of_an_earlier_file_is_as_large_as_what_fills_it(
    pg: Server, queue: MigrationSet
) -> None:
    index = "CREATE INDEX {0}_job ON {0} (job);\n"
    queue.add("0005.copies.create", "CREATE TABLE copies AS SELECT id AS job FROM jobs;\n")
    queue.add("0006.copies.index", index.format("copies"), "DROP INDEX copies_job;\n")
    queue.add("0007.notes.create", "CREATE TABLE notes (job int);\n", "DROP TABLE notes;\n")
    allowed = '-- review:allow index-build on=notes until=2099-01-01 because "it is quiet"\n'
    queue.add("0008.notes.index", allowed + index.format("notes"), "DROP INDEX notes_job;\n")
    answer = call(queue, None, "--json", "review", "0005", "0006", "0007", "0008", *scratch(pg))
    assert found(answer)["0006.copies.index"] == ["index-build"]
    assert found(answer)["0008.notes.index"] == []


@newest
def test_rows_writes_what_review_reads(
    queue: MigrationSet, empty_database: str, tmp_path: Path
) -> None:
    run(
        empty_database,
        "CREATE TABLE jobs (id int)",
        'CREATE TABLE "a b" (id int)',
        "CREATE TABLE parted (id int) PARTITION BY RANGE (id)",
        "CREATE TABLE part PARTITION OF parted FOR VALUES FROM (0) TO (1000)",
        "INSERT INTO jobs SELECT generate_series(1, 321)",
        "INSERT INTO parted SELECT generate_series(1, 123)",
        'INSERT INTO "a b" VALUES (1)',
        "ANALYZE jobs, part",
    )
    answer = call(queue, empty_database, "rows")
    file = tmp_path / "rows.tsv"
    file.write_text(answer.out)
    assert counts.read(file) == {"jobs": 321, "part": 123, "parted": 123}
    assert 'left out, because it was never analysed: "a b"' in answer.err
    document = call(queue, empty_database, "--json", "rows").document
    assert document == {"rows": counts.read(file)}


@pytest.mark.parametrize(
    ("text", "why"),
    [("jobs\n", "rows.tsv:1"), ("jobs 1\nusers many\n", "rows.tsv:2"), ("jobs\tinf\na 1", ":1")],
)
def test_a_file_of_rows_that_says_nothing_is_refused(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "rows.tsv"
    file.write_text(text if text != "jobs\n" else "a 1\njobs\n")
    if text == "jobs\n":
        why = "rows.tsv:2"
    if text.startswith("jobs\tinf"):
        file.write_text("a 1\njobs\tinf\n")
        why = "rows.tsv:2"
    with pytest.raises(Refused, match=why):
        counts.read(file)


def test_a_file_of_rows_may_be_what_psql_writes(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text('\ufeffrelname,reltuples\njobs,1e+06\nnever,-1\n"odd, name",3\n# end\n')
    assert counts.read(file) == {"jobs": 1_000_000, '"odd, name"': 3}


@pytest.mark.slow
@pytest.mark.skipif(len(INSTALLATIONS) < 2, reason="only one PostgreSQL is here")
@newest
def test_what_is_pending_on_the_target_is_reviewed_elsewhere(
    pg: Server, queue: MigrationSet, empty_database: str, request: pytest.FixtureRequest
) -> None:
    other: Server = request.getfixturevalue(f"server_{min(INSTALLATIONS)}")
    run(empty_database, "CREATE TABLE untouched ()")
    assert call(queue, empty_database, "migrate", "--to", "0002", "--beside-others").code == 0
    before = rows(empty_database, "SELECT * FROM yoyo._yoyo_migration")
    for arguments in ([], ["--against", empty_database]):
        target = empty_database if not arguments else None
        answer = call(queue, target, "--json", "review", *arguments, *scratch(other))
        assert [*found(answer)] == ["0003.jobs.wider", "0004.jobs.no_state"]
        (note,) = answer.document["notes"]
        assert note == f"measured on PostgreSQL {other.major}; the target is PostgreSQL {pg.major}"
    assert rows(empty_database, "SELECT * FROM yoyo._yoyo_migration") == before
    assert tables(empty_database) == ["jobs", "untouched"]
    assert call(queue, empty_database, "migrate").code == 0
    nothing = call(queue, empty_database, "review", *scratch(other), "--out", queue.sql)
    assert (nothing.code, nothing.out.splitlines()[0]) == (0, "nothing to review")


@newest
def test_the_targets_own_server_is_refused(
    pg: Server, queue: MigrationSet, empty_database: str
) -> None:
    answer = call(queue, empty_database, "review", *scratch(pg))
    assert answer.code == 2
    assert "The scratch server is the target's own" in answer.err
    assert databases(pg) == []


@newest
def test_a_role_that_may_create_no_database_is_refused(pg: Server, queue: MigrationSet) -> None:
    answer = call(queue, None, "review", "0002", "--scratch", pg.dsn("postgres", "owner"))
    assert answer.code == 2
    assert "may not create scratch databases" in answer.err


def test_what_is_new_or_was_changed_since_a_revision(tmp_path: Path, queue: MigrationSet) -> None:
    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        return subprocess.run(
            ["git", *identity, *arguments],
            cwd=tmp_path,
            env=clean_environment() | {"GIT_CONFIG_GLOBAL": os.devnull},
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    project = Project.at(queue.migrations, None)
    with pytest.raises(Refused, match="git cannot tell what is new"):
        selection.since(project, "HEAD")
    assert selection.commit(queue.migrations) == ""
    git("init", "-q")
    for name in ("0003.jobs.wider", "0004.jobs.no_state"):
        (queue.migrations / f"{name}.sql").rename(tmp_path / f"{name}.sql")
        (queue.migrations / f"{name}.rollback.sql").rename(tmp_path / f"{name}.rollback.sql")
    git("add", "migrations")
    git("commit", "-q", "-m", "first")
    for path in tmp_path.glob("*.sql"):
        path.rename(queue.migrations / path.name)
    assert selection.since(project, "HEAD").reviewed == {"0003.jobs.wider", "0004.jobs.no_state"}
    git("add", "migrations")
    git("commit", "-q", "-m", "second")
    nothing = selection.since(project, "HEAD")
    assert not nothing.reviewed
    assert nothing.migrations == []
    head = git("rev-parse", "HEAD").strip()
    assert selection.commit(queue.migrations) == head
    queue.write("migrations/0002.jobs.index.rollback.sql", "-- transactional: false\nSELECT 1;\n")
    assert selection.since(project, "HEAD").notes == ()
    assert selection.commit(queue.migrations) == f"{head}, with changes that are not committed"
    assert selection.since(project, "HEAD").reviewed == {"0002.jobs.index"}
    queue.write("migrations/0001.jobs.create.sql", "CREATE TABLE jobs (id int);\n")
    changed = selection.since(project, "HEAD~1")
    assert changed.reviewed == {each.id for each in files.discover(queue.migrations)}
    assert "0001.jobs.create was changed since HEAD~1: `migrate` refuses" in changed.notes[0]
    for bad in ("no-such-branch", "--output=x", "HEAD:migrations"):
        with pytest.raises(Refused, match="git cannot tell what is new"):
            selection.since(project, bad)
    assert call(queue, None, "review", "0001", "--against", "HEAD").code == 2


@pytest.mark.slow
@newest
def test_every_format_is_written_and_each_can_be_printed(
    pg: Server, queue: MigrationSet, tmp_path: Path
) -> None:
    out = tmp_path / "a" / "b"
    answer = call(queue, None, "review", "0003", *scratch(pg), "--out", str(out))
    assert answer.code == 1
    names = {"review.md", "review.json", "review.sarif", "review.html", "comment.md"}
    assert {path.name for path in out.iterdir()} == names
    path = queue.migrations / "0003.jobs.wider.sql"
    found = f"    {path}:3: rewrite: rewrites jobs (unknown number of rows) under ACCESS EXCLUSIVE"
    assert found in answer.out
    assert json.loads((out / "review.json").read_text())["verdict"] == "finding"
    one = call(
        queue,
        None,
        "review",
        "0003",
        *scratch(pg),
        "--format",
        "sarif",
        "--out",
        str(tmp_path / "c"),
    )
    assert one.code == 1
    assert [path.name for path in (tmp_path / "c").iterdir()] == ["review.sarif"]
    printed = call(queue, None, "review", "0003", *scratch(pg), "--format", "sarif")
    assert json.loads(printed.out)["version"] == "2.1.0"
    assert call(queue, None, "review", "0003", *scratch(pg)).out.startswith("# ")


@newest
def test_what_cannot_be_measured_is_never_green(pg: Server, queue: MigrationSet) -> None:
    queue.add("0005.jobs.broken", "ALTER TABLE jobs ADD COLUMN state text;\n", "SELECT 1;\n")
    queue.add("0006.jobs.more", "CREATE TABLE more ();\n", "DROP TABLE more;\n")
    answer = call(queue, None, "--json", "review", "0005", "0006", *scratch(pg))
    assert answer.code == 2
    broken, after = answer.document["migrations"]
    assert broken["verdict"] == after["verdict"] == "not measured"
    assert broken["not_measured"] == [
        '0005.jobs.broken.sql:1: column "state" of relation "jobs" already exists'
    ]
    (why,) = after["not_measured"]
    assert why.startswith("an earlier migration cannot be applied, not even without rows: 0005.")
    before = call(queue, None, "review", "0006", *scratch(pg))
    assert before.code == 2
    assert "this earlier migration cannot be applied on the scratch server" in before.err
    assert databases(pg) == []


@pytest.mark.slow
@newest
def test_rules_on_rows_that_no_constraint_tells_can_be_helped(
    pg: Server, queue: MigrationSet
) -> None:
    queue.add(
        "0005.jobs.checked",
        "DO $$ BEGIN IF EXISTS (SELECT FROM jobs WHERE state IS DISTINCT FROM 'new') THEN\n"
        "RAISE 'not new'; END IF; END $$;\n",
        "SELECT 1;\n",
    )
    assert call(queue, None, "review", "0005", *scratch(pg)).code == 2
    queue.write("sql/README", "")
    (queue.sql / "fill").mkdir()
    queue.write("sql/fill/jobs.sql", "UPDATE jobs SET state = 'new';\n")
    assert call(queue, None, "review", "0005", *scratch(pg)).code == 0
    queue.write("sql/fill/jobs.sql", "UPDATE jobs SET nothing = 1;\n")
    answer = call(queue, None, "--json", "review", "0005", *scratch(pg))
    assert answer.code == 2
    assert "sql/fill/jobs.sql failed" in answer.document["notes"][0]


def test_the_keys_of_the_report_are_those_of_the_page() -> None:
    proposal = Proposal("out", (Replacement("0001", ()),), sample())
    first, *others = sample().migrations
    batches = InBatches(5_000, 3, Range.around(1.0), 0, ("Limit",))
    statements = tuple(replace(each, batches=batches) for each in first.statements)
    migrations = (replace(first, statements=statements), *others)
    report = replace(sample(), migrations=migrations, proposal=proposal)
    found: dict[str, set[str]] = {}

    def collect(part: str, value: Any) -> None:
        if isinstance(value, dict) and part not in {"claims", "grows_with", "writes_with"}:
            found.setdefault(part, set()).update(value)
            for name, each in value.items():
                collect(PARTS.get(name, str(name)), each)
        elif isinstance(value, list):
            for each in value:
                collect(part, each)

    collect("the report", json.loads(json.dumps(report.document())))
    page = documents.table(ROOT / "docs" / "review.md", "The report as JSON")
    assert {part: {*keys} for part, (_, keys) in page.items()} == found


def test_each_rule_has_a_page_and_a_line() -> None:
    pages = {path.stem for path in ROOT.glob("docs/rules/*.md")}
    assert pages == {*RULES, "not-measured"}
    text = documents.TEXT[ROOT / "docs" / "review.md"]
    assert {*re.findall(r"\(rules/([a-z-]+)\.md\)", text)} == pages


PARTS = {
    "migrations": "a migration",
    "rollback": "the rollback file",
    "locks": "a lock",
    "statements": "a statement",
    "work": "work, on a relation",
    "samples": "a sample",
    "proof": "the proof",
    "opinions": "an opinion",
    "findings": "a finding",
    "allowed": "what allows it",
    **dict.fromkeys(("instead", "files"), "a pair"),
    "proposal": "the proposal",
    "replacements": "a replacement",
    "report": "the report",
    **dict.fromkeys(("held_ms", "duration_ms", "wal_bytes", "ms_per_million", "ms"), "a range"),
}


# What a run leaves behind


@pytest.fixture
def slow(tmp_path: Path) -> MigrationSet:
    """A set whose review takes its time."""
    made = MigrationSet(tmp_path)
    made.write("pyproject.toml", SMALL)
    made.table(1, "a")
    made.add("0002.a.slow", "SELECT pg_sleep(30);\n")
    return made


@pytest.mark.slow
@newest
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_review_leaves_nothing(
    pg: Server, slow: MigrationSet, number: signal.Signals
) -> None:
    process = launch(slow, None, "review", "0002", *scratch(pg))
    until(lambda: sleeping_in_scratch(pg))
    process.send_signal(number)
    answer = finish(process)
    assert answer.code == 130
    assert databases(pg) == []


@pytest.mark.slow
@newest
def test_the_next_review_drops_what_a_killed_one_left_and_nothing_else(
    pg: Server, slow: MigrationSet, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = MigrationSet(tmp_path_factory.mktemp("other"))
    other.write("pyproject.toml", SMALL)
    other.table(1, "b")
    killed = launch(slow, None, "review", "0002", *scratch(pg))
    until(lambda: sleeping_in_scratch(pg))
    killed.kill()
    killed.communicate()
    left = databases(pg)
    assert left
    run(pg.dsn("postgres", pg.user), "CREATE DATABASE review_of_books")
    alive = launch(slow, None, "review", "0002", *scratch(pg))
    try:
        until(lambda: {name for (name,) in sleeping_in_scratch(pg)} - {*left})
        of_the_living = set(databases(pg)) - {*left, "review_of_books"}
        assert call(other, None, "review", "0001", *scratch(pg)).code == 0
        assert set(databases(pg)) == of_the_living | {"review_of_books"}
    finally:
        alive.kill()
        alive.communicate()
        run(pg.dsn("postgres", pg.user), "DROP DATABASE review_of_books")
    with Scratch(Target.parse(pg.dsn("postgres", pg.user), "test")):
        assert databases(pg) == []


def sleeping_in_scratch(pg: Server) -> list[tuple[Any, ...]]:
    query = (
        "SELECT datname FROM pg_stat_activity WHERE datname LIKE 'review%' "
        "AND wait_event = 'PgSleep'"
    )
    return rows(pg.dsn("postgres", pg.user), query)


# Statements outside a transaction


STATEMENTS = {
    "CREATE INDEX CONCURRENTLY {name} ON t (b)": "SHARE UPDATE EXCLUSIVE",
    "DROP INDEX CONCURRENTLY t_a": "SHARE UPDATE EXCLUSIVE",
    "REINDEX INDEX CONCURRENTLY t_a": "SHARE UPDATE EXCLUSIVE",
    "VACUUM t": "SHARE UPDATE EXCLUSIVE",
    "VACUUM (ANALYZE) t": "SHARE UPDATE EXCLUSIVE",
    "ANALYZE t": "SHARE UPDATE EXCLUSIVE",
    "VACUUM FULL t": "ACCESS EXCLUSIVE",
    "CLUSTER t USING t_a": "ACCESS EXCLUSIVE",
    "VACUUM": "SHARE UPDATE EXCLUSIVE",
    "ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY": "SHARE UPDATE EXCLUSIVE",
}


@pytest.mark.slow
@pytest.mark.parametrize("statement", STATEMENTS)
def test_no_lock_outside_a_transaction_is_missed(empty_database: str, statement: str) -> None:
    """Ten times each: polling alone sees few of them."""
    run(
        empty_database,
        "CREATE TABLE t (a int, b int)",
        "CREATE INDEX t_a ON t (a)",
        "CREATE TABLE p (a int) PARTITION BY LIST (a)",
        "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)",
        "CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2)",
    )
    target = Target.parse(empty_database, "test")
    table = "p" if "DETACH" in statement else "t"
    with open_connection(target) as subject, open_connection(target) as observer:
        for attempt in range(10):
            before = read(observer, committed=True, known={})
            passage = gate.Gates(target, subject, observer, before)
            passage.run(statement.format(name=f"i{attempt}").encode())
            (oid,) = [each.oid for each in before.relations.values() if each.name == table]
            assert locks.strongest(passage.locks.get(oid, ())) == STATEMENTS[statement]
            with open_connection(target) as other:
                if "DROP" in statement:
                    other.execute("CREATE INDEX t_a ON t (a)")
                if "DETACH" in statement:
                    other.execute("ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1)")


def test_a_statement_that_fails_at_a_gate_is_told(empty_database: str) -> None:
    run(empty_database, "CREATE TABLE t (a int)", "INSERT INTO t VALUES (1), (1)")
    target = Target.parse(empty_database, "test")
    with open_connection(target) as subject, open_connection(target) as observer:
        passage = gate.Gates(target, subject, observer, read(observer, committed=True, known={}))
        with pytest.raises(psycopg.errors.UniqueViolation):
            passage.run(b"CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)")
    left = rows(empty_database, "SELECT count(*) FROM pg_locks WHERE relation = 't'::regclass")
    assert left == [(0,)]


# Parts


def test_a_file_of_very_many_statements_is_looked_at_in_runs(tmp_path: Path) -> None:
    path = tmp_path / "0001.many.sql"
    inserts = "".join(f"INSERT INTO t VALUES ({n});\n" for n in range(300))
    path.write_text(f"{inserts}-- between\nCREATE TABLE u ();\n{inserts}")
    first, middle, last = measure.parts(files.read(path))
    assert (first.line, first.end_line) == (1, 300)
    assert (middle.line, middle.end_line, middle.text) == (302, 302, "CREATE TABLE u ()")
    assert (last.line, last.end_line) == (303, 602)
    assert first.text.count("INSERT") == last.text.count("INSERT") == 300


SCAN = Finding("scan", "reads all of t", "do otherwise", 3, "t")
TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("line", "is_allowed", "says"),
    [
        ('-- review:allow scan on=t until=2026-11-24 because "few rows"', True, ""),
        ('  --review:allow scan until=2027-01-31 because "a \\"word\\", and more"', True, ""),
        ('-- review:allow scan on=u,t until=2027-01-31 because "x"', True, ""),
        ('-- review:allow scan on=u until=2027-01-31 because "x"', False, "found nothing"),
        ('-- review:allow rewrite until=2027-01-31 because "x"', False, "found nothing"),
        ('-- review:allow scan until=2026-11-23 because "x"', False, "ended on 2026-11-23"),
        ("-- review:allow scan until=2027-01-31", False, "no reason"),
        ('-- review:allow scan until=2027-01-31 because " "', False, "no reason"),
        ('-- review:allow scan because "x"', False, "no date"),
        ('-- review:allow scan until=soon because "x"', False, "no date"),
        ("-- review:allow", False, "not understood"),
        ('-- review:allow scan until=2027-01-31 because "x" or so', False, "not understood"),
    ],
)
def test_an_allowance_needs_a_reason_a_date_and_a_finding(
    line: str, is_allowed: bool, says: str
) -> None:
    marked = allow.apply(f"-- purpose: x\n{line}\n\nSELECT 1;\n", [SCAN], TODAY)
    assert (marked[0].allowed is not None) == is_allowed
    assert [(each.rule, each.line) for each in marked[1:]] == (
        [] if is_allowed else [("allowance", 2)]
    )
    if says:
        assert says in marked[1].message


@newest
def test_an_ignored_rule_finds_nothing(pg: Server, queue: MigrationSet) -> None:
    queue.write("pyproject.toml", SMALL + 'ignore = ["rewrite"]\n')
    assert call(queue, None, "review", "0003", *scratch(pg)).code == 0
