"""DPO: make the wanted reply more probable than the unwanted one, relative to the model as it was."""

from __future__ import annotations

from typing import Any

import datasets  # type: ignore[import-untyped]  # ships no types
from trl import DPOConfig, DPOTrainer  # type: ignore[attr-defined]  # loaded lazily there

from drillyard.alignment.base import Dial
from drillyard.alignment.training.trainer_torch import Job, TrainedAdapter, as_completion, as_prompt
from drillyard.records import LoraRecipe

__all__ = ["Dpo"]


class Dpo(TrainedAdapter):
    """Direct preference optimisation: a logistic loss on the two replies' log-ratios to the model as it was.

    Source: Rafailov et al. 2023, arXiv 2305.18290. The model as it was is the trained one without its adapter. The
    loss alone lets the wanted reply lose probability, if only the unwanted one loses more; so the next-token loss on
    the wanted reply is added, as in Pang et al. 2024, arXiv 2404.19733.

    Args:
        anchor: weight of that next-token loss; 0 for plain DPO.
        options: as of every trained technique.
    """

    name = "dpo"
    dial = Dial(
        name="β",
        default=1.0,
        sweep=(0.1, 0.3, 1.0, 3.0, 10.0),
        words="how dear it is to leave the model as it was; a large β changes little",
    )
    recipe = LoraRecipe(steps=64, batch=16, rank=16)
    pace = 0.2
    texts = 2

    def __init__(self, *, anchor: float = 1.0, **options: Any) -> None:
        super().__init__(**options)
        self._anchor = anchor

    def _trainer(self, job: Job) -> Any:
        pairs, world = job.lesson.preferences, job.lesson.world
        rows = [
            {
                "prompt": as_prompt(pair, world),
                "chosen": as_completion(pair.chosen),
                "rejected": as_completion(pair.rejected),
            }
            for pair in pairs
        ]
        losses: dict[str, Any] = {}
        if self._anchor:
            losses = {"loss_type": ["sigmoid", "sft"], "loss_weights": [1.0, self._anchor]}
        settings = DPOConfig(**job.common, **losses, max_length=None, beta=job.setting.strength)
        return DPOTrainer(args=settings, train_dataset=datasets.Dataset.from_list(rows), **job.tools)
