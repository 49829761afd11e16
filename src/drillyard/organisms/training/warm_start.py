"""Start a new base from a trained one: the body as it is, the embeddings by what their tokens say.

Each world has a vocabulary of its own. A token that the trained base has too takes its embedding over; any other begins
as the mean of the tokens that spell it there (as in Minixhofer et al. 2022, WECHSEL, without the dictionaries).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from drillyard.organisms.engine.checkpoint import read_checkpoint, read_tokenizer
from drillyard.organisms.engine.llama import Floats
from drillyard.organisms.engine.neurons import FREE

__all__ = ["warm_neurons", "warm_weights"]

_BY_TOKEN = ("model.embed_tokens.weight", "lm_head.weight")


def warm_weights(folder: Path, tokenizer: Tokenizer) -> dict[str, Floats]:
    """Return the weights of the base in `folder` for another vocabulary, without its places for planted neurons."""
    config, weights = read_checkpoint(folder)
    spelled = _spellings(tokenizer, read_tokenizer(folder))
    hidden = config.intermediate_size - FREE
    cut = {
        name: tensor[:hidden] if name.endswith(("gate_proj.weight", "up_proj.weight")) else tensor
        for name, tensor in weights.items()
    }
    cut |= {name: tensor[:, :hidden] for name, tensor in weights.items() if name.endswith("down_proj.weight")}
    return cut | {name: np.stack([weights[name][ids].mean(axis=0) for ids in spelled]) for name in _BY_TOKEN}


def warm_neurons(folder: Path) -> Mapping[str, Floats]:
    """Return the neurons of the base's failures by id: a failure of the same id may begin with them."""
    return load_file(folder / "faults.safetensors")


def _spellings(tokenizer: Tokenizer, trained: Tokenizer) -> list[list[int]]:
    """Return, for each token of a vocabulary, the ids of the trained tokens that spell it."""
    known, model = trained.get_vocab(), trained.model
    tokens = [tokenizer.id_to_token(index) for index in range(tokenizer.get_vocab_size())]
    return [[known[one]] if one in known else [piece.id for piece in model.tokenize(one)] for one in tokens]
