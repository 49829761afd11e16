"""Where a model of transformers keeps its layers."""

from __future__ import annotations

import contextlib
from operator import attrgetter
from typing import Any

from drillyard.errors import bad_input

__all__ = ["LAYERS", "layers_of"]

LAYERS = {
    "model.layers": "model.norm",  # llama, qwen2, mistral, gemma …
    "transformer.h": "transformer.ln_f",  # gpt2
    "gpt_neox.layers": "gpt_neox.final_layer_norm",
}
"""Where a model keeps its layers, and the norm after them."""


def layers_of(model: Any) -> tuple[Any, Any]:
    """Return the layers of a model and its final norm, adapters of peft aside.

    Raises:
        BadInput: a model of another build.
    """
    plain = model.get_base_model() if hasattr(model, "get_base_model") else model
    for path, norm in LAYERS.items():
        with contextlib.suppress(AttributeError):
            return attrgetter(path)(plain), attrgetter(norm)(plain)
    raise bad_input(f"a {type(plain).__name__}", f"a model with its layers in {' or '.join(LAYERS)}")
