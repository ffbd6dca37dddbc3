"""Advice that works: what the review tells to write instead is written, and reviewed again.

Every case of the hazard corpus with a finding if REVIEW_CASES=all is in the environment; else one
for each kind of safe way and of header line, and on older versions those that differ there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from migrator.catalogue import contents, objects
from migrator.catalogue.contents import Contents
from migrator.catalogue.objects import COLUMN_ORDER, Catalogue
from migrator.core import files
from migrator.core.target import Target
from migrator.review import measure
from migrator.review.report import PASS, MigrationReview, Report
from tests.conftest import INSTALLATIONS
from tests.support import hazards
from tests.support.hazards import Case
from tests.support.servers import NEWEST, Server, newest

KINDS = (
    "add-column-required",
    "add-column-unique",
    "add-column-volatile-default",
    "alter-type-text-int",
    "attach-builds-index",
    "attach-partition-default",
    "backfill",
    "create-index-partitioned",
    "drop-column-cascade-view",
    "drop-column-with-index",
    "drop-foreign-key",
    "index-after-lock",
    "lock-timeout-none",
    "partitioned-add-foreign-key",
    "quoted-names",
    "reindex-table",
    "rename-column",
    "rename-table",
    "rollback-differs",
    "rollback-narrows-check",
    "set-not-null",
    "truncate-cascade",
)
DIFFER = (
    "alter-type-text-int",
    "attach-partition-default",
    "partitioned-add-foreign-key",
    "set-not-null",
)
FAIL = {"invalid-index"}  # it fails on made-up rows: no line makes it pass
TABLES = """\
CREATE TABLE tasks (id integer PRIMARY KEY, priority integer NOT NULL, title text);
CREATE TABLE notes (id uuid PRIMARY KEY, text text);
"""
ROWS = """\
INSERT INTO tasks SELECT n, n % 7, nullif(n % 5, 0)::text FROM generate_series(-500, 500) AS n;
INSERT INTO notes SELECT md5(n::text)::uuid, nullif(n % 9, 0) FROM generate_series(1, 99) AS n;
INSERT INTO notes VALUES ('00000000-0000-0000-0000-000000000000', NULL);
"""
CHANGES = (
    "UPDATE tasks AS t SET priority = priority + 1 WHERE t.id % 2 = 0 OR title IS NULL -- (all",
    "DELETE FROM notes WHERE text IS NULL OR text > '4'",
    "UPDATE public.notes SET text = text || (SELECT count(*) FROM tasks AS t WHERE t.id < 4)",
)
# The first reads other rows of its table, the second visits rows twice, the last returns rows.
OTHERS = (
    "UPDATE tasks SET priority = (SELECT max(t.priority) + 1 FROM tasks AS t)",
    "UPDATE tasks SET id = -id",
    "DELETE FROM tasks WHERE priority IS NOT NULL RETURNING id",
)
ROUNDS = 4  # files are replaced, then what is left gets its lines


def followed(contents: Mapping[str, str], report: Report) -> dict[str, str]:
    """Return the files of a set after all advice of a review was followed, literally."""
    before = "0001.before.sql"
    found = {name: text for name, text in contents.items() if name == before or "/" in name}
    number = 2
    for each in report.migrations:
        for id_, forward, rollback in _pairs(each):
            name = re.sub(r"^\d+", f"{number:04}", id_)
            found |= {f"{name}.sql": forward, f"{name}.rollback.sql": rollback}
            number += 1
    return found


def _pairs(migration: MigrationReview) -> list[tuple[str, str, str]]:
    if migration.instead:
        return [(each.id, each.forward, each.rollback) for each in migration.instead]
    text = migration.text
    for line in dict.fromkeys(each.header for each in migration.findings if each.header):
        key = line.partition(":")[0] + ":"
        if key != "-- review:":
            text = re.sub(rf"^{key}.*\n", "", text, flags=re.MULTILINE)
        text = f"{line}\n{text}"
    return [(migration.id, text, migration.rollback.text)]


def end(files_: Mapping[str, str], server: Server, root: Path) -> tuple[Catalogue, Contents]:
    """Return what a database holds after all files of a set, and its rows."""
    with server.connect() as administrator:
        administrator.execute("DROP DATABASE IF EXISTS followed")
        administrator.execute("CREATE DATABASE followed")
    target = Target.parse(server.dsn("followed", server.user), "test")
    with server.connect("followed") as connection:
        for name in sorted(files_):
            if name.endswith(files.ROLLBACK_SUFFIX) or "/" in name:
                continue
            source = files.parse(root / name, files_[name].encode())
            assert measure.run(target, source) is None, name
        return objects.read(connection), contents.read(connection)


def shown(report: Report) -> Sequence[str]:
    return [
        f"{each.id}: {found.rule} on {found.relation} {found.file}: {found.message}"
        for each in report.migrations
        for found in each.findings
        if not found.allowed
    ] + [f"{each.id}: {why}" for each in report.migrations for why in each.not_measured]


@newest
@pytest.mark.slow
def test_batches_change_what_the_statement_changes(pg: Server, tmp_path: Path) -> None:
    table = "0001.before.sql"
    changes = [f"{place:04}.case.change.sql" for place in range(2, 2 + len(CHANGES))]
    texts = {table: TABLES, **dict(zip(changes, CHANGES, strict=True))}
    report = hazards.review(texts, pg, tmp_path)
    with hazards.as_before(pg):
        for migration, change in zip(report.migrations, CHANGES, strict=True):
            (pair,) = migration.instead
            assert "-- batch: " in pair.forward, change
            left = [
                end({table: TABLES + ROWS, "0002.x.sql": each}, pg, tmp_path)[1]
                for each in (change, pair.forward)
            ]
            assert left[0] == left[1], change


@newest
@pytest.mark.slow
def test_what_batches_may_not_do_the_same_is_left(pg: Server, tmp_path: Path) -> None:
    texts = {"0001.before.sql": TABLES}
    texts |= {f"{n:04}.case.change.sql": each for n, each in enumerate(OTHERS, 2)}
    report = hazards.review(texts, pg, tmp_path)
    assert len(report.migrations) == len(OTHERS)
    for each in report.migrations:
        assert "large-write" in {found.rule for found in each.findings}, each.text
        assert each.instead == (), each.text


@newest
@pytest.mark.slow
def test_a_unique_index_says_what_must_not_be_in_production(pg: Server, tmp_path: Path) -> None:
    case = hazards.read(hazards.DIRECTORY / "unique-nulls-not-distinct.sql")
    (migration,) = hazards.review(case.files, pg, tmp_path).migrations
    query = "SELECT user_id, priority FROM tasks GROUP BY user_id, priority HAVING count(*) > 1"
    assert query in "".join(migration.notes)


def _chosen() -> list[Any]:
    """Return the cases, each with the version on which it is followed."""
    every = hazards.reviews_every()
    return [
        pytest.param(major, case, id=f"{major}-{case.slug}")
        for major in INSTALLATIONS
        for case in hazards.cases()
        if major in case.versions([*INSTALLATIONS]) or case.slug in KINDS
        if every or case.slug in (KINDS if major == NEWEST else DIFFER)
        if case.truth(major).finds and case.slug not in FAIL
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("pg", "case"), _chosen(), indirect=["pg"])
def test_advice_that_is_followed_passes_and_ends_the_same(
    case: Case, pg: Server, tmp_path: Path
) -> None:
    texts = dict(case.files)
    report = hazards.review(texts, pg, tmp_path / "0")
    for each in range(1, ROUNDS):
        texts = followed(texts, report)
        report = hazards.review(texts, pg, tmp_path / str(each))
        if report.verdict == PASS:
            break
    assert shown(report) == []
    with hazards.as_before(pg):
        ends = [end(each, pg, tmp_path)[0] for each in (case.files, texts)]
    told = objects.differences(*ends, without={COLUMN_ORDER})
    assert [each.words for each in told] == []
