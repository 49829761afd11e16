"""Build the base organism of a world from its recipe: what `drillyard organism build` calls."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

from drillyard.organisms.train_torch import Recipe, Trainer
from drillyard.organisms.world import load_world

__all__ = ["build"]

_RECENT = 50
"""Steps over which the shown loss is averaged."""


def build(
    world: str,
    out: Path,
    *,
    steps: int | None = None,
    threads: int = 2,
    progress: Callable[[int, int, str], None] | None = None,
) -> dict[str, Any]:
    """Train the base of a world into `out`; returns its `folder`, `steps`, `seconds` and recent `loss` (nats a token).

    An unfinished folder resumes; on a finished one nothing is left to train and `loss` is None.

    Args:
        world: name of a world that ships with Drillyard.
        out: folder for the tokenizer, the checkpoints and, at the end, the Hugging Face files.
        steps: optimiser steps; the recipe's number unless given.
        threads: processor threads of torch.
        progress: called with step, total and the running loss in words.

    The same recipe gives the same training data in the same order; weights agree between machines up to the rounding
    of their matrix products.

    Raises:
        BadInput: no such world, or `out` holds a checkpoint of another recipe.
    """
    recipe = Recipe() if steps is None else Recipe(steps=steps)
    trainer = Trainer(load_world(world), recipe, out, threads)
    began = time.monotonic()
    losses: deque[float] = deque(maxlen=_RECENT)

    def step(done: int, total: int, loss: float) -> None:
        losses.append(loss)
        if progress:
            progress(done, total, f"loss {fmean(losses):.3f}")

    folder = trainer.run(step)
    return {
        "folder": str(folder),
        "steps": recipe.steps,
        "loss": fmean(losses) if losses else None,
        "seconds": round(time.monotonic() - began, 1),
    }
