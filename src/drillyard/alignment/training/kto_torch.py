"""KTO: each reply by itself is wanted or not; no pairs are needed."""

from __future__ import annotations

import random
from typing import Any

import datasets  # type: ignore[import-untyped]  # ships no types
from trl import KTOConfig, KTOTrainer  # type: ignore[attr-defined]  # loaded lazily there

from drillyard.alignment.base import Dial
from drillyard.alignment.training.trainer_torch import Job, TrainedAdapter, as_completion, as_prompt
from drillyard.records import LoraRecipe

__all__ = ["Kto"]


class Kto(TrainedAdapter):
    """Kahneman-Tversky optimisation: gains and losses of single replies against a point of reference.

    Source: Ethayarajh et al. 2024, arXiv 2402.01306. Every pair gives one wanted and one unwanted reply; the point of
    reference is estimated from other replies of the same batch, whose order is therefore fixed by the seed.
    """

    name = "kto"
    dial = Dial(
        name="β",
        default=1.0,
        sweep=(0.1, 0.3, 1.0, 3.0, 10.0),
        words="how dear it is to leave the model as it was; a large β changes little",
    )
    recipe = LoraRecipe(steps=60, batch=32, rank=16)
    pace = 0.15

    def _trainer(self, job: Job) -> Any:
        world = job.lesson.world
        rows = [
            {"prompt": as_prompt(pair, world), "completion": as_completion(text), "label": wanted}
            for pair in job.lesson.preferences
            for text, wanted in ((pair.chosen, True), (pair.rejected, False))
        ]
        random.Random(job.recipe.seed).shuffle(rows)
        common = {**job.common, "train_sampling_strategy": "sequential"}
        settings = KTOConfig(**common, max_length=None, beta=job.setting.strength)
        return KTOTrainer(args=settings, train_dataset=datasets.Dataset.from_list(rows), **job.tools)
