"""What `make` does for a newcomer: the environment, whole or not there at all; every linter."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.servers import ROOT, clean_environment


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose lock files name nothing."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "migrator").mkdir()
    for name in ("requirements.txt", "requirements-dev.txt"):
        (tmp_path / name).write_text("# nothing\n")
    return tmp_path


def make(
    checkout: Path, *arguments: str, python: str | Path = sys.executable
) -> subprocess.CompletedProcess[str]:
    without = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}  # of the make that runs the tests
    return subprocess.run(
        ["make", f"PYTHON={python}", *arguments],
        capture_output=True,
        check=False,
        cwd=checkout,
        env={name: value for name, value in clean_environment().items() if name not in without},
        text=True,
        timeout=120,
    )


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


# The environment

PIP = """
import pathlib, sys
if "-r" in sys.argv:
    sys.exit("nowhere" in pathlib.Path(sys.argv[sys.argv.index("-r") + 1]).read_text())
"""


@pytest.fixture
def quick(checkout: Path) -> Path:
    """A Python that makes real environments with a pip that only fails or does not: in 0.2 s."""
    (checkout / "pip.py").write_text(PIP)
    return program(
        checkout / "quick",
        f'test "$1 $2" = "-m venv" || exec "{sys.executable}" "$@"\n'
        f'"{sys.executable}" -m venv --without-pip "$3" && touch "$3/bin/pip"\n'
        f'cp pip.py "$3"/lib/python3.*/site-packages/',
    )


@pytest.mark.slow
@pytest.mark.parametrize("code", [0, 1])
def test_without_pip_no_environment_stays_and_the_package_is_named(
    checkout: Path, code: int
) -> None:
    """As on a Debian without python3-venv: a link to Python is there, and no pip."""
    poor = program(
        checkout / "poor",
        f'test "$1 $2" = "-m venv" || exec "{sys.executable}" "$@"\n'
        f'"{sys.executable}" -m venv --without-pip "$3"; exit {code}',
    )
    made = make(checkout, ".venv/run", python=poor)
    assert made.returncode != 0
    assert "apt install python3-venv" in made.stderr
    assert not (checkout / ".venv").exists()
    assert make(checkout, ".venv/run").returncode == 0  # with the real pip


def test_half_an_environment_is_made_anew(checkout: Path, quick: Path) -> None:
    program(checkout / ".venv/bin/python", "exit 1")
    program(checkout / ".venv/bin/pip", "exit 1")
    assert make(checkout, "clean").returncode == 0  # there is no runner to stop a server with
    assert not (checkout / ".venv").exists()
    program(checkout / ".venv/bin/python", "exit 1")
    program(checkout / ".venv/bin/pip", "exit 1")
    made = make(checkout, ".venv/dev", python=quick)
    assert made.returncode == 0, made.stderr
    assert (checkout / ".venv/bin/python").is_symlink()
    assert "up to date" in make(checkout, ".venv/run", ".venv/dev", python=quick).stdout


def test_what_could_not_be_installed_is_tried_anew(checkout: Path, quick: Path) -> None:
    lock = checkout / "requirements.txt"
    lock.write_text("nowhere\n")
    for _ in range(2):
        made = make(checkout, ".venv/run", python=quick)
        assert made.returncode != 0
        assert made.stderr.startswith("Making .venv/ with Python 3.")
    lock.write_text("# nothing\n")
    assert make(checkout, ".venv/run", python=quick).returncode == 0


@pytest.mark.parametrize("is_ours", [True, False], ids=["ours", "copied"])
def test_clean_removes_the_embedded_servers_data_and_no_other_checkouts(
    checkout: Path, is_ours: bool
) -> None:
    """Root keeps them elsewhere if the checkout is closed to the server's user."""
    home = checkout / "home"
    home.mkdir()
    owner = checkout if is_ours else checkout / "original"
    (home / "checkout").write_text(f"{owner}/.postgres")
    (checkout / ".postgres").mkdir()
    (checkout / ".postgres" / "home").symlink_to(home)
    assert make(checkout, "clean").returncode == 0
    assert not (checkout / ".postgres").exists()
    assert home.exists() != is_ours


def test_an_environment_stays_when_a_lock_changes(checkout: Path, quick: Path) -> None:
    assert make(checkout, ".venv/run", python=quick).returncode == 0
    os.utime(checkout / ".venv/run", (0, 0))
    made = make(checkout, ".venv/run", python=quick)
    assert made.stderr == "Installing what the runner needs into .venv/\n"


def test_an_environment_goes_with_its_python(checkout: Path, quick: Path) -> None:
    assert make(checkout, ".venv/run", python=quick).returncode == 0
    python = checkout / ".venv/bin/python"
    python.unlink()
    python.symlink_to("/nowhere/python")
    made = make(checkout, ".venv/run", python=quick)
    assert made.returncode == 0, made.stderr
    assert made.stderr.startswith("Making .venv/ with Python 3.")
    assert "Installing what the runner needs" in made.stderr
    assert subprocess.run([python, "--version"], check=False).returncode == 0


@pytest.mark.parametrize("text", ["exit 1", "exit 127"])
def test_another_python_is_refused(checkout: Path, text: str) -> None:
    made = make(checkout, ".venv/run", python=program(checkout / "old", text))
    assert made.returncode != 0
    assert made.stderr.startswith("Python 3.11 to 3.13 is needed; name one: make PYTHON=python3.12")
    assert not (checkout / ".venv").exists()


# The linters


@pytest.fixture
def linted(checkout: Path) -> Path:
    """A checkout whose environment is there; its programs tell their names and find nothing."""
    for name in ("python", "pip", "ruff", "mypy"):
        program(checkout / f".venv/bin/{name}", f'echo "{name} $*"')
    for stamp in ("run", "dev"):
        (checkout / ".venv" / stamp).touch()
    return checkout


LINTERS = {
    "python": ["runner.py lint", ".ci/style.py migrations seeds sql migrator bench tests"],
    "ruff": ["check .", "format --check ."],
    "mypy": [""],
}


@pytest.mark.parametrize("failing", [None, *LINTERS])
def test_every_linter_runs_and_the_failing_ones_are_named(linted: Path, failing: str) -> None:
    if failing:
        (linted / f".venv/bin/{failing}").open("a").write("exit 1\n")
        os.utime(linted / ".venv/bin/python", (0, 0))
    made = make(linted, "lint")
    runs = [f"{name} {each}" for name, arguments in LINTERS.items() for each in arguments]
    assert sorted(made.stdout.splitlines()) == sorted(runs)  # they run at once
    assert (made.returncode != 0) == bool(failing)
    named = made.stderr.partition("failed:\n")[2]
    for name, arguments in LINTERS.items():
        for each in arguments:
            assert (f"  .venv/bin/{name} {each}".rstrip() in named) == (name == failing)


# The target


def test_an_empty_url_reaches_the_runner_which_refuses_it(linted: Path) -> None:
    """See tests/cli: a lost secret is not the embedded server."""
    program(linted / ".venv/bin/python", 'echo "url${DATABASE_URL-: not set}"')
    os.utime(linted / ".venv/bin/python", (0, 0))
    assert make(linted, "migrate").stdout == "url: not set\n"
    assert make(linted, "migrate", "DATABASE_URL=").stdout == "url\n"


def test_a_reset_asks_unless_told_not_to_and_migrates_only_after_it(linted: Path) -> None:
    reset, migrate = "python runner.py server reset", "python runner.py migrate\n"
    assert make(linted, "reset").stdout == f"{reset}\n{migrate}"
    assert make(linted, "reset", "YES=1").stdout == f"{reset} --yes\n{migrate}"
    with (linted / ".venv/bin/python").open("a") as python:
        python.write("exit 2\n")
    os.utime(linted / ".venv/bin/python", (0, 0))
    assert make(linted, "reset").stdout == f"{reset}\n"
