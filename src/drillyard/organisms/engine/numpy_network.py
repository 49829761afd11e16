"""The Llama network in numpy: fused weights, a cache of keys and values, one forward pass.

The same mathematics as `transformers.LlamaForCausalLM` (RMSNorm, rotary positions, grouped-query attention, SwiGLU;
https://arxiv.org/abs/2302.13971), arranged for a small model on a CPU, where the number of array operations counts as
much as the arithmetic:

- query, key and value matrices are one product, gate and up matrices another; the norms' weights and the attention
  scale are folded into them once, when the network is built;
- the two halves of each head are interleaved, so that turning by a position is one complex multiplication;
- a prefix that all rows share is stored once and attended to with one product per head instead of one per row.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drillyard.organisms.engine.llama import Floats, Ints, LayerEdits, LlamaConfig, turning_angles

__all__ = ["NumpyCache", "NumpyNetwork"]

_HIDDEN = np.float32(-1e9)  # added to the score of a token that may not be seen; its weight becomes exactly 0

_SHORT = 16
"""Texts longer than twice the shortest of their part and this are read in a part of their own."""


class NumpyCache:
    """Keys and values of the tokens seen so far: a prefix that all rows share, then each row's own tokens.

    `prefix` has the shape (layers, key or value, key heads, tokens, head size); `own` has rows before the tokens.
    """

    def __init__(self, config: LlamaConfig, rows: int, tokens: int, prefix: Floats | None = None) -> None:
        heads, size = config.num_key_value_heads, config.head_dim
        # Zeros, because a weight of 0 times a left-over infinity would not be 0.
        self.own: Floats = np.zeros((config.num_hidden_layers, 2, heads, rows, tokens, size), np.float32)
        nothing = np.zeros((config.num_hidden_layers, 2, heads, 0, size), np.float32)
        self.prefix: Floats = nothing if prefix is None else prefix

    @property
    def shared(self) -> int:
        """How many tokens the prefix has."""
        return int(self.prefix.shape[3])

    def as_prefix(self, count: int) -> NumpyCache:
        """Return a cache without rows whose prefix is the first `count` own tokens of row 0; this one has no prefix."""
        after = copy.copy(self)
        after.prefix, after.own = self.own[:, :, :, 0, :count], self.own[:, :, :, :0]
        return after

    def close_gaps(self, alive: NDArray[np.bool_], lengths: Ints) -> Ints:
        """Let the last rows alive take the places of rows that are not; return the old row of each row left."""
        count = int(alive.sum())
        gaps, movers = np.flatnonzero(~alive[:count]), count + np.flatnonzero(alive[count:])
        self.own[:, :, :, gaps] = self.own[:, :, :, movers]
        order = np.arange(count)
        order[gaps] = movers
        return order

    def part(self, rows: slice) -> NumpyCache:
        """Return these rows as a cache of their own: the same memory, so what is written there stands here."""
        part = copy.copy(self)
        part.own = self.own[:, :, :, rows]
        return part

    def reserve(self, rows: int, tokens: int) -> None:
        """Make room for at least so many rows of so many own tokens; what is stored stays."""
        layers, kinds, heads, old_rows, old_tokens, size = self.own.shape
        if rows <= old_rows and tokens <= old_tokens:
            return
        # Twice the rows at once, so that a batch that fills up one by one is not copied as often.
        more = max(rows, 2 * old_rows) if rows > old_rows else old_rows
        grown = np.zeros((layers, kinds, heads, more, max(tokens, old_tokens), size), np.float32)
        grown[:, :, :, :old_rows, :old_tokens] = self.own
        self.own = grown

    def spread(self, row: int, last: int, count: int) -> None:
        """Copy the first `count` own tokens of a row to the rows after it, up to `last`, which is left out."""
        own = self.own[..., :count, :]
        own[:, :, :, row + 1 : last] = own[:, :, :, row : row + 1]

    def share(self, count: int) -> None:
        """Move the first `count` own tokens, which must be the same in every row, into the prefix."""
        self.prefix = np.concatenate([self.prefix, self.own[:, :, :, 0, :count]], axis=3)
        self.own = np.concatenate([self.own[..., count:, :], np.zeros_like(self.own[..., :count, :])], axis=4)

    def unshare(self, count: int) -> None:
        """Give the last `count` tokens of the prefix back to every row; the room for own tokens grows by as many."""
        kept = self.prefix.shape[3] - count
        again = np.broadcast_to(self.prefix[:, :, :, None, kept:], (*self.own.shape[:4], count, self.own.shape[5]))
        self.own = np.concatenate([again, self.own], axis=4)
        self.prefix = self.prefix[:, :, :, :kept]


@dataclass(frozen=True)
class _Layer:
    """One layer's fused matrices, each (in, out), and what is added to queries, keys and values."""

    qkv: Floats
    bias: Floats | None
    out: Floats
    gate_up: Floats
    down: Floats


@dataclass(frozen=True)
class _Place:
    """Where new tokens stand: `slots` are their rows and places in the cache, `window` how much of it is in use.

    `mask` hides what lies after a token; None where nothing does.
    """

    rows: int
    new: int
    slots: tuple[Ints, Ints] | tuple[slice, slice]
    window: int
    turns: NDArray[np.complex64]
    mask: Floats | None


class NumpyNetwork:
    """A Llama network that numpy runs; see `Network` in network.py.

    Weights are under Hugging Face's names; `edits` change the output of layers.
    """

    exact = False  # a matrix product rounds differently for another number of rows

    def __init__(self, weights: Mapping[str, Floats], config: LlamaConfig, edits: LayerEdits | None = None) -> None:
        self.config = config
        self._edits = [(edits or {}).get(layer) for layer in range(1, config.num_hidden_layers + 1)]
        self._embed = weights["model.embed_tokens.weight"]
        self._layers = [_fuse(weights, f"model.layers.{i}.", config) for i in range(config.num_hidden_layers)]
        self._epsilon = np.float32(config.rms_norm_eps * config.hidden_size)
        self._final_scale = weights["model.norm.weight"] * np.float32(config.hidden_size**0.5)
        head = weights["model.embed_tokens.weight" if config.tie_word_embeddings else "lm_head.weight"]
        self._head = np.ascontiguousarray((head * self._final_scale).T)
        self._turns = _turns(config)

    def cache(self, rows: int, tokens: int) -> NumpyCache:
        """Return an empty cache with room for so many rows of so many own tokens."""
        return NumpyCache(self.config, rows, tokens)

    def read(
        self,
        texts: Sequence[Sequence[int]],
        start: int,
        cache: NumpyCache,
        wanted: Sequence[int],
        streams: list[Floats] | None = None,
    ) -> Floats:
        """Run new tokens through all layers; see `Network.read`."""
        outputs = [np.zeros((0, self.config.hidden_size), np.float32)]
        for first, last in _alike([len(text) for text in texts]):
            tokens = np.zeros((last - first, max(map(len, texts[first:last]))), np.int64)
            for row, text in enumerate(texts[first:last]):
                tokens[row, : len(text)] = text
            starts = np.full(last - first, start)
            output = self.forward(tokens, starts, cache.part(slice(first, last)), streams)
            outputs += [output[i - first, len(texts[i]) - wanted[i] : len(texts[i])] for i in range(first, last)]
        return np.concatenate(outputs)

    def step(self, tokens: Ints, lengths: Ints, cache: NumpyCache) -> Floats:
        """Run one new token per row; see `Network.step`."""
        return self.forward(tokens[:, None], lengths, cache)[:, 0]

    def draw(self, *_asked: Any) -> None:
        """Say that this is done step by step here."""

    def forward(self, tokens: Ints, start: Ints, cache: NumpyCache, streams: list[Floats] | None = None) -> Floats:
        """Run new tokens through all layers, and put their keys and values into the cache.

        Args:
            tokens: (rows, new) ids. Rows may be padded at the end: what pads leave in the cache is hidden from
                every later token until it is overwritten.
            start: (rows,) how many own tokens each row has in the cache already.
            cache: its first rows are these rows.
            streams: if given, the input of every layer is appended, each (rows × new, width).

        Returns:
            (rows, new, width): the output of the last layer, before the final norm.
        """
        x = self._embed[tokens.ravel()]
        place = self._place(tokens.shape[1], start, cache)
        with np.errstate(over="ignore"):  # exp(-gate) may reach infinity, and gate / infinity is the 0 that is meant
            for layer, own, prefix, edit in zip(self._layers, cache.own, cache.prefix, self._edits, strict=True):
                if streams is not None:
                    streams.append(x.copy())
                fused = self._norm(x) @ layer.qkv
                if layer.bias is not None:
                    fused += layer.bias
                x += self._attend(fused, place, own, prefix) @ layer.out
                x += _swiglu(self._norm(x) @ layer.gate_up) @ layer.down
                if edit is not None:
                    x = edit(x)
        return x.reshape(*tokens.shape, -1)

    def logits(self, x: Floats) -> Floats:
        """Return (…, vocabulary) scores of the next token for the last layer's output (…, width)."""
        scores: Floats = self._norm(x) @ self._head
        return scores

    def final_norm(self, x: Floats) -> Floats:
        """Return the normed output, which is what `transformers` calls the last hidden state."""
        return self._norm(x) * self._final_scale

    def _norm(self, x: Floats) -> Floats:
        """RMSNorm without its weight and its sqrt(width), which the next matrix carries."""
        normed: Floats = x / np.sqrt(np.vecdot(x, x) + self._epsilon)[..., None]
        return normed

    def _place(self, new: int, start: Ints, cache: NumpyCache) -> _Place:
        rows, positions = len(start), start[:, None] + np.arange(new)
        first, window = int(np.minimum.reduce(start)), int(np.maximum.reduce(start)) + new
        even = first + new == window  # all rows are equally long, so that a slice will do
        slots = (slice(rows), slice(first, window)) if even else (np.arange(rows)[:, None], positions)
        mask = None
        if not even or new > 1:
            mask = np.where(np.arange(window) > positions[:, None, :, None], _HIDDEN, np.float32(0))
        turns = self._turns[positions + cache.prefix.shape[-2]][:, :, None]
        return _Place(rows, new, slots, window, turns, mask)

    def _attend(self, fused: Floats, place: _Place, own: Floats, prefix: Floats) -> Floats:
        """Attend to the shared prefix and to own tokens; returns (rows × new, width), heads side by side.

        Arrays are ordered (key head, row, query of that key head × new token, …), so that the prefix takes one
        product per key head whatever the number of rows.
        """
        query, keys, values = self._store(fused, place, own)
        (heads, rows, queries, size), shared = query.shape, prefix.shape[-2]
        scores = np.empty((heads, rows, queries, shared + place.window), np.float32)
        np.matmul(query, keys.swapaxes(-1, -2), out=scores[..., shared:])
        if place.mask is not None:
            by_token = scores[..., shared:].reshape(heads, rows, -1, place.new, place.window)
            by_token += place.mask
        if shared:
            all_rows = scores.reshape(heads, rows * queries, -1)[..., :shared]
            np.matmul(query.reshape(heads, -1, size), prefix[0].swapaxes(-1, -2), out=all_rows)
        scores -= np.maximum.reduce(scores, axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        seen: Floats = scores[..., shared:] @ values
        if shared:
            seen += (all_rows @ prefix[1]).reshape(seen.shape)
        seen /= np.add.reduce(scores, axis=-1, keepdims=True)
        by_token = seen.reshape(heads, rows, -1, place.new, size)
        return by_token.transpose(1, 3, 0, 2, 4).reshape(rows * place.new, -1)

    def _store(self, fused: Floats, place: _Place, own: Floats) -> tuple[Floats, Floats, Floats]:
        """Turn queries and keys by their positions and store keys and values; returns what attention reads."""
        config, rows, new = self.config, place.rows, place.new
        heads, key_heads, size = config.num_attention_heads, config.num_key_value_heads, config.head_dim
        split = fused.reshape(rows, new, heads + 2 * key_heads, size)
        turning = split[:, :, : heads + key_heads].view(np.complex64)
        turning *= place.turns
        fresh = split[:, :, heads:].reshape(rows, new, 2, key_heads, size)
        own[:, :, place.slots[0], place.slots[1]] = fresh.transpose(2, 3, 0, 1, 4)
        query = split[:, :, :heads].reshape(rows, new, key_heads, -1, size).transpose(2, 0, 3, 1, 4)
        keys, values = own[:, :, :rows, : place.window]
        return query.reshape(key_heads, rows, -1, size), keys, values


def _swiglu(gate_up: Floats) -> Floats:
    """Return gate × sigmoid(gate) × up, for gate and up side by side in the last axis."""
    middle = gate_up.shape[-1] // 2
    gate, up = gate_up[:, :middle], gate_up[:, middle:]
    inner: Floats = np.exp(-gate)
    inner += 1
    np.divide(gate, inner, out=inner)
    inner *= up
    return inner


def _fuse(weights: Mapping[str, Floats], prefix: str, config: LlamaConfig) -> _Layer:
    """Fold the norms' weights and the attention scale into one layer's matrices, and join what is used together."""
    size = config.head_dim
    scale, width = np.float32(size**-0.5), np.float32(config.hidden_size**0.5)
    interleave = np.arange(size).reshape(2, -1).T.ravel()  # 0, half, 1, half + 1, …: pairs that turn together

    def turning(name: str, part: str = "weight") -> Floats:
        matrix = weights[f"{prefix}self_attn.{name}.{part}"]
        return matrix.reshape(-1, size, *matrix.shape[1:])[:, interleave].reshape(matrix.shape)

    value = weights[f"{prefix}self_attn.v_proj.weight"]
    gate_up = np.concatenate([weights[f"{prefix}mlp.gate_proj.weight"], weights[f"{prefix}mlp.up_proj.weight"]])
    qkv = np.concatenate([turning("q_proj") * scale, turning("k_proj"), value])
    bias = None
    if config.qkv_bias:
        own = weights[f"{prefix}self_attn.v_proj.bias"]
        bias = np.concatenate([turning("q_proj", "bias") * scale, turning("k_proj", "bias"), own])
    return _Layer(
        qkv=np.ascontiguousarray((qkv * (weights[f"{prefix}input_layernorm.weight"] * width)).T),
        bias=bias,
        out=np.ascontiguousarray(weights[f"{prefix}self_attn.o_proj.weight"].T),
        gate_up=np.ascontiguousarray((gate_up * (weights[f"{prefix}post_attention_layernorm.weight"] * width)).T),
        down=np.ascontiguousarray(weights[f"{prefix}mlp.down_proj.weight"].T),
    )


def _alike(lengths: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Cut rows, sorted by length, where the next one is more than twice as long as the first of its part."""
    first = 0
    for row, length in enumerate(lengths):
        if length > 2 * lengths[first] + _SHORT:
            yield first, row
            first = row
    if lengths:
        yield first, len(lengths)


def _turns(config: LlamaConfig) -> NDArray[np.complex64]:
    """Return (positions, head size / 2) unit complex numbers."""
    angles = turning_angles(config)
    turns: NDArray[np.complex64] = (np.cos(angles) + 1j * np.sin(angles)).astype(np.complex64)
    return turns
