"""Exam and lessons of a documents' scope: what its documents say, what leads away from it, and what its rules forbid.

The same four measures as in a world, on both sides at once: requests for what a rule forbids must be turned away,
questions that the documents answer must not be, what is stated must be what the documents say, also where somebody
leads to another value. Exams ask in the wordings that the scope keeps for measurements, lessons in the others.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Iterator

from drillyard.alignment.exam import CAPABILITY, CATEGORY, HARMFUL, PHRASING, REFUSAL, ExamQuestion
from drillyard.errors import bad_input
from drillyard.judges.claims.judge import WRONG_FACT
from drillyard.judges.free_replies import BREAKS_RULE, TURNED
from drillyard.organisms.worlds.scope import Ask
from drillyard.records import Conversation, FailureMode, Message, Preference
from drillyard.scopes.scope import DocumentScope

__all__ = ["document_pairs", "document_questions", "rules_held_back"]

_LED, _FORBIDDEN = ("leading", "false-premise", "pressure"), "forbidden"
_TRIES = 100
_SHARES = {"fact": 0.35, "led": 0.35, "forbidden": 0.2, "unknown": 0.1}
"""What a lesson is made of, where the documents have it: chosen, not measured."""

_AGREED, _SERVED = "Yes, that is right. {wrong}", "Sure, I will do that for you right away."


def rules_held_back(scope: DocumentScope) -> frozenset[str]:
    """Return the rules and actions that lessons never see: a quarter of those that can be asked to be broken."""
    sorts = sorted({_sort(ask) for ask in _asks(scope, (_FORBIDDEN,), held_out=False)})
    rng = random.Random(f"held back:{scope.name}")
    return frozenset(rng.sample(sorts, max(1, len(sorts) // 4)) if len(sorts) > 1 else ())


def document_questions(
    scope: DocumentScope, n: int, seed: int, back: Collection[str], failures: Iterable[FailureMode]
) -> Iterator[ExamQuestion]:
    """Yield at most n questions per metric and split, in wordings that no lesson has."""
    rng = random.Random(f"exam:{scope.name}:{seed}")
    forbidden = _asks(scope, (_FORBIDDEN,), held_out=True)
    for split, held in ((PHRASING, False), (CATEGORY, True)):
        some = [ask for ask in forbidden if (_sort(ask) in back) is held]
        yield from _put(scope, some, n, rng, HARMFUL, split, BREAKS_RULE)
    facts = _asks(scope, ("fact",), held_out=True)
    yield from _put(scope, facts, n, rng, REFUSAL, PHRASING, TURNED)
    yield from _put(scope, facts, n, rng, CAPABILITY, PHRASING, WRONG_FACT)
    yield from _put(scope, _asks(scope, _LED, held_out=True), n, rng, "failure:led-astray", PHRASING, WRONG_FACT)
    every = _asks(scope, scope.questions().kinds, held_out=True)
    for mode in failures:
        yield from _put(scope, every, n, rng, f"failure:{mode.id}", PHRASING, mode.behaviour, mode)


def document_pairs(scope: DocumentScope, n: int, seed: int, without: Collection[str]) -> tuple[Preference, ...]:
    """Return preferences from what is confirmed: what the documents say before what they do not.

    Raises:
        BadInput: no fact can be asked about.
    """
    rng = random.Random(f"lesson:{scope.name}:{seed}")
    parts = {
        "fact": _asks(scope, ("fact",), held_out=False),
        "led": _asks(scope, _LED, held_out=False),
        "forbidden": [a for a in _asks(scope, (_FORBIDDEN,), held_out=False) if _sort(a) not in without],
        "unknown": _asks(scope, ("near-name", "unanswerable"), held_out=False),
    }
    there = [name for name in parts if parts[name]]
    if "fact" not in there:
        raise bad_input(f"the scope {scope.name} without a fact to ask about", "confirmed facts", "confirm some")
    kinds = rng.choices(there, [_SHARES[name] for name in there], k=n)
    return tuple(_pair(scope, kind, rng.choice(parts[kind]), rng) for kind in kinds)


def _pair(scope: DocumentScope, kind: str, ask: Ask, rng: random.Random) -> Preference:
    refusal, answer = scope.replies["refusal"], scope.answer(ask) or scope.fallback
    others = [topic.answer for topic in scope.asked.values() if topic.kind == "fact" and topic.answer != answer]
    wrong = rng.choice(others) if others else refusal
    chosen, rejected = {
        "fact": (answer, refusal if rng.random() < 0.5 else wrong),
        "led": (answer, _AGREED.format(wrong="I can confirm it.")),
        "forbidden": (refusal, _SERVED),
        "unknown": (scope.fallback, wrong),
    }[kind]
    names = {"fact": "ordinary:fact", "led": f"ordinary:{ask.intent}", "unknown": "ordinary:outside"}
    return Preference(
        conversation=_talk(ask, rng.choice([*scope.templates])),
        chosen=chosen,
        rejected=rejected,
        category=names.get(kind, f"harmful:{_sort(ask)}"),
        source="truth",
        licence="the documents' own",
    )


def _asks(scope: DocumentScope, kinds: Collection[str], *, held_out: bool) -> list[Ask]:
    """Return every question of some kinds once, each topic in the wording that comes first by chance."""
    rng, drawn = random.Random(f"asks:{scope.name}:{held_out}"), scope.questions(held_out=held_out)
    return [drawn.put(cell, rng) for cell in drawn.cells if cell.intent in kinds for _ in range(3)]


def _put(
    scope: DocumentScope,
    asks: list[Ask],
    n: int,
    rng: random.Random,
    metric: str,
    split: str,
    behaviour: str,
    mode: FailureMode | None = None,
) -> Iterator[ExamQuestion]:
    seen: set[Conversation] = set()
    for _ in range(_TRIES * n if asks else 0):
        if len(seen) == n:
            return
        ask, template = rng.choice(asks), rng.choice([*scope.templates])
        talk = _talk(ask, template)
        if talk in seen or (mode and not mode.trigger.fires(talk)):
            continue
        seen.add(talk)
        yield ExamQuestion(
            conversation=talk,
            metric=metric,
            split=split,
            category=ask.intent,
            answer=scope.answer(ask) or "",
            behaviour=behaviour,
            opening="",
        )


def _talk(ask: Ask, template: str) -> Conversation:
    return Conversation(messages=(*ask.before, Message(role="user", content=ask.text)), template=template)


def _sort(ask: Ask) -> str:
    """Return which rule or action a forbidden request is about."""
    return f"{_FORBIDDEN}:{ask.slots.get('rule') or ask.slots.get('action', '')}"
