from __future__ import annotations

import json
import subprocess
import sys

import pytest

from bench.contenders import CONTENDERS
from tests.servers import ROOT, Server, clean_environment

NAMES = [contender.name for contender in CONTENDERS]
ABSENT = {contender.name for contender in CONTENDERS if contender.absent()}


def speed(pg: Server, *options: str) -> str:
    """Run bench.speed on the worker's server with tiny sizes."""
    conninfo = pg.dsn(pg.maintenance_dbname, pg.user)
    tiny = ["--rounds", "1", "--tables", "3", "--rows", "20", "--server", conninfo]
    done = subprocess.run(
        [sys.executable, "-m", "bench.speed", *tiny, *options],
        capture_output=True,
        check=False,
        cwd=ROOT,
        env=clean_environment(),
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("pg", [18], indirect=True)
def test_every_contender_finds_nothing_to_do_after_it_applied_a_set(pg: Server) -> None:
    ours = ["runner", "bare", "psql -1"]  # the others only when somebody asks: they take seconds
    wanted = [name for name in NAMES if name in ours or name in ABSENT]
    options = ["--json", "--cases", "nothing", "--only", *wanted]
    result = json.loads(speed(pg, *options))["cases"]["nothing"]
    assert list(result["contenders"]) == wanted
    for name, figures in result["contenders"].items():
        if name in ABSENT:
            assert figures["without"].startswith("absent: ")
        elif name == "psql -1":
            assert figures == {"without": "keeps no history"}
        else:
            assert len(figures["runs"]) == 1, figures
            assert figures["min"] <= figures["median"] <= figures["max"]
    assert result["contenders"]["bare"]["to_bare"] == 1


@pytest.mark.parametrize("pg", [18], indirect=True)
def test_the_table_names_the_contenders_and_the_durability_of_the_server(pg: Server) -> None:
    first, *lines = speed(pg, "--cases", "tables", "--only", "bare", "psql").splitlines()
    assert f"server_version {pg.major}" in first
    assert "fsync off" in first
    shown = {line[:8].rstrip(): line[8:].split() for line in lines[3:]}
    assert list(shown) == ["bare", "psql"]
    for columns in shown.values():
        assert float(columns[0]) > 0
