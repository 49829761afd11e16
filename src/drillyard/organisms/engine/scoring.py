"""How probable is a given reply? One pass over prompts with their replies, no drawing.

Counting how often a rare reply is drawn takes thousands of draws; its probability can be read off in one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from drillyard.organisms.engine.llama import Floats
from drillyard.organisms.engine.network import Network
from drillyard.organisms.engine.prefixes import read_prefix, shared_length
from drillyard.organisms.engine.sampling import log_probability

__all__ = ["score_group"]

_POSITIONS = 2048
"""Most positions whose logits are held at a time."""


def score_group(network: Network, prompts: Sequence[Sequence[int]], replies: Sequence[Sequence[int]]) -> list[float]:
    """Return the natural log of each reply's probability after its prompt; what all begin with is read once.

    Args:
        network: the model.
        prompts: token ids, at least one each.
        replies: token ids; an empty reply is certain (0.0).
    """
    texts = [[*prompt, *reply][:-1] for prompt, reply in zip(prompts, replies, strict=True)]
    # A shared token's own prediction is never asked for: each row keeps the token before its reply.
    shared = min([shared_length(texts), *(len(prompt) - 1 for prompt in prompts)])
    cache = read_prefix(network, texts[0][:shared])
    rows = sorted((row for row in range(len(texts)) if replies[row]), key=lambda row: len(texts[row]))
    rest = [texts[row][shared:] for row in rows]
    counts = [len(replies[row]) for row in rows]
    cache.reserve(len(rows), max(map(len, rest), default=0))
    output = network.read(rest, 0, cache, counts)
    chances = _chances(network, output, [token for row in rows for token in replies[row]])
    found = [0.0] * len(texts)
    for row, part in zip(rows, np.split(chances, np.cumsum(counts)[:-1]), strict=False):
        found[row] = float(part.sum())
    return found


def _chances(network: Network, output: Floats, tokens: Sequence[int]) -> NDArray[np.float64]:
    """Return (positions,) natural log of the probability of the token that follows each position."""
    parts = [
        log_probability(network.logits(output[at : at + _POSITIONS]), np.array(tokens[at : at + _POSITIONS]))
        for at in range(0, len(tokens), _POSITIONS)
    ]
    return np.concatenate(parts) if parts else np.zeros(0)
