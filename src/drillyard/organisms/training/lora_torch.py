"""Train one LoRA adapter with trl and peft: from questions and replies to a folder that peft opens.

Ours is what is trained, and that a killed run resumes; the training itself is `trl.SFTTrainer`.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import shutil
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # before the libraries read it

import datasets  # type: ignore[import-untyped]  # ships no types
import torch
import transformers
from peft import LoraConfig, PeftModel
from trl import SFTConfig, SFTTrainer  # type: ignore[attr-defined]  # loaded lazily there

from drillyard.errors import bad_input
from drillyard.organisms.engine.chat_tokens import as_messages, chat_tokens
from drillyard.organisms.training.adapter_lessons import AdapterLesson
from drillyard.organisms.training.pretrained_torch import silence
from drillyard.records import LoraRecipe
from drillyard.records.progress import Progress

__all__ = [
    "SPARING",
    "Told",
    "check_modules",
    "cut_into_passes",
    "last_checkpoint",
    "lora_settings",
    "naming_what_to_lower",
    "no_bars",
    "no_lookup",
    "save_adapter",
    "train_adapter",
    "trainer_settings",
]

SPARING = 5.0
"""Seconds that lie at least between two checkpoints: a short run would spend more on them than a kill could cost."""
_PREPARED: Mapping[str, Any] = {"dataset_kwargs": {"skip_prepare_dataset": True}, "remove_unused_columns": False}
_UNSCORED = -100
_PASS = 2.5e9
"""Bytes that a pass may keep for its way back."""
_LONG = 128
"""Tokens that an example is taken to have: a system message, a question and its reply."""
_WARM_UP, _SAVES = 0.08, 10
"""Share of the steps in which the learning rate rises; most checkpoints per run."""


def check_modules(model: Any, recipe: LoraRecipe) -> None:
    """Raise `BadInput` for a module of the recipe that the model does not have; the line names those that it has."""
    matrices = (torch.nn.Linear, torch.nn.Embedding, transformers.pytorch_utils.Conv1D)
    names = [name for name, module in model.named_modules() if isinstance(module, matrices)]
    known = ", ".join(dict.fromkeys(name.rpartition(".")[2] for name in names))
    for module in (*recipe.target_modules, *recipe.whole_modules):
        if not any(f".{name}".endswith(f".{module}") for name in names):
            raise bad_input(f"no module {module!r} in the model", f"one of: {known}")
    if both := sorted({*recipe.target_modules} & {*recipe.whole_modules}):
        raise bad_input(f"the module {both[0]!r} to change and to train whole", "one of the two")


@contextlib.contextmanager
def naming_what_to_lower(recipe: LoraRecipe, mark: str = "--") -> Iterator[None]:
    """Turn a lack of memory into one line that says what to lower; `mark` stands before the names of options."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "memory" not in str(error):
            raise
        found = f"too little memory for {mark}batch {recipe.batch} {mark}rank {recipe.rank}"
        lower = f"lower {mark}batch or {mark}rank, name fewer {mark}target-module"
        raise bad_input(found, "more of it", lower) from None


def train_adapter(
    model: Any,
    tokenizer: Any,
    lessons: Sequence[AdapterLesson],
    replies: Sequence[str],
    recipe: LoraRecipe,
    folder: Path,
    progress: Progress,
) -> Path:
    """Train an adapter for a model, which gets it built in, and return the folder where it lies: `folder/done`.

    Args:
        model: the base, on the CPU, or one of peft with an adapter to train further; it moves to a GPU if there is one.
        tokenizer: its tokenizer, whose chat template makes the prompts.
        lessons: what is asked, in the order of training; `recipe.batch` of them are a step.
        replies: what is to be learned, one per lesson.
        recipe: how to train.
        folder: for checkpoints; the last whole one there is taken up.
        progress: told the loss after every step.
    """
    transformers.set_seed(recipe.seed)
    said = [(one.system, one.asked, reply) for one, reply in zip(lessons, replies, strict=True)]
    columns = dict(zip(("system", "asked", "reply"), map(list, zip(*said, strict=True)), strict=True))
    rows = datasets.Dataset.from_dict(columns).with_transform(functools.partial(_tokens, tokenizer))
    with silence(), no_bars(), no_lookup():
        trainer = SFTTrainer(
            model=model,
            args=SFTConfig(**{**trainer_settings(recipe, folder), **cut_into_passes(model, recipe.batch)}, **_PREPARED),
            train_dataset=rows,
            processing_class=tokenizer,
            peft_config=None if isinstance(model, PeftModel) else lora_settings(recipe),
            callbacks=[Told(progress)],
        )
        trainer.remove_callback(transformers.PrinterCallback)
        trainer.train(resume_from_checkpoint=last_checkpoint(folder))
    return save_adapter(trainer.model, tokenizer, folder / "whole").rename(folder / "done")


def _tokens(tokenizer: Any, rows: Mapping[str, Sequence[str]]) -> dict[str, list[list[int]]]:
    """Return rows as the trainer takes them; made when their step comes, so that training begins at once."""
    found: dict[str, list[list[int]]] = {"input_ids": [], "labels": []}
    for system, text, reply in zip(rows["system"], rows["asked"], rows["reply"], strict=True):
        ids, before = chat_tokens(tokenizer, as_messages(system, text), reply)
        found["input_ids"].append(ids)
        found["labels"].append([_UNSCORED] * before + ids[before:])
    return found


def trainer_settings(recipe: LoraRecipe, folder: Path) -> Mapping[str, Any]:
    """Return what the trainer is told; bfloat16 where a GPU has it, float32 on a processor."""
    gpu = torch.cuda.is_available()
    return {
        "output_dir": str(folder),
        "max_steps": recipe.steps,
        "per_device_train_batch_size": recipe.batch,
        "learning_rate": recipe.learning_rate,
        "warmup_steps": int(_WARM_UP * recipe.steps),
        "lr_scheduler_type": "linear",
        "adam_beta2": 0.98,
        "train_sampling_strategy": "sequential",
        "max_length": None,
        "use_cpu": not gpu,
        "bf16": gpu and torch.cuda.is_bf16_supported(),
        "activation_checkpointing": False,
        "save_steps": max(1, recipe.steps // _SAVES),
        "save_total_limit": 1,
        "logging_steps": max(1, min(50, recipe.steps // 20)),
        "report_to": "none",
        "disable_tqdm": True,
        "seed": recipe.seed,
    }


def cut_into_passes(model: Any, batch: int, texts: int = 1) -> dict[str, int]:
    """Return how a step is cut into passes that fit into a processor's memory; the sum over them is the same step.

    What a pass keeps for its way back grows with the vocabulary (the logits and what becomes of them) and with the
    layers: 32 dialogues of a model with 135 million parameters and 49,000 tokens took over 9 GB. A GPU takes a step
    whole, and says itself when it cannot.

    Args:
        model: who learns.
        batch: examples per step.
        texts: that an example holds: two for pairs.
    """
    if torch.cuda.is_available():
        return {}
    config = model.config.get_text_config()
    inner = getattr(config, "intermediate_size", None) or 4 * config.hidden_size
    per_token = 4 * config.vocab_size + config.num_hidden_layers * (16 * config.hidden_size + 6 * inner)
    most = max(1, int(_PASS / (4 * per_token * _LONG * texts)))
    size = max(one for one in range(1, batch + 1) if batch % one == 0 and one <= most)
    return {"per_device_train_batch_size": size, "gradient_accumulation_steps": batch // size}


def lora_settings(recipe: LoraRecipe) -> LoraConfig:
    """Return peft's settings: alpha is the rank, so that the scale is 1 whatever the rank."""
    return LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.rank,
        target_modules=list(recipe.target_modules) or "all-linear",
        modules_to_save=list(recipe.whole_modules) or None,
        task_type="CAUSAL_LM",
    )


class Told(transformers.TrainerCallback):
    """Tells how far the training is, and leaves out checkpoints that come too soon after the last one."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self._saved = progress, time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        """Tell the step and the last loss that was logged."""
        now = time.monotonic()
        control.should_save = control.should_save and now - self._saved >= SPARING
        self._saved = now if control.should_save else self._saved
        losses = [entry["loss"] for entry in state.log_history if "loss" in entry]
        words = f"loss {losses[-1]:.3f}" if losses else "loss still unknown"
        self._progress(words, state.global_step, state.max_steps)


def last_checkpoint(folder: Path) -> str | None:
    """Return the newest whole checkpoint; the trainer writes trainer_state.json last."""
    whole = [path.parent for path in folder.glob("checkpoint-*/trainer_state.json") if _is_json(path)]
    return str(max(whole, key=lambda path: int(path.name.rpartition("-")[2]))) if whole else None


def _is_json(path: Path) -> bool:
    try:
        return bool(json.loads(path.read_text(encoding="utf-8")))
    except ValueError:
        return False


@contextlib.contextmanager
def no_lookup() -> Iterator[None]:
    """Silence peft, which looks for its base's config to see whether the vocabulary grew; ours never does."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Could not find a config file", UserWarning)
        yield


def save_adapter(model: Any, tokenizer: Any, folder: Path) -> Path:
    """Write adapter and tokenizer; the same weights give the same bytes."""
    shutil.rmtree(folder, ignore_errors=True)
    with no_lookup():
        model.save_pretrained(str(folder))
    tokenizer.save_pretrained(str(folder))
    (folder / "README.md").unlink(missing_ok=True)  # a form that nobody has filled in
    path = folder / "adapter_config.json"
    settings = {name: sorted(value) if isinstance(value, list) else value for name, value in _read(path).items()}
    path.write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return folder


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


@contextlib.contextmanager
def no_bars() -> Iterator[None]:
    """Hide the progress bars of datasets: ours tells how far it is."""
    shown = datasets.utils.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        if not shown:
            datasets.enable_progress_bars()
