"""What a squashed pair replaces: many migrations, told in one line of its header.

The line is enough to know them again in a history: their names are between two, and a sum is over
their names and checksums.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

_FORM = re.compile(
    r"(?P<first>.+) \.\. (?P<last>.+) \((?P<count>\d+) files, sha256 (?P<digest>[0-9a-f]{64})\)"
)


@dataclass(frozen=True, slots=True)
class Replaced:
    """The migrations that a pair replaces.

    Args:
        first: The first of their ids, by name.
        last: The last of their ids, by name.
        count: How many they are.
        digest: A sum over their ids and checksums.

    """

    first: str
    last: str
    count: int
    digest: str

    @classmethod
    def parse(cls, value: str) -> Replaced | None:
        """Read the value of `-- replaces:`; None if it has another form."""
        match = _FORM.fullmatch(value)
        if match is None:
            return None
        return cls(match["first"], match["last"], int(match["count"]), match["digest"])

    @classmethod
    def of(cls, checksums: Mapping[str, str], first: str | None = None) -> Replaced:
        """Return the line for migrations.

        Args:
            checksums: The checksum of each of them, by id.
            first: The first id of the range, if it is not one of theirs.

        """
        ids = sorted(checksums, key=_key)
        return cls(first or ids[0], ids[-1], len(ids), _digest(checksums))

    @property
    def words(self) -> str:
        """The value of `-- replaces:`."""
        return f"{self.first} .. {self.last} ({self.count} files, sha256 {self.digest})"

    def covers(self, migration_id: str) -> bool:
        """Say whether an id is in the range."""
        return _key(self.first) <= _key(migration_id) <= _key(self.last)

    def are(self, checksums: Mapping[str, str | None]) -> bool:
        """Say whether applied migrations are exactly those that are replaced.

        Args:
            checksums: The checksum with which each was applied, by id; None if it is not known.
                Then number and last name decide: a file without a checksum never counts as edited.

        """
        if len(checksums) != self.count or self.last not in checksums:
            return False
        known = {name: each for name, each in checksums.items() if each is not None}
        return len(known) < self.count or _digest(known) == self.digest


def _key(migration_id: str) -> str:
    return f"{migration_id}.sql"  # as files are put in order


def _digest(checksums: Mapping[str, str]) -> str:
    lines = [f"{name} {checksums[name]}\n" for name in sorted(checksums, key=_key)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()
