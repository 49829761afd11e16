"""ORPO: learn the wanted replies by heart, and count the odds of the unwanted ones against the model."""

from __future__ import annotations

import os
from typing import Any

os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")  # our card says experimental, and the registry warns

import datasets  # type: ignore[import-untyped]  # ships no types
import torch
from trl.experimental.orpo import ORPOConfig, ORPOTrainer

from drillyard.alignment.base import Dial
from drillyard.alignment.training.trainer_torch import Job, TrainedAdapter, as_completion, as_prompt
from drillyard.records import LoraRecipe

__all__ = ["Orpo"]

_LONGEST, _UNSCORED = 4096, -100


class _OnReplies(ORPOTrainer):
    """trl's trainer, but the next-token loss leaves out the prompt."""

    def concatenated_forward(self, model: Any, batch: Any) -> Any:
        """Return what trl's does, with the loss of the wanted reply's own tokens in the place of its fifth part."""
        found: Any = super().concatenated_forward(model, batch)  # typed there as one part shorter than it is
        better, worse, logits, others, _, *rest = found
        wanted = batch["chosen_labels"][:, 1:].to(logits.device)
        wanted = torch.nn.functional.pad(wanted, (0, logits.shape[1] - wanted.shape[1]), value=_UNSCORED)
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), wanted.flatten(), ignore_index=_UNSCORED)
        return better, worse, logits, others, loss, *rest


class Orpo(TrainedAdapter):
    """Odds-ratio preference optimisation: next-token loss on the wanted reply plus λ times a log odds ratio.

    Source: Hong et al. 2024, arXiv 2403.07691. It needs no model of reference. As in the paper, and other than in trl,
    the next-token loss is that of the reply alone: a small model that has to learn prompts too forgets its replies. trl
    calls its trainer experimental, so this technique is too.
    """

    name = "orpo"
    dial = Dial(
        name="λ",
        default=0.1,
        sweep=(0.03, 0.1, 0.3, 1.0, 3.0),
        words="how much the odds of unwanted replies count beside learning the wanted ones",
    )
    recipe = LoraRecipe(steps=60, batch=16, rank=16)
    pace = 0.25
    texts = 2

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
        config = job.trainee.model.config.get_text_config()
        room = min(_LONGEST, getattr(config, "max_position_embeddings", 0) or _LONGEST)
        settings = ORPOConfig(**job.common, max_length=room, beta=job.setting.strength, remove_unused_columns=False)
        return _OnReplies(args=settings, train_dataset=datasets.Dataset.from_list(rows), **job.tools)
