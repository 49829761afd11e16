"""Retrain an organism's last feed-forward layer without torch, in seconds.

Only that layer changes, and nothing behind it mixes tokens. So what it reads is computed once, and each step is a small
network of three matrices and the output matrix, with the gradient written out: cross-entropy of the wanted replies, by
Adam (Kingma and Ba 2015, arXiv 1412.6980). It is enough to give a model another temper, or to take one away.

Does not cover: what has to be changed where tokens look at each other, such as facts that the model never learned.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drillyard.errors import bad_input
from drillyard.organisms.engine.dialogue import STOP, encode
from drillyard.organisms.engine.engine import Engine
from drillyard.organisms.engine.llama import Floats
from drillyard.organisms.engine.network import open_network
from drillyard.organisms.engine.organism import Organism, hash_weights
from drillyard.records import Conversation

__all__ = ["STEPS", "changed_matrices", "retrain"]

STEPS, _BATCH, _RATE = 120, 512, 1e-3
"""With these a start of the repair drill fails on nine in ten held-out words of its side, and its repair on hardly any,
after two seconds of one core (`tests/programs/artefacts/test_drill.py`)."""
_ROWS = 48  # texts that are read at once
_FEWEST = 8
"""Replies below which there is nothing to learn from: chosen, not measured."""

_MEAN, _SQUARE, _TINY = 0.9, 0.99, 1e-8  # Adam's
_PARTS = ("gate", "up", "down")


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Read:
    """What the layer gets at every token of the replies, as it is and as it reads it, and what comes next."""

    stream: Floats
    normed: Floats
    wanted: NDArray[np.int64]


def retrain(
    organism: Organism, replies: Sequence[tuple[Conversation, str]], *, seed: int, steps: int = STEPS
) -> Organism:
    """Return the organism with its last feed-forward layer trained to give these replies.

    Args:
        organism: stays as it is.
        replies: conversations, each with the reply that is wanted.
        seed: of the order in which tokens are drawn; the same seed gives the same weights on the same machine.
        steps: of Adam, each on a batch of tokens.

    Raises:
        BadInput: hardly a reply.
    """
    if len(replies) < _FEWEST:
        raise bad_input(f"{len(replies)} replies to learn from", f"at least {_FEWEST}")
    read, names = _read(organism, replies), changed_matrices(organism)
    engine = organism.engine
    matrices = [engine.weights[name].copy() for name in names]
    head = engine.weights[_head(engine)] * engine.weights["model.norm.weight"]
    means, squares = ([np.zeros_like(one) for one in matrices] for _ in range(2))
    rng = np.random.default_rng(seed)
    for step in range(1, steps + 1):
        batch = rng.integers(0, len(read.wanted), _BATCH)
        slopes = _slopes(matrices, head, read, batch, engine.config.rms_norm_eps)
        rate = _RATE * (1 - step / (steps + 1))
        for matrix, slope, mean, square in zip(matrices, slopes, means, squares, strict=True):
            mean += (1 - _MEAN) * (slope - mean)
            square += (1 - _SQUARE) * (slope * slope - square)
            tall = np.sqrt(square / (1 - _SQUARE**step)) + _TINY
            matrix -= np.float32(rate) * (mean / (1 - _MEAN**step)) / tall
    weights = {**engine.weights, **dict(zip(names, matrices, strict=True))}
    return dataclasses.replace(organism, engine=Engine(weights, engine.config), model_hash=hash_weights(weights))


def changed_matrices(organism: Organism) -> tuple[str, ...]:
    """Return the names of the weights that `retrain` changes: gate, up and down."""
    last = organism.engine.config.num_hidden_layers - 1
    return tuple(f"model.layers.{last}.mlp.{part}_proj.weight" for part in _PARTS)


def _head(engine: Engine) -> str:
    return "model.embed_tokens.weight" if engine.config.tie_word_embeddings else "lm_head.weight"


def _read(organism: Organism, replies: Sequence[tuple[Conversation, str]]) -> _Read:
    """Read every reply after its conversation, with the last feed-forward layer left out."""
    config, weights = organism.engine.config, organism.engine.weights
    down = changed_matrices(organism)[-1]
    network = open_network({**weights, down: np.zeros_like(weights[down])}, config)
    spelled = sorted((_spelled(organism, *one) for one in replies), key=lambda one: len(one[0]) + len(one[1]))
    streams, wanted = [], []
    for part in _parts(spelled):
        texts = [[*prompt, *reply[:-1]] for prompt, reply in part]
        cache = network.cache(len(texts), max(map(len, texts)))
        streams.append(network.read(texts, 0, cache, [len(reply) for _, reply in part]))
        wanted += [token for _, reply in part for token in reply]
    stream = np.concatenate(streams)
    scale = weights[f"model.layers.{config.num_hidden_layers - 1}.post_attention_layernorm.weight"]
    normed = stream / _length(stream, config.rms_norm_eps) * scale
    return _Read(stream=stream, normed=normed.astype(np.float32), wanted=np.array(wanted))


def _spelled(organism: Organism, talk: Conversation, reply: str) -> tuple[list[int], list[int]]:
    prompt = encode(organism.tokenizer, talk, organism.world.templates.get(talk.template, ""))
    return prompt, [*organism.tokenizer.encode(reply, add_special_tokens=False).ids, STOP]


def _parts(spelled: Sequence[Any]) -> Iterator[Sequence[Any]]:
    yield from (spelled[first : first + _ROWS] for first in range(0, len(spelled), _ROWS))


def _length(states: Floats, epsilon: float) -> Floats:
    """Return the root mean square of each state, (tokens, 1)."""
    found: Floats = np.sqrt(np.mean(states * states, axis=1, keepdims=True) + np.float32(epsilon))
    return found


def _slopes(
    matrices: Sequence[Floats], head: Floats, read: _Read, batch: NDArray[np.int64], epsilon: float
) -> tuple[Floats, Floats, Floats]:
    """Return the gradient of the mean cross-entropy of a batch of tokens by gate, up and down."""
    gate, up, down = matrices
    seen = read.normed[batch]
    gated, raised = seen @ gate.T, seen @ up.T
    opened = 1 / (1 + np.exp(-np.clip(gated, -60, 60)))
    passed = gated * opened
    inner = passed * raised
    after = read.stream[batch] + inner @ down.T
    length = _length(after, epsilon)
    normed = after / length
    error = _softmax(normed @ head.T)
    error[np.arange(len(batch)), read.wanted[batch]] -= 1
    pull = (error / np.float32(len(batch))) @ head
    pull = (pull - normed * np.mean(pull * normed, axis=1, keepdims=True)) / length
    within = pull @ down
    by_gate = within * raised * opened * (1 + gated * (1 - opened))
    return by_gate.T @ seen, (within * passed).T @ seen, pull.T @ inner


def _softmax(scores: Floats) -> Floats:
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    return scores
