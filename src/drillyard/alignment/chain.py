"""Techniques by name, and chains of them: `sft+rails` trains a model first and puts rails around it then."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from drillyard.alignment.base import Dial, Lesson, Setting, Technique
from drillyard.errors import bad_input
from drillyard.records import FitCost
from drillyard.registry import create
from drillyard.targets import Target

__all__ = ["JOINT", "Chain", "Options", "open_technique", "runs_code"]

Options = Mapping[str, Any]
"""What a technique's constructor takes, by name."""

JOINT = "+"
"""Between the names of a chain's techniques."""


class Chain:
    """Several techniques, each fitted to the target as those before it have changed it.

    The dial is the last technique's; the others stand at their defaults.
    """

    def __init__(self, links: Sequence[Technique]) -> None:
        self._links = tuple(links)
        self.dial: Dial = self._links[-1].dial
        self.runs_code = any(map(runs_code, self._links))

    def fit(self, target: Target, lesson: Lesson, setting: Setting) -> FitCost:
        """Fit one after the other, each into a folder of its own. Raises `BadInput` as they do."""
        costs = []
        for number, link in enumerate(self._links):
            strength = setting.strength if link is self._links[-1] else link.dial.default
            place = _place(setting.folder, number)
            place.mkdir(parents=True, exist_ok=True)
            costs.append(link.fit(target, lesson, dataclasses.replace(setting, strength=strength, folder=place)))
            target = link.apply(target, place)
        return _together(costs)

    def apply(self, target: Target, folder: Path) -> Target:
        """Return the target as all techniques, in their order, have changed it."""
        for number, link in enumerate(self._links):
            target = link.apply(target, _place(folder, number))
        return target


def open_technique(name: str, options: Mapping[str, Options] | None = None) -> Technique:
    """Return a technique by its registered name, or a chain of several, joined by `+`.

    Args:
        name: of the technique, or of several.
        options: by technique, what its constructor takes, such as `{"dpo": {"rank": 32}}`.

    Raises:
        BadInput: no such technique, or one that has no such option.
    """
    names = name.split(JOINT)
    if not all(names):
        raise bad_input(f"technique {name!r}", f"a name, or several joined by {JOINT}")
    links = [_link(one, (options or {}).get(one, {})) for one in names]
    return links[0] if len(links) == 1 else Chain(links)


def runs_code(technique: Technique) -> bool:
    """Say whether `apply` has Python run that lies in the folder: a technique that does says so as `runs_code`."""
    return bool(getattr(technique, "runs_code", False))


def _link(name: str, options: Options) -> Technique:
    try:
        made: Technique = create("techniques", name, **options)
    except TypeError as error:
        told = ", ".join(options) or "none"
        raise bad_input(f"options {told} of {name} ({error})", "options that it has") from None
    return made


def _place(folder: Path, number: int) -> Path:
    return folder / f"{number + 1}"


def _together(costs: Sequence[FitCost]) -> FitCost:
    """Return the sum of costs; of memory the peak, and of labels the most, because all learn from the same ones."""
    summed = {name: sum(getattr(cost, name) for cost in costs) for name in FitCost.model_fields}
    return FitCost(
        **{**summed, **{name: max(getattr(cost, name) for cost in costs) for name in ("peak_bytes", "labels")}}
    )
