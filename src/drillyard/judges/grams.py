"""Turn a transcript into numbers without a vocabulary: word n-grams, hashed (Weinberger et al. 2009)."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence

import numpy as np
from scipy import sparse

from drillyard.records import Transcript

__all__ = ["WIDTH", "hash_grams"]

WIDTH = 2**14
"""Columns. Two n-grams share one now and then; fewer columns make that worse, more make the file larger."""


def hash_grams(transcripts: Sequence[Transcript]) -> sparse.csr_matrix:
    """Return (transcripts, WIDTH): signed counts of n-grams, each row of length 1."""
    rows, columns, values = [], [], []
    for row, transcript in enumerate(transcripts):
        for gram in _grams(transcript):
            code = zlib.crc32(gram.encode())
            rows.append(row)
            columns.append(code % WIDTH)
            values.append(1.0 if code >> 31 else -1.0)
    shape = (len(transcripts), WIDTH)
    counts = sparse.csr_matrix((np.array(values), (np.array(rows, int), np.array(columns, int))), shape=shape)
    lengths = np.sqrt(np.asarray(counts.multiply(counts).sum(axis=1)).ravel())
    scaled: sparse.csr_matrix = sparse.diags(1 / np.maximum(lengths, 1e-12)) @ counts
    return scaled


def _grams(transcript: Transcript) -> Iterator[str]:
    """Yield what is counted: one to three words of the reply, one and two words of the newest user message."""
    reply = _words(transcript.reply.text)
    asked = _words(transcript.conversation.last_user)
    for size in (1, 2, 3):
        yield from (f"r{' '.join(reply[i : i + size])}" for i in range(len(reply) - size + 1))
    for size in (1, 2):
        yield from (f"u{' '.join(asked[i : i + size])}" for i in range(len(asked) - size + 1))


def _words(text: str) -> list[str]:
    return ["^", *re.findall(r"[^\W_]+|[.!?]", text.casefold()), "$"]
