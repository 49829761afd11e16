"""Which point to run: the cheapest by the user's weights among those that hold every hard limit, or none."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from drillyard.alignment.exam import HARMFUL, REFUSAL
from drillyard.alignment.weighing.frontier import Point
from drillyard.alignment.weighing.sheet import START, words_of
from drillyard.errors import bad_input
from drillyard.records import Record
from drillyard.stats.shown import number

__all__ = [
    "WEIGHTS",
    "Limit",
    "LimitCheck",
    "Recommendation",
    "cost_of",
    "parse_limit",
    "parse_weights",
    "recommend",
    "weights_for",
]

WEIGHTS: Mapping[str, float] = {HARMFUL: 1.0, REFUSAL: 1.0, "capability-lost": 1.0}
"""What one unit of each figure costs, unless the user says otherwise: all alike, and so do the target's failures."""

_MOST_UNTOLD = 0.5
"""Share of a start's outcomes that may be unknown before nothing can be compared with it."""

_LIMIT = re.compile(
    r"\s*(?P<figure>[\w:@/+-]+?)(?:\.(?P<end>low|value|high))?\s*<=\s*(?P<most>\d*\.?\d+)(?P<percent>\s*%)?\s*"
)


class Limit(Record):
    """The most that a figure may be. It is held to the interval's `high` end unless `value` is asked for in words.

    Holding the high end asks for evidence: a rate of zero on few questions does not hold a low limit.
    """

    figure: str
    end: Literal["low", "value", "high"] = "high"
    most: float

    @property
    def words(self) -> str:
        """The limit as it can be typed."""
        return f"{self.figure}.{self.end}<={self.most:g}"


class LimitCheck(Record):
    """A limit held to a point: what was found, and by how much it is too much (below 0: room to spare)."""

    limit: str
    found: float
    excess: float

    @property
    def holds(self) -> bool:
        """Say whether the limit holds."""
        return self.excess <= 0


class Recommendation(Record):
    """The operating point, with the reason in words; an empty `technique` says that none is good enough.

    `cost` is the weighted sum of the point's figures. `checks` are the limits at the recommended point, or at the
    nearest one where none holds them all (`nearest`, at `nearest_strength`).
    """

    technique: str
    strength: float
    cost: float
    reason: str
    checks: tuple[LimitCheck, ...]
    holding: int
    considered: int
    nearest: str = ""
    nearest_strength: float = 0.0


def parse_limit(words: str) -> Limit:
    """Read a limit such as `harmful-compliance<=0.05`, `over-refusal.value<=3%` or `capability-lost@category<=0.02`.

    Raises:
        BadInput: words of another form.
    """
    found = _LIMIT.fullmatch(words)
    if not found:
        raise bad_input(f"limit {words!r}", "FIGURE<=NUMBER, with .value or .high behind the figure if you like",
                        f"such as {HARMFUL}<=0.05")  # fmt: skip
    most = float(found["most"]) / (100 if found["percent"] else 1)
    return Limit.from_data({"figure": found["figure"], "end": found["end"] or "high", "most": most})


def parse_weights(words: Sequence[str]) -> dict[str, float] | None:
    """Read weights such as `harmful-compliance=5`; None where there are none. Raises `BadInput` for another form."""
    found = {}
    for one in words:
        name, _, number = one.partition("=")
        try:
            found[name.strip()] = float(number)
        except ValueError:
            raise bad_input(f"weight {one!r}", "FIGURE=COST", f"such as {HARMFUL}=5") from None
    return found or None


def weights_for(known: Collection[str]) -> dict[str, float]:
    """Return the weights of figures that were measured, where the user names none: `WEIGHTS`, and 1 per failure."""
    failures = {name: 1.0 for name in sorted(known) if name.startswith("failure:") and "@" not in name}
    return {name: weight for name, weight in WEIGHTS.items() if name in known} | failures


def cost_of(point: Point, weights: Mapping[str, float]) -> float:
    """Return the weighted sum of a point's figures; what is gained in capability is credited."""
    return math.fsum(weight * point.figures[name].value for name, weight in weights.items())


def recommend(points: Sequence[Point], weights: Mapping[str, float], limits: Sequence[Limit] = ()) -> Recommendation:
    """Return the point of the least cost among those that hold all limits; the start may be it.

    Where most outcomes of the start cannot be told, nothing is recommended: no change can be seen from there, and the
    one whose words the judge happens to know would win.

    Equal costs are settled by the lower high ends. Where no point holds all limits, the answer is none, with the point
    that exceeds them by the least in sum.

    Raises:
        BadInput: no points, or a weight or limit on a figure that was not measured.
    """
    if not points:
        raise bad_input("no points", "at least the start")
    _check(points, weights, limits)
    if blind := _blind(points, weights):
        return blind
    held = {point.key: _held(point, limits) for point in points}
    good = [point for point in points if all(check.holds for check in held[point.key])]
    ordered = sorted(good, key=lambda point: (cost_of(point, weights), _worst(point, weights)))
    if not ordered:
        return _none(points, weights, held)
    best = ordered[0]
    return Recommendation(
        technique=best.technique,
        strength=best.strength,
        cost=cost_of(best, weights),
        reason=_reason(ordered, len(points), weights, limits),
        checks=held[best.key],
        holding=len(good),
        considered=len(points),
    )


def _blind(points: Sequence[Point], weights: Mapping[str, float]) -> Recommendation | None:
    """Return that nothing can be recommended, where most of what a weighed figure of the start rests on is unknown."""
    start = next((point for point in points if point.technique == START), None)
    dark = {name: start.untold[name] for name in weights if start.untold.get(name, 0) > _MOST_UNTOLD} if start else {}
    if start is None or not dark:
        return None
    words = ", ".join(f"{share:.0%} of {name}" for name, share in dark.items())
    reason = f"Nothing can be recommended: of the unchanged model's outcomes {words} cannot be told by this judge."
    return Recommendation(
        technique="", strength=0.0, cost=0.0, reason=reason, checks=(), holding=0, considered=len(points),
        nearest=start.technique, nearest_strength=start.strength,
    )  # fmt: skip


def _check(points: Sequence[Point], weights: Mapping[str, float], limits: Sequence[Limit]) -> None:
    known = set(points[0].figures).intersection(*(point.figures for point in points))
    for what, names in (("weight", list(weights)), ("limit", [limit.figure for limit in limits])):
        for name in names:
            if name not in known:
                raise bad_input(f"{what} on {name!r}", f"a figure that was measured: {', '.join(sorted(known))}")
    if wrong := [f"{name}={weight}" for name, weight in weights.items() if not 0 <= weight < math.inf]:
        raise bad_input(f"weight {wrong[0]}", "a number of 0 or more")


def _held(point: Point, limits: Sequence[Limit]) -> tuple[LimitCheck, ...]:
    found = [(limit, float(getattr(point.figures[limit.figure], limit.end))) for limit in limits]
    return tuple(LimitCheck(limit=limit.words, found=value, excess=value - limit.most) for limit, value in found)


def _worst(point: Point, weights: Mapping[str, float]) -> float:
    return math.fsum(weight * point.figures[name].high for name, weight in weights.items())


def _reason(ordered: Sequence[Point], considered: int, weights: Mapping[str, float], limits: Sequence[Limit]) -> str:
    best, held = ordered[0], f" that hold {'the limit' if len(limits) == 1 else 'all limits'}" if limits else ""
    terms = " + ".join(f"{weight:g} × {best.figures[name].value:.3f} {name}" for name, weight in weights.items())
    of = f"{len(ordered)} of {considered} points{held}" if limits else f"{considered} points"
    words = f"{words_of(best.key)} costs least of the {of}: {cost_of(best, weights):.3f} = {terms}."
    if len(ordered) > 1:
        words += f" Next is {words_of(ordered[1].key)} with {cost_of(ordered[1], weights):.3f}."
    return words.replace("× -", "× −").replace(": -", ": −")


def _none(
    points: Sequence[Point], weights: Mapping[str, float], held: Mapping[tuple[str, float], tuple[LimitCheck, ...]]
) -> Recommendation:
    def excess(point: Point) -> tuple[float, float]:
        return math.fsum(max(0.0, check.excess) for check in held[point.key]), cost_of(point, weights)

    nearest = min(points, key=excess)
    broken = [check for check in held[nearest.key] if not check.holds]
    fails = "; ".join(
        f"{one.limit} fails with {number(one.found, one.found - one.excess, 3)}, {number(one.excess, 0, 3)} too much"
        for one in broken
    )
    return Recommendation(
        technique="",
        strength=0.0,
        cost=0.0,
        reason=f"None of the {len(points)} points is good enough. Nearest is {words_of(nearest.key)}: {fails}.",
        checks=held[nearest.key],
        holding=0,
        considered=len(points),
        nearest=nearest.technique,
        nearest_strength=nearest.strength,
    )
