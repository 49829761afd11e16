"""Fitting a guard: logistic regression by scikit-learn on windows of labelled replies, one per behaviour.

A label is of a reply, a failure of some words in it, so that most windows of a failing reply are sound (multiple
instances: Andrews et al. 2002, MI-SVM). Each round keeps, of every failing reply, the windows that score highest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from drillyard.errors import bad_input
from drillyard.guards.examples import Example
from drillyard.guards.features import WINDOW, window_rows
from drillyard.guards.guard import Guard
from drillyard.registry import require

__all__ = ["FEWEST", "GuardFitter", "learn_windows"]

Rows = sparse.csr_matrix | NDArray[np.float64]

FEWEST = 8
"""Replies of either kind, below which nothing is learned of a behaviour."""
_STRENGTH = 1.0
"""scikit-learn's C: a choice, since 0.1, 1 and 10 are not told apart (`benchmarks/guards.py choices`, 2026-11-29: they
catch 72, 77 and 79 of 152 held-back examples)."""
_ROUNDS, _NEAR, _STRIDE = 2, 1.0, 3


class GuardFitter:
    """Collects labelled replies; `fit` returns the frozen guard.

    Args:
        window: words that a score is of.
        strength: scikit-learn's C: a smaller one believes the examples less.
    """

    def __init__(self, window: int = WINDOW, strength: float = _STRENGTH) -> None:
        self._window, self._strength = window, strength
        self._examples: dict[tuple[str, tuple[str, ...]], None] = {}

    def update(self, examples: Sequence[Example]) -> GuardFitter:
        """Add labelled replies; returns itself, so that calls chain. What nobody labelled is left out."""
        self._examples |= {(one.text, one.shown): None for one in examples if one.shown is not None}
        return self

    def fit(self, fitted_on: str = "") -> Guard:
        """Return the guard of every behaviour with replies enough.

        Raises:
            BadInput: too few replies of either kind.
            MissingExtra: scikit-learn is not installed.
        """
        kept = list(self._examples)
        sound = [text for text, shown in kept if not shown]
        codes = sorted({code for _, shown in kept for code in shown})
        failing = {code: [text for text, shown in kept if code in shown] for code in codes}
        failing = {code: texts for code, texts in failing.items() if len(texts) >= FEWEST}
        if len(sound) < FEWEST or not failing:
            found = (
                f"{len(sound)} sound replies, and of failing ones at most {max(map(len, failing.values()), default=0)}"
            )
            raise bad_input(found, f"at least {FEWEST} sound ones and {FEWEST} of a behaviour", "add labelled replies")
        quiet, _ = window_rows(sound, _STRIDE, self._window)
        columns = [self._weights(quiet, texts) for texts in failing.values()]
        return Guard(
            behaviours=tuple(failing),
            weights=np.stack(columns, axis=1).astype(np.float32),
            window=self._window,
            fitted_on=fitted_on or f"{len(kept)} labelled replies",
        )

    def _weights(self, quiet: Rows, texts: Sequence[str]) -> NDArray[np.float64]:
        loud, owners = window_rows(texts, _STRIDE, self._window)
        return learn_windows(quiet, loud, owners, self._strength)


def learn_windows(quiet: Rows, loud: Rows, owners: Sequence[int], strength: float = _STRENGTH) -> NDArray[np.float64]:
    """Return weights and intercept that tell the telling windows of failing replies from sound windows.

    Args:
        quiet: (windows, features) of sound replies.
        loud: the same of failing ones.
        owners: of which failing reply each of these is, from 0.
        strength: scikit-learn's C.
    """
    owner = np.array(owners)
    chosen = np.ones(len(owner), bool)
    for _ in range(_ROUNDS):
        weights = _logistic(quiet, loud[chosen], strength)
        scores = loud @ weights[:-1] + weights[-1]
        best = np.full(owner.max() + 1, -np.inf)
        np.maximum.at(best, owner, scores)
        chosen = scores >= best[owner] - _NEAR
    return _logistic(quiet, loud[chosen], strength)


def _logistic(quiet: Rows, loud: Rows, strength: float) -> NDArray[np.float64]:
    """Return weights and intercept; both kinds weigh the same, however many there are of each."""
    linear = require("sklearn.linear_model", "guards", "training a guard")
    both: list[Any] = [quiet, loud]
    rows = sparse.vstack(both).tocsr() if sparse.issparse(quiet) else np.concatenate(both)
    model = linear.LogisticRegression(C=strength, class_weight="balanced", solver="liblinear", random_state=0)
    model.fit(rows, np.arange(rows.shape[0]) >= quiet.shape[0])
    return np.append(model.coef_[0], model.intercept_[0])
