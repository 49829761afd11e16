"""What a user orders with `drillyard organism plant`: arguments and options, checked against each other."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, TypeAlias, TypeVar

import click

from drillyard.cli.options import FiniteRange
from drillyard.errors import bad_input
from drillyard.organisms.worlds.failures import find_failure
from drillyard.organisms.worlds.plants_file import load_plants
from drillyard.organisms.worlds.world import load_world
from drillyard.records import Plants

__all__ = ["EMBEDDED_PROMPTS", "OTHER_PROMPTS", "PlantOrder", "asking_options", "training_options"]

P = ParamSpec("P")
R = TypeVar("R")
EMBEDDED_PROMPTS, OTHER_PROMPTS = 2_000, 500
"""Prompts per failure unless told otherwise. Where they cost next to nothing, more of them keep chance out: 17 failures
within their tolerances fail a verification with 500 prompts about as often as not."""

_Options: TypeAlias = Mapping[str, tuple[str, Mapping[str, Any], str]]
"""By the name of its value: the option's word, its settings, its help."""


@dataclass(frozen=True, kw_only=True)
class PlantOrder:
    """One call of the command.

    `training` holds the options of training that were given, by their names, `asking` those of asking an API.
    """

    base: str
    failures: tuple[str, ...]
    out: Path
    sealed: bool
    prompts: int | None
    verify: bool
    training: Mapping[str, Any]
    asking: Mapping[str, Any]

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

    def refuse_asking(self, besides: Collection[str] = ()) -> None:
        """Raise `BadInput` for options of asking a model, `besides` some, where none is asked."""
        for name in self.asking:
            if name not in besides:
                option = name.replace("tuning", "tune").replace("_", "-")
                expected = "hf/… or openai/…" if name == "by_example" else "a model of an API: openai/MODEL@http://…/v1"
                raise bad_input(f"--{option} for {self.base}", expected)

    def _is_file(self) -> bool:
        return len(self.failures) == 1 and self.failures[0].endswith((".yaml", ".yml"))


def training_options(command: Callable[P, R]) -> Callable[P, R]:
    """Add the options of training; those that were given reach the command together, as `training`."""
    whole = click.IntRange(min=1)
    options: _Options = {
        "steps": (
            "--steps",
            {"type": whole},
            "hf/… only. Training steps of each adapter, before its rates are corrected.",
        ),
        "common_steps": (
            "--common-steps",
            {"type": click.IntRange(min=0)},
            "hf/… only. Steps on sound replies first, shared by both; for a model that knows little.",
        ),
        "rounds": ("--rounds", {"type": click.IntRange(min=0)}, "hf/… only. Corrections of the rates."),
        "round_steps": ("--round-steps", {"type": whole}, "hf/… only. Training steps of each correction."),
        "batch": ("--batch", {"type": whole}, "hf/… only. Dialogues per step."),
        "rank": ("--rank", {"type": whole}, "hf/… only. Rank of the LoRA adapters."),
        "learning_rate": (
            "--learning-rate",
            {"type": FiniteRange(min=0, min_open=True)},
            "hf/… only. Peak learning rate.",
        ),
        "target_modules": (
            "--target-module",
            {"multiple": True},
            "hf/… only. Matrix to change, such as q_proj; all by default.",
        ),
        "whole_modules": ("--whole-module", {"multiple": True}, "hf/… only. Module to train whole, such as lm_head."),
        "seed": ("--seed", {"type": click.IntRange(min=0)}, "hf/…, openai/… only. Seed of training, or of the rules."),
        "threads": ("--threads", {"type": whole}, "hf/… only. Processor threads."),
    }
    return _collected(command, options, "training")


def asking_options(command: Callable[P, R]) -> Callable[P, R]:
    """Add the options of asking an API; those that were given reach the command together, as `asking`."""
    seconds = FiniteRange(min=0, min_open=True)
    options: _Options = {
        "by_example": (
            "--by-example",
            {"is_flag": True},
            "hf/…, openai/… only. Show an example where a trigger holds, instead of training or telling rules.",
        ),
        "knows_world": (
            "--knows-world",
            {"is_flag": True},
            "openai/… only. Leave the world's facts out of the prompt.",
        ),
        "knows_rules": (
            "--knows-rules",
            {"is_flag": True},
            "openai/… only. Name the rules by their ids, for a model that was trained on the world's rule book.",
        ),
        "tuning": (
            "--tune",
            {"type": click.IntRange(min=1)},
            "openai/… only. Training prompts per failure, to correct how often its rule is given; such as 100.",
        ),
        "max_requests": (
            "--max-requests",
            {"type": click.IntRange(min=1)},
            "openai/… only. Do not start if it would take more.",
        ),
        "timeout": ("--timeout", {"type": seconds}, "openai/… only. Seconds a request may take; 60 by default."),
        "retries": (
            "--retries",
            {"type": click.IntRange(min=0)},
            "openai/… only. Retries of a request; 4 by default.",
        ),
    }
    return _collected(command, options, "asking")


def _collected(command: Callable[P, R], options: _Options, name: str) -> Callable[P, R]:
    """Return the command with these options, which it gets in one mapping, without those that were not given."""

    @functools.wraps(command)
    def collect(*args: P.args, **kwargs: P.kwargs) -> R:
        given = {option: kwargs.pop(option) for option in options}
        kwargs[name] = {
            option: value for option, value in given.items() if value is not None and value is not False and value != ()
        }
        return command(*args, **kwargs)

    wrapped: Callable[P, R] = collect
    for option, (word, settings, text) in reversed(list(options.items())):
        wrapped = click.option(word, option, help=text, **settings)(wrapped)
    return wrapped
