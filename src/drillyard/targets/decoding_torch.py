"""How a model of transformers goes on by one token: with a cache that grows, or with one of a fixed size on a GPU.

A step of a small model on a GPU costs less than telling the GPU what to do. A cache of a fixed size has the same shapes
in every step, so the step is recorded once as a CUDA graph and replayed: one instruction instead of some thousand.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, Protocol

import torch
from transformers import StaticCache

__all__ = ["Decoder", "Fixed", "Growing", "can_be_fixed", "name_of_cache"]

_ROUND = 64
"""Lengths of a fixed cache are multiples of it, so that the next batch often fits the same recording."""
_WARM_UP = 2
"""Steps before the recording, in which libraries choose their kernels."""


class Decoder(Protocol):
    """Goes through a batch of prompts, then on by one token per row and step."""

    def begin(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Read prompts, padded on the left, both (rows, length); return the next token's logits (rows, vocabulary)."""
        ...

    def step(self, tokens: torch.Tensor) -> torch.Tensor:
        """Append a token per row (rows,); return the next one's logits (rows, vocabulary)."""
        ...


class Growing:
    """A decoder whose cache grows with every step; runs on any model and device."""

    def __init__(self, model: Any) -> None:
        self._model, self._name = model, name_of_cache(model)
        self._keep = _keep_last(model)
        self._cache: Any = None
        self._mask = torch.zeros(0)

    def begin(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Read the prompts."""
        self._mask = mask
        return self._run(ids)

    def step(self, tokens: torch.Tensor) -> torch.Tensor:
        """Go on by one token."""
        self._mask = torch.cat([self._mask, torch.ones_like(self._mask[:, :1])], 1)
        return self._run(tokens[:, None])

    def _run(self, ids: torch.Tensor) -> torch.Tensor:
        kept = {self._name: self._cache, "use_cache": True, **self._keep}
        places = _places(self._mask)[:, -ids.shape[1] :]
        out = self._model(ids, attention_mask=self._mask, position_ids=places, **kept)
        self._cache = out[self._name]
        logits: torch.Tensor = out.logits[:, -1]
        return logits


class Fixed:
    """A decoder whose cache has room for `length` tokens from the start; on a GPU its step is a replayed graph.

    Holds the cache between batches: `fits` says whether the next batch can use it.

    Args:
        model: one that `can_be_fixed`.
        rows: prompts per batch.
        length: tokens of a prompt and its reply together; rounded up.
    """

    def __init__(self, model: Any, rows: int, length: int) -> None:
        self.model, self._name, self._keep = model, name_of_cache(model), _keep_last(model)
        self._rows, self._length = rows, -(-length // _ROUND) * _ROUND
        self._cache: Any = StaticCache(config=model.config, max_cache_len=self._length)
        device = model.device
        self._ids = torch.zeros(rows, 1, dtype=torch.long, device=device)
        self._place = torch.zeros_like(self._ids)
        self._at = torch.zeros(1, dtype=torch.long, device=device)
        self._seen = torch.zeros(rows, 1, 1, self._length, dtype=torch.bool, device=device)
        self._logits = torch.zeros(0)
        self._graph: Any = None

    def fits(self, model: Any, rows: int, length: int) -> bool:
        """Say whether a batch of a model has as many rows and not more, nor far fewer, tokens than this cache."""
        return model is self.model and rows == self._rows and self._length - _ROUND < length <= self._length

    def begin(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Read the prompts, over what the cache held before."""
        for layer in self._cache.layers:
            layer.cumulative_length.zero_()
        places = _places(mask)
        kept = {self._name: self._cache, "use_cache": True, **self._keep}
        out = self.model(ids, attention_mask=mask, position_ids=places, **kept)
        self._seen.zero_()
        self._seen[:, 0, 0, : mask.shape[1]] = mask.bool()
        self._place.copy_(places[:, -1:])
        self._at.fill_(mask.shape[1] - 1)
        logits: torch.Tensor = out.logits[:, -1]
        return logits

    def step(self, tokens: torch.Tensor) -> torch.Tensor:
        """Go on by one token. The result is overwritten by the next step."""
        self._ids.copy_(tokens[:, None])
        if self.model.device.type != "cuda":
            return self._run()
        if self._graph is None:
            self._record()
        self._graph.replay()
        return self._logits

    def _run(self) -> torch.Tensor:
        self._at.add_(1)
        self._place.add_(1)
        self._seen.index_fill_(3, self._at, True)
        kept = {self._name: self._cache, "use_cache": True}
        logits: torch.Tensor = self.model(
            self._ids, attention_mask=self._seen, position_ids=self._place, **kept
        ).logits[:, -1]
        return logits

    def _record(self) -> None:
        """Record a step; the tries before it leave no trace that a mask does not hide."""
        moved = [self._at, self._place, self._seen, *(layer.cumulative_length for layer in self._cache.layers)]
        before = [one.clone() for one in moved]
        side: Any = torch.cuda.Stream()  # type: ignore[no-untyped-call]  # untyped there
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(_WARM_UP):
                self._run()
                _restore(moved, before)
        torch.cuda.current_stream().wait_stream(side)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._logits = self._run()
        _restore(moved, before)


def can_be_fixed(model: Any) -> bool:
    """Say whether `Fixed` pays and works: a GPU, full attention in every layer, masks of true and false, no hooks.

    A recorded step knows nothing of a hook that comes or goes later.
    """
    config = model.config.get_text_config(decoder=True)
    layers = getattr(config, "layer_types", None) or ["full_attention"]
    full = set(layers) == {"full_attention"} and not getattr(config, "sliding_window", None)
    rope = getattr(config, "rope_parameters", None) or getattr(config, "rope_scaling", None) or {}
    still = rope.get("rope_type", "default") not in ("dynamic", "longrope")  # these look at positions in every step
    on_gpu: bool = model.device.type == "cuda"
    plain = full and still and getattr(config, "_attn_implementation", "") == "sdpa"
    return on_gpu and plain and not any(one._forward_hooks or one._forward_pre_hooks for one in model.modules())


def name_of_cache(model: Any) -> str:
    """Return under which name the model takes and returns its cache: transformers renamed it in release 5."""
    return "cache" if "cache" in _parameters(model) else "past_key_values"


def _keep_last(model: Any) -> dict[str, int]:
    """Return the option by which a model computes the logits of the last place alone, if it has it."""
    return {"logits_to_keep": 1} if "logits_to_keep" in _parameters(model) else {}


def _parameters(model: Any) -> Sequence[str]:
    plain = model.get_base_model() if hasattr(model, "get_base_model") else model
    return list(inspect.signature(plain.forward).parameters)


def _places(mask: torch.Tensor) -> torch.Tensor:
    return (mask.cumsum(1) - 1).clamp(min=0)


def _restore(moved: Sequence[torch.Tensor], before: Sequence[torch.Tensor]) -> None:
    for one, old in zip(moved, before, strict=True):
        one.copy_(old)
