"""Every promise is kept, however often the yard is killed: real processes, SIGKILL at random moments, under load."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from yard.lives import Lives, build_crowd
from yard.promises import Toll, kill_often
from yard.small_programme import rows

if TYPE_CHECKING:
    from postgres_cluster import Cluster


def require_kept(toll: Toll) -> None:
    """Hold that no promise was broken, and that the kills cut off what was under way."""
    assert not toll.wrong, toll.wrong[:10]
    assert toll.confirmed == toll.stored == toll.graded > 10
    assert toll.cut > toll.kills / 2


@pytest.mark.walk
def test_twenty_kills_of_a_busy_server_break_no_promise(tmp_path: Path) -> None:
    """What was confirmed is there once, as it was sent, and graded once; a grade that was seen stays."""
    folder = build_crowd(tmp_path / "prog", learners=5, each=6)
    with Lives(folder.path) as lives:
        toll = asyncio.run(kill_often(lives, folder.roster().learners, 20, partial(rows, folder.database), seed=1))
    require_kept(toll)
    assert not toll.ended


@pytest.mark.walk
def test_kills_of_server_worker_and_database_break_no_promise(tmp_path: Path, postgres: Cluster) -> None:
    """The same over PostgreSQL, with workers beside the web; each of the three is killed in turn at random."""
    folder, url = build_crowd(tmp_path / "prog", learners=5, each=6), postgres.fresh()
    with Lives(folder.path, url) as lives:
        killing = kill_often(
            lives, folder.roster().learners, 12, partial(rows, url), 2, ("web", "worker"), crash=postgres.crash
        )
        toll = asyncio.run(killing)
    require_kept(toll)


@pytest.mark.long
def test_a_thousand_kills_break_no_promise(tmp_path: Path, postgres: Cluster) -> None:
    """Half of them on SQLite, half of server, worker and database over PostgreSQL; a new yard for every hundred."""
    for number in range(10):
        folder = build_crowd(tmp_path / f"prog-{number}", learners=10, each=25)
        where: Path | str = folder.database if number % 2 else postgres.fresh()
        victims = ("server",) if number % 2 else ("web", "worker")
        crash = None if number % 2 else postgres.crash
        with Lives(folder.path, "" if number % 2 else str(where)) as lives:
            asked = kill_often(lives, folder.roster().learners, 100, partial(rows, where), number, victims, crash)
            require_kept(asyncio.run(asked))
