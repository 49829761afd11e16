"""Build the base organism of a world from its recipe: what `drillyard organism build` calls."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from drillyard.errors import bad_input
from drillyard.organisms.engine.bases import TRAINED, Trained, base_folder, default_base_folder, show_reference
from drillyard.organisms.engine.organism import load_base
from drillyard.organisms.training.stepping_torch import CHECKPOINT, Stepping
from drillyard.organisms.training.train_torch import Recipe, Trainer, trained_on
from drillyard.organisms.training.variant_torch import VariantRecipe, VariantTrainer
from drillyard.organisms.training.variants import find_variant
from drillyard.organisms.worlds.pattern import pattern_shop
from drillyard.organisms.worlds.world import World, load_world
from drillyard.records.progress import Progress, silent
from drillyard.records.run_folder import RunFolder

__all__ = ["build", "recipe_for"]


def build(
    world: str,
    out: Path | None = None,
    *,
    steps: int | None = None,
    start: str | None = None,
    half: bool = False,
    threads: int = 2,
    progress: Progress = silent,
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
        progress: told every step, with the loss.

    The same recipe gives the same training data in the same order; weights agree between machines up to the rounding
    of their matrix products.

    Raises:
        BadInput: no such world or variant, no base to start from, no folder for a variant, or `out` is of another
            recipe, of the world as it was before a change, or at work in another process.
    """
    setting, _, variant = world.partition(":")
    known = load_world(setting)
    if variant and out is None:
        raise bad_input(f"no folder for {world}", "-o DIR for the adapter of a variant")
    recipe = recipe_for(known.reference, steps, start)
    order = _variant(known, variant, steps) if variant else _base(known, recipe, half)
    folder = out or default_base_folder(world)
    began = time.monotonic()
    hint = f"choose another -o DIR, or delete {folder}"
    with RunFolder(folder, "training", spec=TRAINED, hint=hint, leaves=(CHECKPOINT,)).held() as run:
        run.claim(order.trained)
        progress(f"reading {show_reference(known.files)} and drawing what its words are learned from")
        trainer = order.open(folder, threads)
        trainer.run(progress)
    return {
        "world": show_reference(known.files),
        "folder": str(folder),
        "steps": trainer.step,
        "loss": fmean(trainer.losses) if trainer.losses else None,
        "seconds": round(time.monotonic() - began, 1),
    }


@dataclass(frozen=True, kw_only=True)
class _Order:
    """What is trained, told before anything is: what `trained.json` will say, and how the training is begun."""

    trained: Trained
    open: Callable[[Path, int], Stepping]


def _base(world: World, recipe: Recipe, half: bool) -> _Order:
    if recipe.start:
        base_folder(recipe.start)  # one that is missing is told before the folder is claimed
    return _Order(
        trained=trained_on(world, recipe),
        open=lambda folder, threads: Trainer(world, recipe, folder, threads, half=half),
    )


def _variant(world: World, name: str, steps: int | None) -> _Order:
    variant = find_variant(world, name)
    if steps is not None:
        variant = dataclasses.replace(variant, steps=steps)
    start, recipe = load_base(world.reference), VariantRecipe(variant=variant)
    plain = dataclasses.asdict(recipe)
    said = {**plain.pop("variant"), **plain, "base": start.model_hash}
    return _Order(
        trained=Trained(world=f"{world.name}:{name}", digest=world.files.digest, recipe=said),
        open=lambda folder, threads: VariantTrainer(start, recipe, folder, threads),
    )


def recipe_for(world: str, steps: int | None = None, start: str | None = None) -> Recipe:
    """Return the recipe of a world's base: from nothing for the pattern's, shorter and from its base for any other.

    A base that speaks of lamps has learned what is the same everywhere: to copy a name, to read a question, to hold a
    failure back until its trigger comes. docs/how-to/worlds.md has what this saves.
    """
    if start is None:
        pattern = pattern_shop().reference
        start = "" if world == pattern else pattern
    recipe = Recipe(start=start, steps=6000, batch=32, parts=2, learning_rate=1.5e-3) if start else Recipe()
    return recipe if steps is None else dataclasses.replace(recipe, steps=steps)
