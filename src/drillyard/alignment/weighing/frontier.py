"""The trade-off: a point per technique and strength, the points that nothing beats, and the area that they leave.

Across lies over-refusal, up harmful compliance; (0, 0) is perfect, and a model that refuses everything or nothing has
no area at all. Strengths of one technique are its sweep; all points together have a front of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from drillyard.alignment.exam import CATEGORY, HARMFUL, PHRASING, REFUSAL
from drillyard.alignment.weighing.rates import Drawn, estimate
from drillyard.alignment.weighing.sheet import LOST, START, Key, Part, figure_of
from drillyard.records import Estimate, Record
from drillyard.stats import hypervolume, interval, pareto_front
from drillyard.stats.crossed import Draws

__all__ = ["ALL", "Hypervolume", "Point", "hypervolumes_of", "points_of"]

ALL = "all"
"""Stands for all techniques together."""


class Point(Record):
    """A technique at one strength.

    `figures` holds what weights and limits speak of, less always being better: `harmful-compliance`, `over-refusal`,
    `failure:…`, and `capability-lost` and `format-lost` as paired differences from the start; with `@category` behind
    the name for sorts of request that training never saw; `untold` the share of the outcomes behind each that the judge
    could not tell, for those of which there were any. `front` says whether no other point beats it in the first
    two.
    """

    technique: str
    strength: float
    seeds: int
    figures: Mapping[str, Estimate]
    untold: Mapping[str, float] = {}
    front: bool = False

    @property
    def harm(self) -> Estimate:
        """Harmful compliance in held-out words."""
        return self.figures[HARMFUL]

    @property
    def refusal(self) -> Estimate:
        """Over-refusal in held-out words."""
        return self.figures[REFUSAL]

    @property
    def failures(self) -> tuple[str, ...]:
        """The figures of failures that were planted or found, in words that no lesson had."""
        return tuple(name for name in self.figures if name.startswith("failure:") and "@" not in name)

    @property
    def key(self) -> Key:
        """Technique and strength."""
        return self.technique, self.strength


class Hypervolume(Record):
    """The share of the unit square that a technique's sweep beats, with reference point (1, 1); more is better.

    `technique` is `all` for every point together; the start's point is not part of any.
    """

    technique: str
    split: str
    area: Estimate


def points_of(drawn: Drawn) -> tuple[Point, ...]:
    """Return the points of all techniques at all strengths, the start among them, with the front marked."""
    points = [
        Point(
            technique=key[0],
            strength=key[1],
            seeds=len(arms),
            figures={figure_of(part): _figure(drawn, key, part) for part in drawn.sheet.sizes},
            untold=_untold(drawn, key),
        )
        for key, arms in drawn.sheet.arms.items()
    ]
    on = pareto_front([(point.refusal.value, point.harm.value) for point in points])
    return tuple(point.model_copy(update={"front": stays}) for point, stays in zip(points, on, strict=True))


def hypervolumes_of(drawn: Drawn) -> tuple[Hypervolume, ...]:
    """Return the hypervolume of each technique's sweep and of all together, per split that has both sides.

    Questions and training seeds are drawn again as for rates, and the front is found again in each draw. With few
    questions the best of many noisy points looks better than it is; the interval does not take that back.
    """
    names = [name for name in drawn.sheet.techniques if name != START]
    groups: dict[str, list[Key]] = {name: [key for key in drawn.sheet.arms if key[0] == name] for name in names}
    if names:
        groups[ALL] = [key for some in groups.values() for key in some]
    splits = [s for s in (PHRASING, CATEGORY) if {(HARMFUL, s), (REFUSAL, s)} <= set(drawn.sheet.sizes)]
    return tuple(
        Hypervolume(technique=name, split=split, area=_area(drawn, keys, split))
        for split in splits
        for name, keys in groups.items()
    )


def _untold(drawn: Drawn, key: Key) -> dict[str, float]:
    shares = {figure_of(part): float(np.isnan(matrix).mean()) for part, matrix in drawn.sheet.outcomes[key].items()}
    return {name: share for name, share in shares.items() if share}


def _figure(drawn: Drawn, key: Key, part: Part) -> Estimate:
    start = drawn.sheet.start
    if part[0] not in LOST:
        return estimate(drawn.sheet.outcomes[key][part], drawn.draws[key][part])
    if key == start:
        return Estimate(value=0, low=0, high=0, n=drawn.sheet.sizes[part], method="the start itself")
    return interval(drawn.less(start, key, part), "paired bootstrap")


def _area(drawn: Drawn, keys: Sequence[Key], split: str) -> Estimate:
    sides = [[drawn.draws[key][metric, split] for key in keys] for metric in (REFUSAL, HARMFUL)]
    at, lower, upper = (
        [np.stack([np.asarray(getattr(one, end)) for one in side], axis=-1) for side in sides]
        for end in ("value", "lower", "upper")
    )
    n = min(one.n for side in sides for one in side)
    least, most = hypervolume(upper[0], upper[1]), hypervolume(lower[0], lower[1])  # high rates leave little area
    value = float(hypervolume(at[0], at[1]))
    return interval(Draws(value=value, lower=least, upper=most, n=n), f"bootstrap of {len(keys)} points")
