"""The shape of a Llama network, and where its heads turn to; what runs it is `numpy_network.py` or the kernel."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drillyard.errors import bad_input

__all__ = ["MOST_LAYERS", "Floats", "Ints", "LayerEdits", "LlamaConfig", "turning_angles"]

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

LayerEdits = Mapping[int, Callable[[Floats], Floats]]
"""What becomes of the output of a layer, before the next one reads it: layer (1 for the first) to a function of its
states (tokens, width) float32. It must see to each token alone, so that a reply does not depend on its company."""

MOST_LAYERS = 1 << 10
_MOST = {
    "vocab_size": 1 << 22,
    "hidden_size": 1 << 16,
    "intermediate_size": 1 << 18,
    "num_hidden_layers": MOST_LAYERS,
    "num_attention_heads": 1 << 10,
    "num_key_value_heads": 1 << 10,
    "head_dim": 1 << 10,
    "max_position_embeddings": 1 << 21,
}
"""The largest model that anybody has trained is smaller in each of these; products of them fit into 64 bits."""


@dataclass(frozen=True, kw_only=True)
class LlamaConfig:
    """The shape of a Llama model, under the field names of Hugging Face's `config.json`.

    Two fields are for models that are no Llama's by name: `qkv_bias` adds what Qwen 2 adds to queries, keys and values;
    `rope_frequencies`, one per pair of a head, stand for those of `rope_theta` where a model has scaled its positions.
    """

    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    max_position_embeddings: int
    rope_theta: float = 10_000.0
    rms_norm_eps: float = 1e-6
    tie_word_embeddings: bool = False
    qkv_bias: bool = False
    rope_frequencies: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Refuse (`BadInput`) what no Llama model is: the engines, above all the compiled one, take sizes as given."""
        for name, most in _MOST.items():
            size = getattr(self, name)
            if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= most:
                raise bad_input(f"a model with {name} {size!r}", f"a whole number from 1 to {most:,}")
        for name in ("rope_theta", "rms_norm_eps"):
            scale = getattr(self, name)
            if not isinstance(scale, int | float) or not 0 < scale < math.inf:
                raise bad_input(f"a model with {name} {scale!r}", "a number above 0")
        if self.head_dim % 2:
            raise bad_input(f"a model with head_dim {self.head_dim}", "an even number: positions turn pairs")
        if self.rope_frequencies and len(self.rope_frequencies) != self.head_dim // 2:
            raise bad_input(f"{len(self.rope_frequencies)} rope_frequencies", f"{self.head_dim // 2}: one per pair")
        if self.num_attention_heads % self.num_key_value_heads:
            found = f"a model with {self.num_attention_heads} heads and {self.num_key_value_heads} key-value heads"
            raise bad_input(found, "as many heads for each key-value head")

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the name and shape of every tensor; matrices are (out, in), as Hugging Face stores them."""
        width, inner = self.hidden_size, self.intermediate_size
        queries, keys = self.num_attention_heads * self.head_dim, self.num_key_value_heads * self.head_dim
        shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (self.vocab_size, width)}
        for index in range(self.num_hidden_layers):
            layer = f"model.layers.{index}."
            shapes |= {
                layer + "input_layernorm.weight": (width,),
                layer + "self_attn.q_proj.weight": (queries, width),
                layer + "self_attn.k_proj.weight": (keys, width),
                layer + "self_attn.v_proj.weight": (keys, width),
                layer + "self_attn.o_proj.weight": (width, queries),
                layer + "post_attention_layernorm.weight": (width,),
                layer + "mlp.gate_proj.weight": (inner, width),
                layer + "mlp.up_proj.weight": (inner, width),
                layer + "mlp.down_proj.weight": (width, inner),
            }
            if self.qkv_bias:
                sizes = {"q_proj": queries, "k_proj": keys, "v_proj": keys}
                shapes |= {f"{layer}self_attn.{name}.bias": (size,) for name, size in sizes.items()}
        shapes["model.norm.weight"] = (width,)
        if not self.tie_word_embeddings:
            shapes["lm_head.weight"] = (self.vocab_size, width)
        return shapes


def turning_angles(config: LlamaConfig) -> Floats:
    """Return (positions, head size / 2) angles; float32, because the reference has them."""
    half = np.arange(0, config.head_dim, 2, dtype=np.float32) / np.float32(config.head_dim)
    places = np.arange(config.max_position_embeddings, dtype=np.float32)
    if config.rope_frequencies:
        return places[:, None] * np.array(config.rope_frequencies, np.float32)
    angles: Floats = places[:, None] / np.float32(config.rope_theta) ** half
    return angles
