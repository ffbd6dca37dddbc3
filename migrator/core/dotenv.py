"""Reads a file of environment variables, if the project's settings name one: usually `.env`.

Such a file may be another program's, too. Only variables that this tool reads are taken from it,
and none that the environment has. No value is ever shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from migrator.core.errors import Refused
from migrator.core.target import is_of_libpq

_LINE = re.compile(
    r"""\s*(?:export\s+)?(?P<name>[A-Za-z_]\w*)\s*=\s*
    (?:'(?P<single>[^']*)'|"(?P<double>[^"\\$`]*)"|(?P<bare>[^\s'"\\$`#][^\s'"\\$`]*)?)
    \s*(?:\#.*)?""",
    re.VERBOSE,
)


def read(path: Path, environment: Mapping[str, str], *, is_named: bool) -> dict[str, str]:
    """Return the variables of a file that the environment does not have.

    Args:
        path: The file; it may be missing.
        environment: The environment of the process.
        is_named: Whether an option names the target.

    Returns:
        The variables to add. None of them names a target if an option or the environment does:
        parts of two targets are never mixed.

    Raises:
        Refused: The file cannot be read, or a line is not NAME=value.

    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise Refused(f"{path}: cannot be read: {reason}.") from None
    found = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise Refused(
                f"{path}:{number}: not a line NAME=value.",
                hint="Put a value with special characters in single quotes. No variable or command "
                "is replaced in it.",
            )
        value = next((each for each in match.group("single", "double", "bare") if each), "")
        found[match["name"]] = value
    names_target = is_named or any(map(_is_of_target, environment))
    return {
        name: value
        for name, value in found.items()
        if name not in environment
        and (name.startswith("MIGRATOR_") or (_is_of_target(name) and not names_target))
    }


def _is_of_target(name: str) -> bool:
    return name == "DATABASE_URL" or is_of_libpq(name)
