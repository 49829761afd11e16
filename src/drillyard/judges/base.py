"""What a judge is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:  # listing cards loads this file, and must stay light
    from drillyard.records import Ruling, Transcript

__all__ = ["BatchJudge", "FreeJudge", "Judge"]


class Judge(Protocol):
    """Rules on stored transcripts; the same transcript and behaviour give the same ruling."""

    @property
    def name(self) -> str:
        """What its rulings are signed with."""
        ...

    @property
    def definition(self) -> str:
        """All that decides its rulings, as text; its hash binds a judge to the file with its measured error."""
        ...

    def rule(self, transcript: Transcript, behaviour: str) -> Ruling:
        """Say whether the reply shows the behaviour; `unknown` when that cannot be told."""
        ...


@runtime_checkable
class BatchJudge(Protocol):
    """A judge that is much faster with many transcripts at once, such as one that asks a model."""

    def rule_many(self, pairs: Sequence[tuple[Transcript, str]]) -> list[Ruling]:
        """Return what `rule` would say of each pair of transcript and behaviour, in the order given."""
        ...


@runtime_checkable
class FreeJudge(Protocol):
    """A judge of replies in anybody's words; it says which behaviours it rules on, and is silent on all others."""

    @property
    def rules_on(self) -> tuple[str, ...]:
        """Codes of behaviours."""
        ...
