"""Models of common shapes with random weights, for speed and memory: nobody's text, everybody's arithmetic."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

from drillyard.organisms.engine.organism import save
from drillyard.targets.organism import open_organism

__all__ = ["SHAPES", "random_model"]

SHAPES: dict[str, dict[str, int]] = {
    "tiny": {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4},
    "1b": {"hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16, "num_attention_heads": 32},
    "7b": {"hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32, "num_attention_heads": 32},
}
_MORE = {"tiny": (2, 6000), "1b": (8, 128256), "7b": (32, 32000)}
"""Heads of keys and values, and tokens: those of Llama 3.2 1B and of Llama 2 7B, whose other numbers stand above."""


def random_model(shape: str, single: bool = False) -> tuple[Any, Any]:
    """Return a model of a shape, in bfloat16 on a GPU unless `single`, and a tokenizer with a chat template."""
    organism = open_organism("organism/helpdesk").organism
    with tempfile.TemporaryDirectory() as folder:
        tokenizer = AutoTokenizer.from_pretrained(save(organism, Path(folder) / "base", complete=True))
    heads, tokens = _MORE[shape]
    config = LlamaConfig(
        **SHAPES[shape],
        num_key_value_heads=heads,
        vocab_size=tokens,
        max_position_embeddings=4096,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    gpu = torch.cuda.is_available()
    torch.manual_seed(0)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16 if gpu and not single else torch.float32)
    try:
        with torch.device("cuda" if gpu else "cpu"):
            return LlamaForCausalLM(config).eval(), tokenizer
    finally:
        torch.set_default_dtype(before)
