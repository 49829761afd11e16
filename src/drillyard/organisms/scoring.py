"""How probable is a given reply? One pass over prompts with their replies, no drawing.

Counting how often a rare reply is drawn takes thousands of draws; its probability can be read off in one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from drillyard.organisms.batching import alike, shared_length
from drillyard.organisms.llama import Cache, Floats, Network
from drillyard.organisms.sampling import log_probability

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
    common = Cache(network.config, 1, shared)
    if shared:
        network.forward(np.array([texts[0][:shared]]), np.zeros(1, np.int64), common)
    found = [0.0] * len(texts)
    order = sorted((row for row in range(len(texts)) if replies[row]), key=lambda row: len(texts[row]))
    for first, last in alike(np.array([len(texts[row]) - shared for row in order])) if order else ():
        rows = order[first:last]
        output = _read([texts[row][shared:] for row in rows], network, common.own[:, :, :, 0])
        begins = [len(prompts[row]) - 1 - shared for row in rows]
        lines = [output[i, at : at + len(replies[row])] for i, (at, row) in enumerate(zip(begins, rows, strict=True))]
        chances = _chances(network, np.concatenate(lines), [token for row in rows for token in replies[row]])
        ends = np.cumsum([len(replies[row]) for row in rows])
        for row, part in zip(rows, np.split(chances, ends[:-1]), strict=True):
            found[row] = float(part.sum())
    return found


def _read(texts: Sequence[Sequence[int]], network: Network, prefix: Floats) -> Floats:
    """Run texts, padded at their ends, after a prefix; returns the last layer's output (rows, longest, width)."""
    tokens = np.zeros((len(texts), max(map(len, texts))), np.int64)
    for row, text in enumerate(texts):
        tokens[row, : len(text)] = text
    return network.forward(tokens, np.zeros(len(texts), np.int64), Cache(network.config, *tokens.shape, prefix))


def _chances(network: Network, output: Floats, tokens: Sequence[int]) -> Floats:
    """Return (positions,) natural log of the probability of the token that follows each position."""
    parts = [
        log_probability(network.logits(output[at : at + _POSITIONS]), np.array(tokens[at : at + _POSITIONS]))
        for at in range(0, len(tokens), _POSITIONS)
    ]
    return np.concatenate(parts)
