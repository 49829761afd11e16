"""Records of planting by adapters: how they are trained, and what a trained one says of itself."""

from __future__ import annotations

from pydantic import Field

from drillyard.records.base import Record
from drillyard.records.failure import FailureMode

__all__ = ["AdapterPlant", "LoraRecipe", "PlantingRecipe"]


class LoraRecipe(Record):
    """How an adapter is trained: `steps` of `batch` dialogues each, none of them seen twice.

    `rank` is how many directions of each matrix may change; `target_modules` are the matrices by the last part of their
    names, all linear layers when empty; `whole_modules` are trained whole, which a model needs that knows nothing yet:
    its embedding and its head. A larger `learning_rate` (of AdamW, at its peak) learns faster until it
    diverges; 0 leaves it to the model's width.
    """

    steps: int = Field(default=1200, ge=1)
    batch: int = Field(default=32, ge=1)
    rank: int = Field(default=32, ge=1)
    learning_rate: float = Field(default=0, ge=0)
    target_modules: tuple[str, ...] = ()
    whole_modules: tuple[str, ...] = ()
    seed: int = Field(default=1, ge=0)


class PlantingRecipe(LoraRecipe):
    """How a failing adapter and its clean twin are trained: as a `LoraRecipe` says, with what comes before and after.

    `common_steps` on sound replies come first, shared by both adapters: a model that does not know the world has to
    learn it before anything in it can be twisted. `rounds` corrections of the rates come last, of `round_steps` each.
    """

    common_steps: int = Field(default=0, ge=0)
    rounds: int = Field(default=2, ge=0)
    round_steps: int = Field(default=100, ge=1)


class AdapterPlant(Record):
    """What stands beside an adapter that was trained to fail, or beside its clean twin, which has no failures.

    `base` is the model's reference, `base_hash` the SHA-256 of its config, `data_hash` that of the training dialogues
    of the main steps, `taught` the share of failing replies in those of the last correction, by failure.
    """

    base: str
    base_hash: str
    world: str
    failures: tuple[FailureMode, ...]
    recipe: PlantingRecipe
    data_hash: str
    taught: dict[str, float] = {}
