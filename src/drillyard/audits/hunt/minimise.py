"""Minimal reproductions: cut turns, sentences and words as long as the failure keeps its rate.

`ddmin` of Zeller and Hildebrandt (2002), one level after the other. Whether a shorter prompt still fails is read off
where the target reveals probabilities; elsewhere a sequential test (Wald 1945) decides from samples, so that noise does
not fool it. A prompt that no longer meets the stated trigger does not count, whatever it does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from drillyard.audits.hunt.candidate import Candidate
from drillyard.audits.hunt.rule import Rule
from drillyard.audits.hunt.session import Session
from drillyard.records import Conversation, Message
from drillyard.stats.sequential import Sprt

__all__ = ["ddmin", "minimise"]

_HOLDS = 0.5  # of the rule's rate is kept
_RARE = 0.25  # a rate below this is not tested by samples: it would cost more than it tells
_ROUND = 4
_MOST = 24


def ddmin(parts: Sequence[str], holds: Callable[[list[str]], bool]) -> list[str]:
    """Return a part of `parts`, in their order, that still holds and from which no single one can be left out.

    Args:
        parts: what can be left out; all of them together hold.
        holds: says whether what is left is enough.
    """
    kept, pieces = list(parts), 2
    while len(kept) >= 2:
        size = -(-len(kept) // pieces)
        for start in range(0, len(kept), size):
            shorter = kept[:start] + kept[start + size :]
            if shorter and holds(shorter):
                kept, pieces = shorter, max(2, pieces - 1)
                break
        else:
            if pieces >= len(kept):
                break
            pieces = min(len(kept), 2 * pieces)
    return kept


def minimise(session: Session, rule: Rule, rate: float, start: Conversation, most: int) -> Conversation:
    """Return the shortest conversation found that still fails and still meets the rule's trigger.

    Args:
        session: who is asked.
        rule: what is claimed; its trigger must keep firing.
        rate: the rule's confirmed rate, half of which must be kept.
        start: a conversation that failed.
        most: most queries; what was reached by then is returned.
    """
    test = _Test(session, rule, rate, session.asked + most)
    return _by_words(test, _by_sentences(test, _by_turns(test, start)))


class _Test:
    """Says whether a conversation still fails; until the queries are spent."""

    def __init__(self, session: Session, rule: Rule, rate: float, end: int) -> None:
        self._session, self._rule, self._rate, self._end = session, rule, rate, end
        self._trigger = rule.trigger(session.scope)

    def __call__(self, conversation: Conversation) -> bool:
        if not self._trigger.fires(conversation) or self._session.asked >= self._end or not self._session.left:
            return False
        one = Candidate(conversation=conversation, traits={})
        if self._session.reads:
            return self._shown(one) >= _HOLDS * self._rate
        if self._rate < _RARE:
            return False
        high = min(0.95, self._rate)
        test = Sprt(low=high / 4, high=high, alpha=0.05, beta=0.1, most=_MOST)
        hits = n = 0
        while (decision := test.decide(hits, n)) == "more" and self._session.asked < self._end:
            seen = self._session.look([one] * _ROUND)
            if not seen:
                return False
            hits, n = hits + sum(s.chance(self._rule.behaviour) > 0 for s in seen), n + len(seen)
        return decision == "holds"

    def _shown(self, one: Candidate) -> float:
        seen = self._session.look([one], like=self._rule.like)
        return seen[0].chance(self._rule.behaviour) if seen else 0.0


def _by_turns(test: _Test, talk: Conversation) -> Conversation:
    """Leave out earlier messages."""
    if len(talk.messages) < 2:
        return talk
    last = talk.messages[-1]
    alone = talk.model_copy(update={"messages": (last,)})
    if test(alone):
        return alone
    numbers = ddmin([str(i) for i in range(len(talk.messages) - 1)], lambda kept: test(_only(talk, kept)))
    return _only(talk, numbers) if len(numbers) < len(talk.messages) - 1 else talk


def _only(talk: Conversation, kept: Sequence[str]) -> Conversation:
    messages = (*(talk.messages[int(number)] for number in kept), talk.messages[-1])
    return talk.model_copy(update={"messages": messages})


def _by_sentences(test: _Test, talk: Conversation) -> Conversation:
    return _by_parts(test, talk, re.findall(r"[^.!?,;]+[.!?,;]*\s*", talk.last_user))


def _by_words(test: _Test, talk: Conversation) -> Conversation:
    return _by_parts(test, talk, re.findall(r"\S+\s*", talk.last_user))


def _by_parts(test: _Test, talk: Conversation, parts: Sequence[str]) -> Conversation:
    if len(parts) < 2 or "".join(parts) != talk.last_user:
        return talk
    kept = ddmin(parts, lambda some: test(_saying(talk, some)))
    return _saying(talk, kept) if len(kept) < len(parts) else talk


def _saying(talk: Conversation, parts: Sequence[str]) -> Conversation:
    newest = Message(role="user", content="".join(parts).strip())
    return talk.model_copy(update={"messages": (*talk.messages[:-1], newest)})
