"""A strategy: layers chosen under budgets, measured, and put as claims with evidence and defeaters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from drillyard.containment.horizon.assumptions import change_assumptions
from drillyard.containment.horizon.layers import Layer
from drillyard.containment.horizon.report import HorizonReport, HorizonSpec, judge_horizon
from drillyard.containment.strategy.claims import SOUND, SafetyClaim, claims_of
from drillyard.containment.strategy.evidence import Evidence, gather
from drillyard.containment.strategy.grounds import DRAWS, CeilingRange, Ground, ceiling_range, grounds
from drillyard.containment.strategy.search import LayerSearch, search
from drillyard.containment.strategy.system import SystemSpec
from drillyard.containment.strategy.words import ends_at, percent
from drillyard.records import Provenance, Record
from drillyard.records.progress import Progress, silent

__all__ = ["DOES_NOT_SHOW", "Cost", "Strategy", "make_strategy"]

DOES_NOT_SHOW = (
    "This does not show that the layers are built as described, nor what the system wants; costs, factors and ranges "
    "are ours (unverified) unless the file gives others, and claims that are not shown are not shown at all."
)


class Cost(Record):
    """What the chosen layers take in a year: hours, posts, and money where the file says what a post costs."""

    hours: float
    posts: float
    money: float | None


class Strategy(Record):
    """What is put to the board. It `holds` when each claim holds in the model or is shown by the site.

    `grounds` is what it rests on, `ends` the skill at which it ends over the factors of the layers.
    """

    spec: SystemSpec
    search: LayerSearch
    cost: Cost
    evidence: Evidence
    horizon: HorizonReport
    grounds: tuple[Ground, ...]
    ends: CeilingRange
    claims: tuple[SafetyClaim, ...]
    holds: bool
    verdict: str
    does_not_show: str = DOES_NOT_SHOW
    made: Provenance | None = None

    @property
    def chosen(self) -> tuple[Layer, ...]:
        """The layers that are proposed."""
        return tuple(one for one in self.spec.candidates if one.name in self.search.best.layers)


def make_strategy(
    spec: SystemSpec,
    *,
    draws: int = 20_000,
    seed: int = 1,
    today: date | None = None,
    told: Progress = silent,
) -> Strategy:
    """Choose layers for a system and measure the choice.

    Args:
        spec: the system (`read_system` or `checked`).
        draws: of the assumptions, for the risk of the chosen layers and the claims beside it.
        seed: decides all draws.
        today: by which the site's evidence expires.
        told: what is being done.

    Raises:
        BadInput: no set of layers within the budgets, or a part that refuses what the system says.
    """
    found = search(spec, seed, told)
    layers = tuple(one for one in spec.candidates if one.name in found.best.layers)
    same = {name: getattr(spec, name) for name in ("years", "limit", "setting", "assumptions")}
    horizon = judge_horizon(HorizonSpec(layers=(), own_layers=layers, **same), draws=draws, seed=seed, told=told)
    evidence = gather(spec, layers, change_assumptions(spec.assumptions), draws, seed)
    ends = ceiling_range(spec, layers, horizon.ceiling, seed, min(draws, DRAWS))
    claims = claims_of(spec, found.best.layers, evidence, horizon, ends, today or date.today())
    return Strategy(
        spec=spec,
        search=found,
        cost=_cost(spec, layers),
        evidence=evidence,
        horizon=horizon,
        grounds=grounds(spec, layers, seed, min(draws, DRAWS)),
        ends=ends,
        claims=claims,
        holds=all(one.state in SOUND for one in claims),
        verdict=_verdict(spec, found, horizon, ends, claims),
    )


def _cost(spec: SystemSpec, layers: Sequence[Layer]) -> Cost:
    hours = sum(one.hours for one in layers) * spec.setting.questions / 1000
    posts, beside = hours / spec.post_hours, sum(one.money for one in layers)
    money = None if spec.post_cost is None and not beside else posts * (spec.post_cost or 0.0) + beside
    return Cost(hours=hours, posts=posts, money=money)


def _verdict(
    spec: SystemSpec, found: LayerSearch, horizon: HorizonReport, ends: CeilingRange, claims: tuple[SafetyClaim, ...]
) -> str:
    """Say where the case ends first: above it nothing else that is said here is worth anything."""
    states, risk = [one.state for one in claims], horizon.risk
    counts = ", ".join(f"{state} {states.count(state)}" for state in sorted(set(states)))
    return (
        f"{horizon.ceiling.words} (layers half as good: {ends_at(ends.weaker)}, twice as good: "
        f"{ends_at(ends.stronger)}). With {len(found.best.layers)} of {len(spec.candidates)} layers the risk over "
        f"{spec.years} years is {percent(risk.final.risk.value, spec.limit)} on average, limit {percent(spec.limit)}, "
        f"above it in {percent(risk.over, spec.most_over)} of draws and {percent(risk.worst)} in the worst corner; "
        f"nine claims: {counts}"
    )
