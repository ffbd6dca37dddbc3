"""The embedded server's database made anew: asked first, and never another database."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest

from migrator.server.embedded import EmbeddedServer
from tests.support import commands
from tests.support.commands import call
from tests.support.databases import run, tables
from tests.support.servers import ROOT, Server, newest, open_place
from tests.support.sets import MigrationSet


@pytest.fixture
def embedded(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedServer]:
    """An embedded server in a directory of its own, where the command line has its."""
    with open_place() as root:
        monkeypatch.setattr(commands, "ROOT", root)
        embedded = EmbeddedServer(root / ".postgres")
        monkeypatch.setenv("MIGRATOR_SERVER_DIRECTORY", str(embedded.directory))
        yield embedded
        embedded.stop()


def test_who_edited_an_own_migration_starts_over(
    embedded: EmbeddedServer, made: MigrationSet
) -> None:
    answer = call(made, None, "migrate")
    first, second, *_ = answer.err.splitlines()
    assert first.startswith("target: a new PostgreSQL ")
    assert first.endswith(f" server in {embedded.directory}")
    assert second.startswith("target: postgresql://app@/app?host=")
    assert "target: a new" not in call(made, None, "status").err
    made.add("0003.c.create", "CREATE TABLE c (id bigint, note text);\n", "DROP TABLE c;\n")
    assert call(made, None, "migrate").code == 2
    run(embedded.url(), "CREATE DATABASE other")
    with psycopg.connect(embedded.url()) as session:  # of an application, say
        answer = call(made, None, "server", "reset", "--yes")
        assert answer.out == "database app was made anew\n"
        assert (
            "This database will be dropped with all its data: postgresql://app@/app" in answer.err
        )
        with pytest.raises(psycopg.OperationalError):
            session.execute("SELECT 1")
    assert tables(embedded.url()) == []
    assert call(made, None, "migrate").code == 0
    assert tables(embedded.url()) == ["a", "b", "c"]
    run(embedded.url(), "DROP DATABASE other")
    embedded.stop()
    answer = call(made, None, "--json", "server", "reset", "--yes")
    assert answer.document == {"reset": "app", "url": embedded.url()}
    assert tables(embedded.url()) == []


def test_without_a_terminal_it_is_refused(embedded: EmbeddedServer, made: MigrationSet) -> None:
    assert call(made, None, "migrate").code == 0
    process = subprocess.run(
        [sys.executable, "-c", RESET, embedded.directory.parent],
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    assert process.returncode == 2
    assert "state: Nothing was changed.\nnext: If you want that, add --yes.\n" in process.stderr
    assert tables(embedded.url()) == ["a", "b", "c"]


RESET = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from migrator.cli.main import main
sys.exit(main(Path(sys.argv[1]), ["server", "reset"]))
"""


@pytest.mark.slow
@pytest.mark.parametrize(("reply", "code"), [("y", 0), ("n", 2), ("", 2)])
def test_on_a_terminal_it_asks(
    embedded: EmbeddedServer, made: MigrationSet, reply: str, code: int
) -> None:
    assert call(made, None, "migrate").code == 0
    ours, theirs = pty.openpty()
    os.write(ours, f"{reply}\n".encode())
    process = subprocess.run(
        [sys.executable, "-c", RESET, embedded.directory.parent],
        capture_output=True,
        check=False,
        stdin=theirs,
        text=True,
    )
    for end in (ours, theirs):
        os.close(end)
    assert process.returncode == code
    assert "Go on? [y/N]" in process.stderr
    assert tables(embedded.url()) == ([] if reply == "y" else ["a", "b", "c"])


@pytest.mark.slow
@newest
def test_no_other_database_is_ever_dropped(
    pg: Server,
    empty_database: str,
    embedded: EmbeddedServer,
    made: MigrationSet,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for database in (empty_database, None):
        assert call(made, database, "migrate").code == 0
    other = pg.password_url(str(psycopg.conninfo.conninfo_to_dict(empty_database)["dbname"]))
    named = {"DATABASE_URL": other, "PGHOST": pg.host, "PGDATABASE": "nowhere", "PGPORT": ""}
    for name, value in named.items():
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            answer = call(made, None, "server", "reset", "--yes")
            assert answer.code == 2
            assert f"`unset {name}`" in answer.err
            assert "state: Nothing was changed." in answer.err
    answer = call(made, other, "server", "reset", "--yes")
    assert answer.code == 2
    assert "is not the embedded server's database, which alone can be reset." in answer.err
    assert tables(empty_database) == tables(embedded.url()) == ["a", "b", "c"]
    monkeypatch.setenv("DATABASE_URL", embedded.url())
    assert call(made, None, "server", "reset", "--yes").code == 0
    assert (tables(empty_database), tables(embedded.url())) == (["a", "b", "c"], [])


def test_only_reset_takes_its_answer(embedded: EmbeddedServer, made: MigrationSet) -> None:
    answer = call(made, None, "server", "start", "--yes")
    assert answer.code == 2
    assert "--yes is for server reset." in answer.err
    assert not embedded.directory.exists()
