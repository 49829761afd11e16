"""From a judge reference, such as `exact` or `rules/house.yaml`, to the judge, with its measured error."""

from __future__ import annotations

from pathlib import Path

from drillyard.judges.base import FreeJudge, Judge
from drillyard.judges.claims.facts import facts_of
from drillyard.judges.measure import judge_or_exact, no_quality
from drillyard.judges.measured import MeasuredJudge, read_quality, unmeasured
from drillyard.organisms.worlds.scope import Scope
from drillyard.registry import card, create
from drillyard.scopes.loading import load_scope

__all__ = ["default_judge", "marking_judge", "open_judge", "open_unmeasured"]


def open_judge(reference: str, world: Scope, quality: Path | None = None, rubric: str = "") -> MeasuredJudge:
    """Open a judge with its measured error: the only way in which anything but a measurement opens one.

    Args:
        reference: as of `open_unmeasured`.
        world: the scope; the exact judge is measured on what can be planted in it.
        quality: the file with its measured error; only the exact judge needs none, for it is measured on the spot, and
            the rulings of one that reads free replies are leads without it.
        rubric: a file of the llm judge.

    Raises:
        BadInput: no file, another judge's, or as of `open_unmeasured`.
    """
    if reference == "exact" and quality is None:
        return judge_or_exact(None, world, "")
    card("judges", reference.partition("/")[0])  # a misspelt one is told as such
    if quality is None:
        opened = open_unmeasured(reference, world, rubric)
        if isinstance(opened, FreeJudge):
            return MeasuredJudge(opened, no_quality(opened))
        raise unmeasured(reference)
    return MeasuredJudge(open_unmeasured(reference, world, rubric), read_quality(quality))


def open_unmeasured(reference: str, world: Scope, rubric: str = "") -> Judge:
    """Open `exact`, `never-shows`, `always-shows`, `rules/FILE`, `classifier/FILE`, `llm/TARGET`, or a plugin's.

    It is no judge of anything until it is measured. The part before the first slash is a card of the family `judges`. A
    judge without anything after it gets `world=`, one with a slash also `argument=` (the rest), and `rubric=` where one
    is given.

    Raises:
        BadInput: an unknown judge, or what the judge says about the rest.
    """
    name, slash, argument = reference.partition("/")
    options = {"argument": argument} if slash else {}
    judge: Judge = create("judges", name, world=world, **options, **({"rubric": rubric} if rubric else {}))
    return judge


def default_judge(target: str, world: Scope) -> str:
    """Return the judge of who has named none: typed claims for a model that speaks freely, else the exact one.

    That is a model opened here that is none of our organisms, and any target of a scope without exact rulings. What
    stands behind an address may be an organism: there the exact judge is tried, and what it cannot read is unknown.
    """
    free = target.startswith("hf/") or world.rulings is None
    return "claims" if free and facts_of(world) else "exact"


def marking_judge(scope: str) -> str:
    """Return who marks an exam where nobody is named: the exact judge, or the staged one for documents.

    `scope` is what it is found by; empty for a target's own world.
    """
    return "exact" if not scope or load_scope(scope).rulings else "staged/replies"
