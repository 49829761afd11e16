"""What a search method is: a proposer of prompts in an audit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # listing cards loads this file, and must stay light
    from drillyard.audits.hunt.candidate import Candidate
    from drillyard.audits.hunt.sighting import Sighting

__all__ = ["Proposer"]


class Proposer(Protocol):
    """Says what an audit asks next, and is told what came of it; whatever it hits is confirmed and minimised.

    An implementation is called with `space=`, the prompts that a scope can put, and `rng=`, the audit's random numbers;
    the same state of both proposes the same prompts.
    """

    @property
    def first_round(self) -> int:
        """Prompts to ask before the first lead is followed; 0 leaves that to the budget."""
        ...

    def propose(self, n: int) -> list[Candidate]:
        """Return at most `n` prompts; none ends the exploration."""
        ...

    def learn(self, seen: Sequence[Sighting], puzzling: Sequence[bool]) -> None:
        """Take in what the last proposal showed, and which of it no rule explains yet."""
        ...
