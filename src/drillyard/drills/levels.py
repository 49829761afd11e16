"""Beginner, intermediate and advanced forms of a drill: what is asked stays, what is given is scaled.

A drill's file states one form, and under `levels` what the others differ in: hints, steps to follow, minutes, how much
may be asked or claimed, limits, how hard what is planted is to find, the pass mark. A kit reads all of it from its
`drill`, so that a level is data; the gates prove every instance at its level.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any, TypeVar, get_args

from drillyard.drills import DrillKit, load_kit
from drillyard.errors import bad_input, did_you_mean
from drillyard.records import Drill, Hint, Instance, Level

__all__ = ["at_level", "kit_of", "levels_of", "tell_levels", "worth"]

K = TypeVar("K", bound=DrillKit[Any])


def at_level(kit: K, level: str) -> K:
    """Return a kit that gives its drill at a level; itself where none is named, or the stated one is.

    Raises:
        BadInput: a level that the drill has not.
    """
    if level in ("", kit.drill.level):
        return kit
    if level not in (known := levels_of(kit.drill)):
        raise bad_input(f"the level {level!r:.40} of {kit.drill.id}", " or ".join(known), did_you_mean(level, known))
    moved = copy.copy(kit)
    moved.drill = _at(kit.drill, level)
    return moved


def kit_of(instance: Instance) -> DrillKit[Any]:
    """Return the kit of an instance, in its world and at its level. Raises `BadInput`."""
    return at_level(load_kit(instance.drill, instance.world), instance.level)


def levels_of(drill: Drill) -> tuple[str, ...]:
    """Return the levels at which a drill can be given, the easiest first."""
    return tuple(level for level in get_args(Level) if level == drill.level or level in drill.levels)


def tell_levels(drill: Drill) -> dict[str, str]:
    """Return what each level of a drill gives, in words."""
    return {level: _at(drill, level).gives for level in levels_of(drill)}


def worth(drill: Drill, hints: Iterable[Hint]) -> tuple[Hint, ...]:
    """Return hints as the drill's level gives them: at their price, for nothing, or not at all."""
    if drill.hints == "none":
        return ()
    return tuple(hint.model_copy(update={"cost": 0.0}) if drill.hints == "free" else hint for hint in hints)


def _at(drill: Drill, level: str) -> Drill:
    if level == drill.level:
        return drill
    form = next(form for name, form in drill.levels.items() if name == level)
    changed = {name: getattr(form, name) for name in form.model_fields_set}
    task, steps = drill.task.rstrip(), changed.pop("steps", None)
    for old, new in (changed.pop("words", None) or {}).items():
        if old not in task:
            raise bad_input(f"{old!r} of the level {level!r}", f"words of the task of {drill.id}")
        task = task.replace(old, new)
    for name in ("limits", "settings"):
        if name in changed:
            changed[name] = {**getattr(drill, name), **changed[name]}
    return drill.model_copy(update={**changed, "level": level, "task": f"{task}\n\n{steps}" if steps else task})
