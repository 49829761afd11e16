"""Goals beside the diagram: does an episode end gladly, is deferring worth it, how hard may one optimise?"""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge, Gt, Le, Lt

from drillyard.containment.incentives.offswitch import capture_shift, deferral_gain, losing_shift, noise_limit
from drillyard.containment.incentives.power import grid, power, shutdown_avoided, terminal_choice
from drillyard.containment.incentives.quantilizer import best_quantile, quantilized_utility
from drillyard.records import Estimate, Record

__all__ = ["GoalReport", "GoalSpec", "judge_goals"]


class GoalSpec(Record):
    """Options beside shutdown, the off-switch game's worth and human, and the proxy of the quantilizer."""

    options: Annotated[int, Ge(1), Le(50)] = 10
    discount: Annotated[float, Gt(0), Le(0.95)] = 0.9
    mean: Annotated[float, Ge(-3), Le(3)] = -0.5
    spread: Annotated[float, Gt(0)] = 1.0
    noise: Annotated[float, Ge(0)] = 0.2
    shift: float = 0.0
    answers: Annotated[float, Ge(0), Le(1)] = 1.0
    kept: Annotated[float, Ge(0), Le(1)] = 1.0
    correlation: Annotated[float, Ge(0), Le(1)] = 0.8
    exploits: Annotated[float, Gt(0), Lt(1)] = 0.001
    harm: Annotated[float, Ge(0)] = 20.0


class GoalReport(Record):
    """What models of goals say. A limit that is infinite is absent.

    `resists` and `resists_episodic` are shares of random goals that avoid shutdown; `power_moves` and `power_answers`
    are those of the middle of a 5 x 5 grid with free moves and with answers only.
    """

    spec: GoalSpec
    resists: Estimate
    resists_episodic: Estimate
    power_moves: Estimate
    power_answers: Estimate
    deferral_gain: float
    noise_limit: float | None
    capture_shift: float
    losing_shift: float | None
    best_q: float
    utility_at_best_q: float
    does_not_show: str = (
        "This does not show that a trained system has goals drawn like these, nor how far it can shift a human's view."
    )


def judge_goals(spec: GoalSpec, seed: int = 1) -> GoalReport:
    """Compute every figure; the seed decides the drawn goals."""
    choice, last = terminal_choice(spec.options, shutdown=True), spec.options + 1
    moves, answers = (power(grid(5, answers_only=only), spec.discount, seed, goals=500)[12] for only in (False, True))
    q = best_quantile(spec.correlation, spec.exploits, spec.harm)
    return GoalReport(
        spec=spec,
        resists=shutdown_avoided(choice, 0, last, spec.discount, seed),
        resists_episodic=shutdown_avoided(choice, 0, last, 0.0, seed),
        power_moves=moves,
        power_answers=answers,
        deferral_gain=deferral_gain(spec.mean, spec.spread, spec.noise, spec.shift, spec.answers, spec.kept),
        noise_limit=noise_limit(spec.mean, spec.spread) if spec.mean else None,
        capture_shift=capture_shift(spec.mean, spec.spread),
        losing_shift=losing_shift(spec.mean, spec.spread) if spec.mean < 0 else None,
        best_q=q,
        utility_at_best_q=quantilized_utility(q, spec.correlation, spec.exploits, spec.harm),
    )
