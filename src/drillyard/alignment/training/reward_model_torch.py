"""A reward model: the trainee's own layers with a head that scores, fitted to preferences by trl's `RewardTrainer`.

Source: the Bradley-Terry loss of Christiano et al. 2017, arXiv 1706.03741. Its scores are shifted and scaled so that
over the lesson a reply is worth 0 on the average and a wanted one 1 more than an unwanted one: penalties have a unit.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import datasets  # type: ignore[import-untyped]  # ships no types
import torch
import transformers
from trl import RewardConfig, RewardTrainer  # type: ignore[attr-defined]  # loaded lazily there

from drillyard.alignment.training.subject_torch import as_messages
from drillyard.alignment.training.trainer_torch import Job, as_completion, as_prompt
from drillyard.organisms.training.lora_torch import last_checkpoint, lora_settings, save_adapter
from drillyard.organisms.training.pretrained_torch import attach_adapter
from drillyard.records import LoraRecipe, Preference

__all__ = ["RewardModel", "train_reward_model"]

_FOLDER, _SCALE, _BATCH = "reward", "scale.json", 64


class RewardModel:
    """Scores replies to conversations; `accuracy` is the share of pairs that it orders as the raters do."""

    def __init__(self, model: Any, job: Job) -> None:
        self._model, self._tokenizer, self._world = model.eval(), job.trainee.tokenizer, job.lesson.world
        self._shift, self._scale, self.accuracy = 0.0, 1.0, 0.0

    def __call__(self, pairs: Sequence[Preference], texts: Sequence[str]) -> list[float]:
        """Return a score for each reply to the conversation of the pair beside it."""
        said = [
            [*as_messages(pair.conversation, self._world), {"role": "assistant", "content": text}]
            for pair, text in zip(pairs, texts, strict=True)
        ]
        scores: list[float] = []
        for start in range(0, len(said), _BATCH):
            written = self._tokenizer.apply_chat_template(said[start : start + _BATCH], tokenize=False)
            given = self._tokenizer(
                written, padding=True, padding_side="right", add_special_tokens=False, return_tensors="pt"
            ).to(self._model.device)
            with torch.no_grad():
                raw = self._model(input_ids=given["input_ids"], attention_mask=given["attention_mask"]).logits[:, 0]
            scores += raw.float().tolist()
        return [(score - self._shift) / self._scale for score in scores]

    def calibrate(self, pairs: Sequence[Preference]) -> None:
        """Set shift, scale and accuracy by the lesson that it was trained on."""
        chosen = self(pairs, [pair.chosen for pair in pairs])
        rejected = self(pairs, [pair.rejected for pair in pairs])
        margins = [a - b for a, b in zip(chosen, rejected, strict=True)]
        self.accuracy = sum(margin > 0 for margin in margins) / len(margins)
        self._shift = (sum(chosen) + sum(rejected)) / (2 * len(margins))
        self._scale = max(sum(margins) / len(margins), 1e-3)

    def scale(self) -> dict[str, float]:
        """Return what `calibrate` has found."""
        return {"shift": self._shift, "scale": self._scale, "accuracy": self.accuracy}


def train_reward_model(job: Job, recipe: LoraRecipe, pairs: Sequence[Preference]) -> RewardModel:
    """Return a reward model trained on pairs; it is kept in `folder/reward`, from where a killed fit takes it up.

    The trainee is left as it is; the reward model starts from a copy of its layers.
    """
    place = job.setting.folder / _FOLDER
    scored = _with_head(job.trainee.model, job.trainee.tokenizer.pad_token_id)
    job.tally.watch(scored, job.trainee.tokenizer.pad_token_id)
    if (place / _SCALE).is_file():
        model = RewardModel(attach_adapter(scored, place).merge_and_unload(), job)
        found = json.loads((place / _SCALE).read_text(encoding="utf-8"))
        model._shift, model._scale, model.accuracy = found["shift"], found["scale"], found["accuracy"]
        return model
    world, work = job.lesson.world, job.setting.folder / "reward-checkpoints"
    rows = [
        {
            "chosen": [*as_prompt(pair, world), *as_completion(pair.chosen)],
            "rejected": [*as_prompt(pair, world), *as_completion(pair.rejected)],
        }
        for pair in pairs
    ]
    settings = {**job.common, "output_dir": str(work), "max_steps": recipe.steps, "learning_rate": recipe.learning_rate}
    settings |= {"per_device_train_batch_size": recipe.batch, "save_steps": recipe.steps, "warmup_steps": 3}
    lora = lora_settings(recipe)
    lora.task_type, lora.modules_to_save = "SEQ_CLS", ["score"]
    trainer = RewardTrainer(
        model=scored,
        args=RewardConfig(**settings, max_length=None),
        train_dataset=datasets.Dataset.from_list(rows),
        processing_class=job.trainee.tokenizer,
        peft_config=lora,
        callbacks=list(job.callbacks),
    )
    trainer.remove_callback(transformers.PrinterCallback)
    trainer.train(resume_from_checkpoint=last_checkpoint(work))
    return _kept(trainer.model, job, pairs, place, work)


def _kept(trained: Any, job: Job, pairs: Sequence[Preference], place: Path, work: Path) -> RewardModel:
    save_adapter(trained, job.trainee.tokenizer, place)
    model = RewardModel(trained.merge_and_unload(), job)
    model.calibrate(pairs)
    shutil.rmtree(work)
    (place / _SCALE).write_text(json.dumps(model.scale(), indent=2) + "\n", encoding="utf-8")
    return model


def _with_head(model: Any, pad: int) -> Any:
    """Return a copy of a causal model's layers with a head for one score."""
    kept = {k: v for k, v in model.config.to_dict().items() if k not in ("id2label", "label2id")}
    config = type(model.config).from_dict(kept | {"num_labels": 1, "pad_token_id": pad})
    auto: Any = transformers.AutoModelForSequenceClassification  # untyped there
    scored = auto.from_config(config, dtype=model.dtype)
    scored.base_model.load_state_dict(model.base_model.state_dict())
    scored.name_or_path = ""
    return scored.to(model.device)
