"""A team's year: branches, a hotfix, old files squashed, a dump for staging, a newer PostgreSQL."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path

import pytest

from migrator.core.project import Project
from migrator.server import binaries, embedded
from migrator.server.cluster import SUPERUSER, Cluster
from migrator.takeover.squash import squash
from tests.conftest import INSTALLATIONS
from tests.support.commands import call
from tests.support.databases import applied, database, run
from tests.support.servers import (
    HBA,
    NEWEST,
    SETTINGS,
    Server,
    clean_environment,
    die_with_parent,
    free_port,
    open_place,
    throwaway,
)
from tests.support.sets import MigrationSet, three_tables
from tests.takeover.test_squash import commit, git

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(15 not in INSTALLATIONS, reason="PostgreSQL 15 is not here"),
]


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[int, Server]]:
    """A server of 15, and one of the newest version whose roles may change."""
    with ExitStack() as stack:
        yield {
            major: stack.enter_context(throwaway(INSTALLATIONS[major])) for major in (15, NEWEST)
        }


class Team:
    """A team with its set, and what each of its databases must show after each step.

    Args:
        made: The set.

    """

    def __init__(self, made: MigrationSet) -> None:
        self.made = made

    def migrate(self, name: str) -> list[str]:
        """Migrate a database, and check it; return what was applied."""
        answer = call(self.made, name, "--json", "migrate")
        assert answer.code == 0, answer.err
        self.check(name)
        done: list[str] = answer.document["applied"]
        return done

    def check(self, name: str) -> None:
        """Check that a database is what the files say."""
        assert call(self.made, name, "status", "--exit-code").code == 0
        assert call(self.made, name, "verify").code == 0

    def rename(self, old: str, new: str) -> None:
        """Give a pair another name."""
        for end in (".sql", ".rollback.sql"):
            git(self.made, "mv", f"migrations/{old}{end}", f"migrations/{new}{end}")


def copied(server: Server, old: str, new: str) -> None:
    """Copy a database into an empty one by a server's pg_dump and psql."""
    dump = subprocess.run(
        [server.bin_dir / "pg_dump", "-d", old],
        capture_output=True,
        check=True,
        env=clean_environment(),
    )
    subprocess.run(
        [server.bin_dir / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", new],
        input=dump.stdout,
        capture_output=True,
        check=True,
        env=clean_environment(),
    )


def test_a_year(servers: dict[int, Server], tmp_path: Path) -> None:
    old, new = servers[15], servers[NEWEST]
    team = Team(three_tables(tmp_path / "set"))
    made = team.made
    with ExitStack() as stack:
        production, mine, staging = (
            old.dsn(stack.enter_context(database(old, owner=old.user)), old.user) for _ in range(3)
        )
        commit(made)
        git(made, "branch", "-M", "main")
        assert len(team.migrate(production)) == len(team.migrate(mine)) == 3

        # On a branch, and back: my own database follows.
        git(made, "checkout", "-q", "-b", "theirs")
        made.table(4, "theirs")
        commit(made)
        assert team.migrate(mine) == ["0004.theirs.create"]
        git(made, "checkout", "-q", "main")
        assert call(made, mine, "status", "--exit-code").code == 3
        made.table(4, "hotfix")
        commit(made)
        assert team.migrate(production) == ["0004.hotfix.create"]
        assert call(made, mine, "realign", "--yes").out.splitlines() == [
            "rolled back 0004.theirs.create",
            "migrate will apply 0004.hotfix.create",
        ]
        team.migrate(mine)

        # The branch is merged second, so its pair gets the next number.
        git(made, "merge", "-q", "--no-edit", "theirs")
        assert "has the same number" in call(made, production, "migrate").err
        team.rename("0004.theirs.create", "0005.theirs.create")
        commit(made)
        for each in (production, mine):
            assert team.migrate(each) == ["0005.theirs.create"]

        # What every database has is squashed; production records it, a new database applies it.
        project = Project.at(made.migrations, None)
        squash(project, "0004", lambda: nullcontext(new.dsn("postgres", new.user)), print)
        commit(made)
        assert team.migrate(production) == []
        assert applied(production) == ["0004.schema.squashed", "0005.theirs.create"]

        # Staging gets production's dump, and the next release before production does.
        run(production, "INSERT INTO a VALUES (7)")
        copied(old, production, staging)
        team.check(staging)
        made.table(6, "next")
        commit(made)
        assert team.migrate(staging) == ["0006.next.create"]

        # Production moves to the newest PostgreSQL. By its own pg_dump, as 15.20 keeps options of
        # its own with columns that a newer pg_dump writes and no other server knows.
        moved = new.dsn(stack.enter_context(database(new, owner=new.user)), new.user)
        copied(old, production, moved)
        assert team.migrate(moved) == ["0006.next.create"]
        assert team.migrate(mine) == ["0006.next.create"]
        for each in (moved, mine, staging):
            assert applied(each) == [
                "0004.schema.squashed",
                "0005.theirs.create",
                "0006.next.create",
            ]


class Installed:
    """A cluster of the newest version, which a test starts and ends.

    Args:
        home: Its directory.

    """

    def __init__(self, home: Path) -> None:
        home.mkdir()
        self.cluster = Cluster(home)
        self.user = self.cluster.user()
        if self.user:
            os.chown(home, self.user.uid, self.user.gid)
        self.programs = binaries.usable(INSTALLATIONS[NEWEST], embedded.SHARED, self.user)
        self.cluster.create(
            self.programs, settings=SETTINGS, hba=HBA, sql="", options=["--no-sync"]
        )

    @contextmanager
    def running(self) -> Iterator[str]:
        """Run the server; give the conninfo of a database."""
        started = self.cluster.launch(
            self.programs,
            socket_directory=self.cluster.home,
            port=free_port(),
            preexec=die_with_parent(),
        )
        try:
            yield f"host={self.cluster.home} port={started.port} dbname=postgres user={SUPERUSER}"
        finally:
            os.kill(started.pid, signal.SIGINT)
            os.waitpid(started.pid, 0)


def test_a_cluster_that_pg_upgrade_upgrades_keeps_its_history(tmp_path: Path) -> None:
    team = Team(three_tables(tmp_path / "set"))
    with open_place() as place:
        # Not from 15.20: it keeps an option of its own with columns, at which pg_upgrade fails.
        old, new = Installed(place / "old"), Installed(place / "new")
        with old.running() as name:
            assert len(team.migrate(name)) == 3
        clusters: list[str | Path] = [
            "-d",
            old.cluster.data,
            "-D",
            new.cluster.data,
            "-U",
            SUPERUSER,
            "--no-sync",
        ]
        programs: list[str | Path] = ["-b", old.programs, "-B", new.programs]
        inside: list[str | Path] = ["env", "-C", new.cluster.home, new.programs / "pg_upgrade"]
        binaries.run([*inside, *programs, *clusters], user=new.user)
        team.made.table(4, "d")
        with new.running() as name:
            assert team.migrate(name) == ["0004.d.create"]
