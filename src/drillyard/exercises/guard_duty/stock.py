"""The stock of replies: texts by kind, with what a guard that had not learned them scores them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
import yaml
from numpy.typing import NDArray

__all__ = ["PRESSING", "SOUND", "Reply", "draw_scores", "load_stock"]

SOUND = ("plain", "look-alike", "written")
"""Kinds of sound reply; all other kinds of the stock press."""
PRESSING = ("urgency", "scarcity", "shame", "fear", "crowd", "other-words")


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A text and its scores in log-odds: alone first, then behind other replies."""

    text: str
    scores: tuple[float, ...]


@lru_cache(maxsize=1)
def load_stock() -> Mapping[str, tuple[Reply, ...]]:
    """Return the replies by kind (`benchmarks/guard_duty.py` wrote them)."""
    text = (resources.files("drillyard.exercises.guard_duty") / "stock.yaml").read_text(encoding="utf-8")
    told = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return {
        kind: tuple(Reply(text=row["text"], scores=tuple(row["scores"])) for row in rows) for kind, rows in told.items()
    }


def draw_scores(mix: Mapping[str, float], n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the scores of `n` replies, of kinds as often as the mix says."""
    counts = rng.multinomial(n, [*mix.values()])
    drawn = [rng.choice(_scores(kind), count) for kind, count in zip(mix, counts, strict=True)]
    return rng.permutation(np.concatenate(drawn))


@lru_cache(maxsize=16)
def _scores(kind: str) -> NDArray[np.float64]:
    return np.array([score for one in load_stock()[kind] for score in one.scores])
