"""lint: what it finds in files as text, once each, and what it leaves to an imported history."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.commands import call
from tests.support.sets import MigrationSet

HEADER = """\
-- purpose: lists the orders
-- locks: SHARE ROW EXCLUSIVE on shop.customers, ACCESS EXCLUSIVE on "Odd Name"
-- reversible: lossy: the orders
"""
TABLE = "CREATE TABLE shop.orders (customer_id bigint NOT NULL);\n"


@pytest.fixture
def made(tmp_path: Path) -> MigrationSet:
    """A set without a finding."""
    made = MigrationSet(tmp_path)
    first = 'CREATE TABLE shop.Customers (id bigint NOT NULL);\nDROP TABLE "Odd Name";\n'
    none = "-- purpose: lists the customers\n-- locks: none\n-- reversible: yes\n"
    settings = '[tool.migrator.lint]\nignore = ["ban-drop-table"]\n'
    made.write("pyproject.toml", settings)
    made.add("0001.customers.create", none + first)
    made.add("0002.orders.create", HEADER + TABLE)
    return made


def findings(made: MigrationSet, *arguments: str) -> list[str]:
    """Return what lint finds, with paths from the directory of the migrations."""
    answer = call(made, None, "--json", "lint", *arguments)
    found: list[str] = answer.document["findings"]
    assert answer.code == bool(found)
    return [each.removeprefix(f"{made.migrations}/") for each in found]


def git(made: MigrationSet, *arguments: str) -> None:
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run(["git", *identity, *arguments], check=True, cwd=made.migrations.parent)


def test_a_set_that_is_as_it_should_be_has_no_finding(made: MigrationSet) -> None:
    assert findings(made) == []


@pytest.mark.parametrize(
    ("line", "finding"),
    [
        ("-- purpose: what drop is for, in one line", "`-- purpose:` is not filled in"),
        ("-- locks: none | MODE on relation[, MODE on relation ...]", "`-- locks:` is not filled"),
        ("-- reversible: yes | lossy: what is lost | no: why", "`-- reversible:` is not filled in"),
        ("-- reversible: maybe", "`-- reversible: maybe` must be yes, lossy: what is lost, or no"),
        ("-- locks: everything", "`-- locks: everything` must be none, or MODE on relation[, "),
        ("-- locks: EXCLUSIV on shop.customers", "has EXCLUSIV, which is not a lock mode: ACCESS"),
        ("-- locks: share on shop.customers", "has share, which is not a lock mode: ACCESS SHARE"),
        ("-- locks: SHARE on shop.custmers", "names shop.custmers, which no migration so far"),
        ("-- locks: SHARE on odd_name", "names odd_name, which no migration so far mentions"),
        ("-- locks: SHARE on later", "names later, which no migration so far mentions"),
    ],
)
def test_a_header_that_cannot_be_right_is_found_in_words(
    made: MigrationSet, line: str, finding: str
) -> None:
    key = line.split(":", maxsplit=1)[0]
    header = "".join(f"{line if each.startswith(key) else each}\n" for each in HEADER.splitlines())
    made.add("0002.orders.create", header + TABLE)
    made.add("0003.later.create", HEADER + "CREATE TABLE later (id bigint NOT NULL);\n")
    (found,) = findings(made)
    assert found.startswith("0002.orders.create.sql: ")
    assert finding in found
    assert "\\" not in found, "no regular expression"


def test_a_statement_that_cannot_be_parsed_is_one_finding(made: MigrationSet) -> None:
    made.add("0003.a.create", f"{HEADER}CREATE TABEL a (\n    id int\n);\nSELECT FROM WHERE;\n")
    made.add("0004.a.change", f"{HEADER}SELECT 1;\nPERFORM f();\n\\dt\nSELECT FROM WHERE;\n")
    made.add("0005.a.break", f"{HEADER}SELECT 'x;\n")
    places = [each.split(" ")[0] for each in findings(made)]
    assert sorted(places) == [
        "0003.a.create.sql:4:1:",
        "0003.a.create.sql:7:12:",
        "0004.a.change.sql:5:1:",
        "0004.a.change.sql:6:1:",
        "0005.a.break.sql:4:8:",
    ]


def test_an_imported_history_is_left_as_it_is_and_what_is_new_is_checked(
    made: MigrationSet,
) -> None:
    made.add("0003.a.create", "create table a (id int)", "drop table a")
    made.write("migrations/0004.b.create.sql", "create table b (id int)")
    made.seed("01.a", "insert into a values (1)")
    assert len(findings(made)) > 5
    git(made, "init", "-q")
    git(made, "add", ".")
    git(made, "commit", "-qm", "imported")
    assert findings(made, "--against", "HEAD") == []
    made.seed("01.a", "insert into a values (2)")
    made.add("0004.c.create", HEADER + TABLE)
    made.write("migrations/more/0005.sql", "SELECT 1;\n")
    made.write("migrations/more/notes.sql", "SELECT 1;\n")
    git(made, "add", "seeds")
    found = findings(made, "--against", "HEAD")
    assert found == [
        f"{made.seeds}/01.a.sql: must end with one newline",
        "more/0005.sql: looks like a migration, but files in subdirectories are not read",
        "0004.c.create.sql: has the same number as 0004.b.create",
        "more/notes.sql: is in a subdirectory, or does not end in .sql, so it is not read",
    ]


def test_a_revision_that_git_does_not_know_is_refused(made: MigrationSet) -> None:
    answer = call(made, None, "lint", "--against", "nowhere")
    assert answer.code == 2
    assert "error: git cannot tell what is new: " in answer.err
