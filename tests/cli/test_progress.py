"""How far batches are, on a terminal."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from migrator.cli.progress import BatchBar
from migrator.core.progress import BatchProgress

NOW = datetime(2030, 1, 1, tzinfo=UTC)
HALF = BatchProgress(
    id="0004.a.region",
    direction="apply",
    checksum="",
    rows_done=1_000,
    rows_expected=2_000,
    batches=10,
    batch_rows=100,
    batch_after=None,
    worked_ms=1,
    deleted_before=0,
    started_at=NOW,
    updated_at=NOW,
    run_pid=1,
    rows_per_second=500.0,
)


def test_a_terminal_shows_a_bar_with_the_rate_and_the_time_that_is_left(
    capsys: pytest.CaptureFixture[str],
) -> None:
    bar = BatchBar()
    bar(HALF)
    shown = capsys.readouterr().err
    assert "0004.a.region [######......] 1,000 of about 2,000 rows, 500 rows/s" in shown
    assert HALF.words.endswith(", about 0:00:02 left")
    bar(HALF)  # too soon to draw it anew
    assert capsys.readouterr().err == ""
    bar(None)
    assert capsys.readouterr().err == "\r"  # what erases is only for a terminal
