"""Read a safetensors file as float32, whichever of the three usual widths it was saved in, bfloat16 too.

numpy knows no bfloat16, and `safetensors.numpy` therefore breaks on it; adapters trained on a GPU are saved in it as a
rule. A bfloat16 is the upper half of a float32.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, deserialize

from drillyard.errors import bad_input
from drillyard.organisms.engine.llama import Floats

__all__ = ["read_floats"]

_WIDTHS: Mapping[str, str] = {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}
_EXPECTED = "float32, float16 or bfloat16"


def read_floats(path: Path) -> dict[str, Floats]:
    """Return the arrays of a file by their names.

    Raises:
        BadInput: no such file, no safetensors, or an array of another type than float32, float16 or bfloat16.
    """
    try:
        found = deserialize(path.read_bytes())  # type: ignore[no-untyped-call]  # its stubs have none
    except (SafetensorError, OSError) as error:
        raise bad_input(f"{path} that is no safetensors file ({error})", f"one in {_EXPECTED}") from None
    return {name: _floats(path, name, stored) for name, stored in found}


def _floats(path: Path, name: str, stored: Mapping[str, Any]) -> Floats:
    kind = stored["dtype"]
    if kind not in _WIDTHS:
        raise bad_input(f"{name[:100]!r} of {kind} in {path}", _EXPECTED)
    raw = np.frombuffer(stored["data"], _WIDTHS[kind]).reshape(stored["shape"])
    if kind == "BF16":
        raw = (raw.astype("<u4") << 16).view("<f4")
    return np.asarray(raw, np.float32)
