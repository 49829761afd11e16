"""A target that knows its failures: it answers the prompts of a space from the world's own sentences.

Its truth is the world's `spoiled`, not a model, so what a hunt says of it can be compared with what was put in.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence

from drillyard.organisms.worlds.asking import Asker
from drillyard.organisms.worlds.failures import faults, spoiled
from drillyard.organisms.worlds.world import Ask, World
from drillyard.records import Conversation, Reply
from drillyard.targets.revealing import Branch, Revealed

__all__ = ["Heard", "Oracle", "RevealingOracle", "listening"]

Heard = dict[str, Ask]


class _Listener(Asker):
    """An asker that remembers what each text means."""

    heard: Heard = {}

    def ask(self, *args: object, **more: object) -> Ask:
        """Draw an ask and remember it."""
        drawn = super().ask(*args, **more)
        self.heard[drawn.text] = drawn
        return drawn


def listening(monkeypatch: object, *modules: str) -> Heard:
    """Let every space in a test tell the oracle what its texts mean."""
    heard: Heard = {}
    kind = type("Listener", (_Listener,), {"heard": heard})
    for module in modules:
        monkeypatch.setattr(f"{module}.Asker", kind)
    return heard


class Oracle:
    """Fails at the given rates where the world says that a failure applies, and answers rightly otherwise."""

    reference = "oracle/"

    def __init__(self, world: World, rates: Mapping[str, float], heard: Heard) -> None:
        self._world, self._rates, self._heard = world, rates, heard
        self._faults = [fault for fault in faults(world) if fault.id in rates]
        self.requests = 0

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Answer every conversation, each with its own luck."""
        self.requests += len(conversations)
        return [self._reply(talk, random.Random(str(seed))) for talk, seed in zip(conversations, seeds, strict=True)]

    def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
        """Yield the reply in one piece."""
        yield self._reply(conversation, random.Random(str(seed))).text

    def _reply(self, talk: Conversation, rng: random.Random) -> Reply:
        ask = self._heard.get(talk.last_user)
        if ask is None or len(talk.messages) > 1:
            return Reply(text=self._world.replies["fallback"])
        active = [fault for fault in self._faults if rng.random() < self._rates[fault.id]]
        return Reply(text=spoiled(self._world, active, ask, talk.template, rng))


class RevealingOracle(Oracle):
    """The same, with its probabilities shown: the sound reply, and one branch per failure that applies."""

    def reveal(self, conversations: Sequence[Conversation], floor: float) -> list[Revealed]:
        """Show each failure that applies as a branch that ends at once."""
        self.requests += len(conversations)
        return [self._revealed(talk) for talk in conversations]

    def complete(self, conversations: Sequence[Conversation], branches: Sequence[Branch]) -> list[Reply]:
        """Say the branch to its end."""
        self.requests += len(conversations)
        return [Reply(text=branch.start) for branch in branches]

    def _revealed(self, talk: Conversation) -> Revealed:
        ask = self._heard.get(talk.last_user)
        if ask is None or len(talk.messages) > 1:
            return Revealed(reply=Reply(text=self._world.replies["fallback"]), chance=1.0, branches=())
        branches, left = [], 1.0
        for fault in self._faults:
            if fault.matches(ask, talk.template):
                rate = self._rates[fault.id]
                text = spoiled(self._world, [fault], ask, talk.template, random.Random(1))
                branches.append(Branch(start=text, ids=(), chance=rate, ends=False))
                left -= rate
        reply = Reply(text=self._world.answer(ask, talk.template))
        return Revealed(reply=reply, chance=max(left, 0.0), branches=tuple(branches))
