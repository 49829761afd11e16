"""A guard from what ships with Drillyard and from labels of yours, measured on planted replies that it never saw."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from drillyard.errors import bad_input, did_you_mean
from drillyard.guards.base import AnyGuard
from drillyard.guards.calibration import calibrate
from drillyard.guards.cascade import open_any
from drillyard.guards.check import GuardCheck, check_replies
from drillyard.guards.examples import Example, from_taxonomy, from_world
from drillyard.guards.fit_sklearn import FEWEST, GuardFitter
from drillyard.guards.guard import FILE, Guard
from drillyard.guards.taxonomy import load_taxonomy
from drillyard.organisms.worlds.world import World
from drillyard.records.files import write_record

__all__ = ["QUALITY", "check_place", "learn_guard", "measure_guard", "save_guard", "shipped_examples"]

QUALITY = "quality.json"
_PLANTED, _MEASURED = 400, 600


def shipped_examples(worlds: Sequence[World], seed: int = 1, without: frozenset[str] = frozenset()) -> list[Example]:
    """Return what a guard learns from unless told otherwise: replies of worlds, and the taxonomy's examples."""
    planted = [one for world in worlds for one in from_world(world, _PLANTED, seed)]
    sound = [one.text for one in planted if not one.shown]
    return planted + from_taxonomy(sound, seed, without=without)


def learn_guard(worlds: Sequence[World], labelled: Sequence[Example] = (), seed: int = 1) -> Guard:
    """Return a guard of the shipped examples and of yours.

    Raises:
        BadInput: labelled replies of which none says what it shows, or too few show a behaviour to learn it.
        MissingExtra: scikit-learn is not installed.
    """
    _check_labels(labelled)
    names = ", ".join(world.name for world in worlds)
    fitted_on = f"worlds {names}; taxonomy; {len(labelled)} labelled replies; seed {seed}"
    return GuardFitter().update(shipped_examples(worlds, seed)).update(labelled).fit(fitted_on)


def _check_labels(labelled: Sequence[Example]) -> None:
    """Raise `BadInput` for labels that would teach nothing: none at all, or too few of a behaviour of your own."""
    if labelled and all(one.shown is None for one in labelled):
        words = 'some with "shown": its behaviours, or [] for a sound reply'
        raise bad_input(f"{len(labelled)} replies without a label", words)
    taxonomy = load_taxonomy()
    texts: dict[str, set[str]] = defaultdict(set)
    for one in labelled:
        for code in set(one.shown or ()) - taxonomy.behaviours.keys() - taxonomy.unseen.keys():
            texts[code].add(one.text)
    for code, shown in texts.items():
        if len(shown) < FEWEST:
            near = did_you_mean(code, taxonomy.behaviours)
            raise bad_input(f"{len(shown)} replies that show {code!r}", f"at least {FEWEST} to learn it", near)


def measure_guard(guard: AnyGuard, worlds: Sequence[World], alpha: float = 0.01, seed: int = 7) -> GuardCheck:
    """Return what a guard catches of planted replies in held-out phrasings, at a threshold from other sound ones."""
    drawn = [one for world in worlds for one in from_world(world, _MEASURED, seed, held_out=True)]
    sound = [one for one in drawn if not one.shown]
    calibration = calibrate(guard, [replace(one, group="") for one in sound[::2]], alpha, "worlds")
    return check_replies(guard, calibration, [*sound[1::2], *(one for one in drawn if one.shown)])


def check_place(guard: AnyGuard, folder: Path) -> None:
    """Raise `BadInput` where a folder holds another guard, whose calibration would be lost with it."""
    if (folder / FILE).exists() and open_any(folder).digest != guard.digest:
        raise bad_input(f"another guard in {str(folder)!r}", "a new folder", "type -o with another name")


def save_guard(guard: Guard, quality: GuardCheck, folder: Path) -> None:
    """Write a guard and its measured error into a folder. Raises `BadInput` as `check_place`."""
    check_place(guard, folder)
    write_record(folder / QUALITY, quality)
    guard.save(folder)
