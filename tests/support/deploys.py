"""What the tests of deploys share: a database whose role may do all of it, and the command line."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.commands import Answer, call
from tests.support.databases import database, rows, run
from tests.support.servers import Server
from tests.support.sets import MigrationSet, three_tables

ROLE = "deployer"
HEMMED_IN = "hemmed_in"  # a role, on another server, that may enter no other databases
NUMBERS = count(1)
FAILS = "SELECT 1 / 0;\n"
NO_WAY_BACK = "DO $$ BEGIN RAISE EXCEPTION 'there is no way back'; END $$;\n"


class Site(NamedTuple):
    """A database that is to be deployed to.

    Args:
        server: Its server.
        name: Its name.
        database: Its conninfo, by a plain role that owns it and may create databases.
        made: The migration set: tables a, b and c, and a seed of two rows for a.
        backups: Where its backups go.

    """

    server: Server
    name: str
    database: str
    made: MigrationSet
    backups: Path

    @property
    def administrator(self) -> str:
        """The superuser's conninfo, of another database."""
        return self.server.dsn("postgres", self.server.user)

    def deploy(self, *arguments: str | Path, rehearse: bool = False) -> Answer:
        """Run `deploy --yes`."""
        rehearsal = "--rehearse" if rehearse else "--no-rehearse"
        return self.call("deploy", "--yes", rehearsal, *self.options, *arguments)

    def call(self, *arguments: str | Path) -> Answer:
        """Run a command on it."""
        return call(self.made, self.database, *arguments)

    @property
    def options(self) -> list[str | Path]:
        """Where backups are, for those commands that ask."""
        return ["--backup-dir", self.backups]

    @property
    def deploys(self) -> list[dict[str, Any]]:
        """The deploys in its history, newest first."""
        document: list[dict[str, Any]] = self.call("--json", "status").document["deploys"]
        return document

    @property
    def last_backup(self) -> Path:
        """The newest backup."""
        newest = sorted(self.backups.glob("*.manifest.json"), key=lambda each: each.stat().st_mtime)
        return newest[-1].with_name(newest[-1].name.removesuffix(".manifest.json"))

    def manifest(self) -> dict[str, Any]:
        """Return the newest backup's manifest."""
        path = self.last_backup
        text = path.with_name(f"{path.name}.manifest.json").read_text(encoding="utf-8")
        document: dict[str, Any] = json.loads(text)
        return document

    def others(self) -> list[str]:
        """Return the databases of the server that were made for this one, but for itself."""
        query = "SELECT datname FROM pg_database WHERE datname ~ '^deploy_' OR datname LIKE '{}_%'"
        found = rows(self.administrator, query.format(self.name.replace("_", r"\_")))
        return sorted(name for (name,) in found)


def paste(answer: Answer, *words: str) -> Answer:
    """Run the command that an answer's `next:` names, as it stands there.

    Args:
        answer: What a command said.
        words: What the line has in it, where there are several.

    """
    told = answer.err.split("next:")[-1].splitlines()
    line = next(each for each in told if "runner.py" in each and all(w in each for w in words))
    arguments = shlex.split(line)
    place = next(at for at, each in enumerate(arguments) if each.endswith("runner.py"))
    return call(None, None, *arguments[place + 1 :])


@contextmanager
def site(
    server: Server, root: Path, template: str = "template1", options: str = ""
) -> Iterator[Site]:
    """Make a database that is to be deployed to; drop it at the end, with what came of it.

    Args:
        server: Where.
        root: Where its files and backups are.
        template: The database that it is a copy of.
        options: More words of CREATE DATABASE.

    """
    name = f"site{next(NUMBERS)}"
    with server.connect() as connection:
        connection.execute(
            f"DO $$ BEGIN CREATE ROLE {ROLE} LOGIN CREATEDB; "
            "EXCEPTION WHEN duplicate_object THEN NULL; END $$"
        )
    found = Site(server, name, server.dsn(name, ROLE), three_tables(root), root / "backups")
    how = {"owner": ROLE, "template": template, "options": options}
    with database(server, name, **how, also=found.others):
        yield found


@contextmanager
def prepared(server: Server, root: Path) -> Iterator[str]:
    """Make a database that was deployed to and has rows, 1 to 1000 in b, to be copied.

    Yields:
        Its name.

    """
    with site(server, root) as found:
        answer = found.deploy()
        assert answer.code == 0, answer
        run(found.database, "INSERT INTO b SELECT generate_series(1, 1000)")
        run(
            found.administrator,
            f"ALTER DATABASE {found.name} ALLOW_CONNECTIONS false",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE datname = '{found.name}'",
        )
        yield found.name


def events(answer: Answer) -> list[dict[str, Any]]:
    """Return what a command with --json told, a document a line."""
    return [json.loads(line) for line in answer.out.splitlines()]
