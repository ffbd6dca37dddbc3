"""The targets of a fleet: read from a file, a control database or a program, and selected."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from migrator.core.errors import Refused
from migrator.core.files import write
from migrator.core.session import open_connection
from migrator.core.target import SECRETS, Target, resolve_other

FILE = "fleet.toml"
PATIENCE_S = 60  # with a query or a program that names the targets
_KEYS = {"name", "stage", "url", "service", "url_env", "labels"}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")  # it becomes a file's name, too
_DOCS = "docs/fleet.md#targets shows how targets are written."
_PROGRAM = "Run it by itself, and correct it. A query needs --control URL, too."


@dataclass(frozen=True, slots=True)
class Member:
    """One target of a fleet.

    Args:
        name: Its name, which no other target has.
        stage: When its turn is: 0 is the canary.
        target: Its database.
        labels: What else is said of it, for `--only`.
        unset: The variable that should name its database, and is not set; empty if there is none.

    """

    name: str
    stage: int
    target: Target
    labels: Mapping[str, str] = field(default_factory=dict)
    unset: str = ""

    @property
    def place(self) -> str:
        """The server as the target's address names it; several addresses may be one server."""
        given = {**self.target.variables, **self.target.parameters}
        keys = ("host", "hostaddr", "port", "service", "PGHOST", "PGHOSTADDR", "PGPORT")
        return " ".join(f"{key}={given[key]}" for key in keys if key in given)


def from_file(path: Path, application: str) -> list[Member]:
    """Read targets from a TOML file with one `[[target]]` each.

    Args:
        path: The file.
        application: The application_name of the sessions.

    Raises:
        Refused: The file cannot be read, or a target is wrong.

    """
    import tomllib

    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise Refused(
            f"{path}, which names the targets, cannot be read: {why}", hint=_DOCS
        ) from error
    entries = document.pop("target", [])
    if document or not isinstance(entries, list):
        unknown = ", ".join(document) or "target"
        raise Refused(f"{path}: can only have [[target]], not {unknown}.", hint=_DOCS)
    return read(entries, str(path), application)


def from_query(control: Target, query: str, application: str) -> list[Member]:
    """Read targets from a control database: columns as the keys of the file; others are labels.

    Args:
        control: The database.
        query: A query.
        application: The application_name of the sessions.

    Raises:
        Refused: The database cannot be reached, the query fails, or a target is wrong.

    """
    import psycopg
    from psycopg.rows import dict_row

    try:
        with open_connection(control) as connection:
            connection.execute("SET default_transaction_read_only TO on")
            connection.execute(f"SET statement_timeout TO {PATIENCE_S * 1000}")
            rows = connection.cursor(row_factory=dict_row).execute(query.encode()).fetchall()
    except Refused as error:
        raise Refused(f"The control database: {error.message}", hint=error.hint) from None
    except psycopg.Error as error:
        raise Refused(
            f"The query for the targets failed: {str(error).strip()}",
            hint="Correct --targets-from. " + _DOCS,
        ) from None
    entries = []
    for row in rows:
        labels = row.pop("labels", None) or {}
        others = {key: row.pop(key) for key in [*row] if key not in _KEYS or row[key] is None}
        known = {key: value for key, value in others.items() if value is not None}
        entries.append({**row, "labels": {**known, **labels} if _is_table(labels) else labels})
    return read(entries, "--targets-from", application)


def from_program(command: str, application: str) -> list[Member]:
    """Read targets from a program that prints a JSON object a line, with the keys of the file.

    Its URLs may have passwords, because nothing keeps what it prints.

    Args:
        command: The program and its arguments; no shell is involved.
        application: The application_name of the sessions.

    Raises:
        Refused: The program fails, or a target is wrong.

    """
    try:
        done = subprocess.run(  # noqa: S603  the user's own program
            shlex.split(command), stdout=subprocess.PIPE, check=True, timeout=PATIENCE_S
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        why = f"cannot be run: {error}"
        if isinstance(error, subprocess.CalledProcessError):
            why = f"failed with exit code {error.returncode}."
        elif isinstance(error, subprocess.TimeoutExpired):
            why = f"had not ended after {PATIENCE_S} s: it was killed."
        raise Refused(f"The program of --targets-from {why}", hint=_PROGRAM) from None
    entries = []
    for number, line in enumerate(done.stdout.splitlines(), 1):
        try:
            entries += [json.loads(line)] if line.strip() else []
        except ValueError as error:
            what = error.msg if isinstance(error, json.JSONDecodeError) else "it is not UTF-8"
            raise Refused(
                f"Line {number} of the program of --targets-from is not JSON: {what}", hint=_DOCS
            ) from None
    return read(entries, "--targets-from", application, with_passwords=True)


def add(path: Path, name: str, stage: int, url: str) -> None:
    """Add a target to a file, at its end."""
    entry = f'[[target]]\nname = "{name}"\nstage = {stage}\nurl = {json.dumps(url)}\n'
    text = path.read_text(encoding="utf-8")
    write(path, f"{text.rstrip()}\n\n{entry}".lstrip())


def select(members: Sequence[Member], only: Sequence[str], without: Sequence[str]) -> list[Member]:
    """Return the targets that are asked for, by stage and name.

    Args:
        members: All targets.
        only: A name, `stage=N` or `label=value` each. Of one label (or of names, or of stages) one
            of the values must fit, and so for each label; none for all targets.
        without: The same of targets that are left out: one of them must fit.

    Raises:
        Refused: One of them fits no target, or there is none left.

    """
    for option, values in (("--only", only), ("--except", without)):
        if unknown := [each for each in values if not any(_fits(it, each) for it in members)]:
            raise Refused(
                f"No target fits {option} {', '.join(unknown)}.",
                hint=f"`fleet status` lists the targets; {option} NAME, stage=N or label=value.",
            )
    wanted: dict[str, list[str]] = {}
    for each in only:
        wanted.setdefault(each[: each.find("=") + 1], []).append(each)
    found = [
        member
        for member in members
        if all(any(_fits(member, each) for each in values) for values in wanted.values())
        and not any(_fits(member, each) for each in without)
    ]
    if not found:
        why = "No target is left by --only and --except." if members else "There are no targets."
        raise Refused(why, hint="" if members else _DOCS)
    return sorted(found, key=lambda each: (each.stage, each.name))


def _fits(member: Member, wanted: str) -> bool:
    known = {**member.labels, "stage": str(member.stage)}
    return wanted in {member.name, *(f"{key}={value}" for key, value in known.items())}


def read(
    entries: Iterable[Any], where: str, application: str, *, with_passwords: bool = False
) -> list[Member]:
    """Read targets from tables of keys and values.

    Args:
        entries: The tables.
        where: Where they are from, for messages.
        application: The application_name of the sessions.
        with_passwords: Whether a URL may have a password.

    Raises:
        Refused: One of them is wrong; the message names all that are.

    """
    members: list[Member] = []
    problems: list[str] = []
    for number, entry in enumerate(entries, 1):
        name = entry.get("name") if _is_table(entry) else None
        called = name if isinstance(name, str) and _NAME.fullmatch(name) else f"number {number}"
        try:
            members.append(_member(entry, with_passwords=with_passwords, application=application))
        except Refused as error:
            problems.append(f"target {called}: {error.message}")
    names = Counter(each.name for each in members)
    problems += [f"target {it}: {n} targets have that name." for it, n in names.items() if n > 1]
    if problems:
        raise Refused(f"{where}: wrong targets:\n  " + "\n  ".join(problems), hint=_DOCS)
    return members


def _member(entry: Any, *, with_passwords: bool, application: str) -> Member:
    """Return the target of an entry; its values may hold a password, so no message shows them."""
    if not _is_table(entry):
        raise Refused("must be a table of keys and values.")
    if unknown := sorted(entry.keys() - _KEYS):
        raise Refused(f"has no key {', '.join(unknown)}; its keys are {', '.join(sorted(_KEYS))}.")
    name, stage, labels = entry.get("name"), entry.get("stage"), entry.get("labels", {})
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise Refused("its name must have letters, digits, _, . and - only, at most 100.")
    if type(stage) is not int or stage < 0:
        raise Refused("its stage must be a whole number from 0.")
    if not _is_table(labels):
        raise Refused("its labels must be a table of names and values.")
    target = _target(entry, with_passwords=with_passwords) or Target({}, "", "the target")
    unset = "" if target.origin else entry["url_env"]
    words = {str(key): str(value) for key, value in labels.items()}
    return Member(name, stage, target.called(application), words, unset)


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping)


def _target(entry: Mapping[str, Any], *, with_passwords: bool) -> Target | None:
    """Return where an entry leads; None if its variable is not set, which others need not know."""
    ways = [key for key in ("url", "service", "url_env") if key in entry]
    if len(ways) != 1 or not isinstance(entry[ways[0]], str) or not entry[ways[0]]:
        raise Refused("must have one of url, service and url_env, which is a text.")
    (way,), value = ways, entry[ways[0]]
    if way == "service":
        from psycopg.conninfo import make_conninfo

        value = make_conninfo(service=value)
    elif way == "url_env":
        value = os.environ.get(value) or None
    target = resolve_other(value, f"its {way}", os.environ)
    has_secret = target is not None and SECRETS & target.parameters.keys()
    if way == "url" and not with_passwords and has_secret:
        raise Refused(
            "its url has a password, which would be kept there: use ~/.pgpass, or url_env."
        )
    return target
