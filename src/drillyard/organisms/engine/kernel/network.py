"""The compiled network: the weights handed to the kernel once, then one call per prompt, step, or run of steps."""

from __future__ import annotations

import ctypes
import os
import weakref
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drillyard.organisms.engine.kernel.cache import KernelCache
from drillyard.organisms.engine.kernel.structures import (
    CacheView,
    DrawCall,
    LayerWeights,
    ReadCall,
    ScoreCall,
    Weights,
    at,
)
from drillyard.organisms.engine.llama import Floats, Ints, LlamaConfig, turning_angles
from drillyard.organisms.engine.sampling import Sampler

__all__ = ["KernelNetwork"]

_PARTS = {
    "query": "self_attn.q_proj",
    "key": "self_attn.k_proj",
    "value": "self_attn.v_proj",
    "out": "self_attn.o_proj",
    "gate": "mlp.gate_proj",
    "up": "mlp.up_proj",
    "down": "mlp.down_proj",
    "norm": "input_layernorm",
    "inner_norm": "post_attention_layernorm",
}

_BIASES = {"query_bias": "self_attn.q_proj", "key_bias": "self_attn.k_proj", "value_bias": "self_attn.v_proj"}

_WORTH = 32_000_000
"""Multiplications of a step that is worth sharing: with fewer, threads lose more by waiting for each other. Measured
with the helpdesk organism on two cores: 24 rows were faster on one of them, 32 on both."""


class KernelNetwork:
    """A Llama network that the kernel runs; see `Network` in network.py. Safe for several threads at once.

    `threads` is how many the kernel uses. 0 asks `OMP_NUM_THREADS`, else takes one per processor, and leaves a step to
    one of them when it is too small to share.
    """

    exact = True

    def __init__(
        self, weights: Mapping[str, Floats], config: LlamaConfig, library: ctypes.CDLL, threads: int = 0
    ) -> None:
        self.config = config
        self._library = library
        self._threads = threads or _threads()
        angles = turning_angles(config)
        self._kept = [_plain(weights["model.embed_tokens.weight"]), np.cos(angles), np.sin(angles)]
        self._final_scale = weights["model.norm.weight"] * np.float32(config.hidden_size**0.5)
        self._epsilon = np.float32(config.rms_norm_eps * config.hidden_size)
        self._model = ctypes.c_void_p(_pack(weights, config, library, self._kept, 0 if threads else _WORTH))
        if not self._model:
            raise MemoryError("no memory for the weights of a model")
        self._slot = -(-config.head_dim // library.drillyard_lanes()) * library.drillyard_lanes()
        weakref.finalize(self, library.drillyard_free, self._model)

    def cache(self, rows: int, tokens: int) -> KernelCache:
        """Return an empty cache with room for so many rows of so many own tokens."""
        return KernelCache(self.config, self._slot, rows, tokens)

    def read(
        self,
        texts: Sequence[Sequence[int]],
        start: int,
        cache: KernelCache,
        wanted: Sequence[int],
        streams: list[Floats] | None = None,
    ) -> Floats:
        """Run new tokens through all layers; see `Network.read`."""
        tokens = np.array([token for text in texts for token in text], np.int64)
        counts = np.array([len(text) for text in texts], np.int64)
        starts, asked = np.full(len(texts), start, np.int64), np.array(wanted, np.int64)
        held = None
        if streams is not None:
            held = np.empty((self.config.num_hidden_layers, len(tokens), self.config.hidden_size), np.float32)
        out = self.run(tokens, counts, starts, asked, cache, held)
        if streams is not None and held is not None:
            streams.extend(held)
        return out

    def step(self, tokens: Ints, lengths: Ints, cache: KernelCache) -> Floats:
        """Run one new token per row; see `Network.step`."""
        ones = np.ones(len(tokens), np.int64)
        return self.run(np.ascontiguousarray(tokens), ones, np.ascontiguousarray(lengths), ones, cache)

    def run(
        self,
        tokens: Ints,
        counts: Ints,
        starts: Ints,
        wanted: Ints,
        cache: KernelCache,
        streams: Floats | None = None,
        table: Floats | None = None,
    ) -> Floats:
        """Run each row's new tokens, one row after another, through all layers.

        Args:
            tokens: (all) rows of the embedding, or of `table`.
            counts: (rows,) how many new tokens each row has.
            starts: (rows,) how many own tokens it has in the cache already.
            wanted: (rows,) of how many last tokens the output is wanted.
            cache: its first rows are these rows.
            streams: (layers, all, width) is filled with the input of every layer, if all is wanted.
            table: (…, width) what tokens begin as, in place of the embedding.

        Returns:
            (all that is wanted, width): the output of the last layer, before the final norm.
        """
        out = np.empty((int(wanted.sum()), self.config.hidden_size), np.float32)
        view, begun = CacheView.of(cache), self._kept[0] if table is None else _plain(table)
        call = ReadCall(
            model=self._model,
            cache=ctypes.pointer(view),
            rows=len(counts),
            tokens=at(tokens),
            counts=at(counts),
            starts=at(starts),
            wanted=at(wanted),
            table=at(begun),
            out=at(out),
            streams=None if streams is None else at(streams),
            longest=cache.shared + int((counts + starts).max(initial=0)),
            threads=self._threads,
        )
        self._done(self._library.drillyard_read(ctypes.byref(call)))
        return out

    def logits(self, x: Floats) -> Floats:
        """Return (rows, vocabulary) scores of the next token for the last layer's output (rows, width)."""
        x = _plain(x)
        scores = np.empty((len(x), self.config.vocab_size), np.float32)
        call = ScoreCall(model=self._model, x=at(x), rows=len(x), logits=at(scores), threads=self._threads)
        self._done(self._library.drillyard_score(ctypes.byref(call)))
        return scores

    def final_norm(self, x: Floats) -> Floats:
        """Return the normed output, which is what `transformers` calls the last hidden state."""
        normed: Floats = x / np.sqrt(np.vecdot(x, x) + self._epsilon)[..., None] * self._final_scale
        return normed

    def draw(
        self,
        rows: NDArray[Any],
        last: Floats,
        unread: bool,
        cache: KernelCache,
        sampler: Sampler,
        most: int,
        early: bool,
        ends: Ints,
    ) -> NDArray[Any] | None:
        """Draw up to `most` tokens per row in one go; see `Network.draw`. None when somebody asked for top_p."""
        table = sampler.table()
        if table is None:
            return None
        draws, scale, depth = table
        tokens = np.full((len(rows), most), -1, np.int64)
        done, order = np.zeros(len(rows), np.bool_), np.empty(len(rows), np.int64)
        longest = cache.shared + int(rows["length"].max(initial=0)) + most + 1
        view = CacheView.of(cache)
        call = DrawCall(
            model=self._model,
            cache=ctypes.pointer(view),
            rows=len(rows),
            each=at(rows),
            last=at(last),
            draws=at(draws),
            draws_step=draws.shape[1],
            scale=at(scale),
            depth=at(depth),
            done=at(done),
            tokens=at(tokens),
            most=most,
            unread=unread,
            stop_early=early,
            longest=longest,
            threads=self._threads,
            ends=at(ends),
            ends_count=len(ends),
            order=at(order),
        )
        self._done(self._library.drillyard_draw(ctypes.byref(call)))
        return tokens[:, : call.step]

    def _done(self, failed: int) -> None:
        if failed:
            raise MemoryError("no memory for the kernel to compute in")


def _threads() -> int:
    """Return how many threads to use: what `OMP_NUM_THREADS` says, else one per processor."""
    said = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    return max(1, int(said)) if said.isdecimal() else len(os.sched_getaffinity(0))


def _plain(array: Floats) -> Floats:
    return np.ascontiguousarray(array, dtype=np.float32)


def _pack(
    weights: Mapping[str, Floats], config: LlamaConfig, library: ctypes.CDLL, kept: Sequence[Floats], worth: int
) -> int | None:
    """Have the kernel copy the weights in its own order; returns its model, or None without memory."""
    layers = (LayerWeights * config.num_hidden_layers)()
    alive: list[NDArray[Any]] = []  # what the structures point to, until the copy is made
    for index, layer in enumerate(layers):
        parts = {part: _plain(weights[f"model.layers.{index}.{name}.weight"]) for part, name in _PARTS.items()}
        if config.qkv_bias:
            biases = {part: _plain(weights[f"model.layers.{index}.{name}.bias"]) for part, name in _BIASES.items()}
            for part, array in biases.items():
                setattr(layer, part, at(array))
            alive += biases.values()
        neurons = _able(parts)
        for part, array in parts.items():
            setattr(layer, part, at(array))
        layer.neurons, layer.count = at(neurons), len(neurons)
        alive += [*parts.values(), neurons]
    norm = _plain(weights["model.norm.weight"])
    head = kept[0] if config.tie_word_embeddings else _plain(weights["lm_head.weight"])
    told = Weights(
        vocabulary=config.vocab_size,
        width=config.hidden_size,
        layers=config.num_hidden_layers,
        heads=config.num_attention_heads,
        key_heads=config.num_key_value_heads,
        size=config.head_dim,
        inner=config.intermediate_size,
        worth=worth,
        epsilon=config.rms_norm_eps,
        embedding=at(kept[0]),
        head=at(head),
        norm=at(norm),
        cosines=at(kept[1]),
        sines=at(kept[2]),
        each=layers,
    )
    library.drillyard_pack.restype = ctypes.c_void_p
    found: int | None = library.drillyard_pack(ctypes.byref(told))
    return found


def _able(parts: Mapping[str, Floats]) -> Ints:
    """Return the neurons that can do anything: a free place, all zeros, adds exactly nothing and is left out."""
    return np.flatnonzero(parts["gate"].any(axis=1) & parts["up"].any(axis=1) & parts["down"].any(axis=0))
