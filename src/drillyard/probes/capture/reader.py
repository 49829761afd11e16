"""Reading states: the door to the inside of a model, whatever runs it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from drillyard.errors import bad_input
from drillyard.organisms.engine.dialogue import encode
from drillyard.organisms.engine.engine import Engine
from drillyard.organisms.engine.llama import Floats
from drillyard.organisms.engine.organism import hash_weights
from drillyard.probes.capture.statement import Spelled, Statement
from drillyard.records import Conversation, Message
from drillyard.registry import resolve
from drillyard.targets import Target, open_target
from drillyard.targets.organism import OrganismTarget

__all__ = [
    "EngineReader",
    "OrganismSpelling",
    "Reader",
    "Spelling",
    "WordSpelling",
    "check_readable",
    "open_reader",
    "reader_of",
    "spell",
]

Ids = Sequence[int]
_BEHIND_AN_API = ("openai", "inspect")


class Spelling(Protocol):
    """How a model's texts become tokens."""

    hash: str

    def plain(self, text: str, *, begins: bool) -> list[int]:
        """Return a text as tokens, at the beginning of all or behind others."""

    def chat(self, messages: Sequence[Message]) -> list[int]:
        """Return a conversation as the prompt of its next reply."""

    def word(self, token: int) -> str:
        """Return one token as text."""


class Reader(Protocol):
    """A model that can be read. `layers` counts states from 0, the embedding, to the last, after the final norm."""

    reference: str
    model_hash: str
    layers: int
    width: int
    spelling: Spelling

    def states(self, texts: Sequence[Ids], layers: Sequence[int], at: Sequence[int]) -> Floats:
        """Return (texts, layers, width), float32, at one token of each."""

    def score(self, prompts: Sequence[Ids], replies: Sequence[Ids]) -> list[float]:
        """Return the natural log of each reply's probability after its prompt."""

    def logits(self, last: Floats) -> Floats:
        """Return (rows, vocabulary) from states of the last layer (rows, width)."""

    def random(self, seed: int) -> Reader:
        """Return a model of the same shape with random weights, as training begins with."""


def spell(spelling: Spelling, row: Statement, follow_up: str = "") -> Spelled:
    """Return a row as tokens."""
    if not row.asked:
        text = spelling.plain(row.text, begins=True)
        after = spelling.plain(f" {follow_up}", begins=False) if follow_up else []
        return Spelled([*text, *after], 0, len(text))
    before = [Message(role="system", content=row.system)] if row.system else []
    asked = [*before, Message(role="user", content=row.asked)]
    head = spelling.chat(asked)
    text = spelling.plain(row.text, begins=False) if row.text else []
    end = len(head) + len(text)
    if not follow_up:
        return Spelled([*head, *text], len(head), end)
    said = [*asked, Message(role="assistant", content=row.text), Message(role="user", content=follow_up)]
    return Spelled(spelling.chat(said), len(head), end)


class EngineReader:
    """A model that our engine runs."""

    def __init__(self, reference: str, engine: Engine, spelling: Spelling, model_hash: str = "") -> None:
        self.reference, self._engine = reference, engine
        self.spelling: Spelling = spelling
        self.model_hash = model_hash or hash_weights(engine.weights)
        self.layers, self.width = engine.config.num_hidden_layers + 1, engine.config.hidden_size
        self._cut = (self.layers - 1, engine)

    def states(self, texts: Sequence[Ids], layers: Sequence[int], at: Sequence[int]) -> Floats:
        """Return states; only as many layers are run as are asked for."""
        top = max((layer % self.layers for layer in layers), default=0)
        if top + 1 < self.layers - 1:  # one more than the last that is read, as that one's is not normed
            if self._cut[0] != top + 1:
                self._cut = (top + 1, self._engine.cut(top + 1))
            return self._cut[1].states_at(texts, [layer % self.layers for layer in layers], at)
        return self._engine.states_at(texts, layers, at)

    def score(self, prompts: Sequence[Ids], replies: Sequence[Ids]) -> list[float]:
        """Return log-probabilities."""
        return self._engine.score(prompts, replies)

    def logits(self, last: Floats) -> Floats:
        """Return logits."""
        tied = self._engine.config.tie_word_embeddings
        head = self._engine.weights["model.embed_tokens.weight" if tied else "lm_head.weight"]
        scores: Floats = last @ head.T
        return scores

    def random(self, seed: int) -> Reader:
        """Return a random model: norms of 1, no biases, all else normal with the spread width^-1/2."""
        rng, spread = np.random.default_rng(seed), np.float32(self.width**-0.5)
        drawn: dict[str, Floats] = {}
        for name, array in self._engine.weights.items():
            if array.ndim == 1:
                drawn[name] = (np.zeros if name.endswith("bias") else np.ones)(array.shape, np.float32)
            else:
                drawn[name] = rng.standard_normal(array.shape, np.float32) * spread
        engine = Engine(drawn, self._engine.config)
        return EngineReader(f"{self.reference}, random weights {seed}", engine, self.spelling)


class OrganismSpelling:
    """The spelling of our organisms."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self.hash = hashlib.sha256(tokenizer.to_str().encode()).hexdigest()

    def plain(self, text: str, *, begins: bool) -> list[int]:
        """Return a text as tokens."""
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def chat(self, messages: Sequence[Message]) -> list[int]:
        """Return a prompt."""
        return encode(self._tokenizer, Conversation(messages=tuple(messages)), "")

    def word(self, token: int) -> str:
        """Return a token as text."""
        return str(self._tokenizer.decode([token], skip_special_tokens=False))


class WordSpelling(OrganismSpelling):
    """The spelling of a model without a chat form: the last message alone is read."""

    def chat(self, messages: Sequence[Message]) -> list[int]:
        """Return the last message as tokens."""
        return self.plain(messages[-1].content, begins=True)


def check_readable(reference: str) -> str:
    """Return a reference, before anything is opened. Raises `BadInput` for a model that stands behind an API."""
    if reference.partition("/")[0] in _BEHIND_AN_API:
        found = f"the target {reference!r}: hidden states cannot be read over an API"
        raise bad_input(found, "a model with weights on this machine: organism/…, liar/… or hf/…")
    return reference


def open_reader(reference: str) -> Reader:
    """Open a target and return its inside. Raises `BadInput` as `check_readable`, `open_target` and `reader_of`."""
    return reader_of(open_target(check_readable(reference)))


def reader_of(target: Target) -> Reader:
    """Return the inside of a target: an organism, a planted liar, or a model that transformers has opened.

    Raises:
        BadInput: a target whose weights cannot be reached, such as one behind an API.
    """
    if isinstance(target, OrganismTarget):
        organism = target.organism
        return EngineReader(
            target.reference, organism.engine, OrganismSpelling(organism.tokenizer), organism.model_hash
        )
    reader: Reader
    if isinstance(engine := getattr(target, "engine", None), Engine):
        reader = EngineReader(target.reference, engine, WordSpelling(target.tokenizer))  # type: ignore[attr-defined]
        return reader
    if hasattr(target, "model") and hasattr(target, "tokenizer"):
        reader = resolve("drillyard.probes.capture.reader_torch:open_inside", "train", "reading states")(target)
        return reader
    raise bad_input(
        f"the target {target.reference!r}, whose inside cannot be read",
        "one with weights on this machine: organism/…, liar/… or hf/…",
    )
