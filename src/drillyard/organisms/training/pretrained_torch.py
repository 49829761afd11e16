"""Open a pretrained causal language model with transformers: a folder, a name on the hub, or an adapter on its base."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # before transformers reads it

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging

from drillyard.errors import DrillyardError, bad_input
from drillyard.organisms.engine.adapter import adapter_base, check_adapter, is_adapter
from drillyard.organisms.engine.llama import MOST_LAYERS
from drillyard.registry import require

__all__ = ["attach_adapter", "locate", "open_pretrained", "silence"]

_DATA_ONLY: Mapping[str, Any] = {"trust_remote_code": False, "use_safetensors": True}
"""A model is data: no Python of its own, which transformers would otherwise ask about, and no pickled weights."""


def locate(name: str) -> str:
    """Return the absolute path of a folder, or a name on the hub as it is."""
    path = Path(name).expanduser()
    return str(path.resolve()) if path.is_dir() or name.startswith((".", "/", "~")) else name


def open_pretrained(name: str, dtype: Any = "auto", fetch: bool = True) -> tuple[Any, Any]:
    """Return model and tokenizer, on the CPU. An adapter is merged into its base where that loses nothing.

    Args:
        name: a folder with config.json or adapter_config.json, or a name on the hub. Code in it is never run, nor is
            anybody asked whether it may be; weights are read from safetensors alone.
        dtype: of the weights; "auto" for the one they are stored in.
        fetch: from the hub what is not on this machine. The base that an adapter names is never fetched.

    Raises:
        BadInput: no such folder or model, no causal language model, one without a chat template, or one that would
            have to be fetched and must not.
        MissingExtra: an adapter, and peft is not installed.
    """
    where = locate(name)
    folder, said = Path(where), f"'hf/{name}'"
    if Path(where).is_absolute() and not is_adapter(folder) and not (folder / "config.json").is_file():
        raise bad_input(said, "hf/ and a folder with config.json, or a name on the hub")
    adapted = is_adapter(folder)
    base = adapter_base(folder) if adapted else where
    here = {"local_files_only": adapted or not fetch}
    try:
        config = _config(said, base, **here)
        tokenizer = AutoTokenizer.from_pretrained(where, trust_remote_code=False, **here)
        _refuse_code(said, config)
        _refuse_sizes(said, config)
        with silence():
            model: Any = AutoModelForCausalLM.from_pretrained(base, config=config, dtype=dtype, **_DATA_ONLY, **here)
            model = _adapted(model, folder) if adapted else model
    except DrillyardError:
        raise
    except Exception as error:  # what transformers says of broken files has no common type
        raise bad_input(f"{said} that cannot be opened ({_told(error)})", "a causal language model") from None
    if not tokenizer.chat_template:
        raise bad_input(f"{said} without a chat template", "one in tokenizer_config.json or chat_template.jinja")
    return model, tokenizer


def _config(said: str, base: str, local_files_only: bool) -> Any:
    try:
        return AutoConfig.from_pretrained(base, trust_remote_code=False, local_files_only=local_files_only)
    except OSError:
        if not local_files_only or Path(base).is_absolute():
            raise
        found = f"{said}, for which a file names the model {base!r}, which is not on this machine"
        raise bad_input(found, "one that is", f"if you want it fetched, type once: drillyard chat hf/{base}") from None


def _refuse_code(said: str, config: Any) -> None:
    """Refuse a configuration that would have code fetched: kernels of layers are named as `owner/repository`."""
    parts = [config, *(getattr(config, part, None) for part in getattr(config, "sub_configs", {}))]
    for part in parts:
        for name in ("_attn_implementation_internal", "_experts_implementation_internal"):
            kernel = getattr(part, name, None)
            if isinstance(kernel, str) and ("/" in kernel or ":" in kernel):
                raise bad_input(
                    f"{said} that wants the code {kernel!r} for its layers", "a model without code of its own"
                )


def _refuse_sizes(said: str, config: Any) -> None:
    """Refuse sizes that no model has: transformers would build layer after layer, for hours."""
    for name, size in config.to_dict().items():
        most = MOST_LAYERS if "layers" in name else 2**31
        if isinstance(size, int) and abs(size) > most and not name.endswith("_id"):
            raise bad_input(f"{said} with {name} {size}", f"at most {most:,}")


def _told(error: Exception) -> str:
    """Return what a library says, in one line; its advice to trust the code is not ours."""
    line = " ".join(str(error).split())
    if "trust_remote_code" in line or "custom code" in line:
        return "it needs code of its own, which is never run"
    return line[:200] or type(error).__name__


def attach_adapter(model: Any, folder: Path, *, trainable: bool = False) -> Any:
    """Return a model with the adapter of a folder beside its weights, for peft.

    Args:
        model: as transformers opened it.
        folder: with adapter_config.json and adapter_model.safetensors.
        trainable: let it be trained further.

    Raises:
        BadInput: no safetensors, settings that would have modules imported by name, or an adapter for another model.
        MissingExtra: peft is not installed.
    """
    peft = require("peft", "train", f"hf/{folder}")
    check_adapter(folder)
    try:
        with silence():
            return peft.PeftModel.from_pretrained(model, str(folder), is_trainable=trainable)
    except Exception as error:  # what peft says of broken files has no common type
        raise bad_input(f"{folder} that cannot be opened ({_told(error)})", "an adapter for this model") from None


@contextlib.contextmanager
def silence() -> Iterator[None]:
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
    adapted = attach_adapter(model, folder)
    return adapted.merge_and_unload() if model.dtype == torch.float32 else adapted
