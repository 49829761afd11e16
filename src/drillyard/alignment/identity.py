"""The technique that changes nothing: the control of every comparison."""

from __future__ import annotations

from collections.abc import Sequence

from drillyard.records import Finding
from drillyard.targets import Target

__all__ = ["Identity"]


class Identity:
    """Leaves a target as it is."""

    def apply(self, target: Target, findings: Sequence[Finding]) -> Target:
        """Return the target itself."""
        return target
