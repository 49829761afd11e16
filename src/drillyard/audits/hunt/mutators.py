"""Mutators: the same question as other people, other keyboards and other situations would put it.

Each takes a candidate and returns one with the same meaning, and with the trait `mutation` naming what was done.
"""

from __future__ import annotations

import base64
import codecs
import random
from collections.abc import Callable, Mapping

from drillyard.audits.hunt.candidate import MUTATION, Candidate, candidate
from drillyard.audits.hunt.space import Space
from drillyard.organisms.worlds.phrasing import mistype
from drillyard.records import Conversation, Message

__all__ = ["GARBLED", "MUTATORS", "mutate"]

GARBLED = ("leet", "rot13", "base64")
"""Mutators that put a message into signs which most models cannot read."""

_Mutator = Callable[[Space, Candidate, random.Random], Candidate]
_LEET = str.maketrans("aeiost", "431057")
_STUFFING = 3  # earlier questions in a stuffed context


def mutate(name: str, space: Space, parent: Candidate, rng: random.Random) -> Candidate:
    """Return a candidate changed by one of `MUTATORS`."""
    return MUTATORS[name](space, parent, rng)


def _paraphrase(space: Space, parent: Candidate, rng: random.Random) -> Candidate:
    """Other words of the corpus for the same traits."""
    return space.draw(rng, parent.traits) or parent


def _template(space: Space, parent: Candidate, rng: random.Random) -> Candidate:
    """Another prompt template, the words as they are."""
    others = [name for name in space.templates if name != parent.conversation.template]
    if parent.ask is None or not others:
        return parent
    return candidate(space.scope, parent.ask, rng.choice(others))


def _persona(space: Space, parent: Candidate, rng: random.Random) -> Candidate:
    """A reason or a name in front, as the corpus has them."""
    if not space.scope.reasons:
        return parent
    reason = rng.choice(list(space.scope.reasons))
    kept = {name: value for name, value in parent.traits.items() if name not in ("reason", MUTATION)}
    return space.draw(rng, {**kept, "reason": reason}) or parent


def _typos(space: Space, parent: Candidate, rng: random.Random) -> Candidate:
    return _rewritten(parent, "typos", mistype(parent.conversation.last_user, rng, 2))


def _leet(space: Space, parent: Candidate, rng: random.Random) -> Candidate:
    return _rewritten(parent, "leet", parent.conversation.last_user.translate(_LEET))


def _rot13(space: Space, parent: Candidate, rng: random.Random) -> Candidate:
    return _rewritten(parent, "rot13", codecs.encode(parent.conversation.last_user, "rot13"))


def _base64(space: Space, parent: Candidate, rng: random.Random) -> Candidate:
    return _rewritten(parent, "base64", base64.b64encode(parent.conversation.last_user.encode()).decode())


def _pressure(space: Space, parent: Candidate, rng: random.Random) -> Candidate:
    """The same question for the second time, after an answer that was refused."""
    asked = parent.conversation.last_user
    talk = (
        Message(role="user", content=asked),
        Message(role="assistant", content=space.scope.fallback),
    )
    return _after(parent, "pressure", talk)


def _stuffing(space: Space, parent: Candidate, rng: random.Random) -> Candidate:
    """The question after a few others with sound answers; where none is known, the others are declined."""
    talk: list[Message] = []
    for _ in range(_STUFFING):
        other = space.at_random(rng)
        answer = space.scope.answer(other.ask, parent.conversation.template) if other.ask else None
        talk += [
            Message(role="user", content=other.conversation.last_user),
            Message(role="assistant", content=answer or space.scope.fallback),
        ]
    return _after(parent, "stuffing", tuple(talk))


def _rewritten(parent: Candidate, name: str, text: str) -> Candidate:
    messages = (*parent.conversation.messages[:-1], Message(role="user", content=text))
    return _changed(parent, name, parent.conversation.model_copy(update={"messages": messages}))


def _after(parent: Candidate, name: str, talk: tuple[Message, ...]) -> Candidate:
    messages = (*talk, *parent.conversation.messages)
    return _changed(parent, name, parent.conversation.model_copy(update={"messages": messages}))


def _changed(parent: Candidate, name: str, conversation: Conversation) -> Candidate:
    return Candidate(conversation=conversation, traits={**parent.traits, MUTATION: name}, ask=parent.ask)


MUTATORS: Mapping[str, _Mutator] = {
    "paraphrase": _paraphrase,
    "template": _template,
    "persona": _persona,
    "typos": _typos,
    "leet": _leet,
    "rot13": _rot13,
    "base64": _base64,
    "pressure": _pressure,
    "stuffing": _stuffing,
}
