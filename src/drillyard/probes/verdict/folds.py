"""Fitting by groups: which rows train, at which layer, and how well the others are told apart, with an interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, t

from drillyard.errors import bad_input
from drillyard.probes.base import Doubles
from drillyard.probes.methods.scaling import Scaling, compact
from drillyard.records import Estimate
from drillyard.stats import auroc, delong

__all__ = ["FOLDS", "Folds", "area_of", "flip_p", "informative_layer", "ridge_maps"]

FOLDS = 5
_INNER = 3
_INFORMATIVE = 0.95
"""Share of the best layer's training area, less .5, from which a layer is informative (Mallen et al. 2023)."""

_PENALTY = 0.1
_DRAWS = 1000


@dataclass(frozen=True, kw_only=True, eq=False)
class Folds:
    """Groups dealt out to folds: `of` tells the fold of every row; no group lies in two."""

    of: NDArray[np.int64]
    groups: NDArray[np.int64]
    count: int

    @classmethod
    def deal(cls, groups: Sequence[str], labels: NDArray[np.bool_], seed: int, most: int = FOLDS) -> Folds:
        """Deal groups out. Raises `BadInput`: too few groups, or one class in all of them."""
        names = sorted(set(groups))
        if len(names) < 2 * most or min(labels.sum(), (~labels).sum()) < 2 * most:
            found = f"{len(names)} groups, {int(labels.sum())} true and {int((~labels).sum())} false rows"
            raise bad_input(found, f"at least {2 * most} groups and {2 * most} rows of each kind")
        order = np.random.default_rng(seed).permutation(len(names))
        fold = {names[index]: place % most for place, index in enumerate(order)}
        number = {name: index for index, name in enumerate(names)}
        return cls(
            of=np.array([fold[one] for one in groups]), groups=np.array([number[one] for one in groups]), count=most
        )


def ridge_maps(states: Doubles, train: NDArray[np.bool_]) -> Doubles:
    """Return (rows, training rows): what turns centred labels into scores of all rows.

    One Newton step of the logistic fit from zero, which is a ridge regression: linear in the labels, so that hundreds
    of other labellings cost one product.
    """
    scaling = Scaling.of(states[train])
    z, axes = compact(scaling.apply(states[train]))
    gram = z.T @ z / (4 * len(z)) + _PENALTY * np.eye(z.shape[1])
    maps: Doubles = scaling.apply(states) @ axes.T @ np.linalg.solve(gram, z.T) / len(z)
    return maps


def informative_layer(layers: NDArray[Any], labels: NDArray[np.bool_], groups: NDArray[np.int64], seed: int) -> int:
    """Return the place of the earliest informative layer of (rows, layers, width): chosen on these groups alone."""
    inner = np.random.default_rng(seed).permutation(int(groups.max()) + 1)[groups] % _INNER
    areas = []
    for place in range(layers.shape[1]):
        x, found = layers[:, place].astype(np.float64), []
        if not (x != x[0]).any():  # an embedding of one and the same token
            areas.append(-1.0)
            continue
        for fold in range(_INNER):
            train, test = inner != fold, inner == fold
            if len(set(labels[train])) == len(set(labels[test])) == 2:
                y = labels[train] - labels[train].mean()
                found.append(auroc(ridge_maps(x, train)[test] @ y, labels[test]))
        areas.append(float(np.mean(found)) if found else 0.5)
    gain = np.array(areas) - 0.5
    if gain.max() <= 0:
        return int(np.argmax(gain))
    return int(np.argmax(gain >= _INFORMATIVE * gain.max()))


def flip_p(
    layers: NDArray[Any], labels: NDArray[np.bool_], folds: Folds, flips: int, seed: int
) -> tuple[float, float, float]:
    """Return the p-value of labels that are flipped group by group, the observed statistic, and its 95 % point.

    The statistic is the largest area over the layers searched, so the search is paid for.
    """
    rng, groups = np.random.default_rng(seed), int(folds.groups.max()) + 1
    signs = np.where(rng.random((flips, groups)) < 0.5, -1.0, 1.0)[:, folds.groups]
    plain = np.where(labels, 1.0, -1.0)
    every = np.vstack([plain, plain * signs]).T  # (rows, labellings), the true one first
    areas = np.zeros((layers.shape[1], flips + 1))
    for place in range(layers.shape[1]):
        x = layers[:, place].astype(np.float64)
        for fold in range(folds.count):
            train, test = folds.of != fold, folds.of == fold
            centred = every[train] - every[train].mean(0)
            areas[place] += _areas(ridge_maps(x, train)[test] @ centred, every[test] > 0) / folds.count
    best = areas.max(0)
    p = (1 + int((best[1:] >= best[0] - 1e-12).sum())) / (flips + 1)
    return p, float(best[0]), float(np.quantile(best[1:], 0.95))


def _areas(scores: Doubles, positive: NDArray[np.bool_]) -> Doubles:
    """Return the area of each column; .5 for one of one class."""
    order = scores.argsort(0).argsort(0) + 1.0
    count = positive.sum(0)
    rest = len(scores) - count
    with np.errstate(invalid="ignore", divide="ignore"):
        found = ((order * positive).sum(0) - count * (count + 1) / 2) / (count * rest)
    return np.where((count > 0) & (rest > 0), found, 0.5)


def area_of(
    scores: Doubles, labels: NDArray[np.bool_], folds: NDArray[np.int64], groups: NDArray[np.int64], seed: int = 1
) -> Estimate:
    """Return the mean over folds of the area, with the wider of two intervals.

    One is a bootstrap of groups within their folds, rescaled for how few those are (Rao and Wu 1988) and widened to
    Student's t of groups less folds; the other is DeLong's on scores in standard units of their fold.
    """
    names = sorted(set(folds.tolist()))
    standard = np.array(scores, np.float64)
    for fold in names:
        rows = folds == fold
        spread = float(standard[rows].std()) or 1.0
        standard[rows] = (standard[rows] - standard[rows].mean()) / spread
    rough = delong(standard, labels)
    rng, drawn, value = np.random.default_rng(seed), np.zeros(_DRAWS), 0.0
    parts, wide = 0, float(t.ppf(0.975, max(1, len(set(groups.tolist())) - len(names))) / norm.ppf(0.975))
    for fold in names:
        rows = np.flatnonzero(folds == fold)
        up, down = rows[labels[rows]], rows[~labels[rows]]
        if not len(up) or not len(down):
            continue
        wins = (scores[up][:, None] > scores[down]) + 0.5 * (scores[up][:, None] == scores[down])
        members = np.unique(groups[rows])
        weights = rng.multinomial(len(members), np.full(len(members), 1 / len(members)), _DRAWS)
        by_row = dict(zip(members.tolist(), weights.T, strict=True))
        w_up = np.stack([by_row[g] for g in groups[up].tolist()], axis=1)
        w_down = np.stack([by_row[g] for g in groups[down].tolist()], axis=1)
        both = w_up.sum(1) * w_down.sum(1)
        hits = ((w_up @ wins) * w_down).sum(1)
        off = np.where(both > 0, hits / np.maximum(both, 1) - wins.mean(), 0.0)
        drawn += wins.mean() + off * wide * np.sqrt(len(members) / max(1, len(members) - 1))
        value += float(wins.mean())
        parts += 1
    value, drawn = value / parts, drawn / parts
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Estimate(
        value=value,
        low=max(0.0, min(float(low), rough.low, value)),
        high=min(1.0, max(float(high), rough.high, value)),
        n=len(scores),
        method="mean of folds; wider of group bootstrap and DeLong",
    )
