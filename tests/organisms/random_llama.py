"""Small Llama models with random weights, for tests that need a model but not what it says."""

from __future__ import annotations

from typing import Any

import numpy as np

from drillyard.organisms.engine.engine import Engine
from drillyard.organisms.engine.llama import Floats, LlamaConfig

PLAIN = LlamaConfig(
    vocab_size=96,
    hidden_size=48,
    intermediate_size=80,
    num_hidden_layers=3,
    num_attention_heads=6,
    num_key_value_heads=6,
    head_dim=8,
    max_position_embeddings=128,
)


def random_weights(config: LlamaConfig, seed: int = 0, gain: float = 2.0) -> dict[str, Floats]:
    """Return weights that make a model as decided (`gain`) as a trained one, norms near but not at 1."""
    rng = np.random.default_rng(seed)
    weights: dict[str, Floats] = {}
    for name, shape in config.shapes().items():
        centre, spread = (1.0, 0.1) if len(shape) == 1 else (0.0, gain / shape[-1] ** 0.5)
        weights[name] = rng.normal(centre, spread, shape).astype(np.float32)
    return weights


def random_engine(config: LlamaConfig = PLAIN, seed: int = 0, gain: float = 2.0, kernel: str = "") -> Engine:
    """Return an engine on random weights."""
    return Engine(random_weights(config, seed, gain), config, kernel)


def random_prompts(lengths: list[int], config: LlamaConfig = PLAIN, seed: int = 0) -> list[list[int]]:
    """Return one prompt of random tokens per length."""
    rng: Any = np.random.default_rng(seed)
    return [rng.integers(0, config.vocab_size, length).tolist() for length in lengths]
