"""Texts that make a careless lexer take for ever."""

from __future__ import annotations

HOSTILE = {
    "doubled quotes, no end": "SELECT '" + "a''" * 40_000,
    "escaped quotes, no end": "SELECT E'" + "\\'a" * 40_000,
    "segments": "SELECT E'a'" + "\n'b'" * 40_000,
    "segments, no end": "SELECT E'a'" + "\n'b'" * 40_000 + "\n'",
    "comments after a string": "SELECT E'a'" + "\n--x" * 40_000,
    "strings with wide gaps": "SELECT " + ("E'a'" + " " * 200 + "x") * 600,
    "dollars": "SELECT " + "$a" * 60_000,
    "dollar quotes": "SELECT " + "$$ " * 40_001,
    "nested comments, no end": "/*" * 60_000,
    "nested comments": "/*" * 30_000 + "*/" * 30_000,
    "parentheses": "CREATE TABLE " + "(" * 120_000,
    "words of a routine": "CREATE FUNCTION " + "a " * 60_000,
    "blocks of a routine": "CREATE FUNCTION f() BEGIN ATOMIC " + "begin " * 20_000,
    "minuses and slashes": "SELECT " + "-/" * 60_000,
    "e and quotes": "SELECT " + "e'" * 60_000,
    "one word": "a" * 120_000,
    "spaces": " " * 120_000,
    "semicolons": ";" * 120_000,
}
