"""Backups as files: whole or none, told truly, put back only if undamaged, pruned with care."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.backup import archive, programs, retention
from migrator.backup.archive import MANIFEST, PART, SUFFIXES, Backup, Manifest
from migrator.catalogue import contents
from migrator.catalogue.objects import Catalogue
from migrator.core.session import open_connection
from migrator.core.target import Target
from migrator.server import binaries
from tests.support.commands import Answer, call, command_lines, finish, launch
from tests.support.databases import applied, database, name_of, rows, run, tables
from tests.support.disks import MB, Disk
from tests.support.secrets import Way, files_below, shown, watched
from tests.support.servers import NEWEST, Server, fast_place
from tests.support.sets import THREE, MigrationSet
from tests.support.waiting import until

pytestmark = pytest.mark.slow

FORMATS = ["custom", "directory"]
NUMBERS = count(1)
READABLE = "readable to its end; not proved to be restorable"
DEPLOYS = "SELECT phase, outcome FROM yoyo.deploy ORDER BY deploy_id"
DUMPING = "SELECT FROM pg_stat_activity WHERE application_name = 'pg_dump'"
WAITING = "SELECT FROM pg_locks WHERE NOT granted"
NOISE = (  # which no dump can compress
    "INSERT INTO c SELECT n FROM generate_series(1, 10) AS n;"
    " CREATE TABLE noise AS SELECT string_agg(md5(random()::text), '') AS note"
    " FROM generate_series(1, 60000) AS n GROUP BY n % 60"
)


@pytest.fixture(scope="session", params=[NEWEST])
def pg(request: pytest.FixtureRequest) -> Server:
    """The newest server: files are made and read by the programs of any version alike."""
    server: Server = request.getfixturevalue(f"server_{request.param}")
    return server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where backups go; it is not there yet."""
    return tmp_path / "backups"


@pytest.fixture
def deployed(empty_database: str, made: MigrationSet) -> str:
    """A database with tables a, b and c, and one migration pending that makes d."""
    assert call(made, empty_database, "migrate").code == 0
    made.table(4, "d")
    return empty_database


def arguments(folder: Path, *more: str) -> list[str]:
    return ["deploy", "--yes", "--no-rehearse", "--backup-dir", str(folder), *more]


def deploy(made: MigrationSet, database: str, folder: Path, *more: str) -> Answer:
    return call(made, database, *arguments(folder, *more))


def backups(folder: Path, *command: str) -> Answer:
    return call(None, None, "backups", *command, "--backup-dir", folder)


def backups_json(folder: Path, *command: str) -> Answer:
    return call(None, None, "--json", "backups", *command, "--backup-dir", folder)


def backed_up(made: MigrationSet, database: str, folder: Path, *more: str) -> Backup:
    """Deploy; return the backup, the only one."""
    answer = deploy(made, database, folder, *more)
    assert answer.code == 0, answer.err
    (backup,) = archive.all_in(folder)
    return backup


def stored(
    folder: Path,
    name: str,
    *,
    database: str = "d",
    kind: str = "custom",
    age: timedelta = timedelta(),
    ended: str | None = "applied",
) -> Backup:
    """Write a backup that has all but a dump's contents."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}{SUFFIXES[kind]}"
    if kind == "directory":
        path.mkdir()
    for file in (path / "toc.dat", path / "1.dat.gz") if kind == "directory" else (path,):
        file.write_bytes(name.encode() * 9)
    backup = Backup(
        path,
        Manifest(
            name=path.name,
            format=kind,
            database=database,
            made_at=(datetime.now(UTC) - age).isoformat(timespec="milliseconds"),
            seconds=1.0,
            migration=THREE[-1],
            history=THREE,
            server=18,
            program=18,
            database_bytes=8 * MB,
            files=archive.sums(path),
            entries=1,
            tables={},
            left_out=[],
            sequences={},
            properties={"creation": ["", ""]},
            objects=Catalogue({}).pack(),
            deploy={"id": 1, "digest": ""},
            ended=ended,
        ),
    )
    backup.write()
    return backup


def flip(path: Path, place: int = -1) -> None:
    """Change one bit of a file, in its middle if no place is named."""
    text = bytearray(path.read_bytes())
    text[place if place >= 0 else len(text) // 2] ^= 1
    path.write_bytes(text)


def everything(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return of each file below a directory when it was written, and its bytes."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@contextmanager
def restored(pg: Server, backup: Path) -> Iterator[str]:
    """Put a dump into a database of its own, by hand, as the superuser."""
    with database(pg, owner=pg.user) as name:
        program = programs.programs(pg.major).restore
        conninfo = pg.dsn(name, pg.user)
        subprocess.run([program, "--exit-on-error", "-d", conninfo, backup], check=True)
        yield conninfo


@contextmanager
def closed(database: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """Hold table c such that pg_dump waits for it."""
    with psycopg.connect(database) as other:
        other.execute("LOCK TABLE c IN ACCESS EXCLUSIVE MODE")
        yield other


def in_the_dump(
    made: MigrationSet, database: str, folder: Path, *more: str
) -> subprocess.Popen[str]:
    """Start a deploy; return once its pg_dump waits for what `closed` holds."""
    process = launch(made, database, *arguments(folder, *more))
    until(lambda: process.poll() is not None or len(rows(database, WAITING)) == 2)
    assert process.poll() is None, finish(process)
    assert rows(database, DUMPING)
    assert len([*folder.glob(f"*{PART}")]) == 1
    return process


# What is written


@pytest.mark.parametrize("kind", FORMATS)
def test_the_manifest_says_what_the_files_are(
    pg: Server, deployed: str, made: MigrationSet, folder: Path, kind: str
) -> None:
    began = datetime.now(UTC)
    run(deployed, "CREATE SEQUENCE s", "SELECT setval('s', 41)", "INSERT INTO b VALUES (7), (8)")
    backup = backed_up(made, deployed, folder, "--backup-format", kind)
    manifest = json.loads(backup.manifest_path.read_text())

    files = sorted(backup.path.iterdir()) if kind == "directory" else [backup.path]
    assert len(files) > (10 if kind == "directory" else 0)
    assert manifest["files"] == {
        file.name: {
            "bytes": len(file.read_bytes()),
            "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        }
        for file in files
    }
    program = programs.programs(pg.major).restore
    listed = subprocess.run([program, "-l", backup.path], check=True, capture_output=True)
    entries = [each for each in listed.stdout.splitlines() if each and not each.startswith(b";")]
    assert manifest["entries"] == len(entries) > 20
    assert {table: known[0] for table, known in manifest["tables"].items()} == {
        "a": 2,
        "b": 2,
        "c": 0,
    }
    assert manifest["sequences"] == {"public.s": [41, 1, False]}
    assert (manifest["server"], manifest["database"]) == (pg.major, name_of(deployed))
    assert (manifest["migration"], manifest["history"]) == (THREE[-1], THREE)
    assert (manifest["format"], manifest["ended"]) == (kind, "applied")
    assert timedelta() <= backup.manifest.taken - began + timedelta(milliseconds=1)
    assert rows(deployed, "SELECT backup FROM yoyo.deploy") == [(str(backup.path),)]


def test_the_manifest_is_of_the_dumps_own_moment_while_others_commit(
    pg: Server, deployed: str, made: MigrationSet, folder: Path
) -> None:
    done = threading.Event()

    def write() -> None:
        with psycopg.connect(deployed, autocommit=True) as other:
            while not done.is_set():
                other.execute("WITH n AS (INSERT INTO a VALUES (9)) INSERT INTO b VALUES (9)")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        until(lambda: rows(deployed, "SELECT FROM b LIMIT 1"))
        backup = backed_up(made, deployed, folder, "--backup-format", "directory")
    finally:
        done.set()
        writer.join()
    told = backup.manifest.tables
    now = dict(rows(deployed, "SELECT 'a', count(*) FROM a UNION SELECT 'b', count(*) FROM b"))
    assert now["a"] == now["b"] + 2
    assert 0 < told["b"][0] < now["b"], "others committed before the snapshot, and after it"
    assert told["a"][0] == told["b"][0] + 2
    with (
        restored(pg, backup.path) as copy,
        open_connection(Target.parse(copy, "test")) as connection,
    ):
        for table, (rows_told, _) in told.items():
            assert rows(copy, f"SELECT count(*) FROM {table}") == [(rows_told,)]
        found = {name: [*sums] for name, sums in contents.whole_rows(connection).items()}
        assert found == told


@pytest.mark.parametrize(("kind", "mask"), [("custom", 0), ("directory", 0o077)])
def test_nobody_else_may_read_a_backup_whatever_the_umask(
    deployed: str, made: MigrationSet, folder: Path, kind: str, mask: int
) -> None:
    before = os.umask(mask)
    try:
        backup = backed_up(made, deployed, folder, "--backup-format", kind)
    finally:
        os.umask(before)
    found = {path: oct(path.stat().st_mode & 0o7777) for path in (folder, *folder.rglob("*"))}
    assert found == {path: "0o700" if path.is_dir() else "0o600" for path in found}
    assert {backup.path, backup.manifest_path} < found.keys()


def test_a_name_says_when_and_whose_and_of_which_migration(
    pg: Server, made: MigrationSet, folder: Path
) -> None:
    odd = f"Odd näme/{next(NUMBERS)}.x"
    with database(pg, odd, template="template0", options="ENCODING 'UTF8'"):
        began = datetime.now(UTC).replace(microsecond=0)
        backup = backed_up(made, pg.dsn(odd), folder)
        assert backup.manifest.database == odd
        plain = re.sub("[^A-Za-z0-9_-]", "_", odd)
        parts = re.fullmatch(rf"(\d{{8}}T\d{{6}}Z)\.{plain}\.0000\.dump", backup.path.name)
        assert parts is not None, backup.path.name
        named = datetime.strptime(parts[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        assert began <= named <= datetime.now(UTC)

        made.table(4, "d")
        assert deploy(made, pg.dsn(odd), folder).code == 0
        assert archive.all_in(folder)[-1].path.name.endswith(f".{plain}.0003.dump")


def test_a_name_that_is_taken_is_not_written_over(
    deployed: str, made: MigrationSet, folder: Path
) -> None:
    folder.mkdir()
    now = datetime.now(UTC)
    for second in range(8):
        moment = f"{now + timedelta(seconds=second):%Y%m%dT%H%M%SZ}"
        (folder / f"{moment}.{name_of(deployed)}.0003.dump").write_text("another's")
        (folder / f"{moment}.{name_of(deployed)}.0003-1.dump{PART}").write_text("another's")
    before = everything(folder)
    assert backed_up(made, deployed, folder).path.name.endswith(".0003-2.dump")
    after = everything(folder)
    assert {name: after.get(name) for name in before} == before


# What is listed and verified


def test_the_list_says_what_there_is(deployed: str, made: MigrationSet, folder: Path) -> None:
    kind = "directory"
    assert backups(folder, "list") == (0, "no backups\n", "")
    assert backups_json(folder).document == {
        "backups": [],
        "unreadable": {},
        "unfinished": [],
    }
    backup = backed_up(made, deployed, folder, "--backup-format", kind)
    older = stored(folder, "older", kind=kind, age=timedelta(days=1), ended=None)
    (folder / f"cut_off.dump{PART}").touch()

    told = [
        {
            "path": str(each.path),
            "database": each.manifest.database,
            "made_at": each.manifest.made_at,
            "migration": THREE[-1],
            "bytes": sum(map(len, (value for _, value in dumped(each.path)))),
            "deploy": each.manifest.ended or "not ended",
        }
        for each in (older, backup)
    ]
    assert [each["deploy"] for each in told] == ["not ended", "applied"]
    unfinished = [str(folder / f"cut_off.dump{PART}")]
    answer = backups_json(folder, "list")
    assert answer.code == 0
    assert answer.document == {
        "backups": told,
        "unreadable": {},
        "unfinished": unfinished,
    }
    lines = backups(folder, "list").out.splitlines()
    assert lines == [
        *("  ".join(map(str, each.values())) for each in told),
        f"{unfinished[0]}  no backup: it was never finished",
    ]


def dumped(path: Path) -> Iterator[tuple[str, bytes]]:
    for file in path.iterdir() if path.is_dir() else [path]:
        yield file.name, file.read_bytes()


@pytest.mark.parametrize("kind", FORMATS)
def test_what_is_whole_verifies_and_what_is_damaged_is_named(
    deployed: str, made: MigrationSet, folder: Path, kind: str
) -> None:
    whole = backed_up(made, deployed, folder, "--backup-format", kind)
    for named in ([], [whole.path.name], [str(whole.path)], [str(whole.manifest_path)]):
        assert backups(folder, "verify", *named) == (0, f"{whole.path}: {READABLE}\n", "")
    document = backups_json(folder, "verify").document
    assert document == {
        "backups": {str(whole.path): []},
        "proved": {str(whole.path): READABLE},
    }
    within = whole.path / "toc.dat" if kind == "directory" else whole.path

    def truncate(file: Path) -> None:
        os.truncate(file, file.stat().st_size - 1)

    damages: dict[str, Callable[[Path], None]] = {"size": truncate, "checksum": flip}
    damages |= {"missing": Path.unlink} if kind == "directory" else {}
    for word, damage in damages.items():
        path = whole.path.with_name(f"{word}{whole.path.suffix}")
        (shutil.copytree if kind == "directory" else shutil.copy)(whole.path, path)
        manifest = json.loads(whole.manifest_path.read_text())
        if kind == "custom":
            manifest["files"] = {path.name: manifest["files"][whole.path.name]}
        path.with_name(path.name + MANIFEST).write_text(json.dumps(manifest))
        damage(path / within.relative_to(whole.path) if kind == "directory" else path)

        answer = backups_json(folder, "verify", path.name, whole.path.name)
        assert answer.code == 1
        told = answer.document["backups"]
        assert told.pop(str(whole.path)) == []
        (problem,) = told[str(path)]
        assert problem.startswith("toc.dat: " if kind == "directory" else f"{path.name}: ")
        assert word in problem
    answer = backups(folder, "verify")
    assert answer.code == 1
    assert len(answer.out.splitlines()) == len(damages) + 1
    assert f"{whole.path}: {READABLE}\n" in answer.out


def test_a_file_too_many_or_of_a_dump_that_is_gone_is_damage(folder: Path) -> None:
    many, gone = (stored(folder, name, kind="directory") for name in ("many", "gone"))
    (many.path / "2.dat.gz").touch()
    shutil.rmtree(gone.path)
    told = backups_json(folder, "verify").document["backups"]
    assert told[str(many.path)] == ["2.dat.gz: is not of this backup"]
    assert told[str(gone.path)] != []


def test_a_dump_that_pg_restore_cannot_read_is_damaged_whatever_its_checksum(
    deployed: str, made: MigrationSet, folder: Path
) -> None:
    backup = backed_up(made, deployed, folder)
    os.truncate(backup.path, backup.path.stat().st_size - 200)
    manifest = json.loads(backup.manifest_path.read_text())
    manifest["files"] = archive.sums(backup.path)
    backup.manifest_path.write_text(json.dumps(manifest))
    answer = backups(folder, "verify")
    assert answer.code == 1
    assert "cannot be read to its end: pg_restore: error: " in answer.out


def test_a_name_that_is_not_there_is_refused(folder: Path) -> None:
    stored(folder, "there")
    for command in (["verify", "not_there.dump"], ["verify", "there.dump", "not_there.dump"]):
        answer = backups(folder, *command)
        assert (answer.code, answer.out) == (2, "")
        assert "error: There is no backup not_there.dump." in answer.err
        assert "next: `backups list` shows what there is." in answer.err


def test_a_dump_without_its_manifest_is_refused(folder: Path) -> None:
    backup = stored(folder, "without")
    backup.manifest_path.unlink()
    answer = backups(folder, "verify", backup.path.name)
    assert answer.code == 2
    assert "without.dump is no backup: it has no manifest beside it" in answer.err


@pytest.mark.parametrize("kind", FORMATS)
def test_a_dump_without_its_manifest_is_passed_over_in_silence_by_no_command(
    folder: Path, kind: str
) -> None:
    backup = stored(folder, "without", kind=kind)
    backup.manifest_path.unlink()
    for command in ("list", "verify"):
        assert str(backup.path) in backups(folder, command).out, command


MANIFESTS: dict[str, Callable[[str], str]] = {
    "of another version": lambda text: re.sub(r'"version": \d+', '"version": 0', text),
    "cut off": lambda text: text[: len(text) // 2],
    "empty": lambda _: "",
    "no object": lambda _: "[]",
    "without a key": lambda text: text.replace('"files"', '"fils"'),
    "without objects": lambda text: re.sub(r'"objects": ', '"objekts": ', text),
    "without a deploy": lambda text: re.sub(r'"digest": ', '"digits": ', text),
    "with a size that is none": lambda text: re.sub(r'"bytes": (\d+)', r'"bytes": "\1"', text),
    "with a date that is none": lambda text: re.sub('("made_at": "....)-..', r"\1-13", text),
}


@pytest.mark.parametrize("case", MANIFESTS)
def test_a_manifest_that_cannot_be_read_is_told_and_nothing_is_built_on_it(
    folder: Path, case: str
) -> None:
    whole = stored(folder, "whole", age=timedelta(days=99))
    backup = stored(folder, "broken", age=timedelta(days=100))
    text = backup.manifest_path.read_text()
    changed = MANIFESTS[case](text)
    assert changed != text
    backup.manifest_path.write_text(changed)

    before = everything(folder)
    answer = backups_json(folder, "prune", "--keep", "1", "--days", "0")
    assert answer.code == 0
    assert everything(folder) == before
    assert str(whole.path) in answer.document["kept"]
    answer = backups(folder, "verify", backup.path.name)
    assert answer.code == 2, answer
    assert "broken.dump" in answer.err
    assert "has no manifest beside it" not in answer.err, "there is one"
    assert str(backup.path) in backups(folder, "list").out


# What is damaged is not restored


def test_a_damaged_backup_is_refused_before_anything_is_touched(
    pg: Server, deployed: str, made: MigrationSet, folder: Path
) -> None:
    superuser = pg.dsn(name_of(deployed), pg.user)
    place = ["--backup-dir", str(folder)]
    assert call(made, deployed, "backups", "make", *place).code == 0
    assert backed_up(made, deployed, folder / "dir", "--backup-format", "directory")
    (custom,), (directory,) = archive.all_in(folder), archive.all_in(folder / "dir")

    def cut_off(path: Path) -> None:
        os.truncate(path, path.stat().st_size - 1)

    damages: list[tuple[Backup, Path, Callable[[Path], None], str]] = [
        (custom, custom.path, partial(flip, place=-1), "is damaged: "),
        (custom, custom.path, cut_off, "is damaged: "),
        (directory, next(directory.path.glob("*.dat.gz")), Path.unlink, "is damaged: "),
        (custom, custom.manifest_path, Path.unlink, "is no backup: it has no manifest beside it"),
    ]
    databases = "SELECT oid, datname FROM pg_database ORDER BY oid"
    for backup, file, damage, words in damages:
        whole = file.read_bytes()
        damage(file)
        before = (rows(superuser, databases), everything(folder))
        for into in ([], ["--into", "of_a_damaged_one"]):
            answer = call(made, superuser, "restore", backup.path, *into, "--yes", *place)
            assert answer.code == 2, answer.err
            assert "state: Nothing was changed." in answer.err
            assert f"{backup.path} {words}" in answer.err
            assert (rows(superuser, databases), everything(folder)) == before
        file.write_bytes(whole)
    assert tables(deployed) == ["a", "b", "c", "d"]


# Interrupted


@pytest.mark.parametrize(
    ("kind", "number"), [("custom", signal.SIGINT), ("directory", signal.SIGTERM)]
)
def test_an_interrupted_backup_leaves_nothing(
    deployed: str, made: MigrationSet, folder: Path, kind: str, number: signal.Signals
) -> None:
    older = stored(folder, "older", database=name_of(deployed), kind=kind)
    before = everything(folder)
    with closed(deployed):
        process = in_the_dump(made, deployed, folder, "--backup-format", kind)
        process.send_signal(number)
        answer = finish(process)
        nothing_is_left(answer, process, deployed, folder, before)
    assert archive.damages(older) == []
    assert deploy(made, deployed, folder).code == 0
    assert tables(deployed) == ["a", "b", "c", "d"]


@pytest.mark.parametrize(("kind", "times"), [("directory", 1), ("custom", 2)])
def test_ctrl_c_reaches_pg_dump_too_and_leaves_nothing(
    deployed: str, made: MigrationSet, folder: Path, kind: str, times: int
) -> None:
    folder.mkdir()
    with closed(deployed):
        process = in_the_dump(made, deployed, folder, "--backup-format", kind)
        for _ in range(times):
            os.killpg(process.pid, signal.SIGINT)
        answer = finish(process)
        nothing_is_left(answer, process, deployed, folder, {})
    assert deploy(made, deployed, folder).code == 0


def test_an_interruption_while_the_dump_is_read_leaves_nothing_that_is_not_whole(
    deployed: str, made: MigrationSet, folder: Path
) -> None:
    process = launched_until_read(made, deployed, folder)
    process.terminate()
    answer = finish(process)
    assert answer.code == 130, answer.err
    whole = archive.all_in(folder)
    assert {path.name for each in whole for path in (each.path, each.manifest_path)} == names(
        folder
    )
    assert rows(deployed, DEPLOYS) == [("ended", "nothing changed")]
    assert [each.manifest.ended for each in whole] in ([], ["nothing changed"])
    assert deploy(made, deployed, folder).code == 0


def launched_until_read(
    made: MigrationSet, database: str, folder: Path, *more: str
) -> subprocess.Popen[str]:
    """Start a deploy; return when its dump is written, and is being read."""
    run(database, "CREATE TABLE large AS SELECT md5(n::text) FROM generate_series(1, 400000) AS n")
    process = launch(made, database, *arguments(folder, *more))
    while not any("--file=/dev/null" in line for line in command_lines(process.pid)):
        assert process.poll() is None, finish(process)
    return process


def nothing_is_left(
    answer: Answer,
    process: subprocess.Popen[str],
    database: str,
    folder: Path,
    before: dict[str, tuple[int, bytes]],
) -> None:
    """Check what holds after an interruption, while what pg_dump waited for is held yet."""
    assert answer.code == 130, answer.err
    assert "error: Interrupted.\nstate: " in answer.err
    assert "left no backup unfinished" in answer.err
    assert "Traceback" not in answer.err
    assert everything(folder) == before
    assert [*folder.glob(f"*{PART}")] == []
    until(lambda: not command_lines(process.pid), 1)
    until(lambda: not rows(database, DUMPING), 2)
    assert rows(database, DEPLOYS) == [("ended", "nothing changed")]
    assert applied(database) == THREE


# Killed


def killed_in_the_dump(made: MigrationSet, database: str, folder: Path, *more: str) -> Path:
    """Kill a deploy, but not its pg_dump, which goes on when the lock is given up."""
    with closed(database):
        process = in_the_dump(made, database, folder, *more)
        os.kill(process.pid, signal.SIGKILL)
        finish_killed(process)
        (part,) = folder.glob(f"*{PART}")
        assert command_lines(process.pid), "pg_dump is at work yet"
        assert backups_json(folder, "list").document["unfinished"] == []
        assert backups_json(folder, "prune").document["removed"] == []
        assert part.exists(), "somebody writes it yet"
    until(lambda: not command_lines(process.pid))
    return part


def finish_killed(process: subprocess.Popen[str]) -> None:
    assert process.wait(timeout=10) == -signal.SIGKILL
    for stream in (process.stdout, process.stderr):
        assert stream is not None
        stream.close()


@pytest.mark.parametrize("kind", FORMATS)
def test_a_killed_backup_is_told_resumed_and_pruned(
    pg: Server, deployed: str, made: MigrationSet, folder: Path, kind: str
) -> None:
    part = killed_in_the_dump(made, deployed, folder, "--backup-format", kind)
    assert names(folder) == {part.name, f".{part.name}.claim"}
    assert backups(folder, "list").out == f"{part}  no backup: it was never finished\n"

    superuser = pg.dsn(name_of(deployed), pg.user)
    for named in (part.name, str(part)):
        answer = call(made, superuser, "restore", named, "--yes", "--backup-dir", folder)
        assert answer.code == 2
        assert f"{part} is no backup: it was never finished." in answer.err
    answer = call(made, superuser, "restore", part.stem, "--yes", "--backup-dir", folder)
    assert (answer.code, "There is no backup " in answer.err) == (2, True)

    answer = deploy(made, deployed, folder)
    assert answer.code == 2
    assert "A deploy was cut off: " in answer.err
    assert "--resume" in answer.err
    assert tables(deployed) == ["a", "b", "c"]
    answer = deploy(made, deployed, folder, "--resume", "--backup-format", kind)
    assert answer.code == 0, answer.err
    assert tables(deployed) == ["a", "b", "c", "d"]
    assert rows(deployed, DEPLOYS) == [("ended", "applied")]

    (backup,) = archive.all_in(folder)
    with restored(pg, backup.path) as copy:
        assert rows(copy, "SELECT count(*) FROM a") == [(2,)]
    answer = backups_json(folder, "prune")
    assert answer.document["removed"] == [str(part)]
    assert names(folder) >= {backup.path.name}
    assert not [*folder.glob(".*")]
    assert archive.damages(backup) == []


def test_a_dump_that_was_killed_while_it_was_read_is_told_and_pruned(
    deployed: str, made: MigrationSet, folder: Path
) -> None:
    process = launched_until_read(made, deployed, folder)
    os.kill(process.pid, signal.SIGKILL)
    finish_killed(process)
    until(lambda: not command_lines(process.pid))
    (left,) = folder.glob(f"*.dump{PART}")
    assert str(left) in backups(folder, "list").out
    assert deploy(made, deployed, folder, "--resume").code == 0
    assert str(left) in backups_json(folder, "prune").document["removed"]
    assert not left.exists()
    assert len(archive.all_in(folder)) == 1


def test_whoever_looks_at_the_directory_meanwhile_takes_nothing_for_abandoned(
    deployed: str, made: MigrationSet, folder: Path
) -> None:
    process = launch(made, deployed, *arguments(folder, "--backup-format", "directory"))
    abandoned, looks = set(), 0
    while process.poll() is None:
        abandoned.update(archive.unfinished_in(folder))
        looks += folder.exists() and any(folder.iterdir())
    answer = finish(process)
    assert looks > 5
    assert answer.code == 0, answer.err
    assert abandoned == set()


# No room


@pytest.mark.parametrize("kind", FORMATS)
def test_a_backup_that_does_not_fit_leaves_nothing(
    deployed: str, made: MigrationSet, disk: Disk, kind: str
) -> None:
    folder = disk.root / "backups"
    older = stored(folder, "older", database=name_of(deployed), kind=kind)
    run(deployed, NOISE)
    before = everything(folder)
    with disk.with_little_room(MB):
        answer = deploy(made, deployed, folder, "--backup-format", kind)
        assert answer.code == 1, answer.err
        assert "error: The backup could not be " in answer.err
        assert "No space left on device" in answer.err
        assert "The database was not changed, and no older backup was touched." in answer.err
        assert "next: " in answer.err
        assert "--backup-dir" in answer.err
        assert "Traceback" not in answer.err
        assert everything(folder) == before
        assert names(folder) == {older.path.name, older.manifest_path.name}
        assert disk.free > MB // 2, "what was written is given back"
    assert archive.damages(older) == []
    assert tables(deployed) == ["a", "b", "c", "noise"]
    assert rows(deployed, DEPLOYS) == [("ended", "nothing changed")]
    assert deploy(made, deployed, folder, "--backup-format", kind).code == 0


@pytest.mark.parametrize("left", [0, 2])  # no claim; no manifest
def test_a_backup_whose_dump_or_manifest_cannot_be_made_leaves_nothing(
    deployed: str, made: MigrationSet, disk: Disk, left: int
) -> None:
    folder = disk.root / "backups"
    folder.mkdir()
    with disk.with_few_files(left):
        answer = deploy(made, deployed, folder)
        assert answer.code == 1, answer.err
        words = f"error: The backup could not be written to {folder}: No space left on device."
        assert words in answer.err
        assert "state: The database was not changed, and no older backup was touched." in answer.err
        assert "next: Make room there, or name another directory with --backup-dir." in answer.err
        assert names(folder) == set()
    assert rows(deployed, DEPLOYS) == [("ended", "nothing changed")]
    assert tables(deployed) == ["a", "b", "c"]
    assert deploy(made, deployed, folder).code == 0


def test_a_deploy_that_is_applied_is_told_as_applied_though_its_report_finds_no_room(
    deployed: str, made: MigrationSet, disk: Disk
) -> None:
    folder = disk.root / "backups"
    folder.mkdir()
    with disk.with_few_files(3):
        answer = deploy(made, deployed, folder)
        assert tables(deployed) == ["a", "b", "c", "d"]
        assert rows(deployed, DEPLOYS) == [("ended", "applied")]
        assert "Traceback" not in answer.err
        assert "applied" in answer.out + answer.err.split("\nerror: ")[-1], answer
        assert "No space left on device" in answer.err


def test_a_directory_with_too_little_room_is_refused(
    deployed: str, made: MigrationSet, disk: Disk, tmp_path: Path
) -> None:
    folder = disk.root / "not" / "there"
    with disk.with_little_room(MB):
        answer = deploy(made, deployed, folder)
        assert answer.code == 2
        size = rows(deployed, "SELECT pg_database_size(current_database())")[0][0]
        told = re.search(rf"{disk.root} has ([\d,]+) bytes free; a backup may need ([\d,]+)\.",
                         answer.err)  # fmt: skip
        assert told is not None, answer.err
        free, needed = (int(each.replace(",", "")) for each in told.groups())
        assert free <= MB
        assert abs(needed - size) < MB
        assert "Make room there, or name another directory with --backup-dir." in answer.err
    nothing_was_begun(deployed)
    assert [*disk.root.iterdir()] == []

    needs_little = stored(disk.root / "known", "older", database=name_of(deployed))
    with disk.with_little_room(MB):
        assert deploy(made, deployed, needs_little.path.parent).code == 0
    assert tables(deployed) == ["a", "b", "c", "d"]
    made.table(5, "e")
    with disk.with_little_room(4096):
        answer = deploy(made, deployed, needs_little.path.parent)
        assert answer.code == 2
        assert re.search(r"has [\d,]+ bytes free; a backup may need \d\d,\d\d\d\.", answer.err)
    assert deploy(made, deployed, tmp_path / "elsewhere").code == 0


def test_a_directory_that_cannot_be_written_to_is_refused(
    deployed: str, made: MigrationSet, disk: Disk, tmp_path: Path
) -> None:
    (disk.root / "backups").mkdir()
    (tmp_path / "file").touch()
    with disk.read_only():
        for folder, named in {
            disk.root / "backups": disk.root / "backups",
            disk.root / "not" / "there": disk.root,
            tmp_path / "file": tmp_path / "file",
            tmp_path / "file" / "not" / "there": tmp_path / "file",
        }.items():
            answer = deploy(made, deployed, folder)
            assert answer.code == 2, answer.err
            assert f"{named} cannot be written to." in answer.err
            assert "Name another directory with --backup-dir." in answer.err
    nothing_was_begun(deployed)


def nothing_was_begun(database: str) -> None:
    assert rows(database, "SELECT to_regclass('yoyo.deploy')") == [(None,)]
    assert applied(database) == THREE


# Secrets


def test_a_backup_shows_no_password(
    pg: Server, deployed: str, made: MigrationSet, folder: Path
) -> None:
    log = Path(pg.host, "server.log")
    before = log.stat().st_size
    way = Way(["--database", pg.password_url(name_of(deployed))], {})
    answer, seen = watched(way, made, *arguments(folder))
    assert answer.code == 0, answer.err
    for program in ("pg_dump", "pg_restore", "runner.py"):
        assert any(program in each for each in seen), f"the watcher sees {program}"
    (backup,) = archive.all_in(folder)
    assert {str(path) for path in folder.rglob("*") if path.is_file()} > {str(backup.manifest_path)}
    restore = programs.programs(pg.major).restore
    text = subprocess.run([restore, "-f-", backup.path], check=True, capture_output=True, text=True)
    assert "CREATE TABLE yoyo.deploy" in text.stdout
    logged = log.read_bytes()[before:].decode(errors="replace")
    written = [*files_below(folder), text.stdout, logged]
    assert shown([answer.out, answer.err, *seen, *written]) == []


# Pruned


class Case(NamedTuple):
    """One backup of a directory that is pruned."""

    database: str
    hours: int
    ended: str | None
    damaged: bool
    kind: str


CASES = st.lists(
    st.builds(
        Case,
        st.sampled_from(["one", "two", "three"]),
        st.integers(0, 20 * 24),
        st.sampled_from([None, "applied", "applied", "nothing changed", "undone", "left"]),
        st.sampled_from([False, False, True]),
        st.sampled_from(FORMATS),
    ),
    max_size=9,
    unique_by=lambda case: (case.database, case.hours),
)


@contextmanager
def directory_of(cases: list[Case]) -> Iterator[tuple[Path, dict[Path, Case]]]:
    """Fabricate backups, each half an hour off what is asked about."""
    with tempfile.TemporaryDirectory(prefix="gestorlead-test-", dir=fast_place()) as place:
        folder = Path(place)
        made = {}
        for case in cases:
            age = timedelta(hours=case.hours, minutes=30)
            backup = stored(
                folder,
                f"{1000 - case.hours}.{case.database}",
                database=case.database,
                kind=case.kind,
                age=age,
                ended=case.ended,
            )
            for suffix in archive.REPORTS:
                backup.path.with_name(backup.path.name + suffix).touch()
            if case.damaged:
                flip(next(iter(archive.files_of(backup.path))))
            made[backup.path] = case
        yield folder, made


def decided(folder: Path, keep: int, days: int) -> dict[Path, str]:
    decisions = retention.decide(
        folder,
        keep=keep,
        younger=timedelta(days=days),
        is_good=lambda each: not archive.damages(each),
    )
    return {each.path: each.kept for each in decisions}


def newest_first(cases: dict[Path, Case], database: str) -> list[Path]:
    mine = [path for path, case in cases.items() if case.database == database]
    return sorted(mine, key=lambda path: cases[path].hours)


@settings(max_examples=40, deadline=None)
@given(cases=CASES, keep=st.integers(1, 4), days=st.integers(0, 20))
def test_prune_keeps_what_is_needed_and_nothing_else(
    cases: list[Case], keep: int, days: int
) -> None:
    with directory_of(cases) as (folder, made):
        told = decided(folder, keep, days)
        assert told.keys() == made.keys()
        needed = {path for path, case in made.items() if case.ended is None}
        needed |= {path for path, case in made.items() if case.hours < days * 24}
        for database in {case.database for case in cases}:
            ordered = newest_first(made, database)
            needed |= {*ordered[:keep]}
            good = [path for path in ordered if not made[path].damaged]
            needed |= {good[0]} if good else {*ordered}  # what is left may be mended by hand
        assert {path for path, why in told.items() if why} == needed

        decisions = [retention.Decision(path, why) for path, why in told.items()]
        before = everything(folder)
        assert {*retention.remove(decisions)} == made.keys() - needed
        left = {name: what for name, what in before.items() if is_of(needed, name)}
        assert everything(folder) == left
        assert len({name.split("/")[0] for name in left}) == 4 * len(needed)


def is_of(paths: set[Path], name: str) -> bool:
    return any(re.fullmatch(rf"{re.escape(each.name)}([./].*)?", name) for each in paths)


@settings(max_examples=15, deadline=None)
@given(cases=CASES, keep=st.integers(1, 4), days=st.integers(0, 20))
def test_what_becomes_of_a_backup_does_not_depend_on_other_databases(
    cases: list[Case], keep: int, days: int
) -> None:
    with directory_of(cases) as (folder, made):
        together = decided(folder, keep, days)
        for database in {case.database for case in cases}:
            mine = [case for case in cases if case.database == database]
            with directory_of(mine) as (alone, _):
                apart = {path.name: why for path, why in decided(alone, keep, days).items()}
            expected = {path.name: together[path] for path in newest_first(made, database)}
            assert apart == expected


def test_a_damaged_newest_backup_is_not_the_last_good_one(folder: Path) -> None:
    ages = {"oldest": 40, "good": 30, "damaged": 20, "damaged_too": 10}
    found = {name: stored(folder, name, age=timedelta(days=age)) for name, age in ages.items()}
    flip(found["damaged"].path)
    os.truncate(found["damaged_too"].path, 3)
    answer = backups_json(folder, "prune", "--keep", "1", "--days", "0")
    assert answer.code == 0
    assert answer.document == {
        "removed": [str(found[name].path) for name in ("damaged", "oldest")],
        "kept": {
            str(found["damaged_too"].path): "one of the last 1",
            str(found["good"].path): "the last good one",
        },
    }


def test_prune_removes_what_the_options_say_and_only_says_so_in_a_dry_run(folder: Path) -> None:
    ages = [1, 5, 9, 13, 17]
    found = {
        age: stored(folder, f"{100 - age}", kind=kind, age=timedelta(days=age, hours=1))
        for age, kind in zip(ages, FORMATS * 3, strict=False)
    }
    found[99] = stored(folder, "001", age=timedelta(days=99), ended=None)
    (folder / f"cut_off.dump{PART}").touch()
    (folder / f"cut_off.dir{PART}").mkdir()
    (folder / f"cut_off.dir{PART}" / "toc.dat").touch()
    before = everything(folder)

    def would(*options: str) -> list[int]:
        answer = backups_json(folder, "prune", "--dry-run", *options)
        assert answer.code == 0
        gone = answer.document["would_remove"]
        assert gone[-2:] == [str(folder / f"cut_off.{kind}{PART}") for kind in ("dir", "dump")]
        assert {*gone[:-2], *answer.document["kept"]} == {str(each.path) for each in found.values()}
        assert everything(folder) == before
        return [age for age, each in found.items() if str(each.path) in gone]

    assert would() == []
    assert would("--keep", "2") == [9, 13, 17]
    assert would("--keep", "2", "--days", "10") == [13, 17]
    assert would("--keep", "4", "--days", "0") == [17]
    assert would("--keep", "1", "--days", "0") == [5, 9, 13, 17]
    assert would("--keep", "1", "--days", "99") == []

    answer = backups(folder, "prune", "--keep", "2", "--days", "10", "--dry-run")
    lines = answer.out.splitlines()
    assert f"{found[17].path}: would remove" in lines
    assert f"{found[99].path}: its deploy has not ended" in lines
    assert f"{found[1].path}: the last good one" in lines
    assert f"{found[5].path}: one of the last 2" in lines
    assert f"{found[9].path}: younger than 10 days" in lines
    assert everything(folder) == before

    answer = backups(folder, "prune", "--keep", "2", "--days", "10")
    assert answer.code == 0
    assert answer.out == "\n".join(lines).replace("would remove", "removed") + "\n"
    kept = [each for age, each in found.items() if age not in (13, 17)]
    left = {path.name for each in kept for path in (each.path, each.manifest_path)}
    assert names(folder) == left
    assert backups(folder, "prune", "--keep", "2", "--days", "10").out.count("removed") == 0
    for options in (["--keep", "0"], ["--days", "-1"]):
        assert backups(folder, "prune", *options).code == 2


@pytest.mark.parametrize("kind", FORMATS)
def test_prune_leaves_a_dump_that_somebody_writes(folder: Path, kind: str) -> None:
    folder.mkdir()
    part = folder / f"now{SUFFIXES[kind]}{PART}"
    part.mkdir() if kind == "directory" else part.touch()
    claim = part.with_name(f".{part.name}.claim")
    claim.touch()
    descriptor = os.open(claim, os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        assert backups_json(folder, "prune").document == {"removed": [], "kept": {}}
        assert part.exists()
    finally:
        os.close(descriptor)
    assert backups_json(folder, "prune").document["removed"] == [str(part)]
    assert [*folder.iterdir()] == []


def test_debians_wrapper_is_passed_over_for_the_programs_that_it_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrapper = tmp_path / "pg_wrapper"
    wrapper.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 99.0'\n")
    wrapper.chmod(0o755)
    (tmp_path / "pg_dump").symlink_to(wrapper)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert binaries.find_client("pg_dump", 99) is None
    (tmp_path / "pg_dump").unlink()
    wrapper.rename(tmp_path / "pg_dump")
    assert binaries.find_client("pg_dump", 99) == (tmp_path / "pg_dump", 99)
