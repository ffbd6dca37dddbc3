"""The house: whoever opens a module knows what it may touch, and what a name means."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support.servers import ROOT

PACKAGE = ROOT / "migrator"
# What each room may use, besides itself and the SQL; cli may use all of them.
ROOMS: dict[str, set[str]] = {
    "sql": set(),
    "core": set(),
    "lint": {"core"},
    "server": {"core"},
    "catalogue": {"core", "server"},
    "rows": {"core", "catalogue"},
    "review": {"core", "catalogue", "server", "lint", "rows"},
    "backup": {"core", "catalogue", "server"},
    "takeover": {"core", "catalogue", "server"},
    "deploy": {"core", "catalogue", "server", "backup"},
    "fleet": {"core", "catalogue"},
}
# A value that one module makes and fills in by itself, or somebody else's that is to be set.
THEIR_OWN = {"review", "server"}


@cache
def modules() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text("utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0]


def used_rooms(tree: ast.Module) -> Iterator[str]:
    """Yield the rooms that a module imports from, at its top or later."""
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{each.name}" for each in node.names]
        for name in names:
            package, _, rest = name.partition(".")
            if package == "migrator" and rest:
                yield rest.partition(".")[0]


def test_no_class_name_is_used_twice() -> None:
    places = defaultdict(list)
    for path, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(str(path.relative_to(PACKAGE)))
    assert {name: at for name, at in places.items() if len(at) > 1} == {}


@pytest.mark.parametrize("room", ROOMS)
def test_imports_run_one_way(room: str) -> None:
    of_room = {path: tree for path, tree in modules().items() if room_of(path) == room}
    assert of_room, f"there is no room {room}"
    allowed = ROOMS[room] | {room, "sql"}
    used = {str(path): set(used_rooms(tree)) - allowed for path, tree in of_room.items()}
    assert {path: rooms for path, rooms in used.items() if rooms} == {}


def test_every_room_is_known() -> None:
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert rooms == {*ROOMS, "cli"}


def test_one_module_connects() -> None:
    places = [
        path.relative_to(PACKAGE)
        for path, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr == "connect"
        and ast.unparse(node.value) in {"psycopg", "Connection", "psycopg.Connection"}
    ]
    assert places == [Path("core/session.py")]


def test_one_module_knows_yoyo() -> None:
    knows = [
        path.relative_to(PACKAGE)
        for path, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "yoyo"
    ]
    assert set(knows) == {Path("core/engine.py")}


def test_nobody_sets_another_objects_attributes() -> None:
    found = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}: {ast.unparse(node)}"
        for path, tree in modules().items()
        if room_of(path) not in THEIR_OWN
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
        if ast.unparse(node.value) != "self"
    ]
    assert [line.partition(": ")[2] for line in found] == [
        "context.obj",  # click's way to hand a command on
        "option.envvar",  # click's, too
    ], found


def test_every_documented_argument_says_something() -> None:
    says_nothing = re.compile(
        r"^\s+\w+: (It|They|Them|Where|How|What|Who|When|Why)\.$", re.MULTILINE
    )
    found = {
        str(path.relative_to(PACKAGE)): says_nothing.findall(path.read_text("utf-8"))
        for path in modules()
    }
    assert {path: words for path, words in found.items() if words} == {}
