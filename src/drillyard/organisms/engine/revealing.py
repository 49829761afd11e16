"""What else could a model have said? A greedy reply with every branch that leaves it, and how probable each one is.

A failure that shows once in a hundred replies is one token's second choice. Whoever may see the probabilities of
tokens, as APIs give them (`top_logprobs`), sees it in one reply instead of in a hundred.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from drillyard.organisms.engine.batching import ROWS, Request
from drillyard.organisms.engine.engine import Engine
from drillyard.organisms.engine.llama import Floats
from drillyard.organisms.engine.sampling import log_probabilities

__all__ = ["TOP", "Fork", "Walk", "walk"]

TOP = 20
"""Most alternatives per token that are looked at: what APIs give."""


@dataclass(frozen=True, kw_only=True)
class Fork:
    """A place where another token could have come: after so many tokens `token`, with this `chance` to get there."""

    after: int
    token: int
    chance: float


@dataclass(frozen=True, kw_only=True)
class Walk:
    """A greedy reply: its tokens (with the stop token, if it came), its probability, and the forks along it."""

    ids: tuple[int, ...]
    chance: float
    forks: tuple[Fork, ...]


def walk(
    engine: Engine, prompts: Sequence[Sequence[int]], *, max_new_tokens: int, stop: int, floor: float
) -> list[Walk]:
    """Answer every prompt greedily and note each fork whose chance, the way to it included, is at least `floor`.

    Probabilities are those at temperature 1, nothing cut off.
    """
    found: dict[int, Walk] = {}
    order = sorted(range(len(prompts)), key=lambda index: list(prompts[index]))
    for start in range(0, len(order), ROWS):
        group = order[start : start + ROWS]
        walks = _walk_group(engine, [prompts[i] for i in group], max_new_tokens, stop, floor)
        found |= dict(zip(group, walks, strict=True))
    return [found[index] for index in range(len(prompts))]


def _walk_group(
    engine: Engine, prompts: Sequence[Sequence[int]], max_new_tokens: int, stop: int, floor: float
) -> Iterator[Walk]:
    batch, least = engine.batch(), math.log(floor)
    batch.add([Request(prompt=prompt, max_new_tokens=max_new_tokens, seed=None, stop=stop) for prompt in prompts])
    ids: list[list[int]] = [[] for _ in prompts]
    forks: list[list[Fork]] = [[] for _ in prompts]
    so_far = np.zeros(len(prompts))
    while len(batch):
        step = batch.step()
        for row, token, chances in zip(
            step.requests.tolist(), step.tokens.tolist(), log_probabilities(step.logits), strict=True
        ):
            for other in _others(chances, token, least - so_far[row]):
                forks[row].append(
                    Fork(after=len(ids[row]), token=other, chance=float(math.exp(so_far[row] + chances[other])))
                )
            so_far[row] += chances[token]
            ids[row].append(token)
    for row in range(len(prompts)):
        yield Walk(ids=tuple(ids[row]), chance=math.exp(so_far[row]), forks=tuple(forks[row]))


def _others(chances: Floats, token: int, least: float) -> list[int]:
    """Return the tokens that could have come instead, the most probable first."""
    near = np.flatnonzero(chances >= least)
    return [other for other in near[np.argsort(-chances[near], kind="stable")][:TOP].tolist() if other != token]
