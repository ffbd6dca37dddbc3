"""Whether targets are equal: one of each version stands for those that are, the others differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from migrator.catalogue import objects
from migrator.catalogue.objects import Catalogue
from migrator.fleet.pool import TargetFailure
from migrator.fleet.survey import TargetPosition
from migrator.fleet.table import grouped


@dataclass(frozen=True, slots=True)
class Checked:
    """What `verify` found on a target, and what the target holds.

    Args:
        position: Where it stands.
        findings: What is wrong, a line each.
        digest: The sum over what it holds.
        packed: What it holds: see `Catalogue.pack`.

    """

    position: TargetPosition
    findings: Sequence[str]
    digest: str
    packed: str

    @property
    def failure(self) -> TargetFailure | None:
        """What is wrong as the failure of the target; None if nothing is."""
        if not self.findings:
            return None
        return TargetFailure(1, "verify found:\n  " + "\n  ".join(self.findings))


@dataclass(frozen=True, slots=True)
class EqualTargets:
    """Targets of one version that hold the same.

    Args:
        version: Their version.
        names: Their names; the first one is looked at for all.
        sample: Of the largest group of this version, the first name.
        differences: In what they differ from the sample, in words.

    """

    version: str
    names: Sequence[str]
    sample: str
    differences: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Drift:
    """What `fleet verify` found.

    Args:
        groups: The targets that are equal, the largest group of each version first.
        findings: Of each target what is wrong.
        failures: Why targets could not be checked.
        compared: The target whose schema was compared with the files; empty if none was.

    """

    groups: Sequence[EqualTargets]
    findings: Mapping[str, Sequence[str]]
    failures: Mapping[str, TargetFailure]
    compared: str

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong anywhere, and nothing differs."""
        return not (self.failures or any(self.findings.values()) or self._differ)

    @property
    def _differ(self) -> bool:
        return any(each.differences for each in self.groups)

    @property
    def document(self) -> dict[str, Any]:
        """The answer for machines."""
        return {
            "passed": self.passed,
            "compared": self.compared,
            "groups": [
                {
                    "version": each.version,
                    "targets": list(each.names),
                    "sample": each.sample,
                    "differences": list(each.differences),
                }
                for each in self.groups
            ],
            "findings": {name: list(lines) for name, lines in self.findings.items() if lines},
            "failures": {name: each.document for name, each in self.failures.items()},
        }

    def lines(self) -> list[str]:
        """Return the answer as text."""
        told = []
        for each in self.groups:
            names = ", ".join(each.names)
            if each.differences:
                told.append(f"differs from {each.sample} at {each.version}: {names}")
                told += [f"    {words}" for words in each.differences]
            elif each.sample == self.compared:
                told.append(f"as the files at {each.version}, by {each.sample}: {names}")
            else:
                told.append(f"alike at {each.version}, not compared with the files: {names}")
        same = grouped((tuple(lines), name) for name, lines in self.findings.items() if lines)
        for lines, found in same.items():
            told += [f"{', '.join(found)}: FAILED", *(f"    {line}" for line in lines)]
        for name, failure in self.failures.items():
            told.append(f"{name}: not checked: {failure.message}")
        return told


def groups(checked: Mapping[str, Checked]) -> list[EqualTargets]:
    """Group targets by their version and by what they hold, and compare the groups of a version.

    Args:
        checked: What was found on each target, by name.

    Returns:
        The groups; of each version, the largest is the first, and the others are compared with it.

    """
    found = []
    applied = ((tuple(each.position.ids["applied"]), name) for name, each in checked.items())
    for names in grouped(applied).values():
        equal = grouped((checked[name].digest, name) for name in names)
        largest, *others = sorted(equal.values(), key=len, reverse=True)
        sample = checked[largest[0]]
        found.append(EqualTargets(sample.position.version, largest, largest[0]))
        expected = Catalogue.unpack(sample.packed) if others else None
        for each in others:
            assert expected is not None  # noqa: S101  there are others
            told = objects.differences(expected, Catalogue.unpack(checked[each[0]].packed))
            words = [difference.words for difference in told] or ["what is not told"]
            found.append(EqualTargets(sample.position.version, each, largest[0], words))
    return found
