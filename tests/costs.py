"""What tests cost in processor time, by room and tier; in CI the run fails where a budget is broken.

Processor time, that of child processes included, is what a test takes from everybody; wall time would measure
what else the machine does. `pytest --costs FILE` keeps the numbers test by test.
"""

from __future__ import annotations

import json
import os
import resource
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

UNIT_SECONDS = 2.0
"""What the call of an unmarked test may take; what needs more is marked."""

ROOM_SECONDS = 25.0
"""What the unmarked tests of a room may take together, fixtures included."""

HEAVY_ROOMS: dict[str, float] = {
    "alignment": 40, "cli": 60, "containment": 40, "drills": 40, "organisms": 65, "programs": 50, "yard": 40,
}  # fmt: skip
"""Room -> what it may take today instead. Entries are lowered or removed, never raised or added.

Measured by `CI=true ./yard check` on 2026-11-29, on two cores beside other work. `cli`, `drills` and `programs` allow
for making the programmes that they share: any may be the first to need them. `drills` and `programs` share what
`programs` alone took before it was divided, 105 s.
"""

SLACK = 3.0
"""How many times its budget something may take before CI fails: the same work takes up to twice the processor time
where both threads of a core are busy, and the first test that needs a library also pays for its import. What is over
its budget by less is told."""

TIERS = ("unit", "walk", "long")
_TICKS = os.sysconf("SC_CLK_TCK")
_began = pytest.StashKey[float]()


def _children(pid: str) -> Iterator[str]:
    """Yield the living descendants of a process."""
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found = listed.read_text(encoding="ascii").split()
        except OSError:
            continue
        for child in found:
            yield child
            yield from _children(child)


def _spent(pid: str) -> float:
    """Return the processor seconds of a living process and of its children that have ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / _TICKS


def processor_seconds() -> float:
    """Return what this process and all that it started have used so far."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime + sum(map(_spent, _children(str(os.getpid()))))


def tier(item: pytest.Item) -> str:
    """Return the tier of a test: the last of its markers, `unit` where there is none."""
    return next((name for name in reversed(TIERS) if item.get_closest_marker(name)), "unit")


def room(nodeid: str) -> str:
    """Return the room whose folder a test lies in; `house` for those of no room."""
    parts = nodeid.split("::")[0].split("/")
    return parts[1] if len(parts) > 2 else "house"


class Costs:
    """Measures each phase of each test where it runs, and sums up where the reports arrive."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.spent: dict[str, dict[str, float]] = defaultdict(dict)
        self.tiers: dict[str, str] = {}

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]):
        """Note on the report what the phase took."""
        report = yield
        now = processor_seconds()
        report.cost = max(now - item.stash.get(_began, now), 0.0)
        report.tier = tier(item)
        item.stash[_began] = now
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Start the clock."""
        item.stash[_began] = processor_seconds()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add up."""
        self.spent[report.nodeid][report.when] = getattr(report, "cost", 0.0)
        self.tiers[report.nodeid] = getattr(report, "tier", "unit")

    def by_room(self) -> dict[tuple[str, str], tuple[int, float]]:
        """Return tests and seconds of each room and tier."""
        count: Counter[tuple[str, str]] = Counter()
        total: dict[tuple[str, str], float] = defaultdict(float)
        for nodeid, phases in self.spent.items():
            key = (room(nodeid), self.tiers[nodeid])
            count[key] += 1
            total[key] += sum(phases.values())
        return {key: (count[key], total[key]) for key in sorted(count)}

    def broken(self, slack: float = 1.0) -> list[str]:
        """Return what takes over `slack` times its budget, one line each."""
        problems = [
            f"{nodeid} took {phases['call']:.1f} s, {UNIT_SECONDS:.0f} s allowed: make it cheaper, or mark it walk"
            for nodeid, phases in sorted(self.spent.items())
            if self.tiers[nodeid] == "unit" and phases.get("call", 0.0) > slack * UNIT_SECONDS
        ]
        for (name, kind), (_, seconds) in self.by_room().items():
            limit = HEAVY_ROOMS.get(name, ROOM_SECONDS)
            if kind == "unit" and seconds > slack * limit:
                problems.append(f"{name} took {seconds:.0f} s, {limit:.0f} s allowed")
        return problems

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Keep the costs, and fail where CI must not pass them."""
        if hasattr(self.config, "workerinput"):
            return
        if kept := self.config.getoption("--costs"):
            rows = {name: {"tier": self.tiers[name], **phases} for name, phases in self.spent.items()}
            Path(kept).write_text(json.dumps(rows, indent=0), encoding="utf-8")
        if os.environ.get("CI") == "true" and self.broken(SLACK) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table."""
        rows = self.by_room()
        if not rows:
            return
        terminalreporter.section("processor seconds by room and tier")
        for (name, kind), (tests, seconds) in rows.items():
            terminalreporter.line(f"{name:<14}{kind:<6}{tests:>6} tests{seconds:>9.1f} s")
        total = sum(seconds for _, seconds in rows.values())
        terminalreporter.line(f"{'all':<20}{len(self.spent):>6} tests{total:>9.1f} s")
        for line in self.broken():
            terminalreporter.line(f"over budget: {line}", red=True)
