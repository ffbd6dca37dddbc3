"""Runs a program; prints its exit code, its time and its peak memory as JSON.

Usage: measured.py PROGRAM [ARGUMENT ...]

A process of its own, and a small one: a child's peak memory counts what its parent had when it
was forked. The program's standard output is dropped; what it says on standard error is passed on.
"""

import json
import resource
import subprocess
import sys
import time


def main(argv: list[str]) -> None:
    """Run a program and print what it took: seconds, and bytes of memory at most."""
    started = time.perf_counter()
    done = subprocess.run(argv, check=False, stdout=subprocess.DEVNULL)  # noqa: S603
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    unit = 1 if sys.platform == "darwin" else 1024
    print(json.dumps({"code": done.returncode, "seconds": seconds, "peak": peak * unit}))


if __name__ == "__main__":
    main(sys.argv[1:])
