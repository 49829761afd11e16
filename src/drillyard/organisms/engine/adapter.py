"""Adapters: a model's low-rank changes in the files of peft, merged into plain weights without torch.

LoRA (Hu et al. 2021, arXiv 2106.09685): a matrix W of shape (out, in) becomes W + s · B · A, with A (rank, in),
B (out, rank) and s = alpha / rank. What is written here opens with `PeftModel.from_pretrained`; what peft wrote is read
where the merge is exact, and refused otherwise.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors.numpy import save

from drillyard.errors import bad_input
from drillyard.organisms.engine.llama import Floats
from drillyard.organisms.engine.tensors import read_floats
from drillyard.records.files import write_atomically

__all__ = [
    "Factors",
    "adapter_base",
    "check_adapter",
    "hash_adapter",
    "is_adapter",
    "low_rank",
    "merge_adapter",
    "write_adapter",
]

_SETTINGS, _TENSORS, _PREFIX = "adapter_config.json", "adapter_model.safetensors", "base_model.model."
_EMBEDDING = "model.embed_tokens.weight"
_WHOLE = ("embed_tokens", "lm_head")
_MERGEABLE: Mapping[str, tuple[object, ...]] = {
    "peft_type": ("LORA",),
    "bias": ("none",),
    "init_lora_weights": (True, False, None, "gaussian"),  # others change the base too
}
_NO_MATTER = (
    *("auto_mapping", "base_model_name_or_path", "ensure_weight_tying", "exclude_modules", "inference_mode"),
    *("layers_pattern", "layers_to_transform", "lora_alpha", "lora_dropout", "megatron_core", "modules_to_save"),
    *("peft_version", "qalora_group_size", "r", "revision", "target_modules", "task_type", "use_rslora"),
)
"""Settings that do not change what is merged, or that `_scale` reads. Any other one must be off."""


_MOST = 1e6
"""Largest alpha; what people train with is at most some hundreds."""


class Factors(NamedTuple):
    """A low-rank change of one matrix: `up` @ `down`, with `down` (rank, in) and `up` (out, rank)."""

    down: Floats
    up: Floats


def is_adapter(folder: Path) -> bool:
    """Say whether a folder holds an adapter and not a whole model."""
    return (folder / _SETTINGS).is_file()


def adapter_base(folder: Path) -> str:
    """Return the folder or name of the model that an adapter was made for; empty when it does not say."""
    return str(_settings(folder).get("base_model_name_or_path") or "")


def check_adapter(folder: Path) -> None:
    """Refuse an adapter that is more than data: pickled weights, or settings that have modules imported by name.

    Raises:
        BadInput: such an adapter, or one whose settings cannot be read.
    """
    if _settings(folder).get("megatron_config"):  # peft then imports what megatron_core names
        raise bad_input(f"{folder} with megatron_config, which has modules imported by name", "an adapter without it")
    if not (folder / _TENSORS).is_file():
        raise bad_input(f"no {folder / _TENSORS}", "an adapter in safetensors; pickled weights are never opened")


def hash_adapter(base_hash: str, folder: Path) -> str:
    """Return the SHA-256 of a base's hash and an adapter's files.

    Not of the merged weights: their last bits are as the machine's matrix products round them.
    """
    digest = hashlib.sha256(base_hash.encode())
    for name in (_SETTINGS, _TENSORS):
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()


def low_rank(change: Floats, rank: int) -> Factors:
    """Return the best factors of that rank for a change of shape (out, in): Eckart & Young (1936)."""
    left, sizes, right = np.linalg.svd(change.astype(np.float64), full_matrices=False)
    roots = np.sqrt(sizes[:rank])
    down, up = roots[:, None] * right[:rank], left[:, :rank] * roots
    return Factors(down=down.astype(np.float32), up=up.astype(np.float32))


def write_adapter(
    folder: Path,
    factors: Mapping[str, Factors],
    base: str,
    *,
    whole: Mapping[str, Floats] | None = None,
    half: bool = False,
) -> None:
    """Write an adapter that `merge_adapter` and peft open. The same factors give the same bytes.

    Args:
        folder: made if it is not there.
        factors: by the name of the weight, such as `model.layers.0.mlp.up_proj.weight`; all of one rank.
        base: folder or name of the model that it belongs to.
        whole: weights that are replaced and not changed: `model.embed_tokens.weight`, `lm_head.weight`.
        half: store in float16: half the size, values to three digits.
    """
    ranks = {one.down.shape[0] for one in factors.values()} | {one.up.shape[1] for one in factors.values()}
    if len(ranks) != 1:
        raise bad_input(f"factors of the ranks {sorted(ranks)}", "one rank for all of them")
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {_PREFIX + name: tensor for name, tensor in (whole or {}).items()}
    for name, one in factors.items():
        pair = (one.up.T, one.down.T) if name == _EMBEDDING else (one.down, one.up)
        tensors |= dict(zip(_keys(name), pair, strict=True))
    kind = np.float16 if half else np.float32
    stored = {name: np.ascontiguousarray(tensor, dtype=kind) for name, tensor in sorted(tensors.items())}
    write_atomically(folder / _TENSORS, save(stored, metadata={"format": "pt"}))
    (rank,) = ranks
    settings = {
        "base_model_name_or_path": base,
        "bias": "none",
        "inference_mode": True,
        "lora_alpha": rank,
        "modules_to_save": [name.split(".")[-2] for name in whole or {}] or None,
        "peft_type": "LORA",
        "r": rank,
        "target_modules": sorted(name.removesuffix(".weight") for name in factors),
        "task_type": "CAUSAL_LM",
    }
    write_atomically(folder / _SETTINGS, f"{json.dumps(settings, indent=2, sort_keys=True)}\n".encode())


def merge_adapter(weights: Mapping[str, Floats], folder: Path) -> dict[str, Floats]:
    """Return the weights with an adapter merged into them: W + s · B · A in float32; the given ones stay as they are.

    Raises:
        BadInput: a broken folder, an adapter for another model, or one that is more than plain LoRA with perhaps a
            whole embedding or head: another method, changed biases, a rank or scale per module; half a pair of
            factors; a scale, or merged weights, that are no finite numbers.
    """
    settings, tensors, merged = _settings(folder), read_floats(folder / _TENSORS), dict(weights)
    _check(settings, folder)
    if not tensors:
        raise bad_input(f"{folder} without any factors", "an adapter that changes something")
    for name, old in weights.items():
        keys = _keys(name)
        if all(key in tensors for key in keys):  # half a pair is left over, and refused below
            first, second = (tensors.pop(key) for key in keys)
            one = Factors(second.T, first.T) if name == _EMBEDDING else Factors(first, second)
            with np.errstate(all="ignore"):  # what is not finite is refused below
                merged[name] = old + _change(name, one, old.shape, folder) * _scale(settings, one, folder)
        kept = tensors.pop(_PREFIX + name.replace(".weight", ".base_layer.weight"), None)
        whole = tensors.pop(_PREFIX + name, kept)
        if whole is not None:
            merged[name] = _replaced(name, whole, old, folder, kept is not None)
        if merged[name] is not old and not np.isfinite(merged[name]).all():
            raise bad_input(f"{folder} with which {name!r} is no longer made of finite numbers", "smaller changes")
    for name in sorted(tensors):
        raise bad_input(f"{folder} that changes {name!r}", "an adapter for this model, of plain LoRA")
    return merged


def _keys(name: str) -> tuple[str, str]:
    """Return under which names peft stores the factors of a weight: first A, then B."""
    module = _PREFIX + name.removesuffix(".weight")
    if name == _EMBEDDING:
        return f"{module}.lora_embedding_A", f"{module}.lora_embedding_B"
    return f"{module}.lora_A.weight", f"{module}.lora_B.weight"


def _change(name: str, one: Factors, shape: tuple[int, ...], folder: Path) -> Floats:
    """Return B · A, which must have the shape of the weight."""
    down, up = one
    if down.ndim != 2 or up.ndim != 2 or up.shape[1] != down.shape[0] or (up.shape[0], down.shape[1]) != shape:
        found = f"{folder} with factors {up.shape} and {down.shape} for {name!r}"
        raise bad_input(found, f"factors of a matrix {shape}: is it for another model?")
    change: Floats = up @ down
    return change


def _replaced(name: str, whole: Floats, old: Floats, folder: Path, only_kept: bool) -> Floats:
    """Return a weight that replaces the old one; `only_kept` ones must be the base's own, stored once more."""
    if whole.shape != old.shape or (only_kept and not np.array_equal(whole, old)):
        raise bad_input(f"{folder} with another {name!r} of shape {whole.shape}", f"that of its base, {old.shape}")
    return whole


def _scale(settings: Mapping[str, Any], one: Factors, folder: Path) -> np.float32:
    """Return s: alpha / rank, or alpha / √rank of rank-stabilised LoRA."""
    alpha, stated, rank = settings.get("lora_alpha"), settings.get("r"), one.down.shape[0]
    if (
        not isinstance(alpha, int | float)
        or isinstance(alpha, bool)
        or not abs(alpha) <= _MOST
        or isinstance(stated, bool)
        or stated != rank
        or not rank
    ):
        found = f"{folder} with lora_alpha {alpha!r:.40} and r {stated!r:.40}"
        raise bad_input(found, f"a number of at most {_MOST:g}, and the rank of the factors, {rank}, at least 1")
    return np.float32(float(alpha) / float(rank**0.5 if settings.get("use_rslora") else rank))


def _settings(folder: Path) -> dict[str, Any]:
    """Read adapter_config.json."""
    path = folder / _SETTINGS
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise bad_input(f"{path} that cannot be read ({error!s:.200})", "the settings of a peft adapter") from None
    if not isinstance(settings, dict):
        raise bad_input(f"{path} holding a {type(settings).__name__}", "a JSON object")
    return settings


def _check(settings: Mapping[str, Any], folder: Path) -> None:
    """Refuse what cannot be merged exactly."""
    for name, value in settings.items():
        allowed = _MERGEABLE.get(name, (value,) if name in _NO_MATTER else ())
        if value and value not in allowed:
            expected = " or ".join(map(repr, allowed)) or "plain LoRA without it"
            raise bad_input(f"{folder} with {name} {value!r:.80}", expected, f"open it as hf/{folder}")
    saved = settings.get("modules_to_save") or []
    if not isinstance(saved, list):
        raise bad_input(f"{folder} with modules_to_save {saved!r:.80}", "a list of names, or none")
    if others := [name for name in saved if name not in _WHOLE]:
        raise bad_input(f"{folder} with the whole module {others[0]!r:.80}", f"only {' and '.join(_WHOLE)} whole")
