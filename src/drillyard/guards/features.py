"""What of a word counts: itself, with the one and the two before it, and its letters in threes and fours; hashed.

One function gives the columns of a word for training and for use, so that both see the same (Weinberger et al. 2009).
"""

from __future__ import annotations

import functools
import zlib
from collections.abc import Sequence

import numpy as np
from scipy import sparse

from drillyard.guards.words import read_words

__all__ = ["LETTERS", "WIDTH", "WINDOW", "letter_columns", "pair_column", "triple_column", "window_rows"]

WIDTH = 2**16
"""Columns. Two features share one now and then; fewer columns make that worse, more make the file larger."""
WINDOW = 16
"""Words that a score is of: a choice. 8, 16 and 32 catch 57, 77 and 88 of 152 held-back examples, and flag 8, 10 and
12 % of other sound replies (`benchmarks/guards.py choices`, 2026-11-29); as many words are held back from a stream."""
LETTERS = 0.3
"""What a group of letters counts beside a word, which counts 1: a word has about seven of them."""


@functools.lru_cache(maxsize=65_536)
def letter_columns(word: str) -> tuple[tuple[int, ...], int]:
    """Return the columns of a word's letter groups, and that of the word."""
    framed = f"<{word}>"
    groups = (
        {framed[at : at + size] for size in (3, 4) for at in range(len(framed) - size + 1)} if word[0] > "@" else ()
    )
    return tuple(sorted(_column(f"l{group}") for group in groups)), _column(f"w{word}")


def pair_column(before: str, word: str) -> int:
    """Return the column of a word and the one before it."""
    return _column(f"p{before} {word}")


def triple_column(first: str, before: str, word: str) -> int:
    """Return the column of a word and the two before it."""
    return _column(f"t{first} {before} {word}")


def _column(feature: str) -> int:
    return zlib.crc32(feature.encode("utf-8", "surrogatepass")) % WIDTH


def window_rows(texts: Sequence[str], stride: int = 1, window: int = WINDOW) -> tuple[sparse.csr_matrix, list[int]]:
    """Return the windows of texts as rows, and of which text each is.

    A row is what a score at one word is of: the sum of the features of the last `window` words. With a stride only
    every so many words, and the last one, get a row. A text without words has none.
    """
    indices: list[int] = []
    values: list[float] = []
    starts, owners = [0], []
    for owner, text in enumerate(texts):
        words = ["^", "^", *(word for word, _, _ in read_words(text))]
        told = [_features(*words[at - 2 : at + 1]) for at in range(2, len(words))]
        for end in range(1, len(told) + 1):
            if end % stride and end != len(told):
                continue
            for columns, weights in told[max(0, end - window) : end]:
                indices += columns
                values += weights
            starts.append(len(indices))
            owners.append(owner)
    data = (np.array(values), np.array(indices, np.int32), np.array(starts, np.int32))
    rows = sparse.csr_matrix(data, shape=(len(owners), WIDTH))
    rows.sum_duplicates()
    return rows, owners


def _features(first: str, before: str, word: str) -> tuple[list[int], list[float]]:
    groups, own = letter_columns(word)
    columns = [*groups, own, pair_column(before, word), triple_column(first, before, word)]
    return columns, [LETTERS] * len(groups) + [1.0] * 3
