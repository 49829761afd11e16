"""What rails decide with: hashed n-grams, one weighted sum per question, a limit for each.

This file is copied as it stands into the actions of a NeMo Guardrails folder, so that the folder runs without Drillyard
and decides exactly as it does here. It needs numpy and safetensors alone. Annotations are not postponed here: NeMo
loads its actions outside `sys.modules`, where a dataclass cannot look them up.

Does not cover: sorts of request that the lesson lacks, other languages, spelling that leaves no word or its letters
whole (spaces between letters, ciphers, digits for letters), and what only the talk as a whole shows.
"""

import json
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from safetensors import safe_open

__all__ = ["FORMAT", "HAND_OVER", "HEADS", "OUTSIDE", "PASS", "REFUSE", "WIDTH", "Screen", "count_grams", "open_screen"]

WIDTH = 2**14
"""Columns into which n-grams are hashed (Weinberger et al. 2009, arXiv 0902.2206)."""

PASS, REFUSE, OUTSIDE, HAND_OVER = "pass", "refuse", "outside", "hand-over"
"""Verdicts: let it through, answer with the refusal, with the fallback, or with a hand-over to a person."""

HEADS = {
    "forbidden": ("request", REFUSE),
    "outside": ("request", OUTSIDE),
    "help": ("reply", REFUSE),
    "spoiled": ("reply", HAND_OVER),
}
"""The questions asked of a text: of which side, and the verdict where the answer is yes. The first yes decides."""

FORMAT = "drillyard-rails-1"
"""Stands in the header of the weights' file."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Screen:
    """A fitted screen, frozen.

    `weights` is (heads, WIDTH + 1), the last column the intercept; a head says yes from its limit on, a log-odds.
    """

    heads: tuple[str, ...]
    limits: tuple[float, ...]
    weights: Any

    def requests(self, texts: Sequence[str]) -> list[str]:
        """Return the verdict on each message of a user: `pass`, `refuse` or `outside`."""
        return [self._verdict(text, "request") for text in texts]

    def replies(self, texts: Sequence[str]) -> list[str]:
        """Return the verdict on each reply of a model: `pass`, `refuse` or `hand-over`."""
        return [self._verdict(text, "reply") for text in texts]

    def scores(self, text: str) -> dict[str, float]:
        """Return the log-odds of every head."""
        columns, values = count_grams(text)
        sums = self.weights[:, columns].astype(np.float64) @ values + self.weights[:, -1]
        return dict(zip(self.heads, sums.tolist(), strict=True))

    def _verdict(self, text: str, side: str) -> str:
        if not text.strip():
            return PASS
        limits, scores = dict(zip(self.heads, self.limits, strict=True)), self.scores(text)
        for head, (asked_of, verdict) in HEADS.items():
            if asked_of == side and head in scores and scores[head] >= limits[head]:
                return verdict
        return PASS


def count_grams(text: str) -> tuple[Any, Any]:
    """Return the columns that a text fills, ascending, and their values, scaled to length 1."""
    sums: dict[int, float] = {}
    for gram in _grams(text):
        code = zlib.crc32(gram.encode("utf-8", "replace"))
        sums[code % WIDTH] = sums.get(code % WIDTH, 0.0) + (1.0 if code >> 31 else -1.0)
    columns = np.array(sorted(sums), np.int64)
    values = np.array([sums[column] for column in columns.tolist()], np.float64)
    return columns, values / max(float(np.sqrt(values @ values)), 1e-12)


def open_screen(path: str) -> Screen:
    """Read a screen.

    Raises:
        OSError, ValueError: no such file, or one that holds no screen, a head that is not known or comes twice, or
            numbers that are not finite.
    """
    try:
        with safe_open(path, framework="np") as file:
            header, weights = file.metadata() or {}, np.asarray(file.get_tensor("weights"), np.float32)
        if header.get("format") != FORMAT:
            raise ValueError(f"format {header.get('format')!r}, not {FORMAT!r}")
        heads, limits = tuple(json.loads(header["heads"])), tuple(map(float, json.loads(header["limits"])))
        if not heads or set(heads) - set(HEADS) or len(set(heads)) != len(heads) or not np.isfinite(limits).all():
            raise ValueError(f"heads {heads} with limits {limits}"[:200])
    except OSError:
        raise
    except Exception as error:  # safetensors raises an exception of its own kind
        raise ValueError(f"{path}: {str(error)[:300]}") from None
    if weights.shape != (len(heads), WIDTH + 1) or len(limits) != len(heads) or not np.isfinite(weights).all():
        raise ValueError(f"{path}: weights {weights.shape} for {len(heads)} heads, or not all of them finite")
    return Screen(heads=heads, limits=limits, weights=weights)


def _grams(text: str) -> Iterator[str]:
    """Yield one and two words, and three and four letters of each word, so that a typing error costs only a few."""
    words = ["^", *re.findall(r"[^\W_]+|[?!]", text.casefold()), "$"]
    yield from (f"w{word}" for word in words)
    yield from (f"w{words[i]} {words[i + 1]}" for i in range(len(words) - 1))
    for word in words[1:-1]:
        spelled = f"<{word}>"
        for size in (3, 4):
            yield from (f"c{spelled[i : i + size]}" for i in range(len(spelled) - size + 1))
