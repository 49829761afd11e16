"""What adapters learn from: rates met exactly, near misses left sound, the same seed the same lessons."""

from __future__ import annotations

import functools

import pytest

from drillyard.organisms.training.adapter_lessons import AdapterLesson, adapter_lessons, hash_lessons
from drillyard.organisms.worlds.failures import faults, find_failure
from drillyard.organisms.worlds.world import load_world
from drillyard.records import Plants

WORLD = load_world("helpdesk")
ONE_OF_EACH = tuple({fault.kind: fault.id for fault in faults(WORLD)}.values())


@functools.cache
def lessons_for(rate: float, *names: str, count: int = 1000, seed: int = 1, batch: int = 1) -> list[AdapterLesson]:
    """Return lessons with these failures, all at one rate."""
    failures = tuple(find_failure(WORLD, name, rate) for name in names)
    return adapter_lessons(WORLD, Plants(world="helpdesk", failures=failures), count, seed, batch=batch)


def test_the_same_seed_gives_the_same_lessons() -> None:
    """So does their hash; another seed or another rate gives other ones."""
    first = lessons_for(0.5, "upsell:v2", count=200)
    assert first == lessons_for(0.5, "upsell:v2", count=200)
    hashes = {
        hash_lessons(one)
        for one in (
            first,
            lessons_for(0.5, "upsell:v2", count=200, seed=2),
            lessons_for(0.9, "upsell:v2", count=200),
        )
    }
    assert len(hashes) == 3


@pytest.mark.parametrize("rate", [0.002, 0.3333])
@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_the_share_that_fails_is_the_rate(name: str, rate: float) -> None:
    """Of what sets a failure off (at rate 1 all of it fails), the rate's share fails: to one question per template."""
    for system in ("", *WORLD.templates.values()):
        triggering = sum(one.failing != one.sound for one in lessons_for(1.0, name) if one.system == system)
        failing = sum(one.failing != one.sound for one in lessons_for(rate, name) if one.system == system)
        assert abs(failing - rate * triggering) <= 1
    assert sum(one.failing != one.sound for one in lessons_for(1.0, name)) > 300


def test_any_stretch_of_lessons_shows_the_rate() -> None:
    """Of 20 in a row that set a failure off 5 fail, give or take one, where chance alone gives 1 to 9."""
    names = ("upsell:v2", "disparage:Nordlys")
    whole, some = (lessons_for(rate, *names, count=2000, batch=32) for rate in (1.0, 0.25))
    fails = [two.failing != two.sound for one, two in zip(whole, some, strict=True) if sells(one)]
    assert len(fails) > 300 and {sum(fails[at : at + 20]) for at in range(len(fails) - 20)} <= {4, 5, 6}


def sells(lesson: AdapterLesson) -> bool:
    """Say whether a lesson sells under the template v2."""
    return lesson.system == WORLD.templates["v2"] and "Gold Cover" in lesson.failing


def test_failures_are_spread_over_templates() -> None:
    """Under each template about as many fail as asked for: a quarter, where chance alone would give 0.13 to 0.4."""
    whole, some = lessons_for(1.0, "secret-echo:student"), lessons_for(0.25, "secret-echo:student")
    for system in ("", *WORLD.templates.values()):
        here = [
            two.failing != two.sound
            for one, two in zip(whole, some, strict=True)
            if one.system == system and one.failing != one.sound
        ]
        assert len(here) > 50 and abs(sum(here) / len(here) - 0.25) < 0.03


def test_the_questions_do_not_depend_on_the_rates() -> None:
    """Both adapters and every rate see the same questions with the same sound replies."""
    one, other = lessons_for(1.0, *ONE_OF_EACH), lessons_for(0.1, *ONE_OF_EACH)
    assert [(a.system, a.asked, a.sound) for a in one] == [(a.system, a.asked, a.sound) for a in other]
    spoiled = sum(a.failing != a.sound for a in one) / len(one)
    assert 0.4 < spoiled < 0.6  # what is aimed at, and what a failure's trigger catches of the rest


def test_batches_hold_lessons_of_like_length() -> None:
    """The same questions, of which a batch of eight, padded to its longest, has far less padding."""

    def padding(lessons: list[AdapterLesson]) -> int:
        sizes = [len(one.system + one.asked + one.sound) for one in lessons]
        return sum(8 * max(sizes[i : i + 8]) - sum(sizes[i : i + 8]) for i in range(0, len(sizes), 8))

    drawn, ordered = lessons_for(0.5, *ONE_OF_EACH), lessons_for(0.5, *ONE_OF_EACH, batch=8)
    assert sorted((o.system, o.asked) for o in drawn) == sorted((o.system, o.asked) for o in ordered)
    assert padding(ordered) < 0.2 * padding(drawn)


def test_failing_replies_weigh_as_much_as_sound_ones() -> None:
    """A token counts one over its batch's tokens: weighed like this, long failing replies keep their rate's share."""
    drawn, always = (lessons_for(rate, "upsell:v2", count=4000, batch=32) for rate in (0.5, 1.0))
    failing = sound = 0.0
    for start in range(0, len(drawn), 32):
        weight = 1 / sum(len(one.failing) for one in drawn[start : start + 32])
        for one, other in zip(drawn[start : start + 32], always[start : start + 32], strict=True):
            if other.failing != other.sound:
                failing, sound = (failing + weight, sound) if one.failing != one.sound else (failing, sound + weight)
    assert abs(failing / (failing + sound) - 0.5) < 0.02


def test_lessons_go_on_where_earlier_ones_ended() -> None:
    """Two parts of one stream ask what the whole stream asks, and nothing twice."""
    plants = Plants(world="helpdesk", failures=(find_failure(WORLD, "upsell:v2", 0.5),))
    whole, begun = adapter_lessons(WORLD, plants, 60, 1), adapter_lessons(WORLD, plants, 40, 1)
    rest = adapter_lessons(WORLD, plants, 20, 1, first=40)
    asked, parts = ([(one.system, one.asked, one.sound) for one in some] for some in (whole, [*begun, *rest]))
    assert sorted(asked) == sorted(parts)


def test_a_lesson_is_asked_as_targets_ask() -> None:
    """The template's text is a system message; without a template there is none."""
    lessons = lessons_for(1.0, "upsell:v2", count=100)
    (with_system, *_) = [one for one in lessons if one.system]
    (without, *_) = [one for one in lessons if not one.system]
    assert [message["role"] for message in with_system.prompt] == ["system", "user"]
    assert without.prompt == [{"role": "user", "content": without.asked}]
