"""Artefacts that people hand in by mistake or on purpose: what each of them must come to, for a model of 4 × 128."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from safetensors.numpy import save

from drillyard.records import Artefact

__all__ = ["ACCEPTED", "MATRIX", "REFUSED", "adapter", "bfloat16", "edits", "files", "rails"]

MATRIX = "model.layers.0.mlp.up_proj"
OUT, IN = 608, 128
PREFIX = "base_model.model."
WIDTH = 2**14 + 1
SAID = {"refuse": "No.", "outside": "Not here.", "hand-over": "A person will help."}


def files(**held: bytes) -> Artefact:
    """Return an artefact of files, given by their names with two underscores for a dot."""
    return Artefact(files={name.replace("__", "."): base64.b64encode(data).decode() for name, data in held.items()})


def pair(rank: int = 2, value: float = 0.01, kind: Any = np.float32, name: str = MATRIX) -> dict[str, np.ndarray]:
    """Return the two factors of a matrix, all of one value."""
    return {
        f"{PREFIX}{name}.lora_A.weight": np.full((rank, IN), value, kind),
        f"{PREFIX}{name}.lora_B.weight": np.full((OUT, rank), value, kind),
    }


def adapter(settings: str = "", tensors: Mapping[str, np.ndarray] | None = None, **changed: Any) -> Artefact:
    """Return an adapter; `settings` is its JSON as text, otherwise the usual one with some fields changed."""
    usual = {"peft_type": "LORA", "r": 2, "lora_alpha": 2, "bias": "none", "target_modules": [MATRIX], **changed}
    held = save(dict(pair() if tensors is None else tensors))
    return files(adapter_config__json=(settings or json.dumps(usual)).encode(), adapter_model__safetensors=held)


def bfloat16(tensors: Mapping[str, np.ndarray]) -> bytes:
    """Return a safetensors file in bfloat16, by the format's description: numpy cannot write one."""
    header, data = {}, b""
    for name, tensor in tensors.items():
        cut = (np.ascontiguousarray(tensor, "<f4").view("<u4") >> 16).astype("<u2").tobytes()
        offsets = [len(data), len(data) + len(cut)]
        header[name] = {"dtype": "BF16", "shape": list(tensor.shape), "data_offsets": offsets}
        data += cut
    told = json.dumps(header).encode()
    return struct.pack("<Q", len(told)) + told + data


def edits(header: object, tensors: Mapping[str, np.ndarray] | None = None) -> Artefact:
    """Return a file of edits with a header, as text or as data; one vector of nothing unless told otherwise."""
    told = header if isinstance(header, str) else json.dumps({"format": "drillyard-edits-1", "edits": header})
    held = {"0.vector": np.zeros(IN, np.float32)} if tensors is None else tensors
    return files(edits__safetensors=save(dict(held), metadata={"drillyard": told}))


def add(**changed: Any) -> Artefact:
    """Return one edit with some fields changed."""
    return edits([{"layer": 1, "kind": "add", "strength": 0.0, **changed}])


def rails(
    answers: object = None, heads: object = ("forbidden",), limits: object = (0.5,), shape: Any = None, value: float = 0
) -> Artefact:
    """Return rails with some parts changed."""
    count = len(heads) if isinstance(heads, tuple | list) else 1
    weights = np.full(shape or (count, WIDTH), value, np.float16)
    told = {"format": "drillyard-rails-1", "heads": json.dumps(heads), "limits": json.dumps(limits)}
    held = json.dumps({"by_verdict": SAID} if answers is None else answers)
    return files(answers__json=held.encode(), classifier__safetensors=save({"weights": weights}, metadata=told))


def _half(name: str) -> dict[str, np.ndarray]:
    return {key: value for key, value in pair().items() if name in key}


ACCEPTED: Mapping[str, Artefact] = {
    "plain": adapter(),
    "rank-stabilised": adapter(use_rslora=True),
    "float16": adapter(tensors=pair(kind=np.float16)),
    "bfloat16": files(
        adapter_config__json=json.dumps({"peft_type": "LORA", "r": 2, "lora_alpha": 2}).encode(),
        adapter_model__safetensors=bfloat16(pair()),
    ),
    "huge but finite": adapter(tensors=pair(value=1e18)),
    "edit of nothing": add(),
    "strong edit": add(strength=1e6),
    "rails": rails(),
    "rails that stop all": rails(limits=(-1.0,)),
    "rails of one sort": rails({"by_verdict": {"outside": "Not here."}}, heads=("outside",)),
}
"""What can be applied, and therefore gets a grade."""

REFUSED: Mapping[str, tuple[Artefact, str]] = {
    "rank 0": (adapter(r=0), "the rank of the factors, 2"),
    "factors of rank 0": (adapter(tensors=pair(0), r=0, lora_alpha=0), "at least 1"),
    "rank patterns": (adapter(rank_pattern={"x": 3}), "rank_pattern"),
    "alpha patterns": (adapter(alpha_pattern={"x": 3}), "alpha_pattern"),
    "dora": (adapter(use_dora=True), "use_dora"),
    "alpha 1e300": (adapter(lora_alpha=1e300), "lora_alpha 1e+300"),
    "alpha of 400 digits": (adapter(settings='{"r": 2, "lora_alpha": 1' + "0" * 400 + "}"), "lora_alpha 1000"),
    "alpha of 5,000 digits": (adapter(settings='{"r": 2, "lora_alpha": 1' + "0" * 5000 + "}"), "digits"),
    "alpha nan": (adapter(settings='{"r": 2, "lora_alpha": NaN}'), "lora_alpha nan"),
    "alpha true": (adapter(lora_alpha=True), "lora_alpha True"),
    "alpha a word": (adapter(lora_alpha="x"), "lora_alpha 'x'"),
    "rank a word": (adapter(r="2"), "r '2'"),
    "another module": (adapter(tensors=pair(name="model.layers.0.mlp.foo")), "an adapter for this model"),
    "another layer": (adapter(tensors=pair(name="model.layers.9.mlp.up_proj")), "an adapter for this model"),
    "another shape": (adapter(tensors=pair(name="model.layers.0.mlp.down_proj")), "is it for another model?"),
    "half a pair": (adapter(tensors=_half("lora_A")), "lora_A"),
    "three axes": (adapter(tensors={**pair(), **{k: v[..., None] for k, v in _half("lora_A").items()}}), "factors"),
    "no axis": (adapter(tensors={**pair(), **{k: np.array(v[0, 0]) for k, v in _half("lora_A").items()}}), "factors"),
    "overflowing": (adapter(tensors=pair(value=3e38)), "no longer made of finite numbers"),
    "no numbers after": (
        edits([{"layer": 1, "kind": "add", "strength": 1e6}], {"0.vector": np.full(IN, 1e35, np.float32)}),
        "states are no finite numbers",
    ),
    "saved modules a number": (adapter(modules_to_save=3), "modules_to_save 3"),
    "saved module unknown": (adapter(modules_to_save=[["x"]]), "the whole module"),
    "9,000 brackets": (adapter(settings='{"a": ' + "[" * 9000 + "]" * 9000 + "}"), "no JSON"),
    "settings a list": (adapter(settings="[1]"), "with a list"),
    "integers": (adapter(tensors={"x": np.arange(3)}), "of I64"),
    "doubles": (adapter(tensors=pair(kind=np.float64)), "of F64"),
    "not a number": (adapter(tensors=pair(value=np.nan)), "not finite"),
    "infinite": (adapter(tensors=pair(value=np.inf)), "not finite"),
    "edits in bfloat16": (files(edits__safetensors=bfloat16({"0.vector": np.zeros(IN)})), "edits.safetensors"),
    "edits without a header": (
        files(edits__safetensors=save({"0.vector": np.zeros(IN, np.float32)})),
        "another format",
    ),
    "header a list": (edits("[]"), "another format"),
    "header null": (edits("null"), "another format"),
    "header of 9,000 brackets": (edits("[" * 9000 + "]" * 9000), "cannot be read"),
    "edits null": (edits(None), "edits as NoneType"),
    "edits a mapping": (edits({}), "edits as dict"),
    "edits numbers": (edits([1]), "cannot be read"),
    "layer 99": (add(layer=99), "of 4 layers"),
    "layer 0": (add(layer=0), "a layer from 1 on"),
    "layer 1.5": (add(layer=1.5), "a layer from 1 on"),
    "layer true": (add(layer=True), "a layer from 1 on"),
    "layer a word": (add(layer="1"), "a layer from 1 on"),
    "kind unknown": (add(kind="jump"), "one of: add"),
    "kind a list": (add(kind=["add"]), "one of: add"),
    "strength 1e300": (add(strength=1e300), "strength 1e+300"),
    "strength of 400 digits": (add(strength=10**400), "an edit of strength"),
    "strength a list": (add(strength=[1]), "strength [1]"),
    "strength a word": (add(strength="x"), "strength 'x'"),
    "another width": (
        edits([{"layer": 1, "kind": "add", "strength": 0}], {"0.vector": np.zeros(64, np.float32)}),
        "128",
    ),
    "erasing two ranks": (
        edits(
            [{"layer": 1, "kind": "erase", "strength": 1}],
            {
                "0.left": np.zeros((IN, 3), np.float32),
                "0.right": np.zeros((4, IN), np.float32),
                "0.mean": np.zeros(IN, np.float32),
            },
        ),
        "one width and rank",
    ),
    "rails without answers": (rails({"by_verdict": {}}), "without an answer for 'refuse'"),
    "rails without the answer": (rails({"by_verdict": {"outside": "No."}}), "without an answer for 'refuse'"),
    "rails with other fields": (rails({"said": SAID}), "answers"),
    "rails with a limit in words": (rails(limits=("x",)), "rails that cannot be read"),
    "rails without a limit": (rails(limits=()), "rails that cannot be read"),
    "rails with no number as limit": (rails(limits=(float("nan"),)), "rails that cannot be read"),
    "rails of an unknown sort": (rails(heads=("foo",)), "rails that cannot be read"),
    "rails of a number": (rails(heads=(3,)), "rails that cannot be read"),
    "rails of nothing": (rails(heads=(), limits=(), shape=(0, WIDTH)), "rails that cannot be read"),
    "rails twice": (rails(heads=("forbidden", "forbidden"), limits=(0, 0)), "rails that cannot be read"),
    "rails of another width": (rails(shape=(1, 5)), "rails that cannot be read"),
    "rails of 9,000 brackets": (rails(limits="[" * 9000), "rails that cannot be read"),
}
"""What cannot be applied to the model, with words of the line that says so."""
