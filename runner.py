#!/usr/bin/env python3
"""The front door of this checkout: `migrator`, for the project that this file stands in."""

from __future__ import annotations

from pathlib import Path

from migrator.__main__ import run

if __name__ == "__main__":
    run(
        Path(__file__).resolve().parent,
        install="Run make migrate, which installs what is needed in .venv/, and then "
        ".venv/bin/python runner.py.",
    )
