"""A sentence encoder as a stage: logistic regression on what all-MiniLM-L6-v2 makes of a passage, one per behaviour.

Fitted as the words are, on windows of labelled replies of which the telling ones are found (`learn_windows`).

Does not cover: behaviours that it has too few examples of, which it rates by the likeliest other one; languages that
the encoder does not know, which is English alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from drillyard.errors import bad_input
from drillyard.guards.examples import Example
from drillyard.guards.features import WINDOW
from drillyard.guards.fit_sklearn import FEWEST, learn_windows
from drillyard.guards.words import read_words
from drillyard.records.files import write_atomically
from drillyard.registry import resolve

__all__ = ["EncoderStage", "fit_encoder", "open_encoder"]

_FORMAT = "drillyard-encoder-stage-1"
_WIDTH, _STRIDE, _STRENGTH = 384, 4, 10.0  # rows have length 1, so that scikit-learn's C must be large
_MOST_SOUND = 4000  # windows


@dataclass(frozen=True, kw_only=True, eq=False)
class EncoderStage:
    """A fitted stage. `weights` is (385, behaviours), the last row the intercepts."""

    behaviours: tuple[str, ...]
    weights: NDArray[np.float32]
    reads: int = WINDOW

    @property
    def digest(self) -> str:
        """Hash of format, behaviours and weights."""
        told = json.dumps([_FORMAT, self.behaviours]).encode()
        return hashlib.sha256(told + np.ascontiguousarray(self.weights, "<f4").tobytes()).hexdigest()

    def rate(self, passage: str, behaviour: str) -> float:
        """Return the log-odds of a behaviour, or of the likeliest one where it was not learned."""
        values = _encode([passage])[0] @ self.weights[:-1] + self.weights[-1]
        if behaviour in self.behaviours:
            return float(values[self.behaviours.index(behaviour)])
        return float(values.max())

    def save(self, path: Path) -> None:
        """Write the stage as one safetensors file."""
        header = {"format": _FORMAT, "behaviours": json.dumps(self.behaviours)}
        write_atomically(path, save({"weights": self.weights}, metadata=header))


def fit_encoder(examples: Sequence[Example]) -> EncoderStage:
    """Return a stage of labelled replies.

    Raises:
        BadInput: too few replies of either kind, or the encoder's package is not installed.
        MissingExtra: torch and transformers, or scikit-learn, are not installed.
    """
    sound = list(dict.fromkeys(one.text for one in examples if one.shown == ()))
    codes = sorted({code for one in examples for code in one.shown or ()})
    failing = {code: list(dict.fromkeys(one.text for one in examples if code in (one.shown or ()))) for code in codes}
    failing = {code: texts for code, texts in failing.items() if len(texts) >= FEWEST}
    if len(sound) < FEWEST or not failing:
        raise bad_input("too few labelled replies", f"at least {FEWEST} sound ones and {FEWEST} of a behaviour")
    quiet = _encode(list(dict.fromkeys(part for text in sound for part in _windows(text)))[:_MOST_SOUND])
    columns = []
    for texts in failing.values():
        parts = [_windows(text) for text in texts]
        owners = [owner for owner, found in enumerate(parts) for _ in found]
        loud = _encode([part for found in parts for part in found])
        columns.append(learn_windows(quiet, loud, owners, _STRENGTH))
    return EncoderStage(behaviours=tuple(failing), weights=np.stack(columns, axis=1).astype(np.float32))


def open_encoder(argument: str = "", folder: Path | None = None) -> EncoderStage:
    """Open a fitted stage's file. Raises `BadInput` where there is none, or a broken one."""
    path, expected = (folder or Path()) / argument, "a file that drillyard guard stage wrote"
    try:
        with safe_open(str(path), framework="np") as file:
            header, weights = file.metadata() or {}, np.asarray(file.get_tensor("weights"), np.float32)
        behaviours = tuple(json.loads(header["behaviours"]))
        if header["format"] != _FORMAT or weights.shape != (_WIDTH + 1, len(behaviours)) or not behaviours:
            raise ValueError(f"format {header['format']!r}, weights {weights.shape}")
        if not np.isfinite(weights).all():
            raise ValueError("weights that are no finite numbers")
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise bad_input(f"{str(path)!r} that cannot be read ({error})", expected) from None
    _encode(["ready"])  # a missing package is said now, not in the middle of a reply
    return EncoderStage(behaviours=behaviours, weights=weights)


def _windows(text: str) -> list[str]:
    """Return the last window, and one every few words before it."""
    places = read_words(text)
    ends = range(len(places), 0, -_STRIDE)
    return [text[places[max(0, end - WINDOW)][1] : places[end - 1][2]] for end in ends]


def _encode(texts: Sequence[str]) -> NDArray[np.float64]:
    encode = resolve("drillyard.audits.meaning_torch:encode_texts", "train", "a sentence encoder")
    rows: NDArray[np.float64] = encode(texts)
    return rows
