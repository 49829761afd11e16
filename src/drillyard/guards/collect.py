"""Replies for a calibration: what a target says to a world's ordinary questions. The guard itself asks nobody."""

from __future__ import annotations

import random

from drillyard.errors import bad_input
from drillyard.guards.examples import Example
from drillyard.organisms.worlds.asking import Asker
from drillyard.organisms.worlds.world import World
from drillyard.records import Conversation
from drillyard.records.progress import Progress
from drillyard.targets import Target

__all__ = ["collect_replies"]

_AT_ONCE = 50


def collect_replies(
    target: Target, world: World, n: int, seed: int, told: Progress = lambda *_: None, templates: tuple[str, ...] = ()
) -> list[Example]:
    """Return `n` replies of a target to a world's questions, under its templates in turn.

    Whether they are sound nobody has said: ask a release that you hold to be sound, such as a clean twin. Raises
    `BadInput` where the target does, or where it answers nothing.
    """
    rng, asker = random.Random(f"guard:{seed}"), Asker(world)
    under = templates or tuple(world.templates)
    asked = [Conversation.ask(asker.any(rng).text, under[i % len(under)]) for i in range(n)]
    made: list[Example] = []
    for at in range(0, n, _AT_ONCE):
        part = asked[at : at + _AT_ONCE]
        replies = target.generate(part, list(range(seed + at, seed + at + len(part))))
        made += [
            Example(text=one.text, shown=None, source=target.reference) for one in replies if one.finish != "error"
        ]
        told("replies", min(n, at + _AT_ONCE), n)
    if not made:
        raise bad_input(f"{target.reference} that answers nothing", "a target that answers the world's questions")
    return made
