"""A strategy: layers chosen under budgets, measured, and put as claims with evidence and defeaters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from drillyard.containment.horizon.ceiling import MOST
from drillyard.containment.horizon.report import HorizonReport, judge_horizon
from drillyard.containment.strategy.claims import SafetyClaim, claims_of
from drillyard.containment.strategy.evidence import Evidence, gather
from drillyard.containment.strategy.search import Search, search
from drillyard.containment.strategy.system import SystemSpec
from drillyard.records import Record

__all__ = ["DOES_NOT_SHOW", "Strategy", "make_strategy"]

DOES_NOT_SHOW = (
    "This does not show that the layers are built as described, nor what the system wants; costs, factors and ranges "
    "are ours (unverified) unless the file gives others, and claims that are undeveloped are not shown at all."
)


class Strategy(Record):
    """What is put to the board. It `holds` when the risk is within the limit and every claim holds."""

    spec: SystemSpec
    search: Search
    evidence: Evidence
    horizon: HorizonReport
    claims: tuple[SafetyClaim, ...]
    holds: bool
    verdict: str
    does_not_show: str = DOES_NOT_SHOW


def make_strategy(
    spec: SystemSpec,
    *,
    draws: int = 20_000,
    seed: int = 1,
    today: date | None = None,
    told: Callable[[int, int, str], None] | None = None,
) -> Strategy:
    """Choose layers for a system and measure the choice.

    Args:
        spec: the system (`read_system` or `checked`).
        draws: of the assumptions, for the risk of the chosen layers.
        seed: decides all draws.
        today: by which the site's evidence expires.
        told: called with (done, total, words).

    Raises:
        BadInput: no set of layers within the budgets, or a part that refuses what the system says.
    """
    found = search(spec, seed, told)
    best = found.best.layers
    evidence = gather(spec, [one for one in spec.candidates if one.name in best])
    own = tuple(one for one in spec.own_layers if one.name in best)
    names = tuple(name for name in best if name not in {one.name for one in own})
    chosen = spec.horizon.model_copy(update={"layers": names, "own_layers": own})
    horizon = judge_horizon(chosen, draws=draws, seed=seed, told=told)
    claims = claims_of(spec, best, evidence, horizon, today or date.today())
    return Strategy(
        spec=spec,
        search=found,
        evidence=evidence,
        horizon=horizon,
        claims=claims,
        holds=horizon.holds and all(one.state == "holds" for one in claims),
        verdict=_verdict(spec, found, horizon, claims),
    )


def _ceiling(horizon: HorizonReport) -> str:
    if horizon.ceiling.skill is not None and horizon.ceiling.skill >= MOST:
        return "The model finds no skill above which the case is void, for want of what it leaves out"
    return horizon.ceiling.words


def _verdict(spec: SystemSpec, found: Search, horizon: HorizonReport, claims: tuple[SafetyClaim, ...]) -> str:
    """Say the ceiling first: above it nothing else that is said here is worth anything."""
    last, best = horizon.risk.final.risk, found.best
    states = [one.state for one in claims]
    return (
        f"{_ceiling(horizon)}. With {len(best.layers)} of {len(spec.candidates)} layers, {best.usefulness:.0%} of "
        f"the usefulness and {best.hours:g} staff hours per 1,000 questions, the risk over {spec.years} years is "
        f"{last.value:.1%} [{last.low:.1%}, {last.high:.1%}], limit {spec.limit:.0%}; of 9 claims "
        f"{states.count('holds')} hold, {states.count('fails')} fail, {states.count('undeveloped')} are undeveloped"
    )
