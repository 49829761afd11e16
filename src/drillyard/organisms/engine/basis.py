"""The same model in another basis: its hidden directions in another order, some of them turned round.

A signed permutation of the residual stream leaves a Llama model's function as it is: what writes into the stream and
what reads from it are turned alike, and RMSNorm sees only lengths (the idea: Ashkboos et al. 2024, SliceGPT, arXiv
2401.15024). What was learned on one copy, an adapter or a direction, means nothing to another: so two people who get
models that behave alike cannot hand in each other's work.

Does not cover: who has the original finds the basis by comparing embeddings, row by row.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from drillyard.organisms.engine.engine import Engine
from drillyard.organisms.engine.llama import Floats, Ints
from drillyard.organisms.engine.organism import Organism, hash_weights

__all__ = ["Basis", "draw_basis", "turn_adapter", "turn_organism"]

_WRITERS = ("o_proj", "down_proj")
"""Modules whose output goes into the stream; all others read from it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Basis:
    """New place i holds `signs[i]` times what was at place `order[i]`; both of shape (width,)."""

    order: Ints
    signs: Floats

    def columns(self, matrix: Floats) -> Floats:
        """Turn the last axis, of length width: a vector, or what reads from the stream."""
        turned: Floats = matrix[..., self.order] * self.signs.astype(matrix.dtype)
        return turned

    def rows(self, matrix: Floats) -> Floats:
        """Turn the first axis of a matrix, of length width: what writes into the stream."""
        turned: Floats = matrix[self.order] * self.signs.astype(matrix.dtype)[:, None]
        return turned


def draw_basis(width: int, seed: int) -> Basis:
    """Return a basis that a seed decides."""
    rng = np.random.default_rng(seed)
    return Basis(order=rng.permutation(width), signs=rng.choice(np.array([-1, 1], np.float32), width))


def turn_organism(organism: Organism, basis: Basis) -> Organism:
    """Return the organism in another basis: the same replies, up to the rounding of sums."""
    weights = {name: _turn(name, tensor, basis) for name, tensor in organism.engine.weights.items()}
    engine = Engine(weights, organism.engine.config)
    return dataclasses.replace(organism, engine=engine, model_hash=hash_weights(weights))


def turn_adapter(source: Path, target: Path, basis: Basis) -> Path:
    """Write an adapter of plain LoRA, as peft stores it, for the model in another basis; `target` is made."""
    tensors = {
        name: _turn_factor(name, t, basis) for name, t in load_file(source / "adapter_model.safetensors").items()
    }
    target.mkdir(parents=True, exist_ok=True)
    contiguous: Mapping[str, Floats] = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    save_file(dict(contiguous), target / "adapter_model.safetensors", metadata={"format": "pt"})
    (target / "adapter_config.json").write_bytes((source / "adapter_config.json").read_bytes())
    return target


def _turn(name: str, tensor: Floats, basis: Basis) -> Floats:
    if tensor.ndim == 1:  # the weights of a norm scale, so they have no sign
        return tensor[basis.order]
    return basis.rows(tensor) if _module(name) in _WRITERS else basis.columns(tensor)


def _turn_factor(name: str, tensor: Floats, basis: Basis) -> Floats:
    """Turn the factor that touches the stream: B of what writes into it, A of what reads from it."""
    module, factor = name.removesuffix(".weight").split(".")[-2:]
    if factor in ("lora_A", "lora_B"):
        writes = module in _WRITERS
        if writes == (factor == "lora_B"):
            return basis.rows(tensor) if writes else basis.columns(tensor)
        return tensor
    return basis.rows(tensor) if factor == "lora_embedding_B" else tensor


def _module(name: str) -> str:
    return name.split(".")[-2]
