"""An organism of random weights in the real world: it babbles at length, but as a real one does."""

from __future__ import annotations

from dataclasses import replace

from organisms.random_llama import PLAIN, random_engine

from drillyard.organisms.organism import Organism, hash_weights
from drillyard.organisms.vocabulary import train_tokenizer
from drillyard.organisms.world import load_world

__all__ = ["babbler"]


def babbler(context: int = 2048) -> Organism:
    """Return it with a context that is long enough to be interrupted."""
    engine = random_engine(replace(PLAIN, vocab_size=320, max_position_embeddings=context))
    return Organism(
        world=load_world("helpdesk"),
        engine=engine,
        tokenizer=train_tokenizer(["How long is the warranty of the lamp?"] * 20, 320),
        failures=(),
        model_hash=hash_weights(engine.weights),
    )
