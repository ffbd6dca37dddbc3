"""The processes that work on targets: when none begins any more."""

from __future__ import annotations

import subprocess
import sys

from tests.support.servers import ROOT

INTERRUPTED_AT_ONCE = """
import os, signal, time
from migrator.core.errors import Interrupted
from migrator.core.target import Target
from migrator.fleet.pool import Job, Pool
from migrator.fleet.targets import Member

jobs = [Job(Member(name, 0, Target({"host": name}, "", "")), "work") for name in "abc"]
work = {"work": lambda member, argument, contact: time.sleep(60)}
with Pool(work, lambda member, ending: Interrupted("it"), jobs=3, server_limit=None) as pool:
    for event in pool.run(jobs, goes_on=True):
        print(event.member.name, event.kind, flush=True)
        if event.kind == "begin":
            os.kill(os.getpid(), signal.SIGINT)
"""


def test_an_interruption_right_after_the_first_has_begun_lets_no_other_begin() -> None:
    command = [sys.executable, "-c", INTERRUPTED_AT_ONCE]
    done = subprocess.run(command, capture_output=True, check=False, cwd=ROOT, timeout=20)
    assert (done.stdout, done.stderr) == (b"a begin\na end\n", b"")
