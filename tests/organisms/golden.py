"""What seeds give in a world, as hashes: its trained weights and its calibration only fit data that stays as it is."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Iterable

from drillyard.audits.fresh import draw_traffic
from drillyard.audits.hunt.cells import cells
from drillyard.audits.hunt.proposers import Sweep
from drillyard.audits.hunt.space import Space
from drillyard.organisms.training.lessons import Lessons
from drillyard.organisms.worlds.aiming import aside, exam_asker, triggering
from drillyard.organisms.worlds.asking import Asker
from drillyard.organisms.worlds.failures import catalogue, faults
from drillyard.organisms.worlds.features import features
from drillyard.organisms.worlds.world import Ask, World

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


def _told(world: World, ask: Ask) -> list[object]:
    return [ask.intent, ask.text, list(ask.slots.items()), ask.reason, world.answer(ask, "v2")]


SAMPLES: dict[str, Callable[[World], Iterable[object]]] = {
    "lessons": _lessons,
    "asks": _asks,
    "aims": _aims,
    "catalogue": _catalogue,
    "cells": _cells,
    "proposed": _proposed,
}


def golden(world: World, part: str) -> str:
    """Return the SHA-256 of one part's sample, its first 16 digits."""
    digest = hashlib.sha256()
    for one in SAMPLES[part](world):
        digest.update(json.dumps(one, ensure_ascii=False).encode() + b"\n")
    return digest.hexdigest()[:16]
