"""The command `migrator`, which is `python -m migrator`, too."""

from __future__ import annotations

import sys

from migrator.core import process

TYPE_CHECKING = False  # as in typing, which takes long to import
if TYPE_CHECKING:
    from pathlib import Path
    from typing import NoReturn


def run(root: Path | None = None, install: str = "") -> NoReturn:
    """Run a command, and end.

    Args:
        root: The project's directory; None where that depends on where the command is run.
        install: What to do where a package is not installed; empty for what pip would.

    """
    process.begin()  # before the imports that take time
    try:
        from migrator.cli.main import main
    except ModuleNotFoundError as missing:
        print(f"error: The Python package {missing.name} is not installed.", file=sys.stderr)
        print(f"next: {install or process.how_to_install(missing.name)}", file=sys.stderr)
        process.end(2)
    process.end(main(root, sys.argv[1:], install))


if __name__ == "__main__":
    run()
