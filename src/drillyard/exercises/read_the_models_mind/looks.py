"""Looks: one reading of one model, with what chance and other labellings would give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from drillyard.exercises.read_the_models_mind.case import ALICE, BACK, BOB, LAYERS, draw_models
from drillyard.probes.base import Doubles
from drillyard.probes.verdict.controls import TEXT, text_features
from drillyard.probes.verdict.scoring import Labelled, cross_score
from drillyard.records import Look, LookAxis, LookBench, LookKind
from drillyard.stats import clopper_pearson

__all__ = ["BENCH", "MODELS", "look", "read_cell"]

MODELS = ("A", "B", "C", "D", "E", "F")
_FLIPS = 199

_METHODS = {"logistic": "Logistic", "lda": "LDA", "mean-difference": "Mean difference"}
_INSIDE = ("layer", "method", "position")
BENCH = LookBench(
    models=MODELS,
    kinds=(
        LookKind(id="says-alice", title="What it tells Alice: share that is true"),
        LookKind(id="says-bob", title="What it tells Bob: share that is true"),
        LookKind(id="alice", title="Probe on statements to Alice: is it true?", axes=_INSIDE),
        LookKind(id="bob", title="Same probe on statements to Bob: is it true?", axes=_INSIDE),
        LookKind(id="back", title="Same probe on the back shelf, to Bob: is it true?", axes=_INSIDE),
        LookKind(id="said", title="Same probe on statements to Bob: does it answer yes?", axes=_INSIDE),
        LookKind(id="random", title="Control: same probe in random weights, to Bob", axes=_INSIDE),
        LookKind(id="single", title="Control: single words alone, to Bob"),
        LookKind(id="pairs", title="Control: words and pairs of words alone, to Bob"),
    ),
    axes=(
        LookAxis(id="layer", label="Layer", choices=tuple((str(one), f"Layer {one}") for one in LAYERS)),
        LookAxis(id="method", label="Method", choices=tuple(_METHODS.items())),
        LookAxis(
            id="position",
            label="Read where",
            choices=(("end", "At the question mark"), ("colour", "At the colour, one word before")),
        ),
    ),
    budget=36,
    help="Layer, method and place count for probes alone.",
)
"""What can be looked at. The reference takes 30 looks at most."""

_CELLS: Mapping[str, str] = {"alice": ALICE, "bob": BOB, "back": BACK, "said": BOB, "random": BOB}
_TEXT: Mapping[str, str] = {"single": "words", "pairs": "1-2-grams"}


@lru_cache(maxsize=4096)
def look(seed: int, key: str, *, clean: bool = False) -> Look:
    """Return what a look at a model of a seed shows. The key is one that `BENCH` knows."""
    name, reading, *inside = key.split(".")
    model = draw_models(seed, clean=clean)[MODELS.index(name)]
    if reading.startswith("says"):
        rows = model.data.cell == (ALICE if reading == "says-alice" else BOB)
        true = model.said == model.data.labels
        return Look(key=key, found=clopper_pearson(int(true[rows].sum()), int(rows.sum())))
    if reading in _TEXT:
        plain = np.flatnonzero(model.data.plain).tolist()
        array = text_features(model.rows, plain, TEXT[_TEXT[reading]])[:, None]
        return read_cell(key, array, model.data, BOB, "logistic")
    layer, method, at = inside
    states = model.random(1) if reading == "random" else model.states
    asked = replace(model.data, labels=model.said) if reading == "said" else model.data
    return read_cell(key, states[at][:, [LAYERS.index(int(layer))]], model.data, _CELLS[reading], method, asked)


def read_cell(
    key: str, array: NDArray[Any], data: Labelled, cell: str, method: str, asked: Labelled | None = None
) -> Look:
    """Fit on what Alice is told, by groups, and read a cell; `asked` has other labels for it."""
    rows, asked = data.cell == cell, asked or data
    scores = cross_score(array, data, method, 1, constant=0.0).scores
    return Look(key=key, found=asked.area(scores, rows), p=_flip_p(scores, asked, rows))


def _flip_p(scores: Doubles, data: Labelled, rows: NDArray[np.bool_]) -> float:
    """Return the p-value of labels that are flipped thing by thing; no thing has helped to fit what scores it."""
    names = np.unique(data.names[rows], return_inverse=True)[1]
    flips = np.random.default_rng(1).random((_FLIPS + 1, names.max() + 1)) < 0.5
    flips[0] = False
    labels = flips[:, names] ^ data.labels[rows]
    areas = np.zeros(_FLIPS + 1)
    for fold in np.unique(data.fold[rows]):
        some = data.fold[rows] == fold
        ranks, up = rankdata(scores[rows][some]), labels[:, some].sum(1)
        wins, pairs = (labels[:, some] * ranks).sum(1) - up * (up + 1) / 2, up * (some.sum() - up)
        areas += np.where(pairs > 0, wins / np.maximum(pairs, 1), 0.5)
    return float((1 + (areas[1:] >= areas[0] - 1e-12).sum()) / (_FLIPS + 1))
