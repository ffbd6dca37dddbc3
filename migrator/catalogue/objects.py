"""What a database holds: every object with its properties, read by one query, compared as sets."""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from base64 import b64decode, b64encode
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import zip_longest
from typing import Any

import psycopg

from migrator.catalogue.views import unqualified
from migrator.core.errors import Refused
from migrator.sql import sql

COLUMN_ORDER = "order of columns"
_KINDS_OF_THE_SERVER = {"parameter ACL", "role", "tablespace"}
# What belongs to the place where a schema is, and not to the schema.
_KINDS_OF_THE_PLACE = {
    *_KINDS_OF_THE_SERVER,
    "database",
    "default acl",
    "extension",
    "privileges on",
    "setting of role",
}
_PROPERTIES_OF_THE_PLACE = {"owner", "populated", "privileges", "tablespace"}
_NAMED = ("relations", "parts", "routines", "types", "database", "privileges")
_OTHERS = ("operators", "texts", "elsewhere", "shared")
BETWEEN = chr(30)
_VIEWS_ARE_UNQUALIFIED = 160000
_IS_PREPARED = "SELECT FROM pg_prepared_statements WHERE name = 'migrator_catalogue'"
_REQUIRES = re.compile(r"Requires extension (\w+)\.$")  # a comment is the last property
Address = tuple[int, int, int]
NOWHERE: Address = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class Object:
    """One object of a database.

    Args:
        kind: As pg_identify_object calls it: table, table column, index.
        name: As it is written in SQL, without the schema public; of a part (a column, constraint,
            trigger, policy, rule) its own name, of a function with the types of its arguments.
        whole: Of a part, the kind and name of what it is part of: `table tasks`; else empty.
        address: Its catalogue, its oid there, and the number of a column: a rename keeps them.
        whole_address: Of a part, the address of what it is part of; else zeros.
        text: Its properties, `name: value`, with BETWEEN between them: equal properties are equal
            texts.

    """

    kind: str
    name: str
    whole: str
    address: Address
    whole_address: Address
    text: str

    @property
    def title(self) -> str:
        """What it is, in any database: `view totals`, `table tasks: column deadline`."""
        if not self.whole:
            return f"{self.kind} {self.name}".rstrip()
        is_split = self.kind.endswith((" column", " constraint"))
        kind = self.kind.rpartition(" ")[2] if is_split else self.kind
        return f"{self.whole}: {kind} {self.name}"

    @property
    def properties(self) -> dict[str, str]:
        """Its properties by name, in words; one that is as usual is not among them."""
        pairs = (each.partition(": ") for each in self.text.split(BETWEEN))
        return {name: value for name, _, value in pairs if name}


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The objects of a database at one moment, by their titles."""

    objects: dict[str, Object]

    @property
    def by_address(self) -> dict[Address, Object]:
        """The objects by their addresses."""
        return {each.address: each for each in self.objects.values()}

    @property
    def digest(self) -> str:
        """A sum over all objects and their properties: the same wherever they are the same."""
        rows = sorted((title, each.text) for title, each in self.objects.items())
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()

    @property
    def database(self) -> Catalogue:
        """What the database has of its own: without the server's roles, tablespaces, parameters."""
        return Catalogue(
            {
                title: each
                for title, each in self.objects.items()
                if each.kind not in _KINDS_OF_THE_SERVER
            }
        )

    def pack(self) -> str:
        """Return it as one word, to be kept."""
        rows = [[each.kind, each.name, each.whole, each.text] for each in self.objects.values()]
        return b64encode(zlib.compress(json.dumps(rows).encode())).decode()

    @classmethod
    def unpack(cls, packed: str) -> Catalogue:
        """Return what was packed; its objects have no addresses.

        Raises:
            ValueError: It was not.

        """
        try:
            rows = json.loads(zlib.decompress(b64decode(packed, validate=True)))
        except zlib.error as error:
            raise ValueError(str(error)) from error
        found = (
            Object(kind, name, whole, NOWHERE, NOWHERE, text) for kind, name, whole, text in rows
        )
        return cls({each.title: each for each in found})

    @property
    def extensions(self) -> set[str]:
        """The names of the extensions."""
        return {each.name for each in self.objects.values() if each.kind == "extension"}

    @property
    def schema(self) -> Catalogue:
        """What migrations make anywhere: without owners, privileges, settings, extensions, roles.

        Those belong to the place where the schema is.
        """
        return Catalogue(
            {
                title: replace(each, text=_without(each.text, _PROPERTIES_OF_THE_PLACE))
                for title, each in self.objects.items()
                if each.kind not in _KINDS_OF_THE_PLACE and title != "schema public"
            }
        )


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which two catalogues differ.

    Args:
        subject: The object, as it is expected where it is there at all.
        aspect: Which of its properties; empty where it is missing, or unexpected, as a whole.
        expected: The property as it should be; None where it should not be there.
        found: The property as it is; None where it is not there.

    """

    subject: Object
    aspect: str
    expected: str | None
    found: str | None

    @property
    def words(self) -> str:
        """The difference in words."""
        if not self.aspect:
            return f"{self.subject.title} is {'missing' if self.is_missing else 'unexpected'}"
        expected, found = _first_lines_that_differ(self.expected or "", self.found or "")
        what = "" if self.aspect == "definition" else f" in its {self.aspect}"
        return f"{self.subject.title} differs{what}: expected {expected}, found {found}"

    @property
    def is_missing(self) -> bool:
        """Whether the whole object is expected, and not there."""
        return not self.aspect and self.found is None

    @property
    def is_unexpected(self) -> bool:
        """Whether the whole object is there, and not expected."""
        return not self.aspect and self.expected is None


def read(connection: psycopg.Connection[Any]) -> Catalogue:
    """Read everything that a database holds, as the session sees it.

    Reading a view's definition takes ACCESS SHARE on what the view reads, and gives it back.
    Options that may hold a password are read as sums.

    Args:
        connection: Any session, in a transaction or not; its settings are as before afterwards.

    Raises:
        Refused: What a view reads was locked for longer than the session's lock_timeout.

    """
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(sql("catalogue/one_text").encode())
            # To plan it takes as long as to run it twice; what a file deallocates is prepared anew.
            if connection.execute(_IS_PREPARED).fetchone() is None:
                connection.execute(b"PREPARE migrator_catalogue AS " + _query())
            rows = connection.execute("EXECUTE migrator_catalogue").fetchall()
    except psycopg.errors.LockNotAvailable as error:
        raise Refused(
            "The catalogue could not be read: another session has locked what a view reads.",
            hint="Run the command again when that session has ended its transaction.",
        ) from error
    is_old = connection.info.server_version < _VIEWS_ARE_UNQUALIFIED
    titles = {row[:2]: f"{row[5]} {row[6]}".rstrip() for row in rows if row[2] == 0}
    found = (
        Object(
            kind,
            name,
            whole=titles.get((*whole,), ""),
            address=(class_, id_, part),
            whole_address=(*whole, 0),
            text=_like_newer(text) if is_old and kind.endswith("view") else text,
        )
        for class_, id_, part, *whole, kind, name, text in rows
    )
    return Catalogue({each.title: each for each in found})


def _like_newer(text: str) -> str:
    """Return a view's properties with its definition as newer versions write it."""
    head, between, definition = text.partition("definition: ")
    definition, *rest = definition.split(BETWEEN)
    return BETWEEN.join([head + between + unqualified(definition), *rest])


def differences(
    expected: Catalogue, found: Catalogue, *, without: Collection[str] = ()
) -> list[Difference]:
    """Compare two catalogues, object by object and property by property.

    Of what is missing or unexpected, its parts are not told by themselves.

    Args:
        expected: What should be there.
        found: What is there.
        without: Properties that are not compared.

    Returns:
        What differs, in the order of what it is part of; empty where they are the same.

    """
    before, after = expected.objects, found.objects
    told: list[Difference] = []
    for title in before.keys() | after.keys():
        here, there = before.get(title), after.get(title)
        if here and there:
            told += _changes(here, there, without)
        elif here and not _goes_with_another(here, after):
            told.append(Difference(here, "", title, None))
        elif there and not _goes_with_another(there, before):
            told.append(Difference(there, "", None, title))
    return sorted(told, key=lambda each: (each.subject.whole or each.subject.title, each.words))


def required(told: Iterable[Difference], extensions: Collection[str]) -> list[Difference]:
    """Leave out what is missing and says in its comment that it requires an absent extension.

    Args:
        told: In what a database differs.
        extensions: Those that it has.

    """
    return [
        each
        for each in told
        if not each.is_missing
        or not (needs := _REQUIRES.search(each.subject.text))
        or needs[1] in extensions
    ]


def _changes(here: Object, there: Object, without: Collection[str]) -> Iterator[Difference]:
    """Yield in what an object differs that both have."""
    if here.text == there.text:
        return
    expected, found = here.properties, there.properties
    for name in sorted((expected.keys() | found.keys()) - {*without}):
        a, b = expected.get(name), found.get(name)
        if a != b and not (name == COLUMN_ORDER and _columns(a) != _columns(b)):
            yield Difference(here, name, a, b)


def _columns(order: str | None) -> list[str]:
    """Return columns without their order: which of them are there is told by themselves."""
    return sorted((order or "").split(", "))


def _goes_with_another(part: Object, other: dict[str, Object]) -> bool:
    """Say whether what an object is a part of is not there either: that is told."""
    if part.kind == "index" and (constraint := part.properties.get("constraint")):
        return f"{part.whole}: constraint {constraint}" not in other
    return bool(part.whole) and part.whole not in other


def _first_lines_that_differ(expected: str, found: str) -> tuple[str, str]:
    pairs = zip_longest(expected.split("\n"), found.split("\n"), fillvalue="")
    a, b = next((pair for pair in pairs if pair[0] != pair[1]), ("", ""))
    return a.strip() or "nothing", b.strip() or "nothing"


def _without(text: str, names: Collection[str]) -> str:
    """Return properties without some of them."""
    kept = (each for each in text.split(BETWEEN) if each.partition(": ")[0] not in names)
    return BETWEEN.join(kept)


@cache
def _query() -> bytes:
    def union(parts: Iterable[str]) -> str:
        return " UNION ALL ".join(f"({sql(f'catalogue/objects_{each}')})" for each in parts)

    frame = sql("catalogue/objects").replace("%(named)s", f"({union(_NAMED)})")
    return frame.replace("%(others)s", f"({union(_OTHERS)})").encode()
