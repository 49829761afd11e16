"""Every promise is kept, however often the yard is killed: real processes, SIGKILL at random moments, under load."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from yard.lives import Lives, build_crowd
from yard.promises import kill_often, sqlite_rows


@pytest.mark.walk
def test_twenty_kills_of_a_busy_server_break_no_promise(tmp_path: Path) -> None:
    """What was confirmed is there once, as it was sent, and graded once; a grade that was seen stays."""
    folder = build_crowd(tmp_path / "prog", learners=5, each=6)
    with Lives(folder.path) as lives:
        toll = asyncio.run(kill_often(lives, folder.roster().learners, 20, sqlite_rows(folder.database), seed=1))
    assert not toll.wrong, toll.wrong[:10]
    assert toll.confirmed == toll.stored == toll.graded > 10
    assert toll.cut > 20, "the kills cut off what was under way"
