"""`review --propose`: writes files that pass, and says what it left as it is."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from migrator.review import html, markdown
from migrator.review.report import Proposal, Replacement
from tests.support.commands import call
from tests.support.reports import sample
from tests.support.servers import Server, newest
from tests.support.sets import MigrationSet

SMALL = """\
[tool.migrator.review]
sizes = [400, 2_000]
small_rows = 100
"""
MANY = """\
-- purpose: what tasks need
-- locks: SHARE ROW EXCLUSIVE on users, ACCESS EXCLUSIVE on tasks
-- reversible: yes
CREATE INDEX idx_tasks_title ON tasks (title);
-- A title says something.
ALTER TABLE tasks ADD CONSTRAINT ck_tasks_title CHECK (title <> '');
ALTER TABLE tasks ADD CONSTRAINT fk_tasks_user FOREIGN KEY (user_id) REFERENCES users (id);
COMMENT ON COLUMN tasks.title IS 'What to do.';
UPDATE tasks SET note = upper(title) WHERE note IS NULL OR note = '';
"""
KINDS = (".sql", ".rollback.sql")
BACK = """\
COMMENT ON COLUMN tasks.title IS NULL;
ALTER TABLE tasks DROP CONSTRAINT fk_tasks_user;
ALTER TABLE tasks DROP CONSTRAINT ck_tasks_title;
DROP INDEX idx_tasks_title;
"""


@pytest.fixture
def tasks(tmp_path: Path) -> MigrationSet:
    """Two tables; a file with several hazards, one for two releases, one that has no safe way."""
    made = MigrationSet(tmp_path)
    made.write("pyproject.toml", SMALL)
    made.add(
        "0001.tasks.create",
        "CREATE TABLE users (id bigint PRIMARY KEY);\nCREATE TABLE tasks "
        "(id bigint PRIMARY KEY, user_id bigint, title text NOT NULL, note text);\n",
        "DROP TABLE tasks;\nDROP TABLE users;\n",
    )
    made.add("0002.tasks.rules", MANY, BACK)
    made.add(
        "0003.tasks.remark",
        "-- depends: 0002.tasks.rules\nALTER TABLE tasks RENAME COLUMN note TO remark;\n",
        "ALTER TABLE tasks RENAME COLUMN remark TO note;\n",
    )
    made.add(
        "0004.tasks.unlogged",
        "-- depends: 0003.tasks.remark\nALTER TABLE tasks SET UNLOGGED;\n",
        "ALTER TABLE tasks SET LOGGED;\n",
    )
    return made


@newest
@pytest.mark.slow
def test_a_proposal_is_reviewed_and_stands_for_the_files_that_it_replaces(
    pg: Server, tasks: MigrationSet, tmp_path: Path, empty_database: str
) -> None:
    before = {path: path.read_bytes() for path in tasks.migrations.iterdir()}
    target = tmp_path / "proposed"
    place = ["--scratch", pg.dsn("postgres", pg.user), "--propose", str(target)]
    answer = call(tasks, None, "--json", "review", "0002", "0003", "0004", *place)
    assert answer.code == 1, "what is under review still has findings"
    assert {path: path.read_bytes() for path in tasks.migrations.iterdir()} == before
    rules, remark, unlogged = answer.document["proposal"]["replacements"]
    assert [each.partition(".")[0] for each in rules["by"]] == [f"000{n}" for n in range(2, 9)]
    assert unlogged["by"] == []
    assert "-- review:allow rewrite on=tasks" in unlogged["why"]
    after = answer.document["proposal"]["report"]
    told = {each["id"]: each["verdict"] for each in after["migrations"]}
    replaced = [*rules["by"], *remark["by"]]
    assert [told.pop(each) for each in replaced] == ["pass"] * len(replaced)
    assert told == {"0011.tasks.unlogged": "finding"}
    assert "-- batch: 5000 after=" in (target / f"{rules['by'][-1]}.sql").read_text()
    assert "-- A title says something.\n" in (target / f"{rules['by'][1]}.sql").read_text()
    *first, filled, contract = remark["by"]
    text = (target / f"{first[0]}.sql").read_text()
    assert f"-- depends: {rules['by'][-1]}\n" in text
    assert "SET search_path = pg_catalog, public, pg_temp\n" in text
    assert f"-- depends: {first[-1]}\n" in (target / "0011.tasks.unlogged.sql").read_text()
    later = sorted(path.name for path in (target / "next-release").glob("*.sql"))
    assert later == sorted(f"{each}{kind}" for each in (filled, contract) for kind in KINDS)
    new = MigrationSet(tmp_path / "new")
    for path in (*tasks.migrations.glob("0001*"), *target.rglob("*.sql")):
        new.write(f"migrations/{path.name}", path.read_bytes())
    for command in (["migrate"], ["rollback", "--all", "--yes"], ["migrate"]):
        done = call(new, empty_database, *command)
        assert done.code == 0, done.err


def test_every_format_shows_what_was_proposed_and_what_was_not() -> None:
    under, other = sample().migrations[2:4]
    new = replace(under, id="new", findings=())
    replaced = (
        Replacement(under.id, (new.id,), "another order"),
        Replacement(other.id, (), "a <b> decision"),
    )
    proposal = Proposal("out", replaced, replace(sample(), migrations=(new,)))
    report = replace(sample(), proposal=proposal)
    page = html.render(report)
    assert "Proposal in out" in page
    assert page.count("<code>new</code>") == 1
    assert "is left as it is: a &lt;b&gt; decision" in page
    text = markdown.render(report)
    assert "# Proposal in `out`" in text
    assert f"- `{under.id}`: replaced by `{new.id}`; another order." in text
    assert f"- `{other.id}`: left as it is: a \\<b> decision." in text
    document = report.document()["proposal"]
    assert document["report"]["migrations"][0]["id"] == new.id
    assert document["replacements"][1]["why"] == "a <b> decision"
    json.dumps(document)


def test_a_proposal_overwrites_nothing(tasks: MigrationSet, pg: Server) -> None:
    place = ["--scratch", pg.dsn("postgres", pg.user), "--propose", str(tasks.migrations)]
    answer = call(tasks, None, "review", "0002", *place)
    assert answer.code == 2
    assert "is not empty" in answer.err
