"""Online reinforcement learning: the model answers, a reward scores, and what scored above its company is strengthened.

Method: GRPO (Shao et al. 2024, arXiv 2402.03300), as trl has it. The KL divergence to the model as it was is part of
the loss; a part of the lesson is held back and asked while training goes on (`watch_torch.py`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import datasets  # type: ignore[import-untyped]  # ships no types
from trl import GRPOConfig, GRPOTrainer  # type: ignore[attr-defined]  # loaded lazily there

from drillyard.alignment.base import Dial
from drillyard.alignment.subject import planted_world
from drillyard.alignment.training.overoptimisation import RewardPoint, advise
from drillyard.alignment.training.rewards import Gold, Reward
from drillyard.alignment.training.trainer_torch import CURVE, Job, TrainedAdapter, as_prompt
from drillyard.alignment.training.watch_torch import RewardWatch
from drillyard.records import Preference
from drillyard.records.files import write_atomically

__all__ = ["Online", "divide"]

_GROUP, _PROBES, _SHARE, _POINTS = 8, 48, 5, 12
"""Replies per prompt; most prompts that are held back; they are at most one in so many; lines of the curve."""


class Online(TrainedAdapter):
    """A technique that learns from rewards of its own replies; how a reply is scored is the subclass's affair.

    Args:
        room: most tokens of a reply while training.
        stop: end early where the reward that is trained on rises while the held-back one falls.
        options: as of every trained technique; `batch` counts replies, so it is divided by 8 for prompts.
    """

    dial = Dial(
        name="β",
        default=0.02,
        sweep=(0.005, 0.02, 0.08, 0.3, 1.0),
        words="how dear it is to leave the model as it was, per nat; a large β changes little",
    )

    def __init__(self, *, room: int = 96, stop: bool = True, **options: Any) -> None:
        super().__init__(**options)
        self._room, self._stop = room, stop

    def _reward(self, job: Job) -> Reward:
        """Return what scores replies while training."""
        raise NotImplementedError

    def _trainer(self, job: Job) -> Any:
        pairs, probes = divide(job.lesson.preferences)
        world = planted_world(job.lesson.world, "a technique that learns from rewards")
        reward = self._reward(job)
        rows = [{"prompt": as_prompt(pair, world), "place": place} for place, pair in enumerate(pairs)]

        def scored(completions: Sequence[list[dict[str, str]]], place: Sequence[int], **_: Any) -> list[float | None]:
            return list(reward([pairs[i] for i in place], [said[0]["content"] for said in completions]))

        watch = RewardWatch(
            job.setting.folder / CURVE,
            probes,
            world,
            job.trainee.tokenizer,
            proxy=reward,
            gold=Gold(world),
            every=max(1, job.recipe.steps // _POINTS),
            room=self._room,
            stop=self._stop,
        )
        common = {k: v for k, v in job.common.items() if k != "train_sampling_strategy"}
        settings = GRPOConfig(
            **common,
            num_generations=_GROUP,
            max_completion_length=self._room,
            beta=job.setting.strength,
            temperature=1.0,
        )
        tools = {**job.tools, "callbacks": [*job.callbacks, watch]}
        data = datasets.Dataset.from_list(rows)
        return GRPOTrainer(args=settings, reward_funcs=[scored], train_dataset=data, **tools)

    def _conclude(self, job: Job, trainer: Any) -> None:
        """Write what the watch advises; the curve is there already."""
        lines = [json.loads(line) for line in (job.setting.folder / CURVE).read_text(encoding="utf-8").splitlines()]
        said = advise([RewardPoint(kl=line["kl"], proxy=line["proxy"], gold=line["gold"]) for line in lines])
        curve = said.curve and {"form": said.curve.form, "alpha": said.curve.alpha, "beta": said.curve.beta}
        found = {"stop": said.stop, "parting": said.parting, "reason": said.reason, "curve": curve}
        write_atomically(job.setting.folder / "watch.json", f"{json.dumps(found, indent=2)}\n".encode())


def divide(preferences: Sequence[Preference]) -> tuple[list[Preference], list[Preference]]:
    """Return the pairs to train on and those held back to watch: at most a fifth, evenly spread; all of both if few."""
    probes = list(preferences[:: max(_SHARE, len(preferences) // _PROBES)])[:_PROBES]
    held = {id(pair) for pair in probes}
    rest = [pair for pair in preferences if id(pair) not in held]
    return (rest, probes) if rest else (list(preferences), probes)
