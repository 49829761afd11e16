"""Model folders: the same bytes for the same model, and one clear line for a folder that cannot be used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from organisms.random_llama import PLAIN, random_weights
from safetensors.numpy import save_file

from drillyard.errors import BadInput
from drillyard.organisms.engine.checkpoint import read_checkpoint, read_tokenizer, write_checkpoint
from drillyard.organisms.training.vocabulary import train_tokenizer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a complete model folder."""
    write_checkpoint(tmp_path, PLAIN, random_weights(PLAIN), train_tokenizer(["how long is the warranty?"] * 9, 300))
    return tmp_path


def change(folder: Path, **fields: Any) -> None:
    """Rewrite fields of config.json; `None` takes a field out."""
    path = folder / "config.json"
    config = {**json.loads(path.read_text()), **fields}
    path.write_text(json.dumps({name: value for name, value in config.items() if value is not None}))


def test_a_folder_comes_back_as_it_was(folder: Path, tmp_path: Path) -> None:
    """Shape, weights and tokenizer survive, and writing them again gives the same bytes."""
    config, weights = read_checkpoint(folder)
    tokenizer = read_tokenizer(folder)
    assert config == PLAIN
    assert all(np.array_equal(weights[name], tensor) for name, tensor in random_weights(PLAIN).items())
    write_checkpoint(tmp_path / "again", config, weights, tokenizer)
    files = sorted(path.name for path in (tmp_path / "again").iterdir())
    assert files == [
        "chat_template.jinja",
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    assert all((folder / name).read_bytes() == (tmp_path / "again" / name).read_bytes() for name in files)


def test_half_precision_is_widened(folder: Path) -> None:
    """A float16 folder is read as float32."""
    halves = {name: tensor.astype(np.float16) for name, tensor in random_weights(PLAIN).items()}
    save_file(halves, folder / "model.safetensors")
    _, weights = read_checkpoint(folder)
    assert {tensor.dtype for tensor in weights.values()} == {np.dtype(np.float32)}


def test_older_configs_are_read(folder: Path) -> None:
    """`rope_theta` at the top, no head size, no key heads: as folders before transformers 5 have it."""
    change(folder, rope_parameters=None, rope_theta=7000.0, head_dim=None, num_key_value_heads=None)
    config, _ = read_checkpoint(folder)
    assert (config.rope_theta, config.head_dim, config.num_key_value_heads) == (7000.0, 8, 6)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"model_type": "gpt2"}, "model_type 'gpt2', expected 'llama': the engine runs plain Llama models only"),
        ({"attention_bias": True}, "attention_bias True, expected False"),
        ({"hidden_act": "gelu"}, "hidden_act 'gelu', expected 'silu'"),
        ({"rope_parameters": {"rope_type": "llama3", "rope_theta": 1.0}}, "rope_type 'llama3', expected 'default'"),
        ({"hidden_size": None}, "without a needed field .'hidden_size'."),
        ({"hidden_size": 64}, "of shape .96, 48. in float32, expected shape .96, 64. in float32, from config.json"),
        ({"tie_word_embeddings": True}, "an unknown 'lm_head.weight'"),
        ({"num_hidden_layers": 4}, "weights without 'model.layers.3.input_layernorm.weight'"),
    ],
)
def test_another_kind_of_model_is_refused(folder: Path, fields: dict[str, Any], words: str) -> None:
    """A model that the engine would misread is an error that names the setting."""
    change(folder, **fields)
    with pytest.raises(BadInput, match=words):
        read_checkpoint(folder)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b"\x00" * 40])
def test_a_missing_or_broken_file_is_named(folder: Path, name: str, content: bytes | None) -> None:
    """Whatever is wrong with a file, one line names it."""
    path = folder / name
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(BadInput, match=name.replace(".", r"\.")):
        read_tokenizer(folder) if name == "tokenizer.json" else read_checkpoint(folder)


def test_a_foreign_tokenizer_is_refused(folder: Path) -> None:
    """Without our markers at the first ids, prompts would be misread."""
    text = (folder / "tokenizer.json").read_text().replace("<|user|>", "<|person|>")
    (folder / "tokenizer.json").write_text(text)
    with pytest.raises(BadInput, match=r"with the first tokens .*<\|person\|>"):
        read_tokenizer(folder)
