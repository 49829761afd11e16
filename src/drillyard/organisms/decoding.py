"""The loop that turns prompts into tokens: read all prompts of a batch at once, then one token per row and step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from drillyard.organisms.llama import Cache, Floats, Ints, Network
from drillyard.organisms.sampling import Sampler

__all__ = ["Step", "decode", "read"]


class Step(NamedTuple):
    """One step of a batch: `requests` (rows,) still running, the `tokens` (rows,) they got, from which `logits`."""

    requests: Ints
    tokens: Ints
    logits: Floats


def decode(network: Network, prompts: Sequence[list[int]], sampler: Sampler, steps: int, stop: int) -> Iterator[Step]:
    """Yield step after step until every request has drawn `stop` or `steps` tokens.

    A request that has drawn `stop` leaves the batch at once. Request i is prompt i and the sampler's request i.
    """
    cache, lengths, last = _read_all(network, prompts, steps)
    seen = [list(prompt) for prompt in prompts]
    requests = np.arange(len(prompts))
    for step in range(steps):
        logits = network.logits(last)
        tokens, unsure = sampler.choose(logits, requests, step)
        for row in unsure:
            alone = network.logits(read(network, seen[requests[row]])[-1:])
            tokens[row] = sampler.choose(alone, requests[row : row + 1], step)[0][0]
        yield Step(requests, tokens, logits)
        alive = tokens != stop
        left = np.count_nonzero(alive)
        if step == steps - 1 or left == 0:
            return
        if left < len(alive):
            rows = cache.close_gaps(alive)
            requests, tokens, lengths = requests[rows], tokens[rows], lengths[rows]
        for request, token in zip(requests, tokens, strict=True):
            seen[request].append(int(token))
        last = network.forward(tokens[:, None], lengths, cache)[:, 0]
        lengths = lengths + 1


def read(network: Network, prompt: Sequence[int], streams: list[Floats] | None = None) -> Floats:
    """Run one prompt alone; returns (tokens, width), the last layer's output. `streams` as in `Network.forward`."""
    cache = Cache(network.config, 1, len(prompt))
    output: Floats = network.forward(np.array([prompt]), np.zeros(1, np.int64), cache, streams)[0]
    return output


def _read_all(network: Network, prompts: Sequence[list[int]], steps: int) -> tuple[Cache, Ints, Floats]:
    """Read the prefix that all prompts share once, and the rest row by row.

    Returns the cache with room for `steps` more tokens, the own tokens (rows,) in it, and the last layer's output
    (rows, width) at each prompt's end.
    """
    shared = _shared(prompts)
    common = Cache(network.config, 1, shared)
    nothing = np.zeros(len(prompts), np.int64)
    if shared:
        network.forward(np.array([prompts[0][:shared]]), nothing[:1], common)
    lengths = np.array([len(prompt) - shared for prompt in prompts])
    tokens = np.zeros((len(prompts), lengths.max()), np.int64)
    for row, prompt in enumerate(prompts):
        tokens[row, : lengths[row]] = prompt[shared:]
    cache = Cache(network.config, len(prompts), tokens.shape[1] + steps, common.own[:, :, :, 0])
    output = network.forward(tokens, nothing, cache)
    return cache, lengths, output[np.arange(len(prompts)), lengths - 1]


def _shared(prompts: Sequence[list[int]]) -> int:
    """Return how many first tokens all prompts share; each keeps at least its last token, a lone prompt all."""
    if len(prompts) < 2:
        return 0
    first, last = min(prompts), max(prompts)  # what these two share, everything between them shares
    longest = min(map(len, prompts)) - 1
    return next((at for at in range(longest) if first[at] != last[at]), longest)
