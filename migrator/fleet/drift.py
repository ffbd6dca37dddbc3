"""Whether targets are equal: one of each version stands for those that are, the others differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from migrator.catalogue import objects
from migrator.catalogue.objects import Catalogue
from migrator.fleet.survey import Standpoint, failures
from migrator.fleet.table import grouped


@dataclass(frozen=True, slots=True)
class EqualTargets:
    """Targets of one version that hold the same.

    Args:
        version: Their version.
        targets: Their names; the first one is looked at for all.
        sample: Of the largest group of this version, the first name.
        differences: In what they differ from the sample, in words.

    """

    version: str
    targets: Sequence[str]
    sample: str
    differences: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Drift:
    """What `fleet verify` found.

    Args:
        groups: The targets that are equal, the largest group of each version first.
        checked: The targets, with what was found on each, or why it could not be checked.
        compared: The target whose schema was compared with the files; empty if none was.

    """

    groups: Sequence[EqualTargets]
    checked: Sequence[Standpoint]
    compared: str

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong anywhere, and nothing differs."""
        is_well = [each.position and not each.position.findings for each in self.checked]
        return all(is_well) and not any(each.differences for each in self.groups)

    @property
    def _findings(self) -> dict[str, Sequence[str]]:
        known = {each.member.name: each.position for each in self.checked}
        return {name: at.findings for name, at in known.items() if at and at.findings}

    @property
    def document(self) -> dict[str, Any]:
        """The answer for machines."""
        failed = {each.member.name: each.failure for each in self.checked}
        return {
            "passed": self.passed,
            "compared": self.compared,
            "groups": [asdict(each) for each in self.groups],
            "findings": self._findings,
            "failures": {name: each.document for name, each in failed.items() if each},
        }

    def lines(self) -> list[str]:
        """Return the answer as text."""
        told = []
        for each in self.groups:
            names = ", ".join(each.targets)
            if each.differences:
                told.append(f"differs from {each.sample} at {each.version}: {names}")
                told += [f"    {words}" for words in each.differences]
            elif each.sample == self.compared:
                told.append(f"as the files at {each.version}, by {each.sample}: {names}")
            else:
                told.append(f"alike at {each.version}, not compared with the files: {names}")
        same = grouped((tuple(lines), name) for name, lines in self._findings.items())
        for lines, found in same.items():
            told += [f"{', '.join(found)}: FAILED", *(f"    {line}" for line in lines)]
        return [*told, *failures(self.checked)]


def groups(checked: Sequence[Standpoint]) -> list[EqualTargets]:
    """Group targets by their version and by what they hold, and compare the groups of a version.

    Args:
        checked: The targets, with what `verify` found on each.

    Returns:
        The groups; of each version, the largest is the first, and the others are compared with it.

    """
    known = {each.member.name: at for each in checked if (at := each.position)}
    versions = grouped((tuple(at.ids["applied"]), name) for name, at in known.items())
    found = []
    for names in versions.values():
        equal = grouped((known[name].found[0], name) for name in names)
        largest, *others = sorted(equal.values(), key=len, reverse=True)
        version, sample = known[largest[0]].version, largest[0]
        found.append(EqualTargets(version, largest, sample))
        for each in others:
            held = (Catalogue.unpack(known[name].found[1]) for name in (sample, each[0]))
            told = [difference.words for difference in objects.differences(*held)]
            found.append(EqualTargets(version, each, sample, told or ["what is not told"]))
    return found
