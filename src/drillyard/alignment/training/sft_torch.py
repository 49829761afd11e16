"""SFT: learn the wanted replies by heart, and nothing from the unwanted ones."""

from __future__ import annotations

from typing import Any

import datasets  # type: ignore[import-untyped]  # ships no types
from trl import SFTConfig, SFTTrainer  # type: ignore[attr-defined]  # loaded lazily there

from drillyard.alignment.base import Dial
from drillyard.alignment.training.trainer_torch import Job, TrainedAdapter, as_completion, as_prompt
from drillyard.records import LoraRecipe

__all__ = ["Sft"]


class Sft(TrainedAdapter):
    """Supervised fine-tuning on the chosen replies: next-token loss on their tokens alone (Ouyang et al. 2022).

    Source: InstructGPT, arXiv 2203.02155, its first stage.
    """

    name = "sft"
    dial = Dial(
        name="learning-rate factor",
        default=1.0,
        sweep=(0.03, 0.1, 0.3, 1.0, 3.0),
        words="how far each step goes; more follows the lesson more closely and forgets more",
    )
    recipe = LoraRecipe(steps=80, batch=32, rank=16)
    pace = 0.5
    texts = 1

    def _strength(self, recipe: LoraRecipe, strength: float) -> LoraRecipe:
        return recipe.model_copy(update={"learning_rate": recipe.learning_rate * strength})

    def _trainer(self, job: Job) -> Any:
        pairs, world = job.lesson.preferences, job.lesson.world
        rows = [{"prompt": as_prompt(pair, world), "completion": as_completion(pair.chosen)} for pair in pairs]
        settings = SFTConfig(**job.common, max_length=None)
        return SFTTrainer(args=settings, train_dataset=datasets.Dataset.from_list(rows), **job.tools)
