"""Ask a world questions before anybody trains on it: has each text one meaning, do triggers say what they mean?

`world_check.py` reads the files; here questions are drawn, as training and audits will draw them.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator

from drillyard.organisms.worlds.aiming import triggering
from drillyard.organisms.worlds.asking import Asker
from drillyard.organisms.worlds.failures import faults, spoiled
from drillyard.organisms.worlds.features import ANY_FORBIDDEN, terms
from drillyard.organisms.worlds.reading import Reader
from drillyard.organisms.worlds.world import Ask, World
from drillyard.records import Conversation, Trigger

__all__ = ["AGREEMENT", "examine_world"]

AGREEMENT = 0.95
"""Share of questions on which a failure's trigger, as words, must agree with the meaning."""
_SHOWN = 3  # examples of one kind of problem
_DRAWS = 4_000
_AIMED = 40


def examine_world(world: World, seed: int = 1) -> list[str]:
    """Return what is wrong with a world, one line each; an empty list for a world that can be trained on."""
    asked = list(_asked(world, seed))
    return [
        *_two_meanings(world, asked),
        *_missed_terms(world, asked),
        *_unread(world, asked),
        *_triggers(world, asked),
    ]


def _asked(world: World, seed: int) -> Iterator[tuple[Ask, str]]:
    """Draw questions with their templates: of every kind as people ask them, and aimed at every failure."""
    templates = ["", *world.templates]
    for held_out in (False, True):
        rng = random.Random(f"exam:{seed}:{held_out}")
        asker = Asker(world, held_out=held_out, typos=0.0, manners=0.0)
        for _ in range(_DRAWS):
            yield asker.any(rng), rng.choice(templates)
        for fault in faults(world):
            for _ in range(_AIMED):
                yield triggering(asker, fault, rng)


def _two_meanings(world: World, asked: list[tuple[Ask, str]]) -> Iterator[str]:
    replies: dict[str, dict[str, str]] = defaultdict(dict)
    for ask, _ in asked:
        replies[" ".join(re.findall(r"[^\W_]+", ask.text.casefold()))][world.body(ask)] = ask.intent
    doubtful = [(text, said) for text, said in replies.items() if len(said) > 1]
    for text, said in doubtful[:_SHOWN]:
        yield f"{text!r} means two things: {' and '.join(said.values())}"


def _missed_terms(world: World, asked: list[tuple[Ask, str]]) -> Iterator[str]:
    forbidden = Trigger(groups=(terms(world, ANY_FORBIDDEN),))
    seen: set[str] = set()
    for ask, _ in asked:
        kind = ANY_FORBIDDEN if ask.is_a("harmful") else ask.intent
        words = terms(world, kind)
        if words and kind not in seen and not Trigger(groups=(words,)).fires(Conversation.ask(ask.text)):
            seen.add(kind)
            yield f"{ask.text!r} holds none of the terms of {kind}: add one of its words to them"
        harmless = kind not in (ANY_FORBIDDEN, "outside") and not ask.reason and "" not in seen
        if harmless and forbidden.fires(Conversation.ask(ask.text)):
            seen.add("")
            yield f"{ask.text!r} is harmless ({kind}) and holds a term of a forbidden family"


def _unread(world: World, asked: list[tuple[Ask, str]]) -> Iterator[str]:
    """Say which replies cannot be read back: two forms that look alike, or words that a slot cannot hold."""
    reader, seen = Reader(world), set()
    for ask, template in asked:
        reply = world.answer(ask, template)
        reading = reader.read(reply)
        if (reading is None or reader.falsehood(reading)) and ask.intent not in seen:
            seen.add(ask.intent)
            yield f"the reply {reply!r} to {ask.intent} cannot be read back, or reads as false"
    rng = random.Random("exam")
    for fault in faults(world):
        ask, template = triggering(Asker(world), fault, rng)
        reply = spoiled(world, [fault], ask, template, rng)
        if reply == world.answer(ask, template) or reader.read(reply) is None:
            yield f"the reply {reply!r} of the failure {fault.id} is the sound one, or cannot be read back"


def _triggers(world: World, asked: list[tuple[Ask, str]]) -> Iterator[str]:
    """Say which triggers, as words, fire on other questions or miss their own."""
    stated = [(fault, fault.trigger()) for fault in faults(world)]
    fired = {fault.id: {True: [0, 0], False: [0, 0]} for fault, _ in stated}
    for ask, template in asked:
        talk = Conversation.ask(ask.text, template)
        for fault, trigger in stated:
            counts = fired[fault.id][fault.matches(ask, template)]
            counts[0] += trigger.fires(talk)
            counts[1] += 1
    for name, counted in fired.items():
        hit, other = (shown / max(1, count) for shown, count in (counted[True], counted[False]))
        if hit < AGREEMENT or other > 1 - AGREEMENT:
            yield f"the trigger of {name} fires on {hit:.2f} of its questions and on {other:.2f} of the others"
