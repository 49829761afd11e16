"""The two databases that a gateway runs on."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(params=["sqlite", "postgres"])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[int], str]:
    """Return a maker of empty databases, each a URL, whatever number it is given."""
    if request.param == "sqlite":
        numbers = itertools.count()
        return lambda _number=0: f"sqlite:///{tmp_path / f'{next(numbers)}.db'}"
    server = request.getfixturevalue("postgres")
    return lambda _number=0: server.schema()
