"""Apply a technique by its registered name, or a chain of them."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from drillyard.alignment.base import Lesson, Setting
from drillyard.alignment.chain import open_technique
from drillyard.organisms.worlds.world import World
from drillyard.records import Finding, Preference
from drillyard.targets import Target
from drillyard.targets.scoped import world_of

__all__ = ["align"]


def align(
    target: Target,
    findings: Sequence[Finding] = (),
    *,
    technique: str = "sentence-rail",
    preferences: Sequence[Preference] = (),
    world: World | str | None = None,
    folder: Path | None = None,
    strength: float | None = None,
    seed: int = 1,
) -> Target:
    """Return the target changed by a technique, fitted to findings, preferences or both.

    Args:
        target: the model as it is; it stays so.
        findings: what an audit found, with evidence.
        technique: a registered name, or several joined by `+`, which are applied from left to right.
        preferences: pairs of a wanted and an unwanted reply.
        world: the scope that both speak of; the target's own unless given.
        folder: where what was learned is kept; a temporary folder, gone after the call, unless one is given.
        strength: setting of the technique's dial (of the last one's in a chain); its default unless given.
        seed: of everything that is drawn while it is fitted.

    Raises:
        BadInput: no technique of that name, or a lesson or target without what it needs.
    """
    chosen = open_technique(technique)
    lesson = Lesson(world=world_of(target, world), preferences=tuple(preferences), findings=tuple(findings))
    dialled = chosen.dial.default if strength is None else strength
    with tempfile.TemporaryDirectory(prefix="drillyard-align-") as temporary:
        place = folder or Path(temporary)
        chosen.fit(target, lesson, Setting(strength=dialled, seed=seed, folder=place))
        return chosen.apply(target, place)
