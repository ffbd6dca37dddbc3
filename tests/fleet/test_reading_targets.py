"""Which databases a fleet has: what a file, a control database or a program says of them."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from migrator.core.errors import Refused
from migrator.core.target import Target
from migrator.fleet import targets
from migrator.fleet.targets import Member
from tests.support.databases import run
from tests.support.fleets import Fleet, fleet
from tests.support.secrets import shown
from tests.support.servers import PASSWORD, Server, newest

EU = '[[target]]\nname = "eu-1"\nstage = 1\nurl = "postgresql://app@eu.example:5433/app"\n'


def read(tmp_path: Path, text: str) -> list[Member]:
    path = tmp_path / "fleet.toml"
    path.write_text(text)
    return targets.from_file(path, "it")


def problems(tmp_path: Path, text: str) -> str:
    with pytest.raises(Refused) as refused:
        read(tmp_path, text)
    return refused.value.message


def test_a_target_is_a_url_a_service_or_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHARD_7", "postgresql://app:secret@shard7/app")
    monkeypatch.setenv("PGPASSWORD", "of another server")
    found = read(
        tmp_path,
        EU + 'labels = { region = "eu", size = 3 }\n'
        '[[target]]\nname = "s7"\nstage = 2\nurl_env = "SHARD_7"\n'
        '[[target]]\nname = "s8"\nstage = 0\nservice = "shard 8"\n',
    )
    assert [(each.name, each.stage, each.target.shown) for each in found] == [
        ("eu-1", 1, "postgresql://app@eu.example:5433/app"),
        ("s7", 2, "postgresql://app@shard7/app"),
        ("s8", 0, "postgresql:/// service=shard 8"),
    ]
    assert found[0].labels == {"region": "eu", "size": "3"}
    assert found[1].target.parameters["password"] == "secret"  # noqa: S105  a made-up one
    assert all("PGPASSWORD" not in each.target.variables for each in found)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (EU.replace("eu-1", "a/b"), "target number 1: its name must have letters"),
        (EU.replace("stage = 1", ""), "target eu-1: its stage must be a whole number"),
        (EU.replace("stage = 1", "stage = -1"), "target eu-1: its stage must be a whole number"),
        (EU + 'port = "5"', "target eu-1: has no key port; its keys are"),
        (EU + 'service = "x"', "target eu-1: must have one of url, service and url_env"),
        (EU + "labels = 3", "target eu-1: its labels must be a table"),
        (EU + EU, "target eu-1: 2 targets have that name"),
        (EU + "[other]\n", "can only have [[target]], not other"),
        (EU.replace("app@", "app:pass@"), "target eu-1: its url has a password"),
        (EU.replace("5433/", "5433/?nonsense=1&x="), "target eu-1: its url has a parameter that"),
        ("name = ", "fleet.toml, which names the targets, cannot be read: "),
    ],
)
def test_a_wrong_target_is_refused_by_its_name(tmp_path: Path, text: str, words: str) -> None:
    told = problems(tmp_path, text)
    assert words in told
    assert "pass@" not in told


def test_all_wrong_targets_are_told_at_once(tmp_path: Path) -> None:
    told = problems(tmp_path, EU.replace("stage = 1", "stage = true") + EU.replace("eu-1", "e 2"))
    assert len(told.splitlines()) == 3


def test_only_and_except_choose_by_name_stage_and_label() -> None:
    parts = [("a", 0, "eu"), ("b", 1, "eu"), ("c", 1, "us"), ("d", 2, "us")]
    nowhere = Target({}, "test", "nowhere")
    all_of_them = [Member(name, stage, nowhere, {"region": at}) for name, stage, at in parts]

    def chosen(*only: str, without: Sequence[str] = ()) -> str:
        return "".join(each.name for each in targets.select(all_of_them, only, without))

    assert chosen() == "abcd"
    assert chosen("b", "d") == "bd"
    assert chosen("stage=1") == "bc"
    assert chosen("stage=1", "stage=2", "region=us") == "cd"
    assert chosen(without=["a", "region=us"]) == "b"
    assert chosen("stage=1", without=["c"]) == "b"
    with pytest.raises(Refused, match="No target fits --except e"):
        chosen(without=["e"])
    for wrong in (["e"], ["stage=3"], ["region=asia"], ["colour=red"], ["a", "region=us"]):
        with pytest.raises(Refused, match="No target "):
            chosen(*wrong)


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("sleep 9", "had not ended after 0.1 s: it was killed."),
        ("sh -c 'exit 3'", "failed with exit code 3."),
        ("/no/such program", "cannot be run: "),
        ("'", "cannot be run: No closing quotation"),
        (
            r"printf '\377\n'",
            "Line 1 of the program of --targets-from is not JSON: it is not UTF-8",
        ),
        (
            "echo '{'",
            "Line 1 of the program of --targets-from is not JSON: Expecting property name",
        ),
        ("echo 3", "target number 1: must be a table of keys and values."),
        (
            """echo '{"name": "a/b", "stage": 0, "url": "host=x"}'""",
            "target number 1: its name must have",
        ),
        (
            """echo '{"name": "a", "stage": 0, "url": "host=x", "labels": "x"}'""",
            "target a: its labels",
        ),
    ],
)
def test_a_program_that_fails_hangs_or_prints_something_else_is_told(
    monkeypatch: pytest.MonkeyPatch, program: str, words: str
) -> None:
    monkeypatch.setattr(targets, "PATIENCE_S", 0.1 if "sleep" in program else 60)
    with pytest.raises(Refused) as refused:
        targets.from_program(program, "it")
    assert words in refused.value.message


@pytest.fixture
def two(pg: Server, tmp_path: Path) -> Iterator[Fleet]:
    with fleet(tmp_path, [pg], [0, 1]) as made:
        yield made


@newest
def test_a_control_database_names_the_targets(two: Fleet, empty_database: str) -> None:
    values = ", ".join(f"('{each.name}', {each.stage}, '{each.url}')" for each in two.places)
    run(
        empty_database,
        "CREATE TABLE customers (id text, stage int, url text)",
        f"INSERT INTO customers VALUES {values}",
    )
    query = "SELECT id AS name, stage, url, 'gold' AS plan FROM customers"
    asked = ["--json", "fleet", "status", "--targets-from", query, "--control", empty_database]
    answer = two.execute("--migrations", two.made.migrations, *asked, "--only", "plan=gold")
    assert answer.code == 0, answer.err
    assert [each["target"] for each in answer.document["targets"]] == ["t0", "t1"]
    wrong = [*asked[:4], "DELETE FROM customers RETURNING 1", *asked[5:]]
    answer = two.execute(*wrong)
    assert answer.code == 2
    assert "cannot execute DELETE in a read-only transaction" in answer.err
    wrong[4] = "SELECT 'a' AS name, 0 AS stage, 'host=x' AS url, 'no table' AS labels"
    assert "target a: its labels must be a table" in two.execute(*wrong).err
    nowhere = [*asked[:-1], "host=127.0.0.1 port=1 dbname=x"]
    assert two.execute(*nowhere).err.startswith("error: The control database: Cannot connect to")


@newest
def test_a_program_names_the_targets_and_may_know_their_passwords(two: Fleet) -> None:
    (first, _) = two.places
    document = {"name": "it", "stage": 0, "url": first.server.password_url(first.dbname)}
    program = two.file.with_name("targets.py")
    program.write_text(f"print({json.dumps(document)!r})")
    command = shlex.join([sys.executable, str(program)])
    answer = two.execute("fleet", "status", "--targets-from", command)
    assert answer.code == 0, answer.err
    assert "\nit      0" in answer.out
    program.write_text(f"print('{PASSWORD}')")
    answer = two.execute("fleet", "status", "--targets-from", command)
    assert answer.code == 2
    assert "Line 1 of the program of --targets-from is not JSON" in answer.err
    assert shown([answer.out, answer.err]) == []
