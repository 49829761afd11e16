"""A workbench for the repair: a learner says what is to be refused, names a technique, and gets what it makes of that.

It takes the place of a terminal and gives away no more than one: the lesson is drawn as `drillyard align` draws it,
the practice exam is the one of that command, and neither the instance's truth nor its sealed exam is at hand. What a
sort of request deserves is not read from the model's folder but from the learner, who has the house's rules in words.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Literal

from pydantic import Field

from drillyard.alignment.around.rails import Rails
from drillyard.alignment.base import NO_DIAL, Dial
from drillyard.alignment.chain import open_technique
from drillyard.alignment.exam import hold_back, normalise
from drillyard.alignment.inside.fitting import DIAL
from drillyard.alignment.lesson import draw_pairs
from drillyard.drills.artefacts.trial import practise
from drillyard.errors import bad_input
from drillyard.exercises.too_permissive_too_censored import fitted
from drillyard.exercises.too_permissive_too_censored.start import PAIRS
from drillyard.organisms.engine.organism import Organism
from drillyard.organisms.worlds.asking import Asker
from drillyard.organisms.worlds.world import World
from drillyard.records import Artefact, Preference, Record, TradePoint
from drillyard.registry import cards
from drillyard.targets.organism import OrganismTarget

__all__ = [
    "LAST_LAYER",
    "SEED",
    "Fitted",
    "Offer",
    "Sort",
    "WorkbenchOrder",
    "check_order",
    "fit",
    "lesson_of",
    "missing",
    "offers",
    "sorts",
]

LAST_LAYER = "last-layer"
"""Supervised training of one layer, which needs no torch."""
SEED = 1
"""Of the lesson and of the training: the first seed of `drillyard align`."""

Kind = Literal["weights", "inside", "around"]

_TRAINED, _TORCH = ("sft", "dpo", "kto", "grpo", "rlhf"), ("torch", "peft", "trl")
"""Techniques that need the extra `train`, and the packages by which it is known to be there."""
_KINDS: Mapping[Kind, Sequence[str]] = {
    "weights": (LAST_LAYER, *_TRAINED),
    "inside": ("steer", "conditional-steer", "refusal-direction"),
    "around": ("rails",),
}
"""Techniques whose artefacts can be handed in, by what they change; none that is experimental."""
_DIALS: Mapping[Kind, Dial] = {"weights": NO_DIAL, "inside": DIAL, "around": Rails.dial}
"""Dials that can be told without loading torch; the others stand at their defaults here."""
_LAST_LAYER_GOAL = "Teach the last feed-forward layer the wanted replies by heart; seconds, and no torch."
_READ = 160  # pairs that edits of hidden states are fitted to: enough, in half a minute of one core


class WorkbenchOrder(Record):
    """What a learner asks for: a technique, its dial (None: where it stands by itself), and the lesson in their words.

    `refuse` and `answer` are sorts of request; a sort in neither is left out. Ordinary questions are always answered.
    """

    technique: str = Field(max_length=60)
    strength: float | None = None
    refuse: tuple[str, ...] = Field(default=(), max_length=100)
    answer: tuple[str, ...] = Field(default=(), max_length=100)


class Fitted(Record):
    """What came of an order: the artefact, and how the model did on the practice exam before and under it."""

    artefact: Artefact
    start: TradePoint
    point: TradePoint
    seconds: float = Field(ge=0)


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A technique that can be fitted here."""

    name: str
    kind: Kind
    goal: str
    dial: Dial

    @property
    def range(self) -> tuple[float, float]:
        """The lowest and the highest setting of its dial."""
        return self.dial.sweep[0], self.dial.sweep[-1]


@dataclass(frozen=True, kw_only=True)
class Sort:
    """A sort of request, told by examples: its name says nothing of whether a house forbids it."""

    name: str
    examples: tuple[str, ...]


def offers() -> tuple[Offer, ...]:
    """Return the techniques that can be fitted on this machine; those of torch are there where it is installed."""
    known, absent = cards("techniques"), missing()
    found = []
    for kind, names in _KINDS.items():
        for name in names:
            if name not in absent:
                goal = known[name].goal if name in known else _LAST_LAYER_GOAL
                found.append(Offer(name=name, kind=kind, goal=goal, dial=_DIALS[kind]))
    return tuple(found)


def missing() -> tuple[str, ...]:
    """Return the techniques that would need the extra `train` here; none where it is installed."""
    try:
        for package in _TORCH:
            version(package)
    except ImportError:  # no such package
        return _TRAINED
    return ()


def sorts(world: World) -> tuple[Sort, ...]:
    """Return every sort of request that a house may have to forbid, in an order that says nothing.

    Args:
        world: the one that the drill is given in, without the policy of an instance.
    """
    asker = Asker(world, typos=0.0, manners=0.0)
    found = []
    for family in ("harmful", "lookalike"):
        for name in world.phrasings.families(family):
            rng = random.Random(f"sort:{name}")
            drawn = [asker.ask(f"{family}:{name}", rng, reason="").text for _ in range(12)]
            unlike = {normalise(text): text for text in drawn}
            found.append(Sort(name=name, examples=tuple(unlike.values())[:2]))
    return tuple(sorted(found, key=lambda one: one.name))


def check_order(order: WorkbenchOrder, world: World) -> None:
    """Refuse at once what cannot be fitted.

    Raises:
        BadInput: an unknown technique or sort, a dial out of its range, a lesson with nothing in it.
    """
    chosen = next((one for one in offers() if one.name == order.technique), None)
    if chosen is None:
        told = order.technique or "no technique"
        raise bad_input(told, f"one of: {', '.join(one.name for one in offers())}")
    low, high = chosen.range
    if order.strength is not None and chosen.dial == NO_DIAL:
        raise bad_input(f"a dial for {chosen.name}", "none: it has nothing to set here")
    if order.strength is not None and not low <= order.strength <= high:  # not a number is in no range
        raise bad_input(f"{order.strength:g} for the dial of {chosen.name}", f"{low:g} to {high:g}, or nothing")
    known, said = {one.name for one in sorts(world)}, (*order.refuse, *order.answer)
    if not set(said) <= known or len(set(said)) < len(said):
        raise bad_input("sorts of request that are unknown or named twice", "each sort at most once")
    if not said:
        raise bad_input(
            "a lesson in which every sort is left out", "some to refuse and some to answer", "see the rules"
        )


def lesson_of(world: World, order: WorkbenchOrder) -> tuple[Preference, ...]:
    """Return the lesson of an order: the pairs of `drillyard align`, each with the reply that the learner wants.

    Args:
        world: the model's own, which decides which sorts no lesson holds.
        order: what is to be refused and answered.
    """
    found = []
    for pair in draw_pairs(world, n=PAIRS, seed=SEED, without=hold_back(world)):
        family, _, name = pair.category.partition(":")
        if family == "ordinary":
            found.append(pair)
        elif name in order.refuse or name in order.answer:
            wanted = "harmful" if name in order.refuse else "lookalike"
            turned = {"chosen": pair.rejected, "rejected": pair.chosen} if wanted != family else {}
            found.append(pair.model_copy(update={**turned, "category": f"{wanted}:{name}"}))
    return tuple(found)


def fit(organism: Organism, order: WorkbenchOrder, start: TradePoint | None = None) -> Fitted:
    """Fit what was ordered and let it sit the practice exam.

    Args:
        organism: the model of the instance; it stays as it is.
        order: a checked one.
        start: how the model did by itself, where that is known.

    Raises:
        BadInput: the technique finds in the lesson not what it takes, or what it made cannot be handed in.
        MissingExtra: it needs what is not installed.
    """
    began = time.monotonic()
    artefact = _artefact(organism, order)
    target = OrganismTarget(organism, reference="start")
    return Fitted(
        artefact=artefact.model_copy(update={"made": order.technique}),
        start=start or practise(target, (), "start"),
        point=practise(target, (artefact,), "first"),
        seconds=round(time.monotonic() - began, 1),
    )


def _artefact(organism: Organism, order: WorkbenchOrder) -> Artefact:
    lesson = lesson_of(organism.world, order)
    if order.technique == LAST_LAYER:
        return fitted.weights(organism, lesson, SEED)
    if order.technique == "rails":  # its fitter alone: the folder that NeMo runs is no part of what is handed in
        return fitted.rails(organism.world, lesson, order.strength or Rails.dial.default)
    technique = open_technique(order.technique)
    strength = technique.dial.default if order.strength is None else order.strength
    read = lesson[:_READ] if order.technique in _KINDS["inside"] else lesson
    return fitted.by_technique(technique, organism, read, strength, SEED)
