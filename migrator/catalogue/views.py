"""A view's definition as every version of PostgreSQL writes it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|\w+|\s+|.""", re.DOTALL)
_QUERY = {"SELECT", "VALUES", "WITH"}
_AFTER_FROM = {
    *("WHERE", "GROUP", "HAVING", "WINDOW", "ORDER", "LIMIT", "OFFSET", "FETCH", "FOR", "WITH"),
    ";",
}
_SEVERAL = {"UNION", "INTERSECT", "EXCEPT"}


class _Token(NamedTuple):
    """A token of a query.

    Args:
        text: The token.
        depth: In how many parentheses it stands.
        is_outer: Whether it is of the query itself, and not of one inside it.

    """

    text: str
    depth: int
    is_outer: bool


def unqualified(definition: str) -> str:
    """Return a view's definition as PostgreSQL 16 and later write it.

    Before, the columns of a query's only relation were written with its name: `SELECT a.id FROM a`.

    Args:
        definition: By whatever version; with or without what stands before its query.

    """
    tokens = list(_tokens(definition))
    start, end = _from(tokens)
    relation = tokens[start:end]
    outer = [each for each in tokens if each.is_outer]
    if (
        not relation
        or any(each.text in _SEVERAL and not each.depth for each in outer)
        or any(each.is_outer and each.text == "JOIN" for each in relation)
        or any(each.text == "," and not each.depth for each in relation)
    ):
        return definition
    *_, name = (each.text for each in relation if not each.depth and each.text.strip(" \n.()"))
    texts = [each.text for each in tokens]
    for number, token in enumerate(tokens):
        is_name = token.is_outer and token.text == name and not start <= number < end
        if is_name and texts[number + 1] == "." and texts[number + 2] != "*":  # a.* is the row
            texts[number] = texts[number + 1] = ""
    return "".join(texts)


def _tokens(definition: str) -> Iterator[_Token]:
    """Yield the tokens of a query, each with where it stands."""
    texts = _TOKEN.findall(definition)
    inner: list[bool] = []  # of each open parenthesis, whether it holds a query
    for number, text in enumerate(texts):
        if text == ")" and inner:
            inner.pop()
        yield _Token(text, len(inner), not any(inner))
        if text == "(":
            following = next((each for each in texts[number + 1 :] if not each.isspace()), "")
            inner.append(following in _QUERY)


def _from(tokens: list[_Token]) -> tuple[int, int]:
    """Return where the query's own FROM clause begins and ends."""
    places = [number for number, each in enumerate(tokens) if not each.depth]
    start = next((each + 1 for each in places if tokens[each].text == "FROM"), len(tokens))
    ends = (each for each in places if each > start and tokens[each].text in _AFTER_FROM)
    return start, next(ends, len(tokens))
