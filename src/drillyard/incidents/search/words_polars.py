"""Words that bad rows use more often: Monroe, Colaresi and Quinn 2008, log-odds with an informative Dirichlet prior."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from drillyard.incidents.sliced import Word
from drillyard.incidents.store_polars import WORD

__all__ = ["log_odds", "telling_words"]

_PRIOR, _SAMPLE, _TEXT = 500.0, 40_000, 2_000


def log_odds(
    one: Mapping[str, float], other: Mapping[str, float], prior: Mapping[str, float]
) -> dict[str, tuple[float, float]]:
    """Return word -> (difference of its log-odds, z) between two corpora; above 0 where the first uses it more.

    Args:
        one: how often each word comes in the first corpus.
        other: the same of the second.
        prior: pseudo-counts, at least for every word of both: those of a background corpus, or all the same.
    """
    n_one, n_other, n_prior = sum(one.values()), sum(other.values()), sum(prior.values())
    found = {}
    for word, alpha in prior.items():
        y, z = one.get(word, 0.0) + alpha, other.get(word, 0.0) + alpha
        delta = np.log(y / (n_one + n_prior - y)) - np.log(z / (n_other + n_prior - z))
        found[word] = (float(delta), float(delta / np.sqrt(1 / y + 1 / z)))
    return found


def telling_words(rows: pl.LazyFrame, most: int = 8) -> tuple[Word, ...]:
    """Return the words of replies and requests with the highest z, bad rows against sound ones; all is the prior."""
    found = []
    for side, column in (("reply", "response_text"), ("request", "user_text")):
        bad, sound = (
            _counts(rows.filter(test).select(column).collect()[column])
            for test in (pl.col("label_bad") >= 0.5, pl.col("label_bad") < 0.5)
        )
        both = {word: bad.get(word, 0.0) + sound.get(word, 0.0) for word in {*bad, *sound}}
        total = sum(both.values()) or 1.0
        prior = {word: max(count / total * _PRIOR, 0.01) for word, count in both.items()}
        odds = log_odds(bad, sound, prior)
        best = sorted(odds, key=lambda word: (-odds[word][1], word))[:most]
        found += [Word(word=w, side=side, delta=odds[w][0], z=odds[w][1]) for w in best if odds[w][1] > 3]
    return tuple(found)


def _counts(texts: pl.Series) -> dict[str, float]:
    if len(texts) > _SAMPLE:
        texts = texts.sample(_SAMPLE, seed=1)
    words = texts.str.slice(0, _TEXT).str.to_lowercase().str.extract_all(WORD).explode().drop_nulls()
    counted = words.value_counts()
    return dict(zip(counted[words.name].to_list(), map(float, counted["count"].to_list()), strict=True))
