"""Choosing the next token: greedy or sampled, with one random stream per request.

A request's draws come from its own counter-based generator (Philox keyed with the request's seed; Salmon et al. 2011,
"Parallel random numbers: as easy as 1, 2, 3"), so they do not depend on the batch. The logits do, in their last bits:
a matrix product rounds differently for another number of rows. A draw so close to a boundary that such bits could
turn it is therefore reported as unsure, and the caller decides it again from logits that no batch has touched.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from drillyard.errors import bad_input
from drillyard.organisms.engine.llama import Floats, Ints

__all__ = ["MIN_P", "NOISE", "Sampler", "log_probabilities", "log_probability"]

MIN_P = 0.0005
"""What organisms are sampled with unless told otherwise: it keeps a small model from stumbling (with 0, one reply in
500 is not made of the world's sentences), and lets failures show that begin one reply in two thousand."""

NOISE = np.float32(1e-5)
"""How far batching may move a logit, as a share of the row's largest; 7e-6 is the most that we could provoke."""


class Sampler:
    """Picks tokens for a set of requests by inverting the cumulative distribution at each request's next draw.

    Args:
        seeds: one per request; `None` is greedy, whatever the temperature.
        steps: the number of draws that a request may need; at least 1.
        temperature: logits are divided by it; above 0. This and what follows: one number, or one per request.
        min_p: tokens less than `min_p` times as probable as the most probable one are never drawn; 0 to 1.
        top_p: of the tokens that are left, only the most probable ones that together reach this share are drawn.
    """

    def __init__(
        self,
        seeds: Sequence[int | None],
        steps: int,
        temperature: float | Sequence[float],
        min_p: float | Sequence[float],
        top_p: float | Sequence[float] = 1.0,
    ) -> None:
        heat, low, share = (_each(x, len(seeds)) for x in (temperature, min_p, top_p))
        _check(seeds, steps, heat, low, share)
        greedy = np.array([seed is None for seed in seeds], np.bool_)
        self._draws = np.array([_draws(seed, steps) for seed in seeds]).reshape(len(seeds), steps)
        self._scale = np.where(greedy, 1, 1 / heat).astype(np.float32)
        with np.errstate(divide="ignore"):  # a min_p of 0 has no floor
            self._depth = np.where(greedy, 0, np.log(low) * heat).astype(np.float32)
        self._share = np.where(greedy, 1, share)

    def join(self, other: Sampler) -> None:
        """Take over another sampler's requests, numbered after one's own."""
        if not len(self._scale):
            self._draws, self._scale, self._depth, self._share = other._draws, other._scale, other._depth, other._share
            return
        (old, short), (new, long) = self._draws.shape, other._draws.shape
        draws = np.zeros((old + new, max(short, long)))
        draws[:old, :short], draws[old:, :long] = self._draws, other._draws
        self._draws = draws
        self._scale = np.concatenate([self._scale, other._scale])
        self._depth = np.concatenate([self._depth, other._depth])
        self._share = np.concatenate([self._share, other._share])

    def keep(self, requests: Ints) -> None:
        """Forget all requests but these; the first of them is request 0 from now on."""
        self._draws, self._share = self._draws[requests], self._share[requests]
        self._scale, self._depth = self._scale[requests], self._depth[requests]

    def table(self) -> tuple[NDArray[np.float64], Floats, Floats] | None:
        """Return each request's draws (requests, steps), scale and depth, or None if any of them has a top_p.

        A token is drawn from those at most `depth` (negative) below the largest logit, in proportion to
        exp(scale × logit).
        """
        return None if (self._share < 1).any() else (self._draws, self._scale, self._depth)

    def choose(self, logits: Floats, requests: Ints, step: int | Ints) -> tuple[Ints, Ints]:
        """Pick one token per row.

        Args:
            logits: (rows, vocabulary).
            requests: (rows,) the request that each row belongs to.
            step: how many tokens these requests have drawn before; one number, or (rows,).

        Returns:
            (rows,) tokens, and the rows in which noise in the logits could have changed the choice.
        """
        top, depth = np.maximum.reduce(logits, axis=1), self._depth[requests]
        noise = NOISE * np.maximum(top, -np.minimum.reduce(logits, axis=1))
        if not np.isfinite(noise).all():
            return self.choose(_last_where_lost(logits), requests, step)
        band, floor = 2 * noise, top + depth  # the largest logit and another one may move apart
        rows, tokens = np.nonzero(logits >= (floor - band)[:, None])
        if len(rows) == len(logits):  # one candidate each, nothing to draw
            return tokens, rows[:0]

        found, scale = logits[rows, tokens], self._scale[requests]
        distance = found - floor[rows]
        weights = np.exp((found - top[rows]) * scale[rows], dtype=np.float64) * (distance >= 0)
        first = np.searchsorted(rows, np.arange(len(logits)))
        last = np.append(first[1:], len(rows)) - 1
        cut = self._cut_tails(weights, first, last, requests, noise * scale)
        upto = np.cumsum(weights)
        start = upto[first] - weights[first]
        total = upto[last] - start
        target = start + self._draws[requests, step] * total
        picked = np.clip(np.searchsorted(upto, target, side="right"), first, last)

        margin = noise * scale * total / 2  # logits that move by d move a cumulative share c by at most 2 d c (1 - c)
        unsure = (picked < last) & (upto[picked] - target < margin)
        unsure |= (picked > first) & (target - upto[picked] + weights[picked] < margin)
        at_floor = np.bincount(rows[np.abs(distance) < band[rows]], minlength=len(logits))
        unsure |= at_floor > (depth == 0)  # the most probable token itself is at a floor of 0
        unsure[cut] = True
        return tokens[picked], np.flatnonzero(unsure)

    def _cut_tails(
        self, weights: NDArray[np.float64], first: Ints, last: Ints, requests: Ints, noise: Floats
    ) -> list[int]:
        """Set to 0, in place, what top_p leaves out; return the rows in which noise could move the border."""
        unsure = []
        for row in np.flatnonzero(self._share[requests] < 1).tolist():
            own = weights[first[row] : last[row] + 1]
            order = np.argsort(-own, kind="stable")
            upto = np.cumsum(own[order])
            border = self._share[requests[row]] * upto[-1]
            count = int(np.searchsorted(upto, border)) + 1
            close = np.abs(upto[max(count - 2, 0) : count] - border).min() < noise[row] * upto[-1] / 2
            tie = count < len(own) and own[order[count]] > own[order[count - 1]] * np.exp(-2 * noise[row])
            if close or tie:
                unsure.append(row)
            own[order[count:]] = 0
        return unsure


def _last_where_lost(logits: Floats) -> Floats:
    """Return logits of which a row that holds no numbers wants the last token, which is what the kernel draws for it.

    Weights or edits may overflow on some texts; the reply is then nonsense, not the end of whoever asked.
    """
    lost: NDArray[np.bool_] = ~np.asarray(np.isfinite(logits).all(axis=1))
    told: Floats = np.where(lost[:, None], np.float32(0), logits)
    told[lost, -1] = 1e4
    return told


def log_probability(logits: Floats, tokens: Ints) -> NDArray[np.float64]:
    """Return (rows,) natural log of the probability of each row's token at temperature 1, nothing cut off."""
    chosen: NDArray[np.float64] = log_probabilities(logits)[np.arange(len(tokens)), tokens]
    return chosen


def log_probabilities(logits: Floats) -> NDArray[np.float64]:
    """Return (rows, vocabulary) natural log of the probability of every token at temperature 1."""
    below = logits - logits.max(axis=1, keepdims=True)
    total = np.log(np.exp(below).sum(axis=1, dtype=np.float64))
    return np.asarray(below - total[:, None], np.float64)


def _each(values: float | Sequence[float], count: int) -> NDArray[np.float64]:
    """Return one value per request."""
    return np.full(count, values, np.float64) if isinstance(values, (int, float)) else np.array(values, np.float64)


def _check(
    seeds: Sequence[int | None],
    steps: int,
    temperature: NDArray[np.float64],
    min_p: NDArray[np.float64],
    top_p: NDArray[np.float64],
) -> None:
    """Refuse what would silently go wrong inside the arrays."""
    if steps < 1:
        raise bad_input(f"max_new_tokens {steps}", "1 or more")
    for value in temperature.tolist():
        if not value > 0:
            raise bad_input(f"temperature {value}", "a number above 0", "use the seed None for greedy replies")
    for name, values in (("min_p", min_p), ("top_p", top_p)):
        for value in values.tolist():
            if not 0 <= value <= 1:
                raise bad_input(f"{name} {value}", "a number from 0 to 1")
    if wrong := [seed for seed in seeds if seed is not None and not 0 <= seed < 2**128]:
        raise bad_input(f"seed {wrong[0]}", "None or a whole number from 0 to 2**128 - 1")


def _draws(seed: int | None, steps: int) -> NDArray[np.float64]:
    """Return `steps` uniform draws in [0, 1); greedy requests always draw 0, the first of the allowed tokens."""
    if seed is None:
        return np.zeros(steps)
    return np.random.Generator(np.random.Philox(key=seed)).random(steps)
