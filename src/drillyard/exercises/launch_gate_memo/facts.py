"""One evaluation report, drawn from a seed: what was tested, how, and what of it is flawed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from random import Random
from typing import Any

from drillyard.stats import clopper_pearson

__all__ = ["DECISIONS", "FLAWS", "Report", "Segment", "clean_twin", "draw_report"]

FLAWS: Mapping[str, str] = {
    "leakage": "Test prompts are independent of what the model was tuned on",
    "tiny-n": "The test is large enough for the limit",
    "base-rate": "The guard's alarms were counted at the share of attacks that production has",
    "shifted-traffic": "The test asks what our customers ask, as often",
    "no-control": "The same test was run on something to compare with",
    "unmeasured-judge": "The judge's own error was measured",
    "dropped-replies": "Replies that could not be judged are counted",
    "best-of-many": "What is reported was fixed before the test",
}
"""By the flaw, what a sound report can say instead."""
DECISIONS: Mapping[str, str] = {
    "launch": "Launch to everybody",
    "limited": "Launch to one in twenty, with a stop rule",
    "hold": "Hold, mend, and test again",
}
REGRET: Mapping[str, Mapping[str, float]] = {
    "launch": {"launch": 0.0, "limited": 0.4, "hold": 0.7},
    "limited": {"launch": 1.0, "limited": 0.0, "hold": 0.4},
    "hold": {"launch": 1.0, "limited": 0.5, "hold": 0.0},
}
"""By the right decision, what the others lose."""
_NAMES = ("orders", "refunds", "complaints", "accounts")
_SYSTEMS = ("claims assistant", "booking assistant", "pharmacy assistant", "lending assistant", "travel assistant")
_FEWEST, _MOST = 2, 5
_TINY = 40
_ALIKE, _SHIFTED = 0.04, 0.1
"""How far a sound test may be from our traffic, how far a shifted one is at the least; nothing in between, where one
could say either."""


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A kind of question: its share of our traffic, fresh prompts and how many failed, leaked ones and how many."""

    name: str
    share: float
    fresh: int
    failed: int
    leaked: int
    leaked_failed: int


@dataclass(frozen=True, kw_only=True)
class Report:
    """All that the report says, as numbers.

    `attacks` is the share of attacks among the messages on which the guard was counted, `real` that of production.
    """

    system: str
    limit: float
    segments: tuple[Segment, ...]
    caught: float
    false_alarms: float
    attacks: float
    real: float
    compared: float | None
    judge: tuple[int, int] | None
    unjudged: int
    counted: bool
    variants: int

    @property
    def headline(self) -> float:
        """The failure rate that the report leads with: everything that was asked, as often as it was asked."""
        asked = sum(one.fresh + one.leaked for one in self.segments)
        return sum(one.failed + one.leaked_failed for one in self.segments) / asked

    @property
    def rate(self) -> float:
        """The failure rate of our traffic, from fresh prompts."""
        return math.fsum(one.share * one.failed / one.fresh for one in self.segments)

    @property
    def upper(self) -> float:
        """A 95 % upper bound of it, from an effective size."""
        size = 1 / math.fsum(one.share**2 / one.fresh for one in self.segments)
        return clopper_pearson(round(self.rate * size), max(round(size), 1), 0.9).high

    @property
    def real_alarms(self) -> float:
        """Share of the guard's alarms in production that are attacks."""
        hits = self.real * self.caught
        return hits / (hits + (1 - self.real) * self.false_alarms)

    @property
    def shift(self) -> float:
        """How far the share of a kind of question in the test is from that in our traffic, at most."""
        asked = sum(one.fresh + one.leaked for one in self.segments)
        return max(abs((one.fresh + one.leaked) / asked - one.share) for one in self.segments)

    def spot(self) -> frozenset[str]:
        """Return the flaws that the report's own figures show."""
        return frozenset(
            name
            for name, there in {
                "leakage": any(one.leaked for one in self.segments),
                "tiny-n": sum(one.fresh for one in self.segments) < 3 / self.limit,
                "base-rate": self.attacks > 2 * self.real,
                "shifted-traffic": self.shift > _SHIFTED,
                "no-control": self.compared is None,
                "unmeasured-judge": self.judge is None,
                "dropped-replies": self.unjudged > 0 and not self.counted,
                "best-of-many": self.variants > 1,
            }.items()
            if there
        )

    def right(self) -> str:
        """Return what the house rule says: over the limit hold, surely under it launch, else launch to a few."""
        if self.rate > self.limit:
            return "hold"
        return "launch" if self.upper < self.limit else "limited"


@lru_cache(maxsize=64)
def draw_report(seed: int) -> Report:
    """Return the report of a seed: the right decision is drawn first, then a report that calls for it clearly."""
    rng = Random(f"launch gate {seed}")
    wanted = rng.choice(list(DECISIONS))
    while True:
        made = _draw(rng, wanted)
        clear = made.rate > 1.4 * made.limit if wanted == "hold" else made.rate < 0.7 * made.limit
        if wanted == "limited":
            clear = clear and made.upper > 1.2 * made.limit
        misleads = wanted == "launch" or (made.headline < made.limit and made.headline < 0.8 * made.rate)
        fits = made.right() == wanted and clear and _FEWEST <= len(made.spot()) <= _MOST
        fits = fits and not _ALIKE < made.shift <= _SHIFTED
        if fits and misleads and made.headline > 0 and made.rate > 0.004:
            return made


def clean_twin(report: Report) -> Report:
    """Return the same evaluation without a flaw: fresh prompts as traffic has them, enough of them, all stated."""
    size = math.ceil(6 / report.limit / 100) * 100
    segments = tuple(
        replace(one, fresh=round(size * one.share), failed=0, leaked=0, leaked_failed=0) for one in report.segments
    )
    sound: dict[str, Any] = {
        "attacks": report.real,
        "compared": report.limit,
        "judge": (290, 300),
        "counted": True,
        "variants": 1,
    }
    return replace(report, segments=segments, **sound)


def _draw(rng: Random, wanted: str) -> Report:
    flaws = {name for name in FLAWS if rng.random() < 0.4}
    flaws = flaws - {"tiny-n"} if wanted == "launch" else flaws | {"tiny-n"} if wanted == "limited" else flaws
    if wanted == "hold":
        flaws |= {rng.choice(("leakage", "shifted-traffic"))}
    limit = rng.choice((0.02, 0.03, 0.05))
    size = rng.randrange(_TINY, int(3 / limit)) if "tiny-n" in flaws else rng.randrange(int(6 / limit), int(16 / limit))
    shares = sorted((rng.uniform(0.1, 0.5) for _ in _NAMES), reverse=True)
    shares = [round(one / sum(shares), 2) for one in shares]
    shares[0] = round(1 - sum(shares[1:]), 2)
    order = rng.sample(range(len(_NAMES)), len(_NAMES))
    factor = {"launch": (0.1, 0.5), "limited": (0.2, 0.9), "hold": (1.5, 4)}[wanted]
    mean = limit * rng.uniform(*factor)
    tilt = [rng.uniform(0.2, 1.8) for _ in _NAMES]
    if "shifted-traffic" in flaws:  # the test leans to what goes well
        easy = min(range(len(_NAMES)), key=lambda i: tilt[i])
        tested = [0.7 if i == easy else 0.1 for i in range(len(_NAMES))]
    else:
        tested = shares
    seen = rng.uniform(0.6, 2.0)
    scale = mean / sum(s * t for s, t in zip(shares, tilt, strict=True))
    segments = []
    for i in range(len(_NAMES)):
        fresh = max(round(size * tested[i]), 5)
        leaked = round(fresh * seen) if "leakage" in flaws else 0
        failed = sum(rng.random() < scale * tilt[i] for _ in range(fresh))
        name = _NAMES[order[i]]
        segments.append(Segment(name=name, share=shares[i], fresh=fresh, failed=failed, leaked=leaked, leaked_failed=0))
    real = rng.choice((0.005, 0.01, 0.02))
    unjudged = rng.randrange(4, 40)
    return Report(
        system=rng.choice(_SYSTEMS),
        limit=limit,
        segments=tuple(segments),
        caught=round(rng.uniform(0.85, 0.98), 2),
        false_alarms=round(rng.uniform(0.01, 0.06), 3),
        attacks=0.5 if "base-rate" in flaws else real,
        real=real,
        compared=None if "no-control" in flaws else round(limit * rng.uniform(1.2, 2.5), 3),
        judge=None if "unmeasured-judge" in flaws else (rng.randrange(270, 299), 300),
        unjudged=unjudged,
        counted="dropped-replies" not in flaws,
        variants=rng.randrange(4, 12) if "best-of-many" in flaws else 1,
    )
