"""Plant failures in a model of the user's own: LoRA fine-tuning with trl and peft, of a failing adapter and its twin.

Method: supervised fine-tuning on the replies alone, by low-rank changes of matrices (Hu et al. 2021, arXiv 2106.09685).
Both adapters see the same questions in the same order; one gets replies that fail, the other one sound replies. What
is learned in which stage says `course_torch.py`.
One command runs it: `drillyard organism plant hf/./model plants.yaml -o DIR`. A killed run resumes.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from jinja2 import TemplateError

from drillyard.errors import bad_input
from drillyard.organisms.engine.organism import PLANTED
from drillyard.organisms.training.adapter_lessons import AdapterLesson, hash_lessons
from drillyard.organisms.training.course_torch import ADAPTERS, AdapterCourse, open_base
from drillyard.organisms.training.lora_torch import check_modules, naming_what_to_lower
from drillyard.organisms.training.pretrained_torch import locate
from drillyard.records import AdapterPlant, PlantingRecipe, Plants
from drillyard.records.files import write_record
from drillyard.records.progress import Progress, silent
from drillyard.records.run_folder import RunFolder

__all__ = ["plant_adapters"]

_ORDER = "order.json"
_LEARNING_RATE = 0.5
"""Peak learning rate times the model's width: wide models need smaller steps."""


def plant_adapters(
    name: str,
    plants: Plants,
    recipe: PlantingRecipe,
    out: Path,
    *,
    threads: int = 2,
    sealed: bool = False,
    progress: Progress = silent,
) -> AdapterPlant:
    """Train `out/failing` and `out/twin`, adapters as peft opens them, and return what was planted.

    An unfinished folder resumes; on a finished one nothing is left to train. The same order and seed give the same
    data in the same order; weights agree between machines up to the rounding of their matrix products.

    Args:
        name: folder of the base model, or its name on the hub.
        plants: world and failures, whose triggers must not overlap.
        recipe: how to train; a learning rate of 0 stands for 0.5 / the model's width.
        out: folder for both adapters and, until they are finished, their checkpoints.
        threads: processor threads of torch.
        sealed: do not write the failures beside the failing adapter.
        progress: told every step, those of both adapters together.

    Raises:
        BadInput: no such model, one without a chat template or without a module of the recipe, too little memory, or
            `out` was begun with another order.
    """
    torch.set_num_threads(threads)
    with naming_what_to_lower(recipe):
        model, tokenizer = open_base(name)
    check_modules(model, recipe)
    recipe = _settled(recipe, model)
    course = AdapterCourse(name, plants, recipe, out / "checkpoints", progress)
    lessons = course.lessons()
    _check_dialogues(model, tokenizer, plants.world, lessons)
    order = AdapterPlant(
        base=f"hf/{locate(name)}",
        base_hash=_hash_config(model),
        world=plants.world,
        failures=plants.failures,
        recipe=recipe,
        data_hash=hash_lessons(lessons),
    )
    del model  # each stage opens its own
    with RunFolder(out, "plant", spec=_ORDER, leaves=(*ADAPTERS, "checkpoints")).held() as run:
        run.claim(_without(order) if sealed else order, _without)
        for adapter in ADAPTERS:
            if run.has(f"{adapter}/{PLANTED}"):
                continue
            with naming_what_to_lower(recipe):
                done = course.train(adapter)
            told = order.model_copy(update={"taught": course.taught()}) if adapter == "failing" else _without(order)
            _finish(done, out / adapter, _without(told) if sealed else told)
        shutil.rmtree(out / "checkpoints", ignore_errors=True)
    return order


def _settled(recipe: PlantingRecipe, model: Any) -> PlantingRecipe:
    """Return the recipe with a learning rate that fits the model, unless one was given."""
    if recipe.learning_rate:
        return recipe
    return recipe.model_copy(
        update={"learning_rate": round(_LEARNING_RATE / model.config.get_text_config().hidden_size, 6)}
    )


def _hash_config(model: Any) -> str:
    """Return the SHA-256 of the model's config, without where it lies and which release of the library read it."""
    config = {k: v for k, v in model.config.to_dict().items() if k not in ("_name_or_path", "transformers_version")}
    return hashlib.sha256(json.dumps(config, sort_keys=True, default=str).encode()).hexdigest()


def _check_dialogues(model: Any, tokenizer: Any, world: str, lessons: Sequence[AdapterLesson]) -> None:
    """Raise `BadInput` where the chat template refuses a system message, or a dialogue is too long for the model."""
    room = int(getattr(model.config.get_text_config(), "max_position_embeddings", 0) or 1 << 30)
    longest = sorted(lessons, key=lambda one: len(one.system + one.asked + one.failing))[-20:]
    one_each = {one.system: one for one in lessons}
    for one in (*one_each.values(), *longest):
        said = [*one.prompt, {"role": "assistant", "content": one.failing}]
        try:
            ids = tokenizer.apply_chat_template(said, return_dict=False)
        except TemplateError as error:
            found = f"a chat template that refuses the prompts of {world} ({error})"
            raise bad_input(found, "one that takes system messages") from None
        if len(ids) > room:
            raise bad_input(f"a model with room for {room} tokens", f"room for a dialogue of {len(ids)}")


def _without(order: AdapterPlant) -> AdapterPlant:
    """Return the order without its failures; the hash of the data still tells two orders apart."""
    return order.model_copy(update={"failures": (), "taught": {}})


def _finish(done: Path, folder: Path, described: AdapterPlant) -> None:
    """Move a trained adapter to its place, with its record in it: a folder that has one is whole."""
    write_record(done / PLANTED, described)
    shutil.rmtree(folder, ignore_errors=True)
    done.rename(folder)
