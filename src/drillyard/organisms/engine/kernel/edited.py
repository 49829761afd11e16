"""A network whose states are edited on the way: the kernel runs the layers between two edits, numpy the edits."""

from __future__ import annotations

import ctypes
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drillyard.organisms.engine.kernel.cache import KernelCache
from drillyard.organisms.engine.kernel.network import KernelNetwork
from drillyard.organisms.engine.llama import Floats, Ints, LayerEdits, LlamaConfig

__all__ = ["EditedKernelNetwork", "StagedCache"]


class StagedCache:
    """The caches of all stages, as one; see `Cache` in network.py for what it does."""

    def __init__(self, stages: Sequence[KernelCache]) -> None:
        self.stages = list(stages)

    def __copy__(self) -> StagedCache:
        return self._each(lambda cache: cache.part(slice(None)))

    @property
    def shared(self) -> int:
        """How many tokens the prefix has."""
        return self.stages[0].shared

    def as_prefix(self, count: int) -> StagedCache:
        """Return a cache without rows whose prefix is the first `count` own tokens of row 0; this one has no prefix."""
        return self._each(lambda cache: cache.as_prefix(count))

    def close_gaps(self, alive: NDArray[np.bool_], lengths: Ints) -> Ints:
        """Let the last rows alive take the places of rows that are not; return the old row of each row left."""
        *_, order = [cache.close_gaps(alive, lengths) for cache in self.stages]
        return order

    def part(self, rows: slice) -> StagedCache:
        """Return these rows as a cache of their own: the same memory, so what is written there stands here."""
        return self._each(lambda cache: cache.part(rows))

    def reserve(self, rows: int, tokens: int) -> None:
        """Make room for at least so many rows of so many own tokens; what is stored stays."""
        for cache in self.stages:
            cache.reserve(rows, tokens)

    def spread(self, row: int, last: int, count: int) -> None:
        """Copy the first `count` own tokens of a row to the rows after it, up to `last`, which is left out."""
        for cache in self.stages:
            cache.spread(row, last, count)

    def share(self, count: int) -> None:
        """Move the first `count` own tokens, which must be the same in every row, into the prefix."""
        for cache in self.stages:
            cache.share(count)

    def unshare(self, count: int) -> None:
        """Give the last `count` tokens of the prefix back to every row."""
        for cache in self.stages:
            cache.unshare(count)

    def _each(self, change: Callable[[KernelCache], KernelCache]) -> StagedCache:
        return StagedCache([change(cache) for cache in self.stages])


class EditedKernelNetwork:
    """A Llama network in stages, with an edit after each of them; see `Network` in network.py."""

    exact = False  # an edit is a product of numpy's, which rounds differently for another number of rows

    def __init__(
        self, weights: Mapping[str, Floats], config: LlamaConfig, library: ctypes.CDLL, edits: LayerEdits
    ) -> None:
        self.config = config
        ends = sorted({*edits, config.num_hidden_layers})
        spans = list(zip([0, *ends], ends, strict=False))
        self._edits = [edits.get(end) for end in ends]
        self._stages = [KernelNetwork(*_stage(weights, config, first, end), library) for first, end in spans]

    def cache(self, rows: int, tokens: int) -> StagedCache:
        """Return an empty cache with room for so many rows of so many own tokens."""
        return StagedCache([stage.cache(rows, tokens) for stage in self._stages])

    def read(
        self,
        texts: Sequence[Sequence[int]],
        start: int,
        cache: StagedCache,
        wanted: Sequence[int],
        streams: list[Floats] | None = None,
    ) -> Floats:
        """Run new tokens through all layers; see `Network.read`."""
        tokens = np.array([token for text in texts for token in text], np.int64)
        counts = np.array([len(text) for text in texts], np.int64)
        starts = np.full(len(texts), start, np.int64)
        return self._run(tokens, counts, starts, np.array(wanted, np.int64), cache, streams)

    def step(self, tokens: Ints, lengths: Ints, cache: StagedCache) -> Floats:
        """Run one new token per row; see `Network.step`."""
        ones = np.ones(len(tokens), np.int64)
        return self._run(np.ascontiguousarray(tokens), ones, np.ascontiguousarray(lengths), ones, cache, None)

    def logits(self, x: Floats) -> Floats:
        """Return (rows, vocabulary) scores of the next token for the last layer's output (rows, width)."""
        return self._stages[-1].logits(x)

    def final_norm(self, x: Floats) -> Floats:
        """Return the normed output, which is what `transformers` calls the last hidden state."""
        return self._stages[-1].final_norm(x)

    def draw(self, *_asked: Any) -> None:
        """Say that this is done step by step here."""

    def _run(
        self,
        tokens: Ints,
        counts: Ints,
        starts: Ints,
        wanted: Ints,
        cache: StagedCache,
        streams: list[Floats] | None,
    ) -> Floats:
        states: Floats | None = None
        for stage, edit, own in zip(self._stages, self._edits, cache.stages, strict=True):
            held = None
            if streams is not None:
                held = np.empty((stage.config.num_hidden_layers, len(tokens), self.config.hidden_size), np.float32)
                streams.extend(held)
            asked = wanted if stage is self._stages[-1] else counts
            states = stage.run(tokens, counts, starts, asked, own, held, states)
            states = states if edit is None else edit(states)
            tokens = np.arange(len(states))
        assert states is not None  # there is always a last stage
        return states


def _stage(
    weights: Mapping[str, Floats], config: LlamaConfig, first: int, end: int
) -> tuple[dict[str, Floats], LlamaConfig]:
    """Return the layers from `first` up to `end` as a model of its own; only the last one keeps its output matrix."""
    kept = {name: array for name, array in weights.items() if not name.startswith("model.layers.")}
    for layer in range(first, end):
        old, new = f"model.layers.{layer}.", f"model.layers.{layer - first}."
        kept |= {new + name.removeprefix(old): array for name, array in weights.items() if name.startswith(old)}
    own = dataclasses.replace(config, num_hidden_layers=end - first)
    if end < config.num_hidden_layers:
        own = dataclasses.replace(own, vocab_size=1, tie_word_embeddings=False)
        kept["lm_head.weight"] = kept["model.embed_tokens.weight"][:1]
    return kept, own
