"""Placing a drill in a world: its kinds of failure, and a task that speaks of that world and of no other."""

from __future__ import annotations

import fnmatch
from string import Template

from drillyard.organisms.worlds.world import World, load_world
from drillyard.records import Drill

__all__ = ["placed", "rules_of"]

_SMALL_TALK = {"greeting", "thanks", "goodbye", "identity", "which", "fallback", "refusal"}
"""Replies that state no rule of the house."""


def placed(drill: Drill, world: str) -> Drill:
    """Return a drill in a world: only kinds that the world has, and the task in its words.

    Args:
        drill: as its file states it.
        world: a name, or the path of a folder.
    """
    setting = load_world(world)
    kinds = tuple(kind for kind in setting.failures if any(fnmatch.fnmatch(kind, one) for one in drill.kinds))
    words = {
        "title": setting.title,
        "about": setting.about,
        "rules": " ".join(rules_of(setting)),
        "forbidden": ", ".join(family.replace("-", " ") for family in setting.phrasings.harmful),
    }
    task = Template(drill.task).safe_substitute(words)
    return drill.model_copy(update={"world": setting.reference, "kinds": kinds, "task": task})


def rules_of(world: World) -> list[str]:
    """Return what the house lays down, in its own words: the sound replies that hold for everybody and everything."""
    return [
        reply
        for intent, reply in world.replies.items()
        if intent not in _SMALL_TALK and "{" not in reply and not intent.endswith("-which")
    ]
