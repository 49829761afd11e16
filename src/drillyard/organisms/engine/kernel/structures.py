"""The kernel's structures, field for field as in model.h and kernel.c."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drillyard.organisms.engine.kernel.cache import KernelCache

__all__ = ["ROW", "CacheView", "DrawCall", "LayerWeights", "ReadCall", "ScoreCall", "Weights", "at", "mirrors"]

_P, _N = ctypes.c_void_p, ctypes.c_int64

ROW = np.dtype([(name, np.int64) for name in ("number", "length", "drawn", "limit", "stop", "token")])
"""What is known of a row of a batch, `Row` of kernel.c: its request, own tokens stored, tokens drawn, most of them,
what ends it, the newest."""


def at(array: NDArray[Any]) -> int:
    """Return where an array begins. It must be in one piece and outlive the call."""
    return array.ctypes.data


class _Desk(ctypes.Structure):
    _fields_ = [(name, _P) for name in ("x", "normed", "query", "pairs", "seen", "inner", "scores", "logits", "upto")]


class LayerWeights(ctypes.Structure):
    """One layer's tensors (no biases: null), and which neurons of it count."""

    _products = ("query", "key", "value", "out", "gate", "up", "down")
    _names = (*_products, "norm", "inner_norm", "query_bias", "key_bias", "value_bias", "neurons")
    _fields_ = [*((name, _P) for name in _names), ("count", _N)]


class Weights(ctypes.Structure):
    """A model as it is handed over for packing."""

    _fields_ = [
        *((name, _N) for name in ("vocabulary", "width", "layers", "heads", "key_heads", "size", "inner", "worth")),
        ("epsilon", ctypes.c_double),
        *((name, _P) for name in ("embedding", "head", "norm", "cosines", "sines")),
        ("each", ctypes.POINTER(LayerWeights)),
    ]


class CacheView(ctypes.Structure):
    """Where a cache's keys and values are, and how far apart; steps in floats."""

    _steps = ("key_layer", "key_row", "key_head", "value_layer", "value_row", "value_head")
    _first_steps = ("first_key_layer", "first_key_head", "first_value_layer", "first_value_head")
    _fields_ = [
        *((name, _P) for name in ("keys", "values", "first_keys", "first_values")),
        *((name, _N) for name in (*_steps, *_first_steps, "shared")),
    ]

    @classmethod
    def of(cls, cache: KernelCache) -> CacheView:
        """Describe a cache, which must outlive the call."""
        arrays = (cache.keys, cache.values, cache.first_keys, cache.first_values)
        steps = [step // 4 for array, count in zip(arrays, (3, 3, 2, 2), strict=True) for step in array.strides[:count]]
        return cls(*map(at, arrays), *steps, cache.shared)


class ReadCall(ctypes.Structure):
    """A call of `drillyard_read`."""

    _fields_ = [
        ("model", _P),
        ("cache", ctypes.POINTER(CacheView)),
        ("rows", _N),
        *((name, _P) for name in ("tokens", "counts", "starts", "wanted", "table", "out", "streams")),
        ("longest", _N),
        ("threads", _N),
        ("failed", ctypes.c_int),
        ("desk", _Desk),
    ]


class ScoreCall(ctypes.Structure):
    """A call of `drillyard_score`."""

    _fields_ = [
        ("model", _P),
        ("x", _P),
        ("rows", _N),
        ("logits", _P),
        ("threads", _N),
        ("failed", ctypes.c_int),
        ("desk", _Desk),
    ]


class DrawCall(ctypes.Structure):
    """A call of `drillyard_draw`; `step` is how many tokens the busiest row drew."""

    _fields_ = [
        ("model", _P),
        ("cache", ctypes.POINTER(CacheView)),
        ("rows", _N),
        ("each", _P),
        ("last", _P),
        ("draws", _P),
        ("draws_step", _N),
        *((name, _P) for name in ("scale", "depth", "done", "tokens")),
        *((name, _N) for name in ("most", "unread", "stop_early", "longest", "threads")),
        ("ends", _P),
        ("ends_count", _N),
        ("failed", ctypes.c_int),
        ("desk", _Desk),
        *((name, _N) for name in ("step", "active")),
        ("order", _P),
        ("crew", ctypes.c_int),
    ]


def mirrors(library: ctypes.CDLL) -> bool:
    """Say whether the library's structures are as long as those here: else a call would write past their ends."""
    ours = [*map(ctypes.sizeof, (LayerWeights, Weights, CacheView)), ROW.itemsize]
    ours += map(ctypes.sizeof, (ReadCall, ScoreCall, DrawCall))
    library.drillyard_sizes.restype = ctypes.POINTER(ctypes.c_int64 * len(ours))
    return list(library.drillyard_sizes().contents) == ours
