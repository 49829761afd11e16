"""An item bank: slopes and intercepts of items, and what follows from them for an ability.

The chance of score k on item i at ability t is proportional to exp(k·a_i·t + d_ik), with d_i0 = 0 (generalised partial
credit, Muraki 1992, in slope-intercept form). One step makes it the 2PL, one slope for all makes it Rasch, or Masters'
partial credit model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from drillyard.errors import bad_input
from drillyard.records import Estimate

__all__ = ["NODES", "WEIGHTS", "Bank", "bank_of", "category_chances", "sum_by_item"]

Floats = NDArray[np.float64]

NODES: Floats = np.linspace(-6.0, 6.0, 61)
"""Abilities at which likelihoods are computed. The trapezoidal rule in steps of 0.2 integrates a normal density times a
likelihood that is no narrower than 0.2 with an error below 1e-8."""
WEIGHTS: Floats = np.exp(-(NODES**2) / 2) / np.exp(-(NODES**2) / 2).sum()

_Z = 1.959963984540054


@dataclass(frozen=True, kw_only=True)
class Bank:
    """Items that were measured.

    `slopes` has one number per item, `intercepts` one per item and step (`item_of` and `step_of` say which).
    `covariance` is that of (slopes, intercepts), zeros where the parameters are given; a bank that was fitted holds its
    log-likelihood, how many persons and answers there were, and whether the fit converged.
    """

    items: tuple[str, ...]
    steps: NDArray[np.int64]
    slopes: Floats
    intercepts: Floats
    covariance: Floats
    answers: NDArray[np.int64]
    method: str = "given"
    persons: int = 0
    log_likelihood: float = 0.0
    converged: bool = True

    @cached_property
    def item_of(self) -> NDArray[np.int64]:
        """The item of each intercept."""
        return np.repeat(np.arange(len(self.items)), self.steps)

    @cached_property
    def step_of(self) -> Floats:
        """The score that each intercept belongs to, from 1."""
        return np.concatenate([np.zeros(0), *(np.arange(1, k + 1) for k in self.steps)])

    def chances(self, abilities: Floats | Sequence[float] = NODES) -> Floats:
        """Return the chance of each score from 1 on: abilities × intercepts."""
        return category_chances(self, np.asarray(abilities, dtype=np.float64))[0]

    def expected(self, abilities: Floats | Sequence[float] = NODES) -> Floats:
        """Return the expected share of each item's points: abilities × items."""
        return self._summed(self.chances(abilities) * self.step_of) / self.steps

    def information(self, abilities: Floats | Sequence[float] = NODES) -> Floats:
        """Return Fisher's information of each item: abilities × items."""
        chances = self.chances(abilities)
        mean = self._summed(chances * self.step_of)
        return self.slopes**2 * (self._summed(chances * self.step_of**2) - mean**2)

    def difficulty(self, item: int) -> Estimate:
        """Return the ability at which half of an item's points are reached on average, with its 95 % interval.

        The mean of the difficulties of its steps; interval by the delta method. Unknown (−6 to 6) without a slope.
        """
        last = int(self.steps[: item + 1].sum()) - 1
        slope, intercept = self.slopes[item], self.intercepts[last] / self.steps[item]
        at = (item, len(self.items) + last)
        spread = self.covariance[np.ix_(at, at)]
        if abs(slope) < 1e-3:
            return Estimate(value=0.0, low=-6.0, high=6.0, n=int(self.answers[item]), method="no slope")
        value = -intercept / slope
        gradient = np.array([intercept / slope**2, -1 / (slope * self.steps[item])])
        return self._estimate(float(value), float(gradient @ spread @ gradient), item)

    def slope(self, item: int) -> Estimate:
        """Return an item's slope with its 95 % interval."""
        return self._estimate(float(self.slopes[item]), float(self.covariance[item, item]), item)

    def _estimate(self, value: float, variance: float, item: int) -> Estimate:
        off = _Z * max(variance, 0.0) ** 0.5
        return Estimate(value=value, low=value - off, high=value + off, n=int(self.answers[item]), method=self.method)

    def _summed(self, columns: Floats) -> Floats:
        return sum_by_item(columns, self.steps)


def sum_by_item(columns: Floats, steps: NDArray[np.int64]) -> Floats:
    """Sum the columns that belong to each item."""
    if len(steps) == columns.shape[1]:
        return columns
    starts = np.concatenate([[0], np.cumsum(steps)[:-1]])
    summed: Floats = np.add.reduceat(columns, starts, axis=1)
    return summed


def category_chances(bank: Bank, abilities: Floats) -> tuple[Floats, Floats, Floats]:
    """Return chances and log numerators (abilities × intercepts), and log denominators (abilities × items)."""
    logits = abilities[:, None] * (bank.step_of * bank.slopes[bank.item_of]) + bank.intercepts
    top = np.maximum(_most_by_item(logits, bank.steps), 0.0)
    raised = np.exp(logits - top[:, bank.item_of])
    whole = np.exp(-top) + sum_by_item(raised, bank.steps)
    return raised / whole[:, bank.item_of], logits, top + np.log(whole)


def _most_by_item(columns: Floats, steps: NDArray[np.int64]) -> Floats:
    if len(steps) == columns.shape[1]:
        return columns
    most: Floats = np.maximum.reduceat(columns, np.concatenate([[0], np.cumsum(steps)[:-1]]), axis=1)
    return most


def bank_of(
    slopes: Sequence[float] | Floats,
    difficulties: Sequence[float | Sequence[float]] | Floats,
    items: Sequence[str] = (),
) -> Bank:
    """Return a bank with given parameters: a difficulty per item, or one per step.

    Raises:
        BadInput: as many slopes as difficulties are wanted, all finite.
    """
    by_step = [np.atleast_1d(np.asarray(one, dtype=np.float64)) for one in difficulties]
    slope = np.asarray(slopes, dtype=np.float64)
    if slope.shape != (len(by_step),) or not all(np.isfinite(one).all() and one.size for one in [slope, *by_step]):
        raise bad_input(f"{slope.size} slopes and {len(by_step)} difficulties", "one finite slope per item")
    return Bank(
        items=tuple(items) or tuple(f"item {i + 1}" for i in range(len(by_step))),
        steps=np.array([one.size for one in by_step], dtype=np.int64),
        slopes=slope,
        intercepts=np.concatenate([-a * np.cumsum(one) for a, one in zip(slope, by_step, strict=True)]),
        covariance=np.zeros((slope.size + sum(one.size for one in by_step),) * 2),
        answers=np.zeros(slope.size, dtype=np.int64),
    )
