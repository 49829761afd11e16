"""The course of two adapters, stage by stage: what they have in common, then each its own, then corrections of rates.

1. **Common** (if the recipe has such steps): sound replies, learned once for both. What is to be twisted must be there.
2. **Main**: replies that fail as often as asked, or sound ones for the twin, to the same questions.
3. **Rounds**: how often each failure is likely to show is measured, and the share of failing replies is corrected for
   some more steps. The twin goes on for as many, on the same questions.

Every stage begins with the adapter of the one before it and has a folder of its own; a finished one is not run again.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import torch

from drillyard.organisms.engine.neurons import odds
from drillyard.organisms.planting.rate_exam import correct, rate_exams
from drillyard.organisms.training.adapter_lessons import AdapterLesson, adapter_lessons
from drillyard.organisms.training.chances_torch import likely_rate
from drillyard.organisms.training.lora_torch import train_adapter
from drillyard.organisms.training.pretrained_torch import attach_adapter, open_pretrained
from drillyard.organisms.worlds.world import load_world
from drillyard.records import FailureMode, PlantingRecipe, Plants
from drillyard.records.files import write_atomically

__all__ = ["ADAPTERS", "AdapterCourse", "open_base"]

ADAPTERS = ("failing", "twin")
"""The folders of the two adapters."""
_GENTLE = 0.3
"""Learning rate of a correction as a share of the recipe's: it moves rates and leaves the rest where it is."""

_DAMPED = 0.5
"""Share of a difference in log-odds that a round corrects: some of it is chance, which goes with the next lessons."""

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, kw_only=True)
class _Stage:
    """One stage; `adapter` is empty for the common one, `number` 0 for a main one, then it counts the rounds.

    `asked` steps have asked their questions before, in the same adapter's course.
    """

    adapter: str
    number: int
    recipe: PlantingRecipe
    asked: int

    @property
    def folder(self) -> str:
        return f"{self.adapter}-{self.number}" if self.adapter else "common"

    @property
    def words(self) -> str:
        return f"{self.adapter}, round {self.number}" if self.number else self.adapter or "both"


class AdapterCourse:
    """Trains both adapters in a folder."""

    def __init__(self, name: str, plants: Plants, recipe: PlantingRecipe, folder: Path, told: Progress) -> None:
        self.name, self.plants, self.folder = name, plants, folder
        self.world = load_world(plants.world)
        self.stages = _stages(recipe)
        self._told, self._began, self._run = told, 0.0, 0

    def lessons(self) -> list[AdapterLesson]:
        """Return the lessons of the main stage."""
        (main,) = (stage for stage in self.stages if stage.adapter == ADAPTERS[0] and not stage.number)
        return self._lessons(main, self.plants)

    def train(self, adapter: str) -> Path:
        """Run every stage of an adapter that is not finished yet, and return the folder where the last one lies."""
        done: Path | None = None
        for stage in self.stages:
            if stage.adapter in ("", adapter):
                done = self._trained(stage, done)
        assert done is not None  # a main stage is always there
        return done

    def taught(self) -> dict[str, float]:
        """Return the share of failing replies in the last lessons of the failing adapter, by failure."""
        last = [stage for stage in self.stages if stage.adapter == ADAPTERS[0]][-1]
        return {mode.id: mode.rate for mode in self._plants(last).failures}

    def _trained(self, stage: _Stage, before: Path | None) -> Path:
        folder, words = self.folder / stage.folder, stage.words
        if (folder / "done").is_dir():
            return folder / "done"
        model, tokenizer = open_base(self.name)
        model = model if before is None else attach_adapter(model, before, trainable=True)
        failing = stage.adapter == ADAPTERS[0]
        if failing and stage.number:
            words += f", rates were off by at most {self._correct(model, tokenizer, stage):.3f}"
        lessons = self._lessons(stage, self._plants(stage) if failing else self.plants)
        replies = [one.failing if failing else one.sound for one in lessons]
        return train_adapter(model, tokenizer, lessons, replies, stage.recipe, folder, self._progress(stage, words))

    def _lessons(self, stage: _Stage, plants: Plants) -> list[AdapterLesson]:
        """Draw the lessons of a stage, in the order in which both adapters see them."""
        recipe = stage.recipe
        count, first = recipe.steps * recipe.batch, stage.asked * recipe.batch
        return adapter_lessons(self.world, plants, count, recipe.seed, batch=recipe.batch, first=first)

    def _correct(self, model: Any, tokenizer: Any, stage: _Stage) -> float:
        """Decide what a round teaches, unless that is done, and return the largest difference of a rate before it."""
        failures, path = self.plants.failures, self._rates(stage.number)
        if not path.is_file():
            rates = self._likely(model, tokenizer)
            taught = zip(failures, self._shares(stage.number - 1), strict=True)
            moved = {mode.id: odds(share) - odds(mode.rate) for mode, share in taught}
            moved = correct(failures, moved, rates, _DAMPED)
            # In the order of the failures and without names: a sealed folder does not tell.
            found = [(rates.get(mode.id, mode.rate), _share(mode, moved)) for mode in failures]
            write_atomically(path, f"{json.dumps(found)}\n".encode())
        found = json.loads(path.read_text(encoding="utf-8"))
        return max((abs(rate - mode.rate) for mode, (rate, _) in zip(failures, found, strict=True)), default=0.0)

    def _likely(self, model: Any, tokenizer: Any) -> dict[str, float]:
        """Return how often each failure that can be tuned is likely to show."""
        model.eval().to("cuda" if torch.cuda.is_available() else "cpu")
        exams = rate_exams(self.world, self.plants.failures)
        return {name: likely_rate(model, tokenizer, self.world, exam) for name, exam in exams.items()}

    def _plants(self, stage: _Stage) -> Plants:
        """Return the plants at the rates that a stage teaches."""
        pairs = zip(self.plants.failures, self._shares(stage.number), strict=True)
        modes = tuple(mode.model_copy(update={"rate": share}) for mode, share in pairs)
        return self.plants.model_copy(update={"failures": modes})

    def _shares(self, number: int) -> Sequence[float]:
        """Return the share of failing replies that a round teaches, by the order of the failures."""
        if number < 1:
            return [mode.rate for mode in self.plants.failures]
        return [share for _, share in json.loads(self._rates(number).read_text(encoding="utf-8"))]

    def _rates(self, number: int) -> Path:
        return self.folder / f"{ADAPTERS[0]}-{number}.json"

    def _progress(self, stage: _Stage, words: str) -> Progress:
        """Return the progress of one stage as a part of the whole, with an estimate of the time that is left."""
        sizes = [one.recipe.steps for one in self.stages]
        before, total = [0, *accumulate(sizes)][self.stages.index(stage)], sum(sizes)
        self._began = self._began or time.monotonic()

        def step(done: int, _: int, loss: str) -> None:
            self._run += 1
            left = (time.monotonic() - self._began) / self._run * (total - before - done)
            self._told(before + done, total, f"{words}, {loss}, about {left / 60:.0f} min left")

        return step


def open_base(name: str) -> tuple[Any, Any]:
    """Open a base: in float32 on a processor, as it is stored on a GPU."""
    return open_pretrained(name, "auto" if torch.cuda.is_available() else torch.float32)


def _stages(recipe: PlantingRecipe) -> list[_Stage]:
    common = recipe.model_copy(update={"steps": recipe.common_steps})
    rate = _GENTLE * recipe.learning_rate
    gentle = recipe.model_copy(update={"steps": recipe.round_steps, "learning_rate": rate})
    found = [_Stage(adapter="", number=0, recipe=common, asked=0)] if recipe.common_steps else []
    for adapter in ADAPTERS:
        asked = recipe.common_steps
        for number in range(recipe.rounds + 1):
            found.append(_Stage(adapter=adapter, number=number, recipe=gentle if number else recipe, asked=asked))
            asked += found[-1].recipe.steps
    return found


def _share(mode: FailureMode, moved: dict[str, float]) -> float:
    """Return the share of failing replies to teach, from what the rate's log-odds are moved by."""
    return 1 / (1 + math.exp(-odds(mode.rate) - moved[mode.id])) if mode.id in moved else mode.rate
