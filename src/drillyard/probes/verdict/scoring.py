"""Scores that no row has helped to fit: each fold's rows by a probe of the other folds, at a layer of their choice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drillyard.probes.base import Doubles, Probe
from drillyard.probes.methods.ccs import fit_ccs
from drillyard.probes.methods.crc import fit_crc
from drillyard.probes.methods.pairs import contrast
from drillyard.probes.methods.vinc import fit_vinc
from drillyard.probes.tasks.task import GROUP, Task
from drillyard.probes.verdict.folds import Folds, area_of, informative_layer
from drillyard.records import Estimate
from drillyard.registry import load

__all__ = ["Labelled", "Scored", "cross_score", "score_pairs"]

_ELSEWHERE = -1
"""The fold of rows whose group is nowhere fitted, such as those of another topic: all folds' probes score them."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Labelled:
    """The rows of a task as arrays: labels, cells, group names, and folds of the plain rows."""

    labels: NDArray[np.bool_]
    cell: NDArray[Any]
    names: NDArray[Any]
    folds: Folds
    fold: NDArray[np.int64]
    core: NDArray[np.bool_]
    control: NDArray[np.bool_]
    seed: int

    @classmethod
    def of(cls, task: Task, seed: int) -> Labelled:
        """Deal the groups of a task out to folds. Raises `BadInput` as `Folds.deal`."""
        cell, names = np.array([row.cell for row in task.rows]), np.array([row.group for row in task.rows])
        labels, plain = np.array([bool(row.label) for row in task.rows]), cell == GROUP
        folds = Folds.deal(names[plain].tolist(), labels[plain], seed)
        where = dict(zip(names[plain].tolist(), folds.of.tolist(), strict=True))
        fold = np.array([where.get(name, _ELSEWHERE) for name in names])
        spared = np.isin(cell, task.styles) | np.array([one.startswith("topic ") for one in cell])
        control = plain | np.isin(cell, task.lies)
        return cls(
            labels=labels, cell=cell, names=names, folds=folds, fold=fold, core=~spared, control=control, seed=seed
        )

    @property
    def plain(self) -> NDArray[np.bool_]:
        """Which rows are for fitting."""
        found: NDArray[np.bool_] = self.cell == GROUP
        return found

    @property
    def part(self) -> Labelled:
        """The plain rows alone."""
        return self.rows_of(np.flatnonzero(self.plain))

    def rows_of(self, rows: NDArray[np.int64]) -> Labelled:
        """Return some rows, all plain ones among them."""
        return Labelled(
            labels=self.labels[rows],
            cell=self.cell[rows],
            names=self.names[rows],
            folds=self.folds,
            fold=self.fold[rows],
            core=self.core[rows],
            control=self.control[rows],
            seed=self.seed,
        )

    def area(self, scores: Doubles, rows: NDArray[np.bool_]) -> Estimate:
        """Return how well scores tell the labels of some rows apart."""
        numbers = np.unique(self.names[rows], return_inverse=True)[1]
        return area_of(scores[rows], self.labels[rows], self.fold[rows], numbers, self.seed)


@dataclass(frozen=True, kw_only=True, eq=False)
class Scored:
    """Scores of all rows, the place of the layer that each fold chose, and how a probe is fitted."""

    scores: Doubles
    places: tuple[int, ...]
    probes: tuple[Probe, ...]
    fit: Callable[..., Probe]


def cross_score(
    array: NDArray[Any], data: Labelled, method: str, seed: int, *, constant: float | None = None
) -> Scored:
    """Score (rows, layers, width) states: each fold's groups, in every cell, by a probe of the others' plain rows.

    With `constant`, states in which nothing varies get that score instead of being refused: a control may be blind.

    Raises:
        BadInput: as the method.
    """
    fit: Callable[..., Probe] = load("probes", method)
    scores, places, probes = np.zeros(len(array)), [], []
    elsewhere = data.fold == _ELSEWHERE
    for fold in range(data.folds.count):
        train, test = data.plain & (data.fold != fold), data.fold == fold
        groups = np.unique(data.names[train], return_inverse=True)[1]
        place = informative_layer(array[train], data.labels[train], groups, seed) if array.shape[1] > 1 else 0
        places.append(place)
        x = np.asarray(array[train, place], np.float64)
        if constant is not None and not (x != x[0]).any():
            continue
        probes.append(fit(x, data.labels[train]))
        spread = float(probes[-1].score(x).std()) or 1.0
        scores[test] = probes[-1].score(array[test, place]) / spread if test.any() else 0
        if elsewhere.any():
            scores[elsewhere] += probes[-1].score(array[elsewhere, place]) / spread / data.folds.count
    return Scored(scores=scores, places=tuple(places), probes=tuple(probes), fit=fit)


def score_pairs(pairs: NDArray[Any], labels: NDArray[np.bool_], names: NDArray[Any], seed: int) -> dict[str, Estimate]:
    """Return areas of CCS, CRC and VINC on (statements, 2, width), by group folds; the better of both signs.

    The sign of such a probe is free; taking the better one flatters it.
    """
    folds = Folds.deal(names.tolist(), labels, seed)
    found = {}
    for name, fit in (("CCS", fit_ccs), ("CRC", fit_crc), ("VINC", fit_vinc)):
        scores = np.zeros(len(pairs))
        for fold in range(folds.count):
            train = folds.of != fold
            # one sign per fold, by the training rows, as it means nothing from fold to fold
            weights = fit(pairs[train]).weights
            sign = np.sign(np.corrcoef(contrast(weights, pairs[train]), labels[train])[0, 1]) or 1.0
            scores[~train] = sign * _contrast(weights, pairs[~train])
        found[name] = area_of(scores, labels, folds.of, folds.groups, seed)
    return found


def _contrast(weights: Doubles, pairs: NDArray[Any]) -> Doubles:
    found: Doubles = (pairs[:, 1] - pairs[:, 0]).astype(np.float64) @ weights
    return found
