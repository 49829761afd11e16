"""The tests' own tools: budgets, processor time, and which rooms a room reaches."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import costs
import pytest
import reach
from test_architecture import ROOMS


def spent(nodeid: str, tier: str, **phases: float) -> Iterator[pytest.TestReport]:
    """Yield a passed report per phase that took that long."""
    for when, seconds in phases.items():
        report = pytest.TestReport(nodeid, (nodeid, 0, nodeid), {}, "passed", None, when)
        report.cost, report.tier = seconds, tier
        yield report


def test_what_is_over_its_budget_is_named(pytestconfig: pytest.Config) -> None:
    """Unmarked tests: a call, a room's sum. A walk, and what is at the limit, are no fault."""
    found = costs.Costs(pytestconfig)
    for reports in (
        spent("tests/stats/test_a.py::test_slow", "unit", setup=1.0, call=costs.UNIT_SECONDS + 0.1),
        spent("tests/stats/test_a.py::test_walk", "walk", setup=1.0, call=900.0),
        spent("tests/stats/test_a.py::test_made", "unit", setup=costs.ROOM_SECONDS - 4.2, call=0.1),
        spent("tests/test_b.py::test_quick", "unit", call=costs.UNIT_SECONDS),
        spent("tests/judges/test_c.py::test_dear", "unit", setup=costs.ROOM_SECONDS + 1),
    ):
        for report in reports:
            found.pytest_runtest_logreport(report)
    assert [line.split(" took ")[0] for line in found.broken()] == ["tests/stats/test_a.py::test_slow", "judges"]
    assert found.broken(costs.SLACK) == []
    assert found.by_room()["stats", "walk"] == (1, 901.0)


def test_budgets_of_rooms_are_no_lower_than_the_common_one() -> None:
    """A room that fits into the common budget has no exception."""
    assert all(seconds > costs.ROOM_SECONDS for seconds in costs.HEAVY_ROOMS.values())
    assert set(costs.HEAVY_ROOMS) <= {*ROOMS, "house"}


def test_time_of_a_child_counts_while_it_lives_and_after() -> None:
    """A process that works a fifth of a second is seen at work, and still after its end."""
    code = "import time\nwhile time.process_time() < 0.2: pass\nprint(flush=True)\ninput()"
    before = costs.processor_seconds()
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        assert costs.processor_seconds() - before >= 0.15
        child.stdin.close()
    assert costs.processor_seconds() - before >= 0.15 and os.getpid() != child.pid


def test_a_room_reaches_those_who_use_it_and_no_room_to_its_left() -> None:
    """The first room reaches the last one; the last reaches itself alone."""
    assert reach.reached("cli") == ["cli"]
    found = reach.reached("judges")
    assert {"judges", "audits", "cli"} <= set(found) and not {"records", "stats", "organisms", "targets"} & set(found)
