"""How much of a layer works: what assumptions leave of it, quorums under persuasion, and common causes."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from drillyard.containment.horizon.layers import Layer, Quorum

__all__ = ["decay", "own_misses", "product", "quorum_passes", "static_work", "uncaught"]

Array = NDArray[np.float32]

_WEAKENS: Mapping[str, Callable[[Mapping[str, Array]], Array]] = {
    "treachery": lambda x: x["tau"],
    "resistance": lambda x: x["options"] / (x["options"] + 1),
    "collusion": lambda x: x["collusion"],
    "unrecognised": lambda x: x["unrecognised"],
    "record": lambda x: 1 - x["record_worth"],
}


def decay(rate: Array) -> Array:
    """Return what one year leaves at a rate: `e^-rate`."""
    return np.asarray(np.exp(-rate))


def product(factors: Sequence[Array]) -> Array:
    """Return the product of factors, 1 of none."""
    return functools.reduce(operator.mul, factors, np.ones((), np.float32))


def static_work(layer: Layer, x: Mapping[str, Array]) -> Array:
    """Return how much of a layer works apart from what years take: 1 all, 0 nothing.

    A monitor or a quorum gets the share of its catches that is left. A goal among k options resists with k/(k+1);
    tests see an attacker who waits with 1 - tau.
    """
    work = np.full(x["theft"].shape, 1 - (layer.factor or 0.0), np.float32)
    for name in layer.weakened_by:
        if name in _WEAKENS:
            work = work * (1 - _WEAKENS[name](x))
    return work


def quorum_passes(quorum: Quorum | None, bits: float, x: Mapping[str, Array]) -> Array:
    """Return the chance that a quorum lets a harmful answer of so many bits pass.

    The logit of each reviewer's error grows by theta log(bits). With the correlation rho all err together, else apart;
    askers who shop reach as many reviewers as there are parties.
    """
    assert quorum is not None
    odds = np.float32(quorum.error / (1 - quorum.error)) * np.float32(max(bits, 1)) ** x["persuasion"]
    error = odds / (1 + odds)
    apart = _at_least(quorum.needed, np.maximum(x["parties"], np.float32(quorum.reviewers)), error)
    together = x["reviewer_correlation"]
    return np.asarray(together * error + (1 - together) * apart, np.float32)


def _at_least(needed: int, reviewers: Array, error: Array) -> Array:
    """Return the binomial tail by counting reviewers one by one: sums of what is positive, exact in small floats."""
    exactly, tail = [np.ones_like(error), *(np.zeros_like(error) for _ in range(needed - 1))], np.zeros_like(error)
    for one in range(int(reviewers.max())):
        wrong = error * (reviewers > one)
        tail = tail + exactly[-1] * wrong
        for i in range(needed - 1, -1, -1):
            exactly[i] = exactly[i] * (1 - wrong) + (exactly[i - 1] * wrong if i else 0)
    return tail


def uncaught(misses: Sequence[Array], beta: Array) -> Array:
    """Return the chance that every layer misses, a share beta of the best layer's misses being common to all.

    Each layer alone keeps its own miss rate, so that one more layer never adds risk. For equal layers this is the
    beta-factor model to first order in beta q.
    """
    if len(misses) < 2:
        return product(misses)
    common = beta * functools.reduce(np.minimum, misses)
    return np.asarray(common + (1 - common) * product(own_misses(misses, common)))


def own_misses(misses: Sequence[Array], common: Array) -> list[Array]:
    """Return what each layer misses by causes of its own, so that with the common cause it misses what it did."""
    scale = 1 / np.maximum(1 - common, np.float32(1e-6))
    return [np.maximum(1 - (1 - one) * scale, 0) for one in misses]
