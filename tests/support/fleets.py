"""What the tests of fleets share: some databases, the file that names them, the command line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlencode

from tests.support import documents
from tests.support.commands import Answer, execute
from tests.support.databases import applied, database, rows
from tests.support.servers import Server
from tests.support.sets import MigrationSet, three_tables

NUMBERS = count(1)


class Place(NamedTuple):
    """A database of a fleet: its name there, its stage, and where it is."""

    name: str
    stage: int
    server: Server
    dbname: str

    @property
    def dsn(self) -> str:
        return self.server.dsn(self.dbname)

    @property
    def url(self) -> str:
        at = urlencode({"host": self.server.host, "port": self.server.port})
        return f"postgresql://owner@/{quote(self.dbname)}?{at}"

    @property
    def applied(self) -> list[str]:
        history = "SELECT FROM pg_namespace WHERE nspname = 'yoyo'"
        return applied(self.dsn) if rows(self.dsn, history) else []


class Fleet(NamedTuple):
    """Some databases, the file that names them, and a set of three tables and a seed."""

    places: list[Place]
    made: MigrationSet
    file: Path

    def run(self, *arguments: str | Path, environment: dict[str, str] | None = None) -> Answer:
        """Run a command of the fleet in a process of its own."""
        return execute(*self.arguments(*arguments), environment=environment)

    def execute(self, *arguments: str | Path) -> Answer:
        """Run any command."""
        return execute(*arguments)

    def arguments(self, *arguments: str | Path) -> list[str | Path]:
        before = ["--json"] if arguments[0] == "--json" else []
        words = arguments[len(before) :]
        return [*before, "--migrations", self.made.migrations, "fleet", words[0], "--targets",
                self.file, *words[1:]]  # fmt: skip

    def write(self, places: Sequence[Place] | None = None, more: str = "") -> None:
        """Write the file, of all targets if no others are given."""
        self.file.write_text("\n".join([*map(entry, places or self.places), more]))

    @property
    def applied(self) -> dict[str, int]:
        """How many migrations each target has."""
        return {place.name: len(place.applied) for place in self.places}


def entry(place: Place) -> str:
    """Return a target as it is written in a file."""
    return f'[[target]]\nname = "{place.name}"\nstage = {place.stage}\nurl = "{place.url}"\n'


def keys(document: object) -> Iterator[str]:
    """Yield the keys of a document, and of what is in it."""
    if isinstance(document, dict):
        yield from document
        document = list(document.values())
    if isinstance(document, list):
        for each in document:
            yield from keys(each)


def keys_in_reference(command: str) -> set[str]:
    """Return the keys that the reference names for a command's document."""
    rows = documents.table(documents.REFERENCE, "JSON").values()
    (found,) = (keys for names, keys in rows if command in names)
    return {each for each in found if each != "status"}


@contextmanager
def fleet(root: Path, servers: Sequence[Server], stages: Sequence[int]) -> Iterator[Fleet]:
    """Make empty databases, one for each stage that is given, on the servers in turn."""
    with ExitStack() as stack:
        places = []
        for number, stage in enumerate(stages):
            server = servers[number % len(servers)]
            name = stack.enter_context(database(server, f"fleet_{next(NUMBERS)}"))
            places.append(Place(f"t{number}", stage, server, name))
        made = Fleet(places, three_tables(root), root / "fleet.toml")
        made.write()
        yield made
