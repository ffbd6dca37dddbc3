"""What verify finds after a deploy that it did not find before it."""

from __future__ import annotations

from migrator.catalogue.verify import Check, verify
from migrator.core.runner import Runner

_STRICT = {"history", "seeds"}


def known(runner: Runner) -> frozenset[str]:
    """Return what verify finds before a deploy: what is not of the deploy's making.

    Of history and seeds nothing, and of the schema only what is another application's: the rest is
    what the deploy is to put right.
    """
    return frozenset(
        f"{check.name}: {finding}"
        for check in verify(runner)
        for finding in (check.foreign if check.name == "schema" else check.findings)
        if check.name not in _STRICT
    )


def new(runner: Runner, before: frozenset[str]) -> list[str]:
    """Return what verify finds now and did not find before."""
    return [line for check in verify(runner) for line in _lines(check) if line not in before]


def _lines(check: Check) -> list[str]:
    return [f"{check.name}: {finding}" for finding in check.findings]
