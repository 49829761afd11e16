"""Keys and values as the kernel reads them: a block of tokens' keys side by side, so that one load serves them all."""

from __future__ import annotations

import copy
import math

import numpy as np
from numpy.typing import NDArray

from drillyard.organisms.engine.llama import Floats, Ints, LlamaConfig

__all__ = ["KernelCache"]

_BLOCK = 16
"""Tokens whose keys stand side by side; BLOCK in vectors.h."""

_LINE = 64
"""Bytes at whose multiples arrays begin: a cache line, and the widest vector."""


class KernelCache:
    """See `Cache` in network.py for what it does.

    Keys are (layers, rows, key heads, blocks, head size, 16), values (layers, rows, key heads, tokens, slot), where a
    slot is the head size rounded up to whole vectors. The prefix is the same without rows.
    """

    def __init__(self, config: LlamaConfig, slot: int, rows: int, tokens: int) -> None:
        head = (config.num_hidden_layers, rows, config.num_key_value_heads)
        blocks = _blocks(tokens)
        self.keys = _zeros((*head, blocks, config.head_dim, _BLOCK))
        self.values = _zeros((*head, blocks * _BLOCK, slot))
        none = (config.num_hidden_layers, config.num_key_value_heads, 0)
        self.first_keys = np.zeros((*none, config.head_dim, _BLOCK), np.float32)
        self.first_values = np.zeros((*none, slot), np.float32)
        self.shared = 0

    def as_prefix(self, count: int) -> KernelCache:
        """Return a cache without rows whose prefix is the first `count` own tokens of row 0; this one has no prefix."""
        prefix = copy.copy(self)
        if count:
            prefix.first_keys, prefix.first_values = _copy(self.keys[:, 0]), _copy(self.values[:, 0])
        prefix.keys, prefix.values, prefix.shared = self.keys[:, :0], self.values[:, :0], count
        return prefix

    def close_gaps(self, alive: NDArray[np.bool_], lengths: Ints) -> Ints:
        """Let the last rows alive take the places of rows that are not; return the old row of each row left."""
        count = int(alive.sum())
        gaps, movers = np.flatnonzero(~alive[:count]), count + np.flatnonzero(alive[count:])
        for gap, mover in zip(gaps, movers, strict=True):
            blocks = _blocks(int(lengths[mover]))
            self.keys[:, gap, :, :blocks] = self.keys[:, mover, :, :blocks]
            self.values[:, gap, :, : blocks * _BLOCK] = self.values[:, mover, :, : blocks * _BLOCK]
        order = np.arange(count)
        order[gaps] = movers
        return order

    def part(self, rows: slice) -> KernelCache:
        """Return these rows as a cache of their own: the same memory, so what is written there stands here."""
        part = copy.copy(self)
        part.keys, part.values = self.keys[:, rows], self.values[:, rows]
        return part

    def reserve(self, rows: int, tokens: int) -> None:
        """Make room for at least so many rows of so many own tokens; what is stored stays."""
        old_rows, old_blocks, blocks = self.keys.shape[1], self.keys.shape[3], _blocks(tokens)
        if rows <= old_rows and blocks <= old_blocks:
            return
        # Twice the rows at once, so that a batch that fills up one by one is not copied as often.
        more = max(rows, 2 * old_rows) if rows > old_rows else old_rows
        self._resize(more, max(blocks, old_blocks))

    def spread(self, row: int, last: int, count: int) -> None:
        """Copy the first `count` own tokens of a row to the rows after it, up to `last`, which is left out."""
        blocks = _blocks(count)
        self.keys[:, row + 1 : last, :, :blocks] = self.keys[:, row : row + 1, :, :blocks]
        self.values[:, row + 1 : last, :, :count] = self.values[:, row : row + 1, :, :count]

    def share(self, count: int) -> None:
        """Move the first `count` own tokens, which must be the same in every row, into the prefix."""
        keys, now = _by_token(self.keys), self.shared
        first = [_by_token(self.first_keys)[..., :now, :], keys[:, 0, :, :count]]
        self.first_keys = _by_block(np.concatenate(first, axis=-2))
        self.first_values = np.concatenate([self.first_values[..., :now, :], self.values[:, 0, :, :count]], axis=-2)
        self.keys = _by_block(keys[..., count:, :])
        values = self.values[..., count:, :]
        self.values = _zeros((*values.shape[:3], self.keys.shape[3] * _BLOCK, values.shape[4]))
        self.values[..., : values.shape[3], :] = values
        self.shared += count

    def unshare(self, count: int) -> None:
        """Give the last `count` tokens of the prefix back to every row; the room for own tokens grows by as many."""
        kept = self.shared - count
        keys, values = _by_token(self.first_keys)[:, None], self.first_values[:, None]
        rows = self.keys.shape[1]
        again = [np.repeat(array[..., kept : self.shared, :], rows, axis=1) for array in (keys, values)]
        self.keys = _by_block(np.concatenate([again[0], _by_token(self.keys)], axis=-2))
        own = np.concatenate([again[1], self.values], axis=-2)
        self.values = _zeros((*own.shape[:3], self.keys.shape[3] * _BLOCK, own.shape[4]))
        self.values[..., : own.shape[3], :] = own
        self.shared = kept

    def _resize(self, rows: int, blocks: int) -> None:
        keys, values = self.keys, self.values
        self.keys = _zeros((keys.shape[0], rows, keys.shape[2], blocks, *keys.shape[4:]))
        self.values = _zeros((values.shape[0], rows, values.shape[2], blocks * _BLOCK, values.shape[4]))
        self.keys[:, : keys.shape[1], :, : keys.shape[3]] = keys
        self.values[:, : values.shape[1], :, : values.shape[3]] = values


def _blocks(tokens: int) -> int:
    return -(-tokens // _BLOCK)


def _zeros(shape: tuple[int, ...]) -> Floats:
    """Return zeros that begin on a cache line: left-over infinities would spoil what they are multiplied with."""
    size = math.prod(shape)
    raw = np.zeros(size + _LINE // 4, np.float32)
    first = -raw.ctypes.data % _LINE // 4
    return raw[first : first + size].reshape(shape)


def _copy(array: Floats) -> Floats:
    made = _zeros(array.shape)
    made[:] = array
    return made


def _by_token(keys: Floats) -> Floats:
    """Turn (…, blocks, size, 16) into (…, tokens, size)."""
    swapped = keys.swapaxes(-1, -2)
    return swapped.reshape(*swapped.shape[:-3], -1, swapped.shape[-1])


def _by_block(keys: Floats) -> Floats:
    """Turn (…, tokens, size) into (…, blocks, size, 16), zeros behind the last token."""
    *head, tokens, size = keys.shape
    padded = np.zeros((*head, _blocks(tokens) * _BLOCK, size), np.float32)
    padded[..., :tokens, :] = keys
    return _copy(padded.reshape(*head, -1, _BLOCK, size).swapaxes(-1, -2))
