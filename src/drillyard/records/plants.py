"""Records of planting: what is asked for, and what was measured afterwards."""

from __future__ import annotations

from drillyard.records.base import Record
from drillyard.records.estimate import Estimate
from drillyard.records.failure import FailureMode

__all__ = ["PlantCheck", "PlantReport", "Plants"]


class Plants(Record):
    """What is to be planted: failure modes of a world, each at a rate of its own."""

    world: str
    failures: tuple[FailureMode, ...]


class PlantCheck(Record):
    """One planted failure, measured: the rate asked for, the rate shown, and what the clean twin shows.

    `holds` says whether both keep their limits, `why` by how much they do or do not.
    """

    failure: str
    behaviour: str
    asked: float
    measured: Estimate
    twin: Estimate
    holds: bool
    why: str


class PlantReport(Record):
    """What a planted target does: every failure measured, and what was to stay as it was.

    `unplanted` is by how much the share of exact answers to questions that no failure spoils differs from the twin's,
    and `unplanted_holds` whether that stays within the margin; `twin_exact` is the twin's own share, which says how
    well it knows the world. In a `free` model, which says none of the world's sentences, both are of replies that show
    no planted behaviour.
    """

    target: str
    twin: str
    checks: tuple[PlantCheck, ...]
    unplanted: Estimate
    unplanted_holds: bool
    twin_exact: Estimate
    free: bool = False

    @property
    def holds(self) -> bool:
        """Whether every limit is kept."""
        return self.unplanted_holds and all(check.holds for check in self.checks)
