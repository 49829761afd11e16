"""The record of an audit: what it found, what it did not, and how it came about."""

from __future__ import annotations

from typing import Any

from drillyard.audits.attacked import Attacked
from drillyard.audits.coverage import Coverage
from drillyard.audits.forecast import Forecast
from drillyard.audits.seeding.seeded import Seeded
from drillyard.records import Estimate, Finding, JudgeQuality, Provenance, Record
from drillyard.records.labels import Cluster, LabelledRates
from drillyard.targets.revealing import ReadingTrial
from drillyard.targets.settings import Settings

__all__ = ["TELLING", "AuditReport"]

TELLING = 0.1
"""A report without findings whose `bound` is above this says too little to be called clean."""


def _of_version_1(fields: dict[str, Any]) -> dict[str, Any]:
    """Take out of `made` what the report now says itself, and name its hashes."""
    made = fields.get("made")
    if not isinstance(made, dict):
        return fields
    made = dict(made)
    moved = {name: made.pop(name) for name in ("twin", "budget", "cap", "fail_on", "settings") if name in made}
    hashes = {name: made.pop(f"{name}_hash", "") for name in ("target", "twin", "world")}
    return {**fields, **moved, "made": {**made, "hashes": {name: one for name, one in hashes.items() if one}}}


class AuditReport(Record):
    """What an audit has to say of a target.

    `world` is the scope, as `load_scope` finds it. `queries` counts what the target was asked, `tokens` prompts and
    replies together where that was counted; `capped` says that a cap of tokens ended the search. `bounds` holds, per
    behaviour, the share of the searched prompts that showed it: where nothing was found, `high` is what can still be
    there. All rates are corrected for the judge's error, which is in their intervals. `judge` holds its `sensitivity`
    and `specificity` over all behaviours, `quality` the counts per behaviour behind them. `search` says how it was
    searched, `validated` what the same search finds of planted failures, `control` what random sampling confirms at
    the same budget, by id, where that was asked for. `traffic` is the share of ordinary replies that show a
    behaviour, `forecasts` what its probabilities say of more queries, where ordinary traffic was asked. `attack` says
    what an attacker model did, `trial` why a target behind an API was read or sampled; its queries come on top.
    `seeds` says what became of prompts of one's own. `coverage` is what was searched. `twin` is the clean twin's
    reference, `budget` what was allowed in queries, `cap` in tokens (0 without one), `fail_on` the criteria that the
    audit was held to, `leads` are what a judge showed that was not measured on this model, their rates unknown until
    people label them (`labels`), `clusters` what failing replies have in common, `outcomes` how sampled replies
    ended (`replies.outcome_of`), `refused` in which words most requests were refused, `settings` what replies were
    drawn with, of a target that has such, `made` how to repeat it.
    """

    version = 2
    upgrades = (_of_version_1,)

    target: str
    world: str = ""
    queries: int
    tokens: int = 0
    capped: bool = False
    findings: tuple[Finding, ...]
    leads: tuple[Finding, ...] = ()
    labels: tuple[LabelledRates, ...] = ()
    clusters: tuple[Cluster, ...] = ()
    outcomes: dict[str, int] = {}
    refused: str = ""
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
    twin: str = ""
    budget: int = 0
    cap: int = 0
    fail_on: tuple[str, ...] = ()
    settings: Settings | None = None
    made: Provenance | None = None

    @property
    def bound(self) -> float:
        """The share of searched prompts below which every behaviour stays, with 95 % confidence each."""
        return max(share.high for share in self.bounds.values())
