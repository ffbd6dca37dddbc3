"""Checks what the headers of migrations say, as far as their texts tell."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from migrator.core.files import Migration, SqlFile
from migrator.core.scaffold import TEMPLATE

_MODES = (
    "ACCESS SHARE",
    "ROW SHARE",
    "ROW EXCLUSIVE",
    "SHARE UPDATE EXCLUSIVE",
    "SHARE",
    "SHARE ROW EXCLUSIVE",
    "EXCLUSIVE",
    "ACCESS EXCLUSIVE",
)
_LOCK = r'([^,]+?) on ((?:"[^"]+"|[^\s,"])+)'
_FORMS = {
    "purpose": (re.compile(r"\S.*"), "one line"),
    "locks": (
        re.compile(rf"none|{_LOCK}(, {_LOCK})*"),
        "none, or MODE on relation[, MODE on relation ...]",
    ),
    "reversible": (re.compile(r"yes|lossy: \S.*|no: \S.*"), "yes, lossy: what is lost, or no: why"),
}
_UNTOUCHED = {key: text.rpartition("}")[2] for key, text in TEMPLATE.items()}
_NAME = re.compile(rb'"(?:[^"]|"")+"|[^\W\d][\w$]*')
_COMMENTS = re.compile(rb"\A(?:\s*--[^\n]*\n)+")


def findings(migrations: Sequence[Migration], wanted: Collection[str]) -> Iterator[str]:
    """Yield what is wrong in the headers of migrations.

    Args:
        migrations: All migrations, in order: a header may name what an earlier one mentions.
        wanted: The ids of those to check.

    """
    names: set[str] = set()
    for migration in migrations:
        names.update(_mentioned(migration.source.text))
        if migration.id in wanted:
            yield from _of_header(migration.source, names)


def _of_header(source: SqlFile, names: set[str]) -> Iterator[str]:
    path, header = source.path, source.header
    for key, (form, words) in _FORMS.items():
        value = header.get(key)
        if value is None:
            yield f"{path}: has no `-- {key}:` among its leading comments"
        elif value.endswith(_UNTOUCHED[key]):
            yield f"{path}: `-- {key}:` is not filled in"
        elif not form.fullmatch(value):
            yield f"{path}: `-- {key}: {value}` must be {words}"
        elif key == "locks" and value != "none":
            yield from _of_locks(path, value, names)


def _of_locks(path: Path, locks: str, names: set[str]) -> Iterator[str]:
    for mode, relation in re.findall(rf"{_LOCK}(?:, |$)", locks):
        if mode not in _MODES:
            modes = ", ".join(_MODES)
            yield f"{path}: `-- locks:` has {mode}, which is not a lock mode: {modes}"
        *_, last = _names(relation.encode()) or [""]
        if last not in names:
            yield f"{path}: `-- locks:` names {relation}, which no migration so far mentions"


def _mentioned(text: bytes) -> set[str]:
    """Return the names that a text mentions after its leading comments."""
    return set(_names(_COMMENTS.sub(b"", text)))


def _names(text: bytes) -> list[str]:
    """Return names as PostgreSQL reads them, in lower case where they have no quotes."""
    found = [each.decode("utf-8", "replace") for each in _NAME.findall(text)]
    return [each[1:-1] if each.startswith('"') else each.lower() for each in found]
