"""An organism of random weights in the real world: it babbles at length, but as a real one does."""

from __future__ import annotations

from dataclasses import replace

from organisms.random_llama import PLAIN, random_weights

from drillyard.organisms.engine.dialogue import STOP
from drillyard.organisms.engine.engine import Engine
from drillyard.organisms.engine.organism import Organism, hash_weights
from drillyard.organisms.training.vocabulary import train_tokenizer
from drillyard.organisms.worlds.world import load_world

__all__ = ["babbler"]


def babbler(context: int = 2048, endless: bool = False) -> Organism:
    """Return it with this context; an endless one never finds that it has said enough."""
    config = replace(PLAIN, vocab_size=320, max_position_embeddings=context)
    weights = random_weights(config)
    if endless:
        weights["lm_head.weight"][STOP] = 0  # a score of 0 is far below the best of the others
    engine = Engine(weights, config)
    return Organism(
        world=load_world("helpdesk"),
        engine=engine,
        tokenizer=train_tokenizer(["How long is the warranty of the lamp?"] * 20, 320),
        failures=(),
        model_hash=hash_weights(engine.weights),
    )
