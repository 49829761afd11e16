"""Three outcomes: no rule repairs steering against every rotation of beliefs, while two outcomes can be repaired.

Oesterheld, Treutlein, Cooper and Hudson (2305.17601) prove it; here it is shown by search. Rules are
G(p) = sum over j of w_j exp(k_j v_j · (p − 1)) + p · M p with w_j ≥ 0 and M positive semidefinite: convex, so proper.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drillyard.containment.forecasting.influence import linear
from drillyard.containment.forecasting.response import best_reports
from drillyard.containment.forecasting.rules import exponential
from drillyard.errors import bad_input
from drillyard.records import Record

__all__ = ["DOES_NOT_SHOW", "SearchResult", "SimplexRule", "best_on_simplex", "rotations", "search_rules"]

Array = NDArray[np.float64]

DOES_NOT_SHOW = (
    "This does not show the smallest possible gap: it searches a family of rules and a finite set of influence fields; "
    "the proof that no rule does it is in the paper."
)

_PLANE = np.array([[1.0, -1.0, 0.0], [1.0, 1.0, -2.0]]) / np.sqrt([[2.0], [6.0]])


class SearchResult(Record):
    """The best rule found: `gap` is its mean |f(p*) − p*| (total variation) over fields, `gap_most` the largest.

    `brier_gap` is that of the quadratic rule, `binary_gap` what the same strength leaves with two outcomes under the
    exponential rule of rate `binary_rate`.
    """

    fields: int
    rules: int
    strength: float
    gap: float
    gap_most: float
    brier_gap: float
    binary_gap: float
    binary_rate: float
    does_not_show: str = DOES_NOT_SHOW


@dataclass(frozen=True, kw_only=True)
class SimplexRule:
    """A proper rule for three outcomes: weights (J,), directions (J, 3) with rates inside, and a root L of M = L Lᵀ."""

    weights: Array
    directions: Array
    root: Array

    def __post_init__(self) -> None:
        if (self.weights < 0).any():
            raise bad_input(f"the weights {self.weights.tolist()}", "weights of 0 or more, else the rule is not proper")

    def expected(self, report: Array, truth: Array) -> Array:
        """Return the expected scores, shape (...), of reports under truths, both (..., 3)."""
        tilt = self.weights * np.exp((report - 1) @ self.directions.T)
        bent = report @ self.root
        value = tilt.sum(-1) + (bent * bent).sum(-1)
        slope = tilt @ self.directions + 2 * bent @ self.root.T
        return np.asarray(value + (slope * (truth - report)).sum(-1), dtype=float)


def rotations(fields: int, strength: float, seed: int = 1) -> tuple[Array, Array]:
    """Return influence fields f(p) = A p + s as maps A (fields, 3, 3) and shifts s (fields, 3).

    Each turns deviations from its centre by a random angle and shrinks them by `strength`, at most 1/4; centres lie
    within 0.15 of even odds, so every f stays on the simplex.

    Raises:
        BadInput: no field, or a strength outside 0 … 1/4.
    """
    if fields < 1 or not 0 <= strength <= 0.25:
        raise bad_input(f"{fields} fields of strength {strength:g}", "one or more, strength from 0 to 0.25")
    rng = np.random.default_rng(seed)
    angle, around = rng.uniform(0, 2 * np.pi, (2, fields))
    turn = np.stack([np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)], -1).reshape(-1, 2, 2)
    maps = np.asarray(strength * _PLANE.T @ turn @ _PLANE, dtype=float)
    away = 0.15 * np.sqrt(rng.random((fields, 1))) * np.stack([np.cos(around), np.sin(around)], -1)
    centres = 1 / 3 + away @ _PLANE
    return maps, centres - np.einsum("fij,fj->fi", maps, centres)


def best_on_simplex(rule: SimplexRule, turn: Array, shift: Array, zooms: int = 3) -> tuple[Array, float]:
    """Return the best report (3,) under one field f(p) = turn p + shift, and its gap: half the sum of |f(p) − p|."""
    centre, width = np.full(3, 1 / 3), 1.0
    for _ in range(zooms + 1):
        p = _LATTICE if width == 1.0 else _near(centre, width)
        centre = p[int(np.argmax(rule.expected(p, p @ turn.T + shift)))]
        width = 0.04 if width == 1.0 else width / 8
    return centre, float(np.abs(turn @ centre + shift - centre).sum() / 2)


def search_rules(fields: int = 12, rules: int = 60, strength: float = 0.25, seed: int = 1) -> SearchResult:
    """Return the rule with the smallest mean gap of `rules` tries, the later half around the best of the first half.

    Every field has one honest answer, its centre, with gap 0. The binary case has slopes and centres of the same size.
    """
    if rules < 2:
        raise bad_input(f"{rules} rules", "two or more")
    maps, rng = rotations(fields, strength, seed), np.random.default_rng(seed + 1)
    brier = SimplexRule(weights=np.zeros(1), directions=np.zeros((1, 3)), root=np.eye(3))
    best, found = brier, _gaps(brier, maps)
    brier_gap = float(found.mean())
    for k in range(rules - 1):
        rule = _drawn(rng) if k < rules // 2 else _nudged(best, rng)
        gaps = _gaps(rule, maps)
        if gaps.mean() < found.mean():
            best, found = rule, gaps
    rate, draw = 100.0, np.random.default_rng(seed)
    slopes = strength * np.cos(draw.uniform(0, 2 * np.pi, fields))
    pairs = linear(draw.uniform(0.35, 0.65, fields) * (1 - slopes), slopes)
    report = best_reports(exponential(rate), pairs)
    binary = np.abs(pairs(report[:, None])[:, 0] - report)
    return SearchResult(
        fields=fields,
        rules=rules,
        strength=strength,
        gap=float(found.mean()),
        gap_most=float(found.max()),
        brier_gap=brier_gap,
        binary_gap=float(binary.mean()),
        binary_rate=rate,
    )


def _gaps(rule: SimplexRule, maps: tuple[Array, Array]) -> Array:
    return np.array([best_on_simplex(rule, turn, shift)[1] for turn, shift in zip(*maps, strict=True)])


def _drawn(rng: np.random.Generator) -> SimplexRule:
    terms = int(rng.integers(1, 4))
    size = np.exp(rng.uniform(np.log(0.5), np.log(60), (terms, 1)))
    way = rng.normal(size=(terms, 3))
    return SimplexRule(
        weights=rng.exponential(size=terms),
        directions=size * way / np.linalg.norm(way, axis=1, keepdims=True),
        root=rng.normal(size=(3, 3)) * rng.choice([0.0, 0.1, 1.0]) + 0.05 * np.eye(3),
    )


def _nudged(rule: SimplexRule, rng: np.random.Generator) -> SimplexRule:
    return SimplexRule(
        weights=rule.weights * np.exp(rng.normal(0, 0.3, rule.weights.shape)),
        directions=rule.directions * np.exp(rng.normal(0, 0.2)) + rng.normal(0, 0.3, rule.directions.shape),
        root=rule.root + rng.normal(0, 0.1, (3, 3)),
    )


def _lattice(steps: int) -> Array:
    i, j = np.meshgrid(np.arange(steps + 1), np.arange(steps + 1), indexing="ij")
    keep = i + j <= steps
    return np.asarray(np.stack([i[keep], j[keep], (steps - i - j)[keep]], -1) / steps, dtype=float)


_LATTICE = _lattice(48)


def _near(centre: Array, width: float) -> Array:
    """Return the points of a small hexagon around a point that lie on the simplex, the point first."""
    steps = np.linspace(-width, width, 25)
    x, y = np.meshgrid(steps, steps)
    p = centre + np.stack([x.ravel(), y.ravel()], -1) @ _PLANE
    return np.vstack([centre, p[(p >= 0).all(1)]])
