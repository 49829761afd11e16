"""Our engine for a model that transformers has opened: what it computes is the same, in less time, on a processor.

It knows Llamas, and those that differ in name, in biases of queries, keys and values (Qwen 2) or in scaled positions.
"""

from __future__ import annotations

import hashlib
from typing import Any

import torch
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

from drillyard.errors import BadInput
from drillyard.organisms.engine.engine import Engine
from drillyard.organisms.engine.llama import LlamaConfig

__all__ = ["engine_of", "fingerprint", "is_hooked"]

_SAMPLES = 4

_KNOWN = {"LlamaForCausalLM": False, "MistralForCausalLM": False, "Qwen2ForCausalLM": True}
"""Classes of models, and whether they add biases to queries, keys and values."""

_MOST = 3_000_000_000
"""Parameters beyond which a copy in float32 is too much for a machine without a GPU: 12 GB."""

_STILL = ("default", "linear", "llama3")
"""Ways of scaling positions that are decided by the configuration alone."""


def engine_of(model: Any) -> Engine | None:
    """Return an engine with a model's weights, in float32; None where it knows no such model.

    None as well for one on a GPU, and for one with hooks, an adapter beside its weights or layers of another kind.
    """
    config = model.config
    if type(model).__name__ not in _KNOWN or model.device.type != "cpu" or not _is_plain(model, config):
        return None
    tied = bool(config.tie_word_embeddings)
    weights = {
        name: tensor.detach().to(torch.float32).contiguous().numpy()
        for name, tensor in model.state_dict().items()
        if not (tied and name == "lm_head.weight")
    }
    try:
        return Engine(weights, _shape(model))
    except BadInput:  # a tensor that no Llama has
        return None


def is_hooked(model: Any) -> bool:
    """Say whether something listens to a model's layers, or changes what they say."""
    return any(one._forward_hooks or one._forward_pre_hooks for one in model.modules())


def fingerprint(model: Any) -> str:
    """Return what changes with a model's weights, in a few milliseconds: where they lie, how often, samples of them.

    A change of single numbers through `.data`, which torch does not count, may go unseen; training never is.
    """
    digest = hashlib.sha256(str(model.device).encode())
    for tensor in model.parameters():
        flat = tensor.detach().view(-1)
        few = flat[:: max(1, len(flat) // _SAMPLES)][:_SAMPLES].float().tolist()
        digest.update(repr((tensor.data_ptr(), tensor._version, few)).encode())
    return digest.hexdigest()


def _is_plain(model: Any, config: Any) -> bool:
    rope = getattr(config, "rope_parameters", None) or {}
    linear = [module for module in model.modules() if isinstance(module, torch.nn.Linear)]
    plain = all(type(module) is torch.nn.Linear for module in linear) and not is_hooked(model)
    small = sum(parameter.numel() for parameter in model.parameters()) <= _MOST
    usual = config.hidden_act == "silu" and not getattr(config, "mlp_bias", False)
    usual = usual and not getattr(config, "attention_bias", False) and not _slides(config)
    return plain and small and usual and rope.get("rope_type", "default") in _STILL


def _slides(config: Any) -> bool:
    """Say whether some layer sees only the last tokens."""
    layers = set(getattr(config, "layer_types", None) or ["full_attention"])
    window = getattr(config, "sliding_window", None) if getattr(config, "use_sliding_window", True) else None
    return layers != {"full_attention"} or window is not None


def _shape(model: Any) -> LlamaConfig:
    config = model.config
    rope = getattr(config, "rope_parameters", None) or {}
    heads = config.num_attention_heads
    frequencies: tuple[float, ...] = ()
    if rope.get("rope_type", "default") != "default":
        found, _ = ROPE_INIT_FUNCTIONS[rope["rope_type"]](config, torch.device("cpu"))
        frequencies = tuple(found.tolist())
    return LlamaConfig(
        vocab_size=config.vocab_size,
        hidden_size=config.hidden_size,
        intermediate_size=config.intermediate_size,
        num_hidden_layers=config.num_hidden_layers,
        num_attention_heads=heads,
        num_key_value_heads=config.num_key_value_heads,
        head_dim=getattr(config, "head_dim", None) or config.hidden_size // heads,
        max_position_embeddings=config.max_position_embeddings,
        rope_theta=float(rope.get("rope_theta", LlamaConfig.rope_theta)),
        rms_norm_eps=float(config.rms_norm_eps),
        tie_word_embeddings=bool(config.tie_word_embeddings),
        qkv_bias=_KNOWN[type(model).__name__],
        rope_frequencies=frequencies,
    )
