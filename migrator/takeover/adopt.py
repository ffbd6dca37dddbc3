"""Takes over the history of another tool, once the database is shown to be what its files make.

Stock yoyo's tables become this tool's. The tables of other tools are read and left alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg.sql import Identifier

from migrator.catalogue.objects import Difference
from migrator.core import lock, plan, predecessors
from migrator.core.apply import Applier
from migrator.core.errors import Refused
from migrator.core.files import Migration
from migrator.core.predecessors import YOYO, Predecessor
from migrator.core.process import interruptible
from migrator.core.runner import Runner
from migrator.core.session import refuse_unwritable
from migrator.sql import sql
from migrator.takeover import histories
from migrator.takeover.baseline import refuse_history
from migrator.takeover.comparison import Throwaway, refuse_difference
from migrator.takeover.histories import Entry

_VERSION = re.compile(r"\d+(?=[_-]\D)")
_NUMBER = re.compile(r"0*(\d+)(?=$|[_.-])(?![.]\d)")


@dataclass(frozen=True, slots=True)
class Adopted:
    """What `adopt` did.

    Args:
        history: The history that was taken over.
        migrations: The migrations that it says are applied.
        is_moved: Whether its tables are the history now; else they were left alone.

    """

    history: Predecessor
    migrations: Sequence[Migration]
    is_moved: bool

    @property
    def lines(self) -> list[str]:
        """The same as text."""
        left = (
            "its tables are in schema yoyo now: give stock yoyo the URL with ?schema=yoyo"
            if self.is_moved
            else f"its tables are left alone, and nothing reads them here: "
            f"{', '.join(sorted(self.history.tables))}"
        )
        return [f"adopted {len(self.migrations)} from {self.history.words}", left]


def adopt(runner: Runner, name: str | None, tool: str | None, throwaway: Throwaway) -> Adopted:
    """Take over another tool's history.

    Args:
        runner: The database and the files.
        name: The last migration that the database has, if the history does not name files.
        tool: The tool, if there are histories of several.
        throwaway: Runs a server that is thrown away afterwards, and gives its URL; the applied
            migrations are applied there to see what they add up to.

    Raises:
        Refused: There is no such history, its entries cannot be found in the files, or the database
            is not what these files make.

    """
    refuse_unwritable(runner.session, runner.target)
    if runner.session.facts.has_checksums:
        refuse_history(runner)
    found = predecessors.find(runner.session).histories
    history = _chosen(found, tool)
    connection = runner.session.connection
    entries = histories.read(connection, history)
    wanted = _applied(runner.migrations, history, entries, name)
    refuse_difference(
        runner,
        wanted[-1] if wanted else None,
        throwaway,
        lambda difference: any(_is_its(each, difference) for each in found),
    )

    is_moved = history.tool is YOYO

    def confirm() -> None:
        histories.lock(connection, history)
        if histories.read(connection, history) != entries:
            raise Refused(
                f"The history of {history.words} has changed meanwhile.",
                hint="Run the command again when nobody uses that tool any more.",
            )
        if is_moved:
            histories.refuse_busy_yoyo(connection, history)

    schema = Identifier(history.schema).as_string(connection)
    moves = is_moved and history.schema != "yoyo"
    with interruptible(), lock.held(runner.session, runner.limits.lock_wait_s, runner.say):
        Applier(runner.session, runner.say).adopt(
            wanted,
            confirm,
            move=sql("takeover/move_yoyo").replace("%(schema)s", schema) if moves else "",
            marked={each.name for each in entries or []} if is_moved else None,
        )
    return Adopted(history, wanted, is_moved)


def _chosen(found: Sequence[Predecessor], tool: str | None) -> Predecessor:
    """Return the history to take over."""
    chosen = [each for each in found if tool is None or each.tool.name.lower() == tool.lower()]
    if not chosen:
        raise Refused(
            f"The database has no history of {tool or 'another tool'}.",
            hint="`baseline ID` marks what a database without a history has as applied.",
        )
    if len(chosen) > 1:
        raise Refused(
            "The database has several histories: " + ", ".join(each.words for each in chosen) + ".",
            hint="Name the tool of this set: adopt --from TOOL.",
        )
    (history,) = chosen
    if history.tool.name == YOYO.name and history.tool is not YOYO:
        raise Refused(
            f"The history of {history.words} is of yoyo before 6.0.",
            hint="Run `yoyo list` of yoyo 9 once: it brings its tables up to date.",
        )
    return history


def _applied(
    migrations: Sequence[Migration],
    history: Predecessor,
    entries: Sequence[Entry] | None,
    name: str | None,
) -> list[Migration]:
    """Return the migrations that a history says are applied.

    Args:
        migrations: The migrations in the files.
        history: The history.
        entries: Its entries; None if they do not name files.
        name: The last migration that the database has, if the user named it.

    Raises:
        Refused: The entries are not those of the files, or not what the user says.

    """
    last = plan.find(migrations, name) if name is not None else None
    failed = [each.name for each in entries or [] if not each.is_whole]
    if failed:
        raise Refused(
            f"{history.words}: was begun and not ended: {', '.join(failed)}.",
            hint=f"Finish or repair it with {history.tool.name} first.",
        )
    places = _places(migrations, [each.name for each in entries or []])
    unknown = [each.name for each, at in zip(entries or [], places, strict=True) if not at]
    if entries is None or unknown:
        if last is None:
            what = f": {', '.join(unknown)}" if unknown else ""
            raise Refused(
                f"{history.words}: its entries cannot be found among the files{what}.",
                hint="If the files are in another layout, `convert --from TOOL DIR OUT` lays them "
                "out. Else name the last migration that the database has: adopt ID.",
            )
        return list(migrations[: migrations.index(last) + 1])
    applied: set[int] = set()
    for each, at in zip(entries, places, strict=True):
        applied |= {*range(at[-1] + 1)} if each.covers else {*at}
    gaps = [migrations[at].id for at in range(len(applied)) if at not in applied]
    if gaps:
        raise Refused(
            f"{history.words}: these are not applied, but later ones are: {', '.join(gaps)}.",
            hint=f"Apply them with {history.tool.name} first, or give them later numbers.",
        )
    found = list(migrations[: len(applied)])
    if last is not None and found[-1:] != [last]:
        raise Refused(
            f"{history.words}: says that the last one is {found[-1].id if found else 'none'}, not "
            f"{last.id}.",
            hint="Leave the ID out: the history decides.",
        )
    return found


def _places(migrations: Sequence[Migration], names: Sequence[str]) -> list[list[int]]:
    """Return the places of the files that another tool calls by some names, name by name.

    Files are found by their id; by the part of it after the number, where `convert` puts a version
    if it numbers the files itself; or by their number. One of these ways has to serve for all.
    A squashed pair is found by what it replaces, if the last of that is among the names.
    """
    names = [each.removesuffix(".sql") for each in names]
    for key, of_file in (
        (str, lambda id_: id_),
        (_version, lambda id_: _label("".join(id_.split(".")[1:2]))),
        (_number, _number),
    ):
        files = [of_file(each.id) for each in migrations]
        keys = [key(name) for name in names]
        ranges = [
            (at, of_file(ranged.first), of_file(ranged.last))
            for at, each in enumerate(migrations)
            if (ranged := each.source.replaces)
        ]
        places = [
            [at for at, each in enumerate(files) if each and each == name]
            or [at for at, first, last in ranges if last in keys and _is_in(first, name, last)]
            for name in keys
        ]
        if any(places):
            return places
    return [[] for _ in names]


def _is_in(first: str | None, name: str | None, last: str | None) -> bool:
    """Say whether a name is between two; numbers are compared as such."""
    if not (first and name and last):
        return False
    if first.isdecimal() and name.isdecimal() and last.isdecimal():
        return int(first) <= int(name) <= int(last)
    return first <= name <= last


def _version(name: str) -> str:
    """Return the label of the version that a name of another tool begins with."""
    match = _VERSION.match(name)
    return _label(match[0] if match else name)


def _label(version: str) -> str:
    return str(int(version)) if version.isdecimal() else version.replace(".", "_").lower()


def _number(name: str) -> str | None:
    match = _NUMBER.match(name)
    return match[1] if match else None


def _is_its(history: Predecessor, difference: Difference) -> bool:
    """Say whether a difference is one of the tool's own tables, or its schema."""
    name = difference.subject.name
    within = name == history.schema or name.startswith(f"{history.schema}.")
    return difference.is_unexpected and (name in history.tables or (history.has_schema and within))
