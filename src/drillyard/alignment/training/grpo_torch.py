"""GRPO with a rule for a reward: agreement with the lesson's wanted replies."""

from __future__ import annotations

from collections.abc import Sequence

from drillyard.alignment.subject import planted_world
from drillyard.alignment.training.online_torch import Online
from drillyard.alignment.training.penalty import BrokenLeaves
from drillyard.alignment.training.rewards import Reward, agreement
from drillyard.alignment.training.trainer_torch import Job
from drillyard.records import LoraRecipe, Preference

__all__ = ["Grpo"]

_PRICE = 2.0
"""Of all that is valued, in units of the whole agreement with a lesson: chosen, as the price of `rlhf` is."""


class Grpo(Online):
    """Group-relative policy optimisation against a rule (Shao et al. 2024, arXiv 2402.03300).

    The rule is `rewards.agreement`: 1 for the wanted reply word for word, else half of how much nearer the reply is to
    the wanted than to the unwanted one. It takes nothing but the lesson; no judge scores what is trained. With a
    reward of the user's own (`lesson.reward`), what broken leaves weigh is taken from it, twice: a reply that breaks
    all that is valued loses 2.
    """

    name = "grpo"
    recipe = LoraRecipe(steps=36, batch=64, rank=16)
    pace = 0.25

    def _reward(self, job: Job) -> Reward:
        own = job.lesson.reward
        if own is None:
            return agreement
        broken = BrokenLeaves(planted_world(job.lesson.world, "grpo"), own, job.recipe.seed)
        job.tally.labels += broken.labels

        def reward(asked: Sequence[Preference], texts: Sequence[str]) -> list[float]:
            wanted, lost = agreement(asked, texts), broken(asked, texts)
            return [one - _PRICE * other for one, other in zip(wanted, lost, strict=True)]

        return reward
