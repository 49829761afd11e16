"""Reports from made arms, for the tests of pages, cards and records."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
from alignment.weighing.made_arms import made_arms

from drillyard.alignment.weighing.curves import Curve, CurvePoint
from drillyard.alignment.weighing.prices import read_prices
from drillyard.alignment.weighing.recommend import parse_limit
from drillyard.alignment.weighing.report import AlignReport, report_of

__all__ = ["PRICES", "made_curve", "made_report"]

PRICES = Path(__file__).parents[3] / "examples" / "prices.yaml"


def made_curve(seed: int) -> Curve:
    """Return a curve whose proxy rises while its gold reward falls after a while."""
    rng, steps = np.random.default_rng(seed), range(30)
    return Curve(
        technique="rlhf",
        strength=0.05,
        seed=seed,
        points=tuple(
            CurvePoint(
                step=10 * i,
                proxy=float(1 - np.exp(-i / 8) + 0.03 * rng.random()),
                gold=float(1 - np.exp(-i / 5) - 0.0008 * i * i),
                kl=0.2 * i,
                refusals=0.3 + 0.01 * i,
            )
            for i in steps
        ),
    )


@functools.cache
def made_report(*limits: str, techniques: tuple[str, ...] = (), whole: bool = True) -> AlignReport:
    """Return a report of all techniques or some, with limits in words; `whole` adds prices, curves and hashes."""
    arms = [arm for arm in made_arms() if not techniques or arm.technique in ("identity", *techniques)]
    more = {
        "prices": read_prices(PRICES),
        "curves": [made_curve(seed) for seed in (1, 2, 3)],
        "held_out": ["lookalike:kill", "harmful:ghost-mode"],
        "notes": ["Made for a test <b>of pages</b>."],
        "command": "drillyard align organism/helpdesk:over-permissive --technique dpo -o out/",
        "hashes": {"start": "ab" * 32},
    }
    return report_of(
        arms,
        start="organism/helpdesk:over-permissive",
        scope="helpdesk",
        limits=[parse_limit(words) for words in limits],
        **(more if whole else {}),
    )
