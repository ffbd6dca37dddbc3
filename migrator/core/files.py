"""Migration and seed files: finds them, puts them in order, and checks whether they can be run.

This module knows no database. The format is yoyo's
(https://ollycope.com/software/yoyo/latest/#migrations-as-sql-scripts). Everything that yoyo would
silently ignore is refused here.
"""

from __future__ import annotations

import codecs
import graphlib
import hashlib
import heapq
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from migrator.core import batch, layouts, sqltext
from migrator.core.batch import Batch
from migrator.core.errors import Refused
from migrator.core.replaced import Replaced

CHECKSUM_ALGORITHM = "sha256/1"  # of the text without BOM, with LF line ends

ROLLBACK_SUFFIX = ".rollback.sql"
_DIRECTIVE = re.compile(r"\s*--\s*(transactional|depends)\s*:\s*(.*)$")
_LOOKS_LIKE_DIRECTIVE = re.compile(
    r"\s*(?:--|/?\*+)?\s*(?:transactional|depends)\s*:\s*(?:\S*)", re.IGNORECASE
)
_HEADER_LINE = re.compile(r"\s*--\s*(purpose|locks|reversible|replaces|batch)\s*:\s*(.*)$")
_COMMENT_OR_BLANK = re.compile(r"\s*(--.*)?$")
# Not the year of 2026_02_01_name, nor the first part of the version 1.10.
_NUMBER = re.compile(r"\d+(?=\.(?!\d+(?:[._-]|$))|_(?!\d))")
_CONVERT = re.compile(r"`convert --from \S+ DIR OUT`")
_LINE_END = re.compile(r"[\r\n]")  # for PostgreSQL and yoyo, a lone CR also ends a comment
_LONGEST_NAME = 250
_LONGEST_HEADER = 1_000_000  # bytes; a directive after that is refused, as yoyo would ignore it
_PIECE = 1_000_000  # bytes
_MOST_PROBLEMS = 20  # of one file
_SOUND: set[tuple[Path, str]] = set()  # texts that were checked: once, not for each of many targets


@dataclass(frozen=True, slots=True)
class SqlFile:
    """The text of a file, as it is sent to the server, and what its leading comments say.

    Args:
        path: The path of the file.
        text: Its bytes in UTF-8, without BOM, with LF line ends.
        transactional: False if the file says `-- transactional: false` or `-- batch:`.
        depends: The ids after `-- depends:`.
        header: The values after `-- purpose:`, `-- locks:`, `-- reversible:`, `-- replaces:` and
            `-- batch:`.
        problems: What is wrong with its bytes or directives, each with its place.
        checksum: The checksum of the text, by CHECKSUM_ALGORITHM.
        batch: How it is run in batches; None if it is not.

    """

    path: Path
    text: bytes
    checksum: str
    transactional: bool
    depends: frozenset[str]
    header: Mapping[str, str]
    problems: tuple[str, ...]
    batch: Batch | None = None

    @property
    def replaces(self) -> Replaced | None:
        """What the file replaces, if `squash` wrote it."""
        return Replaced.parse(self.header.get("replaces", ""))


@dataclass(frozen=True, slots=True)
class Migration:
    """A migration: the file that applies it, already read, and the path of its rollback file.

    Args:
        id: The file name without `.sql`, as in yoyo.
        source: The file that applies it. It is read once, so that the checked text is what runs.
        rollback_path: The path of the file that rolls it back.

    """

    id: str
    source: SqlFile
    rollback_path: Path


@dataclass(frozen=True, slots=True)
class Seed:
    """A seed: its id, which is the file name without `.sql`, and its file, already read."""

    id: str
    source: SqlFile


@dataclass(frozen=True, slots=True)
class FileSet:
    """All files of a set, read once, so that whatever is done with them is done with one text.

    Args:
        migrations: The migrations, in order.
        seeds: The seeds, in order.
        rollbacks: The rollback file of each migration, by its id.

    """

    migrations: list[Migration]
    seeds: list[Seed]
    rollbacks: Mapping[str, SqlFile]

    @classmethod
    def read(cls, migrations: Path, apart: Collection[Path], seeds: Path | None) -> FileSet:
        """Read them; see `discover` and `discover_seeds`.

        Raises:
            Refused: A file cannot be read, or the files do not fit together.

        """
        found = discover(migrations, apart)
        rollbacks = {each.id: read(each.rollback_path) for each in found}
        return cls(found, discover_seeds(seeds), rollbacks)


def read(path: Path) -> SqlFile:
    """Read one SQL file.

    The checksum ignores a byte order mark and the kind of line ends, which editors may change.

    Raises:
        Refused: The file cannot be read.

    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise Refused(f"{path}: cannot be read: {error.strerror}.") from error
    return parse(path, text)


def parse(path: Path, text: bytes) -> SqlFile:
    """Return a text as that of a file; see `read`.

    Args:
        path: Its path, or what messages say in its place.
        text: The text as it is in the file.

    """
    text = text.removeprefix(b"\xef\xbb\xbf")
    if b"\r" in text:  # which is found faster than both
        text = text.replace(b"\r\n", b"\n")
    problems = list(_byte_problems(path, text))
    header = _leading_comments(text)
    problems += [
        f"{path}:{number}: a file with both halves, as {tool} writes it; "
        f"`convert --from {tool} DIR OUT` makes pairs of such files"
        for number, tool in layouts.marks(header, text)
    ]
    directives: dict[str, str] = {}
    said: dict[str, str] = {}
    for number, line in enumerate(header, 1):
        if match := _DIRECTIVE.match(line):
            name, value = match.groups()
            if name == "transactional" and name in directives:
                problems.append(f"{path}:{number}: transactional is given twice")
            directives[name] = f"{directives.get(name, '')} {value}".strip()
        elif _LOOKS_LIKE_DIRECTIVE.match(line):
            problems.append(
                f"{path}:{number}: yoyo ignores this directive; "
                "write it in lower case: -- transactional: or -- depends:"
            )
        elif match := _HEADER_LINE.match(line):
            said[match[1]] = match[2].strip()
    transactional = directives.get("transactional", "true").lower()
    if transactional not in {"true", "false"}:
        problems.append(f"{path}: transactional must be true or false, not {transactional!r}")
    if "replaces" in said and Replaced.parse(said["replaces"]) is None:
        problems.append(f"{path}: `-- replaces:` is not as `squash` writes it")
    batched = batch.parse(said["batch"]) if "batch" in said else None
    if "batch" in said and batched is None:
        problems.append(f"{path}: `-- batch: {said['batch']}` must be {batch.FORM}")
    if "batch" in said and "transactional" in directives:
        problems.append(f"{path}: has `-- batch:` and `-- transactional:`: leave out the latter")
    return SqlFile(
        path,
        text,
        hashlib.sha256(text).hexdigest(),
        transactional != "false" and batched is None,
        frozenset(directives.get("depends", "").split()),
        said,
        tuple(problems),
        batched,
    )


def write(path: Path, text: str) -> None:
    """Write a file atomically: a reader sees either the old or the new text."""
    part = path.with_name(f"{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def _byte_problems(path: Path, text: bytes) -> Iterator[str]:
    nul = text.find(b"\0")
    if nul >= 0:
        line = text.count(b"\n", 0, nul) + 1
        yield f"{path}:{line}: a NUL byte (byte {nul}), which PostgreSQL cannot store in text"
    position = 0
    try:
        while position < len(text):  # in pieces, because characters may need four times the space
            end = position + _PIECE
            position += codecs.utf_8_decode(text[position:end], "strict", end >= len(text))[1]
    except UnicodeDecodeError as error:
        position += error.start
        line = text.count(b"\n", 0, position) + 1
        yield f"{path}:{line}: not UTF-8 (byte {position}): save the file as UTF-8"


def _leading_comments(text: bytes) -> list[str]:
    return _header(text[:_LONGEST_HEADER].decode("utf-8", "replace"))


def _header(text: str) -> list[str]:
    """Return the leading lines that are blank or `--` comments: where yoyo reads directives."""
    lines = []
    position = 0
    while position < len(text):
        match = _LINE_END.search(text, position)
        end = match.start() if match is not None else len(text)
        line = text[position:end]
        if not _COMMENT_OR_BLANK.match(line):
            break
        lines.append(line)
        position = end + 1
    return lines


def discover(directory: Path, apart: Collection[Path] = ()) -> list[Migration]:
    """Return the directory's migrations in the order in which yoyo applies them.

    That is by file name, and after the migrations that `-- depends:` names.

    Args:
        directory: The directory of the migrations.
        apart: Directories that may be in it and hold other SQL.

    Raises:
        Refused: A file that cannot be a migration, one that would be passed over although it looks
            like a migration, a number used twice, an incomplete pair, or an unknown or cyclic
            dependency. The message lists all problems.

    """
    migrations: list[Migration] = []
    problems: list[str] = []
    names = _names(directory, problems)
    problems += [
        _of_tool(path, layouts.tool_by_name(path.name, is_below=True))
        or f"{_shown(path)}: looks like a migration, but files in subdirectories are not read"
        for path in not_read(directory, apart)
        if path.parent != directory
        and any(part[0].isdigit() for part in path.relative_to(directory).parts)
    ]
    present = set(names)
    for name in names:
        path = directory / name
        if unfit := list(_name_problems(directory, name)):
            problems.extend(unfit)
        elif name.endswith(ROLLBACK_SUFFIX):
            if name.removesuffix(ROLLBACK_SUFFIX) + ".sql" not in present:
                problems.append(f"{path}: there is no migration for this rollback file")
        elif name.endswith(".py") or name.startswith("post-apply"):
            problems.append(f"{path}: only raw SQL migrations can be run, no Python and no hooks")
        elif name.endswith(".sql"):
            source = read(path)
            problems.extend(_pair_problems(source, present))
            problems.extend(source.problems)
            migrations.append(
                Migration(
                    name.removesuffix(".sql"),
                    source,
                    path.with_name(name.removesuffix(".sql") + ROLLBACK_SUFFIX),
                )
            )
    problems.extend(_replaced_problems(migrations) or _number_problems(migrations))
    resolve = _resolver(migrations)
    for migration in migrations:
        problems.extend(
            f"{migration.source.path}: depends on {other}, which does not exist"
            for other in sorted(migration.source.depends)
            if resolve(other) is None
        )
    refuse(_told_once(problems))
    return _in_order(migrations)


def _told_once(problems: Iterable[str]) -> list[str]:
    """Return the problems, of those that the same `convert` solves only the first, with a count."""
    told: dict[str, list[str]] = {}
    for each in problems:
        way_out = _CONVERT.search(each)
        told.setdefault(way_out[0] if way_out else each, []).append(each)
    return [
        each if not more else f"{each} ({len(more)} more like this)"
        for each, *more in told.values()
    ]


def _of_tool(path: Path, tool: str | None) -> str:
    """Return the problem of a file in the layout of another tool; empty if it is in none."""
    if tool is None:
        return ""
    return (
        f"{_shown(path)}: has a name as {tool} gives them; "
        f"`convert --from {tool} DIR OUT` makes pairs of such files"
    )


def not_read(directory: Path, apart: Collection[Path] = ()) -> list[Path]:
    """Return the files that look like SQL and are not read.

    They are in subdirectories, or have another ending.

    Args:
        directory: The directory of the migrations, or of the seeds. If it is a whole project,
            nothing is looked for.
        apart: Directories that may be in it and hold other SQL.

    """
    if (directory / "pyproject.toml").exists():
        return []
    found = []
    for entry in os.scandir(directory):
        name = entry.name
        if name.endswith(".sql") and entry.is_file():
            continue
        path = Path(entry)
        if name.startswith(".") or path in apart:
            continue
        if entry.is_dir():
            found += [each for each in path.rglob("*") if _is_sql(each.name)]
        elif not _is_sql(name) and (".sql" in name.lower() or name[0].isdigit()):
            found.append(path)
    return sorted(found)


def _names(directory: Path, problems: list[str]) -> list[str]:
    """Return the names of the files in a directory, and what looks like SQL but is no such file."""
    names = []
    for entry in os.scandir(directory):
        if entry.is_file():
            names.append(entry.name)
            if _is_sql(entry.name) and not entry.name.endswith(".sql"):
                problems.append(f"{_shown(entry.path)}: its name must end in .sql, in lower case")
        elif _is_sql(entry.name):
            what = "a link that leads nowhere" if entry.is_symlink() else "not a file"
            problems.append(f"{_shown(entry.path)}: {what}")
    return sorted(names)


def _shown(path: str | Path) -> str:
    """Return a path for a message, in which a name may hold anything."""
    return str(path) if str(path).isprintable() else ascii(str(path))


def _is_sql(name: str) -> bool:
    return name.lower().endswith(".sql") and not name.startswith(".")


def _name_problems(directory: Path, name: str) -> Iterator[str]:
    """Yield a problem if a name is too long for the history, or not printable."""
    if name.endswith((".sql", ".py")) and (len(name) > _LONGEST_NAME or not name.isprintable()):
        path = _shown(directory / name)
        yield f"{path}: a file name may have at most {_LONGEST_NAME} printable characters"


def _pair_problems(source: SqlFile, present: set[str]) -> Iterator[str]:
    path = source.path
    rollback = path.name.removesuffix(".sql") + ROLLBACK_SUFFIX
    if rollback in present or any(layouts.marks(_leading_comments(source.text), source.text)):
        return
    has_pairs = any(each.endswith(ROLLBACK_SUFFIX) for each in present)
    yield _of_tool(path, layouts.tool_by_name(path.name)) or (
        f"{path}: its rollback file {rollback} is missing; "
        "if no rollback is possible, let it RAISE EXCEPTION"
        + ("" if has_pairs else ", as `convert --from plain DIR OUT` does for a whole set")
    )


def number(migration_id: str) -> str | None:
    """Return the number that an id begins with, as it is written; None if there is none."""
    match = _NUMBER.match(migration_id)
    return match.group() if match else None


def _number_problems(migrations: Iterable[Migration]) -> Iterator[str]:
    """Yield numbers that two branches took, and numbers that do not sort as they count."""
    by_number: dict[int, Migration] = {}
    previous = -1
    for migration in migrations:
        written = number(migration.id)
        if written is None:
            continue
        value = int(written)
        path = migration.source.path
        if value in by_number:
            yield f"{path}: has the same number as {by_number[value].id}"
        elif value < previous:
            yield f"{path}: sorts after number {previous}: pad the numbers with zeros"
        by_number[value] = migration
        previous = max(previous, value)


def _replaced_problems(migrations: Sequence[Migration]) -> list[str]:
    """Return the files that another one replaces, and those that look as if it did."""
    return [
        f"{each.source.path}: is among the files that {squashed.id} replaces: if it is one of "
        f"them, `squash {squashed.id}` removes it; else give it a later number"
        for squashed in migrations
        if (replaced := squashed.source.replaces)
        for each in migrations
        if each.id != squashed.id and replaced.covers(each.id)
    ]


def _resolver(migrations: Sequence[Migration]) -> Callable[[str], str | None]:
    """Return what finds the id that stands for a name: itself, or that of what replaces it."""
    known = {each.id for each in migrations}
    squashed = [(each.id, ranged) for each in migrations if (ranged := each.source.replaces)]

    def resolve(name: str) -> str | None:
        replacing = (each for each, ranged in squashed if ranged.covers(name))
        return name if name in known else next(replacing, None)

    return resolve


def _in_order(migrations: list[Migration]) -> list[Migration]:
    if not any(migration.source.depends for migration in migrations):
        return migrations
    rank: dict[str | None, int] = {each.id: place for place, each in enumerate(migrations)}
    resolve = _resolver(migrations)
    graph = graphlib.TopologicalSorter(
        {each.id: {*map(resolve, each.source.depends)} for each in migrations}
    )
    try:
        graph.prepare()
    except graphlib.CycleError as error:
        raise Refused(
            "These migrations depend on each other in a circle: " + ", ".join(error.args[1]),
            hint="Remove one `-- depends:`.",
        ) from error
    ordered: list[Migration] = []
    ready = [rank[each] for each in graph.get_ready()]
    heapq.heapify(ready)
    while ready:
        migration = migrations[heapq.heappop(ready)]
        ordered.append(migration)
        graph.done(migration.id)
        for each in graph.get_ready():
            heapq.heappush(ready, rank[each])
    return ordered


def discover_seeds(directory: Path | None) -> list[Seed]:
    """Return the directory's seeds by file name; none if there is no directory.

    Raises:
        Refused: A file has a bad name, or its text or its directives are wrong.

    """
    if directory is None:
        return []
    seeds = []
    problems: list[str] = []
    for name in _names(directory, problems):
        if not name.endswith(".sql"):
            continue
        path = directory / name
        source = read(path)
        problems.extend(_name_problems(directory, name))
        problems.extend(source.problems)
        if not source.transactional:
            problems.append(f"{path}: a seed must run in a transaction")
        seeds.append(Seed(path.stem, source))
    refuse(problems)
    return seeds


def check(sources: Iterable[SqlFile]) -> None:
    """Check that files can be run, so that none is refused by PostgreSQL or done only in part.

    Raises:
        Refused: There are problems. The message lists all of them with line and column.

    """
    unknown = [each for each in sources if (each.path, each.checksum) not in _SOUND]
    refuse([problem for source in unknown for problem in _problems(source)])
    _SOUND.update((each.path, each.checksum) for each in unknown)


def _problems(source: SqlFile) -> list[str]:
    problems = list(source.problems)
    if problems:
        return problems
    count = 0
    first_start = len(source.text)
    try:
        for count, statement in enumerate(
            sqltext.statements(source.text, pass_over_harmless=source.transactional), 1
        ):
            first_start = min(first_start, statement.start)
            for message in _statement_problems(source, statement, count):
                problems.append(_at(source, statement.start, message))
            if len(problems) >= _MOST_PROBLEMS:
                return [*problems, f"{source.path}: the rest of the file was not checked"]
    except sqltext.SqlTextError as error:
        return [*problems, _at(source, error.offset, str(error))]
    if not count:
        problems.append(
            f"{source.path}: the file has no statement; if it is to do nothing, write SELECT;"
        )
    before = source.text[:first_start].decode()
    header_length = len(_header(before[:_LONGEST_HEADER]))
    for number, line in enumerate(_LINE_END.split(before), 1):
        if number > header_length and _LOOKS_LIKE_DIRECTIVE.match(line):
            problems.append(
                f"{source.path}:{number}: yoyo ignores this directive; "
                "move it into the leading -- comments"
            )
    return problems


def _statement_problems(
    source: SqlFile, statement: sqltext.Statement, ordinal: int
) -> Iterator[str]:
    if sqltext.ends_transaction(statement):
        words = " ".join(statement.words[:2])
        yield f"{words} is not allowed: the runner begins and ends transactions"
    if sqltext.is_plpgsql(source.text, statement):
        yield "a statement of PL/pgSQL, not of SQL: write it in SQL, or in a DO block"
    if sqltext.releases_locks(source.text, statement):
        yield "it would release the runner's lock: release only locks that the file itself takes"
    if sqltext.changes_reading(source.text, statement):
        yield "the rest of the file would be read otherwise: write UTF-8, and escapes as E'...'"
    if sqltext.copies_with_client(statement):
        yield "COPY with data of the client is not supported: write INSERT ... VALUES"
    if sqltext.builds_nameless_index(statement):
        yield "an index without a name: name it, so that an interrupted build can be found"
    if source.transactional and sqltext.needs_no_transaction(statement):
        yield "cannot run in a transaction: put it alone into a file with -- transactional: false"
    if not source.transactional and ordinal > 1:
        how = "batch:" if source.batch else "transactional: false"
        yield f"a second statement in a file with -- {how}: put it into its own file"
    if source.batch is not None:
        yield from batch.problems(source.batch, source.text, statement)


def _at(source: SqlFile, byte: int, message: str) -> str:
    line, column = sqltext.line_and_column(source.text, byte)
    return f"{source.path}:{line}:{column}: {message}"


class BadFiles(Refused):
    """Files cannot be run; `problems` has each problem, with its place."""

    def __init__(self, problems: Sequence[str]) -> None:
        count = f"{len(problems)} problems" if len(problems) > 1 else "A problem"
        super().__init__(
            f"{count} in the files:\n  " + "\n  ".join(problems),
            hint="Correct the files and run the command again.",
        )
        self.problems = problems


def refuse(problems: Sequence[str]) -> None:
    """Raise BadFiles with all problems, if there are any."""
    if problems:
        raise BadFiles(problems)
