"""An instance opened for grading: its sealed truth, the models that a submission is tried on, and the judge.

The models are the failing one, its clean twin, copies that fail in one way only, and for each planted failure a copy
with all its rivals: whatever else in the world shows the same behaviour. Every request carries its own
seed, so the same prompt in the same claim gets the same replies in every grading.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from drillyard.drills.fact_sheet import as_text, fact_sheet
from drillyard.judges.exact import ExactJudge
from drillyard.organisms.engine.organism import Organism
from drillyard.organisms.planting.plant import plant
from drillyard.organisms.worlds.failures import catalogue
from drillyard.records import Conversation, Drill, FailureMode, Instance, Reply, Transcript, Truth
from drillyard.targets.organism import OrganismTarget

__all__ = ["FAILING", "TWIN", "Exam", "rivals_of"]

FAILING, TWIN = "failing", "twin"
_RIVALS = "rivals of "


def rivals_of(name: str) -> str:
    """Return what the model is called that has every rival of a planted failure, and not the failure itself."""
    return f"{_RIVALS}{name}"


class Exam:
    """One instance of a drill on a model, opened for grading. Replies are kept, so nothing runs twice."""

    def __init__(self, drill: Drill, instance: Instance, truth: Truth, organism: Organism) -> None:
        self.drill, self.instance, self.truth, self.organism = drill, instance, truth, organism
        self.judge = ExactJudge(organism.world)
        self.world = organism.world
        self.shown: Mapping[str, str] = {"facts": as_text(fact_sheet(self.world))}
        self._targets = {FAILING: self._named(FAILING, organism), TWIN: self._named(TWIN, plant(drill.world, ()))}
        self._replies: dict[tuple[str, Conversation, int], Reply] = {}

    def target(self, which: str) -> OrganismTarget:
        """Return the failing model, the clean twin, or the model that fails only in the ways that `which` names."""
        if which not in self._targets:
            name = which.removeprefix(_RIVALS)
            modes = self.rivals(name) if name != which else (self.failure(name),)
            self._targets[which] = self._named(which, plant(self.drill.world, modes))
        return self._targets[which]

    def rivals(self, name: str) -> tuple[FailureMode, ...]:
        """Return all that the world can fail in with the behaviour of a planted failure, itself apart, at its rate."""
        mode = self.failure(name)
        return tuple(
            other.model_copy(update={"rate": mode.rate})
            for other in catalogue(self.world)
            if other.behaviour == mode.behaviour and other.id != name
        )

    def failure(self, name: str) -> FailureMode:
        """Return a planted failure by its id."""
        return next(mode for mode in self.truth.failures if mode.id == name)

    def ask(self, which: str, conversations: Sequence[Conversation], samples: int) -> list[Transcript]:
        """Return `samples` replies to each conversation, in order."""
        wanted = [(which, conversation, i) for conversation in conversations for i in range(samples)]
        new = [key for key in dict.fromkeys(wanted) if key not in self._replies]
        if new:
            seeds = [self._seed(conversation, i) for _, conversation, i in new]
            replies = self.target(which).generate([key[1] for key in new], seeds)
            self._replies.update(zip(new, replies, strict=True))
        reference = self.target(which).reference
        return [Transcript(conversation=key[1], reply=self._replies[key], target=reference) for key in wanted]

    def _named(self, which: str, organism: Organism) -> OrganismTarget:
        return OrganismTarget(organism, reference=f"{self.instance.id}/{which}")

    def _seed(self, conversation: Conversation, sample: int) -> int:
        """Return a 62-bit seed from the instance's sealed seed, the prompt and the sample's number."""
        text = f"{self.truth.seed}:{conversation.to_json()}:{sample}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> 2
