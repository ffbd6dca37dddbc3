"""What the linters of SQL do not look at: bytes, headers, pairs; and squawk, told what runs how."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from migrator.core import files, sqltext
from migrator.core.errors import Refused
from migrator.core.files import BadFiles, Migration
from migrator.core.project import Project
from migrator.core.revision import since
from migrator.lint import headers, squawk
from migrator.lint.squawk import SquawkWarning

_BOM = b"\xef\xbb\xbf"
_PLACE = re.compile(r"(.+?):(\d+)(?::\d+)?: ")


def lint(project: Project, revision: str | None = None) -> list[str]:
    """Check a migration set's files as text.

    Args:
        project: The set: its migrations, seeds and other SQL.
        revision: A git revision; files that are as they were there are not checked. None to check
            all files.

    Returns:
        What is wrong, each with its place; empty where all is well.

    Raises:
        Refused: git does not know the revision.

    """
    migrations = _wanted(project.migrations, "*.sql", revision)
    seeds = _wanted(project.seeds, "*.sql", revision)
    others = _wanted(project.sql, "**/*.sql", revision)
    problems = [each for path in [*migrations, *seeds, *others] for each in _byte_findings(path)]
    unread = [
        path
        for each in project.directories
        for path in _changed(each, files.not_read(each, project.apart), revision)
    ]
    problems += _of_set(project, None if revision is None else [*migrations, *unread])
    of_text = _problems(lambda: files.check(files.read(path) for path in [*migrations, *seeds]))
    problems += of_text
    problems += headers.findings(_in_order(project.migrations), {*map(_id, migrations)})
    problems += [
        f"{path}: is in a subdirectory, or does not end in .sql, so it is not read"
        for path in unread
        if not any(str(path) in each for each in problems)
    ]
    # What a squashed pair replaces was checked, and is on no table that has rows.
    own = [each for each in migrations if files.read(each).replaces is None]
    warnings = squawk.check(own, project.settings.lint.ignore)
    problems += [
        f"{each.path}:{each.line}:{each.column}: {each.rule}: {each.message}"
        for each in _one_a_statement(warnings, of_text)
    ]
    return [*dict.fromkeys(problems)]


def _wanted(directory: Path | None, pattern: str, revision: str | None) -> list[Path]:
    """Return the files of a directory that are to be checked."""
    if directory is None or not directory.is_dir():
        return []
    paths = sorted(path for path in directory.glob(pattern) if path.is_file())
    return _changed(directory, paths, revision)


def _changed(directory: Path, paths: list[Path], revision: str | None) -> list[Path]:
    """Return those of a directory's files that are not as they were; all without a revision."""
    if revision is None:
        return paths
    known = since(directory, revision)
    return [each for each in paths if known.differs(each.relative_to(directory).as_posix())]


def _of_set(project: Project, changed: Collection[Path] | None) -> list[str]:
    """Return what is wrong with the set as a whole; of old problems, those with a changed file."""
    found = _problems(lambda: files.discover(project.migrations, project.apart))
    if changed is None:
        return found
    return [each for each in found if any(_id(path) in each for path in changed)]


def _problems(check: Callable[[], object]) -> list[str]:
    try:
        check()
    except BadFiles as bad:
        return [*bad.problems]
    except Refused as refusal:
        return [refusal.message]
    return []


def _in_order(directory: Path) -> list[Migration]:
    """Return the migrations by file name, also if `files.discover` refuses the set."""
    return [
        Migration(_id(path), files.read(path), path.with_name(_id(path) + files.ROLLBACK_SUFFIX))
        for path in _wanted(directory, "*.sql", None)
        if not path.name.endswith(files.ROLLBACK_SUFFIX)
    ]


def _id(path: Path) -> str:
    return path.name.removesuffix(files.ROLLBACK_SUFFIX).removesuffix(".sql")


def _one_a_statement(
    warnings: Iterable[SquawkWarning], told: Iterable[str]
) -> Iterator[SquawkWarning]:
    """Yield warnings, but of each statement one syntax error, and none if it was told already."""
    starts: dict[Path, list[int]] = {}

    def statement_at(path: Path, line: int) -> tuple[Path, int]:
        if path not in starts:
            starts[path] = _first_lines(path)
        return path, bisect(starts[path], line)

    places = (match.groups() for each in told if (match := _PLACE.match(each)))
    seen = {statement_at(Path(path), int(line)) for path, line in places}
    for each in warnings:
        if each.rule == "syntax-error":
            statement = statement_at(each.path, each.line)
            if statement in seen:
                continue
            seen.add(statement)
        yield each


def _first_lines(path: Path) -> list[int]:
    """Return the line on which each statement of a file begins; none if it cannot be read so."""
    text = files.read(path).text
    try:
        return [sqltext.line_and_column(text, each.start)[0] for each in sqltext.statements(text)]
    except (sqltext.SqlTextError, UnicodeDecodeError):
        return []


def _byte_findings(path: Path) -> Iterator[str]:
    raw = path.read_bytes()
    if raw.startswith(_BOM):
        yield f"{path}:1: a byte order mark: save the file without it"
    if b"\r" in raw:
        line = raw[: raw.index(b"\r")].count(b"\n") + 1
        yield f"{path}:{line}: a CR: end lines with LF alone"
    if not raw.endswith(b"\n") or raw.endswith(b"\n\n"):
        yield f"{path}: must end with one newline"
