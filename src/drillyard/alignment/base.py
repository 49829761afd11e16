"""What a technique is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # listing cards loads this file, and must stay light
    from drillyard.records import Finding
    from drillyard.targets import Target

__all__ = ["Technique"]


class Technique(Protocol):
    """Changes a target so that findings go away. Constructors do no work."""

    def apply(self, target: Target, findings: Sequence[Finding]) -> Target:
        """Return the changed target; the old one stays as it was."""
        ...
