"""What the tests of the review's page start from."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migrator.core import sqltext
from migrator.review import html
from migrator.review.report import Report
from tests.support.pages import Page
from tests.support.reports import sample
from tests.support.servers import MIGRATIONS


@pytest.fixture(scope="session")
def source() -> str:
    return html.render(sample())


@pytest.fixture(scope="session")
def page(source: str) -> Page:
    return Page(source)


def whole_chain() -> Report:
    """Return a review of 32 files of the project, whose statements do much, but for comments."""
    like = sample().migrations[2]
    busy, quiet = like.statements[0], sample().migrations[0].statements[1]
    migrations = []
    files = sorted(set(MIGRATIONS.glob("*.sql")) - set(MIGRATIONS.glob("*.rollback.sql")))
    for path in files[:32]:
        text = path.read_bytes()
        statements = []
        for each in sqltext.statements(text):
            first, last = (sqltext.line_and_column(text, at)[0] for at in (each.start, each.end))
            does = quiet if each.words[0] == "COMMENT" else busy
            statements.append(replace(does, line=first, end_line=last))
        migrations.append(
            replace(
                like,
                id=path.stem,
                text=text.decode(),
                rollback=replace(
                    like.rollback, text=path.with_suffix(".rollback.sql").read_text("utf-8")
                ),
                statements=tuple(statements),
            )
        )
    return replace(sample(), migrations=tuple(migrations))


@pytest.fixture(scope="session")
def long_source() -> str:
    return html.render(whole_chain())
