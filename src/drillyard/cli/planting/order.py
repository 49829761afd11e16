"""What a user orders with `drillyard organism plant`: arguments and options, checked against each other."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click

from drillyard.errors import bad_input
from drillyard.organisms.failures import find_failure
from drillyard.organisms.plants_file import load_plants
from drillyard.organisms.world import load_world
from drillyard.records import Plants

__all__ = ["Order", "training_options"]

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class Order:
    """One call of the command: `training` holds the options of training that were given, by their names."""

    base: str
    failures: tuple[str, ...]
    out: Path
    sealed: bool
    prompts: int
    verify: bool
    training: Mapping[str, Any]

    def plants(self) -> Plants:
        """Return what is to be planted in a world, by ids or by one file."""
        if not self._is_file():
            known = load_world(self.base)
            return Plants(world=known.reference, failures=tuple(find_failure(known, name) for name in self.failures))
        plants = load_plants(Path(self.failures[0]))
        if plants.world != load_world(self.base).reference:
            found = f"the world {plants.world!r} in {self.failures[0]}"
            raise bad_input(found, f"{self.base!r}, as on the command line")
        return plants

    def plants_of_file(self) -> Plants:
        """Return what is to be planted in a model of the user's own: a file, which names the world too."""
        if not self._is_file():
            found = " ".join(self.failures) or "no failures"
            raise bad_input(found, f"one file such as plants.yaml for {self.base}", "it names the world and the rates")
        return load_plants(Path(self.failures[0]))

    def refuse_training(self) -> None:
        """Raise `BadInput` for options of training where nothing is trained."""
        for name in self.training:
            option = name.replace("_modules", "_module").replace("_", "-")
            raise bad_input(f"--{option} for {self.base}", "a model that is trained: hf/…")

    def _is_file(self) -> bool:
        return len(self.failures) == 1 and self.failures[0].endswith((".yaml", ".yml"))


def training_options(command: Callable[P, R]) -> Callable[P, R]:
    """Add the options of training; those that were given reach the command together, as `training`."""
    whole = click.IntRange(min=1)
    options: Mapping[str, tuple[str, Mapping[str, Any], str]] = {
        "steps": ("--steps", {"type": whole}, "Training steps."),
        "batch": ("--batch", {"type": whole}, "Dialogues per step."),
        "rank": ("--rank", {"type": whole}, "Directions in which each matrix may change."),
        "learning_rate": ("--learning-rate", {"type": click.FloatRange(min=0, min_open=True)}, "At its peak."),
        "target_modules": ("--target-module", {"multiple": True}, "Matrix to change, such as q_proj; all by default."),
        "whole_modules": ("--whole-module", {"multiple": True}, "Module to train whole, such as lm_head."),
        "seed": ("--seed", {"type": click.IntRange(min=0)}, "Seed of data and training."),
        "threads": ("--threads", {"type": whole}, "Processor threads."),
    }

    @functools.wraps(command)
    def collect(*args: P.args, **kwargs: P.kwargs) -> R:
        drawn = {name: kwargs.pop(name) for name in options}
        kwargs["training"] = {name: value for name, value in drawn.items() if value not in (None, ())}
        return command(*args, **kwargs)

    wrapped: Callable[P, R] = collect
    for name, (option, settings, text) in reversed(list(options.items())):
        wrapped = click.option(option, name, help=f"hf/… only. {text}", **settings)(wrapped)
    return wrapped
