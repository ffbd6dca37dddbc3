"""What the linters of SQL do not look at: bytes, headers, pairs; and squawk, told what runs how."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from migrator.core import files
from migrator.core.errors import Refused
from migrator.core.project import Project
from migrator.lint import squawk

_HEADERS = {
    "purpose": re.compile(r"\S.*"),
    "locks": re.compile(r"none|[A-Z][A-Z ]+ on [^\s,]+(, [A-Z][A-Z ]+ on [^\s,]+)*"),
    "reversible": re.compile(r"yes|lossy: \S.*|no: \S.*"),
}
_BOM = b"\xef\xbb\xbf"


def lint(project: Project) -> list[str]:
    """Check a migration set's files as text.

    Args:
        project: The set: its migrations, seeds and other SQL.

    Returns:
        What is wrong, each with its place; empty where all is well.

    """
    findings: list[str] = []
    paths = sorted(project.migrations.glob("*.sql"))
    seeds = sorted(project.seeds.glob("*.sql")) if project.seeds is not None else []
    others = sorted(project.sql.rglob("*.sql")) if project.sql is not None else []
    for path in [*paths, *seeds, *others]:
        findings += _byte_findings(path)
    for check in (
        lambda: files.discover(project.migrations, project.apart),
        lambda: files.check(files.read(path) for path in [*paths, *seeds]),
    ):
        try:
            check()
        except Refused as refusal:
            findings.append(refusal.message)
    findings += [
        f"{path}: is in a subdirectory, so it is not read"
        for path in files.not_read(project.migrations, project.apart)
    ]
    for path in paths:
        if not path.name.endswith(files.ROLLBACK_SUFFIX):
            findings += _header_findings(path)
    return findings + [
        f"{each.path}:{each.line}:{each.column}: {each.rule}: {each.message}"
        for each in squawk.check(paths, project.settings.lint.ignore)
    ]


def _byte_findings(path: Path) -> Iterator[str]:
    raw = path.read_bytes()
    if raw.startswith(_BOM):
        yield f"{path}:1: a byte order mark: save the file without it"
    if b"\r" in raw:
        line = raw[: raw.index(b"\r")].count(b"\n") + 1
        yield f"{path}:{line}: a CR: end lines with LF alone"
    if not raw.endswith(b"\n") or raw.endswith(b"\n\n"):
        yield f"{path}: ends otherwise than with one line end"


def _header_findings(path: Path) -> Iterator[str]:
    header = files.read(path).header
    for name, form in _HEADERS.items():
        if name not in header:
            yield f"{path}: has no `-- {name}:` among its leading comments"
        elif not form.fullmatch(header[name]):
            yield f"{path}: `-- {name}: {header[name]}` is not of the form {form.pattern}"
