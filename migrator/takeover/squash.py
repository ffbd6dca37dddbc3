"""Puts one pair of files in the place of many, once it is shown that it makes the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from migrator.catalogue import contents, objects
from migrator.catalogue.contents import Contents
from migrator.catalogue.objects import Catalogue
from migrator.core import files, plan, reach, sqltext
from migrator.core.errors import Failed, MigratorError, Refused
from migrator.core.files import Migration, SqlFile
from migrator.core.process import interruptible
from migrator.core.project import Project
from migrator.core.reach import Depth
from migrator.core.replaced import Replaced
from migrator.core.revision import since
from migrator.core.runner import Runner
from migrator.core.session import Limits
from migrator.core.target import Target
from migrator.server.scratch import OwnScratch, Scratch
from migrator.takeover import pair
from migrator.takeover.pair import SquashedPair

_HEADER = """\
-- purpose: everything up to {last}, as one pair
-- locks: none
-- reversible: {reversible}
-- replaces: {replaces}
--
-- Written by `squash`. A database that has all of the replaced files counts as having this one.

"""
_WRITTEN = "-- Written by `squash`: "
_ROLLBACK_HEADER = _WRITTEN + "drops everything that {name}.sql makes.\n\n"
_ANYWHERE = ("ALTER SYSTEM", "CREATE DATABASE", "DROP DATABASE")
_STAYS = "The files are as before."


@dataclass(frozen=True, slots=True)
class Squashed:
    """What `squash` did.

    Args:
        files: The files that it wrote.
        replaced: The ids of the migrations in whose place they are.
        notes: What the pair has otherwise than these.

    """

    files: list[str]
    replaced: list[str]
    notes: list[str]

    @property
    def lines(self) -> list[str]:
        """The same as text."""
        return [
            f"wrote {self.files[0]} in the place of {len(self.replaced)} migrations",
            *self.notes,
        ]


def squash(
    project: Project,
    name: str,
    throwaway: Callable[[], AbstractContextManager[str]],
    say: Callable[[str], None],
    out: Path | None = None,
) -> Squashed:
    """Put one pair in the place of all migrations up to one.

    Args:
        project: The migration set.
        name: The last migration to replace.
        throwaway: Starts a server that is thrown away afterwards; gives its superuser's URL.
        say: Told what is done.
        out: A directory for the pair; None to put it into the set and remove the old files.

    Raises:
        Refused: The files are not those that git has, or do what no pair can carry.
        Failed: A file cannot be applied.

    """
    directory = project.migrations
    if out is None and (done := _finished(directory, name)):
        return done
    wanted, later = _chosen(project, name)
    # A file without its rollback file is told as replaced, if this is killed while it removes them.
    old = [path for each in wanted for path in (each.rollback_path, each.source.path)]
    if out is None:
        _refuse_uncommitted(directory, old)
    rollbacks = [files.read(each.rollback_path) for each in wanted]
    files.check([*(each.source for each in wanted), *rollbacks])
    _refuse_beyond(wanted)
    replaced = _replaced(wanted)
    title = _title(wanted, later)
    say("starting a server to make the pair")
    with (
        interruptible(),
        throwaway() as url,
        OwnScratch(Target.parse(url, "a throwaway server"), "squash") as scratch,
        TemporaryDirectory() as working,
    ):
        proof = _Proof(project, wanted, scratch, say)
        made = proof.pair(rollbacks)
        has_rows = "CREATE TABLE" in made.apply
        header = _HEADER.format(
            last=wanted[-1].id,
            reversible="lossy: every row" if has_rows else "yes",
            replaces=replaced.words,
        )
        written = Path(working) / "migrations"
        written.mkdir()
        (written / f"{title}.sql").write_text(header + made.apply, "utf-8")
        (written / f"{title}{files.ROLLBACK_SUFFIX}").write_text(
            _ROLLBACK_HEADER.format(name=title) + made.rollback, "utf-8"
        )
        proof.prove(written, made, title)
        texts = {path.name: path.read_text("utf-8") for path in written.iterdir()}
    place = out or directory
    place.mkdir(parents=True, exist_ok=True)
    paths = [place / f"{title}.sql", place / f"{title}{files.ROLLBACK_SUFFIX}"]
    for path in paths[::-1]:  # a rollback file alone is told from a pair, if this is killed
        files.write(path, texts[path.name])
    if out is None:
        for path in old:
            path.unlink()
    notes = [
        f"{table}.{column}: its default gives the value, as the files wrote another each time"
        for table, column in sorted(made.own_values)
    ]
    blocks = [each.id for each in wanted if _has_block(each.source)]
    if blocks:
        notes.append(f"what blocks (DO) decided is as it was here: {', '.join(blocks)}")
    return Squashed([str(each) for each in paths], [each.id for each in wanted], notes)


class _Proof:
    """Applies old files and the pair that replaces them on scratch databases, and compares.

    Args:
        project: The migration set.
        wanted: The migrations to replace.
        scratch: Makes the databases.
        say: Told what is done.

    """

    def __init__(
        self,
        project: Project,
        wanted: Sequence[Migration],
        scratch: Scratch,
        say: Callable[[str], None],
    ) -> None:
        self._project = project
        self._last = wanted[-1].id
        self._sources = [each.source for each in wanted]
        self._scratch = scratch
        self._say = say

    def pair(self, rollbacks: Sequence[SqlFile]) -> SquashedPair:
        """Apply the old files, and return the pair that makes the same."""
        self._say(f"applying {len(self._sources)} migrations, twice")
        # Each new database begins with the server's own roles: the one that is dumped comes last.
        with self._migrated("twin").session.connection as connection:
            twin = contents.read(connection)
        made = self._migrated("old")
        with made.session.connection as connection:
            self._catalogue = objects.read(connection)
            self._contents = contents.read(connection)
            return pair.make(made.target, made.session, twin, self._sources, rollbacks)

    def _migrated(self, name: str) -> Runner:
        runner = self._runner(self._project, name)
        while True:
            try:
                runner.migrate(to=self._last, with_seeds=False, dry_run=False)
            except MigratorError as error:
                if not self._scratch.add_missing_role(error.message):
                    raise
            else:
                return runner

    def _runner(self, project: Project, name: str) -> Runner:
        return Runner(project, self._scratch.create(name), Limits(), lambda _: None)

    def prove(self, directory: Path, made: SquashedPair, name: str) -> None:
        """Show that a pair makes the same as the old files, and that its rollback leaves nothing.

        Args:
            directory: A directory with the pair and all later files.
            made: The pair.
            name: Its id.

        Raises:
            Refused: It does not.

        """
        self._say("applying the pair, and rolling it back")
        runner = self._runner(Project.at(directory), "new")
        with runner.session.connection as connection:
            before = objects.read(connection)
            try:
                runner.migrate(to=name, with_seeds=False, dry_run=False)
                told = _differences(self._catalogue, objects.read(connection))
                told += _lost(self._contents, contents.read(connection), made)
                runner.rollback(steps=None, to=None, confirm=lambda _: None)
            except Failed as error:
                raise _unfit([error.message]) from error
            left = _differences(before.database, objects.read(connection).database)
        if told or left:
            raise _unfit([*told, *(f"after its rollback: {each}" for each in left)])


def _differences(expected: Catalogue, found: Catalogue) -> list[str]:
    return [each.words for each in objects.differences(expected, found)]


def _lost(before: Contents, after: Contents, made: SquashedPair) -> list[str]:
    """Return in what rows and sequences differ, but for values that their defaults give."""
    told = []
    for table, rows in before.tables.items():
        own = {column for title, column in made.own_values if title == table}
        now = after.tables.get(table)
        if now is None:  # a table that is missing is told already
            continue
        kept = {name: total for name, total in rows.columns.items() if name not in own}
        if now.count != rows.count or kept.items() - now.columns.items():
            told.append(f"the rows of {table} differ")
    was, now_at = ({k: v.value for k, v in each.sequences.items()} for each in (before, after))
    return told + [
        f"sequence {name} stands elsewhere" for name in was if was[name] != now_at.get(name)
    ]


def _unfit(problems: Sequence[str]) -> Refused:
    return Refused(
        "No pair can be made that does the same as these files:\n  " + "\n  ".join(problems),
        state=_STAYS,
        hint="Squash up to an earlier migration.",
    )


def _chosen(project: Project, name: str) -> tuple[list[Migration], list[Migration]]:
    """Return the migrations to replace, and those after them.

    Raises:
        Refused: It is only one, or their names are not those of all files up to the last of them.

    """
    migrations = files.discover(project.migrations, project.apart)
    end = migrations.index(plan.find(migrations, name)) + 1
    wanted, later = migrations[:end], migrations[end:]
    if len(wanted) == 1:
        raise Refused(
            f"{wanted[0].id} is the first migration: there is nothing to squash.",
            hint="Name the last one of those to replace.",
        )
    last = max(each.source.path.name for each in wanted)
    if between := [each.id for each in later if each.source.path.name < last]:
        raise Refused(
            f"{', '.join(between)}: before {last} by name, and after it by `-- depends:`.",
            hint="Name a later migration.",
        )
    return wanted, later


def _replaced(wanted: Sequence[Migration]) -> Replaced:
    inner = [ranged.first for each in wanted if (ranged := each.source.replaces)]
    checksums = {each.id: each.source.checksum for each in wanted}
    return Replaced.of(checksums, min(inner, default=None))


def _title(wanted: Sequence[Migration], later: Sequence[Migration]) -> str:
    """Return the id of the pair: it has the last one's number, and comes before all later ones.

    Raises:
        Refused: There is no such name.

    """
    last = max(wanted, key=lambda each: each.source.path.name).id
    number = files.number(last)
    following = min((each.source.path.name for each in later), default=None)
    taken = {each.id for each in wanted}
    stem = last.partition("-")[0]
    names = [f"{number}.schema.squashed"] if f"{number}." in last else []
    names += [f"{number}_squashed"] if f"{number}_" in last else []
    names += [f"{stem}-squashed", f"{last}.squashed", f"{last}_squashed"]
    for each in names:
        if each not in taken and (following is None or f"{each}.sql" < following):
            return each
    raise Refused(f"No name fits between {last} and {following}.", hint="Name a later migration.")


def _refuse_uncommitted(directory: Path, paths: Sequence[Path]) -> None:
    """Refuse to remove files that git does not have.

    Raises:
        Refused: There is one.

    """
    if changed := _uncommitted(directory, [each.name for each in paths]):
        raise Refused(
            f"The old files would be lost, as git does not have them: {', '.join(changed)}.",
            hint="Commit them first. `squash ID --out DIR` writes the pair and removes nothing.",
        )


def _uncommitted(directory: Path, names: Sequence[str]) -> list[str]:
    """Return the files that git does not have as they are; all if there is no git."""
    try:
        known = since(directory, "HEAD")
    except Refused:
        return [*names]
    return [each for each in names if known.differs(each)]


def _refuse_beyond(wanted: Sequence[Migration]) -> None:
    """Refuse files that change what is in no database.

    Raises:
        Refused: There is one.

    """
    problems = []
    for each in wanted:
        source = each.source
        if found := reach.first_beyond(source, server=False, depth=Depth.BLOCKS):
            problems.append(f"{source.path}:{found.line}: {found.words}")
        for statement in sqltext.statements(source.text):
            words = " ".join(statement.words)
            if words.startswith(_ANYWHERE):
                line, _ = sqltext.line_and_column(source.text, statement.start)
                problems.append(f"{source.path}:{line}: {words}")
    if problems:
        raise _unfit([f"{each} reaches beyond the database" for each in problems])


def _has_block(source: SqlFile) -> bool:
    return any(
        each.words[:1] == ("DO",)
        and not pair.is_outside(source.text[each.start : each.end].decode(), each)
        for each in sqltext.statements(source.text)
    )


def _finished(directory: Path, name: str) -> Squashed | None:
    """Finish what a killed `squash` began; None if there is nothing of it."""
    for path in directory.glob(f"*{files.ROLLBACK_SUFFIX}"):
        applies = path.with_name(path.name.removesuffix(files.ROLLBACK_SUFFIX) + ".sql")
        if not applies.exists() and files.read(path).text.startswith(_WRITTEN.encode()):
            path.unlink()
    for path in directory.glob("*.sql"):
        ranged = files.read(path).replaces
        if ranged is None or not plan.is_called(path.stem, name):
            continue
        left = [
            each
            for each in sorted(directory.glob("*.sql"))
            if _id(each) != path.stem and ranged.covers(_id(each))
        ]
        if left:
            _refuse_uncommitted(directory, left)
            for each in left:
                each.unlink()
            pair = [str(path), str(path.with_name(path.stem + files.ROLLBACK_SUFFIX))]
            return Squashed(pair, [*dict.fromkeys(map(_id, left))], [])
    return None


def _id(path: Path) -> str:
    return path.name.removesuffix(files.ROLLBACK_SUFFIX).removesuffix(".sql")
