"""Backups as files: what pg_dump wrote, and beside it the manifest that makes it a backup.

A dump is written under a name that ends in .part, read to its end, and given its manifest. Then it
gets its own name, which is what makes it a backup: so there is none that is not whole.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from migrator.catalogue.objects import Catalogue
from migrator.core.errors import Refused

MANIFEST = ".manifest.json"
PART = ".part"
_CLAIM = ".claim"
PROOF = ".proof.json"
REPORTS = (".report.md", ".report.json")
SUFFIXES = {"custom": ".dump", "directory": ".dir"}
_FORMAT_VERSION = 3
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is known of a backup.

    Args:
        name: The file or directory, in the manifest's directory.
        format: custom or directory.
        database: Whose it is.
        made_at: When it was begun: what it holds is of that moment.
        seconds: How long it took, reading it to its end included.
        migration: The last migration that was applied; empty where none was.
        history: The migrations that were applied.
        server: The server's major version.
        program: pg_dump's major version.
        database_bytes: How large the database was.
        files: Of each file its size in bytes and its SHA-256.
        entries: How many entries the dump's table of contents has.
        tables: Of each table its number of rows, and the sum of their hashes.
        left_out: The tables whose rows are not in the backup.
        sequences: Of each sequence its value right before the backup, its step, whether it cycles.
        properties: What the database is apart from its contents: see properties.sql.
        objects: All that the catalogue says of it, packed.
        deploy: The number and the digest of the deploy that it was made for.
        ended: How that deploy ended; None while it is under way, or was cut off.

    """

    name: str
    format: str
    database: str
    made_at: str
    seconds: float
    migration: str
    history: list[str]
    server: int
    program: int
    database_bytes: int
    files: dict[str, dict[str, Any]]
    entries: int
    tables: dict[str, list[int]]
    left_out: list[str]
    sequences: dict[str, list[Any]]
    properties: dict[str, Any]
    objects: str
    deploy: dict[str, Any]
    ended: str | None = None
    version: int = field(default=_FORMAT_VERSION)

    @property
    def bytes(self) -> int:
        """How large the backup is."""
        return sum(each["bytes"] for each in self.files.values())

    @property
    def taken(self) -> datetime:
        """When it was begun."""
        return datetime.fromisoformat(self.made_at)

    @property
    def when(self) -> str:
        """When it was begun, for people."""
        return f"{self.taken:%Y-%m-%d %H:%M} UTC"

    @property
    def catalogue(self) -> Catalogue:
        """What the catalogue said of the database."""
        return Catalogue.unpack(self.objects)

    def raise_if_damaged(self) -> None:
        """Use what other code relies on: KeyError, TypeError or ValueError where it is not so."""
        _ = self.taken.astimezone(), self.bytes, self.catalogue, self.deploy["id"]
        _ = self.deploy["digest"], self.properties["creation"]


@dataclass(frozen=True, slots=True)
class Backup:
    """A whole backup: where it is, and its manifest."""

    path: Path
    manifest: Manifest

    @property
    def manifest_path(self) -> Path:
        """Where its manifest is."""
        return self.path.with_name(self.path.name + MANIFEST)

    def ended(self, outcome: str) -> Backup:
        """Note in the manifest how its deploy ended, so that it may be pruned one day."""
        noted = Backup(self.path, replace(self.manifest, ended=outcome))
        noted.write()
        return noted

    def write(self) -> None:
        """Write the manifest, whole or not at all."""
        write(self.manifest_path, json.dumps(asdict(self.manifest), indent=1) + "\n")


def find(named: str, directory: Path) -> Backup:
    """Return the backup that a user means: a path, or a name in a directory.

    Raises:
        Refused: There is none, or it is not whole.

    """
    given = Path(named.removesuffix(MANIFEST))
    path = given if _exists(given) else directory / given
    why = f"There is no backup {named}."
    if _exists(path):
        found = _load(path)
        if isinstance(found, Backup):
            return found
        why = f"{path} is no backup: {found}."
    raise Refused(why, hint="`backups list` shows what there is.")


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that no file can have
        return False


def all_in(directory: Path) -> list[Backup]:
    """Return the whole backups of a directory, oldest first; damaged ones among them."""
    whole = [each for each in map(_load, _dumps(directory)) if isinstance(each, Backup)]
    return sorted(whole, key=lambda each: (each.manifest.taken, each.path.name))


def unreadable_in(directory: Path) -> dict[Path, str]:
    """Return what has the name of a backup and is none, with the reason."""
    found = {path: _load(path) for path in _dumps(directory)}
    return {path: why for path, why in found.items() if isinstance(why, str)}


def unfinished_in(directory: Path) -> list[Path]:
    """Return the dumps of a directory that nobody is writing any more and nobody finished."""
    claims = directory.glob(f".*{PART}{_CLAIM}")  # of a dump, or of one that was not yet begun
    found = {path.with_name(path.name.removesuffix(_CLAIM)[1:]) for path in claims}
    return sorted(path for path in {*found, *directory.glob(f"*{PART}")} if not _is_claimed(path))


def _dumps(directory: Path) -> list[Path]:
    if not directory.is_dir():
        return []
    named = {path.with_name(path.name.removesuffix(MANIFEST)) for path in directory.iterdir()}
    return sorted(path for path in named if path.suffix in SUFFIXES.values())


def _load(path: Path) -> Backup | str:
    """Read a dump's manifest; return why that is not to be had, where it is not."""
    if path.suffix == PART:
        return "it was never finished"
    why = "there is a manifest, but no dump"
    try:
        text = path.with_name(path.name + MANIFEST).read_text(encoding="utf-8")
        if path.exists():
            document = json.loads(text)
            why = f"its manifest is of version {document['version']}, not {_FORMAT_VERSION}"
            if document["version"] == _FORMAT_VERSION:
                manifest = Manifest(**document)
                manifest.raise_if_damaged()
                return Backup(path, manifest)
    except FileNotFoundError:
        why = "it has no manifest beside it"
    except OSError as error:
        why = f"its manifest cannot be read: {error.strerror}"
    except (ValueError, TypeError, KeyError):
        why = "its manifest is damaged"
    return why


def damages(backup: Backup, tell: Callable[[int], None] = lambda _: None) -> list[str]:
    """Compare a backup's files with its manifest, byte for byte; return what differs.

    Args:
        backup: The backup to read.
        tell: Told how many bytes were read.

    """
    try:
        found = sums(backup.path, tell)
    except OSError as error:
        return [f"{error.filename}: {error.strerror}"]
    wanted = backup.manifest.files
    told = [f"{name}: is missing" for name in wanted.keys() - found.keys()]
    told += [f"{name}: is not of this backup" for name in found.keys() - wanted.keys()]
    for name in wanted.keys() & found.keys():
        if found[name] != wanted[name]:
            what = "size" if found[name]["bytes"] != wanted[name]["bytes"] else "checksum"
            told.append(f"{name}: its {what} is not that of the manifest")
    return sorted(told)


def sums(path: Path, tell: Callable[[int], None] = lambda _: None) -> dict[str, dict[str, Any]]:
    """Return of each file of a dump its size and SHA-256."""
    found = {}
    done = 0
    for each in files_of(path):
        digest = hashlib.sha256()
        with each.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                done += len(chunk)
                tell(done)
        name = each.name.removesuffix(PART)
        found[name] = {"bytes": each.stat().st_size, "sha256": digest.hexdigest()}
    return found


def files_of(path: Path) -> list[Path]:
    """Return the files of a dump: itself, or what is in its directory."""
    return sorted(path.iterdir()) if path.is_dir() else [path]


def size(path: Path) -> int:
    """Return how large a dump is by now."""
    with suppress(OSError):
        return sum(each.stat().st_size for each in files_of(path))
    return 0


def remove(path: Path) -> None:
    """Remove a dump, finished or not, with its manifest and its report, the manifest first."""
    name = path.name.removesuffix(PART)
    if path.name == name or not path.with_name(name).exists():
        for beside in (MANIFEST, PROOF, *REPORTS):
            path.with_name(name + beside).unlink(missing_ok=True)
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    _claim_of(path).unlink(missing_ok=True)


def write(path: Path, text: str) -> None:
    """Write a file that only this user can read, whole or not at all, to the disk."""
    partial = path.with_name(path.name + ".new")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
    sync(path.parent)


def sync(path: Path) -> None:
    """Have a file, or a directory's entries, on the disk before going on."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def claimed(part: Path) -> Iterator[int]:
    """Claim a dump that is about to be written, until the block is left.

    The claim is a lock on a file beside it that is open for writing: NFS gives no other.

    Args:
        part: Where it is written; its name ends in .part.

    Yields:
        The descriptor whose lock is the claim: programs that inherit it keep it.

    """
    claim = _claim_of(part)
    unseen = claim.with_name(f"{claim.name}.new")  # nobody sees it before it is locked
    descriptor = os.open(unseen, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        unseen.rename(claim)
        yield descriptor
    finally:
        claim.unlink(missing_ok=True)  # while it is locked: who finds one unlocked finds a dead one
        os.close(descriptor)


def _claim_of(part: Path) -> Path:
    return part.with_name(f".{part.name}{_CLAIM}")


def _is_claimed(part: Path) -> bool:
    """Say whether somebody writes a dump yet; asked with a lock that disturbs no other asker."""
    claim = _claim_of(part)
    try:
        descriptor = os.open(claim, os.O_RDWR)
    except FileNotFoundError:
        return not part.exists()  # without its claim, nobody writes it; or it went away
    except OSError:
        return True  # another user's
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return not (claim.exists() or part.exists())  # they went away meanwhile
    finally:
        os.close(descriptor)


def stamp() -> str:
    """Return the time as names have it."""
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
