"""baseline: a database that has its schema already gets its history."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest

from migrator.core.errors import Failed
from migrator.core.settings import LOCK_KEY
from tests.support.commands import call
from tests.support.databases import applied, name_of, rows, run
from tests.support.predecessors import LAYOUTS
from tests.support.servers import ROOT, clean_environment, fast_place, newest
from tests.support.sets import THREE
from tests.takeover.conftest import Takeover


def test_baseline_marks_what_the_database_has(here: Takeover) -> None:
    assert here.baseline("0002") == THREE[:2]
    assert applied(here.database) == THREE[:2]
    answer = call(here.made, here.database, "migrate")
    assert answer.out.splitlines() == ["applied 0003.c.create", "applied 01.a"]
    assert call(here.made, here.database, "status", "--exit-code").code == 0
    log = rows(here.database, "SELECT operation FROM yoyo._yoyo_log WHERE migration_id < '0003'")
    assert log == [("mark",)] * 2
    assert here.scratch_databases() == []


@pytest.mark.slow
@newest
def test_baseline_uses_the_embedded_server_whatever_libpqs_variables_say(here: Takeover) -> None:
    with TemporaryDirectory(dir=fast_place()) as directory:
        project = Path(directory)
        project.chmod(0o755)
        shutil.copy(ROOT / "runner.py", project)
        shutil.copytree(ROOT / "migrator", project / "migrator")
        options = ["--database", here.database, "--migrations", str(here.made.migrations)]
        runner = [sys.executable, str(project / "runner.py"), *options, "--json"]
        elsewhere = {"PGHOSTADDR": "192.0.2.1", "PGUSER": "nobody", "PGPORT": "1"}
        try:
            ran = subprocess.run(
                [*runner, "baseline", "0002"],
                capture_output=True,
                check=False,
                env=clean_environment() | elsewhere,
                text=True,
            )
        finally:
            subprocess.run([*runner, "server", "stop"], check=True, capture_output=True)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == {"marked": THREE[:2]}
    assert applied(here.database) == THREE[:2]


@newest
class TestBaseline:
    def test_an_edit_afterwards_is_noticed(self, here: Takeover) -> None:
        here.baseline("0002.b.create")
        here.made.add("0001.a.create", "CREATE TABLE a (id bigint);")
        assert "edited" in call(here.made, here.database, "migrate").err

    def test_what_is_missing_unexpected_or_different_is_refused(self, here: Takeover) -> None:
        assert "table c is missing" in here.refused(here.baseline, "0003")
        assert "table b is unexpected" in here.refused(here.baseline, "0001")
        run(here.database, "ALTER TABLE b ALTER id SET NOT NULL")
        assert "table b: column id differs in its NOT NULL" in here.refused(here.baseline, "0002")

    def test_what_is_anothers_may_be_there_and_what_is_ours_may_not(self, here: Takeover) -> None:
        run(here.database, "CREATE TABLE theirs (id int)", LAYOUTS["Flyway"])
        assert "--beside-others" in here.refused(here.baseline, "0002")
        run(here.database, "ALTER TABLE b ADD more int")
        with pytest.raises(Exception, match="column more is unexpected"):
            here.baseline("0002", beside_others=True)
        run(here.database, "ALTER TABLE b DROP more")
        assert here.baseline("0002", beside_others=True) == THREE[:2]

    def test_another_tools_history_is_adopted(self, here: Takeover) -> None:
        run(here.database, LAYOUTS["goose"])
        assert "`adopt` takes its history over" in here.refused(here.baseline, "0002")

    def test_an_unknown_migration_is_refused(self, here: Takeover) -> None:
        assert "There is no migration 0009" in here.refused(here.baseline, "0009")

    def test_a_database_with_a_history_is_refused(self, here: Takeover) -> None:
        here.baseline("0002")
        assert "has a history already" in here.refused(here.baseline, "0002")

    def test_a_file_that_fails_is_told(self, here: Takeover) -> None:
        path = here.made.add("0001.a.create", "CREATE TABLE a (id int);\nSELECT 1 / 0;\n")
        before = here.tables()
        with pytest.raises(Failed, match=f"{path}:2:1: division by zero"):
            here.baseline("0001")
        assert here.scratch_databases() == []
        assert here.tables() == before

    def test_another_runner_is_waited_for(self, here: Takeover) -> None:
        with psycopg.connect(here.database, autocommit=True) as other:
            other.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])
            assert "Another runner holds the lock" in here.refused(here.baseline, "0002")

    def test_a_database_that_cannot_be_written_is_refused(self, here: Takeover) -> None:
        name = name_of(here.database)
        run(here.database, f"ALTER DATABASE {name} SET default_transaction_read_only TO on")
        assert "is read-only" in here.refused(here.baseline, "0002")
