"""The technique that changes nothing: the control of every comparison."""

from __future__ import annotations

from pathlib import Path

from drillyard.alignment.base import NO_DIAL, Lesson, Setting
from drillyard.records import FitCost
from drillyard.targets import Target

__all__ = ["Identity"]


class Identity:
    """Leaves a target as it is."""

    dial = NO_DIAL

    def fit(self, target: Target, lesson: Lesson, setting: Setting) -> FitCost:
        """Learn nothing, for nothing."""
        return FitCost()

    def apply(self, target: Target, folder: Path) -> Target:
        """Return the target itself."""
        return target
