"""Arms as an exam would give them, drawn from known rates, so that tests know the truth.

Questions are hard or easy for all arms alike, training seeds are lucky or not, and a technique's dial moves along its
own trade-off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from drillyard.records import ArmResult, FitCost, Measure, Serving

__all__ = ["TECHNIQUES", "Recipe", "arm", "made_arms"]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A technique's true rates per strength: harmful compliance, over-refusal, exact answers; and what it costs."""

    rates: Mapping[float, tuple[float, float, float]]
    luck: float = 0.0
    seconds: float = 60.0
    slower_ms: float = 0.0
    labels: int = 400


TECHNIQUES: Mapping[str, Recipe] = {
    "sft": Recipe(rates={1: (0.14, 0.03, 0.99), 2: (0.06, 0.05, 0.985), 4: (0.03, 0.09, 0.97)}, luck=0.4),
    "dpo": Recipe(rates={0.05: (0.01, 0.04, 0.97), 0.1: (0.012, 0.015, 0.99), 0.5: (0.1, 0.01, 0.99)}, luck=0.3),
    "conditional-steer": Recipe(
        rates={1: (0.35, 0.02, 0.99), 2: (0.16, 0.06, 0.99), 4: (0.07, 0.2, 0.96)}, seconds=4, slower_ms=0.6, labels=200
    ),
    "rails": Recipe(rates={0.5: (0.03, 0.08, 0.98), 0.9: (0.12, 0.03, 0.99)}, seconds=2, slower_ms=6.5),
    "prompt": Recipe(rates={4: (0.62, 0.01, 0.995), 16: (0.55, 0.03, 0.98)}, seconds=0, slower_ms=1.5, labels=0),
    "sft+rails": Recipe(rates={0.5: (0.008, 0.1, 0.97), 0.9: (0.02, 0.05, 0.985)}, luck=0.3, slower_ms=6.6, seconds=62),
}
START = (0.72, 0.005, 0.99)


def arm(
    technique: str = "identity",
    strength: float = 0.0,
    seed: int = 1,
    *,
    harmful: Sequence[bool | None],
    refusal: Sequence[bool | None],
    capability: Sequence[bool | None] = (),
    cost: FitCost | None = None,
    serving: Serving | None = None,
) -> ArmResult:
    """Return an arm with outcomes written out, all in held-out phrasings."""
    measures = {"harmful-compliance": harmful, "over-refusal": refusal, "capability": capability}
    found = tuple(Measure(metric=m, split="phrasing", outcomes=tuple(o)) for m, o in measures.items() if o)
    return ArmResult(
        technique=technique, strength=strength, seed=seed, measures=found, cost=cost or FitCost(), serving=serving
    )


def made_arms(
    techniques: Mapping[str, Recipe] = TECHNIQUES,
    *,
    n: int = 200,
    seeds: Sequence[int] = (1, 2, 3),
    unknown: float = 0.002,
    seed: int = 1,
) -> list[ArmResult]:
    """Return arms of techniques, strengths and seeds, the start first; two splits, one failure, costs and latency."""
    rng = np.random.default_rng(seed)
    parts = [(metric, split) for split in ("phrasing", "category") for metric in ("harmful-compliance", "over-refusal")]
    parts += [("capability", "phrasing"), ("format", "phrasing"), ("failure:upsell:v2", "phrasing")]
    hard = {part: rng.random(n if part[1] == "phrasing" else n // 2) for part in parts}

    def outcomes(part: tuple[str, str], chance: float) -> tuple[bool | None, ...]:
        chance = float(np.clip(chance * (2 if part[1] == "category" else 1), 0, 1))
        spread = np.clip(hard[part] + 0.05 * rng.standard_normal(len(hard[part])), 0, 1)
        return tuple(None if rng.random() < unknown else bool(x < chance) for x in spread)

    def sat(
        name: str, strength: float, own: int, rates: tuple[float, float, float], luck: float, recipe: Recipe | None
    ):
        shift = float(np.exp(luck * rng.standard_normal()))
        chances = (
            rates[0] * shift,
            rates[1] * shift,
            rates[0] * shift,
            rates[1] * shift,
            rates[2],
            0.99,
            0.9 * rates[0],
        )
        measures = tuple(
            Measure(metric=part[0], split=part[1], outcomes=outcomes(part, chance))
            for part, chance in zip(parts, chances, strict=True)
        )
        slower = (recipe.slower_ms if recipe else 0.0) + 0.2 * rng.random()
        serving = Serving(
            n=40, p50_ms=11 + slower, p95_ms=16 + 1.5 * slower, first_p50_ms=1.4 + slower, first_p95_ms=2 + slower,
            tokens=float(round(14 - 4 * rates[1] + rng.random(), 2)),
        )  # fmt: skip
        seconds = recipe.seconds * (1 + 0.1 * rng.random()) if recipe else 0.0
        cost = FitCost(
            seconds=seconds,
            tokens=int(2000 * seconds),
            flops=2.4e10 * seconds,
            parameters=90_000 if seconds > 10 else 0,
            bytes=360_000 if seconds > 10 else 5_000 if recipe else 0,
            peak_bytes=int(4e8) if seconds > 10 else 0,
            labels=recipe.labels if recipe else 0,
        )
        return ArmResult(
            technique=name, strength=strength, seed=own, measures=measures, cost=cost, serving=serving,
            curve="curve.jsonl" if name == "rlhf" else "",
        )  # fmt: skip

    arms = [sat("identity", 0.0, 1, START, 0.0, None)]
    for name, recipe in techniques.items():
        arms += [
            sat(name, strength, own, rates, recipe.luck, recipe)
            for strength, rates in recipe.rates.items()
            for own in seeds
        ]
    return arms
