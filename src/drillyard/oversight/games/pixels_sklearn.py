"""Pixel debate on scikit-learn's digits: a judge that sees a few true pixels, chosen by whoever wants it to err.

After Irving, Christiano and Amodei 2018 (arXiv 1805.00899), on 8 × 8 images that come with scikit-learn. The judge is a
small network trained on K random pixels and never on chosen ones: that is the reason for most of what is seen here.
Play is exact minimax over sets of pixels, by turns; the judge sees no more than the set.

Does not show: that debate helps people or language models. A judge trained on the protocol's own games closes the gap.
"""

from __future__ import annotations

import functools
import itertools
import time
import warnings
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits  # type: ignore[import-untyped]  # ships no types
from sklearn.exceptions import ConvergenceWarning  # type: ignore[import-untyped]  # ships no types
from sklearn.neural_network import MLPClassifier  # type: ignore[import-untyped]  # ships no types

from drillyard.oversight.games.pixels import PixelReport, PixelSpec
from drillyard.records.progress import Progress, silent
from drillyard.stats import mcnemar, wilson

__all__ = ["PixelJudge", "Sets", "last_sets", "play_pixels", "solve"]

Floats = NDArray[np.float64]
_LEARN = 1300
"""Images that the judge learns from; it is asked about the other 497."""
_DRAWS = 20
"""Random masks of an image for the rows without choice; the ensemble takes five times as many."""


@dataclass(frozen=True, kw_only=True)
class Sets:
    """Every set of `k` of `n` things, and for each smaller set the places of those that have one more."""

    members: NDArray[np.intp]
    above: tuple[NDArray[np.intp], ...]

    @staticmethod
    @functools.cache
    def of(n: int, k: int) -> Sets:
        """Return the sets; made once a process."""
        levels = [list(itertools.combinations(range(n), size)) for size in range(k + 1)]
        places = [{one: place for place, one in enumerate(level)} for level in levels]
        above = tuple(
            np.array(
                [[places[i + 1][tuple(sorted((*s, x)))] for x in range(n) if x not in s] for s in levels[i]],
                dtype=np.intp,
            )
            for i in range(k)
        )
        return Sets(members=np.array(levels[k], dtype=np.intp), above=above)


def solve(lead: Floats, sets: Sets, first: bool) -> Floats:
    """Return the value of each game by minimax; sides take turns.

    Args:
        lead: of the honest side over the other, by set and game.
        sets: of pixels.
        first: whether the honest side moves first.
    """
    for moved in reversed(range(len(sets.above))):
        choices = lead[sets.above[moved]]
        lead = choices.max(axis=1) if (moved % 2 == 0) == first else choices.min(axis=1)
    return np.asarray(lead[0])


def last_sets(lead: Floats, sets: Sets, first: bool) -> NDArray[np.intp]:
    """Return the place of the set in which best play of each game ends."""
    end = np.broadcast_to(np.arange(len(lead))[:, None], lead.shape)
    for moved in reversed(range(len(sets.above))):
        choices = lead[sets.above[moved]]
        best = (choices.argmax(axis=1) if (moved % 2 == 0) == first else choices.argmin(axis=1))[:, None]
        lead = np.take_along_axis(choices, best, axis=1)[:, 0]
        end = np.take_along_axis(end[sets.above[moved]], best, axis=1)[:, 0]
    return np.asarray(end[0])


class PixelJudge:
    """Guesses a digit from the values of a few pixels, the rest masked. Fitted on random pixels that are not zero."""

    def __init__(self, spec: PixelSpec) -> None:
        images, self.digits = load_digits(return_X_y=True)
        self.images, self.spec = images / 16.0, spec
        self.rng = np.random.default_rng(spec.seed)
        order = self.rng.permutation(len(images))
        self.held = order[_LEARN:]
        rows = np.repeat(order[:_LEARN], spec.masks)
        masks = np.concatenate([self.random_masks(int(row), 1) for row in rows])
        network = MLPClassifier((spec.hidden,), max_iter=spec.epochs, random_state=spec.seed, batch_size=256)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # how long it trains is part of the spec
            network.fit(_seen(self.images[rows], masks), self.digits[rows])
        self._layers = [
            (weights.astype(np.float32), bias.astype(np.float32))
            for weights, bias in zip(network.coefs_, network.intercepts_, strict=True)
        ]

    def random_masks(self, row: int, count: int) -> NDArray[np.bool_]:
        """Draw masks of an image: K of its pixels that are not zero."""
        lit = np.flatnonzero(self.images[row])
        masks = np.zeros((count, self.images.shape[1]), dtype=bool)
        for mask in masks:
            mask[self.rng.choice(lit, self.spec.pixels, replace=False)] = True
        return masks

    def candidates(self, row: int) -> NDArray[np.intp]:
        """Return the pixels that may be revealed: those that are not zero, the brightest where they are too many."""
        lit = np.flatnonzero(self.images[row])
        return lit[np.argsort(-self.images[row][lit], kind="stable")[: self.spec.most]]

    def log_chances(self, row: int, masks: NDArray[np.bool_]) -> Floats:
        """Return the log-probability of each digit, by mask."""
        signal = _seen(np.broadcast_to(self.images[row], masks.shape), masks).astype(np.float32)
        for weights, bias in self._layers[:-1]:
            signal = np.maximum(signal @ weights + bias, 0)
        weights, bias = self._layers[-1]
        scores = (signal @ weights + bias).astype(np.float64)
        scores -= scores.max(axis=1, keepdims=True)
        return np.asarray(scores - np.log(np.exp(scores).sum(axis=1, keepdims=True)))


def play_pixels(spec: PixelSpec, told: Progress = silent) -> PixelReport:
    """Train the judge and play every image. K = 4: about a quarter of a second an image, on one core."""
    began = time.perf_counter()
    judge = PixelJudge(spec)
    right: dict[str, list[bool]] = defaultdict(list)
    chosen: list[NDArray[np.intp]] = []
    rows = judge.held[: spec.images]
    for done, row in enumerate(rows, start=1):
        _play_one(judge, int(row), right, chosen)
        told("images", done, len(rows))
    pairs = list(zip(right["selection_debate"], right["selection_masks"], strict=True))
    ahead, behind = sum(a and not b for a, b in pairs), sum(b and not a for a, b in pairs)
    return PixelReport(
        spec=spec,
        ahead=ahead,
        behind=behind,
        p_value=mcnemar(ahead, behind),
        seconds=time.perf_counter() - began,
        **{name: wilson(sum(found), len(found)) for name, found in right.items()},
    )


def _play_one(judge: PixelJudge, row: int, right: dict[str, list[bool]], chosen: list[NDArray[np.intp]]) -> None:
    truth, spec = int(judge.digits[row]), judge.spec
    pixels = judge.candidates(row)
    sets = Sets.of(len(pixels), spec.pixels)
    chances = judge.log_chances(row, _masks(pixels[sets.members], judge.images.shape[1]))
    lead = _leads(chances, truth)
    first, second, ends = solve(lead, sets, True), solve(lead, sets, False), last_sets(lead, sets, True)
    drawn = judge.log_chances(row, judge.random_masks(row, _DRAWS))
    right["ten_way"] += list(drawn.argmax(axis=1) == truth)
    right["honest_first"].append(bool((first > 0).all()))
    right["liar_first"].append(bool((second > 0).all()))
    right["pairs_random"] += list((_leads(drawn, truth) > 0).ravel())
    right["pairs_debate"] += list(first > 0)
    right["adviser_honest"] += list(lead.max(axis=0) > 0)
    right["adviser_lying"] += list(lead.min(axis=0) > 0)
    right["colluding"] += list(lead.min(axis=0) > 0)  # two that want the same are one who moves twice
    right["selection_adviser"].append(bool(chances.max(axis=0).argmax() == truth))
    every = np.concatenate([_leads(chances, digit) for digit in range(chances.shape[1])], axis=1)
    worst = solve(every, sets, True).reshape(chances.shape[1], -1).min(axis=1)
    right["selection_debate"].append(int(worst.argmax()) == truth)
    many = judge.log_chances(row, judge.random_masks(row, 5 * _DRAWS))
    right["selection_masks"].append(bool(many.mean(axis=0).argmax() == truth))
    shown = pixels[sets.members[ends]]
    strange = judge.log_chances(row, _masks(chosen[-1] if chosen else shown, judge.images.shape[1]))
    right["shuffled"] += list(np.diagonal(_leads(strange, truth)) > 0)
    chosen.append(shown)


def _leads(chances: Floats, digit: int) -> Floats:
    """Return how far a digit is ahead of each of the others."""
    return chances[:, [digit]] - np.delete(chances, digit, axis=1)


def _masks(chosen: NDArray[np.intp], size: int) -> NDArray[np.bool_]:
    masks = np.zeros((len(chosen), size), dtype=bool)
    np.put_along_axis(masks, chosen, True, axis=1)
    return masks


def _seen(images: Floats, masks: NDArray[np.bool_]) -> Floats:
    return np.concatenate([images * masks, masks], axis=1)
