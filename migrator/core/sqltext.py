"""Reads SQL text as PostgreSQL's lexer does, far enough to find its statements and their places.

No parser: the server is the one that knows SQL. This finds where statements begin and end, so that
what cannot run in a transaction, or would end it, is refused with its line before anything runs.

Text is read as the bytes of its UTF-8, and offsets are of bytes: a file of many megabytes is not
copied, where Python's characters could take four times its size.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn


def _compiled(pattern: str, flags: int = 0) -> re.Pattern[bytes]:
    return re.compile(pattern.encode("ascii"), flags)


# https://www.postgresql.org/docs/current/sql-syntax-lexical.html.
# Every byte beyond ASCII is a letter, for PostgreSQL: even $\u20ac$ is a dollar quote. Classes are
# written by the ASCII that they lack.
_LETTER = r"[^\x00-@\[-^`{-\x7f]"
_LETTER_OR_DIGIT = r"[^\x00-/:-@\[-^`{-\x7f]"
_OF_WORD = r"[^\x00-#%-/:-@\[-^`{-\x7f]"  # letters, digits, $
_NOT_OF_WORD = r"[\x00-#%-/:-@\[-^`{-\x7f]"
_OF_NUMBER = r"[^\x00-\-/:-@\[-^`{-\x7f]"  # letters, digits, the point
_DOLLAR_TAG = rf"(?:{_LETTER}{_LETTER_OR_DIGIT}*+)?\$"
# Alternatives in the order of their frequency in migrations; each is linear, so hostile text costs
# no more than long text.
_TOKEN = _compiled(
    rf"""
      (?P<word>{_LETTER}{_OF_WORD}*)
    | (?P<punct>[();\\])
    | (?P<string>'[^']*+')
    | (?P<line>--[^\n\r]*)
    | (?P<ident>"[^"]*+(?:""[^"]*+)*")
    | (?P<dollar>\${_DOLLAR_TAG})
    | (?P<block>/\*)
    | (?P<open>['"])
    | [0-9]{_OF_NUMBER}*
    | <<
    """,
    re.VERBOSE,
)
# Runs of what needs no look at each of its parts. A run is matched in steps, see _end_of_run, for
# two reasons: a group that is repeated without limit takes memory for each repetition, and one
# that is repeated possessively is matched wrongly by Python before 3.11.5. No two alternatives
# begin in the same way, so no step is ever tried in two ways.
_STEP = "{1,1000}"
_SHORT_ESCAPED = r"[^'\\]*+(?:(?:\\.|'')[^'\\]*+){0,100}"
_PLAIN = _compiled(
    rf"""(?:
      [^;'"$\\/-]++
    | (?<!{_NOT_OF_WORD}[eE])'[^']*+'
    | (?<={_NOT_OF_WORD}[eE])'{_SHORT_ESCAPED}'(?![\s'-]) # any other may go on: _skip_escape_string
    | "[^"]*+"
    | --[^\n\r]*+ | -(?!-)
    | /(?!\*)
    | (?<={_OF_WORD})\$ | (?<!{_OF_WORD})\$(?!{_DOLLAR_TAG})
    ){_STEP}""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE_QUOTE = _compiled(rf"(?<={_NOT_OF_WORD}[eE])'")
_ESCAPED = _compiled(rf"(?:[^'\\]++|\\.|''){_STEP}", re.DOTALL)
_SPACE = _compiled(rf"(?:[ \t\f\v\n\r]++|--[^\n\r]*+){_STEP}")
_LINE_END = _compiled(r"[\n\r]")
# Statements that begin so can be anywhere.
_HARMLESS_HEAD = _compiled(r"\s*+(?:INSERT|UPDATE|DELETE|MERGE|COMMENT)\b", re.IGNORECASE)
# Many such statements at once, each on as few parts as a row usually has, without any quote but '.
_SIMPLE_STATEMENTS = _compiled(
    rf"""(?:
      \s*+(?:--[^\n\r]*+\s*+)?
      (?i:INSERT|UPDATE|DELETE|MERGE|COMMENT)\b
      (?: [^;'"$\\/-]++ | (?<!{_NOT_OF_WORD}[eE])'[^']*+' | -(?!-) | /(?!\*) ){{1,60}}
      ;
    ){_STEP}""",
    re.VERBOSE,
)
_LIKE_VARIABLE = _compiled(rf""":(?<!::)(?={_OF_WORD}|['"])""")
_LIKE_CONTINUED = _compiled(r"""'[ \t\f\v]*+(?:--[^\n\r]*+)?[\n\r]""")
_RESTRICT = _compiled(r"\\(?:un)?restrict\b")
_COMMENT_EDGE = _compiled(r"/\*|\*/")
_NEXT_WORD = _compiled(r"\s*([A-Za-z]+)")
_HEAD_WORDS = 14
# Without the word CONCURRENTLY, statements on these can be anywhere, too.
_CONCURRENTLY = _compiled("CONCURRENTLY", re.IGNORECASE)
_HARMLESS_OBJECTS = {"DOMAIN", "INDEX", "SEQUENCE", "TABLE", "TYPE", "UNIQUE", "VIEW"}
# Of all other statements the first word says enough.
_TELLING_HEAD = re.compile(
    r"ALTER|CLUSTER|COPY|CREATE|DISCARD|DROP|EXECUTE|PREPARE|REINDEX|ROLLBACK|START"
)


_STRIDE = 100_000  # bytes
# Some ends of statements in long texts that were read to their ends, until they are cut.
_ENDS: dict[bytes, list[int]] = {}


class SqlTextError(ValueError):
    """The text breaks off inside a quote or comment, or holds a psql command.

    Args:
        offset: Where, in bytes from the start.
        message: What is wrong there.

    """

    def __init__(self, offset: int, message: str) -> None:
        super().__init__(message)
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: its first words outside parentheses, and its place in the text.

    Args:
        words: Up to 14 first words, unquoted ones in upper case, quoted ones with their quotes.
        start: Offset of its first character.
        end: Offset after its last character, the semicolon excluded.

    """

    words: tuple[str, ...]
    start: int
    end: int


def line_and_column(text: bytes, offset: int) -> tuple[int, int]:
    """Return the 1-based line and column, in characters, of an offset in bytes."""
    line_start = text.rfind(b"\n", 0, offset) + 1
    column = len(text[line_start:offset].decode("utf-8", "replace")) + 1
    return text.count(b"\n", 0, offset) + 1, column


def statements(text: bytes, *, pass_over_harmless: bool = False) -> Iterator[Statement]:
    """Yield the statements of an SQL text in order.

    Args:
        text: The text.
        pass_over_harmless: Leave out most statements that may stand in any transaction.

    Raises:
        SqlTextError: At an unterminated quote or comment, or a backslash outside quotes.

    """
    is_short = pass_over_harmless and len(text) <= _STRIDE
    is_brief = is_short and _CONCURRENTLY.search(text) is None
    scanner = _Scanner(text, is_brief=is_brief)
    ends: list[int] = []
    while (statement := scanner.next_statement()) is not None:
        yield statement
        if pass_over_harmless:
            scanner.pass_over(_STRIDE)
            if scanner.position - (ends[-1] if ends else 0) >= _STRIDE:
                ends.append(scanner.position)
    if pass_over_harmless and len(text) > _STRIDE:
        _ENDS[text] = ends


def is_closed(text: bytes) -> bool:
    """Say whether a text's last statement ends in a semicolon.

    Raises:
        SqlTextError: At an unterminated quote or comment, or a backslash outside quotes.

    """
    return any(text.startswith(b";", each.end) for each in deque(statements(text), maxlen=1))


def closed(text: bytes) -> bytes:
    """Return a text that other statements can follow: its last one ends in a semicolon.

    The semicolon gets a line of its own, because a `--` comment may end the text.

    Raises:
        SqlTextError: At an unterminated quote or comment, or a backslash outside quotes.

    """
    last_line = text.rstrip().rpartition(b"\n")[2]
    is_plain = last_line.endswith(b";") and b"--" not in last_line
    is_done = is_plain or is_closed(text)  # which reads the whole text
    return b"".join((text, b"\n" if is_done else b"\n;\n"))


def for_psql(text: bytes) -> bytes:
    """Return a text that psql reads as the server does.

    In `a[1:PORT]`, a space keeps psql from putting a variable there. The parts of an `E''` string
    on several lines are joined: psql sees no escapes in any but the first.

    Raises:
        SqlTextError: At an unterminated quote or comment, or a backslash outside quotes.

    """
    if not (_LIKE_VARIABLE.search(text) or _LIKE_CONTINUED.search(text)):
        return text
    parts, position = [], 0
    for start, end, new in _Scanner(text).edits_for_psql():
        parts += [text[position:start], new]
        position = end
    return b"".join((*parts, text[position:]))


def pieces(text: bytes, size: int) -> Iterator[bytes]:
    """Cut a text between statements into pieces, each of at least a size but for the last.

    Raises:
        SqlTextError: At an unterminated quote or comment, or a backslash outside quotes.

    """
    start = end = 0
    for following in _statement_ends(text, size):
        if end - start >= size:
            yield text[start:end]
            start = end
        end = following
    yield text[start:]


def _statement_ends(text: bytes, size: int) -> Iterator[int]:
    """Yield where statements end, at least once in each size; read the text only if need be."""
    if (known := _ENDS.pop(text, None)) is not None and size >= _STRIDE:
        yield from known
        return
    scanner = _Scanner(text)
    while scanner.pass_over(size) or scanner.next_statement() is not None:
        yield scanner.position


class _Scanner:
    def __init__(self, text: bytes, *, is_brief: bool = False) -> None:
        self.text = text
        self.position = 0
        self._is_brief = is_brief  # of harmless statements, two words are read
        self._joints: list[tuple[int, int]] = []  # between the parts of strings with escapes

    def pass_over(self, size: int) -> bool:
        """Pass over the harmless statements that end within a size; say if there was any."""
        before = self.position
        limit = min(len(self.text), before + size)
        while True:
            self.position = _end_of_run(_SIMPLE_STATEMENTS, self.text, self.position, limit)
            head = _HARMLESS_HEAD.match(self.text, self.position, limit)
            if head is None:
                break
            end = _end_of_run(_PLAIN, self.text, head.end(), limit)
            if not self.text.startswith(b";", end, limit):
                break
            self.position = end + 1
        return self.position > before

    def next_statement(self) -> Statement | None:
        words: list[str] = []
        start = -1
        end = 0
        parentheses = 0
        block_depth = 0  # BEGIN ATOMIC ... END holds statements of its own
        while match := _TOKEN.search(self.text, self.position):
            self.position = match.end()
            symbol = match.group()
            if self._skip_comment(match):
                continue
            if symbol == b";" and not parentheses and not block_depth:
                if start >= 0:
                    return Statement(tuple(words), start, match.start())
                continue
            if start < 0:
                start = match.start()
            if self._skip_quoted(match):
                pass
            elif symbol in b"()":
                parentheses = max(0, parentheses + (1 if symbol == b"(" else -1))
            elif match.lastgroup in {"word", "ident"} and (
                not parentheses or block_depth or _is_telling_option(words, symbol)
            ):
                word = (symbol.upper() if match.lastgroup == "word" else symbol).decode()
                words = [*words, word][:_HEAD_WORDS]
                block_depth = _block_depth(block_depth, words, word, self._next_word())
            if words and (_head_is_known(words) or (self._is_brief and _is_harmless(words))):
                parentheses = 0
                self._skip_plain()
            end = self.position
        self.position = len(self.text)
        return Statement(tuple(words), start, end) if start >= 0 else None

    def _next_word(self) -> str:
        match = _NEXT_WORD.match(self.text, self.position)
        return match.group(1).upper().decode() if match else ""

    def _skip_plain(self) -> None:
        """Move to what ends the statement, or to what only a token can pass."""
        self.position = _end_of_run(_PLAIN, self.text, self.position)
        while _ESCAPE_QUOTE.match(self.text, self.position):
            self._skip_escape_string()
            self.position = _end_of_run(_PLAIN, self.text, self.position)
        if self.text.startswith((b"'", b'"'), self.position):
            self._refuse_open(self.position, self.text[self.position : self.position + 1])

    def _skip_escape_string(self) -> None:
        """Move past a string with escapes: after white space with a line end, it goes on."""
        start = self.position
        while True:
            end = _end_of_run(_ESCAPED, self.text, self.position + 1)
            if not self.text.startswith(b"'", end):
                self._refuse_open(start, b"'")
            self.position = end + 1
            following = _end_of_run(_SPACE, self.text, self.position)
            if not (
                self.text.startswith(b"'", following)
                and _LINE_END.search(self.text, self.position, following)
            ):
                return
            self._joints.append((end, following + 1))
            self.position = following

    def _refuse_open(self, offset: int, quote: bytes) -> NoReturn:
        raise SqlTextError(offset, f"a quote {quote.decode()} that is never closed")

    def edits_for_psql(self) -> Iterator[tuple[int, int, bytes]]:
        """Yield what `for_psql` replaces, in order: from where to where, and by what."""
        while match := _TOKEN.search(self.text, self.position):
            self.position = match.end()
            if _LIKE_VARIABLE.match(self.text, match.start() - 1):
                yield match.start(), match.start(), b" "
            if not self._skip_comment(match):
                self._skip_quoted(match)
            yield from ((start, end, b"") for start, end in self._joints)
            self._joints.clear()

    def _skip_comment(self, match: re.Match[bytes]) -> bool:
        if match.lastgroup == "block":
            depth = 1
            while depth:
                edge = _COMMENT_EDGE.search(self.text, self.position)
                if edge is None:
                    raise SqlTextError(match.start(), "a comment /* that is never closed")
                depth += 1 if edge.group() == b"/*" else -1
                self.position = edge.end()
        return match.lastgroup in {"line", "block"}

    def _skip_quoted(self, match: re.Match[bytes]) -> bool:
        """Move past what is quoted in a way that one match of a token does not cover."""
        symbol = match.group()
        if symbol == b"\\":
            if _RESTRICT.match(self.text, match.start()):
                raise SqlTextError(
                    match.start(),
                    r"pg_dump's \restrict and \unrestrict are for psql: take them out",
                )
            raise SqlTextError(match.start(), "a psql command or a stray backslash")
        if match.lastgroup == "open":
            self._refuse_open(match.start(), symbol)
        if match.lastgroup == "dollar":
            close = self.text.find(symbol, self.position)
            if close < 0:
                self._refuse_open(match.start(), symbol)
            self.position = close + len(symbol)
            return True
        if symbol in {b"e", b"E"} and self.text.startswith(b"'", self.position):
            self._skip_escape_string()
            return True
        return match.lastgroup == "string"


def _end_of_run(run: re.Pattern[bytes], text: bytes, start: int, limit: int | None = None) -> int:
    """Return where a run that begins at an offset ends, which is there if there is none."""
    limit = len(text) if limit is None else limit
    while match := run.match(text, start, limit):
        start = match.end()
    return start


def _is_routine(words: list[str]) -> bool:
    return words[0] == "CREATE" and ("FUNCTION" in words[1:4] or "PROCEDURE" in words[1:4])


def _is_telling_option(words: list[str], symbol: bytes) -> bool:
    """Say whether a word in parentheses is the CONCURRENTLY of REINDEX (CONCURRENTLY)."""
    return words[:1] == ["REINDEX"] and symbol.upper() == b"CONCURRENTLY"


def _head_is_known(words: list[str]) -> bool:
    """Say whether the rest of the statement is only to be passed over.

    Routines and rules hold statements of their own, so their every token counts.
    """
    if not _TELLING_HEAD.fullmatch(words[0]):
        return True
    return len(words) >= _HEAD_WORDS and not _is_routine(words) and "RULE" not in words[1:4]


def _is_harmless(words: list[str]) -> bool:
    changes = words[0] in {"ALTER", "CREATE", "DROP"} and len(words) > 1
    return changes and words[1] in _HARMLESS_OBJECTS


def _block_depth(depth: int, words: list[str], word: str, following: str) -> int:
    """Return the depth of BEGIN ATOMIC blocks after a word, counted as psql counts them."""
    if not depth:
        return 1 if word == "BEGIN" and following == "ATOMIC" and _is_routine(words) else 0
    if word in {"BEGIN", "CASE"}:
        return depth + 1
    return depth - 1 if word == "END" else depth


_NEVER_IN_TRANSACTION = (
    re.compile(r"(CREATE|DROP) (DATABASE|TABLESPACE)\b"),
    re.compile(r"CREATE (UNIQUE )?INDEX CONCURRENTLY\b"),
    re.compile(r"DROP INDEX CONCURRENTLY\b"),
    re.compile(r"REINDEX (.* )?CONCURRENTLY\b"),
    re.compile(r"REINDEX (DATABASE|SYSTEM|SCHEMA)\b"),
    re.compile(r"ALTER TABLE .* DETACH PARTITION .* CONCURRENTLY\b"),
    re.compile(r"ALTER SYSTEM\b"),
    re.compile(r"ALTER DATABASE .* SET TABLESPACE\b"),
    re.compile(r"VACUUM\b"),
    re.compile(r"CLUSTER( VERBOSE)?$"),
    re.compile(r"DISCARD ALL\b"),
)
_TRANSACTION_CONTROL = re.compile(
    r"(BEGIN|COMMIT|END|ABORT|START TRANSACTION|PREPARE TRANSACTION)\b"
    r"|ROLLBACK(?! TO\b| (WORK|TRANSACTION) TO\b)\b"
)
_NAMELESS_INDEX = re.compile(r"CREATE (UNIQUE )?INDEX CONCURRENTLY ON\b")
_COPY_WITH_CLIENT = re.compile(r"COPY (.* )?(FROM STDIN|TO STDOUT)\b")

# No statement of SQL begins with these; statements of PL/pgSQL do, or FOUND := TRUE.
_PLPGSQL = re.compile(
    r"ASSERT|CASE|CONTINUE|ELSE|ELSE?IF|EXCEPTION|EXIT|FOR|FOREACH|FOUND|\"found\"|GET|IF|LOOP|NULL"
    r"|OPEN|PERFORM|RAISE|RETURN|WHEN|WHILE"
)

_EXECUTES_STRING = _compiled(r"EXECUTE\s*(?:[EU&]*'|\$)", re.IGNORECASE)

# What makes the rest of a file mean something else: to psql, and to the server only if the rest is
# sent later. A file is UTF-8, with backslashes that are no escapes.
_OTHER_READING = _compiled(
    r"""SET\s+(?:(?:SESSION|LOCAL)\s+)?(?:
      standard_conforming_strings\s*(?:=|\bTO\b)\s*+(?!'?(?:on|true)\b|DEFAULT\b)
    | (?:client_encoding\s*(?:=|\bTO\b)|NAMES\b)\s*+(?!'?UTF-?8\b|DEFAULT\b)
    )""",
    re.IGNORECASE | re.VERBOSE,
)

_RELEASE = _compiled(r"\bpg_advisory_unlock_all\b", re.IGNORECASE)
_QUOTED = _compiled(r"'[^']*+'|\"[^\"]*+\"|--[^\n\r]*+|/\*.*?\*/", re.DOTALL)


def ends_transaction(statement: Statement) -> bool:
    """Say whether the statement begins or ends a transaction: the runner alone may do that."""
    return _TRANSACTION_CONTROL.match(" ".join(statement.words)) is not None


def needs_no_transaction(statement: Statement) -> bool:
    """Say whether PostgreSQL refuses to run the statement inside a transaction block."""
    head = " ".join(statement.words)
    return any(pattern.match(head) for pattern in _NEVER_IN_TRANSACTION)


def builds_nameless_index(statement: Statement) -> bool:
    """Say whether the statement is a CREATE INDEX CONCURRENTLY that names no index."""
    return _NAMELESS_INDEX.match(" ".join(statement.words)) is not None


def copies_with_client(statement: Statement) -> bool:
    """Say whether the statement is a COPY that reads from, or writes to, the client."""
    return _COPY_WITH_CLIENT.match(" ".join(statement.words)) is not None


def releases_locks(text: bytes, statement: Statement) -> bool:
    """Say whether a query or a DO block releases all advisory locks of its session.

    Args:
        text: The text of the statement.
        statement: The statement.

    """
    match statement.words[:2]:
        case ["DISCARD", "ALL"]:
            return True
        case ["DO" | "SELECT" | "VALUES" | "WITH", *_]:
            if _RELEASE.search(text, statement.start, statement.end):
                return _RELEASE.search(code(text, statement)) is not None
    return False


def changes_reading(text: bytes, statement: Statement) -> bool:
    """Say whether the statement sets how strings or characters after it are read.

    Args:
        text: The text of the statement.
        statement: The statement.

    """
    return _OTHER_READING.match(text, statement.start, statement.end) is not None


def code(text: bytes, statement: Statement) -> bytes:
    """Return the text of a statement as `blanked` does."""
    return blanked(text[statement.start : statement.end])


def blanked(text: bytes) -> bytes:
    """Return a text with spaces for its comments and what is in quotes, but for dollar quotes."""
    return _QUOTED.sub(lambda each: b" " * len(each[0]), text)


def is_plpgsql(text: bytes, statement: Statement) -> bool:
    """Say whether PL/pgSQL would take the statement for its own, and SQL for a syntax error.

    Args:
        text: The text of the statement.
        statement: The statement.

    """
    head = statement.words[0] if statement.words else ""
    if head == "EXECUTE":  # in SQL, EXECUTE name, or EXECUTE name (values)
        is_string = _EXECUTES_STRING.match(text, statement.start) is not None
        return is_string or len(statement.words) != 2  # noqa: PLR2004  as it says
    return text.startswith(b"<<", statement.start) or _PLPGSQL.fullmatch(head) is not None
