"""Contrast pairs: each statement affirmed and negated, in several paraphrases; what methods without labels take."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from drillyard.errors import bad_input
from drillyard.probes.base import Doubles, check_states

__all__ = ["check_pairs", "contrast"]


def check_pairs(pairs: ArrayLike) -> Doubles:
    """Return pairs as (statements, paraphrases, 2, width) float64; side 0 is negated, side 1 affirmed.

    (statements, 2, width) is taken for one paraphrase. Raises `BadInput` for other shapes, NaN, or fewer than 4.
    """
    found = np.asarray(pairs, np.float64)
    found = found[:, None] if found.ndim == 3 else found
    if found.ndim != 4 or found.shape[2] != 2 or len(found) < 4:
        raise bad_input(f"pairs of shape {found.shape}", "(at least 4 statements, paraphrases, 2 sides, width)")
    check_states(found.reshape(-1, found.shape[-1]))
    return found


def contrast(weights: Doubles, pairs: ArrayLike) -> Doubles:
    """Return (statements,) scores: affirmed less negated, averaged over paraphrases. A higher one means rather true.

    The sign of a label-free probe is free, so the scores of all statements may be turned round together.
    """
    found = check_pairs(pairs)
    scores: Doubles = ((found[:, :, 1] - found[:, :, 0]) @ weights).mean(1)
    return scores
