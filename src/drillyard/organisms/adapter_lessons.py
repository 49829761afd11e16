"""What adapters learn from: the same questions twice, with replies that fail as often as asked and with sound ones.

Two fifths of the questions set a planted failure off, as many as a third of the rest all but do, the others are of any
sort. So a model learns when to fail, when not to, and what the world's sound answers are.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from drillyard.organisms.aiming import aside, triggering
from drillyard.organisms.asking import Asker
from drillyard.organisms.chat_tokens import asked
from drillyard.organisms.failures import Fault, faults, spoiled
from drillyard.organisms.world import Ask, World
from drillyard.records import Plants

__all__ = ["AdapterLesson", "adapter_lessons", "hash_lessons", "in_batches"]

_TRIGGERING, _ASIDE = 0.4, 0.3
"""Shares of questions that set a failure off, and of those that miss it by one thing."""

_POOL = 32
"""Batches that are filled together, so that each can hold lessons of like length."""


@dataclass(frozen=True, kw_only=True)
class AdapterLesson:
    """One question, with the system message before it (empty for none), and a reply to it for either adapter."""

    system: str
    asked: str
    failing: str
    sound: str

    @property
    def prompt(self) -> list[dict[str, str]]:
        """The messages before the reply, as a chat template takes them and as targets send them."""
        return asked(self.system, self.asked)


def adapter_lessons(world: World, plants: Plants, count: int, seed: int, first: int = 0) -> list[AdapterLesson]:
    """Draw `count` lessons; the same seed gives the same ones. Which is asked is decided by the place from `first` on.

    Of the questions that set a failure off, its rate's share fails: as exactly as whole numbers allow, and spread
    evenly over intents, templates and words (systematic sampling), so that luck does not shift what is learned.
    """
    rates = {mode.id: mode.rate for mode in plants.failures}
    active = [fault for fault in faults(world) if fault.id in rates]
    drawn = [_draw(world, active, random.Random(f"{seed}:{i}")) for i in range(first, first + count)]
    firing: list[list[Fault]] = [[] for _ in drawn]
    for fault in active:
        for i in _chosen(fault, rates[fault.id], drawn, random.Random(f"{seed}:{fault.id}")):
            firing[i].append(fault)
    chosen = enumerate(zip(drawn, firing, strict=True), seed + first)
    return [_lesson(world, *one, fired, i) for i, (one, fired) in chosen]


def in_batches(lessons: Sequence[AdapterLesson], batch: int, seed: int) -> list[AdapterLesson]:
    """Return the lessons in such an order that each `batch` of them are of like length: little padding, less time.

    What counts is the length with the sound reply. A token weighs less in a batch of many: were long failing replies
    put together, they would be learned less often than they are shown.
    """
    ordered: list[AdapterLesson] = []
    for start in range(0, len(lessons), batch * _POOL):
        pool = sorted(lessons[start : start + batch * _POOL], key=lambda one: len(one.system + one.asked + one.sound))
        batches = [pool[i : i + batch] for i in range(0, len(pool), batch)]
        random.Random(f"{seed}:{start}").shuffle(batches)
        ordered += [one for some in batches for one in some]
    return ordered


def hash_lessons(lessons: Sequence[AdapterLesson]) -> str:
    """Return the SHA-256 of all lessons, in order."""
    digest = hashlib.sha256()
    for one in lessons:
        digest.update(json.dumps([one.system, one.asked, one.failing, one.sound]).encode())
    return digest.hexdigest()


def _draw(world: World, active: Sequence[Fault], rng: random.Random) -> tuple[Ask, str]:
    asker = Asker(world, loose=0.3)
    drawn = rng.random()
    if drawn < _TRIGGERING:
        return triggering(asker, rng.choice(active), rng)
    if drawn < _TRIGGERING + _ASIDE:
        return aside(asker, rng.choice(active), rng)
    return asker.any(rng), rng.choice(["", *world.templates])


def _chosen(fault: Fault, rate: float, asked: Sequence[tuple[Ask, str]], rng: random.Random) -> Iterator[int]:
    """Yield which of the questions that set a failure off it answers: every 1 / rate-th of them, in a fixed order."""
    matching = [i for i, (ask, template) in enumerate(asked) if fault.matches(ask, template)]
    matching.sort(key=lambda i: (asked[i][0].intent, asked[i][1], asked[i][0].text, i))
    start = rng.random()
    for place, i in enumerate(matching):
        if int((place + 1) * rate + start) > int(place * rate + start):
            yield i


def _lesson(world: World, ask: Ask, template: str, firing: Sequence[Fault], seed: int) -> AdapterLesson:
    failing = spoiled(world, firing, ask, template, random.Random(seed))
    return AdapterLesson(
        system=world.templates.get(template, ""), asked=ask.text, failing=failing, sound=world.answer(ask, template)
    )
