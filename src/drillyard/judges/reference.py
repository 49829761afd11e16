"""From a judge reference, such as `exact` or `rules/house.yaml`, to the judge that it names."""

from __future__ import annotations

from pathlib import Path

from drillyard.judges.base import Judge
from drillyard.judges.measure import measure_exact
from drillyard.judges.measured import MeasuredJudge, read_quality
from drillyard.organisms.worlds.world import World
from drillyard.registry import create

__all__ = ["open_judge", "open_measured"]


def open_judge(reference: str, world: World, rubric: str = "") -> Judge:
    """Open `exact`, `never-shows`, `always-shows`, `rules/FILE`, `classifier/FILE`, `llm/TARGET`, or a plugin's.

    The part before the first slash is a card of the family `judges`. A judge without anything after it gets `world=`,
    one with a slash also `argument=` (the rest), and `rubric=` where one is given.

    Raises:
        BadInput: an unknown judge, or what the judge says about the rest.
    """
    name, slash, argument = reference.partition("/")
    options = {"argument": argument} if slash else {}
    judge: Judge = create("judges", name, world=world, **options, **({"rubric": rubric} if rubric else {}))
    return judge


def open_measured(reference: str, world: World, quality: Path | None, rubric: str = "") -> MeasuredJudge:
    """Open a judge with its measured error; only the exact judge needs no file, for it is measured on the spot."""
    if reference == "exact" and quality is None:
        return measure_exact(world)
    return MeasuredJudge(open_judge(reference, world, rubric), read_quality(quality, reference))
