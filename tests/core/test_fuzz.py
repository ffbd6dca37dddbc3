"""Anything at all in files and on the command line: exit codes hold, history and tables are one.

FUZZ=2000 in the environment tries so many examples of each, others on every run.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.commands import Answer, call
from tests.support.databases import Connection
from tests.support.servers import newest
from tests.support.sets import MigrationSet, three_tables

pytestmark = [newest, pytest.mark.slow]

FUZZ = int(os.environ.get("FUZZ") or 0)


def examples(number: int) -> settings:
    """Return how to try so many examples, the same on every run unless FUZZ says otherwise."""
    return settings(
        deadline=None,
        derandomize=not FUZZ,
        database=None,
        max_examples=FUZZ or number,
        # Each example empties the database itself before it begins.
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


# What is seen from outside

CATALOGUES = {
    "pg_class": "relnamespace",
    "pg_constraint": "connamespace",
    "pg_namespace": "oid",
    "pg_proc": "pronamespace",
    "pg_type": "typnamespace",
}
HISTORY = ("_yoyo_migration", "_yoyo_log", "migration_checksum", "seed_checksum", "intent")
# By xmin: an object that was touched at all is another.
TOUCHED = " UNION ALL ".join(
    f"SELECT '{name} ' || c::text || c.xmin::text FROM {name} AS c WHERE c.oid >= 16384"
    f" AND {column} NOT IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^(yoyo$|pg_t)')"
    for name, column in CATALOGUES.items()
)
RECORDED = " UNION ALL ".join(
    f"SELECT '{name}' || t::text FROM yoyo.{name} AS t" for name in HISTORY
)
WITNESSES = (
    "SELECT relname::text FROM pg_class WHERE relname ~ '^[wz]_' AND relkind = 'r' ORDER BY 1"
)
LOCKS = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND database ="


class Outside:
    """A database as another connection sees it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def column(self, query: str) -> list[Any]:
        return [value for (value,) in self.connection.execute(query.encode()).fetchall()]

    def empty(self) -> None:
        self.connection.execute("DROP OWNED BY owner")

    def has_history(self) -> bool:
        return self.column("SELECT to_regclass('yoyo.intent') IS NOT NULL") == [True]

    def everything(self) -> tuple[list[str], list[str], list[int]]:
        """Return every object's version, the history and the seeded rows."""
        recorded = sorted(self.column(RECORDED)) if self.has_history() else []
        return sorted(self.column(TOUCHED)), recorded, self.seeded()

    def marks(self) -> list[str]:
        query = "SELECT migration_id FROM yoyo._yoyo_migration ORDER BY 1"
        return self.column(query) if self.has_history() else []

    def seeds(self) -> list[str]:
        query = "SELECT seed_id FROM yoyo.seed_checksum ORDER BY 1"
        return self.column(query) if self.has_history() else []

    def intents(self) -> list[str]:
        query = "SELECT migration_id FROM yoyo.intent"
        return self.column(query) if self.has_history() else []

    def seeded(self) -> list[int]:
        there = self.column("SELECT to_regclass('public.seeded') IS NOT NULL") == [True]
        return self.column("SELECT id FROM public.seeded ORDER BY id") if there else []


@pytest.fixture
def outside(empty_database: str) -> Iterator[Outside]:
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute("SET client_min_messages TO error")
        yield Outside(connection)


def keeps_the_contract(answer: Answer, *arguments: str) -> None:
    """Check what holds of every answer: the code, the messages, the one document."""
    assert answer.code in {0, 1, 2, 3}, answer
    assert "Traceback" not in answer.out + answer.err, answer.err
    # What verify finds is an answer too.
    is_error = answer.code == 2 or (answer.code == 1 and "verify" not in arguments)
    if "--json" in arguments:
        assert json.loads(answer.out).get("exit_code", 0) == answer.code * is_error
    elif is_error:
        assert answer.out == "", answer
    if is_error:
        told = {line.split(":")[0] for line in answer.err.splitlines()}
        assert told >= {"error", "state", "next"} or "Error" in told, answer.err


def ran(made: MigrationSet, database: str, outside: Outside, *arguments: str) -> Answer:
    """Run a command; check that a refusal changed nothing, and what holds of every answer."""
    before = outside.everything()
    answer = call(made, database, *arguments)
    keeps_the_contract(answer, *arguments)
    if answer.code == 2:
        assert outside.everything() == before, answer.err
    return answer


# SQL


def lines(text: str, *more: str) -> tuple[str, ...]:
    """Return the lines of a text as fragments, and some that no line can hold."""
    return (*(line.strip() for line in text.strip().splitlines()), *more)


WORKING = lines(
    r"""
    SELECT 1
    SELECT 'a;b'
    SELECT $$ COMMIT; $$
    /* ; */ SELECT 2
    CREATE TABLE t ()
    CREATE TYPE e AS ENUM ('a')
    ALTER TABLE IF EXISTS t ADD c int
    SET ROLE owner
    SET search_path TO nowhere
    SET lock_timeout TO 1
    RESET ALL
    SET jit TO off
    SELECT set_config('client_encoding', 'latin1', false)
    SET LOCAL statement_timeout TO '9s'
    LISTEN l
    SELECT set_config('standard_conforming_strings', 'off', false)
    SET CONSTRAINTS ALL DEFERRED
    NOTIFY l
    SAVEPOINT s
    SAVEPOINT s; CREATE TABLE u (); ROLLBACK TO s
    PREPARE p AS SELECT 1
    DO $$ BEGIN PERFORM 1; END $$
    DECLARE c CURSOR FOR SELECT 1
    CREATE SCHEMA IF NOT EXISTS s
    DO $$ BEGIN RAISE WARNING 'w'; END $$
    SET synchronous_commit TO off
    ANALYZE
    CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END
    DISCARD PLANS
    CREATE TABLE IF NOT EXISTS v (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)
    LOCK TABLE seeded
    SET SESSION AUTHORIZATION DEFAULT
    COMMENT ON TABLE seeded IS 'x'
    DISCARD TEMP
    CREATE TEMP TABLE seeded ()
    SELECT pg_sleep(0)
    SELECT pg_advisory_unlock(1)
    SET idle_in_transaction_session_timeout TO '9s'
    SET client_min_messages TO debug5
    SELECT set_config('search_path', '', false)
    SET TRANSACTION ISOLATION LEVEL SERIALIZABLE
    CREATE VIEW w AS SELECT id FROM seeded
    GRANT SELECT ON seeded TO PUBLIC
    """,
)
FAILING = lines(
    r"""
    SELECT 1 / 0
    SELECT missing
    INSERT INTO seeded VALUES ('x')
    CREATE ROLE r
    RELEASE s
    ROLLBACK TO missing
    EXECUTE missing
    SET jit TO sideways
    CREATE TABLE seeded (id int)
    DO $$ BEGIN COMMIT; END $$
    DO $$ BEGIN RAISE 'no %', 1; END $$
    DROP TABLE missing
    CREATE TABLE IF NOT EXISTS v (n int); INSERT INTO v VALUES (1), (1)
    DROP SCHEMA yoyo CASCADE
    SET TRANSACTION READ ONLY
    SELECT pg_terminate_backend(pg_backend_pid())
    SET TIME ZONE x
    DO $$ BEGIN PERFORM pg_cancel_backend(pg_backend_pid()), pg_sleep(1); END $$
    SELECT repeat('x', 1 << 30)
    SELECT '\x00'::bytea::text || chr(0)
    SET ROLE missing
    SET TRANSACTION NOT DEFERRABLE
    COPY seeded FROM '/nowhere'
    LOAD 'nowhere'
    """,
    "\u20ac",
)
STATES = ("22012", "23505", "25001", "25P02", "40001", "40P01", "42501", "53100", "55P03", "57P01")
RAISING = tuple(
    f"DO $$ BEGIN RAISE SQLSTATE '{state}'; END $$" for state in (*STATES, "08006", "XX000")
)
LATE = (
    "CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE SQLSTATE '{}'; END $$;"
    " CREATE CONSTRAINT TRIGGER late AFTER INSERT ON seeded DEFERRABLE INITIALLY DEFERRED"
    " FOR EACH ROW EXECUTE FUNCTION late(); INSERT INTO seeded VALUES (-1)"
)
RAISING_AT_COMMIT = tuple(LATE.format(state) for state in STATES)
WRONG = lines(
    r"""
    CREATE TABEL x
    SELECT 1,
    SELECT )
    (
    RAISE 'x'
    IF TRUE THEN NULL; END IF
    x := 1
    END LOOP
    <<label>>
    DECLARE x int
    RETURN
    ELSE
    EXCEPTION WHEN OTHERS THEN NULL
    """,
)
ENDING = lines(
    r"""
    COMMIT
    commit work
    COMMIT AND CHAIN
    END
    ABORT
    ROLLBACK
    BEGIN
    BEGIN WORK
    START TRANSACTION
    COMMIT/* */AND NO CHAIN
    PREPARE TRANSACTION 'p'
    COMMIT PREPARED 'p'
    ROLLBACK PREPARED 'p'
    ROLLBACK TRANSACTION
    eNd WoRk
    """,
    "/**/ END -- x\n",
    "--\rCOMMIT",
)
UNFIT = lines(
    r"""
    VACUUM
    CREATE INDEX CONCURRENTLY ON seeded (id)
    REINDEX SCHEMA public
    DISCARD ALL
    SET client_encoding TO latin1
    SET standard_conforming_strings TO off
    SELECT pg_advisory_unlock_all()
    ALTER SYSTEM SET jit TO on
    CREATE DATABASE d
    COPY (SELECT 1) TO STDOUT
    \i x.sql
    \d
    SELECT 1 \gset
    \copy seeded from x
    """,
    "COPY seeded FROM stdin;\n1\n\\.\n",
)
LOOSE = (
    "'",
    '"',
    "$$",
    "$x$",
    "/*",
    "*/",
    "--",
    "\\",
    "E'",
    "e'\\'",
    "(",
    ")",
    ";",
    "\0",
    "\ufeff",
)
SEPARATORS = (";\n", ";", "; -- x\n", ";\r\n", " ; /* ; /* */ */ ", "\n", " ")

HEADERS = (
    *("\ufeff", "-- purpose: x\n", "-- transactional: true\n", "-- transactional:TRUE\r\n"),
    *("-- transactional: false\n", "-- Transactional: false\n", "/* transactional: false */\n"),
    *("-- transactional: no\n", "-- depends: 0001.seeded.create\n", "-- depends: nowhere\n", ";\n"),
)
ALONE = lines(
    r"""
    CREATE TABLE {0} ()
    DROP TABLE IF EXISTS {0}
    VACUUM seeded
    VACUUM missing
    SELECT 1 / 0
    CREATE INDEX CONCURRENTLY {0} ON seeded (id)
    CREATE UNIQUE INDEX CONCURRENTLY ON seeded ((1))
    CREATE UNIQUE INDEX CONCURRENTLY {0} ON seeded ((1))
    DROP INDEX CONCURRENTLY {0}
    DO $$ BEGIN CREATE TABLE {0} (); COMMIT; RAISE 'x'; END $$
    CREATE INDEX CONCURRENTLY ON no (a)
    REINDEX TABLE CONCURRENTLY seeded
    SELECT pg_terminate_backend(pg_backend_pid())
    SET ROLE owner
    SET lock_timeout TO 1
    SET default_transaction_read_only TO on
    SELECT pg_advisory_unlock(1)
    """,
)


class Draft(NamedTuple):
    """A migration: what it does, what undoes it, and whether it is one statement alone."""

    apply: str
    rollback: str
    is_alone: bool


def _drafts(
    spoiling: tuple[tuple[str, ...], ...], headers: tuple[str, ...]
) -> st.SearchStrategy[Draft]:
    """Make migrations of which some fail when they are run, and some, if asked for, are refused."""
    failing = st.one_of(*(st.sampled_from(each) for each in (*RUNTIME, *spoiling)))
    fragments = st.one_of(*[st.sampled_from(WORKING)] * 7, failing)
    separators = st.sampled_from(SEPARATORS if spoiling else SEPARATORS[:5])
    bodies = st.lists(st.tuples(fragments, separators), max_size=4).map(
        lambda parts: "".join(part + separator for part, separator in parts)
    )
    rollbacks = st.one_of(st.just(""), st.just(""), bodies)
    tops = st.sampled_from(("", *headers))
    # A file whose first statement makes a witness: where the file is applied, that is there.
    whole = st.builds(
        lambda top, body, rollback_top, rollback: Draft(
            f"{top}CREATE TABLE {{0}} ();\n{body}",
            f"{rollback_top}DROP TABLE {{0}};\n{rollback}",
            False,
        ),
        *(tops, bodies, tops, rollbacks),
    )
    alone = st.sampled_from(ALONE).map("-- transactional: false\n{}".format)
    return st.one_of(*[whole] * 4, st.builds(Draft, alone, alone, st.just(True)))


RUNTIME = (FAILING, RAISING, RAISING_AT_COMMIT)
runnable = _drafts((), ())
drafts = _drafts((WRONG, ENDING, UNFIT, LOOSE), HEADERS)
sets = st.one_of(
    *[st.lists(runnable, min_size=1, max_size=3)] * 3, st.lists(drafts, min_size=1, max_size=2)
)
seed_texts = st.one_of(*[runnable] * 3, drafts).map(lambda draft: draft.apply.partition(";\n")[2])


def _write(made: MigrationSet, number: int, draft: Draft) -> str:
    name = f"{number:04}.fuzz.change"
    made.add(name, *(text.replace("{0}", f"w_{number:04}") for text in draft[:2]))
    return name


# Files


names = st.one_of(
    st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), max_size=12),
    st.text("0.-\n\t\r\x1b\u202e\u00e9 A", max_size=9),
    st.just("x" * 255),
).map(lambda name: f"{name}.sql")
contents = st.one_of(
    st.binary(max_size=60),
    st.text(max_size=40).map(str.encode),
    st.tuples(
        st.sampled_from((b"\xff\xfe", b"\xef\xbb\xbf", b"--", b"\0")), st.binary(max_size=9)
    ).map(b"".join),
    st.lists(
        st.sampled_from((*HEADERS, *LOOSE, "SELECT 1;", "CREATE TABLE w_0 ();", "\r", "\n", " ")),
        max_size=7,
    ).map(lambda parts: "".join(parts).encode()),
)


@examples(100)
@given(st.dictionaries(names, st.tuples(contents, contents), max_size=3), contents)
@pytest.mark.long
def test_files_of_any_name_and_any_bytes(
    empty_database: str,
    outside: Outside,
    files: dict[str, tuple[bytes, bytes]],
    seed: bytes,
) -> None:
    outside.empty()
    with tempfile.TemporaryDirectory() as root:
        made = MigrationSet(Path(root))
        made.table(1, "z_0001")
        made.write("seeds/01.seed.sql", seed)
        for name, (apply, rollback) in files.items():
            with suppress(OSError):  # a name that the file system does not take
                (made.migrations / name).write_bytes(apply)
                (made.migrations / f"{name.removesuffix('.sql')}.rollback.sql").write_bytes(
                    rollback
                )
        for command in (
            ["migrate"],
            ["--json", "status"],
            ["plan", "--sql"],
            ["lint"],
            ["migrate"],
        ):
            answer = call(made, empty_database, *command)
            if command != ["lint"]:
                keeps_the_contract(answer, *command)
            assert "Traceback" not in answer.out + answer.err
            assert ("z_0001.create" in "".join(outside.marks())) == (
                "z_0001" in outside.column(WITNESSES)
            )
        back = ran(made, empty_database, outside, "rollback", "--all", "--yes")
        if back.code == 0:
            assert outside.marks() == []


# The command line

words = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12),
    st.sampled_from(("", "-", "--", "0001", "1s", "-1", "1e999", "nan", "\udc80", "postgresql://")),
    st.sampled_from(
        ("host=/nowhere", "service=none", "postgresql://[::1", "a=b", "port=x dbname=y")
    ),
)
OPTIONS = ("--to", "--steps", "--lock-timeout", "--lock-wait", "--lock-attempts", "--as", "--sql")
COMMANDS = ("migrate", "rollback", "status", "plan", "seed", "settle", "new", "verify", "lint", "")


@examples(150)
@given(
    st.sampled_from(COMMANDS),
    st.lists(st.one_of(words, st.sampled_from(OPTIONS)), max_size=3),
    st.one_of(st.none(), words),
    st.booleans(),
)
def test_arguments_of_any_kind(
    empty_database: str, command: str, arguments: list[str], database: str | None, as_json: bool
) -> None:
    with tempfile.TemporaryDirectory() as root:
        made = three_tables(Path(root))
        target = empty_database if database is None else database
        before = ["--json"] * as_json
        answer = call(made, target, *before, *[command] * bool(command), *arguments)
        assert answer.code in {0, 1, 2, 3}, answer
        assert "Traceback" not in answer.out + answer.err, answer.err
        helped = {"-h", "--help"} & {*arguments}
        if as_json and command and not helped:
            assert isinstance(answer.document, dict), answer


# SQL in files


@examples(75)
@given(
    sets,
    st.lists(seed_texts, max_size=2),
    st.sampled_from(([], ["--json"])),
    st.sampled_from(
        (["rollback", "--all", "--yes"], ["rollback", "--steps", "1", "--yes"], ["seed"])
    ),
)
@pytest.mark.long
def test_sql_of_any_kind(  # noqa: PLR0917  drawn by hypothesis
    empty_database: str,
    outside: Outside,
    chosen: list[Draft],
    seeds: list[str],
    options: list[str],
    then: list[str],
) -> None:
    outside.empty()
    with tempfile.TemporaryDirectory() as root:
        made = MigrationSet(Path(root))
        made.add("0001.seeded.create", "CREATE TABLE seeded (id int);", "DROP TABLE seeded;")
        witnessed = {}
        for number, draft in enumerate(chosen, 2):
            name = _write(made, number, draft)
            if not draft.is_alone:
                witnessed[name] = f"w_{number:04}"
        made.add("0009.z.create", "CREATE TABLE z_0009 ();", "DROP TABLE z_0009;")
        witnessed["0009.z.create"] = "z_0009"
        for number, body in enumerate(seeds):
            insert = f"INSERT INTO public.seeded SELECT {number} WHERE NOT EXISTS (SELECT FROM"
            made.seed(
                f"{number:02}.x",
                f"{insert} public.seeded WHERE id = {number});\n{body}".replace("{0}", "t"),
            )

        def is_consistent(answer: Answer) -> None:
            # What could end a transaction is refused, so nobody may be told that it was ended.
            assert "the file ended the runner's transaction" not in answer.err, answer
            marks = outside.marks()
            there = outside.column(WITNESSES)
            for name, witness in witnessed.items():
                assert (name in marks) == (witness in there), (name, answer)
            for seed in outside.seeds():
                if "0001.seeded.create" in marks:
                    assert int(seed[:2]) in outside.seeded(), (seed, answer)
            told = ran(made, empty_database, outside, "--json", "status")
            if told.code == 0:
                assert sorted(told.document["applied"]) == marks, answer
                assert told.document["interrupted"] == outside.intents(), answer
            else:  # files that cannot be read are refused by every command
                assert told.code == answer.code == 2, (told, answer)

        limits = ["--lock-attempts", "1", "--lock-wait", "0"]
        for command in (["migrate"], ["migrate"], then, ["migrate", "--to", "0009"]):
            answer = ran(made, empty_database, outside, *options, *command, *limits)
            is_consistent(answer)
        for command in (["plan"], ["plan", "--sql"], ["plan", "--rollback"], ["verify"]):
            before = outside.everything()
            ran(made, empty_database, outside, *options, *command)
            assert outside.everything() == before, command
