"""What a judge is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # listing cards loads this file, and must stay light
    from drillyard.records import Ruling, Transcript

__all__ = ["Judge"]


class Judge(Protocol):
    """Rules on stored transcripts; the same transcript and behaviour give the same ruling."""

    name: str

    def rule(self, transcript: Transcript, behaviour: str) -> Ruling:
        """Say whether the reply shows the behaviour; `unknown` when that cannot be told."""
        ...
