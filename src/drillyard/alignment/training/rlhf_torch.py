"""RLHF: a reward model of what raters prefer, reinforcement learning against it, and a price on named behaviours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from drillyard.alignment.base import Lesson
from drillyard.alignment.penalties import resolve_behaviours
from drillyard.alignment.subject import planted_world
from drillyard.alignment.training.online_torch import Online, divide
from drillyard.alignment.training.penalty import Penalty
from drillyard.alignment.training.reward_model_torch import train_reward_model
from drillyard.alignment.training.rewards import Reward
from drillyard.alignment.training.trainer_torch import Job
from drillyard.records import LoraRecipe, Preference

__all__ = ["Rlhf"]


class Rlhf(Online):
    """Reinforcement learning from human feedback (Christiano et al. 2017, Ouyang et al. 2022), by GRPO.

    A reply's reward is the reward model's score, minus `price` for every behaviour of `lesson.penalise` that a detector
    sees in it (`penalty.py`). Over the lesson a wanted reply scores 1 more than an unwanted one, so a price of 2
    outweighs what the raters may like about the behaviour. The KL divergence to the start is held by β.

    Args:
        price: of one penalised behaviour, in units of the average preference.
        reward_steps: of the reward model's training.
        options: as of every technique that learns from rewards.
    """

    name = "rlhf"
    recipe = LoraRecipe(steps=36, batch=64, rank=16)
    pace = 0.15

    def __init__(self, *, price: float = 2.0, reward_steps: int = 60, **options: Any) -> None:
        super().__init__(**options)
        self._price, self._reward_steps = price, reward_steps

    def _check(self, lesson: Lesson) -> None:
        super()._check(lesson)
        resolve_behaviours(lesson.penalise, lesson.world)

    def _reward(self, job: Job) -> Reward:
        pairs, _ = divide(job.lesson.preferences)
        learned = {"steps": self._reward_steps, "batch": 32, "learning_rate": 2 * job.recipe.learning_rate}
        model = train_reward_model(job, job.recipe.model_copy(update=learned), pairs)
        penalty = Penalty(planted_world(job.lesson.world, "rlhf"), job.lesson.penalise, job.recipe.seed)
        job.tally.labels += penalty.labels

        def reward(asked: Sequence[Preference], texts: Sequence[str]) -> list[float]:
            scores, shown = model(asked, texts), penalty(asked, texts)
            return [score - self._price * count for score, count in zip(scores, shown, strict=True)]

        return reward
