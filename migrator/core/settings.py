"""Reads and checks a project's settings: `[tool.migrator]` in its pyproject.toml.

Every key has a default. docs/reference.md lists all keys.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from migrator.core.errors import Refused

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

FILE = "pyproject.toml"
# Every version of the tool and every project uses this key, because everybody who changes a
# database must wait for the same lock.
LOCK_KEY = 0x6765_7374_6F72_6C64
_LARGEST_KEY = 2**63 - 1
_TABLE = "tool.migrator"
_LONGEST_NAME = 63  # bytes, PostgreSQL's
_TAKEN = {"postgres", "template0", "template1", "public", "none", "all"}
_Kind = TypeVar("_Kind", bound="DataclassInstance")


def _is_name(value: Any) -> bool:
    is_plain = isinstance(value, str) and re.fullmatch(r"[a-z_][a-z0-9_]*", value) is not None
    return is_plain and len(value) <= _LONGEST_NAME and value not in _TAKEN and value[:3] != "pg_"


def _is_application(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[ -~]{1,63}", value) is not None


def _is_path(value: Any) -> bool:
    return isinstance(value, str) and value != "" and "\0" not in value


def _is_key(value: Any) -> bool:
    return type(value) is int and -_LARGEST_KEY <= value <= _LARGEST_KEY


def _is_count(value: Any) -> bool:
    return type(value) is int and value > 0


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _are_sizes(value: Any) -> bool:
    is_pair = isinstance(value, list) and len(value) == 2  # noqa: PLR2004  as it says
    return is_pair and all(map(_is_count, value)) and value[0] < value[1]


def _are_rules(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(each, str) and re.fullmatch(r"[a-z0-9-]+", each) for each in value
    )


def _are_paths(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_path, value))


def _key(default: Any, fits: Callable[[Any], bool], allowed: str) -> Any:
    """Return a field for a key of the file.

    Args:
        default: The value if the file has no such key.
        fits: Says whether a value is allowed.
        allowed: The allowed values in words.

    """
    return field(default=default, metadata={"fits": fits, "allowed": allowed})


_NAME = (_is_name, "a name of lower-case letters, digits and _ that PostgreSQL does not reserve")
_DIRECTORY = (_is_path, "a directory, relative to pyproject.toml")
_COUNT = (_is_count, "a whole number from 1")
_RULES = (_are_rules, "a list of names of rules")


@dataclass(frozen=True, slots=True)
class ServerNames:
    """`[tool.migrator.server]`: the names on the embedded server.

    Args:
        database: The name of the database.
        role: The role that owns it, and with which the tool connects.

    """

    database: str = _key("app", *_NAME)
    role: str = _key("app", *_NAME)


@dataclass(frozen=True, slots=True)
class LintRules:
    """`[tool.migrator.lint]`: the rules of the linter.

    Args:
        ignore: The rules of squawk that are switched off.

    """

    ignore: tuple[str, ...] = _key((), *_RULES)


@dataclass(frozen=True, slots=True)
class DeployWatch:
    """`[tool.migrator.deploy]`: what a deploy looks at.

    Args:
        monitor: Files with one query each, which run before and after a deploy. Their first column
            is a name, the others are values; the report lists what changed.

    """

    monitor: tuple[str, ...] = _key((), _are_paths, "a list of files, relative to pyproject.toml")


@dataclass(frozen=True, slots=True)
class Thresholds:
    """`[tool.migrator.review]`: the thresholds of the review.

    Args:
        large_rows: A table, or the part of it that is touched, is large from this number of rows.
        sizes: Rows per table for the two measurements of time.
        small_rows: Rows per table when only facts are measured.
        longest_lock_timeout_ms: The longest lock_timeout that a file may set.
        ignore: The rules of the review or of squawk that are switched off.

    """

    large_rows: int = _key(10_000, *_COUNT)
    sizes: tuple[int, ...] = _key(
        (20_000, 80_000), _are_sizes, "a list of two whole numbers from 1, the smaller one first"
    )
    small_rows: int = _key(1_000, *_COUNT)
    longest_lock_timeout_ms: int = _key(10_000, *_COUNT)
    ignore: tuple[str, ...] = _key((), *_RULES)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a project. Paths are relative to its pyproject.toml.

    Args:
        migrations: The directory of the migrations.
        seeds: The directory of the seeds; None for `seeds` beside the migrations, if it exists.
        sql: The directory of the snapshot and the checks; None for `sql` beside the migrations.
        page: The file with the schema's diagrams; None for `docs/schema.md` beside the migrations.
        environment: A file of environment variables; None for none.
        application: The application_name of the tool's sessions.
        lock_key: The key of the advisory lock that lets one runner at a time change a database.
        row_security_by_choice: Whether row security is switched on by other means than migrations,
            in some databases and not in others: the snapshot then leaves it out.
        server: The table `[tool.migrator.server]`.
        lint: The table `[tool.migrator.lint]`.
        deploy: The table `[tool.migrator.deploy]`.
        review: The table `[tool.migrator.review]`.

    """

    migrations: str = _key("migrations", *_DIRECTORY)
    seeds: str | None = _key(None, *_DIRECTORY)
    sql: str | None = _key(None, *_DIRECTORY)
    page: str | None = _key(None, _is_path, "a file, relative to pyproject.toml")
    environment: str | None = _key(None, _is_path, "a file, relative to pyproject.toml")
    application: str = _key("migrator", _is_application, "1 to 63 printable ASCII characters")
    lock_key: int = _key(LOCK_KEY, _is_key, "a whole number of 64 bits")
    row_security_by_choice: bool = _key(False, _is_flag, "true or false")
    server: ServerNames = field(default_factory=ServerNames)
    lint: LintRules = field(default_factory=LintRules)
    deploy: DeployWatch = field(default_factory=DeployWatch)
    review: Thresholds = field(default_factory=Thresholds)


def has(directory: Path) -> bool:
    """Say whether a directory has a pyproject.toml with `[tool.migrator]`.

    Raises:
        Refused: The file cannot be read.

    """
    return _table(directory / FILE) is not None


def load(directory: Path) -> Settings:
    """Read a project's settings; they are the defaults if it has none.

    Args:
        directory: The directory of the project.

    Raises:
        Refused: The file cannot be read, or has an unknown key or a wrong value.

    """
    path = directory / FILE
    problems: list[str] = []
    found = _read(Settings, _TABLE, _table(path) or {}, problems)
    if problems:
        raise Refused(
            f"{path} has wrong settings:\n  " + "\n  ".join(problems),
            hint="Correct them and run the command again.",
        )
    return found


def _table(path: Path) -> Any:
    """Return the table `[tool.migrator]` of a file; None if it has none."""
    try:
        text = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise Refused(f"{path}: cannot be read: {error.strerror}.") from error
    if b"migrator" not in text:  # parsing TOML takes as long as a query
        return None
    import tomllib

    try:
        tools = tomllib.loads(text.decode()).get("tool", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refused(f"{path}: cannot be read: {error}") from error
    return tools.get("migrator")


def _read(kind: type[_Kind], name: str, given: Any, problems: list[str]) -> _Kind:
    """Return a table of the file as its dataclass.

    Args:
        kind: The dataclass.
        name: The name of the table.
        given: The table in the file.
        problems: Gets a line for each unknown key and each wrong value.

    """
    if not isinstance(given, Mapping):
        problems.append(f"{name} is {given!r}; it must be a table")
        return kind()
    known = {each.name: each for each in fields(kind)}
    values: dict[str, Any] = {}
    for key, value in given.items():
        if key not in known:
            problems.append(f"[{name}] has no key {key}; its keys are {', '.join(known)}")
        elif is_dataclass(section := known[key].default_factory):
            values[key] = _read(section, f"{name}.{key}", value, problems)
        elif not known[key].metadata["fits"](value):
            allowed = known[key].metadata["allowed"]
            problems.append(f"{key} in [{name}] is {value!r}; it must be {allowed}")
        else:
            values[key] = tuple(value) if isinstance(value, list) else value
    return kind(**values)
