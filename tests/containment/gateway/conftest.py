"""The two databases that a gateway runs on."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from postgres_cluster import Cluster


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """Give a server of the tests' own; skipped, with the reason, where PostgreSQL is missing, but not in CI."""
    try:
        from postgres_cluster import binaries, cluster
    except ModuleNotFoundError as error:
        missing = f"no {error.name} here"
    else:
        missing = "" if binaries() else "no PostgreSQL on this machine"
    if missing:
        end = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        end(f"{missing}: ./yard test installs it")
    with cluster() as made:
        yield made


@pytest.fixture(params=["sqlite", "postgres"])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[int], str]:
    """Return a maker of empty databases, each a URL, whatever number it is given."""
    if request.param == "sqlite":
        numbers = itertools.count()
        return lambda _number=0: f"sqlite:///{tmp_path / f'{next(numbers)}.db'}"
    server = request.getfixturevalue("postgres")
    return lambda _number=0: server.schema()
