"""One executive's case, drawn from a seed: exposure, two controls with a maker's claim and a measurement, a hope."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from random import Random
from typing import Any

from drillyard.assurance.loss.compound import LossGrid, Peril, exact
from drillyard.assurance.loss.severity import Lognormal
from drillyard.drills.answers.scoring import regret_of
from drillyard.stats import clopper_pearson, jeffreys

__all__ = ["OPTIONS", "Facts", "Tried", "clean_twin", "draw_facts"]

OPTIONS: Mapping[str, str] = {
    "nothing": "Do nothing: carry the risk",
    "a": "Fund the guard alone",
    "b": "Fund the review alone",
    "both": "Fund guard and review",
    "stop": "Take the system off the line",
}
_MISLEADS, _CLEAR, _LEADS = 0.2, 0.08, 1.2
"""Least regret of the option that looks best at first sight; least lead of the best option over the second, as a share
of what lies between the best and the worst; how much more the strongest input moves than the second."""
_LEANINGS: Mapping[str, tuple[tuple[float, float], ...]] = {
    "nothing": ((0.5, 1), (0.1, 0.6), (0.5, 1.2), (0.5, 1.2), (0.3, 1.2), (1.3, 6)),
    "a": ((0.9, 1), (0.02, 0.1), (0.05, 0.4), (0.05, 0.4), (0.02, 0.1), (1.3, 4)),
    "b": ((0.9, 1), (0.4, 1), (0.15, 0.6), (0.05, 0.4), (0.1, 0.9), (1.3, 6)),
    "both": ((0.05, 0.3), (0.02, 0.1), (0.1, 0.3), (0.05, 0.25), (0.02, 0.1), (1.3, 3)),
    "stop": ((0.5, 1), (0.1, 0.8), (0.2, 0.9), (0.2, 0.9), (0.1, 0.9), (0.05, 0.8)),
}
"""By the option that shall be best: ranges of what both let through of the better one alone, of what the review's maker
leaves of the share that comes through, of costs over the loss (guard, review), of what sales hopes for over the loss,
of what the system brings in over it."""
_MOVES: Mapping[str, tuple[tuple[int, ...], tuple[int, ...], tuple[float, ...], tuple[float, ...]]] = {
    "rate": ((400, 600, 1000, 1500), (80, 120, 200, 300), (1.05, 1.1, 1.2), (0.05, 0.1, 0.2)),
    "harm": ((1000, 1500, 3000), (80, 120, 200, 300), (1.5, 1.8, 2.2), (0.05, 0.1, 0.2)),
    "passes": ((6_000, 10_000, 20_000), (16, 24, 40), (1.03, 1.05, 1.1), (0.05, 0.1)),
    "cost": ((6_000, 10_000, 20_000), (200, 300, 500), (1.03, 1.05, 1.1), (0.4, 0.6, 0.8)),
}
"""By the input that shall move the guard's value most: replies in the test of the rate and in those of the controls,
factor by which the share that harms may be off, share by which the guard's cost may be."""
_SHOWN = ("yes", "no", "unknown")
_SYSTEMS = ("claims assistant", "booking assistant", "pharmacy assistant", "lending assistant", "travel assistant")


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A control: its cost a year, what its maker claims to stop, and how many of how many came through in our test."""

    cost: int
    claim: float
    passed: int
    n: int

    @property
    def passes(self) -> float:
        """The share that comes through, as our test has it (mean of Jeffreys' posterior)."""
        return (self.passed + 0.5) / (self.n + 1)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that the paper says, as numbers."""

    system: str
    uses: int
    failed: int
    tested: int
    harm: int
    low: int
    high: int
    a: Tried
    b: Tried
    both: Tried
    hope: int
    margin: int
    appetite: int
    unseen: int
    spread: float
    overrun: float

    @property
    def rate(self) -> float:
        """Share of failing replies."""
        return (self.failed + 0.5) / (self.tested + 1)

    @property
    def events(self) -> float:
        """Harmful events a year."""
        return self.uses * self.rate / self.harm

    @cached_property
    def severity(self) -> Lognormal:
        """What one event costs."""
        return Lognormal.between(self.low, self.high)

    @property
    def loss(self) -> float:
        """Expected loss a year."""
        return self.events * self.severity.mean

    @cached_property
    def year(self) -> LossGrid:
        """The distribution of a year's loss without controls."""
        step = self.appetite / 400
        return exact([Peril(rate=self.events, severity=self.severity)], step=step, points=2**13, rounding="mean")

    def values(self) -> dict[str, float]:
        """Return what each option is worth in a year beside doing nothing: what it avoids less what it costs."""
        return {
            "nothing": 0.0,
            "a": self.loss * (1 - self.a.passes) - self.a.cost,
            "b": self.loss * (1 - self.b.passes) - self.b.cost,
            "both": self.loss * (1 - self.both.passes) - self.a.cost - self.b.cost,
            "stop": self.loss - self.margin,
        }

    def first_sight(self) -> str:
        """Return the option that claims and hope speak for: makers believed, effects multiplied, the hope counted."""
        a, b = self.a.claim, self.b.claim
        believed = {
            "nothing": 0.0,
            "a": self.loss * a - self.a.cost + self.hope,
            "b": self.loss * b - self.b.cost,
            "both": self.loss * (1 - (1 - a) * (1 - b)) - self.a.cost - self.b.cost + self.hope,
        }
        return max(believed, key=lambda name: believed[name])

    def ends(self) -> dict[str, tuple[float, float]]:
        """Return what the guard is worth with each input at the ends of its 90 %."""
        rate = jeffreys(self.failed, self.tested, 0.9)
        passes = jeffreys(self.a.passed, self.a.n, 0.9)

        def worth(scale: float, left: float, cost: float = 1.0) -> float:
            return self.loss * scale * (1 - left) - cost * self.a.cost

        return {
            "rate": (worth(rate.low / self.rate, self.a.passes), worth(rate.high / self.rate, self.a.passes)),
            "harm": (worth(1 / self.spread, self.a.passes), worth(self.spread, self.a.passes)),
            "passes": (worth(1, passes.low), worth(1, passes.high)),
            "cost": (worth(1, self.a.passes, 1 - self.overrun), worth(1, self.a.passes, 1 + self.overrun)),
        }

    def moves_most(self) -> str:
        """Return the input that moves the guard's value most, or the empty string where no one leads clearly."""
        widths = {name: abs(high - low) for name, (low, high) in self.ends().items()}
        first, second = sorted(widths, key=lambda name: -widths[name])[:2]
        return first if widths[first] > _LEADS * widths[second] else ""

    def claim_shown(self) -> str:
        """Return whether our test shows the maker's claim: yes, no, or not enough."""
        seen = clopper_pearson(self.a.passed, self.a.n)
        most = 1 - self.a.claim
        return "yes" if seen.high <= most else "no" if seen.low > most else "unknown"


@lru_cache(maxsize=64)
def draw_facts(seed: int) -> Facts:
    """Return the case of a seed.

    The right answers to its choices are drawn first, each as often as any other; then papers, until one has them.
    """
    rng = Random(f"investment case {seed}")
    wanted, shown, moves = rng.choice(list(OPTIONS)), rng.choice(_SHOWN), rng.choice(list(_MOVES))
    while True:
        made = _draw(rng, wanted, shown, moves)
        if made.claim_shown() == shown and made.moves_most() == moves and _is_sound(made, wanted):
            return made


def _is_sound(made: Facts, wanted: str) -> bool:
    """Return whether the wanted option leads clearly, first sight misleads, and the figures are plausible."""
    values = made.values()
    best, second = sorted(values.values(), reverse=True)[:2]
    if values[wanted] < best or best - second < _CLEAR * (best - min(values.values())):
        return False
    if not (1 < made.failed < made.tested // 4 and 0.2 < made.events < 60):
        return False
    return regret_of(values, made.first_sight()) >= _MISLEADS and 0.01 < made.year.over(made.appetite) < 0.4


def clean_twin(facts: Facts) -> Facts:
    """Return the same case with nothing at stake: one failing reply in a very long test, and claims that are true."""
    honest: dict[str, Any] = {
        name: replace(one, claim=round(1 - one.passes, 2)) for name, one in (("a", facts.a), ("b", facts.b))
    }
    return replace(facts, failed=1, tested=1_000_000, hope=0, margin=10 * facts.margin, **honest)


def _draw(rng: Random, wanted: str, shown: str, moves: str) -> Facts:
    joint, bold, cost_a, cost_b, hope, margin = (rng.uniform(*ends) for ends in _LEANINGS[wanted])
    tests, trials, spreads, overruns = _MOVES[moves]
    low = rng.choice((2_000, 5_000, 10_000, 20_000))
    uses, tested, n = rng.randrange(80, 900) * 1000, rng.choice(tests), rng.choice(trials)
    rate, harm = rng.uniform(0.004, 0.05), rng.choice((500, 1000, 2000, 5000))
    scale = uses * rate / harm * Lognormal.between(low, 20 * low).mean
    passes_a, passes_b = rng.uniform(0.15, 0.6), rng.uniform(0.2, 0.7)

    def tried(share: float, cost: float) -> Tried:
        claim = round(min(0.99, 1 - share * bold), 2)
        cost = max(round(scale * cost / 1000), 1) * 1000
        return Tried(cost=cost, claim=claim, passed=_count(rng, n, share), n=n)

    guard = tried(passes_a, cost_a)
    return Facts(
        system=rng.choice(_SYSTEMS),
        uses=uses,
        failed=_count(rng, tested, rate),
        tested=tested,
        harm=harm,
        low=low,
        high=20 * low,
        a=replace(guard, claim=_claim(rng, guard, shown)),
        b=tried(passes_b, cost_b),
        both=tried(joint * min(passes_a, passes_b), 0),
        hope=round(scale * hope / 1000) * 1000,
        margin=max(round(scale * margin / 1000), 1) * 1000,
        appetite=max(round(scale * rng.choice((1.5, 2, 2.5)) / 10_000), 1) * 10_000,
        unseen=10 * rng.randrange(4, 80),
        spread=rng.choice(spreads),
        overrun=rng.choice(overruns),
    )


def _count(rng: Random, n: int, share: float) -> int:
    """Return how many of n; a rounded normal draw, since a paper needs a likely count and tests have up to 20,000."""
    return min(max(round(rng.gauss(n * share, math.sqrt(n * share * (1 - share)))), 0), n)


def _claim(rng: Random, guard: Tried, shown: str) -> float:
    """Return what the guard's maker says it stops, so that our test shows it, refutes it, or leaves it open."""
    seen = clopper_pearson(guard.passed, guard.n)
    ends = {"yes": (seen.high, min(1.4 * seen.high, 0.95)), "no": (0.4 * seen.low, 0.9 * seen.low)}
    return round(min(0.99, 1 - rng.uniform(*ends.get(shown, (seen.low, seen.high)))), 2)
