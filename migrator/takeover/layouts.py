"""Reads migrations in the layouts of other tools; the texts are left as they are, but for markers.

Each tool's own parser was the model: what it passes over is passed over here, too.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from migrator.core.errors import Refused
from migrator.core.layouts import MARKS, MIDDLE_OF_TERN

_LINES = re.MULTILINE | re.IGNORECASE
_BY_TEXT = {"dbmate", "diesel"}  # they compare versions as text, the others as numbers
_IN_ORDER = {"alembic-sql", "prisma"}  # their readers keep the order, which is not of versions


@dataclass(frozen=True, slots=True)
class Half:
    """One direction of a migration.

    Args:
        text: Its statements.
        is_atomic: Whether the tool runs it in one transaction of its own.

    """

    text: bytes
    is_atomic: bool = True


@dataclass(frozen=True, slots=True)
class Original:
    """A migration of another tool.

    Args:
        path: Its file, or its directory.
        version: Its version, as the tool's history has it.
        name: The rest of its name.
        apply: What applies it.
        rollback: What rolls it back; None if there is nothing.
        problem: Why it cannot be converted; empty if it can.

    """

    path: Path
    version: str
    name: str
    apply: Half
    rollback: Half | None
    problem: str = ""

    @property
    def numbers(self) -> list[int]:
        """The numbers that its version is made of."""
        return [int(part) for part in self.version.split(".") if part.isdecimal()]


@dataclass(frozen=True, slots=True)
class Layout:
    """A directory of another tool.

    Args:
        originals: Its migrations, in the order in which the tool runs them.
        problems: Other files that the tool runs, and that have no place in a set of pairs.

    """

    originals: list[Original]
    problems: list[str] = field(default_factory=list)


def read(tool: str, directory: Path) -> Layout:
    """Read the migrations of a tool.

    Raises:
        Refused: A file cannot be read, or there is no migration in that layout.

    """
    try:
        found = READERS[tool](directory)
        if tool in _BY_TEXT:
            found.originals.sort(key=lambda each: each.version)
        elif tool not in _IN_ORDER:
            found.originals.sort(key=lambda each: each.numbers)
    except OSError as error:
        raise Refused(f"{error.filename}: cannot be read: {error.strerror}.") from error
    if not found.originals:
        raise Refused(
            f"{directory} has no migrations in the layout of {tool}.",
            hint="Name the directory that has the files themselves, and the tool that runs them.",
        )
    return found


def _read(path: Path) -> bytes:
    return path.read_bytes().removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")


def _files(directory: Path, form: str) -> Iterator[tuple[Path, re.Match[str]]]:
    """Yield the files whose names have a form, with the match."""
    for path in sorted(directory.iterdir()):
        if path.is_file() and (match := re.fullmatch(form, path.name)):
            yield path, match


# One file with both halves


def _with_markers(
    tool: str, is_atomic: Callable[[bytes, bytes], bool], unfit: str = "", why: str = ""
) -> Callable[[Path], Layout]:
    """Return a reader of files in which markers begin the halves.

    Args:
        tool: Whose; options follow a marker on its line.
        is_atomic: Says by the options and the text of a file whether a half is atomic.
        unfit: What makes a text one that cannot be converted; empty for nothing.
        why: The reason.

    """
    marker = rf"^{MARKS[tool]}(.*)\n?"

    def layout(directory: Path) -> Layout:
        found = []
        for path, match in _files(directory, r"(\d+)[_.-]?(.*)(?<!_test)\.(sql|go)"):
            text = _read(path)
            halves: dict[str, list[bytes]] = {"up": [], "down": []}
            options = {"up": b"", "down": b""}
            before, *rest = re.split(marker.encode(), text, flags=_LINES)
            for word, option, part in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
                direction = word.decode().lower()
                options[direction] += option
                halves[direction].append(part)
            problem = why if unfit and re.search(unfit.encode(), text, _LINES) else ""
            if match[3] == "go":
                problem = "is a program: write what it does in SQL"
            elif not halves["up"]:
                problem = "has no line that begins the half to apply"
            up = before + b"".join(halves["up"])
            down = b"".join(halves["down"][::-1])  # several migrations in one file
            found.append(
                Original(
                    path,
                    match[1],
                    match[2],
                    Half(up, is_atomic(options["up"], text)),
                    Half(down, is_atomic(options["down"], text)) if halves["down"] else None,
                    problem,
                )
            )
        return Layout(found)

    return layout


def _goose(directory: Path) -> Layout:
    read_halves = _with_markers(
        "goose",
        lambda _, text: not re.search(rb"^--\s*\+goose\s+no\s+transaction\b", text, _LINES),
        r"^--\s*\+goose\s+envsub\s+on\b",
        "has variables of the environment in it (ENVSUB ON): write their values",
    )
    return _without_lines(read_halves(directory), rb"^--\s*\+goose\b.*\n?")


def _sql_migrate(directory: Path) -> Layout:
    read_halves = _with_markers(
        "sql-migrate",
        lambda options, _: b"notransaction" not in options.lower(),
    )
    return _without_lines(read_halves(directory), rb"^--\s*\+migrate\b.*\n?")


def _without_lines(layout: Layout, line: bytes) -> Layout:
    """Take the other markers of a tool out: where statements begin is found without them."""

    def without(half: Half) -> Half:
        return replace(half, text=re.sub(line, b"", half.text, flags=_LINES))

    return replace(
        layout,
        originals=[
            replace(
                each, apply=without(each.apply), rollback=each.rollback and without(each.rollback)
            )
            for each in layout.originals
        ],
    )


_dbmate = _with_markers("dbmate", lambda options, _: b"transaction:false" not in options)
_node_pg_migrate = _with_markers("node-pg-migrate", lambda _, __: True)


def _tern(directory: Path) -> Layout:
    apart = rb"^---- tern: disable-tx ----$\n?"
    found = []
    for path, match in _files(directory, r"(\d+)_(.+)\.sql"):
        text = _read(path)
        up, is_both, down = text.partition(MIDDLE_OF_TERN)
        halves = [
            Half(re.sub(apart, b"", each, flags=_LINES), not re.search(apart, each, _LINES))
            for each in (up, down)
        ]
        problem = "is a template: write what {{ }} stands for" if b"{{" in text else ""
        rollback = halves[1] if is_both else None
        found.append(Original(path, match[1], match[2], halves[0], rollback, problem))
    return Layout(found)


# Two files


def _in_pairs(
    form: str, is_atomic: Callable[[bytes], bool], *, others: str = ""
) -> Callable[[Path], Layout]:
    """Return a reader of files that are named VERSION_NAME.up.sql and VERSION_NAME.down.sql.

    Args:
        form: The form of the names: version, name, and the direction or nothing.
        is_atomic: Says whether the tool runs a text in a transaction of its own.
        others: The form of the names of programs.

    """

    def layout(directory: Path) -> Layout:
        found: dict[str, dict[str, tuple[Path, str]]] = {}
        for path, match in _files(directory, form):
            found.setdefault(match[1], {})[match[3] or "up"] = path, match[2]
        problems = [
            f"{path}: is a program: write what it does in SQL"
            for path, _ in _files(directory, others)
        ]
        originals = []
        for version, each in found.items():
            if "up" not in each:
                problems.append(f"{each['down'][0]}: there is no file to apply beside it")
                continue
            path, name = each["up"]
            halves = [
                Half(text, is_atomic(text))
                for text in (_read(each[way][0]) for way in ("up", "down") if way in each)
            ]
            rollback = halves[1] if "down" in each else None
            originals.append(Original(path, version, name, halves[0], rollback))
        return Layout(originals, problems)

    return layout


# It sends a file as it is: what is in it begins and ends the transactions.
_golang_migrate = _in_pairs(r"(\d+)_(.*)\.(up|down)\.sql", lambda _: False)
# Files that psql ran, one after the other, with or without others that undo them.
_plain = _in_pairs(r"(\d+)[_.-]?(.*?)(?:\.(up|down))?\.sql", lambda _: False)
_sqlx = _in_pairs(
    r"(\d+)_(.*?)(?:\.(up|down))?\.sql", lambda text: not text.startswith(b"-- no-transaction")
)


def _diesel(directory: Path) -> Layout:
    found = []
    for path in sorted(directory.iterdir()):
        if not (path / "up.sql").is_file():
            continue
        version, _, name = path.name.partition("_")
        settings = path / "metadata.toml"
        told = tomllib.loads(settings.read_text("utf-8")) if settings.is_file() else {}
        is_atomic = bool(told.get("run_in_transaction", True))
        down = path / "down.sql"
        found.append(
            Original(
                path,
                version.replace("-", ""),
                name,
                Half(_read(path / "up.sql"), is_atomic),
                Half(_read(down), is_atomic) if down.is_file() else None,
            )
        )
    return Layout(found)


def _prisma(directory: Path) -> Layout:
    found = []
    for path in sorted(directory.glob("*/migration.sql")):
        version, _, name = path.parent.name.partition("_")
        down = path.with_name("down.sql")  # where its guide to down migrations puts it
        # It sends a file as it is, like golang-migrate.
        rollback = Half(_read(down), is_atomic=False) if down.is_file() else None
        apply = Half(_read(path), is_atomic=False)
        found.append(Original(path.parent, version, name, apply, rollback))
    return Layout(found)


def _flyway(directory: Path) -> Layout:
    form = re.compile(r"([VUBR])([0-9._]*)__(.*)\.(sql|java)")
    found: dict[str, dict[str, tuple[Path, str]]] = {}
    problems = []
    for path in sorted(directory.rglob("*")):
        match = form.fullmatch(path.name)
        if match is None:
            if path.suffix == ".sql":
                problems.append(f"{path}: is no versioned migration: if Flyway runs it, write one")
            continue
        kind, version = match[1], match[2].replace("_", ".")
        if match[4] == "java":
            problems.append(f"{path}: is a program: write what it does in SQL")
        elif kind == "R" or not version:
            problems.append(f"{path}: is repeatable: make it a seed, or write a migration with it")
        elif kind == "B":
            problems.append(f"{path}: is a baseline, which is left out: the other files are whole")
        else:
            found.setdefault(version, {})[kind] = path, match[3]
    originals = []
    for version, each in found.items():
        if "V" not in each:
            problems.append(f"{each['U'][0]}: there is no file to apply beside it")
            continue
        path, name = each["V"]
        texts = {kind: _read(at) for kind, (at, _) in each.items()}
        problem = (
            "has placeholders, ${...}: write their values"
            if any(b"${" in text for text in texts.values()) and not _keeps_placeholders(path)
            else ""
        )
        # It runs a file outside a transaction by itself if a statement of it needs that.
        rollback = Half(texts["U"], is_atomic=False) if "U" in each else None
        apply = Half(texts["V"], is_atomic=False)
        originals.append(Original(path, version, name, apply, rollback, problem))
    return Layout(originals, problems)


def _keeps_placeholders(path: Path) -> bool:
    settings = path.with_name(f"{path.name}.conf")
    told = settings.read_text("utf-8") if settings.is_file() else ""
    return re.search(r"^\s*placeholderReplacement\s*=\s*false", told, _LINES) is not None


# Scripts of several migrations

_RUNNING = re.compile(
    rb"^-- Running (upgrade|downgrade) ([\w, ]*?)\s*->\s*([\w, ]*)$", re.MULTILINE
)
_OF_ALEMBIC = re.compile(
    rb"^(?:CREATE TABLE (?:\w+\.)?alembic_version \(.*?\)"
    rb"|(?:INSERT INTO|UPDATE|DELETE FROM|DROP TABLE) (?:\w+\.)?alembic_version\b[^;]*);\n?",
    re.MULTILINE | re.DOTALL,
)


def _alembic_sql(directory: Path) -> Layout:
    """Read what `alembic upgrade head --sql` and `alembic downgrade head:base --sql` print."""
    halves: dict[str, dict[str, tuple[Path, Half]]] = {"upgrade": {}, "downgrade": {}}
    for path, _ in _files(directory, r".*\.sql"):
        _, *rest = _RUNNING.split(_OF_ALEMBIC.sub(b"", _read(path)))
        for way, old, new, text in zip(*(rest[at::4] for at in range(4)), strict=True):
            revision = (new if way == b"upgrade" else old).decode().strip()
            halves[way.decode()][revision] = path, Half(text, is_atomic=False)
    down = halves["downgrade"]
    return Layout(
        [
            Original(path, revision, "", half, down[revision][1] if revision in down else None)
            for revision, (path, half) in halves["upgrade"].items()
        ]
    )


READERS: dict[str, Callable[[Path], Layout]] = {
    "alembic-sql": _alembic_sql,
    "dbmate": _dbmate,
    "diesel": _diesel,
    "flyway": _flyway,
    "golang-migrate": _golang_migrate,
    "goose": _goose,
    "node-pg-migrate": _node_pg_migrate,
    "plain": _plain,
    "prisma": _prisma,
    "sql-migrate": _sql_migrate,
    "sqlx": _sqlx,
    "tern": _tern,
}
