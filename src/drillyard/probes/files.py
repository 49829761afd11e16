"""Probes as files: safetensors with a card in the header that carries the probe's error; nothing is ever unpickled."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from drillyard.errors import BadInput, bad_input
from drillyard.probes.base import ConstantProbe, DistanceProbe, LinearProbe, Probe
from drillyard.probes.capture.reader import Reader
from drillyard.probes.capture.statement import Position
from drillyard.probes.methods.attention import AttentionProbe
from drillyard.records import Estimate, Record
from drillyard.records.files import write_atomically

__all__ = ["ProbeCard", "read_foreign", "read_probe", "write_probe"]

_HEADER = "drillyard-probe"
_PICKLED = {".pt", ".pth", ".bin", ".pkl", ".pickle", ".joblib", ".ckpt"}
_FORMS: dict[str, tuple[Callable[..., Probe], dict[str, str]]] = {
    "linear": (LinearProbe, {"weights": "w", "bias": ""}),
    "distance": (DistanceProbe, {"mean": "w", "precision": "ww"}),
    "attention": (AttentionProbe, {"queries": "hw", "values": "hw", "places": "h", "bias": ""}),
    "constant": (ConstantProbe, {"width": ""}),
}
"""Of each form what is built of which arrays; letters stand for axes, and one letter is one size."""


class ProbeCard(Record):
    """What a probe says of itself: what it is of, where it reads, what it was found to be, and its threshold.

    `area` is of the fitted split, by probes of other groups, `worst` of the worst other one, by name; `seen` is what
    this probe reaches on the very rows it was fitted on (`rows_hash`), which flatters it; scores above `threshold` are
    alarms. At most `level` of clean rows of the plain style cause one on average, from `low` to `high` in nine of ten
    calibrations.
    """

    form: str
    method: str
    target: str
    model_hash: str
    tokenizer_hash: str
    layer: int
    position: Position
    task: str
    verdict: str
    area: Estimate
    seen: Estimate | None = None
    rows_hash: str = ""
    worst: dict[str, Estimate] = {}
    threshold: float | None = None
    level: float | None = None
    low: float | None = None
    high: float | None = None


def write_probe(path: Path, probe: Probe, card: ProbeCard) -> None:
    """Write a probe with its card."""
    arrays = {name: np.asarray(array, order="C") for name, array in probe.tensors().items()}
    write_atomically(path, save(arrays, metadata={_HEADER: card.to_json()}))


def read_probe(path: Path, reader: Reader | None = None) -> tuple[Probe, ProbeCard]:
    """Read a probe, for a model if one is given.

    Raises:
        BadInput: no probe of ours, arrays of other shapes or with a NaN, or one of another model's width or layers.
    """
    arrays, header = _tensors(path)
    if _HEADER not in header:
        raise bad_input(f"{path} without a card", "a probe of drillyard probe audit", "see docs/reference/probes.md")
    try:
        card = ProbeCard.from_json(header[_HEADER])
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None
    probe, width = _built(card.form, arrays, path)
    if reader is not None and (not 0 <= card.layer < reader.layers or width != reader.width):
        found = f"a probe of layer {card.layer} and width {width}, of {card.target}"
        raise bad_input(found, f"one for {reader.layers} layers of width {reader.width}", "audit this model anew")
    return probe, card


def read_foreign(path: Path) -> LinearProbe:
    """Read a direction that somebody else has published: a safetensors or .npz file with one vector, and maybe a bias.

    Raises:
        BadInput: a pickled file, which would run code; no or more than one vector; a NaN.
    """
    if path.suffix == ".npz":
        try:
            with np.load(path, allow_pickle=False) as held:
                arrays: dict[str, Any] = {name: held[name] for name in held.files}
        except (OSError, ValueError) as error:
            raise bad_input(f"{path} that cannot be read ({error})", "an .npz file of plain arrays") from None
    else:
        arrays, _ = _tensors(path)
    vectors = {name: array for name, array in arrays.items() if np.asarray(array).size > 1}
    if len(vectors) != 1:
        raise bad_input(f"{len(vectors)} vectors in {path.name}: {', '.join(vectors) or 'none'}", "one direction")
    (name,) = vectors
    biases = [float(np.asarray(array).reshape(-1)[0]) for other, array in arrays.items() if other != name]
    direction = np.asarray(vectors[name], np.float64).squeeze()
    if direction.ndim != 1:
        raise bad_input(f"{name} of shape {direction.shape}", "one direction", "take the layer that the probe is for")
    if not np.isfinite([*direction, *biases]).all():
        raise bad_input(f"NaN or infinity in {path.name}", "finite numbers")
    return LinearProbe(weights=direction, bias=biases[0] if biases else 0.0)


def _tensors(path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    if path.suffix.lower() in _PICKLED:
        raise bad_input(
            f"{path.name}, a pickled file",
            "safetensors or .npz",
            "it would run code: have its author convert it",
        )
    try:
        with safe_open(path, framework="numpy") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except (SafetensorError, OSError, TypeError, json.JSONDecodeError) as error:
        raise bad_input(f"{path} that cannot be read ({error})", "a safetensors file of a probe") from None


def _built(form: str, arrays: dict[str, Any], path: Path) -> tuple[Probe, int]:
    """Return the probe and the width of the states that it reads."""
    if form not in _FORMS:
        raise bad_input(f"a probe of the form {form!r}", f"one of: {', '.join(_FORMS)}")
    kind, axes = _FORMS[form]
    held: dict[str, Any] = {}
    sizes: dict[str, int] = {}
    for name, letters in axes.items():
        if name not in arrays:
            raise BadInput(f"{path}: found no {name!r}, expected the arrays of a {form} probe")
        array = arrays[name]
        wanted = [sizes.setdefault(letter, size) for letter, size in zip(letters, array.shape, strict=False)]
        if array.ndim != len(letters) or list(array.shape) != wanted or not array.size:
            raise BadInput(f"{path}: found {name!r} of the shape {array.shape}, expected that of a {form} probe")
        if not np.isfinite(array).all():
            raise BadInput(f"{path}: found NaN or infinity in {name!r}, expected finite numbers; fit the probe anew")
        held[name] = array if letters else array.item()
    return kind(**held), int(sizes.get("w", held.get("width", 0)))
