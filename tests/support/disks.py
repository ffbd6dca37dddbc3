"""A small file system of a test's own, to fill up, to run out of files on, to make read-only."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from migrator.server.cluster import Cluster
from tests.support.servers import NEWEST, installations
from tests.support.torture import Machine

MB = 1024 * 1024
NO_ROOM = "No space left on device"  # in the words of the operating system


class Disk:
    """A small file system of its own.

    Args:
        root: Where it is mounted.

    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def free(self) -> int:
        """How many bytes are left."""
        return shutil.disk_usage(self.root).free

    @contextmanager
    def with_little_room(self, left: int) -> Iterator[None]:
        """Leave so many bytes."""
        ballast = self.root / "ballast"
        with ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, self.free - left)
        try:
            yield
        finally:
            ballast.unlink()

    @contextmanager
    def with_few_files(self, left: int) -> Iterator[None]:
        """Leave room for so many files more, however small they are."""
        ballast = self.root / "ballast"
        ballast.mkdir()
        for number in range(os.statvfs(self.root).f_ffree - left):
            (ballast / str(number)).touch()
        try:
            yield
        finally:
            shutil.rmtree(ballast)

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """Refuse whoever writes, as permissions do not for root."""
        self._mount("remount,ro")
        try:
            yield
        finally:
            self._mount("remount,rw")

    def _mount(self, options: str) -> None:
        subprocess.run(["mount", "-o", options, self.root], check=True)


@contextmanager
def small() -> Iterator[Disk]:
    """Mount a small file system, or skip the test where that may not be done."""
    root = Path(tempfile.mkdtemp(prefix="gestorlead-disk-"))
    root.chmod(0o755)
    try:
        options = "size=192m,nr_inodes=4000,mode=0755"
        mounting = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(root)]
        done = subprocess.run(mounting, check=False, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"a small file system may not be mounted here: {done.stderr.strip()}")
        try:
            yield Disk(root)
        finally:
            subprocess.run(["umount", root], check=True)
    finally:
        root.rmdir()


@contextmanager
def server(disk: Disk, elsewhere: Path, *, wal_on_disk: bool) -> Iterator[Machine]:
    """Run a server with its data on the disk and its WAL elsewhere, or the other way round."""
    home, wal = (elsewhere, disk.root / "wal") if wal_on_disk else (disk.root / "home", elsewhere)
    for directory in (home, wal):
        directory.mkdir(exist_ok=True)
    options = [f"--waldir={wal}", "--wal-segsize=1"]
    if user := Cluster(home).user():
        os.chown(wal, user.uid, user.gid)
    host = Machine(home, installations()[NEWEST], options)
    host.start()
    try:
        yield host
    finally:
        if host.cluster.lives():
            host.crash()
