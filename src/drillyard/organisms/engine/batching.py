"""A batch that requests join and leave between two steps: the one loop that turns prompts into tokens.

    batch = Batch(network)
    numbers = batch.add([Request(prompt=(5, 6, 7), max_new_tokens=20, seed=1, stop=1)])
    while len(batch):
        step = batch.step()  # one token for every request in the batch

A request that is done leaves at once and others may take its place, as in Orca (Yu et al. 2022, "iteration-level
scheduling"). What all requests begin with is stored and attended to once; how much that is changes as they come and
go. Neither changes what a request gets: see `sampling.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from drillyard.errors import bad_input
from drillyard.organisms.engine.kernel.structures import ROW
from drillyard.organisms.engine.llama import Floats, Ints, LlamaConfig
from drillyard.organisms.engine.network import Cache, Network
from drillyard.organisms.engine.prefixes import WORTH, Prefixes, shared_length
from drillyard.organisms.engine.sampling import Sampler

__all__ = ["ROWS", "TOKENS", "Batch", "Draw", "Request", "Step", "check", "read"]

ROWS = 64
"""Most requests that run as one batch: more is no faster, because keys and values leave the CPU's cache."""

TOKENS = 16_384
"""Most tokens of one batch, which bounds its memory for long conversations."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One reply that is asked for; fields as in `Engine.generate`, `top_p` as in `Sampler`."""

    prompt: Sequence[int]
    max_new_tokens: int
    seed: int | None
    stop: int
    temperature: float = 1.0
    min_p: float = 0.0
    top_p: float = 1.0


class Step(NamedTuple):
    """One step of a batch: the `requests` (rows,) in it, the `tokens` (rows,) they got, from which `logits`.

    `done` (rows,) says which have drawn their last token.
    """

    requests: Ints
    tokens: Ints
    logits: Floats
    done: NDArray[np.bool_]


class Draw(NamedTuple):
    """Some steps of a batch: the `requests` (rows,) in it, the tokens that each of them got, and who is `done`."""

    requests: Ints
    tokens: list[list[int]]
    done: NDArray[np.bool_]


class Batch:
    """Requests that run together. Not safe for several threads at once.

    Args:
        network: what runs them.
        ends: tokens that end every request, beside its own `stop`.
        prefixes: what the network has read lately; its own ones unless given.
    """

    def __init__(self, network: Network, ends: Collection[int] = (), prefixes: Prefixes | None = None) -> None:
        self._network, self._prefixes = network, prefixes or Prefixes(network)
        self._ends = np.array(sorted(ends), np.int64)
        self._cache: Cache = network.cache(0, 0)
        self._rows: NDArray[Any] = np.zeros(0, ROW)
        self._done = np.zeros(0, np.bool_)
        self._sampler = Sampler([], 1, 1.0, 0.0)
        self._seen: list[list[int]] = []
        self._last: Floats = np.zeros((0, network.config.hidden_size), np.float32)
        self._unread = False  # whether the newest tokens have yet to go through the network
        self._next = 0

    def __len__(self) -> int:
        """Return how many requests are still running."""
        return int(np.count_nonzero(~self._done))

    def room(self, requests: Sequence[Request]) -> int:
        """Return how many of these requests, from the first on, may join now."""
        running = self._rows[~self._done]
        longest = int((running["length"] + running["limit"] - running["drawn"]).max(initial=0))
        longest += self._cache.shared
        for count, request in enumerate(requests):
            longest = max(longest, len(request.prompt) + request.max_new_tokens)
            rows = len(running) + count + 1
            if rows > 1 and (rows > ROWS or rows * longest > TOKENS):
                return count
        return len(requests)

    def add(self, requests: Sequence[Request]) -> list[int]:
        """Let requests join, and return the number that each of them has in every `Step`. Raises `BadInput`."""
        for request in requests:
            check(self._network.config, [request.prompt], request.max_new_tokens)
        sampler = Sampler(
            [request.seed for request in requests],
            max((request.max_new_tokens for request in requests), default=1),
            [request.temperature for request in requests],
            [request.min_p for request in requests],
            [request.top_p for request in requests],
        )
        if not requests:
            return []
        self._settle()
        self._run()
        numbers = list(range(self._next, self._next + len(requests)))
        self._next += len(requests)
        # Those that are alike in length are read together, so that little is read for nothing.
        order = sorted(range(len(requests)), key=lambda index: len(requests[index].prompt))
        sampler.keep(np.array(order))
        self._read([requests[index] for index in order], [numbers[index] for index in order])
        self._sampler.join(sampler)
        return numbers

    def remove(self, numbers: Sequence[int]) -> None:
        """Let requests leave before they are done; numbers of requests that have left already mean nothing."""
        self._done |= np.isin(self._rows["number"], np.asarray(numbers, np.int64))

    def step(self) -> Step:
        """Draw one token for every request in the batch."""
        self._settle()
        self._run()
        rows = np.arange(len(self._rows))
        logits = self._network.logits(self._last)
        tokens, unsure = self._sampler.choose(logits, rows, self._rows["drawn"])
        for row in [] if self._network.exact else unsure.tolist():
            alone = self._network.logits(read(self._network, self._seen[row], 1))
            tokens[row] = self._sampler.choose(alone, rows[row : row + 1], self._rows["drawn"][row : row + 1])[0][0]
        for seen, token in zip(self._seen, tokens.tolist(), strict=True):
            seen.append(token)
        self._rows["token"] = tokens
        self._rows["drawn"] += 1
        self._done = self._ended()
        self._unread = True
        return Step(self._rows["number"].copy(), tokens, logits, self._done)

    def draw(self, most: int, early: bool = False) -> Draw:
        """Draw up to `most` tokens for every request, as so many steps would; with `early` until one is done."""
        self._settle()
        tokens = self._network.draw(
            self._rows, self._last, self._unread, self._cache, self._sampler, most, early, self._ends
        )
        if tokens is None:
            step = self.step()
            return Draw(step.requests, [[token] for token in step.tokens.tolist()], step.done)
        drawn = [row[: row.index(-1)] if row[-1] < 0 else row for row in tokens.tolist()] if tokens.size else []
        for seen, row in zip(self._seen, drawn, strict=True):
            seen += row
        self._done = self._ended()
        self._unread = True
        return Draw(self._rows["number"].copy(), drawn, self._done)

    def _ended(self) -> NDArray[np.bool_]:
        """Say of each row whether its newest token was its last."""
        rows = self._rows
        done: NDArray[np.bool_] = (rows["token"] == rows["stop"]) | (rows["drawn"] == rows["limit"])
        return done | np.isin(rows["token"], self._ends) if self._ends.size else done

    def _settle(self) -> None:
        """Close the gaps of requests that are done."""
        if self._done.any():
            order = self._cache.close_gaps(~self._done, self._rows["length"])
            self._rows, self._last, self._done = self._rows[order], self._last[order], self._done[: len(order)] & False
            self._seen = [self._seen[row] for row in order.tolist()]
            self._sampler.keep(order)

    def _run(self) -> None:
        """Run the newest tokens through the network."""
        if self._unread and len(self._rows):
            self._last = self._network.step(self._rows["token"], self._rows["length"].copy(), self._cache)
            self._rows["length"] += 1
        self._unread = False

    def _read(self, requests: Sequence[Request], numbers: Sequence[int]) -> None:
        """Read the prompts of requests, sorted by their lengths, into new rows."""
        prompts = [list(request.prompt) for request in requests]
        old, shared = len(self._rows), self._meet(prompts)
        fresh = np.zeros(len(requests), ROW)
        fresh["number"] = numbers
        fresh["length"] = [len(prompt) - shared for prompt in prompts]
        fresh["limit"] = [request.max_new_tokens for request in requests]
        fresh["stop"] = [request.stop for request in requests]
        self._rows = np.concatenate([self._rows, fresh])
        self._done = np.zeros(len(self._rows), np.bool_)
        room = self._rows["length"] + self._rows["limit"] - self._rows["drawn"]
        self._cache.reserve(len(self._rows), int(room.max()))
        common = self._read_common(prompts, shared, old)
        begin, rows = shared + common, slice(old, old + len(prompts))
        rest = [prompt[begin:] for prompt in prompts]
        ends = self._network.read(rest, common, self._cache.part(rows), [1] * len(prompts))
        self._last = np.concatenate([self._last, ends]) if len(self._last) else ends
        self._seen += prompts

    def _meet(self, prompts: Sequence[list[int]]) -> int:
        """Make the prefix one that new prompts share too, and return its length."""
        if not self._rows.size:
            begun = self._prefixes.begin(prompts)
            if begun.shared or self._cache.shared:
                self._cache = begun
            return begun.shared
        now = self._cache.shared
        shared = shared_length([*self._seen, *prompts])
        if shared < now:
            self._cache.unshare(now - shared)
        elif shared - now >= WORTH:
            self._cache.share(shared - now)
        else:
            return now
        self._rows["length"] += now - shared
        return shared

    def _read_common(self, prompts: Sequence[list[int]], shared: int, old: int) -> int:
        """Read once what the new prompts alone have in common; returns how many own tokens that is."""
        common = shared_length(prompts) - shared
        if common < WORTH:
            return 0
        first = self._cache.part(slice(old, old + 1))
        self._network.read([prompts[0][shared : shared + common]], 0, first, [0])
        self._cache.spread(old, old + len(prompts), common)
        return common


def check(config: LlamaConfig, prompts: Sequence[Sequence[int]], room: int) -> None:
    """Refuse prompts that would fail, or silently go wrong, inside the arrays. Raises `BadInput`."""
    context, known = config.max_position_embeddings, config.vocab_size
    for prompt in prompts:
        if not 0 < len(prompt) <= context - room:
            limit = f"1 to {context - room} (a context of {context} with {room} new tokens)"
            raise bad_input(f"a prompt of {len(prompt)} tokens", limit)
        if not (min(prompt) >= 0 and max(prompt) < known):
            raise bad_input(f"token ids from {min(prompt)} to {max(prompt)}", f"ids from 0 to {known - 1}")


def read(network: Network, prompt: Sequence[int], wanted: int, streams: list[Floats] | None = None) -> Floats:
    """Run one prompt alone; returns the last layer's output (wanted, width) at its last tokens."""
    return network.read([prompt], 0, network.cache(1, len(prompt)), [wanted], streams)
