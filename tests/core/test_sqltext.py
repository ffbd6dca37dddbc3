"""The lexer against the server: it finds the statements that PostgreSQL finds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import pq

from migrator.core import sqltext
from tests.support.databases import Connection
from tests.support.hostile import HOSTILE
from tests.support.servers import Server, newest

EXAMPLES = settings(deadline=None, derandomize=True, database=None)


@pytest.fixture(scope="module")
def session(pg: Server) -> Iterator[Connection]:
    with pg.connect() as connection:
        yield connection


def split(text: str) -> list[str]:
    data = text.encode()
    return [data[each.start : each.end].decode() for each in sqltext.statements(data)]


def results(session: Connection, text: str) -> list[list[object]] | None:
    """Send a text as one message; return each statement's rows, None if the server refuses it."""
    session.pgconn.send_query(text.encode())
    found: list[list[object]] | None = []
    while (result := session.pgconn.get_result()) is not None:
        if result.status == pq.ExecStatus.FATAL_ERROR:
            found = None
        elif found is not None and result.status != pq.ExecStatus.EMPTY_QUERY:
            found.append([result.get_value(0, column) for column in range(result.nfields)])
    return found


# Characters that matter to the lexer, some that look as if they did, and letters beyond ASCII.
contents = st.text("'\"\\;$-/*aeE1 \n\r\t\u00e9\u20ac\u00a0", max_size=8)
gaps = st.sampled_from(
    (" ", "\n", "\t\f", " -- ; ' \" $$ /*\n", "\r", "--\r", "/* ; ' */", "/*/* ; */ $$ */", "/**/ ")
)


def escaped(text: str, quote: str) -> str:
    return text.replace("\\", "\\\\").replace("'", quote)


@st.composite
def dollar_quoted(draw: st.DrawFn) -> str:
    tag = draw(st.sampled_from(("$$", "$a$", "$_1$", "$\u20ac$", "$\u00a0$")))
    text = draw(contents)
    # Space around it: next to a number or another quote, the server wants white space.
    return f" {tag}{text}{tag} " if (text + tag).find(tag) == len(text) else f" {tag}{tag} "


@st.composite
def continued(draw: st.DrawFn) -> str:
    """A string in segments: after a line end, one that began with E goes on with escapes."""
    first, then = draw(contents), draw(contents)
    gap = draw(st.sampled_from(("\n", " \r\n\t", "--;'\n", " -- '\n -- \\\r ")))
    return f" E'{escaped(first, chr(92) + chr(39))}'{gap}'{escaped(then, chr(92) + chr(39))}'"


items = st.one_of(
    contents.map(lambda text: "'" + text.replace("'", "''") + "'"),
    contents.map(lambda text: " e'" + escaped(text, "''") + "'"),
    contents.map(lambda text: " E'" + escaped(text, "\\'") + "'"),
    contents.map(lambda text: " U&'" + text.replace("\\", "").replace("'", "''") + "'"),
    continued(),
    dollar_quoted(),
    contents.map(lambda text: f'1 AS "x{text.replace(chr(34), chr(34) * 2)}"'),
    st.sampled_from(
        (
            "1",
            "1.5e3",
            "2 - -1",
            "2*/* ; */3",
            "6 /- 2",
            "1 a$b$c",
            "1 e",
            "1 \u20ac",
            "B'1'",
            "N';'",
        )
    ),
)
queries = st.lists(items, min_size=1, max_size=4).flatmap(
    lambda chosen: gaps.map(lambda gap: "SELECT" + gap + f",{gap}".join(chosen))
)
fragments = st.sampled_from(
    (
        *("SELECT 1", "SELECT 2 AS x", ";", ";SELECT 3;", ", 'b'", "::text", "+ 1", "- 1", "||"),
        *("'", "''", "'a'", '"', '"x"', "E'", "e'\\''", " E'c'\n'\\'d'", "'c'\n'd'", "U&'\\0041'"),
        *(" $$ ", " $a$ ", " $\u20ac$ ", "a$b", "\\", "\\'", "--", "-- x\n", "/*", "*/", "/* ; */"),
        *("/", "*", "(", ")", ",", " ", "\n", "\r", "\t", "\u00e9", "\u00a0", "eE'a'"),
    )
)

harmless = st.sampled_from(
    (
        *(";\nINSERT INTO t VALUES ('", "; INSERT INTO t SELECT $$", ";UPDATE t SET a = E'\\''"),
        *(
            "; COMMENT ON TABLE t IS 'a;b';",
            "; COMMIT;",
            ";VACUUM",
            "insert into t select 1;",
            "\n",
        ),
    )
)


@settings(EXAMPLES, max_examples=50)
@given(st.lists(queries, min_size=1, max_size=4), gaps, st.sampled_from((";", ";;", "; ;", "")))
def test_splits_valid_text_as_the_server_does(
    session: Connection, parts: list[str], gap: str, end: str
) -> None:
    text = gap + f"{gap};{gap}".join(parts) + gap + end
    whole = results(session, text)
    assert whole is not None, f"the generator made what the server refuses: {text!r}"
    found = split(text)
    assert len(found) == len(whole)
    assert [results(session, each) for each in found] == [[each] for each in whole]


@newest
@settings(EXAMPLES, max_examples=300)
@given(st.lists(fragments, max_size=9))
def test_splits_as_the_server_does_whatever_the_server_accepts(
    session: Connection, parts: list[str]
) -> None:
    text = "SELECT 0" + "".join(parts)
    whole = results(session, text)
    if whole is not None:
        assert len(split(text)) == len(whole), repr(text)


@settings(EXAMPLES, max_examples=300)
@given(st.lists(st.one_of(fragments, harmless), max_size=12))
def test_passing_over_harmless_statements_hides_no_other(parts: list[str]) -> None:
    data = "".join(parts).encode()

    def outcome(pass_over_harmless: bool) -> tuple[list[str], str]:
        found: list[str] = []
        try:
            for each in sqltext.statements(data, pass_over_harmless=pass_over_harmless):
                if each.words[:1] not in {("INSERT",), ("UPDATE",), ("COMMENT",)}:
                    found.append(data[each.start : each.end].decode())
        except sqltext.SqlTextError as error:
            return found, str(error)
        return found, ""

    assert outcome(pass_over_harmless=True) == outcome(pass_over_harmless=False)


@newest
def test_a_statement_is_a_routine_with_all_its_statements(session: Connection) -> None:
    routine = """CREATE FUNCTION pg_temp.three(n integer) RETURNS integer LANGUAGE sql
BEGIN ATOMIC
    SELECT CASE WHEN n > 0 THEN 1 ELSE (CASE n WHEN 0 THEN 2 END) END;
    SELECT 'END;' AS "end";
    SELECT 3;
END"""
    rule = "CREATE RULE r AS ON INSERT TO t DO ALSO (INSERT INTO u VALUES (1); DELETE FROM u)"
    block = "DO $$ BEGIN PERFORM 1; END $$"
    text = (
        f"{routine};\n{block};CREATE TEMP TABLE t (); CREATE TEMP TABLE u (n int);{rule}; SELECT 1"
    )
    assert split(text) == [
        routine,
        block,
        "CREATE TEMP TABLE t ()",
        "CREATE TEMP TABLE u (n int)",
        rule,
        "SELECT 1",
    ]
    assert len(results(session, f"BEGIN; {text}; ROLLBACK") or []) == len(split(text)) + 2


@pytest.mark.parametrize(
    ("text", "offset", "message"),
    [
        ("SELECT 'a", 7, "never closed"),
        ("SELECT 'a''", 10, "never closed"),
        ("SELECT 1; SELECT e'a\\'", 18, "never closed"),
        ("SELECT e'a'\n'\\'", 8, "never closed"),
        ('SELECT "a', 7, "never closed"),
        ("SELECT $a$ $b$", 7, "never closed"),
        ("SELECT 1 /* /* */", 9, "never closed"),
        ("CREATE TABLE t (a text DEFAULT 'x)", 31, "never closed"),
        ("SELECT 1;\n\\d", 10, "psql"),
        ("SELECT 1 \\gset", 9, "psql"),
    ],
)
def test_what_breaks_off_is_told_with_its_place(text: str, offset: int, message: str) -> None:
    with pytest.raises(sqltext.SqlTextError, match=message) as raised:
        list(sqltext.statements(text.encode()))
    assert abs(raised.value.offset - offset) <= 1  # at the quote, or at the E before it


ENDING = [
    *("BEGIN", "begin work", "START TRANSACTION READ ONLY", "COMMIT", "/* x */ END", "ABORT"),
    *("ROLLBACK", "ROLLBACK WORK", "ROLLBACK AND CHAIN", "COMMIT AND CHAIN"),
    *("PREPARE TRANSACTION 'p'", "COMMIT PREPARED 'p'", "ROLLBACK PREPARED 'p'"),
]
NOT_ENDING = [
    *("SAVEPOINT s", "ROLLBACK TO s", "ROLLBACK WORK TO SAVEPOINT s", "RELEASE s"),
    *("ROLLBACK TRANSACTION TO s", "SET TRANSACTION READ WRITE", "PREPARE p AS SELECT 1"),
    *("SELECT 'COMMIT'", "DO $$ BEGIN COMMIT; END $$", 'SELECT 1 AS "commit"'),
]


@pytest.mark.parametrize("text", ENDING)
def test_transaction_control_is_known(text: str) -> None:
    (statement,) = sqltext.statements(text.encode())
    assert sqltext.ends_transaction(statement)


@pytest.mark.parametrize("text", NOT_ENDING)
@newest
def test_what_leaves_the_transaction_open_is_let_through(session: Connection, text: str) -> None:
    (statement,) = sqltext.statements(text.encode())
    assert not sqltext.ends_transaction(statement)
    results(session, "BEGIN; SAVEPOINT s")
    results(session, text)
    assert session.info.transaction_status != pq.TransactionStatus.IDLE
    results(session, "ROLLBACK; DEALLOCATE ALL")


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("CREATE INDEX CONCURRENTLY i ON t (a)", "CREATE INDEX concurrently_i ON t (a)"),
        ("create unique index /* now */ concurrently i on t (a)", "create unique index u on t (a)"),
        ("CREATE INDEX CONCURRENTLY ON t (a)", 'CREATE INDEX "CONCURRENTLY" ON t (a)'),
        ("DROP INDEX CONCURRENTLY i", "DROP INDEX IF EXISTS i"),
        ("REINDEX TABLE CONCURRENTLY t", "REINDEX TABLE t"),
        ("REINDEX (VERBOSE) INDEX CONCURRENTLY i", "REINDEX (VERBOSE) TABLE t"),
        (
            "REINDEX (VERBOSE, CONCURRENTLY) TABLE t",
            "REINDEX (VERBOSE, TABLESPACE pg_default) TABLE t",
        ),
        ("REINDEX SCHEMA public", "REINDEX INDEX i"),
        ("VACUUM t", "ANALYZE t"),
        ("VACUUM (FULL, ANALYZE) t", "ANALYZE (VERBOSE) t"),
        ("CLUSTER", "CLUSTER t USING i"),
        ("CLUSTER VERBOSE", "CLUSTER VERBOSE t USING i"),
        ("CREATE DATABASE d", "CREATE SCHEMA d"),
        ("DROP DATABASE d", "DROP SCHEMA IF EXISTS d"),
        (
            "ALTER DATABASE postgres SET TABLESPACE pg_default",
            "ALTER DATABASE postgres SET jit TO on",
        ),
        ("ALTER SYSTEM SET jit TO on", "ALTER ROLE CURRENT_USER SET jit TO on"),
        ("CREATE TABLESPACE s LOCATION '/nowhere'", "CREATE TABLE s ()"),
        ("DROP TABLESPACE s", "DROP TABLE IF EXISTS s"),
        ("DISCARD ALL", "DISCARD PLANS"),
        (
            "ALTER TABLE p DETACH PARTITION q CONCURRENTLY",
            "ALTER TABLE p DETACH PARTITION q",
        ),
    ],
)
def test_what_can_be_in_no_transaction_is_known_as_the_server_knows_it(
    pg: Server, text: str, allowed: str
) -> None:
    def refused(statement: str) -> bool:
        with pg.connect() as connection, connection.transaction(force_rollback=True):
            connection.execute("SET LOCAL client_min_messages TO error")
            connection.execute("CREATE TABLE t (a int); CREATE INDEX i ON t (a)")
            connection.execute("CREATE TABLE p (a int) PARTITION BY LIST (a)")
            connection.execute("CREATE TABLE q PARTITION OF p FOR VALUES IN (1)")
            try:
                connection.execute(statement.encode())
            except psycopg.errors.ActiveSqlTransaction:
                return True
        return False

    (statement,), (neighbour,) = map(sqltext.statements, (text.encode(), allowed.encode()))
    assert sqltext.needs_no_transaction(statement)
    assert refused(text)
    assert not sqltext.needs_no_transaction(neighbour)
    assert not refused(allowed)


@pytest.mark.parametrize(
    ("text", "copies"),
    [
        ("COPY t FROM STDIN", True),
        ("copy t (a, b) from stdin with (format csv)", True),
        ("COPY (SELECT 1) TO STDOUT", True),
        ("COPY t FROM '/srv/stdin'", False),
        ("COPY t TO PROGRAM 'stdout'", False),
        ("SELECT 'COPY t FROM STDIN'", False),
    ],
)
def test_copy_with_the_client_is_known(text: str, copies: bool) -> None:
    (statement,) = sqltext.statements(text.encode())
    assert sqltext.copies_with_client(statement) == copies


# What PL/pgSQL parses and SQL does not, and neighbours that SQL parses.
OF_PLPGSQL = [
    *("PERFORM now()", "RETURN", "NULL", "ASSERT TRUE", "RAISE NOTICE 'x'", "FOUND := TRUE"),
    *('"found" = FALSE', "LOOP EXIT; END LOOP", "<<l>> WHILE FALSE LOOP NULL; END LOOP"),
    *("<< /* x */ l>> SELECT 1", "IF TRUE THEN SELECT 1; ELSE NULL; END IF", "EXECUTE 'SELECT 1'"),
    *("FOR i IN 1..2 LOOP CONTINUE; END LOOP", "CASE WHEN TRUE THEN NULL; END CASE"),
    *("FOREACH found IN ARRAY a LOOP NULL; END LOOP", "GET DIAGNOSTICS found = ROW_COUNT"),
    *("EXECUTE format('x') USING 1", "EXECUTE a || b", "EXECUTE E'x' USING 1"),
]
NOT_OF_PLPGSQL = [
    "EXECUTE p",
    "EXECUTE p (1, 'x')",
    "EXECUTE /* x */ e('x')",
    "SELECT NULL",
    "(SELECT 1)",
    "TABLE a",
]
NOT_OF_PLPGSQL += [
    "DECLARE c CURSOR FOR SELECT 1",
    "CALL f()",
    "DO $$ BEGIN NULL; END $$",
    "VALUES (1)",
]


@pytest.mark.parametrize("text", [*OF_PLPGSQL, *NOT_OF_PLPGSQL])
@newest
def test_plpgsql_is_known_as_the_server_knows_it(session: Connection, text: str) -> None:
    data = text.encode()
    first = next(sqltext.statements(data))
    results(session, "BEGIN; ROLLBACK TO none")  # the server parses, and runs nothing
    session.pgconn.send_query(b"SELECT 1; " + data)
    (result,) = iter(session.pgconn.get_result, None)
    results(session, "ROLLBACK")
    is_sql = result.error_field(pq.DiagnosticField.SQLSTATE) == b"25P02"
    assert is_sql == (text in NOT_OF_PLPGSQL), result.error_message
    assert sqltext.is_plpgsql(data, first) == (not is_sql)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_takes_linear_time(name: str) -> None:
    started = time.process_time()
    with suppress(sqltext.SqlTextError):
        list(sqltext.statements(HOSTILE[name].encode()))
    assert time.process_time() - started < 2  # what is quadratic takes minutes


@EXAMPLES
@given(
    st.text("a\u20ac\n", max_size=20).flatmap(
        lambda t: st.tuples(st.just(t), st.integers(0, len(t)))
    )
)
def test_lines_and_columns_count_characters_from_one(text_and_offset: tuple[str, int]) -> None:
    text, offset = text_and_offset
    line, column = sqltext.line_and_column(text.encode(), len(text[:offset].encode()))
    lines = text.split("\n")
    assert offset == sum(len(each) + 1 for each in lines[: line - 1]) + column - 1
    assert column <= len(lines[line - 1]) + 1


@EXAMPLES
@given(st.lists(queries, max_size=9), st.integers(1, 40))
def test_pieces_are_the_text_and_break_no_statement(parts: list[str], size: int) -> None:
    text = ";\n".join(parts).encode()
    found = list(sqltext.pieces(text, size))
    assert b"".join(found) == text
    assert [each for piece in found for each in split(piece.decode())] == split(text.decode())
    assert all(len(each) >= size for each in found[:-1])


def test_the_first_words_are_told_outside_parentheses() -> None:
    (statement,) = sqltext.statements(b'create /* x */ table "T" (a int) -- y\n with (b = 1);')
    assert statement.words == ("CREATE", "TABLE", '"T"', "WITH")


def test_a_text_is_cut_where_statements_end_whether_it_was_read_before_or_not() -> None:
    row = b"INSERT INTO a VALUES ('x;', $$;$$, E'\\';'); -- ;\n"
    other = b"CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END;\n"
    text = (row * 5_000 + other) * 8
    [*sqltext.statements(text, pass_over_harmless=True)]
    for _ in range(2):
        cut = [*sqltext.pieces(text, 300_000)]
        assert b"".join(cut) == text
        assert 5 <= len(cut) <= 7
        for piece in cut[:-1]:
            assert len(piece) >= 300_000
            assert piece.endswith((b"; -- ;\n", b";", b"END;"))
