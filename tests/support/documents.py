"""README.md, CONTRIBUTING.md and docs/ as data: blocks of commands, code in the text, messages.

A fenced `sh`, `console` or `sql` block has a comment before it that says in what setting its
commands are run, in parts separated by commas. The first part is one of

    <!-- test: empty -->            a copy of the project, and an empty database as DATABASE_URL
    <!-- test: current -->          the same, migrated and seeded
    <!-- test: at 0029 -->          the same, migrated up to there, without seeds
    <!-- test: continue -->         what the block before left
    <!-- test: file PATH -->        no command: the text of that file; PATH may be a pattern
    <!-- test: append PATH -->      no command: more text at the end of that file
    <!-- test: insert PATH after LINE -->    the same after its first such line

The others are preparations (PREPARATIONS in test_docs.py: `createdb` lets the role create
databases) and, for SQL, `superuser` or `raises`. ADMIN_URL names another database of that server,
as a superuser. In a `console` block the lines after `$ command` are its standard output: `<...>`
stands for any text within a line, a line of only `<...>` or `...` for any number of lines.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from tests.support.servers import ROOT

README, CONTRIBUTING, ARCHITECTURE, REFERENCE, ERRORS, SCHEMA = (
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "docs" / "architecture.md",
    ROOT / "docs" / "reference.md",
    ROOT / "docs" / "errors.md",
    ROOT / "docs" / "schema.md",
)
TEXT = {
    page: page.read_text(encoding="utf-8")
    for page in [README, CONTRIBUTING, *sorted(ROOT.glob("docs/*.md"))]
}
SOURCES = [ROOT / "runner.py", *sorted(ROOT.glob("migrator/**/*.py"))]

WRITTEN = {"file", "append", "insert"}
_RUN = {"sh", "console", "sql"}
_BLOCK = re.compile(
    r"^(?:<!-- test: (?P<setting>[^\n]*) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_SPAN = re.compile(r"(`+)(.+?)\1", re.DOTALL)
_PLACEHOLDER = re.compile(r"<[^<>]*>")


class Block(NamedTuple):
    page: Path
    line: int
    language: str
    setting: list[str]
    text: str


def blocks() -> list[Block]:
    """Return the fenced blocks of all pages."""
    return [
        Block(
            page,
            text.count("\n", 0, match.start("language")) + 1,
            match["language"],
            (match["setting"] or "").split(", "),
            match["text"],
        )
        for page, text in TEXT.items()
        for match in _BLOCK.finditer(text)
    ]


def stories() -> list[list[Block]]:
    """Return the blocks that are run, each together with those that go on where it ends."""
    found: list[list[Block]] = []
    for block in blocks():
        if block.setting[0].partition(" ")[0] in {"continue", *WRITTEN}:
            found[-1].append(block)
        elif block.language in _RUN:
            found.append([block])
    return found


def console(text: str) -> Iterator[tuple[str, re.Pattern[str]]]:
    """Yield the commands of a console block, each with the pattern of its output."""
    assert text.startswith("$ ")
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        lines = [
            "(?:.*\n)*"
            if line.strip() in {"...", "<...>"}
            else ".*".join(re.escape(literal) for literal in _PLACEHOLDER.split(line))
            for line in output.splitlines(keepends=True)
        ]
        yield command, re.compile("".join(lines))


def code(page: Path) -> list[str]:
    """Return what a page shows as code: spans in the text, and the lines of blocks."""
    spans = [" ".join(span.split()) for _, span in _SPAN.findall(_BLOCK.sub("", TEXT[page]))]
    return spans + [line for block in blocks() if block.page == page for line in lines_of(block)]


def lines_of(block: Block) -> list[str]:
    return [line.removeprefix("$ ") for line in block.text.splitlines()]


def table(page: Path, heading: str) -> dict[str, list[list[str]]]:
    """Return the first table below a heading: by the first cell's text, the code of each cell."""
    section = TEXT[page].split(f"\n## {heading}\n", 1)[1]
    first = section[section.index("\n|") + 1 :].split("\n\n", 1)[0]
    rows = [re.split(r" (?<!\\)\| ", line.strip("|")) for line in first.splitlines()]
    return {
        row[0].strip(): [[span for _, span in _SPAN.findall(cell)] for cell in row]
        for row in rows[2:]
    }


def normal(message: str) -> str:
    """Return a message with its variable parts as `<>`, a place of three parts as one."""
    return re.sub(r"<>(:<>)+", "<>", " ".join(_PLACEHOLDER.sub("<>", message).split()))


def documented_messages() -> set[str]:
    """Return what errors.md explains: the code at the start of a table's row."""
    rows = re.findall(r"^\| (`+)(.+?)\1", TEXT[ERRORS], re.MULTILINE)
    return {normal(message) for _, message in rows}


def raised_messages() -> dict[str, str]:
    """Return the messages of the errors that the sources can raise, and where each is."""
    found = {}
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        constants = {
            node.targets[0].id: node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        }
        nodes = _message_nodes(tree, problems_are_yielded=path.stem in {"files", "headers", "lint"})
        if path.stem == "prerequisites":
            nodes = chain(nodes, _with_hints(tree))
        for node in chain.from_iterable(map(_alternatives, nodes)):
            message = normal(_template(node, constants))
            if re.search(r"[a-z]", message):
                found[message] = f"{path.name}:{node.lineno}"
    return found


def _message_nodes(tree: ast.Module, *, problems_are_yielded: bool) -> Iterator[ast.expr]:
    errors = {"Refused": 0, "Failed": 0, "Interrupted": 0, "UsageError": 0, "fail": 0}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            position = (errors | {"SqlTextError": 1}).get(name)
            if position is not None and len(node.args) > position:
                yield node.args[position]
            elif name in {"append", "extend"} and getattr(node.func.value, "id", "") == "problems":  # type: ignore[attr-defined]
                yield from _strings(node.args[0])
        elif isinstance(node, ast.Yield) and node.value and problems_are_yielded:
            yield node.value
        elif isinstance(node, ast.Assign | ast.AugAssign) and isinstance(
            node.value, ast.List | ast.ListComp
        ):
            target = node.target if isinstance(node, ast.AugAssign) else node.targets[0]
            if getattr(target, "id", "") == "problems":
                yield from _strings(node.value)


def _with_hints(tree: ast.Module) -> Iterator[ast.expr]:
    """Yield the problems that are told together, each in a pair with what to do."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Tuple) and len(node.elts) == 2:
            yield from (each for each in node.elts[:1] if isinstance(each, ast.JoinedStr))


def _alternatives(node: ast.expr) -> list[ast.expr]:
    return [node.body, node.orelse] if isinstance(node, ast.IfExp) else [node]


def _strings(node: ast.AST) -> Iterator[ast.expr]:
    return (each for each in ast.walk(node) if isinstance(each, ast.JoinedStr))


def _template(node: ast.expr, constants: Mapping[str, str]) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.Name):
        return constants.get(node.id, "<>")
    if isinstance(node, ast.JoinedStr):
        return "".join(_template(part, constants) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return _template(node.value, constants) if isinstance(node.value, ast.Name) else "<>"
    if isinstance(node, ast.BinOp):
        return _template(node.left, constants) + _template(node.right, constants)
    return "<>"


def invented_messages() -> list[str]:
    """Return what errors.md explains although the sources have no such wording."""
    wordings = "\n".join(
        node.value
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    return [
        message
        for message in documented_messages() - raised_messages().keys()
        if not all(part.strip(" :") in wordings for part in re.split(r"<>|: ", message))
    ]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", _BLOCK.sub("", TEXT[page]), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each).strip().lower().replace(" ", "-") for each in headings}
