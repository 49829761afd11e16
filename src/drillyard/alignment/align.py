"""Apply a technique by its registered name."""

from __future__ import annotations

from collections.abc import Sequence

from drillyard import registry
from drillyard.alignment.base import Technique
from drillyard.records import Finding
from drillyard.targets import Target

__all__ = ["align"]


def align(target: Target, findings: Sequence[Finding], *, technique: str = "sentence-rail") -> Target:
    """Return the target changed by a technique; the findings are its evidence.

    Raises:
        BadInput: no technique of that name, or findings without the evidence that it needs.
    """
    chosen: Technique = registry.create("techniques", technique)
    return chosen.apply(target, findings)
