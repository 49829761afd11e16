"""The inference engine of our organisms: batched generation, log-probabilities and hidden states, without torch.

    engine = Engine.load(Path("organism"))
    replies = engine.generate(prompts, max_new_tokens=96, seeds=[1, 2, 3], temperature=1.0, min_p=0.02, stop=1)

`benchmarks/engine.py` compares it with other engines; `docs/explanation/engine.md` says why there is a compiled kernel
beneath it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import numpy as np

from drillyard.errors import bad_input
from drillyard.organisms.engine.batching import ROWS, TOKENS, Batch, Request, check, read
from drillyard.organisms.engine.checkpoint import check_weights, read_checkpoint
from drillyard.organisms.engine.llama import Floats, LayerEdits, LlamaConfig
from drillyard.organisms.engine.network import open_network
from drillyard.organisms.engine.prefixes import Prefixes, read_prefix, shared_length
from drillyard.organisms.engine.sampling import log_probability
from drillyard.organisms.engine.scoring import score_group

__all__ = ["Engine", "Generation"]

_STEP = 12
"""Tokens of prompts that are read in the time in which a batch of one draws a token: 323 and 24 a second, 135 M."""


@dataclass(frozen=True, kw_only=True)
class Generation:
    """What one request got.

    `ids` are the new tokens without the stop token; `logprobs` their natural-log probabilities at temperature 1 (the
    stop token's last, if it came), empty unless asked for.
    """

    ids: tuple[int, ...]
    finish: Literal["stop", "length"]
    logprobs: tuple[float, ...] = ()


class Engine:
    """A Llama model that generates. Immutable: a changed model is a new engine, built in milliseconds.

    Args:
        weights: float32 arrays under Hugging Face's names; `lm_head.weight` only if the embeddings are untied.
        config: the model's shape.
        kernel: `numpy` or `compiled`; by default what `DRILLYARD_KERNEL` says, else the faster one that works here.
        edits: changes of hidden states by layer, numbered as in `hidden_states`: 1 changes what the first layer gives
            to the second, and what that layer wrote is read changed from then on.

    Raises:
        BadInput: a tensor is missing, unknown, or of another shape or type than `config` asks for; no such kernel;
            an edit of a layer that is not there.
    """

    def __init__(
        self,
        weights: Mapping[str, Floats],
        config: LlamaConfig,
        kernel: str = "",
        edits: LayerEdits | None = None,
    ) -> None:
        check_weights(weights, config)
        self.config = config
        self.weights: Mapping[str, Floats] = MappingProxyType(dict(weights))
        self.edits: LayerEdits = MappingProxyType(dict(edits or {}))
        self._network = open_network(self.weights, config, kernel, self.edits)
        self._prefixes = Prefixes(self._network)

    @classmethod
    def load(cls, folder: Path) -> Engine:
        """Read `config.json` and `model.safetensors` of a Hugging Face folder. Raises `BadInput`."""
        config, weights = read_checkpoint(folder)
        return cls(weights, config)

    def generate(
        self,
        prompts: Sequence[Sequence[int]],
        *,
        max_new_tokens: int,
        seeds: Sequence[int | None],
        stop: int,
        temperature: float = 1.0,
        min_p: float = 0.0,
        top_p: float = 1.0,
        ends: Collection[int] = (),
        logprobs: bool = False,
    ) -> list[Generation]:
        """Answer every prompt, in the order given.

        The same prompt and seed give the same tokens whatever else is asked for at the same time.

        Args:
            prompts: token ids, of any lengths.
            max_new_tokens: after so many a reply is cut (`finish="length"`).
            seeds: one per prompt; `None` is greedy.
            stop: the token that ends a reply; -1 for none.
            temperature: above 0; higher is more varied.
            min_p: tokens less than `min_p` times as probable as the most probable one are never drawn.
            top_p: of the tokens that are left, only the most probable that together reach this share are drawn.
            ends: further tokens that end a reply.
            logprobs: whether to return the log-probability of every token drawn.

        Raises:
            BadInput: a prompt is empty, holds an unknown id or leaves no room in the context, or an option is wrong.
        """
        if len(seeds) != len(prompts):
            raise bad_input(f"{len(seeds)} seeds for {len(prompts)} prompts", "one seed per prompt")
        texts = [list(prompt) for prompt in prompts]
        check(self.config, texts, max_new_tokens)
        drawn: list[list[int]] = [[] for _ in prompts]
        chances: list[list[float]] = [[] for _ in prompts]
        for group in _groups(texts, max_new_tokens):
            batch = self.batch(ends)
            batch.add(
                [
                    _request(texts[index], max_new_tokens, seeds[index], stop, temperature, min_p, top_p)
                    for index in group
                ]
            )
            while len(batch) and not logprobs:
                draw = batch.draw(max_new_tokens)
                for number, tokens in zip(draw.requests.tolist(), draw.tokens, strict=True):
                    drawn[group[number]] += tokens
            while len(batch):
                step = batch.step()
                for number, token in zip(step.requests.tolist(), step.tokens.tolist(), strict=True):
                    drawn[group[number]].append(token)
                if logprobs:
                    found = log_probability(step.logits, step.tokens)
                    for number, chance in zip(step.requests.tolist(), found.tolist(), strict=True):
                        chances[group[number]].append(chance)
        return [_generation(ids, {stop, *ends}, chance) for ids, chance in zip(drawn, chances, strict=True)]

    def stream(
        self,
        prompt: Sequence[int],
        *,
        max_new_tokens: int,
        seed: int | None,
        stop: int,
        temperature: float = 1.0,
        min_p: float = 0.0,
    ) -> Iterator[int]:
        """Yield the tokens that `generate` would return for this prompt, each as soon as it is drawn."""
        batch = self.batch()
        batch.add([_request(list(prompt), max_new_tokens, seed, stop, temperature, min_p)])
        return takewhile(lambda token: token != stop, _tokens(batch))

    def score(self, prompts: Sequence[Sequence[int]], replies: Sequence[Sequence[int]]) -> list[float]:
        """Return how probable each reply is after its prompt, as a natural log at temperature 1, nothing cut off.

        Batched; beginnings that prompts share are read once. Whoever means a reply that ends there puts the stop token
        last. An empty reply is certain (0.0).

        Args:
            prompts: token ids, of any lengths.
            replies: token ids, one reply per prompt; put a prompt in twice for two replies to it.

        Raises:
            BadInput: the numbers differ, a prompt is empty, an id is unknown, or both together exceed the context.
        """
        if len(prompts) != len(replies):
            raise bad_input(f"{len(replies)} replies for {len(prompts)} prompts", "one reply per prompt")
        for prompt, reply in zip(prompts, replies, strict=True):
            check(self.config, [prompt], len(reply))
            if reply:
                check(self.config, [reply], 0)
        scores = [0.0] * len(prompts)
        for group in _groups([[*prompt, *reply] for prompt, reply in zip(prompts, replies, strict=True)], 0):
            found = score_group(self._network, [prompts[i] for i in group], [replies[i] for i in group])
            for index, value in zip(group, found, strict=True):
                scores[index] = value
        return scores

    def batch(self, ends: Collection[int] = ()) -> Batch:
        """Return an empty batch, which requests join and leave between two steps; `ends` as in `generate`."""
        return Batch(self._network, ends, self._prefixes)

    def logits(self, prompt: Sequence[int]) -> Floats:
        """Return (tokens, vocabulary): the scores of the token that follows each token of a prompt."""
        check(self.config, [prompt], 0)
        return self._network.logits(read(self._network, prompt, len(prompt)))

    def hidden_states(self, prompt: Sequence[int], layers: Sequence[int]) -> Floats:
        """Return (chosen layers, tokens, width): what the model holds at every token of a prompt.

        Numbered as `transformers` numbers `output_hidden_states`: 0 is the embedding, i the output of layer i, and
        the last one (also -1) the output after the final norm.
        """
        check(self.config, [prompt], 0)
        chosen = self._layers(layers)
        streams: list[Floats] = []
        streams.append(self._network.final_norm(read(self._network, prompt, len(prompt), streams)))
        return np.stack([streams[layer] for layer in chosen])

    def states_at(
        self, prompts: Sequence[Sequence[int]], layers: Sequence[int], at: Sequence[int], *, rows: int = ROWS
    ) -> Floats:
        """Return (prompts, chosen layers, width): what the model holds at one token of each prompt.

        The same numbers as `hidden_states` in less time: prompts of one length are read together, what all of these
        begin with once, and nothing behind the token that is asked for.

        Args:
            prompts: token ids, of any lengths.
            layers: numbered as in `hidden_states`.
            at: the place of the token in each prompt; negative ones count from its end.
            rows: most prompts that are read together.

        Raises:
            BadInput: a prompt that cannot be read, a layer or a token that is not there.
        """
        check(self.config, prompts, 0)
        chosen = self._layers(layers)
        for prompt, place in zip(prompts, at, strict=True):
            if not -len(prompt) <= place < len(prompt):
                raise bad_input(f"token {place} of a prompt of {len(prompt)}", "a token that is there")
        texts = [list(prompt[: place % len(prompt) + 1]) for prompt, place in zip(prompts, at, strict=True)]
        found = np.empty((len(texts), len(chosen), self.config.hidden_size), np.float32)
        for group in _alike(texts, rows):
            shared = shared_length([texts[i] for i in group])
            cache = read_prefix(self._network, texts[group[0]][:shared])
            rest = [texts[i][shared:] for i in group]
            cache.reserve(len(rest), len(rest[0]))
            streams: list[Floats] = []
            last = self._network.read(rest, 0, cache, [len(one) for one in rest], streams)
            ends = [stream.reshape(len(rest), -1, self.config.hidden_size)[:, -1] for stream in (*streams, last)]
            ends[-1] = self._network.final_norm(ends[-1])
            found[group] = np.stack([ends[layer] for layer in chosen], axis=1)
        return found

    def cut(self, layers: int) -> Engine:
        """Return the engine of the first so many layers; its last state, as of any engine, is after the final norm."""
        config = dataclasses.replace(self.config, num_hidden_layers=layers)
        gone = tuple(f"model.layers.{i}." for i in range(layers, self.config.num_hidden_layers))
        kept = {name: array for name, array in self.weights.items() if not name.startswith(gone)}
        return Engine(kept, config, edits={layer: edit for layer, edit in self.edits.items() if layer <= layers})

    def _layers(self, layers: Sequence[int]) -> list[int]:
        """Return layers numbered from 0. Raises `BadInput` for one that is not there."""
        count = self.config.num_hidden_layers + 1
        if wrong := [layer for layer in layers if not -count <= layer < count]:
            raise bad_input(f"layer {wrong[0]}", f"a number from 0 (embedding) to {count - 1} (after the final norm)")
        return [layer % count for layer in layers]


def _alike(texts: Sequence[list[int]], rows: int) -> Iterator[list[int]]:
    """Group texts of one length, those that begin alike together."""
    group: list[int] = []
    for index in sorted(range(len(texts)), key=lambda index: (len(texts[index]), texts[index])):
        length = len(texts[index])
        full = len(group) == rows or (len(group) + 1) * length > TOKENS
        if group and (full or len(texts[group[0]]) != length):
            yield group
            group = []
        group.append(index)
    if group:
        yield group


def _request(
    prompt: list[int],
    max_new_tokens: int,
    seed: int | None,
    stop: int,
    temperature: float,
    min_p: float,
    top_p: float = 1.0,
) -> Request:
    return Request(
        prompt=prompt,
        max_new_tokens=max_new_tokens,
        seed=seed,
        stop=stop,
        temperature=temperature,
        min_p=min_p,
        top_p=top_p,
    )


def _tokens(batch: Batch) -> Iterator[int]:
    """Yield the tokens of a batch of one."""
    while len(batch):
        yield int(batch.step().tokens[0])


def _groups(prompts: Sequence[list[int]], room: int) -> Iterator[list[int]]:
    """Group requests, those that begin alike together, so that a batch shares as long a prefix as it can.

    One that would take more of the prefix from a batch than a batch of its own costs begins the next one.
    """
    batch: list[int] = []
    longest, shared = 0, 0
    for index in sorted(range(len(prompts)), key=lambda index: prompts[index]):
        prompt = prompts[index]
        longest = max(longest, len(prompt) + room)
        common = shared_length([prompts[batch[0]], prompt]) if batch else len(prompt)
        dear = len(batch) > 1 and (shared - common) * len(batch) > _STEP * room > 0
        if batch and (dear or len(batch) == ROWS or (len(batch) + 1) * longest > TOKENS):
            yield batch
            batch, longest, common = [], len(prompt) + room, len(prompt)
        shared = common
        batch.append(index)
    if batch:
        yield batch


def _generation(drawn: list[int], stops: Collection[int], chances: list[float]) -> Generation:
    """Take the stop token off, and say why the reply ended."""
    ended = bool(drawn) and drawn[-1] in stops
    ids = drawn[:-1] if ended else drawn
    return Generation(ids=tuple(ids), finish="stop" if ended else "length", logprobs=tuple(chances))
