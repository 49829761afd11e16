"""An edit of a model's hidden states, as data: where it happens, what it does, and the arrays that it does it with.

Four kinds, each a function of one token's state h, so that a reply does not depend on its company:

- `add`: h + s · vector;
- `gated-add`: h + s · vector, but only where gate · h + bias > threshold;
- `project`: h − s · (h · Q) Q, for rows Q of length 1 at right angles: with s = 1 nothing of these directions is left;
- `erase`: h − s · left (right (h − mean)): an affine erasure, with s = 1 what LEACE gives.

Edits lie in one safetensors file, which our engine and transformers read alike (`organism.py`, `hooks_torch.py`).

Does not cover: edits that look at other tokens, edits inside a layer (heads, neurons), edits of the embedding.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from drillyard.errors import bad_input
from drillyard.organisms.engine.llama import Floats

__all__ = ["FILE", "KINDS", "Edit", "change", "check_fit", "group_by_layer", "read_edits", "write_edits"]

FILE = "edits.safetensors"
"""What the file of a technique's edits is called."""

_FORMAT, _HEADER = "drillyard-edits-1", "drillyard"
_MOST = 1e6
"""Largest strength."""

KINDS: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        "add": {"vector": 1},
        "gated-add": {"vector": 1, "gate": 1, "bias": 0, "threshold": 0},
        "project": {"directions": 2},
        "erase": {"left": 2, "right": 2, "mean": 1},
    }
)
"""The kinds of edits, each with its arrays and how many axes they have; the last axis is the width, `left`'s first."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Edit:
    """One edit, applied by calling it.

    Args:
        layer: after which layer, numbered as `hidden_states` of transformers: 1 is the output of the first layer.
        kind: one of `KINDS`.
        strength: how much of it; 0 changes nothing.
        tensors: the kind's arrays, float32.

    Raises:
        BadInput: an unknown kind, or arrays that are not the kind's or do not fit each other.
    """

    layer: int
    kind: str
    strength: float
    tensors: Mapping[str, Floats]

    def __post_init__(self) -> None:
        if not isinstance(self.kind, str) or self.kind not in KINDS:
            raise bad_input(f"an edit of kind {self.kind!r:.80}", f"one of: {', '.join(KINDS)}")
        if not isinstance(self.layer, Integral) or isinstance(self.layer, bool) or self.layer < 1:
            raise bad_input(f"an edit after layer {self.layer!r:.80}", "a layer from 1 on")
        if not _is_number(self.strength):
            raise bad_input(f"an edit of strength {self.strength!r:.80}", f"a number of at most {_MOST:g}")
        axes = {name: tensor.ndim for name, tensor in self.tensors.items()}
        widths = {_width(name, tensor) for name, tensor in self.tensors.items() if tensor.ndim}
        finite = all(np.isfinite(tensor).all() for tensor in self.tensors.values())
        ranks = {self.tensors[name].shape[axis] for name, axis in (("left", 1), ("right", 0)) if axes.get(name) == 2}
        if axes != KINDS[self.kind] or len(widths) != 1 or len(ranks) > 1 or not finite:
            shapes = {name: tensor.shape for name, tensor in self.tensors.items()}
            expected = f"finite arrays of one width and rank: {KINDS[self.kind]}"
            raise bad_input(f"an edit {self.kind!r} with {shapes!s:.200}", expected)

    @property
    def width(self) -> int:
        """How wide the states are that it changes."""
        return next(_width(name, tensor) for name, tensor in self.tensors.items() if tensor.ndim)

    @property
    def parameters(self) -> int:
        """How many numbers it holds."""
        return sum(tensor.size for tensor in self.tensors.values())

    def scaled(self, factor: float) -> Edit:
        """Return the edit with its strength multiplied."""
        return dataclasses.replace(self, strength=self.strength * factor)

    def __call__(self, states: Floats) -> Floats:
        """Return the states (…, width) changed; the given array stays as it is."""
        changed: Floats = change(self.kind, np.float32(self.strength), self.tensors, states)
        return changed


def change(kind: str, strength: Any, tensors: Mapping[str, Any], states: Any) -> Any:
    """Return changed states (…, width): the formulas of the module's head, for arrays of numpy or of torch alike."""
    if kind == "add":
        return states + strength * tensors["vector"]
    if kind == "gated-add":
        fires = states @ tensors["gate"] + tensors["bias"] > tensors["threshold"]
        return states + fires[..., None] * (strength * tensors["vector"])
    if kind == "project":
        rows = tensors["directions"]
        return states - strength * ((states @ rows.T) @ rows)
    return states - strength * (((states - tensors["mean"]) @ tensors["right"].T) @ tensors["left"].T)


def check_fit(edits: Sequence[Edit], layers: int, width: int) -> None:
    """Refuse edits that were made for another model. Raises `BadInput`."""
    for edit in edits:
        if edit.layer > layers or edit.width != width:
            found = f"an edit of layer {edit.layer} for states of {edit.width}"
            raise bad_input(found, f"one for this model, of {layers} layers and states of {width}")


def group_by_layer(edits: Sequence[Edit]) -> dict[int, Any]:
    """Return edits by their layer, those of one layer as one function that applies them in their order."""
    found: dict[int, Any] = {}
    for edit in edits:
        before = found.get(edit.layer)
        found[edit.layer] = edit if before is None else _after(before, edit)
    return found


def write_edits(path: Path, edits: Sequence[Edit], **words: Any) -> Path:
    """Write edits as one safetensors file, with what each of them is in its header, `words` beside it."""
    tensors = {
        f"{i}.{name}": np.array(t, np.float32, order="C") for i, e in enumerate(edits) for name, t in e.tensors.items()
    }
    told = [{"layer": edit.layer, "kind": edit.kind, "strength": edit.strength} for edit in edits]
    path.parent.mkdir(parents=True, exist_ok=True)
    header = {"format": _FORMAT, "edits": told, **words}
    save_file(tensors, path, metadata={_HEADER: json.dumps(header)})  # one entry, as several come in any order
    return path


def read_edits(path: Path) -> tuple[Edit, ...]:
    """Read what `write_edits` wrote. Raises `BadInput` for a file that is missing, broken or something else."""
    expected = "a file of edits: fit the technique into that folder first"
    try:
        with safe_open(path, "numpy") as file:
            header: Any = json.loads((file.metadata() or {}).get(_HEADER, "{}"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        if not isinstance(header, dict) or header.get("format") != _FORMAT:
            raise bad_input(f"{path} of another format than {_FORMAT}", expected)
        if not isinstance(header["edits"], list):
            raise bad_input(f"{path} with edits as {type(header['edits']).__name__}", expected)
        return tuple(
            Edit(
                **one,
                tensors={name.partition(".")[2]: t for name, t in tensors.items() if name.split(".")[0] == f"{i}"},
            )
            for i, one in enumerate(header["edits"])
        )
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise bad_input(f"{path} that cannot be read ({error!s:.200})", expected) from None


def _is_number(value: Any) -> bool:
    """Say whether a strength is a number that float32 holds with room to spare; a file may say anything."""
    number = isinstance(value, int | float | np.floating) and not isinstance(value, bool)
    return number and bool(abs(value) <= _MOST)


def _width(name: str, tensor: Floats) -> int:
    return int(tensor.shape[0 if name == "left" else -1])


def _after(first: Any, second: Any) -> Any:
    return lambda states: second(first(states))
