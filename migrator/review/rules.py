"""The rules, from rules.toml: what each finds, what helps, what only a person can decide."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class RuleText:
    """What is said of a rule.

    Args:
        finds: What it finds.
        instead: What to do instead.
        question: What a person must decide about a finding; empty if the measurement tells all.
        allowed: Why a finding of it may be allowed.

    """

    finds: str
    instead: str = ""
    question: str = ""
    allowed: str = "it runs in a maintenance window"


_FILE = Path(__file__).with_suffix(".toml")
RULES = {name: RuleText(**said) for name, said in tomllib.loads(_FILE.read_text("utf-8")).items()}
_OF_SQUAWK = RuleText(
    "Found by squawk in the text; no measurement can confirm or refute it.",
    question="Is the advice right for this change?",
)


def rule(name: str) -> RuleText:
    """Return what is said of a rule: one of RULES, or one of squawk's."""
    return RULES.get(name, _OF_SQUAWK)
