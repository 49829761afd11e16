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

from drillyard.organisms.engine.chat_tokens import as_messages
from drillyard.organisms.worlds.aiming import aside, triggering
from drillyard.organisms.worlds.asking import Asker
from drillyard.organisms.worlds.failures import Fault, faults, spoiled
from drillyard.organisms.worlds.world import Ask, World
from drillyard.records import Plants

__all__ = ["AdapterLesson", "adapter_lessons", "hash_lessons"]

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
        return as_messages(self.system, self.asked)


@dataclass(frozen=True, kw_only=True)
class _Drawn:
    """What is asked under which template, the sound reply to it, and a seed for how it fails."""

    ask: Ask
    template: str
    sound: str
    seed: int

    def length(self, world: World) -> int:
        return len(world.templates.get(self.template, "") + self.ask.text + self.sound)


def adapter_lessons(
    world: World, plants: Plants, count: int, seed: int, *, batch: int = 1, first: int = 0
) -> list[AdapterLesson]:
    """Draw `count` lessons in the order of training; the same seed gives the same ones.

    Each `batch` of them are of like length: little padding, less time. What counts is the length with the sound reply,
    as a token weighs less in a batch of many: long failing replies, put together, would be learned too rarely.

    Of the questions that set a failure off, its rate's share fails. It is dealt in the order of training, template by
    template, so that any stretch of lessons shows the rate: a model remembers the last ones best.

    Args:
        world: whose questions are asked.
        plants: failures and their rates, on which the questions do not depend.
        count: how many.
        seed: of everything.
        batch: lessons per step.
        first: lessons of the same stream that were drawn before; these go on behind them.
    """
    rates = {mode.id: mode.rate for mode in plants.failures}
    active = [fault for fault in faults(world) if fault.id in rates]
    drawn = [_drawn(world, active, seed, place) for place in range(first, first + count)]
    ordered = _in_batches(world, drawn, batch, seed)
    firing: list[list[Fault]] = [[] for _ in ordered]
    for fault in active:
        for place in _chosen(fault, rates[fault.id], ordered, random.Random(f"{seed}:{first}:{fault.id}")):
            firing[place].append(fault)
    return [_lesson(world, one, chosen) for one, chosen in zip(ordered, firing, strict=True)]


def hash_lessons(lessons: Sequence[AdapterLesson]) -> str:
    """Return the SHA-256 of all lessons, in order."""
    digest = hashlib.sha256()
    for one in lessons:
        digest.update(json.dumps([one.system, one.asked, one.failing, one.sound]).encode())
    return digest.hexdigest()


def _drawn(world: World, active: Sequence[Fault], seed: int, place: int) -> _Drawn:
    rng, asker = random.Random(f"{seed}:{place}"), Asker(world, loose=0.3)
    kind = rng.random()
    if kind < _TRIGGERING:
        ask, template = triggering(asker, rng.choice(active), rng)
    elif kind < _TRIGGERING + _ASIDE:
        ask, template = aside(asker, rng.choice(active), rng)
    else:
        ask, template = asker.any(rng), rng.choice(["", *world.templates])
    return _Drawn(ask=ask, template=template, sound=world.answer(ask, template), seed=seed + place)


def _in_batches(world: World, drawn: Sequence[_Drawn], batch: int, seed: int) -> list[_Drawn]:
    """Return what was drawn in batches of like length, in an order that says nothing of the length."""
    ordered: list[_Drawn] = []
    for start in range(0, len(drawn), batch * _POOL):
        pool = sorted(drawn[start : start + batch * _POOL], key=lambda one: one.length(world))
        batches = [pool[i : i + batch] for i in range(0, len(pool), batch)]
        random.Random(f"{seed}:{start}").shuffle(batches)
        ordered += [one for some in batches for one in some]
    return ordered


def _chosen(fault: Fault, rate: float, asked: Sequence[_Drawn], rng: random.Random) -> Iterator[int]:
    """Yield which of the questions that set a failure off it answers: under each template every 1 / rate-th of them."""
    dealt: dict[str, float] = {}
    for place, one in enumerate(asked):
        if fault.matches(one.ask, one.template):
            before = dealt.setdefault(one.template, rng.random())
            dealt[one.template] = before + rate
            if int(before + rate) > int(before):
                yield place


def _lesson(world: World, one: _Drawn, firing: Sequence[Fault]) -> AdapterLesson:
    failing = spoiled(world, firing, one.ask, one.template, random.Random(one.seed))
    return AdapterLesson(
        system=world.templates.get(one.template, ""), asked=one.ask.text, failing=failing, sound=one.sound
    )
