"""Selectors as packed bits: one row of words a selector, one bit a log row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bits", "Words", "count", "pack", "products", "taken"]

Words = NDArray[np.uint64]
Flags = NDArray[np.bool_]
_BLOCK = 1 << 15


def pack(flags: Flags) -> Words:
    """Pack flags (…, rows) into words (…, rows / 64), the last one filled up with zeros."""
    packed = np.packbits(flags, axis=-1, bitorder="little")
    rest = -packed.shape[-1] % 8
    if rest:
        packed = np.concatenate([packed, np.zeros((*packed.shape[:-1], rest), np.uint8)], axis=-1)
    return np.ascontiguousarray(packed).view(np.uint64)


def count(words: Words) -> NDArray[np.int64]:
    """Count the bits set along the last axis."""
    return np.bitwise_count(words).sum(axis=-1, dtype=np.int64)


class Bits:
    """Selectors (s) over rows (N) with a label: all rows packed, and the bad rows packed on their own.

    Counting how many bad rows a rule has takes a pass over the bad rows alone, which are few; how many rows it has in
    all is counted only for rules that could still be among the best.

    Args:
        selected: (s, N / 64) words; see `pack`.
        bad: (N,) flags.
    """

    def __init__(self, selected: Words, bad: Flags) -> None:
        self.all, self.rows, self.positives = selected, len(bad), int(bad.sum())
        places = np.flatnonzero(bad)
        self.bad = pack(taken(selected, places))

    def pair_positives(self) -> NDArray[np.int64]:
        """Count the bad rows of every pair of selectors: (s, s), the diagonal those of one selector."""
        return products(self.bad, self.positives)

    def pair_rows(self, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
        """Count the rows of some pairs, (m, 2)."""
        counts = np.empty(len(pairs), np.int64)
        width = max(1, _BLOCK // max(1, self.all.shape[1]))
        for start in range(0, len(pairs), width):
            some = pairs[start : start + width]
            counts[start : start + width] = count(self.all[some[:, 0]] & self.all[some[:, 1]])
        return counts

    def rows_of(self, rule: Sequence[int]) -> Words:
        """Return the rows under a rule."""
        found: Words = np.bitwise_and.reduce(self.all[list(rule)], axis=0)
        return found

    def bad_of(self, rule: Sequence[int]) -> Words:
        """Return the bad rows under a rule, among the bad rows."""
        found: Words = np.bitwise_and.reduce(self.bad[list(rule)], axis=0)
        return found


def taken(selected: Words, places: NDArray[np.int64]) -> Flags:
    """Return the flags of some rows, (s, len(places)), without unpacking the others."""
    bytes_ = selected.view(np.uint8)
    found: Flags = ((bytes_[:, places >> 3] >> (places & 7).astype(np.uint8)) & 1).astype(np.bool_)
    return found


def products(words: Words, rows: int) -> NDArray[np.int64]:
    """Count the rows in which two selectors are set together, for every two: a matrix product, in blocks of rows."""
    s = len(words)
    total = np.zeros((s, s), np.float64)
    for start in range(0, words.shape[1], 512):
        block = np.ascontiguousarray(words[:, start : start + 512])
        one_hot = np.unpackbits(block.view(np.uint8), axis=1, bitorder="little").astype(np.float32)
        total += one_hot @ one_hot.T  # a block has 32,768 rows: exact in 24 bits
    return total.astype(np.int64)
