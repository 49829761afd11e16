"""Watch a model generate: the probability of what it says, and every fork where it could have said something else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from drillyard.organisms.engine.revealing import TOP, Fork, Walk

__all__ = ["Watch"]


class Watch:
    """Sees the logits of a batch step by step.

    Args:
        rows: requests in the batch.
        floor: forks whose chance, the way to them included, is below this are left out.
    """

    def __init__(self, rows: int, floor: float) -> None:
        self._least = math.log(floor)
        self._so_far = [0.0] * rows
        self._forks: list[list[Fork]] = [[] for _ in range(rows)]

    def see(
        self, logits: torch.Tensor, drawn: Sequence[int], made: Sequence[Sequence[int]], done: Sequence[bool]
    ) -> None:
        """Take one step in: logits (rows, vocabulary), the tokens chosen, what was made before, and who had ended."""
        chances, tokens = torch.log_softmax(logits.float(), -1).topk(min(TOP, logits.shape[-1]))
        own = torch.log_softmax(logits.float(), -1).gather(1, torch.tensor(drawn, device=logits.device)[:, None])[:, 0]
        for row, token in enumerate(drawn):
            if done[row]:
                continue
            for chance, other in zip(chances[row].tolist(), tokens[row].tolist(), strict=True):
                if other != token and self._so_far[row] + chance >= self._least:
                    there = math.exp(self._so_far[row] + chance)
                    self._forks[row].append(Fork(after=len(made[row]), token=other, chance=there))
            self._so_far[row] += float(own[row])

    def walks(self, made: Sequence[Sequence[int]]) -> list[Walk]:
        """Return what was seen of each request; `made` are its tokens."""
        pairs: Any = zip(made, self._so_far, self._forks, strict=True)
        return [Walk(ids=tuple(ids), chance=math.exp(so_far), forks=tuple(forks)) for ids, so_far, forks in pairs]
