#!/usr/bin/env python3
"""The front door of this checkout: `migrator`, for the project that this file stands in."""

from __future__ import annotations

import sys
from pathlib import Path

from migrator.core import process

if __name__ == "__main__":
    process.begin()  # before the imports that take time

    from migrator.cli.main import main

    process.end(main(Path(__file__).resolve().parent, sys.argv[1:]))
