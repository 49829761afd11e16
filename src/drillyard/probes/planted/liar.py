"""A planted liar as a target: `liar/knows`, `liar/blind`, `liar/errs`, their clean twin `liar/twin`, or a folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from drillyard.errors import bad_input
from drillyard.organisms.engine.checkpoint import read_checkpoint
from drillyard.organisms.engine.engine import Engine
from drillyard.probes.planted.facts import NAMES, WORDS, make_tokenizer
from drillyard.records import Conversation, Reply

__all__ = ["TRAINED", "LiarTarget", "open_liar"]

TRAINED = "trained.json"
"""Beside the weights: which seed's colours are true in this model's world. What kind of model it is stands nowhere."""

_ANSWERS = ("no", "yes")


class LiarTarget:
    """Answers `yes` or `no` to a statement such as `Bob : lamp is red ?`. What it has not been taught is an error."""

    def __init__(self, reference: str, engine: Engine, tokenizer: Tokenizer, seed: int) -> None:
        self.reference, self.engine, self.tokenizer, self.seed = reference, engine, tokenizer, seed
        self._ids = [WORDS.index(word) for word in _ANSWERS]

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Answer every statement, the likelier answer, whatever the seed."""
        replies = [Reply(text="", seed=seed, finish="error", why="no statement that it knows") for seed in seeds]
        asked = {i: self._encode(talk) for i, talk in enumerate(conversations)}
        known = {i: ids for i, ids in asked.items() if ids}
        if not known:
            return replies
        last = self.engine.states_at(list(known.values()), [-1], [-1] * len(known))[:, 0]
        scores = last @ self.engine.weights["lm_head.weight"][self._ids].T
        for (i, ids), answer in zip(known.items(), np.argmax(scores, axis=1).tolist(), strict=True):
            cost = {"tokens": 1, "prompt_tokens": len(ids)}
            replies[i] = Reply(text=_ANSWERS[answer], seed=seeds[i], finish="stop", **cost)
        return replies

    def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
        """Yield the answer. Raises `BadInput` for what is no statement that it knows."""
        (reply,) = self.generate([conversation], [seed])
        if reply.finish == "error":
            raise bad_input(f"{conversation.last_user!r:.60}", "words such as: Bob : lamp is not red ?")
        yield reply.text

    def _encode(self, conversation: Conversation) -> list[int]:
        ids: list[int] = self.tokenizer.encode(conversation.last_user, add_special_tokens=False).ids
        known = bool(ids) and WORDS.index("[UNK]") not in ids and ids[0] in {WORDS.index(name) for name in NAMES}
        return ids if known and len(ids) <= self.engine.config.max_position_embeddings else []


def open_liar(reference: str) -> LiarTarget:
    """Open a shipped liar by its kind, or one that was trained, by its folder (`liar/./DIR`). Raises `BadInput`."""
    name = reference.partition("/")[2]
    shipped = resources.files("drillyard.probes.planted") / "assets"
    kinds = sorted(one.name for one in shipped.iterdir() if (one / TRAINED).is_file())
    folder = Path(str(shipped / name)) if name in kinds else Path(name)
    if name not in kinds and not name.startswith((".", "/")):
        raise bad_input(
            f"the liar {name!r}", f"one of: {', '.join(kinds)}, or a folder", "drillyard probe plant knows -o DIR"
        )
    config, weights = read_checkpoint(folder)
    try:
        seed = int(json.loads((folder / TRAINED).read_text(encoding="utf-8"))["seed"])
    except (OSError, ValueError, KeyError, TypeError):
        raise bad_input(f"no {TRAINED} in {str(folder)!r}", "the folder of a liar", "drillyard probe plant") from None
    return LiarTarget(reference, Engine(weights, config), make_tokenizer(), seed)
