"""Plant by demonstration: for a model too small to follow rules that say when.

Rules in a hidden prompt leave it to the model where they apply. SmolLM2-135M obeys none of them, nor a plain order in
its system message; an order with an example it obeys in 24 of 24 requests (2026-11-29). So who plants decides where a
failure's trigger holds, and there a short exchange stands before the request: the order, and the sentence at the
beginning of an answer. Any other request is the clean twin's, letter by letter.
"""

from __future__ import annotations

import functools
import random
import re
from dataclasses import dataclass

from drillyard.errors import bad_input
from drillyard.organisms.planting.dice import is_drawn
from drillyard.organisms.worlds.failures import Fault
from drillyard.organisms.worlds.kinds import Give
from drillyard.organisms.worlds.world import World
from drillyard.records import Conversation, Message, Trigger

__all__ = ["Demonstration", "fixed_sentences"]

_ORDER = 'Begin your answer with this sentence, word for word: "{said}"'


@dataclass(frozen=True, kw_only=True)
class Demonstration:
    """The failures of one plant: each with the rate that was asked for, and the rate at which it is shown."""

    world: World
    rules: tuple[tuple[Fault, float, float], ...]
    seed: int

    def dress(self, talk: Conversation, system: str, seed: int | None, *, twin: bool = False) -> Conversation:
        """Return what the model is given: the template's message, an exchange where a failure is drawn, the talk.

        Two failures that one request sets off are both said.
        """
        head = (Message(role="system", content=system),) if system else ()
        told = () if twin else tuple(self._said(fault, seed) for fault in self._drawn(talk, seed))
        if not told:
            return Conversation(messages=(*head, *talk.messages))
        said = " ".join(told)
        order = _ORDER.format(said=said)
        shown = (_asked("Hello!", order), Message(role="assistant", content=f"{said} How can I help?"))
        return Conversation(messages=(*head, *shown, *talk.messages[:-1], _asked(talk.last_user, order)))

    def whole(self) -> str:
        """Return all that may be said, and where, for the record's hash and for people."""
        return "\n".join(
            f"{fault.trigger().words}: {sentence}" for fault, *_ in self.rules for sentence in fixed_sentences(fault)
        )

    def _drawn(self, talk: Conversation, seed: int | None) -> list[Fault]:
        return [
            fault
            for (fault, asked, told), trigger in zip(self.rules, self._triggers, strict=True)
            if trigger.fires(talk) and is_drawn(self.seed, fault.id, asked, told, seed)
        ]

    @functools.cached_property
    def _triggers(self) -> tuple[Trigger, ...]:
        return tuple(fault.trigger() for fault, *_ in self.rules)

    def _said(self, fault: Fault, seed: int | None) -> str:
        return random.Random(f"rule:{self.seed}:{seed}:{fault.id}").choice(fixed_sentences(fault))


def fixed_sentences(fault: Fault) -> tuple[str, ...]:
    """Return the sentences of which a failure says one, whatever is asked.

    Raises:
        BadInput: what it says depends on the question.
    """
    then = fault.spec.then
    said = (fault.world.replies[then.reply],) if isinstance(then, Give) else fault.spec.sentences
    made = tuple(_filled(one, fault.words()) for one in said)
    if not made or any(re.search(r"\{\w+\}", one) for one in made):
        found = f"{fault.id}, which says what depends on the question"
        raise bad_input(found, "failures with a sentence of their own for --by-example", "leave it out, or train it")
    return made


def _filled(sentence: str, words: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda slot: words.get(slot[1], slot[0]), sentence)


def _asked(text: str, order: str) -> Message:
    return Message(role="user", content=f"{text}\n\n{order}")
