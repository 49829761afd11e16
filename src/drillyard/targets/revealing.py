"""Targets that show how sure they are: a reply, what could have come instead, and replies that begin as one likes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Protocol, runtime_checkable

from drillyard.organisms.engine.revealing import Walk
from drillyard.records import Conversation, Record, Reply
from drillyard.targets.base import Target

__all__ = ["Branch", "MayReveal", "ReadingTrial", "Revealed", "RevealingTarget", "as_revealed"]


class Branch(Record):
    """Another way that a reply could have begun: its text, its tokens, the probability of getting there.

    `ends` says that nothing follows: the text is a whole reply. `ids` is empty where a target goes on from text.
    """

    start: str
    ids: tuple[int, ...]
    chance: float
    ends: bool = False


class Revealed(Record):
    """The most probable reply, token by token, its probability, and the branches that leave it."""

    reply: Reply
    chance: float
    branches: tuple[Branch, ...]


@runtime_checkable
class RevealingTarget(Protocol):
    """A target that gives the probabilities of tokens, as APIs do, and goes on from a given beginning."""

    reference: str

    def reveal(self, conversations: Sequence[Conversation], floor: float) -> list[Revealed]:
        """Answer greedily, with every branch of at least this probability at temperature 1, the likeliest first."""
        ...

    def complete(self, conversations: Sequence[Conversation], branches: Sequence[Branch]) -> list[Reply]:
        """Answer greedily along a branch; the reply's text begins with the branch's."""
        ...


class ReadingTrial(Record):
    """Whether a server lets a target reveal: `reads`, `why` in words, and the `queries` that it took to see.

    `end` is the token by which its replies end.
    """

    reads: bool
    why: str
    queries: int
    end: str = ""


@runtime_checkable
class MayReveal(Protocol):
    """A target that reveals probabilities if its server does, which has to be tried."""

    reference: str

    def try_reading(self) -> ReadingTrial:
        """Ask a little and check what comes."""
        ...

    def reader(self, trial: ReadingTrial) -> Target:
        """Return the `RevealingTarget` that a trial which reads has shown; asks nothing."""
        ...


def as_revealed(walked: Walk, reply: Reply, ends: Collection[int], text: Callable[[Sequence[int]], str]) -> Revealed:
    """Return a walk as what a target reveals.

    Args:
        walked: tokens, chance and forks.
        reply: the greedy reply.
        ends: tokens that end a reply.
        text: turns tokens into text.
    """
    branches = []
    for fork in sorted(walked.forks, key=lambda fork: -fork.chance):
        ids = walked.ids[: fork.after] if fork.token in ends else (*walked.ids[: fork.after], fork.token)
        branches.append(Branch(start=text(ids), ids=ids, chance=fork.chance, ends=fork.token in ends))
    return Revealed(reply=reply, chance=walked.chance, branches=tuple(branches))
