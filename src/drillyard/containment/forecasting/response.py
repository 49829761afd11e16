"""What an oracle says that only wants its score: best responses, fixed points, gaps and their bound."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize

from drillyard.containment.forecasting.influence import Influence
from drillyard.containment.forecasting.rules import BRIER, EDGE, ScoringRule
from drillyard.errors import bad_input

__all__ = ["best_of", "best_reports", "brier_linear", "fixed_points", "gap_bound", "honest_reports"]

Array = NDArray[np.float64]

_GRID, _ZOOM, _ROUNDS, _CHUNK = 1025, 33, 6, 500


def brier_linear(a: ArrayLike, b: ArrayLike) -> Array:
    """Return the report that maximises the Brier score when the event has probability a + b p.

    Inside: (a − b/2) / (1 − 2b), when b < 1/2 and that lies in 0 … 1. Otherwise an end: the objective is convex for
    b > 1/2, a line for b = 1/2. Of equally good ends the lower one.
    """
    base, slope = np.broadcast_arrays(np.asarray(a, dtype=float), np.asarray(b, dtype=float))
    bend = 1 - 2 * slope
    inside = np.clip((base - slope / 2) / np.where(bend > 0, bend, 1.0), 0, 1)
    # the objective is p (2a − b) − a − (1 − 2b) p², so the ends differ by this
    end = np.where((2 * base - slope) - bend > 1e-15, 1.0, 0.0)
    return np.asarray(np.where(bend > 1e-15, inside, end), dtype=float)


def best_reports(rule: ScoringRule, moved: Influence) -> Array:
    """Return the best report per question, shape (size,): the oracle as an adversary.

    A closed form for a linear influence under the Brier score, else a grid of 1,025 reports and a closer and closer
    look around its best (to about 1e-9). Peaks narrower than a thousandth, or better by less than 1e-6, may be missed.
    """
    if rule is BRIER and moved.lines is not None:
        return brier_linear(moved.lines[0][:, 0], moved.lines[1][:, 0])
    grid = np.linspace(0, 1, _GRID)
    start = np.clip(grid, EDGE, 1 - EDGE)
    gain, slope = rule.entropy(start), rule.slope(start)
    first = _chunked(moved, start, gain - slope * start, slope)
    low, high = np.maximum(first - grid[1], 0.0), np.minimum(first + grid[1], 1.0)
    best = first
    for _ in range(_ROUNDS):
        p = np.clip(low[:, None] + (high - low)[:, None] * np.linspace(0, 1, _ZOOM), EDGE, 1 - EDGE)
        score = rule.expected(p, moved(p))
        best = p[np.arange(len(p)), np.argmax(score, axis=1)]
        step = (high - low) / (_ZOOM - 1)
        low, high = np.maximum(best - step, 0.0), np.minimum(best + step, 1.0)
    return best


def best_of(rule: ScoringRule, moved: Influence, allowed: Array) -> Array:
    """Return the best report per question, shape (size,), among the allowed ones, shape (m,)."""
    p = np.clip(allowed, EDGE, 1 - EDGE)
    slope = rule.slope(p)
    return _chunked(moved, p, rule.entropy(p) - slope * p, slope)


def _chunked(moved: Influence, p: Array, constant: Array, slope: Array) -> Array:
    """Return the p with the largest constant + slope f(p), a block of questions at a time."""
    if moved.size <= _CHUNK or moved.lines is None:
        return np.asarray(p[np.argmax(constant + slope * moved(p), axis=1)], dtype=float)
    a, b = moved.lines
    picks = [
        p[np.argmax((constant + slope * a[k : k + _CHUNK]) + (slope * p) * b[k : k + _CHUNK], axis=1)]
        for k in range(0, moved.size, _CHUNK)
    ]
    return np.concatenate(picks)


def fixed_points(moved: Influence, points: int = 4001) -> tuple[float, ...]:
    """Return every report of one question that makes itself true, f(p) = p, in rising order.

    Where f(p) = p along a stretch, its two ends. Crossings closer together than a grid step may be missed; a jump over
    the diagonal is none.

    Raises:
        BadInput: more than one question.
    """
    if moved.size != 1:
        raise bad_input(f"{moved.size} questions", "one question at a time")
    p = np.linspace(0, 1, points)
    over = moved(p)[0] - p
    flat = np.abs(over) < 1e-12
    found = [float(p[k]) for k in np.flatnonzero(flat) if not (0 < k < points - 1 and flat[k - 1] and flat[k + 1])]
    for k in np.flatnonzero((over[:-1] * over[1:] < 0) & ~flat[:-1] & ~flat[1:]):
        root = float(optimize.brentq(lambda x: float(moved([x])[0, 0] - x), p[k], p[k + 1], xtol=1e-14))
        if abs(float(moved([root])[0, 0]) - root) < 1e-9:
            found.append(root)
    return tuple(sorted(found))


def honest_reports(moved: Influence, rule: ScoringRule = BRIER) -> Array:
    """Return per question the fixed point that scores best, shape (size,): what an honest oracle would say.

    By a / (1 − b) for a linear influence. Elsewhere by search; where f jumps over the
    diagonal, the jump counts as one.
    """
    if moved.lines is not None and (moved.lines[1] < 1).all():
        return np.asarray((moved.lines[0] / (1 - moved.lines[1]))[:, 0], dtype=float)
    p = np.linspace(0, 1, _GRID)
    over = moved(p) - p
    crossing = (over[:, :-1] >= 0) & (over[:, 1:] <= 0) | (over[:, :-1] <= 0) & (over[:, 1:] >= 0)
    worth = np.where(crossing, rule.entropy(np.clip((p[:-1] + p[1:]) / 2, EDGE, 1 - EDGE)), -np.inf)
    first, rows = np.argmax(worth, axis=1), np.arange(moved.size)
    low, high = p[first], p[first + 1]
    rising = over[rows, first] >= over[rows, first + 1]
    for _ in range(45):
        middle = (low + high) / 2
        above = (moved(middle[:, None])[:, 0] - middle > 0) == rising
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.asarray((low + high) / 2, dtype=float)


def gap_bound(rule: ScoringRule, moved: Influence) -> Array:
    """Return max |f'| · max |g / g'| per question, shape (size,): no report inside 0 … 1 that is best has a larger gap.

    From the first-order condition f(p) − p = −f'(p) g(p) / g'(p). A report on the border may exceed it. Slopes are
    taken by differences on 4,001 points.
    """
    p = np.linspace(1e-6, 1 - 1e-6, 4001)
    slope = np.abs(np.diff(moved(p), axis=1)).max(axis=1) / (p[1] - p[0])
    g = rule.slope(p)
    bend = np.gradient(g, p)
    return np.asarray(slope * np.abs(g / np.where(bend > 0, bend, np.nan)).max(), dtype=float)
