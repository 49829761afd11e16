"""What a search method is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # listing cards loads this file, and must stay light
    from drillyard.audits.probe import Probe
    from drillyard.organisms.worlds.world import World

__all__ = ["Search"]


class Search(Protocol):
    """Proposes prompts of a world; the same seed proposes the same prompts."""

    def propose(self, world: World, budget: int, seed: int) -> list[Probe]:
        """Return at most `budget` probes."""
        ...
