"""What all trained techniques share: a lesson and a copy of the model go in, an adapter that peft opens comes out.

Ours is what is trained on what, that a killed fit resumes, and that its cost is counted; the training itself is trl's.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # before the libraries read it

import torch
import transformers

from drillyard.alignment.base import Dial, House, Lesson, Setting
from drillyard.alignment.training.subject_torch import ADAPTER, Trainee, apply_adapter, as_messages, open_trainee
from drillyard.alignment.training.tally_torch import RewardTally
from drillyard.errors import bad_input
from drillyard.organisms.training.lora_torch import (
    Told,
    check_modules,
    cut_into_passes,
    last_checkpoint,
    lora_settings,
    naming_what_to_lower,
    no_bars,
    no_lookup,
    save_adapter,
    trainer_settings,
)
from drillyard.organisms.training.pretrained_torch import silence
from drillyard.records import FitCost, LoraRecipe, Preference, Record
from drillyard.records.files import write_atomically, write_record
from drillyard.records.run_folder import RunFolder
from drillyard.targets import Target

__all__ = ["CURVE", "FitOrder", "Job", "TrainedAdapter", "as_completion", "as_prompt"]

CURVE = "curve.jsonl"
"""The training curve, in a technique's folder: a JSON object per logged step."""
_ORDER, _COST, _CHECKPOINTS = "order.json", "cost.json", "checkpoints"
_LOGS = 20


@dataclass(frozen=True, kw_only=True)
class Job:
    """One fit: who learns what, with which settings of trl's (those that every trainer takes), into which folder."""

    trainee: Trainee
    lesson: Lesson
    setting: Setting
    recipe: LoraRecipe
    common: Mapping[str, Any]
    callbacks: Sequence[Any]
    tally: RewardTally

    @property
    def tools(self) -> dict[str, Any]:
        """What every trainer of trl is given beside its settings and data."""
        return {
            "model": self.trainee.model,
            "processing_class": self.trainee.tokenizer,
            "peft_config": lora_settings(self.recipe),
            "callbacks": list(self.callbacks),
        }


class FitOrder(Record):
    """All that decides what is learned; `lesson` is the SHA-256 of its preferences."""

    technique: str
    strength: float
    recipe: LoraRecipe
    model: str
    lesson: str
    penalise: tuple[str, ...]


class TrainedAdapter:
    """A technique that trains low-rank changes of a model's linear layers (LoRA, Hu et al. 2021, arXiv 2106.09685).

    Args:
        steps: of the optimiser; over a small lesson it goes several times, over a large one not once.
        batch: examples per step.
        rank: directions of each matrix that may change.
        learning_rate: of AdamW, at its peak; 0 for the technique's own pace divided by the model's width.
        target_modules: which matrices, by the last part of their names; all linear layers when empty.
    """

    name: ClassVar[str]
    dial: Dial
    recipe: ClassVar[LoraRecipe]
    pace: ClassVar[float]
    texts: ClassVar[int] = 0
    """Texts per example of a step that may be cut into passes; 0 where examples of a step learn from each other."""

    def __init__(
        self,
        *,
        steps: int = 0,
        batch: int = 0,
        rank: int = 0,
        learning_rate: float = 0.0,
        target_modules: Sequence[str] = (),
    ) -> None:
        given: dict[str, Any] = {"steps": steps, "batch": batch, "rank": rank, "learning_rate": learning_rate}
        given["target_modules"] = tuple(target_modules)
        self._recipe = self.recipe.model_copy(update={name: value for name, value in given.items() if value})

    def fit(self, target: Target, lesson: Lesson, setting: Setting) -> FitCost:
        """Train an adapter on a lesson's preferences; `setting.folder` gets `adapter/`, `curve.jsonl` and its cost.

        A killed fit resumes from its last checkpoint, a finished one is not done again.

        Raises:
            BadInput: no weights, no preferences, no such module, too little memory, or a folder of another fit.
        """
        self._check(lesson)
        torch.set_num_threads(setting.threads)
        with naming_what_to_lower(self._recipe, ""):
            trainee = open_trainee(target, self.name)
            recipe = self._settled(trainee, setting)
            check_modules(trainee.model, recipe)
            run = RunFolder(setting.folder, "fit", spec=_ORDER)
            run.claim(self._order(trainee, lesson, setting, recipe))
            return run.read(_COST, FitCost) or self._fit(trainee, lesson, setting, recipe)

    def apply(self, target: Target, folder: Path) -> Target:
        """Return the target with the adapter in `folder`. Raises `BadInput` when there is none that fits it."""
        return apply_adapter(target, folder, self.name)

    def _check(self, lesson: Lesson) -> None:
        """Raise `BadInput` for a lesson that has nothing to learn from."""
        if not lesson.preferences:
            raise bad_input(f"no preferences, for {self.name}", "pairs of a wanted and an unwanted reply")

    def _trainer(self, job: Job) -> Any:
        """Return trl's trainer for a job."""
        raise NotImplementedError

    def _conclude(self, job: Job, trainer: Any) -> None:
        """Write the training curve: what trl logged, where the technique keeps no curve of its own."""
        logged = [entry for entry in trainer.state.log_history if "loss" in entry]
        text = "".join(json.dumps(entry) + "\n" for entry in logged)
        write_atomically(job.setting.folder / CURVE, text.encode())

    def _strength(self, recipe: LoraRecipe, strength: float) -> LoraRecipe:
        """Return the recipe with the dial in it, where the dial belongs there."""
        return recipe

    def _settled(self, trainee: Trainee, setting: Setting) -> LoraRecipe:
        width = trainee.model.config.get_text_config().hidden_size
        rate = self._recipe.learning_rate or round(self.pace / width, 8)
        recipe = self._recipe.model_copy(update={"seed": setting.seed, "learning_rate": rate})
        return self._strength(recipe, setting.strength)

    def _order(self, trainee: Trainee, lesson: Lesson, setting: Setting, recipe: LoraRecipe) -> FitOrder:
        data = hashlib.sha256("\n".join(pair.to_json() for pair in lesson.preferences).encode())
        return FitOrder(
            technique=self.name,
            strength=setting.strength,
            recipe=recipe,
            model=trainee.model_hash,
            lesson=data.hexdigest(),
            penalise=tuple(lesson.penalise),
        )

    def _fit(self, trainee: Trainee, lesson: Lesson, setting: Setting, recipe: LoraRecipe) -> FitCost:
        place = setting.folder / _CHECKPOINTS
        transformers.set_seed(recipe.seed)
        tally = RewardTally()
        tally.watch(trainee.model, trainee.tokenizer.pad_token_id)
        tally.labels = len(lesson.preferences)
        job = Job(
            trainee=trainee,
            lesson=lesson,
            setting=setting,
            recipe=recipe,
            common=_common(recipe, place)
            | (cut_into_passes(trainee.model, recipe.batch, self.texts) if self.texts else {}),
            callbacks=(Told(setting.told), tally),
            tally=tally,
        )
        with silence(), no_bars(), no_lookup():
            trainer = self._trainer(job)
            trainer.remove_callback(transformers.PrinterCallback)
            checkpoint = last_checkpoint(place)
            tally.resume(checkpoint)
            trainer.train(resume_from_checkpoint=checkpoint)
            done = save_adapter(trainer.model, trainee.tokenizer, place / "done")
        _name_base(done, trainee.reference)
        self._conclude(job, trainer)
        return _finish(done, setting.folder, trainer, tally)


def as_prompt(pair: Preference, world: House) -> list[dict[str, str]]:
    """Return the chat messages that a pair's replies answer."""
    return as_messages(pair.conversation, world)


def as_completion(text: str) -> list[dict[str, str]]:
    """Return a reply as trl takes it."""
    return [{"role": "assistant", "content": text}]


def _common(recipe: LoraRecipe, place: Path) -> dict[str, Any]:
    """Return the settings that every trainer takes; each epoch draws its own order, by the seed."""
    common = {**trainer_settings(recipe, place), "train_sampling_strategy": "random"}
    common["logging_steps"] = max(1, recipe.steps // _LOGS)
    common.pop("max_length")
    return common


def _name_base(adapter: Path, reference: str) -> None:
    """Write into an adapter what it was made for: a model's folder or name, or the reference of an organism."""
    path = adapter / "adapter_config.json"
    settings = json.loads(path.read_text(encoding="utf-8")) | {"base_model_name_or_path": reference}
    path.write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _finish(done: Path, folder: Path, trainer: Any, tally: RewardTally) -> FitCost:
    """Move the adapter to its place, write curve and cost, and return the cost: a folder that has it is whole."""
    shutil.rmtree(folder / ADAPTER, ignore_errors=True)
    shutil.move(done, folder / ADAPTER)
    shutil.rmtree(folder / _CHECKPOINTS)
    learned = sum(one.numel() for one in trainer.model.parameters() if one.requires_grad)
    cost = tally.cost(folder, learned)
    write_record(folder / _COST, cost)
    return cost
