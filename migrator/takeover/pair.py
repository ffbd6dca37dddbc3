"""The text of one pair that makes, and unmakes, what a database holds.

The schema is pg_dump's. The rows are written here, and what pg_dump leaves out is taken from the
files that made it: extensions, roles, and what is said of schema public.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from migrator.catalogue import contents, snapshot
from migrator.catalogue.contents import Contents
from migrator.core import sqltext
from migrator.core.errors import Refused
from migrator.core.files import SqlFile
from migrator.core.session import Session
from migrator.core.sqltext import Statement
from migrator.core.target import Target

_SETTINGS = "SET LOCAL check_function_bodies TO FALSE;\nSET LOCAL search_path TO '';"
_COMMENTS = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_REQUIRES = re.compile(r"^COMMENT ON .*Requires extension (\w+)\.';", re.MULTILINE | re.DOTALL)
_KIND = re.compile(r"(?P<name>.*); Type: (?P<kind>.*); Schema: ")
_OF_COMMENT = re.compile(r"\S+ (.*); Type: COMMENT; ")
# What pg_dump loads after the rows.
_AFTER_ROWS = {
    *("CHECK CONSTRAINT", "CONSTRAINT", "FK CONSTRAINT", "INDEX", "INDEX ATTACH", "STATISTICS"),
    *("EVENT TRIGGER", "POLICY", "ROW SECURITY", "RULE", "TRIGGER"),
    *("PUBLICATION", "PUBLICATION TABLE", "PUBLICATION TABLES IN SCHEMA", "SUBSCRIPTION"),
}
# What goes with its table.
_GOES_WITH_TABLE = re.compile(r"DROP (INDEX|TRIGGER|POLICY|RULE)\b")
_DROPS_CONSTRAINT = re.compile(r"ALTER (?:FOREIGN )?TABLE .* DROP CONSTRAINT\b")
_CONSTRAINT = re.compile(r"ALTER (?:FOREIGN )?TABLE (?:ONLY )?(.*) DROP CONSTRAINT (.*)")
_PSQL = re.compile(r"^\\.*\n", re.MULTILINE)
# What pg_dump leaves out, and does not undo.
_OUTSIDE = re.compile(
    r"\b(?:CREATE|ALTER|DROP|COMMENT\s+ON)\s+(?:EXTENSION|ROLE|USER(?!\s+MAPPING)|GROUP)\b",
    re.IGNORECASE,
)
_MEMBERS = re.compile(r"(?:GRANT|REVOKE) (?!.*\bON\b)", re.IGNORECASE)
_PUBLIC = re.compile(r"(?:GRANT .*|REVOKE .*|COMMENT )\bON SCHEMA PUBLIC\b", re.IGNORECASE)
_PRIVILEGES = re.compile(r"ALTER DEFAULT PRIVILEGES\b")


@dataclass(frozen=True, slots=True)
class WrittenRows:
    """The rows that files wrote.

    Args:
        statements: What writes them again.
        own_values: Columns that got other values each time: these are left to their defaults.

    """

    statements: Sequence[str]
    own_values: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class SquashedPair:
    """The statements of a pair, without headers.

    Args:
        apply: What makes everything.
        rollback: What drops it.
        own_values: The same as for the rows.

    """

    apply: str
    rollback: str
    own_values: frozenset[tuple[str, str]]


def make(
    target: Target,
    session: Session,
    twin: Contents,
    files: Sequence[SqlFile],
    rollbacks: Sequence[SqlFile],
) -> SquashedPair:
    """Return the pair that makes what a database holds.

    Args:
        target: The database, which the files have made.
        session: A session on it.
        twin: What another database holds that they have made.
        files: The files, in order.
        rollbacks: Their rollback files, in the same order.

    Raises:
        Refused: There are rows that no statement can write again.

    """
    owner = re.escape(session.connection.info.user)
    text = snapshot.text(target, session, ["--clean"])
    owned = re.compile(rf"(?:\n+ALTER .* OWNER TO {owner};)+\Z")
    entries = {name: owned.sub("", body) for name, body in snapshot.entries(text, session).items()}
    rows = _rows(session, twin)
    schemas = [body for name, body in entries.items() if _kind(name) == "SCHEMA"]
    others = {name: body for name, body in entries.items() if _kind(name) != "SCHEMA"}
    places = [at for at, name in enumerate(others) if _kind(name) in _AFTER_ROWS]
    bodies = _where_possible(others)
    middle = places[0] if places else len(bodies)
    refreshed = [
        f"REFRESH MATERIALIZED VIEW {name};"
        for (name,) in session.connection.execute(
            "SELECT format('%I.%I', schemaname, matviewname) FROM pg_matviews"
            " WHERE ispopulated ORDER BY format('%I.%I', schemaname, matviewname)::regclass::oid"
        )
    ]
    apply = [
        *schemas,
        *(each for source in files for each in _matching(source, is_outside)),
        _SETTINGS,
        *bodies[:middle],
        *rows.statements,
        *bodies[middle:],
        *refreshed,
    ]
    rollback = [
        *(each for source in rollbacks[::-1] for each in _matching(source, _undoes_privileges)),
        *_drops(text, entries),
        *(each for source in rollbacks[::-1] for each in _matching(source, is_outside)),
    ]
    return SquashedPair(
        "\n\n".join(filter(None, apply)) + "\n",
        "\n".join(rollback or ["SELECT;"]) + "\n",
        rows.own_values,
    )


def _kind(entry: str) -> str:
    match = _KIND.match(entry)
    return match["kind"] if match else ""


def _where_possible(entries: Mapping[str, str]) -> list[str]:
    """Return definitions; what requires an extension is made only where that is.

    Its comment says so: `Requires extension NAME.`
    """
    required = {
        match[1]: needs[1]
        for name, body in entries.items()
        if (match := _OF_COMMENT.match(name)) and (needs := _REQUIRES.search(body))
    }
    bodies = []
    for name, body in entries.items():
        subject = _OF_COMMENT.match(name) or _KIND.match(name)
        extension = required.get(subject[1]) if subject else None
        bodies.append(body if extension is None else _if_there(extension, body))
    return bodies


def _if_there(extension: str, body: str) -> str:
    tag = "$$"
    while tag in body:
        tag = f"$_{tag[1:]}"
    inner = body.replace("\n", "\n        ") if "'" not in body else body
    return (
        f"DO {tag}\nBEGIN\n"
        f"    IF EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = '{extension}') THEN\n"
        f"        {inner}\n"
        f"    END IF;\nEND\n{tag};"
    )


def _rows(session: Session, twin: Contents) -> WrittenRows:
    """Return what writes the rows of a database again.

    Args:
        session: A session on the database.
        twin: What another database holds that the same files have made.

    """
    connection = session.connection
    here = contents.read(connection)
    statements, own_values, problems = [], set(), []
    if connection.execute("SELECT FROM pg_largeobject_metadata").fetchone() is not None:
        problems.append("large objects")
    for title, _, name, _, columns, with_default in contents.leaves(connection):
        found, other = here.tables[title], twin.tables[title]
        if found.count != other.count:
            problems.append(f"{title}: has another number of rows each time")
        if not found.count:
            continue
        own = {each for each in columns if found.columns[each] != other.columns[each]}
        problems += [
            f"{title}.{each}: gets other values each time, and has no default that gives one"
            for each in sorted(own - {*with_default})
        ]
        own_values |= {(title, each) for each in own}
        statements.append(
            _insert(session, name, found.count, [each for each in columns if each not in own])
        )
    if problems:
        raise Refused(
            "These rows cannot be written again as the files wrote them:\n  "
            + "\n  ".join(problems),
            state="The files are as before.",
            hint="Squash up to an earlier migration, or make these rows a seed first.",
        )
    statements += [
        f"SELECT pg_catalog.setval('{name.replace(chr(39), chr(39) * 2)}', {at.value}, TRUE);"
        for name, at in here.sequences.items()
        if at.value is not None and not name.startswith("yoyo.")
    ]
    return WrittenRows(statements, frozenset(own_values))


def _insert(session: Session, table: str, count: int, columns: Sequence[str]) -> str:
    """Return the statement that writes the rows of a table again.

    Args:
        session: A session on the database.
        table: The table.
        count: How many rows it has.
        columns: The columns that do not get their default.

    """
    if not columns:
        return f"INSERT INTO {table} SELECT FROM generate_series(1, {count});"
    values = ", ', ', ".join(f"quote_nullable({each}::text)" for each in columns)
    query = f"SELECT concat('(', {values}, ')') FROM ONLY {table} ORDER BY ctid"  # noqa: S608
    lines = [line for (line,) in session.connection.execute(query.encode()).fetchall()]
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) OVERRIDING SYSTEM VALUE VALUES\n"
        + ",\n".join(lines)
        + ";"
    )


def _matching(source: SqlFile, is_wanted: Callable[[str, Statement], bool]) -> Iterator[str]:
    """Yield some of the statements of a file."""
    for each in sqltext.statements(source.text):
        text = source.text[each.start : each.end].decode()
        if is_wanted(text, each):
            yield f"{text};"


def _undoes_privileges(_: str, statement: Statement) -> bool:
    return _PRIVILEGES.match(" ".join(statement.words)) is not None


def is_outside(text: str, statement: Statement) -> bool:
    """Say whether pg_dump leaves out what a statement does.

    Args:
        text: The text of the statement alone.
        statement: The statement.

    """
    code = " ".join(_COMMENTS.sub(" ", text).split())
    if statement.words[:1] == ("DO",):
        return _OUTSIDE.search(code) is not None
    return any(each.match(code) for each in (_OUTSIDE, _MEMBERS, _PUBLIC))


def _drops(text: str, entries: Mapping[str, str]) -> Iterator[str]:
    """Yield the statements that drop everything, from what `pg_dump --clean` writes first."""
    head = _PSQL.sub("", text[: text.find("\n-- Name: ")]).encode()
    foreign = {name for name in entries if _kind(name) == "FK CONSTRAINT"}
    for each in sqltext.statements(head):
        words = " ".join(each.words)
        statement = head[each.start : each.end].decode()
        if not words.startswith(("DROP", "ALTER", "CREATE OR REPLACE")):
            continue
        if words.startswith("DROP EXTENSION") or _GOES_WITH_TABLE.match(words):
            continue
        if _DROPS_CONSTRAINT.match(words) and not _is_of(statement, foreign):
            continue
        yield f"{statement};"


def _is_of(statement: str, entries: set[str]) -> bool:
    """Say whether a statement drops one of the constraints, each by its entry's name."""
    match = _CONSTRAINT.match(statement)
    if match is None:
        return False
    schema, _, table = match[1].rpartition(".")
    name = f"{table} {match[2]}; Type: FK CONSTRAINT; Schema: {schema}".replace('"', "")
    return name in entries
