"""Pack a trained model as an adapter on the one that it was trained from: the best low-rank change of every matrix.

An adapter cannot change the weights of a norm; a norm's weights scale the columns of the matrices that read from it, so
they are carried over to these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from drillyard.organisms.engine.adapter import Factors, low_rank
from drillyard.organisms.engine.llama import Floats

__all__ = ["pack"]

_READERS: Mapping[str, tuple[str, ...]] = {
    "input_layernorm": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    "post_attention_layernorm": ("mlp.gate_proj", "mlp.up_proj"),
}
_WHOLE = ("model.embed_tokens.weight", "lm_head.weight")


def pack(
    before: Mapping[str, Floats], after: Mapping[str, Floats], rank: int
) -> tuple[dict[str, Factors], dict[str, Floats]]:
    """Return the factors and the whole weights (embedding, head) for `write_adapter`, of a Llama model with both.

    Exact for the norms, the embedding and the head; of the other matrices as good as any change of that rank (Eckart
    and Young 1936).
    """
    carried = dict(after)
    for norm, matrix in _pairs(after):
        carried[matrix] = after[matrix] * (after[norm] / before[norm])
    factors = {name: low_rank(carried[name] - before[name], rank) for name in after if _is_factored(name)}
    return factors, {name: np.asarray(carried[name], np.float32) for name in _WHOLE}


def _pairs(weights: Mapping[str, Floats]) -> Iterator[tuple[str, str]]:
    """Yield every norm with each matrix that reads from it."""
    for name in weights:
        layer, _, norm = name.removesuffix(".weight").rpartition(".")
        yield from ((name, f"{layer}.{reader}.weight") for reader in _READERS.get(norm, ()))
    yield "model.norm.weight", "lm_head.weight"


def _is_factored(name: str) -> bool:
    return name not in _WHOLE and "norm" not in name
