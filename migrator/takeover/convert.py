"""Lays the migrations of another tool out as pairs of files.

Each text stays as it is, but for what the other tool alone understands. A file that cannot be
converted is laid out with a first line that says why, at which the runner refuses the set.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from migrator.core import files, sqltext
from migrator.core.errors import Refused
from migrator.takeover import layouts
from migrator.takeover.layouts import Half, Original

_BEGINS_OR_COMMITS = re.compile(r"(BEGIN|START TRANSACTION|COMMIT|END)\b")
# The same transaction may not use the value.
_ADDS_VALUE = re.compile(
    rb"ALTER\s+TYPE\b.*?\bADD\s+VALUE\s+(?:IF\s+NOT\s+EXISTS\s+)?('[^']*')", re.I | re.DOTALL
)
_COMMITS = re.compile(rb"\b(?:COMMIT|ROLLBACK)\s*(?:AND\b|;)", re.I)
_INDEX = re.compile(
    r"(?:CREATE (?:UNIQUE )?|DROP )INDEX (?:CONCURRENTLY )?(?:IF (?:NOT )?EXISTS )?(?P<names>.*)"
)
_NOTHING = b"SELECT;\n"
_SHORTEST_NUMBER = 4
_TIME = 8  # digits, from which a number is a time, and the next one as long or longer


@dataclass(frozen=True, slots=True)
class FilePart:
    """What one file will have.

    Args:
        text: Its statements.
        is_transactional: Whether it can run in a transaction.
        subject: The index that it builds or drops; `+` if it adds a value to a type that is used
            later; empty if it does anything else.
        is_empty: Whether it has no statement of its own.

    """

    text: bytes
    is_transactional: bool
    subject: str = ""
    is_empty: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """A migration to be written.

    Args:
        original: What it is made of.
        apply: The file that applies it.
        rollback: The file that rolls it back.
        problem: Why it cannot be converted; empty if it can.
        part: Its number, if the original is laid out as several; else 0.

    """

    original: Original
    apply: bytes
    rollback: bytes
    problem: str
    part: int = 0


@dataclass(frozen=True, slots=True)
class Converted:
    """What `convert` did.

    Args:
        out: The directory of the pairs.
        ids: The ids of the pairs, in order.
        problems: What could not be converted, with its place.

    """

    out: Path
    ids: list[str]
    problems: list[str]

    @property
    def lines(self) -> list[str]:
        """The same as text."""
        told = [f"wrote {len(self.ids)} pairs to {self.out}"]
        if self.problems:
            told += ["cannot be converted:", *(f"    {each}" for each in self.problems)]
        return told


def convert(tool: str, directory: Path, out: Path) -> Converted:
    """Lay the migrations of another tool out as pairs.

    Args:
        tool: The tool, one of `layouts.READERS`.
        directory: The directory of its files, which are only read.
        out: The directory to make.

    Raises:
        Refused: There is something at `out`, or no migration in that layout.

    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise Refused(
            f"{out} exists, and is not empty.", hint="Name a directory that is not there."
        )
    layout = layouts.read(tool, directory)
    pairs = [pair for each in layout.originals for pair in _pairs(each)]
    ids = _ids(pairs)
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.parent) as working:  # so that no half of a set is left
        written = Path(working) / out.name
        written.mkdir()
        for name, pair in zip(ids, pairs, strict=True):
            (written / f"{name}.sql").write_bytes(pair.apply)
            (written / f"{name}{files.ROLLBACK_SUFFIX}").write_bytes(pair.rollback)
        written.rename(out)  # in the place of an empty directory, too
    told = dict.fromkeys(f"{each.original.path}: {each.problem}" for each in pairs if each.problem)
    refused = {name for name, each in zip(ids, pairs, strict=True) if each.problem}
    return Converted(out, ids, [*told, *layout.problems, *_refusals(out, refused)])


def _refusals(directory: Path, known: set[str]) -> Iterator[str]:
    """Yield why the runner refuses files, but for those that are known not to be converted."""
    try:
        migrations = files.discover(directory)
        files.check(
            source
            for each in migrations
            if each.id not in known
            for source in (each.source, files.read(each.rollback_path))
        )
    except Refused as refusal:
        yield from refusal.message.split("\n  ")[1:]


def _ids(pairs: Sequence[Pair]) -> list[str]:
    """Return the ids: with the tool's own numbers if these are in order, and each has one pair."""
    versions = [each.original.version for each in pairs]
    width = max(map(len, versions), default=0)
    if not (versions == sorted(versions) and min(map(len, versions)) >= min(width, _TIME)):
        versions = [each.rjust(max(width, _SHORTEST_NUMBER), "0") for each in versions]
    numbers = [int(each) for each in versions if each.isdecimal()]
    is_numbered = len(numbers) == len({*numbers}) == len(pairs) and numbers == sorted(numbers)
    ids = []
    for place, pair in enumerate(pairs, 1):
        words = [_word(pair.original.name)] if _word(pair.original.name) else []
        if is_numbered:
            parts = [versions[place - 1], *(words or ["migration"])]
        else:
            parts = [f"{place:0{_SHORTEST_NUMBER}}", _word(pair.original.version), *words]
        ids.append(".".join(parts + [str(pair.part)] * bool(pair.part)))
    return ids


def _word(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:100]


def _pairs(original: Original) -> list[Pair]:
    """Return the pairs for a migration: several if it has several statements that stand alone."""
    ups = _parts(original.apply)
    downs = _parts(original.rollback, is_divided=len(ups) > 1) if original.rollback else []
    downs = [each for each in downs if not each.is_empty]
    problem = original.problem
    backs = [[*downs]] if len(ups) == 1 else _matched(ups, downs)
    if backs is None:
        problem = problem or (
            "has several statements that stand alone, and a rollback that cannot be divided among "
            "them: divide both into several migrations"
        )
        backs = [[]] * len(ups)
    return [
        Pair(
            original,
            _file(up, problem),
            _rollback_file(original, back, is_nothing=up.is_empty or bool(downs)),
            problem,
            part if len(ups) > 1 else 0,
        )
        for part, (up, back) in enumerate(zip(ups, backs, strict=True), 1)
    ]


def _matched(ups: Sequence[FilePart], downs: Sequence[FilePart]) -> list[list[FilePart]] | None:
    """Return what rolls each part back; None if that cannot be told.

    An index belongs to the part that builds it, all else to the only part with other statements.
    """
    backs: list[list[FilePart]] = [[] for _ in ups]
    for down in downs:
        found = [at for at, up in enumerate(ups) if up.subject == down.subject]
        if len(found) != 1:
            return None
        backs[found[0]].append(down)
    return backs


def _parts(half: Half, *, is_divided: bool = False) -> list[FilePart]:
    """Divide a text into what can be one file each.

    Args:
        half: The text.
        is_divided: Whether each statement is a part.

    """
    try:
        found = list(sqltext.statements(half.text))
    except sqltext.SqlTextError:  # the runner will say it
        return [FilePart(half.text, is_transactional=True)]
    parts: list[FilePart] = []
    text, start = b"", 0
    is_open = False  # whether the last part takes more statements
    for statement in found:
        words = " ".join(statement.words)
        if _BEGINS_OR_COMMITS.match(words):
            text += half.text[start : statement.start]
            start = statement.end + half.text.startswith(b";", statement.end)
            continue
        end = statement.end + half.text.startswith(b";", statement.end)
        text += half.text[start:end]
        start = end
        is_outside = sqltext.needs_no_transaction(statement) or (
            statement.words[:1] == ("DO",) and _COMMITS.search(sqltext.code(half.text, statement))
        )
        value = _ADDS_VALUE.match(half.text, statement.start, statement.end)
        is_used = value is not None and value[1] in half.text[end:]
        subject = "+" if is_used else _index(words)
        stands_alone = is_divided or (not half.is_atomic and (is_outside or subject == "+"))
        part = FilePart(text, not is_outside, subject)
        if is_open and not stands_alone:
            part = FilePart(parts.pop().text + text, is_transactional=True)
        parts.append(part)
        is_open, text = not stands_alone, b""
    rest = text + half.text[start:]
    if not parts:
        text = rest.rstrip() + b"\n" + _NOTHING
        return [FilePart(text, is_transactional=True, is_empty=True)]
    last = parts.pop()
    return [*parts, FilePart(last.text + rest, last.is_transactional, last.subject)]


def _index(words: str) -> str:
    """Return the name of the only index that a statement builds or drops; empty if none."""
    match = _INDEX.fullmatch(words)
    if match is None:
        return ""
    names = match["names"].split(" ON ")[0].removesuffix(" CASCADE").removesuffix(" RESTRICT")
    return names.split()[-1].strip('"').lower() if names else ""


def _file(part: FilePart, problem: str) -> bytes:
    text = part.text.strip(b"\n") + b"\n"
    if problem:
        return f"\\ convert: this {problem}; then take this line out\n".encode() + text
    return text if part.is_transactional else b"-- transactional: false\n" + text


def _rollback_file(original: Original, parts: Sequence[FilePart], *, is_nothing: bool) -> bytes:
    """Return the text of a rollback file.

    Args:
        original: What it is made of.
        parts: What rolls the file's own part back.
        is_nothing: Whether nothing has to be done where there are no parts.

    """
    if parts:
        is_whole = all(each.is_transactional for each in parts)
        return _file(FilePart(b"\n".join(each.text.strip(b"\n") for each in parts), is_whole), "")
    if is_nothing:
        return b"-- The original has nothing to undo here.\n" + _NOTHING
    name = f"{original.version}_{original.name}".rstrip("_").replace("'", "''")
    return f"DO $$ BEGIN RAISE EXCEPTION '{name} has nothing to undo it'; END $$;\n".encode()
