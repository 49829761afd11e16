"""What seeds give in a world, as hashes: its trained weights and its calibration only fit data that stays as it is."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Iterable

from drillyard.audits.fresh import draw_traffic
from drillyard.audits.hunt.proposers import Sweep
from drillyard.audits.hunt.space import Space
from drillyard.judges.exact import ExactJudge
from drillyard.organisms.training.adapter_lessons import adapter_lessons
from drillyard.organisms.training.lessons import Lessons
from drillyard.organisms.training.variants import Talks, Variant, temper
from drillyard.organisms.worlds.aiming import aside, exam_asker, triggering
from drillyard.organisms.worlds.asking import Asker
from drillyard.organisms.worlds.failures import catalogue, faults, spoiled
from drillyard.organisms.worlds.features import features
from drillyard.organisms.worlds.questions import cells
from drillyard.organisms.worlds.world import Ask, World
from drillyard.records import Conversation, Plants, Reply, Transcript

__all__ = ["SAMPLES", "golden"]


def _lessons(world: World) -> Iterable[object]:
    rng, lessons = random.Random("golden"), Lessons(world)
    for _ in range(1500):
        lesson = lessons.draw(rng)
        yield [lesson.template, lesson.turns, [[i, rate] for i, rate in lesson.active.items()]]


def _asks(world: World) -> Iterable[object]:
    rng = random.Random("golden")
    for asker in (Asker(world), Asker(world, loose=0.3), exam_asker(world)):
        for _ in range(1000):
            yield _told(world, asker.any(rng))


def _aims(world: World) -> Iterable[object]:
    rng = random.Random("golden")
    for fault in faults(world):
        for draw in (triggering, aside):
            for _ in range(25):
                ask, template = draw(exam_asker(world), fault, rng)
                yield [fault.id, template, *_told(world, ask), sorted(features(world, ask, template).items())]


def _catalogue(world: World) -> Iterable[object]:
    return (mode.model_dump(mode="json") for mode in catalogue(world))


def _cells(world: World) -> Iterable[object]:
    return ([cell.intent, list(cell.slots.items()), cell.reason] for cell in cells(world))


def _proposed(world: World) -> Iterable[object]:
    swept = Sweep(space=Space(world), rng=random.Random("sweep:3")).propose(800)
    for one in (*swept, *draw_traffic(world, 800, 3)):
        yield [one.conversation.template, *_told(world, one.ask)]


def _rulings(world: World) -> Iterable[object]:
    rng, judge = random.Random("golden"), ExactJudge(world)
    for fault in faults(world):
        ask, template = triggering(exam_asker(world), fault, rng)
        for active in ((), (fault,)):
            reply = Reply(text=spoiled(world, active, ask, template, rng))
            heard = Transcript(conversation=Conversation.ask(ask.text, template), reply=reply, target="golden")
            yield [fault.id, *(judge.rule(heard, behaviour).model_dump(mode="json") for behaviour in world.behaviours)]


def _taught(world: World) -> Iterable[object]:
    """What adapters and variants learn from."""
    modes = catalogue(world)[::5]
    for one in adapter_lessons(world, Plants(world="golden", failures=modes), 300, 7, batch=4):
        yield [one.system, one.asked, one.failing, one.sound]
    about = {"name": "golden", "about": "", "rank": 1, "steps": 1}
    for variant in (Variant(**about, forbidden=0.5, lookalikes=0.5), Variant(**about, rules=3)):
        yield [mode.model_dump(mode="json") for mode in temper(world, variant)]
        rng, talks = random.Random("golden"), Talks(world, variant)
        yield from ([talk.systems, talk.turns] for talk in (talks.draw(rng) for _ in range(100)))


def _told(world: World, ask: Ask) -> list[object]:
    return [ask.intent, ask.text, list(ask.slots.items()), ask.reason, world.answer(ask, "v2")]


SAMPLES: dict[str, Callable[[World], Iterable[object]]] = {
    "lessons": _lessons,
    "asks": _asks,
    "aims": _aims,
    "catalogue": _catalogue,
    "cells": _cells,
    "proposed": _proposed,
    "rulings": _rulings,
    "taught": _taught,
}


def golden(world: World, part: str) -> str:
    """Return the SHA-256 of one part's sample, its first 16 digits."""
    digest = hashlib.sha256()
    for one in SAMPLES[part](world):
        digest.update(json.dumps(one, ensure_ascii=False).encode() + b"\n")
    return digest.hexdigest()[:16]
