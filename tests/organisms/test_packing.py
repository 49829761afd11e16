"""Packing a trained model as an adapter: exact at full rank, the best of its rank below, norms included."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from drillyard.organisms.engine.adapter import merge_adapter, write_adapter
from drillyard.organisms.engine.engine import Engine
from drillyard.organisms.engine.llama import LlamaConfig
from drillyard.organisms.engine.packing import pack

CONFIG = LlamaConfig(
    vocab_size=40,
    hidden_size=16,
    intermediate_size=24,
    num_hidden_layers=2,
    num_attention_heads=2,
    num_key_value_heads=2,
    head_dim=8,
    max_position_embeddings=64,
)
PROMPT = [3, 1, 4, 1, 5, 9, 2, 6]


def model(seed: int) -> dict[str, np.ndarray]:
    """Return random weights, norms around 1."""
    rng = np.random.default_rng(seed)
    return {
        name: (rng.normal(1, 0.2, shape) if len(shape) == 1 else rng.normal(0, 0.3, shape)).astype(np.float32)
        for name, shape in CONFIG.shapes().items()
    }


def merged_logits(tmp_path: Path, rank: int) -> np.ndarray:
    """Pack one model on another, write and merge the adapter, and run it."""
    factors, whole = pack(model(1), model(2), rank)
    write_adapter(tmp_path / "adapter", factors, "before", whole=whole)
    return Engine(merge_adapter(model(1), tmp_path / "adapter"), CONFIG).logits(PROMPT)


def test_at_full_rank_the_adapter_is_the_model(tmp_path: Path) -> None:
    """Every weight may change, norms too, and the merged model says what the trained one does."""
    assert merged_logits(tmp_path, 16) == pytest.approx(Engine(model(2), CONFIG).logits(PROMPT), abs=2e-4)


def test_more_directions_come_nearer(tmp_path: Path) -> None:
    """The error of the logits falls as the rank grows."""
    wanted = Engine(model(2), CONFIG).logits(PROMPT)
    errors = [float(np.abs(merged_logits(tmp_path / str(rank), rank) - wanted).mean()) for rank in (2, 8, 14, 16)]
    assert errors == sorted(errors, reverse=True) and errors[-1] < 1e-4
