"""Open a pretrained causal language model with transformers: a folder, a name on the hub, or an adapter on its base."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # before transformers reads it

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging

from drillyard.errors import bad_input
from drillyard.organisms.adapter import adapter_base, is_adapter
from drillyard.registry import require

__all__ = ["adapted_further", "located", "open_pretrained", "quietly"]


def located(name: str) -> str:
    """Return the absolute path of a folder, or a name on the hub as it is."""
    path = Path(name).expanduser()
    return str(path.resolve()) if path.is_dir() or name.startswith((".", "/", "~")) else name


def open_pretrained(name: str, dtype: Any = "auto") -> tuple[Any, Any]:
    """Return model and tokenizer, on the CPU. An adapter is merged into its base where that loses nothing.

    Args:
        name: a folder with config.json or adapter_config.json, or a name on the hub. Code in it is never run.
        dtype: of the weights; "auto" for the one they are stored in.

    Raises:
        BadInput: no such folder or model, no causal language model, or one without a chat template.
        MissingExtra: an adapter, and peft is not installed.
    """
    where = located(name)
    folder, said = Path(where), f"'hf/{name}'"
    if Path(where).is_absolute() and not is_adapter(folder) and not (folder / "config.json").is_file():
        raise bad_input(said, "hf/ and a folder with config.json, or a name on the hub")
    adapted = is_adapter(folder)
    base = adapter_base(folder) if adapted else where
    try:
        tokenizer = AutoTokenizer.from_pretrained(where)
        with quietly():
            model: Any = AutoModelForCausalLM.from_pretrained(base, dtype=dtype)
            model = _adapted(model, folder) if adapted else model
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        told = " ".join(str(error).split())[:200]
        raise bad_input(f"{said} that cannot be opened ({told})", "a causal language model") from None
    if not tokenizer.chat_template:
        raise bad_input(f"{said} without a chat template", "one in tokenizer_config.json or chat_template.jinja")
    return model, tokenizer


def adapted_further(model: Any, folder: Path) -> Any:
    """Return a model of peft with the adapter of a folder, which can be trained further."""
    from peft import PeftModel

    with quietly():
        return PeftModel.from_pretrained(model, str(folder), is_trainable=True)


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Silence what the libraries say about each other: progress bars of loading, names that are to change."""
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # untyped there
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r".*is deprecated and will be removed", FutureWarning)
            yield
    finally:
        if shown:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]  # untyped there


def _adapted(model: Any, folder: Path) -> Any:
    """Return a model with an adapter: merged in float32; beside it otherwise, as coarse weights would swallow it."""
    peft = require("peft", "train", f"hf/{folder}")
    adapted = peft.PeftModel.from_pretrained(model, str(folder))
    return adapted.merge_and_unload() if model.dtype == torch.float32 else adapted
