"""Selectors as packed bits: one row of words a selector, one bit a log row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bits", "Words", "count", "overlaps", "pack", "products", "taken"]

Words = NDArray[np.uint64]
Flags = NDArray[np.bool_]
_BLOCK = 2048
"""Words counted at once: they stay in the cache, and sixteen bits hold the sum of their counts."""
_EVEN, _LOW = np.uint64(0x00FF00FF00FF00FF), np.uint64(0xFFFF)


def pack(flags: Flags) -> Words:
    """Pack flags (…, rows) into words (…, rows / 64), the last one filled up with zeros."""
    packed = np.packbits(flags, axis=-1, bitorder="little")
    rest = -packed.shape[-1] % 8
    if rest:
        packed = np.concatenate([packed, np.zeros((*packed.shape[:-1], rest), np.uint8)], axis=-1)
    return np.ascontiguousarray(packed).view(np.uint64)


def count(words: Words) -> NDArray[np.int64]:
    """Count the bits set along the last axis."""
    counts: NDArray[np.int64] = np.bitwise_count(words).sum(axis=-1, dtype=np.int64)
    return counts


class Bits:
    """Selectors (s) over rows (N) with a label: all rows packed, and the bad rows packed on their own.

    Counting how many bad rows a rule has takes a pass over the bad rows alone, which are few.

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

    def pair_rows(self) -> NDArray[np.int64]:
        """Count the rows of every pair of selectors, (s, s), above the diagonal; below it stands nothing."""
        return overlaps(self.all)

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


def overlaps(words: Words) -> NDArray[np.int64]:
    """Count the rows in which two selectors hold together, above the diagonal of (s, s).

    Eight counts of a word each, a byte long, are added as one number, in two halves of four lanes.
    """
    s = len(words)
    total = np.zeros((s, s), np.int64)
    both, bytes_ = np.empty((s, _BLOCK), np.uint64), np.empty((s, _BLOCK), np.uint8)
    for start in range(0, words.shape[1], _BLOCK):
        block = np.zeros((s, _BLOCK), np.uint64)
        block[:, : words.shape[1] - start] = words[:, start : start + _BLOCK]
        for i in range(s - 1):
            n = s - i - 1
            np.bitwise_and(block[i], block[i + 1 :], out=both[:n])
            lanes = np.bitwise_count(both[:n], out=bytes_[:n]).view(np.uint64)
            summed = ((lanes & _EVEN) + ((lanes >> np.uint64(8)) & _EVEN)).sum(axis=1)
            total[i, i + 1 :] += sum((summed >> np.uint64(16 * k)) & _LOW for k in range(4)).astype(np.int64)
    return total


def products(words: Words, rows: int) -> NDArray[np.int64]:
    """Count the rows in which two selectors are set together, for every two: a matrix product, in blocks of rows."""
    s = len(words)
    total = np.zeros((s, s), np.float64)
    for start in range(0, words.shape[1], 512):
        block = np.ascontiguousarray(words[:, start : start + 512])
        one_hot = np.unpackbits(block.view(np.uint8), axis=1, bitorder="little").astype(np.float32)
        total += one_hot @ one_hot.T  # a block has 32,768 rows: exact in 24 bits
    return total.astype(np.int64)
