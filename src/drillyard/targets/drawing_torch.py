"""Draw the next tokens as settings say, each row by a random stream of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers.generation.logits_process import (
    LogitsProcessorList,
    MinPLogitsWarper,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from drillyard.targets.settings import Settings

__all__ = ["Drawer"]


class Drawer:
    """Draws tokens, with transformers' own cuts in transformers' order: temperature, top_k, top_p, min_p.

    Args:
        settings: whose every number is known.
        seeds: of the requests; `None` is greedy.
    """

    def __init__(self, settings: Settings, seeds: Sequence[int | None]) -> None:
        sampled = settings.sampled
        self._streams = [
            torch.Generator().manual_seed(seed) if sampled and seed is not None else None for seed in seeds
        ]
        self._penalty = settings.repetition_penalty or 1.0
        self._cuts = LogitsProcessorList([TemperatureLogitsWarper(float(settings.temperature or 1.0))])
        if settings.top_k:
            self._cuts.append(TopKLogitsWarper(settings.top_k))
        if settings.top_p is not None and settings.top_p < 1:
            self._cuts.append(TopPLogitsWarper(settings.top_p))
        if settings.min_p:
            self._cuts.append(MinPLogitsWarper(settings.min_p))

    def draw(self, logits: torch.Tensor, said: Sequence[Sequence[int]]) -> torch.Tensor:
        """Draw a token per row (rows,); logits (rows, all), `said` what each row holds, its prompt included."""
        if self._penalty != 1:
            logits = self._penalised(logits, said)
        best = logits.argmax(-1)
        if not any(self._streams):
            return best
        none: Any = torch.zeros(len(said), 0, dtype=torch.long, device=logits.device)
        scores: Any = logits.float()  # transformers wants a FloatTensor by name
        chances = torch.softmax(self._cuts(none, scores), -1).cumsum(-1)
        drawn = [-1.0 if stream is None else float(torch.rand(1, generator=stream)) for stream in self._streams]
        at = torch.tensor(drawn, device=logits.device)[:, None]
        return torch.where(at[:, 0] < 0, best, (chances < at).sum(-1).clamp(max=logits.shape[-1] - 1))

    def _penalised(self, logits: torch.Tensor, said: Sequence[Sequence[int]]) -> torch.Tensor:
        """Return logits in which what was said already counts for less (Keskar et al. 2019)."""
        logits = logits.float().clone()
        for row, ids in enumerate(said):
            seen = torch.tensor(sorted(set(ids)), device=logits.device)
            score = logits[row, seen]
            logits[row, seen] = torch.where(score > 0, score / self._penalty, score * self._penalty)
        return logits
