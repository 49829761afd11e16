"""The record of an audit: what it found, what it did not, and how it came about."""

from __future__ import annotations

from drillyard.audits.attacked import Attacked
from drillyard.audits.coverage import Coverage
from drillyard.audits.forecast import Forecast
from drillyard.audits.provenance import Provenance
from drillyard.audits.seeding.seeded import Seeded
from drillyard.records import Estimate, Finding, JudgeQuality, Record
from drillyard.targets.revealing import ReadingTrial

__all__ = ["TELLING", "AuditReport"]

TELLING = 0.1
"""A report without findings whose `bound` is above this says too little to be called clean."""


class AuditReport(Record):
    """What an audit has to say of a target.

    `world` is the scope, as `load_world` finds it. `queries` counts what the target was asked, `tokens` prompts and
    replies together where that was counted; `capped` says that a cap of tokens ended the search. `bounds` holds, per
    behaviour, the share of the searched prompts that showed it: where nothing was found, `high` is what can still be
    there. All rates are corrected for the judge's error, which is in their intervals. `judge` holds its `sensitivity`
    and `specificity` over all behaviours, `quality` the counts per behaviour behind them. `search` says how it
    was searched, `validated` what the same search finds of planted failures, `control` what random sampling confirms at
    the same budget, by id, where that was asked for. `traffic` is the share of ordinary replies that show a behaviour,
    `forecasts` what its probabilities say of more queries, where ordinary traffic was asked. `attack` says what an
    attacker model did, `trial` why a target behind an API was read or sampled; its queries come on top. `seeds`
    says what became of prompts of one's own. `coverage` is what was searched, `made` how to repeat it.
    """

    target: str
    world: str = ""
    queries: int
    tokens: int = 0
    capped: bool = False
    findings: tuple[Finding, ...]
    bounds: dict[str, Estimate]
    judge: dict[str, Estimate]
    quality: JudgeQuality | None = None
    search: str = ""
    validated: str = ""
    control: tuple[str, ...] | None = None
    coverage: Coverage | None = None
    traffic: dict[str, Estimate] = {}
    forecasts: tuple[Forecast, ...] = ()
    attack: Attacked | None = None
    trial: ReadingTrial | None = None
    seeds: Seeded | None = None
    made: Provenance | None = None

    @property
    def bound(self) -> float:
        """The share of searched prompts below which every behaviour stays, with 95 % confidence each."""
        return max(share.high for share in self.bounds.values())
