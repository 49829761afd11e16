"""GRPO with a rule for a reward: agreement with the lesson's wanted replies."""

from __future__ import annotations

from drillyard.alignment.training.online_torch import Online
from drillyard.alignment.training.rewards import Reward, agreement
from drillyard.alignment.training.trainer_torch import Job
from drillyard.records import LoraRecipe

__all__ = ["Grpo"]


class Grpo(Online):
    """Group-relative policy optimisation against a rule (Shao et al. 2024, arXiv 2402.03300).

    The rule is `rewards.agreement`: 1 for the wanted reply word for word, else half of how much nearer the reply is to
    the wanted than to the unwanted one. It takes nothing but the lesson; no judge scores what is trained.
    """

    name = "grpo"
    recipe = LoraRecipe(steps=36, batch=64, rank=16)
    pace = 0.25

    def _reward(self, job: Job) -> Reward:
        return agreement
