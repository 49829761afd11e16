"""Build the base organism of a world from its recipe: what `drillyard organism build` calls."""

from __future__ import annotations

import dataclasses
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

from drillyard.errors import bad_input
from drillyard.organisms.engine.bases import default_base_folder, show_reference
from drillyard.organisms.engine.organism import load_base
from drillyard.organisms.training.train_torch import Recipe, Trainer
from drillyard.organisms.training.variant_torch import VariantRecipe, VariantTrainer
from drillyard.organisms.training.variants import find_variant
from drillyard.organisms.worlds.world import World, load_world

__all__ = ["FIRST", "build", "recipe_for"]

FIRST = "helpdesk"
"""The world whose base is trained from nothing; others start from it unless told otherwise."""

_RECENT = 50
"""Steps over which the shown loss is averaged."""


def build(
    world: str,
    out: Path | None = None,
    *,
    steps: int | None = None,
    start: str | None = None,
    half: bool = False,
    threads: int = 2,
    progress: Callable[[int, int, str], None] | None = None,
) -> dict[str, Any]:
    """Train the base of a world, or a variant; returns its `folder`, `steps`, `seconds`, recent `loss` (nats a token).

    An unfinished folder resumes; on a finished one nothing is left to train and `loss` is None.

    Args:
        world: name of a world that ships with Drillyard, or the path of your own world's folder; with a colon and a
            name after it, as in `helpdesk:over-censored`, a variant: a low-rank adapter on that world's base.
        out: folder for the tokenizer, the checkpoints and, at the end, the Hugging Face files. By default that of the
            world's own base, where planting finds it.
        steps: optimiser steps; the recipe's number unless given.
        start: world whose base gives the first weights, empty for random ones; see `recipe_for`.
        half: store the trained weights in float16, which halves the files.
        threads: processor threads of torch.
        progress: called with step, total and the running loss in words.

    The same recipe gives the same training data in the same order; weights agree between machines up to the rounding
    of their matrix products.

    Raises:
        BadInput: no such world or variant, no base to start from, no folder for a variant, or `out` holds a checkpoint
            of another recipe.
    """
    setting, colon, variant = world.partition(":")
    known = load_world(setting)
    trainer: Trainer | VariantTrainer
    if colon:
        trainer = _variant_trainer(known, variant, out, steps, threads)
    else:
        recipe = recipe_for(known.reference, steps, start)
        trainer = Trainer(known, recipe, out or default_base_folder(world), threads, half=half)
    began = time.monotonic()
    losses: deque[float] = deque(maxlen=_RECENT)

    def step(done: int, total: int, loss: float) -> None:
        losses.append(loss)
        if progress:
            progress(done, total, f"loss {fmean(losses):.3f}")

    folder = trainer.run(step)
    return {
        "world": show_reference(known.files),
        "folder": str(folder),
        "steps": trainer.step,
        "loss": fmean(losses) if losses else None,
        "seconds": round(time.monotonic() - began, 1),
    }


def _variant_trainer(world: World, name: str, out: Path | None, steps: int | None, threads: int) -> VariantTrainer:
    variant = find_variant(world, name)
    if out is None:
        raise bad_input(f"no folder for {world.name}:{name}", "-o DIR for the adapter of a variant")
    if steps is not None:
        variant = dataclasses.replace(variant, steps=steps)
    return VariantTrainer(load_base(world.reference), VariantRecipe(variant=variant), out, threads)


def recipe_for(world: str, steps: int | None = None, start: str | None = None) -> Recipe:
    """Return the recipe of a world's base: from nothing for `FIRST`, shorter and from its base for any other.

    A base that speaks of lamps has learned what is the same everywhere: to copy a name, to read a question, to hold a
    failure back until its trigger comes. docs/how-to/worlds.md has what this saves.
    """
    start = ("" if world == FIRST else FIRST) if start is None else start
    recipe = Recipe(start=start, steps=6000, batch=32, parts=2, learning_rate=1.5e-3) if start else Recipe()
    return recipe if steps is None else dataclasses.replace(recipe, steps=steps)
