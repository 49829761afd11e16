"""Attention probe: each head weighs the tokens of a reply by what it looks for, and adds up what it finds there.

The sum over heads of Σ_t softmax_t(q·h_t + r t)(v·h_t), as in McKenzie et al. 2025, arXiv 2506.10805. Fitted by the
penalised log loss of whole replies; states are scaled by their spread over all training tokens.

Does not cover: with few replies it finds the training set's words; compare it with the mean over tokens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize
from scipy.special import expit, log_expit

from drillyard.errors import bad_input
from drillyard.probes.base import Doubles, check_states
from drillyard.probes.methods.scaling import Scaling

__all__ = ["AttentionProbe", "fit_attention"]


@dataclass(frozen=True, kw_only=True, eq=False)
class AttentionProbe:
    """Heads (heads, width) of queries and values, what place adds to a query (heads,), and a bias."""

    queries: Doubles
    values: Doubles
    places: Doubles
    bias: float
    form: ClassVar[str] = "attention"

    def score(self, states: ArrayLike) -> Doubles:
        """Return the score of one reply (1,) from the states of its tokens (tokens, width)."""
        x = check_states(states, self.queries.shape[1])
        return np.array([_heads(x, self.queries, self.values, self.places)[0] + self.bias])

    def tensors(self) -> Mapping[str, NDArray[Any]]:
        """Return its arrays."""
        held = {"queries": self.queries, "values": self.values, "places": self.places}
        return {**held, "bias": np.asarray(self.bias, np.float64)}


def fit_attention(
    replies: Sequence[ArrayLike], labels: ArrayLike, *, heads: int = 2, penalty: float = 0.01, seed: int = 1
) -> AttentionProbe:
    """Return the probe.

    Args:
        replies: states of each reply's tokens, each (tokens, width).
        labels: (replies,) 0 or 1.
        heads: more can look for more than one thing.
        penalty: on the squared length of queries and values.
        seed: decides where the search starts.

    Raises:
        BadInput: no reply of one class, or states that do not fit together.
    """
    texts, y = [check_states(one) for one in replies], np.asarray(labels).astype(bool)
    if len(y) != len(texts) or y.all() or not y.any():
        raise bad_input(f"{len(texts)} replies, {int(y.sum())} of {len(y)} labels positive", "replies of both classes")
    scaling = Scaling.of(np.concatenate(texts))
    scaled, width = [scaling.apply(one) for one in texts], texts[0].shape[1]
    sign, size = np.where(y, 1.0, -1.0), heads * width

    def loss(at: Doubles) -> tuple[float, Doubles]:
        queries, values = at[:size].reshape(heads, width), at[size : 2 * size].reshape(heads, width)
        places, bias = at[2 * size : -1], at[-1]
        slope, total = np.zeros_like(at), 0.0
        for x, s in zip(scaled, sign, strict=True):
            score, (weights, found) = _heads(x, queries, values, places)
            margin = s * (score + bias)
            total -= float(log_expit(margin)) / len(sign)
            pull = -s * float(expit(-margin)) / len(sign)
            mean = (weights * found).sum(1, keepdims=True)
            inner = weights * (found - mean)  # what a token's query moves
            slope[:size] += pull * (inner @ x).ravel()
            slope[size : 2 * size] += pull * (weights @ x).ravel()
            slope[2 * size : -1] += pull * (inner @ np.linspace(0, 1, len(x)))
            slope[-1] += pull
        held = at[: 2 * size]
        slope[: 2 * size] += penalty * held
        return total + penalty / 2 * float(held @ held), slope

    start = np.random.default_rng(seed).standard_normal(2 * size + heads + 1) * 0.1 / np.sqrt(width)
    at = optimize.minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 300}).x
    queries, values = at[:size].reshape(heads, width), at[size : 2 * size].reshape(heads, width)
    bias = float(at[-1] - (values * scaling.inverse @ scaling.mean).sum())
    return AttentionProbe(
        queries=queries * scaling.inverse, values=values * scaling.inverse, places=at[2 * size : -1], bias=bias
    )


def _heads(x: Doubles, queries: Doubles, values: Doubles, places: Doubles) -> tuple[float, tuple[Doubles, Doubles]]:
    """Return the score of a reply, and each head's weights (heads, tokens) and findings; places run from 0 to 1."""
    asked = queries @ x.T + places[:, None] * np.linspace(0, 1, len(x))
    weights = np.exp(asked - asked.max(1, keepdims=True))
    weights /= weights.sum(1, keepdims=True)
    found = values @ x.T
    return float((weights * found).sum()), (weights, found)
