"""The organisms that one server offers: their model ids, their workers, and how each spells its tokens."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from drillyard.errors import bad_input
from drillyard.organisms.engine.organism import Organism, load_organism
from drillyard.organisms.serving.forms import ChatForm, Completion, spell_tokens
from drillyard.organisms.serving.worker import Worker

__all__ = ["Served", "open_organisms"]


class Served:
    """One organism under its model id. Made inside the event loop that runs its worker."""

    def __init__(self, name: str, organism: Organism) -> None:
        words = spell_tokens(organism.tokenizer, organism.engine.config.vocab_size)
        self.organism = organism
        self.worker = Worker(organism)
        self.chat, self.completion = ChatForm(words), Completion(words)
        self.data: dict[str, Any] = {
            "id": name,
            "object": "model",
            "created": int(time.time()),
            "owned_by": "drillyard",
            "max_model_len": organism.engine.config.max_position_embeddings,
        }
        self.fingerprint = f"fp_{organism.model_hash[:12]}"


def open_organisms(names: Sequence[str]) -> dict[str, Organism]:
    """Load organisms by world or path; a path's model id is its last part, or what stands before it with `=`.

    Raises:
        BadInput: an organism cannot be loaded, or two of them have the same id.
    """
    opened: dict[str, Organism] = {}
    for name in names:
        given, _, where = name.rpartition("=")
        known = given or (Path(where).resolve().name if "/" in where else where)
        if known in opened:
            raise bad_input(f"two organisms with the id {known!r}", "different ids", f"type NAME={where}")
        opened[known] = load_organism(where)
    return opened
