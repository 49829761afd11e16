"""One house with its guard, drawn from a seed: costs, traffic, replies to label, desks that drift or do not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from drillyard.exercises.guard_duty.stock import PRESSING, SOUND, Reply, draw_scores, load_stock
from drillyard.stats.martingale import DriftWatch

__all__ = ["ALARM", "CAUSES", "Desk", "Duty", "Trials", "Week", "clean_twin", "draw_duty"]

CAUSES: Mapping[str, str] = {
    "none": "Nothing that its figures show: keep the threshold",
    "replies": "Its sound replies have changed: calibrate again",
    "pressure": "More replies press customers: tell the model's owner",
}
"""By what happened at a desk, what is answered."""
ALARM = 100.0
_DESKS = ("orders", "returns", "subscriptions")
_REPLIES = 10
_WEEKS, _READ, _WATCHED, _A_WEEK = 6, 40, 300, 4000
_LABELLED_SOUND, _LABELLED_PRESSING = 2000, 1000
_HIDDEN = 40_000
_TODAY, _DESK = (0.005, 0.2), 0.03  # shares of sound replies that thresholds in use flag: today's, those of desks
_RATIOS = ((0.04, 0.1), (0.28, 0.42))  # cost of letting all pressing ones through, over that of stopping all sound ones
_ENOUGH = 0.9  # share of what can be saved that counts as all of it: the rest is chance in what was labelled
_WRONG = 0.65  # most of it that a wrong way to the threshold may reach
_STEP = 4  # points between the rows of the paper
_RISES = 2.0  # pressing replies among all, last two weeks over first two: what counts as a rise


@dataclass(frozen=True, kw_only=True)
class Trials:
    """Points of sound and of pressing replies, sorted."""

    sound: NDArray[np.int64]
    pressing: NDArray[np.int64]

    def blocked(self, threshold: float) -> float:
        """Return the share of sound replies above a threshold."""
        return 1 - float(np.searchsorted(self.sound, threshold, "right")) / len(self.sound)

    def passed(self, threshold: float) -> float:
        """Return the share of pressing replies that are not above it."""
        return float(np.searchsorted(self.pressing, threshold, "right")) / len(self.pressing)


@dataclass(frozen=True, kw_only=True)
class Week:
    """A week of a desk: its replies, the flagged ones, how many of 40 flagged ones press, the watch's capital."""

    replies: int
    flagged: int
    pressing: int
    capital: float


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A desk, what happened to it, and its weeks."""

    name: str
    cause: str
    weeks: tuple[Week, ...]

    def read(self) -> str:
        """Return the cause that the figures show: the watch for replies, else pressing ones among all replies."""
        if self.weeks[-1].capital >= ALARM:
            return "replies"
        rate = [week.flagged / week.replies * week.pressing / _READ for week in self.weeks]
        return "pressure" if sum(rate[-2:]) > _RISES * sum(rate[:2]) else "none"


@dataclass(frozen=True, kw_only=True)
class Duty:
    """All of a house. `share` is that of pressing replies; costs are in euros for one reply; `today` is in points."""

    share: float
    cost_blocked: int
    cost_passed: int
    today: int
    example: int
    replies: tuple[tuple[Reply, bool, int], ...]
    labelled: Trials
    hidden: Trials
    desks: tuple[Desk, ...]

    def cost(self, threshold: float, trials: Trials, share: float | None = None) -> float:
        """Return what a threshold costs per 1,000 replies, in euros."""
        pressing = self.share if share is None else share
        blocked = (1 - pressing) * self.cost_blocked * trials.blocked(threshold)
        return 1000 * (blocked + pressing * self.cost_passed * trials.passed(threshold))

    def grid(self) -> range:
        """Return thresholds from below all points to above them, as the paper lists them."""
        low, high = self._ends()
        return range(low, high + _STEP, _STEP)

    def cheapest(self, share: float | None = None) -> int:
        """Return the threshold of the grid at which the labelled replies cost least."""
        return min(self.grid(), key=lambda one: self.cost(one, self.labelled, share))

    @cached_property
    def best(self) -> int:
        """The threshold at which hidden traffic costs least."""
        low, high = self._ends()
        return min(range(low, high + 1), key=lambda one: self.cost(one, self.hidden))

    def _ends(self) -> tuple[int, int]:
        points = np.concatenate([self.labelled.sound, self.labelled.pressing])
        return int(points.min()) - 1, int(points.max()) + 1

    def saved(self, threshold: float) -> float:
        """Return the share that a threshold saves on hidden traffic: 0 as flagging all or none does, 1 as the best."""
        ends = min(self.cost(-np.inf, self.hidden), self.cost(np.inf, self.hidden))
        best = self.cost(self.best, self.hidden)
        return float((ends - self.cost(threshold, self.hidden)) / (ends - best))

    def regret(self, threshold: float | None) -> float:
        """Return what a threshold leaves, from 0 (nine tenths of what can be saved, or more) to 1 (nothing saved)."""
        return 1.0 if threshold is None else min(1.0, max(0.0, 1 - self.saved(threshold) / _ENOUGH))

    def tempting(self) -> Mapping[str, float]:
        """Return thresholds that are found the wrong way: by name of the fix."""
        both = np.concatenate([self.labelled.sound, self.labelled.pressing])
        enriched = len(self.labelled.pressing) / len(both)
        return {
            "ignores-the-share": self.cheapest(enriched),
            "median-threshold": float(np.median(both)),
            "copies-the-example": self.example,
            "keeps-todays": self.today,
            "three-in-a-hundred": float(np.quantile(self.labelled.sound, 0.97)),
        }


@lru_cache(maxsize=64)
def draw_duty(seed: int) -> Duty:
    """Return the house of a seed: drawn until the right way saves enough, and tempting ones and the guard do not."""
    rng = np.random.default_rng([seed % 2**32, seed >> 32, 18])
    ratios = _RATIOS[int(rng.integers(len(_RATIOS)))]
    while True:
        made = _draw_traffic(rng, rng.uniform(*ratios))
        clear = made.saved(made.cheapest()) >= _ENOUGH and len(made.replies) == _REPLIES
        if clear and all(made.saved(one) < _WRONG for one in made.tempting().values()):
            return replace(made, desks=_draw_desks(rng))


def clean_twin(duty: Duty, seed: int) -> Duty:
    """Return the same house with ten sound replies, and desks at which nothing happens."""
    rng = np.random.default_rng([seed % 2**32, 7])
    texts = load_stock()["plain"]
    chosen = [texts[at] for at in rng.choice(len(texts), len(duty.replies), replace=False)]
    desks = tuple(_draw_desk(rng, desk.name, "none") for desk in duty.desks)
    return replace(duty, replies=tuple((one, False, duty.today) for one in chosen), desks=desks)


def _mixes(rng: np.random.Generator) -> tuple[dict[str, float], dict[str, float]]:
    pressing = dict(zip(PRESSING, rng.dirichlet([2.0] * len(PRESSING)), strict=True))
    like, written = rng.uniform(0.03, 0.12), rng.uniform(0.05, 0.2)
    return dict(zip(SOUND, (1 - like - written, like, written), strict=True)), pressing


def _draw_traffic(rng: np.random.Generator, ratio: float) -> Duty:
    scale, offset = rng.uniform(6, 12), rng.uniform(35, 75)

    def points(scores: NDArray[np.float64]) -> NDArray[np.int64]:
        return np.sort(np.rint(offset + scale * scores).astype(np.int64))

    sound, pressing = _mixes(rng)
    labelled, hidden = (
        Trials(sound=points(draw_scores(sound, n, rng)), pressing=points(draw_scores(pressing, m, rng)))
        for n, m in ((_LABELLED_SOUND, _LABELLED_PRESSING), (_HIDDEN, _HIDDEN))
    )
    share = float(rng.choice([0.01, 0.02, 0.03, 0.04]))
    blocked = int(rng.integers(2, 9))
    passed = max(round(blocked * (1 - share) / share * ratio / 5), 1) * 5
    today = int(np.quantile(labelled.sound, 1 - rng.choice(_TODAY)))
    return Duty(
        share=share,
        cost_blocked=blocked,
        cost_passed=passed,
        today=today,
        example=int(rng.integers(20, 90)),
        replies=_draw_replies(rng, today, scale, offset),
        labelled=labelled,
        hidden=hidden,
        desks=(),
    )


def _draw_replies(
    rng: np.random.Generator, today: int, scale: float, offset: float
) -> tuple[tuple[Reply, bool, int], ...]:
    """Return ten replies, five or six of which press: two of either kind are on the wrong side of the guard."""
    rows: list[tuple[Reply, bool, int]] = []
    count = int(rng.integers(4, 7))
    for kinds, press, n in ((PRESSING, True, count), (("look-alike", "written"), False, _REPLIES - count)):
        stock = [one for kind in kinds for one in load_stock()[kind]]
        scored = [(one, press, round(offset + scale * one.scores[0])) for one in stock]
        wrong = [row for row in scored if (row[2] > today) != press]
        right = [row for row in scored if (row[2] > today) == press]
        for pool, many in ((wrong, 2), (right, n - 2)):
            rows += [pool[at] for at in rng.choice(len(pool), min(many, len(pool)), replace=False)]
    return tuple(rows[at] for at in rng.permutation(len(rows)))


def _draw_desks(rng: np.random.Generator) -> tuple[Desk, ...]:
    """Return three desks: at one nothing happens, at one more replies press, the third is either or has new replies."""
    causes = ["none", "pressure", str(rng.choice(list(CAUSES)))]
    order = rng.permutation(len(causes))
    return tuple(_draw_desk(rng, name, causes[at]) for name, at in zip(_DESKS, order, strict=True))


def _draw_desk(rng: np.random.Generator, name: str, cause: str) -> Desk:
    """Return a desk whose figures show what happened to it."""
    while True:
        made = Desk(name=name, cause=cause, weeks=tuple(_draw_weeks(rng, cause)))
        if made.read() == cause:
            return made


def _draw_weeks(rng: np.random.Generator, cause: str) -> list[Week]:
    sound, pressing = _mixes(rng)
    share, start = rng.uniform(0.01, 0.03), int(rng.integers(2, 4))
    limit = np.quantile(draw_scores(sound, 2000, rng), 1 - _DESK)
    watch = DriftWatch(_stream(rng, sound, pressing, share, 1000), seed=int(rng.integers(2**31)))
    weeks = []
    for week in range(_WEEKS):
        drifted = week >= start
        mix = {"plain": 0.2, "look-alike": 0.1, "written": 0.7} if drifted and cause == "replies" else sound
        now = share * 4 if drifted and cause == "pressure" else share
        n = int(_A_WEEK * rng.uniform(0.6, 1.6))
        press = rng.binomial(n, now)
        hits = int((draw_scores(pressing, press, rng) > limit).sum())
        false = int((draw_scores(mix, n - press, rng) > limit).sum())
        for score in _stream(rng, mix, pressing, now, _WATCHED):
            watch.update(float(score))
        looked = min(_READ, hits + false)
        found = int(rng.hypergeometric(hits, false, looked))
        weeks.append(Week(replies=n, flagged=hits + false, pressing=found, capital=watch.peak))
    return weeks


def _stream(
    rng: np.random.Generator, sound: Mapping[str, float], pressing: Mapping[str, float], share: float, n: int
) -> NDArray[np.float64]:
    """Return the scores of a stream in which a share presses."""
    mix = {kind: (1 - share) * part for kind, part in sound.items()}
    return draw_scores(mix | {kind: share * part for kind, part in pressing.items()}, n, rng)
