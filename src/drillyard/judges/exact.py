"""The judge that is exact because the scope knows the truth: a world reads its own sentences (`worlds/rulings.py`)."""

from __future__ import annotations

from drillyard.errors import bad_input
from drillyard.organisms.worlds.rulings import EXACT
from drillyard.organisms.worlds.scope import Scope
from drillyard.records import Ruling, Transcript
from drillyard.scopes.loading import load_scope

__all__ = ["ExactJudge"]


class ExactJudge:
    """Rules on transcripts of one scope (an object, or what `load_scope` finds a world by).

    Raises:
        BadInput: the scope has no exact rulings.
    """

    name = EXACT

    def __init__(self, world: Scope | str) -> None:
        self.world: Scope = load_scope(world) if isinstance(world, str) else world
        if self.world.rulings is None:
            how = "choose another with --judge, such as rules/FILE or llm/TARGET"
            raise bad_input(f"the exact judge for {self.world.name}, which has no exact rulings", "another judge", how)
        self._rulings = self.world.rulings
        self.definition = self._rulings.definition

    def rule(self, transcript: Transcript, behaviour: str) -> Ruling:
        """Say whether the reply shows the behaviour; raises nothing: a reply that cannot be read is unknown."""
        return self._rulings.rule(transcript, behaviour)
