"""A tokenizer and a tiny Llama for the words of helpdesk: what training and transformers are tried on in seconds."""

from __future__ import annotations

from drillyard.organisms.engine.llama import LlamaConfig
from drillyard.organisms.training.vocabulary import train_tokenizer
from drillyard.organisms.worlds.world import load_world

__all__ = ["CONFIG", "TOKENIZER", "WORLD"]

WORLD = load_world("helpdesk")
TOKENIZER = train_tokenizer([*WORLD.replies.values(), *WORLD.templates.values()], 320)
CONFIG = LlamaConfig(
    vocab_size=TOKENIZER.get_vocab_size(),
    hidden_size=16,
    intermediate_size=24,
    num_hidden_layers=1,
    num_attention_heads=2,
    num_key_value_heads=2,
    head_dim=8,
    max_position_embeddings=512,
)
