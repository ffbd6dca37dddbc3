"""What is measured, and how each is told to apply a set of files."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote, urlencode

from bench.cases import ROOT, FileSet
from migrator.server import binaries

Commands = list[list[str]]


class Database:
    """A database to apply files to, and its address as each contender wants it.

    Args:
        parameters: libpq's, without the database's name.
        name: The database's name.

    """

    def __init__(self, parameters: Mapping[str, str], name: str) -> None:
        self._parameters = parameters
        self.name = name

    def url(self, scheme: str = "postgresql", **more: str) -> str:
        """Return its URL; host and port are in the query string, where sockets can be."""
        rest = dict(self._parameters) | more
        user = quote(rest.pop("user", ""), safe="")
        password = rest.pop("password", "")
        login = f"{user}:{quote(password, safe='')}@" if password else f"{user}@" * bool(user)
        rest.pop("dbname", None)
        return f"{scheme}://{login}/{self.name}?{urlencode(rest, safe='/')}"


class Contender:
    """A program that applies a set of files; what is common to all."""

    name: str

    def absent(self) -> str | None:
        """Return why it cannot be measured here; None where it can."""
        return None

    def prepare(self, files: FileSet, directory: Path) -> None:
        """Write what it needs besides the set's own files, which are in `directory`."""

    def commands(self, directory: Path, database: Database) -> Commands:
        """Return the processes to run, one after the other, to apply the files."""
        raise NotImplementedError

    def commands_again(self, directory: Path, database: Database) -> Commands | None:
        """Return the same where all is applied; None where it cannot tell what is."""
        return self.commands(directory, database)


class Runner(Contender):
    """What this project is about."""

    name = "runner"

    def commands(self, directory: Path, database: Database) -> Commands:
        """`python runner.py migrate`."""
        target = ["--database", database.url(), "--migrations", str(directory / "migrations")]
        return [[sys.executable, str(ROOT / "runner.py"), *target, "migrate"]]


class Bare(Contender):
    """The floor in Python: see bare.py."""

    name = "bare"

    def commands(self, directory: Path, database: Database) -> Commands:
        """`python bench/bare.py`."""
        places = [str(directory / "migrations"), str(directory / "seeds")]
        return [[sys.executable, str(ROOT / "bench" / "bare.py"), database.url(), *places]]


class Psql(Contender):
    """One psql, which includes file after file, each in a transaction."""

    name = "psql"

    def absent(self) -> str | None:
        """Say whether there is a psql."""
        return None if binaries.find_program("psql") else "no psql beside the server or in PATH"

    def prepare(self, files: FileSet, directory: Path) -> None:  # noqa: ARG002
        """Write the script that includes the files."""
        includes = [f"BEGIN;\n\\ir '{path}'\nCOMMIT;\n" for path in self.paths(directory)]
        (directory / "all.psql").write_text("".join(includes), encoding="utf-8")

    def paths(self, directory: Path) -> list[Path]:
        """Return the files in the order in which they are applied."""
        migrations = sorted((directory / "migrations").glob("*.sql"))
        wanted = [path for path in migrations if not path.name.endswith(".rollback.sql")]
        return wanted + sorted((directory / "seeds").glob("*.sql"))

    def psql(self, database: Database, *arguments: str) -> list[str]:
        """Return a command that runs psql."""
        quiet = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database.url()]
        return [str(binaries.find_program("psql")), *quiet, *arguments]

    def commands(self, directory: Path, database: Database) -> Commands:
        """`psql -f all.psql`."""
        return [self.psql(database, "-f", str(directory / "all.psql"))]

    def commands_again(self, directory: Path, database: Database) -> Commands | None:  # noqa: ARG002
        """Connect and ask one question: psql keeps no history."""
        return [self.psql(database, "-c", "SELECT count(*) FROM pg_class")]


class PsqlEach(Psql):
    """A psql for each file, `psql -1 -f FILE`."""

    name = "psql -1"

    def prepare(self, files: FileSet, directory: Path) -> None:
        """Write nothing: it takes the files as they are."""

    def commands(self, directory: Path, database: Database) -> Commands:
        """`psql -1 -f FILE`, for each."""
        return [self.psql(database, "-1", "-f", str(path)) for path in self.paths(directory)]

    def commands_again(self, directory: Path, database: Database) -> Commands | None:  # noqa: ARG002
        """Nothing: see `Psql`."""
        return None


class Yoyo(Contender):
    """Stock yoyo, of the version that the runner is built on."""

    name = "yoyo"

    def prepare(self, files: FileSet, directory: Path) -> None:
        """Write the set with its seeds as migrations."""
        (directory / "yoyo").mkdir()
        for name, (apply, undo) in files.in_one_row().items():
            (directory / "yoyo" / f"{name}.sql").write_text(apply, encoding="utf-8")
            (directory / "yoyo" / f"{name}.rollback.sql").write_text(undo, encoding="utf-8")

    def commands(self, directory: Path, database: Database) -> Commands:
        """`yoyo apply --batch`."""
        program = [sys.executable, "-m", "yoyo", "apply", "--batch", "--no-config-file"]
        return [[*program, "-d", database.url("postgresql+psycopg"), str(directory / "yoyo")]]


_ALEMBIC_ENV = """\
from alembic import context
from sqlalchemy import engine_from_config, pool

connectable = engine_from_config(
    context.config.get_section(context.config.config_ini_section), poolclass=pool.NullPool
)
with connectable.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""


class Alembic(Contender):
    """Alembic, with the environment and the one transaction that its template makes."""

    name = "alembic"
    # What SQLAlchemy would take for a parameter.
    _parameter = re.compile(r"(?<![:\w\\]):(?=\w)")

    def absent(self) -> str | None:
        """Say whether it is installed."""
        return None if find_spec("alembic") else "not installed: bench/requirements.txt"

    def prepare(self, files: FileSet, directory: Path) -> None:
        """Write an environment with a revision for each file."""
        versions = directory / "alembic" / "versions"
        versions.mkdir(parents=True)
        (directory / "alembic" / "env.py").write_text(_ALEMBIC_ENV, encoding="utf-8")
        previous = None
        for number, (name, (apply, undo)) in enumerate(files.in_one_row().items(), 1):
            revision = f"{number:04}"
            texts = [self._parameter.sub(r"\\:", text) for text in (apply, undo)]
            (versions / f"{revision}_{re.sub(r'[^a-z0-9]', '_', name)}.py").write_text(
                "from alembic import op\n\n"
                f"revision = {revision!r}\n"
                f"down_revision = {previous!r}\n\n\n"
                f"def upgrade():\n    op.execute({texts[0]!r})\n\n\n"
                f"def downgrade():\n    op.execute({texts[1]!r})\n",
                encoding="utf-8",
            )
            previous = revision

    def commands(self, directory: Path, database: Database) -> Commands:
        """`alembic upgrade head`."""
        ini = directory / "alembic" / f"{database.name}.ini"
        url = database.url("postgresql+psycopg").replace("%", "%%")
        place = directory / "alembic"
        ini.write_text(
            f"[alembic]\nscript_location = {place}\npath_separator = os\nsqlalchemy.url = {url}\n",
            encoding="utf-8",
        )
        return [[sys.executable, "-m", "alembic", "-c", str(ini), "upgrade", "head"]]


class Dbmate(Contender):
    """dbmate, a program in Go."""

    name = "dbmate"

    def _program(self) -> str | None:
        beside = str(Path(sys.executable).parent)
        return shutil.which("dbmate", path=beside) or shutil.which("dbmate")

    def absent(self) -> str | None:
        """Say whether it is installed."""
        return None if self._program() else "not installed: bench/requirements.txt"

    def prepare(self, files: FileSet, directory: Path) -> None:
        """Write the set in dbmate's format, both directions in one file."""
        (directory / "dbmate").mkdir()
        for number, (name, (apply, undo)) in enumerate(files.in_one_row().items(), 1):
            file = directory / "dbmate" / f"{number:04}_{re.sub(r'[^a-z0-9]', '_', name)}.sql"
            file.write_text(f"-- migrate:up\n{apply}\n-- migrate:down\n{undo}", encoding="utf-8")

    def commands(self, directory: Path, database: Database) -> Commands:
        """`dbmate migrate`, without the schema dump that it adds unless told."""
        url = database.url("postgres", sslmode="disable")
        options = ["--url", url, "--no-dump-schema", "-d", str(directory / "dbmate")]
        return [[str(self._program()), *options, "migrate"]]


CONTENDERS: tuple[Contender, ...] = (
    Runner(),
    Bare(),
    Psql(),
    PsqlEach(),
    Yoyo(),
    Alembic(),
    Dbmate(),
)
