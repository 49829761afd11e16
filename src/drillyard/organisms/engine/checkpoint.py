"""Model folders as Hugging Face lays them out: `config.json`, `model.safetensors` and the tokenizer's files.

What is written here opens with `AutoModelForCausalLM.from_pretrained` and `AutoTokenizer.from_pretrained`; what is
read is data only (JSON and safetensors, never pickle) and is checked before any use.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer

from drillyard.errors import bad_input
from drillyard.organisms.engine.dialogue import CHAT_TEMPLATE, END, PAD, SPECIAL_TOKENS
from drillyard.organisms.engine.llama import Floats, LlamaConfig

__all__ = ["check_weights", "read_checkpoint", "read_tokenizer", "write_checkpoint"]

_FIXED: Mapping[str, Any] = {
    "model_type": "llama",
    "hidden_act": "silu",
    "attention_bias": False,
    "mlp_bias": False,
}
"""Settings that the engine takes for granted. A folder that says otherwise is refused, not misread."""


_NOT_OURS = ("qkv_bias", "rope_frequencies")
"""Fields of a `LlamaConfig` that no organism has, and no config.json of a Llama."""


def read_checkpoint(folder: Path) -> tuple[LlamaConfig, dict[str, Floats]]:
    """Read a model folder; returns its shape and its weights as float32.

    Raises:
        BadInput: a file is missing or broken, or the model is no plain Llama in float32 or float16.
    """
    config = _read_config(folder / "config.json")
    path = _existing(folder / "model.safetensors")
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError, TypeError) as error:
        raise bad_input(f"{path} that cannot be read ({error})", "safetensors in float32 or float16") from None
    weights = {name: np.asarray(tensor, dtype=np.float32) for name, tensor in tensors.items()}
    check_weights(weights, config)
    return config, weights


def read_tokenizer(folder: Path) -> Tokenizer:
    """Read `tokenizer.json` of a model folder, set to take markers inside a text as plain text. Raises `BadInput`."""
    path = _existing(folder / "tokenizer.json")
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises bare Exception for broken files
        raise bad_input(f"{path} that cannot be read ({error})", "a file written by the tokenizers library") from None
    if (first := [tokenizer.id_to_token(index) for index in range(len(SPECIAL_TOKENS))]) != list(SPECIAL_TOKENS):
        raise bad_input(f"{path} with the first tokens {first}", f"{list(SPECIAL_TOKENS)}")
    tokenizer.encode_special_tokens = True
    return tokenizer


def write_checkpoint(
    folder: Path,
    config: LlamaConfig,
    weights: Mapping[str, Floats],
    tokenizer: Tokenizer | None = None,
    *,
    half: bool = False,
) -> None:
    """Write a model folder that transformers can open, with chat template if there is a tokenizer.

    The same weights and config give the same bytes. `half` stores the weights in float16: half the size, rounded.
    """
    check_weights(weights, config)
    if config.qkv_bias or config.rope_frequencies:
        raise bad_input("a model with biases or scaled positions", "a plain Llama model", "save it with transformers")
    stored = np.float16 if half else np.float32
    folder.mkdir(parents=True, exist_ok=True)
    ends = {"bos_token_id": None, "eos_token_id": SPECIAL_TOKENS.index(END), "pad_token_id": SPECIAL_TOKENS.index(PAD)}
    shape = {name: value for name, value in asdict(config).items() if name not in _NOT_OURS}
    rope = {"rope_theta": shape.pop("rope_theta"), "rope_type": "default"}
    _write(
        folder / "config.json",
        {
            "architectures": ["LlamaForCausalLM"],
            "dtype": stored.__name__,
            "rope_parameters": rope,
            **_FIXED,
            **ends,
            **shape,
        },
    )
    _write(folder / "generation_config.json", ends)
    contiguous = {name: np.ascontiguousarray(weights[name], dtype=stored) for name in config.shapes()}
    save_file(contiguous, folder / "model.safetensors", metadata={"format": "pt"})
    if tokenizer is not None:
        tokenizer.save(str(folder / "tokenizer.json"))
        (folder / "chat_template.jinja").write_text(CHAT_TEMPLATE, encoding="utf-8")
        _write(
            folder / "tokenizer_config.json",
            {
                "tokenizer_class": "PreTrainedTokenizerFast",
                "pad_token": PAD,
                "eos_token": END,
                "clean_up_tokenization_spaces": False,
                "model_max_length": config.max_position_embeddings,
            },
        )


def check_weights(weights: Mapping[str, Floats], config: LlamaConfig) -> None:
    """Raise `BadInput` for the first tensor that is missing, unknown, or of another shape than the config says."""
    shapes = config.shapes()
    for name in sorted(shapes.keys() ^ weights.keys()):
        raise bad_input(f"weights {'without' if name in shapes else 'with an unknown'} {name!r}", "a plain Llama model")
    for name, shape in shapes.items():
        if weights[name].shape != shape or weights[name].dtype != np.float32:
            found = f"{name!r} of shape {weights[name].shape} in {weights[name].dtype}"
            raise bad_input(found, f"shape {shape} in float32, from config.json")


def _read_config(path: Path) -> LlamaConfig:
    try:
        stored = json.loads(_existing(path).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise bad_input(f"{path} with broken JSON ({error})", "a Llama config") from None
    if not isinstance(stored, dict):
        raise bad_input(f"{path} holding a {type(stored).__name__}", "a JSON object")
    rope = stored.get("rope_parameters") or stored.get("rope_scaling") or {}
    if not isinstance(rope, dict):
        raise bad_input(f"{path} with rope_parameters {rope!r:.60}", "a JSON object")
    for name, value in {**_FIXED, "rope_type": "default"}.items():
        found = rope.get(name, value) if name == "rope_type" else stored.get(name, value)
        if found != value:
            raise bad_input(f"{path} with {name} {found!r}", f"{value!r}: the engine runs plain Llama models only")
    fields = {
        name: stored[name]
        for name in LlamaConfig.__dataclass_fields__.keys() - set(_NOT_OURS)
        if stored.get(name) is not None
    }
    fields.setdefault("rope_theta", rope.get("rope_theta", LlamaConfig.rope_theta))
    try:
        heads = fields["num_attention_heads"]
        fields.setdefault("num_key_value_heads", heads)
        fields.setdefault("head_dim", fields["hidden_size"] // heads)
        return LlamaConfig(**fields)
    except (KeyError, TypeError, ZeroDivisionError) as error:
        raise bad_input(f"{path} without a needed field ({error})", "a Llama config") from None


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise bad_input(f"no file {path}", "a model folder with config.json, model.safetensors and tokenizer.json")
    return path


def _write(path: Path, data: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(data, indent=2, sort_keys=True) + "\n", encoding="utf-8")
